"""Figures of an answer as people read them. Unknown is an em dash, never zero."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from steelyard.core.base.units import gib_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from steelyard.core.values.comparison import CostOutlook, Scaled, Spread, TargetSummary
    from steelyard.core.values.run import Run, Structured

DASH = "—"
FINISH_WORDS = {
    "stop": "stop",
    "length": "cut at the token limit",
    "tool_calls": "tool calls",
    "content_filter": "filtered",
    "cancelled": "stopped",
    "interrupted": "interrupted",
    "error": "failed",
}
_COST_LABELS = {
    "api_price": "Cost, API price",
    "local_marginal": "Cost, electricity",
    "local_full": "Cost, all-in",
    "unknown": "Cost",
}
_METRIC_WORDS = {
    "ttft_ms": "first token",
    "tpot_ms": "time per token",
    "gen_tps": "generation",
    "gen_cps": "speed in characters",
    "e2e_ms": "total",
    "usd": "cost",
    "joules": "energy",
    "prompt_tokens": "tokens in",
    "completion_tokens": "tokens out",
}
SUMMARY_HEADS = ["Target", "Runs", "First token", "Generation", "In characters", "Total", "Cost"]


def metric_words(metrics: Iterable[str]) -> str:
    """What exclusions leave out, in the words of the facts."""
    return ", ".join(_METRIC_WORDS.get(metric, metric) for metric in metrics)


@dataclass(frozen=True)
class Fact:
    """One figure of a run. `metrics`: what exclusions call it."""

    label: str
    value: str
    metrics: tuple[str, ...] = ()


def facts_of(run: Run) -> list[Fact]:
    """The figures that stand under an answer, always in the same places."""
    held = run.memory
    is_vram = held.vram_peak_bytes is not None
    memory = held.vram_peak_bytes if is_vram else held.ram_peak_bytes
    memory_label = "VRAM peak" if is_vram else "RAM peak" if memory is not None else "Memory peak"
    return [
        Fact("First token", duration_ms(run.timing.ttft_ms), ("ttft_ms",)),
        Fact("Generation", rate(run.timing.gen_tps), ("gen_tps", "tpot_ms")),
        Fact("Tokens in → out", tokens(run), ("prompt_tokens", "completion_tokens")),
        Fact("Finish", FINISH_WORDS.get(run.finish_reason or "", DASH)),
        Fact("Energy", joules(run.energy.joules), ("joules",)),
        Fact(_COST_LABELS[run.cost.basis], usd(run.cost.usd), ("usd",)),
        Fact(memory_label, DASH if memory is None else gib_text(memory)),
        Fact("Total", duration_ms(run.timing.e2e_ms), ("e2e_ms",)),
    ]


def notes_of(run: Run) -> list[str]:
    """What else there is to say of a run, one line each."""
    notes: list[str] = []
    if run.timing.load_ms is not None:
        notes.append(f"Loading took {duration_ms(run.timing.load_ms)}; it is in no other figure.")
    if run.cost.marginal_usd is not None and run.cost.full_usd is not None:
        notes.append(f"Electricity {usd(run.cost.marginal_usd)}, all-in {usd(run.cost.full_usd)}.")
    if run.usage.reasoning_tokens:
        notes.append(f"{run.usage.reasoning_tokens:,} of the tokens are reasoning.")
    if run.structured is not None:
        notes.append(_structured_text(run.structured))
    if run.not_sent:
        notes.append(f"Not sent, since this target does not take it: {', '.join(run.not_sent)}.")
    return notes


def _structured_text(form: Structured) -> str:
    """Whether the answer has the form that was asked for."""
    what = "the JSON schema" if form.kind == "json_schema" else "the grammar"
    verdict = {
        True: f"The answer keeps to {what}",
        False: f"The answer breaks {what}",
        None: f"Whether the answer keeps to {what} could not be checked",
    }[form.is_valid]
    return f"{verdict}: {form.detail}." if form.detail else f"{verdict}."


def who(run: Run) -> str:
    """Who exactly answered, on one line."""
    target = run.target
    if target.kind == "api":
        parts = ["API", target.endpoint_host, target.model, run.raw.get("system_fingerprint")]
        return " · ".join(str(part) for part in parts if part)
    weights, engine = target.weights, target.engine
    parts = ["Local"]
    if weights is not None:
        parts += [weights.file, weights.quant or ""]
        parts.append(f"sha256 {weights.sha256[:12]}" if weights.sha256 else "not hashed")
    if engine is not None:
        parts.append(f"{engine.name} {engine.build} {engine.backend}".strip())
    return " · ".join(part for part in parts if part)


def warmth(run: Run) -> str:
    """Cold, warm, or nothing where it is not known."""
    return {True: "cold start", False: "warm", None: ""}[run.state.cold]


def duration_ms(ms: float | None) -> str:
    """`41 ms`, `4.31 s`, `2 min 05 s`."""
    if ms is None:
        return DASH
    if ms < 999.5:
        return f"{ms:.1f} ms" if ms < 9.95 else f"{ms:.0f} ms"
    if ms < 99_995:
        return f"{ms / 1000:.2f} s"
    minutes, seconds = divmod(round(ms / 1000), 60)
    return f"{minutes} min {seconds:02d} s"


def rate(per_s: float | None, unit: str = "tok/s") -> str:
    """`148.2 tok/s`."""
    return DASH if per_s is None else f"{per_s:,.{0 if per_s >= 999.5 else 1}f} {unit}"


def joules(amount: float | None) -> str:
    """`711 J`, `1.5 kJ`."""
    if amount is None:
        return DASH
    return f"{amount / 1000:,.1f} kJ" if amount >= 9_999.5 else f"{amount:,.3g} J"


def usd(amount: str | None) -> str:
    """`$0.00086`, `$1.24`: two significant digits below a dollar."""
    if amount is None:
        return DASH
    value = Decimal(amount)
    if value == 0:
        return "$0"
    if abs(value) >= 1:
        return f"${value:,.2f}"
    return f"${value:.{max(2, min(12, 1 - value.adjusted()))}f}"


def tokens(run: Run) -> str:
    """`187 → 338`; a tilde where nobody counted."""
    usage = run.usage
    if usage.prompt_tokens is None and usage.completion_tokens is None:
        return DASH
    about = "~" if usage.source == "estimated" else ""
    counts = [DASH if n is None else f"{about}{n:,}" for n in (usage.prompt_tokens, usage.completion_tokens)]
    return " → ".join(counts)


def summary_cells(name: str, row: TargetSummary) -> list[str]:
    """One line of the table of medians, as `SUMMARY_HEADS`."""
    return [
        name,
        str(row.n),
        _spread(row.ttft_ms, duration_ms),
        _spread(row.gen_tps, rate),
        _spread(row.gen_cps, _per_second),
        _spread(row.e2e_ms, duration_ms),
        _spread(row.usd, usd),
    ]


def _per_second(value: float | None) -> str:
    return rate(value, "char/s")


def _spread(values: Spread, text: Callable[[Any], str]) -> str:
    """Median, and the range where there is more than one; `text` writes the kind of value that it holds."""
    median = text(values.median)
    return median if values.n < 2 else f"{median} ({text(values.low)} to {text(values.high)}, n {values.n})"


def outlook_heads(outlooks: list[CostOutlook]) -> list[str]:
    """Heads of the table of costs: the month's column says for how many prompts."""
    months = {outlook.prompts_month for outlook in outlooks if outlook.prompts_month}
    month = f"A month of {months.pop():,}" if len(months) == 1 else "A month"
    return ["Target", "What it counts", "This prompt", "1,000 such", month]


def outlook_rows(name: str, outlook: CostOutlook) -> list[list[str]]:
    """A line for each way to count."""
    kinds: list[tuple[str, Scaled | None]] = [
        ("API price", outlook.price),
        ("local, electricity only (marginal)", outlook.marginal),
        ("local, all-in (with the machine)", outlook.full),
    ]
    return [
        [name, label, usd(scaled.usd), usd(scaled.per_1000_usd), usd(scaled.month_usd)]
        for label, scaled in kinds
        if scaled is not None
    ]


def busy_text(name: str, outlook: CostOutlook) -> str:
    """How much of a month one server would work for it; empty where that is not known."""
    if outlook.busy_share is None or outlook.prompts_month is None:
        return ""
    share = f"{outlook.busy_share:.0%}".replace("%", " %") if outlook.busy_share >= 0.01 else "less than 1 %"
    more = ": it takes more than one machine" if outlook.busy_share > 1 else ""
    count = f"{outlook.prompts_month:,}"
    return f"{name}: {count} prompts one after another keep one server busy {share} of a month{more}."
