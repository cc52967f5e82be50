"""What votes show: golden numbers, an independent Bradley-Terry, and intervals that cover the truth."""

from __future__ import annotations

import math
import random
from itertools import combinations

import numpy as np
import pytest

from steelyard.core.compare.votes.standings import CountedVote, Series, position_bias, standings
from steelyard.core.compare.votes.statistics import (
    ELO_PER_STRENGTH,
    is_told_apart,
    needed_votes,
    sign_test,
    vote_steps,
    wilson,
)
from steelyard.core.compare.votes.strengths import bradley_terry, grouped_wins


def series(votes: list[CountedVote], targets: tuple[str, ...] = ("A", "B"), **more: object) -> Series:
    return Series(targets=targets, votes=votes, seed=7, planned_share=0.65, needed=85, **more)


def votes_of(first: str, second: str, wins: int, losses: int, ties: int = 0, both_bad: int = 0):
    """Each on a prompt of its own, sides in turn."""
    choices = ["win"] * wins + ["loss"] * losses + ["tie"] * ties + ["both_bad"] * both_bad
    found = []
    for number, choice in enumerate(choices):
        left, right = (first, second) if number % 2 else (second, first)
        said = {"win": "a" if left == first else "b", "loss": "b" if left == first else "a"}.get(
            choice, choice
        )
        found.append(CountedVote(left, right, said, f"{first}{second}{number}"))
    return found


# ---- golden numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wins", "n", "low", "high"),
    [(60, 100, 0.5020, 0.6906), (8, 10, 0.490, 0.943), (84, 100, 0.756, 0.899)],
)
def test_wilson_bounds(wins: int, n: int, low: float, high: float) -> None:
    found = wilson(wins, n)
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-4), pytest.approx(high, abs=5e-4))


def test_needed_votes_and_the_steps_of_a_series() -> None:
    assert [needed_votes(share) for share in (0.55, 0.60, 0.65, 0.70, 0.75)] == [783, 194, 85, 47, 29]
    assert [step.votes for step in vote_steps(0.65)] == [29, 47, 85, 194, 783]
    assert [step.share for step in vote_steps(0.8)] == [0.8, 0.75, 0.7, 0.65, 0.6, 0.55]
    assert needed_votes(0.99) <= needed_votes(0.9) <= needed_votes(0.8) <= 29
    assert is_told_apart(needed_votes(0.99), 0)
    with pytest.raises(ValueError, match="no split"):
        needed_votes(0.5)


def test_the_sign_test_is_exact() -> None:
    assert sign_test(25, 10) == pytest.approx(0.016674, abs=1e-6)
    assert sign_test(15, 5) == pytest.approx(0.041389, abs=1e-6)
    assert sign_test(3, 9) == pytest.approx(0.145996, abs=1e-6)
    assert sign_test(5, 5) == 1.0
    assert sign_test(0, 0) is None
    n = 1000
    whole = sum(math.comb(n, k) for k in range(537, n + 1)) / 2**n
    assert sign_test(537, 463) == pytest.approx(2 * whole, rel=1e-9)


@pytest.mark.parametrize(("n", "share"), [(85, 0.65), (194, 0.60), (29, 0.75), (12, 0.9)])
def test_the_needed_votes_have_the_power_and_the_level_that_they_are_for(n: int, share: float) -> None:
    """Over all outcomes, not sampled: every count of wins with its probability."""
    assert needed_votes(share) == n
    apart = [wins for wins in range(n + 1) if is_told_apart(wins, n - wins)]
    power = sum(math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in apart)
    level = sum(math.comb(n, k) for k in apart) / 2**n
    assert power >= 0.8
    assert level <= 0.065  # wins are whole numbers: 5 % is met on the whole, not for each n


def test_few_decisive_votes_tell_nothing() -> None:
    assert not is_told_apart(4, 0)
    assert not is_told_apart(5, 0)
    assert is_told_apart(6, 0)
    assert not is_told_apart(0, 0)


# ---- coverage ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.5, 0.6, 0.84])
def test_intervals_cover_a_known_win_rate_at_the_nominal_rate(share: float) -> None:
    """A thousand votes with a known win rate, two thousand times."""
    generator = np.random.default_rng(20261121)
    wins = generator.binomial(1000, share, size=2000)
    found = [wilson(int(count), 1000) for count in wins]
    covered = sum(one.low <= share <= one.high for one in found if one is not None) / len(wins)
    sampling_error = 3 * math.sqrt(0.95 * 0.05 / len(wins))
    assert covered == pytest.approx(0.95, abs=sampling_error + 0.005)


def test_bootstrap_intervals_of_three_cover_their_true_strengths() -> None:
    truth = np.array([0.4, 0.0, -0.4])
    covered = []
    for seed in range(20):
        rng = random.Random(seed)
        votes = []
        for number in range(300):
            first, second = rng.sample(range(3), 2)
            chance = 1 / (1 + math.exp(truth[second] - truth[first]))
            said = "a" if rng.random() < chance else "b"
            votes.append(CountedVote("ABC"[first], "ABC"[second], said, str(number)))
        for rating in standings(series(votes, ("A", "B", "C"))).ratings:
            true_strength = truth["ABC".index(rating.target)]
            covered.append(rating.strength.low <= true_strength <= rating.strength.high)
    assert sum(covered) / len(covered) == pytest.approx(0.95, abs=0.08)


# ---- Bradley-Terry -------------------------------------------------------------------------------------


def by_newton(wins: np.ndarray) -> np.ndarray:
    """The same likelihood climbed another way: Newton's steps on the log-strengths, mean kept at 0."""
    size = len(wins)
    theta = np.zeros(size)
    met = wins + wins.T
    for _ in range(100):
        chance = 1 / (1 + np.exp(theta[None, :] - theta[:, None]))
        gradient = wins.sum(axis=1) - (met * chance).sum(axis=1)
        weight = met * chance * (1 - chance)
        hessian = np.diag(weight.sum(axis=1)) - weight
        theta = theta + np.linalg.solve(hessian + np.full((size, size), 1.0), gradient)
        theta -= theta.mean()
    return theta


@pytest.mark.parametrize("size", [2, 3, 5])
def test_bradley_terry_equals_an_independent_computation(size: int) -> None:
    rng = np.random.default_rng(size)
    wins = rng.integers(1, 30, size=(size, size)).astype(float) / 2
    np.fill_diagonal(wins, 0)
    assert bradley_terry(wins) == pytest.approx(by_newton(wins), abs=1e-7)


def test_two_targets_have_the_closed_form() -> None:
    first, second = bradley_terry(np.array([[0, 60.0], [40, 0]]))
    assert first - second == pytest.approx(math.log(60 / 40), abs=1e-9)
    assert ELO_PER_STRENGTH * (first - second) == pytest.approx(70.437, abs=5e-4)
    better, worse = standings(series(votes_of("A", "B", 60, 40))).ratings
    assert better.elo.value - worse.elo.value == pytest.approx(70.437, abs=5e-4)


def test_strengths_stay_finite_where_the_votes_do_not_bound_them() -> None:
    won_all = np.array([[0, 9.0], [0, 0]])
    apart = np.zeros((4, 4))
    apart[0, 1] = apart[1, 0] = apart[2, 3] = apart[3, 2] = 5.0  # two pairs that nothing connects
    for wins in (won_all, apart, np.zeros((3, 3))):
        assert np.isfinite(bradley_terry(wins)).all()
    assert bradley_terry(apart) == pytest.approx([0, 0, 0, 0], abs=1e-8)


def test_ties_are_half_to_each() -> None:
    halves = grouped_wins([("p", 0, 1, 0.5), ("q", 0, 1, 1.0)], 2).sum(axis=0)
    assert halves.tolist() == [[0, 1.5], [0.5, 0]]


# ---- verdicts ------------------------------------------------------------------------------------------


def test_a_winner_is_named_with_interval_and_test() -> None:
    result = standings(series(votes_of("A", "B", 64, 36)))
    assert result.is_distinguishable
    assert result.verdict.startswith("A is preferred: A wins 64 of 100 votes, B 36.")
    assert "54.2 % to 72.7 %" in result.verdict
    assert "p = 0.007" in result.verdict


def test_the_loser_may_be_named_first_in_the_series() -> None:
    result = standings(series(votes_of("A", "B", 30, 70)))
    assert result.verdict.startswith("B is preferred: B wins 70 of 100 votes, A 30.")
    assert [rating.target for rating in result.ratings] == ["B", "A"]


def test_a_narrow_result_says_that_it_is_close() -> None:
    result = standings(series(votes_of("A", "B", 60, 40)))
    assert result.is_distinguishable
    assert result.pairs[0].p == pytest.approx(0.0569, abs=5e-5)
    assert "It is close" in result.verdict


def test_cannot_be_told_apart_is_a_result_and_says_what_it_would_take() -> None:
    result = standings(series(votes_of("A", "B", 48, 40)))
    assert not result.is_distinguishable
    assert result.verdict.startswith("A and B cannot be told apart: A wins 48 of 88 votes, B 40.")
    more = needed_votes(48 / 88) - 88
    assert f"about {more} more votes" in result.verdict
    assert "65/35 would have shown" in result.verdict
    even = standings(series(votes_of("A", "B", 44, 44))).verdict
    assert "thousands of votes would not part them" in even


def test_both_bad_is_a_tie_for_the_ranking_and_counted_apart() -> None:
    result = standings(series(votes_of("A", "B", 50, 20, ties=10, both_bad=20)))
    (pair,) = result.pairs
    assert (pair.ties, pair.both_bad) == (10, 20)
    assert pair.win_rate is not None
    assert pair.win_rate.value == pytest.approx(0.65)
    assert "10 ties, 20 both bad" in result.verdict
    only = standings(series(votes_of("A", "B", 0, 0, both_bad=90)))
    assert (only.is_distinguishable, only.pairs[0].p) == (False, None)
    assert "all 90 votes are ties" in only.verdict


def test_three_targets_are_ranked_only_where_intervals_do_not_overlap() -> None:
    votes = votes_of("A", "B", 46, 44) + votes_of("A", "C", 75, 15) + votes_of("B", "C", 74, 16)
    result = standings(series(votes, ("A", "B", "C")))
    assert result.is_distinguishable
    assert result.verdict.startswith("A and B are ahead of C")
    assert "A and B cannot be told apart" in result.verdict
    apart = {(pair.first, pair.second): pair.is_distinguishable for pair in result.pairs}
    assert apart == {("A", "B"): False, ("A", "C"): True, ("B", "C"): True}


def test_three_equals_are_not_ranked() -> None:
    votes = [vote for pair in combinations("ABC", 2) for vote in votes_of(*pair, 43, 42)]
    result = standings(series(votes, ("A", "B", "C")))
    assert not result.is_distinguishable
    assert "cannot be told apart: the intervals" in result.verdict
    assert "ahead" not in result.verdict


def test_votes_on_few_prompts_rank_nobody() -> None:
    votes = [
        CountedVote(vote.left, vote.right, vote.choice, "one prompt")
        for pair in (("A", "B"), ("A", "C"), ("B", "C"))
        for vote in votes_of(*pair, 80, 5)
    ]
    result = standings(series(votes, ("A", "B", "C")))
    assert not result.is_distinguishable
    assert not any(pair.is_distinguishable for pair in result.pairs)
    assert "1 prompt, too few for a ranking" in result.verdict


def test_who_won_everything_has_a_wide_interval_all_the_same() -> None:
    votes = votes_of("A", "B", 85, 0) + votes_of("A", "C", 85, 0) + votes_of("B", "C", 60, 25)
    best = standings(series(votes, ("A", "B", "C"))).ratings[0]
    assert best.target == "A"
    assert best.strength.high - best.strength.low > 1
    assert best.strength.low > 0


def test_nothing_is_ranked_while_a_pair_has_not_met() -> None:
    votes = votes_of("A", "B", 40, 5) + votes_of("C", "D", 40, 5)
    result = standings(series(votes, ("A", "B", "C", "D"), is_early=True))
    assert not result.is_distinguishable
    assert not any(pair.is_distinguishable for pair in result.pairs)
    assert "Not every pair has been voted on" in result.verdict


def test_a_target_without_votes_has_no_place() -> None:
    result = standings(series(votes_of("A", "B", 30, 10), ("A", "B", "C"), is_early=True))
    assert [rating.target for rating in result.ratings] == ["A", "B"]


def test_standings_are_the_same_each_time() -> None:
    votes = votes_of("A", "B", 50, 35) + votes_of("A", "C", 40, 45) + votes_of("B", "C", 30, 55)
    assert standings(series(votes, ("A", "B", "C"))) == standings(series(votes, ("A", "B", "C")))


def test_the_left_side_winning_always_is_found_as_position_bias() -> None:
    votes = [
        CountedVote(*(("A", "B") if number % 2 else ("B", "A")), "a", str(number)) for number in range(40)
    ]
    bias = position_bias(votes)
    assert (bias.left, bias.right, bias.is_biased) == (40, 0, True)
    result = standings(series(votes))
    assert not result.is_distinguishable  # the sides were balanced: nobody gained by it
    assert "left answer was preferred as such" in result.verdict
    assert not position_bias(votes_of("A", "B", 30, 30)).is_biased


def test_doubts_are_named() -> None:
    early = standings(series(votes_of("A", "B", 20, 5), is_early=True, is_peeked=True)).verdict
    assert "early look, at 25 of 85 votes" in early
    assert "weakens the 5 %" in early
    assert "would have shown" not in early
    peeked = standings(series(votes_of("A", "B", 60, 30), is_peeked=True, withdrawn=2)).verdict
    assert "Somebody looked before" in peeked
    assert "2 votes were taken back" in peeked
    clean = standings(series(votes_of("A", "B", 60, 0))).verdict
    assert "A won every vote" in clean
