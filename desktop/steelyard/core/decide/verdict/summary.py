"""A verdict in one or two sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.decide.figures import money_text, share_text

if TYPE_CHECKING:
    from steelyard.core.decide.verdict.reasons import Grounds
    from steelyard.core.values.decision import Confidence

_PARTS = {
    "sensitivity": "what is sensitive",
    "complexity": "what a local model does well",
    "overflow": "the base load",
    "environment": "production",
}
_RESTS = {
    "sensitivity": "the rest",
    "complexity": "what needs a frontier model",
    "overflow": "the peaks",
    "environment": "experiments",
}


def summary_of(grounds: Grounds, confidence: Confidence) -> str:
    """What to do, and the one thing to know about it."""
    return f"{_what(grounds)} {_why(grounds, confidence)}".strip()


def _what(grounds: Grounds) -> str:
    choice = grounds.situation.choice
    match choice.verdict:
        case "api":
            return "Use the API."
        case "self_host":
            return "Run it on own machines."
        case "managed":
            return "Let somebody host an open model for you."
        case "hybrid":
            pattern = choice.pattern or "complexity"
            share = grounds.situation.share
            more = " and most of the rest" if pattern == "sensitivity" and share.value > share.least else ""
            keep = f"Keep {_PARTS[pattern]}{more} here, about {share_text(share.value)} of the tokens"
            return f"{keep}, and send {'what is left' if more else _RESTS[pattern]} to the API."


def _why(grounds: Grounds, confidence: Confidence) -> str:
    situation = grounds.situation
    choice, cost = situation.choice, situation.costs[situation.choice.verdict]
    if choice.by == "default":
        return "Costs cannot be compared yet, so this is provisional."
    if grounds.premium is not None:
        return f"The limits leave no cheaper way; they cost {money_text(grounds.premium)} a month."
    if choice.by == "gates":
        return "It is the only way that the limits leave."
    if choice.is_tie:
        return "Costs are too close to decide by."
    rest = " The figures behind it are provisional." if confidence == "provisional" else ""
    rivals = [
        usd for way in choice.rivals if way != choice.verdict and (usd := situation.costs[way]) is not None
    ]
    if cost is None or not rivals:
        return rest.strip()
    return f"It costs {money_text(cost)} a month, the next way {money_text(min(rivals))}.{rest}"
