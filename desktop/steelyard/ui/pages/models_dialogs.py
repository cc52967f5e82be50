"""Questions before bytes are lost: not blocking, and the careful answer has the focus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from steelyard.core.base.errors import printable
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.facts_format import file_size
from steelyard.ui.widgets.labels import make_label, name_widget
from steelyard.ui.widgets.models_text import counted, plain

if TYPE_CHECKING:
    from steelyard.core.values.hub import DownloadRow
    from steelyard.core.values.weights import Removal
    from steelyard.ui.theme.theme import Theme

_WIDTH_PX = 520
_MOST_PATHS = 200


class LossDialog(QDialog):
    """What will be lost, Keep, and one red button."""

    confirmed = Signal(str)
    """The user wants it; the name or id that it was about."""

    def __init__(
        self, theme: Theme, parent: QWidget, key: str, title: str, texts: list[str], do: str
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._key = key
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.setFixedWidth(_WIDTH_PX)
        self.setAccessibleDescription(" ".join(texts))
        self.texts = texts
        self.do_button = make_button(theme, do, "danger")
        self.keep_button = make_button(theme, "Keep")
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(20, 20, 20, 16)
        self.column.setSpacing(12)
        self.column.addWidget(make_label(theme, title, px=15, weight=600, wrap=True))
        for text in texts:
            self.column.addWidget(make_label(theme, text, "prose", wrap=True))
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        row.addWidget(self.keep_button)
        row.addWidget(self.do_button)
        self.column.addLayout(row)
        self.keep_button.clicked.connect(self.close)
        self.do_button.clicked.connect(self._on_do)
        self.keep_button.setFocus()

    def add_paths(self, paths: list[str]) -> None:
        """List what is touched, to be read and copied."""
        text = QPlainTextEdit(printable("\n".join(paths[:_MOST_PATHS])))
        text.setReadOnly(True)
        text.setProperty("role", "code")
        text.setFont(self._theme.font(11, mono=True))
        text.setTabChangesFocus(True)
        text.setFixedHeight(84)
        name_widget(text, "Paths")
        self.column.insertWidget(self.column.count() - 1, text)

    @Slot()
    def _on_do(self) -> None:
        self.confirmed.emit(self._key)
        self.close()


def removal_dialog(theme: Theme, parent: QWidget, removal: Removal) -> LossDialog:
    """Ask before weights go."""
    name = plain(removal.name, 80)
    size = file_size(removal.freed_bytes)
    if removal.deletes_files:
        title, do = f"Remove {name}?", f"Delete {size}"
        first = f"{counted(len(removal.paths), 'file')} will be deleted, which frees {size}."
    else:
        title, do = f"Forget {name}?", "Forget it"
        first = "Steelyard will no longer list it. No file is deleted and no space is freed."
    texts = [first, *([plain(removal.note, 600)] if removal.note else [])]
    dialog = LossDialog(theme, parent, removal.name, title, texts, do)
    if removal.paths:
        dialog.add_paths(removal.paths)
    return dialog


def cancel_dialog(theme: Theme, parent: QWidget, row: DownloadRow) -> LossDialog:
    """Ask before what was downloaded is thrown away."""
    size = file_size(row.done_bytes)
    texts = [f"{size} have been downloaded and will be deleted. Pause instead to keep them."]
    return LossDialog(theme, parent, row.id, f"Cancel {plain(row.name, 80)}?", texts, f"Delete {size}")
