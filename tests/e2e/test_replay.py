"""`compare export|replay|resume|list|show|rm` on comparisons that a real llama-server answered."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from fakes.gguf_files import STRING, tiny_model

from .harness import Cli, Done, error_of

if TYPE_CHECKING:
    from pathlib import Path

    from fakes.fake_api import FakeApi

PROMPT = "Name three colours of the sea, and say why. Grüße!"
SEEDED = ["--max-tokens", "24", "--temperature", "0.9", "--seed", "11"]


def compare(cli: Cli, *words: str) -> dict[str, Any]:
    done = cli("compare", *words, "--json")
    assert done.code == 0, done.err
    return done.document["comparison"]


def replay(cli: Cli, comparison: dict[str, Any], *words: str) -> dict[str, Any]:
    document = cli.json("compare", "replay", comparison["id"], *words)
    assert list(document) == ["replay"]
    return document["replay"]


@pytest.fixture(scope="module")
def seeded(module_cli: Cli) -> dict[str, Any]:
    """A comparison of the starter alone: a seed, one slot, no prompt cache."""
    return compare(module_cli, "--target", "starter", "--prompt", PROMPT, *SEEDED, "--tag", "kind=colours")


def test_three_replays_are_byte_identical(module_cli: Cli, seeded: dict[str, Any]) -> None:
    text = seeded["runs"][0]["text"]
    assert len(text) > 20
    for _ in range(3):
        again = replay(module_cli, seeded)
        assert again["of"] == seeded["id"]
        assert again["is_identical"] is True
        (answer,) = again["answers"]
        assert answer["reasons"] == []
        assert answer["first_difference_char"] is None
        assert answer["original_run_id"] == seeded["runs"][0]["id"]
        (run,) = again["comparison"]["runs"]
        assert run["id"] == answer["run_id"] != answer["original_run_id"]
        assert run["text"].encode() == text.encode()
        assert run["target"]["weights"]["sha256"] == seeded["runs"][0]["target"]["weights"]["sha256"]


def test_other_settings_do_not_change_a_replay(module_cli: Cli, seeded: dict[str, Any]) -> None:
    settings = module_cli.home / "settings.toml"
    before = settings.read_text()
    settings.write_text(before.replace("threads = 1", "threads = 2").replace("4096", "2048"))
    try:
        again = replay(module_cli, seeded)
    finally:
        settings.write_text(before)
    assert again["answers"][0]["reasons"] == []
    assert again["is_identical"] is True


def test_without_a_seed_a_replay_says_why_it_differs(module_cli: Cli) -> None:
    words = ["--max-tokens", "24", "--temperature", "0.8"]
    drawn = compare(module_cli, "--target", "starter", "--prompt", PROMPT, *words)
    again = replay(module_cli, drawn)
    (answer,) = again["answers"]
    assert answer["is_identical"] is again["is_identical"] is False
    assert answer["reasons"] == ["no seed was set and the temperature is 0.8: every answer is drawn anew"]
    old, new = drawn["runs"][0]["text"], again["comparison"]["runs"][0]["text"]
    at = answer["first_difference_char"]
    assert old[:at] == new[:at]
    assert old[at : at + 1] != new[at : at + 1]


def test_changed_weights_are_told(module_cli: Cli, tmp_path: Path) -> None:
    weights = tmp_path / "little.gguf"
    weights.write_bytes(tiny_model().encode())
    module_cli.json("models", "import", str(weights))
    module_cli.json("models", "verify", str(weights))
    made = compare(module_cli, "--target", str(weights), "--prompt", "hi", *SEEDED[2:], "--max-tokens", "4")
    assert replay(module_cli, made)["answers"][0]["reasons"] == []
    weights.write_bytes(tiny_model().with_pair("general.name", STRING, "tony").encode())
    (reason,) = replay(module_cli, made)["answers"][0]["reasons"]
    old = made["runs"][0]["target"]["weights"]["sha256"][:12]
    assert reason == f"the weights file has changed since it was hashed: sha256 {old} then, not hashed now"
    module_cli("models", "verify", str(weights))
    (reason,) = replay(module_cli, made)["answers"][0]["reasons"]
    assert reason.startswith(f"the weights are others: sha256 {old} then, ")


def test_an_api_promises_nothing_and_can_be_left_out(cli: Cli, fake_api: FakeApi) -> None:
    cli.json("targets", "add", "far", "--url", fake_api.url, "--model", "ok#replay", "--format", "openai")
    words = ["--target", "starter", "--target", "far", "--prompt", PROMPT, "--max-tokens", "4", "--seed", "1"]
    made = compare(cli, *words)
    answers = {answer["target"]: answer for answer in replay(cli, made)["answers"]}
    assert "does not promise the same answer twice" in answers["far"]["reasons"][0]
    assert answers["starter"]["is_identical"] is True
    asked = fake_api.count("ok#replay")
    local = replay(cli, made, "--local-only")
    assert [answer["target"] for answer in local["answers"]] == ["starter"]
    assert local["is_identical"] is True
    assert fake_api.count("ok#replay") == asked, "no money is spent"


def test_a_replay_with_a_failed_run_is_a_failure(cli: Cli, fake_api: FakeApi) -> None:
    cli.json("targets", "add", "far", "--url", fake_api.url, "--model", "ok#broken", "--format", "openai")
    made = compare(cli, "--target", "far", "--prompt", "hi")
    cli.json("targets", "rm", "far")
    cli.json("targets", "add", "far", "--url", fake_api.url, "--model", "401", "--format", "openai")
    done = cli("compare", "replay", made["id"], "--json")
    assert done.code == 1
    (answer,) = done.document["replay"]["answers"]
    assert answer["is_identical"] is False
    assert answer["reasons"][0].startswith("it failed now: ")
    assert done.last_line.startswith("steelyard: ")


# ---- files -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["md", "json", "csv", "html"])
def test_an_export_goes_to_stdout_or_into_a_file(
    module_cli: Cli, seeded: dict[str, Any], tmp_path: Path, form: str
) -> None:
    shown = module_cli("compare", "export", seeded["id"], "--format", form)
    assert shown.code == 0, shown.err
    assert "colours of the sea" in shown.out
    told = module_cli.json("compare", "export", seeded["id"], "--format", form)["export"]
    assert told["path"] is None
    assert told["bytes"] == len(told["text"].encode())
    path = tmp_path / f"out.{form}"
    told = module_cli.json("compare", "export", seeded["id"], "--out", str(path))["export"]
    assert (told["format"], told["path"], told["text"]) == (form, str(path), None)
    assert told["bytes"] == path.stat().st_size
    text = path.read_text()
    assert "Grüße!" in text
    for place in (str(module_cli.home), str(module_cli.runtime), "llama-server --"):
        assert place not in text


def test_a_picture_is_painted_into_a_file(module_cli: Cli, seeded: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "out.png"
    told = module_cli.json("compare", "export", seeded["id"], "--out", str(path))["export"]
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n")
    assert (told["format"], told["bytes"], told["text"]) == ("png", len(data), None)


def test_exports_that_cannot_be_are_refused(module_cli: Cli, seeded: dict[str, Any], tmp_path: Path) -> None:
    def refused(code: int, *words: str) -> dict[str, Any]:
        done = module_cli("compare", "export", *words, "--json")
        assert done.code == code, done.out
        return error_of(done)

    assert "--out" in refused(2, seeded["id"], "--format", "png")["hint"]
    assert "ending" in refused(2, seeded["id"], "--out", str(tmp_path / "out.doc"))["detail"]
    assert refused(1, "nonsense", "--format", "md")["title"] == "No such comparison"
    assert (
        refused(1, seeded["id"], "--out", str(tmp_path / "no" / "out.md"))["title"] == "Could not save a file"
    )


# ---- list, show, resume, rm --------------------------------------------------------------------------------


def listed(cli: Cli, *words: str) -> list[str]:
    return [row["id"] for row in cli.json("compare", "list", *words)["comparisons"]]


def test_kept_comparisons_are_listed_and_found(module_cli: Cli, seeded: dict[str, Any]) -> None:
    assert seeded["id"] in listed(module_cli)
    assert seeded["id"] in listed(module_cli, "--search", "colours sea")
    assert listed(module_cli, "--search", "xylophone") == []
    assert listed(module_cli, "--starred") == []
    assert seeded["id"] in module_cli("compare", "list").out


def test_one_is_shown_whole(module_cli: Cli, seeded: dict[str, Any]) -> None:
    history = module_cli.json("compare", "show", seeded["id"])["history"]
    (answer,) = history["columns"][0]["answers"]
    assert answer["run"]["text"] == seeded["runs"][0]["text"]
    assert answer["question"]["content"] == PROMPT
    assert history["plan"]["sampling"]["seed"] == 11
    text = module_cli("compare", "show", seeded["id"]).out
    assert f"> {PROMPT}" in text
    assert "CHARS/S" in text


def test_nothing_is_missing_where_all_was_run(module_cli: Cli, seeded: dict[str, Any]) -> None:
    resumed = module_cli.json("compare", "resume", seeded["id"])["comparison"]
    assert [run["id"] for run in resumed["runs"]] == [seeded["runs"][0]["id"]]


def test_a_deleted_one_is_gone(cli: Cli, fake_api: FakeApi) -> None:
    cli.json("targets", "add", "far", "--url", fake_api.url, "--model", "ok#gone", "--format", "openai")
    made = compare(cli, "--target", "far", "--prompt", "hi")
    assert cli.json("compare", "rm", made["id"]) == {"removed": made["id"]}
    assert listed(cli) == []
    gone = cli("compare", "replay", made["id"], "--json")
    assert gone.code == 1
    assert error_of(gone)["title"] == "No such comparison"
    assert cli.json("compare", "votes")["ballots"] == []


def test_wrong_words_are_wrong_usage(cli: Cli) -> None:
    def code(*words: str) -> Done:
        return cli("compare", *words, "--json")

    for words in ([], ["export"], ["replay"], ["list", "--limit", "0"], ["rm"], ["exports", "x"]):
        done = code(*words)
        assert done.code == 2, words
        assert list(json.loads(done.out)) == ["error"]
    helped = cli("compare", "--help")
    assert re.search(r"Kept ones: list, show,\s+export", helped.out)
    assert cli("compare", "export", "--help").code == 0
