"""All that belongs to a prompt beside its text: attachments, table, library, form of the answer, tools.

Ties the sheets and chips to the composer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot

from steelyard.ui.pages.compare_attachments import AttachmentsBar
from steelyard.ui.pages.compare_attachments_drop import DropAndPaste
from steelyard.ui.pages.compare_attachments_sight import Sight
from steelyard.ui.pages.compare_form import FormSheet
from steelyard.ui.pages.compare_form_actions import add_form_actions
from steelyard.ui.pages.compare_library import LibrarySheet
from steelyard.ui.pages.compare_library_presets import PresetsButton
from steelyard.ui.pages.compare_table_desk import TableDesk
from steelyard.ui.pages.compare_tools import ToolsSheet
from steelyard.ui.widgets.buttons import make_icon_button

if TYPE_CHECKING:
    from steelyard.core.values.prompt import Sampling
    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.compare import ComparePage
    from steelyard.ui.theme.theme import Theme
    from steelyard.ui.widgets.form_sheet import Sheet


class PromptForms(TableDesk):
    """One for the page."""

    def __init__(self, theme: Theme, bridge: Bridge, actions: Actions, page: ComparePage) -> None:
        super().__init__(theme, bridge, page)
        composer = page.composer
        self.attachments = AttachmentsBar(theme, bridge)
        self.drops = DropAndPaste(theme, self.attachments, composer, (composer.prompt, composer.system))
        self.sight = Sight(bridge, page.state, page.lists, self)
        self.library = LibrarySheet(theme, bridge, page, composer)
        self.form = FormSheet(theme, page, composer)
        self.tools = ToolsSheet(theme, page, composer)
        self.presets = PresetsButton(theme)
        self.attach_button = make_icon_button(theme, "paperclip", "Attach files")
        self.library_button = make_icon_button(theme, "library-big", "Prompt library")
        self._sheets: list[Sheet] = [self.table, self.library, self.form, self.tools]
        add_form_actions(actions, self)
        self._place()
        self._connect()

    def is_ready(self) -> bool:
        """Whether it can be sent so; else what hinders is shown."""
        if self.is_running or self.attachments.is_reading:
            return False
        for sheet in (self.form, self.tools):
            if sheet.problem is not None:
                self.open_sheet(sheet)
                return False
        if self.lacks_column:
            self.open_sheet(self.table)
            return False
        self.close_sheets()
        return True

    # ---- sheets --------------------------------------------------------------------------------------------

    def open_sheet(self, sheet: Sheet) -> None:
        """Open one, and close the others."""
        for other in self._sheets:
            if other is not sheet:
                other.hide()
        sheet.open()

    @Slot()
    def close_sheets(self) -> None:
        """Close what is open; the keyboard stays where it is."""
        for sheet in self._sheets:
            sheet.hide()

    @Slot()
    def open_table(self) -> None:
        """Show the table of variables."""
        self.open_sheet(self.table)

    @Slot()
    def open_library(self) -> None:
        """Show the prompts that are kept."""
        self.library.show_kind("prompt")
        self.open_sheet(self.library)

    @Slot()
    def open_presets(self) -> None:
        """Show the system prompts that are kept."""
        self.library.show_kind("system")
        self.open_sheet(self.library)

    @Slot()
    def save_prompt(self) -> None:
        """Keep the prompt that stands in the composer."""
        self.open_library()
        self.library.edit_new("prompt", self._page.composer.prompt_text)

    @Slot()
    def save_preset(self) -> None:
        """Keep the system prompt that stands in the composer."""
        self.open_presets()
        self.library.edit_new("system", self._page.composer.system_text)

    @Slot()
    def open_form(self) -> None:
        """Show the form of the answers."""
        self.open_sheet(self.form)

    @Slot()
    def open_tools(self) -> None:
        """Show the tools."""
        self.open_sheet(self.tools)

    @Slot()
    def attach(self) -> None:
        """Choose files that go with the prompt."""
        self.attachments.ask()

    # ---- wiring --------------------------------------------------------------------------------------------

    def _place(self) -> None:
        composer = self._page.composer
        composer.add_slot(self.attachments)
        composer.add_chip(self.form.chip)
        composer.add_chip(self.tools.chip)
        composer.add_system_tool(self.presets)
        composer.add_foot(self.attach_button)
        composer.add_foot(self.library_button)
        composer.shapers += [self.form.shape, self.tools.shape]

    def _connect(self) -> None:
        composer = self._page.composer
        composer.system.textChanged.connect(self._on_system_edited)
        composer.request_set.connect(self._on_request_set)
        composer.cleared.connect(self.attachments.clear)
        composer.attachments_set.connect(self.attachments.set_attachments)
        self.attachments.changed.connect(self._on_attachments)
        self.sight.blind_found.connect(self.attachments.set_blind)
        self._page.lists.changed.connect(self.sight.look_again)
        self._page.answers_changed.connect(self.sight.look_again)
        self.form.changed.connect(composer.edited)
        self.tools.changed.connect(composer.edited)
        self.library.used.connect(self._on_used)
        self.library.listed.connect(self._on_listed)
        self.presets.chosen.connect(composer.system.setPlainText)
        self.presets.save_wanted.connect(self.save_preset)
        self.presets.edit_wanted.connect(self.open_presets)
        self.table_chip.clicked.connect(self.open_table)
        self.attach_button.clicked.connect(self.attach)
        self.library_button.clicked.connect(self.open_library)
        self.form.chip.clicked.connect(self.open_form)
        self.tools.chip.clicked.connect(self.open_tools)
        self._page.view_changed.connect(self.close_sheets)
        for sheet in self._sheets:
            sheet.closed.connect(self._page.focus_prompt)

    @Slot()
    def _on_system_edited(self) -> None:
        self.presets.set_has_text(has_text=bool(self._page.composer.system_text))

    @Slot()
    def _on_attachments(self) -> None:
        self._page.composer.attachments = self.attachments.attachments
        self._page.composer.edited.emit()
        self.sight.look(is_wanted=self.attachments.has_images)

    @Slot(str, object)
    def _on_request_set(self, _system: str, sampling: Sampling) -> None:
        self.form.take(sampling)
        self.tools.take(sampling)

    @Slot(str, str)
    def _on_used(self, kind: str, text: str) -> None:
        if kind == "system":
            self._page.composer.system.setPlainText(text)
        else:
            self._page.composer.set_prompt(text)

    @Slot()
    def _on_listed(self) -> None:
        self.presets.set_prompts(self.library.prompts)
