"""The header of a file on the hub, by growing range requests, in a sparse file of full size.

That is all that the engine needs to say what it would reserve; the weights themselves stay where they are.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.base.errors import AppError
from steelyard.core.base.files import make_folder, write_atomic
from steelyard.core.gguf.header import MAX_HEADER_BYTES
from steelyard.core.hub.asking import Answer, Question, TryAgain, asked
from steelyard.core.hub.cache import disk_error
from steelyard.core.hub.safe_names import checked_file_name
from steelyard.core.hub.transport import make_client

if TYPE_CHECKING:
    import httpx2

    from steelyard.core.gguf.header import GgufHeader
    from steelyard.core.gguf.reading import HeaderReader
    from steelyard.core.hub.client import HubClient, RemoteFile, RemoteRepo

_FIRST_BYTES = 2 << 20
_MAX_TRIES = 3
_PAUSE_S = 0.3
_MAX_KEPT = 48
_SILENCE_S = 15.0


@dataclass(frozen=True)
class RemoteHeaders:
    """Headers of a file or of all parts of a split set; `path` is the sparse file of the first one."""

    path: Path
    headers: list[GgufHeader]
    bytes_read: int

    @property
    def data_bytes(self) -> int:
        """The tensors of all parts."""
        return sum(header.data_end - header.data_start for header in self.headers)


class _Note(msgspec.Struct, frozen=True):
    bytes_read: int
    sizes: list[int]


class HeaderShelf:
    """Keeps the sparse files, so that a header is fetched once. Blocks: use it from a thread."""

    def __init__(self, folder: Path, reader: HeaderReader) -> None:
        self._folder = folder
        self._reader = reader

    def fetch(self, client: HubClient, repo: RemoteRepo, parts: list[str]) -> RemoteHeaders:
        """The headers of these files of a repository.

        Raises:
            AppError: the hub refuses or lies, or it is no GGUF file.
        """
        sizes = {file.name: file for file in repo.files}
        files = [sizes[name] for name in parts if name in sizes]
        key = f"{client.access.endpoint} {repo.model.repo} {repo.commit} {' '.join(parts)}"
        folder = self._folder / hashlib.sha256(key.encode()).hexdigest()[:32]
        kept = self._kept(folder, files)
        if kept is not None:
            return kept
        make_folder(self._folder)
        self._make_room()
        shutil.rmtree(folder, ignore_errors=True)
        make_folder(folder)
        try:
            with make_client(client.access.proxy, _SILENCE_S) as http:
                read = sum(self._fetch_one(client, http, repo, file, folder) for file in files)
        except OSError as exc:
            raise disk_error(exc, folder) from exc
        note = _Note(read, [file.size_bytes or 0 for file in files])
        write_atomic(folder / "note.json", msgspec.json.encode(note))
        return self._read(folder, files, read)

    def _kept(self, folder: Path, files: list[RemoteFile]) -> RemoteHeaders | None:
        try:
            note = msgspec.json.decode((folder / "note.json").read_bytes(), type=_Note)
            if note.sizes != [file.size_bytes for file in files]:
                return None
            os.utime(folder)
            return self._read(folder, files, note.bytes_read)
        except (OSError, msgspec.DecodeError, AppError):
            return None

    def _read(self, folder: Path, files: list[RemoteFile], bytes_read: int) -> RemoteHeaders:
        paths = [folder / _file_name(file.name) for file in files]
        return RemoteHeaders(paths[0], [self._reader.read(path) for path in paths], bytes_read)

    def _fetch_one(
        self, client: HubClient, http: httpx2.Client, repo: RemoteRepo, file: RemoteFile, folder: Path
    ) -> int:
        """Grow the beginning of one file until its header is whole; returns the bytes that were read."""
        size = file.size_bytes or 0
        path = folder / _file_name(file.name)
        url = client.file_url(repo.model.repo, repo.commit, file.name)
        goal = min(_FIRST_BYTES, size)
        while True:
            have = path.stat().st_size if path.exists() else 0
            question = Question(
                what=f"{repo.model.repo}/{file.name}",
                url=url,
                start=have,
                size_bytes=size,
                etag=None,
                stop=goal,
            )
            _append(client, http, question, path)
            header = self._reader.read_prefix(path)
            if header is not None:
                break
            if goal >= min(size, MAX_HEADER_BYTES):
                raise AppError("These weights cannot be used", f"{file.name} ends inside its header")
            goal = min(2 * goal, size, MAX_HEADER_BYTES)
        read = path.stat().st_size
        if header.data_end > size:
            raise AppError(
                "These weights are cut off on the hub",
                f"{file.name} has {size} bytes, its tensors need {header.data_end}",
                "Choose another file.",
            )
        os.truncate(path, min(read, header.data_start))
        os.truncate(path, size)
        return read

    def _make_room(self) -> None:
        """Forget the headers that were not asked for in the longest time."""
        folders = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime)
        for folder in folders[: max(0, len(folders) - _MAX_KEPT)]:
            shutil.rmtree(folder, ignore_errors=True)


def _append(client: HubClient, http: httpx2.Client, question: Question, path: Path) -> None:
    """Bring the beginning of a file to `question.end`, however often the line is cut.

    Raises:
        AppError: the hub refuses, or several attempts brought nothing.
    """
    path.touch()
    fruitless = 0
    while (have := path.stat().st_size) < question.end:
        error = AppError("The connection was cut", "before the end of the header", retryable=True)
        try:
            with asked(http, client.access, replace(question, start=have)) as answer:
                _take(answer, path, have, question.end)
        except TryAgain as exc:
            error = exc.error
        fruitless = 0 if path.stat().st_size > have else fruitless + 1
        if fruitless >= _MAX_TRIES:
            raise error
        if fruitless:
            time.sleep(_PAUSE_S)


def _take(answer: Answer, path: Path, have: int, end: int) -> None:
    """Write from `have` on; a server without ranges sends the whole file."""
    skip = have - answer.start
    with path.open("ab") as file:
        for chunk in answer.response.iter_raw():
            data = chunk[skip : skip + end - have]
            skip = max(0, skip - len(chunk))
            file.write(data)
            have += len(data)
            if have >= end:
                return


def _file_name(name: str) -> str:
    return PurePosixPath(checked_file_name(name)).name
