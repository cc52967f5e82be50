"""The launch profile as a form: eight fields that are always there, all others behind one button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from steelyard.ui.pages.servers_draft import ProfileDraft
from steelyard.ui.pages.servers_field_text import shown, text_of
from steelyard.ui.pages.servers_fields import BASIC, GROUPS, SPEC_OF, FieldSpec
from steelyard.ui.pages.servers_lora import LoraBlock, lora_options
from steelyard.ui.pages.servers_template import TemplateBlock
from steelyard.ui.widgets.buttons import make_button, make_icon_button
from steelyard.ui.widgets.labels import make_label, make_line
from steelyard.ui.widgets.servers_field import Choice, FieldBox, UnitEdit
from steelyard.ui.widgets.servers_grid import FieldGrid

if TYPE_CHECKING:
    from steelyard.core.values.profiles import LaunchPreview
    from steelyard.core.values.weights import Shelf
    from steelyard.ui.theme.theme import Theme

_MORE, _LESS = "All settings", "Fewer settings"


class ProfileForm(QWidget):
    """Shows and writes a `ProfileDraft`."""

    more_toggled = Signal(bool)
    """All settings are shown, or no longer."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.draft = ProfileDraft(self)
        self.boxes: dict[str, FieldBox] = {}
        self.more: QWidget | None = None
        self.lora: LoraBlock | None = None
        self.template: TemplateBlock | None = None
        self._shelf: Shelf | None = None
        self._preview: LaunchPreview | None = None
        self._asides: dict[str, str] = {}
        self._controls: list[_Control] = []
        self.more_button = make_button(theme, _MORE, "link", icon="chevron-down", tooltip=_MORE)
        self.more_button.clicked.connect(self.toggle_more)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(10)
        self.column.addWidget(self._grid_of(BASIC))
        self.draft.reset.connect(self._show_all)
        self.draft.edited.connect(self._show_marks)
        self._show_all()

    def show_shelf(self, shelf: Shelf) -> None:
        """Offer the adapters that lie on this machine."""
        self._shelf = shelf
        control = self.boxes["lora"].control
        if isinstance(control, Choice):
            control.set_options(lora_options(shelf, self.draft.profile))
        self._show_box("lora")
        if self.lora is not None:
            self.lora.show_shelf(shelf)

    def show_preview(self, preview: LaunchPreview) -> None:
        """What the engine would be told: the template, and what fields that are left alone come to."""
        self._preview = preview
        if self.template is not None:
            self.template.show_info(preview.template)

    def show_asides(self, asides: dict[str, str]) -> None:
        """What is in force, by field."""
        for key, box in self.boxes.items():
            box.set_aside(asides.get(key, ""))
        self._asides = asides

    @Slot()
    def toggle_more(self) -> None:
        """Show all settings, or the eight only."""
        if self.more is None:
            self.more = self._make_more()
            self.column.addWidget(self.more)
            self._show_all()
            self.show_asides(self._asides)
        else:
            self.more.setVisible(self.more.isHidden())
        is_on = not self.more.isHidden()
        self.more_button.setText(_LESS if is_on else _MORE)
        self._theme.bind_icon(self.more_button, "chevron-up" if is_on else "chevron-down", "accent", gap=4)
        self.more_toggled.emit(is_on)

    def focus_first(self) -> None:
        """Put the keyboard into the first field."""
        self.boxes["gpu_layers"].control.setFocus(Qt.FocusReason.OtherFocusReason)

    # ---- parts ---------------------------------------------------------------------------------------------

    def _make_more(self) -> QWidget:
        more = QWidget()
        column = QVBoxLayout(more)
        column.setContentsMargins(0, 2, 0, 0)
        column.setSpacing(10)
        for group in GROUPS:
            column.addWidget(make_line())
            column.addLayout(self._heading(group.title, group.about))
            column.addWidget(self._grid_of(group.specs))
        self.lora = LoraBlock(self._theme, self.draft)
        if self._shelf is not None:
            self.lora.show_shelf(self._shelf)
        self.template = TemplateBlock(self._theme, self.draft)
        self.template.show_info(self._preview.template if self._preview is not None else None)
        for block, title, about in (
            (self.lora, "LoRA adapters", "Laid over the weights, each with a scale; 1 is as it was trained."),
            (self.template, "Chat template", "How messages become the text that the model reads."),
        ):
            column.addWidget(make_line())
            column.addLayout(self._heading(title, about))
            column.addWidget(block)
        return more

    def _heading(self, title: str, about: str) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(make_label(self._theme, title, px=12, weight=600))
        row.addWidget(make_label(self._theme, about, "muted", px=12, wrap=True), 1)
        return row

    def _grid_of(self, specs: tuple[FieldSpec, ...]) -> FieldGrid:
        return FieldGrid([self._make_box(spec) for spec in specs])

    def _make_box(self, spec: FieldSpec) -> FieldBox:
        control = _Control(self._theme, spec, self.draft)
        self._controls.append(control)
        box = self.boxes[spec.key] = FieldBox(self._theme, spec.label, control.widget, spec.tip)
        if control.browse is not None:
            line = box.layout()
            assert isinstance(line, QVBoxLayout)
            row = QHBoxLayout()
            row.setSpacing(4)
            line.insertLayout(1, row)
            row.addWidget(control.widget, 1)
            row.addWidget(control.browse)
        box.setProperty("field", spec.key)
        return box

    # ---- showing -------------------------------------------------------------------------------------------

    @Slot()
    def _show_all(self) -> None:
        for key in self.boxes:
            self._show_box(key)
        if self.lora is not None:
            self.lora.show_draft()
        if self.template is not None:
            self.template.show_draft()
        self._show_marks()

    def _show_box(self, key: str) -> None:
        spec = SPEC_OF[key]
        control = self.boxes[key].control
        text = text_of(self.draft.profile, spec)
        if isinstance(control, Choice):
            control.set_value(text, shown(spec, text))
        elif isinstance(control, UnitEdit) and control.text() != text:
            control.setText(text)

    @Slot()
    def _show_marks(self) -> None:
        for key, box in self.boxes.items():
            spec = SPEC_OF[key]
            box.set_was(self.draft.was(spec))
            box.set_error(self.draft.errors.get(key, ""))
        # Two controls may write to one field, such as the KV type and that of the keys alone.
        for key in ("kv_type", "kv_type_k", "kv_type_v", "lora"):
            if key in self.boxes:
                self._show_box(key)


class _Control:
    """The widget of a field and what it writes to."""

    def __init__(self, theme: Theme, spec: FieldSpec, draft: ProfileDraft) -> None:
        self._spec = spec
        self._draft = draft
        self._dialog: QFileDialog | None = None
        self.browse: QWidget | None = None
        if spec.kind in {"choice", "open", "switch"}:
            options = spec.options or (("", "None"),)
            choice = Choice(theme, spec.label, options, is_open=spec.kind == "open")
            choice.picked.connect(self._on_typed)
            self.widget: QWidget = choice
            return
        edit = UnitEdit(theme, spec.label, spec.unit, is_mono=spec.kind in {"path", "words"})
        edit.setPlaceholderText("Default")
        edit.textEdited.connect(self._on_typed)
        self.widget = edit
        if spec.kind == "path":
            button = make_icon_button(theme, "folder-open", f"Choose the file: {spec.label}")
            button.clicked.connect(self._on_browse)
            self.browse = button

    def _on_typed(self, text: str) -> None:
        self._draft.type(self._spec, text)

    def _on_browse(self) -> None:
        self._dialog = QFileDialog(self.widget.window(), self._spec.label)
        self._dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        self._dialog.fileSelected.connect(self._on_file)
        self._dialog.open()

    def _on_file(self, path: str) -> None:
        if isinstance(self.widget, UnitEdit):
            self.widget.setText(path)
            self._on_typed(path)
