"""Figures as text. Unknown is an em dash, never zero. No Qt here."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

DASH = "—"
GIB = 1 << 30
MIB = 1 << 20


@dataclass(frozen=True)
class Figure:
    """A value with its unit apart, so that the unit can be set smaller."""

    value: str
    unit: str = ""

    @property
    def text(self) -> str:
        """Value and unit."""
        return f"{self.value} {self.unit}" if self.unit else self.value


UNKNOWN = Figure(DASH)


def duration(ms: float | None) -> Figure:
    """`41 ms`, `4.31 s`, `2 min 05 s`."""
    if ms is None:
        return UNKNOWN
    if ms < 9.95:
        return Figure(f"{ms:.1f}", "ms")
    if ms < 999.5:
        return Figure(f"{ms:.0f}", "ms")
    if ms < 99_995:
        return Figure(f"{ms / 1000:.2f}", "s")
    minutes, seconds = divmod(round(ms / 1000), 60)
    return Figure(f"{minutes} min {seconds:02d}", "s")


def rate(tokens_per_s: float | None) -> Figure:
    """`148.2 tok/s`."""
    if tokens_per_s is None:
        return UNKNOWN
    digits = 0 if tokens_per_s >= 999.5 else 1
    return Figure(f"{tokens_per_s:,.{digits}f}", "tok/s")


def chars_rate(chars_per_s: float | None) -> Figure:
    """`702 char/s`."""
    return UNKNOWN if chars_per_s is None else Figure(f"{chars_per_s:,.0f}", "char/s")


def count(number: int | None) -> str:
    """`1,234`."""
    return DASH if number is None else f"{number:,}"


def usd(amount: str | Decimal | None) -> Figure:
    """Money with three significant digits below a dollar: `$0.00086`, `$1.24`."""
    if amount is None:
        return UNKNOWN
    value = Decimal(amount)
    if value == 0:
        return Figure("$0")
    if abs(value) >= 1:
        return Figure(f"${value:,.2f}")
    if abs(value) < Decimal("1e-9"):
        return Figure("< $0.000000001")
    places = min(12, 2 - value.adjusted() - 1)
    return Figure(f"${value:.{max(2, places)}f}")


def memory(size_bytes: int | None) -> Figure:
    """`5.8 GiB`, `318 MiB`."""
    if size_bytes is None:
        return UNKNOWN
    if size_bytes < GIB:
        return Figure(f"{size_bytes / MIB:,.0f}", "MiB")
    return Figure(f"{size_bytes / GIB:.1f}", "GiB")


def file_size(size_bytes: int | None) -> str:
    """Decimal units, as Hugging Face prints them: `145 MB`."""
    if size_bytes is None:
        return DASH
    if size_bytes < 999_500_000:
        return f"{max(1, round(size_bytes / 1e6))} MB"
    return f"{size_bytes / 1e9:.2f} GB"


def energy(joules: float | None) -> Figure:
    """`711 J`, `1.5 kJ`, `0.42 J`."""
    if joules is None:
        return UNKNOWN
    if joules >= 9_999.5:
        return Figure(f"{joules / 1000:,.1f}", "kJ")
    digits = 0 if joules >= 99.95 else 1 if joules >= 9.995 else 2
    return Figure(f"{joules:,.{digits}f}", "J")


@dataclass(frozen=True)
class Fact:
    """One cell: label, value and unit; `short` replaces the label where room is scarce."""

    label: str
    value: str
    unit: str = ""
    short: str = ""
    tone: str = ""
    """A colour token for the value, empty for plain text."""
    tooltip: str = ""
    mark: str = ""
    """Icon after the value of the best column."""

    @property
    def text(self) -> str:
        """Value and unit, as read aloud."""
        return f"{self.value} {self.unit}" if self.unit else self.value
