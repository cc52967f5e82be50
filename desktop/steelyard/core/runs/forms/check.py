"""Whether a text has the form that was asked for: valid by a JSON schema, or as a grammar wants it.

Pure functions. What could take long is done by `worker`, in a process that can be ended.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from steelyard.core.runs.forms.gbnf import GrammarError, UncheckableError, compile_grammar
from steelyard.core.runs.forms.gbnf_match import TooMuchWork, follow
from steelyard.core.targets.json_in import parse_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    import jsonschema_rs

_BACKTRACKS = 100_000
_MAX_DETAIL = 200
_COSTLY = re.compile(rb'"(\$ref|\$dynamicRef|\$recursiveRef|pattern|patternProperties)"')
_AT_BYTE = re.compile(r"^(?:JSON is malformed: )?(.*?)(?: \(byte (\d+)\))?$")

Verdict = tuple[bool | None, str]
"""Valid, or None if that could not be found out; and what is wrong with it."""


class SchemaError(ValueError):
    """Not a schema that answers can be checked with."""


def schema_validator(schema: dict[str, Any]) -> jsonschema_rs.Validator:
    """The validator of a schema. What it refers to must stand in it: nothing is ever fetched.

    Raises:
        SchemaError: it is broken, or refers to something outside itself.
    """
    import jsonschema_rs  # 30 ms, and most prompts have no schema

    asked: list[str] = []

    def refuse(uri: str) -> Any:
        asked.append(uri)
        raise ValueError("not fetched")

    try:
        return jsonschema_rs.validator_for(
            schema,
            retriever=refuse,
            pattern_options=jsonschema_rs.FancyRegexOptions(backtrack_limit=_BACKTRACKS),
        )
    except jsonschema_rs.ValidationError as exc:
        if asked:
            reason = f"it refers to {asked[0][:100]}; only what stands in the schema itself (#/…) is followed"
        else:
            reason = _told(exc)
        raise SchemaError(reason) from exc
    except (jsonschema_rs.ReferencingError, ValueError, RecursionError) as exc:
        raise SchemaError(_first_line(str(exc))) from exc


def is_costly_schema(encoded: bytes, text_bytes: int) -> bool:
    """Whether checking could take more than the size of schema and text suggest."""
    return bool(_COSTLY.search(encoded)) or len(encoded) * text_bytes > 1 << 26


def check_json(schema: dict[str, Any], text: str) -> Verdict:
    """A text against a schema."""
    import jsonschema_rs

    if text.lstrip().startswith("```"):
        return False, "JSON inside a code fence" if "{" in text or "[" in text else "a code fence, not JSON"
    data = text.encode("utf-8", "replace")
    try:
        value = parse_json(data)
    except ValueError as exc:
        return _no_json(str(exc), data)
    try:
        schema_validator(schema).validate(value)
    except jsonschema_rs.ValidationError as exc:
        if exc.kind.name in ("pattern", "patternProperties") and "acktrack" in exc.message:
            return None, "a pattern of the schema takes too long to be checked"
        return False, _told(exc)
    except ValueError as exc:  # a schema that was not sent cannot get here, a number beyond all limits can
        return None, _first_line(str(exc))
    return True, ""


def check_grammar(grammar: str, text: str, max_steps: int) -> Verdict:
    """A text against a grammar.

    Raises:
        TooMuchWork: it takes more than `max_steps`.
    """
    try:
        machine = compile_grammar(grammar)
    except UncheckableError as exc:
        return None, str(exc)
    except GrammarError as exc:
        return None, f"the grammar cannot be read: {exc}"
    result = follow(machine, text, max_steps)
    if result.is_whole:
        return True, ""
    if result.is_short:
        return False, f"ends at char {result.at_char} where the grammar goes on"
    found = text[result.at_char]
    return False, f"leaves the grammar at char {result.at_char} ({found!r})"


def check_form(form: dict[str, Any], text: str, max_steps: int) -> Verdict:
    """By `schema` or `grammar`, whichever is there; work without an end is a verdict, too."""
    try:
        if "schema" in form:
            return check_json(form["schema"], text)
        return check_grammar(form["grammar"], text, max_steps)
    except TooMuchWork as exc:
        return None, str(exc)


def _no_json(reason: str, data: bytes) -> Verdict:
    if "nested deeper" in reason or "ecursion" in reason:
        return None, "nested too deep to be checked"
    if "out of range" in reason:
        return None, "a number is too large to be checked"
    if not data.strip():
        return False, "not JSON: it is empty"
    match = _AT_BYTE.match(reason)
    assert match is not None
    words, byte = match.groups()
    if "truncated" in words:
        words, byte = "it ends too early", str(len(data))
    if byte and "trailing" in words:
        byte = str(int(byte) - 1)  # it is told when that character has been read
    at = f" at char {len(data[: int(byte)].decode('utf-8', 'ignore'))}" if byte else ""
    return False, _first_line(f"not JSON: {words}{at}")


def _told(exc: jsonschema_rs.ValidationError) -> str:
    path = _path(cast("Sequence[str | int]", exc.instance_path))
    return _first_line(f"{path}: {exc.message}")


def _path(steps: Sequence[str | int]) -> str:
    parts = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps[:12]]
    return "$" + "".join(parts)[:80]


def _first_line(text: str) -> str:
    line = " ".join(text.split("\n\n", 1)[0].split())
    return line if len(line) <= _MAX_DETAIL else line[: _MAX_DETAIL - 1] + "…"
