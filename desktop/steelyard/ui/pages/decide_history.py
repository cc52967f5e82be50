"""The verdicts that were kept: when, what, and what had changed since the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from steelyard.ui.pages.decide_lines import change_line
from steelyard.ui.pages.decide_panel import SidePanel
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.cards import make_scroll
from steelyard.ui.widgets.decide_words import CONFIDENCES, TONES, VERDICTS, day, tokens
from steelyard.ui.widgets.labels import ElidedLabel, make_label
from steelyard.ui.widgets.models_text import plain

if TYPE_CHECKING:
    from steelyard.core.values.decision import DecisionHead
    from steelyard.ui.pages.decide_store import DecideStore
    from steelyard.ui.theme.theme import Theme

_MOST_CHANGES = 6
_MOST_SHOWN = 100
_FIRST = "The first verdict of this case."
_SAME = "Nothing changed since the one before."


class HistoryLine(QFrame):
    """One verdict; removing it takes a second press."""

    opened = Signal(str)
    """Show this verdict."""
    removed = Signal(str)
    """Delete it."""

    def __init__(self, theme: Theme, head: DecisionHead) -> None:
        super().__init__()
        self._id = head.id
        self.setProperty("role", "raised")
        title = plain(head.title, 120) or "Untitled case"
        verdict = VERDICTS[head.verdict]
        when = f"{day(head.at)}, verdict {head.number}"
        self.setAccessibleName(f"{title}, {when}: {verdict}")
        top = QHBoxLayout()
        top.setSpacing(6)
        top.addWidget(ElidedLabel(theme, title, weight=500), 1)
        top.addWidget(make_label(theme, verdict, _pill(TONES.get(head.verdict, "")), px=11, weight=500))
        word, tone = CONFIDENCES[head.confidence]
        top.addWidget(make_label(theme, word, _pill(tone), px=11, weight=500))
        self.changes = make_label(theme, _changes_text(head), "prose", px=12, wrap=True)
        self.open_button = make_button(theme, "Open", "link")
        self.open_button.setAccessibleName(f"Open {title}, {when}")
        self.remove_button = make_button(theme, "Remove", "quiet")
        self.remove_button.setFont(theme.font(12, 500))
        self.remove_button.setAccessibleName(f"Remove {title}, {when}")
        foot = QHBoxLayout()
        foot.setSpacing(6)
        foot.addWidget(make_label(theme, when, "muted", px=12), 1)
        foot.addWidget(self.remove_button)
        foot.addWidget(self.open_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 8, 6)
        column.setSpacing(4)
        column.addLayout(top)
        column.addWidget(self.changes)
        column.addLayout(foot)
        self.open_button.clicked.connect(self._on_open)
        self.remove_button.clicked.connect(self._on_remove)

    @Slot()
    def _on_open(self) -> None:
        self.opened.emit(self._id)

    @Slot()
    def _on_remove(self) -> None:
        if self.remove_button.text() == "Remove":
            self.remove_button.setText("Remove for good")
            self.remove_button.setAccessibleName(f"Remove for good: {self.accessibleName()}")
        else:
            self.removed.emit(self._id)


class HistoryPanel(SidePanel):
    """Newest first."""

    def __init__(self, theme: Theme, store: DecideStore) -> None:
        super().__init__(theme, "History")
        self._store = store
        self._shown: list[DecisionHead] | None = None
        self.lines: list[HistoryLine] = []
        self._list = QVBoxLayout()
        self._list.setSpacing(8)
        self._nothing = make_label(
            theme, "No verdict was kept yet. Keep one to see later what changed.", "muted", px=12, wrap=True
        )
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(12, 10, 12, 12)
        column.setSpacing(8)
        column.addWidget(self._nothing)
        column.addLayout(self._list)
        column.addStretch(1)
        self.column.addWidget(make_scroll(content, "Kept verdicts"), 1)
        store.listed.connect(self.show_store)
        self.show_store()

    @Slot()
    def show_store(self) -> None:
        """List what is stored; the oldest of very many are left out."""
        heads = self._store.heads[:_MOST_SHOWN]
        if heads == self._shown:
            return
        self._shown = heads
        for line in self.lines:
            self._list.removeWidget(line)
            line.hide()
            line.deleteLater()
        self.lines = [HistoryLine(self._theme, head) for head in heads]
        for line in self.lines:
            line.opened.connect(self._store.open_stored)
            line.removed.connect(self._store.remove)
            self._list.addWidget(line)
        self._nothing.setVisible(not heads)


def _pill(tone: str) -> str:
    return f"pill-{tone}" if tone else "pill"


def _changes_text(head: DecisionHead) -> str:
    lines = [change_line(one) for one in head.changed[:_MOST_CHANGES]]
    rest = len(head.changed) - _MOST_CHANGES
    if rest > 0:
        lines.append(f"and {rest} more")
    if not lines:
        lines = [_FIRST if head.number <= 1 else _SAME]
    if head.review_at_tokens_month is not None:
        lines.append(f"Look again at {tokens(head.review_at_tokens_month)} tokens a month.")
    return "\n".join(lines)
