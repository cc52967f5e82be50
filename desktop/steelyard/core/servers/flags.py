"""From a launch profile to llama-server's flags, and what is wrong with a profile."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from steelyard.core.servers.allowed_flags import ALLOWED, FIELD_OF
from steelyard.core.values.profiles import FlagRow, LaunchProfile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steelyard.core.values.settings import ServerSettings

Why = Literal["profile", "setting", "ours"]

# A request that was cancelled holds its slot until its batch is done; the engine's own 2,048 is up to four
# times as long.
_BATCH_TOKENS = 512
_MAX_EXTRA_BYTES = 64 << 10
_SPECULATION = {
    "draft": "draft-simple",
    "ngram-simple": "ngram-simple",
    "ngram-mod": "ngram-mod",
    "ngram-map-k": "ngram-map-k",
    "mtp": "draft-mtp",
}
ENGINE_DEFAULTS = {
    "--ctx-size": "the model's own",
    "--parallel": "4, sharing one context",
    "--batch-size": "2048",
    "--ubatch-size": "512",
    "--cache-type-k": "f16",
    "--cache-type-v": "f16",
    "--gpu-layers": "auto",
    "--split-mode": "layer",
    "--tensor-split": "by free memory",
    "--main-gpu": "0",
    "--device": "all",
    "--flash-attn": "auto",
    "--threads": "one for each physical core",
    "--threads-batch": "as --threads",
    "--spec-type": "none",
    "--spec-draft-n-max": "3",
    "--spec-draft-n-min": "0",
    "--rope-scaling": "the model's own",
    "--rope-scale": "1",
    "--rope-freq-base": "the model's own",
    "--rope-freq-scale": "1",
    "--yarn-orig-ctx": "the model's own",
    "--chat-template-file": "the template in the weights",
    "--reasoning": "auto",
    "--cache-ram": "8192 MiB of old prompts",
    "--cors-origins": "*",
    "--verbosity": "3",
    "--log-colors": "auto",
    "--host": "127.0.0.1",
    "--alias": "the file's path",
}


@dataclass(frozen=True)
class Flag:
    """One flag with its value; `why` says who asked for it."""

    name: str
    value: str | None = None
    why: Why = "profile"

    @property
    def words(self) -> tuple[str, ...]:
        """As on a command line."""
        return (self.name,) if self.value is None else (self.name, self.value)

    def row(self) -> FlagRow:
        """For display."""
        default = ENGINE_DEFAULTS.get(self.name, "off" if self.value is None else None)
        return FlagRow(flag=self.name, value=self.value, default=default, why=self.why)


def effective(profile: LaunchProfile, settings: ServerSettings) -> LaunchProfile:
    """The profile with what it leaves open filled in: from the settings, then by our own rules."""
    context = profile.context_tokens or settings.context_tokens
    if profile.embeddings:
        # One vector needs all of its text in one batch.
        profile = msgspec.structs.replace(
            profile,
            batch_tokens=profile.batch_tokens or context,
            ubatch_tokens=profile.ubatch_tokens or context,
        )
    filled = {
        "context_tokens": context,
        "threads": profile.threads or settings.threads or None,
        "parallel": profile.parallel or 1,
        "batch_tokens": profile.batch_tokens or max(_BATCH_TOKENS, profile.ubatch_tokens or 0),
        "idle_unload_s": settings.idle_unload_s if profile.idle_unload_s is None else profile.idle_unload_s,
    }
    return msgspec.structs.replace(profile, **filled)


def profile_flags(profile: LaunchProfile, asked: LaunchProfile | None = None) -> list[Flag]:
    """The flags of an effective profile. `asked` is the profile before it was filled in: what stands there
    is marked as the profile's, the rest as a setting or ours.
    """
    asked = asked or profile
    flags = [
        *_memory(profile, asked),
        *_devices(profile),
        *_threads(profile, asked),
        *_adapters(profile),
        *_speculation(profile),
        *_rope(profile),
    ]
    if profile.reasoning is not None:
        flags.append(Flag("--reasoning", profile.reasoning))
    if profile.embeddings:
        flags.append(Flag("--embeddings"))
    return [*flags, *extra_flags(profile.extra_flags or [])]


def _memory(profile: LaunchProfile, asked: LaunchProfile) -> Iterator[Flag]:
    slots = profile.parallel or 1
    ctx = (profile.context_tokens or 0) * slots
    yield Flag("--ctx-size", str(ctx), "profile" if asked.context_tokens else "setting")
    yield Flag("--parallel", str(slots), "profile" if asked.parallel else "ours")
    batch = profile.batch_tokens or _BATCH_TOKENS
    yield Flag("--batch-size", str(batch), "profile" if asked.batch_tokens else "ours")
    if profile.ubatch_tokens is not None:
        yield Flag("--ubatch-size", str(profile.ubatch_tokens))
    if slots > 1:
        yield Flag("--no-kv-unified", why="ours")  # a slot has its whole context, whatever the others do
    if profile.kv_type_k is not None:
        yield Flag("--cache-type-k", profile.kv_type_k)
    if profile.kv_type_v is not None:
        yield Flag("--cache-type-v", profile.kv_type_v)
    if profile.flash_attention is not None:
        yield Flag("--flash-attn", profile.flash_attention)


def _devices(profile: LaunchProfile) -> Iterator[Flag]:
    if profile.gpu_layers is not None:
        yield Flag("--gpu-layers", str(profile.gpu_layers))
    if profile.split_mode is not None:
        yield Flag("--split-mode", profile.split_mode)
    if profile.tensor_split:
        yield Flag("--tensor-split", ",".join(f"{share:g}" for share in profile.tensor_split))
    if profile.main_gpu is not None:
        yield Flag("--main-gpu", str(profile.main_gpu))
    if profile.devices:
        yield Flag("--device", ",".join(profile.devices))


def _threads(profile: LaunchProfile, asked: LaunchProfile) -> Iterator[Flag]:
    if profile.threads is not None:
        yield Flag("--threads", str(profile.threads), "profile" if asked.threads else "setting")
    if profile.threads_batch is not None:
        yield Flag("--threads-batch", str(profile.threads_batch))


def _adapters(profile: LaunchProfile) -> Iterator[Flag]:
    if profile.lora:
        yield Flag("--lora-scaled", ",".join(f"{one.path}:{one.scale:g}" for one in profile.lora))
    if profile.mmproj is not None:
        yield Flag("--mmproj", profile.mmproj)


def _speculation(profile: LaunchProfile) -> Iterator[Flag]:
    kind = profile.speculation
    if kind is None or kind == "off":
        return
    yield Flag("--spec-type", _SPECULATION[kind])
    if kind == "draft" and profile.draft_weights is not None:
        yield Flag("--spec-draft-model", profile.draft_weights)
    if kind in ("draft", "mtp"):
        if profile.draft_max is not None:
            yield Flag("--spec-draft-n-max", str(profile.draft_max))
        if profile.draft_min is not None:
            yield Flag("--spec-draft-n-min", str(profile.draft_min))


def _rope(profile: LaunchProfile) -> Iterator[Flag]:
    if profile.rope_scaling is not None:
        yield Flag("--rope-scaling", profile.rope_scaling)
    if profile.rope_scale is not None:
        yield Flag("--rope-scale", f"{profile.rope_scale:g}")
    if profile.rope_freq_base is not None:
        yield Flag("--rope-freq-base", f"{profile.rope_freq_base:g}")
    if profile.rope_freq_scale is not None:
        yield Flag("--rope-freq-scale", f"{profile.rope_freq_scale:g}")
    if profile.yarn_orig_ctx is not None:
        yield Flag("--yarn-orig-ctx", str(profile.yarn_orig_ctx))


def extra_flags(words: list[str]) -> list[Flag]:
    """The words as flags, one value each where the flag takes one; see `extra_problems` for what is wrong."""
    flags: list[Flag] = []
    rest = list(words)
    while rest:
        name = rest.pop(0)
        takes_value = ALLOWED.get(name, False)
        flags.append(Flag(name, rest.pop(0) if takes_value and rest else None))
    return flags


# ---- what is wrong ---------------------------------------------------------------------------------------


def extra_problems(words: list[str]) -> Iterator[str]:
    """Why further flags cannot be used; the first reason only, since what follows it may be a value."""
    if sum(len(word) for word in words) > _MAX_EXTRA_BYTES:
        yield "the extra flags are too long"
        return
    for flag in extra_flags(words):
        if (problem := _extra_problem(flag)) is not None:
            yield problem
            return


def _extra_problem(flag: Flag) -> str | None:
    if flag.name in FIELD_OF:
        return f"{flag.name} is the field {FIELD_OF[flag.name]} of the profile"
    if flag.name not in ALLOWED:
        return f"{flag.name or 'an empty word'} is not on the list of allowed flags"
    if ALLOWED[flag.name] and flag.value is None:
        return f"{flag.name} needs a value"
    if flag.value is not None and (not flag.value or not flag.value.isprintable()):
        return f"{flag.name} has an unusable value"
    return None


def problems_of(profile: LaunchProfile) -> list[str]:
    """Why a server could not be started like this; looks at the files that the profile names."""
    found = [*_file_problems(profile), *_sense_problems(profile)]
    return [*found, *extra_problems(profile.extra_flags or [])]


def _file_problems(profile: LaunchProfile) -> Iterator[str]:
    for adapter in profile.lora or []:
        if "," in adapter.path or ":" in adapter.path:
            yield f"LoRA {adapter.path}: the engine cannot take a path with a comma or a colon"
        elif not _is_file(adapter.path):
            yield f"LoRA {adapter.path}: no such file"
    for what, path in (("projector", profile.mmproj), ("draft weights", profile.draft_weights)):
        if path is not None and not _is_file(path):
            yield f"{what} {path}: no such file"
    if profile.binary is not None and not (_is_file(profile.binary) and os.access(profile.binary, os.X_OK)):
        yield f"llama-server {profile.binary}: no such program"


def _is_file(path: str) -> bool:
    return "\0" not in path and os.path.isabs(path) and os.path.isfile(path)


def _sense_problems(profile: LaunchProfile) -> Iterator[str]:
    if profile.speculation == "draft" and profile.draft_weights is None:
        yield "speculation with a draft needs draft_weights"
    if profile.draft_min is not None and profile.draft_min > (profile.draft_max or 3):
        yield "draft_min is greater than draft_max"
    if (profile.ubatch_tokens or 0) > (profile.batch_tokens or 1 << 30):
        yield "ubatch_tokens is greater than batch_tokens"
    is_quantised = profile.kv_type_v not in (None, "f32", "f16", "bf16")
    if is_quantised and profile.flash_attention == "off":
        yield "a quantised V cache needs flash attention"
    if any(not name.replace("-", "").replace("_", "").isalnum() for name in profile.devices or []):
        yield "a device has a name such as CUDA0"
    if profile.tensor_split is not None and not sum(profile.tensor_split):
        yield "tensor_split adds up to nothing"
    if profile.chat_template is not None and "\0" in profile.chat_template:
        yield "the chat template holds a NUL"
