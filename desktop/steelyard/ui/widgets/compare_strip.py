"""The strip under the columns: four metrics with small bars, and who is best among what can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QSizePolicy, QToolTip, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QFont

    from steelyard.ui.theme.theme import Theme
    from steelyard.ui.widgets.compare_strip_rows import Metric, MetricRow

_PAD_PX = 16
_HEAD_PX = 34
_ROW_PX = 22
_PILL_MIN_PX = 70
_COMPACT_PX = 54
_COMPACT_PAD_PX = 12
_SQUARE_PX = 9
_VALUE_PX = 74
_BAR_PX = 6


class CompareStrip(QFrame):
    """Painted: bars of one colour per column; `compact` keeps it to one line where height is scarce."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._metrics: list[Metric] = []
        self._is_compact = False
        self._title_font = theme.font(12, 600)
        self._hint_font = theme.font(11)
        self._value_font = theme.font(12, tabular=True)
        self._best_font = theme.font(12, 600, tabular=True)
        self._small_font = theme.font(11, tabular=True)
        self._small_best_font = theme.font(11, 600, tabular=True)
        self.setProperty("role", "card")
        self.setAccessibleName("Comparison")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    @property
    def metrics(self) -> list[Metric]:
        """What is shown."""
        return self._metrics

    def show_metrics(self, metrics: list[Metric]) -> None:
        """Show other figures; equal ones cost nothing."""
        if metrics == self._metrics:
            return
        rows_changed = self._row_count(metrics) != self._row_count(self._metrics)
        self._metrics = metrics
        self.setAccessibleDescription(" ".join(metric.spoken for metric in metrics))
        if rows_changed:
            self.updateGeometry()
        self.update()

    def set_compact(self, *, is_compact: bool) -> None:
        """One line instead of bars."""
        if is_compact != self._is_compact:
            self._is_compact = is_compact
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        """As high as the columns need."""
        if self._is_compact:
            return QSize(600, _COMPACT_PX)
        return QSize(600, _HEAD_PX + _ROW_PX * max(1, self._row_count(self._metrics)) + 8)

    def minimumSizeHint(self) -> QSize:
        """See `sizeHint`."""
        return QSize(400, self.sizeHint().height())

    def event(self, event: QEvent) -> bool:
        """Hovering a metric reads all of it."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.tooltip_at(event.pos().x()), self)
            return True
        return super().event(event)

    def tooltip_at(self, x: int) -> str:
        """What hovering at this place says, as plain text."""
        for at, metric in enumerate(self._metrics):
            if self._section(at).left() - _PAD_PX <= x < self._section(at).right() + _PAD_PX:
                lines = [
                    f"{row.title}: {row.text}" + (f" ({row.why})" if row.why else "") for row in metric.rows
                ]
                return "\n".join([metric.title, *lines, *([metric.best_words] if metric.best_words else [])])
        return ""

    # ---- painting ------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Section by section."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for at, metric in enumerate(self._metrics):
            section = self._section(at)
            if at:
                painter.fillRect(
                    QRectF(at * self.width() / len(self._metrics), 10, 1, self.height() - 20),
                    self._theme.color("line"),
                )
            self._paint_head(painter, section, metric)
            if self._is_compact:
                self._paint_line(painter, section, metric)
            else:
                self._paint_rows(painter, section, metric)

    def _section(self, at: int) -> QRectF:
        width = self.width() / max(1, len(self._metrics))
        pad = _COMPACT_PAD_PX if self._is_compact else _PAD_PX
        return QRectF(at * width + pad, 0, width - 2 * pad, self.height())

    def _paint_head(self, painter: QPainter, section: QRectF, metric: Metric) -> None:
        titles, hints = QFontMetricsF(self._title_font), QFontMetricsF(self._hint_font)
        self._text(painter, self._title_font, "text", QPointF(section.left(), 23), metric.title)
        x = section.left() + titles.horizontalAdvance(metric.title) + 8
        room = section.right() - x
        if metric.best_words and room > _PILL_MIN_PX:
            room -= self._paint_pill(painter, section, x, metric) + 8
        if hints.horizontalAdvance(metric.hint) <= room:
            self._text(painter, self._hint_font, "text3", QPointF(x, 23), metric.hint)

    def _paint_pill(self, painter: QPainter, section: QRectF, from_x: float, metric: Metric) -> float:
        metrics = QFontMetricsF(self._hint_font)
        room = section.right() - from_x - 30
        words = metric.best_words
        if metrics.horizontalAdvance(words) > room:
            words = words.partition(",")[0]
        words = metrics.elidedText(words, Qt.TextElideMode.ElideRight, room)
        width = metrics.horizontalAdvance(words) + 30
        pill = QRectF(section.right() - width, 8.5, width, 20)
        theme = self._theme
        painter.setPen(QPen(theme.color("good"), 1))
        painter.setBrush(theme.color("good_soft"))
        painter.drawRoundedRect(pill, 4, 4)
        painter.drawPixmap(
            QPointF(pill.left() + 6, pill.top() + 4), theme.pixmap(metric.best_icon, "good", 12)
        )
        self._text(painter, self._hint_font, "good", QPointF(pill.left() + 22, pill.top() + 14), words)
        return width

    def _paint_rows(self, painter: QPainter, section: QRectF, metric: Metric) -> None:
        most = max((row.value for row in metric.rows if _has_bar(row) and row.value), default=0.0)
        for at, row in enumerate(metric.rows):
            middle = _HEAD_PX + at * _ROW_PX + _ROW_PX / 2
            self._square(painter, section.left(), middle, at)
            left = section.left() + _SQUARE_PX + 7
            if _has_bar(row) and row.value is not None:
                bar = QRectF(left, middle - _BAR_PX / 2, section.right() - _VALUE_PX - left, _BAR_PX)
                self._bar(painter, bar, row.value / most if most else 0.0, at)
                self._value(painter, section, middle, row, is_best=metric.best == at)
            else:
                self._note(painter, left, section.right(), middle, row)

    def _bar(self, painter: QPainter, rect: QRectF, share: float, at: int) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("line"))
        painter.drawRoundedRect(rect, 3, 3)
        painter.setBrush(self._theme.series(at))
        painter.drawRoundedRect(
            QRectF(rect.left(), rect.top(), max(6.0, rect.width() * share), rect.height()), 3, 3
        )

    def _value(
        self, painter: QPainter, section: QRectF, middle: float, row: MetricRow, *, is_best: bool
    ) -> None:
        font = self._best_font if is_best else self._value_font
        painter.setFont(font)
        painter.setPen(self._theme.color("text" if is_best else "text2"))
        room = QRectF(section.right() - _VALUE_PX + 8, middle - 10, _VALUE_PX - 8, 20)
        text = QFontMetricsF(font).elidedText(row.text, Qt.TextElideMode.ElideRight, room.width() + 1)
        painter.drawText(room, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)

    def _note(self, painter: QPainter, left: float, right: float, middle: float, row: MetricRow) -> None:
        metrics = QFontMetricsF(self._hint_font)
        words = metrics.elidedText(row.text, Qt.TextElideMode.ElideRight, right - left)
        self._text(painter, self._hint_font, "text3", QPointF(left, middle + 4), words)

    def _paint_line(self, painter: QPainter, section: QRectF, metric: Metric) -> None:
        texts = [row.text if _has_bar(row) else "—" for row in metric.rows]
        fonts, widths = self._line_fit(section.width(), texts)
        x = section.left()
        for at, (row, text, width) in enumerate(zip(metric.rows, texts, widths, strict=True)):
            self._square(painter, x, 41, at)
            is_best = metric.best == at
            color = "text" if is_best else "warn" if row.state == "excluded" else "text2"
            font = fonts[0] if is_best else fonts[1]
            text = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, width - _SQUARE_PX - 5)
            self._text(painter, font, color, QPointF(x + _SQUARE_PX + 4, 45), text)
            x += width

    def _line_fit(self, room: float, texts: list[str]) -> tuple[tuple[QFont, QFont], list[float]]:
        """Fonts and widths of a line: what is short leaves its room to what is long."""
        small = self._small_best_font, self._small_font
        for fonts in ((self._best_font, self._value_font), small):
            metrics = QFontMetricsF(fonts[0])
            wanted = [_SQUARE_PX + 14 + metrics.horizontalAdvance(text) for text in texts]
            spare = (room - sum(wanted)) / max(1, len(texts))
            if spare >= 0:
                return fonts, [width + spare for width in wanted]
        return small, [room / max(1, len(texts))] * len(texts)

    def _square(self, painter: QPainter, x: float, middle: float, at: int) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.series(at))
        painter.drawRoundedRect(QRectF(x, middle - _SQUARE_PX / 2, _SQUARE_PX, _SQUARE_PX), 2, 2)

    def _text(self, painter: QPainter, font: QFont, color: str, at: QPointF, text: str) -> None:
        painter.setFont(font)
        painter.setPen(self._theme.color(color))
        painter.drawText(at, text)

    @staticmethod
    def _row_count(metrics: list[Metric]) -> int:
        return max((len(metric.rows) for metric in metrics), default=1)


def _has_bar(row: MetricRow) -> bool:
    return row.state in ("final", "live") and row.value is not None
