"""Results as text for a person. With `--json` none of this is used."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from steelyard.cli.form_words import form_words
from steelyard.cli.output import OutputLost, answer_text, lost, say
from steelyard.core.base.errors import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.values.events import ComparisonProgressed, Event, WorkProgressed
    from steelyard.core.values.run import Run

_DASH = "—"
_TELL_S = 1.0


class Follower:
    """Shows what happens while a command runs: waiting on stderr, the text of a single run on stdout.

    Keeps the runs that ended, for a command that is stopped before its own result is there.
    """

    def __init__(self, *, shows_text: bool) -> None:
        self._shows_text = shows_text
        self._last = ""
        self._told_at = 0.0
        self.comparison_id: str | None = None
        self.runs: list[Run] = []
        self.output_lost: OutputLost | None = None
        self.on_lost: Callable[[], object] = lambda: None
        """Called once, when nobody takes the text any more."""

    def __call__(self, event: Event) -> None:
        """Take one event. Never raises: it is called in the middle of a run."""
        from steelyard.core.values.events import (
            ComparisonProgressed,
            ComparisonStarted,
            RunFinished,
            RunStarted,
            RunWaited,
            TextArrived,
            WorkProgressed,
        )

        match event:
            case RunWaited():
                self._say(f"{event.target}: {event.reason}")
            case RunStarted() if event.run.target.kind == "api":  # a local one says what it waits for
                self._say(f"{event.run.target.name}: asking")
            case TextArrived() if self._shows_text and not event.is_reasoning:
                self._show(event.text)
            case WorkProgressed():
                self._progress(progress_line(event))
            case ComparisonProgressed() if event.total > 1:
                self._progress(runs_line(event))
            case ComparisonStarted():
                self.comparison_id = event.comparison_id
            case RunFinished():
                self.runs.append(event.run)
            case _:
                pass

    def _show(self, text: str) -> None:
        if self.output_lost is not None:
            return
        try:
            sys.stdout.write(answer_text(text))
            sys.stdout.flush()
        except OSError as exc:
            self.output_lost = lost(exc)
            self.on_lost()

    def _progress(self, line: str) -> None:
        """At most a line a second; the end is told by the result."""
        now = time.monotonic()
        if now - self._told_at < _TELL_S:
            return
        self._told_at = now
        self._say(line)

    def _say(self, line: str) -> None:
        if line != self._last:
            self._last = line
            say(printable(line))


def show_run(run: Run) -> None:
    """The facts behind a streamed answer, on stderr."""
    print()
    say(facts_line(run))


def facts_line(run: Run) -> str:
    """TTFT, rate, tokens, cost and finish on one line; unknown is a dash."""
    timing, usage = run.timing, run.usage
    estimated = "~" if usage.source == "estimated" else ""
    tokens = (
        f"{estimated}{_or_dash(usage.prompt_tokens)} → {estimated}{_or_dash(usage.completion_tokens)} tokens"
    )
    cost = _DASH if run.cost.usd is None else f"${run.cost.usd}"
    return " · ".join(
        [
            f"TTFT {_number(timing.ttft_ms, '.0f')} ms",
            f"{_number(timing.gen_tps, '.1f')} tok/s",
            tokens,
            f"cost {cost}",
            f"finish {run.finish_reason}",
            *form_words(run),
        ]
    )


def progress_line(event: WorkProgressed) -> str:
    """How far a long command is: `file: 62 %, 5.41 of 8.73 GB, 84.2 MB/s, 39 s left`."""
    parts = [size_text(event.done_bytes)]
    if event.total_bytes:
        percent = 100 * event.done_bytes // event.total_bytes
        parts = [f"{percent} %", f"{size_text(event.done_bytes)} of {size_text(event.total_bytes)}"]
    if event.rate_bps is not None:
        parts.append(f"{event.rate_bps / 1e6:.1f} MB/s")
    if event.eta_s is not None:
        parts.append(f"{event.eta_s:.0f} s left")
    return f"{event.what}: {', '.join(parts)}"


def runs_line(event: ComparisonProgressed) -> str:
    """How far a comparison is: `3 of 12 runs, 40 s left`."""
    left = "" if event.eta_s is None else f", {event.eta_s:.0f} s left"
    return f"{event.done} of {event.total} runs{left}"


def size_text(size_bytes: int) -> str:
    """A file's size as the hub prints it: decimal units."""
    if size_bytes >= 10**9:
        return f"{size_bytes / 1e9:.2f} GB"
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 10**6 else f"{size_bytes / 1e3:.0f} kB"


def show_table(headers: list[str], rows: list[list[Any]]) -> None:
    """A plain table; None is a dash."""
    texts = [headers, *([printable(str(_or_dash(cell))) for cell in row] for row in rows)]
    widths = [max(len(row[at]) for row in texts) for at in range(len(headers))]
    for row in texts:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def show_diagnosis(document: dict[str, Any]) -> None:
    """The `doctor` document, one fact a line; problems last, each with its way out."""
    engine, keyring, paths = document["engine"], document["keyring"], document["paths"]
    gpus = [
        f"{row['name']}, {row['free_bytes'] >> 20} of {row['total_bytes'] >> 20} MiB free"
        for row in document["devices"]
    ]
    backends = ", ".join(engine["backends"]) or "missing"
    facts = {
        "steelyard": f"{document['app']} (Python {document['python']}, Qt {document['qt']})",
        "engine": f"{_or_dash(engine['build'])} ({backends}), {_or_dash(engine['path'])}",
        "gpu": "; ".join(gpus) or "none that NVML knows",
        "keyring": f"{keyring['backend']} ({'secure' if keyring['secure'] else 'not secure'})",
        "disk": f"{document['disk_free_bytes'] / 1e9:.1f} GB free",
        "hub": document["hub"]["endpoint"],
        "servers": ", ".join(row["name"] for row in document["servers"]) or "none",
        **paths,
    }
    width = max(len(name) for name in facts)
    for name, value in facts.items():
        print(printable(f"{name.ljust(width)}  {value}"))
    for problem in document["problems"]:
        print(printable(f"problem: {problem['what']}. {problem['hint']}"))


def _number(value: float | None, layout: str) -> str:
    return _DASH if value is None else format(value, layout)


def _or_dash(value: Any) -> Any:
    return _DASH if value is None else value
