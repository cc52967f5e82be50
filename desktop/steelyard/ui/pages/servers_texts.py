"""What the Servers page says: states, times and sizes as words. No Qt here."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from steelyard.ui.widgets.facts_format import DASH, GIB, MIB
from steelyard.ui.widgets.models_paint import Chip
from steelyard.ui.widgets.models_text import counted, plain

if TYPE_CHECKING:
    from steelyard.core.values.servers import RoomPlan, ServerRow
    from steelyard.core.values.weights import WeightsRow

LIVE = {"waiting", "starting", "loading", "ready", "stopping"}
"""States of a server that is on its way or there."""
_QUANT = re.compile(r"[-_.](i?q\d[\w]*|f16|f32|bf16|mxfp4[\w]*|tq\d_\d)$", re.IGNORECASE)
_CLOSE = 0.05
_BACKENDS = {
    "cpu": "CPU",
    "cuda": "CUDA",
    "rocm": "ROCm",
    "hip": "ROCm",
    "vulkan": "Vulkan",
    "metal": "Metal",
}


def title_and_quant(row: ServerRow, weights: WeightsRow | None) -> tuple[str, str]:
    """`("Qwen2.5-7B-Instruct", "Q4_K_M")`; the quant is empty when it is unknown."""
    path = weights.path if weights is not None else row.weights
    return split_name(path or row.name, weights.quant if weights is not None else None)


def split_name(path: str, quant: str | None) -> tuple[str, str]:
    """The name of a file without folder and ending, and its quant."""
    stem = re.sub(r"\.gguf$", "", path.replace("\\", "/").rsplit("/", 1)[-1], flags=re.IGNORECASE)
    found = _QUANT.search(stem)
    if found is None:
        return plain(stem, 80), plain(quant, 24)
    return plain(stem[: found.start()], 80), plain(quant or found.group(1).upper(), 24)


def backend_name(backend: str) -> str:
    """`CPU`, `CUDA`, as people write it."""
    return _BACKENDS.get(backend.lower(), plain(backend, 20))


def state_chip(row: ServerRow) -> Chip:
    """The state as icon and word."""
    match row.state:
        case "ready":
            return Chip("Ready", "good", "check")
        case "loading" | "starting":
            share = f" {row.progress * 100:.0f} %" if row.progress is not None else ""
            word = "Loading" if row.state == "loading" else "Starting"
            return Chip(f"{word}{share}", "info", "loader-circle")
        case "waiting":
            return Chip("Waiting for memory", "warn", "hourglass")
        case "stopping":
            return Chip("Stopping", "warn", "hourglass")
        case "failed":
            return Chip("Failed", "bad", "circle-alert")
        case _:
            return Chip("Unloaded, idle", "", "moon") if is_idle_end(row) else Chip("Stopped", "", "square")


def is_idle_end(row: ServerRow) -> bool:
    """Whether its process was ended for being idle."""
    return row.state == "stopped" and "idle" in row.ended.lower()


def span(seconds: float | None) -> str:
    """`42 s`, `11 m`, `2 h 14 m`, `3 d 4 h`."""
    if seconds is None:
        return DASH
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60} m"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def countdown(seconds: float) -> str:
    """`3:41`, `1:02:09`."""
    whole = max(0, round(seconds))
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d}"
    return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def age_s(stamp: str | None) -> float | None:
    """Seconds since an ISO time; None when it is unknown or not one."""
    if not stamp:
        return None
    try:
        then = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    then = then if then.tzinfo is not None else then.replace(tzinfo=UTC)
    return max(0.0, (datetime.now(UTC) - then).total_seconds())


def clock_time(stamp: str | None) -> str:
    """`14:06` in this machine's time zone; an em dash when unknown."""
    if not stamp:
        return DASH
    try:
        return datetime.fromisoformat(stamp).astimezone().strftime("%H:%M")
    except ValueError:
        return DASH


def fine_memory(size_bytes: float | None) -> str:
    """`5.76 GiB`, `318 MiB`: as exact as measured against predicted needs it."""
    if size_bytes is None:
        return DASH
    if abs(size_bytes) < GIB:
        digits = 1 if abs(size_bytes) < 99.95 * MIB else 0
        return f"{size_bytes / MIB:,.{digits}f} MiB"
    return f"{size_bytes / GIB:.2f} GiB"


def memory_in(size_bytes: int | None, whole_bytes: int | None) -> str:
    """A part in the unit of the whole, without it: `0.88` of `5.76 GiB`."""
    if size_bytes is None:
        return DASH
    if (whole_bytes or size_bytes) >= GIB:
        return f"{size_bytes / GIB:.2f}"
    return f"{size_bytes / MIB:,.1f}"


def signed_share(share: float | None) -> str:
    """`+1.8 %`; an em dash when unknown."""
    if share is None:
        return DASH
    text = f"{share * 100:+.1f} %"
    return "0.0 %" if text in {"+0.0 %", "-0.0 %"} else text


def error_of(measured: int | None, predicted: int | None) -> float | None:
    """Measured / predicted - 1."""
    return None if measured is None or not predicted else measured / predicted - 1


def error_tone(share: float | None) -> str:
    """Good while a prediction is close."""
    return "text3" if share is None else "good" if abs(share) <= _CLOSE else "warn"


def percent_of(share: float | None) -> str:
    """`61 %`; an em dash when unknown."""
    return DASH if share is None else f"{share * 100:.0f} %"


def names_of(names: list[str]) -> str:
    """`A`, `A and B`, `A, B and C`."""
    short = [split_name(name, None)[0] or plain(name, 40) for name in names]
    return short[0] if len(short) == 1 else f"{', '.join(short[:-1])} and {short[-1]}" if short else ""


def room_text(plan: RoomPlan) -> str:
    """What has to happen so that weights fit, in words."""
    needs = f"Needs {fine_memory(plan.needed_bytes)}, {fine_memory(plan.free_bytes)} free"
    if plan.fits:
        return f"{needs}: it fits beside what runs."
    if plan.evict:
        again = f", {span(plan.reload_ms / 1000)} to load again" if plan.reload_ms else ""
        return f"{needs}. Stopping {names_of(plan.evict)} makes room (idle{again})."
    if plan.waits_for:
        busy = "is busy and is" if len(plan.waits_for) == 1 else "are busy and are"
        return f"{needs}. {names_of(plan.waits_for)} {busy} not stopped; it starts when they are done."
    return f"{needs}. {plain(plan.why)}" if plan.why else f"{needs}. Nothing that runs could make room."


def slots_text(row: ServerRow) -> str:
    """`1 of 4`."""
    return f"{row.slots_busy} of {row.slots}"


def queue_text(row: ServerRow) -> str:
    """`2 requests wait for a slot`; empty when none does."""
    return f"{counted(row.waiting, 'request')} waiting" if row.waiting else ""
