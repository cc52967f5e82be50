"""The four questions of F2 (S69), answered from the case as far as it goes."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from steelyard.core.decide.figures import share_text, tokens_text
from steelyard.core.values.decision import Question

if TYPE_CHECKING:
    from steelyard.core.decide.facts import Facts
    from steelyard.core.values.decision import Case

DAYS_A_MONTH = Decimal("30.4375")
FEW_A_DAY = Decimal(10_000)
MANY_A_DAY = Decimal(1_000_000)

_Leads = Literal["api", "self_host", "hybrid", "managed", "undecided"]


def questions(case: Case, facts: Facts) -> list[Question]:
    """Core advantage, sensitivity, volume a day, MLOps; an unanswered one leads nowhere."""
    return [_advantage(case), _sensitivity(case), _volume(facts), _mlops(case)]


def _advantage(case: Case) -> Question:
    tuned = case.quality.fine_tuned_domain
    text = "Is the model itself part of your advantage: is it tuned to your domain?"
    if tuned is None:
        return _question("advantage", text, None, None)
    return _question("advantage", text, "yes" if tuned else "no", "self_host" if tuned else "api")


def _sensitivity(case: Case) -> Question:
    text = "How sensitive is what the model reads?"
    limits, share = case.constraints, case.sensitivity.sensitive_share
    if limits.veto_api or limits.offline_required:
        why = "an API is vetoed" if limits.veto_api else "it has to work offline"
        return _question("sensitivity", text, f"it must not leave: {why}", "self_host")
    if limits.privacy is None:
        return _question("sensitivity", text, None, None)
    if limits.privacy == "none" or share == 0:
        return _question("sensitivity", text, "not at all", "api")
    if limits.privacy == "standard":
        return _question("sensitivity", text, "as usual in business", "undecided")
    if share is not None and share < 1:
        return _question("sensitivity", text, f"{share_text(share)} of it must not leave", "hybrid")
    return _question("sensitivity", text, "it must not leave", "self_host")


def _volume(facts: Facts) -> Question:
    text = "Fewer than 10 k tokens a day, or more than 1 M?"
    if facts.tokens_month is None:
        return _question("volume", text, None, None)
    a_day = facts.tokens_month / DAYS_A_MONTH
    leads: _Leads = "undecided"
    if a_day < FEW_A_DAY:
        leads = "api"
    elif a_day > MANY_A_DAY:
        leads = "self_host"
    between = ", between the two" if leads == "undecided" else ""
    return _question("volume", text, f"{tokens_text(a_day)} a day{between}", leads)


def _mlops(case: Case) -> Question:
    text = "Is there somebody to run it (MLOps)?"
    has = case.team.ml_capacity
    if has is None:
        return _question("mlops", text, None, None)
    if has:
        return _question("mlops", text, "yes", "self_host")
    return _question("mlops", text, "no: an open model hosted by somebody else needs nobody", "managed")


def _question(question_id: str, text: str, answer: str | None, leads_to: _Leads | None) -> Question:
    return Question(id=question_id, text=text, answer=answer, leads_to=leads_to)
