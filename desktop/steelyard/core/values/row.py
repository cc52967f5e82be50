"""Base class of everything that crosses a boundary (thread, socket, database, JSON)."""

from __future__ import annotations

import msgspec


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """An immutable record; `msgspec.json` encodes and strictly decodes it."""


class Tagged(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=True):
    """A record that is told from others of its union by the field `type`."""
