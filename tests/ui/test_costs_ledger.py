"""The ledger tab of Costs, on the real ledger desk behind the scripted engine."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from PySide6.QtCore import Qt

from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.costs.ledger.ledger_csv import ledger_csv
from steelyard.core.costs.ledger.ledger_desk import LedgerDesk
from steelyard.core.costs.prices.price_book import TokenPrices
from steelyard.core.store.database import Database
from steelyard.core.store.ledger import Ledger
from steelyard.core.values import commands as cmd
from steelyard.core.values import cost_commands as cc
from steelyard.core.values.cost_ledger import Budget, Forecast
from steelyard.core.values.costs import Band
from steelyard.core.values.events import SettingsChanged
from steelyard.core.values.prompt import Message
from steelyard.core.values.run import Cost, Run, TargetInfo, Usage
from steelyard.core.values.settings import CostSettings, Settings
from steelyard.ui.pages.costs_ledger import CostsLedger
from steelyard.ui.pages.costs_ledger_model import PAID, SAVED, cell_text, cell_tip
from steelyard.ui.pages.costs_ledger_words import budget_words, forecast_lines, forecast_note
from steelyard.ui.pages.settings_spend import read_cap

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from steelyard.core.values.cost_ledger import CostLedger
    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme
    from ui.fake_engine import FakeEngine

API = TargetInfo(name="cloud", kind="api", model="big")
LOCAL = TargetInfo(name="starter", kind="local", model="small")
USAGE = Usage(prompt_tokens=1_000, completion_tokens=200)


class Books:
    """A real ledger; the scripted engine asks its desk."""

    def __init__(self, path: Path) -> None:
        self.settings = Settings(costs=CostSettings(comparator="x/y"))
        self.database = Database(path)
        self.asked: list[cc.ReadCostLedger] = []
        self.is_broken = False
        self._desk = LedgerDesk(self.database, lambda: self.settings, _find_price)

    async def fill(self, runs: list[Run]) -> None:
        await self.database.open()
        ledger = Ledger(self.database)
        for run in runs:
            asked = [Message(role="user", content="Hi")]
            await ledger.begin_run(msgspec.structs.replace(run, finish_reason=None), asked)
            await ledger.finish_run(run, {})

    async def read(self, command: cc.ReadCostLedger) -> CostLedger:
        if self.is_broken:
            raise AppError("The ledger failed", "the disk is gone")
        self.asked.append(command)
        return await self._desk.read(command.since, command.by, command.comparator)

    async def export(self, command: cc.ExportCostLedger) -> str:
        return ledger_csv(await self._desk.read(command.since, command.by, command.comparator))


def _find_price(name: str) -> TokenPrices:
    if name != "x/y":
        raise UsageError(f"The price book does not know {name}")
    return TokenPrices(Decimal(3), Decimal(15), None, None, "book:x/y", "2026-10-01")


def a_run(number: int, target: TargetInfo, cost: Cost, days_ago: int = 0) -> Run:
    day = (date.today() - timedelta(days=days_ago)).isoformat()
    return Run(
        id=f"r{number}",
        started_at=f"{day}T12:00:00.000Z",
        target=target,
        finish_reason="stop",
        usage=USAGE,
        cost=cost,
    )


RUNS = [
    a_run(1, API, Cost(usd="0.25", basis="api_price")),
    a_run(2, API, Cost(), days_ago=3),
    a_run(3, LOCAL, Cost(usd="0.001", basis="local_marginal", marginal_usd="0.001")),
]


@pytest.fixture
def books(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Books]:
    """Filled, unless a test asks for an empty one."""
    books = Books(tmp_path / "ledger.sqlite3")
    asyncio.run(books.fill(getattr(request, "param", RUNS)))
    yield books
    asyncio.run(books.database.close())


@pytest.fixture
def tab(
    qtbot: QtBot, theme: Theme, bridge: Bridge, actions: Actions, fake_engine: FakeEngine, books: Books
) -> CostsLedger:
    fake_engine.answers[cc.ReadCostLedger] = books.read
    fake_engine.answers[cc.ExportCostLedger] = books.export
    fake_engine.answers[cmd.ListTargets] = []
    tab = CostsLedger(theme, bridge, actions)
    qtbot.addWidget(tab)
    tab.resize(1360, 820)
    return tab


def show(qtbot: QtBot, tab: CostsLedger) -> None:
    tab.show()
    qtbot.waitUntil(lambda: tab.ledger is not None and bool(tab.days.bars.bars), timeout=10_000)


def test_the_five_amounts_stand_apart(qtbot: QtBot, tab: CostsLedger) -> None:
    show(qtbot, tab)
    shown = {card.figure.title: (card.figure.value, card.figure.below) for card in tab.figures}
    assert shown == {
        "Paid to APIs": ("$0.25", "2 API runs, 1 without a price"),
        "Electricity here": ("$0.0010", "1 local runs"),
        "All-in here": ("—", "set price, life and busy share"),
        "At x/y": ("$0.0060", "price of 2026-10-01"),
        "Saved": ("$0.0050", "against electricity"),
    }
    assert [row.key for row in tab.model.lines] == ["cloud", "starter"]
    cloud = tab.model.lines[0]
    assert (cell_text(cloud, PAID), cell_text(cloud, SAVED)) == ("$0.25", "—")
    assert cell_tip(cloud, PAID) == "0.25 USD, 1 further runs are not known"
    assert cell_tip(cloud, SAVED) == "No local runs."
    assert tab.forecast.note.text() == "Insufficient data: 3 of 14 days."
    assert "no cap is set" in tab.budget.note.text()
    assert not tab.budget.bar.isVisible()
    assert [bar.paid for bar in tab.days.bars.bars] == [None, None, None, 0.25]


def test_period_grouping_and_comparator_are_asked_for(qtbot: QtBot, tab: CostsLedger, books: Books) -> None:
    show(qtbot, tab)
    assert tab.bar.comparator is None, "the settings' one until the user chooses another"
    assert tab.bar.choice.currentText() == "x/y"
    qtbot.mouseClick(tab.bar.group.button("model"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: [row.key for row in tab.model.lines] == ["big", "small"])
    qtbot.mouseClick(tab.bar.period.button("all"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: books.asked[-1].since is None)
    line = tab.bar.choice.lineEdit()
    assert line is not None
    line.selectAll()
    qtbot.keyClicks(line, "no/such")
    qtbot.waitUntil(lambda: tab.figures[3].figure.title == "At no/such", timeout=5_000)
    assert "does not know no/such" in tab.figures[3].figure.below
    assert tab.figures[4].figure.value == "—"
    assert line.text() == "no/such"


def test_a_change_of_the_settings_is_seen(
    qtbot: QtBot, tab: CostsLedger, books: Books, bridge: Bridge
) -> None:
    show(qtbot, tab)
    books.settings = Settings(costs=CostSettings(month_cap_usd=0.2))
    tab._soon.setInterval(1)
    bridge.event_arrived.emit(SettingsChanged())
    qtbot.waitUntil(lambda: tab.budget.bar.isVisible(), timeout=5_000)
    assert tab.budget.figure.text() == "$0.25 of $0.20"
    assert "paid runs are refused" in tab.budget.note.text()


@pytest.mark.parametrize("books", [[]], indirect=True)
def test_an_empty_ledger_and_a_broken_one(qtbot: QtBot, tab: CostsLedger, books: Books) -> None:
    tab.show()
    qtbot.waitUntil(lambda: tab.ledger is not None, timeout=10_000)
    assert tab.nothing.isVisible()
    assert "No runs in this period" in tab.nothing.text()
    assert {card.figure.value for card in tab.figures} == {"—"}
    assert not tab.bar.csv.isEnabled()
    books.is_broken = True
    tab.refresh()
    qtbot.waitUntil(lambda: "the disk is gone" in tab.error.text, timeout=5_000)


def test_the_sums_go_into_a_csv_file(qtbot: QtBot, tab: CostsLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[Any] = []
    monkeypatch.setattr(tab.exporter, "save", lambda *words: saved.append(words))
    show(qtbot, tab)
    qtbot.mouseClick(tab.bar.csv, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(saved), timeout=5_000)
    assert saved[0][1].endswith(".csv")
    assert saved[0][3].decode().splitlines()[1].startswith("cloud,api,2,0,1,0.25,")


def test_words_of_forecast_and_budget() -> None:
    band = Band(p10=10e6, p50=12e6, p90=20e6)
    enough = Forecast(days=30, needed_days=14, is_enough=True, tokens_month=band, note="from 30 days")
    assert forecast_lines(enough) == [
        ("Tokens", "12 M  (10 M to 20 M)"),
        ("Paid to APIs", "no paid runs"),
    ]
    assert "P10 to P90" in forecast_note(enough)
    heading = Budget(month="2026-11", spent_usd="40", cap_usd="50", share=0.8, projected_usd="60")
    figure, words = budget_words(heading)
    assert (figure, "would pass the cap" in words) == ("$40.00 of $50.00", True)


@pytest.mark.parametrize(("text", "cap"), [("", None), ("1,000", 1000.0), ("0.5", 0.5)])
def test_a_cap_as_it_is_typed(text: str, cap: float | None) -> None:
    assert read_cap(text) == cap


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1e10", "much"])
def test_no_cap(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_cap(text)
