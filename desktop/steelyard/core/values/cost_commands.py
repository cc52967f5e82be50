"""Commands of Costs and Decide; see `commands.py` for the union that has them all."""

from __future__ import annotations

from typing import Literal

from steelyard.core.values.cost_ledger import LedgerKey
from steelyard.core.values.costs import CostScenario
from steelyard.core.values.decision import Case
from steelyard.core.values.price_rows import PriceOverride
from steelyard.core.values.row import Tagged


class ReadCostLedger(Tagged, frozen=True):
    """Answers with a `CostLedger`. `since` is an ISO day of local time; None: all there is.

    `comparator` is a target's name or PROVIDER/MODEL; None: the one in the settings.
    """

    since: str | None = None
    by: LedgerKey = "target"
    comparator: str | None = None


class ExportCostLedger(Tagged, frozen=True):
    """The same as text in CSV."""

    since: str | None = None
    by: LedgerKey = "target"
    comparator: str | None = None


class ReadPrices(Tagged, frozen=True):
    """Answers with a `PriceBook`: models whose PROVIDER/MODEL or name has all words of the query."""

    query: str = ""
    limit: int = 200
    overrides_only: bool = False


class PriceTokens(Tagged, frozen=True):
    """Answers with `PricedTokens`. `date` is an ISO day.

    `cached` and `cache_write` are parts of `input`; `reasoning` comes on top of `output`, the visible tokens.
    """

    model: str
    input: int
    output: int
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0
    batch: bool = False
    date: str | None = None


class SavePrice(Tagged, frozen=True):
    """Put a price of the user before the book's; answers with its `PriceRow`."""

    price: PriceOverride


class RemovePrice(Tagged, frozen=True):
    """Go back to the book's price."""

    model: str


class UpdatePrices(Tagged, frozen=True):
    """Fetch a newer book, on the user's request only; answers with `PriceBookInfo`."""


class ListCostPresets(Tagged, frozen=True):
    """Answers with `list[CostPreset]`: the cost tables of the sources."""


class ListCostScenarios(Tagged, frozen=True):
    """Answers with `list[CostScenario]`."""


class SaveCostScenario(Tagged, frozen=True):
    """Store a scenario (without an id: a new one); answers with it."""

    scenario: CostScenario


class RemoveCostScenario(Tagged, frozen=True):
    """Delete one."""

    id: str


class ReadMeasuredInputs(Tagged, frozen=True):
    """Answers with `MeasuredInputs` of the last days: volume, mix, cache share, rates, watts."""

    days: int = 30
    weights: str | None = None


class AnalyseCosts(Tagged, frozen=True):
    """Answers with a `CostAnalysis`; nothing is stored."""

    scenario: CostScenario


class AnalyseCase(Tagged, frozen=True):
    """Answers with the `Sensitivity` of a case."""

    case: Case


class Decide(Tagged, frozen=True):
    """Answers with a `Decision`.

    `from_ledger` fills unknown keys from what was measured; `keep` stores it under its title, with what
    changed since the last one.
    """

    case: Case
    from_ledger: bool = False
    keep: bool = False
    title: str = ""


class DecideScenario(Tagged, frozen=True):
    """Answers with the `Decision` of a shipped case."""

    id: str


class ReadDecisionBook(Tagged, frozen=True):
    """Answers with the `DecisionBook`: scenarios, presets, regimes, industries, classes."""


class ListDecisions(Tagged, frozen=True):
    """Answers with `list[DecisionHead]`, newest first."""


class ReadDecision(Tagged, frozen=True):
    """Answers with a stored `Decision`."""

    id: str


class RemoveDecision(Tagged, frozen=True):
    """Delete a stored verdict."""

    id: str


class WriteMemo(Tagged, frozen=True):
    """Answers with the memo: of a stored decision by its id, or of this case, decided as by `Decide`."""

    format: Literal["html", "json"]
    id: str | None = None
    case: Case | None = None
    from_ledger: bool = False
    title: str = ""


CostCommand = (
    ReadCostLedger
    | ExportCostLedger
    | ReadPrices
    | PriceTokens
    | SavePrice
    | RemovePrice
    | UpdatePrices
    | ListCostPresets
    | ListCostScenarios
    | SaveCostScenario
    | RemoveCostScenario
    | ReadMeasuredInputs
    | AnalyseCosts
)

DecideCommand = (
    AnalyseCase
    | Decide
    | DecideScenario
    | ReadDecisionBook
    | ListDecisions
    | ReadDecision
    | RemoveDecision
    | WriteMemo
)
