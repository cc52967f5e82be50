"""What a name means, in the promised order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from steelyard.core.base.errors import AppError
from steelyard.core.hub.names import (
    HubName,
    looks_like_path,
    meaning_of,
    parse_hub_name,
    unknown_name,
)

if TYPE_CHECKING:
    from pathlib import Path


APIS = {"api", "gpt"}


def kind(name: str) -> str:
    return meaning_of(name, APIS).kind


def test_order(tmp_path: Path) -> None:
    assert kind(str(tmp_path / "not-there.gguf")) == "path"
    assert kind("~/x.gguf") == "path"
    assert kind("starter") == "starter"
    assert kind("api") == "api"
    assert kind("org/repo") == "hub"
    assert kind("gemma") == "listed"


def test_only_the_asking_process_looks_whether_a_relative_path_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner may have such a file in its own working directory; it is not the one that was meant."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "x.gguf").touch()
    monkeypatch.chdir(tmp_path)
    assert looks_like_path("models/x.gguf")
    assert not looks_like_path("models/y.gguf")
    assert kind("models/x.gguf") == "hub"


@pytest.mark.parametrize("name", ["model.gguf", "MODEL.GGUF"])
def test_a_bare_file_name_is_told_how_files_are_written(name: str) -> None:
    assert f"Write ./{name} for a file" in unknown_name(name, APIS).one_line()
    assert "targets add" in unknown_name("model", APIS).one_line()


def test_an_unknown_name_names_the_known_ones() -> None:
    assert "starter, api, gpt" in unknown_name("nope", APIS).one_line()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("org/repo", HubName("org/repo")),
        ("org/repo:Q4_K_M", HubName("org/repo", quant="Q4_K_M")),
        ("org/repo/file.gguf", HubName("org/repo", file="file.gguf")),
        ("org/repo/folder/file.gguf", HubName("org/repo", file="folder/file.gguf")),
        ("org/repo@v1.0", HubName("org/repo", revision="v1.0")),
        ("org/repo:Q8_0@refs/pr/1", HubName("org/repo", quant="Q8_0", revision="refs/pr/1")),
        ("org/repo/file.gguf@main", HubName("org/repo", file="file.gguf", revision="main")),
        ("hf.co/org/repo:Q4_0", HubName("org/repo", quant="Q4_0")),
        ("https://hub.example/org/repo", HubName("org/repo")),
        ("https://hub.example/org/repo/", HubName("org/repo")),
        ("https://hub.example/org/repo/tree/main", HubName("org/repo", revision="main")),
        (
            "https://hub.example/org/repo/blob/v2/a%20b.gguf?download=true",
            HubName("org/repo", file="a b.gguf", revision="v2"),
        ),
        (
            "https://hub.example/org/repo/resolve/main/f.gguf",
            HubName("org/repo", file="f.gguf", revision="main"),
        ),
    ],
)
def test_names_on_the_hub(name: str, meant: HubName) -> None:
    assert parse_hub_name(name) == meant


@pytest.mark.parametrize("name", ["gemma", "llama3:8b", "-m", "", "a b/c", "org/repo:a b"])
def test_other_names_are_none_of_the_hub(name: str) -> None:
    assert parse_hub_name(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "org/repo/../../etc/passwd",
        "https://hub.example/org/repo/resolve/main/..%2f..%2fx.gguf",
        "org/repo@../x",
        "x/" * 5000,
        "https://hub.example/",
        "hf.co/org",
    ],
)
def test_a_name_on_the_hub_with_a_part_that_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(AppError):
        parse_hub_name(name)
