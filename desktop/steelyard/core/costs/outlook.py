"""What a compared prompt costs once, a thousand times, and in the user's month; in whole pico-dollars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.base.units import pico_from_usd, usd_from_text, usd_text
from steelyard.core.costs.run_cost import SECONDS_PER_MONTH
from steelyard.core.values.comparison import CostOutlook, Scaled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from steelyard.core.values.run import Cost, CostBasis, TargetKind

_PER = 1000


def cost_outlook(
    kind: TargetKind, costs: Sequence[Cost], e2e_ms: float | None, prompts_month: int | None
) -> CostOutlook | None:
    """From the costs of one target's fair runs and the median time of its fair runs.

    An API has its price. A local target has electricity (marginal) and, where the machine's price is known,
    electricity and machine (full), each from the median of its own. None if there is nothing to tell.
    """
    if kind == "api":
        price = _scaled((cost.usd for cost in costs if cost.basis == "api_price"), prompts_month)
        return price and CostOutlook(basis="api_price", price=price, prompts_month=prompts_month)
    marginal = _scaled((cost.marginal_usd for cost in costs), prompts_month)
    full = _scaled((cost.full_usd for cost in costs), prompts_month)
    busy_share = _busy_share(e2e_ms, prompts_month)
    if marginal is None and full is None and busy_share is None:
        return None
    basis: CostBasis = "local_full" if full else "local_marginal" if marginal else "unknown"
    return CostOutlook(
        basis=basis, marginal=marginal, full=full, prompts_month=prompts_month, busy_share=busy_share
    )


def median_usd(amounts: Iterable[str | None], times: int = 1) -> str | None:
    """The median of amounts so many times, half a pico-dollar to the even one; None if none is known."""
    picos = sorted(pico_from_usd(usd_from_text(usd)) for usd in amounts if usd is not None)
    if not picos:
        return None
    doubled = (picos[(len(picos) - 1) // 2] + picos[len(picos) // 2]) * times
    half, rest = divmod(doubled, 2)
    return usd_text(half + (rest and half % 2))


def _scaled(amounts: Iterable[str | None], prompts_month: int | None) -> Scaled | None:
    known = [usd for usd in amounts if usd is not None]
    one, many = median_usd(known), median_usd(known, _PER)
    if one is None or many is None:
        return None
    month = None if prompts_month is None else median_usd(known, prompts_month)
    return Scaled(usd=one, per_1000_usd=many, month_usd=month)


def _busy_share(e2e_ms: float | None, prompts_month: int | None) -> float | None:
    if e2e_ms is None or prompts_month is None:
        return None
    return prompts_month * e2e_ms / 1000 / float(SECONDS_PER_MONTH)
