"""One key of a case by its dotted name, read and replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from steelyard.core.values.costs import Origin
    from steelyard.core.values.decision import Case


def value_at(case: Case, key: str) -> Any:
    """The value of a dotted key such as `self.redundancy`; None is unknown."""
    section, _, name = key.partition(".")
    return getattr(getattr(case, _attribute(section)), name)


def with_value(case: Case, key: str, value: Any) -> Case:
    """The same case with one key set."""
    section, _, name = key.partition(".")
    attribute = _attribute(section)
    part = msgspec.structs.replace(getattr(case, attribute), **{name: value})
    return msgspec.structs.replace(case, **{attribute: part})


def origin_of(case: Case, key: str) -> Origin:
    """Where the value of a key comes from; what the case does not say was typed."""
    return case.origins.get(key, "user")


def _attribute(section: str) -> str:
    return "self_" if section == "self" else section
