"""One stored API target: who it is, and what can be done with it, with the result in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from steelyard.core.base.errors import printable
from steelyard.core.base.redaction import redact
from steelyard.core.values.commands import RemoveTarget, TestTarget
from steelyard.ui.pages import settings_target_check as check
from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.cards import Card
from steelyard.ui.widgets.labels import ElidedLabel, make_label, name_widget

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.targets import TargetRow, TargetTest
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme


class TargetCard(Card):
    """A target with Test, Edit and Remove; removing asks once, in place."""

    edit_wanted = Signal(object)
    """The `TargetRow` to change."""

    def __init__(self, theme: Theme, bridge: Bridge, row: TargetRow) -> None:
        super().__init__(theme)
        self.row = row
        self._bridge = bridge
        self.setAccessibleName(f"API target {row.name}")
        self.column.setContentsMargins(16, 10, 12, 10)
        self.column.setSpacing(6)
        host = check.host_of(row.url)
        self.test_button = make_button(theme, "Test", icon="zap")
        name_widget(self.test_button, f"Test {row.name}", f"Send one tiny prompt to {host}")
        self.edit_button = make_button(theme, "Edit", "ghost", icon="pencil")
        name_widget(self.edit_button, f"Edit {row.name}")
        self.remove_button = make_button(theme, "Remove", "ghost", icon="trash-2")
        name_widget(self.remove_button, f"Remove {row.name}")
        self.result = make_label(theme, "", "muted", px=12, wrap=True)
        self.result.hide()
        self._question = self._make_question(theme)
        self._lay_out(theme, host)
        self.test_button.clicked.connect(self._on_test_clicked)
        self.edit_button.clicked.connect(self._on_edit_clicked)
        self.remove_button.clicked.connect(self._on_remove_clicked)

    def _lay_out(self, theme: Theme, host: str) -> None:
        row = self.row
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(make_label(theme, row.name, weight=600))
        head.addWidget(make_label(theme, row.format, "code-chip", px=11, mono=True))
        head.addStretch(1)
        head.addWidget(self.test_button)
        head.addWidget(self.edit_button)
        head.addWidget(self.remove_button)
        facts = f"{row.model}  ·  {host}  ·  {check.key_text(row)}  ·  {check.price_text(row)}"
        self.column.addLayout(head)
        self.column.addWidget(ElidedLabel(theme, facts, "muted", px=12))
        self.column.addWidget(self.result)
        self.column.addWidget(self._question)

    def _make_question(self, theme: Theme) -> QWidget:
        self.really_button = make_button(theme, "Remove target and key", "danger")
        self.keep_button = make_button(theme, "Keep", "ghost")
        box = QWidget()
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.really_button)
        row.addWidget(self.keep_button)
        row.addStretch(1)
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        text = "Its stored key is forgotten, too. Runs that were made with it stay in the ledger."
        column.addWidget(make_label(theme, text, "prose", px=12, wrap=True))
        column.addLayout(row)
        self.really_button.clicked.connect(self._on_really_clicked)
        self.keep_button.clicked.connect(self._on_keep_clicked)
        box.hide()
        return box

    @Slot()
    def _on_test_clicked(self) -> None:
        self.test_button.setEnabled(False)
        self._show_result("Waiting for the first token…", "muted")
        self._bridge.run(TestTarget(name=self.row.name), self._on_tested, self._on_failed)

    def _on_tested(self, test: TargetTest) -> None:
        self.test_button.setEnabled(True)
        if test.ok:
            ttft = f", TTFT {test.ttft_ms:.0f} ms" if test.ttft_ms is not None else ""
            self._show_result(f"ok{ttft}", "good")
        else:
            self._show_result(test.error or "The target did not answer.", "error")

    def _on_failed(self, error: AppError) -> None:
        self.test_button.setEnabled(True)
        self._show_result(error.one_line(), "error")

    def _show_result(self, text: str, role: str) -> None:
        self.result.setText(" ".join(printable(redact(text)).split()))
        set_role(self.result, role)
        self.result.show()

    @Slot()
    def _on_edit_clicked(self) -> None:
        self.edit_wanted.emit(self.row)

    @Slot()
    def _on_remove_clicked(self) -> None:
        self._question.show()
        self.keep_button.setFocus()

    @Slot()
    def _on_keep_clicked(self) -> None:
        self._question.hide()
        self.remove_button.setFocus()

    @Slot()
    def _on_really_clicked(self) -> None:
        self._question.hide()
        self._bridge.run(RemoveTarget(name=self.row.name), None, self._on_failed)
