"""Everything about servers in one room: load, stop, profiles, logs, what a start would be. Carries out their
commands.
"""

from __future__ import annotations

import asyncio
import difflib
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.base.errors import AppError, unreachable
from steelyard.core.directory import Directory, Wish
from steelyard.core.runs.warm_up import warm_up
from steelyard.core.servers.flags import effective, problems_of
from steelyard.core.servers.launch import launch_flags, shell_command
from steelyard.core.servers.loading import ServerSpec
from steelyard.core.servers.pool import find_binary
from steelyard.core.servers.room_keeper import NoRoomUnasked
from steelyard.core.targets.found import find_servers
from steelyard.core.values import commands as c
from steelyard.core.values.events import ProfilesChanged, RoomWanted, ServerLogged, TargetsChanged
from steelyard.core.values.profiles import LaunchPreview, LaunchProfile, StoredProfile, TemplateInfo
from steelyard.core.values.servers import FoundServer, ServerDetail, ServerLog, ServerRow
from steelyard.core.values.targets import ApiTarget

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from steelyard.core.runs.local_target import LocalTarget
    from steelyard.core.server_figures import ServerFigures
    from steelyard.core.servers.pool import ServerPool
    from steelyard.core.servers.server import Server
    from steelyard.core.store.profiles import ProfileStore
    from steelyard.core.store.settings import SettingsStore
    from steelyard.core.values.events import Event
    from steelyard.core.values.fit import FitReport
    from steelyard.core.values.weights import WeightsRow

_SOCKET_SHOWN = Path("server.sock")
_LOG_EVERY_S = 0.1


@dataclass(frozen=True)
class Around:
    """What the room asks of others."""

    emit: Callable[[Event], None]
    preview_fit: Callable[[WeightsRow, LaunchProfile], Awaitable[FitReport]]
    """What a start would take, for an effective profile."""
    own_template: Callable[[Path], Awaitable[str | None]]
    """The chat template in the weights."""
    our_ports: Callable[[], frozenset[int]]
    """Ports of this machine that are our own doors."""
    engine_folder: Path


class ServersRoom:
    """Owned by the engine's loop."""

    def __init__(
        self,
        pool: ServerPool,
        directory: Directory,
        profiles: ProfileStore,
        settings: SettingsStore,
        figures: ServerFigures,
        around: Around,
    ) -> None:
        self._pool = pool
        self._directory = directory
        self._profiles = profiles
        self._settings = settings
        self._figures = figures
        self._around = around
        self._emit = around.emit
        self._log_waiters: dict[str, set[asyncio.Event]] = {}

    async def execute(self, command: c.ServerCommand, request: str) -> Any:
        """Carry out one command; see `Engine.execute`."""
        match command:
            case c.ListServers():
                return self._pool.rows(with_ended=command.with_ended)
            case c.LoadWeights():
                return await self._load(command, request)
            case c.PlanRoom():
                target = await self._target(command.target, command.profile)
                return await self._pool.plan_room(target.server)
            case c.StopServer():
                return await self._pool.stop(command.name)
            case c.RestartServer():
                return await self._restart(command, request)
            case c.ForgetServer():
                return await self._pool.forget(command.name)
            case c.ReadServer():
                return await self._detail(command.name)
            case c.ReadLog():
                return self._log(command.name, command.after)
            case c.FollowLog():
                return await self._follow(command.name)
            case _:
                return await self._execute_on_lists(command)

    async def _execute_on_lists(self, command: c.ServerCommand) -> Any:
        match command:
            case c.PreviewLaunch():
                return await self._preview(command)
            case c.ListProfiles():
                return await self._list_profiles(command.target)
            case c.SaveProfile():
                return await self.save_profile(command.profile)
            case c.RemoveProfile():
                await asyncio.to_thread(self._profiles.remove, command.name)
                return self._emit(ProfilesChanged())
            case c.FindServers():
                return await self._find()
            case c.AttachServer():
                return await self._attach(command)
            case _:
                return unreachable(command)

    async def use_settings(self) -> None:
        """Settings were changed: end idle servers that would now be started differently."""
        settings = self._settings.current.servers
        await self._pool.keep_wanted(
            lambda server: self._profiles.assigned(str(server.spec.weights)), settings
        )

    # ---- load and stop -------------------------------------------------------------------------------------

    async def _target(self, name: str, profile: LaunchProfile | None) -> LocalTarget:
        return await self._directory.local(name, Wish(profile=profile or LaunchProfile()))

    async def _load(self, command: c.LoadWeights, request: str) -> ServerRow:
        """Load and ask it once: who loads ahead of the first prompt wants that prompt answered at once."""
        if command.profile is not None:
            row = await self._directory.weights(command.target)
            await asyncio.to_thread(self._profiles.assign, row.path, command.profile)
        target = await self._target(command.target, command.profile)
        return await self._bring_up(target, request, evicts=command.makes_room)

    async def _bring_up(self, target: LocalTarget, request: str, *, evicts: bool) -> ServerRow:
        server = target.server
        async with server.slots.slot():
            await self._ready(server, request, evicts=evicts)
        await warm_up(target, None, lambda _reason: None)
        return self._pool.row(server)

    async def _ready(self, server: Server, request: str, *, evicts: bool) -> None:
        try:
            await self._pool.ready(server, evicts=evicts)
        except NoRoomUnasked as exc:
            self._emit(RoomWanted(request=request, target=server.spec.name, plan=exc.plan))
            raise

    async def _restart(self, command: c.RestartServer, request: str) -> ServerRow:
        old = self._pool.named(command.name)
        path = str(old.spec.weights)
        profile = old.asked if command.profile is None else command.profile
        if problems := await asyncio.to_thread(problems_of, effective(profile, old.settings)):
            raise AppError("This launch profile cannot be used", problems[0])
        await asyncio.to_thread(self._profiles.assign, path, profile)
        await old.stop()
        if command.profile is not None and command.profile != old.asked:
            await self._pool.forget(command.name)
        target = await self._target(await self._name_of(old), profile)
        return await self._bring_up(target, request, evicts=False)

    async def _name_of(self, server: Server) -> str:
        """What means these weights: their name, as long as it still does, else their path."""
        path, name = str(server.spec.weights), server.spec.weights_name
        try:
            row = await self._directory.weights(name)
        except AppError:
            return path
        return name if row.path == path else path

    # ---- what it does --------------------------------------------------------------------------------------

    async def _detail(self, name: str) -> ServerDetail:
        server = self._pool.named(name)
        await self._figures.look(server)
        plan = server.plan
        flags = list(plan.flags) if plan else []
        return self._figures.detail(
            server,
            ServerDetail(
                row=self._pool.row(server),
                profile=server.asked,
                command=shell_command(self._binary(server.profile), flags) if flags else "",
                flags=[flag.row() for flag in flags],
                parts=server.facts.parts(),
            ),
        )

    def _binary(self, profile: LaunchProfile) -> str:
        return profile.binary or str(find_binary(self._around.engine_folder))

    def on_log(self, name: str) -> None:
        """A server's log has new lines."""
        for waiter in self._log_waiters.get(name, ()):
            waiter.set()

    def _log(self, name: str, after: int | None) -> ServerLog:
        facts = self._pool.named(name).facts
        first = facts.line_count - len(facts.lines) + 1
        return ServerLog(name=name, first=first, lines=facts.tail(after))

    async def _follow(self, name: str) -> None:
        """Tell new lines until cancelled, in portions: a child can write thousands of lines at once."""
        server, waiter = self._pool.named(name), asyncio.Event()
        told = server.facts.line_count
        self._log_waiters.setdefault(name, set()).add(waiter)
        try:
            while True:
                await waiter.wait()
                waiter.clear()
                if lines := server.facts.tail(told):
                    told = lines[-1].number
                    self._emit(ServerLogged(name=name, lines=lines))
                await asyncio.sleep(_LOG_EVERY_S)
        finally:
            self._log_waiters[name].discard(waiter)

    # ---- profiles ------------------------------------------------------------------------------------------

    async def _list_profiles(self, target: str | None) -> list[StoredProfile]:
        stored = await asyncio.to_thread(self._profiles.all)
        if target is None:
            return stored
        row = await self._directory.weights(target)
        return [one for one in stored if one.weights in (None, row.name)]

    async def save_profile(self, profile: StoredProfile) -> StoredProfile:
        """Store a profile; see `ProfileStore.save`."""
        kept = await asyncio.to_thread(self._profiles.save, profile)
        self._emit(ProfilesChanged())
        return kept

    async def _preview(self, command: c.PreviewLaunch) -> LaunchPreview:
        row = await self._directory.weights(command.target)
        settings = self._settings.current.servers
        profile = command.profile
        full = effective(profile, settings)
        binary = find_binary(self._around.engine_folder)
        spec = ServerSpec(row.name, Path(row.path), binary, Path())
        flags = launch_flags(spec, profile, settings, _SOCKET_SHOWN)
        problems = await asyncio.to_thread(problems_of, full)
        fit: FitReport | None = None
        if not problems:
            try:
                fit = await self._around.preview_fit(row, full)
            except AppError as exc:
                problems = [exc.one_line()]
        return LaunchPreview(
            command=shell_command(self._binary(profile), flags),
            flags=[flag.row() for flag in flags],
            template=await self._template(Path(row.path), profile),
            fit=fit,
            problems=problems,
        )

    async def _template(self, weights: Path, profile: LaunchProfile) -> TemplateInfo | None:
        own = await self._around.own_template(weights)
        used = own if profile.chat_template is None else profile.chat_template
        if used is None:
            return None
        is_override = profile.chat_template is not None
        diff = "".join(
            difflib.unified_diff(
                _lines(own or ""), _lines(used), fromfile="in the weights", tofile="this profile", n=2
            )
        )
        return TemplateInfo(
            text=used,
            sha256=_sha256(used),
            is_override=is_override,
            own_sha256=None if own is None else _sha256(own),
            diff=diff if is_override else "",
        )

    # ---- servers of others ---------------------------------------------------------------------------------

    async def _find(self) -> list[FoundServer]:
        apis = {target.url: target.name for target in self._settings.current.targets}
        found = await find_servers(skip_ports=self._around.our_ports())
        return [
            msgspec.structs.replace(one, attached=apis.get(one.url) or apis.get(f"{one.url}/v1"))
            for one in found
        ]

    async def _attach(self, command: c.AttachServer) -> Any:
        name = command.name or _target_name(command.model)
        taken = {target.name for target in self._settings.current.targets}
        free, count = name, 1
        while free in taken:
            count += 1
            free = f"{name}-{count}"
        target = ApiTarget(name=free, url=command.url, model=command.model, format="openai")
        row = await self._directory.add(target, replace=False)
        self._emit(TargetsChanged())
        return row


def _lines(text: str) -> list[str]:
    return [f"{line}\n" for line in text.split("\n")]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _target_name(model: str) -> str:
    """A name that a target may have, made from a model's id."""
    short = model.rsplit("/", 1)[-1]
    name = "".join(char if (char.isalnum() and char.isascii()) or char in "._-" else "-" for char in short)
    return name.strip("-._")[:60] or "attached"
