"""Two answers against each other, the comparison as a file, and a replay of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from steelyard.core.values import commands as cmd
from steelyard.core.values.comparison import DiffPiece, ReplayedRun, TextDiff
from steelyard.ui.pages.compare_answers import choices_of
from steelyard.ui.reveal import Revealer
from ui.reading_desk import CONTROL, LEFT, RIGHT, ReadingDesk

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.compare_diff import DiffView
    from steelyard.ui.theme.theme import Theme
    from ui.fake_engine import FakeEngine


@pytest.fixture
def desk(
    qtbot: QtBot, theme: Theme, bridge: Bridge, actions: Actions, fake_engine: FakeEngine
) -> ReadingDesk:
    fake_engine.add_api("mini")
    fake_engine.texts = {"starter": LEFT, "mini": RIGHT}
    desk = ReadingDesk(qtbot, theme, bridge, actions, fake_engine)
    desk.ask()
    return desk


def open_diff(desk: ReadingDesk) -> DiffView:
    desk.press(Qt.Key.Key_D, CONTROL)
    diff = desk.reading.diff
    desk.qtbot.waitUntil(lambda: desk.page.view is diff and diff.count_text.startswith("1 of"))
    return diff


def current_change(diff: DiffView) -> str:
    selection = diff.left.extraSelections()[0]
    return selection.cursor.selectedText()


def test_two_columns_against_each_other(desk: ReadingDesk, qtbot: QtBot) -> None:
    diff = open_diff(desk)
    assert [diff.left_box.currentText(), diff.right_box.currentText()] == ["starter", "mini"]
    assert (diff.left.toPlainText(), diff.right.toPlainText()) == (LEFT, RIGHT)
    assert diff.similarity.text().endswith("% alike")
    total = diff.count_text.partition(" of ")[2]
    marked = current_change(diff)
    desk.press(Qt.Key.Key_N)
    assert diff.count_text == f"2 of {total}"
    assert current_change(diff) != marked
    desk.press(Qt.Key.Key_P)
    desk.press(Qt.Key.Key_P)
    number = total.partition(" ")[0]
    assert diff.count_text == f"{number} of {total}"  # round the end
    desk.press(Qt.Key.Key_Escape)
    assert desk.page.view is None
    assert desk.focused is desk.views[0]


def test_inline_shows_both_and_lines_are_asked_for(desk: ReadingDesk, qtbot: QtBot) -> None:
    diff = open_diff(desk)
    QTest.mouseClick(diff.layout_choice.button("inline"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: diff.both.is_written and "AlphaBeta" in diff.both.toPlainText())
    QTest.mouseClick(diff.by.button("lines"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desk.engine.of_type(cmd.DiffAnswers)[-1].by == "lines")
    qtbot.waitUntil(lambda: "# Alpha\n# Beta\n" in diff.both.toPlainText())


def test_a_coarse_diff_says_so_and_the_same_answer_is_refused(desk: ReadingDesk, qtbot: QtBot) -> None:
    coarse = TextDiff(
        pieces=[DiffPiece(op="replace", left="a" * 3_000_000, right="b")],
        by="lines",
        similarity=0.0,
        note="Compared line by line.",
    )
    desk.engine.answers[cmd.DiffAnswers] = coarse
    diff = open_diff(desk)
    assert diff.note_text == "Compared line by line. Only the first 2 MiB of each text are shown."
    diff.right_box.setCurrentIndex(diff.left_box.currentIndex())
    qtbot.waitUntil(lambda: "same answer twice" in diff.message)
    desk.engine.answers[cmd.DiffAnswers] = TextDiff(
        pieces=[DiffPiece(op="equal", left="a", right="a")], by="words", similarity=1.0
    )
    QTest.mouseClick(diff.swap_button, Qt.MouseButton.LeftButton)
    diff.right_box.setCurrentIndex(1)
    qtbot.waitUntil(lambda: diff.similarity.text() == "identical")
    assert diff.count_text == "no change"


def test_answers_are_named_by_turn_row_and_branch(desk: ReadingDesk) -> None:
    history = desk.engine.reading.history(desk.page.state.comparison_id or "")
    first = history.columns[0].answers[0]
    again = msgspec.structs.replace(first, run=msgspec.structs.replace(first.run, id="again"))
    later = msgspec.structs.replace(first, run=msgspec.structs.replace(first.run, id="later", turn=1))
    column = msgspec.structs.replace(history.columns[0], answers=[first, again, later])
    labels = [choice.label for choice in choices_of(msgspec.structs.replace(history, columns=[column]))]
    assert labels == [
        "starter · turn 1 · answer 1 of 2",
        "starter · turn 1 · answer 2 of 2",
        "starter · turn 2",
    ]


@pytest.mark.parametrize("form", ["md", "json", "csv", "html", "png"])
def test_each_format_is_written_whole(desk: ReadingDesk, qtbot: QtBot, tmp_path: Path, form: str) -> None:
    export = desk.reading.export
    desk.actions.trigger(f"compare.export_{form}")
    qtbot.waitUntil(lambda: export.dialog is not None)
    assert export.dialog is not None
    assert export.dialog.defaultSuffix() == form
    path = tmp_path / f"out.{form}"
    export.dialog.fileSelected.emit(str(path))
    export.dialog.close()
    qtbot.waitUntil(lambda: export.bar.text == f"Saved as {path}", timeout=20_000)
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG") if form == "png" else b"alpha" in data
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    if form == "json":
        assert json.loads(data)["comparison"]["id"] == desk.page.state.comparison_id


def test_the_file_is_shown_in_its_folder_or_the_fault_is_told(
    desk: ReadingDesk, bridge: Bridge, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    revealed: list[str] = []
    monkeypatch.setattr(Revealer, "reveal", lambda _self, path: revealed.append(path))
    export = desk.reading.export
    for path in (tmp_path / "a.md", tmp_path / "no" / "folder" / "a.md"):
        desk.actions.trigger("compare.export_md")
        qtbot.waitUntil(lambda: export.dialog is not None)
        assert export.dialog is not None
        if path.parent.exists():
            export.dialog.fileSelected.emit(str(path))
            qtbot.waitUntil(lambda: export.bar.folder_button.isVisible())
            QTest.mouseClick(export.bar.folder_button, Qt.MouseButton.LeftButton)
            assert revealed == [str(path)]
        else:
            with qtbot.waitSignal(bridge.error_raised) as raised:
                export.dialog.fileSelected.emit(str(path))
            assert raised.args[0].title == "Could not save a file"
            assert export.bar.isHidden()
        export.dialog.close()
        qtbot.waitUntil(lambda: export.dialog is None)


def test_the_whole_comparison_goes_to_the_clipboard(desk: ReadingDesk, qtbot: QtBot) -> None:
    desk.press(Qt.Key.Key_C, CONTROL | Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: "clipboard" in desk.reading.export.bar.text)
    text = QGuiApplication.clipboard().text()
    assert all(word in text for word in ("alpha", "beta", "starter", "mini"))


def test_a_replay_says_what_is_the_same_and_leads_to_the_diff(desk: ReadingDesk, qtbot: QtBot) -> None:
    ids = list(desk.engine.runs)
    desk.engine.reading.replayed = [
        ReplayedRun(target="starter", original_run_id=ids[0], run_id=ids[0], is_identical=True),
        ReplayedRun(
            target="mini",
            original_run_id=ids[0],
            run_id=ids[1],
            is_identical=False,
            first_difference_char=2,
            reasons=["no seed was set"],
        ),
    ]
    replay = desk.reading.replay
    desk.press(Qt.Key.Key_R, CONTROL | Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: desk.page.view is replay)
    assert "costs money" in replay.text
    assert desk.focused is replay.local_button
    desk.press(Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: len(replay.rows) == 2)
    assert desk.engine.of_type(cmd.ReplayComparison)[0].local_only is True
    assert replay.text == "1 of 2 answers byte-identical."
    assert [row.verdict.text() for row in replay.rows] == ["byte-identical", "differs from character 3"]
    assert replay.rows[1].reasons == ["no seed was set"]
    assert not replay.rows[0].diff_button.isVisible()
    QTest.mouseClick(replay.rows[1].diff_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desk.page.view is desk.reading.diff)
    qtbot.waitUntil(lambda: desk.engine.of_type(cmd.DiffAnswers) != [])
    asked = desk.engine.of_type(cmd.DiffAnswers)[-1]
    assert (asked.left, asked.right) == (ids[0], ids[1])
    desk.press(Qt.Key.Key_Escape)
    assert desk.page.view is replay
    qtbot.waitUntil(replay.open_button.hasFocus)
    desk.press(Qt.Key.Key_Escape)
    assert desk.page.view is None
