"""The price book: what tokens cost on a day, the user's own prices, and an update only on request."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.costs.prices import price_update
from steelyard.core.costs.prices.book import shipped_book
from steelyard.core.costs.prices.caching import calls_to_pay
from steelyard.core.costs.prices.price_book import PriceSources, price_problem, prices_for
from steelyard.core.costs.prices.price_desk import PriceDesk
from steelyard.core.costs.run_cost import api_cost
from steelyard.core.store.database import Database
from steelyard.core.store.ledger import Ledger
from steelyard.core.store.settings import SettingsStore
from steelyard.core.values import cost_commands as cc
from steelyard.core.values.price_rows import PricedTokens, PriceOverride
from steelyard.core.values.prompt import Message
from steelyard.core.values.run import Cost, Run, TargetInfo, Usage
from steelyard.core.values.settings import CostSettings
from steelyard.core.values.targets import ApiPrices, ApiTarget

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SONNET = "anthropic/claude-3-5-sonnet"
TODAY = datetime.now(UTC).date()


@pytest.fixture
def desk(tmp_path: Path) -> PriceDesk:
    return desk_at(tmp_path)


def desk_at(home: Path) -> PriceDesk:
    store = SettingsStore(home / "settings.toml")
    store.load()
    return PriceDesk(store, home)


def with_targets(home: Path, *targets: ApiTarget, comparator: str | None = None) -> PriceDesk:
    store = SettingsStore(home / "settings.toml")
    store.save(
        msgspec.structs.replace(
            store.current, targets=list(targets), costs=CostSettings(comparator=comparator)
        )
    )
    return PriceDesk(store, home)


def api(name: str = "mini", url: str = "https://api.openai.com/v1", **more: Any) -> ApiTarget:
    return ApiTarget(**{"name": name, "url": url, "model": "gpt-4o-mini", "format": "openai", **more})


async def priced(desk: PriceDesk, model: str, **counts: Any) -> PricedTokens:
    return await desk.execute(cc.PriceTokens(**{"model": model, "input": 0, "output": 0, **counts}))


# ---- what tokens cost ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "usd"),
    [
        ({"cached": 8000}, "0.0159"),
        ({"cache_write": 8000}, "0.0435"),
        ({}, "0.0375"),
        ({"batch": True}, "0.01875"),
    ],
)
async def test_golden_caching(desk: PriceDesk, more: dict[str, Any], usd: str) -> None:
    """G12: 10,000 tokens of prompt, 8,000 of them cached, 500 out, Claude 3.5 Sonnet."""
    found = await priced(desk, SONNET, input=10_000, output=500, **more)
    assert found.usd == usd
    assert sum(Decimal(part.usd) for part in found.parts) == Decimal(usd)


async def test_golden_reasoning(desk: PriceDesk) -> None:
    """G13: hidden reasoning is billed like output, and comes on top of what is visible."""
    found = await priced(desk, "openai/gpt-4o", output=200, reasoning=1800)
    assert found.usd == "0.02"
    assert {part.what: part.quantity for part in found.parts} == {
        "input": 0,
        "output": 200,
        "reasoning": 1800,
    }


@pytest.mark.parametrize(
    ("model", "input_usd", "output_usd"),
    [
        ("openai/gpt-4o", "2.5", "10"),
        ("openai/gpt-4o-mini", "0.15", "0.6"),
        (SONNET, "3", "15"),
        ("google/gemini-1.5-pro", "1.25", "5"),
    ],
)
async def test_the_sources_price_table(desk: PriceDesk, model: str, input_usd: str, output_usd: str) -> None:
    """S21, a million tokens each way in pieces that stay below any tier."""
    found = await priced(desk, model, input=100_000, output=100_000)
    by_part = {part.what: Decimal(part.usd) * 10 for part in found.parts}
    assert by_part == {"input": Decimal(input_usd), "output": Decimal(output_usd)}
    assert found.price_id == f"{shipped_book().name}:{model}"
    assert found.price_date == shipped_book().date


def test_when_a_cache_pays() -> None:
    """The second half of G12: from call 2 on for five minutes, from call 3 on for an hour."""
    five_minutes = calls_to_pay(Decimal(3), Decimal("3.75"), Decimal("0.3"))
    one_hour = calls_to_pay(Decimal(3), Decimal(6), Decimal("0.3"))
    assert five_minutes is not None
    assert one_hour is not None
    assert (round(five_minutes, 3), round(one_hour, 3)) == (Decimal("1.278"), Decimal("2.111"))
    assert calls_to_pay(Decimal(1), Decimal(1), Decimal(1)) is None


@pytest.mark.parametrize(
    ("model", "edge"), [("anthropic/claude-sonnet-4-5", 200_000), ("google/gemini-1.5-pro", 128_000)]
)
async def test_a_long_prompt_meets_its_tier_with_all_tokens(desk: PriceDesk, model: str, edge: int) -> None:
    at, beyond = [await priced(desk, model, input=count, output=0) for count in (edge, edge + 1)]
    assert Decimal(beyond.usd) == 2 * Decimal(at.usd) / edge * (edge + 1)
    assert any("tier" in note for note in beyond.notes)
    assert not any("tier" in note for note in at.notes)


async def test_a_batch_is_half_or_the_books_or_unknown(desk: PriceDesk) -> None:
    in_book = await priced(desk, "openai/gpt-4o", input=1000, output=200, batch=True)
    assert (in_book.usd, in_book.notes) == ("0.00225", [])
    by_rule = await priced(desk, SONNET, input=1000, output=0, cached=1000, batch=True)
    assert by_rule.usd == "0.00015"
    assert "general rule" in by_rule.notes[0]
    with pytest.raises(UsageError, match="No batch price is known"):
        await priced(desk, "deepseek/deepseek-chat", input=1000, batch=True)


async def test_retired_models_are_named(desk: PriceDesk) -> None:
    for model, since in ((SONNET, "2025-10-28"), ("google/gemini-1.5-pro", "2025-09-24")):
        notes = (await priced(desk, model, input=1)).notes
        assert any("retired" in note and since in note for note in notes)
    rows = {row.model: row for row in (await desk.execute(cc.ReadPrices(limit=5000))).rows}
    assert rows[SONNET].retired
    assert rows["openai/gpt-4o"].retired is None
    assert "outgoing" in (rows["google/gemini-2.0-flash"].retired or "")


async def test_a_price_has_a_day(desk: PriceDesk) -> None:
    """This model became cheaper on a day that the book knows."""
    before = await priced(desk, "anthropic/claude-sonnet-4-6", input=300_000, date="2026-03-12")
    after = await priced(desk, "anthropic/claude-sonnet-4-6", input=300_000, date="2026-03-13")
    assert (before.usd, after.usd) == ("1.8", "0.9")
    unknown = await priced(desk, "openai/gpt-4o", input=1, date="2024-09-01")
    assert any("does not say since when" in note for note in unknown.notes)


@pytest.mark.parametrize("date", ["2999-01-01", "1990-01-01", "2026-02-30", "yesterday", "", "0000-00-00"])
async def test_days_without_a_price(desk: PriceDesk, date: str) -> None:
    with pytest.raises(UsageError):
        await priced(desk, "openai/gpt-4o", input=1, date=date)


@pytest.mark.parametrize(
    "wrong",
    [
        {"input": -1},
        {"output": 10**30},
        {"input": 10, "cached": 6, "cache_write": 5},
        {"reasoning": -5},
        {"input": 10**5000},
    ],
)
async def test_silly_counts(desk: PriceDesk, wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError) as caught:
        await priced(desk, "openai/gpt-4o", **wrong)
    assert len(caught.value.one_line()) < 200


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**18), st.integers(0, 10**18), st.integers(0, 10**18))
def test_parts_add_up_to_the_last_digit(fresh: int, cached: int, output: int) -> None:
    usage = Usage(prompt_tokens=fresh + cached, cached_tokens=cached, completion_tokens=output)
    prices = prices_for(api(), usage.prompt_tokens or 0)
    cost = api_cost(usage, prices)
    assert prices is not None
    assert prices.cached is not None
    exact = fresh * prices.input + cached * prices.cached + output * prices.output
    assert abs(Decimal(cost.usd or "") - exact / 10**6) <= Decimal("1.5e-12")
    assert sum(int(Decimal(part.usd).scaleb(12)) for part in cost.parts) == int(
        Decimal(cost.usd or "").scaleb(12)
    )


# ---- whose prices --------------------------------------------------------------------------------------


async def test_a_bare_name_is_the_first_partys(desk: PriceDesk) -> None:
    found = await priced(desk, "gpt-4o", input=1_000_000)
    assert (found.usd, found.notes) == ("2.5", ["Taken as openai/gpt-4o."])
    assert (await priced(desk, "sonar", input=1)).notes[0] == "Taken as perplexity/sonar."


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("gpt4o-mini", "openai/gpt-4o-mini"),
        ("openai/gpt-4o-min", "openai/gpt-4o-mini"),
        ("nobody/at-all", "PROVIDER/MODEL"),
        ("", "PROVIDER/MODEL"),
        ("x" * 5000, "PROVIDER/MODEL"),
        ("a\nb/c", "PROVIDER/MODEL"),
    ],
)
async def test_an_unknown_name_says_what_is_near(desk: PriceDesk, name: str, near: str) -> None:
    with pytest.raises(UsageError) as caught:
        await priced(desk, name, input=1)
    assert near in caught.value.one_line()


async def test_a_name_of_several_providers_lists_them(desk: PriceDesk) -> None:
    with pytest.raises(UsageError, match=r"Several providers offer .*: .*/.*, .*/"):
        await priced(desk, "meta-llama/Llama-3.3-70B-Instruct", input=1)


async def test_a_targets_name_means_its_prices(tmp_path: Path) -> None:
    own = api(
        "own", "http://127.0.0.1:1/v1", prices=ApiPrices(input="7", output="8"), prices_date="2026-11-01"
    )
    like = api("like", "http://127.0.0.1:1/v1", price_like="openai/gpt-4o")
    dark = api("dark", "http://127.0.0.1:1/v1")
    desk = with_targets(tmp_path, own, like, dark, api())
    found = await priced(desk, "own", input=1_000_000)
    assert (found.usd, found.price_id, found.price_date) == ("7", "user:own", "2026-11-01")
    assert [desk.find(name).input for name in ("like", "mini")] == [Decimal("2.5"), Decimal("0.15")]
    for name, more in (("dark", {}), ("own", {"batch": True})):
        with pytest.raises(UsageError, match="price is known"):
            await priced(desk, name, input=1, **more)


# ---- the user's own prices -----------------------------------------------------------------------------


async def test_own_prices_go_before_the_book_everywhere(tmp_path: Path) -> None:
    desk = with_targets(tmp_path, api(), api("like", price_like="openai/gpt-4o-mini"), api(model="gpt-4o"))
    price = PriceOverride(model="OpenAI/gpt-4o-mini", input="1.50", output="2", source="invoice of May")
    row = await desk.execute(cc.SavePrice(price=price))
    assert (row.input, row.valid_from, row.is_override) == ("1.5", TODAY.isoformat(), True)
    for target in (api(), api("like", price_like="openai/gpt-4o-mini"), api(model="gpt-4o-mini-2024-07-18")):
        found = prices_for(target, sources=desk.sources)
        assert found is not None
        assert (found.input, found.price_id) == (Decimal("1.5"), "user:OpenAI/gpt-4o-mini")
        assert found.price_date == TODAY.isoformat()
    assert desk.find("gpt-4o-mini").input == Decimal("1.5")
    assert desk_at(tmp_path).find("openai/gpt-4o-mini").input == Decimal("1.5")  # it is in the file
    await desk.execute(cc.RemovePrice(model="openai/gpt-4o-mini"))
    assert desk.find("gpt-4o-mini").input == Decimal("0.15")
    with pytest.raises(UsageError):
        await desk.execute(cc.RemovePrice(model="openai/gpt-4o-mini"))


async def test_an_own_price_counts_from_its_day(desk: PriceDesk) -> None:
    own = PriceOverride(model="openai/gpt-4o", input="1", output="1", date="2026-06-01")
    await desk.execute(cc.SavePrice(price=own))
    assert (await priced(desk, "openai/gpt-4o", input=10**6, date="2026-06-01")).usd == "1"
    earlier = await priced(desk, "openai/gpt-4o", input=10**6, date="2026-05-31")
    assert (earlier.usd, "2026-06-01" in earlier.notes[0]) == ("2.5", True)


async def test_a_model_that_only_the_user_knows(desk: PriceDesk) -> None:
    own = PriceOverride(
        model="acme/big-1", input="4", output="8", cached="0", batch_input="2", batch_output="3"
    )
    await desk.execute(cc.SavePrice(price=own))
    assert desk.find("big-1").output == Decimal(8)
    assert (await priced(desk, "acme/big-1", input=10**6, output=10**6, batch=True)).usd == "5"
    assert (await priced(desk, "acme/big-1", input=10**6, cached=10**6)).usd == "0"
    listed = await desk.execute(cc.ReadPrices(overrides_only=True))
    assert [(row.model, row.is_override) for row in listed.rows] == [("acme/big-1", True)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": "gpt-4o"},
        {"model": "/x"},
        {"model": "a/" + "x" * 300},
        {"model": "a/b\nc"},
        {"input": "-1"},
        {"input": ""},
        {"input": "NaN"},
        {"cached": "1,5"},
        {"batch_input": "1"},
        {"date": "tomorrow"},
        {"date": (TODAY + timedelta(days=30)).isoformat()},
        {"source": "x" * 500},
    ],
)
async def test_silly_own_prices_are_refused(desk: PriceDesk, wrong: dict[str, str]) -> None:
    price = PriceOverride(**{"model": "openai/gpt-4o", "input": "1", "output": "1", **wrong})
    with pytest.raises(UsageError):
        await desk.execute(cc.SavePrice(price=price))
    assert desk.find("openai/gpt-4o").input == Decimal("2.5")


def test_an_own_price_broken_by_hand_is_told_and_not_used() -> None:
    broken = PriceOverride(model="openai/gpt-4o-mini", input="abc", output="1")
    sources = PriceSources(shipped_book, lambda: [broken])
    assert prices_for(api(), sources=sources) is None
    assert price_problem(api(), sources) is not None


# ---- the list, the comparators -------------------------------------------------------------------------


async def test_the_list_is_searched_by_all_words(desk: PriceDesk) -> None:
    found = await desk.execute(cc.ReadPrices(query="MINI openai 4o", limit=2))
    assert len(found.rows) == 2
    assert found.total > 2
    names = [row.model for row in (await desk.execute(cc.ReadPrices(limit=10**9))).rows]
    assert names == sorted(names, key=str.casefold)
    assert found.info.models == len(names)
    assert (found.info.name, found.info.updated_at) == (shipped_book().name, None)
    sonnet = (await desk.execute(cc.ReadPrices(query="anthropic/claude-sonnet-4-5"))).rows[0]
    assert (sonnet.tiers[0].above_tokens, sonnet.tiers[0].input, sonnet.batch_input) == (200_000, "6", "1.5")


def test_always_three_comparators(tmp_path: Path) -> None:
    nothing = desk_at(tmp_path / "empty").comparators(None, None)
    assert [row.kind for row in nothing] == ["configured", "hosted", "passing"]
    assert all(row.unknown and row.price_in is None for row in nothing)
    assert "Choose a model" in nothing[0].unknown
    assert "No suite" in nothing[2].unknown
    desk = with_targets(tmp_path, api("dark", "http://127.0.0.1:1/v1"), api(), comparator=None)
    configured, hosted, _ = desk.comparators(None, "google/gemini-1.5-pro")
    assert (configured.name, configured.price_in, configured.origin) == ("mini", Decimal("0.15"), "catalogue")
    assert (hosted.is_retired, hosted.price_date) == (True, shipped_book().date)
    assert "nobody" in desk.comparators("nobody", None)[0].unknown
    chosen = with_targets(tmp_path, api(), comparator="openai/gpt-4o").comparators(None, None)[0]
    assert chosen.name == "openai/gpt-4o"


# ---- an update, on request -----------------------------------------------------------------------------


def book_data(day: str, usd: float = 3.25) -> list[dict[str, Any]]:
    prices = [
        {"prices": {"input_mtok": 1, "output_mtok": 2}},
        {"constraint": {"start_date": day}, "prices": {"input_mtok": usd, "output_mtok": 2}},
    ]
    model = {"id": "gpt-4o", "match": {"equals": "gpt-4o"}, "prices": prices}
    extractors = [
        {"root": "x", "model_path": "y", "mappings": [{"path": "a", "dest": "b", "required": True}]}
    ]
    return [
        {
            "id": "openai",
            "name": "OpenAI",
            "api_pattern": r"https://api\.openai\.com",
            "model_match": {"starts_with": "gpt-"},
            "extractors": extractors,
            "models": [model],
        }
    ]


class Mirror:
    """A loopback server that answers with what it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.status = 200
        self.waits_s = 0.0
        self.body: bytes = json.dumps(book_data(TODAY.isoformat())).encode()
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                mirror.asked += 1
                time.sleep(mirror.waits_s)
                self.send_response(mirror.status)
                self.send_header("Location", "http://127.0.0.1:1/")
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(mirror.body)

            def log_message(self, *_args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/data.json"


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    served = Mirror()
    thread = threading.Thread(target=served.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv(price_update.URL_VARIABLE, served.url)
    yield served
    served.server.shutdown()
    served.server.server_close()
    thread.join()


async def test_a_stored_run_keeps_the_price_that_it_was_billed_with(tmp_path: Path, mirror: Mirror) -> None:
    """Neither a price of the user nor an update of the book changes what lies in the ledger."""
    desk = desk_at(tmp_path)
    target, usage = api(model="gpt-4o"), Usage(prompt_tokens=10**6, completion_tokens=0)

    def billed() -> Cost:
        return api_cost(usage, prices_for(target, 10**6, desk.sources))

    database = Database(tmp_path / "ledger.sqlite3")
    await database.open()
    info = TargetInfo(name="mini", kind="api", model="gpt-4o")
    run = Run(id="r1", started_at="2026-11-21T10:00:00.000Z", target=info, usage=usage, cost=billed())
    ledger = Ledger(database)
    await ledger.begin_run(run, [Message(role="user", content="Hi")])
    await ledger.finish_run(run, {})
    await desk.execute(cc.UpdatePrices())
    updated = billed()
    await desk.execute(cc.SavePrice(price=PriceOverride(model="openai/gpt-4o", input="9", output="9")))
    query = "SELECT document FROM runs WHERE id = 'r1'"
    document = await database.call(lambda connection: connection.execute(query).fetchone()[0])
    await database.close()
    kept = msgspec.json.decode(document, type=Run).cost
    assert (kept.usd, updated.usd, billed().usd) == ("2.5", "3.25", "9")
    assert (kept.price_id, kept.price_date) == (f"{shipped_book().name}:openai/gpt-4o", shipped_book().date)
    assert kept.parts[0].usd_per_million == "2.5"


async def test_an_update_is_used_and_kept(tmp_path: Path, mirror: Mirror) -> None:
    desk = desk_at(tmp_path)
    assert desk.find("openai/gpt-4o").input == Decimal("2.5")
    assert mirror.asked == 0  # nothing is fetched unless it is asked for
    info = await desk.execute(cc.UpdatePrices())
    assert (info.date, info.models, info.is_stale, mirror.asked) == (TODAY.isoformat(), 1, False, 1)
    assert info.name == f"genai-prices updated {TODAY.isoformat()}"
    assert desk.find("openai/gpt-4o").input == Decimal("3.25")
    again = desk_at(tmp_path)
    found = await priced(again, "openai/gpt-4o", input=10**6)
    assert (found.usd, found.price_id) == ("3.25", f"{info.name}:openai/gpt-4o")
    assert (await again.execute(cc.ReadPrices())).info.updated_at is not None
    assert mirror.asked == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b"[1]",
        b"[" * 100_000,
        b"[" + b"9" * 5000 + b"]",
        b"\xff\xfe",
        json.dumps(book_data(TODAY.isoformat(), -1.0)).encode(),
        json.dumps(book_data(TODAY.isoformat(), float("nan"))).encode(),
        json.dumps(book_data(TODAY.isoformat(), 1e30)).encode(),
        json.dumps(book_data("2020-01-01")).encode(),
        json.dumps(book_data(TODAY.isoformat())).replace("https://api", "(*").encode(),
        b" " * (17 << 20),
    ],
)
async def test_what_is_no_newer_book_is_refused(tmp_path: Path, mirror: Mirror, body: bytes) -> None:
    mirror.body = body
    desk = desk_at(tmp_path)
    with pytest.raises(AppError) as caught:
        await desk.execute(cc.UpdatePrices())
    assert "book in use stays" in caught.value.one_line()
    assert len(caught.value.one_line()) < 500
    assert "sys." not in caught.value.one_line(), "Python's settings are not the user's"
    assert desk.find("openai/gpt-4o").input == Decimal("2.5")
    assert not (tmp_path / "prices" / "book.json").exists()


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_other_answers_are_no_book(desk: PriceDesk, mirror: Mirror, status: int) -> None:
    mirror.status = status
    with pytest.raises(AppError, match=str(status)):
        await desk.execute(cc.UpdatePrices())


async def test_a_server_that_does_not_answer_is_given_up(mirror: Mirror) -> None:
    mirror.waits_s = 0.3
    with pytest.raises(AppError, match=r"took longer than 0.05 s"):
        await price_update.fetch_book(mirror.url, deadline_s=0.05)


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.org/x", "ftp://127.0.0.1/", "file:///etc/passwd", "nonsense"),
        *("https://u:secret@h/", "http://127.0.0.1:99999/", "http://127.0.0.1:0/"),
    ],
)
async def test_addresses_that_are_not_asked(
    desk: PriceDesk, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv(price_update.URL_VARIABLE, url)
    with pytest.raises(UsageError, match="address of a price book") as caught:
        await desk.execute(cc.UpdatePrices())
    assert "secret" not in caught.value.one_line()


@pytest.mark.parametrize("broken", [b"", b"{", b"\xff", b'{"fetched_at": 1}', b"null"])
async def test_a_broken_stored_book_gives_way_to_the_shipped_one(tmp_path: Path, broken: bytes) -> None:
    (tmp_path / "prices").mkdir()
    (tmp_path / "prices" / "book.json").write_bytes(broken)
    desk = desk_at(tmp_path)
    info = (await desk.execute(cc.ReadPrices())).info
    assert info.name == shipped_book().name
    assert "was not used" in info.notice
    found = await priced(desk, "openai/gpt-4o", input=10**6)
    assert (found.usd, found.notes) == ("2.5", [info.notice])


async def test_an_old_book_says_so(tmp_path: Path, mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    """90 days on, the same book is stale."""
    from steelyard.core.costs.prices import price_days, price_list

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + timedelta(days=90)

    desk = desk_at(tmp_path)
    await desk.execute(cc.UpdatePrices())
    assert (await priced(desk, "openai/gpt-4o", input=1)).notes == []
    for module in (price_days, price_list):
        monkeypatch.setattr(module, "datetime", Later)
    assert any("90 days old" in note for note in (await priced(desk, "openai/gpt-4o", input=1)).notes)
    assert (await desk.execute(cc.ReadPrices())).info.is_stale
