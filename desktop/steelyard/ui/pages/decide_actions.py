"""Everything that can be done on the Decide page, for shortcuts and the command palette."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from steelyard.ui.actions import Actions

PAGE = "decide"


class DecideSlots(Protocol):
    """What the page must be able to do."""

    def show_cases(self) -> None:
        """Open the list of cases."""
        ...

    def toggle_panel(self, name: str) -> None:
        """Open or close `answers` or `history`."""
        ...

    def show_form(self, tab: str) -> None:
        """Open a form of the answers."""
        ...

    def show_table(self, tab: str) -> None:
        """Show one of the tables of the sources."""
        ...

    def start_from_ledger(self) -> None:
        """A case of what was measured."""
        ...

    def start_empty(self) -> None:
        """A case without answers."""
        ...

    def check_again(self) -> None:
        """Decide with what is measured now."""
        ...

    def ask_title(self) -> None:
        """Keep the verdict under a title."""
        ...

    def show_formats(self) -> None:
        """Choose the memo's format."""
        ...

    def export(self, form: str) -> None:
        """Write the memo."""
        ...

    def leave_panel(self) -> None:
        """Close the panel at the right."""
        ...


def add_decide_actions(actions: Actions, page: DecideSlots) -> None:
    """Register the page's actions."""
    answers, history = partial(page.toggle_panel, "answers"), partial(page.toggle_panel, "history")
    for name, text, slot, icon, shortcut in (
        ("cases", "Choose a case", page.show_cases, "folder-open", "Ctrl+O"),
        ("answers", "Answers", answers, "sliders-horizontal", "Ctrl+E"),
        ("history", "History of verdicts", history, "history", "Ctrl+H"),
        ("checklist", "Checklist of running own machines", partial(page.show_form, "checklist"), "check", ""),
        ("classes", "Classes of work and regimes", partial(page.show_form, "classes"), "layers", ""),
        ("presets", "Edit the published rules", partial(page.show_form, "rules"), "pencil", ""),
        (
            "published",
            "What published rules would say",
            partial(page.show_table, "published"),
            "table",
            "Alt+1",
        ),
        ("rules", "The sixteen rules", partial(page.show_table, "rules"), "table", "Alt+2"),
        ("questions", "The four questions", partial(page.show_table, "questions"), "table", "Alt+3"),
        ("ledger", "Start a case from the ledger", page.start_from_ledger, "activity", ""),
        ("new", "New empty case", page.start_empty, "plus", "Ctrl+N"),
        ("again", "Check again with what is measured now", page.check_again, "refresh-cw", "Ctrl+R"),
        ("keep", "Keep this verdict…", page.ask_title, "save", "Ctrl+S"),
        ("export", "Export decision memo", page.show_formats, "file-text", "Ctrl+Shift+S"),
        ("pdf", "Export the memo as PDF…", partial(page.export, "pdf"), "file-output", ""),
        ("html", "Export the memo as a web page…", partial(page.export, "html"), "file-output", ""),
        ("json", "Export the memo as JSON…", partial(page.export, "json"), "file-output", ""),
        ("close", "Close the panel", page.leave_panel, "x", "Esc"),
    ):
        actions.add(f"decide.{name}", text, slot, icon=icon, shortcut=shortcut, page=PAGE)
