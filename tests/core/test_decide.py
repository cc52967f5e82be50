"""The verdict as a function: ties, unknowns, flips that hold, confidence, measured evidence, the tornado."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.core.base.errors import UsageError
from steelyard.core.costs.exact import exact
from steelyard.core.costs.machines.profile_file import read_profile
from steelyard.core.costs.prices.price_book import TokenPrices
from steelyard.core.decide.cases.case_file import checked_case, read_case
from steelyard.core.decide.cases.case_text import case_toml
from steelyard.core.decide.cases.case_values import with_value
from steelyard.core.decide.cases.measured_case import filled_case
from steelyard.core.decide.sensitivity import case_sensitivity
from steelyard.core.decide.sources.book import DecisionShelf
from steelyard.core.decide.verdict.choice import situation_of
from steelyard.core.decide.verdict.gates import Evidence, regime_of
from steelyard.core.decide.verdict.options import Lookup, effective
from steelyard.core.decide.verdict.verdict import decide
from steelyard.core.values.costs import CostProfile, MeasuredInputs
from steelyard.core.values.decision import Case, Decision, Flip
from steelyard.core.values.settings import DecideSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

BOOK = DecisionShelf(Path(__file__).parents[2] / "resources" / "presets").book(DecideSettings())
A100 = "[self]\nfixed_usd_month = 4000\n"
GPT_4O = "[api]\nprice_in = 2.5\nprice_out = 10\n"
VERDICTS = {"api", "self_host", "hybrid", "managed"}


def find_price(name: str) -> TokenPrices:
    if name != "openai/gpt-4o":
        raise UsageError("The price book does not know it", name)
    return TokenPrices(Decimal("2.5"), Decimal(10), Decimal("1.25"), None, "book:gpt-4o", "2026-11-01")


def no_profile(name: str) -> CostProfile:
    raise UsageError("No such file", name)


def read(text: str) -> Case:
    return read_case(text, no_profile)


def decided(case: Case | str, evidence: Evidence | None = None) -> Decision:
    return decide(read(case) if isinstance(case, str) else case, evidence or Evidence(), BOOK, find_price)


def work(tokens: object, mix: str = "1:2", more: str = "") -> str:
    return f'[workload]\ntokens_month = {tokens}\nmix = "{mix}"\n{more}\n'


def unknowns(decision: Decision) -> set[str]:
    return {one.what for one in decision.unknowns}


def option(decision: Decision, name: str) -> Any:
    return next(one for one in decision.options if one.name == name)


# Costs and ties


@pytest.mark.parametrize(
    ("tokens", "verdict"),
    [
        (0, "api"),
        (480_000_000, "api"),
        (592_592_592, "api"),
        (592_592_593, "self_host"),
        (10**12, "self_host"),
    ],
)
def test_a_tie_goes_to_the_api_and_ends_where_the_band_does(tokens: int, verdict: str):
    assert decided(work(tokens) + A100 + GPT_4O).verdict == verdict


def test_a_tie_says_whose_rule_decides():
    text = work(500_000_000) + A100 + GPT_4O
    decision = decided(text)
    reason = next(one for one in decision.reasons if one.code == "tie_default")
    assert "start with APIs" in reason.text
    assert (reason.origin, reason.source) == ("preset", "F1, S29")
    assert decision.confidence == "too_close"
    own = decided(text + '[policy]\ndefault = "self_host"\n')
    assert own.verdict == "self_host"
    assert next(one for one in own.reasons if one.code == "tie_default").origin == "user"


def test_without_a_tie_band_the_cheaper_one_wins_at_the_break_even():
    text = A100 + GPT_4O + "[policy]\ntie_band = 0\n"
    assert decided(work(533_333_333) + text).verdict == "api"
    assert decided(work(533_333_334) + text).verdict == "self_host"


def test_all_costs_can_be_zero():
    nothing = work(0) + "[self]\nfixed_usd_month = 0\n[api]\nprice_in = 0\nprice_out = 0\n"
    decision = decided(nothing)
    assert decision.verdict == "api"
    assert option(decision, "self_host").usd_month == "0"


def test_people_come_on_top_and_redundancy_doubles_machines_only():
    text = (
        work(10**9)
        + GPT_4O
        + "[self]\nfixed_usd_month = 4000\nredundancy = 2\nmarginal_usd_per_m = 0.5\n"
        + "[team]\nfte_share = 0.5\nsalary_usd_year = 150000\n"
    )
    assert option(decided(text), "self_host").usd_month == str(8000 + 6250 + 500)


def test_machines_are_counted_for_the_peak():
    text = work(10**9, more="peak_to_mean = 5") + GPT_4O
    text += "[self]\nfixed_usd_month = 1000\ncapacity_tokens_month = 2e9\n"
    decision = decided(text)
    assert (option(decision, "self_host").machines, option(decision, "self_host").usd_month) == (3, "3000")
    assert (option(decision, "hybrid").machines, option(decision, "hybrid").usd_month) == (1, "2500")


def test_the_books_price_is_used_with_its_cached_price_and_typed_ones_go_before():
    text = work(10**6, "1:0", "cached_share = 0.5") + A100 + '[api]\nmodel = "openai/gpt-4o"\n'
    decision = decided(text)
    assert option(decision, "api").usd_month == "1.875"
    reason = next(one for one in decision.reasons if one.code == "cost_api_cheaper")
    assert reason.source == "book:gpt-4o"
    typed = decided(text + "price_in = 5\n")
    assert option(typed, "api").usd_month == "3.125"
    with pytest.raises(UsageError):
        decided(work(1) + '[api]\nmodel = "nobody/nothing"\n')


def test_a_profile_gives_costs_and_typed_keys_go_before_it():
    profile = read_profile(
        "[rent]\nusd_month_per_machine = 3500\n[people]\nhours_month = 10\nrate_usd = 50\n"
        "[rates]\ncapacity_tokens_month = 2_500_000_000\nconcurrency = 32\n"
        '[workload]\ntokens_month = 2e9\nmix = "1:2"\n'
    )
    case = with_value(read(GPT_4O), "self.profile", profile)
    decision = decided(case)
    assert decision.verdict == "self_host"
    assert option(decision, "self_host").usd_month == "4000"
    assert option(decision, "api").usd_month == "15000"
    assert option(decided(with_value(case, "self.redundancy", 2)), "self_host").usd_month == "7500"
    typed = decided(with_value(case, "self.fixed_usd_month", Decimal(6000)))
    assert option(typed, "self_host").usd_month == "6000"


def test_a_profile_without_any_sum_is_not_a_free_machine():
    profile = read_profile("[rates]\nprompt_tps = 1500\ngen_tps = 50\n")
    decision = decided(with_value(read(work(10**9) + GPT_4O), "self.profile", profile))
    assert option(decision, "self_host").usd_month is None
    assert (decision.verdict, decision.confidence) == ("api", "provisional")
    assert "self.fixed_usd_month" in unknowns(decision)


def test_more_than_a_million_machines_is_an_error_and_not_a_number():
    with pytest.raises(UsageError, match="machines"):
        decided(work(10**18) + GPT_4O + "[self]\nfixed_usd_month = 1\ncapacity_tokens_month = 1\n")


# Unknown is unknown


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("", "workload.tokens_month"),
        (A100 + GPT_4O, "workload.tokens_month"),
        ("[workload]\ntokens_month = 1e9\n" + A100 + GPT_4O, "workload.mix"),
        (work(10**9) + A100, "api.price_in"),
        (work(10**9) + GPT_4O, "self.fixed_usd_month"),
        (work(10**9) + GPT_4O + A100 + "[team]\nfte_share = 0.5\n", "team.salary_usd_year"),
    ],
)
def test_what_is_missing_makes_it_provisional_and_says_how_to_settle_it(text: str, unknown: str):
    decision = decided(text)
    assert (decision.verdict, decision.confidence) == ("api", "provisional")
    assert unknown in unknowns(decision)
    assert "costs_unknown" in {one.code for one in decision.reasons}
    assert all(one.how_to_settle for one in decision.unknowns)
    assert decision.share_cheapest is None


def test_limits_decide_without_any_cost():
    decision = decided("[constraints]\nveto_api = true\n")
    assert (decision.verdict, decision.confidence) == ("self_host", "provisional")
    assert all(one.usd_month is None for one in decision.options)
    assert decision.premium_usd_month is None


def test_a_case_without_volume_says_from_which_one_on_it_would_turn():
    decision = decided('[workload]\nmix = "1:2"\n' + A100 + GPT_4O)
    flip = next(one for one in decision.flips if one.what == "workload.tokens_month")
    assert flip.from_ is None
    assert flip.to == pytest.approx(4000 / 0.9 / 7.5e-6, rel=1e-6)
    assert decided(work(repr(flip.to)) + A100 + GPT_4O).verdict == flip.verdict == "self_host"


def test_an_unknown_regime_names_the_nearest():
    with pytest.raises(UsageError, match="HIPAA"):
        decided('[constraints]\nregime = "HIPPA"\n')


def test_presets_are_shown_and_never_decide():
    case = work(2 * 10**9) + A100 + GPT_4O
    silent = msgspec.structs.replace(BOOK, presets=[])
    assert decide(read(case), Evidence(), silent, find_price).verdict == decided(case).verdict
    low = decided(work(5 * 10**6) + "[self]\nfixed_usd_month = 1\n" + GPT_4O)
    assert low.verdict == "self_host"  # F0 says API below 10 M
    assert any(one.agrees is False for one in low.presets)


# Hybrids


def test_mixed_sensitivity_is_split_unless_own_machines_alone_are_enough_and_cheaper():
    base = (
        work(2 * 10**9) + GPT_4O + '[constraints]\nprivacy = "hard"\n[sensitivity]\nsensitive_share = 0.5\n'
    )
    unsized = decided(base + A100)
    assert (unsized.verdict, unsized.pattern, unsized.confidence) == ("hybrid", "sensitivity", "provisional")
    sized = decided(base + A100 + "capacity_tokens_month = 2.5e9\n")
    assert sized.verdict == "self_host"


def test_experiments_go_to_the_api_while_production_stays():
    text = work(2 * 10**9) + GPT_4O + A100 + "capacity_tokens_month = 2.5e9\n"
    decision = decided(text + '[team]\nstage = "experimenting"\n')
    assert (decision.verdict, decision.pattern) == ("hybrid", "environment")
    small = text.replace("2000000000", "400000000")
    assert decided(small + '[team]\nstage = "experimenting"\n').verdict == "api"


def test_a_spiky_load_that_costs_less_at_the_api_stays_there():
    text = GPT_4O + A100 + "capacity_tokens_month = 2.5e9\n"
    assert decided(work(10**8, more="peak_to_mean = 8") + text).verdict == "api"
    assert decided(work(2 * 10**9, more="peak_to_mean = 8") + text).pattern == "overflow"


# Flips


def verdict(case: Case) -> str:
    """The choice alone, without what explains it."""
    with exact():
        regime = regime_of(effective(case), BOOK)
        return situation_of(checked_case(case), Evidence(), regime, Lookup(find_price)).choice.verdict


def flipped(case: Case, flip: Flip, by: float = 1.0) -> str:
    """The verdict on the case as a file with only that key changed."""
    value = flip.to
    if isinstance(value, float):
        value = Decimal(repr(value)) * Decimal(repr(by))
    return verdict(read(case_toml(with_value(case, flip.what, value))))


def check_flips(case: Case) -> Decision:
    decision = decided(case)
    assert len(decision.flips) <= 12
    for flip in decision.flips:
        assert flip.verdict != decision.verdict
        assert flip.text
        assert flipped(case, flip) == flip.verdict, flip
        if isinstance(flip.to, float) and flip.to and flip.from_:
            towards = 1e-6 if flip.to < flip.from_ else -1e-6
            assert flipped(case, flip, 1 + towards) == decision.verdict, flip
    return decision


def example_cases() -> Iterator[Case]:
    yield from (one.case for one in BOOK.scenarios)
    yield read(work(480_000_000, "3:1", "cached_share = 0.3") + A100 + '[api]\nmodel = "openai/gpt-4o"\n')
    yield read(work(10**9) + A100 + GPT_4O + "[managed]\nprice_in = 1\nprice_out = 3\n")
    yield read(
        work(10**8)
        + A100
        + GPT_4O
        + '[constraints]\nlatency_ms = 300\nlatency_metric = "ttft"\nregime = "GDPR"\n'
        "[team]\nfte_share = 0.1\nsalary_usd_year = 90000\n"
    )
    yield read(
        '[constraints]\nregime = "HIPAA"\nveto_api = false\nprivacy = "hard"\n' + work(10**8) + GPT_4O + A100
    )


@pytest.mark.parametrize("case", list(example_cases()))
def test_every_listed_flip_holds_through_the_file_and_not_before(case: Case):
    check_flips(case)


def test_flips_of_a_measured_machine_hold_too():
    case, evidence = filled_case(
        read(GPT_4O + "[team]\nfte_share = 0.1\nsalary_usd_year = 90000\n"), measured()
    )
    decision = decided(case, evidence)
    assert {"workload.tokens_month", "api.price_out"} <= {one.what for one in decision.flips}
    for flip in decision.flips:
        value = Decimal(repr(flip.to)) if isinstance(flip.to, float) else flip.to
        assert decided(with_value(case, flip.what, value), evidence).verdict == flip.verdict, flip


def test_the_volume_the_price_and_the_veto_are_among_the_flips():
    decision = decided(work(10**8) + A100 + GPT_4O)
    flips = {one.what: one for one in decision.flips}
    assert flips["workload.tokens_month"].to == pytest.approx(592_592_592.6, rel=1e-6)
    assert flips["self.fixed_usd_month"].to == pytest.approx(675, rel=1e-3)
    assert (flips["constraints.veto_api"].from_, flips["constraints.veto_api"].to) == (None, True)
    assert decision.review_at_tokens_month == pytest.approx(533_333_333, rel=1e-6)


numbers = st.sampled_from
texts = st.builds(
    lambda tokens, mix, peak, fixed, capacity, price, privacy, share, frontier, stage: (
        work(tokens, mix, f"peak_to_mean = {peak}")
        + f"[self]\nfixed_usd_month = {fixed}\ncapacity_tokens_month = {capacity}\n"
        + f"[api]\nprice_in = {price}\nprice_out = {4 * price}\n"
        + f'[constraints]\nprivacy = "{privacy}"\n[sensitivity]\nsensitive_share = {share}\n'
        + f'[quality]\nneeds_frontier = "{frontier}"\n[team]\nstage = "{stage}"\n'
    ),
    st.integers(10**6, 10**11),
    numbers(["1:2", "3:1", "1:0", "0:1", "10:1"]),
    numbers([1, 2, 4, 9]),
    st.integers(10, 20_000),
    st.integers(10**8, 10**10),
    numbers([0.1, 1, 2.5, 15]),
    numbers(["none", "standard", "hard"]),
    numbers([0, 0.2, 0.8, 1]),
    numbers(["no", "some", "yes"]),
    numbers(["experimenting", "production"]),
)


@settings(max_examples=12, deadline=None)
@given(texts)
def test_flips_hold_for_any_case_and_a_verdict_is_always_explained(text: str):
    decision = check_flips(read(text))
    assert decision.reasons
    assert msgspec.json.decode(msgspec.json.encode(decision), type=Decision).verdict in VERDICTS
    for one in decision.options:
        assert one.feasible or one.why_not
        if one.usd_month is not None:
            low, middle, high = (
                Decimal(part or "") for part in (one.usd_month_p10, one.usd_month_p50, one.usd_month_p90)
            )
            assert low <= middle <= high


TOWARDS_API = {"api": 0, "managed": 0, "hybrid": 1, "self_host": 2}


@settings(max_examples=150, deadline=None)
@given(texts, st.floats(1.01, 50))
def test_a_dearer_api_never_moves_the_verdict_towards_it(text: str, factor: float):
    case = read(text)
    dearer = case
    for key, price in (("api.price_in", case.api.price_in), ("api.price_out", case.api.price_out)):
        dearer = with_value(dearer, key, (price or Decimal(0)) * Decimal(repr(factor)))
    before, after = verdict(case), verdict(dearer)
    assert before == after or TOWARDS_API[after] > TOWARDS_API[before]


# Confidence and evidence


def test_confidence_follows_the_distance_between_the_costs():
    sized = "capacity_tokens_month = 1e11\n"
    words = [
        decided(work(tokens) + A100 + sized + GPT_4O).confidence
        for tokens in (10**8, 500_000_000, 600_000_000, 10**10)
    ]
    assert words[0] == words[3] == "clear"
    assert words[1] == "too_close"
    assert words[2] == "likely"


def test_one_machine_of_unknown_capacity_for_any_volume_is_a_guess():
    assert decided(work(10**10) + A100 + GPT_4O).confidence == "provisional"
    assert decided(work(10**8) + A100 + GPT_4O).confidence == "clear"


def measured(days: float = 30, **parts: Any) -> MeasuredInputs:
    profile = read_profile(
        "[hardware]\ncapex_usd = 2500\nlife_months = 36\n[energy]\nidle_w = 60\nactive_decode_w = 250\n"
        "active_prefill_w = 300\ntariff_usd_per_kwh = 0.15\n[rates]\nprompt_tps = 1500\ngen_tps = 50\n"
        '[workload]\ntokens_month = 95.6e6\nmix = "3:1"\ncached_share = 0.1\n'
    )
    origins = dict.fromkeys(("rates.prompt_tps", "rates.gen_tps", "workload.tokens_month"), "measured")
    profile = msgspec.structs.replace(profile, origins=origins)
    return MeasuredInputs(days=days, runs=41_860, profile=profile, peak_to_mean=Decimal("2.1"), **parts)


def test_a_ledger_fills_what_is_not_typed_with_its_origin():
    case, evidence = filled_case(
        read("[workload]\ntokens_month = 5e6\n" + GPT_4O), measured(duty_share=Decimal("0.22"))
    )
    assert case.workload.tokens_month == 5_000_000
    assert "workload.tokens_month" not in case.origins
    assert (case.workload.mix, case.origins["workload.mix"]) == ("3:1", "measured")
    assert "30.0 days of the ledger, 41,860 runs" in case.notes["workload.mix"]
    assert case.workload.duty_share == Decimal("0.22")
    assert case.self_.profile is not None
    decision = decided(case, evidence)
    assert decision.confidence == "provisional"
    assert any(
        one.what == "workload.tokens_month" and "Stated" in one.how_to_settle for one in decision.unknowns
    )


def test_a_young_ledger_is_provisional_and_an_old_one_is_not():
    for days, is_provisional in ((3, True), (13.9, True), (14, False), (60, False)):
        case, evidence = filled_case(read(GPT_4O), measured(days))
        decision = decided(case, evidence)
        assert (decision.confidence == "provisional") is is_provisional
        assert any(one.code == "volume_measured" and one.origin == "measured" for one in decision.reasons)
        assert ("workload.tokens_month" in unknowns(decision)) is is_provisional


def test_rates_that_nobody_measured_are_provisional():
    inputs = measured()
    typed = msgspec.structs.replace(inputs, profile=msgspec.structs.replace(inputs.profile, origins={}))
    for text, inputs in (
        (GPT_4O, typed),
        (GPT_4O + "[self]\ncapacity_tokens_month = 1e9\n", measured()),
        (GPT_4O + A100, msgspec.structs.replace(measured(), profile=CostProfile())),
    ):
        decision = decided(*filled_case(read(text), inputs))
        assert decision.confidence == "provisional"
        assert "self.capacity_tokens_month" in unknowns(decision)


def test_an_empty_ledger_leaves_everything_unknown():
    case, evidence = filled_case(read(""), MeasuredInputs(days=0, runs=0, profile=CostProfile()))
    assert case == read("")
    assert decided(case, evidence).confidence == "provisional"


@pytest.mark.parametrize(
    ("percentile", "ttft", "feasible"),
    [
        (95, {"95": 150.0}, True),
        (95, {"95": 250.0}, False),
        (50, {"50": 150.0, "95": 900.0}, True),
        (99, {"95": 250.0}, False),
    ],
)
def test_a_measured_latency_decides_at_the_percentile_that_is_asked(
    percentile: int, ttft: dict[str, float], feasible: bool
):
    limit = f'[constraints]\nlatency_ms = 180\nlatency_metric = "ttft"\nlatency_percentile = {percentile}\n'
    decision = decided(work(10**6) + A100 + GPT_4O + limit, Evidence(api_ttft_ms=ttft))
    assert option(decision, "api").feasible is feasible


def test_own_machines_that_were_measured_too_slow_are_out():
    limit = '[constraints]\nlatency_ms = 180\nlatency_metric = "ttft"\n'
    decision = decided(
        work(10**10) + A100 + GPT_4O + limit, Evidence(api_ttft_ms={"95": 90.0}, local_ttft_ms={"95": 400.0})
    )
    assert decision.verdict == "api"
    assert "400 ms" in option(decision, "self_host").why_not


# G14


def test_the_tornado_of_a_case_is_g14():
    found = case_sensitivity(read(work(500_000_000) + A100 + GPT_4O), find_price)
    assert found.base_usd_month == "-250"
    bars = {bar.what: (bar.saving_low_usd, bar.saving_high_usd) for bar in found.bars}
    assert bars == {
        "self.fixed_usd_month": ("550", "-1050"),
        "workload.tokens_month": ("-1000", "500"),
        "api.price": ("-1000", "500"),
        "workload.mix": ("-875", "250"),
    }
    assert [bar.what for bar in found.bars] == list(bars)
    assert (found.bars[0].low, found.bars[0].high) == ("3200", "4800")
    assert (found.bars[3].low, found.bars[3].high) == (0.5, 0.8)


def test_the_tornado_takes_people_and_electricity_too_and_refuses_what_is_missing():
    text = work(10**9) + GPT_4O + "[self]\nfixed_usd_month = 4000\nmarginal_usd_per_m = 0.5\n"
    found = case_sensitivity(read(text + "[team]\nfte_share = 0.5\nsalary_usd_year = 150000\n"), find_price)
    bars = {bar.what: bar for bar in found.bars}
    assert Decimal(found.base_usd_month) == 7500 - 4000 - 500 - 6250
    assert bars["team.fte_share"].saving_low_usd == str(-3250 + 3125)
    assert bars["self.marginal_usd_per_m"].saving_high_usd == str(-3250 - 100)
    with pytest.raises(UsageError, match=r"workload\.mix"):
        case_sensitivity(read("[workload]\ntokens_month = 1e9\n" + GPT_4O + A100), find_price)
    with pytest.raises(UsageError, match=r"self\.fixed_usd_month"):
        case_sensitivity(read(work(10**9) + GPT_4O), find_price)


# Found from outside


def test_an_unknown_capacity_says_where_it_would_change_the_verdict():
    large = next(one for one in decided(work(10**10) + A100 + GPT_4O).flips if "capacity" in one.what)
    assert (large.from_, large.verdict) == (None, "hybrid")
    assert large.to == pytest.approx(625e6, rel=1e-6)
    assert "below 625 M" in large.text
    shop = work(2 * 10**9, more="peak_to_mean = 5") + A100 + GPT_4O
    assert decided(shop).verdict == "hybrid"
    enough = next(one for one in decided(shop).flips if "capacity" in one.what)
    assert enough.verdict == "self_host"
    assert enough.to == pytest.approx(10**10, rel=1e-6)
    assert "above 10 B" in enough.text
    assert decided(shop.replace("[api]", "capacity_tokens_month = 1e10\n[api]")).verdict == "self_host"
    assert decided(shop.replace("[api]", "capacity_tokens_month = 9.99e9\n[api]")).verdict == "hybrid"


def test_where_nobody_can_run_machines_costs_and_the_next_look_are_told_too():
    decision = decided(work(50_000_000) + A100 + GPT_4O + "[team]\nml_capacity = false\n")
    reason = next(one for one in decision.reasons if one.code == "cost_api_cheaper")
    assert "own machines $4,000, which is ruled out" in reason.text
    assert decision.review_at_tokens_month == pytest.approx(4000 / 7.5 * 1e6)


def test_a_split_says_that_more_stays_than_what_is_sensitive():
    text = work(2 * 10**9) + A100 + GPT_4O + "[sensitivity]\nsensitive_share = 0.3\n"
    assert "what is sensitive and most of the rest here, about 80 %" in decided(text).summary
