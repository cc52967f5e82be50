"""One answer of a case: a number, a choice with "unknown" among them, a regime, a scenario of Costs."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from steelyard.ui.pages.decide_keys import KeySpec, field_text, parse
from steelyard.ui.theme.theme import restyle, set_role
from steelyard.ui.widgets.buttons import Segmented
from steelyard.ui.widgets.compare_plain import plain_tooltip
from steelyard.ui.widgets.decide_words import ORIGIN_TONES, decimal_of
from steelyard.ui.widgets.labels import make_label
from steelyard.ui.widgets.models_text import plain
from steelyard.ui.widgets.servers_field import Choice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.core.values.costs import CostScenario, Origin
    from steelyard.core.values.decision import Regime
    from steelyard.ui.theme.theme import Theme

_YES_NO = (("", "Unknown"), ("no", "No"), ("yes", "Yes"))
_MAX_CHARS = 200
_EDIT_PX = 124


class AnswerField(QWidget):
    """Label, control, and a tag that says where the value comes from."""

    answered = Signal(str, object)
    """Key and value; None is unknown."""

    def __init__(self, theme: Theme, spec: KeySpec) -> None:
        super().__init__()
        self._theme = theme
        self.spec = spec
        self.control: QWidget = self
        self._label = make_label(theme, spec.label, "prose", px=12, weight=500, wrap=True)
        self.tag = make_label(theme, "", "pill", px=11, weight=500)
        self.tag.hide()
        self._below = make_label(theme, spec.hint, "muted", px=11, wrap=True)
        if not spec.hint:
            self._below.hide()

    @property
    def error(self) -> str:
        """What is said to be wrong."""
        return self._below.text() if self._below.property("role") == "error" else ""

    def show_answer(self, value: Any, origin: Origin | None, note: str, filled: Any) -> None:
        """Show what is known: the user's answer, else `filled`, which was measured or computed."""
        self._show_value(value, filled)
        if value is None and filled is None:
            self.tag.hide()
            return
        word = origin or "user"
        self.tag.setText(word)
        set_role(self.tag, f"pill-{ORIGIN_TONES[word]}" if ORIGIN_TONES[word] else "pill")
        self.tag.setToolTip(plain_tooltip(note or f"Origin: {word}"))
        self.tag.adjustSize()
        self.tag.show()

    def show_error(self, text: str) -> None:
        """Say what is wrong with it; empty: nothing is."""
        self._below.setText(text or self.spec.hint)
        self._below.setVisible(bool(text or self.spec.hint))
        set_role(self._below, "error" if text else "muted")

    def focus(self) -> None:
        """Put the keyboard here."""
        self.control.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_value(self, value: Any, filled: Any) -> None:
        raise NotImplementedError

    def _lay_out(self, control: QWidget, *, is_wide: bool) -> None:
        """The control beside its label, or below it where it is wide."""
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._label, 1)
        row.addWidget(self.tag, 0, Qt.AlignmentFlag.AlignVCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        if is_wide:
            column.addWidget(control, 0, Qt.AlignmentFlag.AlignLeft)
        else:
            row.addWidget(control, 0, Qt.AlignmentFlag.AlignVCenter)
        column.addWidget(self._below)


class NumberField(AnswerField):
    """A number or a short text; empty is unknown. What was measured stands there in grey until one types."""

    def __init__(self, theme: Theme, spec: KeySpec) -> None:
        super().__init__(theme, spec)
        self.edit = QLineEdit()
        self.control = self.edit
        self.edit.setFont(theme.font(13, tabular=spec.kind != "text"))
        self.edit.setMaxLength(_MAX_CHARS)
        self.edit.setAccessibleName(spec.label)
        self.edit.setAccessibleDescription(f"{spec.unit} {spec.hint}".strip())
        self.edit.setToolTip(f"{spec.label}. Empty is unknown.")
        self.edit.setFixedWidth(_EDIT_PX)
        unit = make_label(theme, spec.unit, "muted", px=12)
        unit.setFixedWidth(58)
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.edit)
        row.addWidget(unit)
        self._lay_out(box, is_wide=False)
        self.edit.textEdited.connect(self._on_edited)

    def _show_value(self, value: Any, filled: Any) -> None:
        if not self.edit.hasFocus():
            self.edit.setText(field_text(self.spec, value))
            self._mark("")
        empty = f"such as {self.spec.example}" if self.spec.example else "unknown"
        is_filled = value is None and filled is not None
        self.edit.setPlaceholderText(_short_text(self.spec, filled) if is_filled else empty)

    @Slot()
    def _on_edited(self) -> None:
        try:
            value = parse(self.spec, self.edit.text())
        except ValueError as exc:
            self._mark(str(exc))
            return
        self._mark("")
        self.answered.emit(self.spec.key, value)

    def _mark(self, error: str) -> None:
        self.show_error(error)
        self.mark(is_invalid=bool(error))

    def mark(self, *, is_invalid: bool) -> None:
        """Give it the border of what cannot be used, or take that away."""
        if bool(self.edit.property("invalid")) != is_invalid:
            self.edit.setProperty("invalid", is_invalid)
            restyle(self.edit)


def _short_text(spec: KeySpec, value: Any) -> str:
    """What was measured, with as many digits as matter; its unit stands beside the field."""
    number = decimal_of(value)
    is_long = number is not None and spec.kind not in {"text", "tokens"}
    return field_text(spec, Decimal(f"{number:.3g}") if is_long else value)


class ChoiceField(AnswerField):
    """A few choices, all visible; the first one is "unknown"."""

    def __init__(self, theme: Theme, spec: KeySpec) -> None:
        super().__init__(theme, spec)
        choices = _YES_NO if spec.kind == "yes_no" else (("", "Unknown"), *spec.choices)
        self._values = [key for key, _ in choices]
        self.segments = Segmented(theme, spec.label, choices)
        self.segments.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.control = self.segments.button("")
        self._lay_out(self.segments, is_wide=spec.kind != "yes_no")
        self.segments.chosen.connect(self._on_chosen)

    def choose(self, key: str) -> None:
        """As if the user had clicked it; empty is unknown."""
        self.segments.set_value(key)
        self._on_chosen(key)

    def _show_value(self, value: Any, filled: Any) -> None:
        shown = filled if value is None else value
        key = {None: "", True: "yes", False: "no"}.get(shown, str(shown))
        self.segments.set_value(key if key in self._values else "")

    @Slot(str)
    def _on_chosen(self, key: str) -> None:
        value: Any = key or None
        if self.spec.kind == "yes_no":
            value = {"yes": True, "no": False}.get(key)
        self.answered.emit(self.spec.key, value)


class PickField(AnswerField):
    """One of a list that may grow: regimes, scenarios of Costs."""

    def __init__(self, theme: Theme, spec: KeySpec) -> None:
        super().__init__(theme, spec)
        self._entries: list[tuple[str, Any]] = [("Unknown", None)]
        self.box = Choice(theme, spec.label, [("0", "Unknown")])
        self.box.setFixedWidth(_EDIT_PX + 70)
        self.control = self.box
        self._lay_out(self.box, is_wide=False)
        self.box.picked.connect(self._on_picked)

    def show_regimes(self, regimes: Sequence[Regime]) -> None:
        """Offer these sets of rules."""
        self._offer([(plain(one.name, 60), one.name) for one in regimes])

    def show_profiles(self, scenarios: Sequence[CostScenario]) -> None:
        """Offer the hardware of these scenarios."""
        self._offer([(plain(one.name, 60), one.profile) for one in scenarios])

    def _offer(self, entries: list[tuple[str, Any]]) -> None:
        entries = [("Unknown", None), *entries]
        if entries != self._entries:
            self._entries = entries
            self._list()

    def _show_value(self, value: Any, filled: Any) -> None:
        shown = filled if value is None else value
        if all(shown != known for _, known in self._entries):
            text = "measured here" if value is None else "as in this case"
            self._entries.append((plain(shown, 60) if isinstance(shown, str) else text, shown))
            self._list()
        self.box.set_value(str(next(at for at, (_, known) in enumerate(self._entries) if known == shown)))

    def _list(self) -> None:
        self.box.set_options([(str(at), text) for at, (text, _) in enumerate(self._entries)])

    @Slot(str)
    def _on_picked(self, key: str) -> None:
        self.answered.emit(self.spec.key, self._entries[int(key)][1])


def make_field(theme: Theme, spec: KeySpec) -> AnswerField:
    """The control for a key."""
    if spec.kind in {"yes_no", "choice"}:
        return ChoiceField(theme, spec)
    if spec.kind in {"regime", "profile"}:
        return PickField(theme, spec)
    return NumberField(theme, spec)
