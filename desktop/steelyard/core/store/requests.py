"""The ledger's runs as lines of a table and as figures for charts, without decoding all of them."""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from steelyard.core.store.cost_sums import USD_SUMS, month_paid, pico_of
from steelyard.core.values.run import Run
from steelyard.core.values.telemetry import RequestPage, RequestRow

if TYPE_CHECKING:
    from steelyard.core.store.database import Connection, Database

_SLOW_FACTOR = 2.0
_ENOUGH_TO_BE_SLOW = 5
_MAX_FIGURES = 200_000
_SELECT = "SELECT id, document, finish_reason FROM runs"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunFigures:
    """What charts and alerts need of a run. `at`: when it ended, epoch seconds."""

    at: float
    is_failed: bool
    warm_ttft_ms: float | None
    itl_p50_ms: float | None
    itl_p95_ms: float | None
    joules: float | None
    tokens: int | None


class Requests:
    """Reads finished runs by time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, since: float, limit: int, only: Literal["all", "slow", "failed"], *, until: float
    ) -> RequestPage:
        """Runs that began in a time (epoch seconds), newest first.

        Slow is a first token that took over twice the median of the same target in that time.
        """
        bounds = (iso_of(since), iso_of(until))

        def work(connection: Connection) -> tuple[int, int, list[Any]]:
            total, failed = connection.execute(
                "SELECT count(*), sum(" + _FAILED + ") FROM run_figures" + _WITHIN, bounds
            ).fetchone()
            return total, failed or 0, _rows(connection, bounds, limit, only)

        total, failed, rows = await self._database.call(work)
        found = [_request_row(*row) for row in rows]
        return RequestPage(rows=[row for row in found if row is not None], total=total, failed=failed)

    async def figures(self, since: float, until: float) -> list[RunFigures]:
        """Runs that began in a time, in the order of their beginning; the newest 200,000."""
        bounds = (iso_of(since), iso_of(until))

        def work(connection: Connection) -> list[RunFigures]:
            rows = connection.execute(
                "SELECT started_at, "
                + _FAILED
                + ", is_cold, ttft_ms, e2e_ms, itl_p50_ms, itl_p95_ms, joules,"
                " completion_tokens FROM run_figures" + _WITHIN + " ORDER BY started_at DESC LIMIT ?",
                (*bounds, _MAX_FIGURES),
            ).fetchall()
            return [_figures(*row) for row in reversed(rows)]

        return await self._database.call(work)

    async def spent_pico(self, since: float) -> int:
        """What runs since then cost, in pico-dollars; unpriced ones count nothing."""

        def work(connection: Connection) -> int:
            row = connection.execute(
                f"SELECT {USD_SUMS} FROM runs WHERE started_at >= ?", (iso_of(since),)
            ).fetchone()
            return pico_of(*row) or 0

        return await self._database.call(work)

    async def paid_pico(self, month: str) -> int:
        """What APIs were paid in a local month (`2026-11`), in pico-dollars."""
        return await self._database.call(lambda connection: month_paid(connection, month))

    async def steps_told(self, month: str) -> set[float]:
        """Thresholds of spend that were told for a month (`2026-11`)."""

        def work(connection: Connection) -> set[float]:
            rows = connection.execute("SELECT step_usd FROM spend_told WHERE month = ?", (month,))
            return {float(step) for (step,) in rows}

        return await self._database.call(work)

    async def tell_step(self, month: str, step_usd: float) -> None:
        """Remember that a threshold was told."""

        def work(connection: Connection) -> None:
            connection.execute("INSERT OR IGNORE INTO spend_told VALUES (?, ?)", (month, step_usd))

        await self._database.call(work)


_WITHIN = " WHERE finish_reason IS NOT NULL AND started_at >= ? AND started_at <= ?"
_FAILED = "finish_reason IN ('error', 'interrupted')"


def iso_of(at: float) -> str:
    """Epoch seconds as the ledger writes time."""
    moment = datetime.fromtimestamp(max(0.0, at), UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch_of(iso: str) -> float:
    """The ledger's time as epoch seconds; 0 if it is none."""
    try:
        return datetime.fromisoformat(iso).timestamp()
    except ValueError:
        return 0.0


def marks_of(run: Run) -> list[str]:
    """In which state the run met its target, and what went on beside it."""
    state = run.state
    is_split = state.layers is not None and state.layers_on_gpu is not None
    marks = {
        "cold": bool(state.cold),
        "cached": bool(state.cached_prompt_tokens),
        "spilled": is_split and (state.layers_on_gpu or 0) < (state.layers or 0),
        "throttled": bool(state.throttled),
        "pressure": state.memory_pressure_share is not None,
        "beside": bool(state.beside),
        "retried": run.timing.attempts > 1,
    }
    return [mark for mark, holds in marks.items() if holds]


def _rows(connection: Connection, bounds: tuple[str, str], limit: int, only: str) -> list[Any]:
    if only == "slow":
        numbers = _slow(connection, bounds)[-limit:] if limit else []
        places = ",".join("?" * len(numbers))
        query = f"{_SELECT} WHERE rowid IN ({places}) ORDER BY started_at DESC, id DESC"
        return connection.execute(query, numbers).fetchall()
    narrowed = f" AND {_FAILED}" if only == "failed" else ""
    query = f"{_SELECT}{_WITHIN}{narrowed} ORDER BY started_at DESC, id DESC LIMIT ?"
    return connection.execute(query, (*bounds, limit)).fetchall()


def _slow(connection: Connection, bounds: tuple[str, str]) -> list[int]:
    """Row numbers of slow runs, oldest first."""
    rows = connection.execute(
        "SELECT number, target, ttft_ms FROM run_figures"
        + _WITHIN
        + " AND ttft_ms IS NOT NULL ORDER BY started_at",
        bounds,
    ).fetchall()
    by_target: defaultdict[str, list[float]] = defaultdict(list)
    for _, target, ttft_ms in rows:
        by_target[target].append(ttft_ms)
    usual = {
        target: median(values) for target, values in by_target.items() if len(values) >= _ENOUGH_TO_BE_SLOW
    }
    return [
        number
        for number, target, ttft_ms in rows
        if target in usual and ttft_ms > _SLOW_FACTOR * usual[target]
    ]


def _figures(
    started_at: str,
    is_failed: int | None,
    is_cold: int | None,
    ttft_ms: float | None,
    e2e_ms: float | None,
    itl_p50_ms: float | None,
    itl_p95_ms: float | None,
    joules: float | None,
    tokens: int | None,
) -> RunFigures:
    return RunFigures(
        at=epoch_of(started_at) + (e2e_ms or 0.0) / 1000,
        is_failed=bool(is_failed),
        warm_ttft_ms=None if is_cold else ttft_ms,
        itl_p50_ms=itl_p50_ms,
        itl_p95_ms=itl_p95_ms,
        joules=joules,
        tokens=tokens,
    )


def figures_of(run: Run, at: float) -> RunFigures:
    """The same of a run that ended just now."""
    return RunFigures(
        at=at,
        is_failed=run.error is not None,
        warm_ttft_ms=None if run.state.cold else run.timing.ttft_ms,
        itl_p50_ms=run.timing.itl_p50_ms,
        itl_p95_ms=run.timing.itl_p95_ms,
        joules=run.energy.joules,
        tokens=run.usage.completion_tokens,
    )


def _request_row(run_id: str, document: str, finish_reason: str) -> RequestRow | None:
    try:
        run = msgspec.json.decode(document, type=Run)
    except msgspec.DecodeError as exc:
        _log.warning("run %s cannot be decoded: %s", run_id, exc)
        return None
    return RequestRow(
        run_id=run_id,
        started_at=run.started_at,
        target=run.target.name,
        model=run.target.model,
        kind=run.target.kind,
        route=run.route,
        class_=run.class_,
        prompt_tokens=run.usage.prompt_tokens,
        completion_tokens=run.usage.completion_tokens,
        ttft_ms=run.timing.ttft_ms,
        gen_tps=run.timing.gen_tps,
        itl_p50_ms=run.timing.itl_p50_ms,
        itl_p95_ms=run.timing.itl_p95_ms,
        e2e_ms=run.timing.e2e_ms,
        joules=run.energy.joules,
        usd=run.cost.usd,
        finish_reason=finish_reason,
        error=run.error.title if run.error else None,
        marks=marks_of(run),
    )
