"""GPUs of AMD and Intel as the Linux kernel shows them in /sys/class/drm."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from steelyard.core.base.clock import now_ns
from steelyard.core.telemetry import sane
from steelyard.core.telemetry.fdinfo import held_bytes
from steelyard.core.telemetry.nvidia_gpu import process_name
from steelyard.core.telemetry.power_ring import PowerRing
from steelyard.core.telemetry.small_files import read_number, read_text
from steelyard.core.telemetry.source import Reading
from steelyard.core.values.telemetry import GpuProcess, GpuSample, Throttle

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROOT = Path("/sys/class/drm")
_PROC = Path("/proc")
_VENDORS = {"amd": "0x1002", "intel": "0x8086"}
_METERS = ("power1_average", "power1_input", "energy1_input")
_OWN_ONLY = "the system tells the GPU memory of our own servers only"


class DrmSource:
    """All GPUs of one vendor. Each file may be missing: kernels and devices differ."""

    name: Literal["amd", "intel"]

    def __init__(self, name: Literal["amd", "intel"], root: Path = _ROOT, proc: Path = _PROC) -> None:
        self.name = name
        self._root = root
        self._proc = proc
        self._cards: list[DrmCard] | None = None
        self._pids: tuple[int, ...] = ()

    @property
    def rings(self) -> list[PowerRing]:
        """One for each card that tells power or energy."""
        return [card.ring for card in self._cards or [] if card.has_meter]

    def watch(self, pids: tuple[int, ...]) -> None:
        """Our servers' processes: those whose GPU memory can be seen."""
        self._pids = pids

    def read(self) -> Reading:
        """All cards."""
        if self._cards is None:
            self._cards = [DrmCard(self.name, path) for path in self._find()]
        if not self._cards:
            return Reading("absent", f"no {self.name.upper() if self.name == 'amd' else 'Intel'} GPU")
        gone = [card for card in self._cards if not card.is_there]
        gpus = [card.read(self._pids, self._proc) for card in self._cards]
        if gone:
            return Reading("lost", ", ".join(f"{card.title} is gone" for card in gone), gpus)
        asleep = [card.title for card in self._cards if card.is_asleep]
        return Reading("ok", ", ".join(f"{title} is asleep" for title in asleep), gpus)

    def read_power(self) -> None:
        """Power and energy of the cards that have a meter."""
        for card in self._cards or []:
            if card.has_meter and card.is_there and not card.is_asleep:
                card.read_power()

    def close(self) -> None:
        """Nothing is held."""

    def _find(self) -> list[Path]:
        cards = [path for path in sorted(self._root.glob("card*")) if path.name[4:].isdigit()]
        return [path for path in cards if read_text(path / "device" / "vendor") == _VENDORS[self.name]]


class DrmCard:
    """One card: `device/` is its PCI device, `hwmon` its sensors (microwatts, millidegrees, hertz)."""

    def __init__(self, vendor: Literal["amd", "intel"], path: Path) -> None:
        self._vendor: Literal["amd", "intel"] = vendor
        self._path = path
        self._device = path / "device"
        self._hwmon = next(iter(sorted((self._device / "hwmon").glob("hwmon*"))), None)
        self._address = _uevent(self._device).get("PCI_SLOT_NAME", path.name)
        self.title = read_text(self._device / "product_name") or self._generic_title()
        self.id = f"{vendor}:{self._address}"
        self.ring = PowerRing("sysfs", self.id)
        self.has_meter = self._hwmon is not None and any((self._hwmon / name).exists() for name in _METERS)

    @property
    def is_there(self) -> bool:
        """Whether the card is still known to the system."""
        return (self._device / "vendor").exists()

    @property
    def is_asleep(self) -> bool:
        """Whether it is switched off; reading its sensors would wake it up."""
        return read_text(self._device / "power" / "runtime_status") == "suspended"

    def read_power(self) -> tuple[float | None, float | None]:
        """Watts and joules, now; kept in the ring, too."""
        power_w, energy_j = self._power()
        self.ring.add(now_ns(), power_w, energy_j)
        return power_w, energy_j

    def read(self, pids: Sequence[int], proc: Path) -> GpuSample:
        """Everything that the kernel tells about it; nothing while it is asleep or gone."""
        if not self.is_there or self.is_asleep:
            self.ring.break_off(now_ns())
            return GpuSample(id=self.id, name=self.title, source=self._vendor)
        total = sane.size_bytes(self._number("mem_info_vram_total")) or self._intel_total()
        used = None if total is None else sane.in_range(self._number("mem_info_vram_used"), 0, total)
        power_w, energy_j = self.read_power()
        held = {pid: held_bytes(proc / str(pid), self._address) for pid in pids}
        return GpuSample(
            id=self.id,
            name=self.title,
            source=self._vendor,
            total_bytes=total,
            used_bytes=None if used is None else int(used),
            free_bytes=None if used is None or total is None else total - int(used),
            utilisation_share=sane.share(self._number("gpu_busy_percent")),
            power_w=power_w,
            power_limit_w=sane.power_w(sane.scaled(self._sensor("power1_cap"), 1e-6)),
            energy_j=energy_j,
            temperature_c=sane.temperature_c(sane.scaled(self._sensor("temp1_input"), 1e-3)),
            temperature_limit_c=sane.temperature_c(sane.scaled(self._sensor("temp1_crit"), 1e-3)),
            clock_mhz=self._clock(),
            memory_clock_mhz=sane.clock_mhz(sane.scaled(self._sensor("freq2_input"), 1e-6)),
            throttle=self._throttle(),
            processes=[
                GpuProcess(pid=pid, used_bytes=size, name=process_name(pid))
                for pid, size in held.items()
                if size is not None
            ],
            processes_reason=_OWN_ONLY,
        )

    def _power(self) -> tuple[float | None, float | None]:
        average = sane.power_w(sane.scaled(self._sensor("power1_average"), 1e-6))
        power_w = average or sane.power_w(sane.scaled(self._sensor("power1_input"), 1e-6))
        return power_w, sane.energy_j(sane.scaled(self._sensor("energy1_input"), 1e-6))

    def _clock(self) -> float | None:
        hertz = self._sensor("freq1_input")
        if hertz is not None:
            return sane.clock_mhz(hertz / 1e6)
        names = ("gt/gt0/rps_act_freq_mhz", "gt_act_freq_mhz", "device/tile0/gt0/freq0/act_freq")
        clocks = (sane.clock_mhz(read_number(self._path / name)) for name in names)
        return next((clock for clock in clocks if clock), None)

    def _throttle(self) -> list[Throttle]:
        """Intel's kernel driver tells the reasons; AMD's does not in a file that stays the same."""
        reasons = self._path / "gt" / "gt0"
        found: list[Throttle] = []
        if any(read_number(reasons / f"throttle_reason_{name}") for name in ("thermal", "prochot")):
            found.append("thermal")
        if any(read_number(reasons / f"throttle_reason_{name}") for name in ("pl1", "pl2", "pl4")):
            found.append("power")
        return found

    def _intel_total(self) -> int | None:
        return sane.size_bytes(self._number("tile0/physical_vram_size_bytes")) or None

    def _number(self, name: str) -> float | None:
        return read_number(self._device / name)

    def _sensor(self, name: str) -> float | None:
        return None if self._hwmon is None else read_number(self._hwmon / name)

    def _generic_title(self) -> str:
        vendor = "AMD" if self._vendor == "amd" else "Intel"
        return f"{vendor} GPU {read_text(self._device / 'device') or self._path.name}"


def _uevent(device: Path) -> dict[str, str]:
    lines = (read_text(device / "uevent") or "").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)
