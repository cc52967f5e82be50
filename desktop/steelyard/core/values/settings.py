"""Typed settings. Secrets are never among them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from steelyard.core.values.decision import PresetEdit, Regime, WorkClass
from steelyard.core.values.price_rows import PriceOverride
from steelyard.core.values.row import Row
from steelyard.core.values.targets import ApiTarget

Positive = Annotated[float, msgspec.Meta(gt=0, le=1e12)]
Theme = Literal["system", "light", "dark"]


class ServerSettings(Row, frozen=True):
    """How llama-server children are started and watched."""

    load_stall_s: Positive = 60.0
    generate_stall_s: Positive = 30.0
    context_tokens: Annotated[int, msgspec.Meta(ge=256, le=1 << 22)] = 8192
    threads: Annotated[int, msgspec.Meta(ge=0, le=1024)] = 0
    """0 leaves the number of threads to the engine."""
    idle_unload_s: Annotated[float, msgspec.Meta(ge=0, le=1e7)] = 300.0
    """An idle server's process is ended after so long; 0 never."""
    eviction: Literal["auto", "ask"] = "auto"
    """Whether idle servers go by themselves when other weights need their memory."""
    memory_budget_bytes: Annotated[int, msgspec.Meta(ge=0, le=1 << 50)] = 0
    """All servers together, on each device; 0: what the device has."""
    room_wait_s: Positive = 120.0
    """How long a request waits for memory that busy servers hold."""
    max_waiting: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 512
    """Requests that may wait for one server's slot."""


class GatewaySettings(Row, frozen=True):
    """The OpenAI-compatible door on 127.0.0.1. Port 0 lets the system choose."""

    is_open: bool = False
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 11480
    metrics: bool = False
    """Whether /metrics (Prometheus) is there, without a key."""
    otlp_url: Annotated[str, msgspec.Meta(max_length=400)] | None = None
    """An OpenTelemetry collector on this machine that gets the same figures every 10 s."""


class AlertSettings(Row, frozen=True):
    """Thresholds that are told once; None never. Spend is of the calendar month."""

    vram_share: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = 0.95
    temperature_c: Annotated[float, msgspec.Meta(gt=0, le=150)] | None = 87.0
    ttft_p95_ms: Positive | None = None
    error_share: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = 0.2
    month_usd: Annotated[list[Positive], msgspec.Meta(max_length=16)] = msgspec.field(
        default_factory=lambda: [5_000.0, 10_000.0]
    )


class ApiSettings(Row, frozen=True):
    """Limits on remote answers."""

    connect_timeout_s: Positive = 10.0
    first_token_timeout_s: Positive = 120.0
    stall_timeout_s: Positive = 60.0
    total_timeout_s: Positive = 1800.0


class EnergySettings(Row, frozen=True):
    """What the user typed about power; None is unknown."""

    idle_watts: Annotated[float, msgspec.Meta(ge=0, le=100_000)] | None = None
    """With the model loaded and nobody asking."""
    active_watts: Annotated[float, msgspec.Meta(gt=0, le=100_000)] | None = None
    tariff_usd_per_kwh: Annotated[float, msgspec.Meta(ge=0, le=1_000)] | None = None


class HardwareSettings(Row, frozen=True):
    """What the machine costs, for the all-in figure; None is unknown."""

    price_usd: Annotated[float, msgspec.Meta(ge=0, le=1e9)] | None = None
    life_months: Annotated[float, msgspec.Meta(gt=0, le=1200)] | None = None
    busy_share: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None
    """Share of its life that the machine spends generating."""


class CompareSettings(Row, frozen=True):
    """What comparisons are scaled to."""

    prompts_per_month: Annotated[int, msgspec.Meta(ge=1, le=10**12)] | None = None
    """Prompts like the compared one that the user expects in a month; None is unknown."""


class CostSettings(Row, frozen=True):
    """What spend is held against, and where it ends."""

    comparator: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    """A target's name or PROVIDER/MODEL: what local runs would have cost there."""
    month_cap_usd: Annotated[float, msgspec.Meta(gt=0, le=1e9)] | None = None
    """Paid runs of a calendar month end here: the next one is refused before it is sent."""
    prices: Annotated[list[PriceOverride], msgspec.Meta(max_length=1000)] = []


class DecideSettings(Row, frozen=True):
    """What the user changed of the decision book; an empty list of classes: as shipped."""

    presets: Annotated[list[PresetEdit], msgspec.Meta(max_length=200)] = []
    classes: Annotated[list[WorkClass], msgspec.Meta(max_length=200)] = []
    regimes: Annotated[list[Regime], msgspec.Meta(max_length=100)] = []
    readiness: dict[str, bool] = {}


class HubSettings(Row, frozen=True):
    """Where weights come from. None and 0 mean: as the environment says, no limit."""

    endpoint: Annotated[str, msgspec.Meta(max_length=400)] | None = None
    """A mirror; HF_ENDPOINT goes before it."""
    proxy: Annotated[str, msgspec.Meta(max_length=400)] | None = None
    """Used instead of HTTPS_PROXY and HTTP_PROXY; for the hub only."""
    parallel_downloads: Annotated[int, msgspec.Meta(ge=1, le=8)] = 2
    rate_limit_bps: Annotated[int, msgspec.Meta(ge=0, le=1 << 40)] = 0
    """Bytes a second over all downloads; 0 is unlimited."""


class Settings(Row, frozen=True):
    """The whole settings file."""

    schema_version: int = 1
    theme: Theme = "system"
    servers: ServerSettings = ServerSettings()
    api: ApiSettings = ApiSettings()
    energy: EnergySettings = EnergySettings()
    hardware: HardwareSettings = HardwareSettings()
    hub: HubSettings = HubSettings()
    gateway: GatewaySettings = GatewaySettings()
    alerts: AlertSettings = AlertSettings()
    compare: CompareSettings = CompareSettings()
    costs: CostSettings = CostSettings()
    decide: DecideSettings = DecideSettings()
    targets: list[ApiTarget] = []
    weights_paths: list[str] = []
    """GGUF files or folders of them that the user pointed to."""
