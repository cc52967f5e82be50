"""Where a number comes from, as a small framed word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from PySide6.QtWidgets import QLabel

    from steelyard.core.values.costs import Origin
    from steelyard.ui.theme.theme import Theme

_ROLES = {"measured": "pill-good", "user": "pill-info", "preset": "pill", "catalogue": "pill"}
_MEANINGS = {
    "measured": "Measured on this machine",
    "user": "Typed by you",
    "preset": "From the preset that you chose",
    "catalogue": "From the price book",
}


def make_tag(theme: Theme) -> QLabel:
    """An empty tag, hidden until `show_origin`."""
    tag = make_label(theme, "", "pill", px=11, weight=500)
    tag.hide()
    return tag


def show_origin(tag: QLabel, origin: Origin | None, *, date: str | None = None, note: str = "") -> None:
    """Say where the number is from; a catalogue's is shown by its date, None hides the tag."""
    tag.setVisible(origin is not None)
    if origin is None:
        return
    text = date or "price book" if origin == "catalogue" else origin
    tag.setText(text)
    set_role(tag, _ROLES[origin])
    meaning = note or _MEANINGS[origin]
    tag.setToolTip(meaning)
    tag.setAccessibleName(f"Source: {text}")
    tag.setAccessibleDescription(meaning)
