"""Structured output and tools of the composer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from steelyard.core.values import commands as cmd
from steelyard.core.values.prompt import Sampling
from steelyard.ui.pages.compare_form_data import (
    GRAMMAR_EXAMPLES,
    SCHEMA_EXAMPLES,
    TOOL_EXAMPLES,
    check_grammar,
    check_schema,
    check_tools,
)
from ui.forms_desk import CONTROL, SHIFT, FormsDesk, open_forms_desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme
    from ui.fake_engine import FakeEngine


@pytest.fixture
def desk(
    qtbot: QtBot, theme: Theme, bridge: Bridge, actions: Actions, fake_engine: FakeEngine
) -> Iterator[FormsDesk]:
    with open_forms_desk(qtbot, theme, bridge, actions, fake_engine) as desk:
        yield desk


def test_a_schema_is_set_and_sent(desk: FormsDesk) -> None:
    desk.press(Qt.Key.Key_J, CONTROL)
    form = desk.forms.form
    assert form.is_open
    form.choose("json_schema")
    form.editor.edit.setFocus()
    form.editor.edit.setPlainText('{"type": "object"}')
    assert form.chip.shown_text == "Output JSON"
    desk.press(Qt.Key.Key_Escape)
    desk.write("Go")
    desk.send()
    desk.wait_over()
    assert (desk.asked.sampling.json_schema, desk.asked.sampling.grammar) == ({"type": "object"}, None)


def test_a_broken_schema_is_marked_and_holds_the_prompt_back(desk: FormsDesk) -> None:
    form = desk.forms.form
    form.choose("json_schema")
    form.editor.edit.setPlainText('{\n  "type": "object"\n  "x": 1\n}')
    assert form.editor.verdict.startswith("Line 3: Not JSON")
    [mark] = form.editor.edit.extraSelections()
    assert mark.cursor.blockNumber() == 2
    desk.write("Go")
    desk.send()
    assert form.is_open
    assert not desk.engine.of_type(cmd.StartComparison)
    form.choose("off")
    desk.send()
    desk.wait_over()
    assert desk.asked.sampling.json_schema is None


def test_a_grammar_is_sent_and_each_form_keeps_its_text(desk: FormsDesk, tmp_path: Path) -> None:
    form = desk.forms.form
    form.choose("json_schema")
    form.editor.edit.setPlainText("{}")
    form.choose("grammar")
    assert "Local servers only" in form.about
    path = tmp_path / "a.gbnf"
    path.write_text('root ::= "a"\n', encoding="utf-8")
    form.reader.take(str(path))
    desk.write("Go")
    desk.send()
    desk.wait_over()
    assert (desk.asked.sampling.json_schema, desk.asked.sampling.grammar) == (None, 'root ::= "a"\n')
    form.choose("json_schema")
    assert form.editor.text == "{}"


def test_an_example_replaces_the_text_and_can_be_undone(desk: FormsDesk) -> None:
    form = desk.forms.form
    desk.forms.open_form()
    form.choose("grammar")
    form.editor.edit.setPlainText("mine")
    QTest.mouseClick(form.examples.buttons[0], Qt.MouseButton.LeftButton)
    assert form.editor.text == GRAMMAR_EXAMPLES[0].text
    form.editor.edit.undo()
    assert form.editor.text == "mine"


def test_tools_are_set_and_sent(desk: FormsDesk) -> None:
    desk.press(Qt.Key.Key_J, CONTROL | SHIFT)
    tools = desk.forms.tools
    QTest.mouseClick(tools.examples.buttons[0], Qt.MouseButton.LeftButton)
    tools.choose("required")
    assert tools.chip.shown_text == "Tools 1, required"
    desk.write("How is the weather?")
    desk.send()
    desk.wait_over()
    [tool] = desk.asked.sampling.tools
    assert tool["function"]["name"] == "get_weather"
    assert desk.asked.sampling.tool_choice == "required"
    QTest.mouseClick(tools.clear_button, Qt.MouseButton.LeftButton)
    assert tools.shape(Sampling()) == Sampling()


def test_wrong_tools_hold_the_prompt_back(desk: FormsDesk) -> None:
    desk.forms.tools.editor.edit.setPlainText('[{"type": "function"}]')
    desk.write("Go")
    desk.send()
    assert desk.forms.tools.is_open
    assert "Tool 1:" in desk.forms.tools.editor.verdict
    assert not desk.engine.of_type(cmd.StartComparison)


def test_a_stored_request_brings_its_form_and_tools_back(desk: FormsDesk) -> None:
    tools = json.loads(TOOL_EXAMPLES[0].text)
    asked = Sampling(temperature=0.3, json_schema={"type": "array"}, tools=tools, tool_choice="none")
    desk.page.composer.set_request("Be brief.", asked)
    assert desk.page.composer.sampling == asked
    desk.page.composer.set_request("", Sampling())
    assert desk.page.composer.sampling == Sampling()


def test_only_one_sheet_is_open(desk: FormsDesk) -> None:
    for key, modifier in ((Qt.Key.Key_J, CONTROL), (Qt.Key.Key_T, CONTROL), (Qt.Key.Key_L, CONTROL | SHIFT)):
        desk.press(key, modifier)
    forms = desk.forms
    opened = [s.is_open for s in (forms.form, forms.table, forms.library, forms.tools)]
    assert opened == [False, False, True, False]


def test_sending_closes_the_sheet(desk: FormsDesk) -> None:
    desk.forms.open_tools()
    desk.write("Go")
    desk.send()
    assert not desk.forms.tools.isVisible()
    desk.wait_over()


@pytest.mark.parametrize("example", [*SCHEMA_EXAMPLES], ids=lambda example: example.name)
def test_schema_examples_are_schemas(example: object) -> None:
    assert check_schema(example.text)[1] is None  # type: ignore[attr-defined]


def test_other_examples_are_accepted() -> None:
    assert [check_tools(example.text)[1] for example in TOOL_EXAMPLES] == [None, None]
    assert [check_grammar(example.text) for example in GRAMMAR_EXAMPLES] == [None] * len(GRAMMAR_EXAMPLES)


@pytest.mark.parametrize(
    "text", ["", "[1]", "nonsense", "[" * 100_000, "1" * 5000, '{"a": 1' + " " * 300_000]
)
def test_odd_schemas_are_refused(text: str) -> None:
    assert check_schema(text)[1] is not None


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "1",
        "[[]]",
        '[{"type": "function", "function": {"name": "a b"}}]',
        '[{"type": "function", "function": {"name": "a", "parameters": []}}]',
        json.dumps([{"type": "function", "function": {"name": "a"}}] * 2),
        json.dumps([{"type": "function", "function": {"name": f"a{n}"}} for n in range(129)]),
    ],
)
def test_odd_tools_are_refused(text: str) -> None:
    assert check_tools(text)[1] is not None


@pytest.mark.parametrize("text", ["", "start ::= x", "x" * 300_000])
def test_odd_grammars_are_refused(text: str) -> None:
    assert check_grammar(text) is not None
