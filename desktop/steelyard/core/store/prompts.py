"""The prompt library: shipped prompts from TOML files, and the user's own in the ledger."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Literal

import msgspec

from steelyard.core.base.clock import utc_now
from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.base.ids import new_id
from steelyard.core.values.prompt import LibraryPrompt

if TYPE_CHECKING:
    from pathlib import Path

    from steelyard.core.store.database import Connection, Database

_SHIPPED = "shipped:"
_MAX_NAME_CHARS = 120
_MAX_TEXT_BYTES = 1 << 20
_MAX_PROMPTS = 2000

_log = logging.getLogger(__name__)


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a shipped file holds."""

    kind: Literal["prompt", "system"]
    name: str
    text: str


class PromptLibrary:
    """Shipped prompts have ids that begin with `shipped:`; nobody can change those."""

    def __init__(self, database: Database, shipped: Path) -> None:
        self._database = database
        self._shipped = shipped

    async def all(self) -> list[LibraryPrompt]:
        """The user's by name, then the shipped ones.

        Raises:
            AppError: the ledger cannot be read.
        """

        def work(connection: Connection) -> list[LibraryPrompt]:
            rows = connection.execute(
                "SELECT id, kind, name, text, updated_at FROM prompts ORDER BY name, id"
            )
            return [
                LibraryPrompt(id=row[0], kind=row[1], name=row[2], text=row[3], updated_at=row[4])
                for row in rows
            ]

        return [*await self._database.call(work), *self._read_shipped()]

    async def save(self, wanted: LibraryPrompt) -> LibraryPrompt:
        """Keep it over the one with its id; an empty id makes a new one. Answers with it as kept.

        Raises:
            AppError: a shipped one, no name or text, too long, too many, or the ledger cannot be written.
        """
        name = " ".join(wanted.name.split())
        if wanted.is_shipped or wanted.id.startswith(_SHIPPED):
            raise UsageError("A shipped prompt cannot be changed", name, "Save it as a new one.")
        if not name or len(name) > _MAX_NAME_CHARS or not name.isprintable():
            raise UsageError(
                "Not a usable name", repr(wanted.name[:80]), f"Use 1 to {_MAX_NAME_CHARS} characters."
            )
        text = wanted.text.encode("utf-8", "replace").decode()
        if not text.strip():
            raise UsageError("The prompt is empty", name)
        if len(text.encode()) > _MAX_TEXT_BYTES:
            raise UsageError("The prompt is too long", f"over {_MAX_TEXT_BYTES >> 20} MiB", "Shorten it.")
        kept = LibraryPrompt(
            id=wanted.id or new_id(), kind=wanted.kind, name=name, text=text, updated_at=utc_now()
        )

        def work(connection: Connection) -> None:
            is_new = not list(connection.execute("SELECT 1 FROM prompts WHERE id = ?", (kept.id,)))
            if is_new and wanted.id:
                raise AppError("This prompt is not there any more", name, "Save it as a new one.")
            (count,) = next(connection.execute("SELECT count(*) FROM prompts"))
            if is_new and count >= _MAX_PROMPTS:
                raise AppError(
                    "The library is full", f"{count:,} prompts", "Remove some that you do not use."
                )
            connection.execute(
                "INSERT OR REPLACE INTO prompts (id, kind, name, text, updated_at) VALUES (?, ?, ?, ?, ?)",
                (kept.id, kept.kind, kept.name, kept.text, kept.updated_at),
            )

        await self._database.call(work)
        return kept

    async def remove(self, prompt_id: str) -> None:
        """Forget one of the user's.

        Raises:
            AppError: a shipped one, or there is none of that id.
        """
        if prompt_id.startswith(_SHIPPED):
            raise UsageError("A shipped prompt cannot be removed", prompt_id.removeprefix(_SHIPPED))

        def work(connection: Connection) -> bool:
            found = list(connection.execute("DELETE FROM prompts WHERE id = ? RETURNING id", (prompt_id,)))
            return bool(found)

        if not await self._database.call(work):
            raise AppError("This prompt is not there any more", prompt_id[:80])

    def _read_shipped(self) -> list[LibraryPrompt]:
        found: list[LibraryPrompt] = []
        for path in sorted(self._shipped.glob("*.toml")):
            try:
                one = msgspec.toml.decode(path.read_bytes(), type=_File)
            except (OSError, msgspec.DecodeError, ImportError) as exc:
                _log.warning("shipped prompt %s was not read: %s", path.name, exc)
                continue
            found.append(
                LibraryPrompt(
                    id=_SHIPPED + path.stem,
                    kind=one.kind,
                    name=one.name,
                    text=one.text.strip("\n"),
                    is_shipped=True,
                )
            )
        return found
