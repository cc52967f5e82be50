"""The small links at the questions and answers of a branch. No Qt here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.ui.widgets.compare_turns import TurnLink

if TYPE_CHECKING:
    from steelyard.ui.pages.compare_tree import Column
    from steelyard.ui.pages.compare_turn import Turn

_BACK = "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}"
_ON = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"


def shows_question(column: Column, turn: Turn, bar_prompt: str) -> bool:
    """Whether a question stands in the column: not where the bar above all columns says the same."""
    is_only = turn.parent is None and len(column.turns) == 1
    return not is_only or len(column.questions(turn)) > 1 or turn.prompt != bar_prompt


def question_links(column: Column, turn: Turn) -> list[TurnLink]:
    """Arrows around `1/2`, and Edit."""
    place, count = column.question_place(turn)
    links = _arrows(place, count, "question-before", "question-after") if count > 1 else []
    names = ", ".join(attachment.name for attachment in turn.sent.attachments)
    return [*([TurnLink(names)] if names else []), *links, TurnLink("Edit", "edit")]


def answer_links(column: Column, turn: Turn) -> list[TurnLink]:
    """Arrows around `2/3`, Regenerate, Pin; nothing under the only answer there is."""
    place, count = column.place(turn)
    if turn.is_open or (count == 1 and len(column.turns) == 1):
        return [TurnLink("Pinned", is_strong=True), TurnLink("Unpin", "unpin")] if turn.is_pinned else []
    links = _arrows(place, count, "before", "after") if count > 1 else []
    if turn.run is not None and turn.run.finish_reason == "tool_calls" and turn is not column.turn:
        links.append(TurnLink("called tools, nothing was carried out"))
    if turn.summary is not None and turn.summary.n > 1 and column.shows_single and turn is column.turn:
        links.append(TurnLink("Show medians", "medians"))
    links.append(TurnLink("Regenerate", "regenerate"))
    if turn.is_pinned:
        links += [TurnLink("Pinned", is_strong=True), TurnLink("Unpin", "unpin")]
    elif turn.run is not None:
        links.append(TurnLink("Pin", "pin"))
    return links


def _arrows(place: int, count: int, before: str, after: str) -> list[TurnLink]:
    return [
        TurnLink(_BACK, before if place > 1 else ""),
        TurnLink(f"{place}/{count}", is_strong=True),
        TurnLink(_ON, after if place < count else ""),
    ]
