"""How cards of the settings are saved, and how they say so: by a button, or as a choice is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout

from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.buttons import Segmented, make_button
from steelyard.ui.widgets.cards import Card
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QPushButton

    from steelyard.core.base.errors import AppError
    from steelyard.ui.pages.settings_store import SettingsStore
    from steelyard.ui.theme.theme import Theme
    from steelyard.ui.widgets.fields import TextField


class SavedForm(Card):
    """Fields of one topic, saved and unsaved state in view. Nothing is stored before Save."""

    def __init__(self, theme: Theme, store: SettingsStore, title: str, hint: str = "") -> None:
        super().__init__(theme, title, hint)
        self._store = store
        self._while_dirty: tuple[QPushButton, ...] = ()
        self.state = make_label(theme, "", "muted", px=12)
        self.save_button = make_button(theme, "Save", icon="check")
        store.load_failed.connect(self._on_failed)
        self._show_state("Reading the settings…", is_dirty=False)

    @property
    def is_dirty(self) -> bool:
        """Whether something was changed and not saved."""
        return self.save_button.isEnabled()

    def _add_buttons(self, *while_dirty: QPushButton) -> None:
        """The last line of the card: Save, what is offered beside it while there are changes, the state."""
        self._while_dirty = while_dirty
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.save_button)
        for button in while_dirty:
            button.setVisible(self.is_dirty)
            row.addWidget(button)
        row.addWidget(self.state, 1)
        self.column.addLayout(row)

    def _refuse(self, wrong: Sequence[TextField], fields: str = "fields") -> None:
        """Nothing is saved while something is wrong; the keyboard goes to the first of it."""
        wrong[0].edit.setFocus()
        self._show_state(f"Nothing was saved: see the marked {fields}", is_dirty=True, role="error")

    @Slot()
    def _on_edited(self) -> None:
        self._show_state("Unsaved changes", is_dirty=True)

    def _save(self, parts: dict[str, Any]) -> None:
        self._show_state("Saving…", is_dirty=True)
        self._store.change(parts, self._on_saved, self._on_failed)

    def _on_saved(self) -> None:
        self._show_state("Saved", is_dirty=False)

    @Slot(object)
    def _on_failed(self, error: AppError) -> None:
        self._show_state(error.one_line(), is_dirty=self.is_dirty, role="error")

    def _show_state(self, text: str, *, is_dirty: bool, role: str = "") -> None:
        self.state.setText(text)
        set_role(self.state, role or ("warn" if is_dirty else "muted"))
        self.save_button.setEnabled(is_dirty)
        for button in self._while_dirty:
            button.setVisible(is_dirty)


class ChoiceCard(Card):
    """One choice, saved as it is made."""

    def __init__(
        self,
        theme: Theme,
        store: SettingsStore,
        title: str,
        options: Sequence[tuple[str, str]],
        hint: str = "",
    ) -> None:
        super().__init__(theme, title, hint)
        self._store = store
        self.choice = Segmented(theme, title, options)
        self.state = make_label(theme, "", "muted", px=12)
        self.column.addWidget(self.choice, 0, Qt.AlignmentFlag.AlignLeft)
        self.column.addWidget(self.state)
        self.state.hide()

    def save(self, parts: dict[str, Any]) -> None:
        """Replace top-level parts of the settings."""
        self._say("Saving…", "muted")
        self._store.change(parts, self._on_saved, self._on_failed)

    def _on_saved(self) -> None:
        self._say("Saved", "muted")

    def _on_failed(self, error: AppError) -> None:
        self._say(f"Not saved: {error.one_line()}", "error")

    def _say(self, text: str, role: str) -> None:
        self.state.setText(text)
        self.state.show()
        set_role(self.state, role)
