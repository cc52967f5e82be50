"""The decision book as shipped and as edited, and what its sources say of a case."""

from __future__ import annotations

import shutil
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.base.paths import data_root
from steelyard.core.decide.cases.case_file import checked_case, read_case
from steelyard.core.decide.changes import changes_between
from steelyard.core.decide.facts import Facts
from steelyard.core.decide.figures import money_text, share_text, tokens_text
from steelyard.core.decide.sources.book import DecisionShelf, regime_named
from steelyard.core.decide.sources.opinions import opinions
from steelyard.core.decide.sources.questions import questions
from steelyard.core.decide.sources.readiness import readiness
from steelyard.core.decide.sources.routes import routes
from steelyard.core.decide.sources.rules import rules
from steelyard.core.values.decision import Decision, OptionCost, PresetEdit, Regime, WorkClass
from steelyard.core.values.settings import DecideSettings

if TYPE_CHECKING:
    from pathlib import Path

    from steelyard.core.values.costs import CostProfile
    from steelyard.core.values.decision import Case, ClassRoute, Question, RuleState, SourceOpinion

PRESETS = data_root() / "resources" / "presets"
SHELF = DecisionShelf(PRESETS)
BOOK = SHELF.book(DecideSettings())
DRAWN = Facts(
    tokens_month=Decimal("95.629e6"),
    api_usd_month=Decimal("418.38"),
    self_usd_month=Decimal("159.14"),
    break_even_tokens_month=Decimal("35.365e6"),
    utilisation=Decimal("0.2"),
    utilisation_at_break_even=Decimal("0.0740"),
    peak_to_mean=Decimal("2.1"),
)
"""The numbers of the picture decide.png."""
NOTHING = Facts()


def no_profile(name: str) -> CostProfile:
    raise AssertionError(name)


def case(text: str = "") -> Case:
    return read_case(text, no_profile)


def opinion(preset_id: str, of: Case, facts: Facts, verdict: str = "hybrid") -> SourceOpinion:
    found = opinions(of, facts, verdict, BOOK)  # type: ignore[arg-type]
    return next(one for one in found if one.id == preset_id)


def rule(rule_id: str, of: Case, facts: Facts = NOTHING) -> RuleState:
    return next(one for one in rules(of, facts, BOOK) if one.id == rule_id)


def question(question_id: str, of: Case, facts: Facts = NOTHING) -> Question:
    return next(one for one in questions(of, facts) if one.id == question_id)


def route(name: str, of: Case, verdict: str, pattern: str | None = None) -> ClassRoute:
    found = routes(of, verdict, pattern, BOOK)  # type: ignore[arg-type]
    return next(one for one in found if one.name == name)


# The files


def test_the_book_ships_whole() -> None:
    assert {one.id for one in BOOK.scenarios} == {"saas", "healthcare", "ecommerce", "trading"}
    assert len(BOOK.industries) == 5
    assert {"Patient", "Code", "Strategy", "Customer", "Payment", "Legal", "Public"} == {
        one.name for one in BOOK.classes
    }
    for name in ("HIPAA", "SOX", "PCI-DSS", "Attorney-client privilege", "GDPR", "Trading strategies"):
        assert regime_named(BOOK.regimes, name.lower()) is not None
    assert all("Not legal advice" in one.about and one.dated and one.source for one in BOOK.regimes)
    assert all(one.quote and one.source[:2] in ("F0", "F1", "F2") for one in BOOK.presets)
    assert all(one.state is None for one in BOOK.readiness)


def test_patients_stay_by_default_and_the_ai_act_is_not_said_to_be_in_force() -> None:
    patient = next(one for one in BOOK.classes if one.name == "Patient")
    assert patient.is_local_only
    assert patient.regime == "HIPAA"
    act = regime_named(BOOK.regimes, "EU AI Act")
    assert act is not None
    assert "2 December 2027" in act.about
    assert "2 August 2028" in act.about


@pytest.mark.parametrize("example", BOOK.scenarios, ids=lambda one: one.id)
def test_scenarios_are_valid_cases_whose_values_are_no_users(example: object) -> None:
    found = example.case  # type: ignore[attr-defined]
    assert checked_case(found) == found
    assert found.origins
    assert set(found.origins.values()) == {"preset"}


def test_what_the_scenarios_tell_adds_up() -> None:
    text = {one.id: one.text for one in BOOK.scenarios}
    mini, four_o = Decimal("0.45"), Decimal("7.50")
    mixed = 50 * (Decimal("0.8") * mini + Decimal("0.2") * four_o)
    for amount in (50 * mini, 50 * four_o, mixed):
        assert f"${amount:.2f}".removesuffix(".00") in text["saas"]
    assert "$2,500" in text["healthcare"]
    assert "$7,000" in text["ecommerce"]
    assert "$8,000" in text["trading"]


def test_an_industry_fills_a_case_and_says_why() -> None:
    healthcare = next(one for one in BOOK.industries if one.id == "healthcare")
    assert healthcare.case.constraints.privacy == "hard"
    assert healthcare.case.constraints.regime == "HIPAA"
    assert "HIPAA" in healthcare.why
    assert all(
        regime_named(BOOK.regimes, one.case.constraints.regime or "") is not None for one in BOOK.industries
    )


# Edits of the user


def test_edits_go_over_what_is_shipped() -> None:
    mine = Regime(id="hipaa", name="HIPAA", needs=["baa", "region_ok"], about="", dated="", source="")
    edited = SHELF.book(
        DecideSettings(
            presets=[PresetEdit(id="P1", low=40e6), PresetEdit(id="P2", is_enabled=False)],
            classes=[WorkClass(name="Mine", regime="HIPAA")],
            regimes=[mine],
            readiness={"security": False},
        )
    )
    first, second = edited.presets[:2]
    assert (first.low, first.high, second.is_enabled) == (40e6, 150e6, False)
    assert [one.name for one in edited.classes] == ["Mine"]
    assert regime_named(edited.regimes, "HIPAA") == mine
    assert [one.state for one in edited.readiness if one.id == "security"] == [False]
    assert all(one.id != "P2" for one in opinions(case(), Facts(), "api", edited))
    assert SHELF.book(DecideSettings()) == BOOK


@pytest.mark.parametrize(
    ("low", "high"), [(2e9, None), (float("nan"), None), (-1.0, None), (None, float("inf")), (None, 1.0)]
)
def test_thresholds_that_make_no_sense_are_refused_in_one_line(low: float | None, high: float | None) -> None:
    with pytest.raises(UsageError) as caught:
        SHELF.book(DecideSettings(presets=[PresetEdit(id="P3", low=low, high=high)]))
    assert "P3" in caught.value.one_line()


def test_a_regime_cannot_ask_for_what_no_provider_is_asked() -> None:
    mine = Regime(id="x", name="X", needs=["__class__"], about="", dated="", source="")
    with pytest.raises(UsageError, match="X cannot be used"):
        SHELF.book(DecideSettings(regimes=[mine]))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rules.toml", "[[preset]"),
        ("rules.toml", '[[preset]]\nid = "P1"\n'),
        (
            "readiness.toml",
            '[[item]]\nid = "a"\ntext = ""\nis_critical = true\nhours_month = 1\nstrange = 1\n',
        ),
        ("scenarios.toml", '[[scenario]]\nid = "a"\nname = "A"\nsource = "F1"\ncase = "[workload]"\n'),
        ("regimes.toml", ""),
    ],
)
def test_a_damaged_file_is_one_line(tmp_path: Path, name: str, text: str) -> None:
    shutil.copytree(PRESETS, tmp_path / "presets")
    (tmp_path / "presets" / name).write_text(text)
    with pytest.raises(AppError, match="cannot be used"):
        DecisionShelf(tmp_path / "presets").book(DecideSettings())


# What the sources would say


def test_opinions_on_the_numbers_of_the_picture() -> None:
    mixed = case('[constraints]\nprivacy = "hard"\n[sensitivity]\nsensitive_share = 0.31')
    first = opinion("P1", mixed, DRAWN)
    assert (first.says, first.agrees) == ("undecided", None)
    assert first.with_your_numbers == "95.6 M is inside the band; your own crossover is 35.4 M"
    assert opinion("P3", mixed, DRAWN).says == "api"
    assert opinion("P3", mixed, DRAWN).agrees is False
    daily = opinion("P4", mixed, DRAWN)
    assert daily.says == "self_host"
    assert "3.14 M a day" in daily.with_your_numbers
    busy = opinion("F2-utilisation", mixed, DRAWN)
    assert busy.says == "api"
    assert busy.with_your_numbers == "yours needs 7.4 %; you run at 20 %"
    parted = opinion("F1-hybrid-sensitivity", mixed, DRAWN)
    assert (parted.says, parted.agrees) == ("hybrid", True)
    assert parted.with_your_numbers == "31 % is sensitive, 69 % is not"
    assert opinion("F0-takeaway", mixed, DRAWN).says == "self_host"


@pytest.mark.parametrize(
    ("tokens_a_day", "says"),
    [(9_999, "api"), (10_000, "undecided"), (10**6, "undecided"), (10**6 + 1, "self_host")],
)
def test_f2_is_silent_between_its_two_thresholds(tokens_a_day: int, says: str) -> None:
    facts = Facts(tokens_month=tokens_a_day * Decimal("30.4375"))
    assert opinion("P4", case(), facts).says == says
    assert question("volume", case(), facts).leads_to == says


def test_the_takeaway_of_f0() -> None:
    small = Facts(tokens_month=Decimal(5_000_000), peak_to_mean=Decimal(9))
    assert opinion("F0-takeaway", case("[constraints]\nveto_api = false"), small).says == "api"
    hard = opinion("F0-takeaway", case('[constraints]\nprivacy = "hard"'), small)
    assert (hard.says, hard.with_your_numbers) == ("self_host", "true of privacy")


def test_legal_says_no() -> None:
    veto = case("[constraints]\nveto_api = true")
    assert opinion("F1-legal", veto, Facts(), "self_host").agrees is True
    assert opinion("F1-legal", case(), Facts()).agrees is None


@pytest.mark.parametrize(("baa", "says"), [("true", "api"), ("false", "self_host"), ("", "undecided")])
def test_two_sources_differ_on_regulated_work(baa: str, says: str) -> None:
    granted = f"[api]\nbaa = {baa}" if baa else ""
    found = case(f'[constraints]\nregime = "HIPAA"\n{granted}')
    assert opinion("F1-baa", found, Facts()).says == says
    assert opinion("F2-compliant", found, Facts()).says == "self_host"


def test_one_engineer_costs_two_years_of_savings() -> None:
    paid = case("[team]\nsalary_usd_year = 180_000")
    facts = Facts(api_usd_month=Decimal(11_500), self_usd_month=Decimal(4_000))
    found = opinion("F2-engineer", paid, facts)
    assert found.says == "api"
    assert "24 months" in found.with_your_numbers
    more = Facts(api_usd_month=Decimal(11_501), self_usd_month=Decimal(4_000))
    assert opinion("F2-engineer", paid, more).says == "undecided"
    part = case("[team]\nsalary_usd_year = 180_000\nfte_share = 0.5")
    with_people = Facts(api_usd_month=Decimal(11_500), self_usd_month=Decimal(11_500))
    assert "24 months" in opinion("F2-engineer", part, with_people).with_your_numbers


@pytest.mark.parametrize(("months", "says"), [(3, "self_host"), ("3.01", "undecided")])
def test_payback_in_three_months(months: object, says: str) -> None:
    facts = Facts(payback_months=Decimal(str(months)))
    assert opinion("F1-payback", case(), facts).says == says
    assert opinion("F0-payback", case(), facts).says == "self_host"


@pytest.mark.parametrize(
    ("usd", "says"), [(4_999, "api"), (5_000, "undecided"), (10_000, "undecided"), (10_001, "self_host")]
)
def test_spend_that_calls_for_a_plan(usd: int, says: str) -> None:
    assert opinion("F1-spend", case(), Facts(api_usd_month=Decimal(usd))).says == says


def test_a_compelling_reason_silences_the_default() -> None:
    near = Facts(api_usd_month=Decimal(4_000), self_usd_month=Decimal(3_750))
    far = Facts(api_usd_month=Decimal(4_000), self_usd_month=Decimal(3_000))
    assert opinion("F1-start-api", case(), near).says == "api"
    assert opinion("F1-start-api", case(), far).says == "undecided"
    assert opinion("F1-start-api", case("[constraints]\nveto_api = true"), near).says == "undecided"


def test_nothing_known_says_so_and_disagrees_with_nothing_but_the_default() -> None:
    found = opinions(case(), Facts(), "self_host", BOOK)
    assert {one.id for one in found if one.agrees is not None} == {"F1-start-api"}
    assert all(one.with_your_numbers for one in found)


@given(
    st.sampled_from(["tokens_month", "utilisation", "payback_months", "api_usd_month", "peak_to_mean"]),
    st.decimals(0, 10**18, allow_nan=False),
    st.sampled_from(["api", "self_host", "hybrid", "managed"]),
)
@settings(max_examples=60, deadline=None)
def test_agreement_is_never_more_than_being_of_one_mind(metric: str, value: Decimal, verdict: str) -> None:
    facts = Facts(**{metric: value})  # type: ignore[arg-type]
    for one in opinions(case(), facts, verdict, BOOK):  # type: ignore[arg-type]
        assert one.agrees is (None if one.says == "undecided" else one.says == verdict)


# The sixteen rules


def test_there_are_six_six_and_four() -> None:
    groups = [one.group for one in rules(case(), Facts(), BOOK)]
    assert [groups.count(name) for name in ("api", "self_host", "hybrid")] == [6, 6, 4]
    assert all(one.state is None and one.origin is None for one in rules(case(), Facts(), BOOK))


RULES = [
    ("api-volume", "", Facts(tokens_month=Decimal(50_000_000)), True),
    ("api-volume", "", Facts(tokens_month=Decimal(500_000_000)), False),
    ("api-frontier", '[quality]\nneeds_frontier = "yes"', Facts(), True),
    ("api-frontier", '[quality]\nneeds_frontier = "some"', Facts(), False),
    ("api-skills", "[team]\nml_capacity = false", Facts(), True),
    ("api-skills", "[team]\nml_capacity = true", Facts(), False),
    ("api-experimenting", '[team]\nstage = "experimenting"', Facts(), True),
    ("api-experimenting", '[team]\nstage = "production"', Facts(), False),
    ("api-time", "[team]\ntime_to_market_critical = true", Facts(), True),
    ("api-time", "[team]\ntime_to_market_critical = false", Facts(), False),
    ("api-compliance", '[constraints]\nprivacy = "none"', Facts(), True),
    ("api-compliance", '[constraints]\nprivacy = "hard"', Facts(), False),
    ("api-compliance", "[constraints]\nveto_api = true", Facts(), False),
    ("api-compliance", '[constraints]\nprivacy = "standard"\nregime = "HIPAA"', Facts(), None),
    ("api-compliance", '[constraints]\nregime = "HIPAA"\n[api]\nbaa = true', Facts(), True),
    (
        "api-compliance",
        '[constraints]\nregime = "GDPR"\n[api]\nbaa = true\nregion_ok = false',
        Facts(),
        False,
    ),
    ("self-volume", "", Facts(tokens_month=Decimal(2_000_000_000)), True),
    ("self-volume", "", Facts(tokens_month=Decimal(1_000_000_000)), False),
    ("self-latency", '[constraints]\nlatency_ms = 200\nlatency_metric = "ttft"', Facts(), True),
    ("self-latency", '[constraints]\nlatency_ms = 800\nlatency_metric = "ttft"', Facts(), False),
    ("self-latency", "[workload]\ninteractive = false", Facts(), False),
    ("self-data", '[constraints]\nprivacy = "hard"', Facts(), True),
    ("self-data", '[constraints]\nprivacy = "standard"', Facts(), False),
    ("self-data", '[constraints]\nprivacy = "hard"\n[sensitivity]\nsensitive_share = 0', Facts(), False),
    ("self-skills", "[team]\nml_capacity = true", Facts(), True),
    ("self-tuned", "[quality]\nfine_tuned_domain = true", Facts(), True),
    ("self-duty", "", Facts(duty_share=Decimal("0.22")), False),
    ("self-duty", "", Facts(duty_share=Decimal("0.95")), True),
    ("hybrid-sensitivity", "[sensitivity]\nsensitive_share = 0.3", Facts(), True),
    ("hybrid-sensitivity", "[sensitivity]\nsensitive_share = 1", Facts(), False),
    ("hybrid-spiky", "", Facts(peak_to_mean=Decimal(6)), True),
    ("hybrid-spiky", "", Facts(peak_to_mean=Decimal(3)), False),
    ("hybrid-domain", '[quality]\nneeds_frontier = "some"\nfine_tuned_domain = true', Facts(), True),
    ("hybrid-domain", "[quality]\nfine_tuned_domain = false", Facts(), False),
    ("hybrid-domain", "[quality]\nfine_tuned_domain = true", Facts(), None),
    (
        "hybrid-cost",
        '[quality]\nneeds_frontier = "some"',
        Facts(api_usd_month=Decimal(15_000), self_usd_month=Decimal(4_000)),
        True,
    ),
    (
        "hybrid-cost",
        '[quality]\nneeds_frontier = "some"',
        Facts(api_usd_month=Decimal(375), self_usd_month=Decimal(4_000)),
        False,
    ),
]


@pytest.mark.parametrize(("rule_id", "text", "facts", "state"), RULES)
def test_each_rule_is_true_false_or_unknown(
    rule_id: str, text: str, facts: Facts, state: bool | None
) -> None:
    found = rule(rule_id, case(text), facts)
    assert found.state is state
    assert found.evidence
    assert (found.origin is None) == (state is None)


def test_rules_of_the_sources_own_examples() -> None:
    busy = Facts(
        tokens_month=Decimal(2_000_000_000),
        duty_share=Decimal("0.22"),
        peak_to_mean=Decimal(6),
        origins={"tokens_month": "measured", "duty_share": "measured"},
    )
    assert rule("self-volume", case(), busy).state is True
    assert rule("self-volume", case(), busy).origin == "measured"
    duty = rule("self-duty", case(), busy)
    assert (duty.state, duty.evidence) == (False, "busy 22 % of the time, 50 % is asked")
    assert rule("hybrid-spiky", case(), busy).pattern == "overflow"
    assert rule("hybrid-sensitivity", case()).pattern == "sensitivity"


# The four questions and the checklist


def test_the_four_questions() -> None:
    assert [one.answer for one in questions(case(), Facts())] == [None] * 4
    assert question("mlops", case("[team]\nml_capacity = false")).leads_to == "managed"
    assert question("advantage", case("[quality]\nfine_tuned_domain = true")).leads_to == "self_host"
    mixed = case('[constraints]\nprivacy = "hard"\n[sensitivity]\nsensitive_share = 0.3')
    assert question("sensitivity", mixed).leads_to == "hybrid"
    between = question("volume", case(), Facts(tokens_month=100_000 * Decimal("30.4375")))
    assert (between.answer, between.leads_to) == ("100 k a day, between the two", "undecided")


def test_the_answer_of_the_case_stands_before_the_one_in_the_settings() -> None:
    edited = SHELF.book(DecideSettings(readiness={"security": False, "drivers": True}))
    answered = msgspec.structs.replace(case(), readiness={"security": True})
    states = {one.id: one.state for one in readiness(answered, edited)}
    assert (states["security"], states["drivers"], states["incidents"]) == (True, True, None)


# Routes


def test_what_is_not_known_to_be_allowed_stays() -> None:
    assert route("Public", case(), "api").route == "api"
    assert route("Patient", case("[api]\nbaa = true"), "api").route == "local"
    assert route("Customer", case(), "hybrid", "sensitivity").route == "local"
    assert "wait for review" in route("Customer", case(), "api").why
    assert route("Public", case("[constraints]\nveto_api = true"), "hybrid", "sensitivity").route == "local"
    assert {one.route for one in routes(case(), "self_host", None, BOOK)} == {"local"}


@pytest.mark.parametrize(
    ("granted", "verdict", "goes"),
    [
        ("", "api", "local"),
        ("baa = false", "api", "local"),
        ("baa = true", "api", "api"),
        ("baa = true", "managed", "local"),
    ],
)
def test_a_class_under_a_regime_leaves_only_with_a_yes(granted: str, verdict: str, goes: str) -> None:
    book = SHELF.book(DecideSettings(classes=[WorkClass(name="Notes", regime="HIPAA")]))
    found = routes(case(f"[api]\n{granted}"), verdict, None, book)  # type: ignore[arg-type]
    assert [one.route for one in found] == [goes]


def test_a_regime_that_is_gone_keeps_its_classes_here() -> None:
    book = SHELF.book(DecideSettings(classes=[WorkClass(name="Notes", regime="No such")]))
    assert routes(case(), "api", None, book)[0].route == "local"


def test_measured_shares_choose_the_rows_and_their_order() -> None:
    hard = case('[constraints]\nprivacy = "hard"')
    found = routes(hard, "hybrid", "sensitivity", BOOK, {"Public": 0.2, "": 0.5, "Code": 0.3, "Legal": 0.0})
    assert [(one.name, one.token_share, one.route) for one in found] == [
        ("unclassified", 0.5, "local"),
        ("Code", 0.3, "api"),
        ("Public", 0.2, "api"),
    ]


# Changes


def decision(text: str, usd: str = "15000", verdict: str = "api") -> Decision:
    options = [
        OptionCost(
            name="api",
            feasible=True,
            usd_month_p10=None,
            usd_month_p50=None,
            usd_month_p90=None,
            usd_month=usd,
        )
    ]
    return Decision(
        verdict=verdict,  # type: ignore[arg-type]
        pattern=None,
        confidence="clear",
        reasons=[],
        presets=[],
        unknowns=[],
        flips=[],
        options=options,
        case=case(text),
    )


def test_a_price_that_fell_by_a_fifth_is_said_so() -> None:
    old = decision("[api]\nprice_in = 2.5\nprice_out = 10")
    new = decision("[api]\nprice_in = 2.0\nprice_out = 10\nbaa = true", verdict="hybrid")
    found = changes_between(old, new)
    assert [one.text for one in found] == [
        "verdict API → Hybrid",
        "API price, input per M $2.50 → $2, \N{MINUS SIGN}20 %",
        "Provider signs a BAA — → yes",
    ]
    assert (found[1].what, found[1].before, found[1].after) == ("api.price_in", 2.5, 2)
    assert changes_between(old, old) == []


def test_a_price_behind_a_name_that_changed_is_found() -> None:
    text = '[workload]\ntokens_month = 2e9\nmix = "1:2"\n[api]\nmodel = "openai/gpt-4o"'
    found = changes_between(decision(text, "15000"), decision(text, "12000"))
    assert [(one.what, one.before, one.after) for one in found] == [("api.price", 7.5, 6)]
    assert found[0].text.endswith("\N{MINUS SIGN}20 %")
    again = msgspec.json.decode(msgspec.json.encode(found[0]), type=type(found[0]))
    assert again == found[0]


# Numbers in sentences


@given(st.decimals(Decimal("-1e18"), 10**18, allow_nan=False))
@settings(max_examples=60, deadline=None)
def test_every_number_can_be_told(value: Decimal) -> None:
    for told in (tokens_text(value), money_text(value), share_text(value)):
        assert "E" not in told
        assert len(told) < 60


def test_numbers_read_as_people_write_them() -> None:
    assert [tokens_text(Decimal(n)) for n in ("0", "850", "10000", "95.6e6", "2e9", "1e18")] == [
        "0", "850", "10 k", "95.6 M", "2 B", "1,000,000,000 B"
    ]  # fmt: skip
    assert [money_text(Decimal(n)) for n in ("4000", "136.21", "0.07333", "0.3", "-250", "0", "1e15")] == [
        "$4,000", "$136.21", "$0.0733", "$0.30", "\N{MINUS SIGN}$250", "$0", "$1,000,000,000,000,000"
    ]  # fmt: skip
    assert [share_text(Decimal(n)) for n in ("0.0740", "1", "0.0004", "8.12")] == [
        "7.4 %", "100 %", "0.04 %", "812 %"
    ]  # fmt: skip
