"""Everything that is kept of one request, in a sheet over the right side of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from steelyard.core.values.commands import InspectRun
from steelyard.ui.pages import monitor_inspection as said
from steelyard.ui.pages.latest import Latest
from steelyard.ui.pages.monitor_requests import local_time
from steelyard.ui.widgets.brief import Brief
from steelyard.ui.widgets.buttons import make_button, make_icon_button
from steelyard.ui.widgets.cards import Note, make_scroll
from steelyard.ui.widgets.facts_format import DASH
from steelyard.ui.widgets.labels import ElidedLabel, make_label, make_line
from steelyard.ui.widgets.models_text import sentence
from steelyard.ui.widgets.monitor_power_curve import PowerCurve
from steelyard.ui.widgets.monitor_waterfall import Phase, Waterfall

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.telemetry import Inspection
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme

WIDTH_PX = 620
_TEXT_PX = 150
_FACT_COLUMNS = 3
_NO_POWER = "No power was measured during this request."


class Inspector(QFrame):
    """Hidden until a request is opened; Escape closes it."""

    closed = Signal()
    """The keyboard goes back to where it came from."""

    def __init__(self, theme: Theme, bridge: Bridge, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.inspection: Inspection | None = None
        self.setProperty("role", "popup")
        self.setAccessibleName("Inspector of a request")
        self.title = ElidedLabel(theme, "", px=15, weight=600)
        self.when = make_label(theme, "", "muted", px=12, tabular=True)
        self.copy_button = make_button(theme, "Copy as JSON", icon="braces")
        self.close_button = make_icon_button(theme, "x", "Close the inspector", tooltip="Close (Esc)")
        self.problem = Note(theme, "bad")
        self.facts = QGridLayout()
        self.waterfall = Waterfall(theme)
        self.power = PowerCurve(theme)
        self.no_power = make_label(theme, _NO_POWER, "muted", px=12, wrap=True)
        self.samplers = make_label(theme, "", "prose", px=12, mono=True, wrap=True)
        self.texts: dict[str, QPlainTextEdit] = {}
        self._heads: dict[str, QLabel] = {}
        self._lay_out()
        self._latest = Latest(bridge, self)
        self._latest.answered.connect(self._on_read)
        self._latest.failed.connect(self._on_failed)
        self._brief = Brief(self, self._on_brief)
        self.copy_button.clicked.connect(self.copy_json)
        self.close_button.clicked.connect(self.leave)
        self.hide()

    def open_run(self, run_id: str) -> None:
        """Read a request and show it."""
        self._latest.ask(InspectRun(run_id=run_id))
        self.problem.show_text("")
        self.show()
        self.raise_()
        self.close_button.setFocus()

    @Slot()
    def copy_json(self) -> None:
        """Everything that is kept, on the clipboard."""
        if self.inspection is not None:
            QGuiApplication.clipboard().setText(said.as_json(self.inspection))
            self._brief.start("Copied")

    @Slot()
    def leave(self) -> None:
        """Close."""
        self._latest.drop()
        self.hide()
        self.closed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape closes."""
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        else:
            super().keyPressEvent(event)

    # ---- parts ---------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        theme = self._theme
        head = QHBoxLayout()
        head.setContentsMargins(16, 10, 10, 8)
        head.setSpacing(8)
        head.addWidget(self.title, 1)
        head.addWidget(self.when)
        head.addWidget(self.copy_button)
        head.addWidget(self.close_button)
        body = QWidget()
        inside = QVBoxLayout(body)
        inside.setContentsMargins(16, 10, 16, 16)
        inside.setSpacing(8)
        inside.addWidget(self.problem)
        self.facts.setHorizontalSpacing(16)
        self.facts.setVerticalSpacing(10)
        for column_at in range(_FACT_COLUMNS):
            self.facts.setColumnStretch(column_at, 1)
        inside.addLayout(self.facts)
        for title, widgets in (
            ("Phases", [self.waterfall]),
            ("Power", [self.power, self.no_power]),
            ("Samplers, in order", [self.samplers]),
        ):
            inside.addSpacing(6)
            inside.addWidget(make_label(theme, title, weight=600))
            for widget in widgets:
                inside.addWidget(widget)
        for key, title in (
            ("templated", "Prompt as templated"),
            ("sent", "Request as sent, without keys"),
            ("messages", "Messages"),
            ("answer", "Answer"),
            ("raw", "Raw timings of the server, and our own stamps (µs)"),
            ("command", "Command of the server"),
        ):
            inside.addSpacing(6)
            inside.addWidget(self._add_text(key, title))
            inside.addWidget(self.texts[key])
        inside.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(make_line())
        column.addWidget(make_scroll(body, "What is kept of this request"), 1)

    def _add_text(self, key: str, title: str) -> QLabel:
        edit = self.texts[key] = QPlainTextEdit()
        edit.setReadOnly(True)
        edit.setProperty("role", "code")
        edit.setFont(self._theme.font(12, mono=True))
        edit.setFixedHeight(_TEXT_PX)
        edit.setTabChangesFocus(True)
        edit.setAccessibleName(title)
        head = self._heads[key] = make_label(self._theme, title, weight=600)
        return head

    # ---- showing -------------------------------------------------------------------------------------------

    @Slot(object)
    def _on_read(self, inspection: Inspection) -> None:
        self.inspection = inspection
        run = inspection.run
        self.title.setText(said.title_of(inspection))
        self.when.setText(local_time(str(run.get("started_at", ""))))
        error = said.part(run, "error", "title")
        hint = said.part(run, "error", "hint")
        self.problem.show_text(said.text_of(f"{error}. {hint}" if hint else error) if error else "")
        self._show_facts(inspection)
        self.waterfall.show_phases([Phase(*phase) for phase in said.phases(inspection)])
        has_power = any(point.power_w is not None for point in inspection.power)
        self.power.show_points(inspection.power, said.part(run, "timing", "ttft_ms"))
        self.power.setVisible(has_power)
        self.no_power.setVisible(not has_power)
        note = said.part(run, "energy", "note")
        self.no_power.setText(f"{_NO_POWER} {sentence(note).rstrip('.')}." if note else _NO_POWER)
        self.samplers.setText(said.samplers(inspection) or DASH)
        self._show_texts(inspection)

    def _show_facts(self, inspection: Inspection) -> None:
        while (item := self.facts.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for at, (label, value, remark) in enumerate(said.facts(inspection)):
            self.facts.addWidget(
                _Fact(self._theme, label, value, remark), at // _FACT_COLUMNS, at % _FACT_COLUMNS
            )

    def _show_texts(self, inspection: Inspection) -> None:
        stamps = {"raw": inspection.run.get("raw"), "times": inspection.times}
        for key, text in {
            "templated": said.templated_text(inspection),
            "sent": said.pretty_text(inspection.sent) or "It was not kept for this request.",
            "messages": said.messages_text(inspection) or DASH,
            "answer": said.text_of(str(inspection.run.get("text") or "")) or DASH,
            "raw": said.pretty(stamps),
            "command": said.text_of(inspection.command) or DASH,
        }.items():
            self.texts[key].setPlainText(text)
        self._heads["templated"].setText(said.templated_title(inspection))

    @Slot(object)
    def _on_failed(self, error: AppError) -> None:
        self.problem.show_text(error.one_line())

    def _on_brief(self, what: str) -> None:
        self.copy_button.setText(what or "Copy as JSON")


class _Fact(QWidget):
    def __init__(self, theme: Theme, label: str, value: str, remark: str) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(make_label(theme, label, "muted", px=11))
        column.addWidget(make_label(theme, value, px=13, weight=600, tabular=True))
        if remark:
            column.addWidget(make_label(theme, remark, "muted", px=11, wrap=True))
        column.addStretch(1)
        self.setAccessibleName(f"{label}: {value}. {remark}")
