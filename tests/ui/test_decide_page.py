"""The Decide page in the real window: cases, answers, verdicts, history, editors, the memo, the keyboard."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLineEdit, QWidget

from steelyard.core.base.errors import UsageError
from steelyard.core.values import cost_commands as cc
from steelyard.core.values.decision import Case, Decision
from steelyard.core.values.events import SettingsChanged
from steelyard.ui.pages.decide import DecidePage
from steelyard.ui.pages.decide_fields import AnswerField, ChoiceField, NumberField, PickField
from ui.scripted_decide import DECISION, KEPT

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from steelyard.ui.main_window import MainWindow
    from ui.fake_engine import FakeEngine


class StrayWindows(QObject):
    """Widgets that are shown as windows of their own: they flash, and take the keyboard."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.names.append(type(watched).__name__)
        return False


class DecideDesk:
    """The page, and what tests do with it."""

    def __init__(self, qtbot: QtBot, window: MainWindow, engine: FakeEngine) -> None:
        self.qtbot = qtbot
        self.window = window
        self.engine = engine
        self.scripted = engine.decisions
        window.show_page("decide")
        page = window.page("decide")
        assert isinstance(page, DecidePage)
        self.page = page
        page.store._timer.setInterval(30)
        qtbot.waitUntil(lambda: page.store.book is not None and page.store.has_listed)
        window.activateWindow()

    @property
    def body(self) -> Any:
        assert self.page.body is not None
        return self.page.body

    @property
    def word(self) -> str:
        return self.body.verdict.word.text()

    def wait_decided(self) -> None:
        store = self.page.store
        self.qtbot.waitUntil(lambda: store.decision is not None and not store.is_busy)
        self.qtbot.waitUntil(lambda: self.page.shown == "decision")

    def start(self) -> None:
        self.page.start_from_ledger()
        self.wait_decided()

    def field(self, key: str) -> AnswerField:
        return self.page.answers.form.fields[key]

    def type(self, key: str, text: str) -> NumberField:
        field = self.field(key)
        assert isinstance(field, NumberField)
        field.edit.setText(text)
        field.edit.textEdited.emit(text)
        return field

    def asked(self) -> list[cc.Decide]:
        return self.engine.of_type(cc.Decide)


@pytest.fixture
def desk(qtbot: QtBot, window: MainWindow, fake_engine: FakeEngine) -> DecideDesk:
    return DecideDesk(qtbot, window, fake_engine)


# ---- cases -----------------------------------------------------------------------------------------------


def test_without_a_case_the_page_says_what_to_do(desk: DecideDesk) -> None:
    page = desk.page
    assert page.shown == "empty"
    assert page.empty.accessibleName() == "No case yet"
    assert not page.title_widget.export_button.isEnabled()
    assert desk.window.focusWidget() is page.ledger_button
    page.example_button.click()
    desk.wait_decided()
    assert page.title_widget.text == "SaaS start-up"
    assert desk.engine.of_type(cc.DecideScenario)[0].id == "saas"
    assert desk.body.verdict.dated.text() == "Example: SaaS start-up"


def test_a_case_from_the_ledger_asks_for_what_was_measured(desk: DecideDesk) -> None:
    desk.page.ledger_button.click()
    desk.wait_decided()
    assert desk.asked()[-1].from_ledger
    assert desk.asked()[-1].case == Case()


def test_the_list_of_cases_has_own_ones_examples_and_industries(desk: DecideDesk) -> None:
    desk.scripted.kept = [KEPT]
    desk.page.refresh()
    desk.qtbot.waitUntil(lambda: bool(desk.page.store.heads))
    desk.page.title_widget._fill_cases()
    texts = [action.text() for action in desk.page.title_widget.cases.actions() if action.text()]
    assert texts[0] == "Production assistant"
    assert {"Start from the ledger", "New empty case", "SaaS start-up", "Healthcare"} <= set(texts)


def test_an_industry_fills_only_what_is_not_answered(desk: DecideDesk) -> None:
    desk.start()
    desk.page.store.set_value("constraints.privacy", "standard")
    desk.page._on_chosen("industry:health")
    desk.wait_decided()
    case = desk.page.store.case
    assert case is not None
    assert (case.constraints.privacy, case.constraints.regime) == ("standard", "HIPAA")
    assert case.origins == {"constraints.regime": "preset"}
    assert case.notes["constraints.regime"] == "Patient data."
    assert desk.page.panel == "answers"


# ---- the verdict -----------------------------------------------------------------------------------------


def test_the_verdict_is_shown_with_all_that_it_rests_on(desk: DecideDesk) -> None:
    desk.start()
    body = desk.body
    assert desk.word == "Hybrid"
    assert body.verdict.confidence.text() == "likely, 84 %"
    assert [figure.text for figure in body.verdict.figures] == ["$208.50", "35.4 M tokens", "40.2 M tokens"]
    assert "$136.21" in body.verdict.premium.text()
    assert body.verdict.firm.isHidden()
    assert len(body.evidence.lines) == 5
    assert (
        body.evidence.lines[0].text
        == "95.6 M tokens a month, peak to mean 2.1 30 days of ledger, 41,860 requests"
    )
    assert body.flips.lines[0].title.text() == "Volume under 40.2 M a month"
    assert [line.title.text() for line in body.unknowns.lines] == [
        "Capacity",
        "Share of a post",
        "Latency limit",
    ]
    assert len(body.ways.rows) == 4
    assert body.published.count.text() == "3 agree, 2 disagree, 1 undecided"
    assert body.verdict.beam.accessibleDescription().startswith("Hybrid, $208.50 a month, 88 % local")


def test_a_provisional_verdict_says_what_would_make_it_firm(desk: DecideDesk) -> None:
    desk.scripted.decision = msgspec.structs.replace(DECISION, confidence="provisional", share_cheapest=None)
    desk.start()
    firm = desk.body.verdict.firm
    assert desk.body.verdict.confidence.text() == "provisional"
    assert firm.text == "Provisional. It becomes firm with: Capacity, Share of a post, Latency limit."


def test_what_is_unknown_is_a_dash_with_a_reason(desk: DecideDesk) -> None:
    bare = Decision(
        verdict="api",
        pattern=None,
        confidence="provisional",
        reasons=[],
        presets=[],
        unknowns=[],
        flips=[],
        options=[],
    )
    desk.scripted.decision = bare
    desk.start()
    figures = desk.body.verdict.figures
    assert [figure.text for figure in figures] == ["—", "—", "—"]
    assert all(figure.toolTip() for figure in figures)
    assert desk.body.verdict.classes.isHidden()
    assert desk.word == "API"


def test_evidence_and_unknowns_open_their_page(desk: DecideDesk) -> None:
    desk.start()
    wanted: list[str] = []
    desk.page._actions.page_wanted.disconnect()
    desk.page._actions.page_wanted.connect(wanted.append)
    desk.body.evidence.lines[1].button.click()
    desk.body.unknowns.lines[2].button.click()
    assert wanted == ["compare", "monitor"]
    desk.body.unknowns.lines[1].button.click()
    assert desk.page.panel == "answers"
    field = desk.field("team.fte_share")
    assert isinstance(field, NumberField)
    assert desk.window.focusWidget() is field.edit


def test_lines_after_the_fifth_wait_behind_a_button(desk: DecideDesk) -> None:
    desk.start()
    flips = desk.body.flips
    assert [line.isVisible() for line in flips.lines] == [True] * 5 + [False]
    assert flips.more_button.text() == "Show 1 more"
    flips.more_button.click()
    assert flips.lines[5].isVisible()


def test_the_tables_of_the_sources(desk: DecideDesk) -> None:
    desk.start()
    published = desk.body.published
    assert published.published.isVisible()
    assert [row.cells[4].text for row in published.published.rows][-1] == "no conflict"
    desk.page.show_table("rules")
    assert published.rules.isVisible()
    assert len(published.rules.rows) == 16
    assert {row.cells[2].text for row in published.rules.rows} == {"true", "false", "unknown"}
    desk.page.show_table("questions")
    assert [row.cells[1].text for row in published.questions.rows][-1] == "not answered"


# ---- answers ---------------------------------------------------------------------------------------------


def test_each_answer_is_decided_and_the_newest_one_wins(desk: DecideDesk) -> None:
    desk.start()
    desk.page.show_form("answers")
    before = len(desk.asked())
    for text in ("1", "10", "100 M"):
        desk.type("workload.tokens_month", text)
    desk.qtbot.waitUntil(lambda: len(desk.asked()) > before)
    desk.wait_decided()
    assert len(desk.asked()) == before + 1
    assert desk.asked()[-1].case.workload.tokens_month == Decimal(100_000_000)
    assert desk.field("workload.tokens_month").tag.text() == "user"


def test_a_late_answer_does_not_overwrite_a_newer_one(desk: DecideDesk) -> None:
    desk.start()
    gate = asyncio.Event()

    async def slow(command: cc.Decide) -> Decision:
        if command.case.workload.tokens_month == 1:
            await gate.wait()
            return msgspec.structs.replace(DECISION, verdict="api", case=command.case)
        return msgspec.structs.replace(DECISION, verdict="self_host", case=command.case)

    desk.engine.answers[cc.Decide] = slow
    desk.page.store.set_value("workload.tokens_month", Decimal(1))
    desk.page.store.decide()
    desk.page.store.set_value("workload.tokens_month", Decimal(2))
    desk.page.store.decide()
    desk.wait_decided()
    assert desk.engine._loop is not None
    desk.engine._loop.call_soon_threadsafe(gate.set)
    desk.qtbot.wait(100)
    assert desk.word == "Self-host"


def test_unknown_is_a_real_choice(desk: DecideDesk) -> None:
    desk.start()
    field = desk.field("team.ml_capacity")
    assert isinstance(field, ChoiceField)
    for key, value in (("yes", True), ("no", False), ("", None)):
        field.choose(key)
        case = desk.page.store.case
        assert case is not None
        assert case.team.ml_capacity is value
    assert [button.text() for button in field.segments.findChildren(QAbstractButton)] == [
        "Unknown",
        "No",
        "Yes",
    ]


def test_measured_values_stand_in_grey_until_one_types(desk: DecideDesk) -> None:
    filled = msgspec.structs.replace(DECISION, case=KEPT.case)
    desk.engine.answers[cc.Decide] = lambda _c: filled
    desk.start()
    field = desk.field("workload.tokens_month")
    assert isinstance(field, NumberField)
    assert field.edit.text() == ""
    assert field.edit.placeholderText() == "95.6 M"  # its unit stands beside it
    assert field.tag.text() == "measured"
    assert field.tag.toolTip() == "30 days of the ledger, 41,860 requests"


def test_a_typing_error_stands_at_its_field_and_nothing_is_asked(desk: DecideDesk) -> None:
    desk.start()
    desk.page.show_form("answers")
    before = len(desk.asked())
    field = desk.type("workload.tokens_month", "many")
    assert field.error.startswith("Type a number such as 95.6 M")
    desk.qtbot.wait(80)
    assert len(desk.asked()) == before
    desk.type("workload.tokens_month", "")
    assert field.error == ""


def test_an_impossible_case_is_told_in_one_line_and_the_last_verdict_stays(desk: DecideDesk) -> None:
    desk.start()
    desk.page.show_form("answers")
    error = UsageError("self.redundancy is too large", "99 was given", "1 to 10 is allowed.")
    desk.engine.answers[cc.Decide] = error
    desk.page.store.set_value("self.redundancy", 99)
    desk.qtbot.waitUntil(lambda: desk.page.answers.error.text != "")
    assert desk.page.answers.error.text == "Redundancy is too large: 99 was given. 1 to 10 is allowed."
    assert desk.body.verdict.stale.text == "Still the verdict before your last answer."
    assert desk.word == "Hybrid"
    desk.engine.answers |= desk.scripted.answers()
    desk.page.store.set_value("self.redundancy", 2)
    desk.qtbot.waitUntil(lambda: desk.page.answers.error.text == "")
    desk.wait_decided()
    assert desk.body.verdict.stale.text == ""


def test_a_first_case_that_cannot_be_decided_says_why(desk: DecideDesk) -> None:
    desk.engine.answers[cc.Decide] = UsageError("No price", "of nobody", "Type one.")
    desk.page.start_from_ledger()
    desk.qtbot.waitUntil(lambda: desk.page.shown == "failed")
    assert desk.page.failed is not None
    assert desk.page.failed.accessibleName() == "No price"


def test_waiting_is_told_only_when_it_takes_long(desk: DecideDesk) -> None:
    gate = asyncio.Event()

    async def slow(command: cc.Decide) -> Decision:
        await gate.wait()
        return msgspec.structs.replace(DECISION, case=command.case)

    desk.engine.answers[cc.Decide] = slow
    desk.page.start_from_ledger()
    assert desk.page.shown == "empty"
    desk.qtbot.waitUntil(lambda: desk.page.shown == "waiting")
    assert desk.engine._loop is not None
    desk.engine._loop.call_soon_threadsafe(gate.set)
    desk.wait_decided()


def test_regimes_of_the_book_can_be_chosen(desk: DecideDesk) -> None:
    desk.start()
    field = desk.field("constraints.regime")
    assert isinstance(field, PickField)
    assert [field.box.itemText(at) for at in range(field.box.count())] == ["Unknown", "HIPAA"]
    field.box.picked.emit("1")
    case = desk.page.store.case
    assert case is not None
    assert case.constraints.regime == "HIPAA"


# ---- editors ---------------------------------------------------------------------------------------------


def test_the_checklist_is_kept_in_the_settings(desk: DecideDesk) -> None:
    desk.start()
    desk.page.show_form("checklist")
    form = desk.page.answers.checklist
    assert form.sum_text == "0 of 3 answered, 6 h a month in all"
    form.choices["drivers"].button("no").click()  # type: ignore[attr-defined]
    desk.qtbot.waitUntil(lambda: desk.engine.settings.decide.readiness == {"drivers": False})
    desk.qtbot.waitUntil(lambda: "1 thing missing" in form.sum_text)


def test_rules_can_be_switched_off_and_changed(desk: DecideDesk) -> None:
    desk.start()
    desk.page.show_form("rules")
    line = desk.page.answers.presets.lines["P1"]
    line.box.click()
    desk.qtbot.waitUntil(lambda: bool(desk.engine.settings.decide.presets))
    edit = desk.engine.settings.decide.presets[0]
    assert (edit.id, edit.is_enabled, edit.low, edit.high) == ("P1", False, 50e6, 150e6)
    line.edits["low"].setText("60 M")
    line.edits["low"].editingFinished.emit()
    desk.qtbot.waitUntil(lambda: desk.engine.settings.decide.presets[0].low == 60e6)
    line.edits["low"].setText("999 M")
    line.edits["low"].editingFinished.emit()
    assert line.edits["high"].property("invalid")
    desk.page.answers.presets.reset_button.click()
    desk.qtbot.waitUntil(lambda: desk.engine.settings.decide.presets == [])


def test_classes_can_be_changed_and_a_new_one_never_leaves(desk: DecideDesk) -> None:
    desk.start()
    desk.page.show_form("classes")
    form = desk.page.answers.classes
    form.lines[1].words.setText("secret, password , ,token")
    form.lines[1].words.editingFinished.emit()
    desk.qtbot.waitUntil(lambda: bool(desk.engine.settings.decide.classes))
    assert desk.engine.settings.decide.classes[1].deny_words == ["secret", "password", "token"]
    form.add_button.click()
    desk.qtbot.waitUntil(lambda: len(desk.engine.settings.decide.classes) == 3)
    assert desk.engine.settings.decide.classes[2].is_local_only
    form.lines[0].remove_button.click()
    desk.qtbot.waitUntil(lambda: len(desk.engine.settings.decide.classes) == 2)
    form.regime_lines[0].boxes["region_ok"].click()
    desk.qtbot.waitUntil(lambda: bool(desk.engine.settings.decide.regimes))
    assert desk.engine.settings.decide.regimes[0].needs == ["baa", "region_ok"]


# ---- history and memo ------------------------------------------------------------------------------------


def test_a_kept_verdict_is_dated_listed_opened_and_removed(desk: DecideDesk) -> None:
    desk.start()
    desk.page.ask_title()
    popup = desk.page.keep_popup
    popup.edit.setText("  My   case ")
    QTest.keyClick(popup.edit, Qt.Key.Key_Return)
    desk.qtbot.waitUntil(lambda: len(desk.scripted.kept) == 1)
    assert desk.asked()[-1].keep
    desk.qtbot.waitUntil(lambda: desk.body.verdict.dated.text() == "Verdict 1   14 Oct 2026")
    assert desk.page.title_widget.text == "My case"
    desk.page.toggle_panel("history")
    history = desk.page.history
    desk.qtbot.waitUntil(lambda: len(history.lines) == 1)
    assert "The first verdict" in history.lines[0].changes.text()
    history.lines[0].open_button.click()
    desk.wait_decided()
    history.lines[0].remove_button.click()
    assert desk.scripted.kept
    history.lines[0].remove_button.click()
    desk.qtbot.waitUntil(lambda: not desk.scripted.kept)
    desk.qtbot.waitUntil(lambda: not history.lines)


def test_a_stored_verdict_is_shown_as_it_was_and_checked_again_with_new_measurements(
    desk: DecideDesk,
) -> None:
    desk.scripted.kept = [KEPT]
    desk.page.store.open_stored("kept-3")
    desk.wait_decided()
    assert "changed from Self-host" in desk.body.verdict.dated.text()
    desk.page.refresh()
    desk.engine.emit(SettingsChanged())
    desk.qtbot.wait(60)
    assert desk.asked() == []
    desk.page.check_again()
    desk.qtbot.waitUntil(lambda: len(desk.asked()) == 1)
    asked = desk.asked()[0]
    assert asked.from_ledger
    assert asked.case.workload.tokens_month is None
    assert asked.case.team.ml_capacity is True


@pytest.mark.parametrize("form", ["pdf", "html", "json"])
def test_the_memo_is_written_where_the_user_says(desk: DecideDesk, tmp_path: Path, form: str) -> None:
    desk.start()
    desk.page.export(form)
    desk.qtbot.waitUntil(lambda: desk.page.memo.dialog is not None)
    path = tmp_path / f"memo.{form}"
    with desk.qtbot.waitSignal(desk.page.memo.written):
        desk.page.memo._on_file_selected(str(path))
    data = path.read_bytes()
    if form == "pdf":
        assert data.startswith(b"%PDF")
    elif form == "json":
        assert json.loads(data)["verdict"] == "hybrid"
    else:
        assert data.decode() == desk.scripted.memo
    assert desk.page.memo.bar.isVisible()
    assert desk.page.memo.dialog is not None
    desk.page.memo.dialog.close()


def test_the_memo_of_a_kept_verdict_is_asked_by_its_id(desk: DecideDesk) -> None:
    desk.scripted.kept = [KEPT]
    desk.page.store.open_stored("kept-3")
    desk.wait_decided()
    desk.page.export("html")
    desk.qtbot.waitUntil(lambda: desk.page.memo.dialog is not None)
    command = desk.engine.of_type(cc.WriteMemo)[0]
    assert (command.id, command.case) == ("kept-3", None)
    assert desk.page.memo.dialog is not None
    desk.page.memo.dialog.close()


def test_the_case_is_there_again_after_a_restart(desk: DecideDesk) -> None:
    desk.start()
    desk.page.store.set_value("constraints.privacy", "hard")
    desk.wait_decided()
    state = desk.window._state
    assert "hard" in str(state.value("decide/draft"))
    desk.page.store.clear()
    desk.page.take_state(state)
    desk.wait_decided()
    case = desk.page.store.case
    assert case is not None
    assert case.constraints.privacy == "hard"
    state.setValue("decide/draft", "{broken")
    desk.page.store.clear()
    desk.page.take_state(state)
    assert desk.page.store.case is None


# ---- room, keyboard, names -------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(1024, 700), (1440, 900)])
def test_nothing_scrolls_sideways(desk: DecideDesk, size: tuple[int, int]) -> None:
    desk.window.resize(*size)
    desk.start()
    for panel in ("", "answers", "history"):
        desk.page._open_panel(panel)
        desk.qtbot.wait(30)
        _check_fits(desk)


def _check_fits(desk: DecideDesk) -> None:
    area = desk.page._scroll
    assert area is not None
    body = desk.body
    assert body.width() <= area.viewport().width()
    for widget in body.findChildren(QWidget):
        if widget.isVisible() and widget.parentWidget() is not None:
            right = widget.mapTo(body, widget.rect().topRight()).x()
            assert right <= body.width() + 1, (widget, widget.accessibleName())


def test_panels_open_and_close_from_the_keyboard(desk: DecideDesk) -> None:
    desk.start()
    page = desk.page
    desk.window.activateWindow()
    desk.qtbot.waitUntil(desk.window.isActiveWindow)
    QTest.keyClick(desk.window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    assert page.panel == "answers"
    assert page.title_widget.answers_button.isChecked()
    QTest.keyClick(page.answers, Qt.Key.Key_Escape)
    assert page.panel == ""
    assert not page.title_widget.answers_button.isChecked()
    QTest.keyClick(desk.window, Qt.Key.Key_H, Qt.KeyboardModifier.ControlModifier)
    assert page.panel == "history"


def test_every_control_has_a_name_and_a_tooltip(desk: DecideDesk) -> None:
    desk.scripted.kept = [KEPT]
    desk.start()
    for tab in ("answers", "checklist", "classes", "rules"):
        desk.page.show_form(tab)
    desk.page.toggle_panel("history")
    desk.page.refresh()
    desk.qtbot.waitUntil(lambda: bool(desk.page.history.lines))
    roots = [desk.page, desk.page.title_widget]
    kinds = (QAbstractButton, QLineEdit, QComboBox)
    controls = [one for root in roots for kind in kinds for one in root.findChildren(kind)]
    assert len(controls) > 60
    for one in controls:
        is_inner = isinstance(one.parentWidget(), QComboBox) or one.objectName().startswith("qt_")
        assert is_inner or one.accessibleName(), one
        assert is_inner or one.toolTip(), one.accessibleName()


def test_no_part_of_a_verdict_or_form_is_a_window_of_its_own(desk: DecideDesk, qapp: QApplication) -> None:
    stray = StrayWindows()
    qapp.installEventFilter(stray)
    try:
        desk.start()
        for tab in ("answers", "checklist", "classes", "rules"):
            desk.page.show_form(tab)
        desk.page.store.decide()
        desk.wait_decided()
    finally:
        qapp.removeEventFilter(stray)
    assert stray.names == []


def test_a_refused_answer_is_marked_in_its_field(desk: DecideDesk) -> None:
    desk.start()
    desk.page.show_form("answers")

    def refuse(_command: Any) -> Any:
        raise UsageError("workload.mix cannot be used", "0:0 has no tokens in it.")

    desk.engine.answers[cc.Decide] = refuse
    field = desk.type("workload.mix", "0:0")
    desk.qtbot.waitUntil(lambda: desk.page.store.error is not None)
    assert field.edit.property("invalid")
    assert not desk.type("workload.tokens_month", "2M").edit.property("invalid")
