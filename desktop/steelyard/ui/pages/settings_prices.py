"""How an API target's runs are priced: by address, like a known model, or by prices of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from steelyard.core.values.commands import PriceLike
from steelyard.core.values.targets import ApiPrices
from steelyard.ui.pages import settings_target_check as check
from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.buttons import Segmented, make_button
from steelyard.ui.widgets.cards import Switcher
from steelyard.ui.widgets.fields import TextField
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.targets import TargetRow
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme

_KINDS = (("book", "Price book"), ("like", "Priced like"), ("own", "My own prices"))
_OWN = (
    ("input", "Input", False),
    ("output", "Output", False),
    ("cached", "Cached input", True),
    ("cache_write", "Cache write", True),
)


class PriceFields(QWidget):
    """Three ways to a price; exactly one is in force."""

    def __init__(self, theme: Theme, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge
        self._asked = ""
        self.kind = Segmented(theme, "Price", _KINDS)
        self.like = TextField(
            theme,
            "Provider and model in the price book",
            placeholder="openai/gpt-4o-mini",
            mono=True,
        )
        self.look_up = make_button(theme, "Look up", icon="search")
        self.found = make_label(theme, "", "muted", px=12, wrap=True)
        self.own = {
            name: TextField(theme, label, unit="US$ per 1M", hint="Optional" if is_optional else "")
            for name, label, is_optional in _OWN
        }
        self._pages = Switcher(self._make_book(theme), self._make_like(), self._make_own())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(make_label(theme, "Price", "prose", px=12, weight=500))
        column.addWidget(self.kind, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._pages)
        self.kind.chosen.connect(self._on_kind_chosen)
        self.look_up.clicked.connect(self._on_look_up_clicked)
        self.like.edit.returnPressed.connect(self._on_look_up_clicked)
        self.like.edited.connect(self._on_like_edited)
        self._on_kind_chosen("book")

    @property
    def price_like(self) -> str | None:
        """PROVIDER/MODEL, where this is the way."""
        return self.like.text if self.kind.value == "like" else None

    @property
    def prices(self) -> ApiPrices | None:
        """The user's own prices, where this is the way."""
        if self.kind.value != "own":
            return None
        typed = {name: field.text.replace(",", ".") or None for name, field in self.own.items()}
        return ApiPrices(
            input=typed["input"] or "",
            output=typed["output"] or "",
            cached=typed["cached"],
            cache_write=typed["cache_write"],
        )

    def show_row(self, row: TargetRow | None) -> None:
        """Fill the fields from a stored target, or empty them."""
        prices = row.prices if row is not None else None
        like = row.price_like if row is not None else None
        for name, field in self.own.items():
            field.set_text((getattr(prices, name) if prices is not None else None) or "")
        self.like.set_text(like or "")
        self._say_found("", "muted")
        kind = "own" if prices is not None else "like" if like else "book"
        self.kind.set_value(kind)
        self._on_kind_chosen(kind)

    def first_wrong(self) -> TextField | None:
        """Show what is wrong and return the first field that is."""
        wrong: list[TextField] = []
        if self.kind.value == "like":
            self.like.set_error(check.price_like_error(self.like.text))
            wrong = [self.like] if self.like.error else []
        elif self.kind.value == "own":
            for name, _, is_optional in _OWN:
                field = self.own[name]
                field.set_error(check.price_error(field.text, is_optional=is_optional))
            wrong = [field for field in self.own.values() if field.error]
        return wrong[0] if wrong else None

    def _make_book(self, theme: Theme) -> QWidget:
        text = "The dated price book is asked for this address and model at each run. "
        text += "Where it knows none, the cost stays unknown instead of being guessed."
        return make_label(theme, text, "muted", px=12, wrap=True)

    def _make_like(self) -> QWidget:
        page = QWidget()
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.like, 1)
        row.addWidget(self.look_up, 0, Qt.AlignmentFlag.AlignBottom)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.found)
        return page

    def _make_own(self) -> QWidget:
        page = QWidget()
        grid = QGridLayout(page)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        for at, field in enumerate(self.own.values()):
            grid.addWidget(field, at // 2, at % 2)
        return page

    @Slot(str)
    def _on_kind_chosen(self, kind: str) -> None:
        self._pages.show_at([key for key, _ in _KINDS].index(kind))

    @Slot()
    def _on_like_edited(self) -> None:
        self._say_found("", "muted")

    @Slot()
    def _on_look_up_clicked(self) -> None:
        self.like.set_error(check.price_like_error(self.like.text))
        if self.like.error:
            return
        self._asked = self.like.text
        self._say_found("Looking it up…", "muted")
        self._bridge.run(PriceLike(price_like=self._asked), self._on_found, self._on_look_up_failed)

    def _on_found(self, prices: ApiPrices | None) -> None:
        if self._asked != self.like.text:
            return  # the answer is for something that was typed earlier
        if prices is None:
            self._say_found("The price book does not know this model; its cost would stay unknown.", "warn")
        else:
            self._say_found(f"{check.prices_text(prices)} per 1M tokens", "good")

    def _on_look_up_failed(self, error: AppError) -> None:
        self._say_found(error.one_line(), "error")

    def _say_found(self, text: str, role: str) -> None:
        self.found.setText(text)
        self.found.setVisible(bool(text))
        set_role(self.found, role)
