"""The look: one style, one palette, one style sheet, made from tokens and applied to the application."""

from __future__ import annotations

import string
import weakref
from dataclasses import asdict
from typing import TYPE_CHECKING, Literal, Protocol

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QIcon
from shiboken6 import isValid

from steelyard.ui.theme.fonts import BODY_PX, make_font, register_fonts
from steelyard.ui.theme.icons import SCALES, render_icon, render_logo, widened
from steelyard.ui.theme.palette import make_palette
from steelyard.ui.theme.tokens import Tokens, load_style_template, load_tokens

if TYPE_CHECKING:
    from PySide6.QtGui import QFont, QPixmap
    from PySide6.QtWidgets import QApplication, QWidget

Mode = Literal["system", "light", "dark"]
MODES: dict[str, Mode] = {"system": "system", "light": "light", "dark": "dark"}

_SCHEMES = {
    "system": Qt.ColorScheme.Unknown,
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
}


class _HasIcon(Protocol):
    def setIcon(self, icon: QIcon, /) -> None: ...


class Theme(QObject):
    """Owns the look of the application; every widget gets it as its first constructor argument."""

    changed = Signal()
    """The colours are others: repaint what is painted by hand."""

    def __init__(self, app: QApplication, mode: Mode = "system") -> None:
        super().__init__(app)
        self._app = app
        self._mode: Mode = mode
        self._all = {name: load_tokens(name) for name in ("dark", "light")}
        self._template = string.Template(load_style_template())
        self._bound_icons: weakref.WeakKeyDictionary[QObject, tuple[str, str, int, str, int]] = (
            weakref.WeakKeyDictionary()
        )
        register_fonts()
        app.setStyle("Fusion")
        app.setFont(self.font())
        app.styleHints().colorSchemeChanged.connect(self._on_scheme_changed)
        self._is_dark: bool | None = None
        self._choose()

    @property
    def tokens(self) -> Tokens:
        """The colours in use."""
        return self._all["dark" if self._is_dark else "light"]

    @property
    def is_dark(self) -> bool:
        """Whether the dark colours are in use."""
        return bool(self._is_dark)

    @property
    def mode(self) -> Mode:
        """What the user chose."""
        return self._mode

    def set_mode(self, mode: Mode) -> None:
        """Follow the system, or stay light or dark."""
        if mode != self._mode:
            self._mode = mode
            self._choose()

    def color(self, name: str) -> QColor:
        """A token as a colour."""
        return QColor(getattr(self.tokens, name))

    def series(self, index: int) -> QColor:
        """The colour that identifies the column `index`, from 0; after the fourth it is neutral."""
        return self.color(self.series_name(index))

    def series_name(self, index: int) -> str:
        """The token's name behind `series`."""
        return f"s{index + 1}" if 0 <= index < 4 else "s5"

    def icon(
        self, name: str, color: str = "text2", size: int = 16, on_color: str = "", gap: int = 0
    ) -> QIcon:
        """A tinted icon for now; use `bind_icon` for one that follows the theme.

        `on_color` is for the checked state; `gap` adds empty pixels at the right, towards a button's text.
        """
        icon = QIcon()
        for scale in SCALES:
            icon.addPixmap(widened(self.pixmap(name, color, size, scale), gap))
            icon.addPixmap(widened(self.pixmap(name, "ctl", size, scale), gap), QIcon.Mode.Disabled)
            if on_color:
                pixmap = widened(self.pixmap(name, on_color, size, scale), gap)
                icon.addPixmap(pixmap, QIcon.Mode.Normal, QIcon.State.On)
        return icon

    def bind_icon(
        self,
        target: QObject,
        name: str,
        color: str = "text2",
        size: int = 16,
        on_color: str = "",
        gap: int = 0,
    ) -> None:
        """Give a button or an action an icon that is tinted anew when the theme changes."""
        self._bound_icons[target] = (name, color, size, on_color, gap)
        self._apply_icon(target)

    def pixmap(self, name: str, color: str = "text2", size: int = 16, scale: float | None = None) -> QPixmap:
        """A tinted icon as a pixmap, sharp on this screen."""
        return render_icon(name, getattr(self.tokens, color), size, scale or self._app.devicePixelRatio())

    def logo(self, size: int) -> QPixmap:
        """The steelyard with its brass counterweight."""
        tokens = self.tokens
        return render_logo(tokens.text2, tokens.accent_fill, size, self._app.devicePixelRatio())

    def font(self, px: int = BODY_PX, weight: int = 400, mono: bool = False, tabular: bool = False) -> QFont:
        """A font of the design; `tabular` for numbers only."""
        return make_font(px, weight, mono=mono, tabular=tabular)

    def _choose(self) -> None:
        self._app.styleHints().setColorScheme(_SCHEMES[self._mode])
        self._on_scheme_changed()

    def _wants_dark(self) -> bool:
        if self._mode == "system":
            return self._app.styleHints().colorScheme() != Qt.ColorScheme.Light
        return self._mode == "dark"

    @Slot()
    def _on_scheme_changed(self) -> None:
        if self._wants_dark() != self._is_dark:
            self._is_dark = self._wants_dark()
            self._apply()

    def _apply(self) -> None:
        self._app.setPalette(make_palette(self.tokens))
        self._app.setStyleSheet(self._template.substitute(_style_colors(self.tokens)))
        for target in list(self._bound_icons):
            if isValid(target):
                self._apply_icon(target)
        self.changed.emit()

    def _apply_icon(self, target: QObject) -> None:
        name, color, size, on_color, gap = self._bound_icons[target]
        has_icon: _HasIcon = target  # type: ignore[assignment]  # buttons and actions share no base for it
        has_icon.setIcon(self.icon(name, color, size, on_color, gap))


def set_role(widget: QWidget, role: str) -> None:
    """Choose the style of a widget by its role; also when it is already shown."""
    if widget.property("role") == role:
        return
    widget.setProperty("role", role)
    restyle(widget)


def restyle(widget: QWidget) -> None:
    """Have the style sheet look at a widget's changed properties again."""
    style = widget.style()
    style.unpolish(widget)
    style.polish(widget)
    widget.update()


def _style_colors(tokens: Tokens) -> dict[str, str]:
    """The tokens, and for each status a border that is calmer than its text."""
    colors = asdict(tokens)
    for status in ("good", "warn", "bad", "info", "accent"):
        colors[f"{status}_line"] = _mixed(colors[status], colors[f"{status}_soft"])
    return colors


def _mixed(first: str, second: str) -> str:
    one, two = QColor(first), QColor(second)
    share = 0.45
    pairs = ((one.red(), two.red()), (one.green(), two.green()), (one.blue(), two.blue()))
    return QColor(*(round(a * share + b * (1 - share)) for a, b in pairs)).name()
