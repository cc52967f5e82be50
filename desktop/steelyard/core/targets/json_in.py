"""Reading JSON that a stranger wrote: bounded depth, no surprises from NaN, huge numbers or wrong types."""

from __future__ import annotations

from typing import Any, cast

import msgspec

MAX_DEPTH = 64
_MAX_COUNT = 1 << 31  # more tokens than any request can have

_decoder = msgspec.json.Decoder()


def parse_json(data: bytes) -> Any:
    """Decode one JSON value.

    Raises:
        ValueError: it is not JSON, or nested deeper than MAX_DEPTH.
    """
    try:
        value = _decoder.decode(data)
    except UnicodeError as exc:
        raise ValueError("it is not UTF-8 text") from exc
    except (msgspec.DecodeError, RecursionError) as exc:
        raise ValueError(str(exc)) from exc
    # Fewer brackets than the limit cannot be nested deeper; nearly every event ends here.
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH and _is_too_deep(value):
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    return value


def _is_too_deep(value: Any) -> bool:
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH + 1):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(cast("dict[str, Any]", item).values())
            elif isinstance(item, list):
                below.extend(cast("list[Any]", item))
        level = below
    return bool(level)


def as_dict(value: Any) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def as_list(value: Any) -> list[Any]:
    """The value if it is an array, else an empty one."""
    return value if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType]


def as_text(value: Any) -> str:
    """The value if it is a string, else an empty one; lone surrogates are replaced (SQLite refuses them)."""
    if not isinstance(value, str):
        return ""
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def as_count(value: Any) -> int | None:
    """The value if it is a plausible token count, else None."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _MAX_COUNT:
        return None
    return value
