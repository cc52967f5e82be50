"""A configured API as something that can be asked."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Protocol

from steelyard.core.base.hosts import host_of, is_loopback
from steelyard.core.costs.prices.price_book import SHIPPED, PriceSources, prices_for
from steelyard.core.costs.run_cost import api_cost
from steelyard.core.runs.host_load import find_host
from steelyard.core.runs.promptable import Opened, Promptable, most_events
from steelyard.core.targets.anthropic import AnthropicWire
from steelyard.core.targets.exchange import Exchange, Limits, Request
from steelyard.core.targets.openai import OpenAiWire
from steelyard.core.values.run import TargetInfo

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    import httpx2

    from steelyard.core.targets.wire import Wire
    from steelyard.core.values.prompt import Prompt
    from steelyard.core.values.run import Cost, Energy, Timing, Usage
    from steelyard.core.values.settings import Settings
    from steelyard.core.values.targets import ApiTarget


class CapGuard(Protocol):
    """Asked before anything is sent that may cost money."""

    async def __call__(self, target: str, *, has_price: bool) -> None:
        """Raises AppError when the month's budget is used up."""
        ...


class RemoteTarget(Promptable):
    """A configured API."""

    def __init__(
        self,
        target: ApiTarget,
        get_client: Callable[[], httpx2.AsyncClient],
        settings: Settings,
        read_key: Callable[[], str | None],
        prices: PriceSources = SHIPPED,
        refuse_over_cap: CapGuard | None = None,
    ) -> None:
        self._target = target
        self._get_client = get_client
        self._settings = settings
        self._read_key = read_key
        self._prices = prices
        self._refuse_over_cap = refuse_over_cap

    @property
    def info(self) -> TargetInfo:
        """Name, model and host; never the key."""
        return TargetInfo(
            name=self._target.name,
            kind="api",
            model=self._target.model,
            endpoint_host=host_of(self._target.url),
        )

    @contextlib.asynccontextmanager
    async def open(self, prompt: Prompt, note: Callable[[str], None]) -> AsyncGenerator[Opened, None]:
        """Read the key and prepare the request; nothing is sent yet.

        Raises:
            AppError: there is no key, or no money left for this month.
        """
        await self._check_budget()
        key = await asyncio.to_thread(self._read_key)
        wire = wire_for(self._target)
        body, not_sent = wire.body(self._target.model, prompt)
        request = Request(
            who=self._target.name,
            url=wire.chat_url(self._target.url),
            headers=wire.headers(key),
            body=body,
            is_local=False,
        )
        exchange = Exchange(self._get_client(), wire, request, self._limits(prompt))
        yield Opened(self.info, exchange, not_sent, host=await find_host(self._target.url))

    async def _check_budget(self) -> None:
        """A target that is priced at 0 may always be asked, and so may a program on this machine without a
        price; what is elsewhere and without a price may cost anything.
        """
        if self._refuse_over_cap is None:
            return
        prices = prices_for(self._target, 0, self._prices)
        if prices is None:
            is_free = is_loopback(host_of(self._target.url))
        else:
            is_free = not any((prices.input, prices.output, prices.cached, prices.cache_write))
        if not is_free:
            await self._refuse_over_cap(self._target.name, has_price=prices is not None)

    async def computes_here(self) -> bool:
        """By the program that listens on the port, where the address is of this machine."""
        host = await find_host(self._target.url)
        return host is not None and await asyncio.to_thread(lambda: host.is_model_server)

    def _limits(self, prompt: Prompt) -> Limits:
        api = self._settings.api
        return Limits(
            connect_s=api.connect_timeout_s,
            first_token_s=api.first_token_timeout_s,
            stall_s=api.stall_timeout_s,
            total_s=api.total_timeout_s,
            max_content_events=most_events(prompt),
        )

    def cost(self, usage: Usage, timing: Timing, energy: Energy) -> Cost:
        """Usage times this target's price."""
        return api_cost(usage, prices_for(self._target, usage.prompt_tokens or 0, self._prices))


def wire_for(target: ApiTarget) -> Wire:
    """The dialect of an API target."""
    return AnthropicWire() if target.format == "anthropic" else OpenAiWire(host=host_of(target.url))
