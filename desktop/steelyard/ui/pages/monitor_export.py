"""Into files: requests and history as CSV, the charts as a picture."""

from __future__ import annotations

import csv
import io
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog

from steelyard.core.base.errors import AppError

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from steelyard.core.values.telemetry import RequestRow
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.widgets.chart_columns import Columns

_STEERING = ("=", "+", "-", "@", "\t")


def requests_csv(rows: list[RequestRow]) -> str:
    """One line a request, figures as they were stored; unknown is empty."""
    out = io.StringIO()
    names = [field.encode_name for field in msgspec.structs.fields(type(rows[0]))] if rows else []
    writer = csv.writer(out)
    writer.writerow(names)
    for row in rows:
        values = msgspec.to_builtins(row)
        writer.writerow([_cell(values.get(name)) for name in names])
    return out.getvalue()


def history_csv(columns: Columns) -> str:
    """One line a moment, one column a series; unknown is empty."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["time", *columns.keys])
    values = [column.tolist() for key in columns.keys if (column := columns.column(key)) is not None]
    for at, *figures in zip(columns.times.tolist(), *values, strict=True):
        stamp = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
        writer.writerow([stamp, *("" if math.isnan(figure) else f"{figure:.10g}" for figure in figures)])
    return out.getvalue()


def _cell(value: object) -> object:
    """A spreadsheet must not take somebody's text for a formula."""
    if isinstance(value, list):
        value = " ".join(str(item) for item in value)
    if isinstance(value, str) and value.startswith(_STEERING):
        return f"'{value}"
    return "" if value is None else value


class Exporter(QObject):
    """Asks for a file without holding anything up, then writes what was handed in."""

    saved = Signal(str)
    """The path that was written."""

    def __init__(self, bridge: Bridge, page: QWidget) -> None:
        super().__init__(page)
        self._bridge = bridge
        self._page = page
        self._content: bytes = b""
        self.dialog: QFileDialog | None = None

    def save(self, title: str, name: str, kinds: str, content: bytes) -> None:
        """Ask where to, and write `content` there."""
        self._content = content
        if self.dialog is not None:
            self.dialog.close()
        dialog = self.dialog = QFileDialog(self._page, title)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(kinds)
        dialog.selectFile(name)
        dialog.fileSelected.connect(self._on_file_selected)
        dialog.destroyed.connect(self._on_dialog_gone)
        dialog.open()

    @Slot(str)
    def _on_file_selected(self, path: str) -> None:
        try:
            with open(path, "wb") as file:
                file.write(self._content)
        except OSError as exc:
            hint = "Choose another folder."
            self._bridge.error_raised.emit(AppError("The file could not be written", str(exc), hint))
        else:
            self.saved.emit(path)

    @Slot()
    def _on_dialog_gone(self) -> None:
        self.dialog = None
