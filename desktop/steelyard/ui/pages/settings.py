"""The settings page: sections at the left, the chosen one at the right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from steelyard.core.values.events import EngineChanged, SettingsChanged
from steelyard.ui.pages.settings_alerts import AlertsSection
from steelyard.ui.pages.settings_hub import HubSection
from steelyard.ui.pages.settings_list import SECTIONS
from steelyard.ui.pages.settings_look import LookSection
from steelyard.ui.pages.settings_numbers import EnergySection, ServersSection
from steelyard.ui.pages.settings_store import SettingsStore
from steelyard.ui.pages.settings_targets import TargetsSection
from steelyard.ui.widgets.cards import make_scroll
from steelyard.ui.widgets.labels import make_label, name_widget

if TYPE_CHECKING:
    from PySide6.QtGui import QShowEvent

    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme

_SECTIONS_PX = 200
_CONTENT_MAX_PX = 860


class SettingsPage(QWidget):
    """Everything that is set once. Each section saves by itself and says so in place."""

    def __init__(self, theme: Theme, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._bridge = bridge
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Settings")
        self.title_widget = make_label(theme, "Keys go in, and are never shown again", "muted", px=12)
        self.store = SettingsStore(bridge, self)
        self.targets = TargetsSection(theme, bridge)
        self.servers = ServersSection(theme, self.store)
        self.energy = EnergySection(theme, self.store)
        self.alerts = AlertsSection(theme, self.store)
        self.hub = HubSection(theme, bridge, self.store)
        self.look = LookSection(theme, self.store)
        self._stack = QStackedWidget()
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QToolButton] = {}
        self._lay_out()
        self._group.idToggled.connect(self._on_section_toggled)
        bridge.event_arrived.connect(self._on_event)

    @property
    def section(self) -> str:
        """The section that is shown."""
        return SECTIONS[self._stack.currentIndex()][0]

    def open_section(self, name: str) -> None:
        """Show a section: targets, servers, energy, alerts, hub or appearance."""
        had_focus = self._buttons[self.section].hasFocus()
        self._buttons[name].setChecked(True)
        if had_focus:
            self._buttons[name].setFocus()

    @Slot()
    def show_add_target(self) -> None:
        """Open the form for a new API target."""
        self.open_section("targets")
        self.targets.show_add()

    def focus_first(self) -> None:
        """The list of sections has the focus first."""
        self._buttons[self.section].setFocus()

    def showEvent(self, event: QShowEvent) -> None:
        """Read everything afresh; others may have changed it."""
        super().showEvent(event)
        self._load()

    def _load(self) -> None:
        self.store.load()
        self.targets.load()
        self.hub.load()

    def _lay_out(self) -> None:
        sections = {
            "targets": self.targets,
            "servers": self.servers,
            "energy": self.energy,
            "alerts": self.alerts,
            "hub": self.hub,
            "appearance": self.look,
        }
        side = QVBoxLayout()
        side.setSpacing(2)
        for at, (name, title, icon) in enumerate(SECTIONS):
            side.addWidget(self._make_button(at, name, title, icon))
            sections[name].setMaximumWidth(_CONTENT_MAX_PX)
            self._stack.addWidget(_scrolled(sections[name], title))
        side.addStretch(1)
        self._buttons["targets"].setChecked(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 12, 8, 0)
        row.setSpacing(24)
        row.addLayout(side)
        row.addWidget(self._stack, 1)

    def _make_button(self, at: int, name: str, title: str, icon: str) -> QToolButton:
        button = self._buttons[name] = QToolButton()
        button.setProperty("role", "section")
        button.setText(f"  {title}")
        button.setFont(self._theme.font(13, 500))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setIconSize(QSize(16, 16))
        button.setCheckable(True)
        button.setFixedWidth(_SECTIONS_PX)
        button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        name_widget(button, title)
        self._theme.bind_icon(button, icon, on_color="accent")
        self._group.addButton(button, at)
        return button

    @Slot(int, bool)
    def _on_section_toggled(self, at: int, is_on: bool) -> None:
        if is_on:
            self._stack.setCurrentIndex(at)

    @Slot(object)
    def _on_event(self, event: object) -> None:
        is_ready = isinstance(event, EngineChanged) and event.state == "ready"
        if (is_ready or isinstance(event, SettingsChanged)) and self.isVisible():
            self._load()


def _scrolled(section: QWidget, name: str) -> QWidget:
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(section, 1)
    row.addStretch(0)
    return make_scroll(holder, name)
