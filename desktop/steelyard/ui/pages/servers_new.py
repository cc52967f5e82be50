"""A new server: which weights, with which profile, whether they fit, and what would have to go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import QSortFilterProxyModel, Qt, Signal, Slot
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QListView, QVBoxLayout, QWidget

from steelyard.core.values.profiles import LaunchProfile
from steelyard.ui.pages import servers_texts as t
from steelyard.ui.pages.models_verdicts import bar_of, verdict_chip
from steelyard.ui.pages.servers_command import CommandCard
from steelyard.ui.pages.servers_presets import PresetChip, PresetsPopup
from steelyard.ui.pages.servers_preview import Previewer
from steelyard.ui.pages.servers_profile import ProfileForm
from steelyard.ui.widgets.buttons import make_button, make_icon_button
from steelyard.ui.widgets.cards import Card, Note, make_scroll
from steelyard.ui.widgets.facts_format import file_size
from steelyard.ui.widgets.labels import ElidedLabel, make_label, name_widget
from steelyard.ui.widgets.models_badge import Badge
from steelyard.ui.widgets.models_fit_bar import FitBar
from steelyard.ui.widgets.models_paint import Chip
from steelyard.ui.widgets.models_text import plain, sentence

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.profiles import LaunchPreview, StoredProfile
    from steelyard.core.values.servers import RoomPlan
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.servers_stores import ServersStore
    from steelyard.ui.theme.theme import Theme

_LIST_PX = 170
_NOTHING = (
    "There are no weights on this machine yet. The Models page (Ctrl+2) downloads some or adds a folder."
)


class NewServerView(QWidget):
    """Weights at the top, the profile below, the verdict between."""

    start_wanted = Signal(str, object, bool)
    """Weights, profile (None: the last one that was used), whether room is to be made."""
    closed = Signal()

    def __init__(self, theme: Theme, bridge: Bridge, store: ServersStore) -> None:
        super().__init__()
        self._theme = theme
        self._bridge = bridge
        self._store = store
        self._target = ""
        self._plan: RoomPlan | None = None
        self._problems: list[str] = []
        self._presets: PresetsPopup | None = None
        self._previewer = Previewer(bridge, self, with_room=True)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Weights on this machine")
        name_widget(self.search, "Search weights on this machine", "Type a part of a name, Down to the list")
        self._model = QStandardItemModel(self)
        self._proxy = QSortFilterProxyModel(self)
        self._proxy.setSourceModel(self._model)
        self._proxy.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.list = QListView()
        self.list.setModel(self._proxy)
        self.list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.list.setUniformItemSizes(True)
        self.list.setFixedHeight(_LIST_PX)
        name_widget(self.list, "Weights on this machine")
        self.title = ElidedLabel(theme, "Choose weights", px=15, weight=600)
        self.verdict = Badge(theme)
        self.reason = make_label(theme, "", "prose", px=12, wrap=True)
        self.bar = FitBar(theme)
        self.room = Note(theme, "info")
        self.trouble = Note(theme, "bad")
        self._nothing = Note(theme, "info")
        self.form = ProfileForm(theme)
        self.presets = PresetChip(theme)
        self.start = make_button(theme, "Start", "primary", icon="play")
        self.close_button = make_icon_button(theme, "x", "Close", tooltip="Back to the server (Esc)")
        self.command = CommandCard(theme)
        self._lay_out()
        self._connect()
        self._show_start()

    @property
    def target(self) -> str:
        """The weights that are chosen."""
        return self._target

    def open(self, target: str = "", profile: LaunchProfile | None = None) -> None:
        """Begin anew, with these weights chosen if there are any."""
        self.show_shelf()
        self.form.draft.set_base(LaunchProfile())
        if profile is not None:
            self.form.draft.put(profile)
        self.presets.show_name("defaults" if profile is None else "changed")
        self.search.clear()
        self.trouble.show_text("")
        if target:
            self.choose(target)
        elif not self._target and self._model.rowCount():
            self.choose(str(self._model.item(0).data()))
        elif self._target:
            self._ask(now=True)

    def open_with(self, target: str, settings: dict[str, Any]) -> None:
        """Begin with settings of a tune."""
        self.open(target)
        self.form.draft.merge(settings)

    def focus_first(self) -> None:
        """Put the keyboard into the search box."""
        self.search.setFocus(Qt.FocusReason.OtherFocusReason)

    def choose(self, target: str) -> None:
        """Choose weights by name."""
        for at in range(self._model.rowCount()):
            if self._model.item(at).data() == target:
                index = self._proxy.mapFromSource(self._model.index(at, 0))
                self.list.setCurrentIndex(index)
                return
        self._take(target)

    @Slot()
    def show_shelf(self) -> None:
        """Offer what lies on this machine."""
        rows = self._store.shelf.weights
        names = [row.name for row in rows]
        has_none = self._store.is_shelf_read and not rows
        self._nothing.show_text(_NOTHING if has_none else "")
        if names == [self._model.item(at).data() for at in range(self._model.rowCount())]:
            return
        chosen = self._target
        self._model.clear()
        for row in rows:
            title, quant = t.split_name(row.path or row.name, row.quant)
            text = f"{title}   {quant}   {file_size(row.size_bytes)}"
            item = QStandardItem(text)
            item.setData(row.name)
            item.setToolTip(plain(row.name, 200))
            if row.missing_parts:
                item.setEnabled(False)
                item.setToolTip("Parts of these weights are missing")
            self._model.appendRow(item)
        self.list.setFixedHeight(min(_LIST_PX, 26 * max(2, len(rows)) + 12))
        self.form.show_shelf(self._store.shelf)
        if chosen in names:
            self.choose(chosen)

    @Slot()
    def press_start(self) -> None:
        """Do what the button says."""
        if self.start.isEnabled():
            profile = self.form.draft.profile
            is_default = profile == LaunchProfile()
            makes_room = self._plan is not None and not self._plan.fits and bool(self._plan.evict)
            self.start_wanted.emit(self._target, None if is_default else profile, makes_room)

    @Slot()
    def shrink(self) -> None:
        """Half the context, and the keyboard in its field."""
        draft = self.form.draft
        now = draft.profile.context_tokens or 8192
        draft.put(msgspec.structs.replace(draft.profile, context_tokens=max(256, now // 2)))
        control = self.form.boxes["context_tokens"].control
        control.setFocus(Qt.FocusReason.OtherFocusReason)

    # ---- answers -------------------------------------------------------------------------------------------

    @Slot(object)
    def _on_previewed(self, preview: LaunchPreview) -> None:
        self._problems = preview.problems
        self.form.show_preview(preview)
        self.command.show_command(preview.command, preview.flags, problems=preview.problems)
        self.command.show()
        fit = preview.fit
        if fit is None:
            self.verdict.show_chip(Chip("Fit unknown"), "These weights could not be projected.")
            self.reason.setText("")
            self.bar.hide()
        else:
            self.verdict.show_chip(verdict_chip(fit))
            self.reason.setText(sentence(fit.reason))
            self.bar.show_data(bar_of(fit))
            self.bar.show()
        self._show_start()

    @Slot(object)
    def _on_planned(self, plan: RoomPlan) -> None:
        self._plan = plan
        named = self._store.named(plan)
        self.room.show_text("" if plan.fits else t.room_text(named), "info" if plan.evict else "warn")
        self._show_start()

    @Slot(object)
    def _on_failed(self, error: AppError) -> None:
        self.trouble.show_text(error.one_line())

    # ---- choosing ------------------------------------------------------------------------------------------

    def _take(self, target: str) -> None:
        self._target = target
        self._plan = None
        weights = self._store.weights_of(target)
        title, quant = t.split_name(weights.path if weights else target, weights.quant if weights else None)
        self.title.setText(f"{title}  {quant}".strip())
        self.trouble.show_text("")
        self._ask(now=True)
        self._show_start()

    def _ask(self, *, now: bool = False) -> None:
        if self._target and not self.form.draft.errors:
            self._previewer.want(self._target, self.form.draft.profile, now=now)

    def _show_start(self) -> None:
        plan = self._plan
        makes_room = plan is not None and not plan.fits and bool(plan.evict)
        text = "Make room and start" if makes_room else "Start"
        if text != self.start.text():
            self.start.setText(text)
        can = bool(self._target) and not self.form.draft.errors and not self._problems
        self.start.setEnabled(can)
        why = "Choose weights first" if not self._target else "The profile has a problem, see below"
        name_widget(self.start, text, f"{text} (Ctrl+Enter)" if can else why)

    @Slot()
    def _on_edited(self) -> None:
        self._ask()
        self._show_start()

    @Slot()
    def _on_current(self) -> None:
        name = self.list.currentIndex().data(Qt.ItemDataRole.UserRole + 1)
        if name and name != self._target:
            self._take(str(name))

    @Slot()
    def _on_presets(self) -> None:
        if self._presets is None:
            self._presets = PresetsPopup(self._theme, self._bridge, self)
            self._presets.taken.connect(self._on_taken)
        self._presets.open_for(self._target, self.form.draft.profile, self.presets)

    @Slot(object)
    def _on_taken(self, stored: StoredProfile) -> None:
        self.form.draft.put(stored.profile)
        self.presets.show_name(plain(stored.name, 40))

    # ---- parts ---------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        self.search.textChanged.connect(self._proxy.setFilterFixedString)
        self.list.selectionModel().currentChanged.connect(self._on_current)
        self.form.draft.edited.connect(self._on_edited)
        self._previewer.previewed.connect(self._on_previewed)
        self._previewer.planned.connect(self._on_planned)
        self._previewer.failed.connect(self._on_failed)
        self._store.shelf_changed.connect(self.show_shelf)
        self.start.clicked.connect(self.press_start)
        self.close_button.clicked.connect(self.closed)
        self.presets.clicked.connect(self._on_presets)

    def _lay_out(self) -> None:
        theme = self._theme
        pick = Card(theme, "New server")
        pick.column.setContentsMargins(16, 12, 16, 14)
        pick.column.setSpacing(8)
        pick.head.addWidget(self.close_button)
        pick.column.addWidget(self.search)
        pick.column.addWidget(self.list)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.title, 1)
        line.addWidget(self.verdict)
        line.addWidget(self.start)
        pick.column.addLayout(line)
        for widget in (self._nothing, self.trouble, self.reason, self.bar, self.room):
            pick.column.addWidget(widget)
        profile = Card(theme)
        profile.column.setContentsMargins(16, 10, 16, 12)
        profile.column.setSpacing(10)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(make_label(theme, "Launch profile", weight=600))
        head.addWidget(self.presets)
        head.addStretch(1)
        head.addWidget(self.form.more_button)
        profile.column.addLayout(head)
        profile.column.addWidget(self.form)
        content = QWidget()
        inner = QVBoxLayout(content)
        inner.setContentsMargins(0, 0, 6, 0)
        inner.setSpacing(8)
        for card in (pick, profile, self.command):
            inner.addWidget(card)
        inner.addStretch(1)
        self.bar.hide()
        self.command.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(make_scroll(content, "New server"))
