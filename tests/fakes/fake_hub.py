"""A loopback hub that speaks the HTTP of Hugging Face's, and every broken form of it.

In a test: `with FakeHub(FakeRepo("org/name", {"a.gguf": SparseFile(1 << 30)})) as hub:`, then `hub.url`,
`hub.set_fault("reset", 1000)`, `hub.requests`. As a program: `python tests/fakes/fake_hub.py --root DIR`,
with `GET /__requests` and `POST /__fault`. Files with LFS are delivered by a second origin, the "CDN", unless
`cdn=False`.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import hashlib
import json
import signal
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fakes import fake_hub_repo as describe
from fakes.fake_hub_faults import EXPIRED, FAULTS, FAULTS_METADATA, FAULTS_TRANSFER
from fakes.fake_hub_repo import Blob, Content, FakeRepo, Revision, SparseFile, load_repos
from fakes.fake_hub_wire import (
    HEAD_LIMIT,
    Answer,
    Bandwidth,
    Headers,
    HubRequest,
    Reply,
    error_answer,
    file_answer,
    json_answer,
    read_request,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "EXPIRED",
    "FAULTS",
    "FAULTS_METADATA",
    "FAULTS_TRANSFER",
    "TOKEN",
    "TOKEN_WITHOUT_ACCESS",
    "Content",
    "FakeHub",
    "FakeRepo",
    "HubRequest",
    "Revision",
    "SparseFile",
]

TOKEN = "hf_fakeTokenWithAccess"
TOKEN_WITHOUT_ACCESS = "hf_fakeTokenWithoutAccess"
USER = "tester"
PAGE_SIZE, TREE_PAGE_SIZE, TREE_PAGE_SIZE_EXPANDED = 1000, 1000, 50
OPEN_FILES = ("README.md", ".gitattributes")
"""What a gated repository shows to everybody."""


@dataclass
class ActiveFault:
    """A fault that is switched on; it takes requests whose answer is of its scope and whose path matches."""

    name: str
    value: Any = None
    times: int | None = None
    skip: int = 0
    match: str = ""
    where: str = ""
    seed: int = 0
    n_seen: int = 0
    n_used: int = 0
    memory: dict[str, Any] = field(default_factory=dict[str, Any])

    def takes(self, request: HubRequest, answer: Answer) -> bool:
        where = self.where or FAULTS[self.name].where
        if where not in ("any", answer.scope) or self.match not in request.target:
            return False
        self.n_seen += 1
        is_due = self.n_seen > self.skip and (self.times is None or self.n_used < self.times)
        self.n_used += is_due
        return is_due


class Refusal(Exception):
    """The answer is this error."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class FakeHub:
    """The server. Everything public may be used from any thread while it runs."""

    def __init__(
        self, *repos: FakeRepo, cdn: bool = True, token: str = TOKEN, port: int = 0, log: bool = False
    ) -> None:
        self.repos = {repo.id: repo for repo in repos}
        self.renames: dict[str, str] = {}
        self.requests: list[HubRequest] = []
        self.faults: list[ActiveFault] = []
        self.token = token
        self.has_cdn = cdn
        self.page_size = PAGE_SIZE
        self.tree_page_size: int | None = None
        self.line = Bandwidth()
        self.port = port
        self.cdn_port = 0
        self._log = log
        self._links = 0
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._live, name="fake hub")

    # ---- for tests ----

    def __enter__(self) -> FakeHub:
        self._thread.start()
        self.wait_for(lambda: self.cdn_port > 0)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)
        assert not self._thread.is_alive()
        self._loop.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def cdn_url(self) -> str:
        return f"http://127.0.0.1:{self.cdn_port}"

    def add(self, repo: FakeRepo) -> FakeRepo:
        self.repos[repo.id] = repo
        return repo

    def set_fault(
        self,
        name: str,
        value: Any = None,
        *,
        times: int | None = None,
        skip: int = 0,
        match: str = "",
        where: str = "",
        seed: int = 0,
    ) -> ActiveFault:
        """Switch a fault on, for so many requests (None: all), after `skip` good ones.

        `match` is part of the path and query; `where` is api, resolve, file, card or any. Of several faults
        the first that takes a request has it.
        """
        assert name in FAULTS, f"there is no fault {name}"
        active = ActiveFault(name, value, times, skip, match, where, seed)
        with self._changed:
            self.faults.append(active)
        return active

    def clear_faults(self) -> None:
        with self._changed:
            self.faults.clear()

    def limit(self, bytes_per_s: float | None) -> None:
        """Let all transfers together have so many bytes a second; None lifts the limit."""
        self.line.bytes_per_s = bytes_per_s

    def expire_links(self) -> None:
        """Every URL that was signed so far is refused by the CDN with 403."""
        self._links += 1

    def seen(self, match: str = "", method: str = "", origin: str = "") -> list[HubRequest]:
        """Requests so far whose path or query contains a text."""
        return [
            request
            for request in list(self.requests)
            if match in request.target and method in ("", request.method) and origin in ("", request.origin)
        ]

    def sent_bytes(self, match: str = "") -> int:
        """Bytes of bodies that went out for these requests."""
        return sum(request.sent_bytes for request in self.seen(match))

    def forget_requests(self) -> None:
        with self._changed:
            self.requests.clear()

    def wait_for(self, condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
        """Block until something that this server did makes the condition true."""
        with self._changed:
            assert self._changed.wait_for(condition, timeout_s), "the fake hub saw nothing of the kind"

    # ---- the server ----

    def _live(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        hub = await asyncio.start_server(
            lambda reader, writer: self._accept(reader, writer, "hub"),
            "127.0.0.1",
            self.port,
            limit=HEAD_LIMIT,
        )
        cdn = await asyncio.start_server(
            lambda reader, writer: self._accept(reader, writer, "cdn"), "127.0.0.1", 0, limit=HEAD_LIMIT
        )
        with self._changed:
            self.port = hub.sockets[0].getsockname()[1]
            self.cdn_port = cdn.sockets[0].getsockname()[1]
            self._changed.notify_all()
        await self._stopping.wait()
        hub.close()
        cdn.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, origin: str) -> None:
        writer.transport.set_write_buffer_limits(high=0)
        gone = (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)
        with contextlib.suppress(*gone, asyncio.CancelledError):
            while await self._serve_one(await read_request(reader, origin), writer):
                pass
        if self._stopping.is_set():
            writer.transport.abort()
        writer.close()
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await writer.wait_closed()

    async def _serve_one(self, request: HubRequest, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; true when the connection may have another."""
        with self._changed:
            answer = self._answer(request)
            if answer.scope != "control":
                self.requests.append(request)
            active = next((fault for fault in self.faults if fault.takes(request, answer)), None)
            self._changed.notify_all()
        reply = Reply(request, answer, writer, self.line, self._notify)
        reply.hub_url, reply.cdn_url = self.url, self.cdn_url
        try:
            await self._reply(reply, active)
        finally:
            request.is_over = True
            self._notify()
            if self._log and answer.scope != "control":
                print(json.dumps(request.to_json()), file=sys.stderr, flush=True)
        return reply.keeps_open and request.headers.get("connection", "").lower() != "close"

    async def _reply(self, reply: Reply, active: ActiveFault | None) -> None:
        if active is None:
            await reply.right()
            return
        reply.request.fault = active.name
        reply.value, reply.seed = active.value, active.seed
        reply.nth, reply.memory = active.n_used, active.memory
        await FAULTS[active.name].function(reply)

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()

    # ---- routes ----

    def _answer(self, request: HubRequest) -> Answer:
        try:
            if request.origin == "cdn":
                return self._cdn(request)
            return self._route(request)
        except Refusal as refusal:
            return refusal.answer

    def _route(self, request: HubRequest) -> Answer:
        match request.parts:
            case ["__requests"]:
                return _control([known.to_json() for known in self.requests])
            case ["__fault"]:
                return self._control_fault(json.loads(request.body or b"{}"))
            case ["api", "whoami-v2"]:
                return self._whoami(request)
            case ["api", "models"]:
                return self._search(request)
            case ["api", "models", org, name, *rest]:
                return self._model(request, f"{org}/{name}", rest)
            case [org, name, "resolve", revision, *path] if path:
                return self._resolve(request, f"{org}/{name}", revision, "/".join(path))
            case [org, name, "raw", revision, *path] if path:
                return self._raw(request, f"{org}/{name}", revision, "/".join(path))
            case _:
                return error_answer(404, "Sorry, we can't find the page you are looking for.")

    def _control_fault(self, asked: dict[str, Any]) -> Answer:
        if asked.get("name") is None:
            self.faults.clear()
        elif asked["name"] in FAULTS:
            self.faults.append(ActiveFault(**asked))
        else:
            return Answer(404, body=b"no such fault\n", scope="control")
        return _control([fault.name for fault in self.faults])

    def _whoami(self, request: HubRequest) -> Answer:
        self._check_token(request)
        if not request.token:
            return error_answer(401, "Invalid username or password.")
        access = {"displayName": "test", "role": "read"}
        auth = {"type": "access_token", "accessToken": access}
        return json_answer(
            {"type": "user", "id": "0" * 24, "name": USER, "fullname": "Test", "orgs": [], "auth": auth}
        )

    def _search(self, request: HubRequest) -> Answer:
        self._check_token(request)
        query = request.query
        expand = _expand(query)
        found = describe.search(list(self.repos.values()), query)
        size = min(int(query.get("limit", [str(self.page_size)])[0]), self.page_size)
        page, headers = self._page(request, found, size)
        return json_answer(
            [describe.listed(repo, expand, request.flag("full")) for repo in page], headers=headers
        )

    def _page(self, request: HubRequest, items: list[Any], size: int) -> tuple[list[Any], Headers]:
        """One page and the link to the next one."""
        query = request.query
        start = int(base64.urlsafe_b64decode(query["cursor"][0])) if "cursor" in query else 0
        if start + size >= len(items):
            return items[start:], []
        cursor = base64.urlsafe_b64encode(str(start + size).encode()).decode()
        path = urlsplit(request.target).path
        target = f"{self.url}{path}?{urlencode({**query, 'cursor': [cursor]}, doseq=True)}"
        return items[start : start + size], [("Link", f'<{target}>; rel="next"')]

    def _model(self, request: HubRequest, repo_id: str, rest: list[str]) -> Answer:
        if repo_id in self.renames:
            return _moved(request, repo_id, self.renames[repo_id])
        repo = self._repo(request, repo_id)
        match rest:
            case []:
                return self._info(request, repo, describe.MAIN)
            case ["revision", revision]:
                return self._info(request, repo, revision)
            case ["tree", revision, *folder]:
                return self._tree(request, repo, revision, "/".join(folder))
            case ["paths-info", revision] if request.method == "POST":
                return self._paths_info(request, repo, revision)
            case ["refs"]:
                return json_answer(describe.refs(repo))
            case _:
                return error_answer(404, "Not Found")

    def _info(self, request: HubRequest, repo: FakeRepo, name: str) -> Answer:
        revision = _revision(repo, name)
        expand = _expand(request.query)
        return json_answer(describe.model_info(repo, revision, expand, request.flag("blobs")))

    def _tree(self, request: HubRequest, repo: FakeRepo, name: str, folder: str) -> Answer:
        is_expanded = request.flag("expand")
        entries = describe.tree(
            repo, _revision(repo, name), folder, recursive=request.flag("recursive"), expand=is_expanded
        )
        if entries is None:
            return error_answer(404, f"{folder} does not exist on {name}", "EntryNotFound")
        size = self.tree_page_size or (TREE_PAGE_SIZE_EXPANDED if is_expanded else TREE_PAGE_SIZE)
        page, headers = self._page(request, entries, size)
        return json_answer(page, headers=headers)

    def _paths_info(self, request: HubRequest, repo: FakeRepo, name: str) -> Answer:
        revision = _revision(repo, name)
        is_json = "json" in request.headers.get("content-type", "")
        asked = json.loads(request.body) if is_json else request.form
        expand = str(asked.get("expand", "")).lower() in ("true", "['true']", "['1']")
        paths = [path for path in asked.get("paths", []) if path in revision.files]
        return json_answer([describe.file_entry(repo, revision, path, expand) for path in paths])

    # ---- files ----

    def _resolve(self, request: HubRequest, repo_id: str, name: str, path: str) -> Answer:
        if repo_id in self.renames:
            return _moved(request, repo_id, self.renames[repo_id])
        repo, revision, blob = self._find_file(request, repo_id, name, path)
        headers = [("X-Repo-Commit", revision.commit), *self._linked(repo, revision, blob)]
        if not (blob.is_lfs and self.has_cdn):
            return _delivered(request, blob, blob.linked_etag, path, headers)
        headers += [("Location", self._signed_url(blob, path)), ("Accept-Ranges", "bytes")]
        text = f"Found. Redirecting to {dict(headers)['Location']}"
        return Answer(302, [*headers, ("Content-Type", "text/plain")], text.encode(), scope="resolve")

    def _linked(self, repo: FakeRepo, revision: Revision, blob: Blob) -> Headers:
        if not blob.is_lfs:
            return []
        headers = [("X-Linked-Size", str(blob.size)), ("X-Linked-Etag", f'"{blob.linked_etag}"')]
        if repo.has_xet:
            route = f"{self.url}/api/models/{repo.id}/xet-read-token/{revision.commit}"
            headers += [("X-Xet-Hash", blob.xet_hash), ("Link", f'<{route}>; rel="xet-auth"')]
        return headers

    def _raw(self, request: HubRequest, repo_id: str, name: str, path: str) -> Answer:
        _, revision, blob = self._find_file(request, repo_id, name, path)
        headers = [("X-Repo-Commit", revision.commit)]
        return _delivered(request, blob, blob.git_oid, path, headers)

    def _find_file(
        self, request: HubRequest, repo_id: str, name: str, path: str
    ) -> tuple[FakeRepo, Revision, Blob]:
        repo = self._repo(request, repo_id)
        revision = _revision(repo, name)
        if repo.gated and path not in OPEN_FILES and request.token != self.token:
            raise Refusal(_gated(repo, is_known=bool(request.token)))
        if path not in revision.files:
            commit = [("X-Repo-Commit", revision.commit)]
            raise Refusal(error_answer(404, "Entry not found", "EntryNotFound", commit))
        return repo, revision, repo.blob(revision.files, path)

    def _signed_url(self, blob: Blob, path: str) -> str:
        name = quote(path.rsplit("/", 1)[-1])
        query = {
            "response-content-disposition": f'inline; filename="{name}"',
            "Expires": "1999999999",
            "Signature": self._signature(blob.sha256),
            "Key-Pair-Id": "KFAKE",
        }
        return f"{self.cdn_url}/repos/{blob.sha256[:2]}/{blob.sha256}?{urlencode(query)}"

    def _signature(self, sha256: str) -> str:
        return hashlib.sha256(f"{self._links}/{sha256}".encode()).hexdigest()[:40]

    def _cdn(self, request: HubRequest) -> Answer:
        match request.parts:
            case ["repos", _, sha256]:
                blob = next(
                    (blob for repo in self.repos.values() for blob in repo.blobs() if blob.sha256 == sha256),
                    None,
                )
                is_signed = request.query.get("Signature") == [self._signature(sha256)]
                if blob is None or not is_signed:
                    return Answer(403, [("Content-Type", "application/xml")], EXPIRED, scope="file")
                return _scoped(request, file_answer(request, blob, blob.store_etag))
            case _:
                return Answer(
                    404, [("Content-Type", "text/plain")], b"nothing is here\n", scope="control-cdn"
                )

    # ---- who may what ----

    def _check_token(self, request: HubRequest) -> None:
        if request.has_authorization and request.token not in (self.token, TOKEN_WITHOUT_ACCESS):
            raise Refusal(error_answer(401, "Invalid credentials in Authorization header"))

    def _repo(self, request: HubRequest, repo_id: str) -> FakeRepo:
        self._check_token(request)
        repo = self.repos.get(repo_id)
        if repo is not None and not (repo.is_private and request.token != self.token):
            return repo
        if request.token:
            raise Refusal(error_answer(404, "Repository not found", "RepoNotFound"))
        raise Refusal(error_answer(401, "Invalid username or password.", "RepoNotFound"))

    def __repr__(self) -> str:
        return f"<FakeHub {self.url}>"


def _control(document: Any) -> Answer:
    answer = json_answer(document)
    answer.scope = "control"
    return answer


def _expand(query: dict[str, list[str]]) -> list[str]:
    asked = query.get("expand", []) + query.get("expand[]", [])
    known = describe.properties(FakeRepo("a/b"), Revision("", {}))
    for name in asked:
        if name not in known:
            raise Refusal(error_answer(400, f'"expand" must be one of {", ".join(known)}'))
    return asked


def _revision(repo: FakeRepo, name: str) -> Revision:
    revision = repo.find(name)
    if revision is None:
        raise Refusal(error_answer(404, f"Invalid rev id: {name}", "RevisionNotFound"))
    return revision


def _moved(request: HubRequest, old: str, new: str) -> Answer:
    target = request.target.replace(f"/{old}", f"/{new}", 1)
    text = f"Temporary Redirect. Redirecting to {target}"
    return Answer(307, [("Location", target), ("Content-Type", "text/plain")], text.encode(), scope="resolve")


def _gated(repo: FakeRepo, *, is_known: bool) -> Answer:
    page = f"https://huggingface.co/{repo.id}"
    if is_known:
        words = f"Access to model {repo.id} is restricted and you are not in the authorized list. "
        return error_answer(403, f"{words}Visit {page} to ask for access.", "GatedRepo")
    words = f"Access to model {repo.id} is restricted. You must have access to it and be authenticated "
    return error_answer(401, f"{words}to access it. Please log in.", "GatedRepo")


def _delivered(request: HubRequest, blob: Blob, etag: str, path: str, headers: Headers) -> Answer:
    name = path.rsplit("/", 1)[-1]
    disposition = (
        "Content-Disposition",
        f"inline; filename*=UTF-8''{quote(name)}; filename=\"{quote(name)}\";",
    )
    answer = _scoped(request, file_answer(request, blob, etag, [*headers, disposition]))
    if name == "README.md":
        answer.scope = "card"
    return answer


def _scoped(request: HubRequest, answer: Answer) -> Answer:
    """HEAD of a file is no transfer."""
    if request.method == "HEAD":
        answer.scope = "resolve"
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description="A fake hub on 127.0.0.1, until it is interrupted.")
    parser.add_argument("--root", type=Path, required=True, help="folder of ORG/NAME/ folders")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--no-cdn", action="store_true")
    asked = parser.parse_args()
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    repos = load_repos(asked.root)
    with FakeHub(*repos, cdn=not asked.no_cdn, token=asked.token, port=asked.port, log=True) as hub:
        print(hub.url, flush=True)
        over.wait()


if __name__ == "__main__":
    main()
