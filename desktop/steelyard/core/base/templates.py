"""Prompts with `{variables}`: which there are, and putting values in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from steelyard.core.base.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# A name begins with a letter, so that JSON, code and sets of numbers in a prompt stay what they are. Doubled
# braces stand for a name that is meant literally.
_NAME = r"[^\W\d]\w{0,63}(?:[ .-]\w{1,64}){0,8}"
_PLACE = re.compile(rf"\{{\{{({_NAME})\}}\}}|\{{({_NAME})\}}")
_MAX_CHARS = 16 << 20


def find_variables(text: str) -> list[str]:
    """Names of the `{variables}` in a prompt, each once, in the order in which they come."""
    names = (match.group(2) for match in _PLACE.finditer(text))
    return list(dict.fromkeys(name for name in names if name is not None))


def fill(text: str, values: Mapping[str, str]) -> str:
    """The prompt with its variables replaced. Values are put in as they are: braces in them mean nothing.

    `{{name}}` becomes `{name}`, whether there is a value of that name or not.

    Raises:
        UsageError: a variable has no value, or the result is longer than 16 Mi characters.
    """
    if missing := [name for name in find_variables(text) if name not in values]:
        raise UsageError(
            "A variable has no value",
            ", ".join(f"{{{name}}}" for name in missing[:10]),
            "Add a column of that name to the table, or write {{name}} for the plain word.",
        )
    filled = _PLACE.sub(lambda match: _replaced(match, values), text)
    if len(filled) > _MAX_CHARS:
        raise UsageError(
            "A filled prompt is too long", f"{len(filled):,} characters", "Use shorter values in the table."
        )
    return filled


def fill_rows(text: str, rows: Sequence[Mapping[str, str]]) -> list[str]:
    """The prompt once for each row of a table; as it is where there is no table.

    Raises:
        UsageError: see `fill`.
    """
    return [fill(text, row) for row in rows] or [text]


def _replaced(match: re.Match[str], values: Mapping[str, str]) -> str:
    literal, name = match.groups()
    return values[name] if literal is None else f"{{{literal}}}"
