"""Lets weights in one after another: measures what is free, ends idle servers, waits for busy ones."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from steelyard.core.base.errors import AppError
from steelyard.core.base.units import duration_text
from steelyard.core.servers.room import Holder, Need, Space, plan_room
from steelyard.core.values.servers import RoomPlan

if TYPE_CHECKING:
    from pathlib import Path

    from steelyard.core.servers.server import Server
    from steelyard.core.values.profiles import LaunchProfile

Note = Callable[[str], None]
_GIVEN_BACK_LOOKS, _GIVEN_BACK_S = 8, 0.25
_PROCESS_BYTES = 16 << 20
"""What a process was seen to take beside its buffers, at least."""
_LOOK_S = 1.0
"""Memory also changes without any of our servers telling."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """What weights need, and what the devices have free, bytes."""

    need: Need
    spaces: tuple[Space, ...]


AskNeed = Callable[["Path", "LaunchProfile"], Awaitable[Asked | None]]
"""None: it cannot be told, and nothing is held back for it."""


class NoRoomUnasked(AppError):
    """Idle servers hold the memory, and the settings say that nobody ends them without being asked."""

    def __init__(self, name: str, plan: RoomPlan) -> None:
        super().__init__(
            f"{name} needs memory that other servers hold",
            plan.why,
            "Make room on the Servers page, or set eviction to auto in Settings.",
            retryable=True,
        )
        self.plan = plan


class RoomKeeper:
    """Owned by the pool. One set of weights is let in at a time, in the order in which they came."""

    def __init__(
        self,
        servers: Callable[[], list[Server]],
        gpu_bytes: Callable[[int], int | None],
        ask_need: AskNeed,
    ) -> None:
        self._servers = servers
        self._gpu_bytes = gpu_bytes
        self._ask_need = ask_need
        self._turn = asyncio.Lock()
        self._changed = asyncio.Event()
        self._promised: dict[Server, Need] = {}
        """Let in, but not yet loaded: their memory is not to be seen anywhere."""

    def wake(self) -> None:
        """A server changed; whoever waits looks again."""
        self._changed.set()

    def settle(self, server: Server) -> None:
        """The server has loaded, failed or ended: from now on it is measured."""
        self._promised.pop(server, None)
        self.wake()

    async def plan(self, server: Server) -> RoomPlan:
        """What has to go for this server."""
        asked = await self._ask_need(server.spec.weights, server.profile)
        if asked is None:
            return plan_room(Need(), [], [])
        return self._planned(server, asked)

    async def make(self, server: Server, note: Note, *, evicts: bool) -> None:
        """Wait until there is room; end idle servers if the settings or `evicts` allow it.

        Raises:
            NoRoomUnasked: idle servers would have to go, and nobody may end them.
            AppError: busy servers held the memory for too long.
        """
        wait_s = server.settings.room_wait_s
        plan: RoomPlan | Need | None = None
        try:
            async with asyncio.timeout(wait_s), self._turn:
                with contextlib.ExitStack() as gates:
                    held_back: set[Server] = set()
                    while isinstance(plan := await self._step(server, evicts=evicts), RoomPlan):
                        self._hold_back(plan, gates, held_back)
                        server.wait_for_room(plan)
                        note(plan.why)
                        await self._until_changed()
                server.wait_for_room(None)
                self._promised[server] = plan
        except TimeoutError as exc:
            detail = f"after {duration_text(wait_s)}: {_why(plan)}"
            raise AppError(
                f"{server.spec.name} found no room",
                detail,
                "Try again later, or stop a server.",
                retryable=True,
            ) from exc
        finally:
            server.wait_for_room(None)

    async def let_in_again(self, server: Server) -> bool:
        """Whether a server that has crashed may be started again unasked: only if nobody has to go for it.

        What somebody else was let in for comes first; the next request brings this one back.
        """
        if self._turn.locked():
            return False
        async with self._turn:
            need = Need()
            if server.settings.memory_budget_bytes or self._others(server):
                asked = await self._ask_need(server.spec.weights, server.profile)
                if asked is not None:
                    if not self._planned(server, asked).fits:
                        return False
                    need = self._with_process(asked.need)
            self._promised[server] = need
            return True

    async def _step(self, server: Server, *, evicts: bool) -> RoomPlan | Need:
        """Let it in with what it needs, or end what is idle and say what is still missing."""
        self._changed.clear()
        if not server.settings.memory_budget_bytes and not self._others(server):
            return Need()  # nobody could be asked to go, and no limit is set
        asked = await self._ask_need(server.spec.weights, server.profile)
        if asked is None:
            return Need()
        plan = self._planned(server, asked)
        if plan.evict and not plan.fits and not plan.waits_for:
            if server.settings.eviction == "ask" and not evicts:
                raise NoRoomUnasked(server.spec.name, plan)
            await self._evict(plan.evict, f"Unloaded to make room for {server.spec.name}")
            await self._until_given_back(server)
            return await self._step(server, evicts=evicts)
        if plan.waits_for:
            return plan
        if not plan.fits:
            await self._last_resort(server, plan, evicts=evicts)
        return self._with_process(asked.need)

    async def _last_resort(self, server: Server, plan: RoomPlan, *, evicts: bool) -> None:
        """Not even an empty machine has room. A limit that the user set is kept; without one the engine gets
        all there is and puts on the CPU, or maps from disk, what does not fit.
        """
        if server.settings.memory_budget_bytes:
            raise AppError(
                f"{server.spec.name} is larger than the memory budget",
                plan.why,
                "Raise the budget in Settings, or choose a smaller quant or context.",
            )
        others = [one for one in self._servers() if one is not server and one.pid and not one.slots.busy]
        if others and server.settings.eviction == "ask" and not evicts:
            raise NoRoomUnasked(server.spec.name, plan)
        await self._evict([one.spec.name for one in others], f"Unloaded to make room for {server.spec.name}")

    async def _evict(self, names: list[str], reason: str) -> None:
        """End these servers, as far as they are still idle."""
        for one in self._servers():
            if one.spec.name in names and not await one.unload(reason):
                _log.info("%s was asked again before it could be unloaded", one.spec.name)

    async def _until_given_back(self, server: Server) -> None:
        """A driver frees a process's memory a moment after its end."""
        for _ in range(_GIVEN_BACK_LOOKS):
            asked = await self._ask_need(server.spec.weights, server.profile)
            if asked is None or self._planned(server, asked).fits:
                return
            if all(space.device == "Host" for space in asked.spaces):
                return
            await asyncio.sleep(_GIVEN_BACK_S)

    def _hold_back(self, plan: RoomPlan, gates: contextlib.ExitStack, held_back: set[Server]) -> None:
        """Servers that are waited for get no further request; otherwise a busy one would never be idle."""
        for one in self._servers():
            if one.spec.name in plan.waits_for and one not in held_back:
                held_back.add(one)
                gates.enter_context(one.slots.closed_gate())

    def _others(self, server: Server) -> list[Server]:
        return [one for one in self._servers() if one is not server and (one.pid or one in self._promised)]

    async def _until_changed(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_S):
                await self._changed.wait()

    def _planned(self, server: Server, asked: Asked) -> RoomPlan:
        now = time.monotonic()
        need = self._with_process(asked.need)
        holders = [self._holder(one, now) for one in self._others(server)]
        budget = server.settings.memory_budget_bytes
        spaces = [
            replace(
                space,
                free_bytes=max(0, space.free_bytes - self._promised_bytes(server, space.device)),
                budget_bytes=budget,
            )
            for space in asked.spaces
        ]
        return plan_room(need, spaces, holders)

    def _with_process(self, need: Need) -> Need:
        """A process takes more of the machine's memory than its engine's buffers: libraries, vocabulary."""
        seen = [
            resident - one.facts.held_bytes().get("Host", 0)
            for one in self._servers()
            if one.ready is not None and (resident := one.resident_bytes()) is not None
        ]
        extra = max(_PROCESS_BYTES, *seen) if seen else _PROCESS_BYTES
        return Need({**need.bytes_of, "Host": need.bytes_of.get("Host", 0) + extra})

    def _promised_bytes(self, server: Server, device: str) -> int:
        """What servers that load now are still going to take of a device."""
        total = 0
        for one in self._others(server):
            if one.ready is None and (need := self._promised.get(one)) is not None:
                taken = one.facts.held_bytes().get(device, 0)
                total += max(0, need.bytes_of.get(device, 0) - taken)
        return total

    def _holder(self, server: Server, now: float) -> Holder:
        """What a server holds: the process's memory as measured, else the buffers that its engine told."""
        held = server.facts.held_bytes()
        promised = self._promised.get(server)
        if promised is not None and server.ready is None:
            held = {name: max(size, held.get(name, 0)) for name, size in promised.bytes_of.items()}
        devices = [name for name in held if name != "Host"]
        vram = self._gpu_bytes(server.pid) if server.pid is not None else None
        if vram is not None and len(devices) == 1:
            held[devices[0]] = max(vram, held[devices[0]])
        if (resident := server.resident_bytes()) is not None and not devices:
            held["Host"] = max(resident, held.get("Host", 0))
        return Holder(
            name=server.spec.name,
            held_bytes=held,
            is_busy=server.slots.busy > 0 or server.ready is None,
            idle_s=now - server.slots.idle_since,
            reload_ms=server.load_ms,
        )


def _why(plan: RoomPlan | Need | None) -> str:
    return plan.why if isinstance(plan, RoomPlan) else "other weights are being loaded"
