"""Links of an answer are never followed by themselves: a dialog shows where they lead and asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme

OPENABLE = ("http", "https")
_ENCODED = QUrl.ComponentFormattingOption.FullyEncoded


class LinkDialog(QDialog):
    """Not modal; shows the whole address as plain text and opens only http and https."""

    def __init__(self, theme: Theme, address: str, parent: QWidget, *, written_by: str = "a model") -> None:
        super().__init__(parent)
        self._address = address
        self._written_by = written_by
        self._url = QUrl(address, QUrl.ParsingMode.StrictMode)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Open a link")
        self.setFixedWidth(520)
        self._shown = QPlainTextEdit(address)
        self._shown.setReadOnly(True)
        self._shown.setProperty("role", "code")
        self._shown.setFont(theme.font(12, mono=True))
        self._shown.setFixedHeight(96)
        self._shown.setAccessibleName("Address")
        self._shown.setToolTip("The whole address")
        self.open_button = make_button(theme, "Open in browser", icon="external-link")
        self.copy_button = make_button(theme, "Copy address", "ghost", icon="copy")
        self.cancel_button = make_button(theme, "Cancel", "ghost")
        self._says = make_label(theme, self._sentence(), wrap=True)
        self._lay_out()
        self.open_button.setVisible(self.is_openable)
        self.open_button.clicked.connect(self._on_open)
        self.copy_button.clicked.connect(self._on_copy)
        self.cancel_button.clicked.connect(self.close)
        (self.cancel_button if self.is_openable else self.copy_button).setFocus()

    @property
    def is_openable(self) -> bool:
        """Whether this kind of link is opened at all."""
        return self._url.isValid() and self._url.scheme().lower() in OPENABLE and bool(self._url.host())

    @property
    def text(self) -> str:
        """What is said and shown."""
        return f"{self._says.text()} {self._shown.toPlainText()}"

    def _sentence(self) -> str:
        if self.is_openable:
            host = self._url.host(_ENCODED)
            return f"This link was written by {self._written_by}. It leads to {host}. Open it in the browser?"
        return f"This link was written by {self._written_by} and is not opened: only http and https are."

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.copy_button)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.open_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(12)
        column.addWidget(self._says)
        column.addWidget(self._shown)
        column.addLayout(buttons)

    @Slot()
    def _on_open(self) -> None:
        QDesktopServices.openUrl(self._url)
        self.close()

    @Slot()
    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self._address)
        self.close()
