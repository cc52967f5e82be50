"""What is said of an answer beside its figures: its form, the load, what was not sent. No Qt here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.ui.widgets.compare_pill import PillState
from steelyard.ui.widgets.facts_format import duration

if TYPE_CHECKING:
    from steelyard.core.values.run import Run, Structured
    from steelyard.ui.pages.compare_turn import Turn

_FORMS = {"json_schema": ("JSON schema", "Schema"), "grammar": ("Grammar", "Grammar")}
_DETAIL_CHARS = 60


def notes_of(turn: Turn) -> list[PillState]:
    """The verdict on a structured answer, the load, parameters that did not reach the target."""
    run = turn.run
    if run is None:
        return []
    notes = [_verdict(run.structured)] if run.structured is not None else []
    if run.timing.load_ms:
        text = f"Load {duration(run.timing.load_ms).text}"
        tooltip = f"{text}: how long the weights took to load; no figure below has it in"
        notes.append(PillState(text, "info", "hourglass", tooltip))
    if run.not_sent:
        notes.append(_not_sent(run))
    return notes


def _verdict(form: Structured) -> PillState:
    name, word = _FORMS[form.kind]
    held = "The target was told the form" if form.is_held else "The target was not told the form"
    if form.is_valid is None:
        text, short, tone, icon = f"{name}: not checked", f"{word} unchecked", "neutral", "info"
    elif form.is_valid:
        text, short, tone, icon = f"{name}: valid", f"{word} valid", "good", "check"
    else:
        first = form.detail.partition("\n")[0]
        shown = first if len(first) <= _DETAIL_CHARS else f"{first[: _DETAIL_CHARS - 1]}…"
        text = f"{name}: not valid" + (f", {shown}" if shown else "")
        short, tone, icon = f"{word} not valid", "bad", "circle-x"
    tooltip = "\n".join(part for part in (text.partition(",")[0], form.detail, held) if part)
    return PillState(text, tone, icon, tooltip, short)


def _not_sent(run: Run) -> PillState:
    names = ", ".join(name.replace("_", " ") for name in run.not_sent)
    tooltip = f"This target does not take: {names}. Its answer was made without."
    return PillState(f"Not sent: {names}", "warn", "info", tooltip, f"{len(run.not_sent)} not sent")
