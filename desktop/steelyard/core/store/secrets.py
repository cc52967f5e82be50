"""API keys: in the system's keyring, or in this process's memory. Nowhere else."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING, Literal, TypeVar

from steelyard.core.base.errors import AppError
from steelyard.core.base.redaction import remember_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from steelyard.core.values.targets import ApiTarget

T = TypeVar("T")

# Backends that keep secrets encrypted or behind the system's own protection. Everything else (plain files,
# "null", "fail", unknown third-party ones) counts as insecure.
_SECURE_BACKENDS = tuple(
    f"keyring.backends.{name}" for name in ("SecretService", "kwallet", "libsecret", "macOS", "Windows")
)
_TIMEOUT_S = 5.0
_MAX_KEY_CHARS = 4096
_NO_ANSWER = "one that does not answer"


class SecretStore:
    """Reads and keeps keys of API targets. Calls may block for some seconds: use them from a thread."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._memory: dict[str, str] = {}
        self._kept: set[str] = set()
        """Names whose key is known to be in the keyring, so that a list need not fetch it again."""
        self._hanging: threading.Thread | None = None

    def backend(self) -> tuple[str, bool]:
        """Name of the keyring backend in use, and whether it is secure."""
        names = self._within_time(_backend_names, default=[_NO_ANSWER])
        return ", ".join(names) or "none", _is_secure(names)

    def where(self, target: ApiTarget) -> Literal["env", "keyring", "memory", "none"]:
        """Where this target's key comes from."""
        if target.key_env:
            return "env"
        if target.name in self._memory:
            return "memory"
        is_kept = target.name in self._kept or self._from_keyring(target.name) is not None
        return "keyring" if is_kept else "none"

    def kept(self, name: str) -> tuple[str | None, Literal["keyring", "memory", "none"]]:
        """A secret that `store` kept under this name, and where."""
        if name in self._memory:
            return self._memory[name], "memory"
        secret = self._from_keyring(name)
        return secret, "none" if secret is None else "keyring"

    def read(self, target: ApiTarget, environment: Mapping[str, str]) -> str | None:
        """The key, or None if this target has none. `environment` is the asking process's, ours comes second.

        Raises:
            AppError: the named variable is not set, or the key is not one that a header can carry.
        """
        if target.key_env:
            key = environment.get(target.key_env) or os.environ.get(target.key_env)
            if not key:
                raise AppError(
                    f"{target.name} has no key",
                    f"the environment variable {target.key_env} is not set",
                    "Set it, or give the target another key.",
                )
        else:
            key = self._memory.get(target.name) or self._from_keyring(target.name)
        return None if key is None else checked_key(key)

    def store(self, name: str, key: str, *, memory_ok: bool) -> Literal["keyring", "memory"]:
        """Keep a key.

        Raises:
            AppError: no secure keyring is there, and memory is not what was asked for.
        """
        key = checked_key(key)
        backend, is_secure = self.backend()
        if is_secure and self._within_time(lambda: self._set(name, key), default=False):
            self._memory.pop(name, None)
            self._kept.add(name)
            return "keyring"
        if memory_ok:
            self._memory[name] = key
            return "memory"
        refused, missing = f"the keyring ({backend}) did not take it", "there is no secure keyring"
        raise AppError(
            "The key was not stored",
            refused if is_secure else f"{missing} (found: {backend})",
            "Use `targets add … --key-env VARIABLE` and set that variable instead.",
        )

    def forget(self, name: str) -> None:
        """Remove a target's key from memory and keyring."""
        self._memory.pop(name, None)
        self._kept.discard(name)
        if self.backend()[1]:
            self._within_time(lambda: self._delete(name), default=False)

    def _from_keyring(self, name: str) -> str | None:
        key = self._within_time(lambda: self._get(name), default=None)
        if key is not None:
            self._kept.add(name)
        return key

    def _get(self, name: str) -> str | None:
        import keyring

        return keyring.get_password(self._service, name) if _is_secure(_backend_names()) else None

    def _set(self, name: str, key: str) -> bool:
        import keyring

        keyring.set_password(self._service, name, key)
        return True

    def _delete(self, name: str) -> bool:
        import keyring

        keyring.delete_password(self._service, name)
        return True

    def _within_time(self, work: Callable[[], T], default: T) -> T:
        """A locked or broken keyring may wait for a dialog that nobody sees, or fail in any way it likes.

        While one call hangs no other is made: a list of ten targets waits once, and leaves one thread behind.
        """
        if self._hanging is not None and self._hanging.is_alive():
            return default
        result: list[T] = []

        def target() -> None:
            with contextlib.suppress(Exception):
                result.append(work())

        thread = threading.Thread(target=target, name="keyring", daemon=True)
        thread.start()
        thread.join(_TIMEOUT_S)
        if thread.is_alive():
            self._hanging = thread
        return result[0] if result else default


def checked_key(key: str) -> str:
    """The key without surrounding space; from here on it is masked in logs and errors.

    Raises:
        AppError: empty, too long, or with characters that an HTTP header cannot carry.
    """
    key = key.strip()
    if not key or len(key) > _MAX_KEY_CHARS or not key.isascii() or not key.isprintable() or " " in key:
        raise AppError("Not a usable key", "it is empty or has characters that no key has", "Paste it again.")
    remember_secret(key)
    return key


def _backend_names() -> list[str]:
    import keyring
    from keyring.backends.chainer import ChainerBackend

    backend = keyring.get_keyring()
    parts = list(backend.backends)[:1] if isinstance(backend, ChainerBackend) else [backend]
    return [f"{type(part).__module__}.{type(part).__name__}" for part in parts]


def _is_secure(backend_names: list[str]) -> bool:
    return bool(backend_names) and all(name.startswith(_SECURE_BACKENDS) for name in backend_names)
