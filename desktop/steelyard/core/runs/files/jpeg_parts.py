"""JPEG files by their segments: size, and a copy without what programs and cameras wrote beside the pixels.

Also what images of all kinds share: how large they may be, and EXIF that only says which side is up.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

from steelyard.core.base.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_TABLES = frozenset([0xC4, 0xCC, 0xDB, 0xDD, 0xDA])
_APP0, _APP1, _APP2, _APP14 = 0xE0, 0xE1, 0xE2, 0xEE
_END, _SCAN = 0xD9, 0xDA
_MARK = re.compile(rb"\xff++([^\x00\xd0-\xd7])", re.DOTALL)
# Within the pixels of a scan an FF that means something is followed by neither 00 nor a restart mark.
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)
_JFIF_BYTES = 14
_ORIENTATION = 0x0112
_MAX_PIXELS = 64_000_000
EXIF_HEAD = b"Exif\0\0"


def clean_jpeg(data: bytes) -> tuple[int, int, bytes]:
    """Width, height, and the file without its metadata. Its orientation stays, as the only thing of EXIF.

    Raises:
        ValueError: it is damaged.
        UsageError: it has too many pixels.
    """
    kept: list[bytes] = []
    size: tuple[int, int] | None = None
    orientation = 1
    for kind, content, pixels in _segments(data):
        if kind in _FRAMES:
            height, width = struct.unpack(">HH", content[1:5])
            check_pixels(width, height)
            size = size or (width, height)
        if kind == _APP1 and orientation == 1:
            orientation = orientation_in(content)
        if (part := _kept(kind, content)) is not None:
            kept += [_segment(kind, part), pixels]
    if size is None:
        raise ValueError("no picture in it")
    if orientation != 1:
        kept.insert(_first_place(kept), _segment(_APP1, EXIF_HEAD + exif_of(orientation)))
    return *size, b"\xff\xd8" + b"".join(kept) + b"\xff\xd9"


def check_pixels(width: int, height: int) -> None:
    """Refuse an image by the size that its header names.

    Raises:
        UsageError: none, or more than 64 megapixels.
    """
    if not width or not height:
        raise UsageError("This image cannot be sent", "it has no pixels", "Save it again.")
    if width * height > _MAX_PIXELS:
        raise UsageError(
            "This image is too large",
            f"{width:,} by {height:,} pixels, {_MAX_PIXELS // 10**6} megapixels are the most",
            "Scale it down, and attach that.",
        )


def _segments(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """(Kind, content, pixels that follow it) up to the end mark."""
    at = 2
    while True:
        mark = _MARK.match(data, at)
        if mark is None:
            raise ValueError("a part without a beginning")
        kind, begin = mark.group(1)[0], mark.end()
        if kind == _END:
            return
        length = struct.unpack(">H", data[begin : begin + 2])[0]
        content = data[begin + 2 : begin + length]
        if length < 2 or len(content) < length - 2:
            raise ValueError("cut off")
        at = following = begin + length
        if kind == _SCAN:
            end = _AFTER_SCAN.search(data, at)
            if end is None:
                raise ValueError("cut off")
            following = end.start()
        yield kind, content, data[at:following]
        at = following


def orientation_in(content: bytes) -> int:
    """Which side is up (1 to 8) by an EXIF segment; 1 if it does not say."""
    if not content.startswith(EXIF_HEAD):
        return 1
    tiff = content[6:]
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 10:
        return 1
    (first,) = struct.unpack(f"{order}I", tiff[4:8])
    if first + 2 > len(tiff):
        return 1
    (count,) = struct.unpack(f"{order}H", tiff[first : first + 2])
    for number in range(min(count, 512)):
        entry = tiff[first + 2 + 12 * number : first + 14 + 12 * number]
        if len(entry) == 12 and struct.unpack(f"{order}H", entry[:2])[0] == _ORIENTATION:
            (value,) = struct.unpack(f"{order}H", entry[8:10])
            return value if 1 <= value <= 8 else 1
    return 1


def exif_of(orientation: int) -> bytes:
    """EXIF that holds one number, without the head that JPEG puts before it."""
    entry = struct.pack("<HHIHH", _ORIENTATION, 3, 1, orientation, 0)
    return b"II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)


def _kept(kind: int, content: bytes) -> bytes | None:
    if kind in _FRAMES or kind in _TABLES:
        return content
    if kind == _APP0 and content.startswith(b"JFIF\0") and len(content) >= _JFIF_BYTES:
        return content[: _JFIF_BYTES - 2] + b"\0\0"  # without its thumbnail
    if kind == _APP2 and content.startswith(b"ICC_PROFILE\0"):
        return content
    if kind == _APP14 and content.startswith(b"Adobe"):
        return content[:12]  # how its colours are meant
    return None


def _first_place(kept: list[bytes]) -> int:
    return 1 if kept and kept[0][1] == _APP0 else 0


def _segment(kind: int, content: bytes) -> bytes:
    return bytes([0xFF, kind]) + struct.pack(">H", len(content) + 2) + content
