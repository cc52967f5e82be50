"""A comparison as a picture: `python -m steelyard.ui.picture OUT.png` paints the JSON export from stdin.

Nothing is shown on a screen and nothing is loaded, whatever an answer names. What is too long for a picture
is cut, and says so.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec
from PySide6.QtCore import QBuffer, QByteArray, QRectF
from PySide6.QtGui import QGuiApplication, QImage, QImageWriter, QPainter

from steelyard.core.base.errors import AppError
from steelyard.core.base.files import write_atomic
from steelyard.core.values.comparison import ComparisonHistory
from steelyard.ui.picture_markup import MAX_ROUNDS, markup
from steelyard.ui.theme.fonts import make_font, register_fonts
from steelyard.ui.theme.tokens import load_tokens
from steelyard.ui.widgets.markdown_parse import QuietDocument

_COLUMN_PX, _MARGIN_PX, _MIN_WIDTH_PX = 440, 36, 1_000
_MAX_COLUMNS = 4
"""Side by side; more stand below."""
_SCALE = 2
_MAX_HEIGHT_PX = 7_000
_FIRST_CHARS, _LEAST_CHARS = 6_000, 300
_MAX_INPUT_BYTES = 256 << 20


class _Document(msgspec.Struct):
    """What is used of the JSON export."""

    comparison: ComparisonHistory


def paint_png(document: str | bytes, theme: str = "light") -> bytes:
    """A PNG file of a comparison that was exported as JSON. Needs a `QGuiApplication`, but not its thread.

    Raises:
        AppError: it is no such export, or there is not enough memory.
    """
    try:
        history = msgspec.json.decode(document, type=_Document).comparison
    except msgspec.DecodeError as exc:
        raise AppError("This is no export of a comparison", str(exc), "Export it as JSON first.") from exc
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    if not QImageWriter(buffer, QByteArray(b"png")).write(_image(history, theme)):
        raise AppError("The picture was not painted", "there is not enough memory", "Export it as HTML.")
    return bytes(buffer.data().data())


def _image(history: ComparisonHistory, theme: str) -> QImage:
    register_fonts()
    tokens = load_tokens(theme)
    columns = min(_MAX_COLUMNS, max(1, len(history.columns)))
    width_px = max(_MIN_WIDTH_PX, columns * _COLUMN_PX) + 2 * _MARGIN_PX
    page = QuietDocument()
    page.setUndoRedoEnabled(False)
    page.setDocumentMargin(_MARGIN_PX)
    page.setDefaultFont(make_font(14, 400, mono=False, tabular=False))
    page.setTextWidth(width_px)
    chars, rounds = _FIRST_CHARS, MAX_ROUNDS
    page.setHtml(markup(history, tokens, columns, chars, rounds))
    while page.size().height() > _MAX_HEIGHT_PX and (chars > _LEAST_CHARS or rounds > 1):
        chars, rounds = (chars // 2, rounds) if chars > _LEAST_CHARS else (chars, rounds - 1)
        page.setHtml(markup(history, tokens, columns, chars, rounds))
    height_px = min(_MAX_HEIGHT_PX, int(page.size().height()) + 1)
    image = QImage(width_px * _SCALE, height_px * _SCALE, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(_SCALE)
    image.fill(tokens.bg)
    painter = QPainter(image)
    page.drawContents(painter, QRectF(0, 0, width_px, height_px))
    painter.end()
    return image


def main() -> int:
    """Paint what stdin says into the file that the command line names; returns the exit code."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m steelyard.ui.picture OUT.png < comparison.json\n")
        return 2
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    application = QGuiApplication(sys.argv[:1])
    try:
        write_atomic(Path(sys.argv[1]), paint_png(sys.stdin.buffer.read(_MAX_INPUT_BYTES)))
    except AppError as exc:
        sys.stderr.write(f"{exc.one_line()}\n")
        return 1
    finally:
        application.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
