"""Battery G. Damaged, foreign, hostile files as weights: one clear line each, quickly; the starter goes on.

Headers are read as the app reads them: by the process that is there for it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import struct
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import psutil
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.gguf_files import ARRAY, F32, MALFORMED, STRING, U32, Gguf, text, tiny_model, write_all
from steelyard.core.base.errors import AppError
from steelyard.core.base.paths import shared_weights_folder
from steelyard.core.control.owner import OwnedEngine
from steelyard.core.gguf.reading import HeaderReader
from steelyard.core.hub.library import starter_facts
from steelyard.core.values import commands as c
from steelyard.core.values.prompt import Sampling
from steelyard.core.values.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from steelyard.core.base.paths import Home
    from steelyard.core.gguf.header import GgufHeader
    from steelyard.core.values.comparison import Comparison
    from steelyard.core.values.run import Run

in_the_engine = pytest.mark.asyncio(loop_scope="module")

HEADER_S = 1.5
"""What reading a header may take; it takes milliseconds."""
SMALL = ServerSettings(threads=1, context_tokens=512, load_stall_s=3.0)
# What only the engine can judge: our reader looks at the structure, not at the meaning.
NOT_FOR_THE_READER = {
    "g08-no-tensors",
    "g19-alignment-int32",
    "g20-unknown-architecture",
    "g20-empty-architecture",
    "g20-architecture-is-a-number",
    "g25-overlapping",
    "g25-unaligned",
    "g27-long-tensor-name",
    "g27-duplicate-tensor",
    "g29-block-count-10-9",
    "g29-block-count-513",
    "g29-block-count-2",
    "g29-head-count-0",
    "g29-embedding-0",
    "g29-no-vocabulary",
    "g29-unknown-tokenizer",
    "g35-first-shard-alone",
    "g36-projector",
}
WHY = {
    "g01-empty": "empty",
    "g03-html": "HTML page",
    "g04-lfs-pointer": "git-lfs pointer",
    "g06-version-99": "version 99",
    "g07-big-endian": "big-endian",
    "g08-header-only": "cut off",
    "g20-unknown-architecture": "unknown model architecture",
    "g26-cut-at-50-percent": "cut off",
    "g26-last-byte-missing": "cut off",
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_all(tmp_path_factory.mktemp("g"))


@pytest.fixture(scope="module")
def odd_places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Paths that are no regular files at all."""
    folder = tmp_path_factory.mktemp("odd")
    places = {
        name: folder / f"{name}.gguf" for name in ("fifo", "folder", "dangling", "loop", "passwd", "missing")
    }
    os.mkfifo(places["fifo"])
    places["folder"].mkdir()
    places["dangling"].symlink_to(folder / "nowhere")
    places["loop"].symlink_to(places["loop"])
    places["passwd"].symlink_to("/etc/passwd")
    places["device"] = Path("/dev/zero")
    places["long"] = folder / ("x" * 4000 + ".gguf")
    places["too-long"] = Path("/" + "y/" * 3000 + "z.gguf")
    places["control"] = folder / "a\x1b[31m\nb.gguf"
    places["control"].write_bytes(b"nor these")
    yield places
    places["fifo"].unlink()


@pytest.fixture(scope="module")
def reader() -> Iterator[HeaderReader]:
    reader = HeaderReader()
    yield reader
    reader.close()
    assert _workers() == []


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("good") / "tiny.gguf"
    path.write_bytes(tiny_model().encode())
    return path


def _workers() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "worker.py" in " ".join(child.cmdline())]


def starter_path() -> Path:
    return shared_weights_folder() / starter_facts().file


def refusal(reader: HeaderReader, path: Path) -> str:
    started = time.monotonic()
    with pytest.raises(AppError) as caught:
        reader.read(path)
    assert time.monotonic() - started < HEADER_S
    return caught.value.one_line()


def tried(read: Callable[[], GgufHeader | None]) -> tuple[GgufHeader | None, str]:
    """The header, or the line that tells why there is none."""
    try:
        return read(), ""
    except AppError as exc:
        return None, exc.one_line()


def test_tiny_model_is_read(reader: HeaderReader, good: Path) -> None:
    header = reader.read(good)
    assert (header.architecture, header.context_length, header.quant) == ("llama", 512, "F32")
    assert header.data_end == good.stat().st_size


@pytest.mark.parametrize("name", [name for name in MALFORMED if name not in NOT_FOR_THE_READER])
def test_reader_refuses(name: str, files: dict[str, Path], reader: HeaderReader) -> None:
    line = refusal(reader, files[name])
    assert files[name].name in line
    assert WHY.get(name, "") in line
    assert line.isprintable()
    assert len(line) < 400


@pytest.mark.parametrize(
    "place", ["fifo", "folder", "dangling", "loop", "passwd", "missing", "device", "long"]
)
def test_reader_refuses_what_is_no_file(
    place: str, odd_places: dict[str, Path], reader: HeaderReader
) -> None:
    assert refusal(reader, odd_places[place]).isprintable()


@pytest.mark.parametrize("name", list(MALFORMED))
def test_reader_of_a_beginning_never_fails_otherwise(
    name: str, files: dict[str, Path], reader: HeaderReader
) -> None:
    """What came of a file on the hub so far."""
    header, line = tried(lambda: reader.read_prefix(files[name]))
    assert header is None or header.data_end >= 0
    assert line.isprintable()


@pytest.mark.parametrize("share", [0.0001, 0.01, 0.5, 0.99, 1.0])
def test_cut_starter_is_refused(share: float, tmp_path: Path, reader: HeaderReader) -> None:
    cut = _cut_starter(tmp_path, share)
    line = refusal(reader, cut)
    assert "cut off" in line or "ends inside its header" in line


HOSTILE_HEADS: dict[str, bytes] = {
    "many-empty-strings": text("k") + struct.pack("<IIQ", ARRAY, STRING, 2**24),
    "many-empty-arrays": text("k") + struct.pack("<IIQ", ARRAY, ARRAY, 2**23),
    "one-huge-string": text("k") + struct.pack("<IQ", STRING, 200 << 20),
    "one-huge-array": text("k") + struct.pack("<IIQ", ARRAY, U32, 50 << 20),
}


@pytest.mark.parametrize("name", [*HOSTILE_HEADS, "many-tensors"])
def test_sparse_terabyte_costs_neither_time_nor_memory(name: str, tmp_path: Path, good: Path) -> None:
    path = tmp_path / "sparse.gguf"
    counts = (999_999, 0) if name == "many-tensors" else (1, 2)
    path.write_bytes(struct.pack("<4sIQQ", b"GGUF", 3, *counts) + HOSTILE_HEADS.get(name, b""))
    os.truncate(path, 1 << 40)
    reader = HeaderReader()
    try:
        reader.read(good)
        (worker,) = _new_workers(reader)
        before = _peak_bytes(worker.pid)
        refusal(reader, path)
        assert _new_workers(reader) == [worker]
        assert _peak_bytes(worker.pid) - before < 128 << 20
    finally:
        reader.close()


def _new_workers(reader: HeaderReader) -> list[psutil.Process]:
    """The process of this reader; another one may run beside it."""
    assert reader._worker is not None
    return [worker for worker in _workers() if worker.pid == reader._worker.pid]


# ---- the process that reads --------------------------------------------------------------------------------


def test_reading_goes_on_after_the_process_was_killed(good: Path) -> None:
    reader = HeaderReader()
    try:
        reader.read(good)
        (first,) = _new_workers(reader)
        first.kill()
        first.wait(5)
        assert reader.read(good).architecture == "llama"
        assert _new_workers(reader) != [first]
    finally:
        reader.close()


def test_process_that_is_killed_while_it_reads_costs_one_file(good: Path) -> None:
    reader = HeaderReader()
    try:
        reader.read(good)
        (worker,) = _new_workers(reader)
        worker.send_signal(signal.SIGSTOP)
        killer = threading.Timer(0.3, worker.kill)
        killer.start()
        line = refusal(reader, good)
        killer.join()
        assert "reading its header failed" in line
        assert reader.read(good).architecture == "llama"
    finally:
        reader.close()


def test_process_that_hangs_is_replaced(good: Path) -> None:
    reader = HeaderReader(patience_s=0.5)
    try:
        reader.read(good)
        (worker,) = _new_workers(reader)
        worker.send_signal(signal.SIGSTOP)
        assert "took longer" in refusal(reader, good)
        assert reader.read(good).architecture == "llama"
        assert not worker.is_running()
    finally:
        reader.close()


def test_readers_in_many_threads_share_one_process(reader: HeaderReader, good: Path) -> None:
    found: list[str | None] = []
    threads = [
        threading.Thread(target=lambda: found.append(reader.read(good).architecture)) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["llama"] * 16
    assert len(_workers()) == 1


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
@given(
    changes=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), min_size=1, max_size=8),
    cut=st.none() | st.integers(0, 4000),
    inserted=st.binary(max_size=16),
)
def test_mutations_of_a_good_file_harm_nobody(
    reader: HeaderReader,
    good: Path,
    tmp_path: Path,
    changes: list[tuple[int, int]],
    cut: int | None,
    inserted: bytes,
) -> None:
    data = bytearray(good.read_bytes())
    for place, byte in changes:
        data[place % len(data)] = byte
    if cut is not None:
        data[cut:cut] = inserted
    path = tmp_path / "mutant.gguf"
    path.write_bytes(data)
    started = time.monotonic()
    header, line = tried(lambda: reader.read(path))
    assert header is None or header.data_end <= len(data)
    assert (header is None) == bool(line)
    assert line.isprintable()
    assert "took longer" not in line
    assert time.monotonic() - started < HEADER_S
    assert reader.read(good).architecture == "llama"


# ---- through the engine ------------------------------------------------------------------------------------


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(module_home: Home) -> AsyncIterator[OwnedEngine]:
    engine = OwnedEngine(module_home, "command")
    await engine.start()
    settings = await engine.execute(c.ReadSettings(), "t")
    await engine.execute(c.SaveSettings(settings=msgspec.structs.replace(settings, servers=SMALL)), "t")
    yield engine
    await engine.stop(10)
    assert _children() == []


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def compared(
    engine: OwnedEngine, files: dict[str, Path], odd_places: dict[str, Path]
) -> tuple[Comparison, list[str]]:
    """The starter between all malformed files, in one comparison."""
    bad = {**files, **odd_places}
    names = list(bad)
    targets = [*(str(bad[name]) for name in names[:30]), "starter", *(str(bad[name]) for name in names[30:])]
    names.insert(30, "starter")
    command = c.StartComparison(
        targets=targets, prompt="Say hello", sampling=Sampling(max_tokens=4), warm_up=0
    )
    result = await asyncio.wait_for(engine.execute(command, "battery"), 120)
    return result, names


ODD = [
    "fifo",
    "folder",
    "dangling",
    "loop",
    "passwd",
    "missing",
    "device",
    "long",
    "too-long",
    "control",
]


@in_the_engine
@pytest.mark.parametrize("name", [*MALFORMED, *ODD])
async def test_bad_file_is_a_result_in_its_column(name: str, compared: tuple[Comparison, list[str]]) -> None:
    result, names = compared
    run = result.runs[names.index(name)]
    assert run.finish_reason == "error"
    line = line_of(run)
    assert WHY.get(name, "") in line
    assert (run.text, run.usage.completion_tokens, run.timing.e2e_ms) == ("", None, None)


@in_the_engine
async def test_starter_goes_on_between_bad_files(compared: tuple[Comparison, list[str]]) -> None:
    result, names = compared
    assert len(result.runs) == len(names)
    run = result.runs[names.index("starter")]
    assert (run.error, run.finish_reason, run.usage.completion_tokens) == (None, "length", 4)


@in_the_engine
async def test_no_server_of_a_bad_file_is_left(
    engine: OwnedEngine, compared: tuple[Comparison, list[str]]
) -> None:
    assert compared
    rows = await engine.execute(c.ListServers(), "t")
    assert [row.name for row in rows if row.state == "ready"] == ["starter"]
    assert {row.pid for row in rows if row.pid} == {child.pid for child in _children()}


@in_the_engine
async def test_engine_failures_name_the_engines_own_reason(compared: tuple[Comparison, list[str]]) -> None:
    """ "It ended with code 1 … exiting due to model loading error" is no reason."""
    result, names = compared
    vague = [
        name
        for name, run in zip(names, result.runs, strict=True)
        if run.error and ("exiting due to model loading error" in run.error.detail or not run.error.hint)
    ]
    assert vague == []


async def run_file(engine: OwnedEngine, folder: Path, model: Gguf, limit_s: float = 30) -> Run:
    path = folder / "model.gguf"
    path.write_bytes(model.encode())
    command = c.StartRun(target=str(path), prompt="hi", sampling=Sampling(max_tokens=4))
    return await asyncio.wait_for(engine.execute(command, "t"), limit_s)


@in_the_engine
async def test_tiny_model_answers(engine: OwnedEngine, tmp_path: Path) -> None:
    run = await run_file(engine, tmp_path, tiny_model())
    assert run.error is None
    assert 1 <= (run.usage.completion_tokens or 0) <= 4  # its weights are noise: the end may come early


@in_the_engine
async def test_file_with_hostile_words_in_it_steers_no_terminal(engine: OwnedEngine, tmp_path: Path) -> None:
    hostile = "\x1b[31mevil\r\n\u202e<b>"
    run = await run_file(engine, tmp_path, tiny_model().with_pair("general.architecture", STRING, hostile))
    assert "unknown model architecture" in line_of(run)


@in_the_engine
async def test_template_that_never_ends_does_not_load_for_ever(engine: OwnedEngine, tmp_path: Path) -> None:
    settings = await engine.execute(c.ReadSettings(), "t")
    hasty = msgspec.structs.replace(SMALL, load_stall_s=1.0)
    await engine.execute(c.SaveSettings(settings=msgspec.structs.replace(settings, servers=hasty)), "t")
    template = "{% for i in range(1000000000) %}x{% endfor %}"
    started = time.monotonic()
    run = await run_file(
        engine, tmp_path, tiny_model().with_pair("tokenizer.chat_template", STRING, template), 60
    )
    assert run.finish_reason == "error"
    line_of(run)
    assert time.monotonic() - started < 45
    assert [child for child in _children() if str(tmp_path) in " ".join(child.cmdline())] == []
    await engine.execute(c.SaveSettings(settings=settings), "t")


@in_the_engine
@pytest.mark.parametrize(
    ("key", "kind", "content"),
    [
        ("tokenizer.chat_template", STRING, "{% if %}{{ }}{% endfor"),
        ("llama.attention.layer_norm_rms_epsilon", F32, float("nan")),
        ("llama.context_length", U32, 0),
    ],
)
async def test_model_that_the_engine_chokes_on_is_told_as_such(
    engine: OwnedEngine, tmp_path: Path, key: str, kind: int, content: Any
) -> None:
    run = await run_file(engine, tmp_path, tiny_model().with_pair(key, kind, content))
    assert run.finish_reason == "error"
    line = line_of(run)
    assert "exiting due to" not in line
    assert "Server disconnected without sending a response" not in line  # a crash is to be called one


@in_the_engine
@pytest.mark.parametrize("name", [b"a\0b.gguf", b"\xff\xfe.gguf", b"ok-\xff.gguf"])
async def test_path_that_is_no_text_harms_nobody(engine: OwnedEngine, tmp_path: Path, name: bytes) -> None:
    """Linux lets names be any bytes. Good weights may run under such a name, or be refused; nothing else."""
    path = str(tmp_path / os.fsdecode(name))
    if b"\0" not in name:
        Path(path).write_bytes(tiny_model().encode() if name.startswith(b"ok") else b"nonsense")
    command = c.StartComparison(
        targets=[path, "starter"], prompt="hi", sampling=Sampling(max_tokens=2), warm_up=0
    )
    result = await asyncio.wait_for(engine.execute(command, "t"), 30)
    assert (result.runs[1].error, result.runs[1].finish_reason) == (None, "length")
    if not name.startswith(b"ok"):
        assert result.runs[0].finish_reason == "error"
        line_of(result.runs[0])
    msgspec.json.encode(result)


def line_of(run: Run) -> str:
    assert run.error is not None
    assert run.error.title
    assert run.error.detail, run.error
    line = AppError(run.error.title, run.error.detail, run.error.hint).one_line()
    assert line.isprintable()
    assert len(line) < 600, line
    assert "inside Steelyard" not in line
    return line


def _cut_starter(folder: Path, share: float) -> Path:
    """The head of the starter, then a hole up to where it is cut; 1.0 lacks the last byte."""
    whole = starter_path()
    size = max(int(whole.stat().st_size * share) - (share == 1.0), 100)
    cut = folder / "cut.gguf"
    with whole.open("rb") as source:
        cut.write_bytes(source.read(min(size, 8 << 20)))
    os.truncate(cut, size)
    return cut


def _children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children(recursive=True) if "llama" in child.name()]


def _peak_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))
