"""Keys of the blind view, and the page's own actions put aside while it is open."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction

from steelyard.ui.widgets.blind_votes import CHOICES

if TYPE_CHECKING:
    from steelyard.core.values.ballots import Choice
    from steelyard.ui.actions import Actions

PAGE = "compare"
PREFIX = "compare.blind"


class BlindSlots(Protocol):
    """What the view must be able to do."""

    def vote(self, choice: Choice | None) -> None:
        """Vote on the pair that is shown; None skips it."""
        ...

    def undo(self) -> None:
        """Take the last vote back."""
        ...

    def write(self) -> None:
        """Have the answers written."""
        ...

    def show_standings(self) -> None:
        """Show the standings, or ask whether to look early."""
        ...

    def open_last(self) -> None:
        """Show the answers of the last vote with all their figures."""
        ...

    def ask_new(self) -> None:
        """Offer a new series."""
        ...

    def leave(self) -> None:
        """Go back to the columns."""
        ...


def add_blind_actions(actions: Actions, view: BlindSlots) -> dict[str, QAction]:
    """Register the actions of the view, all disabled; returns them by name."""
    made: dict[str, QAction] = {}
    for choice, words, icon, key, _share in CHOICES:
        slot = partial(view.vote, choice)
        made[choice] = actions.add(f"{PREFIX}.{choice}", words, slot, icon=icon, shortcut=key, page=PAGE)
    for name, text, slot, icon, shortcut in (
        ("skip", "Skip this pair", partial(view.vote, None), "chevrons-right", "S"),
        ("undo", "Take the last vote back", view.undo, "undo-2", "Alt+U"),
        ("write", "Write the answers, hidden", view.write, "eye-off", "Ctrl+Return"),
        ("standings", "Standings of the blind series", view.show_standings, "scale", "Alt+T"),
        ("new", "New blind series", view.ask_new, "plus", "Alt+N"),
        ("open", "Open the answers of the last vote", view.open_last, "columns-3", "Alt+O"),
        ("leave", "Leave blind mode", view.leave, "eye", "Esc"),
    ):
        made[name] = actions.add(f"{PREFIX}.{name}", text, slot, icon=icon, shortcut=shortcut, page=PAGE)
    for action in made.values():
        action.setAutoRepeat(False)  # a key held down must not vote on the next pair, too
        action.setEnabled(False)
    return made


class ActionsHold(QObject):
    """Keeps the other actions of the page disabled, whatever the page wants meanwhile; gives them back."""

    def __init__(self, actions: Actions, parent: QObject) -> None:
        super().__init__(parent)
        self._actions = actions
        self._wanted: dict[QAction, bool] = {}
        self._is_setting = False

    def hold(self) -> None:
        """Put them aside."""
        if self._wanted:
            return
        for entry in self._actions.all():
            if entry.page == PAGE and not entry.id.startswith(PREFIX):
                self._wanted[entry.action] = entry.action.isEnabled()
                entry.action.setEnabled(False)
                entry.action.enabledChanged.connect(self._on_enabled_changed)

    def release(self) -> None:
        """Give them back as the page wants them now."""
        wanted, self._wanted = self._wanted, {}
        for action, is_enabled in wanted.items():
            action.enabledChanged.disconnect(self._on_enabled_changed)
            action.setEnabled(is_enabled)

    @Slot(bool)
    def _on_enabled_changed(self, is_enabled: bool) -> None:
        action = self.sender()
        if self._is_setting or not isinstance(action, QAction) or action not in self._wanted:
            return
        self._wanted[action] = is_enabled
        self._is_setting = True
        action.setEnabled(False)
        self._is_setting = False
