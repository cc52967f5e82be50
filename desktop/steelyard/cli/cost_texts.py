"""Results of `costs …` as text for a person. With `--json` none of this is used."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from steelyard.cli.show import show_table
from steelyard.core.base.errors import one_line, printable

if TYPE_CHECKING:
    from steelyard.core.values.cost_ledger import CostLedger, LedgerRow
    from steelyard.core.values.costs import BreakEven, Curve, HybridCost, Payback, Sensitivity, Tco
    from steelyard.core.values.price_rows import PriceBook, PricedTokens

_DASH = "—"
_STEPS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


def money(usd: str | None) -> str:
    """Cents for sums, enough digits for what is smaller than one; unknown is a dash."""
    if usd is None:
        return _DASH
    value = Decimal(usd)
    sign, size = ("-" if value < 0 else ""), abs(value)
    if 0 < size < 1:
        return f"{sign}${size:.4g}" if size >= Decimal("0.0001") else f"{sign}${size:.12f}".rstrip("0")
    return f"{sign}${size:,.2f}"


def tokens_text(tokens: float | None) -> str:
    """`35.4 M`."""
    if tokens is None:
        return _DASH
    for size, letter in _STEPS:
        if tokens >= size:
            return f"{tokens / size:,.4g} {letter}" if tokens < 1e15 else f"{tokens:.3g}"
    return f"{tokens:,.0f}"


def show_break_even(result: BreakEven) -> None:
    """One sentence, and what it rests on."""
    print(printable(result.reason))
    print(f"API {money(result.blended_usd_per_m)} per M tokens of this mix")
    if result.utilisation_at_break_even is not None:
        print(f"break-even at {100 * result.utilisation_at_break_even:.4g} % of the capacity")


def show_payback(result: Payback) -> None:
    """Months, or why never."""
    months = result.payback_months
    print(printable(result.reason) if months is None else f"{months:.4g} months: {printable(result.reason)}")


def show_hybrid(result: HybridCost) -> None:
    """Both bills."""
    share = "" if result.saving_share is None else f", {100 * result.saving_share:.4g} % saved"
    print(f"API only {money(result.api_usd)} a month, hybrid {money(result.hybrid_usd)}{share}")
    print(f"the hybrid is cheaper above {tokens_text(result.break_even_tokens_month)} tokens a month")


def show_tco(result: Tco) -> None:
    """The month by its parts; $/M never without utilisation, mix and concurrency."""
    month = result.monthly
    rows = [
        ["depreciation", money(month.depreciation_usd)],
        ["electricity", money(month.energy_usd)],
        ["people", money(month.people_usd)],
        ["rent", money(month.rent_usd)],
        ["other", money(month.other_usd)],
        ["a month", money(month.total_usd)],
        ["of it fixed", money(result.fixed_usd_month)],
        ["capacity", f"{tokens_text(result.capacity_tokens_month)} tokens a month"],
    ]
    show_table(["", "USD"], [list(row) for row in rows])
    if result.usd_per_m is not None and result.utilisation is not None:
        print(
            f"{money(result.usd_per_m)} per M tokens at {100 * result.utilisation:.3g} % utilisation,"
            f" mix {result.mix}, concurrency {result.concurrency or _DASH}"
            f" (electricity above idle: {money(result.marginal_usd_per_m)} per M)"
        )
    for line in result.assumptions:
        print(printable(f"- {line}"))


def show_curve(result: Curve) -> None:
    """A row for each volume, then each crossing."""
    show_table(
        ["TOKENS/MONTH", "API", "SELF-HOST", "HYBRID", "MACHINES", "CHEAPER"],
        [
            [
                tokens_text(row.tokens_month),
                money(row.api_usd),
                money(row.self_usd),
                money(row.hybrid_usd),
                row.machines,
                row.winner,
            ]
            for row in result.rows
        ],
    )
    for crossing in result.crossings:
        stable = ", and stays so" if crossing.stable_above else ""
        side = "self-hosting" if crossing.cheaper_above == "self_host" else "the API"
        print(f"above {tokens_text(crossing.tokens_month)} {side} is cheaper{stable}")
    if not result.crossings:
        print("the lines do not cross")


def show_sensitivity(result: Sensitivity) -> None:
    """Bars, widest first."""
    print(f"self-hosting saves {money(result.base_usd_month)} a month against the API")
    rows: list[list[Any]] = [
        [bar.what, bar.low, bar.high, money(bar.saving_low_usd), money(bar.saving_high_usd), bar.unit]
        for bar in result.bars
    ]
    show_table(["INPUT", "LOW", "HIGH", "SAVING AT LOW", "SAVING AT HIGH", "UNIT"], rows)


def show_price(priced: PricedTokens) -> None:
    """The bill, then which price that was."""
    rows: list[list[Any]] = [
        [part.what, f"{part.quantity:,}", part.usd_per_million, money(part.usd)] for part in priced.parts
    ]
    show_table(["WHAT", "TOKENS", "USD PER M", "USD"], rows)
    print(printable(f"{money(priced.usd)}, by {priced.price_id} ({priced.price_date or 'no date'})"))
    for note in priced.notes:
        print(printable(f"- {note}"))


def show_prices(book: PriceBook) -> None:
    """The book and its first rows."""
    info = book.info
    age = "" if info.age_days is None else f", {info.age_days} days old"
    stale = " (stale: `costs prices --update` fetches a newer one)" if info.is_stale else ""
    print(printable(f"{info.name}, prices up to {info.date or _DASH}{age}{stale}"))
    show_table(
        ["MODEL", "IN", "OUT", "CACHED", "WRITE", "SINCE", "NOTE"],
        [
            [row.model, row.input, row.output, row.cached, row.cache_write, row.valid_from, _note(row)]
            for row in book.rows
        ],
    )
    if book.total > len(book.rows):
        print(f"{len(book.rows)} of {book.total:,}")


def _note(row: Any) -> str:
    words = ["your price"] if row.is_override else []
    words += ["retired"] if row.retired else []
    return ", ".join(words)


def show_ledger(ledger: CostLedger) -> None:
    """Paid, electricity, all-in and what it would have cost: four columns that are never added up."""
    show_table(
        [ledger.by.upper(), "RUNS", "PAID", "ELECTRICITY", "ALL-IN", "ELSEWHERE", "SAVED", "TOKENS"],
        [_ledger_cells(one_line(row.key) or "(none)", row) for row in ledger.rows]
        + [_ledger_cells("all", ledger.total)],
    )
    for line in _left_out(ledger.total):
        print(line)
    if ledger.comparator is not None:
        words = ledger.comparator.unknown or f"what local runs would have cost at {ledger.comparator.name}"
        print(printable(f"elsewhere: {words}"))
    budget = ledger.budget
    cap = "no cap" if budget.cap_usd is None else f"of {money(budget.cap_usd)}"
    print(f"{budget.month}: {money(budget.spent_usd)} paid, {cap}")
    print(printable(ledger.forecast.note))


def _left_out(total: LedgerRow) -> list[str]:
    """Sums without some of their runs say so: all-in may be below electricity then."""
    missing = {
        "paid": total.unpriced_runs - total.local_unpriced_runs,
        "electricity": total.local_unpriced_runs,
        "all-in": total.local_without_full_runs,
    }
    return [f"{what}: not known for {runs:,} runs" for what, runs in missing.items() if runs]


def _ledger_cells(name: str, row: LedgerRow) -> list[Any]:
    return [
        name,
        row.runs,
        money(row.api_usd),
        money(row.local_marginal_usd),
        money(row.local_full_usd),
        money(row.would_have_usd),
        money(row.saved_usd),
        tokens_text(row.prompt_tokens + row.completion_tokens),
    ]
