"""Fields of a launch profile: the text of a value, and the value of a text. No Qt here."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.values.profiles import LaunchProfile, LoraAdapter
from steelyard.ui.pages.servers_fields import MIXED, SEVERAL, FieldSpec
from steelyard.ui.pages.servers_texts import span

if TYPE_CHECKING:
    from collections.abc import Callable


class FieldError(ValueError):
    """The text is no value of the field; the message says what would be one."""


def text_of(profile: LaunchProfile, spec: FieldSpec) -> str:
    """What the control shows; empty: left to settings and engine."""
    values = [getattr(profile, name) for name in spec.names]
    if len(values) > 1:
        return (values[0] or "") if values[0] == values[1] else MIXED
    value = values[0]
    if value is None:
        return ""
    if spec.key == "lora":
        return _lora_text(value)
    return f"{value:g}" if isinstance(value, float) else _TEXTS.get(spec.kind, str)(value)


def with_text(profile: LaunchProfile, spec: FieldSpec, text: str) -> LaunchProfile:
    """The profile with this field as typed.

    Raises:
        FieldError: the text is no value of the field.
    """
    text = text.strip()
    try:
        value = _parse(spec, text) if text else None
        return changed(profile, dict.fromkeys(spec.names, value))
    except (ValueError, msgspec.ValidationError) as exc:
        raise FieldError(spec.right or "This is not a value of this field.") from exc


def changed(profile: LaunchProfile, changes: dict[str, Any]) -> LaunchProfile:
    """The profile with some fields replaced, and checked.

    Raises:
        msgspec.ValidationError: a value is out of range.
    """
    return msgspec.convert(msgspec.to_builtins(profile) | msgspec.to_builtins(changes), LaunchProfile)


def shown(spec: FieldSpec, text: str) -> str:
    """A value in the words of its control."""
    if not text:
        return "default"
    if text == MIXED:
        return MIXED
    if spec.key == "idle_unload_s":
        return unload_text(text)
    if spec.kind == "path":
        return text.replace("\\", "/").rsplit("/", 1)[-1]
    return dict(spec.options).get(text, text)


def unload_text(seconds: str) -> str:
    """`never`, `after 5 m`."""
    return "never" if float(seconds) == 0 else f"after {span(float(seconds))}"


def _parse(spec: FieldSpec, text: str) -> Any:
    match spec.kind:
        case "whole":
            return _whole(text)
        case "real":
            return _real(text)
        case "open":
            word = text.lower()
            return word if word in {"auto", "all"} else _whole(text)
        case "reals":
            return [_real(part) for part in text.replace(";", ",").split(",") if part.strip()]
        case "names":
            return [part.strip() for part in text.split(",") if part.strip()]
        case "words":
            return shlex.split(text)
        case "switch":
            return text == "on"
        case _:
            return _real(text) if spec.key == "idle_unload_s" else text


def _whole(text: str) -> int:
    digits = text.replace(",", "").replace(" ", "")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        raise FieldError(text)
    return int(digits)


def _real(text: str) -> float:
    value = float(text.strip())
    if not abs(value) < 1e15:  # also what is not a number
        raise FieldError(text)
    return value


def _lora_text(adapters: list[LoraAdapter]) -> str:
    if not adapters:
        return ""
    return adapters[0].path if len(adapters) == 1 else SEVERAL


_TEXTS: dict[str, Callable[[Any], str]] = {
    "whole": "{:,}".format,
    "open": str,
    "reals": lambda values: ", ".join(f"{value:g}" for value in values),
    "names": ", ".join,
    "words": shlex.join,
    "switch": lambda value: "on" if value else "off",
}
