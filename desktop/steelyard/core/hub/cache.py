"""The Hugging Face cache on disk: where a file of a repository lies, so that other tools find it.

Layout: `models--OWNER--NAME/` with `blobs/HASH`, `snapshots/COMMIT/FILE` (links to blobs) and `refs/BRANCH`.
A download lies beside the blobs, `HASH.steelyard-part`, a name that the hub's own tools leave alone; theirs
end in `.incomplete`.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from steelyard.core.base.errors import AppError
from steelyard.core.base.files import shown
from steelyard.core.hub.safe_names import checked_commit, checked_file_name, checked_repo

PART_SUFFIX = ".steelyard-part"
_BLOB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}")


def cache_folder() -> Path:
    """Where the hub's tools keep their files: HF_HUB_CACHE, else HF_HOME/hub, else the usual place."""
    from huggingface_hub import constants

    return Path(os.path.abspath(os.path.expanduser(str(constants.HF_HUB_CACHE))))


@dataclass(frozen=True)
class CachedFile:
    """One file of a repository at a commit, and the places that belong to it."""

    cache: Path
    repo: str
    commit: str
    name: str
    blob_name: str

    def __post_init__(self) -> None:
        """The last door before the disk.

        Raises:
            AppError: one of the names would be more than a name.
        """
        checked_repo(self.repo)
        checked_commit(self.commit)
        checked_file_name(self.name)
        if not _BLOB_NAME.fullmatch(self.blob_name):
            raise AppError("A file name was refused", repr(self.blob_name[:80]))

    @property
    def folder(self) -> Path:
        """Everything of this repository."""
        return self.cache / f"models--{self.repo.replace('/', '--')}"

    @property
    def blob(self) -> Path:
        """The content, named by its hash."""
        return self.folder / "blobs" / self.blob_name

    @property
    def part(self) -> Path:
        """The content while it is not complete."""
        return self.blob.with_name(self.blob_name + PART_SUFFIX)

    @property
    def side(self) -> Path:
        """What is known of the part: of which content it is, and how much of it is safe on disk."""
        return self.blob.with_name(f"{self.blob_name}{PART_SUFFIX}.json")

    @property
    def pointer(self) -> Path:
        """The file under its own name."""
        return self.folder / "snapshots" / self.commit / Path(*self.name.split("/"))

    @property
    def lock(self) -> Path:
        """The lock that the hub's own tools take, too, when they write this blob."""
        return self.cache / ".locks" / self.folder.name / f"{self.blob_name}.lock"

    def make_folders(self) -> None:
        """Create the folders on the way to blob, pointer and lock.

        Raises:
            AppError: the cache cannot be written.
        """
        try:
            for path in (self.blob, self.pointer, self.lock):
                path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise disk_error(exc, self.cache) from exc

    def complete(self) -> None:
        """Make the part, which has been checked, the blob.

        Raises:
            AppError: the disk refused, or somebody took the part away.
        """
        try:
            os.replace(self.part, self.blob)
            _sync_folder(self.blob.parent)
        except OSError as exc:
            raise disk_error(exc, self.part) from exc

    def adopt(self, revision_name: str) -> Path:
        """Give the blob, which has been checked, its name; returns the path under that name.

        A part that still lies there is of no use any more: another tool has completed the blob.

        Raises:
            AppError: the disk refused.
        """
        try:
            self._link()
            self._note_revision(revision_name)
        except OSError as exc:
            raise disk_error(exc, self.pointer) from exc
        self.drop_part()
        return self.pointer

    def _link(self) -> None:
        """A relative link, renamed into place; where links are not possible, the file itself."""
        goal = os.path.relpath(self.blob, self.pointer.parent)
        if self.pointer.is_symlink() and os.readlink(self.pointer) == goal:
            return
        fresh = self.pointer.with_name(f".{self.pointer.name[:100]}.{os.getpid()}.new")
        fresh.unlink(missing_ok=True)
        try:
            fresh.symlink_to(goal)
        except (OSError, NotImplementedError):
            try:
                os.link(self.blob, fresh)
            except OSError:
                shutil.copyfile(self.blob, fresh)
        _replace(fresh, self.pointer)

    def _note_revision(self, revision_name: str) -> None:
        if revision_name == self.commit:
            return
        ref = self.folder / "refs" / Path(*revision_name.split("/"))
        ref.parent.mkdir(parents=True, exist_ok=True)
        fresh = ref.with_name(f".{ref.name}.{os.getpid()}.new")
        fresh.write_text(self.commit)
        _replace(fresh, ref)

    def drop_part(self) -> None:
        """Delete what was fetched so far."""
        for path in (self.part, self.side):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def blob_name_for(etag: str | None, sha256: str | None) -> str:
    """The name that the hub's own tools give the content: its entity tag, for large files the sha256.

    A tag that is no plain name is replaced by its hash.
    """
    tag = (etag or "").removeprefix("W/").strip('"') or sha256 or ""
    if _BLOB_NAME.fullmatch(tag) and not tag.endswith((".incomplete", PART_SUFFIX, ".lock")):
        return tag
    return hashlib.sha256(tag.encode("utf-8", "replace")).hexdigest()


def free_bytes(path: Path) -> int | None:
    """Free space where `path` is or will be; None if nobody can tell."""
    for folder in (path, *path.parents):
        with contextlib.suppress(OSError):
            return shutil.disk_usage(folder).free
    return None


def disk_error(exc: OSError, path: Path) -> AppError:
    """What the disk says, in words."""
    if exc.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return AppError(
            "The disk is full",
            f"{shown(path)} ({exc.strerror})",
            "Free some space and resume; what was fetched is kept.",
            retryable=True,
        )
    if exc.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return AppError(
            "The folder for downloads cannot be written",
            f"{shown(path)} ({exc.strerror})",
            "Check its permissions, or set HF_HOME to another folder.",
        )
    if exc.errno in (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ELOOP):
        place = Path(exc.filename2 or exc.filename or path)
        return AppError("Something is in the way", f"{shown(place)} ({exc.strerror})", "Move it away.")
    return AppError("The disk refused", f"{shown(path)} ({exc.strerror})", "Check the disk.", retryable=True)


def _replace(fresh: Path, goal: Path) -> None:
    try:
        os.replace(fresh, goal)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
