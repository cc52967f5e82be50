"""What `bench` and `tune` print while they measure and when they are done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.cli.output import say
from steelyard.cli.show import Follower, show_table
from steelyard.core.base.errors import printable
from steelyard.core.base.units import gib_text
from steelyard.core.values.bench import BenchReport, TuneReport

if TYPE_CHECKING:
    from steelyard.cli.output import Printer
    from steelyard.core.values.bench import TuneCandidate
    from steelyard.core.values.events import Event


class BenchFollower(Follower):
    """Says on stderr what is being measured."""

    def __init__(self) -> None:
        super().__init__(shows_text=False)
        self._told = ""

    def __call__(self, event: Event) -> None:
        """Take one event. Never raises."""
        from steelyard.core.values.events import BenchProgressed, TuneProgressed

        match event:
            case BenchProgressed():
                self._tell(f"{event.done}/{event.total} {event.doing}")
            case TuneProgressed() if event.candidate is None:
                left = "" if event.eta_s is None else f", {event.eta_s:.0f} s left"
                self._tell(f"{event.done}/{event.total} {event.doing}{left}")
            case _:
                super().__call__(event)

    def _tell(self, line: str) -> None:
        if line != self._told:
            self._told = line
            say(printable(line))


def show_bench(plain: Any, printer: Printer) -> None:
    """The document of `bench`."""
    report = msgspec.convert(plain, BenchReport)
    engine = report.engine

    def text() -> None:
        print(
            printable(
                f"{report.weights}: engine {engine.build} on {engine.backend}, mean and spread of"
                f" {engine.repetitions}: reads {_spread(engine.prompt_tps, engine.prompt_tps_sd)}"
                f" ({engine.prompt_tokens} tokens), writes {_spread(engine.gen_tps, engine.gen_tps_sd)}"
                f" ({engine.gen_tokens} tokens)"
            )
        )
        cells = [
            [
                level.parallel,
                _number(level.aggregate_tps),
                _number(level.ratio_to_engine, 2),
                _number(level.gen_tps_median),
                _number(level.ttft_p50_ms),
                _number(level.ttft_p95_ms),
                level.n,
                level.failed or None,
            ]
            for level in report.levels
        ]
        heads = [
            "PARALLEL",
            "TOK/S ALL",
            "OF ENGINE",
            "TOK/S EACH",
            "TTFT P50 MS",
            "TTFT P95 MS",
            "N",
            "FAILED",
        ]
        show_table(heads, cells)
        for note in report.notes:
            print(printable(note))

    printer.document(plain, text)


def show_tune(plain: Any, printer: Printer) -> None:
    """The document of `tune`."""
    report = msgspec.convert(plain, TuneReport)

    def text() -> None:
        heads = [
            "SETTINGS",
            "READS TOK/S",
            "WRITES TOK/S",
            "95 %",
            "MEMORY",
            "J/TOKEN",
            "NOT NOISE",
            "FAILED",
        ]
        show_table(heads, [_candidate_cells(row) for row in report.candidates])
        print(printable(report.verdict))
        if report.quant_note:
            print(printable(report.quant_note))
        if report.profile_path is not None:
            print(printable(f"profile: {report.profile_path}"))

    printer.document(plain, text)


def _candidate_cells(row: TuneCandidate) -> list[Any]:
    settings = ", ".join(f"{name} {value}" for name, value in row.settings.items())
    interval = None
    if row.gen_tps_low is not None and row.gen_tps_high is not None:
        interval = f"{row.gen_tps_low:.1f} to {row.gen_tps_high:.1f}"
    return [
        " ".join(part for part in (row.quant or "", settings) if part) or "defaults",
        _number(row.prompt_tps),
        _number(row.gen_tps),
        interval,
        None if row.memory_bytes is None else gib_text(row.memory_bytes),
        _number(row.joules_per_token, 3),
        "yes" if row.distinguishable else "",
        row.failed or None,
    ]


def _number(value: float | None, digits: int = 1) -> str | None:
    return None if value is None else f"{value:.{digits}f}"


def _spread(value: float | None, sd: float | None) -> str:
    if value is None:
        return "—"
    return f"{value:.1f} tok/s" + ("" if sd is None else f" ± {sd:.1f}")
