"""What the Models page says: names of strangers made harmless, and figures as text. No Qt here."""

from __future__ import annotations

import re

from steelyard.core.base.errors import printable
from steelyard.ui.widgets.facts_format import GIB, file_size

_MAX_CHARS = 300
_KILO = 1024


def plain(text: str | None, most: int = _MAX_CHARS) -> str:
    """One line of somebody else's text: nothing in it steers, and it has an end."""
    text = text or ""
    if not text.isprintable():
        text = printable(text)
    shown = " ".join(text.split())
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def sentence(text: str | None) -> str:
    """Somebody else's words with a capital first."""
    shown = plain(text)
    return shown[:1].upper() + shown[1:]


def owner_of(repo: str) -> str:
    """`bartowski` of `bartowski/Qwen2.5-32B-Instruct-GGUF`."""
    return plain(repo.partition("/")[0])


def title_of(repo: str) -> str:
    """The repository without its owner."""
    return plain(repo.partition("/")[2] or repo)


def short_count(number: int) -> str:
    """`412 k`, `1.9 M`."""
    if number < 1000:
        return str(number)
    if number < 999_500:
        return f"{number / 1000:.0f} k"
    return f"{number / 1e6:.1f} M"


def parameters(count: int | None) -> str:
    """`32.8 B`, `135 M`; empty when unknown."""
    if not count:
        return ""
    return f"{count / 1e9:.1f} B" if count >= 999_500_000 else f"{count / 1e6:.0f} M"


def context(tokens: int | None) -> str:
    """`32k`, `128k`, `1000`; empty when unknown."""
    if not tokens:
        return ""
    return f"{tokens // _KILO}k" if tokens >= _KILO else str(tokens)


def rough_size(size_bytes: int) -> str:
    """`19.9 GB`, `412 GB`: as exact as an estimate or free space is worth."""
    if size_bytes < 999_500_000:
        return file_size(size_bytes)
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes < 99_950_000_000 else f"{size_bytes / 1e9:,.0f} GB"


def bare_repo(repo: str) -> str:
    """The repository's title without the word that all of them end in."""
    return re.sub(r"[-_.]gguf$", "", title_of(repo), flags=re.IGNORECASE)


def month(stamp: str | None) -> str:
    """`2024-09` of an ISO time; empty when unknown."""
    return plain(stamp)[:7]


def gib(size_bytes: int) -> str:
    """`21.4`, `0.29`: GiB, the unit of memory."""
    return (
        f"{size_bytes / GIB:.1f}"
        if size_bytes >= 0.995 * GIB or not size_bytes
        else f"{size_bytes / GIB:.2f}"
    )


def gigabytes(size_bytes: int) -> str:
    """`5.41` of `5.41 GB`: decimal, without its unit."""
    return f"{size_bytes / 1e9:.2f}"


def done_of(done_bytes: int, size_bytes: int) -> str:
    """`5.41 of 8.73 GB`, `31 of 145 MB`."""
    if size_bytes >= 999_500_000:
        return f"{gigabytes(done_bytes)} of {file_size(size_bytes)}"
    return f"{done_bytes / 1e6:.0f} of {file_size(size_bytes)}"


def transfer_rate(bytes_per_s: float | None) -> str:
    """`84.2 MB/s`, `512 kB/s`, `1.20 GB/s`; empty when unknown."""
    if bytes_per_s is None:
        return ""
    if bytes_per_s < 999_500:
        return f"{bytes_per_s / 1e3:.0f} kB/s"
    if bytes_per_s < 999_950_000:
        return f"{bytes_per_s / 1e6:.1f} MB/s"
    return f"{bytes_per_s / 1e9:.2f} GB/s"


def time_left(eta_s: float | None) -> str:
    """`39 s left`, `4 min left`, `2 h 10 min left`; empty when unknown."""
    if eta_s is None:
        return ""
    seconds = round(eta_s)
    if seconds < 100:
        return f"{seconds} s left"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min left"
    return f"{minutes // 60} h {minutes % 60:02d} min left"


def percent(part: int, whole: int) -> int:
    """Whole percent, and 100 only when all of it is there."""
    if whole <= 0:
        return 0
    return min(100, part * 100 // whole)


def counted(number: int, word: str) -> str:
    """`1 file`, `3 files`."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"
