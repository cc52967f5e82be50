"""Every way in which an API can fail, through the engine: a clear line, in time, with what had arrived."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import msgspec
import pytest
import pytest_asyncio

from fakes.fake_api import LONG_CHUNKS, LONG_LINE_BYTES, TEXT, TUNNEL_S, WORDS, FakeApi, open_proxy
from steelyard.core.base.clock import ms_between
from steelyard.core.base.errors import AppError
from steelyard.core.control.owner import OwnedEngine
from steelyard.core.runs.meter import timing_of
from steelyard.core.targets.exchange import Exchange, Limits, Request
from steelyard.core.targets.openai import OpenAiWire
from steelyard.core.values import commands as c
from steelyard.core.values.prompt import Sampling
from steelyard.core.values.run import Run, Usage
from steelyard.core.values.settings import ApiSettings
from steelyard.core.values.targets import ApiPrices, ApiTarget

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from steelyard.core.base.paths import Home
    from steelyard.core.values.comparison import Comparison

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIRST_S, STALL_S, TOTAL_S = 2.5, 1.5, 5.0
LIMITS = ApiSettings(
    connect_timeout_s=4.0, first_token_timeout_s=FIRST_S, stall_timeout_s=STALL_S, total_timeout_s=TOTAL_S
)
SLACK_S = 2.0
BEGUN = "".join(WORDS[:3])
KEY = "correct-horse-battery-staple"
MAX_TOKENS = 64


class Asker:
    """Sends prompts to the fake API through a real engine."""

    def __init__(self, engine: OwnedEngine, api: FakeApi) -> None:
        self.engine = engine
        self.api = api
        self._known: set[str] = set()

    async def target(self, model: str, wire: str = "openai", url: str = "", **more: Any) -> str:
        name = f"{model.replace('#', '.')}-{wire}"
        if name not in self._known:
            self._known.add(name)
            target = ApiTarget(
                name=name,
                url=url or self.api.url,
                model=model,
                format=wire,  # type: ignore[arg-type]
                key_env="FAKE_KEY",
                **more,
            )
            await self.do(c.AddTarget(target=target))
        return name

    async def run(self, model: str, wire: str = "openai", max_tokens: int = MAX_TOKENS, **more: Any) -> Run:
        name = await self.target(model, wire, **more)
        return await self.do(
            c.StartRun(
                target=name,
                prompt="hello",
                sampling=Sampling(max_tokens=max_tokens),
                environment={"FAKE_KEY": KEY},
            )
        )

    async def compare(self, *names: str, repeat: int = 1) -> Comparison:
        return await self.do(
            c.StartComparison(
                targets=list(names),
                prompt="hello",
                sampling=Sampling(max_tokens=MAX_TOKENS),
                environment={"FAKE_KEY": KEY},
                repeat=repeat,
            )
        )

    async def do(self, command: c.Command) -> Any:
        return await asyncio.wait_for(self.engine.execute(command, "test"), 60)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ask(module_home: Home, fake_api: FakeApi) -> AsyncIterator[Asker]:
    engine = OwnedEngine(module_home, "command")
    await engine.start()
    asker = Asker(engine, fake_api)
    settings = await asker.do(c.ReadSettings())
    await asker.do(c.SaveSettings(settings=msgspec.structs.replace(settings, api=LIMITS)))
    yield asker
    await engine.stop(5)


async def still_works(ask: Asker) -> None:
    run = await ask.run("ok#after")
    assert (run.error, run.text, run.finish_reason) == (None, TEXT, "stop")


def line_of(run: Run) -> str:
    """The error as the user sees it: what, why, what to do, on one line."""
    assert run.error is not None
    assert run.error.title
    assert run.error.detail, run.error
    assert run.error.hint, run.error
    line = AppError(run.error.title, run.error.detail, run.error.hint).one_line()
    assert "\n" not in line
    assert len(line) < 500, line
    assert "Errno" not in line
    assert "Traceback" not in line
    return line


def check_unreached(run: Run) -> None:
    """Without a word of an answer there is no end to measure to, and no phase after the headers."""
    assert (run.timing.ttft_ms, run.timing.e2e_ms, run.timing.gen_tps) == (None, None, None)
    phases = run.timing.phases_ms
    assert phases is None or (phases.first_token, phases.stream) == (None, None)


@dataclass
class Fault:
    """A behaviour of the fake API and what the user must get."""

    model: str
    words: str
    finish: str = "error"
    text: str = ""
    attempts: int = 1
    within_s: float = 3.0
    retryable: bool | None = None


FAULTS = [
    Fault("401", "key", retryable=False),
    Fault("404", "no such model", retryable=False),
    Fault("400", "temperature is too hot", retryable=False),
    Fault("400-long", "Shorten it", retryable=False),
    Fault("429", "slow down", attempts=3, within_s=5, retryable=True),
    Fault("429-long", "wait 9999 s", retryable=True),
    Fault("500", "HTTP 500", attempts=3, within_s=5, retryable=True),
    Fault("302", "redirects are not followed", retryable=False),
    Fault("204", "HTTP 204"),
    Fault("html", "HTML page", retryable=False),
    Fault("json", "one JSON document", retryable=False),
    Fault("plain", "did not stream", retryable=False),
    Fault("gzip", "compressed", retryable=False),
    Fault("hang-up", "broke", retryable=True),
    Fault("error-first", "the cluster is on fire", retryable=True),
    Fault("error-inside", "the cluster is on fire", finish="interrupted", text=BEGUN, retryable=True),
    Fault("cut-in-emoji", "broke off", finish="interrupted", text=BEGUN, retryable=True),
    Fault("cut-in-data", "broke off", finish="interrupted", text=BEGUN, retryable=True),
    Fault("cut-clean", "broke off", finish="interrupted", text=BEGUN, retryable=True),
    Fault("glued", "broken event", finish="interrupted", text=BEGUN),
    Fault("garbage", "broken event", finish="interrupted", text=BEGUN),
    Fault("deep", "broken event", finish="interrupted", text=BEGUN),
    Fault("quotes", "broken event", finish="interrupted", text=BEGUN),
    Fault("silence", "nothing for", within_s=FIRST_S + SLACK_S, retryable=True),
    Fault("headers-then-silence", "nothing for", within_s=FIRST_S + SLACK_S, retryable=True),
    Fault("pings", "nothing for", within_s=FIRST_S + SLACK_S, retryable=True),
    Fault("stall", "no token for", "interrupted", BEGUN, within_s=STALL_S + SLACK_S),
    Fault("pings-after-text", "no token for", "interrupted", BEGUN, within_s=STALL_S + SLACK_S),
]


SLOW = ("silence", "headers-then-silence", "stall", "pings-after-text")
CASES = [
    pytest.param(fault, wire, id=f"{fault.model}-{wire}")
    for fault in FAULTS
    for wire in ("openai", "anthropic")
    if wire == "openai" or fault.model not in SLOW  # the deadlines know nothing of wire formats
]


@pytest.mark.parametrize(("fault", "wire"), CASES)
async def test_fault_ends_in_one_clear_line(ask: Asker, fault: Fault, wire: str) -> None:
    model = f"{fault.model}#{wire}"
    started = time.monotonic()
    run = await ask.run(model, wire)
    elapsed_s = time.monotonic() - started
    assert fault.words in line_of(run)
    assert (run.finish_reason, run.text) == (fault.finish, fault.text)
    assert elapsed_s < fault.within_s
    assert (run.timing.attempts, ask.api.count(model)) == (fault.attempts, fault.attempts)
    assert fault.retryable is None or run.error.retryable == fault.retryable
    if not fault.text:
        check_unreached(run)
    # The server's last word on the usage never came.
    assert run.usage.source == ("estimated" if fault.text else None)
    await still_works(ask)


@pytest.mark.parametrize("wire", ["openai", "anthropic"])
@pytest.mark.parametrize(
    "model", ["ok", "one-byte", "no-done", "cut-after-finish", "close-delimited", "unknown-events"]
)
async def test_an_answer_that_came_whole_is_no_error(ask: Asker, model: str, wire: str) -> None:
    run = await ask.run(f"{model}#whole", wire)
    begun_only = model in ("no-done", "cut-after-finish", "unknown-events")
    assert run.error is None
    assert (run.text, run.finish_reason) == (BEGUN if begun_only else TEXT, "stop")
    assert (run.usage.prompt_tokens, run.usage.completion_tokens, run.usage.source) == (11, 6, "server")
    assert run.timing.attempts == 1
    assert run.timing.phases_ms is not None
    assert sum(msgspec.structs.astuple(run.timing.phases_ms)) == pytest.approx(run.timing.e2e_ms, abs=1)
    sent = ask.api.last(f"{model}#whole").headers
    assert sent.get("authorization" if wire == "openai" else "x-api-key", "").endswith(KEY)


@pytest.mark.parametrize("wire", ["openai", "anthropic"])
async def test_finished_answer_of_a_server_that_never_hangs_up_is_kept_as_such(ask: Asker, wire: str) -> None:
    started = time.monotonic()
    run = await ask.run("silent-after-finish", wire)
    assert (run.text, run.finish_reason, run.error) == (BEGUN, "stop", None)
    assert time.monotonic() - started < STALL_S + SLACK_S


@pytest.mark.parametrize(
    ("model", "status", "at_least_ms"),
    [("429-1s-ok", 429, 1000), ("429-nonsense-ok", 429, 400), ("500-ok", 500, 400)],
)
async def test_retry_before_the_first_byte_is_counted(
    ask: Asker, model: str, status: int, at_least_ms: float
) -> None:
    run = await ask.run(model)
    assert (run.error, run.text, run.timing.attempts) == (None, TEXT, 2)
    assert ask.api.count(model) == 2
    first, second = [asked.at for asked in ask.api.requests if asked.model == model]
    assert (second - first) * 1000 >= at_least_ms
    assert at_least_ms <= run.timing.waited_ms <= at_least_ms + 3000
    assert run.timing.e2e_ms is not None
    assert run.timing.e2e_ms < 1000  # the last attempt's only


async def test_wait_for_a_retry_is_told_and_is_no_time_of_the_attempt(ask: Asker) -> None:
    said: list[str] = []
    is_waiting = asyncio.Event()

    def note(reason: str) -> None:
        said.append(reason)
        is_waiting.set()

    async with httpx2.AsyncClient(timeout=None) as client:
        exchange = plain_exchange(client, ask.api.url, "429-1s-ok#note")
        work = asyncio.create_task(exchange.run(lambda _deltas, _stamp: None, note))
        await asyncio.wait_for(is_waiting.wait(), 5)
        assert said == ["attempt 2 of 3 in 1 s (HTTP 429, not now)"]
        await asyncio.sleep(0.5)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
    assert ms_between(exchange.times.start, exchange.times.end) < 400
    assert said[1:] == []


async def test_next_attempt_is_told_as_well(ask: Asker) -> None:
    said: list[str] = []
    async with httpx2.AsyncClient(timeout=None) as client:
        exchange = plain_exchange(client, ask.api.url, "500-ok#note")
        await exchange.run(lambda _deltas, _stamp: None, said.append)
    assert said == ["attempt 2 of 3 in 0.5 s (HTTP 500, not now)", "attempt 2 of 3"]


async def test_wait_for_a_retry_can_be_cancelled(ask: Asker) -> None:
    name = await ask.target("429#cancel")
    work = asyncio.create_task(ask.run("429#cancel"))
    await asyncio.to_thread(ask.api.wait_for, lambda: ask.api.count("429#cancel") == 1)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert ask.api.count("429#cancel") == 1
    assert name
    await still_works(ask)


@pytest.mark.parametrize("wire", ["openai", "anthropic"])
@pytest.mark.parametrize(
    "model", ["usage-missing", "usage-negative", "usage-string", "usage-null", "usage-absurd"]
)
async def test_unusable_usage_is_never_taken_for_the_servers(ask: Asker, model: str, wire: str) -> None:
    run = await ask.run(model, wire, prices=ApiPrices(input="1", output="1"))
    assert (run.error, run.text, run.finish_reason) == (None, BEGUN, "stop")
    assert run.usage.source == "estimated"
    assert run.usage.completion_tokens is not None
    assert 0 < run.usage.completion_tokens < 100
    assert run.cost.usd is None or 0 < Decimal(run.cost.usd) < Decimal("0.001")


async def test_huge_usage_with_a_price_does_not_lose_the_answer(ask: Asker) -> None:
    """10^15 tokens at 5 USD each million are more pico-dollars than SQLite's integers hold."""
    huge = await ask.target("usage-huge", prices=ApiPrices(input="5", output="5"))
    fine = await ask.target("ok#huge", prices=ApiPrices(input="5", output="5"))
    result = await ask.compare(huge, fine)
    assert [run.text for run in result.runs] == [BEGUN, TEXT]
    assert [run.error for run in result.runs] == [None, None]
    await ask.do(c.ReadSpending())


async def test_empty_answer_says_so(ask: Asker) -> None:
    run = await ask.run("done-only")
    assert run.text == ""
    assert run.error is not None or run.finish_reason == "stop"
    assert run.usage.completion_tokens in (None, 0)
    assert run.timing.ttft_ms is None
    assert run.timing.gen_tps is None


async def test_content_that_is_no_text_is_refused(ask: Asker) -> None:
    run = await ask.run("content-number")
    assert (run.finish_reason, run.text) == ("interrupted", BEGUN)
    assert "not text" in line_of(run)


@pytest.mark.parametrize("wire", ["openai", "anthropic"])
async def test_line_of_100_mb_is_cut_off_with_bounded_memory(ask: Asker, wire: str) -> None:
    await still_works(ask)
    model = f"long-line#{wire}"
    before = _reset_peak_bytes()
    run = await ask.run(model, wire)
    grown = _peak_bytes() - before
    assert "larger than" in line_of(run)
    assert (run.finish_reason, run.text, run.timing.attempts) == ("interrupted", BEGUN, 1)
    await asyncio.to_thread(ask.api.wait_for, lambda: ask.api.hung_up[model] == 1)
    assert ask.api.sent_bytes[model] < LONG_LINE_BYTES / 2
    assert grown < 64 << 20
    await still_works(ask)


async def test_long_answer_that_was_asked_for_comes_whole(ask: Asker) -> None:
    run = await ask.run("long-chunks", max_tokens=200_000)
    assert (run.error, run.finish_reason) == (None, "stop")
    assert run.text == "".join(f"{at} " for at in range(LONG_CHUNKS))


async def test_more_than_was_asked_for_is_cut_and_kept(ask: Asker) -> None:
    run = await ask.run("long-chunks#short", max_tokens=1000)
    assert "larger than 32 MiB" in line_of(run)
    assert "--max-tokens" in line_of(run)
    assert run.text.startswith("0 1 2 3 ")


async def test_endless_text_in_large_pieces_is_ended(ask: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    """The body may be large where many tokens were asked for; what is kept of it may not."""
    monkeypatch.setattr("steelyard.core.targets.exchange._MAX_TEXT_CHARS", 1 << 20)
    run = await ask.run("endless#text", max_tokens=1_000_000)
    assert "does not stop" in line_of(run)
    assert 1 << 20 <= len(run.text) < 2 << 20


async def test_endless_tool_calls_are_ended_early(ask: Asker) -> None:
    run = await ask.run("endless-calls")
    assert "does not stop" in line_of(run)
    assert run.tool_calls is not None
    assert len(run.tool_calls) < 8 * MAX_TOKENS + 256 + 100


@pytest.mark.parametrize("model", ["endless", "endless-nothing"])
async def test_endless_fast_stream_is_ended(ask: Asker, model: str) -> None:
    started = time.monotonic()
    work = asyncio.create_task(ask.run(model))
    longest_s = await _longest_gap_s(work)
    run = await work
    assert time.monotonic() - started < TOTAL_S + SLACK_S
    line_of(run)
    assert run.finish_reason == ("interrupted" if model == "endless" else "error")
    assert run.text.startswith("word word") == (model == "endless")
    assert len(run.text) <= (8 * MAX_TOKENS + 256 + 1) * len("word ")
    await asyncio.to_thread(ask.api.wait_for, lambda: ask.api.hung_up[model] == 1)
    assert longest_s < 0.5  # the loop is the other columns' too
    await still_works(ask)


async def test_endless_slow_stream_is_ended_by_the_total_limit(ask: Asker) -> None:
    started = time.monotonic()
    run = await ask.run("drip")
    elapsed_s = time.monotonic() - started
    assert TOTAL_S - 0.5 < elapsed_s < TOTAL_S + SLACK_S
    assert "took too long" in line_of(run)
    assert (run.finish_reason, run.text[:10]) == ("interrupted", "drip drip ")
    assert len(run.text) > 20 * len("drip ")


async def test_total_limit_holds_while_nothing_arrives(ask: Asker) -> None:
    settings = await ask.do(c.ReadSettings())
    short = msgspec.structs.replace(LIMITS, total_timeout_s=1.5)
    await ask.do(c.SaveSettings(settings=msgspec.structs.replace(settings, api=short)))
    started = time.monotonic()
    run = await ask.run("silence#total")
    await ask.do(c.SaveSettings(settings=settings))
    assert time.monotonic() - started < 1.5 + SLACK_S
    line_of(run)


async def test_hostile_event_does_not_stop_the_loop(ask: Asker) -> None:
    work = asyncio.create_task(ask.run("quotes#gap"))
    assert await _longest_gap_s(work) < 1.5
    await work


async def test_cancel_closes_the_connection(ask: Asker) -> None:
    await ask.target("drip#cancel")
    work = asyncio.create_task(ask.run("drip#cancel"))
    await asyncio.to_thread(ask.api.wait_for, lambda: ask.api.sent_bytes["drip#cancel"] > 500)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    await asyncio.to_thread(ask.api.wait_for, lambda: ask.api.hung_up["drip#cancel"] == 1, 3)
    await still_works(ask)


async def test_failing_columns_leave_the_others_alone(ask: Asker) -> None:
    models = ["401#col", "ok#col", "garbage#col", "500#col", "stall#col", "one-byte#col", "html#col"]
    names = [await ask.target(model) for model in models]
    started = time.monotonic()
    result = await ask.compare(*names)
    assert time.monotonic() - started < 8
    assert [run.target.name for run in result.runs] == names
    assert [run.error is None for run in result.runs] == [model[:2] in ("ok", "on") for model in models]
    assert [run.text for run in result.runs] == ["", TEXT, BEGUN, "", BEGUN, TEXT, ""]
    assert all(run.timing.gen_tps is None for run in result.runs if not run.text)
    stored = await ask.do(c.ReadComparison(id=result.id))
    assert [column.answers[0].run.text for column in stored.columns] == [run.text for run in result.runs]
    assert [column.answers[0].run.error for column in stored.columns] == [run.error for run in result.runs]


async def test_certificate_that_nobody_signed_is_refused(ask: Asker) -> None:
    with FakeApi(tls=True) as api:
        run = await ask.run("ok#tls", url=api.url)
        assert "certificate" in line_of(run)
        assert (run.finish_reason, run.error.retryable, api.requests) == ("error", False, [])


@pytest.mark.parametrize("refusal", ["", "407 Proxy Authentication Required"])
async def test_proxy_is_told_apart_from_the_api(
    ask: Asker, refusal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through a tunnel, the proxy's answer to CONNECT is not the API's answer to the prompt."""
    with FakeApi(tls=True) as api:
        async with open_proxy(api.port, refusal) as proxy:
            for name in ("HTTPS_PROXY", "https_proxy"):
                monkeypatch.setenv(name, proxy)
            for name in ("NO_PROXY", "no_proxy"):
                monkeypatch.delenv(name, raising=False)
            run = await ask.run(f"ok#proxy{refusal[:3]}", url=f"https://api{refusal[:3]}.example.test/v1")
        assert api.requests == []
    assert "broke off" not in line_of(run)
    assert ("HTTPS_PROXY" if refusal else "certificate") in line_of(run)
    assert ("407" in line_of(run)) == bool(refusal)
    assert (run.finish_reason, run.error.retryable) == ("error", False)
    check_unreached(run)
    phases = run.timing.phases_ms
    assert (phases is None) if refusal else (phases is not None and phases.send is None)


async def test_proxy_that_is_busy_is_asked_again(ask: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_proxy(0, "503 Service Unavailable") as proxy:
        monkeypatch.setenv("https_proxy", proxy)
        run = await ask.run("ok#busy", url="https://busy.example.test/v1")
    assert "proxy in front of" in line_of(run)
    assert (run.timing.attempts, run.error.retryable) == (3, True)


async def test_tunnel_and_tls_have_their_own_phases() -> None:
    with FakeApi(tls=True) as api:
        async with (
            open_proxy(api.port) as proxy,
            httpx2.AsyncClient(proxy=proxy, verify=False, timeout=None) as client,
        ):
            exchange = plain_exchange(client, f"https://127.0.0.1:{api.port}/v1", "ok#tunnel")
            await exchange.run(lambda _deltas, _stamp: None)
    timing = timing_of(exchange.times, "api", Usage(), {}, load_ms=None)
    phases = timing.phases_ms
    assert phases is not None
    assert phases.tls is not None
    assert phases.send is not None
    assert phases.connect >= TUNNEL_S * 1000  # the way to the API includes opening the tunnel
    assert 0 < phases.tls < TUNNEL_S * 1000
    assert 0 <= phases.send < TUNNEL_S * 1000
    assert sum(msgspec.structs.astuple(phases)) == pytest.approx(timing.e2e_ms, abs=1)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:9/v1", "refused the connection"),
        ("http://no-such-host.invalid/v1", "name does not resolve"),
        ("https://127.0.0.1:{port}/v1", "secure connection"),
    ],
)
async def test_wrong_address(ask: Asker, url: str, words: str) -> None:
    run = await ask.run(f"ok#{words[:4]}", url=url.format(port=ask.api.port))
    assert words in line_of(run)
    assert run.finish_reason == "error"
    assert run.timing.e2e_ms is None


async def test_keys_never_come_back_in_an_error(ask: Asker, module_home: Home) -> None:
    for wire in ("openai", "anthropic"):
        run = await ask.run("401#echo", wire)
        assert KEY not in repr(run)
        assert "invalid key" in line_of(run)
    for path in module_home.root.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path


async def test_missing_key_is_told_before_anything_is_sent(ask: Asker) -> None:
    name = await ask.target("ok#nokey")
    run = await ask.do(c.StartRun(target=name, prompt="x", environment={}))
    assert "FAKE_KEY is not set" in line_of(run)
    assert ask.api.count("ok#nokey") == 0


async def test_target_test_tells_a_wrong_key(ask: Asker) -> None:
    wrong = await ask.do(c.TestTarget(name=await ask.target("401#test"), environment={"FAKE_KEY": KEY}))
    right = await ask.do(c.TestTarget(name=await ask.target("ok#test"), environment={"FAKE_KEY": KEY}))
    assert (wrong.ok, right.ok) == (False, True)
    assert "key" in wrong.error
    assert KEY not in wrong.error
    assert right.ttft_ms is not None


def plain_exchange(client: httpx2.AsyncClient, url: str, model: str) -> Exchange:
    """An exchange without an engine around it."""
    wire = OpenAiWire()
    request = Request("fake", wire.chat_url(url), {}, {"model": model}, is_local=False)
    limits = Limits(
        connect_s=4, first_token_s=FIRST_S, stall_s=STALL_S, total_s=TOTAL_S, max_content_events=768
    )
    return Exchange(client, wire, request, limits)


def _reset_peak_bytes() -> int:
    refs = Path("/proc/self/clear_refs")
    if not refs.exists():
        pytest.skip("peak memory can only be reset on Linux")
    refs.write_text("5")
    return _peak_bytes()


def _peak_bytes() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))


async def _longest_gap_s(work: asyncio.Task[Any]) -> float:
    """The longest time for which the loop did nothing else, while `work` goes on."""
    longest, last = 0.0, time.monotonic()
    while not work.done():
        await asyncio.sleep(0.01)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    return longest
