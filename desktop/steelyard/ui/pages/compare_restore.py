"""Brings a stored comparison back to the screen: the tree of every column, and the branch seen last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.values.prompt import Sampling
from steelyard.ui.pages.compare_state import MAX_COLUMNS
from steelyard.ui.pages.compare_targets import TargetRef, from_info, unknown_ref
from steelyard.ui.pages.compare_tree import Column
from steelyard.ui.pages.compare_turn import Sent, Turn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steelyard.core.values.comparison import Answer, ColumnHistory, ComparisonHistory
    from steelyard.core.values.run import Run
    from steelyard.ui.pages.compare_state import CompareState


def restore(state: CompareState, stored: ComparisonHistory, known: Iterable[TargetRef]) -> None:
    """Show a stored comparison; the next prompt continues it."""
    refs = {ref.target: ref for ref in known}
    state.columns = []
    state.clear()
    for position, kept in enumerate(stored.columns[:MAX_COLUMNS]):
        column = Column(refs.get(kept.target, unknown_ref(kept.target)), position=position)
        _grow(column, kept, stored)
        if column.turn is not None and column.turn.run is not None:
            column.ref = from_info(column.turn.run.target, refs.get(kept.target))
        for turn in column.answers:
            state.adopt(column, turn)
        state.columns.append(column)
    state.comparison_id = stored.id
    state.missing_runs = stored.missing_runs


def _grow(column: Column, kept: ColumnHistory, stored: ComparisonHistory) -> None:
    """The tree; an answer whose parent is gone begins a conversation of its own."""
    by_run: dict[str, Turn] = {}
    for answer in kept.answers:
        turn = _turn(answer, by_run.get(answer.run.parent_id or ""), stored)
        column.answers.append(turn)
        by_run[answer.run.id] = turn
    if column.answers:
        column.show(column.answers[-1])
    pinned = [turn for turn in column.answers if turn.is_pinned and not _leads_to(turn, column)]
    for turn in pinned:
        column.show(turn)


def _leads_to(turn: Turn, column: Column) -> bool:
    return turn in column.turns


def _turn(answer: Answer, parent: Turn | None, stored: ComparisonHistory) -> Turn:
    run, question = answer.run, answer.question
    sent = Sent(
        question.content,
        stored.system,
        sampling_of(run),
        stored.schedule,
        run.started_at,
        tuple(question.attachments),
    )
    turn = Turn(sent, parent, is_pinned=answer.is_pinned)
    turn.take_final(run)
    turn.excluded = [entry for entry in stored.not_comparable if entry.run_id == run.id]
    if run.turn == 0:
        turn.summary = stored.summary.get(run.target.name)
    return turn


def sampling_of(run: Run) -> Sampling:
    """The sampling that a stored run was asked with."""
    params = run.params

    def number(name: str) -> float | None:
        value = params.get(name)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    seed, schema, most = number("seed"), params.get("json_schema"), number("max_tokens")
    grammar, tools, choice = params.get("grammar"), params.get("tools"), params.get("tool_choice")
    return Sampling(
        max_tokens=int(most) if most is not None else Sampling().max_tokens,
        temperature=number("temperature"),
        top_p=number("top_p"),
        seed=None if seed is None else int(seed),
        json_schema=schema if isinstance(schema, dict) else None,
        grammar=grammar if isinstance(grammar, str) and grammar != "default" else None,
        tools=[tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else [],
        tool_choice=choice if choice in ("auto", "none", "required") else None,  # type: ignore[arg-type]
    )
