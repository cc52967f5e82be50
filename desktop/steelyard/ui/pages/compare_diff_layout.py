"""How the diff of two answers is laid out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from steelyard.ui.widgets.buttons import Segmented, make_icon_button
from steelyard.ui.widgets.compare_diff_pane import DiffPane
from steelyard.ui.widgets.labels import make_label, name_widget

if TYPE_CHECKING:
    from steelyard.ui.pages.compare_answers import AnswerChoice
    from steelyard.ui.theme.theme import Theme


class AnswerBox(QComboBox):
    """Chooses one answer; as narrow as it must be."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.setFont(theme.font(13))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(12)
        name_widget(self, name)

    def minimumSizeHint(self) -> QSize:
        """Long names are cut."""
        return QSize(120, super().minimumSizeHint().height())


class DiffLayout(QFrame):
    """Two answers to choose, how to compare them, the texts."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.setAccessibleName("Diff of two answers")
        self.left_box = AnswerBox(theme, "Left answer")
        self.right_box = AnswerBox(theme, "Right answer")
        self.swap_button = make_icon_button(theme, "arrow-right", "Swap the two answers")
        self.close_button = make_icon_button(theme, "x", "Close the diff", tooltip="Close the diff (Esc)")
        self.by = Segmented(theme, "Compare by", [("words", "Words"), ("lines", "Lines")])
        self.layout_choice = Segmented(theme, "Layout", [("side", "Side by side"), ("inline", "Inline")])
        self.similarity = make_label(theme, "", weight=600, tabular=True)
        self._count = make_label(theme, "", "muted", px=12, tabular=True)
        self.before_button = make_icon_button(
            theme, "arrow-up", "Previous change", tooltip="Previous change (P)"
        )
        self.next_button = make_icon_button(theme, "arrow-down", "Next change", tooltip="Next change (N)")
        self._note = make_label(theme, "", "warn", px=12, wrap=True)
        self.left = DiffPane(theme, "Left text; struck out is only here")
        self.right = DiffPane(theme, "Right text; underlined is only here")
        self.both = DiffPane(theme, "Both texts; struck out is only left, underlined only right")
        self._message = make_label(theme, "", "prose", wrap=True)
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._legend = make_label(theme, "Struck out: only left. Underlined: only right.", "muted", px=11)
        self._legend.setMinimumWidth(1)
        self._lay_out()
        self.show_message("")
        self.show_count(None, None)

    def set_choices(self, choices: list[AnswerChoice], left: str, right: str) -> None:
        """Fill both boxes without telling anyone."""
        for box, chosen in ((self.left_box, left), (self.right_box, right)):
            box.blockSignals(True)
            box.clear()
            for choice in choices:
                box.addItem(choice.label, choice.run_id)
            box.setCurrentIndex(box.findData(chosen))
            box.blockSignals(False)

    def shown_panes(self) -> list[DiffPane]:
        """The panes that show the texts now."""
        return [self.both] if self._stack.currentWidget() is self.both else [self.left, self.right]

    def show_texts(self, *, inline: bool) -> None:
        """Bring the texts to the front."""
        self._stack.setCurrentWidget(self.both if inline else self._pair)
        self._legend.show()

    def show_message(self, text: str) -> None:
        """Say why there are no texts."""
        self._message.setText(text)
        self._stack.setCurrentWidget(self._message)
        self.similarity.setText("")
        self._legend.hide()
        self.show_note("")

    def show_note(self, text: str) -> None:
        """What is coarser than asked; empty hides it."""
        self._note.setText(text.strip())
        self._note.setVisible(bool(text.strip()))

    def show_count(self, at: int | None, total: int | None) -> None:
        """Which change of how many; None is not known."""
        for button in (self.before_button, self.next_button):
            button.setEnabled(bool(total))
        if total is None:
            self._count.setText("")
        elif at is None:
            self._count.setText("no change" if not total else f"{total:,} changes")
        else:
            self._count.setText(f"{at:,} of {total:,} {'change' if total == 1 else 'changes'}")

    @property
    def count_text(self) -> str:
        """What is said of the changes."""
        return self._count.text()

    @property
    def note_text(self) -> str:
        """What is said to be coarser; empty when nothing is."""
        return self._note.text()

    @property
    def message(self) -> str:
        """What stands in place of the texts; empty while they are shown."""
        return self._message.text() if self._stack.currentWidget() is self._message else ""

    def _lay_out(self) -> None:
        self._pair = QWidget()
        pair = QHBoxLayout(self._pair)
        pair.setContentsMargins(0, 0, 0, 0)
        pair.setSpacing(8)
        pair.addWidget(self.left, 1)
        pair.addWidget(self.right, 1)
        self._stack = QStackedWidget()
        for widget in (self._message, self._pair, self.both):
            self._stack.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 12)
        column.setSpacing(8)
        column.addLayout(_row([self.left_box, self.swap_button, self.right_box, self.close_button]))
        second = _row([self.by, self.layout_choice, self.similarity, self._legend])
        second.addStretch(1)
        for widget in (self._count, self.before_button, self.next_button):
            second.addWidget(widget)
        column.addLayout(second)
        column.addWidget(self._note)
        column.addWidget(self._stack, 1)


def _row(widgets: list[QWidget]) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(8)
    for widget in widgets:
        row.addWidget(widget, 1 if isinstance(widget, AnswerBox) else 0)
    return row
