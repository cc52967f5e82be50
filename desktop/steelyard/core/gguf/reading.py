"""Reads headers through the worker process: one for all files, started when it is first needed."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steelyard.core.base.errors import AppError
from steelyard.core.base.files import shown
from steelyard.core.gguf.header import GgufHeader

if TYPE_CHECKING:
    from collections.abc import Sequence

_WORKER = Path(__file__).with_name("worker.py")
_PATIENCE_S = 10.0  # a disk that has to wake up takes several seconds
_MAX_ANSWER_BYTES = 32 << 20
_BATCH = 32  # questions and answers on their way at once: little enough for the pipes


class HeaderReader:
    """May be called from any thread; one file is read at a time."""

    def __init__(self, patience_s: float = _PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._worker: subprocess.Popen[bytes] | None = None

    def read(self, path: Path) -> GgufHeader:
        """The header of a file on disk.

        Raises:
            AppError: no GGUF file, damaged, cut off, unreadable, or it took too long.
        """
        (header,) = self.read_many([path])
        if isinstance(header, AppError):
            raise header
        return header

    def read_many(self, paths: Sequence[Path]) -> list[GgufHeader | AppError]:
        """The headers of many files, in order; for each that has none, why."""
        found: list[GgufHeader | AppError] = []
        with self._lock:
            while len(found) < len(paths):
                batch = paths[len(found) : len(found) + _BATCH]
                for header in self._answers(batch, is_prefix=False):
                    assert header is not None
                    found.append(header)
        return found

    def read_prefix(self, path: Path) -> GgufHeader | None:
        """The header out of the beginning of a file; None if it needs more of it.

        Raises:
            AppError: it cannot be the beginning of a GGUF file.
        """
        with self._lock:
            (header,) = self._answers([path], is_prefix=True)
        if isinstance(header, AppError):
            raise header
        return header

    def _answers(self, paths: Sequence[Path], *, is_prefix: bool) -> list[GgufHeader | AppError | None]:
        """Ask for a batch. A file on which the worker hangs or dies ends the batch, with an error for it."""
        found: list[GgufHeader | AppError | None] = []
        try:
            worker = self._running()
            assert worker.stdin is not None
            assert worker.stdout is not None
            questions = [{"path": os.fspath(path), "is_prefix": is_prefix} for path in paths]
            worker.stdin.write(b"".join(json.dumps(each).encode() + b"\n" for each in questions))
            worker.stdin.flush()
            lines = _Lines(worker.stdout.fileno(), self._patience_s)
            while len(found) < len(paths):
                found.append(_header(json.loads(lines.next())))
        except (OSError, ValueError) as exc:
            self._drop()
            path = paths[len(found)]
            found.append(
                AppError(
                    "These weights cannot be read",
                    f"{shown(path)}: reading its header {exc if isinstance(exc, TimeoutError) else 'failed'}",
                    "Choose another file, or get it again.",
                )
            )
        return found

    def close(self) -> None:
        """End the worker."""
        with self._lock:
            self._drop()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._worker is None or self._worker.poll() is not None:
            self._drop()
            self._worker = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_WORKER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
                start_new_session=True,  # Ctrl+C in the terminal is for us; the worker ends with its stdin
            )
        return self._worker

    def _drop(self) -> None:
        worker, self._worker = self._worker, None
        if worker is None:
            return
        worker.kill()
        worker.wait()
        for stream in (worker.stdin, worker.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):  # what was not written yet meets a closed pipe
                    stream.close()


def _header(answer: dict[str, Any]) -> GgufHeader | AppError | None:
    if "error" in answer:
        return AppError(*answer["error"])
    return None if answer["header"] is None else GgufHeader(**answer["header"])


class _Lines:
    """Lines of the worker, each with a deadline."""

    def __init__(self, handle: int, patience_s: float) -> None:
        self._handle = handle
        self._patience_s = patience_s
        self._data = bytearray()

    def next(self) -> bytes:
        """The next line.

        Raises:
            TimeoutError: none came in time.
            OSError: the worker died.
            ValueError: the line is absurdly long.
        """
        deadline = time.monotonic() + self._patience_s
        seen = 0
        while (end := self._data.find(b"\n", seen)) < 0:
            seen = len(self._data)
            if seen > _MAX_ANSWER_BYTES:
                raise ValueError("absurdly long")
            ready, _, _ = select.select([self._handle], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError(f"took longer than {self._patience_s:.0f} s")
            chunk = os.read(self._handle, 1 << 16)
            if not chunk:
                raise OSError("the reading process ended")
            self._data += chunk
        line = bytes(self._data[:end])
        del self._data[: end + 1]
        return line
