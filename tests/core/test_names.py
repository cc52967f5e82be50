"""What a name means, in the promised order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from steelyard.core.base.errors import AppError
from steelyard.core.hub.names import meaning_of
from steelyard.core.values.targets import WeightsRow

if TYPE_CHECKING:
    from pathlib import Path


def row(name: str, path: str) -> WeightsRow:
    return WeightsRow(
        name=name,
        path=path,
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
    )


ROWS = [
    row("gemma", "/a/gemma.gguf"),
    row("twin", "/a/twin.gguf"),
    row("twin", "/b/twin.gguf"),
    row("api", "/a/api.gguf"),
]


def kind(name: str) -> str:
    return meaning_of(name, {"api", "gpt"}, lambda: ROWS).kind


def test_order(tmp_path: Path) -> None:
    assert kind(str(tmp_path / "not-there.gguf")) == "path"
    assert kind("~/x.gguf") == "path"
    assert kind("starter") == "starter"
    assert kind("api") == "api"
    assert kind("gemma") == "weights"


def test_two_files_of_one_name_are_listed() -> None:
    with pytest.raises(AppError, match=r"/a/twin.gguf, /b/twin.gguf"):
        kind("twin")


def test_an_unknown_name_names_the_known_ones() -> None:
    with pytest.raises(AppError, match="starter, api, gpt"):
        kind("nope")


@pytest.mark.parametrize(
    "name", ["org/repo:Q4_K_M", "org/repo/file.gguf", "hf.co/org/repo", "https://h/org/repo"]
)
def test_hub_names_say_that_nothing_is_downloaded_yet(name: str) -> None:
    with pytest.raises(AppError, match="does not download"):
        kind(name)


def test_an_absurd_name_is_no_crash() -> None:
    with pytest.raises(AppError):
        kind("x/" * 5000)
