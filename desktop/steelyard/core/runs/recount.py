"""An API's answer counted with a vocabulary that lies here: whether its tokens are those of a local model."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.runs.engine_questions import count_tokens

if TYPE_CHECKING:
    from steelyard.core.runs.local_target import LocalTarget
    from steelyard.core.values.run import Run, RunState

_FEWEST_CHARS, _MOST_CHARS = 20, 200_000
"""Shorter answers prove nothing, longer ones cost too much."""

_log = logging.getLogger(__name__)


async def recount(api_run: Run, local: LocalTarget, tokenizer: str | None = None) -> RunState:
    """The state of an API's run with its answer counted by a local server that is still loaded.

    `tokenizer`: what that vocabulary is called in the runs of the local target. Never fails: what cannot be
    counted stays unknown. Answers with tool calls are not counted, since those are tokens without text.
    """
    text = (api_run.reasoning or "") + api_run.text
    is_countable = (
        api_run.target.kind == "api" and api_run.usage.source == "server" and not api_run.tool_calls
    )
    try:
        ready = local.ready
        if not is_countable or not _FEWEST_CHARS <= len(text) <= _MOST_CHARS or ready is None:
            return api_run.state
        counted = await count_tokens(ready, text)
    except Exception:  # noqa: BLE001 - a figure beside the answer must not cost it
        _log.warning("run %s was not recounted", api_run.id, exc_info=True)
        return api_run.state
    if counted is None:
        return api_run.state
    return msgspec.structs.replace(
        api_run.state, recount_tokens=counted, recount_tokenizer=tokenizer or local.info.name
    )
