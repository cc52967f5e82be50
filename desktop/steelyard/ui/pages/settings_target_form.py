"""The form of one API target. The key leaves the form only inside `StoreKey` and is shown nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from steelyard.core.base.clock import utc_now
from steelyard.core.base.redaction import remember_secret
from steelyard.core.values.commands import AddTarget, StoreKey
from steelyard.core.values.targets import ApiTarget
from steelyard.ui.pages import settings_target_check as check
from steelyard.ui.pages.settings_prices import PriceFields
from steelyard.ui.widgets.buttons import Segmented, make_button
from steelyard.ui.widgets.cards import Card, Note, Switcher
from steelyard.ui.widgets.fields import TextField
from steelyard.ui.widgets.labels import make_label, name_widget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QKeyEvent

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.targets import TargetRow, WireFormat
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme

MEMORY_NOTE = (
    "This system has no secure keyring, so the key of “{name}” is kept in memory and is gone when Steelyard "
    "closes. To keep it, put it into an environment variable and name that variable here."
)


@dataclass(frozen=True)
class _Provider:
    text: str
    url: str
    format: WireFormat


_PROVIDERS = (
    _Provider("OpenAI", "https://api.openai.com/v1", "openai"),
    _Provider("Anthropic", "https://api.anthropic.com", "anthropic"),
    _Provider("OpenRouter", "https://openrouter.ai/api/v1", "openai"),
    _Provider("Ollama here", "http://localhost:11434/v1", "openai"),
    _Provider("LM Studio here", "http://localhost:1234/v1", "openai"),
)
_KEY_KINDS = (("store", "Store a key"), ("env", "Environment variable"), ("none", "No key"))


class TargetForm(Card):
    """Adds a target or changes one."""

    saved = Signal(str, str)
    """The target's name is stored; the second text is a remark that the user must see, or empty."""
    cancelled = Signal()
    """The user left the form."""

    def __init__(self, theme: Theme, bridge: Bridge) -> None:
        super().__init__(theme, "API target")
        self._bridge = bridge
        self._taken: list[str] = []
        self._editing: TargetRow | None = None
        self._saved_name = ""
        self._is_stored = False
        self._title = make_label(theme, "", "muted", px=12)
        self.head.insertWidget(1, self._title)
        self.name = TextField(theme, "Name", hint="How it is called here and on the command line")
        self.model = TextField(theme, "Model", hint="The model's id as the API knows it", mono=True)
        self.url = TextField(
            theme,
            "Base URL",
            placeholder="https://api.openai.com/v1",
            hint="Without /chat/completions",
            mono=True,
        )
        self.format = Segmented(theme, "Format", (("openai", "OpenAI"), ("anthropic", "Anthropic")))
        self.key_kind = Segmented(theme, "Key", _KEY_KINDS)
        self.key = TextField(theme, "API key", secret=True, hint="Kept in the keyring of this system")
        self.variable = TextField(
            theme,
            "Variable's name",
            placeholder="OPENAI_API_KEY",
            mono=True,
            hint="Read from the environment at each use, stored nowhere",
        )
        self.price = PriceFields(theme, bridge)
        self.note = Note(theme, "bad")
        self.save_button = make_button(theme, "Save target", "primary", icon="check")
        self.cancel_button = make_button(theme, "Cancel", "ghost")
        self._keys = Switcher(self.key, self.variable, self._make_no_key(theme))
        self._lay_out(theme)
        self.key_kind.chosen.connect(self._on_key_kind_chosen)
        self.name.left.connect(self._on_name_left)
        self.url.left.connect(self._on_url_left)
        for field in (self.name, self.model, self.url, self.key, self.variable):
            field.edit.returnPressed.connect(self._on_save_clicked)
        self.save_button.clicked.connect(self._on_save_clicked)
        self.cancel_button.clicked.connect(self._on_cancel_clicked)

    def show_new(self, taken: Sequence[str]) -> None:
        """An empty form."""
        self._taken = list(taken)
        self._fill(None)

    def show_row(self, row: TargetRow) -> None:
        """The form filled with a stored target; its name stays as it is."""
        self._taken = []
        self._fill(row)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves the form."""
        if event.key() == Qt.Key.Key_Escape:
            self._on_cancel_clicked()
        else:
            super().keyPressEvent(event)

    # ---- parts ---------------------------------------------------------------------------------------------

    def _lay_out(self, theme: Theme) -> None:
        self._providers = self._make_providers(theme)
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(10)
        grid.addWidget(self.name, 0, 0)
        grid.addWidget(self.model, 0, 1)
        grid.addWidget(self.url, 1, 0)
        grid.addWidget(_titled(theme, "Format", self.format), 1, 1)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.save_button)
        buttons.addWidget(self.cancel_button)
        buttons.addStretch(1)
        self.column.addWidget(self._providers)
        self.column.addLayout(grid)
        self.column.addWidget(_titled(theme, "Key", self.key_kind))
        self.column.addWidget(self._keys)
        self.column.addWidget(self.price)
        self.column.addWidget(self.note)
        self.column.addLayout(buttons)

    def _make_providers(self, theme: Theme) -> QWidget:
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(make_label(theme, "Fill in for", "muted", px=12))
        for at, provider in enumerate(_PROVIDERS):
            button = make_button(theme, provider.text, "chip")
            name_widget(button, f"Fill in for {provider.text}", provider.url)
            button.setProperty("provider", at)
            button.clicked.connect(self._on_provider_clicked)
            row.addWidget(button)
        row.addStretch(1)
        return line

    def _make_no_key(self, theme: Theme) -> QWidget:
        return make_label(theme, "Requests go out without a key.", "muted", px=12, wrap=True)

    def _fill(self, row: TargetRow | None) -> None:
        self._editing = row
        self._is_stored = row is not None
        self._title.setText(f"editing {row.name}" if row is not None else "new")
        self._providers.setVisible(row is None)
        self.name.set_text(row.name if row is not None else "")
        self.name.edit.setReadOnly(row is not None)
        self.model.set_text(row.model if row is not None else "")
        self.url.set_text(row.url if row is not None else "")
        self.format.set_value(row.format if row is not None else "openai")
        self.key.set_text("")
        has_key = row is not None and row.key in {"keyring", "memory"}
        self.key.edit.setPlaceholderText("A key is stored; leave empty to keep it" if has_key else "")
        self.variable.set_text((row.key_env or "") if row is not None else "")
        kind = "store" if row is None or has_key else "env" if row.key == "env" else "none"
        self.key_kind.set_value(kind)
        self._on_key_kind_chosen(kind)
        self.price.show_row(row)
        self.note.show_text("")
        self.save_button.setEnabled(True)
        (self.model if row is not None else self.name).edit.setFocus()

    # ---- slots ---------------------------------------------------------------------------------------------

    @Slot()
    def _on_provider_clicked(self) -> None:
        button = self.sender()
        if button is None:
            return
        provider = _PROVIDERS[button.property("provider")]
        self.url.set_text(provider.url)
        self.format.set_value(provider.format)
        if "localhost" in provider.url:
            self.key_kind.set_value("none")
            self._on_key_kind_chosen("none")
        self.model.edit.setFocus()

    @Slot(str)
    def _on_key_kind_chosen(self, kind: str) -> None:
        self._keys.show_at([key for key, _ in _KEY_KINDS].index(kind))

    @Slot()
    def _on_name_left(self) -> None:
        if self.name.text:
            self.name.set_error(check.name_error(self.name.text, self._taken))

    @Slot()
    def _on_url_left(self) -> None:
        if self.url.text:
            self.url.set_error(check.url_error(self.url.text))
            if not self.url.error:
                self.note.show_text(check.url_remark(self.url.text), "warn")

    @Slot()
    def _on_cancel_clicked(self) -> None:
        self.key.set_text("")
        self.cancelled.emit()

    @Slot()
    def _on_save_clicked(self) -> None:
        if not self.save_button.isEnabled():
            return
        wrong = self._first_wrong()
        if wrong is not None:
            wrong.edit.setFocus()
            return
        self.save_button.setEnabled(False)
        self.note.show_text("")
        command = AddTarget(target=self._target(), replace=self._is_stored)
        self._saved_name = command.target.name
        self._bridge.run(command, self._on_target_stored, self._on_failed)

    def _first_wrong(self) -> TextField | None:
        self.name.set_error(check.name_error(self.name.text, self._taken))
        self.url.set_error(check.url_error(self.url.text))
        self.model.set_error("" if self.model.text else "Name the model.")
        kind = self.key_kind.value
        self.variable.set_error(check.variable_error(self.variable.text) if kind == "env" else "")
        is_missing = kind == "store" and not self.key.text and not self._has_stored_key
        self.key.set_error("Paste the key, or choose another way." if is_missing else "")
        fields = (self.name, self.model, self.url, self.key, self.variable)
        wrong = [*(field for field in fields if field.error), self.price.first_wrong()]
        return next((field for field in wrong if field is not None), None)

    @property
    def _has_stored_key(self) -> bool:
        return self._editing is not None and self._editing.key in {"keyring", "memory"}

    def _target(self) -> ApiTarget:
        prices = self.price.prices
        return ApiTarget(
            name=self.name.text,
            url=self.url.text.rstrip("/"),
            model=self.model.text,
            format="anthropic" if self.format.value == "anthropic" else "openai",
            key_env=self.variable.text if self.key_kind.value == "env" else None,
            prices=prices,
            prices_date=utc_now()[:10] if prices is not None else None,
            price_like=self.price.price_like,
            classes=self._editing.classes if self._editing is not None else [],
        )

    def _on_target_stored(self, _row: object) -> None:
        self._is_stored = True  # should the key fail now, the next Save must not meet "this name exists"
        key = self.key.text if self.key_kind.value == "store" else ""
        if not key:
            self._finish("")
            return
        remember_secret(key)
        command = StoreKey(target=self._saved_name, key=key, memory_ok=True)
        self._bridge.run(command, self._on_key_stored, self._on_failed)

    def _on_key_stored(self, where: str) -> None:
        self._finish(MEMORY_NOTE.format(name=self._saved_name) if where == "memory" else "")

    def _on_failed(self, error: AppError) -> None:
        self.save_button.setEnabled(True)
        self.note.show_text(error.one_line(), "bad")

    def _finish(self, remark: str) -> None:
        self.key.set_text("")
        self.save_button.setEnabled(True)
        self.saved.emit(self._saved_name, remark)


def _titled(theme: Theme, title: str, widget: QWidget) -> QWidget:
    """A control without a field's own label."""
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(4)
    column.addWidget(make_label(theme, title, "prose", px=12, weight=500))
    column.addWidget(widget, 0, Qt.AlignmentFlag.AlignLeft)
    column.addStretch(1)
    return box
