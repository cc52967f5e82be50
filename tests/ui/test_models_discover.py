"""Models, Discover: searching, paging, pasting, and a hub that does not answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from steelyard.core.base.errors import AppError
from steelyard.core.values import commands as cmd
from steelyard.core.values.hub import HubFilters
from steelyard.ui.pages.models_refs import is_wanted, repo_ref
from steelyard.ui.widgets.models_paint import Ink, split_lines
from ui import scripted_hub

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from ui.models_desk import ModelsDesk as Desk

OFFLINE = AppError("The hub cannot be reached", "no route", "Check the network.", retryable=True)


def test_the_empty_box_shows_curated_and_popular_repositories(desk: Desk) -> None:
    desk.wait_results()
    assert desk.titles()[:3] == ["SmolLM2 135M Instruct", "Qwen2.5 7B Instruct", "Qwen2.5-32B-Instruct-GGUF"]
    spoken = desk.search.model.rows[1].spoken
    assert "apache-2.0" in spoken
    assert "Trying the app" in spoken


def test_typing_searches_once_when_it_rests(desk: Desk, qtbot: QtBot) -> None:
    desk.wait_results()
    before = len(desk.engine.of_type(cmd.SearchHub))
    assert desk.search.box.hasFocus()
    desk.type("mistral nemo")
    qtbot.waitUntil(lambda: desk.titles() == ["Mistral-Nemo-Instruct-2407-GGUF"])
    asked = desk.engine.of_type(cmd.SearchHub)[before:]
    assert [command.query for command in asked] == ["mistral nemo"]


def test_more_is_read_while_scrolling_and_only_once(desk: Desk, qtbot: QtBot) -> None:
    desk.engine.hub.results = [scripted_hub.result(f"org/model-{at}-GGUF") for at in range(45)]
    desk.search.retry()
    qtbot.waitUntil(lambda: len(desk.search.search.results) == 20)
    desk.open("org/model-0-GGUF")
    bar = desk.search.view.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    bar.setValue(bar.maximum())
    place = bar.value()
    qtbot.waitUntil(lambda: len(desk.search.search.results) == 40)
    qtbot.waitUntil(lambda: bar.maximum() > bar.value())
    assert bar.value() >= place - 40  # not back at the repository that is open
    bar.setValue(bar.maximum())
    qtbot.waitUntil(lambda: len(desk.search.search.results) == 45)
    assert [command.cursor for command in desk.engine.of_type(cmd.SearchHub)][-3:] == [None, "20", "40"]
    assert not desk.search.search.has_more


def test_filters_and_order_are_sent(desk: Desk, qtbot: QtBot) -> None:
    desk.wait_results()
    filters = desk.search.filters
    menu = filters.quant.menu_of_options
    next(action for action in menu.actions() if action.data() == "Q4_K_M").trigger()
    qtbot.mouseClick(filters.fits, Qt.MouseButton.LeftButton)
    next(action for action in filters.sort.menu_of_options.actions() if action.data() == "likes").trigger()
    qtbot.waitUntil(lambda: desk.engine.of_type(cmd.SearchHub)[-1].sort == "likes")
    assert desk.engine.of_type(cmd.SearchHub)[-1].filters == HubFilters(quant="Q4_K_M", fits_only=True)
    assert "estimate" in filters.fits.toolTip()


@pytest.mark.parametrize(
    ("pasted", "asked", "selected"),
    [
        ("https://huggingface.co/bartowski/Qwen2.5-32B-Instruct-GGUF", None, "Q4_K_M"),
        ("bartowski/Qwen2.5-32B-Instruct-GGUF", None, "Q4_K_M"),
        ("bartowski/Qwen2.5-32B-Instruct-GGUF:Q6_K", None, "Q6_K"),
        (
            "https://huggingface.co/bartowski/Qwen2.5-32B-Instruct-GGUF/blob/main/Qwen2.5-32B-Instruct-Q8_0.gguf",
            None,
            "Q8_0",
        ),
    ],
)
def test_a_pasted_address_opens_the_repository_with_its_quant(
    desk: Desk,
    qtbot: QtBot,
    pasted: str,
    asked: str | None,
    selected: str,
) -> None:
    desk.wait_results()
    QGuiApplication.clipboard().setText(pasted)
    desk.search.box.paste()
    qtbot.waitUntil(lambda: desk.repo.state == "repo" and desk.repo.selected_file is not None)
    assert desk.engine.of_type(cmd.ReadRepo)[-1] == cmd.ReadRepo(name=asked or pasted, with_readme=True)
    qtbot.waitUntil(lambda: desk.repo.selected_file.quant == selected)  # type: ignore[union-attr]


def test_nothing_found_offers_a_way_back(desk: Desk, qtbot: QtBot) -> None:
    desk.wait_results()
    desk.type("zzzz")
    qtbot.waitUntil(desk.search.nothing.isVisible)
    qtbot.mouseClick(desk.search.nothing.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(desk.titles()) > 2)
    assert desk.search.box.text() == ""


def test_without_the_hub_catalogue_and_library_stay_usable(desk: Desk, qtbot: QtBot) -> None:
    desk.engine.hub.offline = OFFLINE
    desk.search.retry()
    qtbot.waitUntil(desk.search.trouble.isVisible)
    assert "cannot be reached" in desk.search.trouble.text
    assert desk.titles() == ["SmolLM2 135M Instruct", "Qwen2.5 7B Instruct"]
    desk.page.show_tab("library")
    assert desk.page.shelf.view.isVisible()
    desk.page.show_tab("discover")
    desk.engine.hub.offline = None
    qtbot.mouseClick(desk.search.trouble.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not desk.search.trouble.isVisible() and len(desk.titles()) > 2)


def test_a_slow_hub_shows_that_it_is_asked(desk: Desk, qtbot: QtBot) -> None:
    desk.wait_results()

    async def wait(_command: Any) -> None:
        await asyncio.sleep(30)

    desk.engine.answers[cmd.SearchHub] = wait
    desk.search.retry()
    assert "skeleton" not in [row.kind for row in desk.search.model.rows]
    qtbot.waitUntil(lambda: "skeleton" in [row.kind for row in desk.search.model.rows])
    assert desk.search.count.text() == "Asking the hub…"


def test_a_repository_that_cannot_be_read_says_why_and_is_asked_again(
    desk: Desk,
    qtbot: QtBot,
) -> None:
    desk.wait_results()
    answer = desk.engine.answers[cmd.ReadRepo]
    desk.engine.answers[cmd.ReadRepo] = AppError("The repository was not found", "org/x", "Check the name.")
    desk.search.view.opened.emit("org/x")
    qtbot.waitUntil(lambda: desk.repo.state == "trouble")
    assert "not found" in desk.repo.trouble_text.text()
    desk.engine.answers[cmd.ReadRepo] = answer
    qtbot.mouseClick(desk.repo.retry_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desk.repo.state == "repo")


def test_the_keyboard_alone_finds_and_downloads(desk: Desk, qtbot: QtBot) -> None:
    desk.wait_results()
    desk.type("qwen2.5-32b")
    qtbot.waitUntil(lambda: desk.titles() == ["Qwen2.5-32B-Instruct-GGUF"])
    desk.press(Qt.Key.Key_Down)
    assert desk.search.view.hasFocus()
    desk.press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: desk.repo.state == "repo" and desk.repo.selected_file is not None)
    desk.page.discover.repo.focus_files()
    desk.press(Qt.Key.Key_Up, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(desk.engine.of_type(cmd.EnqueueDownload)) == 1)
    assert "IQ4_XS.gguf" in desk.engine.of_type(cmd.EnqueueDownload)[0].name


def test_arrows_pass_over_headings_and_lead_back_to_the_box(desk: Desk) -> None:
    desk.wait_results()
    desk.press(Qt.Key.Key_Down)
    walked = []
    for _ in range(3):
        walked.append(desk.search.view.currentIndex().row())
        desk.press(Qt.Key.Key_Down)
    assert walked == [1, 2, 4]
    desk.press(*[Qt.Key.Key_Up] * 4)
    assert desk.search.box.hasFocus()


def test_hostile_names_are_shown_harmless(desk: Desk, qtbot: QtBot) -> None:
    desk.engine.hub.results = [
        scripted_hub.result("ev\u202eil/<b>na\x1b[31mme</b>\nsecond", licence="<img src=x>")
    ]
    desk.search.retry()
    qtbot.waitUntil(lambda: len(desk.search.search.results) == 1 and not desk.search.search.is_loading)
    spoken = desk.search.model.rows[-1].spoken
    assert spoken.isprintable()
    assert "<b>na" in spoken


@pytest.mark.parametrize(
    ("text", "wanted", "is_sure"),
    [
        ("org/repo", "", False),
        ("org/repo:Q4_K_M", "Q4_K_M", True),
        ("org/repo@abc123", "", True),
        ("hf.co/org/repo:Q8_0", "Q8_0", True),
        ("https://huggingface.co/org/repo/tree/main", "", True),
        ("https://mirror.example/org/repo/resolve/main/a-Q2_K-00001-of-00002.gguf", "a-Q2_K", True),
    ],
)
def test_names_and_addresses_are_told_from_words(text: str, wanted: str, is_sure: bool) -> None:
    ref = repo_ref(text)
    assert ref is not None
    assert (ref.wanted, ref.is_sure) == (wanted, is_sure)


@pytest.mark.parametrize("text", ["qwen 7b", "qwen", "a/b/c", "../etc/passwd", "", "https://huggingface.co"])
def test_words_are_no_names(text: str) -> None:
    assert repo_ref(text) is None


def test_no_wish_wants_no_file() -> None:
    assert not is_wanted("", None, "")
    assert is_wanted("q4_k_m", "Q4_K_M", "x.gguf")


def test_down_from_the_box_marks_the_first_repository(desk: Desk) -> None:
    desk.wait_results()
    desk.search.focus_box()
    desk.press(Qt.Key.Key_Down)
    view = desk.search.view
    assert view.hasFocus()
    assert [index.row() for index in view.selectedIndexes()] == [1]


def test_what_a_curated_one_is_good_for_has_two_lines_and_a_tooltip(desk: Desk) -> None:
    desk.wait_results()
    text = desk.search.model.index(1).data(Qt.ItemDataRole.ToolTipRole)
    assert text == "Trying the app; runs on anything"
    long = "Reading long documents and answering questions about them on a machine with little memory"
    lines = split_lines(long, Ink(), 240.0, 2)
    assert len(lines) == 2
    assert " ".join(lines) == long
    assert split_lines("short", Ink(), 240.0, 2) == ("short",)


def test_retry_asks_for_what_stands_in_the_box_and_reads_the_repository_again(
    desk: Desk, qtbot: QtBot
) -> None:
    desk.wait_results()
    desk.engine.hub.offline = OFFLINE
    desk.search.focus_box()
    desk.type("qwen")
    qtbot.waitUntil(lambda: desk.search.is_offline)
    desk.search.view.opened.emit(scripted_hub.QWEN)
    qtbot.waitUntil(lambda: desk.repo.state == "trouble")
    desk.engine.hub.offline = None
    desk.search.box.clear()
    qtbot.mouseClick(desk.search.trouble.button, Qt.MouseButton.LeftButton)  # before the typing rests
    qtbot.waitUntil(lambda: not desk.search.is_offline and bool(desk.search.search.results))
    assert desk.engine.of_type(cmd.SearchHub)[-1].query == ""
    qtbot.waitUntil(lambda: desk.repo.state == "repo")


def test_a_filter_that_is_chosen_while_typing_keeps_the_words(desk: Desk, qtbot: QtBot) -> None:
    desk.wait_results()
    desk.search.focus_box()
    desk.type("mistral")
    desk.search.filters.fits.click()
    qtbot.waitUntil(lambda: desk.titles() == ["Mistral-Nemo-Instruct-2407-GGUF"])
    asked = desk.engine.of_type(cmd.SearchHub)[-1]
    assert (asked.query, asked.filters.fits_only) == ("mistral", True)
