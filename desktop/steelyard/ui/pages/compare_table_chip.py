"""The chip that tells how many variables a prompt has, and how many rows fill them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.ui.widgets.compare_buttons import Part, PartsButton
from steelyard.ui.widgets.labels import name_widget

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme


class TableChip(PartsButton):
    """Hidden while the prompt has no variables."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "chip")
        self.hide()

    def show_table(self, variables: list[str], rows: int, *, has_gap: bool) -> None:
        """Show other numbers; `has_gap`: rows are there, but a column is missing."""
        self.setVisible(bool(variables))
        names = ", ".join(f"{{{name}}}" for name in variables[:8])
        count = f"{len(variables)} variables" if len(variables) > 1 else "1 variable"
        filled = f"{rows:,} rows" if rows > 1 else "1 row" if rows else "no rows"
        is_wrong = has_gap and rows > 0
        color = "warn" if is_wrong else "text" if rows else "text2"
        self.show_parts(
            [Part(count, "text3", 400), Part(filled, color, 600)],
            icon="triangle-alert" if is_wrong else "table",
            icon_color="warn" if is_wrong else "text3",
        )
        what = (
            "a column is missing" if is_wrong else filled if rows else "without rows it is sent as it stands"
        )
        name_widget(self, f"{count}: {filled}", f"{names}: {what} (Ctrl+T)")
