"""One server on the left: what it is, what it does, how to reach it, what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.labels import ElidedLabel, make_label, name_widget
from steelyard.ui.widgets.models_badge import Badge, IconLabel
from steelyard.ui.widgets.models_flow import FlowRow
from steelyard.ui.widgets.models_paint import Chip
from steelyard.ui.widgets.servers_bars import MemoryBar
from steelyard.ui.widgets.servers_code import CodeView, Span
from steelyard.ui.widgets.servers_fact import InlineFact
from steelyard.ui.widgets.servers_slots import ColorDot, SlotSquares

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QMouseEvent, QPaintEvent
    from PySide6.QtWidgets import QPushButton

    from steelyard.ui.pages.servers_card_data import CardData
    from steelyard.ui.theme.theme import Theme

_COPIES = (("curl", "curl"), ("sdk", "SDK"), ("env", "env"))
_BUTTONS = {
    "waiting": (
        ("room", "Make room and start", "secondary", "Stop the idle servers named above, then start"),
        ("shrink", "Shrink context", "ghost", "Choose a shorter context that fits beside what runs"),
        ("cancel", "Cancel", "ghost", "Do not start it"),
    ),
    "ended": (
        ("start", "Start", "secondary", "Start it now, as it was"),
        ("forget", "Remove", "ghost", "Take it off this list; the weights stay"),
    ),
    "failed": (
        ("start", "Try again", "secondary", "Start it again, as it was"),
        ("forget", "Remove", "ghost", "Take it off this list; the weights stay"),
    ),
}


class ServerCard(QFrame):
    """Click, Enter or Space selects; arrows go to the next card."""

    chosen = Signal(str)
    """The user wants to see this server."""
    wanted = Signal(str, str)
    """Name, and what to do: room, shrink, cancel, start, forget."""
    copy_wanted = Signal(str, str)
    """Name, and what to copy: curl, sdk, env."""
    stepped = Signal(int)
    """An arrow key: +1 down, -1 up."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.data: CardData | None = None
        self.buttons: dict[str, QPushButton] = {}
        self.copies: dict[str, QPushButton] = {}
        self.setProperty("role", "card")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(14, 11, 14, 11)
        self.column.setSpacing(7)
        self._dot = ColorDot(theme)
        self._title = ElidedLabel(theme, "", px=13, weight=600, cut=Qt.TextElideMode.ElideRight)
        self._quant = Badge(theme)
        self._state = Badge(theme)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._dot)
        self._title.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        head.addWidget(self._title, 100)
        head.addWidget(self._quant)
        head.addStretch(1)
        head.addWidget(self._state)
        self.column.addLayout(head)
        self._body: QWidget | None = None
        self._kind = ""

    def show_data(self, data: CardData) -> None:
        """Show what is known now."""
        if data == self.data:
            return
        self.data = data
        self._dot.show_color(data.color)
        if self._title.text() != data.title:
            self._title.setText(data.title)
        self._quant.show_chip(Chip(data.quant, is_mono=True))
        self._state.show_chip(data.chip)
        self.setAccessibleName(data.spoken)
        self._ensure_body(data.kind)
        if data.kind == "live":
            self._show_live(data)
        else:
            self._show_told(data)

    def show_clock(self, up: str, unload: tuple[str, str, str]) -> None:
        """Uptime, and what happens when it idles: label, value, tooltip."""
        if self._kind == "live":
            self._up.show_value(up, "Since its process was started")
            self._unload.show_value(unload[1], unload[2], label=unload[0])

    def show_endpoint(self, url: str, tooltip: str) -> None:
        """Where other programs reach it."""
        if self._kind == "live" and url != self._url.text():
            self._url.setText(url)
            self._url.setAccessibleName(f"Endpoint {url}")
            self._url.setAccessibleDescription(tooltip)

    def set_selected(self, *, is_selected: bool) -> None:
        """Mark it as the one that is shown at the right."""
        set_role(self, "card-selected" if is_selected else "card")

    # ---- Qt ------------------------------------------------------------------------------------------------

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click selects."""
        if self.data is not None and self.rect().contains(event.position().toPoint()):
            self.chosen.emit(self.data.name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Space select, arrows walk."""
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Space if self.data is not None:
                self.chosen.emit(self.data.name)
            case Qt.Key.Key_Down:
                self.stepped.emit(1)
            case Qt.Key.Key_Up:
                self.stepped.emit(-1)
            case _:
                super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The frame, and the ring of the keyboard."""
        super().paintEvent(event)
        if self.hasFocus():
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self._theme.color("accent"), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 8, 8)

    # ---- parts ---------------------------------------------------------------------------------------------

    def _ensure_body(self, kind: str) -> None:
        if kind == self._kind:
            return
        if self._body is not None:
            self.column.removeWidget(self._body)
            self._body.hide()
            self._body.deleteLater()
        self._kind = kind
        self.buttons, self.copies = {}, {}
        self._body = self._make_live() if kind == "live" else self._make_told(kind)
        self.column.addWidget(self._body)

    def _make_live(self) -> QWidget:
        theme, body = self._theme, QWidget()
        self._squares = SlotSquares(theme)
        self._ctx = InlineFact(theme, "ctx")
        self._slots = InlineFact(theme, "slots", self._squares)
        self._up = InlineFact(theme, "up")
        self._unload = InlineFact(theme, "unload")
        facts = FlowRow(gap=8, line_gap=3)
        for fact in (self._ctx, self._slots, self._up, self._unload):
            facts.add(fact)
        self._url = ElidedLabel(theme, "", "prose", px=12)
        self._url.setFont(theme.font(12, mono=True))
        way = QHBoxLayout()
        way.setSpacing(6)
        way.addWidget(IconLabel(theme, "plug", "text3", 13))
        way.addWidget(self._url, 1)
        way.addWidget(IconLabel(theme, "copy", "text3", 13))
        for kind, text in _COPIES:
            button = make_button(theme, text, "quiet", tooltip=f"Copy as {text}")
            button.setFont(theme.font(12))
            button.setAccessibleName(f"Copy as {text}")
            button.clicked.connect(self._on_copy)
            button.setObjectName(kind)
            self.copies[kind] = button
            way.addWidget(button)
        self._banner = make_label(theme, "", "warn", px=12, wrap=True)
        self._queue = make_label(theme, "", "warn", px=12)
        self._bar = MemoryBar(theme)
        self._measured = make_label(theme, "", px=12, weight=500, tabular=True)
        self._predicted = make_label(theme, "", "muted", px=12, tabular=True)
        self._error = make_label(theme, "", "muted", px=12, weight=500, tabular=True)
        sums = QHBoxLayout()
        sums.setSpacing(8)
        sums.addWidget(self._measured)
        sums.addWidget(self._predicted)
        sums.addStretch(1)
        sums.addWidget(self._error)
        column = _column(body)
        column.addWidget(facts)
        column.addWidget(self._queue)
        column.addLayout(way)
        column.addWidget(self._bar)
        column.addLayout(sums)
        column.addWidget(self._banner)
        return body

    def _make_told(self, kind: str) -> QWidget:
        theme, body = self._theme, QWidget()
        self._text = make_label(theme, "", "prose", px=12, wrap=True)
        self._watts = make_label(theme, "", "good", px=12, wrap=True)
        self._log = CodeView(theme, "Last lines of the log", most_lines=3, px=11)
        row = FlowRow(gap=6, line_gap=4)
        for key, text, role, tip in _BUTTONS[kind]:
            button = make_button(theme, text, role, tooltip=tip)
            button.setFont(theme.font(12, 500))
            button.setObjectName(key)
            button.clicked.connect(self._on_button)
            self.buttons[key] = button
            row.add(button)
        column = _column(body)
        column.addWidget(self._text)
        column.addWidget(self._watts)
        column.addWidget(self._log)
        column.addWidget(row)
        return body

    def _show_live(self, data: CardData) -> None:
        self._ctx.show_value(data.ctx, data.ctx_tip)
        self._squares.show_slots(*data.slots, data.color)
        self._slots.show_value(f"{data.slots[0]} of {data.slots[1]}", "Slots that answer a request now")
        self._queue.setText(data.queue)
        self._queue.setVisible(bool(data.queue))
        self._bar.show_bar(data.bar, f"{data.measured}, {data.predicted}")
        self._measured.setText(data.measured)
        self._measured.setToolTip(data.measured_tip)
        self._predicted.setText(data.predicted)
        self._error.setText(data.error)
        self._error.setToolTip("Measured against predicted")
        set_role(self._error, data.error_role)
        self._banner.setText(data.banner)
        self._banner.setVisible(bool(data.banner))

    def _show_told(self, data: CardData) -> None:
        self._text.setText(data.text)
        self._watts.setText(data.watts)
        self._watts.setVisible(bool(data.watts))
        set_role(self._watts, "good" if "saved" in data.watts else "muted")
        self._log.show_lines(tuple((Span(line, "text2"),) for line in data.log))
        self._log.setVisible(bool(data.log))
        if "room" in self.buttons:
            self.buttons["room"].setEnabled(data.can_make_room)
            tip = "Stop the idle servers named above, then start"
            why = "Nothing idle could make enough room"
            name_widget(self.buttons["room"], "Make room and start", tip if data.can_make_room else why)

    @Slot()
    def _on_copy(self) -> None:
        sender = self.sender()
        if self.data is not None and sender is not None:
            self.copy_wanted.emit(self.data.name, sender.objectName())

    @Slot()
    def _on_button(self) -> None:
        sender = self.sender()
        if self.data is not None and sender is not None:
            self.wanted.emit(self.data.name, sender.objectName())


def _column(body: QWidget) -> QVBoxLayout:
    column = QVBoxLayout(body)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(7)
    return column
