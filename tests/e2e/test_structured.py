"""Forms, tools, files and tables through the real command line: a real llama-server beside a fake API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from fakes.fake_api import TEXT, FakeApi, Reply, behaviour

from .harness import Cli, error_of

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "canary-8c1f"
GRAMMAR = 'root ::= "yes" | "no"'
SCHEMA = {
    "type": "object",
    "properties": {"name": {"enum": ["Anna"]}, "age": {"enum": [7]}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c636000000002000148afa4710000000049454e44ae426082"
)


@behaviour("calls")
async def _calls(reply: Reply) -> None:
    """Calls a tool without a word."""
    call = {"index": 0, "id": "c1", "function": {"name": "get_weather", "arguments": '{"city": "Bern"}'}}
    await reply.head()
    await reply.send(reply.dialect.begin())
    await reply.send(reply.dialect.chunk({"tool_calls": [call]}))  # type: ignore[union-attr]
    await reply.send(reply.dialect.finish(reply.dialect.usage(), "stop"))
    await reply.send(reply.dialect.end())
    await reply.close()


@pytest.fixture(scope="module")
def apis(module_cli: Cli, fake_api: FakeApi) -> Cli:
    for name, model, wire in (("far-oa", "ok#oa", "openai"), ("far-an", "ok#an", "anthropic")):
        words = ["--url", fake_api.url, "--model", model, "--format", wire]
        module_cli.json("targets", "add", name, *words)
    module_cli.json(
        *("targets", "add", "caller", "--url", fake_api.url, "--model", "calls", "--format", "openai")
    )
    return module_cli


@pytest.fixture(scope="module")
def table(apis: Cli, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Two rows over three targets, each held to a grammar as far as it goes, with a file."""
    folder = tmp_path_factory.mktemp(CANARY)
    (folder / "g.gbnf").write_text(GRAMMAR)
    (folder / "notes.txt").write_text("Water is a liquid.")
    (folder / "vars.csv").write_text('what,unused\n"water, cold",1\nstone,2\n')
    targets = ["--target", "starter", "--target", "far-oa", "--target", "far-an"]
    files = ["--grammar", str(folder / "g.gbnf"), "--attach", str(folder / "notes.txt")]
    words = ["--prompt", "Is {what} wet?", "--vars", str(folder / "vars.csv"), "--max-tokens", "8"]
    result = apis.json("compare", *targets, *files, *words, "--temperature", "0", "--warm-up", "0")
    assert CANARY not in json.dumps(result)
    return result["comparison"]["runs"]


def test_our_own_server_is_held_to_the_grammar(table: list[dict[str, Any]]) -> None:
    local = [run for run in table if run["target"]["name"] == "starter"]
    assert [run["case"] for run in local] == [0, 1]
    for run in local:
        assert run["text"] in ("yes", "no")
        assert run["structured"] == {"kind": "grammar", "is_held": True, "is_valid": True, "detail": ""}
        assert run["not_sent"] == []


def test_an_api_is_not_held_to_it_but_checked_all_the_same(table: list[dict[str, Any]]) -> None:
    far = [run for run in table if run["target"]["kind"] == "api"]
    assert len(far) == 4
    for run in far:
        assert run["text"] == TEXT
        assert "grammar" in run["not_sent"]
        verdict = run["structured"]
        assert (verdict["is_held"], verdict["is_valid"]) == (False, False)
        assert verdict["detail"] == "leaves the grammar at char 0 ('G')"


def test_each_row_fills_the_prompt_and_the_file_goes_with_it(
    table: list[dict[str, Any]], fake_api: FakeApi
) -> None:
    for model in ("ok#oa", "ok#an"):
        bodies = [asked.body for asked in fake_api.requests if asked.model == model]
        contents = {body["messages"][-1]["content"] for body in bodies}
        file = "\n\nFile: notes.txt\n```\nWater is a liquid.\n```"
        assert contents == {f"Is {what} wet?{file}" for what in ("water, cold", "stone")}
        assert not any("grammar" in body or CANARY in json.dumps(body) for body in bodies)


def test_what_was_asked_is_recorded(table: list[dict[str, Any]]) -> None:
    for run in table:
        assert run["params"]["grammar"] == GRAMMAR
        (file,) = run["params"]["attachments"]
        assert (file["name"], file["kind"], file["size_bytes"]) == ("notes.txt", "text", 18)


def test_a_schema_is_held_and_checked(apis: Cli, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(json.dumps(SCHEMA))
    words = ["--json-schema", str(tmp_path / "s.json"), "--max-tokens", "64", "--temperature", "0"]
    run = apis.json("run", "starter", "Who is Anna?", *words)["run"]
    assert json.loads(run["text"]) == {"name": "Anna", "age": 7}
    assert run["structured"] == {"kind": "json_schema", "is_held": True, "is_valid": True, "detail": ""}
    far = apis.json("run", "far-oa", "Who is Anna?", *words)["run"]
    assert far["structured"]["is_held"] is True
    assert far["structured"]["detail"].startswith("not JSON: invalid character at char 0")


def test_tools_go_out_and_calls_come_back(apis: Cli, fake_api: FakeApi, tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps([TOOL]))
    words = ["--tools", str(tmp_path / "t.json"), "--tool-choice", "required"]
    run = apis.json("run", "caller", "Weather in Bern?", *words)["run"]
    assert run["tool_calls"] == [{"id": "c1", "name": "get_weather", "arguments": '{"city": "Bern"}'}]
    assert (run["text"], run["finish_reason"], run["error"]) == ("", "tool_calls", None)
    assert (run["params"]["tools"], run["params"]["tool_choice"]) == (["get_weather"], "required")
    body = fake_api.last("calls").body
    assert (body["tools"], body["tool_choice"]) == ([TOOL], "required")


def test_an_image_goes_to_an_api_and_not_to_a_model_that_cannot_see(
    apis: Cli, fake_api: FakeApi, tmp_path: Path
) -> None:
    folder = tmp_path / CANARY
    folder.mkdir()
    (folder / "dot.png").write_bytes(PNG)
    words = ["--attach", str(folder / "dot.png"), "--json"]
    refused = apis("run", "starter", "What is this?", *words)
    assert refused.code == 1
    error = error_of(refused)
    assert error["title"] == "starter cannot read images"
    assert "projector" in error["hint"]
    assert "loading" not in refused.err
    assert apis("run", "far-oa", "What is this?", *words).code == 0
    text, image = fake_api.last("ok#oa").body["messages"][-1]["content"]
    assert text == {"type": "text", "text": "What is this?"}
    assert image["image_url"]["url"].startswith("data:image/png;base64,iVBOR")
    assert CANARY not in json.dumps(fake_api.last("ok#oa").body)


def test_nothing_is_sent_with_a_broken_grammar(apis: Cli, fake_api: FakeApi, tmp_path: Path) -> None:
    (tmp_path / "g.gbnf").write_text("root ::= missing")
    before = fake_api.count("ok#oa")
    done = apis("run", "far-oa", "x", "--grammar", str(tmp_path / "g.gbnf"), "--json")
    assert done.code == 2
    assert "no rule missing" in error_of(done)["detail"]
    assert fake_api.count("ok#oa") == before
