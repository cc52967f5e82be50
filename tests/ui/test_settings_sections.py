"""Settings: servers, energy, appearance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton

from steelyard.core.base.errors import AppError
from steelyard.core.values.commands import ReadSettings, SaveSettings
from steelyard.core.values.settings import EnergySettings, ServerSettings, Settings

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from steelyard.ui.main_window import MainWindow
    from steelyard.ui.pages.settings import SettingsPage
    from steelyard.ui.pages.settings_form import NumbersForm
    from steelyard.ui.theme.theme import Theme
    from ui.fake_engine import FakeEngine


@pytest.fixture
def page(qtbot: QtBot, window: MainWindow) -> SettingsPage:
    window.show_page("settings")
    page = window.page("settings")
    qtbot.waitUntil(lambda: page.servers.form.state.text() == "Saved")  # type: ignore[attr-defined]
    return page  # type: ignore[return-value]


def _retype(qtbot: QtBot, form: NumbersForm, name: str, text: str) -> None:
    edit = form.fields[name].edit
    edit.setFocus()
    edit.selectAll()
    qtbot.keyClick(edit, Qt.Key.Key_Delete)
    qtbot.keyClicks(edit, text)


def test_the_list_of_sections_is_walked_with_arrow_keys(qtbot: QtBot, window: MainWindow) -> None:
    window.show_page("compare")
    window.page("compare").field.setFocus()  # type: ignore[attr-defined]
    qtbot.keyClick(window, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    page: SettingsPage = window.page("settings")  # type: ignore[assignment]
    walked = [page.section]
    for _ in range(5):
        focused = window.focusWidget()
        assert isinstance(focused, QToolButton)
        qtbot.keyClick(focused, Qt.Key.Key_Down)
        walked.append(page.section)
    assert walked == ["targets", "servers", "energy", "alerts", "hub", "appearance"]


def test_server_numbers_are_saved_and_the_rest_is_left_alone(
    qtbot: QtBot, page: SettingsPage, fake_engine: FakeEngine
) -> None:
    page.open_section("servers")
    form = page.servers.form
    assert form.fields["context_tokens"].text == "8192"
    _retype(qtbot, form, "context_tokens", "16,384")
    assert form.state.text() == "Unsaved changes"
    # Somebody else saves another part meanwhile.
    fake_engine.settings = Settings(energy=EnergySettings(active_watts=90.0), weights_paths=["/models"])
    qtbot.keyClick(form.fields["context_tokens"].edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: form.state.text() == "Saved")
    saved = fake_engine.of_type(SaveSettings)[-1].settings
    assert saved.servers == ServerSettings(context_tokens=16384)
    assert saved.energy.active_watts == 90.0
    assert saved.weights_paths == ["/models"]
    qtbot.waitUntil(lambda: form.fields["context_tokens"].text == "16384")


def test_energy_starts_unknown_and_takes_a_comma(
    qtbot: QtBot, page: SettingsPage, fake_engine: FakeEngine
) -> None:
    page.open_section("energy")
    form = page.energy.energy
    assert form.fields["active_watts"].text == ""
    _retype(qtbot, form, "active_watts", "180")
    _retype(qtbot, form, "tariff_usd_per_kwh", "0,30")
    qtbot.mouseClick(form.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: form.state.text() == "Saved")
    assert fake_engine.settings.energy == EnergySettings(active_watts=180.0, tariff_usd_per_kwh=0.3)

    _retype(qtbot, form, "active_watts", "")
    qtbot.mouseClick(form.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: fake_engine.settings.energy.active_watts is None)


def test_the_busy_share_is_typed_in_percent_and_thousands_have_commas(
    qtbot: QtBot, page: SettingsPage, fake_engine: FakeEngine
) -> None:
    page.open_section("energy")
    form = page.energy.hardware
    _retype(qtbot, form, "price_usd", "1,500")
    _retype(qtbot, form, "busy_share", "25")
    qtbot.mouseClick(form.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: form.state.text() == "Saved")
    assert fake_engine.settings.hardware.price_usd == 1500.0
    assert fake_engine.settings.hardware.busy_share == 0.25
    qtbot.waitUntil(lambda: form.fields["price_usd"].text == "1500")


@pytest.mark.parametrize(
    ("section", "name", "text"),
    [
        ("servers", "context_tokens", "12"),
        ("servers", "context_tokens", "many"),
        ("servers", "threads", "2.5"),
        ("servers", "load_stall_s", "0"),
        ("servers", "load_stall_s", ""),
        ("energy", "active_watts", "-5"),
        ("energy", "active_watts", "nan"),
        ("energy", "tariff_usd_per_kwh", "inf"),
    ],
)
def test_numbers_out_of_range_are_refused_in_place(
    qtbot: QtBot,
    window: MainWindow,
    page: SettingsPage,
    fake_engine: FakeEngine,
    section: str,
    name: str,
    text: str,
) -> None:
    page.open_section(section)
    form = page.servers.form if section == "servers" else page.energy.energy
    if text == "":
        _retype(qtbot, form, name, "1")
    _retype(qtbot, form, name, text)
    form.save_button.setEnabled(True)
    qtbot.mouseClick(form.save_button, Qt.MouseButton.LeftButton)
    assert form.fields[name].error
    assert window.focusWidget() is form.fields[name].edit
    assert fake_engine.of_type(SaveSettings) == []
    qtbot.mouseClick(form.revert_button, Qt.MouseButton.LeftButton)
    assert form.fields[name].error == ""
    assert not form.is_dirty


def test_a_failed_save_keeps_what_was_typed(
    qtbot: QtBot, page: SettingsPage, fake_engine: FakeEngine
) -> None:
    fake_engine.answers[SaveSettings] = AppError("Could not save a file", "disk full", "Free some space.")
    page.open_section("servers")
    form = page.servers.form
    _retype(qtbot, form, "threads", "4")
    qtbot.mouseClick(form.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "disk full" in form.state.text())
    assert form.fields["threads"].text == "4"
    assert form.is_dirty


def test_settings_that_cannot_be_read_say_so(
    qtbot: QtBot, page: SettingsPage, fake_engine: FakeEngine
) -> None:
    fake_engine.answers[ReadSettings] = AppError("The settings file is broken", "line 3", "Fix or remove it.")
    page.store.load()
    qtbot.waitUntil(lambda: "settings file is broken" in page.servers.form.state.text())


def test_the_look_changes_at_once_and_is_saved(
    qtbot: QtBot, page: SettingsPage, theme: Theme, fake_engine: FakeEngine
) -> None:
    page.open_section("appearance")
    qtbot.mouseClick(page.look.choice.button("light"), Qt.MouseButton.LeftButton)
    assert not theme.is_dark
    qtbot.waitUntil(lambda: fake_engine.settings.theme == "light")
    qtbot.waitUntil(lambda: page.look.state.text() == "Saved")
