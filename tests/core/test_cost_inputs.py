"""Profiles and figures that are silly, contradictory or hostile end in one clear line."""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.core.base.errors import UsageError
from steelyard.core.costs.exact import usd_pico
from steelyard.core.costs.machines.break_even import break_even, hybrid, payback
from steelyard.core.costs.machines.curve import curve
from steelyard.core.costs.machines.model import machine_costs
from steelyard.core.costs.machines.profile_file import PROFILE_KEYS, read_profile
from steelyard.core.costs.machines.tco import tco
from steelyard.core.costs.mix import blended_usd_per_m, mix_of, parse_mix
from steelyard.core.costs.toml_in import MAX_CHARACTERS, explain
from steelyard.core.values.costs import CostProfile, HardwarePart, RentPart, WorkloadPart

if TYPE_CHECKING:
    from collections.abc import Callable

D = Decimal


def refusal(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        tco(read_profile(text))
    line = caught.value.one_line()
    assert "\n" not in line
    assert len(line) < 400
    return line


@pytest.mark.parametrize(
    "mix",
    [
        "0:0",
        "-1:2",
        "1:-2",
        "nan:1",
        "inf:1",
        "3",
        "3:",
        ":1",
        "a:b",
        "1:2:3",
        "",
        "1e3:1",
        "\u0663:\u0661",
        "1,5:2",
    ],
)
def test_a_mix_that_is_none(mix: str) -> None:
    with pytest.raises(UsageError, match="Not a usable mix"):
        parse_mix(mix)


def test_a_mix_may_have_one_side_and_blanks() -> None:
    assert parse_mix(" 1 : 0 ").input_share == 1
    assert parse_mix("0:1").output_share == 1
    assert mix_of(D(3), D(1)).text == "3:1"
    with pytest.raises(UsageError):
        mix_of(D("inf"), D("-inf"))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("[hardware]\ncapex = 5", "hardware.capex_usd"),
        ("[hardware]\ngen_tps = 5", "rates.gen_tps"),
        ("[Rates]\ngen_tps = 5", "[rates]"),
        ("[hardwear]\ncapex_usd = 5", "[hardware]"),
        ("capex_usd = 5", "hardware.capex_usd"),
        ("[workload]\nutilization = 0.5", "workload.utilisation"),
        ("[people]\nscale_personnel = true", "people.scale_with_machines"),
    ],
)
def test_unknown_words_name_the_nearest_known_one(text: str, names: str) -> None:
    assert f"Did you mean {names}?" in refusal(text)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("hardware.capex_usd", "-1"),
        ("hardware.capex_usd", "1e16"),
        ("hardware.capex_usd", "nan"),
        ("hardware.capex_usd", "inf"),
        ("hardware.capex_usd", "-inf"),
        ("hardware.capex_usd", "true"),
        ("hardware.capex_usd", '"5"'),
        ("hardware.capex_usd", "[5]"),
        ("hardware.capex_usd", "1979-05-27"),
        ("hardware.capex_usd", "1e-300"),
        ("hardware.capex_usd", "1e999999"),
        ("hardware.life_months", "0"),
        ("hardware.life_months", "1201"),
        ("hardware.residual_share", "1.01"),
        ("hardware.machines", "0"),
        ("hardware.machines", "1.5"),
        ("hardware.machines", "10000000"),
        ("energy.idle_w", "-5"),
        ("energy.pue", "0.9"),
        ("energy.pue", "5.1"),
        ("people.scale_with_machines", "1"),
        ("rates.gen_tps", "0"),
        ("rates.headroom", "0"),
        ("rates.headroom", "1.1"),
        ("rates.concurrency", "0.5"),
        ("workload.utilisation", "1.3"),
        ("workload.tokens_month", "1" + "0" * 30),
        ("workload.tokens_month", "0x" + "f" * 5000),
        ("workload.cached_share", "2"),
        ("workload.mix", "3"),
        ("workload.mix", '"0:0"'),
    ],
)
def test_a_value_out_of_its_range_is_refused(key: str, value: str) -> None:
    section, name = key.split(".")
    line = refusal(f"[{section}]\n{name} = {value}\n")
    assert key in line or "mix" in line


def test_the_edges_of_ranges_are_inside() -> None:
    month = tco(
        read_profile(
            "[hardware]\ncapex_usd = 1e15\nlife_months = 1e-12\nmachines = 1000000\n[energy]\nidle_w = 1e6\n"
            "active_decode_w = 1e6\ntariff_usd_per_kwh = 1000\npue = 5\n[people]\nfte_share = 1e4\n"
            "salary_usd_year = 1e15\nscale_with_machines = true\n"
            "[workload]\ntokens_month = 1e18\nmix = '1:1'\n"
        )
    )
    assert all(math.isfinite(float(value)) for value in msgspec.structs.asdict(month.monthly).values())


@pytest.mark.parametrize(
    "text",
    [
        "[hardware",
        "= 5",
        "a" * (MAX_CHARACTERS + 1),
        "a = " + "[" * 20_000,
        "[hardware]\ncapex_usd = 1e99999999999999999999",
        "[hardware]\ncapex_usd = " + "9" * 5000,
        "[hardware]\ncapex_usd = 1\ncapex_usd = 2",
        "[[hardware]]\ncapex_usd = 1",
        "hardware = 3",
        "\x00",
        "[hardware.capex_usd]\nx = 1",
    ],
)
def test_what_is_no_profile_is_refused(text: str) -> None:
    assert refusal(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[hardware]\ncapex_usd = 5", "hardware.life_months is missing"),
        ("[hardware]\nsetup_usd = 5", "hardware.life_months is missing"),
        ("[energy]\nidle_w = 100\nactive_decode_w = 90", "energy.active_decode_w is below idle_w"),
        ("[energy]\nidle_w = 100\nactive_prefill_w = 90", "energy.active_prefill_w is below idle_w"),
        ("[people]\nhours_month = 2", "people.rate_usd is missing"),
        ("[people]\nrate_usd = 2", "people.hours_month is missing"),
        ("[people]\nfte_share = 0.5", "people.salary_usd_year is missing"),
        ("[people]\nsalary_usd_year = 9", "people.fte_share is missing"),
        (
            "[people]\nfte_share = 1\nsalary_usd_year = 1\nhours_month = 1\nrate_usd = 1",
            "people is given twice",
        ),
    ],
)
def test_contradictions_say_what_is_missing(text: str, says: str) -> None:
    assert says in refusal(text)


CAPACITY = "[rates]\ncapacity_tokens_month = 1e9\n[workload]\nmix = '1:1'\n"


def test_volume_above_the_capacity_says_how_many_machines_it_takes() -> None:
    line = refusal(CAPACITY + "tokens_month = 2.5e9")
    assert "above the capacity" in line
    assert "hardware.machines = 3" in line
    assert tco(read_profile("[hardware]\nmachines = 3\n" + CAPACITY + "tokens_month = 2.5e9")).utilisation


def test_tokens_and_utilisation_must_agree() -> None:
    assert "contradict" in refusal(CAPACITY + "tokens_month = 5e8\nutilisation = 0.6")
    month = tco(read_profile(CAPACITY + "tokens_month = 5e8\nutilisation = 0.505"))
    assert month.utilisation == 0.5


def test_no_hours_need_no_rate() -> None:
    assert tco(read_profile("[people]\nhours_month = 0")).monthly.people_usd == "0"


def test_an_empty_profile_costs_nothing_and_says_what_it_lacks() -> None:
    month = tco(read_profile(""))
    assert month.monthly.total_usd == month.fixed_usd_month == "0"
    assert (month.usd_per_m, month.capacity_tokens_month, month.concurrency) == (None, None, None)
    assert len(month.assumptions) >= 3


def test_rows_from_elsewhere_are_checked_as_files_are() -> None:
    for bad in ("NaN", "sNaN", "-1", "Infinity"):
        with pytest.raises(UsageError):
            machine_costs(CostProfile(rent=RentPart(usd_month_per_machine=D(bad))))
    with pytest.raises(UsageError):
        machine_costs(CostProfile(hardware=HardwarePart(machines=0)))
    with pytest.raises(UsageError):
        machine_costs(CostProfile(workload=WorkloadPart(mix="0:0")))


hostile = st.one_of(
    st.decimals(allow_nan=True, allow_infinity=True),
    st.sampled_from(
        [D(0), D(1), D("1e-12"), D("1e-40"), D("1e15"), D("1e18"), D("1e30"), D("-1"), D("1e400")]
    ),
)


def answered(call: Callable[[], Any]) -> None:
    """It gives finite figures, or one line that says what is wrong; nothing else is raised."""
    try:
        answer = json.dumps(msgspec.to_builtins(call()), allow_nan=False)
    except UsageError as exc:
        answer = exc.one_line()
    assert "\n" not in answer
    assert not re.search(r"\b(inf|nan)\b", answer, re.IGNORECASE) or "not allowed" in answer


@settings(max_examples=150, deadline=None)
@given(st.lists(hostile, min_size=8, max_size=8), st.sampled_from(["1:2", "1:0", "0:1", "0.000001:999999"]))
def test_hostile_figures_give_an_answer_or_a_usage_error(values: list[Decimal], mix: str) -> None:
    a, b, c, d, e, f, g, h = values
    parts = parse_mix(mix)
    calls = (
        lambda: break_even(a, b, c, parts, d, e, f, g),
        lambda: break_even(a, b, c, parts, d),
        lambda: payback(a, b, c),
        lambda: hybrid(h, f, a, b, parts, c),
        lambda: {"usd": usd_pico(blended_usd_per_m(a, b, parts, c, d))},
    )
    for call in calls:
        answered(call)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(PROFILE_KEYS)), hostile, max_size=8), hostile, hostile)
def test_hostile_profiles_give_an_answer_or_a_usage_error(
    values: dict[str, Decimal], tokens: Decimal, band: Decimal
) -> None:
    parts: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        section, name = key.split(".")
        kind = PROFILE_KEYS[key].kind
        parts.setdefault(section, {})[name] = (
            value if kind == "number" else "1:2" if kind == "text" else kind == "yes_no" or 3
        )
    empty = CostProfile()
    profile = msgspec.structs.replace(
        empty, **{section: type(getattr(empty, section))(**keys) for section, keys in parts.items()}
    )
    answered(lambda: tco(profile))
    answered(lambda: curve(machine_costs(profile), D(5), [tokens], D("0.5"), band))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                ["[hardware]", "[energy]", "[rates]", "[workload]", "[people]", "x = 1", "[[rates]]"]
            ),
            st.builds(
                lambda key, value: f"{key.split('.')[1]} = {value}",
                st.sampled_from(sorted(PROFILE_KEYS)),
                st.sampled_from(
                    ["0", "1", "-1", "0.5", "1e30", "nan", "inf", '"3:1"', "true", "[]", "{}", "1e-99"]
                ),
            ),
            st.text(max_size=20),
        ),
        max_size=12,
    )
)
def test_any_text_is_a_profile_or_a_usage_error(lines: list[str]) -> None:
    answered(lambda: tco(read_profile("\n".join(lines))))


@pytest.mark.parametrize("volumes", [[], [D(0)], [D(-1)], [D("nan")], [D("1e19")], [D(1)] * 1001])
def test_volumes_of_a_curve_are_bounded(volumes: list[Decimal]) -> None:
    with pytest.raises(UsageError):
        curve(machine_costs(CostProfile()), D(1), volumes, None, D(0))


@pytest.mark.parametrize(
    ("fixed", "price", "marginal", "says"),
    [
        ("100", "0", "0", "the API costs nothing"),
        ("100", "1", "1", "running costs alone"),
        ("0", "1", "1", "running costs alone"),
        ("0", "1", "0", "cheaper from the first token"),
        ("1e15", "1e-11", "0", "more than 10^18"),
    ],
)
def test_break_even_says_why(fixed: str, price: str, marginal: str, says: str) -> None:
    found = break_even(D(fixed), D(price), D(price), parse_mix("1:1"), D(marginal), D(10**18))
    assert says in found.reason or "Never on this machine" in found.reason
    without = break_even(D(fixed), D(price), D(price), parse_mix("1:1"), D(marginal))
    assert says in without.reason


def test_explain_tells_unit_default_and_meaning_of_every_key() -> None:
    rows = explain(PROFILE_KEYS)
    assert [row[0] for row in rows] == list(PROFILE_KEYS)
    assert all(unit and default and meaning for _, unit, default, meaning in rows)
    documented = {f"{s}.{k}" for s, part in msgspec.to_builtins(CostProfile()).items() for k in part}
    assert documented == set(PROFILE_KEYS)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"[hardware]\nlife_months = {'9' * 5000}", "a number is too long to be meant"),
        (f"[hardware]\nlife_months = 1e{'9' * 30}", "a number is too long to be meant"),
        (f"a = {'[' * 5000}{']' * 5000}", "it is nested too deep"),
        ('[hardware]\nlife_months = "36"', '"36" (text) is not allowed'),
        ('[people]\nscale_with_machines = "yes"', '"yes" (text) is not allowed'),
    ],
)
def test_errors_are_in_words_for_whoever_wrote_the_file(text: str, says: str) -> None:
    """Not in Python's, which would name its settings and classes."""
    words = refusal(text)
    assert says in words
    assert "sys." not in words
    assert "<class" not in words
