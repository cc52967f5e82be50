"""Full and partial offload, the spill banner, and what was predicted against what was reserved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from steelyard.core.values import commands as c
from steelyard.core.values.fit import FitWish

from .rig import DEVICE_BYTES, LAYERS, MIB

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.harness import Cli
    from steelyard.core.values.fit import FitReport
    from steelyard.core.values.servers import ServerDetail

    from .rig import Host

in_the_engine = pytest.mark.asyncio(loop_scope="module")
TOO_LONG = 131_072
"""Its KV cache alone takes 2,880 MiB."""


def spills(row: Any) -> list[str]:
    return [banner.text for banner in row.banners if banner.code == "spilled_to_cpu"]


def on_gpu(detail: ServerDetail, kind: str) -> int:
    """Bytes of one kind that the engine reserved on the device."""
    return sum(
        part.measured_bytes or 0
        for part in detail.parts
        if part.kind == kind and part.device.startswith("Vulkan0")
    )


def check_promise(report: FitReport, measured_bytes: int | None) -> None:
    """The engine's buffers, which is all that is there without the memory of a driver."""
    assert measured_bytes is not None
    predicted = report.total_bytes - report.overhead_bytes
    assert abs(predicted - measured_bytes) <= max(0.02 * measured_bytes, 64 * MIB)


@in_the_engine
async def test_everything_that_fits_is_offloaded(host: Host) -> None:
    report: FitReport = await host.do(c.FitWeights(name="starter", wish=FitWish(ctx=2048)))
    assert (report.verdict, report.layers_on_gpu, report.layers) == ("fits", LAYERS, LAYERS)
    row = await host.load()
    assert (row.layers_on_gpu, row.layers, row.backend) == (LAYERS, LAYERS, "vulkan")
    assert spills(row) == []
    check_promise(report, row.measured_bytes)
    detail: ServerDetail = await host.do(c.ReadServer(name=row.name))
    device = report.devices[0]
    assert abs(on_gpu(detail, "weights") - device.weights_bytes) <= MIB
    assert abs(on_gpu(detail, "kv") - device.kv_bytes) <= MIB
    run = await host.ask()
    assert run.error is None
    assert run.target.engine is not None
    assert run.target.engine.backend == "vulkan"
    assert (run.state.layers_on_gpu, run.state.layers) == (LAYERS, LAYERS)


@in_the_engine
async def test_layers_that_the_profile_leaves_to_the_cpu_are_told(host: Host) -> None:
    row = await host.load(gpu_layers=10)
    assert (row.layers_on_gpu, row.layers, row.backend) == (10, LAYERS, "vulkan")
    (banner,) = [banner for banner in row.banners if banner.code == "spilled_to_cpu"]
    assert banner.text.startswith(f"{LAYERS - 10} of {LAYERS} layers run on the CPU")
    assert "profile" in banner.hint
    (shown,) = (await host.ps())["servers"]
    assert [one["code"] for one in shown["banners"]] == ["spilled_to_cpu"]
    assert (shown["layers_on_gpu"], shown["layers"]) == (10, LAYERS)
    detail: ServerDetail = await host.do(c.ReadServer(name=row.name))
    assert 0 < on_gpu(detail, "weights") < 60 * MIB
    run = await host.ask()
    assert (run.error, run.state.layers_on_gpu, run.state.layers) == (None, 10, LAYERS)


@in_the_engine
async def test_what_is_too_large_spills_as_predicted(host: Host) -> None:
    """Nobody asked for it: the engine puts on the device what 2,048 MiB hold, and says nothing."""
    report: FitReport = await host.do(c.FitWeights(name="starter", wish=FitWish(ctx=TOO_LONG)))
    assert report.verdict == "partial"
    assert report.layers_on_gpu is not None
    assert 0 < report.layers_on_gpu < LAYERS
    row = await host.load(context_tokens=TOO_LONG)
    assert (row.layers_on_gpu, row.layers) == (report.layers_on_gpu, LAYERS)
    (text,) = spills(row)
    assert text.startswith(f"{LAYERS - report.layers_on_gpu} of {LAYERS} layers")
    detail: ServerDetail = await host.do(c.ReadServer(name=row.name))
    assert 0 < sum(on_gpu(detail, kind) for kind in ("weights", "kv", "compute")) < DEVICE_BYTES


@in_the_engine
async def test_cpu_on_request_is_no_spill(host: Host) -> None:
    row = await host.load(devices=["none"], gpu_layers=0)
    assert row.backend == "cpu"
    assert spills(row) == []
    run = await host.ask()
    assert run.target.engine is not None
    assert run.target.engine.backend == "cpu"


# ---- by the command line -----------------------------------------------------------------------------------


def test_fit_is_told_per_device(cli: Cli) -> None:
    fit = cli.json("models", "fit", "starter", "--ctx", "2048")
    assert (fit["verdict"], fit["layers_on_gpu"], fit["layers"]) == ("fits", LAYERS, LAYERS)
    gpu, host = fit["devices"]
    assert gpu["name"].startswith("Vulkan0")
    assert gpu["total_bytes"] == DEVICE_BYTES
    assert 0 < gpu["free_bytes"] <= DEVICE_BYTES
    assert gpu["kv_bytes"] == fit["kv_bytes"]
    assert host["weights_bytes"] > 0, "the embeddings stay on the host"
    tight = cli.json("models", "fit", "starter", "--ctx", "49152")
    assert (tight["verdict"], tight["layers_on_gpu"]) == ("tight", LAYERS)
    large = cli.json("models", "fit", "starter", "--ctx", str(TOO_LONG))
    assert large["verdict"] == "partial"
    assert 0 < large["layers_on_gpu"] < LAYERS
    assert "GPU memory" in large["reason"]


def test_run_with_a_profile_file(cli: Cli, tmp_path: Path) -> None:
    profile = tmp_path / "some.toml"
    profile.write_text("[profile]\ngpu_layers = 4\n")
    words = ["Hi", "--max-tokens", "2", "--temperature", "0"]
    run = cli.json("run", "starter", *words, "--profile", str(profile))["run"]
    assert run["target"]["engine"]["backend"] == "vulkan"
    assert (run["state"]["layers_on_gpu"], run["state"]["layers"]) == (4, LAYERS)
    assert run["text"]


def test_spill_stands_beside_what_is_compared(cli: Cli, tmp_path: Path) -> None:
    profile = tmp_path / "some.toml"
    profile.write_text("[profile]\ngpu_layers = 4\n")
    words = ["--target", "starter", "--prompt", "Hi", "--max-tokens", "2", "--profile", str(profile)]
    comparison = cli.json("compare", *words)["comparison"]
    codes = [row["code"] for row in comparison["not_comparable"]]
    assert "spilled_to_cpu" in codes
