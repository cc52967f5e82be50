"""Names that come from outside are names, never paths: what they may be before they touch a disk."""

from __future__ import annotations

import re
import unicodedata

from steelyard.core.base.errors import AppError, printable

_REPO = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9_][\w.-]{0,95}", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{7,64}")  # 40 on the hub itself; mirrors have others
_REVISION = re.compile(r"[\w][\w./-]{0,199}", re.ASCII)
_MAX_COMPONENT_BYTES = 200
_MAX_NAME_BYTES = 800
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def is_repo(name: str) -> bool:
    """Whether it is a repository's name, `owner/name`."""
    parts = name.split("/")
    return (
        _REPO.fullmatch(name) is not None
        and not any(".." in part or "--" in part or part.endswith((".", ".git", "-")) for part in parts)
        and not any(_DEVICES.fullmatch(part) for part in parts)
    )


def checked_repo(name: str) -> str:
    """The name of a repository.

    Raises:
        AppError: it is none.
    """
    if not is_repo(name):
        raise AppError("Not a repository's name", _shown(name), "Write it as owner/name.")
    return name


def checked_commit(commit: object) -> str:
    """The hash of a commit.

    Raises:
        AppError: it is something else.
    """
    if not isinstance(commit, str) or not _COMMIT.fullmatch(commit):
        raise AppError("The hub's answer makes no sense", f"its commit is {_shown(str(commit))}")
    return commit


def checked_revision(revision: str) -> str:
    """A branch, tag or commit.

    Raises:
        AppError: it is none.
    """
    is_path_like = ".." in revision or "//" in revision or revision.endswith(("/", ".", ".lock"))
    if not _REVISION.fullmatch(revision) or is_path_like:
        raise AppError("Not a revision", _shown(revision), "Give a branch, a tag or a commit.")
    return revision


def why_no_file_name(name: str) -> str:
    """Why a file's name in a repository cannot be used on every disk; empty if it can."""
    if not name or len(name.encode("utf-8", "replace")) > _MAX_NAME_BYTES:
        return "it is empty or too long"
    if not name.isprintable() or name != unicodedata.normalize("NFC", name):
        return "it has characters that are not seen, or not in their usual form"
    if "\\" in name or ":" in name or "%" in name:
        return "it has a backslash, a colon or a percent sign"
    reasons = (_why_no_component(part) for part in name.split("/"))
    return next((reason for reason in reasons if reason), "")


def _why_no_component(part: str) -> str:
    if part in ("", ".", ".."):
        return "it leads to another folder"
    if part.startswith(("-", ".", " ", "~")) or part.endswith((".", " ")):
        return "a part of it begins or ends with a character that it should not"
    if len(part.encode()) > _MAX_COMPONENT_BYTES:
        return "a part of it is too long"
    if _DEVICES.fullmatch(part):
        return "a part of it is the name of a device"
    return ""


def checked_file_name(name: str) -> str:
    """A file's name in a repository, which may have folders in it.

    Raises:
        AppError: it could lead out of the repository's folder, or cannot be a file everywhere.
    """
    if reason := why_no_file_name(name):
        raise AppError("A file name was refused", f"{_shown(name)}: {reason}", "Choose another file.")
    return name


def _shown(name: str) -> str:
    text = printable(name.encode("utf-8", "replace").decode())
    return repr(text if len(text) <= 80 else f"{text[:60]}…{text[-15:]}")
