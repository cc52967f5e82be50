"""How fast each server generates now, from the chunks of its runs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from steelyard.core.values.events import RunFinished, RunStarted, TextArrived

if TYPE_CHECKING:
    from steelyard.core.values.events import Event


@dataclass
class _Stream:
    server: str | None = None
    chunks: int = 0
    counted: int = 0


class LiveRates:
    """A local server streams one token a chunk. Owned by the engine's loop."""

    def __init__(self) -> None:
        self._streams: dict[str, _Stream] = {}
        self._ended: dict[str, int] = {}
        self._looked_at = time.monotonic()

    def on_event(self, event: Event) -> None:
        """Take the events of runs."""
        match event:
            case TextArrived():
                if (stream := self._streams.get(event.run_id)) is not None:
                    stream.chunks = event.chunks
            case RunStarted() if event.run.target.kind == "local":
                self._streams[event.run.id] = _Stream(event.run.target.server)
            case RunFinished():
                stream = self._streams.pop(event.run.id, None)
                if stream is not None and stream.server is not None:
                    left = stream.chunks - stream.counted
                    self._ended[stream.server] = self._ended.get(stream.server, 0) + left
            case _:
                pass

    def take(self) -> dict[str, float]:
        """Tokens per second since the last call, by server; servers without a run are left out."""
        now = time.monotonic()
        span_s, self._looked_at = now - self._looked_at, now
        counts, self._ended = self._ended, {}
        for stream in self._streams.values():
            if stream.server is not None:
                counts[stream.server] = counts.get(stream.server, 0) + stream.chunks - stream.counted
            stream.counted = stream.chunks
        return {name: count / span_s for name, count in counts.items() if span_s > 0}
