"""What a blind series says: counts, splits and standings in words. No Qt here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard.core.values.ballots import Ballot, Interval, PositionBias, VoteStep
    from steelyard.core.values.reports import CostPreview

POWER_WORDS = "80 % power, 5 % level"
MINUS = "\u2212"
NO_LEAK = "Identity, time, cost and length hidden"


def split_text(share: float) -> str:
    """`65/35`."""
    first = round(share * 100)
    return f"{first}/{100 - first}"


def percent(share: float) -> str:
    """`57 %`."""
    return f"{share * 100:.0f} %"


def interval_text(interval: Interval) -> str:
    """`57 % (47 to 66)`."""
    return f"{percent(interval.value)} ({interval.low * 100:.0f} to {interval.high * 100:.0f})"


def elo_text(interval: Interval) -> str:
    """Elo points with their interval, each with its sign."""
    return f"{_signed(interval.value)} ({_signed(interval.low)} to {_signed(interval.high)})"


def _signed(value: float) -> str:
    rounded = round(value)
    return "0" if rounded == 0 else f"{'+' if rounded > 0 else MINUS}{abs(rounded)}"


def p_text(p: float | None) -> str:
    """`p = 0.032`, or why there is none."""
    if p is None:
        return "no decisive vote"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


# ---- progress ----------------------------------------------------------------------------------------------


def is_reached(ballot: Ballot) -> bool:
    """Whether there are votes enough for the standings to be open."""
    return ballot.votes >= ballot.needed


def count_text(ballot: Ballot) -> str:
    """`34 of 85 votes`; with three or more targets they are votes of each pair."""
    of_each = " a pair" if len(ballot.targets) > 2 else ""
    return f"{ballot.votes} of {ballot.needed} votes{of_each}"


def purpose_text(ballot: Ballot) -> str:
    """What the number of votes is for."""
    return f"for a {split_text(ballot.planned_share)} split ({POWER_WORDS})"


def shown_steps(ballot: Ballot) -> list[VoteStep]:
    """The steps on the way to the needed number, fewest votes first."""
    steps = sorted(ballot.steps, key=lambda step: step.votes)
    return [step for step in steps if step.votes <= ballot.needed]


def reached_text(ballot: Ballot, *, is_short: bool = False) -> str:
    """The hardest split that the votes so far would show; empty before the first."""
    reached = [step for step in shown_steps(ballot) if step.votes <= ballot.votes]
    if not reached:
        return ""
    split = split_text(reached[-1].share)
    return f"{split} would show" if is_short else f"{reached[-1].votes} reached: a {split} split would show"


def meaning_text(ballot: Ballot) -> str:
    """What the number of votes means, in a sentence or two."""
    if ballot.is_peeked and not is_reached(ballot):
        return (
            "The standings were looked at early, so the 5 % level no longer holds; "
            f"{ballot.needed} votes unseen would say more."
        )
    harder = [step for step in ballot.steps if step.votes > ballot.needed]
    hardest = max(harder, key=lambda step: step.votes, default=None)
    more = ""
    if hardest is not None:
        more = f"A {split_text(hardest.share)} split needs {hardest.votes:,} votes. "
    if is_reached(ballot):
        return f"{more}Standings are open; each further vote makes them firmer."
    first = shown_steps(ballot)
    if first and ballot.votes < first[0].votes:
        least = f"Even a {split_text(first[0].share)} split takes {first[0].votes} votes to show"
        return f"{least}. Standings stay hidden until {ballot.needed}."
    return f"{more}Standings stay hidden until {ballot.needed}, so peeking cannot stop the test early."


def draw_text(ballot: Ballot) -> str:
    """How pairs come about, for the head of the view."""
    fixed = "Formatting is normalised; sides are random."
    if len(ballot.targets) > 2:
        count = {3: "three", 4: "four"}.get(len(ballot.targets), str(len(ballot.targets)))
        return f"Two of {count} targets are drawn per prompt. {fixed}"
    return f"Both targets answer each prompt. {fixed}"


def aside_text(ballot: Ballot) -> str:
    """`12 in all, 2 skipped`: what the number of votes does not say; empty where it says everything."""
    parts = [f"{ballot.total_votes:,} in all"] if len(ballot.targets) > 2 and ballot.total_votes else []
    parts += [f"{ballot.skipped:,} skipped"] if ballot.skipped else []
    return ", ".join(parts)


# ---- answers on their way ----------------------------------------------------------------------------------


def writing_text(done: int, total: int) -> str:
    """How many answers are being written, and nothing about whose they are."""
    left = total - done
    written = "1 answer is" if left == 1 else f"{left:,} answers are"
    if done == 0:
        return f"{written} being written"
    ready = "1 is ready" if done == 1 else f"{done:,} are ready"
    return f"{written} being written, {ready}"


def eta_text(eta_s: float | None) -> str:
    """`about 40 s left`; empty while it is not known."""
    if eta_s is None:
        return ""
    if eta_s < 90:
        return f"about {max(1, round(eta_s)):,} s left"
    return f"about {round(eta_s / 60):,} min left"


def failed_text(failed: int, total: int, pairs_lost: int) -> str:
    """That answers failed, without a word on whose or why: the reason would tell."""
    answers = f"{failed} of {total} answers failed" if failed > 1 else f"One of {total} answers failed"
    if total == failed:
        answers = "No answer came" if total > 1 else "The answer failed"
    if pairs_lost == 1:
        return f"{answers}, so this prompt makes no pair."
    if pairs_lost > 1:
        return f"{answers}, so {pairs_lost:,} of the prompts make no pair."
    return f"{answers}; the others make a pair."


def estimate_text(preview: CostPreview | None, prompts: int) -> str:
    """What the answers would cost at most."""
    if preview is None or preview.api_targets == 0:
        return "" if preview is None else "runs on this machine only"
    if preview.api_usd_max is None or preview.unpriced:
        return "price unknown"
    from steelyard.ui.widgets.facts_format import usd

    times = f" for each of {prompts:,} prompts" if prompts > 1 else ""
    return f"at most {usd(preview.api_usd_max).text}{times}"


# ---- standings ---------------------------------------------------------------------------------------------


def position_text(position: PositionBias) -> str:
    """Whether a side was preferred."""
    decisive = position.left + position.right
    if decisive == 0:
        return "No vote was decisive, so no side can have been preferred."
    told = f"The left answer won {position.left} of {decisive} decisive votes ({p_text(position.p)})"
    if position.is_biased:
        return (
            f"{told}: one side was preferred. Balanced sides keep the win rates fair, the votes less sharp."
        )
    return f"{told}: no position bias found."


def side_text(position: PositionBias | None) -> str:
    """Whether a side was preferred, shortly; empty while no vote was decisive."""
    decisive = position.left + position.right if position is not None else 0
    if position is None or decisive == 0:
        return ""
    word = "one side is preferred" if position.is_biased else "no position bias found"
    return f"The left answer won {position.left:,} of {decisive:,} decisive votes: {word}."


def left_text(ballot: Ballot) -> str:
    """How often each target stood left."""
    counts = ", ".join(f"{name} {ballot.left_counts.get(name, 0)}" for name in ballot.targets)
    return f"On the left: {counts}." if ballot.left_counts else ""


def tally_text(wins: int, losses: int, ties: int, both_bad: int) -> str:
    """`17 won, 12 lost, 3 ties, 2 both bad`."""
    parts = [f"{wins} won", f"{losses} lost"]
    if ties:
        parts.append("1 tie" if ties == 1 else f"{ties} ties")
    if both_bad:
        parts.append(f"{both_bad} both bad")
    return ", ".join(parts)
