"""The case on the Decide page and the verdict on it: each answer is decided anew, the newest one wins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from steelyard.core.values import cost_commands as cc
from steelyard.core.values.decision import Case
from steelyard.ui.pages.decide_keys import KEYS, known_keys, value_of, with_value
from steelyard.ui.pages.latest import Latest

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.costs import CostScenario
    from steelyard.core.values.decision import Decision, DecisionBook, DecisionHead, ExampleCase, Industry
    from steelyard.ui.bridge import Bridge

DEBOUNCE_MS = 200
NEW_TITLE = "New case"


class DecideStore(QObject):
    """`case` is what the user answered; `decision` the last good verdict, its case filled from the ledger."""

    decided = Signal(object)
    """A `Decision` on the case as it is now."""
    failed = Signal(object)
    """An `AppError`: the case cannot be decided as it is."""
    case_changed = Signal()
    """The case, its title or where it comes from."""
    kept = Signal(object)
    """The `Decision` as it was stored."""
    listed = Signal()
    """Book, stored verdicts or scenarios of Costs were read."""

    def __init__(self, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.case: Case | None = None
        self.title = ""
        self.from_ledger = True
        self.example = ""
        """Id of the shipped case that is shown, while nothing of it was changed."""
        self.decision: Decision | None = None
        self.error: AppError | None = None
        self.book: DecisionBook | None = None
        self.heads: list[DecisionHead] = []
        self.profiles: list[CostScenario] = []
        self.has_listed = False
        self._latest = Latest(bridge, self)
        self._books = Latest(bridge, self)
        self._books.answered.connect(self._on_book)
        self._books.failed.connect(bridge.error_raised)
        self._timer = QTimer(self, singleShot=True, interval=DEBOUNCE_MS)
        self._timer.timeout.connect(self.decide)
        self._latest.answered.connect(self._on_decided)
        self._latest.failed.connect(self._on_failed)

    @property
    def is_busy(self) -> bool:
        """Whether a verdict is on its way."""
        return self._latest.is_busy or self._timer.isActive()

    # ---- the case ------------------------------------------------------------------------------------------

    def start(self, case: Case, title: str, *, from_ledger: bool) -> None:
        """Take another case and decide it."""
        self._take(case, title, from_ledger=from_ledger)
        self.decide()

    def show_example(self, example: ExampleCase) -> None:
        """Take a shipped case as it is."""
        self._take(example.case, example.name, from_ledger=False)
        self.example = example.id
        self.case_changed.emit()
        self.decide()

    def show_stored(self, decision: Decision) -> None:
        """Show a stored verdict; its case can be answered anew."""
        self._timer.stop()
        self._latest.drop()
        self._take(decision.case, decision.title, from_ledger=False)
        self._on_decided(decision)

    def fill_from(self, industry: Industry) -> None:
        """Answer what a line of business usually answers, where the user has not; say so in the origins."""
        case = self.case or Case()
        for key in known_keys(industry.case):
            if value_of(case, key) is None:
                case = with_value(case, key, value_of(industry.case, key))
                case = msgspec.structs.replace(
                    case, origins=case.origins | {key: "preset"}, notes=case.notes | {key: industry.why}
                )
        self.start(case, self.title or f"{industry.name} case", from_ledger=self.from_ledger)

    def set_value(self, key: str, value: Any) -> None:
        """The user answered; decided a moment after the last answer."""
        self.case = with_value(self.case or Case(), key, value)
        self._on_edited()

    def check_again(self) -> None:
        """Forget what was measured when the verdict was kept, and fill it in anew."""
        if self.case is None or self.example:
            self.decide()
            return
        old = [key for key, origin in self.case.origins.items() if origin == "measured"]
        case = self.case
        for key in old:
            case = with_value(case, key, None) if key in KEYS else case
        self.case = case
        self.from_ledger = self.from_ledger or bool(old)
        self.case_changed.emit()
        self.decide()

    def set_from_ledger(self, is_on: bool) -> None:
        """Whether unknown answers are filled with what was measured."""
        self.from_ledger = is_on
        self._on_edited()

    def clear(self) -> None:
        """No case."""
        self._timer.stop()
        self._latest.drop()
        self.case, self.title, self.example = None, "", ""
        self.decision, self.error = None, None
        self.case_changed.emit()

    @Slot()
    def decide(self) -> None:
        """Ask for the verdict now."""
        self._timer.stop()
        if self.case is None:
            return
        if self.example:
            self._latest.ask(cc.DecideScenario(id=self.example))
        else:
            self._latest.ask(cc.Decide(case=self.case, from_ledger=self.from_ledger, title=self.title))

    def decide_anew(self) -> None:
        """Prices, rules or measurements may be others now; a kept verdict stays as it was kept."""
        if self.decision is None or not self.decision.id:
            self.decide()

    def keep(self, title: str) -> None:
        """Store the verdict under a title, with its date and what changed."""
        if self.case is None:
            return
        command = cc.Decide(case=self.case, from_ledger=self.from_ledger, keep=True, title=title)
        self._bridge.run(command, self._on_kept)

    # ---- lists ---------------------------------------------------------------------------------------------

    def read_lists(self) -> None:
        """Read book, stored verdicts and scenarios of Costs."""
        self._books.ask(cc.ReadDecisionBook())
        self._bridge.run(cc.ListDecisions(), self._on_heads)
        self._bridge.run(cc.ListCostScenarios(), self._on_profiles, self._on_no_profiles)

    def read_book(self) -> None:
        """Read the book after its settings changed, and decide by it."""
        self._books.ask(cc.ReadDecisionBook())
        self.decide()

    def open_stored(self, decision_id: str) -> None:
        """Read a stored verdict and show it."""
        self._bridge.run(cc.ReadDecision(id=decision_id), self.show_stored)

    def remove(self, decision_id: str) -> None:
        """Delete a stored verdict."""
        self._bridge.run(cc.RemoveDecision(id=decision_id), self._on_removed)

    # ---- answers -------------------------------------------------------------------------------------------

    def _take(self, case: Case, title: str, *, from_ledger: bool) -> None:
        self.case, self.title, self.from_ledger, self.example = case, title, from_ledger, ""
        self.decision, self.error = None, None
        self.case_changed.emit()

    def _on_edited(self) -> None:
        self.example = ""
        self._timer.start()
        self.case_changed.emit()

    @Slot(object)
    def _on_decided(self, decision: Decision) -> None:
        self.decision, self.error = decision, None
        self.decided.emit(decision)

    @Slot(object)
    def _on_failed(self, error: AppError) -> None:
        self.error = error
        self.failed.emit(error)

    def _on_kept(self, decision: Decision) -> None:
        self.title = decision.title
        self._on_decided(decision)
        self.kept.emit(decision)
        self._bridge.run(cc.ListDecisions(), self._on_heads)

    def _on_removed(self, _answer: object) -> None:
        self._bridge.run(cc.ListDecisions(), self._on_heads)

    @Slot(object)
    def _on_book(self, book: DecisionBook) -> None:
        self.book = book
        self.listed.emit()

    def _on_heads(self, heads: list[DecisionHead]) -> None:
        self.heads = heads
        self.has_listed = True
        self.listed.emit()

    def _on_profiles(self, profiles: list[CostScenario]) -> None:
        self.profiles = profiles
        self.listed.emit()

    def _on_no_profiles(self, _error: AppError) -> None:
        """Without them a profile cannot be chosen; nothing else is missing."""
