"""The question of a pair: its first line, and all of it when it is unfolded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QVBoxLayout

from steelyard.ui.widgets.buttons import make_icon_button
from steelyard.ui.widgets.labels import ElidedLabel, make_label, name_widget

if TYPE_CHECKING:
    from steelyard.core.values.ballots import Draw
    from steelyard.ui.theme.theme import Theme

_MOST_SHOWN_CHARS = 200_000
_MOST_LINES = 9
_NAMED_FILES = 3


class PromptCard(QFrame):
    """Number, case, attachments and text of the question."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._text = ""
        self.setProperty("role", "card")
        self.setAccessibleName("Question")
        self._number = make_label(theme, "", px=13, weight=600, tabular=True)
        self._case = make_label(theme, "", "code-chip", px=11)
        self._files = make_label(theme, "", "muted", px=12)
        self._size = make_label(theme, "", "muted", px=12, tabular=True)
        self.fold_button = make_icon_button(theme, "chevron-down", "Show the whole question")
        self.fold_button.clicked.connect(self._on_fold)
        self._line = ElidedLabel(theme, px=13, cut=Qt.TextElideMode.ElideRight)
        self._whole = QPlainTextEdit()
        self._whole.setReadOnly(True)
        self._whole.setFrameShape(QFrame.Shape.NoFrame)
        self._whole.setProperty("role", "bare")
        self._whole.setFont(theme.font(13))
        self._whole.setTabChangesFocus(True)
        self._whole.document().setDocumentMargin(0)
        self._whole.setAccessibleName("The whole question")
        self._whole.hide()
        self._lay_out()

    @property
    def shown_text(self) -> str:
        """The question."""
        return self._text

    def show_draw(self, draw: Draw) -> None:
        """Show the question of a pair, folded."""
        question = draw.question
        self._text = question.content
        self._number.setText(f"Pair {draw.number:,}")
        self._case.setText(f"row {draw.case + 1:,}" if draw.case else "")
        self._case.setVisible(bool(draw.case))
        names = [file.name for file in question.attachments]
        shown = ", ".join(names[:_NAMED_FILES]) + (" …" if len(names) > _NAMED_FILES else "")
        self._files.setText(f"with {shown}" if names else "")
        lines = self._text.strip().splitlines()
        self._line.setText(" ".join(" ".join(lines[:3]).split())[:600])
        self._size.setText(
            f"{len(self._text):,} characters" if len(lines) > 1 or len(self._text) > 160 else ""
        )
        self.fold_button.setVisible(bool(self._size.text()))
        self._whole.setPlainText(self._text[:_MOST_SHOWN_CHARS])
        self._fold(is_open=False)

    @Slot()
    def _on_fold(self) -> None:
        self._fold(is_open=self._whole.isHidden())

    def _fold(self, *, is_open: bool) -> None:
        self._whole.setVisible(is_open)
        self._line.setVisible(not is_open)
        lines = min(_MOST_LINES, self._text.count("\n") + 1 + len(self._text) // 140)
        self._whole.setFixedHeight(max(2, lines) * self._whole.fontMetrics().lineSpacing() + 4)
        self._theme.bind_icon(self.fold_button, "chevron-up" if is_open else "chevron-down")
        name_widget(self.fold_button, "Show less of the question" if is_open else "Show the whole question")

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(10)
        for widget in (self._number, self._case, self._files):
            head.addWidget(widget)
        head.addStretch(1)
        head.addWidget(self._size)
        head.addWidget(self.fold_button)
        self.fold_button.setFixedHeight(20)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 7, 12, 9)
        column.setSpacing(3)
        column.addLayout(head)
        column.addWidget(self._line)
        column.addWidget(self._whole)
