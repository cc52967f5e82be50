"""Small pictures of images that are attached. They are hostile input: sizes are read before a pixel is.

Decoding happens in the main thread, so it is bounded to what takes less than about a tenth of a second. A
larger image is sent all the same; it is shown as an icon.
"""

from __future__ import annotations

import base64
import binascii

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QImage, QImageReader, QImageWriter

THUMBNAIL_PX = 64
PASTED_MOST_PIXELS = 16_000_000
_MOST_MIB = 128
"""What decoding one image may take at all, in this process."""
_MOST_PIXELS = {b"png": 9_000_000, b"jpeg": 24_000_000, b"webp": 9_000_000, b"gif": 4_000_000}
"""JPEG is decoded at a fraction of its size."""
_FORMATS = {"image/png": b"png", "image/jpeg": b"jpeg", "image/webp": b"webp", "image/gif": b"gif"}


def thumbnail_of(mime: str, data: str) -> QImage:
    """A picture of at most `THUMBNAIL_PX` on either side; a null one for anything odd or large."""
    kind = _FORMATS.get(mime)
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return QImage()
    if kind is None:
        return QImage()
    QImageReader.setAllocationLimit(_MOST_MIB)
    content = QByteArray(raw)
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer, QByteArray(kind))
    reader.setDecideFormatFromContent(False)
    reader.setAutoDetectImageFormat(False)
    size = reader.size()
    if not size.isValid() or size.isEmpty() or size.width() * size.height() > _MOST_PIXELS[kind]:
        return QImage()
    side = QSize(THUMBNAIL_PX, THUMBNAIL_PX)
    reader.setScaledSize(size.scaled(side, Qt.AspectRatioMode.KeepAspectRatio).expandedTo(QSize(1, 1)))
    return reader.read()


def png_of(image: QImage) -> str:
    """A picture of the clipboard as PNG in base64; empty where it is too large to be done at once."""
    if image.isNull() or image.width() * image.height() > PASTED_MOST_PIXELS:
        return ""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QImageWriter(buffer, QByteArray(b"png"))
    writer.setCompression(20)
    if not writer.write(image):
        return ""
    return base64.b64encode(bytes(buffer.data().data())).decode("ascii")
