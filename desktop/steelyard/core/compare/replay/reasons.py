"""Why an answer that was asked for again is not the same, or what makes a doubt of it: one line each."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from steelyard.core.compare.diff import first_difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from steelyard.core.values.run import Run, WeightsInfo

_NO_MATTER = {"--model", "--alias", "--host", "--port"}
"""They name this start; what the weights are is told by their hash."""
_HASH_CHARS = 12
_MOST_FLAGS = 4


@dataclass(frozen=True)
class Evidence:
    """A run, and how it was served: see `RunDetails`. `command` is None for an API."""

    run: Run
    command: str | None = None
    samplers: Sequence[str] = ()


def reasons_for(then: Evidence, now: Evidence, *, is_identical: bool) -> list[str]:
    """All that is true of the two; for identical answers these are doubts."""
    found = [*_endings(then.run, now.run)]
    if then.run.target.kind == "api":
        found += _of_api(then.run, now.run)
    else:
        found += [*_of_weights(then.run, now.run), *_of_engine(then, now), *_of_company(then, now)]
    found += _of_chance(then.run)
    if not found and not is_identical:
        found.append(_unexplained(then.run, now.run))
    return found


def _endings(old: Run, new: Run) -> Iterator[str]:
    for run, when in ((old, "then"), (new, "now")):
        if run.error is not None and run.finish_reason == "error":
            yield f"it failed {when}: {run.error.title}"
        elif run.finish_reason in ("cancelled", "interrupted", "error"):
            yield f"the answer was cut off {when}"


def _of_api(old: Run, new: Run) -> Iterator[str]:
    prints = [str(run.raw.get("system_fingerprint") or "") for run in (old, new)]
    if not any(prints):
        seen = "it gave no fingerprint"
    elif prints[0] == prints[1]:
        seen = f"fingerprint {prints[0]} then and now"
    else:
        seen = f"fingerprint {prints[0] or 'none'} then, {prints[1] or 'none'} now"
    yield f"an API does not promise the same answer twice; {seen}"
    if old.target.model != new.target.model:
        yield f"another model answered: {old.target.model} then, {new.target.model} now"


def _of_weights(old: Run, new: Run) -> Iterator[str]:
    a, b = old.target.weights, new.target.weights
    if a is None or b is None:
        return
    if a.sha256 and b.sha256:
        if a.sha256 != b.sha256:
            yield f"the weights are others: sha256 {_short(a)} then, {_short(b)} now"
    elif a.size_bytes != b.size_bytes:
        yield f"the weights are others: {a.size_bytes:,} bytes then, {b.size_bytes:,} now"
    elif a.sha256:
        yield f"the weights file has changed since it was hashed: sha256 {_short(a)} then, not hashed now"
    else:
        yield "the weights had not been hashed then, so nobody can say whether they are the same"


def _short(weights: WeightsInfo) -> str:
    return (weights.sha256 or "")[:_HASH_CHARS]


def _of_engine(then: Evidence, now: Evidence) -> Iterator[str]:
    a, b = then.run.target.engine, now.run.target.engine
    if a is not None and b is not None:
        if a.build != b.build:
            yield f"another build of the engine: {a.build} then, {b.build} now"
        if a.backend != b.backend:
            yield f"another backend: {a.backend} then, {b.backend} now"
    on_gpu = [run.state.layers_on_gpu for run in (then.run, now.run)]
    if None not in on_gpu and on_gpu[0] != on_gpu[1]:
        yield f"another split: {on_gpu[0]} layers on the GPU then, {on_gpu[1]} now"
    yield from _of_flags(flags_of(then.command), flags_of(now.command))
    if then.samplers and now.samplers and list(then.samplers) != list(now.samplers):
        yield "the engine's sampler settings are others"


def _of_flags(old: dict[str, str], new: dict[str, str]) -> Iterator[str]:
    if not old or not new:
        return
    names = sorted(name for name in {*old, *new} - _NO_MATTER if old.get(name) != new.get(name))
    told = [f"{name} {old.get(name, 'unset')} then, {new.get(name, 'unset')} now" for name in names]
    if told:
        more = f" and {len(told) - _MOST_FLAGS} more" if len(told) > _MOST_FLAGS else ""
        yield f"the server was started otherwise: {'; '.join(told[:_MOST_FLAGS])}{more}"


def flags_of(command: str | None) -> dict[str, str]:
    """Flags with their values; of a path only its last part, for the folders are this start's own."""
    try:
        words = shlex.split(command or "")
    except ValueError:
        return {}
    found: dict[str, str] = {}
    for at, word in enumerate(words):
        if word.startswith("--"):
            value = words[at + 1] if at + 1 < len(words) and not words[at + 1].startswith("--") else "on"
            found[word] = PurePath(value).name if value.startswith("/") else value
    return found


def _of_company(then: Evidence, now: Evidence) -> Iterator[str]:
    """What shared the server or the machine: batches of another shape round otherwise."""
    for one, when in ((then, "then"), (now, "now")):
        slots = flags_of(one.command).get("--parallel", "1")
        if slots.isdigit() and int(slots) > 1:
            yield f"the server had {slots} slots {when}: other prompts may have shared its batches"
        cached = one.run.state.cached_prompt_tokens or one.run.usage.cached_tokens
        if cached:
            yield f"{cached:,} prompt tokens came from the cache {when}, not from reading the prompt"
        elif one.run.params.get("cache_prompt") is True:
            yield f"the prompt cache was on {when}"


def _of_chance(old: Run) -> Iterator[str]:
    temperature, seed = old.params.get("temperature"), old.params.get("seed")
    if seed in (None, "default") and temperature != 0:
        heat = "the target's own" if temperature in (None, "default") else str(temperature)
        yield f"no seed was set and the temperature is {heat}: every answer is drawn anew"


def _unexplained(old: Run, new: Run) -> str:
    at = first_difference(old.text, new.text)
    what = "text"
    if at is None:
        what, at = "reasoning", first_difference(old.reasoning or "", new.reasoning or "")
    if at is None:
        return "the tool calls differ although weights, engine, seed and flags are the same"
    return (
        f"the {what} differs from character {at + 1} on although weights, engine, seed and flags are the same"
    )
