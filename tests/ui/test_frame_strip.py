"""The status strip: states, reasons for what is unknown, rate and money."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from steelyard.core.base.errors import AppError
from steelyard.core.values.commands import Diagnose, ReadSpending, StartComparison
from steelyard.core.values.events import EngineChanged, ServerChanged
from steelyard.core.values.reports import Spending
from steelyard.ui.frame.gen_rate import GenRate
from steelyard.ui.frame.strip_texts import usd
from ui.stand_ins import make_server

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from steelyard.ui.bridge import Bridge
    from steelyard.ui.main_window import MainWindow
    from ui.fake_engine import FakeEngine

GIB = 2**30
GPU = {"name": "RTX 4090", "total_bytes": 24 * GIB, "free_bytes": 10 * GIB}


def _restart(fake_engine: FakeEngine) -> None:
    fake_engine.emit(EngineChanged(state="ready"))


def test_without_a_gpu_the_reason_is_visible(
    qtbot: QtBot, window: MainWindow, fake_engine: FakeEngine
) -> None:
    fake_engine.answers[Diagnose] = {"devices": []}
    _restart(fake_engine)
    strip = window.strip
    qtbot.waitUntil(lambda: strip.vram.shown_text == "VRAM — no GPU")
    assert "No GPU was found" in strip.vram.toolTip()
    assert strip.gpu.shown_text == "GPU —"
    assert "No GPU" in strip.gpu.toolTip()
    assert strip.power.shown_text == "Power —"
    assert "no power meter" in strip.power.toolTip()
    assert strip.vram.accessibleName() == "GPU memory: VRAM — no GPU"


def test_with_a_gpu_used_and_total_are_shown(
    qtbot: QtBot, window: MainWindow, fake_engine: FakeEngine
) -> None:
    fake_engine.answers[Diagnose] = {"devices": [GPU]}
    _restart(fake_engine)
    qtbot.waitUntil(lambda: window.strip.vram.shown_text == "VRAM 14.0 / 24.0 GiB")
    assert "RTX 4090" in window.strip.vram.toolTip()


def test_a_failed_question_is_the_reason(qtbot: QtBot, window: MainWindow, fake_engine: FakeEngine) -> None:
    fake_engine.answers[Diagnose] = AppError("Could not ask the driver", "NVML hangs")
    _restart(fake_engine)
    qtbot.waitUntil(lambda: "NVML hangs" in window.strip.vram.toolTip())
    assert window.strip.vram.shown_text == "VRAM —"


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
