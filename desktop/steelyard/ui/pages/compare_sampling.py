"""The sampling parameters of the composer: what they are called, how they are read and shown. No Qt here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from steelyard.core.values.prompt import DEFAULT_MAX_TOKENS, Sampling

if TYPE_CHECKING:
    from collections.abc import Callable

ENGINE_DEFAULT = "Engine default"
MOST_REPEATS = 100
_MOST_A_MONTH = 10**12
_MOST_TOKENS = 1 << 20
_MOST_SEED = (1 << 31) - 1


@dataclass(frozen=True)
class Param:
    """One parameter; see `steelyard.ui.widgets.compare_values.ValueSpec`."""

    name: str
    label: str
    title: str
    help: str
    read: Callable[[str], Any]
    default: Any = None
    default_text: str = ENGINE_DEFAULT
    unset: str = "default"

    def parse(self, text: str) -> Any:
        """The value; an empty text means the default."""
        return self.read(text) if text else self.default

    def edit_text(self, value: Any) -> str:
        """As it is typed."""
        return "" if value is None else str(value)

    def chip_text(self, value: Any) -> str:
        """As the chip shows it."""
        if value is None:
            return self.unset
        return f"{value:,}" if isinstance(value, int) and self.name != "seed" else str(value)


def _temperature(text: str) -> float:
    return _float(text, 0.0, 2.0, "A number from 0 to 2")


def _top_p(text: str) -> float:
    value = _float(text, 0.0, 1.0, "A number above 0, at most 1")
    if value == 0:
        raise ValueError("A number above 0, at most 1")
    return value


def _float(text: str, low: float, high: float, rule: str) -> float:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        raise ValueError(rule) from None
    if not low <= value <= high:
        raise ValueError(rule)
    return value


def _max_tokens(text: str) -> int:
    return _int(text, 1, _MOST_TOKENS, f"A whole number from 1 to {_MOST_TOKENS:,}")


def _seed(text: str) -> int:
    return _int(text, 0, _MOST_SEED, f"A whole number from 0 to {_MOST_SEED:,}")


def _int(text: str, low: int, high: int, rule: str) -> int:
    try:
        value = int(text.replace(",", "").replace(" ", ""))
    except ValueError:
        raise ValueError(rule) from None
    if not low <= value <= high:
        raise ValueError(rule)
    return value


def _repeat(text: str) -> int:
    return _int(text, 1, MOST_REPEATS, f"A whole number from 1 to {MOST_REPEATS}")


def _month(text: str) -> int:
    return _int(text, 1, _MOST_A_MONTH, "A whole number from 1 to a million million")


PARAMS = (
    Param(
        "temperature", "Temp", "Temperature", "0 is the likeliest word each time, 2 is wild.", _temperature
    ),
    Param(
        "max_tokens",
        "Max tokens",
        "Max tokens",
        "The longest answer that is asked for.",
        _max_tokens,
        default=DEFAULT_MAX_TOKENS,
        default_text=f"{DEFAULT_MAX_TOKENS:,}",
    ),
    Param("seed", "Seed", "Seed", "The same seed asks for the same answer again.", _seed),
    Param("top_p", "Top-p", "Top-p", "Only the likeliest words that add up to this share.", _top_p),
)

REPEAT = Param(
    "repeat",
    "Repeat",
    "Repeat",
    "How often each target is asked. Figures are medians then.",
    _repeat,
    default=1,
    default_text="Once",
)
PER_MONTH = Param(
    "prompts_per_month",
    "Per month",
    "Prompts a month",
    "How many prompts like this one you expect. All comparisons are scaled to it.",
    _month,
    default_text="Unknown",
    unset="volume…",
)


def sampling_from(values: dict[str, Any]) -> Sampling:
    """Sampling from values by parameter name."""
    return Sampling(**values)
