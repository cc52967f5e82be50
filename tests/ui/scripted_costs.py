"""Costs made up for the Costs page: the desktop of the golden numbers, computed by the real cost model."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from steelyard.core.base.paths import data_root
from steelyard.core.costs.analysis import analyse
from steelyard.core.costs.machines.presets import cost_presets
from steelyard.core.values import cost_commands as cc
from steelyard.core.values.costs import (
    Comparator,
    CostAnalysis,
    CostPreset,
    CostProfile,
    CostScenario,
    EnergyPart,
    HardwarePart,
    MeasuredInputs,
    PeoplePart,
    RatesPart,
    WorkloadPart,
)
from steelyard.core.values.price_rows import PriceBook, PriceBookInfo, PriceRow

PRICES = {
    "openai/gpt-4o": ("2.50", "10.00", "1.25"),
    "openai/gpt-4o-mini": ("0.15", "0.60", "0.075"),
    "together/llama-3.1-8b": ("0.18", "0.18", None),
}
BOOK_DATE = "2026-10-01"
DESKTOP = CostProfile(
    hardware=HardwarePart(
        capex_usd=Decimal(2500), residual_share=Decimal("0.2"), life_months=Decimal(36), machines=1
    ),
    energy=EnergyPart(
        idle_w=Decimal(60),
        active_prefill_w=Decimal(380),
        active_decode_w=Decimal(380),
        tariff_usd_per_kwh=Decimal("0.15"),
    ),
    people=PeoplePart(hours_month=Decimal("1.5"), rate_usd=Decimal(60), scale_with_machines=True),
    rates=RatesPart(prompt_tps=Decimal(1500), gen_tps=Decimal(50), concurrency=Decimal(1)),
    workload=WorkloadPart(mix="3:1", utilisation=Decimal("0.2"), cached_share=Decimal(0)),
    origins={
        "workload.mix": "measured",
        "workload.utilisation": "measured",
        "workload.cached_share": "measured",
        "rates.prompt_tps": "preset",
        "rates.gen_tps": "preset",
        "rates.concurrency": "preset",
    },
)
"""The desktop of golden number G11: $159.14, break-even 35.365 M, never against the mini model."""
G11 = CostScenario(
    name="Desktop RTX 4090 or GPT-4o",
    id="s-1",
    profile=DESKTOP,
    comparator="openai/gpt-4o",
    hosted="openai/gpt-4o-mini",
    local_share=Decimal("0.88"),
)
NOTHING = MeasuredInputs(days=0, runs=0, profile=CostProfile())
MEASURED = MeasuredInputs(
    days=30,
    runs=41_860,
    profile=CostProfile(
        workload=WorkloadPart(tokens_month=Decimal(95_629_091), mix="3:1", cached_share=Decimal(0)),
        rates=RatesPart(prompt_tps=Decimal(1500), gen_tps=Decimal(50), concurrency=Decimal(1)),
        origins={
            "workload.tokens_month": "measured",
            "workload.mix": "measured",
            "workload.cached_share": "measured",
            "rates.prompt_tps": "measured",
            "rates.gen_tps": "measured",
            "rates.concurrency": "measured",
        },
        notes={"workload.tokens_month": "30 days of the ledger, 41,860 requests"},
    ),
)


class ScriptedCosts:
    """Answers what the break-even tab asks; tests change what is stored and measured."""

    def __init__(self) -> None:
        self.stored: list[CostScenario] = []
        self.measured: MeasuredInputs = NOTHING
        self.presets: list[CostPreset] = cost_presets(data_root() / "resources" / "presets")

    def answers(self) -> dict[type, Any]:
        """For `FakeEngine.answers`."""
        return {
            cc.ReadMeasuredInputs: lambda _c: self.measured,
            cc.ListCostPresets: lambda _c: list(self.presets),
            cc.ListCostScenarios: lambda _c: list(self.stored),
            cc.SaveCostScenario: self.save,
            cc.RemoveCostScenario: self.remove,
            cc.AnalyseCosts: self.analyse,
            cc.ReadPrices: self.prices,
        }

    def analyse(self, command: cc.AnalyseCosts) -> CostAnalysis:
        scenario = command.scenario
        comparators = [
            comparator("configured", scenario.comparator),
            comparator("hosted", scenario.hosted),
            Comparator(kind="passing", name="", unknown="unknown until a suite has been run"),
        ]
        return analyse(scenario, comparators)

    def save(self, command: cc.SaveCostScenario) -> CostScenario:
        kept = msgspec.structs.replace(
            command.scenario, id=command.scenario.id or f"s-{len(self.stored) + 1}"
        )
        self.stored = [*(one for one in self.stored if one.id != kept.id), kept]
        return kept

    def remove(self, command: cc.RemoveCostScenario) -> None:
        self.stored = [one for one in self.stored if one.id != command.id]

    def prices(self, command: cc.ReadPrices) -> PriceBook:
        rows = [
            PriceRow(model=model, name=model, input=price[0], output=price[1], cached=price[2])
            for model, price in PRICES.items()
            if command.query.lower() in model
        ]
        info = PriceBookInfo(
            name="genai-prices",
            date=BOOK_DATE,
            updated_at=None,
            age_days=52,
            is_stale=False,
            models=len(PRICES),
        )
        return PriceBook(info=info, rows=rows, total=len(rows))


def comparator(kind: Any, name: str | None) -> Comparator:
    """As the price desk makes it; a name that is not in the book is an error, none is unknown."""
    if name is None:
        return Comparator(kind=kind, name="", unknown="no model is named")
    if name not in PRICES:
        return Comparator(
            kind=kind, name=name, unknown="No such model: type PROVIDER/MODEL of the price book."
        )
    price_in, price_out, cached = PRICES[name]
    return Comparator(
        kind=kind,
        name=name,
        price_in=Decimal(price_in),
        price_out=Decimal(price_out),
        price_cached=Decimal(cached) if cached else None,
        price_id=name,
        price_date=BOOK_DATE,
    )
