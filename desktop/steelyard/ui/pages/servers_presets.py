"""Stored profiles: take one into the form, or keep what the form says under a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from steelyard.core.values import commands as c
from steelyard.core.values.profiles import LaunchProfile, StoredProfile
from steelyard.ui.pages.latest import Latest
from steelyard.ui.widgets.buttons import make_button, make_icon_button
from steelyard.ui.widgets.cards import Note, make_scroll
from steelyard.ui.widgets.compare_buttons import Part, PartsButton
from steelyard.ui.widgets.compare_popup import Popup
from steelyard.ui.widgets.labels import make_label, make_line, name_widget
from steelyard.ui.widgets.models_menu_chip import ToggleChip
from steelyard.ui.widgets.models_text import plain

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme

_WIDTH_PX = 400
_ORIGINS = {"shipped": "shipped", "user": "yours", "tune": "by Tune"}
_ORDER = ("user", "tune", "shipped")


class PresetsPopup(Popup):
    """A list of profiles, and below it a name to save under."""

    taken = Signal(object)
    """The user wants this `StoredProfile` in the form."""

    def __init__(self, theme: Theme, bridge: Bridge, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self._bridge = bridge
        self._target = ""
        self._profile = LaunchProfile()
        self.setFixedWidth(_WIDTH_PX)
        self._ask = Latest(bridge, self)
        self._ask.answered.connect(self._on_listed)
        self._ask.failed.connect(self._on_failed)
        self.rows: list[_ProfileLine] = []
        self._list = QVBoxLayout()
        self._list.setContentsMargins(0, 0, 6, 0)
        self._list.setSpacing(2)
        self._nothing = make_label(theme, "Reading the profiles…", "muted", px=12)
        self._trouble = Note(theme, "bad")
        self.name = QLineEdit()
        self.name.setMaxLength(80)
        self.name.setPlaceholderText("Save as…")
        name_widget(self.name, "Name of the profile", "Keep what the form says under this name (Ctrl+S)")
        self.only_these = ToggleChip(theme, "These weights only", "Offer it for these weights and no others")
        self.only_these.setChecked(True)
        self.save = make_button(theme, "Save", icon="save")
        self._lay_out()
        self.save.clicked.connect(self._on_save)
        self.name.returnPressed.connect(self._on_save)

    def open_for(
        self, target: str, profile: LaunchProfile, anchor: QWidget, *, to_save: bool = False
    ) -> None:
        """Show the profiles for these weights; `profile` is what Save keeps."""
        self._target, self._profile = target, profile
        self._trouble.show_text("")
        self._ask.ask(c.ListProfiles(target=target or None))
        self.open_at(anchor)
        if to_save:
            self.name.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def remove(self, name: str) -> None:
        """Delete a profile of the user's."""
        self._bridge.run(c.RemoveProfile(name=name), self._on_changed, self._on_failed)

    def take(self, stored: StoredProfile) -> None:
        """Put it into the form."""
        self.taken.emit(stored)
        self.close()

    # ---- parts ---------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        content = QWidget()
        inner = QVBoxLayout(content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addLayout(self._list)
        inner.addStretch(1)
        self._scroll = make_scroll(content, "Profiles")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.name, 1)
        row.addWidget(self.only_these)
        row.addWidget(self.save)
        self.column.addWidget(make_label(self._theme, "Launch profiles", px=12, weight=600))
        self.column.addWidget(self._nothing)
        self.column.addWidget(self._scroll)
        self.column.addWidget(self._trouble)
        self.column.addWidget(make_line())
        self.column.addLayout(row)
        self._scroll.hide()

    @Slot(object)
    def _on_listed(self, profiles: list[StoredProfile]) -> None:
        for row in self.rows:
            self._list.removeWidget(row)
            row.deleteLater()
        ranked = sorted(profiles, key=lambda item: (_ORDER.index(item.origin), item.name))
        self.rows = [_ProfileLine(self._theme, self, item) for item in ranked]
        for row in self.rows:
            self._list.addWidget(row)
        self._nothing.setText("None is stored for these weights yet.")
        self._nothing.setVisible(not self.rows)
        self._scroll.setVisible(bool(self.rows))
        self._scroll.setFixedHeight(min(260, 46 * len(self.rows) + 4))
        self.adjustSize()

    @Slot()
    def _on_save(self) -> None:
        name = self.name.text().strip()
        if not name:
            self.name.setFocus()
            return
        weights = self._target if self.only_these.isChecked() and self._target else None
        stored = StoredProfile(name=name, profile=self._profile, origin="user", weights=weights)
        self._bridge.run(c.SaveProfile(profile=stored), self._on_saved, self._on_failed)

    def _on_saved(self, stored: StoredProfile) -> None:
        self.name.clear()
        self._trouble.show_text("")
        self._nothing.setText(f"Saved as {plain(stored.name, 60)}.")
        self._on_changed(stored)

    def _on_changed(self, _answer: object) -> None:
        self._ask.ask(c.ListProfiles(target=self._target or None))

    @Slot(object)
    def _on_failed(self, error: AppError) -> None:
        self._nothing.hide()
        self._trouble.show_text(error.one_line())
        self.adjustSize()


class PresetChip(PartsButton):
    """The name of the stored profile that a form came from; opens the popup."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "chip")
        self.show_name("defaults")

    def show_name(self, name: str) -> None:
        """Another profile."""
        if name != self.shown_text:
            self.show_parts([Part(name, "text2", 500, 12)], icon="chevron-down", icon_color="text3")
            name_widget(
                self, f"Stored profiles, now {name}", "Take a stored profile, or save this one (Ctrl+O)"
            )


class _ProfileLine(QWidget):
    """A profile as a button; one of the user's can be deleted."""

    def __init__(self, theme: Theme, popup: PresetsPopup, stored: StoredProfile) -> None:
        super().__init__()
        self._popup = popup
        self._stored = stored
        name = plain(stored.name, 44)
        self.button = PartsButton(theme, "ghost")
        origin = Part(_ORIGINS[stored.origin], "text3", 400, 11)
        self.button.show_parts([Part(name, "bad" if stored.problem else "text", 500, 13), origin])
        self.button.setEnabled(not stored.problem)
        self.button.clicked.connect(self._on_taken)
        about = plain(stored.problem or stored.about, 300)
        name_widget(self.button, f"{name}, {_ORIGINS[stored.origin]}", about or f"Put {name} into the form")
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(self.button)
        line.addStretch(1)
        if stored.origin != "shipped":
            remove = make_icon_button(theme, "trash-2", f"Delete the profile {name}")
            remove.clicked.connect(self._on_remove)
            line.addWidget(remove)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(line)
        if about:
            text = make_label(theme, about, "error" if stored.problem else "muted", px=11, wrap=True)
            text.setContentsMargins(13, 0, 0, 4)
            column.addWidget(text)

    @Slot()
    def _on_taken(self) -> None:
        self._popup.take(self._stored)

    @Slot()
    def _on_remove(self) -> None:
        self._popup.remove(self._stored.name)
