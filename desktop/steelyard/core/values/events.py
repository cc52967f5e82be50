"""What happened, past tense. Text events concatenate, state events are latest-wins by key."""

from __future__ import annotations

from steelyard.core.values.bench import BenchLevel, TuneCandidate
from steelyard.core.values.comparison import NotComparable
from steelyard.core.values.hub import DownloadRow
from steelyard.core.values.row import Tagged
from steelyard.core.values.run import Run
from steelyard.core.values.servers import GatewayRow, LogLine, RoomPlan, ServerRow
from steelyard.core.values.telemetry import Alert, Marker, Sample


class ComparisonStarted(Tagged, frozen=True):
    """A comparison (or a further turn of one) has its id; `request` is the asking call's own id."""

    request: str
    comparison_id: str
    turn: int


class RunStarted(Tagged, frozen=True):
    """A run has its row in the ledger; times and text follow."""

    request: str
    run: Run


class RunWaited(Tagged, frozen=True):
    """A run waits for something before its request goes out: loading, warming up, a turn in the schedule."""

    request: str
    column: int
    target: str
    reason: str
    progress: float | None = None


class TextArrived(Tagged, frozen=True):
    """More of an answer. `chunks` counts content deltas, `elapsed_ms` runs since the request was sent."""

    request: str
    run_id: str
    column: int
    text: str
    is_reasoning: bool
    chunks: int
    elapsed_ms: float
    ttft_ms: float | None


class RunFinished(Tagged, frozen=True):
    """The run's final document, failed or not."""

    request: str
    run: Run


class ComparisonJudged(Tagged, frozen=True):
    """What of a comparison cannot be compared. What was told of `judged` runs is replaced."""

    request: str
    comparison_id: str
    not_comparable: list[NotComparable]
    judged: list[str] = []


class ComparisonProgressed(Tagged, frozen=True):
    """So many of a comparison's runs are over. `eta_s`: until the last one is; None: not known yet."""

    request: str
    comparison_id: str
    done: int
    total: int
    eta_s: float | None
    doing: str


class ComparisonsChanged(Tagged, frozen=True):
    """A stored comparison was added, marked or removed."""


class PromptsChanged(Tagged, frozen=True):
    """The prompt library changed."""


class ServerChanged(Tagged, frozen=True):
    """A server's state, memory or slots changed; `state="stopped"` is its last row."""

    server: ServerRow


class EngineChanged(Tagged, frozen=True):
    """The engine became ready, waits for another owner, failed or is closing.

    `notices` tell what happened to the user's files when it started.
    """

    state: str
    detail: str = ""
    notices: list[str] = []


class TargetsChanged(Tagged, frozen=True):
    """API targets were added, changed or removed."""


class SettingsChanged(Tagged, frozen=True):
    """Settings were saved."""


class WorkProgressed(Tagged, frozen=True):
    """A long command (hashing, pulling, reading a header) has got so far; bytes."""

    request: str
    what: str
    done_bytes: int
    total_bytes: int | None
    rate_bps: float | None = None
    eta_s: float | None = None


class DownloadChanged(Tagged, frozen=True):
    """An entry of the download list changed; "cancelled" is its last row."""

    download: DownloadRow


class LibraryChanged(Tagged, frozen=True):
    """Weights appeared, disappeared or were verified."""


class Sampled(Tagged, frozen=True):
    """The machine was looked at, once a second."""

    sample: Sample


class MarkerSet(Tagged, frozen=True):
    """Something happened that belongs on the time axis."""

    marker: Marker


class AlertFired(Tagged, frozen=True):
    """A threshold was crossed."""

    alert: Alert


class ServerLogged(Tagged, frozen=True):
    """A server's log has new lines; only while somebody follows it (`FollowLog`)."""

    name: str
    lines: list[LogLine]


class RoomWanted(Tagged, frozen=True):
    """Weights need memory that idle servers hold, and the settings say to ask (see `MakeRoom`)."""

    request: str
    target: str
    plan: RoomPlan


class GatewayChanged(Tagged, frozen=True):
    """The gateway was opened, closed, or its keys changed."""

    gateway: GatewayRow


class ProfilesChanged(Tagged, frozen=True):
    """A launch profile was saved or removed."""


class BenchProgressed(Tagged, frozen=True):
    """A bench measured a level, or says what it does now."""

    request: str
    doing: str
    done: int
    total: int
    level: BenchLevel | None = None


class TuneProgressed(Tagged, frozen=True):
    """A tune measured a candidate, or says what it does now. `eta_s`: until it ends."""

    request: str
    doing: str
    done: int
    total: int
    eta_s: float | None
    candidate: TuneCandidate | None = None


class WindowRaised(Tagged, frozen=True):
    """Somebody asked for the window."""


Event = (
    ComparisonStarted
    | RunStarted
    | RunWaited
    | TextArrived
    | RunFinished
    | ComparisonJudged
    | ComparisonProgressed
    | ComparisonsChanged
    | PromptsChanged
    | ServerChanged
    | EngineChanged
    | TargetsChanged
    | SettingsChanged
    | WorkProgressed
    | DownloadChanged
    | LibraryChanged
    | Sampled
    | MarkerSet
    | AlertFired
    | ServerLogged
    | RoomWanted
    | GatewayChanged
    | ProfilesChanged
    | BenchProgressed
    | TuneProgressed
    | WindowRaised
)
