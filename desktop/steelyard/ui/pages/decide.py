"""The Decide page: API, own machines or both, from the user's answers and measurements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QSettings, Slot

from steelyard.core.values.decision import Case
from steelyard.core.values.events import EngineChanged, SettingsChanged
from steelyard.ui.pages.decide_actions import add_decide_actions
from steelyard.ui.pages.decide_layout import DecideLayout
from steelyard.ui.pages.decide_store import NEW_TITLE

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QShowEvent
    from PySide6.QtWidgets import QWidget

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.decision import Decision
    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme

_DRAFT = "decide/draft"
_MOST_DRAFT_CHARS = 200_000


class _Draft(msgspec.Struct, frozen=True):
    """What is kept from one start of the app to the next without being asked."""

    title: str
    from_ledger: bool
    case: Case


class DecidePage(DecideLayout):
    """Every answer is decided at once; a verdict may be kept and leaves the app as a memo."""

    def __init__(self, theme: Theme, bridge: Bridge, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(theme, bridge, parent)
        self._actions = actions
        add_decide_actions(actions, self)
        self.title_widget.describe(actions)
        self._state: QSettings | None = None
        self._connect()
        self._load()

    def take_state(self, state: QSettings) -> None:
        """Go on with the case of the last time."""
        self._state = state
        text = str(state.value(_DRAFT) or "")
        if not text or len(text) > _MOST_DRAFT_CHARS or self.store.case is not None:
            return
        try:
            draft = msgspec.json.decode(text, type=_Draft)
        except (msgspec.DecodeError, ValueError):
            return  # of another version: a new case is started instead
        self.store.start(draft.case, draft.title, from_ledger=draft.from_ledger)

    # ---- what can be done ----------------------------------------------------------------------------------

    def show_cases(self) -> None:
        """Open the list of cases."""
        self.title_widget.show_cases()

    def start_from_ledger(self) -> None:
        """A case of what was measured."""
        self.store.start(Case(), NEW_TITLE, from_ledger=True)

    def start_empty(self) -> None:
        """A case without answers, and the form for them."""
        self.store.start(Case(), NEW_TITLE, from_ledger=False)
        self.show_form("answers")

    def check_again(self) -> None:
        """Decide with what is measured now, whatever was measured when the verdict was kept."""
        self.store.check_again()

    def ask_title(self) -> None:
        """Keep the verdict under a title."""
        if self.store.decision is not None and self.body is not None:
            self.keep_popup.ask(self.body.verdict.keep_button, self.store.title)

    def show_formats(self) -> None:
        """Choose the memo's format."""
        self.title_widget.show_formats()

    @Slot(str)
    def export(self, form: str) -> None:
        """Write the memo of the verdict that is shown."""
        if self.store.decision is not None:
            self.memo.save(
                self.store.decision, self.title_widget.text, form, from_ledger=self.store.from_ledger
            )

    def refresh(self) -> None:
        """Read the lists again and decide again."""
        self._load()
        self.store.decide_anew()

    # ---- Qt ------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Scenarios of Costs and prices may have changed while another page was shown."""
        super().showEvent(event)
        if self.store.has_listed:
            self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        """Keep the case for the next start."""
        super().hideEvent(event)
        self._save_draft()

    # ---- answers -------------------------------------------------------------------------------------------

    @Slot(str)
    def _on_chosen(self, choice: str) -> None:
        kind, _, key = choice.partition(":")
        book = self.store.book
        match kind:
            case "stored":
                self.store.open_stored(key)
            case "ledger":
                self.start_from_ledger()
            case "new":
                self.start_empty()
            case "example":
                for example in book.scenarios if book is not None else ():
                    if example.id == key:
                        self.store.show_example(example)
            case _:
                for industry in book.industries if book is not None else ():
                    if industry.id == key:
                        self.store.fill_from(industry)
                        self.show_form("answers")

    @Slot(object)
    def _on_decided(self, decision: Decision) -> None:
        self.show_decision(decision)
        self._save_draft()

    @Slot(object)
    def _on_failed(self, error: AppError) -> None:
        self.show_failed(error)

    @Slot(object)
    def _on_event(self, event: object) -> None:
        is_ready = isinstance(event, EngineChanged) and event.state == "ready"
        if is_ready or isinstance(event, SettingsChanged):
            self.desk.load()
            self.store.read_lists()
            self.store.decide_anew()

    @Slot(str)
    def _on_page_wanted(self, name: str) -> None:
        self._actions.page_wanted.emit(name)

    @Slot(str)
    def _on_keep(self, title: str) -> None:
        self.store.keep(title)

    def _load(self) -> None:
        self.desk.load()
        self.store.read_lists()

    def _save_draft(self) -> None:
        if self._state is None:
            return
        store = self.store
        if store.case is None:
            self._state.remove(_DRAFT)
            return
        draft = _Draft(title=store.title, from_ledger=store.from_ledger, case=store.case)
        self._state.setValue(_DRAFT, msgspec.json.encode(draft).decode())

    def _connect(self) -> None:
        self.title_widget.chosen.connect(self._on_chosen)
        self.title_widget.export_wanted.connect(self.export)
        self.store.decided.connect(self._on_decided)
        self.store.failed.connect(self._on_failed)
        self.keep_popup.taken.connect(self._on_keep)
        self.page_wanted.connect(self._on_page_wanted)
        self._bridge.event_arrived.connect(self._on_event)
