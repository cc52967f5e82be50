"""Asks for the rest of a file and checks that the answer is just that, before a byte of it is used."""

from __future__ import annotations

import ipaddress
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import httpx2

from steelyard.core.base.errors import AppError
from steelyard.core.base.hosts import host_of, is_loopback
from steelyard.core.base.redaction import redact
from steelyard.core.hub.access import origin_of
from steelyard.core.hub.refusals import refusal, unreachable_hub

if TYPE_CHECKING:
    from collections.abc import Generator

    from steelyard.core.hub.access import Access

_MAX_REDIRECTS = 6
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_RETRIABLE = frozenset({408, 425, 429, 500, 502, 503, 504})
_LAPSED = frozenset({400, 401, 403, 404, 410})
"""What a store says whose links are signed for a while; the hub gives a new one."""
_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")
_STRONG = re.compile(r'"[!#-~]{1,200}"')


class TryAgain(Exception):
    """This attempt brought nothing of use; `wait_s` is what the server asked for.

    `cannot_go_on`: it was about the place where we want to go on, not about the line or the server.
    """

    def __init__(self, error: AppError, wait_s: float | None = None, *, cannot_go_on: bool = False) -> None:
        super().__init__(error.title)
        self.error = error
        self.wait_s = wait_s
        self.cannot_go_on = cannot_go_on


@dataclass(frozen=True)
class Answer:
    """A body that begins at `start`; `etag` is the strong tag of the content, None without one."""

    response: httpx2.Response
    start: int
    etag: str | None


@dataclass(frozen=True)
class Question:
    """The bytes of `what` from `start` to the end, or to before `stop`.

    `etag` is the tag of the bytes that are there already.
    """

    what: str
    url: str
    start: int
    size_bytes: int
    etag: str | None
    stop: int | None = None

    @property
    def end(self) -> int:
        """The first byte that is not asked for."""
        return self.size_bytes if self.stop is None else min(self.stop, self.size_bytes)

    @property
    def is_part(self) -> bool:
        """Whether less than the whole is asked for."""
        return self.start > 0 or self.end < self.size_bytes


@contextmanager
def asked(client: httpx2.Client, access: Access, question: Question) -> Generator[Answer]:
    """The answer to a question, its headers checked, its body not read yet.

    Raises:
        TryAgain: not now, or not like this.
        AppError: asking again is of no use.
    """
    url, is_at_hub = question.url, True
    for _ in range(_MAX_REDIRECTS + 1):
        is_at_hub = origin_of(url) == access.origin
        with _sent(client, access, question, url) as response:
            if response.status_code not in _REDIRECTS:
                yield _checked(response, access, question, is_at_hub)
                return
            url = _next_url(url, response.headers.get("Location", ""), access)
    raise AppError("The download was refused", "the hub redirects on and on", "Check the hub's address.")


@contextmanager
def _sent(client: httpx2.Client, access: Access, question: Question, url: str) -> Generator[httpx2.Response]:
    headers: dict[str, str] = {}
    if access.token and origin_of(url) == access.origin:
        headers["Authorization"] = f"Bearer {access.token}"
    if question.is_part:
        last = "" if question.end == question.size_bytes else str(question.end - 1)
        headers["Range"] = f"bytes={question.start}-{last}"
        if question.etag:
            headers["If-Range"] = question.etag
    try:
        with client.stream("GET", url, headers=headers) as response:
            yield response
    except httpx2.TransportError as exc:
        raise TryAgain(_cut(access, exc)) from exc
    except (httpx2.InvalidURL, httpx2.StreamError, OSError) as exc:
        raise TryAgain(unreachable_hub(access, exc)) from exc


def _cut(access: Access, exc: httpx2.TransportError) -> AppError:
    if isinstance(exc, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.ProxyError):
        return unreachable_hub(access, exc)
    words = (
        "nothing came for too long" if isinstance(exc, httpx2.TimeoutException) else redact(str(exc))[:120]
    )
    return AppError(
        "The connection was cut", words or type(exc).__name__, "Resume the download.", retryable=True
    )


def _next_url(url: str, location: str, access: Access) -> str:
    """Where a redirect leads, if it may be followed.

    Raises:
        AppError: to another scheme, from https to http, into a private network, or with a user name.
    """
    goal = urljoin(url, location)
    try:
        parts = urlsplit(goal)
        scheme, host, _ = origin_of(goal)
    except ValueError:
        raise _bad_redirect("to something that is no address") from None
    if scheme not in ("http", "https") or not host:
        raise _bad_redirect(f"to a {scheme or 'strange'} address")
    if urlsplit(url).scheme == "https" and scheme != "https":
        raise _bad_redirect("from https to http")
    if parts.username or parts.password:
        raise _bad_redirect("to an address with a user name")
    if not _may_reach(host, host_of(access.endpoint)):
        raise _bad_redirect(f"into a private network ({host})")
    return goal


def _may_reach(host: str, hub_host: str) -> bool:
    """A hub on the network of this machine may lead there; one outside may not."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return not is_loopback(host) or is_loopback(hub_host)
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    if address.is_loopback:
        return is_loopback(hub_host)
    return not address.is_private or is_loopback(hub_host) or _is_private(hub_host)


def _is_private(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False


def _bad_redirect(where: str) -> AppError:
    return AppError(
        "The download was refused", f"the hub redirects {where}", "Check the hub's address in Settings > Hub."
    )


def _checked(response: httpx2.Response, access: Access, question: Question, is_at_hub: bool) -> Answer:
    status = response.status_code
    if status not in (200, 206):
        raise _status_error(response, access, question, is_at_hub)
    headers = response.headers
    kind = headers.get("Content-Type", "").split(";")[0].strip().lower()[:40]
    if kind == "text/html":
        raise _unusable("it is a web page, perhaps the login page of the network")
    if headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
        raise _no_going_on("it is compressed, which was not asked for")
    if kind.startswith("multipart/"):
        raise _no_going_on(f"it is {kind}")
    etag = headers.get("ETag", "")
    strong = etag if _STRONG.fullmatch(etag) else None
    if status == 206:
        _check_range(headers.get("Content-Range", ""), question)
        if question.etag and strong and strong != question.etag:
            raise _no_going_on("it is a part of another content")
        expected = question.end - question.start
    else:
        if question.start and question.etag and strong == question.etag:
            raise _no_going_on("the whole file came where the rest was asked for")
        expected = question.size_bytes
    _check_length(headers.get_list("Content-Length"), expected)
    return Answer(response, question.start if status == 206 else 0, strong)


def _check_range(text: str, question: Question) -> None:
    match = _RANGE.fullmatch(text.strip())
    wanted = (question.start, question.end - 1, question.size_bytes)
    if not question.is_part or match is None or tuple(int(number) for number in match.groups()) != wanted:
        raise _no_going_on(f"it is another part than was asked for ({text[:60] or 'unnamed'})")


def _check_length(lengths: list[str], expected: int) -> None:
    """A length that is told must be the right one; chunked answers tell none."""
    if lengths and (len(set(lengths)) > 1 or lengths[0].strip() != str(expected)):
        raise _unusable(f"it has {lengths[0][:20]} bytes where {expected} are missing")


def _status_error(
    response: httpx2.Response, access: Access, question: Question, is_at_hub: bool
) -> Exception:
    error = refusal(question.what, access, response)
    status = response.status_code
    if not is_at_hub and status in _LAPSED:
        return TryAgain(
            AppError(
                "The hub's link to the file was refused",
                f"HTTP {status} from {response.url.host}",
                "Try again later.",
                retryable=True,
            )
        )
    if status in _RETRIABLE:
        return TryAgain(error, _asked_wait(response.headers.get("Retry-After", "")))
    if status == 416:
        refused = AppError("The hub refuses to go on", "HTTP 416", "Try again.", retryable=True)
        return TryAgain(refused, cannot_go_on=True)
    return error


def _asked_wait(text: str) -> float | None:
    text = text.strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _unusable(why: str) -> TryAgain:
    return TryAgain(AppError("The hub's answer cannot be used", why, "Try again later.", retryable=True))


def _no_going_on(why: str) -> TryAgain:
    """Whoever asks for the whole file instead may have more luck."""
    return TryAgain(_unusable(why).error, cannot_go_on=True)
