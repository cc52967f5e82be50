"""Imperative requests to the engine: one union, used by the window and by the control socket alike."""

from __future__ import annotations

from typing import Literal

import msgspec

from steelyard.core.values.compare_commands import (
    BallotCommand,
    CastVote,
    CompareCommand,
    DiffAnswers,
    DrawPair,
    ExportComparison,
    ListBallots,
    ListComparisons,
    ListPrompts,
    MarkComparison,
    OpenBallot,
    PinAnswer,
    PromptCommand,
    ReadAttachment,
    ReadBallot,
    ReadComparison,
    RemoveComparison,
    RemovePrompt,
    ReplayComparison,
    ResumeComparison,
    SavePrompt,
    StartComparison,
    StartRun,
    UndoVote,
)
from steelyard.core.values.cost_commands import CostCommand, DecideCommand
from steelyard.core.values.fit import FitWish
from steelyard.core.values.hub import HubFilters, HubSort
from steelyard.core.values.profiles import LaunchProfile, StoredProfile
from steelyard.core.values.row import Tagged
from steelyard.core.values.settings import Settings
from steelyard.core.values.targets import ApiPrices, ApiTarget


class AddTarget(Tagged, frozen=True):
    """Store an API target, with `replace` over one of that name; answers with a `TargetRow`."""

    target: ApiTarget
    replace: bool = False


class RemoveTarget(Tagged, frozen=True):
    """Forget an API target and its key."""

    name: str


class StoreKey(Tagged, frozen=True):
    """Keep a key for a target: in the keyring, else (`memory_ok`) in this process until it ends.

    Answers "keyring" or "memory".
    """

    target: str
    key: str
    memory_ok: bool = False


class ListTargets(Tagged, frozen=True):
    """Answers with `list[TargetRow]`."""

    environment: dict[str, str] = {}


class TestTarget(Tagged, frozen=True):
    """Send one tiny prompt to an API target; answers with a `TargetTest`."""

    name: str
    environment: dict[str, str] = {}


class ListWeights(Tagged, frozen=True):
    """Answers with a `Shelf`: everything on this machine, and what lies under the given paths."""

    paths: list[str] = []


class AddWeights(Tagged, frozen=True):
    """Remember a GGUF file or a folder of them; answers with the `list[WeightsRow]` found there."""

    path: str


class ForgetPlace(Tagged, frozen=True):
    """Look no longer at a place that the user added; its files stay."""

    path: str


class VerifyWeights(Tagged, frozen=True):
    """Hash files and compare; `names` empty means all. Answers with a `VerifyReport`."""

    names: list[str] = []


class PreviewRemoval(Tagged, frozen=True):
    """Answers with the `Removal` that `RemoveWeights` would do."""

    name: str


class RemoveWeights(Tagged, frozen=True):
    """Delete weights that Steelyard downloaded, or forget a file that the user added; answers a `Removal`."""

    name: str


class SearchHub(Tagged, frozen=True):
    """Search GGUF repositories; answers with a `HubPage`. `cursor` is that of the page before."""

    query: str = ""
    sort: HubSort = "downloads"
    filters: HubFilters = HubFilters()
    limit: int = 20
    cursor: str | None = None
    environment: dict[str, str] = {}


class ReadRepo(Tagged, frozen=True):
    """Answers with a `HubRepo`; `name` is a repository, a hub URL, or a name with :QUANT or @REVISION."""

    name: str
    revision: str | None = None
    with_readme: bool = False
    environment: dict[str, str] = {}


class ReadCatalog(Tagged, frozen=True):
    """Answers with `list[CatalogEntry]`: the curated list that is shipped."""


class FitWeights(Tagged, frozen=True):
    """Answers with a `FitReport` for weights on this machine or on the hub (header bytes only)."""

    name: str
    wish: FitWish = FitWish()
    environment: dict[str, str] = {}


class FitRepo(Tagged, frozen=True):
    """Answers with a `RepoFit`: all models of a repository. `file` is the one that the engine projects.

    With `is_quick` only what is in memory is used (formula on headers read before), for a moving slider.
    """

    repo: str
    revision: str
    file: str | None = None
    wish: FitWish = FitWish()
    is_quick: bool = False


class PullWeights(Tagged, frozen=True):
    """Download and wait until it is verified and adopted; answers with `Pulled`. Stopping it pauses it."""

    name: str
    environment: dict[str, str] = {}


class EnqueueDownload(Tagged, frozen=True):
    """Put a file of a repository on the download list; answers with its `DownloadRow`."""

    name: str


class PauseDownload(Tagged, frozen=True):
    """Stop transferring; what is on disk stays. `id` None means all."""

    id: str | None = None


class ResumeDownload(Tagged, frozen=True):
    """Go on, or try a failed one again. `id` None means all that are paused."""

    id: str | None = None


class CancelDownload(Tagged, frozen=True):
    """Take it off the list and delete its part file; a finished one is only taken off the list."""

    id: str


class MoveDownload(Tagged, frozen=True):
    """Put a download at a place in the list, 0 first."""

    id: str
    position: int


class ListDownloads(Tagged, frozen=True):
    """Answers with `list[DownloadRow]` in their order."""


class ReadHubAccount(Tagged, frozen=True):
    """Answers with a `HubAccount`; with `ask_hub` it tries the hub."""

    ask_hub: bool = False


class StoreHubToken(Tagged, frozen=True):
    """Keep a hub token in the keyring, else (`memory_ok`) in memory. Answers "keyring" or "memory"."""

    token: str
    memory_ok: bool = False


class ForgetHubToken(Tagged, frozen=True):
    """Forget the token that `StoreHubToken` kept; a login of other tools stays."""


class ListServers(Tagged, frozen=True):
    """Answers with `list[ServerRow]`; `with_ended` has those, too, that were stopped or unloaded."""

    with_ended: bool = False


class LoadWeights(Tagged, frozen=True):
    """Have a server for these weights ready; answers with its `ServerRow`.

    With `profile` None the profile that was last used with these weights is taken. `makes_room`: idle servers
    may go for it, whatever the settings say.
    """

    target: str
    profile: LaunchProfile | None = None
    makes_room: bool = False


class PlanRoom(Tagged, frozen=True):
    """Answers with the `RoomPlan` for these weights beside what runs now."""

    target: str
    profile: LaunchProfile | None = None


class StopServer(Tagged, frozen=True):
    """Stop one server by its name; it is kept on the list until `ForgetServer`."""

    name: str


class RestartServer(Tagged, frozen=True):
    """Stop a server and start it again, with another profile if given. Answers with its `ServerRow`."""

    name: str
    profile: LaunchProfile | None = None


class ForgetServer(Tagged, frozen=True):
    """Take a server that has ended off the list."""

    name: str


class ReadServer(Tagged, frozen=True):
    """Answers with a `ServerDetail`."""

    name: str


class ReadLog(Tagged, frozen=True):
    """Answers with a `ServerLog`: lines after `after`, or all that are kept."""

    name: str
    after: int | None = None


class FollowLog(Tagged, frozen=True):
    """Tell new lines of this server as `ServerLogged`, until cancelled."""

    name: str


class PreviewLaunch(Tagged, frozen=True):
    """Answers with the `LaunchPreview` of weights with a profile."""

    target: str
    profile: LaunchProfile = LaunchProfile()


class ListProfiles(Tagged, frozen=True):
    """Answers with `list[StoredProfile]`; with `target` those that go with these weights."""

    target: str | None = None


class SaveProfile(Tagged, frozen=True):
    """Store a profile under its name; answers with the `StoredProfile` as kept."""

    profile: StoredProfile


class RemoveProfile(Tagged, frozen=True):
    """Delete a profile of the user's."""

    name: str


class FindServers(Tagged, frozen=True):
    """Look on the usual loopback ports for servers of other programs; answers with `list[FoundServer]`."""


class AttachServer(Tagged, frozen=True):
    """Make a model of a found server a target; answers with a `TargetRow`."""

    url: str
    model: str
    name: str | None = None


class ReadGateway(Tagged, frozen=True):
    """Answers with a `GatewayRow`."""


class OpenGateway(Tagged, frozen=True):
    """Open the door for other programs, on `port` or the one in the settings; answers with a `GatewayRow`.

    With `targets` only these weights are offered, served with `profile`; without, all on this machine are.
    """

    port: int | None = None
    targets: list[str] = []
    profile: LaunchProfile = LaunchProfile()


class CloseGateway(Tagged, frozen=True):
    """Close it; streams that go on are ended."""


class AddGatewayKey(Tagged, frozen=True):
    """Make a key for a client; answers with the key, which is shown this once.

    `is_temporary`: it is kept in memory only and named "serve", whatever `name` says.
    """

    name: str
    is_temporary: bool = False


class RevokeGatewayKey(Tagged, frozen=True):
    """The client of this name is let in no more."""

    name: str


class StartBench(Tagged, frozen=True):
    """Measure the engine and the way through Steelyard; answers with a `BenchReport`."""

    target: str
    parallel: list[int] = msgspec.field(default_factory=lambda: [1, 2, 4, 8])
    profile: LaunchProfile = LaunchProfile()


class StartTune(Tagged, frozen=True):
    """Try the settings that matter on this machine; answers with a `TuneReport`.

    `budget_s`: it ends by then. `quants`: compare other quants of the same model on disk, too.
    """

    target: str
    budget_s: float | None = None
    quants: bool = True


class FinishTune(Tagged, frozen=True):
    """End a running tune now; its command answers with the report of what was measured."""

    request: str


class ReadSample(Tagged, frozen=True):
    """Answers with the newest `Sample`."""


class ReadHistory(Tagged, frozen=True):
    """Answers with the `History` of the last `window_s` seconds, at most `points` long.

    `since` (epoch seconds) instead asks only for what came after it.
    """

    window_s: float = 900.0
    points: int = 900
    since: float | None = None


class ReadRequests(Tagged, frozen=True):
    """Answers with a `RequestPage` of the last `window_s` seconds."""

    window_s: float = 900.0
    limit: int = 500
    only: Literal["all", "slow", "failed"] = "all"


class InspectRun(Tagged, frozen=True):
    """Answers with an `Inspection`."""

    run_id: str


class SetMarker(Tagged, frozen=True):
    """Put a note on the time axis."""

    text: str


class ReadMetrics(Tagged, frozen=True):
    """Answers with the Prometheus text of the moment."""


class ReadSettings(Tagged, frozen=True):
    """Answers with `Settings`."""


class SaveSettings(Tagged, frozen=True):
    """Replace the settings (targets excepted, which have commands of their own)."""

    settings: Settings


class ReadSpending(Tagged, frozen=True):
    """Answers with a `Spending`: what today's runs cost."""


class PreviewCost(Tagged, frozen=True):
    """Answers with a `CostPreview` for a prompt before it is sent."""

    targets: list[str]
    prompt_chars: int
    max_tokens: int


class Diagnose(Tagged, frozen=True):
    """Answers with the `doctor` document (dict)."""


class RaiseWindow(Tagged, frozen=True):
    """Ask a running app to come to the front."""


class PriceLike(Tagged, frozen=True):
    """Look a PROVIDER/MODEL up in the price book; answers with `ApiPrices` or None."""

    price_like: str


WeightsCommand = (
    ListWeights
    | AddWeights
    | ForgetPlace
    | VerifyWeights
    | PreviewRemoval
    | RemoveWeights
    | SearchHub
    | ReadRepo
    | ReadCatalog
    | FitWeights
    | FitRepo
    | PullWeights
    | EnqueueDownload
    | PauseDownload
    | ResumeDownload
    | CancelDownload
    | MoveDownload
    | ListDownloads
    | ReadHubAccount
    | StoreHubToken
    | ForgetHubToken
)

ServerCommand = (
    ListServers
    | LoadWeights
    | PlanRoom
    | StopServer
    | RestartServer
    | ForgetServer
    | ReadServer
    | ReadLog
    | FollowLog
    | PreviewLaunch
    | ListProfiles
    | SaveProfile
    | RemoveProfile
    | FindServers
    | AttachServer
)

GatewayCommand = ReadGateway | OpenGateway | CloseGateway | AddGatewayKey | RevokeGatewayKey

BenchCommand = StartBench | StartTune | FinishTune

MonitorCommand = ReadSample | ReadHistory | ReadRequests | InspectRun | SetMarker | ReadMetrics

TargetCommand = AddTarget | RemoveTarget | StoreKey | ListTargets | TestTarget

Command = (
    PromptCommand
    | CompareCommand
    | BallotCommand
    | TargetCommand
    | WeightsCommand
    | ServerCommand
    | GatewayCommand
    | BenchCommand
    | MonitorCommand
    | CostCommand
    | DecideCommand
    | ReadSettings
    | SaveSettings
    | ReadSpending
    | PreviewCost
    | Diagnose
    | RaiseWindow
    | PriceLike
)

Owner = Literal["app", "serve", "command"]

__all__ = [
    "ApiPrices",
    "BallotCommand",
    "CastVote",
    "Command",
    "CompareCommand",
    "CostCommand",
    "DecideCommand",
    "DiffAnswers",
    "DrawPair",
    "ExportComparison",
    "ListBallots",
    "ListComparisons",
    "ListPrompts",
    "MarkComparison",
    "OpenBallot",
    "Owner",
    "PinAnswer",
    "PromptCommand",
    "ReadAttachment",
    "ReadBallot",
    "ReadComparison",
    "RemoveComparison",
    "RemovePrompt",
    "ReplayComparison",
    "ResumeComparison",
    "SavePrompt",
    "StartComparison",
    "StartRun",
    "UndoVote",
]
