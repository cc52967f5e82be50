"""Everything that can be done on the Compare page, for shortcuts and the command palette."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtGui import QAction

    from steelyard.ui.actions import Actions
    from steelyard.ui.pages.compare import ComparePage

PAGE = "compare"


def add_compare_actions(actions: Actions, page: ComparePage) -> dict[str, QAction]:
    """Register the page's actions; returns them by their names."""
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
        ("edit", "Edit the last question", page.edit_last, "pencil", "Ctrl+E"),
        ("regenerate", "Regenerate the focused answer", page.regenerate, "rotate-cw", "Ctrl+Shift+R"),
        ("pin", "Pin or unpin the focused answer", page.pin_focused, "pin", "Ctrl+P"),
        ("before", "Show the answer before", partial(page.flip, -1), "chevron-right", "Alt+Left"),
        ("after", "Show the answer after", partial(page.flip, 1), "chevron-right", "Alt+Right"),
        ("remedy", "Make the focused column comparable", page.remedy_focused, "scale", "Alt+R"),
        ("remove", "Remove the focused column", page.remove_focused, "x", "Ctrl+Shift+W"),
        ("schedule", "Switch model by model and concurrent", page.toggle_schedule, "layers", "Alt+S"),
        ("repeat", "Set how often each target is asked", page.set_repeat, "list-ordered", "Alt+T"),
        ("reasons", "Show why a column is not comparable", page.show_reasons, "triangle-alert", "Alt+N"),
        ("resume", "Resume the interrupted comparison", page.resume, "play", "Ctrl+Shift+Return"),
        ("costs", "Show or hide costs to come", page.toggle_costs, "circle-dollar-sign", "Alt+C"),
        ("volume", "Set prompts a month", page.set_volume, "circle-dollar-sign", "Alt+M"),
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
