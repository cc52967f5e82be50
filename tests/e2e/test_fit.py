"""What `models fit` promises against what llama-server prints when it loads the real file."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from fakes.fake_hub import FakeHub, FakeRepo
from steelyard.core.engine import Engine
from steelyard.core.servers.log_facts import LogFacts
from steelyard.core.values.commands import FitRepo, FitWeights, ReadRepo
from steelyard.core.values.fit import FitWish

from .harness import llama_server, starter_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from steelyard.core.base.paths import Home
    from steelyard.core.values.fit import FitReport

MIB = 1 << 20
GEMMA = starter_file().parents[1] / "test-weights" / "gemma3-270m-q4_k_m.gguf"
WISHES = [
    (ctx, parallel, kv_type)
    for ctx in (2048, 8192, 32768)
    for parallel in (1, 4)
    for kv_type in ("f16", "q8_0")
]
SHORT_WISHES = [(2048, 1, "f16"), (8192, 4, "q8_0"), (32768, 1, "f16")]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The starter, other quants of it, and a model with a sliding window and a large vocabulary."""
    folder = tmp_path_factory.mktemp("quants")
    made = {"smol-Q4_1": starter_file(), "gemma-Q4_K_M": GEMMA}
    for quant in ("Q8_0", "Q4_0"):
        made[f"smol-{quant}"] = folder / f"smol-{quant}.gguf"
        words = ["--allow-requantize", str(starter_file()), str(made[f"smol-{quant}"]), quant]
        program = llama_server().with_name("llama-quantize")
        subprocess.run([str(program), *words], check=True, capture_output=True, timeout=120)
    return made


@pytest.fixture(scope="module")
def hub(files: dict[str, Path]) -> Iterator[FakeHub]:
    repos = [FakeRepo(f"acme/{name}", {f"{name}.gguf": path}) for name, path in files.items()]
    repos.append(
        FakeRepo("acme/all", {f"{name}.gguf": path for name, path in files.items() if "smol" in name})
    )
    with FakeHub(*repos) as hub:
        yield hub


def loaded(path: Path, wish: tuple[int, int, str], folder: Path) -> dict[str, float]:
    """MiB by kind as a real llama-server prints them for the real file, with the flags of the contract."""
    ctx, parallel, kv_type = wish
    words = ["-m", str(path), "-c", str(ctx * parallel), "-np", str(parallel), "--no-kv-unified"]
    words += ["-ctk", kv_type, "-ctv", kv_type, "--batch-size", "512", "--cache-ram", "0"]
    words += ["--host", str(folder / "s.sock"), "--offline", "--no-webui", "--no-warmup", "--verbosity", "4"]
    process = subprocess.Popen(
        [str(llama_server()), *words],
        env={"LLAMA_API_KEY": "x"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    facts, text = LogFacts(), b""
    deadline = time.monotonic() + 60
    assert process.stdout is not None
    try:
        while b"listening on" not in text and time.monotonic() < deadline:
            data = process.stdout.read1(65536)
            assert data, text[-500:]
            facts.feed(data)
            text += data
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        (folder / "s.sock").unlink(missing_ok=True)
    sizes: dict[str, float] = {}
    real = text[text.rindex(b"loading model tensors") :].decode(errors="replace")
    for kind, mib in re.findall(r"(model|KV|compute|output) buffer size =\s*([0-9.]+) MiB", real):
        sizes[kind] = sizes.get(kind, 0.0) + float(mib)
    return sizes


def check(report: FitReport, real: dict[str, float]) -> None:
    assert report.basis == "engine"
    assert report.verdict in ("cpu", "fits", "tight", "partial")
    assert abs(report.weights_bytes / MIB - real["model"]) <= 1
    assert abs(report.kv_bytes / MIB - real["KV"]) <= 1
    total = sum(real.values())
    assert abs(report.total_bytes / MIB - total) <= max(0.02 * total, 64)
    parts = report.weights_bytes + report.kv_bytes + report.compute_bytes + report.overhead_bytes
    assert report.total_bytes == parts


async def test_fit_of_remote_files_is_what_the_engine_then_prints(
    files: dict[str, Path],
    hub: FakeHub,
    module_home: Home,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    is_long = request.config.getoption("--long")
    engine = Engine(module_home)
    await engine.start()
    try:
        for name, path in files.items():
            hub.forget_requests()
            for wish in WISHES if is_long else SHORT_WISHES:
                command = FitWeights(
                    name=f"acme/{name}",
                    wish=FitWish(ctx=wish[0], parallel=wish[1], kv_type=wish[2]),
                    environment={"HF_ENDPOINT": hub.url},
                )
                report = await engine.execute(command, "r")
                check(report, await asyncio.to_thread(loaded, path, wish, tmp_path))
                assert 0 < report.header_bytes_read <= 64 << 20
            assert hub.sent_bytes(".gguf") <= 64 << 20, "the file itself was read"
            assert hub.sent_bytes(".gguf") < path.stat().st_size
    finally:
        await engine.stop(10)


async def test_all_files_of_a_repository_are_priced_from_one_header(
    files: dict[str, Path], hub: FakeHub, module_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    engine = Engine(module_home)
    await engine.start()
    try:
        repo = await engine.execute(ReadRepo(name="acme/all"), "r")
        command = FitRepo(
            repo=repo.repo, revision=repo.revision, file="smol-Q4_1.gguf", wish=FitWish(ctx=4096)
        )
        found = await engine.execute(command, "r")
        assert set(found.reports) == {"smol-Q4_1.gguf", "smol-Q8_0.gguf", "smol-Q4_0.gguf"}
        assert found.recommended == "smol-Q8_0.gguf", "a small model loses much by strong quants"
        for name, report in found.reports.items():
            exact = await engine.execute(FitWeights(name=f"acme/all/{name}", wish=FitWish(ctx=4096)), "r")
            assert report.low_bytes <= exact.total_bytes <= report.high_bytes, (
                "Q4_0 is kept twice by some CPUs"
            )
            if "Q4_0" not in name:
                assert abs(report.total_bytes - exact.total_bytes) <= 4 * MIB
            assert report.is_scaled == (name != "smol-Q4_1.gguf")
        hub.forget_requests()
        quick = FitRepo(
            repo=repo.repo,
            revision=repo.revision,
            file="smol-Q4_1.gguf",
            wish=FitWish(ctx=8192, parallel=2, kv_type="q8_0"),
            is_quick=True,
        )
        moved = (await engine.execute(quick, "r")).reports["smol-Q4_1.gguf"]
        assert moved.basis == "formula"
        assert hub.requests == [], "a moving slider asks nobody"
        exact = await engine.execute(FitWeights(name="acme/all/smol-Q4_1.gguf", wish=quick.wish), "r")
        assert moved.kv_bytes == pytest.approx(exact.kv_bytes, abs=MIB)
    finally:
        await engine.stop(10)


async def test_real_loads_are_remembered_and_their_error_is_shown(module_home: Home) -> None:
    from steelyard.core.values.commands import LoadWeights

    engine = Engine(module_home)
    await engine.start()
    try:
        await engine.execute(LoadWeights(target="starter"), "r")
        for _ in range(100):
            report = await engine.execute(FitWeights(name="starter"), "r")
            if report.correction is not None:
                break
            await asyncio.sleep(0.05)
        assert report.correction is not None
        assert report.correction.loads == 1
        assert abs(report.correction.error_share) < 0.01
        assert report.low_bytes <= report.total_bytes <= report.high_bytes
        assert report.devices[0].given_back_bytes > 0, "the idle server would give its memory back"
    finally:
        await engine.stop(10)


@pytest.mark.skipif(sys.platform != "linux", reason="memory of other systems")
async def test_what_is_too_large_for_this_machine_does_not_fit(module_home: Home) -> None:
    engine = Engine(module_home)
    await engine.start()
    try:
        wish = FitWish(ctx=1 << 22, parallel=64)
        report = await engine.execute(FitWeights(name="starter", wish=wish), "r")
        assert report.verdict in ("wont_fit", "partial")
        assert report.total_bytes > report.devices[-1].free_bytes
        assert "needs" in report.reason
    finally:
        await engine.stop(10)
