"""A form of numbers that fills one part of the settings, with its saved and unsaved state in view."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from steelyard.ui.pages.settings_saving import SavedForm
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.fields import TextField
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.core.values.row import Row
    from steelyard.core.values.settings import Settings
    from steelyard.ui.pages.settings_store import SettingsStore
    from steelyard.ui.theme.theme import Theme

_EMPTY = {"unknown": "Leave empty when unknown.", "off": "Leave empty to switch it off."}
_GROUPED = re.compile(r"[1-9]\d{0,2}(,\d{3})+(\.\d*)?")


@dataclass(frozen=True)
class NumberSpec:
    """One number: its place in the settings, how it is shown and what is said when it is out of range."""

    part: str
    name: str
    label: str
    unit: str
    hint: str
    rule: str
    is_whole: bool = False
    is_optional: bool = False
    empty: str = "unknown"
    """What an empty field means, where it may be empty."""
    factor: float = 1.0
    """What the user reads is the stored value times this."""
    is_whole_stored: bool = False
    """The stored value is a whole number, such as bytes, though a user may type a fraction."""


class NumbersForm(SavedForm):
    """Numbers of one topic."""

    def __init__(
        self, theme: Theme, store: SettingsStore, title: str, hint: str, specs: Sequence[NumberSpec]
    ) -> None:
        super().__init__(theme, store, title, hint)
        self._specs = list(specs)
        self._settings: Settings | None = None
        self._sent: list[str] = []
        self.fields: dict[str, TextField] = {}
        self.revert_button = make_button(theme, "Discard changes", "ghost")
        self._lay_out(theme)
        self.save_button.clicked.connect(self._on_save_clicked)
        self.revert_button.clicked.connect(self._on_revert_clicked)
        store.loaded.connect(self._on_loaded)

    def _lay_out(self, theme: Theme) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(14)
        for at, spec in enumerate(self._specs):
            hint = f"{spec.hint} {_EMPTY[spec.empty]}" if spec.is_optional else spec.hint
            field = self.fields[spec.name] = TextField(theme, spec.label, hint=hint, unit=spec.unit)
            field.edit.setFont(theme.font(tabular=True))
            field.edited.connect(self._on_edited)
            field.edit.returnPressed.connect(self._on_save_clicked)
            grid.addWidget(field, at // 2, at % 2)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        self.column.addLayout(grid)
        self._add_buttons(self.revert_button)

    @Slot(object)
    def _on_loaded(self, settings: Settings) -> None:
        """Keep what the user is typing; otherwise show what is stored."""
        is_dirty = self._settings is not None and self.is_dirty
        self._settings = settings
        if not is_dirty:
            self._fill()

    def _fill(self) -> None:
        if self._settings is None:
            return
        for spec in self._specs:
            value = getattr(getattr(self._settings, spec.part), spec.name)
            self.fields[spec.name].set_text(_shown(value, spec))
        self._show_state("Saved", is_dirty=False)

    @Slot()
    def _on_revert_clicked(self) -> None:
        self._fill()

    @Slot()
    def _on_save_clicked(self) -> None:
        parts = self._read()
        if parts is None or not self.is_dirty:
            return
        self._sent = self._texts()
        self._save(parts)

    def _on_saved(self) -> None:
        if self._texts() == self._sent:
            super()._on_saved()
        else:
            self._on_edited()

    def _texts(self) -> list[str]:
        return [field.text for field in self.fields.values()]

    def _read(self) -> dict[str, Row] | None:
        """The parts with the typed values, or None after showing what is wrong."""
        if self._settings is None:
            return None
        values: dict[str, dict[str, Any]] = {}
        wrong: list[TextField] = []
        for spec in self._specs:
            field = self.fields[spec.name]
            old = getattr(self._settings, spec.part)
            try:
                number = _number(field.text, spec)
                msgspec.convert({spec.name: number}, type(old))
            except (ValueError, msgspec.ValidationError):
                field.set_error(spec.rule)
                wrong.append(field)
            else:
                values.setdefault(spec.part, {})[spec.name] = number
        if wrong:
            self._refuse(wrong)
            return None
        return {
            part: msgspec.structs.replace(getattr(self._settings, part), **new)
            for part, new in values.items()
        }


class Section(QWidget):
    """A column of cards under a heading."""

    def __init__(self, theme: Theme, title: str, sentence: str) -> None:
        super().__init__()
        self.setAccessibleName(title)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 4, 12, 16)
        self.column.setSpacing(12)
        self.column.addWidget(make_label(theme, title, px=20, weight=600))
        self.column.addWidget(make_label(theme, sentence, "prose", wrap=True))

    def finish(self) -> None:
        """Cards stay at the top."""
        self.column.addStretch(1)


def _number(text: str, spec: NumberSpec) -> float | int | None:
    if not text and spec.is_optional:
        return None
    plain = "".join(text.split())
    if _GROUPED.fullmatch(plain):
        plain = plain.replace(",", "")
    elif not spec.is_whole:
        plain = plain.replace(",", ".")  # 0,30 is what half of the world types
    if spec.is_whole:
        return int(plain)
    return round(float(plain) / spec.factor) if spec.is_whole_stored else float(plain) / spec.factor


def _shown(value: float | int | None, spec: NumberSpec) -> str:
    if value is None:
        return ""
    return str(value) if spec.is_whole else f"{value * spec.factor:.12g}"
