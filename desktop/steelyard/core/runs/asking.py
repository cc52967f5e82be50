"""From what a command says to the messages that a target gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.values.prompt import Message

if TYPE_CHECKING:
    from steelyard.core.values.prompt import Attachment


def messages_of(
    system: str, history: list[Message], prompt: str, attachments: list[Attachment]
) -> list[Message]:
    """System prompt (if there is one), what was said before, and the question with its files."""
    head = [Message(role="system", content=system)] if system else []
    return [*head, *history, Message(role="user", content=prompt, attachments=attachments)]
