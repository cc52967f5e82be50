"""The command palette, through the keys that a user presses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt

from steelyard.ui.palette import match_score

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from steelyard.ui.actions import Actions
    from steelyard.ui.main_window import MainWindow
    from steelyard.ui.palette import Palette

CONTROL = Qt.KeyboardModifier.ControlModifier


def _open(qtbot: QtBot, window: MainWindow) -> Palette:
    qtbot.keyClick(window, Qt.Key.Key_K, CONTROL)
    assert window.palette_view.isVisible()
    return window.palette_view


def test_finds_a_command_by_scattered_letters_and_runs_it(qtbot: QtBot, window: MainWindow) -> None:
    palette = _open(qtbot, window)
    qtbot.keyClicks(palette.field, "cost")
    assert palette.shown_texts()[0] == "Go to Costs"
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.current_page == "costs"
    assert not palette.isVisible()


def test_arrow_keys_choose(qtbot: QtBot, window: MainWindow) -> None:
    palette = _open(qtbot, window)
    qtbot.keyClicks(palette.field, "go to")
    qtbot.keyClick(palette.field, Qt.Key.Key_Down)
    qtbot.keyClick(palette.field, Qt.Key.Key_Down)
    qtbot.keyClick(palette.field, Qt.Key.Key_Up)
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.current_page == "models"


def test_escape_closes_it_and_nothing_else(qtbot: QtBot, window: MainWindow, actions: Actions) -> None:
    stops: list[bool] = []
    actions.add("compare.stop", "Stop", lambda: stops.append(True), shortcut="Esc", page="compare")
    field = window.page("compare").field  # type: ignore[attr-defined]
    field.setFocus()
    palette = _open(qtbot, window)
    qtbot.keyClick(palette.field, Qt.Key.Key_Escape)
    assert not palette.isVisible()
    assert window.focusWidget() is field
    assert not stops
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert stops


@pytest.mark.usefixtures("session")
def test_a_command_of_another_page_opens_that_page(qtbot: QtBot, window: MainWindow) -> None:
    palette = _open(qtbot, window)
    qtbot.keyClicks(palette.field, "add api")
    assert palette.shown_texts()[0] == "Add an API target"
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.current_page == "settings"
    assert window.page("settings").targets.form.isVisible()  # type: ignore[attr-defined]


def test_commands_that_cannot_run_now_are_left_out(
    qtbot: QtBot, window: MainWindow, actions: Actions
) -> None:
    actions.add("compare.export", "Export", lambda: None, page="compare").setEnabled(False)
    assert "Export" not in _open(qtbot, window).shown_texts()


def test_the_list_of_shortcuts_has_only_what_has_one(
    qtbot: QtBot, window: MainWindow, actions: Actions
) -> None:
    actions.add("compare.copy", "Copy all answers", lambda: None)
    qtbot.keyClick(window, Qt.Key.Key_Slash, CONTROL)
    texts = window.palette_view.shown_texts()
    assert "Go to Compare" in texts
    assert "Copy all answers" not in texts


def test_a_click_on_the_field_opens_it_and_one_beside_closes(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.mouseClick(window.top_bar.palette_field, Qt.MouseButton.LeftButton)
    palette = window.palette_view
    assert palette.isVisible()
    assert palette.size() == window.size()
    qtbot.mouseClick(palette, Qt.MouseButton.LeftButton, pos=palette.rect().bottomLeft())
    assert not palette.isVisible()


def test_letters_that_fit_nothing_say_so(qtbot: QtBot, window: MainWindow) -> None:
    palette = _open(qtbot, window)
    qtbot.keyClicks(palette.field, "zzzz")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert palette.shown_texts() == []
    assert palette.isVisible()


@pytest.mark.parametrize(
    ("letters", "text", "is_match"),
    [("", "Anything", True), ("gtc", "Go to Compare", True), ("GO", "Go to", True), ("og", "Go", False)],
)
def test_matching(letters: str, text: str, is_match: bool) -> None:
    assert (match_score(letters, text) > 0) is is_match


def test_a_whole_word_beats_scattered_letters() -> None:
    assert match_score("serv", "Go to Servers") > match_score("serv", "Show every service value"[:9] + "r v")
