"""The engine: owns the services of one home and carries out commands. Lives in one asyncio loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from steelyard.core.ballots_room import BallotsRoom
from steelyard.core.base.errors import AppError, unreachable
from steelyard.core.base.paths import data_root, engine_folder
from steelyard.core.bench_room import BenchMeans, BenchRoom
from steelyard.core.compare_room import CompareRoom
from steelyard.core.costs.ledger.ledger_desk import LedgerDesk
from steelyard.core.costs.prices.price_book import price_problem
from steelyard.core.costs.prices.price_desk import PriceDesk
from steelyard.core.directory import Directory, Wish
from steelyard.core.doctor import Observed, diagnose
from steelyard.core.fitting import Machine
from steelyard.core.gateway.door import Gateway
from steelyard.core.gateway.offered import OfferedModels
from steelyard.core.live_rates import LiveRates
from steelyard.core.monitor.monitor import Monitor
from steelyard.core.prompts_room import PromptsRoom
from steelyard.core.runs.proxied import Books
from steelyard.core.runs.runner import Runner
from steelyard.core.runs.watch import WatchDesk
from steelyard.core.server_banners import banners_of
from steelyard.core.server_figures import ServerFigures
from steelyard.core.servers.pool import ServerPool, Surroundings
from steelyard.core.servers_room import Around, ServersRoom
from steelyard.core.store.comparisons import ComparisonStore
from steelyard.core.store.database import Database
from steelyard.core.store.gateway_keys import GatewayKeys
from steelyard.core.store.ledger import Ledger
from steelyard.core.store.profiles import ProfileStore
from steelyard.core.store.prompts import PromptLibrary
from steelyard.core.store.run_details import RunDetailsStore
from steelyard.core.store.secrets import SecretStore
from steelyard.core.store.settings import SettingsStore
from steelyard.core.targets.clients import local_client
from steelyard.core.targets_room import TargetsRoom
from steelyard.core.telemetry.telemetry import ServerLook, Telemetry
from steelyard.core.values import commands as c
from steelyard.core.values.events import (
    EngineChanged,
    Event,
    GatewayChanged,
    RunFinished,
    Sampled,
    ServerChanged,
    SettingsChanged,
    WindowRaised,
)
from steelyard.core.weights_room import WeightsRoom

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.base.paths import Home
    from steelyard.core.costs_room import CostsRoom
    from steelyard.core.decide_room import DecideRoom
    from steelyard.core.runs.local_target import LocalTarget
    from steelyard.core.servers.loading import LoadFacts
    from steelyard.core.values.profiles import LaunchProfile
    from steelyard.core.values.servers import Banner, DeviceRow, ServerRow
    from steelyard.core.values.settings import Settings
    from steelyard.core.values.telemetry import Sample
    from steelyard.core.values.weights import WeightsRow

_log = logging.getLogger(__name__)
_FIRST_REMIND_S = 20.0  # a start has more urgent work
_REMIND_S = 600.0


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
        self._rates = LiveRates()
        self._telemetry = Telemetry(lambda: self._settings.current.energy, self._server_looks)
        self._is_watching = False
        self._desk = WatchDesk(
            lambda: self._telemetry.latest, self._telemetry.energy, self._telemetry.look_at_gpus
        )
        self._details = RunDetailsStore(self._database)
        self._runner = Runner(self._ledger, self._details, self._desk, self._emit)
        self._figures = ServerFigures(self._telemetry.energy.mean_power_w)
        self._monitor = Monitor(self._database, self._telemetry, lambda: self._settings.current, self._emit)
        machine = Machine(engine_folder(), home, self.server_rows, self._fetch_devices, self._fetch_driver)
        self._weights = WeightsRoom(machine, self._settings, self._secrets, self._database, self._emit)
        self._ballots = BallotsRoom(self._database)
        self._prices = PriceDesk(self._settings, home.root, lambda: self._emit(SettingsChanged()))
        self._spent = LedgerDesk(self._database, self._current, self._prices.find)
        self._costs_: CostsRoom | None = None
        self._decide_: DecideRoom | None = None
        self._reminding: asyncio.Task[None] | None = None
        self._pool_: ServerPool | None = None
        self._directory: Directory | None = None
        self._prompts_: PromptsRoom | None = None
        self._compare_: CompareRoom | None = None
        self._servers_: ServersRoom | None = None
        self._bench_: BenchRoom | None = None
        self._gateway_: Gateway | None = None

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
        around = Surroundings(
            make_client=local_client,
            gpu_bytes=self._telemetry.gpu_bytes,
            ask_need=self._weights.fitting.need,
            banners=self._banners,
            on_change=self._on_server_changed,
            on_load=self._on_load,
            on_log=self._on_log,
        )
        pool = self._pool_ = ServerPool(engine_folder(), runtime, around)
        await asyncio.to_thread(pool.sweep)
        profiles = ProfileStore(self._home.root / "profiles", data_root() / "models" / "profiles")
        directory = self._directory = Directory(
            self._settings,
            self._secrets,
            pool,
            self._weights.shelf,
            profiles,
            prices=self._prices.sources,
            refuse_over_cap=self._spent.refuse_over_cap,
        )
        library = PromptLibrary(self._database, data_root() / "resources" / "prompts")
        self._prompts_ = PromptsRoom(directory, self._runner, self._settings, self._emit, library)
        self._compare_ = CompareRoom(
            directory,
            self._runner,
            ComparisonStore(self._database),
            self._ledger,
            self._settings,
            self._details,
            self._emit,
        )
        outside = Around(
            emit=self._emit,
            preview_fit=self._weights.fitting.preview,
            own_template=self._own_template,
            our_ports=self._our_ports,
            engine_folder=engine_folder(),
        )
        self._servers_ = ServersRoom(pool, directory, profiles, self._settings, self._figures, outside)
        self._bench_ = BenchRoom(self._bench_means(pool, directory, runtime))
        self._gateway_ = self._make_gateway(directory)
        self._telemetry.subscribe(self._on_sample)
        await self._monitor.start()
        if self._owner != "command":
            self._watch_machine()
            self._reminding = asyncio.create_task(self._remind())
        await self._weights.start(goes_on=self._owner != "command")
        if self._owner == "app" and self._settings.current.gateway.is_open:
            with contextlib.suppress(AppError):  # the port is taken: its row says so
                await self._gateway_.open()

    def _bench_means(self, pool: ServerPool, directory: Directory, runtime: Path) -> BenchMeans:
        return BenchMeans(
            pool=pool,
            directory=directory,
            shelf=self._weights.shelf,
            runner=self._runner,
            settings=self._settings,
            engine_folder=engine_folder(),
            runtime=runtime,
            emit=self._emit,
            save_profile=self._servers.save_profile,
            fetch_devices=self._fetch_devices,
            latest=lambda: self._telemetry.latest,
        )

    def _make_gateway(self, directory: Directory) -> Gateway:
        async def find_target(
            name: str, profile: LaunchProfile, for_embeddings: bool, note: Callable[[str], None]
        ) -> LocalTarget:
            if for_embeddings:
                profile = await self._for_embeddings(name, profile)
            return await directory.local(name, Wish(profile=profile, note=note))

        async def list_all() -> list[WeightsRow]:
            return (await self._weights.shelf.shelf([])).weights

        async def metrics() -> str:
            return self._monitor.metrics_text()

        return Gateway(
            OfferedModels(list_all, directory.weights, find_target),
            GatewayKeys(self._home.root / "gateway-keys.json"),
            Books(self._ledger, self._details, self._desk, self._emit),
            lambda: self._settings.current,
            lambda row: self._emit(GatewayChanged(gateway=row)),
            metrics,
        )

    async def stop(self, deadline_s: float) -> None:
        """End all children within the deadline, then close the ledger."""
        self._emit(EngineChanged(state="closing"))
        if self._reminding:
            self._reminding.cancel()
        await self._weights.stop_downloads()
        if self._gateway_:
            await self._gateway_.close()
        if self._pool_:
            try:
                await asyncio.wait_for(self._pool_.close(), deadline_s)
            except TimeoutError:
                _log.warning("servers did not end in time; killing them")
                await asyncio.to_thread(self._pool_.sweep)
        if self._directory:
            await self._directory.close()
        await self._figures.close()
        if self._is_watching:
            await self._telemetry.stop()
        await self._monitor.stop()
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
        return self._pool_.rows() if self._pool_ else []

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
            case c.PreviewCost():
                return self._prompts.preview_cost(command)
            case _ if isinstance(command, c.PromptCommand):
                return await self._prompts.execute(command, request)
            case _ if isinstance(command, c.CompareCommand):
                assert self._compare_ is not None
                return await self._compare_.execute(command, request)
            case _ if isinstance(command, c.BallotCommand):
                return await self._ballots.execute(command)
            case c.Diagnose():
                return await self._diagnose()
            case _ if isinstance(command, c.WeightsCommand):
                return await self._weights.execute(command, request)
            case _ if isinstance(command, c.ServerCommand):
                return await self._servers.execute(command, request)
            case _:
                return await self._execute_on_lists(command, request)

    async def _execute_on_lists(self, command: c.Command, request: str) -> Any:
        match command:
            case _ if isinstance(command, c.MonitorCommand):
                return await self._monitor.execute(command)
            case _ if isinstance(command, c.GatewayCommand):
                return await self._execute_on_gateway(command)
            case _ if isinstance(command, c.CostCommand):
                return await self._costs.execute(command)
            case _ if isinstance(command, c.DecideCommand):
                return await self._decide.execute(command)
            case _ if isinstance(command, c.BenchCommand):
                assert self._bench_ is not None
                return await self._bench_.execute(command, request)
            case _ if isinstance(command, c.TargetCommand):
                return await TargetsRoom(self._targets, self._emit).execute(command)
            case _:
                return await self._execute_on_settings(command)

    async def _execute_on_gateway(self, command: c.GatewayCommand) -> Any:
        assert self._gateway_ is not None
        result = await self._gateway_.execute(command)
        if self._owner == "app" and isinstance(command, c.OpenGateway | c.CloseGateway):
            now = self._settings.current
            is_open = isinstance(command, c.OpenGateway)
            gateway = msgspec.structs.replace(now.gateway, is_open=is_open)
            self._settings.save(msgspec.structs.replace(now, gateway=gateway))
        return result

    async def _execute_on_settings(self, command: c.Command) -> Any:
        match command:
            case c.ReadSettings():
                return self._settings.current
            case c.SaveSettings():
                self._weights.check_settings(command.settings)
                kept = self._settings.current.targets
                self._settings.save(msgspec.structs.replace(command.settings, targets=kept))
                await self._servers.use_settings()
                self._weights.use_settings()
                return self._emit(SettingsChanged())
            case c.ReadSpending():
                midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
                since = midnight.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
                return await self._ledger.spending_since(since)
            case c.PriceLike():
                return self._costs.price_like(command.price_like)
            case c.RaiseWindow():
                return self._emit(WindowRaised())
            case _:
                return unreachable(command)

    async def _diagnose(self) -> dict[str, Any]:
        notices = [*self._settings.notices, *self._database.notices]
        wrong = [price_problem(target, self._prices.sources) for target in self._settings.current.targets]
        notices += [f"{exc.title}: {exc.detail}" for exc in wrong if exc]
        rows, hub = self.server_rows(), await self._weights.desk.account(ask_hub=False)
        devices = await self._fetch_devices()
        observed = Observed(self._telemetry.states(), self._settings.current.gateway.otlp_url)
        return await asyncio.to_thread(
            diagnose, self._home, self._secrets, devices, rows, hub, notices, observed
        )

    async def _remind(self) -> None:
        """Every ten minutes: verdicts whose volume for a review has been reached."""
        await asyncio.sleep(_FIRST_REMIND_S)
        while True:
            try:
                self._monitor.fire(await self._decide.due_reviews())
            except AppError as exc:
                _log.warning("reminders were not looked for: %s", exc)
            await asyncio.sleep(_REMIND_S)

    # ---- inside --------------------------------------------------------------------------------------------

    @property
    def _prompts(self) -> PromptsRoom:
        assert self._prompts_ is not None
        return self._prompts_

    @property
    def _costs(self) -> CostsRoom:
        if self._costs_ is None:
            from steelyard.core.costs_room import CostsRoom  # most processes never ask

            self._costs_ = CostsRoom(self._prices, self._spent, self._database, self._current, _presets())
        return self._costs_

    @property
    def _decide(self) -> DecideRoom:
        if self._decide_ is None:
            from steelyard.core.decide_room import DecideRoom  # 60 ms that most processes do not need

            self._decide_ = DecideRoom(
                self._prices.find, self._spent.measured, self._database, self._current, _presets()
            )
        return self._decide_

    def _current(self) -> Settings:
        return self._settings.current

    @property
    def _servers(self) -> ServersRoom:
        assert self._servers_ is not None
        return self._servers_

    @property
    def _targets(self) -> Directory:
        assert self._directory is not None
        return self._directory

    def _emit(self, event: Event) -> None:
        self._rates.on_event(event)
        self._monitor.on_event(event)
        if isinstance(event, RunFinished):
            self._figures.on_run_finished(event.run)
        for listener in list(self._listeners):
            try:
                listener(event)
            except Exception:  # noqa: BLE001 - a listener's own trouble must not look like the model's
                _log.exception("a listener failed on %s", type(event).__name__)

    def _on_server_changed(self, row: ServerRow) -> None:
        self._watch_machine()
        self._figures.on_server_changed(row)
        self._emit(ServerChanged(server=row))

    def _on_load(self, load: LoadFacts) -> None:
        predicted = sum(one.model_mib + one.context_mib + one.compute_mib for one in load.projected) << 20
        if predicted:
            self._figures.learned(load.backend, load.measured_bytes / predicted - 1)
        self._weights.on_load(load)

    def _on_log(self, name: str) -> None:
        self._servers.on_log(name)

    def _our_ports(self) -> frozenset[int]:
        row = self._gateway_.row() if self._gateway_ else None
        port = urlsplit(row.base_url).port if row and row.base_url else None
        return frozenset() if port is None else frozenset({port})

    async def _for_embeddings(self, name: str, profile: LaunchProfile) -> LaunchProfile:
        """The same for embeddings. Weights that do not say how tokens become one vector take their mean."""
        row = await self._targets.weights(name)
        profile = self._targets.profile_of(row, Wish(profile=profile))
        extra = profile.extra_flags or []
        header = await asyncio.to_thread(self._weights.shelf.reader.read, Path(row.path))
        if f"{header.architecture}.pooling_type" not in header.metadata and "--pooling" not in extra:
            extra = [*extra, "--pooling", "mean"]
        return msgspec.structs.replace(profile, embeddings=True, extra_flags=extra or None)

    async def _own_template(self, weights: Path) -> str | None:
        header = await asyncio.to_thread(self._weights.shelf.reader.read, weights)
        return header.chat_template

    # ---- the machine ---------------------------------------------------------------------------------------

    def _watch_machine(self) -> None:
        """A command that needs no server and no device looks at nothing."""
        if not self._is_watching:
            self._is_watching = True
            self._telemetry.start()

    async def _fetch_devices(self) -> list[DeviceRow]:
        self._watch_machine()
        return await self._telemetry.fetch_devices()

    async def _fetch_driver(self) -> str:
        self._watch_machine()
        return await self._telemetry.fetch_driver()

    def _server_looks(self) -> list[ServerLook]:
        rates = self._rates.take()
        return [
            ServerLook(row.name, row.pid, rates.get(row.name), row.slots_busy > 0 or row.state != "ready")
            for row in self.server_rows()
            if row.pid is not None
        ]

    def _on_sample(self, sample: Sample) -> None:
        self._emit(Sampled(sample=sample))

    def _banners(self, row: ServerRow) -> list[Banner]:
        return banners_of(row, self._telemetry.latest, self._desk.others(row.name))


def _presets() -> Path:
    return data_root() / "resources" / "presets"
