"""Downloads: resumed, hashed, adopted whole or not at all, in a cache that other tools share."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import huggingface_hub
import pytest
from huggingface_hub import constants

from fakes import pulling
from fakes.fake_hub import FakeHub, FakeRepo, SparseFile
from fakes.pulling import REPO, Puller, sha256_of
from steelyard.core.base.errors import AppError
from steelyard.core.hub import transfer
from steelyard.core.hub.cache import PART_SUFFIX
from steelyard.core.hub.fetching import drop_parts
from steelyard.core.hub.pace import Pace
from steelyard.core.hub.progress import Stopped, Stopper
from steelyard.core.hub.removal import remove_from_cache
from steelyard.core.values.weights import WeightsRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakes.fake_hub import HubRequest

MIB = 1 << 20
NAME = "model-Q4_K_M.gguf"
PLAIN = "plain.dat"
SPLIT = [f"big-0000{number}-of-00003.gguf" for number in (1, 2, 3)]
WEIGHTS = SparseFile(6 * MIB + 5, seed=3, head=b"GGUF")
OTHER = SparseFile(2 * MIB + 9, seed=4, head=b"GGUF")
SHA256 = sha256_of(WEIGHTS)
LINE = 8 * MIB
"""Bytes a second, so that a stop hits the middle of the file."""


def _repo() -> FakeRepo:
    files: dict[str, Any] = {NAME: WEIGHTS, "other.gguf": OTHER, PLAIN: SparseFile(3 * MIB, seed=5)}
    files |= {name: SparseFile(MIB + number, seed=6 + number) for number, name in enumerate(SPLIT)}
    return FakeRepo(REPO, files)


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub(_repo()) as hub:
        yield hub
    huggingface_hub.close_session()


@pytest.fixture
def puller(hub: FakeHub, tmp_path: Path) -> Puller:
    return Puller(hub.url, tmp_path / "cache")


@pytest.fixture
def quick_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the pauses where many attempts are needed; the other tests have the real ones."""
    monkeypatch.setattr(transfer, "_FIRST_PAUSE_S", transfer._FIRST_PAUSE_S / 10)


def gets(hub: FakeHub, sha256: str = SHA256) -> list[HubRequest]:
    return hub.seen(sha256, "GET", "cdn")


def refused(puller: Puller, *names: str, **more: Any) -> str:
    with pytest.raises(AppError) as caught:
        puller.pull(*(names or (NAME,)), **more)
    line = caught.value.one_line()
    assert line.isprintable()
    assert "inside Steelyard" not in line
    return line


def check_is_whole(puller: Puller, sha256: str = SHA256, name: str = NAME) -> Path:
    """The file lies under its name with the right bytes, and nothing unfinished beside it."""
    (path,) = puller.folder().glob(f"snapshots/*/{name}")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    assert [left for left in puller.left() if PART_SUFFIX in left or ".new" in left] == []
    return path


# ---- resuming ----------------------------------------------------------------------------------------------


def test_pull_of_a_whole_file(hub: FakeHub, puller: Puller) -> None:
    (fetched,) = puller.pull(NAME)
    assert (fetched.sha256, fetched.size_bytes, fetched.had_reference) == (SHA256, WEIGHTS.size, True)
    assert (fetched.bytes_fetched, fetched.resumed_from_bytes) == (WEIGHTS.size, 0)
    assert fetched.path == check_is_whole(puller)
    assert [request.range for request in gets(hub)] == [None]
    (again,) = puller.pull(NAME)
    assert (again.bytes_fetched, again.resumed_from_bytes, again.path) == (0, WEIGHTS.size, fetched.path)
    assert len(gets(hub)) == 1


@pytest.mark.parametrize("seed", range(4))
def test_resume_after_stops_at_random_places_fetches_nothing_twice(
    hub: FakeHub, puller: Puller, seed: int
) -> None:
    hub.limit(LINE)
    dice = random.Random(seed)
    places = sorted(dice.randrange(1, WEIGHTS.size // 2) for _ in range(3))
    lengths: list[int] = []
    for place in places:
        if lengths and place <= lengths[-1]:
            continue
        lengths.append(puller.stopped_at(NAME, place))
        assert list(puller.folder().glob("snapshots/*/*.gguf")) == []
    hub.limit(None)
    (fetched,) = puller.pull(NAME)
    check_is_whole(puller)
    assert fetched.resumed_from_bytes == lengths[-1]
    assert fetched.bytes_fetched == WEIGHTS.size - lengths[-1]
    first, *rest = gets(hub)
    assert first.range is None
    assert [request.range for request in rest] == [f"bytes={length}-" for length in lengths]
    assert {request.headers["if-range"] for request in rest} == {f'"{_store_etag(hub)}"'}


def _store_etag(hub: FakeHub) -> str:
    repo = hub.repos[REPO]
    return repo.blob(repo.files, NAME).store_etag


def test_stop_while_the_line_is_silent_is_quick_and_keeps_what_came(hub: FakeHub, puller: Puller) -> None:
    hub.set_fault("stall", 50)
    stopper = Stopper()
    outcome: list[BaseException] = []

    def work() -> None:
        try:
            puller.pull_with(stopper, lambda _: None, NAME)
        except BaseException as exc:  # noqa: BLE001 - it is looked at below
            outcome.append(exc)

    thread = threading.Thread(target=work)
    thread.start()
    hub.wait_for(lambda: hub.sent_bytes(SHA256) >= WEIGHTS.size // 2)
    time.sleep(0.3)
    started = time.monotonic()
    stopper.stop()
    thread.join(10)
    assert time.monotonic() - started < 2
    assert isinstance(outcome[0], Stopped)
    hub.clear_faults()
    (fetched,) = puller.pull(NAME)
    assert fetched.resumed_from_bytes >= WEIGHTS.size // 2 - MIB
    check_is_whole(puller)


@pytest.mark.usefixtures("quick_pauses")
def test_bad_time_of_the_line_does_not_throw_away_what_is_there(hub: FakeHub, puller: Puller) -> None:
    """Four fruitless attempts, then all is well: the rest is fetched, and nothing else."""
    hub.limit(LINE)
    length = puller.stopped_at(NAME, 2 * MIB)
    hub.limit(None)
    for fault in ("file-portal", "zero-bytes", "link-expired", "file-503"):
        hub.set_fault(fault, times=1)
    (fetched,) = puller.pull(NAME)
    assert (fetched.resumed_from_bytes, fetched.bytes_fetched) == (length, WEIGHTS.size - length)
    assert [request.range for request in gets(hub)] == [None, *[f"bytes={length}-"] * 5]
    check_is_whole(puller)


def test_hub_that_is_gone_for_a_moment_in_mid_download_is_asked_again(hub: FakeHub, puller: Puller) -> None:
    hub.limit(LINE)
    puller.stopped_at(NAME, 2 * MIB)
    hub.limit(None)
    # The first answer is to the test's own question for the commit.
    hub.set_fault("status-503", times=1, skip=1)
    hub.set_fault("hang-up", times=1, where="resolve", match="/resolve/")
    (fetched,) = puller.pull(NAME)
    assert fetched.resumed_from_bytes >= 2 * MIB
    assert any("trying again" in note for note in puller.notes)


@pytest.mark.usefixtures("quick_pauses")
@pytest.mark.parametrize(
    "fault",
    [
        "range-ignored",
        "range-refused",
        "range-wrong-start",
        "range-lying-start",
        "range-wrong-total",
        "range-missing-header",
        "gzip-range",
        "extra-bytes",
    ],
)
def test_server_that_cannot_go_on_is_asked_for_the_whole(hub: FakeHub, puller: Puller, fault: str) -> None:
    hub.limit(LINE)
    length = puller.stopped_at(NAME, 2 * MIB)
    hub.limit(None)
    hub.set_fault(fault, times=None if fault.startswith("range") else 3)
    (fetched,) = puller.pull(NAME)
    check_is_whole(puller)
    ranges = [request.range for request in gets(hub)[1:]]
    assert ranges[0] == f"bytes={length}-"
    if fault.startswith("range"):
        assert ranges[-1] is None
        assert fetched.resumed_from_bytes == 0


def test_wrong_part_of_the_file_is_not_written(hub: FakeHub, puller: Puller) -> None:
    hub.limit(LINE)
    length = puller.stopped_at(NAME, 2 * MIB)
    hub.limit(None)
    hub.set_fault("range-wrong-start", times=1)
    (fetched,) = puller.pull(NAME)
    assert (fetched.resumed_from_bytes, fetched.bytes_fetched) == (length, WEIGHTS.size - length)
    check_is_whole(puller)


def test_changed_tag_begins_anew(hub: FakeHub, puller: Puller) -> None:
    hub.set_fault("etag-changed")
    (fetched,) = puller.pull(NAME)
    check_is_whole(puller)
    first, *rest = gets(hub)
    assert first.range is None
    assert rest[0].headers["if-range"]
    assert rest[0].status == 200
    assert fetched.bytes_fetched > WEIGHTS.size


def test_changed_content_is_never_spliced(hub: FakeHub, puller: Puller) -> None:
    hub.set_fault("file-changed")
    line = refused(puller)
    assert "not the one that the hub names" in line
    assert puller.left() == []
    hub.clear_faults()
    puller.pull(NAME)
    check_is_whole(puller)


@pytest.mark.parametrize("fault", ["etag-weak", "etag-missing"])
@pytest.mark.parametrize("name", [NAME, PLAIN])
def test_resume_without_a_strong_tag(hub: FakeHub, puller: Puller, fault: str, name: str) -> None:
    """With a hash the rest is fetched, since the hash decides; without one nothing would tell."""
    hub.set_fault(fault)
    hub.limit(LINE)
    length = puller.stopped_at(name, MIB)
    hub.limit(None)
    (fetched,) = puller.pull(name)
    assert fetched.resumed_from_bytes == (length if name == NAME else 0)
    content = hub.repos[REPO].files[name]
    assert isinstance(content, SparseFile)
    check_is_whole(puller, sha256_of(content), name)


def test_file_without_a_hash_resumes_by_its_tag(hub: FakeHub, puller: Puller) -> None:
    hub.limit(LINE)
    length = puller.stopped_at(PLAIN, MIB)
    hub.limit(None)
    (fetched,) = puller.pull(PLAIN)
    assert (fetched.resumed_from_bytes, fetched.had_reference) == (length, False)
    assert fetched.bytes_fetched == 3 * MIB - length


def test_random_cuts_cost_nothing(hub: FakeHub, puller: Puller) -> None:
    hub.set_fault("cut-random", seed=7)
    (fetched,) = puller.pull(NAME)
    assert fetched.bytes_fetched == WEIGHTS.size
    assert hub.sent_bytes(SHA256) == WEIGHTS.size
    check_is_whole(puller)


def test_links_that_lapse_in_mid_file_are_renewed(hub: FakeHub, puller: Puller) -> None:
    hub.limit(LINE)
    length = puller.stopped_at(NAME, 2 * MIB)
    hub.expire_links()
    hub.limit(None)
    assert puller.pull(NAME)[0].resumed_from_bytes == length
    check_is_whole(puller)


# ---- wrong bytes -------------------------------------------------------------------------------------------


def test_one_wrong_bit_is_healed_by_one_more_fetch(hub: FakeHub, puller: Puller) -> None:
    hub.set_fault("flip-once")
    (fetched,) = puller.pull(NAME)
    assert fetched.bytes_fetched == 2 * WEIGHTS.size
    assert any("content was wrong" in note for note in puller.notes)
    check_is_whole(puller)


def test_wrong_bit_that_stays_is_told_and_nothing_is_kept(hub: FakeHub, puller: Puller) -> None:
    hub.set_fault("flip-always")
    line = refused(puller)
    assert "not the one that the hub names" in line
    assert SHA256 in line
    assert puller.left() == []
    assert hub.sent_bytes(SHA256) == 2 * WEIGHTS.size


def test_part_that_has_rotted_is_found_by_the_hash(hub: FakeHub, puller: Puller) -> None:
    hub.limit(LINE)
    length = puller.stopped_at(NAME, 3 * MIB)
    hub.limit(None)
    with puller.part().open("r+b") as file:
        file.seek(length // 2)
        file.write(b"rot")
    (fetched,) = puller.pull(NAME)
    check_is_whole(puller)
    assert fetched.bytes_fetched == 2 * WEIGHTS.size - length


# ---- what an earlier transfer left -------------------------------------------------------------------------


def _rewrite_side(puller: Puller, **changes: Any) -> None:
    side = puller.side()
    side.write_text(json.dumps({**json.loads(side.read_text()), **changes}))


@pytest.mark.parametrize("changes", [{"sha256": "0" * 64}, {"size_bytes": 7}, {"sha256": None}])
def test_part_of_another_content_is_not_taken_over(
    hub: FakeHub, puller: Puller, changes: dict[str, Any]
) -> None:
    hub.limit(LINE)
    puller.stopped_at(NAME, 2 * MIB)
    hub.limit(None)
    _rewrite_side(puller, **changes)
    (fetched,) = puller.pull(NAME)
    assert (fetched.resumed_from_bytes, fetched.bytes_fetched) == (0, WEIGHTS.size)
    check_is_whole(puller)


def test_after_a_crash_of_the_machine_only_flushed_bytes_count(hub: FakeHub, puller: Puller) -> None:
    hub.limit(LINE)
    puller.stopped_at(NAME, 3 * MIB)
    hub.limit(None)
    _rewrite_side(puller, boot="another boot", flushed_bytes=MIB)
    (fetched,) = puller.pull(NAME)
    assert (fetched.resumed_from_bytes, fetched.bytes_fetched) == (MIB, WEIGHTS.size - MIB)
    check_is_whole(puller)


@pytest.mark.parametrize(
    "side",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"url": 5}',
        b"[" * 50_000,
        b'{"url":"","size_bytes":-1,"sha256":null,"etag":null,"flushed_bytes":-5,"boot":""}',
    ],
)
def test_damaged_side_file_costs_the_part_and_no_more(hub: FakeHub, puller: Puller, side: bytes) -> None:
    hub.limit(LINE)
    puller.stopped_at(NAME, 2 * MIB)
    hub.limit(None)
    puller.side().write_bytes(side)
    assert puller.pull(NAME)[0].bytes_fetched == WEIGHTS.size
    check_is_whole(puller)


def test_part_that_is_longer_than_the_file(hub: FakeHub, puller: Puller) -> None:
    hub.limit(LINE)
    puller.stopped_at(NAME, 2 * MIB)
    hub.limit(None)
    with puller.part().open("ab") as file:
        file.write(b"x" * WEIGHTS.size)
    assert puller.pull(NAME)[0].bytes_fetched == WEIGHTS.size  # its hash is wrong; it is fetched once more
    check_is_whole(puller)


def test_part_that_is_a_link_leads_nowhere(hub: FakeHub, puller: Puller, tmp_path: Path) -> None:
    hub.limit(LINE)
    puller.stopped_at(NAME, 2 * MIB)
    hub.limit(None)
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    part = puller.part()
    part.unlink()
    part.symlink_to(victim)
    refused(puller)
    assert victim.read_bytes() == b"precious"


def test_cancelled_download_leaves_nothing(hub: FakeHub, puller: Puller) -> None:
    hub.limit(LINE)
    puller.stopped_at(NAME, 2 * MIB)
    drop_parts(puller.cache, REPO, hub.repos[REPO].commit, [NAME])
    assert puller.left() == []


# ---- the disk ----------------------------------------------------------------------------------------------


def in_a_process(puller: Puller, *prefix: str) -> subprocess.Popen[bytes]:
    words = [sys.executable, pulling.__file__, puller.url, str(puller.cache), REPO, NAME]
    environment = {"PATH": os.environ["PATH"], "HOME": str(puller.cache.parent), "PYTHONPATH": _sources()}
    return subprocess.Popen([*prefix, *words], stdout=subprocess.PIPE, env=environment)


def _sources() -> str:
    import steelyard

    return str(Path(steelyard.__file__).parents[1])


def answer_of(process: subprocess.Popen[bytes]) -> Any:
    out, _ = process.communicate(timeout=60)
    return json.loads(out)


def needs_mounts() -> None:
    tried = subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("no mounts of our own here")


def mounted(words: str) -> list[str]:
    """Runs what follows after these words, in a mount namespace of its own."""
    return ["unshare", "-rm", "sh", "-c", f'{words} && exec "$@"', "sh"]


def test_space_is_reserved_before_the_first_byte(hub: FakeHub, puller: Puller) -> None:
    hub.limit(LINE)
    length = puller.stopped_at(NAME, MIB)
    assert length < WEIGHTS.size
    assert puller.part().stat().st_blocks * 512 >= WEIGHTS.size - 4096


def test_limit_on_file_sizes_refuses_before_the_first_byte(hub: FakeHub, puller: Puller) -> None:
    answer = answer_of(in_a_process(puller, "prlimit", f"--fsize={MIB}"))
    assert "not enough space" in answer["error"]
    assert gets(hub) == []
    assert puller.left() == []


def test_full_disk_refuses_before_the_first_byte(hub: FakeHub, puller: Puller) -> None:
    needs_mounts()
    puller.cache.mkdir()
    prefix = mounted(f"mount -t tmpfs -o size=4m none '{puller.cache}'")
    answer = answer_of(in_a_process(puller, *prefix))
    assert "not enough space on the disk" in answer["error"]
    assert "HF_HOME" in answer["error"]
    assert gets(hub) == []


def test_folder_that_cannot_be_written_is_named(hub: FakeHub, puller: Puller) -> None:
    needs_mounts()
    puller.cache.mkdir()
    place = puller.cache
    prefix = mounted(f"mount --bind '{place}' '{place}' && mount -o remount,ro,bind '{place}'")
    answer = answer_of(in_a_process(puller, *prefix))
    assert "cannot be written" in answer["error"]
    assert str(puller.cache) in answer["error"]
    assert "HF_HOME" in answer["error"]
    assert gets(hub) == []


# ---- several at once ---------------------------------------------------------------------------------------


def test_two_programs_fetch_one_file_once(hub: FakeHub, puller: Puller) -> None:
    hub.limit(3 * MIB)
    first = in_a_process(puller)
    hub.wait_for(lambda: hub.sent_bytes(SHA256) > 0, 20)
    second = in_a_process(puller)
    answers = [answer_of(process)[0] for process in (first, second)]
    assert [answer["bytes_fetched"] for answer in answers] == [WEIGHTS.size, 0]
    assert {answer["sha256"] for answer in answers} == {SHA256}
    assert hub.sent_bytes(SHA256) == WEIGHTS.size
    check_is_whole(puller)


def test_killed_program_is_followed_by_another(hub: FakeHub, puller: Puller) -> None:
    hub.limit(8 * MIB)
    process = in_a_process(puller)
    hub.wait_for(lambda: hub.sent_bytes(SHA256) > 3 * MIB, 20)
    process.kill()
    process.communicate()
    hub.limit(None)
    (fetched,) = puller.pull(NAME)
    assert fetched.resumed_from_bytes > MIB
    assert hub.sent_bytes(SHA256) - WEIGHTS.size <= 8 * MIB
    check_is_whole(puller)


def test_pace_is_common_to_all(hub: FakeHub, tmp_path: Path) -> None:
    pace = Pace(4 * MIB)
    pullers = [Puller(hub.url, tmp_path / f"cache-{number}", pace=pace) for number in range(2)]
    threads = [threading.Thread(target=puller.pull, args=("other.gguf",)) for puller in pullers]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = 2 * OTHER.size / (time.monotonic() - started)
    assert 1.5 * MIB < rate < 5.5 * MIB


# ---- other tools -------------------------------------------------------------------------------------------


def hubs_own(puller: Puller, name: str = NAME, **more: Any) -> Path:
    return Path(huggingface_hub.hf_hub_download(REPO, name, cache_dir=puller.cache, **more))


def hubs_own_in_a_process(hub: FakeHub, puller: Puller) -> Path:
    """Here the hub's client has our limits."""
    words = (
        "import huggingface_hub as h, sys; print(h.hf_hub_download(*sys.argv[1:3], cache_dir=sys.argv[3]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", words, REPO, NAME, puller.cache],
        env={**os.environ, "HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1"},
        capture_output=True,
        check=True,
    )
    return Path(done.stdout.decode().strip())


def warnings_of(puller: Puller) -> list[str]:
    return [str(warning) for warning in huggingface_hub.scan_cache_dir(puller.cache).warnings]


def test_hubs_own_tools_see_the_file(hub: FakeHub, puller: Puller) -> None:
    (fetched,) = puller.pull(NAME)
    assert hubs_own(puller, local_files_only=True) == fetched.path
    assert warnings_of(puller) == []
    hub.limit(4 * MIB)
    with pytest.raises(Stopped):
        puller.pull("other.gguf", stop_at=MIB)
    assert warnings_of(puller) == []
    (repo,) = huggingface_hub.scan_cache_dir(puller.cache).repos
    (revision,) = repo.revisions
    assert [file.file_name for file in revision.files] == [NAME]


def test_unfinished_file_disturbs_no_other_tool(hub: FakeHub, puller: Puller) -> None:
    """The hub's own tool completes a file of which a part of ours lies there; the part is dropped."""
    hub.limit(LINE)
    puller.stopped_at(NAME, 2 * MIB)
    hub.limit(None)
    assert warnings_of(puller) == []
    theirs = hubs_own_in_a_process(hub, puller)
    assert hashlib.sha256(theirs.read_bytes()).hexdigest() == SHA256
    (fetched,) = puller.pull(NAME)
    assert (fetched.path, fetched.sha256, fetched.bytes_fetched) == (theirs, SHA256, 0)
    check_is_whole(puller)


def test_part_of_another_tool_is_left_alone(hub: FakeHub, puller: Puller) -> None:
    blobs = puller.folder() / "blobs"
    blobs.mkdir(parents=True)
    theirs = blobs / f"{SHA256}.incomplete"
    theirs.write_bytes(b"half")
    puller.pull(NAME)
    assert theirs.read_bytes() == b"half"
    check_is_whole(puller)


@pytest.mark.parametrize("is_right", [True, False])
def test_blob_that_is_there_is_adopted_only_after_hashing(
    hub: FakeHub, puller: Puller, is_right: bool
) -> None:
    blobs = puller.folder() / "blobs"
    blobs.mkdir(parents=True)
    content = b"".join(WEIGHTS.piece(number) for number in range(7))
    wrong = content[:-1] + bytes([content[-1] ^ 1])
    (blobs / SHA256).write_bytes(content if is_right else wrong)
    (fetched,) = puller.pull(NAME)
    assert fetched.bytes_fetched == (0 if is_right else WEIGHTS.size)
    assert fetched.sha256 == SHA256
    check_is_whole(puller)


def test_parts_of_a_set(hub: FakeHub, puller: Puller) -> None:
    fetched = puller.pull(*SPLIT)
    assert [file.path.name for file in fetched] == SPLIT
    assert [file.size_bytes for file in fetched] == [MIB, MIB + 1, MIB + 2]
    assert all(file.had_reference for file in fetched)


def test_new_commit_between_two_parts_changes_nothing(hub: FakeHub, puller: Puller) -> None:
    repo = hub.repos[REPO]
    commit, files = repo.commit, repo.files
    puller.pull(SPLIT[0], revision=commit)
    repo.advance("c" * 40, dict.fromkeys(SPLIT, OTHER))
    fetched = puller.pull(*SPLIT, revision=commit)
    assert [file.sha256 for file in fetched] == [repo.blob(files, name).sha256 for name in SPLIT]
    assert {file.path.parent.name for file in fetched} == {commit}


# ---- removing ----------------------------------------------------------------------------------------------


def _row(*paths: Path) -> WeightsRow:
    return WeightsRow(
        name="model",
        path=str(paths[0]),
        repo=REPO,
        revision=None,
        sha256=None,
        verified=True,
        verification="verified",
        size_bytes=1,
        quant=None,
        architecture=None,
        parameters=None,
        context_length=None,
        source="hub",
        parts=[str(path) for path in paths] if len(paths) > 1 else [],
    )


def test_removal_leaves_other_revisions(
    hub: FakeHub, puller: Puller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(puller.cache))
    (old,) = puller.pull(NAME)
    hub.repos[REPO].advance("c" * 40, {NAME: OTHER, "other.gguf": WEIGHTS})
    (new,) = puller.pull(NAME)
    (twin,) = puller.pull("other.gguf")  # the old content under another name
    assert old.path != new.path
    blobs, freed = remove_from_cache(_row(old.path))
    assert freed == WEIGHTS.size
    assert [Path(blob).name for blob in blobs] == [SHA256]
    assert (os.path.lexists(old.path), os.path.lexists(twin.path)) == (False, False)
    check_is_whole(puller, sha256_of(OTHER))
    assert warnings_of(puller) == []
    remove_from_cache(_row(new.path))
    assert puller.left() == []
    assert warnings_of(puller) == []


def test_removal_of_a_set_beside_an_unfinished_file(
    hub: FakeHub, puller: Puller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(puller.cache))
    fetched = puller.pull(*SPLIT)
    hub.limit(LINE)
    length = puller.stopped_at(NAME, 2 * MIB)
    hub.limit(None)
    _, freed = remove_from_cache(_row(*(file.path for file in fetched)))
    assert freed == 3 * MIB + 3
    assert warnings_of(puller) == []
    assert puller.pull(NAME)[0].resumed_from_bytes == length
