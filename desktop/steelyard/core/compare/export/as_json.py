"""A comparison as JSON: the whole history, with the key names of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from steelyard.core.compare.export.view import command_of, exclusions_of, how_measured

if TYPE_CHECKING:
    from steelyard.core.values.comparison import ComparisonHistory


def to_json(history: ComparisonHistory) -> str:
    """Indented; `comparison` is the row that `values.comparison.ComparisonHistory` describes.

    `exclusions` names what does not count by target; `command` asks the same again.
    """
    command, needs = command_of(history)
    document = {
        "steelyard_export": 1,
        "comparison": history,
        "exclusions": exclusions_of(history),
        "measured": how_measured(history),
        "command": {"line": command, "needs": needs},
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"
