"""Deletes what Steelyard downloaded, and nothing else."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.core.base.errors import AppError
from steelyard.core.hub.cache import cache_folder, disk_error
from steelyard.core.values.weights import Removal

if TYPE_CHECKING:
    from steelyard.core.values.weights import WeightsRow

_WHOSE = {
    "starter": ("The starter belongs to the installation", "It stays; it takes little room."),
    "huggingface-cache": ("another tool downloaded them", "Use `hf cache rm`, or delete them there."),
    "lm-studio": ("they belong to LM Studio", "Delete them in LM Studio."),
    "ollama": ("they belong to Ollama", "Use `ollama rm`."),
    "llama.cpp": ("they belong to llama.cpp", "Delete them in its folder."),
}


def plan_removal(row: WeightsRow, places: list[str]) -> Removal:
    """What removing would do.

    Raises:
        AppError: these weights are not for Steelyard to remove.
    """
    paths = row.parts or [row.path]
    if row.source == "hub":
        note = "They lie in the Hugging Face cache: other tools that use them will have to fetch them again."
        return Removal(name=row.name, freed_bytes=row.size_bytes, paths=paths, deletes_files=True, note=note)
    if row.source == "file":
        place = next((place for place in places if place in paths), None)
        if place is not None:
            note = "Steelyard forgets it; the file stays where it is."
            return Removal(name=row.name, freed_bytes=0, paths=[place], deletes_files=False, note=note)
        reason, hint = (
            "they lie in a folder that you added",
            "Delete the file yourself, or forget the folder.",
        )
    else:
        reason, hint = _WHOSE[row.source]
    raise AppError(f"{row.name} was not removed", reason, hint)


def remove_from_cache(row: WeightsRow) -> tuple[list[str], int]:
    """Delete the blobs of a row and every name they have in the cache; returns these and the freed bytes.

    Raises:
        AppError: the disk refused.
    """
    freed, blobs = 0, list[str]()
    for path in row.parts or [row.path]:
        blob = Path(os.path.realpath(path))
        folder = _repo_folder(Path(path))
        try:
            size = blob.stat().st_size
            for name in _names_of(folder, blob):
                name.unlink(missing_ok=True)
                _remove_empty(name.parent, folder / "snapshots")
            blob.unlink(missing_ok=True)
        except OSError as exc:
            raise disk_error(exc, Path(path)) from exc
        freed += size
        blobs.append(str(blob))
    _forget_revisions(_repo_folder(Path(row.path)))
    return blobs, freed


def _repo_folder(path: Path) -> Path:
    """The `models--…` folder of a file in the cache.

    Raises:
        AppError: the file lies somewhere else.
    """
    cache = cache_folder()
    if not path.is_relative_to(cache):
        raise AppError("Not removed", f"{path} is not in the cache", "Check HF_HOME.")
    return cache / path.relative_to(cache).parts[0]


def _names_of(folder: Path, blob: Path) -> list[Path]:
    return [path for path in (folder / "snapshots").rglob("*") if os.path.realpath(path) == str(blob)]


def _remove_empty(folder: Path, top: Path) -> None:
    """Folders under `top` that have become empty."""
    with contextlib.suppress(OSError):
        while folder != top and folder.is_relative_to(top):
            folder.rmdir()
            folder = folder.parent


def _forget_revisions(folder: Path) -> None:
    """A branch that names a snapshot which is gone makes the hub's own tools call the cache corrupt."""
    with contextlib.suppress(OSError):
        for ref in [path for path in (folder / "refs").rglob("*") if path.is_file()]:
            if not (folder / "snapshots" / ref.read_text().strip()).is_dir():
                ref.unlink()
                _remove_empty(ref.parent, folder / "refs")
        # In this order, and only until one is not empty: without the folder of snapshots beside what is
        # left (a part of another file, say) the hub's own tools call the cache corrupt, too.
        for name in ("refs", "blobs", "snapshots", "."):
            if (folder / name).exists():
                (folder / name).rmdir()
