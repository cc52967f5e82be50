"""What was spent and saved. Money is a decimal string in USD; None is unknown, never 0."""

from __future__ import annotations

from typing import Literal

from steelyard.core.values.costs import Band
from steelyard.core.values.row import Row

LedgerKey = Literal["day", "target", "class", "model"]


class LedgerRow(Row, frozen=True):
    """Runs of one day, target, class or model.

    Money that was paid (`api_usd`), electricity here (`local_marginal_usd`), electricity and machine
    (`local_full_usd`) and what local runs would have cost elsewhere (`would_have_usd`) are never added up.
    """

    key: str
    """ISO day, name; "" where there is none."""
    kind: Literal["api", "local", "both"]
    runs: int
    failed: int
    unpriced_runs: int
    """Of the runs that used tokens, those without a price or without joules."""
    api_usd: str | None
    local_marginal_usd: str | None
    local_full_usd: str | None
    would_have_usd: str | None
    """The local runs' tokens at the comparator's price."""
    saved_usd: str | None
    """That minus what they cost here: all-in where it is known, else electricity."""
    saved_basis: Literal["full", "marginal"] | None
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    joules: float | None
    busy_s: float
    """Sum of the runs' times; may exceed the clock's."""
    local_runs: int = 0
    local_unpriced_runs: int = 0
    """Of the local runs that used tokens, those whose electricity is not known."""
    local_without_full_runs: int = 0
    """The same of electricity and machine together."""


class Forecast(Row, frozen=True):
    """The next month from the days so far. Fewer than 14 days: `is_enough` is False and all is None."""

    days: int
    """Whole days from the first run to today; the forecast looks at them whatever period is shown."""
    needed_days: int
    is_enough: bool
    tokens_month: Band | None = None
    api_usd_month: Band | None = None
    """Floats: an estimate has no pico-dollars."""
    note: str = ""


class Budget(Row, frozen=True):
    """The calendar month's paid spend against the cap."""

    month: str
    spent_usd: str
    cap_usd: str | None
    share: float | None
    projected_usd: str | None
    """At this month's daily rate; None in its first three days."""


class LedgerComparator(Row, frozen=True):
    """What local runs are held against; `unknown` says why there is no price."""

    name: str
    price_id: str | None = None
    price_date: str | None = None
    unknown: str = ""
    assumes_same_counts: bool = True
    """Tokens were counted by each local model's own tokenizer, not by the comparator's."""


class CostLedger(Row, frozen=True):
    """The ledger in sums."""

    since: str | None
    by: LedgerKey
    comparator: LedgerComparator | None
    rows: list[LedgerRow]
    total: LedgerRow
    forecast: Forecast
    budget: Budget
