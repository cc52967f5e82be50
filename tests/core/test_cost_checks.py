"""The thirteen typical mistakes: each is named when it is made, and only then."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from steelyard.core.costs.checks.checks import cost_checks
from steelyard.core.costs.machines.tco import tco
from steelyard.core.values.costs import (
    Comparator,
    CostCheck,
    CostProfile,
    EnergyPart,
    HardwarePart,
    Origin,
    PeoplePart,
    RatesPart,
    WorkloadPart,
)

D = Decimal
TODAY = date(2026, 11, 1)
CODES = [
    "no_people",
    "full_utilisation",
    "rent_scaled",
    "output_rate_for_all",
    "batch_peak_for_single",
    "tokenizer_differs",
    "reasoning_ignored",
    "list_price_only",
    "quant_vs_full",
    "no_idle_power",
    "stale_price",
    "gib_gb",
    "failed_calls",
]
OWNED = CostProfile(
    hardware=HardwarePart(capex_usd=D(2500), life_months=D(36)),
    energy=EnergyPart(idle_w=D(60), active_decode_w=D(380), tariff_usd_per_kwh=D("0.15")),
    people=PeoplePart(hours_month=D("1.5"), rate_usd=D(60)),
    rates=RatesPart(prompt_tps=D(1500), gen_tps=D(50), concurrency=D(1)),
    workload=WorkloadPart(mix="3:1", tokens_month=D(95_000_000), cached_share=D("0.3")),
    origins={"workload.tokens_month": "measured"},
)
GPT = Comparator(
    kind="configured",
    name="openai/gpt-4o",
    price_in=D("2.5"),
    price_out=D(10),
    price_cached=D("1.25"),
    price_date="2026-10-01",
)

HOSTED = msgspec.structs.replace(GPT, kind="hosted", name="x/llama")


def with_(**changes: Any) -> CostProfile:
    """The profile with keys changed, `section__name=value`."""
    profile = OWNED
    for key, value in changes.items():
        section, name = key.split("__")
        part = msgspec.structs.replace(getattr(profile, section), **{name: value})
        profile = msgspec.structs.replace(profile, **{section: part})
    return profile


def stated(profile: CostProfile, **origins: Origin) -> CostProfile:
    return msgspec.structs.replace(
        profile, origins={key.replace("__", "."): origin for key, origin in origins.items()}
    )


def priced(**changes: Any) -> Comparator:
    return msgspec.structs.replace(GPT, **changes)


def checked(code: str, profile: CostProfile = OWNED, *comparators: Comparator) -> CostCheck:
    found = cost_checks(profile, tco(profile), comparators or (GPT,), TODAY)
    return next(check for check in found if check.code == code)


def test_there_are_thirteen_in_the_order_of_the_report() -> None:
    found = cost_checks(OWNED, tco(OWNED), [GPT], TODAY)
    assert [check.code for check in found] == CODES
    assert [check.code for check in found if check.state is not True] == [
        "tokenizer_differs",
        "quant_vs_full",
    ]
    assert all(check.title and check.detail for check in found)


def test_what_is_not_passed_says_what_to_do() -> None:
    for profile in (OWNED, CostProfile(), with_(rates__headroom=D(1))):
        for check in cost_checks(profile, tco(profile), [], TODAY):
            assert check.state is True or check.remedy


RENTED: dict[str, Any] = {
    "hardware__capex_usd": None,
    "hardware__life_months": None,
    "rent__usd_month_per_machine": D(3500),
    "energy__idle_w": None,
    "energy__active_decode_w": None,
}


@pytest.mark.parametrize(
    ("code", "profile", "state", "says"),
    [
        ("no_people", OWNED, True, "$90.00"),
        ("no_people", with_(people__hours_month=None, people__rate_usd=None), False, "hours"),
        ("no_people", with_(people__hours_month=D(0), people__rate_usd=None), True, "You said"),
        ("full_utilisation", OWNED, True, "19.3 %"),
        ("full_utilisation", with_(workload__tokens_month=D(380_000_000)), False, "77.3 %"),
        ("full_utilisation", with_(rates__headroom=D("0.95")), False, "95 %"),
        ("full_utilisation", with_(workload__tokens_month=None), None, "cannot be told"),
        # 94 % of a capacity that has a reserve in it is still two thirds of the time
        (
            "full_utilisation",
            with_(rates__headroom=D("0.7"), workload__tokens_month=D(325_000_000)),
            True,
            "66.1 %",
        ),
        ("rent_scaled", OWNED, True, "Nothing is rented"),
        ("rent_scaled", with_(**RENTED), True, "$4.79 an hour"),
        ("output_rate_for_all", OWNED, True, "3:1"),
        ("output_rate_for_all", with_(rates__prompt_tps=D(50)), False, "Both rates"),
        ("output_rate_for_all", with_(rates__prompt_tps=None), False, "Only the generation"),
        ("output_rate_for_all", with_(workload__mix="0:1"), False, "every token"),
        ("output_rate_for_all", with_(workload__mix="1:0", rates__gen_tps=None), True, "only prompts"),
        ("output_rate_for_all", with_(workload__mix=None), None, "mix"),
        ("output_rate_for_all", with_(rates__gen_tps=None), None, "No generation rate"),
        ("output_rate_for_all", with_(rates__capacity_tokens_month=D(10**9)), None, "as a whole"),
        ("batch_peak_for_single", OWNED, True, "50 tok/s"),
        ("batch_peak_for_single", with_(rates__concurrency=D(2)), False, "0.39 requests in flight"),
        ("batch_peak_for_single", with_(rates__concurrency=D(32)), None, "1.56 tok/s for one user"),
        ("batch_peak_for_single", with_(rates__concurrency=None), None, "did not say"),
        (
            "batch_peak_for_single",
            stated(with_(rates__concurrency=None), rates__gen_tps="measured"),
            True,
            "one stream",
        ),
        ("no_idle_power", OWNED, True, "43.8 kWh"),
        ("no_idle_power", with_(energy__idle_w=None), False, "No idle watts"),
        ("no_idle_power", with_(energy__idle_w=D(0)), False, "0 W"),
        ("no_idle_power", with_(energy__tariff_usd_per_kwh=None), False, "no tariff"),
        ("no_idle_power", with_(energy__idle_w=None, other__usd_month=D(200)), None, "$200.00"),
        ("no_idle_power", with_(**RENTED), True, "rented"),
        ("gib_gb", OWNED, True, "Cannot happen"),
        ("failed_calls", OWNED, True, "ledger"),
        ("failed_calls", stated(OWNED), None, "typed"),
        ("failed_calls", with_(workload__tokens_month=None), None, "No volume"),
        ("reasoning_ignored", stated(OWNED, workload__mix="measured"), True, "ledger"),
        ("reasoning_ignored", with_(workload__reasoning_share=D("0.6")), True, "60 %"),
        ("list_price_only", OWNED, True, "$1.25 instead of $2.50"),
        ("list_price_only", with_(workload__cached_share=D(0)), True, "as stated"),
        ("list_price_only", with_(workload__cached_share=None), False, "dearer than it is"),
    ],
)
def test_what_the_profile_says(code: str, profile: CostProfile, state: bool | None, says: str) -> None:
    check = checked(code, profile)
    assert (check.state, says in check.detail) == (state, True), check.detail


@pytest.mark.parametrize(
    ("code", "comparators", "state", "says"),
    [
        ("tokenizer_differs", [GPT], None, "own tokenizer"),
        (
            "tokenizer_differs",
            [priced(price_in=None), HOSTED],
            True,
            "same tokenizer",
        ),
        ("reasoning_ignored", [GPT], True, "no reasoning model"),
        ("reasoning_ignored", [priced(name="openai/o3-mini")], None, "o3-mini"),
        (
            "reasoning_ignored",
            [priced(name="work", price_id="book:x/deepseek-reasoner")],
            None,
            "work",
        ),
        ("list_price_only", [priced(price_cached=None)], None, "30 % of the input"),
        ("quant_vs_full", [GPT], None, "another model"),
        ("quant_vs_full", [HOSTED], None, "higher precision"),
        (
            "quant_vs_full",
            [GPT, priced(kind="passing", name="openai/gpt-4o-mini")],
            True,
            "your own suite",
        ),
        ("stale_price", [GPT], True, "2026-10-01"),
        (
            "stale_price",
            [GPT, msgspec.structs.replace(HOSTED, price_date="2026-08-01")],
            False,
            "92 days",
        ),
        ("stale_price", [priced(price_date="2026-09-02")], True, "2026-09-02"),
        ("stale_price", [priced(price_date="2026-09-01")], False, "61 days"),
        ("stale_price", [priced(is_retired=True)], False, "retired"),
        ("stale_price", [priced(price_date=None)], None, "No date"),
        ("stale_price", [priced(price_date="last spring")], None, "No date"),
    ],
)
def test_what_the_comparators_say(
    code: str, comparators: list[Comparator], state: bool | None, says: str
) -> None:
    check = checked(code, OWNED, *comparators)
    assert (check.state, says in check.detail) == (state, True), check.detail


def test_no_reasoning_typed_for_a_model_that_reasons_is_a_mistake() -> None:
    check = checked("reasoning_ignored", with_(workload__reasoning_share=D(0)), priced(name="openai/o3"))
    assert check.state is False


@pytest.mark.parametrize(
    "code", ["tokenizer_differs", "reasoning_ignored", "list_price_only", "quant_vs_full", "stale_price"]
)
def test_without_a_price_nothing_is_claimed_of_the_api(code: str) -> None:
    assert checked(code, OWNED, Comparator(kind="configured", name="", unknown="choose one")).state is None
