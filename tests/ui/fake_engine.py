"""A scripted engine: answers commands as a test says and streams made-up text through the real bridge."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import itertools
import time
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.base.clock import utc_now
from steelyard.core.base.errors import AppError
from steelyard.core.base.ids import new_id
from steelyard.core.values import commands as cmd
from steelyard.core.values.comparison import Comparison, NotComparable, TargetSummary
from steelyard.core.values.events import (
    ComparisonJudged,
    ComparisonProgressed,
    ComparisonStarted,
    EngineChanged,
    Event,
    LibraryChanged,
    RunFinished,
    RunStarted,
    RunWaited,
    SettingsChanged,
    TargetsChanged,
    TextArrived,
)
from steelyard.core.values.reports import CostPreview, Spending
from steelyard.core.values.run import (
    Cost,
    Energy,
    EngineInfo,
    ErrorInfo,
    Run,
    RunState,
    TargetInfo,
    Timing,
    Usage,
    WeightsInfo,
)
from steelyard.core.values.servers import GatewayRow, ServerRow
from steelyard.core.values.settings import Settings
from steelyard.core.values.targets import TargetRow, TargetTest
from steelyard.core.values.weights import Place, Shelf, UnusableFile, WeightsRow
from ui.scripted_ballots import ScriptedBallots
from ui.scripted_costs import ScriptedCosts
from ui.scripted_decide import ScriptedDecisions
from ui.scripted_hub import ScriptedHub
from ui.scripted_monitor import ScriptedMonitor
from ui.scripted_prompts import ScriptedPrompts
from ui.scripted_reading import ScriptedReading

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

DEFAULT_TEXT = (
    "## Lock risk: medium\n\n`ADD COLUMN` with a constant default is **metadata only**.\n\n"
    "```sql\nSET lock_timeout = '1s';\nALTER TABLE orders ADD COLUMN region text;\n```\n\n"
    "- Run the index outside a transaction.\n- If it fails, drop the invalid index and retry.\n"
)

STARTER = WeightsRow(
    name="starter",
    path="/weights/SmolLM2-135M-Instruct-Q4_1.gguf",
    repo="HuggingFaceTB/SmolLM2-135M-Instruct",
    revision=None,
    sha256="65b8fcd9" * 8,
    verified=True,
    verification="verified",
    size_bytes=98_000_000,
    quant="Q4_1",
    architecture="llama",
    parameters=134_515_008,
    context_length=8192,
    source="starter",
)


class FakeEngine:
    """Implements `EngineLike`. `answers` maps a command type to a value, a function of the command, or an
    exception; `texts`, `failures` and `chunks_per_s` script what targets say.
    """

    def __init__(self) -> None:
        self.executed: list[cmd.Command] = []
        self.settings = Settings()
        self.targets: list[TargetRow] = []
        self.weights: list[WeightsRow] = [STARTER]
        self.mmproj: list[WeightsRow] = []
        self.lora: list[WeightsRow] = []
        self.unusable: list[UnusableFile] = []
        self.hub = ScriptedHub(self._tell)
        self.monitor = ScriptedMonitor()
        self.ballots = ScriptedBallots()
        self.prompts = ScriptedPrompts(self._tell)
        self.costs = ScriptedCosts()
        self.decisions = ScriptedDecisions(lambda: self.settings.decide)
        self.texts: dict[str, str] = {}
        self.reasoning: dict[str, str] = {}
        self.failures: dict[str, ErrorInfo] = {}
        self.chunks_per_s = 0.0
        """0 streams as fast as the loop turns."""
        self.load_s = 0.0
        self.judge: Callable[[list[Run]], list[NotComparable]] = lambda _runs: []
        self.alter: Callable[[Run], Run] = lambda run: run
        """Changes a run's final document before it is told."""
        self.summarise: Callable[[list[Run]], dict[str, TargetSummary]] = lambda _runs: {}
        self.runs: dict[str, Run] = {}
        """Every run that is over, by its id."""
        self.reading = ScriptedReading(self.runs, self._tell)
        self.usd: dict[str, str | None] = {}
        self.stopped = False
        self.stop_takes_s = 0.0
        self._listeners: list[Callable[[Event], None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self.answers: dict[type, Any] = (
            self.monitor.answers()
            | {
                cmd.StartComparison: None,
                cmd.PinAnswer: None,
                cmd.ReadSettings: lambda _c: self.settings,
                cmd.SaveSettings: self._save_settings,
                cmd.ListTargets: lambda _c: list(self.targets),
                cmd.AddTarget: self._add_target,
                cmd.RemoveTarget: self._remove_target,
                cmd.StoreKey: self._store_key,
                cmd.TestTarget: TargetTest(ok=True, models=["gpt-4o-mini"], ttft_ms=123.0),
                cmd.ListWeights: lambda _c: self.shelf(),
                cmd.AddWeights: self._add_weights,
                cmd.ListServers: [],
                cmd.LoadWeights: lambda c: self._server(c.target),
                cmd.StopServer: None,
                cmd.FindServers: [],
                cmd.ReadGateway: GatewayRow(base_url=None, keys=[]),
                cmd.ReadSpending: Spending(today_usd=None, runs=0, unpriced_runs=0),
                cmd.PreviewCost: CostPreview(api_usd_max="0", api_targets=0, local_targets=1, unpriced=[]),
                cmd.PriceLike: None,
                cmd.Diagnose: {},
            }
            | self.hub.answers()
            | self.reading.answers()
            | self.ballots.answers()
            | self.prompts.answers()
            | self.costs.answers()
            | self.decisions.answers()
        )

    # ---- EngineLike ----------------------------------------------------------------------------------------

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._tell(EngineChanged(state="ready"))

    async def stop(self, deadline_s: float) -> None:
        self._tell(EngineChanged(state="closing"))
        await asyncio.sleep(min(self.stop_takes_s, deadline_s))
        self.stopped = True

    async def execute(self, command: cmd.Command, request: str) -> Any:
        self._loop = asyncio.get_running_loop()
        self.executed.append(command)
        answer = self.answers[type(command)]
        if isinstance(command, cmd.StartComparison) and answer is None:
            comparison = await self._compare(command, request)
            if command.ballot_id is not None:
                self.ballots.compared(command, comparison)
            return comparison
        if isinstance(answer, Exception):
            raise answer
        result = answer(command) if callable(answer) else answer
        if inspect.isawaitable(result):
            waiting: Awaitable[Any] = result
            return await waiting
        return result

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    # ---- for tests -----------------------------------------------------------------------------------------

    def emit(self, event: Event) -> None:
        """Tell every listener, in the engine thread; call from any thread after the bridge has started."""
        assert self._loop is not None, "wait until the engine has started"
        self._loop.call_soon_threadsafe(self._tell, event)

    def of_type(self, kind: type) -> list[Any]:
        """The commands of one type, in the order in which they came."""
        return [command for command in self.executed if type(command) is kind]

    def shelf(self) -> Shelf:
        """Everything that lies on this machine."""
        return Shelf(
            weights=list(self.weights),
            mmproj=list(self.mmproj),
            lora=list(self.lora),
            unusable=list(self.unusable),
            places=list(self.hub.places),
        )

    def add_api(self, name: str, model: str = "gpt-4o-mini", **changes: Any) -> TargetRow:
        """Configure an API target as if the user had done it earlier."""
        values: dict[str, Any] = {"url": "https://api.openai.com/v1", "format": "openai", "key": "keyring"}
        row = TargetRow(name=name, model=model, **(values | changes))
        self.targets.append(row)
        return row

    # ---- answers -------------------------------------------------------------------------------------------

    def _tell(self, event: Event) -> None:
        for listener in list(self._listeners):
            listener(event)

    def _save_settings(self, command: cmd.SaveSettings) -> None:
        self.settings = command.settings
        self._tell(SettingsChanged())

    def _add_target(self, command: cmd.AddTarget) -> TargetRow:
        target = command.target
        exists = any(row.name == target.name for row in self.targets)
        if exists and not command.replace:
            raise AppError("This name is taken", target.name, "Choose another name.")
        row = TargetRow(
            name=target.name,
            url=target.url,
            model=target.model,
            format=target.format,
            key="env" if target.key_env else "none",
            key_env=target.key_env,
            prices=target.prices,
            price_like=target.price_like,
        )
        self.targets = [*(r for r in self.targets if r.name != target.name), row]
        self._tell(TargetsChanged())
        return row

    def _remove_target(self, command: cmd.RemoveTarget) -> None:
        self.targets = [row for row in self.targets if row.name != command.name]
        self._tell(TargetsChanged())

    def _store_key(self, command: cmd.StoreKey) -> str:
        self.targets = [
            msgspec.structs.replace(row, key="memory") if row.name == command.target else row
            for row in self.targets
        ]
        return "memory"

    def _server(self, target: str) -> ServerRow:
        return ServerRow(
            name=target,
            weights=target,
            pid=4711,
            state="ready",
            ctx=self.settings.servers.context_tokens,
            slots=1,
            slots_busy=0,
            predicted_bytes=None,
            measured_bytes=None,
            vram_bytes=None,
            started_at=utc_now(),
            idle_s=0.0,
        )

    def _add_weights(self, command: cmd.AddWeights) -> list[WeightsRow]:
        name = command.path.rsplit("/", 1)[-1]
        row = msgspec.structs.replace(STARTER, name=name, path=command.path, source="file", verified=False)
        self.weights.append(row)
        place = Place(
            path=command.path,
            source="file",
            is_added=True,
            exists=True,
            files=1,
            size_bytes=row.size_bytes,
        )
        self.hub.places.append(place)
        self._tell(LibraryChanged())
        return [row]

    # ---- a comparison --------------------------------------------------------------------------------------

    async def _compare(self, command: cmd.StartComparison, request: str) -> Comparison:
        comparison_id = command.continues or new_id()
        positions = command.columns or list(range(len(command.targets)))
        parents = [self.runs.get(parent or "") for parent in command.parents or [None] * len(positions)]
        asks = list(zip(positions, command.targets, parents, strict=True))
        turn = max((parent.turn + 1 for parent in parents if parent), default=0)
        self._tell(ComparisonStarted(request=request, comparison_id=comparison_id, turn=turn))
        self._total, self._done = len(asks) * command.repeat * max(1, len(command.cases)), 0
        local_turn = asyncio.Lock() if command.schedule == "model-by-model" else None
        streams = [
            self._column(command, request, comparison_id, position, target, parent, local_turn)
            for position, target, parent in asks
        ]
        runs = [run for column_runs in await asyncio.gather(*streams) for run in column_runs]
        judged = self.judge(runs)
        self._tell(
            ComparisonJudged(
                request=request,
                comparison_id=comparison_id,
                not_comparable=judged,
                judged=[run.id for run in runs],
            )
        )
        return Comparison(
            id=comparison_id,
            schedule=command.schedule,
            runs=runs,
            not_comparable=judged,
            summary=self.summarise(runs),
        )

    def comparison(self, comparison_id: str, runs: list[Run]) -> Comparison:
        """What a command about a comparison answers with."""
        return Comparison(
            id=comparison_id, schedule="model-by-model", runs=runs, not_comparable=[], summary={}
        )

    async def _column(
        self,
        command: cmd.StartComparison,
        request: str,
        comparison_id: str,
        column: int,
        target: str,
        parent: Run | None,
        local_turn: asyncio.Lock | None,
    ) -> list[Run]:
        is_api = any(row.name == target for row in self.targets)
        runs: list[Run] = []
        cases = range(max(1, len(command.cases)))
        for repeat, case in itertools.product(range(command.repeat), cases):
            run = self._new_run(command, comparison_id, parent, column, target, repeat)
            run = msgspec.structs.replace(run, case=case)
            if not is_api and local_turn is not None and local_turn.locked():
                self._tell(
                    RunWaited(request=request, column=column, target=target, reason="Waiting for its turn")
                )
            async with contextlib.nullcontext() if is_api or local_turn is None else local_turn:
                runs.append(await self._stream(request, run, is_api))
            self._done += 1
            self._tell(
                ComparisonProgressed(
                    request=request,
                    comparison_id=comparison_id,
                    done=self._done,
                    total=self._total,
                    eta_s=None,
                    doing=f"{target} is over",
                )
            )
        return runs

    async def _stream(self, request: str, run: Run, is_api: bool) -> Run:
        target = run.target.name
        if not is_api and self.load_s:
            for step in range(4):
                self._tell(
                    RunWaited(
                        request=request, column=run.column, target=target, reason="Loading", progress=step / 4
                    )
                )
                await asyncio.sleep(self.load_s / 4)
        self._tell(RunStarted(request=request, run=run))
        said = {False: "", True: ""}
        started = time.perf_counter()
        stamps: list[float] = []
        try:
            for is_reasoning, chunk in self._script(target):
                await asyncio.sleep(1 / self.chunks_per_s if self.chunks_per_s else 0)
                said[is_reasoning] += chunk
                stamps.append((time.perf_counter() - started) * 1000)
                self._tell(
                    TextArrived(
                        request=request,
                        run_id=run.id,
                        column=run.column,
                        text=chunk,
                        is_reasoning=is_reasoning,
                        chunks=len(stamps),
                        elapsed_ms=stamps[-1],
                        ttft_ms=stamps[0],
                    )
                )
        except asyncio.CancelledError:
            cut = self._finished(run, said, stamps, is_api)
            cut = msgspec.structs.replace(cut, finish_reason="cancelled")
            self.runs[cut.id] = cut
            self._tell(RunFinished(request=request, run=cut))
            raise
        done = self.alter(self._finished(run, said, stamps, is_api))
        if target in self.failures:
            done = msgspec.structs.replace(done, finish_reason="error", error=self.failures[target])
        self.runs[done.id] = done
        self._tell(RunFinished(request=request, run=done))
        return done

    def _script(self, target: str) -> list[tuple[bool, str]]:
        if target in self.failures:
            return []
        thought, text = self.reasoning.get(target, ""), self.texts.get(target, DEFAULT_TEXT)
        return [(True, part) for part in _chunks(thought)] + [(False, part) for part in _chunks(text)]

    def _new_run(
        self,
        command: cmd.StartComparison,
        comparison_id: str,
        parent: Run | None,
        column: int,
        target: str,
        repeat: int,
    ) -> Run:
        row = next((row for row in self.targets if row.name == target), None)
        if row is None:
            weights = WeightsInfo(
                repo=STARTER.repo,
                file="SmolLM2-135M-Instruct-Q4_1.gguf",
                revision=None,
                sha256=STARTER.sha256,
                quant="Q4_1",
                size_bytes=STARTER.size_bytes,
            )
            engine = EngineInfo(name="llama.cpp", build="b9412", backend="CPU")
            info = TargetInfo(
                name=target, kind="local", model="SmolLM2-135M-Instruct", weights=weights, engine=engine
            )
        else:
            host = row.url.split("/")[2]
            info = TargetInfo(name=target, kind="api", model=row.model, endpoint_host=host)
        return Run(
            id=new_id(),
            started_at=utc_now(),
            target=info,
            comparison_id=comparison_id,
            turn=parent.turn + 1 if parent is not None else 0,
            parent_id=parent.id if parent is not None else None,
            column=column,
            repeat=repeat,
            params={"max_tokens": command.sampling.max_tokens},
        )

    def _finished(self, run: Run, said: dict[bool, str], stamps: list[float], is_api: bool) -> Run:
        usd = self.usd.get(run.target.name, "0.00021" if is_api else None)
        gap_ms = stamps[-1] - stamps[0] if len(stamps) > 1 else None
        return msgspec.structs.replace(
            run,
            text=said[False],
            reasoning=said[True] or None,
            finish_reason="stop",
            state=RunState(cold=False, cached_prompt_tokens=0),
            usage=Usage(prompt_tokens=187, completion_tokens=len(stamps), source="server"),
            timing=Timing(
                ttft_ms=stamps[0] if stamps else None,
                e2e_ms=stamps[-1] if stamps else None,
                gen_tps=(len(stamps) - 1) / gap_ms * 1000 if gap_ms else None,
                attempts=1,
            ),
            energy=Energy(source="none"),
            cost=Cost(usd=usd, basis="api_price" if is_api and usd is not None else "unknown"),
        )


def _chunks(text: str) -> list[str]:
    return [text[at : at + 4] for at in range(0, len(text), 4)]
