"""What may be typed for an API target, and how a stored one reads. No widgets here."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from steelyard.core.base.units import usd_from_text
from steelyard.core.values.targets import RESERVED_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.core.values.targets import ApiPrices, TargetRow

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PRICE_LIKE = re.compile(r"[^\s/]+/\S+")


def name_error(name: str, taken: Sequence[str]) -> str:
    """Why this cannot be the name of a new target; empty when it can."""
    if not name:
        return "Give the target a name."
    if name.lower() in RESERVED_NAMES:
        return f"“{name}” has a meaning of its own; choose another name."
    if not _NAME.fullmatch(name):
        return "Use letters, digits, dot, dash and underscore, 64 at most."
    if name in taken:
        return "A target of this name exists; edit it or choose another name."
    return ""


def url_error(url: str) -> str:
    """Why this cannot be a base URL; empty when it can."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return "This is not an address."
    if parts.scheme not in {"http", "https"} or not host:
        return "Start with https:// (or http:// for a server in your own network)."
    if parts.username or parts.password:
        return "Keep keys out of the address; they have a field of their own."
    if parts.query or parts.fragment:
        return "Leave out everything from ? or # on."
    return ""


def url_remark(url: str) -> str:
    """What to know about an address that is allowed."""
    parts = urlsplit(url)
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        return "Without https the key and the prompts travel unencrypted."
    return ""


def variable_error(name: str) -> str:
    """Why this cannot be an environment variable's name."""
    if not name:
        return "Name the variable that holds the key."
    if not _VARIABLE.fullmatch(name):
        return "This is not a variable's name; the key itself does not belong here."
    return ""


def price_like_error(text: str) -> str:
    """Why this cannot be looked up."""
    return "" if _PRICE_LIKE.fullmatch(text) else "Write PROVIDER/MODEL, such as openai/gpt-4o-mini."


def price_error(text: str, *, is_optional: bool) -> str:
    """Why this is not a price."""
    if not text:
        return "" if is_optional else "Type a price; 0 if it is free."
    try:
        usd_from_text(text.replace(",", "."))
    except ValueError:
        return "This is not an amount of money."
    return ""


def host_of(url: str) -> str:
    """The host that a target talks to."""
    try:
        return urlsplit(url).netloc or url
    except ValueError:
        return url


def key_text(row: TargetRow) -> str:
    """Where the key comes from; never the key."""
    match row.key:
        case "env":
            return f"key from ${row.key_env}"
        case "keyring":
            return "key in the keyring"
        case "memory":
            return "key in memory until the app closes"
        case _:
            return "no key"


def price_text(row: TargetRow) -> str:
    """By which price its runs are counted."""
    if row.prices is not None:
        return f"{prices_text(row.prices)} per 1M tokens"
    if row.price_like:
        return f"priced like {row.price_like}"
    return "price book by address"


def prices_text(prices: ApiPrices) -> str:
    """`$0.15 in, $0.60 out`, and the cached ones where they are known."""
    parts = [f"${prices.input} in", f"${prices.output} out"]
    if prices.cached is not None:
        parts.append(f"${prices.cached} cached")
    if prices.cache_write is not None:
        parts.append(f"${prices.cache_write} cache write")
    return ", ".join(parts)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
