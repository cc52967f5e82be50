"""Everything that can be done on the Monitor page, for shortcuts and the command palette."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from steelyard.ui.actions import Actions

PAGE = "monitor"


class MonitorSlots(Protocol):
    """What the page must be able to do."""

    def toggle_pause(self) -> None:
        """Let the charts stand still, or go on."""
        ...

    def choose_window(self, window: str) -> None:
        """Show another stretch of time, by its key."""
        ...

    def show_requests(self, which: str) -> None:
        """Show all, slow or failed requests."""
        ...

    def add_mark(self) -> None:
        """Put a note on the time axis."""
        ...

    def copy_address(self) -> None:
        """Copy the address of /metrics."""
        ...

    def save_requests(self) -> None:
        """Requests into a CSV file."""
        ...

    def save_history(self) -> None:
        """The history into a CSV file."""
        ...

    def save_picture(self) -> None:
        """The charts into a PNG file."""
        ...

    def reload(self) -> None:
        """Read everything again."""
        ...


def add_monitor_actions(actions: Actions, page: MonitorSlots) -> None:
    """Register the page's actions."""
    for name, text, slot, icon, shortcut in (
        ("pause", "Pause or resume the charts", page.toggle_pause, "pause", "Space"),
        ("window_300", "Show the last 5 minutes", partial(page.choose_window, "300"), "history", "Alt+1"),
        ("window_900", "Show the last 15 minutes", partial(page.choose_window, "900"), "history", "Alt+2"),
        ("window_3600", "Show the last hour", partial(page.choose_window, "3600"), "history", "Alt+3"),
        ("window_86400", "Show the last 24 hours", partial(page.choose_window, "86400"), "history", "Alt+4"),
        ("mark", "Put a mark on the time axis", page.add_mark, "plus", "Ctrl+M"),
        ("all", "Show all requests", partial(page.show_requests, "all"), "list-ordered", ""),
        ("slow", "Show slow requests", partial(page.show_requests, "slow"), "list-filter", ""),
        ("failed", "Show failed requests", partial(page.show_requests, "failed"), "circle-alert", ""),
        ("metrics", "Copy the /metrics address", page.copy_address, "copy", ""),
        ("csv", "Save the requests as CSV…", page.save_requests, "file-output", "Ctrl+S"),
        ("history", "Save the history as CSV…", page.save_history, "file-output", ""),
        ("picture", "Save the charts as PNG…", page.save_picture, "download", "Ctrl+Shift+S"),
        ("reload", "Read the history again", page.reload, "refresh-cw", "Ctrl+R"),
    ):
        actions.add(f"monitor.{name}", text, slot, icon=icon, shortcut=shortcut, page=PAGE)
