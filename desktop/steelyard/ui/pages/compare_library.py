"""The prompt library: prompts and system prompts that are kept, to be found, used, edited and deleted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot

from steelyard.core.base.templates import find_variables
from steelyard.core.values.commands import ListPrompts, RemovePrompt, SavePrompt
from steelyard.core.values.events import PromptsChanged
from steelyard.ui.pages.compare_library_data import KIND_WORDS, Draft, draft_of, entries_of, inserted
from steelyard.ui.pages.compare_library_layout import LibraryLayout

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.prompt import LibraryPrompt
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.compare_library_data import PromptKind
    from steelyard.ui.theme.theme import Theme


class LibrarySheet(LibraryLayout):
    """A list and an editor; nothing is kept before Save."""

    used = Signal(str, str)
    """Kind and text of a prompt that is to be put into the composer."""
    listed = Signal()
    """The kept prompts are others."""

    def __init__(self, theme: Theme, bridge: Bridge, host: QWidget, floor: QWidget) -> None:
        super().__init__(theme, host, floor)
        self._bridge = bridge
        self.prompts: list[LibraryPrompt] = []
        self._draft = Draft("prompt")
        self._is_showing = False
        self._is_sure = False
        self._waits_for = ""
        self._connect()
        self._show_draft(self._draft)
        self.load()

    @property
    def draft(self) -> Draft:
        """What stands in the editor."""
        return replace(self._draft, name=self.name.text, text=self.text)

    def load(self) -> None:
        """Read what is kept."""
        self._bridge.run(ListPrompts(), on_done=self._on_listed, on_error=self._on_failed)

    def show_kind(self, kind: PromptKind) -> None:
        """List prompts, or system prompts."""
        self.kinds.set_value(kind)
        self._on_kind(kind)

    def edit_new(self, kind: PromptKind, text: str) -> None:
        """Begin one of these with a text that is to be kept."""
        self.show_kind(kind)
        self.entries.choose("")
        self._show_draft(Draft(kind, text=text))
        self.name.edit.setFocus(Qt.FocusReason.PopupFocusReason)

    def start(self) -> None:
        """Into the search."""
        self.entries.search.setFocus(Qt.FocusReason.PopupFocusReason)

    # ---- what is done --------------------------------------------------------------------------------------

    @Slot()
    def use(self) -> None:
        """Put the text into the composer, with the fields that were filled in."""
        draft = self.draft
        if draft.text.strip():
            self.used.emit(draft.kind, inserted(draft.text, self.fields.values))
            self.leave()

    @Slot()
    def save(self) -> None:
        """Keep what stands in the editor."""
        draft = self.draft
        if draft.problem:
            self.name.set_error(draft.problem)
            return
        self._bridge.run(SavePrompt(prompt=draft.kept), on_done=self._on_saved, on_error=self._on_failed)

    @Slot()
    def save_as_new(self) -> None:
        """Keep it beside the one that it was."""
        self._draft = replace(self._draft, id="", is_shipped=False)
        self.save()

    @Slot()
    def remove(self) -> None:
        """Forget it; the first click asks."""
        if not self._is_sure:
            self._is_sure = True
            self.delete_button.setText("Delete for good?")
            return
        self._bridge.run(RemovePrompt(id=self._draft.id), on_done=self._on_removed, on_error=self._on_failed)

    # ---- wiring --------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        self.kinds.chosen.connect(self._on_kind)
        self.entries.chosen.connect(self._on_chosen)
        self.entries.taken.connect(self._on_taken)
        self.editor.edit.textChanged.connect(self._on_edited)
        self.name.edited.connect(self._on_edited)
        self.new_button.clicked.connect(self._on_new)
        self.use_button.clicked.connect(self.use)
        self.save_button.clicked.connect(self.save)
        self.copy_button.clicked.connect(self.save_as_new)
        self.delete_button.clicked.connect(self.remove)
        self.fields.accepted.connect(self.use)
        self._bridge.event_arrived.connect(self._on_event)

    @Slot(object)
    def _on_event(self, event: object) -> None:
        if isinstance(event, PromptsChanged):
            self.load()

    def _on_listed(self, prompts: list[LibraryPrompt]) -> None:
        self.prompts = prompts
        self._list()
        if self._waits_for:
            self.entries.choose(self._waits_for)
            self._waits_for = ""
        self.listed.emit()

    def _list(self) -> None:
        kind = self._draft.kind
        nothing = f"No {KIND_WORDS[kind]}s are kept yet. Write one and save it."
        self.entries.show_entries(entries_of(self.prompts, kind), nothing)

    def _on_saved(self, prompt: LibraryPrompt) -> None:
        self._show_draft(draft_of(prompt))
        self._waits_for = prompt.id
        self.load()

    def _on_removed(self, _nothing: object) -> None:
        self._show_draft(Draft(self._draft.kind))
        self.entries.choose("")
        self.load()
        self.start()

    def _on_failed(self, error: AppError) -> None:
        self.problem.show_text(error.one_line(), "bad")

    @Slot(str)
    def _on_kind(self, kind: str) -> None:
        wanted: PromptKind = "system" if kind == "system" else "prompt"
        if wanted != self._draft.kind:
            self._show_draft(Draft(wanted))
            self._list()

    @Slot(str)
    def _on_chosen(self, key: str) -> None:
        found = next((prompt for prompt in self.prompts if prompt.id == key), None)
        if found is not None:
            self._show_draft(draft_of(found))

    @Slot(str)
    def _on_taken(self, key: str) -> None:
        self._on_chosen(key)
        if not self.fields.focus_first():
            self.use()

    @Slot()
    def _on_new(self) -> None:
        self.edit_new(self._draft.kind, "")

    @Slot()
    def _on_edited(self) -> None:
        if not self._is_showing:
            self._show_state()

    def _show_draft(self, draft: Draft) -> None:
        self._draft = draft
        self._is_showing = True
        self.name.set_text(draft.name)
        self.editor.set_text(draft.text)
        self._is_showing = False
        self.problem.show_text("")
        self._show_state()

    def _show_state(self) -> None:
        draft = self.draft
        self._is_sure = False
        is_kept = bool(draft.id)
        is_other = draft != self._draft
        has_text = bool(draft.text.strip())
        names = find_variables(draft.text) if draft.kind == "prompt" else []
        self.fields.show_fields(names)
        self.use_button.setText("Use as system prompt" if draft.kind == "system" else "Put into the prompt")
        self.use_button.setEnabled(has_text)
        self.save_button.setText("Save a copy" if draft.is_shipped else "Save")
        self.save_button.setEnabled(has_text and (is_other or not is_kept))
        self.copy_button.setVisible(is_kept and not draft.is_shipped and is_other)
        self.delete_button.setText("Delete")
        self.delete_button.setVisible(is_kept and not draft.is_shipped)
        note = "Fields that stay empty stay variables." if names else ""
        if draft.is_shipped:
            note = "Shipped with Steelyard: it cannot be changed, a copy can."
        self.editor.show_verdict(note, is_wrong=False)
