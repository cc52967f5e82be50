"""Everything that can be done on the Costs page, for shortcuts and the command palette."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from steelyard.ui.actions import Actions

PAGE = "costs"


class CostsSlots(Protocol):
    """What the page must be able to do."""

    def show_tab(self, key: str) -> None:
        """Break-even, ledger or prices."""
        ...

    def save_scenario(self) -> None:
        """Store the inputs."""
        ...

    def choose_scenario(self) -> None:
        """The menu of stored scenarios."""
        ...

    def new_scenario(self) -> None:
        """Empty inputs but for what was measured."""
        ...

    def reset(self) -> None:
        """Back to what was measured."""
        ...

    def show_checks(self) -> None:
        """The thirteen checks."""
        ...

    def compare_with(self, kind: str) -> None:
        """Another of the three APIs."""
        ...

    def copy_table(self) -> None:
        """The table to the clipboard."""
        ...

    def save_table(self) -> None:
        """The table into a CSV file."""
        ...

    def save_chart(self) -> None:
        """The chart into a PNG file."""
        ...

    def refresh(self) -> None:
        """Read everything of the tab again."""
        ...


def add_costs_actions(actions: Actions, page: CostsSlots) -> None:
    """Register the page's actions."""
    for name, text, slot, icon, shortcut in (
        ("break_even", "Show break-even", partial(page.show_tab, "break_even"), "scale", "Alt+1"),
        ("ledger", "Show the ledger of costs", partial(page.show_tab, "ledger"), "list-ordered", "Alt+2"),
        ("prices", "Show the price book", partial(page.show_tab, "prices"), "library-big", "Alt+3"),
        ("save", "Save the cost scenario", page.save_scenario, "save", "Ctrl+S"),
        ("scenarios", "Choose a cost scenario…", page.choose_scenario, "folder-open", "Ctrl+O"),
        ("new", "New cost scenario", page.new_scenario, "plus", "Ctrl+N"),
        ("reset", "Reset the inputs to what was measured", page.reset, "undo-2", ""),
        ("checks", "Show the cost checks", page.show_checks, "circle-check", ""),
        ("configured", "Compare with the API", partial(page.compare_with, "configured"), "cloud", ""),
        (
            "hosted",
            "Compare with the same weights hosted",
            partial(page.compare_with, "hosted"),
            "cloud-download",
            "",
        ),
        ("copy", "Copy the table of costs", page.copy_table, "copy", "Ctrl+Shift+C"),
        ("csv", "Save the table of costs as CSV…", page.save_table, "file-output", "Ctrl+E"),
        ("picture", "Save the chart of costs as PNG…", page.save_chart, "download", "Ctrl+Shift+S"),
        ("reload", "Read the costs again", page.refresh, "refresh-cw", "Ctrl+R"),
    ):
        actions.add(f"costs.{name}", text, slot, icon=icon, shortcut=shortcut, page=PAGE)
