"""Files that go with a prompt: read, checked by their content, and freed of what nobody asked to send."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import stat
from typing import TYPE_CHECKING

from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.base.paths import user_path
from steelyard.core.runs.files.images import clean_image
from steelyard.core.values.prompt import Attachment

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_ATTACHMENTS = 16
MAX_TEXT_BYTES = 2 << 20
MAX_IMAGE_BYTES = 8 << 20
MAX_TOTAL_BYTES = 32 << 20
_MAX_NAME_CHARS = 120
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_FOREIGN: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF-", "a PDF", "Attach its text, or a picture of the page."),
    (b"PK\x03\x04", "an archive or an office document", "Attach its text."),
    (b"BM", "a BMP image", "Save it as PNG or JPEG."),
    (b"II*\0", "a TIFF image", "Save it as PNG or JPEG."),
    (b"MM\0*", "a TIFF image", "Save it as PNG or JPEG."),
    (b"GGUF", "a file of weights", "Choose it as a target."),
)


def read_attachment(path: str, data: str | None = None) -> Attachment:
    """A file, or pasted bytes (`data`, base64) that only take their name from `path`. Blocks on the disk.

    Of the path, nothing but the base name is kept.

    Raises:
        UsageError: it cannot be read, is too large, or is neither text nor an image that can be sent.
    """
    name = base_name(path)
    try:
        content = _file_bytes(path) if data is None else _pasted(data)
        return _attachment(name, content)
    except UsageError as exc:
        raise UsageError(exc.title, f"{name}: {exc.detail}", exc.hint) from exc


def check_attachments(attachments: Sequence[Attachment]) -> None:
    """Refuse what a prompt cannot carry.

    Raises:
        UsageError: more than 16, more than 32 MiB together, or one with a folder in its name or no content.
    """
    if len(attachments) > MAX_ATTACHMENTS:
        raise UsageError(
            "Too many attachments", f"{len(attachments)}, {MAX_ATTACHMENTS} are the most", "Leave some out."
        )
    total = sum(max(one.size_bytes, len(one.text or ""), _decoded_bytes(one)) for one in attachments)
    if total > MAX_TOTAL_BYTES:
        raise UsageError(
            "The attachments are too large",
            f"{total:,} bytes, {MAX_TOTAL_BYTES:,} are the most",
            "Leave some out.",
        )
    for one in attachments:
        if one.name != base_name(one.name):
            raise UsageError("Not a usable attachment", "its name has a folder in it", "Attach it again.")
        if (one.text if one.kind == "text" else one.data) is None:
            raise UsageError(
                "Not a usable attachment", f"{one.name} came without content", "Attach it again."
            )


def refuse_images(who: str, attachments: Sequence[Attachment], projector: str | None) -> None:
    """For a server of ours that has no projector. `projector`: one that is there but not in use.

    Raises:
        AppError: there is an image among them.
    """
    images = [one.name for one in attachments if one.kind == "image"]
    if not images:
        return
    use = f"Choose {projector} as" if projector else "Put"
    raise AppError(
        f"{who} cannot read images",
        f"its server runs without a projector, and {', '.join(images[:3])} came with the prompt",
        f"{use} its projector (mmproj) in the launch profile, or take another target.",
    )


def refuse_webp(who: str, attachments: Sequence[Attachment]) -> None:
    """llama-server reads PNG, JPEG and GIF.

    Raises:
        AppError: there is a WebP image among them.
    """
    if names := [one.name for one in attachments if one.mime == "image/webp"]:
        raise AppError(
            f"{who} cannot read WebP images", ", ".join(names[:3]), "Save it as PNG or JPEG, and attach that."
        )


def base_name(path: str) -> str:
    """The last part of a path of any system, on one line and without invisible characters."""
    last = re.split(r"[\\/]", path.rstrip("\\/"))[-1]
    clean = "".join(c if c.isprintable() else " " for c in last.encode("utf-8", "replace").decode())
    clean = " ".join(clean.replace("`", "'").split())
    if len(clean) > _MAX_NAME_CHARS:
        clean = f"{clean[: _MAX_NAME_CHARS - 21]}…{clean[-20:]}"
    return clean or "file"


def _decoded_bytes(attachment: Attachment) -> int:
    """At least so many bytes are in its base64."""
    return max(0, len(attachment.data or "") * 3 // 4 - 2)


def _file_bytes(path: str) -> bytes:
    place = user_path(path)
    try:
        if not stat.S_ISREG(place.stat().st_mode):
            raise UsageError("A file cannot be attached", "it is no ordinary file", "Choose another one.")
        with place.open("rb") as file:
            return file.read(MAX_IMAGE_BYTES + 1)
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "no usable name"
        raise UsageError("A file cannot be attached", str(reason), "Check the path.") from exc


def _pasted(data: str) -> bytes:
    if len(data) > MAX_IMAGE_BYTES * 3 // 2:
        return bytes(MAX_IMAGE_BYTES + 1)
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise UsageError("What was pasted cannot be read", str(exc)) from exc


def _attachment(name: str, content: bytes) -> Attachment:
    if not content:
        raise UsageError("A file cannot be attached", "it is empty", "Choose another one.")
    if len(content) > MAX_IMAGE_BYTES:
        raise _too_large(MAX_IMAGE_BYTES)
    image = clean_image(content)
    if image is not None:
        return Attachment(
            name=name,
            kind="image",
            mime=image.mime,
            sha256=hashlib.sha256(image.data).hexdigest(),
            size_bytes=len(image.data),
            data=base64.b64encode(image.data).decode(),
        )
    _refuse_foreign(content)
    if len(content) > MAX_TEXT_BYTES:
        raise _too_large(MAX_TEXT_BYTES)
    text = _text(content)
    encoded = text.encode()
    return Attachment(
        name=name,
        kind="text",
        mime="text/plain",
        sha256=hashlib.sha256(encoded).hexdigest(),
        size_bytes=len(encoded),
        text=text,
    )


def _refuse_foreign(content: bytes) -> None:
    head = content[:4096]
    for magic, what, hint in _FOREIGN:
        if head.startswith(magic) and (len(magic) > 2 or b"\0" in head):
            raise UsageError("A file cannot be attached", f"it is {what}", hint)
    if head[4:8] == b"ftyp":
        raise UsageError(
            "A file cannot be attached", "it is a HEIC or AVIF image, or a video", "Save it as JPEG."
        )
    if re.search(rb"<svg[\s>]", head):
        raise UsageError(
            "A file cannot be attached", "an SVG drawing can pull in other files", "Save it as PNG."
        )


def _text(content: bytes) -> str:
    is_wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError as exc:
        raise UsageError(
            "A file cannot be attached",
            f"it is neither an image nor UTF-8 text (byte {exc.start})",
            "Save it as UTF-8 text.",
        ) from exc
    if "\0" in text or len(_CONTROLS.findall(text)) * 100 > len(text):
        raise UsageError("A file cannot be attached", "its content is binary", "Attach text or an image.")
    return text


def _too_large(limit_bytes: int) -> UsageError:
    return UsageError(
        "A file cannot be attached",
        f"it is larger than {limit_bytes >> 20} MiB",
        "Send a part of it.",
    )
