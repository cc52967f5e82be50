"""The processor's own energy counters (RAPL), where this user may read them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.core.base.clock import now_ns
from steelyard.core.telemetry import sane
from steelyard.core.telemetry.power_ring import PowerRing
from steelyard.core.telemetry.small_files import is_forbidden, read_number, read_text
from steelyard.core.telemetry.source import Reading
from steelyard.core.values.telemetry import HostSample

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.values.telemetry import SourceName

_ROOT = Path("/sys/class/powercap")
_MAX_GAP_NS = 60_000_000_000  # a counter may have wrapped more than once while nobody looked
_POWER_OVER_NS = 900_000_000


@dataclass
class _Package:
    """One processor's counter, in microjoules, and where it starts again from 0."""

    counter: Path
    wraps_at: float | None
    last: float | None = None


class RaplSource:
    """Sums processor packages; their parts (core, uncore) are in them and not counted again."""

    name: SourceName = "rapl"

    def __init__(self, root: Path = _ROOT, clock: Callable[[], int] = now_ns) -> None:
        self._root = root
        self._clock = clock
        self._packages: list[_Package] = []
        self._total_j = 0.0
        self._read_ns = 0
        self._mark: tuple[int, float] | None = None
        self._power_w: float | None = None
        self._ring = PowerRing("rapl", "rapl")

    @property
    def rings(self) -> list[PowerRing]:
        """One for all packages, once a counter was read."""
        return [self._ring] if self._packages else []

    def watch(self, pids: tuple[int, ...]) -> None:
        """It meters the whole processor, not processes."""

    def read(self) -> Reading:
        """Power since the reading a second ago, and the energy since it was first looked at."""
        if not self._packages:
            refusal = self._find()
            if refusal is not None:
                return refusal
        self.read_power()
        if not self._packages:
            return Reading("failing", "the counters can no longer be read")
        host = HostSample(package_power_w=self._power_w, package_energy_j=self._total_j)
        return Reading("ok", host=host)

    def read_power(self) -> None:
        """Add what the counters went on by."""
        at_ns = self._clock()
        grown = [self._growth(package, at_ns) for package in self._packages]
        self._read_ns = at_ns
        if None in grown:
            self._ring.break_off(at_ns)
            self._packages, self._mark, self._power_w = [], None, None
            return
        self._total_j += sum(value for value in grown if value is not None)
        self._ring.add(at_ns, self._recent_power(at_ns), self._total_j)

    def close(self) -> None:
        """Nothing is held."""

    def _find(self) -> Reading | None:
        folders = [path for path in sorted(self._root.glob("intel-rapl:*")) if path.name.count(":") == 1]
        packages = [path for path in folders if (read_text(path / "name") or "").startswith("package")]
        if not packages:
            return Reading("absent", "this processor tells no energy")
        counters = [path / "energy_uj" for path in packages]
        if any(is_forbidden(path) for path in counters):
            return Reading("failing", f"readable by root only: {counters[0]}")
        found = [
            _Package(path, read_number(path.with_name("max_energy_range_uj")), read_number(path))
            for path in counters
        ]
        if any(package.last is None for package in found):
            return Reading("failing", f"cannot be read: {counters[0]}")
        self._packages, self._read_ns = found, self._clock()
        return None

    def _growth(self, package: _Package, at_ns: int) -> float | None:
        """Joules since the last reading; None if it is not known."""
        now, before = sane.in_range(read_number(package.counter), 0, 1e18), package.last
        package.last = now
        if now is None or before is None or at_ns - self._read_ns > _MAX_GAP_NS:
            return None
        if now < before:
            if package.wraps_at is None or package.wraps_at < before:
                return None
            now += package.wraps_at
        return (now - before) / 1e6

    def _recent_power(self, at_ns: int) -> float | None:
        """Mean watts of the last second or so."""
        if self._mark is None:
            self._mark = (at_ns, self._total_j)
        elif at_ns - self._mark[0] >= _POWER_OVER_NS:
            self._power_w = sane.power_w((self._total_j - self._mark[1]) * 1e9 / (at_ns - self._mark[0]))
            self._mark = (at_ns, self._total_j)
        return self._power_w
