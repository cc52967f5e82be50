"""Generation rate and TTFT through Steelyard against a minimal httpx2 client, same llama-server, in turns.

    .venv/bin/python benchmarks/generation_rate.py [--rounds 12] [--tokens 200]

The minimal client parses every event. Promise (DESIGN 8): rate ratio >= 0.98, TTFT added <= 3 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.core.base.ids import new_id
from steelyard.core.base.paths import find_home
from steelyard.core.engine import Engine
from steelyard.core.values.commands import LoadWeights, StartRun
from steelyard.core.values.prompt import Sampling

if TYPE_CHECKING:
    import httpx2

PROMPT = "Write a long story about a lighthouse keeper who repairs clocks."


async def minimal(client: httpx2.AsyncClient, key: str, tokens: int) -> tuple[float, float]:
    """Generation rate (tok/s) and TTFT (ms) of the plainest client that reads every event."""
    body = {
        "model": "starter",
        "messages": [{"role": "user", "content": PROMPT}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": tokens,
        "temperature": 0.0,
        "seed": 1,
        "cache_prompt": False,
    }
    stamps: list[float] = []
    started = time.perf_counter()
    async with client.stream(
        "POST", "http://localhost/v1/chat/completions", json=body, headers={"Authorization": f"Bearer {key}"}
    ) as response:
        async for line in response.aiter_lines():
            if not line.startswith("data: {"):
                continue
            choices = json.loads(line[6:])["choices"]
            if choices and choices[0]["delta"].get("content"):
                stamps.append(time.perf_counter())
    return (len(stamps) - 1) / (stamps[-1] - stamps[0]), (stamps[0] - started) * 1000


async def measure(rounds: int, tokens: int) -> None:
    """Run both in turns and print medians and their ratio."""
    with tempfile.TemporaryDirectory(prefix="steelyard-bench-") as folder:
        engine = Engine(find_home(folder))
        await engine.start()
        try:
            await engine.execute(LoadWeights(target="starter"), new_id())
            (row,) = engine.server_rows()
            print(f"server: {Path(row.weights).name}, {rounds} rounds of {tokens} tokens, in turns")
            await in_turns(engine, rounds, tokens)
        finally:
            await engine.stop(10.0)


async def in_turns(engine: Engine, rounds: int, tokens: int) -> None:
    """Alternate which of the two goes first."""
    server = await engine._targets.server("starter")  # noqa: SLF001 - the other client must meet the same server
    ready = await server.ensure_ready()
    command = StartRun(
        target="starter", prompt=PROMPT, sampling=Sampling(max_tokens=tokens, temperature=0.0, seed=1)
    )
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []

    async def steelyard() -> None:
        run = await engine.execute(command, new_id())
        ours.append((run.timing.gen_tps, run.timing.ttft_ms))

    async def plain() -> None:
        theirs.append(await minimal(ready.client, ready.key, tokens))

    await steelyard()
    await plain()
    ours.clear()
    theirs.clear()
    for number in range(rounds):
        for one in (steelyard, plain) if number % 2 else (plain, steelyard):
            await one()
    rate = [statistics.median(pair[0] for pair in side) for side in (ours, theirs)]
    ttft = [statistics.median(pair[1] for pair in side) for side in (ours, theirs)]
    print(f"generation tok/s: Steelyard {rate[0]:.1f}, minimal {rate[1]:.1f}, ratio {rate[0] / rate[1]:.3f}")
    print(f"TTFT ms: Steelyard {ttft[0]:.1f}, minimal {ttft[1]:.1f}, added {ttft[0] - ttft[1]:+.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--tokens", type=int, default=200)
    words = parser.parse_args()
    asyncio.run(measure(words.rounds, words.tokens))
