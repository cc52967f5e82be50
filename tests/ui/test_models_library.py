"""Models, My models and Import folders: what lies on this machine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from steelyard.core.base.errors import AppError
from steelyard.core.values import commands as cmd
from steelyard.core.values.events import LibraryChanged, WorkProgressed
from steelyard.core.values.weights import BadFile, UnusableFile, VerifyReport
from ui import scripted_hub
from ui.fake_engine import STARTER

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from ui.models_desk import ModelsDesk as Desk


@pytest.fixture
def shelf(desk: Desk) -> Desk:
    weights = scripted_hub.weights
    desk.engine.weights = [
        STARTER,
        weights("Qwen2.5-7B-Q4_K_M"),
        weights("Mixtral-8x7B-Q4_K_M", missing_parts=["Mixtral-00003-of-00003.gguf"], source="file"),
        weights("phi-4-Q6_K", verification="mismatch", source="ollama"),
    ]
    desk.engine.mmproj = [weights("mmproj-gemma", kind="mmproj")]
    desk.engine.unusable = [UnusableFile(path="/d/broken.gguf", reason="The header is cut off.")]
    desk.page.library.load()
    desk.page.show_tab("library")
    desk.qtbot.waitUntil(lambda: len(desk.page.shelf.model.lines) == 9)
    return desk


def _titles(desk: Desk) -> list[str]:
    return [line.title for line in desk.page.shelf.model.lines]


def _choose(desk: Desk, title: str) -> None:
    desk.page.shelf.view.go(_titles(desk).index(title))


def test_everything_is_listed_under_its_kind(shelf: Desk) -> None:
    assert _titles(shelf) == [
        "Models",
        "starter",
        "Qwen2.5-7B-Q4_K_M",
        "Mixtral-8x7B-Q4_K_M",
        "phi-4-Q6_K",
        "Projectors",
        "mmproj-gemma",
        "Files that cannot be used",
        "broken.gguf",
    ]
    model = shelf.page.shelf.model
    assert [model.index(at, 6).data() for at in (1, 3, 4)] == ["verified", "1 part missing", "hash differs"]
    assert model.index(8, 1).data() == "The header is cut off."
    assert shelf.page.title_widget.buttons["library"].isChecked()


def test_the_details_tell_all_of_a_row(shelf: Desk) -> None:
    _choose(shelf, "Mixtral-8x7B-Q4_K_M")
    details = shelf.page.shelf.details
    assert details.facts["Split set"].text() == "Missing: Mixtral-00003-of-00003.gguf"
    assert "lacks Mixtral-00003" in details.why.text()
    assert not details.compare_button.isEnabled()
    _choose(shelf, "broken.gguf")
    assert details.why.text() == "The header is cut off."
    assert not details.compare_button.isVisible()
    assert not details.remove_button.isVisible()


def test_search_and_source_narrow_the_list(shelf: Desk, qtbot: QtBot) -> None:
    shelf.page.focus_search()
    shelf.type("phi")
    qtbot.waitUntil(lambda: _titles(shelf) == ["Models", "phi-4-Q6_K"])
    shelf.page.shelf.box.clear()
    menu = shelf.page.shelf.source.menu_of_options
    next(action for action in menu.actions() if action.data() == "file").trigger()
    qtbot.waitUntil(lambda: _titles(shelf) == ["Models", "Mixtral-8x7B-Q4_K_M"])
    shelf.page.focus_search()
    shelf.type("nothing like it")
    qtbot.waitUntil(shelf.page.shelf.nothing.isVisible)


def test_arrows_pass_over_headings_and_enter_compares(shelf: Desk, qtbot: QtBot) -> None:
    _choose(shelf, "phi-4-Q6_K")
    shelf.page.shelf.view.setFocus()
    shelf.press(Qt.Key.Key_Down)
    assert shelf.page.shelf.view.currentIndex().row() == 6
    shelf.press(Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Up)
    with qtbot.waitSignal(shelf.page.compare_requested) as wanted:
        shelf.press(Qt.Key.Key_Return)
    assert wanted.args == ["Qwen2.5-7B-Q4_K_M"]


def test_a_title_sorts_and_sorts_back(shelf: Desk) -> None:
    shelf.page.shelf.view.sort_wanted.emit(4)
    assert _titles(shelf)[4] == "starter"
    shelf.page.shelf.view.sort_wanted.emit(4)
    assert _titles(shelf)[1] == "starter"


def test_verifying_shows_progress_and_its_result(shelf: Desk, qtbot: QtBot) -> None:
    go_on = asyncio.Event()

    async def verify(command: cmd.VerifyWeights) -> VerifyReport:
        await go_on.wait()
        return VerifyReport(checked=1, bad=[BadFile(name=command.names[0], expected="a", found="b")])

    shelf.engine.answers[cmd.VerifyWeights] = verify
    _choose(shelf, "Qwen2.5-7B-Q4_K_M")
    qtbot.mouseClick(shelf.page.shelf.details.verify_button, Qt.MouseButton.LeftButton)
    bar = shelf.page.shelf.verify_bar
    qtbot.waitUntil(lambda: len(shelf.engine.of_type(cmd.VerifyWeights)) == 1)
    request = bar._work.request
    other = WorkProgressed(request="other", what="x", done_bytes=9, total_bytes=10)
    shelf.tell(other)
    mine = WorkProgressed(
        request=request, what="Qwen", done_bytes=34, total_bytes=100, rate_bps=1.2e9, eta_s=4
    )
    shelf.tell(mine)
    assert bar.text.text() == "Hashing Qwen  ·  34 %  ·  1.20 GB/s  ·  4 s left"
    assert bar.bar.value() == 34
    assert shelf.engine._loop is not None
    shelf.engine._loop.call_soon_threadsafe(go_on.set)
    qtbot.waitUntil(lambda: "not the published one" in bar.text.text())
    assert bar.close_button.isVisible()


def test_verifying_can_be_stopped(shelf: Desk, qtbot: QtBot) -> None:
    stopped: list[bool] = []

    async def verify(_command: Any) -> None:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            stopped.append(True)
            raise

    shelf.engine.answers[cmd.VerifyWeights] = verify
    shelf.page.shelf.verify_all()
    qtbot.waitUntil(lambda: shelf.engine.of_type(cmd.VerifyWeights) == [cmd.VerifyWeights(names=[])])
    qtbot.mouseClick(shelf.page.shelf.verify_bar.cancel_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: stopped == [True])
    assert not shelf.page.shelf.verify_bar.is_busy


def test_removing_tells_the_bytes_first(shelf: Desk, qtbot: QtBot) -> None:
    _choose(shelf, "Qwen2.5-7B-Q4_K_M")
    shelf.page.shelf.view.setFocus()
    shelf.press(Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: shelf.page.shelf.dialog is not None)
    dialog = shelf.page.shelf.dialog
    assert dialog is not None
    assert "frees 5.40 GB" in dialog.texts[0]
    assert "other tools" in dialog.texts[1]
    assert dialog.focusWidget() is dialog.keep_button
    assert not shelf.engine.of_type(cmd.RemoveWeights)
    qtbot.mouseClick(dialog.do_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "5.40 GB freed" in shelf.page.shelf.verify_bar.text.text())
    assert shelf.engine.of_type(cmd.RemoveWeights) == [cmd.RemoveWeights(name="Qwen2.5-7B-Q4_K_M")]


def test_a_changed_library_is_read_once_and_the_row_stays_chosen(shelf: Desk, qtbot: QtBot) -> None:
    _choose(shelf, "phi-4-Q6_K")
    before = len(shelf.engine.of_type(cmd.ListWeights))
    shelf.engine.weights.insert(1, scripted_hub.weights("new-one"))
    for _ in range(5):
        shelf.tell(LibraryChanged())
    qtbot.waitUntil(lambda: "new-one" in _titles(shelf))
    assert len(shelf.engine.of_type(cmd.ListWeights)) == before + 1
    line = shelf.page.shelf.view.current_line
    assert line is not None
    assert line.title == "phi-4-Q6_K"


def test_the_path_is_copied_as_it_is(shelf: Desk) -> None:
    _choose(shelf, "phi-4-Q6_K")
    shelf.page.act("copy")
    assert QGuiApplication.clipboard().text() == "/home/me/.cache/huggingface/hub/phi-4-Q6_K.gguf"


def test_two_thousand_rows_are_one_view(desk: Desk, qtbot: QtBot) -> None:
    desk.engine.weights = [scripted_hub.weights(f"model-{at:04}") for at in range(2000)]
    before = len(desk.page.shelf.findChildren(QWidget))
    desk.page.library.load()
    desk.page.show_tab("library")
    qtbot.waitUntil(lambda: len(desk.page.shelf.model.lines) == 2001)
    view = desk.page.shelf.view
    view.scrollToBottom()
    qtbot.wait(50)
    assert len(desk.page.shelf.findChildren(QWidget)) <= before + 4
    assert all(view.indexWidget(view.model().index(row, 0)) is None for row in range(0, 2001, 100))
    desk.page.focus_search()
    desk.type("model-1999")
    qtbot.waitUntil(lambda: _titles(desk) == ["Models", "model-1999"])


def test_an_empty_library_shows_two_ways(desk: Desk, qtbot: QtBot) -> None:
    desk.engine.weights = []
    desk.page.library.load()
    desk.page.show_tab("library")
    qtbot.waitUntil(lambda: desk.page.shelf.is_empty_shown)
    qtbot.mouseClick(desk.page.shelf.import_button, Qt.MouseButton.LeftButton)
    assert desk.page.tab == "places"


def test_a_library_that_cannot_be_read_says_so(desk: Desk, qtbot: QtBot) -> None:
    desk.engine.answers[cmd.ListWeights] = AppError("The folder cannot be read", "denied")
    desk.page.show_tab("library")
    desk.page.library.load()
    qtbot.waitUntil(lambda: "cannot be read" in desk.page.shelf.verify_bar.text.text())


def test_hostile_names_on_disk_are_harmless(desk: Desk, qtbot: QtBot) -> None:
    row = scripted_hub.weights("a\u202e<b>\x1b[2J", licence="<img>\n", tokenizer="\x07t", repo="x/\u2066y")
    desk.engine.weights = [row]
    desk.page.library.load()
    desk.page.show_tab("library")
    qtbot.waitUntil(lambda: len(desk.page.shelf.model.lines) == 2)
    shown = [label.text() for label in desk.page.shelf.details.facts.values()]
    shown.append(desk.page.shelf.details.title.text())
    assert all(text.replace("\u200b", "").isprintable() for text in shown)
    assert desk.page.shelf.model.index(1, 0).data().isprintable()


# ---- import folders ----------------------------------------------------------------------------------------


def test_a_path_is_added_and_forgotten(desk: Desk, qtbot: QtBot) -> None:
    desk.page.show_tab("places")
    desk.type("/models/qwen.gguf")
    desk.press(Qt.Key.Key_Return)
    places = desk.page.places
    qtbot.waitUntil(lambda: places.note.text == "Added qwen.gguf.")
    assert desk.engine.of_type(cmd.AddWeights) == [cmd.AddWeights(path="/models/qwen.gguf")]
    qtbot.waitUntil(lambda: "/models/qwen.gguf" in places.forget_buttons)
    qtbot.mouseClick(places.forget_buttons["/models/qwen.gguf"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not places.forget_buttons)
    assert desk.engine.of_type(cmd.ForgetPlace) == [cmd.ForgetPlace(path="/models/qwen.gguf")]


def test_a_file_that_is_no_weights_is_refused_in_place(desk: Desk, qtbot: QtBot) -> None:
    desk.engine.answers[cmd.AddWeights] = AppError("This is no GGUF file", "wrong magic")
    desk.page.show_tab("places")
    qtbot.mouseClick(desk.page.places.add_button, Qt.MouseButton.LeftButton)
    assert desk.page.places.path.error
    desk.page.places.focus_first()
    desk.type("/etc/hosts")
    desk.press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "no GGUF file" in desk.page.places.note.text)


def test_a_chosen_folder_is_added_and_the_dialog_does_not_block(
    desk: Desk,
    qtbot: QtBot,
    tmp_path: Path,
) -> None:
    qtbot.keyClick(desk.window, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
    assert desk.page.tab == "places"
    dialog = desk.page.places.findChild(QFileDialog)
    assert isinstance(dialog, QFileDialog)
    dialog.fileSelected.emit(str(tmp_path))
    dialog.close()
    qtbot.waitUntil(lambda: desk.engine.of_type(cmd.AddWeights) == [cmd.AddWeights(path=str(tmp_path))])


def test_dropped_files_and_folders_are_added_where_they_lie(
    desk: Desk,
    qtbot: QtBot,
    tmp_path: Path,
) -> None:
    model = tmp_path / "a.gguf"
    model.touch()
    text = tmp_path / "notes.txt"
    text.touch()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in (model, text, tmp_path)])
    event = QDropEvent(
        QPointF(50, 50),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    desk.page.dropEvent(event)
    qtbot.waitUntil(lambda: len(desk.engine.of_type(cmd.AddWeights)) == 2)
    assert [c.path for c in desk.engine.of_type(cmd.AddWeights)] == [str(model), str(tmp_path)]
    assert desk.page.tab == "places"


# ---- copying and revealing ---------------------------------------------------------------------------------


def test_path_and_hashes_are_selected_by_tab_and_copied_as_they_are(shelf: Desk) -> None:
    _choose(shelf, "Qwen2.5-7B-Q4_K_M")
    facts = shelf.page.shelf.details.facts
    expected = {
        "Path": "/home/me/.cache/huggingface/hub/Qwen2.5-7B-Q4_K_M.gguf",
        "Chat template": "c1" * 32,
        "sha256": "65b8fcd9" * 8,
    }
    for name, value in expected.items():
        facts[name].setFocus(Qt.FocusReason.TabFocusReason)
        facts[name].copy()
        assert QGuiApplication.clipboard().text() == value
    assert facts["sha256"].height() > facts["Layers"].height()
    shelf.press(Qt.Key.Key_Tab)
    assert not facts["sha256"].textCursor().hasSelection()


def test_a_button_copies_the_hash_and_says_so_for_a_moment(shelf: Desk, qtbot: QtBot) -> None:
    _choose(shelf, "Qwen2.5-7B-Q4_K_M")
    button = shelf.page.shelf.details.copy_buttons["sha256"]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "65b8fcd9" * 8
    assert button.accessibleName() == "sha256 copied"
    qtbot.waitUntil(lambda: button.accessibleName() == "Copy sha256", timeout=3000)
    shelf.page.act("copy")
    assert shelf.page.shelf.details.copy_button.text() == "Copied"


def test_what_is_not_hashed_has_nothing_to_copy(shelf: Desk) -> None:
    shelf.engine.weights.append(scripted_hub.weights("own", sha256=None, chat_template_sha256=None))
    shelf.tell(LibraryChanged())
    shelf.qtbot.waitUntil(lambda: "own" in _titles(shelf))
    _choose(shelf, "own")
    details = shelf.page.shelf.details
    assert details.facts["sha256"].text() == "not hashed yet"
    assert not details.copy_buttons["sha256"].isVisible()


def test_reveal_asks_for_the_file_itself(shelf: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("steelyard.ui.reveal.Revealer.reveal", lambda _self, path: asked.append(path))
    _choose(shelf, "phi-4-Q6_K")
    shelf.page.act("reveal")
    _choose(shelf, "broken.gguf")
    shelf.page.act("reveal")
    assert asked == ["/home/me/.cache/huggingface/hub/phi-4-Q6_K.gguf", "/d/broken.gguf"]
