"""Structured output: what is refused before anything is sent, and the verdict on an answer."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.runs.files.attachments import check_attachments
from steelyard.core.runs.forms.check import SchemaError, check_form, is_costly_schema, schema_validator
from steelyard.core.runs.forms.gbnf import (
    GrammarError,
    UncheckableError,
    compile_grammar,
    left_recursive_rules,
)
from steelyard.core.targets.json_in import parse_json
from steelyard.core.targets.tools import check_tools
from steelyard.core.values.run import Structured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.core.values.prompt import Attachment, Sampling
    from steelyard.core.values.run import FinishReason

_WORKER = Path(__file__).with_name("worker.py")
_PATIENCE_S = 10.0
_MAX_SCHEMA_BYTES = 1 << 20
_STEPS_HERE = 20_000  # some ten milliseconds; the loop is held up meanwhile
_STEPS_ASIDE = 8_000_000
_SHORT_CHARS = 4096
_CUT: tuple[FinishReason, ...] = ("length", "cancelled", "interrupted")


def check_request(sampling: Sampling, attachments: Sequence[Attachment]) -> None:
    """Refuse, before anything is begun or sent, what no target could carry out.

    Raises:
        UsageError: see `check_sampling` and `check_attachments`.
    """
    check_sampling(sampling)
    check_attachments(attachments)


def check_sampling(sampling: Sampling) -> None:
    """Refuse a form or tools that nobody could be held to.

    Raises:
        UsageError: a broken schema, grammar or tool, or two of them that exclude each other.
    """
    if sampling.json_schema is not None and sampling.grammar is not None:
        raise UsageError(
            "An answer can be held to one form", "a JSON schema and a grammar were given", "Leave one out."
        )
    if sampling.grammar is not None and sampling.tools and sampling.tool_choice != "none":
        raise UsageError(
            "A grammar and tools exclude each other",
            "the engine holds tool calls by a grammar of its own",
            "Leave one out, or set the tool choice to none.",
        )
    if sampling.json_schema is not None:
        check_schema(sampling.json_schema)
    if sampling.grammar is not None:
        check_grammar_text(sampling.grammar)
    check_tools(sampling.tools, sampling.tool_choice)


def check_schema(schema: dict[str, Any]) -> None:
    """Whether answers can be checked with it.

    Raises:
        UsageError: broken, nested too deep, above 1 MiB, or referring to another file or address.
    """
    hint = "Correct the schema; nothing was sent."
    try:
        encoded = msgspec.json.encode(schema)
        if len(encoded) > _MAX_SCHEMA_BYTES:
            raise SchemaError(f"it is larger than {_MAX_SCHEMA_BYTES >> 20} MiB")
        parse_json(encoded)
        schema_validator(schema)
    except (ValueError, TypeError, OverflowError, RecursionError) as exc:
        raise UsageError("Not a usable JSON schema", str(exc)[:300], hint) from exc


def check_grammar_text(grammar: str) -> None:
    """Whether it is a grammar. One that only the engine understands passes.

    Raises:
        UsageError: a syntax error, or a rule that is missing.
    """
    try:
        compile_grammar(grammar)
    except GrammarError as exc:
        raise UsageError(
            "Not a usable grammar", str(exc)[:300], "Correct the grammar (GBNF); nothing was sent."
        ) from exc
    except UncheckableError:
        return


def refuse_left_recursion(who: str, grammar: str | None) -> None:
    """For our own servers: the engine's own words would not say what is wrong.

    Raises:
        AppError: a rule can come to itself without a character between.
    """
    try:
        rules = [] if grammar is None else left_recursive_rules(compile_grammar(grammar))
    except (GrammarError, UncheckableError):
        return
    if rules:
        raise AppError(
            f"{who} cannot be held to this grammar",
            f"the rule {rules[0]} can begin with itself (left recursion), which the engine refuses",
            "Write it as a repetition: a ::= b c* in place of a ::= a c | b.",
        )


async def verdict_on(
    sampling: Sampling,
    not_sent: Sequence[str],
    text: str,
    finish: FinishReason | None,
    *,
    called_tools: bool,
) -> Structured | None:
    """Whether an answer has the form that was asked for; None if none was, or there is no answer."""
    if finish in ("error", None):
        return None
    if sampling.json_schema is not None:
        kind, form = "json_schema", {"schema": sampling.json_schema}
    elif sampling.grammar is not None:
        kind, form = "grammar", {"grammar": sampling.grammar}
    else:
        return None
    if finish in _CUT:
        is_valid, detail = False, "cut before its end"
    elif called_tools and not text.strip():
        is_valid, detail = None, "it called a tool instead of answering"
    else:
        is_valid, detail = await _checked(form, text)
    return Structured(kind=kind, is_held=kind not in not_sent, is_valid=is_valid, detail=detail)


async def _checked(form: dict[str, Any], text: str) -> tuple[bool | None, str]:
    """Small checks here, others in a process that can be ended."""
    if "schema" in form:
        if not is_costly_schema(msgspec.json.encode(form["schema"]), len(text)):
            return check_form(form, text, 0)
    elif len(text) + len(form["grammar"]) <= _SHORT_CHARS:
        is_valid, detail = check_form(form, text, _STEPS_HERE)
        if is_valid is not None:
            return is_valid, detail
    return await asyncio.to_thread(_checked_aside, form, text)


def _checked_aside(form: dict[str, Any], text: str) -> tuple[bool | None, str]:
    question = {"form": form, "text": text, "max_steps": _STEPS_ASIDE}
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(_WORKER)],
            input=json.dumps(question).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE_S,
            env={},
            start_new_session=True,  # Ctrl+C in the terminal is for us
            check=True,
        )
        is_valid, detail = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return None, f"checking it took longer than {_PATIENCE_S:.0f} s"
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None, "it could not be checked"
    return is_valid, detail
