"""What a scripted engine keeps for prompts: a library, and files that can be attached."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.base.clock import utc_now
from steelyard.core.base.errors import AppError
from steelyard.core.base.ids import new_id
from steelyard.core.values import commands as cmd
from steelyard.core.values.events import Event, PromptsChanged
from steelyard.core.values.prompt import Attachment, LibraryPrompt

if TYPE_CHECKING:
    from collections.abc import Callable

TRANSLATE = LibraryPrompt(
    id="s1", kind="prompt", name="Translate", text="Translate into {language}: {text}", is_shipped=True
)
REVIEW = LibraryPrompt(id="u1", kind="prompt", name="Review", text="Review this migration.")
CAREFUL = LibraryPrompt(
    id="y1", kind="system", name="Careful", text="Say so when you are not sure.", is_shipped=True
)


class ScriptedPrompts:
    """Answers like the core: shipped prompts stay, the user's can be changed; `files` can be read by path."""

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        self.prompts = [TRANSLATE, REVIEW, CAREFUL]
        self.files: dict[str, Attachment | AppError] = {}

    def answers(self) -> dict[type, Any]:
        """By command type."""
        return {
            cmd.ListPrompts: lambda _c: list(self.prompts),
            cmd.SavePrompt: self._save,
            cmd.RemovePrompt: self._remove,
            cmd.ReadAttachment: self._read,
        }

    def _save(self, command: cmd.SavePrompt) -> LibraryPrompt:
        kept = msgspec.structs.replace(command.prompt, id=command.prompt.id or new_id(), updated_at=utc_now())
        self.prompts = [*(prompt for prompt in self.prompts if prompt.id != kept.id), kept]
        self._tell(PromptsChanged())
        return kept

    def _remove(self, command: cmd.RemovePrompt) -> None:
        self.prompts = [prompt for prompt in self.prompts if prompt.id != command.id]
        self._tell(PromptsChanged())

    def _read(self, command: cmd.ReadAttachment) -> Attachment:
        if command.data is not None:
            size = len(base64.b64decode(command.data))
            return image_file(command.path, command.data, size)
        found = self.files.get(command.path, AppError("The file does not exist", command.path, "Check it."))
        if isinstance(found, AppError):
            raise found
        return found


def text_file(name: str, text: str) -> Attachment:
    """A small text as the core would read it."""
    return Attachment(
        name=name,
        kind="text",
        mime="text/plain",
        sha256=f"{hash(text) & 0xFFFF:064x}",
        size_bytes=len(text),
        text=text,
    )


def image_file(name: str, data: str, size_bytes: int) -> Attachment:
    """A PNG as the core would read it; `data` is base64."""
    sha256 = f"{hash(data) & 0xFFFF:064x}"
    return Attachment(
        name=name, kind="image", mime="image/png", sha256=sha256, size_bytes=size_bytes, data=data
    )
