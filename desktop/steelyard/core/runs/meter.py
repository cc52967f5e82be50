"""From deltas and raw stamps to text, usage and timing, as the CLI contract defines them for RUN."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

from steelyard.core.base.clock import ms_between
from steelyard.core.base.statistics import guarded_percentile
from steelyard.core.targets.json_in import as_count, as_dict
from steelyard.core.values.run import Phases, Timing, Usage

if TYPE_CHECKING:
    from steelyard.core.targets.delta import Delta, ToolCallPart, UsageDelta
    from steelyard.core.targets.exchange import RawTimes
    from steelyard.core.values.run import FinishReason, Run, TargetKind

# Rule of thumb for a count that the server did not give; such usage is marked "estimated".
_BYTES_PER_TOKEN = 4
_MAX_RAW_KEYS = 64  # of one object; the largest usage of any server has some twenty


@dataclass
class _ToolCall:
    """A tool call whose arguments still arrive in pieces."""

    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list[str])


class Meter:
    """Collects one answer."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._tool_calls: dict[int, _ToolCall] = {}
        self._usage: dict[str, int] = {}
        self.raw: dict[str, Any] = {}
        self.finish: FinishReason | None = None
        self.model = ""

    def add(self, delta: Delta) -> None:
        """Take one delta."""
        if delta.text:
            self._text.append(delta.text)
        if delta.reasoning:
            self._reasoning.append(delta.reasoning)
        for part in delta.tool_calls:
            self._add_tool_call(part)
        if delta.usage is not None:
            self._add_usage(delta.usage)
        for name, value in delta.raw.items():
            self._keep_raw(name, value)
        self.finish = delta.finish or self.finish
        self.model = self.model or delta.model

    @property
    def text(self) -> str:
        """The answer so far."""
        return "".join(self._text)

    @property
    def reasoning(self) -> str | None:
        """The reasoning so far; None if there was none."""
        return "".join(self._reasoning) or None

    @property
    def tool_calls(self) -> list[Any] | None:
        """Whole tool calls, in order."""
        if not self._tool_calls:
            return None
        calls = (self._tool_calls[index] for index in sorted(self._tool_calls))
        return [{"id": call.id, "name": call.name, "arguments": "".join(call.arguments)} for call in calls]

    def usage(self, prompt_bytes: int, content_chunks: int) -> Usage:
        """The server's counts; where it gave none, estimates that say so."""
        counts = self._usage
        prompt, completion = counts.get("prompt_tokens"), counts.get("completion_tokens")
        from_server = prompt is not None and completion is not None
        if not from_server and not content_chunks:
            return Usage()
        if prompt is None:
            prompt = -(-prompt_bytes // _BYTES_PER_TOKEN)
        if completion is None:
            answer_bytes = len((self.text + (self.reasoning or "")).encode())
            completion = max(content_chunks, -(-answer_bytes // _BYTES_PER_TOKEN))
        return Usage(
            prompt_tokens=prompt,
            cached_tokens=counts.get("cached_tokens"),
            cache_write_tokens=counts.get("cache_write_tokens"),
            completion_tokens=completion,
            reasoning_tokens=counts.get("reasoning_tokens"),
            source="server" if from_server else "estimated",
        )

    def _add_tool_call(self, part: ToolCallPart) -> None:
        whole = self._tool_calls.setdefault(part.index, _ToolCall())
        whole.id = whole.id or part.id
        whole.name = whole.name or part.name
        whole.arguments.append(part.arguments)

    def _keep_raw(self, name: str, value: Any) -> None:
        """Later objects of a name complete earlier ones, in place: a server may send one with each token."""
        if not isinstance(value, dict):
            self.raw[name] = value
            return
        kept: dict[str, Any] = self.raw.setdefault(name, {})
        for key, item in cast("dict[str, Any]", value).items():
            if key in kept or len(kept) < _MAX_RAW_KEYS:
                kept[key] = item

    def _add_usage(self, usage: UsageDelta) -> None:
        for name in (
            "prompt_tokens",
            "cached_tokens",
            "cache_write_tokens",
            "completion_tokens",
            "reasoning_tokens",
        ):
            value = getattr(usage, name)
            if value is not None:
                self._usage[name] = value


def timing_of(
    times: RawTimes, kind: TargetKind, usage: Usage, raw: dict[str, Any], load_ms: float | None
) -> Timing:
    """Derive latency and rates from raw stamps.

    TPOT is (last - first) / (n - 1), with n = content chunks for local servers (an end-of-sequence token is
    counted by the server but carries no content) and the server's completion tokens for APIs, whose chunks
    are not tokens. What was not reached is None: without content and without a finish there is no end.
    """
    end = times.last_delta or times.finished
    content = times.content
    span_ms = ms_between(content[0], content[-1]) if content else 0.0
    steps = _steps(kind, usage, len(content))
    tpot_ms = span_ms / steps if steps > 0 and span_ms > 0 else None
    gaps = [ms_between(a, b) for a, b in pairwise(content)]
    return Timing(
        load_ms=load_ms,
        ttft_ms=ms_between(times.start, content[0]) if content else None,
        e2e_ms=ms_between(times.start, end) if end else None,
        tpot_ms=tpot_ms,
        itl_p50_ms=guarded_percentile(gaps, 0.50),
        itl_p95_ms=guarded_percentile(gaps, 0.95),
        prompt_tps=_prompt_tps(raw),
        gen_tps=None if tpot_ms is None else 1000 / tpot_ms,
        phases_ms=_phases(times, end),
        attempts=times.attempts,
        waited_ms=times.waited_ms,
    )


def gen_cps(run: Run) -> float | None:
    """Characters of the answer and its shown reasoning a second, over the span of `gen_tps`: from the first
    piece of the answer to the last. What vocabularies cannot distort.

    None where that span is not known: one piece, no answer, or tool calls, which have no characters here.
    """
    timing = run.timing
    if timing.e2e_ms is None or timing.ttft_ms is None or run.tool_calls:
        return None
    span_ms = timing.e2e_ms - timing.ttft_ms
    chars = len(run.text) + len(run.reasoning or "")
    return 1000 * chars / span_ms if span_ms > 0 and chars else None


def raw_times_document(times: RawTimes) -> dict[str, Any]:
    """The stamps as whole microseconds from the start of the last attempt; None = not reached."""

    def since(stamp: int) -> int | None:
        return (stamp - times.start) // 1000 if stamp else None

    return {
        "connected": since(times.connected),
        "secured": since(times.secured),
        "sent": since(times.sent),
        "headers": since(times.headers),
        "first_delta": since(times.first_delta),
        "last_delta": since(times.last_delta),
        "finished": since(times.finished),
        "end": since(times.end),
        "content": [(stamp - times.start) // 1000 for stamp in times.content],
    }


def _steps(kind: TargetKind, usage: Usage, chunks: int) -> int:
    if kind == "local":
        return chunks - 1
    if usage.source == "server" and usage.completion_tokens is not None:
        return usage.completion_tokens - 1
    return 0


def _prompt_tps(raw: dict[str, Any]) -> float | None:
    """Prompt tokens that were really processed, per second, from the server's raw figures."""
    timings = as_dict(raw.get("timings"))
    count, spent_ms = as_count(timings.get("prompt_n")), timings.get("prompt_ms")
    if not count or not isinstance(spent_ms, int | float) or spent_ms <= 0:
        return None
    rate = 1000 * count / spent_ms
    return rate if math.isfinite(rate) else None


def _phases(times: RawTimes, end: int) -> Phases | None:
    """The way as far as it was gone; None if it did not even begin. `end`: monotonic ns, 0 = not reached."""
    first = times.first_delta or end
    stamps = [times.connected, times.secured, times.sent, times.headers, first, end]
    while stamps and not stamps[-1]:
        stamps.pop()
    if not stamps:
        return None
    marks = [times.start]
    for stamp in stamps:
        # A phase that did not happen on the way (warm connection, no TLS) takes no time.
        marks.append(max(stamp, marks[-1]))
    return Phases(*(ms_between(a, b) for a, b in pairwise(marks)))
