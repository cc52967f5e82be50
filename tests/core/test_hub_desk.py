"""Discovering: search with filters and paging, repositories as rows, access, the curated list, cards."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import pytest_asyncio

from fakes.fake_hub import TOKEN, TOKEN_WITHOUT_ACCESS, FakeHub, FakeRepo
from fakes.gguf_files import tiny_model
from steelyard.core.base.errors import AppError
from steelyard.core.base.redaction import redact
from steelyard.core.engine import Engine
from steelyard.core.hub.access import find_access
from steelyard.core.hub.readme import plain_excerpt
from steelyard.core.hub_desk import read_catalog
from steelyard.core.values import commands as c
from steelyard.core.values.hub import HubFilters
from steelyard.core.values.settings import HubSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from steelyard.core.base.paths import Home

TINY = tiny_model().encode()
COMMIT = "c" * 40


def repo(name: str, parameters: int | None, downloads: int, quant: str = "Q4_K_M", **more: Any) -> FakeRepo:
    gguf = {"total": parameters, "architecture": "llama", "context_length": 4096} if parameters else None
    return FakeRepo(name, {f"m-{quant}.gguf": TINY}, gguf=gguf, downloads=downloads, **more)


@pytest.fixture(scope="module")
def hub() -> Iterator[FakeHub]:
    split = {f"big/b-Q8_0-0000{n}-of-00003.gguf": TINY for n in (1, 2, 3)}
    half = {f"h-Q2_K-0000{n}-of-00003.gguf": TINY for n in (1, 3)}
    rich = {
        **split,
        **half,
        "m-Q4_K_M.gguf": TINY,
        "m-UD-Q4_K_XL.gguf": TINY,
        "mmproj-m-f16.gguf": TINY,
        "style-lora-f16.gguf": TINY,
        "notes.txt": b"x",
    }
    repos = [
        repo("acme/small", 100_000_000, 50, quant="Q8_0", licence="mit"),
        repo("acme/middle", 8_000_000_000, 40),
        repo("acme/large", 70_000_000_000_000, 30),
        repo("acme/unknown", None, 20),
        repo("acme/locked", 8_000_000_000, 10, gated="manual"),
        FakeRepo(
            "acme/rich",
            rich,
            commit=COMMIT,
            downloads=5,
            base_model="base/model",
            card="---\nlicense: mit\n---\n# Title\n\nHello <b>you</b> ![x](http://e.example/p.png) [link](http://l)",
            gguf={"total": 1000, "architecture": "llama", "context_length": 4096},
        ),
    ]
    with FakeHub(*repos) as hub:
        yield hub


@pytest_asyncio.fixture(loop_scope="function")
async def engine(hub: FakeHub, module_home: Home, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Engine]:
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    engine = Engine(module_home)
    await engine.start()
    yield engine
    await engine.stop(10)


async def names(engine: Engine, **words: Any) -> list[str]:
    page = await engine.execute(c.SearchHub(**words), "r")
    return [row.repo.removeprefix("acme/") for row in page.results]


async def test_search_orders_filters_and_says_what_is_estimated(engine: Engine) -> None:
    assert await names(engine) == ["small", "middle", "large", "unknown", "locked", "rich"]
    assert await names(engine, query="mid") == ["middle"]
    assert await names(engine, filters=HubFilters(quant="q8_0")) == ["small", "rich"]
    assert await names(engine, filters=HubFilters(licence="mit")) == ["small"]
    assert await names(engine, filters=HubFilters(gated=True)) == ["locked"]
    small = HubFilters(min_parameters=50_000_000, max_parameters=9_000_000_000)
    assert await names(engine, filters=small) == ["small", "middle", "locked"]
    page = await engine.execute(c.SearchHub(query="middle"), "r")
    (row,) = page.results
    assert row.estimated_bytes == pytest.approx(4.9e9, rel=0.01)
    fitting = await names(engine, filters=HubFilters(fits_only=True))
    assert "small" in fitting
    assert "large" not in fitting
    assert "unknown" not in fitting


async def test_paging_leads_through_everything_once(engine: Engine) -> None:
    found: list[str] = []
    cursor: str | None = None
    for _ in range(10):
        page = await engine.execute(c.SearchHub(limit=2, cursor=cursor), "r")
        found += [row.repo for row in page.results]
        if (cursor := page.cursor) is None:
            break
    assert cursor is None
    assert len(found) == len(set(found)) == 6


async def test_a_repository_becomes_rows(engine: Engine) -> None:
    rich = await engine.execute(c.ReadRepo(name="acme/rich", with_readme=True), "r")
    assert (rich.revision, rich.revision_name, rich.base_model) == (COMMIT, "main", "base/model")
    by_name = {row.name: row for row in rich.files}
    assert set(by_name) == {"m-Q4_K_M.gguf", "m-UD-Q4_K_XL.gguf", "big/b-Q8_0.gguf", "h-Q2_K.gguf"}
    whole = by_name["big/b-Q8_0.gguf"]
    assert len(whole.parts) == 3
    assert whole.size_bytes == 3 * len(TINY)
    assert whole.bits_per_weight == pytest.approx(3 * len(TINY) * 8 / 1000, rel=1e-3)
    assert by_name["h-Q2_K.gguf"].missing_parts == ["h-Q2_K-00002-of-00003.gguf"]
    assert by_name["h-Q2_K.gguf"].bits_per_weight is None
    assert [row.name for row in rich.mmproj] == ["mmproj-m-f16.gguf"]
    assert [row.name for row in rich.lora] == ["style-lora-f16.gguf"]
    assert rich.readme == "Title\n\nHello you  link"
    assert rich.readme.count("http") == 0


async def test_a_mirror_that_gives_no_list_of_files_is_asked_for_its_tree(
    engine: Engine, hub: FakeHub
) -> None:
    hub.set_fault("files-missing", times=1)
    try:
        rich = await engine.execute(c.ReadRepo(name="acme/rich"), "r")
    finally:
        hub.clear_faults()
    assert len(rich.files) == 4
    assert all(row.size_bytes for row in rich.files)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("acme/rich:Q9_K", "it has"),
        ("acme/rich/none.gguf", "is not there"),
        ("acme/rich:Q2_K", "not whole on the hub"),
        ("acme/none", "acme/none"),
    ],
)
async def test_what_is_not_there_is_said(engine: Engine, name: str, words: str) -> None:
    with pytest.raises(AppError) as info:
        await engine.execute(c.EnqueueDownload(name=name), "r")
    assert words in info.value.one_line()


async def test_gated_repositories_show_the_way(
    engine: Engine, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = await engine.execute(c.ReadRepo(name="acme/locked"), "r")
    assert (locked.gated, locked.has_access) == (True, False)
    assert f"{hub.url}/acme/locked" in locked.access_hint
    monkeypatch.setenv("HF_TOKEN", TOKEN_WITHOUT_ACCESS)
    assert (await engine.execute(c.ReadRepo(name="acme/locked"), "r")).has_access is False
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    opened = await engine.execute(c.ReadRepo(name="acme/locked"), "r")
    assert (opened.has_access, opened.access_hint) == (True, "")


async def test_account_tells_where_the_token_comes_from(
    engine: Engine, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await engine.execute(c.ReadHubAccount(ask_hub=True), "r")
    assert (account.reachable, account.endpoint, account.endpoint_source) == (True, hub.url, "environment")
    assert await engine.execute(c.StoreHubToken(token=TOKEN, memory_ok=True), "r") in ("memory", "keyring")
    account = await engine.execute(c.ReadHubAccount(ask_hub=True), "r")
    assert account.token in ("memory", "keyring")
    assert account.user
    await engine.execute(c.ForgetHubToken(), "r")
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    account = await engine.execute(c.ReadHubAccount(ask_hub=True), "r")
    assert (account.token, account.reachable) == ("environment", False)
    assert "token" in (account.error or "")
    assert "hf_wrong" not in msgspec.json.encode(account).decode()
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    account = await engine.execute(c.ReadHubAccount(ask_hub=True), "r")
    assert account.reachable is False
    assert "cannot be reached" in (account.error or "")


async def test_a_hub_that_falls_silent_keeps_nobody_from_leaving(engine: Engine, hub: FakeHub) -> None:
    """Pausing, cancelling and closing do not wait for the answer."""
    try:
        hub.set_fault("silence", where="resolve")
        first = await engine.execute(c.EnqueueDownload(name="acme/small"), "r")
        second = await engine.execute(c.EnqueueDownload(name="acme/middle"), "r")
        await asyncio.to_thread(hub.wait_for, lambda: len(hub.seen("resolve")) >= 2, 10)
        async with asyncio.timeout(8):
            await engine.execute(c.PauseDownload(id=first.id), "r")
        states = {row.id: row.state for row in await engine.execute(c.ListDownloads(), "r")}
        assert states[first.id] == "paused"
        async with asyncio.timeout(8):
            await engine.execute(c.CancelDownload(id=first.id), "r")
            await engine.execute(c.CancelDownload(id=second.id), "r")
        assert await engine.execute(c.ListDownloads(), "r") == []
    finally:
        hub.clear_faults()


@pytest.mark.parametrize(
    ("environment", "settings", "endpoint", "source"),
    [
        ({}, HubSettings(), "https://huggingface.co", "default"),
        ({"HF_ENDPOINT": "   "}, HubSettings(), "https://huggingface.co", "default"),
        ({"HF_ENDPOINT": "http://127.0.0.1:9/"}, HubSettings(), "http://127.0.0.1:9", "environment"),
        ({}, HubSettings(endpoint="https://m.example/hf/"), "https://m.example/hf", "settings"),
        (
            {"HF_ENDPOINT": "https://a.example"},
            HubSettings(endpoint="https://b.example"),
            "https://a.example",
            "environment",
        ),
    ],
)
def test_which_hub(environment: dict[str, str], settings: HubSettings, endpoint: str, source: str) -> None:
    access = find_access(settings, environment, lambda: (None, "none"), None)
    assert (access.endpoint, access.endpoint_source) == (endpoint, source)


@pytest.mark.parametrize(
    "endpoint",
    [
        "ftp://x",
        "x",
        "http://",
        "https://u:p@h.example",
        "https://h.example/?a=b",
        "http://h:99999",
        "file:///e",
    ],
)
def test_a_hub_that_is_no_address_is_refused(endpoint: str) -> None:
    with pytest.raises(AppError, match="HF_ENDPOINT"):
        find_access(HubSettings(), {"HF_ENDPOINT": endpoint}, lambda: (None, "none"), None)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (HubSettings(proxy="http://me:secret@p.example:3128"), "no secrets"),
        (HubSettings(proxy="socks5://p.example"), "no http or https"),
        (HubSettings(proxy="p.example:3128"), "no http or https"),
        (HubSettings(endpoint="ftp://m.example"), "Settings > Hub"),
    ],
)
async def test_settings_of_the_hub_hold_what_can_be_used_and_no_secret(
    engine: Engine, wrong: HubSettings, words: str
) -> None:
    before = await engine.execute(c.ReadSettings(), "r")
    with pytest.raises(AppError) as info:
        await engine.execute(c.SaveSettings(settings=msgspec.structs.replace(before, hub=wrong)), "r")
    assert words in info.value.one_line()
    assert "secret@" not in info.value.one_line()
    assert await engine.execute(c.ReadSettings(), "r") == before
    fine = HubSettings(proxy="http://p.example:3128", endpoint="https://m.example")
    await engine.execute(c.SaveSettings(settings=msgspec.structs.replace(before, hub=fine)), "r")
    await engine.execute(c.SaveSettings(settings=before), "r")


def test_tokens_go_by_their_source_and_never_over_plain_http() -> None:
    def token(environment: dict[str, str], kept: str | None, login: str | None) -> tuple[str | None, str]:
        where = "none" if kept is None else "keyring"
        access = find_access(HubSettings(), environment, lambda: (kept, where), login)
        return access.token, access.token_source

    assert token({"HF_TOKEN": "hf_environment"}, "hf_kept", "hf_login") == ("hf_environment", "environment")
    assert token({}, "hf_kept", "hf_login") == ("hf_kept", "keyring")
    assert token({}, None, "hf_login_of_others") == ("hf_login_of_others", "login")
    assert token({"HF_TOKEN": " \n"}, None, None) == (None, "none")
    assert token({"HF_TOKEN": "two words"}, None, None) == (None, "none")
    assert "hf_login_of_others" not in redact("seen hf_login_of_others")
    plain = find_access(
        HubSettings(), {"HF_ENDPOINT": "http://h.example", "HF_TOKEN": "hf_x"}, (None, "none"), None
    )
    assert plain.token is None
    local = find_access(
        HubSettings(), {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_TOKEN": "hf_x"}, (None, "none"), None
    )
    assert local.token == "hf_x"


def test_the_curated_list_is_whole() -> None:
    entries = read_catalog()
    assert len(entries) >= 12
    assert len({entry.repo for entry in entries}) == len(entries)
    assert [entry.parameters for entry in entries] == sorted(entry.parameters for entry in entries)
    for entry in entries:
        assert entry.repo.count("/") == 1
        assert entry.title
        assert entry.licence
        assert 10 < len(entry.good_for) <= 110
        assert entry.good_for.endswith(".")
        assert len(entry.checked_on) == len("2026-11-21")


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        ("", ""),
        ("---\na: b\n---\n", ""),
        ("# A\n> b\n**c** `d`", "A\nb\nc d"),
        ("<script>alert(1)</script>x", "alert(1)x"),
        ("![p](http://e/x.png)\n[t](javascript:x)", "t"),
        ("a\x1b[31m\u202eb", "a [31m b"),
        ("<!-- hidden -->shown", "shown"),
    ],
)
def test_model_cards_become_plain_text(markdown: str, plain: str) -> None:
    assert plain_excerpt(markdown) == plain


@pytest.mark.parametrize(
    "hostile", ["<!--" * 16000, "[" * 60000, "\n" * 60000, "![" * 30000, "<" * 60000, "|" * 60000]
)
def test_hostile_model_cards_take_no_time(hostile: str) -> None:
    import time

    started = time.perf_counter()
    assert len(plain_excerpt(hostile)) <= 4100
    assert time.perf_counter() - started < 2
