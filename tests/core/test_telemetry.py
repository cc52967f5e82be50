"""Sources: the real NVML binding on a driver of ours, the kernel's files in a folder of ours."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from fakes.fake_nvml import GIB, NOT_AVAILABLE, NvmlChild, build, nvidia_state, one_gpu
from steelyard.core.telemetry import sane
from steelyard.core.telemetry.apple import AppleSource
from steelyard.core.telemetry.drm import DrmSource
from steelyard.core.telemetry.host import HostSource, memory_pressure
from steelyard.core.telemetry.nvidia_source import NvidiaSource
from steelyard.core.telemetry.rapl import RaplSource
from steelyard.core.telemetry.sampler import Sampler
from steelyard.core.telemetry.source import Reading
from steelyard.core.telemetry.telemetry import ServerLook, Telemetry
from steelyard.core.values.settings import EnergySettings
from steelyard.core.values.telemetry import HostSample

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from steelyard.core.telemetry.power_ring import PowerRing
    from steelyard.core.values.telemetry import SourceName

ALL = {"used_bytes", "utilisation_share", "power_w", "energy_j", "temperature_c", "clock_mhz"}
needs_cc = pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")


# ---- NVIDIA ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NvmlChild]:
    folder = tmp_path_factory.mktemp("nvml")
    child = NvmlChild(build(folder), folder / "state")
    yield child
    assert child.close() == 0, "it ends although its driver has been through everything"


@pytest.fixture
def well(driver: NvmlChild) -> NvmlChild:
    """The driver, with one GPU in good order."""
    driver.set(count=1, **one_gpu())
    driver.until(lambda sample: sample["gpus"] and all(sample["gpus"][0][field] is not None for field in ALL))
    return driver


@needs_cc
def test_everything_that_a_gpu_tells(well: NvmlChild) -> None:
    own = f"{well.pid}:{4 * GIB}"
    well.set(count=1, **one_gpu(processes=own, graphics=f"1:{GIB}", throttle=0x24))
    sample = well.until(lambda sample: sample["gpus"][0]["processes"] and sample["servers"])
    (gpu,) = sample["gpus"]
    assert (gpu["id"], gpu["name"], gpu["source"]) == ("nvidia:GPU-0", "Fake RTX 0", "nvidia")
    assert (gpu["total_bytes"], gpu["used_bytes"], gpu["free_bytes"]) == (24 * GIB, 6 * GIB, 18 * GIB)
    assert (gpu["utilisation_share"], gpu["power_w"], gpu["power_limit_w"]) == (0.55, 331.0, 450.0)
    assert (gpu["energy_j"], gpu["temperature_c"], gpu["temperature_limit_c"]) == (5000.0, 74.0, 90.0)
    assert (gpu["clock_mhz"], gpu["memory_clock_mhz"], gpu["throttle"]) == (2520, 10501, ["thermal", "power"])
    held = {process["pid"]: (process["used_bytes"], process["server"]) for process in gpu["processes"]}
    assert held == {well.pid: (4 * GIB, "starter"), 1: (GIB, None)}
    assert gpu["processes_reason"] == ""
    assert sample["servers"][0]["vram_bytes"] == 4 * GIB
    assert (sample["power_w"], sample["power_source"]) == (331.0, "nvml_counter")
    assert well.ask("devices") == [{"name": "Fake RTX 0", "total_bytes": 24 * GIB, "free_bytes": 18 * GIB}]
    assert well.ask("driver") == "570.00"


@needs_cc
def test_several_gpus_and_one_that_gets_lost(tmp_path: Path) -> None:
    both = {"count": 2, **one_gpu(0), **one_gpu(1, used=GIB, power_mw=100_000)}
    child = NvmlChild(build(tmp_path), tmp_path / "state", both)
    try:
        sample = child.until(lambda sample: sample["power_w"] == 431.0)
        assert [gpu["used_bytes"] for gpu in sample["gpus"]] == [6 * GIB, GIB]
        child.set(**both, **{"1.error": 15})
        sample = child.until(lambda sample: nvidia_state(sample)["health"] == "lost")
        gpu, lost = sample["gpus"]
        assert (gpu["id"], gpu["used_bytes"]) == ("nvidia:GPU-0", 6 * GIB), "the other one goes on"
        assert (lost["id"], lost["name"]) == ("nvidia:GPU-1", "Fake RTX 1")
        assert [lost[key] for key in ("used_bytes", "power_w", "temperature_c", "energy_j")] == [None] * 4
        assert "Fake RTX 1" in nvidia_state(sample)["reason"]
        assert sample["power_w"] is None, "the sum of what is known is not the sum"
        assert len(child.ask("devices")) == 1
        child.set(**both)
        sample = child.until(lambda sample: nvidia_state(sample)["health"] == "ok")
        assert sample["power_w"] == 431.0, "NVML is begun anew"
    finally:
        assert child.close() == 0


@needs_cc
def test_a_gpu_that_is_lost_from_the_start(tmp_path: Path) -> None:
    gpus = {"count": 2, **one_gpu(0), **one_gpu(1)}
    child = NvmlChild(build(tmp_path), tmp_path / "state", {**gpus, "0.error": 15})
    try:
        sample = child.until(lambda sample: len(sample["gpus"]) == 1)
        assert nvidia_state(sample)["health"] == "lost"
        assert nvidia_state(sample)["reason"].startswith("GPU 0: ")
        child.set(**gpus)
        sample = child.until(lambda sample: len(sample["gpus"]) == 2)
        assert nvidia_state(sample)["health"] == "ok"
    finally:
        assert child.close() == 0


@needs_cc
def test_all_gpus_lost_and_a_driver_that_is_reloaded(well: NvmlChild) -> None:
    well.set(count=1, init=9, **one_gpu(), **{"0.error": 15})
    sample = well.until(lambda sample: "Not Loaded" in nvidia_state(sample)["reason"])
    assert nvidia_state(sample)["health"] == "lost", "it was there: this is no machine without a GPU"
    assert sample["gpus"][0]["used_bytes"] is None
    assert well.ask("devices") == []
    well.set(count=1, **one_gpu())
    assert well.until(lambda sample: sample["gpus"][0]["used_bytes"] is not None)["power_w"] == 331.0


@needs_cc
def test_a_driver_that_hangs_is_unknown_and_comes_back(well: NvmlChild) -> None:
    well.set(hang=1, count=1, **one_gpu())
    sample = well.until(lambda sample: nvidia_state(sample)["health"] == "hung")
    (gpu,) = sample["gpus"]
    assert (gpu["name"], gpu["used_bytes"], gpu["power_w"], gpu["processes"]) == (
        "Fake RTX 0",
        None,
        None,
        [],
    )
    assert "no answer for" in nvidia_state(sample)["reason"]
    assert sample["power_w"] is None
    assert well.ask("devices") == []
    later = well.until(lambda newer: newer["at"] > sample["at"] + 0.4)
    assert later["at"] > sample["at"], "samples go on"
    well.set(count=1, **one_gpu(used=GIB))
    assert well.until(lambda sample: nvidia_state(sample)["health"] == "ok")["gpus"][0]["used_bytes"] == GIB


@needs_cc
@pytest.mark.parametrize(
    ("bad", "unknown"),
    [
        ({"total": NOT_AVAILABLE, "busy": 4294967295}, {"used_bytes", "utilisation_share"}),
        (
            {"used": NOT_AVAILABLE, "power_mw": 4294967295, "energy_mj": NOT_AVAILABLE, "temperature": -5},
            {"used_bytes", "power_w", "energy_j", "temperature_c"},
        ),
        (
            {"power_mw": 0, "clock": 4294967295, "temperature": 2147483647},
            {"power_w", "clock_mhz", "temperature_c"},
        ),
        ({"power_mw": None}, {"power_w"}),
    ],
)
def test_what_cannot_be_is_unknown(well: NvmlChild, bad: dict[str, Any], unknown: set[str]) -> None:
    well.set(count=1, **one_gpu(**bad))
    sample = well.until(lambda sample: all(sample["gpus"][0][field] is None for field in unknown))
    (gpu,) = sample["gpus"]
    assert {field for field in ALL if gpu[field] is None} == unknown, "one bad figure costs no other"
    assert nvidia_state(sample)["health"] == "ok"
    assert nvidia_state(sample)["reason"], "it is told which figures are missing"


@needs_cc
def test_processes_that_the_driver_does_not_tell(well: NvmlChild) -> None:
    well.set(count=1, **one_gpu(processes=f"{well.pid}:-"))
    sample = well.until(
        lambda sample: sample["gpus"][0]["processes_reason"] and sample["gpus"][0]["processes"]
    )
    assert "single processes" in sample["gpus"][0]["processes_reason"]
    assert sample["gpus"][0]["processes"][0]["used_bytes"] is None
    assert sample["servers"][0]["vram_bytes"] is None
    well.set(count=1, **one_gpu(processes=f"4000000:{GIB}"))
    sample = well.until(lambda sample: "container" in sample["gpus"][0]["processes_reason"])
    assert "numbers processes otherwise" in sample["gpus"][0]["processes_reason"]
    well.set(count=1, **one_gpu())
    sample = well.until(lambda sample: not sample["gpus"][0]["processes"])
    assert "names no process" in sample["gpus"][0]["processes_reason"]
    refused = {f"error.nvmlDeviceGetComputeRunningProcesses_v{version}": 4 for version in (2, 3)}
    well.set(count=1, **refused, **one_gpu())
    sample = well.until(lambda sample: "Permission" in sample["gpus"][0]["processes_reason"])
    assert sample["servers"][0]["vram_bytes"] is None


@needs_cc
def test_an_old_driver_lacks_single_fields_only(tmp_path: Path) -> None:
    child = NvmlChild(build(tmp_path, "-DOLD_DRIVER"), tmp_path / "state")
    child.set(count=1, **one_gpu(processes=f"{child.pid}:{GIB}", throttle=0x40))
    try:
        sample = child.until(lambda sample: sample["gpus"] and sample["servers"])
        (gpu,) = sample["gpus"]
        assert (gpu["energy_j"], gpu["power_w"], gpu["temperature_c"]) == (None, 331.0, 74.0)
        assert gpu["throttle"] == ["thermal"]
        assert gpu["processes"][0]["used_bytes"] == GIB
        assert sample["power_source"] == "nvml_power"
        assert "energy: Function Not Found" in nvidia_state(sample)["reason"]
    finally:
        assert child.close() == 0


@needs_cc
def test_a_hung_driver_keeps_no_process_from_ending(tmp_path: Path) -> None:
    child = NvmlChild(build(tmp_path), tmp_path / "state")
    child.until(lambda sample: sample["gpus"])
    child.set(hang=1, count=1, **one_gpu())
    time.sleep(0.3)
    assert child.close() == 0


def test_no_driver_is_no_gpu() -> None:
    reading = NvidiaSource().read()
    if reading.health == "ok":
        pytest.skip("this machine has an NVIDIA driver")
    assert (reading.health, reading.reason, reading.gpus) == ("absent", "no NVIDIA driver", [])


# ---- the kernel's files ------------------------------------------------------------------------------------


def write(folder: Path, **files: object) -> None:
    for name, value in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{value}\n")


@pytest.fixture
def amd(tmp_path: Path) -> Path:
    device = tmp_path / "drm" / "card1" / "device"
    write(
        device,
        vendor="0x1002",
        uevent="DRIVER=amdgpu\nPCI_SLOT_NAME=0000:03:00.0",
        product_name="Radeon RX",
        mem_info_vram_total=16 * GIB,
        mem_info_vram_used=3 * GIB,
        gpu_busy_percent=40,
    )
    write(
        device / "hwmon" / "hwmon3",
        power1_average=120_000_000,
        power1_cap=250_000_000,
        temp1_input=61_000,
        temp1_crit=100_000,
        freq1_input=2_400_000_000,
        freq2_input=1_000_000_000,
    )
    (tmp_path / "drm" / "card1-DP-1").mkdir()
    write(tmp_path / "proc" / "77" / "fdinfo", **{"5": "drm-pdev:\t0000:03:00.0\ndrm-client-id:\t9"})
    fd = "pos:\t0\ndrm-pdev:\t0000:03:00.0\ndrm-client-id:\t9\ndrm-memory-vram:\t2048 KiB\n"
    write(tmp_path / "proc" / "77" / "fdinfo", **{"5": fd, "6": fd, "7": "pos:\t0"})
    return tmp_path


def test_amd_by_sysfs(amd: Path) -> None:
    source = DrmSource("amd", amd / "drm", amd / "proc")
    source.watch((77, 78))
    reading = source.read()
    (gpu,) = reading.gpus
    assert reading.health == "ok"
    assert (gpu.id, gpu.name, gpu.source) == ("amd:0000:03:00.0", "Radeon RX", "amd")
    assert (gpu.total_bytes, gpu.used_bytes, gpu.free_bytes) == (16 * GIB, 3 * GIB, 13 * GIB)
    assert (gpu.utilisation_share, gpu.power_w, gpu.power_limit_w, gpu.energy_j) == (0.4, 120.0, 250.0, None)
    assert (gpu.temperature_c, gpu.temperature_limit_c) == (61.0, 100.0)
    assert (gpu.clock_mhz, gpu.memory_clock_mhz) == (2400.0, 1000.0)
    assert [(process.pid, process.used_bytes) for process in gpu.processes] == [(77, 2048 << 10)]
    source.read_power()
    (ring,) = source.rings
    assert ring.tells_power()
    assert not ring.counts_energy()
    assert DrmSource("intel", amd / "drm").read().health == "absent"


@pytest.mark.parametrize("text", ["", "nan", "-5", "18446744073709551615", "what", "1e400"])
def test_amd_files_with_nonsense_are_unknown(amd: Path, text: str) -> None:
    device = amd / "drm" / "card1" / "device"
    for path in [device / "mem_info_vram_used", device / "gpu_busy_percent", *device.glob("hwmon/*/*")]:
        path.write_text(text)
    (gpu,) = DrmSource("amd", amd / "drm", amd / "proc").read().gpus
    figures = (gpu.used_bytes, gpu.free_bytes, gpu.utilisation_share, gpu.power_w, gpu.power_limit_w)
    assert figures == (None,) * 5
    assert (gpu.temperature_c, gpu.temperature_limit_c, gpu.clock_mhz, gpu.memory_clock_mhz) == (None,) * 4


def test_an_amd_card_that_sleeps_or_goes(amd: Path) -> None:
    source = DrmSource("amd", amd / "drm", amd / "proc")
    source.read()
    write(amd / "drm" / "card1" / "device", power__runtime_status="suspended")
    reading = source.read()
    assert (reading.health, reading.gpus[0].used_bytes) == ("ok", None)
    assert "asleep" in reading.reason
    shutil.rmtree(amd / "drm" / "card1")
    reading = source.read()
    assert (reading.health, reading.reason, reading.gpus[0].name) == (
        "lost",
        "Radeon RX is gone",
        "Radeon RX",
    )


def test_intel_by_sysfs(tmp_path: Path) -> None:
    card = tmp_path / "card0"
    write(card / "device", vendor="0x8086", device="0x56a0", uevent="PCI_SLOT_NAME=0000:00:02.0")
    write(card / "device" / "hwmon" / "hwmon1", energy1_input=5_000_000)
    write(card / "gt" / "gt0", rps_act_freq_mhz=2100, throttle_reason_pl1=1, throttle_reason_thermal=0)
    source = DrmSource("intel", tmp_path, tmp_path)
    (gpu,) = source.read().gpus
    assert (gpu.name, gpu.energy_j, gpu.power_w, gpu.clock_mhz) == ("Intel GPU 0x56a0", 5.0, None, 2100.0)
    assert (gpu.total_bytes, gpu.used_bytes, gpu.throttle) == (None, None, ["power"])
    assert source.rings[0].counts_energy()


@pytest.fixture
def powercap(tmp_path: Path) -> Path:
    for number in (0, 1):
        package = tmp_path / f"intel-rapl:{number}"
        write(package, name=f"package-{number}", energy_uj=1_000_000, max_energy_range_uj=10_000_000)
        write(tmp_path / f"intel-rapl:{number}:0", name="core", energy_uj=900_000, max_energy_range_uj=1)
    write(tmp_path / "intel-rapl-mmio:0", name="package-0", energy_uj=5, max_energy_range_uj=1)
    write(tmp_path / "intel-rapl:2", name="psys", energy_uj=7, max_energy_range_uj=1)
    return tmp_path


def test_rapl_sums_packages_and_wraps(powercap: Path) -> None:
    now = [1_000_000_000]
    source = RaplSource(powercap, lambda: now[0])
    reading = source.read()
    assert reading.host is not None
    assert (reading.host.package_energy_j, reading.host.package_power_w) == (0.0, None)
    now[0] += 1_000_000_000
    write(powercap / "intel-rapl:0", energy_uj=9_000_000)
    write(powercap / "intel-rapl:1", energy_uj=3_000_000)
    reading = source.read()
    assert reading.host is not None
    assert (reading.host.package_energy_j, reading.host.package_power_w) == (10.0, 10.0)
    now[0] += 1_000_000_000
    write(powercap / "intel-rapl:0", energy_uj=1_000_000)  # past 10 J it began again: 2 J more
    reading = source.read()
    assert reading.host is not None
    assert (reading.host.package_energy_j, reading.host.package_power_w) == (12.0, 2.0)
    now[0] += 61_000_000_000
    assert source.read().health == "failing", "after a minute nobody knows how often it wrapped"
    assert source.read().health == "ok"


def test_rapl_that_only_root_may_read(powercap: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "steelyard.core.telemetry.rapl.is_forbidden", lambda _path: True
    )  # tests may run as root
    reading = RaplSource(powercap).read()
    assert reading.health == "failing"
    assert reading.reason.startswith("readable by root only: ")


def test_rapl_that_is_not_there(tmp_path: Path) -> None:
    assert RaplSource(tmp_path / "none").read().health == "absent"


def test_apple_tells_memory_and_why_no_more() -> None:
    reading = AppleSource("darwin", "arm64").read()
    (gpu,) = reading.gpus
    assert gpu.total_bytes
    assert gpu.power_w is None
    assert "root only" in reading.reason
    assert AppleSource("linux", "aarch64").read().health == "absent"


def test_memory_pressure(tmp_path: Path) -> None:
    pressure = tmp_path / "memory"
    pressure.write_text("some avg10=12.50 avg60=0.00 avg300=0.00 total=0\nfull avg10=1.00 avg60=0 total=0\n")
    assert memory_pressure(pressure) == 0.125
    pressure.write_text("some avg10=nan\n")
    assert memory_pressure(pressure) is None
    assert memory_pressure(tmp_path / "none") is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, 2**64 - 1, None, True, "5"])
def test_no_reading_is_taken_for_a_number(value: object) -> None:
    for check in (
        sane.size_bytes,
        sane.power_w,
        sane.temperature_c,
        sane.clock_mhz,
        sane.energy_j,
        sane.share,
    ):
        assert check(value) is None


# ---- threads -----------------------------------------------------------------------------------------------


class GatedSource:
    """Hangs while its gate is closed."""

    name: SourceName = "intel"

    def __init__(self) -> None:
        self.rings: list[PowerRing] = []
        self.gate = threading.Event()
        self.gate.set()
        self.threads: set[int] = set()
        self.failure: Exception | None = None

    def watch(self, pids: tuple[int, ...]) -> None: ...

    def read(self) -> Reading:
        self.threads.add(threading.get_ident())
        self.gate.wait(30)
        if self.failure:
            raise self.failure
        return Reading(host=HostSample(cpu_share=0.5))

    def read_power(self) -> None: ...

    def close(self) -> None: ...


async def until(holds: Any, limit_s: float = 10.0) -> None:
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_a_hung_source_costs_no_other_and_no_second_thread() -> None:
    gated, host = GatedSource(), HostSource()
    before = threading.active_count()
    telemetry = Telemetry(EnergySettings, lambda: [ServerLook("s", 1)], sources=[gated, host], period_s=0.25)
    samples: list[float] = []
    telemetry.subscribe(lambda sample: samples.append(sample.at))
    telemetry.start()
    health = lambda: {state.name: state.health for state in telemetry.latest.sources}  # noqa: E731
    await until(lambda: health().get("intel") == "ok")
    gated.gate.clear()
    await until(lambda: health()["intel"] == "hung")
    count = len(samples)
    await until(lambda: len(samples) > count + 2)
    assert health()["host"] == "ok"
    assert telemetry.latest.host is not None
    assert telemetry.latest.host.total_bytes
    assert telemetry.latest.servers[0].ram_bytes
    gated.gate.set()
    await until(lambda: health()["intel"] == "ok")
    gated.failure = OSError("the bus is gone")
    await until(lambda: health()["intel"] == "failing")
    assert "the bus is gone" in next(s.reason for s in telemetry.latest.sources if s.name == "intel")
    assert len(gated.threads) == 1
    await telemetry.stop()
    assert threading.active_count() == before


async def test_stop_does_not_wait_for_a_source_that_hangs() -> None:
    gated = GatedSource()
    gated.gate.clear()
    sampler = Sampler(gated)
    sampler.start()
    await until(lambda: bool(gated.threads))
    sampler.stop()
    assert sampler.state().health in ("failing", "hung")
    assert sampler.reading() is None
    gated.gate.set()
    await until(lambda: not sampler.is_alive)


async def test_typed_watts_stand_in_where_nothing_is_metered() -> None:
    busy = [False]
    settings = EnergySettings(idle_watts=20.0, active_watts=80.0)
    looks = lambda: [ServerLook("s", 1, is_busy=busy[0])]  # noqa: E731
    telemetry = Telemetry(lambda: settings, looks, sources=[HostSource()], period_s=0.25)
    telemetry.start()
    await until(lambda: telemetry.latest.power_w == 20.0)
    busy[0] = True
    await until(lambda: telemetry.latest.power_w == 80.0)
    assert telemetry.latest.power_source == "user_watts"
    await telemetry.stop()
