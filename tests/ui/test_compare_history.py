"""The drawer of stored comparisons, by keyboard and mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from steelyard.core.base.errors import AppError
from steelyard.core.values import commands as cmd
from steelyard.core.values.comparison import ComparisonRow
from steelyard.ui.pages.compare_history import PAGE_ROWS
from steelyard.ui.pages.compare_history_text import interrupted, tags_of, what_stays
from ui.reading_desk import CONTROL, ReadingDesk

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.compare_history import HistoryPanel
    from steelyard.ui.theme.theme import Theme
    from ui.fake_engine import FakeEngine


def row(id_: str, title: str, **changes: object) -> ComparisonRow:
    values = {"started_at": "2026-01-01T00:00:00.000Z", "targets": ["mini"], "turns": 1, "runs": 2} | changes
    return ComparisonRow(id=id_, title=title, **values)  # type: ignore[arg-type]


@pytest.fixture
def desk(
    qtbot: QtBot, theme: Theme, bridge: Bridge, actions: Actions, fake_engine: FakeEngine
) -> ReadingDesk:
    fake_engine.reading.rows = [
        row("c1", "About balances", tags=["ratio"], is_starred=True),
        row("c2", "About <b>locks</b>", runs=7, planned_runs=12, missing_runs=5, votes=2),
        row("c3", "Something else"),
    ]
    return ReadingDesk(qtbot, theme, bridge, actions, fake_engine)


@pytest.fixture
def history(desk: ReadingDesk) -> HistoryPanel:
    desk.page.focus_prompt()
    desk.press(Qt.Key.Key_H, CONTROL)
    panel = desk.reading.history
    wait_ids(desk, "c1 c2 c3")
    return panel


def wait_ids(desk: ReadingDesk, ids: str) -> None:
    listed = desk.reading.history.list
    desk.qtbot.waitUntil(lambda: " ".join(row.id for row in listed.rows) == ids)


def test_search_filters_and_an_empty_result(desk: ReadingDesk, history: HistoryPanel) -> None:
    desk.type("about locks")
    wait_ids(desk, "c2")
    desk.type(" nowhere")
    wait_ids(desk, "")
    assert history.message == "No stored comparison matches."
    QTest.mouseClick(history.clear_button, Qt.MouseButton.LeftButton)
    wait_ids(desk, "c1 c2 c3")
    QTest.mouseClick(history.starred_button, Qt.MouseButton.LeftButton)
    wait_ids(desk, "c1")
    QTest.mouseClick(history.starred_button, Qt.MouseButton.LeftButton)
    wait_ids(desk, "c1 c2 c3")
    history.tag_box.setCurrentIndex(history.tag_box.findData("ratio"))
    wait_ids(desk, "c1")


def test_star_rename_and_tags_by_keyboard(desk: ReadingDesk, history: HistoryPanel, qtbot: QtBot) -> None:
    desk.press(Qt.Key.Key_Down)
    desk.press(Qt.Key.Key_Down)
    assert history.list.current is not None
    assert history.list.current.id == "c2"
    desk.press(Qt.Key.Key_S)
    qtbot.waitUntil(lambda: history.list.rows[1].is_starred)
    desk.press(Qt.Key.Key_F2)
    assert history.foot.edit.text() == "About <b>locks</b>"
    desk.type("Locks at night")
    desk.press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: history.list.rows[1].title == "Locks at night")
    assert desk.focused is history.list
    desk.press(Qt.Key.Key_T)
    desk.type("sql, prod sql")
    desk.press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: history.list.rows[1].tags == ["sql", "prod"])
    assert history.list.current.id == "c2"
    qtbot.waitUntil(lambda: history.tag_box.findData("prod") > 0)


def test_delete_says_what_stays_and_can_be_given_up(
    desk: ReadingDesk, history: HistoryPanel, qtbot: QtBot
) -> None:
    desk.press(Qt.Key.Key_Down)
    desk.press(Qt.Key.Key_Down)
    desk.press(Qt.Key.Key_Delete)
    assert "Figures and costs of its 7 runs stay in the ledger" in history.foot.question.text()
    assert "2 votes" in history.foot.question.text()
    assert desk.focused is history.foot.keep_button
    desk.press(Qt.Key.Key_Escape)
    assert not history.isHidden()
    assert desk.engine.of_type(cmd.RemoveComparison) == []
    desk.press(Qt.Key.Key_Delete)
    QTest.mouseClick(history.foot.confirm_button, Qt.MouseButton.LeftButton)
    wait_ids(desk, "c1 c3")
    assert [command.id for command in desk.engine.of_type(cmd.RemoveComparison)] == ["c2"]
    desk.press(Qt.Key.Key_Escape)
    assert history.isHidden()


def test_an_interrupted_one_offers_to_be_resumed(
    desk: ReadingDesk, history: HistoryPanel, qtbot: QtBot
) -> None:
    wanted: list[str] = []
    history.resume_wanted.disconnect()
    history.resume_wanted.connect(wanted.append)
    assert not history.foot.resume_button.isVisible()
    place = history.list.visualRect(history.list.model().index(1, 0))
    QTest.mouseClick(
        history.list.viewport(),
        Qt.MouseButton.LeftButton,
        pos=QPoint(place.right() - 20, place.bottom() - 12),
    )
    assert wanted == ["c2"]
    assert history.isHidden()


def test_the_star_in_the_list_can_be_clicked(desk: ReadingDesk, history: HistoryPanel, qtbot: QtBot) -> None:
    place = history.list.visualRect(history.list.model().index(2, 0))
    point = QPoint(place.left() + 12, place.top() + 14)
    QTest.mouseClick(history.list.viewport(), Qt.MouseButton.LeftButton, pos=point)
    qtbot.waitUntil(lambda: history.list.rows[2].is_starred)


def test_long_lists_come_page_by_page(desk: ReadingDesk, qtbot: QtBot) -> None:
    total = 2 * PAGE_ROWS + 7
    desk.engine.reading.rows = [row(f"r{n}", f"Number {n}") for n in range(total)]
    desk.page.focus_prompt()
    desk.press(Qt.Key.Key_H, CONTROL)
    history = desk.reading.history
    qtbot.waitUntil(lambda: len(history.list.rows) == PAGE_ROWS)
    desk.press(Qt.Key.Key_Down)
    for expected in (2 * PAGE_ROWS, total):
        desk.press(Qt.Key.Key_End)
        qtbot.waitUntil(lambda n=expected: len(history.list.rows) == n)  # type: ignore[misc]
    assert [r.id for r in history.list.rows] == [f"r{n}" for n in range(total)]
    assert desk.engine.of_type(cmd.ListComparisons)[-1].before == f"r{2 * PAGE_ROWS - 1}"


def test_nothing_stored_and_a_fault_are_told(desk: ReadingDesk, qtbot: QtBot) -> None:
    desk.engine.reading.rows = []
    desk.page.open_history()
    history = desk.reading.history
    qtbot.waitUntil(lambda: history.message.startswith("No comparison is stored yet"))
    desk.engine.answers[cmd.ListComparisons] = AppError("The ledger is locked", "by another", "Try later.")
    history.search.setText("x")
    history.search.textEdited.emit("x")
    qtbot.waitUntil(lambda: history.message == "The ledger is locked. Try later.")
    desk.engine.answers[cmd.ListComparisons] = [row("c9", "Back again")]
    QTest.mouseClick(history.again_button, Qt.MouseButton.LeftButton)
    wait_ids(desk, "c9")


def test_words_of_the_history() -> None:
    assert tags_of(" a,b  a ") == ["a", "b"]
    assert interrupted(row("x", "t", runs=9, planned_runs=12, missing_runs=5)) == "interrupted, 7 of 12 done"
    assert interrupted(row("x", "t")) == ""
    assert what_stays(row("x", "t", runs=1, votes=1)).endswith("without what was said; so does 1 vote.")
