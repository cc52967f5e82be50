"""The exact command of a server, what of it differs from the engine's defaults, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from steelyard.ui.widgets.brief import Brief
from steelyard.ui.widgets.buttons import make_button, make_icon_button
from steelyard.ui.widgets.cards import Card, Note
from steelyard.ui.widgets.facts_format import DASH
from steelyard.ui.widgets.labels import ElidedLabel, make_label
from steelyard.ui.widgets.models_text import counted, plain
from steelyard.ui.widgets.servers_code import WrappedCommand

if TYPE_CHECKING:
    from steelyard.core.values.profiles import FlagRow
    from steelyard.ui.theme.theme import Theme

_WHY = {"profile": "profile", "setting": "settings", "ours": "Steelyard"}
_WHY_TIP = {
    "profile": "The launch profile asks for it",
    "setting": "It stands in Settings, Local servers",
    "ours": "Steelyard starts every server so: private, offline, with a key",
}
_EACH_START = {"--host"}
"""Another one at each start, so that it says nothing about a change."""
_HEADERS = ("Flag", "Value", "Engine's default", "Asked for by")


class CommandCard(Card):
    """Shows what runs, or while a profile is edited what would run."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Exact command")
        self._theme = theme
        self._command = ""
        self._flags: list[FlagRow] | None = None
        self._changed: frozenset[str] = frozenset()
        self.column.setContentsMargins(16, 10, 16, 12)
        self.column.setSpacing(8)
        self._note = make_label(theme, "", "muted", px=12)
        self.head.insertWidget(1, self._note)
        self.diff_button = make_button(theme, "Diff to defaults", "link")
        self.diff_button.setCheckable(True)
        self.diff_button.toggled.connect(self._on_diff)
        self.copy = make_icon_button(theme, "copy", "Copy the command")
        self.copy.clicked.connect(self.copy_command)
        self.head.addWidget(self.diff_button)
        self.head.addWidget(self.copy)
        self.code = WrappedCommand(theme, "Exact command")
        self.problems = Note(theme, "bad")
        self.table = _FlagTable(theme)
        self.table.hide()
        self._copied = Brief(self, self._show_copied)
        for widget in (self.problems, self.code, self.table):
            self.column.addWidget(widget)

    @property
    def command(self) -> str:
        """What is shown and copied."""
        return self._command

    def show_command(
        self,
        command: str,
        flags: list[FlagRow],
        *,
        changed: frozenset[str] = frozenset(),
        is_pending: bool = False,
        problems: list[str] | None = None,
    ) -> None:
        """Show a command; `changed` are flags that the edits bring, alter or (in the note) drop."""
        said = "pending change highlighted" if is_pending else ""
        if said != self._note.text():
            self._note.setText(said)
        self.problems.show_text("\n".join(plain(problem) for problem in problems or []))
        self._command = command
        self.code.show_command(command, changed)
        if (flags, changed) != (self._flags, self._changed):
            self._flags, self._changed = flags, changed
            differ = [row for row in flags if row.value != row.default]
            self.diff_button.setText(f"Diff to defaults ({len(differ)})" if differ else "Diff to defaults")
            self.diff_button.setToolTip(
                f"{counted(len(differ), 'flag')} differ from what the engine would take"
            )
            if not self.table.isHidden():
                self.table.show_flags(flags, changed)

    @Slot()
    def copy_command(self) -> None:
        """Put it on the clipboard, in one line."""
        QGuiApplication.clipboard().setText(self._command)
        self._copied.start("Copied")

    @Slot(bool)
    def _on_diff(self, is_on: bool) -> None:
        if is_on:
            self.table.show_flags(self._flags or [], self._changed)
        self.table.setVisible(is_on)

    def _show_copied(self, what: str) -> None:
        self._theme.bind_icon(self.copy, "check" if what else "copy", "good" if what else "text2", 16)


class _FlagTable(QWidget):
    """A line for each flag."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._cells: list[QLabel] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 4, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(5)
        for column, stretch in enumerate((3, 4, 3, 2)):
            self._grid.setColumnStretch(column, stretch)
            self._grid.addWidget(make_label(theme, _HEADERS[column], "muted", px=11), 0, column)
        self.setAccessibleName("Flags and the engine's defaults")

    def show_flags(self, flags: list[FlagRow], changed: frozenset[str]) -> None:
        """Show these flags."""
        for cell in self._cells:
            self._grid.removeWidget(cell)
            cell.deleteLater()
        self._cells = []
        for at, flag in enumerate(flags, start=1):
            is_other = flag.value != flag.default
            tone = "accent" if flag.flag in changed else "" if is_other else "muted"
            value = plain(flag.value, 200) if flag.value is not None else "on"
            default = plain(flag.default, 80) if flag.default is not None else DASH
            texts = ((flag.flag, tone), (value, tone), (default, "muted"), (_WHY[flag.why], "muted"))
            for column, (text, role) in enumerate(texts):
                cell = ElidedLabel(self._theme, text, role, px=12)
                if column < 3:
                    cell.setFont(self._theme.font(11, mono=True))
                else:
                    cell.setToolTip(_WHY_TIP[flag.why])
                self._cells.append(cell)
                self._grid.addWidget(cell, at, column)


def flags_that_differ(running: list[FlagRow], pending: list[FlagRow]) -> frozenset[str]:
    """Flags whose value is another in the pending command, or that are new there."""
    before = {(row.flag, row.value) for row in running}
    return frozenset(
        row.flag for row in pending if (row.flag, row.value) not in before and row.flag not in _EACH_START
    )
