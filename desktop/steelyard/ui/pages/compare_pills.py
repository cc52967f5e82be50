"""In which state a column's target is, as a pill and as a sentence. No Qt here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.ui.widgets.compare_pill import PillState

if TYPE_CHECKING:
    from steelyard.core.values.servers import ServerRow
    from steelyard.ui.pages.compare_tree import Column
    from steelyard.ui.pages.compare_turn import Turn

_LOADING = "loading"


def pill_of(column: Column, server: ServerRow | None) -> PillState:
    """What the header says."""
    turn = column.turn
    if turn is None:
        return _idle(column, server)
    if turn.phase == "failed":
        return PillState("Failed", "bad", "circle-x", turn.error.title if turn.error else "")
    if turn.is_open and turn.phase != "streaming":
        return _waiting(turn, server)
    return _ran(column, turn, server)


def notice_of(column: Column, server: ServerRow | None) -> tuple[str, float | None]:
    """What the middle of a column without text says, and the progress that goes with it."""
    turn = column.turn
    if turn is None:
        return _idle_notice(column, server)
    if not turn.is_open or turn.text or turn.reasoning:
        return (
            ("Stopped before the first token", None)
            if turn.phase == "stopped" and not turn.text
            else ("", None)
        )
    if is_loading(turn.reason) and _is_loading_server(server):
        progress = turn.progress if turn.progress is not None else server.progress if server else None
        return f"Loading{_percent(progress)}", progress
    if turn.reason and not is_loading(turn.reason):
        is_turn = turn.reason.startswith("its turn")
        return f"Waiting for {turn.reason}" if is_turn else _sentence(turn.reason), None
    return ("Waiting for the first token" if turn.phase == "waiting" else "Sending"), None


def is_loading(reason: str) -> bool:
    """Whether a run waits for its model."""
    return reason.casefold().startswith(_LOADING)


def _idle(column: Column, server: ServerRow | None) -> PillState:
    if column.load_error is not None:
        return PillState("Failed", "bad", "circle-x", column.load_error.title)
    if column.ref.kind == "api":
        return PillState("No key", "warn", "key-round") if column.ref.hint == "no key" else PillState("")
    if server is None:
        return PillState("Not loaded", tooltip="It is loaded with the first prompt")
    match server.state:
        case "ready":
            return PillState("Warm", "good", "flame", "Loaded: the next answer starts at once")
        case "starting" | "loading":
            return PillState(f"Loading{_percent(server.progress)}", "info", "hourglass")
        case "failed":
            return PillState("Failed", "bad", "circle-x", server.error or "The server failed")
        case _:
            return PillState("Not loaded", tooltip="It is loaded with the first prompt")


def _waiting(turn: Turn, server: ServerRow | None) -> PillState:
    if is_loading(turn.reason) and _is_loading_server(server):
        progress = turn.progress if turn.progress is not None else server.progress if server else None
        return PillState(f"Loading{_percent(progress)}", "info", "hourglass")
    if turn.reason == "warming up":
        return PillState(
            "Warming up", "info", "flame", "A discarded prompt, so that the measured one meets a warm model"
        )
    return PillState(
        "Waiting", "neutral", "hourglass", _sentence(turn.reason) if turn.reason else "Request sent"
    )


def _ran(column: Column, turn: Turn, server: ServerRow | None) -> PillState:
    run = turn.run
    if column.ref.kind == "api":
        phases = run.timing.phases_ms if run is not None else None
        if phases is None or phases.wait_headers is None:
            return PillState("")
        if phases.connect == 0 and phases.tls == 0:
            return PillState("Warm connection", "good", "plug", "The connection was open already")
        return PillState(
            "New connection", "info", "plug", "Time to first token includes opening the connection"
        )
    if run is not None and run.state.cold is not None:
        if run.state.cold:
            return PillState("Cold start", "info", "snowflake", "The first prompt after loading")
        return PillState("Warm", "good", "flame", "The model was loaded and had answered before")
    return _idle(column, server) if server is not None and server.state == "ready" else PillState("")


def _idle_notice(column: Column, server: ServerRow | None) -> tuple[str, float | None]:
    if column.ref.kind == "local" and server is not None:
        if server.state in ("starting", "loading"):
            return f"Loading{_percent(server.progress)}", server.progress
        if server.state == "failed":
            return server.error or "The server failed; sending tries again", None
    return (
        "Ready when you are" if column.ref.kind == "api" or server else "Loaded with the first prompt",
        None,
    )


def _is_loading_server(server: ServerRow | None) -> bool:
    return server is None or server.state != "ready"


def _percent(progress: float | None) -> str:
    return "" if progress is None else f" {progress * 100:.0f} %"


def _sentence(reason: str) -> str:
    return reason[:1].upper() + reason[1:]
