"""Blind votes on the Compare page, with the keyboard, on a scripted engine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow, QPushButton

from steelyard.app import make_pages
from steelyard.core.base.errors import AppError
from steelyard.core.values import commands as cmd
from steelyard.core.values.comparison import Answer, ColumnHistory, ComparisonHistory, ComparisonPlan
from steelyard.core.values.events import ServerChanged
from steelyard.core.values.prompt import Message
from steelyard.core.values.run import ErrorInfo
from steelyard.ui.main_window import MainWindow
from steelyard.ui.pages.compare import ComparePage
from steelyard.ui.session import Session
from ui.fake_engine import STARTER
from ui.stand_ins import StandInApp, make_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.compare_blind import BlindView
    from steelyard.ui.theme.theme import Theme
    from ui.fake_engine import FakeEngine

ALT = Qt.KeyboardModifier.AltModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
SECOND = msgspec.structs.replace(STARTER, name="tulip", path="/w/tulip-Q5_K_M.gguf", quant="Q5_K_M")
LONG = "A line of a long answer that says little.\n\n" * 80


class Desk(QObject):
    """The page in a plain window, and what a user can see of its blind view."""

    def __init__(self, qtbot: QtBot, page: ComparePage, window: QMainWindow, engine: FakeEngine) -> None:
        super().__init__()
        self.qtbot = qtbot
        self.page = page
        self.window = window
        self.engine = engine

    @property
    def view(self) -> BlindView:
        return self.page.blind.view

    @property
    def phase(self) -> str:
        return self.view.series.phase

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        widget = QApplication.focusWidget()
        assert widget is not None
        QTest.keyClick(widget, key, modifier)

    def type(self, text: str) -> None:
        widget = QApplication.focusWidget()
        assert widget is not None
        QTest.keyClicks(widget, text)

    def enter(self) -> None:
        self.press(Qt.Key.Key_B, CONTROL)
        self.until("asking")

    def until(self, *phases: str) -> None:
        self.qtbot.waitUntil(lambda: self.phase in phases, timeout=5000)

    def ask(self, text: str = "Which is the longest river?") -> None:
        self.type(text)
        self.press(Qt.Key.Key_Return, CONTROL)

    def ask_and_read(self, text: str = "Which is the longest river?") -> None:
        self.ask(text)
        self.until("voting")

    def vote(self, key: Qt.Key) -> None:
        before = len(self.engine.of_type(cmd.CastVote))
        self.press(key)
        self.qtbot.waitUntil(lambda: len(self.engine.of_type(cmd.CastVote)) == before + 1)
        self.until("asking", "voting", "writing")

    def seen(self) -> str:
        """All words that stand on the screen."""
        labels = [label for label in self.window.findChildren(QLabel) if label.isVisible()]
        buttons = [button for button in self.window.findChildren(QPushButton) if button.isVisible()]
        words = [widget.text() for widget in (*labels, *buttons)]
        words += [widget.toolTip() + widget.accessibleName() for widget in (*labels, *buttons)]
        if self.view.pair.isVisible():
            words += [card.reader.toPlainText() for card in self.view.pair.answers.values()]
        return "\n".join(words)


@pytest.fixture
def desk(
    qtbot: QtBot, theme: Theme, bridge: Bridge, actions: Actions, fake_engine: FakeEngine
) -> Iterator[Desk]:
    fake_engine.weights = [STARTER, SECOND]
    fake_engine.texts = {"starter": "The **Nile**, by most counts.", "tulip": "The Amazon, by volume."}
    window = QMainWindow()
    page = ComparePage(theme, bridge, actions)
    window.setCentralWidget(page)
    actions.attach(window)
    actions.set_page("compare")
    qtbot.addWidget(window)
    window.resize(1440, 860)
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    qtbot.waitUntil(lambda: page.is_body_decided, timeout=5000)
    page.add_target("tulip")
    page.focus_first()
    yield Desk(qtbot, page, window, fake_engine)
    window.close()


# ---- a whole series ----------------------------------------------------------------------------------------


def test_a_whole_series_is_voted_on_with_the_keyboard_alone(desk: Desk) -> None:
    desk.engine.ballots.needed = 3
    desk.enter()
    assert "0 of 3 votes" in desk.view.progress.shown_text
    for key in (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_4):
        desk.ask_and_read()
        desk.vote(key)
    assert [command.choice for command in desk.engine.of_type(cmd.CastVote)] == ["a", "tie", "b"]
    assert "3 of 3 votes" in desk.view.progress.shown_text
    desk.press(Qt.Key.Key_T, ALT)
    assert desk.view.stack.currentWidget() is desk.view.standings
    assert "cannot be told apart" in desk.view.standings.shown_text
    desk.press(Qt.Key.Key_Escape)
    assert desk.view.stack.currentWidget() is desk.view.ask
    desk.press(Qt.Key.Key_Escape)
    assert not desk.page.blind.is_open
    assert desk.page.columns.isVisible()


def test_both_answers_are_written_before_any_is_shown(desk: Desk) -> None:
    desk.engine.chunks_per_s = 40
    desk.enter()
    desk.ask()
    desk.until("writing")
    desk.qtbot.waitUntil(lambda: "is ready" in desk.view.writing.shown_text, timeout=5000)
    seen = desk.seen()
    assert "1 answer is being written, 1 is ready" in seen
    assert "Nile" not in seen
    assert "Amazon" not in seen
    desk.until("voting")
    seen = desk.seen()
    assert "The Nile, by most counts." in seen
    assert "The Amazon, by volume." in seen
    command = desk.engine.of_type(cmd.StartComparison)[-1]
    assert command.ballot_id == desk.view.series.ballot.id  # type: ignore[union-attr]
    assert command.targets == ["starter", "tulip"]


def test_nothing_on_the_page_tells_who_answered_before_the_vote(desk: Desk) -> None:
    desk.enter()
    desk.ask_and_read()
    seen = desk.seen()
    for word in ("starter", "tulip", "SmolLM2", "Q5_K_M", "Q4_1", "tok/s", "TTFT", "characters", " chars"):
        assert word not in seen, word
    desk.vote(Qt.Key.Key_4)
    shown = desk.view.reveal.shown_text
    assert "starter" in shown
    assert "tulip" in shown
    assert "TTFT" in shown
    assert "your vote" in shown


def test_the_length_of_an_answer_cannot_be_seen_at_once(desk: Desk) -> None:
    desk.engine.texts["tulip"] = LONG
    desk.enter()
    desk.ask_and_read()
    readers = [card.reader for card in desk.view.pair.answers.values()]
    desk.qtbot.waitUntil(lambda: any(reader.verticalScrollBar().maximum() > 0 for reader in readers))
    assert not any(reader.verticalScrollBar().isVisible() for reader in readers)
    assert [reader.verticalScrollBar().value() for reader in readers] == [0, 0]
    assert readers[0].width() == readers[1].width()
    assert sorted(card.more.isVisible() for card in desk.view.pair.answers.values()) == [False, True]
    desk.press(Qt.Key.Key_PageDown)
    assert any(reader.verticalScrollBar().value() > 0 for reader in readers)


def test_a_key_votes_once_and_is_a_letter_in_the_prompt(desk: Desk) -> None:
    desk.enter()
    desk.type("1234 s")
    assert desk.view.ask.text == "1234 s"
    desk.ask_and_read()
    action = desk.page._registry.entry("compare.blind.a").action
    assert not action.autoRepeat()
    desk.press(Qt.Key.Key_1)
    desk.press(Qt.Key.Key_1)
    desk.until("asking")
    assert len(desk.engine.of_type(cmd.CastVote)) == 1
    assert desk.engine.of_type(cmd.StartComparison)[-1].prompt.startswith("1234 s")


# ---- after the vote ----------------------------------------------------------------------------------------


def test_a_vote_can_be_taken_back(desk: Desk) -> None:
    desk.enter()
    desk.ask_and_read()
    desk.vote(Qt.Key.Key_1)
    assert "1 of 85 votes" in desk.view.progress.shown_text
    desk.press(Qt.Key.Key_U, ALT)
    desk.qtbot.waitUntil(lambda: "0 of 85 votes" in desk.view.progress.shown_text)
    assert "not asked again" in desk.view.reveal.shown_text


def test_a_skipped_pair_counts_apart(desk: Desk) -> None:
    desk.enter()
    desk.ask_and_read()
    desk.vote(Qt.Key.Key_S)
    desk.qtbot.waitUntil(lambda: "1 skipped" in desk.view.progress.shown_text)
    assert "0 of 85 votes" in desk.view.progress.shown_text


def test_a_vote_that_cannot_be_stored_can_be_given_again(desk: Desk) -> None:
    desk.enter()
    desk.ask_and_read()
    works = desk.engine.answers[cmd.CastVote]
    desk.engine.answers[cmd.CastVote] = AppError("The disk is full", "0 B left", "Make room.")
    desk.vote(Qt.Key.Key_1)
    assert desk.phase == "voting"
    assert "was not stored" in desk.view.note.text
    assert "disk is full" in desk.view.note.text
    desk.engine.answers[cmd.CastVote] = works
    desk.vote(Qt.Key.Key_1)
    assert "1 of 85 votes" in desk.view.progress.shown_text


def test_answers_open_with_their_figures_after_their_last_pair(desk: Desk) -> None:
    desk.engine.answers[cmd.ReadComparison] = lambda command: _history(desk, command.id)
    desk.enter()
    desk.ask_and_read()
    desk.vote(Qt.Key.Key_1)
    desk.press(Qt.Key.Key_O, ALT)
    desk.qtbot.waitUntil(lambda: desk.page.state.comparison_id is not None)
    assert not desk.page.blind.is_open
    assert desk.page.columns.isVisible()


# ---- standings ---------------------------------------------------------------------------------------------


def test_looking_early_is_asked_for_once_and_noted(desk: Desk) -> None:
    desk.enter()
    assert "Standings stay hidden until 85" in desk.view.progress.shown_text
    assert not desk.view.progress.standings_button.isEnabled()
    desk.ask_and_read()
    desk.vote(Qt.Key.Key_1)
    QTest.mouseClick(desk.view.progress.standings_button, Qt.MouseButton.LeftButton)
    assert "5 % level no longer holds" in desk.view.peek.shown_text
    assert desk.engine.of_type(cmd.ReadBallot) == []
    QTest.mouseClick(desk.view.peek_button, Qt.MouseButton.LeftButton)
    desk.qtbot.waitUntil(lambda: desk.view.stack.currentWidget() is desk.view.standings)
    assert desk.engine.of_type(cmd.ReadBallot)[-1].peeks
    assert "looked at before the planned number" in desk.view.standings.shown_text
    assert "looked at early" in desk.view.progress.shown_text


def test_a_new_series_begins_at_zero_with_its_own_split(desk: Desk) -> None:
    desk.enter()
    desk.ask_and_read()
    desk.vote(Qt.Key.Key_1)
    QTest.mouseClick(desk.view.new_button, Qt.MouseButton.LeftButton)
    desk.view.new_series.choice.button("0.75").setFocus()
    desk.press(Qt.Key.Key_Space)
    assert "29 votes" in " ".join(label.text() for label in desk.view.new_series.findChildren(QLabel))
    QTest.mouseClick(desk.view.new_series.begin_button, Qt.MouseButton.LeftButton)
    desk.qtbot.waitUntil(lambda: "0 of 29 votes" in desk.view.progress.shown_text)
    command = desk.engine.of_type(cmd.OpenBallot)[-1]
    assert command.is_new
    assert command.planned_share == 0.75


# ---- leaving and coming back -------------------------------------------------------------------------------


def test_leaving_keeps_the_pair_that_waits(desk: Desk) -> None:
    desk.enter()
    desk.ask_and_read()
    texts = [card.reader.shown_text for card in desk.view.pair.answers.values()]
    desk.press(Qt.Key.Key_Escape)
    assert not desk.page.blind.is_open
    desk.page.focus_prompt()
    desk.press(Qt.Key.Key_B, CONTROL)
    desk.until("voting")
    assert [card.reader.shown_text for card in desk.view.pair.answers.values()] == texts


def test_escape_stops_the_answers_first_and_gives_the_prompt_back(desk: Desk) -> None:
    desk.engine.chunks_per_s = 2
    desk.enter()
    desk.ask("Take your time")
    desk.until("writing")
    desk.press(Qt.Key.Key_Escape)
    desk.until("asking")
    assert desk.page.blind.is_open
    assert desk.view.ask.text == "Take your time"
    desk.press(Qt.Key.Key_Escape)
    assert not desk.page.blind.is_open


def test_other_actions_of_the_page_rest_while_a_series_is_open_and_one_target_is_too_few(desk: Desk) -> None:
    send = desk.page._registry.entry("compare.send").action
    assert send.isEnabled()
    desk.enter()
    assert not send.isEnabled()
    desk.page._show_state()
    assert not desk.page._registry.entry("compare.targets").action.isEnabled()
    desk.press(Qt.Key.Key_Escape)
    assert send.isEnabled()
    assert desk.page._registry.entry("compare.targets").action.isEnabled()
    assert not desk.page._registry.entry("compare.blind.a").action.isEnabled()
    desk.page.state.remove(desk.page.state.columns[-1])
    desk.page.show_columns()
    assert not desk.page._registry.entry("compare.blind").action.isEnabled()


def test_a_comparison_with_open_pairs_is_not_shown_with_names(desk: Desk) -> None:
    desk.engine.answers[cmd.ReadComparison] = lambda command: _history(desk, command.id)
    desk.enter()
    desk.ask_and_read()
    desk.press(Qt.Key.Key_Escape)
    desk.page.open_comparison("c")
    desk.until("voting")
    assert desk.page.view is desk.view
    assert "starter" not in desk.seen()
    assert "made for blind votes" in desk.view.note.text
    assert desk.page.state.comparison_id is None


def test_a_comparison_without_open_pairs_opens_as_usual(desk: Desk) -> None:
    desk.engine.answers[cmd.ReadComparison] = lambda command: _history(desk, command.id)
    desk.enter()
    desk.ask_and_read()
    desk.vote(Qt.Key.Key_S)
    desk.press(Qt.Key.Key_Escape)
    desk.page.open_comparison("c")
    desk.qtbot.waitUntil(lambda: desk.page.state.comparison_id == "c")
    assert not desk.page.blind.is_open


def test_what_a_stopped_comparison_lacks_is_written_before_its_pairs(desk: Desk) -> None:
    asked = asyncio.Event()

    async def resumed(_command: cmd.ResumeComparison) -> Any:
        asked.set()
        raise AppError("The server is gone")

    desk.engine.answers[cmd.ResumeComparison] = resumed
    desk.engine.answers[cmd.ReadComparison] = lambda command: _history(desk, command.id, missing=2)
    desk.enter()
    desk.press(Qt.Key.Key_Escape)
    desk.page.open_comparison("c")
    desk.until("asking")
    assert asked.is_set()
    assert "server is gone" in desk.view.note.text


# ---- what goes wrong ---------------------------------------------------------------------------------------


def test_a_failed_answer_makes_no_pair_and_names_nobody_unasked(desk: Desk) -> None:
    desk.engine.failures["tulip"] = ErrorInfo(
        title="tulip refused the key", detail="401", hint="Store it again.", retryable=False
    )
    desk.enter()
    desk.ask("Anything")
    desk.qtbot.waitUntil(lambda: desk.phase == "asking" and bool(desk.view.note.text))
    assert desk.view.note.text == "One of 2 answers failed, so this prompt makes no pair."
    assert "tulip" not in desk.seen()
    assert desk.view.ask.text == "Anything"
    QTest.mouseClick(desk.view.why_button, Qt.MouseButton.LeftButton)
    assert "tulip refused the key" in desk.view.note.text


def test_of_three_targets_the_one_that_failed_is_told_beside_the_standings_only(desk: Desk) -> None:
    desk.engine.add_api("mini")
    desk.page.lists.load_targets()
    desk.qtbot.waitUntil(lambda: desk.page.lists.ref("mini") is not None)
    desk.page.add_target("mini")
    desk.engine.failures["mini"] = ErrorInfo(title="No answer", detail="", hint="", retryable=True)
    desk.page.focus_prompt()
    desk.enter()
    desk.ask_and_read()
    assert desk.view.note.text == "One of 3 answers failed; the others make a pair."
    assert not desk.view.why_button.isVisible()
    assert "mini" not in desk.seen()
    desk.view.series.peek()
    desk.qtbot.waitUntil(lambda: "mini: No answer" in desk.view.standings.shown_text)


def test_a_series_that_cannot_be_opened_says_why_and_is_tried_again(desk: Desk) -> None:
    works = desk.engine.answers[cmd.OpenBallot]
    desk.engine.answers[cmd.OpenBallot] = AppError("The ledger is locked", "by another program", "Close it.")
    desk.press(Qt.Key.Key_B, CONTROL)
    desk.until("failed")
    assert "ledger is locked" in desk.view.failed.shown_text
    desk.engine.answers[cmd.OpenBallot] = works
    desk.press(Qt.Key.Key_Space)
    desk.until("asking")


def test_a_refused_prompt_comes_back_with_the_reason(desk: Desk) -> None:
    desk.engine.answers[cmd.StartComparison] = AppError("Too long", "9,000 tokens", "Shorten it.")
    desk.enter()
    desk.ask("Much")
    desk.qtbot.waitUntil(lambda: "Too long" in desk.view.note.text and desk.phase == "asking")
    assert desk.view.ask.text == "Much"


# ---- many prompts, the strip -------------------------------------------------------------------------------


def test_a_table_makes_many_pairs_at_once(desk: Desk) -> None:
    desk.enter()
    desk.type("Name a river in {country}")
    assert "1 variable" in desk.view.table.button.text()
    desk.view.table.sheet.take_text("country\nEgypt\nPeru\n")
    assert "2 rows" in desk.view.table.button.text()
    desk.view.ask.prompt.setFocus()
    desk.press(Qt.Key.Key_Return, CONTROL)
    desk.until("voting")
    command = desk.engine.of_type(cmd.StartComparison)[-1]
    assert command.cases == [{"country": "Egypt"}, {"country": "Peru"}]


def test_the_strip_names_no_model_while_a_series_is_open(
    qtbot: QtBot, theme: Theme, bridge: Bridge, actions: Actions, fake_engine: FakeEngine, tmp_path: Path
) -> None:
    fake_engine.weights = [STARTER, SECOND]
    pages = make_pages(theme, bridge, actions)
    window = MainWindow(theme, bridge, actions, pages, tmp_path / "window.ini")
    qtbot.addWidget(window)
    session = Session(StandInApp(), theme, bridge, actions, window)  # type: ignore[arg-type]
    session.is_started = True
    window.show()
    window.show_page("compare")
    page = window.page("compare")
    assert isinstance(page, ComparePage)
    qtbot.waitUntil(lambda: page.is_body_decided, timeout=5000)
    page.add_target("tulip")
    fake_engine.emit(ServerChanged(server=make_server("tulip")))
    qtbot.waitUntil(lambda: "tulip" in window.strip.models.toolTip())
    page.blind.toggle()
    assert window.strip.models.shown_text == "Names hidden"
    assert "tulip" not in window.strip.models.toolTip()
    assert "tok/s" not in window.strip.gen.shown_text
    page.blind.toggle()
    assert "tulip" in window.strip.models.toolTip()
    window.close_for_good()


def _history(desk: Desk, comparison_id: str, missing: int = 0) -> ComparisonHistory:
    runs = list(desk.engine.runs.values())
    question = Message(role="user", content="Which is the longest river?")
    return ComparisonHistory(
        id=comparison_id,
        started_at="2026-11-20T10:00:00Z",
        title="Rivers",
        schedule="model-by-model",
        system="",
        columns=[ColumnHistory(run.target.name, [Answer(run=run, question=question)]) for run in runs[-2:]],
        not_comparable=[],
        plan=ComparisonPlan(targets=["starter", "tulip"], prompt=question.content),
        missing_runs=missing,
        ballot_id=desk.view.series.ballot.id if desk.view.series.ballot else "b",
    )
