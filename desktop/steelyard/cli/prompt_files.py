"""Files that come with a prompt on the command line: attachments, grammar, tools, a table of variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.base.errors import UsageError
from steelyard.core.base.tables import parse_table
from steelyard.core.base.templates import find_variables

if TYPE_CHECKING:
    from steelyard.core.values.prompt import Attachment, Sampling


def attachments_of(paths: list[str]) -> list[Attachment]:
    """The files of `--attach`, ready to be sent.

    Raises:
        UsageError: one of them cannot be sent, or they are too many.
    """
    if not paths:
        return []
    from steelyard.core.runs.files.attachments import (  # most prompts have none
        check_attachments,
        read_attachment,
    )

    attachments = [read_attachment(path) for path in paths]
    check_attachments(attachments)
    return attachments


def tools_of(path: str, data: bytes) -> list[dict[str, Any]]:
    """The array of `--tools`.

    Raises:
        UsageError: it is no array of objects.
    """
    hint = "Give a file with one JSON array of tool definitions."
    try:
        return msgspec.json.decode(data, type=list[dict[str, Any]])
    except (msgspec.DecodeError, RecursionError, UnicodeError) as exc:
        raise UsageError("Not usable tools", f"{path}: {exc}", hint) from exc


def checked(sampling: Sampling) -> Sampling:
    """The same, if it can be sent.

    Raises:
        UsageError: a schema, a grammar or tools that cannot.
    """
    if sampling.json_schema is not None or sampling.grammar is not None or sampling.tools:
        from steelyard.core.runs.forms.structured import check_sampling  # it takes some milliseconds

        check_sampling(sampling)
    elif sampling.tool_choice is not None:
        raise UsageError("A tool choice needs tools", hint="Give their definitions with --tools FILE.")
    return sampling


def cases_of(path: str, data: bytes, prompt: str) -> list[dict[str, str]]:
    """The rows of `--vars`. A row needs only the columns that the prompt names.

    Raises:
        UsageError: it is no table, or lacks a column for a variable.
    """
    try:
        rows = parse_table(text_of(path, data))
    except UsageError as exc:
        raise UsageError(exc.title, f"{path}: {exc.detail}", exc.hint) from exc
    wanted = find_variables(prompt)
    if not wanted:
        raise UsageError(
            "The prompt has no variables", f"{path} has {len(rows)} rows for them", "Write {column} in it."
        )
    if missing := [name for name in wanted if name not in rows[0]]:
        raise UsageError(
            "The table lacks a column",
            ", ".join(missing[:10]),
            f"It has: {', '.join(list(rows[0])[:10])}. Write {{{{name}}}} for the plain word.",
        )
    return [{name: row[name] for name in wanted} for row in rows]


def text_of(path: str, data: bytes) -> str:
    """A file's text, UTF-8 or UTF-16 with its mark.

    Raises:
        UsageError: it is neither.
    """
    is_wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return data.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError as exc:
        raise UsageError("A file is no text", f"{path}: {exc.reason}", "Save it as UTF-8.") from exc
