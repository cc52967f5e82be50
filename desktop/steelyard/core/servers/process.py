"""One llama-server process: spawn, feed the log, tell when it ends, kill it with everything it started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import TYPE_CHECKING

import psutil

from steelyard.core.base.errors import AppError
from steelyard.core.servers.run_files import kill_group, write_run_file

if TYPE_CHECKING:
    from pathlib import Path

    from steelyard.core.servers.launch import LaunchPlan
    from steelyard.core.servers.log_facts import LogFacts

_PIPE_READ_BYTES = 64 << 10
_AFTER_EXIT_S = 2.0  # a grandchild may hold the pipe open


class ServerProcess:
    """A running child. Create it with `spawn`, from the engine thread only (see DESIGN.md)."""

    def __init__(
        self,
        child: asyncio.subprocess.Process,
        vitals: psutil.Process | None,
        run_file: Path | None,
        plan: LaunchPlan,
        facts: LogFacts,
    ) -> None:
        self._child = child
        self._plan = plan
        self._run_file = run_file
        self._facts = facts
        self._reader = asyncio.create_task(self._read_log())
        self._vitals = vitals

    @classmethod
    async def spawn(cls, plan: LaunchPlan, runtime: Path, facts: LogFacts) -> ServerProcess:
        """Start the child and write its run-file.

        Raises:
            AppError: the program cannot be started.
        """
        try:
            child = await asyncio.create_subprocess_exec(
                *plan.argv,
                env=plan.environment,
                cwd=runtime,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as exc:
            raise AppError(
                "llama-server could not be started",
                exc.strerror or str(exc),
                "Run `python3 run.py setup` again.",
            ) from exc
        vitals = run_file = None
        try:
            # It may have ended by now; its log and exit code then tell why, as those of any other.
            with contextlib.suppress(psutil.NoSuchProcess):
                vitals = psutil.Process(child.pid)
                run_file = write_run_file(runtime, child.pid, plan.socket)
        except AppError:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
            raise
        return cls(child, vitals, run_file, plan, facts)

    @property
    def pid(self) -> int:
        """Process id; also the id of its group."""
        return self._child.pid

    async def wait(self) -> int:
        """The exit code, once the child has ended and its log is read."""
        code = await self._child.wait()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._reader), _AFTER_EXIT_S)
        self._reader.cancel()
        self._plan.socket.unlink(missing_ok=True)
        if self._run_file is not None:
            self._run_file.unlink(missing_ok=True)
        return code

    async def kill(self, grace_s: float) -> None:
        """TERM to the group, wait for the grace time, KILL to the group."""
        if self._child.returncode is not None:
            return
        if os.name == "posix":
            kill_group(self.pid, signal.SIGTERM)
            try:
                await asyncio.wait_for(asyncio.shield(self._child.wait()), grace_s)
                return
            except TimeoutError:
                kill_group(self.pid, signal.SIGKILL)
        else:
            kill_group(self.pid, signal.SIGTERM)
        await self._child.wait()

    def pulse(self) -> tuple[int, float, int]:
        """Signs of life: bytes of log, CPU seconds (to 0.1 s), resident MiB."""
        if self._vitals is None:
            return (self._facts.bytes_seen, 0.0, 0)
        try:
            times = self._vitals.cpu_times()
            resident = self._vitals.memory_info().rss
        except psutil.Error:
            return (self._facts.bytes_seen, 0.0, 0)
        return (self._facts.bytes_seen, round(times.user + times.system, 1), resident >> 20)

    def resident_bytes(self) -> int | None:
        """Resident memory now."""
        if self._vitals is None:
            return None
        try:
            return int(self._vitals.memory_info().rss)
        except psutil.Error:
            return None

    async def _read_log(self) -> None:
        stream = self._child.stdout
        assert stream is not None
        while data := await stream.read(_PIPE_READ_BYTES):
            self._facts.feed(data)
