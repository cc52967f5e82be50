"""The one httpx2 client factory: local servers and APIs are timed by the same instrument."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import anyio.lowlevel
import httpx2

from steelyard.core.base.errors import AppError
from steelyard.core.base.hosts import host_of, is_loopback
from steelyard.core.base.redaction import redact

if TYPE_CHECKING:
    from pathlib import Path

# Whether a kept connection is still good is only known for certain after a request has been lost on it, and
# llama-server closes them early. Where connecting costs microseconds (UNIX socket, plain HTTP, which in
# practice means this machine or the next desk) each request has a connection of its own; TLS ones are kept.
_ONE_REQUEST_EACH = httpx2.Limits(max_connections=64, max_keepalive_connections=0)
_KEPT = httpx2.Limits(max_connections=64, max_keepalive_connections=16, keepalive_expiry=30.0)
_HEADERS = {"User-Agent": "steelyard", "Accept": "text/event-stream", "Accept-Encoding": "identity"}


async def load_transport() -> None:
    """Import what the first connect of a process would import: 15 ms that are no network time."""
    import_module("anyio.streams.tls")
    await anyio.lowlevel.checkpoint()


def local_client(socket_path: Path) -> httpx2.AsyncClient:
    """A client that reaches one server through its UNIX socket."""
    transport = httpx2.AsyncHTTPTransport(
        uds=str(socket_path), verify=False, trust_env=False, limits=_ONE_REQUEST_EACH
    )
    return httpx2.AsyncClient(transport=transport, headers=_HEADERS, timeout=None, trust_env=False)


def api_client(base_url: str) -> httpx2.AsyncClient:
    """A client for an API: no redirects, the system's certificates and proxies, no proxy to this machine.

    Raises:
        AppError: the environment names a proxy or a certificate file that cannot be used.
    """
    is_remote = not is_loopback(host_of(base_url))
    is_tls = base_url.startswith("https:")
    try:
        return httpx2.AsyncClient(
            headers=_HEADERS,
            timeout=None,
            follow_redirects=False,
            trust_env=is_remote,
            verify=is_tls,
            limits=_KEPT if is_tls else _ONE_REQUEST_EACH,
        )
    except (ImportError, OSError, ValueError, httpx2.InvalidURL) as exc:
        raise AppError(
            "The network settings of this environment cannot be used",
            redact(str(exc)),
            "Correct HTTPS_PROXY, ALL_PROXY or SSL_CERT_FILE (http proxies only, no socks).",
        ) from exc
