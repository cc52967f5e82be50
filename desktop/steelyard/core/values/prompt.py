"""What is asked, and how the answer is to be sampled."""

from __future__ import annotations

from typing import Any, Literal

from steelyard.core.values.row import Row

DEFAULT_MAX_TOKENS = 1024


class Message(Row, frozen=True):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


class Sampling(Row, frozen=True):
    """Sampling parameters; None leaves the choice to the engine or the API, and is recorded as such."""

    max_tokens: int = DEFAULT_MAX_TOKENS
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    json_schema: dict[str, Any] | None = None


class Prompt(Row, frozen=True):
    """A whole request, independent of the wire format."""

    messages: list[Message]
    sampling: Sampling = Sampling()
    cache_prompt: bool = False
