"""API targets: carries out their commands, and tells the others that the list has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steelyard.core.values import commands as c
from steelyard.core.values.events import TargetsChanged

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.directory import Directory
    from steelyard.core.values.events import Event


class TargetsRoom:
    """Owned by the engine's loop."""

    def __init__(self, directory: Directory, emit: Callable[[Event], None]) -> None:
        self._directory = directory
        self._emit = emit

    async def execute(self, command: c.TargetCommand) -> Any:
        """Carry out one command; see `Engine.execute`."""
        match command:
            case c.ListTargets():
                return await self._directory.api_rows()
            case c.TestTarget():
                return await self._directory.test(command.name, command.environment)
            case _:
                result = await self._change(command)
                self._emit(TargetsChanged())
                return result

    async def _change(self, command: c.AddTarget | c.RemoveTarget | c.StoreKey) -> Any:
        match command:
            case c.AddTarget():
                return await self._directory.add(command.target, replace=command.replace)
            case c.RemoveTarget():
                return await self._directory.remove(command.name)
            case c.StoreKey():
                return await self._directory.store_key(
                    command.target, command.key, memory_ok=command.memory_ok
                )
