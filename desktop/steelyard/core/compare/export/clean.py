"""A comparison as it may leave the machine: no keys, no folders of this machine, no text that is no text."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, cast

import msgspec

from steelyard.core.base.redaction import redact
from steelyard.core.values.comparison import ComparisonHistory

if TYPE_CHECKING:
    from collections.abc import Iterable

_SURROGATES = re.compile("[\ud800-\udfff]")
_PATH = re.compile(
    r"(?<![\w:/])(?:~|[A-Za-z]:)?[\\/](?:[^\s\\/:\"'`,;()<>]+[\\/])+(?P<last>[^\s\\/:\"'`,;()<>]*)"
)
_ADDRESS = re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'<>]+")
_OURS = frozenset(
    {"detail", "hint", "note", "server", "binary", "mmproj", "draft_weights", "path", "extra_flags"}
)
"""Fields that Steelyard or the engine filled, not a person or a model."""
_MOST_LEVELS = 64


def clean(history: ComparisonHistory) -> ComparisonHistory:
    """The same comparison for other eyes.

    What was asked and answered stays as it was, but for keys and for characters that no file can hold. Which
    other programs ran on the machine is nobody's business.
    """
    names = _shown_names(history)
    plain: Any = _walk(msgspec.to_builtins(history), "", 0)
    for column, own in zip(plain["columns"], history.columns, strict=True):
        column["target"] = names[own.target]
        for answer in column["answers"]:
            target = answer["run"]["target"]
            target["name"] = names.get(target["name"], shown_name(target["name"]))
            target["model"] = shown_name(target["model"])
            answer["run"]["state"]["other_gpu_processes"] = []
    if plain["plan"] is not None:
        plain["plan"]["targets"] = [shown_name(name) for name in plain["plan"]["targets"]]
    plain["summary"] = {names.get(name, shown_name(name)): row for name, row in plain["summary"].items()}
    return msgspec.convert(plain, ComparisonHistory)


def shown_name(name: str) -> str:
    """A target's name without the folder that it was typed with; names of hubs have none of their own."""
    is_path = name.startswith(("/", "~", ".", "\\")) or re.match(r"[A-Za-z]:[\\/]", name) is not None
    return (re.split(r"[\\/]", name)[-1] or "weights") if is_path else name


def _shown_names(history: ComparisonHistory) -> dict[str, str]:
    """What every target is called; two files of the same name stay two."""
    shown: dict[str, str] = {}
    for name in _distinct([*(column.target for column in history.columns), *history.summary]):
        short = shown_name(_text(name))
        number = 1
        while short in shown.values():
            number += 1
            short = f"{shown_name(_text(name))} ({number})"
        shown[name] = short
    return shown


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _walk(value: Any, key: str, level: int) -> Any:
    if isinstance(value, str):
        return _machine_text(value) if key in _OURS else _text(value)
    if level > _MOST_LEVELS and isinstance(value, dict | list):
        return "…"
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return {_text(name): _walk(part, name, level + 1) for name, part in fields.items()}
    if isinstance(value, list):
        return [_walk(part, key, level + 1) for part in cast("list[Any]", value)]
    return value


def _text(text: str) -> str:
    return redact(_SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text))


def _machine_text(text: str) -> str:
    """Of a path only its last part; an address not at all: the run names its host."""
    text = _ADDRESS.sub("[address]", _text(text))
    return _PATH.sub(lambda found: PurePath(found["last"]).name or "[folder]", text)
