"""Numbers from drivers: what cannot be is unknown. Drivers say -1, 2**64-1 or NaN where they know nothing."""

from __future__ import annotations

import math

_MAX_BYTES = 1 << 50
_MAX_POWER_W = 5_000.0
_MAX_TEMPERATURE_C = 150.0
_MAX_CLOCK_MHZ = 20_000.0
_MAX_ENERGY_J = 1e13


def in_range(value: object, low: float, high: float) -> float | None:
    """The value as a float if it is a finite number within the bounds, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and low <= value <= high else None


def size_bytes(value: object) -> int | None:
    """A size; None if it is none."""
    checked = in_range(value, 0, _MAX_BYTES)
    return None if checked is None else int(checked)


def power_w(value: object) -> float | None:
    """Watts. A device that runs draws more than nothing: 0 means that the sensor is asleep."""
    checked = in_range(value, 0, _MAX_POWER_W)
    return checked or None


def temperature_c(value: object) -> float | None:
    """Degrees Celsius above freezing; a chip below that does not tell its temperature."""
    checked = in_range(value, 0, _MAX_TEMPERATURE_C)
    return checked or None


def clock_mhz(value: object) -> float | None:
    """A clock rate; 0 is one that is switched off."""
    return in_range(value, 0, _MAX_CLOCK_MHZ)


def energy_j(value: object) -> float | None:
    """A counter's joules."""
    return in_range(value, 0, _MAX_ENERGY_J)


def share(percent: object) -> float | None:
    """A percentage as a share of 1."""
    checked = in_range(percent, 0, 100)
    return None if checked is None else checked / 100


def scaled(value: object, by: float) -> object:
    """A number in another unit; what is no number stays as it is."""
    return value * by if isinstance(value, int | float) and not isinstance(value, bool) else value
