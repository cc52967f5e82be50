"""Parts of the Decide page alone: words and figures, answers as they are typed, the beam, the memo's PDF."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint

from steelyard.core.base.errors import AppError
from steelyard.core.values.decision import Case, Change, Flip, SourceOpinion
from steelyard.ui.memo_pdf import memo_pdf, write_memo_pdf
from steelyard.ui.pages.decide_export import file_name
from steelyard.ui.pages.decide_keys import (
    KEYS,
    field_text,
    in_words,
    known_keys,
    parse,
    value_of,
    value_text,
    with_value,
)
from steelyard.ui.pages.decide_lines import (
    beam_of,
    change_line,
    changed_since,
    class_rows,
    flip_line,
    flip_title,
    opinion_count,
    opinion_rows,
    option_rows,
)
from steelyard.ui.widgets.decide_beam import BalanceBeam, BeamEnd, BeamState
from steelyard.ui.widgets.decide_words import confidence_text, day, money, percent, tokens
from ui.scripted_decide import CASE, DECISION, KEPT

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from steelyard.ui.theme.theme import Theme


def test_money_volumes_and_shares_are_short() -> None:
    assert [money(x) for x in ("208.5", "7000", "1250000", "0.0021", "0", None, "-136.21", "1e15")] == [
        "$208.50",
        "$7,000",
        "$1.25 M",
        "$0.0021",
        "$0",
        "—",
        "-$136.21",
        "$1,000 T",
    ]
    assert [tokens(x) for x in (95_600_000, 1_066_700_000.0, 304_000, 50, None, Decimal("1e18"))] == [
        "95.6 M",
        "1.07 B",
        "304 k",
        "50",
        "—",
        "1,000,000 T",
    ]
    assert [percent(x) for x in (0.84, "0.004", Decimal("0.075"), 1, None)] == [
        "84 %",
        "0.4 %",
        "7.5 %",
        "100 %",
        "—",
    ]


@pytest.mark.parametrize(
    "nonsense", ["NaN", "Infinity", "-Infinity", "words", float("nan"), float("inf"), True]
)
def test_what_is_no_number_is_never_shown_as_one(nonsense: object) -> None:
    assert money(nonsense) == tokens(nonsense) == percent(nonsense) == "—"


def test_a_date_is_read_out_and_nonsense_stays() -> None:
    assert day("2026-10-14T09:30:00Z") == "14 Oct 2026"
    assert day("some day") == "some day"


@pytest.mark.parametrize(
    ("key", "typed", "value"),
    [
        ("workload.tokens_month", "95.6 M", Decimal(95_600_000)),
        ("workload.tokens_month", "1.5B", Decimal(1_500_000_000)),
        ("workload.tokens_month", "1,000,000", Decimal(1_000_000)),
        ("workload.tokens_month", "2e9", Decimal(2_000_000_000)),
        ("sensitivity.sensitive_share", "31 %", Decimal("0.31")),
        ("api.price_in", "$2.50", Decimal("2.50")),
        ("api.price_in", "2,5", Decimal("2.5")),
        ("self.redundancy", "2", 2),
        ("workload.mix", "3:1", "3:1"),
        ("workload.tokens_month", "  ", None),
    ],
)
def test_answers_are_read_as_people_type_them(key: str, typed: str, value: object) -> None:
    assert parse(KEYS[key], typed) == value


@pytest.mark.parametrize("typed", ["many", "-5", "NaN", "inf", "1e9999", "5 5 x", "1..2", "0x10"])
def test_an_answer_that_is_no_number_says_what_would_be(typed: str) -> None:
    with pytest.raises(ValueError, match=r"Type a number such as"):
        parse(KEYS["workload.tokens_month"], typed)
    with pytest.raises(ValueError, match=r"such as"):
        parse(KEYS["self.redundancy"], "1.5")


@settings(max_examples=60, deadline=None)
@given(
    st.decimals(min_value=0, max_value=10**15, places=4),
    st.sampled_from(["usd", "share", "tokens", "number"]),
)
def test_what_a_field_shows_is_read_back_as_the_same_value(number: Decimal, kind: str) -> None:
    key = {
        "usd": "api.price_in",
        "share": "policy.tie_band",
        "tokens": "workload.tokens_month",
        "number": "workload.peak_to_mean",
    }[kind]
    spec = KEYS[key]
    assert parse(spec, field_text(spec, number)) == number


def test_every_key_of_a_case_is_asked() -> None:
    case = msgspec.to_builtins(Case(), str_keys=True)
    keys = {
        f"{part}.{name}"
        for part, fields in case.items()
        if part not in {"origins", "notes", "readiness"}
        for name in fields
    }
    assert keys == set(KEYS)


def test_an_answer_becomes_the_users_own() -> None:
    changed = with_value(CASE, "workload.tokens_month", Decimal(5))
    assert value_of(changed, "workload.tokens_month") == 5
    assert "workload.tokens_month" not in changed.origins
    assert "workload.tokens_month" not in changed.notes
    assert changed.origins["workload.mix"] == "measured"
    assert value_of(with_value(CASE, "self.redundancy", 2), "self.redundancy") == 2
    assert known_keys(Case()) == []


def test_values_are_told_in_their_units() -> None:
    told = {
        "workload.tokens_month": "95.6 M a month",
        "constraints.privacy": "Must not leave",
        "team.ml_capacity": "yes",
        "api.price_in": "$2.50 per M",
        "sensitivity.sensitive_share": "31 %",
        "workload.mix": "3:1",
        "constraints.latency_ms": "unknown",
    }
    assert {key: value_text(key, value_of(CASE, key)) for key in told} == told


def test_keys_of_the_file_are_told_in_words() -> None:
    assert in_words("workload.tokens_month and api.price_in of 2.5 are not known.") == (
        "Volume and API input price of 2.5 are not known."
    )
    assert in_words("my.api.priced is no key") == "my.api.priced is no key"


def test_flips_say_what_where_to_and_how_far() -> None:
    down = Flip(what="workload.tokens_month", from_=95_600_000.0, to="40200000", verdict="api")
    assert (flip_title(down), flip_line(down)) == (
        "Volume under 40.2 M a month",
        "now 95.6 M a month, down 57.9 %",
    )
    word = Flip(what="constraints.privacy", from_=None, to="hard", verdict="self_host")
    assert (flip_title(word), flip_line(word)) == ("Privacy: Must not leave", "now unknown")
    mix = Flip(what="workload.mix", from_="3:1", to="1:4", verdict="api")
    assert flip_title(mix) == "Mix: 1:4"
    other = Flip(what="energy.tariff", from_=1, to=2, verdict="api", text="Energy costs more.")
    assert flip_title(other) == "Energy costs more"


def test_changes_say_what_they_were() -> None:
    change = Change(what="api.price_in", before="2.5", after="2")
    assert change_line(change) == "API input price: $2.50 per M → $2 per M"
    assert changed_since(KEPT) == "changed from Self-host: Need of a frontier model: No → Some"
    assert changed_since(msgspec.structs.replace(KEPT, number=1)) == ""
    assert changed_since(msgspec.structs.replace(KEPT, changed=[])) == "nothing changed since the last one"


def test_confidence_has_its_share() -> None:
    assert confidence_text(DECISION) == "likely, 84 %"
    gates = msgspec.structs.replace(DECISION, confidence="clear", share_cheapest=None)
    assert confidence_text(gates) == "clear"


def test_the_four_ways_show_cost_range_and_what_speaks_against_them() -> None:
    rows = {row.key: [cell.text for cell in row.cells] for row in option_rows(DECISION)}
    assert rows["api"] == [
        "API only",
        "$418.38",
        "P10 to P90: $380.20 to $455.10",
        "—",
        "ruled out",
        "breaks privacy",
    ]
    assert rows["hybrid"][0] == "Hybrid, 88 % local"
    assert rows["hybrid"][4] == "verdict"
    assert rows["managed"][1:3] == ["—", "—"]
    unknown = option_rows(DECISION)[3].cells[1]
    assert "missing" in unknown.tip


def test_opinions_keep_their_quote_and_are_counted() -> None:
    row = opinion_rows(DECISION.presets)[0]
    assert [cell.text for cell in row.cells][2:] == [
        "undecided",
        "95.6 M is inside the band; your own crossover is 35.4 M",
        "no conflict",
    ]
    assert "\u201cAs said.\u201d" in row.cells[0].tip
    assert opinion_count(DECISION.presets) == "3 agree, 2 disagree, 1 undecided"
    assert opinion_count([]) == ""


def test_a_class_without_tokens_has_a_dash_and_a_reason() -> None:
    classes = [msgspec.structs.replace(DECISION.classes[0], token_share=None)]
    cell = class_rows(classes)[0].cells[1]
    assert cell.text == "—"
    assert "ledger" in cell.tip


# ---- the beam ----------------------------------------------------------------------------------------------


def test_the_beam_says_all_that_it_shows() -> None:
    state = beam_of(DECISION)
    assert state.verdict == "Hybrid, $208.50 a month"
    assert (state.share, state.low, state.high, state.cheaper) == (0.88, 0.31, 0.88, "local")
    for words in (
        "88 % local",
        "privacy: at least 31 % local",
        "quality: at most 88 % local",
        "$418.38; breaks privacy",
    ):
        assert words in state.spoken


def test_long_reasons_are_short_on_the_beam() -> None:
    api = msgspec.structs.replace(
        DECISION.options[0], why_not="It must not leave: privacy is hard. F2 says so."
    )
    decision = msgspec.structs.replace(DECISION, options=[api, *DECISION.options[1:]])
    assert beam_of(decision).api.note == "$418.38; it must not leave"


def test_a_managed_verdict_hangs_nowhere_and_unknown_costs_are_named() -> None:
    free = msgspec.structs.replace(DECISION, verdict="managed", local_share=None)
    assert beam_of(free).share is None
    bare = msgspec.structs.replace(DECISION, options=[], verdict="api", local_share=None)
    state = beam_of(bare)
    assert (state.share, state.api.note, state.cheaper, state.verdict) == (0.0, "—", "", "API")


@pytest.mark.parametrize("share", [0.0, 0.31, 0.5, 1.0, None])
@pytest.mark.parametrize(("low", "high"), [(None, None), (0.31, 0.88), (0.9, 0.2), (1.0, 1.0), (0.0, 0.0)])
def test_the_beam_paints_its_weight_where_the_share_is(
    qtbot: QtBot, theme: Theme, share: float | None, low: float | None, high: float | None
) -> None:
    beam = BalanceBeam(theme)
    qtbot.addWidget(beam)
    beam.resize(400, beam.sizeHint().height())
    beam.show_state(
        BeamState(BeamEnd("API only", "$1"), BeamEnd("Self-host only", "$2"), share, "Hybrid", low, high)
    )
    picture = beam.grab().toImage()
    brass = theme.color("accent_fill").rgb()
    if share is None:
        assert all(picture.pixel(QPoint(x, 90)) != brass for x in range(0, 400, 3))
    else:
        middle = min(max(beam.x_of(share), 26), 374)
        assert picture.pixel(QPoint(round(middle) - 14, 86)) == brass


# ---- the PDF -----------------------------------------------------------------------------------------------

_LONG = "<html><body><h1>Decision memo</h1>" + "<p>One more line of it.</p>" * 120 + "</body></html>"


@pytest.mark.parametrize("html", ["<h1>Short</h1>", _LONG])
def test_the_memo_is_one_page_of_pdf(qapp: QApplication, html: str) -> None:
    data = memo_pdf(html, "A case")
    assert data.startswith(b"%PDF")
    assert re.findall(rb"/Count (\d+)", data) == [b"1"]


def test_the_pdf_loads_nothing(qapp: QApplication, tmp_path: Path) -> None:
    picture = tmp_path / "secret.png"
    picture.write_bytes(b"no picture")
    html = f"<img src='{picture.as_uri()}'><link rel='stylesheet' href='http://192.0.2.1/x.css'><p>Text</p>"
    assert memo_pdf(html, "A case").startswith(b"%PDF")


def test_the_pdf_replaces_a_file_in_one_step(qapp: QApplication, tmp_path: Path) -> None:
    path = tmp_path / "memo.pdf"
    path.write_bytes(b"old")
    write_memo_pdf("<h1>Memo</h1>", path, "A case")
    assert path.read_bytes().startswith(b"%PDF")
    assert [one.name for one in tmp_path.iterdir()] == ["memo.pdf"]
    with pytest.raises(AppError, match="Could not save"):
        write_memo_pdf("<h1>Memo</h1>", tmp_path / "none" / "memo.pdf", "A case")


def test_names_of_files_are_harmless() -> None:
    assert file_name("../../etc: a <b>case</b>") == "Decision memo etc a b case b"
    assert file_name("") == "Decision memo"
    assert len(file_name("x" * 500)) < 80


def test_hostile_words_stay_words() -> None:
    opinion = SourceOpinion(id="X", says="api", agrees=True, source="<img src=x>", rule="<b>rule</b>")
    assert opinion_rows([opinion])[0].cells[0].text == "<b>rule</b>"
