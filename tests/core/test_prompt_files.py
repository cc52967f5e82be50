"""Options of `run` and `compare` that name files: read, checked and put into the command, or refused."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from steelyard.cli.form_words import form_words
from steelyard.cli.parser import parse_words
from steelyard.cli.prompt_requests import compare_request, run_request
from steelyard.core.base.errors import UsageError
from steelyard.core.values.run import Run, Structured, TargetInfo

if TYPE_CHECKING:
    from pathlib import Path

    from steelyard.core.base.paths import Home
    from steelyard.core.values.commands import StartComparison, StartRun

TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}


def asked(home: Home, *words: str) -> StartRun:
    return run_request(parse_words(["run", "starter", "Hi", *words]), home)


def compared(home: Home, *words: str, prompt: str = "{word} in {language}") -> StartComparison:
    return compare_request(parse_words(["compare", "--target", "a", "--prompt", prompt, *words]), home)


def test_everything_arrives_in_the_command(home: Home, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("notes")
    (tmp_path / "b.txt").write_text("more")
    (tmp_path / "g").write_text('root ::= "yes"')
    (tmp_path / "t").write_text(json.dumps([TOOL]))
    files = ["--attach", str(tmp_path / "a.txt"), "--attach", str(tmp_path / "b.txt")]
    command = asked(home, *files, "--grammar", str(tmp_path / "g"))
    assert [(one.name, one.text) for one in command.attachments] == [("a.txt", "notes"), ("b.txt", "more")]
    assert command.sampling.grammar == 'root ::= "yes"'
    command = asked(home, "--tools", str(tmp_path / "t"), "--tool-choice", "required")
    assert (command.sampling.tools, command.sampling.tool_choice) == ([TOOL], "required")


def test_a_table_gives_the_columns_that_the_prompt_names(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = "word;note;language\nBrot;x;English\nKäse;y;French\n"
    cases = [{"word": "Brot", "language": "English"}, {"word": "Käse", "language": "French"}]
    (tmp_path / "v.csv").write_bytes(table.encode("utf-16"))
    assert compared(home, "--vars", str(tmp_path / "v.csv")).cases == cases
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(table.encode())))
    assert compared(home, "--vars", "-").cases == cases
    assert compared(home).cases == []


@pytest.mark.parametrize(
    ("option", "content", "reason"),
    [
        ("--json-schema", '{"type": "objekt"}', "Not a usable JSON schema"),
        ("--json-schema", '{"$ref": "http://127.0.0.1:9/x"}', "only what stands in the schema"),
        ("--grammar", 'root = "a"', "line 1, column 6"),
        ("--grammar", b"\xff\xffx", "no text"),
        ("--tools", '{"a": 1}', "Not usable tools"),
        ("--tools", '[{"name": "x"}]', "Tool 1 cannot be used"),
        ("--tools", "[" * 100_000, "Not usable tools"),
        ("--attach", b"\0\1\2", "binary"),
        ("--attach", None, "No such file"),
        ("--vars", "word\nBrot", "lacks a column"),
        ("--vars", 'word,language\n"Brot', "quote is not closed"),
        ("--vars", None, "cannot be read"),
    ],
)
def test_files_that_cannot_be_used_are_wrong_usage(
    home: Home, tmp_path: Path, option: str, content: str | bytes | None, reason: str
) -> None:
    path = tmp_path / "file"
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(UsageError) as caught:
        compared(home, option, str(path))
    assert reason in caught.value.one_line()
    assert caught.value.hint


@pytest.mark.parametrize(
    "words",
    [
        ["--tool-choice", "auto"],
        ["--tool-choice", "maybe"],
        ["--json-schema", "a", "--grammar", "b"],
        ["--vars", "x"],
    ],
)
def test_options_that_do_not_go_together(home: Home, words: list[str]) -> None:
    with pytest.raises(UsageError):
        asked(home, *words)


def test_a_table_needs_variables(home: Home, tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text("a\n1")
    with pytest.raises(UsageError, match="no variables"):
        compared(home, "--vars", str(tmp_path / "v.csv"), prompt="nothing to fill")


def words_of(**fields: Any) -> str:
    target = TargetInfo(name="x", kind="api", model="m")
    return " · ".join(form_words(Run(id="1", started_at="", target=target, **fields)))


def test_verdicts_and_calls_are_told_in_words() -> None:
    assert words_of() == ""
    held = Structured(kind="json_schema", is_held=True, is_valid=True)
    assert words_of(structured=held) == "JSON schema followed"
    broken = Structured(kind="grammar", is_held=False, is_valid=False, detail="leaves the grammar at char 0")
    assert words_of(structured=broken) == (
        "grammar not followed (leaves the grammar at char 0), it was not sent"
    )
    call = {"id": "1", "name": "get_weather", "arguments": '{"city": "Paris"}'}
    assert words_of(tool_calls=[call]) == 'calls get_weather({"city": "Paris"})'
    assert len(words_of(tool_calls=[{"name": "x", "arguments": "y" * 10_000}])) == 200
