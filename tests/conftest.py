"""What tests of every room share: a home in a short place, a fake API, `--long`, and who runs beside whom."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fakes.fake_api import FakeApi

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steelyard.core.base.paths import Home

WITHOUT_ENGINE = ("tests/e2e/test_pull.py",)
WITH_ENGINE = ("tests/e2e/", "tests/battery/test_gguf.py", "tests/core/test_found.py")
"""Where a real llama-server is started. Two of them on two cores make each other ten times slower."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the long loops as often as the issue asks for")


def _needs_engine(nodeid: str) -> bool:
    return nodeid.startswith(WITH_ENGINE) and not nodeid.startswith(WITHOUT_ENGINE)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With workers, the longest piece of work has to begin first."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: not _needs_engine(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `-n`: all that starts a llama-server runs on one worker; the others take the rest file by file."""
    from xdist.scheduler import LoadScopeScheduling

    class OneEngine(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "a real llama-server" if _needs_engine(nodeid) else nodeid.partition("::")[0]

    config.option.loadscopereorder = False
    return OneEngine(config, log)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """Closed windows go with their test.

    Otherwise they live until the next one waits for something: its theme styles them anew, which takes long,
    and what goes wrong in them is taken for its own fault.
    """
    if "PySide6.QtWidgets" not in sys.modules:
        return
    from PySide6.QtCore import QCoreApplication, QEvent, QtMsgType, qInstallMessageHandler

    said: list[tuple[QtMsgType, str]] = []
    before = qInstallMessageHandler(lambda kind, _context, text: said.append((kind, text)))
    try:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    finally:
        qInstallMessageHandler(before)
    assert [text for kind, text in said if kind not in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg)] == []


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
