"""What a replay repeats, and the reasons that it gives: each where it is true, none where it is not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from fakes.comparisons import PROMPT, answer, comparison
from steelyard.cli.show_compare import show_replay
from steelyard.core.base.errors import AppError
from steelyard.core.compare.concluding import conclude
from steelyard.core.compare.replay.reasons import Evidence, reasons_for
from steelyard.core.compare.replay.replaying import compare_replayed, pinned, plan_replay
from steelyard.core.values.compare_commands import ReplayComparison
from steelyard.core.values.comparison import Replay
from steelyard.core.values.profiles import LaunchProfile
from steelyard.core.values.run import ErrorInfo, RunState

COMMAND = "LLAMA_API_KEY=*** /opt/a/llama-server --model /w/a.gguf --alias a --host /run/1.sock --parallel 1"
REPLAY = ReplayComparison(id="cmp1", environment={"KEY": "x"})


def local(command: str = COMMAND, **changes: Any) -> Evidence:
    changes = {"state": RunState(cold=False), **changes}
    return Evidence(answer(0, **changes).run, command, ["top_k", "temperature"])


def weights(**changes: Any) -> Any:
    target = answer(0).run.target
    return msgspec.structs.replace(target, weights=msgspec.structs.replace(target.weights, **changes))


def engine(**changes: Any) -> Any:
    target = answer(0).run.target
    return msgspec.structs.replace(target, engine=msgspec.structs.replace(target.engine, **changes))


def reasons(then: Evidence, now: Evidence) -> list[str]:
    return reasons_for(then, now, is_identical=then.run.text == now.run.text)


def test_what_is_equal_has_no_reasons() -> None:
    moved = COMMAND.replace("/opt/a/", "/opt/b/").replace("/run/1.sock", "/run/2.sock")
    assert reasons(local(), local(moved)) == []


ERROR = ErrorInfo(title="It ended", detail="", hint="", retryable=True)
UNSEEDED = {"params": {"seed": "default", "temperature": 0.8}}
CASES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "other weights": ({}, {"target": weights(sha256="b" * 64)}, "sha256 aaaaaaaaaaaa then, bbbbbbbbbbbb now"),
    "other size": (
        {"target": weights(sha256=None, size_bytes=5)},
        {"target": weights(sha256=None, size_bytes=6)},
        "5 bytes then, 6 now",
    ),
    "changed": ({}, {"target": weights(sha256=None)}, "has changed since it was hashed"),
    "never hashed": ({"target": weights(sha256=None)}, {}, "had not been hashed then"),
    "build": ({}, {"target": engine(build="b9001")}, "b9000 then, b9001 now"),
    "backend": ({}, {"target": engine(backend="cpu")}, "cuda then, cpu now"),
    "flags": ({}, {"command": f"{COMMAND} --threads 4"}, "--threads unset then, 4 now"),
    "slots": (
        {"command": COMMAND.replace("parallel 1", "parallel 4")},
        {"command": COMMAND.replace("parallel 1", "parallel 4")},
        "4 slots then",
    ),
    "cache": ({"state": RunState(cached_prompt_tokens=7)}, {}, "7 prompt tokens came from the cache then"),
    "cache now": ({}, {"state": RunState(cached_prompt_tokens=7)}, "from the cache now"),
    "cache on": ({"params": {"seed": 1, "cache_prompt": True}}, {}, "the prompt cache was on then"),
    "split": (
        {"state": RunState(layers_on_gpu=20)},
        {"state": RunState(layers_on_gpu=24)},
        "20 layers on the GPU then, 24 now",
    ),
    "no seed": (UNSEEDED, UNSEEDED, "no seed was set and the temperature is 0.8"),
    "own temperature": (
        {"params": {"seed": "default", "temperature": "default"}},
        {},
        "the temperature is the target's own",
    ),
    "cut off": ({"finish_reason": "cancelled"}, {}, "the answer was cut off then"),
    "failed": ({"finish_reason": "error", "error": ERROR}, {}, "it failed then: It ended"),
    "failed now": ({}, {"finish_reason": "error", "error": ERROR}, "it failed now: It ended"),
}


@pytest.mark.parametrize(("then", "now", "words"), CASES.values(), ids=list(CASES))
def test_each_reason_stands_alone_where_it_is_true(
    then: dict[str, Any], now: dict[str, Any], words: str
) -> None:
    told = reasons(local(**then), local(**now))
    assert any(words in reason for reason in told), told
    kinds = {reason.split(" then")[0].split(" now")[0] for reason in told}
    assert len(kinds) <= 2, told
    assert not any("\n" in reason for reason in told)


def test_greedy_answers_need_no_seed() -> None:
    greedy = {"params": {"seed": "default", "temperature": 0}}
    assert reasons(local(**greedy), local(**greedy)) == []


def test_what_nothing_explains_is_said_with_its_place() -> None:
    (reason,) = reasons(local(text="abcdef"), local(text="abcxef"))
    assert reason.startswith("the text differs from character 4 on although weights, engine, seed")


def test_an_api_promises_nothing() -> None:
    then, now = Evidence(answer(1).run), Evidence(answer(1, raw={"system_fingerprint": "fp_2"}).run)
    assert reasons(then, then) == [
        "an API does not promise the same answer twice; fingerprint fp_1 then and now"
    ]
    assert reasons(then, now)[0].endswith("fingerprint fp_1 then, fp_2 now")


def test_a_replay_repeats_the_first_turn_as_it_was() -> None:
    profile = LaunchProfile(parallel=1, context_tokens=4096)
    history = comparison(plan={"repeat": 2, "schedule": "concurrent", "warm_up": 0})
    plan = plan_replay(history, REPLAY, {"run0000": profile})
    start = plan.start
    assert start.targets == ["qwen", "gpt-mini"]
    assert (start.prompt, start.system) == (PROMPT, "You are careful. Answer briefly.")
    assert (start.sampling.seed, start.sampling.max_tokens) == (7, 512)
    assert (start.repeat, start.schedule, start.warm_up) == (2, "concurrent", 0)
    assert start.cache_prompt is False
    assert start.profiles == {"qwen": profile}
    assert start.environment == {"KEY": "x"}
    assert start.continues is None


def test_settings_of_then_are_pinned() -> None:
    command = f"{COMMAND.replace('parallel 1', 'parallel 2')} --ctx-size 8192 --threads 3 --batch-size 512"
    profile = pinned(LaunchProfile(threads=5), command)
    assert (profile.parallel, profile.context_tokens, profile.threads) == (2, 4096, 5)
    assert profile.batch_tokens == 512
    assert pinned(LaunchProfile(), "'").context_tokens is None


def test_only_local_targets_if_asked() -> None:
    history = comparison(answer(0), answer(1), targets=["qwen", "gpt-mini"])
    plan = plan_replay(history, msgspec.structs.replace(REPLAY, local_only=True), {})
    assert plan.start.targets == ["qwen"]
    api_only = comparison(answer(1), targets=["none", "gpt-mini"])
    with pytest.raises(AppError, match="no answers of local models"):
        plan_replay(api_only, msgspec.structs.replace(REPLAY, local_only=True), {})


def test_branches_and_later_turns_are_no_part_of_it() -> None:
    history = comparison(
        answer(0, id_="a1", text="cut", finish_reason="interrupted"),
        answer(0, id_="a2", text="resumed"),
        answer(0, id_="a3", text="edited", question="another prompt"),
        answer(0, id_="a4", text="later", turn=1, parent="a2"),
    )
    plan = plan_replay(history, REPLAY, {})
    assert [run.id for run in plan.originals.values()] == ["a2"], "what was resumed counts"


def test_an_older_comparison_is_rebuilt_from_its_runs() -> None:
    history = msgspec.structs.replace(comparison(), plan=None)
    start = plan_replay(history, REPLAY, {}).start
    assert start.targets == ["qwen", "gpt-mini"]
    assert start.prompt == PROMPT
    assert (start.sampling.max_tokens, start.sampling.seed) == (512, 7)
    assert start.sampling.temperature is None


def test_answers_are_paired_by_column_row_and_repetition(capsys: pytest.CaptureFixture[str]) -> None:
    cases = [{"x": "1"}, {"x": "2"}]
    old = [answer(1, id_=f"o{at}", case=at, question=f"q {at + 1}", text=f"t{at}") for at in range(2)]
    history = comparison(*old, plan={"prompt": "q {x}", "cases": cases}, targets=["qwen", "gpt-mini"])
    plan = plan_replay(history, REPLAY, {})
    assert plan.columns == [1]
    new = [answer(1, id_=f"n{at}", case=at, text=text).run for at, text in enumerate(["t0", "other"])]
    new = [msgspec.structs.replace(run, column=0) for run in new]
    then = {run.id: Evidence(run) for run in plan.originals.values()}
    answers = compare_replayed(plan, new, then, {run.id: Evidence(run) for run in new})
    assert [(one.original_run_id, one.run_id, one.is_identical) for one in answers] == [
        ("o0", "n0", True),
        ("o1", "n1", False),
    ]
    assert answers[1].first_difference_char == 0
    missing = compare_replayed(plan, new[:1], then, {"n0": Evidence(new[0])})[1]
    assert (missing.run_id, missing.is_identical) == (None, False)
    show_replay(
        Replay(of="cmp1", comparison=conclude("c2", "concurrent", new), answers=answers, is_identical=False)
    )
    shown = capsys.readouterr().out
    assert "gpt-mini: not identical, from character 1 on" in shown
    assert "1 of 2 answers are byte-identical" in shown


def test_other_reasoning_is_not_the_same_answer() -> None:
    history = comparison(answer(0, reasoning="think"), targets=["qwen"])
    plan = plan_replay(history, REPLAY, {})
    then = {run.id: local(reasoning="think", id_=run.id) for run in plan.originals.values()}
    now = local(reasoning="thunk", id_="new")
    (one,) = compare_replayed(plan, [now.run], then, {"new": now})
    assert not one.is_identical
    assert one.reasons[0].startswith("the reasoning differs from character 3")
