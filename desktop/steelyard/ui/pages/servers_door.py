"""The door for other programs: open or closed, and a key for each client, shown once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from steelyard.core.values import commands as c
from steelyard.ui.pages.servers_snippets import KEY_VARIABLE
from steelyard.ui.pages.servers_texts import clock_time
from steelyard.ui.widgets.brief import Brief
from steelyard.ui.widgets.buttons import make_button, make_icon_button
from steelyard.ui.widgets.cards import Note
from steelyard.ui.widgets.compare_popup import Popup
from steelyard.ui.widgets.labels import ElidedLabel, make_label, make_line, name_widget
from steelyard.ui.widgets.models_text import counted, plain
from steelyard.ui.widgets.models_value import ValueText

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.servers import GatewayKey, GatewayRow
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme

_WIDTH_PX = 420
_ABOUT = (
    "An OpenAI-compatible address on 127.0.0.1 for your other programs. Each client has a key of its own, "
    f"which the copied snippets read from {KEY_VARIABLE}."
)


class DoorPopup(Popup):
    """Opens at the Keys button."""

    def __init__(self, theme: Theme, bridge: Bridge, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self._bridge = bridge
        self._gateway: GatewayRow | None = None
        self._key = ""
        self.setFixedWidth(_WIDTH_PX)
        self._state = ElidedLabel(theme, "", px=13, weight=600)
        self.toggle = make_button(theme, "Open")
        self._trouble = Note(theme, "bad")
        self._keys = QVBoxLayout()
        self._keys.setSpacing(4)
        self._rows: list[_KeyLine] = []
        self.name = QLineEdit()
        self.name.setPlaceholderText("Name of the client, such as editor")
        self.name.setMaxLength(64)
        name_widget(self.name, "Name of the client")
        self.add = make_button(theme, "Add key", icon="plus")
        self._once = QWidget()
        self._value = ValueText(theme, "New key")
        self.copy = make_icon_button(theme, "copy", "Copy the new key")
        self._copied = Brief(self, self._show_copied)
        self._lay_out()
        self._once.hide()
        self.toggle.clicked.connect(self._on_toggle)
        self.add.clicked.connect(self._on_add)
        self.name.returnPressed.connect(self._on_add)
        self.copy.clicked.connect(self._on_copy)
        self.closed.connect(self._forget_key)

    @property
    def new_key(self) -> str:
        """The key that is shown; empty when none is."""
        return self._key

    def show_gateway(self, gateway: GatewayRow | None) -> None:
        """Show whether it is open, and for whom."""
        if gateway == self._gateway and gateway is not None:
            return
        self._gateway = gateway
        is_open = gateway is not None and gateway.base_url is not None
        self._state.setText(gateway.base_url if gateway is not None and gateway.base_url else "Closed")
        text = "Close" if is_open else "Open"
        self.toggle.setText(text)
        name_widget(self.toggle, f"{text} the door for other programs")
        self._trouble.show_text(plain(gateway.problem) if gateway is not None else "")
        for row in self._rows:
            self._keys.removeWidget(row)
            row.deleteLater()
        keys = gateway.keys if gateway is not None else []
        self._rows = [_KeyLine(self._theme, self, key) for key in keys]
        for row in self._rows:
            self._keys.addWidget(row)
        self.adjustSize()

    def revoke(self, name: str) -> None:
        """Let a client in no more."""
        self._bridge.run(c.RevokeGatewayKey(name=name), self._on_changed, self._on_failed)

    # ---- parts ---------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        theme = self._theme
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._state, 1)
        head.addWidget(self.toggle)
        once = QHBoxLayout(self._once)
        once.setContentsMargins(0, 0, 0, 0)
        once.addWidget(self._value, 1)
        once.addWidget(self.copy)
        adding = QHBoxLayout()
        adding.setSpacing(8)
        adding.addWidget(self.name, 1)
        adding.addWidget(self.add)
        self.column.addWidget(make_label(theme, "Door for other programs", px=12, weight=600))
        self.column.addWidget(make_label(theme, _ABOUT, "muted", px=12, wrap=True))
        self.column.addLayout(head)
        self.column.addWidget(self._trouble)
        self.column.addWidget(make_line())
        self.column.addLayout(self._keys)
        self.column.addWidget(self._once)
        self.column.addLayout(adding)

    @Slot()
    def _on_toggle(self) -> None:
        is_open = self._gateway is not None and self._gateway.base_url is not None
        command = c.CloseGateway() if is_open else c.OpenGateway()
        self._bridge.run(command, self._on_changed, self._on_failed)

    @Slot()
    def _on_add(self) -> None:
        name = self.name.text().strip()
        if name:
            self._bridge.run(c.AddGatewayKey(name=name), self._on_key, self._on_failed)

    def _on_key(self, key: str) -> None:
        self._key = key
        self.name.clear()
        self._value.set_value(key, is_mono=True)
        self._once.show()
        self.copy.setToolTip("Copy it now: it is shown this once, and kept as a hash only")
        self._bridge.run(c.ReadGateway(), self.show_gateway)
        self.adjustSize()
        self.copy.setFocus()

    def _on_changed(self, _answer: object) -> None:
        self._bridge.run(c.ReadGateway(), self.show_gateway)

    def _on_failed(self, error: AppError) -> None:
        self._trouble.show_text(error.one_line())
        self.adjustSize()

    @Slot()
    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self._key)
        self._copied.start("Copied")

    def _show_copied(self, what: str) -> None:
        self._theme.bind_icon(self.copy, "check" if what else "copy", "good" if what else "text2", 16)

    @Slot()
    def _forget_key(self) -> None:
        self._key = ""
        self._value.set_value("")
        self._once.hide()


class _KeyLine(QWidget):
    def __init__(self, theme: Theme, popup: DoorPopup, key: GatewayKey) -> None:
        super().__init__()
        self._popup = popup
        self._name = key.name
        used = f"last {clock_time(key.last_used_at)}" if key.last_used_at else "never used"
        about = f"{counted(key.requests, 'request')}, {used}"
        remove = make_icon_button(theme, "trash-2", f"Revoke the key of {plain(key.name, 40)}")
        remove.clicked.connect(self._on_remove)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(ElidedLabel(theme, plain(key.name, 64), px=12, weight=500), 1)
        row.addWidget(make_label(theme, about, "muted", px=12, tabular=True))
        row.addWidget(remove)

    @Slot()
    def _on_remove(self) -> None:
        self._popup.revoke(self._name)
