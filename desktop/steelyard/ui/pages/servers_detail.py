"""The right side: everything about one server, asked once a second while it is visible."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QBoxLayout, QVBoxLayout, QWidget

from steelyard.core.base.errors import AppError
from steelyard.core.values import commands as c
from steelyard.ui.pages import servers_texts as t
from steelyard.ui.pages.latest import Latest
from steelyard.ui.pages.servers_command import CommandCard, flags_that_differ
from steelyard.ui.pages.servers_console import Console
from steelyard.ui.pages.servers_head import ServerHead
from steelyard.ui.pages.servers_now import NowCard
from steelyard.ui.pages.servers_parts import PartsCard
from steelyard.ui.pages.servers_presets import PresetsPopup
from steelyard.ui.pages.servers_preview import Previewer
from steelyard.ui.pages.servers_profile_card import ProfileCard
from steelyard.ui.widgets.cards import Note, make_scroll
from steelyard.ui.widgets.models_text import plain

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from steelyard.core.values.profiles import LaunchPreview, StoredProfile
    from steelyard.core.values.servers import ServerDetail
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.servers_stores import ServersStore
    from steelyard.ui.theme.theme import Theme

_WIDE_PX = 720


class ServerView(QWidget):
    """Head, memory and now, profile, command, console."""

    restart_wanted = Signal(str, object)
    """Name and the `LaunchProfile`, or None for the one it has."""
    start_wanted = Signal(str)
    stop_wanted = Signal(str)
    copy_wanted = Signal(str, str)
    new_wanted = Signal(str, dict)
    """Weights and settings that a tune found better: to be started beside."""
    door_wanted = Signal()

    def __init__(self, theme: Theme, bridge: Bridge, store: ServersStore) -> None:
        super().__init__()
        self._theme = theme
        self._bridge = bridge
        self._store = store
        self.name = ""
        self.weights = ""
        self.detail: ServerDetail | None = None
        self._preview: LaunchPreview | None = None
        self._presets: PresetsPopup | None = None
        self._ask = Latest(bridge, self)
        self._previewer = Previewer(bridge, self)
        self.head = ServerHead(theme)
        self.trouble = Note(theme, "bad")
        self.parts = PartsCard(theme)
        self.now = NowCard(theme)
        self.profile = ProfileCard(theme)
        self.command = CommandCard(theme)
        self.console = Console(theme, bridge)
        self._lay_out()
        self._connect()

    @property
    def draft_is_changed(self) -> bool:
        """Whether there are edits that are not applied."""
        return self.profile.form.draft.is_changed

    def show_server(self, name: str) -> None:
        """Show another server."""
        if name == self.name:
            return
        self.name = name
        self.detail, self._preview = None, None
        self._previewer.drop()
        self.trouble.show_text("")
        self.show_row()
        self.profile.form.show_shelf(self._store.shelf)
        self.ask()
        self._scroll.verticalScrollBar().setValue(0)

    def watch(self, *, is_on: bool) -> None:
        """Follow the log while the page is visible."""
        self.console.log.watch(is_on=is_on)

    @Slot()
    def ask(self) -> None:
        """Ask for everything about it."""
        if self.name and not self._ask.is_busy:
            self._ask.ask(c.ReadServer(name=self.name))

    @Slot()
    def show_row(self) -> None:
        """Show what an event told."""
        row = self._store.rows.get(self.name)
        if row is None:
            return
        self.weights = row.weights
        color = self._color()
        title, quant = t.title_and_quant(row, self._store.weights_of(self.name))
        self.head.show_row(row, title, quant, color)

    @Slot()
    def apply(self) -> None:
        """Restart with what the form says."""
        draft = self.profile.form.draft
        if self.name and draft.is_changed and not draft.errors:
            self.restart_wanted.emit(self.name, draft.profile)

    @Slot()
    def discard(self) -> None:
        """Back to what runs."""
        draft = self.profile.form.draft
        draft.set_base(draft.base)
        self._previewer.drop()
        self._preview = None
        self._show_command()

    def applied(self) -> None:
        """The restart is on its way: what the form says is what runs."""
        draft = self.profile.form.draft
        draft.set_base(draft.profile)
        self._preview = None

    @Slot()
    def open_presets(self, *, to_save: bool = False) -> None:
        """Show stored profiles, or with `to_save` put the keyboard on their name."""
        if self._presets is None:
            self._presets = PresetsPopup(self._theme, self._bridge, self)
            self._presets.taken.connect(self._on_taken)
        profile = self.profile.form.draft.profile
        self._presets.open_for(self.name, profile, self.profile.presets, to_save=to_save)

    def show_tab(self, key: str) -> None:
        """Show log, bench or tune, and scroll to it."""
        self.console.show_tab(key)
        self._scroll.ensureWidgetVisible(self.console)

    @property
    def presets(self) -> PresetsPopup | None:
        """The popup, once it was opened."""
        return self._presets

    # ---- answers -------------------------------------------------------------------------------------------

    @Slot(object)
    def _on_detail(self, detail: ServerDetail) -> None:
        if detail.row.name != self.name:
            return
        is_first = self.detail is None
        old, self.detail = self.detail, detail
        self.trouble.show_text("")
        color = self._color()
        draft = self.profile.form.draft
        if is_first:
            draft.set_base(detail.profile)
        else:
            draft.rebase(detail.profile)
        self.parts.show_detail(detail, color)
        self.now.show_detail(detail, color, self._live_tps())
        self.profile.show_detail(detail)
        self.console.show_server(self.name, detail.profile)
        if old is not None and old.row.pid != detail.row.pid and detail.row.pid is not None:
            self.console.log.restarted()
        self._show_command()
        if is_first:
            self._previewer.want(self.name, draft.profile, now=True)

    @Slot(object)
    def _on_failed(self, error: AppError) -> None:
        if self.detail is None:
            self.trouble.show_text(error.one_line())
            self.console.log.show_server(self.name)

    @Slot(object)
    def _on_previewed(self, preview: LaunchPreview) -> None:
        self._preview = preview
        row = self._store.rows.get(self.name)
        if row is not None:
            self.profile.show_preview(preview, row)
        self._show_command()

    @Slot(object)
    def _on_preview_failed(self, error: AppError) -> None:
        self._preview = None
        if self.draft_is_changed and self.detail is not None:
            self.command.show_command(self.detail.command, self.detail.flags, problems=[error.one_line()])

    @Slot()
    def _on_edited(self) -> None:
        draft = self.profile.form.draft
        self._preview = None  # of what the form said before
        if not draft.errors:
            self._previewer.want(self.name, draft.profile)
            self.profile.show_checking()
        self._show_command()

    def _show_command(self) -> None:
        if self.detail is None:
            return
        if self.draft_is_changed and not self.profile.form.draft.errors and self._preview is not None:
            changed = flags_that_differ(self.detail.flags, self._preview.flags)
            self.command.show_command(
                self._preview.command,
                self._preview.flags,
                changed=changed,
                is_pending=True,
                problems=self._preview.problems,
            )
        else:
            self.command.show_command(self.detail.command, self.detail.flags)

    @Slot(object)
    def _on_taken(self, stored: StoredProfile) -> None:
        self.profile.form.draft.put(stored.profile)
        self.profile.presets.show_name(plain(stored.name, 40))

    @Slot(str, dict)
    def _on_use(self, weights: str, settings: dict[str, Any]) -> None:
        if weights and weights != self.name:
            self.new_wanted.emit(weights, settings)
        elif self.profile.form.draft.merge(settings):
            self._scroll.ensureWidgetVisible(self.profile)
            self.profile.apply.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            hint = "Set them by hand in the launch profile."
            self._bridge.error_raised.emit(AppError("These settings are no launch profile", hint=hint))

    # ---- parts ---------------------------------------------------------------------------------------------

    def _live_tps(self) -> float | None:
        sample = self._store.sample
        if sample is None:
            return None
        return next((item.gen_tps for item in sample.servers if item.name == self.name), None)

    def _color(self) -> str:
        return self._theme.series_name(self._store.color_of(self.name))

    @Slot()
    def _on_stop(self) -> None:
        row = self._store.rows.get(self.name)
        if row is not None and row.state in {"stopped", "failed"}:
            self.start_wanted.emit(self.name)
        else:
            self.stop_wanted.emit(self.name)

    @Slot()
    def _on_restart(self) -> None:
        self.restart_wanted.emit(self.name, None)

    @Slot(str)
    def _on_copy(self, kind: str) -> None:
        self.copy_wanted.emit(self.name, kind)

    @Slot()
    def _on_shelf(self) -> None:
        self.profile.form.show_shelf(self._store.shelf)
        self.show_row()

    @Slot()
    def _on_gateway(self) -> None:
        self.head.show_gateway(self._store.gateway)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Memory and now stand beside each other where there is room."""
        super().resizeEvent(event)
        is_wide = self.width() >= _WIDE_PX
        way = QBoxLayout.Direction.LeftToRight if is_wide else QBoxLayout.Direction.TopToBottom
        if self._pair.direction() != way:
            self._pair.setDirection(way)

    def _connect(self) -> None:
        self._ask.answered.connect(self._on_detail)
        self._ask.failed.connect(self._on_failed)
        self._previewer.previewed.connect(self._on_previewed)
        self._previewer.failed.connect(self._on_preview_failed)
        self._store.rows_changed.connect(self.show_row)
        self._store.ticked.connect(self.ask)
        self._store.shelf_changed.connect(self._on_shelf)
        self._store.gateway_changed.connect(self._on_gateway)
        self.profile.form.draft.edited.connect(self._on_edited)
        self.profile.applied.connect(self.apply)
        self.profile.discarded.connect(self.discard)
        self.profile.presets_wanted.connect(self.open_presets)
        self.head.stop_wanted.connect(self._on_stop)
        self.head.restart_wanted.connect(self._on_restart)
        self.head.copy_wanted.connect(self._on_copy)
        self.head.door_wanted.connect(self.door_wanted)
        self.console.tune.use_wanted.connect(self._on_use)

    def _lay_out(self) -> None:
        content = QWidget()
        inner = QVBoxLayout(content)
        inner.setContentsMargins(0, 0, 6, 0)
        inner.setSpacing(8)
        self._pair = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._pair.setSpacing(8)
        self._pair.addWidget(self.parts, 2)
        self._pair.addWidget(self.now, 1)
        inner.addWidget(self.head)
        inner.addWidget(self.trouble)
        inner.addLayout(self._pair)
        inner.addWidget(self.profile)
        inner.addWidget(self.command)
        inner.addWidget(self.console, 1)
        self._scroll = make_scroll(content, "Server")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._scroll)
