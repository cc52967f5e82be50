"""All reasons why figures of a run cannot be compared, each with its remedy, over the answer until Esc."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QPushButton, QVBoxLayout, QWidget

from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.cards import make_scroll
from steelyard.ui.widgets.compare_metric_words import metric_words
from steelyard.ui.widgets.compare_plain import plain_tooltip
from steelyard.ui.widgets.compare_popup import Popup
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from steelyard.core.values.comparison import NotComparable
    from steelyard.ui.theme.theme import Theme

_LEAST_WIDTH_PX = 340
_MOST_HEIGHT_PX = 400
_FRAME_PX = 26  # margins and borders on both sides


class ReasonsPopup(Popup):
    """Grows upward from the line that it belongs to."""

    remedy_chosen = Signal(object)
    """The user wants the remedy of this `NotComparable`."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self.setAccessibleName("Not comparable")
        self.rows: list[ReasonRow] = []
        self._inside = QWidget()
        self._list = QVBoxLayout(self._inside)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(10)
        self._area = make_scroll(self._inside, "Figures that cannot be compared")
        self.column.addWidget(make_label(theme, "Not comparable", "warn", px=12, weight=600))
        self.column.addWidget(self._area)

    def open_over(self, line: QWidget, entries: list[NotComparable]) -> None:
        """Show these reasons over a line, as wide as it is."""
        for row in self.rows:
            self._list.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = [ReasonRow(self._theme, entry) for entry in entries]
        for row in self.rows:
            self._list.addWidget(row)
            row.remedy_chosen.connect(self._on_remedy)
        width = max(_LEAST_WIDTH_PX, line.width())
        self.setFixedWidth(width)
        height = self._list.totalHeightForWidth(width - _FRAME_PX)
        self._area.setFixedHeight(min(_MOST_HEIGHT_PX, height))
        self.adjustSize()
        self.open_near(line.mapToGlobal(QPoint(0, line.height() - self.height())))
        self._focus(0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc closes; the arrows go from remedy to remedy."""
        match event.key():
            case Qt.Key.Key_Escape:
                self.close()
            case Qt.Key.Key_Down:
                self._focus(self._at() + 1)
            case Qt.Key.Key_Up:
                self._focus(self._at() - 1)
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self._press()
            case _:
                super().keyPressEvent(event)

    def _press(self) -> None:
        if self._at() >= 0:
            self._buttons()[self._at()].click()

    def _buttons(self) -> list[QPushButton]:
        return [row.button for row in self.rows if not row.button.isHidden()]

    def _at(self) -> int:
        return next((at for at, button in enumerate(self._buttons()) if button.hasFocus()), -1)

    def _focus(self, at: int) -> None:
        """Put the keyboard on a remedy; without any on the text, so that Esc is heard."""
        buttons = self._buttons()
        target = buttons[max(0, min(at, len(buttons) - 1))] if buttons else self
        target.setFocus(Qt.FocusReason.PopupFocusReason)

    @Slot(object)
    def _on_remedy(self, entry: object) -> None:
        self.close()
        self.remedy_chosen.emit(entry)


class ReasonRow(QWidget):
    """The figures and the remedy; below them the whole reason."""

    remedy_chosen = Signal(object)
    """Carries the `NotComparable`."""

    def __init__(self, theme: Theme, entry: NotComparable) -> None:
        super().__init__()
        self._entry = entry
        what = make_label(theme, metric_words(entry.metrics), px=12, weight=600)
        why = make_label(theme, sentence(entry.detail), "prose", px=12, wrap=True)
        self.button = make_button(theme, entry.remedy or "", "link")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(0, 1)
        grid.addWidget(what, 0, 0)
        grid.addWidget(self.button, 0, 1)
        grid.addWidget(why, 1, 0, 1, 2)
        self.button.setVisible(bool(entry.remedy))
        self.button.setToolTip(plain_tooltip(f"{entry.remedy}: {entry.detail}"))
        self.button.clicked.connect(self._on_clicked)
        self.setAccessibleName(text_of(entry))

    @Slot()
    def _on_clicked(self) -> None:
        self.remedy_chosen.emit(self._entry)


def sentence(detail: str) -> str:
    """With a capital at its beginning."""
    return detail[:1].upper() + detail[1:]


def reason_of(entry: NotComparable) -> str:
    """The reason in one line; what it says of the other columns is left to the list."""
    is_about_others = entry.code == "tokenizer_differs"
    return sentence(entry.detail if is_about_others else entry.detail.partition(";")[0])


def text_of(entry: NotComparable) -> str:
    """`TTFT, total: The model was loaded for this run`."""
    return f"{metric_words(entry.metrics)}: {reason_of(entry)}"
