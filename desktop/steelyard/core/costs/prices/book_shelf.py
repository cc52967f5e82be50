"""The book in use: the one that the user had fetched, if it is good and newer, else the shipped one."""

from __future__ import annotations

import dataclasses
import json
import logging
import threading
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.base.clock import utc_now
from steelyard.core.base.errors import AppError
from steelyard.core.base.files import make_folder, write_atomic
from steelyard.core.costs.prices.book import Book, newest_day, shipped_book, shipped_version
from steelyard.core.costs.prices.book_read import read_json, read_snapshot

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 16 << 20
_ENVELOPE_BYTES = 4096
_log = logging.getLogger(__name__)


class _Kept(msgspec.Struct, frozen=True):
    """The stored file: the data as fetched, when, and the shipped book that it was newer than."""

    fetched_at: str
    shipped: str
    providers: msgspec.Raw


class BookShelf:
    """Knows the book in use. May be asked from several threads; the first question reads the file."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "book.json"
        self._lock = threading.Lock()
        self._book: Book | None = None

    def current(self) -> Book:
        """The book in use. A stored one that cannot be used is passed over; `notice` says why."""
        with self._lock:
            if self._book is None:
                self._book = self._stored_or_shipped()
            return self._book

    def adopt(self, data: bytes) -> Book:
        """Use this data from now on, and at the next start.

        Raises:
            AppError: it is no price book, it is older than the one in use, or it cannot be stored.
        """
        snapshot = read_snapshot(read_json(data))
        date, current = newest_day(snapshot), self.current()
        if date is None or (current.date is not None and date < current.date):
            raise AppError(
                "The fetched price book was not used",
                f"it is of {date or 'no known day'}, the one in use of {current.date}",
                "The book in use stays.",
            )
        fetched_at = utc_now()
        head = json.dumps({"fetched_at": fetched_at, "shipped": shipped_version()})
        make_folder(self._path.parent)
        write_atomic(self._path, head[:-1].encode() + b', "providers": ' + data.strip() + b"}")
        book = Book(snapshot, _updated_name(fetched_at), date, fetched_at)
        with self._lock:
            self._book = book
        return book

    def _stored_or_shipped(self) -> Book:
        try:
            stored = self._stored()
        except (AppError, OSError, msgspec.MsgspecError, UnicodeDecodeError) as exc:
            reason = exc.detail if isinstance(exc, AppError) else str(exc)
            _log.warning("stored price book not used: %s", reason)
            notice = f"The updated price book in {self._path.parent.name}/ was not used ({reason[:160]})."
            return dataclasses.replace(shipped_book(), notice=notice)
        return stored or shipped_book()

    def _stored(self) -> Book | None:
        if not self._path.exists():
            return None
        if self._path.stat().st_size > MAX_BYTES + _ENVELOPE_BYTES:
            raise AppError("", "it is larger than 16 MiB")
        kept = msgspec.json.decode(self._path.read_bytes(), type=_Kept)
        snapshot = read_snapshot(read_json(bytes(kept.providers)))
        book = Book(snapshot, _updated_name(kept.fetched_at), newest_day(snapshot), kept.fetched_at)
        # A new version of the app may bring a newer book than the one that was fetched before it.
        if kept.shipped != shipped_version() and (shipped_book().date or "") > (book.date or ""):
            return None
        return book


def _updated_name(fetched_at: str) -> str:
    return f"genai-prices updated {fetched_at[:10]}"
