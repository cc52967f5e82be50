"""A scripted hub, shelf and fit for the Models page: the figures hang together as real ones do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.base.ids import new_id
from steelyard.core.values import commands as cmd
from steelyard.core.values.events import DownloadChanged, LibraryChanged
from steelyard.core.values.fit import FitCorrection, FitDevice, FitReport, RepoFit, Verdict
from steelyard.core.values.hub import (
    CatalogEntry,
    DownloadRow,
    HubAccount,
    HubFileRow,
    HubModelRow,
    HubPage,
    HubRepo,
)
from steelyard.core.values.weights import Place, Removal, VerifyReport, WeightsRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.events import Event

GIB = 1 << 30
GB = 1_000_000_000
REVISION = "a4e7c02f9d1b35e86c0d7a42b91f3e5d6c8a7b90"
QWEN = "bartowski/Qwen2.5-32B-Instruct-GGUF"
GATED = "google/gemma-3-27b-it-qat-q4_0-gguf"
_QUANTS = (
    ("Q2_K", 12.31, 3.01, "noticeable loss"),
    ("Q3_K_M", 15.94, 3.89, ""),
    ("IQ4_XS", 17.69, 4.32, ""),
    ("Q4_K_M", 19.85, 4.85, "good balance of size and quality"),
    ("Q5_K_M", 23.26, 5.68, ""),
    ("Q6_K", 26.89, 6.57, ""),
    ("Q8_0", 34.82, 8.50, ""),
    ("F16", 65.54, 16.0, ""),
)


def result(repo: str, **changes: Any) -> HubModelRow:
    """A search result."""
    row = HubModelRow(
        repo=repo,
        downloads=412_000,
        likes=310,
        updated_at="2024-09-19T11:02:00Z",
        gated=False,
        licence="apache-2.0",
        parameters=32_800_000_000,
        architecture="qwen2",
        context_length=32768,
        estimated_bytes=round(19.9 * GB),
        estimate_fits=True,
    )
    return msgspec.structs.replace(row, **changes)


RESULTS = [
    result(QWEN),
    result(
        "Qwen/Qwen2.5-7B-Instruct-GGUF",
        downloads=1_900_000,
        parameters=7_600_000_000,
        estimated_bytes=round(4.7 * GB),
        is_here=True,
    ),
    result(
        "bartowski/Mistral-Nemo-Instruct-2407-GGUF",
        downloads=318_000,
        updated_at="2024-08-02T00:00:00Z",
        parameters=12_200_000_000,
        estimated_bytes=round(7.5 * GB),
    ),
    result(
        GATED,
        downloads=276_000,
        updated_at="2025-04-03T00:00:00Z",
        gated=True,
        licence="gemma",
        estimated_bytes=round(16.5 * GB),
    ),
    result(
        "bartowski/Llama-3.3-70B-Instruct-GGUF",
        downloads=509_000,
        updated_at="2024-12-06T00:00:00Z",
        parameters=70_600_000_000,
        estimated_bytes=round(42.5 * GB),
        estimate_fits=False,
    ),
    result(
        "unsloth/DeepSeek-V3-0324-GGUF",
        downloads=96_000,
        updated_at="2025-03-25T00:00:00Z",
        parameters=671_000_000_000,
        estimated_bytes=404 * GB,
        estimate_fits=False,
    ),
]
CATALOG = [
    CatalogEntry(
        repo="bartowski/SmolLM2-135M-Instruct-GGUF",
        title="SmolLM2 135M Instruct",
        licence="apache-2.0",
        parameters=134_515_008,
        good_for="Trying the app; runs on anything",
        checked_on="2026-11-14",
    ),
    CatalogEntry(
        repo="Qwen/Qwen2.5-7B-Instruct-GGUF",
        title="Qwen2.5 7B Instruct",
        licence="apache-2.0",
        parameters=7_600_000_000,
        good_for="General work and code on 8 GB of VRAM",
        checked_on="2026-11-14",
    ),
]


def file_row(
    quant: str, size_gb: float, bits: float | None = 4.85, note: str = "", **changes: Any
) -> HubFileRow:
    """A file of the Qwen repository."""
    name = changes.get("name", f"Qwen2.5-32B-Instruct-{quant}.gguf")
    row = HubFileRow(
        name=name,
        parts=[name],
        size_bytes=round(size_gb * GB),
        quant=quant,
        bits_per_weight=bits,
        sha256="ab" * 32,
        note=note,
    )
    return msgspec.structs.replace(row, **changes)


def repo(name: str = QWEN, **changes: Any) -> HubRepo:
    """A repository as ReadRepo answers it."""
    row = HubRepo(
        repo=name,
        revision=REVISION,
        revision_name="main",
        url=f"https://huggingface.co/{name}",
        downloads=412_000,
        likes=310,
        updated_at="2024-09-19T11:02:00Z",
        gated=False,
        has_access=True,
        access_hint="",
        licence="apache-2.0",
        base_model="Qwen/Qwen2.5-32B-Instruct",
        parameters=32_800_000_000,
        architecture="qwen2",
        context_length=32768,
        readme="# Quantized with llama.cpp\n\nOriginal model: Qwen2.5-32B-Instruct.\n",
        files=[file_row(quant, size, bits, note) for quant, size, bits, note in _QUANTS],
    )
    return msgspec.structs.replace(row, **changes)


def weights(name: str, **changes: Any) -> WeightsRow:
    """Weights on this machine."""
    row = WeightsRow(
        name=name,
        path=f"/home/me/.cache/huggingface/hub/{name}.gguf",
        repo=f"bartowski/{name}-GGUF",
        revision=REVISION,
        sha256="65b8fcd9" * 8,
        verified=True,
        verification="verified",
        size_bytes=round(5.4 * GB),
        quant="Q4_K_M",
        architecture="llama",
        parameters=8_030_000_000,
        context_length=131072,
        source="hub",
        licence="llama3.1",
        tokenizer="gpt2",
        chat_template_sha256="c1" * 32,
        layers=32,
    )
    return msgspec.structs.replace(row, **changes)


def download(name: str = "Qwen2.5-32B-Instruct-Q4_K_M.gguf", **changes: Any) -> DownloadRow:
    """An entry of the download list."""
    row = DownloadRow(
        id="d1",
        repo=QWEN,
        revision=REVISION,
        name=name,
        quant="Q4_K_M",
        state="downloading",
        size_bytes=round(19.85 * GB),
    )
    return msgspec.structs.replace(row, **changes)


class ScriptedHub:
    """Answers what the Models page asks; a test changes its fields, or replaces an answer."""

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        self.results: list[HubModelRow] = list(RESULTS)
        self.catalog: list[CatalogEntry] = list(CATALOG)
        self.repos: dict[str, HubRepo] = {}
        self.downloads: list[DownloadRow] = []
        self.places: list[Place] = [
            Place(
                path="/home/me/.cache/huggingface/hub",
                source="huggingface-cache",
                is_added=False,
                exists=True,
                files=3,
                size_bytes=12 * GB,
            ),
            Place(
                path="/home/me/.ollama/models",
                source="ollama",
                is_added=False,
                exists=False,
                files=0,
                size_bytes=0,
            ),
        ]
        self.account = HubAccount(
            endpoint="https://huggingface.co",
            endpoint_source="default",
            reachable=None,
            token="none",
            user=None,
            proxy=None,
            cache="/home/me/.cache/huggingface/hub",
            cache_free_bytes=412 * GB,
        )
        self.offline: AppError | None = None
        self.gpu_bytes = 24 * GIB
        self.gpu_free_bytes = round(23.2 * GIB)
        self.page_size: int | None = None

    def answers(self) -> dict[type, Any]:
        """By type of command, as `FakeEngine.answers`."""
        return {
            cmd.SearchHub: self._search,
            cmd.ReadRepo: self._read_repo,
            cmd.ReadCatalog: lambda _c: list(self.catalog),
            cmd.FitRepo: self._fit_repo,
            cmd.EnqueueDownload: self._enqueue,
            cmd.PauseDownload: lambda c: self._set_state(c.id, "paused"),
            cmd.ResumeDownload: lambda c: self._set_state(c.id, "downloading"),
            cmd.CancelDownload: lambda c: self._set_state(c.id, "cancelled"),
            cmd.MoveDownload: self._move,
            cmd.ListDownloads: lambda _c: [row for row in self.downloads if row.state != "cancelled"],
            cmd.ReadHubAccount: self._read_account,
            cmd.StoreHubToken: self._store_token,
            cmd.ForgetHubToken: self._forget_token,
            cmd.VerifyWeights: lambda c: VerifyReport(checked=max(1, len(c.names)), bad=[]),
            cmd.PreviewRemoval: self._removal,
            cmd.RemoveWeights: self._removal,
            cmd.ForgetPlace: self._forget_place,
        }

    # ---- the hub -------------------------------------------------------------------------------------------

    def _search(self, command: cmd.SearchHub) -> HubPage:
        if self.offline is not None:
            raise self.offline
        words = command.query.casefold().split()
        found = [row for row in self.results if all(word in row.repo.casefold() for word in words)]
        start = int(command.cursor or 0)
        end = start + (self.page_size or command.limit)
        return HubPage(results=found[start:end], cursor=str(end) if end < len(found) else None)

    def _read_repo(self, command: cmd.ReadRepo) -> HubRepo:
        if self.offline is not None:
            raise self.offline
        name = command.name.removeprefix("https://huggingface.co/").split("@")[0].split(":")[0]
        name = "/".join(name.split("/")[:2])
        return self.repos.get(name) or repo(name)

    def _read_account(self, command: cmd.ReadHubAccount) -> HubAccount:
        if not command.ask_hub:
            return self.account
        reachable = self.offline is None
        error = self.offline.one_line() if self.offline is not None else None
        return msgspec.structs.replace(self.account, reachable=reachable, error=error)

    def _store_token(self, command: cmd.StoreHubToken) -> str:
        self.account = msgspec.structs.replace(self.account, token="memory")
        return "memory"

    def _forget_token(self, _command: cmd.ForgetHubToken) -> None:
        self.account = msgspec.structs.replace(self.account, token="none")

    # ---- fit -----------------------------------------------------------------------------------------------

    def _fit_repo(self, command: cmd.FitRepo) -> RepoFit:
        row = self.repos.get(command.repo) or repo(command.repo)
        reports = {file.name: self._report(file, command) for file in row.files}
        fitting = [file for file in row.files if reports[file.name].verdict == "fits"]
        best = max(fitting, key=lambda file: file.size_bytes).name if fitting else None
        return RepoFit(reports=reports, recommended=best, why="The largest file that fits wholly on the GPU.")

    def _report(self, file: HubFileRow, command: cmd.FitRepo) -> FitReport:
        ctx = command.wish.ctx or 8192
        per_token = 262_144 * {"f16": 1.0, "q8_0": 0.53, "q4_0": 0.28}.get(command.wish.kv_type, 1.0)
        kv = round(ctx * per_token * command.wish.parallel)
        compute, overhead, margin = round(0.3 * GIB), round(0.4 * GIB), GIB
        total = file.size_bytes + kv + compute + overhead
        budget = self.gpu_free_bytes - margin
        host_free = 28 * GIB
        verdict, layers = _verdict(total, budget, host_free)
        room = budget - file.size_bytes - compute - overhead
        largest = int(room / per_token / command.wish.parallel) // 256 * 256 if room > 0 else 0
        is_exact = not command.is_quick and command.file == file.name
        words = f"{total / GIB:.1f} GiB needed, {budget / GIB:.1f} GiB of the GPU are free after the margin."
        return FitReport(
            name=file.name,
            verdict=verdict,
            ctx=ctx,
            parallel=command.wish.parallel,
            kv_type=command.wish.kv_type,
            weights_bytes=file.size_bytes,
            kv_bytes=kv,
            compute_bytes=compute,
            overhead_bytes=overhead,
            total_bytes=total,
            low_bytes=total - round(0.3 * GIB),
            high_bytes=total + round(0.5 * GIB),
            layers_on_gpu=layers,
            layers=65,
            devices=[
                FitDevice(
                    name="RTX 4090",
                    kind="gpu",
                    total_bytes=self.gpu_bytes,
                    free_bytes=self.gpu_free_bytes - 2 * GIB,
                    given_back_bytes=2 * GIB,
                ),
                FitDevice(name="Host", kind="host", total_bytes=64 * GIB, free_bytes=host_free),
            ],
            basis="formula" if command.is_quick else "engine",
            is_scaled=not command.is_quick and not is_exact,
            header_bytes_read=6_000_000,
            model_ctx=32768,
            largest_ctx=largest or None,
            margin_bytes=margin,
            correction=FitCorrection(loads=8, error_share=0.018, spread_share=0.01),
            reason=words,
        )

    # ---- downloads -----------------------------------------------------------------------------------------

    def _enqueue(self, command: cmd.EnqueueDownload) -> DownloadRow:
        name, _, revision = command.name.rpartition("@")
        owner, title, file = name.split("/", 2)
        known = self.repos.get(f"{owner}/{title}") or repo(f"{owner}/{title}")
        every = [*known.files, *known.mmproj, *known.lora]
        found = next(row for row in every if row.name == file)
        row = DownloadRow(
            id=new_id(),
            repo=known.repo,
            revision=revision,
            name=file,
            quant=found.quant,
            state="queued",
            size_bytes=found.size_bytes,
            position=len(self.downloads),
        )
        self.downloads.append(row)
        self._tell(DownloadChanged(download=row))
        return row

    def _set_state(self, key: str | None, state: Any) -> None:
        for at, row in enumerate(self.downloads):
            if key in {None, row.id} and row.state != "done":
                changed = self.downloads[at] = msgspec.structs.replace(
                    row, state=state, error=None, rate_bps=None
                )
                self._tell(DownloadChanged(download=changed))

    def _move(self, command: cmd.MoveDownload) -> None:
        moved = next(row for row in self.downloads if row.id == command.id)
        self.downloads.remove(moved)
        self.downloads.insert(command.position, moved)
        self.downloads = [msgspec.structs.replace(row, position=at) for at, row in enumerate(self.downloads)]

    # ---- the shelf -----------------------------------------------------------------------------------------

    def _removal(self, command: Any) -> Removal:
        if isinstance(command, cmd.RemoveWeights):
            self._tell(LibraryChanged())
        return Removal(
            name=command.name,
            freed_bytes=round(5.4 * GB),
            paths=[f"/home/me/.cache/huggingface/hub/{command.name}.gguf"],
            deletes_files=True,
            note="It lies in the Hugging Face cache: other tools may use it, too.",
        )

    def _forget_place(self, command: cmd.ForgetPlace) -> None:
        self.places = [place for place in self.places if place.path != command.path]
        self._tell(LibraryChanged())


def _verdict(total: int, budget: int, host_free: int) -> tuple[Verdict, int | None]:
    if total <= budget:
        return "fits", 65
    if total <= budget + GIB // 2:
        return "tight", 65
    if total <= budget + host_free:
        return "partial", max(1, round(65 * budget / total))
    return "wont_fit", None
