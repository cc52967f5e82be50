"""The Servers page as a whole: cards, the server that is shown, what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from steelyard.core.base.errors import AppError
from steelyard.core.values import commands as cmd
from steelyard.core.values.events import (
    EngineChanged,
    GatewayChanged,
    LibraryChanged,
    RoomWanted,
    Sampled,
    ServerChanged,
)
from steelyard.core.values.servers import Banner, GatewayRow
from ui import servers_rows as rows
from ui.servers_desk import ServersDesk

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from steelyard.ui.actions import Actions
    from steelyard.ui.main_window import MainWindow
    from ui.fake_engine import FakeEngine

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
ALT = Qt.KeyboardModifier.AltModifier


@pytest.fixture
def desk(qtbot: QtBot, window: MainWindow, fake_engine: FakeEngine) -> ServersDesk:
    return ServersDesk(qtbot, window, fake_engine)


def words(widget: QWidget) -> str:
    labels = [label.text() for label in widget.findChildren(QLabel) if label.isVisibleTo(widget)]
    return " | ".join(text for text in labels if text)


def test_a_card_tells_state_slots_context_and_the_error_of_the_prediction(desk: ServersDesk) -> None:
    desk.wait_loaded()
    card = desk.page.list.cards[rows.QWEN]
    said = words(card)
    for part in ("Qwen2.5-7B-Instruct", "2,140/16,384", "1 of 4", "up | 2 h ", "busy", rows.BASE_URL):
        assert part in said
    assert "5.76 GiB measured | predicted 5.66 GiB | +1.8 %" in said
    assert "Ready" in card.accessibleName()
    assert desk.page.list.count.text() == "4 servers"
    assert desk.page.list.held.text() == "12.5 of 24.0 GiB held"


def test_an_idle_server_counts_down_without_asking(desk: ServersDesk, qtbot: QtBot) -> None:
    desk.wait_loaded()
    desk.servers.rows = []  # so that nothing but the page's own clock moves
    desk.engine.answers[cmd.ListServers] = AppError("busy")
    card = desk.page.list.cards[rows.LLAMA]
    before = words(card)
    assert "unload in | 3:4" in before or "unload in | 3:3" in before
    qtbot.waitUntil(lambda: words(card) != before, timeout=4000)


def test_only_cards_that_changed_are_touched(desk: ServersDesk) -> None:
    desk.wait_loaded()
    before = {name: card.data for name, card in desk.page.list.cards.items()}
    desk.tell(ServerChanged(server=msgspec.structs.replace(rows.LLAMA_ROW, idle_s=11.0, unload_in_s=200.0)))
    after = {name: card.data for name, card in desk.page.list.cards.items()}
    assert all(after[name] is before[name] for name in before)
    desk.tell(ServerChanged(server=msgspec.structs.replace(rows.LLAMA_ROW, slots_busy=2, unload_in_s=None)))
    assert "2 of 4" in words(desk.page.list.cards[rows.LLAMA])


def test_an_unknown_size_is_a_dash_with_its_reason(desk: ServersDesk) -> None:
    desk.wait_loaded()
    row = msgspec.structs.replace(rows.QWEN_ROW, measured_bytes=None, predicted_bytes=None)
    desk.tell(ServerChanged(server=row))
    card = desk.page.list.cards[rows.QWEN]
    assert "— measured" in words(card)
    assert "0 MiB" not in words(card)
    tips = [label.toolTip() for label in card.findChildren(QLabel)]
    assert any("has not reported" in tip for tip in tips)


def test_waiting_weights_offer_to_make_room(desk: ServersDesk, qtbot: QtBot) -> None:
    desk.wait_loaded()
    card = desk.page.list.cards[rows.BIG]
    assert "Needs 20.80 GiB, 10.90 GiB free. Stopping Llama-3.1-8B-Instruct makes room" in words(card)
    qtbot.mouseClick(card.buttons["room"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(desk.sent(cmd.LoadWeights)) == 1)
    assert desk.sent(cmd.LoadWeights)[0] == cmd.LoadWeights(target=rows.BIG, makes_room=True)


def test_a_question_about_room_brings_a_card_and_cancel_takes_it_away(
    desk: ServersDesk, qtbot: QtBot
) -> None:
    desk.wait_loaded()
    desk.tell(RoomWanted(request="r", target="gemma.gguf", plan=rows.PLAN))
    card = desk.page.list.cards["gemma.gguf"]
    assert "Stopping Llama-3.1-8B-Instruct makes room" in words(card)
    qtbot.mouseClick(card.buttons["cancel"], Qt.MouseButton.LeftButton)
    assert "gemma.gguf" not in desk.page.list.cards


def test_a_shorter_context_is_chosen_in_the_form(desk: ServersDesk, qtbot: QtBot) -> None:
    desk.wait_loaded()
    card = desk.page.list.cards[rows.BIG]
    qtbot.mouseClick(card.buttons["shrink"], Qt.MouseButton.LeftButton)
    assert desk.page.shown == "new"
    assert desk.page.new.target == rows.BIG
    assert desk.page.new.form.draft.profile.context_tokens == 4096
    assert desk.page.new.form.boxes["context_tokens"].control.hasFocus()


def test_an_unloaded_server_says_what_it_saved_and_can_be_started(desk: ServersDesk, qtbot: QtBot) -> None:
    desk.wait_loaded()
    card = desk.page.list.cards[rows.SMALL]
    assert "Idle power —: no power meter was read" in words(card)
    desk.servers.details = {"idle_before_w": 48.0}
    desk.tell(ServerChanged(server=msgspec.structs.replace(rows.SMALL_ROW, state="ready")))
    desk.tell(ServerChanged(server=rows.SMALL_ROW))
    desk.servers.details |= {"idle_after_w": 21.5}  # the meter needs some seconds
    said = "Idle power 48.0 W before, 21.5 W after: 26.5 W saved"
    qtbot.waitUntil(lambda: said in words(card), timeout=5000)
    assert "Starts on the next request in about 1.1 s" in words(card)
    qtbot.mouseClick(card.buttons["start"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: [c.target for c in desk.sent(cmd.LoadWeights)] == [rows.SMALL])


def test_a_failed_server_keeps_its_reason_and_its_last_lines(desk: ServersDesk, qtbot: QtBot) -> None:
    desk.wait_loaded()
    desk.servers.rows.append(rows.FAILED_ROW)
    desk.tell(ServerChanged(server=rows.FAILED_ROW))
    card = desk.page.list.cards["broken"]
    qtbot.waitUntil(lambda: card.data is not None and len(card.data.log) == 3)
    assert "Out of memory: the GPU had 1.2 GiB free" in words(card)
    qtbot.mouseClick(card.buttons["forget"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "broken" not in desk.page.list.cards)
    assert desk.sent(cmd.ForgetServer) == [cmd.ForgetServer(name="broken")]


def test_arrows_walk_the_cards_and_enter_shows_one(desk: ServersDesk, qtbot: QtBot) -> None:
    desk.wait_loaded()
    desk.page.list.cards[rows.QWEN].setFocus()
    desk.press(Qt.Key.Key_Down)
    assert desk.page.list.cards[rows.LLAMA].hasFocus()
    desk.press(Qt.Key.Key_Return)
    assert desk.view.name == rows.LLAMA
    assert desk.view.head.title.text() == "Llama-3.1-8B-Instruct"
    qtbot.keyClick(desk.window, Qt.Key.Key_Up, ALT)
    assert desk.view.name == rows.QWEN


def test_banners_of_a_server_are_shown_and_go_away(desk: ServersDesk) -> None:
    desk.wait_loaded()
    banner = Banner(
        code="spilled_to_cpu",
        text="12 of 29 layers run on the CPU although a GPU is there",
        hint="Free VRAM.",
    )
    desk.tell(ServerChanged(server=msgspec.structs.replace(rows.QWEN_ROW, banners=[banner])))
    shown = [note.text for note in desk.view.head.notes if note.isVisible()]
    assert shown == ["12 of 29 layers run on the CPU although a GPU is there Free VRAM."]
    desk.tell(ServerChanged(server=rows.QWEN_ROW))
    assert not any(note.isVisible() for note in desk.view.head.notes)


def test_copying_gives_the_gateways_address_and_never_a_key(desk: ServersDesk, qtbot: QtBot) -> None:
    desk.wait_loaded()
    card = desk.page.list.cards[rows.LLAMA]
    copied = {}
    for kind in ("curl", "sdk", "env"):
        qtbot.mouseClick(card.copies[kind], Qt.MouseButton.LeftButton)
        copied[kind] = QGuiApplication.clipboard().text()
    assert f"curl {rows.BASE_URL}/chat/completions" in copied["curl"]
    assert f'base_url="{rows.BASE_URL}"' in copied["sdk"]
    assert f"export OPENAI_BASE_URL={rows.BASE_URL}" in copied["env"]
    assert all(rows.LLAMA in text and "STEELYARD_KEY" in text for text in copied.values())


def test_copying_opens_a_closed_door_first(desk: ServersDesk, qtbot: QtBot) -> None:
    desk.wait_loaded()
    QGuiApplication.clipboard().clear()
    closed = desk.engine.answers[cmd.ReadGateway] = GatewayRow(base_url=None, keys=[])
    desk.tell(GatewayChanged(gateway=closed))
    assert "door closed" in words(desk.page.list.cards[rows.LLAMA])
    qtbot.keyClick(desk.window, Qt.Key.Key_C, CONTROL | SHIFT)
    qtbot.waitUntil(lambda: rows.BASE_URL in QGuiApplication.clipboard().text())
    assert len(desk.sent(cmd.OpenGateway)) == 1


def test_stop_and_restart_work_by_keys(desk: ServersDesk, qtbot: QtBot) -> None:
    desk.wait_loaded()
    qtbot.keyClick(desk.window, Qt.Key.Key_R, CONTROL)
    qtbot.keyClick(desk.window, Qt.Key.Key_S, CONTROL | SHIFT)
    qtbot.waitUntil(lambda: len(desk.sent(cmd.StopServer)) == 1)
    assert desk.sent(cmd.RestartServer) == [cmd.RestartServer(name=rows.QWEN)]
    assert desk.sent(cmd.StopServer) == [cmd.StopServer(name=rows.QWEN)]


def test_without_servers_the_page_says_what_to_do(desk: ServersDesk, qtbot: QtBot) -> None:
    desk.wait_loaded()
    desk.servers.rows = []
    qtbot.waitUntil(lambda: desk.page.shown == "empty", timeout=4000)
    qtbot.mouseClick(desk.page.empty_button, Qt.MouseButton.LeftButton)
    assert desk.page.shown == "new"
    desk.press(Qt.Key.Key_Escape)
    assert desk.page.shown == "empty"


def test_an_engine_that_cannot_list_is_told_with_a_way_on(
    qtbot: QtBot, window: MainWindow, fake_engine: FakeEngine
) -> None:
    desk = ServersDesk.__new__(ServersDesk)
    fake_engine.answers[cmd.ListServers] = AppError("The engine is busy", "locked", "Wait.")
    window.show_page("compare")
    from ui.servers_desk import script

    servers = script(fake_engine)
    fake_engine.answers[cmd.ListServers] = AppError("The engine is busy", "locked", "Wait.")
    window.show_page("servers")
    desk.page = window.page("servers")  # type: ignore[assignment]
    qtbot.waitUntil(lambda: desk.page.shown == "failed")
    assert desk.page.failed is not None
    assert "The engine is busy" in words(desk.page.failed)
    fake_engine.answers[cmd.ListServers] = list(servers.rows)
    qtbot.keyClick(window, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: desk.page.shown == "server")


def test_a_page_that_nobody_sees_asks_nothing(desk: ServersDesk, qtbot: QtBot) -> None:
    desk.wait_loaded()
    desk.window.show_page("compare")
    qtbot.wait(100)
    before = len(desk.sent(cmd.ReadServer))
    qtbot.wait(1300)
    assert len(desk.sent(cmd.ReadServer)) == before


def test_memory_of_a_machine_without_a_gpu_is_its_ram(desk: ServersDesk) -> None:
    desk.wait_loaded()
    machine = desk.page.list.machine
    assert "GPU memory | RTX 4090, 24.0 GiB" in words(machine)
    desk.tell(Sampled(sample=rows.RAM_SAMPLE))
    said = words(machine)
    assert "Memory | RAM, no GPU, 16.0 GiB" in said
    assert "Qwen2.5 | 2.9" in said
    assert "free 11.0" in said


def test_a_found_server_is_attached_with_the_chosen_model(desk: ServersDesk, qtbot: QtBot) -> None:
    desk.wait_loaded()
    qtbot.waitUntil(lambda: bool(desk.page.list.found.cards))
    card = next(iter(desk.page.list.found.cards.values()))
    assert "Ollama found on port 11434" in words(card)
    card.models.setFocus()
    desk.press(Qt.Key.Key_Down)
    qtbot.mouseClick(card.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(desk.sent(cmd.AttachServer)) == 1)
    assert desk.sent(cmd.AttachServer)[0].model == "qwen3:8b"


def test_a_key_for_a_client_is_shown_once(desk: ServersDesk, qtbot: QtBot) -> None:
    desk.wait_loaded()
    desk.page.show_door()
    door = desk.page.door
    assert door is not None
    qtbot.keyClicks(door.name, "editor")
    qtbot.keyClick(door.name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: door.new_key == "sk-steelyard-0123456789")
    qtbot.mouseClick(door.copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "sk-steelyard-0123456789"
    door.close()
    assert door.new_key == ""


def test_every_action_is_in_the_palette_and_every_control_has_a_name(
    desk: ServersDesk, actions: Actions, qtbot: QtBot
) -> None:
    desk.wait_loaded()
    desk.page.toggle_more()
    mine = [entry for entry in actions.all() if entry.page == "servers"]
    assert len(mine) >= 20
    qtbot.keyClick(desk.window, Qt.Key.Key_K, CONTROL)
    assert {entry.action.text() for entry in mine} <= set(desk.window.palette_view.shown_texts())
    desk.window.palette_view.close_palette()
    nameless = [
        type(widget).__name__
        for widget in desk.page.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.window() is desk.window  # and not the list that a choice opens
        and not widget.accessibleName()
    ]
    assert nameless == []


def test_tab_reaches_every_part_of_the_page(desk: ServersDesk) -> None:
    desk.wait_loaded()
    desk.page.list.cards[rows.QWEN].setFocus()
    reached = set()
    for _ in range(120):
        desk.press(Qt.Key.Key_Tab)
        focused = QApplication.focusWidget()
        assert focused is not None
        reached.add(focused)
    for part in (desk.view.head, desk.view.profile, desk.view.command, desk.view.console, desk.page.list):
        assert any(part.isAncestorOf(widget) for widget in reached), part


def test_nothing_is_cut_off_at_the_smallest_window(desk: ServersDesk, qtbot: QtBot) -> None:
    desk.wait_loaded()
    desk.window.resize(1024, 700)
    desk.page.toggle_more()
    desk.view.profile.form.draft.merge({"threads": 2})
    for tab in ("log", "bench", "tune"):
        desk.page.run(tab) if tab != "log" else desk.page.show_tab(tab)
        qtbot.wait(200)
        assert desk.window.width() == 1024
        for area in (desk.view._scroll, desk.page.list._scroll):
            content = area.widget()
            assert content is not None
            assert content.minimumSizeHint().width() <= area.viewport().width(), tab


def test_the_engine_being_ready_again_reads_everything_anew(desk: ServersDesk, qtbot: QtBot) -> None:
    desk.wait_loaded()
    before = len(desk.sent(cmd.ReadGateway))
    desk.tell(EngineChanged(state="ready"))
    qtbot.waitUntil(lambda: len(desk.sent(cmd.ReadGateway)) > before)


def test_bars_are_held_against_the_memory_as_soon_as_it_is_known(desk: ServersDesk) -> None:
    desk.wait_loaded()
    data = desk.page.list.cards[rows.QWEN].data
    assert data is not None
    assert data.bar.total_bytes == 24 * rows.GIB
    desk.tell(Sampled(sample=rows.RAM_SAMPLE))
    data = desk.page.list.cards[rows.QWEN].data
    assert data is not None
    assert data.bar.total_bytes == 16 * rows.GIB


def test_without_weights_the_form_says_where_to_get_some(desk: ServersDesk, qtbot: QtBot) -> None:
    desk.wait_loaded()
    desk.engine.weights = []
    desk.tell(LibraryChanged())
    qtbot.waitUntil(lambda: not desk.page.store.shelf.weights)
    desk.page.new_server()
    assert "no weights on this machine yet" in words(desk.page.new)


def test_a_restart_keeps_its_card_while_the_process_changes(desk: ServersDesk, qtbot: QtBot) -> None:
    desk.wait_loaded()
    desk.page.restart()
    desk.servers.rows = [row for row in desk.servers.rows if row.name != rows.QWEN]
    qtbot.waitUntil(lambda: "Starting" in desk.page.list.cards[rows.QWEN].accessibleName(), timeout=4000)
    assert (desk.page.shown, desk.view.name) == ("server", rows.QWEN)
    desk.servers.rows.insert(0, msgspec.structs.replace(rows.QWEN_ROW, pid=50_000))
    qtbot.waitUntil(lambda: "Ready" in desk.page.list.cards[rows.QWEN].accessibleName(), timeout=4000)


def test_a_server_that_comes_back_under_another_name_stays_in_view(desk: ServersDesk, qtbot: QtBot) -> None:
    desk.wait_loaded()
    desk.page.show_server(rows.LLAMA)
    desk.page.restart()
    renamed = msgspec.structs.replace(rows.LLAMA_ROW, name="llama-again")
    desk.servers.rows = [row for row in desk.servers.rows if row.name != rows.LLAMA] + [renamed]
    qtbot.waitUntil(lambda: desk.view.name == "llama-again", timeout=4000)
    assert rows.LLAMA not in desk.page.list.cards
