"""What the break-even tab knows: the scenario as it stands, stored ones, presets, what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from steelyard.core.values import commands as cmd
from steelyard.core.values import cost_commands as cc
from steelyard.core.values.costs import CostProfile, CostScenario
from steelyard.ui.pages.costs_inputs_profile import overlaid, preset_profile
from steelyard.ui.pages.latest import Latest

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.costs import CostAnalysis, CostPreset, MeasuredInputs
    from steelyard.core.values.price_rows import PriceBook
    from steelyard.core.values.settings import Settings
    from steelyard.core.values.targets import TargetRow
    from steelyard.ui.bridge import Bridge

EDIT_MS = 150
"""So long nothing is asked while the user types on."""
ENOUGH_DAYS = 14
_MODELS = 60


class CostsDesk(QObject):
    """Asks the engine; only the newest answer counts."""

    scenario_replaced = Signal()
    """Another scenario is on the desk: every input is to be shown anew."""
    lists_changed = Signal()
    """Presets, stored scenarios, names or the price book's date are others."""
    measured_changed = Signal()
    """What was measured is known."""
    analysed = Signal()
    """`analysis` is that of the inputs as they stand."""
    failed = Signal(object)
    """An `AppError`: the inputs cannot be computed with; `analysis` is the last good one."""
    saved = Signal()
    """The scenario was stored."""

    def __init__(self, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.scenario = CostScenario(name="")
        self.preset_id = ""
        self.stored: list[CostScenario] = []
        self.presets: list[CostPreset] = []
        self.targets: list[TargetRow] = []
        self.models: list[str] = []
        self.measured: MeasuredInputs | None = None
        self.analysis: CostAnalysis | None = None
        self.book_date: str | None = None
        self.is_loaded = False
        self._base = self.scenario
        self._default_comparator: str | None = None
        self._timer = QTimer(self, singleShot=True, interval=EDIT_MS)
        self._timer.timeout.connect(self.analyse)
        self._analysis = Latest(bridge, self)
        self._analysis.answered.connect(self._on_analysed)
        self._analysis.failed.connect(self.failed)
        self._measuring = Latest(bridge, self)
        self._measuring.answered.connect(self._on_measured)
        self._measuring.failed.connect(self._on_measuring_failed)
        self._names = Latest(bridge, self)
        self._names.answered.connect(self._on_names)
        self._names.failed.connect(self._on_names_failed)

    # ---- what is on the desk -------------------------------------------------------------------------------

    @property
    def is_empty(self) -> bool:
        """Whether nothing was measured and nothing typed."""
        return msgspec.structs.replace(self.scenario.profile, origins={}, notes={}) == CostProfile()

    @property
    def is_changed(self) -> bool:
        """Whether it differs from what is stored."""
        known = next((one for one in self.stored if one.id == self.scenario.id), None)
        return known is None or known != self.scenario

    @property
    def has_enough_days(self) -> bool:
        """Whether the ledger's volume is more than a guess."""
        return self.measured is not None and self.measured.days >= ENOUGH_DAYS

    def load(self) -> None:
        """Read everything that the tab needs."""
        run = self._bridge.run
        run(cmd.ReadSettings(), self._on_settings, self._on_quiet_error)
        run(cmd.ListTargets(), self._on_targets, self._on_quiet_error)
        run(cc.ListCostPresets(), self._on_presets)
        run(cc.ListCostScenarios(), self._on_stored)
        self.find_names("")
        self._measuring.ask(cc.ReadMeasuredInputs())

    def edit(self, scenario: CostScenario) -> None:
        """The user changed an input."""
        self.scenario = scenario
        self._timer.start()

    def hold(self) -> None:
        """What is typed is no number: do not compute with what was there before."""
        self._timer.stop()
        self._analysis.drop()

    @Slot()
    def analyse(self) -> None:
        """Compute with the inputs as they stand, at once."""
        self._timer.stop()
        if not self.is_empty:
            self._analysis.ask(cc.AnalyseCosts(self.scenario))
        else:
            self._analysis.drop()
            self.analysis = None
            self.analysed.emit()

    def reset(self) -> None:
        """Back to what was measured, over the preset or the stored scenario that it began with."""
        measured = self.measured.profile if self.measured is not None else None
        profile = overlaid(self._base.profile, measured)
        self._put(msgspec.structs.replace(self._base, profile=profile))

    def choose_preset(self, preset_id: str) -> None:
        """Begin with a preset; its own figures win, what it leaves open is measured. "" keeps what stands."""
        preset = next((one for one in self.presets if one.id == preset_id), None)
        self.preset_id = preset.id if preset is not None else ""
        if preset is not None:
            self._base = msgspec.structs.replace(self.scenario, profile=preset_profile(preset))
            self.reset()

    def open_stored(self, scenario_id: str) -> None:
        """Put a stored scenario on the desk, as it was stored."""
        known = next((one for one in self.stored if one.id == scenario_id), None)
        if known is not None:
            self._base, self.preset_id = known, ""
            self._put(known)

    def begin_new(self) -> None:
        """An empty desk but for what was measured."""
        self._base = CostScenario(name="", comparator=self._default_comparator)
        self.preset_id = ""
        self.reset()

    def find_names(self, query: str) -> None:
        """Look for models of the price book that have these words."""
        self._names.ask(cc.ReadPrices(query=query[:100], limit=_MODELS))

    # ---- stored scenarios ----------------------------------------------------------------------------------

    def save(self, name: str, *, as_new: bool = False) -> None:
        """Store what stands."""
        kept = msgspec.structs.replace(self.scenario, name=name, id="" if as_new else self.scenario.id)
        self._bridge.run(cc.SaveCostScenario(kept), self._on_saved)

    def remove(self) -> None:
        """Delete the stored scenario that is on the desk."""
        if self.scenario.id:
            self._bridge.run(cc.RemoveCostScenario(self.scenario.id), self._on_removed)

    # ---- answers -------------------------------------------------------------------------------------------

    def _put(self, scenario: CostScenario) -> None:
        self.scenario = scenario
        self.scenario_replaced.emit()
        self.analyse()

    @Slot(object)
    def _on_analysed(self, analysis: CostAnalysis) -> None:
        self.analysis = analysis
        self.analysed.emit()

    @Slot(object)
    def _on_measured(self, measured: MeasuredInputs) -> None:
        self.measured = measured
        self.is_loaded = True
        self.measured_changed.emit()
        if not self.scenario.id:
            profile = overlaid(self.scenario.profile, measured.profile, keeps_typed=True)
            self._put(msgspec.structs.replace(self.scenario, profile=profile))

    @Slot(object)
    def _on_measuring_failed(self, _error: AppError) -> None:
        """Nothing measured is no obstacle: everything can be typed."""
        self.is_loaded = True
        self.measured_changed.emit()
        self.analyse()

    def _on_settings(self, settings: Settings) -> None:
        self._offer_comparator(settings.costs.comparator)

    def _on_targets(self, targets: list[TargetRow]) -> None:
        self.targets = targets
        self.lists_changed.emit()
        priced = [row.name for row in targets if row.prices is not None or row.price_like is not None]
        self._offer_comparator(priced[0] if priced else None)

    def _offer_comparator(self, name: str | None) -> None:
        """The settings' choice, else a target that has a price; the user's own choice stays."""
        if name is None or self._default_comparator is not None:
            return
        self._default_comparator = name
        if self.scenario.comparator is None and not self.scenario.id:
            self._base = msgspec.structs.replace(self._base, comparator=name)
            self._put(msgspec.structs.replace(self.scenario, comparator=name))

    def _on_presets(self, presets: list[CostPreset]) -> None:
        self.presets = presets
        self.lists_changed.emit()

    def _on_stored(self, stored: list[CostScenario]) -> None:
        self.stored = stored
        self.lists_changed.emit()

    @Slot(object)
    def _on_names(self, book: PriceBook) -> None:
        self.models = [row.model for row in book.rows]
        self.book_date = book.info.date
        self.lists_changed.emit()

    @Slot(object)
    def _on_names_failed(self, _error: AppError) -> None:
        """Names can be typed without being offered; the prices tab tells what is wrong with the book."""

    def _on_quiet_error(self, _error: AppError) -> None:
        """Only a comfort is missing."""

    def _on_saved(self, saved: CostScenario) -> None:
        self.stored = [*(one for one in self.stored if one.id != saved.id), saved]
        self.scenario = self._base = saved
        self.scenario_replaced.emit()
        self.lists_changed.emit()
        self.saved.emit()

    def _on_removed(self, _answer: Any) -> None:
        self.stored = [one for one in self.stored if one.id != self.scenario.id]
        self.scenario = msgspec.structs.replace(self.scenario, id="", name="")
        self._base = self.scenario
        self.scenario_replaced.emit()
        self.lists_changed.emit()
