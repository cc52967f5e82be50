"""A discarded prompt, so that the measured one meets a loaded and touched model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.values.prompt import Message, Prompt, Sampling

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.runs.promptable import Promptable

_PROMPT = Prompt(messages=[Message(role="user", content="Hi")], sampling=Sampling(max_tokens=4))


async def warm_up(target: Promptable, times: int | None, note: Callable[[str], None]) -> float | None:
    """Ask a local target this often; None: once, and only if nobody has asked it since it was loaded.

    Returns what loading it took, ms; None if it was loaded before. Never fails: the measured run meets the
    same failure and reports it.
    """
    load_ms: float | None = None
    for _ in range(1 if times is None else times):
        try:
            async with target.open(_PROMPT, note) as opened:
                load_ms = load_ms if opened.load_ms is None else opened.load_ms
                if times is None and not opened.is_cold:
                    return load_ms
                note("warming up")
                await opened.exchange.run(lambda _deltas, _stamp: None)
        except Exception:  # noqa: BLE001 - see above
            return load_ms
    return load_ms
