"""How fast the running streams generate, over the last second."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

WINDOW_S = 1.0


@dataclass
class _Stream:
    target: str
    samples: deque[tuple[float, int]] = field(default_factory=deque)


class GenRate:
    """Chunks per second, stream by stream; clocks are handed in."""

    def __init__(self) -> None:
        self._streams: dict[str, _Stream] = {}

    @property
    def is_running(self) -> bool:
        """Whether any run is on its way."""
        return bool(self._streams)

    def run_started(self, run_id: str, target: str) -> None:
        """A run is on its way, without text so far."""
        self._streams[run_id] = _Stream(target)

    def text_arrived(self, run_id: str, chunks: int, now_s: float) -> None:
        """`chunks` were received in all."""
        stream = self._streams.get(run_id)
        if stream is None:
            return
        stream.samples.append((now_s, chunks))
        while len(stream.samples) > 2 and stream.samples[1][0] <= now_s - WINDOW_S:
            stream.samples.popleft()

    def run_finished(self, run_id: str) -> None:
        """A run has ended, in whatever way."""
        self._streams.pop(run_id, None)

    def clear(self) -> None:
        """The engine is gone, and every run with it."""
        self._streams.clear()

    def rates(self, now_s: float) -> list[tuple[str, float]]:
        """Target and chunks per second of each stream that has a rate."""
        found: list[tuple[str, float]] = []
        for stream in self._streams.values():
            rate = _rate(stream.samples, now_s)
            if rate is not None:
                found.append((stream.target, rate))
        return found


def _rate(samples: deque[tuple[float, int]], now_s: float) -> float | None:
    if len(samples) < 2 or now_s <= samples[0][0]:
        return None
    # A stream that has stalled slows down on the display, too: the span ends now, not at the last chunk.
    return (samples[-1][1] - samples[0][1]) / (now_s - samples[0][0])
