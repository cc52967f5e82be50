"""Definitions of tools: checked for their shape, then passed through in the words of each format."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from steelyard.core.base.errors import UsageError
from steelyard.core.targets.json_in import as_dict, as_text, parse_json

_MAX_TOOLS = 128
_MAX_BYTES = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HINT = 'Each is {"type": "function", "function": {"name": …, "description": …, "parameters": {…}}}.'
_NO_PARAMETERS: dict[str, Any] = {"type": "object", "properties": {}}
_CHOICES = {"auto": "auto", "none": "none", "required": "any"}


def check_tools(tools: list[dict[str, Any]], choice: str | None) -> None:
    """Refuse what no format could carry.

    Raises:
        UsageError: a definition without the shape of OpenAI's, two of one name, too many, or a choice
            without tools.
    """
    if not tools:
        if choice is not None:
            raise UsageError("A tool choice needs tools", hint="Give their definitions with it.")
        return
    if len(tools) > _MAX_TOOLS:
        raise UsageError("Too many tools", f"{len(tools)}, {_MAX_TOOLS} are the most")
    try:
        encoded = msgspec.json.encode(tools)
        parse_json(encoded)
    except (ValueError, TypeError, OverflowError, RecursionError) as exc:
        raise UsageError("Not usable tools", str(exc)[:200], _HINT) from exc
    if len(encoded) > _MAX_BYTES:
        raise UsageError("The tools are too large", f"over {_MAX_BYTES >> 20} MiB")
    names = [_checked_name(number, tool) for number, tool in enumerate(tools, start=1)]
    for name in names:
        if names.count(name) > 1:
            raise UsageError("Two tools have one name", name, "Rename one.")


def tool_names(tools: list[dict[str, Any]]) -> list[str]:
    """What the tools are called."""
    return [as_text(as_dict(tool.get("function")).get("name")) for tool in tools]


def anthropic_tools(tools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same definitions in Anthropic's form."""
    converted: list[dict[str, Any]] = []
    for tool in tools:
        function = as_dict(tool.get("function"))
        one: dict[str, Any] = {"name": function.get("name")}
        if description := as_text(function.get("description")):
            one["description"] = description
        one["input_schema"] = as_dict(function.get("parameters")) or _NO_PARAMETERS
        converted.append(one)
    return converted


def anthropic_choice(choice: str) -> dict[str, str]:
    """A tool choice in Anthropic's words."""
    return {"type": _CHOICES[choice]}


def _checked_name(number: int, tool: Any) -> str:
    function = as_dict(as_dict(tool).get("function"))
    if as_dict(tool).get("type") != "function" or not function:
        raise _refusal(number, "it is no function definition")
    name = as_text(function.get("name"))
    if not _NAME.fullmatch(name):
        raise _refusal(number, f"its name {name[:80]!r} is not 1 to 64 letters, digits, _ or -")
    if not isinstance(function.get("description", ""), str):
        raise _refusal(number, "its description is no text")
    if not isinstance(function.get("parameters", {}), dict):
        raise _refusal(number, "its parameters are no JSON schema object")
    return name


def _refusal(number: int, reason: str) -> UsageError:
    return UsageError(f"Tool {number} cannot be used", reason, _HINT)
