"""In which form an answer is wanted, which tools a model is told of: checks and examples. No Qt here."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

FormKind = Literal["off", "json_schema", "grammar"]
ToolChoice = Literal["auto", "none", "required"]
CHIP_WORDS: dict[FormKind, str] = {"off": "off", "json_schema": "JSON", "grammar": "GBNF"}
MAX_TOOLS = 128
_MAX_CHARS = 256 * 1024
_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ROOT = re.compile(r"^\s*root\s*::=", re.MULTILINE)


@dataclass(frozen=True)
class Problem:
    """What is wrong with a text; `line` from 1 where it has one place."""

    text: str
    line: int | None = None

    @property
    def sentence(self) -> str:
        """With the line in front."""
        return self.text if self.line is None else f"Line {self.line}: {self.text}"


@dataclass(frozen=True)
class Example:
    """A small text to begin with."""

    name: str
    text: str


def check_schema(text: str) -> tuple[dict[str, Any] | None, Problem | None]:
    """The schema, or what is wrong with it. The engine looks closer before it sends anything."""
    value, problem = _json_of(text)
    if problem is not None:
        return None, problem
    if not isinstance(value, dict):
        return None, Problem("A schema is a JSON object, such as the examples.")
    return value, None


def check_grammar(text: str) -> Problem | None:
    """The plainest faults of a grammar; the engine reads all of it before it sends anything."""
    if not text.strip():
        return Problem("Write a grammar, load one, or begin with an example.")
    if len(text) > _MAX_CHARS:
        return Problem("Longer than 256 KiB.")
    if _ROOT.search(text) is None:
        return Problem("A grammar begins at a rule called root: root ::= …")
    return None


def check_tools(text: str) -> tuple[list[dict[str, Any]], Problem | None]:
    """The definitions, or what is wrong with them; an empty text means none."""
    if not text.strip():
        return [], None
    value, problem = _json_of(text)
    if problem is not None:
        return [], problem
    tools = value if isinstance(value, list) else [value]
    if len(tools) > MAX_TOOLS:
        return [], Problem(f"{len(tools)} tools, {MAX_TOOLS} are the most.")
    names: list[str] = []
    for number, tool in enumerate(tools, start=1):
        fault = _tool_fault(tool, names)
        if fault:
            return [], Problem(f"Tool {number}: {fault}")
    return tools, None


def tools_text(tools: list[dict[str, Any]]) -> str:
    """As they are edited."""
    return json.dumps(tools, indent=2, ensure_ascii=False) if tools else ""


def schema_text(schema: dict[str, Any] | None) -> str:
    """As it is edited."""
    return "" if schema is None else json.dumps(schema, indent=2, ensure_ascii=False)


def _json_of(text: str) -> tuple[Any, Problem | None]:
    if not text.strip():
        return None, Problem("Write it, load a file, or begin with an example.")
    if len(text) > _MAX_CHARS:
        return None, Problem("Longer than 256 KiB.")
    try:
        return json.loads(text), None
    except json.JSONDecodeError as exc:
        return None, Problem(f"Not JSON: {exc.msg}", exc.lineno)
    except RecursionError:
        return None, Problem("Nested too deeply.")
    except ValueError as exc:
        return None, Problem(f"Not JSON: {exc}")


def _tool_fault(tool: object, names: list[str]) -> str:
    """What is wrong with one definition; notes its name."""
    if not isinstance(tool, dict):
        return "a definition is a JSON object."
    function: object = tool.get("function")
    if tool.get("type") != "function" or not isinstance(function, dict):
        return 'it needs "type": "function" and an object "function".'
    name: object = function.get("name")
    if not isinstance(name, str) or not _TOOL_NAME.fullmatch(name):
        return "its name may have letters, digits, _ and -, at most 64."
    if name in names:
        return f"a second one is called {name}."
    names.append(name)
    if not isinstance(function.get("parameters", {}), dict):
        return f'the "parameters" of {name} are a JSON schema, an object.'
    return ""


SCHEMA_EXAMPLES = (
    Example(
        "Verdict",
        """{
  "type": "object",
  "properties": {
    "verdict": { "enum": ["yes", "no", "unclear"] },
    "reason": { "type": "string", "maxLength": 200 }
  },
  "required": ["verdict", "reason"],
  "additionalProperties": false
}""",
    ),
    Example(
        "Ticket",
        """{
  "type": "object",
  "properties": {
    "title": { "type": "string" },
    "priority": { "type": "integer", "minimum": 1, "maximum": 4 },
    "labels": { "type": "array", "items": { "type": "string" }, "maxItems": 5 }
  },
  "required": ["title", "priority"],
  "additionalProperties": false
}""",
    ),
    Example(
        "List of people",
        """{
  "type": "array",
  "items": {
    "type": "object",
    "properties": {
      "name": { "type": "string" },
      "role": { "type": "string" }
    },
    "required": ["name"]
  }
}""",
    ),
)

GRAMMAR_EXAMPLES = (
    Example("Yes or no", 'root ::= "yes" | "no"\n'),
    Example(
        "Date",
        'root ::= year "-" two "-" two\n'
        "year ::= digit digit digit digit\ntwo ::= digit digit\ndigit ::= [0-9]\n",
    ),
    Example("List", 'root ::= item+\nitem ::= "- " [^\\n]+ "\\n"\n'),
)

TOOL_EXAMPLES = (
    Example(
        "Weather",
        """[
  {
    "type": "function",
    "function": {
      "name": "get_weather",
      "description": "The weather of a place at this moment.",
      "parameters": {
        "type": "object",
        "properties": {
          "city": { "type": "string" },
          "unit": { "enum": ["celsius", "fahrenheit"] }
        },
        "required": ["city"]
      }
    }
  }
]""",
    ),
    Example(
        "Search",
        """[
  {
    "type": "function",
    "function": {
      "name": "search_orders",
      "description": "Orders of a customer, newest first.",
      "parameters": {
        "type": "object",
        "properties": {
          "customer_id": { "type": "string" },
          "limit": { "type": "integer", "minimum": 1, "maximum": 50 }
        },
        "required": ["customer_id"]
      }
    }
  }
]""",
    ),
)
