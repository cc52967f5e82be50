"""How much of this machine an API on a loopback address uses: it competes with the local models then."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil

from steelyard.core.base.hosts import host_of, is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DEFAULT_PORTS = {"http": 80, "https": 443}
_FIND_S = 1.0
NOTABLE_CORES = 0.2
"""A process that only passes on what another machine computed uses less."""
_NOTABLE_S, _SHORT_S = 0.05, 0.25
"""The clocks of processes go in steps of 10 ms."""
_MODEL_SERVERS = (
    "llama-server",
    "llama_cpp",
    "llama-cpp",
    "ollama",
    "lm-studio",
    "lmstudio",
    "lm studio",
    "vllm",
    "sglang",
    "koboldcpp",
    "text-generation",
    "mlx_lm",
    "tabbyapi",
    "localai",
    "jan-server",
    "lemonade",
    "exllama",
)
"""Words in the command lines of programs that compute answers themselves."""


class HostLoad:
    """CPU time of one process and all that it started, from now on. Making one takes milliseconds."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._spent: dict[int, float] = {}
        self._before: dict[int, float] = {}
        self._known = {process.pid: process}
        self.find_children()
        self._look()
        self._before = dict(self._spent)

    @property
    def is_model_server(self) -> bool:
        """Whether its program is known to compute answers, not only to pass them on."""
        try:
            words = " ".join([self._process.name(), *self._process.cmdline()[:4]]).lower()
        except (psutil.Error, OSError):
            return False
        return any(word in words for word in _MODEL_SERVERS)

    def seconds(self) -> float:
        """CPU seconds of those processes that are known, so far. Cheap; what has ended keeps what it had."""
        self._look()
        return sum(spent - self._before.get(pid, 0.0) for pid, spent in self._spent.items())

    async def seconds_now(self) -> float:
        """The same, after a look for processes that were started meanwhile."""
        await asyncio.to_thread(self.find_children)
        return self.seconds()

    def find_children(self) -> None:
        """Look for further processes. Takes milliseconds: not for the loop.

        We ourselves may be one, under a program that also serves an API.
        """
        with suppress(psutil.Error, OSError):
            found = {child.pid: child for child in self._process.children(recursive=True)}
            if os.getpid() in found:
                for ours in (psutil.Process(), *psutil.Process().children(recursive=True)):
                    found.pop(ours.pid, None)
            self._known = {**found, **self._known}

    async def cores(self, before_s: float, wall_s: float) -> float | None:
        """Cores that it used on average since it had used `before_s`; None: too short a time to tell."""
        spent_s = await self.seconds_now() - before_s
        if wall_s <= 0 or (wall_s < _SHORT_S and spent_s < _NOTABLE_S):
            return None
        return max(0.0, spent_s) / wall_s

    def _look(self) -> None:
        for pid, process in list(self._known.items()):
            if (spent := _cpu_seconds(process)) is not None:
                self._spent[pid] = spent


class Overlaps:
    """Which APIs on this machine computed while one run went on."""

    def __init__(self) -> None:
        self._seen: dict[str, _Overlap] = {}

    def see(self, hosts: Mapping[str, tuple[str, HostLoad]]) -> None:
        """Those that go on now: name and load by the id of their run. Cheap."""
        now = time.monotonic()
        for run_id, (name, load) in hosts.items():
            seen = self._seen.get(run_id) or _Overlap(name, load, load.seconds(), now, now)
            seen.until_s = now
            self._seen[run_id] = seen

    async def names(self) -> set[str]:
        """Of those that really used cores meanwhile."""
        return {seen.name for seen in self._seen.values() if await seen.computed()}


@dataclass
class _Overlap:
    name: str
    load: HostLoad
    spent_before_s: float
    since_s: float
    until_s: float

    async def computed(self) -> bool:
        spent_s = await self.load.seconds_now() - self.spent_before_s
        return spent_s >= max(_NOTABLE_S, NOTABLE_CORES * (self.until_s - self.since_s))


async def find_host(url: str) -> HostLoad | None:
    """The process that listens behind a loopback URL; None: elsewhere, not to be seen, or our own."""
    port = _port_of(url)
    if port is None or not is_loopback(host_of(url)):
        return None
    try:
        return await asyncio.wait_for(asyncio.to_thread(_find, port), _FIND_S)
    except (TimeoutError, psutil.Error, OSError, ValueError):
        return None


def _find(port: int) -> HostLoad | None:
    pid = next(_listeners(port), None)
    if pid is None or pid == os.getpid():
        return None  # our own door: what it computes with are our servers, which are known anyway
    return HostLoad(psutil.Process(pid))


def _listeners(port: int) -> Iterator[int]:
    """Processes that listen on that port of this machine; those of other users often do not show."""
    for connection in psutil.net_connections("tcp"):
        if connection.status != psutil.CONN_LISTEN or not connection.pid or not connection.laddr:
            continue
        address, at = connection.laddr[:2]
        if at == port and _is_here(address):
            yield connection.pid


def _is_here(address: str) -> bool:
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return ip.is_loopback or ip.is_unspecified


def _port_of(url: str) -> int | None:
    try:
        parts = urlsplit(url)
        return parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None


def _cpu_seconds(process: psutil.Process) -> float | None:
    try:
        times = process.cpu_times()
    except (psutil.Error, OSError):
        return None
    return times.user + times.system
