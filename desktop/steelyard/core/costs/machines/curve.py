"""Costs over tokens a month: the API's line, the machines' steps, a hybrid, and where they cross."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

from steelyard.core.base.errors import UsageError
from steelyard.core.costs.exact import MILLION, as_float, exact, usd_pico, whole_again
from steelyard.core.costs.machines.profile_file import MAX_TOKENS, above_zero, share
from steelyard.core.costs.toml_in import checked_number
from steelyard.core.values.costs import Crossing, Curve, CurveRow, Winner

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from steelyard.core.costs.machines.model import MachineCosts

MAX_ROWS = 1000
MAX_CROSSINGS = 200
_ZERO = Decimal(0)
_TOKENS = above_zero("tokens a month", "", "", MAX_TOKENS)
_SHARE = share("", "")


@exact()
def curve(
    costs: MachineCosts,
    blended: Decimal,
    tokens: Sequence[Decimal],
    local_share: Decimal | None,
    tie_band: Decimal,
) -> Curve:
    """A row for each volume, in the order given, and all crossings.

    Self-hosting starts from one machine and takes ceil(V / capacity) of them, whatever the profile has;
    without a capacity it keeps the profile's machines. The hybrid line keeps `local_share` of the tokens on
    as many as that part takes. `blended` is USD per million.

    Raises:
        UsageError: volumes that are not above 0 and up to 10^18, more than 1,000 of them, a share beyond 1.
    """
    if not 1 <= len(tokens) <= MAX_ROWS:
        raise UsageError("No usable volumes", f"{len(tokens):,} of them", f"Give 1 to {MAX_ROWS:,} volumes.")
    checked_number("tie_band", tie_band, _SHARE)
    if local_share is not None:
        checked_number("local_share", local_share, _SHARE)
    for volume in tokens:
        checked_number("tokens", volume, _TOKENS)
    rows = [_row(costs, blended, volume, local_share, tie_band) for volume in tokens]
    return Curve(rows=rows, crossings=crossings(costs, blended))


def winner(api_usd: Decimal, self_usd: Decimal, tie_band: Decimal) -> Winner:
    """The cheaper side; a tie if they are no further apart than the band, a share of the dearer one."""
    if whole_again(abs(api_usd - self_usd)) <= whole_again(tie_band * max(api_usd, self_usd)):
        return "tie"
    return "api" if api_usd < self_usd else "self_host"


def _row(
    costs: MachineCosts, blended: Decimal, tokens: Decimal, local_share: Decimal | None, tie_band: Decimal
) -> CurveRow:
    api_usd = tokens * blended / MILLION
    machines = costs.machines_for(tokens)
    self_usd = costs.self_usd(tokens, machines)
    hybrid_usd = None
    if local_share is not None:
        hybrid_usd = (1 - local_share) * api_usd + costs.self_usd(local_share * tokens)
    return CurveRow(
        tokens_month=as_float(tokens),
        api_usd=usd_pico(api_usd),
        self_usd=usd_pico(self_usd),
        hybrid_usd=None if hybrid_usd is None else usd_pico(hybrid_usd),
        machines=machines,
        winner=winner(api_usd, self_usd, tie_band),
    )


@exact()
def crossings(costs: MachineCosts, blended: Decimal) -> list[Crossing]:
    """Volumes where the cheaper side changes, in order, up to 10^18 tokens; costs as in `curve`.

    With n machines self-hosting is cheaper above V*_n = (n x F1 + F0) / (p - m), if that lies within what n
    machines can do; at the edge of a step the next machine can make it dearer again. From step N on it stays
    cheaper, where N x (capacity x (p - m) - F1) >= capacity x (p - m) + F0. Of more than 200 the first 199
    are listed, and the last. Where one side is cheaper from the first token on there is none.
    """
    margin = (blended - (costs.marginal_usd_per_m or _ZERO)) / MILLION
    per_machine, shared, capacity = costs.per_machine_usd, costs.shared_usd, costs.capacity_per_machine
    if margin <= 0 or per_machine == shared == 0:
        return []
    if capacity is None:
        return _kept([_up(costs.fixed_usd(costs.machines) / margin, is_stable=True)])
    gain = whole_again(capacity * margin) - per_machine
    if gain <= 0:
        return []
    stable = whole_again((capacity * margin + shared) / gain)
    stable_step = int(stable.to_integral_value(rounding=ROUND_CEILING))
    first_step = int(whole_again(shared / gain).to_integral_value(rounding=ROUND_FLOOR)) + 1
    listed: list[Crossing] = []
    for crossing in _steps(costs, margin, capacity, first_step, stable_step):
        listed.append(crossing)
        if len(listed) >= MAX_CROSSINGS - 1 or crossing.tokens_month > MAX_TOKENS:
            break
    if not listed or not listed[-1].stable_above:
        last_step = max(first_step, stable_step - 1)
        listed.append(_up(costs.fixed_usd(last_step) / margin, is_stable=True))
    return _kept(listed)


def _steps(
    costs: MachineCosts, margin: Decimal, capacity: Decimal, first_step: int, stable_step: int
) -> Iterator[Crossing]:
    """Up within a step, down at its edge, until it stays up."""
    last_step = max(first_step, stable_step - 1)
    for step in range(first_step, last_step + 1):
        yield _up(costs.fixed_usd(step) / margin, is_stable=step == last_step)
        if step < last_step:
            yield Crossing(tokens_month=as_float(step * capacity), stable_above=False, cheaper_above="api")


def _up(tokens: Decimal, *, is_stable: bool) -> Crossing:
    return Crossing(tokens_month=as_float(tokens), stable_above=is_stable)


def _kept(listed: list[Crossing]) -> list[Crossing]:
    return [crossing for crossing in listed if crossing.tokens_month <= MAX_TOKENS]
