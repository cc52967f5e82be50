"""The ledger on a real SQLite file, settings on a real TOML file."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import msgspec
import pytest

from steelyard.core.base.errors import AppError
from steelyard.core.store import database as database_module
from steelyard.core.store.comparisons import ComparisonStore
from steelyard.core.store.database import Database
from steelyard.core.store.ledger import Ledger
from steelyard.core.store.settings import SettingsStore
from steelyard.core.values.comparison import ComparisonPlan, NotComparable
from steelyard.core.values.prompt import Message
from steelyard.core.values.run import Cost, Run, TargetInfo, Usage
from steelyard.core.values.settings import EnergySettings, Settings
from steelyard.core.values.targets import ApiPrices, ApiTarget

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from steelyard.core.store.database import Connection

TARGET = TargetInfo(name="starter", kind="local", model="m")
ASKED = [Message(role="user", content="Hi")]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "ledger.sqlite3")
    await database.open()
    yield database
    await database.close()


async def begin(database: Database, targets: list[str], prompt: str = "Hi") -> ComparisonStore:
    store = ComparisonStore(database)
    plan = ComparisonPlan(targets=targets, prompt=prompt, schedule="concurrent")
    await store.begin("c1", "2026-11-21T10:00:00.000Z", plan, targets)
    return store


def run(number: int, **more: object) -> Run:
    return Run(id=f"run{number}", started_at=f"2026-11-21T10:00:0{number}.000Z", target=TARGET, **more)


async def test_a_run_that_was_cut_off_is_interrupted_with_its_text(database: Database) -> None:
    ledger = Ledger(database)
    store = await begin(database, ["starter"])
    await ledger.begin_run(run(1, comparison_id="c1"), ASKED)
    await ledger.flush_text("run1", "half an ans", None)
    assert await ledger.mark_interrupted() == 1
    assert await ledger.mark_interrupted() == 0
    history = await store.read("c1")
    ((answer,),) = [column.answers for column in history.columns]
    kept = answer.run
    assert history.missing_runs == 1, "it can be resumed"
    assert (kept.finish_reason, kept.text) == ("interrupted", "half an ans")
    assert kept.error is not None


FOREIGN = '{"id": "run1", "started_at": "x", "target": {"name": "s", "kind": "hologram", "model": "m"}}'


async def test_a_run_of_another_version_does_not_stop_the_start(database: Database) -> None:
    """It stays as it is; what this version can read is closed and shown."""
    ledger = Ledger(database)
    store = await begin(database, ["a", "b"])
    for number in (1, 2):
        await ledger.begin_run(run(number, comparison_id="c1", column=number - 1), ASKED)
        await ledger.flush_text(f"run{number}", f"t{number}", None)
    update = "UPDATE runs SET document = ? WHERE id = 'run1'"
    await database.call(lambda connection: connection.execute(update, (FOREIGN,)))
    assert await ledger.mark_interrupted() == 2
    assert await ledger.mark_interrupted() == 0, "the next start does not stumble over it again"
    history = await store.read("c1")
    assert [[one.run.text for one in column.answers] for column in history.columns] == [[], ["t2"]]
    query = "SELECT document, text FROM runs WHERE id = 'run1'"
    assert await database.call(lambda connection: connection.execute(query).fetchone()) == (FOREIGN, "t1")


async def test_a_comparison_that_another_version_judged_can_be_opened_and_continued(
    database: Database,
) -> None:
    store = await begin(database, ["a"])
    foreign = '[{"run_id": "r0", "metrics": ["ttft_ms"], "code": "wrong_moon", "detail": "full"}]'
    update = "UPDATE comparisons SET not_comparable = ?"
    await database.call(lambda connection: connection.execute(update, (foreign,)))
    ours = NotComparable(run_id="r1", metrics=["usd"], code="retried", detail="2 attempts")
    await store.conclude("c1", ["r1"], [ours])
    assert (await store.read("c1")).not_comparable == [ours]
    query = "SELECT not_comparable FROM comparisons"
    (stored,) = await database.call(lambda connection: connection.execute(query).fetchone())
    assert "wrong_moon" in stored


async def test_history_and_spending(database: Database) -> None:
    ledger = Ledger(database)
    store = await begin(database, ["a", "b"], prompt="Hi\n there")
    for number, usd in ((1, "0.000000000001"), (2, "0.3"), (3, None)):
        one = run(number, comparison_id="c1", column=number % 2)
        await ledger.begin_run(one, ASKED)
        done = msgspec.structs.replace(
            one, finish_reason="stop", text=f"t{number}", cost=Cost(usd=usd), usage=Usage(prompt_tokens=1)
        )
        await ledger.finish_run(done, {"content": [1, 2]})
    (row,) = await store.rows(10)
    assert (row.title, row.targets, row.turns) == ("Hi there", ["a", "b"], 1)
    spending = await ledger.spending_since("2026-11-21T00:00:00.000Z")
    assert (spending.today_usd, spending.runs, spending.unpriced_runs) == ("0.300000000001", 3, 1)
    assert (await ledger.spending_since("2026-11-22T00:00:00.000Z")).today_usd is None
    history = await store.read("c1")
    assert [[one.run.text for one in column.answers] for column in history.columns] == [["t2"], ["t1", "t3"]]
    assert {one.question.content for column in history.columns for one in column.answers} == {"Hi"}
    with pytest.raises(AppError, match="No such comparison"):
        await store.read("nope")


async def test_deleted_text_is_not_left_in_the_file_and_the_file_is_private(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "ledger.sqlite3"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    secure = await database.call(lambda connection: connection.execute("PRAGMA secure_delete").fetchone()[0])
    assert secure == 1


@pytest.mark.parametrize("content", [b"this is no database", b"SQLite format 3\x00" + b"\xff" * 5000])
async def test_a_damaged_ledger_is_set_aside_not_lost(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger.sqlite3"
    path.write_bytes(content)
    database = Database(path)
    await database.open()
    assert await ComparisonStore(database).rows(5) == []
    await database.close()
    (aside,) = [p for p in tmp_path.glob("*.damaged-*") if not p.name.endswith(("-wal", "-shm"))]
    assert aside.read_bytes() == content
    assert aside.name in database.notices[0]


async def test_a_damaged_ledger_that_cannot_be_set_aside_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, _target: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "ledger.sqlite3").write_bytes(b"this is no database")
    monkeypatch.setattr(Path, "rename", refuse)
    database = Database(tmp_path / "ledger.sqlite3")
    with pytest.raises(AppError, match=r"cannot be written.*Permission denied"):
        await database.open()
    await database.close()


async def test_the_copy_before_a_migration_is_private_and_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Database(tmp_path / "ledger.sqlite3")
    await before.open()
    await begin(before, [], prompt="secret")
    await before.close()
    steps = (*database_module.MIGRATIONS, "ALTER TABLE runs ADD COLUMN mood TEXT")
    monkeypatch.setattr(database_module, "MIGRATIONS", steps)
    old_mask = os.umask(0o022)
    try:
        after = Database(tmp_path / "ledger.sqlite3")
        await after.open()
        await after.close()
    finally:
        os.umask(old_mask)
    (copy,) = tmp_path.glob(f"ledger.sqlite3.schema-{len(database_module.MIGRATIONS) - 1}-*")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    connection = apsw.Connection(str(copy), flags=apsw.SQLITE_OPEN_READONLY)
    assert connection.execute("SELECT title FROM comparisons").fetchall() == [("secret",)]
    connection.close()


async def test_a_newer_ledger_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", 99)
    connection.close()
    before = path.read_bytes()
    database = Database(path)
    with pytest.raises(AppError, match="newer"):
        await database.open()
    await database.close()
    assert path.read_bytes() == before


def test_settings_keep_what_this_version_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(
        '# my notes\nfuture = "x"\ntheme = "dark"\n[energy]\nactive_watts = 80.0\nsolar = true\n'
        '[[targets]]\nname = "a"\nurl = "http://h"\nmodel = "m"\nformat = "openai"\ncolour = "red"\n'
    )
    store = SettingsStore(path)
    store.load()
    assert store.notices == []
    assert (store.current.theme, store.current.energy.active_watts) == ("dark", 80.0)
    changed = msgspec.structs.replace(
        store.current,
        theme="light",
        energy=EnergySettings(tariff_usd_per_kwh=0.3),
        targets=[*store.current.targets, ApiTarget(name="b", url="http://b", model="m", format="anthropic")],
    )
    store.save(changed)
    text = path.read_text()
    for kept in ("# my notes", 'future = "x"', "solar = true", 'colour = "red"', 'theme = "light"'):
        assert kept in text
    assert "active_watts" not in text
    again = SettingsStore(path)
    again.load()
    assert again.current == changed
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content",
    [b"theme = 'pink'", b"[[[", b"\xff\xfe", b"servers = 3", b"schema_version = 'x'", b"x = 1\n" * 300_000],
)
def test_a_broken_settings_file_is_reported_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(content)
    store = SettingsStore(path)
    store.load()
    assert store.current == Settings()
    assert "settings file was not used" in store.notices[0]
    assert path.read_bytes() == content
    store.save(Settings(theme="dark"))
    assert (tmp_path / "settings.toml.unreadable-1").read_bytes() == content
    assert "dark" in path.read_text()


def test_prices_survive_as_text(tmp_path: Path) -> None:
    store = SettingsStore(tmp_path / "settings.toml")
    target = ApiTarget(
        name="a", url="http://h", model="m", format="openai", prices=ApiPrices(input="0.1", output="0.30")
    )
    store.save(Settings(targets=[target]))
    again = SettingsStore(tmp_path / "settings.toml")
    again.load()
    assert again.current.targets == [target]


async def test_one_that_fails_takes_nobody_along_who_shares_its_commit(database: Database) -> None:
    await database.call(lambda connection: connection.execute("CREATE TABLE kept (number INTEGER UNIQUE)"))

    def adding(number: int) -> Callable[[Connection], None]:
        def work(connection: Connection) -> None:
            connection.execute("INSERT INTO kept VALUES (?)", (number,))

        return work

    asked = [database.call(adding(number)) for number in [*range(40), 7, *range(40, 60)]]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    failed = [answer for answer in answers if answer is not None]
    assert len(failed) == 1
    assert isinstance(failed[0], AppError)
    rows = await database.call(lambda connection: list(connection.execute("SELECT number FROM kept")))
    assert sorted(number for (number,) in rows) == list(range(60))


async def test_who_gives_up_before_its_turn_writes_nothing(database: Database) -> None:
    await database.call(lambda connection: connection.execute("CREATE TABLE kept (number INTEGER)"))
    gate = threading.Event()
    first = asyncio.create_task(database.call(lambda _connection: gate.wait(10)))
    await asyncio.sleep(0)
    late = asyncio.create_task(
        database.call(lambda connection: connection.execute("INSERT INTO kept VALUES (1)"))
    )
    await asyncio.sleep(0.05)
    late.cancel()
    await asyncio.sleep(0.05)
    gate.set()
    await asyncio.gather(first, late, return_exceptions=True)
    rows = await database.call(lambda connection: list(connection.execute("SELECT * FROM kept")))
    assert rows == []
