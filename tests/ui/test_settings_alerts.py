"""Settings: alerts, spend, exports, and what several servers share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from steelyard.core.values.commands import SaveSettings
from steelyard.ui.pages.settings_exports import is_own_address
from steelyard.ui.pages.settings_spend import read_steps

if TYPE_CHECKING:
    from PySide6.QtWidgets import QLineEdit
    from pytestqt.qtbot import QtBot

    from steelyard.core.values.settings import Settings
    from steelyard.ui.main_window import MainWindow
    from steelyard.ui.pages.settings import SettingsPage
    from ui.fake_engine import FakeEngine


@pytest.fixture
def page(qtbot: QtBot, window: MainWindow) -> SettingsPage:
    window.show_page("settings")
    page = window.page("settings")
    qtbot.waitUntil(lambda: page.alerts.form.state.text() == "Saved")  # type: ignore[attr-defined]
    page.open_section("alerts")  # type: ignore[attr-defined]
    return page  # type: ignore[return-value]


def _retype(qtbot: QtBot, edit: QLineEdit, text: str) -> None:
    edit.setFocus()
    edit.selectAll()
    qtbot.keyClick(edit, Qt.Key.Key_Delete)
    qtbot.keyClicks(edit, text)
    qtbot.keyClick(edit, Qt.Key.Key_Return)


def _saved(qtbot: QtBot, engine: FakeEngine, count: int = 1) -> Settings:
    qtbot.waitUntil(lambda: len(engine.of_type(SaveSettings)) == count)
    return engine.settings


def test_thresholds_are_typed_in_percent_and_may_be_switched_off(
    qtbot: QtBot, page: SettingsPage, fake_engine: FakeEngine
) -> None:
    form = page.alerts.form
    assert form.fields["vram_share"].text == "95"
    assert form.fields["ttft_p95_ms"].text == ""
    _retype(qtbot, form.fields["vram_share"].edit, "80")
    assert _saved(qtbot, fake_engine).alerts.vram_share == 0.8
    qtbot.waitUntil(lambda: form.state.text() == "Saved")
    _retype(qtbot, form.fields["temperature_c"].edit, "")
    assert _saved(qtbot, fake_engine, 2).alerts.temperature_c is None
    qtbot.waitUntil(lambda: form.state.text() == "Saved")
    _retype(qtbot, form.fields["vram_share"].edit, "150")
    assert "100 %" in form.fields["vram_share"].error


def test_steps_of_spend_are_one_line(qtbot: QtBot, page: SettingsPage, fake_engine: FakeEngine) -> None:
    spend = page.alerts.spend
    assert spend.field.text == "5,000; 10,000"
    _retype(qtbot, spend.field.edit, "20,000; 500")
    assert _saved(qtbot, fake_engine).alerts.month_usd == [500.0, 20_000.0]
    qtbot.waitUntil(lambda: spend.field.text == "500; 20,000")
    _retype(qtbot, spend.field.edit, "much")
    assert "semicolon" in spend.field.error
    assert len(fake_engine.of_type(SaveSettings)) == 1


@pytest.mark.parametrize(
    ("text", "steps"),
    [("", []), ("5000", [5000.0]), ("0", None), ("-1", None), ("nan", None), ("1;" * 17, [1.0])],
)
def test_steps_are_read(text: str, steps: list[float] | None) -> None:
    assert read_steps(text) == steps


def test_more_steps_than_are_kept_are_refused() -> None:
    assert read_steps("; ".join(str(n) for n in range(1, 18))) is None


def test_only_this_machine_is_told_anything(
    qtbot: QtBot, page: SettingsPage, fake_engine: FakeEngine
) -> None:
    exports = page.alerts.exports
    assert exports.metrics.value == "off"
    _retype(qtbot, exports.otlp.edit, "http://collector.example:4318")
    assert "this machine" in exports.otlp.error
    assert not fake_engine.of_type(SaveSettings)
    QTest.mouseClick(exports.metrics.button("on"), Qt.MouseButton.LeftButton)
    _retype(qtbot, exports.otlp.edit, "http://127.0.0.1:4318")
    gateway = _saved(qtbot, fake_engine).gateway
    assert gateway.metrics
    assert gateway.otlp_url == "http://127.0.0.1:4318"


@pytest.mark.parametrize(
    ("url", "is_own"),
    [
        ("http://localhost:4318", True),
        ("http://[::1]:4318/v1/metrics", True),
        ("https://127.0.0.1", True),
        ("http://10.0.0.1:4318", False),
        ("file:///etc/passwd", False),
        ("http://127.0.0.1.example.com", False),
        ("http://[", False),
    ],
)
def test_addresses_of_this_machine(url: str, is_own: bool) -> None:
    assert is_own_address(url) is is_own


def test_a_memory_budget_is_typed_in_gib(qtbot: QtBot, page: SettingsPage, fake_engine: FakeEngine) -> None:
    page.open_section("servers")
    memory = page.servers.memory
    assert memory.fields["memory_budget_bytes"].text == "0"
    assert memory.fields["idle_unload_s"].text == "300"
    _retype(qtbot, memory.fields["memory_budget_bytes"].edit, "12.5")
    saved = _saved(qtbot, fake_engine).servers
    assert saved.memory_budget_bytes == int(12.5 * 2**30)
    assert saved.context_tokens == 8192


def test_making_room_by_itself_or_after_asking(
    qtbot: QtBot, page: SettingsPage, fake_engine: FakeEngine
) -> None:
    page.open_section("servers")
    QTest.mouseClick(page.servers.eviction.choice.button("ask"), Qt.MouseButton.LeftButton)
    assert _saved(qtbot, fake_engine).servers.eviction == "ask"
    qtbot.waitUntil(lambda: page.servers.eviction.state.text() == "Saved")


def test_idle_watts_are_optional(qtbot: QtBot, page: SettingsPage, fake_engine: FakeEngine) -> None:
    page.open_section("energy")
    _retype(qtbot, page.energy.energy.fields["idle_watts"].edit, "24,5")
    assert _saved(qtbot, fake_engine).energy.idle_watts == 24.5
