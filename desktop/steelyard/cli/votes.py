"""What `compare votes` prints: all series of blind votes, or how far one is and what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.cli.show import show_table
from steelyard.core.base.errors import printable
from steelyard.core.base.units import split_text
from steelyard.core.values import commands as c
from steelyard.core.values.ballots import Ballot

if TYPE_CHECKING:
    from steelyard.cli.output import Printer
    from steelyard.core.values.ballots import Interval, PairResult, Rating, Standings


def votes_request(ballot: str | None) -> c.ListBallots | c.ReadBallot:
    """All series, or one by its id. Asking from here is no look before the planned number of votes."""
    return c.ListBallots() if ballot is None else c.ReadBallot(id=ballot)


def show_votes(result: Any, printer: Printer) -> None:
    """What `votes_request` was answered with: `{"ballots": […]}` or `{"ballot": {…}}`."""
    if isinstance(result, list):
        ballots = msgspec.convert(msgspec.to_builtins(result), list[Ballot])
        printer.document({"ballots": ballots}, lambda: _show_all(ballots))
    else:
        ballot = msgspec.convert(msgspec.to_builtins(result), Ballot)
        printer.document({"ballot": ballot}, lambda: _show_one(ballot))


def _show_all(ballots: list[Ballot]) -> None:
    if not ballots:
        print("no votes yet: they are cast in the app (Ctrl+B)")
        return
    rows = [
        [one.id, one.started_at[:10], one.title, f"{one.votes} of {one.needed}", one.total_votes, one.skipped]
        for one in ballots
    ]
    show_table(["SERIES", "SINCE", "TARGETS", "OF EACH PAIR", "VOTES", "SKIPPED"], rows)


def _show_one(ballot: Ballot) -> None:
    print(printable(f"{ballot.title}, since {ballot.started_at}"))
    each = "" if len(ballot.targets) == 2 else " of each pair"
    print(
        f"{ballot.votes} of {ballot.needed} votes{each} for a {split_text(ballot.planned_share)} split"
        f" (80 % power, 5 % level); {ballot.total_votes} in all, {ballot.skipped} skipped,"
        f" {ballot.withdrawn} taken back"
    )
    steps = ", ".join(f"{split_text(step.share)} at {step.votes}" for step in ballot.steps)
    print(f"shown by so many votes{each}: {steps}")
    left = ", ".join(f"{target} {count}" for target, count in ballot.left_counts.items())
    print(printable(f"left side so far: {left}"))
    if ballot.standings is None:
        print("standings stay hidden until then, so that a look cannot end the series early")
    else:
        _show_standings(ballot.standings)


def _show_standings(standings: Standings) -> None:
    print(f"\n{printable(standings.verdict)}\n")
    show_table(
        ["TARGET", "WIN RATE (95 %)", "ELO (95 %)", "VOTES", "WON", "LOST", "TIES", "BOTH BAD"],
        [_rating_cells(rating) for rating in standings.ratings],
    )
    print()
    show_table(
        [
            "PAIR",
            "VOTES",
            "FIRST WON",
            "SECOND WON",
            "TIES",
            "BOTH BAD",
            "WIN RATE (95 %)",
            "P",
            "TOLD APART",
        ],
        [_pair_cells(pair) for pair in standings.pairs],
    )


def _rating_cells(rating: Rating) -> list[Any]:
    elo = rating.elo
    return [
        rating.target,
        _percent(rating.win_rate),
        f"{elo.value:+.0f} ({elo.low:+.0f} to {elo.high:+.0f})",
        *(rating.votes, rating.wins, rating.losses, rating.ties, rating.both_bad),
    ]


def _pair_cells(pair: PairResult) -> list[Any]:
    return [
        f"{pair.first} : {pair.second}",
        *(pair.votes, pair.wins, pair.losses, pair.ties, pair.both_bad),
        _percent(pair.win_rate),
        None if pair.p is None else f"{pair.p:.3f}",
        "yes" if pair.is_distinguishable else "no",
    ]


def _percent(share: Interval | None) -> str | None:
    if share is None:
        return None
    return f"{100 * share.value:.1f} % ({100 * share.low:.1f} to {100 * share.high:.1f})"
