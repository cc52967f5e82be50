"""What a llama-server child is started with. Pure: the same input gives the same plan."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.core.base.errors import AppError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steelyard.core.values.settings import ServerSettings

_SHIM = Path(__file__).with_name("shim.py")
_PASSED_ON = (
    "HOME",
    "TMPDIR",
    "CUDA_VISIBLE_DEVICES",
    "GGML_VK_VISIBLE_DEVICES",
    "VK_DRIVER_FILES",
    "SystemRoot",
)
_MAX_SOCKET_BYTES = 100
_NOT_IN_ALIAS = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class LaunchPlan:
    """Program, arguments and the whole environment of a child."""

    argv: tuple[str, ...]
    environment: dict[str, str]
    socket: Path
    alias: str


def alias_for(name: str) -> str:
    """A model name that is no path and has nothing that llama-server would split or a terminal would obey."""
    return _NOT_IN_ALIAS.sub("-", name).strip("-.")[:80] or "model"


def plan_launch(
    binary: Path,
    weights: Path,
    name: str,
    socket: Path,
    key: str,
    settings: ServerSettings,
    environ: Mapping[str, str],
) -> LaunchPlan:
    """The plan for one start.

    Raises:
        AppError: the socket's path is too long for a UNIX socket.
    """
    if len(os.fsencode(socket)) > _MAX_SOCKET_BYTES:
        raise AppError(
            "The runtime folder's path is too long", str(socket.parent), "Set XDG_RUNTIME_DIR shorter."
        )
    alias = alias_for(name)
    flags = [
        *("--model", str(weights)),
        *("--alias", alias),
        *("--host", str(socket)),
        *("--ctx-size", str(settings.context_tokens)),
        *("--parallel", "1"),
        *("--batch-size", "512"),  # a request that was cancelled holds its slot until its batch is done
        *("--cache-ram", "0"),  # otherwise up to 8 GiB of old prompts stay in memory
        *("--cors-origins", "localhost"),
        *("--verbosity", "4"),  # buffers and the projection are told at this level; prompts are not
        *("--log-colors", "off"),
        "--offline",
        "--no-webui",
        "--metrics",
    ]
    if settings.threads:
        flags += ["--threads", str(settings.threads)]
    environment = {name: environ[name] for name in _PASSED_ON if name in environ}
    environment["LLAMA_API_KEY"] = key
    starter = (sys.executable, "-I", "-S", str(_SHIM), str(os.getpid()))
    return LaunchPlan((*starter, str(binary), *flags), environment, socket, alias)
