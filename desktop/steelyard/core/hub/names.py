"""What a name on the command line or in a picker means."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote, urlsplit

from steelyard.core.base.errors import AppError
from steelyard.core.base.paths import user_path
from steelyard.core.hub.safe_names import checked_file_name, checked_revision, is_repo
from steelyard.core.values.targets import STARTER

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

_SHORT_HOSTS = ("hf.co/", "huggingface.co/")
_QUANT = re.compile(r"[\w.-]{1,40}", re.ASCII)
# Behind the repository in the hub's own addresses: /blob/REVISION/FILE, /resolve/REVISION/FILE and so on
_PAGES = ("blob", "resolve", "raw", "tree")


@dataclass(frozen=True)
class HubName:
    """A repository on the hub, and of it a file, a quant, or what is usual."""

    repo: str
    file: str | None = None
    quant: str | None = None
    revision: str | None = None

    def __str__(self) -> str:
        tail = f"/{self.file}" if self.file else f":{self.quant}" if self.quant else ""
        return f"{self.repo}{tail}" + (f"@{self.revision}" if self.revision else "")


@dataclass(frozen=True)
class Meaning:
    """A path, the starter, a configured API target, weights on the hub, or the name of listed weights."""

    kind: Literal["path", "starter", "api", "hub", "listed"]
    path: Path | None = None
    hub: HubName | None = None


def looks_like_path(name: str) -> bool:
    """Whether a name means a place on disk for this process, which makes such names absolute.

    Only the asking process may decide this: an existing relative path is one in its own working directory.
    """
    return _is_path(name) or (os.sep in name and os.path.exists(name))


def _is_path(name: str) -> bool:
    """Whether a name can mean nothing but a path, in whatever process."""
    return os.path.isabs(name) or name.startswith(("./", "../", "~", ".\\"))


def meaning_of(name: str, api_names: Collection[str]) -> Meaning:
    """Resolve a name in the order that the command line promises. Names that mean a path are absolute here.

    Raises:
        AppError: it looks like a name on the hub, but a part of it cannot be used.
    """
    if _is_path(name):
        return Meaning("path", path=user_path(name))
    if name == STARTER:
        return Meaning("starter")
    if name in api_names:
        return Meaning("api")
    hub = parse_hub_name(name)
    return Meaning("listed") if hub is None else Meaning("hub", hub=hub)


def unknown_name(name: str, api_names: Collection[str]) -> AppError:
    """Nothing is called like that."""
    known = ", ".join([STARTER, *sorted(api_names)])
    is_file_name = name.lower().endswith(".gguf")
    hint = f"Write ./{name} for a file." if is_file_name else "Add one with `steelyard targets add`."
    return AppError(f"No target is called {name}", f"known are {known}", hint)


def parse_hub_name(name: str) -> HubName | None:
    """`org/repo`, `org/repo:QUANT`, `org/repo/file.gguf`, `hf.co/…` or a full address, each with @REVISION.

    None for a name that is none of them.

    Raises:
        AppError: it is one, but a part of it cannot be used.
    """
    if name.startswith(("http://", "https://")):
        return _from_address(name)
    for host in _SHORT_HOSTS:
        if name.startswith(host):
            return _from_path(name.removeprefix(host)) or _refuse(name)
    return _from_path(name)


def _from_address(address: str) -> HubName:
    """Whatever host it names: the path is asked for at the hub that is configured, and nowhere else."""
    try:
        path = unquote(urlsplit(address).path).strip("/")
    except ValueError:
        return _refuse(address)
    parts = path.split("/")
    if len(parts) >= 4 and parts[2] in _PAGES:
        repo, revision, file = "/".join(parts[:2]), parts[3], "/".join(parts[4:])
        if not is_repo(repo):
            return _refuse(address)
        name = checked_file_name(file) if file.lower().endswith(".gguf") else None
        return HubName(repo, file=name, revision=checked_revision(revision))
    return _from_path("/".join(parts[:2])) or _refuse(address)


def _from_path(text: str) -> HubName | None:
    plain, at, revision = text.partition("@")
    revision = checked_revision(revision) if at else None
    owner, slash, rest = plain.partition("/")
    if not slash:
        return None
    repo_name, colon, quant = rest.partition(":")
    if colon and "/" not in repo_name:
        if not _QUANT.fullmatch(quant) or not is_repo(f"{owner}/{repo_name}"):
            return None
        return HubName(f"{owner}/{repo_name}", quant=quant, revision=revision)
    repo_name, slash, file = rest.partition("/")
    if not is_repo(f"{owner}/{repo_name}"):
        return None
    if not slash:
        return HubName(f"{owner}/{repo_name}", revision=revision)
    return HubName(f"{owner}/{repo_name}", file=checked_file_name(file), revision=revision)


def _refuse(name: str) -> HubName:
    raise AppError(
        "Not an address of a repository", name[:200], "Write it as owner/name or owner/name:QUANT."
    )
