"""The tools that an answer calls: shown as they came, never carried out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QScrollArea, QVBoxLayout, QWidget

from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.labels import ElidedLabel, make_label

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme

MOST_CARDS = 32
_MOST_CHARS = 20_000
_MOST_LINES = 10
_AREA_MIN_PX = 60


class CallCards(QScrollArea):
    """One card a call, below the answer; hidden where nothing is called."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._calls: list[Any] = []
        self.cards: list[CallCard] = []
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(16, 8, 12, 8)
        self._column.setSpacing(8)
        self._more = make_label(theme, "", "muted", px=12, wrap=True)
        self._column.addWidget(self._more)
        self._column.addStretch(1)
        self.setWidget(inside)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumHeight(_AREA_MIN_PX)
        self.setAccessibleName("Tool calls of this answer")
        self.hide()

    def show_calls(self, calls: list[Any]) -> None:
        """Show the calls of an answer; none hides all of it."""
        if calls == self._calls:
            return
        self._calls = calls
        for card in self.cards:
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = [CallCard(self._theme, call) for call in calls[:MOST_CARDS]]
        for at, card in enumerate(self.cards):
            self._column.insertWidget(at, card)
        left = len(calls) - len(self.cards)
        self._more.setText(f"{left:,} further calls are in the run's JSON." if left else "")
        self._more.setVisible(bool(left))
        self.setVisible(bool(calls))


class CallCard(QFrame):
    """Name and arguments as plain text."""

    def __init__(self, theme: Theme, call: Any) -> None:
        super().__init__()
        set_role(self, "raised")
        self.name, self.arguments = read_call(call)
        icon = QLabel()
        icon.setPixmap(theme.pixmap("terminal", "text3", 14))
        title = ElidedLabel(theme, self.name, px=12, weight=600)
        title.setFont(theme.font(12, 600, mono=True))
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(icon)
        head.addWidget(title, 1)
        head.addWidget(make_label(theme, "not carried out", "muted", px=11))
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 10)
        column.setSpacing(6)
        column.addLayout(head)
        if self.arguments:
            column.addWidget(self._make_arguments(theme))
        self.setAccessibleName(f"Tool call {self.name}, not carried out")

    def _make_arguments(self, theme: Theme) -> QPlainTextEdit:
        text = QPlainTextEdit(self.arguments)
        text.setReadOnly(True)
        text.setProperty("role", "code")
        text.setFont(theme.font(12, mono=True))
        text.setTabChangesFocus(True)
        text.setAccessibleName(f"Arguments of {self.name}")
        text.setToolTip("Arguments as the model wrote them")
        lines = min(_MOST_LINES, self.arguments.count("\n") + 1)
        text.setFixedHeight(lines * text.fontMetrics().lineSpacing() + 20)
        return text


def read_call(call: Any) -> tuple[str, str]:
    """Name and arguments of a call in OpenAI's form; what is in no such form is shown as it is."""
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict):
        return "Unreadable tool call", _bounded(_pretty(call))
    name, arguments = function.get("name"), function.get("arguments")
    shown = name if isinstance(name, str) and name else "(no name)"
    return shown[:200], _bounded(_pretty(arguments))


def _pretty(value: Any) -> str:
    if value is None:
        return ""
    try:
        if isinstance(value, str):
            value = json.loads(value)
        return json.dumps(value, indent=2, ensure_ascii=False)
    except (ValueError, TypeError, RecursionError):
        return str(value)


def _bounded(text: str) -> str:
    return text if len(text) <= _MOST_CHARS else f"{text[:_MOST_CHARS]}\n… only the beginning is shown"
