"""Chooses targets: the list under the button, the list at an @, and targets that other pages hand over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Slot

from steelyard.ui.pages.compare_lists import ADD_API, ADD_WEIGHTS

if TYPE_CHECKING:
    from steelyard.ui.pages.compare import ComparePage


class Picking(QObject):
    """Owned by the page, whose picker it fills."""

    def __init__(self, page: ComparePage) -> None:
        super().__init__(page)
        self._page = page
        self._wanted = ""
        self._is_at_sign_pending = False
        page.toolbar.add_button.clicked.connect(self.open)
        page.empty_button.clicked.connect(self.open)
        page.composer.target_wanted.connect(self._on_at_sign)
        page.picker.chosen.connect(self._on_picked)
        page.picker.closed.connect(self._on_closed)

    @Slot()
    def open(self) -> None:
        """Show the targets that can be added, under the button."""
        self._fill()
        self._page.picker.open_at(self._page.toolbar.add_button, at_right=True)
        self._page.picker.start()
        self._page.lists.load_targets()

    def want(self, target: str) -> None:
        """Add a target as soon as the lists know it."""
        self._wanted = target
        self.refresh()
        self._page.lists.load_targets()

    def refresh(self) -> None:
        """The lists are others."""
        if self._wanted and self._page.is_body_decided and self._page.lists.ref(self._wanted) is not None:
            wanted, self._wanted = self._wanted, ""
            self._page.add_target(wanted)
        if self._page.picker.isVisible():
            self._fill()

    def _fill(self) -> None:
        self._page.picker.set_rows(self._page.lists.pick_rows(self._page.state.targets))

    @Slot()
    def _on_at_sign(self) -> None:
        self._is_at_sign_pending = True
        self._fill()
        self._page.picker.open_near(self._page.composer.prompt.cursor_point())
        self._page.picker.start()

    @Slot(str)
    def _on_picked(self, key: str) -> None:
        if self._is_at_sign_pending:
            self._is_at_sign_pending = False
            self._page.composer.prompt.take_at_sign()
        if key == ADD_API:
            self._page.settings_requested.emit("targets")
        elif key == ADD_WEIGHTS:
            self._page.settings_requested.emit("weights")
        else:
            self._page.add_target(key)
            self._page.focus_prompt()

    @Slot()
    def _on_closed(self) -> None:
        # `chosen` comes after `closed`, so the @ may only be given up in the next turn of the loop.
        QTimer.singleShot(0, self, self._forget_at_sign)

    def _forget_at_sign(self) -> None:
        if not self._page.picker.isVisible():
            self._is_at_sign_pending = False
