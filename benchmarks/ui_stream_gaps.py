"""Main-thread gaps while four columns stream: the real page and bridge, a made-up engine in its own thread.

    python benchmarks/ui_stream_gaps.py [--seconds 20] [--rate 200] [--columns 4] [--start-chars 0] [--whole]
                                        [--find WORD] [--charts]

A timer that is due every 5 ms notes how late it comes; what it waited for is what a user would feel.
Promise: p99 < 50 ms, max < 150 ms. `--start-chars` begins each answer with so much text, at once; with
`--whole` the time in which that is laid out counts, too. `--find` keeps the find bar open. `--charts`
shows the Monitor page with an hour of history (3,600 rows, 4 servers) beside the columns, live.

A stream of 100,000 tokens: `--columns 1 --rate 2500 --seconds 40`; an answer of 10 MB at once:
`--columns 1 --start-chars 10000000 --whole --seconds 5`.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import platform
import threading
import time
from typing import TYPE_CHECKING, Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, QObject, Qt, QTimer, Slot
from PySide6.QtWidgets import QApplication, QMainWindow, QVBoxLayout, QWidget

from steelyard.core.base.clock import utc_now
from steelyard.core.base.ids import new_id
from steelyard.core.values import commands as cmd
from steelyard.core.values.comparison import Comparison
from steelyard.core.values.events import (
    ComparisonStarted,
    Event,
    RunFinished,
    RunStarted,
    Sampled,
    TextArrived,
)
from steelyard.core.values.reports import CostPreview
from steelyard.core.values.run import Run, TargetInfo
from steelyard.core.values.settings import Settings
from steelyard.core.values.targets import TargetRow
from steelyard.core.values.telemetry import (
    GpuSample,
    History,
    Marker,
    RequestPage,
    Sample,
    Series,
    ServerSample,
)
from steelyard.core.values.weights import Shelf
from steelyard.ui.actions import Actions
from steelyard.ui.bridge import Bridge
from steelyard.ui.pages.compare import ComparePage
from steelyard.ui.pages.monitor import MonitorPage
from steelyard.ui.pages.monitor_series import figures
from steelyard.ui.theme.theme import Theme

if TYPE_CHECKING:
    from collections.abc import Callable

BEAT_MS = 5
GIB = 1 << 30
ROWS = 3_600
RUN_SERIES = ("ttft_p50_ms", "ttft_p95_ms", "itl_p50_ms", "itl_p95_ms", "joules_per_token")
TOKEN_CHARS = 4
CHUNK = """## Step: check the locks

`ADD COLUMN` with a constant default is **metadata only**. The plain `CREATE INDEX` blocks every write on the
table for the whole build, which takes as long as the table is large; see [the manual](https://example.com/docs).

```python
def backfill(connection, batch: int = 50_000) -> int:
    # keep each transaction short
    done = 0
    while rows := connection.execute("UPDATE orders SET region = 'eu' WHERE id > ?", (done,)):
        done += len(rows)
    return done
```

- Run the index **outside** a transaction block.
- If it fails, drop the `INVALID` index and retry.
  - Watch `pg_stat_progress_create_index` meanwhile.

| setting | value | why |
|---|---|---|
| lock_timeout | 1s | never queue behind a long query |
| statement_timeout | 0 | `long` builds |

"""


class StreamingEngine:
    """Says `CHUNK` again and again in every column, at a steady rate."""

    def __init__(self, columns: int, tokens_per_s: float, seconds: float, start_chars: int) -> None:
        self.names = [f"api-{at}" for at in range(columns)]
        self._tokens_per_s = tokens_per_s
        self._seconds = seconds
        self._start_chars = start_chars
        self._listeners: list[Callable[[Event], None]] = []
        self.tokens = 0
        self.may_stream = threading.Event()
        self._machine = Machine()

    async def start(self) -> None:
        """Ready at once; looks at the made-up machine from then on."""
        self._sampling = asyncio.create_task(self._sample())

    async def _sample(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            self._tell(Sampled(sample=self._machine.sample(time.time())))

    async def stop(self, deadline_s: float) -> None:
        """No more samples."""
        self._sampling.cancel()

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """See `EngineLike`."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def execute(self, command: cmd.Command, request: str) -> Any:
        """See `EngineLike`."""
        match command:
            case cmd.ListTargets():
                url = "https://example.com/v1"
                return [
                    TargetRow(name=name, url=url, model="made-up", format="openai", key="none")
                    for name in self.names
                ]
            case cmd.StartComparison():
                return await self._compare(request)
            case cmd.ReadHistory() | cmd.ReadSample() | cmd.ReadRequests() | cmd.ReadSettings():
                return self._machine.answer(command)
            case cmd.ListWeights():
                return Shelf(weights=[])
            case cmd.PreviewCost():
                targets = len(self.names)
                return CostPreview(
                    api_usd_max=None, api_targets=targets, local_targets=0, unpriced=self.names
                )
            case _:
                return []

    async def _compare(self, request: str) -> Comparison:
        comparison_id = new_id()
        self._tell(ComparisonStarted(request=request, comparison_id=comparison_id, turn=0))
        runs = await asyncio.gather(*(self._stream(request, at) for at in range(len(self.names))))
        return Comparison(
            id=comparison_id, schedule="concurrent", runs=list(runs), not_comparable=[], summary={}
        )

    async def _stream(self, request: str, column: int) -> Run:
        target = TargetInfo(name=self.names[column], kind="api", model="made-up", endpoint_host="example.com")
        run = Run(id=new_id(), started_at=utc_now(), target=target, column=column)
        self._tell(RunStarted(request=request, run=run))
        started = time.perf_counter()
        text = CHUNK * (2 + self._start_chars // len(CHUNK))
        said, chunks = text[: self._start_chars], 0
        if said:
            self._say(request, run, said, 1, started)
        while not self.may_stream.is_set():
            await asyncio.sleep(0.01)
        started = time.perf_counter()
        at = (len(said) + 97 * column) % len(CHUNK)
        while (elapsed_s := time.perf_counter() - started) < self._seconds:
            while chunks < elapsed_s * self._tokens_per_s:
                token = (CHUNK + CHUNK)[at : at + TOKEN_CHARS]
                at = (at + TOKEN_CHARS) % len(CHUNK)
                chunks += 1
                said += token
                self._say(request, run, token, chunks, started)
            await asyncio.sleep(1 / self._tokens_per_s)
        self.tokens += chunks
        done = Run(
            id=run.id,
            started_at=run.started_at,
            target=target,
            column=column,
            text=said,
            finish_reason="stop",
        )
        self._tell(RunFinished(request=request, run=done))
        return done

    def _say(self, request: str, run: Run, text: str, chunks: int, started: float) -> None:
        elapsed_ms = (time.perf_counter() - started) * 1000
        self._tell(
            TextArrived(
                request=request,
                run_id=run.id,
                column=run.column,
                text=text,
                is_reasoning=False,
                chunks=chunks,
                elapsed_ms=elapsed_ms,
                ttft_ms=1.0,
            )
        )

    def _tell(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)


class Machine:
    """An hour of made-up measurements, and one more of them each second."""

    def __init__(self) -> None:
        self.ends_at = time.time()

    def sample(self, at: float) -> Sample:
        """One GPU, four servers."""
        wave = math.sin(at / 7) * 0.5 + math.sin(at / 31) * 0.5
        servers = [
            ServerSample(
                name=f"model-{n}",
                pid=n,
                vram_bytes=round((3 + n + 0.2 * wave) * GIB),
                gen_tps=140 + 20 * wave * n,
            )
            for n in range(1, 5)
        ]
        gpu = GpuSample(
            id="gpu",
            name="made-up",
            source="nvidia",
            total_bytes=32 * GIB,
            used_bytes=sum(server.vram_bytes or 0 for server in servers) + GIB,
            utilisation_share=0.5 + 0.45 * wave,
            power_w=250 + 150 * wave,
            temperature_c=65 + 15 * wave,
        )
        return Sample(at=at, gpus=[gpu], servers=servers, power_w=gpu.power_w, power_source="nvml_counter")

    def history(self) -> History:
        """The hour before."""
        times = [self.ends_at - ROWS + n for n in range(ROWS)]
        rows = [figures(self.sample(at)) for at in times]
        columns = {key: [row[key] for row in rows] for key in rows[0]}
        for name in RUN_SERIES:
            columns[f"runs.{name}"] = [50 + 20 * math.sin(at / 90) for at in times]
        series = [Series(key=key, label=key, unit="", values=values) for key, values in columns.items()]
        return History(
            since=times[0],
            until=self.ends_at,
            step_s=1.0,
            times=times,
            series=series,
            markers=self._markers(),
        )

    def _markers(self) -> list[Marker]:
        return [
            Marker(id=str(n), at=self.ends_at - 300 * n, kind="note", title=f"mark {n}") for n in range(1, 11)
        ]

    def answer(self, command: cmd.Command) -> Any:
        """What the page asks for."""
        match command:
            case cmd.ReadHistory():
                return self.history()
            case cmd.ReadSample():
                return self.sample(time.time())
            case cmd.ReadRequests():
                return RequestPage(rows=[], total=0, failed=0)
            case cmd.ReadSettings():
                return Settings()
            case _:
                return None


class Heartbeat(QObject):
    """Notes the time between two beats of a 5 ms timer."""

    def __init__(self) -> None:
        super().__init__()
        self.gaps_ms: list[float] = []
        self._last_s = 0.0
        self._timer = QTimer(self, interval=BEAT_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_beat)

    def start(self) -> None:
        """Begin anew."""
        self.gaps_ms.clear()
        self._last_s = time.perf_counter()
        self._timer.start()

    def stop(self) -> None:
        """Note no more."""
        self._timer.stop()

    @Slot()
    def _on_beat(self) -> None:
        now_s = time.perf_counter()
        self.gaps_ms.append((now_s - self._last_s) * 1000)
        self._last_s = now_s


def percentile(values: list[float], share: float) -> float:
    """The value below which this share lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main() -> None:
    """Stream, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=200.0, help="tokens a second and column")
    parser.add_argument("--columns", type=int, default=4, choices=(1, 2, 3, 4))
    parser.add_argument("--start-chars", type=int, default=0)
    parser.add_argument("--whole", action="store_true", help="laying out the start counts, too")
    parser.add_argument("--find", default="", metavar="WORD", help="the find bar is open on this word")
    parser.add_argument("--charts", action="store_true", help="the Monitor page is live beside them")
    options = parser.parse_args()
    app = QApplication([])
    theme, actions, heart = Theme(app, "dark"), Actions(), Heartbeat()
    engine = StreamingEngine(options.columns, options.rate, options.seconds, options.start_chars)
    bridge = Bridge(lambda: engine)
    bridge.start()
    window = QMainWindow()
    page = ComparePage(theme, bridge, actions)
    charts = MonitorPage(theme, bridge, actions) if options.charts else None
    window.setCentralWidget(page if charts is None else above_each_other(page, charts))
    window.resize(1440, 820 if charts is None else 1640)
    window.show()
    if charts is not None:
        charts.choose_window("3600")
        Wait(lambda: charts.feed.columns is not None and len(charts.feed.columns.times) >= ROWS)
    Wait(lambda: len(page.lists.refs) == options.columns)
    for ref in page.lists.refs:
        page.add_target(ref.target)
    page.composer.set_prompt("Is this migration safe?")
    page.send()
    if options.find:
        page.reading.open_find()
        page.reading.find.edit.setText(options.find)
    if options.whole:
        heart.start()
    if options.start_chars:
        Wait(Settled(page).is_settled, 300)
    engine.may_stream.set()
    if not options.whole:
        heart.start()
    Wait(lambda: not page.state.is_streaming, options.seconds * 3 + 60)
    heart.stop()
    gaps = heart.gaps_ms
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    rate = engine.tokens / options.seconds
    print(f"{options.columns} columns, {rate:.0f} tok/s in all, {options.seconds:.0f} s")
    print(
        f"beats {len(gaps)}  p50 {percentile(gaps, 0.5):.1f} ms  p99 {percentile(gaps, 0.99):.1f} ms",
        end="  ",
    )
    longest_at_s = sum(gaps[: gaps.index(max(gaps))]) / 1000
    print(f"p99.9 {percentile(gaps, 0.999):.1f} ms  max {max(gaps):.1f} ms (after {longest_at_s:.1f} s)")
    bridge.stop()
    bridge.join()


def above_each_other(page: QWidget, charts: QWidget) -> QWidget:
    """Both pages in one window, so that both are painted."""
    both = QWidget()
    column = QVBoxLayout(both)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(page, 1)
    column.addWidget(charts, 1)
    return both


class Settled:
    """The beginning of each answer has been laid out: the documents grow no more."""

    def __init__(self, page: ComparePage) -> None:
        self._page = page
        self._sizes: list[int] = []
        self._quiet_looks = 0

    def is_settled(self) -> bool:
        """True after a second without growth."""
        sizes = [widget.view.document().characterCount() for widget in self._page.columns.widgets]
        self._quiet_looks = self._quiet_looks + 1 if sizes == self._sizes and min(sizes) > 1 else 0
        self._sizes = sizes
        return self._quiet_looks > 20


class Wait(QObject):
    """Turns the real event loop until something is so; looks ten times a second."""

    def __init__(self, is_done: Callable[[], bool], most_s: float = 60.0) -> None:
        super().__init__()
        self._is_done = is_done
        self._until_s = time.perf_counter() + most_s
        self._loop = QEventLoop(self)
        timer = QTimer(self, interval=100)
        timer.timeout.connect(self._on_look)
        timer.start()
        self._loop.exec()

    @Slot()
    def _on_look(self) -> None:
        if self._is_done():
            self._loop.quit()
        elif time.perf_counter() > self._until_s:
            raise SystemExit("gave up waiting")


if __name__ == "__main__":
    main()
