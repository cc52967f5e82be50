"""Generation rate and TTFT through Steelyard against a minimal httpx2 client, same llama-server, in turns.

    .venv/bin/python benchmarks/generation_rate.py [--rounds 12] [--tokens 200]

The minimal client parses every event. Promise (DESIGN 8): rate ratio >= 0.98, TTFT added <= 3 ms. The rate is
taken on the starter model. TTFT is taken on weights of a few kilobytes, made here: a prompt takes the starter
150 ms on two cores, give or take twenty, in which three milliseconds cannot be seen.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fakes.gguf_files import tiny_model
from steelyard.core.base.ids import new_id
from steelyard.core.base.paths import find_home
from steelyard.core.directory import Wish
from steelyard.core.engine import Engine
from steelyard.core.values.commands import StartRun
from steelyard.core.values.events import TextArrived
from steelyard.core.values.prompt import Sampling

if TYPE_CHECKING:
    import httpx2

    from steelyard.core.servers.messages import Ready
    from steelyard.core.values.events import Event

PROMPT = "Write a long story about a lighthouse keeper who repairs clocks."


async def minimal(client: httpx2.AsyncClient, key: str, prompt: str, tokens: int) -> tuple[float, float]:
    """Generation rate (tok/s) and TTFT (ms) of the plainest client that reads every event."""
    body = {
        "model": "starter",
        "messages": [{"role": "user", "content": prompt}],
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
        tiny = Path(folder) / "tiny.gguf"
        tiny.write_bytes(tiny_model().encode())
        engine = Engine(find_home(folder))
        await engine.start()
        try:
            await rate(engine, rounds, tokens)
            await ttft(engine, str(tiny), 20 * rounds)
        finally:
            await engine.stop(10.0)


async def rate(engine: Engine, rounds: int, tokens: int) -> None:
    """Generation rates on the starter model."""
    results = await (await Pair.on(engine, "starter", PROMPT, tokens)).in_turns(rounds)
    ours, theirs = (statistics.median(pair[side][0] for pair in results) for side in (0, 1))
    print(f"starter, {rounds} rounds of {tokens} tokens in turns")
    print(f"generation tok/s: Steelyard {ours:.1f}, minimal {theirs:.1f}, ratio {ours / theirs:.3f}")


async def ttft(engine: Engine, weights: str, rounds: int) -> None:
    """TTFT on weights that answer at once."""
    results = await (await Pair.on(engine, weights, "Hi", 4)).in_turns(rounds)
    ours, theirs = (statistics.median(pair[side][1] for pair in results) for side in (0, 1))
    added = statistics.median(mine[1] - plain[1] for mine, plain in results)
    print(f"tiny weights, {rounds} rounds in turns")
    print(f"TTFT ms: Steelyard {ours:.1f}, minimal {theirs:.1f}, added (median of pairs) {added:+.1f}")


class Pair:
    """Steelyard and the minimal client on the same server, asked in turns."""

    def __init__(self, engine: Engine, target: str, ready: Ready, prompt: str, tokens: int) -> None:
        self._engine = engine
        self._target = target
        self._ready = ready
        self._prompt = prompt
        self._tokens = tokens
        self._first_at = 0.0

    @classmethod
    async def on(cls, engine: Engine, target: str, prompt: str, tokens: int) -> Pair:
        """On a target whose server is ready."""
        # The other client must meet the same server.
        server = (await engine._targets.local(target, Wish())).server  # noqa: SLF001
        return cls(engine, target, await server.ensure_ready(), prompt, tokens)

    async def steelyard(self) -> tuple[float, float]:
        """Rate as the run states it; TTFT from the command to the first text that a window would get."""
        sampling = Sampling(max_tokens=self._tokens, temperature=0.0, seed=1)
        command = StartRun(target=self._target, prompt=self._prompt, sampling=sampling)
        self._first_at = 0.0
        leave = self._engine.subscribe(self._on_event)
        started = time.perf_counter()
        try:
            run = await self._engine.execute(command, new_id())
        finally:
            leave()
        return run.timing.gen_tps or 0.0, (self._first_at - started) * 1000

    async def plain(self) -> tuple[float, float]:
        """Both figures of the minimal client."""
        return await minimal(self._ready.client, self._ready.key, self._prompt, self._tokens)

    async def in_turns(self, rounds: int) -> list[tuple[tuple[float, float], tuple[float, float]]]:
        """(Steelyard, minimal) per round; who goes first alternates."""
        results: list[tuple[tuple[float, float], tuple[float, float]]] = []
        for number in range(rounds + 1):
            if number % 2:
                ours, theirs = await self.steelyard(), await self.plain()
            else:
                theirs, ours = await self.plain(), await self.steelyard()
            results.append((ours, theirs))
        return results[1:]  # the first round warms both

    def _on_event(self, event: Event) -> None:
        if isinstance(event, TextArrived) and not self._first_at:
            self._first_at = time.perf_counter()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--tokens", type=int, default=200)
    words = parser.parse_args()
    asyncio.run(measure(words.rounds, words.tokens))
