"""Configured API targets and how they are shown."""

from __future__ import annotations

from typing import Literal

from steelyard.core.values.row import Row

WireFormat = Literal["openai", "anthropic"]
STARTER = "starter"
RESERVED_NAMES = ("starter", "all", "none")


class ApiPrices(Row, frozen=True):
    """User prices, USD per million tokens, as decimal strings."""

    input: str
    output: str
    cached: str | None = None
    cache_write: str | None = None


class ApiTarget(Row, frozen=True):
    """An endpoint that speaks OpenAI's or Anthropic's format.

    `key_env` names an environment variable that is read at each use; without it the key, if any, is in the
    keyring. `price_like` is PROVIDER/MODEL in the price book.
    """

    name: str
    url: str
    model: str
    format: WireFormat
    key_env: str | None = None
    prices: ApiPrices | None = None
    prices_date: str | None = None
    price_like: str | None = None
    classes: list[str] = []


class TargetRow(Row, frozen=True):
    """A configured API target as lists show it: where the key comes from, never the key."""

    name: str
    url: str
    model: str
    format: WireFormat
    key: Literal["env", "keyring", "memory", "none"]
    key_env: str | None = None
    prices: ApiPrices | None = None
    price_like: str | None = None
    classes: list[str] = []


class TargetTest(Row, frozen=True):
    """Result of the Test button."""

    ok: bool
    models: list[str] | None = None
    error: str | None = None
    ttft_ms: float | None = None
