"""The typical mistakes that concern the API's side: tokens, prices, and what is called equal."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from steelyard.core.costs.wording import percent_words, usd_words
from steelyard.core.values.costs import CostCheck

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.core.values.costs import Comparator, CostProfile

STALE_DAYS = 60
_ZERO = Decimal(0)
_CHOOSE = "Choose a model to compare with."
_REASONING_NAME = re.compile(
    r"(^|[/:._ -])(o[134]|gpt-5|r1|qwq|magistral|grok-[34]-mini|gemini-(2\.5|3))([/:._ -]|$)|reason|think",
    re.IGNORECASE,
)


def tokenizer_differs(comparators: Sequence[Comparator]) -> CostCheck:
    """Mistake 6: two tokenizers, and the same text counted as if by one."""
    code, title = "tokenizer_differs", "The same text is the same count"
    main = _main(comparators)
    if main is None:
        return judged(code, title, None, "No price to compare with.", _CHOOSE)
    if main.kind == "hosted":
        detail = f"{main.name} hosts the same weights, so it counts with the same tokenizer."
        return judged(code, title, True, detail)
    return judged(
        code,
        title,
        None,
        f"{main.name} counts with its own tokenizer; one volume stands for both sides here.",
        "Run the same prompts on both in Compare: each side's own usage shows the ratio.",
    )


def reasoning_ignored(profile: CostProfile, comparators: Sequence[Comparator]) -> CostCheck:
    """Mistake 7: hidden reasoning, which is billed as output, left out."""
    code, title = "reasoning_ignored", "Hidden reasoning is counted"
    share, main = profile.workload.reasoning_share, _main(comparators)
    if profile.origins.get("workload.mix") == "measured":
        detail = "The mix is the ledger's: its output tokens have hidden reasoning in them."
        return judged(code, title, True, detail)
    if share:
        detail = (
            f"{percent_words(share)} of the output is hidden reasoning: in the mix, and billed as output."
        )
        return judged(code, title, True, detail)
    if main is None:
        return judged(code, title, None, "No price to compare with.", _CHOOSE)
    if not _REASONING_NAME.search(f"{main.name} {main.price_id}"):
        detail = f"By its name {main.name} is no reasoning model; all of its output can be read."
        return judged(code, title, True, detail)
    said = (
        "no hidden reasoning is typed"
        if share is not None
        else "how much of the output it hides is not known"
    )
    return judged(
        code,
        title,
        None if share is None else False,
        f"{main.name} reasons before it answers and bills that as output; {said}.",
        "Take the mix from the ledger, or type the share and a mix with the reasoning in its output.",
    )


def list_price_only(profile: CostProfile, comparators: Sequence[Comparator]) -> CostCheck:
    """Mistake 8: the list price, where part of the input is billed as cached."""
    code, title = "list_price_only", "Cached input has its own price"
    share, main = profile.workload.cached_share, _main(comparators)
    if main is None:
        return judged(code, title, None, "No price to compare with.", _CHOOSE)
    batch = "Discounts for batches are not taken off."
    if share == 0:
        return judged(code, title, True, f"No input comes from a cache, as stated. {batch}")
    if main.price_cached is None:
        said = (
            f"{percent_words(share)} of the input is cached"
            if share
            else "How much of the input is cached is not known"
        )
        return judged(
            code,
            title,
            None,
            f"{said}, and no cached price of {main.name} is known: it counts as fresh input. {batch}",
            "Type its cached price, if it has one.",
        )
    prices = f"{usd_words(main.price_cached)} instead of {usd_words(main.price_in or _ZERO)} for a million"
    if share is None:
        return judged(
            code,
            title,
            False,
            f"{main.name} bills cached input at {prices}; none is assumed, so it looks dearer than it is.",
            "Take the cached share from the ledger or type it; 0 if prompts never repeat.",
        )
    detail = f"{percent_words(share)} of the input is billed at {prices}. {batch}"
    return judged(code, title, True, detail)


def quant_vs_full(comparators: Sequence[Comparator]) -> CostCheck:
    """Mistake 9: a quantised model called as good as one at full precision."""
    code, title = "quant_vs_full", "Only models that pass are called equal"
    passing = next((one for one in comparators if one.kind == "passing" and one.price_in is not None), None)
    if passing is not None:
        detail = f"{passing.name} is the cheapest API that passes your own suite."
        return judged(code, title, True, detail)
    main = _main(comparators)
    if main is None:
        return judged(code, title, None, "No price to compare with.", _CHOOSE)
    why = (
        "runs the same weights, mostly at a higher precision than a quantised file"
        if main.kind == "hosted"
        else "is another model than the local one"
    )
    return judged(
        code,
        title,
        None,
        f"{main.name} {why}; only money is compared here, not the answers.",
        "Run a suite of your own prompts on both before you call them equal.",
    )


def stale_price(comparators: Sequence[Comparator], today: date) -> CostCheck:
    """Mistake 11: a price that is out of date, or of a model that is no longer offered."""
    code, title = "stale_price", "Prices are current"
    priced = [one for one in comparators if one.price_in is not None]
    if not priced:
        return judged(code, title, None, "No price to compare with.", _CHOOSE)
    retired = [one.name for one in priced if one.is_retired]
    if retired:
        return judged(
            code,
            title,
            False,
            f"{', '.join(retired)} is retired or on its way out.",
            "Compare with a model that is still offered.",
        )
    ages = {one.name: _age_days(one.price_date, today) for one in priced}
    old = [f"{name}: {age} days" for name, age in ages.items() if age is not None and age > STALE_DAYS]
    if old:
        detail = f"Older than {STALE_DAYS} days: {'; '.join(old)}."
        remedy = "Update the price book, or type today's price with its date."
        return judged(code, title, False, detail, remedy)
    undated = [name for name, age in ages.items() if age is None]
    if undated:
        detail = f"No date is known of the price of {', '.join(undated)}."
        return judged(code, title, None, detail, "Type the price with its date.")
    detail = "; ".join(f"{one.name}: {one.price_date}" for one in priced)
    return judged(code, title, True, f"{detail}.")


def judged(code: str, title: str, state: bool | None, detail: str, remedy: str = "") -> CostCheck:
    """One check: `title` says what holds if `state` is True."""
    return CostCheck(code=code, title=title, state=state, detail=detail, remedy=remedy)


def _main(comparators: Sequence[Comparator]) -> Comparator | None:
    """The first with a price: what the user chose, else the same weights elsewhere."""
    return next((one for one in comparators if one.price_in is not None), None)


def _age_days(price_date: str | None, today: date) -> int | None:
    try:
        return None if price_date is None else (today - date.fromisoformat(price_date)).days
    except ValueError:
        return None
