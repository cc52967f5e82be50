"""Classes of work and the rules that apply to them: what may leave, and what a provider must grant first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from steelyard.core.values.decision import Regime, WorkClass
from steelyard.ui.widgets.buttons import make_button, make_icon_button
from steelyard.ui.widgets.check_box import CheckBox
from steelyard.ui.widgets.labels import make_label, make_line
from steelyard.ui.widgets.models_text import plain
from steelyard.ui.widgets.servers_field import Choice

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme

NEEDS = (("baa", "signed BAA"), ("zero_retention", "keeps no data"), ("region_ok", "allowed region"))
_NAME_CHARS, _WORDS_CHARS, _MOST_WORDS = 80, 2000, 200
_FLAGS = (
    ("is_local_only", "Never leaves", "Requests of this class are never sent to an API"),
    ("needs_review", "Needs review", "A person looks at answers of this class"),
    ("latency_matters", "Somebody waits", "The latency limit counts for this class"),
)


class ClassLine(QFrame):
    """One class of work."""

    edited = Signal()
    """Something was changed."""
    removed = Signal(object)
    """This line is to go."""

    def __init__(self, theme: Theme, work_class: WorkClass, regimes: list[Regime]) -> None:
        super().__init__()
        self._class = work_class
        self.setProperty("role", "raised")
        self.setAccessibleName(f"Class {work_class.name}")
        self.name = _edit(theme, "Name of the class", _NAME_CHARS)
        self.regime = Choice(theme, "Rules that apply to it", [("", "No regime")])
        self.regime.setToolTip("What a provider must grant before this class may leave")
        self.remove_button = make_icon_button(theme, "trash-2", f"Remove the class {work_class.name}")
        self.words = _edit(theme, "Words that keep a prompt here", _WORDS_CHARS)
        self.words.setPlaceholderText("words that keep a prompt here, with commas")
        self.flags: dict[str, CheckBox] = {}
        self._lay_out(theme)
        self._fill(regimes)
        for edit in (self.name, self.words):
            edit.editingFinished.connect(self._on_edited)
        self.regime.picked.connect(self._on_edited)
        self.remove_button.clicked.connect(self._on_removed)

    @property
    def work_class(self) -> WorkClass:
        """As it is on the screen; without a name it keeps the last one."""
        words = [word.strip() for word in self.words.text().split(",")]
        return msgspec.structs.replace(
            self._class,
            name=" ".join(self.name.text().split()) or self._class.name,
            regime=self.regime.value or None,
            deny_words=[word for word in words if word][:_MOST_WORDS],
            **{name: box.isChecked() for name, box in self.flags.items()},
        )

    def _lay_out(self, theme: Theme) -> None:
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self.name, 1)
        head.addWidget(self.regime, 1)
        head.addWidget(self.remove_button)
        marks = QHBoxLayout()
        marks.setSpacing(12)
        for name, text, tip in _FLAGS:
            box = self.flags[name] = CheckBox(theme, text)
            box.setAccessibleName(f"{self._class.name}: {text}")
            box.setToolTip(tip)
            box.clicked.connect(self._on_edited)
            marks.addWidget(box)
        marks.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 8, 8)
        column.setSpacing(6)
        column.addLayout(head)
        column.addLayout(marks)
        column.addWidget(self.words)
        if self._class.note:
            column.addWidget(make_label(theme, self._class.note, "muted", px=11, wrap=True))

    def _fill(self, regimes: list[Regime]) -> None:
        self.name.setText(self._class.name)
        self.words.setText(", ".join(self._class.deny_words))
        for name, box in self.flags.items():
            box.setChecked(getattr(self._class, name))
        names = [one.name for one in regimes]
        own = self._class.regime or ""
        others = [own] if own and own not in names else []
        options = [(name, plain(name, 60)) for name in [*names, *others]]
        self.regime.set_options([("", "No regime"), *options])
        self.regime.set_value(own)

    @Slot()
    def _on_edited(self) -> None:
        if self.work_class != self._class:
            self._class = self.work_class
            self.edited.emit()

    @Slot()
    def _on_removed(self) -> None:
        self.removed.emit(self)


class RegimeLine(QFrame):
    """What a provider must grant under a set of rules."""

    edited = Signal(object)
    """The `Regime` as it is now."""

    def __init__(self, theme: Theme, regime: Regime) -> None:
        super().__init__()
        self._regime = regime
        self.boxes: dict[str, CheckBox] = {}
        about = f"{regime.about.strip()} {regime.source}, {regime.dated}. Not legal advice."
        row = QHBoxLayout()
        row.setSpacing(12)
        for key, text in NEEDS:
            box = self.boxes[key] = CheckBox(theme, text)
            box.setChecked(key in regime.needs)
            box.setAccessibleName(f"{regime.name} needs: {text}")
            box.setToolTip(box.accessibleName())
            box.clicked.connect(self._on_edited)
            row.addWidget(box)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(make_label(theme, regime.name, px=12, weight=500))
        column.addWidget(make_label(theme, about, "muted", px=11, wrap=True))
        column.addLayout(row)

    @Slot()
    def _on_edited(self) -> None:
        needs = [key for key, box in self.boxes.items() if box.isChecked()]
        self.edited.emit(msgspec.structs.replace(self._regime, needs=needs))


class ClassesForm(QWidget):
    """Classes, and below them the regimes."""

    classes_changed = Signal(list)
    """All `WorkClass`es; an empty list means: as shipped."""
    regime_changed = Signal(object)
    """One `Regime`."""
    regimes_reset = Signal()
    """As shipped."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._regimes: list[Regime] = []
        self._shown: tuple[list[WorkClass], list[Regime]] = ([], [])
        self.lines: list[ClassLine] = []
        self.regime_lines: list[RegimeLine] = []
        self.add_button = make_button(theme, "Add a class", icon="plus")
        self.reset_button = make_button(theme, "As shipped", "link", icon="undo-2")
        self.reset_regimes_button = make_button(theme, "As shipped", "link", icon="undo-2")
        self._list, self._regime_list = QVBoxLayout(), QVBoxLayout()
        self._list.setSpacing(8)
        self._regime_list.setSpacing(10)
        self._lay_out()
        self.add_button.clicked.connect(self._on_add)
        self.reset_button.clicked.connect(self._on_reset)
        self.reset_regimes_button.clicked.connect(self.regimes_reset)

    def show_book(self, classes: list[WorkClass], regimes: list[Regime]) -> None:
        """Show how they are now; what is on the screen already stays as it is."""
        if (classes, regimes) == self._shown:
            return
        same_regimes = regimes == self._shown[1]
        self._shown = (classes, regimes)
        self._regimes = regimes
        if not same_regimes:
            _clear(self._regime_list)
            self.regime_lines = [RegimeLine(self._theme, one) for one in regimes]
            for line in self.regime_lines:
                line.edited.connect(self.regime_changed)
                self._regime_list.addWidget(make_line())
                self._regime_list.addWidget(line)
        if not same_regimes or [line.work_class for line in self.lines] != classes:
            _clear(self._list)
            self.lines = []
            for one in classes:
                self._add(one)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 14, 16)
        column.setSpacing(10)
        about = (
            "What is asked, sorted by what may become of it. A class stays here where its rules are not met."
        )
        column.addWidget(make_label(self._theme, about, "muted", px=12, wrap=True))
        column.addLayout(self._list)
        foot = QHBoxLayout()
        foot.addWidget(self.add_button)
        foot.addWidget(self.reset_button)
        foot.addStretch(1)
        column.addLayout(foot)
        column.addWidget(make_line())
        column.addWidget(make_label(self._theme, "Regimes: what a provider must grant", weight=600))
        column.addLayout(self._regime_list)
        column.addWidget(self.reset_regimes_button, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)

    def _add(self, work_class: WorkClass) -> ClassLine:
        line = ClassLine(self._theme, work_class, self._regimes)
        line.edited.connect(self._tell)
        line.removed.connect(self._on_removed)
        self._list.addWidget(line)
        self.lines.append(line)
        return line

    @Slot()
    def _on_add(self) -> None:
        names = {line.work_class.name for line in self.lines}
        number = next(n for n in range(1, len(names) + 2) if f"Class {n}" not in names)
        # Fail closed: nothing of a class that nobody has thought about leaves.
        line = self._add(WorkClass(name=f"Class {number}", is_local_only=True))
        self._tell()
        line.name.setFocus(Qt.FocusReason.OtherFocusReason)
        line.name.selectAll()

    @Slot(object)
    def _on_removed(self, line: ClassLine) -> None:
        if len(self.lines) > 1:
            self.lines.remove(line)
            line.hide()
            line.deleteLater()
            self._tell()

    @Slot()
    def _on_reset(self) -> None:
        self.classes_changed.emit([])

    @Slot()
    def _tell(self) -> None:
        self.classes_changed.emit([line.work_class for line in self.lines])


def _edit(theme: Theme, name: str, chars: int) -> QLineEdit:
    edit = QLineEdit()
    edit.setFont(theme.font(12))
    edit.setMaxLength(chars)
    edit.setAccessibleName(name)
    edit.setToolTip(name)
    return edit


def _clear(layout: QVBoxLayout) -> None:
    while (old := layout.takeAt(0)) is not None:
        if (widget := old.widget()) is not None:
            widget.hide()
            widget.deleteLater()
