"""What the chart of costs over tokens shows, worked out of an analysis. No Qt here."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from steelyard.ui.widgets.cost_axis import decade_above, decade_below
from steelyard.ui.widgets.cost_format import percent, tokens, usd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.core.values.costs import AgainstApi, BreakEven, CostAnalysis, Crossing, CurveRow, Tco

Point = tuple[float, float]
_MOST_STEPS = 400
"""A staircase with more steps is a line on any screen."""


@dataclass(frozen=True)
class ApiLine:
    """An API's cost over tokens; `is_chosen`: the one that is compared with."""

    name: str
    points: tuple[Point, ...]
    is_chosen: bool


@dataclass(frozen=True)
class Span:
    """A place on the axis of tokens, with its uncertainty where that is known."""

    at: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class CrossMark:
    """Where the two lines cross; `words` is empty where the place is told elsewhere."""

    at: float
    usd: float
    words: str
    is_stable: bool


@dataclass(frozen=True)
class Never:
    """An API against which self-hosting never pays off, and why."""

    title: str
    why: str
    is_chosen: bool


@dataclass(frozen=True)
class Volume:
    """The user's own volume with what it costs on either side."""

    at: float
    self_usd: float | None
    api_usd: float | None
    title: str
    words: str
    payback: str
    """`Paid back in 7.6 months`; empty where nothing is bought."""


@dataclass(frozen=True)
class CostPicture:
    """Everything on the chart; money in USD a month, places in tokens a month."""

    rows: tuple[CurveRow, ...]
    self_points: tuple[Point, ...]
    band: tuple[tuple[float, float, float], ...]
    hybrid: tuple[Point, ...]
    apis: tuple[ApiLine, ...]
    break_even: Span | None
    never: Never | None
    volume: Volume | None
    full: Span | None
    crossings: tuple[CrossMark, ...]
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    api_name: str


def short_name(name: str) -> str:
    """A model without its provider; `API` where none is named."""
    return name.rsplit("/", 1)[-1] or "API"


def picture_of(analysis: CostAnalysis, chosen: AgainstApi, volume_from: str) -> CostPicture | None:
    """The chart of one comparator; None where there is no curve. `volume_from`: `from the ledger`."""
    curve, tco = chosen.curve, analysis.tco
    if curve is None or len(curve.rows) < 2:
        return None
    rows = tuple(
        sorted((row for row in curve.rows if row.tokens_month > 0), key=lambda row: row.tokens_month)
    )
    if len(rows) < 2:
        return None
    name = short_name(chosen.comparator.name)
    self_points = stepped(rows, tco)
    volume = _volume(tco, chosen, volume_from, (rows[0].tokens_month, rows[-1].tokens_month))
    apis = tuple(_api_line(other, is_chosen=other is chosen) for other in analysis.against if other.curve)
    return CostPicture(
        rows=rows,
        self_points=self_points,
        band=_band(chosen),
        hybrid=tuple((row.tokens_month, float(row.hybrid_usd)) for row in rows if row.hybrid_usd is not None),
        apis=apis,
        break_even=_break_even(chosen),
        never=_never(analysis, chosen),
        volume=volume,
        full=_full(tco),
        crossings=_crossings(chosen, self_points),
        x_range=(rows[0].tokens_month, rows[-1].tokens_month),
        y_range=_y_range(self_points, rows, volume),
        api_name=name,
    )


def stepped(rows: Sequence[CurveRow], tco: Tco) -> tuple[Point, ...]:
    """The self-hosted side with a vertical step wherever one machine more is needed.

    Between two volumes the cost grows by the marginal cost, and by the same sum for each further machine.
    """
    capacity = tco.capacity_tokens_month / tco.machines if tco.capacity_tokens_month else None
    marginal = float(tco.marginal_usd_per_m or 0) / 1e6
    points: list[Point] = [(rows[0].tokens_month, float(rows[0].self_usd))]
    for one, two in pairwise(rows):
        steps = two.machines - one.machines
        if capacity and 0 < steps <= _MOST_STEPS:
            grown = (two.tokens_month - one.tokens_month) * marginal
            step_usd = (float(two.self_usd) - float(one.self_usd) - grown) / steps
            for at in range(steps):
                x = min(two.tokens_month, max(one.tokens_month, (one.machines + at) * capacity))
                y = float(one.self_usd) + (x - one.tokens_month) * marginal + at * step_usd
                points += [(x, y), (x, y + step_usd)]
        points.append((two.tokens_month, float(two.self_usd)))
    return tuple(points)


def value_at(points: Sequence[Point], x: float) -> float | None:
    """The line's height at a place, straight between its points; None beside it."""
    for (x1, y1), (x2, y2) in pairwise(points):
        if x1 <= x <= x2:
            return y1 if x2 == x1 else y1 + (y2 - y1) * (x - x1) / (x2 - x1)
    return None


def _api_line(against: AgainstApi, *, is_chosen: bool) -> ApiLine:
    rows = against.curve.rows if against.curve is not None else []
    points = tuple((row.tokens_month, float(row.api_usd)) for row in rows if row.tokens_month > 0)
    return ApiLine(short_name(against.comparator.name), tuple(sorted(points)), is_chosen)


def _band(chosen: AgainstApi) -> tuple[tuple[float, float, float], ...]:
    rows = chosen.uncertainty.curve if chosen.uncertainty is not None else []
    return tuple(
        (row.tokens_month, row.self_usd.p10, row.self_usd.p90) for row in rows if row.tokens_month > 0
    )


def _break_even(chosen: AgainstApi) -> Span | None:
    known = chosen.break_even
    if known is None or not known.break_even_tokens_month:
        return None
    band = chosen.uncertainty.break_even if chosen.uncertainty is not None else None
    return Span(known.break_even_tokens_month, band.p10 if band else None, band.p90 if band else None)


def _never(analysis: CostAnalysis, chosen: AgainstApi) -> Never | None:
    """The chosen API if there is no break-even with it, else another one with that."""
    tco = analysis.tco
    for against in sorted(analysis.against, key=lambda one: one is not chosen):
        known = against.break_even
        if known is not None and known.break_even_tokens_month is None:
            machine = "this machine" if tco.machines == 1 else "one of these machines"
            title = f"{short_name(against.comparator.name)}: never on {machine}"
            return Never(title, _why_never(known, tco), against is chosen)
    return None


def _why_never(known: BreakEven, tco: Tco) -> str:
    share = known.utilisation_at_break_even
    if share is None or share <= 1 or not tco.capacity_tokens_month:
        return known.reason
    wanted = tokens(share * tco.capacity_tokens_month / tco.machines)
    return f"would need {wanted} a month, {percent(share)} of its capacity"


def _volume(tco: Tco, chosen: AgainstApi, volume_from: str, seen: tuple[float, float]) -> Volume | None:
    if not tco.tokens_month:
        return None
    api, name = chosen.api_usd_month, short_name(chosen.comparator.name)
    words = f"self {usd(tco.monthly.total_usd)}{f', {name} {usd(api)}' if api is not None else ''}"
    where = f", {volume_from}" if volume_from else ""
    at = min(seen[1], max(seen[0], tco.tokens_month))
    if at != tco.tokens_month:
        side = "left" if at > tco.tokens_month else "right"
        return Volume(
            at,
            None,
            None,
            f"You: {tokens(tco.tokens_month)}{where}, {side} of this chart",
            words,
            _payback(chosen),
        )
    return Volume(
        at=tco.tokens_month,
        self_usd=float(tco.monthly.total_usd),
        api_usd=float(api) if api is not None else None,
        title=f"You: {tokens(tco.tokens_month)}{where}",
        words=words,
        payback=_payback(chosen),
    )


def _payback(chosen: AgainstApi) -> str:
    if chosen.payback is None:
        return ""
    months = chosen.payback.payback_months
    return "never paid back" if months is None else f"paid back in {months:,.1f} months"


def _full(tco: Tco) -> Span | None:
    return Span(tco.capacity_tokens_month) if tco.capacity_tokens_month else None


def _crossings(chosen: AgainstApi, points: Sequence[Point]) -> tuple[CrossMark, ...]:
    marks: list[CrossMark] = []
    crossings = chosen.curve.crossings if chosen.curve is not None else []
    stands = chosen.break_even.break_even_tokens_month if chosen.break_even is not None else None
    for crossing in crossings:
        height = value_at(points, crossing.tokens_month)
        if height is None:
            continue
        at = crossing.tokens_month
        is_told = len(crossings) == 1 and stands is not None and abs(at - stands) <= stands * 1e-6
        words = "" if is_told else _crossing_words(crossing)
        marks.append(CrossMark(at, height, words, crossing.stable_above))
    return tuple(marks)


def _crossing_words(crossing: Crossing) -> str:
    at = tokens(crossing.tokens_month)
    if crossing.stable_above:
        return f"{at}: stable above"
    return f"{at}: {'API' if crossing.cheaper_above == 'api' else 'self-host'} cheaper above"


def _y_range(points: Sequence[Point], rows: Sequence[CurveRow], volume: Volume | None) -> tuple[float, float]:
    """From well below the self-hosted line up to where it ends; the API's line may leave at both sides."""
    heights = [y for _, y in points if y > 0]
    heights += [y for y in ((volume.api_usd, volume.self_usd) if volume else ()) if y]
    apis = [float(row.api_usd) for row in rows if float(row.api_usd) > 0]
    if not heights:
        heights = apis or [1.0]
    low = decade_below(min(heights) / 20)
    if apis:
        low = max(low, decade_below(min(min(apis), min(heights))))
    high = max(*heights, 1e-9) * 2.5
    return low, max(high, decade_above(low * 50))
