"""Which event belongs where, what goes on from what, and what comes back from the ledger. No window."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from steelyard.core.base.errors import AppError
from steelyard.core.values.comparison import (
    Answer,
    ColumnHistory,
    Comparison,
    ComparisonHistory,
    NotComparable,
    Remedy,
)
from steelyard.core.values.events import (
    ComparisonJudged,
    ComparisonProgressed,
    ComparisonStarted,
    RunFinished,
    RunStarted,
    RunWaited,
    TextArrived,
)
from steelyard.core.values.prompt import Message, Sampling
from steelyard.core.values.run import ErrorInfo, Run, RunState, TargetInfo
from steelyard.ui.pages.compare_remedies import SHARED_SYSTEM, cure_of
from steelyard.ui.pages.compare_restore import restore
from steelyard.ui.pages.compare_state import Ask, CompareState
from steelyard.ui.pages.compare_targets import TargetRef, bare_title
from steelyard.ui.pages.compare_turn import Sent

SENT = Sent("Why?", "Be brief.", Sampling(), "model-by-model", "2026-01-01T10:00:00.000Z")
AND = Sent("And?", "", Sampling(), "model-by-model", "2026-01-01T10:01:00.000Z")


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


def answer(state: CompareState, request: str, texts: dict[int, str], *, repeat: int = 0) -> list[Run]:
    """Every column of the request answers; the request stays open."""
    runs = []
    state.apply(ComparisonStarted(request=request, comparison_id="c1", turn=0))
    for column, text in texts.items():
        name = state.columns[column].ref.target
        turn = state.columns[column].turn
        parent = turn.parent.run_id if turn is not None and turn.parent is not None else None
        run = run_of(column, name, id=f"{request}-{name}-{repeat}", parent_id=parent, repeat=repeat)
        state.apply(RunStarted(request=request, run=run))
        state.apply(text_of(run, text, request=request))
        done = msgspec.structs.replace(run, text=text, finish_reason="stop")
        state.apply(RunFinished(request=request, run=done))
        runs.append(done)
    return runs


def end(state: CompareState, request: str, runs: list[Run]) -> None:
    result = Comparison(id="c1", schedule="model-by-model", runs=runs, not_comparable=[], summary={})
    state.finish(request, result)


def ask(state: CompareState, request: str, sent: Sent, texts: dict[int, str]) -> list[Run]:
    """A question with its answers: a follow-up where that is possible."""
    state.begin(request, sent, state.follow_ups() if state.can_continue else None)
    runs = answer(state, request, texts)
    end(state, request, runs)
    return runs


def branch(state: CompareState, column: int) -> list[str]:
    return [part for turn in state.columns[column].turns for part in (turn.prompt, turn.text)]


def test_text_goes_to_its_column(state: CompareState) -> None:
    state.begin("r1", SENT)
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
    state.begin("r1", SENT)
    state.apply(RunStarted(request="r1", run=run_of(0, "a")))
    assert state.apply(text_of(run_of(0, "a", id="another"), "stray")) == []
    assert state.apply(text_of(run_of(0, "a"), "stray", request="r0")) == []
    assert state.apply(RunStarted(request="r1", run=run_of(7, "a", id="seventh"))) == []
    assert state.columns[0].turn.text == ""


def test_waiting_says_for_what(state: CompareState) -> None:
    state.begin("r1", SENT)
    state.apply(RunWaited(request="r1", column=1, target="b", reason="loading", progress=0.34))
    turn = state.columns[1].turn
    assert (turn.phase, turn.reason, turn.progress) == ("waiting", "loading", 0.34)
    assert state.is_streaming


def test_the_final_document_brings_what_the_stream_missed(state: CompareState) -> None:
    state.begin("r1", SENT)
    run = run_of(0, "a")
    state.apply(RunStarted(request="r1", run=run))
    state.apply(text_of(run, "Hello"))
    done = msgspec.structs.replace(run, text="Hello world", finish_reason="stop")
    (change,) = state.apply(RunFinished(request="r1", run=done))
    assert change.text == " world"
    assert state.columns[0].turn.text == "Hello world"
    assert state.columns[0].turn.phase == "done"


def test_a_failed_run_keeps_its_text_and_others_go_on(state: CompareState) -> None:
    state.begin("r1", SENT)
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
    state.begin("r1", SENT)
    state.fail("r1", AppError("No such target", "b", "Choose another."))
    assert [column.turn.phase for column in state.columns] == ["failed", "failed"]
    assert state.columns[1].turn.error.title == "No such target"
    assert not state.is_streaming


def test_stopping_keeps_the_text_and_takes_the_late_document(state: CompareState) -> None:
    state.begin("r1", SENT)
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
    state.begin("r1", SENT)
    runs = answer(state, "r1", {0: "x", 1: "y"})
    entry = NotComparable(run_id=runs[1].id, metrics=["ttft_ms"], code="cold_start", detail="loaded")
    ids = [run.id for run in runs]
    state.apply(ComparisonJudged(request="r1", comparison_id="c1", not_comparable=[entry], judged=ids))
    assert state.columns[0].turn.excluded == []
    assert state.columns[1].turn.excluded_by("ttft_ms") == entry
    assert state.columns[1].turn.excluded_by("gen_tps") is None
    state.apply(ComparisonJudged(request="r9", comparison_id="c1", not_comparable=[], judged=ids))
    assert state.columns[1].turn.excluded == [], "judged anew together with a later answer"


def test_the_result_counts_where_events_were_missed(state: CompareState) -> None:
    state.begin("r1", SENT)
    runs = [run_of(at, name, text=name, finish_reason="stop") for at, name in enumerate("ab")]
    result = Comparison(id="c1", schedule="model-by-model", runs=runs, not_comparable=[], summary={})
    assert [change.text for change in state.finish("r1", result) if change.text] == ["a", "b"]
    assert not state.is_streaming


# ---- further turns -----------------------------------------------------------------------------------------


def test_a_follow_up_goes_on_from_the_answers_that_are_shown(state: CompareState) -> None:
    first = ask(state, "r1", SENT, {0: "one", 1: "two"})
    assert state.can_continue
    assert [follow.parent.run_id for follow in state.follow_ups()] == [run.id for run in first]
    ask(state, "r2", AND, {0: "three", 1: "four"})
    assert branch(state, 1) == ["Why?", "two", "And?", "four"]
    assert (state.turn_count, state.comparison_id) == (2, "c1")


def test_a_failed_turn_is_left_behind(state: CompareState) -> None:
    ask(state, "r1", SENT, {0: "one", 1: "two"})
    state.begin("r2", AND, state.follow_ups())
    answer(state, "r2", {0: "three"})
    error = ErrorInfo(title="No", detail="", hint="", retryable=False)
    failed = run_of(1, "b", id="f", parent_id="r1-b-0", error=error, text="ha", finish_reason="error")
    state.apply(RunFinished(request="r2", run=failed))
    end(state, "r2", [])
    assert [follow.parent.text for follow in state.follow_ups()] == ["three", "two"]


def test_an_edited_question_stands_beside_the_old_one(state: CompareState) -> None:
    ask(state, "r1", SENT, {0: "one", 1: "two"})
    ask(state, "r2", AND, {0: "three", 1: "four"})
    column = state.columns[0]
    state.begin("r3", Sent("But?", "", Sampling(), "model-by-model", "t"), [Ask(column, column.turn.parent)])
    end(state, "r3", answer(state, "r3", {0: "five"}))
    assert branch(state, 0) == ["Why?", "one", "But?", "five"]
    assert branch(state, 1) == ["Why?", "two", "And?", "four"]
    assert column.question_place(column.turn) == (2, 2)
    assert column.flip(column.last_fork(), -1)
    assert branch(state, 0) == ["Why?", "one", "And?", "three"]
    assert not column.flip(column.last_fork(), -1)


def test_a_regenerated_answer_is_the_second_of_two_and_what_followed_stays_with_its_own(
    state: CompareState,
) -> None:
    ask(state, "r1", SENT, {0: "one", 1: "two"})
    ask(state, "r2", AND, {0: "three", 1: "four"})
    column = state.columns[0]
    state.begin("r3", SENT, [Ask(column, None)])
    end(state, "r3", answer(state, "r3", {0: "other"}))
    assert branch(state, 0) == ["Why?", "other"]
    assert column.place(column.turn) == (2, 2)
    column.flip(column.turn, -1)
    assert branch(state, 0) == ["Why?", "one", "And?", "three"]
    assert state.follow_ups()[0].parent.text == "three"


def test_repeated_runs_are_answers_to_one_question(state: CompareState) -> None:
    state.begin("r1", SENT)
    runs = [run for n in range(3) for run in answer(state, "r1", {0: f"a{n}", 1: f"b{n}"}, repeat=n)]
    end(state, "r1", runs)
    column = state.columns[1]
    assert column.place(column.turn) == (3, 3)
    column.flip(column.turn, -1)
    assert (column.turn.text, column.shows_single) == ("b1", True)


def test_who_leafs_through_repeated_runs_is_not_taken_away_from_them(state: CompareState) -> None:
    state.begin("r1", SENT)
    for n in range(2):
        answer(state, "r1", {0: f"a{n}", 1: f"b{n}"}, repeat=n)
    column = state.columns[0]
    column.flip(column.turn, -1)
    answer(state, "r1", {0: "a2", 1: "b2"}, repeat=2)
    assert (column.turn.text, len(column.answers)) == ("a0", 3)
    assert state.columns[1].turn.text == "b2"


def test_reruns_leave_pinned_answers(state: CompareState) -> None:
    ask(state, "r1", SENT, {0: "one", 1: "two"})
    state.columns[0].turn.is_pinned = True
    assert [again.column for again in state.reruns()] == [state.columns[1]]
    state.columns[1].turn.is_pinned = True
    assert not state.can_rerun


def test_a_column_that_is_added_makes_a_new_comparison(state: CompareState) -> None:
    ask(state, "r1", SENT, {0: "one", 1: "two"})
    state.add(ref("c"))
    assert not state.can_continue
    state.begin("r2", SENT)
    assert [len(column.turns) for column in state.columns] == [1] * 3
    assert state.comparison_id is None


def test_a_column_that_is_removed_leaves_the_others_in_their_places(state: CompareState) -> None:
    ask(state, "r1", SENT, {0: "one", 1: "two"})
    state.remove(state.columns[0])
    assert state.can_continue
    assert [follow.column.position for follow in state.follow_ups()] == [1]


def test_events_find_a_column_by_its_place_in_the_comparison(state: CompareState) -> None:
    ask(state, "r1", SENT, {0: "one", 1: "two"})
    state.begin("r2", SENT, [Ask(state.columns[1], None)])
    state.apply(RunWaited(request="r2", column=1, target="b", reason="loading"))
    assert state.columns[1].turn.reason == "loading"
    run = run_of(1, "b", id="again")
    state.apply(RunStarted(request="r2", run=run))
    state.apply(text_of(run, "new", request="r2"))
    assert (state.columns[0].turn.text, state.columns[1].turn.text) == ("one", "new")


def test_how_far_it_is(state: CompareState) -> None:
    state.begin("r1", SENT)
    told = ComparisonProgressed(
        request="r1", comparison_id="c1", done=1, total=6, eta_s=12.0, doing="b answers"
    )
    state.apply(told)
    assert state.progress == told
    state.stop()
    assert state.progress is None


def test_there_is_room_for_four_and_none_twice(state: CompareState) -> None:
    assert state.add(ref("a")) is None
    assert state.add(ref("c")) is not None
    assert state.add(ref("d")) is not None
    assert state.add(ref("e")) is None
    assert state.targets == ["a", "b", "c", "d"]


# ---- history -----------------------------------------------------------------------------------------------

PARAMS = {"max_tokens": 64, "temperature": 0.5, "top_p": "default", "seed": 7, "json_schema": None}


def kept(question: str, run: Run, *, is_pinned: bool = False) -> Answer:
    return Answer(run=run, question=Message(role="user", content=question), is_pinned=is_pinned)


def stored(*, pin_first: bool = False, **changes: Any) -> ComparisonHistory:
    def run(id_: str, parent: str | None, text: str) -> Run:
        turn = 0 if parent is None else 1
        return run_of(
            0, "a", id=id_, parent_id=parent, turn=turn, text=text, finish_reason="stop", params=PARAMS
        )

    failed = run_of(1, "gone", id="g0", text="", finish_reason="interrupted")
    history = ComparisonHistory(
        id="c9",
        started_at="2026-01-02T03:04:05.000Z",
        title="Why?",
        schedule="concurrent",
        system="Be brief.",
        columns=[
            ColumnHistory(
                target="a",
                answers=[
                    kept("Why?", run("w1", None, "one"), is_pinned=pin_first),
                    kept("Why?", run("w2", None, "two")),
                    kept("And?", run("n1", "w2", "three")),
                    kept("But?", run("n2", "w2", "four")),
                ],
            ),
            ColumnHistory(target="gone", answers=[kept("Why?", failed)]),
        ],
        not_comparable=[NotComparable(run_id="n2", metrics=["ttft_ms"], code="cached_prefill", detail="c")],
        missing_runs=1,
    )
    return msgspec.structs.replace(history, **changes)


def test_a_stored_comparison_comes_back_with_its_tree_and_the_last_branch(state: CompareState) -> None:
    restore(state, stored(), [ref("a")])
    column = state.columns[0]
    assert branch(state, 0) == ["Why?", "two", "But?", "four"]
    assert column.place(column.turns[0]) == (2, 2)
    assert column.question_place(column.turn) == (2, 2)
    assert column.turn.excluded[0].code == "cached_prefill"
    assert state.columns[1].turn.phase == "stopped"
    assert (state.can_continue, state.comparison_id, state.missing_runs) == (True, "c9", 1)
    assert state.sent.sampling == Sampling(max_tokens=64, temperature=0.5, seed=7)
    follow = state.follow_ups()[0]
    assert (follow.parent.run_id, follow.column.position) == ("n2", 0)


def test_a_pinned_answer_is_the_one_that_is_shown(state: CompareState) -> None:
    restore(state, stored(pin_first=True), [ref("a")])
    assert branch(state, 0) == ["Why?", "one"]
    assert state.columns[0].turn.is_pinned


def test_what_was_missing_grows_into_the_tree(state: CompareState) -> None:
    restore(state, stored(), [ref("a")])
    state.begin_rest("r5")
    run = run_of(1, "gone", id="g1")
    (change,) = state.apply(RunStarted(request="r5", run=run))
    assert change.is_new
    state.apply(RunFinished(request="r5", run=msgspec.structs.replace(run, text="x", finish_reason="stop")))
    assert branch(state, 1) == ["Why?", "x"]
    assert state.columns[1].place(state.columns[1].turn) == (2, 2)


# ---- remedies and names ------------------------------------------------------------------------------------


def cured(remedy: str | None, sent: Sent = SENT, run: Run | None = None) -> Any:
    entry = NotComparable(run_id="x", metrics=["ttft_ms"], code="cold_start", detail="", remedy=remedy)
    return cure_of(entry, sent, run)


def test_every_remedy_does_something() -> None:
    knows_context = run_of(0, "a", state=RunState(context_tokens=4096))
    assert cured(Remedy.WARM).sent.warm_up == 1
    assert cured(Remedy.WITHOUT_CACHE).sent.cache_prompt is False
    assert cured(Remedy.AGAIN).sent == SENT
    assert cured(Remedy.MORE_CONTEXT, run=knows_context).sent.context_tokens == 8192
    assert cured(Remedy.LESS_CONTEXT, run=knows_context).sent.context_tokens == 2048
    assert cured(Remedy.with_tokens(2048)).sent.sampling.max_tokens == 2048
    assert cured(Remedy.MORE_TOKENS).sent.sampling.max_tokens == 4096
    assert cured(Remedy.WITH_SYSTEM).sent.system == "Be brief."
    bare = Sent("p", "", Sampling(), "concurrent", "t")
    assert cured(Remedy.WITH_SYSTEM, bare).sent.system == SHARED_SYSTEM
    assert cured(Remedy.MODEL_BY_MODEL, bare).sent.schedule == "model-by-model"
    assert [cured(remedy).who for remedy in (Remedy.WARM, Remedy.MORE_TOKENS, Remedy.ONE_AFTER_ANOTHER)] == [
        "column",
        "all",
        "alone",
    ]


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
