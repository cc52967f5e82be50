"""The weights of this machine as models with ids, or those of them that `serve` was given."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from steelyard.core.base.errors import AppError
from steelyard.core.gateway.models import Note, Offer
from steelyard.core.values.profiles import LaunchProfile

if TYPE_CHECKING:
    from steelyard.core.runs.local_target import LocalTarget
    from steelyard.core.values.weights import WeightsRow

_FRESH_S = 5.0
"""A list younger than that is not made again: it looks into folders, and clients ask for it often."""

ListWeights = Callable[[], Awaitable[list["WeightsRow"]]]
FindWeights = Callable[[str], Awaitable["WeightsRow"]]
FindTarget = Callable[[str, LaunchProfile, bool, Note], Awaitable["LocalTarget"]]
"""Name, profile, whether it is for embeddings, note."""


@dataclass(frozen=True)
class _Model:
    row: WeightsRow
    name: str
    """By which it is found again."""


class OfferedModels:
    """`Models` for the gateway. Ids are the short names; of two that are alike, the later has a number."""

    def __init__(self, list_all: ListWeights, find: FindWeights, find_target: FindTarget) -> None:
        self._list_all = list_all
        self._find = find
        self._find_target = find_target
        self._chosen: dict[str, _Model] | None = None
        self._profile = LaunchProfile()
        self._all: dict[str, _Model] = {}
        self._listed_at = -_FRESH_S

    async def choose(self, names: list[str], profile: LaunchProfile) -> None:
        """See `Models.choose`."""
        found = [(await self._find(name), name) for name in names]
        self._chosen = _with_ids(found) if names else None
        self._profile = profile if names else LaunchProfile()

    async def offers(self) -> list[Offer]:
        """See `Models.offers`."""
        models = await self._models(self._listed_at + _FRESH_S < time.monotonic())
        return [Offer(id=name, created_s=_epoch_s(model.row.modified_at)) for name, model in models.items()]

    async def knows(self, name: str) -> bool:
        """See `Models.knows`."""
        if name in await self._models(is_stale=False):
            return True
        return name in await self._models(self._listed_at + _FRESH_S < time.monotonic())

    async def target(self, name: str, *, for_embeddings: bool, note: Note) -> LocalTarget:
        """See `Models.target`."""
        model = (await self._models(is_stale=False)).get(name)
        if model is None:
            raise AppError(f"{name} is not offered", "", "GET /v1/models lists what is.")
        return await self._find_target(model.name, self._profile, for_embeddings, note)

    async def _models(self, is_stale: bool) -> dict[str, _Model]:
        if self._chosen is not None:
            return self._chosen
        if is_stale or not self._all:
            rows = [row for row in await self._list_all() if _is_servable(row)]
            names = [row.name for row in rows]
            self._all = _with_ids(
                [(row, row.name if names.count(row.name) == 1 else row.path) for row in rows]
            )
            self._listed_at = time.monotonic()
        return self._all


def _is_servable(row: WeightsRow) -> bool:
    return row.kind == "model" and not row.missing_parts and row.verification not in ("mismatch", "pending")


def _with_ids(found: list[tuple[WeightsRow, str]]) -> dict[str, _Model]:
    models: dict[str, _Model] = {}
    for row, name in found:
        free, number = row.name, 2
        while free in models:
            free, number = f"{row.name}-{number}", number + 1
        models[free] = _Model(row, name)
    return models


def _epoch_s(moment: str | None) -> int:
    try:
        return int(datetime.fromisoformat(moment).timestamp()) if moment else 0
    except ValueError:
        return 0
