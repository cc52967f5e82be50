"""Which models the gateway offers, and under which names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import msgspec
import pytest

from steelyard.core.base.errors import AppError
from steelyard.core.gateway import offered as offered_module
from steelyard.core.gateway.offered import OfferedModels
from steelyard.core.values.profiles import LaunchProfile
from steelyard.core.values.weights import WeightsRow

ROW = WeightsRow(
    name="smol",
    path="/w/smol.gguf",
    repo=None,
    revision=None,
    sha256=None,
    verified=False,
    verification="no_reference",
    size_bytes=1,
    quant=None,
    architecture=None,
    parameters=None,
    context_length=None,
    source="file",
    modified_at="2026-01-02T03:04:05Z",
)


def row(name: str, **changes: Any) -> WeightsRow:
    return msgspec.structs.replace(ROW, name=name, **{"path": f"/w/{name}.gguf", **changes})


@dataclass
class Shelf:
    """What is on the machine; counts how often it is looked at."""

    rows: list[WeightsRow] = field(default_factory=list[WeightsRow])
    looks: int = 0
    asked: list[tuple[str, LaunchProfile, bool]] = field(default_factory=list[Any])

    async def all(self) -> list[WeightsRow]:
        self.looks += 1
        return self.rows

    async def find(self, name: str) -> WeightsRow:
        for one in self.rows:
            if name in (one.name, one.path):
                return one
        raise AppError(f"{name} is not on this machine")

    async def target(self, name: str, profile: LaunchProfile, for_embeddings: bool, _note: Any) -> Any:
        self.asked.append((name, profile, for_embeddings))
        return cast("Any", name)

    def offered(self) -> OfferedModels:
        return OfferedModels(self.all, self.find, self.target)


def say_nothing(_reason: str) -> None:
    pass


async def test_all_that_can_be_served_is_offered() -> None:
    shelf = Shelf(
        [
            row("smol"),
            row("mm", kind="mmproj"),
            row("split", missing_parts=["2"]),
            row("bad", verification="mismatch"),
            row("half", verification="pending"),
            row("other", modified_at=None),
        ]
    )
    models = shelf.offered()
    assert [(offer.id, offer.created_s) for offer in await models.offers()] == [
        ("smol", 1767323045),
        ("other", 0),
    ]
    assert await models.knows("smol")
    for name in ("mm", "bad", "/w/smol.gguf", "smol.gguf", "", "starter"):
        assert not await models.knows(name)
        with pytest.raises(AppError):
            await models.target(name, for_embeddings=False, note=say_nothing)


async def test_two_files_of_one_name_are_told_apart() -> None:
    shelf = Shelf([row("smol"), row("smol", path="/x/smol.gguf"), row("smol", path="/y/smol.gguf")])
    models = shelf.offered()
    assert [offer.id for offer in await models.offers()] == ["smol", "smol-2", "smol-3"]
    for name, path in (("smol", "/w/smol.gguf"), ("smol-3", "/y/smol.gguf")):
        assert await models.target(name, for_embeddings=False, note=say_nothing) == path


async def test_folders_are_not_searched_for_each_request(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf([row("smol")])
    models = shelf.offered()
    for _ in range(50):
        assert await models.knows("smol")
        assert not await models.knows("nope")
        await models.offers()
    assert shelf.looks == 1
    shelf.rows.append(row("new"))
    assert not await models.knows("new")
    monkeypatch.setattr(offered_module, "_FRESH_S", 0.0)
    assert await models.knows("new")


async def test_only_what_was_chosen_is_offered() -> None:
    shelf = Shelf([row("smol"), row("other")])
    models = shelf.offered()
    profile = LaunchProfile(parallel=4)
    await models.choose(["/w/other.gguf"], profile)
    assert [offer.id for offer in await models.offers()] == ["other"]
    assert not await models.knows("smol")
    await models.target("other", for_embeddings=True, note=say_nothing)
    assert shelf.asked == [("/w/other.gguf", profile, True)]
    with pytest.raises(AppError):
        await models.choose(["nope"], profile)
    assert await models.knows("other"), "as it was"
    await models.choose([], profile)
    assert [offer.id for offer in await models.offers()] == ["smol", "other"]
    await models.target("smol", for_embeddings=False, note=say_nothing)
    assert shelf.asked[-1] == ("smol", LaunchProfile(), False)
