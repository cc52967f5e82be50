"""What the page says of fairness, repetitions, costs, tool calls, forms and interruptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from steelyard.core.values import commands as cmd
from steelyard.core.values.comparison import (
    Answer,
    ColumnHistory,
    ComparisonHistory,
    ComparisonRow,
    CostOutlook,
    NotComparable,
    Remedy,
    Scaled,
    Spread,
    TargetSummary,
)
from steelyard.core.values.events import ComparisonProgressed, ComparisonsChanged
from steelyard.core.values.prompt import Message
from steelyard.core.values.run import Run, Structured, TargetInfo
from ui.compare_desk import ALT, CONTROL, SECOND, SHIFT, Desk, desk, open_desk, three

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from ui.fake_engine import FakeEngine

__all__ = ["desk", "open_desk", "three"]

CHARS = {"starter": 702.4, SECOND.name: 612.0, "mini": 540.0}


def entry(run: Run, metrics: list[str], code: Any, detail: str, remedy: str | None = None) -> NotComparable:
    return NotComparable(run_id=run.id, metrics=metrics, code=code, detail=detail, remedy=remedy)


def spread(median: float | str | None, low: Any = None, high: Any = None, n: int = 1) -> Spread:
    return Spread(median=median, low=low if low is not None else median, high=high or median, n=n)


def summary(n: int = 1, chars: float | None = None, outlook: CostOutlook | None = None) -> TargetSummary:
    return TargetSummary(
        n=n,
        ttft_ms=spread(41.0, 38.0, 47.0, n),
        tpot_ms=spread(7.0, n=n),
        gen_tps=spread(148.2, 140.1, 151.9, n),
        e2e_ms=spread(2320.0, 2200.0, 2500.0, n),
        usd=spread(None, n=0),
        gen_cps=spread(chars, n=n),
        answer_chars=spread(1402.0, n=n),
        outlook=outlook,
    )


def asked_again(desk: Desk, times: int) -> cmd.StartComparison:
    desk.qtbot.waitUntil(lambda: len(desk.engine.of_type(cmd.StartComparison)) == times)
    desk.wait_answered()
    return desk.last_comparison()


# ---- fairness ----------------------------------------------------------------------------------------------


def test_every_reason_is_named_with_its_remedy(three: Desk) -> None:
    three.engine.judge = lambda runs: [
        entry(runs[0], ["ttft_ms", "e2e_ms"], "cold_start", "the model was loaded; others not", Remedy.WARM),
        entry(runs[0], ["e2e_ms", "usd"], "finish_length", "cut at 64 tokens", Remedy.MORE_TOKENS),
        entry(runs[0], ["ttft_ms", "tpot_ms", "gen_tps", "e2e_ms"], "throttled", "held back", Remedy.AGAIN),
    ]
    three.ask("Go")
    three.wait_answered()
    banner = three.widgets[0].banner
    three.qtbot.waitUntil(banner.isVisible)
    assert banner.text.split("\n") == [
        "TTFT, total: The model was loaded",
        "Total, cost: Cut at 64 tokens",
        "Speed: Held back",
    ]
    assert (banner.button.text(), banner.height()) == (Remedy.WARM, 32)
    three.press(Qt.Key.Key_1, ALT)
    three.press(Qt.Key.Key_N, ALT)
    reasons = banner.reasons
    three.qtbot.waitUntil(reasons.isVisible)
    assert [row.button.text() for row in reasons.rows] == [Remedy.WARM, Remedy.MORE_TOKENS, Remedy.AGAIN]
    three.engine.judge = lambda _runs: []
    three.press(Qt.Key.Key_Down)
    three.press(Qt.Key.Key_Return)
    command = asked_again(three, 2)
    assert (command.sampling.max_tokens, command.columns) == (4096, [0, 1, 2])
    assert not banner.isVisible()


def test_the_keyboard_takes_the_remedy_and_columns_that_disturb_each_other_go_one_by_one(three: Desk) -> None:
    three.engine.judge = lambda runs: [
        entry(run, ["gen_tps"], "other_local_load", "beside", Remedy.ONE_AFTER_ANOTHER) for run in runs
    ]
    three.ask("Go")
    three.wait_answered()
    three.engine.judge = lambda _runs: []
    three.press(Qt.Key.Key_R, ALT)
    asked_again(three, 4)
    commands = three.engine.of_type(cmd.StartComparison)[1:]
    assert [command.columns for command in commands] == [[0], [1], [2]]


def test_where_tokens_differ_characters_are_compared(three: Desk) -> None:
    three.engine.judge = lambda runs: (
        [
            entry(run, ["tpot_ms", "gen_tps"], "tokenizer_differs", "187 tokens here; 176 tokens there")
            for run in runs
        ]
        + [entry(runs[1], ["gen_tps"], "throttled", "held back")]
    )
    three.engine.summarise = lambda runs: {
        run.target.name: summary(chars=CHARS[run.target.name]) for run in runs
    }
    three.ask("Go")
    three.wait_answered()
    three.qtbot.waitUntil(lambda: three.page.strip.metrics[1].hint == "char/s")
    generation = three.page.strip.metrics[1]
    assert [row.text for row in generation.rows] == ["702", "not comparable, throttled", "540"]
    assert generation.best == 0
    assert three.facts(0)["Generation"] == "702 char/s"
    assert {fact.unit for widget in three.widgets for fact in [widget.facts.facts[1]]} == {"char/s"}
    fact = three.widgets[0].facts.facts[1]
    assert "187" in fact.tooltip
    held_back = three.widgets[1].facts.facts[1]
    assert (held_back.text, held_back.tone) == ("612 char/s", "warn")
    assert "176 tokens there" in three.widgets[0].banner.text


# ---- repetitions and progress ------------------------------------------------------------------------------


def test_repeated_runs_are_medians_and_each_can_be_seen(three: Desk) -> None:
    three.engine.summarise = lambda runs: {run.target.name: summary(n=3) for run in runs}
    three.press(Qt.Key.Key_T, ALT)
    chip = three.page.toolbar.repeat_chip
    three.qtbot.waitUntil(chip.popup.isVisible)
    three.type("3")
    three.press(Qt.Key.Key_Return)
    three.activate()
    three.ask("Go")
    three.wait_answered()
    assert three.last_comparison().repeat == 3
    facts = {fact.label: fact.text for fact in three.widgets[0].facts.facts}
    assert facts["TTFT"] == "41 ms 38\N{EN DASH}47"
    assert facts["Runs"] == "3 medians"
    first = three.page.strip.metrics[0]
    assert first.hint == "median of 3, lower is better"
    assert first.best is None, "the ranges overlap"
    three.qtbot.waitUntil(lambda: "3/3" in three.lines(0)[-1])
    three.press(Qt.Key.Key_1, ALT)
    three.press(Qt.Key.Key_Left, ALT)
    three.qtbot.waitUntil(lambda: "2/3" in three.lines(0)[-1])
    assert "Runs" not in three.facts(0), "the figures of this one run"
    three.click_word(0, "Show medians")
    three.qtbot.waitUntil(lambda: "Runs" in three.facts(0))


def test_how_far_it_is_stands_above_the_answers(desk: Desk) -> None:
    desk.engine.chunks_per_s = 20
    desk.ask("Go")
    desk.qtbot.waitUntil(lambda: desk.page.state.comparison_id is not None)
    request = next(iter(desk.page.state._requests))
    told = ComparisonProgressed(
        request=request, comparison_id="c", done=3, total=12, eta_s=40.4, doing="starter answers"
    )
    desk.engine.emit(told)
    bar = desk.page.prompt_bar
    desk.qtbot.waitUntil(lambda: bar.progress == "3 of 12 · about 40 s left · starter answers")
    desk.press(Qt.Key.Key_Escape)
    desk.qtbot.waitUntil(lambda: bar.progress == "")


# ---- costs -------------------------------------------------------------------------------------------------


def test_costs_now_for_a_thousand_and_in_a_month_and_the_volume_is_changed_in_place(three: Desk) -> None:
    local = CostOutlook(
        basis="local_full",
        marginal=Scaled(usd="0.00012", per_1000_usd="0.12", month_usd=None),
        full=Scaled(usd="0.00086", per_1000_usd="0.86", month_usd=None),
    )
    api = CostOutlook(basis="api_price", price=Scaled(usd="0.00021", per_1000_usd="0.21", month_usd=None))
    three.engine.summarise = lambda runs: {
        run.target.name: summary(outlook=api if run.target.kind == "api" else local) for run in runs
    }
    three.ask("Go")
    three.wait_answered()
    three.press(Qt.Key.Key_C, ALT)
    costs = three.widgets[0].costs
    if not costs.isVisible():
        three.press(Qt.Key.Key_C, ALT)
    lines = [line.cells for line in costs.costs.lines]
    assert lines == [
        ("All-in", "$0.00086", "$0.86", "—"),
        ("Energy only", "$0.00012", "$0.12", "—"),
    ]
    assert "expect in a month" in costs.costs.lines[0].why
    QTest.mouseClick(costs.volume_button, Qt.MouseButton.LeftButton)
    three.qtbot.waitUntil(three.page.volume.popup.isVisible)
    three.type("20,000")
    three.press(Qt.Key.Key_Return)
    three.qtbot.waitUntil(lambda: three.engine.settings.compare.prompts_per_month == 20_000)
    three.qtbot.waitUntil(lambda: costs.costs.lines[0].month == "$17.20")
    assert [widget.costs.costs.lines[0].month for widget in three.widgets] == ["$17.20", "$17.20", "$4.20"]
    assert costs.volume_button.text() == "20k a month"


def test_an_unknown_cost_says_why_and_leads_to_the_settings(desk: Desk, qtbot: QtBot) -> None:
    desk.ask("Go")
    desk.wait_answered()
    costs = desk.widgets[0].costs
    assert costs.costs.lines[0].now == "—"
    assert "watts and a tariff" in costs.costs.lines[0].why
    with qtbot.waitSignal(desk.page.settings_requested) as wanted:
        costs.settings_button.click()
    assert wanted.args == ["energy"]


# ---- tool calls, forms, what was not sent ------------------------------------------------------------------


def test_tool_calls_are_shown_as_they_came(desk: Desk) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "<b>look</b>", "arguments": '{"a":[1,2]}'}}
    odd = {"function": {"name": "odd", "arguments": "not json"}}
    desk.engine.texts["starter"] = ""
    desk.engine.alter = lambda run: msgspec.structs.replace(
        run, tool_calls=[call, odd, 7], finish_reason="tool_calls"
    )
    desk.ask("Go")
    desk.wait_answered()
    cards = desk.widgets[0].calls
    desk.qtbot.waitUntil(cards.isVisible)
    assert [(card.name, card.arguments) for card in cards.cards] == [
        ("<b>look</b>", '{\n  "a": [\n    1,\n    2\n  ]\n}'),
        ("odd", "not json"),
        ("Unreadable tool call", "7"),
    ]
    assert "not carried out" in cards.cards[0].accessibleName()
    assert desk.facts(0)["Finish"] == "tool calls"


def test_forms_and_what_was_not_sent(three: Desk) -> None:
    verdicts = [
        Structured(kind="json_schema", is_held=True, is_valid=True),
        Structured(kind="json_schema", is_held=False, is_valid=False, detail="$.risk: missing\nmore"),
        Structured(kind="grammar", is_held=False, is_valid=None, detail="no checker for grammars"),
    ]
    three.engine.alter = lambda run: msgspec.structs.replace(
        run, structured=verdicts[run.column], not_sent=["seed"] if run.column == 2 else []
    )
    three.ask("Go")
    three.wait_answered()
    said = [[state.text for state in widget.header.notes.states] for widget in three.widgets]
    assert said == [
        ["JSON schema: valid"],
        ["JSON schema: not valid, $.risk: missing"],
        ["Grammar: not checked", "Not sent: seed"],
    ]
    assert "no checker" in three.widgets[2].header.notes.states[0].tooltip


# ---- interruptions -----------------------------------------------------------------------------------------


def interrupted(**changes: Any) -> ComparisonRow:
    row = ComparisonRow(
        id="c1", started_at="2026-01-01T00:00:00Z", title="About locks", targets=["mini"], turns=1
    )
    return msgspec.structs.replace(row, **changes)


def stored(text: str) -> ComparisonHistory:
    run = Run(
        id="kept",
        started_at="2026-01-01T00:00:00Z",
        target=TargetInfo(name="mini", kind="api", model="m", endpoint_host="h"),
        text=text,
        finish_reason="stop" if text else "interrupted",
    )
    return ComparisonHistory(
        id="c1",
        started_at="2026-01-01T00:00:00Z",
        title="About locks",
        schedule="concurrent",
        system="",
        columns=[
            ColumnHistory(
                target="mini", answers=[Answer(run=run, question=Message(role="user", content="Why?"))]
            )
        ],
        not_comparable=[],
        missing_runs=0 if text else 1,
    )


def test_what_was_interrupted_is_offered_at_the_start_and_resumed(
    open_desk: Any, fake_engine: FakeEngine, qtbot: QtBot
) -> None:
    fake_engine.add_api("mini")
    fake_engine.answers[cmd.ListComparisons] = [interrupted(missing_runs=5)]
    fake_engine.answers[cmd.ReadComparison] = lambda _command: stored("")
    desk = open_desk()
    bar = desk.page.rest_bar
    qtbot.waitUntil(bar.isVisible)
    assert bar.text == "“About locks” was interrupted: 5 of its answers are missing"

    def resumed(command: cmd.ResumeComparison) -> Any:
        fake_engine.answers[cmd.ReadComparison] = lambda _command: stored("because")
        fake_engine.answers[cmd.ListComparisons] = [interrupted()]
        return fake_engine.comparison(command.id, [])

    fake_engine.answers[cmd.ResumeComparison] = resumed
    desk.press(Qt.Key.Key_Return, CONTROL | SHIFT)
    qtbot.waitUntil(lambda: [c.id for c in fake_engine.of_type(cmd.ResumeComparison)] == ["c1"])
    qtbot.waitUntil(lambda: "because" in desk.lines(0))
    qtbot.waitUntil(lambda: not bar.isVisible())


def test_an_offer_that_was_declined_does_not_come_again(
    open_desk: Any, fake_engine: FakeEngine, qtbot: QtBot
) -> None:
    fake_engine.answers[cmd.ListComparisons] = [interrupted(missing_runs=1)]
    desk = open_desk()
    bar = desk.page.rest_bar
    qtbot.waitUntil(bar.isVisible)
    QTest.mouseClick(bar.close_button, Qt.MouseButton.LeftButton)
    asked = len(fake_engine.of_type(cmd.ListComparisons))
    fake_engine.emit(ComparisonsChanged())
    qtbot.waitUntil(lambda: len(fake_engine.of_type(cmd.ListComparisons)) > asked)
    qtbot.wait(50)
    assert not bar.isVisible()


def test_a_whole_comparison_without_the_mouse(three: Desk) -> None:
    """Ask, go to a column, regenerate, leaf back, pin, edit, rerun, start anew: only keys."""
    three.ask("One?")
    three.wait_answered()
    three.press(Qt.Key.Key_3, ALT)
    three.press(Qt.Key.Key_R, CONTROL | SHIFT)
    asked_again(three, 2)
    three.press(Qt.Key.Key_3, ALT)
    three.press(Qt.Key.Key_Left, ALT)
    three.press(Qt.Key.Key_P, CONTROL)
    assert three.page.state.columns[2].turn.is_pinned
    three.press(Qt.Key.Key_P, ALT)
    three.press(Qt.Key.Key_S, ALT)
    three.press(Qt.Key.Key_R, CONTROL)
    command = asked_again(three, 3)
    assert (command.columns, command.schedule) == ([0, 1], "concurrent")
    three.press(Qt.Key.Key_E, CONTROL)
    three.type(" Two?")
    three.press(Qt.Key.Key_Return, CONTROL)
    assert asked_again(three, 4).prompt == "One? Two?"
    three.press(Qt.Key.Key_2, ALT)
    three.press(Qt.Key.Key_W, CONTROL | SHIFT)
    assert three.page.state.targets == ["starter", "mini"]
    three.ask("Three?")
    command = asked_again(three, 5)
    assert command.columns == [0, 2]
    three.press(Qt.Key.Key_N, CONTROL)
    assert three.page.state.turn_count == 0
