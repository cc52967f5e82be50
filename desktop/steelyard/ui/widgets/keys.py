"""Keys that a widget wants for itself although the window has a shortcut on them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QKeyCombination, Qt
from PySide6.QtGui import QKeyEvent

_ESC = QKeyCombination(Qt.Key.Key_Escape)


def takes_esc(event: QEvent, *others: QKeyCombination) -> bool:
    """Accept the question whether Esc (or another key) is wanted here, before a shortcut gets it.

    To be called in `event`; True: that was the question.
    """
    if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.ShortcutOverride:
        return False
    if event.keyCombination() in (_ESC, *others):
        event.accept()
        return True
    return False
