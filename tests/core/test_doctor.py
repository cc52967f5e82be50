"""What `doctor` finds wrong with the GPU and the settings, and two lines of `serve`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import pytest

from steelyard.cli.requests import serve_request
from steelyard.cli.serve import _show_ready  # pyright: ignore[reportPrivateUsage]
from steelyard.core import doctor
from steelyard.core.base.errors import UsageError
from steelyard.core.base.paths import Home
from steelyard.core.doctor import Observed, diagnose
from steelyard.core.monitor.otlp import refusal
from steelyard.core.store.secrets import SecretStore
from steelyard.core.telemetry.telemetry import Telemetry
from steelyard.core.values.hub import HubAccount
from steelyard.core.values.servers import DeviceRow
from steelyard.core.values.settings import EnergySettings
from steelyard.core.values.telemetry import SourceState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from steelyard.core.telemetry.power_ring import PowerRing
    from steelyard.core.telemetry.source import Reading
    from steelyard.core.values.telemetry import SourceName

GPU = DeviceRow(name="Test GPU", total_bytes=8 << 30, free_bytes=7 << 30)


class BrokenSource:
    """A GPU source whose driver raises."""

    name: SourceName = "nvidia"

    def __init__(self) -> None:
        self.rings: list[PowerRing] = []

    def watch(self, pids: tuple[int, ...]) -> None: ...

    def read(self) -> Reading:
        raise OSError("Driver/library version mismatch")

    def read_power(self) -> None: ...

    def close(self) -> None: ...


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An engine with CPU backends only."""
    folder = tmp_path / "bin"
    folder.mkdir()
    binary = folder / "llama-server"
    binary.write_text("#!/bin/sh\necho 'version: build 1, commit abc'\n")
    binary.chmod(0o755)
    (folder / "libggml-cpu-x64.so").touch()
    monkeypatch.setattr(doctor, "engine_folder", lambda: folder)
    return folder


def problems(
    root: Path, sources: Sequence[SourceState] = (), devices: Sequence[DeviceRow] = (), url: str | None = None
) -> list[dict[str, str]]:
    hub = HubAccount(
        endpoint="http://127.0.0.1:9",
        endpoint_source="default",
        reachable=None,
        token="none",
        user=None,
        proxy=None,
        cache=str(root),
        cache_free_bytes=None,
    )
    observed = Observed(list(sources), url)
    secrets = SecretStore("steelyard-test")
    return diagnose(Home(root, is_default=False), secrets, list(devices), [], hub, [], observed)["problems"]


def about(found: list[dict[str, str]], word: str) -> list[dict[str, str]]:
    return [problem for problem in found if word in problem["what"]]


async def test_a_gpu_driver_that_fails_is_a_problem(tmp_path: Path, engine: Path) -> None:
    telemetry = Telemetry(EnergySettings, sources=[BrokenSource()])
    telemetry.start()
    try:
        assert await telemetry.fetch_devices() == []
        states = telemetry.states()
    finally:
        await telemetry.stop()
    (problem,) = about(problems(tmp_path, states), "nvidia")
    assert "failing: Driver/library version mismatch" in problem["what"]
    assert "driver" in problem["hint"]


def test_no_gpu_is_no_problem_and_a_silent_one_is(tmp_path: Path, engine: Path) -> None:
    absent = SourceState(name="nvidia", health="absent", reason="no NVIDIA driver")
    rapl = SourceState(name="rapl", health="failing", reason="root only")
    hung = SourceState(name="amd", health="hung", reason="no answer for 2 s")
    silent = SourceState(name="intel", health="failing", reason="not asked yet")
    found = about(problems(tmp_path, [absent, rapl, hung, silent]), "GPU source")
    assert [row["what"] for row in found] == [
        "The amd GPU source is hung: no answer for 2 s",
        "The intel GPU source is failing: no answer yet",
    ]


def test_a_gpu_that_the_engine_does_not_use_is_a_problem(tmp_path: Path, engine: Path) -> None:
    (problem,) = about(problems(tmp_path, devices=[GPU]), "Test GPU")
    assert "python3 run.py setup" in problem["hint"]
    (engine / "libggml-cuda.so").touch()
    assert about(problems(tmp_path, devices=[GPU]), "Test GPU") == []


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "ftp://127.0.0.1",
        "http://collector.example",
        "http://localhost:abc",
        "http://127.0.0.1:99999",
        "http://[::1",
    ],
)
def test_a_collector_that_is_never_pushed_to_is_named(url: str, tmp_path: Path, engine: Path) -> None:
    assert refusal(url)
    assert about(problems(tmp_path, url=url), "gateway.otlp_url")


@pytest.mark.parametrize("url", [None, "http://localhost:4318", "https://127.0.0.1/x", "http://[::1]:4318"])
def test_a_collector_on_this_machine_is_no_problem(url: str | None, tmp_path: Path, engine: Path) -> None:
    assert about(problems(tmp_path, url=url), "otlp_url") == []


def test_names_of_served_weights_cannot_steer_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    _show_ready({"base_url": "http://127.0.0.1:1/v1", "key": "k", "models": ["a\x1b[31mb"]})
    assert "models    a [31mb" in capsys.readouterr().out


def test_a_missing_profile_file_is_named_once(tmp_path: Path) -> None:
    path = str(tmp_path / "none.toml")
    with pytest.raises(UsageError) as caught:
        serve_request(argparse.Namespace(port=0, names=["a"], profile=path))
    assert caught.value.one_line().count(path) == 1
