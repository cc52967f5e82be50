"""The comparison as a file or on the clipboard: asks where to, and says where it is then."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout

from steelyard.core.base.errors import AppError
from steelyard.core.base.files import write_atomic
from steelyard.core.values.commands import ExportComparison
from steelyard.ui.reveal import Revealer
from steelyard.ui.widgets.buttons import make_button, make_icon_button
from steelyard.ui.widgets.labels import ElidedLabel

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from steelyard.core.values.comparison import Exported
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme

Form = Literal["md", "json", "csv", "html", "png"]
FORMS: dict[Form, tuple[str, str]] = {
    "md": ("Markdown", "Markdown (*.md)"),
    "json": ("JSON", "JSON (*.json)"),
    "csv": ("CSV", "CSV (*.csv)"),
    "html": ("HTML", "Web page (*.html)"),
    "png": ("PNG", "Picture (*.png)"),
}


class ExportBar(QFrame):
    """What became of the last export; goes away when it is closed or another one begins."""

    reveal_wanted = Signal()
    """Show the file in its folder."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("role", "note-info")
        self._text = ElidedLabel(theme, "", px=12, cut=Qt.TextElideMode.ElideMiddle)
        self.folder_button = make_button(theme, "Show in folder", "link", icon="folder-open")
        self.close_button = make_icon_button(theme, "x", "Close this message")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 3, 8, 3)
        row.setSpacing(8)
        row.addWidget(self._text, 1)
        row.addWidget(self.folder_button)
        row.addWidget(self.close_button)
        self.folder_button.clicked.connect(self.reveal_wanted)
        self.close_button.clicked.connect(self.hide)
        self.hide()

    def say(self, text: str, *, has_file: bool) -> None:
        """Show it."""
        self._text.setText(text)
        self.folder_button.setVisible(has_file)
        self.setAccessibleName(text)
        self.show()

    @property
    def text(self) -> str:
        """What is said."""
        return self._text.text()


class CompareExport(QObject):
    """Asks the core for the document, the user for the place."""

    _written = Signal(str, object)

    def __init__(self, theme: Theme, bridge: Bridge, page: QWidget) -> None:
        super().__init__(page)
        self._bridge = bridge
        self._page = page
        self._revealer = Revealer(self)
        self._form: Form = "md"
        self._exported: Exported | None = None
        self._path = ""
        self.bar = ExportBar(theme)
        self.dialog: QFileDialog | None = None
        self.bar.reveal_wanted.connect(self._on_reveal)
        self._written.connect(self._on_written)

    def save(self, comparison_id: str, form: Form) -> None:
        """Export into a file that the user names."""
        self._form = form
        self.bar.hide()
        command = ExportComparison(id=comparison_id, format="json" if form == "png" else form)
        self._bridge.run(command, on_done=self._ask_where)

    def copy(self, comparison_id: str) -> None:
        """The whole comparison as Markdown to the clipboard."""
        self._bridge.run(ExportComparison(id=comparison_id, format="md"), on_done=self._copy)

    # ---- where to ------------------------------------------------------------------------------------------

    def _ask_where(self, exported: Exported) -> None:
        self._exported = exported
        if self.dialog is not None:
            self.dialog.close()
        word, kinds = FORMS[self._form]
        dialog = self.dialog = QFileDialog(self._page, f"Export the comparison as {word}")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(kinds)
        dialog.setDefaultSuffix(self._form)
        dialog.selectFile(str(Path(exported.name).with_suffix(f".{self._form}")))
        dialog.fileSelected.connect(self._on_file_selected)
        dialog.destroyed.connect(self._on_dialog_gone)
        dialog.open()

    @Slot(str)
    def _on_file_selected(self, path: str) -> None:
        if self._exported is None:
            return
        self.bar.say(f"Writing {Path(path).name}…", has_file=False)
        work = (path, self._form, self._exported.text)
        threading.Thread(target=self._write, args=work, name="export").start()

    def _write(self, path: str, form: Form, text: str) -> None:
        """In a thread of its own: painting a picture or a slow disk must not hold up the window."""
        problem: AppError | None = None
        try:
            write_atomic(Path(path), _picture(text) if form == "png" else text.encode("utf-8", "replace"))
        except AppError as error:
            problem = error
        self._written.emit(path, problem)

    @Slot(str, object)
    def _on_written(self, path: str, problem: object) -> None:
        if isinstance(problem, AppError):
            self.bar.hide()
            self._bridge.error_raised.emit(problem)
            return
        self._path = path
        self.bar.say(f"Saved as {path}", has_file=True)

    def _copy(self, exported: Exported) -> None:
        QGuiApplication.clipboard().setText(exported.text)
        self.bar.say("The comparison is on the clipboard as Markdown.", has_file=False)

    @Slot()
    def _on_reveal(self) -> None:
        self._revealer.reveal(self._path)

    @Slot()
    def _on_dialog_gone(self) -> None:
        self.dialog = None


def _picture(document: str) -> bytes:
    from steelyard.ui.picture import paint_png

    return paint_png(document)
