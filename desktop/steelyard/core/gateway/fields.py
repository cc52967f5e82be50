"""Which fields of a body go on to the engine.

An allow list: llama-server also knows fields that pick a slot, load parsers and grammars' inner states, drop
tokens from a context that others share, or turn on its debug output, and more with each build. What is not
listed is not sent, and the run says so. LoRA scales are not sent either: which adapters act is decided by the
launch profile, and a client that changed them would throw other clients' cached prompts away.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SAMPLING = _words(
    """
    max_tokens max_completion_tokens n_predict n temperature top_k top_p min_p top_n_sigma typical_p seed stop
    xtc_probability xtc_threshold dynatemp_range dynatemp_exponent adaptive_target adaptive_decay
    repeat_last_n repeat_penalty frequency_penalty presence_penalty logit_bias ignore_eos
    dry_multiplier dry_base dry_allowed_length dry_penalty_last_n dry_sequence_breakers
    mirostat mirostat_tau mirostat_eta samplers min_keep t_max_predict_ms
    logprobs n_probs post_sampling_probs grammar json_schema response_format
    stream stream_options timings_per_token return_progress return_tokens cache_prompt
    """
)
CHAT_FIELDS = _SAMPLING | _words(
    """
    messages tools tool_choice parallel_tool_calls top_logprobs reasoning_effort reasoning_format
    reasoning_budget_tokens thinking_budget_tokens reasoning_budget_message chat_template_kwargs
    add_generation_prompt continue_final_message
    """
)
COMPLETION_FIELDS = _SAMPLING | frozenset({"prompt", "suffix", "best_of", "echo"})
EMBEDDING_FIELDS = frozenset({"input", "encoding_format", "embd_normalize"})

_CONTENT = frozenset({"messages", "prompt", "input", "tools", "model"})
_LEFT_TO_ENGINE = ("max_tokens", "temperature", "top_p", "seed")


def recorded(path: str, fields: dict[str, object]) -> dict[str, object]:
    """What of the fields stands in the ledger as the run's parameters; the content stands there anyway."""
    params: dict[str, object] = dict.fromkeys(_LEFT_TO_ENGINE, "default") if "embeddings" not in path else {}
    params.update({name: value for name, value in fields.items() if name not in _CONTENT})
    limit = fields.get("max_tokens", fields.get("max_completion_tokens", fields.get("n_predict")))
    if limit is not None:
        params["max_tokens"] = limit
    params["endpoint"] = path
    return params
