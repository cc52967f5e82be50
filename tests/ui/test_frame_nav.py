"""Getting about with the keyboard alone."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget

from steelyard.ui.frame.page_list import PAGES
from steelyard.ui.pages.placeholder import SENTENCES, PlaceholderPage

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from steelyard.ui.actions import Actions
    from steelyard.ui.main_window import MainWindow

CONTROL = Qt.KeyboardModifier.ControlModifier
KEYS = {spec.name: ord(spec.shortcut[-1]) for spec in PAGES}


def test_compare_is_shown_first_with_its_own_title_widget(window: MainWindow) -> None:
    assert window.current_page == "compare"
    assert window.top_bar.title == "Compare"
    assert window.page("compare").title_widget.isVisible()  # type: ignore[attr-defined]


def test_every_page_has_a_shortcut_that_opens_it(qtbot: QtBot, window: MainWindow) -> None:
    for spec in reversed(PAGES):
        qtbot.keyClick(window, Qt.Key(KEYS[spec.name]), CONTROL)
        assert window.current_page == spec.name
        assert window.top_bar.title == spec.title
        assert window.page(spec.name).isVisible()
        assert window.rail.button(spec.name).isChecked()


def test_arrow_keys_walk_the_rail(qtbot: QtBot, window: MainWindow) -> None:
    window.rail.button("compare").setFocus()
    walked = []
    for _ in PAGES[1:]:
        focused = window.focusWidget()
        assert focused is not None
        qtbot.keyClick(focused, Qt.Key.Key_Down)
        walked.append(window.current_page)
    assert walked == [spec.name for spec in PAGES[1:]]
    assert window.focusWidget() is window.rail.button("settings")


def test_a_page_takes_the_focus_and_one_without_controls_leaves_it_on_the_rail(
    qtbot: QtBot, window: MainWindow
) -> None:
    qtbot.keyClick(window, Qt.Key.Key_8, CONTROL)
    assert window.focusWidget() is window.rail.button("gateway")
    window.page("compare").setFocus()
    qtbot.keyClick(window, Qt.Key.Key_1, CONTROL)
    assert window.focusWidget() is window.rail.button("compare")
    qtbot.keyClick(window, Qt.Key.Key_Tab)


def test_shortcuts_of_a_page_work_only_there(qtbot: QtBot, window: MainWindow, actions: Actions) -> None:
    done: list[str] = []
    actions.add("compare.rerun", "Rerun", lambda: done.append("compare"), shortcut="Ctrl+R", page="compare")
    actions.add("gateway.reset", "Reset", lambda: done.append("gateway"), shortcut="Ctrl+R", page="gateway")
    qtbot.keyClick(window, Qt.Key.Key_R, CONTROL)
    qtbot.keyClick(window, Qt.Key.Key_8, CONTROL)
    qtbot.keyClick(window, Qt.Key.Key_R, CONTROL)
    assert done == ["compare", "gateway"]
    assert actions.entry("compare.rerun").action.toolTip() == "Rerun (Ctrl+R)"


@pytest.mark.parametrize("name", list(SENTENCES))
def test_pages_that_are_not_built_say_so_and_have_nothing_to_press(window: MainWindow, name: str) -> None:
    window.show_page(name)
    page = window.page(name)
    assert isinstance(page, PlaceholderPage)
    assert not page.findChildren(QAbstractButton)
    texts = [label.text() for label in page.findChildren(QLabel)]
    assert any("Not built yet" in text for text in texts)


def test_everything_that_takes_the_focus_has_an_accessible_name(window: MainWindow) -> None:
    for spec in PAGES:
        window.show_page(spec.name)
    settings = window.page("settings")
    settings.show_add_target()  # type: ignore[attr-defined]
    nameless = [
        f"{type(widget).__name__} in {_path(widget)}"
        for widget in window.findChildren(QWidget)
        if widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        and not widget.accessibleName()
        and not widget.objectName().startswith("qt_")
    ]
    assert not nameless


def test_the_smallest_size_shows_the_whole_rail_and_settings(window: MainWindow) -> None:
    window.resize(1024, 700)
    window.show_page("settings")
    buttons = [window.rail.button(spec.name).geometry() for spec in PAGES]
    assert all(above.bottom() < below.top() for above, below in pairwise(buttons))
    assert buttons[-1].bottom() <= window.rail.height()
    assert window.width() == 1024


def _path(widget: QWidget) -> str:
    names = []
    parent = widget.parentWidget()
    while parent is not None:
        names.append(type(parent).__name__)
        parent = parent.parentWidget()
    return " < ".join(names)
