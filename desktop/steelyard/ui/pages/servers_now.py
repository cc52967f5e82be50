"""What a server does now: rates, queue, its slots."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QWidget

from steelyard.ui.pages import servers_texts as t
from steelyard.ui.widgets.cards import Card
from steelyard.ui.widgets.facts_format import DASH, rate
from steelyard.ui.widgets.labels import make_label
from steelyard.ui.widgets.models_paint import draw_meter
from steelyard.ui.widgets.servers_fact import KeyFigure
from steelyard.ui.widgets.servers_slots import ColorDot
from steelyard.ui.widgets.servers_spark import Sparkline

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from steelyard.core.values.servers import ServerDetail, SlotRow
    from steelyard.ui.theme.theme import Theme

_HISTORY_S = 60
_MOST_SLOTS = 4
_NO_RATE = "No request has been answered since it was loaded."


class NowCard(Card):
    """Key figures, the last minute of generation, slots with the context they use."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Now")
        self._theme = theme
        self._name = ""
        self._rates: deque[float | None] = deque(maxlen=_HISTORY_S)
        self.column.setContentsMargins(16, 12, 16, 12)
        self.column.setSpacing(7)
        self._gen = KeyFigure(theme, "Generation")
        self._prompt = KeyFigure(theme, "Prompt")
        self._queue = KeyFigure(theme, "Queue")
        figures = QHBoxLayout()
        figures.setSpacing(10)
        for figure, stretch in ((self._gen, 5), (self._prompt, 5), (self._queue, 2)):
            figures.addWidget(figure, stretch)
        self._spark = Sparkline(theme, "Generation in the last minute")
        self._spark.setMinimumHeight(24)
        self._reuse = make_label(theme, "", "muted", px=12, wrap=True)
        self._more = make_label(theme, "", "muted", px=12)
        self._slots = [_SlotLine(theme) for _ in range(_MOST_SLOTS)]
        self.column.addLayout(figures)
        self.column.addWidget(self._spark, 1)
        for line in self._slots:
            self.column.addWidget(line)
            line.hide()
        self.column.addWidget(self._more)
        self.column.addWidget(self._reuse)

    def show_detail(self, detail: ServerDetail, color: str, live_tps: float | None) -> None:
        """Show the last second."""
        row = detail.row
        if row.name != self._name:
            self._name = row.name
            self._rates.clear()
        self._rates.append(live_tps)
        gen, prompt = rate(detail.gen_tps), rate(detail.prompt_tps)
        self._gen.show_value(gen.value, gen.unit, "" if gen.value != DASH else _NO_RATE)
        self._prompt.show_value(prompt.value, prompt.unit, "" if prompt.value != DASH else _NO_RATE)
        self._queue.show_value(f"{row.waiting:,}", "", "Requests that wait for a slot")
        self._spark.show_values(tuple(self._rates), color)
        self._show_slots(row.slot_rows, color)
        reuse = t.percent_of(detail.prefix_reuse_share)
        parts = [f"prefix reuse {reuse}"]
        if detail.draft_accepted_share is not None:
            parts.append(f"drafts accepted {t.percent_of(detail.draft_accepted_share)}")
        text = "  ·  ".join(parts)
        if text != self._reuse.text():
            self._reuse.setText(text)
            self._reuse.setToolTip(
                "Share of prompt tokens that were still in a slot's context"
                if reuse != DASH
                else "No prompt has been read since it was loaded."
            )

    def _show_slots(self, slots: list[SlotRow], color: str) -> None:
        ranked = sorted(slots, key=lambda slot: (not slot.is_busy, slot.id))
        shown = ranked[:_MOST_SLOTS]
        for at, line in enumerate(self._slots):
            line.setVisible(at < len(shown))
            if at < len(shown):
                line.show_slot(shown[at], color)
        rest = len(slots) - len(shown)
        self._more.setText(f"and {rest} more" if rest else "")
        self._more.setVisible(rest > 0)


class _SlotLine(QWidget):
    """`slot 0` with a meter and the tokens in its context."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._dot = ColorDot(theme)
        self._name = make_label(theme, "", "muted", px=12, tabular=True)
        self._used = make_label(theme, "", px=12, tabular=True)
        self._meter = _Meter(theme)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(7)
        row.addWidget(self._dot)
        row.addWidget(self._name)
        row.addWidget(self._meter, 1)
        row.addWidget(self._used)

    def show_slot(self, slot: SlotRow, color: str) -> None:
        self._dot.show_color(color if slot.is_busy else "line2")
        self._dot.setToolTip("Busy" if slot.is_busy else "Free")
        used = f"{slot.used_tokens:,}" if slot.used_tokens is not None else DASH
        texts = (f"slot {slot.id}", f"{used} of {slot.ctx:,}")
        if texts != (self._name.text(), self._used.text()):
            self._name.setText(texts[0])
            self._used.setText(texts[1])
            self._used.setToolTip("Tokens in its context" if used != DASH else "The engine did not tell.")
            state = "busy" if slot.is_busy else "free"
            self.setAccessibleName(f"{texts[0]}, {state}, {texts[1]} tokens used")
        self._meter.show_share((slot.used_tokens or 0) / max(1, slot.ctx), color)


class _Meter(QWidget):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._state = (0.0, "s1")
        self.setFixedHeight(14)
        theme.changed.connect(self.update)

    def show_share(self, share: float, color: str) -> None:
        if (share, color) != self._state:
            self._state = (share, color)
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        draw_meter(painter, self._theme, QRectF(0, 5, self.width(), 4), *self._state)
