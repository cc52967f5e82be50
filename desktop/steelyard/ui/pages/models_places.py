"""Import folders: where weights are looked for, and what the user adds to that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from steelyard.core.values.commands import AddWeights, ForgetPlace
from steelyard.ui.pages.models_shelf import SOURCES
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.cards import Card, Note, make_scroll
from steelyard.ui.widgets.facts_format import file_size
from steelyard.ui.widgets.fields import TextField
from steelyard.ui.widgets.labels import ElidedLabel, make_label, make_line, name_widget
from steelyard.ui.widgets.models_badge import Badge, IconLabel
from steelyard.ui.widgets.models_text import counted, plain

if TYPE_CHECKING:
    from PySide6.QtGui import QShowEvent

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.weights import Place, WeightsRow
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.models_stores import Library
    from steelyard.ui.theme.theme import Theme

_MAX_PX = 900
_SENTENCE = (
    "Files are used where they are: nothing is copied, moved or changed. "
    "Drop a GGUF file or a folder anywhere on this page to add it."
)


class PlacesTab(QWidget):
    """Adds by path, dialog or drop."""

    def __init__(self, theme: Theme, bridge: Bridge, library: Library) -> None:
        super().__init__()
        self._theme = theme
        self._bridge = bridge
        self._library = library
        self._dialog: QFileDialog | None = None
        self._places: list[Place] = []
        self.path = TextField(theme, "Path of a GGUF file or of a folder", mono=True)
        self.add_button = make_button(theme, "Add", icon="plus")
        self.file_button = make_button(theme, "Add file…", icon="file-plus")
        self.folder_button = make_button(theme, "Add folder…", icon="folder-plus")
        self.folder_button.setToolTip("Add folder… (Ctrl+O)")
        self.file_button.setToolTip("Add file… (Ctrl+Shift+O)")
        self.note = Note(theme, "info")
        self.known = _PlaceList(theme, "Where other tools keep weights", "These are searched automatically.")
        self.added = _PlaceList(theme, "Added by you", "")
        self.forget_buttons: dict[str, QWidget] = {}
        self._lay_out()
        self.add_button.clicked.connect(self._on_add_clicked)
        self.path.edit.returnPressed.connect(self._on_add_clicked)
        self.file_button.clicked.connect(self.choose_file)
        self.folder_button.clicked.connect(self.choose_folder)
        library.changed.connect(self._show_places)

    def add(self, paths: list[str]) -> None:
        """Add files or folders."""
        for path in paths:
            self.note.show_text(f"Reading the headers in {plain(path, 120)}…", "info")
            self._bridge.run(AddWeights(path=path), self._on_added, self._on_failed)

    def showEvent(self, event: QShowEvent) -> None:
        """The lists are made when somebody looks; a shelf that is read again costs nothing before."""
        super().showEvent(event)
        self._show_places()

    def focus_first(self) -> None:
        """The path has the keyboard first."""
        self.path.edit.setFocus()

    @Slot()
    def choose_file(self) -> None:
        """Ask for a file."""
        dialog = self._make_dialog("Choose a GGUF file")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter("GGUF weights (*.gguf)")
        dialog.open()

    @Slot()
    def choose_folder(self) -> None:
        """Ask for a folder."""
        dialog = self._make_dialog("Choose a folder with GGUF files")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.open()

    def _lay_out(self) -> None:
        theme = self._theme
        card = Card(theme, "Add weights", _SENTENCE)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.path, 1)
        row.addWidget(self.add_button, 0, Qt.AlignmentFlag.AlignBottom)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.file_button)
        buttons.addWidget(self.folder_button)
        buttons.addStretch(1)
        card.column.addLayout(row)
        card.column.addLayout(buttons)
        card.column.addWidget(self.note)
        body = QWidget()
        inner = QWidget()
        inner.setMaximumWidth(_MAX_PX)
        middle = QVBoxLayout(inner)
        middle.setContentsMargins(0, 0, 8, 8)
        middle.setSpacing(12)
        middle.addWidget(card)
        middle.addWidget(self.added)
        middle.addWidget(self.known)
        middle.addStretch(1)
        sides = QHBoxLayout(body)
        sides.setContentsMargins(0, 0, 0, 0)
        sides.addWidget(inner, 1)
        sides.addStretch(0)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(make_scroll(body, "Import folders"))
        self.added.hide()
        self.known.hide()

    def _make_dialog(self, title: str) -> QFileDialog:
        dialog = self._dialog = QFileDialog(self, title)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._on_file_selected)
        return dialog

    @Slot()
    def _show_places(self) -> None:
        places = self._library.shelf.places
        if places == self._places or not self.isVisible():
            return
        self._places = places
        self.forget_buttons = {}
        self.known.clear()
        self.added.clear()
        for place in places:
            if not place.is_added:
                self.known.add(_PlaceLine(self._theme, place))
                continue
            button = make_button(self._theme, "Forget", "ghost", icon="x")
            name_widget(button, f"Forget {plain(place.path)}", "Stop listing it; its files stay")
            button.setProperty("path", place.path)
            button.clicked.connect(self._on_forget_clicked)
            self.forget_buttons[place.path] = button
            self.added.add(_PlaceLine(self._theme, place, button))
        self.added.setVisible(bool(self.forget_buttons))
        self.known.setVisible(len(places) > len(self.forget_buttons))

    @Slot()
    def _on_add_clicked(self) -> None:
        if not self.path.text:
            self.path.set_error("Type a path, or choose a file or a folder.")
            return
        self.add([self.path.text])

    @Slot(str)
    def _on_file_selected(self, path: str) -> None:
        self.add([path])

    @Slot()
    def _on_forget_clicked(self) -> None:
        button = self.sender()
        if button is not None:
            self._bridge.run(ForgetPlace(path=button.property("path")), self._on_forgotten, self._on_failed)

    def _on_added(self, rows: list[WeightsRow]) -> None:
        self.path.set_text("")
        names = ", ".join(plain(row.name, 60) for row in rows[:3])
        more = f" and {len(rows) - 3:,} more" if len(rows) > 3 else ""
        text = f"Added {names}{more}." if rows else "Added; there are no GGUF files in it yet."
        self.note.show_text(text, "info")
        self._library.load()

    def _on_forgotten(self, _answer: object) -> None:
        self._library.load()

    @Slot(object)
    def _on_failed(self, error: AppError) -> None:
        self.note.show_text(error.one_line(), "bad")


class _PlaceList(Card):
    def __init__(self, theme: Theme, title: str, hint: str) -> None:
        super().__init__(theme, title, hint)
        self._lines: list[QWidget] = []
        self.column.setSpacing(8)

    def clear(self) -> None:
        """Remove all lines."""
        for line in self._lines:
            self.column.removeWidget(line)
            line.hide()
            line.deleteLater()
        self._lines = []

    def add(self, line: QWidget) -> None:
        """One more line, parted from the one above."""
        if self._lines:
            self._put(make_line())
        self._put(line)

    def _put(self, widget: QWidget) -> None:
        self._lines.append(widget)
        self.column.addWidget(widget)


class _PlaceLine(QFrame):
    def __init__(self, theme: Theme, place: Place, button: QWidget | None = None) -> None:
        super().__init__()
        name = "hard-drive" if not place.is_added else "folder"
        icon = IconLabel(theme, name, "text2" if place.exists else "ctl")
        text = QVBoxLayout()
        text.setSpacing(1)
        title = (
            SOURCES[place.source] if not place.is_added else plain(place.path.rstrip("/")).rpartition("/")[2]
        )
        text.addWidget(make_label(theme, title or plain(place.path), weight=500))
        text.addWidget(ElidedLabel(theme, plain(place.path), "muted", px=12))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(icon)
        row.addLayout(text, 1)
        if place.exists:
            facts = (
                f"{counted(place.files, 'file')}  ·  {file_size(place.size_bytes)}"
                if place.files
                else "no files"
            )
            row.addWidget(make_label(theme, facts, "prose", px=12, tabular=True))
        else:
            missing = "not found" if place.is_added else "not on this machine"
            row.addWidget(Badge(theme, missing, "warn" if place.is_added else ""))
        if button is not None:
            row.addWidget(button)
