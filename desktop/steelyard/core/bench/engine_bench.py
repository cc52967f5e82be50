"""The engine alone: llama-bench with the settings that a server would have."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steelyard.core.base.errors import AppError
from steelyard.core.bench.sums import mean, sample_sd
from steelyard.core.servers.flags import effective
from steelyard.core.servers.pool import find_binary
from steelyard.core.servers.tool_run import Tool, run_tool
from steelyard.core.targets.json_in import as_count, as_dict, as_list, as_text, parse_json
from steelyard.core.values.bench import EngineRates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from steelyard.core.values.profiles import LaunchProfile
    from steelyard.core.values.settings import ServerSettings

_MAX_SAMPLES = 1000
_ALL_LAYERS = 9999
_PROGRESS = "llama-bench: benchmark "
# What the engine's bench has no flag for; such settings count in the end-to-end part only.
_UNKNOWN_TO_IT = {
    "lora": "LoRA adapters",
    "mmproj": "the projector",
    "speculation": "speculation",
    "rope_scaling": "rope scaling",
    "extra_flags": "the extra flags",
}


@dataclass(frozen=True)
class Workbench:
    """What it takes to run the engine's own bench."""

    engine_folder: Path
    folder: Path
    environ: Mapping[str, str]
    settings: Callable[[], ServerSettings]


@dataclass(frozen=True)
class Shape:
    """How much is measured: tokens read, tokens written, how often. Without a warm-up a short prompt is read
    first instead, which costs a fraction of it.
    """

    prompt_tokens: int = 512
    gen_tokens: int = 128
    repetitions: int = 5
    has_warm_up: bool = True


@dataclass
class EngineSample:
    """Rates of each repetition, tokens per second."""

    prompt: list[float] = field(default_factory=list[float])
    gen: list[float] = field(default_factory=list[float])
    build: str = ""
    backend: str = ""
    is_repacked: bool = False

    def time_s(self, prompt_tokens: int, gen_tokens: int) -> float | None:
        """What reading and writing so many tokens would take; None if it was not measured."""
        if not self.prompt or not self.gen:
            return None
        return prompt_tokens / mean(self.prompt) + gen_tokens / mean(self.gen)


async def measure_engine(
    bench: Workbench,
    weights: str,
    profile: LaunchProfile,
    shape: Shape,
    note: Callable[[str], None] = lambda _doing: None,
) -> EngineSample:
    """Run llama-bench on a file with the settings of a profile. Cancelling this ends it.

    Raises:
        AppError: it is not installed, refuses the weights or the settings, or stands still.
    """
    settings = bench.settings()
    used = effective(profile, settings)
    sample = EngineSample()
    for words in bench_words(weights, used, shape):
        tool = Tool(_binary(bench, used), words, bench.folder, bench.environ)
        await run_tool(
            tool,
            lambda line: _take(line, sample, shape),
            settings.load_stall_s,
            lambda line: _tell(line, note),
        )
    if (shape.prompt_tokens and not sample.prompt) or (shape.gen_tokens and not sample.gen):
        raise AppError(
            "llama-bench told no figures", "its output has none", "Run `python3 run.py setup` again."
        )
    return sample


def engine_rates(sample: EngineSample, shape: Shape) -> EngineRates:
    """The row of the report."""
    return EngineRates(
        prompt_tps=mean(sample.prompt) if sample.prompt else None,
        gen_tps=mean(sample.gen) if sample.gen else None,
        build=sample.build,
        backend=sample.backend,
        prompt_tps_sd=sample_sd(sample.prompt),
        gen_tps_sd=sample_sd(sample.gen),
        prompt_tokens=shape.prompt_tokens,
        gen_tokens=shape.gen_tokens,
        repetitions=len(sample.gen),
    )


def not_benched(profile: LaunchProfile) -> list[str]:
    """Settings of the profile that llama-bench has no flag for, in words."""
    return [
        words
        for name, words in _UNKNOWN_TO_IT.items()
        if getattr(profile, name) is not None and getattr(profile, name) != "off"
    ]


def bench_words(weights: str, profile: LaunchProfile, shape: Shape) -> list[list[str]]:
    """The words of each call. An effective profile; two calls where a prompt is read with other threads."""
    if profile.threads_batch in (None, profile.threads):
        return [_words(weights, profile, profile.threads, shape.prompt_tokens, shape.gen_tokens, shape)]
    return [
        _words(weights, profile, profile.threads_batch, shape.prompt_tokens, 0, shape),
        _words(weights, profile, profile.threads, 0, shape.gen_tokens, shape),
    ]


def _words(
    weights: str, profile: LaunchProfile, threads: int | None, prompt: int, gen: int, shape: Shape
) -> list[str]:
    words = ["-m", weights, "-o", "jsonl", "--progress", "--offline", "-r", str(shape.repetitions)]
    prompts = [prompt] if shape.has_warm_up else [_short(prompt or gen), prompt]
    words += ["-p", ",".join(str(tokens) for tokens in prompts), "-n", str(gen)]
    if not shape.has_warm_up:
        words.append("--no-warmup")
    layers = _ALL_LAYERS if profile.gpu_layers == "all" else profile.gpu_layers
    optional: dict[str, Any] = {
        "-t": threads,
        "-b": profile.batch_tokens,
        "-ub": profile.ubatch_tokens,
        "-ctk": profile.kv_type_k,
        "-ctv": profile.kv_type_v,
        "-fa": profile.flash_attention,
        "-ngl": None if layers == "auto" else layers,
        "-sm": profile.split_mode,
        "-mg": profile.main_gpu,
        "-ts": "/".join(f"{share:g}" for share in profile.tensor_split or []) or None,
        "-dev": "/".join(profile.devices or []) or None,
    }
    for flag, value in optional.items():
        if value is not None:
            words += [flag, str(value)]
    return words


def _short(tokens: int) -> int:
    """A length that no measured prompt has."""
    return 16 if tokens > 16 else tokens + 1


def _binary(bench: Workbench, profile: LaunchProfile) -> Path:
    """The llama-bench beside the llama-server that would serve."""
    server = Path(profile.binary) if profile.binary else find_binary(bench.engine_folder)
    for name in ("llama-bench", "llama-bench.exe"):
        if (path := server.parent / name).is_file():
            return path
    raise AppError(
        "The engine has no bench",
        f"there is no llama-bench beside {server.name}",
        "Run `python3 run.py setup`.",
    )


def _take(line: str, sample: EngineSample, shape: Shape) -> None:
    """One test of llama-bench. Rates are recomputed from its raw times."""
    try:
        row = as_dict(parse_json(line.encode()))
    except ValueError:
        return
    prompt, gen = as_count(row.get("n_prompt")), as_count(row.get("n_gen"))
    times = [ns for ns in as_list(row.get("samples_ns"))[:_MAX_SAMPLES] if _is_time(ns)]
    if gen and not prompt and gen == shape.gen_tokens:
        sample.gen += [1e9 * gen / ns for ns in times]
    elif prompt and not gen and prompt == shape.prompt_tokens:
        sample.prompt += [1e9 * prompt / ns for ns in times]
    commit, number = as_text(row.get("build_commit")), as_count(row.get("build_number"))
    sample.build = f"b{number}-{commit}" if commit and number is not None else commit
    devices = as_text(row.get("backends")).lower().split(",")
    is_on_cpu = row.get("n_gpu_layers") == 0 or as_text(row.get("devices")) == "none"
    sample.backend = "cpu" if is_on_cpu else devices[0].strip()


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf


def _tell(line: str, note: Callable[[str], None]) -> None:
    if line.startswith(_PROGRESS):
        note(line.split(": ", 2)[-1])
