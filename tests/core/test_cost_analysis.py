"""A scenario's whole analysis: golden figures, bands around what is stated, bars that are true."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.core.base.errors import UsageError
from steelyard.core.costs.analysis import analyse
from steelyard.core.costs.machines.model import machine_costs
from steelyard.core.costs.machines.profile_file import PROFILE_KEYS
from steelyard.core.costs.risk.sensitivity import Move, mix_around, output_share, sensitivity
from steelyard.core.values.costs import (
    AgainstApi,
    Comparator,
    CostAnalysis,
    CostProfile,
    CostScenario,
    EnergyPart,
    HardwarePart,
    OtherPart,
    PeoplePart,
    RatesPart,
    RentPart,
    WorkloadPart,
)

D = Decimal
DESKTOP = CostProfile(
    hardware=HardwarePart(capex_usd=D(2500), residual_share=D("0.2"), life_months=D(36)),
    energy=EnergyPart(
        idle_w=D(60), active_prefill_w=D(380), active_decode_w=D(380), tariff_usd_per_kwh=D("0.15")
    ),
    people=PeoplePart(hours_month=D("1.5"), rate_usd=D(60), scale_with_machines=True),
    rates=RatesPart(prompt_tps=D(1500), gen_tps=D(50), concurrency=D(1)),
    workload=WorkloadPart(mix="3:1", utilisation=D("0.2"), cached_share=D(0)),
)
CAPACITY = 2_629_800 / (0.75e6 / 1500 + 0.25e6 / 50) * 1e6  # 478.145 million


def api(price_in: str = "2.5", price_out: str = "10", **more: Any) -> Comparator:
    values = {"kind": "configured", "name": "openai/gpt-4o", "price_date": "2026-10-01", **more}
    return Comparator(price_in=D(price_in), price_out=D(price_out), **values)


MINI = api("0.15", "0.6", kind="hosted", name="openai/gpt-4o-mini")


def changed(profile: CostProfile, key: str, value: Any) -> CostProfile:
    section, name = key.split(".")
    part = msgspec.structs.replace(getattr(profile, section), **{name: value})
    return msgspec.structs.replace(profile, **{section: part})


def against(profile: CostProfile = DESKTOP, comparator: Comparator | None = None, **more: Any) -> AgainstApi:
    return analysed(profile, comparator, **more).against[0]


def analysed(
    profile: CostProfile = DESKTOP, comparator: Comparator | None = None, **more: Any
) -> CostAnalysis:
    return analyse(CostScenario(name="mine", profile=profile, **more), [comparator or api()])


def stated_as(profile: CostProfile, origin: Any) -> CostProfile:
    return msgspec.structs.replace(profile, origins=dict.fromkeys(PROFILE_KEYS, origin))


# -- golden figures (domain report G11)


def test_the_desktop_beside_gpt_4o() -> None:
    found = analysed()
    beside = found.against[0]
    assert round(D(found.tco.monthly.total_usd), 3) == D("159.143")
    assert round(D(beside.api_usd_month or 0), 2) == D("418.38")
    assert round(D(beside.saving_usd_month or 0), 2) == D("259.23")
    assert D(beside.saving_usd_month or 0) == D(beside.api_usd_month or 0) - D(found.tco.monthly.total_usd)
    assert beside.winner == "self_host"
    assert beside.break_even is not None
    assert beside.break_even.break_even_tokens_month == pytest.approx(35.365e6, rel=1e-4)
    assert beside.break_even.utilisation_at_break_even == pytest.approx(0.0740, rel=1e-3)
    assert beside.curve is not None
    assert [(c.stable_above, c.cheaper_above) for c in beside.curve.crossings] == [(True, "self_host")]


def test_never_against_the_small_model() -> None:
    beside = against(comparator=MINI)
    assert beside.break_even is not None
    assert beside.break_even.break_even_tokens_month is None
    assert beside.break_even.utilisation_at_break_even == pytest.approx(804.21e6 / CAPACITY, rel=1e-4)
    assert "168 %" in beside.break_even.reason
    assert beside.winner == "api"
    assert beside.uncertainty is not None
    assert beside.uncertainty.break_even is None
    assert beside.uncertainty.break_even_share < 0.05
    assert beside.uncertainty.share_self_cheaper == 0


def test_the_second_machine_comes_where_the_first_is_full() -> None:
    curve = against().curve
    assert curve is not None
    assert {row.machines for row in curve.rows if row.tokens_month < CAPACITY} == {1}
    assert next(row for row in curve.rows if row.tokens_month > CAPACITY).machines == 2


def test_a_dear_machine_crosses_again_where_it_is_full() -> None:
    dear = changed(DESKTOP, "rent.usd_month_per_machine", D(1340))  # with the rest 1,492 a month
    curve = against(dear).curve
    assert curve is not None
    assert curve.crossings[1].tokens_month == pytest.approx(CAPACITY)
    assert curve.crossings[1].cheaper_above == "api"
    assert [crossing.stable_above for crossing in curve.crossings].count(True) == 1
    assert curve.crossings[-1].stable_above


def test_the_curve_has_the_tables_volumes() -> None:
    found = analysed(local_share=D("0.88"))
    curve = found.against[0].curve
    assert curve is not None
    assert found.table_tokens == [1e7, 1e8, 5e8, 1e9, 5e9, 1e10]
    rows = {row.tokens_month: row for row in curve.rows}
    assert [row.tokens_month for row in curve.rows] == sorted(rows)
    assert len(rows) == 163
    assert [rows[tokens].winner for tokens in found.table_tokens] == ["api", *["self_host"] * 5]
    assert rows[1e7].api_usd == "43.75"
    assert all(row.hybrid_usd is not None for row in curve.rows)


def test_payback_is_of_the_purchase_against_running_costs() -> None:
    paid = against().payback
    assert paid is not None
    assert paid.payback_months == pytest.approx(2500 / (418.3773 - 13.5873 - 90), rel=1e-5)
    rented = msgspec.structs.replace(DESKTOP, hardware=HardwarePart())
    assert against(rented).payback is None, "nothing was bought"


# -- what is not known


def test_without_a_volume_there_is_what_needs_none() -> None:
    found = analysed(changed(DESKTOP, "workload.utilisation", None))
    beside = found.against[0]
    assert found.tco.usd_per_m is None
    assert (beside.api_usd_month, beside.saving_usd_month, beside.winner) == (None, None, None)
    assert (beside.payback, beside.sensitivity) == (None, None)
    assert beside.break_even is not None
    assert beside.break_even.break_even_tokens_month is not None
    assert beside.curve is not None
    assert beside.uncertainty is not None
    assert (beside.uncertainty.saving_usd, beside.uncertainty.share_self_cheaper) == (None, None)
    assert beside.uncertainty.break_even is not None


def test_without_a_mix_the_comparator_says_what_is_missing() -> None:
    beside = against(changed(DESKTOP, "workload.mix", None))
    assert "mix" in beside.comparator.unknown
    assert (beside.break_even, beside.curve, beside.uncertainty) == (None, None, None)


def test_a_comparator_without_a_price_stays_as_it_is() -> None:
    unpriced = Comparator(kind="passing", name="", unknown="no suite has been run")
    assert against(comparator=unpriced) == AgainstApi(comparator=unpriced)


def test_without_rates_the_line_has_no_steps() -> None:
    profile = msgspec.structs.replace(
        DESKTOP, rates=RatesPart(), workload=WorkloadPart(mix="3:1", tokens_month=D(10**8))
    )
    beside = against(profile)
    assert beside.curve is not None
    assert {row.machines for row in beside.curve.rows} == {1}
    assert beside.break_even is not None
    assert beside.break_even.utilisation_at_break_even is None


@pytest.mark.parametrize("more", [{"local_share": D("1.2")}, {"tie_band": D("-0.1")}, {"tie_band": D("NaN")}])
def test_shares_out_of_range_are_refused(more: dict[str, Decimal]) -> None:
    with pytest.raises(UsageError, match=next(iter(more))):
        analysed(**more)


# -- draws


@st.composite
def profiles(draw: st.DrawFn) -> CostProfile:
    """Machines as people have them, owned or rented."""
    number = lambda low, high: draw(st.integers(low, high).map(D))  # noqa: E731
    idle = number(10, 300)
    return CostProfile(
        hardware=HardwarePart(
            capex_usd=number(0, 50_000),
            setup_usd=number(0, 2000),
            residual_share=number(0, 60) / 100,
            life_months=number(12, 60),
        ),
        energy=EnergyPart(
            idle_w=idle,
            active_prefill_w=idle + number(0, 500),
            active_decode_w=draw(st.one_of(st.none(), st.just(idle + number(0, 500)))),
            tariff_usd_per_kwh=number(5, 50) / 100,
            pue=number(100, 200) / 100,
        ),
        people=PeoplePart(
            hours_month=number(0, 40), rate_usd=number(20, 150), scale_with_machines=draw(st.booleans())
        ),
        rent=RentPart(usd_month_per_machine=number(0, 5000)),
        other=OtherPart(usd_month=number(0, 500)),
        rates=RatesPart(prompt_tps=number(100, 20_000), gen_tps=number(10, 3000), headroom=D("0.7")),
        workload=WorkloadPart(
            mix=f"{number(1, 20)}:{number(1, 20)}",
            cached_share=number(0, 80) / 100,
            utilisation=number(1, 90) / 100,
        ),
    )


@settings(max_examples=12, deadline=None)
@given(profile=profiles())
def test_draws_without_a_spread_are_the_exact_model(profile: CostProfile) -> None:
    from steelyard.core.costs.risk.drawn_costs import drawn_costs

    exact, drawn = machine_costs(profile), drawn_costs(stated_as(profile, "catalogue"))
    assert drawn.capacity_per_machine is not None
    for array, value in (
        (drawn.per_machine_usd, exact.per_machine_usd),
        (drawn.shared_usd, exact.shared_usd),
        (drawn.marginal_usd_per_m, exact.marginal_usd_per_m),
        (drawn.capacity_per_machine, exact.capacity_per_machine),
    ):
        assert value is not None
        assert array.min() == pytest.approx(float(value), rel=1e-9, abs=1e-12)
        assert array.max() == pytest.approx(float(value), rel=1e-9, abs=1e-12)


@settings(max_examples=8, deadline=None)
@given(profile=profiles())
def test_bands_hold_the_figures_that_they_are_drawn_around(profile: CostProfile) -> None:
    beside = against(profile)
    assert beside.uncertainty is not None
    assert beside.curve is not None
    assert len(beside.uncertainty.curve) == len(beside.curve.rows)
    for row, drawn in zip(beside.curve.rows, beside.uncertainty.curve, strict=True):
        usd = drawn.self_usd
        assert row.tokens_month == drawn.tokens_month
        assert usd.p10 <= usd.p50 <= usd.p90
        assert usd.p10 * 0.999 <= float(row.self_usd) <= usd.p90 * 1.001
    medians = [drawn.self_usd.p50 for drawn in beside.uncertainty.curve]
    assert medians == sorted(medians), "more tokens never cost less"
    assert beside.uncertainty.saving_usd is not None
    saving = beside.uncertainty.saving_usd
    assert saving.p10 <= float(beside.saving_usd_month or 0) <= saving.p90


def test_the_band_of_the_break_even_is_around_it() -> None:
    beside = against()
    assert beside.uncertainty is not None
    reached = beside.uncertainty.break_even
    assert reached is not None
    assert reached.p10 < 35.365e6 < reached.p90
    assert beside.uncertainty.break_even_share > 0.99
    assert beside.uncertainty.draws == 5000


def test_measured_figures_have_narrower_bands_than_typed_ones() -> None:
    def width(origin: str) -> float:
        found = against(stated_as(DESKTOP, origin)).uncertainty
        assert found is not None
        assert found.break_even is not None
        return found.break_even.p90 - found.break_even.p10

    assert width("catalogue") == 0
    assert 0 < width("measured") < width("user") / 3


def test_a_dearer_api_makes_the_own_machine_cheaper_more_often() -> None:
    def share(price: str) -> float:
        found = against(comparator=api(price, price)).uncertainty
        assert found is not None
        assert found.share_self_cheaper is not None
        return found.share_self_cheaper

    shares = [share(price) for price in ("1", "1.5", "1.66", "1.8", "3")]
    assert shares == sorted(shares)
    assert shares[0] < 0.05
    assert 0.3 < shares[2] < 0.7, "at the machine's own cost for a million it is a coin's toss"
    assert shares[-1] > 0.95


def test_the_same_scenario_gives_the_same_analysis() -> None:
    assert msgspec.json.encode(analysed()) == msgspec.json.encode(analysed())


NUMBERS = st.sampled_from(
    ["0", "1e-12", "0.001", "0.5", "1", "36", "1e6", "1e9", "1e12", "1e15", "1e18", "-1", "NaN"]
)
KEYS = st.sampled_from([key for key, rule in PROFILE_KEYS.items() if rule.kind == "number"])


@settings(max_examples=40, deadline=None)
@given(
    changes=st.dictionaries(KEYS, NUMBERS, max_size=5),
    mix=st.sampled_from(["3:1", "1:0", "0:1", "1:1e9", "0:0"]),
)
def test_absurd_inputs_are_refused_or_give_finite_figures(changes: dict[str, str], mix: str) -> None:
    profile = changed(DESKTOP, "workload.mix", mix)
    for key, text in changes.items():
        profile = changed(profile, key, D(text))
    try:
        found = analysed(profile, local_share=D("0.5"))
    except UsageError:
        return
    for number in floats(msgspec.to_builtins(found)):
        assert math.isfinite(number)


def floats(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for part in value.values() for number in floats(part)]
    if isinstance(value, list):
        return [number for part in value for number in floats(part)]
    if isinstance(value, str):
        try:
            return [float(value)]
        except ValueError:
            return []
    return [value] if isinstance(value, float) else []


# -- sensitivity (domain report G14)


def test_the_golden_tornado() -> None:
    base = {"F": D(4000), "V": D(500), "p": D(1), "mix": D(2) / 3}

    def saving(inputs: dict[str, Decimal]) -> Decimal:
        blended = (D("2.5") * (1 - inputs["mix"]) + 10 * inputs["mix"]) * inputs["p"]
        return inputs["V"] * blended - inputs["F"]

    def move(what: str, low: str, high: str) -> Move[dict[str, Decimal]]:
        return Move(what, low, high, {**base, what: D(low)}, {**base, what: D(high)})

    moves = [
        move("mix", "0.5", "0.8"),
        move("F", "3200", "4800"),
        move("V", "400", "600"),
        move("p", "0.8", "1.2"),
    ]
    found = sensitivity(saving, base, moves)
    assert found.base_usd_month == "-250"
    assert [(bar.what, bar.saving_low_usd, bar.saving_high_usd) for bar in found.bars] == [
        ("F", "550", "-1050"),
        ("V", "-1000", "500"),
        ("p", "-1000", "500"),
        ("mix", "-875", "250"),
    ]


def test_a_mix_is_moved_by_its_odds() -> None:
    low, high = mix_around("1:2")
    assert (output_share(low), output_share(high)) == (0.5, 0.8)
    assert [output_share(mix) for mix in mix_around("999999999999999:999999999999999")] == pytest.approx(
        [1 / 3, 2 / 3]
    )
    assert [output_share(mix) for mix in mix_around("1:0")] == [0, 0]


def test_each_bar_is_what_the_analysis_says_with_that_input() -> None:
    profile = changed(changed(DESKTOP, "workload.utilisation", None), "workload.tokens_month", D(95_000_000))
    beside = against(profile)
    assert beside.sensitivity is not None
    base = float(beside.sensitivity.base_usd_month)
    assert base == pytest.approx(float(beside.saving_usd_month or 0), abs=1e-9)
    moved = {bar.what: bar for bar in beside.sensitivity.bars}
    assert {"api.price", "workload.mix", "people.hours_month", "rates.gen_tps", "energy.idle_w"} <= set(moved)
    for what, bar in moved.items():
        if what in ("api.price", "workload.mix"):
            continue
        for end, saving in ((bar.low, bar.saving_low_usd), (bar.high, bar.saving_high_usd)):
            again = against(changed(profile, what, D(str(end)))).saving_usd_month
            assert float(again or 0) == pytest.approx(float(saving), abs=1e-6), what
    assert moved["people.hours_month"].low == 0.75
    assert moved["hardware.capex_usd"].low == "2000"
    dearer = float(against(profile, api("3", "12")).saving_usd_month or 0)
    assert float(moved["api.price"].saving_high_usd) == pytest.approx(dearer)
    assert (moved["workload.mix"].low, moved["workload.mix"].high) == (
        pytest.approx(1 / 7),
        pytest.approx(2 / 5),
    )


def test_bars_are_sorted_by_their_span() -> None:
    beside = against()
    assert beside.sensitivity is not None
    spans = [abs(D(bar.saving_high_usd) - D(bar.saving_low_usd)) for bar in beside.sensitivity.bars]
    assert spans == sorted(spans, reverse=True)
    assert 0 not in spans


def test_a_full_machine_gets_a_second_one_when_volume_is_moved_up() -> None:
    beside = against(changed(DESKTOP, "workload.utilisation", D("0.95")))
    assert beside.sensitivity is not None
    volume = next(bar for bar in beside.sensitivity.bars if bar.what == "workload.tokens_month")
    grown = D(str(volume.high)) * D("4.375") / 10**6
    assert D(volume.saving_high_usd) < grown - 2 * D(150), "two machines are paid"
