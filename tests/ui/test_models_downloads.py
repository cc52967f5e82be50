"""Models, the download list at the foot of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from PySide6.QtCore import Qt

from steelyard.core.values import commands as cmd
from steelyard.core.values.events import DownloadChanged
from ui import scripted_hub

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from steelyard.ui.pages.models_download_card import DownloadCard
    from ui.models_desk import ModelsDesk as Desk
ROW = scripted_hub.download(size_bytes=8_730_000_000, done_bytes=5_410_000_000)


def _card(desk: Desk, **changes: object) -> DownloadCard:
    row = msgspec.structs.replace(ROW, **changes)
    desk.engine.hub.downloads = [row]
    desk.tell(DownloadChanged(download=row))
    desk.qtbot.waitUntil(lambda: "d1" in desk.page.dock.cards and desk.page.dock.cards["d1"].row == row)
    return desk.page.dock.cards["d1"]


def test_it_is_hidden_while_there_is_nothing(desk: Desk) -> None:
    assert not desk.page.dock.isVisible()
    _card(desk)
    assert desk.page.dock.isVisible()


@pytest.mark.parametrize(
    ("changes", "status", "left", "right"),
    [
        (
            {"rate_bps": 84.2e6, "eta_s": 39.4},
            "61 %",
            "5.41 of 8.73 GB  ·  84.2 MB/s",
            "39 s left",
        ),
        (
            {"state": "queued", "note": "waits for a free place"},
            "Queued",
            "5.41 of 8.73 GB",
            "waits for a free place",
        ),
        ({"state": "starting"}, "Starting", "5.41 of 8.73 GB", ""),
        ({"state": "paused"}, "Paused", "5.41 of 8.73 GB", "resumes where it stopped"),
        ({"note": "trying again in 4 s"}, "61 %", "5.41 of 8.73 GB", "trying again in 4 s"),
        (
            {"state": "verifying", "hashed_bytes": 6_200_000_000},
            "Verifying",
            "8.73 GB complete",
            "sha256 71 % hashed",
        ),
        ({"state": "done"}, "Verified", "8.73 GB complete", ""),
    ],
)
def test_every_state_says_what_it_is(
    desk: Desk,
    changes: dict[str, object],
    status: str,
    left: str,
    right: str,
) -> None:
    card = _card(desk, **changes)
    assert (card.status.text(), card.left.text(), card.right.text()) == (status, left, right)
    height = card.height()
    assert _card(desk, state="failed", error="x").height() == height


def test_the_dock_follows_a_download_to_its_end(desk: Desk, qtbot: QtBot) -> None:
    states = ("queued", "starting", "downloading", "verifying", "done")
    seen = [_card(desk, state=state).status.text() for state in states]
    assert seen == ["Queued", "Starting", "61 %", "Verifying", "Verified"]
    desk.wait_results()
    listed = next(row for row in desk.search.model.rows if row.repo == scripted_hub.QWEN)
    assert listed.state is not None
    assert listed.state.text == "Installed"
    qtbot.mouseClick(desk.page.dock.cards["d1"].cancel_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desk.engine.of_type(cmd.CancelDownload) == [cmd.CancelDownload(id="d1")])


def test_a_failed_one_tells_why_and_is_tried_again(desk: Desk, qtbot: QtBot) -> None:
    card = _card(desk, state="failed", error="The disk is full", error_hint="Free 3 GB.")
    assert card.left.text() == "The disk is full. Free 3 GB."
    assert not card.go_button.isVisible()
    qtbot.mouseClick(card.retry_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: card.row.state == "downloading")
    assert desk.engine.of_type(cmd.ResumeDownload) == [cmd.ResumeDownload(id="d1")]


def test_pause_and_resume_one_and_all(desk: Desk, qtbot: QtBot) -> None:
    card = _card(desk)
    qtbot.mouseClick(card.go_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: card.row.state == "paused")
    dock = desk.page.dock
    assert dock.all_button.text() == "Resume all"
    qtbot.mouseClick(dock.all_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: card.row.state == "downloading")
    assert dock.all_button.text() == "Pause all"
    assert desk.engine.of_type(cmd.ResumeDownload) == [cmd.ResumeDownload()]


def test_cancel_asks_before_bytes_are_lost(desk: Desk, qtbot: QtBot) -> None:
    card = _card(desk)
    qtbot.mouseClick(card.cancel_button, Qt.MouseButton.LeftButton)
    dialog = desk.page.dock.dialog
    assert dialog is not None
    assert "5.41 GB" in dialog.texts[0]
    assert not desk.engine.of_type(cmd.CancelDownload)
    qtbot.mouseClick(dialog.do_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not desk.page.dock.isVisible())


def test_the_order_is_changed_by_the_menu(desk: Desk, qtbot: QtBot) -> None:
    rows = [msgspec.structs.replace(ROW, id=f"d{at}", position=at, state="queued") for at in range(3)]
    desk.engine.hub.downloads = rows
    desk.page.downloads.load()
    qtbot.waitUntil(lambda: list(desk.page.dock.cards) == ["d0", "d1", "d2"])
    menu = desk.page.dock.cards["d2"].menu
    next(action for action in menu.actions() if action.data() == "first").trigger()
    qtbot.waitUntil(lambda: list(desk.page.dock.cards) == ["d2", "d0", "d1"])
    assert desk.engine.of_type(cmd.MoveDownload) == [cmd.MoveDownload(id="d2", position=0)]


def test_names_of_strangers_are_harmless_there_too(desk: Desk) -> None:
    card = _card(desk, repo="o/<b>\u202ex</b>", state="failed", error="\x1b[31m<i>no</i>")
    assert card.name.text().isprintable()
    assert card.left.text().isprintable()


def test_a_low_window_folds_the_list_into_a_line_and_shows_the_files(desk: Desk, qtbot: QtBot) -> None:
    rows = [
        msgspec.structs.replace(ROW, id="d0", repo="o/Alpha-GGUF", position=0),
        msgspec.structs.replace(ROW, id="d1", repo="o/Beta-GGUF", position=1, state="failed", error="x"),
    ]
    desk.engine.hub.downloads = rows
    desk.page.downloads.load()
    desk.open(scripted_hub.QWEN)
    dock = desk.page.dock
    qtbot.waitUntil(lambda: len(dock.cards) == 2)
    desk.window.resize(1440, 900)
    qtbot.waitUntil(lambda: not dock.is_folded)
    desk.window.resize(1024, 700)
    qtbot.waitUntil(lambda: dock.is_folded)
    assert dock.summary.text() == "Beta failed,  Alpha 61 %"
    assert not dock.cards["d0"].isVisible()
    qtbot.waitUntil(lambda: _files_in_sight(desk) >= 5)
    qtbot.mouseClick(dock.fold_button, Qt.MouseButton.LeftButton)
    assert dock.cards["d0"].isVisible()
    desk.window.resize(1100, 710)  # the user wanted it open: it stays so
    assert not dock.is_folded


def _files_in_sight(desk: Desk) -> int:
    table, port = desk.repo.files, desk.repo._scroll.viewport()
    assert table.isVisible()
    bottoms = [
        table.viewport().mapTo(port, table.visualRect(table.model().index(row, 0)).bottomLeft()).y()
        for row in range(table.model().rowCount())
    ]
    return sum(bottom < port.height() for bottom in bottoms)


def test_what_is_done_is_cleared_at_once(desk: Desk, qtbot: QtBot) -> None:
    rows = [msgspec.structs.replace(ROW, id=f"d{at}", position=at, state="done") for at in range(2)]
    desk.engine.hub.downloads = [*rows, msgspec.structs.replace(ROW, id="d2", position=2)]
    desk.page.downloads.load()
    dock = desk.page.dock
    qtbot.waitUntil(lambda: len(dock.cards) == 3)
    assert dock.clear_button.isVisible()
    qtbot.mouseClick(dock.clear_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: [c.id for c in desk.engine.of_type(cmd.CancelDownload)] == ["d0", "d1"])
