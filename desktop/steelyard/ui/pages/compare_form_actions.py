"""What can be done about the parts of a prompt, for shortcuts and the command palette."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard.ui.actions import Actions
    from steelyard.ui.pages.compare_form_desk import PromptForms

PAGE = "compare"


def add_form_actions(actions: Actions, forms: PromptForms) -> None:
    """Register the actions, and describe the buttons that do them."""
    for name, text, slot, icon, shortcut in (
        ("attach", "Attach files", forms.attach, "paperclip", "Ctrl+Shift+A"),
        ("library", "Open the prompt library", forms.open_library, "library-big", "Ctrl+Shift+L"),
        ("presets", "Open system prompt presets", forms.open_presets, "library-big", "Ctrl+Shift+Y"),
        ("keep", "Save the prompt in the library", forms.save_prompt, "save", "Ctrl+Shift+K"),
        ("keep_system", "Save the system prompt as preset", forms.save_preset, "save", "Ctrl+Alt+K"),
        ("table", "Open the table of variables", forms.open_table, "table", "Ctrl+T"),
        ("form", "Set structured output", forms.open_form, "braces", "Ctrl+J"),
        ("tools", "Set tools", forms.open_tools, "wrench", "Ctrl+Shift+J"),
        ("case_before", "Open the case before", partial(forms.grid.step, -1), "chevron-up", "Alt+Up"),
        ("case_after", "Open the next case", partial(forms.grid.step, 1), "chevron-down", "Alt+Down"),
        ("grid", "Switch between columns and grid", forms.switch_view, "table", "Ctrl+G"),
    ):
        actions.add(f"compare.{name}", text, slot, icon=icon, shortcut=shortcut, page=PAGE)
    actions.describe("compare.attach", forms.attach_button, "Attach files")
    actions.describe("compare.library", forms.library_button, "Prompt library")
