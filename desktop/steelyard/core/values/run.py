"""RUN: one prompt on one target, with everything that was measured. Field meanings: CLI contract, "RUN".

Times are milliseconds, sizes bytes, money decimal strings in USD. None means unknown, never zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from steelyard.core.base.redaction import redact
from steelyard.core.values.row import Row

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError

TargetKind = Literal["local", "api"]
FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "cancelled", "interrupted", "error"]
EnergySource = Literal["nvml_counter", "nvml_power", "rapl", "sysfs", "user_watts", "none"]
CostBasis = Literal["api_price", "local_marginal", "local_full", "unknown"]
UsageSource = Literal["server", "estimated"]


class WeightsInfo(Row, frozen=True):
    """Which file answered."""

    repo: str | None
    file: str
    revision: str | None
    sha256: str | None
    quant: str | None
    size_bytes: int


class EngineInfo(Row, frozen=True):
    """Which program ran the weights."""

    name: str
    build: str
    backend: str


class TargetInfo(Row, frozen=True):
    """Who answered."""

    name: str
    kind: TargetKind
    model: str
    weights: WeightsInfo | None = None
    engine: EngineInfo | None = None
    server: str | None = None
    """Which of our servers, by its name in `ps`."""
    endpoint_host: str | None = None


class ErrorInfo(Row, frozen=True):
    """A failed run's reason: what, why, what to do."""

    title: str
    detail: str
    hint: str
    retryable: bool


class RunState(Row, frozen=True):
    """How the run met its target, and what went on beside it. None and empty: not so, or unknown."""

    cold: bool | None = None
    cached_prompt_tokens: int | None = None
    layers_on_gpu: int | None = None
    layers: int | None = None
    """Both only where there is a GPU: fewer on it than there are means that the CPU did the rest."""
    throttled: list[str] = []
    """Why a GPU was held back meanwhile: thermal, power, hardware."""
    memory_pressure_share: float | None = None
    """Highest share of the time in which tasks waited for memory."""
    beside: list[str] = []
    """Local models that generated at the same time, and APIs that computed on this machine meanwhile."""
    other_gpu_processes: list[str] = []
    """Programs that are not ours and held memory of a GPU."""
    context_tokens: int | None = None
    """What one request may use of the server's context."""
    tokenizer: str | None = None
    """Which vocabulary counted the tokens; equal words mean equal tokens. None: an API's, which is
    unknown.
    """
    recount_tokens: int | None = None
    """The answer of an API counted with a local vocabulary of the same comparison, and"""
    recount_tokenizer: str | None = None
    """which that was."""
    template_added: str | None = None
    """Words that the chat template put in beside the messages, such as a system prompt of its own."""
    template_left_out: list[str] = []
    """Roles of messages that did not get through the chat template whole."""
    host_cores: float | None = None
    """Of an API on this machine: how many cores its process used meanwhile."""
    prompt_bytes: int | None = None
    prompt_chars: int | None = None
    """Text of all messages that were sent, in UTF-8 and in characters."""
    prompt_digest: str | None = None
    """Equal words mean that the same messages were sent."""
    has_system: bool | None = None
    """Whether a system prompt was among them."""


class Usage(Row, frozen=True):
    """Token counts; `prompt_tokens` includes the cached ones."""

    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None
    source: UsageSource | None = None


class Phases(Row, frozen=True):
    """Where the time went; the sum is `e2e_ms`. After a failure the phases that were not reached are None."""

    connect: float
    tls: float | None = None
    send: float | None = None
    wait_headers: float | None = None
    first_token: float | None = None
    stream: float | None = None


class Timing(Row, frozen=True):
    """Latency and rates of the last attempt."""

    load_ms: float | None = None
    ttft_ms: float | None = None
    e2e_ms: float | None = None
    tpot_ms: float | None = None
    itl_p50_ms: float | None = None
    itl_p95_ms: float | None = None
    prompt_tps: float | None = None
    gen_tps: float | None = None
    phases_ms: Phases | None = None
    attempts: int = 0
    waited_ms: float = 0.0


class Memory(Row, frozen=True):
    """What the run's server held."""

    vram_peak_bytes: int | None = None
    ram_peak_bytes: int | None = None
    predicted_bytes: int | None = None
    measured_bytes: int | None = None


class Energy(Row, frozen=True):
    """Joules that this run cost, the idle baseline with the model loaded taken off.

    `note` says what makes the figure uncertain, or why there is none; `uncertainty_share` is that in numbers.
    """

    joules: float | None = None
    prefill_joules: float | None = None
    decode_joules: float | None = None
    source: EnergySource = "none"
    idle_w: float | None = None
    uncertainty_share: float | None = None
    note: str = ""


class Structured(Row, frozen=True):
    """Whether an answer has the form that was asked for. `is_valid` None: it could not be checked, see
    detail.

    `is_held`: the target was told the form, so that it could not answer otherwise (or was asked not to).
    """

    kind: Literal["json_schema", "grammar"]
    is_held: bool
    is_valid: bool | None
    detail: str = ""


class CostPart(Row, frozen=True):
    """One line of the bill."""

    what: str
    quantity: int | float
    unit: str
    usd: str
    usd_per_million: str | None = None
    """The unit price that was used, where the unit is a token."""


class Cost(Row, frozen=True):
    """What the run cost and by which price."""

    usd: str | None = None
    basis: CostBasis = "unknown"
    marginal_usd: str | None = None
    full_usd: str | None = None
    price_id: str | None = None
    price_date: str | None = None
    parts: list[CostPart] = []


class Run(Row, frozen=True, rename={"class_": "class"}):
    """One prompt on one target."""

    id: str
    started_at: str
    target: TargetInfo
    class_: str | None = None
    tags: dict[str, str] = {}
    route: str = "app"
    """Who asked: app, command, bench, tune, gateway:CLIENT."""
    comparison_id: str | None = None
    turn: int = 0
    column: int = 0
    parent_id: str | None = None
    """The run of the same column whose answer this one goes on from."""
    case: int = 0
    """Row of the table of variables, from 0."""
    repeat: int = 0
    """Which of the repetitions, from 0."""
    params: dict[str, Any] = {}
    not_sent: list[str] = []
    text: str = ""
    reasoning: str | None = None
    tool_calls: list[Any] | None = None
    structured: Structured | None = None
    finish_reason: FinishReason | None = None
    error: ErrorInfo | None = None
    state: RunState = RunState()
    usage: Usage = Usage()
    timing: Timing = Timing()
    memory: Memory = Memory()
    energy: Energy = Energy()
    cost: Cost = Cost()
    raw: dict[str, Any] = {}


def run_document(run: Run) -> dict[str, Any]:
    """The RUN as plain data, with the contract's key names."""
    document: dict[str, Any] = msgspec.to_builtins(run)
    return document


def error_info(error: AppError) -> ErrorInfo:
    """An error as it is kept and shown: keys are masked in it."""
    return ErrorInfo(
        title=redact(error.title),
        detail=redact(error.detail),
        hint=redact(error.hint),
        retryable=error.retryable,
    )
