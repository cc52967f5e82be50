"""What this installation is made of, and what is wrong with it."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from steelyard import __version__
from steelyard.core.base.errors import AppError
from steelyard.core.base.paths import engine_folder, shared_weights_folder
from steelyard.core.hub.library import starter_facts
from steelyard.core.monitor.otlp import refusal
from steelyard.core.servers.pool import find_binary

if TYPE_CHECKING:
    from pathlib import Path

    from steelyard.core.base.paths import Home
    from steelyard.core.store.secrets import SecretStore
    from steelyard.core.values.hub import HubAccount
    from steelyard.core.values.servers import DeviceRow, ServerRow
    from steelyard.core.values.telemetry import SourceState

_GPU_BACKENDS = ("cuda", "vulkan", "metal", "hip")
_GPU_SOURCES = ("nvidia", "amd", "intel", "apple")
_LOW_DISK_BYTES = 2 << 30


class Observed(NamedTuple):
    """What only the running engine knows. `otlp_url`: the collector in Settings."""

    sources: list[SourceState]
    otlp_url: str | None


def diagnose(
    home: Home,
    secrets: SecretStore,
    devices: list[DeviceRow],
    servers: list[ServerRow],
    hub: HubAccount,
    notices: list[str],
    observed: Observed,
) -> dict[str, Any]:
    """The `doctor` document of the CLI contract. Blocks for some tens of milliseconds: use a thread."""
    problems = [{"what": notice, "hint": "Look at the named file."} for notice in notices]
    engine = _engine(problems)
    backend, is_secure = secrets.backend()
    if not is_secure:
        problems.append(
            {
                "what": f"No secure keyring (found: {backend})",
                "hint": "Keys typed into the app live until it closes; use --key-env on the command line.",
            }
        )
    problems += _gpu_problems(observed.sources, devices, engine["backends"])
    problems += _otlp_problems(observed.otlp_url)
    problems += _kept_aside(home)
    if hub.error is not None:
        problems.append({"what": hub.error, "hint": "Look at Settings > Hub and HF_ENDPOINT."})
    free_bytes = shutil.disk_usage(home.root).free
    if free_bytes < _LOW_DISK_BYTES:
        problems.append({"what": f"Only {free_bytes >> 20} MiB of disk are free", "hint": "Free some space."})
    if not (shared_weights_folder() / starter_facts().file).is_file():
        problems.append({"what": "The starter weights are missing", "hint": "Run `python3 run.py setup`."})
    return {
        "app": __version__,
        "python": platform.python_version(),
        "qt": importlib.metadata.version("pyside6-essentials"),
        "engine": engine,
        "devices": [msgspec.to_builtins(row) for row in devices],
        "keyring": {"backend": backend, "secure": is_secure},
        "paths": {**_paths(home), "huggingface_cache": hub.cache},
        "disk_free_bytes": free_bytes,
        "hub": {"endpoint": hub.endpoint, "reachable": hub.reachable, "token": hub.token},
        "servers": [msgspec.to_builtins(row) for row in servers],
        "problems": problems,
    }


def _gpu_problems(
    sources: list[SourceState], devices: list[DeviceRow], backends: list[str]
) -> list[dict[str, str]]:
    """GPUs that cannot be watched, and GPUs that the engine does not use."""
    problems = [
        {
            "what": f"The {source.name} GPU source is {source.health}: {_reason(source)}",
            "hint": "Look at the GPU's driver; memory, power and energy are unknown until it answers.",
        }
        for source in sources
        if source.name in _GPU_SOURCES and source.health not in ("ok", "absent")
    ]
    if devices and backends == ["cpu"]:
        names = ", ".join(row.name for row in devices)
        problems.append(
            {
                "what": f"The engine runs on the CPU only, although there is a GPU: {names}",
                "hint": "Run `python3 run.py setup`: it builds the GPU backend, or says what that lacks.",
            }
        )
    return problems


def _reason(source: SourceState) -> str:
    never_answered = source.health == "failing" and source.age_s is None
    return "no answer yet" if never_answered else source.reason or "no reason given"


def _otlp_problems(url: str | None) -> list[dict[str, str]]:
    why = refusal(url) if url else None
    if why is None:
        return []
    what = f"Metrics are not exported to the collector gateway.otlp_url: {why}"
    return [{"what": what, "hint": "In Settings, give an http:// address on this machine, or none."}]


def _kept_aside(home: Home) -> list[dict[str, str]]:
    kinds = (
        (f"{home.settings.name}.unreadable-*", "A settings file that could not be read"),
        (f"{home.database.name}.damaged-*", "A damaged ledger"),
    )
    hint = "Take over what you need from it, then delete it."
    return [
        {"what": f"{what} is kept as {path.name}", "hint": hint}
        for pattern, what in kinds
        for path in sorted(home.root.glob(pattern))
    ]


def _engine(problems: list[dict[str, str]]) -> dict[str, Any]:
    try:
        binary = find_binary(engine_folder())
        build = _build_of(binary)
    except AppError as exc:
        problems.append({"what": f"{exc.title}: {exc.detail}", "hint": exc.hint})
        return {"build": None, "age_days": None, "path": None, "backends": []}
    # The sources carry no date; the day on which they were built here would say nothing about their age.
    return {"build": build, "age_days": None, "path": str(binary), "backends": _backends(binary.parent)}


def _build_of(binary: Path) -> str:
    try:
        done = subprocess.run(
            [str(binary), "--version"], capture_output=True, text=True, timeout=20, env={}, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise AppError("llama-server does not start", str(exc), "Run `python3 run.py setup` again.") from exc
    match = re.search(r"build (\d+), commit (\w+)", done.stdout + done.stderr)
    if done.returncode != 0 or match is None:
        raise AppError(
            "llama-server does not start", f"code {done.returncode}", "Run `python3 run.py setup` again."
        )
    return f"b{match.group(1)}-{match.group(2)}"


def _backends(folder: Path) -> list[str]:
    files = [path.name for path in folder.iterdir() if "ggml-" in path.name]
    found = [name for name in _GPU_BACKENDS if any(f"ggml-{name}" in file for file in files)]
    return ["cpu", *("rocm" if name == "hip" else name for name in found)]


def _paths(home: Home) -> dict[str, str]:
    return {
        "home": str(home.root),
        "ledger": str(home.database),
        "settings": str(home.settings),
        "logs": str(home.logs),
        "runtime": str(home.runtime_folder()),
        "starter_weights": str(shared_weights_folder()),
    }
