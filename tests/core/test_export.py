"""Exports of a comparison: complete, readable elsewhere, and harmless whatever a model or a person wrote."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.comparisons import answer, comparison, failed
from steelyard.core.base.redaction import remember_secret
from steelyard.core.compare.export.exporting import export

if TYPE_CHECKING:
    from steelyard.core.values.comparison import ComparisonHistory, ExportFormat

FORMATS: list[ExportFormat] = ["md", "json", "csv", "html"]
HOSTILE = [
    "</pre><script>alert(1)</script>",
    "````\n```\n~~~~~\n# not a heading\n```html\n<b>",
    "<img src=http://10.0.0.1/x onerror=alert(1)><svg/onload=alert(1)>",
    "</style></head><body onload=x>&lt;script&gt;",
    "\u202eevil\u202c \u2066x",
    "nul \x00 esc \x1b[31m \x9b bell \x07 \r lone",
    "[click](javascript:alert(1)) ![x](file:///etc/passwd) <http://evil.example>",
    '"><script src="//evil.example/x.js"></script>',
    "| a | b |\n|---|---|\n| <script> | `</td>` |",
    "`" * 5000 + "*" * 5000 + "_" * 5000,
    "- " * 3000 + "\n> " * 500,
]
TAGS = """
    html head meta title style body h1 h2 h3 h4 h5 h6 p span div dl dt dd article header bdi details summary
    pre code strong em ul li b blockquote hr br table tr th td footer
"""
ALLOWED_TAGS = set(TAGS.split())
VOID_TAGS = {"meta", "br", "hr"}
ALLOWED_ATTRIBUTES = {"class", "dir", "lang", "charset", "name", "content", "http-equiv", "style", "open"}


class Reader(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.styles: set[str] = set()
        self.policy = ""
        self.text = ""
        self.open: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.open += [] if tag in VOID_TAGS else [tag]
        found = dict(attrs)
        self.attributes |= {name for name in found if not name.startswith("data-depth")}
        self.styles |= {found["style"] or ""} if "style" in found else set()
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"] or ""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, "a browser would have to guess"

    def handle_data(self, data: str) -> None:
        self.text += data


def exported(history: ComparisonHistory, form: ExportFormat) -> str:
    done = export(history, form)
    assert done.name.endswith(f".{form}")
    assert re.fullmatch(r"[a-z0-9.-]+", done.name)
    return done.text


def rows(history: ComparisonHistory) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(exported(history, "csv"), newline="")))


@pytest.mark.parametrize("form", ["md", "html"])
def test_tells_everything_of_a_comparison(form: ExportFormat) -> None:
    text = exported(comparison(), form)
    shown = Reader(text).text if form == "html" else text.replace("\\", "")
    for words in (
        "Review this migration",
        "You are careful",
        "qwen",
        "gpt-mini",
        "Lock risk: medium",
        "b9000",
        "sha256 aaaaaaaaaaaa",
        "fp_1",
        "api.example.com",
        "41 ms",
        "148.2 tok/s",
        "187 → 338",
        "the model was loaded for this run",
        "Rerun warm",
        "1,000 such",
        "A month of 50,000",
        "local, electricity only (marginal)",
        "local, all-in (with the machine)",
        "API price",
        "steelyard compare --target qwen --target gpt-mini",
        "--seed 7",
        "steelyard compare replay",
        "loading a model is in none of them",
    ):
        assert words in shown, words


def test_a_page_needs_nothing_from_elsewhere() -> None:
    page = exported(comparison(), "html")
    read = Reader(page)
    assert "default-src 'none'" in read.policy
    assert "style-src 'unsafe-inline'" in read.policy
    assert "script-src" not in read.policy
    assert not re.search(r"url\(|@import|@font-face|src=|href=|<script|<link|<img|<iframe", page)
    assert "prefers-color-scheme:dark" in page
    assert "@media print" in page


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_model_wrote_cannot_act_in_a_page(text: str) -> None:
    history = comparison(answer(0, text=text, reasoning=text), title=text, question=text)
    read = Reader(exported(history, "html"))
    assert set(read.tags) <= ALLOWED_TAGS
    assert read.attributes <= ALLOWED_ATTRIBUTES
    assert all(re.fullmatch(r"background:var\(--s[1-5]\)", style) for style in read.styles)
    assert "\x00" not in read.text
    assert "\x1b" not in read.text


@given(st.text(max_size=300))
@settings(max_examples=100, deadline=None)
def test_no_text_makes_a_tag_or_is_lost(text: str) -> None:
    read = Reader(exported(comparison(answer(0, text=text)), "html"))
    assert set(read.tags) <= ALLOWED_TAGS
    words = re.findall(r"[A-Za-z0-9]{2,}", text)
    assert all(word in read.text for word in words)


@pytest.mark.parametrize("text", HOSTILE)
def test_an_answer_cannot_leave_its_markdown_block(text: str) -> None:
    lines = exported(comparison(answer(0, text=text), answer(1, text="the other")), "md").split("\n")
    fence, outside = "", list[str]()
    for line in lines:
        opening = re.match(r"(`{3,})", line)
        if not fence and opening:
            fence = opening[1]
        elif fence and re.fullmatch(rf"`{{{len(fence)},}}", line):
            fence = ""
        elif not fence:
            outside.append(line)
    assert fence == "", "a block is still open at the end"
    shown = "\n".join(outside)
    assert "### gpt\\-mini" in shown.replace("gpt-mini", "gpt\\-mini")
    assert "<" not in shown.replace("\\<", "")


@pytest.mark.parametrize("form", FORMATS)
def test_lone_surrogates_and_nul_are_no_obstacle(form: ExportFormat) -> None:
    history = comparison(answer(0, text="a\ud800b\x00c"), title="\udfff", question="q\udc00")
    text = exported(history, form)
    text.encode("utf-8")
    if form != "json":
        assert "\x00" not in text


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_of_this_machine_leaves(form: ExportFormat) -> None:
    remember_secret("canary-key-4711")
    history = comparison(
        answer(0, text="my key is canary-key-4711 and sk-abcdefghijklmnop"),
        failed(1, "cannot open /home/alice/secret-folder/x.gguf at http://10.1.2.3:99/v1/models"),
        targets=["/home/alice/secret-folder/qwen.gguf", "~/secret-folder/qwen.gguf"],
    )
    text = exported(history, form)
    for canary in ("alice", "secret-folder", "canary-key", "sk-abcdef", "10.1.2.3"):
        assert canary not in text, canary
    assert "qwen.gguf (2)" in text or form == "csv"


def test_json_has_the_whole_history_by_the_contracts_names() -> None:
    history = comparison()
    document = json.loads(exported(history, "json"))
    assert document["comparison"] == json.loads(msgspec.json.encode(history))
    run = document["comparison"]["columns"][0]["answers"][0]["run"]
    assert run["class"] == "code"
    assert document["comparison"]["summary"]["qwen"]["outlook"]["marginal"]["per_1000_usd"] == "0.86"
    assert document["exclusions"][0]["target"] == "qwen"


def test_csv_is_a_table_with_a_line_for_each_run() -> None:
    first, second = rows(comparison())
    assert first["target"] == "qwen"
    assert first["answer"].startswith("## Lock risk: medium\n")
    assert float(first["ttft_ms"]) == 41.2
    assert first["usd"] == "0.00086"
    assert first["usd_basis"] == "local_full"
    assert first["not_comparable"] == "e2e_ms ttft_ms"
    assert first["not_comparable_why"].startswith("cold_start: ")
    assert second["joules"] == "", "unknown is empty, not 0"
    assert second["endpoint_host"] == "api.example.com"


FORMULAS = ["=1+1", "+1", "-1", "@x", "\t=1", "  =1", "\r=1", "\n=cmd|' /C calc'!A0", "\uff1d1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_is_a_formula(text: str) -> None:
    for row in rows(comparison(answer(0, text=text, reasoning=text), question=text)):
        assert not [cell for cell in row.values() if re.match(r" *[=+\-@\t\r\n\uff1d]", cell)]


def test_a_negative_number_would_stay_a_number() -> None:
    """Only text is quoted, so that spreadsheets can calculate with figures."""
    (row, *_) = rows(comparison(answer(0, text="-5 degrees")))
    assert row["answer"] == "'-5 degrees"
    assert float(row["gen_tps"]) == 148.2


@pytest.mark.parametrize("form", FORMATS)
def test_turns_branches_rows_and_repeats_are_told_apart(form: ExportFormat) -> None:
    history = comparison(
        answer(0, id_="r1"),
        answer(0, id_="r2", repeat=1, text="second time"),
        answer(1, id_="r3"),
        answer(0, id_="r4", turn=1, question="And with 2 rows?", parent="r1", text="follow-up"),
        answer(0, id_="r5", turn=1, question="Another branch", parent="r1", text="branched"),
    )
    text = exported(history, form)
    for words in ("second time", "follow-up", "branched", "Another branch"):
        assert words in text
    if form in ("md", "html"):
        assert "run 2 of 2" in text
        assert "Turn 2, branch 2" in text


def test_rows_of_a_table_carry_their_values() -> None:
    cases = [{"city": "Rome"}, {"city": "Oslo"}]
    history = comparison(
        answer(0, id_="r1", question="Where is Rome?"),
        answer(0, id_="r2", case=1, question="Where is Oslo?"),
        plan={"prompt": "Where is {city}?", "cases": cases},
    )
    page = Reader(exported(history, "html")).text
    assert "Row 2" in page
    assert "Oslo" in page
    assert "--vars table.csv" in page


@pytest.mark.parametrize("form", FORMATS)
def test_a_big_answer_is_exported_whole(form: ExportFormat) -> None:
    text = "line of text with `code` and **bold**\n" * 60_000 + "THE END"
    shown = exported(comparison(answer(0, text=text)), form)
    if form == "csv":
        assert "more characters" in shown
    else:
        assert "THE END" in shown


def test_an_older_comparison_without_a_plan_can_be_exported() -> None:
    history = msgspec.structs.replace(comparison(), plan=None, summary={}, not_comparable=[])
    for form in FORMATS:
        assert "Lock risk" in exported(history, form)


def test_deep_nesting_in_somebodys_schema_ends_nothing() -> None:
    deep: dict[str, Any] = {}
    inner = deep
    for _ in range(300):
        inner["properties"] = inner = {}
    for form in FORMATS:
        exported(comparison(plan={"sampling": {"json_schema": deep}}), form)
