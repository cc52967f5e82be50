"""Strict TOML of sections: every key is known, typed and in its range, or the file is refused in one line."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

import msgspec

from steelyard.core.base.errors import UsageError, one_line
from steelyard.core.values.row import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Table = dict[str, Any]
AnyRow = TypeVar("AnyRow", bound=Row)
MAX_CHARACTERS = 65_536
TINY = Decimal("1e-12")
"""Numbers nearer to 0 are not meant; they would only make results that nobody can read."""


@dataclass(frozen=True)
class KeyRule:
    """What one key may be. `low` and `high` are allowed themselves, `low` not if `is_above_low`."""

    unit: str
    default: str
    meaning: str
    low: Decimal | None = None
    high: Decimal | None = None
    is_above_low: bool = False
    kind: Literal["number", "whole", "text", "yes_no"] = "number"
    choices: tuple[str, ...] = ()
    """Of a text; empty: any."""

    @property
    def allowed(self) -> str:
        """In words, for an error and for `--explain`."""
        if self.kind == "yes_no":
            return "true or false"
        if self.kind == "text":
            return f"one of {', '.join(self.choices)}" if self.choices else "text in quotes"
        low = (
            "any number"
            if self.low is None
            else f"{'above' if self.is_above_low else 'from'} {_plain(self.low)}"
        )
        high = "" if self.high is None else f" to {_plain(self.high)}"
        return f"{'a whole number ' if self.kind == 'whole' else ''}{low}{high}"


def read_rows(
    text: str,
    row_type: type[AnyRow],
    what: str,
    keys: Mapping[str, KeyRule],
    resolve: Mapping[str, Callable[[str], object]] | None = None,
) -> AnyRow:
    """Read sections into nested rows; `what` names the file in errors, `keys` go by dotted key.

    Numbers become decimals as they were written. `resolve` turns the text of a key into what its row wants.

    Raises:
        UsageError: no TOML, too long, an unknown section or key (the nearest known one is named), a wrong
            type, or a number out of its range.
    """
    return rows_of(parsed(text, what), row_type, what, keys, resolve)


def parsed(text: str, what: str) -> Table:
    """TOML with decimals for floats.

    Raises:
        UsageError: it is too long or no TOML.
    """
    if len(text) > MAX_CHARACTERS:
        raise UsageError(
            f"{what} is too long", f"more than {MAX_CHARACTERS:,} characters", "Remove what is not needed."
        )
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as exc:
        raise UsageError(f"{what} is no TOML", _why(exc), "Write [section] and key = value.") from exc


def _why(exc: Exception) -> str:
    """Python's own words would only do for its own errors of syntax."""
    if isinstance(exc, tomllib.TOMLDecodeError):
        return str(exc)[:200]
    return "it is nested too deep" if isinstance(exc, RecursionError) else "a number is too long to be meant"


def rows_of(
    document: Table,
    row_type: type[AnyRow],
    what: str,
    keys: Mapping[str, KeyRule],
    resolve: Mapping[str, Callable[[str], object]] | None = None,
) -> AnyRow:
    """As `read_rows`, of a document that is read already.

    Raises:
        UsageError: as there.
    """
    sections = {key.partition(".")[0] for key in keys}
    values: dict[str, Table] = {}
    for section, table in document.items():
        if section not in sections or not isinstance(table, dict):
            raise _no_section(section, table, sections, what, keys)
        values[section] = _section(section, cast("Table", table), what, keys, resolve or {})
    return _built(row_type, values)


def _section(
    section: str,
    table: Table,
    what: str,
    keys: Mapping[str, KeyRule],
    resolve: Mapping[str, Callable[[str], object]],
) -> Table:
    values: Table = {}
    for name, value in table.items():
        key = f"{section}.{name}"
        rule = keys.get(key)
        if rule is None:
            raise UsageError(f"{what} has an unknown key", _shown(key), f"Did you mean {nearest(key, keys)}?")
        checked = checked_value(key, value, rule)
        values[name] = resolve[key](cast("str", checked)) if key in resolve else checked
    return values


def _built(row_type: type[AnyRow], values: Mapping[str, Table]) -> AnyRow:
    parts: dict[str, Any] = {}
    for field in msgspec.structs.fields(row_type):
        if field.encode_name in values:
            parts[field.name] = type(field.default)(**values[field.encode_name])
    return row_type(**parts)


def checked_value(key: str, value: object, rule: KeyRule) -> Decimal | int | str | bool:
    """The value in the type that its rule asks for.

    Raises:
        UsageError: the key, what was found and what is allowed.
    """
    if rule.kind == "yes_no":
        if isinstance(value, bool):
            return value
    elif rule.kind == "text":
        if isinstance(value, str) and (not rule.choices or value in rule.choices):
            return value
    elif isinstance(value, int | Decimal) and not isinstance(value, bool):
        return checked_number(key, Decimal(value), rule)
    raise _refused(key, value, rule)


def checked_number(key: str, value: Decimal, rule: KeyRule) -> Decimal | int:
    """The number if it is within its range; a whole one as an int.

    Raises:
        UsageError: it is not, or it is no number, or so near to 0 that it cannot be meant.
    """
    if not value.is_finite() or _is_out(value, rule):
        raise _refused(key, value, rule)
    if rule.kind == "whole":
        if value != value.to_integral_value():
            raise _refused(key, value, rule)
        return int(value)
    return Decimal(f"{value:f}")  # 90e6 goes back into documents as 90000000


def nearest(name: str, known: Mapping[str, Any] | set[str] | frozenset[str] | list[str]) -> str:
    """The known dotted key that is most like this one; the same name in another section comes first."""
    bare = name.rpartition(".")[2].lower()
    for key in known:
        if key.rpartition(".")[2] == bare:
            return key
    return max(sorted(known), key=lambda key: difflib.SequenceMatcher(None, name[:80].lower(), key).ratio())


def explain(keys: Mapping[str, KeyRule]) -> list[tuple[str, str, str, str]]:
    """For `--explain`: dotted key, unit with what is allowed, default, meaning."""
    return [
        (key, f"{rule.unit}, {rule.allowed}" if rule.unit else rule.allowed, rule.default, rule.meaning)
        for key, rule in keys.items()
    ]


def _is_out(value: Decimal, rule: KeyRule) -> bool:
    if value != 0 and abs(value) < TINY:
        return True
    if rule.low is not None and (value < rule.low or (rule.is_above_low and value == rule.low)):
        return True
    return rule.high is not None and value > rule.high


def _refused(key: str, value: object, rule: KeyRule) -> UsageError:
    is_tiny = isinstance(value, Decimal) and value.is_finite() and 0 < abs(value) < TINY
    found = f'"{_shown(value)}" (text)' if isinstance(value, str) and rule.kind != "text" else _shown(value)
    why = f"{found} is too near to 0 to be meant" if is_tiny else f"{found} is not allowed"
    unit = f" ({rule.unit})" if rule.unit else ""
    return UsageError(f"{key} cannot be used", why, f"Allowed: {rule.allowed}{unit}.")


def _no_section(
    section: str, table: object, sections: set[str], what: str, keys: Mapping[str, KeyRule]
) -> UsageError:
    if section in sections:
        return UsageError(
            f"{what}: {section} is no section", _shown(table), f"Write [{section}] above its keys."
        )
    if isinstance(table, dict):
        hint = f"Did you mean [{nearest(section, sections)}]?"
        return UsageError(f"{what} has an unknown section", f"[{_shown(section)}]", hint)
    return UsageError(
        f"{what} has a key outside of a section", _shown(section), f"Did you mean {nearest(section, keys)}?"
    )


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and abs(value) >= 10**40:
        return "a number of more than 40 digits"
    text = one_line(str(value))
    return text if len(text) <= 60 else f"{text[:57]}…"


def _plain(value: Decimal) -> str:
    whole = value == value.to_integral_value()
    if whole and abs(value) >= 10**6:
        exponent = len(str(int(value))) - 1
        return f"10^{exponent}" if value == Decimal(10) ** exponent else f"{value:,f}"
    return f"{value:f}"
