"""The hub: search results, repositories, downloads, and who we are there."""

from __future__ import annotations

from typing import Literal

from steelyard.core.values.row import Row
from steelyard.core.values.weights import WeightsKind

HubSort = Literal["downloads", "likes", "updated"]
DownloadState = Literal[
    "queued", "starting", "downloading", "verifying", "paused", "failed", "done", "cancelled"
]


class HubFilters(Row, frozen=True):
    """None leaves a filter out. `quant` keeps repositories that have a file of that quant."""

    min_parameters: int | None = None
    max_parameters: int | None = None
    quant: str | None = None
    licence: str | None = None
    gated: bool | None = None
    fits_only: bool = False


class HubModelRow(Row, frozen=True):
    """One search result. `estimated_bytes` is what Q4_K_M weights of that many parameters take (formula)."""

    repo: str
    downloads: int
    likes: int
    updated_at: str | None
    gated: bool
    licence: str | None
    parameters: int | None
    architecture: str | None
    context_length: int | None
    estimated_bytes: int | None = None
    estimate_fits: bool | None = None
    """Whether `estimated_bytes` is within the memory that is free now; None when unknown."""
    is_here: bool = False
    """At least one file of it lies on this machine."""


class HubPage(Row, frozen=True):
    """Some search results; `cursor` asks for the next ones, None after the last."""

    results: list[HubModelRow]
    cursor: str | None = None


class HubFileRow(Row, frozen=True):
    """One GGUF of a repository: a file, or a split set joined under one name.

    `parts` are the file names in the repository. `name` of a split set is its common name without the
    numbers. `needs_xet` marks files that plain HTTP does not deliver.
    """

    name: str
    parts: list[str]
    size_bytes: int
    quant: str | None
    bits_per_weight: float | None
    sha256: str | None
    kind: WeightsKind = "model"
    is_here: bool = False
    missing_parts: list[str] = []
    needs_xet: bool = False
    note: str = ""
    """What the quant means for quality, in plain words; may be empty."""


class HubRepo(Row, frozen=True):
    """A repository at one commit. `readme` is plain text, the beginning only."""

    repo: str
    revision: str
    revision_name: str
    url: str
    downloads: int
    likes: int
    updated_at: str | None
    gated: bool
    has_access: bool | None
    """False: the hub refuses its files to us; None: it was not tried."""
    access_hint: str
    """How to get access, for gated repositories; else empty."""
    licence: str | None
    base_model: str | None
    parameters: int | None
    architecture: str | None
    context_length: int | None
    readme: str
    files: list[HubFileRow]
    mmproj: list[HubFileRow] = []
    lora: list[HubFileRow] = []


class CatalogEntry(Row, frozen=True):
    """One curated repository; `good_for` says in plain words what it is good for."""

    repo: str
    title: str
    licence: str
    parameters: int
    good_for: str
    checked_on: str
    """Day on which repository, licence and facts were looked at, ISO."""


class DownloadRow(Row, frozen=True):
    """One entry of the download list: a file or a split set.

    `done_bytes` are on disk, `hashed_bytes` of them went through sha256. `rate_bps` is bytes a second over
    the last seconds. `position` orders the list. `fetched_bytes` came over the network in this start of the
    app, `resumed_from_bytes` were there already.
    """

    id: str
    repo: str
    revision: str
    name: str
    quant: str | None
    state: DownloadState
    size_bytes: int
    done_bytes: int = 0
    hashed_bytes: int = 0
    rate_bps: float | None = None
    eta_s: float | None = None
    position: int = 0
    parts_done: int = 0
    parts_total: int = 1
    fetched_bytes: int = 0
    resumed_from_bytes: int = 0
    note: str = ""
    """What it waits for, such as a retry; may be empty."""
    error: str | None = None
    error_hint: str = ""
    path: str | None = None


class PulledPart(Row, frozen=True):
    """One file of a download that is done."""

    path: str
    sha256: str
    size_bytes: int


class Pulled(Row, frozen=True):
    """Result of `models pull`. `sha256` is that of the one file; None for a split set (see `parts`).

    `verified`: the hub named a hash for each file, and it was found.
    """

    path: str
    sha256: str | None
    size_bytes: int
    bytes_fetched: int
    resumed_from_bytes: int
    verified: bool
    parts: list[PulledPart] = []


class HubAccount(Row, frozen=True):
    """How we stand with the hub. `reachable` is None when it was not tried.

    `token` tells where the token comes from: the environment (HF_TOKEN), our keyring entry, memory only, or
    a login of the hub's own tools.
    """

    endpoint: str
    endpoint_source: Literal["default", "environment", "settings"]
    reachable: bool | None
    token: Literal["environment", "keyring", "memory", "login", "none"]
    user: str | None
    proxy: str | None
    cache: str
    cache_free_bytes: int | None
    error: str | None = None
