"""The Compare page as a user meets it: real keys and clicks, the real bridge, a scripted engine."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from steelyard.core.base.errors import AppError
from steelyard.core.base.redaction import MASK
from steelyard.core.values import commands as cmd
from steelyard.core.values.comparison import (
    Answer,
    ColumnHistory,
    ComparisonHistory,
    ComparisonRow,
    NotComparable,
)
from steelyard.core.values.events import LibraryChanged, ServerChanged, TargetsChanged
from steelyard.core.values.prompt import Message, Sampling
from steelyard.core.values.reports import CostPreview
from steelyard.core.values.run import ErrorInfo, Run, TargetInfo
from steelyard.core.values.servers import ServerRow
from steelyard.ui.widgets.response_links import LinkDialog
from ui.compare_desk import CONTROL, SECOND, SHIFT, Desk, desk, open_desk, three
from ui.fake_engine import STARTER

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from steelyard.ui.theme.theme import Theme
    from ui.fake_engine import FakeEngine

__all__ = ["desk", "open_desk", "three"]


# ---- the start ---------------------------------------------------------------------------------------------


def test_the_page_starts_with_the_starter_and_loads_it(desk: Desk) -> None:
    assert desk.page.state.targets == ["starter"]
    desk.qtbot.waitUntil(lambda: desk.engine.of_type(cmd.LoadWeights) != [])
    assert desk.engine.of_type(cmd.LoadWeights)[0].target == "starter"
    assert desk.widgets[0].header.title == "SmolLM2-135M-Instruct"
    assert "sha 65b8fcd9" in desk.widgets[0].header.detail


def test_loading_is_shown_in_the_column(desk: Desk) -> None:
    row = ServerRow(
        name="starter",
        weights=STARTER.path,
        pid=1,
        state="loading",
        ctx=None,
        slots=1,
        slots_busy=0,
        predicted_bytes=None,
        measured_bytes=None,
        vram_bytes=None,
        started_at=None,
        idle_s=None,
        progress=0.34,
    )
    desk.engine.emit(ServerChanged(server=row))
    column = desk.widgets[0]
    desk.qtbot.waitUntil(lambda: column.header.pill.state.text == "Loading 34 %")
    assert column.notice.text == "Loading 34 %"
    desk.engine.emit(ServerChanged(server=msgspec.structs.replace(row, state="ready", progress=None)))
    desk.qtbot.waitUntil(lambda: column.header.pill.state.text == "Warm")


def test_weights_that_cannot_be_loaded_are_red_and_retry_loads_again(
    open_desk: Any, fake_engine: FakeEngine, qtbot: QtBot
) -> None:
    fake_engine.answers[cmd.LoadWeights] = AppError("llama-server is missing", "not found", "Run set-up.")
    desk = open_desk()
    qtbot.waitUntil(desk.widgets[0].failure.isVisible)
    assert "llama-server is missing" in desk.widgets[0].failure.text
    fake_engine.answers[cmd.LoadWeights] = None
    QTest.mouseClick(desk.widgets[0].failure.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(fake_engine.of_type(cmd.LoadWeights)) == 2)
    assert not desk.widgets[0].failure.isVisible()


def test_the_targets_of_the_last_comparison_come_back(open_desk: Any, fake_engine: FakeEngine) -> None:
    fake_engine.weights = [STARTER, SECOND]
    fake_engine.add_api("mini")
    fake_engine.answers[cmd.ListComparisons] = [
        ComparisonRow(
            id="c",
            started_at="2026-01-01T00:00:00Z",
            title="t",
            targets=["mini", "gone", SECOND.name],
            turns=1,
        )
    ]
    assert open_desk().page.state.targets == ["mini", SECOND.name]


def test_nothing_to_ask(open_desk: Any, fake_engine: FakeEngine, qtbot: QtBot) -> None:
    fake_engine.weights = []
    desk = open_desk()
    assert desk.page.is_empty_shown
    assert not desk.page.composer.send_button.isEnabled()
    with qtbot.waitSignal(desk.page.settings_requested) as wanted:
        QTest.mouseClick(desk.page.empty_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(desk.page.picker.isVisible)
        desk.type("gguf")
        desk.press(Qt.Key.Key_Down)
        desk.press(Qt.Key.Key_Return)
    assert wanted.args == ["weights"]


# ---- adding targets ----------------------------------------------------------------------------------------


def test_only_what_can_be_loaded_is_offered_and_the_list_follows_the_library(
    open_desk: Any, fake_engine: FakeEngine, qtbot: QtBot
) -> None:
    replace = msgspec.structs.replace
    projector = replace(SECOND, name="projector", path="/w/p.gguf", kind="mmproj")
    cut = replace(SECOND, name="cut", path="/w/c.gguf", missing_parts=["c-00002-of-00002.gguf"])
    fake_engine.weights = [STARTER, projector, cut]
    desk = open_desk()
    assert [ref.target for ref in desk.page.lists.refs] == ["starter"]
    fake_engine.weights.append(SECOND)
    fake_engine.emit(LibraryChanged())
    qtbot.waitUntil(lambda: [ref.target for ref in desk.page.lists.refs] == ["starter", SECOND.name])


def test_weights_that_another_page_hands_over_become_a_column(desk: Desk, qtbot: QtBot) -> None:
    desk.engine.weights.append(msgspec.structs.replace(SECOND, name="fresh", path="/w/fresh.gguf"))
    desk.page.want_target("fresh")
    qtbot.waitUntil(lambda: desk.page.state.targets == ["starter", "fresh"])
    desk.page.want_target("fresh")
    qtbot.wait(50)
    assert desk.page.state.targets == ["starter", "fresh"]


def test_the_picker_lists_weights_and_apis(desk: Desk) -> None:
    desk.press(Qt.Key.Key_L, CONTROL)
    rows = desk.page.picker.shown_rows
    assert [row.title for row in rows] == [
        "SmolLM2-135M-Instruct",
        "Llama-3.1-8B",
        "mini",
        "Add an API target…",
        "Add a GGUF file…",
    ]
    assert (rows[0].is_enabled, rows[0].right) == (False, "already a column")
    assert (rows[1].chip, rows[1].right) == ("Q5_K_M", "98 MB")
    assert (rows[2].subtitle, rows[2].right) == ("api.openai.com · gpt-4o-mini", "key in the keyring")
    desk.press(Qt.Key.Key_Escape)
    assert not desk.page.picker.isVisible()
    assert desk.page.state.targets == ["starter"]


def test_an_at_sign_adds_a_target(desk: Desk) -> None:
    desk.type("mail a@b then @")
    desk.qtbot.waitUntil(desk.page.picker.isVisible)
    desk.type("mini")
    desk.press(Qt.Key.Key_Return)
    desk.qtbot.waitUntil(lambda: desk.page.state.targets == ["starter", "mini"])
    assert desk.page.composer.prompt.text == "mail a@b then "


def test_four_columns_at_most(three: Desk) -> None:
    three.engine.add_api("other")
    three.engine.add_api("fifth")
    three.engine.emit(TargetsChanged())
    three.qtbot.waitUntil(lambda: "fifth" in {row.title for row in three.page.lists.pick_rows([])})
    three.add("other")
    assert len(three.widgets) == 4
    assert not three.page.toolbar.add_button.isEnabled()
    three.press(Qt.Key.Key_L, CONTROL)
    assert not three.page.picker.isVisible()


def test_a_column_is_removed(three: Desk) -> None:
    three.widgets[1].header.remove_action.trigger()
    assert three.page.state.targets == ["starter", "mini"]
    assert [widget.column.ref.target for widget in three.widgets] == ["starter", "mini"]


# ---- asking ------------------------------------------------------------------------------------------------


def test_a_prompt_goes_to_three_columns(three: Desk) -> None:
    three.ask("Is this safe?")
    three.wait_answered()
    command = three.last_comparison()
    assert command.targets == ["starter", "Llama-3.1-8B-Q5_K_M", "mini"]
    assert (command.prompt, command.schedule, command.continues) == ("Is this safe?", "model-by-model", None)
    assert three.page.prompt_bar.text == "Is this safe?"
    assert three.page.composer.prompt.text == ""
    for column in range(3):
        three.qtbot.waitUntil(lambda column=column: "Lock risk: medium" in three.lines(column))
        run = three.page.state.columns[column].turn.run
        facts = three.facts(column)
        assert facts["Tokens in → out"] == f"187 → {run.usage.completion_tokens:,}"
        assert facts["Finish"] == "stop"
        assert facts["TTFT"] == f"{run.timing.ttft_ms:.{1 if run.timing.ttft_ms < 9.95 else 0}f} ms"
    assert three.facts(2)["Cost"] == "$0.00021" if "Cost" in three.facts(2) else True
    assert three.facts(2)["Cost, API price"] == "$0.00021"
    assert three.facts(0)["Cost"] == "— unknown"
    assert three.page.strip.isVisible()
    assert three.page.title_widget.text == "Is this safe?"


def test_figures_are_live_while_it_streams(desk: Desk) -> None:
    desk.engine.chunks_per_s = 60
    desk.ask("Go")
    desk.qtbot.waitUntil(lambda: desk.facts(0).get("Finish") == "streaming")
    desk.qtbot.waitUntil(lambda: desk.facts(0)["Generation"] != "—")
    assert desk.facts(0)["Cost"] == "—"
    assert desk.facts(0)["Elapsed"].endswith("s")
    assert desk.page.composer.send_button.accessibleName() == "Stop"
    desk.wait_answered()
    assert "Elapsed" not in desk.facts(0)


def test_escape_stops_all_and_keeps_the_text(three: Desk) -> None:
    three.engine.chunks_per_s = 20
    three.ask("Go on for long")
    three.qtbot.waitUntil(lambda: three.page.state.columns[2].turn.text != "")
    three.press(Qt.Key.Key_Escape)
    three.qtbot.waitUntil(lambda: three.facts(2)["Finish"] == "stopped")
    assert [three.facts(column)["Finish"] for column in range(3)] == ["stopped"] * 3
    assert three.lines(2)
    assert three.page.composer.send_button.accessibleName() == "Send to 3"
    assert not any(column.turn.is_open for column in three.page.state.columns)


def test_a_failing_target_is_red_and_the_others_finish(three: Desk) -> None:
    three.engine.failures["mini"] = ErrorInfo(
        title="The key was refused", detail="401 <b>no</b>", hint="Store another key.", retryable=False
    )
    three.ask("Go")
    three.wait_answered()
    failed = three.widgets[2]
    assert failed.failure.isVisible()
    assert failed.failure.text == "The key was refused 401 <b>no</b> Store another key."
    assert failed.header.pill.state.tone == "bad"
    assert [three.facts(column)["Finish"] for column in range(3)] == ["stop", "stop", "failed"]
    del three.engine.failures["mini"]
    QTest.mouseClick(failed.failure.button, Qt.MouseButton.LeftButton)
    three.qtbot.waitUntil(lambda: three.facts(2)["Finish"] == "stop")
    assert three.last_comparison().targets == ["mini"]
    assert not failed.failure.isVisible()


def test_a_refused_command_fails_every_column(desk: Desk) -> None:
    desk.engine.answers[cmd.StartComparison] = AppError("The ledger is full", "disk", "Free some space.")
    desk.ask("Go")
    desk.qtbot.waitUntil(desk.widgets[0].failure.isVisible)
    assert "The ledger is full" in desk.widgets[0].failure.text
    assert not desk.page.state.is_streaming


def test_reasoning_is_folded(desk: Desk) -> None:
    desk.engine.reasoning["starter"] = "I weigh both sides. "
    desk.engine.texts["starter"] = "Done."
    desk.ask("Go")
    desk.wait_answered()
    desk.qtbot.waitUntil(lambda: desk.lines(0)[-1] == "Done.")
    assert desk.lines(0) == ["▸ Reasoning · 4 words", "Done."]


def test_parameters_and_schedule_are_sent(three: Desk) -> None:
    chips = three.page.composer.chips
    for name, text in (("temperature", "0.2"), ("seed", "42"), ("max_tokens", "64")):
        chips[name].setFocus()
        three.press(Qt.Key.Key_Space)
        three.qtbot.waitUntil(chips[name].popup.isVisible)
        three.type(text)
        three.press(Qt.Key.Key_Return)
        assert not chips[name].popup.isVisible()
        three.activate()
    assert chips["temperature"].shown_text == "Temp 0.2"
    QTest.mouseClick(three.page.toolbar.schedule_button("concurrent"), Qt.MouseButton.LeftButton)
    QTest.mouseClick(three.page.composer.system_button, Qt.MouseButton.LeftButton)
    three.type("Be brief.")
    three.ask("Go")
    three.wait_answered()
    command = three.last_comparison()
    assert command.sampling == Sampling(max_tokens=64, temperature=0.2, seed=42)
    assert (command.schedule, command.system) == ("concurrent", "Be brief.")


def test_a_wrong_parameter_is_refused_in_its_editor(desk: Desk) -> None:
    chip = desk.page.composer.chips["temperature"]
    QTest.mouseClick(chip, Qt.MouseButton.LeftButton)
    desk.type("9")
    desk.press(Qt.Key.Key_Return)
    assert chip.popup.isVisible()
    assert chip.popup.error == "A number from 0 to 2"
    desk.press(Qt.Key.Key_Escape)
    assert chip.value is None


def test_the_estimate_stands_beside_send(three: Desk) -> None:
    three.engine.answers[cmd.PreviewCost] = CostPreview(
        api_usd_max="0.00018", api_targets=1, local_targets=2, unpriced=[]
    )
    three.type("How much?")
    three.qtbot.waitUntil(lambda: three.page.composer.estimate == "≤ $0.00018 API · local unpriced")
    asked = three.engine.of_type(cmd.PreviewCost)[-1]
    assert (asked.prompt_chars, asked.max_tokens) == (9, 1024)


# ---- turns and reruns --------------------------------------------------------------------------------------


def test_a_second_turn_goes_on_in_the_same_columns(three: Desk) -> None:
    three.engine.texts = {"starter": "one", "Llama-3.1-8B-Q5_K_M": "two", "mini": "three"}
    three.ask("First?")
    three.wait_answered()
    first = three.page.state.comparison_id
    three.ask("Second?")
    three.qtbot.waitUntil(lambda: three.page.state.turn_count == 2)
    three.wait_answered()
    command = three.last_comparison()
    assert command.continues == first
    assert command.columns == [0, 1, 2]
    assert [three.engine.runs[parent].text for parent in command.parents] == ["one", "two", "three"]
    three.qtbot.waitUntil(lambda: three.texts(1) == ["First?", "two", "Second?", "two"])
    assert three.page.prompt_bar.text == "Second?"


def test_a_rerun_stands_beside_the_answers_before_and_pinned_ones_stay(three: Desk) -> None:
    three.ask("First?")
    three.wait_answered()
    three.ask("Second?")
    three.qtbot.waitUntil(lambda: three.page.state.turn_count == 2)
    three.wait_answered()
    three.press(Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
    three.press(Qt.Key.Key_P, CONTROL)
    three.qtbot.waitUntil(lambda: len(three.engine.of_type(cmd.PinAnswer)) == 1)
    assert three.widgets[1].header.pin_button.isVisible()
    three.press(Qt.Key.Key_R, CONTROL)
    three.qtbot.waitUntil(lambda: len(three.engine.of_type(cmd.StartComparison)) == 3)
    three.wait_answered()
    command = three.last_comparison()
    assert (command.prompt, command.columns) == ("Second?", [0, 2])
    assert command.continues == three.page.state.comparison_id
    assert [three.engine.runs[parent].turn for parent in command.parents] == [0, 0]
    assert [len(column.answers) for column in three.page.state.columns] == [3, 2, 3]
    assert three.page.state.turn_count == 2


def test_a_new_comparison_keeps_the_targets(three: Desk) -> None:
    three.ask("First?")
    three.wait_answered()
    three.press(Qt.Key.Key_N, CONTROL)
    assert three.page.state.turn_count == 0
    assert len(three.widgets) == 3
    assert not three.page.prompt_bar.isVisible()
    assert three.page.title_widget.text == "New comparison"
    three.ask("Another?")
    three.wait_answered()
    assert three.last_comparison().continues is None
    assert three.last_comparison().parents == []


def test_another_column_starts_a_new_comparison(desk: Desk) -> None:
    desk.ask("First?")
    desk.wait_answered()
    desk.add("mini")
    desk.ask("Second?")
    desk.qtbot.waitUntil(lambda: len(desk.engine.of_type(cmd.StartComparison)) == 2)
    desk.wait_answered()
    assert desk.last_comparison().continues is None
    assert desk.page.state.turn_count == 1


def test_an_edited_question_is_asked_anew_beside_the_old_one(three: Desk) -> None:
    three.ask("First?")
    three.wait_answered()
    QTest.mouseClick(three.page.prompt_bar.edit_button, Qt.MouseButton.LeftButton)
    assert three.page.composer.prompt.text == "First?"
    assert "Editing the question" in three.page.edit_bar.text
    three.type(" Really?")
    three.press(Qt.Key.Key_Return, CONTROL)
    three.qtbot.waitUntil(lambda: len(three.engine.of_type(cmd.StartComparison)) == 2)
    three.wait_answered()
    command = three.last_comparison()
    assert (command.prompt, command.columns, command.parents) == ("First? Really?", [0, 1, 2], [None] * 3)
    assert not three.page.edit_bar.isVisible()
    assert three.page.prompt_bar.text == "First? Really?"
    three.qtbot.waitUntil(lambda: "2/2" in three.lines(0)[0])
    three.press(Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)
    three.press(Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    three.qtbot.waitUntil(lambda: three.lines(0)[0].startswith("First? "))
    assert "1/2" in three.lines(0)[0]
    assert three.page.state.columns[1].turn.prompt == "First? Really?", "only the focused column moved"


def test_editing_one_column_and_leaving_it(three: Desk) -> None:
    three.ask("First?")
    three.wait_answered()
    three.press(Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
    three.press(Qt.Key.Key_E, CONTROL)
    assert "Llama-3.1-8B" in three.page.edit_bar.text
    three.press(Qt.Key.Key_Escape)
    assert not three.page.edit_bar.isVisible()
    assert three.page.composer.prompt.text == ""
    three.press(Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
    three.press(Qt.Key.Key_E, CONTROL)
    three.type(" Why?")
    three.press(Qt.Key.Key_Return, CONTROL)
    three.qtbot.waitUntil(lambda: len(three.engine.of_type(cmd.StartComparison)) == 2)
    three.wait_answered()
    assert (three.last_comparison().columns, three.last_comparison().prompt) == ([1], "First? Why?")


def test_links_in_the_answer_regenerate_and_flip(three: Desk) -> None:
    three.ask("First?")
    three.wait_answered()
    three.press(Qt.Key.Key_3, Qt.KeyboardModifier.AltModifier)
    three.engine.texts["mini"] = "another one"
    three.press(Qt.Key.Key_R, CONTROL | SHIFT)
    three.qtbot.waitUntil(lambda: len(three.page.state.columns[2].answers) == 2)
    three.wait_answered()
    assert three.last_comparison().columns == [2]
    three.qtbot.waitUntil(lambda: "2/2" in three.lines(2)[-1])
    three.click_word(2, "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}")
    three.qtbot.waitUntil(lambda: "1/2" in three.lines(2)[-1])
    assert "Lock risk: medium" in three.lines(2)
    three.click_word(2, "Regenerate")
    three.qtbot.waitUntil(lambda: len(three.page.state.columns[2].answers) == 3)
    three.wait_answered()


# ---- comparability -----------------------------------------------------------------------------------------


def judge_cold(runs: list[Run]) -> list[NotComparable]:
    return [
        NotComparable(
            run_id=runs[0].id,
            metrics=["ttft_ms", "e2e_ms"],
            code="cold_start",
            detail="the model was loaded for this run (4.2 s); the others were warm",
            remedy="Rerun warm",
        )
    ]


def test_what_cannot_be_compared_has_a_banner_and_a_remedy(three: Desk) -> None:
    three.engine.judge = judge_cold
    three.ask("Go")
    three.wait_answered()
    column = three.widgets[0]
    three.qtbot.waitUntil(column.banner.isVisible)
    assert column.banner.text == ("TTFT, total: The model was loaded for this run (4.2 s)")
    first = three.page.strip.metrics[0]
    assert first.rows[0].text == "not comparable, cold start"
    tones = {fact.label: fact.tone for fact in column.facts.facts}
    assert (tones["TTFT"], tones["Total"], tones["Generation"]) == ("warn", "warn", "")
    three.engine.judge = lambda _runs: []
    QTest.mouseClick(column.banner.button, Qt.MouseButton.LeftButton)
    three.qtbot.waitUntil(lambda: not column.banner.isVisible())
    three.wait_answered()
    assert three.last_comparison().targets == ["starter"]
    assert three.last_comparison().warm_up == 1


def test_the_remedy_for_neighbours_is_another_schedule(three: Desk) -> None:
    three.engine.judge = lambda runs: [
        NotComparable(
            run_id=runs[0].id,
            metrics=["gen_tps"],
            code="other_local_load",
            detail="another local model",
            remedy="Rerun model by model",
        )
    ]
    QTest.mouseClick(three.page.toolbar.schedule_button("concurrent"), Qt.MouseButton.LeftButton)
    three.ask("Go")
    three.wait_answered()
    three.qtbot.waitUntil(three.widgets[0].banner.isVisible)
    three.engine.judge = lambda _runs: []
    QTest.mouseClick(three.widgets[0].banner.button, Qt.MouseButton.LeftButton)
    three.qtbot.waitUntil(lambda: three.last_comparison().schedule == "model-by-model")
    assert three.last_comparison().targets == three.page.state.targets


# ---- copying, keys -----------------------------------------------------------------------------------------


def test_the_focused_answer_is_copied_as_markdown(three: Desk) -> None:
    three.engine.texts["mini"] = "**three**"
    three.ask("Go")
    three.wait_answered()
    three.press(Qt.Key.Key_3, Qt.KeyboardModifier.AltModifier)
    assert three.widgets[2].view.hasFocus()
    three.press(Qt.Key.Key_C, CONTROL | SHIFT)
    assert QGuiApplication.clipboard().text() == "**three**"


def test_a_run_is_copied_as_json_without_secrets(desk: Desk) -> None:
    desk.engine.texts["starter"] = "the key is sk-abcdefgh12345678"
    desk.ask("Go")
    desk.wait_answered()
    desk.widgets[0].header.json_action.trigger()
    document = json.loads(QGuiApplication.clipboard().text())
    assert document["text"] == f"the key is {MASK}"
    assert document["target"]["name"] == "starter"


def test_every_control_has_a_name_and_a_tooltip(three: Desk) -> None:
    from PySide6.QtWidgets import QAbstractButton, QLineEdit, QPlainTextEdit

    three.ask("Go")
    three.wait_answered()
    nameless = [
        widget
        for kind in (QAbstractButton, QLineEdit, QPlainTextEdit)
        for widget in three.page.findChildren(kind)
        if widget.isVisible() and not (widget.accessibleName() and widget.toolTip())
    ]
    assert nameless == []


def test_another_theme_repaints_the_answers(three: Desk, theme: Theme) -> None:
    three.ask("Go")
    three.wait_answered()
    before = three.lines(0)
    theme.set_mode("light")
    three.qtbot.waitUntil(lambda: three.lines(0) == before)
    block = three.widgets[0].view.document().begin()
    assert block.textFormats()[0].format.foreground().color() == theme.color("text")


# ---- links -------------------------------------------------------------------------------------------------


def test_a_link_opens_a_dialog_that_blocks_nothing(desk: Desk) -> None:
    desk.engine.texts["starter"] = "[here](javascript:alert(1))"
    desk.ask("Go")
    desk.wait_answered()
    view = desk.widgets[0].view
    desk.qtbot.waitUntil(lambda: not view.document().find("here").isNull())
    inside = view.document().find("he")
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.cursorRect(inside).center())
    dialog = desk.page.findChild(LinkDialog)
    assert dialog is not None
    assert not dialog.is_openable
    assert "javascript:alert(1)" in dialog.text
    dialog.close()


# ---- history -----------------------------------------------------------------------------------------------


def stored_run(name: str, turn: int) -> Run:
    return Run(
        id=f"{name}{turn}",
        started_at="2026-01-01T00:00:00Z",
        target=TargetInfo(name=name, kind="api", model="m", endpoint_host="h"),
        turn=turn,
        parent_id=f"{name}{turn - 1}" if turn else None,
        text=f"{name} said {turn}",
        finish_reason="stop",
        params={"max_tokens": 64},
    )


def test_history_lists_finds_and_restores(open_desk: Any, fake_engine: FakeEngine, qtbot: QtBot) -> None:
    fake_engine.add_api("mini")
    rows = [
        ComparisonRow(id=id_, started_at="2026-01-01T00:00:00Z", title=title, targets=["mini"], turns=2)
        for id_, title in (("c1", "About balances"), ("c2", "About <b>locks</b>"))
    ]
    fake_engine.answers[cmd.ListComparisons] = lambda command: [
        row for row in rows if all(word in f"{row.title} {row.targets}" for word in command.query.split())
    ]
    fake_engine.answers[cmd.ReadComparison] = lambda command: ComparisonHistory(
        id=command.id,
        started_at="2026-01-01T00:00:00Z",
        title="About <b>locks</b>",
        schedule="concurrent",
        system="Be brief.",
        columns=[
            ColumnHistory(
                target="mini",
                answers=[
                    Answer(run=stored_run("mini", 0), question=Message(role="user", content="One?")),
                    Answer(run=stored_run("mini", 1), question=Message(role="user", content="Two?")),
                ],
            )
        ],
        not_comparable=[],
    )
    desk = open_desk()
    QTest.mouseClick(desk.page.title_widget.button, Qt.MouseButton.LeftButton)
    history = desk.page.reading.history
    qtbot.waitUntil(lambda: len(history.list.rows) == 2)
    desk.type("locks mini")
    qtbot.waitUntil(lambda: [row.id for row in history.list.rows] == ["c2"])
    desk.press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: desk.page.state.comparison_id == "c2")
    qtbot.waitUntil(lambda: desk.texts(0) == ["One?", "mini said 0", "Two?", "mini said 1"])
    assert desk.page.toolbar.schedule == "concurrent"
    assert desk.page.composer.sampling.max_tokens == 64
    assert desk.page.title_widget.text == "About <b>locks</b>"
    desk.activate()
    desk.ask("Three?")
    qtbot.waitUntil(lambda: fake_engine.of_type(cmd.StartComparison) != [])
    command = desk.last_comparison()
    assert (command.continues, command.system) == ("c2", "Be brief.")
    assert (command.columns, command.parents) == ([0], ["mini1"])
    desk.wait_answered()


def test_a_page_that_is_gone_is_not_called_back(
    open_desk: Any, fake_engine: FakeEngine, qtbot: QtBot
) -> None:
    async def slowly(_command: object) -> None:
        await asyncio.sleep(0.1)

    fake_engine.answers[cmd.LoadWeights] = slowly
    fake_engine.chunks_per_s = 100
    desk = open_desk()
    desk.ask("Go")
    desk.window.close()
    desk.page.deleteLater()
    qtbot.wait(300)
