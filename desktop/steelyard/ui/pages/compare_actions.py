"""Everything that can be done on the Compare page, for shortcuts and the command palette."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from PySide6.QtGui import QAction

    from steelyard.ui.actions import Actions

PAGE = "compare"


class CompareSlots(Protocol):
    """What the page must be able to do."""

    def send(self) -> None:
        """Send the prompt to all targets."""
        ...

    def stop(self) -> None:
        """Stop all answers."""
        ...

    def rerun(self) -> None:
        """Send the last prompt again."""
        ...

    def start_new(self) -> None:
        """Begin a new comparison."""
        ...

    def open_picker(self) -> None:
        """Add a target."""
        ...

    def open_history(self) -> None:
        """Show stored comparisons."""
        ...

    def copy_answer(self) -> None:
        """Copy the focused column's answer."""
        ...

    def focus_prompt(self) -> None:
        """Put the keyboard into the prompt."""
        ...

    def focus_column(self, index: int) -> None:
        """Put the keyboard on a column."""
        ...


def add_compare_actions(actions: Actions, page: CompareSlots) -> dict[str, QAction]:
    """Register the page's actions; returns them by id."""
    made: dict[str, QAction] = {}
    for name, text, slot, icon, shortcut in (
        ("send", "Send to all targets", page.send, "send", "Ctrl+Return"),
        ("stop", "Stop all answers", page.stop, "square", "Esc"),
        ("rerun", "Rerun the last prompt", page.rerun, "refresh-cw", "Ctrl+R"),
        ("new", "New comparison", page.start_new, "plus", "Ctrl+N"),
        ("targets", "Add target", page.open_picker, "plus", "Ctrl+L"),
        ("history", "Show stored comparisons", page.open_history, "history", "Ctrl+H"),
        ("copy", "Copy the focused answer", page.copy_answer, "copy", "Ctrl+Shift+C"),
        ("prompt", "Write a prompt", page.focus_prompt, "pencil", "Alt+P"),
    ):
        made[name] = actions.add(f"compare.{name}", text, slot, icon=icon, shortcut=shortcut, page=PAGE)
    for index in range(4):
        actions.add(
            f"compare.column{index + 1}",
            f"Go to column {index + 1}",
            partial(page.focus_column, index),
            icon="columns-3",
            shortcut=f"Alt+{index + 1}",
            page=PAGE,
        )
    return made
