"""Thresholds that are told once when they are crossed, and again only after it was fine in between."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from steelyard.core.base.statistics import guarded_percentile
from steelyard.core.base.units import PICO_PER_USD
from steelyard.core.values.telemetry import Alert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.core.store.requests import RunFigures
    from steelyard.core.values.settings import AlertSettings
    from steelyard.core.values.telemetry import Sample

RECENT_S = 900.0
_ENOUGH_FOR_ERRORS = 20
_FINE_AGAIN = 0.95
CAP_SHARES = (0.8, 1.0)


class AlertWatch:
    """Knows which thresholds are crossed now."""

    def __init__(self) -> None:
        self._crossed: dict[str, float] = {}

    def in_sample(self, sample: Sample, settings: AlertSettings) -> list[Alert]:
        """Memory and temperature of the GPUs. What is unknown changes nothing."""
        shares = [
            (gpu.used_bytes / gpu.total_bytes, gpu.name)
            for gpu in sample.gpus
            if gpu.used_bytes is not None and gpu.total_bytes
        ]
        heats = [(gpu.temperature_c, gpu.name) for gpu in sample.gpus if gpu.temperature_c is not None]
        found: list[Alert | None] = []
        if shares:
            value, name = max(shares)
            text = f"{name}: {value * 100:.0f} % of its memory is in use"
            found.append(self._judge("vram_share", value, settings.vram_share, sample.at, text))
        if heats:
            value, name = max(heats)
            text = f"{name} is at {value:.0f} °C"
            found.append(self._judge("temperature_c", value, settings.temperature_c, sample.at, text))
        return [alert for alert in found if alert is not None]

    def in_runs(self, runs: Sequence[RunFigures], now: float, settings: AlertSettings) -> list[Alert]:
        """First tokens and failures of the last 15 minutes. `runs`: in the order of their end."""
        recent = [run for run in runs if run.at >= now - RECENT_S]
        found: list[Alert | None] = []
        ttft_ms = guarded_percentile([r.warm_ttft_ms for r in recent if r.warm_ttft_ms is not None], 0.95)
        if ttft_ms is not None:
            text = f"TTFT p95 of the last 15 minutes is {ttft_ms:.0f} ms"
            found.append(self._judge("ttft_p95_ms", ttft_ms, settings.ttft_p95_ms, now, text))
        if len(recent) >= _ENOUGH_FOR_ERRORS:
            failed = sum(run.is_failed for run in recent)
            text = f"{failed} of the last {len(recent)} requests failed"
            found.append(self._judge("error_share", failed / len(recent), settings.error_share, now, text))
        return [alert for alert in found if alert is not None]

    def _judge(self, what: str, value: float, above: float | None, at: float, text: str) -> Alert | None:
        if above is None or value <= above * _FINE_AGAIN or self._crossed.get(what) != above:
            self._crossed.pop(what, None)  # fine again, or another threshold than the one that was told
        if above is None:
            return None
        if value <= above or what in self._crossed:
            return None
        self._crossed[what] = above
        return Alert(what=what, value=value, above=above, at=at, text=text)


class SpendWatch:
    """Money of the calendar month, local time. Each step is told once in a month.

    `spent_pico` is all that runs cost, `paid_pico` what APIs were paid: the cap is for that.
    """

    def __init__(self) -> None:
        self.month = ""
        self.spent_pico = 0
        self.paid_pico = 0
        self._told: set[float] = set()
        self._cap_told: set[float] = set()

    def begin_month(self, month: str, spent_pico: int, told: set[float]) -> None:
        """A month begins, or this process does."""
        self.month, self.spent_pico, self._told = month, spent_pico, set(told)

    def begin_cap(self, paid_pico: int, told: set[float]) -> None:
        """The same for the month's cap; `told` are amounts in USD."""
        self.paid_pico, self._cap_told = paid_pico, set(told)

    def cap_crossed(self, cap_usd: float | None, at: float) -> tuple[list[float], list[Alert]]:
        """80 % and all of the month's cap, where they were reached and not told yet, USD; the graver one is
        told.
        """
        if cap_usd is None:
            return [], []
        paid_usd = self.paid_pico / PICO_PER_USD
        steps = [round(share * cap_usd, 12) for share in CAP_SHARES]
        found = [step for step in steps if paid_usd >= step and step not in self._cap_told]
        self._cap_told.update(found)
        if not found:
            return [], []
        is_used_up = found[-1] == steps[-1]
        end = "paid runs are refused from now on" if is_used_up else "at its end paid runs are refused"
        text = f"{paid_usd:,.2f} of this month's {cap_usd:,.2f} USD for paid runs are spent; {end}"
        return found, [Alert(what="month_cap", value=paid_usd, above=found[-1], at=at, text=text)]

    def crossed(self, steps: Sequence[float], at: float) -> list[Alert]:
        """Steps that were reached and not told yet."""
        spent_usd = self.spent_pico / PICO_PER_USD
        found = [step for step in sorted(steps) if spent_usd > step and step not in self._told]
        self._told.update(found)
        return [
            Alert(
                what="month_usd",
                value=spent_usd,
                above=step,
                at=at,
                text=f"{spent_usd:,.2f} USD spent this month, over {step:,.0f} USD",
            )
            for step in found
        ]


def month_now() -> tuple[str, float]:
    """The calendar month here (`2026-11`), and its beginning in epoch seconds."""
    first = datetime.now().astimezone().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    # The offset of today need not be that of the first of the month.
    begin = datetime(first.year, first.month, 1).astimezone()
    return f"{first:%Y-%m}", begin.timestamp()
