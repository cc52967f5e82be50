"""Showing a file in the file manager: which program or service is asked, and what follows a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QObject

from steelyard.ui import reveal

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

FILE = "/models/a b/ü;rm -rf ~.gguf"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    folders: list[str] = []
    monkeypatch.setattr(reveal, "open_folder", folders.append)
    return folders


def test_the_path_is_one_argument_of_a_program_and_of_no_shell() -> None:
    assert reveal.reveal_command("darwin", FILE) == ["open", "-R", FILE]
    assert reveal.reveal_command("win32", FILE) == ["explorer.exe", "/select,", FILE]
    assert reveal.reveal_command("linux", FILE) is None


def test_a_bus_is_known_by_its_address_or_its_socket(tmp_path: Path) -> None:
    assert reveal.has_session_bus({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"})
    assert not reveal.has_session_bus({"XDG_RUNTIME_DIR": str(tmp_path)})
    (tmp_path / "bus").touch()
    assert reveal.has_session_bus({"XDG_RUNTIME_DIR": str(tmp_path)})


def test_without_a_bus_the_folder_is_opened(
    qapp: object, monkeypatch: pytest.MonkeyPatch, opened: list[str]
) -> None:
    monkeypatch.setattr(reveal.sys, "platform", "linux")
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    reveal.Revealer(QObject()).reveal(FILE)
    assert opened == [FILE]


def test_a_bus_that_nobody_listens_on_does_not_keep_the_folder_shut(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, opened: list[str]
) -> None:
    monkeypatch.setattr(reveal.sys, "platform", "linux")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
    owner = QObject()
    reveal.Revealer(owner).reveal(FILE)
    qtbot.waitUntil(lambda: opened == [FILE])
