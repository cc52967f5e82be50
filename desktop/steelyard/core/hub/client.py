"""Asks the hub through huggingface_hub: search, repositories, access. Every answer is checked here, once.

Calls block for up to some tens of seconds: use them from a thread.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import quote

import httpx2

from steelyard.core.base.errors import AppError
from steelyard.core.hub.refusals import NoAccessError, refusal, unreachable_hub, why_nonsense
from steelyard.core.hub.safe_names import checked_commit, checked_repo, checked_revision, is_repo
from steelyard.core.hub.transport import RefusedError, operation

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.hub.access import Access
    from steelyard.core.values.hub import HubFilters, HubSort

T = TypeVar("T")

_SEARCH_FIELDS = ["gguf", "downloads", "likes", "lastModified", "gated", "tags"]
_SORTS = {"downloads": "downloads", "likes": "likes", "updated": "last_modified"}
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MAX_WHOLE = 1 << 50
_MAX_FILES = 100_000
_MAX_ASKED = 30
_MAX_TEXT = 200
_README_BYTES = 64 << 10
_LICENCE_TAG = "license:"
_BASE_TAG = "base_model:"


@dataclass(frozen=True)
class FoundModel:
    """One search result as the hub tells it, checked."""

    repo: str
    downloads: int
    likes: int
    updated_at: str | None
    gated: bool
    licence: str | None
    parameters: int | None
    architecture: str | None
    context_length: int | None
    file_names: list[str] = field(default_factory=list[str])


@dataclass(frozen=True)
class RemoteFile:
    """A file of a repository. `size_bytes` is None where the hub gives no usable one."""

    name: str
    size_bytes: int | None
    sha256: str | None
    needs_xet: bool = False


@dataclass(frozen=True)
class FileFacts:
    """Entity tag, size and, where the tag is one, sha256 of a file; None where the hub does not say."""

    etag: str | None
    size_bytes: int | None
    sha256: str | None


@dataclass(frozen=True)
class RemoteRepo:
    """A repository at one commit, as the hub tells it, checked."""

    model: FoundModel
    commit: str
    base_model: str | None
    files: list[RemoteFile]


class HubClient:
    """One hub, asked as one user."""

    def __init__(self, access: Access) -> None:
        self.access = access

    def search(self, query: str, sort: HubSort, filters: HubFilters, count: int) -> list[FoundModel]:
        """The first `count` GGUF repositories; those whose answer makes no sense are left out.

        Raises:
            AppError: the hub cannot be reached, refuses, or answers nonsense.
        """
        tags = ["gguf"]
        if filters.licence:
            tags.append(f"license:{filters.licence}")
        fields = [*_SEARCH_FIELDS, "siblings"] if filters.quant else _SEARCH_FIELDS

        def ask() -> list[Any]:
            return list(
                self._api().list_models(
                    search=query.strip()[:_MAX_TEXT] or None,
                    filter=tags,
                    sort=_SORTS[sort],
                    limit=count,
                    gated=filters.gated,
                    num_parameters=_parameter_range(filters),
                    expand=fields,
                )
            )

        return [_found(info) for info in self._asked("the hub", ask) if is_repo(str(getattr(info, "id", "")))]

    def repo(self, name: str, revision: str | None) -> RemoteRepo:
        """A repository and its files, pinned to the commit that `revision` means now.

        Raises:
            AppError: no such repository or revision, no access, or the hub answers nonsense.
        """
        checked_repo(name)
        if revision is not None:
            checked_revision(revision)

        def ask() -> Any:
            return self._api().model_info(name, revision=revision, files_metadata=True)

        info = self._asked(name, ask)
        if not isinstance(info.id, str) or not is_repo(info.id):
            raise AppError("The hub's answer makes no sense", f"{name} is called something else in it")
        commit = checked_commit(info.sha)
        siblings = info.siblings
        files = _files(name, siblings) if siblings is not None else self._only_tree(name, commit)
        if any(_lacks_size(file) for file in files):
            files = self._with_sizes(name, commit, files)
        return RemoteRepo(_found(info), commit, _tag(info.tags, _BASE_TAG), files)

    def _only_tree(self, name: str, commit: str) -> list[RemoteFile]:
        """For a mirror that describes a repository without its files."""
        try:
            files = self._tree(name, commit)
        except NoAccessError:
            raise
        except AppError as exc:
            raise _no_files(name) from exc
        if not files:
            raise _no_files(name)
        return files

    def _with_sizes(self, name: str, commit: str, files: list[RemoteFile]) -> list[RemoteFile]:
        """Sizes from the tree, else file by file, where a mirror gives none with the repository."""
        try:
            return self._tree(name, commit) or files
        except NoAccessError:
            raise
        except AppError:
            asked = [file for file in files if _lacks_size(file)][:_MAX_ASKED]
            facts = {file: self.file_facts(name, self.file_url(name, commit, file.name)) for file in asked}
            return [
                replace(file, size_bytes=facts[file].size_bytes, sha256=file.sha256 or facts[file].sha256)
                if file in facts
                else file
                for file in files
            ]

    def _tree(self, name: str, commit: str) -> list[RemoteFile]:
        """The files as the tree of a commit lists them."""

        def ask() -> list[Any]:
            entries = self._api().list_repo_tree(name, revision=commit, recursive=True)
            return [entry for entry, _ in zip(entries, range(_MAX_FILES), strict=False)]

        return [_remote_file(entry.path, entry) for entry in self._asked(name, ask) if hasattr(entry, "size")]

    def file_facts(self, repo: str, url: str) -> FileFacts:
        """What the hub says of one file when it is asked for itself.

        Raises:
            AppError: no access, no such file, or the hub cannot be reached.
        """

        def ask() -> Any:
            from huggingface_hub.file_download import (
                get_hf_file_metadata,  # pyright: ignore[reportUnknownVariableType]
            )

            return get_hf_file_metadata(
                url, token=self.access.token or False, timeout=15, endpoint=self.access.endpoint
            )

        facts = self._asked(repo, ask)
        etag = _text(facts.etag)
        is_hash = etag is not None and _SHA256.fullmatch(etag) is not None
        return FileFacts(etag, _whole(facts.size), etag if is_hash else None)

    def has_access(self, repo: RemoteRepo) -> bool | None:
        """Whether the files of a gated repository are open to us; None if the hub does not say."""
        name = next((file.name for file in repo.files if file.name.lower().endswith(".gguf")), None)
        if name is None:
            return None
        try:
            self.file_facts(repo.model.repo, self.file_url(repo.model.repo, repo.commit, name))
        except AppError as exc:
            return False if isinstance(exc, NoAccessError) else None
        return True

    def file_url(self, repo: str, commit: str, name: str) -> str:
        """Where a file is asked for."""
        return f"{self.access.endpoint}/{repo}/resolve/{commit}/{quote(name)}"

    def user(self) -> str | None:
        """Who the token says we are; None without a token.

        Raises:
            AppError: the hub cannot be reached or refuses the token.
        """
        if self.access.token is None:
            self._asked("the hub", lambda: list(self._api().list_models(limit=1)))
            return None
        answer = self._asked("the hub", lambda: self._api().whoami())
        return str(answer.get("name", ""))[:_MAX_TEXT] or None

    def readme(self, name: str, commit: str) -> str:
        """The beginning of the model card as it stands in the repository; empty if there is none."""

        def ask() -> bytes:
            from huggingface_hub.utils import get_session

            url = f"{self.access.endpoint}/{name}/raw/{commit}/README.md"
            with get_session().stream("GET", url, headers=self._headers()) as response:
                if response.status_code != 200:
                    return b""
                data = b""
                for chunk in response.iter_raw():
                    data += chunk
                    if len(data) >= _README_BYTES:
                        break
                return data[:_README_BYTES]

        try:
            return self._asked(name, ask).decode("utf-8", "replace")
        except AppError:
            return ""  # a courtesy; the files are what counts

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access.token}"} if self.access.token else {}

    def _api(self) -> Any:
        from huggingface_hub import HfApi

        return HfApi(endpoint=self.access.endpoint, token=self.access.token or False)

    def _asked(self, what: str, ask: Callable[[], T]) -> T:
        """Carry out one operation; whatever goes wrong becomes words.

        huggingface_hub takes an answer's structure for granted, so that a hub that lies about it makes it
        fail in any way: with a KeyError as well as with a RecursionError.
        """
        try:
            with operation(self.access):
                return ask()
        except AppError:
            raise
        except RefusedError as exc:
            raise AppError(
                "The hub's answer was refused", str(exc), "Check the hub's address in Settings > Hub."
            ) from exc
        except Exception as exc:
            response = getattr(exc, "response", None)
            if isinstance(response, httpx2.Response):
                raise refusal(what, self.access, response) from exc
            if isinstance(exc, httpx2.TransportError | httpx2.InvalidURL | OSError):
                raise unreachable_hub(self.access, exc) from exc
            raise AppError(
                "The hub's answer makes no sense",
                f"{what}: {why_nonsense(exc)}",
                "Check the hub's address in Settings > Hub, or try again later.",
                retryable=True,
            ) from exc


def _found(info: Any) -> FoundModel:
    gguf = cast("dict[str, Any]", info.gguf) if isinstance(info.gguf, dict) else {}
    siblings = _list(info.siblings)
    return FoundModel(
        repo=info.id,
        downloads=_whole(info.downloads) or 0,
        likes=_whole(info.likes) or 0,
        updated_at=info.last_modified.isoformat().replace("+00:00", "Z") if info.last_modified else None,
        gated=info.gated not in (None, False, "False", "false"),
        licence=_tag(info.tags, _LICENCE_TAG),
        parameters=_whole(gguf.get("total")) or None,
        architecture=_text(gguf.get("architecture")),
        context_length=_whole(gguf.get("context_length")) or None,
        file_names=[str(getattr(item, "rfilename", "")) for item in siblings],
    )


def _files(name: str, siblings: Any) -> list[RemoteFile]:
    if not isinstance(siblings, list):
        raise _no_files(name)
    items = _list(siblings)
    if len(items) > _MAX_FILES:
        raise AppError("This repository is too large", f"{name} has more than {_MAX_FILES:,} files")
    return [_remote_file(item.rfilename, item) for item in items]


def _remote_file(name: Any, entry: Any) -> RemoteFile:
    from huggingface_hub import constants

    lfs = entry.lfs
    sha256 = getattr(lfs, "sha256", None)
    size = _whole(entry.size)
    lfs_size = _whole(getattr(lfs, "size", None))
    size = lfs_size if size is None else size
    is_hash = isinstance(sha256, str) and _SHA256.fullmatch(sha256.lower()) is not None
    return RemoteFile(
        name=str(name),
        size_bytes=size,
        sha256=str(sha256).lower() if is_hash else None,
        needs_xet=size is not None and size > constants.MAX_HTTP_DOWNLOAD_SIZE,
    )


def _no_files(name: str) -> AppError:
    return AppError("The hub's answer makes no sense", f"{name} has no list of files", "Try again later.")


def _lacks_size(file: RemoteFile) -> bool:
    return file.name.lower().endswith(".gguf") and file.size_bytes is None


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _whole(value: Any) -> int | None:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 <= value < _MAX_WHOLE else None


def _text(value: Any) -> str | None:
    return value[:_MAX_TEXT].encode("utf-8", "replace").decode() if isinstance(value, str) and value else None


def _tag(tags: Any, prefix: str) -> str | None:
    """The value of the first tag with this prefix; base models come as `base_model:quantized:owner/name`."""
    for tag in _list(tags):
        if isinstance(tag, str) and tag.startswith(prefix):
            return _text(tag.removeprefix(prefix).rsplit(":", 1)[-1])
    return None


def _parameter_range(filters: HubFilters) -> str | None:
    low, high = filters.min_parameters, filters.max_parameters
    parts = [f"min:{low / 1e9:g}B"] if low else []
    parts += [f"max:{high / 1e9:g}B"] if high else []
    return ",".join(parts) or None
