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
DEFAULT_KV_TYPE = "f16"
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


def memory_flags(ctx: int, parallel: int, kv_type: str) -> list[str]:
    """What decides about memory: `parallel` slots of `ctx` tokens each. A projection must have the same."""
    flags = [
        *("--ctx-size", str(ctx * parallel)),
        *("--parallel", str(parallel)),
        *("--batch-size", "512"),  # a request that was cancelled holds its slot until its batch is done
    ]
    if parallel > 1:
        flags.append("--no-kv-unified")
    if kv_type != DEFAULT_KV_TYPE:
        flags += ["--cache-type-k", kv_type, "--cache-type-v", kv_type]
    return flags


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
        *memory_flags(settings.context_tokens, 1, DEFAULT_KV_TYPE),
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
    environment = _environment(environ)
    environment["LLAMA_API_KEY"] = key
    return LaunchPlan((*_shim(), str(binary), *flags), environment, socket, alias)


def plan_projection(
    binary: Path, weights: Path, socket: Path, wish: tuple[int, int, str], environ: Mapping[str, str]
) -> LaunchPlan:
    """The plan for a child that is ended as soon as it has told what it would reserve for (context per slot,
    slots, KV type).

    It is told at the level where the engine says what it counts; it never listens, since it never loads.
    """
    flags = [
        *("--model", str(weights)),
        *("--host", str(socket)),
        *memory_flags(*wish),
        *("--cache-ram", "0"),
        *("--verbosity", "5"),
        *("--log-colors", "off"),
        "--offline",
        "--no-webui",
    ]
    return LaunchPlan((*_shim(), str(binary), *flags), _environment(environ), socket, "projection")


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: environ[name] for name in _PASSED_ON if name in environ}


def _shim() -> tuple[str, ...]:
    return sys.executable, "-I", "-S", str(_SHIM), str(os.getpid())
