"""`steelyard costs` and `decide` as somebody types them: golden numbers, hostile words, one line of error."""

from __future__ import annotations

import json
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from steelyard.cli.cost_texts import money
from steelyard.cli.main import run_command_line
from steelyard.cli.options import split_common

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Ask = Callable[..., Any]

GPT_4O = ("--price-in", "2.50", "--price-out", "10")
MINI = ("--price-in", "0.15", "--price-out", "0.60")
SONNET = ("--price-in", "3", "--price-out", "15")
GEMINI = ("--price-in", "1.25", "--price-out", "5")
DESKTOP = """
[hardware]
capex_usd = 2500
residual_share = 0.20
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
utilisation = 0.20
"""
CLOUD_A100 = """
[rent]
usd_month_per_machine = 3500
[people]
hours_month = 5
rate_usd = 100
scale_with_machines = true
[rates]
capacity_tokens_month = 2.5e9
[workload]
mix = "1:2"
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sy-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def run(home: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Ask:
    """Exit code, document and last line of stderr of one command line."""

    def one(*words: str) -> tuple[int, Any, str]:
        capfdbinary.readouterr()
        code = run_command_line(*split_common(["--json", "--home", str(home), *words]))
        out, err = capfdbinary.readouterr()
        lines = err.decode().splitlines()
        return code, json.loads(out), lines[-1] if lines else ""

    return one


@pytest.fixture
def answer(run: Ask) -> Ask:
    """The document of a command line that succeeds."""

    def one(*words: str) -> Any:
        code, document, error = run(*words)
        assert code == 0, error
        return document

    return one


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str, name: str = "a.toml") -> str:
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write


# ---- break-even, payback, hybrid (G1 to G9) ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("prices", "mix", "blended"),
    [
        (GPT_4O, "1:2", "7.5"),
        (MINI, "1:2", "0.45"),
        (SONNET, "1:2", "11"),
        (GEMINI, "1:2", "3.75"),
        (GPT_4O, "3:1", "4.375"),
        (MINI, "3:1", "0.2625"),
        (SONNET, "3:1", "6"),
        (GEMINI, "3:1", "2.1875"),
    ],
)
def test_blended_price_and_break_even(answer: Ask, prices: tuple[str, ...], mix: str, blended: str) -> None:
    for fixed in (2700, 10800, 4000, 6000):
        found = answer("costs", "break-even", "--fixed-usd-month", str(fixed), *prices, "--mix", mix)
        assert found["blended_usd_per_m"] == blended
        assert found["break_even_tokens_month"] == pytest.approx(fixed / float(blended) * 1e6, rel=1e-12)
        assert found["utilisation_at_break_even"] is None


@pytest.mark.parametrize(("capacity", "share"), [("2.5e9", 0.21333333), ("1e9", 0.5333333)])
def test_utilisation_at_break_even(answer: Ask, capacity: str, share: float) -> None:
    words = ("--fixed-usd-month", "4000", *GPT_4O, "--mix", "1:2", "--capacity-tokens-month", capacity)
    assert answer("costs", "break-even", *words)["utilisation_at_break_even"] == pytest.approx(share)


def test_never_says_why(answer: Ask) -> None:
    base = ("costs", "break-even", "--fixed-usd-month", "4000", *GPT_4O, "--mix", "1:2")
    small = answer(*base, "--capacity-tokens-month", "65.7e6")
    dear = answer(*base, "--marginal-usd-per-m", "7.5")
    assert small["break_even_tokens_month"] is None
    assert dear["break_even_tokens_month"] is None
    assert "capacity" in small["reason"]
    assert "812" in small["reason"]
    assert "capacity" not in dear["reason"]


@pytest.mark.parametrize(
    ("capex", "api", "opex", "months"),
    [
        ("15000", "2000", "0", 7.5),
        ("15000", "2000", "100", 15000 / 1900),
        ("15000", "2000", "125", 8.0),
        ("15000", "2000", "200", 15000 / 1800),
        ("15000", "2000", "700", 15000 / 1300),
        ("15000", "5000", "0", 3.0),
        ("15000", "2000", "2000", None),
        ("15000", "2000", "2500", None),
    ],
)
def test_payback(answer: Ask, capex: str, api: str, opex: str, months: float | None) -> None:
    found = answer("costs", "payback", "--capex", capex, "--api-usd-month", api, "--opex-usd-month", opex)
    assert found["payback_months"] == (None if months is None else pytest.approx(months, rel=1e-12))


def test_hybrid(answer: Ask) -> None:
    words = ("--local-share", "0.8", *GPT_4O, "--mix", "1:2", "--fixed-usd-month", "4000")
    two = answer("costs", "hybrid", "--tokens-month", "2000e6", *words)
    assert (two["api_usd"], two["hybrid_usd"]) == ("15000", "7000")
    assert two["saving_share"] == pytest.approx(8 / 15)
    assert two["break_even_tokens_month"] == pytest.approx(4000 / (0.8 * 7.5) * 1e6)
    third = answer("costs", "hybrid", "--tokens-month", "2666666666.6666667", *words)
    assert third["saving_share"] == pytest.approx(0.6)


# ---- TCO and curve (G2, G10, G11) --------------------------------------------------------------------------


def test_a_desktop_at_a_fifth_of_its_capacity(answer: Ask, file: Callable[..., str]) -> None:
    found = answer("costs", "tco", file(DESKTOP))
    monthly = {key: Decimal(value) for key, value in found["monthly"].items()}
    total = monthly.pop("total_usd")
    assert sum(monthly.values()) == total
    assert float(total) == pytest.approx(159.14289, rel=1e-6)
    assert float(monthly["depreciation_usd"]) == pytest.approx(2000 / 36)
    assert float(monthly["energy_usd"]) == pytest.approx(124 * 730.5 / 1000 * 0.15)
    assert found["capacity_tokens_month"] == pytest.approx(2_629_800 / 5500 * 1e6)
    assert found["utilisation"] == pytest.approx(0.2)
    assert (found["mix"], found["concurrency"]) == ("3:1", 1)
    assert float(found["usd_per_m"]) == pytest.approx(1.6642, rel=1e-4)
    assert float(found["marginal_usd_per_m"]) == pytest.approx(0.0733333, rel=1e-6)
    assert float(found["fixed_usd_month"]) == pytest.approx(152.130, rel=1e-5)
    back = answer(
        *("costs", "break-even", "--fixed-usd-month", found["fixed_usd_month"], *GPT_4O, "--mix", "3:1"),
        *("--marginal-usd-per-m", found["marginal_usd_per_m"]),
        *("--capacity-tokens-month", str(found["capacity_tokens_month"])),
    )
    assert back["break_even_tokens_month"] == pytest.approx(35.365e6, rel=1e-3)
    assert back["utilisation_at_break_even"] == pytest.approx(0.0740, rel=1e-3)


def test_the_table_of_the_source(answer: Ask, file: Callable[..., str]) -> None:
    volumes = "10e6,100e6,500e6,1000e6,5000e6,10000e6"
    found = answer("costs", "curve", file(CLOUD_A100), *GPT_4O, "--tokens", volumes)
    rows = found["rows"]
    assert [row["api_usd"] for row in rows] == ["75", "750", "3750", "7500", "37500", "75000"]
    assert [row["self_usd"] for row in rows] == ["4000", "4000", "4000", "4000", "8000", "16000"]
    assert [row["machines"] for row in rows] == [1, 1, 1, 1, 2, 4]
    assert [row["winner"] for row in rows] == ["api", "api", "tie", *["self_host"] * 3]
    (crossing,) = found["crossings"]
    assert crossing["tokens_month"] == pytest.approx(4000 / 7.5 * 1e6)
    assert crossing["stable_above"] is True


def test_people_who_do_not_scale(answer: Ask, file: Callable[..., str]) -> None:
    profile = CLOUD_A100.replace("scale_with_machines = true", "")
    found = answer("costs", "curve", file(profile), *GPT_4O, "--tokens", "5e9,10e9")
    assert [row["self_usd"] for row in found["rows"]] == ["7500", "14500"]


def test_a_whole_post_moves_the_crossover(answer: Ask, file: Callable[..., str]) -> None:
    profile = CLOUD_A100.replace(
        "hours_month = 5\nrate_usd = 100", "fte_share = 0.5\nsalary_usd_year = 150000"
    )
    found = answer("costs", "curve", file(profile), *GPT_4O, "--tokens", "1e9")
    assert found["crossings"][0]["tokens_month"] == pytest.approx(1300e6)


# ---- prices (G12, G13) -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "usd"),
    [
        (("--input", "10000", "--output", "500", "--cached", "8000"), "0.0159"),
        (("--input", "10000", "--output", "500", "--cache-write", "8000"), "0.0435"),
        (("--input", "10000", "--output", "500"), "0.0375"),
        (("--input", "10000", "--output", "500", "--batch"), "0.01875"),
    ],
)
def test_a_cached_prompt(answer: Ask, words: tuple[str, ...], usd: str) -> None:
    found = answer("costs", "price", "anthropic/claude-3-5-sonnet", *words)
    assert found["usd"] == usd
    assert sum(Decimal(part["usd"]) for part in found["parts"]) == Decimal(usd)
    assert found["price_date"]


def test_hidden_reasoning_is_billed(answer: Ask) -> None:
    words = ("--input", "0", "--output", "200", "--reasoning", "1800")
    assert answer("costs", "price", "openai/gpt-4o", *words)["usd"] == "0.02"


def test_an_unknown_model_names_its_neighbours(run: Ask) -> None:
    code, document, error = run("costs", "price", "openai/gpt-4oo", "--input", "1", "--output", "1")
    assert code == 2
    assert "gpt-4o" in error
    assert "error" in document


# ---- sensitivity (G14) -------------------------------------------------------------------------------------


def test_tornado(answer: Ask, file: Callable[..., str]) -> None:
    case = (
        '[workload]\ntokens_month = 500e6\nmix = "1:2"\n[api]\nprice_in = 2.5\nprice_out = 10\n'
        "[self]\nfixed_usd_month = 4000\n"
    )
    found = answer("costs", "sensitivity", file(case))
    assert found["base_usd_month"] == "-250"
    bars = {bar["what"]: (bar["saving_low_usd"], bar["saving_high_usd"]) for bar in found["bars"]}
    assert bars["self.fixed_usd_month"] == ("550", "-1050")
    assert bars["workload.tokens_month"] == ("-1000", "500")
    assert bars["api.price"] == ("-1000", "500")
    assert bars["workload.mix"] == ("-875", "250")
    assert next(iter(bars)) == "self.fixed_usd_month"
    assert list(bars)[-1] == "workload.mix"


# ---- ledger, scenarios, memo -------------------------------------------------------------------------------


def test_an_empty_ledger_knows_nothing(answer: Ask, tmp_path: Path) -> None:
    target = tmp_path / "ledger.csv"
    found = answer("costs", "ledger", "--csv", str(target))
    assert found["rows"] == []
    assert found["total"]["api_usd"] in (None, "0")
    assert found["forecast"]["is_enough"] is False
    assert found["forecast"]["tokens_month"] is None
    assert target.read_text().count("\n") >= 1


def test_each_shipped_scenario_comes_out_as_its_source_says(answer: Ask) -> None:
    listed = answer("decide", "scenarios")["scenarios"]
    assert len(listed) == 4
    verdicts = {one["name"]: answer("decide", "scenario", one["name"])["verdict"] for one in listed}
    assert verdicts == {one["name"]: one["source_says"] for one in listed}
    assert sorted(verdicts.values()) == ["api", "hybrid", "self_host", "self_host"]


def test_memo_and_history(answer: Ask, file: Callable[..., str], tmp_path: Path) -> None:
    case = file('[workload]\ntokens_month = 50e6\nmix = "1:2"\n[api]\nmodel = "openai/gpt-4o"\n')
    memo = tmp_path / "memo.html"
    first = answer("decide", case, "--memo", str(memo), "--keep", "Assistant")
    again = answer("decide", case, "--keep", "Assistant")
    assert (first["number"], again["number"]) == (1, 2)
    assert "<script" not in memo.read_text()
    heads = answer("decide", "history")["decisions"]
    assert [head["number"] for head in heads] == [2, 1]
    assert answer("decide", "history", first["id"])["verdict"] == first["verdict"]


def test_nothing_measured_is_provisional(answer: Ask) -> None:
    found = answer("decide", "--from-ledger")
    assert found["confidence"] == "provisional"
    assert "workload.tokens_month" in {one["what"] for one in found["unknowns"]}


@pytest.mark.parametrize("words", [("costs", "tco"), ("costs", "sensitivity"), ("decide",)])
def test_every_key_is_explained(answer: Ask, words: tuple[str, ...]) -> None:
    keys = answer(*words, "--explain")["keys"]
    assert len(keys) > 20
    assert all(one["meaning"] and one["unit"] for one in keys)


# ---- words that cannot be meant ----------------------------------------------------------------------------

BASE = ("costs", "break-even", "--fixed-usd-month", "4000", *GPT_4O)


@pytest.mark.parametrize(
    "words",
    [
        (*BASE, "--mix", "0:0"),
        (*BASE, "--mix", "three:one"),
        (*BASE, "--mix", "-1:2"),
        (*BASE, "--mix", "nan:1"),
        (*BASE, "--mix", "1:2", "--capacity-tokens-month", "0"),
        (*BASE, "--mix", "1:2", "--capacity-tokens-month", "1e30"),
        ("costs", "break-even", "--fixed-usd-month", "-1", *GPT_4O, "--mix", "1:2"),
        ("costs", "break-even", "--fixed-usd-month", "NaN", *GPT_4O, "--mix", "1:2"),
        ("costs", "payback", "--capex", "inf", "--api-usd-month", "1", "--opex-usd-month", "0"),
        ("costs", "hybrid", "--tokens-month", "1e6", "--local-share", "1.3", *GPT_4O, "--mix", "1:2"),
        ("costs", "price", "openai/gpt-4o", "--input", "-5", "--output", "1"),
        ("costs", "price", "openai/gpt-4o", "--input", "5", "--output", "1", "--cached", "6"),
        ("costs", "price", "openai/gpt-4o", "--input", "5", "--output", "1", "--date", "soon"),
        ("costs", "tco", "/nowhere/profile.toml"),
        ("costs", "tco"),
        ("costs", "ledger", "--since", "yesterday"),
        ("decide",),
        ("decide", "scenario", "nonsense"),
        ("decide", "history", "x", "y"),
        ("decide", "--from-ledger", "--memo", "memo.docx"),
    ],
)
def test_silly_words_are_one_clear_line(run: Ask, words: tuple[str, ...]) -> None:
    code, document, error = run(*words)
    assert code == 2, document
    assert error.startswith("steelyard: ")
    assert "Traceback" not in error
    assert document["error"]["detail"]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("life_months = 36", "life_months = 0", "life_months"),
        ("utilisation = 0.20", "utilisation = 1.3", "utilisation"),
        ("utilisation = 0.20", "tokens_month = 1e30", "tokens_month"),
        ("utilisation = 0.20", "tokens_month = 900e6", "machine"),
        ("utilisation = 0.20", "utilisation = 0.2\ntokens_month = 1e6", "tokens_month"),
        ("capex_usd = 2500", "capex_usd = -2500", "capex_usd"),
        ("capex_usd = 2500", "capex_usd = nan", "capex_usd"),
        ("capex_usd = 2500", "capex_usd = true", "capex_usd"),
        ("capex_usd = 2500", "capex = 2500", "capex_usd"),
        ('mix = "3:1"', 'mix = "0:0"', "mix"),
        ("[rates]", "[rate]", "rates"),
        ("active_decode_w = 380", "active_decode_w = 10", "active_decode_w"),
        ("rate_usd = 60", "", "rate_usd"),
    ],
)
def test_silly_profiles_name_the_key(
    run: Ask, file: Callable[..., str], old: str, new: str, key: str
) -> None:
    assert old in DESKTOP
    code, _, error = run("costs", "tco", file(DESKTOP.replace(old, new)))
    assert code == 2
    assert key in error


def test_a_text_for_people(home: Path, capsys: pytest.CaptureFixture[str], file: Callable[..., str]) -> None:
    for words in (
        ["costs", "tco", file(DESKTOP)],
        ["costs", "curve", file(DESKTOP), *GPT_4O, "--tokens", "1e6,1e9"],
        ["costs", "ledger"],
        ["costs", "prices", "gpt-4o", "--limit", "3"],
        ["costs", *BASE[1:], "--mix", "1:2"],
        ["decide", "scenario", "ecommerce"],
        ["decide", "scenarios"],
        ["decide", "history"],
    ):
        assert run_command_line(*split_common(["--home", str(home), *words])) == 0, words
        out = capsys.readouterr().out
        assert out.strip(), words
        assert "Infinity" not in out
        assert "nan" not in out.lower().split(), words


@pytest.mark.parametrize("number", ["١٢", "1_000", "1.5", "-1"])
def test_token_counts_are_plain_digits(run: Ask, number: str) -> None:
    code, document, line = run("costs", "price", "openai/gpt-4o", f"--input={number}", "--output=1")
    assert (code, document["error"]["title"]) == (2, "Wrong usage")
    assert "is not a whole number from 0" in line


def test_a_device_named_for_a_csv_is_written_to_and_stays(run: Ask, tmp_path: Path) -> None:
    """Renaming a file over it would take the device from everybody."""
    device = tmp_path / "null"
    device.symlink_to("/dev/null")
    code, _, line = run("costs", "ledger", "--csv", str(device))
    assert (code, device.is_symlink()) == (0, True), line


def test_a_profile_whose_name_is_no_path(run: Ask, tmp_path: Path) -> None:
    case = tmp_path / "case.toml"
    case.write_text('[self]\nprofile = "a\\u0000b"\n')
    code, document, line = run("costs", "sensitivity", str(case))
    assert (code, document["error"]["title"]) == (2, "A file cannot be read")
    assert line.endswith("is no path. Check the path.")


def test_money_in_tables_has_its_sign_in_front() -> None:
    shown = [money(usd) for usd in ("-0.2017", "-0.00001", "-3", "0", "0.5", None)]
    assert shown == ["-$0.2017", "-$0.00001", "-$3.00", "$0.00", "$0.5", "—"]
