"""Files that are dropped on the composer or pasted into the prompt become attachments instead of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QDropEvent, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QWidget

from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from steelyard.ui.pages.compare_attachments import AttachmentsBar
    from steelyard.ui.theme.theme import Theme

_DRAGS = (QEvent.Type.DragEnter, QEvent.Type.DragMove, QEvent.Type.Drop)


class DropAndPaste(QObject):
    """Watches a composer and its text fields."""

    def __init__(
        self, theme: Theme, bar: AttachmentsBar, composer: QWidget, edits: tuple[QPlainTextEdit, ...]
    ) -> None:
        super().__init__(composer)
        self._bar = bar
        self._composer = composer
        self.hint: QLabel = make_label(theme, "Drop to attach", "drop", px=13, weight=600)
        self.hint.setParent(composer)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hint.hide()
        composer.setAcceptDrops(True)
        composer.installEventFilter(self)
        for edit in edits:
            edit.installEventFilter(self)
            edit.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take files and pictures; text goes where it always went."""
        if event.type() in _DRAGS:
            return self._on_drag(event)
        if event.type() == QEvent.Type.DragLeave:
            self.hint.hide()
        if isinstance(watched, QPlainTextEdit) and _is_paste(event):
            return self._bar.take(QGuiApplication.clipboard().mimeData())
        return super().eventFilter(watched, event)

    def _on_drag(self, event: QEvent) -> bool:
        assert isinstance(event, QDropEvent)  # the drag events are its kinds
        is_ours = self._bar.can_take(event.mimeData())
        is_drop = event.type() == QEvent.Type.Drop
        if is_ours:
            event.acceptProposedAction()
        self._show_hint(is_shown=is_ours and not is_drop)
        if is_ours and is_drop:
            self._bar.take(event.mimeData())
        return is_ours

    def _show_hint(self, *, is_shown: bool) -> None:
        self.hint.setVisible(is_shown)
        if is_shown:
            self.hint.setGeometry(self._composer.rect().adjusted(4, 4, -4, -4))
            self.hint.raise_()


def _is_paste(event: QEvent) -> bool:
    return (
        event.type() == QEvent.Type.KeyPress
        and isinstance(event, QKeyEvent)
        and event.matches(QKeySequence.StandardKey.Paste)
    )
