"""Two answers against each other: what the one says and the other does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal, Slot

from steelyard.core.base.errors import printable
from steelyard.core.values.commands import DiffAnswers
from steelyard.ui.pages.compare_diff_layout import DiffLayout
from steelyard.ui.widgets.keys import takes_esc

if TYPE_CHECKING:
    from typing import Literal

    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QKeyEvent
    from PySide6.QtWidgets import QWidget

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.comparison import DiffBy, DiffOp, TextDiff
    from steelyard.ui.bridge import Bridge, Call
    from steelyard.ui.pages.compare_answers import AnswerChoice
    from steelyard.ui.theme.theme import Theme
    from steelyard.ui.widgets.compare_diff_pane import DiffPane, Mark

SHOWN_MAX_CHARS = 2 * 1024 * 1024
"""Of each text; what comes after it is compared, but not shown."""


class DiffView(DiffLayout):
    """Choose two answers; their texts appear side by side or in one. N and P step through the changes."""

    closed = Signal()
    """The user is done with it."""

    def __init__(self, theme: Theme, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._theme = theme
        self._bridge = bridge
        self._call: Call | None = None
        self._diff: TextDiff | None = None
        self._changes: list[int] = []
        self._at = -1
        self._step_due = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self._ask)
        self._connect()

    def open(self, choices: list[AnswerChoice], left: str = "", right: str = "") -> None:
        """Show two of these answers, by run id; without ids the first of two columns."""
        ids = [choice.run_id for choice in choices]
        left = left if left in ids else (ids[0] if ids else "")
        if right not in ids or right == left:
            right = _other(choices, left)
        self.set_choices(choices, left, right)
        self._ask()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def step(self, by: int) -> None:
        """To the next change (1) or the one before (-1), round the ends."""
        if not all(pane.is_written for pane in self.shown_panes()):
            self._step_due = by
        elif self._changes:
            self._at = (self._at + by) % len(self._changes) if self._at >= 0 else (0 if by > 0 else -1)
            self._at %= len(self._changes)
            for pane in self.shown_panes():
                pane.show_current(self._changes[self._at])
            self._show_count()

    def event(self, event: QEvent) -> bool:
        """Esc is for this view."""
        return takes_esc(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """N, P, Esc."""
        match event.key():
            case Qt.Key.Key_N | Qt.Key.Key_F8 if not event.modifiers():
                self.step(1)
            case Qt.Key.Key_P:
                self.step(-1)
            case Qt.Key.Key_F8:
                self.step(-1)
            case Qt.Key.Key_Escape:
                self.closed.emit()
            case _:
                super().keyPressEvent(event)

    # ---- asking --------------------------------------------------------------------------------------------

    @Slot()
    def _ask(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None
        left, right = self.left_box.currentData(), self.right_box.currentData()
        self._diff, self._changes, self._at = None, [], -1
        self._show_count()
        if not left or not right:
            self.show_message("There are no two answers to compare yet.")
            return
        if left == right:
            self.show_message("This is the same answer twice. Choose another one on one side.")
            return
        self.similarity.setText("Comparing…")
        by: DiffBy = "lines" if self.by.value == "lines" else "words"
        command = DiffAnswers(left=left, right=right, by=by)
        self._call = self._bridge.run(command, on_done=self._on_diff, on_error=self._on_error)

    def _on_diff(self, diff: TextDiff) -> None:
        self._call = None
        self._diff = diff
        self._show_diff()

    def _on_error(self, error: AppError) -> None:
        self._call = None
        self.show_message(printable(" ".join(part for part in (error.title + ".", error.hint) if part)))

    # ---- showing -------------------------------------------------------------------------------------------

    @Slot()
    def _show_diff(self) -> None:
        if self._diff is None:
            return
        diff = self._diff
        is_identical = all(piece.op == "equal" for piece in diff.pieces)
        self._changes = [at for at, piece in enumerate(diff.pieces) if piece.op != "equal"]
        self._at, self._step_due = -1, 1 if self._changes else 0
        self.similarity.setText("identical" if is_identical else f"{_percent(diff.similarity)} alike")
        self.show_texts(inline=self.layout_choice.value == "inline")
        if self.layout_choice.value == "inline":
            self.both.show_pieces(_cut(_inline(diff)))
            self._changes = [at for at, (mark, _) in enumerate(_inline(diff)) if mark != "equal"]
            self._changes = _groups(self._changes)
        else:
            self.left.show_pieces(_cut(_side(diff, "left")))
            self.right.show_pieces(_cut(_side(diff, "right")))
        self.show_note(diff.note + (_CUT if _is_cut(diff) else ""))
        self._show_count()

    @Slot()
    def _on_written(self) -> None:
        if self._step_due and all(pane.is_written for pane in self.shown_panes()):
            by, self._step_due = self._step_due, 0
            self.step(by)

    def _show_count(self) -> None:
        total = len(self._changes)
        self.show_count(self._at + 1 if self._at >= 0 else None, total if self._diff is not None else None)

    # ---- wiring --------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        self.left_box.currentIndexChanged.connect(self._on_chosen)
        self.right_box.currentIndexChanged.connect(self._on_chosen)
        self.by.chosen.connect(self._on_chosen)
        self.layout_choice.chosen.connect(self._show_diff)
        self.swap_button.clicked.connect(self._on_swap)
        self.before_button.clicked.connect(self._on_before)
        self.next_button.clicked.connect(self._on_next)
        self.close_button.clicked.connect(self.closed)
        self.left.user_scrolled.connect(self._on_left_scrolled)
        self.right.user_scrolled.connect(self._on_right_scrolled)
        for pane in (self.left, self.right, self.both):
            pane.written.connect(self._on_written)
        self._theme.changed.connect(self._show_diff)

    @Slot()
    def _on_chosen(self) -> None:
        self._later.start()

    @Slot()
    def _on_swap(self) -> None:
        left, right = self.left_box.currentIndex(), self.right_box.currentIndex()
        self.left_box.setCurrentIndex(right)
        self.right_box.setCurrentIndex(left)

    @Slot()
    def _on_before(self) -> None:
        self.step(-1)

    @Slot()
    def _on_next(self) -> None:
        self.step(1)

    @Slot()
    def _on_left_scrolled(self) -> None:
        _follow(self.left, self.right)

    @Slot()
    def _on_right_scrolled(self) -> None:
        _follow(self.right, self.left)


_CUT = " Only the first 2 MiB of each text are shown."


def _follow(leader: DiffPane, follower: DiffPane) -> None:
    if leader.is_written and follower.is_written:
        follower.align(*leader.place())


def _other(choices: list[AnswerChoice], left: str) -> str:
    """The answer that is most like the left one in name: of another column, at the same place."""
    place = next((choice.label.partition(" · ")[2] for choice in choices if choice.run_id == left), "")
    others = [choice for choice in choices if choice.run_id != left]
    same = [choice for choice in others if choice.label.partition(" · ")[2] == place]
    return (same or others)[0].run_id if others else ""


def _percent(share: float) -> str:
    """Never 100 % for texts that differ, never 0 % for texts that share something."""
    percent = round(share * 100)
    if percent == 100 and share < 1:
        return "over 99 %"
    return "under 1 %" if percent == 0 and share > 0 else f"{percent} %"


def _side(diff: TextDiff, side: Literal["left", "right"]) -> list[tuple[Mark, str]]:
    marks: dict[DiffOp, Mark] = {"equal": "equal", "replace": side, "delete": "left", "insert": "right"}
    return [(marks[piece.op], piece.left if side == "left" else piece.right) for piece in diff.pieces]


def _inline(diff: TextDiff) -> list[tuple[Mark, str]]:
    pieces: list[tuple[Mark, str]] = []
    for piece in diff.pieces:
        if piece.op == "equal":
            pieces.append(("equal", piece.left))
            continue
        if piece.left:
            pieces.append(("left", piece.left))
        if piece.right:
            pieces.append(("right", piece.right))
    return pieces


def _groups(numbers: list[int]) -> list[int]:
    """The first of each run of neighbours: what was replaced by what is one change."""
    known = set(numbers)
    return [number for number in numbers if number - 1 not in known]


def _cut(pieces: list[tuple[Mark, str]]) -> list[tuple[Mark, str]]:
    kept: list[tuple[Mark, str]] = []
    room = SHOWN_MAX_CHARS
    for mark, text in pieces:
        kept.append((mark, text[:room]))
        room -= min(room, len(text))
    return kept


def _is_cut(diff: TextDiff) -> bool:
    sizes = (sum(len(piece.left) for piece in diff.pieces), sum(len(piece.right) for piece in diff.pieces))
    return max(sizes) > SHOWN_MAX_CHARS
