"""The door itself: who is let in, what a hostile peer can hold up, and how it opens and closes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from typing import TYPE_CHECKING, Any

import httpx2
import msgspec
import psutil
import pytest

from fakes.gateway_rig import Rig, running
from steelyard.core.base.errors import AppError
from steelyard.core.gateway import api as api_module
from steelyard.core.gateway import listening as listening_module
from steelyard.core.gateway.listening import Listening, bind
from steelyard.core.values.settings import GatewaySettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from steelyard.core.base.paths import Home


class Door:
    """An open gateway and a key for it; nothing is loaded."""

    def __init__(self, rig: Rig, port: int, key: str) -> None:
        self.rig = rig
        self.port = port
        self.key = key

    async def raw(self, request: bytes, *, until_s: float = 5.0) -> bytes:
        """What comes back for these bytes until the other side closes, or nothing more comes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        answer = b""
        try:
            writer.write(request)
            with contextlib.suppress(TimeoutError, ConnectionError):
                async with asyncio.timeout(until_s):
                    while data := await reader.read(1 << 16):
                        answer += data
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        return answer

    async def ask(self, method: str = "GET", path: str = "/v1/models", **headers: str) -> tuple[int, bytes]:
        """Status and all that came; None for a header leaves it out."""
        lines = {
            "Host": f"127.0.0.1:{self.port}",
            "Authorization": f"Bearer {self.key}",
            "Connection": "close",
        }
        lines.update({name.replace("_", "-"): value for name, value in headers.items()})
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None)
        answer = await self.raw(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1"))
        return int(answer.split(b" ", 2)[1]), answer

    def head(self) -> str:
        """Of a POST, but for the length of its body."""
        host = f"Host: 127.0.0.1:{self.port}\r\nAuthorization: Bearer {self.key}\r\n"
        return f"POST /v1/completions HTTP/1.1\r\n{host}"

    async def post(self, path: str, body: Any) -> httpx2.Response:
        async with httpx2.AsyncClient(trust_env=False) as client:
            return await client.post(
                f"http://127.0.0.1:{self.port}{path}",
                content=body if isinstance(body, bytes) else json.dumps(body),
                headers={"Authorization": f"Bearer {self.key}"},
            )


@pytest.fixture
async def door(home: Home, tmp_path: Path) -> AsyncIterator[Door]:
    async with running(home, tmp_path) as rig:
        row = await rig.gateway.open(0)
        assert row.base_url is not None
        port = int(row.base_url.removesuffix("/v1").rpartition(":")[2])
        yield Door(rig, port, await rig.gateway.add_key("test"))


def no_permission(answer: bytes) -> None:
    assert b"access-control" not in answer.lower()


FOREIGN_HOSTS = (
    "evil.example",
    "evil.example:PORT",
    "127.0.0.1.nip.io:PORT",
    "127.0.0.1:1",
    "127.0.0.1",
    "localhost",
    "localhost.:PORT",
    "[::1]:PORT",
    "0.0.0.0:PORT",
    "127.0.0.2:PORT",
    "user@127.0.0.1:PORT",
    "127.0.0.1:PORT, evil.example",
    "2130706433:PORT",
    "",
)
FOREIGN_ORIGINS = (
    "https://evil.example",
    "null",
    "http://localhost",
    "https://127.0.0.1:PORT",
    "http://127.0.0.1:PORT.evil.example",
    "http://evil.example:PORT",
    "chrome-extension://abcdefgh",
    "file://",
    "",
)


async def test_nothing_answers_a_foreign_host_or_origin(door: Door) -> None:
    """With the right key, too: the browser of a victim would send it."""
    for path in ("/v1/models", "/health"):
        for host in FOREIGN_HOSTS:
            status, answer = await door.ask(path=path, Host=host.replace("PORT", str(door.port)))
            assert status in (400, 403), (host, answer)
            no_permission(answer)
        for origin in FOREIGN_ORIGINS:
            status, answer = await door.ask(path=path, Origin=origin.replace("PORT", str(door.port)))
            assert status == 403, (origin, answer)
            no_permission(answer)
        for site in ("cross-site", "same-site"):
            assert (await door.ask(path=path, Sec_Fetch_Site=site))[0] == 403
    status, answer = await door.ask("OPTIONS", Origin="https://evil.example")
    assert status == 403
    status, answer = await door.ask("OPTIONS", Access_Control_Request_Method="POST")
    assert status == 405
    no_permission(answer)
    two = f"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{door.port}\r\nHost: evil.example\r\n\r\n".encode()
    assert b" 200 " not in await door.raw(two, until_s=0.5)
    assert b" 200 " not in await door.raw(b"GET /health HTTP/1.0\r\n\r\n")


async def test_own_address_is_answered(door: Door) -> None:
    for host in (f"127.0.0.1:{door.port}", f"LocalHost:{door.port}"):
        assert (await door.ask(Host=host))[0] == 200
    assert (await door.ask(Origin=f"http://127.0.0.1:{door.port}", Sec_Fetch_Site="same-origin"))[0] == 200
    status, answer = await door.ask()
    assert status == 200
    no_permission(answer)


async def test_it_listens_on_this_machine_only(door: Door) -> None:
    bound = [c for c in psutil.Process().net_connections("tcp") if c.laddr and c.laddr.port == door.port]
    assert {c.laddr.ip for c in bound if c.status == psutil.CONN_LISTEN} == {"127.0.0.1"}


async def test_key_is_needed_in_the_right_form(door: Door) -> None:
    wrong = (
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer sy-wrong",
        f"Bearer {door.key[:-1]}",
        f"Bearer {door.key}x",
        f"Basic {door.key}",
        door.key,
        f"Bearer {door.key}, Bearer {door.key}",
        "Bearer \xff\xfe",
    )
    for value in wrong:
        for path in ("/v1/models", "/v1/chat/completions", "/nothing", "/props", "/slots"):
            status, answer = await door.ask(path=path, Authorization=value)  # type: ignore[arg-type]
            assert status == 401, (value, answer)
            error = json.loads(answer.partition(b"\r\n\r\n")[2])["error"]
            assert (error["code"], error["type"]) == ("invalid_api_key", "invalid_request_error")
    assert (await door.ask(authorization=f"bearer {door.key}", Authorization=None))[0] == 200  # type: ignore[arg-type]
    await door.rig.gateway.revoke_key("test")
    assert (await door.ask())[0] == 401


async def test_health_says_ok_and_no_more(door: Door) -> None:
    status, answer = await door.ask(path="/health", Authorization=None)  # type: ignore[arg-type]
    assert (status, answer.partition(b"\r\n\r\n")[2]) == (200, b'{"status":"ok"}')
    assert b"server:" not in answer.lower()


async def test_metrics_only_when_switched_on(door: Door) -> None:
    assert (await door.ask(path="/metrics", Authorization=None))[0] == 404  # type: ignore[arg-type]
    assert door.rig.gateway.row().metrics_url is None
    door.rig.settings = msgspec.structs.replace(door.rig.settings, gateway=GatewaySettings(metrics=True))
    status, answer = await door.ask(path="/metrics", Authorization=None)  # type: ignore[arg-type]
    assert (status, b"steelyard_up 1" in answer) == (200, True)
    assert door.rig.gateway.row().metrics_url == f"http://127.0.0.1:{door.port}/metrics"


async def test_other_addresses_are_not_there(door: Door) -> None:
    for path in ("/", "/v1", "/v1/models/", "/v1/modelsx", "/v1/nope", "/props", "/slots", "//", "http://x/"):
        status, answer = await door.ask(path=path)
        assert status == 404, path
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["message"]


async def test_models_are_listed(door: Door) -> None:
    _, answer = await door.ask()
    document = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert document["object"] == "list"
    assert [row["id"] for row in document["data"]] == ["starter", "tiny", "broken"]
    assert document["data"][0] == {"id": "starter", "object": "model", "created": 1, "owned_by": "steelyard"}
    _, answer = await door.ask(path="/v1/models/starter")
    assert json.loads(answer.partition(b"\r\n\r\n")[2]) == document["data"][0]
    status, answer = await door.ask(path="/v1/models/gpt-5")
    error = json.loads(answer.partition(b"\r\n\r\n")[2])["error"]
    assert (status, error["code"]) == (404, "model_not_found")
    assert "starter, tiny, broken" in error["message"]


async def test_wrong_method_and_wrong_bodies(door: Door) -> None:
    assert (await door.ask(path="/v1/chat/completions"))[0] == 405
    assert (await door.ask("DELETE"))[0] == 405
    for body in (b"", b"{", b"[]", {"model": "starter"}, {"model": "gpt-5", "messages": [{"role": "user"}]}):
        response = await door.post("/v1/chat/completions", body)
        assert response.status_code in (400, 404)
        assert response.json()["error"]["message"]
    response = await door.post("/v1/chat/completions", {"model": "broken", "messages": [{"role": "user"}]})
    assert (response.status_code, "Mend it" in response.text) == (500, True)


async def test_body_is_bounded(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_module, "MAX_BODY_BYTES", 1000)
    monkeypatch.setattr(api_module, "_BODY_STALL_S", 0.3)
    head = door.head()
    told = f"{head}Content-Length: 1001\r\n\r\n".encode()
    assert b" 413 " in await door.raw(told, until_s=0.5)
    chunked = f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + b"200\r\n" + b"x" * 512 + b"\r\n"
    assert b" 413 " in await door.raw(chunked + b"200\r\n" + b"x" * 512 + b"\r\n", until_s=0.5)
    slow = f"{head}Content-Length: 500\r\n\r\n{{".encode()
    assert b" 408 " in await door.raw(slow, until_s=1.0)
    broken = f"{head}Content-Length: 1\r\nContent-Length: 2\r\n\r\n".encode()
    assert b" 200 " not in await door.raw(broken, until_s=0.5)


async def test_many_large_bodies_do_not_pile_up(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_module, "_MAX_BODIES_BYTES", 600)
    head = door.head()
    half = f"{head}Content-Length: 500\r\n\r\n{{".encode()
    first = asyncio.create_task(door.raw(half, until_s=0.5))
    await asyncio.sleep(0.2)
    assert b" 503 " in await door.raw(half, until_s=0.5)
    await first
    await asyncio.sleep(0.1)
    assert b" 503 " not in await door.raw(half, until_s=0.3)


async def test_peers_that_only_hold_a_connection_are_dropped(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening_module, "_HEAD_S", 0.3)
    started = time.monotonic()
    for beginning in (b"", b"GET /health HT", b"GET /health HTTP/1.1\r\nX: y\r\n"):
        assert await door.raw(beginning) == b""
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(f"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{door.port}\r\n\r\n".encode())
    assert b" 200 " in await reader.read(1 << 16)
    writer.write(b"GET /hea")
    with contextlib.suppress(ConnectionError):
        assert await reader.read() == b""
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    assert time.monotonic() - started < 4


async def test_what_is_no_http_is_refused(door: Door) -> None:
    large = f"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{door.port}\r\nX: {'y' * 70_000}\r\n".encode()
    for junk in (b"\x16\x03\x01\x02\x00", b"GET\r\n", b"\0" * 100, b"X: " + b"y" * 70_000, large):
        assert b" 200 " not in await door.raw(junk + b"\r\n", until_s=0.3)
    assert (await door.ask())[0] == 200


async def test_reader_that_takes_nothing_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening_module, "_SLOW_READER_S", 0.3)
    gone = asyncio.Event()

    async def flood(_scope: Any, receive: Any, send: Any) -> None:
        async def write() -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while True:
                await send({"type": "http.response.body", "body": b"x" * (1 << 18), "more_body": True})

        writing = asyncio.create_task(write())
        while (await receive())["type"] != "http.disconnect":
            pass
        writing.cancel()
        gone.set()

    listening = Listening(flood, bind(0))
    await listening.until_started()
    _, writer = await asyncio.open_connection("127.0.0.1", listening.port, limit=1)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await asyncio.wait_for(gone.wait(), 5)
    writer.transport.abort()
    await listening.close()


# ---- opening and closing -----------------------------------------------------------------------------------


async def test_port_of_another_program_is_told_as_such(home: Home, tmp_path: Path) -> None:
    async with running(home, tmp_path) as rig:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            with pytest.raises(AppError) as caught:
                await rig.gateway.open(port)
        line = caught.value.one_line()
        assert str(port) in line
        assert "another program" in line
        assert "--port" in line
        row = rig.gateway.row()
        assert (row.base_url, str(port) in row.problem) == (None, True)
        assert (await rig.gateway.open(port)).base_url == f"http://127.0.0.1:{port}/v1"
        assert rig.gateway.row().problem == ""


@pytest.mark.parametrize("port", [-1, 65536, 1 << 40])
async def test_port_that_is_none(home: Home, tmp_path: Path, port: int) -> None:
    async with running(home, tmp_path) as rig:
        with pytest.raises(AppError):
            await rig.gateway.open(port)


async def test_it_opens_and_closes_again(home: Home, tmp_path: Path) -> None:
    async with running(home, tmp_path) as rig:
        await rig.gateway.close()
        assert rig.rows == []
        first = await rig.gateway.open(0)
        assert first.base_url is not None
        assert await rig.gateway.open() == first, "it is open already"
        port = int(first.base_url.removesuffix("/v1").rpartition(":")[2])
        assert (await rig.gateway.open(port)).base_url == first.base_url
        await rig.gateway.close()
        with pytest.raises(OSError):  # noqa: PT011 - refused
            await asyncio.open_connection("127.0.0.1", port)
        again = await rig.gateway.open(port)
        assert again.base_url == first.base_url
        assert [row.base_url is not None for row in rig.rows] == [True, False, True]


async def test_it_leaves_signals_and_logging_alone(home: Home, tmp_path: Path) -> None:
    import logging
    import signal

    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    handlers = [list(logging.getLogger(name).handlers) for name in ("", "uvicorn", "uvicorn.access")]
    async with running(home, tmp_path) as rig:
        await rig.gateway.open(0)
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
        now = [list(logging.getLogger(name).handlers) for name in ("", "uvicorn", "uvicorn.access")]
        assert now == handlers
