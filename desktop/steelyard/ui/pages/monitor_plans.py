"""Which lines each chart of the Monitor page has, and what it says while there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.ui.pages.monitor_series import OTHER, server_of, short
from steelyard.ui.pages.monitor_texts import SOURCE_WORDS, power_reason
from steelyard.ui.widgets.facts_format import GIB
from steelyard.ui.widgets.models_text import plain
from steelyard.ui.widgets.monitor_chart_card import Line
from steelyard.ui.widgets.monitor_device_card import Gauge
from steelyard.ui.widgets.monitor_memory_card import Layer, MemoryPlan

if TYPE_CHECKING:
    from steelyard.ui.pages.monitor_feed import Feed

_PERCENT = 100.0
_COLDEST_C = 20.0
_HOTTEST_C = 90.0
_HOST_OTHER = "host.other"
"""Not a series: what is left of the used memory without our servers."""
_OTHERS = {True: (OTHER, "other apps"), False: (_HOST_OTHER, "system and apps")}


def memory_title(feed: Feed) -> str:
    """What kind of memory the models are in."""
    return "VRAM by process" if feed.machine.has_gpu else "RAM by process"


def memory_plan(feed: Feed) -> MemoryPlan:
    """Our servers over other programs, the total over all, the limit above."""
    machine, keys = feed.machine, feed.columns.keys if feed.columns is not None else []
    ending = f".{machine.memory_field}"
    names = [server_of(key) for key in keys if key.startswith("process.") and key.endswith(ending)]
    layers = tuple(
        Layer(f"process.{name}{ending}", short(name), feed.colors.token(name))
        for name in names
        if name != "other"
    )
    limit = machine.total_bytes
    word = "card" if len(machine.gpus) == 1 else "cards" if machine.gpus else "memory"
    return MemoryPlan(
        layers=layers,
        totals=tuple(f"gpu.{gpu.id}.used_bytes" for gpu in machine.gpus) or ("host.used_bytes",),
        other=Layer(*_OTHERS[machine.has_gpu], "s5"),
        limit_bytes=limit,
        limit_text="" if limit is None else f"{limit / GIB:.1f} GiB {word} limit",
        predicted_bytes=_predicted(feed),
        note=machine.reason("nvidia", "amd", "intel", "apple", "host") or "Nothing was measured yet.",
    )


def _predicted(feed: Feed) -> int | None:
    """What all memory together should be: our servers as projected beside what others hold now."""
    ours, columns = feed.predicted_bytes, feed.columns
    if not ours or columns is None:
        return None
    row = len(columns.times) - 1
    if feed.machine.has_gpu:
        others = columns.value(OTHER, row) if row >= 0 else None
        return None if others is None else round(ours + others)
    used = columns.value("host.used_bytes", row) if row >= 0 else None
    held = [server.ram_bytes for server in feed.sample.servers] if feed.sample is not None else []
    if used is None or any(size is None for size in held):
        return None
    return round(ours + used - sum(size for size in held if size is not None))


def gauges_title(feed: Feed) -> tuple[str, str]:
    """Name and source of the device."""
    gpus = feed.machine.gpus
    if not gpus:
        return "Machine", "no GPU was found"
    names = plain(gpus[0].name, 40) if len(gpus) == 1 else f"{len(gpus)} GPUs"
    word = SOURCE_WORDS[feed.sample.power_source][0] if feed.sample is not None else ""
    return "GPU", f"{names}, {word}" if word else names


def gauges(feed: Feed) -> list[Gauge]:
    """Load, power and temperature of the GPUs; of the machine where there is none."""
    return _gpu_gauges(feed) if feed.machine.has_gpu else _host_gauges(feed)


def _gpu_gauges(feed: Feed) -> list[Gauge]:
    gpus = feed.machine.gpus
    limits = [gpu.power_limit_w for gpu in gpus if gpu.power_limit_w is not None]
    hottest = [gpu.temperature_limit_c for gpu in gpus if gpu.temperature_limit_c is not None]
    reason = feed.machine.reason("nvidia", "amd", "intel", "apple")
    return [
        Gauge(
            "Utilisation",
            "%",
            _per_gpu(feed, "utilisation_share", _PERCENT),
            _PERCENT,
            reason=reason or "Not told.",
        ),
        Gauge("Power", "W", _per_gpu(feed, "power_w"), max(limits, default=None), reason=power_reason(feed)),
        Gauge(
            "Temperature",
            "°C",
            _per_gpu(feed, "temperature_c"),
            max(hottest, default=_HOTTEST_C),
            bottom=_COLDEST_C,
            limit=min(hottest, default=None),
            reason=reason or "Not told by the driver.",
        ),
    ]


def _per_gpu(feed: Feed, field: str, factor: float = 1.0) -> tuple[Line, ...]:
    gpus = feed.machine.gpus
    colors = ["text2"] if len(gpus) == 1 else ["s1", "s2", "s3", "s4"]
    return tuple(
        Line(f"gpu.{gpu.id}.{field}", plain(gpu.name, 30), colors[at % len(colors)], factor=factor)
        for at, gpu in enumerate(gpus)
    )


def _host_gauges(feed: Feed) -> list[Gauge]:
    reason = feed.machine.reason("host")
    return [
        Gauge(
            "Processor", "%", _host("host.cpu_share", _PERCENT), _PERCENT, reason=reason or "Not told yet."
        ),
        Gauge(
            "RAM pressure",
            "%",
            _host("host.pressure_share", _PERCENT),
            reason=reason or "This system does not tell how long programs wait for memory.",
        ),
        Gauge("Package power", "W", _host("host.power_w"), reason=power_reason(feed)),
    ]


def _host(key: str, factor: float = 1.0) -> tuple[Line, ...]:
    return (Line(key, "", "text2", factor=factor),)


def rate_lines(feed: Feed) -> tuple[list[Line], str]:
    """Tokens a second of each server."""
    keys = feed.columns.keys if feed.columns is not None else []
    names = [server_of(key) for key in keys if key.startswith("server.") and key.endswith(".gen_tps")]
    lines = [Line(f"server.{name}.gen_tps", short(name), feed.colors.token(name)) for name in names]
    return lines, "Nothing was generated in this window."


def latency_lines(what: str, note: str) -> tuple[list[Line], str]:
    """Median and 95th percentile of finished runs."""
    lines = [
        Line(f"runs.{what}_p95_ms", "p95", "text3", is_dashed=True, is_lasting=True, width=1.2),
        Line(f"runs.{what}_p50_ms", "p50", "text", is_lasting=True),
    ]
    return lines[::-1], note


def energy_lines(feed: Feed) -> tuple[list[Line], str]:
    """Joules for each token that was generated."""
    lines = [Line("runs.joules_per_token", "last", "text", is_lasting=True)]
    source = feed.sample.power_source if feed.sample is not None else "none"
    note = "No metered answer in this window."
    if source == "none":
        note = f"{power_reason(feed)} Watts can be typed in under Settings, Energy."
    return lines, note
