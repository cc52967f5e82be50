"""Settings, hub: mirror, limits, token, and whether the hub answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit

from steelyard.core.base.errors import AppError
from steelyard.core.values import commands as cmd
from steelyard.core.values.settings import HubSettings

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from steelyard.ui.main_window import MainWindow
    from steelyard.ui.pages.settings_hub import HubSection
    from ui.fake_engine import FakeEngine

TOKEN = "hf_averysecrettoken"


@pytest.fixture
def hub(qtbot: QtBot, window: MainWindow) -> HubSection:
    window.show_page("settings")
    page = window.page("settings")
    page.open_section("hub")  # type: ignore[attr-defined]
    section: HubSection = page.hub  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: section.form.state.text() == "Saved" and section.token.source.text == "no token")
    return section


def test_mirror_proxy_and_limits_are_saved(qtbot: QtBot, hub: HubSection, fake_engine: FakeEngine) -> None:
    form = hub.form
    for field, text in (
        (form.endpoint, "https://hf-mirror.example/"),
        (form.proxy, "http://proxy:3128"),
        (form.parallel, "4"),
        (form.rate, "12,5"),
    ):
        field.edit.selectAll()
        qtbot.keyClicks(field.edit, text)
    qtbot.keyClick(form.rate.edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: form.state.text() == "Saved")
    assert fake_engine.settings.hub == HubSettings(
        endpoint="https://hf-mirror.example",
        proxy="http://proxy:3128",
        parallel_downloads=4,
        rate_limit_bps=12_500_000,
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("endpoint", "ftp://x"),
        ("endpoint", "huggingface.co"),
        ("proxy", "http://"),
        ("parallel", "9"),
        ("parallel", "0"),
        ("parallel", "²"),
        ("rate", "-1"),
        ("rate", "nan"),
        ("rate", "fast"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    qtbot: QtBot, hub: HubSection, fake_engine: FakeEngine, name: str, text: str
) -> None:
    field = getattr(hub.form, name)
    field.edit.selectAll()
    qtbot.keyClicks(field.edit, text)
    qtbot.mouseClick(hub.form.save_button, Qt.MouseButton.LeftButton)
    assert field.error
    assert not fake_engine.of_type(cmd.SaveSettings)


def test_a_token_goes_in_and_is_never_shown_again(
    qtbot: QtBot, hub: HubSection, fake_engine: FakeEngine
) -> None:
    assert hub.token.field.edit.echoMode() == QLineEdit.EchoMode.Password
    qtbot.keyClicks(hub.token.field.edit, TOKEN)
    qtbot.keyClick(hub.token.field.edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: hub.token.source.text == "until the app closes")
    assert fake_engine.of_type(cmd.StoreHubToken) == [cmd.StoreHubToken(token=TOKEN, memory_ok=True)]
    assert hub.token.field.text == ""
    assert not [label for label in hub.findChildren(QLabel) if TOKEN in label.text()]
    qtbot.mouseClick(hub.token.forget_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: hub.token.source.text == "no token")


def test_the_connection_is_checked_only_when_asked(
    qtbot: QtBot, hub: HubSection, fake_engine: FakeEngine
) -> None:
    assert not any(command.ask_hub for command in fake_engine.of_type(cmd.ReadHubAccount))
    fake_engine.hub.account = msgspec.structs.replace(fake_engine.hub.account, user="ada", token="login")
    qtbot.mouseClick(hub.check_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "answers as ada" in hub.result.text())
    assert hub.token.source.text == "login of the hub's tools"
    assert not hub.token.forget_button.isVisible()
    fake_engine.hub.offline = AppError("The hub cannot be reached", "no route")
    qtbot.mouseClick(hub.check_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "cannot be reached" in hub.result.text())


def test_the_environment_goes_before_the_mirror(
    qtbot: QtBot, hub: HubSection, fake_engine: FakeEngine
) -> None:
    fake_engine.hub.account = msgspec.structs.replace(
        fake_engine.hub.account, endpoint="http://127.0.0.1:9000", endpoint_source="environment"
    )
    hub.load()
    qtbot.waitUntil(lambda: "HF_ENDPOINT" in hub.note.text)
    assert not hub.form.endpoint.edit.isEnabled()
