"""The Monitor page in the real window: charts, pointer, pause, requests, inspector, events, files."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QMouseEvent
from PySide6.QtTest import QTest

from steelyard.core.base.errors import AppError
from steelyard.core.values import commands as cmd
from steelyard.core.values.events import MarkerSet, RunFinished, Sampled, SettingsChanged
from steelyard.core.values.run import Run, TargetInfo
from steelyard.core.values.servers import GatewayRow
from steelyard.core.values.settings import AlertSettings, Settings
from steelyard.core.values.telemetry import Marker
from steelyard.ui.pages.monitor import MonitorPage
from ui.scripted_monitor import LLAMA, QWEN, ScriptedMonitor

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from steelyard.ui.main_window import MainWindow
    from steelyard.ui.session import Session
    from ui.fake_engine import FakeEngine


class MonitorDesk:
    """The page, and what tests do with it."""

    def __init__(self, qtbot: QtBot, window: MainWindow, engine: FakeEngine) -> None:
        self.qtbot = qtbot
        self.window = window
        self.engine = engine
        self.machine = engine.monitor
        window.show_page("monitor")
        page = window.page("monitor")
        assert isinstance(page, MonitorPage)
        self.page = page
        window.activateWindow()

    @property
    def cards(self) -> dict[str, Any]:
        assert self.page.board is not None
        return self.page.board.cards

    def wait_drawn(self) -> None:
        page = self.page
        self.qtbot.waitUntil(lambda: page.board is not None and page.board.isVisible(), timeout=15000)
        self.qtbot.waitUntil(lambda: page.feed.history is not None)
        self.wait_idle()

    def wait_idle(self) -> None:
        board = self.page.board
        assert board is not None
        self.qtbot.waitUntil(lambda: not board._turn.isActive())

    def tick(self, seconds: float = 1.0) -> None:
        self.machine.now += seconds
        sample = self.machine.sample(self.machine.now)
        self.engine.emit(Sampled(sample=sample))
        self.qtbot.waitUntil(lambda: self.page.feed.sample is sample)
        self.wait_idle()

    def point(self, card: str, share: float) -> None:
        """Put the pointer on a chart, at a share of its time axis."""
        plot = self.cards[card].plots[0]
        since, until = plot.span
        scene = plot._box.mapViewToScene(QPointF(since + share * (until - since) - plot._origin, 0))
        place = QPointF(plot.mapFromScene(scene).x(), 40)
        event = QMouseEvent(
            QMouseEvent.Type.MouseMove,
            place,
            plot.viewport().mapToGlobal(place),
            Qt.MouseButton.NoButton,
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
        )
        plot.mouseMoveEvent(event)


@pytest.fixture
def desk(qtbot: QtBot, window: MainWindow, session: Session, fake_engine: FakeEngine) -> MonitorDesk:
    desk = MonitorDesk(qtbot, window, fake_engine)
    desk.wait_drawn()
    return desk


def _machine(engine: FakeEngine, **changes: Any) -> None:
    engine.monitor = ScriptedMonitor(**changes)
    engine.answers |= engine.monitor.answers()


# ---- charts --------------------------------------------------------------------------------------------


def test_everything_is_drawn_from_one_history(desk: MonitorDesk) -> None:
    assert len(desk.engine.of_type(cmd.ReadHistory)) == 1
    legends = {name: card.legend.text for name, card in desk.cards.items()}
    assert f"{QWEN} 5.76" in legends["memory"]
    assert "other apps 0.61" in legends["memory"]
    assert "total 13.11" in legends["memory"]
    assert "ended" in legends["memory"]
    assert LLAMA in legends["rate"]
    assert legends["energy"] == "last 2.07"
    assert [row.value.text() != "—" for row in desk.cards["device"].rows] == [True] * 3
    spans = {plot.span for card in desk.cards.values() for plot in card.plots}
    assert len(spans) == 1, "one time axis"
    assert len({len(plot.flags) for card in desk.cards.values() for plot in card.plots}) == 1
    assert desk.page.events.titles == ["Thermal throttle", "Spill to CPU", "Cold start"]


def test_a_sample_moves_the_axis_without_reading_again(desk: MonitorDesk) -> None:
    before = desk.cards["memory"].plot.span
    rows = len(desk.page.feed.columns.times)  # type: ignore[union-attr]
    for _ in range(3):
        desk.tick()
    assert desk.cards["memory"].plot.span[1] == pytest.approx(before[1] + 3)
    assert len(desk.page.feed.columns.times) == rows + 3  # type: ignore[union-attr]
    assert len(desk.engine.of_type(cmd.ReadHistory)) == 1


def test_pause_holds_the_display_and_keeps_what_arrives(desk: MonitorDesk) -> None:
    qtbot, page = desk.qtbot, desk.page
    page.requests.view.setFocus()
    qtbot.keyClick(page.requests.view, Qt.Key.Key_Space)
    assert page.feed.is_paused
    assert page.bar.live.shown_text.startswith("Paused at")
    before = desk.cards["rate"].plot.span
    desk.tick(5)
    assert desk.cards["rate"].plot.span == before
    page.bar.pause_button.setFocus()
    qtbot.keyClick(page.bar.pause_button, Qt.Key.Key_Space)
    assert not page.feed.is_paused, "Space on the button presses it once"
    desk.tick()
    assert desk.cards["rate"].plot.span[1] == pytest.approx(before[1] + 6)


def test_charts_rest_while_nobody_can_see_them(desk: MonitorDesk) -> None:
    span = desk.cards["memory"].plot.span
    desk.window.show_page("costs")
    desk.tick()
    assert desk.cards["memory"].plot.span == span
    desk.window.show_page("monitor")
    desk.wait_idle()
    assert desk.cards["memory"].plot.span[1] == pytest.approx(span[1] + 1)


def test_the_pointer_shows_one_moment_in_all_charts(desk: MonitorDesk) -> None:
    desk.point("ttft", 0.6)
    assert "Qwen2.5-14B-Instruct-Q4_K_M 10.10" in desk.cards["memory"].legend.text
    assert desk.cards["energy"].legend.text == "last 4.93"
    assert desk.page.title_widget.text().startswith("at ")
    cursors = {plot._cursor.at for card in desk.cards.values() for plot in card.plots}
    assert len(cursors) == 1
    desk.cards["ttft"].plots[0].pointed.emit(None)
    assert "ended" in desk.cards["memory"].legend.text
    assert " to " in desk.page.title_widget.text()


def test_arrow_keys_walk_the_moments(desk: MonitorDesk) -> None:
    plot = desk.cards["rate"].plots[0]
    plot.setFocus()
    for _ in range(3):
        desk.qtbot.keyClick(plot, Qt.Key.Key_Left)
    assert desk.page.board is not None
    assert desk.page.board.cursor_at == pytest.approx(desk.page.feed.until - 9)
    desk.qtbot.keyClick(plot, Qt.Key.Key_Escape)
    assert desk.page.board.cursor_at is None


def test_tab_goes_from_the_bar_over_the_charts_to_the_tables(desk: MonitorDesk) -> None:
    desk.page.bar.copy_button.setFocus()
    walked = []
    for _ in range(9):
        focused = desk.window.focusWidget()
        assert focused is not None
        QTest.keyClick(focused, Qt.Key.Key_Tab)
        walked.append(desk.window.focusWidget().accessibleName())  # type: ignore[union-attr]
    assert walked[:4] == ["VRAM by process", "GPU: Utilisation", "GPU: Power", "GPU: Temperature"]
    assert walked[4:8] == ["Generation", "TTFT", "Inter-token", "Energy"]
    assert walked[8] == "Requests: All"


def test_a_clock_that_is_set_back_begins_a_new_axis(desk: MonitorDesk) -> None:
    desk.tick(-7200)
    desk.qtbot.waitUntil(lambda: len(desk.engine.of_type(cmd.ReadHistory)) == 2)
    desk.qtbot.waitUntil(lambda: desk.page.feed.columns.last <= desk.machine.now)  # type: ignore[union-attr]
    desk.tick()
    assert desk.page.feed.columns.last == desk.machine.now  # type: ignore[union-attr]


def test_another_window_is_read_and_drawn(desk: MonitorDesk) -> None:
    page = desk.page
    desk.qtbot.keyClick(desk.window, Qt.Key.Key_4, Qt.KeyboardModifier.AltModifier)
    assert page.bar.window_choice.value == "86400"
    desk.qtbot.waitUntil(lambda: page.feed.columns is not None and page.feed.columns.step_s == 60)
    desk.wait_idle()
    since, until = desk.cards["itl"].plot.span
    assert until - since == 86_400
    asked = desk.engine.of_type(cmd.ReadHistory)[-1]
    assert (asked.window_s, asked.points) == (86_400, 1_440)
    assert desk.engine.of_type(cmd.ReadRequests)[-1].window_s == 86_400


def test_without_a_gpu_the_machine_takes_its_place(
    qtbot: QtBot, window: MainWindow, session: Session, fake_engine: FakeEngine
) -> None:
    _machine(fake_engine, has_gpu=False)
    desk = MonitorDesk(qtbot, window, fake_engine)
    desk.wait_drawn()
    memory, device = desk.cards["memory"], desk.cards["device"]
    assert memory.title.text() == "RAM by process"
    assert "system and apps" in memory.legend.text
    assert device.title.text() == "Machine"
    assert [row.title.text() for row in device.rows] == ["Processor", "RAM pressure", "Package power"]
    assert device.rows[2].value.text() == "—"
    assert "readable by root only" in device.rows[2].plot.note
    assert "readable by root only" in desk.cards["energy"].plot.note
    assert desk.page.bar.source.shown_text == "Source —"


def test_nothing_measured_yet_is_said_and_zero_is_not_shown(
    qtbot: QtBot, window: MainWindow, session: Session, fake_engine: FakeEngine
) -> None:
    fake_engine.monitor.is_empty = True
    desk = MonitorDesk(qtbot, window, fake_engine)
    desk.wait_drawn()
    assert desk.cards["ttft"].plot.note == "No warm request has finished in this window."
    assert desk.cards["ttft"].legend.text == "p50 —, p95 —"
    assert "No request in this window" in desk.page.requests.nothing.text()
    assert desk.page.events.nothing.isVisible()
    assert not desk.page.requests.csv_button.isEnabled()


def test_too_few_requests_are_called_so(
    qtbot: QtBot, window: MainWindow, session: Session, fake_engine: FakeEngine
) -> None:
    figures = fake_engine.monitor.figures

    def without_percentiles(at: float) -> dict[str, float | None]:
        return figures(at) | {"runs.ttft_p50_ms": None, "runs.ttft_p95_ms": None}

    fake_engine.monitor.figures = without_percentiles  # type: ignore[method-assign]
    desk = MonitorDesk(qtbot, window, fake_engine)
    desk.wait_drawn()
    desk.tick()
    assert desk.cards["ttft"].legend.text == "p50 n too small, p95 n too small"


def test_a_history_that_cannot_be_read_is_said_in_place(
    qtbot: QtBot, window: MainWindow, session: Session, fake_engine: FakeEngine
) -> None:
    fake_engine.answers[cmd.ReadHistory] = AppError("The store is locked", "another process", "Close it.")
    window.show_page("monitor")
    page = window.page("monitor")
    assert isinstance(page, MonitorPage)
    qtbot.waitUntil(lambda: "The store is locked" in page.note.text, timeout=15000)
    fake_engine.answers[cmd.ReadHistory] = fake_engine.monitor.history
    page.reload()
    qtbot.waitUntil(lambda: not page.note.text)


def test_a_silent_engine_is_noticed(desk: MonitorDesk) -> None:
    desk.tick(-30)
    desk.page.bar.show_state()
    assert desk.page.bar.live.shown_text.startswith("No sample for")


def test_finished_runs_are_read_on_without_the_whole_history(desk: MonitorDesk) -> None:
    target = TargetInfo(name=QWEN, kind="local", model="Qwen2.5-7B")
    desk.page.feed._soon.setInterval(10)
    desk.engine.emit(RunFinished(request="x", run=Run(id="1", started_at="", target=target)))
    desk.qtbot.waitUntil(lambda: len(desk.engine.of_type(cmd.ReadHistory)) == 2)
    assert desk.engine.of_type(cmd.ReadHistory)[-1].since > time.time() - 400
    desk.qtbot.waitUntil(lambda: len(desk.engine.of_type(cmd.ReadRequests)) >= 2)


# ---- requests and the inspector ------------------------------------------------------------------------


def test_requests_are_listed_with_their_marks(desk: MonitorDesk) -> None:
    requests = desk.page.requests
    assert requests.count.text() == "newest 8 of 215"
    shown = [requests.model.index(at, 10).data() for at in range(8)]
    assert shown == ["ok", "ok", "ok", "ok", "throttled, beside", "spilled", "failed", "cold"]
    QTest.mouseClick(requests.which.button("failed"), Qt.MouseButton.LeftButton)
    desk.qtbot.waitUntil(lambda: len(requests.model.lines) == 1)
    assert desk.engine.of_type(cmd.ReadRequests)[-1].only == "failed"


def test_enter_opens_the_inspector_and_escape_gives_the_keyboard_back(desk: MonitorDesk) -> None:
    page, view = desk.page, desk.page.requests.view
    view.setFocus()
    desk.qtbot.keyClick(view, Qt.Key.Key_Down)
    desk.qtbot.keyClick(view, Qt.Key.Key_Return)
    inspector = page.inspector
    desk.qtbot.waitUntil(lambda: inspector.inspection is not None)
    assert inspector.isVisible()
    assert inspector.title.text() == "Qwen2.5-7B"
    assert "112 bytes in UTF-8" in inspector._heads["templated"].text()
    assert inspector.texts["templated"].toPlainText() == inspector.inspection.templated  # type: ignore[union-attr]
    assert "predicted_ms" in inspector.texts["raw"].toPlainText()
    assert "top_k" in inspector.samplers.text()
    assert "First token" in inspector.waterfall.accessibleName()
    assert "peak 330 W" in inspector.power.accessibleName()
    inspector.copy_json()
    copied = json.loads(QGuiApplication.clipboard().text())
    assert copied["run"]["id"] == page.requests.model.lines[view.currentIndex().row()].run_id
    focused = desk.window.focusWidget()
    assert focused is not None
    desk.qtbot.keyClick(focused, Qt.Key.Key_Escape)
    assert not inspector.isVisible()
    assert desk.window.focusWidget() is view


def test_a_click_opens_it_and_an_error_is_told_in_it(desk: MonitorDesk) -> None:
    desk.engine.answers[cmd.InspectRun] = AppError("This run is not in the ledger")
    view = desk.page.requests.view
    place = view.visualRect(desk.page.requests.model.index(2, 1)).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place))
    desk.qtbot.waitUntil(lambda: "not in the ledger" in desk.page.inspector.problem.text)
    assert desk.engine.of_type(cmd.InspectRun)[-1].run_id == "r3"


# ---- events, alerts, addresses, files ------------------------------------------------------------------


def test_a_mark_is_typed_and_appears_everywhere(desk: MonitorDesk) -> None:
    qtbot, events = desk.qtbot, desk.page.events
    qtbot.keyClick(desk.window, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier)
    assert events.edit.hasFocus()
    qtbot.keyClicks(events.edit, "new driver")
    qtbot.keyClick(events.edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(desk.engine.of_type(cmd.SetMarker)))
    assert desk.engine.of_type(cmd.SetMarker)[0].text == "new driver"
    assert not events.edit.isVisible()
    marker = Marker(id="n", at=desk.machine.now - 1, kind="note", title="<b>new driver</b>")
    desk.engine.emit(MarkerSet(marker=marker))
    qtbot.waitUntil(lambda: events.titles[0] == "<b>new driver</b>")
    desk.wait_idle()
    assert desk.cards["rate"].plot.flags[-1].letter == "D"


def test_thresholds_are_shown_and_changed_in_the_settings(desk: MonitorDesk, session: Session) -> None:
    events = desk.page.events
    desk.qtbot.waitUntil(lambda: "VRAM above 95 %" in events.alerts.text())
    desk.engine.settings = Settings(alerts=AlertSettings(vram_share=0.5))
    desk.engine.emit(SettingsChanged())
    desk.qtbot.waitUntil(lambda: "VRAM above 50 %" in events.alerts.text())
    events.alerts_button.click()
    assert desk.window.current_page == "settings"
    assert desk.window.page("settings").section == "alerts"  # type: ignore[attr-defined]


def test_the_metrics_address_is_copied_or_explained(desk: MonitorDesk) -> None:
    bar = desk.page.bar
    desk.engine.answers[cmd.ReadGateway] = GatewayRow(base_url=None, keys=[])
    bar.copy_button.click()
    desk.qtbot.waitUntil(lambda: "is off" in bar.note.text)
    url = "http://127.0.0.1:11480/metrics"
    gateway = GatewayRow(base_url="http://127.0.0.1:11480/v1", keys=[], metrics_url=url)
    desk.engine.answers[cmd.ReadGateway] = gateway
    bar.copy_button.click()
    desk.qtbot.waitUntil(lambda: bar.copy_button.text() == "Copied")
    assert QGuiApplication.clipboard().text() == url


def test_requests_history_and_picture_go_into_files(desk: MonitorDesk, tmp_path: Path) -> None:
    page = desk.page
    for save, name, begin in (
        (page.save_requests, "requests.csv", b"run_id,"),
        (page.save_history, "history.csv", b"time,"),
        (page.save_picture, "charts.png", b"\x89PNG"),
    ):
        save()
        dialog = page.exporter.dialog
        assert dialog is not None
        dialog.fileSelected.emit(str(tmp_path / name))
        dialog.close()
        assert (tmp_path / name).read_bytes().startswith(begin)


def test_a_file_that_cannot_be_written_is_told(desk: MonitorDesk, tmp_path: Path) -> None:
    desk.page.save_requests()
    dialog = desk.page.exporter.dialog
    assert dialog is not None
    dialog.fileSelected.emit(str(tmp_path / "no" / "such" / "folder.csv"))
    dialog.close()
    titles = [toast.text for toast in desk.window.notifier.area.toasts]
    assert titles == ["The file could not be written"]


@pytest.mark.parametrize("size", [(1440, 900), (1024, 700)])
def test_no_part_is_cut_at_the_sides(desk: MonitorDesk, size: tuple[int, int]) -> None:
    desk.window.resize(*size)
    desk.qtbot.wait(50)
    page = desk.page
    for widget in (*desk.cards.values(), page.requests, page.events, page.bar.copy_button):
        right = widget.mapTo(page, QPoint(widget.width(), 0)).x()
        assert right <= page.width()
    assert desk.window.width() == size[0]
