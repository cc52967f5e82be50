"""Which words in an answer would tell who gave it: names of models, their makers and their targets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steelyard.core.values.run import TargetInfo

HIDDEN = "[name hidden]"

_MAX_NAME_CHARS = 200
_MIN_NAME_CHARS = 3
_MAX_NAMES = 400
_PARTS = re.compile(r"[^\W\d_]+|\d+")
_FAMILY = re.compile(r"[^\W\d_]{3,}")
_VERSION = r"(?:[ .:_-]?v?\d+[a-z]?\b){0,6}"
_SPLIT = re.compile(r"[/:@]|\.gguf$", re.IGNORECASE)

# Words of file names that say nothing about whose they are; some are ordinary words of an answer.
_GENERIC = re.compile(
    r"api|app|base|chat|code|coder|default|embed|fast|file|flash|free|fine|gguf|http|"
    r"https|instruct|large|latest|lite|local|localhost|medium|mini|model|models|nano|new|"
    r"old|org|preview|pro|small|test|the|thinking|tiny|tool|tools|turbo|unsloth|vision|"
    r"www",
    re.IGNORECASE,
)
# What a model family and its maker call themselves. Ordinary words (meta, phi) only as they are written here.
_MAKERS: dict[str, tuple[str, ...]] = {
    "claude": ("Anthropic", "Claude Haiku", "Claude Opus", "Claude Sonnet"),
    "anthropic": ("Claude",),
    "codestral": ("Mistral AI", "Mistral"),
    "command-r": ("Cohere",),
    "deepseek": ("DeepSeek-AI",),
    "devstral": ("Mistral AI", "Mistral"),
    "falcon": ("TII", "Technology Innovation Institute"),
    "gemini": ("Google DeepMind", "Google", "DeepMind"),
    "gemma": ("Google DeepMind", "Google", "DeepMind"),
    "glm": ("Zhipu AI", "Zhipu", "Z.ai", "ChatGLM"),
    "gpt": ("OpenAI", "ChatGPT"),
    "chatgpt": ("OpenAI", "GPT"),
    "granite": ("IBM",),
    "grok": ("xAI",),
    "kimi": ("Moonshot AI", "Moonshot"),
    "llama": ("Meta AI", "Meta"),
    "magistral": ("Mistral AI", "Mistral"),
    "minimax": ("MiniMax",),
    "ministral": ("Mistral AI", "Mistral"),
    "mistral": ("Mistral AI", "Mistral"),
    "mixtral": ("Mistral AI", "Mistral"),
    "nemotron": ("NVIDIA",),
    "olmo": ("Ai2", "Allen Institute for AI"),
    "openai": ("OpenAI", "ChatGPT", "GPT"),
    "phi": ("Microsoft",),
    "qwen": ("Alibaba Cloud", "Alibaba", "Tongyi Qianwen", "Tongyi"),
    "qwq": ("Alibaba Cloud", "Alibaba", "Qwen"),
    "smollm": ("Hugging Face", "HuggingFace"),
    "yi": ("01.AI",),
}
_CASE_MATTERS = frozenset({"meta", "phi", "command", "falcon"})


def name_pattern(targets: Iterable[TargetInfo], names: Iterable[str] = ()) -> re.Pattern[str] | None:
    """A pattern for all names of these targets, or None if they have none. `names`: what users call them.

    All answers of a comparison are masked by the same pattern: a gap must not tell them apart either.
    """
    found: set[str] = set()
    for name in names:
        found |= _names_in(name)
    for target in targets:
        found |= _names_of(target)
    usable = {name for name in found if _is_name(name)}
    if not usable:
        return None
    longest_first = sorted(usable, key=lambda name: (-len(name), name))[:_MAX_NAMES]
    either = "|".join(_loosely(name) for name in longest_first)
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)")


def _names_of(target: TargetInfo) -> set[str]:
    found = _names_in(target.name) | _names_in(target.model)
    if target.weights is not None:
        found |= _names_in(target.weights.file) | _names_in(target.weights.repo or "")
    if target.endpoint_host is not None:
        labels = target.endpoint_host[:_MAX_NAME_CHARS].split(".")
        if len(labels) > 1 and not labels[-1].isdigit():
            found |= _names_in(labels[-2])
    return found


def _names_in(name: str) -> set[str]:
    """The whole name, its parts (maker/model:size), the family at its head, and whose that family is."""
    whole = name.strip()[:_MAX_NAME_CHARS]
    found = {whole}
    for part in _SPLIT.split(whole):
        found.add(part)
        if head := _FAMILY.match(part):
            found.add(head.group())
        for family, makers in _MAKERS.items():
            if re.search(rf"(?<![^\W\d_]){re.escape(family)}(?![^\W\d_])", part, re.IGNORECASE):
                found |= {family, *makers}
    return found


def _is_name(name: str) -> bool:
    return len(name) >= _MIN_NAME_CHARS and not _GENERIC.fullmatch(name) and bool(_PARTS.search(name))


def _loosely(name: str) -> str:
    """As it may be written: `qwen2.5-7b`, `Qwen 2.5 7B`; a family also with a version behind it."""
    if name.lower() in _CASE_MATTERS:
        return name.capitalize() + f"(?i:{_VERSION})"
    words = r"[ ._:/-]?".join(re.escape(part) for part in _PARTS.findall(name))
    return f"(?i:{words}{_VERSION})"
