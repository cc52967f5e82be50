"""What a run's document says about how it was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steelyard.core.targets.tools import tool_names

if TYPE_CHECKING:
    from steelyard.core.values.prompt import Prompt


def recorded_params(prompt: Prompt) -> dict[str, Any]:
    """What was asked for; "default" where the choice was left to the engine or the API.

    Tools are told by name, files by name, size and hash.
    """
    sampling = prompt.sampling
    chosen = {"temperature": sampling.temperature, "top_p": sampling.top_p, "seed": sampling.seed}
    params: dict[str, Any] = {"max_tokens": sampling.max_tokens}
    params.update({name: "default" if value is None else value for name, value in chosen.items()})
    params["json_schema"] = sampling.json_schema
    params["grammar"] = sampling.grammar
    params["tools"] = tool_names(sampling.tools)
    params["tool_choice"] = sampling.tool_choice
    params["cache_prompt"] = prompt.cache_prompt
    params["attachments"] = [
        {"name": one.name, "kind": one.kind, "size_bytes": one.size_bytes, "sha256": one.sha256}
        for message in prompt.messages
        for one in message.attachments
    ]
    return params
