"""Launch profiles: shipped ones, the user's as TOML files, and which weights are served with which."""

from __future__ import annotations

import hashlib
import logging
import re
from typing import TYPE_CHECKING, Any

import msgspec
import tomlkit
from tomlkit.exceptions import TOMLKitError

from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.base.files import make_private_folder, write_atomic
from steelyard.core.values.profiles import LaunchProfile, StoredProfile

if TYPE_CHECKING:
    from pathlib import Path

_MAX_BYTES = 2 << 20
_MAX_FILES = 500
_MAX_NAME = 80
_NOT_IN_FILE_NAME = re.compile(r"[^A-Za-z0-9._-]+")

_log = logging.getLogger(__name__)


class _File(msgspec.Struct, frozen=True, kw_only=True):
    """A profile file: what it is called, then the keys of `LaunchProfile` in a table."""

    name: str = ""
    about: str = ""
    weights: str | None = None
    origin: str = "user"
    profile: LaunchProfile = LaunchProfile()


def parse_profile(text: str) -> StoredProfile:
    """A profile from TOML: its keys stand at the top, or in the table `profile` beside a name.

    Raises:
        AppError: it is no TOML, or has a key or value that no profile has.
    """
    try:
        plain: dict[str, Any] = tomlkit.parse(text).unwrap()
        if "profile" in plain:
            _refuse_others(plain)
            found = msgspec.convert(plain, _File)
        else:
            found = _File(profile=msgspec.convert(plain, LaunchProfile))
    except (ValueError, RecursionError, TOMLKitError) as exc:
        known = ", ".join(LaunchProfile.__struct_fields__)
        raise AppError(
            "Not a launch profile", " ".join(str(exc).split())[:200], f"Known keys: {known}."
        ) from exc
    origin = "tune" if found.origin == "tune" else "user"
    return StoredProfile(
        name=found.name, profile=found.profile, origin=origin, weights=found.weights, about=found.about
    )


def _refuse_others(plain: dict[str, Any]) -> None:
    """Keys beside the table would be lost silently: most likely they were meant to stand in it."""
    if others := [name for name in plain if name not in _File.__struct_fields__]:
        raise ValueError(f"unknown beside [profile]: {', '.join(others)}")


class ProfileStore:
    """Reads the folders at each call: a user may edit the files."""

    def __init__(self, folder: Path, shipped: Path) -> None:
        self._folder = folder
        self._shipped = shipped
        self._assigned_path = folder / "assigned.json"
        self._assigned: dict[str, LaunchProfile] | None = None

    def all(self) -> list[StoredProfile]:
        """The user's profiles, then the shipped ones; a file that cannot be used says why."""
        own = [self._read(path) for path in sorted(self._folder.glob("*.toml"))[:_MAX_FILES]]
        shipped = [self._read(path) for path in sorted(self._shipped.glob("*.toml"))]
        return [*own, *(msgspec.structs.replace(one, origin="shipped") for one in shipped)]

    def save(self, wanted: StoredProfile) -> StoredProfile:
        """Keep it under its name, over one of the user's with that name.

        Raises:
            AppError: the name cannot be used, or the file cannot be written.
        """
        name = " ".join(wanted.name.split())
        if not name or len(name) > _MAX_NAME or not name.isprintable():
            raise UsageError("Not a usable profile name", repr(wanted.name[:99]), "Use up to 80 characters.")
        origin = "tune" if wanted.origin == "tune" else "user"
        kept = msgspec.structs.replace(wanted, name=name, origin=origin, problem="")
        path = self._path_of(name)
        make_private_folder(self._folder)
        write_atomic(path, _toml(kept).encode())
        return msgspec.structs.replace(kept, path=str(path))

    def remove(self, name: str) -> None:
        """Delete one of the user's.

        Raises:
            AppError: there is none of that name.
        """
        for one in self.all():
            if one.name == name and one.origin != "shipped" and one.path is not None:
                self._folder.joinpath(one.path).unlink(missing_ok=True)
                return
        raise AppError("No such profile of yours", name, "Shipped ones cannot be removed.")

    # ---- which weights go with which -----------------------------------------------------------------------

    def assigned(self, weights_path: str) -> LaunchProfile:
        """The profile with which these weights are served; an empty one if none was chosen."""
        return self._read_assigned().get(weights_path, LaunchProfile())

    def assign(self, weights_path: str, profile: LaunchProfile) -> None:
        """Serve these weights like this from now on."""
        assigned = dict(self._read_assigned())
        assigned.pop(weights_path, None)
        if profile != LaunchProfile():
            assigned[weights_path] = profile
        self._assigned = assigned
        make_private_folder(self._folder)
        write_atomic(self._assigned_path, msgspec.json.format(msgspec.json.encode(assigned)))

    def _read_assigned(self) -> dict[str, LaunchProfile]:
        if self._assigned is None:
            try:
                data = self._assigned_path.read_bytes()[: _MAX_BYTES + 1]
                self._assigned = msgspec.json.decode(data, type=dict[str, LaunchProfile])
            except FileNotFoundError:
                self._assigned = {}
            except (OSError, msgspec.DecodeError) as exc:
                _log.warning("assigned profiles were not used: %s", exc)
                self._assigned = {}
        return self._assigned

    # ---- files ---------------------------------------------------------------------------------------------

    def _path_of(self, name: str) -> Path:
        """Where a profile of that name is kept: a readable file name that no other name has."""
        readable = _NOT_IN_FILE_NAME.sub("-", name).strip("-.")[:40] or "profile"
        if readable != name:
            readable += "-" + hashlib.sha256(name.encode()).hexdigest()[:8]
        return self._folder / f"{readable}.toml"

    def _read(self, path: Path) -> StoredProfile:
        try:
            data = path.read_bytes()[: _MAX_BYTES + 1]
            if len(data) > _MAX_BYTES:
                raise AppError("Not a launch profile", f"it is larger than {_MAX_BYTES >> 20} MiB")
            found = parse_profile(data.decode("utf-8-sig"))
        except (OSError, UnicodeDecodeError, AppError) as exc:
            problem = exc.one_line() if isinstance(exc, AppError) else str(exc)
            return StoredProfile(
                name=path.stem, profile=LaunchProfile(), origin="user", path=str(path), problem=problem
            )
        return msgspec.structs.replace(found, name=found.name or path.stem, path=str(path))


def _toml(stored: StoredProfile) -> str:
    document = tomlkit.document()
    for name in ("name", "about", "weights", "origin"):
        if value := getattr(stored, name):
            document[name] = value
    table = tomlkit.table()
    plain: dict[str, Any] = msgspec.to_builtins(stored.profile)
    for name, value in plain.items():
        if value is not None:
            table[name] = value
    document["profile"] = table
    return tomlkit.dumps(document)
