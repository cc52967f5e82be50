"""Everything a user can do, in one registry: shortcuts, tooltips, the command palette and tests read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QKeySequence

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QAbstractButton, QWidget


@dataclass(frozen=True)
class Entry:
    """One thing a user can do; `page` is empty when it works everywhere."""

    id: str
    action: QAction
    icon: str
    shortcut: str
    page: str

    @property
    def shortcut_text(self) -> str:
        """The shortcut as this system writes it."""
        return QKeySequence(self.shortcut).toString(QKeySequence.SequenceFormat.NativeText)


class Actions(QObject):
    """The registry. A page's shortcuts work while that page is shown, so that pages may share keys."""

    page_wanted = Signal(str)
    """An action of another page was chosen: show that page first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: dict[str, Entry] = {}
        self._window: QWidget | None = None
        self._page = ""

    def add(
        self,
        id: str,  # noqa: A002 - the word of the interface
        text: str,
        slot: Callable[[], object],
        *,
        icon: str = "",
        shortcut: str = "",
        page: str = "",
    ) -> QAction:
        """Register an action and return it; its tooltip names the shortcut."""
        if id in self._entries:
            raise ValueError(f"the action {id!r} exists already")
        action = QAction(text, self)
        action.setObjectName(id)
        action.triggered.connect(slot)
        entry = self._entries[id] = Entry(id, action, icon, shortcut, page)
        action.setToolTip(tooltip_with_shortcut(text, entry.shortcut_text))
        self._arm(entry)
        if self._window is not None:
            self._window.addAction(action)
        return action

    def all(self) -> list[Entry]:
        """Every action, in the order in which they were added."""
        return list(self._entries.values())

    def entry(self, id: str) -> Entry:  # noqa: A002
        """The action with this id."""
        return self._entries[id]

    def attach(self, window: QWidget) -> None:
        """Make the shortcuts work in a window."""
        self._window = window
        for entry in self._entries.values():
            window.addAction(entry.action)

    def set_page(self, page: str) -> None:
        """Arm the shortcuts of the page that is shown, disarm those of others."""
        self._page = page
        for entry in self._entries.values():
            self._arm(entry)

    def trigger(self, id: str) -> None:  # noqa: A002
        """Do it, on the page where it belongs."""
        entry = self._entries[id]
        if entry.page and entry.page != self._page:
            self.page_wanted.emit(entry.page)
        entry.action.trigger()

    def describe(self, id: str, button: QAbstractButton, text: str = "") -> None:  # noqa: A002
        """Give a button the action's tooltip and accessible name, without tying it to the action's text."""
        entry = self._entries[id]
        button.setToolTip(tooltip_with_shortcut(text or entry.action.text(), entry.shortcut_text))
        button.setAccessibleName(text or entry.action.text())

    def _arm(self, entry: Entry) -> None:
        is_armed = not entry.page or entry.page == self._page
        entry.action.setShortcut(QKeySequence(entry.shortcut) if is_armed else QKeySequence())


def tooltip_with_shortcut(text: str, shortcut_text: str) -> str:
    """`Rerun (Ctrl+R)`."""
    return f"{text} ({shortcut_text})" if shortcut_text else text
