"""A decision as it may leave the machine: no keys, no folders of this machine."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Any, cast

import msgspec

from steelyard.core.base.redaction import redact
from steelyard.core.values.decision import Decision

_PATH = re.compile(
    r"(?<![\w:/])(?:~|[A-Za-z]:)?[\\/](?:[^\s\\/:\"'`,;()<>]+[\\/])+(?P<last>[^\s\\/:\"'`,;()<>]*)"
)
_SURROGATES = re.compile("[\ud800-\udfff]")


def shareable(decision: Decision) -> Decision:
    """The same decision for other eyes; of a path only the last part stays."""
    return msgspec.convert(_walk(msgspec.to_builtins(decision)), Decision)


def _walk(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return [_walk(part) for part in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {key: _walk(part) for key, part in cast("dict[str, Any]", value).items()}
    return value


def _text(text: str) -> str:
    text = redact(_SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text))
    return _PATH.sub(lambda found: PurePath(found["last"]).name or "[folder]", text)
