"""Stored comparisons on a real SQLite file: trees, search, marks, deletion, images."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

import msgspec
import pytest

from steelyard.core.base.errors import AppError
from steelyard.core.store import database as database_module
from steelyard.core.store.comparisons import ComparisonStore
from steelyard.core.store.database import Database
from steelyard.core.store.ledger import Ledger
from steelyard.core.values.comparison import ComparisonPlan, NotComparable
from steelyard.core.values.prompt import Attachment, Message
from steelyard.core.values.run import Cost, ErrorInfo, Run, TargetInfo

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from steelyard.core.store.database import Connection

WHEN = "2026-11-21T10:00:00.000Z"
PIXELS = base64.b64encode(b"pixels" * 1000).decode()
IMAGE = Attachment(
    name="cat.png",
    kind="image",
    mime="image/png",
    sha256=hashlib.sha256(b"pixels").hexdigest(),
    size_bytes=6000,
    data=PIXELS,
)


class Desk:
    """The two stores of one file, and short ways to fill them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ledger = Ledger(database)
        self.store = ComparisonStore(database)

    async def begin(self, id_: str = "c1", when: str = WHEN, **plan: object) -> None:
        asked = ComparisonPlan(**({"targets": ["a", "b"], "prompt": "Why is the sky blue?"} | plan))
        await self.store.begin(id_, when, asked, asked.targets)

    async def answer(
        self,
        id_: str,
        text: str = "Because.",
        asked: list[Message] | None = None,
        finish: str = "stop",
        comparison: str = "c1",
        **more: object,
    ) -> None:
        run = Run(
            id=id_,
            started_at=WHEN,
            target=TargetInfo(name="a", kind="local", model="m"),
            comparison_id=comparison,
            **more,
        )
        await self.ledger.begin_run(run, asked or [Message(role="user", content="Why is the sky blue?")])
        if finish:
            done = msgspec.structs.replace(run, finish_reason=finish, text=text, cost=Cost(usd="0.25"))
            await self.ledger.finish_run(done, {})

    async def value(self, query: str) -> object:
        return await self.database.call(lambda connection: connection.execute(query).fetchone()[0])


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    database = Database(tmp_path / "ledger.sqlite3")
    await database.open()
    yield Desk(database)
    await database.close()


async def test_a_column_goes_on_from_its_own_answer_without_the_system_prompt(desk: Desk) -> None:
    await desk.begin()
    asked = [Message(role="system", content="Be brief."), Message(role="user", content="Why?")]
    await desk.answer("r1", "Rayleigh.", asked)
    turn, said = await desk.store.conversation("c1", 0, "r1", {"a"})
    assert turn == 1
    assert [(one.role, one.content) for one in said] == [("user", "Why?"), ("assistant", "Rayleigh.")]
    await desk.answer("r2", "More.", [*said, Message(role="user", content="And?")], turn=turn, parent_id="r1")
    turn, said = await desk.store.conversation("c1", 0, "r2", {"a"})
    assert (turn, [one.content for one in said]) == (2, ["Why?", "Rayleigh.", "And?", "More."])
    (first, second) = (await desk.store.read("c1")).columns[0].answers
    assert (first.question.content, second.question.content) == ("Why?", "And?")
    assert second.run.parent_id == first.run.id


async def test_an_answer_without_text_is_left_out_with_its_question(desk: Desk) -> None:
    await desk.begin()
    await desk.answer("r1", "", [Message(role="user", content="Call it")], finish="tool_calls")
    assert await desk.store.conversation("c1", 0, "r1", {"a"}) == (1, [])


@pytest.mark.parametrize(("comparison", "column", "run"), [("c2", 0, "r1"), ("c1", 1, "r1"), ("c1", 0, "r9")])
async def test_nobody_goes_on_from_the_answer_of_somebody_else(
    desk: Desk, comparison: str, column: int, run: str
) -> None:
    """Or what one target was told would be sent to another."""
    await desk.begin()
    await desk.begin("c2")
    await desk.answer("r1")
    with pytest.raises(AppError, match="No such answer"):
        await desk.store.conversation(comparison, column, run, {"a"})


async def test_images_are_kept_once_and_come_back_where_they_are_needed(desk: Desk) -> None:
    await desk.begin(attachments=[IMAGE])
    asked = [Message(role="user", content="What is this?", attachments=[IMAGE])]
    for number in range(3):
        await desk.answer(f"r{number}", "A cat.", asked)
    assert await desk.value("SELECT count(*) FROM attachments") == 1
    assert PIXELS[:40] not in str(await desk.value("SELECT group_concat(messages) FROM runs"))
    _, said = await desk.store.conversation("c1", 0, "r2", {"a"})
    assert said[0].attachments == [IMAGE]
    plan = await desk.store.plan("c1")
    assert plan is not None
    assert plan.attachments == [IMAGE]
    shown = (await desk.store.read("c1")).columns[0].answers[0].question.attachments[0]
    assert (shown.name, shown.data) == ("cat.png", None)


async def test_history_is_searched_in_prompts_answers_tags_and_targets(desk: Desk) -> None:
    await desk.begin("c1", "2026-11-21T10:00:00.000Z", prompt="Explain VACUUM in PostgreSQL")
    await desk.begin("c2", "2026-11-21T11:00:00.000Z", prompt="Poem", targets=["mini", "qwen-7b"])
    await desk.answer("r1", "It reclaims dead tuples.", comparison="c1")
    await desk.store.conclude("c1", [], [])
    await desk.store.mark("c2", None, None, ["rhymes", " rhymes ", ""])

    async def found(**query: object) -> list[str]:
        return [row.id for row in await desk.store.rows(10, **query)]

    assert await found() == ["c2", "c1"]
    assert await found(query="postgres vac") == ["c1"], "beginnings of words, any case"
    assert await found(query="tuples") == ["c1"]
    assert await found(query="qwen") == ["c2"]
    assert await found(query="rhymes") == ["c2"]
    assert await found(tag="rhymes") == ["c2"]
    assert await found(tag="rhy") == []
    assert await found(before="c2") == ["c1"]
    for hostile in ('"', "' OR 1=1 --", "NEAR(", "a*b^c:d", "%", "\x00"):
        assert await found(query=hostile + " zzz") == []
        await found(query=hostile)


async def test_title_star_and_tags_are_the_users(desk: Desk) -> None:
    await desk.begin()
    row = await desk.store.mark("c1", "  Blue\nsky ", True, ["physics"])
    assert (row.title, row.is_starred, row.tags) == ("Blue sky", True, ["physics"])
    row = await desk.store.mark("c1", None, None, None)
    assert (row.title, row.is_starred, row.tags) == ("Blue sky", True, ["physics"])
    assert [row.id for row in await desk.store.rows(10, only_starred=True)] == ["c1"]
    with pytest.raises(AppError, match="Too many tags"):
        await desk.store.mark("c1", None, None, [str(number) for number in range(99)])
    with pytest.raises(AppError, match="No such comparison"):
        await desk.store.mark("nope", "x", None, None)


async def test_deleting_takes_what_was_said_and_leaves_what_it_cost(desk: Desk) -> None:
    await desk.begin(attachments=[IMAGE], prompt="a secret question")
    asked = [Message(role="user", content="a secret question", attachments=[IMAGE])]
    await desk.answer("r1", "a secret answer", asked, params={"grammar": "root ::= secret"})
    await desk.begin("c2", prompt="another")
    await desk.store.remove("c1")
    spending = await desk.ledger.spending_since("2026-11-21T00:00:00.000Z")
    assert (spending.today_usd, spending.runs) == ("0.25", 1)
    assert [row.id for row in await desk.store.rows(10)] == ["c2"]
    assert await desk.store.rows(10, "secret") == []
    for table, column in (
        ("runs", "messages || text || document"),
        ("comparisons", "title || plan"),
        ("comparison_words", "words"),
    ):
        assert "secret" not in str(await desk.value(f"SELECT group_concat({column}) FROM {table}"))
    assert await desk.value("SELECT count(*) FROM attachments") == 0
    with pytest.raises(AppError, match="No such comparison"):
        await desk.store.remove("c1")


async def test_an_image_that_another_comparison_needs_is_kept(desk: Desk) -> None:
    await desk.begin("c1", attachments=[IMAGE])
    await desk.begin("c2", attachments=[IMAGE])
    await desk.store.remove("c1")
    assert await desk.value("SELECT count(*) FROM attachments") == 1


async def test_missing_runs_are_those_that_were_planned_and_did_not_finish(desk: Desk) -> None:
    await desk.begin(repeat=2, cases=[{"x": "1"}, {"x": "2"}])
    assert (await desk.store.read("c1")).missing_runs == 8
    await desk.answer("r1", column=0, case=0, repeat=0)
    await desk.answer("r2", column=0, case=0, repeat=0)
    await desk.answer("r3", column=1, case=1, repeat=1, finish="error")
    await desk.answer("r4", column=1, case=0, repeat=1, finish="cancelled")
    await desk.answer("r5", column=1, case=0, repeat=0, finish="")
    (row,) = await desk.store.rows(1)
    assert (row.missing_runs, row.failed_runs, row.planned_runs, row.cases, row.runs) == (6, 0, 8, 2, 5)
    hiccup = ErrorInfo(title="t", detail="", hint="", retryable=True)
    await desk.answer("r6", column=1, case=0, repeat=0, finish="error", error=hiccup)
    (row,) = await desk.store.rows(1)
    assert (row.missing_runs, row.failed_runs) == (5, 1), "another try may succeed"


async def test_what_is_judged_again_replaces_what_was_told_before(desk: Desk) -> None:
    await desk.begin()

    def entry(run: str, code: str) -> NotComparable:
        return NotComparable(run_id=run, metrics=["ttft_ms"], code=code, detail="d")  # type: ignore[arg-type]

    await desk.store.conclude("c1", ["r1", "r2"], [entry("r1", "cold_start"), entry("r2", "retried")])
    await desk.store.conclude("c1", ["r1"], [entry("r1", "throttled")])
    kept = (await desk.store.read("c1")).not_comparable
    assert [(one.run_id, one.code) for one in kept] == [("r2", "retried"), ("r1", "throttled")]


async def test_pins_stay(desk: Desk) -> None:
    await desk.begin()
    await desk.answer("r1")
    await desk.store.pin("r1", is_pinned=True)
    assert (await desk.store.read("c1")).columns[0].answers[0].is_pinned
    await desk.store.pin("r1", is_pinned=False)
    assert not (await desk.store.read("c1")).columns[0].answers[0].is_pinned
    with pytest.raises(AppError, match="No such answer"):
        await desk.store.pin("nope", is_pinned=True)


async def test_comparisons_of_the_version_before_are_found_and_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.sqlite3"
    with monkeypatch.context() as older:
        older.setattr(database_module, "MIGRATIONS", database_module.MIGRATIONS[:3])
        before = Database(path)
        await before.open()
        run = Run(id="r1", started_at=WHEN, target=TargetInfo(name="a", kind="local", model="m"))
        row = ("r1", "c1", WHEN, "a", "local", "m", "stop", "It scatters.", msgspec.json.encode(run).decode())

        def fill(connection: Connection) -> None:
            connection.execute(
                "INSERT INTO comparisons (id, started_at, title, schedule, system, targets)"
                " VALUES ('c1', ?, 'Blue sky', 'concurrent', '', '[\"a\",\"b\"]')",
                (WHEN,),
            )
            connection.execute(
                "INSERT INTO runs (id, comparison_id, turn, position, started_at, target, kind, model,"
                " finish_reason, text, document, messages) VALUES (?, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?,"
                ' \'[{"role": "user", "content": "Why?"}]\')',
                row,
            )

        await before.call(fill)
        await before.close()
    after = Database(path)
    await after.open()
    store = ComparisonStore(after)
    (found,) = await store.rows(10, "scatters blue")
    assert (found.id, found.missing_runs, found.cases) == ("c1", 0, 0)
    history = await store.read("c1")
    assert history.plan is None
    assert [len(column.answers) for column in history.columns] == [1, 0]
    assert await store.conversation("c1", 0, "r1", {"a"}) == (
        1,
        [Message(role="user", content="Why?"), Message(role="assistant", content="It scatters.")],
    )
    await after.close()
