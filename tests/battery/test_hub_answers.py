"""Battery H: whatever a hub answers, there is one clear line or the right file: no crash, hang or leak."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import huggingface_hub
import pytest

from fakes.fake_api import CERTIFICATE
from fakes.fake_hub import FAULTS_METADATA, FAULTS_TRANSFER, TOKEN, FakeHub, FakeRepo, SparseFile
from fakes.gguf_files import tiny_model
from fakes.pulling import REPO, Puller, sha256_of
from steelyard.core.base.errors import AppError
from steelyard.core.gguf.reading import HeaderReader
from steelyard.core.hub import transfer
from steelyard.core.hub.cache import PART_SUFFIX
from steelyard.core.hub.remote_header import HeaderShelf
from steelyard.core.hub.repo_files import file_rows
from steelyard.core.hub.safe_names import is_repo, why_no_file_name
from steelyard.core.values.hub import HubFilters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from steelyard.core.hub.client import FoundModel, HubClient, RemoteRepo

NAME = "model-Q4_K_M.gguf"
WEIGHTS = SparseFile((3 << 20) + 5, seed=7, head=tiny_model().encode())
SHA256 = sha256_of(WEIGHTS)
QUICK_S = 12.0
"""What one question may take; by far the most take milliseconds."""
# What would be waited out for long is made short here; the limits themselves are the same.
TWENTY_SECONDS = {"stall"}
"""What waits for as long as a line may be silent."""
VALUES: dict[str, Any] = {
    "huge": 60 << 20,
    "silence": 1,
    "late": 0.2,
    "drip": 3000,
    "files-1m": 400_000,
    "bandwidth": 50_000_000,
    "slow": 3_000_000,
    "file-silence": 1,
    "late-file": 0.2,
}


def _repos() -> list[FakeRepo]:
    gguf = {"total": 1_500_000_000, "architecture": "llama", "context_length": 8192}
    return [
        FakeRepo(REPO, {NAME: WEIGHTS, "b-Q8_0.gguf": b"GGUFb"}, gguf=gguf, card="# First\n"),
        FakeRepo("org/second", {"c.gguf": b"GGUFc"}),
    ]


@pytest.fixture(scope="module")
def hub() -> Iterator[FakeHub]:
    with FakeHub(*_repos()) as hub:
        yield hub
    huggingface_hub.close_session()


@pytest.fixture
def client(hub: FakeHub, tmp_path: Path) -> Iterator[HubClient]:
    """Asks with a token; afterwards the hub must be as usable as before, and have leaked no token."""
    client = Puller(hub.url, tmp_path / "cache", TOKEN).client
    yield client
    hub.clear_faults()
    assert client.repo(REPO, None).commit == hub.repos[REPO].commit
    assert [request for request in hub.seen(origin="cdn") if request.has_authorization] == []


def outcome(ask: Callable[[], Any]) -> tuple[Any, str]:
    """The answer, or the error's one line; either within bounds."""
    started = time.monotonic()
    answer, error = None, None
    try:
        answer = ask()
    except AppError as exc:
        error = exc
    assert time.monotonic() - started < QUICK_S
    return answer, "" if error is None else checked_line(error)


def checked_line(error: AppError) -> str:
    line = error.one_line()
    assert error.title
    assert error.detail or error.hint
    assert line.isprintable()
    assert len(line) < 500
    assert TOKEN not in line
    assert "inside Steelyard" not in line
    return line


# ---- questions ---------------------------------------------------------------------------------------------

REFUSALS = {
    "status-401": "refuses the token",
    "token-refused": "refuses the token",
    "gated-401": "is gated",
    "gated-403": "is gated",
    "status-403": "closed to us: Forbidden (HTTP 403)",
    "status-404": "HTTP 404",
    "repo-not-found": "HTTP 404",
    "revision-not-found": "no such revision",
    "entry-not-found": "is not there",
    "disabled": "Access to this resource is disabled",
    "status-410": "HTTP 410",
    "status-416": "HTTP 416",
    "status-429": "wants us to wait: too many requests",
    "status-429-ratelimit": "wants us to wait",
    "status-429-retry-after": "asks to wait 1 s",
    "status-429-retry-nonsense": "wants us to wait: too many requests",
    "status-451": "for legal reasons (HTTP 451)",
    **{f"status-{code}": f"has a problem: HTTP {code}" for code in (500, 501, 502, 503, 504)},
    "html-502": "has a problem: HTTP 502",
    "redirect-loop": "on and on",
    "captive-portal": "login page of the network",
    "hang-up": "cannot be reached",
    "silence": "cannot be reached",
}
BAD_REDIRECTS = ("redirect-host", "redirect-http", "redirect-file", "redirect-link-local")
WHY = {
    **REFUSALS,
    **dict.fromkeys(BAD_REDIRECTS, "another address"),
    "portal-as-json": "no JSON",
    "json-empty": "no JSON",
    "json-cut": "no JSON, or was cut off",
    "json-null": "makes no sense",
    "body-cut": "cannot be reached",
    "huge": "absurdly long",
    "deep": "nested absurdly deep",
}
WHY_OF_A_REPO = {
    **WHY,
    "json-object": "makes no sense",
    "json-list": "makes no sense",
    "files-null": "has no list of files",
    "files-missing": "has no list of files",
    "commit-hostile": "its commit is",
    "files-1m": "more than 100,000 files",
    "items-null": "makes no sense",
    "wrong-types": "makes no sense",
}
WHY_OF_A_SEARCH = {**WHY, "files-1m": "absurdly long", "page-elsewhere": "another address"}
MUST_WORK = ("late", "drip", "sha-uppercase", "page-nonsense")


@pytest.mark.parametrize("fault", FAULTS_METADATA)
def test_repository(fault: str, hub: FakeHub, client: HubClient) -> None:
    hub.set_fault(fault, VALUES.get(fault))
    repo, line = outcome(lambda: client.repo(REPO, None))
    assert WHY_OF_A_REPO.get(fault, "") in line
    assert (repo is None) == bool(line)
    assert not (repo is None and fault in MUST_WORK), line
    if repo is not None:
        assert fault not in WHY_OF_A_REPO
        check_repo(repo)


def check_repo(repo: RemoteRepo) -> None:
    assert is_repo(repo.model.repo)
    assert len(repo.commit) == 40
    check_model(repo.model)
    for row in file_rows(repo.files, repo.model.parameters):
        assert 0 <= row.size_bytes < 1 << 60
        assert not why_no_file_name(row.name)
        assert not any(why_no_file_name(part) for part in row.parts)
        assert row.sha256 is None or (len(row.sha256) == 64 and set(row.sha256) <= set("0123456789abcdef"))


def check_model(model: FoundModel) -> None:
    assert model.downloads >= 0
    assert model.likes >= 0
    for text in (model.updated_at, model.licence, model.architecture):
        assert text is None or text.encode("utf-8")
    for count in (model.parameters, model.context_length):
        assert count is None or 0 < count < 1 << 53


@pytest.mark.parametrize("fault", FAULTS_METADATA)
def test_search(fault: str, hub: FakeHub, client: HubClient) -> None:
    hub.set_fault(fault, VALUES.get(fault))
    found, line = outcome(lambda: client.search("org", "downloads", HubFilters(), 20))
    assert WHY_OF_A_SEARCH.get(fault, "") in line
    assert not (found is None and fault in MUST_WORK), line
    for model in found or []:
        assert is_repo(model.repo)
        check_model(model)


@pytest.mark.parametrize("fault", FAULTS_METADATA)
def test_facts_of_a_file(fault: str, hub: FakeHub, client: HubClient) -> None:
    url = f"{hub.url}/{REPO}/resolve/main/{NAME}"
    hub.set_fault(fault, VALUES.get(fault), where="resolve")
    facts, line = outcome(lambda: client.file_facts(REPO, url))
    if fault not in ("redirect-loop", "captive-portal"):
        assert REFUSALS.get(fault, "") in line
    if facts is not None:
        assert facts.sha256 in (None, SHA256)
        assert facts.size_bytes is None or 0 <= facts.size_bytes <= 1 << 50


@pytest.mark.parametrize("fault", FAULTS_METADATA)
def test_courtesies_never_fail(fault: str, hub: FakeHub, client: HubClient) -> None:
    """Readme and access are asked for beside what was wanted."""
    repo = client.repo(REPO, None)
    commit = repo.commit
    hub.set_fault(fault, VALUES.get(fault), where="any")
    readme, line = outcome(lambda: client.readme(REPO, commit))
    assert (line, isinstance(readme, str)) == ("", True)
    access, line = outcome(lambda: client.has_access(repo))
    assert line == ""
    assert access in (None, True, False)


@pytest.mark.parametrize("fault", ["status-429-retry-after", "status-503", "hang-up"])
def test_no_question_waits_as_long_as_the_hub_likes(fault: str, hub: FakeHub, client: HubClient) -> None:
    hub.set_fault(fault, 100_000 if "after" in fault else None)
    started = time.monotonic()
    outcome(lambda: client.search("org", "downloads", HubFilters(), 20))
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("fault", BAD_REDIRECTS)
def test_redirected_question_reaches_nobody_else(fault: str, hub: FakeHub, client: HubClient) -> None:
    hub.forget_requests()
    hub.set_fault(fault, where="any")
    outcome(lambda: client.repo(REPO, None))
    outcome(lambda: client.search("org", "downloads", HubFilters(), 20))
    assert hub.seen(origin="cdn") == []


def test_next_page_elsewhere_is_not_asked_for(hub: FakeHub, client: HubClient) -> None:
    hub.forget_requests()
    hub.set_fault("page-elsewhere")
    _, line = outcome(lambda: client.search("org", "downloads", HubFilters(), 20))
    assert "another address" in line
    assert hub.seen(origin="cdn") == []


def test_certificate_of_nobody(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with socket.create_server(("127.0.0.1", 0)) as door:

        def shake_hands() -> None:
            plug, _ = door.accept()
            with contextlib.suppress(OSError), context.wrap_socket(plug, server_side=True):
                pass

        thread = threading.Thread(target=shake_hands)
        thread.start()
        client = Puller(f"https://127.0.0.1:{door.getsockname()[1]}", tmp_path).client
        _, line = outcome(lambda: client.repo(REPO, None))
        thread.join()
    assert "its certificate is not valid" in line


def test_name_that_nobody_knows(tmp_path: Path) -> None:
    _, line = outcome(lambda: Puller("https://hub.invalid", tmp_path).client.repo(REPO, None))
    assert "cannot be reached: https://hub.invalid" in line


# ---- pulls -------------------------------------------------------------------------------------------------


@dataclass
class Pulled:
    """What became of a pull from a broken hub, and of the next one from the same hub in order."""

    line: str
    sha256: str | None
    seconds: float
    left: list[str]
    wrong_names: list[str]
    next_sha256: str | None
    leaks: int


@dataclass
class HeaderRead:
    """What became of reading a header from a broken hub, and from the same hub in order."""

    line: str
    architecture: str | None
    seconds: float
    bytes_read: int
    next_architecture: str | None


NOT_THE_ONE = "not the one that the hub names"
WHY_OF_A_PULL = {
    "length-too-big": "bytes where",
    "length-too-small": "bytes where",
    "extra-bytes": "bytes where",
    "empty-body": "0 bytes where",
    "multipart": "multipart/byteranges",
    "gzip-range": "compressed",
    "file-changed": NOT_THE_ONE,
    "flip-always": NOT_THE_ONE,
    "endless": NOT_THE_ONE,
    "zero-bytes": "connection was cut",
    "file-silence": "connection was cut",
    "link-expired": "link to the file was refused: HTTP 403",
    "gone-mid-file": "link to the file was refused: HTTP 404",
    "file-portal": "login page of the network",
    "file-503": "HTTP 503",
    "file-503-retry-after": "HTTP 503",
}
PULLS_THROUGH = (
    "length-absent",
    "chunked",
    "range-ignored",
    "range-refused",
    "range-wrong-start",
    "range-lying-start",
    "range-wrong-total",
    "range-missing-header",
    "etag-weak",
    "etag-missing",
    "etag-changed",
    "flip-once",
    "cut-random",
    "bandwidth",
    "slow",
    "stall",
    "late-file",
)
NEEDS_RANGES = ("range-refused", "range-wrong-total", "range-missing-header")
"""A header is asked for as a range from the beginning; nobody fetches the whole file instead."""
ON_THE_CARD = tuple(
    fault for fault in FAULTS_METADATA if fault.startswith(("size-", "sha-", "files-m", "files-n", "lfs-"))
)
WHY_BY_THE_CARD = {
    "files-null": "no list of files",
    "files-missing": "no list of files",
    "size-zero": "contradicts itself",
    "size-wrong": "contradicts itself",
    "sha-missing": "missing",
    "sha-of-another": "two different hashes",
}


def _pull(fault: str, folder: Path) -> Pulled:
    """In a thread: all of these wait for long, and have hubs and caches of their own."""
    with FakeHub(*_repos()) as hub:
        puller = Puller(hub.url, folder / "cache", TOKEN)
        commit = hub.repos[REPO].commit
        hub.set_fault(fault, VALUES.get(fault), times=1 if fault == "stall" else None)
        started = time.monotonic()
        line, sha256 = "", None
        try:
            (fetched,) = puller.pull(NAME, revision=commit)
            sha256 = fetched.sha256
        except AppError as exc:
            line = exc.one_line()
        seconds = time.monotonic() - started
        left = puller.left()
        names = [name for name in left if "snapshots" in name]
        wrong = [name for name in names if _hash(puller.cache / name) != SHA256]
        hub.clear_faults()
        (fetched,) = puller.pull(NAME, revision=commit)
        leaks = [request for request in hub.seen(origin="cdn") if request.has_authorization]
        return Pulled(line, sha256, seconds, left, wrong, _hash(fetched.path), len(leaks))


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_header(fault: str, folder: Path, reader: HeaderReader) -> HeaderRead:
    with FakeHub(*_repos()) as hub:
        client = Puller(hub.url, folder, TOKEN).client
        repo = client.repo(REPO, None)
        hub.set_fault(fault, VALUES.get(fault), times=1 if fault == "stall" else None)
        shelf = HeaderShelf(folder / "headers", reader)
        started = time.monotonic()
        line, architecture = "", None
        try:
            architecture = shelf.fetch(client, repo, [NAME]).headers[0].architecture
        except AppError as exc:
            line = checked_line(exc)
        seconds = time.monotonic() - started
        hub.clear_faults()
        read = shelf.fetch(client, repo, [NAME])
        return HeaderRead(line, architecture, seconds, read.bytes_read, read.headers[0].architecture)


def _ask_a_silent_hub(folder: Path) -> tuple[str, float]:
    with FakeHub(*_repos()) as hub:
        hub.set_fault("silence")
        started = time.monotonic()
        with pytest.raises(AppError) as caught:
            Puller(hub.url, folder).client.repo(REPO, None)
        return checked_line(caught.value), time.monotonic() - started


@dataclass
class Patience:
    """Everything that has to wait for long, done at the same time."""

    pulls: dict[str, Pulled]
    headers: dict[str, HeaderRead]
    silent: tuple[str, float] | None


def _is_long(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--long"))


@pytest.fixture(scope="module")
def patience(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Patience]:
    left_out = set() if _is_long(request) else TWENTY_SECONDS
    transfers = [name for name in FAULTS_TRANSFER if name not in left_out]
    names = [*transfers, *ON_THE_CARD]
    reader = HeaderReader()
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2 * len(names)) as pool:
        if not _is_long(request):  # as many attempts, with a tenth of the pauses between them
            patch.setattr(transfer, "_FIRST_PAUSE_S", transfer._FIRST_PAUSE_S / 10)
        place = tmp_path_factory.mktemp
        silent = pool.submit(_ask_a_silent_hub, place("silent")) if _is_long(request) else None
        pulls = {name: pool.submit(_pull, name, place(name)) for name in names}
        reads = {name: pool.submit(_read_header, name, place(name), reader) for name in transfers}
        yield Patience(
            {name: pull.result() for name, pull in pulls.items()},
            {name: read.result() for name, read in reads.items()},
            silent.result() if silent is not None else None,
        )
    reader.close()


@pytest.fixture
def pulls(patience: Patience) -> dict[str, Pulled]:
    return patience.pulls


def test_silent_hub_is_not_waited_for_longer_than_twenty_seconds(patience: Patience) -> None:
    if patience.silent is None:
        pytest.skip("takes fifteen seconds; runs with --long")
    line, seconds = patience.silent
    assert seconds < 20
    assert "nothing came for too long" in line


@pytest.mark.parametrize("fault", FAULTS_TRANSFER)
def test_header_through_a_bad_line(fault: str, patience: Patience) -> None:
    if fault not in patience.headers:
        pytest.skip("takes twenty seconds; runs with --long")
    read = patience.headers[fault]
    assert read.architecture in (None, "llama")
    assert (read.architecture is None) == bool(read.line)
    assert not (read.line and fault in PULLS_THROUGH and fault not in NEEDS_RANGES)
    assert read.seconds < 60
    assert read.next_architecture == "llama"
    assert read.bytes_read < 64_000_000


@pytest.mark.parametrize("fault", FAULTS_TRANSFER)
def test_pull_through_a_bad_line(fault: str, pulls: dict[str, Pulled]) -> None:
    if fault not in pulls:
        pytest.skip("takes twenty seconds; runs with --long")
    pull = pulls[fault]
    check_pull(pull)
    assert WHY_OF_A_PULL.get(fault, "") in pull.line
    assert not (pull.line and fault in PULLS_THROUGH)
    assert not (pull.sha256 and fault in WHY_OF_A_PULL)


@pytest.mark.parametrize("fault", ON_THE_CARD)
def test_pull_by_a_wrong_description(fault: str, pulls: dict[str, Pulled]) -> None:
    pull = pulls[fault]
    check_pull(pull)
    assert WHY_BY_THE_CARD.get(fault, "") in pull.line
    assert bool(pull.line) == (fault in WHY_BY_THE_CARD)


def check_pull(pull: Pulled) -> None:
    assert pull.sha256 in (None, SHA256)
    assert (pull.sha256 is None) == bool(pull.line)
    assert pull.line.isprintable()
    assert "inside Steelyard" not in pull.line
    assert pull.seconds < 60
    assert pull.wrong_names == []
    if NOT_THE_ONE in pull.line:
        assert pull.left == []
    for name in pull.left:
        assert pull.sha256 or PART_SUFFIX in name
    assert pull.next_sha256 == SHA256
    assert pull.leaks == 0
