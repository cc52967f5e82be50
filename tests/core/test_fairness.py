"""Each way in which a comparison can be unfair: right metrics, right reason, and nothing that is fair."""

from __future__ import annotations

from typing import Any

import pytest

from steelyard.core.compare.fairness.judging import judge, judge_all
from steelyard.core.values.comparison import NotComparable, Remedy
from steelyard.core.values.run import Run, RunState, TargetInfo, Timing, Usage

LOCAL, API = "local", "api"


def answer(column: int, kind: str = LOCAL, number: int = 0, **more: Any) -> Run:
    name = "abcdef"[column]
    values: dict[str, Any] = {
        "finish_reason": "stop",
        "params": {"max_tokens": 1024},
        "text": "word " * 40,
        "timing": Timing(ttft_ms=10.0, e2e_ms=110.0, attempts=1),
        "usage": Usage(prompt_tokens=20, completion_tokens=50, source="server"),
        **more,
    }
    target = TargetInfo(name=name, kind=kind, model="m")
    return Run(id=f"{name}{number}", started_at="x", target=target, column=column, **values)


def judged(*runs: Run, schedule: str = "model-by-model") -> dict[str, NotComparable]:
    """Entries by run; at most one for each here."""
    found = judge(list(runs), schedule)
    assert len({entry.run_id for entry in found}) == len(found), found
    return {entry.run_id: entry for entry in found}


def counted(prompt: int, completion: int = 50, **more: Any) -> Usage:
    return Usage(prompt_tokens=prompt, completion_tokens=completion, source="server", **more)


def asked(digest: str, size: int = 100, **more: Any) -> RunState:
    return RunState(prompt_digest=digest, prompt_bytes=size, prompt_chars=size, has_system=False, **more)


# ---- what was asked ----------------------------------------------------------------------------------------


def test_columns_that_go_on_from_their_own_answers_read_different_prompts() -> None:
    runs = [
        answer(0, turn=1, state=asked("x"), usage=counted(187)),
        answer(1, API, turn=1, state=asked("y"), usage=counted(1338)),
    ]
    found = judged(*runs)
    assert set(found) == {"a0", "b0"}
    for entry in found.values():
        assert (entry.code, entry.metrics) == ("different_context", ["ttft_ms", "e2e_ms", "usd"])
        assert "its own answers" in entry.detail
        assert "a 187" in entry.detail
        assert "b 1,338" in entry.detail


def test_equal_histories_are_fair_in_a_later_turn() -> None:
    assert judged(*(answer(at, turn=3, state=asked("same")) for at in range(3))) == {}
    assert judged(answer(0, turn=1), answer(1, turn=1)) == {}, "what was sent is not known"


def test_a_column_with_an_edited_prompt_is_left_out_alone() -> None:
    runs = [answer(0, state=asked("x")), answer(1, state=asked("x")), answer(2, state=asked("edited"))]
    assert set(judged(*runs)) == {"c0"}
    # Two prompts of one column are no comparison.
    assert judged(answer(0, state=asked("x")), answer(0, number=1, state=asked("y"))) == {}


def test_words_of_a_template_count_where_others_added_none() -> None:
    added = asked("p", template_added="You are a helpful assistant, made by somebody who likes to be named.")
    found = judged(answer(0, state=added), answer(1, state=asked("p", template_added="")), answer(2, API))
    (entry,) = found.values()
    assert (entry.run_id, entry.code, entry.metrics) == ("a0", "different_context", ["ttft_ms"])
    assert "“You are a helpful assistant" in entry.detail
    assert entry.remedy == Remedy.WITH_SYSTEM
    assert judged(answer(0, state=added), answer(1, state=added)) == {}, "all added the same"
    assert judged(answer(0, state=added), answer(1, API)) == {}, "an API's template is not known"
    assert judged(answer(0, state=added), answer(0, number=1, state=added)) == {}


def test_no_system_prompt_is_offered_where_there_is_one() -> None:
    state = RunState(template_added="Think first.", has_system=True)
    (entry,) = judged(answer(0, state=state), answer(1, state=RunState(template_added=""))).values()
    assert entry.remedy is None


def test_message_that_the_template_swallowed_is_a_truncated_prompt() -> None:
    (entry,) = judged(answer(0, state=RunState(template_left_out=["system"])), answer(1)).values()
    assert (entry.code, entry.metrics) == ("truncated_prompt", ["ttft_ms", "e2e_ms", "usd"])
    assert "system" in entry.detail


@pytest.mark.parametrize(
    ("tokens", "hint"), [(2048, "cut at 2,048"), (2040, "cut at 2,048"), (1300, "was probably cut")]
)
def test_api_that_read_half_of_the_prompt_is_found_by_its_count(tokens: int, hint: str) -> None:
    state = asked("p", size=20_000)
    runs = [answer(0, state=state, usage=counted(4500)), answer(1, API, state=state, usage=counted(tokens))]
    (entry,) = judged(*runs).values()
    assert (entry.run_id, entry.code) == ("b0", "truncated_prompt")
    assert f"{tokens:,} prompt tokens" in entry.detail
    assert "a 4,500" in entry.detail
    assert hint in entry.detail


def test_api_alone_is_found_by_what_no_vocabulary_can_do() -> None:
    state = asked("p", size=60_000)
    (entry,) = judged(answer(0, API, state=state, usage=counted(4096))).values()
    assert entry.code == "truncated_prompt"
    assert "60,000 bytes" in entry.detail


def test_other_vocabularies_and_short_prompts_are_no_truncation() -> None:
    ascii_state, short = asked("p", size=20_000), asked("p", size=1900)
    thai = RunState(prompt_digest="p", prompt_bytes=30_000, prompt_chars=10_000)
    for state, local, api in ((ascii_state, 5200, 4000), (short, 900, 160), (thai, 24_000, 3300)):
        runs = [answer(0, state=state, usage=counted(local)), answer(1, API, state=state, usage=counted(api))]
        assert judged(*runs) == {}
    # A vocabulary of bytes proves nothing against one of words.
    bytes_and_words = [
        answer(0, state=ascii_state, usage=counted(20_000)),
        answer(1, API, state=ascii_state, usage=counted(4500)),
    ]
    assert judged(*bytes_and_words) == {}
    estimated = Usage(prompt_tokens=10, completion_tokens=5, source="estimated")
    assert judged(answer(1, API, state=ascii_state, usage=estimated))["b0"].code == "api_side_unknown"


# ---- how long the answers may be ---------------------------------------------------------------------------


def test_answer_that_filled_its_context_is_not_one_that_was_cut_at_its_limit() -> None:
    full = answer(
        0, finish_reason="length", state=RunState(context_tokens=512), usage=counted(100, completion=412)
    )
    (entry,) = judged(full, answer(1)).values()
    assert (entry.code, entry.metrics) == ("different_context", ["e2e_ms", "usd"])
    assert "412 of 1,024" in entry.detail
    assert entry.remedy == Remedy.MORE_CONTEXT


def test_limits_of_answers() -> None:
    runs = [answer(0, params={"max_tokens": 64}), answer(1, API), answer(2, usage=counted(20, 1500))]
    found = judged(*runs)
    assert {key: entry.code for key, entry in found.items()} == dict.fromkeys(
        ("a0", "c0"), "different_max_tokens"
    )
    assert found["a0"].metrics == ["e2e_ms", "usd"]
    assert (found["a0"].remedy, found["c0"].remedy) == (
        "Rerun with 1,024 tokens",
        "Rerun with 1,536 tokens",
    )
    assert Remedy.tokens_in(found["c0"].remedy or "") == 1536
    assert Remedy.tokens_in(Remedy.MORE_TOKENS) is None
    assert "1,500" in found["c0"].detail
    assert judged(answer(0), answer(1, API, usage=counted(20, 1030))) == {}, "an end mark more"


def test_api_with_a_limit_of_its_own() -> None:
    cut = answer(0, API, finish_reason="length", usage=counted(20, 256))
    (entry,) = judged(cut, answer(1)).values()
    assert (entry.code, entry.remedy) == ("finish_length", None)
    assert "256 tokens, the API's own limit" in entry.detail
    usual = answer(0, API, finish_reason="length", usage=counted(20, 1024))
    (entry,) = judged(usual, answer(1)).values()
    assert (entry.code, entry.remedy) == ("finish_length", Remedy.MORE_TOKENS)


# ---- what a token is ---------------------------------------------------------------------------------------


def test_different_vocabularies_take_out_figures_per_token_and_nothing_else() -> None:
    runs = [
        answer(0, state=RunState(tokenizer="gpt2 1"), usage=counted(20, 187), text="x" * 1402),
        answer(1, state=RunState(tokenizer="llama 2"), usage=counted(20, 338), text="y" * 1300),
    ]
    found = judged(*runs)
    assert set(found) == {"a0", "b0"}
    for entry in found.values():
        assert (entry.code, entry.metrics) == ("tokenizer_differs", ["tpot_ms", "gen_tps"])
        assert "a 187 tokens for 1,402 characters" in entry.detail
        assert "b 338 tokens for 1,300 characters" in entry.detail
    same = [answer(at, state=RunState(tokenizer="gpt2 1")) for at in (0, 1)]
    assert judged(*same, answer(2, API)) == {}, "an API's vocabulary is not known"


def test_api_whose_answer_counts_otherwise_here_has_another_vocabulary() -> None:
    local = answer(0, state=RunState(tokenizer="gpt2 1"))

    def api(count: int, **usage: Any) -> Run:
        state = RunState(recount_tokens=count, recount_tokenizer="gpt2 1")
        return answer(1, API, state=state, usage=counted(20, 100, **usage))

    assert judged(local, api(98)) == {}
    found = judged(local, api(140))
    assert {entry.code for entry in found.values()} == {"tokenizer_differs"}
    assert "b 100 tokens (140 in the local vocabulary)" in found["b0"].detail
    # Hidden reasoning is none of what was counted here.
    codes = {entry.code for entry in judge([local, api(40, reasoning_tokens=60)], "model-by-model")}
    assert codes == {"hidden_reasoning"}


def test_hidden_reasoning_is_not_reasoning_that_is_shown() -> None:
    thought = counted(20, 100, reasoning_tokens=60)
    (entry,) = judged(answer(0), answer(1, API, usage=thought)).values()
    assert (entry.code, entry.metrics) == ("hidden_reasoning", ["ttft_ms", "tpot_ms", "gen_tps"])
    assert judged(answer(0), answer(1, API, usage=thought, reasoning="I think")) == {}


def test_api_without_counts() -> None:
    usage = Usage(prompt_tokens=20, completion_tokens=50, source="estimated")
    (entry,) = judged(answer(0), answer(1, API, usage=usage)).values()
    assert (entry.code, entry.metrics) == ("api_side_unknown", ["tpot_ms", "gen_tps", "usd"])


# ---- what else went on -------------------------------------------------------------------------------------


def test_api_on_this_machine_that_computes_disturbs_and_is_disturbed() -> None:
    local = answer(0, state=RunState(beside=["b"]))
    host = answer(1, API, state=RunState(host_cores=1.7, beside=["a"]))
    found = judged(local, host)
    assert {entry.code for entry in found.values()} == {"other_local_load"}
    assert {entry.remedy for entry in found.values()} == {Remedy.ONE_AFTER_ANOTHER}
    assert "b computed its answer on this very machine" in found["a0"].detail
    assert "1.7 cores" in found["b0"].detail
    passing_on = answer(1, API, state=RunState(host_cores=0.05, beside=["a"]))
    assert judged(answer(0), passing_on) == {}
    alone = answer(1, API, state=RunState(host_cores=1.7))
    assert judged(answer(0), alone) == {}, "they took turns"


def test_cached_prefill_has_a_remedy() -> None:
    (entry,) = judged(answer(0, state=RunState(cached_prompt_tokens=1200)), answer(1)).values()
    assert (entry.remedy, entry.metrics) == (Remedy.WITHOUT_CACHE, ["ttft_ms", "e2e_ms"])
    assert "1,200" in entry.detail


def test_turns_and_cases_are_judged_apart() -> None:
    runs = [
        answer(0, state=asked("x")),
        answer(1, state=asked("x")),
        answer(0, number=1, case=1, state=asked("y"), finish_reason="length"),
        answer(1, number=1, case=1, state=asked("y"), finish_reason="length"),
        answer(0, number=2, turn=1, params={"max_tokens": 60}),
    ]
    assert judge_all(runs, "model-by-model") == []


def test_failed_answers_are_neither_judged_nor_measured_against() -> None:
    gone = answer(1, finish_reason="interrupted", params={"max_tokens": 4096})
    assert judged(answer(0, finish_reason="length"), gone) == {}
