"""The pages by name, in the order of the rail."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PageSpec:
    """A page as the rail shows it."""

    name: str
    title: str
    icon: str
    shortcut: str
    is_at_bottom: bool = False


PAGES = (
    PageSpec("compare", "Compare", "columns-3", "Ctrl+1"),
    PageSpec("models", "Models", "package", "Ctrl+2"),
    PageSpec("servers", "Servers", "server", "Ctrl+3"),
    PageSpec("monitor", "Monitor", "activity", "Ctrl+4"),
    PageSpec("evaluate", "Evaluate", "flask-conical", "Ctrl+5"),
    PageSpec("costs", "Costs", "circle-dollar-sign", "Ctrl+6"),
    PageSpec("decide", "Decide", "scale", "Ctrl+7"),
    PageSpec("gateway", "Gateway", "route", "Ctrl+8"),
    PageSpec("privacy", "Privacy", "shield-check", "Ctrl+9", is_at_bottom=True),
    PageSpec("settings", "Settings", "settings", "Ctrl+,", is_at_bottom=True),
)
