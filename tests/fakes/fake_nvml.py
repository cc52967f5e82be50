"""A driver on which the real NVML binding runs: in a child process, driven by a file."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE = Path(__file__).with_name("fake_nvml.c")
SONAME = "libnvidia-ml.so.1"
GIB = 1 << 30
NOT_AVAILABLE = 2**64 - 1


def build(folder: Path, *flags: str) -> Path:
    """Compile the library."""
    library = folder / SONAME
    command = [
        "cc",
        "-shared",
        "-fPIC",
        "-O1",
        f"-Wl,-soname,{SONAME}",
        *flags,
        "-o",
        str(library),
        str(SOURCE),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return library


def one_gpu(index: int = 0, **changes: object) -> dict[str, object]:
    """Lines of a GPU that is well."""
    facts: dict[str, object] = {
        "name": f"Fake RTX {index}",
        "uuid": f"GPU-{index}",
        "total": 24 * GIB,
        "used": 6 * GIB,
        "busy": 55,
        "power_mw": 331_000,
        "limit_mw": 450_000,
        "energy_mj": 5_000_000,
        "temperature": 74,
        "slowdown": 90,
        "clock": 2520,
        "memory_clock": 10_501,
        "throttle": 0,
    }
    facts.update(changes)
    return {f"{index}.{key}": value for key, value in facts.items() if value is not None}


class NvmlChild:
    """The process that samples, and the file that its driver reads."""

    def __init__(self, library: Path, state: Path, lines: dict[str, object] | None = None) -> None:
        self._state = state
        self.set(**(lines or {"count": 1, **one_gpu()}))
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(library)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "FAKE_NVML": str(state)},
        )
        self.pid = self._process.pid

    def set(self, **lines: object) -> None:
        """What the driver says from now on."""
        aside = self._state.with_suffix(".new")
        aside.write_text("".join(f"{key} {value}\n" for key, value in lines.items()))
        aside.replace(self._state)

    def ask(self, word: str = "sample") -> Any:
        """Ask the child: sample, devices, driver, cpu."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def until(self, holds: Callable[[Any], bool], limit_s: float = 10.0) -> Any:
        """The first sample for which something holds."""
        deadline = time.monotonic() + limit_s
        while not holds(sample := self.ask()):
            assert time.monotonic() < deadline, sample
            time.sleep(0.02)
        return sample

    def close(self) -> int:
        """Let it end; its exit code."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        code = self._process.wait(10)
        self._process.stdout.close()
        return code


def nvidia_state(sample: Any) -> Any:
    """How the source is."""
    unknown = {"health": "", "reason": ""}  # before the first sample
    return next((state for state in sample["sources"] if state["name"] == "nvidia"), unknown)


async def _live() -> None:
    import asyncio

    import msgspec

    from steelyard.core.telemetry.nvidia_source import NvidiaSource
    from steelyard.core.telemetry.telemetry import ServerLook, Telemetry
    from steelyard.core.values.settings import EnergySettings

    source = NvidiaSource(retry_ns=300_000_000)
    telemetry = Telemetry(
        EnergySettings, lambda: [ServerLook("starter", os.getpid())], sources=[source], period_s=0.25
    )
    telemetry.start()
    spent, looked = time.process_time(), time.monotonic()
    while word := (await asyncio.to_thread(sys.stdin.readline)).strip():
        if word == "devices":
            answer: Any = await telemetry.fetch_devices()
        elif word == "driver":
            answer = await telemetry.fetch_driver()
        elif word == "cpu":
            answer = (time.process_time() - spent) / (time.monotonic() - looked)
            spent, looked = time.process_time(), time.monotonic()
        else:
            answer = telemetry.latest
        print(msgspec.json.encode(answer).decode(), flush=True)
    await telemetry.stop()


if __name__ == "__main__":
    import asyncio

    # The binding asks the loader for the soname, and the loader has it already.
    ctypes.CDLL(sys.argv[1], mode=ctypes.RTLD_GLOBAL)
    asyncio.run(_live())
