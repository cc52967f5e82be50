"""What the Monitor page says about sources, power and alerts. No Qt here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.ui.widgets.facts_format import DASH as UNKNOWN

if TYPE_CHECKING:
    from steelyard.core.values.settings import AlertSettings
    from steelyard.core.values.telemetry import History, PowerSource
    from steelyard.ui.pages.monitor_feed import Feed

SOURCE_WORDS: dict[PowerSource, tuple[str, str]] = {
    "nvml_counter": (
        "NVML counter",
        "The GPU counts its own joules; the rest of the machine is not in it.",
    ),
    "nvml_power": ("NVML power", "Watts of the GPU, averaged by its driver and added up here."),
    "rapl": (
        "RAPL",
        "The processor package counts its joules; drives, fans and losses are not in it.",
    ),
    "sysfs": ("driver", "Watts of the GPU as its driver tells them, added up here."),
    "user_watts": ("typed in", "The watts that you typed in under Settings, Energy."),
    "none": ("", "Nothing here tells watts."),
}
"""Short name, and what the figure covers."""


def power_reason(feed: Feed) -> str:
    """Why there are no watts."""
    reason = feed.machine.reason("rapl", "nvidia", "amd", "intel", "apple")
    return reason or SOURCE_WORDS["none"][1]


def source_chip(history: History | None, source: PowerSource, reason: str) -> tuple[str, str]:
    """Name with uncertainty, and what is to be known about it."""
    word, about = SOURCE_WORDS[source]
    if not word:
        return UNKNOWN, f"{reason or about}\nWatts can be typed in under Settings, Energy."
    doubt = history.power_uncertainty if history is not None else ""
    return f"{word} {doubt}".strip(), about


def idle_chip(history: History | None) -> tuple[str, str]:
    """Watts while nobody generates, and what they are for."""
    about = "Mean power with the loaded models, while nobody generates. It is taken off the energy of a run."
    if history is None or history.idle_power_w is None:
        return UNKNOWN, f"Not known yet. {about}"
    return f"{history.idle_power_w:,.0f} W", about


def thresholds(alerts: AlertSettings) -> str:
    """The alerts that are on, in one line."""
    parts: list[str] = []
    if alerts.vram_share is not None:
        parts.append(f"VRAM above {alerts.vram_share:.0%}".replace("%", " %"))
    if alerts.temperature_c is not None:
        parts.append(f"{alerts.temperature_c:.0f} °C")
    if alerts.ttft_p95_ms is not None:
        parts.append(f"TTFT p95 {alerts.ttft_p95_ms:,.0f} ms")
    if alerts.error_share is not None:
        parts.append(f"errors {alerts.error_share:.0%}".replace("%", " %"))
    if alerts.month_usd:
        steps = " and ".join(f"${step:,.0f}" for step in sorted(alerts.month_usd))
        parts.append(f"{steps} a month")
    return "  ·  ".join(parts) if parts else "All alerts are off."
