"""Whether weights fit this machine, and with how many bytes."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from steelyard.core.values.row import Row

Verdict = Literal["fits", "tight", "partial", "cpu", "wont_fit"]
KvType = Literal["f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl"]
FIT_DEFAULT_CONTEXT = 8192


class FitWish(Row, frozen=True):
    """How weights are to be served. `ctx` is what one request may use, tokens; None takes the model's own
    context, at most 8,192. The engine gets ctx times parallel, not unified.
    """

    ctx: Annotated[int, msgspec.Meta(ge=1, le=1 << 24)] | None = None
    parallel: Annotated[int, msgspec.Meta(ge=1, le=256)] = 1
    kv_type: KvType = "f16"


class ProjectedDevice(Row, frozen=True):
    """One row of the engine's memory breakdown, MiB. Total and free are None for host memory."""

    name: str
    model_mib: int
    context_mib: int
    compute_mib: int
    total_mib: int | None = None
    free_mib: int | None = None

    @property
    def is_host(self) -> bool:
        """Whether it is memory of the machine itself."""
        return self.total_mib is None


class Projected(Row, frozen=True):
    """What one projection of the engine said. Exact figures are None where its log does not have them.

    `layers_on_gpu` counts the output layer, too, and is None without a GPU.
    """

    devices: list[ProjectedDevice]
    kv_bytes: int | None = None
    compute_bytes: int | None = None
    output_bytes: int = 0
    layers_on_gpu: int | None = None


class FitDevice(Row, frozen=True):
    """Memory of one device and what these weights would take of it, bytes.

    `given_back_bytes` is what idle servers of ours hold there and would give back.
    """

    name: str
    kind: Literal["gpu", "host"]
    total_bytes: int
    free_bytes: int
    given_back_bytes: int = 0
    weights_bytes: int = 0
    kv_bytes: int = 0
    compute_bytes: int = 0
    overhead_bytes: int = 0


class FitCorrection(Row, frozen=True):
    """What former loads on this backend taught: measured against predicted.

    `error_share` is the mean of measured / predicted - 1 over the last `loads`, `spread_share` how far most
    of them were from it.
    """

    loads: int
    error_share: float
    spread_share: float


class FitReport(Row, frozen=True):
    """The verdict on one file with one wish. All sizes in bytes; `total_bytes` is the sum of the four.

    `basis` tells where the figures come from: the pinned engine's own projection, or the formula.
    `is_scaled`: the engine projected another file of the same repository, and this one's size was put in.
    `low_bytes` to `high_bytes` is the range of the estimate. `largest_ctx` is the longest context per request
    that still gets the best verdict this machine can give these weights (None: none does).
    """

    name: str
    verdict: Verdict
    ctx: int
    parallel: int
    kv_type: str
    weights_bytes: int
    kv_bytes: int
    compute_bytes: int
    overhead_bytes: int
    total_bytes: int
    low_bytes: int
    high_bytes: int
    layers_on_gpu: int | None
    layers: int
    devices: list[FitDevice]
    basis: Literal["engine", "formula"]
    header_bytes_read: int
    is_scaled: bool = False
    model_ctx: int | None = None
    largest_ctx: int | None = None
    margin_bytes: int = 0
    correction: FitCorrection | None = None
    reason: str = ""
    """The verdict in plain words, with bytes."""


class RepoFit(Row, frozen=True):
    """Verdicts for the models of a repository, by `HubFileRow.name`. `recommended` is one of the names."""

    reports: dict[str, FitReport]
    recommended: str | None
    why: str
    """Why that one, in plain words; or why none."""
