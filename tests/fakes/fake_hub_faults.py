"""Everything that can be wrong with a hub: one small function for each fault, by name.

A fault of metadata is given the right answer to a request of the API; a fault of a transfer is given a
request that would get bytes of a file. `Reply.value` is what the test gave with the name; each docstring
tells its default.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fakes.fake_hub_wire import (
    JSON_TYPE,
    PIECE,
    STALL_S,
    Answer,
    Headers,
    Reply,
    content_range,
    error_answer,
    file_answer,
    replaced,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

PORTAL = b"<!DOCTYPE html><html><title>Welcome</title><body>Log in to the hotel's network</body></html>"
EXPIRED = (
    b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code>'
    b"<Message>Request has expired</Message></Error>"
)
HUGE_BYTES = 100 << 20
DEEP = 100_000
DIGITS = 5000
HTML = [("Content-Type", "text/html; charset=utf-8")]
HOSTILE_NAMES = (
    "../../outside.gguf",
    "/etc/passwd.gguf",
    "..\\..\\outside.gguf",
    "C:\\outside.gguf",
    "a\x00b.gguf",
    "a\nb.gguf",
    "\u202efugg.txt.gguf",
    "con.gguf",
    "-rf.gguf",
    " .gguf",
    "n" * 300 + ".gguf",
    "deep/" * 200 + "x.gguf",
    "",
)


@dataclass(frozen=True)
class Fault:
    """A fault by name; `where` is the scope of answers that it takes unless the test says otherwise."""

    name: str
    function: Callable[[Reply], Awaitable[None]]
    where: str
    about: str


FAULTS: dict[str, Fault] = {}


def _register(name: str, where: str, function: Callable[[Reply], Awaitable[None]], about: str | None) -> None:
    assert name not in FAULTS
    FAULTS[name] = Fault(name, function, where, (about or "").strip())


def metadata(name: str) -> Callable[[Any], Any]:
    """Register a fault of the API."""

    def register(function: Callable[[Reply], Awaitable[None]]) -> Callable[[Reply], Awaitable[None]]:
        _register(name, "api", function, function.__doc__)
        return function

    return register


def transfer(name: str) -> Callable[[Any], Any]:
    """Register a fault of the bytes of a file."""

    def register(function: Callable[[Reply], Awaitable[None]]) -> Callable[[Reply], Awaitable[None]]:
        _register(name, "file", function, function.__doc__)
        return function

    return register


def rewrites(name: str) -> Callable[[Any], Any]:
    """Register a fault that changes the JSON document of an answer."""

    def register(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
        async def answer(reply: Reply) -> None:
            if reply.answer.document is None:
                await reply.right()
            else:
                copy = json.loads(json.dumps(reply.answer.document))
                await reply.json(change(copy))

        _register(name, "api", answer, change.__doc__)
        return change

    return register


def respells(name: str) -> Callable[[Any], Any]:
    """Register a fault that changes the bytes of an answer."""

    def register(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
        async def answer(reply: Reply) -> None:
            await reply.bytes(change(reply.answer.body))

        _register(name, "api", answer, change.__doc__)
        return change

    return register


# ---- refusals ----------------------------------------------------------------------------------------------


def _refuses(name: str, refusal: Answer, about: str) -> None:
    async def answer(reply: Reply) -> None:
        await reply.bytes(refusal.body, refusal.status, refusal.headers)

    _register(name, "api", answer, about)


def _gated(status: int) -> Answer:
    return error_answer(status, "Access to this model is restricted.", "GatedRepo")


_refuses("status-401", error_answer(401, "Invalid username or password."), "Wants a login.")
_refuses(
    "token-refused",
    error_answer(401, "Invalid credentials in Authorization header"),
    "401 in the form that says that the token is wrong.",
)
_refuses("gated-401", _gated(401), "Gated, and we are not logged in.")
_refuses("gated-403", _gated(403), "Gated, and we have no access.")
_refuses("status-403", error_answer(403, "Forbidden"), "403 without a reason.")
_refuses("status-404", error_answer(404, "Not found"), "404 without a code.")
_refuses("repo-not-found", error_answer(404, "Repository not found", "RepoNotFound"), "No such repository.")
_refuses("revision-not-found", error_answer(404, "Invalid rev id", "RevisionNotFound"), "No such revision.")
_refuses("entry-not-found", error_answer(404, "Entry not found", "EntryNotFound"), "No such file.")
_refuses("disabled", error_answer(403, "Access to this resource is disabled."), "Taken down by the hub.")
_refuses("status-410", error_answer(410, "Gone"), "Gone for good.")
_refuses("status-416", error_answer(416, "Range not satisfiable"), "416 where no range was asked for.")
_refuses("status-429", error_answer(429, "Too many requests"), "Rate limit without a hint.")
_refuses(
    "status-429-ratelimit",
    error_answer(
        429,
        "Too many requests",
        headers=[("RateLimit", '"api";r=0;t=1'), ("RateLimit-Policy", '"fixed window";"api";q=500;w=300')],
    ),
    "Rate limit with the RateLimit headers of the hub, one second.",
)
_refuses(
    "status-429-retry-nonsense",
    error_answer(429, "Too many requests", headers=[("Retry-After", "²")]),
    "Rate limit with a Retry-After that is no number.",
)
_refuses("status-451", error_answer(451, "Unavailable for legal reasons"), "Forbidden by law.")
for _code in (500, 501, 502, 503, 504):
    _refuses(f"status-{_code}", error_answer(_code, "it burns"), f"Server error {_code} with JSON.")
_refuses("html-502", Answer(502, HTML, b"<html><h1>502 Bad Gateway</h1></html>"), "502 with HTML.")


@metadata("status-429-retry-after")
async def _retry_after(reply: Reply) -> None:
    """Rate limit with a Retry-After of `value` seconds, by default 1."""
    seconds = "1" if reply.value is None else str(reply.value)
    refusal = error_answer(429, "Too many requests", headers=[("Retry-After", seconds)])
    await reply.bytes(refusal.body, refusal.status, refusal.headers)


# ---- redirects ---------------------------------------------------------------------------------------------


async def _redirect(reply: Reply, target: str) -> None:
    await reply.bytes(b"", 302, [("Location", target)])


@metadata("redirect-loop")
async def _redirect_loop(reply: Reply) -> None:
    """Redirects to itself for ever."""
    await _redirect(reply, reply.request.target)


@metadata("redirect-host")
async def _redirect_host(reply: Reply) -> None:
    """Redirects to another origin, which records what it gets: `value`, by default the CDN's port."""
    await _redirect(reply, str(reply.value or f"{reply.cdn_url}/elsewhere"))


@metadata("redirect-http")
async def _redirect_http(reply: Reply) -> None:
    """Redirects to plain HTTP of a host that does not exist."""
    await _redirect(reply, f"http://hub.invalid{reply.request.target}")


@metadata("redirect-file")
async def _redirect_file(reply: Reply) -> None:
    """Redirects to a file of this machine."""
    await _redirect(reply, "file:///etc/passwd")


@metadata("redirect-link-local")
async def _redirect_link_local(reply: Reply) -> None:
    """Redirects to the address where clouds keep their secrets."""
    await _redirect(reply, "http://169.254.169.254/latest/meta-data/")


# ---- bodies that are no JSON, or strange JSON --------------------------------------------------------------


@metadata("captive-portal")
async def _captive_portal(reply: Reply) -> None:
    """200 with the login page of a hotel."""
    await reply.bytes(PORTAL, 200, HTML)


@metadata("portal-as-json")
async def _portal_as_json(reply: Reply) -> None:
    """The same page, but called JSON."""
    await reply.bytes(PORTAL, 200, [("Content-Type", JSON_TYPE)])


@respells("json-empty")
def _json_empty(body: bytes) -> bytes:
    """Not one byte."""
    return b""


@respells("json-object")
def _json_object(body: bytes) -> bytes:
    """An empty object."""
    return b"{}"


@respells("json-list")
def _json_list(body: bytes) -> bytes:
    """An empty list."""
    return b"[]"


@respells("json-null")
def _json_null(body: bytes) -> bytes:
    """Just null."""
    return b"null"


@respells("json-cut")
def _json_cut(body: bytes) -> bytes:
    """The first half, properly framed."""
    return body[: len(body) // 2]


@metadata("body-cut")
async def _body_cut(reply: Reply) -> None:
    """The first half, then the connection ends although more was announced."""
    body = reply.answer.body
    await reply.head(reply.answer.status, replaced(reply.answer.headers, Content_Length=str(len(body))))
    await reply.send(body[: len(body) // 2])


@metadata("huge")
async def _huge(reply: Reply) -> None:
    """Valid JSON of `value` bytes, by default 100 MiB, in one string."""
    full, rest = divmod(reply.number(HUGE_BYTES), PIECE)
    fill = b"a" * PIECE
    await reply.stream([b'["', *[fill] * full, b"a" * rest, b'"]'])


@metadata("deep")
async def _deep(reply: Reply) -> None:
    """Lists in lists, `value` deep, by default 100,000."""
    depth = reply.number(DEEP)
    await reply.bytes(b"[" * depth + b"]" * depth)


@respells("nan")
def _nan(body: bytes) -> bytes:
    """NaN in place of every number."""
    return re.sub(rb"(?<=: )-?\d+(\.\d+)?(?=[,}\]])", b"NaN", body)


@respells("long-int")
def _long_int(body: bytes) -> bytes:
    """A number of 5,000 digits in place of every number."""
    return re.sub(rb"(?<=: )-?\d+(\.\d+)?(?=[,}\]])", b"7" * DIGITS, body)


@respells("duplicate-keys")
def _duplicate_keys(body: bytes) -> bytes:
    """Every object has `id` and `size` twice or once more, with other values."""
    filled = body.replace(b"{}", b'{"id": "x"}')
    opened = filled.replace(b"{", b'{"id": "evil/twin", "size": -1, ')
    return opened.replace(b"}", b', "id": "evil/twin", "size": 1}')


@respells("bom")
def _bom(body: bytes) -> bytes:
    """A byte order mark first."""
    return b"\xef\xbb\xbf" + body


@rewrites("lone-surrogate")
def _lone_surrogate(document: Any) -> Any:
    """Half a UTF-16 pair, escaped, at the end of every string."""
    return _leaves(document, lambda value: f"{value}\ud800" if isinstance(value, str) else value)


@respells("invalid-utf8")
def _invalid_utf8(body: bytes) -> bytes:
    """Bytes that are no UTF-8 inside strings."""
    return body.replace(b'": "', b'": "\xff\xfe\xed\xa0\x80')


def _leaves(document: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(document, dict):
        return {name: _leaves(value, change) for name, value in document.items()}
    if isinstance(document, list):
        return [_leaves(value, change) for value in document]
    return change(document)


@rewrites("wrong-types")
def _wrong_types(document: Any) -> Any:
    """Strings are numbers, numbers are strings, truth is a list."""

    def swap(value: Any) -> Any:
        if isinstance(value, bool) or value is None:
            return [value]
        return 42 if isinstance(value, str) else str(value)

    return _leaves(document, swap)


@rewrites("wrong-containers")
def _wrong_containers(document: Any) -> Any:
    """Lists are objects and objects are lists, below the first level."""

    def turn(value: Any) -> Any:
        if isinstance(value, list):
            return {str(at): item for at, item in enumerate(value)}
        return list(value) if isinstance(value, dict) else value

    if isinstance(document, dict):
        return {name: turn(value) for name, value in document.items()}
    return [turn(value) for value in document] if isinstance(document, list) else document


@rewrites("items-null")
def _items_null(document: Any) -> Any:
    """Nulls among the items of every list."""
    if isinstance(document, dict):
        return {name: _items_null(value) for name, value in document.items()}
    return [None, *document, None] if isinstance(document, list) else document


# ---- files -------------------------------------------------------------------------------------------------


def _files(document: Any) -> list[dict[str, Any]]:
    """The entries of files in model_info, tree or paths-info."""
    entries = document.get("siblings") if isinstance(document, dict) else document
    return [entry for entry in entries or [] if "rfilename" in entry or entry.get("type") == "file"]


def _with_size(document: Any, size: Any) -> Any:
    for entry in _files(document):
        entry["size"] = size
        if "lfs" in entry:
            entry["lfs"]["size"] = size
    return document


def _with_sha(document: Any, change: Callable[[str], str | None]) -> Any:
    for entry in _files(document):
        lfs = entry.get("lfs", {})
        for key in {"sha256", "oid"} & set(lfs):
            lfs[key] = change(lfs[key])
            if lfs[key] is None:
                del lfs[key]
    return document


@rewrites("files-null")
def _files_null(document: Any) -> Any:
    """No list of files but null."""
    return {**document, "siblings": None} if isinstance(document, dict) else None


@rewrites("files-missing")
def _files_missing(document: Any) -> Any:
    """The list of files is left out, or empty."""
    return {k: v for k, v in document.items() if k != "siblings"} if isinstance(document, dict) else []


@rewrites("size-negative")
def _size_negative(document: Any) -> Any:
    """Files of -1 bytes."""
    return _with_size(document, -1)


@rewrites("size-zero")
def _size_zero(document: Any) -> Any:
    """Files of no bytes."""
    return _with_size(document, 0)


@rewrites("size-2-63")
def _size_beyond(document: Any) -> Any:
    """Files of 2^63 bytes."""
    return _with_size(document, 2**63)


@rewrites("size-string")
def _size_string(document: Any) -> Any:
    """Sizes in words."""
    return _with_size(document, "many")


@rewrites("size-wrong")
def _size_wrong(document: Any) -> Any:
    """Every file is said to be one byte longer than it is."""
    for entry in _files(document):
        entry["size"] = entry.get("size", 0) + 1
        if "lfs" in entry:
            entry["lfs"]["size"] += 1
    return document


@rewrites("lfs-missing")
def _lfs_missing(document: Any) -> Any:
    """No word about LFS, so neither size nor hash of the content."""
    for entry in _files(document):
        entry.pop("lfs", None)
    return document


@rewrites("sha-missing")
def _sha_missing(document: Any) -> Any:
    """No sha256."""
    return _with_sha(document, lambda _: None)


@rewrites("sha-short")
def _sha_short(document: Any) -> Any:
    """The first ten digits of the sha256."""
    return _with_sha(document, lambda sha: sha[:10])


@rewrites("sha-uppercase")
def _sha_uppercase(document: Any) -> Any:
    """The right sha256 in capital letters."""
    return _with_sha(document, str.upper)


@rewrites("sha-not-hex")
def _sha_not_hex(document: Any) -> Any:
    """A sha256 of 64 letters that are no digits."""
    return _with_sha(document, lambda sha: "z" * len(sha))


@rewrites("sha-of-another")
def _sha_of_another(document: Any) -> Any:
    """Every file has the sha256 of the next one; a file that is alone has its own backwards."""
    known = [lfs.get("sha256") or lfs.get("oid") for entry in _files(document) if (lfs := entry.get("lfs"))]
    following = dict(zip(known, known[1:] + known[:1], strict=True)) if len(set(known)) > 1 else {}
    return _with_sha(document, lambda sha: following.get(sha, sha[::-1]))


@rewrites("names-hostile")
def _names_hostile(document: Any) -> Any:
    """Files whose names lead out of the folder, or are no names."""
    entries = _files(document)
    if not entries:
        return document
    key = "rfilename" if "rfilename" in entries[0] else "path"
    hostile = [{**entries[0], key: name} for name in HOSTILE_NAMES]
    return {**document, "siblings": entries + hostile} if isinstance(document, dict) else entries + hostile


@rewrites("commit-hostile")
def _commit_hostile(document: Any) -> Any:
    """The commit is a path that leads out of the folder."""
    return {**document, "sha": "../../../outside"} if isinstance(document, dict) else document


def _many(document: Any, count: int) -> Iterator[bytes]:
    """The document with so many entries in place of its list, in pieces."""
    entries = document.get("siblings") if isinstance(document, dict) else document
    entry = json.dumps((entries or [{"rfilename": "x.gguf"}])[0])
    old = next((entry_name for entry_name in _names(json.loads(entry))), "x")
    whole = {**document, "siblings": ["@"]} if isinstance(document, dict) else ["@"]
    before, after = json.dumps(whole).split('["@"]')
    yield f"{before}[".encode()
    for at in range(0, count, 1000):
        items = (
            entry.replace(json.dumps(old)[1:-1], f"many/{n:07}.gguf")
            for n in range(at, min(at + 1000, count))
        )
        yield ((", " if at else "") + ", ".join(items)).encode()
    yield f"]{after}".encode()


def _names(entry: dict[str, Any]) -> Iterator[str]:
    yield from (entry[key] for key in ("rfilename", "path", "id") if key in entry)


async def _stream_many(reply: Reply, count: int) -> None:
    document = reply.answer.document
    has_list = isinstance(document, list) or "siblings" in (document or {})
    await (reply.stream(_many(document, count)) if has_list and document else reply.right())


@metadata("files-100k")
async def _files_100k(reply: Reply) -> None:
    """A list of 100,000 files (or models), on one page."""
    await _stream_many(reply, 100_000)


@metadata("files-1m")
async def _files_1m(reply: Reply) -> None:
    """A list of `value` files (or models), by default a million, on one page."""
    await _stream_many(reply, reply.number(1_000_000))


# ---- pages and time ----------------------------------------------------------------------------------------


async def _with_next(reply: Reply, target: str) -> None:
    headers = replaced(reply.answer.headers, Link=f'<{target}>; rel="next"')
    await reply.bytes(reply.answer.body, headers=headers)


@metadata("page-to-itself")
async def _page_to_itself(reply: Reply) -> None:
    """The next page is this page."""
    await _with_next(reply, f"{reply.hub_url}{reply.request.target}")


@metadata("page-elsewhere")
async def _page_elsewhere(reply: Reply) -> None:
    """The next page is at another origin, which records what it gets: `value`, by default the CDN's port."""
    await _with_next(reply, str(reply.value or f"{reply.cdn_url}/elsewhere"))


@metadata("page-nonsense")
async def _page_nonsense(reply: Reply) -> None:
    """A Link header without sense."""
    await reply.bytes(reply.answer.body, headers=replaced(reply.answer.headers, Link='<>;;; rel="next", <'))


@metadata("silence")
async def _silence(reply: Reply) -> None:
    """Not a word for `value` seconds, by default 120; then the connection ends."""
    await reply.wait(STALL_S if reply.value is None else float(reply.value))


@metadata("late")
async def _late(reply: Reply) -> None:
    """The right answer after `value` seconds, by default 1."""
    await reply.wait(1.0 if reply.value is None else float(reply.value))
    await reply.right()


@metadata("drip")
async def _drip(reply: Reply) -> None:
    """The right answer, `value` bytes a second, by default 10, one byte after the other."""
    await reply.head(
        reply.answer.status, replaced(reply.answer.headers, Content_Length=str(len(reply.answer.body)))
    )
    for at in range(len(reply.answer.body)):
        await reply.wait(1 / reply.number(10))
        await reply.send(reply.answer.body[at : at + 1])


@metadata("hang-up")
async def _hang_up(reply: Reply) -> None:
    """The connection ends without a word."""
    await reply.reset()


# ---- transfers ---------------------------------------------------------------------------------------------


async def _send_file(reply: Reply, status: int, headers: Headers, start: int | None = None) -> None:
    await reply.head(status, headers)
    async for _, piece in reply.pieces(start):
        await reply.send(piece)


def _length(reply: Reply) -> int:
    return reply.answer.stop - reply.answer.start


async def _part(reply: Reply, size: int) -> None:
    """Status and headers as they should be, but only the first bytes."""
    await reply.head(reply.answer.status, reply.file_headers())
    async for _, piece in reply.pieces(stop=min(reply.answer.stop, reply.answer.start + size)):
        await reply.send(piece)


@transfer("length-too-big")
async def _length_too_big(reply: Reply) -> None:
    """Content-Length is 1000 too big; the connection ends after the last byte."""
    headers = reply.file_headers(Content_Length=str(_length(reply) + 1000))
    await _send_file(reply, reply.answer.status, headers)


@transfer("length-too-small")
async def _length_too_small(reply: Reply) -> None:
    """Content-Length is half of what comes."""
    headers = reply.file_headers(Content_Length=str(_length(reply) // 2))
    await _send_file(reply, reply.answer.status, headers)


@transfer("length-absent")
async def _length_absent(reply: Reply) -> None:
    """No length: the end of the connection is the end of the body."""
    await _send_file(reply, reply.answer.status, reply.file_headers(Content_Length=None))


@transfer("length-duplicate")
async def _length_duplicate(reply: Reply) -> None:
    """Two lengths that contradict each other."""
    headers = [*reply.file_headers(), ("Content-Length", str(_length(reply) // 2))]
    await _send_file(reply, reply.answer.status, headers)


@transfer("chunked")
async def _chunked(reply: Reply) -> None:
    """Chunked, without a length."""
    await reply.head(reply.answer.status, reply.file_headers(Content_Length=None), chunked=True)
    async for _, piece in reply.pieces():
        await reply.send(piece)
    await reply.end()


@transfer("chunked-cut")
async def _chunked_cut(reply: Reply) -> None:
    """Chunked; the connection ends after half of the body."""
    await reply.head(reply.answer.status, reply.file_headers(Content_Length=None), chunked=True)
    async for _, piece in reply.pieces(stop=reply.answer.start + _length(reply) // 2):
        await reply.send(piece)


@transfer("range-ignored")
async def _range_ignored(reply: Reply) -> None:
    """200 and the whole file, whatever range was asked for."""
    headers = reply.file_headers(Content_Length=str(reply.size), Content_Range=None)
    reply.answer.start, reply.answer.stop = 0, reply.size
    await _send_file(reply, 200, headers)


@transfer("range-refused")
async def _range_refused(reply: Reply) -> None:
    """416 for every range; the whole file where none was asked for."""
    if reply.answer.status == 200:
        await reply.right()
    else:
        await reply.bytes(b"", 416, [("Content-Range", f"bytes */{reply.size}")])


@transfer("range-wrong-start")
async def _range_wrong_start(reply: Reply) -> None:
    """206 that begins 100 bytes (or `value`) before what was asked for, and says so."""
    if reply.answer.status == 206:
        reply.answer.start = max(0, reply.answer.start - reply.number(100))
    where = content_range(reply.answer.start, reply.answer.stop, reply.size)
    is_part = reply.answer.status == 206
    headers = reply.file_headers(Content_Range=where) if is_part else reply.file_headers()
    await _send_file(reply, reply.answer.status, headers)


@transfer("range-lying-start")
async def _range_lying_start(reply: Reply) -> None:
    """206 that says the right start but sends bytes from the beginning of the file."""
    headers = reply.file_headers()
    length = _length(reply)
    reply.answer.start, reply.answer.stop = 0, length
    await _send_file(reply, reply.answer.status, headers)


@transfer("range-wrong-total")
async def _range_wrong_total(reply: Reply) -> None:
    """206 with another total size, twice the right one."""
    where = content_range(reply.answer.start, reply.answer.stop, reply.size * 2)
    is_part = reply.answer.status == 206
    headers = reply.file_headers(Content_Range=where) if is_part else reply.file_headers()
    await _send_file(reply, reply.answer.status, headers)


@transfer("range-missing-header")
async def _range_missing_header(reply: Reply) -> None:
    """206 without Content-Range."""
    await _send_file(reply, reply.answer.status, reply.file_headers(Content_Range=None))


@transfer("multipart")
async def _multipart(reply: Reply) -> None:
    """A range as multipart/byteranges."""
    where = content_range(reply.answer.start, reply.answer.stop, reply.size)
    kind = "multipart/byteranges; boundary=sep"
    headers = reply.file_headers(Content_Length=None, Content_Range=None, Content_Type=kind)
    await reply.head(206, headers)
    await reply.send(f"--sep\r\nContent-Range: {where}\r\n\r\n".encode())
    async for _, piece in reply.pieces():
        await reply.send(piece)
    await reply.send(b"\r\n--sep--\r\n")


@transfer("etag-weak")
async def _etag_weak(reply: Reply) -> None:
    """A weak ETag."""
    etag = dict(reply.answer.headers).get("ETag", '""')
    await _send_file(reply, reply.answer.status, reply.file_headers(ETag=f"W/{etag}"))


@transfer("etag-missing")
async def _etag_missing(reply: Reply) -> None:
    """No ETag."""
    await _send_file(reply, reply.answer.status, reply.file_headers(ETag=None))


def _invert(piece: bytes, _: int) -> bytes:
    return piece.translate(bytes(255 - byte for byte in range(256)))


async def _first_half_then(reply: Reply, transform: Callable[[bytes, int], bytes] | None) -> None:
    """Half of the file and an RST; every later request finds another ETag."""
    if reply.nth == 1:
        await _part(reply, _length(reply) // 2)
        await reply.reset()
    elif reply.answer.blob is not None:
        reply.answer = file_answer(reply.request, reply.answer.blob, "changed")
        await reply.whole_file(transform)


@transfer("etag-changed")
async def _etag_changed(reply: Reply) -> None:
    """The first transfer breaks half-way; the next ones have another ETag but the same bytes."""
    await _first_half_then(reply, None)


@transfer("file-changed")
async def _file_changed(reply: Reply) -> None:
    """The first transfer breaks half-way; the next ones have another ETag and other bytes."""
    await _first_half_then(reply, _invert)


@transfer("gzip-range")
async def _gzip_range(reply: Reply) -> None:
    """The bytes asked for, compressed with gzip."""
    headers = reply.file_headers(Content_Length=None, Content_Encoding="gzip")
    await reply.head(reply.answer.status, headers, chunked=True)
    packer = zlib.compressobj(1, wbits=31)
    async for _, piece in reply.pieces():
        await reply.send(packer.compress(piece))
    await reply.send(packer.flush())
    await reply.end()


@transfer("extra-bytes")
async def _extra_bytes(reply: Reply) -> None:
    """64 bytes (or `value`) more than the file has, announced in Content-Length."""
    extra = reply.number(64)
    await _send_file(
        reply, reply.answer.status, reply.file_headers(Content_Length=str(_length(reply) + extra))
    )
    await reply.send(b"x" * extra)


@transfer("endless")
async def _endless(reply: Reply) -> None:
    """No length, and no end of bytes (10 GiB)."""
    await reply.head(reply.answer.status, reply.file_headers(Content_Length=None))
    fill = b"e" * PIECE
    for _ in range(10 << 10):
        await reply.send(fill)


@transfer("zero-bytes")
async def _zero_bytes(reply: Reply) -> None:
    """The right headers, no byte, the end."""
    await _part(reply, 0)


@transfer("empty-body")
async def _empty_body(reply: Reply) -> None:
    """A proper answer with Content-Length 0."""
    await reply.bytes(b"")


@transfer("slow")
async def _slow(reply: Reply) -> None:
    """`value` bytes a second on this connection, by default 1000."""
    rate = reply.number(1000)
    await reply.head(reply.answer.status, reply.file_headers())
    async for _, piece in reply.pieces(at_most=max(1, rate // 10)):
        await reply.wait(len(piece) / rate)
        await reply.send(piece)


@transfer("stall")
async def _stall(reply: Reply) -> None:
    """Nothing more after `value` per cent of what was asked for, by default 50, for 120 s."""
    await _part(reply, _length(reply) * reply.number(50) // 100)
    await reply.wait(STALL_S)


@transfer("file-silence")
async def _file_silence(reply: Reply) -> None:
    """Not even headers, for `value` seconds, by default 120."""
    await reply.wait(STALL_S if reply.value is None else float(reply.value))


@transfer("reset")
async def _reset(reply: Reply) -> None:
    """An RST after `value` bytes of this answer, by default half of it."""
    await _part(reply, reply.number(_length(reply) // 2))
    await reply.reset()


@transfer("cut")
async def _cut(reply: Reply) -> None:
    """The connection is closed in good order after `value` bytes of this answer, by default half of it."""
    await _part(reply, reply.number(_length(reply) // 2))


def _flip(place: int) -> Callable[[bytes, int], bytes]:
    def flip(piece: bytes, at: int) -> bytes:
        offset = place - at
        if not 0 <= offset < len(piece):
            return piece
        return piece[:offset] + bytes([piece[offset] ^ 1]) + piece[offset + 1 :]

    return flip


@transfer("flip-always")
async def _flip_always(reply: Reply) -> None:
    """One wrong bit at offset `value` of the file, by default in the middle, every time."""
    await reply.whole_file(_flip(reply.number(reply.size // 2)))


@transfer("flip-once")
async def _flip_once(reply: Reply) -> None:
    """One wrong bit at offset `value` of the file, by default in the middle, the first time only."""
    place = reply.number(reply.size // 2)
    flip = _flip(place)
    is_due = reply.answer.start <= place < reply.answer.stop and not reply.memory.get("is_done")
    reply.memory["is_done"] = bool(reply.memory.get("is_done")) or is_due
    await reply.whole_file(flip if is_due else None)


@transfer("cut-random")
async def _cut_random(reply: Reply) -> None:
    """The connection ends after a random number of bytes, from the seed, on every request.

    `value` is the most it sends at a time, by default a quarter of the file; a rest of less than 1/20 of the
    file comes whole, so that a client who resumes gets there.
    """
    dice = random.Random(f"{reply.seed}/{reply.nth}")
    if _length(reply) <= reply.size // 20:
        await reply.right()
        return
    await _part(reply, dice.randint(1, max(1, reply.number(reply.size // 4))))


@transfer("bandwidth")
async def _bandwidth(reply: Reply) -> None:
    """`value` bytes a second for all connections together, by default 1,000,000."""
    rate = reply.number(1_000_000)
    await reply.head(reply.answer.status, reply.file_headers())
    async for _, piece in reply.pieces(at_most=max(1, min(PIECE, rate // 20))):
        await reply.line.pace.wait(len(piece), rate)
        await reply.send(piece)


@transfer("link-expired")
async def _link_expired(reply: Reply) -> None:
    """403 with XML, as a CDN answers when the signature of a URL is too old."""
    await reply.bytes(EXPIRED, 403, [("Content-Type", "application/xml")])


@transfer("file-portal")
async def _file_portal(reply: Reply) -> None:
    """200 with a login page in place of the file."""
    await reply.bytes(PORTAL, 200, HTML)


@transfer("file-503")
async def _file_503(reply: Reply) -> None:
    """503 in place of bytes."""
    await reply.bytes(b"busy", 503, HTML)


@transfer("file-503-retry-after")
async def _file_503_retry(reply: Reply) -> None:
    """503 with a Retry-After of `value` seconds, by default 1."""
    seconds = "1" if reply.value is None else str(reply.value)
    await reply.bytes(b"busy", 503, [*HTML, ("Retry-After", seconds)])


@transfer("gone-mid-file")
async def _gone_mid_file(reply: Reply) -> None:
    """Half of the file, an RST, and from then on 404: the file was deleted."""
    if reply.nth == 1:
        await _part(reply, _length(reply) // 2)
        await reply.reset()
        return
    refusal = error_answer(404, "Entry not found", "EntryNotFound")
    await reply.bytes(refusal.body, refusal.status, refusal.headers)


@transfer("late-file")
async def _late_file(reply: Reply) -> None:
    """The right bytes after `value` seconds, by default 1."""
    await asyncio.sleep(min(STALL_S, 1.0 if reply.value is None else float(reply.value)))
    await reply.right()


FAULTS_METADATA = tuple(name for name, fault in FAULTS.items() if fault.where == "api")
FAULTS_TRANSFER = tuple(name for name, fault in FAULTS.items() if fault.where == "file")
