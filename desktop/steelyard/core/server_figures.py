"""Figures of servers that come from their runs: rates, reuse of prefixes, accepted drafts, idle watts."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx2
import msgspec

from steelyard.core.base.clock import now_ns
from steelyard.core.targets.json_in import as_count, as_dict, as_list, parse_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.servers.server import Server
    from steelyard.core.values.run import Run
    from steelyard.core.values.servers import ServerDetail, ServerRow

_LOOK_EVERY_S = 0.9
_LOOK_S = 1.0
_WATTS_OVER_S = 5.0
_SETTLE_S = 2.0
"""A GPU takes a moment until it draws less."""
_MAX_NAMES = 200


@dataclass
class _Figures:
    gen_tps: float | None = None
    prompt_tps: float | None = None
    prompt_tokens: int = 0
    cached_tokens: int = 0
    drafted: int = 0
    accepted: int = 0
    idle_before_w: float | None = None
    idle_after_w: float | None = None
    looked_at: float = 0.0
    used_tokens: dict[int, int] = field(default_factory=dict[int, int])
    busy: dict[int, bool] = field(default_factory=dict[int, bool])


class ServerFigures:
    """Owned by the engine's loop. `mean_power_w` takes two moments of the monotonic clock, ns."""

    def __init__(self, mean_power_w: Callable[[int, int], float | None]) -> None:
        self._mean_power_w = mean_power_w
        self._figures: dict[str, _Figures] = {}
        self._fit_errors: dict[str, list[float]] = {}
        self._was_running: set[str] = set()
        self._waits: set[asyncio.Task[None]] = set()

    def on_run_finished(self, run: Run) -> None:
        """Take the figures of a run of one of our servers."""
        if run.target.server is None:
            return
        figures = self._of(run.target.server)
        figures.gen_tps = run.timing.gen_tps or figures.gen_tps
        figures.prompt_tps = run.timing.prompt_tps or figures.prompt_tps
        timings = as_dict(run.raw.get("timings"))
        figures.cached_tokens += as_count(timings.get("cache_n")) or 0
        figures.prompt_tokens += (as_count(timings.get("prompt_n")) or 0) + (
            as_count(timings.get("cache_n")) or 0
        )
        figures.drafted += as_count(timings.get("draft_n")) or 0
        figures.accepted += as_count(timings.get("draft_n_accepted")) or 0

    def on_server_changed(self, row: ServerRow) -> None:
        """When an idle server was unloaded: what the machine draws before and after it."""
        if row.state == "ready":
            self._was_running.add(row.name)
        elif row.state == "stopped" and row.name in self._was_running:
            self._was_running.discard(row.name)
            if row.ended.startswith("Unloaded"):
                figures, now = self._of(row.name), now_ns()
                figures.idle_before_w = self._mean_power_w(now - int(_WATTS_OVER_S * 1e9), now)
                figures.idle_after_w = None
                task = asyncio.create_task(self._watts_after(figures, now))
                self._waits.add(task)
                task.add_done_callback(self._waits.discard)

    async def _watts_after(self, figures: _Figures, ended_ns: int) -> None:
        await asyncio.sleep(_SETTLE_S + _WATTS_OVER_S)
        begin = ended_ns + int(_SETTLE_S * 1e9)
        figures.idle_after_w = self._mean_power_w(begin, begin + int(_WATTS_OVER_S * 1e9))

    def learned(self, backend: str, error_share: float) -> None:
        """A load was measured against its projection."""
        self._fit_errors.setdefault(backend, []).append(error_share)
        del self._fit_errors[backend][:-20]

    async def close(self) -> None:
        """Wait for nothing any more."""
        for task in self._waits:
            task.cancel()
        await asyncio.gather(*self._waits, return_exceptions=True)

    async def look(self, server: Server) -> None:
        """Ask a server that works what its slots hold; at most once a second, when somebody looks."""
        figures, ready = self._of(server.spec.name), server.ready
        now = time.monotonic()
        if ready is None or not server.slots.busy or now - figures.looked_at < _LOOK_EVERY_S:
            return
        figures.looked_at = now
        try:
            response = await ready.client.get(
                "http://localhost/slots", headers={"Authorization": f"Bearer {ready.key}"}, timeout=_LOOK_S
            )
            slots = as_list(parse_json(response.content))
        except (httpx2.HTTPError, ValueError, RuntimeError):
            return
        figures.busy, figures.used_tokens = {}, {}
        for slot in map(as_dict, slots):
            at = as_count(slot.get("id"))
            if at is not None:
                figures.busy[at] = slot.get("is_processing") is True
                figures.used_tokens[at] = _used(slot)

    def detail(self, server: Server, detail: ServerDetail) -> ServerDetail:
        """The same with what is known here."""
        figures = self._of(server.spec.name)
        row = detail.row
        if row.slots_busy and figures.busy:
            slots = [
                msgspec.structs.replace(
                    slot,
                    is_busy=figures.busy.get(slot.id, slot.is_busy),
                    used_tokens=figures.used_tokens.get(slot.id, slot.used_tokens),
                )
                for slot in row.slot_rows
            ]
            used = sum(slot.used_tokens or 0 for slot in slots)
            row = msgspec.structs.replace(row, slot_rows=slots, context_used=used)
        return msgspec.structs.replace(
            detail,
            row=row,
            fit_errors=list(self._fit_errors.get(row.backend, [])),
            gen_tps=figures.gen_tps,
            prompt_tps=figures.prompt_tps,
            prefix_reuse_share=_share(figures.cached_tokens, figures.prompt_tokens),
            draft_accepted_share=_share(figures.accepted, figures.drafted),
            idle_before_w=figures.idle_before_w,
            idle_after_w=figures.idle_after_w,
        )

    def _of(self, name: str) -> _Figures:
        if name not in self._figures and len(self._figures) >= _MAX_NAMES:
            del self._figures[next(iter(self._figures))]
        return self._figures.setdefault(name, _Figures())


def _used(slot: dict[str, Any]) -> int:
    """Tokens in a slot's context: what is prompt and what was generated so far."""
    prompt = as_count(slot.get("n_prompt_tokens")) or 0
    decoded = [as_count(as_dict(token).get("n_decoded")) or 0 for token in as_list(slot.get("next_token"))]
    return prompt + max(decoded, default=0) if slot.get("is_processing") is True else prompt


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
