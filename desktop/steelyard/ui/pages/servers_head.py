"""The head of the right side: who this server is, how to call it, what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout

from steelyard.ui.pages import servers_texts as t
from steelyard.ui.pages.servers_snippets import KINDS, snippet
from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.brief import Brief
from steelyard.ui.widgets.buttons import Segmented, make_button, make_icon_button
from steelyard.ui.widgets.cards import Card, Note
from steelyard.ui.widgets.labels import ElidedLabel, name_widget
from steelyard.ui.widgets.models_badge import Badge
from steelyard.ui.widgets.models_paint import Chip
from steelyard.ui.widgets.models_text import plain, sentence
from steelyard.ui.widgets.servers_code import CodeView, code_lines
from steelyard.ui.widgets.servers_slots import ColorDot

if TYPE_CHECKING:
    from steelyard.core.values.servers import Banner, GatewayRow, ServerRow
    from steelyard.ui.theme.theme import Theme

_BAD = {"memory_pressure", "throttled"}
_CLOSED_URL = "http://127.0.0.1:PORT/v1"


class ServerHead(Card):
    """Title line, snippet, banners."""

    restart_wanted = Signal()
    stop_wanted = Signal()
    """Stop it, or start it again when it has ended."""
    copy_wanted = Signal(str)
    """What to copy: sdk, curl, env."""
    door_wanted = Signal()
    """The keys and the port of the door for other programs."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._theme = theme
        self._row: ServerRow | None = None
        self._gateway: GatewayRow | None = None
        self._banners: list[Banner] | None = None
        self.column.setContentsMargins(16, 12, 16, 12)
        self.column.setSpacing(10)
        self._dot = ColorDot(theme)
        self.title = ElidedLabel(theme, "", px=20, weight=600, cut=Qt.TextElideMode.ElideRight)
        self._quant = Badge(theme)
        self._state = Badge(theme)
        self._facts = ElidedLabel(theme, "", "muted", px=12, cut=Qt.TextElideMode.ElideRight)
        self.restart = make_button(theme, "Restart", icon="rotate-cw")
        self.stop = make_button(theme, "Stop", "danger", icon="square")
        self.kinds = Segmented(theme, "Snippet", KINDS)
        self.copy = make_icon_button(theme, "copy", "Copy the snippet")
        self.door = make_button(theme, "Keys", icon="key-round", tooltip="Keys and port for other programs")
        self.code = CodeView(theme, "How to call this server", most_lines=6)
        self._copied = Brief(self, self._show_copied)
        self.notes: list[Note] = []
        self._notes = QVBoxLayout()
        self._notes.setSpacing(6)
        self._lay_out()
        self.kinds.chosen.connect(self._show_snippet)
        self.copy.clicked.connect(self._on_copy)
        self.restart.clicked.connect(self.restart_wanted)
        self.stop.clicked.connect(self.stop_wanted)
        self.door.clicked.connect(self.door_wanted)

    def show_row(self, row: ServerRow, title: str, quant: str, color: str) -> None:
        """Show who it is."""
        is_other = self._row is None or self._row.name != row.name
        self._row = row
        self._dot.show_color(color)
        if self.title.text() != title:
            self.title.setText(title)
        self._quant.show_chip(Chip(quant, is_mono=True))
        self._state.show_chip(t.state_chip(row), plain(row.ended or row.error or ""))
        facts = _facts(row)
        if self._facts.text() != facts:
            self._facts.setText(facts)
        is_running = row.state in {"ready", "loading", "starting", "waiting"}
        self.stop.setText("Stop" if is_running else "Start")
        self._theme.bind_icon(
            self.stop, "square" if is_running else "play", "bad" if is_running else "text2", gap=4
        )
        set_role(self.stop, "danger" if is_running else "secondary")
        name_widget(self.stop, self.stop.text(), f"{self.stop.text()} this server (Ctrl+Shift+S)")
        self.stop.setEnabled(row.state != "stopping")
        self.restart.setEnabled(row.state in {"ready", "failed"})
        self._show_banners(row.banners)
        if is_other:
            self._show_snippet()

    def show_gateway(self, gateway: GatewayRow | None) -> None:
        """Whether other programs can come in, and where."""
        if gateway != self._gateway:
            self._gateway = gateway
            self._show_snippet()

    def text_of(self, kind: str) -> str:
        """The snippet of a kind; empty while nothing can be called."""
        url = self._gateway.base_url if self._gateway is not None else None
        if self._row is None or url is None:
            return ""
        return snippet(kind, url, self._row.name)  # type: ignore[arg-type]  # the keys of KINDS

    def say_copied(self) -> None:
        """It is on the clipboard."""
        self._copied.start("Copied")

    # ---- parts ---------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._dot)
        self.title.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        head.addWidget(self.title, 100)
        head.addWidget(self._quant)
        head.addWidget(self._state)
        head.addStretch(1)
        head.addWidget(self.restart)
        head.addWidget(self.stop)
        tools = QHBoxLayout()
        tools.setSpacing(6)
        tools.addWidget(self._facts, 1)
        tools.addWidget(self.kinds)
        tools.addWidget(self.door)
        tools.addWidget(self.copy)
        self.column.addLayout(head)
        self.column.addLayout(self._notes)
        self.column.addLayout(tools)
        self.column.addWidget(self.code)

    @Slot()
    def _show_snippet(self) -> None:
        if self._row is None:
            return
        url = self._gateway.base_url if self._gateway is not None else None
        text = snippet(self.kinds.value, url or _CLOSED_URL, self._row.name)  # type: ignore[arg-type]
        self.code.show_lines(code_lines(text))
        problem = self._gateway.problem if self._gateway is not None else ""
        if url:
            tip = f"Open on {url}, 127.0.0.1 only, with a key for each client"
            self.door.setText("Keys")
        else:
            tip = plain(problem) or "Closed: copying a snippet opens it on 127.0.0.1"
            self.door.setText("Door closed")
        name_widget(self.door, self.door.text(), tip)

    def _show_banners(self, banners: list[Banner]) -> None:
        if banners == self._banners:
            return
        self._banners = banners
        while len(self.notes) < len(banners):
            self.notes.append(Note(self._theme, "warn"))
            self._notes.addWidget(self.notes[-1])
        for at, note in enumerate(self.notes):
            banner = banners[at] if at < len(banners) else None
            text = f"{sentence(banner.text)} {plain(banner.hint)}".strip() if banner is not None else ""
            note.show_text(text, "bad" if banner is not None and banner.code in _BAD else "warn")

    @Slot()
    def _on_copy(self) -> None:
        self.copy_wanted.emit(self.kinds.value)

    def _show_copied(self, what: str) -> None:
        icon = "check" if what else "copy"
        self._theme.bind_icon(self.copy, icon, "good" if what else "text2", 16)
        self.copy.setToolTip(what or "Copy the snippet (Ctrl+Shift+C)")


def _facts(row: ServerRow) -> str:
    parts = [f"pid {row.pid}"] if row.pid is not None else []
    if row.backend or row.build:
        parts.append(f"{t.backend_name(row.backend)} {plain(row.build, 30)}".strip())
    if row.restarts:
        parts.append(f"{row.restarts} restarts" if row.restarts > 1 else "1 restart")
    return "  ·  ".join(parts)
