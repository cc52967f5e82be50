"""The one door between the Qt thread and the engine thread.

Ownership: the engine object is created, used and stopped only inside the engine thread. The Qt thread sends
commands through `Bridge.run` and receives results and events through a mailbox that is drained at most every
`FRAME_MS`, so that a fast stream costs the window one repaint a frame instead of one a token.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from shiboken6 import isValid

from steelyard.core.base.errors import AppError
from steelyard.core.base.ids import new_id
from steelyard.core.values.events import (
    DownloadChanged,
    EngineChanged,
    Event,
    LibraryChanged,
    RunWaited,
    ServerChanged,
    TextArrived,
    WorkProgressed,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.values.commands import Command

FRAME_MS = 33
_SWITCH_S = 0.001
"""So long one thread may keep the interpreter while another waits. A table is painted in hundreds of calls
that each take it back; at Python's own 5 ms, work in the engine would hold up the window noticeably.
"""

_log = logging.getLogger(__name__)


class EngineLike(Protocol):
    """What the bridge needs of the engine; tests pass a scripted one."""

    async def start(self) -> None:
        """Become ready; commands may arrive earlier and wait."""
        ...

    async def stop(self, deadline_s: float) -> None:
        """End every child and close every file within the deadline."""
        ...

    async def execute(self, command: Command, request: str) -> Any:
        """Carry out one command; events of it carry `request`."""
        ...

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call `listener` in the engine thread for each event; returns the unsubscriber."""
        ...


class Call:
    """A command on its way; `cancel()` may be called at any moment, also when it is already done."""

    def __init__(
        self,
        bridge: Bridge,
        on_done: Callable[[Any], None] | None,
        on_error: Callable[[AppError], None] | None,
    ) -> None:
        self.request = new_id()
        self._bridge = bridge
        self._on_done = on_done
        self._on_error = on_error
        self.task: asyncio.Task[None] | None = None

    def cancel(self) -> None:
        """Stop the work; what was received stays in the ledger. `on_done` and `on_error` stay silent."""
        self._bridge.cancel(self)

    def deliver(self, outcome: Any, error: AppError | None) -> None:
        """Main thread: hand the outcome to the page, unless the page is gone."""
        callback = self._on_error if error is not None else self._on_done
        if error is not None and callback is None:
            self._bridge.error_raised.emit(error)
            return
        receiver = getattr(callback, "__self__", None)
        if callback is None or (isinstance(receiver, QObject) and not isValid(receiver)):
            return
        callback(error if error is not None else outcome)


class _Mailbox:
    """Bounded by merging: text concatenates per run, state is latest-wins per key."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._items: list[Any] = []
        self._index: dict[Any, int] = {}

    def put(self, item: Any) -> bool:
        """Add an item; True if the box was empty."""
        with self._lock:
            was_empty = not self._items
            key = _merge_key(item)
            at = self._index.get(key) if key is not None else None
            if at is not None:
                self._items[at] = _merged(self._items[at], item)
            else:
                if key is not None:
                    self._index[key] = len(self._items)
                self._items.append(item)
            return was_empty

    def take_all(self) -> list[Any]:
        """Empty the box."""
        with self._lock:
            items, self._items, self._index = self._items, [], {}
            return items


def _merge_key(item: Any) -> Any:
    match item:
        case TextArrived():
            return ("text", item.run_id, item.is_reasoning)
        case ServerChanged():
            return ("server", item.server.name)
        case EngineChanged():
            return "engine"
        case RunWaited():
            return ("waited", item.request, item.column)
        case DownloadChanged():
            return ("download", item.download.id)
        case WorkProgressed():
            return ("work", item.request)
        case LibraryChanged():
            return "library"
        case _:
            return None


def _merged(older: Any, newer: Any) -> Any:
    if isinstance(newer, TextArrived):
        return msgspec.structs.replace(newer, text=older.text + newer.text)
    return newer


class Bridge(QObject):
    """Starts the engine thread, sends it commands, brings its events to the Qt thread."""

    event_arrived = Signal(object)
    """Each `Event`, in order, in the main thread."""
    error_raised = Signal(object)
    """An `AppError` of a command whose caller gave no `on_error`: shown as a toast."""
    stopped = Signal()
    """The engine thread has ended; every child is gone."""
    _woken = Signal()

    def __init__(self, make_engine: Callable[[], EngineLike], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._make_engine = make_engine
        self._mailbox = _Mailbox()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loop_ready = threading.Event()
        self._quit: asyncio.Event | None = None
        self._engine: EngineLike | None = None
        self._failure: AppError | None = None
        self._early: list[tuple[Command, Call]] = []
        self._stop_deadline_s = 10.0
        self._last_drain = 0.0
        # Not a daemon: children get their death signal from this thread, so it must be joined, not dropped.
        self._thread = threading.Thread(target=self._thread_main, name="engine")
        self._timer = QTimer(self, singleShot=True, interval=FRAME_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._drain)
        self._woken.connect(self._on_woken, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """Start the engine thread; returns at once. Commands that were sent earlier go first."""
        sys.setswitchinterval(_SWITCH_S)
        self._thread.start()
        self._loop_ready.wait()
        assert self._loop is not None
        for command, call in self._early:
            self._loop.call_soon_threadsafe(self._spawn, command, call)
        self._early.clear()

    def run(
        self,
        command: Command,
        on_done: Callable[[Any], None] | None = None,
        on_error: Callable[[AppError], None] | None = None,
    ) -> Call:
        """Send a command. Callbacks run in the main thread; give bound methods of the page, not lambdas."""
        call = Call(self, on_done, on_error)
        if self._loop is None:
            self._early.append((command, call))
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._spawn, command, call)
        return call

    def cancel(self, call: Call) -> None:
        """See `Call.cancel`."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_cancel_task, call)

    def stop(self, deadline_s: float = 10.0) -> None:
        """Ask the engine to end; `stopped` follows. Never blocks."""
        self._stop_deadline_s = deadline_s
        if self._loop is not None and self._quit is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._quit.set)

    def join(self) -> None:
        """Wait for the engine thread, after `stopped` or at exit."""
        if self._thread.is_alive():
            self._thread.join()

    # ---- engine thread -------------------------------------------------------------------------------------

    def _thread_main(self) -> None:
        try:
            asyncio.run(self._main())
        finally:
            self._put(_ThreadEnded())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._quit = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop_ready.set()
        try:
            engine = self._engine = self._make_engine()
        except AppError as exc:
            self._failure = exc
            self._put(EngineChanged(state="failed", detail=exc.one_line()))
            await self._quit.wait()
            return
        unsubscribe = engine.subscribe(self._put)
        starting = asyncio.create_task(self._start_engine(engine))
        await self._quit.wait()
        starting.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(starting, *self._tasks, return_exceptions=True)
        await engine.stop(self._stop_deadline_s)
        unsubscribe()

    async def _start_engine(self, engine: EngineLike) -> None:
        try:
            await engine.start()
        except AppError as exc:
            self._put(EngineChanged(state="failed", detail=exc.one_line()))
        except Exception:  # noqa: BLE001 - told in the window, logged whole
            _log.exception("the engine did not start")
            self._put(
                EngineChanged(state="failed", detail="The engine did not start; the log has the details.")
            )

    def _spawn(self, command: Command, call: Call) -> None:
        task = call.task = asyncio.create_task(self._execute(command, call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _execute(self, command: Command, call: Call) -> None:
        try:
            if self._engine is None:
                raise self._failure or AppError("The engine did not start")
            outcome = await self._engine.execute(command, call.request)
        except AppError as exc:
            self._put(_Outcome(call, None, exc))
        except asyncio.CancelledError:
            pass
        except Exception as exc:  # noqa: BLE001 - a bug must reach the user, not vanish in a task
            _log.exception("command %s failed", type(command).__name__)
            bug = AppError("Something went wrong inside Steelyard", repr(exc), "The log has the details.")
            self._put(_Outcome(call, None, bug))
        else:
            self._put(_Outcome(call, outcome, None))

    def _put(self, item: Any) -> None:
        if self._mailbox.put(item):
            self._woken.emit()

    # ---- main thread ---------------------------------------------------------------------------------------

    @Slot()
    def _on_woken(self) -> None:
        since_ms = (time.monotonic() - self._last_drain) * 1000
        if since_ms >= FRAME_MS:
            self._drain()
        elif not self._timer.isActive():
            self._timer.start(max(1, int(FRAME_MS - since_ms)))

    @Slot()
    def _drain(self) -> None:
        self._last_drain = time.monotonic()
        for item in self._mailbox.take_all():
            if isinstance(item, _Outcome):
                item.call.deliver(item.outcome, item.error)
            elif isinstance(item, _ThreadEnded):
                self.stopped.emit()
            else:
                self.event_arrived.emit(item)


class _Outcome:
    def __init__(self, call: Call, outcome: Any, error: AppError | None) -> None:
        self.call = call
        self.outcome = outcome
        self.error = error


class _ThreadEnded:
    pass


def _cancel_task(call: Call) -> None:
    if call.task is not None:
        call.task.cancel()
