"""The ledger in sums: spend, local costs, what it would have cost elsewhere, forecast, budget."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.costs.ledger.budget import budget, cap_usd, month_of, used_up
from steelyard.core.costs.ledger.forecast import forecast
from steelyard.core.costs.ledger.ledger_rows import ledger_rows
from steelyard.core.costs.ledger.workload import measured_inputs, read_facts
from steelyard.core.store.cost_sums import DayTotal, Sums, day_totals, month_paid, settle_days, sums_by
from steelyard.core.values.cost_ledger import CostLedger, LedgerComparator

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.base.units import Pico
    from steelyard.core.costs.prices.price_book import FindPrice, TokenPrices
    from steelyard.core.store.database import Connection, Database
    from steelyard.core.values.cost_ledger import LedgerKey
    from steelyard.core.values.costs import MeasuredInputs
    from steelyard.core.values.settings import Settings

_MOST_DAYS = 3_660


@dataclass(frozen=True)
class _Read:
    """One look at the sums."""

    sums: list[Sums]
    days: list[DayTotal]
    spent: Pico


def local_now() -> datetime:
    """This moment, in the zone of this machine."""
    return datetime.now().astimezone()


class LedgerDesk:
    """Reads what the runs left behind. Owned by the engine's loop."""

    def __init__(
        self,
        database: Database,
        settings: Callable[[], Settings],
        find_price: FindPrice,
        now: Callable[[], datetime] = local_now,
    ) -> None:
        self._database = database
        self._settings = settings
        self._find_price = find_price
        self._now = now

    async def read(
        self, since: str | None = None, by: LedgerKey = "target", comparator: str | None = None
    ) -> CostLedger:
        """Sums from an ISO day (local time, inclusive) on. A comparator without a price says why.

        Raises:
            UsageError: `since` is no day.
            AppError: the ledger cannot be read.
        """
        day = None if since is None else checked_day(since)
        now = self._now()

        def work(connection: Connection) -> _Read:
            settle_days(connection)
            return _Read(
                sums_by(connection, by, day),
                day_totals(connection, None),
                month_paid(connection, month_of(now)),
            )

        read = await self._database.call(work)
        return await asyncio.to_thread(self._ledger, read, day, by, comparator, now)

    async def measured(self, days: int = 30, weights: str | None = None) -> MeasuredInputs:
        """What the last days say of workload, rates and watts.

        Raises:
            UsageError: not a number of days from 1 to 3,660.
            AppError: the ledger cannot be read.
        """
        if not 1 <= days <= _MOST_DAYS:
            raise UsageError("Not a usable number of days", f"{days}", f"Give 1 to {_MOST_DAYS:,} days.")
        now = self._now()
        facts = await self._database.call(lambda connection: read_facts(connection, now, days, weights))
        return measured_inputs(facts, self._settings(), now)

    async def refuse_over_cap(self, target: str, *, has_price: bool) -> None:
        """Called before a request goes out that may cost money. What still runs is not known to have cost
        anything yet: requests that are under way together may end above the cap.

        Raises:
            AppError: the month's cap is reached.
        """
        cap = cap_usd(self._settings())
        if cap is None:
            return
        month = month_of(self._now())

        def work(connection: Connection) -> Pico:
            settle_days(connection)
            return month_paid(connection, month)

        if (
            refusal := used_up(await self._database.call(work), cap, target, has_price=has_price)
        ) is not None:
            raise refusal

    def _ledger(
        self, read: _Read, since: str | None, by: LedgerKey, comparator: str | None, now: datetime
    ) -> CostLedger:
        settings = self._settings()
        against, prices = self._held_against(comparator or settings.costs.comparator)
        rows, total = ledger_rows(read.sums, by, prices)
        return CostLedger(
            since=since,
            by=by,
            comparator=against,
            rows=rows,
            total=total,
            forecast=forecast(read.days, now.date()),
            budget=budget(read.spent, cap_usd(settings), now),
        )

    def _held_against(self, name: str | None) -> tuple[LedgerComparator | None, TokenPrices | None]:
        if not name:
            return None, None
        try:
            prices = self._find_price(name)
        except AppError as exc:
            return LedgerComparator(name=name, unknown=exc.one_line()), None
        found = LedgerComparator(name=name, price_id=prices.price_id, price_date=prices.price_date)
        return found, prices


def checked_day(text: str) -> str:
    """An ISO day.

    Raises:
        UsageError: it is none.
    """
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError as exc:
        raise UsageError("Not a day", repr(text[:40]), "Write it like 2026-11-22.") from exc
