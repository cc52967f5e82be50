"""The prices tab of Costs: the dated book, searched; the user's own prices; an update on request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from steelyard.core.values.cost_commands import ReadPrices
from steelyard.ui.pages.costs_prices_book import BookCard
from steelyard.ui.pages.costs_prices_model import PricesModel
from steelyard.ui.pages.costs_prices_own import OwnPriceCard
from steelyard.ui.pages.costs_prices_view import PricesView
from steelyard.ui.pages.latest import Latest
from steelyard.ui.widgets.buttons import Segmented
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from PySide6.QtGui import QShowEvent

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.price_rows import PriceBook
    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme

_MOST = 500
_SOON_MS = 120
_OWN_PX = 300
_NO_MATCH = "No model matches. The search looks for all words in provider, model and name."
_NO_OWN = "You have no prices of your own. Choose a model and save a price, or add one with New."


class CostsPrices(QWidget):
    """Read when it is shown; each keystroke of a search is followed by one question at most."""

    wanted = Signal()
    """An action of this tab was chosen elsewhere: show it."""

    def __init__(self, theme: Theme, bridge: Bridge, actions: Actions) -> None:
        super().__init__()
        self.book = BookCard(theme, bridge)
        self.own = OwnPriceCard(theme, bridge)
        self.box = QLineEdit()
        self.box.setPlaceholderText("Search models: gpt-4o mini, anthropic sonnet")
        self.box.setAccessibleName("Search prices")
        self.box.setFont(theme.font(13))
        self.box.setClearButtonEnabled(False)
        self.which = Segmented(theme, "Prices", [("all", "All"), ("own", "Your own")])
        self.count = make_label(theme, "", "muted", px=12, tabular=True)
        self.model = PricesModel(theme.font(11))
        self.view = PricesView(theme, self.model)
        self.nothing = make_label(theme, "Reading the price book…", "muted", px=12, wrap=True)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedWidget()
        self._chosen_model = ""
        self._lay_out(theme)
        self._latest = Latest(bridge, self)
        self._soon = QTimer(self, singleShot=True, interval=_SOON_MS)
        self._connect()
        self._add_actions(actions)

    def refresh(self) -> None:
        """Read the book anew; the same model stays chosen."""
        self._soon.stop()
        is_own = self.which.value == "own"
        self._latest.ask(ReadPrices(query=self.box.text()[:200], limit=_MOST, overrides_only=is_own))

    def showEvent(self, event: QShowEvent) -> None:
        """Read when somebody looks; targets and settings may have changed meanwhile."""
        super().showEvent(event)
        self.refresh()

    def focus_first(self) -> None:
        """Where the keyboard begins on this tab."""
        self.box.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def focus_search(self) -> None:
        """Put the keyboard into the search field."""
        self.wanted.emit()
        self.box.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.box.selectAll()

    @Slot()
    def ask_update(self) -> None:
        """Say what an update contacts, and wait for a yes."""
        self.wanted.emit()
        self.book.ask_update()

    @Slot()
    def add_own(self) -> None:
        """A price for a model that the book does not have."""
        self.wanted.emit()
        self.own.start_new()

    def _add_actions(self, actions: Actions) -> None:
        for name, text, slot, icon in (
            ("find", "Search the price book", self.focus_search, "search"),
            ("own", "Add a price of your own", self.add_own, "plus"),
            ("update", "Update the price book…", self.ask_update, "cloud-download"),
        ):
            actions.add(f"costs.prices_{name}", text, slot, icon=icon, page="costs")
        self.box.setToolTip("Search by provider, model and name; all words count")

    def _connect(self) -> None:
        self._latest.answered.connect(self._on_read)
        self._latest.failed.connect(self._on_failed)
        self._soon.timeout.connect(self.refresh)
        self.box.textEdited.connect(self._on_edited)
        self.which.chosen.connect(self._on_which_chosen)
        self.view.chosen.connect(self.own.show_row)
        self.own.changed.connect(self._on_own_changed)
        self.book.updated.connect(self.refresh)

    def _lay_out(self, theme: Theme) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(8, 0, 4, 0)
        head.setSpacing(10)
        head.addWidget(self.box, 1)
        head.addWidget(self.which)
        head.addWidget(self.count)
        self._stack.addWidget(self.view)
        self._stack.addWidget(_centred(self.nothing))
        self._stack.setCurrentIndex(1)
        card = QFrame()
        card.setProperty("role", "card")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(6, 10, 6, 6)
        inside.setSpacing(8)
        inside.addLayout(head)
        inside.addWidget(self._stack, 1)
        foot = make_label(
            theme, "US$ per million tokens. Runs keep the price that they were billed with.", "muted", px=11
        )
        foot.setContentsMargins(8, 0, 0, 2)
        inside.addWidget(foot)
        self.own.setFixedWidth(_OWN_PX)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(card, 1)
        row.addWidget(self.own)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        column.addWidget(self.book)
        column.addLayout(row, 1)

    @Slot(object)
    def _on_read(self, book: PriceBook) -> None:
        self.book.show_info(book.info)
        self.model.show_lines(book.rows)
        shown = len(book.rows)
        self.count.setText(
            f"first {shown:,} of {book.total:,}" if shown < book.total else f"{book.total:,} models"
        )
        self.nothing.setText(_NO_OWN if self.which.value == "own" and not self.box.text() else _NO_MATCH)
        self._stack.setCurrentIndex(0 if book.rows else 1)
        at = self.model.row_of(self._chosen_model)
        if self._chosen_model and at >= 0:
            self.view.setCurrentIndex(self.model.index(at, 0))
            self.view.scrollTo(self.model.index(at, 0))
        self._chosen_model = ""

    @Slot(object)
    def _on_failed(self, error: AppError) -> None:
        self.nothing.setText(error.one_line())
        self._stack.setCurrentIndex(1)

    @Slot()
    def _on_edited(self) -> None:
        self._soon.start()

    @Slot(str)
    def _on_which_chosen(self, _which: str) -> None:
        self.refresh()

    @Slot(str)
    def _on_own_changed(self, model: str) -> None:
        self._chosen_model = model
        self.refresh()


def _centred(label: QWidget) -> QFrame:
    holder = QFrame()
    row = QHBoxLayout(holder)
    row.setContentsMargins(24, 0, 24, 0)
    row.addStretch(1)
    row.addWidget(label, 6)
    row.addStretch(1)
    return holder
