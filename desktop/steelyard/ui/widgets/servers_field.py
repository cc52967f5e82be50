"""Fields of a launch profile: label and remark above, control below, brass while changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from steelyard.ui.theme.theme import restyle, set_role
from steelyard.ui.widgets.labels import ElidedLabel, make_label, name_widget
from steelyard.ui.widgets.models_paint import Ink, draw_text, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent, QWheelEvent

    from steelyard.ui.theme.theme import Theme

_CHEVRON_PX = 14
_UNIT = Ink(12, 400, "text3")


class Choice(QComboBox):
    """A list to choose from with a chevron; the page scrolls when the wheel is turned over it."""

    picked = Signal(str)
    """The user chose the option with this key, or typed this text."""

    def __init__(
        self, theme: Theme, name: str, options: Sequence[tuple[str, str]], *, is_open: bool = False
    ) -> None:
        super().__init__()
        self._theme = theme
        self._is_open = is_open
        self.setFont(theme.font(13))
        name_widget(self, name)
        self.setEditable(is_open)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumContentsLength(6)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMaxVisibleItems(16)
        self.view().setAccessibleName(f"{name}: choices")
        self.set_options(options)
        line = self.lineEdit()
        if line is not None:
            line.setProperty("role", "bare")
            line.setFont(theme.font(13))
            line.setAccessibleName(name)
            line.textEdited.connect(self.picked)
        self.activated.connect(self._on_activated)
        theme.changed.connect(self.update)

    def set_options(self, options: Sequence[tuple[str, str]]) -> None:
        """Show other options; nobody is told."""
        self.blockSignals(True)
        self.clear()
        for key, text in options:
            self.addItem(text, key)
            if not text.isascii() or len(text) > 24:
                self.setItemData(self.count() - 1, text, Qt.ItemDataRole.ToolTipRole)
        self.blockSignals(False)

    @property
    def value(self) -> str:
        """The key of the chosen option, or what was typed."""
        at = self.currentIndex()
        if self._is_open and self.currentText() != self.itemText(at):
            return self.currentText().strip()
        return str(self.itemData(at) if at >= 0 else "")

    def set_value(self, key: str, text: str = "") -> None:
        """Choose without telling anyone; a key that is not on the list is added with its text."""
        if key == self.value and self.currentIndex() >= 0:
            return
        at = self.findData(key)
        if at < 0 and self._is_open:
            self.setEditText(text or key)
            return
        if at < 0:
            self.addItem(text or key, key)
            at = self.count() - 1
        self.setCurrentIndex(at)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Not a way to change a value."""
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The chevron that the style sheet took away."""
        super().paintEvent(event)
        painter = QPainter(self)
        color = "text2" if self.isEnabled() else "ctl"
        pixmap = self._theme.pixmap("chevron-down", color, _CHEVRON_PX)
        painter.drawPixmap(self.width() - _CHEVRON_PX - 8, (self.height() - _CHEVRON_PX) // 2, pixmap)

    @Slot(int)
    def _on_activated(self, at: int) -> None:
        self.picked.emit(str(self.itemData(at)))


class UnitEdit(QLineEdit):
    """A line of text with its unit at the right end."""

    def __init__(self, theme: Theme, name: str, unit: str = "", *, is_mono: bool = False) -> None:
        super().__init__()
        self._theme = theme
        self._unit = unit
        self.setFont(theme.font(12 if is_mono else 13, mono=is_mono, tabular=not is_mono and bool(unit)))
        if unit:
            self.setTextMargins(0, 0, round(width_of(unit, _UNIT)) + 8, 0)
        name_widget(self, name)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The text, then the unit."""
        super().paintEvent(event)
        if self._unit:
            area = QRectF(0, 0, self.width() - 10, self.height())
            painter = QPainter(self)
            draw_text(painter, self._theme, area, self._unit, _UNIT, Qt.AlignmentFlag.AlignRight)


class _Aside(ElidedLabel):
    """As wide as its text, so that it ends where the control ends; cut where there is no room."""

    def minimumSizeHint(self) -> QSize:
        """Never wider than the text."""
        least = super().minimumSizeHint()
        return QSize(min(least.width(), self.sizeHint().width()), least.height())


class FieldBox(QWidget):
    """A control with its label; `aside` says at the right what is in force, or what it was."""

    def __init__(self, theme: Theme, label: str, control: QWidget, tooltip: str = "") -> None:
        super().__init__()
        self._tooltip = tooltip or label
        self._aside_text = ""
        self._was: str | None = None
        self.control = control
        self.label = make_label(theme, label, "prose", px=12, weight=500)
        self.aside = _Aside(theme, "", "muted", px=11, cut=Qt.TextElideMode.ElideRight)
        self.aside.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.below = make_label(theme, "", "error", px=11, wrap=True)
        self.below.hide()
        self.label.setBuddy(control)
        name_widget(control, label, self._tooltip)
        self.label.setToolTip(self._tooltip)
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self.label)
        head.addStretch(1)
        head.addWidget(self.aside)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(control)
        column.addWidget(self.below)

    def set_aside(self, text: str) -> None:
        """What is in force."""
        self._aside_text = text
        self._show_aside()

    def set_was(self, was: str | None) -> None:
        """Mark it as changed and say what it was; None: it is not changed."""
        if was == self._was:
            return
        is_new = (was is None) != (self._was is None)
        self._was = was
        if is_new:
            set_role(self.label, "prose" if was is None else "accent")
            self.control.setProperty("changed", was is not None)
            restyle(self.control)
        self._show_aside()
        self.control.setAccessibleDescription("" if was is None else f"Changed, was {was}")

    @property
    def is_changed(self) -> bool:
        """Whether it is marked as changed."""
        return self._was is not None

    def set_error(self, error: str) -> None:
        """Say what is wrong; empty: nothing is."""
        if error == self.below.text():
            return
        self.below.setText(error)
        self.below.setVisible(bool(error))
        self.control.setProperty("invalid", bool(error))
        restyle(self.control)
        self.control.setAccessibleDescription(error)

    def _show_aside(self) -> None:
        text = self._aside_text if self._was is None else f"was {self._was}"
        if text != self.aside.text():
            self.aside.setText(text)
