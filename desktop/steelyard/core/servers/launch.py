"""What a llama-server child is started with. Pure: the same input gives the same plan."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.core.base.errors import AppError
from steelyard.core.servers.flags import Flag, effective, problems_of, profile_flags

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steelyard.core.servers.loading import ServerSpec
    from steelyard.core.values.profiles import LaunchProfile
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
    flags: tuple[Flag, ...] = ()
    template: Path | None = None
    """Where the profile's chat template has to be written before the start."""


def alias_for(name: str) -> str:
    """A model name that is no path and has nothing that llama-server would split or a terminal would obey."""
    return _NOT_IN_ALIAS.sub("-", name).strip("-.")[:80] or "model"


def plan_launch(
    start: ServerSpec,
    profile: LaunchProfile,
    settings: ServerSettings,
    socket: Path,
    key: str,
    environ: Mapping[str, str],
) -> LaunchPlan:
    """The plan for one start of these weights with a profile.

    Raises:
        AppError: the socket's path is too long for a UNIX socket, or the profile cannot be used.
    """
    if len(os.fsencode(socket)) > _MAX_SOCKET_BYTES:
        raise AppError(
            "The runtime folder's path is too long", str(socket.parent), "Set XDG_RUNTIME_DIR shorter."
        )
    if problems := problems_of(profile):
        raise AppError("This launch profile cannot be used", problems[0], "Change it on the Servers page.")
    flags = launch_flags(start, profile, settings, socket)
    environment = _environment(environ)
    environment["LLAMA_API_KEY"] = key
    words = [word for flag in flags for word in flag.words]
    binary = profile.binary or str(start.binary)
    template = None if profile.chat_template is None else template_path(start.runtime, profile.chat_template)
    return LaunchPlan(
        (*_shim(), binary, *words), environment, socket, alias_for(start.name), tuple(flags), template
    )


def launch_flags(
    start: ServerSpec, profile: LaunchProfile, settings: ServerSettings, socket: Path
) -> list[Flag]:
    """All flags of a start, with who asked for each."""
    flags = [
        Flag("--model", str(start.weights), "ours"),
        Flag("--alias", alias_for(start.name), "ours"),
        Flag("--host", str(socket), "ours"),
        *profile_flags(effective(profile, settings), profile),
    ]
    if profile.chat_template is not None:
        flags.append(Flag("--chat-template-file", str(template_path(start.runtime, profile.chat_template))))
    if not any(flag.name == "--cache-ram" for flag in flags):
        flags.append(Flag("--cache-ram", "0", "ours"))  # else up to 8 GiB of old prompts stay in memory
    return [
        *flags,
        Flag("--cors-origins", "localhost", "ours"),
        # Buffers and the projection are told at this level; prompts are not.
        Flag("--verbosity", "4", "ours"),
        Flag("--log-colors", "off", "ours"),
        Flag("--offline", why="ours"),
        Flag("--no-webui", why="ours"),
        Flag("--metrics", why="ours"),
    ]


def template_path(runtime: Path, template: str) -> Path:
    """Where a template that replaces the one in the weights is put for the engine."""
    return runtime / f"template-{hashlib.sha256(template.encode()).hexdigest()[:16]}.jinja"


def shell_command(binary: str, flags: Sequence[Flag]) -> str:
    """The command for a shell: what a person would type, with the key as ***."""
    words = [binary, *(word for flag in flags for word in flag.words)]
    return "LLAMA_API_KEY=*** " + " ".join(shlex.quote(word) for word in words)


def plan_projection(
    binary: Path, weights: Path, socket: Path, profile: LaunchProfile, environ: Mapping[str, str]
) -> LaunchPlan:
    """The plan for a child that is ended as soon as it has told what it would reserve with this profile.

    It has the flags that the server would have: whatever decides about memory is among them. It is told at
    the level where the engine says what it counts; it never listens, since it never loads.
    """
    flags = [
        Flag("--model", str(weights)),
        Flag("--host", str(socket)),
        *profile_flags(profile),
        Flag("--cache-ram", "0"),
        Flag("--verbosity", "5"),
        Flag("--log-colors", "off"),
        Flag("--offline"),
        Flag("--no-webui"),
    ]
    words = [word for flag in flags for word in flag.words]
    return LaunchPlan((*_shim(), str(binary), *words), _environment(environ), socket, "projection")


def plan_tool(
    binary: Path, words: Sequence[str], environ: Mapping[str, str]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Arguments and environment of another program of the engine, under the rules of its server."""
    return (*_shim(), str(binary), *words), _environment(environ)


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: environ[name] for name in _PASSED_ON if name in environ}


def _shim() -> tuple[str, ...]:
    return sys.executable, "-I", "-S", str(_SHIM), str(os.getpid())
