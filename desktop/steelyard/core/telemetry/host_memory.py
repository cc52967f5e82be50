"""Memory of the machine, as far as this process may use it."""

from __future__ import annotations

from pathlib import Path

import psutil

_CGROUP = Path("/sys/fs/cgroup")


def read_host_memory() -> tuple[int, int]:
    """Total and free bytes. A container's limit counts where it is the tighter one."""
    memory = psutil.virtual_memory()
    total, free = int(memory.total), int(memory.available)
    limit, used = _number("memory.max"), _number("memory.current")
    if limit is not None and used is not None and limit < total:
        reclaimable = _inactive_file_bytes()
        total, free = limit, max(0, min(free, limit - used + reclaimable))
    return total, free


def _number(name: str) -> int | None:
    try:
        text = (_CGROUP / name).read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _inactive_file_bytes() -> int:
    """Page cache that the kernel gives up first; mapped weights of a former run are in it."""
    try:
        lines = (_CGROUP / "memory.stat").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("inactive_file ")), 0)
