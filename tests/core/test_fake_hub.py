"""The fake hub against the real client: what huggingface_hub can do with the hub it can do with the fake."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import huggingface_hub
import pytest
from huggingface_hub import HfApi, constants, errors
from huggingface_hub.utils._http import default_client_factory

from fakes.fake_hub import (
    EXPIRED,
    FAULTS,
    FAULTS_METADATA,
    FAULTS_TRANSFER,
    TOKEN,
    TOKEN_WITHOUT_ACCESS,
    FakeHub,
    FakeRepo,
    Revision,
    SparseFile,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = Path(__file__).parents[1] / "fakes" / "fake_hub.py"
COMMIT = "a" * 40
WEIGHTS = SparseFile((3 << 20) + 5, seed=7, head=b"GGUF")
SHA256 = hashlib.sha256(b"".join(WEIGHTS.piece(number) for number in range(4))).hexdigest()
SLOW = {
    "huge",
    "endless",
    "slow",
    "stall",
    "file-silence",
    "silence",
    "drip",
    "late",
    "late-file",
    "files-1m",
}
VALUES = {"bandwidth": 100_000_000, "deep": 1000}


def _repos() -> list[FakeRepo]:
    files = {"model-Q4_K_M.gguf": WEIGHTS, "deep/er/b.gguf": b"GGUFb", "config.json": b"{}"}
    revisions = {"v1": Revision("b" * 40, {"old.gguf": b"GGUFold"}, "tag")}
    gguf = {"total": 1_500_000_000, "architecture": "llama", "context_length": 8192}
    return [
        FakeRepo("org/first", files, COMMIT, gguf=gguf, card="# First\n", downloads=9, revisions=revisions),
        FakeRepo("org/gated", {"secret.gguf": b"GGUFsecret"}, gated="manual", licence="gemma", downloads=8),
        FakeRepo("other/third-GGUF", {"c.gguf": b"GGUFc"}, licence=None, downloads=7, has_xet=True),
    ]


@pytest.fixture(autouse=True)
def _their_own_client(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Steelyard gives huggingface_hub a client of its own, once for each process."""
    huggingface_hub.close_session()
    monkeypatch.setattr("huggingface_hub.utils._http._GLOBAL_CLIENT_FACTORY", default_client_factory)
    yield
    huggingface_hub.close_session()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_PROGRESS_BARS", True)
    with FakeHub(*_repos()) as hub:
        yield hub
    huggingface_hub.close_session()


def _api(hub: FakeHub, token: str | bool = False) -> HfApi:
    return HfApi(endpoint=hub.url, token=token)


def _fetch(hub: FakeHub, folder: Path, name: str = "model-Q4_K_M.gguf", **more: Any) -> Path:
    asked = {"repo_id": "org/first", "token": False, "local_dir": folder, "endpoint": hub.url, **more}
    return Path(huggingface_hub.hf_hub_download(filename=name, **asked))


def _get(url: str, **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.get(url, headers=named, verify=False)  # no certificates to load: it is faster


def _file_url(hub: FakeHub) -> str:
    redirect = _get(f"{hub.url}/org/first/resolve/main/model-Q4_K_M.gguf")
    assert redirect.status_code == 302
    return redirect.headers["Location"]


def test_search(hub: FakeHub) -> None:
    api = _api(hub)
    assert [model.id for model in api.list_models(sort="downloads")] == [
        "org/first",
        "org/gated",
        "other/third-GGUF",
    ]
    assert [model.id for model in api.list_models(search="gguf THIRD", filter="gguf")] == ["other/third-GGUF"]
    assert [model.id for model in api.list_models(author="org", gated=True)] == ["org/gated"]
    assert [model.id for model in api.list_models(num_parameters="min:1B,max:2B")] == ["org/first"]
    assert [model.id for model in api.list_models(filter="license:gemma")] == ["org/gated"]
    [first] = api.list_models(
        search="first", expand=["gguf", "gated", "downloads", "lastModified", "cardData"]
    )
    assert first.gguf is not None
    assert first.gguf["total"] == 1_500_000_000
    assert (first.gated, first.downloads, first.tags) == (False, 9, None)


def test_search_goes_on_to_the_next_pages(hub: FakeHub) -> None:
    for number in range(7):
        hub.add(FakeRepo(f"many/model-{number}", downloads=100 - number))
    hub.page_size = 3
    names = [model.id for model in _api(hub).list_models(author="many", sort="downloads")]
    assert names == [f"many/model-{number}" for number in range(7)]
    assert len(hub.seen("/api/models?")) == 3
    assert len(list(_api(hub).list_models(limit=2))) == 2


def test_model_info(hub: FakeHub) -> None:
    info = _api(hub).model_info("org/first", files_metadata=True)
    assert info.card_data is not None
    assert (info.sha, info.gated, info.card_data["license"]) == (COMMIT, False, "apache-2.0")
    files = {file.rfilename: file for file in info.siblings or []}
    assert set(files) == {"README.md", "config.json", "deep/er/b.gguf", "model-Q4_K_M.gguf"}
    lfs = files["model-Q4_K_M.gguf"].lfs
    assert lfs is not None
    assert (lfs.sha256, lfs.size) == (SHA256, WEIGHTS.size)
    assert files["config.json"].lfs is None
    assert _api(hub).model_info("org/first", revision="v1").sha == "b" * 40
    assert _api(hub).model_info("org/first", expand=["gguf"]).siblings is None


def test_tree_paths_and_refs(hub: FakeHub) -> None:
    api = _api(hub)
    assert [entry.path for entry in api.list_repo_tree("org/first")] == [
        "README.md",
        "config.json",
        "deep",
        "model-Q4_K_M.gguf",
    ]
    hub.tree_page_size = 2
    everything = list(api.list_repo_tree("org/first", recursive=True, expand=True))
    assert [entry.path for entry in everything if "er" in entry.path] == ["deep/er", "deep/er/b.gguf"]
    assert [entry.path for entry in api.list_repo_tree("org/first", "deep/er")] == ["deep/er/b.gguf"]
    [entry] = api.get_paths_info("org/first", ["model-Q4_K_M.gguf", "absent"], expand=True)
    assert isinstance(entry, huggingface_hub.RepoFile)
    assert entry.lfs is not None
    assert entry.lfs.sha256 == SHA256
    assert [tag.target_commit for tag in api.list_repo_refs("org/first").tags] == ["b" * 40]


def test_download_through_the_cdn(hub: FakeHub, tmp_path: Path) -> None:
    path = _fetch(hub, tmp_path, token=TOKEN)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == SHA256
    [delivery] = hub.seen(origin="cdn", method="GET")
    assert (delivery.has_authorization, delivery.sent_bytes) == (False, WEIGHTS.size)
    assert hub.seen("/resolve/", "HEAD")[0].has_authorization


def test_download_without_a_cdn(hub: FakeHub, tmp_path: Path) -> None:
    hub.has_cdn = False
    assert _fetch(hub, tmp_path).stat().st_size == WEIGHTS.size
    assert _fetch(hub, tmp_path, "README.md").read_text() == "# First\n"
    assert _fetch(hub, tmp_path, "old.gguf", revision="v1").read_bytes() == b"GGUFold"
    assert _fetch(hub, tmp_path, "deep/er/b.gguf").read_bytes() == b"GGUFb"
    assert not hub.seen(origin="cdn")


def test_the_real_client_resumes(hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1 << 18)
    hub.set_fault("cut", 1 << 20, times=1)
    assert hashlib.sha256(_fetch(hub, tmp_path).read_bytes()).hexdigest() == SHA256
    ranges = [request.range for request in hub.seen(origin="cdn", method="GET")]
    assert ranges == [None, f"bytes={1 << 20}-"]


def test_gated(hub: FakeHub, tmp_path: Path) -> None:
    asked = {"name": "secret.gguf", "repo_id": "org/gated"}
    with pytest.raises(errors.GatedRepoError) as refused:
        _fetch(hub, tmp_path, **asked)
    assert refused.value.response.status_code == 401
    with pytest.raises(errors.GatedRepoError) as refused:
        _fetch(hub, tmp_path, **asked, token=TOKEN_WITHOUT_ACCESS)
    assert refused.value.response.status_code == 403
    assert _fetch(hub, tmp_path, **asked, token=TOKEN).read_bytes() == b"GGUFsecret"
    assert _api(hub).model_info("org/gated").gated == "manual"


def test_refusals(hub: FakeHub, tmp_path: Path) -> None:
    with pytest.raises(errors.RepositoryNotFoundError):
        _api(hub).model_info("org/none")
    with pytest.raises(errors.RepositoryNotFoundError):
        _api(hub, TOKEN).model_info("org/none")
    with pytest.raises(errors.RevisionNotFoundError):
        _api(hub).model_info("org/first", revision="v9")
    with pytest.raises(errors.RemoteEntryNotFoundError):
        _fetch(hub, tmp_path, "absent.gguf")
    with pytest.raises(errors.HfHubHTTPError, match="Invalid user token"):
        _api(hub, "hf_wrong").whoami()
    assert _api(hub, TOKEN).whoami()["name"] == "tester"


def test_a_renamed_repository(hub: FakeHub, tmp_path: Path) -> None:
    hub.renames["org/old"] = "org/first"
    assert _api(hub).model_info("org/old").id == "org/first"
    assert _fetch(hub, tmp_path, repo_id="org/old").stat().st_size == WEIGHTS.size


def test_main_moves(hub: FakeHub) -> None:
    hub.repos["org/first"].advance("c" * 40, {"new.gguf": b"GGUFnew"})
    assert _api(hub).model_info("org/first").sha == "c" * 40
    assert len(_api(hub).model_info("org/first", revision=COMMIT).siblings or []) == 4


def test_ranges(hub: FakeHub) -> None:
    url = _file_url(hub)
    whole = _get(url)
    part = _get(url, Range="bytes=1048570-1048585")
    assert (part.status_code, part.headers["Content-Range"]) == (206, f"bytes 1048570-1048585/{WEIGHTS.size}")
    assert part.content == whole.content[1048570:1048586]
    assert _get(url, Range="bytes=-3").content == whole.content[-3:]
    assert _get(url, Range=f"bytes={WEIGHTS.size}-").headers["Content-Range"] == f"bytes */{WEIGHTS.size}"
    assert _get(url, Range="bytes=5-", If_Range=whole.headers["ETag"]).status_code == 206
    assert _get(url, Range="bytes=5-", If_Range='"another"').status_code == 200
    assert whole.headers["ETag"] != f'"{SHA256}"'
    hub.expire_links()
    assert _get(url).status_code == 403


def test_xet_is_announced_where_it_is_used(hub: FakeHub) -> None:
    head = httpx2.head(f"{hub.url}/other/third-GGUF/resolve/main/c.gguf")
    assert (head.status_code, len(head.headers["X-Xet-Hash"])) == (302, 64)


def _spoilt(hub: FakeHub, name: str) -> tuple[int, bytes] | str:
    """What a plain client gets of the answer."""
    is_api = FAULTS[name].where == "api"
    url = f"{hub.url}/api/models/org/first/tree/main?recursive=true" if is_api else _file_url(hub)
    hub.set_fault(name, VALUES.get(name), match="tree" if is_api else "")
    try:
        reply = _get(url, Range="bytes=100-299")
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        return type(error).__name__
    return reply.status_code, reply.content


@pytest.mark.parametrize("name", sorted({*FAULTS_METADATA, *FAULTS_TRANSFER} - SLOW))
def test_every_fault_is_seen(hub: FakeHub, name: str) -> None:
    _spoilt(hub, name)
    [request] = [request for request in hub.requests if request.fault]
    assert request.fault == name
    assert FAULTS[name].about


LOOKS: dict[str, tuple[int, int] | str] = {
    "range-ignored": (200, WEIGHTS.size),
    "range-refused": (416, 0),
    "range-wrong-start": (206, 300),
    "length-too-small": (206, 100),
    "length-absent": (206, 200),
    "chunked": (206, 200),
    "gzip-range": (206, 200),
    "extra-bytes": (206, 264),
    "empty-body": (206, 0),
    "link-expired": (403, len(EXPIRED)),
    "length-too-big": "RemoteProtocolError",
    "length-duplicate": "RemoteProtocolError",
    "chunked-cut": "RemoteProtocolError",
    "zero-bytes": "RemoteProtocolError",
    "body-cut": "RemoteProtocolError",
    "cut": "RemoteProtocolError",
    "reset": "ReadError",
    "hang-up": "ReadError",
}


@pytest.mark.parametrize("name", LOOKS)
def test_what_a_client_sees(hub: FakeHub, name: str) -> None:
    seen = _spoilt(hub, name)
    assert (seen if isinstance(seen, str) else (seen[0], len(seen[1]))) == LOOKS[name]


@pytest.mark.parametrize(
    "name",
    [
        "duplicate-keys",
        "nan",
        "wrong-types",
        "wrong-containers",
        "items-null",
        "sha-of-another",
        "sha-missing",
    ],
)
def test_what_is_strange_is_still_json(hub: FakeHub, name: str) -> None:
    right = _get(f"{hub.url}/api/models/org/first/tree/main?recursive=true").json()
    seen = _spoilt(hub, name)
    assert not isinstance(seen, str)
    assert json.loads(seen[1]) != right


def test_a_file_that_changes_on_the_way(hub: FakeHub) -> None:
    url = _file_url(hub)
    etag = httpx2.head(url, verify=False).headers["ETag"]
    hub.set_fault("file-changed")
    with pytest.raises(httpx2.ReadError):
        _get(url)
    again = _get(url, Range="bytes=10-", If_Range=etag)
    assert (again.status_code, len(again.content)) == (200, WEIGHTS.size)
    assert again.headers["ETag"] != etag
    assert again.content[:4] == bytes(255 - byte for byte in b"GGUF")


def test_a_fault_for_some_requests(hub: FakeHub) -> None:
    hub.set_fault("status-503", skip=1, times=1, match="org/first")
    url = f"{hub.url}/api/models/org/first"
    assert [_get(url).status_code for _ in range(3)] == [200, 503, 200]
    hub.set_fault("status-500", where="resolve")
    assert _get(f"{hub.url}/org/first/resolve/main/model-Q4_K_M.gguf").status_code == 500
    hub.clear_faults()
    assert _file_url(hub)


def test_one_wrong_bit(hub: FakeHub) -> None:
    url = _file_url(hub)
    right = _get(url).content
    hub.set_fault("flip-once", 2_000_000)
    wrong = _get(url).content
    assert [at for at in range(len(right)) if right[at] != wrong[at]] == [2_000_000]
    assert _get(url).content == right


def test_cuts_at_random_places_come_to_an_end(hub: FakeHub) -> None:
    url, got = _file_url(hub), 0
    hub.set_fault("cut-random", seed=3)
    while got < WEIGHTS.size:
        with httpx2.stream("GET", url, headers={"Range": f"bytes={got}-"}) as reply:
            try:
                for piece in reply.iter_raw():
                    got += len(piece)
            except httpx2.RemoteProtocolError:
                continue
    assert got == hub.sent_bytes("/repos/") == WEIGHTS.size


def test_bandwidth(hub: FakeHub) -> None:
    url = _file_url(hub)
    hub.limit(10_000_000)
    reply = _get(url)
    assert 0.25 < reply.elapsed.total_seconds() < 3


def test_a_large_answer_costs_no_memory(hub: FakeHub) -> None:
    hub.set_fault("files-1m", 20_000)
    entries = _get(f"{hub.url}/api/models/org/first/tree/main").json()
    assert (len(entries), entries[-1]["path"]) == (20_000, "many/0019999.gguf")
    info = _get(f"{hub.url}/api/models/org/first?blobs=true").json()
    assert (len(info["siblings"]), info["id"]) == (20_000, "org/first")


def test_it_stops_while_transfers_stall() -> None:
    before = threading.active_count()
    with FakeHub(*_repos()) as hub:
        hub.set_fault("stall", 10)
        with socket.create_connection(("127.0.0.1", hub.cdn_port), timeout=10) as plug:
            target = _file_url(hub).removeprefix(hub.cdn_url)
            plug.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            hub.wait_for(lambda: hub.sent_bytes("/repos/") == WEIGHTS.size // 10)
    assert threading.active_count() == before


def _ask(url: str, body: bytes | None = None) -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, body), timeout=10) as reply:
        return json.load(reply)


def test_as_a_program(tmp_path: Path) -> None:
    folder = tmp_path / "org" / "name"
    folder.mkdir(parents=True)
    (folder / "a.gguf").write_bytes(b"GGUFa")
    (folder / "repo.json").write_text(json.dumps({"licence": "mit", "gated": "auto"}))
    command = [sys.executable, str(PROGRAM), "--root", str(tmp_path)]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as program:
        assert program.stdout is not None
        url = program.stdout.readline().strip()
        assert _ask(f"{url}/api/models/org/name")["cardData"] == {"license": "mit"}
        assert _ask(f"{url}/__fault", b'{"name": "status-404", "times": 1}') == ["status-404"]
        with pytest.raises(urllib.error.HTTPError) as refused:
            _ask(f"{url}/api/models")
        refused.value.close()
        assert _ask(f"{url}/__fault", b"{}") == []
        assert [request["fault"] for request in _ask(f"{url}/__requests")] == [None, "status-404"]
        program.terminate()
        _, log = program.communicate(timeout=10)
    assert program.returncode == 0
    assert [json.loads(line)["path"] for line in log.splitlines()] == ["/api/models/org/name", "/api/models"]
