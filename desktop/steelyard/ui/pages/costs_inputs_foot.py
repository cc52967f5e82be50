"""Below the inputs: what is wrong with them, which typical mistake is being made, how many checks pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.cards import Note
from steelyard.ui.widgets.labels import ElidedLabel, make_label, make_line

if TYPE_CHECKING:
    from steelyard.core.values.costs import CostCheck
    from steelyard.ui.theme.theme import Theme


class InputsFoot(QWidget):
    """Stays in view while the inputs scroll."""

    checks_wanted = Signal()
    """The list of checks is to be shown."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._failed: list[CostCheck] = []
        self._is_low = False
        self._icon = QLabel()
        self._icon_look = ("circle-check", "text3")
        self.error = Note(theme, "bad")
        self.mistake = Note(theme, "warn")
        self.measured = make_label(theme, "", "muted", px=11, wrap=True)
        self.measured.hide()
        self.title = ElidedLabel(theme, "Cost checks", px=12, weight=600, cut=Qt.TextElideMode.ElideRight)
        self.below = ElidedLabel(theme, "", "muted", px=11, cut=Qt.TextElideMode.ElideRight)
        self.show_button = make_button(theme, "Show", "link", tooltip="Show the thirteen cost checks")
        self.show_button.setEnabled(False)
        self.show_button.clicked.connect(self.checks_wanted)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._icon)
        row.addWidget(self.title, 1)
        row.addWidget(self.show_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 0, 12, 12)
        column.setSpacing(6)
        column.addWidget(make_line())
        column.addWidget(self.error)
        column.addWidget(self.mistake)
        column.addWidget(self.measured)
        column.addLayout(row)
        column.addWidget(self.below)
        self.below.hide()
        theme.changed.connect(self._show_icon)
        self._show_icon()

    def show_measured(self, text: str) -> None:
        """Where mix and volume come from."""
        self.measured.setText(text)
        self.measured.setVisible(bool(text))

    def show_error(self, text: str) -> None:
        """What is wrong with an input, in one line; it goes before a mistake."""
        self.error.show_text(text)
        self.mistake.setVisible(bool(self.mistake.text) and not text)

    def show_checks(self, checks: list[CostCheck]) -> None:
        """Count what passes and name the first mistake."""
        passed = sum(check.state is True for check in checks)
        failed = [check for check in checks if check.state is False]
        unknown = sum(check.state is None for check in checks)
        self.title.setText(f"{passed} of {len(checks)} cost checks pass")
        self.show_button.setEnabled(bool(checks))
        counts = [f"{len(failed)} to mend" if failed else "", f"{unknown} cannot be told" if unknown else ""]
        self.below.setText(", ".join(count for count in counts if count))
        self.below.setVisible(bool(self.below.text()))
        self._failed = failed
        self._show_mistake()
        self._icon_look = ("triangle-alert", "warn") if failed else ("circle-check", "good")
        if not failed and unknown:
            self._icon_look = ("circle-check", "text3")
        self._show_icon()

    def set_low(self, *, is_low: bool) -> None:
        """Say less where there is little room; the list of checks has all of it."""
        if is_low != self._is_low:
            self._is_low = is_low
            self._show_mistake()

    def _show_mistake(self) -> None:
        failed = self._failed
        parts = [failed[0].detail, "" if self._is_low else failed[0].remedy] if failed else []
        parts += [f"And {len(failed) - 1} more."] if len(failed) > 1 else []
        self.mistake.show_text(" ".join(part for part in parts if part))
        self.mistake.setToolTip(failed[0].remedy if failed else "")
        self.mistake.setVisible(bool(failed) and not self.error.text)

    def _show_icon(self) -> None:
        self._icon.setPixmap(self._theme.pixmap(*self._icon_look, 16))
