"""Imperative requests to the engine: one union, used by the window and by the control socket alike."""

from __future__ import annotations

from typing import Literal

from steelyard.core.values.comparison import Schedule
from steelyard.core.values.fit import FitWish
from steelyard.core.values.hub import HubFilters, HubSort
from steelyard.core.values.prompt import Message, Sampling
from steelyard.core.values.row import Tagged
from steelyard.core.values.settings import LaunchProfile, Settings
from steelyard.core.values.targets import ApiPrices, ApiTarget


class StartRun(Tagged, frozen=True):
    """Send one prompt to one target; answers with a `Run`.

    `environment` carries the values of key variables that the asking process sees: memory only.
    """

    target: str
    prompt: str
    system: str = ""
    sampling: Sampling = Sampling()
    class_: str | None = None
    tags: dict[str, str] = {}
    allow_unverified: bool = False
    profile: LaunchProfile = LaunchProfile()
    environment: dict[str, str] = {}


class StartComparison(Tagged, frozen=True):
    """Send one prompt to several targets; answers with a `Comparison`.

    With `continues`, this is a further turn of that stored comparison: `histories` holds, target by target,
    the messages that went before (without the system prompt), and the prompt cache is on. `warm_up` counts
    discarded prompts for each local target; None sends one to those that have served none since loading.
    """

    targets: list[str]
    prompt: str
    system: str = ""
    sampling: Sampling = Sampling()
    schedule: Schedule = "model-by-model"
    repeat: int = 1
    warm_up: int | None = None
    class_: str | None = None
    tags: dict[str, str] = {}
    allow_unverified: bool = False
    profile: LaunchProfile = LaunchProfile()
    continues: str | None = None
    histories: list[list[Message]] = []
    environment: dict[str, str] = {}


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
    """Answers with `list[ServerRow]`."""


class LoadWeights(Tagged, frozen=True):
    """Have a server for these weights ready; answers with its `ServerRow`."""

    target: str


class StopServer(Tagged, frozen=True):
    """Stop one server by its name."""

    name: str


class ListComparisons(Tagged, frozen=True):
    """Answers with `list[ComparisonRow]`, newest first."""

    limit: int = 200


class ReadComparison(Tagged, frozen=True):
    """Answers with a `ComparisonHistory`."""

    id: str


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

Command = (
    StartRun
    | StartComparison
    | AddTarget
    | RemoveTarget
    | StoreKey
    | ListTargets
    | TestTarget
    | WeightsCommand
    | ListServers
    | LoadWeights
    | StopServer
    | ListComparisons
    | ReadComparison
    | ReadSettings
    | SaveSettings
    | ReadSpending
    | PreviewCost
    | Diagnose
    | RaiseWindow
    | PriceLike
)

Owner = Literal["app", "serve", "command"]

__all__ = ["ApiPrices", "Command", "Owner"]
