"""How the parts of a column stand above each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from steelyard.ui.widgets.cards import make_scroll
from steelyard.ui.widgets.labels import make_line

if TYPE_CHECKING:
    from steelyard.ui.pages.compare_column import TargetColumn

_FAILURE_MIN_PX = 72


@dataclass(frozen=True)
class ColumnParts:
    """What the column moves about itself."""

    body: QVBoxLayout
    failure: QScrollArea
    room: QWidget
    """Takes the place of an answer that is not there yet."""


def lay_out_column(widget: TargetColumn) -> ColumnParts:
    """Put the parts into the column."""
    room, inset_widget = QWidget(), QWidget()
    inset = QVBoxLayout(inset_widget)
    inset.setContentsMargins(16, 12, 16, 12)
    inset.addWidget(widget.failure)
    inset.addStretch(1)
    failure = make_scroll(inset_widget, "Why this run failed")
    failure.setMinimumHeight(_FAILURE_MIN_PX)
    body = QVBoxLayout()
    body.setContentsMargins(0, 0, 0, 0)
    body.setSpacing(0)
    for part in (widget.view, failure, widget.calls, widget.notice, room):
        body.addWidget(part, 1)
    column = QVBoxLayout(widget)
    column.setContentsMargins(1, 1, 1, 1)
    column.setSpacing(0)
    column.addWidget(widget.header)
    column.addWidget(make_line())
    column.addLayout(body, 1)
    for foot in (widget.banner, widget.facts, widget.costs):
        column.addWidget(foot)
    return ColumnParts(body, failure, room)
