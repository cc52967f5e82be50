"""Settings, API targets, through the keys that a user presses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QWidget

from steelyard.core.base.errors import AppError
from steelyard.core.values import commands as cmd
from steelyard.core.values import targets as rows
from steelyard.ui.pages import settings_target_check as check

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from steelyard.ui.main_window import MainWindow
    from steelyard.ui.pages.settings import SettingsPage
    from steelyard.ui.pages.settings_target_form import TargetForm
    from ui.fake_engine import FakeEngine

KEY = "my-very-secret-key-0815"


@pytest.fixture
def page(qtbot: QtBot, window: MainWindow) -> SettingsPage:
    window.show_page("settings")
    return window.page("settings")  # type: ignore[return-value]


def _type(qtbot: QtBot, form: TargetForm, name: str, url: str, model: str) -> None:
    for field, text in ((form.name, name), (form.url, url), (form.model, model)):
        field.edit.setFocus()
        field.edit.selectAll()
        qtbot.keyClicks(field.edit, text)


def _all_texts(window: QWidget) -> str:
    texts = [widget.text() for widget in window.findChildren(QLabel)]
    texts += [widget.text() for widget in window.findChildren(QAbstractButton)]
    for widget in window.findChildren(QWidget):
        texts += [widget.toolTip(), widget.accessibleName(), widget.accessibleDescription()]
        if isinstance(widget, QLineEdit):
            texts += [widget.displayText(), widget.placeholderText()]
    return "\n".join(texts)


def _saved(qtbot: QtBot, page: SettingsPage) -> None:
    qtbot.waitUntil(lambda: page.targets.form.isHidden())


def test_adding_a_target_with_a_key(
    qtbot: QtBot, window: MainWindow, page: SettingsPage, fake_engine: FakeEngine
) -> None:
    page.targets.add_button.setFocus()
    qtbot.keyClick(page.targets.add_button, Qt.Key.Key_Space)
    form = page.targets.form
    assert window.focusWidget() is form.name.edit
    _type(qtbot, form, "mini", "https://api.openai.com/v1/", "gpt-4o-mini")
    form.key.edit.setFocus()
    qtbot.keyClicks(form.key.edit, KEY)
    assert KEY not in _all_texts(window)
    qtbot.keyClick(form.key.edit, Qt.Key.Key_Return)
    _saved(qtbot, page)

    (added,) = fake_engine.of_type(cmd.AddTarget)
    assert added.target.name == "mini"
    assert added.target.url == "https://api.openai.com/v1"
    assert added.target.model == "gpt-4o-mini"
    assert added.target.format == "openai"
    assert added.target.key_env is None
    assert added.target.prices is None
    assert not added.replace
    (stored,) = fake_engine.of_type(cmd.StoreKey)
    assert (stored.target, stored.key, stored.memory_ok) == ("mini", KEY, True)
    assert "no secure keyring" in page.targets.note.text
    qtbot.waitUntil(lambda: [card.row.name for card in page.targets.cards] == ["mini"])
    assert form.key.edit.text() == ""
    assert KEY not in _all_texts(window)


def test_with_a_keyring_nothing_is_remarked(
    qtbot: QtBot, page: SettingsPage, fake_engine: FakeEngine
) -> None:
    fake_engine.answers[cmd.StoreKey] = "keyring"
    page.show_add_target()
    form = page.targets.form
    _type(qtbot, form, "mini", "https://api.openai.com/v1", "gpt-4o-mini")
    qtbot.keyClicks(form.key.edit, KEY)
    qtbot.mouseClick(form.save_button, Qt.MouseButton.LeftButton)
    _saved(qtbot, page)
    assert not page.targets.note.isVisible()


def test_a_key_from_the_environment_is_only_named(
    qtbot: QtBot, page: SettingsPage, fake_engine: FakeEngine
) -> None:
    page.show_add_target()
    form = page.targets.form
    _type(qtbot, form, "claude", "https://api.anthropic.com", "claude-haiku-4-5")
    qtbot.mouseClick(form.format.button("anthropic"), Qt.MouseButton.LeftButton)
    qtbot.mouseClick(form.key_kind.button("env"), Qt.MouseButton.LeftButton)
    qtbot.keyClicks(form.variable.edit, "ANTHROPIC_API_KEY")
    qtbot.mouseClick(form.price.kind.button("own"), Qt.MouseButton.LeftButton)
    for name, text in (("input", "0,80"), ("output", "4"), ("cached", "0.08")):
        qtbot.keyClicks(form.price.own[name].edit, text)
    qtbot.mouseClick(form.save_button, Qt.MouseButton.LeftButton)
    _saved(qtbot, page)

    (added,) = fake_engine.of_type(cmd.AddTarget)
    assert added.target.format == "anthropic"
    assert added.target.key_env == "ANTHROPIC_API_KEY"
    assert added.target.prices == rows.ApiPrices(input="0.80", output="4", cached="0.08")
    assert added.target.prices_date
    assert fake_engine.of_type(cmd.StoreKey) == []
    qtbot.waitUntil(lambda: bool(page.targets.cards))
    assert "key from $ANTHROPIC_API_KEY" in _all_texts(page.targets.cards[0])


def test_a_price_like_a_known_model_is_looked_up(
    qtbot: QtBot, page: SettingsPage, fake_engine: FakeEngine
) -> None:
    fake_engine.answers[cmd.PriceLike] = lambda command: (
        rows.ApiPrices(input="0.15", output="0.6") if command.price_like == "openai/gpt-4o-mini" else None
    )
    page.show_add_target()
    price = page.targets.form.price
    qtbot.mouseClick(price.kind.button("like"), Qt.MouseButton.LeftButton)
    qtbot.keyClicks(price.like.edit, "openai/gpt-4o-mini")
    qtbot.keyClick(price.like.edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: price.found.text() == "$0.15 in, $0.6 out per 1M tokens")
    assert page.targets.form.isVisible()
    qtbot.keyClicks(price.like.edit, "-x")
    assert price.found.text() == ""
    qtbot.mouseClick(price.look_up, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "does not know" in price.found.text())
    assert price.price_like == "openai/gpt-4o-mini-x"


def test_what_is_wrong_is_said_in_place_and_nothing_is_sent(
    qtbot: QtBot, window: MainWindow, page: SettingsPage, fake_engine: FakeEngine
) -> None:
    page.show_add_target()
    form = page.targets.form
    _type(qtbot, form, "all", "https://user:pass@host/v1", "m")
    qtbot.mouseClick(form.save_button, Qt.MouseButton.LeftButton)
    assert "meaning of its own" in form.name.error
    assert "Keep keys out" in form.url.error
    assert form.key.error
    assert window.focusWidget() is form.name.edit
    assert fake_engine.of_type(cmd.AddTarget) == []
    qtbot.keyClicks(form.name.edit, "x")
    assert form.name.error == ""


def test_a_failure_stays_in_the_form_and_can_be_tried_again(
    qtbot: QtBot, page: SettingsPage, fake_engine: FakeEngine
) -> None:
    fake_engine.answers[cmd.StoreKey] = AppError("The keyring is locked", "", "Unlock it.")
    page.show_add_target()
    form = page.targets.form
    _type(qtbot, form, "mini", "https://api.openai.com/v1", "gpt-4o-mini")
    qtbot.keyClicks(form.key.edit, KEY)
    qtbot.mouseClick(form.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "keyring is locked" in form.note.text)
    fake_engine.answers[cmd.StoreKey] = "keyring"
    qtbot.mouseClick(form.save_button, Qt.MouseButton.LeftButton)
    _saved(qtbot, page)
    assert [command.replace for command in fake_engine.of_type(cmd.AddTarget)] == [False, True]


def test_the_test_button_shows_time_or_error_in_place(
    qtbot: QtBot, page: SettingsPage, fake_engine: FakeEngine
) -> None:
    fake_engine.add_api("mini")
    page.targets.load()
    qtbot.waitUntil(lambda: bool(page.targets.cards))
    card = page.targets.cards[0]
    qtbot.mouseClick(card.test_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: card.result.text() == "ok, TTFT 123 ms")

    fake_engine.answers[cmd.TestTarget] = rows.TargetTest(
        ok=False, error="HTTP 401:\nno such key sk-abcdefghijkl"
    )
    qtbot.mouseClick(card.test_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: card.result.text() == "HTTP 401: no such key [redacted]")

    fake_engine.answers[cmd.TestTarget] = AppError("No connection", "name not found", "Check the address.")
    qtbot.mouseClick(card.test_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: card.result.text() == "No connection: name not found. Check the address.")
    assert card.test_button.isEnabled()


def test_editing_keeps_name_key_and_classes(
    qtbot: QtBot, page: SettingsPage, fake_engine: FakeEngine
) -> None:
    fake_engine.add_api("mini", classes=["code"], price_like="openai/gpt-4o-mini")
    page.targets.load()
    qtbot.waitUntil(lambda: bool(page.targets.cards))
    qtbot.mouseClick(page.targets.cards[0].edit_button, Qt.MouseButton.LeftButton)
    form = page.targets.form
    assert form.name.edit.isReadOnly()
    form.model.edit.selectAll()
    qtbot.keyClicks(form.model.edit, "gpt-4.1-mini")
    qtbot.keyClick(form.model.edit, Qt.Key.Key_Return)
    _saved(qtbot, page)
    (changed,) = fake_engine.of_type(cmd.AddTarget)
    assert changed.replace
    assert changed.target.model == "gpt-4.1-mini"
    assert changed.target.classes == ["code"]
    assert changed.target.price_like == "openai/gpt-4o-mini"
    assert fake_engine.of_type(cmd.StoreKey) == []


def test_escape_leaves_the_form_and_forgets_the_key(qtbot: QtBot, page: SettingsPage) -> None:
    page.show_add_target()
    form = page.targets.form
    qtbot.keyClicks(form.key.edit, KEY)
    qtbot.keyClick(form.key.edit, Qt.Key.Key_Escape)
    assert form.isHidden()
    assert form.key.edit.text() == ""


def test_removing_asks_once_in_place(qtbot: QtBot, page: SettingsPage, fake_engine: FakeEngine) -> None:
    fake_engine.add_api("mini")
    page.targets.load()
    qtbot.waitUntil(lambda: bool(page.targets.cards))
    card = page.targets.cards[0]
    qtbot.mouseClick(card.remove_button, Qt.MouseButton.LeftButton)
    assert fake_engine.of_type(cmd.RemoveTarget) == []
    qtbot.mouseClick(card.keep_button, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(card.remove_button, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(card.really_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.targets.cards == [])
    assert [command.name for command in fake_engine.of_type(cmd.RemoveTarget)] == ["mini"]
    assert "No API target yet" in _all_texts(page.targets)


def test_a_list_that_cannot_be_read_says_why(
    qtbot: QtBot, page: SettingsPage, fake_engine: FakeEngine
) -> None:
    fake_engine.answers[cmd.ListTargets] = AppError("The settings file is broken", "line 3", "Fix it.")
    page.targets.load()
    qtbot.waitUntil(lambda: "settings file is broken" in page.targets.note.text)


@pytest.mark.parametrize("name", ["", "starter", "All", "none", "a b", "-x", "x" * 65, "taken"])
def test_names_that_are_refused(name: str) -> None:
    assert check.name_error(name, ["taken"])


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.openai.com",
        "ftp://host",
        "https://",
        "https://u:p@host",
        "https://host/v1?key=1",
        "http://[::1",
    ],
)
def test_addresses_that_are_refused(url: str) -> None:
    assert check.url_error(url)


def test_addresses_without_encryption_are_remarked_except_on_this_machine() -> None:
    assert "unencrypted" in check.url_remark("http://10.0.0.7:8080/v1")
    assert not check.url_remark("http://127.0.0.1:8080/v1")
    assert not check.url_remark("http://localhost:11434/v1")
    assert not check.url_remark("https://api.openai.com/v1")
