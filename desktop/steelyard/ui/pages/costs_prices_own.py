"""The chosen model's price in words, and the fields for a price of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QDate, Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from steelyard.core.values.cost_commands import RemovePrice, SavePrice
from steelyard.core.values.price_rows import PriceOverride
from steelyard.ui.pages.costs_prices_model import row_words
from steelyard.ui.pages.latest import Latest
from steelyard.ui.pages.settings_target_check import price_error, price_like_error
from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.cards import Card, make_scroll
from steelyard.ui.widgets.fields import TextField
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.price_rows import PriceRow
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme

_PRICES = (
    ("input", "Input", False),
    ("output", "Output", False),
    ("cached", "Cached input", True),
    ("cache_write", "Cache write", True),
    ("batch_input", "Batch input", True),
    ("batch_output", "Batch output", True),
)


class OwnPriceCard(Card):
    """A price of the user goes before the book's, with the day and the place where it was read."""

    changed = Signal(str)
    """A price of the user was saved or removed; the model."""

    def __init__(self, theme: Theme, bridge: Bridge) -> None:
        super().__init__(theme, "Your own price")
        self._row: PriceRow | None = None
        self._removing = ""
        self.model = TextField(theme, "Provider and model", placeholder="openai/gpt-4o-mini", mono=True)
        self.prices = {
            key: TextField(theme, label, placeholder="optional" if is_optional else "")
            for key, label, is_optional in _PRICES
        }
        self.date = TextField(theme, "Read on", placeholder="YYYY-MM-DD")
        self.source = TextField(theme, "Source", placeholder="where you read it")
        self.facts = make_label(theme, "", "muted", px=12, wrap=True)
        self.said = make_label(theme, "", "muted", px=12, wrap=True)
        self.save_button = make_button(theme, "Save price", icon="save")
        self.remove_button = make_button(
            theme, "Remove", "ghost", icon="undo-2", tooltip="Go back to the book's price"
        )
        self.new_button = make_button(
            theme, "New", "ghost", icon="plus", tooltip="A price for a model that the book does not have"
        )
        self._lay_out(theme)
        self._latest = Latest(bridge, self)
        self._latest.answered.connect(self._on_done)
        self._latest.failed.connect(self._on_failed)
        self.save_button.clicked.connect(self.save)
        self.remove_button.clicked.connect(self.remove)
        self.new_button.clicked.connect(self.start_new)
        for field in (self.model, self.date, self.source, *self.prices.values()):
            field.edit.returnPressed.connect(self.save)
        self.start_new()

    def show_row(self, row: PriceRow) -> None:
        """Offer a model's price for correction."""
        self._row = row
        self.facts.setText(row_words(row))
        self.facts.show()
        self.model.set_text(row.model)
        for key, field in self.prices.items():
            field.set_text(getattr(row, key) or "")
        self.date.set_text((row.valid_from or "") if row.is_override else _today())
        self.source.set_text(row.source if row.is_override else "")
        self.remove_button.setEnabled(row.is_override)
        self._say("This is your own price." if row.is_override else "The book's price; save to replace it.")

    @Slot()
    def start_new(self) -> None:
        """Empty fields for a model of the user's choice."""
        self._row = None
        self.facts.hide()
        for field in (self.model, self.source, *self.prices.values()):
            field.set_text("")
        self.date.set_text(_today())
        self.remove_button.setEnabled(False)
        self._say("Choose a model in the table, or type one that the book does not have.")
        if self.isVisible():
            self.model.edit.setFocus()

    @Slot()
    def save(self) -> None:
        """Keep what is typed, if it is a price; else the first wrong field has the focus."""
        wrong = self._first_wrong()
        if wrong is not None:
            wrong.edit.setFocus()
            return
        typed = {key: field.text.replace(",", ".") for key, field in self.prices.items()}
        price = PriceOverride(
            model=self.model.text,
            input=typed.pop("input"),
            output=typed.pop("output"),
            date=self.date.text,
            source=self.source.text,
            **{key: text or None for key, text in typed.items()},
        )
        self._removing = ""
        self._say("Saving…")
        self._latest.ask(SavePrice(price=price))

    @Slot()
    def remove(self) -> None:
        """Go back to the book's price."""
        if self._row is not None and self._row.is_override:
            self._removing = self._row.model
            self._latest.ask(RemovePrice(model=self._row.model))

    def _first_wrong(self) -> TextField | None:
        self.model.set_error(price_like_error(self.model.text))
        for key, _, is_optional in _PRICES:
            field = self.prices[key]
            field.set_error(price_error(field.text, is_optional=is_optional))
        fields = (self.model, *self.prices.values())
        return next((field for field in fields if field.error), None)

    def _lay_out(self, theme: Theme) -> None:
        self.head.addWidget(self.new_button)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(10)
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        for at, field in enumerate(self.prices.values()):
            grid.addWidget(field, at // 2, at % 2)
        column.addWidget(self.model)
        column.addWidget(make_label(theme, "US$ per million tokens", "muted", px=11))
        column.addLayout(grid)
        column.addWidget(self.date)
        column.addWidget(self.source)
        column.addWidget(self.facts)
        column.addStretch(1)
        self.column.addWidget(make_scroll(body, "Your own price"), 1)
        self.column.addWidget(self.said)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.save_button)
        row.addWidget(self.remove_button)
        row.addStretch(1)
        self.column.addLayout(row)

    @Slot(object)
    def _on_done(self, row: PriceRow | None) -> None:
        if row is None:
            model, self._removing = self._removing, ""
            self._say("Removed: the book's price is in use again.", "good")
            self.remove_button.setEnabled(False)
        else:
            model = row.model
            self.show_row(row)
            self._say(f"Saved. New runs of {row.model} cost this; stored runs keep their price.", "good")
        self.changed.emit(model)

    @Slot(object)
    def _on_failed(self, error: AppError) -> None:
        self._say(error.one_line(), "error")

    def _say(self, text: str, role: str = "muted") -> None:
        self.said.setText(text)
        set_role(self.said, role)


def _today() -> str:
    return QDate.currentDate().toString(Qt.DateFormat.ISODate)
