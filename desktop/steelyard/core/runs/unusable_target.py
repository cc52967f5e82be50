"""Weights that cannot be served, as a target of their own."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from steelyard.core.runs.promptable import Opened, Promptable
from steelyard.core.values.run import TargetInfo

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.prompt import Prompt


class UnusableTarget(Promptable):
    """Weights that cannot be served; asking them gives the reason, so that other columns can go on."""

    def __init__(self, name: str, error: AppError) -> None:
        self._name = name
        self._error = error

    @property
    def info(self) -> TargetInfo:
        """The name that was asked for."""
        return TargetInfo(name=self._name, kind="local", model=self._name)

    @contextlib.asynccontextmanager
    async def open(self, prompt: Prompt, note: Callable[[str], None]) -> AsyncGenerator[Opened, None]:
        """Always fails."""
        raise self._error
        yield  # makes this a generator, as the protocol wants
