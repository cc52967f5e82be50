"""The chips above the list of repositories: what narrows a search, and how it is sorted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot

from steelyard.core.values.hub import HubFilters
from steelyard.ui.widgets.models_flow import FlowRow
from steelyard.ui.widgets.models_menu_chip import MenuChip, ToggleChip

if TYPE_CHECKING:
    from steelyard.core.values.hub import HubSort
    from steelyard.ui.theme.theme import Theme

_BILLION = 10**9
_RANGES: dict[str, tuple[float | None, float | None]] = {
    "": (None, None),
    "tiny": (None, 1.5),
    "small": (1.5, 4.5),
    "medium": (4.5, 10),
    "large": (10, 24),
    "huge": (24, 45),
    "giant": (45, None),
}
_RANGE_TEXTS = (
    ("", "any"),
    ("tiny", "up to 1.5 B"),
    ("small", "1.5 to 4.5 B"),
    ("medium", "4.5 to 10 B"),
    ("large", "10 to 24 B"),
    ("huge", "24 to 45 B"),
    ("giant", "over 45 B"),
)
_QUANTS = ("Q2_K", "Q3_K_M", "IQ4_XS", "Q4_0", "Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0", "F16", "BF16")
_QUANT_HELP = "How strongly the weights are compressed. Keeps repositories that have such a file"
_LICENCES = ("apache-2.0", "mit", "llama3.1", "llama3.2", "llama3.3", "gemma", "cc-by-4.0", "cc-by-nc-4.0")
_SORTS: tuple[tuple[HubSort, str], ...] = (
    ("downloads", "downloads"),
    ("likes", "likes"),
    ("updated", "updated"),
)


class Filters(FlowRow):
    """Chips in one or more lines."""

    changed = Signal()
    """The user narrowed, widened or sorted."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(gap=6, line_gap=6)
        self.parameters = MenuChip(theme, "Parameters", _RANGE_TEXTS, "How many the model has")
        self.quant = MenuChip(
            theme,
            "Quant",
            _options(_QUANTS),
            _QUANT_HELP,
        )
        self.licence = MenuChip(theme, "Licence", _options(_LICENCES), "As the repository states it")
        gates = (("", "any"), ("open", "not gated"), ("gated", "only gated"))
        self.gated = MenuChip(theme, "Access", gates, "Gated repositories want their terms accepted first")
        self.fits = ToggleChip(
            theme,
            "Fits my machine",
            "An estimate from the hub's metadata: Q4_K_M weights against the memory that is free now. "
            "The engine's own projection runs for the repository that you open.",
        )
        self.sort = MenuChip(theme, "Sort", _SORTS)
        for chip in (self.parameters, self.quant, self.licence, self.gated, self.fits, self.sort):
            self.add(chip)
        for chip in (self.parameters, self.quant, self.licence, self.gated, self.sort):
            chip.chosen.connect(self._on_chosen)
        self.fits.toggled.connect(self._on_chosen)

    @property
    def filters(self) -> HubFilters:
        """What narrows the search."""
        low, high = _RANGES[self.parameters.value]
        return HubFilters(
            min_parameters=None if low is None else round(low * _BILLION),
            max_parameters=None if high is None else round(high * _BILLION),
            quant=self.quant.value or None,
            licence=self.licence.value or None,
            gated={"": None, "open": False, "gated": True}[self.gated.value],
            fits_only=self.fits.isChecked(),
        )

    @property
    def sort_key(self) -> HubSort:
        """What comes first."""
        return next(key for key, _ in _SORTS if key == self.sort.value)

    def clear(self) -> None:
        """Let everything through."""
        for chip in (self.parameters, self.quant, self.licence, self.gated):
            chip.set_value("")
        self.fits.blockSignals(True)  # one search follows, not two
        self.fits.setChecked(False)
        self.fits.blockSignals(False)
        self.fits.show_state()
        self.changed.emit()

    @Slot()
    def _on_chosen(self) -> None:
        self.arrange()
        self.changed.emit()


def _options(names: tuple[str, ...]) -> list[tuple[str, str]]:
    return [("", "any"), *((name, name) for name in names)]
