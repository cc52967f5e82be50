"""Prompts that are kept: how they are listed, and what an edited one becomes. No Qt here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from steelyard.core.base.errors import AppError
from steelyard.core.base.templates import fill, find_variables
from steelyard.core.values.prompt import LibraryPrompt
from steelyard.ui.widgets.form_list import Entry

if TYPE_CHECKING:
    from collections.abc import Mapping

PromptKind = Literal["prompt", "system"]
KIND_WORDS: dict[PromptKind, str] = {"prompt": "prompt", "system": "system prompt"}


@dataclass(frozen=True)
class Draft:
    """A prompt as it stands in the editor; `id` is empty for one that is not kept yet."""

    kind: PromptKind
    id: str = ""
    name: str = ""
    text: str = ""
    is_shipped: bool = False

    @property
    def problem(self) -> str:
        """Why it cannot be kept."""
        if not self.name.strip():
            return "It needs a name."
        return "" if self.text.strip() else "It needs a text."

    @property
    def kept(self) -> LibraryPrompt:
        """As it is sent to be kept; a shipped one becomes a new one of the user's."""
        return LibraryPrompt(
            id="" if self.is_shipped else self.id, kind=self.kind, name=self.name.strip(), text=self.text
        )


def draft_of(prompt: LibraryPrompt) -> Draft:
    """A kept prompt in the editor."""
    return Draft(prompt.kind, prompt.id, prompt.name, prompt.text, prompt.is_shipped)


def entries_of(prompts: list[LibraryPrompt], kind: PromptKind) -> list[Entry]:
    """The lines of the list: the user's own first."""
    chosen = [prompt for prompt in prompts if prompt.kind == kind]
    ordered = sorted(chosen, key=lambda prompt: (prompt.is_shipped, prompt.name.casefold()))
    return [_entry(prompt) for prompt in ordered]


def inserted(text: str, values: Mapping[str, str]) -> str:
    """The text with the fields that were filled in; the others stay variables."""
    given = {name: value for name, value in values.items() if value}
    if not given:
        return text
    stay = {name: f"{{{name}}}" for name in find_variables(text) if name not in given}
    try:
        return fill(text, given | stay)
    except AppError:
        return text


def _entry(prompt: LibraryPrompt) -> Entry:
    names = find_variables(prompt.text)
    fields = f"{len(names)} fields" if len(names) > 1 else "1 field" if names else ""
    badge = " · ".join(part for part in (fields, "shipped" if prompt.is_shipped else "") if part)
    line = " ".join(prompt.text[:300].split())
    return Entry(prompt.id, prompt.name, line, badge, f"{prompt.text[:4000]} {badge}")
