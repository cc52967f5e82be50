"""An engine whose only GPU is made of software, and a command line on the same home."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.values import commands as c
from steelyard.core.values.profiles import LaunchProfile
from steelyard.core.values.prompt import Sampling
from steelyard.core.values.settings import ServerSettings, Settings

if TYPE_CHECKING:
    from e2e.harness import Cli
    from steelyard.core.control.owner import OwnedEngine
    from steelyard.core.values.run import Run
    from steelyard.core.values.servers import ServerRow

MIB = 1 << 20
DEVICE_BYTES = 2048 * MIB
LAYERS = 31
"""Of the starter, as the engine counts: 30 blocks and the output."""
CHOSEN = {name: os.environ.get(name, "") for name in ("GGML_VK_VISIBLE_DEVICES", "VK_DRIVER_FILES")}
PATIENCE_S = 240.0
SETTINGS = ServerSettings(threads=1, context_tokens=2048, generate_stall_s=120, load_stall_s=120)


class Host:
    """An engine in this process that owns a home, and a command line on the same home."""

    def __init__(self, engine: OwnedEngine, cli: Cli) -> None:
        self.engine = engine
        self.cli = cli

    async def do(self, command: c.Command) -> Any:
        return await asyncio.wait_for(self.engine.execute(command, "t"), PATIENCE_S)

    async def use(self, **changes: Any) -> None:
        """From now on these settings for servers."""
        servers = msgspec.structs.replace(SETTINGS, **changes)
        await self.do(c.SaveSettings(settings=Settings(servers=servers)))

    async def load(self, target: str = "starter", **profile: Any) -> ServerRow:
        return await self.do(c.LoadWeights(target=target, profile=LaunchProfile(**profile)))

    async def rows(self) -> dict[str, ServerRow]:
        """Also of those that have ended."""
        return {row.name: row for row in await self.do(c.ListServers(with_ended=True))}

    async def ps(self) -> Any:
        """As another process sees it."""
        return await asyncio.to_thread(self.cli.json, "ps")

    async def ask(self, target: str = "starter", tokens: int = 2) -> Run:
        return await self.do(
            c.StartRun(target=target, prompt="Hi", sampling=Sampling(max_tokens=tokens, temperature=0))
        )
