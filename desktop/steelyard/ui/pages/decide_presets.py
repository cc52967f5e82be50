"""The published rules as the user wants them: switched on or off, with other thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from steelyard.core.values.decision import PresetEdit
from steelyard.ui.pages.decide_keys import KeySpec, parse
from steelyard.ui.theme.theme import restyle
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.check_box import CheckBox
from steelyard.ui.widgets.compare_plain import plain_tooltip
from steelyard.ui.widgets.decide_words import plain_number, tokens
from steelyard.ui.widgets.labels import make_label, make_line

if TYPE_CHECKING:
    from steelyard.core.values.decision import SourcePreset
    from steelyard.ui.theme.theme import Theme

_EDIT_PX = 96
_TOKENS_FROM = 10_000


class PresetLine(QWidget):
    """One rule: its switch, its thresholds, what the source says."""

    edited = Signal(object)
    """A `PresetEdit`."""

    def __init__(self, theme: Theme, preset: SourcePreset) -> None:
        super().__init__()
        self._preset = preset
        self.box = CheckBox(theme, preset.rule, weight=500)
        self.box.setAccessibleName(f"Show the rule: {preset.rule}")
        self.box.setToolTip(plain_tooltip(preset.derivation.strip() or preset.rule))
        quote = make_label(theme, f"\u201c{preset.quote}\u201d  {preset.source}", "muted", px=11, wrap=True)
        self.edits: dict[str, QLineEdit] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.box)
        column.addWidget(quote)
        fields = QHBoxLayout()
        fields.setSpacing(6)
        for name in ("low", "high"):
            if getattr(preset, name) is not None:
                self._add_edit(theme, fields, name)
        if self.edits:
            fields.addWidget(make_label(theme, preset.unit, "muted", px=12))
            fields.addStretch(1)
            column.addLayout(fields)
        self.show_preset(preset)
        self.box.clicked.connect(self._on_edited)

    def show_preset(self, preset: SourcePreset) -> None:
        """Show how it is now; a field that is being typed in stays."""
        self._preset = preset
        self.box.setChecked(preset.is_enabled)
        for name, edit in self.edits.items():
            if not edit.hasFocus():
                edit.setText(_shown(getattr(preset, name)))

    def _add_edit(self, theme: Theme, fields: QHBoxLayout, name: str) -> None:
        edit = self.edits[name] = QLineEdit()
        edit.setFont(theme.font(12, tabular=True))
        edit.setMaxLength(40)
        edit.setFixedWidth(_EDIT_PX)
        words = {"low": "from", "high": "to"}
        edit.setAccessibleName(f"{self._preset.rule}: {words[name]}")
        edit.setToolTip(f"Threshold, {self._preset.unit}")
        fields.addWidget(make_label(theme, words[name], "muted", px=12))
        fields.addWidget(edit)
        edit.editingFinished.connect(self._on_edited)

    @Slot()
    def _on_edited(self) -> None:
        low, high = self._read("low"), self._read("high")
        if any(edit.property("invalid") for edit in self.edits.values()):
            return
        if low is not None and high is not None and low > high:
            self._mark("high", is_wrong=True)
            return
        edit = PresetEdit(id=self._preset.id, is_enabled=self.box.isChecked(), low=low, high=high)
        now = self._preset
        if (edit.is_enabled, edit.low, edit.high) != (now.is_enabled, now.low, now.high):
            self.edited.emit(edit)

    def _read(self, name: str) -> float | None:
        edit = self.edits.get(name)
        if edit is None:
            return getattr(self._preset, name)
        try:
            value = parse(KeySpec(name, name, "number"), edit.text())
        except ValueError:
            value = None
        self._mark(name, is_wrong=value is None)
        is_same = edit.text().strip() == _shown(getattr(self._preset, name))
        return getattr(self._preset, name) if is_same or value is None else float(value)

    def _mark(self, name: str, *, is_wrong: bool) -> None:
        edit = self.edits[name]
        if bool(edit.property("invalid")) != is_wrong:
            edit.setProperty("invalid", is_wrong)
            restyle(edit)


class PresetsForm(QWidget):
    """All rules, and the way back."""

    edited = Signal(object)
    """A `PresetEdit`."""
    reset = Signal()
    """As they were published."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.lines: dict[str, PresetLine] = {}
        self.reset_button = make_button(theme, "As published", "link", icon="undo-2")
        self._list = QVBoxLayout()
        self._list.setSpacing(8)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 14, 16)
        column.setSpacing(10)
        about = "Rules of others, beside your own figures. They are shown and never decide."
        column.addWidget(make_label(theme, about, "muted", px=12, wrap=True))
        column.addWidget(self.reset_button, 0, Qt.AlignmentFlag.AlignLeft)
        column.addLayout(self._list)
        column.addStretch(1)
        self.reset_button.clicked.connect(self.reset)

    def show_presets(self, presets: list[SourcePreset]) -> None:
        """Show how they are now."""
        if [one.id for one in presets] != list(self.lines):
            self._build(presets)
        for one in presets:
            self.lines[one.id].show_preset(one)

    def _build(self, presets: list[SourcePreset]) -> None:
        while (old := self._list.takeAt(0)) is not None:
            if (widget := old.widget()) is not None:
                widget.deleteLater()
        self.lines = {}
        for one in presets:
            line = self.lines[one.id] = PresetLine(self._theme, one)
            line.edited.connect(self.edited)
            self._list.addWidget(make_line())
            self._list.addWidget(line)


def _shown(value: float | None) -> str:
    if value is None:
        return ""
    return tokens(value) if value >= _TOKENS_FROM else plain_number(value)
