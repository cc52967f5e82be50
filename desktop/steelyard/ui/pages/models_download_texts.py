"""What one entry of the download list says in each of its states. No Qt here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from steelyard.core.base.errors import one_line
from steelyard.ui.widgets.facts_format import file_size
from steelyard.ui.widgets.models_text import bare_repo, done_of, percent, plain, time_left, transfer_rate

if TYPE_CHECKING:
    from steelyard.core.values.hub import DownloadRow

CAN_PAUSE = ("queued", "starting", "downloading", "verifying")
RUNNING = ("starting", "downloading", "verifying")


@dataclass(frozen=True)
class DownloadLook:
    """Words, colours and the share of the bar."""

    icon: str
    icon_color: str
    status: str
    status_color: str
    share: float
    bar_color: str
    left: str
    right: str
    left_color: str = "text2"
    tooltip: str = ""


def look_of(row: DownloadRow) -> DownloadLook:
    """One entry as it is shown."""
    share = row.done_bytes / row.size_bytes if row.size_bytes else 0.0
    done = done_of(row.done_bytes, row.size_bytes)
    match row.state:
        case "downloading":
            return _downloading(row, share, done)
        case "queued" | "starting":
            word = "Queued" if row.state == "queued" else "Starting"
            return DownloadLook("hourglass", "text3", word, "text2", share, "s5", done, _note(row))
        case "verifying":
            return _verifying(row)
        case "paused":
            note = _note(row) or "resumes where it stopped"
            return DownloadLook(
                "pause", "text3", "Paused", "text2", share, "s5", _with_parts(row, done), note
            )
        case "failed":
            text = one_line(row.error or "The download failed", "", row.error_hint)
            return DownloadLook("circle-alert", "bad", "Failed", "bad", share, "bad", text, "", "bad", text)
        case _:
            size = f"{file_size(row.size_bytes)} complete"
            return DownloadLook("circle-check", "good", "Verified", "good", 1.0, "good", size, _note(row))


def total_text(rows: list[DownloadRow]) -> str:
    """`84.2 MB/s total`; empty while nothing is transferred."""
    rates = [row.rate_bps for row in rows if row.state == "downloading" and row.rate_bps is not None]
    return f"{transfer_rate(sum(rates))} total" if rates else ""


def count_text(rows: list[DownloadRow]) -> str:
    """`2 running, 1 waiting, 1 paused`."""
    counts = (
        (sum(row.state in RUNNING for row in rows), "running"),
        (sum(row.state == "queued" for row in rows), "waiting"),
        (sum(row.state == "paused" for row in rows), "paused"),
        (sum(row.state == "failed" for row in rows), "failed"),
        (sum(row.state == "done" for row in rows), "done"),
    )
    return ", ".join(f"{count} {word}" for count, word in counts if count)


def summary_text(rows: list[DownloadRow]) -> str:
    """All of the list in one line: `Mistral-Nemo 61 %, SmolLM2 verifying`; what failed comes first."""
    ordered = sorted(rows, key=lambda row: row.state != "failed")
    return ",  ".join(f"{bare_repo(row.repo)} {_state_word(row)}" for row in ordered)


def _state_word(row: DownloadRow) -> str:
    status = look_of(row).status
    return status if status.endswith("%") else status.lower()


def _downloading(row: DownloadRow, share: float, done: str) -> DownloadLook:
    rate = transfer_rate(row.rate_bps)
    left = f"{_with_parts(row, done)}  ·  {rate}" if rate else _with_parts(row, done)
    right = _note(row) or time_left(row.eta_s)
    status = f"{percent(row.done_bytes, row.size_bytes)} %"
    return DownloadLook("download", "accent", status, "accent", share, "accent_fill", left, right)


def _verifying(row: DownloadRow) -> DownloadLook:
    hashed = percent(row.hashed_bytes, row.size_bytes)
    share = row.hashed_bytes / row.size_bytes if row.size_bytes else 0.0
    size = f"{file_size(row.size_bytes)} complete"
    return DownloadLook(
        "shield-check", "good", "Verifying", "good", share, "good", size, f"sha256 {hashed} % hashed"
    )


def _with_parts(row: DownloadRow, done: str) -> str:
    if row.parts_total <= 1:
        return done
    return f"{done}  ·  part {min(row.parts_done + 1, row.parts_total)} of {row.parts_total}"


def _note(row: DownloadRow) -> str:
    return plain(row.note, 80)
