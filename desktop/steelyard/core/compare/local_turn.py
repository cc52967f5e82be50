"""Who measures local models now, and what was loaded for that. One for all comparisons of an engine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard.core.runs.promptable import Promptable


class LocalTurn:
    """Two comparisons that take turns with local models at once would end each other's servers."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self._loaded: list[Promptable] = []

    def note_loading(self, target: Promptable) -> None:
        """A comparison is going to use this one; if it is not loaded yet, it is loaded for that alone."""
        if not target.is_loaded and target not in self._loaded:
            self._loaded.append(target)

    async def free_for(self, target: Promptable) -> None:
        """What comparisons loaded goes, the oldest first, until this one fits or nothing of theirs is
        left.
        """
        while self._loaded and not await target.fits_beside():
            measured = self._loaded.pop(0)
            if measured.is_loaded:
                await measured.release(f"Measured; {target.info.name} needs its memory")
