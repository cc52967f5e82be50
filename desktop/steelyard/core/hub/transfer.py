"""Fetches one file over plain HTTP: resumed, hashed while it is written, adopted only when it is right.

A server may cut, stall, change the file, or answer something else than was asked. The rules: bytes go into
the part only from a 200 from the beginning, or from a 206 for exactly the range that was asked of exactly the
content that is there (asking.py); everything else is not written. What decides at the end is the sha256.
"""

from __future__ import annotations

import hashlib
import logging
import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from steelyard.core.base.errors import AppError
from steelyard.core.hub.asking import Answer, Question, TryAgain, asked
from steelyard.core.hub.cache import CachedFile, disk_error
from steelyard.core.hub.part_file import PartFile
from steelyard.core.hub.progress import TELL_S, Progress, Stopper
from steelyard.core.hub.transport import make_client

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx2

    from steelyard.core.hub.access import Access
    from steelyard.core.hub.pace import Pace

_SILENCE_S = 20.0
_MAX_FRUITLESS = 6
"""Attempts in a row that brought nothing."""
_MAX_WRONG = 1
"""How often a file whose hash was wrong is fetched once more."""
_REFUSALS_BEFORE_RESTART = 3
"""A server that cannot go on where we stopped is asked for the whole after that many attempts."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _LONGEST_ASKED_S = 0.5, 20.0, 120.0
_READ_BACK_BYTES = 1 << 20
_BLOCK_BYTES = 1 << 20
_QUEUED_BLOCKS = 8
_FLUSH_LOOK_S = 0.2

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wanted:
    """What to fetch. `sha256` is the hub's; None where it gives none."""

    file: CachedFile
    url: str
    size_bytes: int
    sha256: str | None
    revision_name: str


@dataclass(frozen=True)
class Fetched:
    """A file that is in the cache under its name.

    `had_reference`: its hash was compared with the hub's. `was_there`: another tool had brought the content.
    """

    path: Path
    sha256: str
    size_bytes: int
    bytes_fetched: int
    resumed_from_bytes: int
    had_reference: bool
    was_there: bool = False


class Transfer:
    """One file, in one thread; the caller holds the lock of its blob."""

    def __init__(
        self, wanted: Wanted, access: Access, pace: Pace, stopper: Stopper, tell: Callable[[Progress], None]
    ) -> None:
        self._wanted = wanted
        self._access = access
        self._pace = pace
        self._stopper = stopper
        self._tell_others = tell
        self._told_at = 0.0
        self._progress = Progress()

    def run(self) -> Fetched:
        """Fetch what is missing, check, adopt.

        Raises:
            Stopped: on request; what is there stays.
            AppError: it did not work, told with its reason; what is there stays unless it is wrong.
        """
        file = self._wanted.file
        file.make_folders()
        is_ours = file.side.exists()  # completed, but the process ended before it had its name
        sha256 = self._hash_of_blob() if file.blob.exists() else None
        was_there = sha256 is not None and not is_ours
        if sha256 is None:
            sha256 = self._fetch()
        path = file.adopt(self._wanted.revision_name)
        return Fetched(
            path=path,
            sha256=sha256,
            size_bytes=self._wanted.size_bytes,
            bytes_fetched=self._progress.fetched_bytes,
            resumed_from_bytes=self._progress.resumed_from_bytes,
            had_reference=self._wanted.sha256 is not None,
            was_there=was_there,
        )

    def _hash_of_blob(self) -> str | None:
        """The content may be in the cache already, by another tool; None if it is not right."""
        blob, wanted = self._wanted.file.blob, self._wanted
        self._progress.is_verifying = True
        try:
            if blob.stat().st_size != wanted.size_bytes:
                return None
            digest = hashlib.sha256()
            with blob.open("rb") as stream:
                while chunk := stream.read(_READ_BACK_BYTES):
                    self._stopper.check()
                    digest.update(chunk)
                    self._progress.hashed_bytes += len(chunk)
                    self._tell()
        except OSError:
            return None
        finally:
            self._progress.is_verifying = False
        if wanted.sha256 not in (None, digest.hexdigest()):
            self._progress.hashed_bytes = 0
            return None
        self._progress.done_bytes = self._progress.resumed_from_bytes = wanted.size_bytes
        return digest.hexdigest()

    def _fetch(self) -> str:
        wanted = self._wanted
        part = PartFile(wanted.file, wanted.url, wanted.size_bytes, wanted.sha256)
        part.open()
        self._progress.resumed_from_bytes = self._progress.done_bytes = part.length
        try:
            with make_client(self._access.proxy, _SILENCE_S) as client:
                return self._until_right(part, client)
        except OSError as exc:
            raise disk_error(exc, wanted.file.part) from exc
        finally:
            self._stopper.unwatch()
            part.close()

    def _until_right(self, part: PartFile, client: httpx2.Client) -> str:
        """The sha256 of the whole, once it is the right one; a wrong file is dropped, never kept."""
        expected = self._wanted.sha256
        for _ in range(_MAX_WRONG + 1):
            found = self._once(part, client)
            if expected in (None, found):
                part.flush()
                self._wanted.file.complete()
                return found
            _log.warning("%s has sha256 %s instead of %s", self._wanted.file.name, found, expected)
            part.restart(None)
            self._progress.note = "its content was wrong; fetching it once more"
            progress = self._progress
            progress.done_bytes = progress.hashed_bytes = progress.resumed_from_bytes = 0
            self._tell(now=True)
        self._wanted.file.drop_part()
        raise AppError(
            "The file that came is not the one that the hub names",
            f"{self._wanted.file.name}: sha256 {found}, expected {expected}",  # pyright: ignore[reportPossiblyUnboundVariable]
            "It was deleted. Try again later, or from another network.",
            retryable=True,
        )

    def _once(self, part: PartFile, client: httpx2.Client) -> str:
        """Fetch until the last byte is there, however often the line is cut; returns the sha256."""
        hasher = self._hasher_for(part)
        try:
            fruitless = refused = 0
            while part.length < self._wanted.size_bytes:
                before = part.length
                try:
                    hasher = self._attempt(part, client, hasher)
                    failure = None
                except TryAgain as exc:
                    failure = exc
                has_grown = part.length > before
                fruitless = 0 if has_grown else fruitless + 1
                is_refused = failure is not None and failure.cannot_go_on
                refused = 0 if has_grown else refused + is_refused
                if part.length >= self._wanted.size_bytes:
                    break
                if fruitless >= _MAX_FRUITLESS:
                    raise failure.error if failure else _ended_early()
                if refused >= _REFUSALS_BEFORE_RESTART and part.length:
                    hasher, refused = self._restarted(part, hasher, None), 0
                self._pause(fruitless, failure)
            self._progress.is_verifying = True
            self._tell(now=True)
            return hasher.result()
        finally:
            hasher.close()
            self._progress.is_verifying = False

    def _hasher_for(self, part: PartFile) -> _Hasher:
        """A hasher that knows what the part has already."""
        hasher = _Hasher(part, self._progress)
        self._progress.note = "checking what is there" if part.length else ""
        at = 0
        try:
            while at < part.length:
                self._stopper.check()
                chunk = part.read(at, min(_READ_BACK_BYTES, part.length - at))
                hasher.put(chunk)
                at += len(chunk)
                self._tell()
        except BaseException:
            hasher.close()
            raise
        self._progress.note = ""
        return hasher

    def _restarted(self, part: PartFile, hasher: _Hasher, etag: str | None) -> _Hasher:
        hasher.close()
        part.restart(etag)
        progress = self._progress
        progress.done_bytes = progress.hashed_bytes = progress.resumed_from_bytes = 0
        return _Hasher(part, self._progress)

    def _attempt(self, part: PartFile, client: httpx2.Client, hasher: _Hasher) -> _Hasher:
        wanted = self._wanted
        is_safe = wanted.sha256 is not None
        if part.length and part.etag is None and not is_safe:
            hasher = self._restarted(part, hasher, None)  # nothing would tell whether the rest belongs to it
        question = Question(
            what=f"{wanted.file.repo}/{wanted.file.name}",
            url=wanted.url,
            start=part.length,
            size_bytes=wanted.size_bytes,
            etag=part.etag,
        )
        with asked(client, self._access, question) as answer:
            self._stopper.watch(answer.response)
            if answer.start != part.length:
                hasher = self._restarted(part, hasher, answer.etag)
            elif answer.etag is not None:
                part.set_validator(answer.etag)
            self._progress.note = ""
            self._take(answer, part, hasher)
        return hasher

    def _take(self, answer: Answer, part: PartFile, hasher: _Hasher) -> None:
        """Write what comes, in blocks: on a fast line each write and each hash cost a change of threads."""
        block = _Block(part, hasher, self._progress)
        try:
            for chunk in answer.response.iter_raw():
                self._stopper.check()
                data = chunk[: self._wanted.size_bytes - part.length - block.size_bytes]
                block.add(data)
                self._progress.count(len(chunk))
                self._tell()
                if len(data) < len(chunk):
                    return  # more than was announced; whether the rest is right, the hash decides
                if (wait_s := self._pace.wait_s(len(chunk))) > 0:
                    self._stopper.sleep(wait_s)
        finally:
            block.write()

    def _pause(self, fruitless: int, failure: TryAgain | None) -> None:
        asked_s = failure.wait_s if failure else None
        if failure is not None and failure.cannot_go_on:
            fruitless = min(fruitless, 1)  # neither line nor server are in need of a rest
        pause_s = min(_FIRST_PAUSE_S * 2 ** max(0, fruitless - 1), _LONGEST_PAUSE_S) if fruitless else 0.05
        if asked_s is not None:
            if asked_s > _LONGEST_ASKED_S:
                assert failure is not None
                raise failure.error
            pause_s = max(pause_s, asked_s)
        error = failure.error if failure else _ended_early()
        self._stopper.check()
        if fruitless:
            self._progress.note = f"{error.title.lower()}; trying again"
            self._progress.pause()
            self._tell(now=True)
        self._stopper.sleep(pause_s)

    def _tell(self, *, now: bool = False) -> None:
        if now or time.monotonic() - self._told_at >= TELL_S:
            self._told_at = time.monotonic()
            self._tell_others(self._progress)


def _ended_early() -> AppError:
    return AppError("The connection was cut", "before the end of the file", "Resume.", retryable=True)


class _Block:
    """Bytes on their way from the line to the part; never older than a moment, as long as bytes come."""

    def __init__(self, part: PartFile, hasher: _Hasher, progress: Progress) -> None:
        self._part = part
        self._hasher = hasher
        self._progress = progress
        self._chunks: list[bytes] = []
        self._written_at = time.monotonic()
        self.size_bytes = 0

    def add(self, data: bytes) -> None:
        self._chunks.append(data)
        self.size_bytes += len(data)
        if self.size_bytes >= _BLOCK_BYTES or time.monotonic() - self._written_at > TELL_S:
            self.write()

    def write(self) -> None:
        data, self._chunks, self.size_bytes = b"".join(self._chunks), [], 0
        self._written_at = time.monotonic()
        if data:
            self._part.append(data)
            self._hasher.put(data)
            self._progress.done_bytes = self._part.length


class _Hasher:
    """sha256 beside the line, in a thread of its own; another thread flushes, so that nobody waits for it."""

    def __init__(self, part: PartFile, progress: Progress) -> None:
        self._part = part
        self._progress = progress
        self._digest = hashlib.sha256()
        self._queue: queue.Queue[bytes | None] = queue.Queue(_QUEUED_BLOCKS)
        self._has_ended = threading.Event()
        self._failure: AppError | None = None
        self._threads = [
            threading.Thread(target=self._hash, name="sha256", daemon=True),
            threading.Thread(target=self._flush, name="flush", daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        progress.hashed_bytes = 0

    def put(self, data: bytes) -> None:
        """The next bytes.

        Raises:
            AppError: the disk refused an earlier flush.
        """
        if self._failure is not None:
            raise self._failure
        self._queue.put(data)

    def result(self) -> str:
        """The hash of all bytes.

        Raises:
            AppError: the disk refused.
        """
        self.close()
        if self._failure is not None:
            raise self._failure
        return self._digest.hexdigest()

    def close(self) -> None:
        """Finish what is queued and end the threads."""
        if not self._has_ended.is_set():
            self._has_ended.set()
            self._queue.put(None)
            for thread in self._threads:
                thread.join()

    def _hash(self) -> None:
        while (data := self._queue.get()) is not None:
            self._digest.update(data)
            self._progress.hashed_bytes += len(data)

    def _flush(self) -> None:
        while not self._has_ended.wait(_FLUSH_LOOK_S):
            try:
                self._part.flush_if_due()
            except AppError as exc:
                self._failure = exc  # the line is told with its next bytes
                return
