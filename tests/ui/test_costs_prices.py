"""The prices tab: the book with its age, search, one's own prices, and an update that asks first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt

from steelyard.core.base.errors import AppError
from steelyard.core.costs.prices.price_desk import PriceDesk
from steelyard.core.store.settings import SettingsStore
from steelyard.core.values import cost_commands as cc
from steelyard.core.values.price_rows import PriceBookInfo, PriceRow, PriceTier
from steelyard.ui.pages import costs_prices_model as cells
from steelyard.ui.pages.costs_prices import CostsPrices

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme
    from ui.fake_engine import FakeEngine

STALE = PriceBookInfo(
    name="genai-prices updated 2026-01-02",
    date="2026-01-02",
    updated_at="2026-01-02T10:00:00.000Z",
    age_days=300,
    is_stale=True,
    models=2000,
    notice="The updated price book was not used.",
    update_host="prices.example.org",
)


@pytest.fixture
def tab(
    qtbot: QtBot, theme: Theme, bridge: Bridge, actions: Actions, fake_engine: FakeEngine, tmp_path: Path
) -> CostsPrices:
    """The tab on the real price desk behind the scripted engine."""
    store = SettingsStore(tmp_path / "settings.toml")
    desk = PriceDesk(store, tmp_path)
    for kind in (cc.ReadPrices, cc.SavePrice, cc.RemovePrice):
        fake_engine.answers[kind] = desk.execute
    tab = CostsPrices(theme, bridge, actions)
    qtbot.addWidget(tab)
    tab.resize(1360, 820)
    tab.show()
    tab.refresh()
    qtbot.waitUntil(lambda: bool(tab.model.lines), timeout=20_000)
    return tab


def search(qtbot: QtBot, tab: CostsPrices, text: str) -> list[str]:
    tab.box.clear()
    qtbot.keyClicks(tab.box, text)
    words = text.casefold().split()
    qtbot.waitUntil(
        lambda: all(
            word in f"{row.model} {row.name}".casefold() for row in tab.model.lines for word in words
        ),
        timeout=10_000,
    )
    return [row.model for row in tab.model.lines]


def choose(tab: CostsPrices, model: str) -> PriceRow:
    at = tab.model.row_of(model)
    assert at >= 0
    tab.view.setCurrentIndex(tab.model.index(at, 0))
    return tab.model.lines[at]


def test_the_book_says_its_name_and_age(tab: CostsPrices) -> None:
    assert tab.book.name.text().startswith("genai-prices ")
    assert "old" in tab.book.age.text()
    assert "as it came with the app" in tab.book.about.text()
    assert tab.count.text().startswith("first 500 of ")
    tab.book.show_info(STALE)
    assert tab.book.age.text() == "stale, 300 days old"
    assert "updated by you on 2026-01-02" in tab.book.about.text()
    assert "was not used" in tab.book.note.text
    assert "older than 60 days" in tab.book.note.text


def test_all_words_of_a_search_count(qtbot: QtBot, tab: CostsPrices) -> None:
    assert search(qtbot, tab, "gemini 1.5 pro google")[0].startswith("google/")
    row = choose(tab, "google/gemini-1.5-pro")
    assert cells.cell_text(row, cells.STATE) == "retired"
    assert "2025-09-24" in cells.cell_tip(row, cells.STATE)
    assert "more than 128,000 tokens" in cells.cell_tip(row, cells.TIERS)
    assert "2025-09-24" in tab.own.facts.text()  # beside the table, for when a narrow one leaves it out
    tab.box.clear()
    qtbot.keyClicks(tab.box, "no such thing")
    qtbot.waitUntil(lambda: not tab.model.lines, timeout=10_000)
    assert "No model matches" in tab.nothing.text()
    assert tab.nothing.isVisible()


def test_a_price_of_ones_own_is_saved_marked_and_removed(
    qtbot: QtBot, tab: CostsPrices, fake_engine: FakeEngine
) -> None:
    search(qtbot, tab, "openai/gpt-4o-mini")
    choose(tab, "openai/gpt-4o-mini")
    assert tab.own.prices["input"].text == "0.15"
    assert not tab.own.remove_button.isEnabled()
    tab.own.prices["input"].edit.clear()
    qtbot.keyClicks(tab.own.prices["input"].edit, "0,12")
    qtbot.keyClicks(tab.own.source.edit, "Invoice 17")
    qtbot.mouseClick(tab.own.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: any(row.is_override for row in tab.model.lines), timeout=10_000)
    row = next(row for row in tab.model.lines if row.is_override)
    assert (row.model, row.input, row.source) == ("openai/gpt-4o-mini", "0.12", "Invoice 17")
    assert cells.cell_text(row, cells.STATE) == "yours"
    assert "stored runs keep their price" in tab.own.said.text() or "your own price" in tab.own.said.text()
    qtbot.mouseClick(tab.which.button("own"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(tab.model.lines) == 1, timeout=10_000)
    choose(tab, row.model)
    qtbot.mouseClick(tab.own.remove_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not tab.model.lines, timeout=10_000)
    assert fake_engine.of_type(cc.RemovePrice)[0].model == row.model


def test_what_is_no_price_is_told_in_its_field(tab: CostsPrices, fake_engine: FakeEngine) -> None:
    tab.own.start_new()
    tab.own.model.edit.setText("gpt-4o")
    tab.own.prices["input"].edit.setText("-1")
    tab.own.save()
    assert "PROVIDER/MODEL" in tab.own.model.error
    assert "amount of money" in tab.own.prices["input"].error
    assert tab.own.prices["output"].error
    assert not tab.own.prices["cached"].error
    assert fake_engine.of_type(cc.SavePrice) == []


def test_the_engines_refusal_stands_below_the_fields(qtbot: QtBot, tab: CostsPrices) -> None:
    tab.own.model.edit.setText("acme/one")
    tab.own.prices["input"].edit.setText("1")
    tab.own.prices["output"].edit.setText("1")
    tab.own.date.edit.setText("next week")
    tab.own.save()
    qtbot.waitUntil(lambda: "Not a usable date" in tab.own.said.text(), timeout=10_000)


def test_nothing_is_fetched_before_a_yes(qtbot: QtBot, tab: CostsPrices, fake_engine: FakeEngine) -> None:
    fake_engine.answers[cc.UpdatePrices] = STALE
    tab.book.show_info(STALE)
    qtbot.mouseClick(tab.book.update_button, Qt.MouseButton.LeftButton)
    assert "contacts prices.example.org" in tab.book.result.text
    assert fake_engine.of_type(cc.UpdatePrices) == []
    qtbot.mouseClick(tab.book.no, Qt.MouseButton.LeftButton)
    assert not tab.book.ask_row.isVisible()
    assert fake_engine.of_type(cc.UpdatePrices) == []
    tab.book.ask_update()
    qtbot.mouseClick(tab.book.yes, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: tab.book.result.text.startswith("Updated"), timeout=10_000)
    assert len(fake_engine.of_type(cc.UpdatePrices)) == 1


def test_a_failed_update_is_told_where_it_was_asked(
    qtbot: QtBot, tab: CostsPrices, fake_engine: FakeEngine
) -> None:
    fake_engine.answers[cc.UpdatePrices] = AppError("The price book was not updated", "it answered 404")
    tab.book.ask_update()
    qtbot.mouseClick(tab.book.yes, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "404" in tab.book.result.text, timeout=10_000)
    assert tab.book.update_button.isEnabled()


def test_cells_say_why_something_is_unknown() -> None:
    row = PriceRow(
        model="openai/x<b>\n",
        name="x",
        input="1234.5",
        output="0.0375",
        tiers=[PriceTier(above_tokens=200_000, input="2", output="3")],
        retired="the provider lists it as outgoing",
    )
    shown = [cells.cell_text(row, column) for column in range(len(cells.COLUMNS))]
    assert shown == ["openai/x<b>", "1,234.50", "0.0375", "—", "—", "—", "> 200 k", "—", "outgoing"]
    assert "input price" in cells.cell_tip(row, cells.CACHED)
    assert "half" in cells.cell_tip(row, cells.BATCH)
    assert "does not say" in cells.cell_tip(row, cells.SINCE)
