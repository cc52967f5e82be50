"""What one streamed event says, in no format's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from steelyard.core.values.run import FinishReason


@dataclass(slots=True)
class UsageDelta:
    """Token counts as far as one event gives them; None means not said."""

    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None


@dataclass(slots=True)
class ToolCallPart:
    """A fragment of a tool call; arguments of one index concatenate."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(slots=True)
class Delta:
    """The content of one event. `progress` marks a sign of life without content."""

    text: str = ""
    reasoning: str = ""
    tool_calls: list[ToolCallPart] = field(default_factory=list[ToolCallPart])
    finish: FinishReason | None = None
    usage: UsageDelta | None = None
    raw: dict[str, Any] = field(default_factory=dict[str, Any])
    model: str = ""
    progress: bool = False
    is_done: bool = False

    @property
    def has_content(self) -> bool:
        """Whether this delta carries part of an answer."""
        return bool(self.text or self.reasoning or self.tool_calls)
