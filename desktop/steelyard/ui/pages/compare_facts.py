"""A turn as eight facts in fixed places; medians where it was asked for several times. No Qt here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from steelyard.ui.widgets.facts_format import (
    DASH,
    UNKNOWN,
    Fact,
    Figure,
    chars_rate,
    count,
    duration,
    energy,
    memory,
    rate,
    usd,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.values.comparison import NotComparable, Spread, TargetSummary
    from steelyard.core.values.run import Energy, Run
    from steelyard.ui.pages.compare_tree import Column
    from steelyard.ui.pages.compare_turn import Turn

FINISH_WORDS = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool calls",
    "content_filter": "filtered",
    "cancelled": "stopped",
    "interrupted": "interrupted",
    "error": "failed",
}
_COST_LABELS = {
    "api_price": "Cost, API price",
    "local_marginal": "Cost, energy",
    "local_full": "Cost, all-in",
    "unknown": "Cost",
}
_OF_TOKENS = ("tokenizer_differs", "hidden_reasoning")
_NOT_YET = "Known when the run is over"
_ENERGY_SOURCES = {
    "nvml_counter": "GPU energy counter",
    "nvml_power": "GPU power, integrated",
    "rapl": "processor energy counter",
    "sysfs": "GPU power sensor, integrated",
    "user_watts": "the watts in Settings, times the run's time",
}


@dataclass(frozen=True)
class Figures:
    """What the facts of a column need to know beside it."""

    now_s: float
    by_chars: bool = False
    """Tokens of these columns are not the same thing: speed is compared in characters."""
    per_month: int | None = None


def facts_of(column: Column, figures: Figures) -> list[Fact]:
    """TTFT, generation, tokens, finish; energy, cost, memory, total."""
    turn = column.turn
    if turn is None:
        return [Fact(label, DASH, short=short) for label, short in _LABELS]
    if turn.is_open:
        return _live(turn, figures)
    facts = _final(turn)
    medians = medians_of(column)
    if medians is not None and not column.shows_single:
        facts = _with_medians(facts, medians)
    if figures.by_chars and turn.run is not None:
        facts[1] = _by_chars(turn, is_single=column.shows_single)
    return facts


def medians_of(column: Column) -> TargetSummary | None:
    """The summary that stands for the column's last turn; None where there is only a single run."""
    turn = column.turn
    if turn is None or turn.summary is None or turn.summary.n < 2:
        return None
    return turn.summary


def differs_in_tokens(columns: list[Column]) -> bool:
    """Whether the last answers of these columns were counted by different tokenizers."""
    turns = [column.turn for column in columns if column.turn is not None]
    return any(entry.code == "tokenizer_differs" for turn in turns for entry in turn.excluded)


_LABELS = [
    ("TTFT", "TTFT"),
    ("Generation", "Gen"),
    ("Tokens in → out", "Tokens"),
    ("Finish", "Finish"),
    ("Energy", "Energy"),
    ("Cost", "Cost"),
    ("Memory peak", "Memory"),
    ("Total", "Total"),
]


def live_rate(turn: Turn) -> float | None:
    """Content chunks a second so far."""
    if turn.ttft_ms is None or turn.elapsed_ms is None or turn.chunks < 2:
        return None
    span_ms = turn.elapsed_ms - turn.ttft_ms
    return (turn.chunks - 1) / span_ms * 1000 if span_ms > 0 else None


def live_chars_rate(turn: Turn) -> float | None:
    """Characters a second so far."""
    by_chunks = live_rate(turn)
    return None if by_chunks is None else by_chunks / (turn.chunks - 1) * turn.chars


def own_chars_rate(turn: Turn, *, is_single: bool) -> float | None:
    """Characters a second of what has ended: the median, else this run's own, also where it is left out."""
    spread = turn.summary.gen_cps if turn.summary is not None else None
    if spread is not None and spread.median is not None and not is_single:
        return float(spread.median)
    run = turn.run
    if run is None or run.tool_calls or run.timing.e2e_ms is None or run.timing.ttft_ms is None:
        return None
    span_ms, chars = run.timing.e2e_ms - run.timing.ttft_ms, len(run.text) + len(run.reasoning or "")
    return 1000 * chars / span_ms if span_ms > 0 and chars else None


def _live(turn: Turn, figures: Figures) -> list[Fact]:
    elapsed_ms = turn.elapsed_ms
    if elapsed_ms is None and turn.started_s is not None and not turn.reason:
        elapsed_ms = (figures.now_s - turn.started_s) * 1000
    speed = chars_rate(live_chars_rate(turn)) if figures.by_chars else rate(live_rate(turn))
    so_far = f"— → {turn.chunks:,}" if turn.chunks else DASH
    word = "streaming" if turn.phase == "streaming" else "waiting"
    return [
        _fact("TTFT", "TTFT", duration(turn.ttft_ms), why="Nothing has arrived yet"),
        _fact("Generation", "Gen", speed, why="Needs two tokens"),
        Fact("Tokens in → out", so_far, short="Tokens", tooltip="Chunks received so far; tokens at the end"),
        Fact("Finish", word, tone="accent", tooltip=turn.reason or word),
        _fact("Energy", "Energy", UNKNOWN, why=_NOT_YET),
        _fact("Cost", "Cost", UNKNOWN, why=_NOT_YET),
        _fact("Memory peak", "Memory", UNKNOWN, why=_NOT_YET),
        _fact("Elapsed", "Elapsed", duration(elapsed_ms), why="The request has not been sent yet"),
    ]


def _final(turn: Turn) -> list[Fact]:
    run = turn.run
    if run is None:
        word = "failed" if turn.phase == "failed" else "stopped"
        facts = [Fact(label, DASH, short=short, tooltip="No request was sent") for label, short in _LABELS]
        facts[3] = Fact("Finish", word, tone="bad" if word == "failed" else "warn")
        return facts
    why = "The run did not get that far" if run.error or turn.phase == "stopped" else "Not reported"
    return [
        _measured(turn, "ttft_ms", "TTFT", "TTFT", duration(run.timing.ttft_ms), why),
        _measured(turn, "gen_tps", "Generation", "Gen", rate(run.timing.gen_tps), why),
        _tokens(turn, run, why),
        _finish(turn, run),
        _energy(turn, run),
        _cost(turn, run),
        _memory(run),
        _measured(turn, "e2e_ms", "Total", "Total", duration(run.timing.e2e_ms), why),
    ]


def speed_excluded(turn: Turn) -> NotComparable | None:
    """Why the speed of a run is left out, where that has nothing to do with what a token is."""
    reasons = (entry for entry in turn.excluded if "gen_tps" in entry.metrics)
    return next((entry for entry in reasons if entry.code not in _OF_TOKENS), None)


def _with_medians(facts: list[Fact], medians: TargetSummary) -> list[Fact]:
    facts[0] = _median("TTFT", "TTFT", medians.ttft_ms, duration)
    facts[1] = _median("Generation", "Gen", medians.gen_tps, rate)
    facts[3] = Fact(
        "Runs", f"{medians.n:,}", "medians", tooltip="Medians of the fair runs; the arrows show single ones"
    )
    if medians.usd.median is not None:
        facts[5] = _median(facts[5].label, "Cost", medians.usd, usd)
    facts[7] = _median("Total", "Total", medians.e2e_ms, duration)
    return facts


def _median(label: str, short: str, spread: Spread, show: Callable[..., Figure]) -> Fact:
    """`41 ms 38-47`."""
    if spread.median is None:
        return Fact(label, DASH, short=short, tone="warn", tooltip="None of the runs can be compared in this")
    middle, low, high = show(spread.median), show(spread.low), show(spread.high)
    span = low.value if low.value == high.value else f"{low.value}\N{EN DASH}{high.value}"
    words = f"Median of {spread.n:,}, from {low.text} to {high.text}"
    return Fact(label, middle.value, f"{middle.unit} {span}".strip(), short=short, tooltip=words)


def _by_chars(turn: Turn, *, is_single: bool) -> Fact:
    """Speed in a unit that means the same for every column."""
    assert turn.run is not None
    run, figure = turn.run, chars_rate(own_chars_rate(turn, is_single=is_single))
    counted = f"{count(run.usage.prompt_tokens)} → {count(run.usage.completion_tokens)} tokens"
    own = rate(run.timing.gen_tps).text
    tip = f"Tokens differ between the columns, so characters count. Its own: {counted}, {own}"
    excluded = speed_excluded(turn)
    if excluded is not None:
        tip = f"{excluded.detail}. {tip}"
    tone = "warn" if excluded is not None or figure is UNKNOWN else ""
    return Fact("Generation", figure.value, "char/s", short="Gen", tone=tone, tooltip=tip)


def _fact(label: str, short: str, figure: Figure, *, why: str = "", tone: str = "") -> Fact:
    tooltip = why if figure is UNKNOWN else ""
    return Fact(label, figure.value, figure.unit, short=short, tone=tone, tooltip=tooltip)


def _measured(turn: Turn, metric: str, label: str, short: str, figure: Figure, why: str) -> Fact:
    excluded = turn.excluded_by(metric)
    if excluded is not None:
        return Fact(label, figure.value, figure.unit, short=short, tone="warn", tooltip=excluded.detail)
    return _fact(label, short, figure, why=why)


def _tokens(turn: Turn, run: Run, why: str) -> Fact:
    usage = run.usage
    if usage.prompt_tokens is None and usage.completion_tokens is None:
        return Fact("Tokens in → out", DASH, short="Tokens", tooltip=why)
    about = "≈ " if usage.source == "estimated" else ""
    tips = ["Estimated, the server did not count"] if about else []
    if usage.cached_tokens:
        tips.append(f"{usage.cached_tokens:,} of the input from a cache")
    if usage.reasoning_tokens:
        tips.append(f"{usage.reasoning_tokens:,} of the output are reasoning")
    value = f"{about}{count(usage.prompt_tokens)} → {count(usage.completion_tokens)}"
    tone = "warn" if turn.excluded_by("completion_tokens") or turn.excluded_by("prompt_tokens") else ""
    return Fact("Tokens in → out", value, short="Tokens", tone=tone, tooltip=" · ".join(tips))


def _finish(turn: Turn, run: Run) -> Fact:
    if turn.phase == "stopped" and run.finish_reason is None:
        return Fact("Finish", "stopped", tone="warn")
    word = FINISH_WORDS.get(run.finish_reason or "", DASH)
    tone = {"error": "bad", "stop": "", "tool_calls": ""}.get(run.finish_reason or "", "warn")
    return Fact("Finish", word, tone=tone, tooltip=_why_ended(run))


def _why_ended(run: Run) -> str:
    """What the word for the end means, where that is not plain."""
    most = run.params.get("max_tokens")
    match run.finish_reason:
        case "length":
            return f"The answer was cut: Max tokens is {most}" if most else "The answer was cut at its limit"
        case "content_filter":
            return "The provider withheld the rest of this answer"
        case "tool_calls":
            return "It called tools; nothing was carried out"
        case _:
            return ""


def _energy(turn: Turn, run: Run) -> Fact:
    if run.energy.joules is not None:
        tip = _energy_tip(run.energy)
        tone = "warn" if turn.excluded_by("joules") else ""
        figure = energy(run.energy.joules)
        return Fact("Energy", figure.value, figure.unit, tone=tone, tooltip=tip)
    if run.target.kind == "api":
        return Fact("Energy", DASH, "not reported", tooltip="Providers do not report the energy of a request")
    note = run.energy.note
    reason = note[:1].upper() + note[1:] if note else energy_reason()
    return Fact("Energy", DASH, "not measured", tooltip=reason)


def _energy_tip(energy: Energy) -> str:
    """Where the joules come from, what was taken off, and how sure they are."""
    parts = [f"From {_ENERGY_SOURCES.get(energy.source, energy.source)}"]
    if energy.idle_w is not None:
        parts.append(f"idle {energy.idle_w:.1f} W taken off")
    if energy.uncertainty_share is not None:
        parts.append(f"± {energy.uncertainty_share:.0%}".replace("%", " %"))
    return ", ".join(parts) + (f". {energy.note[:1].upper()}{energy.note[1:]}" if energy.note else "")


def energy_reason() -> str:
    """Why a local run has no energy."""
    return "No energy meter was read for this run; watts can be typed in Settings"


def _cost(turn: Turn, run: Run) -> Fact:
    cost = run.cost
    if cost.usd is None:
        return Fact("Cost", DASH, "unknown", tooltip=cost_reason(run))
    lines = [f"{part.what}: {part.quantity:,g} {part.unit} = {usd(part.usd).text}" for part in cost.parts]
    if cost.price_id:
        lines.append(f"price {cost.price_id}" + (f", {cost.price_date}" if cost.price_date else ""))
    tone = "warn" if turn.excluded_by("usd") else ""
    label = _COST_LABELS.get(cost.basis, "Cost")
    return Fact(label, usd(cost.usd).value, short="Cost", tone=tone, tooltip="\n".join(lines) or label)


def cost_reason(run: Run) -> str:
    """Why a run's cost is unknown."""
    if run.target.kind == "local":
        return "Local cost needs watts and a tariff: type them in Settings"
    if run.usage.prompt_tokens is None or run.usage.completion_tokens is None:
        return "The provider reported no token counts"
    return "No price is known for this model: add one in Settings"


def cost_settings(run: Run) -> str:
    """The section of Settings where what is missing for the cost is set."""
    return "energy" if run.target.kind == "local" else "prices"


def _memory(run: Run) -> Fact:
    held = run.memory
    if held.vram_peak_bytes is not None:
        figure = memory(held.vram_peak_bytes)
        return Fact("VRAM peak", figure.value, figure.unit, short="VRAM")
    if held.ram_peak_bytes is not None:
        figure = memory(held.ram_peak_bytes)
        return Fact(
            "RAM peak", figure.value, figure.unit, short="RAM", tooltip="Resident memory of the server"
        )
    why = "It ran on the provider's machines" if run.target.kind == "api" else "Not measured"
    return Fact("Memory peak", DASH, short="Memory", tooltip=why)
