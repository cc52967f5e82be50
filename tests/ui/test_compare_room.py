"""How much of the window is left for the answers, and what gives way for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from steelyard.core.values.comparison import NotComparable, Remedy
from steelyard.core.values.run import Structured
from ui.compare_desk import ALT, Desk, desk, open_desk, three

if TYPE_CHECKING:
    from pathlib import Path

    from steelyard.core.values.run import Run

__all__ = ["desk", "open_desk", "three"]

FRAME_WIDTH_PX, FRAME_HEIGHT_PX = 80, 80  # the rail; the top bar and the status strip
LONG = "\n\n".join(f"Paragraph {at} about calm colours." for at in range(30))


def reasons(runs: list[Run]) -> list[NotComparable]:
    told: list[tuple[Any, list[str], str | None]] = [
        ("cached_prefill", ["ttft_ms", "e2e_ms"], Remedy.WITHOUT_CACHE),
        ("different_context", ["ttft_ms", "e2e_ms", "usd"], None),
        ("finish_length", ["e2e_ms", "usd"], Remedy.MORE_TOKENS),
    ]
    return [
        NotComparable(run_id=run.id, metrics=metrics, code=code, detail=f"the {code} of it", remedy=remedy)
        for run in runs
        for code, metrics, remedy in told
    ]


def judged(run: Run) -> Run:
    verdict = Structured(kind="json_schema", is_held=False, is_valid=False, detail="$.risk: missing")
    timing = msgspec.structs.replace(run.timing, load_ms=4240.0)
    return msgspec.structs.replace(run, structured=verdict, timing=timing, finish_reason="length")


@pytest.mark.parametrize(("width", "height", "least_px"), [(1440, 900, 260), (1024, 700, 150)])
def test_the_answer_keeps_its_room(three: Desk, width: int, height: int, least_px: int) -> None:
    for name in list(three.engine.texts) + three.page.state.targets:
        three.engine.texts[name] = LONG
    three.engine.chunks_per_s = 20_000
    three.engine.judge, three.engine.alter = reasons, judged
    three.window.resize(width - FRAME_WIDTH_PX, height - FRAME_HEIGHT_PX)
    three.ask("One?")
    three.wait_answered()
    three.ask("Two?")
    three.wait_answered()
    three.qtbot.waitUntil(lambda: all(widget.banner.isVisible() for widget in three.widgets))
    three.qtbot.wait(20)
    assert [widget.header.notes.isVisible() for widget in three.widgets] == [True] * 3
    assert min(widget.view.height() for widget in three.widgets) >= least_px
    assert all(widget.width() <= three.window.width() / 3 for widget in three.widgets)


def test_facts_stay_where_they_are_while_answers_arrive(three: Desk) -> None:
    three.engine.judge, three.engine.alter = reasons, judged
    seen: set[int] = set()

    def top() -> int:
        facts = three.widgets[0].facts
        return facts.mapTo(three.page, QPoint()).y()

    three.ask("One?")
    three.wait_answered()
    three.engine.chunks_per_s = 100
    three.ask("Two?")
    three.qtbot.waitUntil(
        lambda: seen.add(top()) is None and not three.page.state.is_streaming, timeout=10_000
    )
    three.wait_answered()
    assert seen == {top()}


def test_reasons_open_over_the_answer_and_close_with_esc(three: Desk) -> None:
    three.engine.judge = reasons
    three.ask("One?")
    three.wait_answered()
    banner = three.widgets[1].banner
    three.qtbot.waitUntil(banner.isVisible)
    assert banner.line.shown.startswith("Not comparable")
    assert banner.line.shown.endswith("+2")
    assert "Total, cost: The finish_length of it" in banner.line.accessibleName()
    assert "Alt+N" in banner.line.toolTip()
    banner.line.setFocus()
    for key in (Qt.Key.Key_Space, Qt.Key.Key_Return):
        QTest.keyClick(banner.line, key)
        three.qtbot.waitUntil(banner.reasons.isVisible)
        assert len(banner.reasons.rows) == 3
        assert banner.reasons.geometry().bottom() <= banner.mapToGlobal(QPoint(0, banner.height())).y()
        three.press(Qt.Key.Key_Escape)
        three.qtbot.waitUntil(lambda: not banner.reasons.isVisible())
        three.window.activateWindow()  # a closed pop-up stays the active window on the offscreen platform
        three.qtbot.waitUntil(three.window.isActiveWindow)
        assert QApplication.focusWidget() is banner.line
    QTest.mouseClick(banner.line, Qt.MouseButton.LeftButton)
    three.qtbot.waitUntil(banner.reasons.isVisible)


def test_the_cost_is_the_switch_for_what_is_to_come(three: Desk, tmp_path: Path) -> None:
    path = str(tmp_path / "window.ini")
    three.page.take_state(QSettings(path, QSettings.Format.IniFormat))
    column = three.widgets[0]
    assert not column.costs.isVisible(), "folded in a low window"
    at = column.facts.switch_rect().center()
    assert "Per 1,000 and per month (Alt+C)" in column.facts.tooltip_at(at)
    QTest.mouseClick(column.facts, Qt.MouseButton.LeftButton, pos=at.toPoint())
    assert [widget.costs.isVisible() for widget in three.widgets] == [True] * 3
    three.window.resize(1440, 700)
    assert column.costs.isVisible(), "what was chosen counts for more than the height"


def test_the_choice_for_costs_is_kept_from_one_start_to_the_next(three: Desk, tmp_path: Path) -> None:
    path = str(tmp_path / "window.ini")
    earlier = QSettings(path, QSettings.Format.IniFormat)
    earlier.setValue("compare/costs", "shown")
    earlier.sync()
    three.page.take_state(QSettings(path, QSettings.Format.IniFormat))
    assert three.widgets[0].costs.isVisible()
    three.press(Qt.Key.Key_C, ALT)
    assert not three.widgets[0].costs.isVisible()
    later = QSettings(path, QSettings.Format.IniFormat)
    assert later.value("compare/costs") == "hidden"


def test_costs_that_nobody_knows_take_one_line(three: Desk) -> None:
    three.ask("One?")
    three.wait_answered()
    three.press(Qt.Key.Key_C, ALT)
    three.qtbot.waitUntil(lambda: three.widgets[0].costs.height() < 40)
    assert "watts and a tariff" in three.widgets[0].costs.reason
    assert len({widget.costs.height() for widget in three.widgets}) == 1


def test_the_keyboard_stays_in_the_column_whose_remedy_was_taken(three: Desk) -> None:
    three.engine.judge = reasons
    three.ask("One?")
    three.wait_answered()
    column = three.widgets[1]
    three.qtbot.waitUntil(column.banner.isVisible)
    three.engine.judge = lambda _runs: []
    column.banner.button.setFocus()
    three.press(Qt.Key.Key_Space)
    three.qtbot.waitUntil(lambda: not column.banner.isVisible())
    three.wait_answered()
    focused = QApplication.focusWidget()
    assert focused is not None
    assert column.isAncestorOf(focused)
