"""The Prometheus text of llama-server and vLLM, in our names."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_LINES = 2000
_MAX_LINE_CHARS = 4096
_RUNNING, _WAITING, _KV = "requests_running", "requests_waiting", "kv_cache_share"
_PROMPT, _GENERATED = "prompt_tokens_total", "generation_tokens_total"
# Names of both, over several versions. Figures of several models or engines of one server are added up.
_SUMS = {
    "llamacpp:requests_processing": _RUNNING,
    "llamacpp:requests_deferred": _WAITING,
    "llamacpp:prompt_tokens_total": _PROMPT,
    "llamacpp:tokens_predicted_total": _GENERATED,
    "llamacpp:tokens_predicted_seconds_total": "tpot_sum",
    "vllm:num_requests_running": _RUNNING,
    "vllm:num_requests_waiting": _WAITING,
    "vllm:prompt_tokens_total": _PROMPT,
    "vllm:generation_tokens_total": _GENERATED,
    "vllm:time_to_first_token_seconds_sum": "ttft_sum",
    "vllm:time_to_first_token_seconds_count": "ttft_count",
    "vllm:time_per_output_token_seconds_sum": "tpot_sum",
    "vllm:time_per_output_token_seconds_count": "tpot_count",
    "vllm:request_time_per_output_token_seconds_sum": "newer_tpot_sum",
    "vllm:request_time_per_output_token_seconds_count": "newer_tpot_count",
}
# Shares cannot be added up: the fullest cache is the one that decides.
_LARGEST = {
    "llamacpp:kv_cache_usage_ratio": _KV,
    "vllm:kv_cache_usage_perc": _KV,
    "vllm:gpu_cache_usage_perc": _KV,
}
_KEPT = (_RUNNING, _WAITING, _PROMPT, _GENERATED, _KV)


def read_metrics(body: bytes) -> dict[str, float]:
    """Figures by the names of `FoundServer.metrics`; what is not there or is nonsense is left out."""
    sums: defaultdict[str, float] = defaultdict(float)
    for name, value in _samples(body):
        if name in _SUMS:
            sums[_SUMS[name]] += value
        else:
            ours = _LARGEST[name]
            sums[ours] = max(sums[ours], value)
    found = {name: sums[name] for name in _KEPT if name in sums}
    counts = {
        "ttft_ms_mean": ("ttft_sum", "ttft_count"),
        "tpot_ms_mean": ("tpot_sum", "tpot_count" if "tpot_count" in sums else _GENERATED),
    }
    if "tpot_sum" not in sums:
        counts["tpot_ms_mean"] = ("newer_tpot_sum", "newer_tpot_count")
    for name, (seconds, count) in counts.items():
        if seconds in sums and sums.get(count):
            found[name] = 1000 * sums[seconds] / sums[count]
    return found


def _samples(body: bytes) -> Iterator[tuple[str, float]]:
    """The lines that are of interest, each parsed alone: a broken one must not cost the others."""
    taken = 0
    for raw in body.splitlines():
        name = raw[:200].split(b"{", 1)[0].split(b" ", 1)[0].decode("ascii", "replace")
        if (name not in _SUMS and name not in _LARGEST) or len(raw) > _MAX_LINE_CHARS:
            continue
        taken += 1
        if taken > _MAX_LINES:
            return
        yield from _parsed(name, raw.decode("utf-8", "replace"))


def _parsed(name: str, line: str) -> Iterator[tuple[str, float]]:
    try:
        families = list(text_string_to_metric_families(line + "\n"))
    except (ValueError, KeyError, IndexError):
        return
    for family in families:
        for sample in family.samples:
            if sample.name == name and math.isfinite(sample.value) and sample.value >= 0:
                yield name, float(sample.value)
