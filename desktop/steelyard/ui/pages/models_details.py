"""The details of one row of the shelf, and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from steelyard.ui.pages.models_shelf import SOURCES, ShelfLine, proof_chip, proof_text
from steelyard.ui.widgets.brief import Brief
from steelyard.ui.widgets.buttons import make_button, make_icon_button
from steelyard.ui.widgets.cards import make_scroll
from steelyard.ui.widgets.facts_format import file_size
from steelyard.ui.widgets.labels import make_label, name_widget
from steelyard.ui.widgets.models_badge import Badge
from steelyard.ui.widgets.models_flow import FlowRow
from steelyard.ui.widgets.models_paint import Chip
from steelyard.ui.widgets.models_text import parameters, plain
from steelyard.ui.widgets.models_value import ValueText

if TYPE_CHECKING:
    from steelyard.core.values.weights import WeightsRow
    from steelyard.ui.theme.theme import Theme

WIDTH_PX = 340
_COPY_PX = 22
_SHORTEST_HASH = 20
_FACTS = (
    "Path",
    "Repository",
    "Revision",
    "Licence",
    "Architecture",
    "Parameters",
    "Layers",
    "Context",
    "Tokenizer",
    "Chat template",
    "sha256",
    "Split set",
    "Projector",
)
_HASHES = ("Revision", "Chat template", "sha256")
"""In the type of code, and with a button that copies: nobody types them."""
_TABBED = ("Path", *_HASHES)
_NO_TEMPLATE = "none in the file"
_TOOLTIPS = {
    "Licence": "As the file or its repository states it",
    "Architecture": "The family of networks that the engine runs it as",
    "Layers": "What the engine can put on the GPU one by one",
    "Context": "The longest text, question and answer together, that the model was made for",
    "Tokenizer": "How the model cuts text into tokens",
    "Chat template": "sha256 of the template that turns a conversation into a prompt: "
    "two files with the same one are asked the same",
    "sha256": "The hash of the whole file",
    "Split set": "Weights that lie in several files and belong together",
    "Projector": "The file that lets this model see images",
}


class Details(QFrame):
    """Name, state, facts; actions at the foot."""

    wanted = Signal(str)
    """What to do with the row: compare, verify, reveal, copy or remove."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.setFixedWidth(WIDTH_PX)
        self.setAccessibleName("Details")
        self.title = make_label(theme, "", px=15, weight=600, wrap=True)
        self.proof = Badge(theme)
        self.source = Badge(theme)
        self.why = make_label(theme, "", "muted", px=12, wrap=True)
        self.facts: dict[str, ValueText] = {}
        self.copy_buttons: dict[str, QToolButton] = {}
        self._names: dict[str, QLabel] = {}
        self.compare_button = make_button(theme, "Use in Compare", "primary", icon="columns-3")
        self.verify_button = make_button(theme, "Verify again", icon="shield-check")
        self.reveal_button = make_button(theme, "Reveal", "ghost", icon="folder-open")
        self.copy_button = make_button(theme, "Copy path", "ghost", icon="copy")
        self.remove_button = make_button(theme, "Remove…", "ghost", icon="trash-2")
        name_widget(self.compare_button, "Use in Compare", "Ask it beside others (Enter)")
        name_widget(
            self.verify_button,
            "Verify again",
            "Compare the whole file with what was published (sha256)",
        )
        name_widget(self.reveal_button, "Reveal", "Show it in the file manager (Ctrl+Shift+R)")
        name_widget(self.copy_button, "Copy path", "Copy path (Ctrl+Shift+C)")
        name_widget(self.remove_button, "Remove…", "Shows what would be deleted before anything is (Delete)")
        self._copied = Brief(self, self._show_copied)
        self._lay_out(theme)
        self._theme = theme
        self.compare_button.clicked.connect(self._on_compare)
        self.verify_button.clicked.connect(self._on_verify)
        self.reveal_button.clicked.connect(self._on_reveal)
        self.copy_button.clicked.connect(self._on_copy)
        self.remove_button.clicked.connect(self._on_remove)

    def show_line(self, line: ShelfLine | None) -> None:
        """Show one row; None asks to choose one."""
        row = line.weights if line is not None else None
        self.title.setText(line.title if line is not None else "Choose a row for its details")
        self.why.setText("")
        self.proof.show_chip(Chip(""))
        self.source.show_chip(Chip(""))
        values: dict[str, str] = {}
        if line is not None and line.unusable is not None:
            self.proof.show_chip(Chip("cannot be used", "bad", "file-x"))
            self.why.setText(line.note)
            values = {"Path": plain(line.unusable.path, 2000)}
        if row is not None:
            self.proof.show_chip(proof_chip(row), proof_text(row))
            self.source.show_chip(Chip(SOURCES[row.source], "", "hard-drive"))
            self.why.setText(proof_text(row))
            values = _facts(row)
        for name in _FACTS:
            value = values.get(name, "")
            self.facts[name].set_value(value, is_mono=name in _HASHES and len(value) > _SHORTEST_HASH)
            self._names[name].setVisible(bool(value))
            if name in _HASHES:
                self.copy_buttons[name].setVisible(len(value) > _SHORTEST_HASH)
        self._copied.end()
        is_model = row is not None and row.kind == "model" and not row.missing_parts
        self.compare_button.setVisible(row is not None and row.kind == "model")
        self.compare_button.setEnabled(is_model)
        self.verify_button.setVisible(row is not None)
        was_checked = row is not None and row.verification in {"verified", "mismatch"}
        self.verify_button.setText("Verify again" if was_checked else "Verify")
        self.verify_button.setAccessibleName(self.verify_button.text())
        self.remove_button.setVisible(row is not None)
        self.reveal_button.setVisible(line is not None)
        self.copy_button.setVisible(line is not None)

    def _lay_out(self, theme: Theme) -> None:
        body = QWidget()
        grid = QGridLayout()
        grid.setVerticalSpacing(7)
        grid.setColumnStretch(1, 1)
        grid.setHorizontalSpacing(8)
        for at, name in enumerate(_FACTS):
            self._add_fact(theme, grid, at, name)
        chips = FlowRow(gap=6)
        chips.add(self.proof)
        chips.add(self.source)
        middle = QVBoxLayout(body)
        middle.setContentsMargins(16, 14, 16, 8)
        middle.setSpacing(8)
        middle.addWidget(self.title)
        middle.addWidget(chips)
        middle.addWidget(self.why)
        middle.addLayout(grid)
        middle.addStretch(1)
        actions = QGridLayout()
        actions.setContentsMargins(16, 8, 16, 12)
        actions.setSpacing(8)
        actions.addWidget(self.compare_button, 0, 0, 1, 2)
        actions.addWidget(self.verify_button, 1, 0)
        actions.addWidget(self.remove_button, 1, 1)
        actions.addWidget(self.reveal_button, 2, 0)
        actions.addWidget(self.copy_button, 2, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        column.addWidget(make_scroll(body, "Details"), 1)
        column.addLayout(actions)

    def _add_fact(self, theme: Theme, grid: QGridLayout, at: int, name: str) -> None:
        label = self._names[name] = make_label(theme, name, "label", px=12)
        label.setToolTip(_TOOLTIPS.get(name, ""))
        value = self.facts[name] = ValueText(theme, name)
        is_tabbed = name in _TABBED
        value.setFocusPolicy(Qt.FocusPolicy.StrongFocus if is_tabbed else Qt.FocusPolicy.ClickFocus)
        grid.addWidget(label, at, 0, Qt.AlignmentFlag.AlignTop)
        if name not in _HASHES:
            grid.addWidget(value, at, 1, 1, 2)
            return
        button = self.copy_buttons[name] = make_icon_button(theme, "copy", f"Copy {name}", size=14)
        button.setFixedSize(_COPY_PX, _COPY_PX)
        button.clicked.connect(self._on_copy_hash)
        grid.addWidget(value, at, 1)
        grid.addWidget(button, at, 2, Qt.AlignmentFlag.AlignTop)

    @Slot()
    def _on_copy_hash(self) -> None:
        name = next(name for name, button in self.copy_buttons.items() if button is self.sender())
        QGuiApplication.clipboard().setText(self.facts[name].text())
        self._copied.start(name)

    def show_path_copied(self) -> None:
        """Tell for a moment that the path is in the clipboard."""
        self._copied.start("path")

    def _show_copied(self, what: str) -> None:
        """`what` was copied; empty when the moment is over."""
        self.copy_button.setText("Copied" if what == "path" else "Copy path")
        for name, button in self.copy_buttons.items():
            is_done = name == what
            self._theme.bind_icon(button, "check" if is_done else "copy", "good" if is_done else "text2", 14)
            name_widget(button, f"{name} copied" if is_done else f"Copy {name}")

    def _on_compare(self) -> None:
        self.wanted.emit("compare")

    def _on_verify(self) -> None:
        self.wanted.emit("verify")

    def _on_reveal(self) -> None:
        self.wanted.emit("reveal")

    def _on_copy(self) -> None:
        self.wanted.emit("copy")

    def _on_remove(self) -> None:
        self.wanted.emit("remove")


def _facts(row: WeightsRow) -> dict[str, str]:
    return {
        "Path": plain(row.path, 2000),
        "Repository": plain(row.repo),
        "Revision": plain(row.revision),
        "Licence": plain(row.licence),
        "Architecture": plain(row.architecture),
        "Parameters": f"{parameters(row.parameters)} in {file_size(row.size_bytes)}"
        if row.parameters
        else "",
        "Layers": str(row.layers or ""),
        "Context": f"{row.context_length:,} tokens" if row.context_length else "",
        "Tokenizer": plain(row.tokenizer),
        "Chat template": plain(row.chat_template_sha256) or _NO_TEMPLATE * (row.kind == "model"),
        "sha256": plain(row.sha256) or "not hashed yet",
        "Split set": _split_set(row),
        "Projector": plain(row.mmproj),
    }


def _split_set(row: WeightsRow) -> str:
    if row.missing_parts:
        return "Missing: " + ", ".join(plain(name) for name in row.missing_parts[:8])
    return f"{len(row.parts)} parts, complete" if row.parts else ""
