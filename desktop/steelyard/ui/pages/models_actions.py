"""Everything that can be done on the Models page, for shortcuts and the command palette."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from steelyard.ui.actions import Actions

PAGE = "models"


class ModelsSlots(Protocol):
    """What the page must be able to do."""

    def focus_search(self) -> None:
        """Put the keyboard into the search box of the tab."""
        ...

    def show_tab(self, key: str) -> None:
        """Show discover, library or places."""
        ...

    def press_download(self) -> None:
        """Download the selected file, or what its button says."""
        ...

    def copy_command(self) -> None:
        """Copy the command that downloads the selected file."""
        ...

    def refresh(self) -> None:
        """Ask the hub, or read the shelf, again."""
        ...

    def verify_all(self) -> None:
        """Hash everything on this machine."""
        ...

    def act(self, what: str) -> None:
        """Do something with the weights that are selected in My models."""
        ...

    def add_folder(self) -> None:
        """Ask for a folder with weights."""
        ...

    def add_file(self) -> None:
        """Ask for a GGUF file."""
        ...

    def fold_downloads(self) -> None:
        """Make the list of downloads one line, or unfold it."""
        ...

    def toggle_downloads(self) -> None:
        """Pause all downloads, or go on with them."""
        ...


def add_models_actions(actions: Actions, page: ModelsSlots) -> None:
    """Register the page's actions."""
    for name, text, slot, icon, shortcut in (
        ("search", "Search models", page.focus_search, "search", "Ctrl+F"),
        ("discover", "Discover models", partial(page.show_tab, "discover"), "search", "Alt+1"),
        ("library", "My models", partial(page.show_tab, "library"), "hard-drive", "Alt+2"),
        ("places", "Import folders", partial(page.show_tab, "places"), "folder", "Alt+3"),
        ("download", "Download the selected file", page.press_download, "download", "Ctrl+D"),
        ("command", "Copy the download command", page.copy_command, "terminal", ""),
        ("refresh", "Read the list again", page.refresh, "refresh-cw", "Ctrl+R"),
        ("verify", "Verify the selected weights", partial(page.act, "verify"), "shield-check", ""),
        ("verify_all", "Verify all weights", page.verify_all, "shield-check", ""),
        ("compare", "Use the selected weights in Compare", partial(page.act, "compare"), "columns-3", ""),
        ("reveal", "Reveal the selected weights", partial(page.act, "reveal"), "folder-open", "Ctrl+Shift+R"),
        ("path", "Copy the path of the selected weights", partial(page.act, "copy"), "copy", "Ctrl+Shift+C"),
        ("remove", "Remove the selected weights…", partial(page.act, "remove"), "trash-2", ""),
        ("folder", "Add folder of weights…", page.add_folder, "folder-plus", "Ctrl+O"),
        ("file", "Add GGUF file…", page.add_file, "file-plus", "Ctrl+Shift+O"),
        ("pause", "Pause or resume all downloads", page.toggle_downloads, "pause", "Ctrl+Shift+P"),
        ("fold", "Fold or unfold the downloads", page.fold_downloads, "chevron-down", ""),
    ):
        actions.add(f"models.{name}", text, slot, icon=icon, shortcut=shortcut, page=PAGE)
