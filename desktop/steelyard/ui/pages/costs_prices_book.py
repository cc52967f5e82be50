"""Which price book is in use, how old it is, and a newer one where the user asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QWidget

from steelyard.core.values.cost_commands import UpdatePrices
from steelyard.ui.pages.latest import Latest
from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.cards import Card, Note
from steelyard.ui.widgets.labels import make_label
from steelyard.ui.widgets.models_text import counted, plain

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.price_rows import PriceBookInfo
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme

_STALE = "This book is older than 60 days. Prices may have changed and models may have been retired since."


class BookCard(Card):
    """Nothing is fetched before the user has read what will be contacted, and has said yes."""

    updated = Signal()
    """Another book is in use."""

    def __init__(self, theme: Theme, bridge: Bridge) -> None:
        super().__init__(theme)
        self._info: PriceBookInfo | None = None
        self.name = make_label(theme, "Reading the price book…", weight=600)
        self.age = make_label(theme, "", "pill", px=11, weight=500)
        self.about = make_label(theme, "", "muted", px=12, tabular=True)
        self.update_button = make_button(
            theme,
            "Update prices…",
            icon="cloud-download",
            tooltip="Fetch a newer book; you see first what is contacted",
        )
        self.note = Note(theme, "warn")
        self.result = Note(theme)
        self.ask_row = QWidget()
        self.yes = make_button(theme, "Fetch it now", "primary", icon="download")
        self.no = make_button(theme, "Not now", "ghost")
        self._lay_out()
        self._latest = Latest(bridge, self)
        self._latest.answered.connect(self._on_updated)
        self._latest.failed.connect(self._on_failed)
        self.update_button.clicked.connect(self.ask_update)
        self.yes.clicked.connect(self._on_yes)
        self.no.clicked.connect(self._on_no)

    def show_info(self, info: PriceBookInfo) -> None:
        """The book in use."""
        self._info = info
        self.name.setText(plain(info.name, 80))
        age = "no date" if info.age_days is None else counted(info.age_days, "day") + " old"
        self.age.setText(f"stale, {age}" if info.is_stale else age)
        set_role(self.age, "pill-warn" if info.is_stale else "pill-good")
        self.age.show()
        origin = f"updated by you on {info.updated_at[:10]}" if info.updated_at else "as it came with the app"
        day = f"prices up to {info.date}" if info.date else "of an unknown day"
        self.about.setText(f"{day} · {info.models:,} models · {origin}")
        remarks = [plain(info.notice), _STALE if info.is_stale else ""]
        self.note.show_text(" ".join(remark for remark in remarks if remark))

    @Slot()
    def ask_update(self) -> None:
        """Say what an update contacts, and wait for a yes."""
        if self._latest.is_busy or self._info is None:
            return
        host = plain(self._info.update_host, 120)
        if not host:
            self.result.show_text("STEELYARD_PRICES_URL is no address that can be used: https only.", "bad")
            return
        text = f"This contacts {host} and fetches the public price list of genai-prices, about 1 MB. "
        self.result.show_text(
            text + "Nothing of yours is sent. Stored runs keep the prices they had.", "info"
        )
        self.ask_row.show()
        self.yes.setFocus()

    def _lay_out(self) -> None:
        self.column.setContentsMargins(16, 10, 12, 10)
        self.column.setSpacing(8)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.name)
        row.addWidget(self.age)
        row.addWidget(self.about)
        row.addStretch(1)
        row.addWidget(self.update_button)
        answers = QHBoxLayout(self.ask_row)
        answers.setContentsMargins(0, 0, 0, 0)
        answers.setSpacing(8)
        answers.addWidget(self.yes, 0, Qt.AlignmentFlag.AlignLeft)
        answers.addWidget(self.no)
        answers.addStretch(1)
        self.column.addLayout(row)
        self.column.addWidget(self.note)
        self.column.addWidget(self.result)
        self.column.addWidget(self.ask_row)
        self.age.hide()
        self.ask_row.hide()

    @Slot()
    def _on_yes(self) -> None:
        self.ask_row.hide()
        self.update_button.setEnabled(False)
        self.result.show_text("Fetching the price list…", "info")
        self._latest.ask(UpdatePrices())

    @Slot()
    def _on_no(self) -> None:
        self.ask_row.hide()
        self.result.show_text("")
        self.update_button.setFocus()

    @Slot(object)
    def _on_updated(self, info: PriceBookInfo) -> None:
        before = self._info.date if self._info is not None else None
        self.update_button.setEnabled(True)
        self.show_info(info)
        news = "the newest price is of the same day as before" if info.date == before else f"was {before}"
        self.result.show_text(f"Updated: prices up to {info.date} ({news}).", "info")
        self.updated.emit()

    @Slot(object)
    def _on_failed(self, error: AppError) -> None:
        self.update_button.setEnabled(True)
        self.result.show_text(error.one_line(), "bad")
