"""NVML on a driver that answers, fails or hangs."""

# ruff: noqa: N802 - the library chose the names that the driver below has
from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from steelyard.core.telemetry import nvidia
from steelyard.core.telemetry.nvidia import Nvml

if TYPE_CHECKING:
    from collections.abc import Iterator

DEADLINE_S = 0.2


class Driver:
    """Stands for the library; `gate` holds every call while it is closed, as a hung driver does."""

    NVMLError = type("NVMLError", (Exception,), {})

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.threads: set[str] = set()
        self.counts = 0
        self.failure: Exception | None = None

    def nvmlInit(self) -> None:
        self._call()

    def nvmlDeviceGetCount(self) -> int:
        self.counts += 1
        self._call()
        return 2

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetMemoryInfo(self, _handle: int) -> SimpleNamespace:
        return SimpleNamespace(total=100, free=60)

    def nvmlDeviceGetName(self, handle: int) -> str:
        return f"GPU {handle}"

    def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> list[SimpleNamespace]:
        return [SimpleNamespace(pid=7, usedGpuMemory=10 + handle), SimpleNamespace(pid=8, usedGpuMemory=None)]

    def _call(self) -> None:
        self.threads.add(threading.current_thread().name)
        if self.failure:
            raise self.failure
        self.gate.wait(30)


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Driver]:
    driver = Driver()
    monkeypatch.setitem(sys.modules, "pynvml", driver)
    monkeypatch.setattr(nvidia, "_DEADLINE_S", DEADLINE_S)
    yield driver
    driver.gate.set()


async def test_figures_come_from_one_thread(driver: Driver) -> None:
    nvml = Nvml()
    rows = await asyncio.to_thread(nvml.devices)
    assert rows == nvml.devices() == await nvml.fetch_devices()
    assert [(row.name, row.total_bytes, row.free_bytes) for row in rows] == [
        ("GPU 0", 100, 60),
        ("GPU 1", 100, 60),
    ]
    assert (nvml.process_bytes(7), await nvml.fetch_process_bytes(7)) == (21, 21)
    assert (nvml.process_bytes(8), nvml.process_bytes(9)) == (None, None)
    assert driver.threads == {"nvml"}


async def test_a_hung_driver_is_unknown_and_stops_nobody(driver: Driver) -> None:
    nvml = Nvml()
    assert len(nvml.devices()) == 2
    driver.gate.clear()
    started = time.monotonic()
    assert nvml.devices() == []
    assert DEADLINE_S <= time.monotonic() - started < 5 * DEADLINE_S
    asked, started = driver.counts, time.monotonic()
    for _ in range(50):
        assert (nvml.process_bytes(7), await nvml.fetch_process_bytes(7)) == (None, None)
    assert time.monotonic() - started < DEADLINE_S, "while one call hangs nobody waits for a second one"
    driver.gate.set()
    deadline = time.monotonic() + 5
    while nvml.process_bytes(7) is None and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    assert nvml.process_bytes(7) == 21, "it is asked again once it has answered"
    assert driver.counts - asked < 10, "nothing was queued meanwhile"


async def test_the_loop_goes_on_while_the_driver_hangs(driver: Driver) -> None:
    nvml = Nvml()
    driver.gate.clear()
    asking = asyncio.create_task(nvml.fetch_devices())
    ticks = 0
    while not asking.done():
        await asyncio.sleep(0.01)
        ticks += 1
    assert ticks > 5
    assert await asking == []
    assert nvml.is_absent is False, "a hung driver is not a missing one"
    driver.gate.set()


@pytest.mark.parametrize("failure", [Driver.NVMLError("lost"), UnicodeDecodeError("utf-8", b"", 0, 1, "x")])
async def test_a_driver_that_fails_is_unknown_until_it_works(driver: Driver, failure: Exception) -> None:
    nvml = Nvml()
    assert len(nvml.devices()) == 2
    driver.failure = failure
    assert (nvml.devices(), nvml.process_bytes(7), await nvml.fetch_devices()) == ([], None, [])
    driver.failure = None
    assert len(nvml.devices()) == 2


def test_no_driver_is_asked_for_once_only(driver: Driver) -> None:
    driver.failure = Driver.NVMLError("no driver")
    nvml = Nvml()
    assert nvml.is_absent is False
    assert (nvml.devices(), nvml.process_bytes(7)) == ([], None)
    assert nvml.is_absent is True
    driver.failure = None
    assert nvml.devices() == []


HUNG = """
import asyncio, sys, threading, types
driver = types.ModuleType("pynvml")
driver.NVMLError = type("NVMLError", (Exception,), {})
driver.nvmlInit = threading.Event().wait
sys.modules["pynvml"] = driver
from steelyard.core.telemetry.nvidia import Nvml
nvml = Nvml()

async def live():
    looking = asyncio.create_task(asyncio.to_thread(nvml.devices))
    await asyncio.sleep(0.1)
    looking.cancel()

asyncio.run(live())
print("ended")
"""


def test_a_hung_driver_does_not_keep_the_process_from_ending() -> None:
    """The engine asks from the loop's own threads, for which `asyncio.run` waits at its end."""
    done = subprocess.run(
        [sys.executable, "-c", HUNG], capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.returncode, done.stdout) == (0, "ended\n")
    assert "no answer for 1 s" in done.stderr
