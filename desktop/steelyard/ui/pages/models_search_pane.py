"""The left card of Discover: search box, filters, list, and what stands in its place without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from steelyard.core.base.errors import printable
from steelyard.ui.pages.models_filters import Filters
from steelyard.ui.pages.models_refs import repo_ref
from steelyard.ui.pages.models_results import ResultsModel, rows_of
from steelyard.ui.pages.models_results_view import ResultsView
from steelyard.ui.pages.models_search import Search
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.labels import make_label
from steelyard.ui.widgets.models_badge import IconLabel

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from steelyard.core.values.hub import DownloadRow
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.models_stores import Downloads
    from steelyard.ui.theme.theme import Theme

_PASTED_CHARS = 3
"""So many characters at once were not typed."""


class SearchPane(QFrame):
    """Find a repository."""

    repo_wanted = Signal(str, str)
    """A repository by name or address, and the quant or file that is meant (may be empty)."""
    retried = Signal()
    """The user asked the hub again."""

    def __init__(self, theme: Theme, bridge: Bridge, downloads: Downloads) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._theme = theme
        self._downloads = downloads
        self._last_text = ""
        self._opened_ref = ""
        self._is_pasted = False
        self._repo = ""
        self._states: dict[str, str] = {}
        self.search = Search(bridge, self)
        self.model = ResultsModel()
        self.box = _SearchBox()
        self.box.setPlaceholderText("Search models or paste a Hugging Face URL")
        self.box.setAccessibleName("Search models")
        self.box.setToolTip(
            "Search models (Ctrl+F): words, org/repo, org/repo:QUANT, or an address of the hub"
        )
        self.box.setFont(theme.font(13))
        self.box.setClearButtonEnabled(False)
        self.filters = Filters(theme)
        self.view = ResultsView(theme, self.model)
        self.trouble = _Trouble(theme)
        self.nothing = _Nothing(theme)
        self.count = make_label(theme, "", "muted", px=12, tabular=True)
        self.host = make_label(theme, "", "muted", px=12)
        self._lay_out()
        self._connect()

    @property
    def is_offline(self) -> bool:
        """Whether the hub did not answer."""
        return self.search.error is not None

    def start(self) -> None:
        """Read the curated list and what is popular."""
        self.search.load_catalog()
        self.search.run()

    def focus_box(self) -> None:
        """Put the keyboard into the search box."""
        self.box.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.box.selectAll()

    def show_open(self, repo: str) -> None:
        """Mark the repository that is open."""
        self._repo = repo
        self.view.select_repo(repo)

    # ---- wiring --------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        self.box.textChanged.connect(self._on_text_changed)
        self.box.returnPressed.connect(self._on_enter)
        self.box.left_downwards.connect(self.view.enter)
        self.view.left_upwards.connect(self.focus_box)
        self.view.opened.connect(self._on_opened)
        self.view.end_neared.connect(self.search.run_more)
        self.filters.changed.connect(self._on_filters_changed)
        self.trouble.button.clicked.connect(self.retry)
        self.nothing.button.clicked.connect(self._on_clear)
        self.search.settled.connect(self._on_settled)
        self.search.changed.connect(self.refresh)
        self._downloads.changed.connect(self._on_download_changed)
        self._downloads.listed.connect(self.refresh)

    def _lay_out(self) -> None:
        icon = IconLabel(self._theme, "search", "text3")
        inside = QHBoxLayout(self.box)
        inside.setContentsMargins(10, 0, 0, 0)
        inside.addWidget(icon, 0, Qt.AlignmentFlag.AlignLeft)
        self.box.setTextMargins(24, 0, 0, 0)
        head = QVBoxLayout()
        head.setContentsMargins(12, 12, 12, 10)
        head.setSpacing(8)
        head.addWidget(self.box)
        head.addWidget(self.filters)
        foot = QHBoxLayout()
        foot.setContentsMargins(16, 8, 16, 10)
        foot.addWidget(self.count, 1)
        foot.addWidget(self.host)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.trouble)
        column.addWidget(self.nothing)
        column.addWidget(self.view, 1)
        column.addLayout(foot)
        self.nothing.hide()
        self.trouble.hide()

    @Slot()
    def refresh(self) -> None:
        """Show the state of the search."""
        search = self.search
        self.model.show_rows(rows_of(search, self._downloads))
        if not self.view.currentIndex().isValid():
            self.view.select_repo(self._repo)
        error = search.error
        self.trouble.setVisible(error is not None)
        if error is not None:
            self.trouble.show_text(error.one_line())
        is_empty = search.has_answer and not search.is_loading and not search.results and error is None
        self.nothing.setVisible(is_empty and search.is_filtered)
        self._show_count()
        if not search.is_loading and not search.is_loading_more and search.has_more and error is None:
            QTimer.singleShot(0, self.view, self.view.check_end)

    def _show_count(self) -> None:
        search = self.search
        if search.error is not None:
            self.count.setText("Hub not reached")
        elif search.is_loading:
            self.count.setText("Asking the hub…")
        else:
            word = "repository" if len(search.results) == 1 else "repositories"
            more = ", scroll for more" if search.has_more else ""
            self.count.setText(f"{len(search.results):,} {word}{more}")

    # ---- what the user does --------------------------------------------------------------------------------

    @Slot(object)
    def _on_download_changed(self, row: DownloadRow) -> None:
        """Progress is not shown in the list, only in which state it is."""
        if self._states.get(row.id) != row.state:
            self._states[row.id] = row.state
            self.refresh()

    @Slot()
    def retry(self) -> None:
        """Ask the hub again, for what stands in the box now."""
        self._take_words()
        self.search.run()
        self.retried.emit()

    @Slot(str)
    def _on_text_changed(self, text: str) -> None:
        self._is_pasted = len(text) - len(self._last_text) >= _PASTED_CHARS
        self._last_text = text
        self.search.note_typing()

    @Slot()
    def _on_settled(self) -> None:
        text = printable(self.box.text()).strip()
        ref = repo_ref(text)
        if ref is not None and (ref.is_sure or self._is_pasted):
            self._open_ref(ref.name, ref.wanted)
        elif text != self.search.query:
            self._ask(text)

    @Slot()
    def _on_enter(self) -> None:
        self.search.settle_now()
        text = printable(self.box.text()).strip()
        ref = repo_ref(text)
        if ref is not None:
            self._opened_ref = ""
            self._open_ref(ref.name, ref.wanted)
        elif text != self.search.query:
            self._ask(text)
        else:
            self.view.enter()

    def _take_words(self) -> None:
        """A search that starts before the typing rests is one for all that was typed."""
        text = printable(self.box.text()).strip()
        ref = repo_ref(text)
        if ref is None or not (ref.is_sure or self._is_pasted):
            self.search.query = text

    def _open_ref(self, name: str, wanted: str) -> None:
        if name != self._opened_ref:
            self._opened_ref = name
            self.repo_wanted.emit(name, wanted)

    def _ask(self, text: str) -> None:
        self._opened_ref = ""
        self.search.query = text
        self.search.run()

    @Slot(str)
    def _on_opened(self, repo: str) -> None:
        self.repo_wanted.emit(repo, "")

    @Slot()
    def _on_filters_changed(self) -> None:
        self._take_words()
        self.search.filters = self.filters.filters
        self.search.sort = self.filters.sort_key
        self.search.run()

    @Slot()
    def _on_clear(self) -> None:
        self.box.clear()
        self.search.settle_now()
        self.search.query = ""
        self.filters.clear()
        self.focus_box()


class _SearchBox(QLineEdit):
    left_downwards = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Down goes into the list; Esc empties."""
        if event.key() == Qt.Key.Key_Down:
            self.left_downwards.emit()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)


class _Trouble(QWidget):
    """The hub did not answer: why, and that the rest works."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._text = make_label(theme, "", "error", px=12, wrap=True)
        self._calm = make_label(
            theme, "The curated list below and My models stay usable.", "muted", px=12, wrap=True
        )
        self.button = make_button(theme, "Retry", icon="rotate-cw", tooltip="Ask the hub again")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 4, 16, 12)
        column.setSpacing(6)
        column.addWidget(self._text)
        column.addWidget(self._calm)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)

    @property
    def text(self) -> str:
        """What is said."""
        return self._text.text()

    def show_text(self, text: str) -> None:
        """Say something else."""
        self._text.setText(text)


class _Nothing(QWidget):
    """Nothing was found."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.button = make_button(theme, "Clear search and filters", icon="x")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 24, 16, 12)
        column.setSpacing(8)
        column.addWidget(make_label(theme, "No GGUF repository matches", weight=600))
        says = "Other words, fewer filters, or the address of a repository may find it."
        column.addWidget(make_label(theme, says, "prose", px=12, wrap=True))
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
