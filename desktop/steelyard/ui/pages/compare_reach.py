"""What the keyboard reaches of the columns: the focused one, or all of them where none has the focus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.ui.pages.compare_layout import CompareLayout

if TYPE_CHECKING:
    from steelyard.ui.pages.compare_column import TargetColumn
    from steelyard.ui.pages.compare_editing import Editing
    from steelyard.ui.pages.compare_form_desk import PromptForms
    from steelyard.ui.pages.compare_state import CompareState
    from steelyard.ui.pages.compare_volume import Volume
    from steelyard.ui.pages.compare_wishes import ColumnWishes


class ReachableColumns(CompareLayout):
    """Actions on columns; the page makes the parts that they use."""

    state: CompareState
    editing: Editing
    forms: PromptForms
    volume: Volume
    wishes: ColumnWishes

    def copy_answer(self) -> None:
        """Copy the answer of the focused column, else of the first that has one."""
        focused = self.columns.focused()
        for widget in [focused] if focused else self.columns.widgets:
            if widget.copy_answer():
                return

    def edit_last(self) -> None:
        """Edit the last question: of the focused column, else of the one that stands above all."""
        focused = self.columns.focused()
        if self.forms.edit():
            return
        if focused is not None:
            focused.edit_last()
            return
        sent = self.state.sent
        for column in self.state.columns:
            if column.turn is not None and column.turn.sent is sent:
                self.editing.begin(column, column.turn, is_for_all=True)
                return

    def pin_focused(self) -> None:
        """Pin the answer of the focused column, or unpin it."""
        widget = self._focused()
        if widget is not None:
            widget.pin_last()

    def flip(self, step: int) -> None:
        """Show the answer before or after in the focused column, else in all."""
        focused = self.columns.focused()
        for widget in [focused] if focused else self.columns.widgets:
            widget.flip(step)

    def remedy_focused(self) -> None:
        """Do what makes the focused column comparable; without one, the first that needs it."""
        focused = self.columns.focused()
        for widget in [focused] if focused else self.columns.widgets:
            turn = widget.column.turn
            entry = next((entry for entry in turn.excluded if entry.remedy), None) if turn else None
            if entry is not None:
                self.wishes.remedy(widget, entry)
                return

    def show_reasons(self) -> None:
        """Show why the focused column is not comparable; without one, the first that is not."""
        focused = self.columns.focused()
        for widget in [focused] if focused else self.columns.widgets:
            if widget.column.turn is not None and widget.column.turn.excluded:
                widget.banner.open_reasons()
                return

    def remove_focused(self) -> None:
        """Take the focused column away."""
        focused = self.columns.focused()
        if focused is not None:
            self.wishes.remove(focused)

    def toggle_schedule(self) -> None:
        """The other schedule."""
        is_concurrent = self.toolbar.schedule == "concurrent"
        self.toolbar.set_schedule("model-by-model" if is_concurrent else "concurrent")

    def set_repeat(self) -> None:
        """Ask how often each target is to be asked."""
        self.toolbar.repeat_chip.click()

    def set_volume(self) -> None:
        """Ask how many such prompts a month has."""
        shown = next((w.costs.volume_button for w in self.columns.widgets if w.costs.isVisible()), None)
        self.volume.open_at(shown or self.strip)

    def focus_prompt(self) -> None:
        """Put the keyboard into the prompt."""
        self.composer.prompt.setFocus()

    def focus_column(self, index: int) -> None:
        """Put the keyboard on a column."""
        if index < len(self.columns.widgets):
            widget = self.columns.widgets[index]
            self.columns.ensureWidgetVisible(widget, 0, 0)
            widget.focus_text()

    def regenerate(self) -> None:
        """Another answer in the focused column, else in the only one there is."""
        widget = self._focused()
        if widget is not None:
            self.wishes.rerun(widget, None)

    def _focused(self) -> TargetColumn | None:
        widgets = self.columns.widgets
        return self.columns.focused() or (widgets[0] if len(widgets) == 1 else None)
