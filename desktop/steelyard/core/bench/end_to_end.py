"""The way through Steelyard: the runner that every prompt goes through, on a server with enough slots."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.base.errors import AppError
from steelyard.core.base.ids import new_id
from steelyard.core.base.statistics import guarded_percentile
from steelyard.core.runs.job import Job
from steelyard.core.runs.warm_up import warm_up
from steelyard.core.values.bench import BenchLevel
from steelyard.core.values.prompt import Message, Prompt, Sampling

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from steelyard.core.bench.parts import Parts
    from steelyard.core.runs.promptable import Promptable
    from steelyard.core.values.profiles import LaunchProfile
    from steelyard.core.values.run import Run

_STORY = "Tell a very long story about a lighthouse keeper who repairs clocks, with many chapters."
# Put together anew for each long prompt: text that repeats itself would flatter speculation.
_TEXT = (
    "apple bridge candle dragon engine forest garden harbour island jacket kettle ladder market needle "
    "orange pepper quarry ribbon saddle tunnel umbrella valley window yellow zebra anchor basket copper "
    "dinner eagle farmer guitar hammer insect jungle kitchen lemon mirror north ocean paper river silver"
)
_WORDS = _TEXT.split()
_TOKENS_PER_WORD = 1.2
_STORY_TOKENS = 60
_WARM_UPS = 2
CONTEXT_TOKENS = 1024
"""Of each slot, where the profile leaves it open: what is asked needs no more, and eight slots must fit."""


@dataclass(frozen=True)
class Load:
    """How a server is asked: `parallel` at a time, until `most` requests or `span_s` seconds, at least once
    for each of them and at least `fewest` times.
    """

    parallel: int = 1
    most: int = 60
    fewest: int = 5
    span_s: float = 30.0
    prompt_tokens: int = 0
    """About how long the prompt is; 0 for a short one."""
    gen_tokens: int = 128
    has_warm_up: bool = True


@dataclass
class Asked:
    """All runs under one load."""

    runs: list[Run] = field(default_factory=list["Run"])
    wall_s: float = 0.0

    @property
    def good(self) -> list[Run]:
        """Those that were answered."""
        return [run for run in self.runs if run.error is None]

    @property
    def aggregate_tps(self) -> float | None:
        """Tokens written by all together, over the whole time: prompts are read in it, too."""
        tokens = [run.usage.completion_tokens for run in self.good]
        if not tokens or None in tokens or self.wall_s <= 0:
            return None
        return sum(count for count in tokens if count is not None) / self.wall_s

    def rates(self, name: Literal["gen_tps", "prompt_tps"]) -> list[float]:
        """One rate per run that has one."""
        return [rate for run in self.good if (rate := getattr(run.timing, name)) is not None]

    @property
    def first_error(self) -> str:
        """Why the first failed run failed; empty if none did."""
        return next((f"{e.title}: {e.detail}" for run in self.runs if (e := run.error) is not None), "")


async def ask_under_load(
    parts: Parts,
    name: str,
    profile: LaunchProfile,
    load: Load,
    route: Literal["bench", "tune"],
    note: Callable[[str], None] = lambda _doing: None,
) -> Asked:
    """Ask weights that are served with a profile; each prompt is of its own, and nothing is cached.

    Raises:
        AppError: the name means no weights, or they cannot be served like this.
    """
    served = served_profile(profile, load.parallel)
    target = await parts.resolve(name, served)
    if load.has_warm_up:
        note("loading and warming up")
        await asyncio.gather(*(warm_up(target, _WARM_UPS, _say_nothing) for _ in range(load.parallel)))
    note(f"{load.parallel} at a time")
    asked = Asked()
    started = time.monotonic()
    left = iter(range(max(load.most, load.parallel)))

    async def keep_asking() -> None:
        for number in left:
            asked.runs.append(await parts.runner.run(_job(target, load, route)))
            is_over = time.monotonic() - started >= load.span_s and number + 1 >= load.fewest
            if is_over or len(asked.runs) - len(asked.good) >= load.fewest:
                return

    async with asyncio.TaskGroup() as group:
        for _ in range(load.parallel):
            group.create_task(keep_asking())
    asked.wall_s = time.monotonic() - started
    if not asked.good:
        raise AppError(f"{name} answered nothing", asked.first_error)
    return asked


def served_profile(profile: LaunchProfile, parallel: int) -> LaunchProfile:
    """The profile with so many slots."""
    context = profile.context_tokens or CONTEXT_TOKENS
    return msgspec.structs.replace(profile, parallel=parallel, context_tokens=context)


def level_of(asked: Asked, load: Load, engine_gen_tps: float | None) -> BenchLevel:
    """The row of one level."""
    aggregate = asked.aggregate_tps
    ttft = [run.timing.ttft_ms for run in asked.good if run.timing.ttft_ms is not None]
    is_known = aggregate is not None and engine_gen_tps
    return BenchLevel(
        parallel=load.parallel,
        aggregate_tps=aggregate,
        gen_tps_median=guarded_percentile(asked.rates("gen_tps"), 0.5),
        ttft_p50_ms=guarded_percentile(ttft, 0.5),
        ttft_p95_ms=guarded_percentile(ttft, 0.95),
        n=len(asked.good),
        ratio_to_engine=aggregate / engine_gen_tps if is_known and aggregate and engine_gen_tps else None,
        failed=len(asked.runs) - len(asked.good),
    )


def _say_nothing(_reason: str) -> None:
    pass


def _job(target: Promptable, load: Load, route: str) -> Job:
    """What is unique comes first, so that no two prompts share a prefix that could be kept."""
    unique = new_id()
    words = max(0, round((load.prompt_tokens - _STORY_TOKENS) / _TOKENS_PER_WORD))
    text = " ".join([f"{unique[::-1]}:", *random.choices(_WORDS, k=words), _STORY])
    prompt = Prompt(
        messages=[Message(role="user", content=text)],
        sampling=Sampling(max_tokens=load.gen_tokens, temperature=0.0),
        cache_prompt=False,
    )
    # A request id of its own: nobody has to follow each token of hundreds of answers.
    return Job(request=new_id(), target=target, prompt=prompt, route=route)
