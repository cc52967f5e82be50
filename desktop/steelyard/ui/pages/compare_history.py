"""Stored comparisons in a drawer beside the answers: search, filter, mark, resume, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal, Slot

from steelyard.core.base.errors import printable
from steelyard.core.values.commands import ListComparisons, MarkComparison, RemoveComparison
from steelyard.core.values.events import ComparisonsChanged
from steelyard.ui.pages.compare_history_layout import HistoryLayout
from steelyard.ui.pages.compare_history_text import tags_of
from steelyard.ui.widgets.keys import takes_esc

if TYPE_CHECKING:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QKeyEvent
    from PySide6.QtWidgets import QWidget

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.comparison import ComparisonRow
    from steelyard.ui.bridge import Bridge, Call
    from steelyard.ui.theme.theme import Theme

PAGE_ROWS = 100
TYPING_MS = 180
CHANGED_MS = 300


class HistoryPanel(HistoryLayout):
    """Lies over the left of its parent while it is open."""

    comparison_chosen = Signal(str)
    """Id of a comparison that is to be shown."""
    resume_wanted = Signal(str)
    """Id of a comparison whose missing runs are to be made."""
    removed = Signal(str)
    """Id of a comparison that is no more."""
    closed = Signal()
    """The panel went away."""

    def __init__(self, theme: Theme, bridge: Bridge, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self._bridge = bridge
        self._call: Call | None = None
        self._has_more = False
        self._is_adding = False
        self._is_open_due = False
        self._typing_timer = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._changed_timer = QTimer(self, singleShot=True, interval=CHANGED_MS)
        self._connect()

    def open_panel(self) -> None:
        """Show it, read the list, put the keyboard into the search."""
        self.place()
        self.show()
        self.raise_()
        self.foot.show_row(self.list.current)
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()
        self._read()

    @Slot()
    def close_panel(self) -> None:
        """Hide it."""
        if not self.isHidden():
            self._cancel()
            self.hide()
            self.closed.emit()

    def event(self, event: QEvent) -> bool:
        """Esc is for this panel."""
        return takes_esc(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc gives up a question first, then closes; from the search Down enters the list, Enter opens."""
        if event.key() == Qt.Key.Key_Escape:
            if self.foot.is_busy:
                self.foot.give_up()
            else:
                self.close_panel()
        elif event.key() == Qt.Key.Key_Down and self.search.hasFocus():
            self.list.setFocus(Qt.FocusReason.OtherFocusReason)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.search.hasFocus():
            self._open_first()
        else:
            super().keyPressEvent(event)

    # ---- reading -------------------------------------------------------------------------------------------

    @Slot()
    def _read(self) -> None:
        self._cancel()
        self._is_adding = False
        self.show_reading()
        self._call = self._bridge.run(self._command(None), on_done=self._on_rows, on_error=self._on_error)

    def _open_first(self) -> None:
        """Open the chosen row; what was typed just now is searched for before."""
        if self._typing_timer.isActive():
            self._typing_timer.stop()
            self._read()
        row = self.list.current
        self._is_open_due = self._call is not None
        if not self._is_open_due and row is not None:
            self._on_opened(row.id)

    @Slot()
    def _read_more(self) -> None:
        rows = self.list.rows
        if self._has_more and self._call is None and rows:
            self._is_adding = True
            command = self._command(rows[-1].id)
            self._call = self._bridge.run(command, on_done=self._on_rows, on_error=self._on_error)

    def _command(self, before: str | None) -> ListComparisons:
        return ListComparisons(
            limit=PAGE_ROWS,
            query=self.search.text().strip(),
            tag=self.tag_box.currentData() or "",
            only_starred=self.starred_button.isChecked(),
            before=before,
        )

    def _on_rows(self, rows: list[ComparisonRow]) -> None:
        self._call = None
        self._has_more = len(rows) >= PAGE_ROWS
        if self._is_adding:
            self.list.add_rows(rows)
        else:
            self.list.set_rows(rows)
        self.know_tags(tag for row in rows for tag in row.tags)
        self.show_rows(is_filtered=self._is_filtered, has_more=self._has_more)
        if not self.foot.is_busy:
            self.foot.show_row(self.list.current)
        is_due, self._is_open_due = self._is_open_due, False
        if is_due and self.list.current is not None:
            self._on_opened(self.list.current.id)

    def _on_error(self, error: AppError) -> None:
        self._call, self._is_open_due = None, False
        self.show_error(printable(" ".join(part for part in (f"{error.title}.", error.hint) if part)))

    @property
    def _is_filtered(self) -> bool:
        command = self._command(None)
        return bool(command.query or command.tag or command.only_starred)

    def _cancel(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None

    # ---- doing ---------------------------------------------------------------------------------------------

    @Slot(str)
    def _on_wanted(self, word: str) -> None:
        row = self.list.current
        if row is None:
            return
        match word:
            case "open":
                self._on_opened(row.id)
            case "star":
                self._mark(MarkComparison(id=row.id, is_starred=not row.is_starred))
            case "rename" | "tags":
                self.foot.edit_row(row, word)
            case "resume" if row.missing_runs:
                self._on_resumed(row.id)
            case "delete":
                self.foot.ask_delete(row)
            case _:
                pass

    @Slot(str)
    def _on_opened(self, comparison_id: str) -> None:
        self.close_panel()
        self.comparison_chosen.emit(comparison_id)

    @Slot(str)
    def _on_resumed(self, comparison_id: str) -> None:
        self.close_panel()
        self.resume_wanted.emit(comparison_id)

    @Slot(str)
    def _on_starred(self, comparison_id: str) -> None:
        row = next((row for row in self.list.rows if row.id == comparison_id), None)
        if row is not None:
            self._mark(MarkComparison(id=row.id, is_starred=not row.is_starred))

    @Slot(str, str)
    def _on_edited(self, what: str, text: str) -> None:
        row = self.list.current
        if row is None:
            return
        if what == "tags":
            self._mark(MarkComparison(id=row.id, tags=tags_of(text)))
        elif text.strip():
            self._mark(MarkComparison(id=row.id, title=text.strip()))

    def _mark(self, command: MarkComparison) -> None:
        self._bridge.run(command, on_done=self._on_marked)

    def _on_marked(self, _row: ComparisonRow) -> None:
        self._changed_timer.start(0)

    @Slot()
    def _on_confirmed(self) -> None:
        row = self.list.current
        if row is not None:
            self._bridge.run(RemoveComparison(id=row.id), on_done=self._on_removed)
            self.removed.emit(row.id)

    def _on_removed(self, _answer: object) -> None:
        self._changed_timer.start(0)

    @Slot()
    def _on_left(self) -> None:
        self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot(object)
    def _on_event(self, event: object) -> None:
        if isinstance(event, ComparisonsChanged) and not self.isHidden():
            self._changed_timer.start()

    # ---- wiring --------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        self._typing_timer.timeout.connect(self._read)
        self._changed_timer.timeout.connect(self._read)
        self.search.textEdited.connect(self._on_typed)
        self.tag_box.currentIndexChanged.connect(self._read)
        self.starred_button.toggled.connect(self._read)
        self.clear_button.clicked.connect(self._on_clear)
        self.again_button.clicked.connect(self._read)
        self.close_button.clicked.connect(self.close_panel)
        self.list.opened.connect(self._on_opened)
        self.list.starred.connect(self._on_starred)
        self.list.resumed.connect(self._on_resumed)
        self.list.key_wanted.connect(self._on_wanted)
        self.list.end_reached.connect(self._read_more)
        self.list.selectionModel().currentChanged.connect(self._on_current)
        self.foot.wanted.connect(self._on_wanted)
        self.foot.edited.connect(self._on_edited)
        self.foot.confirmed.connect(self._on_confirmed)
        self.foot.left.connect(self._on_left)
        self._bridge.event_arrived.connect(self._on_event)

    @Slot()
    def _on_typed(self) -> None:
        self._is_open_due = False
        self._typing_timer.start()

    @Slot()
    def _on_current(self) -> None:
        self.foot.show_row(self.list.current)

    @Slot()
    def _on_clear(self) -> None:
        for widget in (self.search, self.tag_box, self.starred_button):
            widget.blockSignals(True)
        self.search.clear()
        self.tag_box.setCurrentIndex(0)
        self.starred_button.setChecked(False)
        for widget in (self.search, self.tag_box, self.starred_button):
            widget.blockSignals(False)
        self._read()
        self.search.setFocus(Qt.FocusReason.OtherFocusReason)
