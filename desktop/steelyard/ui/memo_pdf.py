"""The decision memo as a PDF of one page, through Qt's printer; nothing is loaded from anywhere."""

from __future__ import annotations

import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from PySide6.QtCore import QMarginsF, QSizeF
from PySide6.QtGui import QPageLayout, QPageSize, QPainter
from PySide6.QtPrintSupport import QPrinter

from steelyard.core.base.errors import AppError
from steelyard.core.base.files import write_atomic
from steelyard.ui.theme.fonts import make_font, register_fonts
from steelyard.ui.widgets.markdown_parse import QuietDocument

_MARGIN_MM = 14.0
_DPI = 96
_FONT_PX = 12
_LEAST_SCALE = 0.4
"""Below this nobody can read it; the memo's own limits keep it well above."""
_SCRIPT = re.compile(r"<(script|link|iframe|object|embed|img)\b[^>]*>", re.IGNORECASE)


def write_memo_pdf(html: str, path: Path, title: str) -> None:
    """Paint the memo's HTML on one A4 page and put it in place of what was there.

    What is longer than a page is made smaller as a whole, so that no line is lost.

    Raises:
        AppError: the file cannot be written.
    """
    write_atomic(path, memo_pdf(html, title))


def memo_pdf(html: str, title: str) -> bytes:
    """The PDF itself. Needs a `QGuiApplication`.

    Raises:
        AppError: it could not be painted.
    """
    register_fonts()
    with TemporaryDirectory(prefix="steelyard-") as folder:
        path = Path(folder) / "memo.pdf"
        _paint(html, path, title)
        try:
            data = path.read_bytes()
        except OSError as exc:
            raise AppError("The PDF was not written", exc.strerror or str(exc), "Export it as HTML.") from exc
    if not data.startswith(b"%PDF"):
        raise AppError("The PDF was not written", "the printer gave no page", "Export it as HTML.")
    return data


def _paint(html: str, path: Path, title: str) -> None:
    printer = QPrinter(QPrinter.PrinterMode.ScreenResolution)
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(os.fspath(path))
    printer.setDocName(title)
    printer.setCreator("Steelyard")
    printer.setResolution(_DPI)
    margins = QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
    size = QPageSize(QPageSize.PageSizeId.A4)
    printer.setPageLayout(
        QPageLayout(size, QPageLayout.Orientation.Portrait, margins, QPageLayout.Unit.Millimeter)
    )
    area = QSizeF(printer.pageRect(QPrinter.Unit.DevicePixel).size())
    painter = QPainter()
    if not painter.begin(printer):
        raise AppError("The PDF was not written", "the printer did not start", "Export it as HTML.")
    document, scale = _fitted(html, area)
    painter.scale(scale, scale)
    document.drawContents(painter)
    painter.end()


def _fitted(html: str, area: QSizeF) -> tuple[QuietDocument, float]:
    """The document and the scale at which all of it is on the page."""
    document = QuietDocument()
    document.setUndoRedoEnabled(False)
    document.setDocumentMargin(0)
    document.setDefaultFont(make_font(_FONT_PX, 400, mono=False, tabular=False))
    document.setHtml(_SCRIPT.sub("", html))
    scale = 1.0
    while True:
        document.setTextWidth(area.width() / scale)
        if document.size().height() * scale <= area.height() or scale <= _LEAST_SCALE:
            return document, scale
        scale *= 0.96
