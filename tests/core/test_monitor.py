"""The Monitor on a real database: history, markers, alerts, requests, exports."""

from __future__ import annotations

import asyncio
import json
import time
import tracemalloc
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from steelyard.core.base.errors import AppError
from steelyard.core.monitor import monitor as monitor_module
from steelyard.core.monitor.alerts import AlertWatch
from steelyard.core.monitor.monitor import Monitor
from steelyard.core.monitor.otlp import OtlpPusher, refusal
from steelyard.core.store.database import Database
from steelyard.core.store.ledger import Ledger
from steelyard.core.store.requests import iso_of
from steelyard.core.store.run_details import RunDetails, RunDetailsStore
from steelyard.core.store.telemetry_history import TelemetryHistory
from steelyard.core.telemetry.telemetry import Telemetry
from steelyard.core.values import commands as c
from steelyard.core.values.events import (
    AlertFired,
    MarkerSet,
    RunFinished,
    Sampled,
    ServerChanged,
    SettingsChanged,
    TextArrived,
)
from steelyard.core.values.prompt import Message
from steelyard.core.values.run import Cost, Energy, ErrorInfo, Run, RunState, TargetInfo, Timing, Usage
from steelyard.core.values.servers import Banner, ServerRow
from steelyard.core.values.settings import AlertSettings, EnergySettings, GatewaySettings, Settings
from steelyard.core.values.telemetry import (
    GpuProcess,
    GpuSample,
    History,
    HostSample,
    PowerPoint,
    Sample,
    ServerSample,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from steelyard.core.values.events import Event

GIB = 1 << 30
TARGET = TargetInfo(name="starter", kind="local", model="m")
ERROR = ErrorInfo(title="It failed", detail="", hint="", retryable=True)


class Desk:
    """A monitor with what it emitted."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ledger = Ledger(database)
        self.settings = Settings()
        self.events: list[Event] = []
        self.telemetry = Telemetry(EnergySettings, sources=[])
        self.monitor = Monitor(database, self.telemetry, lambda: self.settings, self.events.append)

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if type(event) is kind]

    def sampled(self, sample: Sample) -> None:
        self.telemetry.latest = sample
        self.monitor.on_event(Sampled(sample=sample))

    async def ran(self, run: Run) -> None:
        await self.ledger.begin_run(run, [Message(role="user", content="Hi")])
        await self.ledger.finish_run(run, {"content": [5, 6]})
        self.monitor.on_event(RunFinished(request="q", run=run))

    async def history(self, **wanted: Any) -> History:
        return await self.monitor.execute(c.ReadHistory(**wanted))


@asynccontextmanager
async def desk_in(folder: Path) -> AsyncIterator[Desk]:
    database = Database(folder / "ledger.sqlite3")
    await database.open()
    desk = Desk(database)
    await desk.monitor.start()
    yield desk
    await desk.monitor.stop()
    await database.close()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk_in(tmp_path) as desk:
        yield desk


def gpu_sample(at: float, used: int = 6 * GIB, **changes: Any) -> Sample:
    facts = {"power_w": 300.0, "temperature_c": 70.0, "utilisation_share": 0.5}
    held = [GpuProcess(pid=7, used_bytes=4 * GIB, server="starter")]
    gpu = GpuSample(
        id="nvidia:G",
        name="Fake RTX",
        source="nvidia",
        total_bytes=24 * GIB,
        used_bytes=used,
        processes=held,
        **{**facts, **changes},
    )
    host = HostSample(cpu_share=0.25, total_bytes=16 * GIB, available_bytes=10 * GIB)
    servers = [ServerSample(name="starter", pid=7, vram_bytes=4 * GIB, gen_tps=120.0)]
    return Sample(at=at, gpus=[gpu], host=host, servers=servers)


def a_run(number: int, at: float, **more: Any) -> Run:
    ttft_ms = 40.0 + number % 10
    facts: dict[str, Any] = {
        "target": TARGET,
        "timing": Timing(ttft_ms=ttft_ms, e2e_ms=500.0, itl_p50_ms=7.0, itl_p95_ms=9.0, attempts=1),
        "usage": Usage(prompt_tokens=10, completion_tokens=100, source="server"),
        "energy": Energy(joules=200.0, source="nvml_counter"),
        "finish_reason": "stop",
    }
    return Run(id=f"run{number:06}", started_at=iso_of(at), **{**facts, **more})


def line(history: History, key: str) -> list[float | None]:
    return next(series.values for series in history.series if series.key == key)


# ---- history -----------------------------------------------------------------------------------------------


async def test_the_last_minutes_second_by_second(desk: Desk) -> None:
    now = float(int(time.time()))
    for second in range(60):
        changes = {"power_w": None} if 20 <= second < 30 else {}
        desk.sampled(gpu_sample(now - 60 + second + 0.5, **changes))
    history = await desk.history(window_s=120, points=120)
    assert history.step_s == 1.0
    assert len(history.times) == 120
    assert all(b - a == 1.0 for a, b in zip(history.times, history.times[1:], strict=False))
    power = line(history, "gpu.nvidia:G.power_w")
    known = [value for value in power if value is not None]
    assert known == [300.0] * 50
    first = next(index for index, value in enumerate(power) if value is not None)
    assert power[first + 20 : first + 30] == [None] * 10, "a gap, not a zero"
    assert {(series.label, series.unit) for series in history.series if series.key.startswith("gpu.")} == {
        ("Fake RTX", unit) for unit in ("bytes", "share", "W", "°C")
    }
    assert set(line(history, "process.starter.vram_bytes")) == {None, float(4 * GIB)}
    assert set(line(history, "process.other.vram_bytes")) == {None, float(2 * GIB)}
    assert set(line(history, "host.used_bytes")) == {None, float(6 * GIB)}
    assert set(line(history, "server.starter.gen_tps")) == {None, 120.0}
    newer = await desk.history(window_s=120, points=120, since=history.times[first + 40])
    assert newer.times[0] == history.times[first + 41]


async def test_few_points_keep_the_peak_of_memory_and_the_mean_of_power(desk: Desk) -> None:
    now = float(int(time.time()) // 60 * 60)
    for second in range(600):
        used = 23 * GIB if second == 300 else 6 * GIB
        desk.sampled(gpu_sample(now - 600 + second + 0.5, used, power_w=100.0 if second % 2 else 200.0))
    history = await desk.history(window_s=900, points=15)
    assert history.step_s == 60.0
    assert max(v for v in line(history, "gpu.nvidia:G.used_bytes") if v is not None) == 23 * GIB
    power = [value for value in line(history, "gpu.nvidia:G.power_w") if value is not None]
    assert all(value == pytest.approx(150.0, abs=2) for value in power)
    assert 9 <= len(power) <= 11


async def test_a_day_survives_a_restart(tmp_path: Path) -> None:
    now = float(int(time.time()) // 60 * 60)
    async with desk_in(tmp_path) as desk:
        for minute in range(180, 60, -1):
            for second in (1, 30):
                used = 20 * GIB if (minute, second) == (120, 30) else 6 * GIB
                desk.sampled(gpu_sample(now - minute * 60 + second, used))
        desk.monitor.on_event(MarkerSet(marker=await desk.monitor.execute(c.SetMarker(text=" a  note "))))
    async with desk_in(tmp_path) as desk:
        desk.sampled(gpu_sample(now - 30))
        history = await desk.history(window_s=86400, points=1440)
        assert history.step_s == 60.0
        used = line(history, "gpu.nvidia:G.used_bytes")
        assert len([value for value in used if value is not None]) == 121
        assert max(value for value in used if value is not None) == 20 * GIB
        assert [(marker.kind, marker.title) for marker in history.markers] == [("note", "a note")]
        assert next(s.label for s in history.series if s.key == "gpu.nvidia:G.power_w") == "Fake RTX"
        coarse = await desk.history(window_s=86400, points=100)
        assert len(coarse.times) <= 101
        assert max(v for v in line(coarse, "gpu.nvidia:G.used_bytes") if v is not None) == 20 * GIB
        hour = await desk.history(window_s=3600, points=900)
        assert line(hour, "gpu.nvidia:G.used_bytes").count(None) < len(hour.times)


async def test_old_history_goes(desk: Desk) -> None:
    store, now = TelemetryHistory(desk.database), time.time()
    await store.add({int(now // 60) - 31 * 24 * 60: {"host.cpu_share": (1.0, 1.0, 60)}}, {})
    await store.prune(now)
    assert await store.minutes(0, now) == {}


async def test_lines_of_finished_requests(desk: Desk) -> None:
    now = time.time()
    for number in range(4):
        await desk.ran(a_run(number, now - 100 + number))
    history = await desk.history(window_s=300, points=300)
    assert set(line(history, "runs.ttft_p50_ms")) == {None}, "four are too few for a median"
    assert line(history, "runs.joules_per_token")[-1] == 2.0
    for number in range(4, 80):
        await desk.ran(a_run(number, now - 90))
    await desk.ran(a_run(90, now, state=RunState(cold=True), timing=Timing(ttft_ms=9000.0, e2e_ms=9500.0)))
    history = await desk.history(window_s=300, points=300)
    assert line(history, "runs.ttft_p50_ms")[-1] == pytest.approx(44.5, abs=1), "the cold one does not count"
    assert line(history, "runs.ttft_p95_ms")[-1] == pytest.approx(49.0, abs=1)
    assert (line(history, "runs.itl_p50_ms")[-1], line(history, "runs.itl_p95_ms")[-1]) == (7.0, 9.0)
    day = await desk.history(window_s=86400, points=1440)
    assert line(day, "runs.ttft_p50_ms")[-1] is not None, "older ones come from the ledger"


async def test_what_servers_were_projected_to_take(desk: Desk) -> None:
    desk.sampled(gpu_sample(time.time()))
    desk.monitor.on_event(ServerChanged(server=server_row(predicted_bytes=5 * GIB, layers_on_gpu=30)))
    assert (await desk.history()).predicted_bytes == 5 * GIB
    desk.monitor.on_event(ServerChanged(server=server_row(state="stopped", pid=None)))
    assert (await desk.history()).predicted_bytes is None


# ---- markers -----------------------------------------------------------------------------------------------


def server_row(**changes: Any) -> ServerRow:
    facts: dict[str, Any] = {
        **{"name": "starter", "weights": "w", "pid": 7, "state": "ready", "ctx": 1, "slots": 1},
        **{"slots_busy": 0, "predicted_bytes": None, "measured_bytes": None, "vram_bytes": None},
        **{"started_at": None, "idle_s": None, "load_ms": 4240.0},
    }
    return ServerRow(**{**facts, **changes})


async def test_each_thing_is_marked_once(desk: Desk) -> None:
    spill = [Banner(code="spilled_to_cpu", text="44 of 49 layers fit", hint="Use 8k context")]
    for row in (
        *[server_row(state="loading")] * 3,
        *[server_row()] * 3,
        *[server_row(banners=spill)] * 3,
        *[server_row(pid=8, state="loading", restarts=1, ended="killed: out of memory")] * 2,
        *[server_row(pid=8, restarts=1)] * 2,
        *[server_row(pid=None, state="stopped", restarts=1, ended="idle for 300 s")] * 2,
    ):
        desk.monitor.on_event(ServerChanged(server=row))
    now = time.time()
    for second in range(20):
        desk.sampled(gpu_sample(now - 100 + second, throttle=["thermal"] if second % 3 else []))
    desk.sampled(gpu_sample(now, throttle=["thermal"]))
    markers = [event.marker for event in desk.of(MarkerSet)]
    assert [(marker.kind, marker.title) for marker in markers] == [
        ("cold_start", "Cold start"),
        ("spill", "Spill to CPU"),
        ("restart", "Restart"),
        ("cold_start", "Cold start"),
        ("unload", "Unloaded"),
        ("throttle", "Thermal throttle"),
        ("throttle", "Thermal throttle"),
    ]
    assert markers[0].detail == "starter loaded in 4.24 s"
    assert (markers[1].detail, markers[1].hint) == ("44 of 49 layers fit", "Use 8k context")
    assert "out of memory" in markers[2].detail
    assert "idle" in markers[4].detail
    assert "70 °C" in markers[5].detail
    await asyncio.sleep(0.1)
    assert len((await desk.history(window_s=900)).markers) == 7


async def test_a_mark_needs_words(desk: Desk) -> None:
    with pytest.raises(AppError, match="needs a word"):
        await desk.monitor.execute(c.SetMarker(text=" \n "))


# ---- alerts ------------------------------------------------------------------------------------------------


def test_an_alert_fires_once_and_again_only_after_it_was_fine() -> None:
    watch, settings = AlertWatch(), AlertSettings()
    told = []
    for share in (0.9, 0.96, 0.99, 0.94, 0.97, 0.91, 0.96, 0.5, 0.96):
        told += [
            (share, alert.what) for alert in watch.in_sample(gpu_sample(1.0, int(share * 24 * GIB)), settings)
        ]
    assert told == [(0.96, "vram_share"), (0.96, "vram_share")], "0.91 is not yet fine again"
    hot = gpu_sample(1.0, temperature_c=88.0)
    assert [alert.what for alert in watch.in_sample(hot, settings)] == ["temperature_c"]
    unknown = Sample(at=2.0, gpus=[GpuSample(id="g", name="g", source="nvidia")])
    assert watch.in_sample(unknown, settings) == []
    assert watch.in_sample(hot, settings) == [], "what was unknown in between was not fine"
    lower = msgspec.structs.replace(settings, temperature_c=80.0)
    assert [alert.above for alert in watch.in_sample(hot, lower)] == [80.0], "another threshold is told anew"
    assert watch.in_sample(hot, msgspec.structs.replace(settings, temperature_c=None)) == []


async def test_failures_and_slow_first_tokens(desk: Desk) -> None:
    desk.settings = Settings(alerts=AlertSettings(ttft_p95_ms=45.0))
    now = time.time()
    for number in range(19):
        await desk.ran(a_run(number, now, error=ERROR))
    desk.sampled(gpu_sample(now))
    assert desk.of(AlertFired) == [], "too few to say anything"
    for number in range(19, 80):
        await desk.ran(a_run(number, now))
    desk.sampled(gpu_sample(now + 1))
    desk.sampled(gpu_sample(now + 2))
    assert [event.alert.what for event in desk.of(AlertFired)] == ["ttft_p95_ms", "error_share"]
    assert [event.marker.kind for event in desk.of(MarkerSet)] == ["alert", "alert"]


async def test_each_step_of_a_months_spend_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    month = ["2026-11"]
    begin = time.time() - 1000
    monkeypatch.setattr(monitor_module, "month_now", lambda: (month[0], begin))
    async with desk_in(tmp_path) as desk:
        await desk.ran(a_run(0, time.time(), cost=Cost(usd="4999.5")))
        assert desk.of(AlertFired) == []
        await desk.ran(a_run(1, time.time(), cost=Cost(usd="1")))
        await desk.ran(a_run(2, time.time(), cost=Cost(usd="1")))
        assert [event.alert.above for event in desk.of(AlertFired)] == [5000.0]
        assert "5,000.50 USD" in desk.of(AlertFired)[0].alert.text
    async with desk_in(tmp_path) as desk:
        await desk.ran(a_run(3, time.time(), cost=Cost(usd="1")))
        assert desk.of(AlertFired) == [], "another process remembers it"
        await desk.ran(a_run(4, time.time(), cost=Cost(usd="5000")))
        assert [event.alert.above for event in desk.of(AlertFired)] == [10000.0]
        month[0], begin = "2026-12", time.time() + 1000
        desk.sampled(gpu_sample(time.time()))
        await asyncio.sleep(0.1)
        desk.monitor.on_event(SettingsChanged())
        assert len(desk.of(AlertFired)) == 1, "a new month begins at nothing"


# ---- requests ----------------------------------------------------------------------------------------------


async def test_the_table_of_requests(desk: Desk) -> None:
    now = time.time()
    for number in range(10):
        await desk.ran(a_run(number, now - 100 + number))
    state = RunState(
        cold=True,
        cached_prompt_tokens=3,
        layers_on_gpu=44,
        layers=49,
        throttled=["thermal"],
        memory_pressure_share=0.2,
        beside=["b"],
    )
    await desk.ran(a_run(10, now - 50, state=state, timing=Timing(ttft_ms=900.0, attempts=2)))
    await desk.ran(a_run(11, now - 40, error=ERROR, finish_reason="error", route="gateway:ide"))
    await desk.ran(a_run(12, now - 5000))
    page = await desk.monitor.execute(c.ReadRequests(window_s=900, limit=5))
    assert (page.total, page.failed, len(page.rows)) == (12, 1, 5)
    assert [row.run_id for row in page.rows[:2]] == ["run000011", "run000010"]
    assert (page.rows[0].error, page.rows[0].route) == ("It failed", "gateway:ide")
    assert page.rows[1].marks == ["cold", "cached", "spilled", "throttled", "pressure", "beside", "retried"]
    assert (page.rows[2].ttft_ms, page.rows[2].joules, page.rows[2].marks) == (49.0, 200.0, [])
    failed = await desk.monitor.execute(c.ReadRequests(window_s=900, only="failed"))
    assert [row.run_id for row in failed.rows] == ["run000011"]
    slow = await desk.monitor.execute(c.ReadRequests(window_s=900, only="slow"))
    assert [row.run_id for row in slow.rows] == ["run000010"]


async def test_a_run_under_the_glass(desk: Desk) -> None:
    await desk.ran(a_run(1, time.time(), text="Hello", params={"temperature": 0.5}))
    with pytest.raises(AppError, match="No such run"):
        await desk.monitor.execute(c.InspectRun(run_id="nope"))
    bare = await desk.monitor.execute(c.InspectRun(run_id="run000001"))
    assert (bare.sent, bare.templated, bare.templated_bytes, bare.samplers) == (None, None, None, [])
    details = RunDetails(
        sent='{"a": 1}',
        templated="<|user|>Grüße\ud800",
        samplers=["top_k", "temperature"],
        server="starter",
        command="llama-server -m x",
        power=[PowerPoint(at_ms=1.0, power_w=300.0, vram_bytes=None)],
    )
    await RunDetailsStore(desk.database).save("run000001", details)
    found = await desk.monitor.execute(c.InspectRun(run_id="run000001"))
    assert found.run["text"] == "Hello"
    assert (found.messages, found.sampling) == ([{"role": "user", "content": "Hi"}], {"temperature": 0.5})
    assert found.times == {"content": [5, 6]}
    assert (found.templated, found.templated_bytes) == ("<|user|>Grüße?", 16)
    assert (found.sent, found.samplers, found.command) == (
        '{"a": 1}',
        ["top_k", "temperature"],
        "llama-server -m x",
    )
    assert found.power == details.power


# ---- exports -----------------------------------------------------------------------------------------------


async def test_prometheus_text(desk: Desk) -> None:
    desk.settings = Settings(gateway=GatewaySettings(metrics=True))
    desk.monitor.on_event(SettingsChanged())
    desk.sampled(gpu_sample(time.time()))
    for number in range(100):
        target = msgspec.structs.replace(TARGET, model=f'model "{number}"')
        await desk.ran(a_run(number, time.time(), target=target))
    text = desk.monitor.metrics_text()
    assert text == await desk.monitor.execute(c.ReadMetrics())
    families = {family.name: family for family in text_string_to_metric_families(text)}
    (used,) = families["steelyard_gpu_memory_used_bytes"].samples
    assert (used.labels, used.value) == ({"gpu": "nvidia:G", "name": "Fake RTX"}, 6 * GIB)
    (rate,) = families["steelyard_server_generation_tokens_per_second"].samples
    assert (rate.labels, rate.value) == ({"server": "starter"}, 120.0)
    assert families["gen_ai_server_time_to_first_token_seconds"].type == "histogram"
    assert families["gen_ai_client_token_usage"].type == "histogram"
    models = {sample.labels["model"] for sample in families["steelyard_requests"].samples}
    assert len(models) == 65, "64 names, and the rest together"
    assert families["steelyard_gpu_energy_joules"].samples == [], "what is unknown has no line"


class Collector(BaseHTTPRequestHandler):
    documents: list[Any] = []  # noqa: RUF012 - the server makes a handler for each request

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.documents.append((self.path, json.loads(body)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_words: object) -> None: ...


@pytest.fixture
def collector() -> Iterator[str]:
    Collector.documents = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


async def test_otlp_goes_to_this_machine_only(desk: Desk, collector: str) -> None:
    desk.sampled(gpu_sample(time.time()))
    desk.settings = Settings(gateway=GatewaySettings(otlp_url=collector))
    desk.monitor.on_event(SettingsChanged())
    await desk.ran(a_run(1, time.time()))
    notes: list[str] = []
    url = [collector]
    registry = desk.monitor._registry
    pusher = OtlpPusher(lambda: url[0], registry, notes.append, period_s=0.05)
    pusher.start()
    while not Collector.documents:
        await asyncio.sleep(0.01)
    url[0] = "http://192.0.2.1:4318"
    await asyncio.sleep(0.2)
    url[0] = "http://127.0.0.1:1"
    await asyncio.sleep(0.3)
    await pusher.stop()
    path, document = Collector.documents[0]
    assert path == "/v1/metrics"
    (resource,) = document["resourceMetrics"]
    metrics = {metric["name"]: metric for metric in resource["scopeMetrics"][0]["metrics"]}
    ttft = metrics["gen_ai.server.time_to_first_token"]
    assert ttft["unit"] == "s"
    (point,) = ttft["histogram"]["dataPoints"]
    assert point["count"] == "1"
    assert point["sum"] == pytest.approx(0.041)
    assert len(point["bucketCounts"]) == len(point["explicitBounds"]) + 1
    assert sum(int(count) for count in point["bucketCounts"]) == 1
    assert metrics["steelyard_gpu_power_watts"]["gauge"]["dataPoints"][0]["asDouble"] == 300.0
    assert metrics["steelyard_requests"]["sum"]["isMonotonic"] is True
    assert len(notes) == 2, "each trouble is told once"
    assert "not on this machine" in notes[0]


@pytest.mark.parametrize(
    "url",
    ["http://example.org/", "https://10.0.0.1", "file:///x", "http://127.0.0.1.example.org", "http://["],
)
def test_otlp_refuses_other_machines(url: str) -> None:
    assert refusal(url) is not None


# ---- cost --------------------------------------------------------------------------------------------------


async def test_a_long_day_does_not_grow(desk: Desk, request: pytest.FixtureRequest) -> None:
    """An hour of samples and (with --long) 10^5 requests of 64 tokens."""
    count = 100_000 if request.config.getoption("--long") else 1_000
    desk.settings = Settings(gateway=GatewaySettings(metrics=True))
    desk.monitor.on_event(SettingsChanged())
    began = time.time()
    text = TextArrived(
        **{"request": "q", "run_id": "r", "column": 0, "text": "x", "is_reasoning": False},
        **{"chunks": 3, "elapsed_ms": 1.0, "ttft_ms": 1.0},
    )
    sizes: list[int] = []
    tracemalloc.start()
    for number in range(count):
        for _ in range(64):
            desk.monitor.on_event(text)
        desk.monitor.on_event(RunFinished(request="q", run=a_run(number, began)))
        if number % (count // 200) == 0:
            row = server_row(name=f"s{number}", pid=number)
            desk.sampled(gpu_sample(began + number * 36_000 / count))
            desk.monitor.on_event(ServerChanged(server=row))
            await asyncio.sleep(0)
        if number % (count // 10) == count // 10 - 1:
            desk.events.clear()
            await asyncio.sleep(0.05)
            sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert sizes[-1] - sizes[len(sizes) // 2] < 4 << 20, sizes
    assert sizes[-1] < 64 << 20
