"""What moves the saving: each input alone from a low to a high value (a tornado chart).

The same few lines serve a profile (`profile_sensitivity`) and a case of Decide: whoever calls says what is
moved from where to where, and how the saving follows from the inputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Generic, TypeVar

from steelyard.core.costs.exact import as_float, exact, usd_pico
from steelyard.core.costs.mix import parse_mix
from steelyard.core.values.costs import Bar, Sensitivity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

STEP = Decimal("0.20")
"""Of prices, tokens, watts, rates and machines, both ways."""
PEOPLE_STEP = Decimal("0.50")
"""Of hours and posts: the input that is guessed worst."""
MIX_UNIT = "output share"
PRICE_UNIT = "USD per million tokens, blended"

_LARGE, _SHRINK = Decimal(10**14), Decimal("0.001")  # twice the largest part would be too long for a mix
Inputs = TypeVar("Inputs")


@dataclass(frozen=True)
class Move(Generic[Inputs]):
    """One input's low and high value (`low`, `high`: as they are shown) and all inputs with it."""

    what: str
    low: float | str
    high: float | str
    at_low: Inputs
    at_high: Inputs
    unit: str = ""


def sensitivity(
    saving: Callable[[Inputs], Decimal], base: Inputs, moves: Iterable[Move[Inputs]]
) -> Sensitivity:
    """Saving (USD a month) at the base and at both ends of each move; widest span first, ties as they came.

    Raises:
        UsageError: what `saving` raises, such as an input that is missing.
    """
    with exact():
        spans = [_spanned(saving, move) for move in moves]
        bars = [bar for _, bar in sorted(spans, key=lambda spanned: -spanned[0])]
        return Sensitivity(base_usd_month=usd_pico(saving(base)), bars=bars)


def around(value: Decimal, step: Decimal = STEP) -> tuple[Decimal, Decimal]:
    """The value less and plus a share of itself."""
    with exact():
        return value * (1 - step), value * (1 + step)


def mix_around(text: str) -> tuple[str, str]:
    """The mix with half and with twice as many output tokens for each input token: 1:2 gives 2:2 and 1:4.

    Raises:
        UsageError: not a mix.
    """
    mix = parse_mix(text)
    with exact():
        smaller = _SHRINK if max(mix.input_parts, mix.output_parts) > _LARGE else Decimal(1)
        tokens_in, tokens_out = mix.input_parts * smaller, mix.output_parts * smaller
        return _mix_text(2 * tokens_in, tokens_out), _mix_text(tokens_in, 2 * tokens_out)


def output_share(text: str) -> float:
    """Of all tokens, those that are output: what a mix is shown as."""
    return as_float(parse_mix(text).output_share)


def _mix_text(tokens_in: Decimal, tokens_out: Decimal) -> str:
    return ":".join(f"{round(part, 15).normalize():f}" for part in (tokens_in, tokens_out))


def _spanned(saving: Callable[[Inputs], Decimal], move: Move[Inputs]) -> tuple[Decimal, Bar]:
    low, high = saving(move.at_low), saving(move.at_high)
    bar = Bar(
        what=move.what,
        low=move.low,
        high=move.high,
        saving_low_usd=usd_pico(low),
        saving_high_usd=usd_pico(high),
        unit=move.unit,
    )
    return abs(high - low), bar
