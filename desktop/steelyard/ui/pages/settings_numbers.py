"""Settings that are numbers: local servers, energy and hardware."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.ui.pages.settings_eviction import EvictionCard
from steelyard.ui.pages.settings_form import NumbersForm, NumberSpec, Section
from steelyard.ui.widgets.cards import Card
from steelyard.ui.widgets.facts_format import GIB
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from steelyard.ui.pages.settings_store import SettingsStore
    from steelyard.ui.theme.theme import Theme

_SERVERS = (
    NumberSpec(
        "servers",
        "context_tokens",
        "Context",
        "tokens",
        "Room for prompt and answer; more needs more memory.",
        "A whole number from 256 to 4,194,304.",
        is_whole=True,
    ),
    NumberSpec(
        "servers",
        "threads",
        "Threads",
        "",
        "0 lets the engine choose.",
        "A whole number from 0 to 1,024.",
        is_whole=True,
    ),
    NumberSpec(
        "servers",
        "load_stall_s",
        "Give up loading after",
        "s without progress",
        "A slow load that advances goes on.",
        "More than 0 seconds.",
    ),
    NumberSpec(
        "servers",
        "generate_stall_s",
        "Give up an answer after",
        "s without a token",
        "A long answer that flows goes on.",
        "More than 0 seconds.",
    ),
)
_MEMORY = (
    NumberSpec(
        "servers",
        "memory_budget_bytes",
        "Memory for all servers",
        "GiB",
        "On each device; 0 takes what the device has.",
        "0 or more GiB.",
        factor=1 / GIB,
        is_whole_stored=True,
    ),
    NumberSpec(
        "servers",
        "idle_unload_s",
        "End an idle server after",
        "s",
        "Its memory and idle watts are free again; 0 never ends one.",
        "0 or more seconds.",
    ),
    NumberSpec(
        "servers",
        "room_wait_s",
        "Wait for memory for",
        "s",
        "How long a request waits for memory that busy servers hold.",
        "More than 0 seconds.",
    ),
    NumberSpec(
        "servers",
        "max_waiting",
        "Requests in line",
        "for each server",
        "More than these are refused at once.",
        "A whole number from 1 to 100,000.",
        is_whole=True,
    ),
)
_ENERGY = (
    NumberSpec(
        "energy",
        "idle_watts",
        "Power when idle",
        "W",
        "What the machine draws with a model loaded and nobody asking.",
        "A number from 0 to 100,000.",
        is_optional=True,
    ),
    NumberSpec(
        "energy",
        "active_watts",
        "Power while generating",
        "W",
        "What a plug meter tells meanwhile; without idle watts: what it draws more than when idle.",
        "A number above 0 and up to 100,000.",
        is_optional=True,
    ),
    NumberSpec(
        "energy",
        "tariff_usd_per_kwh",
        "Electricity",
        "US$ per kWh",
        "What one more kWh costs you.",
        "A number from 0 to 1,000.",
        is_optional=True,
    ),
)
_HARDWARE = (
    NumberSpec(
        "hardware",
        "price_usd",
        "Price of the machine",
        "US$",
        "What you paid, or would pay.",
        "A number from 0 to 1,000,000,000.",
        is_optional=True,
    ),
    NumberSpec(
        "hardware",
        "life_months",
        "Life",
        "months",
        "How long it serves.",
        "A number above 0 and up to 1,200.",
        is_optional=True,
    ),
    NumberSpec(
        "hardware",
        "busy_share",
        "Busy share",
        "% of its life",
        "How much of that it generates.",
        "More than 0 and at most 100 %.",
        is_optional=True,
        factor=100.0,
    ),
)


class ServersSection(Section):
    """How llama-server is started."""

    def __init__(self, theme: Theme, store: SettingsStore) -> None:
        super().__init__(
            theme,
            "Local servers",
            "How weights on this machine are served. Running servers keep what they were started with.",
        )
        self.form = NumbersForm(theme, store, "Start and patience", "", _SERVERS)
        self.memory = NumbersForm(
            theme,
            store,
            "Several models at once",
            "What fits is measured. A server that is busy is never ended for another one.",
            _MEMORY,
        )
        self.eviction = EvictionCard(theme, store)
        for card in (self.form, self.memory, self.eviction):
            self.column.addWidget(card)
        self.finish()


class EnergySection(Section):
    """What local generation costs."""

    def __init__(self, theme: Theme, store: SettingsStore) -> None:
        super().__init__(
            theme,
            "Energy and hardware",
            "What an answer from this machine costs. Nothing is assumed: until power and electricity price "
            "are known, the cost of local runs is shown as unknown.",
        )
        self.energy = NumbersForm(
            theme,
            store,
            "Marginal cost",
            "Electricity only: what one more answer costs on a machine that you have anyway.",
            _ENERGY,
        )
        self.hardware = NumbersForm(
            theme,
            store,
            "All-in cost",
            "Electricity plus this answer's share of the machine. The two figures are always shown apart.",
            _HARDWARE,
        )
        how = Card(theme, "How the two are told apart")
        text = (
            "Marginal is the right figure for “shall I send this prompt here or to the API?”; all-in for "
            "“shall I buy a machine?”. Marginal needs the power while generating and the price of "
            "electricity, all-in the three numbers of the machine, too. Runs keep the numbers that were in "
            "force when they were made."
        )
        how.column.addWidget(make_label(theme, text, "prose", px=12, wrap=True))
        self.column.addWidget(self.energy)
        self.column.addWidget(self.hardware)
        self.column.addWidget(how)
        self.finish()
