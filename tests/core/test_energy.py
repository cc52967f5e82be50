"""Joules of runs from scripted power traces, against integrals made by hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from steelyard.core.telemetry import energy as energy_module
from steelyard.core.telemetry.energy import EnergyMeter
from steelyard.core.telemetry.power_ring import PowerRing
from steelyard.core.values.settings import EnergySettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.telemetry.power_ring import RingKind

S = 1_000_000_000
IDLE_W = 24.0


def trace_w(at_s: float) -> float:
    """Idle until 40 s, prefill at 300 W for 3 s, then decoding at 200 to 240 W until 60 s, idle again."""
    if 40 <= at_s < 43:
        return 300.0
    if 43 <= at_s < 60:
        return 220.0 + 20.0 * math.sin(at_s)
    return IDLE_W


PREFILL_J = 3 * 300.0
DECODE_J = 17 * 220.0 + 20.0 * (math.cos(43) - math.cos(60))


def energy_until(at_s: float) -> float:
    """The integral of the trace from 0."""
    idle = min(at_s, 40) * IDLE_W + max(0.0, at_s - 60) * IDLE_W
    prefill = 300.0 * min(3.0, max(0.0, at_s - 40))
    end = min(60.0, max(43.0, at_s))
    return idle + prefill + 220.0 * (end - 43) + 20.0 * (math.cos(43) - math.cos(end))


def filled(
    kind: RingKind, *, power: bool, counter: bool, step_s: float = 0.1, scale: float = 1.0
) -> PowerRing:
    ring = PowerRing(kind, kind)
    for number in range(int(80 / step_s)):
        at_s = number * step_s + 0.037  # readings fall on no edge of the trace
        watts = trace_w(at_s) * scale if power else None
        ring.add(int(at_s * S), watts, energy_until(at_s) * scale if counter else None)
    return ring


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(energy_module, "now_ns", lambda: int(now[0] * S))
    return now


def meter_of(
    rings: list[PowerRing], clock: list[float], settings: EnergySettings | None = None
) -> EnergyMeter:
    """A meter that has watched the trace with a model loaded, and a run from 40 s on."""
    meter = EnergyMeter(lambda: rings, lambda: settings or EnergySettings())
    for second in range(40):
        clock[0] = float(second)
        meter.observe("loaded", is_busy=False)
    clock[0] = 40.0
    meter.run_began("run")
    clock[0] = 61.0
    return meter


@pytest.mark.parametrize(
    ("kind", "power", "counter", "source"),
    [
        ("nvml", True, True, "nvml_counter"),
        ("nvml", True, False, "nvml_power"),
        ("rapl", False, True, "rapl"),
        ("sysfs", True, False, "sysfs"),
        ("sysfs", False, True, "sysfs"),
    ],
)
async def test_a_scripted_trace(
    clock: list[float], kind: RingKind, power: bool, counter: bool, source: str
) -> None:
    meter = meter_of([filled(kind, power=power, counter=counter)], clock)
    found = await meter.energy("run", 40 * S, 43 * S, 60 * S)
    assert found.source == source
    assert found.idle_w == pytest.approx(IDLE_W, rel=0.001)
    assert found.joules == pytest.approx(PREFILL_J + DECODE_J - 20 * IDLE_W, rel=0.01)
    assert found.prefill_joules == pytest.approx(PREFILL_J - 3 * IDLE_W, rel=0.02)
    assert found.decode_joules == pytest.approx(DECODE_J - 17 * IDLE_W, rel=0.01)
    assert found.uncertainty_share is not None
    assert 0.05 < found.uncertainty_share < 0.2
    assert "only" in found.note


async def test_several_gpus_are_summed(clock: list[float]) -> None:
    rings = [filled("nvml", power=True, counter=True), filled("nvml", power=True, counter=False, scale=0.5)]
    found = await meter_of(rings, clock).energy("run", 40 * S, 43 * S, 60 * S)
    assert found.source == "nvml_power", "one of them has no counter"
    assert found.joules == pytest.approx(1.5 * (PREFILL_J + DECODE_J - 20 * IDLE_W), rel=0.01)


async def test_which_meters_count(clock: list[float]) -> None:
    rings = [
        filled("rapl", power=False, counter=True),
        filled("nvml", power=True, counter=True, scale=2.0),
    ]
    meter = meter_of(rings, clock)
    assert (await meter.energy("run", 40 * S, None, 60 * S)).source == "nvml_counter"
    assert (await meter.energy("run", 40 * S, None, 60 * S, on_gpu=True)).source == "nvml_counter"
    on_cpu = await meter.energy("run", 40 * S, None, 60 * S, on_gpu=False)
    assert (on_cpu.source, on_cpu.prefill_joules, on_cpu.decode_joules) == ("rapl", None, None)
    assert on_cpu.joules == pytest.approx(PREFILL_J + DECODE_J - 20 * IDLE_W, rel=0.01)


async def test_too_short_for_the_sensor(clock: list[float]) -> None:
    counter, average = (filled("nvml", power=True, counter=has) for has in (True, False))
    meter = meter_of([counter], clock)
    short = await meter.energy("run", 50 * S, None, int(50.15 * S))
    assert (short.joules, short.source) == (None, "nvml_counter")
    assert short.note.startswith("too short for the sensor")
    late = await meter.energy("run", 40 * S, int(40.1 * S), 60 * S)
    assert (late.prefill_joules, late.decode_joules is None) == (None, False)
    assert "prefill too short for the sensor" in late.note
    meter = meter_of([average], clock)
    assert (await meter.energy("run", 50 * S, None, int(51.5 * S))).joules is None, "a mean of a second"
    assert (await meter.energy("run", 50 * S, None, 55 * S)).joules is not None


def test_how_often_a_sensor_tells_something_new() -> None:
    ring = PowerRing("nvml", "x")
    for number in range(200):
        ring.add(number * S // 10, 100.0, float(number // 5))
    assert ring.update_period_s() == pytest.approx(0.5)
    assert PowerRing("nvml", "x").update_period_s() is None


async def test_without_a_baseline_there_is_no_figure(clock: list[float]) -> None:
    ring = filled("nvml", power=True, counter=True)
    meter = EnergyMeter(lambda: [ring], EnergySettings)
    meter.run_began("run")
    clock[0] = 61.0
    found = await meter.energy("run", 40 * S, 43 * S, 60 * S)
    assert (found.joules, found.idle_w, found.source) == (None, None, "nvml_counter")
    assert "baseline" in found.note


async def test_the_baseline_is_of_what_is_loaded_now(clock: list[float]) -> None:
    meter = meter_of([filled("nvml", power=True, counter=True)], clock)
    assert meter.idle_power_w == pytest.approx(IDLE_W, rel=0.001)
    meter.observe("another model", is_busy=False)
    assert meter.idle_power_w is None
    meter.forget("run")
    for second in range(64, 76):
        clock[0] = float(second)
        meter.observe("another model", is_busy=second < 66)
    assert meter.idle_power_w == pytest.approx(IDLE_W, rel=0.001)
    meter.observe(None, is_busy=False)
    assert meter.idle_power_w is None, "nothing is loaded"


async def test_no_more_than_idle_is_not_told_as_nothing(clock: list[float]) -> None:
    ring = PowerRing("nvml", "x")
    for number in range(800):
        ring.add(number * S // 10, 24.0 if number < 400 else 23.5, None)
    found = await meter_of([ring], clock).energy("run", 40 * S, None, 60 * S)
    assert (found.joules, found.note) == (None, "no more than the idle baseline was drawn")


async def test_what_several_runs_drew_is_not_divided(clock: list[float]) -> None:
    meter = meter_of([filled("nvml", power=True, counter=True)], clock)
    clock[0] = 45.0
    meter.run_began("second")
    clock[0] = 50.0
    second = await meter.energy("second", 45 * S, None, 50 * S)
    assert (second.joules, second.note[:30]) == (None, "shared with another run at the")
    clock[0] = 61.0
    first = await meter.energy("run", 40 * S, None, 60 * S)
    assert first.joules is None, "although the other one is over"
    meter.run_began("third")
    clock[0] = 79.0
    third = await meter.energy("third", 62 * S, None, 70 * S)
    assert "shared" not in third.note


def breaks(ring: PowerRing) -> None:
    ring.break_off(int(79.99 * S))


def resets(ring: PowerRing) -> None:
    ring.add(80 * S, 24.0, 1.0)
    for number in range(1, 300):
        ring.add(80 * S + number * S // 10, 24.0, 1.0 + 2.4 * number)


@pytest.mark.parametrize("happens", [breaks, resets])
async def test_a_counter_that_was_lost_or_reset(
    clock: list[float], happens: Callable[[PowerRing], None]
) -> None:
    ring = filled("nvml", power=True, counter=True)
    happens(ring)
    assert ring.counted_j(40 * S, 60 * S) == pytest.approx(PREFILL_J + DECODE_J, rel=0.01), "before it"
    assert ring.counted_j(70 * S, 82 * S) is None, "nothing is counted across it"


async def test_a_sensor_that_did_not_answer(clock: list[float]) -> None:
    ring = PowerRing("nvml", "x")
    for number in range(800):
        if not 450 <= number < 500:  # for five seconds in mid-run
            ring.add(number * S // 10, trace_w(number / 10), None)
    found = await meter_of([ring], clock).energy("run", 40 * S, None, 60 * S)
    assert (found.joules, found.note) == (None, "the sensor did not answer all the time")
    counted = PowerRing("nvml", "x")
    for number in range(800):
        if not 450 <= number < 500:
            counted.add(number * S // 10, None, energy_until(number / 10))
    found = await meter_of([counted], clock).energy("run", 40 * S, None, 60 * S)
    assert found.joules == pytest.approx(PREFILL_J + DECODE_J - 20 * IDLE_W, rel=0.01), "a counter goes on"


async def test_typed_watts(clock: list[float]) -> None:
    settings = EnergySettings(active_watts=80.0)
    found = await meter_of([], clock, settings).energy("run", 40 * S, 43 * S, 60 * S)
    assert (found.joules, found.prefill_joules, found.decode_joules) == (1600.0, 240.0, 1360.0)
    assert (found.source, found.idle_w, found.uncertainty_share) == ("user_watts", None, None)
    assert "none subtracted" in found.note
    settings = EnergySettings(active_watts=80.0, idle_watts=20.0)
    meter = meter_of([], clock, settings)
    found = await meter.energy("run", 40 * S, 43 * S, 60 * S)
    assert (found.joules, found.idle_w) == (1200.0, 20.0)
    assert (meter.idle_power_w, meter.source) == (20.0, "user_watts")
    ring = filled("nvml", power=True, counter=True)
    found = await meter_of([ring], clock, settings).energy("run", 50 * S, None, int(50.1 * S))
    assert (found.source, found.joules) == ("user_watts", pytest.approx(6.0))
    assert "too short for the sensor" in found.note
    found = await meter_of([], clock).energy("run", 40 * S, None, 60 * S)
    assert (found.joules, found.source) == (None, "none")


async def test_power_of_a_time_and_its_curve(clock: list[float]) -> None:
    ring = filled("nvml", power=True, counter=True)
    meter = EnergyMeter(lambda: [ring], EnergySettings, lambda _from, _to: [(39 * S, 5), (50 * S, 7)])
    assert meter.mean_power_w(10 * S, 30 * S) == pytest.approx(IDLE_W)
    assert meter.mean_power_w(10 * S, 10 * S + 1) is None
    assert meter.mean_power_w(70 * S, 90 * S) is None
    points = meter.power_points(40 * S, 60 * S)
    assert 150 < len(points) <= 240
    assert points[0].at_ms == pytest.approx(37.0)
    assert (points[0].power_w, points[0].vram_bytes, points[-1].vram_bytes) == (300.0, 5, 7)
    assert EnergyMeter(list, EnergySettings).power_points(0, S) == []


def test_a_ring_keeps_the_newest() -> None:
    ring = PowerRing("rapl", "x", capacity=100)
    for number in range(1000):
        ring.add(number * S, None, float(number))
    assert ring.counted_j(950 * S, 960 * S) == pytest.approx(10.0)
    assert ring.counted_j(850 * S, 960 * S) is None
    assert len(ring.window(0, 10**15)) == 100
