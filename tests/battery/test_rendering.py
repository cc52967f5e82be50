"""Battery P and T28, T29: rendering a hostile answer opens no socket and no file, and no link by itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QTextCursor
from PySide6.QtTest import QTest

from fakes.hostile_answers import hostile_answers
from steelyard.ui.theme.theme import Theme
from steelyard.ui.widgets.response_conversation import Conversation
from steelyard.ui.widgets.response_links import LinkDialog
from steelyard.ui.widgets.response_view import ResponseView

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

pytestmark = pytest.mark.qt_log_ignore("does not support (propagateSizeHints|raise|grabbing)", extend=True)
FAKES = Path(__file__).parent.parent / "fakes"
FONT_WORDS = ("/fonts/", "/fontconfig/", ".ttf", ".otf", ".ttc", ".pfb", "/resources/")
"""What may be opened: fonts for characters that were not shown before, and our own theme."""
LINKS = [
    "https://example.com/",
    "http://example.com/a?b=1",
    "https://xn--80ak6aa92e.com/",
    "https://\u0430\u0440\u0440\u04cf\u0435.com/",
    "https://user:pass@example.com@attacker.example/",
    "https://example.com/\u202egpj.exe",
    "file:///etc/passwd",
    "file://host/share/x",
    "//host/share/x",
    "\\\\host\\share\\x",
    "smb://host/share",
    "javascript:alert(1)",
    "vscode://file/etc/passwd",
    "data:text/html,<script>1</script>",
    "qrc:/x",
    "mailto:a@example.com",
    "ssh://example.com",
    "ms-settings:privacy",
    "HTTPS://EXAMPLE.COM",
    "x-scheme://example.com",
]


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that tells of files and sockets."""
    library = tmp_path_factory.mktemp("watch") / "file_watch.so"
    command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(FAKES / "file_watch.c"), "-ldl"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return library


def watched(library: Path, folder: Path, *arguments: str) -> list[str]:
    """What the child opened while it was armed."""
    bait = folder / "bait.png"
    bait.write_bytes(b"no picture")
    log = folder / "log"
    with log.open("wb") as file:
        environment = os.environ | {
            "LD_PRELOAD": str(library),
            "WATCH_FD": str(file.fileno()),
            "QT_QPA_PLATFORM": "offscreen",
            "PYTHONPATH": os.pathsep.join([str(FAKES.parent), *filter(None, sys.path)]),
        }
        command = [sys.executable, str(FAKES / "render_hostile.py"), str(bait), *arguments]
        done = subprocess.run(
            command,
            env=environment,
            pass_fds=[file.fileno()],
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-4_000:]
    return log.read_text(errors="replace").splitlines()


@pytest.mark.skipif(sys.platform != "linux", reason="watches by preloading a library into glibc's place")
def test_the_watch_sees_what_a_careless_view_does(watch: Path, tmp_path: Path) -> None:
    seen = watched(watch, tmp_path, "control")
    assert any(line.startswith("open") and line.endswith("bait.png") for line in seen)
    assert any(line.startswith("socket") for line in seen)
    assert any(line.startswith("connect") for line in seen)


@pytest.mark.skipif(sys.platform != "linux", reason="watches by preloading a library into glibc's place")
def test_no_answer_opens_a_file_or_a_socket(watch: Path, tmp_path: Path) -> None:
    seen = watched(watch, tmp_path)
    rendered = [line for line in seen if line.startswith("-- ")]
    assert len(rendered) == len(hostile_answers("")) >= 60
    opened: list[str] = []
    answer = ""
    for line in seen:
        if line.startswith("-- "):
            answer = line[3:]
        elif not any(word in line for word in FONT_WORDS):
            opened.append(f"{answer}: {line}")
    assert opened == []


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses that were handed to the desktop."""
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    return opened


def test_no_link_is_opened_without_a_word(qapp: QApplication, qtbot: QtBot, asked: list[str]) -> None:
    theme = Theme(qapp, "dark")
    view = ResponseView(theme)
    qtbot.addWidget(view)
    view.resize(420, 900)
    view.show()
    conversation = Conversation(theme, view)
    clicked: list[str] = []
    conversation.link_clicked.connect(clicked.append)
    conversation.begin_answer()
    conversation.feed("\n\n".join(f"[link{n}](<{link}>)" for n, link in enumerate(LINKS)), is_reasoning=False)
    conversation.end_answer()
    for number in range(len(LINKS)):
        qtbot.waitUntil(lambda n=number: f"link{n}" in view.toPlainText())  # type: ignore[misc]
        at = view.document().find(f"link{number}")
        at.setPosition(at.selectionStart() + 2, QTextCursor.MoveMode.MoveAnchor)
        rect = view.cursorRect(at)
        view.ensureCursorVisible()
        point = QPoint(rect.center().x(), rect.center().y())
        if view.anchorAt(point):
            QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=point)
    assert len(clicked) >= len(LINKS) - 2, clicked  # what Markdown takes for no link stays text
    for address in clicked:
        dialog = LinkDialog(theme, address, view)
        qtbot.addWidget(dialog)
        dialog.show()
        focused = dialog.cancel_button if dialog.is_openable else dialog.copy_button
        QTest.keyClick(focused, Qt.Key.Key_Return)
        scheme = QUrl(address).scheme().lower()
        assert dialog.is_openable is (scheme in ("http", "https")), address
    assert asked == []


def test_only_a_word_opens_a_link(qapp: QApplication, qtbot: QtBot, asked: list[str]) -> None:
    dialog = LinkDialog(Theme(qapp, "dark"), LINKS[1], view := ResponseView(Theme(qapp, "dark")))
    qtbot.addWidget(view)
    dialog.show()
    QTest.mouseClick(dialog.open_button, Qt.MouseButton.LeftButton)
    assert asked == [LINKS[1]]
