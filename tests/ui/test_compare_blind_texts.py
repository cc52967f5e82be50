"""What the blind view says, and how wide its marks and intervals are; no engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from steelyard.core.values.ballots import Ballot, Interval, PairResult, PositionBias, Rating, Standings
from steelyard.core.values.reports import CostPreview
from steelyard.ui.pages.compare_blind_writing import Writing
from steelyard.ui.widgets import blind_texts as texts
from steelyard.ui.widgets.blind_standings import StandingsCard, verdict_parts
from ui.scripted_ballots import STEPS, even_standings

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from steelyard.ui.theme.theme import Theme

BALLOT = Ballot(
    id="b",
    started_at="2026-11-20T10:00:00Z",
    title="",
    targets=["one", "two"],
    seed=1,
    planned_share=0.65,
    needed=85,
    votes=34,
    skipped=0,
    steps=STEPS,
    left_counts={},
    total_votes=34,
)


def _ballot(**changes: object) -> Ballot:
    return msgspec.structs.replace(BALLOT, **changes)


def test_progress_says_what_the_votes_can_show() -> None:
    assert texts.count_text(BALLOT) == "34 of 85 votes"
    assert texts.purpose_text(BALLOT) == "for a 65/35 split (80 % power, 5 % level)"
    assert texts.reached_text(BALLOT) == "29 reached: a 75/25 split would show"
    assert texts.meaning_text(BALLOT).startswith("A 55/45 split needs 783 votes. Standings stay hidden")
    assert [step.votes for step in texts.shown_steps(BALLOT)] == [29, 47, 85]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"votes": 0}, "Even a 75/25 split takes 29 votes to show"),
        ({"votes": 85}, "Standings are open"),
        ({"is_peeked": True}, "looked at early, so the 5 % level no longer holds"),
    ],
)
def test_each_stage_has_its_meaning(changes: dict[str, object], words: str) -> None:
    assert words in texts.meaning_text(_ballot(**changes))


def test_with_three_targets_votes_are_counted_by_the_pair() -> None:
    ballot = _ballot(targets=["a", "b", "c"], votes=4, total_votes=13, skipped=2)
    assert texts.count_text(ballot) == "4 of 85 votes a pair"
    assert texts.aside_text(ballot) == "13 in all, 2 skipped"
    assert texts.draw_text(ballot).startswith("Two of three targets are drawn per prompt.")


def test_waiting_tells_how_many_and_never_whose() -> None:
    assert texts.writing_text(0, 2) == "2 answers are being written"
    assert texts.writing_text(1, 3) == "2 answers are being written, 1 is ready"
    assert texts.writing_text(3, 4) == "1 answer is being written, 3 are ready"
    assert texts.failed_text(1, 2, 1) == "One of 2 answers failed, so this prompt makes no pair."
    assert texts.failed_text(2, 2, 1) == "No answer came, so this prompt makes no pair."
    assert texts.failed_text(3, 20, 3) == "3 of 20 answers failed, so 3 of the prompts make no pair."
    assert texts.failed_text(1, 3, 0) == "One of 3 answers failed; the others make a pair."


def test_an_unknown_price_is_not_called_free() -> None:
    known = CostPreview(api_usd_max="0.0021", api_targets=1, local_targets=1, unpriced=[])
    assert texts.estimate_text(known, 1) == "at most $0.0021"
    assert texts.estimate_text(known, 62) == "at most $0.0021 for each of 62 prompts"
    unknown = msgspec.structs.replace(known, api_usd_max=None, unpriced=["mini"])
    assert texts.estimate_text(unknown, 1) == "price unknown"


def test_sides_are_judged_without_telling_who_stood_where() -> None:
    fair = PositionBias(left=17, right=13, p=0.58, is_biased=False)
    assert texts.side_text(fair) == "The left answer won 17 of 30 decisive votes: no position bias found."
    assert "one side is preferred" in texts.side_text(PositionBias(30, 4, 0.0, is_biased=True))
    assert texts.side_text(PositionBias(0, 0, None, is_biased=False)) == ""
    assert texts.side_text(None) == ""


def test_a_verdict_keeps_the_spelling_of_names() -> None:
    title, reason = verdict_parts(even_standings(_ballot(targets=["gpt", "qwen"])))
    assert title == "gpt and qwen cannot be told apart"
    assert reason.startswith("gpt wins 18 of 34 votes")


def test_standings_of_three_have_strengths_and_pairs(qtbot: QtBot, theme: Theme) -> None:
    def rating(target: str, middle: float) -> Rating:
        share = Interval(middle, middle - 0.1, middle + 0.1)
        return Rating(target, Interval(0, -1, 1), Interval(12.4, -70, 95), share, 30, 15, 10, 3, 2)

    standings = Standings(
        ratings=[rating("one", 0.6), rating("two", 0.5), rating("three", 0.4)],
        pairs=[
            PairResult("one", "two", 10, 6, 4, 0, 0, Interval(0.6, 0.3, 0.8), 0.75, is_distinguishable=False),
            PairResult("one", "three", 0, 0, 0, 0, 0, None, None, is_distinguishable=False),
            PairResult(
                "two", "three", 20, 18, 2, 0, 0, Interval(0.9, 0.7, 1), 0.0004, is_distinguishable=True
            ),
        ],
        position=PositionBias(left=20, right=8, p=0.036, is_biased=True),
        verdict="two is preferred to three: the intervals do not overlap.",
        is_distinguishable=True,
    )
    card = StandingsCard(theme)
    qtbot.addWidget(card)
    card.show_ballot(_ballot(standings=standings, targets=["one", "two", "three"]), {}, ["three: gone"])
    shown = card.shown_text
    for words in (
        "60 % (50 to 70)",
        f"+12 ({texts.MINUS}70 to +95)",
        "15 won, 10 lost, 3 ties, 2 both bad",
        "two against three",
        "p < 0.001",
        "told apart",
        "no vote yet",
        "one side was preferred",
        "three: gone",
    ):
        assert words in shown, words


def test_pairs_are_ready_when_both_answers_of_a_row_are_there() -> None:
    writing = Writing("Name a river in {country}", cases=3, total=6)
    writing.answered = {0: 2, 1: 1, 2: 2}
    assert writing.ready == 2
    writing.voted = 2
    assert writing.ready == 0
