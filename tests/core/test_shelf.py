"""The library: what lies in which folder, what belongs together, what is verified, what may be removed."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from fakes.gguf_files import ARRAY, STRING, U32, tiny_model
from steelyard.core.base.errors import AppError
from steelyard.core.engine import Engine
from steelyard.core.hub.names import parse_hub_name
from steelyard.core.shelf import choose_local
from steelyard.core.values import commands as c
from steelyard.core.values.events import LibraryChanged
from steelyard.core.values.weights import WeightsRow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from steelyard.core.base.paths import Home
    from steelyard.core.values.weights import Shelf

MODEL = tiny_model()
TINY = MODEL.encode()
PROJECTOR = MODEL.with_pair("general.architecture", STRING, "clip").encode()
ADAPTER = MODEL.with_pair("general.type", STRING, "adapter").encode()
TEMPLATE = "{{ messages }}"
RICH = (
    MODEL.with_pair("general.license", STRING, "apache-2.0")
    .with_pair("tokenizer.chat_template", STRING, TEMPLATE)
    .with_pair("general.file_type", U32, 15)
    .encode()
)


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of somebody who uses other tools, too."""
    folder = tmp_path / "user"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    for name in ("OLLAMA_MODELS", "LLAMA_CACHE"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest_asyncio.fixture(loop_scope="function")
async def engine(home: Home, user: Path) -> AsyncIterator[Engine]:
    engine = Engine(home, "app")
    await engine.start()
    yield engine
    await engine.stop(10)


def put(path: Path, data: bytes = TINY) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


async def shelf_of(engine: Engine, *paths: Path) -> Shelf:
    return await engine.execute(c.ListWeights(paths=[str(path) for path in paths]), "r")


def named(rows: list[WeightsRow]) -> dict[str, WeightsRow]:
    return {row.name: row for row in rows if row.source != "starter"}


async def test_other_tools_folders_are_read_in_place(engine: Engine, user: Path) -> None:
    put(user / ".lmstudio/models/acme/model-GGUF/model-Q4_K_M.gguf", RICH)
    put(user / ".cache/llama.cpp/acme_model_cached-Q8_0.gguf")
    blob = "sha256-" + hashlib.sha256(TINY).hexdigest()
    put(user / ".ollama/models/blobs" / blob)
    layers = [
        {"mediaType": "application/vnd.ollama.image.model", "digest": blob.replace("-", ":")},
        {"mediaType": "application/vnd.ollama.image.license", "digest": "sha256:" + "0" * 64},
        {"mediaType": 7, "digest": None},
    ]
    manifest = json.dumps({"layers": layers}).encode()
    put(user / ".ollama/models/manifests/registry.ollama.ai/library/llama3/8b", manifest)
    put(user / ".ollama/models/manifests/registry.ollama.ai/acme/own/latest", manifest)
    put(user / ".ollama/models/manifests/registry.ollama.ai/library/broken/x", b"{")
    before = {path: path.stat().st_mtime_ns for path in user.rglob("*")}
    shelf = await shelf_of(engine)
    rows = named(shelf.weights)
    sources = {name: row.source for name, row in rows.items()}
    assert sources.pop("model-Q4_K_M") == "lm-studio"
    assert sources.pop("acme_model_cached-Q8_0") == "llama.cpp"
    assert list(sources.values()) == ["ollama"], "one blob of two names counts once"
    assert set(sources) <= {"llama3:8b", "acme/own:latest"}
    row = rows["model-Q4_K_M"]
    assert (row.repo, row.quant, row.licence) == ("acme/model-GGUF", "Q4_K_M", "apache-2.0")
    assert row.chat_template_sha256 == hashlib.sha256(TEMPLATE.encode()).hexdigest()
    assert row.verification == "no_reference"
    assert row.architecture == "llama"
    assert {path: path.stat().st_mtime_ns for path in user.rglob("*")} == before
    places = {place.source: place for place in shelf.places if place.exists}
    assert places["lm-studio"].files == 1
    assert places["lm-studio"].size_bytes == len(RICH)
    for name in rows:
        with pytest.raises(AppError, match="not removed"):
            await engine.execute(c.RemoveWeights(name=name), "r")


async def test_what_belongs_together_is_one_row(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "w"
    for number in (1, 2, 3):
        put(folder / "whole" / f"m-Q8_0-0000{number}-of-00003.gguf")
    put(folder / "half" / "h-Q2_K-00001-of-00002.gguf")
    put(folder / "sees" / "v.gguf")
    put(folder / "sees" / "mmproj-v.gguf", PROJECTOR)
    put(folder / "sees" / "style.gguf", ADAPTER)
    put(folder / "broken.gguf", b"GGUF no")
    put(folder / "page.gguf", b"<!DOCTYPE html>")
    (folder / "link.gguf").symlink_to(folder / "sees" / "v.gguf")
    (folder / "passwd.gguf").symlink_to("/etc/passwd")
    (folder / "loop.gguf").symlink_to(folder / "loop.gguf")
    os.mkfifo(folder / "pipe.gguf")
    shelf = await shelf_of(engine, folder)
    rows = named(shelf.weights)
    whole, half = rows["m-Q8_0"], rows["h-Q2_K"]
    assert len(whole.parts) == 3
    assert whole.size_bytes == 3 * len(TINY)
    assert whole.missing_parts == []
    assert half.missing_parts == ["h-Q2_K-00002-of-00002.gguf"]
    sees = [row for row in shelf.weights if os.path.realpath(row.path).endswith("sees/v.gguf")]
    assert len(sees) == 1, "a link to a file that is listed is not listed again"
    assert [row.name for row in shelf.mmproj] == ["mmproj-v"]
    assert [row.name for row in shelf.lora] == ["style"]
    reasons = {os.path.basename(bad.path): bad.reason for bad in shelf.unusable}
    assert set(reasons) == {"broken.gguf", "page.gguf", "passwd.gguf", "loop.gguf", "pipe.gguf"}
    assert "HTML" in reasons["page.gguf"]
    for name, words in (("h-Q2_K", "not whole"), ("mmproj-v", "projector"), ("style", "LoRA")):
        await engine.execute(c.AddWeights(path=str(folder)), "r")
        with pytest.raises(AppError, match=words):
            await engine.execute(c.LoadWeights(target=name), "r")


async def test_a_projector_is_paired_with_the_model_beside_it(engine: Engine, tmp_path: Path) -> None:
    put(tmp_path / "a" / "v.gguf")
    projector = put(tmp_path / "a" / "mmproj-v.gguf", PROJECTOR)
    put(tmp_path / "b" / "other.gguf")
    rows = named((await shelf_of(engine, tmp_path / "a", tmp_path / "b")).weights)
    assert rows["v"].mmproj == str(projector)
    assert rows["other"].mmproj is None


async def test_places_are_added_and_forgotten_and_files_stay(engine: Engine, tmp_path: Path) -> None:
    file = put(tmp_path / "one" / "a.gguf")
    put(tmp_path / "many" / "deep" / "b.gguf")
    (row,) = await engine.execute(c.AddWeights(path=str(file)), "r")
    assert row.name == "a"
    await engine.execute(c.AddWeights(path=str(tmp_path / "many")), "r")
    assert set(named((await shelf_of(engine)).weights)) == {"a", "b"}
    removal = await engine.execute(c.PreviewRemoval(name="a"), "r")
    assert (removal.deletes_files, removal.freed_bytes) == (False, 0)
    with pytest.raises(AppError, match="folder that you added"):
        await engine.execute(c.RemoveWeights(name="b"), "r")
    await engine.execute(c.RemoveWeights(name="a"), "r")
    await engine.execute(c.ForgetPlace(path=str(tmp_path / "many")), "r")
    assert named((await shelf_of(engine)).weights) == {}
    assert file.exists()
    with pytest.raises(AppError, match="not added"):
        await engine.execute(c.ForgetPlace(path="/nowhere"), "r")
    (tmp_path / "empty").mkdir()
    with pytest.raises(AppError, match="No weights were found"):
        await engine.execute(c.AddWeights(path=str(tmp_path / "empty")), "r")
    put(tmp_path / "bad" / "x.gguf", b"nope")
    with pytest.raises(AppError, match="cannot be used"):
        await engine.execute(c.AddWeights(path=str(tmp_path / "bad")), "r")


async def test_bit_rot_is_found_also_where_the_time_did_not_change(engine: Engine, tmp_path: Path) -> None:
    file = put(tmp_path / "own.gguf")
    await engine.execute(c.AddWeights(path=str(file)), "r")
    report = await engine.execute(c.VerifyWeights(names=["own"]), "r")
    assert (report.checked, report.bad) == (1, [])
    row = named((await shelf_of(engine)).weights)["own"]
    assert (row.sha256, row.verification) == (hashlib.sha256(TINY).hexdigest(), "no_reference")
    stamp = file.stat()
    with file.open("r+b") as stream:
        stream.seek(-1, os.SEEK_END)
        stream.write(b"\xff")
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    report = await engine.execute(c.VerifyWeights(names=["own"]), "r")
    assert [bad.name for bad in report.bad] == ["own"]
    assert report.bad[0].expected == hashlib.sha256(TINY).hexdigest()
    put(file, RICH)  # replaced on purpose: another time, another content
    report = await engine.execute(c.VerifyWeights(names=["own"]), "r")
    assert report.bad == []


async def test_verifying_all_counts_every_file_and_names_the_gone_ones(
    engine: Engine, tmp_path: Path
) -> None:
    put(tmp_path / "w" / "a.gguf")
    await engine.execute(c.AddWeights(path=str(tmp_path / "w")), "r")
    report = await engine.execute(c.VerifyWeights(), "r")
    assert (report.checked, report.bad) == (2, []), "the starter and the file"
    with pytest.raises(AppError, match="No weights are called"):
        await engine.execute(c.VerifyWeights(names=["nope"]), "r")


async def test_changes_in_folders_are_noticed(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "w"
    put(folder / "a.gguf")
    await engine.execute(c.AddWeights(path=str(folder)), "r")
    await shelf_of(engine)
    seen = asyncio.Event()
    engine.subscribe(lambda event: seen.set() if isinstance(event, LibraryChanged) else None)
    put(folder / "b.gguf")
    async with asyncio.timeout(10):
        await seen.wait()
    assert set(named((await shelf_of(engine)).weights)) == {"a", "b"}


async def test_two_files_of_one_name_are_told_apart_by_their_paths(engine: Engine, tmp_path: Path) -> None:
    first, second = put(tmp_path / "w" / "1" / "twin.gguf"), put(tmp_path / "w" / "2" / "twin.gguf", RICH)
    await engine.execute(c.AddWeights(path=str(tmp_path / "w")), "r")
    with pytest.raises(AppError, match="more than one file") as info:
        await engine.execute(c.FitWeights(name="twin"), "r")
    assert str(first) in info.value.one_line()
    assert str(second) in info.value.one_line()
    report = await engine.execute(c.VerifyWeights(names=[str(second)]), "r")
    assert report.checked == 1


async def test_a_large_vocabulary_is_skipped_quickly(engine: Engine, tmp_path: Path) -> None:
    tokens = [f"token-{number}" for number in range(256_000)]
    file = put(
        tmp_path / "big.gguf", MODEL.with_pair("tokenizer.ggml.tokens", ARRAY, (STRING, tokens)).encode()
    )
    await shelf_of(engine)  # the worker runs now
    started = time.perf_counter()
    rows = named((await shelf_of(engine, file)).weights)
    assert time.perf_counter() - started < 2, "half a second is promised; machines under test are slow"
    assert rows["big"].architecture == "llama"


def on_disk(file: str, quant: str, size: int = 1, kind: str = "model") -> WeightsRow:
    return WeightsRow(
        name=file.removesuffix(".gguf"),
        path=f"/cache/{file}",
        repo="acme/m",
        revision="c" * 40,
        sha256=None,
        verified=False,
        verification="no_reference",
        size_bytes=size,
        quant=quant,
        architecture="llama",
        parameters=1,
        context_length=1,
        source="hub",
        kind=kind,
    )


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("acme/m:UD-Q4_K_XL", "m-UD-Q4_K_XL.gguf"),
        ("acme/m:q4_k_m", "m-Q4_K_M.gguf"),
        ("acme/m:F16", "m-F16.gguf"),
        ("acme/m:Q8_0", "plain.gguf"),
        ("acme/m", "m-Q4_K_M.gguf"),
        ("acme/m/m-F16.gguf", "m-F16.gguf"),
        ("acme/m/mmproj-F16.gguf", "mmproj-F16.gguf"),
        ("acme/m:Q2_K", None),
        ("acme/other", None),
        ("acme/m@d", None),
    ],
)
def test_a_name_of_the_hub_finds_what_is_here(name: str, file: str | None) -> None:
    rows = [
        on_disk("m-Q4_K_M.gguf", "Q4_K_M"),
        on_disk("m-UD-Q4_K_XL.gguf", "Q4_K_M"),
        on_disk("m-F16.gguf", "F32"),
        on_disk("plain.gguf", "Q8_0"),
        on_disk("mmproj-F16.gguf", "F16", kind="mmproj"),
    ]
    hub = parse_hub_name(name)
    assert hub is not None
    found = choose_local(hub, rows)
    assert (found and os.path.basename(found.path)) == file


def test_without_the_usual_quant_the_smallest_of_four_bits_is_meant() -> None:
    rows = [
        on_disk("m-Q8_0.gguf", "Q8_0", 80),
        on_disk("m-Q5_0.gguf", "Q5_0", 50),
        on_disk("m-Q2_K.gguf", "Q2_K", 20),
    ]
    hub = parse_hub_name("acme/m")
    assert hub is not None
    found = choose_local(hub, rows)
    assert found is not None
    assert found.path == "/cache/m-Q5_0.gguf"
