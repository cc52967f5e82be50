"""Servers of other programs on this machine: Ollama, LM Studio, llama-server, vLLM, all in OpenAI's shape.

Whoever listens on a usual port may be anybody. So each question has a deadline, each answer a limit, no key
is ever sent and no redirect followed. What does not answer in a known shape is not there.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2

from steelyard.core.base.errors import printable
from steelyard.core.base.hosts import is_loopback
from steelyard.core.targets.clients import api_client
from steelyard.core.targets.found_metrics import read_metrics
from steelyard.core.targets.json_in import as_dict, as_list, as_text, parse_json
from steelyard.core.values.servers import FoundServer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Literal

    Kind = Literal["ollama", "lm-studio", "llama-server", "vllm", "openai-compatible"]

USUAL_PORTS = (11434, 1234, 8080, 9931, 8000, 1337, 5000, 5001, 9292, 13305)
"""Ollama; LM Studio; llama-server; the same on another port; vLLM; Jan; text-generation-webui; KoboldCpp;
llama-swap; Lemonade.
"""
_OLLAMA_PORT = 11434
_HOST = "127.0.0.1"
_ASK_S = 1.5
_LOOK_S = 5.0
_MAX_BYTES = 1 << 20
_MAX_MODELS = 512
_MAX_NAME_CHARS = 200
_NEEDS_KEY = (401, 403)
# What these programs write into `owned_by` of their models.
_OWNERS: dict[str, Kind] = {
    "llamacpp": "llama-server",
    "vllm": "vllm",
    "library": "ollama",
    "organization_owner": "lm-studio",
}
_HAS_METRICS = ("llama-server", "vllm")


@dataclass(frozen=True)
class _Address:
    host: str
    port: int

    @property
    def base(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


@dataclass(frozen=True)
class _Answer:
    """`document` is None where the body was no JSON."""

    status: int
    body: bytes
    document: Any

    @property
    def content(self) -> dict[str, Any]:
        """The object of a good answer; empty otherwise."""
        return as_dict(self.document) if self.status == 200 else {}


@dataclass
class _Known:
    """What is known of a server so far."""

    kind: Kind
    models: list[str] = field(default_factory=list[str])
    version: str = ""
    needs_key: bool = False


async def find_servers(
    skip_ports: frozenset[int],
    ports: Iterable[int] = USUAL_PORTS,
    environ: Mapping[str, str] | None = None,
) -> list[FoundServer]:
    """Look on these loopback ports and where OLLAMA_HOST points, if that is this machine.

    `skip_ports` are our own: a door must not find itself. Takes a few seconds at most; never raises. A server
    that is still loading its model is not found yet.
    """
    addresses = {_Address(_HOST, port): None for port in ports}
    named = _ollama_address((os.environ if environ is None else environ).get("OLLAMA_HOST", ""))
    if named is not None:
        addresses[named] = None
    wanted = [address for address in addresses if address.port not in skip_ports]
    async with api_client(f"http://{_HOST}") as client:
        found = await asyncio.gather(*(_look_patiently(client, address) for address in wanted))
    return [server for server in found if server is not None]


def _ollama_address(text: str) -> _Address | None:
    """Where OLLAMA_HOST says Ollama listens; None unless that is this machine."""
    text = text.strip()
    if not text or any(not c.isprintable() for c in text):
        return None
    has_scheme = "://" in text
    try:
        parts = urlsplit(text if has_scheme else f"//{text}")
        host = parts.hostname or _HOST
        port = parts.port or (80 if has_scheme else _OLLAMA_PORT)
    except ValueError:
        return None
    if parts.scheme not in ("", "http") or not is_loopback(host):
        return None
    # 0.0.0.0 and :: are where it listens; as a place to go to they mean this machine only on some systems.
    return _Address("::1" if host == "::1" else _HOST, port)


async def _look_patiently(client: httpx2.AsyncClient, address: _Address) -> FoundServer | None:
    try:
        async with asyncio.timeout(_LOOK_S):
            return await _look(client, address)
    except TimeoutError:
        return None


async def _look(client: httpx2.AsyncClient, address: _Address) -> FoundServer | None:
    listing = await _ask(client, address, "/v1/models")
    if listing is None:
        return None
    known = await _recognise(client, address, listing)
    if known is None:
        return None
    metrics = await _metrics(client, address) if known.kind in _HAS_METRICS else {}
    return FoundServer(
        kind=known.kind,
        url=f"{address.base}/v1",
        port=address.port,
        models=known.models,
        version=_short(known.version),
        needs_key=known.needs_key,
        metrics=metrics,
    )


async def _recognise(client: httpx2.AsyncClient, address: _Address, listing: _Answer) -> _Known | None:
    if listing.status in _NEEDS_KEY:
        return await _behind_a_key(client, address, listing)
    document = listing.content
    if document.get("object") != "list" or not isinstance(document.get("data"), list | None):
        return await _ollama(client, address)  # an old one has no /v1/models
    items = [as_dict(item) for item in as_list(document.get("data"))[:_MAX_MODELS]]
    models = _names(item.get("id") for item in items)
    owner = next((as_text(item.get("owned_by")) for item in items), "")
    match _OWNERS.get(owner):
        case "llama-server":
            known = await _llama_server(client, address)
        case "vllm":
            known = _Known("vllm", version=await _version(client, address, "/version"))
        case "lm-studio":
            known = await _lm_studio(client, address)
        case _:
            # Ollama writes the name of whoever published a model there.
            known = await _ollama(client, address) or await _lm_studio(client, address)
    known = known or _Known("openai-compatible")
    known.models = known.models or models
    return known


async def _behind_a_key(client: httpx2.AsyncClient, address: _Address, refusal: _Answer) -> _Known | None:
    """Which server refuses without a key; None if it does not refuse in OpenAI's words."""
    if not {"error", "detail"} & as_dict(refusal.document).keys():
        return None
    health = await _ask(client, address, "/health")
    if health is not None and health.content == {"status": "ok"}:
        return _Known("llama-server", needs_key=True)
    version = await _version(client, address, "/version")  # vLLM guards /v1 only
    metrics = await _ask(client, address, "/metrics") if version else None
    if metrics is not None and metrics.status == 200 and b"\nvllm:" in metrics.body:
        return _Known("vllm", version=version, needs_key=True)
    if "error" in as_dict(refusal.document):
        return _Known("openai-compatible", needs_key=True)
    return None


async def _llama_server(client: httpx2.AsyncClient, address: _Address) -> _Known:
    props = await _ask(client, address, "/props")
    version = as_text(props.content.get("build_info")) if props is not None else ""
    return _Known("llama-server", version=version, needs_key=props is not None and props.status in _NEEDS_KEY)


async def _ollama(client: httpx2.AsyncClient, address: _Address) -> _Known | None:
    version = await _version(client, address, "/api/version")
    tags = await _ask(client, address, "/api/tags") if version else None
    if (
        tags is None
        or not isinstance(tags.content.get("models"), list | None)
        or "models" not in tags.content
    ):
        return None
    if await _version(client, address, "/api/extra/version"):
        return None  # KoboldCpp speaks Ollama's language, too
    rows = as_list(tags.content.get("models"))[:_MAX_MODELS]
    return _Known("ollama", _names(as_dict(row).get("name") for row in rows), version)


async def _lm_studio(client: httpx2.AsyncClient, address: _Address) -> _Known | None:
    """Only what answers prompts is listed: its embedding models are left out."""
    newer = await _ask(client, address, "/api/v1/models")
    if newer is not None and (rows := _rows(newer, "models", "key")):
        return _Known("lm-studio", _prompted(rows, "key"))
    older = await _ask(client, address, "/api/v0/models")
    if older is not None and (rows := _rows(older, "data", "state")):
        return _Known("lm-studio", _prompted(rows, "id"))
    return None


def _rows(answer: _Answer, list_name: str, key: str) -> list[dict[str, Any]]:
    rows = [as_dict(row) for row in as_list(answer.content.get(list_name))[:_MAX_MODELS]]
    return rows if rows and all(key in row and "type" in row for row in rows) else []


def _prompted(rows: list[dict[str, Any]], key: str) -> list[str]:
    return _names(row.get(key) for row in rows if not as_text(row.get("type")).startswith("embedding"))


async def _version(client: httpx2.AsyncClient, address: _Address, path: str) -> str:
    answer = await _ask(client, address, path)
    return "" if answer is None else as_text(answer.content.get("version"))


async def _metrics(client: httpx2.AsyncClient, address: _Address) -> dict[str, float]:
    answer = await _ask(client, address, "/metrics")
    return read_metrics(answer.body) if answer is not None and answer.status == 200 else {}


async def _ask(client: httpx2.AsyncClient, address: _Address, path: str) -> _Answer | None:
    """One GET; None if nobody answers in time, or too much."""
    try:
        async with asyncio.timeout(_ASK_S):
            request = client.build_request("GET", address.base + path, headers={"Accept": "*/*"})
            response = await client.send(request, stream=True)
            try:
                body = await _bounded_body(response)
            finally:
                await response.aclose()
    except (TimeoutError, httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, ValueError):
        return None
    if body is None:
        return None
    try:
        return _Answer(response.status_code, body, parse_json(body))
    except ValueError:
        return _Answer(response.status_code, body, None)


async def _bounded_body(response: httpx2.Response) -> bytes | None:
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        return None  # it was asked not to compress, and what it unpacks to is unknown
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > _MAX_BYTES:
            return None
    return bytes(body)


def _names(values: Iterable[Any]) -> list[str]:
    """Model names as they must be sent back, without those that no honest server has."""
    names = (as_text(value) for value in values)
    return list(dict.fromkeys(n for n in names if n and len(n) <= _MAX_NAME_CHARS and n == printable(n)))


def _short(text: str) -> str:
    return " ".join(printable(text).split())[:_MAX_NAME_CHARS]
