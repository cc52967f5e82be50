"""The ledger in sums: exact to the pico-dollar, by day, target, class and model; comparator, cap, CSV."""

from __future__ import annotations

import asyncio
import csv
import io
import random
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.base.units import pico_from_usd, usd_text
from steelyard.core.costs.ledger.ledger_csv import ledger_csv
from steelyard.core.costs.ledger.ledger_desk import LedgerDesk
from steelyard.core.costs.prices.price_book import TokenPrices
from steelyard.core.monitor.alerts import SpendWatch
from steelyard.core.runs.remote_target import RemoteTarget
from steelyard.core.store import database as database_module
from steelyard.core.store.comparisons import ComparisonStore
from steelyard.core.store.cost_sums import settle_days
from steelyard.core.store.database import Database
from steelyard.core.store.ledger import Ledger
from steelyard.core.store.migrations import MIGRATIONS
from steelyard.core.values.comparison import ComparisonPlan
from steelyard.core.values.prompt import Message, Prompt
from steelyard.core.values.run import Cost, Energy, Run, TargetInfo, Timing, Usage
from steelyard.core.values.settings import CostSettings, Settings
from steelyard.core.values.targets import ApiPrices, ApiTarget

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from steelyard.core.values.cost_ledger import CostLedger

ASKED = [Message(role="user", content="Hi")]
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
API = TargetInfo(name="api", kind="api", model="big")
LOCAL = TargetInfo(name="starter", kind="local", model="small")
PRICES = TokenPrices(Decimal(3), Decimal(15), Decimal("0.3"), None, "book:x/y", "2026-10-01")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "ledger.sqlite3")
    await database.open()
    yield database
    await database.close()


def find_price(name: str) -> TokenPrices:
    if name != "x/y":
        raise UsageError(f"The price book does not know {name}")
    return PRICES


def desk_of(database: Database, settings: Settings | None = None, now: datetime = NOW) -> LedgerDesk:
    return LedgerDesk(database, lambda: settings or Settings(), find_price, lambda: now)


async def keep(database: Database, *runs: Run) -> None:
    ledger = Ledger(database)
    for run in runs:
        await ledger.begin_run(msgspec.structs.replace(run, finish_reason=None), ASKED)
        await ledger.finish_run(run, {})


def a_run(number: int, target: TargetInfo = LOCAL, **more: Any) -> Run:
    fields: dict[str, Any] = {
        "id": f"r{number}",
        "started_at": f"2026-11-21T10:00:{number % 60:02d}.000Z",
        "target": target,
        "finish_reason": "stop",
        "usage": Usage(prompt_tokens=100, completion_tokens=10),
    }
    return Run(**{**fields, **more})


def api_cost(usd: str) -> Cost:
    return Cost(usd=usd, basis="api_price")


def local_cost(marginal: str, full: str | None = None) -> Cost:
    return Cost(
        usd=full or marginal,
        basis="local_full" if full else "local_marginal",
        marginal_usd=marginal,
        full_usd=full,
    )


# ---- sums --------------------------------------------------------------------------------------------------


def random_runs(count: int) -> list[Run]:
    draw = random.Random(6)
    runs: list[Run] = []
    for number in range(count):
        target = draw.choice([API, LOCAL, TargetInfo(name="b", kind="api", model="big")])
        usd = usd_text(draw.choice([0, 1, draw.randrange(10**9), draw.randrange(9 * 10**18)]))
        marginal = usd_text(draw.randrange(10**13))
        moment = NOW - timedelta(seconds=draw.randrange(40 * 86_400))
        cost = api_cost(usd or "0") if target.kind == "api" else local_cost(marginal or "0", usd)
        runs.append(
            a_run(
                number,
                target,
                started_at=moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                class_=draw.choice([None, "chat", "batch"]),
                cost=Cost() if draw.random() < 0.1 else cost,
                finish_reason=draw.choice(["stop", "length", "error", "cancelled"]),
                usage=Usage(prompt_tokens=draw.randrange(10**6), completion_tokens=draw.randrange(10**4)),
            )
        )
    return runs


def paid(runs: list[Run]) -> str | None:
    amounts = [run.cost.usd for run in runs if run.target.kind == "api" and run.cost.usd is not None]
    return usd_text(sum(pico_from_usd(Decimal(usd)) for usd in amounts)) if amounts else None


def local(runs: list[Run], what: str) -> str | None:
    amounts = [getattr(run.cost, what) for run in runs if run.target.kind == "local"]
    known = [pico_from_usd(Decimal(usd)) for usd in amounts if usd is not None]
    return usd_text(sum(known)) if known else None


async def test_every_pico_dollar_of_many_runs_is_in_each_grouping(database: Database) -> None:
    """Amounts up to nine million dollars: their sum is far beyond what one SQLite integer holds."""
    runs = random_runs(600)
    await keep(database, *runs)
    desk = desk_of(database)
    for by in ("day", "target", "class", "model"):
        ledger = await desk.read(None, by, None)
        assert ledger.total.api_usd == paid(runs)
        assert ledger.total.local_marginal_usd == local(runs, "marginal_usd")
        assert ledger.total.local_full_usd == local(runs, "full_usd")
        assert ledger.total.runs == len(runs) == sum(row.runs for row in ledger.rows)
        assert ledger.total.failed == sum(run.finish_reason == "error" for run in runs)
        assert ledger.total.prompt_tokens == sum(run.usage.prompt_tokens or 0 for run in runs)
        assert sum(Decimal(row.api_usd) for row in ledger.rows if row.api_usd) == Decimal(paid(runs) or "0")
    by_class = {row.key: row for row in (await desk.read(None, "class", None)).rows}
    assert set(by_class) == {"", "chat", "batch"}
    assert by_class["chat"].api_usd == paid([run for run in runs if run.class_ == "chat"])


async def test_what_was_cut_off_is_counted_when_it_is_closed(database: Database) -> None:
    ledger = Ledger(database)
    await keep(database, a_run(1, API, cost=api_cost("1.5")))
    await ledger.begin_run(a_run(2, API, finish_reason=None), ASKED)
    before = (await desk_of(database).read(None, "target", None)).total
    assert (before.runs, before.failed, before.api_usd) == (1, 0, "1.5")
    await ledger.mark_interrupted()
    after = (await desk_of(database).read(None, "target", None)).total
    assert (after.runs, after.failed, after.api_usd) == (2, 1, "1.5")


async def test_runs_of_an_older_ledger_are_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "MIGRATIONS", MIGRATIONS[:4])
    old = Database(tmp_path / "old.sqlite3")
    await old.open()
    runs = random_runs(100)
    await keep(old, *runs)
    await Ledger(old).begin_run(a_run(9_999, finish_reason=None), ASKED)
    broken = "UPDATE runs SET document = '{' WHERE id = 'r0'"
    await old.call(lambda connection: connection.execute(broken))
    await old.close()
    monkeypatch.setattr(database_module, "MIGRATIONS", MIGRATIONS)
    new = Database(tmp_path / "old.sqlite3")
    await new.open()
    total = (await desk_of(new).read(None, "target", None)).total
    assert (total.runs, total.api_usd) == (100, paid(runs)), "the one that still ran is not over"
    await new.close()


async def test_what_cannot_be_true_of_a_run_breaks_nothing(database: Database) -> None:
    """Absurd counts and amounts of a broken server are left out, and the answers are kept."""
    huge = 2**62
    await keep(
        database,
        *(a_run(n, usage=Usage(prompt_tokens=huge, completion_tokens=huge)) for n in range(3)),
        a_run(
            4,
            cost=Cost(usd="1", marginal_usd="1e3", full_usd="9" * 40),
            energy=Energy(joules=1e300),
            timing=Timing(e2e_ms=1e300),
        ),
        *(a_run(n, API, cost=api_cost("9000000")) for n in range(5, 9)),
    )
    total = (await desk_of(database).read(None, "target", None)).total
    assert (total.runs, total.api_usd, total.prompt_tokens) == (8, "36000000", 500)
    assert (total.local_marginal_usd, total.local_full_usd, total.joules) == (None, None, None)
    spending = await Ledger(database).spending_since("2026-11-01T00:00:00.000Z")
    assert Decimal(spending.today_usd or "0") >= 36_000_000


async def test_days_are_local_days_and_move_with_the_zone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        for zone, day in (("UTC", "2026-11-20"), ("Asia/Kathmandu", "2026-11-21"), ("UTC", "2026-11-20")):
            monkeypatch.setenv("TZ", zone)
            time.tzset()
            if zone == "UTC" and not await rows_of(database):
                await keep(database, a_run(1, API, started_at="2026-11-20T18:20:00.000Z", cost=api_cost("1")))
            await database.call(settle_days)
            assert [(row.key, row.api_usd) for row in await rows_of(database)] == [(day, "1")]
            ledger = await desk_of(database).read("2026-11-21", "day", None)
            assert len(ledger.rows) == (day == "2026-11-21")
    finally:
        monkeypatch.undo()
        time.tzset()


async def rows_of(database: Database) -> list[Any]:
    return (await desk_of(database).read(None, "day", None)).rows


async def test_deleting_a_comparison_keeps_its_figures(database: Database) -> None:
    store = ComparisonStore(database)
    plan = ComparisonPlan(targets=["api"], prompt="Hi", schedule="concurrent")
    await store.begin("c1", "2026-11-21T10:00:00.000Z", plan, ["api"])
    await keep(database, a_run(1, API, comparison_id="c1", cost=api_cost("0.25")))
    await store.remove("c1")
    total = (await desk_of(database).read(None, "target", None)).total
    assert (total.runs, total.api_usd) == (1, "0.25")


# ---- money elsewhere ---------------------------------------------------------------------------------------

USAGE = Usage(
    prompt_tokens=10_000,
    cached_tokens=8_000,
    cache_write_tokens=0,
    completion_tokens=500,
    reasoning_tokens=100,
)


async def against(database: Database, *runs: Run, name: str = "x/y") -> CostLedger:
    await keep(database, *runs)
    return await desk_of(database).read(None, "target", name)


async def test_local_runs_at_the_comparators_price(database: Database) -> None:
    """2,000 at $3, 8,000 cached at $0.30, 500 out at $15 (hidden reasoning in it): domain.md G12, $0.0159."""
    ledger = await against(
        database,
        a_run(1, usage=USAGE, cost=local_cost("0.001", "0.004")),
        a_run(2, API, usage=USAGE, cost=api_cost("0.5")),
    )
    total, compared = ledger.total, ledger.comparator
    assert (total.would_have_usd, total.saved_usd, total.saved_basis) == ("0.0159", "0.0119", "full")
    assert (total.api_usd, total.local_marginal_usd, total.kind) == ("0.5", "0.001", "both")
    assert compared is not None
    assert (compared.price_id, compared.price_date, compared.unknown) == ("book:x/y", "2026-10-01", "")
    rows = {row.key: row for row in ledger.rows}
    assert rows["api"].would_have_usd is None, "what was paid is not held against itself"
    assert [row.key for row in ledger.rows] == ["api", "starter"]


async def test_saved_is_told_only_where_the_cost_of_all_local_runs_is_known(database: Database) -> None:
    mixed = await against(
        database, a_run(1, usage=USAGE, cost=local_cost("0.001", "0.004")), a_run(2, cost=local_cost("0.02"))
    )
    assert (mixed.total.saved_basis, mixed.total.local_without_full_runs) == ("marginal", 1)
    assert mixed.total.saved_usd == "-0.00465", "0.0159 + 0.00045 - 0.021"
    unknown = (await against(database, a_run(3))).total
    assert (unknown.saved_usd, unknown.saved_basis, unknown.local_unpriced_runs) == (None, None, 1)
    assert unknown.would_have_usd == "0.0168"


async def test_a_comparator_without_a_price_says_why(database: Database) -> None:
    ledger = await against(database, a_run(1, cost=local_cost("0.001")), name="nobody/nothing")
    assert ledger.comparator is not None
    assert "does not know nobody/nothing" in ledger.comparator.unknown
    assert (ledger.total.would_have_usd, ledger.total.saved_usd) == (None, None)
    chosen = Settings(costs=CostSettings(comparator="x/y"))
    assert (await desk_of(database, chosen).read()).comparator is not None
    assert (await desk_of(database).read()).comparator is None


async def test_nothing_known_is_not_zero(database: Database) -> None:
    await keep(database, a_run(1), a_run(2, API))
    total = (await desk_of(database).read()).total
    assert (total.api_usd, total.local_marginal_usd, total.local_full_usd) == (None, None, None)
    assert (total.unpriced_runs, total.joules, total.runs) == (2, None, 2)


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "", "2026-11-22T10:00"])
async def test_a_day_that_is_none(database: Database, since: str) -> None:
    with pytest.raises(UsageError, match="Not a day"):
        await desk_of(database).read(since)


async def test_csv_has_all_rows_and_steers_no_spreadsheet(database: Database) -> None:
    evil = TargetInfo(name="=HYPERLINK(1)", kind="api", model="m")
    ledger = await against(
        database, a_run(1, evil, cost=api_cost("0.000000000001")), a_run(2, cost=local_cost("1"))
    )
    lines = list(csv.DictReader(io.StringIO(ledger_csv(ledger))))
    assert [line["target"] for line in lines] == ["'=HYPERLINK(1)", "starter", "total"]
    assert (lines[0]["api_usd"], lines[0]["local_full_usd"]) == ("0.000000000001", "")
    assert {line["comparator"] for line in lines} == {"x/y"}


# ---- budget ------------------------------------------------------------------------------------------------

CAPPED = Settings(costs=CostSettings(month_cap_usd=10))


async def test_the_months_budget_counts_paid_runs_of_this_month(database: Database) -> None:
    await keep(
        database,
        a_run(1, API, started_at="2026-10-31T10:00:00.000Z", cost=api_cost("99")),
        a_run(2, API, started_at="2026-11-02T10:00:00.000Z", cost=api_cost("4.3")),
        a_run(3, cost=local_cost("5")),
    )
    found = (await desk_of(database, CAPPED).read("2026-11-20")).budget
    assert (found.month, found.spent_usd, found.cap_usd, found.share) == ("2026-11", "4.3", "10", 0.43)
    assert found.projected_usd is not None
    assert float(found.projected_usd) == pytest.approx(4.3 / 21.5 * 30, rel=1e-9)
    early = NOW.replace(day=3, hour=1)
    assert (await desk_of(database, CAPPED, early).read()).budget.projected_usd is None


async def test_at_the_cap_nothing_is_sent(database: Database) -> None:
    desk = desk_of(database, CAPPED)
    await keep(database, a_run(1, API, cost=api_cost("9.999999999999")))
    await desk.refuse_over_cap("api", has_price=True)
    await keep(database, a_run(2, API, cost=api_cost("0.000000000001")))
    with pytest.raises(AppError, match=r"budget is used up.*10 of 10 USD.*Raise the cap"):
        await desk.refuse_over_cap("api", has_price=True)
    with pytest.raises(AppError, match="give it a price of 0"):
        await desk.refuse_over_cap("api", has_price=False)
    await desk_of(database).refuse_over_cap("api", has_price=True)
    next_month = desk_of(database, CAPPED, datetime(2026, 12, 1, 1, tzinfo=UTC))
    await next_month.refuse_over_cap("api", has_price=True)


@pytest.mark.parametrize(
    ("url", "prices", "is_refused"),
    [
        ("https://api.example.com/v1", ApiPrices(input="3", output="15"), True),
        ("https://api.example.com/v1", ApiPrices(input="0", output="0"), False),
        ("https://api.example.com/v1", None, True),
        ("http://127.0.0.1:9/v1", None, False),
        ("http://127.0.0.1:9/v1", ApiPrices(input="3", output="15"), True),
    ],
)
async def test_which_targets_the_cap_holds_back(url: str, prices: ApiPrices | None, is_refused: bool) -> None:
    """Checked before the key is read: nothing of the request exists yet."""

    async def refuse(target: str, *, has_price: bool) -> None:
        raise AppError("used up", f"{target} {has_price}")

    def read_key() -> str | None:
        raise AssertionError("reached the key")

    target = ApiTarget(name="api", url=url, model="unheard-of", format="openai", prices=prices)
    remote = RemoteTarget(target, _no_client, Settings(), read_key, refuse_over_cap=refuse)
    expected: type[BaseException] = AppError if is_refused else AssertionError
    with pytest.raises(expected, match="used up" if is_refused else "reached the key"):
        async with remote.open(Prompt(messages=ASKED), lambda _reason: None):
            pass


def _no_client() -> Any:
    raise AssertionError("nothing may be sent")


def test_the_cap_is_told_at_80_percent_and_when_it_is_used_up() -> None:
    watch = SpendWatch()
    told = []
    for usd in (7, 8, 9, 10, 11):
        watch.paid_pico = usd * 10**12
        told += watch.cap_crossed(10, 0)[1]
    assert [alert.above for alert in told] == [8, 10]
    assert "refused from now on" in told[1].text
    again = SpendWatch()
    again.begin_cap(11 * 10**12, {8.0, 10.0})
    assert again.cap_crossed(10, 0) == ([], [])
    assert again.cap_crossed(None, 0) == ([], [])
    assert again.cap_crossed(9, 0)[0] == [7.2, 9], "a lower cap is another one; the graver step is told"


async def test_runs_that_end_together_are_all_counted(database: Database) -> None:
    ledger = Ledger(database)
    runs = [a_run(n, API, cost=api_cost("0.1")) for n in range(40)]
    for run in runs:
        await ledger.begin_run(msgspec.structs.replace(run, finish_reason=None), ASKED)
    await asyncio.gather(*(ledger.finish_run(run, {}) for run in runs))
    await ledger.finish_run(runs[0], {})
    total = (await desk_of(database).read()).total
    assert (total.api_usd, total.runs) == ("4", 40), "a row that is written twice is one run"
