"""Who is let in: callers of this very address that are no web page and have a key.

A page in a browser can send requests to 127.0.0.1, and by DNS rebinding even read the answers. So the Host
must be ours, an Origin must be ours or absent, nothing is ever permitted across origins, and what a browser
marks as coming from another site is refused. All of that comes before the key is looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.gateway.answers import Refused
from steelyard.core.gateway.outlet import Outlet

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping
    from typing import Any

    from steelyard.core.gateway.outlet import Send

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

CLIENT = "steelyard.client"
_WITHOUT_KEY = frozenset({"/health", "/metrics"})
_METHODS = frozenset({"GET", "HEAD", "POST"})
_MAX_TARGET_BYTES = 2048
_MAX_HEAD_BYTES = 32 << 10


class Guard:
    """ASGI middleware. `find_client` gives the name that a key belongs to."""

    def __init__(self, app: App, port: int, find_client: Callable[[str], str | None]) -> None:
        self._app = app
        self._hosts = {f"127.0.0.1:{port}".encode(), f"localhost:{port}".encode()}
        if port == 80:
            self._hosts |= {b"127.0.0.1", b"localhost"}
        self._origins = {b"http://" + host for host in self._hosts}
        self._find_client = find_client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        try:
            self._check_origin(scope)
            if scope["path"] not in _WITHOUT_KEY:
                scope[CLIENT] = self._check_key(scope)
        except Refused as no:
            await Outlet(send, None).refuse(no)
            return
        await self._app(scope, receive, send)

    def _check_origin(self, scope: Scope) -> None:
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        hosts = _values(headers, b"host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            raise Refused(403, "This address answers only as 127.0.0.1 or localhost.", code="foreign_host")
        if any(origin.lower() not in self._origins for origin in _values(headers, b"origin")):
            raise Refused(403, "Requests of web pages are not answered.", code="foreign_origin")
        if any(site not in (b"none", b"same-origin") for site in _values(headers, b"sec-fetch-site")):
            raise Refused(403, "Requests of web pages are not answered.", code="foreign_origin")
        if scope["method"] not in _METHODS:
            raise Refused(405, "Only GET and POST are answered.")
        if sum(len(name) + len(value) for name, value in headers) > _MAX_HEAD_BYTES:
            raise Refused(431, "The headers are too large.")
        if len(scope["raw_path"]) + len(scope["query_string"]) > _MAX_TARGET_BYTES:
            raise Refused(414, "The address is too long.")

    def _check_key(self, scope: Scope) -> str:
        given = _values(scope["headers"], b"authorization")
        scheme, _, key = given[0].decode("latin-1").partition(" ") if len(given) == 1 else ("", "", "")
        name = self._find_client(key.strip()) if scheme.lower() == "bearer" and key.strip() else None
        if name is None:
            raise Refused(
                401,
                "A key of this gateway is needed: Authorization: Bearer sy-… "
                "(`steelyard gateway keys add NAME` makes one).",
                code="invalid_api_key",
            )
        return name


def _values(headers: list[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    return [value for header, value in headers if header == name]
