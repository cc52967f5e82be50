"""Weights on this machine as rows: what the headers say, what belongs together, what is verified."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.base.errors import AppError
from steelyard.core.base.files import shown
from steelyard.core.base.paths import data_root, shared_weights_folder
from steelyard.core.gguf.quants import quant_in_name
from steelyard.core.gguf.split_sets import part_of
from steelyard.core.hub.folders import Candidate, Root, hash_of_blob, look_through
from steelyard.core.hub.repo_files import kind_by_name
from steelyard.core.store.weights_files import FileState
from steelyard.core.values.targets import STARTER
from steelyard.core.values.weights import Place, Shelf, UnusableFile, WeightsRow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from steelyard.core.gguf.header import GgufHeader
    from steelyard.core.gguf.reading import HeaderReader
    from steelyard.core.store.weights_files import KnownFile
    from steelyard.core.values.weights import Verification

_READ_BYTES = 4 << 20


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


def state_of(path: Path) -> FileState:
    """A file as it is now, under its real path.

    Raises:
        AppError: it is not there.
    """
    return _state(os.path.realpath(path), path)


def _state(real: str, path: Path) -> FileState:
    try:
        info = os.stat(real)
    except OSError as exc:
        raise _unreadable(path, exc) from exc
    return FileState(real, info.st_size, info.st_mtime_ns, info.st_ino)


def hash_file(path: Path, tell: Callable[[int], None]) -> str:
    """The sha256 of a file; `tell` gets the bytes that were hashed so far, and may raise to end it.

    Raises:
        AppError: it cannot be read.
    """
    digest, done = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_READ_BYTES):
                digest.update(chunk)
                done += len(chunk)
                tell(done)
    except OSError as exc:
        raise _unreadable(path, exc) from exc
    return digest.hexdigest()


class Library:
    """Lists weights; headers are read once per file and state. Blocks: use it from a thread."""

    def __init__(self, reader: HeaderReader) -> None:
        self._reader = reader
        self._headers: dict[FileState, GgufHeader | AppError] = {}
        self._starter_hash: tuple[FileState, str] | None = None

    def shelf(self, roots: list[Root], known: Mapping[str, KnownFile]) -> tuple[Shelf, dict[str, int]]:
        """Everything under the roots, the starter first; and the folders with their times of change."""
        look = look_through(roots)
        rows: list[WeightsRow] = []
        unusable: list[UnusableFile] = []
        seen: set[str] = set()
        starter = shared_weights_folder() / starter_facts().file
        if starter.is_file():
            rows.append(self.starter_row())
            seen.add(os.path.realpath(starter))
        groups = _grouped(look.candidates, seen)
        self._read_ahead([file for group in groups for file in group])
        for group in groups:
            try:
                rows.append(self._row([self._seen(file) for file in group], known))
            except AppError as exc:
                unusable.append(UnusableFile(path=str(group[0].path), reason=exc.detail or exc.title))
        rows = _paired(rows, look.candidates)
        return (
            Shelf(
                weights=[row for row in rows if row.kind == "model"],
                mmproj=[row for row in rows if row.kind == "mmproj"],
                lora=[row for row in rows if row.kind == "lora"],
                unusable=unusable,
                places=_places(roots, look.candidates),
            ),
            look.changed_ns,
        )

    def _read_ahead(self, files: list[Candidate]) -> None:
        """Read all headers that are not known yet in one go."""
        unread: dict[FileState, Path] = {}
        for file in files:
            with contextlib.suppress(AppError):
                state = _state(file.real, file.path)
                if state not in self._headers:
                    unread[state] = file.path
        headers = self._reader.read_many(list(unread.values()))
        self._headers.update(zip(unread, headers, strict=True))

    def _seen(self, file: Candidate) -> _Seen:
        state = _state(file.real, file.path)
        return _Seen(file, state, self.header(file.path, state))

    def starter_row(self) -> WeightsRow:
        """The weights that set-up installed; they are hashed once in each process, a tenth of a second.

        Raises:
            AppError: they are missing or unreadable.
        """
        facts = starter_facts()
        path = shared_weights_folder() / facts.file
        if not path.is_file():
            raise AppError("The starter weights are missing", str(path), "Run `python3 run.py setup`.")
        state = state_of(path)
        if self._starter_hash is None or self._starter_hash[0] != state:
            self._starter_hash = (state, hash_file(path, lambda _done: None))
        sha256 = self._starter_hash[1]
        candidate = Candidate(
            path,
            Root(path, "starter"),
            str(path.parent),
            state.path,
            facts.repo,
            facts.revision,
            name=STARTER,
        )
        row = _one_file(_Seen(candidate, state, self.header(path, state)))
        verification: Verification = "verified" if sha256 == facts.sha256 else "mismatch"
        return msgspec.structs.replace(
            row, sha256=sha256, verification=verification, verified=verification == "verified"
        )

    def file_row(self, path: Path, known: Mapping[str, KnownFile]) -> WeightsRow:
        """Any file by its path, with its whole split set if it is a part of one.

        Raises:
            AppError: it is not a whole GGUF file, or parts of its set are missing.
        """
        part = part_of(path.name)
        paths = [path.with_name(name) for name in part.file_names()] if part else [path]
        root = Root(path, "file", is_added=True)
        if not os.path.isfile(path):
            self._reader.read(path)  # it has the words for what is there instead
        there = [
            Candidate(each, root, str(path.parent), os.path.realpath(each))
            for each in paths
            if each == path or os.path.exists(each)
        ]
        return self._row([self._seen(file) for file in there], known)

    def header(self, path: Path, state: FileState) -> GgufHeader:
        """The header of a file in its present state.

        Raises:
            AppError: it is no usable GGUF file.
        """
        if state not in self._headers:
            (self._headers[state],) = self._reader.read_many([path])
        found = self._headers[state]
        if isinstance(found, AppError):
            raise found
        return found

    def reference_of(self, path: Path, fact: KnownFile | None) -> str | None:
        """The hash that the hub names for a file: by its name in the cache, or from its download."""
        return hash_of_blob(path) or (fact.reference if fact is not None else None)

    def _row(self, files: list[_Seen], known: Mapping[str, KnownFile]) -> WeightsRow:
        first = files[0]
        row = _one_file(first)
        checks = [_checked(file, known) for file in files]
        name = first.file.path.name
        part = part_of(name)
        if part is not None:
            there = {file.file.path.name for file in files}
            row = msgspec.structs.replace(
                row,
                name=part.stem,
                quant=row.quant or quant_in_name(name),
                parts=[str(file.file.path) for file in files],
                missing_parts=[each for each in part.file_names() if each not in there],
                size_bytes=sum(file.state.size_bytes for file in files),
                parameters=sum(file.header.parameters for file in files),
            )
        verification = _worst([verification for verification, _, _ in checks])
        is_ours = all(ours for _, _, ours in checks) and first.file.root.source == "huggingface-cache"
        return msgspec.structs.replace(
            row,
            verification=verification,
            verified=verification == "verified",
            sha256=checks[0][1] if part is None else None,
            source="hub" if is_ours else row.source,
        )


@dataclass(frozen=True)
class _Seen:
    """A file that was found, as it is now, with its header."""

    file: Candidate
    state: FileState
    header: GgufHeader


def _one_file(seen: _Seen) -> WeightsRow:
    file, header = seen.file, seen.header
    kind = header.kind
    if kind == "model" and not header.layers:
        kind = kind_by_name(file.path.name)
    tokenizer = header.text("tokenizer.ggml.model")
    flavour = header.text("tokenizer.ggml.pre")
    return WeightsRow(
        name=file.name or file.path.stem,
        path=str(file.path),
        repo=file.repo,
        revision=file.revision,
        sha256=None,
        verified=False,
        verification="no_reference",
        size_bytes=seen.state.size_bytes,
        quant=header.quant or quant_in_name(file.path.name),
        architecture=header.architecture,
        parameters=header.parameters,
        context_length=header.context_length,
        source=file.root.source,
        kind=kind,
        licence=_short(header.text("general.license")),
        tokenizer=_short(f"{tokenizer}, {flavour}" if tokenizer and flavour else tokenizer),
        chat_template_sha256=header.chat_template_sha256,
        layers=header.layers,
        modified_at=_utc(seen.state.mtime_ns),
    )


def _short(text: str | None) -> str | None:
    return text[:100] if text else None


def _utc(mtime_ns: int) -> str | None:
    try:
        return (
            datetime.fromtimestamp(mtime_ns / 1e9, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        )
    except (OverflowError, ValueError, OSError):
        return None


def _grouped(candidates: list[Candidate], seen: set[str]) -> list[list[Candidate]]:
    """One entry for each file, or for the parts of a split set; a file that is found twice counts once."""
    sets: dict[tuple[str, str], list[Candidate]] = {}
    for candidate in candidates:
        if candidate.real in seen:
            continue
        seen.add(candidate.real)
        part = part_of(candidate.path.name)
        folder = str(candidate.path.parent)
        key = (folder, f"{part.stem}/{part.count}" if part else f"{candidate.path}:{candidate.name}")
        sets.setdefault(key, []).append(candidate)
    return [sorted(files, key=lambda file: file.path.name) for files in sets.values()]


def _checked(seen: _Seen, known: Mapping[str, KnownFile]) -> tuple[Verification, str | None, bool]:
    """How a file stands: verification, its hash in its present state, whether Steelyard brought it."""
    fact = known.get(seen.state.path)
    sha256 = fact.sha256 if fact is not None and fact.state == seen.state else None
    is_ours = fact is not None and fact.is_ours
    reference = seen.file.reference or (fact.reference if fact is not None else None)
    if reference is None:
        return "no_reference", sha256, is_ours
    if sha256 is None:
        return "pending", None, is_ours
    return ("verified" if sha256 == reference else "mismatch"), sha256, is_ours


def _worst(states: list[Verification]) -> Verification:
    order: tuple[Verification, ...] = ("mismatch", "pending", "no_reference", "verified")
    return min(states, key=order.index)


def _paired(rows: list[WeightsRow], candidates: list[Candidate]) -> list[WeightsRow]:
    """A projector belongs to the models that lie with it: in its folder, snapshot or Ollama model."""
    groups = {str(candidate.path): candidate.group for candidate in candidates}
    projectors = {groups.get(row.path): row.path for row in rows if row.kind == "mmproj"}
    return [
        msgspec.structs.replace(row, mmproj=projectors.get(groups.get(row.path, "")))
        if row.kind == "model"
        else row
        for row in rows
    ]


def _places(roots: list[Root], candidates: list[Candidate]) -> list[Place]:
    places: list[Place] = []
    for root in roots:
        real = {file.real for file in candidates if file.root is root}
        places.append(
            Place(
                path=str(root.path),
                source=root.source,
                is_added=root.is_added,
                exists=os.path.exists(root.path),
                files=len(real),
                size_bytes=sum(_size(path) for path in real),
            )
        )
    return places


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _unreadable(path: Path, exc: OSError) -> AppError:
    return AppError("These weights cannot be read", f"{shown(path)}: {exc.strerror}", "Check the path.")
