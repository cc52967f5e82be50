"""Whether weights fit: asks the engine, falls back on the formula, applies what loads taught, and learns."""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.base.clock import utc_now
from steelyard.core.base.errors import AppError
from steelyard.core.fit.devices import HostMemory, fit_devices
from steelyard.core.fit.formula import estimate
from steelyard.core.fit.learned import COUNTED_LOADS, learn
from steelyard.core.fit.recommend import recommend
from steelyard.core.fit.report import Subject, context_for, make_report, resized_to, scaled_to
from steelyard.core.fit.verdict import need
from steelyard.core.gguf.split_sets import part_of
from steelyard.core.hub.names import meaning_of
from steelyard.core.hub.remote_header import HeaderShelf
from steelyard.core.servers.flags import effective
from steelyard.core.servers.log_facts import device_name
from steelyard.core.servers.pool import find_binary
from steelyard.core.servers.projection import project
from steelyard.core.servers.room import Need, Space
from steelyard.core.servers.room_keeper import Asked
from steelyard.core.store.fit_history import FitLoad
from steelyard.core.telemetry.host_memory import read_host_memory
from steelyard.core.values import commands as c
from steelyard.core.values.fit import FitDevice, FitReport, FitWish, KvType, Projected, RepoFit
from steelyard.core.values.profiles import LaunchProfile
from steelyard.core.values.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from steelyard.core.base.paths import Home
    from steelyard.core.gguf.header import GgufHeader
    from steelyard.core.hub.names import HubName
    from steelyard.core.hub_desk import HubDesk
    from steelyard.core.servers.loading import LoadFacts
    from steelyard.core.shelf import WeightsShelf
    from steelyard.core.store.fit_history import FitHistory
    from steelyard.core.values.hub import HubFileRow, HubRepo
    from steelyard.core.values.servers import DeviceRow, ServerRow
    from steelyard.core.values.weights import WeightsRow

DEFAULT_KV_TYPE: KvType = "f16"
_MAX_KEPT = 64
_ABSURD = 2
"""The engine books every cell of a context even when it only counts: not for some times the whole memory."""
_BACKENDS = {
    "cuda": "cuda",
    "rocm": "rocm",
    "hip": "rocm",
    "vulkan": "vulkan",
    "mtl": "metal",
    "metal": "metal",
}

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Weights:
    """Weights whose headers are at hand: `path` is a real or a sparse file of the first part."""

    name: str
    path: Path
    headers: list[GgufHeader]
    bytes_read: int

    @property
    def header(self) -> GgufHeader:
        """The header of the first part, which describes the model."""
        return self.headers[0]

    @property
    def data_bytes(self) -> int:
        """The tensors of all parts."""
        return sum(header.data_end - header.data_start for header in self.headers)


@dataclass(frozen=True)
class Machine:
    """What is asked about the machine at the moment of a verdict."""

    engine_folder: Path
    home: Home
    server_rows: Callable[[], list[ServerRow]]
    fetch_gpus: Callable[[], Awaitable[list[DeviceRow]]]
    fetch_driver: Callable[[], Awaitable[str]]


@dataclass(frozen=True)
class _Kept:
    """A projection, and the context, slots and KV type that it was for."""

    projected: Projected
    wanted: tuple[int, int, str]


class Fitting:
    """Owned by the engine's loop; children are spawned from its thread."""

    def __init__(self, machine: Machine, shelf: WeightsShelf, desk: HubDesk, history: FitHistory) -> None:
        self._machine = machine
        self._shelf = shelf
        self._desk = desk
        self._history = history
        self._headers = HeaderShelf(machine.home.root / "headers", shelf.reader)
        self._remote: dict[tuple[str, str, str], Weights] = {}
        self._projections: dict[tuple[str, int, int, bytes], _Kept] = {}
        self._repos: dict[tuple[str, str], HubRepo] = {}
        self._one_at_a_time = asyncio.Lock()

    # ---- one file ------------------------------------------------------------------------------------------

    async def fit(self, command: c.FitWeights) -> FitReport:
        """The verdict on weights here or on the hub.

        Raises:
            AppError: the name means nothing, or the file cannot be used.
        """
        meaning = meaning_of(command.name, ())
        if meaning.hub is not None:
            row = await self._shelf.listed(command.name) or await self._shelf.find(meaning.hub)
            if row is None:
                weights = await self._on_hub(meaning.hub, command.environment)
                return await self._judge(weights, command.wish)
        else:
            row = await self._shelf.named(command.name)
        return await self._judge(await self._local(row), command.wish)

    async def _local(self, row: WeightsRow) -> Weights:
        if row.missing_parts:
            raise AppError(
                f"{row.name} is not whole", f"missing: {', '.join(row.missing_parts[:3])}", "Get these, too."
            )
        paths = [Path(path) for path in row.parts or [row.path]]
        headers = [await asyncio.to_thread(self._shelf.reader.read, path) for path in paths]
        return Weights(row.name, paths[0], headers, sum(header.header_bytes for header in headers))

    async def _on_hub(self, name: HubName, environment: dict[str, str]) -> Weights:
        client, remote, repo, row = await self._desk.choose(name, environment)
        headers = await self._desk.aside.run(self._headers.fetch, client, remote, row.parts)
        weights = Weights(row.name, headers.path, headers.headers, headers.bytes_read)
        self._keep(repo, row, weights)
        return weights

    def _keep(self, repo: HubRepo, row: HubFileRow, weights: Weights) -> None:
        while len(self._remote) >= _MAX_KEPT:
            del self._remote[next(iter(self._remote))]
        self._remote[repo.repo, repo.revision, row.name] = weights

    async def _judge(self, weights: Weights, wish: FitWish) -> FitReport:
        _check_is_model(weights)
        return make_report(await self._subject(weights, wish, is_quick=False))

    # ---- a launch ------------------------------------------------------------------------------------------

    async def preview(self, row: WeightsRow, profile: LaunchProfile) -> FitReport:
        """The verdict on weights of this machine with an effective profile.

        Raises:
            AppError: the file cannot be used, or the engine refuses it.
        """
        weights = await self._local(row)
        _check_is_model(weights)
        return make_report(
            await self._subject(weights, _wish_of(profile), profile=_counted(profile), is_quick=False)
        )

    async def need(self, path: Path, profile: LaunchProfile) -> Asked | None:
        """What a start would take of each device; None where that cannot be told."""
        try:
            part = part_of(path.name)
            names = part.file_names() if part else [path.name]
            headers = [
                await asyncio.to_thread(self._shelf.reader.read, path.with_name(name)) for name in names
            ]
            weights = Weights(path.name, path, headers, 0)
            wish, counted = _wish_of(profile), _counted(profile)
            report = make_report(await self._subject(weights, wish, profile=counted, is_quick=False))
        except AppError as exc:
            _log.info("what %s needs is unknown: %s", path.name, exc)
            return None
        return Asked(
            Need({device_name(device.name): need(device) for device in report.devices}),
            tuple(
                Space(
                    device_name(device.name),
                    device.free_bytes,
                    total_bytes=device.total_bytes if device.kind == "gpu" else 0,
                )
                for device in report.devices
            ),
        )

    # ---- a repository --------------------------------------------------------------------------------------

    async def fit_repo(self, command: c.FitRepo) -> RepoFit:
        """Verdicts on all models of a repository: one file is projected, the others by their size.

        A quick one asks nobody: it is empty as long as no header of the repository is here.

        Raises:
            AppError: the hub cannot be reached, or the file cannot be used.
        """
        if command.is_quick and not any(key[:2] == (command.repo, command.revision) for key in self._remote):
            return RepoFit(reports={}, recommended=None, why="")
        repo = await self._repo_of(command)
        rows = [row for row in repo.files if not row.missing_parts]
        if not rows:
            return RepoFit(reports={}, recommended=None, why="There is no whole GGUF file of a model here.")
        chosen = next((row for row in rows if row.name == command.file), None) or _usual(rows)
        weights = self._remote.get((repo.repo, repo.revision, chosen.name))
        if weights is None:
            if command.is_quick and (any_row := self._any_kept(repo, rows)) is not None:
                chosen, weights = any_row
            else:
                client = await self._desk.client()
                remote = await self._desk.aside.run(client.repo, repo.repo, repo.revision)
                headers = await self._desk.aside.run(self._headers.fetch, client, remote, chosen.parts)
                weights = Weights(chosen.name, headers.path, headers.headers, headers.bytes_read)
                self._keep(repo, chosen, weights)
        _check_is_model(weights)
        subject = await self._subject(weights, command.wish, is_quick=command.is_quick)
        reports = {row.name: make_report(_for_row(subject, weights, chosen, row)) for row in rows}
        recommended, why = recommend(rows, reports, repo.parameters or weights.header.parameters)
        return RepoFit(reports=reports, recommended=recommended, why=why)

    async def _repo_of(self, command: c.FitRepo) -> HubRepo:
        key = (command.repo, command.revision)
        if key not in self._repos:
            while len(self._repos) >= _MAX_KEPT:
                del self._repos[next(iter(self._repos))]
            read = c.ReadRepo(name=command.repo, revision=command.revision)
            self._repos[key] = await self._desk.repo(read)
        return self._repos[key]

    def _any_kept(self, repo: HubRepo, rows: list[HubFileRow]) -> tuple[HubFileRow, Weights] | None:
        for row in rows:
            if (weights := self._remote.get((repo.repo, repo.revision, row.name))) is not None:
                return row, weights
        return None

    # ---- the figures ---------------------------------------------------------------------------------------

    async def _subject(
        self, weights: Weights, wish: FitWish, *, is_quick: bool, profile: LaunchProfile | None = None
    ) -> Subject:
        ctx = context_for(weights.header, wish)
        wanted = (ctx, wish.parallel, wish.kv_type)
        profile = profile or _profile_of(wanted)
        host = HostMemory(*await asyncio.to_thread(read_host_memory))
        is_absurd = (
            estimate(weights.header, weights.data_bytes, *wanted).kv_bytes > _ABSURD * host.total_bytes
        )
        projected = None if is_quick or is_absurd else await self._projected(weights, profile, wanted)
        layers = None if projected is None else projected.layers_on_gpu
        if projected is not None:
            devices = fit_devices(projected, weights.data_bytes, host)
        else:
            devices = await self._by_formula(weights, wanted, host)
        backend = backend_of(devices)
        driver = await self._driver_for(backend)
        loads = await self._history.last(backend, driver, COUNTED_LOADS)
        correction = learn([(load.predicted_bytes, load.measured_bytes) for load in loads])
        return Subject(
            name=weights.name,
            header=weights.header,
            devices=self._with_given_back(devices),
            layers_fitting=layers,
            ctx=ctx,
            wish=wish,
            backend=backend,
            correction=correction,
            basis="formula" if projected is None else "engine",
            bytes_read=weights.bytes_read,
        )

    async def _projected(
        self, weights: Weights, profile: LaunchProfile, wanted: tuple[int, int, str]
    ) -> Projected | None:
        """The engine's own projection; None where the engine cannot be asked.

        Raises:
            AppError: the engine refuses the weights.
        """
        info = await asyncio.to_thread(weights.path.stat)
        key = (str(weights.path), info.st_size, info.st_mtime_ns, msgspec.json.encode(profile))
        found = self._projections.get(key)
        if found is not None and all(device.is_host for device in found.projected.devices):
            return found.projected  # free GPU memory changes; what a CPU needs does not
        try:
            binary = find_binary(self._machine.engine_folder)
        except AppError:
            return None
        runtime = self._machine.home.runtime_folder()
        async with self._one_at_a_time:
            projected = await project(binary, weights.path, runtime, profile, os.environ)
        while len(self._projections) >= _MAX_KEPT:
            del self._projections[next(iter(self._projections))]
        self._projections[key] = _Kept(projected, wanted)
        return projected

    async def _by_formula(
        self, weights: Weights, wanted: tuple[int, int, str], host: HostMemory
    ) -> list[FitDevice]:
        """From a projection of the same file with another wish, else from the header alone."""
        for (path, *_), kept in reversed(self._projections.items()):
            if path == str(weights.path):
                devices = fit_devices(kept.projected, weights.data_bytes, host)
                return scaled_to(devices, weights.header, kept.wanted, wanted)
        needed = estimate(weights.header, weights.data_bytes, *wanted)
        gpus = await self._machine.fetch_gpus()
        parts = {
            "weights_bytes": needed.weights_bytes,
            "kv_bytes": needed.kv_bytes,
            "compute_bytes": needed.compute_bytes,
        }
        empty_host = FitDevice(
            name="Host", kind="host", total_bytes=host.total_bytes, free_bytes=host.free_bytes
        )
        if not gpus:
            return [msgspec.structs.replace(empty_host, **parts)]
        rows = [
            FitDevice(
                name=gpu.name,
                kind="gpu",
                total_bytes=gpu.total_bytes,
                free_bytes=gpu.free_bytes,
                **{name: size // len(gpus) for name, size in parts.items()},
            )
            for gpu in gpus
        ]
        return [*rows, empty_host]

    def _with_given_back(self, devices: list[FitDevice]) -> list[FitDevice]:
        """What idle servers of ours hold: on the first GPU where there is one, else on the host."""
        idle = sum(
            row.measured_bytes or 0
            for row in self._machine.server_rows()
            if row.state == "ready" and not row.slots_busy
        )
        return [
            msgspec.structs.replace(device, given_back_bytes=idle) if at == 0 else device
            for at, device in enumerate(devices)
        ]

    # ---- learning ------------------------------------------------------------------------------------------

    async def learn_from(self, load: LoadFacts) -> None:
        """Store what was projected before a load and measured after it. Split sets teach nothing: their
        weights are not all in the file that was named.
        """
        if part_of(load.weights.name) is not None:
            return
        try:
            header = await asyncio.to_thread(self._shelf.reader.read, load.weights)
            devices = fit_devices(
                Projected(devices=load.projected), header.data_end - header.data_start, HostMemory(0, 0)
            )
            await self._history.add(
                FitLoad(
                    loaded_at=utc_now(),
                    backend=load.backend,
                    driver=await self._driver_for(load.backend),
                    build=load.build,
                    weights=load.weights.name,
                    predicted_bytes=sum(need(device) for device in devices),
                    measured_bytes=load.measured_bytes,
                )
            )
        except AppError as exc:
            _log.warning("a load taught nothing: %s", exc)

    async def _driver_for(self, backend: str) -> str:
        return await self._machine.fetch_driver() if backend in ("cuda", "gpu") else ""


def _profile_of(wanted: tuple[int, int, str]) -> LaunchProfile:
    """The profile of which only (context, slots, KV type) are known; as a server would fill in the rest."""
    ctx, parallel, kv_type = wanted
    kv = None if kv_type == DEFAULT_KV_TYPE else msgspec.convert(kv_type, KvType)
    profile = LaunchProfile(context_tokens=ctx, parallel=parallel, kv_type_k=kv, kv_type_v=kv)
    return _counted(effective(profile, ServerSettings()))


def _wish_of(profile: LaunchProfile) -> FitWish:
    return FitWish(
        ctx=profile.context_tokens,
        parallel=profile.parallel or 1,
        kv_type=profile.kv_type_k or DEFAULT_KV_TYPE,
    )


def _counted(profile: LaunchProfile) -> LaunchProfile:
    """Without what the engine does not count by; so more launches share one projection."""
    return msgspec.structs.replace(
        profile, chat_template=None, reasoning=None, idle_unload_s=None, threads=None, threads_batch=None
    )


def backend_of(devices: list[FitDevice]) -> str:
    """Which kind of device holds the layers: cpu, cuda, rocm, vulkan, metal."""
    name = devices[0].name.lower()
    if devices[0].kind == "host":
        return "cpu"
    return next((backend for prefix, backend in _BACKENDS.items() if name.startswith(prefix)), "gpu")


def _check_is_model(weights: Weights) -> None:
    kind = weights.header.kind
    if kind != "model":
        what = "a projector for images or sound" if kind == "mmproj" else "a LoRA adapter"
        raise AppError(f"{weights.name} is {what}", "it is loaded beside a model", "Choose the model's file.")


def _usual(rows: list[HubFileRow]) -> HubFileRow:
    """The row that is projected when none was chosen: the usual quant, else one in the middle."""
    named = next((row for row in rows if row.quant == "Q4_K_M"), None)
    return named or rows[len(rows) // 2]


def _for_row(subject: Subject, weights: Weights, chosen: HubFileRow, row: HubFileRow) -> Subject:
    if row.name == chosen.name:
        return subject
    header_bytes = chosen.size_bytes - weights.data_bytes
    data_bytes = max(0, row.size_bytes - header_bytes)
    return Subject(
        name=row.name,
        header=subject.header,
        devices=resized_to(subject.devices, weights.data_bytes, data_bytes),
        layers_fitting=None,
        ctx=subject.ctx,
        wish=subject.wish,
        backend=subject.backend,
        correction=subject.correction,
        basis=subject.basis,
        bytes_read=weights.bytes_read,
        is_scaled=True,
    )
