"""The gateway against the thinnest Starlette pass-through, same process, same llama-server, in turns.

    .venv/bin/python benchmarks/gateway_rate.py [--rounds 8] [--tokens 128] [--threads N]

Promise (DESIGN 8): generated tokens a second at 1 and at 8 streams >= 0.95 of the pass-through, TTFT + <= 5
ms. The pass-through parses nothing, checks nothing and keeps nothing. The clients are a process of
their own, as they are in use. Rates are taken on the starter model with eight slots, TTFT on weights of a few
kilobytes, since a prompt takes the starter longer than what is to be seen.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

if TYPE_CHECKING:
    from starlette.requests import Request

    from fakes.gateway_rig import Rig

PROMPT = "Write a long story about a lighthouse keeper who repairs clocks."
SLOTS = 8


# ---- the clients: a process without any of Steelyard -------------------------------------------------------


async def one_stream(
    port: int, key: str, model: str, tokens: int, number: int
) -> tuple[float, float, float, int]:
    """Seconds of the clock at the request, the first and the last token, and how many there were."""
    body = {
        "model": model,
        "messages": [{"role": "user", "content": f"{number}. {PROMPT}" if tokens > 8 else "Hi"}],
        "stream": True,
        "max_tokens": tokens,
        "temperature": 0.0,
        "ignore_eos": True,
        "cache_prompt": False,
    }
    content = json.dumps(body).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    started = time.perf_counter()
    head = [
        "POST /v1/chat/completions HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        f"Authorization: Bearer {key}",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
        "Connection: close",
    ]
    writer.write("\r\n".join([*head, "", ""]).encode() + content)
    first, last, count = 0.0, 0.0, 0
    rest = b""
    while data := await reader.read(1 << 16):
        found = (rest + data).count(b'"delta":{"content":"')
        rest = (rest + data)[-19:]
        if found:
            last = time.perf_counter()
            first = first or last
            count += found
    writer.close()
    return started, first, last, count


async def clients(port: int, key: str, model: str, tokens: int, streams: int) -> None:
    """Run the streams at once and print what they saw."""
    await asyncio.sleep(0.2)
    seen = await asyncio.gather(*(one_stream(port, key, model, tokens, n) for n in range(streams)))
    begin, end = min(s[1] for s in seen), max(s[2] for s in seen)
    total = sum(s[3] for s in seen)
    ttft_ms = statistics.median(1000 * (s[1] - s[0]) for s in seen)
    print(json.dumps({"tps": (total - streams) / (end - begin), "ttft_ms": ttft_ms, "tokens": total}))


async def many_short(ports: list[int], keys: list[str], model: str, rounds: int) -> None:
    """One short stream at a time, in turns, and print the TTFT of each."""
    seen: list[list[float]] = [[] for _ in ports]
    for number in range(rounds + 2):
        for at in range(len(ports)) if number % 2 else reversed(range(len(ports))):
            started, first, _, _ = await one_stream(ports[at], keys[at], model, 4, number)
            if number >= 2:
                seen[at].append(1000 * (first - started))
    print(json.dumps(seen))


async def in_a_process(*words: str) -> Any:
    """The document that this file prints when it is the clients."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--clients", *words, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    if process.returncode:
        raise SystemExit("the clients failed")
    return json.loads(out)


# ---- the two ways ------------------------------------------------------------------------------------------


async def thinnest(rig: Rig, model: str) -> tuple[int, Any]:
    """A pass-through to the same server; its port, and what closes it."""
    from starlette.applications import Starlette
    from starlette.background import BackgroundTask
    from starlette.responses import Response, StreamingResponse
    from starlette.routing import Route

    from steelyard.core.gateway.listening import Listening, bind

    target = await rig.target(model)
    async with target.hold(lambda _reason: None) as held:
        client, key = held.client, held.key

    async def passing(request: Request) -> Response:
        upstream = await client.send(
            client.build_request(
                "POST",
                "http://localhost/v1/chat/completions",
                content=await request.body(),
                headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
            ),
            stream=True,
        )
        return StreamingResponse(
            upstream.aiter_raw(), media_type="text/event-stream", background=BackgroundTask(upstream.aclose)
        )

    listening = Listening(
        Starlette(routes=[Route("/v1/chat/completions", passing, methods=["POST"])]), bind(0)
    )
    await listening.until_started()
    return listening.port, listening


async def measure(rounds: int, tokens: int, threads: int) -> None:
    """Both figures."""
    from fakes.gateway_rig import running
    from steelyard.core.base.paths import find_home
    from steelyard.core.values.profiles import LaunchProfile
    from steelyard.core.values.settings import ServerSettings, Settings

    with tempfile.TemporaryDirectory(prefix="sy-") as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder
        settings = Settings(servers=ServerSettings(context_tokens=512, threads=threads, idle_unload_s=0))
        profiles = {"starter": LaunchProfile(parallel=SLOTS)}
        home = find_home(str(Path(folder) / "home"))
        async with running(home, Path(folder), settings=settings, profiles=profiles) as rig:
            await rig.gateway.open(0)
            key = await rig.gateway.add_key("benchmark")
            gateway_port = int((rig.gateway.row().base_url or "").split(":")[-1].removesuffix("/v1"))
            for streams in (1, SLOTS):
                await rate(rig, gateway_port, key, streams, rounds, tokens)
            await ttft(rig, gateway_port, key, 25 * rounds)


async def rate(rig: Rig, port: int, key: str, streams: int, rounds: int, tokens: int) -> None:
    """Generated tokens a second through both, in turns."""
    thin_port, thin = await thinnest(rig, "starter")
    ratios, ours, theirs = [], [], []
    for number in range(rounds + 1):
        pair: dict[int, float] = {}
        for way in (port, thin_port) if number % 2 else (thin_port, port):
            seen = await in_a_process("rate", str(way), key, "starter", str(tokens), str(streams))
            assert seen["tokens"] >= streams * tokens * 0.9, seen
            pair[way] = seen["tps"]
        if number:  # the first round warms both
            ours.append(pair[port])
            theirs.append(pair[thin_port])
            ratios.append(pair[port] / pair[thin_port])
    await thin.close()
    print(f"{streams} streams, {rounds} rounds of {tokens} tokens each in turns")
    mine, plain = statistics.median(ours), statistics.median(theirs)
    spread = f"median of pairs {statistics.median(ratios):.3f}, {min(ratios):.3f} to {max(ratios):.3f}"
    print(f"tok/s: gateway {mine:.1f}, pass-through {plain:.1f}, ratio {mine / plain:.3f} ({spread})")


async def ttft(rig: Rig, port: int, key: str, rounds: int) -> None:
    """Milliseconds to the first token on weights that answer at once, in turns."""
    thin_port, thin = await thinnest(rig, "tiny")
    ours, theirs = await in_a_process("ttft", f"{port},{thin_port}", f"{key},none", "tiny", str(rounds))
    await thin.close()
    added = statistics.median(a - b for a, b in zip(ours, theirs, strict=True))
    print(f"tiny weights, {rounds} rounds in turns")
    print(
        f"TTFT ms: gateway {statistics.median(ours):.1f}, pass-through {statistics.median(theirs):.1f}, "
        f"added (median of pairs) {added:+.1f}"
    )


def main() -> None:
    """Be the clients, or measure."""
    if sys.argv[1:2] == ["--clients"]:
        kind, ports, keys, model, *numbers = sys.argv[2:]
        if kind == "rate":
            asyncio.run(clients(int(ports), keys, model, int(numbers[0]), int(numbers[1])))
        else:
            all_ports = [int(port) for port in ports.split(",")]
            asyncio.run(many_short(all_ports, keys.split(","), model, int(numbers[0])))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--threads", type=int, default=0, help="of llama-server; 0 leaves it to the engine")
    words = parser.parse_args()
    asyncio.run(measure(words.rounds, words.tokens, words.threads))


if __name__ == "__main__":
    main()
