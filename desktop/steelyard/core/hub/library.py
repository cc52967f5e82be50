"""Weights on this machine: the starter, and files that the user pointed to. All are read in place."""

from __future__ import annotations

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
        self._headers: dict[tuple[Path, int, int], GgufHeader] = {}

    def rows(self, paths: list[str]) -> list[WeightsRow]:
        """The starter first, then every GGUF file under the given paths; unreadable ones are left out."""
        rows: list[WeightsRow] = []
        starter = shared_weights_folder() / starter_facts().file
        if starter.is_file():
            rows.append(self.starter_row())
        seen = {starter.resolve()}
        for path in (file for given in paths for file in _gguf_files(user_path(given))):
            if path.resolve() in seen:
                continue
            seen.add(path.resolve())
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
        is_expected = path.stat().st_size == facts.size_bytes
        header = self._header(path)
        return WeightsRow(
            name=STARTER,
            path=str(path),
            repo=facts.repo,
            revision=facts.revision,
            sha256=facts.sha256 if is_expected else None,
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
        try:
            info = path.stat()
        except OSError as exc:
            raise AppError(
                "These weights cannot be read", f"{shown(path)}: {exc.strerror}", "Check the path."
            ) from exc
        key = (path, info.st_size, info.st_mtime_ns)
        if key not in self._headers:
            self._headers[key] = read_header(path)
        return self._headers[key]


def _gguf_files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(path.glob("*.gguf"))
    return [path] if path.is_file() else []
