"""Which figures of a run cannot be compared, in one line: the first reason, how many more, and one remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QFrame, QHBoxLayout, QSizePolicy

from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.compare_metric_words import metric_words
from steelyard.ui.widgets.compare_plain import plain_tooltip
from steelyard.ui.widgets.compare_reasons import ReasonsPopup, reason_of, text_of

if TYPE_CHECKING:
    from steelyard.core.values.comparison import NotComparable
    from steelyard.ui.theme.theme import Theme

HEIGHT_PX = 32
_TITLE = "Not comparable"
_ICON_PX = 16
_GAP_PX = 8
_LEAST_REASON_PX = 150
_LEAST_METRICS_PX = 56


class NotComparableBanner(QFrame):
    """Always one line high, so that it takes little of the answer; all reasons open over it."""

    remedy_chosen = Signal(object)
    """The user wants the remedy of this `NotComparable`."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._entries: list[NotComparable] = []
        self._popup: ReasonsPopup | None = None
        set_role(self, "banner-warn")
        self.setFixedHeight(HEIGHT_PX)
        self.line = ReasonLine(theme)
        self.button = make_button(theme, "", "link")
        self._row = QHBoxLayout(self)
        self._row.setSpacing(4)
        self._row.addWidget(self.line, 1)
        self._row.addWidget(self.button)
        self.line.clicked.connect(self.open_reasons)
        self.button.clicked.connect(self._on_remedy)
        self.hide()

    def show_entries(self, entries: list[NotComparable]) -> None:
        """Show these reasons; none hides the banner."""
        if entries == self._entries:
            return
        self._entries = entries
        if self._popup is not None:
            self._popup.close()
        self.setVisible(bool(entries))
        if not entries:
            return
        lead = self._lead()
        self.line.show_reason(lead, more=len(entries) - 1)
        spoken = "; ".join(text_of(entry) for entry in entries)
        self.line.setAccessibleName(f"{_TITLE}: {spoken}")
        self.line.setToolTip(plain_tooltip("\n".join([*map(text_of, entries), "All reasons: Alt+N"])))
        self.button.setVisible(bool(lead.remedy))
        self._row.setContentsMargins(8, 1, 6 if lead.remedy else 14, 0)
        self.button.setText(lead.remedy or "")
        self.button.setAccessibleName(f"{lead.remedy}: {text_of(lead)}")
        self.button.setToolTip(plain_tooltip(f"{lead.remedy}: {lead.detail} (Alt+R)"))

    @property
    def text(self) -> str:
        """Every reason there is, shown or one click away."""
        return "" if self.isHidden() else "\n".join(text_of(entry) for entry in self._entries)

    @property
    def reasons(self) -> ReasonsPopup:
        """All reasons, made when they are first wanted."""
        if self._popup is None:
            self._popup = ReasonsPopup(self._theme, self)
            self._popup.remedy_chosen.connect(self.remedy_chosen)
            self._popup.closed.connect(self.line.setFocus)
        return self._popup

    @Slot()
    def open_reasons(self) -> None:
        """Show all reasons with their remedies over the answer."""
        if not self.isHidden():
            self.reasons.open_over(self, self._entries)

    def _lead(self) -> NotComparable:
        """The reason that stands in the line: the first that something can be done about."""
        return next((entry for entry in self._entries if entry.remedy), self._entries[0])

    @Slot()
    def _on_remedy(self) -> None:
        self.remedy_chosen.emit(self._lead())


class ReasonLine(QAbstractButton):
    """Icon, `Not comparable`, the reason as far as there is room, `+2`; opens all of them."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._what = self._why = self._more = ""
        self._bold, self._plain = theme.font(12, 600), theme.font(12)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def show_reason(self, entry: NotComparable, *, more: int) -> None:
        """Show this one, and that there are others."""
        self._what, self._why = metric_words(entry.metrics), reason_of(entry)
        self._more = f"+{more}" if more else ""
        self.update()

    @property
    def shown(self) -> str:
        """The line as it is painted now, but for what is cut."""
        return " ".join(part for part in (*self._words(), self._more) if part)

    def sizeHint(self) -> QSize:
        """What there is room for."""
        return QSize(120, HEIGHT_PX - 4)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses it, as Space does."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """From left to right."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, middle = self._theme, self.height() / 2
        if self.hasFocus():
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 2, -1, -2), 4, 4)
        painter.drawPixmap(
            QPointF(7, middle - _ICON_PX / 2), theme.pixmap("triangle-alert", "warn", _ICON_PX)
        )
        title, detail = self._words()
        left = self._text_left()
        for text, font, color in ((title, self._bold, "warn"), (detail, self._plain, "text2")):
            if text:
                left = self._paint_text(painter, left, text, font, color)
        if self._more:
            rect = QRectF(self.width() - self._more_px(), 0, self._more_px(), self.height())
            painter.setFont(self._bold)
            painter.setPen(theme.color("warn"))
            painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignHCenter, self._more)

    def _paint_text(self, painter: QPainter, left: float, text: str, font: object, color: str) -> float:
        """One part, cut where the room ends; returns where the next may begin."""
        painter.setFont(font)  # type: ignore[arg-type]
        painter.setPen(self._theme.color(color))
        metrics = QFontMetricsF(painter.font())
        room = self.width() - self._more_px() - left
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRectF(left, 0, room, self.height()), Qt.AlignmentFlag.AlignVCenter, shown)
        return left + metrics.horizontalAdvance(shown) + _GAP_PX

    def _words(self) -> tuple[str, str]:
        """Title and detail for the room there is: the reason, else the figures, else one of the two."""
        bold, plain = QFontMetricsF(self._bold), QFontMetricsF(self._plain)
        room = self.width() - self._text_left() - self._more_px()
        beside = room - bold.horizontalAdvance(_TITLE) - _GAP_PX
        if beside >= min(_LEAST_REASON_PX, plain.horizontalAdvance(self._why)):
            return _TITLE, self._why
        if beside >= plain.horizontalAdvance(self._what):
            return _TITLE, self._what
        if beside >= -_GAP_PX:
            return _TITLE, self._what if beside >= _LEAST_METRICS_PX else ""
        return self._what, ""

    @staticmethod
    def _text_left() -> float:
        return 7 + _ICON_PX + _GAP_PX

    def _more_px(self) -> float:
        return QFontMetricsF(self._bold).horizontalAdvance(self._more) + _GAP_PX if self._more else 0
