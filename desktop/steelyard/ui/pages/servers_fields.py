"""The fields of a launch profile as a form has them. No Qt here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["choice", "open", "whole", "real", "reals", "names", "words", "path", "switch"]
_KV = ("f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl")
_SWITCH = (("", "Default"), ("auto", "Auto"), ("on", "On"), ("off", "Off"))
_YES_NO = (("", "Default"), ("on", "On"), ("off", "Off"))
_KV_OPTIONS = (("", "Default"), *((kind, kind) for kind in _KV))
MIXED = "mixed"
SEVERAL = "several"


@dataclass(frozen=True)
class FieldSpec:
    """One field. `right` says what can be typed; `flag` is the engine's flag that carries it."""

    key: str
    label: str
    kind: Kind
    tip: str
    flag: str = ""
    options: tuple[tuple[str, str], ...] = ()
    unit: str = ""
    right: str = ""
    fields: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The fields of the profile behind it."""
        return self.fields or (self.key,)


@dataclass(frozen=True)
class Group:
    """Fields that belong together."""

    key: str
    title: str
    about: str
    specs: tuple[FieldSpec, ...]


BASIC = (
    FieldSpec(
        "gpu_layers",
        "GPU layers",
        "open",
        "How many layers go to the GPU: auto fits as many as there is room for, 0 keeps all on the CPU",
        "--n-gpu-layers",
        (("", "Default"), ("auto", "Auto"), ("all", "All"), ("0", "0")),
        right="Auto, All or a whole number from 0.",
    ),
    FieldSpec(
        "context_tokens",
        "Context",
        "whole",
        "Tokens that one request may use, prompt and answer together",
        "--ctx-size",
        unit="tokens",
        right="A whole number from 256 to 4,194,304.",
    ),
    FieldSpec(
        "kv_type",
        "KV cache type",
        "choice",
        "How the context is kept in memory: q8_0 halves it against f16; below that, quality may suffer",
        "--cache-type-k",
        _KV_OPTIONS,
        fields=("kv_type_k", "kv_type_v"),
    ),
    FieldSpec(
        "flash_attention",
        "Flash attention",
        "choice",
        "A faster way to the same result that needs less memory; quantized KV values need it",
        "--flash-attn",
        _SWITCH,
    ),
    FieldSpec(
        "parallel",
        "Parallel slots",
        "whole",
        "Requests that are answered at the same time; each has a context of its own",
        "--parallel",
        right="A whole number from 1 to 256.",
    ),
    FieldSpec("lora", "LoRA", "choice", "Adapters that are laid over the weights", "--lora-scaled"),
    FieldSpec(
        "speculation",
        "Speculative",
        "choice",
        "Guess tokens ahead and have the model check them: faster where it guesses well, never other answers",
        "--spec-type",
        (
            ("", "Default"),
            ("off", "Off"),
            ("draft", "Draft model"),
            ("ngram-simple", "ngram-simple"),
            ("ngram-mod", "ngram-mod"),
            ("ngram-map-k", "ngram-map-k"),
            ("mtp", "MTP heads"),
        ),
    ),
    FieldSpec(
        "idle_unload_s",
        "Idle unload",
        "choice",
        "When nobody asks for so long, the process is ended and its memory is free; the next request loadit",
        "",
        (
            ("", "As in Settings"),
            ("0", "Never"),
            ("60", "after 1 min"),
            ("300", "after 5 min"),
            ("900", "after 15 min"),
            ("1800", "after 30 min"),
            ("3600", "after 1 h"),
        ),
    ),
)
GROUPS = (
    Group(
        "memory",
        "Memory and GPUs",
        "Where the weights and the context lie.",
        (
            FieldSpec(
                "kv_type_k", "KV keys", "choice", "Type of the keys alone", "--cache-type-k", _KV_OPTIONS
            ),
            FieldSpec(
                "kv_type_v", "KV values", "choice", "Type of the values alone", "--cache-type-v", _KV_OPTIONS
            ),
            FieldSpec(
                "split_mode",
                "Split over GPUs",
                "choice",
                "How weights are spread when there are several GPUs",
                "--split-mode",
                (("", "Default"), ("none", "One GPU"), ("layer", "By layer"), ("row", "By row")),
            ),
            FieldSpec(
                "tensor_split",
                "Tensor split",
                "reals",
                "Share of each GPU, in their order, such as 3, 1",
                "--tensor-split",
                right="Numbers from 0, one for each GPU: 3, 1",
            ),
            FieldSpec(
                "main_gpu",
                "Main GPU",
                "whole",
                "The GPU that is used when weights are not split",
                "--main-gpu",
                right="A whole number from 0 to 63.",
            ),
            FieldSpec(
                "devices",
                "Devices",
                "names",
                "Engine names such as CUDA0, CUDA1; none keeps everything on the CPU",
                "--device",
                right="Names with commas between: CUDA0, CUDA1",
            ),
        ),
    ),
    Group(
        "batching",
        "Batching and threads",
        "How a prompt is read, and by how many cores.",
        (
            FieldSpec(
                "batch_tokens",
                "Batch",
                "whole",
                "Prompt tokens that are taken at once",
                "--batch-size",
                unit="tokens",
                right="A whole number from 1.",
            ),
            FieldSpec(
                "ubatch_tokens",
                "Micro-batch",
                "whole",
                "Tokens that are computed at once; more needs more memory",
                "--ubatch-size",
                unit="tokens",
                right="A whole number from 1.",
            ),
            FieldSpec(
                "threads",
                "Threads",
                "whole",
                "Cores that generate",
                "--threads",
                right="A whole number from 1 to 1,024.",
            ),
            FieldSpec(
                "threads_batch",
                "Threads, prompt",
                "whole",
                "Cores that read prompts",
                "--threads-batch",
                right="A whole number from 1 to 1,024.",
            ),
        ),
    ),
    Group(
        "speculation",
        "Speculation and images",
        "A second model that guesses ahead, and the projector that reads images.",
        (
            FieldSpec(
                "draft_weights",
                "Draft weights",
                "path",
                "A small GGUF file with the same tokens, for a draft model",
                "--model-draft",
            ),
            FieldSpec(
                "draft_max",
                "Draft, most",
                "whole",
                "Tokens that are guessed at most",
                "--draft-max",
                unit="tokens",
                right="A whole number from 1 to 256.",
            ),
            FieldSpec(
                "draft_min",
                "Draft, least",
                "whole",
                "Guesses shorter than this are not tried",
                "--draft-min",
                unit="tokens",
                right="A whole number from 0 to 256.",
            ),
            FieldSpec("mmproj", "Projector", "path", "The mmproj file that reads images", "--mmproj"),
        ),
    ),
    Group(
        "rope",
        "Rope and context stretching",
        "For contexts longer than the model was made for. Leave it alone otherwise.",
        (
            FieldSpec(
                "rope_scaling",
                "Scaling",
                "choice",
                "How positions are stretched",
                "--rope-scaling",
                (("", "Default"), ("none", "None"), ("linear", "Linear"), ("yarn", "YaRN")),
            ),
            FieldSpec(
                "rope_scale",
                "Scale",
                "real",
                "The context is so many times as long",
                "--rope-scale",
                right="A number above 0.",
            ),
            FieldSpec(
                "rope_freq_base",
                "Frequency base",
                "real",
                "Base of the rotation",
                "--rope-freq-base",
                right="A number above 0.",
            ),
            FieldSpec(
                "rope_freq_scale",
                "Frequency scale",
                "real",
                "Factor on the rotation",
                "--rope-freq-scale",
                right="A number above 0.",
            ),
            FieldSpec(
                "yarn_orig_ctx",
                "YaRN, original context",
                "whole",
                "The context that the model was made for",
                "--yarn-orig-ctx",
                unit="tokens",
                right="A whole number from 1.",
            ),
        ),
    ),
    Group(
        "answers",
        "Answers and the engine",
        "What the server gives, and which program it is.",
        (
            FieldSpec(
                "reasoning",
                "Reasoning",
                "choice",
                "Whether a model that can think first does so",
                "--reasoning-budget",
                _SWITCH,
            ),
            FieldSpec(
                "embeddings",
                "Embeddings",
                "switch",
                "On: it serves embeddings and no answers",
                "--embeddings",
                _YES_NO,
            ),
            FieldSpec(
                "extra_flags",
                "Extra flags",
                "words",
                "Further flags of llama-server, as in a shell; only those on the allow list are taken",
                right="Words as in a shell, quotes closed.",
            ),
            FieldSpec("binary", "Own llama-server", "path", "A llama-server of your own instead of ours"),
        ),
    ),
)
ALL_SPECS = (*BASIC, *(spec for group in GROUPS for spec in group.specs))
SPEC_OF = {spec.key: spec for spec in ALL_SPECS}
