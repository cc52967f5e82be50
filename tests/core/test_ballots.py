"""Series of blind votes on a real ledger: what is drawn, what is stored, and what is told when."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import apsw
import msgspec
import pytest

from steelyard.cli.output import Printer
from steelyard.cli.votes import show_votes, votes_request
from steelyard.core.ballots_room import BallotsRoom
from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.store.comparisons import ComparisonStore
from steelyard.core.store.database import Database
from steelyard.core.store.ledger import Ledger
from steelyard.core.values import compare_commands as c
from steelyard.core.values.comparison import ComparisonPlan
from steelyard.core.values.prompt import Message
from steelyard.core.values.run import Cost, Run, TargetInfo, Timing, Usage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from steelyard.core.values.ballots import Ballot, Choice, Draw, Voted

TWO = ["Qwen2.5-7B", "gpt-4o-mini"]
THREE = [*TWO, "Llama-3.1-8B"]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "ledger.sqlite3")
    await database.open()
    yield database
    await database.close()


class Series:
    """A room with one series, and answers to vote on."""

    def __init__(self, database: Database, targets: list[str], seed: int = 1) -> None:
        self.database = database
        self.targets = targets
        self.room = BallotsRoom(database, lambda: seed)
        self.id = ""

    async def open(self, **more: Any) -> Ballot:
        ballot = await self.room.execute(c.OpenBallot(targets=self.targets, **more))
        self.id = ballot.id
        return ballot

    async def ask(
        self,
        number: int,
        *,
        prompt: str | None = None,
        texts: dict[str, str] | None = None,
        finish: str = "stop",
        **more: Any,
    ) -> list[Run]:
        """A comparison of all targets, answered; see `answer`."""
        plan = ComparisonPlan(targets=self.targets, prompt=prompt or f"Question {number}")
        store = ComparisonStore(self.database)
        stamp = f"2026-11-21T10:{number // 60:02}:{number % 60:02}.000Z"
        await store.begin(f"c{number:04}", stamp, plan, self.targets, self.id)
        return [
            await self.answer(
                number,
                column,
                prompt=plan.prompt,
                text=(texts or {}).get(name, f"answer {column} to {number}"),
                finish=finish,
                **more,
            )
            for column, name in enumerate(self.targets)
        ]

    async def answer(
        self, number: int, column: int, *, prompt: str, text: str, finish: str = "stop", **more: Any
    ) -> Run:
        ledger = Ledger(self.database)
        run = Run(
            id=f"r{number:04}-{column}-{more.get('case', 0)}-{more.get('repeat', 0)}-{more.pop('take', 0)}",
            started_at="2026-11-21T10:00:00.000Z",
            target=TargetInfo(name=self.targets[column], kind="api", model=self.targets[column]),
            comparison_id=f"c{number:04}",
            column=column,
            **more,
        )
        await ledger.begin_run(run, [Message(role="user", content=prompt)])
        run = msgspec.structs.replace(
            run,
            text=text,
            finish_reason=finish,
            timing=Timing(ttft_ms=123.25, e2e_ms=4567.5),
            usage=Usage(completion_tokens=987),
            cost=Cost(usd="0.00019", basis="api_price"),
        )
        await ledger.finish_run(run, {})
        return run

    async def draw(self) -> Draw | None:
        return await self.room.execute(c.DrawPair(ballot_id=self.id))

    async def cast(self, draw: Draw | None, choice: Choice | None = "a") -> Voted:
        assert draw is not None
        return await self.room.execute(c.CastVote(draw_id=draw.id, choice=choice))

    async def read(self, *, peeks: bool = False) -> Ballot:
        return await self.room.execute(c.ReadBallot(id=self.id, peeks=peeks))

    async def vote_all(self, better: str | None = None) -> list[Voted]:
        """Vote on everything that waits: for `better` where it stands, else for the left one."""
        found = []
        while (draw := await self.draw()) is not None:
            found.append(await self.cast(draw, await self._choice(draw, better)))
        return found

    async def _choice(self, draw: Draw, better: str | None) -> Choice:
        if better is None:
            return "a"
        (row,) = await rows(self.database, "left_target, right_target", draw.id)
        return "a" if row[0] == better else "b"


async def rows(database: Database, what: str, draw_id: str | None = None) -> list[Any]:
    sql = f"SELECT {what} FROM votes" + (" WHERE id = ?" if draw_id else " ORDER BY number")
    return await database.call(lambda c: list(c.execute(sql, (draw_id,) if draw_id else ())))


# ---- a series -----------------------------------------------------------------------------------------


async def test_a_series_says_before_the_first_vote_what_so_many_votes_show(database: Database) -> None:
    ballot = await Series(database, TWO).open()
    assert (ballot.votes, ballot.needed, ballot.planned_share) == (0, 85, 0.65)
    assert [(step.share, step.votes) for step in ballot.steps] == [
        (0.75, 29),
        (0.70, 47),
        (0.65, 85),
        (0.60, 194),
        (0.55, 783),
    ]
    assert ballot.standings is None
    assert ballot.last is None


async def test_opening_goes_on_with_the_latest_series_of_the_same_targets(database: Database) -> None:
    series = Series(database, TWO)
    first = await series.open(planned_share=0.6)
    again = await BallotsRoom(database).execute(c.OpenBallot(targets=TWO[::-1], planned_share=0.75))
    assert again == first
    new = await series.open(is_new=True)
    assert new.id != first.id
    assert (await Series(database, THREE).open()).id not in (first.id, new.id)
    assert [one.id for one in await series.room.execute(c.ListBallots())][1:] == [new.id, first.id]


@pytest.mark.parametrize("targets", [[], ["one"], ["same", "same"], ["a", ""], [str(n) for n in range(17)]])
async def test_a_series_needs_different_targets(database: Database, targets: list[str]) -> None:
    with pytest.raises(UsageError):
        await Series(database, targets).open()


async def test_unknown_ids_are_told(database: Database) -> None:
    room = BallotsRoom(database)
    for command in (
        c.ReadBallot(id="x"),
        c.DrawPair(ballot_id="x"),
        c.CastVote(draw_id="x", choice="a"),
        c.UndoVote(vote_id="x"),
    ):
        with pytest.raises(AppError, match="No such"):
            await room.execute(command)


# ---- drawing -------------------------------------------------------------------------------------------


async def test_nothing_in_a_draw_tells_whose_the_answers_are(database: Database) -> None:
    series = Series(database, TWO)
    await series.open()
    texts = {TWO[0]: "I am Qwen2.5-7B by Alibaba.", TWO[1]: "As GPT-4o mini by OpenAI:\n\n# Yes"}
    await series.ask(1, texts=texts)
    draw = await series.draw()
    assert draw is not None
    wire = msgspec.json.encode(draw).decode()
    for secret in ("qwen", "gpt", "alibaba", "openai", "123.25", "4567", "987", "0.00019", "r0001", "c0001-"):
        assert secret not in wire.lower()
    assert set(msgspec.to_builtins(draw)) == {
        *("id", "ballot_id", "number", "comparison_id", "case", "question", "left_text", "right_text"),
        "is_last",
    }
    assert draw.question.content == "Question 1"
    assert "[name hidden]" in draw.left_text
    assert "[name hidden]" in draw.right_text
    assert (draw.number, draw.is_last) == (1, True)


async def test_the_same_seed_and_votes_give_the_same_draws(database: Database, tmp_path: Path) -> None:
    seen: list[list[Any]] = []
    for at in range(2):
        other = Database(tmp_path / f"again{at}.sqlite3")
        await other.open()
        series = Series(other, THREE, seed=42)
        await series.open()
        for number in range(24):
            await series.ask(number)
        await series.vote_all()
        seen.append(await rows(other, "left_run, right_run"))
        await other.close()
    assert seen[0] == seen[1]
    assert len(seen[0]) == 24


async def test_other_seeds_put_answers_on_other_sides(database: Database) -> None:
    sides: set[tuple[str, ...]] = set()
    for seed in range(3):
        series = Series(database, TWO, seed=seed)
        await series.open(is_new=True)
        for number in range(100 * seed, 100 * seed + 8):
            await series.ask(number)
        await series.vote_all()
        drawn = await database.call(
            lambda c, b=series.id: list(c.execute("SELECT left_target FROM votes WHERE ballot_id = ?", (b,)))
        )
        sides.add(tuple(row[0] for row in drawn))
    assert len(sides) > 1


async def test_sides_are_balanced_and_cannot_be_foretold(database: Database) -> None:
    series = Series(database, TWO, seed=5)
    await series.open()
    for number in range(40):
        await series.ask(number)
    await series.vote_all()
    left = [row[0] for row in await rows(database, "left_target")]
    assert abs(Counter(left)[TWO[0]] - Counter(left)[TWO[1]]) <= 3
    repeats = sum(one == after for one, after in pairwise(left))
    assert 5 < repeats < 34  # neither turn by turn nor always the same
    assert (await series.read()).left_counts == Counter(left)


async def test_three_targets_pair_by_pair_with_an_answer_in_one_pair_only(database: Database) -> None:
    series = Series(database, THREE)
    await series.open()
    for number in range(30):
        await series.ask(number)
    await series.vote_all()
    drawn = await rows(database, "left_target, right_target, left_run, right_run, comparison_id")
    assert set(Counter(frozenset(row[:2]) for row in drawn).values()) == {10}
    runs = [run for row in drawn for run in row[2:4]]
    assert len(runs) == len(set(runs))  # what was revealed is not blind any more
    ballot = await series.read()
    assert (ballot.votes, ballot.total_votes) == (10, 30)


async def test_only_first_whole_answers_to_the_same_words_are_drawn(database: Database) -> None:
    series = Series(database, TWO)
    await series.open()
    await series.ask(1, finish="error")
    await series.ask(2, finish="cancelled")
    await series.ask(3, texts=dict.fromkeys(TWO, ""))
    await series.ask(4, turn=1)
    await series.ask(5, repeat=1)
    first, second = await series.ask(6)
    await series.answer(6, 0, prompt="Question 6", text="a second try", take=1)
    await series.ask(7, texts={TWO[1]: ""})
    await series.answer(7, 1, prompt="Another question", text="to the edited prompt", take=1)
    draw = await series.draw()
    assert draw is not None
    assert {draw.left_text, draw.right_text} == {first.text, second.text}
    await series.cast(draw)
    assert await series.draw() is None


async def test_nothing_is_drawn_before_all_targets_have_answered(database: Database) -> None:
    """Or the slowest of three would be missing from the first pairs, and that would tell."""
    series = Series(database, THREE)
    await series.open()
    await series.ask(1, finish="interrupted")
    for column in (0, 1):
        await series.answer(1, column, prompt="Question 1", text=f"answer {column}", take=1)
    assert await series.draw() is None
    await series.answer(1, 2, prompt="Question 1", text="", finish="error", take=1)
    draw = await series.draw()
    assert draw is not None, "a target that failed will answer no more"
    assert {draw.left_text, draw.right_text} == {"answer 0", "answer 1"}


async def test_comparisons_of_nobodys_or_another_series_are_not_drawn(database: Database) -> None:
    other = Series(database, TWO)
    await other.open()
    await other.ask(1)
    series = Series(database, TWO)
    await series.open(is_new=True)
    assert await series.draw() is None


async def test_a_table_gives_a_pair_for_each_of_its_rows(database: Database) -> None:
    series = Series(database, TWO)
    await series.open()
    await series.ask(1, case=0)
    for column in (0, 1):
        await series.answer(1, column, prompt="Second row", text=f"row 1, {column}", case=1)
    first = await series.draw()
    assert first is not None
    assert (first.case, first.is_last) == (0, False)
    await series.cast(first)
    second = await series.draw()
    assert second is not None
    assert (second.case, second.is_last, second.question.content) == (1, True, "Second row")


async def test_a_pair_that_waits_comes_again_after_a_restart(tmp_path: Path) -> None:
    database = Database(tmp_path / "restarted.sqlite3")
    await database.open()
    series = Series(database, TWO)
    await series.open()
    for number in range(3):
        await series.ask(number)
    before = await series.draw()
    assert await series.draw() == before
    await database.close()
    again = Database(tmp_path / "restarted.sqlite3")
    await again.open()
    assert await BallotsRoom(again).execute(c.DrawPair(ballot_id=series.id)) == before
    assert len(await rows(again, "id")) == 1
    await again.close()


async def test_a_skipped_pair_does_not_come_again(database: Database) -> None:
    series = Series(database, TWO)
    await series.open()
    await series.ask(1)
    await series.ask(2)
    first = await series.draw()
    assert await series.cast(first, None) is None
    second = await series.draw()
    assert first is not None
    assert second is not None
    assert (second.question.content, second.number) == ("Question 2", 1)
    await series.cast(second, None)
    assert await series.draw() is None
    ballot = await series.read()
    assert (ballot.skipped, ballot.votes) == (2, 0)


async def test_deleted_answers_are_no_pair_any_more(database: Database) -> None:
    series = Series(database, TWO)
    await series.open()
    await series.ask(1)
    await series.ask(2)
    waiting = await series.draw()
    await ComparisonStore(database).remove("c0001")
    with pytest.raises(AppError, match="deleted"):
        await series.cast(waiting)
    draw = await series.draw()
    assert draw is not None
    assert draw.question.content == "Question 2"
    await series.cast(draw)
    await ComparisonStore(database).remove("c0002")
    ballot = await series.read()
    assert (ballot.votes, ballot.last) == (1, None)  # the vote counts, though its answers are gone


async def test_answers_of_another_version_are_passed_over(database: Database) -> None:
    series = Series(database, TWO)
    await series.open()
    await series.ask(1)
    await series.ask(2)
    await database.call(
        lambda c: c.execute("UPDATE runs SET document = '{\"id\": 5}' WHERE comparison_id = 'c0001'")
    )
    draw = await series.draw()
    assert draw is not None
    assert draw.question.content == "Question 2"


async def test_huge_answers_are_bounded(database: Database) -> None:
    series = Series(database, TWO)
    await series.open()
    await series.ask(1, texts={TWO[0]: "word " * 2_000_000, TWO[1]: "short"})
    draw = await series.draw()
    assert draw is not None
    assert len(draw.left_text) + len(draw.right_text) < 120_000


# ---- voting --------------------------------------------------------------------------------------------


async def test_the_vote_is_stored_before_anything_is_told(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The room dies right after the vote was taken: another process finds it."""
    series = Series(database, TWO)
    await series.open()
    await series.ask(1)
    draw = await series.draw()

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("steelyard.core.ballots_room._reveal", dies)
    with pytest.raises(KeyboardInterrupt):
        await series.cast(draw, "both_bad")
    elsewhere = apsw.Connection(str(tmp_path / "ledger.sqlite3"), flags=apsw.SQLITE_OPEN_READONLY)
    assert list(elsewhere.execute("SELECT choice, state FROM votes")) == [("both_bad", "voted")]
    elsewhere.close()


async def test_a_vote_tells_who_it_was_and_counts_once(database: Database) -> None:
    series = Series(database, TWO)
    await series.open()
    await series.ask(1)
    draw = await series.draw()
    voted = await series.cast(draw, "b")
    ((left, right, choice),) = await rows(database, "left_target, right_target, choice")
    reveal = voted.reveal
    assert (reveal.left.target.name, reveal.right.target.name, reveal.choice) == (left, right, choice)
    assert (reveal.left.timing.ttft_ms, reveal.left.cost.usd) == (123.25, "0.00019")
    assert (voted.ballot.votes, voted.ballot.last, voted.ballot.standings) == (1, reveal, None)
    for choice in ("a", None):
        with pytest.raises(AppError, match="voted on already"):
            await series.cast(draw, choice)
    assert await rows(database, "choice") == [("b",)]


async def test_undo_takes_the_last_vote_back_and_does_not_ask_it_again(database: Database) -> None:
    series = Series(database, TWO)
    await series.open()
    await series.ask(1)
    await series.ask(2)
    first, second = await series.vote_all()
    with pytest.raises(AppError, match="Only the last vote"):
        await series.room.execute(c.UndoVote(vote_id=first.reveal.vote_id))
    ballot = await series.room.execute(c.UndoVote(vote_id=second.reveal.vote_id))
    assert (ballot.votes, ballot.withdrawn, ballot.last) == (1, 1, first.reveal)
    assert await series.draw() is None
    with pytest.raises(AppError, match="Only the last vote"):
        await series.room.execute(c.UndoVote(vote_id=second.reveal.vote_id))


# ---- standings -----------------------------------------------------------------------------------------


async def test_standings_come_with_the_last_vote_that_is_needed(database: Database) -> None:
    series = Series(database, TWO)
    await series.open(planned_share=0.75)
    for number in range(29):
        await series.ask(number)
    voted = await series.vote_all(better=TWO[1])
    assert [one.ballot.standings is None for one in voted] == [True] * 28 + [False]
    result = voted[-1].ballot.standings
    assert result is not None
    assert result.verdict.startswith("gpt-4o-mini is preferred: gpt-4o-mini wins 29 of 29 votes")
    assert "early" not in result.verdict
    assert result.position == voted[-1].ballot.position
    assert not (await series.read(peeks=True)).is_peeked  # nothing to peek at: it is over


async def test_three_targets_have_standings_when_every_pair_has_its_votes(database: Database) -> None:
    series = Series(database, THREE)
    await series.open(planned_share=0.9)
    needed = (await series.read()).needed
    for number in range(3 * needed):
        await series.ask(number)
    voted = await series.vote_all()
    assert [one.ballot.standings is None for one in voted] == [True] * (3 * needed - 1) + [False]
    assert (voted[-1].ballot.votes, voted[-1].ballot.needed) == (needed, needed)


async def test_an_early_look_is_noted_for_good_and_told(database: Database) -> None:
    series = Series(database, TWO)
    await series.open(planned_share=0.75)
    assert not (await series.read(peeks=True)).is_peeked  # there was nothing to see
    for number in range(29):
        await series.ask(number)
    await series.cast(await series.draw())
    assert (await series.read()).standings is None
    early = await series.read(peeks=True)
    assert early.is_peeked
    assert early.standings is not None
    assert "early look, at 1 of 29 votes" in early.standings.verdict
    assert (await series.read()).standings is None
    assert (await series.read()).is_peeked
    last = (await series.vote_all())[-1].ballot.standings
    assert last is not None
    assert "Somebody looked before the planned number of votes" in last.verdict


async def test_always_voting_left_is_found_as_position_bias(database: Database) -> None:
    series = Series(database, TWO)
    await series.open()
    for number in range(30):
        await series.ask(number)
    ballot = (await series.vote_all())[-1].ballot
    assert ballot.position is not None
    assert (ballot.position.left, ballot.position.right, ballot.position.is_biased) == (30, 0, True)
    early = (await series.read(peeks=True)).standings
    assert early is not None
    assert not early.is_distinguishable
    assert "left answer was preferred as such" in early.verdict


async def test_the_command_line_shows_a_series(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    series = Series(database, TWO)
    await series.open(planned_share=0.9)
    for number in range(12):
        await series.ask(number)
    await series.cast(await series.draw())
    show_votes(await series.read(), Printer(is_json=False))
    hidden = capsys.readouterr().out
    assert "1 of 12 votes for a 90/10 split" in hidden
    assert "standings stay hidden" in hidden
    await series.vote_all(better=TWO[0])
    show_votes(await series.room.execute(votes_request(series.id)), Printer(is_json=False))
    shown = capsys.readouterr().out
    assert "Qwen2.5-7B is preferred" in shown
    assert "BOTH BAD" in shown
    show_votes(await series.room.execute(votes_request(None)), Printer(is_json=False))
    assert "12 of 12" in capsys.readouterr().out
