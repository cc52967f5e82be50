"""State of the llama-server children as others see it."""

from __future__ import annotations

from typing import Literal

from steelyard.core.values.profiles import FlagRow, LaunchProfile
from steelyard.core.values.row import Row

ServerState = Literal["waiting", "starting", "loading", "ready", "stopping", "stopped", "failed"]
"""`waiting`: for memory, see `ServerRow.room`."""
BannerCode = Literal[
    "spilled_to_cpu",
    "memory_pressure",
    "throttled",
    "other_gpu_process",
    "other_local_load",
    "prompt_too_long",
    "cached_prefill",
]


class Banner(Row, frozen=True):
    """Something true that a user must not miss. `until` None: it still holds."""

    code: BannerCode
    text: str
    hint: str = ""


class SlotRow(Row, frozen=True):
    """One slot. `used_tokens` of `ctx` are in its context now."""

    id: int
    is_busy: bool
    ctx: int
    used_tokens: int | None


class MemoryPart(Row, frozen=True):
    """Bytes of one kind on one device, as projected and as the engine reported them."""

    device: str
    kind: Literal["weights", "kv", "compute", "overhead"]
    predicted_bytes: int | None
    measured_bytes: int | None


class RoomPlan(Row, frozen=True):
    """What has to go so that weights fit into the memory budget; all sizes in bytes.

    `evict` names idle servers, the cheapest set to load again; `waits_for` busy ones, which nobody kills.
    """

    needed_bytes: int
    free_bytes: int
    budget_bytes: int
    device: str
    fits: bool
    evict: list[str] = []
    waits_for: list[str] = []
    reload_ms: float | None = None
    """What loading the evicted ones again would take."""
    why: str = ""


class ServerRow(Row, frozen=True):
    """One llama-server process."""

    name: str
    weights: str
    pid: int | None
    state: ServerState
    ctx: int | None
    slots: int
    slots_busy: int
    predicted_bytes: int | None
    measured_bytes: int | None
    vram_bytes: int | None
    started_at: str | None
    idle_s: float | None
    progress: float | None = None
    error: str | None = None
    ram_bytes: int | None = None
    ready_at: str | None = None
    load_ms: float | None = None
    unload_in_s: float | None = None
    """Seconds until it is ended for being idle; None: busy, or never."""
    waiting: int = 0
    """Requests that wait for a slot."""
    context_used: int | None = None
    """Tokens in all slots."""
    slot_rows: list[SlotRow] = []
    profile: str | None = None
    backend: str = ""
    build: str = ""
    layers_on_gpu: int | None = None
    layers: int | None = None
    banners: list[Banner] = []
    room: RoomPlan | None = None
    ended: str = ""
    """Why the last process ended, in words; empty while it never did."""
    restarts: int = 0


class ServerDetail(Row, frozen=True):
    """All about one server. Watts are means of the seconds before and after an unload for being idle."""

    row: ServerRow
    profile: LaunchProfile
    command: str
    flags: list[FlagRow]
    parts: list[MemoryPart]
    fit_errors: list[float] = []
    """Measured / predicted - 1 of the last loads on this backend, newest last."""
    gen_tps: float | None = None
    prompt_tps: float | None = None
    prefix_reuse_share: float | None = None
    draft_accepted_share: float | None = None
    idle_before_w: float | None = None
    idle_after_w: float | None = None


class LogLine(Row, frozen=True):
    """One line of a child's output; `level` is the engine's letter (I, W, E, D), empty when it has none."""

    number: int
    level: str
    text: str


class ServerLog(Row, frozen=True):
    """The end of a log. `first` is the number of the oldest line that is kept."""

    name: str
    first: int
    lines: list[LogLine]


class DeviceRow(Row, frozen=True):
    """A GPU's memory, bytes."""

    name: str
    total_bytes: int
    free_bytes: int


class FoundServer(Row, frozen=True):
    """An OpenAI-compatible server of somebody else on this machine; `attached` names its target."""

    kind: Literal["ollama", "lm-studio", "llama-server", "vllm", "openai-compatible"]
    url: str
    port: int
    models: list[str]
    version: str = ""
    needs_key: bool = False
    metrics: dict[str, float] = {}
    """Of its /metrics, by our names: requests_running, requests_waiting, prompt_tokens_total,
    generation_tokens_total, kv_cache_share, ttft_ms_mean, tpot_ms_mean.
    """
    attached: str | None = None


class GatewayKey(Row, frozen=True):
    """A client of the gateway; the key itself is shown once and kept as a hash."""

    name: str
    created_at: str
    last_used_at: str | None
    requests: int


class GatewayRow(Row, frozen=True):
    """The door for other programs. `base_url` None: it is closed."""

    base_url: str | None
    keys: list[GatewayKey]
    problem: str = ""
    metrics_url: str | None = None
    models: list[str] = []
    """What clients may name; only in the answers of `OpenGateway` and `ReadGateway`."""
