"""The endpoints, as a Starlette application."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from steelyard.core.base.errors import AppError
from steelyard.core.gateway.answers import Refused, refused_by, unknown_model
from steelyard.core.gateway.bodies import (
    CHAT,
    COMPLETIONS,
    EMBEDDINGS,
    MAX_BODY_BYTES,
    Endpoint,
    Wanted,
    read_wanted,
)
from steelyard.core.gateway.guard import CLIENT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Receive, Scope, Send

    from steelyard.core.gateway.models import Models, Offer

    Metrics = Callable[[], Awaitable[str]]
    PassOn = Callable[[Wanted, str, Send, "asyncio.Task[None]"], Awaitable[None]]

_BODY_STALL_S = 15.0
_MAX_BODIES_BYTES = 512 << 20


class Api:
    """Reads requests and hands those for a model to `pass_on`.

    `metrics` gives the text of /metrics, or None when it is switched off.
    """

    def __init__(self, models: Models, pass_on: PassOn, metrics: Callable[[], Metrics | None]) -> None:
        self._models = models
        self._pass_on = pass_on
        self._metrics = metrics
        self._bodies_bytes = 0

    def app(self) -> Starlette:
        """The application, without the guard."""
        app = Starlette(
            routes=[
                Route("/health", self._health),
                Route("/metrics", self._show_metrics),
                Route("/v1/models", self._list_models),
                Route("/v1/models/{name:path}", self._show_model),
                *(
                    Route(endpoint.path, self._answering(endpoint), methods=["POST"])
                    for endpoint in (CHAT, COMPLETIONS, EMBEDDINGS)
                ),
            ],
            exception_handlers={HTTPException: _no_such_address, Refused: _refuse, AppError: _fail},
        )
        app.router.redirect_slashes = False
        return app

    async def _health(self, _request: Request) -> Response:
        return _json({"status": "ok"})

    async def _show_metrics(self, _request: Request) -> Response:
        metrics = self._metrics()
        if metrics is None:
            raise HTTPException(404)
        return PlainTextResponse(await metrics(), media_type="text/plain; version=0.0.4")

    async def _list_models(self, _request: Request) -> Response:
        rows = [_model_document(offer) for offer in await self._models.offers()]
        return _json({"object": "list", "data": rows})

    async def _show_model(self, request: Request) -> Response:
        name = str(request.path_params["name"])
        offers = await self._models.offers()
        for offer in offers:
            if offer.id == name:
                return _json(_model_document(offer))
        raise unknown_model(name, [offer.id for offer in offers])

    def _answering(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            return _Passed(self, endpoint, request)

        return answer

    async def pass_on(self, endpoint: Endpoint, request: Request, receive: Receive, send: Send) -> None:
        """Read the body and answer.

        Raises:
            Refused: it is no request for a model of ours.
        """
        size = _announced_bytes(request)
        self._bodies_bytes += size
        try:
            async with asyncio.timeout(None) as deadline:
                body = await _body(request, deadline)
            self._bodies_bytes += len(body) - size
            size = len(body)
            wanted = read_wanted(endpoint, body)
            if not await self._models.knows(wanted.model):
                raise unknown_model(wanted.model, [offer.id for offer in await self._models.offers()])
            until_gone = asyncio.create_task(_until_gone(receive))
            try:
                await self._pass_on(wanted, request.scope[CLIENT], send, until_gone)
            finally:
                until_gone.cancel()
        except TimeoutError as exc:
            raise Refused(408, "The body did not arrive.") from exc
        finally:
            self._bodies_bytes -= size

    def check_room(self, size_bytes: int) -> None:
        """Bodies wait in memory while their requests wait for a slot.

        Raises:
            Refused: those that wait already are enough.
        """
        if self._bodies_bytes + size_bytes > _MAX_BODIES_BYTES:
            raise Refused(503, "Too many large requests wait already.", "server_error", retry_after_s=5)


class _Passed(Response):
    """A response that sends itself."""

    def __init__(self, api: Api, endpoint: Endpoint, request: Request) -> None:
        self._api = api
        self._endpoint = endpoint
        self._request = request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        self._api.check_room(_announced_bytes(self._request))
        try:
            await self._api.pass_on(self._endpoint, self._request, receive, send)
        except ClientDisconnect:
            return


async def _body(request: Request, deadline: asyncio.Timeout) -> bytes:
    parts: list[bytes] = []
    size = 0
    loop = asyncio.get_running_loop()
    deadline.reschedule(loop.time() + _BODY_STALL_S)
    async for part in request.stream():
        deadline.reschedule(loop.time() + _BODY_STALL_S)
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise _too_large()
        parts.append(part)
    return b"".join(parts)


def _announced_bytes(request: Request) -> int:
    """Length of the body as its header tells; one in chunks may become as large as any.

    Raises:
        Refused: larger than is taken.
    """
    told = request.headers.get("content-length", "")
    size = int(told) if told.isascii() and told.isdigit() and len(told) < 16 else MAX_BODY_BYTES
    if size > MAX_BODY_BYTES:
        raise _too_large()
    return size


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _too_large() -> Refused:
    return Refused(413, f"The body is larger than {MAX_BODY_BYTES >> 20} MiB.")


def _model_document(offer: Offer) -> dict[str, Any]:
    return {"id": offer.id, "object": "model", "created": offer.created_s, "owned_by": "steelyard"}


def _json(document: Any) -> Response:
    return Response(msgspec.json.encode(document), media_type="application/json")


async def _refuse(_request: Request, exc: Exception) -> Response:
    assert isinstance(exc, Refused)
    headers = {} if exc.retry_after_s is None else {"retry-after": str(exc.retry_after_s)}
    return Response(exc.body, exc.status, headers, "application/json")


async def _fail(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, AppError)
    return await _refuse(request, refused_by(exc))


async def _no_such_address(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    where = f"{request.method} {request.url.path[:200]}"
    return await _refuse(request, Refused(exc.status_code, f"There is nothing at {where}.", code="not_found"))
