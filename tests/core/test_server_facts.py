"""What is told of servers beside their state: rates, reuse, idle watts, banners."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from steelyard.core import server_figures
from steelyard.core.live_rates import LiveRates
from steelyard.core.server_banners import banners_of, notes_of
from steelyard.core.server_figures import ServerFigures
from steelyard.core.servers.log_facts import LogFacts
from steelyard.core.servers.server_rows import spilled
from steelyard.core.values.events import RunFinished, RunStarted, TextArrived
from steelyard.core.values.run import Run, TargetInfo, Timing
from steelyard.core.values.servers import ServerRow
from steelyard.core.values.telemetry import GpuProcess, GpuSample, HostSample, Sample

GIB = 1 << 30


def row(state: str = "ready", **changes: Any) -> ServerRow:
    values: dict[str, Any] = {
        "name": "a",
        "weights": "/a.gguf",
        "pid": 7,
        "ctx": 512,
        "slots": 1,
        "slots_busy": 0,
        "predicted_bytes": None,
        "measured_bytes": None,
        "vram_bytes": None,
        "started_at": "x",
        "idle_s": 1.0,
        "backend": "cuda",
    }
    return ServerRow(state=state, **(values | changes))  # pyright: ignore[reportArgumentType]


def run(raw: dict[str, Any], **timing: float) -> Run:
    target = TargetInfo(name="a", kind="local", model="a", server="a")
    return Run(id="r", started_at="x", target=target, raw={"timings": raw}, timing=Timing(**timing))


async def test_watts_before_and_after_an_unload(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only an unload for being idle is told, and the time in which the GPU calms down is left out."""
    monkeypatch.setattr(server_figures, "_WATTS_OVER_S", 0.05)
    monkeypatch.setattr(server_figures, "_SETTLE_S", 0.02)
    asked: list[tuple[int, int]] = []

    def mean_power_w(begin: int, end: int) -> float:
        asked.append((begin, end))
        return 31.0 if len(asked) == 1 else 12.5

    figures = ServerFigures(mean_power_w)
    figures.on_server_changed(row())
    figures.on_server_changed(row("stopped", pid=None, ended="Unloaded after 5 min idle"))
    await asyncio.sleep(0.15)
    assert [round((end - begin) / 1e9, 2) for begin, end in asked] == [0.05, 0.05]
    assert asked[1][0] - asked[0][1] == 20_000_000
    figures.on_server_changed(row())
    figures.on_server_changed(row("stopped", pid=None, ended="Stopped on request"))
    await figures.close()
    assert len(asked) == 2


def test_reuse_and_drafts_add_up_over_runs() -> None:
    figures = ServerFigures(lambda _begin, _end: None)
    figures.on_run_finished(run({"cache_n": 30, "prompt_n": 10, "draft_n": 8, "draft_n_accepted": 6}))
    figures.on_run_finished(run({"cache_n": 0, "prompt_n": 60, "draft_n": 2, "draft_n_accepted": 0}))
    kept = figures._of("a")
    assert (kept.cached_tokens, kept.prompt_tokens) == (30, 100)
    assert (kept.accepted, kept.drafted) == (6, 10)


def test_rates_of_streams_are_chunks_a_second_by_server() -> None:
    rates = LiveRates()
    rates.on_event(RunStarted(request="q", run=run({})))
    rates._looked_at -= 2.0
    text = {
        "request": "q",
        "run_id": "r",
        "column": 0,
        "is_reasoning": False,
        "elapsed_ms": 1.0,
        "ttft_ms": 1.0,
    }
    rates.on_event(TextArrived(text="x", chunks=40, **text))  # pyright: ignore[reportArgumentType]
    assert rates.take()["a"] == pytest.approx(20, rel=0.01)
    rates._looked_at -= 1.0
    assert rates.take() == {"a": 0.0}
    rates.on_event(TextArrived(text="x", chunks=45, **text))  # pyright: ignore[reportArgumentType]
    rates.on_event(RunFinished(request="q", run=run({})))
    rates._looked_at -= 1.0
    assert rates.take()["a"] == pytest.approx(5, rel=0.01)
    assert rates.take() == {}


SPILLED = b"""\
0.0 I common_memory_breakdown_print: |   - Vulkan0 (llvmpipe) | 2048 = 1000 + ( 60 = 40 + 10 + 10) + 988 |
0.1 I load_tensors: offloaded 12/31 layers to GPU
"""


def test_layers_on_the_cpu_beside_a_gpu_are_a_spill() -> None:
    facts = LogFacts()
    facts.feed(SPILLED)
    assert spilled(facts) == (12, 31)
    whole = LogFacts()
    whole.feed(SPILLED.replace(b"12/31", b"31/31"))
    assert spilled(whole) is None
    no_gpu = LogFacts()
    no_gpu.feed(b"0.1 I load_tensors: offloaded 0/31 layers to GPU\n")
    assert spilled(no_gpu) is None


def test_banners_say_what_is_true_about_the_machine() -> None:
    gpu = GpuSample(
        id="nvidia:x",
        name="RTX",
        source="nvidia",
        total_bytes=24 * GIB,
        throttle=["thermal"],
        temperature_c=84.0,
        processes=[
            GpuProcess(pid=9, used_bytes=2 * GIB, name="game"),
            GpuProcess(pid=7, used_bytes=GIB, server="a"),
        ],
    )
    host = HostSample(total_bytes=16 * GIB, available_bytes=GIB // 4, pressure_share=0.3)
    sample = Sample(at=0, gpus=[gpu], host=host)
    found = {banner.code: banner.text for banner in banners_of(row(slots_busy=1), sample, {"b"})}
    assert set(found) == {"throttled", "other_gpu_process", "memory_pressure", "other_local_load"}
    assert "84 °C" in found["throttled"]
    assert found["other_gpu_process"] == "Other programs use RTX: game (2.0 GiB)."
    assert "b generates" in found["other_local_load"]
    assert any("held back" in note for note in notes_of(sample))
    fallen_back = banners_of(row(backend="cpu"), Sample(at=0, gpus=[gpu]), set())
    assert [banner.code for banner in fallen_back] == ["spilled_to_cpu"]
    assert banners_of(row("loading"), sample, {"b"}) == []
    assert banners_of(row(), Sample(at=0), set()) == []
