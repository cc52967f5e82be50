"""What a name on the command line or in a picker means."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from steelyard.core.base.errors import AppError
from steelyard.core.base.paths import user_path
from steelyard.core.hub.library import STARTER

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from steelyard.core.values.targets import WeightsRow

_HUB_NAME = re.compile(r"(?:https?://\S+|hf\.co/\S+|[\w.-]+/[\w.-]+(?:[:/@]\S+)?)")


@dataclass(frozen=True)
class Meaning:
    """A path, the starter, a configured API target, or listed weights."""

    kind: Literal["path", "starter", "api", "weights"]
    path: Path | None = None
    row: WeightsRow | None = None


def looks_like_path(name: str) -> bool:
    """Whether a name means a place on disk for this process, which makes such names absolute.

    Only the asking process may decide this: an existing relative path is one in its own working directory.
    """
    return _is_path(name) or (os.sep in name and os.path.exists(name))


def _is_path(name: str) -> bool:
    """Whether a name can mean nothing but a path, in whatever process."""
    return os.path.isabs(name) or name.startswith(("./", "../", "~", ".\\"))


def meaning_of(
    name: str, api_names: Collection[str], list_weights: Callable[[], list[WeightsRow]]
) -> Meaning:
    """Resolve a name in the order that the command line promises. Names that mean a path are absolute here.

    Raises:
        AppError: it means nothing, or two files at once.
    """
    if _is_path(name):
        return Meaning("path", path=user_path(name))
    if name == STARTER:
        return Meaning("starter")
    if name in api_names:
        return Meaning("api")
    found = [row for row in list_weights() if row.name == name]
    if len(found) > 1:
        raise AppError(
            f"{name} means more than one file", ", ".join(row.path for row in found), "Give the path instead."
        )
    if found:
        return Meaning("weights", row=found[0])
    if _HUB_NAME.fullmatch(name):
        raise AppError(
            f"{name} is not on this machine",
            "this version does not download from the hub yet",
            "Download the GGUF file yourself and give its path.",
        )
    known = ", ".join([STARTER, *sorted(api_names)])
    is_file_name = name.lower().endswith(".gguf")
    hint = f"Write ./{name} for a file." if is_file_name else "Add one with `steelyard targets add`."
    raise AppError(f"No target is called {name}", f"known are {known}", hint)
