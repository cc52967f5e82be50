"""What a column costs now, for a thousand such prompts and in a month, as lines of a table. No Qt here."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from steelyard.ui.pages.compare_facts import cost_reason, cost_settings
from steelyard.ui.widgets.compare_costs import CostLine, Costs
from steelyard.ui.widgets.facts_format import DASH, usd

if TYPE_CHECKING:
    from steelyard.core.values.comparison import CostOutlook, Scaled
    from steelyard.ui.pages.compare_tree import Column

_NO_VOLUME = "Say how many such prompts you expect in a month"
_NOT_YET = "Known when the run is over"


def outlook_of(column: Column, per_month: int | None) -> Costs:
    """One line for each way to count: an API's price; electricity, and the machine's share with it."""
    turn = column.turn
    if turn is None or turn.is_open or turn.run is None:
        return Costs([CostLine("Cost", DASH, DASH, DASH, _NOT_YET)], per_month)
    outlook = turn.summary.outlook if turn.summary is not None else None
    if outlook is None or not (outlook.price or outlook.marginal or outlook.full):
        excluded = turn.excluded_by("usd")
        why = excluded.detail if excluded is not None else "Not worked out for this answer"
        if turn.run.cost.usd is None:
            why = cost_reason(turn.run)
        line = CostLine("Cost", usd(turn.run.cost.usd).text, DASH, DASH, why)
        return Costs([line], per_month, cost_settings(turn.run) if turn.run.cost.usd is None else "")
    named = (("Price", outlook.price), ("All-in", outlook.full), ("Energy only", outlook.marginal))
    lines = [_line(name, scaled, outlook, per_month) for name, scaled in named if scaled is not None]
    settings = ""
    if outlook.price is None and outlook.full is None:
        lines.insert(
            0, CostLine("All-in", DASH, DASH, DASH, "Needs the machine's price, life and busy share")
        )
        settings = "energy"
    return Costs(lines, per_month, settings)


def _line(name: str, scaled: Scaled, outlook: CostOutlook, per_month: int | None) -> CostLine:
    month, why = month_of(scaled, outlook, per_month), []
    if per_month is None:
        why.append(_NO_VOLUME)
    share = busy_share(outlook, per_month)
    if share is not None:
        why.append(f"One server would be busy {share * 100:,.1f} % of the month")
        if share > 1:
            why.append(f"that takes {-(-share // 1):,.0f} such machines")
    return CostLine(
        name, usd(scaled.usd).text, usd(scaled.per_1000_usd).text, usd(month).text, "; ".join(why)
    )


def month_of(scaled: Scaled, outlook: CostOutlook, per_month: int | None) -> str | None:
    """A month's cost in USD at the volume that is set now; the outlook may know an older one."""
    if per_month is None:
        return None
    if outlook.prompts_month == per_month and scaled.month_usd is not None:
        return scaled.month_usd
    try:
        return str(Decimal(scaled.per_1000_usd) * per_month / 1000)
    except InvalidOperation:
        return None


def busy_share(outlook: CostOutlook, per_month: int | None) -> float | None:
    """How much of a month one server is busy at the volume that is set now."""
    if outlook.busy_share is None or not outlook.prompts_month or per_month is None:
        return None
    return outlook.busy_share * per_month / outlook.prompts_month
