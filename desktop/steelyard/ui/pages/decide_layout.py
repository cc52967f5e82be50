"""How the Decide page is laid out: the verdict, a panel beside it, what is said while there is no case."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from steelyard.ui.pages.decide_body import DecideBody
from steelyard.ui.pages.decide_export import MemoExport
from steelyard.ui.pages.decide_history import HistoryPanel
from steelyard.ui.pages.decide_keep import KeepPopup
from steelyard.ui.pages.decide_keys import in_words
from steelyard.ui.pages.decide_panel import WIDTH_PX, AnswersPanel, SidePanel
from steelyard.ui.pages.decide_settings import DecideDesk
from steelyard.ui.pages.decide_store import DecideStore
from steelyard.ui.pages.decide_title import DecideTitle
from steelyard.ui.pages.empty import EmptyView
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.cards import make_scroll

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.decision import Decision
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme

_WAIT_MS = 300


class DecideLayout(QWidget):
    """The body is made with the first verdict; until then there is a sentence and something to press."""

    page_wanted = Signal(str)
    """Another page of the app."""

    def __init__(self, theme: Theme, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._bridge = bridge
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Decide")
        self.store = DecideStore(bridge, self)
        self.desk = DecideDesk(bridge, self)
        self.memo = MemoExport(theme, bridge, self)
        self.title_widget = DecideTitle(theme, self.store)
        self.keep_popup = KeepPopup(theme, self)
        self.body: DecideBody | None = None
        self.panels: dict[str, SidePanel] = {}
        self._scroll: QScrollArea | None = None
        self._make_empty()
        self.waiting = EmptyView(
            theme, "hourglass", "Deciding", "Costs, limits and 5,000 draws are worked out."
        )
        self.failed: EmptyView | None = None
        self._stack = QStackedWidget()
        for view in (self.empty, self.waiting):
            self._stack.addWidget(view)
        self._side = QStackedWidget()
        self._side.setFixedWidth(WIDTH_PX)
        self._side.hide()
        self._wait = QTimer(self, singleShot=True, interval=_WAIT_MS)
        self._wait.timeout.connect(self._on_wait)
        left = QVBoxLayout()
        left.setSpacing(0)
        left.addWidget(self._stack, 1)
        bar = QVBoxLayout()
        bar.setContentsMargins(16, 0, 16, 8)
        bar.addWidget(self.memo.bar)
        left.addLayout(bar)
        side = QVBoxLayout()
        side.setContentsMargins(0, 12, 12, 12)
        side.addWidget(self._side)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(0)
        self._row.addLayout(left, 1)
        self._row.addLayout(side)
        self.title_widget.answers_button.clicked.connect(partial(self.toggle_panel, "answers"))
        self.title_widget.history_button.clicked.connect(partial(self.toggle_panel, "history"))
        self.store.case_changed.connect(self._on_case_changed)
        self.desk.saved.connect(self.store.read_book)

    @property
    def shown(self) -> str:
        """What the page shows: empty, waiting, failed or decision."""
        names = {id(self.empty): "empty", id(self.waiting): "waiting", id(self._scroll): "decision"}
        return names.get(id(self._stack.currentWidget()), "failed")

    @property
    def panel(self) -> str:
        """The panel that is open; empty when none is."""
        if self._side.isHidden():
            return ""
        return next((name for name, one in self.panels.items() if one is self._side.currentWidget()), "")

    @property
    def answers(self) -> AnswersPanel:
        """The forms; made when they are first needed."""
        panel = self._make_panel("answers")
        assert isinstance(panel, AnswersPanel)
        return panel

    @property
    def history(self) -> HistoryPanel:
        """The stored verdicts; made when they are first needed."""
        panel = self._make_panel("history")
        assert isinstance(panel, HistoryPanel)
        return panel

    def focus_first(self) -> None:
        """Where the keyboard goes when the page is shown."""
        if self.panel == "answers":
            self.answers.focus_first()
        elif self.shown == "empty":
            self.ledger_button.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.title_widget.picker.setFocus(Qt.FocusReason.OtherFocusReason)

    # ---- panels --------------------------------------------------------------------------------------------

    def toggle_panel(self, name: str) -> None:
        """Open a panel, or close it."""
        self._open_panel("" if self.panel == name else name)

    def show_form(self, tab: str) -> None:
        """Open a form of the answers."""
        self.answers.show_tab(tab)
        self._open_panel("answers")

    @Slot(str)
    def show_key(self, key: str) -> None:
        """Open the answers at a key."""
        self._open_panel("answers")
        self.answers.focus_key(key)

    def show_table(self, tab: str) -> None:
        """Show one of the tables of the sources."""
        if self.body is not None and self._scroll is not None:
            self.body.published.show_tab(tab)
            self._scroll.ensureWidgetVisible(self.body.published, 0, 0)

    @Slot()
    def leave_panel(self) -> None:
        """Close the panel at the right."""
        self._open_panel("")

    def _open_panel(self, name: str) -> None:
        if name:
            panel = self._make_panel(name)
            self._side.setCurrentWidget(panel)
            self._side.show()
            panel.close_button.setFocus(Qt.FocusReason.OtherFocusReason)
            if isinstance(panel, AnswersPanel):
                panel.focus_first()
        else:
            self._side.hide()
        self.title_widget.answers_button.setChecked(name == "answers")
        self.title_widget.history_button.setChecked(name == "history")
        if not name:
            self.focus_first()

    def _make_panel(self, name: str) -> SidePanel:
        if name not in self.panels:
            panel: SidePanel = (
                AnswersPanel(self._theme, self.store, self.desk)
                if name == "answers"
                else HistoryPanel(self._theme, self.store)
            )
            panel.closed.connect(self.leave_panel)
            self.panels[name] = panel
            self._side.addWidget(panel)
        return self.panels[name]

    # ---- what is shown -------------------------------------------------------------------------------------

    def show_decision(self, decision: Decision) -> None:
        """Show a verdict."""
        self._wait.stop()
        self.store.decision = decision
        if self.body is None:
            self._make_body()
        assert self.body is not None
        assert self._scroll is not None
        self.body.show_decision(decision, self.store.title if self.store.example else "")
        self._stack.setCurrentWidget(self._scroll)

    def show_failed(self, error: AppError) -> None:
        """The last good verdict stays; without one the reason stands in its place."""
        self._wait.stop()
        if self.body is not None and self.store.decision is not None:
            # Beside open answers it is told there already.
            self.body.verdict.show_error("" if self.panel == "answers" else in_words(error.one_line()))
            return
        if self.failed is not None:
            self._stack.removeWidget(self.failed)
            self.failed.deleteLater()
        self.failed = EmptyView(
            self._theme, "circle-alert", error.title, f"{error.detail} {error.hint}".strip() or error.title
        )
        button = make_button(self._theme, "Answers", icon="sliders-horizontal")
        button.clicked.connect(partial(self.show_form, "answers"))
        self.failed.add_action(button)
        self._stack.addWidget(self.failed)
        self._stack.setCurrentWidget(self.failed)

    def _make_body(self) -> None:
        self.body = DecideBody(self._theme)
        self._scroll = make_scroll(self.body, "Verdict")
        self._stack.addWidget(self._scroll)
        self.body.page_wanted.connect(self.page_wanted)
        self.body.key_wanted.connect(self.show_key)
        self.body.verdict.keep_button.clicked.connect(self._on_keep_clicked)
        self.body.published.edit_button.clicked.connect(partial(self.show_form, "rules"))

    def _make_empty(self) -> None:
        self.empty = EmptyView(
            self._theme,
            "scale",
            "No case yet",
            "Answer what you know, or start from what was measured here: the verdict says what it rests on.",
        )
        self.ledger_button = make_button(self._theme, "Start from the ledger", "primary", icon="activity")
        self.example_button = make_button(self._theme, "Try an example", icon="file-text")
        row = QWidget()
        buttons = QHBoxLayout(row)
        buttons.setContentsMargins(0, 0, 0, 0)
        buttons.setSpacing(8)
        buttons.addWidget(self.ledger_button)
        buttons.addWidget(self.example_button)
        self.empty.add_action(row)
        self.ledger_button.clicked.connect(self._on_ledger_clicked)
        self.example_button.clicked.connect(self._on_example_clicked)

    @Slot()
    def _on_case_changed(self) -> None:
        """Another case has no verdict yet; it is told only if it takes long."""
        if self.store.case is None:
            self._stack.setCurrentWidget(self.empty)
        elif self.store.decision is None:
            self._wait.start()

    @Slot()
    def _on_wait(self) -> None:
        if self.store.case is not None and self.store.decision is None:
            self._stack.setCurrentWidget(self.waiting)

    @Slot()
    def _on_ledger_clicked(self) -> None:
        self.title_widget.chosen.emit("ledger")

    @Slot()
    def _on_example_clicked(self) -> None:
        book = self.store.book
        if book is not None and book.scenarios:
            self.title_widget.chosen.emit(f"example:{book.scenarios[0].id}")

    @Slot()
    def _on_keep_clicked(self) -> None:
        assert self.body is not None
        self.keep_popup.ask(self.body.verdict.keep_button, self.store.title)
