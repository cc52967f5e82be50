"""Costs: carries out the commands of the price book, the ledger's sums and the cost model."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.base.clock import utc_now
from steelyard.core.base.ids import new_id
from steelyard.core.costs.analysis import analyse
from steelyard.core.costs.ledger.ledger_csv import ledger_csv
from steelyard.core.costs.machines.presets import cost_presets
from steelyard.core.store.cost_scenarios import CostScenarioStore
from steelyard.core.values import cost_commands as cc
from steelyard.core.values.targets import ApiPrices

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from steelyard.core.costs.ledger.ledger_desk import LedgerDesk
    from steelyard.core.costs.prices.price_desk import PriceDesk
    from steelyard.core.store.database import Database
    from steelyard.core.values.costs import CostAnalysis, CostScenario
    from steelyard.core.values.settings import Settings


class CostsRoom:
    """Owned by the engine's loop. What takes longer than a moment is computed in a thread."""

    def __init__(
        self,
        prices: PriceDesk,
        ledger: LedgerDesk,
        database: Database,
        settings: Callable[[], Settings],
        presets_folder: Path,
    ) -> None:
        self._prices = prices
        self._ledger = ledger
        self._scenarios = CostScenarioStore(database)
        self._settings = settings
        self._presets_folder = presets_folder

    async def execute(self, command: cc.CostCommand) -> Any:
        """Carry out one command; see `Engine.execute`."""
        match command:
            case cc.ReadCostLedger():
                return await self._ledger.read(command.since, command.by, command.comparator)
            case cc.ExportCostLedger():
                return ledger_csv(await self._ledger.read(command.since, command.by, command.comparator))
            case cc.ReadMeasuredInputs():
                return await self._ledger.measured(command.days, command.weights)
            case cc.AnalyseCosts():
                return await self._analyse(command.scenario)
            case _:
                return await self._execute_on_books(command)

    def price_like(self, name: str) -> ApiPrices:
        """What a target that is priced like PROVIDER/MODEL pays.

        Raises:
            UsageError: no such price is known.
        """
        prices = self._prices.find(name)
        cached, written = (
            None if value is None else f"{value:f}" for value in (prices.cached, prices.cache_write)
        )
        return ApiPrices(
            input=f"{prices.input:f}", output=f"{prices.output:f}", cached=cached, cache_write=written
        )

    async def _execute_on_books(self, command: cc.CostCommand) -> Any:
        match command:
            case cc.ListCostPresets():
                return cost_presets(self._presets_folder)
            case cc.ListCostScenarios():
                return await self._scenarios.all()
            case cc.SaveCostScenario():
                return await self._save(command.scenario)
            case cc.RemoveCostScenario():
                return await self._scenarios.remove(command.id)
            case _:
                return await self._prices.execute(command)

    async def _save(self, scenario: CostScenario) -> CostScenario:
        stored = msgspec.structs.replace(scenario, id=scenario.id or new_id(), updated_at=utc_now())
        await self._scenarios.save(stored)
        return stored

    async def _analyse(self, scenario: CostScenario) -> CostAnalysis:
        def work() -> CostAnalysis:
            return analyse(scenario, self._prices.comparators(scenario.comparator, scenario.hosted))

        return await asyncio.to_thread(work)
