"""Sums of the ledger as rows: what was paid, what local runs cost, what that would be elsewhere."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from steelyard.core.base.units import Pico, pico_from_usd, usd_text
from steelyard.core.costs.exact import MILLION, exact
from steelyard.core.values.cost_ledger import LedgerRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.core.costs.prices.price_book import TokenPrices
    from steelyard.core.store.cost_sums import Sums
    from steelyard.core.values.cost_ledger import LedgerKey

SavedBasis = Literal["full", "marginal"]


def ledger_rows(
    sums: Sequence[Sums], by: LedgerKey, prices: TokenPrices | None
) -> tuple[list[LedgerRow], LedgerRow]:
    """The rows (days newest first, others by money) and their total."""
    by_key: dict[str, list[Sums]] = {}
    for one in sums:
        by_key.setdefault(one.key, []).append(one)
    keys = sorted(by_key)
    if by == "day":
        keys.reverse()
    else:
        keys.sort(key=lambda key: _weight(by_key[key]), reverse=True)
    return [_row(key, by_key[key], prices) for key in keys], _row("", sums, prices)


@exact()
def would_have(local: Sequence[Sums], prices: TokenPrices) -> Pico | None:
    """Tokens of local runs at an API's price; None if they used none.

    Cached and written tokens cost the input price where they have none of their own, hidden reasoning the
    output price. Of prices by length of the prompt the first is taken: sums do not know single prompts.
    """
    prompt = sum(one.prompt_tokens for one in local)
    output = sum(one.completion_tokens for one in local)
    if prompt + output == 0:
        return None
    cached = sum(one.cached_tokens for one in local)
    written = min(sum(one.cache_write_tokens for one in local), prompt - cached)
    reasoning = sum(one.reasoning_tokens for one in local)
    lines = (
        (prompt - cached - written, prices.input),
        (cached, prices.input if prices.cached is None else prices.cached),
        (written, prices.input if prices.cache_write is None else prices.cache_write),
        (output - reasoning, prices.output),
        (reasoning, prices.output if prices.reasoning is None else prices.reasoning),
    )
    return pico_from_usd(sum((count * rate for count, rate in lines), Decimal(0)) / MILLION)


def _weight(group: Sequence[Sums]) -> tuple[int, int, int]:
    """For the order only; what was paid and what ran here are never added up."""
    own = max(sum(one.full for one in group), sum(one.marginal for one in group))
    return sum(one.paid for one in group), own, sum(one.runs for one in group)


def _row(key: str, group: Sequence[Sums], prices: TokenPrices | None) -> LedgerRow:
    local = [one for one in group if one.kind == "local"]
    elsewhere = would_have(local, prices) if prices else None
    basis = _basis(local)
    own = sum(one.full if basis == "full" else one.marginal for one in local)
    is_saved = elsewhere is not None and basis is not None
    return LedgerRow(
        key=key,
        kind=_kind(group),
        runs=sum(one.runs for one in group),
        failed=sum(one.failed for one in group),
        unpriced_runs=sum(one.unpriced for one in group),
        api_usd=_known([(one.paid, one.paid_runs) for one in group]),
        local_marginal_usd=_known([(one.marginal, one.marginal_runs) for one in local]),
        local_full_usd=_known([(one.full, one.full_runs) for one in local]),
        would_have_usd=usd_text(elsewhere),
        saved_usd=usd_text(elsewhere - own) if elsewhere is not None and is_saved else None,
        saved_basis=basis if is_saved else None,
        prompt_tokens=sum(one.prompt_tokens for one in group),
        cached_tokens=sum(one.cached_tokens for one in group),
        completion_tokens=sum(one.completion_tokens for one in group),
        reasoning_tokens=sum(one.reasoning_tokens for one in group),
        joules=sum(one.joules for one in group) if any(one.metered_runs for one in group) else None,
        busy_s=sum(one.busy_ms for one in group) / 1000,
        local_runs=sum(one.runs for one in local),
        local_unpriced_runs=sum(one.unpriced for one in local),
        local_without_full_runs=sum(one.without_full for one in local),
    )


def _basis(local: Sequence[Sums]) -> SavedBasis | None:
    """What the cost here is known as for all local runs that used tokens."""
    if any(one.full_runs for one in local) and not any(one.without_full for one in local):
        return "full"
    if any(one.marginal_runs for one in local) and not any(one.unpriced for one in local):
        return "marginal"
    return None


def _kind(group: Sequence[Sums]) -> Literal["api", "local", "both"]:
    kinds = {one.kind for one in group}
    if len(kinds) != 1:
        return "both"
    return "api" if "api" in kinds else "local"


def _known(amounts: Sequence[tuple[Pico, int]]) -> str | None:
    """The sum of amounts; None if no run is in any of them."""
    return usd_text(sum(pico for pico, _ in amounts)) if any(runs for _, runs in amounts) else None
