"""A local server and an API as the same thing: something that takes a prompt and streams an answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.base.errors import AppError
from steelyard.core.store.run_details import RunDetails
from steelyard.core.targets.content import message_text
from steelyard.core.values.run import Cost, Energy, Memory, TargetInfo, Timing, Usage

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from steelyard.core.runs.host_load import HostLoad
    from steelyard.core.runs.template_facts import TemplateFacts
    from steelyard.core.targets.exchange import Exchange
    from steelyard.core.values.prompt import Prompt

_IMAGE_BYTES = 4096  # about a thousand tokens, as the larger APIs count a picture of a screen


class ServerEnded(AppError):
    """The local server ended, which is why the request failed."""


@dataclass
class Opened:
    """A target that is ready, with the exchange that will carry the prompt."""

    info: TargetInfo
    exchange: Exchange
    not_sent: list[str]
    load_ms: float | None = None
    is_cold: bool | None = None
    ctx: int | None = None
    """Tokens that this one prompt and its answer may have, where that is known."""
    host: HostLoad | None = None
    """The process behind an API on this machine."""


@dataclass(frozen=True)
class Learned:
    """What a target tells of a prompt when it has been answered. None: unknown."""

    templated: str | None = None
    template: TemplateFacts | None = None
    tokenizer: str | None = None


class Promptable(ABC):
    """What a run needs of a target. What a target cannot tell stays unknown."""

    @property
    @abstractmethod
    def info(self) -> TargetInfo:
        """Who it is, as far as that is known before it is asked."""

    @abstractmethod
    def open(self, prompt: Prompt, note: Callable[[str], None]) -> AbstractAsyncContextManager[Opened]:
        """Make it ready and hold it for one prompt; `note` is told what is waited for.

        Raises:
            AppError: it cannot be made ready, or has no key.
        """

    def pulse(self) -> object:
        """A value that changes while the target works; None if nothing of its inside can be seen."""
        return None

    def on_stalled(self) -> None:  # noqa: B027 - most targets have nothing to restart
        """The run made no progress within its deadline."""

    async def explain(self, error: AppError) -> AppError:
        """The same failure with what this target knows about its cause; a `ServerEnded` if that is it."""
        return error

    def memory(self) -> Memory:
        """What it holds now."""
        return Memory()

    def layers(self) -> tuple[int, int] | None:
        """(On the GPU, all), where its engine sees a GPU."""
        return None

    def on_gpu(self) -> bool | None:
        """Whether a GPU holds any of it; None: not known."""
        return None

    async def computes_here(self) -> bool:
        """Whether an API is a program on this machine that computes the answers: it shares the cores then."""
        return False

    @property
    def is_loaded(self) -> bool:
        """Whether it could answer without loading anything."""
        return True

    async def fits_beside(self) -> bool:
        """Whether it can be loaded without anything else having to go."""
        return True

    async def release(self, reason: str) -> None:  # noqa: B027 - an API holds nothing here
        """Give its memory back, unless somebody else is asking it."""

    async def learn(self, prompt: Prompt) -> Learned:
        """What it makes of a prompt, asked after the answer so that it costs that nothing; soon over."""
        return Learned()

    async def details(self, prompt: Prompt, learned: Learned | None = None) -> RunDetails:
        """What can be told of a run beside its figures; asked when it is over.

        `learned`: what was asked before, which is not asked again.
        """
        return RunDetails()

    def cost(self, usage: Usage, timing: Timing, energy: Energy) -> Cost:
        """What a run cost."""
        return Cost()


def prompt_bytes(prompt: Prompt) -> int:
    """Length of all text that is asked, files included, in UTF-8. An image counts as what small ones take."""
    images = sum(one.kind == "image" for message in prompt.messages for one in message.attachments)
    texts = sum(len(message_text(message).encode("utf-8", "replace")) for message in prompt.messages)
    tools = len(msgspec.json.encode(prompt.sampling.tools)) if prompt.sampling.tools else 0
    return texts + tools + images * _IMAGE_BYTES


def with_answerer(info: TargetInfo, model: str) -> TargetInfo:
    """The target with the model name that an API gave in its answer."""
    return msgspec.structs.replace(info, model=model) if model and info.kind == "api" else info


def most_events(prompt: Prompt) -> int:
    """More content events than this were not asked for; some servers stream single characters."""
    return 8 * prompt.sampling.max_tokens + 256
