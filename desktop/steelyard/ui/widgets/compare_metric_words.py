"""What the figures of a run are called on the screen. No Qt here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_WORDS = {
    "ttft_ms": "TTFT",
    "tpot_ms": "per token",
    "gen_tps": "generation",
    "e2e_ms": "total",
    "usd": "cost",
    "joules": "energy",
    "prompt_tokens": "tokens in",
    "completion_tokens": "tokens out",
    "prompt_tps": "prompt speed",
}
_SPEED = ("TTFT", "per token", "generation", "total")


def metric_words(metrics: Iterable[str]) -> str:
    """`TTFT, total`; all four speeds are one word."""
    words = [_WORDS.get(metric, metric.replace("_", " ")) for metric in metrics]
    if all(word in words for word in _SPEED):
        words = ["speed", *(word for word in words if word not in _SPEED)]
    text = ", ".join(words)
    return text[:1].upper() + text[1:]
