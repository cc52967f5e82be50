"""The settings file: TOML, typed, replaced in one step; keys that this version does not know survive."""

from __future__ import annotations

import itertools
import logging
from typing import TYPE_CHECKING, Any, cast

import msgspec
import tomlkit
from tomlkit.exceptions import TOMLKitError

from steelyard.core.base.errors import AppError
from steelyard.core.base.files import write_atomic
from steelyard.core.values.settings import Settings
from steelyard.core.values.targets import ApiTarget

if TYPE_CHECKING:
    from pathlib import Path

_MAX_BYTES = 1 << 20
_log = logging.getLogger(__name__)


class SettingsStore:
    """Holds the settings in memory; the file is read once and written on each change."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._document: Any = tomlkit.document()
        self._is_unreadable = False
        self.current = Settings()
        self.notices: list[str] = []

    def load(self) -> None:
        """Read the file. One that cannot be used is left untouched and reported in `notices`."""
        try:
            if not self._path.exists():
                return
            if self._path.stat().st_size > _MAX_BYTES:
                raise ValueError(f"it is larger than {_MAX_BYTES >> 20} MiB")
            text = self._path.read_bytes().decode("utf-8-sig")
            self._document = tomlkit.parse(text)
            self.current = msgspec.convert(self._document.unwrap(), Settings, strict=True)
        except (OSError, ValueError, TOMLKitError, RecursionError, msgspec.ValidationError) as exc:
            self._is_unreadable = True
            self._document = tomlkit.document()
            reason = " ".join(str(exc).split())[:200]
            self.notices.append(
                f"The settings file was not used ({reason}); defaults are in force, "
                f"and the next change keeps it under another name: {self._path}"
            )
            _log.warning("settings not used: %s", reason)

    def save(self, settings: Settings) -> None:
        """Replace the file; an unreadable one is kept beside it first.

        Raises:
            AppError: the file cannot be written; the settings in force stay as they were.
        """
        if self._is_unreadable:
            self._keep_unreadable()
        plain = _without_none(msgspec.to_builtins(settings))
        text = tomlkit.dumps(_merged(self._document, plain))
        write_atomic(self._path, text.encode())
        self._document = tomlkit.parse(text)
        self.current = settings

    def _keep_unreadable(self) -> None:
        numbers = itertools.count(1)
        while (kept := self._path.with_name(f"{self._path.name}.unreadable-{next(numbers)}")).exists():
            pass
        try:
            self._path.rename(kept)
        except OSError as exc:
            raise AppError("Could not save the settings", str(exc.strerror), "Check the folder.") from exc
        self._is_unreadable = False


def _merged(document: Any, plain: dict[str, Any]) -> Any:
    known: dict[str, Any] = msgspec.to_builtins(Settings())
    for name in known:
        value = plain.get(name)
        if name == "targets":
            document[name] = _targets(document, value or [])
        elif isinstance(known[name], dict) and isinstance(document.get(name), dict):
            _merge_table(document[name], value or {}, known[name])
        elif value is not None:
            document[name] = value
    return document


def _merge_table(table: Any, values: dict[str, Any], known: dict[str, Any]) -> None:
    for key in known:
        if key in values:
            table[key] = values[key]
        elif key in table:
            del table[key]


def _targets(document: Any, targets: list[dict[str, Any]]) -> Any:
    known = {field.name for field in msgspec.structs.fields(ApiTarget)}
    before = {old["name"]: old for old in document.unwrap().get("targets", [])}
    array: Any = tomlkit.aot()
    for target in targets:
        unknown = {key: value for key, value in before.get(target["name"], {}).items() if key not in known}
        array.append(tomlkit.item({**target, **unknown}))
    return array


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value)
        return {key: _without_none(inner) for key, inner in pairs.items() if inner is not None}
    if isinstance(value, list):
        return [_without_none(inner) for inner in cast("list[Any]", value)]
    return value
