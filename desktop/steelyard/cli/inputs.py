"""What belongs to the asking process: its files, its stdin, its folder, its environment."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.base.paths import user_path
from steelyard.core.hub.names import looks_like_path
from steelyard.core.values.profiles import LaunchProfile

if TYPE_CHECKING:
    from steelyard.core.base.paths import Home

MAX_PROMPT_BYTES = 64 << 20
MAX_FILE_BYTES = 4 << 20
_HUB_VARIABLES = ("HF_ENDPOINT", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")


def absolute(name: str) -> str:
    """A name as it is; a path from the folder of this process."""
    return str(user_path(name)) if looks_like_path(name) else name


def stdin_text() -> str:
    """A prompt, or a key.

    Raises:
        UsageError: it is too large.
    """
    return stdin_bytes("prompt").decode("utf-8", "replace")


def stdin_bytes(what: str) -> bytes:
    """All of stdin. `what` it holds is named in the error.

    Raises:
        UsageError: it is too large.
    """
    data = sys.stdin.buffer.read(MAX_PROMPT_BYTES + 1)
    if len(data) > MAX_PROMPT_BYTES:
        raise UsageError(f"The {what} is too large", f"over {MAX_PROMPT_BYTES >> 20} MiB")
    return data


def read_file(path: str, limit: int) -> bytes:
    """A file of the user's, of at most `limit` bytes.

    Raises:
        UsageError: it cannot be read, or is larger.
    """
    try:
        with user_path(path).open("rb") as file:
            data = file.read(limit + 1)
    except OSError as exc:
        raise UsageError("A file cannot be read", f"{path}: {exc.strerror}", "Check the path.") from exc
    except ValueError as exc:  # a null byte, which a file of the user's can have in a name
        raise UsageError("A file cannot be read", f"{path!r} is no path", "Check the path.") from exc
    if len(data) > limit:
        raise UsageError("A file is too large", f"{path}: over {limit >> 20} MiB")
    return data


def profile_of(path: str | None) -> LaunchProfile:
    """The launch profile of `--profile`; without one, the default.

    Raises:
        UsageError: the file holds none.
    """
    if path is None:
        return LaunchProfile()
    from steelyard.core.store.profiles import parse_profile  # most commands need no TOML writer

    data = read_file(path, MAX_FILE_BYTES)
    try:
        return parse_profile(data.decode("utf-8-sig")).profile
    except UnicodeDecodeError as exc:
        raise UsageError("Not a launch profile", f"{path}: {exc}", "Give a TOML file.") from exc
    except AppError as exc:
        raise UsageError(exc.title, f"{path}: {exc.detail}", exc.hint) from exc


def hub_environment() -> dict[str, str]:
    """What this process's environment says about the hub; it goes with the request, kept nowhere."""
    return {name: os.environ[name] for name in _HUB_VARIABLES if os.environ.get(name, "").strip()}


def settings_notices(home: Home) -> list[str]:
    """What is wrong with the settings file; every command says it, since targets seem to be gone then."""
    from steelyard.core.store.settings import SettingsStore

    store = SettingsStore(home.settings)
    store.load()
    return store.notices


def key_environment(home: Home) -> dict[str, str]:
    """Values of the variables that configured targets read their keys from, as this process sees them."""
    from steelyard.core.store.settings import SettingsStore

    store = SettingsStore(home.settings)
    store.load()
    names = {target.key_env for target in store.current.targets if target.key_env}
    return {name: os.environ[name] for name in names if os.environ.get(name)}
