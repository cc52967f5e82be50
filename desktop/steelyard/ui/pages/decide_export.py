"""The decision memo into a file: HTML and JSON as the core writes them, PDF through Qt's printer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog

from steelyard.core.base.errors import AppError
from steelyard.core.base.files import write_atomic
from steelyard.core.values.cost_commands import WriteMemo
from steelyard.ui.pages.compare_export import ExportBar
from steelyard.ui.reveal import Revealer

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from steelyard.core.values.decision import Decision
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme

Form = Literal["pdf", "html", "json"]
_KINDS: dict[str, tuple[Form, str]] = {
    "pdf": ("pdf", "PDF (*.pdf)"),
    "html": ("html", "Web page (*.html)"),
    "json": ("json", "JSON (*.json)"),
}
_UNFIT = re.compile(r"[^\w\- ]+")
_NAME_CHARS = 60


class MemoExport(QObject):
    """Asks the core for the memo, the user for the place, and says where it is then."""

    written = Signal(str)
    """The path that was written."""

    def __init__(self, theme: Theme, bridge: Bridge, page: QWidget) -> None:
        super().__init__(page)
        self._bridge = bridge
        self._page = page
        self._revealer = Revealer(self)
        self._form: Form = "pdf"
        self._title, self._text, self._path = "", "", ""
        self.bar = ExportBar(theme)
        self.dialog: QFileDialog | None = None
        self.bar.reveal_wanted.connect(self._on_reveal)

    def save(self, decision: Decision, title: str, form: str, *, from_ledger: bool) -> None:
        """Write the memo of a decision: a kept one by its id, another one from its case, decided again."""
        self._form = _KINDS[form][0]
        self._title = title
        self.bar.hide()
        is_kept = bool(decision.id)
        command = WriteMemo(
            format="json" if self._form == "json" else "html",
            id=decision.id if is_kept else None,
            case=None if is_kept else decision.case,
            from_ledger=from_ledger,
            title=title,
        )
        self._bridge.run(command, on_done=self._ask_where)

    def _ask_where(self, text: str) -> None:
        self._text = text
        if self.dialog is not None:
            self.dialog.close()
        kinds = _KINDS[self._form][1]
        dialog = self.dialog = QFileDialog(self._page, "Export the decision memo")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(kinds)
        dialog.setDefaultSuffix(self._form)
        dialog.selectFile(f"{file_name(self._title)}.{self._form}")
        dialog.fileSelected.connect(self._on_file_selected)
        dialog.destroyed.connect(self._on_dialog_gone)
        dialog.open()

    @Slot(str)
    def _on_file_selected(self, path: str) -> None:
        try:
            if self._form == "pdf":
                # Imported here: a printer is not needed to show a verdict.
                from steelyard.ui.memo_pdf import write_memo_pdf

                write_memo_pdf(self._text, Path(path), self._title)
            else:
                write_atomic(Path(path), self._text.encode("utf-8", "replace"))
        except AppError as error:
            self.bar.hide()
            self._bridge.error_raised.emit(error)
            return
        self._path = path
        self.bar.say(f"Saved as {path}", has_file=True)
        self.written.emit(path)

    @Slot()
    def _on_reveal(self) -> None:
        self._revealer.reveal(self._path)

    @Slot()
    def _on_dialog_gone(self) -> None:
        self.dialog = None


def file_name(title: str) -> str:
    """A name for the memo that every file system takes."""
    words = " ".join(_UNFIT.sub(" ", title).split())[:_NAME_CHARS].strip()
    return f"Decision memo {words}".strip()
