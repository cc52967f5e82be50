"""Log, bench and tune of a server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel

from steelyard.core.base.errors import AppError
from steelyard.core.values import commands as cmd
from steelyard.core.values.events import BenchProgressed, ServerLogged, TuneProgressed
from steelyard.core.values.servers import LogLine
from steelyard.ui.widgets.servers_log_view import MOST_LINES
from ui import servers_rows as rows
from ui.servers_desk import ServersDesk

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from steelyard.ui.main_window import MainWindow
    from ui.fake_engine import FakeEngine

ALT = Qt.KeyboardModifier.AltModifier
CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def desk(qtbot: QtBot, window: MainWindow, fake_engine: FakeEngine) -> ServersDesk:
    desk = ServersDesk(qtbot, window, fake_engine)
    desk.wait_loaded()
    qtbot.waitUntil(lambda: desk.view.console.log.view.last_number == 5)
    return desk


def lines(first: int, count: int, level: str = "I") -> list[LogLine]:
    return [LogLine(number=at, level=level, text=f"line {at}") for at in range(first, first + count)]


async def _forever(_command: Any) -> None:
    await asyncio.Event().wait()


def test_the_log_is_followed_and_bounded(desk: ServersDesk) -> None:
    view = desk.view.console.log.view
    assert len(desk.sent(cmd.FollowLog)) == 1
    desk.tell(ServerLogged(name=rows.QWEN, lines=lines(5, 3)))  # the first of them stands there already
    assert view.toPlainText().endswith("line 6\nline 7")
    desk.tell(ServerLogged(name=rows.QWEN, lines=lines(8, 3 * MOST_LINES)))
    assert view.blockCount() == MOST_LINES
    assert view.toPlainText().endswith(f"line {7 + 3 * MOST_LINES}")
    desk.tell(ServerLogged(name=rows.LLAMA, lines=lines(90_000, 1)))
    assert "90000" not in view.toPlainText()


def test_levels_and_text_filter_the_log(desk: ServersDesk, qtbot: QtBot) -> None:
    log = desk.view.console.log
    warnings = log.levels.button("warnings")
    assert warnings.property("text") == "Warnings 1"
    qtbot.mouseClick(warnings, Qt.MouseButton.LeftButton)
    assert log.view.toPlainText() == rows.LOG[-1].text
    qtbot.mouseClick(log.levels.button("all"), Qt.MouseButton.LeftButton)
    qtbot.keyClick(desk.window, Qt.Key.Key_F, CONTROL)
    qtbot.keyClicks(log.needle, "PRINT_timing")
    assert log.view.blockCount() == 2
    qtbot.mouseClick(log.copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text().count("\n") == 1


def test_a_paused_log_stays_where_the_user_reads(desk: ServersDesk) -> None:
    log = desk.view.console.log
    desk.tell(ServerLogged(name=rows.QWEN, lines=lines(6, 200)))
    bar = log.view.verticalScrollBar()
    assert bar.value() == bar.maximum()
    log.toggle_pause()
    bar.setValue(10)
    desk.tell(ServerLogged(name=rows.QWEN, lines=lines(206, 50)))
    assert bar.value() == 10
    log.toggle_pause()
    assert bar.value() == bar.maximum()


def test_what_a_log_says_is_text_and_cannot_steer(desk: ServersDesk) -> None:
    evil = LogLine(number=6, level="E", text="\x1b[31m<img src=x>\u202e" + "y" * 5000)
    desk.tell(ServerLogged(name=rows.QWEN, lines=[evil]))
    last = desk.view.console.log.view.toPlainText().splitlines()[-1]
    assert "<img src=x>" in last
    assert "\x1b" not in last
    assert len(last) <= 2001


def test_another_server_has_another_log(desk: ServersDesk, qtbot: QtBot) -> None:
    desk.page.show_server(rows.LLAMA)
    qtbot.waitUntil(lambda: [c.name for c in desk.sent(cmd.FollowLog)] == [rows.QWEN, rows.LLAMA])


def test_bench_fills_level_by_level_and_says_the_ratio(desk: ServersDesk, qtbot: QtBot) -> None:
    desk.engine.answers[cmd.StartBench] = _forever
    qtbot.keyClick(desk.window, Qt.Key.Key_2, ALT)
    bench = desk.view.console.bench
    qtbot.mouseClick(bench.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(desk.sent(cmd.StartBench)) == 1)
    assert bench.start.text() == "Stop"
    request = bench._ask.request
    desk.tell(BenchProgressed(request=request, doing="4 at a time", done=3, total=5, level=rows.LEVELS[2]))
    desk.tell(BenchProgressed(request="other", doing="no", done=1, total=5, level=rows.LEVELS[0]))
    shown = [label.text() for label in bench.findChildren(QLabel)]
    assert "402.0 tok/s" in shown
    assert "2.66" in shown
    assert "149.0 tok/s" not in shown
    qtbot.mouseClick(bench.start, Qt.MouseButton.LeftButton)
    assert bench.start.text() == "Run bench"


def test_a_finished_bench_names_the_engine_alone(desk: ServersDesk, qtbot: QtBot) -> None:
    desk.page.run("bench")
    bench = desk.view.console.bench
    qtbot.waitUntil(lambda: len(bench._levels) == 4)
    assert "generation 151.0 tok/s ± 0.8" in bench._engine.text()
    dashes = [label for label in bench.findChildren(QLabel) if label.text() == "—"]
    assert dashes[0].toolTip() == "n too small, or not measured"


def test_a_bench_that_fails_says_why_in_its_place(desk: ServersDesk, qtbot: QtBot) -> None:
    desk.engine.answers[cmd.StartBench] = AppError("llama-bench is missing", "", "Run set-up again.")
    desk.page.run("bench")
    bench = desk.view.console.bench
    qtbot.waitUntil(lambda: "llama-bench is missing" in bench._trouble.text)
    assert bench.start.text() == "Run bench"


def test_a_tune_fills_its_table_is_stopped_and_keeps_the_best(desk: ServersDesk, qtbot: QtBot) -> None:
    finished = asyncio.Event()

    async def tune(_command: Any) -> Any:
        await finished.wait()
        return rows.TUNE

    async def finish(_command: Any) -> None:
        finished.set()

    desk.engine.answers |= {cmd.StartTune: tune, cmd.FinishTune: finish}
    qtbot.keyClick(desk.window, Qt.Key.Key_3, ALT)
    pane = desk.view.console.tune
    qtbot.mouseClick(pane.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(desk.sent(cmd.StartTune)) == 1)
    assert desk.sent(cmd.StartTune)[0] == cmd.StartTune(target=rows.QWEN, budget_s=300.0, quants=True)
    for at, candidate in enumerate(rows.CANDIDATES[:3]):
        desk.tell(
            TuneProgressed(
                request=pane._ask.request,
                doing="Flash attention",
                done=at,
                total=9,
                eta_s=40.0,
                candidate=candidate,
            )
        )
    assert pane.model.rowCount() == 3
    assert "40 s left" in pane._doing.text()
    qtbot.mouseClick(pane.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: pane.model.rowCount() == len(rows.CANDIDATES))
    verdicts = [pane.model.index(at, 5).data() for at in range(pane.model.rowCount())]
    assert verdicts == [
        "as it is",
        "best",
        "same within noise",
        "0.95 times as fast",
        "same within noise",
        "1.15 times as fast",
    ]
    qtbot.mouseClick(pane.use, Qt.MouseButton.LeftButton)
    assert desk.view.profile.form.draft.profile.flash_attention == "on"
    assert desk.view.profile.form.boxes["flash_attention"].is_changed


def test_a_better_quant_is_offered_as_a_new_server(desk: ServersDesk, qtbot: QtBot) -> None:
    desk.page.run("tune")
    pane = desk.view.console.tune
    qtbot.waitUntil(lambda: pane.model.rowCount() == len(rows.CANDIDATES))
    pane.table.selectRow(5)
    qtbot.mouseClick(pane.use, Qt.MouseButton.LeftButton)
    assert desk.page.shown == "new"
    assert desk.page.new.target == "qwen7b-q4_0"
