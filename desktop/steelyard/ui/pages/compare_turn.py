"""One question and its answer in one column, from waiting to the final document. No Qt here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from steelyard.core.values.prompt import Attachment, Message, Sampling

if TYPE_CHECKING:
    from steelyard.core.values.comparison import NotComparable, Schedule, TargetSummary
    from steelyard.core.values.run import ErrorInfo, Run

Phase = Literal["queued", "waiting", "streaming", "done", "failed", "stopped"]
_OPEN: frozenset[Phase] = frozenset({"queued", "waiting", "streaming"})


@dataclass(frozen=True)
class Sent:
    """One prompt as it was sent, so that it can be sent again.

    `context_tokens` asks for servers with so much context; None leaves it to the settings.
    """

    prompt: str
    system: str
    sampling: Sampling
    schedule: Schedule
    sent_at: str
    attachments: tuple[Attachment, ...] = ()
    repeat: int = 1
    warm_up: int | None = None
    cache_prompt: bool | None = None
    context_tokens: int | None = None

    @property
    def question(self) -> Message:
        """As a message of the conversation."""
        return Message(role="user", content=self.prompt, attachments=list(self.attachments))


@dataclass(eq=False)
class Turn:
    """A question and one answer to it; `parent` is the answer that it goes on from."""

    sent: Sent
    parent: Turn | None = None
    phase: Phase = "queued"
    reason: str = ""
    progress: float | None = None
    run: Run | None = None
    error: ErrorInfo | None = None
    chunks: int = 0
    elapsed_ms: float | None = None
    ttft_ms: float | None = None
    started_s: float | None = None
    excluded: list[NotComparable] = field(default_factory=list["NotComparable"])
    summary: TargetSummary | None = None
    """Medians over the runs that were asked for together with this one."""
    is_pinned: bool = False
    chosen: Turn | None = None
    """The one of the turns after this one that the user chose to see."""
    _text: list[str] = field(default_factory=list[str])
    _reasoning: list[str] = field(default_factory=list[str])

    @property
    def prompt(self) -> str:
        """What was asked."""
        return self.sent.prompt

    @property
    def is_open(self) -> bool:
        """Whether more may arrive."""
        return self.phase in _OPEN

    @property
    def is_answered(self) -> bool:
        """Whether a conversation can go on from here."""
        has_content = bool(self.text.strip()) or bool(self.run is not None and self.run.tool_calls)
        return self.run is not None and has_content and self.phase in ("done", "stopped")

    @property
    def text(self) -> str:
        """The answer so far."""
        return _joined(self._text)

    @property
    def reasoning(self) -> str:
        """The reasoning so far."""
        return _joined(self._reasoning)

    @property
    def run_id(self) -> str | None:
        """The id of its run, once it has one."""
        return self.run.id if self.run is not None else None

    def add(self, text: str, *, is_reasoning: bool) -> None:
        """More of the answer."""
        (self._reasoning if is_reasoning else self._text).append(text)

    @property
    def chars(self) -> int:
        """How much has arrived, reasoning included."""
        return sum(map(len, self._text)) + sum(map(len, self._reasoning))

    def excluded_by(self, metric: str) -> NotComparable | None:
        """Why a metric of this run is left out, if it is."""
        return next((entry for entry in self.excluded if metric in entry.metrics), None)

    def take_final(self, run: Run) -> str:
        """Make the run's document the turn's; returns text that the stream did not bring."""
        self.run, self.error = run, run.error
        self.reason, self.progress = "", None
        if run.error is not None and run.finish_reason != "cancelled":
            self.phase = "failed"
        elif run.finish_reason in ("cancelled", "interrupted", None):
            self.phase = "stopped"
        else:
            self.phase = "done"
        shown = self.text
        self._text, self._reasoning = [run.text], [run.reasoning or ""]
        return run.text[len(shown) :] if run.text.startswith(shown) else ""


def _joined(parts: list[str]) -> str:
    if len(parts) > 1:
        parts[:] = ["".join(parts)]
    return parts[0] if parts else ""
