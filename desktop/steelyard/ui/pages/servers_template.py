"""The chat template: shown, hashed, replaced by one of the user's, and the difference between the two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from steelyard.ui.widgets.buttons import Segmented, make_button
from steelyard.ui.widgets.labels import make_label, name_widget
from steelyard.ui.widgets.models_badge import Badge
from steelyard.ui.widgets.models_paint import Chip
from steelyard.ui.widgets.servers_code import CodeView, diff_lines

if TYPE_CHECKING:
    from steelyard.core.values.profiles import TemplateInfo
    from steelyard.ui.pages.servers_draft import ProfileDraft
    from steelyard.ui.theme.theme import Theme

_MOST_CHARS = 1 << 20
_HEIGHT_PX = 180
_TABS = (("text", "Text"), ("diff", "Difference"))


class TemplateBlock(QWidget):
    """Read-only until the user wants a template of their own."""

    def __init__(self, theme: Theme, draft: ProfileDraft) -> None:
        super().__init__()
        self._draft = draft
        self._info: TemplateInfo | None = None
        self._kind = Badge(theme)
        self._hash = make_label(theme, "", "muted", px=11, mono=True)
        self.tabs = Segmented(theme, "Template view", _TABS)
        self.edit_button = make_button(theme, "Edit a copy", icon="pencil")
        self.reset_button = make_button(theme, "Back to the weights' own", "ghost", icon="rotate-cw")
        self.edit = QPlainTextEdit()
        self.edit.setProperty("role", "code")
        self.edit.setFont(theme.font(12, mono=True))
        self.edit.setFixedHeight(_HEIGHT_PX)
        self.edit.setTabChangesFocus(True)
        self.edit.setReadOnly(True)
        name_widget(self.edit, "Chat template", "Jinja text; press Edit a copy to change it")
        self.diff = CodeView(theme, "Difference to the weights' own template", most_lines=14)
        self._lay_out()
        self.diff.hide()
        self.tabs.chosen.connect(self._on_tab)
        self.edit_button.clicked.connect(self._on_edit)
        self.reset_button.clicked.connect(self._on_reset)
        self.edit.textChanged.connect(self._on_text)
        self.show_draft()

    def show_info(self, info: TemplateInfo | None) -> None:
        """What the engine would use."""
        self._info = info
        self._show()

    @Slot()
    def show_draft(self) -> None:
        """Another profile."""
        self._show()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._kind)
        head.addWidget(self._hash, 1)
        head.addWidget(self.tabs)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self.edit_button)
        foot.addWidget(self.reset_button)
        foot.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.edit)
        column.addWidget(self.diff)
        column.addLayout(foot)

    def _show(self) -> None:
        own = self._draft.profile.chat_template
        is_override = own is not None
        info = self._info
        if is_override:
            self._kind.show_chip(Chip("Your own", "accent", "pencil"))
        elif info is None:
            self._kind.show_chip(Chip("Not known"), "The template is read together with the start's preview.")
        else:
            self._kind.show_chip(Chip("From the weights"))
        sha = info.sha256 if info is not None and info.is_override == is_override else ""
        self._hash.setText(f"sha256 {sha[:16]}" if sha else "")
        self._hash.setToolTip(sha)
        text = own if own is not None else info.text if info is not None and not info.is_override else ""
        if self.edit.toPlainText() != text:
            self.edit.blockSignals(True)
            self.edit.setPlainText(text[:_MOST_CHARS])
            self.edit.blockSignals(False)
        self.edit.setReadOnly(not is_override)
        self.edit_button.setVisible(not is_override)
        self.reset_button.setVisible(is_override)
        self.diff.show_lines(diff_lines(info.diff if info is not None and info.diff else "No difference."))

    @Slot(str)
    def _on_tab(self, key: str) -> None:
        self.edit.setVisible(key == "text")
        self.diff.setVisible(key == "diff")

    @Slot()
    def _on_edit(self) -> None:
        self._draft.set_template(self.edit.toPlainText())
        self._show()
        self.edit.setFocus()

    @Slot()
    def _on_reset(self) -> None:
        self._draft.set_template(None)
        self._show()
        self.edit_button.setFocus()

    @Slot()
    def _on_text(self) -> None:
        text = self.edit.toPlainText()
        if self._draft.profile.chat_template is not None and len(text) <= _MOST_CHARS:
            self._draft.set_template(text)
