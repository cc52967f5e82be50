"""What the rules share: groups of metrics, and how many names a sentence holds."""

from __future__ import annotations

SPEED = ["ttft_ms", "tpot_ms", "gen_tps", "e2e_ms"]
BEGIN_AND_END = ["ttft_ms", "e2e_ms"]
WORK = ["ttft_ms", "e2e_ms", "usd"]
"""What depends on how much there was to read."""
ANSWER_LENGTH = ["e2e_ms", "usd"]
PER_TOKEN = ["tpot_ms", "gen_tps"]

MOST_NAMES = 4
