"""The engine: owns the services of one home and carries out commands. Lives in one asyncio loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.base.clock import utc_now
from steelyard.core.base.errors import AppError, UsageError, unreachable
from steelyard.core.base.ids import new_id
from steelyard.core.base.paths import engine_folder
from steelyard.core.base.units import pico_from_usd, usd_text
from steelyard.core.compare.comparing import Column, Comparing, Plan
from steelyard.core.costs.price_book import book_prices, price_problem, prices_for
from steelyard.core.directory import Directory, Wish
from steelyard.core.doctor import diagnose
from steelyard.core.fitting import Machine
from steelyard.core.runs.runner import Job, Runner
from steelyard.core.runs.warm_up import warm_up
from steelyard.core.servers.pool import ServerPool
from steelyard.core.store.database import Database
from steelyard.core.store.ledger import Ledger
from steelyard.core.store.secrets import SecretStore
from steelyard.core.store.settings import SettingsStore
from steelyard.core.targets.clients import local_client
from steelyard.core.telemetry.nvidia import Nvml
from steelyard.core.values import commands as c
from steelyard.core.values.events import (
    ComparisonJudged,
    ComparisonStarted,
    EngineChanged,
    Event,
    RunWaited,
    ServerChanged,
    SettingsChanged,
    TargetsChanged,
    WindowRaised,
)
from steelyard.core.values.prompt import Message, Prompt
from steelyard.core.values.reports import CostPreview
from steelyard.core.values.targets import ApiPrices
from steelyard.core.weights_room import WeightsRoom

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.base.paths import Home
    from steelyard.core.runs.promptable import Promptable
    from steelyard.core.values.comparison import Comparison
    from steelyard.core.values.run import Run
    from steelyard.core.values.servers import ServerRow

_GPU_LOOK_S = 0.5
_BYTES_PER_TOKEN = 4

_log = logging.getLogger(__name__)


class Engine:
    """Services are built in `start`, which needs the home's lock to be held by the caller."""

    def __init__(self, home: Home, owner: c.Owner = "command") -> None:
        self._home = home
        self._owner: c.Owner = owner
        self._listeners: list[Callable[[Event], None]] = []
        self._started = asyncio.Event()
        self._failure: AppError | None = None
        self._settings = SettingsStore(home.settings)
        self._secrets = SecretStore(home.keyring_service)
        self._database = Database(home.database)
        self._ledger = Ledger(self._database)
        self._runner = Runner(self._ledger, self._emit)
        self._nvml = Nvml()
        self._gpu_bytes: dict[int, int | None] = {}
        self._gpu_watch: asyncio.Task[None] | None = None
        self._servers: ServerPool | None = None
        machine = Machine(
            engine_folder(), home, self.server_rows, self._nvml.fetch_devices, self._nvml.fetch_driver
        )
        self._weights = WeightsRoom(machine, self._settings, self._secrets, self._database, self._emit)
        self._directory: Directory | None = None

    # ---- life ----------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open settings and ledger, reap what a crashed owner left.

        Raises:
            AppError: the ledger cannot be used.
        """
        try:
            await self._build()
        except AppError as exc:
            self._failure = exc
            raise
        except Exception as exc:
            _log.exception("the engine did not start")
            self._failure = AppError("Something went wrong inside Steelyard", repr(exc))
            raise self._failure from exc
        finally:
            self._started.set()  # whoever waits with a command gets its answer or the failure
        notices = [*self._settings.notices, *self._database.notices]
        self._emit(EngineChanged(state="ready", notices=notices))

    async def _build(self) -> None:
        runtime = self._home.runtime_folder()
        self._settings.load()
        await self._database.open()
        if cut_off := await self._ledger.mark_interrupted():
            _log.info("%d runs were cut off last time", cut_off)
        self._servers = ServerPool(
            engine_folder(), runtime, local_client, self._on_server_changed, self._weights.on_load
        )
        await asyncio.to_thread(self._servers.sweep)
        self._directory = Directory(
            self._settings,
            self._secrets,
            self._servers,
            self._weights.shelf,
            lambda pid: self._gpu_bytes.get(pid),
        )
        await self._weights.start(goes_on=self._owner != "command")
        self._gpu_watch = asyncio.create_task(self._watch_gpu())

    async def stop(self, deadline_s: float) -> None:
        """End all children within the deadline, then close the ledger."""
        self._emit(EngineChanged(state="closing"))
        if self._gpu_watch:
            self._gpu_watch.cancel()
        await self._weights.stop_downloads()
        if self._servers:
            try:
                await asyncio.wait_for(self._servers.close(), deadline_s)
            except TimeoutError:
                _log.warning("servers did not end in time; killing them")
                await asyncio.to_thread(self._servers.sweep)
        if self._directory:
            await self._directory.close()
        await self._weights.close()
        await self._database.close()

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call `listener` for each event, in the loop's thread; returns the unsubscriber."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return unsubscribe

    @property
    def notices(self) -> list[str]:
        """What happened to the ledger when it was opened and its owner should know."""
        return self._database.notices

    def server_rows(self) -> list[ServerRow]:
        """The servers as they are now."""
        return self._servers.rows() if self._servers else []

    # ---- commands ------------------------------------------------------------------------------------------

    async def execute(self, command: c.Command, request: str) -> Any:
        """Carry out one command; waits until the engine is ready. Events of the command carry `request`.

        Raises:
            AppError: in words for the user.
        """
        await self._started.wait()
        if self._failure is not None:
            raise self._failure
        match command:
            case c.StartRun():
                return await self._start_run(command, request)
            case c.StartComparison():
                return await self._start_comparison(command, request)
            case c.ListServers():
                return self.server_rows()
            case c.LoadWeights():
                return await self._load_weights(command)
            case c.StopServer():
                return await self._pool.stop(command.name)
            case c.ListComparisons():
                return await self._ledger.comparisons(command.limit)
            case c.ReadComparison():
                return await self._ledger.comparison(command.id)
            case c.Diagnose():
                return await self._diagnose()
            case _:
                return await self._execute_on_lists(command, request)

    async def _execute_on_lists(self, command: c.Command, request: str) -> Any:
        match command:
            case c.ListTargets():
                return await self._targets.api_rows()
            case c.AddTarget():
                row = await self._targets.add(command.target, replace=command.replace)
                self._emit(TargetsChanged())
                return row
            case c.RemoveTarget():
                await self._targets.remove(command.name)
                return self._emit(TargetsChanged())
            case c.StoreKey():
                kept = await self._targets.store_key(command.target, command.key, memory_ok=command.memory_ok)
                self._emit(TargetsChanged())
                return kept
            case c.TestTarget():
                return await self._targets.test(command.name, command.environment)
            case _ if isinstance(command, c.WeightsCommand):
                return await self._weights.execute(command, request)
            case _:
                return await self._execute_on_settings(command)

    async def _execute_on_settings(self, command: c.Command) -> Any:
        match command:
            case c.ReadSettings():
                return self._settings.current
            case c.SaveSettings():
                self._weights.check_settings(command.settings)
                kept = self._settings.current.targets
                self._settings.save(msgspec.structs.replace(command.settings, targets=kept))
                await self._pool.stop_outdated(command.settings.servers)
                self._weights.use_settings()
                return self._emit(SettingsChanged())
            case c.ReadSpending():
                midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
                since = midnight.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
                return await self._ledger.spending_since(since)
            case c.PreviewCost():
                return self._preview_cost(command)
            case c.PriceLike():
                return _as_prices(command.price_like)
            case c.RaiseWindow():
                return self._emit(WindowRaised())
            case _:
                return unreachable(command)

    # ---- runs ----------------------------------------------------------------------------------------------

    async def _start_run(self, command: c.StartRun, request: str) -> Run:
        note = partial(self._tell_wait, request, 0, command.target)
        target = await self._targets.promptable(command.target, _wish(command, note))
        prompt = Prompt(
            messages=_messages(command.system, [], command.prompt),
            sampling=command.sampling,
            cache_prompt=False,
        )
        job = Job(request=request, target=target, prompt=prompt, class_=command.class_, tags=command.tags)
        return await self._runner.run(job)

    async def _start_comparison(self, command: c.StartComparison, request: str) -> Comparison:
        if not command.targets:
            raise UsageError("A comparison needs a target", hint="Add one with --target NAME.")
        if command.histories and len(command.histories) != len(command.targets):
            raise UsageError("A further turn needs one history for each target")
        histories = command.histories or [[] for _ in command.targets]
        columns = [
            Column(
                target,
                Prompt(
                    messages=_messages(command.system, history, command.prompt),
                    sampling=command.sampling,
                    cache_prompt=bool(command.histories),
                ),
            )
            for target, history in zip(await self._compared(command, request), histories, strict=True)
        ]
        comparison_id, turn = await self._begin_comparison(command, columns)
        self._emit(ComparisonStarted(request=request, comparison_id=comparison_id, turn=turn))
        plan = Plan(
            id=comparison_id,
            request=request,
            columns=columns,
            schedule=command.schedule,
            repeat=command.repeat,
            warm_up=command.warm_up,
            turn=turn,
            class_=command.class_,
            tags=command.tags,
        )
        comparison = await Comparing(plan, self._runner, self._emit).carry_out()
        try:
            await self._ledger.judge_comparison(comparison_id, comparison.not_comparable)
        except AppError as exc:
            _log.warning("comparison %s was not judged in the ledger: %s", comparison_id, exc)
        self._emit(
            ComparisonJudged(
                request=request, comparison_id=comparison_id, not_comparable=comparison.not_comparable
            )
        )
        return comparison

    async def _compared(self, command: c.StartComparison, request: str) -> list[Promptable]:
        """The targets. Two files of the same short name go by what was typed, or they would be one target."""
        wishes = [
            _wish(command, partial(self._tell_wait, request, column, name))
            for column, name in enumerate(command.targets)
        ]
        targets = [
            await self._targets.promptable(name, wish)
            for name, wish in zip(command.targets, wishes, strict=True)
        ]
        asked_as: dict[str, set[str]] = {}
        for name, target in zip(command.targets, targets, strict=True):
            asked_as.setdefault(target.info.name, set()).add(name)
        return [
            target
            if len(asked_as[target.info.name]) == 1
            else await self._targets.promptable(name, wish, shown_as=name)
            for name, target, wish in zip(command.targets, targets, wishes, strict=True)
        ]

    def _tell_wait(self, request: str, column: int, target: str, reason: str) -> None:
        self._emit(RunWaited(request=request, column=column, target=target, reason=reason))

    async def _begin_comparison(self, command: c.StartComparison, columns: list[Column]) -> tuple[str, int]:
        if command.continues:
            return command.continues, await self._ledger.add_turn(command.continues)
        comparison_id = new_id()
        names = [column.target.info.name for column in columns]
        await self._ledger.begin_comparison(
            comparison_id, utc_now(), command.prompt, command.schedule, command.system, names
        )
        return comparison_id, 0

    async def _load_weights(self, command: c.LoadWeights) -> ServerRow:
        """Load and ask it once: who loads ahead of the first prompt wants that prompt answered at once."""
        server = await self._targets.server(command.target)
        await server.ensure_ready()
        target = await self._targets.promptable(command.target, Wish())
        await warm_up(target, None, lambda _reason: None)
        return server.row()

    def _preview_cost(self, command: c.PreviewCost) -> CostPreview:
        apis = {target.name: target for target in self._settings.current.targets}
        chosen = [apis[name] for name in command.targets if name in apis]
        prompt_tokens = -(-command.prompt_chars // _BYTES_PER_TOKEN)
        total, unpriced = 0, list[str]()
        for target in chosen:
            prices = prices_for(target, prompt_tokens)
            if prices is None:
                unpriced.append(target.name)
                continue
            total += pico_from_usd(
                (prices.input * prompt_tokens + prices.output * command.max_tokens) / 1_000_000
            )
        priced = len(chosen) - len(unpriced)
        return CostPreview(
            api_usd_max=usd_text(total) if priced else None,
            api_targets=len(chosen),
            local_targets=len(command.targets) - len(chosen),
            unpriced=unpriced,
        )

    async def _diagnose(self) -> dict[str, Any]:
        notices = [*self._settings.notices, *self._database.notices]
        wrong = [price_problem(target) for target in self._settings.current.targets]
        notices += [f"{exc.title}: {exc.detail}" for exc in wrong if exc]
        rows, hub = self.server_rows(), await self._weights.desk.account(ask_hub=False)
        return await asyncio.to_thread(diagnose, self._home, self._secrets, self._nvml, rows, hub, notices)

    # ---- inside --------------------------------------------------------------------------------------------

    @property
    def _pool(self) -> ServerPool:
        assert self._servers is not None
        return self._servers

    @property
    def _targets(self) -> Directory:
        assert self._directory is not None
        return self._directory

    def _emit(self, event: Event) -> None:
        for listener in list(self._listeners):
            try:
                listener(event)
            except Exception:  # noqa: BLE001 - a listener's own trouble must not look like the model's
                _log.exception("a listener failed on %s", type(event).__name__)

    def _on_server_changed(self, row: ServerRow) -> None:
        self._emit(ServerChanged(server=row))

    async def _watch_gpu(self) -> None:
        """GPU memory of our servers, while there is a driver to ask."""
        await self._nvml.fetch_devices()
        while not self._nvml.is_absent:
            for row in self.server_rows():
                if row.pid is not None:
                    self._gpu_bytes[row.pid] = await self._nvml.fetch_process_bytes(row.pid)
            await asyncio.sleep(_GPU_LOOK_S)


def _wish(command: c.StartRun | c.StartComparison, note: Callable[[str], None]) -> Wish:
    return Wish(command.environment, command.profile, command.allow_unverified, note)


def _messages(system: str, history: list[Message], prompt: str) -> list[Message]:
    head = [Message(role="system", content=system)] if system else []
    return [*head, *history, Message(role="user", content=prompt)]


def _as_prices(price_like: str) -> ApiPrices:
    prices = book_prices(price_like)

    def text(value: object) -> str | None:
        return None if value is None else f"{value:f}"

    return ApiPrices(
        input=f"{prices.input:f}",
        output=f"{prices.output:f}",
        cached=text(prices.cached),
        cache_write=text(prices.cache_write),
    )
