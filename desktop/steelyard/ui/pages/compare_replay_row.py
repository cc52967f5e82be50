"""One answer of a replay: the same, or since when not, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from steelyard.core.base.errors import printable
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.labels import ElidedLabel, make_label

if TYPE_CHECKING:
    from steelyard.core.values.comparison import ReplayedRun
    from steelyard.ui.theme.theme import Theme


class ReplayRow(QFrame):
    """Name, verdict, reasons, and the way to the diff."""

    diff_wanted = Signal(str, str, str)
    """Name of the target, run id of the answer then and of the answer now."""

    def __init__(self, theme: Theme, answer: ReplayedRun) -> None:
        super().__init__()
        self._answer = answer
        self.setProperty("role", "raised")
        text, role = _verdict(answer)
        name = ElidedLabel(theme, printable(answer.target), weight=600)
        self.verdict = make_label(theme, text, role, px=12, weight=500)
        self.diff_button = make_button(theme, "Diff", "link", icon="git-compare")
        self.diff_button.clicked.connect(self._on_diff)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(name, 1)
        head.addWidget(self.verdict)
        head.addWidget(self.diff_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(4)
        column.addLayout(head)
        self.reasons = [printable(reason) for reason in answer.reasons]
        for reason in self.reasons:
            column.addWidget(make_label(theme, f"· {reason}", "prose", px=12, wrap=True))
        self.diff_button.setVisible(not answer.is_identical and answer.run_id is not None)
        self.setAccessibleName(f"{answer.target}: {text}. {' '.join(self.reasons)}")

    @Slot()
    def _on_diff(self) -> None:
        if self._answer.run_id is not None:
            self.diff_wanted.emit(self._answer.target, self._answer.original_run_id, self._answer.run_id)


def _verdict(answer: ReplayedRun) -> tuple[str, str]:
    if answer.is_identical:
        return "byte-identical", "pill-good"
    if answer.run_id is None:
        return "not run again", "pill-bad"
    if answer.first_difference_char is None:
        return "not identical", "pill-warn"
    return f"differs from character {answer.first_difference_char + 1:,}", "pill-warn"
