"""Fetches a newer price book, when the user asks for it and never else."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import httpx2

from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.base.hosts import is_loopback
from steelyard.core.base.redaction import redact
from steelyard.core.costs.prices.book_shelf import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

URL_VARIABLE = "STEELYARD_PRICES_URL"
_TIMEOUT = httpx2.Timeout(15.0, connect=10.0)
_DEADLINE_S = 90.0
_MAX_PORT = 65_535
_HEADERS = {"User-Agent": "steelyard", "Accept": "application/json", "Accept-Encoding": "identity"}


def update_url(environment: Mapping[str, str] = os.environ) -> str:
    """Where a newer book is fetched: a mirror named by STEELYARD_PRICES_URL, else the package's own address.

    Raises:
        UsageError: the mirror's address cannot be used.
    """
    from genai_prices.update_prices import DEFAULT_UPDATE_URL

    named = environment.get(URL_VARIABLE, "").strip()
    return _checked(named) if named else DEFAULT_UPDATE_URL


def update_host() -> str:
    """The host that an update contacts; empty if the mirror's address cannot be used."""
    try:
        return httpx2.URL(update_url()).host
    except UsageError:
        return ""


async def fetch_book(url: str, deadline_s: float = _DEADLINE_S) -> bytes:
    """The data behind an address, at most 16 MiB of it; no redirects, the system's proxy and certificates.

    Raises:
        AppError: it cannot be reached, answers with something else, too much, or for too long.
    """
    try:
        async with asyncio.timeout(deadline_s):
            return await _fetch(url)
    except TimeoutError as exc:
        raise _not_fetched(url, f"it took longer than {deadline_s:g} s") from exc
    except (httpx2.HTTPError, httpx2.InvalidURL, ImportError, OSError, ValueError) as exc:
        raise _not_fetched(url, redact(str(exc)) or type(exc).__name__) from exc


async def _fetch(url: str) -> bytes:
    is_remote = not is_loopback(httpx2.URL(url).host.lower())
    body = bytearray()
    async with (
        httpx2.AsyncClient(timeout=_TIMEOUT, trust_env=is_remote, headers=_HEADERS) as client,
        client.stream("GET", url) as answer,
    ):
        if answer.status_code != 200:
            raise _not_fetched(url, f"it answered {answer.status_code}")
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > MAX_BYTES:
                raise _not_fetched(url, f"it is larger than {MAX_BYTES >> 20} MiB")
    return bytes(body)


def _checked(text: str) -> str:
    hint = f"Correct or unset {URL_VARIABLE}: https, or http to this machine."
    try:
        url = httpx2.URL(text)  # by the reading that is used to send
    except (httpx2.InvalidURL, ValueError) as exc:
        raise UsageError("Not a usable address of a price book", redact(str(exc)), hint) from exc
    is_safe = url.scheme == "https" or (url.scheme == "http" and is_loopback(url.host.lower()))
    is_port = url.port is None or 1 <= url.port <= _MAX_PORT
    if not url.host or not is_safe or not is_port or url.userinfo:
        shown = redact(text)[:200] if not url.userinfo else f"{url.host}, with a name or password in front"
        raise UsageError("Not a usable address of a price book", shown, hint)
    return text


def _not_fetched(url: str, why: str) -> AppError:
    return AppError(
        "The price book was not updated",
        f"{httpx2.URL(url).host}: {why}",
        "The book in use stays. Check the connection and try again.",
        retryable=True,
    )
