"""The launch profile of a running server: edit, see what it would change, apply with a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QWidget

from steelyard.ui.pages import servers_texts as t
from steelyard.ui.pages.servers_fields import ALL_SPECS
from steelyard.ui.pages.servers_presets import PresetChip
from steelyard.ui.pages.servers_profile import ProfileForm
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.cards import Card
from steelyard.ui.widgets.labels import make_label
from steelyard.ui.widgets.models_badge import Badge
from steelyard.ui.widgets.models_paint import Chip
from steelyard.ui.widgets.models_text import plain

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from steelyard.core.values.profiles import FlagRow, LaunchPreview
    from steelyard.core.values.servers import ServerDetail, ServerRow
    from steelyard.ui.theme.theme import Theme

_SMALL_BYTES = 1 << 20
_WIDE_PX = 760


class ProfileCard(Card):
    """The form between a title line and its buttons."""

    presets_wanted = Signal()
    applied = Signal()
    discarded = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.column.setContentsMargins(16, 10, 16, 12)
        self.column.setSpacing(10)
        self.form = ProfileForm(theme)
        self._theme = theme
        self.presets = PresetChip(theme)
        self.cost = Badge(theme)
        self.discard = make_button(theme, "Discard", "ghost")
        self.apply = make_button(theme, "Apply and restart", "primary")
        self._lay_out()
        self.presets.clicked.connect(self.presets_wanted)
        self.discard.clicked.connect(self.discarded)
        self.apply.clicked.connect(self.applied)
        self.form.draft.edited.connect(self.show_state)
        self.form.draft.reset.connect(self.show_state)
        self.show_state()

    def show_detail(self, detail: ServerDetail) -> None:
        """What runs."""
        if not self.form.draft.is_changed:
            self.presets.show_name(plain(detail.row.profile, 40) or "defaults")
        self.form.show_asides(asides_of(detail))

    @Slot()
    def show_state(self) -> None:
        """Whether there is something to apply."""
        draft = self.form.draft
        is_changed = draft.is_changed
        self._pending.setVisible(is_changed)
        self.apply.setEnabled(not draft.errors)
        if not is_changed:
            self.cost.show_chip(Chip(""))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The buttons of a change stand below where there is no room beside the title."""
        super().resizeEvent(event)
        is_wide = self.width() >= _WIDE_PX
        way = QBoxLayout.Direction.LeftToRight if is_wide else QBoxLayout.Direction.TopToBottom
        if self._head.direction() != way:
            self._head.setDirection(way)

    def show_checking(self) -> None:
        """The engine is asked what the change would come to."""
        if self.form.draft.is_changed:
            self.cost.show_chip(
                Chip("Checking…", "", "hourglass"), "The engine is asked what this would need"
            )

    def show_preview(self, preview: LaunchPreview, row: ServerRow) -> None:
        """What the change would cost or save."""
        self.form.show_preview(preview)
        if not self.form.draft.is_changed:
            self.cost.show_chip(Chip(""))
            return
        restart = (
            f"restart {t.span(row.load_ms / 1000)}" if row.load_ms and row.load_ms >= 1000 else "restarts"
        )
        now, then = row.predicted_bytes, preview.fit.total_bytes if preview.fit is not None else None
        tip = "Ends the process and starts it with these settings; requests that run are cut off."
        if preview.problems:
            self.cost.show_chip(Chip("Would not start", "bad", "circle-alert"), plain(preview.problems[0]))
        elif now is None or then is None or abs(now - then) < _SMALL_BYTES:
            self.cost.show_chip(Chip(restart.capitalize(), "accent", "info"), tip)
        else:
            word, tone = ("Saves", "accent") if then < now else ("Needs", "warn")
            more = "" if then < now else " more"
            text = f"{word} {t.fine_memory(abs(now - then))}{more}, {restart}"
            self.cost.show_chip(Chip(text, tone, "info"), tip)

    def _lay_out(self) -> None:
        first, self._pending = QWidget(), QWidget()
        names, pending = QHBoxLayout(first), QHBoxLayout(self._pending)
        for row in (names, pending):
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(8)
        names.addWidget(make_label(self._theme, "Launch profile", weight=600))
        names.addWidget(self.presets)
        names.addStretch(1)
        names.addWidget(self.form.more_button)
        pending.addStretch(1)
        pending.addWidget(self.cost)
        pending.addWidget(self.discard)
        pending.addWidget(self.apply)
        self._head = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._head.setSpacing(8)
        self._head.addWidget(first, 1)
        self._head.addWidget(self._pending)
        self.column.addLayout(self._head)
        self.column.addWidget(self.form)


def asides_of(detail: ServerDetail) -> dict[str, str]:
    """What is in force, by field."""
    row, flags = detail.row, {flag.flag: flag for flag in detail.flags}
    asides: dict[str, str] = {}
    for spec in ALL_SPECS:
        flag = flags.get(spec.flag)
        if (
            flag is not None
            and spec.key not in {"lora", "context_tokens"}
            and _is_left_alone(detail, spec.names)
        ):
            asides[spec.key] = _in_force(flag)
    if row.layers_on_gpu is not None and row.layers:
        asides["gpu_layers"] = f"{row.layers_on_gpu} of {row.layers}"
    if row.ctx is not None and detail.profile.context_tokens is None:
        asides["context_tokens"] = f"{row.ctx:,}"
    if detail.profile.lora:
        first = detail.profile.lora[0]
        several = len(detail.profile.lora) > 1
        asides["lora"] = f"{len(detail.profile.lora)} adapters" if several else f"scale {first.scale:g}"
    if detail.draft_accepted_share is not None:
        asides["speculation"] = f"{t.percent_of(detail.draft_accepted_share)} accepted"
    asides["idle_unload_s"] = "ends process"
    if detail.profile.parallel is None:
        asides["parallel"] = f"{row.slots}"
    return asides


def _is_left_alone(detail: ServerDetail, names: tuple[str, ...]) -> bool:
    return all(getattr(detail.profile, name) is None for name in names)


def _in_force(flag: FlagRow) -> str:
    value = plain(flag.value, 24) if flag.value is not None else "on"
    return f"{value}, settings" if flag.why == "setting" else value
