"""What the cells and heads of the grid say. No Qt here."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from steelyard.ui.pages.compare_grid_cells import is_invalid
from steelyard.ui.widgets.facts_format import DASH, duration, usd

if TYPE_CHECKING:
    from steelyard.core.values.comparison import TargetSummary
    from steelyard.ui.pages.compare_grid_cells import GridCell
    from steelyard.ui.pages.compare_turn import Turn

_PREVIEW_CHARS = 360
_METRICS = ("ttft_ms", "e2e_ms", "usd")


@dataclass(frozen=True)
class CellFigure:
    """One small figure of a cell; `is_out` where it is not comparable."""

    text: str
    is_out: bool = False


@dataclass(frozen=True)
class CellLook:
    """A cell as it is painted: an icon for its state, the answer's beginning, figures, a verdict."""

    icon: str
    tone: str
    text: str
    is_prose: bool
    figures: tuple[CellFigure, ...] = ()
    verdict: str = ""
    verdict_tone: str = ""
    mark: str = ""
    """Why something of it is not comparable."""
    badge: str = ""

    @property
    def words(self) -> str:
        """As it is read aloud."""
        parts = [self.text, self.verdict, *(figure.text for figure in self.figures), self.mark]
        return ". ".join(part for part in parts if part)


@dataclass(frozen=True)
class HeadLook:
    """The medians of a target over what is comparable."""

    ttft: str
    total: str
    usd: str
    n: str
    notes: str
    tip: str


def look_of(cell: GridCell, waits: str = "") -> CellLook:
    """How a cell looks now; `waits` says why its column does not go on."""
    turn = cell.turn
    if turn.is_open:
        return _open(turn, waits)
    if turn.phase == "failed":
        error = turn.error or (turn.run.error if turn.run is not None else None)
        title = error.title if error is not None else "Failed"
        return CellLook("circle-x", "bad", title, is_prose=False, mark=_mark(cell))
    if turn.phase == "stopped":
        text = preview(turn.text)
        return CellLook("square", "warn", text or "Not asked", is_prose=bool(text), figures=_figures(cell))
    return _done(cell, turn)


@dataclass(frozen=True)
class CellSum:
    """What a cell adds to its column's head; kept while the cell stays as it is."""

    fair: tuple[tuple[float, ...], ...]
    """The comparable values of each metric."""
    is_checked: bool
    is_valid: bool
    is_failed: bool
    is_out: bool


_NOTHING_YET = CellSum(((),) * len(_METRICS), is_checked=False, is_valid=True, is_failed=False, is_out=False)


def sum_of(cell: GridCell) -> CellSum:
    """What a cell adds to its column's head."""
    if all(turn.phase == "queued" for turn in cell.turns):
        return _NOTHING_YET
    is_over = not cell.is_open
    fair = tuple(
        tuple(value for turn in cell.turns if (value := _fair(turn, metric)) is not None)
        for metric in _METRICS
    )
    return CellSum(
        fair=fair,
        is_checked=is_over and cell.turn.run is not None and cell.turn.run.structured is not None,
        is_valid=not any(is_invalid(turn) for turn in cell.turns),
        is_failed=is_over and any(turn.phase == "failed" for turn in cell.turns),
        is_out=is_over and bool(cell.excluded),
    )


def head_of(sums: list[CellSum], summary: TargetSummary | None) -> HeadLook:
    """Medians: of the core where it has summed up, of the runs so far while it has not."""
    if summary is not None:
        spreads = (summary.ttft_ms, summary.e2e_ms, summary.usd)
        ttft, total, cost = (_number(spread.median) for spread in spreads)
        count = summary.e2e_ms.n
    else:
        columns = [[value for one in sums for value in one.fair[at]] for at in range(len(_METRICS))]
        ttft, total, cost = (median(values) if values else None for values in columns)
        count = len(columns[1])
    return HeadLook(
        ttft=duration(ttft).text,
        total=duration(total).text,
        usd=usd(None if cost is None else f"{cost}").text,
        n=f"{count:,}",
        notes=_notes(sums),
        tip=f"Medians over {count:,} comparable answers: time to first token, total, cost",
    )


def preview(text: str) -> str:
    """The beginning of an answer in one piece."""
    return " ".join(text[:_PREVIEW_CHARS].split())


def case_line(values: dict[str, str]) -> str:
    """`city Berlin · lang de`."""
    return " · ".join(f"{name} {preview(value)[:120] or DASH}" for name, value in values.items())


def _open(turn: Turn, waits: str) -> CellLook:
    if turn.phase == "streaming":
        text = preview(turn.text)
        figures = (CellFigure(duration(turn.ttft_ms).text),) if turn.ttft_ms is not None else ()
        return CellLook("loader-circle", "accent", text or "Thinking", is_prose=bool(text), figures=figures)
    if turn.phase == "waiting":
        return CellLook("hourglass", "info", "Waiting for the first token", is_prose=False)
    return CellLook("hourglass", "text3", waits[:1].upper() + waits[1:] or "Queued", is_prose=False)


def _done(cell: GridCell, turn: Turn) -> CellLook:
    run = turn.run
    structured = run.structured if run is not None else None
    verdict, tone = "", ""
    if structured is not None:
        words = {True: ("valid", "good"), False: ("not valid", "bad"), None: ("not checked", "warn")}
        verdict, tone = words[structured.is_valid]
    calls = run.tool_calls if run is not None and run.tool_calls else []
    text = preview(turn.text) or (f"{len(calls)} tool calls" if calls else "Empty answer")
    is_cut = run is not None and run.finish_reason == "length"
    bad = any(is_invalid(other) for other in cell.turns)
    count = len(cell.turns)
    return CellLook(
        icon="circle-x" if bad else "check",
        tone="bad" if bad else "good",
        text=text,
        is_prose=bool(turn.text.strip()),
        figures=_figures(cell),
        verdict=verdict or ("cut" if is_cut else ""),
        verdict_tone=tone or ("warn" if is_cut else ""),
        mark=_mark(cell),
        badge=f"{count} runs" if count > 1 else "",
    )


def _figures(cell: GridCell) -> tuple[CellFigure, ...]:
    """TTFT, total and cost; medians where it was asked for several times."""
    figures: list[CellFigure] = []
    for metric in _METRICS:
        values = [value for turn in cell.turns if (value := _value(turn, metric)) is not None]
        if not values:
            continue
        is_out = any(metric in entry.metrics for entry in cell.excluded)
        value = median(values)
        text = usd(f"{value}").text if metric == "usd" else duration(value).text
        figures.append(CellFigure(text, is_out))
    return tuple(figures)


def _mark(cell: GridCell) -> str:
    entries = cell.excluded
    if not entries:
        return ""
    more = f" (+{len(entries) - 1} more)" if len(entries) > 1 else ""
    return f"Not comparable: {entries[0].detail}{more}"


def _value(turn: Turn, metric: str) -> float | None:
    run = turn.run
    if run is None:
        return None
    if metric == "usd":
        return float(run.cost.usd) if run.cost.usd is not None else None
    return run.timing.ttft_ms if metric == "ttft_ms" else run.timing.e2e_ms


def _fair(turn: Turn, metric: str) -> float | None:
    is_fair = turn.phase == "done" and turn.excluded_by(metric) is None
    return _value(turn, metric) if is_fair else None


def _number(value: float | str | None) -> float | None:
    return None if value is None else float(value)


def _notes(sums: list[CellSum]) -> str:
    """`97 of 99 valid · 1 failed · 3 not comparable`."""
    checked = sum(one.is_checked for one in sums)
    valid = sum(one.is_checked and one.is_valid for one in sums)
    failed, out = sum(one.is_failed for one in sums), sum(one.is_out for one in sums)
    parts = [f"{valid:,} of {checked:,} valid"] if checked else []
    parts += [f"{failed:,} failed"] if failed else []
    parts += [f"{out:,} not comparable"] if out else []
    return " · ".join(parts)
