"""What a message with attachments is on the wire."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from steelyard.core.base.errors import AppError
from steelyard.core.targets.json_in import as_dict, as_list, as_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.values.prompt import Attachment, Message

_TICKS = re.compile(r"`{3,}")
_LONG_CHARS = 4096


def message_text(message: Message) -> str:
    """What was written, then each text file as a fenced block under its name."""
    blocks = [_block(one) for one in message.attachments if one.kind == "text"]
    return "\n\n".join([message.content, *blocks] if message.content else blocks)


def openai_content(message: Message) -> str | list[dict[str, Any]]:
    """Plain text where there is no image.

    Raises:
        AppError: an image is not there any more.
    """

    def part(image: Attachment) -> dict[str, Any]:
        return {"type": "image_url", "image_url": {"url": f"data:{image.mime};base64,{image_data(image)}"}}

    return _content(message, part)


def anthropic_content(message: Message) -> str | list[dict[str, Any]]:
    """Plain text where there is no image.

    Raises:
        AppError: an image is not there any more.
    """

    def part(image: Attachment) -> dict[str, Any]:
        source = {"type": "base64", "media_type": image.mime, "data": image_data(image)}
        return {"type": "image", "source": source}

    return _content(message, part)


def image_data(image: Attachment) -> str:
    """Its base64.

    Raises:
        AppError: it was read without it.
    """
    if image.data is None:
        raise AppError(
            "An image is not there any more", image.name, "Attach it again, or send the prompt without it."
        )
    return image.data


def text_only(messages: Any) -> list[dict[str, Any]]:
    """Messages in OpenAI's form without their images."""
    kept: list[dict[str, Any]] = []
    for message in map(as_dict, as_list(messages)):
        content = message.get("content")
        if isinstance(content, list):
            parts = [part for part in map(as_dict, as_list(content)) if part.get("type") == "text"]
            content = "\n\n".join(as_text(part.get("text")) for part in parts)
        kept.append({**message, "content": content})
    return kept


def without_long_data(body: Any) -> Any:
    """A copy of a request in which images are named by their length, for showing."""
    if isinstance(body, dict):
        members = cast("dict[str, Any]", body)
        if members.get("type") == "base64" and isinstance(members.get("data"), str):
            return {**members, "data": _shortened(members["data"])}
        return {name: without_long_data(value) for name, value in members.items()}
    if isinstance(body, list):
        return [without_long_data(item) for item in cast("list[Any]", body)]
    if isinstance(body, str) and len(body) > _LONG_CHARS and body.startswith("data:image/"):
        head, _, data = body.partition(",")
        return f"{head},{_shortened(data)}"
    return body


def _content(message: Message, part: Callable[[Attachment], dict[str, Any]]) -> str | list[dict[str, Any]]:
    images = [one for one in message.attachments if one.kind == "image"]
    text = message_text(message)
    if not images:
        return text
    words = [{"type": "text", "text": text}] if text else []
    return [*words, *map(part, images)]


def _block(file: Attachment) -> str:
    """A fence that is longer than any within the file."""
    text = file.text or ""
    longest = max((len(ticks) for ticks in _TICKS.findall(text)), default=2)
    fence = "`" * (longest + 1)
    end = "" if text.endswith("\n") else "\n"
    return f"File: {file.name}\n{fence}\n{text}{end}{fence}"


def _shortened(data: str) -> str:
    return f"({len(data):,} characters of base64)"
