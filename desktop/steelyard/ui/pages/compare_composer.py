"""Where the next prompt is written: system prompt, parameters, the prompt, its estimate and Send.

Other parts of the page add what belongs to a prompt: chips beside the parameters (`add_chip`), tools beside
the system prompt (`add_system_tool`), rows above the prompt (`add_slot`), what they change of the sampling
(`shapers`), and files (`attachments`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from steelyard.ui.pages.compare_estimate_words import estimate_text, estimate_tooltip
from steelyard.ui.pages.compare_sampling import PARAMS, sampling_from
from steelyard.ui.pages.compare_system import SystemField
from steelyard.ui.widgets.compare_buttons import Part, PartsButton
from steelyard.ui.widgets.compare_plain import plain_tooltip
from steelyard.ui.widgets.compare_prompt import PromptEdit
from steelyard.ui.widgets.compare_values import ValueChip
from steelyard.ui.widgets.labels import make_label, make_line, name_widget

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QResizeEvent

    from steelyard.core.values.prompt import Attachment, Sampling
    from steelyard.core.values.reports import CostPreview
    from steelyard.ui.theme.theme import Theme

_WIDE_PX = 1100
_NUMBERS = {3: "three", 4: "four"}


class Composer(QFrame):
    """Knows nothing of columns beyond their number; tells when it wants to send or stop."""

    send_wanted = Signal()
    """Send what stands here."""
    stop_wanted = Signal()
    """Stop all that is on its way."""
    target_wanted = Signal()
    """An @ asked for one more target."""
    edited = Signal()
    """Prompt or parameters changed: the estimate is out of date."""
    attachments_set = Signal(object)
    """These files go with the prompt now: a list of `Attachment`."""
    cleared = Signal()
    """The prompt was sent; what went with it is not for the next one."""
    request_set = Signal(str, object)
    """System prompt and `Sampling` of a stored comparison were taken over."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._columns = 0
        self._is_streaming = False
        self._can_continue = False
        self._is_editing = False
        self.attachments: list[Attachment] = []
        """What goes with the prompt; emit `edited` after changing it."""
        self.shapers: list[Callable[[Sampling], Sampling]] = []
        """Each gets the sampling of the chips and gives back what is to be sent."""
        self.times: list[Callable[[], int]] = []
        """How many times the estimate one prompt costs; their product counts."""
        self.setProperty("role", "card")
        self.prompt = PromptEdit(theme, most_lines=6)
        name_widget(self.prompt, "Prompt", "What to ask (Ctrl+Enter sends, @ adds a target)")
        self._system_field = SystemField(theme)
        self.system = self._system_field.edit
        self.system_button = self._system_field.button
        self.chips = {param.name: ValueChip(theme, param) for param in PARAMS}
        self.send_button = PartsButton(theme, "primary")
        self._estimate = make_label(theme, "", "muted", px=12, tabular=True)
        self._lay_out()
        self._connect()
        self.show_state(columns=0, is_streaming=False, can_continue=False, names=[])

    # ---- what is to be sent --------------------------------------------------------------------------------

    @property
    def sampling(self) -> Sampling:
        """The parameters as set."""
        sampling = sampling_from({name: chip.value for name, chip in self.chips.items()})
        for shape in self.shapers:
            sampling = shape(sampling)
        return sampling

    @property
    def prompt_text(self) -> str:
        """The prompt; empty when only blanks stand there."""
        text = self.prompt.text
        return text if text.strip() else ""

    @property
    def system_text(self) -> str:
        """The system prompt, without blanks around it."""
        return self.system.text.strip()

    def set_prompt(self, text: str) -> None:
        """Put a text into the field and the keyboard behind it."""
        self.prompt.setPlainText(text)
        self.prompt.moveCursor(self.prompt.textCursor().MoveOperation.End)
        self.prompt.setFocus()

    def set_attachments(self, attachments: Sequence[Attachment]) -> None:
        """Files of a question that is asked anew."""
        self.attachments = list(attachments)
        self.attachments_set.emit(self.attachments)

    def take_sent(self) -> None:
        """The prompt is on its way: the field is empty for the next one."""
        self.attachments = []
        self.prompt.clear()
        self.cleared.emit()

    def set_request(self, system: str, sampling: Sampling) -> None:
        """Take over the system prompt and the parameters of a stored comparison."""
        self.system.setPlainText(system)
        for name, chip in self.chips.items():
            chip.set_value(getattr(sampling, name))
        self.request_set.emit(system, sampling)

    # ---- for other parts of the page -----------------------------------------------------------------------

    def add_chip(self, chip: QWidget) -> None:
        """A chip beside the parameters."""
        self._chips.addWidget(chip)

    def add_system_tool(self, widget: QWidget) -> None:
        """A small control beside the system prompt's button."""
        self._head.insertWidget(self._head.indexOf(self._system_field.preview), widget)

    def add_slot(self, widget: QWidget) -> None:
        """A row above the prompt that shows itself when it has something to say."""
        self._slots.addWidget(widget)

    def add_foot(self, widget: QWidget) -> None:
        """A small control to the left of the estimate."""
        self._foot.insertWidget(self._foot.indexOf(self._estimate), widget, 0, Qt.AlignmentFlag.AlignBottom)

    # ---- what is shown -------------------------------------------------------------------------------------

    def show_state(
        self,
        *,
        columns: int,
        is_streaming: bool,
        can_continue: bool,
        names: list[str],
        is_editing: bool = False,
    ) -> None:
        """Say to whom the prompt goes, and whether Send is Stop."""
        self._columns, self._is_streaming, self._can_continue = columns, is_streaming, can_continue
        self._is_editing = is_editing
        who = names[0] if columns == 1 else "both targets"
        if columns > 2:
            who = f"all {_NUMBERS[columns]} targets"
        verb = "Follow up with" if can_continue else "Ask"
        begin = f"{verb} {who}…" if columns else "Add a target to ask something…"
        self.prompt.setPlaceholderText(f"{begin}   @ adds a target, drop files here")
        self._show_send()

    def show_estimate(self, preview: CostPreview | None) -> None:
        """What sending would cost at most."""
        self._estimate.setText("" if preview is None else estimate_text(preview))
        self._estimate.setToolTip("" if preview is None else plain_tooltip(estimate_tooltip(preview)))

    @property
    def estimate(self) -> str:
        """The estimate that is shown."""
        return self._estimate.text()

    def _show_send(self) -> None:
        button = self.send_button
        if self._is_streaming:
            parts = [Part("Stop", "on_accent", 600, 13), Part("Esc", "on_accent", 500, 11)]
            button.show_parts(parts, icon="square", icon_color="on_accent")
            name_widget(button, "Stop", "Stop all answers (Esc)")
            button.setEnabled(True)
            return
        count = f"Send to {self._columns}" if self._columns else "Send"
        if self._is_editing:
            count = "Send anew"
        parts = [Part(count, "on_accent", 600, 13), Part("Ctrl ↵", "on_accent", 500, 11)]
        button.show_parts(parts, icon="send", icon_color="on_accent")
        name_widget(button, count, f"{count} (Ctrl+Enter)" if self._columns else "Add a target first")
        button.setEnabled(self._columns > 0)

    # ---- parts ---------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._head = QHBoxLayout()
        self._head.setContentsMargins(4, 8, 12, 8)
        self._head.setSpacing(8)
        self._head.addWidget(self.system_button)
        self._head.addWidget(self._system_field.preview, 1)
        self._chips = QHBoxLayout()
        self._chips.setSpacing(8)
        for chip in self.chips.values():
            self._chips.addWidget(chip)
        self._head.addLayout(self._chips)
        self._foot = QHBoxLayout()
        self._foot.setContentsMargins(12, 6, 12, 10)
        self._foot.setSpacing(12)
        self._foot.addWidget(self.prompt, 1, Qt.AlignmentFlag.AlignTop)
        bottom = Qt.AlignmentFlag.AlignBottom
        self._estimate.setFixedHeight(self.send_button.sizeHint().height())
        self._foot.addWidget(self._estimate, 0, bottom)
        self._foot.addWidget(self.send_button, 0, bottom)
        self._slots = QVBoxLayout()
        self._slots.setContentsMargins(12, 0, 12, 0)
        self._slots.setSpacing(4)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._head)
        column.addWidget(self._system_field)
        column.addWidget(_inset(make_line()))
        column.addLayout(self._slots)
        column.addLayout(self._foot)

    def _connect(self) -> None:
        self.system.textChanged.connect(self._on_edited)
        self.prompt.textChanged.connect(self._on_edited)
        self.prompt.send_wanted.connect(self.send_wanted)
        self.prompt.target_wanted.connect(self.target_wanted)
        self.system.send_wanted.connect(self.send_wanted)
        self.send_button.clicked.connect(self._on_send_clicked)
        for chip in self.chips.values():
            chip.value_changed.connect(self.edited)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Chips that say nothing special give way."""
        super().resizeEvent(event)
        for chip in self.chips.values():
            chip.set_compact(is_compact=self.width() < _WIDE_PX)

    @Slot()
    def _on_send_clicked(self) -> None:
        (self.stop_wanted if self._is_streaming else self.send_wanted).emit()

    @Slot()
    def _on_edited(self) -> None:
        self.edited.emit()


def _inset(line: QWidget) -> QWidget:
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(16, 0, 16, 0)
    row.addWidget(line)
    return holder
