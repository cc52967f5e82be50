"""What the user changed of the decision book, kept in the settings: read afresh before each save."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from steelyard.core.values.settings import DecideSettings
from steelyard.ui.pages.settings_store import SettingsStore

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.decision import PresetEdit, Regime, WorkClass
    from steelyard.core.values.settings import Settings
    from steelyard.ui.bridge import Bridge


class DecideDesk(QObject):
    """Changes presets, classes, regimes and the checklist."""

    saved = Signal()
    """The book is another one."""
    failed = Signal(object)
    """An `AppError`: nothing was saved."""

    def __init__(self, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._store = SettingsStore(bridge, self)
        self.settings = DecideSettings()
        self._saving = 0
        self._store.loaded.connect(self._on_loaded)

    @property
    def is_saving(self) -> bool:
        """Whether the book that can be read now is older than what was changed last."""
        return self._saving > 0

    def load(self) -> None:
        """Read what is stored."""
        self._store.load()

    def answer(self, item: str, state: bool | None) -> None:
        """One item of the checklist; None takes the answer back."""
        answers = {key: value for key, value in self.settings.readiness.items() if key != item}
        if state is not None:
            answers[item] = state
        self._change(msgspec.structs.replace(self.settings, readiness=answers))

    def edit_preset(self, edit: PresetEdit) -> None:
        """Thresholds of a rule, or whether it is shown."""
        others = [one for one in self.settings.presets if one.id != edit.id]
        self._change(msgspec.structs.replace(self.settings, presets=[*others, edit]))

    def reset_presets(self) -> None:
        """All rules as they were published."""
        self._change(msgspec.structs.replace(self.settings, presets=[]))

    def set_classes(self, classes: list[WorkClass]) -> None:
        """The classes of work; an empty list: as shipped."""
        self._change(msgspec.structs.replace(self.settings, classes=classes))

    def set_regime(self, regime: Regime) -> None:
        """Put a regime before the shipped one of its id, or beside them."""
        others = [one for one in self.settings.regimes if one.id != regime.id]
        self._change(msgspec.structs.replace(self.settings, regimes=[*others, regime]))

    def reset_regimes(self) -> None:
        """The regimes as shipped."""
        self._change(msgspec.structs.replace(self.settings, regimes=[]))

    def _change(self, settings: DecideSettings) -> None:
        self.settings = settings
        self._saving += 1
        self._store.change({"decide": settings}, self._on_saved, self._on_failed)

    @Slot(object)
    def _on_loaded(self, settings: Settings) -> None:
        self.settings = settings.decide

    def _on_saved(self) -> None:
        self._saving -= 1
        self.saved.emit()

    def _on_failed(self, error: AppError) -> None:
        self._saving -= 1
        self.load()
        self.failed.emit(error)
