"""What the Decide page says: verdicts, money, volumes and shares as short text. No Qt here."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from steelyard.ui.widgets.labels import UNKNOWN

if TYPE_CHECKING:
    from steelyard.core.values.decision import Decision

VERDICTS = {
    "api": "API",
    "self_host": "Self-host",
    "hybrid": "Hybrid",
    "managed": "Managed open model",
    "undecided": "undecided",
}
TONES = {"api": "info", "self_host": "good", "hybrid": "accent", "managed": "warn"}
"""The status token of each way; the others are neutral."""
PATTERNS = {
    "complexity": "by difficulty: hard requests go to the API",
    "sensitivity": "by sensitivity: what must not leave stays here",
    "environment": "by stage: experiments use the API, production runs here",
    "overflow": "by load: peaks go to the API",
}
CONFIDENCES = {
    "clear": ("clear", "good"),
    "likely": ("likely", "accent"),
    "too_close": ("too close to call", "warn"),
    "provisional": ("provisional", "info"),
}
ORIGIN_TONES = {"measured": "good", "user": "info", "preset": "", "catalogue": ""}
PAGES = {
    "costs": "Costs",
    "compare": "Compare",
    "monitor": "Monitor",
    "models": "Models",
    "servers": "Servers",
    "evaluate": "Evaluate",
    "settings": "Settings",
}
"""Pages that evidence may lead to."""
_SCALES = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))
_CENTS_BELOW = 10_000


def decimal_of(value: object) -> Decimal | None:
    """A number of any kind as a decimal; None for all else."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def money(amount: object) -> str:
    """`$208.50`, `$7,000`, `$1.25 M`, `$0.0021`; an em dash when unknown. US dollars."""
    value = decimal_of(amount)
    if value is None:
        return UNKNOWN
    sign, size = ("-" if value < 0 else ""), abs(value)
    if size >= 10**6:
        scale, letter = next(pair for pair in _SCALES if size >= pair[0])
        return f"{sign}${_trimmed(size / scale, 2)} {letter}"
    if size == 0:
        return "$0"
    if size < 1:
        return f"{sign}${_significant(size, 3)}"
    if size >= _CENTS_BELOW or size == size.to_integral_value():
        return f"{sign}${size:,.0f}"
    return f"{sign}${size:,.2f}"


def tokens(count: object) -> str:
    """`95.6 M`, `1.07 B`, `304 k`; an em dash when unknown."""
    value = decimal_of(count)
    if value is None:
        return UNKNOWN
    for scale, letter in _SCALES:
        if abs(value) >= scale:
            return f"{_significant(value / scale, 3)} {letter}"
    return _significant(value, 3)


def percent(share: object) -> str:
    """`84 %`, `0.4 %`; an em dash when unknown."""
    value = decimal_of(share)
    if value is None:
        return UNKNOWN
    shown = value * 100
    return f"{_significant(shown, 2) if abs(shown) < 10 else _trimmed(shown, 1 if shown % 1 else 0)} %"


def plain_number(value: object) -> str:
    """As few digits as say it."""
    number = decimal_of(value)
    return UNKNOWN if number is None else _significant(number, 6)


def day(stamp: str) -> str:
    """`14 Oct 2026` of an ISO moment; the stamp itself where it is none."""
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        return stamp
    return f"{moment.day} {moment:%b %Y}"


def confidence_text(decision: Decision) -> str:
    """`likely, 84 %`."""
    word, _ = CONFIDENCES[decision.confidence]
    share = decision.share_cheapest
    return word if share is None else f"{word}, {percent(share)}"


def sentence(text: str) -> str:
    """With a capital first and without a full stop."""
    text = " ".join(text.split())
    return (text[:1].upper() + text[1:]).rstrip(".")


def _trimmed(value: Decimal, digits: int) -> str:
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _significant(value: Decimal, digits: int) -> str:
    """So many significant digits, plain, without zeros at the end; whole numbers keep all of theirs."""
    if value == 0:
        return "0"
    places = max(0, digits - 1 - value.adjusted())
    return _trimmed(value, places)
