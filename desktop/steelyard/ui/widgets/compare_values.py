"""A chip that shows a value and opens a small editor for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from steelyard.ui.theme.theme import restyle
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.compare_buttons import Part, PartsButton
from steelyard.ui.widgets.compare_popup import Popup
from steelyard.ui.widgets.labels import make_label, name_widget

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from steelyard.ui.theme.theme import Theme


class ValueSpec(Protocol):
    """What a chip needs to know of its value."""

    @property
    def label(self) -> str:
        """On the chip."""
        ...

    @property
    def title(self) -> str:
        """On top of the editor."""
        ...

    @property
    def help(self) -> str:
        """Below the title."""
        ...

    @property
    def default(self) -> Any:
        """The value that the editor's second button sets."""
        ...

    @property
    def default_text(self) -> str:
        """What that button says."""
        ...

    def parse(self, text: str) -> Any:
        """The value that a text means; raises ValueError with a sentence."""
        ...

    def edit_text(self, value: Any) -> str:
        """A value as it is typed."""
        ...

    def chip_text(self, value: Any) -> str:
        """A value as the chip shows it."""
        ...


class ValueChip(PartsButton):
    """Label and value; a click or Enter opens the editor."""

    value_changed = Signal()
    """The user set another value."""

    def __init__(self, theme: Theme, spec: ValueSpec) -> None:
        super().__init__(theme, "chip")
        self._spec = spec
        self._value: Any = spec.default
        self._popup: ValuePopup | None = None
        self._is_compact = False
        self.clicked.connect(self._on_clicked)
        self._show_value()

    @property
    def value(self) -> Any:
        """What is set."""
        return self._value

    def set_value(self, value: Any) -> None:
        """Show a value without telling anyone."""
        self._value = value
        self._show_value()

    def set_compact(self, *, is_compact: bool) -> None:
        """Where it is narrow, a value that was not set is not named."""
        if is_compact != self._is_compact:
            self._is_compact = is_compact
            self._show_value()

    @property
    def popup(self) -> ValuePopup:
        """The editor, made when it is first wanted."""
        if self._popup is None:
            self._popup = ValuePopup(self._theme, self, self._spec)
            self._popup.accepted.connect(self._on_accepted)
        return self._popup

    def _show_value(self) -> None:
        shown = self._spec.chip_text(self._value)
        is_default = self._value == self._spec.default
        parts = [Part(self._spec.label, "text3", 400)]
        if not (self._is_compact and self._value is None):
            parts.append(Part(shown, "text2" if is_default else "text", 600))
        self.show_parts(parts)
        name_widget(self, f"{self._spec.title}: {shown}", f"{self._spec.title}: {shown}. {self._spec.help}")

    @Slot()
    def _on_clicked(self) -> None:
        self.popup.start(self._value)
        self.popup.open_at(self, above=True)

    @Slot(object)
    def _on_accepted(self, value: Any) -> None:
        if value != self._value:
            self._value = value
            self._show_value()
            self.value_changed.emit()


class ValuePopup(Popup):
    """One field, its rule, and what is wrong with it."""

    accepted = Signal(object)
    """A valid value; None is one."""

    def __init__(self, theme: Theme, parent: QWidget, spec: ValueSpec) -> None:
        super().__init__(theme, parent)
        self._spec = spec
        self.setFixedWidth(260)
        self.edit = QLineEdit()
        self.edit.setAccessibleName(spec.title)
        self.edit.setToolTip(spec.help)
        self._error = make_label(theme, "", "error", px=11, wrap=True)
        self.set_button = make_button(theme, "Set", tooltip="Set (Enter)")
        self.default_button = make_button(theme, spec.default_text, "ghost")
        self._lay_out()
        self.set_button.clicked.connect(self._on_set)
        self.default_button.clicked.connect(self._on_default)
        self._error.hide()

    def start(self, value: Any) -> None:
        """Show the present value, selected."""
        self.edit.setText(self._spec.edit_text(value))
        self.edit.selectAll()
        self._show_error("")
        self.edit.setFocus(Qt.FocusReason.PopupFocusReason)

    @property
    def error(self) -> str:
        """What is said to be wrong."""
        return self._error.text()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter sets the value."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._on_set()
            return
        super().keyPressEvent(event)

    def _lay_out(self) -> None:
        theme = self._theme
        self.column.addWidget(make_label(theme, self._spec.title, px=12, weight=600))
        self.column.addWidget(make_label(theme, self._spec.help, "muted", px=11, wrap=True))
        self.column.addWidget(self.edit)
        self.column.addWidget(self._error)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.default_button)
        row.addStretch(1)
        row.addWidget(self.set_button)
        self.column.addLayout(row)

    def _show_error(self, error: str) -> None:
        self._error.setText(error)
        self._error.setVisible(bool(error))
        if bool(self.edit.property("invalid")) != bool(error):
            self.edit.setProperty("invalid", bool(error))
            restyle(self.edit)
        self.adjustSize()

    @Slot()
    def _on_set(self) -> None:
        try:
            value = self._spec.parse(self.edit.text().strip())
        except ValueError as exc:
            self._show_error(str(exc))
            return
        self.close()
        self.accepted.emit(value)

    @Slot()
    def _on_default(self) -> None:
        self.close()
        self.accepted.emit(self._spec.default)
