"""Weights on this machine, kept up to date: listed, verified, added, removed. Owned by the engine's loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.base.errors import AppError
from steelyard.core.base.paths import user_path
from steelyard.core.gguf.quants import quant_in_name
from steelyard.core.gguf.reading import HeaderReader
from steelyard.core.hub.folders import added_roots, has_changed, known_roots
from steelyard.core.hub.library import Library, hash_file, starter_facts, state_of
from steelyard.core.hub.names import looks_like_path, parse_hub_name
from steelyard.core.hub.removal import plan_removal, remove_from_cache
from steelyard.core.hub.repo_files import DEFAULT_QUANT, is_under_four_bits
from steelyard.core.store.weights_files import KnownFile
from steelyard.core.values.targets import STARTER
from steelyard.core.values.weights import BadFile, Removal, Shelf, VerifyReport, WeightsRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.hub.names import HubName
    from steelyard.core.hub.transfer import Fetched
    from steelyard.core.store.settings import SettingsStore
    from steelyard.core.store.weights_files import WeightsFiles

    Tell = Callable[[str, int, int], None]

_LOOK_S = 2.0

_log = logging.getLogger(__name__)


class WeightsShelf:
    """`on_change` is called when weights appeared, disappeared or were verified."""

    def __init__(self, settings: SettingsStore, files: WeightsFiles, on_change: Callable[[], None]) -> None:
        self._settings = settings
        self._files = files
        self._on_change = on_change
        self.reader = HeaderReader()
        self._library = Library(self.reader)
        self._known: dict[str, KnownFile] | None = None
        self._changed_ns: dict[str, int] = {}
        self._watch: asyncio.Task[None] | None = None

    def watch(self) -> None:
        """Look now and then whether folders have changed."""
        self._watch = asyncio.create_task(self._watch_folders())

    async def close(self) -> None:
        """End the watch and the process that reads headers."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        await asyncio.to_thread(self.reader.close)

    async def _watch_folders(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            if self._changed_ns and await asyncio.to_thread(has_changed, self._changed_ns):
                self._changed_ns = {}  # until somebody lists again
                self._on_change()

    # ---- listing -------------------------------------------------------------------------------------------

    async def shelf(self, paths: list[str]) -> Shelf:
        """Everything on this machine: the starter, known folders, the user's places, and the given paths."""
        known = await self._facts()
        added = self._settings.current.weights_paths
        roots = [*known_roots(os.environ), *added_roots([*added, *(p for p in paths if p not in added)])]
        shelf, changed_ns = await asyncio.to_thread(self._library.shelf, roots, known)
        if not paths:
            self._changed_ns = changed_ns
        return shelf

    async def rows(self) -> list[WeightsRow]:
        """All rows, of whatever kind."""
        shelf = await self.shelf([])
        return [*shelf.weights, *shelf.mmproj, *shelf.lora]

    async def file_row(self, path: Path) -> WeightsRow:
        """A file by its path; what is known of it from the cache counts here, too.

        Raises:
            AppError: it is no whole GGUF file.
        """
        row = await asyncio.to_thread(self._library.file_row, path, await self._facts())
        if not any(path.is_relative_to(root.path) for root in known_roots(os.environ)):
            return row
        listed = next((each for each in await self.rows() if _is_same(each, row)), None)
        return row if listed is None else listed

    async def starter_row(self) -> WeightsRow:
        """The weights that set-up installed.

        Raises:
            AppError: they are missing.
        """
        return await asyncio.to_thread(self._library.starter_row)

    async def find(self, hub: HubName) -> WeightsRow | None:
        """Weights of the hub that lie here already; None if there are none.

        Raises:
            AppError: more than one file matches.
        """
        return choose_local(hub, await self.rows())

    async def named(self, name: str) -> WeightsRow:
        """The row that a name or path means.

        Raises:
            AppError: none, or more than one.
        """
        if name == STARTER:
            return await self.starter_row()
        if looks_like_path(name):
            return await self.file_row(user_path(name))
        hub = parse_hub_name(name)
        row = await self.listed(name) or (await self.find(hub) if hub is not None else None)
        if row is None:
            raise AppError(f"No weights are called {name}", "", "`steelyard models list` shows them.")
        return row

    async def listed(self, name: str) -> WeightsRow | None:
        """The row of that name; None if there is none.

        Raises:
            AppError: more than one has it.
        """
        found = [row for row in await self.rows() if row.name == name]
        if len(found) > 1:
            places = ", ".join(row.path for row in found)
            raise AppError(f"{name} means more than one file", places, "Give the path instead.")
        return found[0] if found else None

    async def _facts(self) -> dict[str, KnownFile]:
        if self._known is None:
            self._known = await self._files.all()
        return self._known

    async def _remember(self, known: KnownFile) -> None:
        facts = await self._facts()
        facts[known.state.path] = known
        await self._files.remember(known)

    # ---- adding --------------------------------------------------------------------------------------------

    async def add_place(self, path: str) -> list[WeightsRow]:
        """Remember a GGUF file or a folder; returns what lies there.

        Raises:
            AppError: the file is no usable GGUF file, or the folder holds none.
        """
        place = user_path(path)
        if place.is_dir():
            known = await self._facts()
            shelf, _ = await asyncio.to_thread(self._library.shelf, added_roots([str(place)]), known)
            rows = [row for row in [*shelf.weights, *shelf.mmproj, *shelf.lora] if row.name != STARTER]
            if not rows:
                why = f"{place} holds no GGUF file"
                if shelf.unusable:
                    why = (
                        f"{len(shelf.unusable)} files in {place} cannot be used ({shelf.unusable[0].reason})"
                    )
                raise AppError("No weights were found", why, "Choose another folder.")
        else:
            rows = [await asyncio.to_thread(self._library.file_row, place, await self._facts())]
        known_paths = self._settings.current.weights_paths
        if str(place) not in known_paths:
            self._save_places([*known_paths, str(place)])
        self._on_change()
        return rows

    def forget_place(self, path: str) -> None:
        """Look no longer at a place that the user added.

        Raises:
            AppError: it is none of them.
        """
        kept = [known for known in self._settings.current.weights_paths if known != path]
        if len(kept) == len(self._settings.current.weights_paths):
            raise AppError("This place was not added", path, "`steelyard models list` shows what is known.")
        self._save_places(kept)
        self._on_change()

    def _save_places(self, paths: list[str]) -> None:
        self._settings.save(msgspec.structs.replace(self._settings.current, weights_paths=paths))

    async def adopt(self, fetched: list[Fetched]) -> None:
        """Take note of files that a download has brought and checked."""
        for file in fetched:
            state = state_of(file.path)
            reference = file.sha256 if file.had_reference else None
            before = (await self._facts()).get(state.path)
            is_ours = not file.was_there or (before is not None and before.is_ours)
            await self._remember(KnownFile(state, file.sha256, is_ours=is_ours, reference=reference))
        self._on_change()

    # ---- verifying -----------------------------------------------------------------------------------------

    async def verify(self, names: list[str], tell: Tell) -> VerifyReport:
        """Hash files and compare with what they should be; no names means all.

        Raises:
            AppError: a name means nothing.
        """
        rows = [await self.named(name) for name in names] if names else await self.rows()
        bad: list[BadFile] = []
        checked = 0
        try:
            for row in rows:
                wrong = await self._verify_row(row, tell)
                checked += 1
                bad += wrong
        finally:
            self._on_change()
        return VerifyReport(checked=checked, bad=bad)

    async def _verify_row(self, row: WeightsRow, tell: Tell) -> list[BadFile]:
        bad: list[BadFile] = []
        done_before = 0
        for path in row.parts or [row.path]:
            try:
                found = await self._hash(Path(path), row, done_before, tell)
            except AppError as exc:
                bad.append(BadFile(name=row.name, expected=row.sha256 or exc.one_line(), found=None))
                continue
            state = await asyncio.to_thread(state_of, Path(path))
            done_before += state.size_bytes
            fact = (await self._facts()).get(state.path)
            reference = self._reference(row, Path(path), fact)
            rotten = fact.sha256 if fact is not None and fact.state == state else None
            expected = reference or rotten
            if expected is not None and expected != found:
                bad.append(BadFile(name=row.name, expected=expected, found=found))
            # Without a reference the first hash stays: one that differs in the same state is bit rot.
            await self._remember(
                KnownFile(
                    state,
                    found if reference else expected or found,
                    is_ours=fact is not None and fact.is_ours,
                    reference=None if fact is None else fact.reference,
                )
            )
        return bad

    def _reference(self, row: WeightsRow, path: Path, fact: KnownFile | None) -> str | None:
        return starter_facts().sha256 if row.source == "starter" else self._library.reference_of(path, fact)

    async def _hash(self, path: Path, row: WeightsRow, done_before: int, tell: Tell) -> str:
        stop = threading.Event()
        loop = asyncio.get_running_loop()

        def step(done: int) -> None:
            if stop.is_set():
                raise AppError("Stopped", "on request")
            loop.call_soon_threadsafe(tell, row.name, done_before + done, row.size_bytes)

        work = asyncio.ensure_future(asyncio.to_thread(hash_file, path, step))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            stop.set()
            with contextlib.suppress(AppError):
                await work
            raise

    async def verified(self, row: WeightsRow, note: Callable[[str], None]) -> WeightsRow:
        """The row after an unfinished check was finished."""
        if row.verification != "pending":
            return row

        def tell(_name: str, done: int, total: int) -> None:
            note(f"checking its hash, {100 * done // max(1, total)} %")

        await self._verify_row(row, tell)
        self._on_change()
        fresh = [each for each in await self.rows() if each.path == row.path]
        return fresh[0] if fresh else row

    # ---- removing ------------------------------------------------------------------------------------------

    async def preview_removal(self, name: str) -> Removal:
        """What removing would do.

        Raises:
            AppError: these weights are not for Steelyard to remove.
        """
        row = await self.named(name)
        return plan_removal(row, self._settings.current.weights_paths)

    async def remove(self, name: str) -> Removal:
        """Delete what Steelyard downloaded, or forget a file that the user added.

        Raises:
            AppError: these weights are not for Steelyard to remove, or the disk refused.
        """
        row = await self.named(name)
        plan = plan_removal(row, self._settings.current.weights_paths)
        if plan.deletes_files:
            blobs, freed = await asyncio.to_thread(remove_from_cache, row)
            for blob in blobs:
                (await self._facts()).pop(blob, None)
                await self._files.forget(blob)
            plan = msgspec.structs.replace(plan, freed_bytes=freed)
            self._on_change()
        else:
            self.forget_place(plan.paths[0])
        return plan


def choose_local(hub: HubName, rows: list[WeightsRow]) -> WeightsRow | None:
    """The row that a hub name means among those on disk; None if there is none.

    Raises:
        AppError: more than one file matches.
    """
    of_repo = [
        row
        for row in rows
        if (row.repo or "").lower() == hub.repo.lower()
        and (hub.revision is None or (row.revision or "").startswith(hub.revision) or hub.revision == "main")
    ]
    models = [row for row in of_repo if row.kind == "model"]
    if hub.file is not None:
        found = [row for row in of_repo if any(_ends_with(path, hub.file) for path in _all_paths(row))]
    elif hub.quant is not None:
        found = _of_quant(models, hub.quant.upper())
    else:
        found = _of_quant(models, DEFAULT_QUANT) or (models and [min(models, key=_default_order)])
    if len(found) > 1:
        names = ", ".join(row.path for row in found)
        raise AppError(f"{hub} means more than one file", names, "Give the path instead.")
    return found[0] if found else None


def _of_quant(rows: list[WeightsRow], quant: str) -> list[WeightsRow]:
    """By the files' names, as the hub's rows go; where they tell nothing, by the headers."""
    by_name = [row for row in rows if quant_in_name(Path(row.path).name) == quant]
    return by_name or [row for row in rows if row.quant == quant]


def _default_order(row: WeightsRow) -> tuple[bool, int]:
    return is_under_four_bits(quant_in_name(Path(row.path).name) or row.quant), row.size_bytes


def _all_paths(row: WeightsRow) -> list[str]:
    """Paths, and the name of the whole set where it is split."""
    if not row.parts:
        return [row.path]
    return [*row.parts, str(Path(row.path).with_name(f"{row.name}.gguf"))]


def _ends_with(path: str, file: str) -> bool:
    return path == file or path.endswith(f"/{file}")


def _is_same(one: WeightsRow, other: WeightsRow) -> bool:
    return os.path.realpath(one.path) == os.path.realpath(other.path)
