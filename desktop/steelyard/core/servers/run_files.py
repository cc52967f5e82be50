"""Who of the running processes is ours: written at each start, read by the next owner to reap orphans."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import time
from pathlib import Path

import msgspec
import psutil

from steelyard.core.base.errors import AppError
from steelyard.core.base.files import write_atomic

_SUFFIX = ".server.json"
_START_TOLERANCE_S = 0.5
_GONE_S = 5.0

_log = logging.getLogger(__name__)


class RunFile(msgspec.Struct, frozen=True):
    """One child. The socket's name carries a nonce and stands in the child's argv."""

    pid: int
    started_at_s: float
    socket: str


def write_run_file(folder: Path, pid: int, socket: Path) -> Path:
    """Remember a child; returns the file to remove when it has ended."""
    record = RunFile(pid, psutil.Process(pid).create_time(), str(socket))
    path = folder / f"{socket.stem}{_SUFFIX}"
    write_atomic(path, msgspec.json.encode(record))
    return path


def sweep_orphans(folder: Path) -> int:
    """Kill children of a former owner that still live, remove their sockets; returns how many were killed.

    Only a process with the remembered pid, start time and socket name in its argv is ours.
    """
    killed = 0
    for path in folder.glob(f"*{_SUFFIX}"):
        try:
            record = msgspec.json.decode(path.read_bytes(), type=RunFile)
            killed += _kill_if_ours(record)
            (folder / Path(record.socket).name).unlink(missing_ok=True)
        except (OSError, ValueError, msgspec.DecodeError) as exc:
            _log.warning("left-over run-file %s: %s", path.name, exc)
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
    for socket in folder.glob("llama-*.sock"):
        with contextlib.suppress(OSError):
            socket.unlink()
    remove_templates(folder)
    return killed


def remove_templates(folder: Path) -> None:
    """Chat templates of profiles, which were put there for the engine to read."""
    for template in folder.glob("template-*.jinja"):
        with contextlib.suppress(OSError):
            template.unlink()


def _kill_if_ours(record: RunFile) -> int:
    try:
        process = psutil.Process(record.pid)
        same_start = abs(process.create_time() - record.started_at_s) < _START_TOLERANCE_S
        if not same_start or record.socket not in process.cmdline():
            return 0
    except psutil.Error:
        return 0
    kill_group(record.pid, signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
    _wait_gone(process)
    return 1


def _wait_gone(process: psutil.Process) -> None:
    """Until it has ended; a zombie that nobody reaps, as in some containers, has."""
    until = time.monotonic() + _GONE_S
    with contextlib.suppress(psutil.Error):
        while time.monotonic() < until and process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)


def kill_group(pid: int, how: signal.Signals) -> None:
    """Signal a child and whatever it started; it leads a process group of its own."""
    try:
        if os.name == "posix":
            os.killpg(pid, how)
        else:
            psutil.Process(pid).kill()
    except (ProcessLookupError, psutil.NoSuchProcess):
        pass
    except (PermissionError, psutil.AccessDenied) as exc:
        raise AppError("A server cannot be stopped", str(exc)) from exc
