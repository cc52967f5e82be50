"""Asks what the files of a repository need: quickly while the slider moves, by the engine when it rests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from steelyard.core.values.commands import FitRepo
from steelyard.core.values.fit import FitWish
from steelyard.ui.pages.latest import Latest

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.fit import RepoFit
    from steelyard.ui.bridge import Bridge

REST_MS = 250


class Pricing(QObject):
    """One repository at a time. At most one quick question is on its way; the latest wish wins."""

    priced = Signal(object)
    """A `RepoFit`."""
    failed = Signal(object)
    """The `AppError` that kept the engine from telling."""

    def __init__(self, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._repo = ""
        self._revision = ""
        self._file: str | None = None
        self._wish = FitWish()
        self._has_newer_wish = False
        self._quick = Latest(bridge, self)
        self._exact = Latest(bridge, self)
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._ask_exactly)
        self._quick.answered.connect(self._on_quick)
        self._quick.failed.connect(self._on_quick_failed)
        self._exact.answered.connect(self.priced)
        self._exact.failed.connect(self.failed)

    @property
    def wish(self) -> FitWish:
        """What is priced."""
        return self._wish

    @property
    def is_exact_awaited(self) -> bool:
        """Whether the engine's own figures are still to come."""
        return self._exact.is_busy or self._rest.isActive()

    def start(self, repo: str, revision: str, file: str | None, wish: FitWish) -> None:
        """Price another repository."""
        self.stop()
        self._repo, self._revision, self._file, self._wish = repo, revision, file, wish
        self._ask_exactly()

    def stop(self) -> None:
        """Ask nothing more."""
        self._rest.stop()
        self._quick.drop()
        self._exact.drop()
        self._has_newer_wish = False
        self._repo = ""

    def choose(self, file: str) -> None:
        """Have the engine project this file; it may still be passed over by the next one."""
        self._file = file
        self._exact.drop()
        self._rest.start()

    def change(self, wish: FitWish) -> None:
        """Price another context, number of slots or type of the cache."""
        if not self._repo or wish == self._wish:
            return
        self._wish = wish
        self._exact.drop()
        self._rest.start()
        self._has_newer_wish = True
        self._ask_quickly()

    def _ask_quickly(self) -> None:
        if self._quick.is_busy or not self._has_newer_wish:
            return
        self._has_newer_wish = False
        self._quick.ask(self._command(is_quick=True))

    @Slot()
    def _ask_exactly(self) -> None:
        if self._repo:
            self._quick.drop()
            self._has_newer_wish = False
            self._exact.ask(self._command(is_quick=False))

    def _command(self, *, is_quick: bool) -> FitRepo:
        return FitRepo(
            repo=self._repo, revision=self._revision, file=self._file, wish=self._wish, is_quick=is_quick
        )

    @Slot(object)
    def _on_quick(self, fit: RepoFit) -> None:
        if fit.reports:  # nothing yet is no reason to take away what is shown
            self.priced.emit(fit)
        self._ask_quickly()

    @Slot(object)
    def _on_quick_failed(self, _error: AppError) -> None:
        """The exact answer that follows will tell."""
        self._ask_quickly()
