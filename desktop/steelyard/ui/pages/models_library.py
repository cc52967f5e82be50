"""My models: everything that lies on this machine, with its details and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from steelyard.core.values.commands import PreviewRemoval, RemoveWeights
from steelyard.ui.pages.empty import EmptyView
from steelyard.ui.pages.models_details import Details
from steelyard.ui.pages.models_dialogs import LossDialog, removal_dialog
from steelyard.ui.pages.models_shelf import NAME, SIZE, SOURCES, ShelfModel, shelf_lines
from steelyard.ui.pages.models_shelf_view import ShelfView
from steelyard.ui.pages.models_verify import VerifyBar
from steelyard.ui.reveal import Revealer
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.facts_format import file_size
from steelyard.ui.widgets.labels import make_label
from steelyard.ui.widgets.models_menu_chip import MenuChip
from steelyard.ui.widgets.models_text import counted, plain

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.weights import Removal, Shelf
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.models_shelf import ShelfLine
    from steelyard.ui.pages.models_stores import Library
    from steelyard.ui.theme.theme import Theme

_TYPING_MS = 120
_READING = "Reading what lies on this machine…"
_NOTHING = "Nothing matches this search."
_NUMBERS_FIRST_DOWN = (SIZE, 2, 3)


class LibraryTab(QWidget):
    """Search, table, details."""

    compare_wanted = Signal(str)
    """Weights to be compared, by name."""
    discover_wanted = Signal()
    """Nothing is here: find something."""
    import_wanted = Signal()
    """Nothing is here: point to what lies elsewhere."""

    def __init__(self, theme: Theme, bridge: Bridge, library: Library) -> None:
        super().__init__()
        self._theme = theme
        self._bridge = bridge
        self._library = library
        self._sort = (NAME, False)
        self._line: ShelfLine | None = None
        self._dialog: LossDialog | None = None
        self._revealer = Revealer(self)
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self.box = QLineEdit()
        self.box.setPlaceholderText("Search your models")
        self.box.setAccessibleName("Search your models")
        self.box.setToolTip("Search your models (Ctrl+F)")
        self.box.setFont(theme.font(13))
        self.source = MenuChip(theme, "Source", [("", "any"), *SOURCES.items()], "Where the files come from")
        self.total = make_label(theme, "", "muted", px=12, tabular=True)
        self.verify_all_button = make_button(theme, "Verify all", icon="shield-check")
        self.verify_all_button.setToolTip("Read every file and compare it with what was published (sha256)")
        self.model = ShelfModel(theme.font(11))
        self.view = ShelfView(theme, self.model)
        self.nothing = make_label(theme, _READING, "prose")
        self.details = Details(theme)
        self.verify_bar = VerifyBar(theme, bridge)
        self._lay_out()
        self._connect()

    @property
    def is_empty_shown(self) -> bool:
        """Whether it says that there is nothing."""
        return self._stack.currentWidget() is self._empty

    @property
    def dialog(self) -> LossDialog | None:
        """The question that is open."""
        return self._dialog

    def focus_box(self) -> None:
        """Put the keyboard into the search box."""
        self.box.setFocus()
        self.box.selectAll()

    def focus_first(self) -> None:
        """Put the keyboard on the table."""
        if self.view.current_line is None:
            self.view.go_first()
        self.view.setFocus()

    @Slot()
    def verify_all(self) -> None:
        """Hash everything."""
        if not self.verify_bar.is_busy:
            self.verify_bar.start([])

    @Slot(str)
    def act(self, what: str) -> None:
        """Do something with the row that is chosen."""
        line = self._line
        if line is None:
            return
        row = line.weights
        path = row.path if row is not None else line.unusable.path if line.unusable is not None else ""
        match what:
            case "compare" if row is not None and row.kind == "model" and not row.missing_parts:
                self.compare_wanted.emit(row.name)
            case "verify" if row is not None and not self.verify_bar.is_busy:
                self.verify_bar.start([row.name])
            case "reveal":
                self._revealer.reveal(path)
            case "copy":
                QGuiApplication.clipboard().setText(path)
                self.details.show_path_copied()
            case "remove" if row is not None:
                self._bridge.run(PreviewRemoval(name=row.name), self._on_previewed, self._on_failed)
            case _:
                return

    # ---- parts ---------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        theme = self._theme
        self._empty = EmptyView(
            theme,
            "hard-drive",
            "No models on this machine yet",
            "Download one, or add a folder of GGUF files; they are used where they are.",
        )
        self.discover_button = make_button(theme, "Discover models", "primary", icon="search")
        self.import_button = make_button(theme, "Add a folder", icon="folder-plus")
        self._empty.add_action(self.discover_button)
        self._empty.add_action(self.import_button)
        head = QHBoxLayout()
        head.setContentsMargins(12, 12, 12, 10)
        head.setSpacing(8)
        self.box.setMaximumWidth(340)
        head.addWidget(self.box, 8)
        head.addWidget(self.source)
        head.addStretch(1)
        head.addWidget(self.total)
        head.addWidget(self.verify_all_button)
        card = QFrame()
        card.setProperty("role", "card")
        self.nothing.setContentsMargins(16, 8, 16, 8)
        column = QVBoxLayout(card)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        column.addLayout(head)
        bar = QHBoxLayout()
        bar.setContentsMargins(12, 0, 12, 8)
        bar.addWidget(self.verify_bar)
        column.addLayout(bar)
        column.addWidget(self.nothing)
        column.addWidget(self.view, 1)
        shown = QWidget()
        row = QHBoxLayout(shown)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(card, 1)
        row.addWidget(self.details)
        self._stack = QStackedWidget()
        self._stack.addWidget(shown)
        self._stack.addWidget(self._empty)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._stack)
        self.details.show_line(None)

    def _connect(self) -> None:
        self._typing.timeout.connect(self._show_lines)
        self.box.textChanged.connect(self._on_typed)
        self.box.returnPressed.connect(self.focus_first)
        self.source.chosen.connect(self._show_lines)
        self.verify_all_button.clicked.connect(self.verify_all)
        self.view.line_chosen.connect(self._on_line_chosen)
        self.view.entered.connect(self._on_entered)
        self.view.doubleClicked.connect(self._on_entered)
        self.view.removal_wanted.connect(self._on_removal_wanted)
        self.view.sort_wanted.connect(self._on_sort_wanted)
        self.details.wanted.connect(self.act)
        self.verify_bar.finished.connect(self._library.load)
        self.discover_button.clicked.connect(self.discover_wanted)
        self.import_button.clicked.connect(self.import_wanted)
        self._library.changed.connect(self._on_shelf)
        self._library.failed.connect(self._on_failed)

    # ---- the table -----------------------------------------------------------------------------------------

    @Slot()
    def _on_shelf(self) -> None:
        shelf = self._library.shelf
        has_any = bool(shelf.weights or shelf.mmproj or shelf.lora or shelf.unusable)
        self._stack.setCurrentIndex(0 if has_any else 1)
        self.total.setText(_total(shelf))
        self._show_lines()
        if self.view.current_line is None:
            self.view.go_first()

    @Slot()
    def _show_lines(self) -> None:
        column, is_down = self._sort
        words, source = self.box.text().strip(), self.source.value
        lines = shelf_lines(self._library.shelf, words, source, column, is_down=is_down)
        self.model.show_lines(lines)
        self.nothing.setText(_NOTHING if self._library.is_loaded else _READING)
        self.nothing.setVisible(not lines)

    @Slot()
    def _on_typed(self) -> None:
        self._typing.start()

    @Slot(int)
    def _on_sort_wanted(self, column: int) -> None:
        known, is_down = self._sort
        self._sort = (column, not is_down if column == known else column in _NUMBERS_FIRST_DOWN)
        self._show_lines()

    @Slot(object)
    def _on_line_chosen(self, line: ShelfLine | None) -> None:
        self._line = line
        self.details.show_line(line)

    @Slot()
    def _on_entered(self) -> None:
        self.act("compare")

    @Slot()
    def _on_removal_wanted(self) -> None:
        self.act("remove")

    # ---- removing ------------------------------------------------------------------------------------------

    def _on_previewed(self, removal: Removal) -> None:
        self._dialog = removal_dialog(self._theme, self, removal)
        self._dialog.confirmed.connect(self._on_removal_confirmed)
        self._dialog.destroyed.connect(self._on_dialog_gone)
        self._dialog.open()

    @Slot(str)
    def _on_removal_confirmed(self, name: str) -> None:
        self._bridge.run(RemoveWeights(name=name), self._on_removed, self._on_failed)

    def _on_removed(self, removal: Removal) -> None:
        name = plain(removal.name, 60)
        done = f"{file_size(removal.freed_bytes)} freed" if removal.deletes_files else "no file was deleted"
        self.verify_bar.show_text(f"{name} was removed, {done}", "good")
        self._library.load()

    @Slot(object)
    def _on_failed(self, error: AppError) -> None:
        self.nothing.setVisible(self._library.is_loaded and not self.model.lines)
        self.verify_bar.show_text(error.one_line(), "error")

    @Slot()
    def _on_dialog_gone(self) -> None:
        self._dialog = None


def _total(shelf: Shelf) -> str:
    rows = [*shelf.weights, *shelf.mmproj, *shelf.lora]
    return (
        f"{counted(len(rows), 'file')}  ·  {file_size(sum(row.size_bytes for row in rows))}" if rows else ""
    )
