"""Comparisons through the real engine, with scripted APIs: turns, branches, tables, resuming, what goes to
whom.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.engine import Engine
from steelyard.core.runs.files.attachments import read_attachment
from steelyard.core.values import commands as c
from steelyard.core.values.events import ComparisonJudged, ComparisonProgressed, RunFinished
from steelyard.core.values.targets import ApiTarget

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fakes.fake_api import FakeApi
    from steelyard.core.base.paths import Home
    from steelyard.core.values.comparison import Comparison, ComparisonHistory

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
LEFT, RIGHT = "left", "right"


class Desk:
    """An engine with two named APIs."""

    def __init__(self, engine: Engine, api: FakeApi) -> None:
        self.engine = engine
        self.api = api
        self.events: list[Any] = []
        engine.subscribe(self.events.append)

    async def do(self, command: c.Command) -> Any:
        return await asyncio.wait_for(self.engine.execute(command, "q"), 30)

    async def add(self, name: str, model: str) -> None:
        target = ApiTarget(name=name, url=self.api.url, model=model, format="openai")
        await self.do(c.AddTarget(target=target, replace=True))

    async def ask(self, prompt: str = "First?", **more: Any) -> Comparison:
        return await self.do(c.StartComparison(**({"targets": [LEFT, RIGHT], "prompt": prompt} | more)))

    async def history(self, comparison_id: str) -> ComparisonHistory:
        return await self.do(c.ReadComparison(id=comparison_id))

    def sent(self, model: str) -> list[str]:
        return [message["content"] for message in self.api.last(model).body["messages"]]


@pytest.fixture
async def desk(home: Home, fake_api: FakeApi) -> AsyncIterator[Desk]:
    engine = Engine(home)
    await engine.start()
    desk = Desk(engine, fake_api)
    await desk.add(LEFT, "named#left")
    await desk.add(RIGHT, "named#right")
    yield desk
    await engine.stop(10)


async def test_each_column_goes_on_from_its_own_answer_and_sees_no_other(desk: Desk) -> None:
    first = await desk.ask(system="Be brief.")
    parents = [run.id for run in first.runs]
    second = await desk.ask("Second?", continues=first.id, parents=parents, system="Be brief.")
    assert [(run.turn, run.parent_id) for run in second.runs] == [(1, parents[0]), (1, parents[1])]
    assert desk.sent("named#left") == ["Be brief.", "First?", "canary of named#left", "Second?"]
    assert desk.sent("named#right") == ["Be brief.", "First?", "canary of named#right", "Second?"]
    history = await desk.history(first.id)
    assert [[one.question.content for one in column.answers] for column in history.columns] == [
        ["First?", "Second?"],
        ["First?", "Second?"],
    ]


async def test_an_earlier_question_can_be_asked_in_other_words(desk: Desk) -> None:
    first = await desk.ask()
    second = await desk.ask("Second?", continues=first.id, parents=[run.id for run in first.runs])
    edited = await desk.ask("Another?", continues=first.id, parents=[run.id for run in first.runs])
    assert desk.sent("named#left") == ["First?", "canary of named#left", "Another?"]
    again = await desk.ask(
        "Second?", targets=[RIGHT], continues=first.id, columns=[1], parents=[first.runs[1].id]
    )
    assert [run.column for run in again.runs] == [1]
    (left, right) = (await desk.history(first.id)).columns
    assert [one.run.id for one in left.answers] == [
        first.runs[0].id,
        second.runs[0].id,
        edited.runs[0].id,
    ]
    assert [one.run.parent_id for one in right.answers] == [None, *[first.runs[1].id] * 3]


async def test_an_answer_of_one_target_never_reaches_another(desk: Desk) -> None:
    """Columns mixed up, a run of another comparison, a run that does not exist."""
    first = await desk.ask()
    other = await desk.ask()
    left, right = (run.id for run in first.runs)
    for parents in ([right, left], [other.runs[0].id, right], ["nope", None]):
        with pytest.raises(AppError, match="No such answer"):
            await desk.ask("Second?", continues=first.id, parents=parents)
    assert all(
        "canary of named#left" not in json.dumps(asked.body)
        for asked in desk.api.requests
        if asked.model == "named#right"
    )
    assert all(
        "canary of named#right" not in json.dumps(asked.body)
        for asked in desk.api.requests
        if asked.model == "named#left"
    )


async def test_another_target_is_not_told_what_the_column_said(desk: Desk) -> None:
    """Not even where the column is taken over on purpose."""
    first = await desk.ask()
    with pytest.raises(AppError, match="another target"):
        await desk.ask("Second?", targets=[LEFT], continues=first.id, columns=[1], parents=[first.runs[1].id])


async def test_what_failed_for_a_moment_is_tried_again_by_resuming(desk: Desk) -> None:
    await desk.do(
        c.AddTarget(
            target=ApiTarget(name=RIGHT, url="http://127.0.0.1:9/v1", model="x", format="openai"),
            replace=True,
        )
    )
    first = await desk.ask()
    assert [run.error is None for run in first.runs] == [True, False]
    (row,) = await desk.do(c.ListComparisons())
    assert (row.missing_runs, row.failed_runs) == (0, 1)
    await desk.add(RIGHT, "named#right")
    again = await desk.do(c.ResumeComparison(id=first.id))
    assert [run.error for run in again.runs] == [None, None]
    assert again.runs[0].id == first.runs[0].id
    (row,) = await desk.do(c.ListComparisons())
    assert (row.missing_runs, row.failed_runs) == (0, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"targets": []},
        {"columns": [0]},
        {"columns": [1, 1]},
        {"columns": [-1, 0]},
        {"parents": ["r1", "r2"]},
        {"cases": [{"y": "1"}], "prompt": "{x}"},
        {"cases": [{"x": "1"}] * 1001, "prompt": "{x}"},
    ],
)
async def test_what_does_not_go_together_is_refused_before_anything_is_sent(
    desk: Desk, wrong: dict[str, Any]
) -> None:
    before = len(desk.api.requests)
    with pytest.raises(UsageError):
        await desk.ask(**wrong)
    assert len(desk.api.requests) == before
    assert await desk.do(c.ListComparisons()) == []


async def test_a_table_asks_every_target_with_every_row(desk: Desk) -> None:
    done = await desk.ask(
        "What is {x} in {lang}?", cases=[{"x": "tea", "lang": "Greek"}, {"x": "{lang}", "lang": "Irish"}]
    )
    assert [(run.column, run.case) for run in done.runs] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    (left, _) = (await desk.history(done.id)).columns
    assert [one.question.content for one in left.answers] == [
        "What is tea in Greek?",
        "What is {lang} in Irish?",
    ]
    (row,) = await desk.do(c.ListComparisons())
    assert (row.cases, row.runs, row.missing_runs) == (2, 4, 0)
    told = [event for event in desk.events if isinstance(event, ComparisonProgressed)]
    assert (told[-1].done, told[-1].total) == (4, 4)


async def test_a_question_with_an_image_can_be_asked_again_from_the_history(desk: Desk) -> None:
    """What is shown carries no pixels; they are put back from the ledger."""
    image = read_attachment("cat.png", PIXEL)
    first = await desk.ask(attachments=[image])
    (left, _) = (await desk.history(first.id)).columns
    shown = left.answers[0].question
    assert [one.data for one in shown.attachments] == [None]
    await desk.ask(shown.content, attachments=shown.attachments, continues=first.id)
    (_, picture) = desk.api.last("named#left").body["messages"][-1]["content"]
    assert picture["image_url"]["url"] == f"data:image/png;base64,{image.data}"


async def test_a_comparison_that_was_stopped_is_resumed_without_asking_twice(desk: Desk) -> None:
    await desk.add(RIGHT, "gate#resume")
    work = asyncio.ensure_future(desk.ask("{x}?", cases=[{"x": "1"}, {"x": "2"}], repeat=2))
    await asyncio.to_thread(desk.api.wait_for, lambda: desk.api.count("gate#resume") == 1)
    for _ in range(500):
        if sum(isinstance(event, RunFinished) for event in desk.events) == 4:  # all of the left one
            break
        await asyncio.sleep(0.02)
    (row,) = await desk.do(c.ListComparisons())
    assert row.runs == 5, "and one of the right that has begun"
    assert row.missing_runs == 0, "it is still running"
    with pytest.raises(AppError, match="still running"):
        await desk.do(c.ResumeComparison(id=row.id))
    with pytest.raises(AppError, match="still running"):
        await desk.do(c.RemoveComparison(id=row.id))
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    (row,) = await desk.do(c.ListComparisons())
    assert row.missing_runs == 4
    desk.api.open_gates.add("gate#resume")
    asked_left = desk.api.count("named#left")
    whole: Comparison = await desk.do(c.ResumeComparison(id=row.id))
    assert desk.api.count("named#left") == asked_left
    assert sorted((run.column, run.case, run.repeat) for run in whole.runs) == [
        (column, case, repeat) for column in (0, 1) for case in (0, 1) for repeat in (0, 1)
    ]
    assert all(run.error is None for run in whole.runs)
    assert {name: one.n for name, one in whole.summary.items()} == {LEFT: 4, RIGHT: 4}
    (row,) = await desk.do(c.ListComparisons())
    assert row.missing_runs == 0
    count = len(desk.api.requests)
    await desk.do(c.ResumeComparison(id=row.id))
    assert len(desk.api.requests) == count, "nothing was missing"


async def test_a_column_that_is_asked_again_is_judged_beside_the_others(desk: Desk) -> None:
    await desk.add(RIGHT, "500-ok#judged")
    first = await desk.ask()
    retried = [entry for entry in first.not_comparable if entry.code == "retried"]
    assert [entry.run_id for entry in retried] == [first.runs[1].id]
    again = await desk.ask(targets=[RIGHT], continues=first.id, columns=[1])
    assert [entry for entry in again.not_comparable if entry.code == "retried"] == []
    told = [event for event in desk.events if isinstance(event, ComparisonJudged)][-1]
    assert set(told.judged) == {first.runs[0].id, again.runs[0].id}
    kept = [entry for entry in (await desk.history(first.id)).not_comparable if entry.code == "retried"]
    assert kept == retried, "what was told of the first answer stays with it"


async def test_marks_search_and_deletion_through_the_engine(desk: Desk) -> None:
    first = await desk.ask("Explain weather")
    await desk.ask("Explain tides")
    row = await desk.do(c.MarkComparison(id=first.id, is_starred=True, tags=["sky"]))
    assert (row.is_starred, row.tags) == (True, ["sky"])
    assert [row.id for row in await desk.do(c.ListComparisons(query="canary weather"))] == [first.id]
    await desk.do(c.PinAnswer(run_id=first.runs[0].id, is_pinned=True))
    assert (await desk.history(first.id)).columns[0].answers[0].is_pinned
    await desk.do(c.RemoveComparison(id=first.id))
    assert len(await desk.do(c.ListComparisons())) == 1
    with pytest.raises(AppError, match="No such comparison"):
        await desk.history(first.id)


async def test_a_stopped_comparison_is_judged_all_the_same(desk: Desk) -> None:
    """Its medians hold nothing unfair, although nobody was there when it would have been judged."""
    await desk.add(LEFT, "500-ok#stopped")
    await desk.add(RIGHT, "gate#stopped")
    work = asyncio.ensure_future(desk.ask())
    await asyncio.to_thread(desk.api.wait_for, lambda: desk.api.count("gate#stopped") == 1)
    while not any(isinstance(event, RunFinished) for event in desk.events):
        await asyncio.sleep(0.02)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    (row,) = await desk.do(c.ListComparisons())
    history = await desk.history(row.id)
    assert [entry.code for entry in history.not_comparable] == ["retried"]
    assert history.summary[LEFT].ttft_ms.n == 0


async def test_a_comparison_is_resumed_once_and_not_deleted_under_its_last_run(desk: Desk) -> None:
    await desk.add(RIGHT, "gate#twice")
    work = asyncio.ensure_future(desk.ask())
    await asyncio.to_thread(desk.api.wait_for, lambda: desk.api.count("gate#twice") == 1)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    (row,) = await desk.do(c.ListComparisons())
    both = [asyncio.ensure_future(desk.do(c.ResumeComparison(id=row.id))) for _ in range(2)]
    await asyncio.to_thread(desk.api.wait_for, lambda: desk.api.count("gate#twice") == 2)
    await desk.ask(targets=[LEFT], continues=row.id, columns=[0])  # a second request that ends first
    with pytest.raises(AppError, match="still running"):
        await desk.do(c.RemoveComparison(id=row.id))
    desk.api.open_gates.add("gate#twice")
    ends = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(end).__name__ for end in ends) == ["AppError", "Comparison"]
    assert desk.api.count("gate#twice") == 2


async def test_medians_of_the_first_turn_hold_no_answer_to_other_words(desk: Desk) -> None:
    first = await desk.ask(repeat=3)
    edited = await desk.ask("Other words?", continues=first.id)
    summary = (await desk.history(first.id)).summary
    asked = {name: [run.timing.ttft_ms for run in first.runs if run.target.name == name] for name in summary}
    assert {name: (one.ttft_ms.low, one.ttft_ms.high, one.n) for name, one in summary.items()} == {
        name: (min(times), max(times), 3) for name, times in asked.items()
    }
    assert edited.summary[LEFT].n == 1


async def test_a_further_turn_in_another_column_is_refused(desk: Desk) -> None:
    """Its answer would belong to the comparison, and nobody would ever see it."""
    first = await desk.ask()
    count = len(desk.api.requests)
    with pytest.raises(AppError, match="No such column"):
        await desk.ask(targets=[LEFT], continues=first.id, columns=[2])
    assert len(desk.api.requests) == count
