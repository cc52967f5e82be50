"""Where things lie: the home, the runtime folder, shipped data, installed weights."""

from __future__ import annotations

import hashlib
import os
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path

from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.base.files import make_folder, make_private_folder

HOME_VARIABLE = "STEELYARD_HOME"


@dataclass(frozen=True)
class Home:
    """One user's data; everything in it moves with `--home`."""

    root: Path
    is_default: bool

    @property
    def database(self) -> Path:
        """The ledger."""
        return self.root / "ledger.sqlite3"

    @property
    def settings(self) -> Path:
        """The typed settings, TOML."""
        return self.root / "settings.toml"

    @property
    def window_state(self) -> Path:
        """Geometry and other things only the window cares about."""
        return self.root / "window.ini"

    @property
    def logs(self) -> Path:
        """Folder of the rotating log."""
        return self.root / "logs"

    @property
    def lock(self) -> Path:
        """Locked by the one engine owner; names its control socket."""
        return self.root / "engine.lock"

    @property
    def digest(self) -> str:
        """Ten characters that stand for this home where a path would be too long."""
        return hashlib.sha256(os.fsencode(self.root)).hexdigest()[:10]

    @property
    def keyring_service(self) -> str:
        """Name under which this home's keys lie in the keyring."""
        return "steelyard" if self.is_default else f"steelyard-{self.digest}"

    def runtime_folder(self) -> Path:
        """A short 0700 folder for sockets: a UNIX socket's path may have about 100 bytes.

        Raises:
            AppError: the folder cannot be made or belongs to somebody else.
        """
        user_runtime = os.environ.get("XDG_RUNTIME_DIR", "")
        short_enough = user_runtime and len(os.fsencode(user_runtime)) <= 50
        if short_enough and os.access(user_runtime, os.W_OK):
            return make_private_folder(Path(user_runtime) / f"steelyard-{self.digest}")
        user = str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
        base = tempfile.gettempdir()
        if len(os.fsencode(base)) > 50:
            base = "/tmp" if os.name == "posix" else base
        return make_private_folder(Path(base) / f"steelyard-{user}-{self.digest}")


def find_home(chosen: str | None) -> Home:
    """The home named by `--home`, else by STEELYARD_HOME, else the user's data folder.

    Raises:
        AppError: the folder cannot be made or named.
    """
    if chosen is not None and not chosen.strip():
        raise UsageError("Wrong usage", "--home needs a folder")
    default = _default_home()
    named = chosen or os.environ.get(HOME_VARIABLE) or ""
    if "\0" in named or named.encode("utf-8", "replace").decode() != named:
        raise AppError(
            "This home cannot be used", "its name is not valid UTF-8", "Choose another --home DIR."
        )
    root = user_path(named) if named else default
    make_folder(root)
    return Home(root, is_default=root == default)


def user_path(text: str) -> Path:
    """A path that a person typed, absolute, with `~` replaced where that user is known."""
    return Path(os.path.abspath(os.path.expanduser(text)))  # unlike Path's own, these never raise


def _default_home() -> Path:
    from platformdirs import user_data_path

    return user_data_path("steelyard", appauthor=False)


def data_root() -> Path:
    """Folder that holds `models/` and `resources/`: inside an installed package, else the checkout."""
    package = Path(__file__).resolve().parents[2]
    installed = package / "_data"
    return installed if installed.is_dir() else package.parents[1]


def shared_weights_folder() -> Path:
    """Where set-up puts weights that every home reads in place."""
    return Path(sys.prefix) / "share" / "steelyard" / "weights"


def engine_folder() -> Path:
    """Where set-up puts llama-server and its tools."""
    return Path(sysconfig.get_path("purelib")) / "bin"
