"""The lower right: log, bench and tune of a server behind three tabs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QSizePolicy, QWidget

from steelyard.ui.pages.servers_bench import BenchPane
from steelyard.ui.pages.servers_log import LogPane
from steelyard.ui.pages.servers_tune import TunePane
from steelyard.ui.widgets.buttons import Segmented
from steelyard.ui.widgets.cards import Card, Switcher
from steelyard.ui.widgets.labels import ElidedLabel, name_widget

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from steelyard.core.values.profiles import LaunchProfile
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme

TABS = (("log", "Log"), ("bench", "Bench"), ("tune", "Tune"))
_LEAST_PX = 230
_WIDE_PX = 660


class Console(Card):
    """One of three at a time; what runs in a hidden one goes on."""

    def __init__(self, theme: Theme, bridge: Bridge) -> None:
        super().__init__(theme)
        self.column.setContentsMargins(16, 10, 16, 12)
        self.column.setSpacing(8)
        self.tabs = Segmented(theme, "Console", TABS)
        for at, (key, text) in enumerate(TABS):
            name_widget(self.tabs.button(key), f"Console: {text}", f"{text} (Alt+{at + 1})")
        self._said = ElidedLabel(theme, "", "muted", px=12, cut=Qt.TextElideMode.ElideRight)
        self.log = LogPane(theme, bridge)
        self.bench = BenchPane(theme, bridge)
        self.tune = TunePane(theme, bridge)
        self._switch = Switcher(self.log, self.bench, self.tune)
        names = QWidget()
        line = QHBoxLayout(names)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(10)
        self._said.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        line.addWidget(self.tabs)
        line.addWidget(self._said)
        line.addStretch(1)
        self._head = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._head.setSpacing(8)
        self._head.addWidget(names)
        self._head.addWidget(self.log.tools, 1)
        self.column.addLayout(self._head)
        self.column.addWidget(self._switch, 1)
        self.setMinimumHeight(_LEAST_PX)
        self.tabs.chosen.connect(self.show_tab)
        self.log.said.connect(self._on_said)

    def show_server(self, name: str, profile: LaunchProfile) -> None:
        """Another server, or another profile of it."""
        self.log.show_server(name)
        self.bench.show_target(name, profile)
        self.tune.show_target(name)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The log's tools stand below the tabs where there is no room beside them."""
        super().resizeEvent(event)
        is_wide = self.width() >= _WIDE_PX
        way = QBoxLayout.Direction.LeftToRight if is_wide else QBoxLayout.Direction.TopToBottom
        if self._head.direction() != way:
            self._head.setDirection(way)

    @Slot(str)
    def show_tab(self, key: str) -> None:
        """Show log, bench or tune."""
        self.tabs.set_value(key)
        self._switch.show_at([name for name, _ in TABS].index(key))
        for widget in (self._said, self.log.tools):
            widget.setVisible(key == "log")

    @Slot(str)
    def _on_said(self, text: str) -> None:
        self._said.setText(text)
