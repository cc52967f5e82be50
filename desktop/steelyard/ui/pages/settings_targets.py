"""Settings, API targets: the list, and the form in its place while one is added or changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from steelyard.core.values.commands import ListTargets
from steelyard.core.values.events import TargetsChanged
from steelyard.ui.pages.settings_form import Section
from steelyard.ui.pages.settings_target_card import TargetCard
from steelyard.ui.pages.settings_target_form import TargetForm
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.cards import Card, Note
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.targets import TargetRow
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme


class TargetsSection(Section):
    """Cards of all API targets."""

    def __init__(self, theme: Theme, bridge: Bridge) -> None:
        super().__init__(
            theme,
            "API targets",
            "Remote models, or anything on this machine that speaks OpenAI's or Anthropic's format. "
            "A target is contacted only when a prompt is sent to it, or by Test.",
        )
        self._theme = theme
        self._bridge = bridge
        self.cards: list[TargetCard] = []
        self.note = Note(theme, "warn")
        self.add_button = make_button(theme, "Add target", "primary", icon="plus")
        self.form = TargetForm(theme, bridge)
        self._empty = Card(theme)
        self._empty.column.addWidget(make_label(theme, "No API target yet", weight=600))
        self._empty.column.addWidget(
            make_label(theme, "Add one to compare it with the weights on this machine.", "prose")
        )
        self._list = QWidget()
        self._cards_column = QVBoxLayout(self._list)
        self._cards_column.setContentsMargins(0, 0, 0, 0)
        self._cards_column.setSpacing(8)
        self.column.addWidget(self.note)
        self.column.addWidget(self.form)
        self.column.addWidget(self._empty)
        self.column.addWidget(self._list)
        self.column.addWidget(self.add_button, 0, Qt.AlignmentFlag.AlignLeft)
        self.finish()
        self.form.hide()
        self._empty.hide()
        self.add_button.clicked.connect(self.show_add)
        self.form.saved.connect(self._on_saved)
        self.form.cancelled.connect(self._on_form_left)
        bridge.event_arrived.connect(self._on_event)

    def load(self) -> None:
        """Read the list."""
        self._bridge.run(ListTargets(), self._on_listed, self._on_list_failed)

    @Slot()
    def show_add(self) -> None:
        """Open the form for a new target."""
        self.note.show_text("")
        self._show_form(is_open=True)
        self.form.show_new([card.row.name for card in self.cards])

    @Slot(object)
    def _on_edit_wanted(self, row: TargetRow) -> None:
        self.note.show_text("")
        self._show_form(is_open=True)
        self.form.show_row(row)

    def _show_form(self, *, is_open: bool) -> None:
        self.form.setVisible(is_open)
        self.add_button.setVisible(not is_open)
        self._list.setVisible(not is_open)
        self._empty.setVisible(not is_open and not self.cards)

    @Slot()
    def _on_form_left(self) -> None:
        self._show_form(is_open=False)
        self.add_button.setFocus()

    @Slot(str, str)
    def _on_saved(self, _name: str, remark: str) -> None:
        self._on_form_left()
        self.note.show_text(remark, "warn")
        self.load()

    @Slot(object)
    def _on_event(self, event: object) -> None:
        if isinstance(event, TargetsChanged):
            self.load()

    def _on_listed(self, rows: list[TargetRow]) -> None:
        if rows != [card.row for card in self.cards]:
            self._replace_cards(rows)
        self._empty.setVisible(not rows and self.form.isHidden())

    def _replace_cards(self, rows: list[TargetRow]) -> None:
        kept = {id(card): card for card in self.cards if card.row in rows}
        for card in self.cards:
            if id(card) not in kept:
                self._cards_column.removeWidget(card)
                card.hide()
                card.deleteLater()
        by_name = {card.row.name: card for card in kept.values()}
        self.cards = [by_name.get(row.name) or self._make_card(row) for row in rows]
        for at, card in enumerate(self.cards):
            self._cards_column.insertWidget(at, card)

    def _make_card(self, row: TargetRow) -> TargetCard:
        card = TargetCard(self._theme, self._bridge, row)
        card.edit_wanted.connect(self._on_edit_wanted)
        return card

    def _on_list_failed(self, error: AppError) -> None:
        self.note.show_text(error.one_line(), "bad")
