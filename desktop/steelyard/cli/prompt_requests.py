"""From the words of `run` and `compare` to commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.cli import prompt_files
from steelyard.cli.inputs import (
    MAX_FILE_BYTES,
    MAX_PROMPT_BYTES,
    absolute,
    key_environment,
    profile_of,
    read_file,
    stdin_bytes,
    stdin_text,
)
from steelyard.core.base.errors import UsageError
from steelyard.core.values import commands as c
from steelyard.core.values.prompt import Sampling

if TYPE_CHECKING:
    import argparse

    from steelyard.core.base.paths import Home

_MAX_TABLE_BYTES = 16 << 20


def run_request(words: argparse.Namespace, home: Home) -> c.StartRun:
    """`run`."""
    prompt = stdin_text() if words.prompt == "-" else words.prompt
    return c.StartRun(target=absolute(words.target), prompt=_asked(prompt), **_prompt_options(words, home))


def compare_request(words: argparse.Namespace, home: Home) -> c.StartComparison:
    """`compare`."""
    prompt = words.prompt
    if words.prompt_file is not None:
        prompt = read_file(words.prompt_file, MAX_PROMPT_BYTES).decode("utf-8", "replace")
    return c.StartComparison(
        cases=_cases(words.vars, prompt),
        targets=[absolute(name) for name in words.targets],
        prompt=_asked(prompt),
        schedule=words.schedule,
        repeat=words.repeat,
        warm_up=words.warm_up,
        **_prompt_options(words, home),
    )


def stored_request(words: argparse.Namespace, home: Home) -> c.Command:
    """`compare export|replay|resume|list|show|rm|votes`; a picture is painted from the JSON export."""
    match words.action:
        case "export":
            return c.ExportComparison(id=words.id, format="json" if words.format == "png" else words.format)
        case "replay":
            keys = key_environment(home)
            return c.ReplayComparison(
                id=words.id, local_only=words.local_only, route="command", environment=keys
            )
        case "resume":
            return c.ResumeComparison(id=words.id, route="command", environment=key_environment(home))
        case "list":
            return c.ListComparisons(
                limit=words.limit, query=words.search, tag=words.tag, only_starred=words.starred
            )
        case "show":
            return c.ReadComparison(id=words.id)
        case "rm":
            return c.RemoveComparison(id=words.id)
        case _:
            from steelyard.cli.votes import votes_request

            return votes_request(words.id)


def _prompt_options(words: argparse.Namespace, home: Home) -> dict[str, Any]:
    return {
        "system": words.system,
        "attachments": prompt_files.attachments_of(words.attached),
        "sampling": _sampling(words),
        "class_": words.class_,
        "tags": dict(_tag(text) for text in words.tags),
        "allow_unverified": words.allow_unverified,
        "profile": profile_of(words.profile),
        "route": "command",
        "environment": key_environment(home),
    }


def _sampling(words: argparse.Namespace) -> Sampling:
    sampling = Sampling(
        max_tokens=words.max_tokens,
        temperature=words.temperature,
        top_p=words.top_p,
        seed=words.seed,
        json_schema=_schema(words.json_schema),
        grammar=None if words.grammar is None else prompt_files.text_of(*_small_file(words.grammar)),
        tools=[] if words.tools is None else prompt_files.tools_of(*_small_file(words.tools)),
        tool_choice=words.tool_choice,
    )
    return prompt_files.checked(sampling)


def _small_file(path: str) -> tuple[str, bytes]:
    """A file with the path that errors name it by."""
    return path, read_file(path, MAX_FILE_BYTES)


def _cases(path: str | None, prompt: str) -> list[dict[str, str]]:
    if path is None:
        return []
    data = stdin_bytes("table") if path == "-" else read_file(path, _MAX_TABLE_BYTES)
    return prompt_files.cases_of("stdin" if path == "-" else path, data, prompt)


def _asked(prompt: str) -> str:
    if not prompt.strip():
        raise UsageError("The prompt is empty", hint="Give it as an argument, or on stdin with -.")
    # Lone surrogates, which a terminal can pass in, are no text for SQLite or JSON.
    return prompt.encode("utf-8", "replace").decode("utf-8")


def _schema(path: str | None) -> dict[str, Any] | None:
    if path is None:
        return None
    try:
        schema = msgspec.json.decode(read_file(path, MAX_FILE_BYTES))
    except (msgspec.DecodeError, RecursionError) as exc:
        raise UsageError("Not a JSON schema", f"{path}: {exc}", "Give a file with one JSON object.") from exc
    if not isinstance(schema, dict):
        raise UsageError("Not a JSON schema", f"{path} holds no object", "Give a file with one JSON object.")
    return schema


def _tag(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise UsageError("Not a tag", repr(text), "Write --tag KEY=VALUE.")
    return key, value
