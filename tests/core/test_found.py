"""Servers of other programs: recognised by what they answer, and none of them can do harm."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import os
import socket
import time
from typing import TYPE_CHECKING

import pytest

from fakes.found_servers import Stand, models, ok, refused, standing, text
from fakes.gguf_files import tiny_model
from steelyard.core.base.paths import engine_folder
from steelyard.core.targets.found import find_servers
from steelyard.core.targets.found_metrics import read_metrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from steelyard.core.values.servers import FoundServer

VLLM_METRICS = """# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="m"} 3.0
vllm:num_requests_running{engine="1",model_name="m"} 2.0
vllm:num_requests_waiting{engine="0",model_name="m"} 4.0
vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.5
vllm:kv_cache_usage_perc{engine="1",model_name="m"} 0.75
vllm:prompt_tokens_total{model_name="a }b"} 1.5e3
vllm:generation_tokens_total{model_name="m"} 200
vllm:time_to_first_token_seconds_bucket{le="0.1",model_name="m"} 10
vllm:time_to_first_token_seconds_sum{model_name="m"} 2.5
vllm:time_to_first_token_seconds_count{model_name="m"} 10
vllm:time_per_output_token_seconds_sum{model_name="m"} 1.0
vllm:time_per_output_token_seconds_count{model_name="m"} 50
"""
NO_KEY = {"error": {"message": "Invalid API Key", "type": "authentication_error", "code": 401}}


def ollama() -> Stand:
    return Stand(
        {
            "/v1/models": models("qwen3:8b", owner="library"),
            "/api/version": ok({"version": "0.14.2"}),
            "/api/tags": ok({"models": [{"name": "qwen3:8b", "size": 5}, {"name": "me/own:latest"}]}),
        }
    )


def lm_studio() -> Stand:
    rows = [
        {"id": "gemma-3-4b", "type": "llm", "state": "loaded"},
        {"id": "nomic-embed", "type": "embeddings", "state": "not-loaded"},
    ]
    return Stand(
        {
            "/v1/models": models("gemma-3-4b", "nomic-embed", owner="organization_owner"),
            "/api/v0/models": ok({"object": "list", "data": rows}),
        }
    )


def vllm() -> Stand:
    return Stand(
        {
            "/v1/models": models("org/big", owner="vllm"),
            "/version": ok({"version": "0.19.0"}),
            "/metrics": text(VLLM_METRICS),
        }
    )


async def found_at(*stands: Stand, environ: dict[str, str] | None = None) -> list[FoundServer]:
    async with standing(*stands) as ports:
        return await find_servers(frozenset(), ports, environ or {})


async def test_each_kind_is_recognised_with_models_and_version() -> None:
    stands = ollama(), lm_studio(), vllm(), Stand({"/v1/models": models("x", "y", owner="llama-swap")})
    rows = await found_at(*stands)
    assert [(row.kind, row.models, row.version) for row in rows] == [
        ("ollama", ["qwen3:8b", "me/own:latest"], "0.14.2"),
        ("lm-studio", ["gemma-3-4b"], ""),
        ("vllm", ["org/big"], "0.19.0"),
        ("openai-compatible", ["x", "y"], ""),
    ]
    assert [row.url for row in rows] == [f"http://127.0.0.1:{stand.port}/v1" for stand in stands]
    assert rows[2].metrics == {
        "requests_running": 5.0,
        "requests_waiting": 4.0,
        "prompt_tokens_total": 1500.0,
        "generation_tokens_total": 200.0,
        "kv_cache_share": 0.75,
        "ttft_ms_mean": 250.0,
        "tpot_ms_mean": 20.0,
    }
    assert all("authorization" not in stand.headers for stand in stands)


async def test_one_that_speaks_ollamas_language_is_not_taken_for_it() -> None:
    stand = ollama()
    stand.routes["/v1/models"] = models("koboldcpp/m", owner="koboldcpp")
    stand.routes["/api/extra/version"] = ok({"result": "KoboldCpp", "version": "1.99"})
    (row,) = await found_at(stand)
    assert (row.kind, row.models) == ("openai-compatible", ["koboldcpp/m"])


async def test_an_ollama_without_models_is_found() -> None:
    stand = ollama()
    stand.routes["/v1/models"] = ok({"object": "list", "data": None})
    stand.routes["/api/tags"] = ok({"models": None})
    (row,) = await found_at(stand)
    assert (row.kind, row.models) == ("ollama", [])


async def test_a_locked_one_says_that_it_needs_a_key() -> None:
    guarded = Stand({"/v1/models": refused(NO_KEY)})
    locked_vllm = vllm()
    locked_vllm.routes["/v1/models"] = refused({"detail": "Unauthorized"})
    somebody = Stand({"/v1/models": (401, {"WWW-Authenticate": "Basic"}, b"<html>log in</html>")})
    rows = await found_at(guarded, locked_vllm, somebody)
    assert [(row.kind, row.needs_key, row.models) for row in rows] == [
        ("openai-compatible", True, []),
        ("vllm", True, []),
    ]


async def test_our_own_door_is_not_found() -> None:
    stand = vllm()
    async with standing(stand) as ports:
        assert await find_servers(frozenset(ports), ports, {"OLLAMA_HOST": f"127.0.0.1:{ports[0]}"}) == []
    assert stand.asked == []


@pytest.mark.parametrize("form", ["127.0.0.1:{}", "http://localhost:{}", "0.0.0.0:{}", ":{}"])
async def test_ollama_is_found_where_its_variable_says(form: str) -> None:
    async with standing(ollama()) as ports:
        rows = await find_servers(frozenset(), [], {"OLLAMA_HOST": form.format(*ports)})
    assert [(row.kind, row.port) for row in rows] == [("ollama", ports[0])]


@pytest.mark.parametrize(
    "value", ["gpu.example.com:11434", "https://127.0.0.1:1", "127.0.0.1:x", "[", "\x00", "http://u@evil/"]
)
async def test_a_variable_that_points_elsewhere_is_left_alone(value: str) -> None:
    assert await find_servers(frozenset(), [], {"OLLAMA_HOST": value}) == []


async def test_hostile_answers_are_nobody() -> None:
    canary = vllm()
    async with standing(canary) as ports:
        location = {"Location": f"http://127.0.0.1:{ports[0]}/v1/models"}
        bomb = gzip.compress(b" " * (50 << 20))
        strangers = [
            Stand({"/v1/models": text("<html>Hello</html>", kind="text/html")}),
            Stand({"/v1/models": (302, location, b"")}),
            Stand({"/v1/models": (200, {"Content-Encoding": "gzip"}, bomb)}),
            Stand({"/v1/models": ok({"object": "list", "data": {"a": 1}})}),
            Stand({"/v1/models": text("[" * 100_000)}),
            Stand({"/v1/models": text("x" * (2 << 20))}),
            Stand({"/v1/models": ok(None)}),
            Stand({}, endless=True),
            Stand({}, silent=True),
        ]
        started = time.monotonic()
        assert await found_at(*strangers) == []
        assert time.monotonic() - started < 15  # all at once, each within its deadline
    assert canary.asked == []


async def test_names_that_no_server_has_are_left_out() -> None:
    rows = [{"id": 7}, {"id": "\x1b[31mred"}, {"id": "x" * 5000}, {"id": "good"}, "?", {"id": "good"}]
    (row,) = await found_at(Stand({"/v1/models": ok({"object": "list", "data": rows})}))
    assert row.models == ["good"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\x00" * 1000,
        b"vllm:num_requests_running NaN\n",
        b"vllm:num_requests_running -1\nvllm:num_requests_waiting +Inf\n",
        b'vllm:num_requests_running{a="\\',
        b"vllm:num_requests_running{" + b"a" * 10_000 + b"} 1\n",
        b"vllm:num_requests_running\n",
    ],
)
def test_nonsense_figures_are_no_figures(body: bytes) -> None:
    assert read_metrics(body) == {}


def test_a_broken_line_does_not_cost_the_others() -> None:
    assert read_metrics(b'vllm:num_requests_running{a="b 1\nvllm:num_requests_waiting 2\n') == {
        "requests_waiting": 2.0
    }


@contextlib.asynccontextmanager
async def llama_server(folder: Path, key: str) -> AsyncIterator[int]:
    """A real one on TCP, with tiny weights."""
    weights = folder / "tiny.gguf"
    weights.write_bytes(tiny_model().encode())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["--model", weights, "--alias", "tiny", "--host", "127.0.0.1", "--port", str(port), "--metrics"]
    words += ["--offline", "--no-webui", "--ctx-size", "512", "--parallel", "1", "--threads", "1"]
    environment = {"HOME": str(folder), **({"LLAMA_API_KEY": key} if key else {})}
    child = await asyncio.create_subprocess_exec(
        engine_folder() / "llama-server", *words, env=environment, stdout=-3, stderr=-3, cwd=folder
    )
    try:
        yield port
    finally:
        child.kill()
        await child.wait()


async def until_found(port: int) -> FoundServer:
    for _ in range(200):
        if rows := await find_servers(frozenset(), [port], dict(os.environ)):
            return rows[0]
        await asyncio.sleep(0.1)
    raise AssertionError("the llama-server was not found")


async def test_a_real_llama_server_is_found_with_its_figures(tmp_path: Path) -> None:
    async with llama_server(tmp_path, "") as port:
        row = await until_found(port)
    assert (row.kind, row.models, row.needs_key, row.port) == ("llama-server", ["tiny"], False, port)
    assert row.version
    assert row.metrics["requests_running"] == 0
    assert {"requests_waiting", "prompt_tokens_total", "generation_tokens_total"} <= row.metrics.keys()


async def test_a_real_llama_server_with_a_key_says_so(tmp_path: Path) -> None:
    async with llama_server(tmp_path, "secret") as port:
        row = await until_found(port)
    assert (row.kind, row.needs_key, row.metrics) == ("llama-server", True, {})
