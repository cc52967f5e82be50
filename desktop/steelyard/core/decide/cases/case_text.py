"""A case as text: its stated keys in order, and the files CASE.toml and PROFILE.toml that read back to it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.base.errors import printable
from steelyard.core.values.costs import CostProfile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from steelyard.core.values.decision import Case

PROFILE_NAME = "PROFILE.toml"
"""What `self.profile` is called in the text."""
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_MOST_NOTE = 90


def stated(row: Case | CostProfile) -> list[tuple[str, Any]]:
    """Dotted key and value of all that is not unknown, in the order of the contract."""
    return list(_stated(row))


def case_toml(case: Case, *, with_origins: bool = False) -> str:
    """CASE.toml with all that is stated; `read_case` makes the same case of it.

    With origins a comment says where each value comes from, unless the user typed it. The checklist and notes
    have no keys in the file.
    """
    return _toml(stated(case), case.origins if with_origins else {}, case.notes)


def profile_toml(profile: CostProfile, *, with_origins: bool = False) -> str:
    """PROFILE.toml with all that is stated; `read_profile` makes the same profile of it."""
    return _toml(stated(profile), profile.origins if with_origins else {}, profile.notes)


def _stated(row: Case | CostProfile) -> Iterator[tuple[str, Any]]:
    for section in msgspec.structs.fields(row):
        part = getattr(row, section.name)
        if not isinstance(part, msgspec.Struct):
            continue  # origins, notes, readiness: about the values, not values themselves
        for field in msgspec.structs.fields(part):
            value = getattr(part, field.name)
            if value is not None:
                yield f"{section.encode_name}.{field.encode_name}", value


def _toml(rows: list[tuple[str, Any]], origins: Mapping[str, str], notes: Mapping[str, str]) -> str:
    lines: list[str] = []
    section = ""
    for key, value in rows:
        head, _, name = key.partition(".")
        if head != section:
            section = head
            lines.append(f"[{section}]")
        origin = origins.get(key, "user")
        comment = f"  # {_comment(origin, notes.get(key, ''))}" if origin != "user" else ""
        lines.append(f"{name} = {_value(value)}{comment}")
    return "".join(f"{line}\n" for line in lines)


def _comment(origin: str, note: str) -> str:
    words = " ".join(printable(note).split())
    if len(words) > _MOST_NOTE:
        words = words[: _MOST_NOTE - 1] + "…"
    return f"{origin}: {words}" if words else origin


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, CostProfile):
        return _quoted(PROFILE_NAME)
    if isinstance(value, Decimal):
        return format(value, "f")
    return _quoted(value) if isinstance(value, str) else str(value)


def _quoted(text: str) -> str:
    """A basic string of TOML."""
    return (
        '"' + "".join(_ESCAPES.get(c) or (c if c.isprintable() else f"\\U{ord(c):08X}") for c in text) + '"'
    )
