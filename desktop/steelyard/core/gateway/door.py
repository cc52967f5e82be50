"""The gateway of an engine: opened and closed, its clients' keys, and the requests that are on their way."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.base.errors import AppError
from steelyard.core.base.ids import new_id
from steelyard.core.runs.proxied import Asked
from steelyard.core.values import commands as c
from steelyard.core.values.servers import GatewayRow

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from steelyard.core.gateway.bodies import Wanted
    from steelyard.core.gateway.listening import Listening
    from steelyard.core.gateway.models import Models
    from steelyard.core.gateway.outlet import Send
    from steelyard.core.gateway.passage import Passage
    from steelyard.core.runs.proxied import Books
    from steelyard.core.store.gateway_keys import GatewayKeys
    from steelyard.core.values.settings import Settings

_END_S = 3.0


class Gateway:
    """Lives in the engine's loop. uvicorn and Starlette are imported when it is first opened.

    `settings` gives those in force now; `metrics` the text of /metrics; `on_change` is called with each new
    row.
    """

    def __init__(
        self,
        models: Models,
        keys: GatewayKeys,
        books: Books,
        settings: Callable[[], Settings],
        on_change: Callable[[GatewayRow], None],
        metrics: Callable[[], Awaitable[str]],
    ) -> None:
        self._models = models
        self._keys = keys
        self._books = books
        self._settings = settings
        self._on_change = on_change
        self._metrics = metrics
        self._listening: Listening | None = None
        self._passages: dict[Passage, asyncio.Task[None]] = {}
        self._problem = ""
        self._one_at_a_time = asyncio.Lock()
        keys.load()

    def row(self) -> GatewayRow:
        """How it stands."""
        base_url = None if self._listening is None else f"http://127.0.0.1:{self._listening.port}"
        has_metrics = base_url is not None and self._settings().gateway.metrics
        return GatewayRow(
            base_url=None if base_url is None else f"{base_url}/v1",
            keys=self._keys.rows(),
            problem=self._problem or " ".join(self._keys.notices),
            metrics_url=f"{base_url}/metrics" if has_metrics else None,
        )

    async def open(self, port: int | None = None) -> GatewayRow:
        """Listen on this port of 127.0.0.1, or on that of the settings; elsewhere it closes first.

        Raises:
            AppError: the port cannot be had; `row()` tells why, too.
        """
        async with self._one_at_a_time:
            wanted = self._settings().gateway.port if port is None else port
            if self._listening is not None and (port is None or self._listening.port == wanted):
                return self.row()
            await self._close()
            try:
                self._listening = await self._listen(wanted)
            except AppError as exc:
                self._problem = exc.one_line()
                self._tell()
                raise
            self._problem = ""
            return self._tell()

    async def close(self) -> None:
        """Listen no more; who waits for an answer is told that it ends here."""
        async with self._one_at_a_time:
            was_open = self._listening is not None
            await self._close()
            if was_open:
                self._tell()

    async def add_key(self, name: str) -> str:
        """A key for a client, told this once.

        Raises:
            AppError: the name cannot be used, or the file not be written.
        """
        key = await self._keys.add(name)
        self._tell()
        return key

    def add_process_key(self) -> str:
        """A key for `serve` itself: in no file, void when this process ends."""
        key = self._keys.add_for_process()
        self._tell()
        return key

    async def revoke_key(self, name: str) -> None:
        """Let a client in no more; what it has under way goes on.

        Raises:
            AppError: there is no such client, or the file cannot be written.
        """
        await self._keys.revoke(name)
        self._tell()

    async def execute(self, command: c.GatewayCommand) -> Any:
        """Carry out one of its commands.

        Raises:
            AppError: in words for the user.
        """
        match command:
            case c.ReadGateway():
                return await self._with_models()
            case c.OpenGateway():
                await self._models.choose(command.targets, command.profile)
                await self.open(command.port)
                return await self._with_models()
            case c.CloseGateway():
                return await self.close()
            case c.AddGatewayKey(is_temporary=True):
                return self.add_process_key()
            case c.AddGatewayKey():
                return await self.add_key(command.name)
            case c.RevokeGatewayKey():
                return await self.revoke_key(command.name)

    # ---- inside --------------------------------------------------------------------------------------------

    async def _with_models(self) -> GatewayRow:
        """The row with what is offered; nothing is looked for while it is closed."""
        row = self.row()
        if row.base_url is None:
            return row
        return msgspec.structs.replace(row, models=[offer.id for offer in await self._models.offers()])

    async def _listen(self, port: int) -> Listening:
        await asyncio.to_thread(import_module, "steelyard.core.gateway.listening")
        await asyncio.to_thread(import_module, "steelyard.core.gateway.api")
        from steelyard.core.gateway.api import Api
        from steelyard.core.gateway.guard import Guard
        from steelyard.core.gateway.listening import Listening, bind

        listener = bind(port)
        api = Api(self._models, self._pass_on, self._metrics_if_on)
        bound = int(listener.getsockname()[1])
        listening = Listening(Guard(api.app(), bound, self._keys.find), listener)
        await listening.until_started()
        return listening

    async def _close(self) -> None:
        listening, self._listening = self._listening, None
        under_way = list(self._passages.values())
        for passage in list(self._passages):
            passage.close()
        if under_way:
            await asyncio.wait(under_way, timeout=_END_S)  # clients are told, and the runs are written
        if listening is not None:
            await listening.close()
        await self._keys.close()

    async def _pass_on(self, wanted: Wanted, client: str, send: Send, until_gone: asyncio.Task[None]) -> None:
        from steelyard.core.gateway.passage import Passage

        self._keys.count(client)
        asked = Asked(
            request=new_id(),
            run_id=new_id(),
            route=f"gateway:{client}",
            messages=wanted.messages,
            reader=wanted.endpoint.reader,
            is_chat=wanted.endpoint.content == "messages",
            keeps_details=not wanted.for_embeddings,  # whole libraries are embedded; nobody inspects that
            params=wanted.params,
            not_sent=wanted.not_sent,
        )
        stall_s = self._settings().servers.generate_stall_s
        passage = Passage(wanted, self._models, asked, self._books, send, stall_s)
        self._passages[passage] = task = asyncio.create_task(passage.carry_out(until_gone))
        try:
            await asyncio.shield(task)
        finally:
            if not task.done():
                passage.close()
                await asyncio.wait({task}, timeout=_END_S)
            del self._passages[passage]

    def _metrics_if_on(self) -> Callable[[], Awaitable[str]] | None:
        return self._metrics if self._settings().gateway.metrics else None

    def _tell(self) -> GatewayRow:
        row = self.row()
        self._on_change(row)
        return row
