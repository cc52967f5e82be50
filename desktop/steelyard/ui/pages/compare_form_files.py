"""Reads a small text file that the user chooses, without holding anything up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QFileInfo, QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

_LIMIT_BYTES = 1 << 20


class FileReader(QObject):
    """Asks for a file and hands its text on."""

    read = Signal(str)
    """The text of the file."""
    refused = Signal(str)
    """Why there is none, as a sentence."""

    def __init__(self, owner: QWidget, title: str, kinds: str) -> None:
        super().__init__(owner)
        self._owner = owner
        self._title = title
        self._kinds = kinds
        self.limit_bytes = _LIMIT_BYTES
        self.dialog: QFileDialog | None = None

    @Slot()
    def ask(self) -> None:
        """Let the user choose one."""
        if self.dialog is not None:
            self.dialog.close()
        dialog = self.dialog = QFileDialog(self._owner.window(), self._title)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(self._kinds.split(";;"))
        dialog.fileSelected.connect(self.take)
        dialog.destroyed.connect(self._on_dialog_gone)
        dialog.open()

    @Slot(str)
    def take(self, path: str) -> None:
        """Read a file."""
        info = QFileInfo(path)
        if not info.isFile():
            self.refused.emit("That is not a file that can be read.")
        elif info.size() > self.limit_bytes:
            self.refused.emit(f"The file is larger than {self.limit_bytes >> 20} MiB.")
        else:
            self._read(path)

    def _read(self, path: str) -> None:
        try:
            with open(path, "rb") as file:
                raw = file.read(self.limit_bytes + 1)
        except OSError as exc:
            self.refused.emit(f"The file could not be read: {exc.strerror}.")
            return
        text = _decoded(raw)
        if text is None:
            self.refused.emit("The file is not text in UTF-8 or UTF-16: save it as UTF-8.")
        else:
            self.read.emit(text)

    @Slot()
    def _on_dialog_gone(self) -> None:
        self.dialog = None


def _decoded(raw: bytes) -> str | None:
    is_wide = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        return raw.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError:
        return None
