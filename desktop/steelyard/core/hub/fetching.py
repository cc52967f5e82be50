"""All files of one entry of the download list, one after another, in a thread."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from filelock import FileLock, Timeout

from steelyard.core.base.errors import AppError
from steelyard.core.hub.cache import PART_SUFFIX, CachedFile, blob_name_for, disk_error
from steelyard.core.hub.part_file import read_side
from steelyard.core.hub.safe_names import checked_file_name
from steelyard.core.hub.transfer import Fetched, Transfer, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from steelyard.core.hub.client import HubClient, RemoteFile
    from steelyard.core.hub.pace import Pace
    from steelyard.core.hub.progress import Progress, Stopper

_LOCK_POLL_S = 0.5
_PAUSES_S = (0.5, 2.0, 5.0)

T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fetching:
    """What to fetch, pinned to a commit, and how."""

    cache: Path
    repo: str
    commit: str
    revision_name: str
    parts: list[str]
    client: HubClient
    pace: Pace
    stopper: Stopper


@dataclass(frozen=True)
class RowProgress:
    """Progress summed up over the files of an entry."""

    done_bytes: int
    hashed_bytes: int
    fetched_bytes: int
    resumed_from_bytes: int
    parts_done: int
    is_verifying: bool
    rate_bps: float | None
    note: str


def fetch_row(fetching: Fetching, tell: Callable[[RowProgress], None]) -> list[Fetched]:
    """Fetch every file; returns them in order.

    Raises:
        Stopped: on request.
        AppError: one of them could not be fetched; the others stay.
    """

    def note(text: str) -> None:
        tell(_summed([], None, text))

    ask = partial(fetching.client.repo, fetching.repo, fetching.commit)
    remote = _patiently(ask, fetching.stopper, note)
    fetching.stopper.check()
    if remote.commit != fetching.commit:
        raise AppError("The hub answers for another commit", remote.commit, "Look at the repository again.")
    by_name = {file.name: file for file in remote.files}
    fetched: list[Fetched] = []
    for name in fetching.parts:
        if name not in by_name:
            raise AppError(f"{name} is not in {fetching.repo} any more", "", "Look at the repository again.")
        fetched.append(_fetch_part(fetching, by_name[name], fetched, tell))
    return fetched


def _fetch_part(
    fetching: Fetching, remote: RemoteFile, before: list[Fetched], tell: Callable[[RowProgress], None]
) -> Fetched:
    def tell_sum(progress: Progress) -> None:
        tell(_summed(before, progress))

    def note(text: str) -> None:
        tell(_summed(before, None, text))

    wanted = _wanted(fetching, remote, note)
    with _locked(wanted.file, fetching.stopper, note):
        drop_parts(fetching.cache, fetching.repo, fetching.commit, [remote.name], but=wanted.file.blob_name)
        transfer = Transfer(wanted, fetching.client.access, fetching.pace, fetching.stopper, tell_sum)
        return transfer.run()


def _patiently(ask: Callable[[], T], stopper: Stopper, note: Callable[[str], None]) -> T:
    """Ask the hub again after what may pass: a long download is not to end because of one bad moment."""
    for pause_s in _PAUSES_S:
        stopper.check()
        try:
            return ask()
        except AppError as exc:
            if not exc.retryable:
                raise
            note(f"{exc.title.lower()}; trying again")
        stopper.sleep(pause_s)
    return ask()


def _wanted(fetching: Fetching, remote: RemoteFile, note: Callable[[str], None]) -> Wanted:
    name = checked_file_name(remote.name)
    url = fetching.client.file_url(fetching.repo, fetching.commit, name)
    ask = partial(fetching.client.file_facts, fetching.repo, url)
    about = _patiently(ask, fetching.stopper, note)
    size = remote.size_bytes if remote.size_bytes is not None else about.size_bytes
    sha256 = remote.sha256 or about.sha256
    if size is None or about.size_bytes not in (None, size):
        raise AppError(
            "The hub contradicts itself",
            f"{name} has {about.size_bytes} bytes or {remote.size_bytes}",
            "Try again later.",
            retryable=True,
        )
    if remote.sha256 and about.sha256 and remote.sha256 != about.sha256:
        raise AppError(
            "The hub contradicts itself",
            f"{name} has two different hashes",
            "Try again later.",
            retryable=True,
        )
    file = CachedFile(fetching.cache, fetching.repo, fetching.commit, name, blob_name_for(about.etag, sha256))
    return Wanted(file, url, size, sha256, fetching.revision_name)


def _summed(before: list[Fetched], progress: Progress | None, note: str = "") -> RowProgress:
    done = sum(fetched.size_bytes for fetched in before)
    fetched_bytes = sum(fetched.bytes_fetched for fetched in before)
    resumed = sum(fetched.resumed_from_bytes for fetched in before)
    if progress is None:
        return RowProgress(done, done, fetched_bytes, resumed, len(before), False, None, note)
    return RowProgress(
        done_bytes=done + progress.done_bytes,
        hashed_bytes=done + progress.hashed_bytes,
        fetched_bytes=fetched_bytes + progress.fetched_bytes,
        resumed_from_bytes=resumed + progress.resumed_from_bytes,
        parts_done=len(before),
        is_verifying=progress.is_verifying,
        rate_bps=progress.rate_bps,
        note=progress.note,
    )


@contextlib.contextmanager
def _locked(file: CachedFile, stopper: Stopper, note: Callable[[str], None]) -> Generator[None]:
    """One writer for each content, over all programs that know this lock."""
    file.make_folders()
    lock = FileLock(file.lock)
    has_told = False
    while True:
        try:
            lock.acquire(timeout=0)
            break
        except Timeout:
            if not has_told:
                note("another program is fetching this file")
                has_told = True
            stopper.sleep(_LOCK_POLL_S)
        except OSError as exc:
            raise disk_error(exc, file.lock) from exc
    try:
        yield
    finally:
        lock.release()


def drop_parts(cache: Path, repo: str, commit: str, names: list[str], but: str = "") -> None:
    """Delete what was fetched of these files and is not complete, unless another program is at it.

    Parts of the blob `but` stay: what the others belong to is not the content of these files any more.
    """
    urls = {f"/{repo}/resolve/{commit}/{quote(name)}" for name in names}
    blobs = CachedFile(cache, repo, commit, "x", "x").folder / "blobs"
    with contextlib.suppress(OSError):
        for side in blobs.glob(f"*{PART_SUFFIX}.json"):
            note = read_side(side)
            if note is not None and any(note.url.endswith(end) for end in urls):
                blob_name = side.name.removesuffix(f"{PART_SUFFIX}.json")
                if blob_name == but:
                    continue
                _drop_unless_busy(CachedFile(cache, repo, commit, "x", blob_name))


def _drop_unless_busy(file: CachedFile) -> None:
    with contextlib.suppress(Timeout, OSError, AppError):
        file.lock.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(file.lock, timeout=0):
            file.drop_part()
