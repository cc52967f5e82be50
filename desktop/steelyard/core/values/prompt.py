"""What is asked, and how the answer is to be sampled."""

from __future__ import annotations

from typing import Any, Literal

from steelyard.core.values.row import Row

DEFAULT_MAX_TOKENS = 1024


class Attachment(Row, frozen=True):
    """A file that goes with a message: its text, or an image.

    `name` has no folder in it. `data` is base64 without line breaks; the ledger keeps it apart (by `sha256`),
    so that it is None in rows that were read for showing.
    """

    name: str
    kind: Literal["text", "image"]
    mime: str
    sha256: str
    size_bytes: int
    text: str | None = None
    data: str | None = None


class Message(Row, frozen=True, omit_defaults=True):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str
    attachments: list[Attachment] = []


class Sampling(Row, frozen=True):
    """How an answer is to be made; None leaves the choice to the engine or the API, and is recorded as such.

    `json_schema` and `grammar` (GBNF, for our own servers only) exclude each other. `tools` are
    definitions in OpenAI's form; they are passed through, what a model calls is shown and never carried out.
    """

    max_tokens: int = DEFAULT_MAX_TOKENS
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    json_schema: dict[str, Any] | None = None
    grammar: str | None = None
    tools: list[dict[str, Any]] = []
    tool_choice: Literal["auto", "none", "required"] | None = None


class Prompt(Row, frozen=True):
    """A whole request, independent of the wire format."""

    messages: list[Message]
    sampling: Sampling = Sampling()
    cache_prompt: bool = False


class LibraryPrompt(Row, frozen=True):
    """A prompt or a system prompt that is kept for later. Shipped ones cannot be changed."""

    id: str
    kind: Literal["prompt", "system"]
    name: str
    text: str
    is_shipped: bool = False
    updated_at: str | None = None
