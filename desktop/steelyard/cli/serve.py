"""`serve`: this process owns the engine of its home, with the gateway in front, until it is stopped; and the
keys of the gateway's clients.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.cli import show
from steelyard.cli.output import say
from steelyard.core.base.errors import AppError, one_line, printable
from steelyard.core.base.ids import new_id
from steelyard.core.control.lock import read_owner
from steelyard.core.values import commands as c
from steelyard.core.values.profiles import LaunchProfile
from steelyard.core.values.servers import GatewayRow

if TYPE_CHECKING:
    import argparse

    from steelyard.cli.output import Printer
    from steelyard.core.base.paths import Home
    from steelyard.core.control.owner import OwnedEngine

_PATIENCE_S = 30.0
_POLL_S = 0.1
_STOP_DEADLINE_S = 8.0


async def serve(request: c.OpenGateway, home: Home, printer: Printer) -> None:
    """Open the gateway, load the first weights, print the ready line, stay.

    Raises:
        AppError: another Steelyard has the home, the port is taken, or the first weights cannot be served.
        CancelledError: stopped before it was ready.
    """
    from steelyard.core.control.owner import OwnedEngine

    own = OwnedEngine(home, "serve")
    await _take(own, home)
    try:
        await own.start()
        for notice in own.notices:
            say(f"steelyard: {one_line(notice)}")
        ready = await _open(own, request)
        printer.document(ready, lambda: _show_ready(ready))
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            say("steelyard: stopping")  # the way that it is meant to end
    finally:
        await own.stop(_STOP_DEADLINE_S)


async def _take(own: OwnedEngine, home: Home) -> None:
    """Become the owner of the home. A one-shot command that has it ends soon; a window does not."""
    deadline = time.monotonic() + _PATIENCE_S
    while not own.try_take():
        other = read_owner(home.lock)
        if time.monotonic() > deadline or (other is not None and other.owner != "command"):
            who = f"{other.owner}, process {other.pid}" if other else "an unknown process"
            raise AppError(
                "Another Steelyard uses this home",
                who,
                "Open the gateway there, close it, or use another --home.",
                retryable=True,
            )
        await asyncio.sleep(_POLL_S)


async def _open(own: OwnedEngine, request: c.OpenGateway) -> dict[str, Any]:
    """The ready line. Its key is made for this process, and told nowhere else."""
    row: GatewayRow = await own.execute(request, new_id())
    say(printable(f"steelyard: loading {row.models[0] if row.models else request.targets[0]}"))
    profile = None if request.profile == LaunchProfile() else request.profile
    await own.execute(c.LoadWeights(target=request.targets[0], profile=profile), new_id())
    key = await own.execute(c.AddGatewayKey(name="serve", is_temporary=True), new_id())
    return {"base_url": row.base_url, "key": key, "models": row.models}


def _show_ready(ready: dict[str, Any]) -> None:
    print(f"base URL  {ready['base_url']}")
    print(f"key       {ready['key']}")
    print(printable(f"models    {', '.join(ready['models'])}"))
    print("Ctrl+C ends it.")


def show_keys(words: argparse.Namespace, plain: Any, printer: Printer) -> None:
    """The result of `gateway keys …`."""
    match words.action:
        case "add":
            printer.document({"name": words.name, "key": plain}, lambda: print(plain))
        case "revoke":
            said = printable(f"{words.name} is let in no more")
            printer.document({"revoked": words.name}, lambda: print(said))
        case _:
            row = msgspec.convert(plain, GatewayRow)
            cells = [[key.name, key.requests, key.last_used_at, key.created_at] for key in row.keys]
            document = {"keys": [msgspec.to_builtins(key) for key in row.keys]}
            heads = ["NAME", "REQUESTS", "LAST USED", "MADE"]
            printer.document(document, lambda: show.show_table(heads, cells))
