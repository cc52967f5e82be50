"""Structured output: the sheet in which the form of the answers is chosen, and its chip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from steelyard.ui.pages.compare_form_data import (
    CHIP_WORDS,
    GRAMMAR_EXAMPLES,
    SCHEMA_EXAMPLES,
    FormKind,
    Problem,
    check_grammar,
    check_schema,
    schema_text,
)
from steelyard.ui.pages.compare_form_files import FileReader
from steelyard.ui.widgets.buttons import Segmented, make_button
from steelyard.ui.widgets.compare_buttons import Part, PartsButton
from steelyard.ui.widgets.form_sheet import Sheet
from steelyard.ui.widgets.form_text_edit import FormTextEdit
from steelyard.ui.widgets.labels import make_label, name_widget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.core.values.prompt import Sampling
    from steelyard.ui.pages.compare_form_data import Example
    from steelyard.ui.theme.theme import Theme

_KINDS: list[tuple[FormKind, str]] = [
    ("off", "Off"),
    ("json_schema", "JSON schema"),
    ("grammar", "GBNF grammar"),
]
_ABOUT: dict[FormKind, str] = {
    "off": "Answers are free text.",
    "json_schema": "Local models can only answer in this form, APIs are asked to; every answer is checked.",
    "grammar": "Local servers only. APIs are asked without it, and their answers are checked all the same.",
}


class FormSheet(Sheet):
    """Off, a JSON schema or a grammar; each keeps its text while another is chosen."""

    changed = Signal()
    """Another form, or another text of it."""

    def __init__(self, theme: Theme, host: QWidget, floor: QWidget) -> None:
        super().__init__(
            theme,
            host,
            floor,
            "Structured output",
            "The form that every answer must have, and is checked for",
        )
        self._texts: dict[FormKind, str] = {"off": "", "json_schema": "", "grammar": ""}
        self._is_filling = False
        self._segmented = Segmented(theme, "Form", list(_KINDS))
        self._about = make_label(theme, "", "muted", px=12, wrap=True)
        self.editor = FormTextEdit(theme, "Schema or grammar")
        self.examples = ExampleRow(theme)
        self.load_button = make_button(
            theme, "Load file…", "ghost", icon="folder-open", tooltip="Read the text from a file"
        )
        self.reader = FileReader(
            self, "Load a schema or a grammar", "Text (*.json *.gbnf *.txt);;All files (*)"
        )
        self.chip = make_form_chip(theme)
        self._lay_out()
        self._connect()
        self._show()

    @property
    def kind(self) -> FormKind:
        """Which form is chosen."""
        return next(kind for kind, _ in _KINDS if kind == self._segmented.value)

    @property
    def about(self) -> str:
        """What is said about the chosen form."""
        return self._about.text()

    @property
    def problem(self) -> Problem | None:
        """Why it cannot be sent so."""
        match self.kind:
            case "json_schema":
                return check_schema(self._texts["json_schema"])[1]
            case "grammar":
                return check_grammar(self._texts["grammar"])
            case _:
                return None

    def shape(self, sampling: Sampling) -> Sampling:
        """The sampling with the form in it."""
        schema = check_schema(self._texts["json_schema"])[0] if self.kind == "json_schema" else None
        grammar = self._texts["grammar"] if self.kind == "grammar" else None
        return msgspec.structs.replace(sampling, json_schema=schema, grammar=grammar)

    def take(self, sampling: Sampling) -> None:
        """Take over the form of a stored comparison."""
        if sampling.grammar is not None:
            self._texts["grammar"] = sampling.grammar
            self._choose("grammar")
        elif sampling.json_schema is not None:
            if check_schema(self._texts["json_schema"])[0] != sampling.json_schema:
                self._texts["json_schema"] = schema_text(sampling.json_schema)
            self._choose("json_schema")
        else:
            self._choose("off")

    def start(self) -> None:
        """Where something is to be written, else to the choice."""
        target = self._segmented.button(self.kind) if self.kind == "off" else self.editor.edit
        target.setFocus(Qt.FocusReason.PopupFocusReason)

    @Slot(str)
    def choose(self, kind: str) -> None:
        """Choose a form, as a click does."""
        self._choose(next(known for known, _ in _KINDS if known == kind))
        self.changed.emit()

    # ---- parts ---------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self._segmented)
        head.addWidget(self._about, 1)
        tools = QHBoxLayout()
        tools.setSpacing(8)
        tools.addWidget(self.examples, 1)
        tools.addWidget(self.load_button)
        self.column.addLayout(head)
        self.column.addWidget(self.editor, 1)
        self.column.addLayout(tools)

    def _connect(self) -> None:
        self._segmented.chosen.connect(self.choose)
        self.editor.edit.textChanged.connect(self._on_edited)
        self.examples.chosen.connect(self.editor.set_text)
        self.load_button.clicked.connect(self.reader.ask)
        self.reader.read.connect(self.editor.set_text)
        self.reader.refused.connect(self._on_refused)

    def _choose(self, kind: FormKind) -> None:
        self._segmented.set_value(kind)
        self._is_filling = True
        self.editor.set_text(self._texts[kind])
        self._is_filling = False
        self._show()

    @Slot()
    def _on_edited(self) -> None:
        if not self._is_filling and self.kind != "off":
            self._texts[self.kind] = self.editor.text
            self._show()
            self.changed.emit()

    @Slot(str)
    def _on_refused(self, why: str) -> None:
        self.editor.show_verdict(why, is_wrong=True)

    def _show(self) -> None:
        kind, problem = self.kind, self.problem
        self._about.setText(_ABOUT[kind])
        is_on = kind != "off"
        self.editor.setEnabled(is_on)
        self.load_button.setEnabled(is_on)
        self.examples.show_examples(
            GRAMMAR_EXAMPLES if kind == "grammar" else SCHEMA_EXAMPLES if is_on else ()
        )
        fine = "Reads as a schema." if kind == "json_schema" else "Begins at root." if is_on else ""
        is_empty = not self._texts[kind].strip()
        self.editor.show_verdict(
            problem.sentence if problem else fine,
            is_wrong=problem is not None and not is_empty,
            line=problem.line if problem else None,
        )
        show_chip(self.chip, "Output", "braces", CHIP_WORDS[kind], "Ctrl+J", is_on=is_on, problem=problem)


class ExampleRow(QWidget):
    """Small texts to begin with."""

    chosen = Signal(str)
    """The text of the example that was clicked."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._examples: Sequence[Example] = ()
        self.buttons: list[QPushButton] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(4)
        self._label = make_label(theme, "Examples", "muted", px=12)
        self._row.addWidget(self._label)
        self._row.addStretch(1)

    def show_examples(self, examples: Sequence[Example]) -> None:
        """Offer these."""
        if examples == self._examples:
            return
        self._examples = examples
        for button in self.buttons:
            button.hide()
            button.deleteLater()
        self.buttons = [make_button(self._theme, example.name, "link") for example in examples]
        for at, button in enumerate(self.buttons):
            button.clicked.connect(self._on_clicked)
            self._row.insertWidget(at + 1, button)
        self._label.setVisible(bool(examples))

    @Slot()
    def _on_clicked(self) -> None:
        for button, example in zip(self.buttons, self._examples, strict=True):
            if button is self.sender():
                self.chosen.emit(example.text)


def make_form_chip(theme: Theme) -> PartsButton:
    """A chip that opens a sheet."""
    return PartsButton(theme, "chip")


def show_chip(
    chip: PartsButton,
    label: str,
    icon: str,
    value: str,
    shortcut: str,
    *,
    is_on: bool,
    problem: Problem | None,
) -> None:
    """Label and value; in the colour of a warning while it cannot be sent so."""
    color = "warn" if problem else "text" if is_on else "text2"
    parts = [Part(label, "text3", 400), Part(value, color, 600)]
    chip.show_parts(
        parts, icon="triangle-alert" if problem else icon, icon_color="warn" if problem else "text3"
    )
    why = f". {problem.sentence}" if problem else ""
    name_widget(chip, f"{label}: {value}", f"{label}: {value}{why} ({shortcut})")
