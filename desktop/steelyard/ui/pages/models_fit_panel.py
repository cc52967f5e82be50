"""The panel that prices a context: slider above, what the selected file needs below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from steelyard.core.values.fit import FIT_DEFAULT_CONTEXT
from steelyard.ui.pages.models_verdicts import (
    bar_of,
    basis_chip,
    correction_text,
    flip_texts,
    main_devices,
    memory_name,
    range_text,
    tone_of,
)
from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.labels import ElidedLabel, make_label, make_line
from steelyard.ui.widgets.models_badge import Badge
from steelyard.ui.widgets.models_ctx_slider import STEP_TOKENS, CtxSlider
from steelyard.ui.widgets.models_fit_bar import FitBar
from steelyard.ui.widgets.models_paint import Chip
from steelyard.ui.widgets.models_text import gib, plain, sentence

if TYPE_CHECKING:
    from steelyard.core.values.fit import FitReport
    from steelyard.ui.theme.theme import Theme

_LEFT_PX = 168
_ROLES = {"good": "good", "info": "info", "warn": "warn", "bad": "bad"}


class FitPanel(QFrame):
    """Context in, bytes out."""

    ctx_changed = Signal()
    """The slider moved."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("role", "raised")
        self.slider = CtxSlider(theme)
        self.bar = FitBar(theme)
        self.tokens = make_label(theme, "", px=20, weight=600, tabular=True)
        self.need = make_label(theme, "", px=20, weight=600, tabular=True)
        self.need_name = make_label(theme, "Memory", "label", px=12)
        self.need_of = make_label(theme, "", "muted", px=12)
        self.estimate = make_label(theme, "", "muted", px=12)
        self.reason = ElidedLabel(theme, "", "prose", px=12, cut=Qt.TextElideMode.ElideRight)
        self.basis = Badge(theme)
        self.correction = make_label(theme, "", "muted", px=12)
        self._best: FitReport | None = None
        self._lay_out(theme)
        self.slider.valueChanged.connect(self._on_moved)
        self._show_tokens()

    def start(self, model_ctx: int | None) -> None:
        """Another repository: no figures yet, the usual context."""
        self.slider.blockSignals(True)  # the repository is priced once, by who opens it
        self.slider.set_most(model_ctx or FIT_DEFAULT_CONTEXT * 4)
        self.slider.set_tokens(min(FIT_DEFAULT_CONTEXT, model_ctx or FIT_DEFAULT_CONTEXT))
        self.slider.blockSignals(False)
        self.slider.show_flip(None, right=("", "line2"))
        self._show_tokens()
        self.show_waiting("")

    def show_waiting(self, file: str) -> None:
        """The figures of a file are on their way."""
        self.need_name.setText(f"Memory for {file}" if file else "Memory")
        self.need.setText("…")
        self.need_of.setText("")
        self.estimate.setText("")
        self.correction.setText("")
        self.basis.show_chip(Chip(""))
        self.reason.setText("Reading the header of the file, not the file…")
        set_role(self.reason, "muted")
        self.bar.show_data(None)

    def show_report(self, report: FitReport, file: str, *, is_exact_awaited: bool) -> None:
        """Show the verdict on one file. Its header may know a context that the hub did not."""
        if report.model_ctx and report.model_ctx // STEP_TOKENS != self.slider.maximum():
            self.slider.set_most(report.model_ctx)
        data = bar_of(report)
        self.need_name.setText(f"{memory_name(report)} for {file}")
        self.need.setText(gib(report.total_bytes))
        self.need_of.setText(f"of {gib(data.capacity_bytes)} GiB")
        self.need_of.setToolTip(", ".join(plain(device.name) for device in main_devices(report)))
        self.estimate.setText(range_text(report))
        self.bar.show_data(data)
        self.reason.setText(sentence(report.reason))
        set_role(self.reason, _ROLES.get(tone_of(report), "prose"))
        chip, tooltip = basis_chip(report)
        self.basis.show_chip(chip, tooltip)
        waiting = "asking the engine…" if is_exact_awaited else ""
        self.correction.setText(waiting or correction_text(report))
        self.correction.setToolTip(
            "Measured against predicted at former loads; it is put in" * bool(not waiting)
        )
        self._remember(report)
        self.slider.show_flip(*flip_texts(report, self._best, self.slider.most_tokens))

    def _remember(self, report: FitReport) -> None:
        """The best verdict this file had, for what the slider says when it has moved on."""
        if self._best is not None and _served_as(self._best) != _served_as(report):
            self._best = None
        if report.largest_ctx is not None and report.ctx <= report.largest_ctx:
            self._best = report

    def set_low(self, *, is_low: bool) -> None:
        """In a low window it stands closer."""
        self._column.setContentsMargins(16, 4 if is_low else 8, 16, 4 if is_low else 8)
        self._column.setSpacing(2 if is_low else 4)
        self._grid.setVerticalSpacing(1 if is_low else 5)

    def show_trouble(self, text: str) -> None:
        """The fit cannot be told."""
        self.show_waiting("")
        self.need.setText("—")
        self.reason.setText(text)
        set_role(self.reason, "error")

    @Slot()
    def _on_moved(self) -> None:
        self._show_tokens()
        self.ctx_changed.emit()

    def _show_tokens(self) -> None:
        self.tokens.setText(f"{self.slider.tokens:,}")

    def _lay_out(self, theme: Theme) -> None:
        grid = self._grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        left = _column(
            [make_label(theme, "Context length", "label", px=12), _pair(theme, self.tokens, "tokens")]
        )
        left.setFixedWidth(_LEFT_PX)
        need = QHBoxLayout()
        need.setContentsMargins(0, 0, 0, 0)
        need.setSpacing(6)
        need.addWidget(self.need)
        need.addWidget(self.need_of, 1, Qt.AlignmentFlag.AlignBottom)
        below = _column([self.need_name, _holder(need), self.estimate])
        below.setFixedWidth(_LEFT_PX)
        grid.addWidget(left, 0, 0)
        grid.addWidget(self.slider, 0, 1)
        grid.addWidget(make_line(), 1, 0, 1, 2)
        grid.addWidget(below, 2, 0)
        grid.addWidget(self.bar, 2, 1)
        grid.setColumnStretch(1, 1)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self.reason, 1)
        foot.addWidget(self.correction)
        foot.addWidget(self.basis)
        column = self._column = QVBoxLayout(self)
        column.addLayout(grid)
        column.addLayout(foot)


def _served_as(report: FitReport) -> tuple[str, int, str]:
    return report.name, report.parallel, report.kv_type


def _column(widgets: list[QWidget]) -> QWidget:
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(1)
    for widget in widgets:
        column.addWidget(widget)
    column.addStretch(1)
    return holder


def _pair(theme: Theme, value: QWidget, unit: str) -> QWidget:
    row = QHBoxLayout()
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(6)
    row.addWidget(value)
    row.addWidget(make_label(theme, unit, "muted", px=12), 1, Qt.AlignmentFlag.AlignBottom)
    return _holder(row)


def _holder(layout: QHBoxLayout) -> QWidget:
    holder = QWidget()
    holder.setLayout(layout)
    return holder
