"""The left side: how many servers there are, a card for each, what others run, the machine's memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from steelyard.ui.pages import servers_texts as t
from steelyard.ui.pages.servers_card import ServerCard
from steelyard.ui.pages.servers_card_data import CardData, ended_data, live_data, plain_lines, waiting_data
from steelyard.ui.pages.servers_found import FoundCards
from steelyard.ui.pages.servers_machine import MachineCard, devices_of
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.cards import make_scroll
from steelyard.ui.widgets.facts_format import GIB
from steelyard.ui.widgets.labels import ElidedLabel, make_label
from steelyard.ui.widgets.models_text import counted

if TYPE_CHECKING:
    from steelyard.core.values.servers import ServerLog, ServerRow
    from steelyard.ui.pages.servers_stores import ServersStore
    from steelyard.ui.theme.theme import Theme

_GATEWAY_CLOSED = "The door for other programs is closed; copying opens it."


class ServersList(QWidget):
    """Cards in the order in which the servers came."""

    chosen = Signal(str)
    """A server to be shown at the right."""
    wanted = Signal(str, str)
    """Name, and what to do with it."""
    copy_wanted = Signal(str, str)
    """Name, and what to copy."""
    new_wanted = Signal()
    log_wanted = Signal(str)
    """The end of this server's log is to be read."""

    def __init__(self, theme: Theme, store: ServersStore) -> None:
        super().__init__()
        self._theme = theme
        self._store = store
        self._selected = ""
        self._budget = ""
        self._scale_bytes: int | None = None
        self._logs: dict[str, tuple[str, ...]] = {}
        self.cards: dict[str, ServerCard] = {}
        self.count = make_label(theme, "", weight=600)
        self.held = ElidedLabel(theme, "", "muted", px=12, cut=Qt.TextElideMode.ElideRight)
        self.new_button = make_button(theme, "New server", icon="plus")
        self.found = FoundCards(theme, store)
        self.machine = MachineCard(theme)
        self._nothing = make_label(theme, "", "muted", px=12, wrap=True)
        self._cards = QVBoxLayout()
        self._cards.setSpacing(8)
        self._lay_out()
        self.new_button.clicked.connect(self.new_wanted)
        store.rows_changed.connect(self.show_rows)
        store.shelf_changed.connect(self.show_rows)
        store.gateway_changed.connect(self._show_clocks)
        store.sample_changed.connect(self._on_sample)
        store.ended_changed.connect(self._on_ended)
        store.ticked.connect(self._show_clocks)
        self.show_rows()

    def show_selected(self, name: str) -> None:
        """Mark a card."""
        self._selected = name
        for key, card in self.cards.items():
            card.set_selected(is_selected=key == name)

    def show_budget(self, budget_bytes: int) -> None:
        """What all servers together may hold, 0 for what the device has."""
        self._budget = f"Budget {budget_bytes / GIB:.1f} GiB. " if budget_bytes else ""
        self._on_sample()

    def show_log(self, log: ServerLog) -> None:
        """The end of the log of a server that failed."""
        self._logs[log.name] = plain_lines([line.text for line in log.lines])
        self.show_rows()

    def step(self, by: int) -> None:
        """Put the keyboard on the next card, or the one before."""
        cards = list(self.cards.values())
        focused = next((at for at, card in enumerate(cards) if card.hasFocus()), -1)
        at = focused if focused >= 0 else self._index_of_selected() - by
        at = max(0, min(len(cards) - 1, at + by))
        if cards:
            cards[at].setFocus(Qt.FocusReason.TabFocusReason)
            self._scroll.ensureWidgetVisible(cards[at])

    def choose_next(self, by: int) -> None:
        """Show the next server, or the one before."""
        names = list(self.cards)
        if names:
            at = max(0, min(len(names) - 1, self._index_of_selected() + by))
            self.chosen.emit(names[at])
            self._scroll.ensureWidgetVisible(self.cards[names[at]])

    def set_low(self, *, is_low: bool) -> None:
        """A low window leaves its height to the cards."""
        self.machine.set_low(is_low=is_low)

    # ---- showing -------------------------------------------------------------------------------------------

    @Slot()
    def show_rows(self) -> None:
        """Show what the store knows; only what changed is touched."""
        wanted = self._card_data()
        for name in [name for name in self.cards if name not in wanted]:
            card = self.cards.pop(name)
            self._cards.removeWidget(card)
            card.hide()
            card.deleteLater()
        for at, (name, data) in enumerate(wanted.items()):
            card = self.cards.get(name)
            if card is None:
                card = self._make_card(name)
                self._cards.insertWidget(at, card)
            card.show_data(data)
        self._show_head()
        self._show_clocks()

    def _card_data(self) -> dict[str, CardData]:
        store = self._store
        cards: dict[str, CardData] = {}
        total = self._scale_bytes = self._total_bytes()
        for name, row in store.rows.items():
            weights = store.weights_of(name)
            color = self._theme.series_name(store.color_of(name))
            if row.state == "waiting":
                plan = row.room or store.wanted.get(name)
                cards[name] = waiting_data(
                    name, plan and store.named(plan), *t.title_and_quant(row, weights), color
                )
            elif row.state in t.LIVE:
                cards[name] = live_data(row, weights, color, total)
            else:
                cards[name] = ended_data(row, weights, store.ended.get(name), self._log_of(row))
        for name, plan in store.wanted.items():
            if name not in cards or cards[name].kind in {"ended", "failed"}:
                weights = store.weights_of(name)
                title, quant = t.split_name(
                    weights.path if weights else name, weights.quant if weights else None
                )
                color = self._theme.series_name(store.color_of(name))
                cards[name] = waiting_data(name, store.named(plan), title, quant, color)
        return cards

    def _log_of(self, row: ServerRow) -> tuple[str, ...]:
        if row.state == "failed" and row.name not in self._logs:
            self._logs[row.name] = ()
            self.log_wanted.emit(row.name)
        elif row.state != "failed":
            self._logs.pop(row.name, None)
        return self._logs.get(row.name, ())

    def _make_card(self, name: str) -> ServerCard:
        card = self.cards[name] = ServerCard(self._theme)
        card.chosen.connect(self.chosen)
        card.wanted.connect(self.wanted)
        card.copy_wanted.connect(self.copy_wanted)
        card.stepped.connect(self.step)
        card.set_selected(is_selected=name == self._selected)
        return card

    def _show_head(self) -> None:
        rows = self._store.rows.values()
        running = [row for row in rows if row.state in t.LIVE - {"waiting"}]
        self.count.setText(counted(len(self.cards), "server"))
        held = sum(row.measured_bytes or 0 for row in running)
        total = self._total_bytes()
        of = f" of {total / GIB:.1f} GiB" if total else ""
        unit = "" if total else " GiB"
        self.held.setText(f"{held / GIB:.1f}{unit}{of} held" if running else "nothing held")
        is_waiting = not self._store.is_listed
        nothing = (
            "Asking which servers there are." if is_waiting else "None runs. A request loads one by itself."
        )
        self._nothing.setText(nothing)
        self._nothing.setVisible(not self.cards)

    @Slot()
    def _show_clocks(self) -> None:
        gateway = self._store.gateway
        url = gateway.base_url if gateway is not None and gateway.base_url else ""
        for name, card in self.cards.items():
            row = self._store.rows.get(name)
            if row is None:
                continue
            card.show_endpoint(url or "door closed", url or _GATEWAY_CLOSED)
            card.show_clock(t.span(t.age_s(row.started_at)), self._unload(row))

    def _unload(self, row: ServerRow) -> tuple[str, str, str]:
        if row.state != "ready":
            return "unload", "—", "It is not loaded yet."
        left_s = self._store.unload_in_s(row)
        if left_s is not None:
            return "unload in", t.countdown(left_s), "Its process is ended then, if nobody asks before"
        if row.slots_busy or row.waiting:
            return "unload", "busy", "A busy server is never ended for another"
        return "unload", "never", "Its profile or the settings keep it loaded"

    def _total_bytes(self) -> int | None:
        sample = self._store.sample
        if sample is None:
            return None
        if sample.gpus:
            totals = [gpu.total_bytes for gpu in sample.gpus]
            known = [total for total in totals if total is not None]
            return sum(known) if len(known) == len(totals) else None
        return sample.host.total_bytes if sample.host is not None else None

    def _index_of_selected(self) -> int:
        names = list(self.cards)
        return names.index(self._selected) if self._selected in names else 0

    @Slot()
    def _on_sample(self) -> None:
        self.machine.show_devices(devices_of(self._theme, self._store), self._budget)
        if self._total_bytes() != self._scale_bytes:  # the bars of the cards are held against it
            self.show_rows()
        else:
            self._show_head()

    @Slot(str)
    def _on_ended(self, _name: str) -> None:
        self.show_rows()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.count)
        head.addWidget(self.held, 1)
        head.addWidget(self.new_button)
        content = QWidget()
        inner = QVBoxLayout(content)
        inner.setContentsMargins(0, 0, 6, 0)
        inner.setSpacing(8)
        inner.addWidget(self._nothing)
        inner.addLayout(self._cards)
        inner.addWidget(self.found)
        inner.addStretch(1)
        self._scroll = make_scroll(content, "Servers")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self._scroll, 1)
        column.addWidget(self.machine)
