"""Who is asked when: turns, rounds, memory that is given back, and how long it will take."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from steelyard.core.compare.comparing import Comparing
from steelyard.core.compare.concluding import newest, standing_beside
from steelyard.core.compare.local_turn import LocalTurn
from steelyard.core.compare.pace import Pace
from steelyard.core.compare.plan import Column, Plan, Step, rounds
from steelyard.core.runs.promptable import Opened, Promptable
from steelyard.core.values.events import ComparisonProgressed
from steelyard.core.values.prompt import Message, Prompt
from steelyard.core.values.run import Run, TargetInfo

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from steelyard.core.runs.job import Job
    from steelyard.core.values.events import Event

PROMPT = Prompt(messages=[Message(role="user", content="Hi")])


class Machine:
    """Memory for so many models, and the book of what happened."""

    def __init__(self, room: int = 99) -> None:
        self.room = room
        self.loaded: list[str] = []
        self.book: list[str] = []
        self.running = 0
        self.most_running_local = 0


class Model(Promptable):
    """Weights that load into a machine's memory, or an API."""

    def __init__(self, machine: Machine, name: str, kind: str = "local") -> None:
        self.machine, self.name, self.kind = machine, name, kind

    @property
    def info(self) -> TargetInfo:
        return TargetInfo(name=self.name, kind=self.kind, model=self.name)  # type: ignore[arg-type]

    @property
    def is_loaded(self) -> bool:
        return self.kind == "api" or self.name in self.machine.loaded

    async def fits_beside(self) -> bool:
        return self.is_loaded or len(self.machine.loaded) < self.machine.room

    async def release(self, reason: str) -> None:
        self.machine.loaded.remove(self.name)
        self.machine.book.append(f"free {self.name}")

    @contextlib.asynccontextmanager
    async def open(self, prompt: Prompt, note: Callable[[str], None]) -> AsyncGenerator[Opened, None]:
        if not self.is_loaded:
            assert len(self.machine.loaded) < self.machine.room, "nobody made room"
            self.machine.loaded.append(self.name)
            self.machine.book.append(f"load {self.name}")
        raise AssertionError("warm-up asks no further here")
        yield


class Runner:
    """Stands for the real one: takes a moment and makes a run."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._number = 0

    async def until_baseline(self, note: Callable[[str], None]) -> None:
        pass

    async def run(self, job: Job) -> Run:
        target = job.target
        assert isinstance(target, Model)
        assert target.is_loaded, f"{target.name} was not ready"
        is_local = target.kind == "local"
        self._machine.running += is_local
        self._machine.most_running_local = max(self._machine.most_running_local, self._machine.running)
        self._machine.book.append(f"{target.name}{job.repeat}")
        self._number += 1
        number = self._number
        await asyncio.sleep(0.01)
        self._machine.running -= is_local
        return Run(
            id=f"r{number:03}", started_at="x", target=target.info, column=job.column, repeat=job.repeat
        )


async def carried_out(
    machine: Machine, names: list[str], repeat: int = 1, **more: object
) -> tuple[list[str], list[Event]]:
    columns = [
        Column(
            at,
            Model(machine, name, "api" if name.startswith("api") else "local"),
            [Step(PROMPT, repeat=number) for number in range(repeat)],
        )
        for at, name in enumerate(names)
    ]
    plan = Plan(**({"id": "c1", "request": "q", "columns": columns, "schedule": "model-by-model"} | more))
    events: list[Event] = []
    await Comparing(plan, Runner(machine), events.append, LocalTurn()).carry_out()  # type: ignore[arg-type]
    return machine.book, events


async def test_one_model_at_a_time_on_a_machine_that_holds_one() -> None:
    machine = Machine(room=1)
    book, _ = await carried_out(machine, ["a", "b"], repeat=2)
    assert book == ["load a", "a0", "a1", "free a", "load b", "b0", "b1"]


async def test_repeats_are_interleaved_where_the_models_fit_together() -> None:
    machine = Machine()
    book, _ = await carried_out(machine, ["a", "b", "c"], repeat=6)
    assert book[:3] == ["load a", "load b", "load c"]
    runs = book[3:]
    for number in range(6):
        assert sorted(runs[3 * number : 3 * number + 3]) == [f"a{number}", f"b{number}", f"c{number}"]
    firsts = {run[0] for run in runs[::3]}
    assert len(firsts) > 1, "no model is always the first of its round"
    assert machine.most_running_local == 1


async def test_a_model_that_was_loaded_before_is_not_freed() -> None:
    machine = Machine(room=2)
    machine.loaded.append("a")
    book, _ = await carried_out(machine, ["a", "b", "c"])
    assert book == ["a0", "load b", "b0", "free b", "load c", "c0"]


async def test_apis_run_beside_and_concurrent_means_all_at_once() -> None:
    machine = Machine()
    book, _ = await carried_out(machine, ["a", "b", "api"], repeat=1)
    assert book.index("api0") < book.index("b0")
    assert machine.most_running_local == 1
    machine = Machine()
    await carried_out(machine, ["a", "b"], schedule="concurrent")
    assert machine.most_running_local == 2


async def test_an_api_that_computes_on_this_machine_takes_its_turn() -> None:
    machine = Machine()
    book, _ = await carried_out(machine, ["a", "api"], repeat=2, hosted_here=frozenset({"api"}))
    runs = book[1:]
    assert {runs[0][:-1], runs[1][:-1]} == {"a", "api"}
    assert {runs[2][:-1], runs[3][:-1]} == {"a", "api"}


async def test_progress_is_told_from_begin_to_end() -> None:
    _, events = await carried_out(Machine(), ["a", "b"], repeat=2)
    told = [event for event in events if isinstance(event, ComparisonProgressed)]
    assert (told[0].done, told[0].total, told[0].eta_s) == (0, 4, None)
    assert [event.done for event in told] == sorted(event.done for event in told)
    assert (told[-1].done, told[-1].eta_s) == (4, 0.0)


def test_the_order_of_the_rounds_can_be_repeated() -> None:
    columns = [Column(at, Model(Machine(), str(at)), [Step(PROMPT)] * 5) for at in range(4)]

    def order(seed: str) -> list[int]:
        return [column.at for column, _ in rounds(columns, seed)]

    assert order("c1") == order("c1")
    assert order("c1") != order("c2")


def test_time_that_is_left() -> None:
    columns = [Column(at, Model(Machine(), str(at)), [Step(PROMPT)] * 3) for at in range(3)]
    plan = Plan(id="c", request="q", columns=columns, schedule="model-by-model")
    pace = Pace(plan, taking_turns=[0, 1], typical_ms={0: 1000.0, 2: 100.0})
    assert pace.eta_s() is None, "column 1 never answered before"
    pace.ran(1, 2000.0)
    assert pace.eta_s() == 3 * 1.0 + 2 * 2.0
    pace.ran(2, 9000.0)
    assert pace.eta_s() == 2 * 9.0, "the API beside them takes longer than both"
    assert (pace.done, pace.total) == (2, 9)


def run(id_: str, column: int, **more: object) -> Run:
    return Run(
        id=id_, started_at="x", target=TargetInfo(name="t", kind="api", model="m"), column=column, **more
    )


def test_what_one_column_made_again_is_compared_with_the_last_of_the_others() -> None:
    runs = [run("1", 0), run("2", 1), run("3", 0), run("4", 1), run("5", 1)]
    assert [one.id for one in standing_beside(runs, [runs[4]])] == ["3"]
    series = [run(str(number), 0, repeat=number - 1) for number in (1, 2, 3)]
    again = [run("4", 1)]
    assert sorted(one.id for one in standing_beside([*series, *again], again)) == ["1", "2", "3"]


def test_a_resumed_comparison_counts_the_newest_run_of_each_place() -> None:
    runs = [run("1", 0, finish_reason="interrupted"), run("2", 1), run("3", 0, finish_reason="stop")]
    assert sorted(one.id for one in newest(runs)) == ["2", "3"]
