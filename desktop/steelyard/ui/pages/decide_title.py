"""What the Decide page puts into the top bar: the case, its answers, its history, and the memo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.compare_plain import plain_tooltip
from steelyard.ui.widgets.labels import make_label
from steelyard.ui.widgets.models_text import plain

if TYPE_CHECKING:
    from PySide6.QtGui import QAction, QResizeEvent

    from steelyard.ui.actions import Actions
    from steelyard.ui.pages.decide_store import DecideStore
    from steelyard.ui.theme.theme import Theme

_HINT = "re-check when price, volume or suite changes"
_HINT_FROM_PX, _WORDS_FROM_PX = 860, 600
_MOST_TITLE_PX = 300


class DecideTitle(QWidget):
    """Case picker at the left; Answers, History and the export at the right."""

    chosen = Signal(str)
    """`stored:ID`, `example:ID`, `industry:ID`, `ledger` or `new`."""
    export_wanted = Signal(str)
    """The memo as `html`, `pdf` or `json`."""

    def __init__(self, theme: Theme, store: DecideStore) -> None:
        super().__init__()
        self._store = store
        self.picker = QToolButton()
        self.picker.setProperty("role", "ghost")
        self.picker.setFont(theme.font(13, 500))
        self.picker.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.picker.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        self.picker.setCursor(Qt.CursorShape.PointingHandCursor)
        self.picker.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        theme.bind_icon(self.picker, "chevron-down", "text3", 14)
        self.cases = QMenu(self)
        self._hint = make_label(theme, _HINT, "muted", px=12)
        self.answers_button = make_button(theme, "Answers", "ghost", icon="sliders-horizontal")
        self.answers_button.setCheckable(True)
        self.history_button = make_button(theme, "History", icon="history")
        self.history_button.setCheckable(True)
        self.export_button = make_button(theme, "Export decision memo", "primary", icon="file-text")
        self.formats = QMenu(self)
        for form, text in (("pdf", "PDF, one page…"), ("html", "Web page (HTML)…"), ("json", "JSON…")):
            self.formats.addAction(text).setData(form)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.picker)
        row.addWidget(self._hint)
        row.addStretch(1)
        for button in (self.answers_button, self.history_button, self.export_button):
            row.addWidget(button)
        self.picker.clicked.connect(self.show_cases)
        self.cases.triggered.connect(self._on_chosen)
        self.export_button.clicked.connect(self.show_formats)
        self.formats.triggered.connect(self._on_format)
        store.case_changed.connect(self.show_store)
        store.decided.connect(self.show_store)
        self.show_store()

    def describe(self, actions: Actions) -> None:
        """Give the buttons the shortcuts of the actions that do the same."""
        actions.describe("decide.cases", self.picker)
        actions.describe("decide.answers", self.answers_button)
        actions.describe("decide.history", self.history_button)
        actions.describe("decide.export", self.export_button)

    @property
    def text(self) -> str:
        """The whole name of the case."""
        if self._store.case is None:
            return "No case"
        return plain(self._store.title, 120) or "Untitled case"

    @Slot()
    def show_cases(self) -> None:
        """Open the list of cases."""
        self._fill_cases()
        self.cases.popup(self.picker.mapToGlobal(QPoint(0, self.picker.height() + 4)))

    @Slot()
    def show_formats(self) -> None:
        """Open the choice of files."""
        if self.export_button.isEnabled():
            place = QPoint(0, self.export_button.height() + 4)
            self.formats.popup(self.export_button.mapToGlobal(place))

    @Slot()
    def show_store(self) -> None:
        """Show the case of now."""
        self.export_button.setEnabled(self._store.decision is not None)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Words give way to the name of the case."""
        super().resizeEvent(event)
        self.export_button.setText("Export decision memo" if self.width() >= _WORDS_FROM_PX else "Memo")
        self._fit()

    def _fit(self) -> None:
        self._hint.setVisible(self.width() >= _HINT_FROM_PX and self._store.case is not None)
        buttons = (self.answers_button, self.history_button, self.export_button)
        rest = self.width() - sum(button.sizeHint().width() + 8 for button in buttons) - 60
        room = max(70, min(_MOST_TITLE_PX, rest))
        shown = self.picker.fontMetrics().elidedText(self.text, Qt.TextElideMode.ElideRight, room)
        self.picker.setText(shown)
        self.picker.setAccessibleDescription(self.text)
        self.picker.setToolTip(plain_tooltip(f"{self.text}\n\nChoose another case (Ctrl+O)"))

    def _fill_cases(self) -> None:
        store, menu = self._store, self.cases
        menu.clear()
        titles: set[str] = set()
        for head in store.heads:
            if head.title not in titles:
                titles.add(head.title)
                self._add(f"{plain(head.title, 80) or 'Untitled case'}", f"stored:{head.id}")
        if titles:
            menu.addSeparator()
        self._add("Start from the ledger", "ledger")
        self._add("New empty case", "new")
        if store.book is not None:
            menu.addSection("Examples of the sources")
            for example in store.book.scenarios:
                self._add(plain(example.name, 80), f"example:{example.id}", example.text)
            menu.addSection("Fill in what a line of business usually has")
            for industry in store.book.industries:
                self._add(plain(industry.name, 80), f"industry:{industry.id}", industry.why)

    def _add(self, text: str, data: str, tip: str = "") -> None:
        action = self.cases.addAction(text.replace("&", "&&"))
        action.setData(data)
        action.setToolTip(plain_tooltip(tip or text))

    def _on_chosen(self, action: QAction) -> None:
        self.chosen.emit(str(action.data()))

    def _on_format(self, action: QAction) -> None:
        self.export_wanted.emit(str(action.data()))
