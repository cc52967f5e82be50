"""Which files go with the next prompt, and what is to be said about them. No Qt here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.prompt import Attachment

MAX_FILES = 16


@dataclass(eq=False)
class AttachedFile:
    """A file on its way into the prompt: neither `attachment` nor `error` while it is being read."""

    name: str
    attachment: Attachment | None = None
    error: AppError | None = None

    @property
    def is_reading(self) -> bool:
        """Whether nothing is known yet."""
        return self.attachment is None and self.error is None


def base_name(path: str) -> str:
    """The name without folders, of either system's kind."""
    return PurePath(path.replace("\\", "/")).name or "file"


def detail_of(attachment: Attachment) -> str:
    """`PNG, 48 kB`."""
    kind = attachment.mime.partition("/")[2].upper() if attachment.kind == "image" else "text"
    return f"{kind}, {size_text(attachment.size_bytes)}"


def refusal_of(name: str, error: AppError) -> str:
    """Why a file cannot be sent, in a few words."""
    why = error.detail.removeprefix(f"{name}: ")
    return why if why and why != name else error.title


def size_text(size_bytes: int) -> str:
    """Decimal, as files are printed: `812 B`, `48 kB`, `3.1 MB`."""
    if size_bytes < 1_000:
        return f"{size_bytes} B"
    if size_bytes < 999_500:
        return f"{size_bytes / 1e3:.0f} kB"
    return f"{size_bytes / 1e6:.1f} MB"


def blind_warning(attachments: Iterable[Attachment], blind: list[str]) -> str:
    """Names the columns that cannot read the images; empty where there is nothing to say."""
    if not blind or not any(attachment.kind == "image" for attachment in attachments):
        return ""
    if len(blind) == 1:
        who, whose = f"{blind[0]} runs", "its profile"
    else:
        who, whose = f"{', '.join(blind[:-1])} and {blind[-1]} run", "their profiles"
    return f"{who} without a projector and cannot read images: set one in {whose} on the Servers page."
