"""Text of others as text: Qt reads a tooltip that looks like markup as markup, images included."""

from __future__ import annotations

import html

from PySide6.QtGui import Qt  # the functions on text live in QtGui

TOOLTIP_MAX_CHARS = 600


def plain_tooltip(text: str) -> str:
    """A tooltip that shows these very characters."""
    if len(text) > TOOLTIP_MAX_CHARS:
        text = text[: TOOLTIP_MAX_CHARS - 1] + "…"
    if not Qt.mightBeRichText(text):
        return text
    return f"<p style='white-space: pre-wrap'>{html.escape(text)}</p>"
