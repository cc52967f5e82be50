"""What is asked of a runner."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard.core.runs.promptable import Promptable
    from steelyard.core.values.prompt import Prompt


@dataclass(frozen=True)
class Job:
    """What to run, for whom, and where it belongs."""

    request: str
    target: Promptable
    prompt: Prompt
    column: int = 0
    turn: int = 0
    parent_id: str | None = None
    case: int = 0
    repeat: int = 0
    load_ms: float | None = None
    """What loading took that was done for this run before it, by a warm-up."""
    comparison_id: str | None = None
    class_: str | None = None
    tags: dict[str, str] = field(default_factory=dict[str, str])
    route: str = "app"
