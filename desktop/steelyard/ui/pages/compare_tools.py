"""Tool definitions that are passed through to the models: the sheet that edits them, and its chip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QWidget

from steelyard.ui.pages.compare_form import ExampleRow, make_form_chip, show_chip
from steelyard.ui.pages.compare_form_data import (
    TOOL_EXAMPLES,
    Problem,
    ToolChoice,
    check_tools,
    tools_text,
)
from steelyard.ui.pages.compare_form_files import FileReader
from steelyard.ui.widgets.buttons import Segmented, make_button
from steelyard.ui.widgets.form_sheet import Sheet
from steelyard.ui.widgets.form_text_edit import FormTextEdit
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from steelyard.core.values.prompt import Sampling
    from steelyard.ui.theme.theme import Theme

_CHOICES: list[tuple[ToolChoice, str]] = [
    ("auto", "Model decides"),
    ("required", "Must call one"),
    ("none", "May call none"),
]
_ABOUT = "Passed through as they are. What a model calls is shown, and never carried out"


class ToolsSheet(Sheet):
    """A JSON array of definitions in OpenAI's form; an empty text means no tools."""

    changed = Signal()
    """Other definitions, or another choice."""

    def __init__(self, theme: Theme, host: QWidget, floor: QWidget) -> None:
        super().__init__(theme, host, floor, "Tools", _ABOUT)
        self.editor = FormTextEdit(theme, "Tool definitions")
        self.examples = ExampleRow(theme)
        self.examples.show_examples(TOOL_EXAMPLES)
        self._segmented = Segmented(theme, "Tool choice", list(_CHOICES))
        self._label = make_label(theme, "Tool choice", "muted", px=12)
        self.load_button = make_button(
            theme, "Load file…", "ghost", icon="folder-open", tooltip="Read definitions from a file"
        )
        self.clear_button = make_button(theme, "No tools", "ghost", tooltip="Send none")
        self.reader = FileReader(self, "Load tool definitions", "JSON (*.json);;All files (*)")
        self.chip = make_form_chip(theme)
        self._lay_out()
        self._connect()
        self._show()

    @property
    def problem(self) -> Problem | None:
        """Why they cannot be sent so."""
        return check_tools(self.editor.text)[1]

    @property
    def choice(self) -> ToolChoice:
        """Whether the model has to call one."""
        return next(choice for choice, _ in _CHOICES if choice == self._segmented.value)

    def shape(self, sampling: Sampling) -> Sampling:
        """The sampling with the tools in it."""
        tools = check_tools(self.editor.text)[0]
        return msgspec.structs.replace(sampling, tools=tools, tool_choice=self.choice if tools else None)

    def take(self, sampling: Sampling) -> None:
        """Take over those of a stored comparison."""
        if check_tools(self.editor.text)[0] != sampling.tools:
            self.editor.set_text(tools_text(sampling.tools))
        self._segmented.set_value(sampling.tool_choice or "auto")
        self._show()

    def start(self) -> None:
        """Into the editor."""
        self.editor.edit.setFocus(Qt.FocusReason.PopupFocusReason)

    @Slot(str)
    def choose(self, choice: str) -> None:
        """Choose what the model may do, as a click does."""
        self._segmented.set_value(choice)
        self._on_changed()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self._label)
        head.addWidget(self._segmented)
        head.addStretch(1)
        head.addWidget(self.clear_button)
        tools = QHBoxLayout()
        tools.setSpacing(8)
        tools.addWidget(self.examples, 1)
        tools.addWidget(self.load_button)
        self.column.addLayout(head)
        self.column.addWidget(self.editor, 1)
        self.column.addLayout(tools)

    def _connect(self) -> None:
        self._segmented.chosen.connect(self._on_changed)
        self.editor.edit.textChanged.connect(self._on_changed)
        self.examples.chosen.connect(self.editor.set_text)
        self.load_button.clicked.connect(self.reader.ask)
        self.clear_button.clicked.connect(self._on_clear)
        self.reader.read.connect(self.editor.set_text)
        self.reader.refused.connect(self._on_refused)

    @Slot()
    def _on_changed(self) -> None:
        self._show()
        self.changed.emit()

    @Slot()
    def _on_clear(self) -> None:
        self.editor.set_text("")
        self.start()

    @Slot(str)
    def _on_refused(self, why: str) -> None:
        self.editor.show_verdict(why, is_wrong=True)

    def _show(self) -> None:
        tools, problem = check_tools(self.editor.text)
        names = ", ".join(str(tool["function"]["name"]) for tool in tools)
        self.editor.show_verdict(
            problem.sentence if problem else names or "No tools are sent.",
            is_wrong=problem is not None,
            line=problem.line if problem else None,
        )
        self._segmented.setEnabled(bool(tools))
        self.clear_button.setEnabled(bool(self.editor.text))
        value = str(len(tools)) if tools else "off"
        if tools and self.choice != "auto":
            value += f", {self.choice}"
        is_on = bool(tools) or problem is not None
        show_chip(
            self.chip,
            "Tools",
            "wrench",
            "broken" if problem else value,
            "Ctrl+Shift+J",
            is_on=is_on,
            problem=problem,
        )
