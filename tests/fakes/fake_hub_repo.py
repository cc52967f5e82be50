"""Repositories of the fake hub: what is in them, and how the hub describes them in JSON.

A file is bytes, a path on disk, or a `SparseFile` that is computed while it is sent, so that 1 GiB costs no
memory.
"""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE = 1 << 20
LFS_SUFFIXES = (".gguf", ".safetensors", ".bin", ".imatrix")
LFS_FROM_BYTES = 10 << 20
POINTER_BYTES = 135
DAY = "2026-10-01T12:00:00.000Z"
MAIN = "main"


@lru_cache(maxsize=4)
def _noise(seed: int) -> bytes:
    return random.Random(seed).randbytes(PIECE)


@dataclass(frozen=True)
class SparseFile:
    """Bytes that follow from a seed; every MiB begins with its own number, so that none equals another.

    `head` is what the file begins with, such as a GGUF header. `sha256` may be told for files too large to
    hash, or wrongly on purpose.
    """

    size: int
    seed: int = 0
    head: bytes = b""
    sha256: str = ""

    def piece(self, number: int) -> bytes:
        noise = number.to_bytes(8, "big") + _noise(self.seed)[8:]
        head = self.head[number * PIECE : (number + 1) * PIECE]
        return (head + noise[len(head) :])[: max(0, self.size - number * PIECE)]


Content = bytes | Path | SparseFile


def size_of(content: Content) -> int:
    if isinstance(content, Path):
        return content.stat().st_size
    return content.size if isinstance(content, SparseFile) else len(content)


def read(content: Content, start: int, stop: int) -> Iterator[bytes]:
    """The bytes of a file from start to stop, at most 1 MiB at a time."""
    if isinstance(content, Path):
        yield from _read_path(content, start, stop)
        return
    while start < stop:
        number, offset = divmod(start, PIECE)
        whole = (
            content.piece(number) if isinstance(content, SparseFile) else content[number * PIECE :][:PIECE]
        )
        piece = whole[offset : offset + stop - start]
        if not piece:
            return
        yield piece
        start += len(piece)


def _read_path(path: Path, start: int, stop: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while start < stop and (piece := file.read(min(PIECE, stop - start))):
            yield piece
            start += len(piece)


@dataclass(frozen=True)
class Blob:
    """A file as the hub stores it. `git_oid` names its entry in git, `sha256` its content."""

    content: Content
    size: int
    sha256: str
    git_oid: str
    is_lfs: bool

    @property
    def linked_etag(self) -> str:
        return self.sha256 if self.is_lfs else self.git_oid

    @property
    def store_etag(self) -> str:
        """The ETag of the store behind the hub: some other hash."""
        return hashlib.sha1(b"store" + self.sha256.encode(), usedforsecurity=False).hexdigest()[:32]

    @property
    def xet_hash(self) -> str:
        return hashlib.sha256(b"xet" + self.sha256.encode()).hexdigest()


def make_blob(name: str, content: Content) -> Blob:
    size = size_of(content)
    told = content.sha256 if isinstance(content, SparseFile) else ""
    sha256 = told or _hash(content, size)
    is_lfs = name.endswith(LFS_SUFFIXES) or size >= LFS_FROM_BYTES
    if is_lfs:
        stored = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()
    else:
        stored = b"".join(read(content, 0, size))
    git_oid = hashlib.sha1(b"blob %d\0" % len(stored) + stored, usedforsecurity=False).hexdigest()
    return Blob(content, size, sha256, git_oid, is_lfs)


def _hash(content: Content, size: int) -> str:
    digest = hashlib.sha256()
    for piece in read(content, 0, size):
        digest.update(piece)
    return digest.hexdigest()


@dataclass
class Revision:
    """What another name than main stands for."""

    commit: str
    files: dict[str, Content]
    kind: str = "branch"
    """branch, tag or convert."""


@dataclass
class FakeRepo:
    """A model repository. It may be changed while the hub runs; `advance` moves main to a new commit."""

    id: str
    files: dict[str, Content] = field(default_factory=dict[str, Content])
    commit: str = ""
    gated: bool | str = False
    """False, "auto" or "manual"."""
    licence: str | None = "apache-2.0"
    downloads: int = 1000
    likes: int = 10
    updated_at: str = DAY
    created_at: str = "2025-01-01T00:00:00.000Z"
    tags: tuple[str, ...] = ("gguf",)
    gguf: dict[str, Any] | None = None
    """Such as {"total": 135_000_000, "architecture": "llama", "context_length": 8192}."""
    card: str = ""
    """Text of README.md, unless `files` has one."""
    base_model: str | None = None
    pipeline_tag: str = "text-generation"
    is_private: bool = False
    has_xet: bool = False
    revisions: dict[str, Revision] = field(default_factory=dict[str, Revision])
    _blobs: dict[str, Blob] = field(default_factory=dict[str, Blob], repr=False)

    def __post_init__(self) -> None:
        self.commit = self.commit or commit_for(self.id)
        if self.card and "README.md" not in self.files:
            self.files["README.md"] = self.card.encode()
        for name in self.files:
            self.blob(self.files, name)

    def advance(self, commit: str, files: dict[str, Content]) -> None:
        """Main gets other files; the old commit stays reachable by its hash."""
        self.revisions[self.commit] = Revision(self.commit, self.files, "commit")
        self.commit, self.files = commit, files

    def find(self, revision: str) -> Revision | None:
        name = revision.removeprefix("refs/heads/")
        if name in (MAIN, self.commit):
            return Revision(self.commit, self.files)
        by_commit = {known.commit: known for known in self.revisions.values()}
        return self.revisions.get(name) or by_commit.get(name)

    def blob(self, files: dict[str, Content], name: str) -> Blob:
        content = files[name]
        key = f"{name}#{id(content)}"
        if key not in self._blobs:
            self._blobs[key] = make_blob(name, content)
        return self._blobs[key]

    @property
    def all_tags(self) -> list[str]:
        extra = [f"license:{self.licence}"] if self.licence else []
        extra += [f"base_model:{self.base_model}"] if self.base_model else []
        return [*self.tags, *extra, "region:us"]

    def blobs(self) -> Iterator[Blob]:
        for revision in (Revision(self.commit, self.files), *self.revisions.values()):
            for name in revision.files:
                yield self.blob(revision.files, name)


def commit_for(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


# ---- JSON --------------------------------------------------------------------------------------------------


def card_data(repo: FakeRepo) -> dict[str, Any]:
    data: dict[str, Any] = {"license": repo.licence, "base_model": repo.base_model}
    return {name: value for name, value in data.items() if value is not None}


def siblings(repo: FakeRepo, revision: Revision, with_blobs: bool) -> list[dict[str, Any]]:
    return [_sibling(repo.blob(revision.files, name), name, with_blobs) for name in sorted(revision.files)]


def _sibling(blob: Blob, name: str, with_blobs: bool) -> dict[str, Any]:
    if not with_blobs:
        return {"rfilename": name}
    entry = {"rfilename": name, "size": blob.size, "blobId": blob.git_oid}
    lfs = {"sha256": blob.sha256, "size": blob.size, "pointerSize": POINTER_BYTES}
    return {**entry, "lfs": lfs} if blob.is_lfs else entry


def properties(repo: FakeRepo, revision: Revision, with_blobs: bool = False) -> dict[str, Any]:
    """Everything that `expand` can ask for."""
    return {
        "author": repo.id.split("/")[0],
        "cardData": card_data(repo),
        "config": {},
        "createdAt": repo.created_at,
        "disabled": False,
        "downloads": repo.downloads,
        "downloadsAllTime": repo.downloads * 10,
        "gated": repo.gated,
        "gguf": repo.gguf,
        "inference": None,
        "lastModified": repo.updated_at,
        "library_name": "gguf",
        "likes": repo.likes,
        "pipeline_tag": repo.pipeline_tag,
        "private": repo.is_private,
        "sha": revision.commit,
        "siblings": siblings(repo, revision, with_blobs),
        "spaces": [],
        "tags": repo.all_tags,
        "trendingScore": repo.likes,
        "usedStorage": sum(blob.size for blob in repo.blobs()),
    }


LISTED = (
    "likes",
    "private",
    "downloads",
    "tags",
    "pipeline_tag",
    "library_name",
    "createdAt",
    "trendingScore",
)
LISTED_FULL = (*LISTED, "author", "gated", "lastModified", "sha", "siblings", "disabled")
UNUSUAL = ("downloadsAllTime", "trendingScore", "inference")
"""What model_info only has when it is asked for."""


def identity(repo: FakeRepo) -> dict[str, Any]:
    return {"_id": commit_for(repo.id)[:24], "id": repo.id}


def listed(repo: FakeRepo, expand: list[str], full: bool) -> dict[str, Any]:
    known = properties(repo, Revision(repo.commit, repo.files))
    names = expand or (LISTED_FULL if full else LISTED)
    extra = {} if expand else {"modelId": repo.id}
    return {**identity(repo), **extra, **{name: known[name] for name in names if known[name] is not None}}


def model_info(repo: FakeRepo, revision: Revision, expand: list[str], with_blobs: bool) -> dict[str, Any]:
    known = properties(repo, revision, with_blobs)
    if expand:
        return {**identity(repo), **{name: known[name] for name in expand if known[name] is not None}}
    rest = {name: value for name, value in known.items() if name not in UNUSUAL and value is not None}
    return {**identity(repo), "modelId": repo.id, **rest}


def file_entry(repo: FakeRepo, revision: Revision, name: str, expand: bool) -> dict[str, Any]:
    blob = repo.blob(revision.files, name)
    entry: dict[str, Any] = {"type": "file", "oid": blob.git_oid, "size": blob.size, "path": name}
    if blob.is_lfs:
        entry["lfs"] = {"oid": blob.sha256, "size": blob.size, "pointerSize": POINTER_BYTES}
    if blob.is_lfs and repo.has_xet:
        entry["xetHash"] = blob.xet_hash
    if expand:
        entry["lastCommit"] = {"id": revision.commit, "title": "Upload", "date": repo.updated_at}
        entry["securityFileStatus"] = {"status": "safe", "avScan": None, "pickleImportScan": None}
    return entry


def folder_entry(path: str) -> dict[str, Any]:
    return {"type": "directory", "oid": commit_for(path), "size": 0, "path": path}


def tree(
    repo: FakeRepo, revision: Revision, folder: str, *, recursive: bool, expand: bool
) -> list[dict[str, Any]] | None:
    """What lies in a folder; None when there is no such folder."""
    prefix = f"{folder}/" if folder else ""
    inside = sorted(name for name in revision.files if name.startswith(prefix))
    if folder and not inside:
        return None
    parents = {
        "/".join(name.split("/")[:depth]) for name in inside for depth in range(1, name.count("/") + 1)
    }
    paths = [(path, True) for path in parents if path.startswith(prefix)] + [(name, False) for name in inside]
    chosen = [item for item in sorted(paths) if recursive or "/" not in item[0].removeprefix(prefix)]
    return [
        folder_entry(path) if is_folder else file_entry(repo, revision, path, expand)
        for path, is_folder in chosen
    ]


def refs(repo: FakeRepo) -> dict[str, Any]:
    def of(kind: str, prefix: str) -> list[dict[str, str]]:
        return [
            {"name": name, "ref": f"{prefix}{name}", "targetCommit": known.commit}
            for name, known in repo.revisions.items()
            if known.kind == kind
        ]

    main = {"name": MAIN, "ref": f"refs/heads/{MAIN}", "targetCommit": repo.commit}
    return {
        "branches": [main, *of("branch", "refs/heads/")],
        "converts": of("convert", "refs/convert/"),
        "tags": of("tag", "refs/tags/"),
        "pullRequests": [],
    }


# ---- search ------------------------------------------------------------------------------------------------

_SORTS = {
    "downloads": "downloads",
    "likes": "likes",
    "trendingScore": "likes",
    "lastModified": "updated_at",
    "createdAt": "created_at",
}
_SCALES = {"K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}


def search(repos: list[FakeRepo], query: dict[str, list[str]]) -> list[FakeRepo]:
    """All repositories that a query of /api/models matches, in its order."""
    found = [repo for repo in repos if not repo.is_private and _matches(repo, query)]
    sort = query.get("sort", ["trendingScore"])[0]
    return sorted(found, key=lambda repo: getattr(repo, _SORTS.get(sort, "likes")), reverse=True)


def _matches(repo: FakeRepo, query: dict[str, list[str]]) -> bool:
    words = " ".join(query.get("search", [])).lower().split()
    tags = [tag for value in query.get("filter", []) for tag in value.split(",")]
    gated = query.get("gated", [""])[0].lower()
    return (
        all(word in repo.id.lower() for word in words)
        and set(tags) <= set(repo.all_tags)
        and query.get("author", [repo.id.split("/")[0]])[0] == repo.id.split("/")[0]
        and gated in ("", str(bool(repo.gated)).lower())
        and _has_size(repo, query.get("num_parameters", [""])[0])
    )


def _has_size(repo: FakeRepo, bounds: str) -> bool:
    """Whether the parameters lie within bounds such as `min:6B,max:128B`."""
    limits = dict(bound.split(":", 1) for bound in bounds.split(",") if ":" in bound)
    if not limits:
        return True
    total = (repo.gguf or {}).get("total")
    if total is None:
        return False
    return _amount(limits.get("min", "0")) <= total <= _amount(limits.get("max", "1000T"))


def _amount(text: str) -> float:
    return float(text[:-1]) * _SCALES[text[-1].upper()] if text[-1:].upper() in _SCALES else float(text)


# ---- folders -----------------------------------------------------------------------------------------------


def load_repos(root: Path) -> list[FakeRepo]:
    """Repositories from `ROOT/org/name/`; fields of FakeRepo may stand in `repo.json` beside the files."""
    folders = sorted(path for path in root.glob("*/*") if path.is_dir())
    return [_load_repo(folder, f"{folder.parent.name}/{folder.name}") for folder in folders]


def _load_repo(folder: Path, repo_id: str) -> FakeRepo:
    about = folder / "repo.json"
    fields = json.loads(about.read_text("utf-8")) if about.exists() else {}
    fields["tags"] = tuple(fields.get("tags", ("gguf",)))
    paths = [path for path in folder.rglob("*") if path.is_file() and path != about]
    return FakeRepo(repo_id, {path.relative_to(folder).as_posix(): path for path in paths}, **fields)
