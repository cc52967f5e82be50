"""What an owner has for one guest and the guest has not taken yet."""

from __future__ import annotations

import asyncio
from io import StringIO
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.control.frames import Frame, Told, write_frame
from steelyard.core.values.events import TextArrived

if TYPE_CHECKING:
    from collections.abc import Hashable

    from steelyard.core.values.events import Event


class _Text:
    """Pieces of one answer, joined while they wait."""

    def __init__(self) -> None:
        self._pieces = StringIO()
        self._last: TextArrived | None = None

    def add(self, event: TextArrived) -> None:
        self._pieces.write(event.text)
        self._last = event

    def frame(self) -> Told:
        assert self._last is not None
        return Told(msgspec.structs.replace(self._last, text=self._pieces.getvalue()))


class Outbox:
    """Frames in order, sent one by one as fast as the guest reads.

    While it does not read (a paused pager), texts of one run become one frame, so that no more waits here
    than the answers themselves.
    """

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        writer.transport.set_write_buffer_limits(high=0)  # `drain` then means: all of it has left
        self._waiting: dict[Hashable, Frame | _Text] = {}
        self._count = 0
        self._has_more = asyncio.Event()
        self._is_closed = False

    def tell(self, event: Event) -> None:
        """Queue an event."""
        if not isinstance(event, TextArrived):
            self.put(Told(event))
            return
        waiting = self._waiting.setdefault((event.run_id, event.is_reasoning), _Text())
        assert isinstance(waiting, _Text)
        waiting.add(event)
        self._has_more.set()

    def put(self, frame: Frame) -> None:
        """Queue a frame."""
        self._count += 1
        self._waiting[self._count] = frame
        self._has_more.set()

    def close(self) -> None:
        """Nothing more will come: `send_all` returns when all is sent."""
        self._is_closed = True
        self._has_more.set()

    async def send_all(self) -> None:
        """Send until closed.

        Raises:
            ConnectionError: the guest has gone.
        """
        while True:
            while self._waiting:
                item = self._waiting.pop(next(iter(self._waiting)))
                write_frame(self._writer, item.frame() if isinstance(item, _Text) else item)
                await self._writer.drain()
            if self._is_closed:
                return
            self._has_more.clear()
            await self._has_more.wait()
