"""What the ledger says of the next month, and of a profile's measured parts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.core.base.errors import UsageError
from steelyard.core.base.units import Pico
from steelyard.core.costs.ledger.forecast import MONTH_DAYS, forecast
from steelyard.core.costs.ledger.ledger_desk import LedgerDesk
from steelyard.core.costs.ledger.workload import mix_text
from steelyard.core.costs.mix import parse_mix
from steelyard.core.store.cost_sums import DayTotal
from steelyard.core.store.database import Database
from steelyard.core.store.ledger import Ledger
from steelyard.core.values.prompt import Message
from steelyard.core.values.run import Energy, Run, RunState, TargetInfo, Timing, Usage
from steelyard.core.values.settings import EnergySettings, HardwareSettings, Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from steelyard.core.values.costs import Band, MeasuredInputs

TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def days_of(count: int, tokens_of: Callable[[int], int]) -> list[DayTotal]:
    """`count` whole days up to yesterday, and a little of today; a dollar for each 1,000 tokens."""

    def day(ahead: int, tokens: int) -> DayTotal:
        at = TODAY - timedelta(days=count - ahead)
        return DayTotal(at.isoformat(), tokens, Pico(tokens * 10**9), paid_runs=1)

    days = [day(at, tokens_of(at)) for at in range(count)]
    return [*[one for one in days if one.tokens], day(count, 7)]


def tokens_of(days: list[DayTotal]) -> Band:
    found = forecast(days, TODAY).tokens_month
    assert found is not None
    return found


@pytest.mark.parametrize("count", [0, 1, 6, 13])
def test_less_than_two_weeks_are_no_forecast(count: int) -> None:
    found = forecast(days_of(count, lambda _at: 1000), TODAY)
    assert (found.is_enough, found.tokens_month, found.api_usd_month) == (False, None, None)
    assert found.note == f"insufficient data: {count} of 14 days"
    assert not forecast([], TODAY).is_enough


def test_an_even_use_goes_on() -> None:
    found = forecast(days_of(14, lambda _at: 1000), TODAY)
    assert found.is_enough
    assert found.days == 14
    month = pytest.approx(1000 * MONTH_DAYS)
    assert found.tokens_month is not None
    assert found.api_usd_month is not None
    assert (found.tokens_month.p10, found.tokens_month.p50, found.tokens_month.p90) == (month, month, month)
    assert found.api_usd_month.p50 == pytest.approx(MONTH_DAYS), "today's small part does not pull it down"


def test_weekdays_are_kept_and_silent_days_count() -> None:
    """November 22 2026 is a Sunday; the next 30 days have 22 working days, and the last fraction is one."""
    found = tokens_of(days_of(70, lambda at: 1000 if (TODAY - timedelta(days=70 - at)).weekday() < 5 else 0))
    assert found.p10 == found.p90 == pytest.approx(22 * 1000 + 1000 * (MONTH_DAYS - 30))
    once = tokens_of(days_of(28, lambda at: 28_000 if at == 0 else 0))
    assert once.p10 == 0
    assert once.p90 > once.p50


def test_a_trend_is_followed_within_limits_and_one_big_day_is_none() -> None:
    rising = tokens_of(days_of(60, lambda at: 1000 + 20 * at))
    assert 2180 * MONTH_DAYS < rising.p50 < 1.5 * 2180 * MONTH_DAYS
    falling = tokens_of(days_of(30, lambda at: 3100 - 100 * at))
    assert 0 <= falling.p50 < 200 * MONTH_DAYS
    one_day = tokens_of(days_of(30, lambda at: 50_000 if at == 29 else 1000))
    assert one_day.p10 == pytest.approx(1000 * MONTH_DAYS, rel=0.3)


@settings(max_examples=6, deadline=None)
@given(st.lists(st.integers(0, 10**15), min_size=14, max_size=40))
def test_no_month_is_negative_or_infinite(tokens: list[int]) -> None:
    tokens[0] += 1
    found = tokens_of(days_of(len(tokens), lambda at: tokens[at]))
    assert 0 <= found.p10 <= found.p50 <= found.p90 < 1e18
    assert found == tokens_of(days_of(len(tokens), lambda at: tokens[at])), "the same each time"


# ---- what was measured -------------------------------------------------------------------------------------

LOCAL = TargetInfo(name="starter", kind="local", model="small")
API = TargetInfo(name="api", kind="api", model="big")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "ledger.sqlite3")
    await database.open()
    yield database
    await database.close()


async def keep(database: Database, *runs: Run) -> None:
    ledger = Ledger(database)
    for run in runs:
        await ledger.begin_run(
            msgspec.structs.replace(run, finish_reason=None), [Message(role="user", content="Hi")]
        )
        await ledger.finish_run(run, {})


def a_run(number: int, hours_ago: float, **more: Any) -> Run:
    fields: dict[str, Any] = {
        "target": LOCAL,
        "usage": Usage(
            prompt_tokens=300, cached_tokens=60, completion_tokens=100, reasoning_tokens=20, source="server"
        ),
        "timing": Timing(ttft_ms=100.0, e2e_ms=2_100.0, prompt_tps=900.0 + number, gen_tps=50.0),
        "energy": Energy(
            joules=85.0, prefill_joules=5.0, decode_joules=80.0, source="nvml_counter", idle_w=20.0
        ),
    }
    moment = (NOW - timedelta(hours=hours_ago)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Run(id=f"r{number}", started_at=moment, finish_reason="stop", **{**fields, **more})


async def measured(database: Database, known: Settings | None = None, **words: Any) -> MeasuredInputs:
    def no_price(name: str) -> Any:
        raise AssertionError(name)

    return await LedgerDesk(database, lambda: known or Settings(), no_price, lambda: NOW).measured(**words)


async def test_ten_days_of_real_runs_become_parts_of_a_profile(database: Database) -> None:
    runs = [
        a_run(at, hours_ago=240 - 24 * (at // 10), class_="chat" if at < 50 else None) for at in range(100)
    ]
    await keep(database, *runs)
    known = Settings(
        energy=EnergySettings(idle_watts=7, active_watts=300, tariff_usd_per_kwh=0.15),
        hardware=HardwareSettings(price_usd=2500, life_months=36),
    )
    found = await measured(database, known)
    part = found.profile
    assert (found.days, found.runs, found.weights) == (10, 100, "starter")
    assert part.workload.tokens_month == (Decimal(40_000) / 10 * Decimal("30.4375")).to_integral_value()
    assert (part.workload.mix, part.workload.cached_share, part.workload.reasoning_share) == (
        "3:1",
        Decimal("0.2"),
        Decimal("0.2"),
    )
    assert found.class_shares == {"chat": 0.5, "": 0.5}
    assert found.peak_to_mean == 24, "all tokens of a day in one of its hours"
    assert float(found.duty_share or 0) == pytest.approx(100 * 2.1 / 864_000, abs=1e-4)
    assert (part.rates.prompt_tps, part.rates.gen_tps, part.rates.concurrency) == (Decimal("949.5"), 50, 1)
    assert (part.energy.idle_w, part.energy.active_prefill_w, part.energy.active_decode_w) == (20, 70, 60)
    assert (part.energy.tariff_usd_per_kwh, part.hardware.capex_usd) == (Decimal("0.15"), 2500)
    assert part.origins["workload.mix"] == part.origins["energy.idle_w"] == "measured"
    assert part.origins["energy.tariff_usd_per_kwh"] == "user"
    assert part.notes["workload.tokens_month"] == "10 days of the ledger, 100 runs"
    assert set(found.local_ttft_ms) == {"50", "95"}
    assert found.api_ttft_ms == {}


async def test_bench_and_all_but_one_run_of_a_compared_prompt_are_no_workload(database: Database) -> None:
    await keep(
        database,
        a_run(1, 48),
        a_run(2, 47, route="bench"),
        a_run(3, 47, route="tune"),
        a_run(4, 47, column=1, target=API),
        a_run(5, 47, repeat=2),
        a_run(6, 47, route="gateway:editor"),
    )
    found = await measured(database)
    assert found.runs == 2
    assert found.profile.workload.tokens_month == round(800 / 2 * 30.4375)


async def test_the_first_hours_of_a_ledger_count_as_a_day(database: Database) -> None:
    await keep(database, a_run(1, 1, energy=Energy(source="user_watts", joules=3.0)))
    typed = Settings(energy=EnergySettings(idle_watts=7, active_watts=300))
    found = await measured(database, typed)
    assert found.days < 0.1
    assert found.profile.workload.tokens_month == round(400 * 30.4375)
    assert (found.peak_to_mean, found.duty_share) == (None, None)
    assert found.profile.notes["workload.mix"] == "less than a day of the ledger, 1 run"
    assert found.profile.energy.active_decode_w == 300
    assert found.profile.origins["energy.active_decode_w"] == "user"
    assert found.local_ttft_ms == {}, "one run is too few for a percentile"


async def test_disturbed_runs_and_other_weights_are_not_in_the_rates(database: Database) -> None:
    slow = Timing(ttft_ms=900.0, e2e_ms=9_000.0, prompt_tps=10.0, gen_tps=1.0)
    other = TargetInfo(name="gemma", kind="local", model="gemma")
    await keep(
        database,
        *(a_run(at, 30) for at in range(3)),
        a_run(3, 30, timing=slow, state=RunState(beside=["gemma"])),
        *(a_run(at, 29, target=other, timing=slow) for at in range(4, 6)),
        *(a_run(at, 28, target=API, timing=Timing(ttft_ms=200.0 + at)) for at in range(6, 66)),
    )
    found = await measured(database)
    assert (found.weights, found.profile.rates.gen_tps) == ("starter", 50)
    assert set(found.api_ttft_ms) == {"50", "95"}
    assert (await measured(database, weights="gemma")).profile.rates.gen_tps == 1
    assert (await measured(database, weights="nobody")).profile.rates.gen_tps is None


async def test_an_empty_ledger_knows_nothing(database: Database) -> None:
    found = await measured(database)
    assert (found.days, found.runs, found.weights) == (0, 0, None)
    assert found.profile.workload.tokens_month is None
    assert found.profile.origins == {}
    with pytest.raises(UsageError, match="number of days"):
        await measured(database, days=0)


@pytest.mark.parametrize(
    ("prompt", "output", "text"),
    [(3, 1, "3:1"), (1, 2, "1:2"), (10, 3, "3.33:1"), (12_345, 1, "12345:1"), (5, 0, "1:0"), (0, 5, "0:1")],
)
def test_a_mix_reads_well_and_can_be_read(prompt: int, output: int, text: str) -> None:
    assert mix_text(prompt, output) == text
    assert float(parse_mix(text).input_share) == pytest.approx(prompt / (prompt + output), abs=0.002)
