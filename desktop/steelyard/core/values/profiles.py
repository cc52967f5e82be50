"""Launch profiles: how weights are to be served. Every field is optional; None leaves it to the settings, and
what those do not say to the engine.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from steelyard.core.values.fit import FitReport, KvType
from steelyard.core.values.row import Row

Switch = Literal["auto", "on", "off"]
Speculation = Literal["off", "draft", "ngram-simple", "ngram-mod", "ngram-map-k", "mtp"]
RopeScaling = Literal["none", "linear", "yarn"]
SplitMode = Literal["none", "layer", "row"]
ProfileOrigin = Literal["shipped", "user", "tune"]
Count = Annotated[int, msgspec.Meta(ge=1, le=1 << 22)]
Threads = Annotated[int, msgspec.Meta(ge=1, le=1024)]
Layers = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1e6)]
ShortText = Annotated[str, msgspec.Meta(max_length=4096)]
_MAX_TEMPLATE_CHARS = 1 << 20


class LoraAdapter(Row, frozen=True, forbid_unknown_fields=True):
    """A LoRA file and how strongly it acts."""

    path: ShortText
    scale: Annotated[float, msgspec.Meta(ge=-100, le=100)] = 1.0


class LaunchProfile(Row, frozen=True, forbid_unknown_fields=True):
    """What a server's command line is made from.

    `context_tokens` is what one request may use: the engine gets it times `parallel`. Paths are absolute, or
    relative to nothing: a profile file travels badly otherwise.
    """

    context_tokens: Annotated[int, msgspec.Meta(ge=256, le=1 << 22)] | None = None
    parallel: Annotated[int, msgspec.Meta(ge=1, le=256)] | None = None
    gpu_layers: Literal["auto", "all"] | Layers | None = None
    split_mode: SplitMode | None = None
    tensor_split: Annotated[list[Share], msgspec.Meta(max_length=64)] | None = None
    main_gpu: Annotated[int, msgspec.Meta(ge=0, le=63)] | None = None
    devices: Annotated[list[ShortText], msgspec.Meta(max_length=64)] | None = None
    """Engine names such as CUDA0; ["none"] keeps everything on the CPU."""
    kv_type_k: KvType | None = None
    kv_type_v: KvType | None = None
    flash_attention: Switch | None = None
    batch_tokens: Count | None = None
    ubatch_tokens: Count | None = None
    threads: Threads | None = None
    threads_batch: Threads | None = None
    lora: Annotated[list[LoraAdapter], msgspec.Meta(max_length=16)] | None = None
    mmproj: ShortText | None = None
    speculation: Speculation | None = None
    draft_weights: ShortText | None = None
    """A GGUF file; needed for `speculation = "draft"`."""
    draft_max: Annotated[int, msgspec.Meta(ge=1, le=256)] | None = None
    draft_min: Annotated[int, msgspec.Meta(ge=0, le=256)] | None = None
    rope_scaling: RopeScaling | None = None
    rope_scale: Annotated[float, msgspec.Meta(gt=0, le=1e6)] | None = None
    rope_freq_base: Annotated[float, msgspec.Meta(gt=0, le=1e12)] | None = None
    rope_freq_scale: Annotated[float, msgspec.Meta(gt=0, le=1e6)] | None = None
    yarn_orig_ctx: Count | None = None
    chat_template: Annotated[str, msgspec.Meta(max_length=_MAX_TEMPLATE_CHARS)] | None = None
    """Jinja text that replaces the one in the weights."""
    reasoning: Switch | None = None
    embeddings: bool | None = None
    """True serves embeddings instead of answers."""
    extra_flags: Annotated[list[ShortText], msgspec.Meta(max_length=64)] | None = None
    """Further llama-server flags, one word each; only those on the allow list."""
    binary: ShortText | None = None
    """A llama-server of the user's own."""
    idle_unload_s: Annotated[float, msgspec.Meta(ge=0, le=1e7)] | None = None
    """The process is ended after so many idle seconds; 0 never."""


class StoredProfile(Row, frozen=True):
    """A named profile. `weights` is the name of the weights it belongs to; None: for any."""

    name: str
    profile: LaunchProfile
    origin: ProfileOrigin
    weights: str | None = None
    about: str = ""
    path: str | None = None
    """Its file, usable with `--profile`."""
    problem: str = ""
    """Why it cannot be used; its `profile` is empty then."""


class FlagRow(Row, frozen=True):
    """One flag of a command line. `default` is what the engine would take without it."""

    flag: str
    value: str | None
    default: str | None
    why: Literal["profile", "setting", "ours"]
    """Who asked for it: the profile, the settings, or Steelyard's own rules."""


class TemplateInfo(Row, frozen=True):
    """The chat template that is used. `diff` is unified, empty without an override."""

    text: str
    sha256: str
    is_override: bool
    own_sha256: str | None
    """Of the template in the weights; None if there is none."""
    diff: str = ""


class LaunchPreview(Row, frozen=True):
    """What a start would be. `command` is for a shell, with the key as ***; `fit` None when it is unknown."""

    command: str
    flags: list[FlagRow]
    template: TemplateInfo | None
    fit: FitReport | None
    problems: list[str]
    """Why it would not start as wished."""
