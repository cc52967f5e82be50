"""CASE.toml: strict, in one line, and what it says is what is decided on."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.core.base.errors import UsageError
from steelyard.core.costs.machines.profile_file import read_profile
from steelyard.core.decide.cases.case_file import CASE_KEYS, checked_case, percent_of, read_case
from steelyard.core.decide.cases.case_values import value_at
from steelyard.core.values.decision import Case, CaseSelf

PROFILE = "[rent]\nusd_month_per_machine = 3500\n[people]\nhours_month = 10\nrate_usd = 50\n"


def profile_at(name: str):
    if name != "machine.toml":
        raise UsageError("No such file", name)
    return read_profile(PROFILE)


def read(text: str) -> Case:
    return read_case(text, profile_at)


def refused(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        read(text)
    line = caught.value.one_line()
    assert "\n" not in line
    return line


def test_every_key_of_the_contract_can_be_written_and_is_read_back():
    case = read(
        """
        [workload]
        tokens_month = 2e9
        mix = "3:1"
        cached_share = 0.4
        peak_to_mean = 5
        duty_share = 0.22
        interactive = false
        [constraints]
        privacy = "hard"
        veto_api = false
        regime = "HIPAA"
        latency_ms = 150.5
        latency_metric = "ttft"
        latency_percentile = 0.99
        offline_required = false
        [quality]
        needs_frontier = "some"
        fine_tuned_domain = true
        frontier_share = 0.1
        [sensitivity]
        sensitive_share = 0.3
        [team]
        ml_capacity = true
        fte_share = 0.5
        salary_usd_year = 150000
        stage = "production"
        time_to_market_critical = false
        [api]
        model = "openai/gpt-4o"
        price_in = 2.5
        price_out = 10
        baa = true
        zero_retention = true
        region_ok = false
        [managed]
        price_in = 0.6
        price_out = 0.6
        [self]
        fixed_usd_month = 4000
        marginal_usd_per_m = 0.05
        capacity_tokens_month = 2_500_000_000
        redundancy = 2
        vram_needed_gib = 5.8
        vram_gib = 24
        profile = "machine.toml"
        [policy]
        tie_band = 0.1
        default = "api"
        """
    )
    missing = [key for key in CASE_KEYS if value_at(case, key) is None]
    assert missing == ["managed.usd_month"]
    assert case.workload.tokens_month == Decimal(2_000_000_000)
    assert case.constraints.latency_ms == Decimal("150.5")
    assert case.self_.redundancy == 2
    assert case.self_.profile is not None


def test_absent_is_unknown_and_not_false():
    case = read("")
    assert all(value_at(case, key) is None for key in CASE_KEYS)
    assert msgspec.json.decode(msgspec.json.encode(case), type=Case) == case
    assert "self" in msgspec.json.decode(msgspec.json.encode(case))


def test_every_key_is_explained():
    for key, rule in CASE_KEYS.items():
        assert rule.meaning, key
        assert rule.allowed, key
        assert rule.default, key


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[workload]\nmix = "0:0"', "workload.mix"),
        ('[workload]\nmix = "many"', "workload.mix"),
        ("[workload]\nmix = 3", "workload.mix"),
        ("[workload]\ntokens_month = 1e30", "workload.tokens_month"),
        ("[workload]\ntokens_month = 10000000000000000000000000000000", "workload.tokens_month"),
        ("[workload]\ntokens_month = nan", "workload.tokens_month"),
        ("[workload]\ntokens_month = inf", "workload.tokens_month"),
        ("[workload]\ntokens_month = -1", "workload.tokens_month"),
        ("[workload]\ntokens_month = true", "workload.tokens_month"),
        ('[workload]\ntokens_month = "50M"', "workload.tokens_month"),
        ("[workload]\npeak_to_mean = 0.5", "workload.peak_to_mean"),
        ("[workload]\nduty_share = 1.3", "workload.duty_share"),
        ('[workload]\ninteractive = "yes"', "true or false"),
        ("[workload]\ntokens = 5", "workload.tokens_month"),
        ("[work]\ntokens_month = 5", "[workload]"),
        ("tokens_month = 5", "workload.tokens_month"),
        ("[constraints]\nveto = true", "constraints.veto_api"),
        ('[constraints]\nprivacy = "strict"', "none, standard, hard"),
        ("[constraints]\nlatency_ms = 200", "latency_metric"),
        ('[constraints]\nlatency_ms = 0\nlatency_metric = "ttft"', "constraints.latency_ms"),
        ('[constraints]\nlatency_ms = 9\nlatency_metric = "ttft"\nlatency_percentile = 101', "percentile"),
        ('[quality]\nneeds_frontier = "no"\nfrontier_share = 0.2', "quality.needs_frontier"),
        ("[sensitivity]\nsensitive_share = 1.2", "sensitivity.sensitive_share"),
        ("[team]\nsalary_usd_year = -5", "team.salary_usd_year"),
        ("[api]\nprice_in = 2.5", "api.price_out"),
        ("[api]\nprice_out = 2.5", "api.price_in"),
        ("[api]\nprice_in = -2.5\nprice_out = 1", "api.price_in"),
        ("[managed]\nprice_in = 2.5", "managed.price_out"),
        ("[managed]\nprice_in = 1\nprice_out = 1\nusd_month = 5", "managed.usd_month"),
        ("[self]\nredundancy = 0", "self.redundancy"),
        ("[self]\nredundancy = 1.5", "self.redundancy"),
        ("[self]\ncapacity_tokens_month = 0", "self.capacity_tokens_month"),
        ('[self]\nprofile = "nowhere.toml"', "No such file"),
        ('[self]\nprofile = "machine.toml"\n[team]\nfte_share = 0.5', "counted twice"),
        ("[policy]\ntie_band = 2", "policy.tie_band"),
        ('[policy]\ndefault = "cloud"', "api, self_host, hybrid, managed"),
        ("[policy", "TOML"),
        ('[api]\nmodel = ""', "api.model"),
        (f'[constraints]\nregime = "{"x" * 500}"', "constraints.regime"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line_that_names_it(text: str, words: str):
    assert words in refused(text)


def test_people_beside_a_profile_are_fine_where_the_sum_is_typed():
    case = read('[self]\nprofile = "machine.toml"\nfixed_usd_month = 4000\n[team]\nfte_share = 0.5')
    assert case.team.fte_share == Decimal("0.5")


def test_a_price_beside_a_model_overrides_one_side():
    assert read('[api]\nmodel = "openai/gpt-4o"\nprice_in = 2').api.price_out is None


def test_a_case_that_was_not_read_from_a_file_is_held_to_the_same_ranges():
    with pytest.raises(UsageError, match=r"self\.redundancy"):
        checked_case(Case(self_=CaseSelf(redundancy=0)))
    with pytest.raises(UsageError, match=r"self\.fixed_usd_month"):
        checked_case(Case(self_=CaseSelf(fixed_usd_month=Decimal("NaN"))))


@pytest.mark.parametrize(("typed", "percent"), [(None, 95), ("0.99", 99), ("99.9", "99.9"), ("1", 1)])
def test_a_percentile_is_a_share_below_one(typed: str | None, percent: object):
    assert percent_of(None if typed is None else Decimal(typed)) == Decimal(str(percent))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(CASE_KEYS)), st.text(max_size=30))
def test_whatever_is_written_there_is_no_other_exception(key: str, value: str):
    section, _, name = key.partition(".")
    with contextlib.suppress(UsageError):
        read(f"[{section}]\n{name} = {value}")
