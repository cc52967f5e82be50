"""Reading answers: find in all of them, scroll them together, fold their code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from steelyard.ui.widgets.response_badges import CodeBadge, FoldButton
from steelyard.ui.widgets.response_find import hits_in, pattern_of
from ui.reading_desk import ALT, CODE, CONTROL, LEFT, RIGHT, SHIFT, ReadingDesk

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme
    from ui.fake_engine import FakeEngine


@pytest.fixture
def desk(
    qtbot: QtBot, theme: Theme, bridge: Bridge, actions: Actions, fake_engine: FakeEngine
) -> ReadingDesk:
    fake_engine.add_api("mini")
    fake_engine.texts = {"starter": LEFT, "mini": RIGHT}
    desk = ReadingDesk(qtbot, theme, bridge, actions, fake_engine)
    desk.ask()
    return desk


def open_find(desk: ReadingDesk, words: str) -> None:
    desk.press(Qt.Key.Key_F, CONTROL)
    desk.type(words)


def wait_count(desk: ReadingDesk, text: str) -> None:
    desk.qtbot.waitUntil(lambda: desk.reading.find.count.text() == text)


def test_find_counts_steps_and_marks_in_every_column(desk: ReadingDesk) -> None:
    open_find(desk, "needle")
    wait_count(desk, "1 of 122")
    assert all(view.extraSelections() for view in desk.views)
    desk.press(Qt.Key.Key_Return, SHIFT)
    wait_count(desk, "122 of 122")
    desk.press(Qt.Key.Key_Return)
    wait_count(desk, "1 of 122")
    desk.press(Qt.Key.Key_Escape)
    assert desk.reading.find.isHidden()
    assert not any(view.extraSelections() for view in desk.views)


def test_find_tells_capitals_apart_only_when_asked(desk: ReadingDesk) -> None:
    open_find(desk, "Needle")
    wait_count(desk, "1 of 122")
    desk.press(Qt.Key.Key_A, ALT)
    wait_count(desk, "1 of 1")
    desk.reading.find.edit.setText("nowhere to be found")
    wait_count(desk, "nothing found")
    assert not desk.reading.find.next_button.isEnabled()


def test_find_goes_through_inline_code_and_into_folded_code(desk: ReadingDesk) -> None:
    open_find(desk, "is here now")
    wait_count(desk, "1 of 1")
    desk.press(Qt.Key.Key_F, ALT)
    assert all(view.folding.has_folded for view in desk.views)
    desk.reading.find.edit.setText("step_55")
    wait_count(desk, "1 of 2")
    assert not desk.views[0].folding.has_folded  # the hit is shown
    assert desk.views[1].folding.has_folded


def test_hits_are_counted_as_qt_counts_characters() -> None:
    pattern = pattern_of("b c", is_case_kept=False)
    assert pattern is not None
    assert hits_in("a\U0001f600B\n c b c", pattern) == [(3, 7), (8, 11)]
    assert pattern_of("  ", is_case_kept=False) is None
    dots = pattern_of("a.b(", is_case_kept=True)
    assert dots is not None
    assert hits_in("axb( a.b(", dots) == [(5, 9)]


def test_find_follows_answers_that_grow(desk: ReadingDesk, qtbot: QtBot) -> None:
    open_find(desk, "alpha")
    wait_count(desk, "1 of 2")
    desk.page.columns.widgets[0].conversation.begin_answer()
    desk.page.columns.widgets[0].conversation.feed("alpha alpha", is_reasoning=False)
    desk.reading.find.refresh()
    wait_count(desk, "1 of 4")
    desk.page.start_new()
    qtbot.waitUntil(lambda: desk.reading.find.count.text() == "nothing found")


def test_columns_scroll_together_only_when_asked(desk: ReadingDesk) -> None:
    first, second = desk.views
    for view in desk.views:
        view.scroll_to_share(0)
    first.verticalScrollBar().setValue(first.verticalScrollBar().maximum())
    assert second.scrolled_share == 0
    desk.actions.trigger("compare.scroll")
    assert second.scrolled_share == 1
    second.verticalScrollBar().setValue(second.verticalScrollBar().maximum() // 2)
    assert first.scrolled_share == pytest.approx(0.5, abs=0.02)
    desk.actions.trigger("compare.scroll")
    second.verticalScrollBar().setValue(0)
    assert first.scrolled_share == pytest.approx(0.5, abs=0.02)


def test_long_code_folds_and_still_copies_whole(desk: ReadingDesk, qtbot: QtBot) -> None:
    view = desk.views[0]
    view.scroll_to_share(0)
    whole = view.document().size().height()
    desk.press(Qt.Key.Key_F, ALT)
    assert view.document().size().height() < whole / 2
    qtbot.waitUntil(
        lambda: any(bar.text() == "52 more lines" for bar in shown(view.findChildren(FoldButton)))
    )
    badge = shown(view.findChildren(CodeBadge))[0]
    QTest.mouseClick(badge, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == CODE.removeprefix("```python\n").removesuffix("\n```\n")
    bar = next(bar for bar in shown(view.findChildren(FoldButton)) if bar.text())
    QTest.mouseClick(bar, Qt.MouseButton.LeftButton)
    assert view.document().size().height() == whole


def shown(buttons: list[Any]) -> list[Any]:
    return [button for button in buttons if button.isVisible()]


def test_a_fold_stays_while_text_streams_and_when_the_answer_is_written_anew(
    desk: ReadingDesk, qtbot: QtBot, theme: Theme
) -> None:
    column = desk.page.columns.widgets[0]
    column.conversation.clear()
    column.conversation.begin_answer()
    lines = CODE.removesuffix("```\n")
    column.conversation.feed(lines[: len(lines) // 2], is_reasoning=False)
    qtbot.waitUntil(lambda: column.view.folding.is_foldable(1))
    column.view.folding.toggle(1)
    seen = column.view.folding.hidden_lines(1)
    column.conversation.feed(lines[len(lines) // 2 :], is_reasoning=False)
    qtbot.waitUntil(lambda: column.view.folding.hidden_lines(1) > seen)
    column.conversation.feed("```\n\nafter it", is_reasoning=False)
    column.conversation.end_answer()
    qtbot.waitUntil(lambda: "after it" in column.view.toPlainText())
    assert column.view.document().lastBlock().isVisible()
    theme.set_mode("light")  # writes every column anew
    qtbot.waitUntil(lambda: "Last words" in column.view.toPlainText())
    assert column.view.folding.is_folded(1)
