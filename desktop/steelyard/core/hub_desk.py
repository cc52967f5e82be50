"""What the app does with the hub: search, repositories, downloads, account. Owned by the engine's loop."""

from __future__ import annotations

import asyncio
import os
import re
import tomllib
from typing import TYPE_CHECKING, Literal

import msgspec

from steelyard.core.base.aside import Aside
from steelyard.core.base.errors import AppError
from steelyard.core.base.paths import data_root
from steelyard.core.gguf.quants import quant_in_name, typical_bits
from steelyard.core.hub.access import TOKEN_NAME, Access, find_access
from steelyard.core.hub.cache import cache_folder, free_bytes
from steelyard.core.hub.client import HubClient
from steelyard.core.hub.names import HubName, parse_hub_name
from steelyard.core.hub.readme import plain_excerpt
from steelyard.core.hub.repo_files import DEFAULT_QUANT, chosen_row, file_rows
from steelyard.core.values.hub import CatalogEntry, HubAccount, HubModelRow, HubPage, HubRepo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steelyard.core.hub.access import TokenSource
    from steelyard.core.hub.client import FoundModel, RemoteRepo
    from steelyard.core.shelf import WeightsShelf
    from steelyard.core.store.secrets import SecretStore
    from steelyard.core.store.settings import SettingsStore
    from steelyard.core.values import commands as c
    from steelyard.core.values.hub import HubFileRow
    from steelyard.core.values.weights import WeightsRow

_MAIN = "main"
_MOST_AT_ONCE = 8
_MAX_RESULTS = 1000
_CURSOR = re.compile(r"\d{1,4}")
_EXTRA = 2.0
"""Filters that are applied here need more results than are shown."""


class HubDesk:
    """Every call makes its own access: token, mirror and proxy are those of the moment."""

    def __init__(self, settings: SettingsStore, secrets: SecretStore, shelf: WeightsShelf) -> None:
        self._settings = settings
        self._secrets = secrets
        self._shelf = shelf
        self.aside = Aside("hub", _MOST_AT_ONCE)
        """Where calls to the hub wait."""
        self._token: tuple[str | None, TokenSource] | None = None

    # ---- access --------------------------------------------------------------------------------------------

    async def client(self, environment: Mapping[str, str] | None = None) -> HubClient:
        """A client for the hub of the settings and the environment; `environment` is the asking process's.

        Raises:
            AppError: the hub's address cannot be used.
        """
        return HubClient(await self._access(environment or {}))

    async def _access(self, environment: Mapping[str, str]) -> Access:
        return await asyncio.to_thread(self._find_access, {**os.environ, **environment})

    def _find_access(self, environment: Mapping[str, str]) -> Access:
        return find_access(self._settings.current.hub, environment, self._kept_token, _login_token())

    def _kept_token(self) -> tuple[str | None, TokenSource]:
        """Read once: a keyring may have to be unlocked, and need not be for a token from the environment."""
        if self._token is None:
            self._token = self._secrets.kept(TOKEN_NAME)
        return self._token

    async def account(self, *, ask_hub: bool) -> HubAccount:
        """How we stand with the hub."""
        cache = cache_folder()
        try:
            access, error = await self._access({}), None
        except AppError as exc:
            access, error = Access(endpoint=""), exc
        account = HubAccount(
            endpoint=access.endpoint,
            endpoint_source=access.endpoint_source,
            reachable=None,
            token=access.token_source,
            user=None,
            proxy=access.proxy,
            cache=str(cache),
            cache_free_bytes=free_bytes(cache),
            error=None if error is None else error.one_line(),
        )
        if not ask_hub or error is not None:
            return account
        try:
            user = await self.aside.run(HubClient(access).user)
        except AppError as exc:
            return msgspec.structs.replace(account, reachable=False, error=exc.one_line())
        return msgspec.structs.replace(account, reachable=True, user=user)

    async def store_token(self, token: str, *, memory_ok: bool) -> Literal["keyring", "memory"]:
        """Keep a token.

        Raises:
            AppError: not a usable token, or no place for it.
        """
        where = await asyncio.to_thread(self._secrets.store, TOKEN_NAME, token, memory_ok=memory_ok)
        self._token = None
        return where

    async def forget_token(self) -> None:
        """Forget the token that was kept here."""
        await asyncio.to_thread(self._secrets.forget, TOKEN_NAME)
        self._token = None

    # ---- looking -------------------------------------------------------------------------------------------

    async def search(self, command: c.SearchHub, free_memory_bytes: int) -> HubPage:
        """One page of results. Filters that the hub does not know are applied here.

        Raises:
            AppError: the hub cannot be reached or refuses.
        """
        start = int(command.cursor) if command.cursor and _CURSOR.fullmatch(command.cursor) else 0
        limit = max(1, min(command.limit, _MAX_RESULTS))
        is_filtered_here = bool(command.filters.quant or command.filters.fits_only)
        count = min(_MAX_RESULTS, start + round(limit * (_EXTRA if is_filtered_here else 1)))
        client = await self.client(command.environment)
        found = await self.aside.run(client.search, command.query, command.sort, command.filters, count)
        page = found[start:]
        here = {(row.repo or "").lower() for row in await self._shelf.rows()}
        rows = [_result(model, free_memory_bytes, here) for model in page if _matches(model, command)]
        if command.filters.fits_only:
            rows = [row for row in rows if row.estimate_fits]
        has_more = len(found) >= count < _MAX_RESULTS
        return HubPage(results=rows, cursor=str(count) if has_more else None)

    async def repo(self, command: c.ReadRepo) -> HubRepo:
        """A repository with its files as rows.

        Raises:
            AppError: no such repository, no access, or the hub cannot be reached.
        """
        name = parse_hub_name(command.name)
        if name is None:
            raise AppError("Not a repository's name", command.name[:100], "Write it as owner/name.")
        client = await self.client(command.environment)
        revision = command.revision or name.revision
        remote = await self.aside.run(client.repo, name.repo, revision)
        repo = await self.shown(client, remote, revision or _MAIN)
        if not command.with_readme:
            return repo
        readme = await self.aside.run(client.readme, name.repo, remote.commit)
        return msgspec.structs.replace(repo, readme=plain_excerpt(readme))

    async def shown(self, client: HubClient, remote: RemoteRepo, revision_name: str) -> HubRepo:
        """A repository as the page shows it."""
        model = remote.model
        here = [row for row in await self._shelf.rows() if (row.repo or "").lower() == model.repo.lower()]
        rows = [_with_presence(row, here) for row in file_rows(remote.files, model.parameters)]
        has_access = await self.aside.run(client.has_access, remote) if model.gated else None
        url = f"{client.access.endpoint}/{model.repo}"
        return HubRepo(
            repo=model.repo,
            revision=remote.commit,
            revision_name=revision_name,
            url=url,
            downloads=model.downloads,
            likes=model.likes,
            updated_at=model.updated_at,
            gated=model.gated,
            has_access=has_access,
            access_hint=_access_hint(url) if model.gated and not has_access else "",
            licence=model.licence,
            base_model=remote.base_model,
            parameters=model.parameters,
            architecture=model.architecture,
            context_length=model.context_length,
            readme="",
            files=[row for row in rows if row.kind == "model"],
            mmproj=[row for row in rows if row.kind == "mmproj"],
            lora=[row for row in rows if row.kind == "lora"],
        )

    async def choose(
        self, name: HubName, environment: Mapping[str, str]
    ) -> tuple[HubClient, RemoteRepo, HubRepo, HubFileRow]:
        """What a name on the hub means, with the client that found it.

        Raises:
            AppError: it means nothing, or more than one file.
        """
        client = await self.client(environment)
        remote = await self.aside.run(client.repo, name.repo, name.revision)
        revision_name = name.revision or _MAIN
        if revision_name == remote.commit:
            # Where a commit is what main means now, the cache may say so: other tools ask for main.
            head = await self.aside.run(client.repo, name.repo, None)
            revision_name = _MAIN if head.commit == remote.commit else revision_name
        repo = await self.shown(client, remote, revision_name)
        rows = [*repo.files, *repo.mmproj, *repo.lora]
        return client, remote, repo, chosen_row(name.repo, rows, file=name.file, quant=name.quant)


def read_catalog() -> list[CatalogEntry]:
    """The curated list that is shipped, small models first."""
    entries: list[CatalogEntry] = []
    for path in sorted((data_root() / "models" / "catalog").glob("*.toml")):
        models = tomllib.loads(path.read_text(encoding="utf-8")).get("model", [])
        entries += msgspec.convert(models, list[CatalogEntry])
    return sorted(entries, key=lambda entry: entry.parameters)


def _login_token() -> str | None:
    """What the hub's own tools have stored; None if nobody logged in."""
    from huggingface_hub import constants

    try:
        with open(constants.HF_TOKEN_PATH, encoding="ascii") as file:
            return file.read(8192).strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def _result(model: FoundModel, free_bytes: int, here: set[str]) -> HubModelRow:
    bits = typical_bits(DEFAULT_QUANT) or 0.0
    estimated = None if model.parameters is None else round(model.parameters * bits / 8)
    return HubModelRow(
        repo=model.repo,
        downloads=model.downloads,
        likes=model.likes,
        updated_at=model.updated_at,
        gated=model.gated,
        licence=model.licence,
        parameters=model.parameters,
        architecture=model.architecture,
        context_length=model.context_length,
        estimated_bytes=estimated,
        estimate_fits=None if estimated is None else estimated <= free_bytes,
        is_here=model.repo.lower() in here,
    )


def _matches(model: FoundModel, command: c.SearchHub) -> bool:
    filters = command.filters
    count = model.parameters
    if (filters.min_parameters or filters.max_parameters) and count is None:
        return False
    if filters.min_parameters and count is not None and count < filters.min_parameters:
        return False
    if filters.max_parameters and count is not None and count > filters.max_parameters:
        return False
    if filters.gated is not None and model.gated != filters.gated:
        return False
    if filters.licence and (model.licence or "").lower() != filters.licence.lower():
        return False
    quants = {quant_in_name(name) for name in model.file_names if name.lower().endswith(".gguf")}
    return not filters.quant or filters.quant.upper() in quants


def _with_presence(row: HubFileRow, here: list[WeightsRow]) -> HubFileRow:
    paths = [path for local in here for path in (local.parts or [local.path]) if not local.missing_parts]
    is_here = all(any(path.endswith(f"/{part}") for path in paths) for part in row.parts)
    return msgspec.structs.replace(row, is_here=is_here)


def _access_hint(url: str) -> str:
    return f"Open {url}, accept the terms there, then give a token in Settings > Hub or in HF_TOKEN."
