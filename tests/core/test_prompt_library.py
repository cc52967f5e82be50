"""The prompt library: shipped prompts, the user's own, and the commands that keep them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.base.paths import data_root
from steelyard.core.base.templates import find_variables
from steelyard.core.prompts_room import PromptsRoom
from steelyard.core.store.database import Database
from steelyard.core.store.prompts import PromptLibrary
from steelyard.core.values import commands as c
from steelyard.core.values.events import Event, PromptsChanged
from steelyard.core.values.prompt import LibraryPrompt, Sampling

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SHIPPED = data_root() / "resources" / "prompts"
MINE = LibraryPrompt(id="", kind="prompt", name="  My   own ", text="Say {word}\n  twice.")


@pytest.fixture
async def library(tmp_path: Path) -> AsyncIterator[PromptLibrary]:
    database = Database(tmp_path / "ledger.sqlite3")
    await database.open()
    yield PromptLibrary(database, SHIPPED)
    await database.close()


async def test_shipped_prompts_are_there_and_usable(library: PromptLibrary) -> None:
    shipped = await library.all()
    assert len(shipped) == len(list(SHIPPED.glob("*.toml"))) >= 8
    assert {one.kind for one in shipped} == {"prompt", "system"}
    assert all(one.is_shipped and one.name and one.text == one.text.strip("\n") for one in shipped)
    assert all(find_variables(one.text) for one in shipped if one.kind == "prompt")
    assert not any(find_variables(one.text) for one in shipped if one.kind == "system")
    assert len({one.name for one in shipped}) == len(shipped)


async def test_a_prompt_is_kept_changed_and_forgotten(library: PromptLibrary) -> None:
    kept = await library.save(MINE)
    assert kept.id
    assert (kept.name, kept.text, kept.is_shipped) == ("My own", MINE.text, False)
    assert kept.updated_at is not None
    assert (await library.all())[0] == kept
    other = await library.save(
        LibraryPrompt(id=kept.id, kind="system", name="Another", text="New text \ud800")
    )
    assert (await library.all())[0] == other
    assert other.text == "New text ?"
    await library.remove(kept.id)
    assert all(one.is_shipped for one in await library.all())
    with pytest.raises(AppError, match="not there any more"):
        await library.remove(kept.id)
    with pytest.raises(AppError, match="not there any more"):
        await library.save(kept)


async def test_shipped_prompts_cannot_be_changed(library: PromptLibrary) -> None:
    (first, *_) = await library.all()
    with pytest.raises(UsageError, match="cannot be changed"):
        await library.save(first)
    with pytest.raises(UsageError, match="cannot be removed"):
        await library.remove(first.id)


@pytest.mark.parametrize(
    ("name", "text"), [("", "x"), ("x" * 121, "x"), ("a\u202eb", "x"), ("x", " \n"), ("x", "y" * (2 << 20))]
)
async def test_unusable_prompts_are_refused(library: PromptLibrary, name: str, text: str) -> None:
    with pytest.raises(UsageError):
        await library.save(LibraryPrompt(id="", kind="prompt", name=name, text=text))


async def test_the_rooms_commands(library: PromptLibrary, tmp_path: Path) -> None:
    events: list[Event] = []
    nobody: Any = None
    room = PromptsRoom(nobody, nobody, nobody, events.append, library)
    kept = await room.execute(c.SavePrompt(prompt=MINE), "r")
    assert kept in await room.execute(c.ListPrompts(), "r")
    await room.execute(c.RemovePrompt(id=kept.id), "r")
    assert kept not in await room.execute(c.ListPrompts(), "r")
    assert events == [PromptsChanged(), PromptsChanged()]
    (tmp_path / "a.txt").write_text("notes")
    assert (await room.execute(c.ReadAttachment(path=str(tmp_path / "a.txt")), "r")).text == "notes"
    with pytest.raises(UsageError, match="Not a usable grammar"):
        await room.execute(c.StartRun(target="x", prompt="y", sampling=Sampling(grammar="root")), "r")


async def test_a_broken_shipped_file_takes_no_other_with_it(tmp_path: Path) -> None:
    for path in SHIPPED.glob("*.toml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "broken.toml").write_text("kind = 'poem'")
    database = Database(tmp_path / "ledger.sqlite3")
    await database.open()
    try:
        found = await PromptLibrary(database, tmp_path).all()
    finally:
        await database.close()
    assert len(found) == len(list(SHIPPED.glob("*.toml")))
