"""A comparison run again: what came out the same, byte for byte, and why the rest did not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from steelyard.core.base.errors import printable
from steelyard.core.values.commands import ReplayComparison
from steelyard.core.values.events import ComparisonProgressed
from steelyard.ui.pages.compare_replay_row import ReplayRow
from steelyard.ui.widgets.buttons import make_button, make_icon_button
from steelyard.ui.widgets.cards import make_scroll
from steelyard.ui.widgets.keys import takes_esc
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QKeyEvent

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.comparison import Replay
    from steelyard.ui.bridge import Bridge, Call
    from steelyard.ui.theme.theme import Theme

_WHAT = (
    "The first prompt is sent again with the same weights, build, sampling, seed and profile, with the prompt"
    " cache off. The answers are compared byte for byte. It becomes a comparison of its own in the history."
)
_MONEY = " Asking the APIs again costs money; an API promises no identical answer."


class ReplayView(QFrame):
    """Asks once, shows how far it is, then one row for each answer."""

    closed = Signal()
    """The user is done with it."""
    diff_wanted = Signal(str, str, str)
    """Name of the target, run id of the answer then and of the answer now."""
    comparison_chosen = Signal(str)
    """Id of the new comparison, which is to be shown."""

    def __init__(self, theme: Theme, bridge: Bridge) -> None:
        super().__init__()
        self._theme = theme
        self._bridge = bridge
        self._id = ""
        self._call: Call | None = None
        self._replay: Replay | None = None
        self.setProperty("role", "card")
        self.setAccessibleName("Replay")
        self._title = make_label(theme, "Replay", px=15, weight=600)
        self._says = make_label(theme, "", "prose", wrap=True)
        self.all_button = make_button(theme, "Replay", icon="rotate-cw")
        self.local_button = make_button(theme, "Replay the local ones only", "ghost")
        self.stop_button = make_button(theme, "Stop", icon="square")
        self.open_button = make_button(theme, "Open the new comparison", "ghost", icon="arrow-right")
        self.close_button = make_icon_button(theme, "x", "Close the replay", tooltip="Close the replay (Esc)")
        self.rows: list[ReplayRow] = []
        self._lay_out()
        self._connect()

    def open(self, comparison_id: str, *, has_api: bool, has_local: bool) -> None:
        """Say what a replay of this comparison is, and wait for a word; one under way is shown instead."""
        if self._call is not None:
            self.take_focus()
            return
        self._id, self._replay = comparison_id, None
        self._clear_rows()
        self._says.setText(_WHAT + (_MONEY if has_api else ""))
        self._show(self.all_button)
        self.local_button.setVisible(has_api and has_local)
        first = self.local_button if has_api and has_local else self.all_button
        first.setFocus(Qt.FocusReason.OtherFocusReason)

    def take_focus(self) -> None:
        """Put the keyboard on what comes next."""
        for button in (self.open_button, self.stop_button, self.all_button):
            if button.isVisibleTo(self):
                button.setFocus(Qt.FocusReason.OtherFocusReason)
                return

    @property
    def text(self) -> str:
        """What is said above the rows."""
        return self._says.text()

    def event(self, event: QEvent) -> bool:
        """Esc is for this view."""
        return takes_esc(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves; what is under way goes on."""
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    # ---- running -------------------------------------------------------------------------------------------

    def _start(self, *, local_only: bool) -> None:
        command = ReplayComparison(id=self._id, local_only=local_only)
        self._says.setText("Running again…")
        self._show(self.stop_button)
        self.stop_button.setFocus(Qt.FocusReason.OtherFocusReason)
        self._call = self._bridge.run(command, on_done=self._on_done, on_error=self._on_error)

    def _on_done(self, replay: Replay) -> None:
        self._call, self._replay = None, replay
        same = sum(1 for answer in replay.answers if answer.is_identical)
        total = len(replay.answers)
        if replay.is_identical:
            self._says.setText("Byte-identical: every answer came out as it was.")
        else:
            self._says.setText(f"{same} of {total} {'answer' if total == 1 else 'answers'} byte-identical.")
        self._clear_rows()
        for answer in replay.answers:
            row = ReplayRow(self._theme, answer)
            row.diff_wanted.connect(self.diff_wanted)
            self.rows.append(row)
            self._column.insertWidget(self._column.count() - 1, row)
        self._show(self.open_button)
        self.open_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_error(self, error: AppError) -> None:
        self._call = None
        parts = [f"{error.title}.", error.detail, error.hint]
        self._says.setText(printable(" ".join(part for part in parts if part)))
        self._show(self.all_button)

    @Slot(object)
    def _on_event(self, event: object) -> None:
        call = self._call
        if call is None or not isinstance(event, ComparisonProgressed) or event.request != call.request:
            return
        left = f", about {max(1, round(event.eta_s))} s left" if event.eta_s is not None else ""
        doing = f": {event.doing}" if event.doing else ""
        self._says.setText(printable(f"{event.done} of {event.total} done{left}{doing}"))

    # ---- parts ---------------------------------------------------------------------------------------------

    def _show(self, button: QWidget) -> None:
        for offered in (self.all_button, self.stop_button, self.open_button):
            offered.setVisible(offered is button)
        self.local_button.hide()

    def _clear_rows(self) -> None:
        for row in self.rows:
            row.hide()
            row.deleteLater()
        self.rows = []

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self._title)
        head.addStretch(1)
        head.addWidget(self.close_button)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (self.all_button, self.local_button, self.stop_button, self.open_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        inner = QWidget()
        self._column = QVBoxLayout(inner)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self._column.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(16, 12, 16, 16)
        whole.setSpacing(10)
        whole.addLayout(head)
        whole.addWidget(self._says)
        whole.addLayout(buttons)
        whole.addWidget(make_scroll(inner, "Replayed answers"), 1)

    def _connect(self) -> None:
        self.all_button.clicked.connect(self._on_all)
        self.local_button.clicked.connect(self._on_local)
        self.stop_button.clicked.connect(self._on_stop)
        self.open_button.clicked.connect(self._on_open)
        self.close_button.clicked.connect(self.closed)
        self._bridge.event_arrived.connect(self._on_event)

    @Slot()
    def _on_all(self) -> None:
        self._start(local_only=False)

    @Slot()
    def _on_local(self) -> None:
        self._start(local_only=True)

    @Slot()
    def _on_stop(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None
        self._says.setText("Stopped. What was answered stays in the history.")
        self._show(self.all_button)

    @Slot()
    def _on_open(self) -> None:
        if self._replay is not None:
            self.comparison_chosen.emit(self._replay.comparison.id)
