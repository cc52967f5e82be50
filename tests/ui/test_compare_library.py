"""The prompt library and the system prompt's presets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from steelyard.core.base.errors import AppError
from steelyard.core.values import commands as cmd
from ui.forms_desk import CONTROL, SHIFT, FormsDesk, open_forms_desk
from ui.scripted_prompts import CAREFUL, TRANSLATE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtGui import QAction
    from pytestqt.qtbot import QtBot

    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.compare_library import LibrarySheet
    from steelyard.ui.theme.theme import Theme
    from ui.fake_engine import FakeEngine


@pytest.fixture
def desk(
    qtbot: QtBot, theme: Theme, bridge: Bridge, actions: Actions, fake_engine: FakeEngine
) -> Iterator[FormsDesk]:
    with open_forms_desk(qtbot, theme, bridge, actions, fake_engine) as desk:
        qtbot.waitUntil(lambda: len(desk.forms.library.prompts) == 3)
        yield desk


@pytest.fixture
def library(desk: FormsDesk) -> LibrarySheet:
    desk.press(Qt.Key.Key_L, CONTROL | SHIFT)
    assert desk.forms.library.is_open
    return desk.forms.library


def titles(library: LibrarySheet) -> list[str]:
    return [entry.title for entry in library.entries.shown]


def menu(desk: FormsDesk) -> dict[str, QAction]:
    desk.forms.presets.click()
    shown = desk.forms.presets.menu_of_presets
    shown.close()
    return {action.text(): action for action in shown.actions() if action.text()}


def test_a_prompt_is_found_and_put_in_by_keys(desk: FormsDesk, library: LibrarySheet) -> None:
    assert titles(library) == ["Review", "Translate"]
    desk.type("migr")
    assert titles(library) == ["Review"]
    desk.press(Qt.Key.Key_Down)
    desk.press(Qt.Key.Key_Return)
    assert not library.is_open
    assert desk.page.composer.prompt.text == "Review this migration."
    assert QApplication.focusWidget() is desk.page.composer.prompt


def test_fields_fill_variables_and_empty_ones_stay(desk: FormsDesk, library: LibrarySheet) -> None:
    desk.type("translate")
    desk.press(Qt.Key.Key_Down)
    desk.press(Qt.Key.Key_Return)
    assert list(library.fields.edits) == ["language", "text"]
    desk.type("French {text}")
    desk.press(Qt.Key.Key_Return)
    desk.press(Qt.Key.Key_Return)
    assert desk.page.composer.prompt.text == "Translate into French {text}: {text}"
    assert desk.forms.table_chip.shown_text == "1 variable no rows"


def test_a_shipped_prompt_is_only_copied(desk: FormsDesk, library: LibrarySheet) -> None:
    library.entries.choose(TRANSLATE.id)
    assert not library.delete_button.isVisible()
    assert library.save_button.text() == "Save a copy"
    library.editor.edit.appendPlainText("Keep the tone.")
    QTest.mouseClick(library.save_button, Qt.MouseButton.LeftButton)
    desk.qtbot.waitUntil(lambda: len(library.prompts) == 4)
    [command] = desk.engine.of_type(cmd.SavePrompt)
    assert (command.prompt.id, command.prompt.is_shipped) == ("", False)
    assert TRANSLATE in library.prompts


def test_an_own_prompt_is_changed_and_deleted_after_a_question(
    desk: FormsDesk, library: LibrarySheet
) -> None:
    library.entries.choose("u1")
    assert not library.save_button.isEnabled()
    library.name.edit.selectAll()
    QTest.keyClicks(library.name.edit, "Lock review")
    QTest.mouseClick(library.save_button, Qt.MouseButton.LeftButton)
    desk.qtbot.waitUntil(lambda: "Lock review" in titles(library))
    desk.qtbot.waitUntil(lambda: library.entries.key == "u1")
    QTest.mouseClick(library.delete_button, Qt.MouseButton.LeftButton)
    assert library.delete_button.text() == "Delete for good?"
    assert not desk.engine.of_type(cmd.RemovePrompt)
    QTest.mouseClick(library.delete_button, Qt.MouseButton.LeftButton)
    desk.qtbot.waitUntil(lambda: titles(library) == ["Translate"])


def test_the_prompt_that_stands_there_is_kept(desk: FormsDesk) -> None:
    desk.write("Say {word} twice.")
    desk.press(Qt.Key.Key_K, CONTROL | SHIFT)
    library = desk.forms.library
    QTest.mouseClick(library.save_button, Qt.MouseButton.LeftButton)
    assert library.name.error == "It needs a name."
    library.name.edit.setFocus()
    desk.type("Twice")
    QTest.mouseClick(library.save_button, Qt.MouseButton.LeftButton)
    desk.qtbot.waitUntil(lambda: "Twice" in titles(library))
    [command] = desk.engine.of_type(cmd.SavePrompt)
    assert (command.prompt.kind, command.prompt.text) == ("prompt", "Say {word} twice.")


def test_keeping_a_prompt_works_from_the_open_library(desk: FormsDesk, library: LibrarySheet) -> None:
    desk.page.composer.prompt.setPlainText("Hello there")
    desk.press(Qt.Key.Key_K, CONTROL | SHIFT)
    assert library.is_open
    assert library.text == "Hello there"
    assert QApplication.focusWidget() is library.name.edit


def test_a_refusal_is_told_in_the_sheet(desk: FormsDesk, library: LibrarySheet) -> None:
    desk.engine.answers[cmd.SavePrompt] = AppError("The disk is full", "0 bytes free", "Make room.")
    library.edit_new("prompt", "Hello")
    desk.type("Greeting")
    QTest.mouseClick(library.save_button, Qt.MouseButton.LeftButton)
    desk.qtbot.waitUntil(library.problem.isVisible)
    assert "The disk is full" in library.problem.text
    assert library.text == "Hello"


def test_a_preset_becomes_the_system_prompt(desk: FormsDesk) -> None:
    actions = menu(desk)
    assert not actions["Save as preset…"].isEnabled()
    actions[CAREFUL.name].trigger()
    assert desk.page.composer.system_text == CAREFUL.text
    desk.write("Go")
    desk.send()
    desk.wait_over()
    assert desk.asked.system == CAREFUL.text


def test_the_system_prompt_is_kept_as_preset(desk: FormsDesk) -> None:
    desk.page.composer.system.setPlainText("Answer in rhyme.")
    menu(desk)["Save as preset…"].trigger()
    assert desk.forms.library.is_open
    desk.type("Poet")
    QTest.mouseClick(desk.forms.library.save_button, Qt.MouseButton.LeftButton)
    desk.qtbot.waitUntil(lambda: "Poet" in menu(desk))
    [command] = desk.engine.of_type(cmd.SavePrompt)
    assert (command.prompt.kind, command.prompt.text) == ("system", "Answer in rhyme.")
