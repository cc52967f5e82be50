"""Joules from power meters and from typed watts: pure, on readings that are there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from steelyard.core.values.run import Energy

if TYPE_CHECKING:
    from steelyard.core.telemetry.power_ring import PowerRing
    from steelyard.core.values.run import EnergySource
    from steelyard.core.values.settings import EnergySettings

NOT_ABOVE = "no more than the idle baseline was drawn"
# What NVIDIA states for its sensor; the others state nothing and are taken for no better, or for worse.
SENSOR_UNCERTAINTY: dict[EnergySource, float] = {
    "nvml_counter": 0.05,
    "nvml_power": 0.05,
    "rapl": 0.05,
    "sysfs": 0.10,
}
NOT_METERED: dict[EnergySource, str] = {
    "nvml_counter": "GPU only",
    "nvml_power": "GPU only",
    "sysfs": "GPU only",
    "rapl": "processor only",
}
_NS = 1_000_000_000
_SAMPLE_S = 0.1
_AVERAGED_OVER_S = 1.0  # NVML's power, on most devices since Ampere
_SENSOR_PERIODS = 2
_MAX_PERIOD_S = 2.0  # power that stays the same for longer is steady, not slow to be told


@dataclass(frozen=True)
class Meter:
    """The power meters that count for a run, taken together; all of one kind."""

    source: EnergySource
    rings: list[PowerRing]

    def joules(self, from_ns: int, to_ns: int) -> float | None:
        """What was drawn in that time; None where one of the meters does not tell."""
        total = 0.0
        for ring in self.rings:
            counts = self.source in ("nvml_counter", "rapl") or ring.counts_energy()
            drawn = ring.counted_j(from_ns, to_ns) if counts else ring.integrated_j(from_ns, to_ns)
            if drawn is None:
                return None
            total += drawn
        return total

    def period_s(self) -> float:
        """Its figures are of no time shorter than this: how often they change, or what they are a mean of."""
        periods = [min(_MAX_PERIOD_S, max(_SAMPLE_S, ring.update_period_s() or 0.0)) for ring in self.rings]
        averaged = _AVERAGED_OVER_S if self.source == "nvml_power" else 0.0
        return max([*periods, averaged])

    def sees(self, from_ns: int, to_ns: int) -> bool:
        """Whether that time is long enough for its sensor."""
        return (to_ns - from_ns) / _NS >= _SENSOR_PERIODS * self.period_s()


def measured(meter: Meter, idle_w: float | None, begin_ns: int, first_ns: int | None, end_ns: int) -> Energy:
    """Joules above the baseline, split at the first token. Without them `note` says why there are none."""
    source, period_s, length_s = meter.source, meter.period_s(), (end_ns - begin_ns) / _NS
    notes = [NOT_METERED[source]]
    if not meter.sees(begin_ns, end_ns):
        note = f"too short for the sensor: {length_s:.2f} s, it tells {period_s:.2g} s at once"
        return Energy(source=source, idle_w=idle_w, note=note)
    drawn = meter.joules(begin_ns, end_ns)
    if drawn is None:
        return Energy(source=source, idle_w=idle_w, note="the sensor did not answer all the time")
    if idle_w is None:
        note = "no idle baseline yet: nobody was idle with this model loaded before the request"
        return Energy(source=source, note=note)
    joules = drawn - idle_w * length_s
    if joules <= 0:
        return Energy(source=source, idle_w=idle_w, note=NOT_ABOVE)
    prefill, too_short = _part(meter, idle_w, begin_ns, first_ns)
    decode, _ = _part(meter, idle_w, first_ns, end_ns)
    if too_short:
        notes.append("prefill too short for the sensor")
    return Energy(
        joules=joules,
        prefill_joules=prefill,
        decode_joules=decode,
        source=source,
        idle_w=idle_w,
        uncertainty_share=min(1.0, SENSOR_UNCERTAINTY[source] + period_s / length_s),
        note="; ".join(notes),
    )


def _part(meter: Meter, idle_w: float, begin_ns: int | None, end_ns: int | None) -> tuple[float | None, bool]:
    """Joules above the baseline of a part of a run, and whether it is too short for the sensor."""
    if begin_ns is None or end_ns is None:
        return None, False
    length_s = (end_ns - begin_ns) / _NS
    if not meter.sees(begin_ns, end_ns):
        return None, True
    drawn = meter.joules(begin_ns, end_ns)
    above = None if drawn is None else drawn - idle_w * length_s
    return (above if above is not None and above > 0 else None), False


def typed(
    settings: EnergySettings,
    begin_ns: int,
    first_ns: int | None,
    end_ns: int,
    sensed: Energy | None = None,
) -> Energy:
    """From the watts in the settings; why a sensor that is there did not serve is kept beside them."""
    if settings.active_watts is None:
        return sensed or Energy(note="no power sensor can be read, and no watts are typed in Settings")
    watts = settings.active_watts - (settings.idle_watts or 0.0)
    if watts <= 0:
        return Energy(source="user_watts", note="the active watts in Settings are not above the idle ones")
    joules = watts * (end_ns - begin_ns) / _NS
    prefill = None if first_ns is None else watts * (first_ns - begin_ns) / _NS
    notes = ["typed watts times the run's time"]
    if settings.idle_watts is None:
        notes.append("no idle watts typed, none subtracted")
    if sensed is not None:
        notes.append(f"the sensor: {sensed.note}")
    return Energy(
        joules=joules,
        prefill_joules=prefill,
        decode_joules=None if prefill is None else joules - prefill,
        source="user_watts",
        idle_w=settings.idle_watts,
        note="; ".join(notes),
    )
