"""The engine's tools run to their end or are ended, whatever they do."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from fakes.fake_llama_bench import put_program
from steelyard.core.base.errors import AppError
from steelyard.core.servers.tool_run import Tool, run_tool

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GRANDCHILD = (
    "import os, subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)'])\n"
    "print(os.getpid(), child.pid, flush=True)\n"
)


def tool(folder: Path, body: str, **environ: str) -> Tool:
    put_program(folder, f"#!{sys.executable}\n{body}")
    return Tool(folder / "llama-bench", ["-m", "x y"], folder, environ)


def ignore(_line: str) -> None:
    pass


def are_gone(pids: list[int]) -> bool:
    def is_gone(pid: int) -> bool:
        try:
            return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    return all(is_gone(pid) for pid in pids)


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("waited in vain")


async def test_it_gets_its_words_and_an_environment_from_empty(tmp_path: Path) -> None:
    body = "import os, sys\nprint(sys.argv[1:])\nprint(set(os.environ) - {'LC_CTYPE'})\nprint('last', end='')"
    lines: list[str] = []
    secrets = {"HOME": "/h", "LLAMA_ARG_HOST": "0.0.0.0", "OPENAI_API_KEY": "k", "LD_PRELOAD": "/evil.so"}
    await run_tool(tool(tmp_path, body, **secrets), lines.append, 10)
    assert lines == ["['-m', 'x y']", "{'HOME'}", "last"]  # LC_CTYPE is Python's own


async def test_a_failure_is_told_with_its_own_words(tmp_path: Path) -> None:
    body = "import sys\nprint('loading', file=sys.stderr)\nsys.exit('error: unable to allocate CUDA0 buffer')"
    with pytest.raises(AppError, match="not enough memory"):
        await run_tool(tool(tmp_path, body), ignore, 10)


async def test_a_program_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(AppError, match="setup"):
        await run_tool(Tool(tmp_path / "llama-bench", [], tmp_path, {}), ignore, 10)


async def test_one_that_stands_still_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    pids: list[int] = []
    body = GRANDCHILD + "time.sleep(99)"
    with pytest.raises(AppError, match="stands still"):
        await run_tool(tool(tmp_path, body), lambda line: pids.extend(map(int, line.split())), 0.7)
    assert len(pids) == 2
    await until(lambda: are_gone(pids))


async def test_one_that_spins_without_a_word_is_ended(tmp_path: Path) -> None:
    with pytest.raises(AppError, match="stands still"):
        await run_tool(tool(tmp_path, "while True: pass"), ignore, 0.2)


async def test_one_that_does_not_stop_talking_is_ended(tmp_path: Path) -> None:
    lengths: list[int] = []
    body = "import sys\nwhile True: sys.stdout.write('x' * 65536)"
    with pytest.raises(AppError, match="stop talking"):
        await run_tool(tool(tmp_path, body), lambda line: lengths.append(len(line)), 30)
    assert sum(lengths) < 17 << 20


async def test_cancelling_ends_it_at_once(tmp_path: Path) -> None:
    pids: list[int] = []
    body = GRANDCHILD + "time.sleep(99)"
    work = asyncio.create_task(
        run_tool(tool(tmp_path, body), lambda line: pids.extend(map(int, line.split())), 60)
    )
    await until(lambda: len(pids) == 2)
    started = time.monotonic()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert time.monotonic() - started < 5
    await until(lambda: are_gone(pids))
    assert os.getpid() not in pids
