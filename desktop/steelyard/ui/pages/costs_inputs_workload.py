"""How much is asked, of which kind: volume or utilisation, mix, cache, hidden reasoning."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from steelyard.ui.pages.costs_inputs_keys import CACHED, VOLUME, InputRow, mix_of_share, share_of_mix
from steelyard.ui.pages.costs_inputs_profile import origin_of
from steelyard.ui.pages.costs_inputs_row import NumbersRow, RowHead
from steelyard.ui.widgets.cost_format import percent, tokens
from steelyard.ui.widgets.cost_slider import ShareSlider
from steelyard.ui.widgets.labels import make_label, name_widget
from steelyard.ui.widgets.servers_field import UnitEdit

if TYPE_CHECKING:
    from steelyard.core.values.costs import CostProfile, Tco
    from steelyard.ui.theme.theme import Theme

_VOLUME_ROW = InputRow("Volume", (VOLUME,))


class WorkloadInputs(QWidget):
    """Volume and utilisation stand for each other: the one that is typed last counts, the other follows."""

    edited = Signal(str, object)
    """Key and value."""
    spoiled = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.volume = NumbersRow(theme, _VOLUME_ROW)
        self.utilisation_head = RowHead(theme, "Utilisation")
        self.utilisation_value = make_label(theme, "", px=13, weight=600, tabular=True)
        self.utilisation_head.insertWidget(1, self.utilisation_value)
        self.utilisation = ShareSlider(theme, "Utilisation of the capacity, percent")
        self.mix_head = RowHead(theme, "Mix, input to output")
        self.mix = UnitEdit(theme, "Mix", "in : out")
        self.mix.setMaxLength(40)
        name_widget(self.mix, "Mix", "Input to output tokens, such as 3:1. Hidden reasoning is output.")
        self.output_share = ShareSlider(theme, "Output share of all tokens, percent")
        self.cached = NumbersRow(theme, CACHED)
        self._lay_out()
        for row in (self.volume, self.cached):
            row.edited.connect(self._on_edited)
            row.spoiled.connect(self.spoiled)
        self.utilisation.valueChanged.connect(self._on_utilisation)
        self.output_share.valueChanged.connect(self._on_output_share)
        self.mix.textEdited.connect(self._on_mix)

    def show_profile(self, profile: CostProfile) -> None:
        """Show what it says."""
        for row in (self.volume, self.cached):
            row.show_profile(profile)
        if self.mix.text().strip() != (profile.workload.mix or ""):
            self.mix.setText(profile.workload.mix or "")
        self.output_share.show_share(share_of_mix(profile.workload.mix))
        known = profile.workload.utilisation
        self._show_utilisation(None if known is None else float(known))
        self.show_tags(profile)

    def show_tags(self, profile: CostProfile) -> None:
        """Show where the values come from."""
        for row in (self.volume, self.cached):
            row.show_tags(profile)
        for head, key in ((self.mix_head, "workload.mix"), (self.utilisation_head, "workload.utilisation")):
            head.show_origins([(origin_of(profile, key), profile.notes.get(key, ""))])

    def show_effects(self, profile: CostProfile, tco: Tco) -> None:
        """What follows: utilisation from the volume, or the volume from utilisation."""
        if profile.workload.utilisation is None:
            self._show_utilisation(tco.utilisation)
        follows = profile.workload.tokens_month is None and tco.tokens_month is not None
        derived = f"{tokens(tco.tokens_month)} at {percent(tco.utilisation)}" if follows else ""
        self.volume.show_derived(VOLUME.key, derived)
        self.utilisation.setEnabled(tco.capacity_tokens_month is not None)
        why = "" if self.utilisation.isEnabled() else " It needs a capacity: type the machine's rates."
        self.utilisation.setToolTip(f"Share of the capacity that is used.{why}")

    def _show_utilisation(self, share: float | None) -> None:
        self.utilisation.show_share(share)
        self.utilisation_value.setText(percent(share))

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.volume)
        busy = QVBoxLayout()
        busy.setSpacing(2)
        busy.addLayout(self.utilisation_head)
        busy.addWidget(self.utilisation)
        column.addLayout(busy)
        mix = QVBoxLayout()
        mix.setSpacing(3)
        mix.addLayout(self.mix_head)
        line = QHBoxLayout()
        line.setSpacing(8)
        self.mix.setMinimumWidth(60)
        line.addWidget(self.mix, 1)
        line.addWidget(self.output_share, 1)
        mix.addLayout(line)
        column.addLayout(mix)
        column.addWidget(self.cached)

    @Slot(str, object)
    def _on_edited(self, key: str, value: object) -> None:
        if key == VOLUME.key and value is not None:
            self._show_utilisation(None)
        self.edited.emit(key, value)

    @Slot(int)
    def _on_utilisation(self, hundredths: int) -> None:
        self.utilisation.is_known = True
        self.utilisation_value.setText(f"{hundredths} %")
        self.volume.edits[VOLUME.key].clear()
        self.edited.emit("workload.utilisation", Decimal(hundredths) / 100)

    @Slot(int)
    def _on_output_share(self, hundredths: int) -> None:
        self.output_share.is_known = True
        mix = mix_of_share(hundredths / 100)
        self.mix.setText(mix)
        self.edited.emit("workload.mix", mix)

    @Slot(str)
    def _on_mix(self, text: str) -> None:
        self.output_share.show_share(share_of_mix(text))
        self.edited.emit("workload.mix", "".join(text.split()) or None)
