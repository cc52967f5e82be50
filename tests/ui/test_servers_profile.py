"""The launch profile: typed, marked, previewed, applied, stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt

from steelyard.core.base.errors import AppError
from steelyard.core.values import commands as cmd
from steelyard.core.values.profiles import LaunchProfile, LoraAdapter
from steelyard.ui.pages.servers_field_text import FieldError, text_of, with_text
from steelyard.ui.pages.servers_fields import ALL_SPECS, SPEC_OF
from steelyard.ui.widgets.servers_code import command_lines
from steelyard.ui.widgets.servers_field import Choice, UnitEdit
from ui import servers_rows as rows
from ui.servers_desk import ServersDesk

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from steelyard.ui.main_window import MainWindow
    from steelyard.ui.pages.servers_profile import ProfileForm
    from ui.fake_engine import FakeEngine

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def desk(qtbot: QtBot, window: MainWindow, fake_engine: FakeEngine) -> ServersDesk:
    desk = ServersDesk(qtbot, window, fake_engine)
    desk.wait_loaded()
    return desk


def edit_of(form: ProfileForm, key: str) -> UnitEdit:
    control = form.boxes[key].control
    assert isinstance(control, UnitEdit)
    return control


def pick(form: ProfileForm, key: str, value: str) -> None:
    control = form.boxes[key].control
    assert isinstance(control, Choice)
    at = control.findData(value)
    assert at >= 0
    control.setCurrentIndex(at)
    control.activated.emit(at)


def test_every_field_of_a_profile_has_a_control() -> None:
    covered = {name for spec in ALL_SPECS for name in spec.names}
    assert set(LaunchProfile.__struct_fields__) - covered == {
        "chat_template"
    }  # which has an editor of its own


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("context_tokens", "16,384", 16384),
        ("gpu_layers", "AUTO", "auto"),
        ("gpu_layers", "12", 12),
        ("tensor_split", "3, 1", [3.0, 1.0]),
        ("devices", "CUDA0,CUDA1", ["CUDA0", "CUDA1"]),
        ("extra_flags", "--no-mmap --override-tensor 'a b'", ["--no-mmap", "--override-tensor", "a b"]),
        ("rope_freq_base", "10000", 10000.0),
        ("embeddings", "on", True),
        ("idle_unload_s", "0", 0.0),
        ("threads", "", None),
    ],
)
def test_what_is_typed_is_what_the_profile_says(key: str, text: str, value: object) -> None:
    profile = with_text(LaunchProfile(), SPEC_OF[key], text)
    assert getattr(profile, SPEC_OF[key].names[0]) == value
    assert with_text(LaunchProfile(), SPEC_OF[key], text_of(profile, SPEC_OF[key])) == profile


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("context_tokens", "255"),
        ("context_tokens", "many"),
        ("threads", "0"),
        ("threads", "٤"),
        ("rope_scale", "nan"),
        ("rope_scale", "-1"),
        ("tensor_split", "1, x"),
        ("extra_flags", "'open"),
        ("gpu_layers", "-1"),
    ],
)
def test_what_is_no_value_is_refused(key: str, text: str) -> None:
    with pytest.raises(FieldError):
        with_text(LaunchProfile(), SPEC_OF[key], text)


def test_a_change_is_marked_previewed_and_applied_with_a_restart(desk: ServersDesk, qtbot: QtBot) -> None:
    card = desk.view.profile
    assert not card.apply.isVisible()
    pick(card.form, "kv_type", "q8_0")
    assert card.form.boxes["kv_type"].is_changed
    assert card.form.boxes["kv_type"].aside.text() == "was default"
    qtbot.waitUntil(lambda: "--cache-type-k q8_0" in desk.view.command.command)
    marked = [span for line in desk.view.command.code.lines for span in line if span.mark]
    assert [span.text for span in marked] == ["--cache-type-k q8_0", "--cache-type-v q8_0"]
    assert card.cost.text == "Saves 420 MiB, restart 4 s"
    qtbot.keyClick(desk.window, Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: len(desk.sent(cmd.RestartServer)) == 1)
    profile = desk.sent(cmd.RestartServer)[0].profile
    assert (profile.kv_type_k, profile.kv_type_v, profile.context_tokens) == ("q8_0", "q8_0", 16384)
    assert not card.apply.isVisible()


def test_typing_asks_for_one_preview_and_escape_discards(desk: ServersDesk, qtbot: QtBot) -> None:
    before = len(desk.sent(cmd.PreviewLaunch))
    edit = edit_of(desk.view.profile.form, "context_tokens")
    edit.setFocus()
    edit.selectAll()
    qtbot.keyClicks(edit, "8192")
    qtbot.waitUntil(lambda: len(desk.sent(cmd.PreviewLaunch)) == before + 1)
    assert desk.sent(cmd.PreviewLaunch)[-1].profile.context_tokens == 8192
    qtbot.keyClick(edit, Qt.Key.Key_Escape)
    assert edit.text() == "16,384"
    assert not desk.view.draft_is_changed


def test_a_bad_value_is_told_at_its_field_and_cannot_be_applied(desk: ServersDesk, qtbot: QtBot) -> None:
    edit = edit_of(desk.view.profile.form, "parallel")
    edit.selectAll()
    qtbot.keyClicks(edit, "900")
    assert desk.view.profile.form.boxes["parallel"].below.text() == "A whole number from 1 to 256."
    assert not desk.view.profile.apply.isEnabled()
    desk.page.apply()
    qtbot.wait(50)
    assert desk.sent(cmd.RestartServer) == []


def test_edits_survive_the_poll_of_every_second(desk: ServersDesk, qtbot: QtBot) -> None:
    edit = edit_of(desk.view.profile.form, "parallel")
    edit.selectAll()
    qtbot.keyClicks(edit, "2")
    asked = len(desk.sent(cmd.ReadServer))
    qtbot.waitUntil(lambda: len(desk.sent(cmd.ReadServer)) >= asked + 2, timeout=5000)
    assert edit.text() == "2"
    assert desk.view.profile.form.boxes["parallel"].is_changed


def test_adapters_are_added_and_scaled(desk: ServersDesk, qtbot: QtBot) -> None:
    form = desk.view.profile.form
    form.toggle_more()
    assert form.lora is not None
    form.lora.path.setEditText("/adapters/tone.gguf")
    qtbot.mouseClick(form.lora.add_button, Qt.MouseButton.LeftButton)
    scale = form.lora.rows[0].scale
    scale.setFocus()
    scale.selectAll()
    qtbot.keyClicks(scale, "0.8")
    assert form.draft.profile.lora == [LoraAdapter(path="/adapters/tone.gguf", scale=0.8)]
    assert form.boxes["lora"].is_changed


def test_the_chat_template_is_shown_replaced_and_diffed(desk: ServersDesk, qtbot: QtBot) -> None:
    form = desk.view.profile.form
    form.toggle_more()
    template = form.template
    assert template is not None
    qtbot.waitUntil(lambda: "message.content" in template.edit.toPlainText())
    assert template.edit.isReadOnly()
    qtbot.mouseClick(template.edit_button, Qt.MouseButton.LeftButton)
    qtbot.keyClicks(template.edit, "x")
    assert form.draft.profile.chat_template is not None
    qtbot.waitUntil(lambda: len(template.diff.lines) > 3)
    qtbot.mouseClick(template.reset_button, Qt.MouseButton.LeftButton)
    assert form.draft.profile.chat_template is None


def test_a_stored_profile_is_taken_into_the_form_and_one_is_saved(desk: ServersDesk, qtbot: QtBot) -> None:
    qtbot.keyClick(desk.window, Qt.Key.Key_S, CONTROL)
    popup = desk.view.presets
    assert popup is not None
    qtbot.waitUntil(lambda: len(popup.rows) == 2)
    qtbot.keyClicks(popup.name, "mine")
    qtbot.keyClick(popup.name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(desk.sent(cmd.SaveProfile)) == 1)
    stored = desk.sent(cmd.SaveProfile)[0].profile
    assert (stored.name, stored.weights, stored.profile) == ("mine", rows.QWEN, rows.PROFILE)
    qtbot.waitUntil(lambda: len(popup.rows) == 2)
    shipped = next(row for row in popup.rows if "low-memory" in row.button.accessibleName())
    qtbot.mouseClick(shipped.button, Qt.MouseButton.LeftButton)
    assert desk.view.profile.form.draft.profile.kv_type_k == "q8_0"
    assert desk.view.draft_is_changed


def test_the_table_of_flags_says_default_and_why(desk: ServersDesk, qtbot: QtBot) -> None:
    qtbot.keyClick(desk.window, Qt.Key.Key_D, CONTROL)
    from PySide6.QtWidgets import QLabel

    shown = [label.text() for label in desk.view.command.table.findChildren(QLabel)]
    at = shown.index("--threads")
    assert shown[at : at + 4] == ["--threads", "8", "-1", "settings"]


def test_a_command_is_broken_between_flags_only() -> None:
    command = "llama-server --model '/my weights/a b.gguf' --ctx-size 65536 --n-gpu-layers -1 --metrics"
    lines = ["".join(span.text for span in line) for line in command_lines(command, frozenset(), 40)]
    assert all(line.endswith(" \\") for line in lines[:-1])
    assert " ".join(line.strip(" \\").strip() for line in lines) == command
    assert "--n-gpu-layers -1" in " | ".join(lines)


def test_new_server_takes_weights_profile_and_makes_room(desk: ServersDesk, qtbot: QtBot) -> None:
    qtbot.keyClick(desk.window, Qt.Key.Key_N, CONTROL)
    new = desk.page.new
    qtbot.keyClicks(new.search, "32B")
    new.list.setFocus()
    desk.press(Qt.Key.Key_Down)
    assert new.target == rows.BIG
    qtbot.waitUntil(lambda: new.start.text() == "Make room and start")
    assert new.verdict.text == "Full GPU"
    edit = edit_of(new.form, "parallel")
    qtbot.keyClicks(edit, "2")
    qtbot.keyClick(desk.window, Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: len(desk.sent(cmd.LoadWeights)) == 1)
    command = desk.sent(cmd.LoadWeights)[0]
    assert (command.target, command.makes_room) == (rows.BIG, True)
    assert command.profile == LaunchProfile(parallel=2)
    qtbot.waitUntil(lambda: desk.page.shown == "server" and desk.view.name == rows.BIG)


def test_a_preview_that_fails_says_why(desk: ServersDesk, qtbot: QtBot) -> None:
    desk.engine.answers[cmd.PreviewLaunch] = AppError("This flag is not allowed", "--rpc", "Leave it out.")
    pick(desk.view.profile.form, "flash_attention", "off")
    qtbot.waitUntil(lambda: "not allowed" in desk.view.command.problems.text)
