"""Models that their vendor no longer serves: as the book says, and as our own dated list says."""

from __future__ import annotations

import functools
import tomllib
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.base.paths import data_root
from steelyard.core.values.row import Row

if TYPE_CHECKING:
    from steelyard.core.costs.prices.book import BookModel


class Retirement(Row, frozen=True):
    """`since` is an ISO day; `source` says where it was announced."""

    model: str
    since: str
    source: str


class _File(Row, frozen=True):
    retired: list[Retirement]


def retirement(model: BookModel) -> str | None:
    """Since when a model is gone, or that its provider lists it as outgoing; None: it is offered."""
    known = _known().get(model.id)
    if known is not None:
        return f"retired on {known.since} ({known.source})"
    return "the provider lists it as outgoing" if model.info.deprecated else None


@functools.cache
def _known() -> dict[str, Retirement]:
    text = (data_root() / "resources" / "presets" / "retired.toml").read_text(encoding="utf-8")
    rows = msgspec.convert(tomllib.loads(text), _File).retired
    return {row.model: row for row in rows}
