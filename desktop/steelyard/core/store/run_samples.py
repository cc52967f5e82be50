"""Figures of the last runs, for medians and percentiles: a bounded look, however long the ledger is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard.core.store.database import Connection

_MOST_RUNS = 20_000
_MOST_SAMPLES = 1_000
_NEWEST = (
    "(SELECT * FROM runs WHERE finish_reason IS NOT NULL AND started_at >= ?1"
    f" ORDER BY started_at DESC LIMIT {_MOST_RUNS})"
)
_WORKLOAD = (
    "json_valid(document) AND finish_reason IN ('stop', 'length', 'tool_calls')"
    " AND coalesce(document ->> '$.route', '') NOT IN ('bench', 'tune')"
)
_FIGURES = (
    *("$.timing.prompt_tps", "$.timing.gen_tps", "$.timing.ttft_ms", "$.timing.e2e_ms"),
    *("$.energy.joules", "$.energy.prefill_joules", "$.energy.decode_joules", "$.energy.idle_w"),
)


@dataclass(frozen=True, slots=True)
class LocalSample:
    """What one local run measured; None: unknown."""

    prompt_tps: float | None
    gen_tps: float | None
    ttft_ms: float | None
    e2e_ms: float | None
    joules: float | None
    prefill_joules: float | None
    decode_joules: float | None
    idle_w: float | None
    energy_source: str
    is_cold: bool
    is_alone: bool
    """No other local model generated meanwhile."""


def local_samples(connection: Connection, since: str, target: str) -> list[LocalSample]:
    """The last runs of a local target (or of weights with that name) since a moment in UTC, newest first."""
    figures = ", ".join(f"CAST(document ->> '{path}' AS REAL)" for path in _FIGURES)
    rows = connection.execute(
        f"SELECT {figures}, document ->> '$.energy.source', document ->> '$.state.cold',"
        f" json_array_length(document, '$.state.beside') FROM {_NEWEST}"
        f" WHERE kind = 'local' AND (target = ?2 OR model = ?2) AND {_WORKLOAD} LIMIT {_MOST_SAMPLES}",
        (since, target),
    )
    return [
        LocalSample(*figures, energy_source=source or "none", is_cold=bool(cold), is_alone=not beside)
        for *figures, source, cold, beside in rows
    ]


def api_ttft_ms(connection: Connection, since: str) -> list[float]:
    """Times to the first token of the last answers of all APIs."""
    rows = connection.execute(
        f"SELECT CAST(document ->> '$.timing.ttft_ms' AS REAL) AS ttft_ms FROM {_NEWEST}"
        f" WHERE kind = 'api' AND {_WORKLOAD} AND ttft_ms IS NOT NULL LIMIT {_MOST_SAMPLES}",
        (since,),
    )
    return [float(ttft_ms) for (ttft_ms,) in rows]
