"""Everything that can be done on the Servers page, for shortcuts and the command palette."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from steelyard.ui.actions import Actions

PAGE = "servers"


class ServersSlots(Protocol):
    """What the page must be able to do."""

    def new_server(self) -> None:
        """Open the form for a new server."""
        ...

    def restart(self) -> None:
        """Restart the server that is shown."""
        ...

    def stop(self) -> None:
        """Stop the server that is shown, or start it when it has ended."""
        ...

    def apply(self) -> None:
        """Apply the profile, or start the new server."""
        ...

    def discard(self) -> None:
        """Forget the edits, or close the form."""
        ...

    def forget(self) -> None:
        """Take the server that is shown off the list."""
        ...

    def step(self, by: int) -> None:
        """Show the next server, or the one before."""
        ...

    def copy(self, what: str) -> None:
        """Copy a snippet, or the command."""
        ...

    def show_tab(self, key: str) -> None:
        """Show log, bench or tune."""
        ...

    def toggle_more(self) -> None:
        """Show all settings, or the eight only."""
        ...

    def save_profile(self) -> None:
        """Put the keyboard on the name to save the profile under."""
        ...

    def show_profiles(self) -> None:
        """Show the stored profiles."""
        ...

    def toggle_diff(self) -> None:
        """Show what differs from the engine's defaults."""
        ...

    def filter_log(self) -> None:
        """Put the keyboard into the log's filter."""
        ...

    def pause_log(self) -> None:
        """Stop following the log, or follow again."""
        ...

    def run(self, what: str) -> None:
        """Start or stop a bench or a tune."""
        ...

    def find_servers(self) -> None:
        """Look for servers of other programs."""
        ...

    def show_door(self) -> None:
        """Show the keys of the door for other programs."""
        ...

    def toggle_door(self) -> None:
        """Open or close the door for other programs."""
        ...


def add_servers_actions(actions: Actions, page: ServersSlots) -> None:
    """Register the page's actions."""
    for name, text, slot, icon, shortcut in (
        ("new", "New server…", page.new_server, "plus", "Ctrl+N"),
        ("restart", "Restart this server", page.restart, "rotate-cw", "Ctrl+R"),
        ("stop", "Stop or start this server", page.stop, "square", "Ctrl+Shift+S"),
        ("forget", "Take this server off the list", page.forget, "trash-2", ""),
        ("apply", "Apply the profile and restart", page.apply, "check", "Ctrl+Return"),
        ("discard", "Discard changes of the profile", page.discard, "x", "Esc"),
        ("next", "Next server", partial(page.step, 1), "arrow-down", "Alt+Down"),
        ("previous", "Previous server", partial(page.step, -1), "arrow-up", "Alt+Up"),
        ("copy_sdk", "Copy as OpenAI SDK", partial(page.copy, "sdk"), "copy", "Ctrl+Shift+C"),
        ("copy_curl", "Copy as curl", partial(page.copy, "curl"), "terminal", ""),
        ("copy_env", "Copy as environment", partial(page.copy, "env"), "copy", ""),
        ("copy_command", "Copy the exact command", partial(page.copy, "command"), "terminal", ""),
        ("diff", "Diff the command to the defaults", page.toggle_diff, "git-compare", "Ctrl+D"),
        ("log", "Log of this server", partial(page.show_tab, "log"), "file-text", "Alt+1"),
        ("bench", "Bench of this server", partial(page.show_tab, "bench"), "gauge", "Alt+2"),
        ("tune", "Tune of this server", partial(page.show_tab, "tune"), "sliders-horizontal", "Alt+3"),
        ("run_bench", "Run or stop the bench", partial(page.run, "bench"), "gauge", ""),
        ("run_tune", "Run or stop the tune", partial(page.run, "tune"), "sliders-horizontal", ""),
        ("filter", "Filter the log", page.filter_log, "search", "Ctrl+F"),
        ("pause", "Pause or follow the log", page.pause_log, "pause", "Ctrl+Shift+P"),
        ("more", "All settings of the profile", page.toggle_more, "settings", "Ctrl+M"),
        ("profiles", "Stored launch profiles", page.show_profiles, "list-ordered", "Ctrl+O"),
        ("save", "Save the launch profile…", page.save_profile, "save", "Ctrl+S"),
        ("find", "Look for servers of other programs", page.find_servers, "radar", "F5"),
        ("keys", "Keys for other programs", page.show_door, "key-round", ""),
        ("door", "Open or close the door for other programs", page.toggle_door, "globe", ""),
    ):
        actions.add(f"servers.{name}", text, slot, icon=icon, shortcut=shortcut, page=PAGE)
