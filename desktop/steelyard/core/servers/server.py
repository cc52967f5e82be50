"""The actor of one llama-server child. Its task owns all state; see DESIGN.md."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import time
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from steelyard.core.base.clock import ms_between, now_ns, utc_now
from steelyard.core.base.errors import AppError
from steelyard.core.base.files import write_atomic
from steelyard.core.base.redaction import remember_secret
from steelyard.core.base.units import duration_text
from steelyard.core.servers.flags import effective
from steelyard.core.servers.launch import plan_launch
from steelyard.core.servers.loading import LoadFacts, ServerSpec, until_loaded
from steelyard.core.servers.log_facts import LogFacts, exit_words
from steelyard.core.servers.messages import (
    Ensure,
    Exit,
    Exited,
    Failed,
    Loaded,
    Message,
    Ready,
    Stalled,
    Stop,
    Unload,
)
from steelyard.core.servers.process import ServerProcess
from steelyard.core.servers.slot_queue import SlotQueue

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from pathlib import Path

    import httpx2

    from steelyard.core.servers.launch import LaunchPlan
    from steelyard.core.values.profiles import LaunchProfile
    from steelyard.core.values.servers import RoomPlan, ServerState
    from steelyard.core.values.settings import ServerSettings

T = TypeVar("T")

_POLL_S = 0.03
_LOG_LAG_S = 0.3
_FATE_WAIT_S = 1.0
_GRACE_S = 5.0
_TIMER_SLACK_S = 0.01
_MAX_CRASHES = 3
_RESTART_WINDOW_S = 300.0

_log = logging.getLogger(__name__)


class Server:
    """Public methods are messages to the owning task; what `server_rows` reads is a snapshot for display."""

    def __init__(
        self,
        spec: ServerSpec,
        profile: LaunchProfile,
        settings: ServerSettings,
        make_client: Callable[[Path], httpx2.AsyncClient],
        on_change: Callable[[Server], None],
        on_load: Callable[[LoadFacts], None],
    ) -> None:
        self.spec = spec
        self.asked = profile
        self.profile = effective(profile, settings)
        self.settings = settings
        self.slots = SlotQueue(
            spec.name, self.profile.parallel or 1, settings.max_waiting, self._on_slots_changed
        )
        self.facts = LogFacts()
        self.plan: LaunchPlan | None = None
        self.state: ServerState = "stopped"
        self.room: RoomPlan | None = None
        self.error: str | None = None
        self.ended = ""
        self.started_at: str | None = None
        self.load_ms: float | None = None
        self.restarts = 0
        self.may_restart: Callable[[Server], Awaitable[bool]] = _always
        """Asked before it is started again after a crash."""
        self.on_settled: Callable[[Server], None] = _nothing
        """Told when its load has come to an end, one way or the other."""
        self._make_client = make_client
        self._on_change = on_change
        self._on_load = on_load
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._process: ServerProcess | None = None
        self._ready: Ready | None = None
        self._waiters: list[asyncio.Future[Ready]] = []
        self._crashes: deque[float] = deque(maxlen=_MAX_CRASHES)
        self._last_crash = ""
        self._last_exit: Exit | None = None
        self._idle_timer: asyncio.TimerHandle | None = None
        self._is_closed = False
        self._side_tasks: set[asyncio.Task[None]] = set()
        self._task = asyncio.create_task(self._main(), name=f"server {spec.name}")

    # ---- messages ------------------------------------------------------------------------------------------

    async def ensure_ready(self) -> Ready:
        """A server that answers; starts one if need be.

        Raises:
            AppError: it cannot be loaded, or keeps crashing.
        """
        if self._is_closed:
            raise _stopped()
        waiter: asyncio.Future[Ready] = asyncio.get_running_loop().create_future()
        self._inbox.put_nowait(Ensure(waiter))
        return await waiter

    def use_deadlines(self, settings: ServerSettings) -> None:
        """Take over the deadlines of these settings for the next load; all else of them is as it was."""
        self.settings = settings
        self.slots.max_waiting = settings.max_waiting
        if self.asked.idle_unload_s is None:
            self.profile = msgspec.structs.replace(self.profile, idle_unload_s=settings.idle_unload_s)
        self._arm_idle_timer()

    async def stop(self) -> None:
        """End the child; it stays usable for a later `ensure_ready`."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._inbox.put_nowait(Stop(waiter))
        await waiter

    async def close(self) -> None:
        """End the child and this actor. What is asked of it afterwards is refused."""
        self._is_closed = True
        self._disarm_idle_timer()
        if not self._task.done():
            await self.stop()
        self._task.cancel()
        for task in list(self._side_tasks):
            task.cancel()
        await asyncio.gather(self._task, *self._side_tasks, return_exceptions=True)

    def report_stall(self, pid: int, reason: str) -> None:
        """A request to that child made no progress within its deadline: it is killed and started again."""
        self._inbox.put_nowait(Stalled(pid, reason))

    async def fate_of(self, pid: int) -> tuple[str, str] | None:
        """Why the child of that pid ended, and what to do; None if it has not ended within a moment."""
        until = time.monotonic() + _FATE_WAIT_S
        while time.monotonic() < until:
            if self._last_exit is not None and self._last_exit.pid == pid:
                return self._last_exit.detail, self._last_exit.hint
            await asyncio.sleep(_POLL_S)
        return None

    async def unload(self, reason: str) -> bool:
        """End the child unless somebody uses it; whether it has ended. It stays usable for `ensure_ready`."""
        waiter: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._inbox.put_nowait(Unload(waiter, reason))
        return await waiter

    def wait_for_room(self, plan: RoomPlan | None) -> None:
        """Show that a request waits for memory; None: no longer."""
        self.room = plan
        if plan is not None:
            self._set_state("waiting")
        elif self.state == "waiting":
            self._set_state("stopped")

    # ---- snapshots -----------------------------------------------------------------------------------------

    @property
    def ready(self) -> Ready | None:
        """What is needed to talk to it, while it is ready."""
        return self._ready

    @property
    def pid(self) -> int | None:
        """Process id of the child, if one runs."""
        return self._process.pid if self._process else None

    @property
    def unload_in_s(self) -> float | None:
        """Seconds until it is ended for being idle; None: it is in use, or never."""
        limit_s, idle_s = self.profile.idle_unload_s, self.slots.idle_s
        if not limit_s or idle_s is None or self._ready is None or not self.slots.is_idle:
            return None
        return max(0.0, limit_s - idle_s)

    def resident_bytes(self) -> int | None:
        """Resident memory of the child now."""
        return self._process.resident_bytes() if self._process else None

    def pulse(self) -> tuple[int, float, int] | None:
        """Signs of life of the child; None if none runs."""
        return self._process.pulse() if self._process else None

    # ---- the owning task -----------------------------------------------------------------------------------

    async def _main(self) -> None:
        try:
            while True:
                message = await self._inbox.get()
                try:
                    await self._handle(message)
                except AppError as exc:
                    await self._on_failed(exc)
                except Exception as exc:  # noqa: BLE001 - an actor that died would leave its callers waiting
                    _log.exception("server %s", self.spec.name)
                    await self._on_failed(AppError("Something went wrong inside Steelyard", repr(exc)))
        finally:
            for waiter in self._waiters:
                waiter.cancel()
            self._disarm_idle_timer()
            if self._ready:
                await self._ready.client.aclose()

    async def _handle(self, message: Message) -> None:
        """One message. What comes from or is about a child that is no longer ours is too late to matter."""
        match message:
            case Ensure() if self._is_closed:
                _refuse(message.waiter, _stopped())
            case Ensure():
                await self._on_ensure(message.waiter)
            case Loaded() if message.process is not self._process:
                await message.ready.client.aclose()
            case Loaded():
                self._on_loaded(message.ready)
            case Failed() if message.process is self._process:
                await self._on_failed(message.error)
            case Exited() if message.process is self._process:
                await self._on_exited(message)
            case Stop():
                await self._on_stop(message.waiter)
            case Unload():
                await self._on_unload(message)
            case Stalled() if message.pid == self.pid:
                await self._on_stalled(message.reason)
            case _:
                pass

    async def _on_ensure(self, waiter: asyncio.Future[Ready]) -> None:
        if self._ready:
            _answer(waiter, self._ready)
            return
        self._waiters.append(waiter)
        if self._process is None:
            if self._keeps_crashing():
                raise AppError(
                    f"{self.spec.name} keeps crashing",
                    f"{_MAX_CRASHES} times in 5 minutes, last: {self._last_crash}",
                    "Wait a few minutes, or choose other weights.",
                )
            await self._start()

    async def _on_stop(self, waiter: asyncio.Future[None]) -> None:
        stopped = _stopped()
        try:
            if self._process is not None:
                self.ended = "Stopped on request"
            self.slots.refuse_all(stopped)
            await self._end_child("stopped")
        finally:
            self._fail_waiters(stopped)
            _answer(waiter, None)

    async def _on_unload(self, message: Unload) -> None:
        """Between the look and the end nobody can get a slot: the gate is closed meanwhile."""
        has_ended = self._process is None
        if not has_ended and not self.slots.busy and self._ready is not None:
            with self.slots.closed_gate():
                self.ended = message.reason
                await self._end_child("stopped")
            has_ended = True
        if message.waiter is not None:
            _answer(message.waiter, has_ended)

    async def _start(self) -> None:
        self.facts = LogFacts(on_lines=self.facts.on_lines, line_count=self.facts.line_count)
        self.error = None
        self.room = None
        key = secrets.token_hex(32)
        remember_secret(key)
        socket = self.spec.runtime / f"llama-{secrets.token_hex(6)}.sock"
        self.plan = plan = plan_launch(self.spec, self.asked, self.settings, socket, key, os.environ)
        if plan.template is not None:
            write_atomic(plan.template, (self.profile.chat_template or "").encode())
        self.started_at = utc_now()
        started_ns = now_ns()
        self._process = process = await ServerProcess.spawn(plan, self.spec.runtime, self.facts)
        self._set_state("loading")
        self._beside(self._watch(process))
        self._beside(self._load(process, self._make_client(socket), key, plan.alias, started_ns))

    def _on_loaded(self, ready: Ready) -> None:
        self._ready = ready
        self.load_ms = ready.load_ms
        self.slots.touch()
        self._set_state("ready")
        for waiter in self._waiters:
            _answer(waiter, ready)
        self._waiters.clear()
        self._arm_idle_timer()
        self._beside(self._tell_load(self.facts, ready.build))

    async def _tell_load(self, facts: LogFacts, build: str) -> None:
        """A moment later: the last lines of the log may still be on their way when the child answers."""
        await asyncio.sleep(_LOG_LAG_S)
        if facts.measured_bytes is not None and facts.projected:
            load = LoadFacts(
                self.spec.weights, list(facts.projected), facts.measured_bytes, facts.backend, build
            )
            self._on_load(load)

    async def _on_failed(self, error: AppError) -> None:
        await self._end_child("failed")
        self.error = error.one_line()
        self._publish()
        self._fail_waiters(error)

    async def _on_exited(self, message: Exited) -> None:
        was_ready = self._ready is not None
        detail, hint = exit_words(message.code, self.facts)
        self._last_exit = Exit(message.process.pid, detail, hint)
        await self._forget_child()
        self.error = self.ended = detail
        if not was_ready:
            self._set_state("failed")
            self._fail_waiters(AppError(f"{self.spec.name} could not be loaded", detail, hint))
            return
        _log.warning("server %s ended: %s", self.spec.name, detail)
        self._set_state("failed")
        await self._restart(detail)

    async def _on_stalled(self, reason: str) -> None:
        _log.warning("server %s stalled: %s", self.spec.name, reason)
        await self._end_child("failed")
        self.error = self.ended = reason
        await self._restart(reason)

    async def _restart(self, reason: str) -> None:
        self._last_crash = reason
        self._crashes.append(time.monotonic())
        if self._keeps_crashing():
            self._publish()
            return
        await asyncio.sleep(0.25 * 2 ** len(self._crashes))
        if not self._is_closed and await self.may_restart(self):
            self.restarts += 1
            await self._start()

    def _keeps_crashing(self) -> bool:
        recent = [at for at in self._crashes if time.monotonic() - at < _RESTART_WINDOW_S]
        return len(recent) >= _MAX_CRASHES

    async def _end_child(self, state: ServerState) -> None:
        process = self._process
        if process is not None:
            self._set_state("stopping")
            await process.kill(_GRACE_S)
            await process.wait()
        await self._forget_child()
        self._set_state(state)

    async def _forget_child(self) -> None:
        self._process = None
        if self._ready:
            await self._ready.client.aclose()
            self._ready = None

    def _fail_waiters(self, error: AppError) -> None:
        for waiter in self._waiters:
            _refuse(waiter, error)
        self._waiters.clear()

    # ---- beside it -----------------------------------------------------------------------------------------

    async def _watch(self, process: ServerProcess) -> None:
        self._inbox.put_nowait(Exited(process, await process.wait()))

    async def _load(
        self, process: ServerProcess, client: httpx2.AsyncClient, key: str, alias: str, started_ns: int
    ) -> None:
        try:
            props = await until_loaded(process, client, key, self.spec, self.settings.load_stall_s)
        except AppError as exc:
            await client.aclose()
            self._inbox.put_nowait(Failed(process, exc))
        except BaseException:
            await client.aclose()
            raise
        else:
            load_ms = ms_between(started_ns, now_ns())
            ready = Ready(
                client,
                key,
                alias,
                load_ms,
                props.build_info,
                props.default_generation_settings.n_ctx,
                props.chat_template,
                utc_now(),
            )
            self._inbox.put_nowait(Loaded(process, ready))

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._side_tasks.add(task)
        task.add_done_callback(self._side_tasks.discard)

    def _on_slots_changed(self) -> None:
        self._arm_idle_timer()
        self._publish()

    def _arm_idle_timer(self) -> None:
        """Look again when the idle time could be over; whatever happens before moves the timer."""
        self._disarm_idle_timer()
        if (wait_s := self.unload_in_s) is not None:
            loop = asyncio.get_running_loop()
            self._idle_timer = loop.call_later(wait_s + _TIMER_SLACK_S, self._on_idle)

    def _disarm_idle_timer(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None

    def _on_idle(self) -> None:
        left_s = self.unload_in_s
        if left_s:
            self._arm_idle_timer()
        elif left_s is not None:
            self._inbox.put_nowait(
                Unload(None, f"Unloaded after {duration_text(self.profile.idle_unload_s or 0)} idle")
            )

    def _set_state(self, state: ServerState) -> None:
        self.state = state
        if state in ("ready", "failed", "stopped"):
            self.on_settled(self)
        self._publish()

    def _publish(self) -> None:
        self._on_change(self)


def _nothing(_server: Server) -> None:
    pass


async def _always(_server: Server) -> bool:
    return True


def _stopped() -> AppError:
    return AppError("The server was stopped", retryable=True)


def _refuse(waiter: asyncio.Future[Any], error: AppError) -> None:
    if not waiter.done():
        waiter.set_exception(error)


def _answer(waiter: asyncio.Future[T], result: T) -> None:
    if not waiter.done():
        waiter.set_result(result)
