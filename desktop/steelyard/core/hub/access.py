"""Which hub, through which proxy, as whom."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from steelyard.core.base.errors import AppError
from steelyard.core.base.hosts import is_loopback
from steelyard.core.base.redaction import remember_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from steelyard.core.values.settings import HubSettings

DEFAULT_ENDPOINT = "https://huggingface.co"
TOKEN_NAME = "hub:token"
"""Its name in the keyring; the colon keeps it apart from the names of API targets."""
_TOKEN_VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
_TOKEN = re.compile(r"[!-~]{1,4096}")

TokenSource = Literal["environment", "keyring", "memory", "login", "none"]
EndpointSource = Literal["default", "environment", "settings"]


@dataclass(frozen=True)
class Access:
    """Everything that a request to the hub needs to know. The token is for the endpoint's origin alone."""

    endpoint: str = DEFAULT_ENDPOINT
    endpoint_source: EndpointSource = "default"
    token: str | None = None
    token_source: TokenSource = "none"
    proxy: str | None = None

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port of the endpoint."""
        return origin_of(self.endpoint)


def origin_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL; port 0 for schemes that are neither http nor https.

    Raises:
        ValueError: it is no URL.
    """
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    return parts.scheme, (parts.hostname or "").lower(), port


def find_access(
    settings: HubSettings,
    environment: Mapping[str, str],
    kept_token: Callable[[], tuple[str | None, TokenSource]],
    login_token: str | None,
) -> Access:
    """The environment goes before the settings, a token of ours before another tool's login.

    Raises:
        AppError: the endpoint is no http(s) URL.
    """
    named = environment.get("HF_ENDPOINT", "").strip()
    endpoint, source = DEFAULT_ENDPOINT, "default"
    if named:
        endpoint, source = named, "environment"
    elif settings.endpoint and settings.endpoint.strip():
        endpoint, source = settings.endpoint.strip(), "settings"
    token, token_source = _token(environment, kept_token, login_token)
    endpoint = checked_endpoint(endpoint, source)
    return Access(endpoint, source, _if_safe(token, endpoint), token_source, settings.proxy or None)


def _token(
    environment: Mapping[str, str],
    kept: Callable[[], tuple[str | None, TokenSource]],
    login: str | None,
) -> tuple[str | None, TokenSource]:
    for token, source in _tokens(environment, kept, login):
        if token and _TOKEN.fullmatch(token):
            remember_secret(token)
            return token, source
    return None, "none"


def _tokens(
    environment: Mapping[str, str],
    kept: Callable[[], tuple[str | None, TokenSource]],
    login: str | None,
) -> Iterator[tuple[str | None, TokenSource]]:
    for name in _TOKEN_VARIABLES:
        yield environment.get(name, "").strip(), "environment"
    yield kept()
    yield login, "login"


def _if_safe(token: str | None, endpoint: str) -> str | None:
    """A token goes over TLS, or not at all; this machine itself excepted."""
    scheme, host, _ = origin_of(endpoint)
    return token if scheme == "https" or is_loopback(host) else None


def check_settings(settings: HubSettings) -> None:
    """Before they are stored: addresses that can be used, and no secret among them.

    Raises:
        AppError: the mirror or the proxy cannot be used, or holds a password.
    """
    if settings.endpoint and settings.endpoint.strip():
        checked_endpoint(settings.endpoint.strip(), "settings")
    if not settings.proxy:
        return
    try:
        parts = urlsplit(settings.proxy)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        parts, is_usable = None, False
    if parts is not None and (parts.username or parts.password):
        raise AppError(
            "The proxy was not stored",
            "it holds a user name or password, and settings hold no secrets",
            "Put it into the environment variable HTTPS_PROXY instead.",
        )
    if not is_usable:
        raise AppError(
            "The proxy was not stored", "it is no http or https address", "Write it as http://host:port."
        )


def checked_endpoint(endpoint: str, source: EndpointSource) -> str:
    """An http(s) address without trailing slash, query or user name.

    Raises:
        AppError: it is something else.
    """
    where = {"environment": "HF_ENDPOINT", "settings": "Settings > Hub"}.get(source, "the endpoint")
    try:
        parts = urlsplit(endpoint)
        is_usable = (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and not (parts.query or parts.fragment or parts.username or parts.password)
            and (parts.port is None or parts.port > 0)
            and endpoint.isascii()
            and endpoint.isprintable()
            and " " not in endpoint
        )
    except ValueError:
        is_usable = False
    if not is_usable:
        raise AppError(
            "The hub's address cannot be used",
            f"{where} is no http or https address",
            "Write it as https://host, or leave it out.",
        )
    return endpoint.rstrip("/")
