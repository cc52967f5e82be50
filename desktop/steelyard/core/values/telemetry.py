"""What the machine says about itself. Bytes, watts, joules, degrees Celsius, MHz; times: UTC epoch s.

None is unknown, never 0; why it is unknown stands in the source's `reason`.
"""

from __future__ import annotations

from typing import Literal

from steelyard.core.values.row import Row

SourceName = Literal["nvidia", "amd", "intel", "apple", "host", "rapl", "wattmeter"]
SourceHealth = Literal["ok", "absent", "failing", "hung", "lost"]
Throttle = Literal["thermal", "power", "hardware", "other"]
MarkerKind = Literal["cold_start", "spill", "throttle", "restart", "unload", "alert", "note"]
PowerSource = Literal["nvml_counter", "nvml_power", "rapl", "sysfs", "user_watts", "none"]


class SourceState(Row, frozen=True):
    """Whether a source of measurements answers, and if not, why."""

    name: SourceName
    health: SourceHealth
    reason: str = ""
    age_s: float | None = None
    """Since its last answer."""


class GpuProcess(Row, frozen=True):
    """Memory that a process holds on a GPU. `is_ours`: one of our servers, then `server` names it."""

    pid: int
    used_bytes: int | None
    name: str = ""
    server: str | None = None


class GpuSample(Row, frozen=True):
    """One GPU at one moment. `id` is stable over restarts (nvidia:UUID, amd:PCI address)."""

    id: str
    name: str
    source: SourceName
    total_bytes: int | None = None
    used_bytes: int | None = None
    free_bytes: int | None = None
    utilisation_share: float | None = None
    power_w: float | None = None
    power_limit_w: float | None = None
    energy_j: float | None = None
    """The device's own counter."""
    temperature_c: float | None = None
    temperature_limit_c: float | None = None
    clock_mhz: float | None = None
    memory_clock_mhz: float | None = None
    throttle: list[Throttle] = []
    processes: list[GpuProcess] = []
    processes_reason: str = ""
    """Why the memory of single processes is unknown."""


class HostSample(Row, frozen=True):
    """The machine itself. `pressure_share`: of the last 10 s, tasks waited for memory (Linux PSI, some)."""

    cpu_share: float | None = None
    total_bytes: int | None = None
    available_bytes: int | None = None
    swap_used_bytes: int | None = None
    pressure_share: float | None = None
    package_power_w: float | None = None
    package_energy_j: float | None = None


class ServerSample(Row, frozen=True):
    """One of our servers at one moment. `gen_tps`: tokens of all its streams in the last second."""

    name: str
    pid: int
    ram_bytes: int | None = None
    vram_bytes: int | None = None
    cpu_share: float | None = None
    gen_tps: float | None = None


class Sample(Row, frozen=True):
    """Everything that was known at one moment."""

    at: float
    gpus: list[GpuSample] = []
    host: HostSample | None = None
    servers: list[ServerSample] = []
    sources: list[SourceState] = []
    power_w: float | None = None
    """All that is metered together; `power_source` says what that is."""
    power_source: PowerSource = "none"


class Series(Row, frozen=True):
    """One line of a chart; `values` has one item for each of the history's `times`.

    Keys: `gpu.{id}.used_bytes|utilisation_share|power_w|temperature_c|clock_mhz`,
    `process.{server}.vram_bytes|ram_bytes`, `process.other.vram_bytes`,
    `host.cpu_share|used_bytes|pressure_share|power_w`,
    `server.{name}.gen_tps`, `runs.ttft_p50_ms|ttft_p95_ms|itl_p50_ms|itl_p95_ms|joules_per_token`.
    """

    key: str
    label: str
    unit: str
    values: list[float | None]


class Marker(Row, frozen=True):
    """An event on the time axis."""

    id: str
    at: float
    kind: MarkerKind
    title: str
    detail: str = ""
    server: str | None = None
    hint: str = ""


class History(Row, frozen=True):
    """What the charts show, column by column. `step_s` apart; older than an hour it is means of a minute."""

    since: float
    until: float
    step_s: float
    times: list[float]
    series: list[Series]
    markers: list[Marker]
    idle_power_w: float | None = None
    """With the models loaded that are loaded now, nobody generating."""
    power_source: PowerSource = "none"
    power_uncertainty: str = ""
    predicted_bytes: int | None = None
    """What our servers were projected to hold on the GPU now."""


class RequestRow(Row, frozen=True, rename={"class_": "class"}):
    """A line of the table of requests; see `Run` for the meanings."""

    run_id: str
    started_at: str
    target: str
    model: str
    kind: Literal["local", "api"]
    route: str
    """Who asked: app, command, gateway:NAME, bench, tune."""
    class_: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    ttft_ms: float | None
    gen_tps: float | None
    itl_p50_ms: float | None
    itl_p95_ms: float | None
    e2e_ms: float | None
    joules: float | None
    usd: str | None
    finish_reason: str | None
    error: str | None
    marks: list[str] = []
    """cold, cached, spilled, throttled, pressure, beside (another local model generated), retried."""


class RequestPage(Row, frozen=True):
    """Requests of a window, newest first; `total` of them are in it."""

    rows: list[RequestRow]
    total: int
    failed: int


class PowerPoint(Row, frozen=True):
    """Power at a moment, ms since the request was sent."""

    at_ms: float
    power_w: float | None
    vram_bytes: int | None


class Inspection(Row, frozen=True):
    """Everything that is kept of one run. `sent` is the request body as sent, keys removed; `templated` the
    prompt as the engine's template made it, with `templated_bytes` bytes in UTF-8 (None: not kept).
    """

    run: dict[str, object]
    messages: list[dict[str, object]]
    sent: str | None
    templated: str | None
    templated_bytes: int | None
    samplers: list[str]
    """In the order in which the engine applied them."""
    sampling: dict[str, object]
    times: dict[str, object]
    """Raw stamps, microseconds from the start of the last attempt."""
    power: list[PowerPoint]
    server: str | None = None
    command: str | None = None


class AlertRule(Row, frozen=True):
    """A threshold that is told once when it is crossed, and again only after it was fine in between."""

    what: Literal[
        "vram_share", "temperature_c", "ttft_p95_ms", "error_share", "month_usd", "month_cap", "review_volume"
    ]
    above: float
    is_on: bool = True


class Alert(Row, frozen=True):
    """A threshold was crossed. `value` and `above` are in the rule's unit."""

    what: str
    value: float
    above: float
    at: float
    text: str
