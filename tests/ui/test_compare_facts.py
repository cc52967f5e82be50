"""Figures as a reader sees them: units, unknown with a reason, and nobody best who cannot be compared."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from steelyard.core.values.comparison import NotComparable, Spread, TargetSummary
from steelyard.core.values.prompt import Sampling
from steelyard.core.values.reports import CostPreview
from steelyard.core.values.run import (
    Cost,
    CostPart,
    Energy,
    EngineInfo,
    ErrorInfo,
    Memory,
    Phases,
    Run,
    RunState,
    TargetInfo,
    Timing,
    Usage,
    WeightsInfo,
)
from steelyard.core.values.servers import ServerRow
from steelyard.core.values.targets import TargetRow
from steelyard.core.values.weights import WeightsRow
from steelyard.ui.pages.compare_estimate_words import estimate_text
from steelyard.ui.pages.compare_facts import Figures, facts_of
from steelyard.ui.pages.compare_metrics import best_facts, metrics_of
from steelyard.ui.pages.compare_pills import notice_of, pill_of
from steelyard.ui.pages.compare_sampling import PARAMS
from steelyard.ui.pages.compare_targets import TargetRef, from_api, from_info, from_weights
from steelyard.ui.pages.compare_tree import Column
from steelyard.ui.pages.compare_turn import Sent, Turn
from steelyard.ui.widgets.facts_format import DASH, duration, energy, memory, rate, usd

GIB = 1 << 30
NOW = Figures(0.0)


def local_run(**changes: Any) -> Run:
    weights = WeightsInfo(
        repo=None, file="q.gguf", revision=None, sha256="65b8fcd9" * 8, quant="Q4_K_M", size_bytes=1
    )
    run = Run(
        id="l",
        started_at="2026-01-01T00:00:00.000Z",
        target=TargetInfo(
            name="q",
            kind="local",
            model="Qwen2.5-7B-Q4_K_M",
            weights=weights,
            engine=EngineInfo(name="llama-server", build="b9412", backend="CUDA"),
        ),
        text="x",
        finish_reason="stop",
        state=RunState(cold=False),
        usage=Usage(prompt_tokens=187, completion_tokens=338, source="server"),
        timing=Timing(ttft_ms=41.2, e2e_ms=2320.0, gen_tps=148.23),
        memory=Memory(vram_peak_bytes=int(5.8 * GIB)),
        energy=Energy(joules=711.0, source="nvml_counter"),
        cost=Cost(usd="0.00086", basis="local_full"),
    )
    return msgspec.structs.replace(run, **changes)


def api_run(**changes: Any) -> Run:
    run = Run(
        id="r",
        started_at="2026-01-01T00:00:00.000Z",
        target=TargetInfo(name="mini", kind="api", model="gpt-4o-mini-2024-07-18", endpoint_host="api.x"),
        text="x",
        finish_reason="stop",
        usage=Usage(prompt_tokens=176, completion_tokens=301, source="server"),
        timing=Timing(ttft_ms=412.0, e2e_ms=4000.0, gen_tps=83.6),
        cost=Cost(
            usd="0.00021",
            basis="api_price",
            price_id="openai/gpt-4o-mini",
            price_date="2026-01-01",
            parts=[CostPart(what="input", quantity=176, unit="token", usd="0.0000264")],
        ),
    )
    return msgspec.structs.replace(run, **changes)


def column_of(run: Run | None, **changes: Any) -> Column:
    turn = Turn(Sent("p", "", Sampling(), "model-by-model", "t"), phase="done", run=run)
    for name, value in changes.items():
        setattr(turn, name, value)
    known = TargetRef("?", "local", "Qwen2.5-7B") if run and run.target.kind == "local" else None
    ref = from_info(run.target, known) if run is not None else TargetRef("q", "local", "Qwen2.5-7B")
    return Column(ref, [turn])


def texts(column: Column) -> list[str]:
    return [fact.text for fact in facts_of(column, NOW)]


def test_facts_of_a_local_run() -> None:
    assert texts(column_of(local_run())) == [
        "41 ms",
        "148.2 tok/s",
        "187 → 338",
        "stop",
        "711 J",
        "$0.00086",
        "5.8 GiB",
        "2.32 s",
    ]
    labels = [fact.label for fact in facts_of(column_of(local_run()), NOW)]
    assert labels[5:7] == ["Cost, all-in", "VRAM peak"]


def test_facts_of_an_api_run_say_what_is_not_known() -> None:
    facts = {fact.short or fact.label: fact for fact in facts_of(column_of(api_run()), NOW)}
    assert facts["Energy"].text == "— not reported"
    assert facts["Memory"].value == DASH
    assert "provider" in facts["Memory"].tooltip
    assert "openai/gpt-4o-mini, 2026-01-01" in facts["Cost"].tooltip


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (local_run(cost=Cost()), "watts and a tariff"),
        (api_run(cost=Cost()), "No price"),
        (api_run(cost=Cost(), usage=Usage()), "no token counts"),
    ],
)
def test_unknown_cost_is_never_zero(run: Run, reason: str) -> None:
    cost = facts_of(column_of(run), NOW)[5]
    assert (cost.value, cost.unit) == (DASH, "unknown")
    assert reason in cost.tooltip
    row = metrics_of([column_of(run)])[2].rows[0]
    assert (row.text, row.value) == ("unknown", None)


def test_a_price_of_nothing_is_zero_and_not_unknown() -> None:
    assert texts(column_of(api_run(cost=Cost(usd="0", basis="api_price"))))[5] == "$0"


def test_live_facts() -> None:
    column = column_of(None, phase="streaming", chunks=11, elapsed_ms=1040.0, ttft_ms=40.0)
    assert texts(column) == ["40 ms", "10.0 tok/s", "— → 11", "streaming", "—", "—", "—", "1.04 s"]
    waiting = column_of(None, phase="waiting", started_s=10.0)
    assert [fact.text for fact in facts_of(waiting, Figures(12.5))][7] == "2.50 s"


def test_a_failed_run_has_dashes_with_a_reason() -> None:
    error = ErrorInfo(title="t", detail="", hint="", retryable=False)
    failed = api_run(error=error, finish_reason="error", timing=Timing(), usage=Usage(), cost=Cost(), text="")
    facts = facts_of(column_of(failed, phase="failed", error=error), NOW)
    assert [fact.value for fact in facts] == [DASH, DASH, DASH, "failed", DASH, DASH, DASH, DASH]
    assert all(fact.tooltip for fact in facts if fact.value == DASH)


# ---- the strip ---------------------------------------------------------------------------------------------


def test_the_best_are_named_with_the_ratio() -> None:
    columns = [column_of(local_run()), column_of(api_run())]
    first, generation, cost, joules = metrics_of(columns)
    assert (first.best, first.best_words) == (0, "Qwen2.5 fastest")
    assert generation.best == 0
    assert (cost.best, cost.best_words) == (1, "API cheapest, 4.1\N{MULTIPLICATION SIGN}")
    assert (joules.best, joules.rows[1].text) == (None, "provider does not report")
    assert best_facts([first, generation, cost, joules]) == {
        0: {"TTFT": "zap", "Generation": "zap"},
        1: {"Cost": "circle-dollar-sign"},
    }


def test_one_value_is_no_comparison() -> None:
    assert [metric.best for metric in metrics_of([column_of(local_run())])] == [None] * 4


def test_equal_values_have_no_winner() -> None:
    assert metrics_of([column_of(local_run()), column_of(local_run())])[0].best is None
    near = api_run(timing=Timing(ttft_ms=41.3))
    assert metrics_of([column_of(local_run()), column_of(near)])[0].best is None, "both read 41 ms"


@pytest.mark.parametrize(("highest", "best"), [(60.0, 0), (450.0, None)])
def test_medians_win_only_where_their_ranges_are_apart(highest: float, best: int | None) -> None:
    def summary(low: float, middle: float, high: float) -> TargetSummary:
        times, none = Spread(middle, low, high, 3), Spread(None, None, None, 0)
        return TargetSummary(3, times, none, none, none, none, none, none)

    columns = [
        column_of(local_run(), summary=summary(38.0, 41.0, highest)),
        column_of(api_run(), summary=summary(400.0, 412.0, 500.0)),
    ]
    first = metrics_of(columns)[0]
    assert [row.text for row in first.rows] == ["41 ms", "412 ms"]
    assert first.best == best


def test_what_cannot_be_compared_is_named_and_left_out() -> None:
    entry = NotComparable(run_id="l", metrics=["ttft_ms"], code="cold_start", detail="loaded for this run")
    cold = column_of(local_run(), excluded=[entry])
    first, generation, *_ = metrics_of([cold, column_of(api_run())])
    assert (first.rows[0].text, first.best) == ("not comparable, cold start", None)
    assert generation.best == 0
    assert facts_of(cold, NOW)[0].tone == "warn"


def test_values_that_still_stream_end_in_an_ellipsis_and_win_nothing() -> None:
    live = column_of(None, phase="streaming", chunks=50, elapsed_ms=540.0, ttft_ms=40.0)
    first, generation, cost, _ = metrics_of([live, column_of(api_run())])
    assert (first.rows[0].text, generation.rows[0].text, cost.rows[0].text) == ("40 ms …", "98.0 …", "…")
    assert (first.best, generation.best) == (None, None)


def test_half_an_answer_is_not_cheaper() -> None:
    stopped = column_of(local_run(finish_reason="cancelled", cost=Cost(usd="0.00001", basis="local_full")))
    stopped.turn.phase = "stopped"
    cost = metrics_of([stopped, column_of(api_run())])[2]
    assert cost.best is None
    assert "stopped" in cost.rows[0].text


# ---- states ------------------------------------------------------------------------------------------------


def server(state: Any, progress: float | None = None) -> ServerRow:
    return ServerRow(
        name="q",
        weights="/w/q.gguf",
        pid=1,
        state=state,
        ctx=None,
        slots=1,
        slots_busy=0,
        predicted_bytes=None,
        measured_bytes=None,
        vram_bytes=None,
        started_at=None,
        idle_s=None,
        progress=progress,
        error="out of memory" if state == "failed" else None,
    )


def test_pills_before_a_prompt() -> None:
    idle = Column(TargetRef("q", "local", "Q"))
    assert pill_of(idle, None).text == "Not loaded"
    assert pill_of(idle, server("loading", 0.34)).text == "Loading 34 %"
    assert notice_of(idle, server("loading", 0.34)) == ("Loading 34 %", 0.34)
    assert pill_of(idle, server("ready")).text == "Warm"
    assert pill_of(idle, server("failed")).tone == "bad"


def test_pills_of_runs() -> None:
    warm = Phases(connect=0.0, tls=0.0, send=1.0, wait_headers=1.0, first_token=1.0, stream=1.0)
    new = msgspec.structs.replace(warm, connect=20.0)
    assert pill_of(column_of(local_run()), None).text == "Warm"
    assert pill_of(column_of(local_run(state=RunState(cold=True))), None).text == "Cold start"
    assert pill_of(column_of(api_run(timing=Timing(phases_ms=warm))), None).text == "Warm connection"
    assert pill_of(column_of(api_run(timing=Timing(phases_ms=new))), None).text == "New connection"


def test_waiting_is_said_in_words() -> None:
    turn = "its turn: one local model generates at a time"
    waiting = column_of(None, phase="waiting", reason=turn)
    assert notice_of(waiting, None)[0] == f"Waiting for {turn}"
    assert pill_of(waiting, None).text == "Waiting"
    loading = column_of(None, phase="waiting", reason="loading")
    assert notice_of(loading, server("loading", 0.5)) == ("Loading 50 %", 0.5)
    assert notice_of(loading, server("ready")) == ("Waiting for the first token", None)


def test_who_answers() -> None:
    row = WeightsRow(
        name="starter",
        path="/w/SmolLM2-135M-Instruct-Q4_1.gguf",
        repo=None,
        revision=None,
        sha256="65b8fcd9" * 8,
        verified=True,
        verification="verified",
        size_bytes=98_000_000,
        quant="Q4_1",
        architecture=None,
        parameters=None,
        context_length=None,
        source="starter",
    )
    before = from_weights(row)
    assert (before.title, before.quant, before.hint) == ("SmolLM2-135M-Instruct", "Q4_1", "98 MB")
    assert before.serves("/w/SmolLM2-135M-Instruct-Q4_1.gguf")
    after = from_info(local_run().target, before)
    assert after.detail == "llama.cpp b9412 CUDA · sha 65b8fcd9"
    api = from_api(
        TargetRow(name="mini", url="https://api.x:8/v1", model="m", format="openai", key="env", key_env="K")
    )
    assert (api.detail, api.hint) == ("api.x · m", "key from $K")
    assert from_info(api_run().target, api).detail == "api.x · gpt-4o-mini-2024-07-18"


# ---- numbers -----------------------------------------------------------------------------------------------


def test_formats() -> None:
    assert [duration(ms).text for ms in (0.42, 41.2, 999.6, 4310.0, 125_000.0)] == [
        "0.4 ms",
        "41 ms",
        "1.00 s",
        "4.31 s",
        "2 min 05 s",
    ]
    assert [usd(text).text for text in ("0.00086", "0.0000125", "1.237", "1234.5", "0")] == [
        "$0.00086",
        "$0.000012",
        "$1.24",
        "$1,234.50",
        "$0",
    ]
    assert [memory(size).text for size in (5 * GIB, 318 << 20)] == ["5.0 GiB", "318 MiB"]
    assert [energy(joules).text for joules in (0.421, 15.04, 711.0, 15_000.0)] == [
        "0.42 J",
        "15.0 J",
        "711 J",
        "15.0 kJ",
    ]
    assert [f(None).text for f in (duration, rate, usd, memory, energy)] == [DASH] * 5


def preview(**changes: Any) -> CostPreview:
    values: dict[str, Any] = {"api_usd_max": "0.0002", "api_targets": 1, "local_targets": 2, "unpriced": []}
    return CostPreview(**(values | changes))


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (preview(), "≤ $0.00020 API · local unpriced"),
        (preview(local_targets=0), "≤ $0.00020 API"),
        (preview(api_usd_max=None, unpriced=["x"], local_targets=0), "API cost unknown"),
        (preview(api_targets=2, unpriced=["x"], local_targets=0), "≤ $0.00020 API · 1 API unpriced"),
        (preview(api_targets=0, api_usd_max=None), "local unpriced"),
    ],
)
def test_estimates(given: CostPreview, text: str) -> None:
    assert estimate_text(given) == text


# ---- parameters --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("temperature", "0.2", 0.2),
        ("temperature", "", None),
        ("max_tokens", "2,048", 2048),
        ("max_tokens", "", 1024),
        ("seed", "42", 42),
        ("top_p", "0.9", 0.9),
    ],
)
def test_parameters_are_read(name: str, text: str, value: object) -> None:
    param = next(param for param in PARAMS if param.name == name)
    assert param.parse(text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("temperature", "3"),
        ("temperature", "nan"),
        ("temperature", "warm"),
        ("max_tokens", "0"),
        ("max_tokens", "1.5"),
        ("seed", "-1"),
        ("top_p", "0"),
    ],
)
def test_wrong_parameters_are_refused(name: str, text: str) -> None:
    param = next(param for param in PARAMS if param.name == name)
    with pytest.raises(ValueError, match=r"\w"):
        param.parse(text)
