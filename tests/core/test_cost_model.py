"""The cost model gives the golden numbers of the domain report, exact by their formulas."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.core.base.errors import UsageError
from steelyard.core.base.units import pico_from_usd, usd_text
from steelyard.core.costs.exact import exact
from steelyard.core.costs.machines.break_even import break_even, hybrid, payback
from steelyard.core.costs.machines.curve import crossings, curve, winner
from steelyard.core.costs.machines.model import machine_costs
from steelyard.core.costs.machines.presets import cost_presets
from steelyard.core.costs.machines.profile_file import read_profile
from steelyard.core.costs.machines.tco import tco
from steelyard.core.costs.mix import blended_usd_per_m, parse_mix
from steelyard.core.values.costs import (
    CostProfile,
    EnergyPart,
    HardwarePart,
    OtherPart,
    PeoplePart,
    RatesPart,
    RentPart,
    WorkloadPart,
)

D = Decimal
M = 10**6
PRICES = {"4o": ("2.5", "10"), "mini": ("0.15", "0.6"), "sonnet": ("3", "15"), "gemini": ("1.25", "5")}
PRESETS = Path(__file__).parents[2] / "resources" / "presets"
DESKTOP = """
[hardware]
capex_usd = 2500
residual_share = 0.2
life_months = 36
[energy]
idle_w = 60
active_prefill_w = 380
active_decode_w = 380
tariff_usd_per_kwh = 0.15
[people]
hours_month = 1.5
rate_usd = 60
[rates]
prompt_tps = 1500
gen_tps = 50
[workload]
mix = "3:1"
utilisation = 0.2
"""


def text(value: Fraction) -> str:
    """As money is printed: whole pico-dollars, half to even."""
    return usd_text(round(value * 10**12)) or ""


def blended(api: str, mix: str) -> Fraction:
    into, out = (Fraction(part) for part in mix.split(":"))
    price_in, price_out = (Fraction(price) for price in PRICES[api])
    return (price_in * into + price_out * out) / (into + out)


def even_at(fixed: str, api: str, mix: str, **more: Decimal) -> float | None:
    price_in, price_out = (D(price) for price in PRICES[api])
    return break_even(D(fixed), price_in, price_out, parse_mix(mix), **more).break_even_tokens_month


def rented(usd: str = "4000", capacity: str | None = "2500000000", **rates: Decimal) -> CostProfile:
    return CostProfile(
        rent=RentPart(usd_month_per_machine=D(usd)),
        rates=RatesPart(capacity_tokens_month=None if capacity is None else D(capacity), **rates),
        workload=WorkloadPart(mix="1:2"),
    )


@pytest.mark.parametrize(
    ("api", "mix", "printed"),
    [
        ("4o", "1:2", "7.5"),
        ("mini", "1:2", "0.45"),
        ("sonnet", "1:2", "11"),
        ("gemini", "1:2", "3.75"),
        ("4o", "3:1", "4.375"),
        ("mini", "3:1", "0.2625"),
        ("sonnet", "3:1", "6"),
        ("gemini", "3:1", "2.1875"),
        ("4o", "1:0", "2.5"),
        ("4o", "0:1", "10"),
    ],
)
def test_g1_g4_a_million_tokens_of_a_mix(api: str, mix: str, printed: str) -> None:
    price_in, price_out = (D(price) for price in PRICES[api])
    assert blended_usd_per_m(price_in, price_out, parse_mix(mix)) == D(printed)
    even = break_even(D(0), price_in, price_out, parse_mix(mix))
    assert even.blended_usd_per_m == printed == text(blended(api, mix))


def test_g1_g2_the_six_rows_of_the_source() -> None:
    volumes = [D(v) * M for v in (10, 100, 500, 1000, 5000, 10000)]
    found = curve(machine_costs(rented()), D("7.5"), volumes, None, D("0.10"))
    assert [row.api_usd for row in found.rows] == ["75", "750", "3750", "7500", "37500", "75000"]
    assert [row.self_usd for row in found.rows] == ["4000", "4000", "4000", "4000", "8000", "16000"]
    assert [row.machines for row in found.rows] == [1, 1, 1, 1, 2, 4]
    assert [row.winner for row in found.rows] == ["api", "api", "tie", "self_host", "self_host", "self_host"]


@pytest.mark.parametrize("mix", ["1:2", "3:1"])
@pytest.mark.parametrize("api", PRICES)
@pytest.mark.parametrize("fixed", ["2700", "10800", "4000", "6000", "416.67"])
def test_g3_g4_break_even_volume(fixed: str, api: str, mix: str) -> None:
    assert even_at(fixed, api, mix) == float(Fraction(fixed) / blended(api, mix) * M)


def test_g3_g4_as_the_report_prints_them() -> None:
    assert even_at("4000", "4o", "1:2") == pytest.approx(533.333e6, rel=1e-6)
    assert even_at("4000", "gemini", "1:2") == pytest.approx(1066.667e6, rel=1e-6)
    assert even_at("10800", "mini", "1:2") == 24_000e6
    assert even_at("4000", "sonnet", "3:1") == pytest.approx(666.667e6, rel=1e-6)


@pytest.mark.parametrize("opex", [0, 100, 125, 200, 700])
def test_g5_payback(opex: int) -> None:
    found = payback(D(15000), D(2000), D(opex))
    assert found.payback_months == float(Fraction(15000, 2000 - opex))
    assert "paid back after" in found.reason


@pytest.mark.parametrize("opex", ["2000", "2000.01"])
def test_g5_running_costs_as_high_as_the_bill_never_pay_back(opex: str) -> None:
    found = payback(D(15000), D(2000), D(opex))
    assert found.payback_months is None
    assert found.reason.startswith("Never")


def test_nothing_bought_is_paid_back_at_once() -> None:
    assert payback(D(0), D(10), D(0)).payback_months == 0


@pytest.mark.parametrize("months", [12, 24, 36, 48, 60])
def test_g6_owned_server(months: int) -> None:
    profile = CostProfile(hardware=HardwarePart(capex_usd=D(15000), life_months=D(months)))
    month = tco(profile)
    assert month.monthly.depreciation_usd == month.monthly.total_usd == text(Fraction(15000, months))
    assert even_at(month.fixed_usd_month, "4o", "1:2") == pytest.approx(15000 / months / 7.5 * M, rel=1e-12)


@pytest.mark.parametrize(("added", "printed"), [("200", 82.22), ("700", 148.89)])
def test_g6_with_power_and_people(added: str, printed: float) -> None:
    profile = CostProfile(
        hardware=HardwarePart(capex_usd=D(15000), life_months=D(36)), other=OtherPart(usd_month=D(added))
    )
    assert even_at(tco(profile).fixed_usd_month, "4o", "1:2") == pytest.approx(printed * M, rel=1e-4)


@pytest.mark.parametrize(
    ("capacity", "share", "reached"),
    [("2.5e9", Fraction(16, 75), True), ("1e9", Fraction(8, 15), True), ("65.7e6", None, False)],
)
def test_g7_utilisation_at_break_even(capacity: str, share: Fraction | None, reached: bool) -> None:
    found = break_even(D(4000), D("2.5"), D(10), parse_mix("1:2"), capacity_tokens_month=D(capacity))
    expected = share or Fraction(4000) / Fraction("7.5") * M / Fraction(D(capacity))
    assert found.utilisation_at_break_even == float(expected)
    assert (found.break_even_tokens_month is not None) is reached
    if not reached:
        assert "812 %" in found.reason
        assert found.reason.startswith("Never on this machine")


@pytest.mark.parametrize(("used", "times"), [("0.1", 5), ("0.2", 2.5), ("0.5", 1), ("1", 0.5)])
def test_g7_price_per_million_is_that_of_a_full_machine_over_utilisation(used: str, times: float) -> None:
    """A machine that is half the API's price when it is full."""
    profile = msgspec.structs.replace(
        rented("4000", "1e9"), workload=WorkloadPart(mix="1:2", utilisation=D(used))
    )
    month = tco(profile)
    assert D(month.usd_per_m or "") == 8 * D(str(times))
    assert (month.utilisation, month.mix, month.concurrency) == (float(used), "1:2", 1)


@pytest.mark.parametrize(("a_day", "usd"), [(10**4, "2.2828125"), (10**6, "228.28125"), (10**8, "22828.125")])
def test_g8_tokens_a_day(a_day: int, usd: str) -> None:
    row = curve(machine_costs(rented()), D("7.5"), [D(a_day) * D("30.4375")], None, D(0)).rows[0]
    assert row.api_usd == usd


def test_g9_hybrid() -> None:
    mix = parse_mix("1:2")
    found = hybrid(D(2000 * M), D("0.8"), D("2.5"), D(10), mix, D(4000))
    assert (found.api_usd, found.hybrid_usd) == ("15000", "7000")
    assert found.saving_share == float(Fraction(8, 15))
    assert found.break_even_tokens_month == float(Fraction(4000 * M) / 6)
    more = hybrid(D(8000 * M) / 3, D("0.8"), D("2.5"), D(10), mix, D(4000))
    assert more.saving_share == pytest.approx(0.6, rel=1e-12)


def test_hybrid_without_a_local_part_or_a_price_never_saves() -> None:
    mix = parse_mix("1:2")
    assert hybrid(D(M), D(0), D(1), D(1), mix, D(10)).break_even_tokens_month is None
    free = hybrid(D(M), D("0.5"), D(0), D(0), mix, D(10))
    assert (free.saving_share, free.break_even_tokens_month, free.hybrid_usd) == (None, None, "10")


@pytest.mark.parametrize(
    ("watts", "rate", "mix"), [("300", "1500", "1:0"), ("250", "50", "0:1"), ("1", "1", "0:1")]
)
def test_g10_energy_of_a_million_tokens(watts: str, rate: str, mix: str) -> None:
    profile = CostProfile(
        energy=EnergyPart(idle_w=D(0), active_decode_w=D(watts), tariff_usd_per_kwh=D("0.15")),
        rates=RatesPart(prompt_tps=D(rate)) if mix == "1:0" else RatesPart(gen_tps=D(rate)),
        workload=WorkloadPart(mix=mix),
    )
    expected = Fraction(watts) / Fraction(rate) / Fraction("3.6") * Fraction("0.15")
    assert tco(profile).marginal_usd_per_m == text(expected)


def test_g11_desktop() -> None:
    month = tco(read_profile(DESKTOP))
    fresh, idle = Fraction(2500 * 8, 10 * 36), Fraction("60") / 1000 * Fraction("730.5") * Fraction("0.15")
    capacity = Fraction(2629800 * M, 5500)
    marginal = 320 / Fraction("3.6") * Fraction("0.15") * 5500 / M
    energy = idle + capacity / 5 * marginal / M
    assert month.monthly.depreciation_usd == text(fresh)
    assert month.monthly.energy_usd == text(energy) == "13.5873"
    assert month.monthly.people_usd == "90"
    assert float(month.monthly.total_usd) == pytest.approx(159.143, rel=1e-5)
    assert month.fixed_usd_month == text(fresh + idle + 90)
    assert month.marginal_usd_per_m == text(marginal)
    assert month.capacity_tokens_month == float(capacity)
    assert month.tokens_month == float(capacity / 5)
    assert float(month.usd_per_m or 0) == pytest.approx(1.6642, abs=5e-5)


@pytest.mark.parametrize(("api", "reached"), [("4o", 35.365e6), ("mini", None)])
def test_g11_break_even_of_the_desktop(api: str, reached: float | None) -> None:
    costs = machine_costs(read_profile(DESKTOP))
    price_in, price_out = (D(price) for price in PRICES[api])
    assert costs.mix is not None
    found = break_even(
        costs.fixed_usd(1),
        price_in,
        price_out,
        costs.mix,
        costs.marginal_usd_per_m or D(0),
        costs.capacity_per_machine,
    )
    if reached is None:
        assert found.break_even_tokens_month is None
        assert found.utilisation_at_break_even == pytest.approx(1.6819, abs=1e-4)
        assert "168 %" in found.reason
    else:
        assert found.break_even_tokens_month == pytest.approx(reached, rel=2e-5)
        assert found.utilisation_at_break_even == pytest.approx(0.0740, abs=1e-4)


def test_g11_without_rates_the_mean_power_counts() -> None:
    """60 W idle, 380 W active, busy a fifth of the time: 124 W, 90.582 kWh, $13.587."""
    profile = CostProfile(
        energy=EnergyPart(idle_w=D(60), active_decode_w=D(380), tariff_usd_per_kwh=D("0.15")),
        workload=WorkloadPart(utilisation=D("0.2")),
    )
    month = tco(profile)
    assert month.monthly.energy_usd == "13.5873"
    assert month.tokens_month is None
    assert month.usd_per_m is None
    assert any("utilisation times the power" in line for line in month.assumptions)


@pytest.mark.parametrize(
    ("preset", "total"),
    [
        ("owned-a100", "2700"),
        ("owned-4xa100", "10800"),
        ("cloud-a100", "4000"),
        ("cloud-h100", "6000"),
        ("server-15000", "416.666666666667"),
    ],
)
def test_presets_give_the_totals_of_their_sources(preset: str, total: str) -> None:
    found = next(p for p in cost_presets(PRESETS) if p.id == preset)
    assert tco(found.profile).monthly.total_usd == total
    assert found.quote
    assert found.source.startswith(("F0", "F1"))
    if "purchase" not in found.components:
        assert sum(map(Decimal, found.components.values())) == Decimal(total)
    assert set(found.profile.origins.values()) == {"preset"}
    assert set(found.profile.notes) <= set(found.profile.origins)


def test_people_grow_with_machines_only_if_the_profile_says_so() -> None:
    """4,000 and 8,000 as the source has it; 7,500 where the people serve both machines."""
    people = PeoplePart(hours_month=D(10), rate_usd=D(50))
    rent, two = RentPart(usd_month_per_machine=D(3500)), HardwarePart(machines=2)
    shared = tco(CostProfile(hardware=two, people=people, rent=rent))
    each = tco(
        CostProfile(hardware=two, people=msgspec.structs.replace(people, scale_with_machines=True), rent=rent)
    )
    assert (shared.monthly.total_usd, each.monthly.total_usd) == ("7500", "8000")


def test_half_a_post_moves_the_break_even_of_the_rented_a100() -> None:
    """Half a post at $150,000: 1,300M instead of 533M tokens a month."""
    profile = CostProfile(
        people=PeoplePart(fte_share=D("0.5"), salary_usd_year=D(150_000)),
        rent=RentPart(usd_month_per_machine=D(3500)),
    )
    assert even_at(tco(profile).fixed_usd_month, "4o", "1:2") == 1300e6


def test_cached_tokens_cost_the_own_machine_nothing_and_the_api_its_cached_price() -> None:
    half = read_profile(DESKTOP.replace("utilisation = 0.2", "utilisation = 0.2\ncached_share = 0.5"))
    costs = machine_costs(half)
    assert costs.capacity_per_machine == pytest.approx(D(2629800) * M / 5250)
    assert float(costs.marginal_usd_per_m or 0) == pytest.approx(320 / 3.6 * 0.15 * 5250 / M)
    mix = parse_mix("3:1")
    assert blended_usd_per_m(D("2.5"), D(10), mix, D("0.5"), D("1.25")) == D("3.90625")
    assert blended_usd_per_m(D("2.5"), D(10), mix, D("0.5")) == D("4.375")


def test_headroom_and_a_stated_capacity() -> None:
    with_reserve = read_profile(DESKTOP.replace("gen_tps = 50", "gen_tps = 50\nheadroom = 0.7"))
    assert tco(with_reserve).capacity_tokens_month == pytest.approx(0.7 * 2629800 * M / 5500)
    assert tco(rented(headroom=D("0.5"))).capacity_tokens_month == 1.25e9
    assert tco(rented()).capacity_tokens_month == 2.5e9


@pytest.mark.parametrize("key", ["mix", "gen_tps", "prompt_tps"])
def test_what_is_missing_leaves_the_capacity_unknown(key: str) -> None:
    lines = [line for line in DESKTOP.splitlines() if not line.startswith((key, "utilisation"))]
    month = tco(read_profile("\n".join(lines)))
    assert month.capacity_tokens_month is None
    assert month.usd_per_m is None
    assert month.marginal_usd_per_m is None
    assert any("Capacity is not known" in line for line in month.assumptions)


def test_left_out_parts_are_named() -> None:
    month = tco(CostProfile(hardware=HardwarePart(capex_usd=D(100), life_months=D(10))))
    assert month.monthly.energy_usd == month.monthly.people_usd == "0"
    assert month.marginal_usd_per_m is None
    said = " ".join(month.assumptions)
    assert all(word in said for word in ("Electricity left out", "People left out", "Residual value 0"))
    no_tariff = tco(CostProfile(energy=EnergyPart(idle_w=D(60), active_decode_w=D(300))))
    assert "Electricity left out: no tariff." in no_tariff.assumptions


def test_curve_marks_every_crossing_of_a_stepped_line() -> None:
    """A machine does 1M for $8, the API takes $10: even at 0.8M, dearer again with the second machine."""
    found = crossings(machine_costs(rented("8", "1e6")), D(10))
    ups = [(c.tokens_month, c.stable_above) for c in found if c.cheaper_above == "self_host"]
    downs = [c.tokens_month for c in found if c.cheaper_above == "api"]
    assert ups == [(0.8e6, False), (1.6e6, False), (2.4e6, False), (3.2e6, True)]
    assert downs == [1e6, 2e6, 3e6]


def test_costs_that_do_not_grow_with_machines_move_the_first_crossing() -> None:
    profile = msgspec.structs.replace(rented("5", "1e6"), other=OtherPart(usd_month=D(12)))
    found = crossings(machine_costs(profile), D(10))
    assert [c.tokens_month for c in found] == [2.7e6, 3e6, 3.2e6]
    assert [c.stable_above for c in found] == [False, False, True]


def test_a_machine_dearer_than_the_api_has_no_crossing() -> None:
    assert crossings(machine_costs(rented("10", "1e6")), D(10)) == []
    assert crossings(machine_costs(rented("0", "1e6")), D(10)) == []
    assert crossings(machine_costs(rented()), D(0)) == []


def test_many_crossings_are_cut_but_the_stable_one_is_told() -> None:
    found = crossings(machine_costs(rented("9.999", "1e6")), D(10))
    assert len(found) == 200
    assert [c.stable_above for c in found].count(True) == 1
    assert found[-1].stable_above
    assert found[-1].tokens_month == pytest.approx(9999 * 0.9999e6, rel=1e-3)


def test_without_a_capacity_the_machines_of_the_profile_stay() -> None:
    profile = msgspec.structs.replace(rented(capacity=None), hardware=HardwarePart(machines=3))
    found = curve(machine_costs(profile), D("7.5"), [D(M), D(10**12)], D("0.5"), D("0.1"))
    assert [row.machines for row in found.rows] == [3, 3]
    assert [c.tokens_month for c in found.crossings] == [1600e6]
    assert found.crossings[0].stable_above


def test_hybrid_line_takes_the_machines_of_its_local_part() -> None:
    row = curve(machine_costs(rented()), D("7.5"), [D(5000 * M)], D("0.4"), D("0.1")).rows[0]
    assert (row.machines, row.self_usd, row.hybrid_usd) == (2, "8000", "26500")


@pytest.mark.parametrize(
    ("api", "own", "word"), [("90", "100", "tie"), ("89.99", "100", "api"), ("100", "89", "self_host")]
)
def test_tie_band_is_a_share_of_the_dearer_side(api: str, own: str, word: str) -> None:
    assert winner(D(api), D(own), D("0.10")) == word


def amounts(most: int = 10**6) -> st.SearchStrategy[Decimal]:
    return st.decimals(0, most, places=4, allow_nan=False, allow_infinity=False)


rates = st.decimals("0.5", 10**5, places=3)
mixes = st.sampled_from(["1:0", "0:1", "1:2", "3:1", "20:1", "0.7:0.3"])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(amounts(), min_size=8, max_size=8),
    st.decimals(1, 1200, places=2),
    st.integers(1, 50),
    st.decimals(0, 1, places=3),
    rates,
    mixes,
)
def test_parts_add_up_as_printed(
    usd: list[Decimal], life: Decimal, machines: int, used: Decimal, rate: Decimal, mix: str
) -> None:
    profile = CostProfile(
        hardware=HardwarePart(capex_usd=usd[0], setup_usd=usd[1], life_months=life, machines=machines),
        energy=EnergyPart(
            idle_w=usd[2] / 100,
            active_decode_w=usd[2] / 100 + usd[3] / 1000,
            tariff_usd_per_kwh=usd[4] / 10**4,
        ),
        people=PeoplePart(hours_month=usd[5], rate_usd=usd[6], scale_with_machines=machines % 2 == 0),
        rent=RentPart(usd_month_per_machine=usd[7]),
        rates=RatesPart(prompt_tps=rate, gen_tps=rate),
        workload=WorkloadPart(mix=mix, utilisation=used),
    )
    month = tco(profile)
    parts = {name: D(value) for name, value in msgspec.structs.asdict(month.monthly).items()}
    with exact():
        total = parts.pop("total_usd")
        assert sum(parts.values()) == total
        busy = D(repr(month.tokens_month)) * D(month.marginal_usd_per_m or "0") / M
        assert D(month.fixed_usd_month) + busy == pytest.approx(total, rel=D("1e-9"), abs=D("1e-5"))


@settings(max_examples=80, deadline=None)
@given(amounts(), amounts(100), amounts(100), mixes, amounts(50), st.decimals(1, 10**12, places=0))
def test_both_sides_cost_the_same_at_break_even(
    fixed: Decimal, price_in: Decimal, price_out: Decimal, mix: str, marginal: Decimal, capacity: Decimal
) -> None:
    found = break_even(fixed, price_in, price_out, parse_mix(mix), marginal, capacity)
    price = blended_usd_per_m(price_in, price_out, parse_mix(mix))
    if found.break_even_tokens_month is None:
        assert price <= marginal or (found.utilisation_at_break_even or 0) > 1
        assert found.reason.startswith("Never")
        return
    tokens = D(found.break_even_tokens_month)
    with exact():
        assert tokens * price / M == pytest.approx(fixed + tokens * marginal / M, rel=D("1e-12"))


@settings(max_examples=80, deadline=None)
@given(amounts(1000), amounts(1000), st.decimals("0.1", 100, places=1), st.integers(1, 10**4))
def test_the_cheaper_side_changes_at_crossings_only(
    per_machine: Decimal, shared: Decimal, price: Decimal, volume: int
) -> None:
    profile = msgspec.structs.replace(rented(str(per_machine), "1e7"), other=OtherPart(usd_month=shared))
    costs = machine_costs(profile)
    found = crossings(costs, price)
    if len(found) == 200:
        return
    tokens = D(volume) * 10**5 + 1
    is_self = per_machine == shared == 0
    for crossing in found:
        if D(crossing.tokens_month) < tokens:
            is_self = crossing.cheaper_above == "self_host"
    row = curve(costs, price, [tokens], None, D(0)).rows[0]
    if abs(D(row.api_usd) - D(row.self_usd)) > D("0.001"):
        assert row.winner == ("self_host" if is_self else "api")
    assert [c.stable_above for c in found[:-1]].count(True) == 0


def test_a_row_is_rounded_once() -> None:
    row = curve(machine_costs(rented("1", "3")), D("0.1"), [D("0.333333")], None, D(0)).rows[0]
    assert row.api_usd == usd_text(pico_from_usd(D("0.0000000333333")))


def test_a_million_machines_are_the_limit() -> None:
    with pytest.raises(UsageError, match="too many machines"):
        curve(machine_costs(rented("1", "1")), D(1), [D(10**7)], None, D(0))


def test_a_volume_copied_from_the_printed_capacity_fits_the_machine() -> None:
    """What is printed has 17 digits, and the last one may be rounded up."""
    at_full = read_profile(
        "[rates]\nprompt_tps = 1500\ngen_tps = 50\nheadroom = 1\n"
        '[workload]\nmix = "3:1"\ntokens_month = 478145454.54545456\n'
    )
    costs = machine_costs(at_full)
    assert costs.capacity_per_machine is not None
    assert Decimal("478145454.54545456") > costs.capacity_per_machine
    assert costs.machines_for(Decimal("478145454.54545456")) == 1
    assert costs.machines_for(Decimal("478145455")) == 2
    assert tco(at_full).utilisation == 1


@pytest.mark.parametrize(("tokens", "pico"), [("0.00000375", 2), ("0.00000525", 4), ("0.00000825", 6)])
def test_half_a_pico_dollar_goes_to_the_even_one_whatever_the_mix(tokens: str, pico: int) -> None:
    """2/3 USD for a million tokens has no end as a decimal; the half that it makes is still one."""
    exact_pico = Fraction(tokens) * Fraction(2, 3) * 10**6
    assert exact_pico.denominator == 2
    found = hybrid(Decimal(tokens), Decimal(0), Decimal(0), Decimal(1), parse_mix("1:2"), Decimal(0))
    assert Decimal(found.api_usd) * 10**12 == pico


def test_no_result_is_a_negative_zero() -> None:
    found = break_even(Decimal("-0"), Decimal(1), Decimal(1), parse_mix("1:1"))
    assert str(found.break_even_tokens_month) == "0.0"
