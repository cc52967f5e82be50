"""The shipped type faces. Static instances: Qt did not apply the weight axis of the variable files."""

from __future__ import annotations

from PySide6.QtGui import QFont, QFontDatabase

from steelyard.ui.theme.tokens import resources_folder

SANS = "Inter"
MONO = "JetBrains Mono"
BODY_PX = 13

_registered: list[int] = []


def register_fonts() -> None:
    """Make the shipped fonts known to Qt; a second call does nothing."""
    if _registered:
        return
    files = sorted((resources_folder() / "fonts").glob("*.ttf"))
    _registered.extend(QFontDatabase.addApplicationFont(str(path)) for path in files)


def make_font(px: int, weight: int, *, mono: bool, tabular: bool) -> QFont:
    """A font of the design; `tabular` gives all digits one width, for numbers only."""
    font = QFont()
    font.setFamilies([MONO, "monospace"] if mono else [SANS, "sans-serif"])
    font.setPixelSize(px)
    font.setWeight(QFont.Weight(weight))
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    if tabular:
        font.setFeature(QFont.Tag("tnum"), 1)
    if mono:
        # Code ligatures would show other characters than the ones that were answered.
        font.setFeature(QFont.Tag("calt"), 0)
    return font
