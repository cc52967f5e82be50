"""How long a prompt is, before it is sent: what does not fit is refused with both numbers, never cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from steelyard.core.runs.engine_questions import BASE_URL, PromptTooLong, check_length, refuse_by_size
from steelyard.core.targets.json_in import as_dict, as_list, parse_json

if TYPE_CHECKING:
    from steelyard.core.gateway.bodies import Wanted
    from steelyard.core.runs.local_target import Held

_BEGIN_TOKENS = 8
"""What the engine puts before a plain prompt, at most."""


async def check_prompt(who: str, held: Held, wanted: Wanted) -> None:
    """Refuse a prompt that is longer than a slot's context.

    Raises:
        PromptTooLong: it is.
        httpx2.HTTPError: the server has gone.
    """
    match wanted.endpoint.content:
        case "messages":
            await check_length(who, held, wanted.fields)
        case "prompt":
            await _check_plain(who, held, wanted)
        case _:
            pass  # embeddings have the engine's batch for a limit, and it says so itself


async def _check_plain(who: str, held: Held, wanted: Wanted) -> None:
    """Each prompt of a list is a request of its own, so the longest decides. A token has at least a byte."""
    if held.ctx is None or wanted.body_bytes + _BEGIN_TOKENS < held.ctx:
        return
    prompt = wanted.fields["prompt"]
    items = as_list(prompt) if isinstance(prompt, list) else [prompt]
    texts = [item for item in items if isinstance(item, str)]
    if texts:
        refuse_by_size(who, len(max(texts, key=len)), held.ctx)
    count = await _count(held, max(texts, key=len)) if texts else len(items)
    if count is not None and count >= held.ctx:
        raise PromptTooLong(who, count, held.ctx)


async def _count(held: Held, text: str) -> int | None:
    """None: the engine does not tell, and will refuse what is too long itself."""
    response = await held.client.post(
        f"{BASE_URL}/tokenize",
        content=msgspec.json.encode({"content": text, "add_special": True}),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {held.key}"},
    )
    try:
        tokens = as_dict(parse_json(response.content)).get("tokens")
    except ValueError:
        return None
    return len(as_list(tokens)) if isinstance(tokens, list) else None
