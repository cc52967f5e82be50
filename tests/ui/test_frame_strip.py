"""The status strip: states, reasons for what is unknown, rate and money."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from steelyard.core.values.commands import ReadSpending, StartComparison
from steelyard.core.values.events import AlertFired, EngineChanged, Sampled, ServerChanged
from steelyard.core.values.reports import Spending
from steelyard.core.values.telemetry import Alert, GpuSample, HostSample, Sample, ServerSample, SourceState
from steelyard.ui.bridge import Bridge
from steelyard.ui.frame.gen_rate import GenRate
from steelyard.ui.frame.status_strip import StatusStrip
from steelyard.ui.frame.strip_texts import usd
from ui.stand_ins import make_server

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from steelyard.ui.main_window import MainWindow
    from steelyard.ui.theme.theme import Theme
    from ui.fake_engine import FakeEngine

GIB = 2**30
GPU = GpuSample(
    id="nvidia:0",
    name="RTX 4090",
    source="nvidia",
    total_bytes=24 * GIB,
    used_bytes=14 * GIB,
    utilisation_share=0.96,
)
HOST = HostSample(cpu_share=0.38, total_bytes=24 * GIB, available_bytes=19 * GIB)


def _restart(fake_engine: FakeEngine) -> None:
    fake_engine.emit(EngineChanged(state="ready"))


def _tell(qtbot: QtBot, window: MainWindow, fake_engine: FakeEngine, **changes: Any) -> None:
    sample = Sample(at=time.time() + 60, **changes)
    fake_engine.emit(Sampled(sample=sample))
    qtbot.waitUntil(lambda: window.strip._sample is sample)


def test_before_the_first_sample_nothing_is_claimed(
    qtbot: QtBot, theme: Theme, fake_engine: FakeEngine
) -> None:
    bridge = Bridge(lambda: fake_engine)
    strip = StatusStrip(theme, bridge)
    qtbot.addWidget(strip)
    assert strip.vram.shown_text == "Memory —"
    assert strip.gpu.shown_text == "GPU —"
    assert strip.power.shown_text == "Power —"
    assert "the engine is starting" in strip.vram.toolTip()


def test_without_a_gpu_the_memory_of_the_machine_is_shown(
    qtbot: QtBot, window: MainWindow, fake_engine: FakeEngine
) -> None:
    reason = "readable by root only"
    rapl = SourceState(name="rapl", health="failing", reason=reason)
    _tell(qtbot, window, fake_engine, host=HOST, sources=[rapl])
    strip = window.strip
    assert strip.vram.shown_text == "RAM 5.0 / 24.0 GiB"
    assert "No GPU was found" in strip.vram.toolTip()
    assert strip.gpu.shown_text == "CPU 38 %"
    assert strip.power.shown_text == "Power —"
    assert reason in strip.power.toolTip()
    assert "typed in" in strip.power.toolTip()
    assert strip.vram.accessibleName() == "Memory: RAM 5.0 / 24.0 GiB"


def test_with_a_gpu_memory_load_and_watts_follow_the_samples(
    qtbot: QtBot, window: MainWindow, fake_engine: FakeEngine
) -> None:
    strip = window.strip
    _tell(qtbot, window, fake_engine, gpus=[GPU], power_w=331.2, power_source="nvml_counter")
    assert strip.vram.shown_text == "VRAM 14.0 / 24.0 GiB"
    assert "RTX 4090" in strip.vram.toolTip()
    assert strip.gpu.shown_text == "GPU 96 %"
    assert strip.power.shown_text == "Power 331 W"
    lost = msgspec.structs.replace(GPU, used_bytes=None, utilisation_share=None)
    gone = SourceState(name="nvidia", health="lost", reason="the GPU is lost")
    fake_engine.emit(Sampled(sample=Sample(at=time.time() + 90, gpus=[lost], sources=[gone])))
    qtbot.waitUntil(lambda: strip.vram.shown_text == "VRAM — / 24.0 GiB")
    assert strip.gpu.shown_text == "GPU —"
    assert strip.power.shown_text == "Power —"
    for segment in (strip.vram, strip.gpu, strip.power):
        assert "the GPU is lost" in segment.toolTip()


def test_a_silent_engine_leaves_no_old_figures(
    qtbot: QtBot, window: MainWindow, fake_engine: FakeEngine
) -> None:
    _tell(qtbot, window, fake_engine, gpus=[GPU])
    window.strip._silent_timer.setInterval(10)
    window.strip._silent_timer.start()
    qtbot.waitUntil(lambda: window.strip.vram.shown_text == "Memory —")
    assert "told nothing for 5 s" in window.strip.vram.toolTip()


def test_what_other_programs_generate_is_shown_too(
    qtbot: QtBot, window: MainWindow, fake_engine: FakeEngine
) -> None:
    servers = [ServerSample(name="smol", pid=7, gen_tps=118.0), ServerSample(name="b", pid=8, gen_tps=None)]
    _tell(qtbot, window, fake_engine, host=HOST, servers=servers)
    assert window.strip.gen.shown_text == "Gen 118 tok/s"
    assert "smol: 118 tok/s" in window.strip.gen.toolTip()


def test_an_alert_is_told_once_and_marks_the_rail_until_somebody_looks(
    qtbot: QtBot, window: MainWindow, fake_engine: FakeEngine
) -> None:
    alert = Alert(what="temperature_c", value=88.0, above=87.0, at=time.time(), text="The GPU is at 88 °C")
    fake_engine.emit(AlertFired(alert=alert))
    qtbot.waitUntil(lambda: bool(window.notifier.area.toasts))
    assert [toast.text for toast in window.notifier.area.toasts] == ["The GPU is at 88 °C"]
    assert window.rail.marked("monitor")
    assert window.rail.button("monitor").accessibleName() == "Monitor: an alert fired"
    window.show_page("monitor")
    assert not window.rail.marked("monitor")
    assert window.rail.button("monitor").accessibleName() == "Monitor"


def test_a_load_shows_its_progress_and_a_stopped_server_leaves(
    qtbot: QtBot, window: MainWindow, fake_engine: FakeEngine
) -> None:
    strip = window.strip
    fake_engine.emit(ServerChanged(server=make_server("smol", state="loading", progress=0.34)))
    qtbot.waitUntil(lambda: strip.engine.shown_text == "Loading 34 %")
    assert strip.models.shown_text == "smol"
    fake_engine.emit(ServerChanged(server=make_server("smol")))
    qtbot.waitUntil(lambda: strip.engine.shown_text == "Ready")
    fake_engine.emit(ServerChanged(server=make_server("smol", state="stopped")))
    qtbot.waitUntil(lambda: not strip.models.isVisible())


def test_names_hide_before_power_on_narrow_windows(
    qtbot: QtBot, window: MainWindow, fake_engine: FakeEngine
) -> None:
    strip = window.strip
    fake_engine.emit(ServerChanged(server=make_server("smol")))
    qtbot.waitUntil(lambda: strip.models.shown_text == "smol")
    window.resize(1300, 800)
    assert strip.models.shown_text == ""
    assert strip.models.toolTip().startswith("smol: ready")
    assert strip.power.isVisible()
    window.resize(1024, 700)
    assert not strip.power.isVisible()
    assert strip.today.isVisible()
    assert strip.today.geometry().right() <= strip.width()


def test_names_are_never_markup(qtbot: QtBot, window: MainWindow, fake_engine: FakeEngine) -> None:
    fake_engine.emit(ServerChanged(server=make_server("<img src=x>")))
    qtbot.waitUntil(lambda: bool(window.strip.servers))
    assert "<img" not in window.strip.models.toolTip()
    assert "&lt;img" in window.strip.models.toolTip()


def test_the_rate_of_a_running_stream_is_shown_and_then_idle(
    qtbot: QtBot, window: MainWindow, bridge: Bridge, fake_engine: FakeEngine
) -> None:
    gen = window.strip.gen
    assert gen.shown_text == "Gen idle"
    fake_engine.chunks_per_s = 50
    bridge.run(StartComparison(targets=["starter"], prompt="hi"))
    qtbot.waitUntil(lambda: gen.shown_text.endswith("tok/s"), timeout=4000)
    rate = float(gen.shown_text.split()[1])
    assert 10 < rate < 70
    assert "starter" in gen.toolTip()
    qtbot.waitUntil(lambda: gen.shown_text == "Gen idle", timeout=8000)


def test_rate_is_chunks_over_the_last_second() -> None:
    rate = GenRate()
    rate.run_started("a", "starter")
    assert rate.rates(0.0) == []
    for step in range(31):
        rate.text_arrived("a", step * 10, step / 10)
    assert rate.rates(3.0) == [("starter", pytest.approx(100.0))]
    assert rate.rates(4.0)[0][1] == pytest.approx(50.0)
    rate.run_finished("a")
    assert not rate.is_running


@pytest.mark.parametrize(
    ("spending", "shown", "tooltip"),
    [
        (Spending(today_usd=None, runs=0, unpriced_runs=0), "Today nothing spent", "No finished run"),
        (Spending(today_usd=None, runs=3, unpriced_runs=3), "Today — spent", "3 runs"),
        (Spending(today_usd="5.23", runs=3, unpriced_runs=0), "Today $5.23 spent", "known price"),
        (
            Spending(today_usd="0.00086", runs=3, unpriced_runs=1),
            "Today ≥ $0.00086 spent",
            "1 of them is unknown",
        ),
    ],
)
def test_money_of_today(
    qtbot: QtBot, window: MainWindow, fake_engine: FakeEngine, spending: Spending, shown: str, tooltip: str
) -> None:
    fake_engine.answers[ReadSpending] = spending
    _restart(fake_engine)
    qtbot.waitUntil(lambda: tooltip in window.strip.today.toolTip())
    assert window.strip.today.shown_text == shown


def test_money_is_asked_for_again_after_a_run(
    qtbot: QtBot, window: MainWindow, bridge: Bridge, fake_engine: FakeEngine
) -> None:
    fake_engine.answers[ReadSpending] = Spending(today_usd="0.5", runs=1, unpriced_runs=0)
    bridge.run(StartComparison(targets=["starter"], prompt="hi"))
    qtbot.waitUntil(lambda: window.strip.today.shown_text == "Today $0.50 spent", timeout=4000)


def test_a_segment_opens_its_page(qtbot: QtBot, window: MainWindow) -> None:
    window.strip.today.setFocus()
    qtbot.keyClick(window.strip.today, " ")
    assert window.current_page == "costs"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("0", "$0.00"), ("1234.5", "$1,234.50"), ("0.01", "$0.01"), ("0.000857", "$0.00086"), ("x", "$x")],
)
def test_money_for_a_narrow_place(text: str, shown: str) -> None:
    assert usd(text) == shown
