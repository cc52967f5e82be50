"""Models, an opened repository: verdicts, the slider, the download button, gated repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel

from steelyard.core.base.errors import AppError
from steelyard.core.values import commands as cmd
from steelyard.core.values.events import DownloadChanged, LibraryChanged
from steelyard.core.values.fit import RepoFit
from steelyard.ui.pages.settings import SettingsPage
from steelyard.ui.widgets.response_links import LinkDialog
from ui import scripted_hub
from ui.scripted_hub import GATED, QWEN

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from ui.models_desk import ModelsDesk as Desk


def test_the_recommended_file_is_selected_and_projected_by_the_engine(
    desk: Desk,
    qtbot: QtBot,
) -> None:
    desk.open(QWEN)
    assert desk.repo.selected_file is not None
    assert desk.repo.selected_file.quant == "Q4_K_M"
    qtbot.waitUntil(lambda: desk.repo.panel.basis.text == "engine's projection")
    lines = desk.repo.files_model.lines
    assert lines[0].title == "Q2_K"
    assert [line.chip.text for line in lines if line.chip] == ["Recommended"]
    verdicts = [line.fit.text for line in lines if line.fit]
    assert verdicts[:4] == ["Full GPU"] * 4
    assert verdicts[4].startswith("Partial ")
    assert verdicts[-1] == "Won't fit"
    assert lines[-1].note.endswith("GiB short")
    assert desk.repo.panel.correction.text() == "last 8 loads: +1.8 %"
    assert desk.repo.head.budget.text == "Free now 23.2 GiB"


def test_a_moved_slider_prices_quickly_then_by_the_engine(desk: Desk, qtbot: QtBot) -> None:
    desk.open(QWEN)
    qtbot.waitUntil(lambda: desk.repo.panel.basis.text == "engine's projection")
    before = len(desk.engine.of_type(cmd.FitRepo))
    slider = desk.repo.panel.slider
    slider.setFocus()
    desk.press(*[Qt.Key.Key_Right] * 8)
    assert slider.tokens > 8192
    assert slider.tokens % 256 == 0
    qtbot.waitUntil(lambda: desk.engine.of_type(cmd.FitRepo)[-1].is_quick is False)
    qtbot.waitUntil(lambda: desk.repo.panel.basis.text == "engine's projection")
    asked = desk.engine.of_type(cmd.FitRepo)[before:]
    assert asked[0].is_quick
    assert [command.is_quick for command in asked].count(False) == 1
    assert asked[-1].wish.ctx == slider.tokens
    assert asked[-1].file == "Qwen2.5-32B-Instruct-Q4_K_M.gguf"


def test_at_most_one_quick_question_is_on_its_way(desk: Desk, qtbot: QtBot) -> None:
    desk.open(QWEN)
    qtbot.waitUntil(lambda: not desk.repo.pricing.is_exact_awaited)
    before = len(desk.engine.of_type(cmd.FitRepo))
    for value in range(20, 60):
        desk.repo.panel.slider.setValue(value)
    qtbot.waitUntil(lambda: not desk.repo.pricing.is_exact_awaited)
    asked = desk.engine.of_type(cmd.FitRepo)[before:]
    assert len(asked) <= 4
    assert asked[-1].wish.ctx == 59 * 256


def test_cache_type_and_slots_are_priced(desk: Desk, qtbot: QtBot) -> None:
    desk.open(QWEN)
    head = desk.repo.head
    next(a for a in head.kv.menu_of_options.actions() if a.data() == "q8_0").trigger()
    next(a for a in head.slots.menu_of_options.actions() if a.data() == "4").trigger()
    qtbot.waitUntil(lambda: not desk.repo.pricing.is_exact_awaited)
    wish = desk.engine.of_type(cmd.FitRepo)[-1].wish
    assert (wish.kv_type, wish.parallel) == ("q8_0", 4)


def test_another_row_is_projected_after_a_rest(desk: Desk, qtbot: QtBot) -> None:
    desk.open(QWEN)
    desk.repo.focus_files()
    desk.press(Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: desk.engine.of_type(cmd.FitRepo)[-1].file == "Qwen2.5-32B-Instruct-Q5_K_M.gguf")
    assert "Q5_K_M" in desk.repo.foot.button.shown_text
    qtbot.waitUntil(lambda: "Q5_K_M" in desk.repo.panel.need_name.text())


def test_the_slider_tells_where_the_verdict_flips(desk: Desk, qtbot: QtBot) -> None:
    desk.open(QWEN)
    qtbot.waitUntil(lambda: "Full GPU up to" in desk.repo.panel.slider.accessibleDescription())
    desk.repo.panel.slider.set_tokens(32768)
    qtbot.waitUntil(lambda: "Partial" in desk.repo.panel.slider.accessibleDescription())
    data = desk.repo.panel.bar.data
    assert data is not None
    assert data.kv_bytes > 4 * scripted_hub.GIB


def test_a_fit_that_cannot_be_told_says_why_and_the_download_stays(
    desk: Desk,
    qtbot: QtBot,
) -> None:
    desk.engine.answers[cmd.FitRepo] = AppError("The header could not be read", "range requests are refused")
    desk.open(QWEN)
    qtbot.waitUntil(lambda: "header could not be read" in desk.repo.panel.reason.text())
    assert desk.repo.foot.button.isEnabled()


def test_download_enqueues_the_pinned_name_and_the_button_follows(
    desk: Desk,
    qtbot: QtBot,
) -> None:
    desk.open(QWEN)
    button = desk.repo.foot.button
    assert button.shown_text == "Download Q4_K_M 19.85 GB"
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: button.shown_text.startswith("Downloading"))
    name = f"{QWEN}/Qwen2.5-32B-Instruct-Q4_K_M.gguf@{scripted_hub.REVISION}"
    assert [command.name for command in desk.engine.of_type(cmd.EnqueueDownload)] == [name]
    assert not button.isEnabled()
    assert desk.page.dock.isVisible()
    row = desk.engine.hub.downloads[0]
    half = msgspec.structs.replace(row, state="downloading", done_bytes=row.size_bytes // 2)
    desk.tell(DownloadChanged(download=half))
    assert button.shown_text == "Downloading 50 %" or button.shown_text == "Downloading 49 %"
    desk.tell(DownloadChanged(download=msgspec.structs.replace(half, state="paused")))
    assert button.shown_text == "Resume Q4_K_M"
    desk.tell(DownloadChanged(download=msgspec.structs.replace(half, state="failed", error="cut off")))
    assert button.shown_text == "Retry Q4_K_M"
    desk.tell(DownloadChanged(download=msgspec.structs.replace(half, state="done")))
    assert button.shown_text == "Use in Compare Q4_K_M"
    lines = desk.repo.files_model.lines
    assert [line.chip.text for line in lines if line.chip] == ["Installed, recommended"]


def test_what_is_here_goes_to_compare(desk: Desk, qtbot: QtBot) -> None:
    row = scripted_hub.weights("qwen-32b", repo=QWEN, path="/c/Qwen2.5-32B-Instruct-Q4_K_M.gguf")
    desk.engine.weights.append(row)
    desk.tell(LibraryChanged())
    desk.open(QWEN)
    qtbot.waitUntil(lambda: desk.repo.foot.button.shown_text.startswith("Use in Compare"))
    with qtbot.waitSignal(desk.page.compare_requested) as wanted:
        qtbot.mouseClick(desk.repo.foot.button, Qt.MouseButton.LeftButton)
    assert wanted.args == ["qwen-32b"]
    assert desk.window.current_page == "compare"


def test_the_command_and_the_commit_are_copied(desk: Desk, qtbot: QtBot) -> None:
    desk.open(QWEN)
    qtbot.mouseClick(desk.repo.foot.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == f"steelyard models pull {QWEN}:Q4_K_M"
    qtbot.mouseClick(desk.repo.head.revision_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == scripted_hub.REVISION
    assert scripted_hub.REVISION in desk.repo.head.revision_button.toolTip()


def test_a_gated_repository_shows_the_way(desk: Desk, qtbot: QtBot) -> None:
    desk.engine.hub.repos[GATED] = scripted_hub.repo(
        GATED, gated=True, has_access=False, access_hint="Accept the terms, then store a token."
    )
    desk.open(GATED)
    assert desk.repo.access.isVisible()
    assert desk.repo.access.text == "Accept the terms, then store a token."
    assert not desk.repo.foot.button.isEnabled()
    qtbot.mouseClick(desk.repo.access.page_button, Qt.MouseButton.LeftButton)
    dialog = desk.page.findChild(LinkDialog)
    assert isinstance(dialog, LinkDialog)
    assert f"huggingface.co/{GATED}" in dialog.text
    dialog.close()
    qtbot.mouseClick(desk.repo.access.settings_button, Qt.MouseButton.LeftButton)
    settings = desk.window.page("settings")
    assert isinstance(settings, SettingsPage)
    assert (desk.window.current_page, settings.section) == ("settings", "hub")


def test_files_that_cannot_be_had_say_so(desk: Desk, qtbot: QtBot) -> None:
    files = [
        scripted_hub.file_row("Q4_K_M", 5.0, needs_xet=True),
        scripted_hub.file_row("Q8_0", 9.0, missing_parts=["x-00002-of-00002.gguf"]),
    ]
    desk.engine.hub.repos["org/odd"] = scripted_hub.repo("org/odd", files=files)
    desk.search.view.opened.emit("org/odd")
    qtbot.waitUntil(lambda: desk.repo.state == "repo" and desk.repo.selected_file is not None)
    notes = [line.note for line in desk.repo.files_model.lines]
    assert notes == ["only through Xet", "1 part missing"]
    assert not desk.repo.foot.button.isEnabled()


def test_projectors_stand_apart_and_can_be_downloaded(desk: Desk, qtbot: QtBot) -> None:
    projector = scripted_hub.file_row("F16", 1.3, None, name="mmproj-f16.gguf", kind="mmproj")
    desk.engine.hub.repos[QWEN] = scripted_hub.repo(mmproj=[projector])
    desk.open(QWEN)
    assert desk.repo.aux.isVisible()
    desk.repo.aux.setFocus()
    desk.repo.aux.setCurrentIndex(desk.repo.aux_model.index(0, 0))
    desk.press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(desk.engine.of_type(cmd.EnqueueDownload)) == 1)
    assert desk.engine.of_type(cmd.EnqueueDownload)[0].name.startswith(f"{QWEN}/mmproj-f16.gguf@")


def test_hostile_repositories_are_plain_text(desk: Desk) -> None:
    name = "org/\u202e<img src=x>"
    desk.engine.hub.repos[name] = scripted_hub.repo(
        name, readme="<script>x</script>\x1b[2J\u202e", licence="<b>free</b>", base_model="a\nb"
    )
    desk.open(name)
    for label in desk.repo.findChildren(QLabel):
        assert label.textFormat() == Qt.TextFormat.PlainText or not label.text()
        assert label.text().replace("\n", "").isprintable()
    desk.repo.readme.button.click()
    text = desk.repo.readme.text.toPlainText()
    assert "<script>" in text
    assert "\u202e" not in text
    assert "\x1b" not in text


def test_a_copied_commit_is_confirmed_and_shown_again(desk: Desk, qtbot: QtBot) -> None:
    desk.open(QWEN)
    chip = desk.repo.head.revision_button
    before = chip.shown_text
    qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert chip.shown_text == "Commit copied"
    qtbot.waitUntil(lambda: chip.shown_text == before, timeout=3000)


def test_a_refused_download_is_told_beside_the_button(desk: Desk, qtbot: QtBot) -> None:
    desk.engine.answers[cmd.EnqueueDownload] = AppError("The disk is full", "3 GB needed", "Free some space.")
    raised: list[AppError] = []
    desk.page._bridge.error_raised.connect(raised.append)
    desk.open(QWEN)
    foot = desk.repo.foot
    qtbot.mouseClick(foot.button, Qt.MouseButton.LeftButton)
    assert foot.button.shown_text == "Adding Q4_K_M…"
    qtbot.waitUntil(lambda: foot.trouble.text == "The disk is full: 3 GB needed. Free some space.")
    assert foot.trouble.isVisible()
    assert foot.button.shown_text == "Download Q4_K_M 19.85 GB"
    assert not raised
    desk.repo.focus_files()
    desk.press(Qt.Key.Key_Down)
    assert not foot.trouble.isVisible()


def test_who_went_on_to_another_file_is_told_at_the_edge(desk: Desk, qtbot: QtBot) -> None:
    desk.engine.answers[cmd.EnqueueDownload] = AppError("The disk is full")
    desk.open(QWEN)
    desk.repo.foot.press()
    desk.repo.focus_files()
    with qtbot.waitSignal(desk.page._bridge.error_raised):
        desk.press(Qt.Key.Key_Down)
    assert not desk.repo.foot.trouble.isVisible()


def test_figures_stay_while_a_quick_answer_has_none_yet(desk: Desk, qtbot: QtBot) -> None:
    desk.open(QWEN)
    qtbot.waitUntil(lambda: not desk.repo.pricing.is_exact_awaited)
    full = desk.engine.answers[cmd.FitRepo]

    def none_yet(command: cmd.FitRepo) -> RepoFit:
        return RepoFit(reports={}, recommended=None, why="") if command.is_quick else full(command)

    desk.engine.answers[cmd.FitRepo] = none_yet
    before = desk.repo.panel.need.text()
    desk.repo.panel.slider.set_tokens(24576)
    qtbot.waitUntil(lambda: desk.engine.of_type(cmd.FitRepo)[-1].is_quick)
    assert desk.repo.panel.need.text() == before
    assert all(line.fit is not None for line in desk.repo.files_model.lines)
    qtbot.waitUntil(lambda: desk.repo.panel.need.text() == "25.2")


def test_a_curated_repository_says_what_it_is_good_for(desk: Desk, qtbot: QtBot) -> None:
    desk.wait_results()
    desk.open("Qwen/Qwen2.5-7B-Instruct-GGUF")
    assert desk.repo.head.good_for.text() == "General work and code on 8 GB of VRAM"
    assert desk.repo.head.good_for.isVisible()
    desk.open(QWEN)
    qtbot.waitUntil(lambda: not desk.repo.head.good_for.isVisible())


def test_a_long_reason_why_a_repository_cannot_be_read_is_not_cut(desk: Desk, qtbot: QtBot) -> None:
    reason = "there is no such repository, or it is private or gated (HTTP 401 Unauthorized) " * 3
    desk.engine.answers[cmd.ReadRepo] = AppError(
        "org/repo is not open to everybody", reason, "Check the name."
    )
    for width in (1440, 1024):
        desk.window.resize(width, 800)
        desk.search.view.opened.emit(f"org/repo-{width}")
        qtbot.waitUntil(lambda: desk.repo.state == "trouble" and "org/repo" in desk.repo.trouble_text.text())
        label = desk.repo.trouble_text
        assert label.height() >= label.heightForWidth(label.width())
        assert label.width() <= desk.repo.width()
