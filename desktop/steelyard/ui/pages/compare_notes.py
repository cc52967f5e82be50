"""What is said of an answer beside its figures: its form, what was not sent, how it ended. No Qt here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.ui.widgets.compare_pill import PillState
from steelyard.ui.widgets.facts_format import duration

if TYPE_CHECKING:
    from steelyard.core.values.run import Run, Structured
    from steelyard.ui.pages.compare_turn import Turn

_FORMS = {"json_schema": "JSON schema", "grammar": "Grammar"}
_DETAIL_CHARS = 60


def notes_of(turn: Turn) -> list[PillState]:
    """The verdict on a structured answer, parameters that did not reach the target, an odd end."""
    run = turn.run
    if run is None:
        return []
    notes = [_verdict(run.structured)] if run.structured is not None else []
    if run.timing.load_ms:
        tooltip = "How long the weights took to load; no figure below has it in"
        notes.append(PillState(f"Load {duration(run.timing.load_ms).text}", "info", "hourglass", tooltip))
    if run.not_sent:
        notes.append(_not_sent(run))
    if run.finish_reason == "length":
        notes.append(PillState("Cut at the limit", "warn", "triangle-alert", _cut(run)))
    elif run.finish_reason == "content_filter":
        notes.append(
            PillState("Filtered", "warn", "shield-alert", "The provider withheld the rest of this answer")
        )
    return notes


def _verdict(form: Structured) -> PillState:
    name = _FORMS[form.kind]
    held = "The target was told the form" if form.is_held else "The target was not told the form"
    detail = f"{form.detail}\n{held}" if form.detail else held
    if form.is_valid is None:
        return PillState(f"{name}: not checked", "neutral", "info", detail)
    if form.is_valid:
        return PillState(f"{name}: valid", "good", "check", detail)
    first = form.detail.partition("\n")[0]
    shown = first if len(first) <= _DETAIL_CHARS else f"{first[: _DETAIL_CHARS - 1]}…"
    return PillState(f"{name}: not valid" + (f", {shown}" if shown else ""), "bad", "circle-x", detail)


def _not_sent(run: Run) -> PillState:
    names = ", ".join(name.replace("_", " ") for name in run.not_sent)
    tooltip = f"This target does not take: {names}. Its answer was made without."
    return PillState(f"Not sent: {names}", "warn", "info", tooltip)


def _cut(run: Run) -> str:
    most = run.params.get("max_tokens")
    return f"The answer was cut: Max tokens is {most}" if most else "The answer was cut at its limit"
