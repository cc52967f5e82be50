"""Stored comparisons as they come from the ledger, made up for tests of what is done with them."""

from __future__ import annotations

from typing import Any

import msgspec

from steelyard.core.values.comparison import (
    Answer,
    ColumnHistory,
    ComparisonHistory,
    ComparisonPlan,
    CostOutlook,
    NotComparable,
    Scaled,
    Spread,
    TargetSummary,
)
from steelyard.core.values.prompt import Message
from steelyard.core.values.run import (
    Cost,
    EngineInfo,
    ErrorInfo,
    Memory,
    Run,
    RunState,
    TargetInfo,
    Timing,
    Usage,
    WeightsInfo,
)

PROMPT = "Review this migration for lock risk on PostgreSQL 16."
TARGETS = ["qwen", "gpt-mini"]
LOCAL_ANSWER = """## Lock risk: medium

`ADD COLUMN` with a constant default is metadata-only since PostgreSQL 11. The plain `CREATE INDEX` is the
problem: it blocks every write on orders for the **whole build**.

```sql
SET lock_timeout = '1s';
ALTER TABLE orders
  ADD COLUMN region text
  NOT NULL DEFAULT 'eu';
CREATE INDEX CONCURRENTLY idx_orders_region
  ON orders (region);
```

- Run the index **outside** a transaction block.
- If it fails, drop the `INVALID` index and retry.
"""
API_ANSWER = """## Safe after two changes

1. `ADD COLUMN` needs only a brief `ACCESS EXCLUSIVE` lock on 16; set `lock_timeout` so that it cannot queue
   behind a long query.
2. Use `CREATE INDEX CONCURRENTLY` instead.

| Step | Lock | Blocks writes |
|---|---|---|
| ADD COLUMN | ACCESS EXCLUSIVE | briefly |
| CREATE INDEX | SHARE | **for the whole build** |

> Expect the index build to take longer, but writes continue.
"""


def answer(
    column: int = 0,
    *,
    id_: str = "",
    text: str | None = None,
    reasoning: str | None = None,
    question: str = PROMPT,
    turn: int = 0,
    case: int = 0,
    repeat: int = 0,
    parent: str | None = None,
    **changes: Any,
) -> Answer:
    """An answer of the local column 0 or of the API in column 1; `changes` are fields of the run."""
    run = _local() if column == 0 else _api()
    fields = {"id": id_ or f"run{column}{turn}{case}{repeat}", "turn": turn, "case": case, "repeat": repeat}
    fields |= {"column": column, "parent_id": parent, "comparison_id": "cmp1", "reasoning": reasoning}
    fields |= {} if text is None else {"text": text}
    run = msgspec.structs.replace(run, **{**fields, **changes})
    return Answer(run=run, question=Message(role="user", content=question))


def failed(column: int, detail: str) -> Answer:
    """A run that brought nothing."""
    error = ErrorInfo(title="The request failed", detail=detail, hint="Try again.", retryable=True)
    return answer(column, text="", finish_reason="error", error=error, timing=Timing(), usage=Usage())


def comparison(
    *answers: Answer,
    title: str = PROMPT,
    question: str | None = None,
    targets: list[str] | None = None,
    plan: dict[str, Any] | None = None,
    system: str = "You are careful. Answer briefly.",
) -> ComparisonHistory:
    """A comparison of a local model and an API; `plan` are fields of what was asked."""
    names = targets or TARGETS
    asked = {"prompt": PROMPT, "system": system, "sampling": {"max_tokens": 512, "seed": 7}, **(plan or {})}
    given = list(answers) or [answer(0), answer(1)]
    if question is not None:
        given = [
            msgspec.structs.replace(one, question=Message(role="user", content=question)) for one in given
        ]
    named = [msgspec.structs.replace(one, run=_renamed(one.run, names[one.run.column])) for one in given]
    return ComparisonHistory(
        id="cmp1",
        started_at="2026-11-21T14:24:00Z",
        title=title,
        schedule="model-by-model",
        system=system,
        columns=[
            ColumnHistory(target=name, answers=[one for one in named if one.run.column == at])
            for at, name in enumerate(names)
        ],
        not_comparable=[
            NotComparable(
                run_id=named[0].run.id,
                metrics=["ttft_ms", "e2e_ms"],
                code="cold_start",
                detail="the model was loaded for this run (4.2 s)",
                remedy="Rerun warm",
            )
        ],
        plan=msgspec.convert({"targets": names, **asked}, ComparisonPlan),
        summary={name: _summary(at) for at, name in enumerate(names)},
        tags=["migration"],
    )


def _renamed(run: Run, name: str) -> Run:
    return msgspec.structs.replace(run, target=msgspec.structs.replace(run.target, name=name))


def _local() -> Run:
    weights = WeightsInfo(
        repo="org/qwen-GGUF",
        file="qwen-q4_k_m.gguf",
        revision="0123abcd",
        sha256="a" * 64,
        quant="Q4_K_M",
        size_bytes=4_700_000_000,
    )
    return Run(
        id="r0",
        started_at="2026-11-21T14:24:01Z",
        target=TargetInfo(
            name="qwen",
            kind="local",
            model="qwen-q4_k_m",
            weights=weights,
            engine=EngineInfo(name="llama-server", build="b9000", backend="cuda"),
        ),
        class_="code",
        params={"max_tokens": 512, "temperature": "default", "top_p": "default", "seed": 7},
        text=LOCAL_ANSWER,
        finish_reason="stop",
        state=RunState(cold=True),
        usage=Usage(prompt_tokens=187, completion_tokens=338, source="server"),
        timing=Timing(load_ms=4240.0, ttft_ms=41.2, tpot_ms=6.7, gen_tps=148.2, e2e_ms=2321.0, attempts=1),
        memory=Memory(vram_peak_bytes=6_227_702_579),
        cost=Cost(usd="0.00086", basis="local_full", marginal_usd="0.00031", full_usd="0.00086"),
    )


def _api() -> Run:
    return Run(
        id="r1",
        started_at="2026-11-21T14:24:01Z",
        target=TargetInfo(
            name="gpt-mini", kind="api", model="gpt-mini-2024-07-18", endpoint_host="api.example.com"
        ),
        class_="code",
        params={"max_tokens": 512, "temperature": "default", "top_p": "default", "seed": 7},
        text=API_ANSWER,
        finish_reason="stop",
        state=RunState(cold=False),
        usage=Usage(prompt_tokens=176, completion_tokens=301, source="server"),
        timing=Timing(ttft_ms=412.0, tpot_ms=12.0, gen_tps=83.6, e2e_ms=4004.0, attempts=1),
        cost=Cost(usd="0.00021", basis="api_price", price_id="gpt-mini", price_date="2026-11-01"),
        raw={"system_fingerprint": "fp_1"},
    )


def _summary(at: int) -> TargetSummary:
    def one(value: float | str | None) -> Spread:
        return Spread(median=value, low=value, high=value, n=0 if value is None else 1)

    if at == 0:
        outlook = CostOutlook(
            basis="local_full",
            marginal=Scaled(usd="0.00086", per_1000_usd="0.86", month_usd="43"),
            full=Scaled(usd="0.0021", per_1000_usd="2.1", month_usd="105"),
            prompts_month=50_000,
            busy_share=0.045,
        )
        figures = [one(None), one(6.7), one(148.2), one(None), one("0.00086"), one(640.0), one(700.0)]
    else:
        outlook = CostOutlook(
            basis="api_price",
            price=Scaled(usd="0.00021", per_1000_usd="0.21", month_usd="10.5"),
            prompts_month=50_000,
        )
        figures = [one(412.0), one(12.0), one(83.6), one(4004.0), one("0.00021"), one(350.0), one(610.0)]
    names = ("ttft_ms", "tpot_ms", "gen_tps", "e2e_ms", "usd", "gen_cps", "answer_chars")
    return TargetSummary(n=1, outlook=outlook, **dict(zip(names, figures, strict=True)))
