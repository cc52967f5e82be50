"""LoRA adapters of a profile: which, and how strongly each acts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from steelyard.core.values.profiles import LoraAdapter
from steelyard.ui.pages.servers_fields import SEVERAL
from steelyard.ui.widgets.buttons import make_button, make_icon_button
from steelyard.ui.widgets.labels import ElidedLabel, make_label
from steelyard.ui.widgets.models_text import plain
from steelyard.ui.widgets.servers_field import Choice, UnitEdit

if TYPE_CHECKING:
    from steelyard.core.values.profiles import LaunchProfile
    from steelyard.core.values.weights import Shelf
    from steelyard.ui.pages.servers_draft import ProfileDraft
    from steelyard.ui.theme.theme import Theme

_MOST = 16
_MOST_SCALE = 100.0


def lora_options(shelf: Shelf | None, profile: LaunchProfile) -> list[tuple[str, str]]:
    """None, each adapter on this machine, and what the profile has besides."""
    options = [("", "None")]
    options += [(row.path, plain(row.name, 60)) for row in (shelf.lora if shelf is not None else [])]
    known = {key for key, _ in options}
    options += [(item.path, file_of(item.path)) for item in profile.lora or [] if item.path not in known]
    return [*options, (SEVERAL, "Several, below")] if len(profile.lora or []) > 1 else options


def file_of(path: str) -> str:
    """The last part of a path."""
    return plain(path.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".gguf"), 60)


class LoraBlock(QWidget):
    """A row for each adapter and one for the next."""

    def __init__(self, theme: Theme, draft: ProfileDraft) -> None:
        super().__init__()
        self._theme = theme
        self._draft = draft
        self._shelf: Shelf | None = None
        self._shown: list[str] = []
        self.rows: list[_LoraRow] = []
        self.path = Choice(theme, "Path of a LoRA file", (), is_open=True)
        self.path.setToolTip("An adapter on this machine, or the path of a LoRA GGUF file")
        line = self.path.lineEdit()
        if line is not None:
            line.setPlaceholderText("Path of a LoRA file, or one on this machine")
        self.add_button = make_button(theme, "Add adapter", icon="plus")
        self.add_button.clicked.connect(self._on_add)
        self._list = QVBoxLayout()
        self._list.setSpacing(6)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self.path, 1)
        foot.addWidget(self.add_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(self._list)
        column.addLayout(foot)
        self.show_draft()

    def show_shelf(self, shelf: Shelf) -> None:
        """Offer the adapters that lie on this machine."""
        self._shelf = shelf
        self.path.set_options([(row.path, plain(row.name, 60)) for row in shelf.lora])
        self.path.setEditText("")

    @Slot()
    def show_draft(self) -> None:
        """Show the adapters of the profile."""
        adapters = self._draft.profile.lora or []
        paths = [item.path for item in adapters]
        if paths != self._shown:
            self._shown = paths
            for row in self.rows:
                self._list.removeWidget(row)
                row.deleteLater()
            self.rows = [_LoraRow(self._theme, self, at, item) for at, item in enumerate(adapters)]
            for row in self.rows:
                self._list.addWidget(row)
        for row, item in zip(self.rows, adapters, strict=True):
            row.show_scale(item.scale)
        self.add_button.setEnabled(len(adapters) < _MOST)

    def set_scale(self, at: int, scale: float) -> None:
        """The adapter at this place acts so strongly."""
        adapters = list(self._draft.profile.lora or [])
        adapters[at] = msgspec.structs.replace(adapters[at], scale=scale)
        self._draft.set_lora(adapters)

    def remove(self, at: int) -> None:
        """Take an adapter away."""
        adapters = list(self._draft.profile.lora or [])
        del adapters[at]
        self._draft.set_lora(adapters)
        self.show_draft()
        self.add_button.setFocus()

    @Slot()
    def _on_add(self) -> None:
        path = self.path.value
        if path:
            self._draft.set_lora([*(self._draft.profile.lora or []), LoraAdapter(path=path)])
            self.show_draft()
            self.path.setEditText("")


class _LoraRow(QWidget):
    def __init__(self, theme: Theme, block: LoraBlock, at: int, adapter: LoraAdapter) -> None:
        super().__init__()
        self._block = block
        self._at = at
        name = file_of(adapter.path)
        label = ElidedLabel(theme, name, px=12)
        label.setToolTip(plain(adapter.path))
        self.scale = UnitEdit(theme, f"Scale of {name}", "scale")
        self.scale.setFixedWidth(120)
        self.scale.textEdited.connect(self._on_scale)
        remove = make_icon_button(theme, "x", f"Take {name} away")
        remove.clicked.connect(self._on_remove)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(make_label(theme, f"{at + 1}", "muted", px=12, tabular=True))
        row.addWidget(label, 1)
        row.addWidget(self.scale)
        row.addWidget(remove)

    def show_scale(self, scale: float) -> None:
        if not self.scale.hasFocus():
            self.scale.setText(f"{scale:g}")

    @Slot(str)
    def _on_scale(self, text: str) -> None:
        try:
            scale = float(text)
        except ValueError:
            return
        if abs(scale) <= _MOST_SCALE:
            self._block.set_scale(self._at, scale)

    @Slot()
    def _on_remove(self) -> None:
        self._block.remove(self._at)
