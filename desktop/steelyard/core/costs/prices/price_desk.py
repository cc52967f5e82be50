"""Prices as the app asks for them: looked up, listed, typed by the user, updated on request."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.base.errors import UsageError
from steelyard.core.costs.prices.book_shelf import BookShelf
from steelyard.core.costs.prices.comparators import comparators
from steelyard.core.costs.prices.own_prices import checked_own, with_own, without_own
from steelyard.core.costs.prices.price_book import PriceSources, TokenPrices
from steelyard.core.costs.prices.price_days import checked_day
from steelyard.core.costs.prices.price_list import book_info, own_row, price_list
from steelyard.core.costs.prices.price_quote import Question, quote
from steelyard.core.costs.prices.price_update import fetch_book, update_url
from steelyard.core.costs.prices.token_bill import checked_tokens, token_bill
from steelyard.core.values import cost_commands as cc

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from steelyard.core.store.settings import SettingsStore
    from steelyard.core.values.costs import Comparator
    from steelyard.core.values.price_rows import (
        PriceBook,
        PriceBookInfo,
        PricedTokens,
        PriceOverride,
        PriceRow,
    )

PriceCommand = cc.ReadPrices | cc.PriceTokens | cc.SavePrice | cc.RemovePrice | cc.UpdatePrices


class PriceDesk:
    """Owned by the engine's loop; `find`, `comparators` and `sources` may be used from any thread."""

    def __init__(
        self, settings: SettingsStore, home_folder: Path, on_changed: Callable[[], None] = lambda: None
    ) -> None:
        """`on_changed` is called after the user's prices or the book have changed."""
        self._settings = settings
        self._on_changed = on_changed
        self._shelf = BookShelf(home_folder / "prices")
        self._updating = asyncio.Lock()
        self.sources = PriceSources(self._shelf.current, lambda: settings.current.costs.prices)
        """For whoever prices runs: the book in use and the user's own prices."""

    async def execute(self, command: cc.CostCommand) -> Any:
        """Carry out one command of the price book; the book is read in a thread.

        Raises:
            AppError: in words for the user.
        """
        match command:
            case cc.ReadPrices():
                return await asyncio.to_thread(self._list, command)
            case cc.PriceTokens():
                return await asyncio.to_thread(self._price, command)
            case cc.SavePrice():
                return await self._save(command.price)
            case cc.RemovePrice():
                return self._remove(command.model)
            case cc.UpdatePrices():
                return await self._update()
            case _:
                raise TypeError(f"not a command of the price book: {type(command).__name__}")

    def find(self, model: str) -> TokenPrices:
        """Prices of a target's name, PROVIDER/MODEL or a bare model name, as of now.

        Raises:
            UsageError: none is known.
        """
        return quote(Question(model), self.sources, self._settings.current.targets).prices

    def comparators(self, name: str | None, hosted: str | None) -> list[Comparator]:
        """Always three: configured, hosted, passing; what has no price says why."""
        return comparators(name, hosted, self._settings.current, self.sources)

    def _list(self, command: cc.ReadPrices) -> PriceBook:
        return price_list(command, self._shelf.current(), self._settings.current.costs.prices)

    def _price(self, command: cc.PriceTokens) -> PricedTokens:
        checked_tokens(command)
        question = Question(command.model, checked_day(command.date), command.input, command.batch)
        return token_bill(command, quote(question, self.sources, self._settings.current.targets))

    async def _save(self, price: PriceOverride) -> PriceRow:
        book = await asyncio.to_thread(self._shelf.current)
        checked = checked_own(price)
        self._keep(with_own(self._settings.current.costs.prices, checked))
        return own_row(checked, book)

    def _remove(self, model: str) -> None:
        before = self._settings.current.costs.prices
        kept = without_own(before, model)
        if len(kept) == len(before):
            raise UsageError("There is no price of your own", repr(model[:80]), "The book's price is in use.")
        self._keep(kept)

    def _keep(self, prices: list[PriceOverride]) -> None:
        current = self._settings.current
        costs = msgspec.structs.replace(current.costs, prices=prices)
        self._settings.save(msgspec.structs.replace(current, costs=costs))
        self._on_changed()

    async def _update(self) -> PriceBookInfo:
        async with self._updating:
            data = await fetch_book(update_url())
            book = await asyncio.to_thread(self._shelf.adopt, data)
        self._on_changed()
        return await asyncio.to_thread(book_info, book)
