"""The HTTP client that huggingface_hub uses here: bounded in bytes, requests and time, one origin only.

The hub's answers are hostile input. huggingface_hub reads them whole, follows redirects and paging links as
it is told, and has no time limit; the limits are set below it, for the thread that does one operation.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2

from steelyard.core.base.errors import AppError
from steelyard.core.base.redaction import redact
from steelyard.core.hub.access import origin_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from steelyard.core.hub.access import Access

_MAX_BYTES = 48 << 20
_MAX_REQUESTS = 40
_DEADLINE_S = 45.0
_CONNECT_S = 10.0
_SILENCE_S = 15.0

# Read by huggingface_hub when it is imported; nothing of ours leaves the machine without being asked for.
for _name in ("HF_HUB_DISABLE_TELEMETRY", "HF_HUB_DISABLE_UPDATE_CHECK", "HF_HUB_DISABLE_PROGRESS_BARS"):
    os.environ.setdefault(_name, "1")


# huggingface_hub asks again by itself after these, with pauses that the server may choose.
_RETRIED_STATUS = frozenset({408, 429, 500, 502, 503, 504})
_RETRIED_ERRORS = (httpx2.TimeoutException, httpx2.NetworkError, httpx2.RemoteProtocolError)


class RefusedError(httpx2.TransportError):
    """A limit was reached, or a request would have left the endpoint."""


class UnansweredError(httpx2.TransportError):
    """No answer, in a form that huggingface_hub does not take for a reason to ask again for half a minute."""


class UnwillingError(Exception):
    """The hub answers with a status that means "later", in a form that huggingface_hub does not wait for."""

    def __init__(self, response: httpx2.Response) -> None:
        super().__init__(f"HTTP {response.status_code}")
        self.response = response


@dataclass
class _Operation:
    origin: tuple[str, str, int]
    ends_at: float
    requests_left: int = _MAX_REQUESTS
    bytes_left: int = _MAX_BYTES


class _Current(threading.local):
    operation: _Operation | None = None


_current = _Current()
_install_lock = threading.Lock()
_installed_proxy: list[str | None] = []


@contextlib.contextmanager
def operation(access: Access) -> Generator[None]:
    """What huggingface_hub asks in this thread until the end of the block is one operation."""
    _install(access.proxy)
    _current.operation = _Operation(access.origin, time.monotonic() + _DEADLINE_S)
    try:
        yield
    finally:
        _current.operation = None


def _install(proxy: str | None) -> None:
    """Make huggingface_hub use this client; again when the proxy has changed."""
    from huggingface_hub import set_client_factory

    with _install_lock:
        if _installed_proxy[-1:] != [proxy]:
            _installed_proxy[:] = [proxy]
            set_client_factory(lambda: _metadata_client(proxy))


def make_client(
    proxy: str | None, silence_s: float, client_class: type[httpx2.Client] = httpx2.Client
) -> httpx2.Client:
    """A client with the system's certificates and proxies; `silence_s` bounds each wait for data. It follows
    no redirects, sends no token of its own, and takes bytes as they are.

    Raises:
        AppError: the proxy or certificate settings cannot be used.
    """
    try:
        return client_class(
            proxy=proxy,
            timeout=httpx2.Timeout(silence_s, connect=_CONNECT_S),
            headers={"User-Agent": "steelyard", "Accept-Encoding": "identity"},
            limits=httpx2.Limits(max_connections=16, max_keepalive_connections=4, keepalive_expiry=10.0),
        )
    except (ImportError, OSError, ValueError, httpx2.InvalidURL) as exc:
        raise AppError(
            "The network settings cannot be used",
            redact(str(exc)),
            "Correct the proxy in Settings > Hub, or HTTPS_PROXY and SSL_CERT_FILE (no socks proxies).",
        ) from exc


class _MetadataClient(httpx2.Client):
    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        try:
            return super().send(request, **options)
        except _RETRIED_ERRORS as exc:
            words = "nothing came for too long" if isinstance(exc, httpx2.TimeoutException) else str(exc)
            raise UnansweredError(words) from exc


def _metadata_client(proxy: str | None) -> httpx2.Client:
    client = make_client(proxy, _SILENCE_S, _MetadataClient)
    client.follow_redirects = True  # within the endpoint's origin: a renamed repository
    client.event_hooks = {"request": [_check_request], "response": [_bound_response]}
    return client


def _check_request(request: httpx2.Request) -> None:
    from huggingface_hub import constants, errors

    if constants.is_offline_mode():
        raise errors.OfflineModeIsEnabled("HF_HUB_OFFLINE is set")
    current = _current.operation
    if current is None:
        raise RefusedError("the hub was asked outside of an operation")
    if origin_of(str(request.url)) != current.origin:
        raise RefusedError("the hub sends us to another address")
    current.requests_left -= 1
    if current.requests_left < 0:
        raise RefusedError("the hub's answer leads on and on")
    left_s = current.ends_at - time.monotonic()
    if left_s <= 0:
        raise RefusedError("the hub's answer takes too long")
    request.headers["Accept-Encoding"] = "identity"
    # huggingface_hub asks without a limit for most things.
    silence_s = min(_SILENCE_S, left_s)
    request.extensions["timeout"] = httpx2.Timeout(silence_s, connect=min(_CONNECT_S, silence_s)).as_dict()


def _bound_response(response: httpx2.Response) -> None:
    current = _current.operation
    assert current is not None
    assert isinstance(response.stream, httpx2.SyncByteStream)
    if response.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
        raise RefusedError("the hub's answer is compressed, which was not asked for")
    response.stream = _BoundedStream(response.stream, current)
    if response.status_code in _RETRIED_STATUS:
        raise UnwillingError(response)
    if response.status_code == 200 and response.headers.get("Content-Type", "").startswith("text/html"):
        raise RefusedError("it is a web page, perhaps the login page of the network")


class _BoundedStream(httpx2.SyncByteStream):
    def __init__(self, inner: httpx2.SyncByteStream, current: _Operation) -> None:
        self._inner = inner
        self._current = current

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._inner:
            self._current.bytes_left -= len(chunk)
            if self._current.bytes_left < 0:
                raise RefusedError("the hub's answer is absurdly long")
            if time.monotonic() > self._current.ends_at:
                raise RefusedError("the hub's answer takes too long")
            yield chunk

    def close(self) -> None:
        self._inner.close()
