"""From the bytes of a request to what is asked. Whoever wrote them may be careless, or worse."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from steelyard.core.gateway.answers import Refused
from steelyard.core.gateway.fields import CHAT_FIELDS, COMPLETION_FIELDS, EMBEDDING_FIELDS, recorded
from steelyard.core.gateway.readers import ChatReader, CompletionReader
from steelyard.core.targets.json_in import as_dict, as_list, as_text, parse_json
from steelyard.core.values.prompt import Message

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from steelyard.core.runs.proxied import Reader

MAX_BODY_BYTES = 64 << 20
# Brackets and commas: what Python objects are made from. A novel has some hundred thousand, 64 MiB of
# nothing but "[]," would take gigabytes.
_MAX_PARTS = 2_000_000
_MAX_MODEL_CHARS = 512
_MAX_NAMES = 64
_KEPT_INPUT_CHARS = 500
_MEDIA = ("image_url", "input_audio", "input_video", "video_url")
_ROLES: dict[str, Literal["system", "user", "assistant"]] = {
    "system": "system",
    "developer": "system",
    "assistant": "assistant",
}


@dataclass(frozen=True)
class Endpoint:
    """One of the engine's endpoints that is passed on to."""

    path: str
    content: str
    """The field that has the prompt."""
    fields: frozenset[str]
    read_content: Callable[[Any], list[Message]]
    reader: Reader


@dataclass(frozen=True)
class Wanted:
    """A checked request. `fields` are those that go on, without the model."""

    endpoint: Endpoint
    model: str
    fields: dict[str, Any]
    messages: list[Message]
    body_bytes: int
    not_sent: list[str] = field(default_factory=list[str])

    @property
    def is_stream(self) -> bool:
        """Whether the answer is to be streamed."""
        return self.fields.get("stream") is True

    @property
    def for_embeddings(self) -> bool:
        """Whether no answer is wanted, but what the model makes of the input."""
        return self.endpoint.content == "input"

    @property
    def strips_usage(self) -> bool:
        """Whether usage is asked for by the ledger alone. Plain completions tell it anyway."""
        is_chat_stream = self.is_stream and self.endpoint.content == "messages"
        return is_chat_stream and as_dict(self.fields.get("stream_options")).get("include_usage") is not True

    @property
    def params(self) -> dict[str, Any]:
        """What of the fields is recorded."""
        return recorded(self.endpoint.path, self.fields)

    def body(self, alias: str) -> dict[str, Any]:
        """What the engine gets. It gives the name back, so the client's own stands where it is told."""
        body: dict[str, Any] = {"model": self.model if self.for_embeddings else alias, **self.fields}
        if self.strips_usage:
            body["stream_options"] = {**as_dict(body.get("stream_options")), "include_usage": True}
        return body


def read_wanted(endpoint: Endpoint, data: bytes) -> Wanted:
    """Parse and check a body.

    Raises:
        Refused: it is no such request.
    """
    body = _object(data)
    model = body.get("model")
    if not isinstance(model, str) or not model or len(model) > _MAX_MODEL_CHARS:
        raise Refused(400, "`model` must name one of the models of /v1/models.", param="model")
    if not isinstance(body.get("stream", False), bool | None):
        raise Refused(400, "`stream` must be true or false.", param="stream")
    if not isinstance(body.get("stream_options"), dict | None):
        raise Refused(400, "`stream_options` must be an object.", param="stream_options")
    if endpoint.content not in body:
        raise Refused(400, f"`{endpoint.content}` is missing.", param=endpoint.content)
    fields = {name: value for name, value in body.items() if name in endpoint.fields}
    not_sent = sorted(name[:100] for name in body.keys() - endpoint.fields - {"model"})
    messages = endpoint.read_content(body[endpoint.content])
    return Wanted(endpoint, model, fields, messages, len(data), not_sent[:_MAX_NAMES])


def _object(data: bytes) -> dict[str, Any]:
    if data.count(b"[") + data.count(b"{") + data.count(b",") > _MAX_PARTS:
        raise Refused(413, "The body has too many parts.")
    try:
        body = parse_json(data)
    except ValueError as exc:
        raise Refused(400, f"The body is not usable JSON: {exc}.") from exc
    if not isinstance(body, dict):
        raise Refused(400, "The body must be a JSON object.")
    return cast("dict[str, Any]", body)


def _chat_messages(value: Any) -> list[Message]:
    if not isinstance(value, list) or not value:
        raise Refused(400, "`messages` must be a list that is not empty.", param="messages")
    return [_message(item) for item in cast("list[Any]", value)]


def _message(item: Any) -> Message:
    if not isinstance(item, dict):
        raise Refused(400, "Each of `messages` must be an object.", param="messages")
    message = cast("dict[str, Any]", item)
    role, content = as_text(message.get("role")), message.get("content")
    if not isinstance(content, str | list | None):
        raise Refused(400, "A message's `content` must be text or a list of parts.", param="messages")
    text = as_text(content) if not isinstance(content, list) else _parts_text(as_list(content))
    return Message(role=_ROLES.get(role, "user"), content=f"[tool] {text}" if role == "tool" else text)


def _parts_text(parts: list[Any]) -> str:
    texts: list[str] = []
    for part in map(as_dict, parts):
        _check_media(part)
        kind = as_text(part.get("type"))
        texts.append(as_text(part.get("text")) if kind == "text" else f"[{kind[:40]}]")
    return "\n".join(texts)


def _check_media(part: dict[str, Any]) -> None:
    """The engine would fetch an address or open a file that a picture names: only data itself goes on."""
    for name in _MEDIA:
        value = part.get(name)
        for source in [value, *as_dict(value).values()]:
            if not isinstance(source, str):
                continue
            head = source[:16].lower().lstrip()
            if head.startswith(("http", "file:")) or ("://" in head):
                raise Refused(
                    400,
                    f"`{name}` must carry its data (data:…;base64,…): nothing is fetched for a prompt.",
                    code="media_must_be_data",
                    param="messages",
                )


def _texts(name: str, value: Any, *, allows_lists: bool) -> list[Message]:
    """A text, a list of texts, or token numbers. The engine takes objects with files, too; we do not."""
    items = as_list(value) if isinstance(value, list) else [value]
    if not items:
        raise Refused(400, f"`{name}` is empty.", param=name)
    if all(isinstance(item, str) for item in items):
        return [Message(role="user", content=as_text(item)) for item in items]
    if all(_is_token(item) for item in items):
        return [Message(role="user", content=f"[{len(items)} tokens]")]
    if allows_lists and all(isinstance(item, list) and all(map(_is_token, as_list(item))) for item in items):
        return [Message(role="user", content=f"[{len(as_list(item))} tokens]") for item in items]
    raise Refused(400, f"`{name}` must be text, a list of texts, or token numbers.", param=name)


def _head(message: Message) -> Message:
    """What the ledger keeps of an embedding's input: its programs send whole libraries through."""
    left_out = len(message.content) - _KEPT_INPUT_CHARS
    if left_out <= 0:
        return message
    return Message(role=message.role, content=f"{message.content[:_KEPT_INPUT_CHARS]}… [{left_out} more]")


def _is_token(item: Any) -> bool:
    return isinstance(item, int) and not isinstance(item, bool)


CHAT = Endpoint("/v1/chat/completions", "messages", CHAT_FIELDS, _chat_messages, ChatReader())
COMPLETIONS = Endpoint(
    "/v1/completions",
    "prompt",
    COMPLETION_FIELDS,
    lambda value: _texts("prompt", value, allows_lists=False),
    CompletionReader(),
)
EMBEDDINGS = Endpoint(
    "/v1/embeddings",
    "input",
    EMBEDDING_FIELDS,
    lambda value: [_head(message) for message in _texts("input", value, allows_lists=True)],
    ChatReader(),
)
