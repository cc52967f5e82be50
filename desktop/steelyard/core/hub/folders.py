"""Folders where weights lie: the hub's cache, other tools' folders, and those that the user added.

Everything is read in place. A folder may hold anything: what is followed is bounded, and no weights are
opened here.
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from steelyard.core.base.paths import user_path
from steelyard.core.hub.cache import cache_folder
from steelyard.core.hub.safe_names import is_repo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from steelyard.core.values.weights import Source

_MAX_DEPTH = 8
_MAX_ENTRIES = 200_000
_MAX_JSON_BYTES = 1 << 20
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_OLLAMA_DIGEST = re.compile(r"sha256[:-]([0-9a-f]{64})")
_OLLAMA_LAYERS = {
    "application/vnd.ollama.image.model": "",
    "application/vnd.ollama.image.projector": " (projector)",
    "application/vnd.ollama.image.adapter": " (adapter)",
}


@dataclass(frozen=True)
class Root:
    """A place to look through. `is_added`: the user named it."""

    path: Path
    source: Source
    is_added: bool = False


@dataclass(frozen=True)
class Candidate:
    """A file that may be weights; `real` is its path behind all links.

    `group` is what belongs together: a folder, a snapshot, an Ollama model. `reference` is the hash that its
    place promises, where that is the hub's; `name` only where the file's own name says nothing.
    """

    path: Path
    root: Root
    group: str
    real: str
    repo: str | None = None
    revision: str | None = None
    reference: str | None = None
    name: str | None = None


@dataclass
class Look:
    """What one look at the folders found, and when each folder was last changed."""

    candidates: list[Candidate] = field(default_factory=list[Candidate])
    changed_ns: dict[str, int] = field(default_factory=dict[str, int])
    entries_left: int = _MAX_ENTRIES


def known_roots(environ: Mapping[str, str]) -> list[Root]:
    """Where the hub's cache and other tools keep weights on this system, whether they exist or not."""
    home = Path(os.path.expanduser("~"))
    caches = home / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    lm_studio = [home / ".lmstudio" / "models", home / ".cache" / "lm-studio" / "models"]
    if (chosen := _lm_studio_choice(home / ".lmstudio" / "settings.json")) is not None:
        lm_studio.insert(0, chosen)
    ollama = [Path(environ["OLLAMA_MODELS"])] if environ.get("OLLAMA_MODELS") else []
    ollama += [home / ".ollama" / "models", Path("/usr/share/ollama/.ollama/models")]
    llama_cpp = [Path(environ["LLAMA_CACHE"])] if environ.get("LLAMA_CACHE") else []
    llama_cpp.append(caches / "llama.cpp")
    return [
        Root(cache_folder(), "huggingface-cache"),
        *(Root(path, "lm-studio") for path in lm_studio),
        *(Root(path, "ollama") for path in ollama),
        *(Root(path, "llama.cpp") for path in llama_cpp),
    ]


def added_roots(paths: list[str]) -> list[Root]:
    """The places that the user named."""
    return [Root(user_path(path), "file", is_added=True) for path in paths]


def look_through(roots: list[Root]) -> Look:
    """All files under the roots that may be weights; what cannot be read is passed over."""
    look = Look()
    for root in roots:
        if root.source == "huggingface-cache":
            look.candidates += _in_hub_cache(root, look)
        elif root.source == "ollama":
            look.candidates += _in_ollama(root, look)
        elif root.path.is_dir():
            for path, real in _gguf_files(root.path, look):
                repo = _lm_studio_repo(root, path) if root.source == "lm-studio" else None
                look.candidates.append(Candidate(path, root, str(path.parent), real, repo=repo))
        elif root.is_added and os.path.lexists(root.path):
            real = os.path.realpath(root.path)
            look.candidates.append(Candidate(root.path, root, str(root.path.parent), real))
    return look


def has_changed(changed_ns: Mapping[str, int]) -> bool:
    """Whether a folder of an earlier look has had files added, removed or renamed since."""
    return any(_changed_ns(folder) != before for folder, before in changed_ns.items())


def _gguf_files(folder: Path, look: Look) -> Iterator[tuple[Path, str]]:
    """Files that end in .gguf with their real paths, in order; folders behind links are not entered."""
    top, real_top = str(folder), os.path.realpath(folder)
    pending = [(top, 0)]
    while pending:
        current, depth = pending.pop()
        look.changed_ns[current] = _changed_ns(current)
        files, folders = _listed(current, look)
        for path, is_link in files:
            yield Path(path), os.path.realpath(path) if is_link else real_top + path.removeprefix(top)
        if depth < _MAX_DEPTH:
            pending += [(path, depth + 1) for path in reversed(folders)]


def _listed(folder: str, look: Look) -> tuple[list[tuple[str, bool]], list[str]]:
    """Files with whether they are links, and folders."""
    files: list[tuple[str, bool]] = []
    folders: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                look.entries_left -= 1
                if look.entries_left < 0:
                    break
                if entry.name.lower().endswith(".gguf") and not entry.is_dir(follow_symlinks=False):
                    files.append((entry.path, entry.is_symlink()))
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
    except OSError:
        return [], []
    return sorted(files), sorted(folders)


def _changed_ns(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0


def _in_hub_cache(root: Root, look: Look) -> Iterator[Candidate]:
    """`models--OWNER--NAME/snapshots/COMMIT/FILE`; the newest snapshot first, so that it gives the name."""
    look.changed_ns[str(root.path)] = _changed_ns(str(root.path))
    _, folders = _listed(str(root.path), look)
    for folder in folders:
        kind, _, rest = os.path.basename(folder).partition("--")
        repo = rest.replace("--", "/", 1)
        if kind != "models" or not is_repo(repo):
            continue
        snapshots = os.path.join(folder, "snapshots")
        look.changed_ns[snapshots] = _changed_ns(snapshots)
        _, revisions = _listed(snapshots, look)
        for revision in sorted(revisions, key=_changed_ns, reverse=True):
            commit = os.path.basename(revision)
            for path, real in _gguf_files(Path(revision), look):
                yield Candidate(
                    path,
                    root,
                    revision,
                    real,
                    repo=repo,
                    revision=commit if _COMMIT.fullmatch(commit) else None,
                    reference=hash_of_blob(path),
                )


def hash_of_blob(path: Path) -> str | None:
    """In the hub's cache a link's goal is named by the hash of its content."""
    try:
        name = os.path.basename(os.readlink(path))
    except OSError:
        return None
    return name if _SHA256.fullmatch(name) else None


def _in_ollama(root: Root, look: Look) -> Iterator[Candidate]:
    """`manifests/REGISTRY/NAMESPACE/MODEL/TAG` name layers, which are `blobs/sha256-HASH`."""
    manifests = root.path / "manifests"
    for path in _all_files(manifests, look):
        *_, namespace, model, tag = (*[""] * 3, *path.relative_to(manifests).parts)
        name = f"{model}:{tag}" if namespace == "library" else f"{namespace}/{model}:{tag}"
        for layer in _layers(path):
            digest = _OLLAMA_DIGEST.fullmatch(str(layer.get("digest")))
            suffix = _OLLAMA_LAYERS.get(str(layer.get("mediaType")))
            if digest is not None and suffix is not None:
                blob = root.path / "blobs" / f"sha256-{digest[1]}"
                yield Candidate(blob, root, str(path), os.path.realpath(blob), name=name + suffix)


def _all_files(folder: Path, look: Look) -> Iterator[Path]:
    pending = [(str(folder), 0)]
    while pending:
        current, depth = pending.pop()
        look.changed_ns[current] = _changed_ns(current)
        try:
            with os.scandir(current) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in found:
            look.entries_left -= 1
            if look.entries_left < 0:
                return
            if entry.is_file(follow_symlinks=False):
                yield Path(entry.path)
            elif entry.is_dir(follow_symlinks=False) and depth < _MAX_DEPTH:
                pending.append((entry.path, depth + 1))


def _layers(manifest: Path) -> list[dict[str, Any]]:
    document = _json(manifest)
    layers = document.get("layers")
    if not isinstance(layers, list):
        return []
    return [cast("dict[str, Any]", layer) for layer in cast("list[Any]", layers) if isinstance(layer, dict)]


def _lm_studio_choice(settings: Path) -> Path | None:
    chosen = _json(settings).get("downloadsFolder")
    return user_path(chosen) if isinstance(chosen, str) and chosen and "\0" not in chosen else None


def _lm_studio_repo(root: Root, path: Path) -> str | None:
    """`PUBLISHER/MODEL/FILE`: the folders are called like the repository."""
    parts = path.relative_to(root.path).parts
    repo = "/".join(parts[:2])
    return repo if len(parts) == 3 and is_repo(repo) else None


def _json(path: Path) -> dict[str, Any]:
    """A small JSON object that another tool wrote; empty if it is none."""
    try:
        if not path.is_file() or path.stat().st_size > _MAX_JSON_BYTES:
            return {}
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", document) if isinstance(document, dict) else {}
