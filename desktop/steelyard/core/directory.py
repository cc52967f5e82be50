"""Who can be asked: configured APIs, weights on disk, and the names that mean them."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import msgspec

from steelyard.core.base.clock import utc_now
from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.costs.prices.price_book import SHIPPED, PriceSources, book_prices, checked_prices
from steelyard.core.hub.names import Meaning, meaning_of, unknown_name
from steelyard.core.runs.local_target import LocalTarget
from steelyard.core.runs.remote_target import CapGuard, RemoteTarget, wire_for
from steelyard.core.runs.unusable_target import UnusableTarget
from steelyard.core.targets.clients import api_client
from steelyard.core.targets.json_in import as_dict, as_list, as_text, parse_json
from steelyard.core.targets.wire import checked_base_url
from steelyard.core.values.profiles import LaunchProfile
from steelyard.core.values.prompt import Message, Prompt, Sampling
from steelyard.core.values.targets import RESERVED_NAMES, ApiTarget, TargetRow, TargetTest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Literal

    from steelyard.core.runs.promptable import Promptable
    from steelyard.core.servers.pool import ServerPool
    from steelyard.core.shelf import WeightsShelf
    from steelyard.core.store.profiles import ProfileStore
    from steelyard.core.store.secrets import SecretStore
    from steelyard.core.store.settings import SettingsStore
    from steelyard.core.values.weights import WeightsRow

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_KEY_CHARS = 20
_MAX_MODELS_BYTES = 4 << 20
_TEST_PROMPT = Prompt(
    messages=[Message(role="user", content="Answer with the word ok.")], sampling=Sampling(max_tokens=16)
)


@dataclass(frozen=True)
class Wish:
    """How a command wants its targets: keys of its environment, launch settings, unverified or not."""

    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    profile: LaunchProfile = field(default_factory=LaunchProfile)
    """An empty one means: the one with which these weights are served, else the settings."""
    allow_unverified: bool = False
    note: Callable[[str], None] = lambda _reason: None
    """Called with what has to be done before a target can be asked, such as hashing a file."""


class Directory:
    """Finds, adds and removes targets. Owned by the engine's loop."""

    def __init__(
        self,
        settings: SettingsStore,
        secrets: SecretStore,
        servers: ServerPool,
        shelf: WeightsShelf,
        profiles: ProfileStore,
        prices: PriceSources = SHIPPED,
        refuse_over_cap: CapGuard | None = None,
    ) -> None:
        self._settings = settings
        self._secrets = secrets
        self._servers = servers
        self._profiles = profiles
        self._shelf = shelf
        self.prices = prices
        """Where the prices of targets are looked up."""
        self._refuse_over_cap = refuse_over_cap
        self._clients: dict[str, httpx2.AsyncClient] = {}

    async def close(self) -> None:
        """Close the connections to APIs."""
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()

    # ---- names ---------------------------------------------------------------------------------------------

    async def promptable(self, name: str, wish: Wish, shown_as: str | None = None) -> Promptable:
        """The target that a name means. Weights that cannot be served are a target, too: one that fails.

        `shown_as` is the name in its runs; without it weights go by their own short name.

        Raises:
            AppError: the name means nothing.
        """
        if not _is_text(name):
            reason = "its name is not valid UTF-8"
            return UnusableTarget(
                _as_text(name), AppError("This path cannot be used", reason, "Rename the file.")
            )
        apis = self._apis()
        found = meaning_of(name, apis)
        if found.kind == "api":
            return self._remote(apis[name], wish.environment)
        listed = await self._shelf.listed(name) if found.kind == "listed" else None
        if found.kind == "listed" and listed is None:
            raise unknown_name(name, apis)
        try:
            row = await self._loadable(listed or await self._weights_row(name, found), wish)
            return await self._local(row, wish, shown_as)
        except AppError as exc:
            return UnusableTarget(shown_as or (Path(name).name if found.path else name), exc)

    async def local(self, name: str, wish: Wish) -> LocalTarget:
        """The weights that a name means, behind their server; nothing is loaded.

        Raises:
            AppError: it means no weights, or they cannot be served.
        """
        return await self._local(await self._loadable(await self.weights(name), wish), wish, None)

    async def weights(self, name: str) -> WeightsRow:
        """The weights that a name means.

        Raises:
            AppError: it means none on this machine.
        """
        found = meaning_of(name, self._apis())
        if found.kind == "api":
            raise AppError(f"{name} is an API", "there is nothing to load")
        return await self._weights_row(name, found)

    async def _local(self, row: WeightsRow, wish: Wish, shown_as: str | None) -> LocalTarget:
        settings, profile, path = self._settings.current, self.profile_of(row, wish), Path(row.path)
        await self._servers.stop_outdated(path, settings.servers, profile)
        return LocalTarget(shown_as or row.name, row, self._servers, profile, settings)

    def profile_of(self, row: WeightsRow, wish: Wish) -> LaunchProfile:
        """How these weights are served."""
        return wish.profile if wish.profile != LaunchProfile() else self._profiles.assigned(row.path)

    async def _loadable(self, row: WeightsRow, wish: Wish) -> WeightsRow:
        """The same weights, whole and checked.

        Raises:
            AppError: they are not whole, no model, or not what they should be.
        """
        if row.missing_parts:
            missing = ", ".join(row.missing_parts[:3])
            raise AppError(f"{row.name} is not whole", f"missing: {missing}", "Get these parts, too.")
        if row.kind != "model":
            what = "a projector" if row.kind == "mmproj" else "a LoRA adapter"
            raise AppError(f"{row.name} is {what}", "it cannot answer by itself", "Choose a model.")
        if not wish.allow_unverified:
            row = await self._shelf.verified(row, wish.note)
            _check_verified(row)
        return row

    async def _weights_row(self, name: str, found: Meaning) -> WeightsRow:
        if found.path is not None:
            return await self._shelf.file_row(found.path)
        if found.kind == "starter":
            return await self._shelf.starter_row()
        row = await self._shelf.listed(name)
        if row is None and found.hub is not None:
            row = await self._shelf.find(found.hub)
        if row is None:
            raise AppError(
                f"{name} is not on this machine", "", f"Download it first: `steelyard models pull {name}`."
            )
        return row

    def _apis(self) -> dict[str, ApiTarget]:
        return {target.name: target for target in self._settings.current.targets}

    def _remote(self, target: ApiTarget, environment: Mapping[str, str]) -> RemoteTarget:
        return RemoteTarget(
            target,
            lambda: self._client(target.url),
            self._settings.current,
            lambda: self._secrets.read(target, environment),
            self.prices,
            self._refuse_over_cap,
        )

    def _client(self, url: str) -> httpx2.AsyncClient:
        if url not in self._clients:
            self._clients[url] = api_client(url)
        return self._clients[url]

    # ---- API targets ---------------------------------------------------------------------------------------

    async def api_rows(self) -> list[TargetRow]:
        """All configured APIs."""
        return [await self._row(target) for target in self._settings.current.targets]

    async def add(self, target: ApiTarget, *, replace: bool) -> TargetRow:
        """Store a target after checking each of its fields.

        Raises:
            UsageError: a field is not usable, or the name is taken.
        """
        checked = _checked(target, self.prices)
        others = [old for old in self._settings.current.targets if old.name != checked.name]
        if len(others) < len(self._settings.current.targets) and not replace:
            raise UsageError(
                f"There is already a target called {checked.name}",
                hint="Choose another name, or remove it first.",
            )
        targets = [checked if old.name == checked.name else old for old in self._settings.current.targets]
        if checked not in targets:
            targets.append(checked)
        self._settings.save(msgspec.structs.replace(self._settings.current, targets=targets))
        return await self._row(checked)

    async def remove(self, name: str) -> None:
        """Forget a target and its key.

        Raises:
            AppError: there is none of that name.
        """
        self._known(name)
        targets = [target for target in self._settings.current.targets if target.name != name]
        self._settings.save(msgspec.structs.replace(self._settings.current, targets=targets))
        await asyncio.to_thread(self._secrets.forget, name)

    async def store_key(self, name: str, key: str, *, memory_ok: bool) -> Literal["keyring", "memory"]:
        """Keep a key for a target.

        Raises:
            AppError: no such target, an unusable key, or no place for it.
        """
        target = self._known(name)
        if target.key_env:
            raise AppError(f"{name} reads its key from {target.key_env}", hint="Change the target first.")
        return await asyncio.to_thread(self._secrets.store, name, key, memory_ok=memory_ok)

    async def test(self, name: str, environment: Mapping[str, str]) -> TargetTest:
        """One tiny prompt, and the list of models where the API gives one.

        Raises:
            AppError: no such target.
        """
        target = self._known(name)
        remote = self._remote(target, environment)
        try:
            async with remote.open(_TEST_PROMPT, lambda _reason: None) as opened:
                await opened.exchange.run(lambda _deltas, _stamp: None)
                times = opened.exchange.times
        except AppError as exc:
            return TargetTest(ok=False, error=exc.one_line())
        ttft_ms = (times.first_delta - times.start) / 1e6 if times.first_delta else None
        return TargetTest(ok=True, models=await self._models(target, environment), ttft_ms=ttft_ms)

    async def _models(self, target: ApiTarget, environment: Mapping[str, str]) -> list[str] | None:
        wire = wire_for(target)
        key = await asyncio.to_thread(self._secrets.read, target, environment)
        started = time.monotonic()
        body = b""
        try:
            async with self._client(target.url).stream(
                "GET", wire.models_url(target.url), headers=wire.headers(key), timeout=10.0
            ) as response:
                if response.status_code != 200:
                    return None
                async for chunk in response.aiter_raw():
                    body += chunk
                    if len(body) > _MAX_MODELS_BYTES or time.monotonic() - started > 10.0:
                        return None
            names = [
                as_text(as_dict(item).get("id")) for item in as_list(as_dict(parse_json(body)).get("data"))
            ]
        except (httpx2.HTTPError, ValueError):
            return None  # the list is a courtesy; the prompt above has proved that the target works
        return [name for name in names if name]

    def _known(self, name: str) -> ApiTarget:
        target = self._apis().get(name)
        if target is None:
            raise AppError(f"No target is called {name}", hint="`steelyard targets list` shows them.")
        return target

    async def _row(self, target: ApiTarget) -> TargetRow:
        return TargetRow(
            name=target.name,
            url=target.url,
            model=target.model,
            format=target.format,
            key=await asyncio.to_thread(self._secrets.where, target),
            key_env=target.key_env,
            prices=target.prices,
            price_like=target.price_like,
            classes=target.classes,
        )


def _is_text(name: str) -> bool:
    return "\0" not in name and _as_text(name) == name


def _as_text(name: str) -> str:
    return name.replace("\0", "?").encode("utf-8", "replace").decode()


def _check_verified(row: WeightsRow) -> None:
    if row.verification in ("mismatch", "pending"):
        is_starter = row.source == "starter"
        way = "Run `python3 run.py setup`" if is_starter else f"Run `steelyard models verify {row.name}`"
        raise AppError(
            f"{row.name} was not loaded",
            "the file is not the one that it should be",
            f"{way}, or load it all the same with --allow-unverified.",
        )


def _is_variable_name(text: str) -> bool:
    """Whether it names an environment variable. Some keys could be names (hf_…, gsk_…, sk_live_…), but no
    variable is called like that: long, with small letters and digits.
    """
    is_like_a_key = (
        len(text) >= _KEY_CHARS and any(c.islower() for c in text) and any(c.isdigit() for c in text)
    )
    return _VARIABLE.fullmatch(text) is not None and not is_like_a_key


def _checked(target: ApiTarget, prices: PriceSources) -> ApiTarget:
    if not _NAME.fullmatch(target.name):
        raise UsageError(
            "Not a usable target name",
            repr(target.name),
            "Use up to 64 letters, digits, dots, hyphens, underscores.",
        )
    if target.name.lower() in RESERVED_NAMES:
        raise UsageError(f"A target cannot be called {target.name}", "the word has a meaning of its own")
    if not target.model.strip() or len(target.model) > 256 or not target.model.isprintable():
        raise UsageError(
            "The target needs a model name", hint="Give the id that the API knows, with --model."
        )
    if target.key_env is not None and not _is_variable_name(target.key_env):
        raise UsageError(
            "Not a name of an environment variable",
            "--key-env takes a variable's name, not a key",
            "Put the key into a variable and give that variable's name.",
        )
    if target.price_like is not None:
        book_prices(target.price_like, sources=prices)
    if target.prices is not None:
        checked_prices(target.prices)
    dated = utc_now()[:10] if target.prices is not None else None
    return msgspec.structs.replace(
        target,
        url=checked_base_url(target.url),
        prices_date=target.prices_date or dated,
        model=target.model.strip(),
    )
