"""The Models page: find weights, know whether they fit, download them, use what is already on disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from steelyard.core.base.errors import AppError
from steelyard.ui.pages.models_actions import add_models_actions
from steelyard.ui.pages.models_discover import DiscoverTab
from steelyard.ui.pages.models_dock import DownloadsDock
from steelyard.ui.pages.models_library import LibraryTab
from steelyard.ui.pages.models_places import PlacesTab
from steelyard.ui.pages.models_stores import Downloads, Library
from steelyard.ui.pages.models_title import TABS, ModelsTitle
from steelyard.ui.widgets.labels import make_label
from steelyard.ui.widgets.response_links import LinkDialog

if TYPE_CHECKING:
    from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QResizeEvent, QShowEvent

    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme

_MOST_DROPPED = 50
_LOW_BELOW_PX = 640


class ModelsPage(QWidget):
    """Three tabs and, below them, what is being downloaded."""

    settings_requested = Signal(str)
    """A section of the settings: `hub`."""
    compare_requested = Signal(str)
    """Weights to be compared, by name."""

    def __init__(self, theme: Theme, bridge: Bridge, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._bridge = bridge
        self._dialog: LinkDialog | None = None
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Models")
        self.setAcceptDrops(True)
        self.library = Library(bridge, self)
        self.downloads = Downloads(bridge, self)
        self.title_widget = ModelsTitle(theme)
        self.discover = DiscoverTab(theme, bridge, self.library, self.downloads)
        self.shelf = LibraryTab(theme, bridge, self.library)
        self.places = PlacesTab(theme, bridge, self.library)
        self.dock = DownloadsDock(theme, bridge, self.downloads)
        self._stack = QStackedWidget()
        self._drop = make_label(theme, "Drop GGUF files or folders to add them", "drop", px=15, weight=600)
        self._drop.setParent(self)
        self._drop.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._drop.hide()
        self._lay_out()
        add_models_actions(actions, self)
        self._connect()
        self.library.load()
        self.downloads.load()

    @property
    def tab(self) -> str:
        """The tab that is shown: discover, library or places."""
        return TABS[self._stack.currentIndex()][0]

    # ---- what can be done ----------------------------------------------------------------------------------

    @Slot(str)
    def show_tab(self, key: str) -> None:
        """Show a tab and put the keyboard there, unless it walks the tabs."""
        self._stack.setCurrentIndex([name for name, _ in TABS].index(key))
        self.title_widget.show_tab(key)
        if not self.title_widget.buttons[key].hasFocus():
            self.focus_first()

    def focus_first(self) -> None:
        """Where the keyboard goes when the page is shown."""
        match self.tab:
            case "discover":
                self.discover.search.focus_box()
            case "library":
                self.shelf.focus_first()
            case _:
                self.places.focus_first()

    def focus_search(self) -> None:
        """Put the keyboard into a search box."""
        if self.tab == "library":
            self.shelf.focus_box()
        else:
            self.show_tab("discover")
            self.discover.search.focus_box()

    def press_download(self) -> None:
        """Do what the button of the opened repository says."""
        self.discover.repo.foot.press()

    def copy_command(self) -> None:
        """Copy what the command line would be told."""
        self.discover.repo.foot.copy_button.click()

    def refresh(self) -> None:
        """Read again what the tab shows."""
        if self.tab == "discover":
            self.discover.search.retry()
        self.library.load()

    def verify_all(self) -> None:
        """Hash everything on this machine."""
        self.show_tab("library")
        self.shelf.verify_all()

    def act(self, what: str) -> None:
        """Do something with the weights that are selected in My models."""
        if self.tab != "library":
            self.show_tab("library")
        self.shelf.act(what)

    def add_folder(self) -> None:
        """Ask for a folder with weights."""
        self.show_tab("places")
        self.places.choose_folder()

    def add_file(self) -> None:
        """Ask for a GGUF file."""
        self.show_tab("places")
        self.places.choose_file()

    def fold_downloads(self) -> None:
        """Make the list of downloads one line, or unfold it."""
        self.dock.toggle_fold()

    def toggle_downloads(self) -> None:
        """Pause all downloads, or go on with them."""
        self.dock.toggle_all()

    # ---- Qt ------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """The hub is asked only when somebody looks."""
        super().showEvent(event)
        self.discover.start()
        self._order_focus()

    def _order_focus(self) -> None:
        """Tab goes from the tabs in the top bar into the page, not from the page's end to them."""
        inside: list[QWidget] = []
        widget = self.nextInFocusChain()
        while widget is not None and widget is not self:
            if self.isAncestorOf(widget) and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
                inside.append(widget)
            widget = widget.nextInFocusChain()
        last: QWidget = self.title_widget.buttons[TABS[-1][0]]
        for widget in inside if last.window() is self.window() else []:
            QWidget.setTabOrder(last, widget)
            last = widget

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A low window leaves its height to the files."""
        super().resizeEvent(event)
        is_low = self.height() < _LOW_BELOW_PX
        self.dock.set_low(is_low=is_low)
        self.discover.repo.set_low(is_low=is_low)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Only what may be weights."""
        if _dropped(event):
            self._drop.setGeometry(self.rect().adjusted(16, 12, -16, -12))
            self._drop.raise_()
            self._drop.show()
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """It went away again."""
        self._drop.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        """Add what was dropped; it stays where it lies."""
        self._drop.hide()
        paths = _dropped(event)
        if paths:
            event.acceptProposedAction()
            self.show_tab("places")
            self.places.add(paths)

    # ---- parts ---------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        for tab in (self.discover, self.shelf, self.places):
            self._stack.addWidget(tab)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        column.addWidget(self._stack, 1)
        column.addWidget(self.dock)

    def _connect(self) -> None:
        self.title_widget.tab_wanted.connect(self.show_tab)
        self.library.changed.connect(self._on_shelf)
        repo = self.discover.repo
        repo.link_wanted.connect(self._on_link_wanted)
        repo.settings_wanted.connect(self._on_settings_wanted)
        repo.compare_wanted.connect(self._on_compare_wanted)
        self.shelf.compare_wanted.connect(self._on_compare_wanted)
        self.shelf.discover_wanted.connect(self._on_discover_wanted)
        self.shelf.import_wanted.connect(self._on_import_wanted)

    @Slot()
    def _on_shelf(self) -> None:
        shelf = self.library.shelf
        places = sum(place.exists for place in shelf.places)
        self.title_widget.show_counts(len(shelf.weights), places)

    @Slot()
    def _on_settings_wanted(self) -> None:
        self.settings_requested.emit("hub")

    @Slot(str)
    def _on_compare_wanted(self, name: str) -> None:
        if name:
            self.compare_requested.emit(name)
        else:
            hint = "They appear in My models as soon as the folder has been read."
            self._bridge.error_raised.emit(AppError("These weights are not listed yet", hint=hint))

    @Slot()
    def _on_discover_wanted(self) -> None:
        self.show_tab("discover")

    @Slot()
    def _on_import_wanted(self) -> None:
        self.show_tab("places")

    @Slot(str)
    def _on_link_wanted(self, address: str) -> None:
        if self._dialog is not None:
            self._dialog.close()
        self._dialog = LinkDialog(self._theme, address, self, written_by="the hub for this repository")
        self._dialog.destroyed.connect(self._on_dialog_gone)
        self._dialog.show()

    @Slot()
    def _on_dialog_gone(self) -> None:
        self._dialog = None


def _dropped(event: QDropEvent) -> list[str]:
    """GGUF files and folders among what is dragged."""
    paths = [Path(url.toLocalFile()) for url in event.mimeData().urls()[:_MOST_DROPPED] if url.isLocalFile()]
    return [str(path) for path in paths if path.suffix.lower() == ".gguf" or path.is_dir()]
