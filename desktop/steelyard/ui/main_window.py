"""The window: rail, top bar, pages, status strip. Knows which page is shown, nothing of what pages do."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSettings, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QIcon, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from steelyard.core.values.events import AlertFired, ServerChanged, WindowRaised
from steelyard.ui.frame import status_strip
from steelyard.ui.frame.closing_view import ClosingView
from steelyard.ui.frame.nav_rail import NavRail
from steelyard.ui.frame.page_list import PAGES
from steelyard.ui.frame.status_strip import StatusStrip
from steelyard.ui.frame.top_bar import TopBar
from steelyard.ui.notify import Notifier
from steelyard.ui.palette import Palette
from steelyard.ui.theme.theme import MODES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Mode, Theme

_START_SIZE = (1440, 900)
_MIN_SIZE = (1024, 700)
_GEOMETRY = "window/geometry"
_MODE = "window/theme"
ALERT_PAGE = "monitor"
"""Where alerts are listed."""


class MainWindow(QMainWindow):
    """`pages` makes a page the first time that it is shown; a page may have a `title_widget`."""

    close_requested = Signal()
    """The user wants to leave; the window stays until `close_for_good`."""
    page_made = Signal(str, QWidget)
    """A page exists from now on."""
    first_painted = Signal()
    """The first frame is on the screen."""

    def __init__(
        self,
        theme: Theme,
        bridge: Bridge,
        actions: Actions,
        pages: Mapping[str, Callable[[], QWidget]],
        window_state_path: Path,
    ) -> None:
        super().__init__()
        self._theme = theme
        self._actions = actions
        self._makers = dict(pages)
        self._pages: dict[str, QWidget] = {}
        self._current = ""
        self._is_painted = False
        self._may_close = False
        self._is_closing = False
        self._state = QSettings(str(window_state_path), QSettings.Format.IniFormat)
        self.setWindowTitle("Steelyard")
        self.setWindowIcon(QIcon(theme.logo(64)))
        self.setMinimumSize(*_MIN_SIZE)
        self._add_actions()
        self.rail = NavRail(theme, actions)
        self.top_bar = TopBar(theme, actions)
        self.strip = StatusStrip(theme, bridge)
        self._stack = QStackedWidget()
        self._lay_out()
        self.notifier = Notifier(theme, bridge, self, status_strip.HEIGHT)
        self._closing = ClosingView(theme)
        self._stack.addWidget(QWidget())  # the first frame comes before the first page
        self._stack.addWidget(self._closing)
        self.palette_view = Palette(theme, actions, self)
        self._palette_focus: QWidget | None = None
        self.rail.chosen.connect(self.show_page)
        self.strip.page_wanted.connect(self.show_page)
        self.top_bar.palette_wanted.connect(self._on_palette_wanted)
        self.palette_view.closed.connect(self._on_palette_closed)
        actions.page_wanted.connect(self.show_page)
        bridge.event_arrived.connect(self._on_event)
        actions.attach(self)
        self._restore_geometry()

    @property
    def current_page(self) -> str:
        """The name of the page that is shown; empty before the first."""
        return self._current

    def page(self, name: str) -> QWidget:
        """A page, made now if it was never shown."""
        if name not in self._pages:
            self._pages[name] = self._makers[name]()
            self._stack.addWidget(self._pages[name])
            take_state = getattr(self._pages[name], "take_state", None)
            if take_state is not None:
                take_state(self._state)
            self.page_made.emit(name, self._pages[name])
        return self._pages[name]

    @Slot(str)
    def show_page(self, name: str) -> None:
        """Go to a page and put the keyboard there."""
        if name == self._current or self._is_closing:
            return
        page = self.page(name)
        focused = self.focusWidget()
        is_from_rail = self._current != "" and focused is not None and self.rail.isAncestorOf(focused)
        self._current = name
        self._actions.set_page(name)
        title = next(spec.title for spec in PAGES if spec.name == name)
        self.top_bar.show_page(title, getattr(page, "title_widget", None))
        self._stack.setCurrentWidget(page)
        self.rail.select(name)
        self.rail.mark(name, "")
        if is_from_rail:
            self.rail.button(name).setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self._focus_page(page)

    def show_closing(self) -> None:
        """Cover the pages and take no more commands."""
        self._is_closing = True
        self.palette_view.close_palette()
        for entry in self._actions.all():
            entry.action.setEnabled(False)
        self.rail.setEnabled(False)
        self.top_bar.setEnabled(False)
        for page in self._pages.values():
            page.setEnabled(False)
        self.strip.show_closing()
        self._closing.show_servers(len(self.strip.servers))
        self._stack.setCurrentWidget(self._closing)

    @property
    def closing_text(self) -> str:
        """What the closing view says; empty while it is not shown."""
        return self._closing.text if self._closing.isVisible() else ""

    def remember_mode(self, mode: Mode) -> None:
        """Keep the chosen look for the next start, whose first frame comes before the settings are read."""
        self._state.setValue(_MODE, mode)

    def close_for_good(self) -> None:
        """Let the window go."""
        self._may_close = True
        self.close()

    # ---- Qt ------------------------------------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask for an orderly end first."""
        self._state.setValue(_GEOMETRY, self.saveGeometry())
        self._state.sync()
        if self._may_close:
            event.accept()
            return
        event.ignore()
        if not self._is_closing:
            self.close_requested.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What lies over the window follows its size."""
        super().resizeEvent(event)
        self.palette_view.cover(event.size())

    def event(self, event: QEvent) -> bool:
        """Notice the first frame; Space belongs to the button that has the keyboard, shortcut or not."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            is_on_button = isinstance(self.focusWidget(), QAbstractButton)
            if event.key() == Qt.Key.Key_Space and is_on_button:
                event.accept()
                return True
        handled = super().event(event)
        if event.type() == QEvent.Type.Paint and not self._is_painted:
            self._is_painted = True
            QTimer.singleShot(0, self.first_painted.emit)
        return handled

    # ---- parts ---------------------------------------------------------------------------------------------

    def _add_actions(self) -> None:
        add = self._actions.add
        for page in PAGES:
            go = partial(self.show_page, page.name)
            add(f"go.{page.name}", f"Go to {page.title}", go, icon=page.icon, shortcut=page.shortcut)
        search, shortcuts = self._on_palette_wanted, self._on_shortcuts_wanted
        add("palette.open", "Search or run a command", search, icon="search", shortcut="Ctrl+K")
        add("shortcuts.show", "Show all shortcuts", shortcuts, icon="keyboard", shortcut="Ctrl+/")
        add("window.close", "Quit Steelyard", self.close, icon="x", shortcut="Ctrl+Q")

    def _lay_out(self) -> None:
        column = QVBoxLayout()
        column.setSpacing(0)
        column.addWidget(self.top_bar)
        column.addWidget(self._stack, 1)
        column.addWidget(self.strip)
        body = QWidget()
        row = QHBoxLayout(body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addLayout(column, 1)
        self.setCentralWidget(body)

    def _restore_geometry(self) -> None:
        stored = self._state.value(_GEOMETRY)
        if not stored or not self.restoreGeometry(stored):
            self.resize(QSize(*_START_SIZE).boundedTo(self.screen().availableSize()))

    def _focus_page(self, page: QWidget) -> None:
        """The page's own choice, else its first control; a page without any leaves the focus on the rail."""
        choose = getattr(page, "focus_first", None)
        if choose is not None:
            choose()
            return
        widget = page.nextInFocusChain()
        while widget is not None and widget is not page:
            is_stop = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
            if is_stop and page.isAncestorOf(widget) and widget.isVisible() and widget.isEnabled():
                widget.setFocus(Qt.FocusReason.OtherFocusReason)
                return
            widget = widget.nextInFocusChain()
        self.rail.button(self._current).setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _on_palette_wanted(self) -> None:
        self._open_palette(only_shortcuts=False)

    @Slot()
    def _on_shortcuts_wanted(self) -> None:
        self._open_palette(only_shortcuts=True)

    def _open_palette(self, *, only_shortcuts: bool) -> None:
        if not self.palette_view.isVisible():
            self._palette_focus = self.focusWidget()
        self.palette_view.cover(self.size())
        self.palette_view.open(only_shortcuts=only_shortcuts)

    @Slot()
    def _on_palette_closed(self) -> None:
        if self._palette_focus is not None and self._palette_focus.isVisible():
            self._palette_focus.setFocus()

    @Slot(object)
    def _on_event(self, event: object) -> None:
        if isinstance(event, WindowRaised):
            if self.isMinimized():
                self.showNormal()
            self.raise_()
            self.activateWindow()
        elif isinstance(event, AlertFired):
            self.notifier.show_alert(event.alert)
            if self._current != ALERT_PAGE:
                self.rail.mark(ALERT_PAGE, "an alert fired")
        elif isinstance(event, ServerChanged) and self._is_closing:
            self._closing.show_servers(len(self.strip.servers))


def remembered_mode(window_state_path: Path) -> Mode:
    """The look of the last start."""
    stored = QSettings(str(window_state_path), QSettings.Format.IniFormat).value(_MODE)
    return MODES.get(str(stored), "system")
