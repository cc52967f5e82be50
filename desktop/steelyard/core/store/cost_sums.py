"""What finished runs used and cost, in sums that triggers keep (see `migrations.py`, step 5).

Money is whole pico-dollars as Python's integers, which do not overflow. Days are local days.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from steelyard.core.base.units import PICO_PER_USD, Pico

if TYPE_CHECKING:
    from steelyard.core.store.database import Connection
    from steelyard.core.values.cost_ledger import LedgerKey
    from steelyard.core.values.run import TargetKind

_MONEY = ("paid", "marginal", "full")
_COUNTS = (
    *("runs", "failed", "unpriced", "without_full", "paid_runs", "marginal_runs", "full_runs"),
    *("prompt_tokens", "cached_tokens", "cache_write_tokens", "completion_tokens", "reasoning_tokens"),
    *("metered_runs", "joules", "busy_ms"),
)
USD_SUMS = f"sum(usd_pico / {PICO_PER_USD}), sum(usd_pico % {PICO_PER_USD})"
"""Of runs: two sums, since one of pico-dollars ends at 9.2 million USD. `pico_of` puts them together."""
_COLUMNS: dict[LedgerKey, str] = {"day": "slot", "target": "target", "class": "class", "model": "model"}


@dataclass(frozen=True, slots=True)
class Sums:
    """Runs of one key and kind. An amount counts only the runs that its `_runs` counts."""

    key: str
    kind: TargetKind
    runs: int
    failed: int
    unpriced: int
    without_full: int
    paid_runs: int
    marginal_runs: int
    full_runs: int
    prompt_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    metered_runs: int
    joules: float
    busy_ms: float
    paid: Pico
    marginal: Pico
    full: Pico


@dataclass(frozen=True, slots=True)
class DayTotal:
    """One local day: tokens of the workload, and what APIs were paid."""

    day: str
    tokens: int
    paid: Pico
    paid_runs: int


@dataclass(frozen=True, slots=True)
class QuarterTotal:
    """A quarter of an hour (UTC, `2026-11-22T08:45`): the workload's tokens, and the sum of the times of all
    local runs that began in it.
    """

    quarter: str
    tokens: int
    local_busy_ms: float


@dataclass(frozen=True, slots=True)
class ClassTotal:
    """The workload's tokens of one class and kind of target."""

    name: str
    kind: TargetKind
    runs: int
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    reasoning_tokens: int


def settle_days(connection: Connection) -> None:
    """Make the days those of this process's time zone, if they were another's."""
    zone = f"{'/'.join(time.tzname)} {time.timezone} {time.altzone}"
    row = connection.execute("SELECT zone FROM cost_zone").fetchone()
    if row is not None and row[0] == zone:
        return
    connection.execute("DELETE FROM cost_zone")
    connection.execute("INSERT INTO cost_zone VALUES (?)", (zone,))
    if row is not None:
        _make_days_again(connection)


def sums_by(connection: Connection, key: LedgerKey, since: str | None) -> list[Sums]:
    """Sums from an ISO day on; None: of all there is."""
    column = _COLUMNS[key]
    rows = connection.execute(
        f"SELECT {column}, kind, {_TOTALS} FROM cost_sums WHERE span = 'day' AND slot >= ?"
        f" GROUP BY {column}, kind",
        (since or "",),
    )
    return [_sums(*row) for row in rows]


def day_totals(connection: Connection, since: str | None) -> list[DayTotal]:
    """Days with runs from an ISO day on, oldest first."""
    rows = connection.execute(
        "SELECT slot, sum(is_workload * (prompt_tokens + completion_tokens)), sum(paid_runs),"
        f" {_money('paid')} FROM cost_sums"
        " WHERE span = 'day' AND slot >= ? AND slot <> '' GROUP BY slot ORDER BY slot",
        (since or "",),
    )
    return [
        DayTotal(day=day, tokens=tokens, paid=pico_of(whole, rest) or Pico(0), paid_runs=paid_runs)
        for day, tokens, paid_runs, whole, rest in rows
    ]


def month_paid(connection: Connection, month: str) -> Pico:
    """What APIs were paid in a local month (`2026-11`); runs without a price count nothing."""
    whole, rest = connection.execute(
        f"SELECT {_money('paid')} FROM cost_sums WHERE span = 'day' AND slot >= ?1 AND slot < ?1 || '-99'",
        (month,),
    ).fetchone()
    return pico_of(whole, rest) or Pico(0)


def first_quarter(connection: Connection) -> str | None:
    """When the workload began: the quarter of its first run."""
    row = connection.execute(
        "SELECT slot FROM cost_sums WHERE span = 'quarter' AND is_workload = 1 ORDER BY slot LIMIT 1"
    ).fetchone()
    return None if row is None else row[0]


def quarter_totals(connection: Connection, since: str) -> list[QuarterTotal]:
    """Quarters with runs from one on, oldest first."""
    rows = connection.execute(
        "SELECT slot, sum(is_workload * (prompt_tokens + completion_tokens)),"
        " sum(iif(kind = 'local', busy_ms, 0.0)) FROM cost_sums"
        " WHERE span = 'quarter' AND slot >= ? GROUP BY slot ORDER BY slot",
        (since,),
    )
    return [QuarterTotal(*row) for row in rows]


def class_totals(connection: Connection, since: str) -> list[ClassTotal]:
    """The workload from a quarter on, by class and kind."""
    rows = connection.execute(
        "SELECT class, kind, sum(runs), sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens),"
        " sum(reasoning_tokens) FROM cost_sums"
        " WHERE span = 'quarter' AND slot >= ? AND is_workload = 1 GROUP BY class, kind",
        (since,),
    )
    return [ClassTotal(*row) for row in rows]


def busiest_local(connection: Connection, since: str) -> str | None:
    """The local target that answered with the most tokens from a quarter on, bench and tune left out."""
    row = connection.execute(
        "SELECT target FROM cost_sums WHERE span = 'quarter' AND slot >= ? AND kind = 'local'"
        " GROUP BY target ORDER BY sum(is_workload * completion_tokens) DESC, sum(runs) DESC, target LIMIT 1",
        (since,),
    ).fetchone()
    return None if row is None else row[0]


def pico_of(whole: int | None, rest: int | None) -> Pico | None:
    """Whole dollars and the pico-dollars besides; None if there are none to add up."""
    return None if whole is None else Pico(whole * PICO_PER_USD + (rest or 0))


def _money(what: str) -> str:
    """Two sums that stay far below SQLite's largest integer, whatever the rows hold."""
    return f"sum({what}_usd + {what}_pico / {PICO_PER_USD}), sum({what}_pico % {PICO_PER_USD})"


_TOTALS = ", ".join([*(f"sum({name})" for name in _COUNTS), *(_money(what) for what in _MONEY)])


def _sums(key: str, kind: Literal["local", "api"], *figures: Any) -> Sums:
    counts, money = figures[: len(_COUNTS)], figures[len(_COUNTS) :]
    paid, marginal, full = (pico_of(*money[at : at + 2]) or Pico(0) for at in (0, 2, 4))
    return Sums(key, kind, *counts, paid=paid, marginal=marginal, full=full)


def _make_days_again(connection: Connection) -> None:
    """From the quarters, which no zone's midnight divides."""
    key = "target, kind, model, class, is_workload"
    money = ", ".join(f"{what}_usd, {what}_pico" for what in _MONEY)
    connection.execute("DELETE FROM cost_sums WHERE span = 'day'")
    connection.execute(
        f"INSERT INTO cost_sums (span, slot, {key}, {', '.join(_COUNTS)}, {money})"
        f" SELECT 'day', coalesce(date(slot, 'localtime'), ''), {key}, {_TOTALS}"
        f" FROM cost_sums WHERE span = 'quarter' GROUP BY coalesce(date(slot, 'localtime'), ''), {key}"
    )
