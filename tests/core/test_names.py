"""What a name means, in the promised order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from steelyard.core.base.errors import AppError
from steelyard.core.hub.names import looks_like_path, meaning_of
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


def test_only_the_asking_process_looks_whether_a_relative_path_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner may have such a file in its own working directory; it is not the one that was meant."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "x.gguf").touch()
    monkeypatch.chdir(tmp_path)
    assert looks_like_path("models/x.gguf")
    assert not looks_like_path("models/y.gguf")
    with pytest.raises(AppError, match="not on this machine"):
        kind("models/x.gguf")


@pytest.mark.parametrize("name", ["model.gguf", "MODEL.GGUF"])
def test_a_bare_file_name_is_told_how_files_are_written(name: str) -> None:
    with pytest.raises(AppError, match=rf"Write \./{name} for a file"):
        kind(name)
    with pytest.raises(AppError, match="targets add"):
        kind("model")


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
