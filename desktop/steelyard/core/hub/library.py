"""Weights on this machine: the starter, and files that the user pointed to. All are read in place."""

from __future__ import annotations

import hashlib
import os
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from steelyard.core.base.errors import AppError
from steelyard.core.base.files import shown
from steelyard.core.base.paths import data_root, shared_weights_folder, user_path
from steelyard.core.hub.gguf_header import GgufHeader, read_header
from steelyard.core.values.targets import WeightsRow

if TYPE_CHECKING:
    from pathlib import Path

    _Version = tuple[Path, int, int]

STARTER = "starter"


@dataclass(frozen=True)
class StarterFacts:
    """What models/starter.toml says of the weights that set-up installs."""

    file: str
    sha256: str
    size_bytes: int
    repo: str | None
    revision: str | None


def starter_facts() -> StarterFacts:
    """Read models/starter.toml."""
    facts = tomllib.loads((data_root() / "models" / "starter.toml").read_text(encoding="utf-8"))
    return StarterFacts(
        facts["file_name"], facts["sha256"], facts["size_bytes"], facts.get("repo"), facts.get("revision")
    )


class Library:
    """Lists weights; headers are read once per file and change."""

    def __init__(self) -> None:
        self._headers: dict[_Version, GgufHeader] = {}
        self._hashes: dict[_Version, str] = {}

    def rows(self, paths: list[str]) -> list[WeightsRow]:
        """The starter first, then every GGUF file under the given paths; unreadable ones are left out."""
        rows: list[WeightsRow] = []
        starter = shared_weights_folder() / starter_facts().file
        if starter.is_file():
            rows.append(self.starter_row())
        seen = {os.path.realpath(starter)}
        for path in (file for given in paths for file in _gguf_files(user_path(given))):
            real = os.path.realpath(path)
            if real in seen:
                continue
            seen.add(real)
            try:
                rows.append(self.file_row(path))
            except AppError:
                continue  # a folder may hold anything, and a remembered file may have gone
        return rows

    def starter_row(self) -> WeightsRow:
        """The weights that set-up installed.

        Raises:
            AppError: they are missing or not the expected ones.
        """
        facts = starter_facts()
        path = shared_weights_folder() / facts.file
        if not path.is_file():
            raise AppError("The starter weights are missing", str(path), "Run `python3 run.py setup`.")
        sha256 = self._sha256(path)
        is_expected = sha256 == facts.sha256
        header = self._header(path)
        return WeightsRow(
            name=STARTER,
            path=str(path),
            repo=facts.repo,
            revision=facts.revision,
            sha256=sha256,
            verified=is_expected,
            verification="verified" if is_expected else "mismatch",
            size_bytes=path.stat().st_size,
            quant=header.quant,
            architecture=header.architecture,
            parameters=header.parameters,
            context_length=header.context_length,
            source="starter",
        )

    def file_row(self, path: Path) -> WeightsRow:
        """One of the user's own files; there is no reference hash for it, so it runs freely.

        Raises:
            AppError: it is not a whole GGUF file.
        """
        header = self._header(path)
        return WeightsRow(
            name=path.stem,
            path=str(path),
            repo=None,
            revision=None,
            sha256=None,
            verified=False,
            verification="no_reference",
            size_bytes=path.stat().st_size,
            quant=header.quant,
            architecture=header.architecture,
            parameters=header.parameters,
            context_length=header.context_length,
            source="file",
        )

    def _header(self, path: Path) -> GgufHeader:
        version = _version(path)
        if version not in self._headers:
            self._headers[version] = read_header(path)
        return self._headers[version]

    def _sha256(self, path: Path) -> str:
        """Hash of the starter, a tenth of a second; taken once per start and change."""
        version = _version(path)
        if version not in self._hashes:
            try:
                with path.open("rb") as file:
                    self._hashes[version] = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as exc:
                raise _unreadable(path, exc) from exc
        return self._hashes[version]


def _unreadable(path: Path, exc: OSError) -> AppError:
    return AppError("These weights cannot be read", f"{shown(path)}: {exc.strerror}", "Check the path.")


def _version(path: Path) -> _Version:
    try:
        info = path.stat()
    except OSError as exc:
        raise _unreadable(path, exc) from exc
    return path, info.st_size, info.st_mtime_ns


def _gguf_files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(path.glob("*.gguf"))
    return [path] if path.is_file() else []
