"""What the segments of the status strip say: from rows to pieces and tooltips, without any state."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from steelyard.ui.frame.strip_machine import gib
from steelyard.ui.widgets.labels import UNKNOWN
from steelyard.ui.widgets.models_text import plain
from steelyard.ui.widgets.strip_segment import Piece

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from steelyard.core.values.reports import Spending
    from steelyard.core.values.servers import ServerRow
    from steelyard.core.values.telemetry import Sample

_STATES = {
    "starting": ("Starting", "ctl"),
    "ready": ("Ready", "good"),
    "waiting": ("Waiting", "warn"),
    "failed": ("Engine failed", "bad"),
    "closing": ("Closing", "warn"),
    "stopped": ("Stopped", "ctl"),
}
_BLIND = "A blind series is open"
_SERVER_COLORS = {"failed": "bad", "starting": "text3", "loading": "text3", "stopping": "text3"}


def state_pieces(state: str, servers: Sequence[ServerRow]) -> list[Piece]:
    """A dot and one word; a load that goes on is said with its progress."""
    word, color = _STATES.get(state, (state.capitalize(), "ctl"))
    loading = next((server for server in servers if server.state in {"starting", "loading"}), None)
    if state == "ready" and loading is not None:
        share = f" {loading.progress:.0%}".replace("%", " %") if loading.progress is not None else ""
        word, color = f"Loading{share}", "accent"
    return [Piece(word, mark="dot", mark_color=color, weight=500)]


def model_pieces(
    servers: Sequence[ServerRow], color_of: Callable[[ServerRow], str], *, with_names: bool
) -> list[Piece]:
    """A square in the model's colour, and its name where there is room."""
    return [
        Piece(
            short_name(server) if with_names else "",
            color=_SERVER_COLORS.get(server.state, "text2"),
            mark="square",
            mark_color="bad" if server.state == "failed" else color_of(server),
        )
        for server in servers
    ]


def models_tooltip(servers: Sequence[ServerRow]) -> str:
    """One line a server."""
    lines = [f"{short_name(server)}: {_server_state(server)}" for server in servers]
    return "\n".join(lines) if lines else "No weights are loaded"


def short_name(server: ServerRow) -> str:
    """The weights' name without folder and ending."""
    return server.weights.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".gguf") or server.name


def _server_state(server: ServerRow) -> str:
    parts = [server.state]
    if server.error:
        parts.append(server.error)
    if server.ctx:
        parts.append(f"context {server.ctx:,}")
    if server.measured_bytes is not None:
        parts.append(f"{gib(server.measured_bytes)} GiB of buffers")
    return ", ".join(parts)


def gen_content(
    rates: list[tuple[str, float]], sample: Sample | None, *, is_running: bool
) -> tuple[list[Piece], str]:
    """The rate of all streams together; the tooltip has them one by one.

    What other programs ask of our servers is not streamed here: the sample has its rate.
    """
    label = Piece("Gen", color="text3")
    told = [(row.name, row.gen_tps) for row in sample.servers if row.gen_tps] if sample is not None else []
    if not is_running and told:
        lines = [f"{plain(name, 60)}: {rate:.0f} tok/s" for name, rate in told]
        return [label, Piece(f"{sum(rate for _, rate in told):.0f} tok/s", weight=500)], "\n".join(lines)
    if not is_running:
        return [label, Piece("idle", color="text2")], "Nothing is generating."
    if not rates:
        return [label, Piece("waiting", color="text2")], "Waiting for the first tokens."
    lines = [f"{target}: {rate:.0f} chunks/s" for target, rate in rates]
    note = "Content chunks over the last second; a local server sends one a token, an API may bundle several."
    shown = Piece(f"{sum(rate for _, rate in rates):.0f} tok/s", weight=500)
    return [label, shown], "\n".join([*lines, note])


def blind_models() -> tuple[list[Piece], str]:
    """Nothing on who is loaded: loading, working and leaving would tell whose answer is being written."""
    return [Piece("Names hidden", color="text3")], f"{_BLIND}: which model does what is told after the votes."


def blind_gen(*, is_running: bool) -> tuple[list[Piece], str]:
    """Whether something generates, without a rate: models are known by their speed."""
    word = "writing" if is_running else "idle"
    return [Piece("Gen", color="text3"), Piece(word, color="text2")], f"{_BLIND}: rates are hidden."


def spending_content(spending: Spending | None, problem: str) -> tuple[list[Piece], str]:
    """What today cost, as far as it is known."""
    label = Piece("Today", color="text3")
    if spending is None:
        return [label, Piece(f"{UNKNOWN} spent", color="text2")], problem or "Not known yet."
    if spending.runs == 0:
        return [label, Piece("nothing spent", color="text2")], "No finished run since midnight."
    runs = f"{spending.runs} {'run' if spending.runs == 1 else 'runs'} since midnight"
    if spending.today_usd is None:
        unknown = f"{runs}; the price of none of them is known."
        return [label, Piece(f"{UNKNOWN} spent", color="text2")], unknown
    if spending.unpriced_runs:
        unpriced = f"{runs}; the price of {spending.unpriced_runs} of them is unknown, so this is the least."
        return [label, Piece(f"≥ {usd(spending.today_usd)} spent", weight=500)], unpriced
    return [label, Piece(f"{usd(spending.today_usd)} spent", weight=500)], f"{runs}, each with a known price."


def usd(text: str) -> str:
    """Money for a narrow place: cents, or two digits of what is less than a cent."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return f"${text}"
    if amount == 0 or amount >= Decimal("0.01"):
        return f"${amount:,.2f}"
    return f"${amount:.{1 - amount.adjusted()}f}"
