"""Split sets: one model over several files, `name-00001-of-00003.gguf` (llama.cpp's gguf-split)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PART = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf", re.IGNORECASE)
_MAX_PARTS = 999


@dataclass(frozen=True)
class Part:
    """What the name of one file of a split set says; numbers count from 1."""

    stem: str
    number: int
    count: int

    @property
    def set_name(self) -> str:
        """The name of the whole set, as if it were one file."""
        return f"{self.stem}.gguf"

    def file_names(self) -> list[str]:
        """The names of all files of the set, first to last."""
        return [f"{self.stem}-{number:05d}-of-{self.count:05d}.gguf" for number in range(1, self.count + 1)]


def part_of(file_name: str) -> Part | None:
    """The place of a file in a split set; None for a file that stands for itself."""
    match = _PART.fullmatch(file_name)
    if match is None:
        return None
    part = Part(match["stem"], int(match["number"]), int(match["count"]))
    return part if 1 <= part.number <= part.count <= _MAX_PARTS else None
