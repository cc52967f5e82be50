"""Usage times price, and energy times tariff, in whole pico-dollars."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from steelyard.core.base.units import Pico, pico_from_usd, usd_text
from steelyard.core.costs.exact import exact
from steelyard.core.values.run import Cost, CostPart, Energy, Usage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steelyard.core.costs.prices.price_book import TokenPrices
    from steelyard.core.values.settings import Settings

_JOULES_PER_KWH = 3_600_000
SECONDS_PER_MONTH = Decimal("2629800")  # 365.25 days / 12
_PER_MILLION = Decimal(1_000_000)
Line = tuple[str, int, Decimal | None]
"""What it is, how many tokens, USD per million of them; None: it is billed elsewhere."""


def api_cost(usage: Usage, prices: TokenPrices | None) -> Cost:
    """What an API charges for this usage; unknown without a price or without counts.

    Cached and cache-written tokens are parts of the prompt tokens; without a price of their own they cost the
    input price. Reasoning tokens are part of the completion tokens, at their own price where there is one.
    """
    if prices is None or usage.prompt_tokens is None or usage.completion_tokens is None:
        return Cost()
    reasoning = usage.reasoning_tokens or 0 if prices.reasoning is not None else 0
    reasoning = min(reasoning, usage.completion_tokens)
    lines = [
        *input_lines(usage.prompt_tokens, usage.cached_tokens or 0, usage.cache_write_tokens or 0, prices),
        ("output", usage.completion_tokens - reasoning, prices.output),
        ("reasoning", reasoning, prices.reasoning),
    ]
    pico, parts = billed(lines)
    return Cost(
        usd=usd_text(pico),
        basis="api_price",
        price_id=prices.price_id,
        price_date=prices.price_date,
        parts=parts,
    )


def input_lines(prompt: int, cached: int, written: int, prices: TokenPrices) -> list[Line]:
    """Prompt tokens by the price that they meet: fresh, read from a cache, written to one."""
    cached = min(cached, prompt) if prices.cached is not None else 0
    written = min(written, prompt - cached) if prices.cache_write is not None else 0
    return [
        ("input", prompt - cached - written, prices.input),
        ("cached input", cached, prices.cached),
        ("cache write", written, prices.cache_write),
    ]


@exact()
def billed(lines: Iterable[Line]) -> tuple[Pico, list[CostPart]]:
    """The sum of lines of tokens, and the lines, each rounded to whole pico-dollars, so that they add up."""
    counted = [
        (what, count, rate, pico_from_usd(rate * count / _PER_MILLION))
        for what, count, rate in lines
        if rate is not None and (count or what in ("input", "output"))
    ]
    parts = [
        CostPart(what=what, quantity=count, unit="token", usd=_text(pico), usd_per_million=f"{rate:f}")
        for what, count, rate, pico in counted
    ]
    return Pico(sum(pico for *_, pico in counted)), parts


def local_cost(settings: Settings, energy: Energy, e2e_ms: float | None) -> Cost:
    """Electricity (marginal) and, where price, life and busy share are known, the machine as well (full)."""
    tariff = settings.energy.tariff_usd_per_kwh
    if energy.joules is None or tariff is None or e2e_ms is None:
        return Cost()
    kwh = Decimal(repr(energy.joules)) / _JOULES_PER_KWH
    marginal = pico_from_usd(kwh * Decimal(repr(tariff)))
    parts = [CostPart(what="electricity", quantity=energy.joules, unit="J", usd=_text(marginal))]
    typed = energy.source == "user_watts"
    power = f"{settings.energy.active_watts:g} W" if typed else f"joules measured ({energy.source})"
    price_id = f"settings: {tariff:g} USD/kWh, {power}"
    machine = _machine_share(settings, e2e_ms)
    if machine is None:
        return Cost(
            usd=_text(marginal),
            basis="local_marginal",
            marginal_usd=_text(marginal),
            price_id=price_id,
            parts=parts,
        )
    parts.append(CostPart(what="machine", quantity=e2e_ms / 1000, unit="s", usd=_text(machine)))
    full = Pico(marginal + machine)
    return Cost(
        usd=_text(full),
        basis="local_full",
        marginal_usd=_text(marginal),
        full_usd=_text(full),
        price_id=price_id,
        parts=parts,
    )


def _machine_share(settings: Settings, e2e_ms: float) -> Pico | None:
    """Price of the machine over the seconds that it is busy in its life, times this run's seconds."""
    hardware = settings.hardware
    if hardware.price_usd is None or hardware.life_months is None or hardware.busy_share is None:
        return None
    busy_s = Decimal(repr(hardware.life_months)) * SECONDS_PER_MONTH * Decimal(repr(hardware.busy_share))
    return pico_from_usd(Decimal(repr(hardware.price_usd)) / busy_s * Decimal(repr(e2e_ms)) / 1000)


def _text(pico: int) -> str:
    return usd_text(pico) or "0"
