"""Numbers of a profile that this machine measured or its user typed, each with where it comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING

from steelyard.core.values.costs import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from steelyard.core.store.run_samples import LocalSample
    from steelyard.core.values.settings import Settings

_METERED = ("nvml_counter", "nvml_power", "rapl", "sysfs")


@dataclass
class Found:
    """Values by dotted key, with where they come from."""

    values: dict[str, Decimal] = field(default_factory=dict[str, Decimal])
    origins: dict[str, Origin] = field(default_factory=dict[str, Origin])
    notes: dict[str, str] = field(default_factory=dict[str, str])

    def put(self, key: str, value: float | Decimal | None, origin: Origin, note: str) -> None:
        """Keep a value, unless it is unknown or its key has one. Measured ones are kept to five digits."""
        if value is None or key in self.values:
            return
        if isinstance(value, float) and origin == "measured":
            value = Decimal(f"{value:.5g}")
        self.values[key] = value if isinstance(value, Decimal) else decimal_of(value)
        self.origins[key], self.notes[key] = origin, note


def decimal_of(value: float) -> Decimal:
    """The number as it is printed, so that 0.1 stays 0.1."""
    return Decimal(repr(value))


def put_rates(found: Found, samples: Sequence[LocalSample]) -> None:
    """Medians of runs beside which no other local model generated."""
    alone = [one for one in samples if one.is_alone]
    prompt = [one.prompt_tps for one in alone if one.prompt_tps]
    gen = [one.gen_tps for one in alone if one.gen_tps]
    if prompt:
        found.put("rates.prompt_tps", median(prompt), "measured", _median_of(len(prompt)))
    if gen:
        found.put("rates.gen_tps", median(gen), "measured", _median_of(len(gen)))
    if prompt or gen:
        found.put("rates.concurrency", Decimal(1), "measured", "one stream: what a single run met")


def put_power(found: Found, samples: Sequence[LocalSample], settings: Settings) -> None:
    """Mean power above idle while runs went on, put on top of idle; else what was typed."""
    metered = [one for one in samples if one.energy_source in _METERED and one.idle_w is not None]
    if metered:
        idle_w = median(one.idle_w for one in metered if one.idle_w is not None)
        note = f"{len(metered):,} metered runs"
        found.put("energy.idle_w", idle_w, "measured", note)
        whole_w = _above_idle_w(metered, lambda one: one.joules, lambda one: one.e2e_ms)
        prefill_w = _above_idle_w(metered, lambda one: one.prefill_joules, lambda one: one.ttft_ms)
        decode_w = _above_idle_w(metered, lambda one: one.decode_joules, _decode_ms)
        for key, above_w in (("active_prefill_w", prefill_w), ("active_decode_w", decode_w)):
            above_w = whole_w if above_w is None else above_w
            if above_w is not None:
                found.put(f"energy.{key}", max(0.0, idle_w + above_w), "measured", note)
    typed = settings.energy
    found.put("energy.idle_w", typed.idle_watts, "user", "from Settings")
    for key in ("energy.active_prefill_w", "energy.active_decode_w"):
        found.put(key, typed.active_watts, "user", "from Settings")


def _above_idle_w(
    samples: Iterable[LocalSample],
    joules_of: Callable[[LocalSample], float | None],
    ms_of: Callable[[LocalSample], float | None],
) -> float | None:
    pairs = [(joules_of(one), ms_of(one)) for one in samples]
    known = [(joules, ms) for joules, ms in pairs if joules is not None and ms is not None and ms > 0]
    spent_s = sum(ms for _, ms in known) / 1000
    return sum(joules for joules, _ in known) / spent_s if spent_s > 0 else None


def _decode_ms(one: LocalSample) -> float | None:
    return None if one.e2e_ms is None or one.ttft_ms is None else one.e2e_ms - one.ttft_ms


def put_settings(found: Found, settings: Settings) -> None:
    """Tariff and machine as they were typed."""
    hardware = settings.hardware
    found.put("energy.tariff_usd_per_kwh", settings.energy.tariff_usd_per_kwh, "user", "from Settings")
    found.put("hardware.capex_usd", hardware.price_usd, "user", "from Settings")
    found.put("hardware.life_months", hardware.life_months, "user", "from Settings")


def _median_of(count: int) -> str:
    return f"median of {count:,} runs of this machine"
