"""What tests of every room share: a home in a short place, a fake API, and `--long`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fakes.fake_api import FakeApi

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steelyard.core.base.paths import Home


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the long loops as often as the issue asks for")


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """A folder with a short path; what lies in it goes away at the end."""
    with tempfile.TemporaryDirectory(prefix="sy-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def fake_api() -> Iterator[FakeApi]:
    with FakeApi() as api:
        yield api


@pytest.fixture(scope="module")
def module_home(short_folder: Path, request: pytest.FixtureRequest) -> Iterator[Home]:
    """A home and a runtime folder for one module."""
    from steelyard.core.base.paths import find_home

    place = Path(tempfile.mkdtemp(dir=short_folder))
    with pytest.MonkeyPatch.context() as patch:
        (place / "run").mkdir(mode=0o700)
        patch.setenv("XDG_RUNTIME_DIR", str(place / "run"))
        yield find_home(str(place / "home"))


@pytest.fixture
def home(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home and a runtime folder for one test."""
    from steelyard.core.base.paths import find_home

    place = Path(tempfile.mkdtemp(dir=short_folder))
    (place / "run").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(place / "run"))
    return find_home(str(place / "home"))
