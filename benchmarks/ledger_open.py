"""A ledger of a million runs: how fast the Costs page's sums are read, and how fast runs are written.

.venv/bin/python benchmarks/ledger_open.py [--runs 1000000] [--days 365]

The runs are spread over the days, four targets and five classes: the sums by quarter of an hour then
have nearly as many rows as there are runs, which is the worst case for them.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apsw

from steelyard.core.base.units import usd_text
from steelyard.core.costs.ledger.ledger_desk import LedgerDesk
from steelyard.core.costs.prices.price_book import TokenPrices
from steelyard.core.store.database import Database
from steelyard.core.store.ledger import Ledger
from steelyard.core.store.run_rows import encode_run
from steelyard.core.values.prompt import Message
from steelyard.core.values.run import Cost, Energy, Run, TargetInfo, Timing, Usage
from steelyard.core.values.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_ROUNDS = 5
_TARGETS = (
    TargetInfo(name="starter", kind="local", model="SmolLM2-135M"),
    TargetInfo(name="gemma", kind="local", model="gemma-3-270m"),
    TargetInfo(name="cloud", kind="api", model="gpt-4o-mini"),
    TargetInfo(name="large", kind="api", model="gpt-4o"),
)
_CLASSES = (None, "chat", "batch", "code", "mail")
_INSERT = (
    "INSERT INTO runs (id, turn, position, started_at, target, kind, model, class, finish_reason, usd_pico,"
    " prompt_tokens, completion_tokens, messages, text, document)"
    " VALUES (?, 0, 0, ?, ?, ?, ?, ?, 'stop', ?, ?, ?, '[]', 'An answer of some words.', ?)"
)


def a_run(number: int, draw: random.Random, moment: datetime) -> tuple[Run, int]:
    """A finished run, and its money in pico-dollars."""
    target, pico = draw.choice(_TARGETS), draw.randrange(10**10)
    usd = usd_text(pico)
    is_local = target.kind == "local"
    cost = Cost(usd=usd, marginal_usd=usd, basis="local_marginal") if is_local else Cost(usd=usd)
    run = Run(
        id=f"r{number:09d}",
        started_at=moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        target=target,
        class_=draw.choice(_CLASSES),
        finish_reason="stop",
        usage=Usage(prompt_tokens=draw.randrange(4000), completion_tokens=draw.randrange(1000)),
        timing=Timing(ttft_ms=80.0, e2e_ms=2400.0, prompt_tps=900.0, gen_tps=61.0, attempts=1),
        energy=Energy(joules=31.5, source="rapl", idle_w=20.0) if is_local else Energy(),
        cost=cost,
        raw={"timings": {"prompt_n": 17, "prompt_ms": 80.1, "predicted_n": 90, "predicted_ms": 1400.2}},
    )
    return run, pico


def fill(path: Path, runs: int, days: int) -> int:
    """Rows straight into the table; the ledger's own triggers keep the sums. Returns all money, pico."""
    draw, now, total = random.Random(1), datetime.now(UTC), 0
    connection: Any = apsw.Connection(str(path))
    connection.execute("PRAGMA synchronous = OFF")
    for begin in range(0, runs, 20_000):
        with connection:
            for number in range(begin, min(runs, begin + 20_000)):
                age_s = days * 86_400 * (1 - number / runs) * draw.uniform(0.999, 1)
                run, pico = a_run(number, draw, now - timedelta(seconds=age_s))
                total += pico
                usage, target = run.usage, run.target
                values = (run.id, run.started_at, target.name, target.kind, target.model, run.class_, pico)
                counts = (usage.prompt_tokens, usage.completion_tokens)
                connection.execute(_INSERT, (*values, *counts, encode_run(run)))
    connection.close()
    return total


async def times_ms(what: str, work: Callable[[], Awaitable[object]]) -> None:
    """Print the first time and the median of the next."""
    spent: list[float] = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        await work()
        spent.append(1000 * (time.perf_counter() - started))
    print(f"{what}: first {spent[0]:.0f} ms, then {statistics.median(spent[1:]):.0f} ms")


async def inserts_per_s(path: Path, at_once: int, count: int) -> float:
    """Whole runs (their row, then their end) through the ledger's writer, so many under way at a time."""
    database = Database(path)
    await database.open()
    ledger, draw, now = Ledger(database), random.Random(2), datetime.now(UTC)
    runs = [a_run(10**8 + number, draw, now)[0] for number in range(count)]
    asked = [Message(role="user", content="A question of some words.")]

    async def write(some: list[Run]) -> None:
        for run in some:
            await ledger.begin_run(run, asked)
            await ledger.finish_run(run, {})

    started = time.perf_counter()
    await asyncio.gather(*(write(runs[at::at_once]) for at in range(at_once)))
    spent = time.perf_counter() - started
    await database.close()
    return 2 * count / spent


async def measure(folder: Path, runs: int, days: int) -> None:
    """Build, read, write."""
    path = folder / "ledger.sqlite3"
    database = Database(path)
    await database.open()
    await database.close()
    started = time.perf_counter()
    total = fill(path, runs, days)
    spent = time.perf_counter() - started
    print(f"{runs:,} rows over {days} days, sums kept by triggers: {runs / spent:,.0f} rows/s in bulk")
    price = TokenPrices(Decimal(3), Decimal(15), Decimal("0.3"), None, "benchmark", None)
    started = time.perf_counter()
    database = Database(path)
    await database.open()
    await Ledger(database).mark_interrupted()
    print(f"opened: {1000 * (time.perf_counter() - started):.0f} ms")
    desk = LedgerDesk(database, Settings, lambda _name: price)
    month = (datetime.now().astimezone() - timedelta(days=30)).date().isoformat()
    await times_ms("30 days by target", lambda: desk.read(month, "target", "x"))
    await times_ms("30 days by day", lambda: desk.read(month, "day", "x"))
    for by in ("target", "class", "model", "day"):
        await times_ms(f"all by {by}", lambda by=by: desk.read(None, by, "x"))
    await times_ms("measured inputs of 30 days", lambda: desk.measured(30))
    ledger = await desk.read(None, "target", None)
    print(f"all money: {ledger.total.api_usd} USD paid, {ledger.total.local_marginal_usd} USD here")
    both = Decimal(ledger.total.api_usd or "0") + Decimal(ledger.total.local_marginal_usd or "0")
    print("adds up to the pico-dollar:", both == Decimal(usd_text(total) or "0"))
    await database.close()
    for at_once, count in ((1, 500), (32, 3_000)):
        rate = await inserts_per_s(folder / f"write-{at_once}.sqlite3", at_once, count)
        print(f"writes through the ledger, {at_once} at a time: {rate:,.0f} rows/s")


def main() -> int:
    """Build a ledger in a temporary folder, and time it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=365)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sy-ledger-") as folder:
        asyncio.run(measure(Path(folder), words.runs, words.days))
    return 0


if __name__ == "__main__":
    sys.exit(main())
