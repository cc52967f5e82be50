"""What the ledger of this machine says by itself: volume, mix, cache share, peaks, rates, watts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from steelyard.core.base.statistics import guarded_percentile
from steelyard.core.costs.exact import exact
from steelyard.core.costs.ledger.measured import Found, decimal_of, put_power, put_rates, put_settings
from steelyard.core.store.cost_sums import (
    ClassTotal,
    QuarterTotal,
    busiest_local,
    class_totals,
    first_quarter,
    quarter_totals,
)
from steelyard.core.store.run_samples import LocalSample, api_ttft_ms, local_samples
from steelyard.core.values.costs import (
    CostProfile,
    EnergyPart,
    HardwarePart,
    MeasuredInputs,
    RatesPart,
    WorkloadPart,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.core.store.database import Connection
    from steelyard.core.values.settings import Settings

MONTH_DAYS = Decimal("30.4375")
_DAY_S = 86_400.0
_QUARTER_MS = 900_000.0
_PERCENTILES = (50, 95)


@dataclass(frozen=True)
class WorkloadFacts:
    """What the ledger holds of the last days. `since`: UTC quarter of an hour with which they begin."""

    since: str
    first: str | None
    """Quarter of the very first run of the workload."""
    quarters: list[QuarterTotal]
    classes: list[ClassTotal]
    weights: str | None
    samples: list[LocalSample]
    api_ttft_ms: list[float]


def read_facts(connection: Connection, now: datetime, days: int, weights: str | None) -> WorkloadFacts:
    """Look into the ledger; `now` knows its zone. Without a name of weights: those that answered most."""
    since = _quarter_of(now - timedelta(days=days))
    weights = weights or busiest_local(connection, since)
    return WorkloadFacts(
        since=since,
        first=first_quarter(connection),
        quarters=quarter_totals(connection, since),
        classes=class_totals(connection, since),
        weights=weights,
        samples=local_samples(connection, since, weights) if weights else [],
        api_ttft_ms=api_ttft_ms(connection, since),
    )


def measured_inputs(facts: WorkloadFacts, settings: Settings, now: datetime) -> MeasuredInputs:
    """The parts of a profile that need not be asked. What was not measured or typed is left out.

    A ledger that began less than a day ago counts as a day: its volume is then the least that a day has, and
    peaks and duty are not told.
    """
    runs = sum(one.runs for one in facts.classes)
    begin = _moment_of(max(facts.since, facts.first)) if facts.first else now
    covered_s = max(0.0, (now - begin).total_seconds())
    days = covered_s / _DAY_S if runs else 0.0
    found = Found()
    mix = _put_workload(found, facts, max(1.0, days), _note(days, runs))
    put_rates(found, facts.samples)
    put_power(found, facts.samples, settings)
    put_settings(found, settings)
    tells_time = bool(runs) and covered_s >= _DAY_S
    tokens = sum(one.prompt_tokens + one.completion_tokens for one in facts.classes)
    warm = [one.ttft_ms for one in facts.samples if not one.is_cold and one.ttft_ms is not None]
    return MeasuredInputs(
        days=round(days, 3),
        runs=runs,
        profile=_profile(found, mix),
        peak_to_mean=_peak_to_mean(facts.quarters, covered_s) if tells_time else None,
        duty_share=_duty_share(facts.quarters, covered_s) if tells_time else None,
        class_shares=_class_shares(facts.classes, tokens) if tokens else {},
        api_ttft_ms=_percentiles(facts.api_ttft_ms),
        local_ttft_ms=_percentiles(warm),
        weights=facts.weights,
    )


# ---- workload ----------------------------------------------------------------------------------------------


@exact()
def _put_workload(found: Found, facts: WorkloadFacts, days: float, note: str) -> str | None:
    """The numbers of the workload; returns its mix."""
    prompt = sum(one.prompt_tokens for one in facts.classes)
    output = sum(one.completion_tokens for one in facts.classes)
    if prompt + output == 0:
        return None
    month = Decimal(prompt + output) / decimal_of(days) * MONTH_DAYS
    found.put("workload.tokens_month", month.to_integral_value(), "measured", note)
    if prompt:
        cached = sum(one.cached_tokens for one in facts.classes)
        found.put("workload.cached_share", cached / prompt, "measured", note)
    if output:
        reasoning = sum(one.reasoning_tokens for one in facts.classes)
        found.put("workload.reasoning_share", reasoning / output, "measured", note)
    found.origins["workload.mix"], found.notes["workload.mix"] = "measured", note
    return mix_text(prompt, output)


@exact()
def mix_text(prompt: int, output: int) -> str:
    """Input to output as people say it, to three digits: `3.02:1`, `1:2.5`, `1:0`."""
    if output == 0:
        return "1:0"
    if prompt == 0:
        return "0:1"
    if prompt >= output:
        return f"{_three_digits(Decimal(prompt) / output)}:1"
    return f"1:{_three_digits(Decimal(output) / prompt)}"


def _three_digits(ratio: Decimal) -> str:
    places = max(0, 2 - ratio.adjusted())
    text = f"{ratio:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _peak_to_mean(quarters: Sequence[QuarterTotal], covered_s: float) -> Decimal | None:
    """Tokens of the busiest hour over those of the mean hour, hours without runs included."""
    hours: Counter[str] = Counter()
    for one in quarters:
        hours[one.quarter[:13]] += one.tokens
    total = hours.total()
    if total == 0:
        return None
    mean = total / (covered_s / 3600)
    return decimal_of(round(max(1.0, max(hours.values()) / mean), 2))


def _duty_share(quarters: Sequence[QuarterTotal], covered_s: float) -> Decimal:
    """Runs beside each other count once at most: no quarter of an hour has more than its own time."""
    busy_s = sum(min(one.local_busy_ms, _QUARTER_MS) for one in quarters) / 1000
    return decimal_of(round(min(1.0, busy_s / covered_s), 4))


def _class_shares(classes: Sequence[ClassTotal], tokens: int) -> dict[str, float]:
    by_class: Counter[str] = Counter()
    for one in classes:
        by_class[one.name] += one.prompt_tokens + one.completion_tokens
    return {name: round(count / tokens, 4) for name, count in by_class.most_common()}


# ---- inside ------------------------------------------------------------------------------------------------


def _profile(found: Found, mix: str | None) -> CostProfile:
    def part(name: str) -> dict[str, Any]:
        prefix = f"{name}."
        return {
            key.removeprefix(prefix): value for key, value in found.values.items() if key.startswith(prefix)
        }

    return CostProfile(
        hardware=HardwarePart(**part("hardware")),
        energy=EnergyPart(**part("energy")),
        rates=RatesPart(**part("rates")),
        workload=WorkloadPart(mix=mix, **part("workload")),
        origins=found.origins,
        notes=found.notes,
    )


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    found = {f"{percent}": guarded_percentile(values, percent / 100) for percent in _PERCENTILES}
    return {name: round(value, 2) for name, value in found.items() if value is not None}


def _note(days: float, runs: int) -> str:
    span = "less than a day" if days < 1 else "1 day" if days < 2 else f"{int(days):,} days"
    return f"{span} of the ledger, {runs:,} run{'' if runs == 1 else 's'}"


def _quarter_of(moment: datetime) -> str:
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H}:{utc.minute // 15 * 15:02d}"


def _moment_of(quarter: str) -> datetime:
    return datetime.fromisoformat(quarter).replace(tzinfo=UTC)
