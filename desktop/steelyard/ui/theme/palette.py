"""Tokens as a QPalette, for everything that the style sheet does not reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QColor, QPalette

if TYPE_CHECKING:
    from steelyard.ui.theme.tokens import Tokens

_Role = QPalette.ColorRole


def make_palette(tokens: Tokens) -> QPalette:
    """The palette of one theme."""
    colors = {
        _Role.Window: tokens.bg,
        _Role.WindowText: tokens.text,
        _Role.Base: tokens.raised,
        _Role.AlternateBase: tokens.surface,
        _Role.Text: tokens.text,
        _Role.PlaceholderText: tokens.text3,
        _Role.Button: tokens.raised,
        _Role.ButtonText: tokens.text,
        _Role.BrightText: tokens.bad,
        _Role.ToolTipBase: tokens.raised,
        _Role.ToolTipText: tokens.text,
        _Role.Highlight: tokens.accent_fill,
        _Role.HighlightedText: tokens.on_accent,
        _Role.Accent: tokens.accent_fill,
        _Role.Link: tokens.accent,
        _Role.LinkVisited: tokens.accent,
        _Role.Light: tokens.line2,
        _Role.Midlight: tokens.line,
        _Role.Mid: tokens.line,
        _Role.Dark: tokens.sunken,
        _Role.Shadow: tokens.sunken,
    }
    palette = QPalette()
    for role, hex_color in colors.items():
        palette.setColor(role, QColor(hex_color))
    for role in (_Role.WindowText, _Role.Text, _Role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(tokens.ctl))
    return palette
