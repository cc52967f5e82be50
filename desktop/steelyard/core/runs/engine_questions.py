"""Small questions to a ready llama-server: a prompt's length, its template, its vocabulary."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import httpx2
import msgspec

from steelyard.core.base.errors import AppError
from steelyard.core.targets.content import message_text, text_only
from steelyard.core.targets.json_in import as_count, as_dict, as_list, as_text, parse_json

if TYPE_CHECKING:
    from steelyard.core.runs.local_target import Held
    from steelyard.core.servers.messages import Ready
    from steelyard.core.values.prompt import Prompt

BASE_URL = "http://localhost"
_COUNT_S = 30.0
_TEMPLATE_S = 2.0
_TOKENIZE_S = 5.0
_MAX_ANSWER_BYTES = 64 << 20
_TEMPLATE_TOKENS = 128
"""What a template adds to a message at most, as a rule; the engine itself refuses what is longer."""
_MOST_TOKEN_BYTES = 256
_FIELDS_OF_A_PROMPT = ("messages", "tools", "tool_choice", "chat_template_kwargs", "reasoning_format")
_PROBE = (
    "The quick brown fox's 1234567890 jumps — over 3.14159 lazy dogs, isn't it?\n\n\tdef f(x: int) -> str:\n"
    "        return f'{x:08,.2f}' # note\n<div class=\"a-b\">https://example.org/?q=1&r=%20</div>\n"
    "Größe, naïve café, Ελληνικά, Москва, العربية, עברית, हिन्दी, ภาษาไทย, 中文字符, 日本語です, 한국어, "
    "👋🏽👩‍🚀 ½ ∑"
)
"""What vocabularies cut differently: digits, white space, code, scripts."""


class PromptTooLong(AppError):
    """The prompt does not fit into the context; it was not sent, since it would have to be cut."""

    def __init__(self, who: str, prompt_tokens: int, ctx: int, *, at_least: bool = False) -> None:
        count = f"at least {prompt_tokens:,}" if at_least else f"{prompt_tokens:,}"
        super().__init__(
            f"The prompt is too long for {who}",
            f"it has {count} tokens with the template, the context holds {ctx:,}",
            "Shorten it, or raise the context in the launch profile (context_tokens) or in Settings.",
        )
        self.prompt_tokens = prompt_tokens
        self.ctx = ctx


async def check_length(who: str, held: Held, body: dict[str, Any]) -> None:
    """Count the prompt before it is sent, if it could be longer than the context; a token is a byte or more.

    Images are left out of the count: how many tokens one takes, only the engine's projector knows.

    Raises:
        PromptTooLong: it is; there is not even room for one token of an answer.
    """
    if held.ctx is None:
        return
    asked = {name: body[name] for name in _FIELDS_OF_A_PROMPT if name in body}
    asked["messages"] = text_only(body.get("messages"))
    encoded = msgspec.json.encode(asked)
    count = len(as_list(body.get("messages")))
    if len(encoded) + _TEMPLATE_TOKENS * count < held.ctx:
        return
    refuse_by_size(who, len(encoded), held.ctx)
    tokens = await _count(held, encoded)
    if tokens is not None and tokens >= held.ctx:
        raise PromptTooLong(who, tokens, held.ctx)


def refuse_by_size(who: str, size_bytes: int, ctx: int) -> None:
    """Refuse what need not be counted: no vocabulary has tokens of so many bytes.

    Raises:
        PromptTooLong: it has at least so many tokens.
    """
    if size_bytes // _MOST_TOKEN_BYTES > ctx:
        raise PromptTooLong(who, size_bytes // _MOST_TOKEN_BYTES, ctx, at_least=True)


async def _count(held: Held, encoded: bytes) -> int | None:
    """None: the engine does not tell, and will refuse what is too long itself."""
    try:
        response = await held.client.post(
            f"{BASE_URL}/v1/chat/completions/input_tokens",
            content=encoded,
            headers={"Authorization": f"Bearer {held.key}", "Content-Type": "application/json"},
            timeout=_COUNT_S,
        )
        return as_count(as_dict(parse_json(response.content)).get("input_tokens"))
    except (httpx2.HTTPError, ValueError):
        return None


async def templated_prompt(ready: Ready | None, prompt: Prompt) -> str | None:
    """The text that the engine's chat template makes of the messages; None if it cannot be asked any more."""
    if ready is None:
        return None
    messages = [{"role": message.role, "content": message_text(message)} for message in prompt.messages]
    asked: dict[str, Any] = {"messages": messages}
    if prompt.sampling.tools:
        asked["tools"] = prompt.sampling.tools
    try:
        response = await ready.client.post(
            f"{BASE_URL}/apply-template",
            content=msgspec.json.encode(asked),
            headers={"Authorization": f"Bearer {ready.key}", "Content-Type": "application/json"},
            timeout=_TEMPLATE_S,
        )
        if response.status_code != 200 or len(response.content) > _MAX_ANSWER_BYTES:
            return None
        return as_text(as_dict(parse_json(response.content)).get("prompt")) or None
    except (httpx2.HTTPError, ValueError, RuntimeError):
        return None  # it has ended, or its client was closed with it


async def tokenizer_of(ready: Ready, name: str | None) -> str | None:
    """Which vocabulary the server has, by the tokens that it makes of a text that vocabularies disagree on.

    Equal words for all quants of a model, and for all models that share a vocabulary. `name` is what
    the file calls it. None: the server does not tell.
    """
    tokens = await _tokens(ready, _PROBE, _TEMPLATE_S)
    if not tokens:
        return None
    print_ = hashlib.sha256(msgspec.json.encode(tokens)).hexdigest()[:12]
    kind = (name or "").partition(",")[0].strip()
    return f"{kind} {print_}" if kind else print_


async def count_tokens(ready: Ready, text: str) -> int | None:
    """How many tokens a text has in this server's vocabulary; None if it does not tell."""
    tokens = await _tokens(ready, text, _TOKENIZE_S)
    return None if tokens is None else len(tokens)


async def _tokens(ready: Ready, text: str, timeout_s: float) -> list[Any] | None:
    try:
        response = await ready.client.post(
            f"{BASE_URL}/tokenize",
            content=msgspec.json.encode({"content": text}),
            headers={"Authorization": f"Bearer {ready.key}", "Content-Type": "application/json"},
            timeout=timeout_s,
        )
        if response.status_code != 200 or len(response.content) > _MAX_ANSWER_BYTES:
            return None
        tokens = as_dict(parse_json(response.content)).get("tokens")
        return as_list(tokens) if isinstance(tokens, list) else None
    except (httpx2.HTTPError, ValueError, RuntimeError):
        return None  # it has ended, or its client was closed with it
