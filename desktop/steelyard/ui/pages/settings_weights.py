"""Settings, weights: what lies on this machine, and files or folders that the user points to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from steelyard.core.values.commands import AddWeights, ListWeights
from steelyard.ui.pages.settings_form import Section
from steelyard.ui.widgets.buttons import make_button, make_icon_button
from steelyard.ui.widgets.cards import Card, Note
from steelyard.ui.widgets.fields import TextField
from steelyard.ui.widgets.labels import ElidedLabel, make_label

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.settings import Settings
    from steelyard.core.values.targets import WeightsRow
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.settings_store import SettingsStore
    from steelyard.ui.theme.theme import Theme

_PROOFS = {
    "verified": ("verified", "pill-good", "Its sha256 is the published one."),
    "no_reference": ("no reference", "pill", "There is no published hash to compare with."),
    "pending": ("not checked yet", "pill-warn", "Its hash has not been compared yet."),
    "mismatch": ("hash differs", "pill-bad", "Its content is not the published one."),
}


class WeightsSection(Section):
    """Adds by path or by dialog; files are read in place, never copied or changed."""

    def __init__(self, theme: Theme, bridge: Bridge, store: SettingsStore) -> None:
        super().__init__(
            theme,
            "Weights",
            "GGUF files that can be compared. They are read where they lie: nothing is copied, moved or "
            "changed.",
        )
        self._theme = theme
        self._bridge = bridge
        self._store = store
        self._settings: Settings | None = None
        self._dialog: QFileDialog | None = None
        self.path = TextField(theme, "Path of a GGUF file or of a folder", mono=True)
        self.add_button = make_button(theme, "Add", icon="plus")
        self.file_button = make_button(theme, "Choose file…", icon="file-plus")
        self.folder_button = make_button(theme, "Choose folder…", icon="folder-open")
        self.note = Note(theme, "info")
        self.rows = _Rows(theme, "On this machine")
        self.places = _Rows(theme, "Places that you added")
        self._lay_out(theme)
        self.add_button.clicked.connect(self._on_add_clicked)
        self.path.edit.returnPressed.connect(self._on_add_clicked)
        self.file_button.clicked.connect(self._on_file_clicked)
        self.folder_button.clicked.connect(self._on_folder_clicked)
        store.loaded.connect(self._on_loaded)

    def _lay_out(self, theme: Theme) -> None:
        card = Card(theme, "Add weights")
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
        self.column.addWidget(card)
        self.column.addWidget(self.rows)
        self.column.addWidget(self.places)
        self.finish()

    def _list(self) -> None:
        paths = self._settings.weights_paths if self._settings is not None else []
        self._bridge.run(ListWeights(paths=paths), self._on_listed, self._on_failed)

    @Slot(object)
    def _on_loaded(self, settings: Settings) -> None:
        self._settings = settings
        self.places.setVisible(bool(settings.weights_paths))
        self.places.clear()
        for path in settings.weights_paths:
            button = make_icon_button(
                self._theme, "x", f"Forget {path}", tooltip="Forget this place; files stay"
            )
            button.setProperty("path", path)
            button.clicked.connect(self._on_forget_clicked)
            self.places.add([ElidedLabel(self._theme, path, "prose", px=12)], button)
        self._list()

    def _on_listed(self, rows: list[WeightsRow]) -> None:
        self.rows.clear()
        for row in rows:
            self.rows.add(self._facts(row))
        if not rows:
            self.rows.add([make_label(self._theme, "No weights were found.", "prose")])

    def _facts(self, row: WeightsRow) -> list[QWidget]:
        theme = self._theme
        text, role, why = _PROOFS[row.verification]
        proof = make_label(theme, text, role, px=11)
        proof.setToolTip(why)
        parts = [_size(row.size_bytes), _parameters(row.parameters), _context(row.context_length)]
        facts = [make_label(theme, row.name, weight=600)]
        if row.quant:
            facts.append(make_label(theme, row.quant, "code-chip", px=11, mono=True))
        facts.append(make_label(theme, "  ·  ".join(part for part in parts if part), "prose", px=12))
        return [*facts, ElidedLabel(theme, row.path, "muted", px=12), proof]

    @Slot()
    def _on_add_clicked(self) -> None:
        if not self.path.text:
            self.path.set_error("Type a path, or choose a file or a folder.")
            return
        self._add(self.path.text)

    def _add(self, path: str) -> None:
        self.note.show_text("Reading the headers…", "info")
        self._bridge.run(AddWeights(path=path), self._on_added, self._on_failed)

    def _on_added(self, rows: list[WeightsRow]) -> None:
        self.path.set_text("")
        names = ", ".join(row.name for row in rows[:3]) + (" and more" if len(rows) > 3 else "")
        self.note.show_text(f"Added {names}." if rows else "The place is noted; no GGUF file lies there now.")
        self._store.load()

    @Slot(object)
    def _on_failed(self, error: AppError) -> None:
        self.note.show_text(error.one_line(), "bad")

    @Slot()
    def _on_file_clicked(self) -> None:
        dialog = self._make_dialog("Choose a GGUF file")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter("GGUF weights (*.gguf)")
        dialog.open()

    @Slot()
    def _on_folder_clicked(self) -> None:
        dialog = self._make_dialog("Choose a folder with GGUF files")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.open()

    def _make_dialog(self, title: str) -> QFileDialog:
        dialog = self._dialog = QFileDialog(self, title)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._on_file_selected)
        return dialog

    @Slot(str)
    def _on_file_selected(self, path: str) -> None:
        self.path.set_text(path)
        self._add(path)

    @Slot()
    def _on_forget_clicked(self) -> None:
        button = self.sender()
        if button is None or self._settings is None:
            return
        path = button.property("path")
        kept = [known for known in self._settings.weights_paths if known != path]
        self._store.change({"weights_paths": kept}, self._store.load, self._on_failed)


class _Rows(Card):
    """Lines of widgets under a title."""

    def __init__(self, theme: Theme, title: str) -> None:
        super().__init__(theme, title)
        self._lines: list[QWidget] = []
        self._body = QVBoxLayout()
        self._body.setSpacing(6)
        self.column.addLayout(self._body)

    def clear(self) -> None:
        """Remove all lines."""
        for line in self._lines:
            self._body.removeWidget(line)
            line.hide()
            line.deleteLater()
        self._lines = []

    def add(self, widgets: list[QWidget], button: QWidget | None = None) -> None:
        """One more line."""
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for widget in [*widgets, button]:
            if widget is not None:
                row.addWidget(widget, 1 if isinstance(widget, ElidedLabel) else 0)
        self._lines.append(line)
        self._body.addWidget(line)


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.2f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.0f} MB"


def _parameters(count: int | None) -> str:
    if count is None:
        return ""
    return f"{count / 1e9:.1f} B parameters" if count >= 1e9 else f"{count / 1e6:.0f} M parameters"


def _context(length: int | None) -> str:
    return f"context {length:,}" if length else ""
