"""Other programs at the gateway, real llama-servers behind it: what they get, and what the ledger keeps."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
from typing import TYPE_CHECKING, Any

import apsw
import httpx2
import msgspec
import psutil
import pytest

from fakes.gateway_rig import SMALL, Rig, running
from steelyard.core.gateway import passage
from steelyard.core.values.events import RunFinished, RunStarted, TextArrived
from steelyard.core.values.profiles import LaunchProfile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from steelyard.core.base.paths import Home
    from steelyard.core.values.run import Run

CHAT = "/v1/chat/completions"
LONG = "Write a very long story about a lighthouse keeper, with many chapters."


def chat(text: str = "Say hello", model: str = "starter", **fields: Any) -> dict[str, Any]:
    asked = {"model": model, "messages": [{"role": "user", "content": text}], "temperature": 0}
    return {**asked, "max_tokens": 8, "cache_prompt": False, **fields}


def events(text: str) -> list[Any]:
    """The JSON of each event of a stream."""
    lines = [line.removeprefix("data: ") for line in text.split("\n\n") if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


class Program:
    """A client with a key of its own, in the way that OpenAI's library asks."""

    def __init__(self, rig: Rig, name: str, key: str) -> None:
        self.rig = rig
        self.name = name
        base_url = rig.gateway.row().base_url
        assert base_url is not None
        self.http = httpx2.AsyncClient(
            base_url=base_url.removesuffix("/v1"),
            headers={"Authorization": f"Bearer {key}"},
            timeout=60,
            trust_env=False,
        )

    async def post(self, body: Any, path: str = CHAT) -> httpx2.Response:
        return await self.http.post(path, json=body)

    @contextlib.asynccontextmanager
    async def streaming(self, body: Any) -> AsyncIterator[AsyncIterator[str]]:
        """A stream that has begun to write."""
        async with self.http.stream("POST", CHAT, json={**body, "stream": True}) as response:
            assert response.status_code == 200, await response.aread()
            lines = response.aiter_lines()
            async for line in lines:
                if '"content":"' in line:
                    break
            yield lines

    def runs(self) -> list[Run]:
        return [run for run in self.rig.runs() if run.route == f"gateway:{self.name}"]

    async def last_run(self, count: int = 1) -> Run:
        """The newest of so many; its row is closed a moment after the answer."""
        await until(lambda: len(self.runs()) >= count, "the run's row")
        assert len(self.runs()) == count
        return self.runs()[-1]


async def until(condition: Callable[[], Any], what: str, timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def opened(home: Home, folder: Path, **changes: Any) -> AsyncIterator[Program]:
    async with running(home, folder, **changes) as rig:
        await rig.gateway.open(0)
        program = Program(rig, "editor", await rig.gateway.add_key("editor"))
        async with program.http:
            yield program


def settings(**changes: Any) -> Any:
    return msgspec.structs.replace(SMALL, servers=msgspec.structs.replace(SMALL.servers, **changes))


# ---- what a client gets ------------------------------------------------------------------------------------


async def test_first_request_loads_and_the_ledger_equals_the_servers_own_figures(
    home: Home, tmp_path: Path
) -> None:
    async with opened(home, tmp_path) as editor:
        response = await editor.post(chat(LONG, stream=True, max_tokens=40))
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream"
        assert response.text.endswith("data: [DONE]\n\n")
        seen = events(response.text)
        assert not any("usage" in event for event in seen), "it was not asked for"
        assert all(event["choices"] for event in seen)
        assert seen[-1]["timings"]["predicted_n"] == 40, "as the engine tells it to whom asks directly"
        run = await editor.last_run()
        assert run.id == response.headers["x-steelyard-run"]
        assert run.text == "".join(event["choices"][0]["delta"].get("content") or "" for event in seen)
        assert run.raw["timings"] == seen[-1]["timings"]
        usage = run.raw["usage"]
        told = (usage["prompt_tokens"], usage["completion_tokens"])
        assert told == (run.usage.prompt_tokens, run.usage.completion_tokens)
        assert usage["prompt_tokens_details"]["cached_tokens"] == run.usage.cached_tokens
        assert run.usage.source == "server"
        assert (run.finish_reason, run.error, run.state.cold) == ("length", None, True)
        assert run.timing.load_ms is not None
        assert run.timing.ttft_ms is not None
        assert run.timing.gen_tps is not None
        assert run.timing.gen_tps == pytest.approx(usage_rate(run), rel=0.2)
        assert run.params["max_tokens"] == 40
        assert run.memory.ram_peak_bytes
        started, *texts, finished = editor.rig.events
        assert isinstance(started, RunStarted)
        assert isinstance(finished, RunFinished)
        assert "".join(e.text for e in texts if isinstance(e, TextArrived)) == finished.run.text == run.text


def usage_rate(run: Run) -> float:
    return float(run.raw["timings"]["predicted_per_second"])


async def test_bytes_are_those_of_the_engine(home: Home, tmp_path: Path) -> None:
    """Beside a client that asks the server itself: the same but for time, id and the figures of time."""
    async with opened(home, tmp_path) as editor:
        for fields in ({}, {"stream_options": {"include_usage": True}}):
            body = chat(stream=True, **fields)
            ours = (await editor.post(body)).text
            target = await editor.rig.target("starter")
            async with target.hold(lambda _reason: None) as held:
                direct = await held.client.post(
                    f"http://localhost{CHAT}", json=body, headers={"Authorization": f"Bearer {held.key}"}
                )
            assert shape(ours) == shape(direct.text)
            assert events(ours)[-1].keys() == events(direct.text)[-1].keys()


def shape(text: str) -> list[str]:
    lines: list[str] = []
    for line in text.split("\n\n"):
        plain = json.loads(line[6:]) if line.startswith("data: {") else line
        if isinstance(plain, dict):
            plain.update(created=0, id="", timings=sorted(plain.get("timings", {})))
            plain = json.dumps(plain)
        lines.append(plain)
    return lines


async def test_answers_in_one_piece_and_plain_completions(home: Home, tmp_path: Path) -> None:
    async with opened(home, tmp_path) as editor:
        whole = (await editor.post(chat())).json()
        run = await editor.last_run(1)
        assert run.text == whole["choices"][0]["message"]["content"]
        assert run.raw["usage"] == whole["usage"]
        assert (run.timing.ttft_ms, run.timing.gen_tps) == (None, None), "a first token was not seen"
        assert run.timing.e2e_ms
        plain = {"model": "starter", "prompt": "Once upon a time", "max_tokens": 6, "temperature": 0}
        whole = (await editor.post(plain, "/v1/completions")).json()
        run = await editor.last_run(2)
        assert run.text == whole["choices"][0]["text"] != ""
        streamed = await editor.post({**plain, "stream": True}, "/v1/completions")
        seen = events(streamed.text)
        run = await editor.last_run(3)
        assert run.text == "".join(event["choices"][0]["text"] for event in seen)
        assert run.raw["usage"] == seen[-1]["usage"]
        assert run.usage.completion_tokens == 6
        assert run.timing.ttft_ms is not None


async def test_embeddings_come_from_a_server_that_gives_them(home: Home, tmp_path: Path) -> None:
    profiles = {"starter": LaunchProfile(extra_flags=["--pooling", "mean"])}
    async with opened(home, tmp_path, profiles=profiles) as editor:
        response = await editor.post({"model": "starter", "input": ["one", "two"]}, "/v1/embeddings")
        document = response.json()
        assert len(document["data"]) == 2
        assert len(document["data"][0]["embedding"]) == 576
        run = await editor.last_run()
        assert run.usage.prompt_tokens == document["usage"]["prompt_tokens"] > 0
        assert (run.usage.completion_tokens, run.finish_reason, run.text) == (0, "stop", "")


async def test_two_programs_at_once_are_told_apart(home: Home, tmp_path: Path) -> None:
    async with opened(home, tmp_path, profiles={"starter": LaunchProfile(parallel=2)}) as editor:
        other = Program(editor.rig, "agent", await editor.rig.gateway.add_key("agent"))
        async with other.http:
            answers = await asyncio.gather(
                *(
                    program.post(chat(stream=True, max_tokens=12))
                    for program in (editor, other)
                    for _ in range(2)
                )
            )
            assert [answer.status_code for answer in answers] == [200] * 4
            await until(lambda: len(editor.rig.runs()) == 4, "all runs")
            assert len(editor.runs()) == len(other.runs()) == 2
            texts = {
                "".join(e["choices"][0]["delta"].get("content") or "" for e in events(a.text))
                for a in answers
            }
            assert {run.text for run in editor.rig.runs()} == texts
        assert {row.name: row.requests for row in editor.rig.gateway.row().keys} == {"editor": 2, "agent": 2}


async def test_unknown_fields_are_not_sent_and_the_run_says_so(home: Home, tmp_path: Path) -> None:
    async with opened(home, tmp_path) as editor:
        response = await editor.post(chat(model="tiny", id_slot=5, user="me", verbose=True, max_tokens=2))
        assert response.status_code == 200
        assert "__verbose" not in response.text
        assert (await editor.last_run()).not_sent == ["id_slot", "user", "verbose"]


# ---- what does not fit -------------------------------------------------------------------------------------


async def test_prompt_that_is_longer_than_the_context_is_refused_with_both_numbers(
    home: Home, tmp_path: Path
) -> None:
    async with opened(home, tmp_path, settings=settings(context_tokens=512)) as editor:
        long = "hello " * 600
        bodies = (
            (CHAT, chat(long)),
            (CHAT, chat(long, stream=True)),
            ("/v1/completions", {"model": "starter", "prompt": long}),
            ("/v1/completions", {"model": "starter", "prompt": [5] * 600}),
        )
        for number, (path, body) in enumerate(bodies):
            response = await editor.post(body, path)
            assert response.status_code == 400
            error = response.json()["error"]
            assert (error["code"], error["n_ctx"]) == ("context_length_exceeded", 512)
            assert error["n_prompt_tokens"] >= 600
            assert str(error["n_prompt_tokens"]) in error["message"]
            run = await editor.last_run(number + 1)
            assert (run.finish_reason, run.text) == ("error", "")
            assert run.error is not None
        assert (await editor.post(chat("hello " * 200, max_tokens=1))).status_code == 200


async def test_one_too_many_is_told_to_come_again(home: Home, tmp_path: Path) -> None:
    async with opened(home, tmp_path, settings=settings(max_waiting=1)) as editor:
        async with editor.streaming(chat(LONG, max_tokens=900)):
            waiting = asyncio.create_task(editor.post(chat(max_tokens=1)))
            await asyncio.sleep(0.2)
            refused = await editor.post(chat())
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
            assert "busy" in refused.json()["error"]["message"]
            assert not waiting.done()
        assert (await waiting).status_code == 200


async def test_who_waits_is_told_by_comments_and_errors_come_as_events(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passage, "_COMMENT_AFTER_S", 0.05)
    monkeypatch.setattr(passage, "_COMMENT_EVERY_S", 0.05)
    async with opened(home, tmp_path) as editor:
        loaded = await editor.post(chat(stream=True, max_tokens=2))
        assert loaded.text.startswith(": loading\n\n")
        assert loaded.text.endswith("data: [DONE]\n\n")
        assert len(events(loaded.text)) == 4, "comments are no events"
        (editor.rig.folder / "tiny.gguf").write_bytes(b"GGUF" + b"\0" * 4096)
        async with editor.streaming(chat(LONG, max_tokens=900)):
            waits = asyncio.create_task(editor.post(chat("hello " * 1200, stream=True)))
            await asyncio.sleep(0.3)
        answer = await waits
        assert answer.status_code == 200
        assert answer.text.startswith(": waiting for another prompt\n\n")
        (event,) = events(answer.text)
        assert event["error"]["code"] == "context_length_exceeded"
        broken = await editor.post(chat(model="tiny"))
        assert broken.status_code == 500
        assert "tiny" in broken.json()["error"]["message"]


# ---- ends that nobody wished for ---------------------------------------------------------------------------


async def test_program_that_leaves_frees_its_slot_at_once(home: Home, tmp_path: Path) -> None:
    async with opened(home, tmp_path) as editor:
        async with editor.streaming(chat(LONG, max_tokens=900)) as lines:
            for _ in range(12):
                await anext(lines)
        left_at = time.monotonic()
        answer = await editor.post(chat(max_tokens=1))
        assert answer.status_code == 200
        assert time.monotonic() - left_at < 5, "a token and a prompt of a few words"
        run = editor.runs()[0]
        assert (run.finish_reason, run.error) == ("cancelled", None)
        assert len(run.text) > 5
        assert run.timing.ttft_ms is not None


async def test_program_that_leaves_before_the_first_token(home: Home, tmp_path: Path) -> None:
    async with opened(home, tmp_path) as editor:
        assert (await editor.post(chat())).status_code == 200
        for stream in (True, False):
            with pytest.raises(httpx2.TimeoutException):
                await editor.http.post(CHAT, json=chat("word " * 300, stream=stream), timeout=0.2)
        left_at = time.monotonic()
        assert (await editor.post(chat(max_tokens=1))).status_code == 200
        assert time.monotonic() - left_at < 12, "one batch of the prompt may still be computed"
        await until(lambda: len(editor.runs()) == 4, "all runs")
        assert sorted(str(run.finish_reason) for run in editor.runs()) == [
            "cancelled",
            "cancelled",
            "length",
            "length",
        ]


async def test_server_that_stands_still_is_flagged_and_started_again(home: Home, tmp_path: Path) -> None:
    async with opened(home, tmp_path, settings=settings(generate_stall_s=1.0)) as editor:
        body = chat(LONG, max_tokens=900)
        async with editor.streaming(body) as lines:
            (child,) = editor.rig.pool.rows()
            assert child.pid is not None
            psutil.Process(child.pid).suspend()
            stopped_at = time.monotonic()
            rest = [line async for line in lines]
        assert time.monotonic() - stopped_at < 15
        (error,) = [json.loads(line[6:])["error"] for line in rest if '"error"' in line]
        assert "no progress for 1 s" in error["message"]
        run = await editor.last_run()
        assert run.finish_reason == "interrupted"
        assert len(run.text) > 0
        assert run.error is not None
        assert (await editor.post(chat(max_tokens=1))).status_code == 200
        (row,) = editor.rig.pool.rows()
        assert row.pid != child.pid
        assert not psutil.pid_exists(child.pid)


async def test_server_that_is_shot_is_explained(home: Home, tmp_path: Path) -> None:
    async with opened(home, tmp_path) as editor:
        async with editor.streaming(chat(LONG, max_tokens=900)) as lines:
            (child,) = editor.rig.pool.rows()
            assert child.pid is not None
            os.kill(child.pid, signal.SIGKILL)
            rest = [line async for line in lines]
        (error,) = [json.loads(line[6:])["error"] for line in rest if '"error"' in line]
        assert "ended while it answered" in error["message"]
        run = await editor.last_run()
        assert (run.finish_reason, run.error is not None) == ("interrupted", True)


async def test_closing_tells_who_is_still_listening(home: Home, tmp_path: Path) -> None:
    async with opened(home, tmp_path) as editor:
        async with editor.streaming(chat(LONG, max_tokens=900)) as lines:
            started = time.monotonic()
            closing = asyncio.create_task(editor.rig.gateway.close())
            rest = [line async for line in lines]
            await closing
            assert time.monotonic() - started < 5
        assert any("The gateway was closed" in line for line in rest)
        run = await editor.last_run()
        assert (run.finish_reason, len(run.text) > 0) == ("cancelled", True)
        assert [row.slots_busy for row in editor.rig.pool.rows()] == [0]


async def test_nothing_is_answered_that_cannot_be_recorded(home: Home, tmp_path: Path) -> None:
    async with opened(home, tmp_path) as editor:
        assert (await editor.post(chat(max_tokens=1))).status_code == 200
        await editor.last_run()
        alter(home, "ALTER TABLE runs RENAME TO elsewhere")
        for stream in (True, False):
            response = await editor.post(chat(max_tokens=4, stream=stream))
            assert response.status_code in (500, 503)
            assert "choices" not in response.text
        alter(home, "ALTER TABLE elsewhere RENAME TO runs")
        assert (await editor.post(chat(max_tokens=1))).status_code == 200


def alter(home: Home, statement: str) -> None:
    connection = apsw.Connection(str(home.database))
    connection.execute(statement)
    connection.close()


# ---- keys --------------------------------------------------------------------------------------------------


async def test_keys_are_nowhere(
    home: Home, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not in a file of the home, nor a command line, nor the log; the child's key is not shown, either."""
    caplog.set_level("DEBUG", logger="steelyard")
    async with opened(home, tmp_path) as editor:
        process_key = editor.rig.gateway.add_process_key()
        keys = [process_key, editor.http.headers["Authorization"].removeprefix("Bearer ")]
        answers = [await editor.post(chat(max_tokens=2)), await editor.post(chat(model="nope"))]
        answers.append(await editor.http.get("/v1/models", headers={"Authorization": f"Bearer x{keys[0]}"}))
        await editor.last_run()
        target = await editor.rig.target("starter")
        async with target.hold(lambda _reason: None) as held:
            child_key = held.key
        lines = [" ".join(process.cmdline()) for process in psutil.Process().children(recursive=True)]
        assert lines
        for key in [*keys, child_key]:
            assert not any(key in line for line in lines)
            assert not any(key in answer.text or key in str(answer.headers) for answer in answers)
            assert key not in caplog.text
            for path in home.root.rglob("*"):
                assert not path.is_file() or key.encode() not in path.read_bytes(), path
    told = capfd.readouterr()
    assert not any(key in told.out + told.err for key in keys)
