"""Structured output: what is refused before it is sent, and the verdict on answers."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.runs.forms import structured
from steelyard.core.runs.forms.structured import (
    check_request,
    check_sampling,
    refuse_left_recursion,
    verdict_on,
)
from steelyard.core.values.prompt import Sampling
from steelyard.core.values.run import Structured

if TYPE_CHECKING:
    from steelyard.core.values.run import FinishReason

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "tags": {"items": {"type": "integer"}}},
    "required": ["name"],
}
WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}


async def verdict(
    text: str, finish: FinishReason = "stop", not_sent: tuple[str, ...] = (), **asked: Any
) -> Structured | None:
    sampling = Sampling(**(asked or {"json_schema": PERSON}))
    return await verdict_on(sampling, not_sent, text, finish, called_tools=finish == "tool_calls")


@pytest.mark.parametrize(
    ("text", "is_valid", "detail"),
    [
        ('{"name": "Anna"}', True, ""),
        (' \n{"name": "Zoë", "tags": [1, 2], "more": null}\n', True, ""),
        ('{"tags": []}', False, '$: "name" is a required property'),
        ('{"name": "A", "tags": [1, "x"]}', False, '$.tags[1]: "x" is not of type "integer"'),
        ("Anna", False, "not JSON: invalid character at char 0"),
        ('{"größe": ü}', False, "not JSON: invalid character at char 10"),
        ('{"name": "A"', False, "not JSON: it ends too early at char 12"),
        ('{"name": "A"} Done.', False, "not JSON: trailing characters at char 14"),
        ("", False, "not JSON: it is empty"),
        ('{"name": NaN}', False, "not JSON: invalid character at char 9"),
        ('```json\n{"name": "Anna"}\n```', False, "JSON inside a code fence"),
        ("[" * 100_000, None, "nested too deep to be checked"),
        ("1" + "0" * 5000, None, "a number is too large to be checked"),
        ("[" * 99 + "]" * 99, None, "nested too deep to be checked"),
    ],
)
async def test_answers_are_checked_against_the_schema(text: str, is_valid: bool | None, detail: str) -> None:
    assert await verdict(text) == Structured(
        kind="json_schema", is_held=True, is_valid=is_valid, detail=detail
    )


async def test_a_long_fault_is_told_shortly() -> None:
    result = await verdict('{"name": ["' + "x" * 100_000 + '"]}')
    assert result is not None
    assert result.is_valid is False
    assert len(result.detail) <= 200


@pytest.mark.parametrize("finish", ["length", "cancelled", "interrupted"])
async def test_what_was_cut_is_not_valid(finish: FinishReason) -> None:
    result = await verdict('{"name": "Anna"}', finish)
    assert result is not None
    assert (result.is_valid, result.detail) == (False, "cut before its end")


async def test_no_verdict_without_an_answer_or_a_form() -> None:
    assert await verdict("", "error") is None
    assert await verdict("x", seed=1) is None


async def test_a_called_tool_is_no_broken_answer() -> None:
    result = await verdict("", "tool_calls")
    assert result is not None
    assert (result.is_valid, result.detail) == (None, "it called a tool instead of answering")


async def test_a_grammar_that_was_not_sent_is_checked_all_the_same() -> None:
    grammar = 'root ::= "yes" | "no"'
    assert await verdict("yes", grammar=grammar) == Structured(kind="grammar", is_held=True, is_valid=True)
    assert await verdict("Yes.", not_sent=("grammar",), grammar=grammar) == Structured(
        kind="grammar", is_held=False, is_valid=False, detail="leaves the grammar at char 0 ('Y')"
    )
    short = await verdict("ye", grammar=grammar)
    assert short is not None
    assert short.detail == "ends at char 2 where the grammar goes on"
    tokens = await verdict("yes", grammar="root ::= <[12]>")
    assert tokens is not None
    assert tokens.is_valid is None
    assert "tokens of a vocabulary" in tokens.detail


async def test_long_answers_are_checked_aside() -> None:
    grammar = r'root ::= line+ "end"' + "\n" + r'line ::= [^\n]* "\n"'
    text = "some words of a line\n" * 5_000
    right, wrong = await verdict(text + "end", grammar=grammar), await verdict(text + "End", grammar=grammar)
    assert right is not None
    assert wrong is not None
    assert right.is_valid is True
    assert (wrong.is_valid, wrong.detail) == (
        False,
        f"ends at char {len(text) + 3} where the grammar goes on",
    )


def doubling(levels: int) -> dict[str, Any]:
    """A small schema that asks for 2 to the power of `levels` checks."""
    steps = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(levels)}
    return {"$ref": "#/$defs/d0", "$defs": {**steps, f"d{levels}": {"type": "string"}}}


async def test_hostile_work_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(structured, "_PATIENCE_S", 1.0)
    endless = await verdict('"x"', json_schema=doubling(60))
    assert endless is not None
    assert endless.is_valid is None
    assert "took longer" in endless.detail
    small = await verdict('"x"', json_schema=doubling(3))
    assert small is not None
    assert small.is_valid is True


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(?=(a+)+b)(a|a)*$", "^(a|aa)+\\1$"])
async def test_patterns_that_explode_are_bounded(pattern: str) -> None:
    result = await verdict('"' + "a" * 60 + '!"', json_schema={"type": "string", "pattern": pattern})
    assert result is not None
    assert result.is_valid is not True


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "objekt"}, "objekt"),
        ({"properties": []}, "$.properties"),
        ({"pattern": "("}, "regex"),
        ({"pattern": "((a{1000}){1000}){1000}"}, "regex"),
        ({"$ref": "#/$defs/none"}, "none"),
        ({"a": [[[]]]} | {"items": {"enum": ["x" * (2 << 20)]}}, "larger than 1 MiB"),
    ],
)
def test_broken_schemas_are_refused_in_one_line(schema: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match="Not a usable JSON schema") as caught:
        check_sampling(Sampling(json_schema=schema))
    assert reason in caught.value.detail
    assert "\n" not in caught.value.detail
    assert len(caught.value.one_line()) < 500


def test_a_schema_nested_beyond_reason_is_refused() -> None:
    schema: dict[str, Any] = {}
    for _ in range(500):
        schema = {"items": schema}
    with pytest.raises(UsageError, match="Not a usable JSON schema"):
        check_sampling(Sampling(json_schema=schema))


@pytest.mark.parametrize("key", ["$ref", "$schema"])
def test_nothing_outside_the_schema_is_ever_fetched(key: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x.json"
        with pytest.raises(UsageError) as caught:
            check_sampling(Sampling(json_schema={key: url}))
        assert url in caught.value.detail
        with pytest.raises(TimeoutError):
            server.accept()
    with pytest.raises(UsageError, match="only what stands in the schema"):
        check_sampling(Sampling(json_schema={"$ref": "file:///etc/hostname"}))


def test_a_schema_may_refer_to_itself() -> None:
    check_sampling(Sampling(json_schema={"$defs": {"a": {"type": "string"}}, "items": {"$ref": "#/$defs/a"}}))
    check_sampling(Sampling(json_schema={"items": {"$ref": "#"}}))


@pytest.mark.parametrize(
    ("asked", "title"),
    [
        ({"json_schema": {}, "grammar": 'root ::= "a"'}, "one form"),
        ({"grammar": "root ::= "}, None),
        ({"grammar": 'root := "a"'}, "Not a usable grammar"),
        ({"grammar": 'root ::= "a"', "tools": [WEATHER]}, "exclude each other"),
        ({"grammar": 'root ::= "a"', "tools": [WEATHER], "tool_choice": "none"}, None),
        ({"grammar": "root ::= <[1]>"}, None),
        ({"tool_choice": "auto"}, "needs tools"),
        ({"tools": [WEATHER, WEATHER]}, "one name"),
        ({"tools": [{"name": "x"}]}, "Tool 1"),
        ({"tools": [WEATHER, {"type": "function", "function": {"name": "a b"}}]}, "Tool 2"),
        ({"tools": [{"type": "function", "function": {"name": "a", "parameters": []}}]}, "Tool 1"),
        ({"tools": [{"type": "function", "function": {"name": "a", "description": 1}}]}, "Tool 1"),
        ({"tools": [WEATHER] * 129}, "Too many tools"),
        ({"tools": [WEATHER], "tool_choice": "required"}, None),
    ],
)
def test_what_cannot_be_carried_out_is_refused(asked: dict[str, Any], title: str | None) -> None:
    if title is None:
        check_request(Sampling(**asked), [])
        return
    with pytest.raises(UsageError, match=title):
        check_request(Sampling(**asked), [])


def test_our_own_server_names_what_its_engine_would_refuse() -> None:
    for grammar in (None, 'root ::= "a" root | ""', "root ::= <[1]>", "broken"):
        refuse_left_recursion("small", grammar)
    with pytest.raises(AppError, match="small cannot be held") as caught:
        refuse_left_recursion("small", 'root ::= root "a" | "b"')
    assert "the rule root can begin with itself" in caught.value.detail
