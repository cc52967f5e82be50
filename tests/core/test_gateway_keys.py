"""Keys of the gateway's clients: shown once, kept as hashes, counted."""

from __future__ import annotations

import asyncio
import hashlib
import json
import stat
from typing import TYPE_CHECKING

import pytest

from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.base.redaction import redact
from steelyard.core.store.gateway_keys import GatewayKeys

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gateway-keys.json"


async def test_key_is_found_again_after_a_restart_and_stands_in_no_file(path: Path) -> None:
    keys = GatewayKeys(path)
    keys.load()
    key = await keys.add("editor")
    assert key.startswith("sy-")
    assert len(key) > 40
    assert keys.find(key) == "editor"
    again = GatewayKeys(path)
    again.load()
    assert again.find(key) == "editor"
    assert again.find(key[:-1]) is None
    assert again.find("") is None
    stored = path.read_text()
    assert key not in stored
    assert hashlib.sha256(key.encode()).hexdigest() in stored
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert key not in redact(f"the key is {key}")


async def test_revoked_key_lets_nobody_in(path: Path) -> None:
    keys = GatewayKeys(path)
    key = await keys.add("editor")
    other = await keys.add("agent")
    await keys.revoke("editor")
    assert (keys.find(key), keys.find(other)) == (None, "agent")
    again = GatewayKeys(path)
    again.load()
    assert [row.name for row in again.rows()] == ["agent"]
    with pytest.raises(UsageError) as caught:
        await keys.revoke("editor")
    assert "agent" in caught.value.one_line()


async def test_key_of_the_process_is_in_memory_only(path: Path) -> None:
    keys = GatewayKeys(path)
    first = keys.add_for_process()
    assert keys.find(first) == "serve"
    second = keys.add_for_process()
    assert (keys.find(first), keys.find(second)) == (None, "serve")
    await keys.add("editor")
    assert [row.name for row in keys.rows()] == ["serve", "editor"]
    assert "serve" not in path.read_text()
    await keys.revoke("serve")
    assert keys.find(second) is None


async def test_requests_are_counted_and_kept(path: Path) -> None:
    keys = GatewayKeys(path)
    await keys.add("editor")
    keys.add_for_process()
    for name in ("editor", "editor", "serve", "nobody"):
        keys.count(name)
    assert {row.name: row.requests for row in keys.rows()} == {"serve": 1, "editor": 2}
    await keys.close()
    again = GatewayKeys(path)
    again.load()
    (row,) = again.rows()
    assert (row.requests, row.last_used_at is not None) == (2, True)


@pytest.mark.parametrize("name", ["", "serve", " x", "a/b", "../x", "-x", "x" * 65, "naïve", "a\nb", "a b"])
async def test_bad_name_is_refused(path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        await GatewayKeys(path).add(name)
    assert not path.exists()


async def test_name_that_is_taken_is_refused(path: Path) -> None:
    keys = GatewayKeys(path)
    key = await keys.add("editor")
    with pytest.raises(UsageError, match="already"):
        await keys.add("editor")
    assert keys.find(key) == "editor"


@pytest.mark.parametrize("content", [b"", b"{}", b"[[", b"\xff\xfe", b'[{"name": 1}]', b"[" * 100_000])
async def test_broken_file_is_kept_aside_and_lets_nobody_in(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    keys = GatewayKeys(path)
    keys.load()
    assert keys.rows() == []
    (notice,) = keys.notices
    assert "unreadable-1" in notice
    assert path.with_name(f"{path.name}.unreadable-1").read_bytes() == content
    await keys.add("editor")


async def test_stored_row_that_is_no_hash_is_passed_over(path: Path) -> None:
    sound = {"name": "a", "sha256": "0" * 64, "created_at": "x"}
    path.write_text(json.dumps([sound, {**sound, "name": "b", "sha256": ""}, {**sound, "name": "c/.."}]))
    keys = GatewayKeys(path)
    keys.load()
    assert [row.name for row in keys.rows()] == ["a"]


async def test_key_that_cannot_be_kept_is_void(path: Path) -> None:
    keys = GatewayKeys(path / "missing" / "keys.json")
    with pytest.raises(AppError):
        await keys.add("editor")
    assert keys.rows() == []


async def test_many_changes_at_once_lose_nothing(path: Path) -> None:
    keys = GatewayKeys(path)
    await asyncio.gather(*(keys.add(f"client-{number}") for number in range(20)))
    again = GatewayKeys(path)
    again.load()
    assert len(again.rows()) == 20
