"""What the ledger's sums mean, in words: key figures, forecast, budget. No Qt here."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from steelyard.ui.widgets.cost_figure import KeyFigure
from steelyard.ui.widgets.cost_format import percent, tokens, usd
from steelyard.ui.widgets.facts_format import DASH, count
from steelyard.ui.widgets.models_text import plain

if TYPE_CHECKING:
    from steelyard.core.values.cost_ledger import Budget, CostLedger, Forecast, LedgerRow
    from steelyard.core.values.costs import Band

_UNITS = {"full": "against all-in", "marginal": "against electricity"}


def key_figures(ledger: CostLedger) -> list[KeyFigure]:
    """Paid, electricity, all-in, elsewhere, saved: five figures that are never added up."""
    total = ledger.total
    return [
        _paid(total),
        KeyFigure(
            "Electricity here",
            usd(total.local_marginal_usd),
            below=_known_for(total, total.local_unpriced_runs, "set the tariff and a meter or watts"),
            why="Energy of the local runs, idle taken off, at your tariff. What one more run costs.",
        ),
        KeyFigure(
            "All-in here",
            usd(total.local_full_usd),
            below=_known_for(total, total.local_without_full_runs, "set price, life and busy share"),
            why="Electricity, and the machine's price spread over the seconds in which it is busy.",
        ),
        _elsewhere(ledger),
        _saved(ledger),
    ]


def _paid(total: LedgerRow) -> KeyFigure:
    unpriced = total.unpriced_runs - total.local_unpriced_runs
    runs = total.runs - total.local_runs
    below = f"{count(runs)} API runs"
    if unpriced:
        below = f"{below}, {count(unpriced)} without a price"
    return KeyFigure(
        "Paid to APIs",
        usd(total.api_usd),
        below=below,
        why="Usage as the APIs reported it, at the price of that day. Runs without a price are not in it.",
    )


def _known_for(total: LedgerRow, unknown: int, remedy: str) -> str:
    if total.local_runs == 0:
        return "no local runs"
    if unknown == 0:
        return f"{count(total.local_runs)} local runs"
    if unknown >= total.local_runs:
        return remedy
    return f"known for {count(total.local_runs - unknown)} of {count(total.local_runs)} runs"


def _elsewhere(ledger: CostLedger) -> KeyFigure:
    against = ledger.comparator
    why = "The local runs' tokens at the comparator's price. Nobody paid this."
    if against is None:
        return KeyFigure("Elsewhere", DASH, below="choose a comparator above", why=why)
    if against.unknown:
        return KeyFigure(f"At {plain(against.name, 60)}", DASH, below=plain(against.unknown, 160), why=why)
    dated = f"price of {against.price_date}" if against.price_date else "price without a date"
    if against.assumes_same_counts:
        why = f"{why} Tokens as each local model's own vocabulary counted them."
    return KeyFigure(f"At {plain(against.name, 60)}", usd(ledger.total.would_have_usd), below=dated, why=why)


def _saved(ledger: CostLedger) -> KeyFigure:
    total = ledger.total
    why = "What the local runs would have cost elsewhere, minus what they cost here."
    if total.saved_usd is None or total.saved_basis is None:
        return KeyFigure("Saved", DASH, below=_why_not_saved(total), why=why)
    if total.saved_basis == "marginal":
        why = f"{why} The machine itself is not in it: its price is not known for all of these runs."
    tone = "bad" if Decimal(total.saved_usd) < 0 else "good"
    return KeyFigure("Saved", usd(total.saved_usd), below=_UNITS[total.saved_basis], tone=tone, why=why)


def _why_not_saved(total: LedgerRow) -> str:
    if total.would_have_usd is None:
        return "needs a comparator with a price" if total.local_runs else "no local runs"
    return f"cost here unknown for {count(total.local_unpriced_runs)} of {count(total.local_runs)} runs"


def forecast_lines(forecast: Forecast) -> list[tuple[str, str]]:
    """Name and value of each line of the card; empty without enough days."""
    if not forecast.is_enough:
        return []
    lines = [("Tokens", _span(forecast.tokens_month, money=False))]
    paid = "no paid runs" if forecast.api_usd_month is None else _span(forecast.api_usd_month, money=True)
    return [*lines, ("Paid to APIs", paid)]


def forecast_note(forecast: Forecast) -> str:
    """Where the figures come from, or what is missing."""
    if forecast.is_enough:
        return f"P10 to P90, P50 first; {forecast.note}"
    return f"{forecast.note[:1].upper()}{forecast.note[1:]}."


def budget_words(budget: Budget) -> tuple[str, str]:
    """The figure, and what it means."""
    spent = usd(budget.spent_usd)
    if budget.cap_usd is None:
        return spent, f"paid in {budget.month}; no cap is set"
    figure = f"{spent} of {usd(budget.cap_usd)}"
    if budget.share is not None and budget.share >= 1:
        return figure, "The cap is reached: paid runs are refused until the month ends or the cap is raised."
    share = percent(budget.share)
    if budget.projected_usd is None:
        return figure, f"{share} used in {budget.month}; too early in the month to project"
    over = Decimal(budget.projected_usd) > Decimal(budget.cap_usd)
    heading = "would pass the cap" if over else "stays below the cap"
    return figure, f"{share} used; at this rate {usd(budget.projected_usd)} by the month's end, {heading}"


def _span(band: Band | None, *, money: bool) -> str:
    if band is None:
        return DASH
    low, middle, high = ((usd if money else tokens)(value) for value in (band.p10, band.p50, band.p90))
    return f"{middle}  ({low} to {high})"
