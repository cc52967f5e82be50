"""The decision memo, and the case in it as text that can be decided again."""

from __future__ import annotations

import re
from decimal import Decimal
from html import unescape
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.core.base.errors import UsageError
from steelyard.core.base.paths import data_root
from steelyard.core.costs.machines.profile_file import read_profile
from steelyard.core.decide.cases.case_file import CASE_KEYS, checked_case, read_case
from steelyard.core.decide.cases.case_text import PROFILE_NAME, case_toml, profile_toml, stated
from steelyard.core.decide.cases.case_values import with_value
from steelyard.core.decide.memo.memo import memo_html, memo_json
from steelyard.core.decide.sources.book import DecisionShelf
from steelyard.core.decide.verdict.gates import Evidence
from steelyard.core.decide.verdict.verdict import decide
from steelyard.core.values import costs as rows
from steelyard.core.values.costs import CostProfile
from steelyard.core.values.decision import (
    Case,
    Change,
    ClassRoute,
    Decision,
    Flip,
    OptionCost,
    Reason,
    SourceOpinion,
    Unknown,
)
from steelyard.core.values.settings import DecideSettings

if TYPE_CHECKING:
    from steelyard.core.costs.prices.price_book import TokenPrices
    from steelyard.core.costs.toml_in import KeyRule

BOOK = DecisionShelf(data_root() / "resources" / "presets").book(DecideSettings())
HOSTILE = '<script src="https://evil.example/x.js"></script>\u202e\x1b[31m" onload="x'


def no_profile(name: str) -> CostProfile:
    raise AssertionError(name)


def no_price(name: str) -> TokenPrices:
    raise AssertionError(name)


def decision(case: Case, **changes: Any) -> Decision:
    """As the engine makes one, with a bit of everything that a memo shows."""
    saas = Decision(
        verdict="hybrid",
        pattern="overflow",
        confidence="likely",
        reasons=[Reason(code="cost", text=f"Hybrid is ${n} less", origin="user") for n in range(9)],
        presets=[
            SourceOpinion(id=f"P{n}", says="api", agrees=agrees, source="F1, S25")
            for n, agrees in enumerate((True, True, False, None))
        ],
        unknowns=[Unknown(what="team.ml_capacity", how_to_settle="say whether somebody can run it")],
        flips=[Flip(what="workload.tokens_month", from_=2e9, to=5.9e8, verdict="api")],
        options=[
            OptionCost(
                name="api", feasible=False, usd_month_p10="14000", usd_month_p50="15000",
                usd_month_p90="16000.5", why_not="a part must not leave",
            ),
            OptionCost(
                name="managed", feasible=True, usd_month_p10=None, usd_month_p50=None, usd_month_p90=None
            ),
        ],
        summary="Keep four fifths here, send the rest.",
        share_cheapest=0.84,
        classes=[ClassRoute(name="Patient", token_share=None, route="local", why="local only")],
        sensitivity=rows.Sensitivity(
            base_usd_month="-250",
            bars=[
                rows.Bar(
                    what="self.fixed_usd_month", low=3200.0, high=4800.0,
                    saving_low_usd="550", saving_high_usd="-1050",
                )
            ],
        ),
        case=case,
        number=3,
        at="2026-10-14T09:00:00.000Z",
        title="Production assistant",
        changed=[Change(what="verdict", before="api", after="hybrid", text="verdict API → Hybrid")],
    )  # fmt: skip
    return msgspec.structs.replace(saas, **changes)


ECOMMERCE = next(one.case for one in BOOK.scenarios if one.id == "ecommerce")


def test_the_page_says_all_that_a_decision_rests_on() -> None:
    case = msgspec.structs.replace(
        ECOMMERCE, origins={**ECOMMERCE.origins, "workload.tokens_month": "measured"}
    )
    page = memo_html(decision(case))
    for words in (
        "verdict 3, 2026-10-14",
        "Production assistant",
        "2 B tokens a month: API, own machines, both",
        "Hybrid",
        "likely, 84 %",
        "Keep four fifths here",
        "verdict API → Hybrid",
        "a part must not leave",
        "$16,000.50",
        "2 agree, 1 disagree, 1 do not decide it",
        "say whether somebody can run it",
        "steelyard decide CASE.toml",
        "2 B → 590 M, then API",
        "Own machines cost $250 a month more than the API",
        "and 4 more",
    ):
        assert words in unescape(page), words
    assert page.count("<td>Tokens a month</td><td>2 B</td><td>measured</td>") == 2  # workload, measured facts


def test_what_is_not_known_is_a_dash_with_a_reason() -> None:
    page = memo_html(decision(Case(), sensitivity=None, reasons=[], number=0, at=""))
    assert "An unknown volume of tokens a month" in page
    assert "<td>Tokens a month</td><td>—</td><td>not stated</td>" in page
    assert "Nothing in this case was measured." in page
    assert "— It takes volume, prices and fixed costs." in page
    assert re.search(r"not kept, 20\d\d-\d\d-\d\d", page)


def test_the_page_stays_one_page() -> None:
    """The text that a page of A4 holds at this size; the lists are cut, whatever comes."""
    long = "word " * 400
    many = decision(
        ECOMMERCE,
        title=long,
        summary=long,
        reasons=[Reason(code="x", text=long, origin="user") for _ in range(200)],
        flips=[Flip(what="api.price_in", from_=1, to=2, verdict="api", text=long) for _ in range(200)],
        unknowns=[Unknown(what="api.baa", how_to_settle=long) for _ in range(200)],
        classes=[ClassRoute(name=long, token_share=None, route="api", why=long) for _ in range(200)],
        changed=[Change(what="x", before=1, after=2, text=long) for _ in range(200)],
    )
    text = unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", memo_html(many), flags=re.DOTALL))
    assert len(" ".join(text.split())) < 9_000


def test_nothing_that_somebody_wrote_acts() -> None:
    case = with_value(with_value(Case(), "api.model", HOSTILE), "constraints.regime", "</pre><b>x")
    page = memo_html(
        decision(
            case,
            title=HOSTILE,
            summary=HOSTILE,
            reasons=[Reason(code="x", text=HOSTILE, origin="user", source=HOSTILE)],
            unknowns=[Unknown(what=HOSTILE, how_to_settle=HOSTILE)],
            flips=[Flip(what="api.model", from_=HOSTILE, to=HOSTILE, verdict="api")],
            classes=[ClassRoute(name=HOSTILE, token_share=None, route="api", why=HOSTILE)],
        )
    )
    assert "<script" not in page
    assert "\u202e" not in page
    assert "\x1b" not in page
    assert page.count("</pre>") == 1
    assert "default-src 'none'" in page
    assert not re.search(r"<(img|link|a|iframe|svg|form)\b|url\(|@import", page)


def test_no_folder_and_no_key_of_this_machine_leaves_with_it() -> None:
    case = msgspec.structs.replace(
        with_value(Case(), "workload.tokens_month", Decimal(5)),
        origins={"workload.tokens_month": "measured"},
        notes={"workload.tokens_month": "this machine with /home/ada/models/q4.gguf"},
    )
    told = decision(case, title="sk-abcdefghijklmnopqrstuvwxyz0123456789", summary="see ~/notes/x.txt \ud800")
    for text in (memo_html(told), memo_json(told)):
        assert "ada" not in text
        assert "q4.gguf" in text
        assert "sk-abcdefghij" not in text
        assert "~/notes" not in text
        text.encode()


def test_the_json_has_the_contract_and_the_memo() -> None:
    made = decision(ECOMMERCE)
    found = msgspec.json.decode(memo_json(made))
    contract = ("verdict", "pattern", "confidence", "reasons", "presets", "unknowns", "flips", "options")
    assert all(key in found for key in contract)
    assert found["flips"][0]["from"] == 2e9
    assert found["memo"]["sources"] == {"agree": 2, "disagree": 1, "undecided": 1}
    assert found["memo"]["question"].startswith("2 B tokens")
    assert msgspec.convert(found, Decision, strict=False).verdict == made.verdict
    again = read_case(found["memo"]["case_toml"], no_profile)
    assert stated(again) == stated(ECOMMERCE)


def test_the_block_of_the_page_can_be_decided_again() -> None:
    block = re.search(r"<pre>(.*?)</pre>", memo_html(decision(ECOMMERCE)), re.DOTALL)
    assert block is not None
    assert stated(read_case(unescape(block[1]), no_profile)) == stated(ECOMMERCE)
    assert "peak_to_mean = 5  # preset: the source says spikes" in block[1]


def test_what_is_pasted_gives_the_same_verdict() -> None:
    first = decide(ECOMMERCE, Evidence(), BOOK, no_price)
    again = read_case(msgspec.json.decode(memo_json(first))["memo"]["case_toml"], no_profile)
    second = decide(again, Evidence(), BOOK, no_price)
    assert first.verdict == "hybrid"
    assert (second.verdict, second.options, second.flips) == (first.verdict, first.options, first.flips)
    assert memo_html(first).count("<pre>") == 1


def test_a_profile_comes_along_as_a_file_of_its_own() -> None:
    profile = CostProfile(
        hardware=rows.HardwarePart(capex_usd=Decimal(2500), life_months=Decimal(36), machines=2),
        rates=rows.RatesPart(gen_tps=Decimal("148.25"), prompt_tps=Decimal(5900)),
        origins={"rates.gen_tps": "measured"},
        notes={"rates.gen_tps": "a sweep\non this machine"},
    )
    case = with_value(Case(), "self.profile", profile)
    page = memo_html(decision(case))
    assert "<td>Answer tokens/s</td><td>148.2</td><td>measured, a sweep on this machine</td>" in page
    names: list[str] = []

    def read_at(name: str) -> CostProfile:
        names.append(name)
        return read_profile(profile_toml(profile, with_origins=True))

    again = read_case(case_toml(case, with_origins=True), read_at)
    assert names == [PROFILE_NAME]
    assert again.self_.profile is not None
    assert stated(again.self_.profile) == stated(profile)


# Any case that the engine takes comes back as it was


def _values(key: str, rule: KeyRule) -> st.SearchStrategy[Any]:
    if rule.kind == "yes_no":
        return st.booleans()
    if key == "workload.mix":
        return st.sampled_from(["1:2", "3:1", "1:0", "0.25:0.75"])
    if rule.kind == "text":
        return st.sampled_from(rule.choices) if rule.choices else st.text(_printable, min_size=1, max_size=40)
    low, high = rule.low or Decimal(0), rule.high or Decimal(10**15)
    if rule.kind == "whole":
        return st.integers(int(low), int(high))
    return st.decimals(low, high, allow_nan=False, allow_infinity=False)


_printable = st.characters(codec="utf-8")


@st.composite
def cases(draw: st.DrawFn) -> Case:
    keys = draw(st.lists(st.sampled_from(sorted(CASE_KEYS.keys() - {"self.profile"})), unique=True))
    case = Case()
    for key in keys:
        case = with_value(case, key, draw(_values(key, CASE_KEYS[key])))
    return case


@given(cases())
@settings(max_examples=60, deadline=None)
def test_a_case_as_text_reads_back_the_same(case: Case) -> None:
    try:
        checked_case(case)
    except UsageError:
        return
    for with_origins in (False, True):
        named = msgspec.structs.replace(case, origins=dict.fromkeys(CASE_KEYS, "preset"))
        assert read_case(case_toml(named, with_origins=with_origins), no_profile) == case


@pytest.mark.parametrize("example", BOOK.scenarios, ids=lambda one: one.id)
def test_scenarios_read_back_the_same(example: Any) -> None:
    again = read_case(case_toml(example.case, with_origins=True), no_profile)
    assert stated(again) == stated(example.case)
