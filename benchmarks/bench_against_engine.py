"""`steelyard bench` beside plain llama-bench and beside a minimal httpx2 client, in turns within minutes.

    .venv/bin/python benchmarks/bench_against_engine.py [--rounds 3] [--weights starter]

Promises: the same prompt and generation rates as llama-bench within noise; end-to-end generation at least
0.98 of a client that does nothing but parse every event, on a llama-server with the same flags. Everything
runs as a stranger would run it: the command line, the tool, a server of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from e2e.harness import starter_file
from steelyard.core.base.paths import engine_folder

PROMPT = "Tell a very long story about a lighthouse keeper who repairs clocks, with many chapters."
KEY = "benchmark"
CONTEXT = 1024


def plain_bench(weights: Path) -> tuple[float, float]:
    """Prompt and generation tokens per second of llama-bench with the batch size of our servers."""
    words = [engine_folder() / "llama-bench", "-m", weights, "-o", "jsonl", "-b", "512"]
    done = subprocess.run(words, capture_output=True, check=True, text=True)
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return rows[0]["avg_ts"], rows[1]["avg_ts"]


def our_bench(home: Path, name: str) -> Any:
    """The document of `steelyard bench` at one prompt at a time."""
    words = [sys.executable, "-m", "steelyard", "--home", home, "bench", name, "--parallel", "1", "--json"]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr.splitlines()[-1])
    return json.loads(done.stdout)


async def minimal(weights: Path, folder: Path, requests: int) -> float:
    """Median generation rate of the plainest client that reads every event, on a server of its own."""
    socket = folder / "plain.sock"
    words = [
        "--model",
        weights,
        "--host",
        socket,
        "--ctx-size",
        CONTEXT,
        "--parallel",
        1,
        "--batch-size",
        512,
    ]
    child = await asyncio.create_subprocess_exec(
        *map(str, [engine_folder() / "llama-server", *words, "--cache-ram", 0, "--offline", "--no-webui"]),
        env={"LLAMA_API_KEY": KEY, "HOME": os.environ.get("HOME", "/")},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        # llama-server closes kept connections early, so each request has one of its own.
        limits = httpx2.Limits(max_keepalive_connections=0)
        transport = httpx2.AsyncHTTPTransport(uds=str(socket), limits=limits)
        async with httpx2.AsyncClient(transport=transport, timeout=60) as client:
            await until_healthy(client)
            rates = [await ask(client, number) for number in range(requests + 1)]
            return statistics.median(rates[1:])  # the first one warms it
    finally:
        child.terminate()
        await child.wait()
        socket.unlink(missing_ok=True)


async def until_healthy(client: httpx2.AsyncClient) -> None:
    """Wait until the server answers."""
    for _ in range(600):
        try:
            if (await client.get("http://localhost/health")).status_code == 200:
                return
        except httpx2.HTTPError:
            pass
        await asyncio.sleep(0.1)
    sys.exit("llama-server does not answer")


async def ask(client: httpx2.AsyncClient, number: int) -> float:
    """One answer of 128 tokens; tokens per second between its first and its last."""
    body = {
        "messages": [{"role": "user", "content": f"{number}: {PROMPT}"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 128,
        "temperature": 0.0,
        "cache_prompt": False,
    }
    stamps: list[float] = []
    headers = {"Authorization": f"Bearer {KEY}"}
    async with client.stream(
        "POST", "http://localhost/v1/chat/completions", json=body, headers=headers
    ) as response:
        async for line in response.aiter_lines():
            if not line.startswith("data: {"):
                continue
            choices = json.loads(line[6:])["choices"]
            if choices and choices[0]["delta"].get("content"):
                stamps.append(time.perf_counter())
    return (len(stamps) - 1) / (stamps[-1] - stamps[0])


def measure(rounds: int, name: str, requests: int) -> None:
    """All three in turns, medians and ratios."""
    weights = starter_file() if name == "starter" else Path(name).resolve()
    figures: dict[str, list[float]] = {}

    def keep(**values: float) -> None:
        for key, value in values.items():
            figures.setdefault(key, []).append(value)

    with tempfile.TemporaryDirectory(prefix="sy-bench-") as folder:
        for number in range(rounds):
            prompt_tps, gen_tps = plain_bench(weights)
            report = our_bench(Path(folder) / "home", name)
            keep(plain_prompt=prompt_tps, plain_gen=gen_tps)
            keep(our_prompt=report["engine"]["prompt_tps"], our_gen=report["engine"]["gen_tps"])
            keep(end_to_end=report["levels"][0]["gen_tps_median"])
            keep(minimal=asyncio.run(minimal(weights, Path(folder), requests)))
            print(f"round {number + 1}:", {key: round(values[-1], 1) for key, values in figures.items()})
    middle = {key: statistics.median(values) for key, values in figures.items()}
    print(f"{name}, medians of {rounds} rounds in turns")
    for what, ours, theirs in (
        ("engine, prompt", "our_prompt", "plain_prompt"),
        ("engine, generation", "our_gen", "plain_gen"),
        ("end to end, generation", "end_to_end", "minimal"),
    ):
        ratio = statistics.median(a / b for a, b in zip(figures[ours], figures[theirs], strict=True))
        print(
            f"{what}: Steelyard {middle[ours]:.1f} tok/s, plain {middle[theirs]:.1f} tok/s, ratio {ratio:.3f}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--weights", default="starter", help="starter, or a path")
    parser.add_argument("--requests", type=int, default=20, help="answers for the minimal client each round")
    words = parser.parse_args()
    measure(words.rounds, words.weights, words.requests)
