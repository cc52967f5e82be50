"""The Models page as a whole: its tabs, its keys, and the ways to it and from it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

from steelyard.core.base.errors import AppError
from steelyard.core.values import commands as cmd
from steelyard.core.values.events import EngineChanged
from ui import scripted_hub

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from steelyard.ui.actions import Actions
    from ui.models_desk import ModelsDesk as Desk

ALT = Qt.KeyboardModifier.AltModifier
CONTROL = Qt.KeyboardModifier.ControlModifier


def test_keys_show_the_tabs_and_put_the_keyboard_there(desk: Desk, qtbot: QtBot) -> None:
    desk.wait_results()
    walked = []
    for key in (Qt.Key.Key_2, Qt.Key.Key_3, Qt.Key.Key_1):
        qtbot.keyClick(desk.window, key, ALT)
        focused = QApplication.focusWidget()
        assert focused is not None
        walked.append((desk.page.tab, focused.accessibleName()))
    assert walked == [
        ("library", "Weights on this machine"),
        ("places", "Path of a GGUF file or of a folder"),
        ("discover", "Search models"),
    ]


def test_arrows_walk_the_tabs_and_tab_reaches_the_one_that_is_shown(desk: Desk) -> None:
    buttons = desk.page.title_widget.buttons
    buttons["discover"].setFocus()
    desk.press(Qt.Key.Key_Right)
    assert desk.page.tab == "library"
    assert buttons["library"].hasFocus()
    reached = [key for key, button in buttons.items() if button.focusPolicy() & Qt.FocusPolicy.TabFocus]
    assert reached == ["library"]


def test_every_action_of_the_page_is_in_the_palette(desk: Desk, actions: Actions, qtbot: QtBot) -> None:
    mine = [entry for entry in actions.all() if entry.page == "models"]
    assert len(mine) >= 12
    qtbot.keyClick(desk.window, Qt.Key.Key_K, CONTROL)
    assert {entry.action.text() for entry in mine} <= set(desk.window.palette_view.shown_texts())
    desk.window.palette_view.close_palette()


def test_the_download_key_works_and_its_tooltip_names_it(desk: Desk, qtbot: QtBot) -> None:
    desk.wait_results()
    desk.open(scripted_hub.QWEN)
    assert "Ctrl+D" in desk.repo.foot.button.toolTip()
    qtbot.keyClick(desk.window, Qt.Key.Key_D, CONTROL)
    qtbot.waitUntil(lambda: len(desk.engine.of_type(cmd.EnqueueDownload)) == 1)


def test_adding_weights_leads_here_from_anywhere(desk: Desk, actions: Actions) -> None:
    desk.window.show_page("compare")
    actions.trigger("weights.add")
    assert (desk.window.current_page, desk.page.tab) == ("models", "places")
    desk.session._on_settings_requested("models")
    assert desk.page.tab == "discover"
    desk.session._on_settings_requested("weights")
    assert desk.page.tab == "places"


def test_nothing_is_asked_of_the_hub_before_the_page_is_shown(desk: Desk) -> None:
    desk.wait_results()
    asked = desk.engine.of_type(cmd.SearchHub)
    assert len(asked) == 1
    assert not any(command.ask_hub for command in desk.engine.of_type(cmd.ReadHubAccount))


def test_a_new_engine_is_asked_again(desk: Desk, qtbot: QtBot) -> None:
    desk.engine.hub.offline = AppError("The engine is closing", retryable=True)
    desk.search.retry()
    qtbot.waitUntil(lambda: desk.search.is_offline)
    desk.engine.hub.offline = None
    desk.tell(EngineChanged(state="ready"))
    qtbot.waitUntil(lambda: not desk.search.is_offline)
    qtbot.waitUntil(lambda: len(desk.engine.of_type(cmd.ListDownloads)) == 2)


@pytest.mark.parametrize("tab", ["discover", "library", "places"])
def test_nothing_is_cut_in_the_smallest_window(desk: Desk, qtbot: QtBot, tab: str) -> None:
    desk.wait_results()
    desk.open(scripted_hub.QWEN)
    desk.engine.hub.downloads = [scripted_hub.download(id=f"d{at}", position=at) for at in range(4)]
    desk.page.downloads.load()
    desk.window.resize(1024, 700)
    desk.page.show_tab(tab)
    qtbot.waitUntil(lambda: len(desk.page.dock.cards) == 4)
    assert desk.window.width() == 1024
    assert desk.window.height() == 700
    right = desk.page.rect().right()
    for widget in (desk.page.dock.all_button, *_controls(desk.page, tab)):
        corner = widget.mapTo(desk.page, widget.rect().bottomRight())
        assert corner.x() <= right, widget.accessibleName()
        assert widget.width() >= widget.minimumSizeHint().width(), widget.accessibleName()


def _controls(page: QWidget, tab: str) -> list[QWidget]:
    parts = {
        "discover": lambda: [page.discover.repo.foot.button, page.discover.repo.head.card_button],  # type: ignore[attr-defined]
        "library": lambda: [page.shelf.verify_all_button, page.shelf.details.copy_button],  # type: ignore[attr-defined]
        "places": lambda: [page.places.add_button],  # type: ignore[attr-defined]
    }
    return parts[tab]()


def test_a_strange_name_in_a_copied_command_does_nothing_to_a_shell(desk: Desk, qtbot: QtBot) -> None:
    name = "org/\u202ename;rm -rf ~"
    desk.engine.hub.repos[name] = scripted_hub.repo(name)
    desk.open(name)
    qtbot.mouseClick(desk.repo.foot.copy_button, Qt.MouseButton.LeftButton)
    copied = QGuiApplication.clipboard().text()
    assert copied.isprintable()
    assert shlex.split(copied) == ["steelyard", "models", "pull", "org/ name;rm -rf ~:Q4_K_M"]


def test_tab_goes_from_the_tabs_through_the_page_to_the_downloads(desk: Desk, qtbot: QtBot) -> None:
    desk.wait_results()
    desk.open(scripted_hub.QWEN)
    desk.engine.hub.downloads = [
        scripted_hub.download(id=f"d{at}", repo="o/other", position=at) for at in range(2)
    ]
    desk.page.downloads.load()
    qtbot.waitUntil(lambda: len(desk.page.dock.cards) == 2)
    desk.page.title_widget.buttons["discover"].setFocus()
    dock, repo = desk.page.dock, desk.repo
    expected: list[QWidget] = [
        desk.search.box,
        desk.search.filters.parameters,
        desk.search.filters.sort,
        desk.search.view,
        repo.head.card_button,
        repo.panel.slider,
        repo.files,
        repo.foot.button,
        dock.all_button,
        dock.fold_button,
        dock.cards["d0"].go_button,
        dock.cards["d1"].more_button,
    ]
    walked: list[QWidget | None] = []
    for _ in range(40):
        desk.press(Qt.Key.Key_Tab)
        walked.append(QApplication.focusWidget())
    places = [walked.index(widget) for widget in expected]
    assert places == sorted(places)
    assert places[0] == 0
