"""What others see of a server: a row from a snapshot of its actor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.values.servers import Banner, ServerRow, SlotRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.servers.log_facts import LogFacts
    from steelyard.core.servers.server import Server


def row_of(server: Server, gpu_bytes: Callable[[int], int | None]) -> ServerRow:
    """State for display; `gpu_bytes` tells what a process holds on GPUs."""
    facts, ready, pid, slots = server.facts, server.ready, server.pid, server.slots
    idle_s, unload_in_s = slots.idle_s, server.unload_in_s
    return ServerRow(
        name=server.spec.name,
        weights=str(server.spec.weights),
        pid=pid,
        state=server.state,
        ctx=ready.ctx if ready else None,
        slots=slots.slots,
        slots_busy=slots.busy,
        predicted_bytes=facts.predicted_bytes,
        measured_bytes=facts.measured_bytes,
        vram_bytes=None if pid is None else gpu_bytes(pid),
        started_at=server.started_at,
        idle_s=None if idle_s is None or not ready else round(idle_s, 1),
        error=server.error,
        ram_bytes=server.resident_bytes(),
        ready_at=ready.at if ready else None,
        load_ms=server.load_ms,
        unload_in_s=None if unload_in_s is None else round(unload_in_s, 1),
        waiting=slots.waiting,
        context_used=sum(facts.slot_tokens.values()) if ready else None,
        slot_rows=_slot_rows(server),
        backend=facts.backend if ready else "",
        build=ready.build if ready else "",
        layers_on_gpu=facts.offloaded_layers if facts.has_gpu else None,
        layers=facts.total_layers,
        banners=[banner for banner in [spill_banner(server)] if banner is not None],
        room=server.room,
        ended=server.ended,
        restarts=server.restarts,
    )


def _slot_rows(server: Server) -> list[SlotRow]:
    """The engine tells in its log what a slot holds when its request ends; which slot is busy it tells only
    when asked, so the first ones are shown as the busy ones.
    """
    ready = server.ready
    if ready is None:
        return []
    return [
        SlotRow(
            id=at,
            is_busy=at < server.slots.busy,
            ctx=ready.ctx or 0,
            used_tokens=server.facts.slot_tokens.get(at, 0),
        )
        for at in range(server.slots.slots)
    ]


def spilled(facts: LogFacts) -> tuple[int, int] | None:
    """(layers on the GPU, all layers) where a GPU is there and does not hold them all."""
    on_gpu, layers = facts.offloaded_layers, facts.total_layers
    if not facts.has_gpu or on_gpu is None or not layers or on_gpu >= layers:
        return None
    return on_gpu, layers


def spill_banner(server: Server) -> Banner | None:
    """Layers that run on the CPU although a GPU is there; said also when the profile asked for it."""
    found = spilled(server.facts)
    if found is None or server.ready is None or server.profile.devices == ["none"]:
        return None
    on_gpu, layers = found
    by_wish = isinstance(server.profile.gpu_layers, int)
    hint = (
        "The launch profile asks for it; set GPU layers to auto."
        if by_wish
        else "Use a shorter context, a smaller quant or KV cache, or stop another server."
    )
    return Banner(
        code="spilled_to_cpu",
        text=f"{layers - on_gpu} of {layers} layers run on the CPU although there is a GPU.",
        hint=hint,
    )
