"""What a card of a server says, from the row and what else is known of it. No Qt here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from steelyard.ui.pages import servers_texts as t
from steelyard.ui.widgets.facts_format import DASH
from steelyard.ui.widgets.models_paint import Chip
from steelyard.ui.widgets.models_text import plain, sentence
from steelyard.ui.widgets.vram_bar import Bar, BarPart

if TYPE_CHECKING:
    from steelyard.core.values.servers import RoomPlan, ServerDetail, ServerRow
    from steelyard.core.values.weights import WeightsRow

_NO_BAR = Bar((), 0)
CardKind = Literal["live", "waiting", "ended", "failed"]
_NO_MEASURE = "The engine has not reported its buffers yet."
_NO_PREDICTION = "Nothing was projected for this start."


@dataclass(frozen=True)
class CardData:
    """Everything but what counts seconds."""

    name: str
    kind: CardKind
    title: str
    quant: str
    color: str
    chip: Chip
    ctx: str = ""
    ctx_tip: str = ""
    slots: tuple[int, int] = (0, 0)
    queue: str = ""
    text: str = ""
    watts: str = ""
    bar: Bar = _NO_BAR
    measured: str = ""
    measured_tip: str = ""
    predicted: str = ""
    error: str = ""
    error_role: str = "muted"
    can_make_room: bool = False
    is_busy: bool = False
    log: tuple[str, ...] = ()
    spoken: str = ""
    banner: str = ""


def live_data(row: ServerRow, weights: WeightsRow | None, color: str, total_bytes: int | None) -> CardData:
    """A server that is on its way or there."""
    title, quant = t.title_and_quant(row, weights)
    share = t.error_of(row.measured_bytes, row.predicted_bytes)
    chip = t.state_chip(row)
    held = row.measured_bytes if row.measured_bytes is not None else 0
    scale = total_bytes or max(held, row.predicted_bytes or 0)
    return CardData(
        name=row.name,
        kind="live",
        title=title,
        quant=quant,
        color=color,
        chip=chip,
        ctx=_ctx_text(row),
        ctx_tip=_ctx_tip(row),
        slots=(row.slots_busy, row.slots),
        queue=t.queue_text(row),
        bar=Bar((BarPart(color, held),), scale, row.predicted_bytes),
        measured=f"{t.fine_memory(row.measured_bytes)} measured",
        measured_tip="" if row.measured_bytes is not None else _NO_MEASURE,
        predicted=f"predicted {t.fine_memory(row.predicted_bytes)}",
        error=t.signed_share(share),
        error_role={"text3": "muted"}.get(t.error_tone(share), t.error_tone(share)),
        is_busy=row.slots_busy > 0,
        banner=sentence(row.banners[0].text) if row.banners else "",
        spoken=f"{title} {quant}, {chip.text}, {t.slots_text(row)} slots busy",
    )


def waiting_data(name: str, plan: RoomPlan | None, title: str, quant: str, color: str) -> CardData:
    """Weights that wait for memory."""
    text = t.room_text(plan) if plan is not None else "It starts as soon as there is room."
    chip = Chip("Waiting for memory", "warn", "hourglass")
    return CardData(
        name=name,
        kind="waiting",
        title=title,
        quant=quant,
        color=color,
        chip=chip,
        text=text,
        can_make_room=plan is not None and bool(plan.evict),
        spoken=f"{title} {quant}, {chip.text}. {text}",
    )


def ended_data(
    row: ServerRow, weights: WeightsRow | None, detail: ServerDetail | None, log: tuple[str, ...]
) -> CardData:
    """A server whose process is gone: unloaded, stopped or failed."""
    title, quant = t.title_and_quant(row, weights)
    chip = t.state_chip(row)
    is_failed = row.state == "failed"
    text = sentence(row.ended or row.error) if is_failed else _ended_text(row)
    return CardData(
        name=row.name,
        kind="failed" if is_failed else "ended",
        title=title,
        quant=quant,
        color="bad" if is_failed else "s5",
        chip=chip,
        text=text or "It ended, and nothing is known of why.",
        watts=_watts(detail) if t.is_idle_end(row) else "",
        log=log if is_failed else (),
        spoken=f"{title} {quant}, {chip.text}. {text}",
    )


def _ended_text(row: ServerRow) -> str:
    why = sentence(row.ended).rstrip(".")
    why = f"{why}. 0 MiB held." if why else "Stopped; 0 MiB held."
    again = f" Starts on the next request in about {row.load_ms / 1000:.1f} s." if row.load_ms else ""
    return f"{why}{again or ' Starts on the next request.'}"


def _watts(detail: ServerDetail | None) -> str:
    before = detail.idle_before_w if detail is not None else None
    after = detail.idle_after_w if detail is not None else None
    if before is None or after is None:
        return f"Idle power {DASH}: no power meter was read when it was unloaded."
    return f"Idle power {before:.1f} W before, {after:.1f} W after: {_saved(before - after)}"


def _saved(watts: float) -> str:
    return f"{watts:.1f} W saved" if watts >= 0 else f"{-watts:.1f} W more"


def _ctx_text(row: ServerRow) -> str:
    if row.ctx is None:
        return DASH
    used = f"{row.context_used:,}/" if row.context_used else ""
    return f"{used}{row.ctx:,}"


def _ctx_tip(row: ServerRow) -> str:
    if row.ctx is None:
        return "The engine tells its context when it is loaded."
    if row.context_used is None:
        return f"{row.ctx:,} tokens a request"
    return f"{row.context_used:,} tokens are in the slots now; a request may use {row.ctx:,}"


def plain_lines(lines: list[str], most: int = 3) -> tuple[str, ...]:
    """The last lines of a log, each on one line."""
    return tuple(plain(line, 160) for line in lines[-most:])
