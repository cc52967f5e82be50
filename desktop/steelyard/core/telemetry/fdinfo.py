"""GPU memory of one of our processes, as the kernel's graphics drivers tell it (Linux, drm-usage-stats)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from steelyard.core.telemetry import sane

if TYPE_CHECKING:
    from pathlib import Path

_UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_MAX_FILES = 512
_MAX_BYTES = 64 << 10


def held_bytes(process: Path, pci_address: str) -> int | None:
    """Local memory of the device that the process holds; None if it has not opened it, or is not ours."""
    clients: dict[str, int] = {}
    with suppress(OSError):
        for number, file in enumerate((process / "fdinfo").iterdir()):
            if number >= _MAX_FILES:
                break
            facts = _facts(file)
            if facts.get("drm-pdev") == pci_address:
                # A client may have several descriptors; each of them tells all of its memory.
                clients[facts.get("drm-client-id", file.name)] = _local_bytes(facts)
    return sum(clients.values()) if clients else None


def _facts(file: Path) -> dict[str, str]:
    with suppress(OSError), file.open("rb") as opened:
        head = opened.read(_MAX_BYTES)
        if b"drm-" not in head:
            return {}
        pairs = (line.partition(":") for line in head.decode("utf-8", "replace").splitlines())
        return {key.strip(): value.strip() for key, _, value in pairs}
    return {}


def _local_bytes(facts: dict[str, str]) -> int:
    """AMD calls it `drm-memory-vram`, Intel `drm-resident-vram0` or `drm-total-vram0`."""
    for prefix in ("drm-memory-vram", "drm-resident-vram", "drm-total-vram"):
        sizes = [_size(value) for key, value in facts.items() if key.startswith(prefix)]
        if sizes:
            return sum(sizes)
    return 0


def _size(text: str) -> int:
    number, _, unit = text.partition(" ")
    if not number.isdigit() or unit not in _UNITS:
        return 0
    return sane.size_bytes(int(number) * _UNITS[unit]) or 0
