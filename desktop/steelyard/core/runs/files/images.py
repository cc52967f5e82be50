"""Images that are to be sent: looked at by their headers only, and freed of all that tells of their origin.

What is needed to show them stays: pixels, colour profile, which side is up. Nothing is ever decoded.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from steelyard.core.base.errors import UsageError
from steelyard.core.runs.files.jpeg_parts import EXIF_HEAD, check_pixels, clean_jpeg, exif_of, orientation_in

_HINT = "Save it again as PNG or JPEG, and attach that."
_PNG = b"\x89PNG\r\n\x1a\n"
# All others are left out: text, EXIF, time, and what programs of all kinds put in for themselves.
_PNG_KEPT = frozenset(b"IHDR PLTE IDAT tRNS gAMA cHRM sRGB cICP sBIT bKGD pHYs acTL fcTL fdAT".split())
_WEBP_KEPT = frozenset([b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"])
_WEBP_EXIF, _WEBP_XMP = 0x08, 0x04
_GIF_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")


@dataclass(frozen=True)
class CleanImage:
    """An image as it may leave the machine. Width and height in pixels."""

    mime: str
    width: int
    height: int
    data: bytes


def clean_image(data: bytes) -> CleanImage | None:
    """The image without its metadata; None if the content is none of PNG, JPEG, WebP and GIF.

    Raises:
        UsageError: it is damaged, or has more than 64 megapixels.
    """
    try:
        if data.startswith(_PNG):
            image = CleanImage("image/png", *_png(data))
        elif data.startswith(b"\xff\xd8\xff"):
            image = CleanImage("image/jpeg", *clean_jpeg(data))
        elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            image = CleanImage("image/webp", *_webp(data))
        elif data[:6] in (b"GIF87a", b"GIF89a"):
            image = CleanImage("image/gif", *_gif(data))
        else:
            return None
    except (ValueError, IndexError, struct.error) as exc:
        raise UsageError("This image cannot be sent", f"it is damaged ({exc})", _HINT) from exc
    return image


def _png(data: bytes) -> tuple[int, int, bytes]:
    if data[12:16] != b"IHDR":
        raise ValueError("no header")
    width, height = struct.unpack(">II", data[16:24])
    check_pixels(width, height)
    orientation = 1
    kept = [_PNG]
    at = len(_PNG)
    while True:
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind = data[at + 4 : at + 8]
        end = at + 12 + length
        if end > len(data):
            raise ValueError("cut off")
        content = data[at + 8 : end - 4]
        if kind == b"IEND":
            turned = [_png_chunk(b"eXIf", exif_of(orientation))] if orientation != 1 else []
            return width, height, b"".join([*kept, *turned, _png_chunk(b"IEND", b"")])
        if kind == b"eXIf":
            orientation = orientation_in(EXIF_HEAD + content)
        elif kind == b"iCCP":  # the profile without the name that somebody gave to it
            kept.append(_png_chunk(kind, b"profile\0" + content.partition(b"\0")[2]))
        elif kind in _PNG_KEPT:
            kept.append(data[at:end])
        elif not kind[0] & 0x20:
            raise ValueError("an unknown part that is needed")
        at = end


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def _webp(data: bytes) -> tuple[int, int, bytes]:
    end = 8 + struct.unpack("<I", data[4:8])[0]
    if end > len(data):
        raise ValueError("cut off")
    size: tuple[int, int] | None = None
    kept: list[tuple[bytes, bytes]] = []
    orientation = 1
    at = 12
    while at + 8 <= end:
        kind = data[at : at + 4]
        (length,) = struct.unpack("<I", data[at + 4 : at + 8])
        content = data[at + 8 : at + 8 + length]
        if len(content) < length:
            raise ValueError("cut off")
        if (named := _webp_size(kind, content)) is not None:
            check_pixels(*named)
            size = size or named
        if kind == b"EXIF":
            orientation = orientation_in(content if content.startswith(EXIF_HEAD) else EXIF_HEAD + content)
        elif kind in _WEBP_KEPT:
            kept.append((kind, content))
        at += 8 + length + (length & 1)
    if size is None:
        raise ValueError("no picture in it")
    return *size, _webp_file(kept, orientation)


def _webp_file(parts: list[tuple[bytes, bytes]], orientation: int) -> bytes:
    is_turned = orientation != 1 and parts[0][0] == b"VP8X"
    if is_turned:
        parts = [*parts, (b"EXIF", exif_of(orientation))]
    kept: list[bytes] = []
    for kind, content in parts:
        if kind == b"VP8X":
            flags = content[0] & ~(_WEBP_EXIF | _WEBP_XMP) | (_WEBP_EXIF if is_turned else 0)
            content = bytes([flags]) + content[1:]
        kept.append(kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) & 1))
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _webp_size(kind: bytes, content: bytes) -> tuple[int, int] | None:
    if kind == b"VP8X":
        return 1 + int.from_bytes(content[4:7], "little"), 1 + int.from_bytes(content[7:10], "little")
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", content[6:10])
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        bits = int.from_bytes(content[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return None


def _gif(data: bytes) -> tuple[int, int, bytes]:
    width, height, flags = struct.unpack("<HHB", data[6:11])
    check_pixels(width, height)
    at = 13 + _palette_bytes(flags)
    kept = [data[:at]]
    while data[at] != 0x3B:
        begin = at
        if data[at] == 0x2C:
            at = _after_blocks(data, at + 11 + _palette_bytes(data[at + 9]))
            kept.append(data[begin:at])
        elif data[at] == 0x21:
            at = _after_blocks(data, at + 2)
            is_loop = data[begin + 1] == 0xFF and data[begin + 3 : begin + 14] in _GIF_LOOPS
            if data[begin + 1] == 0xF9 or is_loop:
                kept.append(data[begin:at])
        else:
            raise ValueError("an unknown part")
    return width, height, b"".join([*kept, b"\x3b"])


def _palette_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    while length := data[at]:
        at += 1 + length
    return at + 1
