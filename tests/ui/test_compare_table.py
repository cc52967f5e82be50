"""Many prompts: the table of variables and the grid of answers, as a user meets them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from steelyard.core.base.errors import AppError
from steelyard.core.values import commands as cmd
from steelyard.core.values.comparison import (
    Answer,
    ColumnHistory,
    Comparison,
    ComparisonHistory,
    ComparisonPlan,
    NotComparable,
)
from steelyard.core.values.events import ComparisonStarted, RunFinished, RunStarted, TextArrived
from steelyard.core.values.prompt import Message, Sampling
from steelyard.core.values.run import ErrorInfo, Run, Structured, TargetInfo, Timing
from steelyard.ui.pages import compare_grid_model
from steelyard.ui.pages.compare_grid_model import LOOK_ROLE
from steelyard.ui.pages.compare_grid_state import GridState
from steelyard.ui.pages.compare_targets import unknown_ref
from steelyard.ui.pages.compare_turn import Sent
from ui.forms_desk import CONTROL, FormsDesk, open_forms_desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.compare_grid_figures import CellLook
    from steelyard.ui.pages.compare_grid_state import GridCell
    from steelyard.ui.theme.theme import Theme
    from ui.fake_engine import FakeEngine

PROMPT = "What is {city} known for? Answer in {lang}."
CITIES = [{"city": "Berlin", "lang": "de"}, {"city": "Paris", "lang": "fr"}, {"city": "Oslo", "lang": "no"}]


@pytest.fixture
def desk(
    qtbot: QtBot, theme: Theme, bridge: Bridge, actions: Actions, fake_engine: FakeEngine
) -> Iterator[FormsDesk]:
    with open_forms_desk(qtbot, theme, bridge, actions, fake_engine) as desk:
        yield desk


def look(desk: FormsDesk, case: int, column: int) -> CellLook:
    model = desk.forms.grid.model
    found: CellLook = model.index(model.row_of(case), column + 1).data(LOOK_ROLE)
    return found


def ask_all(desk: FormsDesk, cases: list[dict[str, str]] = CITIES) -> None:
    desk.write(PROMPT)
    desk.forms.table.set_cases(cases)
    desk.send()
    desk.qtbot.waitUntil(lambda: bool(desk.engine.of_type(cmd.StartComparison)))
    desk.wait_over()


def paste(desk: FormsDesk, text: str) -> None:
    QGuiApplication.clipboard().setText(text)
    desk.forms.table.start()
    desk.press(Qt.Key.Key_V, CONTROL)


# ---- the table ---------------------------------------------------------------------------------------------


def test_variables_open_a_table_that_can_be_typed(desk: FormsDesk) -> None:
    desk.write("Say hello to {name}.")
    assert desk.forms.table_chip.shown_text == "1 variable no rows"
    desk.press(Qt.Key.Key_T, CONTROL)
    assert desk.forms.table.is_open
    for name in ("Ada", "Grace"):
        desk.press(Qt.Key.Key_Return)
        desk.type(name)
        desk.press(Qt.Key.Key_Return)
    assert desk.forms.table.cases == [{"name": "Ada"}, {"name": "Grace"}]
    assert desk.forms.table_chip.shown_text == "1 variable 2 rows"
    desk.press(Qt.Key.Key_Escape)
    assert not desk.forms.table.is_open
    assert QApplication.focusWidget() is desk.page.composer.prompt


def test_a_prompt_without_variables_has_no_chip(desk: FormsDesk) -> None:
    desk.write('Return {"a": 1} for x in {1, 2}')
    assert not desk.forms.table_chip.isVisible()


def test_a_spreadsheet_is_pasted(desk: FormsDesk) -> None:
    desk.write(PROMPT)
    desk.forms.open_table()
    paste(desk, 'city\tlang\nBerlin\tde\n"New\nYork"\ten\n')
    assert desk.forms.table.cases == [{"city": "Berlin", "lang": "de"}, {"city": "New\nYork", "lang": "en"}]


def test_cells_without_a_header_are_pasted_where_the_cursor_is(desk: FormsDesk) -> None:
    desk.write(PROMPT)
    desk.forms.open_table()
    paste(desk, "Berlin\tde\nParis\tfr")
    desk.forms.table.view.setCurrentIndex(desk.forms.table.model.index(1, 1))
    paste(desk, "en\nes")
    assert [row["lang"] for row in desk.forms.table.cases] == ["de", "en", "es"]


def test_more_than_a_thousand_rows_are_not_taken(desk: FormsDesk) -> None:
    desk.write("Say {word}.")
    desk.forms.open_table()
    paste(desk, "\n".join(f"w{n}" for n in range(1005)))
    assert len(desk.forms.table.cases) == 1000
    assert desk.forms.table.problem.text.startswith("5 lines did not fit")
    paste(desk, "word\n" + "\n".join(f"w{n}" for n in range(1005)))
    assert "1,000" in desk.forms.table.problem.text


def test_a_csv_file_is_opened_and_another_file_is_refused(desk: FormsDesk, tmp_path: Path) -> None:
    table = tmp_path / "cases.csv"
    table.write_bytes("\ufeffcity;lang\nBerlin;de\n".encode())
    desk.write(PROMPT)
    desk.forms.open_table()
    desk.forms.table.reader.take(str(table))
    assert desk.forms.table.cases == [{"city": "Berlin", "lang": "de"}]
    table.write_bytes(b"\x89PNG\xff\xfe\x00")
    desk.forms.table.reader.take(str(table))
    assert "not text" in desk.forms.table.problem.text
    assert desk.forms.table.cases == [{"city": "Berlin", "lang": "de"}]


def test_a_missing_column_is_named_and_holds_the_prompt_back(desk: FormsDesk) -> None:
    desk.write(PROMPT)
    desk.forms.table.set_cases([{"city": "Berlin", "town": "x"}])
    desk.send()
    table = desk.forms.table
    assert table.is_open
    assert not desk.engine.of_type(cmd.StartComparison)
    assert "{lang}" in table.problem.text
    assert "{town}" in table.problem.text
    QTest.mouseClick(table.add_button, Qt.MouseButton.LeftButton)
    QTest.mouseClick(table.drop_button, Qt.MouseButton.LeftButton)
    assert table.cases == [{"city": "Berlin", "lang": ""}]
    assert not table.problem.isVisible()


def test_rows_are_removed_by_keys(desk: FormsDesk) -> None:
    desk.write(PROMPT)
    desk.forms.table.set_cases(CITIES)
    desk.forms.open_table()
    desk.forms.table.view.setCurrentIndex(desk.forms.table.model.index(1, 0))
    desk.press(Qt.Key.Key_Delete, CONTROL)
    assert [row["city"] for row in desk.forms.table.cases] == ["Berlin", "Oslo"]


def test_without_rows_the_prompt_goes_as_it_stands(desk: FormsDesk) -> None:
    desk.write(PROMPT)
    desk.send()
    desk.wait_over()
    assert (desk.asked.prompt, desk.asked.cases) == (PROMPT, [])


def test_one_row_is_an_ordinary_comparison(desk: FormsDesk) -> None:
    ask_all(desk, CITIES[:1])
    assert desk.asked.prompt == "What is Berlin known for? Answer in de."
    assert desk.asked.cases == []
    assert not desk.forms.is_grid_shown
    assert desk.page.state.turn_count == 1


# ---- the grid ----------------------------------------------------------------------------------------------


def test_rows_and_targets_make_a_grid(desk: FormsDesk) -> None:
    desk.engine.texts["tulip"] = "Tulips\n\nand more"
    ask_all(desk)
    assert (desk.asked.prompt, desk.asked.cases) == (PROMPT, CITIES)
    grid = desk.forms.grid
    assert desk.forms.is_grid_shown
    assert (grid.model.rowCount(), grid.model.columnCount()) == (3, 4)
    assert look(desk, 1, 1).text == "Tulips and more"
    assert look(desk, 1, 1).icon == "check"
    assert grid.bar.text == "9 answers"
    assert "city Paris" in grid.model.index(1, 0).data()
    assert not desk.page.strip.isVisible()
    assert desk.page.title_widget.text == PROMPT


def test_what_differs_what_failed_and_what_is_not_comparable_is_listed(desk: FormsDesk) -> None:
    texts = {"starter": '{"a": 1, "b": 2}', "tulip": '{"b": 2,  "a": 1}\n', "mini": ' {"a": 1, "b": 2}'}
    desk.engine.texts = texts

    def alter(run: Run) -> Run:
        valid = Structured(kind="json_schema", is_held=True, is_valid=True)
        run = msgspec.structs.replace(run, structured=valid)
        if (run.case, run.column) == (1, 2):
            return msgspec.structs.replace(run, text="other")
        if (run.case, run.column) == (2, 0):
            wrong = Structured(kind="json_schema", is_held=True, is_valid=False, detail="b: not a string")
            return msgspec.structs.replace(run, structured=wrong)
        return run

    def judge(runs: list[Run]) -> list[NotComparable]:
        found = [run for run in runs if (run.case, run.column) == (0, 1)]
        return [
            NotComparable(
                run_id=run.id, metrics=["ttft_ms"], code="cold_start", detail="It was cold", remedy=None
            )
            for run in found
        ]

    desk.engine.alter, desk.engine.judge = alter, judge
    ask_all(desk)
    bar, model = desk.forms.grid.bar, desk.forms.grid.model
    counts = [bar.filter_button(key).text() for key in ("all", "failed", "different", "excluded")]
    assert counts == ["All 3", "Failed 1", "Different 1", "Not comparable 1"]
    QTest.mouseClick(bar.filter_button("failed"), Qt.MouseButton.LeftButton)
    assert model.cases == [2]
    assert look(desk, 2, 0).verdict == "not valid"
    QTest.mouseClick(bar.filter_button("different"), Qt.MouseButton.LeftButton)
    assert model.cases == [1]
    QTest.mouseClick(bar.filter_button("excluded"), Qt.MouseButton.LeftButton)
    assert model.cases == [0]
    assert look(desk, 0, 1).mark == "Not comparable: It was cold"
    assert [figure.is_out for figure in look(desk, 0, 1).figures][:2] == [True, False]
    head = model.head(2)
    assert head is not None
    assert "1 not comparable" in head.notes


def test_medians_leave_out_what_is_not_comparable(desk: FormsDesk) -> None:
    ttft = {0: 1000.0, 1: 20.0, 2: 40.0}
    desk.engine.alter = lambda run: msgspec.structs.replace(
        run, timing=Timing(ttft_ms=ttft[run.case], e2e_ms=2000.0, attempts=1)
    )
    desk.engine.judge = lambda runs: [
        NotComparable(run_id=run.id, metrics=["ttft_ms"], code="cold_start", detail="cold", remedy=None)
        for run in runs
        if run.case == 0
    ]
    ask_all(desk)
    head = desk.forms.grid.model.head(1)
    assert head is not None
    assert (head.ttft, head.total) == ("30 ms", "2.00 s")


def test_a_case_is_opened_and_left_by_keys(desk: FormsDesk) -> None:
    desk.engine.texts["mini"] = "**Bold** words"
    ask_all(desk)
    grid = desk.forms.grid
    grid.focus_first()
    desk.press(Qt.Key.Key_Down)
    desk.press(Qt.Key.Key_Return)
    desk.qtbot.waitUntil(grid.detail.isVisible)
    widgets = grid.detail.columns.widgets
    assert grid.detail.case == 1
    desk.qtbot.waitUntil(lambda: widgets[2].view.toPlainText().strip() == "Bold words")
    assert {fact.label for fact in widgets[0].facts.facts} >= {"TTFT", "Total"}
    desk.qtbot.waitUntil(lambda: QApplication.focusWidget() is widgets[0].view)
    desk.press(Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert grid.detail.case == 2
    desk.qtbot.waitUntil(lambda: QApplication.focusWidget() is grid.detail.columns.widgets[0].view)
    desk.press(Qt.Key.Key_Escape)
    assert not grid.detail.isVisible()
    assert QApplication.focusWidget() is grid.view


def test_escape_closes_the_case_before_it_stops_the_table(desk: FormsDesk) -> None:
    desk.engine.chunks_per_s = 500
    desk.write(PROMPT)
    desk.forms.table.set_cases(CITIES)
    desk.send()
    desk.qtbot.waitUntil(lambda: desk.forms.is_running)
    desk.forms.grid.focus_first()
    desk.press(Qt.Key.Key_Return)
    desk.qtbot.waitUntil(desk.forms.grid.detail.isVisible)
    desk.forms.grid.detail.close_button.setFocus()
    desk.press(Qt.Key.Key_Escape)
    assert not desk.forms.grid.detail.isVisible()
    assert desk.forms.is_running
    desk.press(Qt.Key.Key_Escape)
    assert not desk.forms.is_running


def test_a_case_can_be_asked_alone(desk: FormsDesk) -> None:
    ask_all(desk)
    desk.forms.grid.open_case(2)
    QTest.mouseClick(desk.forms.grid.detail.alone_button, Qt.MouseButton.LeftButton)
    desk.qtbot.waitUntil(lambda: len(desk.engine.of_type(cmd.StartComparison)) == 2)
    desk.wait_over()
    assert desk.asked.prompt == "What is Oslo known for? Answer in no."
    assert not desk.forms.is_grid_shown
    desk.press(Qt.Key.Key_G, CONTROL)
    assert desk.forms.is_grid_shown


def test_a_failed_cell_says_why(desk: FormsDesk) -> None:
    desk.engine.failures["mini"] = ErrorInfo(title="No credit", detail="402", hint="Top up.", retryable=False)
    ask_all(desk)
    assert (look(desk, 0, 2).text, look(desk, 0, 2).tone) == ("No credit", "bad")
    model = desk.forms.grid.model
    assert "Top up." in model.index(0, 3).data(Qt.ItemDataRole.ToolTipRole)


def test_a_refused_table_leaves_no_cell_waiting(desk: FormsDesk) -> None:
    desk.engine.answers[cmd.StartComparison] = AppError("No such target", "mini", "Add it.")
    with desk.qtbot.waitSignal(desk.page._bridge.error_raised):
        desk.write(PROMPT)
        desk.forms.table.set_cases(CITIES)
        desk.send()
    assert {look(desk, case, 0).text for case in range(3)} == {"No such target"}
    assert not desk.forms.is_running


def test_the_table_on_the_screen_is_edited_and_asked_again(desk: FormsDesk) -> None:
    ask_all(desk)
    desk.press(Qt.Key.Key_R, CONTROL)
    desk.qtbot.waitUntil(lambda: len(desk.engine.of_type(cmd.StartComparison)) == 2)
    desk.wait_over()
    assert desk.asked.cases == CITIES
    desk.press(Qt.Key.Key_E, CONTROL)
    assert desk.page.composer.prompt.text == PROMPT
    assert desk.forms.table_chip.shown_text == "2 variables 3 rows"


# ---- stopping, resuming, opening again ---------------------------------------------------------------------


def test_a_table_is_stopped_and_resumed(desk: FormsDesk) -> None:
    desk.engine.chunks_per_s = 2000
    desk.write(PROMPT)
    desk.forms.table.set_cases([{"city": f"C{n}", "lang": "en"} for n in range(40)])
    desk.send()
    grid = desk.forms.grid
    desk.qtbot.waitUntil(lambda: grid.runs.state is not None and grid.runs.state.done >= 2, timeout=10_000)
    assert desk.page.composer.send_button.accessibleName() == "Stop"
    desk.press(Qt.Key.Key_Escape)
    assert not desk.forms.is_running
    state = grid.runs.state
    assert state is not None
    assert grid.bar.text == f"Stopped: {state.missing_runs} of 120 answers are missing"
    kept_runs = [
        cell.turn.run.id for row in state.cells for cell in row if cell.turn.phase == "done" and cell.turn.run
    ]

    async def resume(command: cmd.ResumeComparison) -> Comparison:
        runs = []
        for case, row in enumerate(state.cells):
            for column, cell in enumerate(row):
                run = cell.turn.run
                if run is None or cell.turn.phase != "done":
                    run = made(case, column, "resumed", command.id)
                runs.append(run)
        await asyncio.sleep(0)
        return Comparison(id=command.id, schedule="model-by-model", runs=runs, not_comparable=[], summary={})

    desk.engine.answers[cmd.ResumeComparison] = resume
    QTest.mouseClick(grid.bar.resume_button, Qt.MouseButton.LeftButton)
    desk.qtbot.waitUntil(lambda: bool(desk.engine.of_type(cmd.ResumeComparison)))
    desk.wait_over()
    assert grid.bar.text == "120 answers"
    assert look(desk, 39, 2).text == "resumed"
    now = {cell.turn.run.id for row in state.cells for cell in row if cell.turn.run}
    assert set(kept_runs) <= now


def made(case: int, column: int, text: str, comparison_id: str, **changes: Any) -> Run:
    names = ["starter", "tulip", "mini"]
    target = TargetInfo(name=names[column], kind="api" if column == 2 else "local", model="m")
    return Run(
        id=f"r{case}-{column}-{text}",
        started_at="2026-11-21T10:00:00Z",
        target=target,
        comparison_id=comparison_id,
        case=case,
        column=column,
        text=text,
        finish_reason="stop",
        timing=Timing(ttft_ms=50.0, e2e_ms=900.0, attempts=1),
        **changes,
    )


def stored(missing: int = 0) -> ComparisonHistory:
    question = Message(role="user", content="x")
    plan = ComparisonPlan(
        targets=["starter", "tulip", "mini"],
        prompt=PROMPT,
        system="Be brief.",
        sampling=Sampling(temperature=0.5, grammar='root ::= "a"'),
        cases=CITIES,
    )
    columns = [
        ColumnHistory(
            target=name,
            answers=[
                Answer(run=made(case, column, f"{name} {case}", "c1"), question=question)
                for case in range(3)
                if not (missing and case == 2)
            ],
        )
        for column, name in enumerate(plan.targets)
    ]
    return ComparisonHistory(
        id="c1",
        started_at="2026-11-21T10:00:00Z",
        title="Cities",
        schedule="concurrent",
        system="Be brief.",
        columns=columns,
        not_comparable=[
            NotComparable(
                run_id="r1-2-mini 1",
                metrics=["ttft_ms"],
                code="retried",
                detail="It was retried",
                remedy=None,
            )
        ],
        plan=plan,
        missing_runs=missing,
    )


def test_a_stored_table_is_opened_again(desk: FormsDesk) -> None:
    desk.engine.answers[cmd.ReadComparison] = stored()
    desk.page.open_comparison("c1")
    desk.qtbot.waitUntil(lambda: desk.forms.is_grid_shown)
    assert look(desk, 2, 1).text == "tulip 2"
    assert look(desk, 1, 2).mark == "Not comparable: It was retried"
    assert desk.page.title_widget.text == "Cities"
    assert desk.page.toolbar.schedule == "concurrent"
    assert desk.page.composer.sampling.grammar == 'root ::= "a"'
    assert desk.forms.table.cases == CITIES
    assert not desk.forms.grid.bar.resume_button.isVisible()


def test_what_a_stopped_answer_had_said_is_not_said_twice() -> None:
    sent = Sent(PROMPT, "", Sampling(), "model-by-model", "2026-11-21T10:00:00Z")
    state = GridState(sent, [unknown_ref("starter")], CITIES)

    def said(run_id: str, text: str) -> None:
        run = msgspec.structs.replace(made(1, 0, "", "c1"), id=run_id, finish_reason=None)
        state.apply(RunStarted(request=state.request, run=run))
        state.apply(
            TextArrived(
                request=state.request,
                run_id=run_id,
                column=0,
                text=text,
                is_reasoning=False,
                chunks=1,
                elapsed_ms=5.0,
                ttft_ms=5.0,
            )
        )

    state.begin("first")
    said("r1", "half an ans")
    state.stop()
    assert (state.cells[1][0].turn.text, state.missing_runs) == ("half an ans", 3)
    state.resume("second")
    said("r2", "a whole answer")
    assert state.cells[1][0].turn.text == "a whole answer"


def test_an_interrupted_table_offers_to_go_on(desk: FormsDesk) -> None:
    desk.engine.answers[cmd.ReadComparison] = stored(missing=3)
    desk.engine.answers[cmd.ResumeComparison] = AppError("Not now", "busy", "Wait.")
    desk.page.open_comparison("c1")
    desk.qtbot.waitUntil(lambda: desk.forms.is_grid_shown)
    assert look(desk, 2, 0).text == "Not asked"
    assert desk.forms.grid.bar.text == "Stopped: 3 of 9 answers are missing"
    with desk.qtbot.waitSignal(desk.page._bridge.error_raised):
        QTest.mouseClick(desk.forms.grid.bar.resume_button, Qt.MouseButton.LeftButton)
    assert look(desk, 0, 0).text == "starter 0"


def test_an_interrupted_run_is_replaced_by_the_one_made_again(desk: FormsDesk) -> None:
    desk.engine.answers[cmd.ReadComparison] = stored(missing=3)
    desk.page.open_comparison("c1")
    desk.qtbot.waitUntil(lambda: desk.forms.is_grid_shown)
    grid = desk.forms.grid

    async def resume(_command: cmd.ResumeComparison) -> Comparison:
        request = grid.runs.state.request if grid.runs.state is not None else ""
        run = made(2, 0, "again", "c1")
        desk.engine.emit(ComparisonStarted(request=request, comparison_id="c1", turn=0))
        desk.engine.emit(
            RunStarted(request=request, run=msgspec.structs.replace(run, text="", finish_reason=None))
        )
        desk.engine.emit(RunFinished(request=request, run=run))
        await asyncio.sleep(0.05)
        return Comparison(id="c1", schedule="concurrent", runs=[run], not_comparable=[], summary={})

    desk.engine.answers[cmd.ResumeComparison] = resume
    QTest.mouseClick(grid.bar.resume_button, Qt.MouseButton.LeftButton)
    desk.qtbot.waitUntil(lambda: look(desk, 2, 0).text == "again")
    desk.wait_over()


# ---- many --------------------------------------------------------------------------------------------------


def test_a_thousand_rows_paint_only_what_is_seen(desk: FormsDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    history = stored()
    plan = history.plan
    assert plan is not None
    cases = [{"city": f"C{n}", "lang": "en"} for n in range(1000)]
    question = Message(role="user", content="x")
    columns = [
        msgspec.structs.replace(
            column,
            answers=[Answer(run=made(case, at, "text", "c1"), question=question) for case in range(1000)],
        )
        for at, column in enumerate(history.columns)
    ]
    big = msgspec.structs.replace(
        history, plan=msgspec.structs.replace(plan, cases=cases), columns=columns, not_comparable=[]
    )
    desk.engine.answers[cmd.ReadComparison] = big
    desk.page.open_comparison("c1")
    desk.qtbot.waitUntil(lambda: desk.forms.is_grid_shown)
    assert desk.forms.grid.model.rowCount() == 1000
    looked: list[GridCell] = []
    original = compare_grid_model.look_of

    def counting(cell: GridCell, waits: str = "") -> CellLook:
        looked.append(cell)
        return original(cell, waits)

    monkeypatch.setattr(compare_grid_model, "look_of", counting)
    view = desk.forms.grid.view
    view.setFocus()
    desk.press(Qt.Key.Key_End, CONTROL)
    view.viewport().repaint()
    assert view.case == 999
    assert 0 < len({id(cell) for cell in looked}) < 100
