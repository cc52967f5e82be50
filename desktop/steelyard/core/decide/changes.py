"""What differs between two verdicts (S28): the words, the case, and the price behind a model's name."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from steelyard.core.decide.cases.case_text import stated
from steelyard.core.decide.cases.key_words import label, value_text
from steelyard.core.decide.figures import number_text
from steelyard.core.values.costs import CostProfile
from steelyard.core.values.decision import Change

if TYPE_CHECKING:
    from steelyard.core.values.decision import Case, Decision

_SAME = Decimal("1e-6")
"""Bills are rounded to pico-dollars: a smaller relative difference of prices is that."""


def changes_between(old: Decision, new: Decision) -> list[Change]:
    """Verdict, pattern and confidence, then keys of the case in its order, then the blended price of the API.

    The price is listed where no key says it: a model's price changed in the book.
    """
    words = [
        _change(name, before, after)
        for name in ("verdict", "pattern", "confidence")
        if (before := getattr(old, name)) != (after := getattr(new, name))
    ]
    keys = _changed_keys(old.case, new.case)
    return [*words, *keys, *_price_change(old, new, {one.what for one in keys})]


def _changed_keys(old: Case, new: Case) -> list[Change]:
    before, after = _flat(old), _flat(new)
    return [
        _change(key, before.get(key), after.get(key))
        for key in dict.fromkeys([*before, *after])
        if before.get(key) != after.get(key)
    ]


def _flat(case: Case) -> dict[str, Any]:
    """Keys of a profile count one by one."""
    flat: dict[str, Any] = {}
    for key, value in stated(case):
        if isinstance(value, CostProfile):
            flat.update((f"{key}.{inner}", one) for inner, one in stated(value))
        else:
            flat[key] = value
    return flat


def _price_change(old: Decision, new: Decision, keys: set[str]) -> list[Change]:
    if keys & {"api.price_in", "api.price_out", "workload.mix", "workload.cached_share"}:
        return []
    before, after = _price(old), _price(new)
    if before is None or after is None or abs(before - after) <= _SAME * max(before, after):
        return []
    return [_change("api.price", before, after)]


def _price(decision: Decision) -> Decimal | None:
    """USD per million tokens of the case's mix, as the bill of the API has it."""
    volume = decision.case.workload.tokens_month
    bill = next((one.usd_month for one in decision.options if one.name == "api"), None)
    return None if bill is None or not volume else Decimal(bill) / volume * 1_000_000


def _change(key: str, before: Any, after: Any) -> Change:
    text = f"{label(key)} {value_text(key, before)} → {value_text(key, after)}"
    if isinstance(before, Decimal) and isinstance(after, Decimal) and before:
        text += f", {_percent(before, after)}"
    return Change(what=key, before=_plain(before), after=_plain(after), text=text)


def _percent(before: Decimal, after: Decimal) -> str:
    """The change in percent; what became many times as much is said so."""
    ratio = after / before
    if ratio >= 10:
        return f"\N{MULTIPLICATION SIGN} {number_text(ratio, 3)}"
    percent = (ratio - 1) * 100
    sign = "\N{MINUS SIGN}" if percent < 0 else "+"
    return f"{sign}{number_text(abs(percent), 3)} %"


def _plain(value: Any) -> Any:
    """A number that JSON has, so that a stored change reads back as it was."""
    if not isinstance(value, Decimal):
        return value
    return int(value) if value == value.to_integral_value() else float(value)
