"""`models …` from outside: a hub on this machine, the real command line, folders of other tools, kill -9."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import huggingface_hub
import pytest

from fakes.fake_hub import TOKEN, TOKEN_WITHOUT_ACCESS, FakeHub, FakeRepo, SparseFile
from fakes.gguf_files import tiny_model
from fakes.pulling import sha256_of

from .harness import error_of, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .harness import Cli, Done, Running

MIB = 1 << 20
TINY = tiny_model().encode()
TINY_SHA256 = hashlib.sha256(TINY).hexdigest()
REPO, NAME = "org/first", "model-Q4_K_M.gguf"
WEIGHTS = SparseFile(24 * MIB + 7, seed=3, head=TINY)
SHA256 = sha256_of(WEIGHTS)
SILENCE_S = 2.5
"""A pull that got nothing for so long is killed where it stands."""
SPLIT = ["big-Q8_0-00001-of-00002.gguf", "big-Q8_0-00002-of-00002.gguf"]
NUMBER_OR_NONE, TEXT_OR_NONE = (int, float, type(None)), (str, type(None))
FOUND = {
    "repo": str,
    "downloads": int,
    "likes": int,
    "updated_at": TEXT_OR_NONE,
    "gated": bool,
    "licence": TEXT_OR_NONE,
    "parameters": NUMBER_OR_NONE,
    "architecture": TEXT_OR_NONE,
    "context_length": NUMBER_OR_NONE,
}
FILE = {
    "name": str,
    "parts": list,
    "size_bytes": int,
    "quant": TEXT_OR_NONE,
    "bits_per_weight": NUMBER_OR_NONE,
    "sha256": TEXT_OR_NONE,
}
FIT = {
    "verdict": str,
    **dict.fromkeys(
        [
            "ctx",
            "parallel",
            "weights_bytes",
            "kv_bytes",
            "compute_bytes",
            "overhead_bytes",
            "total_bytes",
            "layers",
            "header_bytes_read",
        ],
        int,
    ),
    "layers_on_gpu": NUMBER_OR_NONE,
    "devices": list,
    "basis": str,
}
PULLED = {
    "path": str,
    "sha256": str,
    "size_bytes": int,
    "bytes_fetched": int,
    "resumed_from_bytes": int,
}
LISTED = {
    "name": str,
    "path": str,
    "repo": TEXT_OR_NONE,
    "revision": TEXT_OR_NONE,
    "sha256": TEXT_OR_NONE,
    "verified": bool,
    "verification": str,
    "size_bytes": int,
    "quant": TEXT_OR_NONE,
    "architecture": TEXT_OR_NONE,
    "parameters": NUMBER_OR_NONE,
    "context_length": NUMBER_OR_NONE,
    "source": str,
}


def check_keys(document: dict[str, Any], shape: dict[str, Any]) -> None:
    """All keys of the contract, each of its type; others may be added."""
    for name, kind in shape.items():
        assert name in document, name
        assert isinstance(document[name], kind), (name, document[name])


@pytest.fixture(scope="module")
def hub() -> Iterator[FakeHub]:
    gguf = {"total": 50_000, "architecture": "llama", "context_length": 512}
    split = {name: SparseFile(MIB + at, seed=9 + at, head=TINY) for at, name in enumerate(SPLIT)}
    repos = [
        FakeRepo(REPO, {NAME: WEIGHTS, "tiny-F16.gguf": TINY, **split}, gguf=gguf, downloads=900, likes=7),
        FakeRepo("org/gated", {"secret-Q4_0.gguf": TINY}, gated="manual", licence="gemma", downloads=800),
        FakeRepo("other/third-GGUF", {"c-Q8_0.gguf": TINY}, licence=None, downloads=700),
    ]
    with FakeHub(*repos) as hub:
        yield hub


@pytest.fixture
def shop(hub: FakeHub, cli: Cli) -> Iterator[Cli]:
    """A command line whose hub is the fake one, with a cache of its own."""
    cli.environment |= {"HF_ENDPOINT": hub.url, "HF_HOME": str(cli.home / "hf")}
    hub.forget_requests()
    yield cli
    hub.clear_faults()
    hub.limit(None)


def cache_of(cli: Cli) -> Path:
    return cli.home / "hf" / "hub"


def listed(cli: Cli, *words: str, **environment: str) -> list[dict[str, Any]]:
    """Everything but the starter."""
    document = cli.json("models", "list", *words, **environment)
    return [row for row in document["weights"] if row["source"] != "starter"]


def refusal(done: Done, code: int = 1) -> str:
    assert done.code == code, (done.out, done.err)
    error = error_of(done)
    return f"{error['title']}: {error['detail']} {error['hint']}"


# ---- what the contract says --------------------------------------------------------------------------------


def test_search(hub: FakeHub, shop: Cli) -> None:
    results = shop.json("models", "search", "org")["results"]
    assert [row["repo"] for row in results] == [REPO, "org/gated"]
    for row in results:
        check_keys(row, FOUND)
    assert (results[0]["parameters"], results[0]["architecture"], results[0]["licence"]) == (
        50_000,
        "llama",
        "apache-2.0",
    )
    assert results[1]["gated"] is True
    assert len(shop.json("models", "search", "", "--limit", "2")["results"]) == 2
    assert shop.json("models", "search", "nothing-like-that")["results"] == []


def test_files(hub: FakeHub, shop: Cli) -> None:
    document = shop.json("models", "files", REPO)
    assert (document["repo"], document["revision"]) == (REPO, hub.repos[REPO].commit)
    for row in document["files"]:
        check_keys(row, FILE)
    files = {row["name"]: row for row in document["files"]}
    assert set(files) == {NAME, "tiny-F16.gguf", "big-Q8_0.gguf"}
    assert (files[NAME]["sha256"], files[NAME]["quant"], files[NAME]["parts"]) == (SHA256, "Q4_K_M", [NAME])
    assert files["big-Q8_0.gguf"]["parts"] == SPLIT
    assert "no such revision" in refusal(shop("models", "files", REPO, "--revision", "nope", "--json"))
    assert "not" in refusal(shop("models", "files", "org/nothing", "--json"))


def test_fit(hub: FakeHub, shop: Cli) -> None:
    document = shop.json("models", "fit", f"{REPO}/tiny-F16.gguf", "--ctx", "512")
    check_keys(document, FIT)
    assert document["ctx"] == 512
    assert document["verdict"] in ("fits", "tight", "partial", "cpu", "wont_fit")
    sizes = ("weights_bytes", "kv_bytes", "compute_bytes", "overhead_bytes")
    assert document["total_bytes"] == sum(document[name] for name in sizes)
    assert 0 < document["header_bytes_read"] <= 64_000_000
    assert hub.sent_bytes(TINY_SHA256) <= 64_000_000
    assert listed(shop) == []


def test_pull_list_verify_rm(hub: FakeHub, shop: Cli) -> None:
    pulled = shop.json("models", "pull", REPO)  # Q4_K_M is the usual choice
    check_keys(pulled, PULLED)
    assert (pulled["sha256"], pulled["size_bytes"]) == (SHA256, WEIGHTS.size)
    assert (pulled["bytes_fetched"], pulled["resumed_from_bytes"]) == (WEIGHTS.size, 0)
    assert pulled["verified"] is True
    assert hashlib.sha256(Path(pulled["path"]).read_bytes()).hexdigest() == SHA256
    again = shop.json("models", "pull", f"{REPO}:Q4_K_M")
    assert (again["bytes_fetched"], again["path"]) == (0, pulled["path"])

    (row,) = listed(shop)
    check_keys(row, LISTED)
    assert (row["path"], row["source"], row["repo"]) == (pulled["path"], "hub", REPO)
    assert (row["verification"], row["verified"], row["sha256"]) == ("verified", True, SHA256)
    assert row["revision"] == hub.repos[REPO].commit

    assert shop.json("models", "verify", "--all") == {"checked": 2, "bad": []}
    path = Path(pulled["path"]).resolve()
    times = path.stat()
    with path.open("r+b") as file:
        file.seek(12 * MIB)
        file.write(b"rotten")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    done = shop("models", "verify", row["name"], "--json")
    assert done.code == 1
    (bad,) = done.document["bad"]
    assert (bad["name"], bad["expected"]) == (row["name"], SHA256)
    assert bad["found"] not in (None, SHA256)
    assert listed(shop)[0]["verification"] == "mismatch"
    assert "not" in refusal(shop("run", f"{REPO}:Q4_K_M", "hi", "--json"))

    healed = shop.json("models", "pull", REPO)
    assert healed["bytes_fetched"] == WEIGHTS.size
    assert listed(shop)[0]["verification"] == "verified"

    removal = shop.json("models", "rm", row["name"])
    assert removal["freed_bytes"] == WEIGHTS.size
    assert listed(shop) == []
    assert [path for path in cache_of(shop).rglob("*") if path.is_file() and ".locks" not in path.parts] == []
    assert not huggingface_hub.scan_cache_dir(cache_of(shop)).warnings


def test_pull_of_a_split_set(hub: FakeHub, shop: Cli) -> None:
    pulled = shop.json("models", "pull", f"{REPO}/big-Q8_0.gguf")
    assert pulled["size_bytes"] == 2 * MIB + 1
    assert pulled["bytes_fetched"] == pulled["size_bytes"]
    (row,) = listed(shop)
    assert (row["verification"], row["size_bytes"]) == ("verified", 2 * MIB + 1)


@pytest.mark.parametrize(
    "name", [REPO, f"https://huggingface.co/{REPO}/blob/main/tiny-F16.gguf", f"hf.co/{REPO}:F16"]
)
def test_every_kind_of_name_is_understood(hub: FakeHub, shop: Cli, name: str) -> None:
    pulled = shop.json("models", "pull", name)
    assert pulled["sha256"] in (SHA256, TINY_SHA256)


def test_import_reads_in_place(shop: Cli, tmp_path: Path) -> None:
    mine = tmp_path / "mine.gguf"
    mine.write_bytes(TINY)
    before = mine.stat()
    (added,) = shop.json("models", "import", str(mine))["weights"]
    check_keys(added, LISTED)
    (row,) = listed(shop)
    assert (row["source"], row["path"], row["verification"]) == ("file", str(mine), "no_reference")
    assert shop.json("models", "rm", "mine")["freed_bytes"] == 0
    assert listed(shop) == []
    assert (mine.read_bytes(), mine.stat().st_mtime_ns) == (TINY, before.st_mtime_ns)
    (tmp_path / "bad.gguf").write_bytes(b"<html>")
    assert "HTML" in refusal(shop("models", "import", str(tmp_path / "bad.gguf"), "--json"))


# ---- access ------------------------------------------------------------------------------------------------


def test_gated_repository(hub: FakeHub, shop: Cli) -> None:
    words = refusal(shop("models", "pull", "org/gated", "--json"))
    assert "gated" in words
    assert "HF_TOKEN" in words
    assert "gated" in refusal(shop("models", "pull", "org/gated", "--json", HF_TOKEN=TOKEN_WITHOUT_ACCESS))
    done = shop("models", "pull", "org/gated", "--json", HF_TOKEN="hf_wrong")
    assert "refuses the token" in refusal(done)
    assert "hf_wrong" not in done.out + done.err
    pulled = shop.json("models", "pull", "org/gated", HF_TOKEN=TOKEN)
    assert pulled["sha256"] == TINY_SHA256
    assert [request for request in hub.seen(origin="cdn") if request.has_authorization] == []
    for path in shop.home.rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes()


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"HF_ENDPOINT": "http://127.0.0.1:9"}, "cannot be reached"),
        ({"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE is set"),
        ({"HF_ENDPOINT": "   ", "HTTPS_PROXY": "http://127.0.0.1:9"}, "https://huggingface.co"),
        ({"HF_ENDPOINT": "nonsense"}, "HF_ENDPOINT is no http or https address"),
        ({"HF_ENDPOINT": "ftp://hub.example"}, "HF_ENDPOINT is no http or https address"),
        ({"HF_ENDPOINT": "https://me:secret@hub.example"}, "HF_ENDPOINT is no http or https address"),
    ],
)
def test_without_a_hub_what_is_here_stays_usable(
    shop: Cli, environment: dict[str, str], words: str, tmp_path: Path
) -> None:
    started = time.monotonic()
    done = shop("models", "search", "llama", "--json", **environment)
    assert words in refusal(done)
    assert "secret" not in done.err
    assert time.monotonic() - started < 10
    assert words in refusal(shop("models", "pull", REPO, "--json", **environment))
    (tmp_path / "tiny.gguf").write_bytes(TINY)
    (row,) = listed(shop, str(tmp_path), **environment)
    assert row["path"] == str(tmp_path / "tiny.gguf")


# ---- interrupted -------------------------------------------------------------------------------------------


def test_ctrl_c_pauses_and_the_next_pull_goes_on(hub: FakeHub, shop: Cli) -> None:
    hub.limit(12 * MIB)
    pull = shop.start("models", "pull", REPO, "--json")
    wait_until(lambda: hub.sent_bytes(SHA256) > 6 * MIB, what="half a file")
    started = time.monotonic()
    pull.send(signal.SIGINT)
    done = pull.done()
    assert time.monotonic() - started < 5
    assert done.code == 130
    assert error_of(done)["title"] == "Stopped"
    assert listed(shop) == []
    hub.limit(None)
    pulled = shop.json("models", "pull", REPO)
    assert pulled["sha256"] == SHA256
    assert pulled["resumed_from_bytes"] >= 5 * MIB
    assert pulled["bytes_fetched"] == WEIGHTS.size - pulled["resumed_from_bytes"]


HARMLESS = [("cut-random", None), ("reset", None), ("file-503", 1), ("link-expired", 1)]
LYING = [
    ("range-ignored", 1),
    ("etag-changed", None),
    ("stall", None),
    ("flip-once", None),
    ("range-wrong-start", 1),
    ("chunked-cut", 1),
    ("length-too-big", 1),
    ("file-portal", 1),
]


@pytest.mark.parametrize("faults", [HARMLESS, LYING], ids=["cuts", "lies"])
def test_killed_pulls_end_with_the_right_file(
    hub: FakeHub, shop: Cli, request: pytest.FixtureRequest, faults: list[tuple[str, int | None]]
) -> None:
    """kill -9 at random bytes; what is there is kept, and nothing is listed before it is whole."""
    is_long = request.config.getoption("--long")
    kills = 20 if is_long else 2 if faults is HARMLESS else 3
    content = SparseFile(64 * MIB + 3, seed=21, head=TINY) if is_long else WEIGHTS
    sha256 = sha256_of(content)
    name = "killed-Q4_K_M.gguf"
    hub.repos["org/killed"] = FakeRepo("org/killed", {name: content})
    target = f"org/killed/{name}"
    dice = random.Random(len(faults))
    hub.limit(content.size / 3)
    done_kills, cycle_kills = 0, 0
    while done_kills < kills:
        fault, times = faults[done_kills % len(faults)]
        hub.set_fault(fault, times=times, seed=done_kills, match=sha256[:20], where="file")
        so_far = hub.sent_bytes(sha256)
        pull = shop.start("models", "pull", target, "--json")
        was_killed = _kill_at(hub, pull, sha256, so_far + dice.randrange(MIB, content.size // 2))
        hub.clear_faults()
        if was_killed:
            done_kills += 1
            cycle_kills += 1
            _check_nothing_unfinished_is_offered(shop, sha256)
            if done_kills == 2:
                assert listed(shop) == []
        else:
            _check_cycle(hub, shop, content, sha256, cycle_kills if faults is HARMLESS else None)
            shop.json("models", "rm", f"{target}")
            hub.forget_requests()
            cycle_kills = 0
    hub.limit(None)
    pulled = shop.json("models", "pull", target)
    assert (pulled["sha256"], pulled["size_bytes"]) == (sha256, content.size)
    _check_cycle(hub, shop, content, sha256, cycle_kills if faults is HARMLESS else None)


def _kill_at(hub: FakeHub, pull: Running, sha256: str, sent: int) -> bool:
    """Kill when so much has gone out, or nothing more comes; false if the pull was done before."""
    changed_at, before = time.monotonic(), -1
    while pull.process.poll() is None:
        now = hub.sent_bytes(sha256)
        if now != before:
            changed_at, before = time.monotonic(), now
        if now >= sent or time.monotonic() - changed_at > SILENCE_S:
            pull.send(signal.SIGKILL)
            return pull.done().code == -signal.SIGKILL
        time.sleep(0.005)
    done = pull.done()
    assert done.code == 0, (done.out, done.err)
    return False


def _check_nothing_unfinished_is_offered(cli: Cli, sha256: str) -> None:
    for path in cache_of(cli).glob("*/snapshots/*/*"):
        assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    assert not huggingface_hub.scan_cache_dir(cache_of(cli)).warnings


def _check_cycle(hub: FakeHub, cli: Cli, content: SparseFile, sha256: str, kills: int | None) -> None:
    """From nothing to a whole file."""
    (row,) = listed(cli)
    assert (row["verification"], row["sha256"]) == ("verified", sha256)
    assert hashlib.sha256(Path(row["path"]).read_bytes()).hexdigest() == sha256
    if kills is not None:
        again = hub.sent_bytes(sha256) - content.size
        print(f"{kills} kills: {again / MIB:.2f} MiB fetched again")
        assert again <= 8 * MIB * kills


# ---- checked later -----------------------------------------------------------------------------------------


def _put_into_cache(cli: Cli, sha256: str) -> Path:
    """As another tool leaves it: a blob that is named by its hash, and a link to it."""
    folder = cache_of(cli) / "models--me--mine"
    snapshot = folder / "snapshots" / ("d" * 40)
    snapshot.mkdir(parents=True)
    (folder / "blobs").mkdir()
    (folder / "blobs" / sha256).write_bytes(TINY)
    (snapshot / "tiny.gguf").symlink_to(f"../../blobs/{sha256}")
    return snapshot / "tiny.gguf"


def test_pending_file_is_checked_before_it_runs(shop: Cli) -> None:
    path = _put_into_cache(shop, TINY_SHA256)
    (row,) = listed(shop)
    assert (row["path"], row["source"], row["repo"]) == (str(path), "huggingface-cache", "me/mine")
    assert (row["verification"], row["verified"], row["sha256"]) == ("pending", False, None)
    run = shop.json("run", "me/mine", "hi", "--max-tokens", "2")["run"]
    assert run["error"] is None
    assert run["target"]["weights"]["sha256"] == TINY_SHA256
    (row,) = listed(shop)
    assert (row["verification"], row["sha256"]) == ("verified", TINY_SHA256)


def test_pending_file_is_verified_on_request(shop: Cli) -> None:
    _put_into_cache(shop, TINY_SHA256)
    assert shop.json("models", "verify", "tiny") == {"checked": 1, "bad": []}
    assert listed(shop)[0]["verified"] is True


def test_file_of_another_content_does_not_run(shop: Cli) -> None:
    _put_into_cache(shop, "e" * 64)
    words = refusal(shop("run", "me/mine", "hi", "--max-tokens", "2", "--json"))
    assert "--allow-unverified" in words
    assert listed(shop)[0]["verification"] == "mismatch"
    run = shop.json("run", "me/mine", "hi", "--max-tokens", "2", "--allow-unverified")["run"]
    assert run["error"] is None
    done = shop("models", "verify", "--all", "--json")
    assert done.code == 1
    assert [bad["expected"] for bad in done.document["bad"]] == ["e" * 64]
    assert "not what they should be" in done.last_line


def test_what_another_tool_downloaded_is_taken_over_but_never_deleted(hub: FakeHub, shop: Cli) -> None:
    words = f"huggingface_hub.hf_hub_download({REPO!r}, 'tiny-F16.gguf', cache_dir={str(cache_of(shop))!r})"
    environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1"}
    code = f"import huggingface_hub; {words}"
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, timeout=60)
    hub.forget_requests()
    pulled = shop.json("models", "pull", f"{REPO}:F16")
    assert pulled["bytes_fetched"] == 0
    (row,) = listed(shop)
    assert (row["source"], row["verification"]) == ("huggingface-cache", "verified")
    words = refusal(shop("models", "rm", row["name"], "--json"))
    assert "another tool" in words
    assert Path(pulled["path"]).read_bytes() == TINY


# ---- folders of other tools --------------------------------------------------------------------------------


def _state(folder: Path) -> list[tuple[str, int, int]]:
    paths = sorted(folder.rglob("*"))
    return [(str(path), path.lstat().st_size, path.lstat().st_mtime_ns) for path in paths]


def test_other_tools_folders_are_read_in_place(shop: Cli, tmp_path: Path) -> None:
    theirs = tmp_path / "user"
    studio = theirs / ".lmstudio" / "models" / "lmstudio-community" / "Tiny-GGUF" / "Tiny-F32.gguf"
    cache = theirs / ".cache" / "llama.cpp" / "ggml-org_tiny.gguf"
    ollama = theirs / ".ollama" / "models"
    blob = ollama / "blobs" / f"sha256-{TINY_SHA256}"
    manifest = ollama / "manifests" / "registry.ollama.ai" / "library" / "tiny" / "latest"
    for path in (studio, cache, blob, manifest):
        path.parent.mkdir(parents=True)
    for path in (studio, cache, blob):
        path.write_bytes(TINY)
    layers = [
        {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{TINY_SHA256}"},
        {"mediaType": "application/vnd.ollama.image.license", "digest": "sha256:" + "0" * 64},
    ]
    manifest.write_text(json.dumps({"schemaVersion": 2, "layers": layers}))
    before = _state(theirs)
    rows = {row["source"]: row for row in listed(shop, HOME=str(theirs))}
    assert set(rows) == {"lm-studio", "ollama", "llama.cpp"}
    assert rows["lm-studio"]["repo"] == "lmstudio-community/Tiny-GGUF"
    assert (rows["lm-studio"]["name"], rows["lm-studio"]["path"]) == ("Tiny-F32", str(studio))
    assert (rows["ollama"]["name"], rows["ollama"]["path"]) == ("tiny:latest", str(blob))
    assert rows["llama.cpp"]["name"] == "ggml-org_tiny"
    for row in rows.values():
        check_keys(row, LISTED)
        assert row["verification"] == "no_reference"
        words = refusal(shop("models", "rm", row["name"], "--json", HOME=str(theirs)))
        assert "was not removed" in words
    assert shop.json("models", "verify", "tiny:latest", HOME=str(theirs))["bad"] == []
    assert _state(theirs) == before


def test_two_thousand_files_in_four_hundred_folders(shop: Cli, tmp_path: Path) -> None:
    for number in range(400):
        folder = tmp_path / f"publisher-{number % 20}" / f"model-{number}"
        folder.mkdir(parents=True)
        for quant in range(5):
            (folder / f"model-{number}-{quant}.gguf").write_bytes(TINY)
    started = time.monotonic()
    rows = listed(shop, str(tmp_path))
    print(f"2,000 files listed in {time.monotonic() - started:.2f} s, start of the program included")
    assert len({row["path"] for row in rows}) == 2000
    assert {row["architecture"] for row in rows} == {"llama"}
