"""Money is exact, unknown is unknown."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.core.base.errors import UsageError
from steelyard.core.base.units import PICO_PER_USD, pico_from_usd, usd_from_text, usd_text
from steelyard.core.costs.prices.price_book import (
    TokenPrices,
    book_prices,
    checked_prices,
    price_problem,
    prices_for,
)
from steelyard.core.costs.run_cost import api_cost, local_cost
from steelyard.core.values.run import Energy, Usage
from steelyard.core.values.settings import EnergySettings, HardwareSettings, Settings
from steelyard.core.values.targets import ApiPrices, ApiTarget


def target(url: str = "https://api.openai.com/v1", model: str = "gpt-4o-mini", **more: object) -> ApiTarget:
    return ApiTarget(name="t", url=url, model=model, format="openai", **more)


def prices(cached: str | None = None, write: str | None = None) -> TokenPrices:
    return TokenPrices(
        Decimal("0.15"),
        Decimal("0.6"),
        Decimal(cached) if cached else None,
        Decimal(write) if write else None,
        "p",
        None,
    )


def test_cost_is_exact_to_the_last_digit() -> None:
    cost = api_cost(Usage(prompt_tokens=1_234_567, completion_tokens=89), prices())
    assert cost.usd == "0.18523845"
    assert cost.basis == "api_price"
    assert sum(Decimal(part.usd) for part in cost.parts) == Decimal(cost.usd)


def test_cached_tokens_cost_the_input_price_unless_they_have_their_own() -> None:
    usage = Usage(prompt_tokens=1000, cached_tokens=400, cache_write_tokens=100, completion_tokens=0)
    assert Decimal(api_cost(usage, prices()).usd or "") == Decimal("0.00015")
    with_own = api_cost(usage, prices(cached="0.075", write="0.3"))
    assert (
        Decimal(with_own.usd or "")
        == (500 * Decimal("0.15") + 400 * Decimal("0.075") + 100 * Decimal("0.3")) / 10**6
    )


@pytest.mark.parametrize("usage", [Usage(), Usage(prompt_tokens=5), Usage(completion_tokens=5)])
def test_unknown_counts_cost_unknown(usage: Usage) -> None:
    assert api_cost(usage, prices()).usd is None


def test_no_price_is_unknown_never_zero() -> None:
    cost = api_cost(Usage(prompt_tokens=5, completion_tokens=5), None)
    assert (cost.usd, cost.basis) == (None, "unknown")


def test_book_price_by_endpoint() -> None:
    found = prices_for(target())
    assert found is not None
    assert (found.input, found.output) == (Decimal("0.15"), Decimal("0.6"))
    assert found.price_id.endswith("openai/gpt-4o-mini")
    assert found.price_date is not None


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/v1", "http://localhost/v1", "http://[::1]:1/v1", "http://0.0.0.0/v1"]
)
def test_this_machine_is_never_priced_as_a_vendor(url: str) -> None:
    assert prices_for(target(url)) is None


def test_unknown_vendor_or_model_has_no_price() -> None:
    assert prices_for(target("https://llm.example.org/v1")) is None
    assert prices_for(target(model="no-such-model-at-all")) is None


def test_the_users_price_comes_first() -> None:
    found = prices_for(target(prices=ApiPrices(input="1", output="2"), prices_date="2026-11-21"))
    assert found is not None
    assert (found.input, found.price_id, found.price_date) == (Decimal(1), "user:t", "2026-11-21")


def test_price_like() -> None:
    found = prices_for(target("http://127.0.0.1:1/v1", price_like="openai/gpt-4o-mini"))
    assert found is not None
    assert found.output == Decimal("0.6")
    for wrong in ("gpt-4o-mini", "openai/", "nobody/nothing"):
        with pytest.raises(UsageError):
            book_prices(wrong)


def test_long_prompts_meet_the_vendors_long_context_tier() -> None:
    assert book_prices("google/gemini-1.5-pro", 1000).input == Decimal("1.25")
    assert book_prices("google/gemini-1.5-pro", 1_000_000).input == Decimal("2.5")


@pytest.mark.parametrize("text", ["-1", "NaN", "inf", "1e400", "abc", "", "1,5"])
def test_silly_prices_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        checked_prices(ApiPrices(input=text, output="1"))


def test_local_cost_is_unknown_until_watts_and_tariff_are_set() -> None:
    known = Energy(joules=100.0, source="user_watts")
    for tariff, energy in ((None, known), (0.3, Energy()), (None, Energy())):
        settings = Settings(energy=EnergySettings(active_watts=100, tariff_usd_per_kwh=tariff))
        assert local_cost(settings, energy, 1000).basis == "unknown"


def test_measured_joules_need_no_typed_watts() -> None:
    settings = Settings(energy=EnergySettings(tariff_usd_per_kwh=0.36))
    cost = local_cost(settings, Energy(joules=1000.0, source="nvml_counter"), 10_000)
    assert (cost.usd, cost.basis) == ("0.0001", "local_marginal")
    assert "nvml_counter" in (cost.price_id or "")


def test_local_marginal_and_full_are_kept_apart() -> None:
    settings = Settings(energy=EnergySettings(active_watts=100, tariff_usd_per_kwh=0.36))
    energy = Energy(joules=1000.0, prefill_joules=400.0, decode_joules=600.0, source="user_watts")
    marginal = local_cost(settings, energy, 10_000)
    assert (marginal.usd, marginal.basis, marginal.full_usd) == ("0.0001", "local_marginal", None)

    machine = HardwareSettings(price_usd=2629.8, life_months=1, busy_share=0.5)
    settings = Settings(energy=settings.energy, hardware=machine)
    full = local_cost(settings, energy, 10_000)
    # 2629.80 USD over half of one month's 2,629,800 s is 0.002 USD a second.
    assert (full.marginal_usd, full.full_usd, full.usd, full.basis) == (
        "0.0001",
        "0.0201",
        "0.0201",
        "local_full",
    )


@given(st.integers(0, 10**27))
def test_money_text_round_trips(pico: int) -> None:
    assert pico_from_usd(usd_from_text(usd_text(pico) or "")) == pico


@pytest.mark.parametrize("text", ["1_000", "\u0663", "NaN", "Infinity", "-1", "", "1e16", "0x1", "1,5"])
def test_what_is_no_amount_of_money_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="amount of money"):
        usd_from_text(text)


def test_a_price_that_cannot_be_used_is_unknown_and_told() -> None:
    """An answer that was paid for must not be lost over the price in the settings."""
    for wrong in (target(prices=ApiPrices(input="abc", output="1")), target(price_like="nope/nope")):
        assert prices_for(wrong) is None
        assert price_problem(wrong) is not None
    assert price_problem(target(model="nobody-knows-it")) is None


def test_half_to_even() -> None:
    assert pico_from_usd(Decimal("0.5") / PICO_PER_USD) == 0
    assert pico_from_usd(Decimal("1.5") / PICO_PER_USD) == 2
    assert usd_text(0) == "0"
    assert usd_text(None) is None
