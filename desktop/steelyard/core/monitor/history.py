"""The last hour in memory, the last 30 days by the minute in the store; both as one `History`."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

from steelyard.core.monitor.charts import chart_lines, frame_of
from steelyard.core.monitor.live_ring import CAPACITY, LiveRing
from steelyard.core.monitor.minutes import MinuteTally
from steelyard.core.monitor.run_series import TRAILING_S, run_lines
from steelyard.core.monitor.series import RUN_LABELS, figures_in, label_of, labels_in, unit_of
from steelyard.core.store.requests import figures_of
from steelyard.core.values.telemetry import Series

if TYPE_CHECKING:
    from steelyard.core.monitor.charts import Frame
    from steelyard.core.store.requests import Requests, RunFigures
    from steelyard.core.store.telemetry_history import Minute, TelemetryHistory
    from steelyard.core.values.commands import ReadHistory
    from steelyard.core.values.run import Run
    from steelyard.core.values.telemetry import Sample

_MAX_RUNS = 20_000
_RECENT_RUNS = 1_000
_MIN_WINDOW_S, _MAX_WINDOW_S = 10.0, 31 * 86_400.0
_MIN_POINTS, _MAX_POINTS = 2, 5_000
_PRUNE_EVERY_S = 86_400.0


class HistoryRoom:
    """Takes samples and finished runs, answers with lines. Lives in the engine's loop."""

    def __init__(self, store: TelemetryHistory, requests: Requests) -> None:
        self._store = store
        self._requests = requests
        self._ring = LiveRing()
        self._tally = MinuteTally()
        self._labels: dict[str, str] = {}
        self._unsaved_labels: dict[str, str] = {}
        self.runs: deque[RunFigures] = deque(maxlen=_MAX_RUNS)
        """Of the last hour, in the order of their end; those before this process, too."""
        self._runs_since = 0.0
        self._pruned_at = 0.0

    async def load(self) -> None:
        """Take up what was there before a restart."""
        now = time.time()
        self._labels = await self._store.labels()
        self.runs.extend(sorted(await self._requests.figures(now - CAPACITY, now), key=lambda run: run.at))
        self._runs_since = now - CAPACITY

    def take(self, sample: Sample) -> tuple[int, Minute] | None:
        """Remember a sample; returns the minute before if that is over, to be stored."""
        figures = figures_in(sample)
        self._ring.add(sample.at, figures)
        for key, label in labels_in(sample).items():
            if key in figures and self._labels.get(key) != label:
                self._labels[key] = self._unsaved_labels[key] = label
        return self._tally.add(sample.at, figures)

    def take_run(self, run: Run) -> None:
        """Remember a run that ended now."""
        if len(self.runs) == _MAX_RUNS:
            self._runs_since = self.runs[0].at
        self.runs.append(figures_of(run, time.time()))

    def recent(self) -> list[RunFigures]:
        """The last thousand runs, in the order of their end."""
        return [*islice(reversed(self.runs), _RECENT_RUNS)][::-1]

    async def save_open_minute(self) -> None:
        """Store the minute that goes on; a later start completes it.

        Raises:
            AppError: the ledger cannot be written.
        """
        minute = self._tally.take()
        if minute is not None:
            await self.save(minute)

    async def save(self, minute: tuple[int, Minute]) -> None:
        """Store a minute, and once a day forget what is too old.

        Raises:
            AppError: the ledger cannot be written.
        """
        labels, self._unsaved_labels = self._unsaved_labels, {}
        await self._store.add(dict([minute]), labels)
        if time.time() - self._pruned_at > _PRUNE_EVERY_S:
            self._pruned_at = time.time()
            await self._store.prune(self._pruned_at)

    async def lines(self, wanted: ReadHistory) -> tuple[Frame, list[Series]]:
        """The lines that have a figure in the window, and its time axis."""
        window_s = min(_MAX_WINDOW_S, max(_MIN_WINDOW_S, wanted.window_s))
        points = min(_MAX_POINTS, max(_MIN_POINTS, wanted.points))
        frame = frame_of(time.time(), window_s, points, wanted.since)
        minutes: dict[int, Minute] = {}
        live_from = self._ring.first_at
        if live_from is None or frame.start < live_from:
            minutes = await self._store.minutes(frame.start, frame.until)
        runs = await self._runs_from(frame.start - max(TRAILING_S, frame.step_s), frame.until)
        live = self._ring.since(frame.start)
        found = await asyncio.to_thread(_all_lines, frame, minutes, live, runs)
        return frame, [
            Series(key=key, label=self._labels.get(key) or label_of(key), unit=unit_of(key), values=values)
            for key, values in found.items()
        ]

    async def _runs_from(self, since: float, until: float) -> list[RunFigures]:
        if since >= self._runs_since:
            first = next((index for index, run in enumerate(self.runs) if run.at >= since), len(self.runs))
            return list(islice(self.runs, first, None))
        return sorted(await self._requests.figures(since, until), key=lambda run: run.at)


def _all_lines(
    frame: Frame,
    minutes: dict[int, Minute],
    live: tuple[list[float], dict[str, list[float]]],
    runs: list[RunFigures],
) -> dict[str, list[float | None]]:
    found = chart_lines(frame, minutes, live)
    found.update(run_lines(runs, frame.times, frame.step_s) if runs else {})
    return {
        key: values
        for key, values in found.items()
        if key in RUN_LABELS or any(value is not None for value in values)
    }
