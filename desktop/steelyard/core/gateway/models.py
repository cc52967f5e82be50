"""What the gateway needs of the rest: models that can be asked, injected by the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from steelyard.core.values.row import Row

if TYPE_CHECKING:
    from steelyard.core.runs.local_target import LocalTarget
    from steelyard.core.values.profiles import LaunchProfile

Note = Callable[[str], None]
"""Is told what is waited for."""


class Offer(Row, frozen=True):
    """A model that clients may name. `created_s`: epoch seconds of its file, 0 if unknown."""

    id: str
    created_s: int = 0


class Models(Protocol):
    """Which models there are, and how to get at one."""

    async def choose(self, names: list[str], profile: LaunchProfile) -> None:
        """Offer only these weights, with this profile; all, with their own, when there are no names.

        Raises:
            AppError: a name means no weights on this machine.
        """
        ...

    async def offers(self) -> list[Offer]:
        """Those that clients may name."""
        ...

    async def knows(self, name: str) -> bool:
        """Whether this is offered."""
        ...

    async def target(self, name: str, *, for_embeddings: bool, note: Note) -> LocalTarget:
        """One of the offered models, behind a server that gives answers, or embeddings.

        Raises:
            AppError: it cannot be served.
        """
        ...
