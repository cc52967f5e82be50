"""The head of an opened repository: what it is, under which terms, at which commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from steelyard.ui.widgets.brief import Brief
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.compare_buttons import Part, PartsButton
from steelyard.ui.widgets.labels import ElidedLabel, name_widget
from steelyard.ui.widgets.models_badge import Badge
from steelyard.ui.widgets.models_flow import FlowRow
from steelyard.ui.widgets.models_menu_chip import MenuChip
from steelyard.ui.widgets.models_paint import Chip
from steelyard.ui.widgets.models_text import (
    context,
    month,
    owner_of,
    parameters,
    plain,
    short_count,
    title_of,
)

if TYPE_CHECKING:
    from steelyard.core.values.hub import HubRepo
    from steelyard.ui.theme.theme import Theme

_SHA_CHARS = 7
_KV_TYPES = (
    ("f16", "f16"),
    ("q8_0", "q8_0"),
    ("q4_0", "q4_0"),
    ("bf16", "bf16"),
    ("f32", "f32"),
    ("q5_1", "q5_1"),
    ("q5_0", "q5_0"),
    ("q4_1", "q4_1"),
    ("iq4_nl", "iq4_nl"),
)
_KV_HELP = "The memory of the conversation. Smaller types take less of it and cost some quality"
_SLOTS_HELP = "How many requests are answered at the same time; each gets the whole context"
_SLOTS = tuple((str(count), str(count)) for count in range(1, 9))


class RepoHead(QWidget):
    """Title, facts, chips; at the right of the chips how the weights are to be served."""

    card_wanted = Signal()
    """Open the repository's page."""
    wish_changed = Signal()
    """Another type of the KV cache, or number of slots."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._full_revision = ""
        self._revision_name = ""
        self._is_compact = False
        self._copied = Brief(self, self._show_copied)
        self.title = ElidedLabel(theme, "", px=20, weight=600)
        self.facts = ElidedLabel(theme, "", "muted", px=12, cut=Qt.TextElideMode.ElideRight)
        self.good_for = ElidedLabel(theme, "", "prose", px=12, cut=Qt.TextElideMode.ElideRight)
        self.good_for.hide()
        self.card_button = make_button(
            theme,
            "Model card",
            "ghost",
            icon="external-link",
            tooltip="Open the repository's page on the hub",
        )
        self.licence = Badge(theme)
        self.gate = Badge(theme)
        self.revision_button = PartsButton(theme, "chip")
        self.kv = MenuChip(
            theme,
            "KV cache",
            _KV_TYPES,
            _KV_HELP,
        )
        self.slots = MenuChip(
            theme,
            "Slots",
            _SLOTS,
            _SLOTS_HELP,
        )
        self.budget = Badge(theme)
        self._show_revision()
        self._lay_out()
        self.card_button.clicked.connect(self.card_wanted)
        self.revision_button.clicked.connect(self._on_copy_revision)
        self.kv.chosen.connect(self._on_wish)
        self.slots.chosen.connect(self._on_wish)

    def show_repo(self, repo: HubRepo) -> None:
        """Show another repository."""
        self.title.setText(title_of(repo.repo))
        self.title.setAccessibleName(title_of(repo.repo))
        facts = [
            owner_of(repo.repo),
            f"{parameters(repo.parameters)} parameters" if repo.parameters else "",
            f"{context(repo.context_length)} context" if repo.context_length else "",
            plain(repo.architecture, 30),
            f"base {plain(repo.base_model, 80)}" if repo.base_model else "",
            f"{short_count(repo.downloads)} downloads",
            month(repo.updated_at),
        ]
        self.facts.setText("  ·  ".join(fact for fact in facts if fact))
        licence = plain(repo.licence, 40) or "no licence stated"
        self.licence.show_chip(Chip(licence, "", "scale"), f"Licence as the repository states it: {licence}")
        self._show_gate(repo)
        self._copied.end()
        self._full_revision = plain(repo.revision)
        self._revision_name = plain(repo.revision_name, 24)
        self._show_revision()

    def show_good_for(self, text: str) -> None:
        """What the curated list says about it; empty for all others."""
        self.good_for.setText(plain(text))
        self.good_for.setVisible(bool(text))

    def show_budget(self, text: str, tooltip: str) -> None:
        """Show how much memory is free."""
        self.budget.show_chip(Chip(text), tooltip)

    def set_compact(self, *, is_compact: bool) -> None:
        """In a narrow window the chips stay in one line."""
        if is_compact != self._is_compact:
            self._is_compact = is_compact
            self._show_revision()

    @Slot()
    def _on_wish(self) -> None:
        self.wish_changed.emit()

    def _show_gate(self, repo: HubRepo) -> None:
        if not repo.gated:
            self.gate.show_chip(Chip("Not gated", "good", "lock-open"), "Anybody may download its files")
        elif repo.has_access:
            self.gate.show_chip(Chip("Gated, you have access", "good", "lock-open"), "Your token opens it")
        else:
            self.gate.show_chip(Chip("Gated", "warn", "lock"), plain(repo.access_hint))

    def _show_revision(self) -> None:
        name, short = self._revision_name, self._full_revision[:_SHA_CHARS]
        pinned = f"pinned = {name}" if name and name != self._full_revision else "pinned"
        parts = [Part(short, "text", 600, 11)]
        if not self._is_compact:
            parts = [Part("Revision", "text3", 400, 11), *parts, Part(pinned, "text3", 400, 11)]
        self.revision_button.show_parts(parts, icon="pin", icon_color="accent")
        tooltip = f"{self._full_revision}\nFiles are taken from this commit. Click to copy it."
        name_widget(self.revision_button, f"Revision {short}, {pinned}: copy", tooltip)

    @Slot()
    def _on_copy_revision(self) -> None:
        QGuiApplication.clipboard().setText(self._full_revision)
        self._copied.start("Copied" if self._is_compact else "Commit copied")

    def _show_copied(self, what: str) -> None:
        if what:
            self.revision_button.show_parts([Part(what, "good", 600, 11)], icon="check", icon_color="good")
            self.revision_button.setAccessibleName(what)
        else:
            self._show_revision()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.title, 1)
        top.addWidget(self.budget)
        top.addWidget(self.card_button)
        chips = FlowRow(gap=8, line_gap=6)
        for widget in (self.licence, self.gate, self.revision_button, self.kv, self.slots):
            chips.add(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(top)
        column.addWidget(self.facts)
        column.addWidget(self.good_for)
        column.addSpacing(4)
        column.addWidget(chips)
        column.setAlignment(Qt.AlignmentFlag.AlignTop)
