"""The sections of the settings page by name, known before the page is made."""

from __future__ import annotations

SECTIONS = (
    ("targets", "API targets", "cloud"),
    ("servers", "Local servers", "server"),
    ("energy", "Energy and hardware", "zap"),
    ("alerts", "Alerts and exports", "activity"),
    ("hub", "Hugging Face hub", "cloud-download"),
    ("appearance", "Appearance", "sun-moon"),
)
ADD_TARGET = "add_target"
"""Not a section: the form for a new API target."""
