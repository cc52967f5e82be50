"""The head of a column: who answers, in which state, and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QSizePolicy, QVBoxLayout, QWidget

from steelyard.ui.widgets.buttons import make_icon_button
from steelyard.ui.widgets.compare_pill import PillRow, PillState, StatePill
from steelyard.ui.widgets.compare_plain import plain_tooltip
from steelyard.ui.widgets.labels import ElidedLabel, make_label, name_widget

if TYPE_CHECKING:
    from PySide6.QtCore import SignalInstance
    from PySide6.QtGui import QResizeEvent

    from steelyard.ui.pages.compare_targets import TargetRef
    from steelyard.ui.theme.theme import Theme

_SQUARE_PX = 10
_CHIP_FROM_PX = 350
_LEFT_PX, _RIGHT_PX, _GAP_PX = 16, 12, 7
_SECOND_PX = 21
_ICON_PX = 14
_DETAIL_SHARE = 0.42


class SeriesSquare(QWidget):
    """The column's colour; the same square stands in the strip."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._index = 0
        self.setFixedSize(QSize(_SQUARE_PX, _SQUARE_PX))
        theme.changed.connect(self.update)

    def show_index(self, index: int) -> None:
        """Take the colour of a column."""
        self._index = index
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A rounded square."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.series(self._index))
        painter.drawRoundedRect(QRectF(0, 0, _SQUARE_PX, _SQUARE_PX), 2, 2)


class ColumnHeader(QWidget):
    """Two lines: name, quant, state, menu; then who exactly answered."""

    copy_wanted = Signal()
    rerun_wanted = Signal()
    edit_wanted = Signal()
    pin_wanted = Signal()
    json_wanted = Signal()
    remove_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._ref: TargetRef | None = None
        self._square = SeriesSquare(theme)
        self._title = ElidedLabel(theme, "", px=15, weight=600)
        self._title.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self._quant = make_label(theme, "", "code-chip", px=11, mono=True)
        self.pill = StatePill(theme)
        self.pin_button = make_icon_button(
            theme, "pin", "Pin this answer", tooltip="Reruns leave a pinned answer as it is (Ctrl+P)"
        )
        self.pin_button.setCheckable(True)
        self.pin_button.hide()
        self.menu_button = make_icon_button(theme, "ellipsis-vertical", "Column menu")
        self._icon = QLabel()
        self._where = make_label(theme, "", "prose", px=12, weight=500)
        self._detail = ElidedLabel(theme, "", "muted", px=12)
        self.notes = PillRow(theme)
        self.menu = QMenu(self)
        self._add_actions()
        self._lay_out()
        self.menu_button.clicked.connect(self._on_menu_clicked)
        self.pin_button.clicked.connect(self.pin_wanted)
        theme.changed.connect(self._show_icon)

    def show_target(self, ref: TargetRef, index: int) -> None:
        """Name and place."""
        self._square.show_index(index)
        self._title.setText(ref.title)
        self._ref = ref
        self._quant.setText(ref.quant)
        self._where.setText("Local" if ref.kind == "local" else "API")
        self.menu_button.setAccessibleName(f"Menu of {ref.title}")
        self.menu_button.setToolTip(plain_tooltip(f"Menu of {ref.title}"))
        self.setAccessibleName(f"{ref.title} {ref.quant}, {self._where.text()}, {ref.detail}")
        self._show_icon()
        self._fit()

    def show_state(self, state: PillState) -> None:
        """Warm, cold, loading, failed."""
        self.pill.show_state(state)

    def show_notes(self, states: list[PillState]) -> None:
        """What is said of the answer beside its figures."""
        if states != self.notes.states:
            self.notes.show_states(states)
            self._fit()

    def show_actions(self, *, has_text: bool, has_run: bool, can_rerun: bool, is_pinned: bool) -> None:
        """Enable what makes sense now; the pin is seen where something is pinned."""
        self.copy_action.setEnabled(has_text)
        self.json_action.setEnabled(has_run)
        self.rerun_action.setEnabled(can_rerun)
        self.edit_action.setEnabled(can_rerun)
        self.pin_action.setEnabled(can_rerun and has_run)
        self.pin_action.setText("Unpin answer" if is_pinned else "Pin answer")
        if is_pinned != self.pin_button.isChecked() or is_pinned == self.pin_button.isHidden():
            self.pin_button.setChecked(is_pinned)
            self.pin_button.setVisible(is_pinned)
            name = "Unpin this answer" if is_pinned else "Pin this answer"
            name_widget(self.pin_button, name, f"{name}: reruns leave a pinned answer as it is (Ctrl+P)")
            self._theme.bind_icon(self.pin_button, "pin", "accent" if is_pinned else "text2")

    @property
    def detail(self) -> str:
        """The second line."""
        return f"{self._where.text()} {self._detail.text()}"

    @property
    def title(self) -> str:
        """The name that is shown."""
        return self._title.text()

    def _add_actions(self) -> None:
        self.copy_action = self._action("Copy answer", "copy", self.copy_wanted)
        self.rerun_action = self._action("Regenerate answer", "rotate-cw", self.rerun_wanted)
        self.edit_action = self._action("Edit question", "pencil", self.edit_wanted)
        self.pin_action = self._action("Pin answer", "pin", self.pin_wanted)
        self.json_action = self._action("Copy run as JSON", "braces", self.json_wanted)
        self.menu.addSeparator()
        self.remove_action = self._action("Remove", "x", self.remove_wanted)

    def _action(self, text: str, icon: str, signal: SignalInstance) -> QAction:
        # Made here, not by addAction(text): what Qt itself makes can lose its Python side while it lives.
        action = QAction(text, self.menu)
        self.menu.addAction(action)
        self._theme.bind_icon(action, icon)
        action.triggered.connect(signal)
        return action

    def _lay_out(self) -> None:
        first = QHBoxLayout()
        first.setSpacing(9)
        first.addWidget(self._square)
        first.addWidget(self._title)
        first.addWidget(self._quant)
        first.addStretch(1)
        first.addWidget(self.pin_button)
        first.addWidget(self.pill)
        first.addWidget(self.menu_button)
        second = QHBoxLayout()
        second.setSpacing(_GAP_PX)
        second.addStrut(_SECOND_PX)
        second.addWidget(self._icon)
        second.addWidget(self._where)
        second.addWidget(self._detail, 1)
        second.addWidget(self.notes)
        column = QVBoxLayout(self)
        column.setContentsMargins(_LEFT_PX, 6, _RIGHT_PX, 6)
        column.setSpacing(1)
        column.addLayout(first)
        column.addLayout(second)

    @Slot()
    def _on_menu_clicked(self) -> None:
        below = QPoint(self.menu_button.width() - self.menu.sizeHint().width(), self.menu_button.height())
        self.menu.popup(self.menu_button.mapToGlobal(below))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where it is narrow the quant moves to the second line."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        if self._ref is None:
            return
        is_narrow = self.width() < _CHIP_FROM_PX
        self._quant.setVisible(bool(self._ref.quant) and not is_narrow)
        parts = [self._ref.quant if is_narrow else "", self._ref.detail]
        self._detail.setText("".join(f"· {part} " for part in parts if part).strip())
        room = self.width() - _LEFT_PX - _RIGHT_PX - _ICON_PX - self._where.sizeHint().width() - 3 * _GAP_PX
        detail = self._detail.sizeHint().width()  # who answered is cut only for what is said of the answer
        self.notes.fit(room - min(detail, round(room * _DETAIL_SHARE)))

    def _show_icon(self) -> None:
        icon = "cloud" if self._ref is not None and self._ref.kind == "api" else "hard-drive"
        self._icon.setPixmap(self._theme.pixmap(icon, "text3", _ICON_PX))
