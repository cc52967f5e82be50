"""Runs one of the engine's tools (llama-bench) to its end, or until it stands still or is not wanted."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from steelyard.core.base.errors import AppError
from steelyard.core.servers.launch import plan_tool
from steelyard.core.servers.log_facts import LogFacts, exit_words
from steelyard.core.servers.run_files import kill_group

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
    from pathlib import Path

_READ_BYTES = 64 << 10
_MAX_LINE_BYTES = 256 << 10
_MAX_OUTPUT_BYTES = 16 << 20
_LOOK_S = 0.5
_SILENCE_FACTOR = 10
_AFTER_EXIT_S = 2.0


@dataclass(frozen=True)
class Tool:
    """Which program to run, with which words, in which folder."""

    binary: Path
    words: Sequence[str]
    folder: Path
    environ: Mapping[str, str]

    @property
    def name(self) -> str:
        """What it is called in error texts."""
        return self.binary.stem


class _Output:
    """What the tool has said: whole lines of its results, and the tail of what it tells a person."""

    def __init__(self, on_line: Callable[[str], None], on_said: Callable[[str], None]) -> None:
        self.log = LogFacts()
        self.bytes_seen = 0
        self.is_too_much = False
        self._on_line = on_line
        self._on_said = on_said

    async def read_results(self, stream: asyncio.StreamReader) -> None:
        async for line in self._lines(stream):
            self._on_line(line)

    async def read_log(self, stream: asyncio.StreamReader) -> None:
        async for line in self._lines(stream):
            self.log.feed((line + "\n").encode())
            self._on_said(line)

    async def _lines(self, stream: asyncio.StreamReader) -> AsyncGenerator[str, None]:
        rest = b""
        while data := await stream.read(_READ_BYTES):
            self.bytes_seen += len(data)
            self.is_too_much = self.bytes_seen > _MAX_OUTPUT_BYTES
            if self.is_too_much:
                continue  # it is read on so that it does not block, until it is ended
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                yield line[:_MAX_LINE_BYTES].decode("utf-8", "replace")
            rest = rest[:_MAX_LINE_BYTES]
        if rest:
            yield rest.decode("utf-8", "replace")


async def run_tool(
    tool: Tool,
    on_line: Callable[[str], None],
    stall_s: float,
    on_said: Callable[[str], None] = lambda _line: None,
) -> None:
    """Run it to its end. `on_line` gets each line of its results, `on_said` of what it says beside.

    Whoever cancels this ends the tool with all that it started. It is ended, too, when it neither works nor
    says a word for `stall_s` seconds, or works for ten times as long without a word.

    Raises:
        AppError: it cannot be started, stands still, says far too much or fails; in words.
    """
    child = await _start(tool)
    output = _Output(on_line, on_said)
    assert child.stdout is not None
    assert child.stderr is not None
    work = asyncio.gather(output.read_results(child.stdout), output.read_log(child.stderr), child.wait())
    try:
        code = await _until_ended(tool, child, work, output, stall_s)
    finally:
        await _end(child, work)
    if code != 0:
        detail, hint = exit_words(code, output.log)
        raise AppError(f"{tool.name} failed", detail, hint)


async def _start(tool: Tool) -> asyncio.subprocess.Process:
    argv, environment = plan_tool(tool.binary, tool.words, tool.environ)
    try:
        return await asyncio.create_subprocess_exec(
            *argv,
            env=environment,
            cwd=tool.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as exc:
        raise AppError(
            f"{tool.name} could not be started", exc.strerror or str(exc), "Run `python3 run.py setup` again."
        ) from exc


async def _until_ended(
    tool: Tool,
    child: asyncio.subprocess.Process,
    work: asyncio.Future[tuple[None, None, int]],
    output: _Output,
    stall_s: float,
) -> int:
    said, worked = -1, -1.0
    said_at = moved_at = time.monotonic()
    while True:
        done, _ = await asyncio.wait({work}, timeout=_LOOK_S)
        if done:
            return work.result()[2]
        now = time.monotonic()
        if output.is_too_much:
            raise AppError(f"{tool.name} does not stop talking", f"over {_MAX_OUTPUT_BYTES >> 20} MiB")
        cpu_s = _cpu_seconds(child.pid)
        if output.bytes_seen != said:
            said, said_at, moved_at = output.bytes_seen, now, now
        if cpu_s != worked:
            worked, moved_at = cpu_s, now
        if now - moved_at > stall_s or now - said_at > _SILENCE_FACTOR * stall_s:
            raise AppError(
                f"{tool.name} stands still",
                f"no progress for {now - min(moved_at, said_at):.0f} s",
                "Try again, or raise the limit in Settings.",
                retryable=True,
            )


def _cpu_seconds(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return -1.0
    return round(times.user + times.system, 1)


async def _end(child: asyncio.subprocess.Process, work: asyncio.Future[tuple[None, None, int]]) -> None:
    """It holds nothing that could be lost: no grace."""
    if work.done():
        return
    if child.returncode is None:
        kill_group(child.pid, signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
    with contextlib.suppress(TimeoutError):  # something that it started may hold the pipes open
        await asyncio.wait_for(work, _AFTER_EXIT_S)
