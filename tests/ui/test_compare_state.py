"""Which event belongs where, what a second turn sends, and what a rerun is. No window."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from steelyard.core.base.errors import AppError
from steelyard.core.values.comparison import ColumnHistory, Comparison, ComparisonHistory, NotComparable
from steelyard.core.values.events import (
    ComparisonJudged,
    ComparisonStarted,
    RunFinished,
    RunStarted,
    RunWaited,
    TextArrived,
)
from steelyard.core.values.prompt import Message, Sampling
from steelyard.core.values.run import ErrorInfo, Run, TargetInfo
from steelyard.ui.pages.compare_remedies import remedied
from steelyard.ui.pages.compare_state import CompareState, Sent
from steelyard.ui.pages.compare_targets import TargetRef, bare_title

SENT = Sent("Why?", "Be brief.", Sampling(), "model-by-model", "2026-01-01T10:00:00.000Z")


def ref(name: str) -> TargetRef:
    return TargetRef(name, "api", name)


def run_of(column: int, name: str, **changes: Any) -> Run:
    base = Run(
        id=f"run-{name}",
        started_at="2026-01-01T10:00:00.000Z",
        target=TargetInfo(name=name, kind="api", model=f"{name}-echoed", endpoint_host="h"),
        column=column,
    )
    return msgspec.structs.replace(base, **changes)


def text_of(run: Run, text: str, *, request: str = "r1", is_reasoning: bool = False) -> TextArrived:
    return TextArrived(
        request=request,
        run_id=run.id,
        column=run.column,
        text=text,
        is_reasoning=is_reasoning,
        chunks=1,
        elapsed_ms=50.0,
        ttft_ms=40.0,
    )


@pytest.fixture
def state() -> CompareState:
    state = CompareState()
    for name in ("a", "b"):
        state.add(ref(name))
    return state


def answer(state: CompareState, request: str, texts: list[str], comparison_id: str = "c1") -> list[Run]:
    runs = []
    state.apply(ComparisonStarted(request=request, comparison_id=comparison_id, turn=0))
    for column, text in enumerate(texts):
        name = state.columns[column].ref.target
        run = run_of(column, name, id=f"{request}-{name}")
        state.apply(RunStarted(request=request, run=run))
        state.apply(text_of(run, text, request=request))
        done = msgspec.structs.replace(run, text=text, finish_reason="stop")
        state.apply(RunFinished(request=request, run=done))
        runs.append(done)
    return runs


def test_text_goes_to_its_column(state: CompareState) -> None:
    state.start("r1", SENT, "new")
    runs = [run_of(0, "a"), run_of(1, "b")]
    for run in runs:
        state.apply(RunStarted(request="r1", run=run))
    state.apply(text_of(runs[1], "for b"))
    state.apply(text_of(runs[0], "thinking", is_reasoning=True))
    state.apply(text_of(runs[0], "for a"))
    first, second = (column.turn for column in state.columns)
    assert (first.text, first.reasoning, second.text) == ("for a", "thinking", "for b")
    assert first.phase == "streaming"
    assert state.columns[0].ref.detail == "h · a-echoed"


def test_events_of_other_requests_and_runs_change_nothing(state: CompareState) -> None:
    state.start("r1", SENT, "new")
    state.apply(RunStarted(request="r1", run=run_of(0, "a")))
    assert state.apply(text_of(run_of(0, "a", id="another"), "stray")) == []
    assert state.apply(text_of(run_of(0, "a"), "stray", request="r0")) == []
    assert state.apply(text_of(run_of(7, "a"), "stray")) == []
    assert state.columns[0].turn.text == ""


def test_waiting_says_for_what(state: CompareState) -> None:
    state.start("r1", SENT, "new")
    state.apply(RunWaited(request="r1", column=1, target="b", reason="loading", progress=0.34))
    turn = state.columns[1].turn
    assert (turn.phase, turn.reason, turn.progress) == ("waiting", "loading", 0.34)
    assert state.is_streaming


def test_the_final_document_brings_what_the_stream_missed(state: CompareState) -> None:
    state.start("r1", SENT, "new")
    run = run_of(0, "a")
    state.apply(RunStarted(request="r1", run=run))
    state.apply(text_of(run, "Hello"))
    done = msgspec.structs.replace(run, text="Hello world", finish_reason="stop")
    (change,) = state.apply(RunFinished(request="r1", run=done))
    assert change.text == " world"
    assert state.columns[0].turn.text == "Hello world"
    assert state.columns[0].turn.phase == "done"


def test_a_failed_run_keeps_its_text_and_others_go_on(state: CompareState) -> None:
    state.start("r1", SENT, "new")
    run = run_of(0, "a")
    state.apply(RunStarted(request="r1", run=run))
    state.apply(text_of(run, "Half an"))
    error = ErrorInfo(title="Cut off", detail="", hint="", retryable=True)
    state.apply(
        RunFinished(
            request="r1",
            run=msgspec.structs.replace(run, text="Half an", error=error, finish_reason="error"),
        )
    )
    assert (state.columns[0].turn.phase, state.columns[0].turn.text) == ("failed", "Half an")
    assert state.columns[0].error == error
    assert state.is_streaming


def test_a_refused_request_fails_every_column_that_waits(state: CompareState) -> None:
    state.start("r1", SENT, "new")
    state.fail("r1", AppError("No such target", "b", "Choose another."))
    assert [column.turn.phase for column in state.columns] == ["failed", "failed"]
    assert state.columns[1].turn.error.title == "No such target"
    assert not state.is_streaming


def test_stopping_keeps_the_text_and_takes_the_late_document(state: CompareState) -> None:
    state.start("r1", SENT, "new")
    run = run_of(0, "a")
    state.apply(RunStarted(request="r1", run=run))
    state.apply(text_of(run, "Hel"))
    state.stop()
    assert [column.turn.phase for column in state.columns] == ["stopped", "stopped"]
    assert state.apply(text_of(run, "late")) == []
    late = msgspec.structs.replace(run, text="Hello", finish_reason="cancelled")
    (change,) = state.apply(RunFinished(request="r1", run=late))
    assert change.text == "lo"
    assert state.columns[0].turn.phase == "stopped"


def test_judgement_reaches_its_run(state: CompareState) -> None:
    state.start("r1", SENT, "new")
    runs = answer(state, "r1", ["x", "y"])
    entry = NotComparable(run_id=runs[1].id, metrics=["ttft_ms"], code="cold_start", detail="loaded")
    state.apply(ComparisonJudged(request="r1", comparison_id="c1", not_comparable=[entry]))
    assert state.columns[0].turn.excluded == []
    assert state.columns[1].turn.excluded_by("ttft_ms") == entry
    assert state.columns[1].turn.excluded_by("gen_tps") is None


def test_the_result_counts_where_events_were_missed(state: CompareState) -> None:
    state.start("r1", SENT, "new")
    runs = [run_of(at, name, text=name, finish_reason="stop") for at, name in enumerate("ab")]
    result = Comparison(id="c1", schedule="model-by-model", runs=runs, not_comparable=[], summary={})
    assert [change.text for change in state.finish("r1", result) if change.text] == ["a", "b"]
    assert not state.is_streaming


# ---- further turns -----------------------------------------------------------------------------------------


def test_a_second_turn_sends_what_went_before(state: CompareState) -> None:
    state.start("r1", SENT, "new")
    answer(state, "r1", ["one", "two"])
    assert state.can_continue
    assert state.comparison_id == "c1"
    assert state.histories() == [
        [Message(role="user", content="Why?"), Message(role="assistant", content="one")],
        [Message(role="user", content="Why?"), Message(role="assistant", content="two")],
    ]
    state.start("r2", Sent("And?", "", Sampling(), "model-by-model", SENT.sent_at), "further")
    answer(state, "r2", ["three", "four"])
    assert state.turn_count == 2
    assert [message.content for message in state.histories()[1]] == ["Why?", "two", "And?", "four"]
    assert state.comparison_id == "c1"


def test_turns_without_an_answer_are_left_out(state: CompareState) -> None:
    state.start("r1", SENT, "new")
    state.apply(ComparisonStarted(request="r1", comparison_id="c1", turn=0))
    run = run_of(0, "a")
    state.apply(RunStarted(request="r1", run=run))
    state.apply(RunFinished(request="r1", run=msgspec.structs.replace(run, text="yes", finish_reason="stop")))
    error = ErrorInfo(title="No", detail="", hint="", retryable=False)
    failed = run_of(1, "b", error=error, text="ha", finish_reason="error")
    state.apply(RunStarted(request="r1", run=run_of(1, "b")))
    state.apply(RunFinished(request="r1", run=failed))
    assert [len(history) for history in state.histories()] == [2, 0]


@pytest.mark.parametrize("change", ["add", "remove"])
def test_other_columns_make_a_new_comparison(state: CompareState, change: str) -> None:
    state.start("r1", SENT, "new")
    answer(state, "r1", ["one", "two"])
    if change == "add":
        state.add(ref("c"))
    else:
        state.remove(state.columns[0])
    assert not state.can_continue
    state.start("r2", SENT, "new")
    assert [len(column.turns) for column in state.columns] == [1] * len(state.columns)
    assert state.comparison_id is None


def test_a_rerun_of_a_follow_up_has_the_history_before_it(state: CompareState) -> None:
    state.start("r1", SENT, "new")
    answer(state, "r1", ["one", "two"])
    state.start("r2", Sent("And?", "", Sampling(), "model-by-model", SENT.sent_at), "further")
    answer(state, "r2", ["three", "four"])
    assert [message.content for message in state.histories(is_rerun=True)[0]] == ["Why?", "one"]
    state.start("r3", state.sent, "again")
    assert [turn.prompt for turn in state.columns[0].turns] == ["Why?", "And?"]
    assert state.columns[0].turns[0].text == "one"
    assert state.columns[0].turn.text == ""


def test_one_column_again_leaves_the_others(state: CompareState) -> None:
    state.start("r1", SENT, "new")
    answer(state, "r1", ["one", "two"])
    state.start_one("r2", state.columns[1])
    run = run_of(0, "b", id="again")
    state.apply(RunStarted(request="r2", run=run))
    state.apply(text_of(run, "new", request="r2"))
    assert (state.columns[0].turn.text, state.columns[1].turn.text) == ("one", "new")
    state.apply(ComparisonStarted(request="r2", comparison_id="c2", turn=0))
    assert state.comparison_id == "c1"


def test_there_is_room_for_four_and_none_twice(state: CompareState) -> None:
    assert state.add(ref("a")) is None
    assert state.add(ref("c")) is not None
    assert state.add(ref("d")) is not None
    assert state.add(ref("e")) is None
    assert state.targets == ["a", "b", "c", "d"]


# ---- history -----------------------------------------------------------------------------------------------


def stored() -> ComparisonHistory:
    params = {"max_tokens": 64, "temperature": 0.5, "top_p": "default", "seed": 7, "json_schema": None}
    runs = [
        run_of(0, "a", id=f"t{turn}", turn=turn, text=f"answer {turn}", finish_reason="stop", params=params)
        for turn in (0, 1)
    ]
    failed = run_of(1, "gone", id="g0", text="", finish_reason="interrupted")
    entry = NotComparable(run_id="t1", metrics=["ttft_ms"], code="cached_prefill", detail="cache")
    return ComparisonHistory(
        id="c9",
        started_at="2026-01-02T03:04:05.000Z",
        title="Why?",
        schedule="concurrent",
        system="Be brief.",
        prompts=["Why?", "And?"],
        columns=[ColumnHistory(target="a", runs=runs), ColumnHistory(target="gone", runs=[failed])],
        not_comparable=[entry],
    )


def test_a_stored_comparison_is_shown_and_can_go_on(state: CompareState) -> None:
    state.restore(stored(), [ref("a")])
    first, second = state.columns
    assert [turn.text for turn in first.turns] == ["answer 0", "answer 1"]
    assert first.turn.excluded[0].code == "cached_prefill"
    assert [turn.phase for turn in second.turns] == ["stopped", "stopped"]
    assert state.can_continue
    assert state.comparison_id == "c9"
    assert state.sent.prompt == "And?"
    assert state.sent.sampling == Sampling(max_tokens=64, temperature=0.5, seed=7)
    assert [message.content for message in state.histories()[0]] == ["Why?", "answer 0", "And?", "answer 1"]


# ---- remedies and names ------------------------------------------------------------------------------------


def entry_of(code: Any) -> NotComparable:
    return NotComparable(run_id="x", metrics=["ttft_ms"], code=code, detail="")


def test_remedies() -> None:
    concurrent = msgspec.structs.asdict(Sampling())
    sent = Sent("p", "s", Sampling(**concurrent), "concurrent", "t")
    assert remedied(entry_of("cold_start"), sent) is None
    assert remedied(entry_of("other_local_load"), sent).schedule == "model-by-model"
    assert remedied(entry_of("finish_length"), sent).sampling.max_tokens == 4096


@pytest.mark.parametrize(
    ("stem", "quant", "title"),
    [
        ("SmolLM2-135M-Instruct-Q4_1", "Q4_1", "SmolLM2-135M-Instruct"),
        ("model.q4_k_m", "Q4_K_M", "model"),
        ("Q4_0", "Q4_0", "Q4_0"),
        ("plain", None, "plain"),
    ],
)
def test_titles_without_the_quant(stem: str, quant: str | None, title: str) -> None:
    assert bare_title(stem, quant) == title
