"""A child process that renders hostile answers in the real response view; the parent watches its files.

    python render_hostile.py BAIT [control]     needs WATCH_FD and the preloaded library of file_watch.c

Prints one line for each answer: what was logged while it was on the screen is between two marks of the log.
With `control` a careless view is rendered in place of ours: its files must be seen, or the watch is blind.
"""

from __future__ import annotations

import ctypes
import os
import socket
import sys
import time

from PySide6.QtCore import QEventLoop
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QTextBrowser, QWidget

from fakes.hostile_answers import hostile_answers
from steelyard.ui.theme.theme import Theme
from steelyard.ui.widgets.code_highlight import LEXERS
from steelyard.ui.widgets.compare_diff_pane import DiffPane
from steelyard.ui.widgets.response_conversation import Conversation
from steelyard.ui.widgets.response_find import ViewFinder, pattern_of
from steelyard.ui.widgets.response_links import LinkDialog
from steelyard.ui.widgets.response_view import ResponseView

HARMLESS = "# a\n\n`b` **c** *d* ~~e~~ [f](http://g)\n\n```python\n'\u00e9\U0001f600'\n```\n\n- h\n\n> k\n"
LANGUAGES = ("python", "html", "c", "js")
MOST_S = 60.0


class Desk:
    """The view, as a column has it, and what else shows an answer."""

    def __init__(self) -> None:
        theme = Theme(QApplication.instance(), "dark")  # type: ignore[arg-type]
        self.view = ResponseView(theme)
        self.view.resize(420, 600)
        self.view.show()
        self.conversation = Conversation(theme, self.view)
        self.ended = True
        self.finder = ViewFinder(theme, self.view)
        self.pane = DiffPane(theme, "diff")
        self.pane.resize(400, 400)
        self.pane.show()
        self.theme = theme

    def render(self, text: str) -> None:
        """As an answer and its reasoning, scrolled, copied, searched, in a diff, and in the link dialog."""
        self.conversation.clear()
        self.conversation.add_prompt(text[:2_000])
        self.conversation.begin_answer()
        self.conversation.feed(text[:20_000], is_reasoning=True)
        self.conversation.feed(text, is_reasoning=False)
        self.conversation.end_answer()
        settle(self.view)
        self.view.folding.fold_all(is_folded=True)
        paint(self.view)
        self.view.folding.fold_all(is_folded=False)
        self.view.link_clicked.emit("steelyard:fold:1")
        self.view.scroll_to_share(1.0)
        paint(self.view)
        self.view.selectAll()
        self.view.createMimeDataFromSelection().text()
        self.finder.search(pattern_of("x", is_case_kept=False))
        self.pane.show_pieces([("equal", text[:20_000]), ("left", text[:2_000]), ("right", text[:2_000])])
        dialog = LinkDialog(self.theme, text[:500], self.view)
        dialog.show()
        paint(self.pane, dialog)
        dialog.close()
        turn()


def settle(view: ResponseView) -> None:
    """Until the text is all there: its end has been written when the document grows no more."""
    until_s, sizes = time.monotonic() + MOST_S, [-1, -2, -3]
    while len(set(sizes[-3:])) > 1 and time.monotonic() < until_s:
        turn()
        sizes.append(view.document().characterCount())


def turn() -> None:
    """Let timers and paint events have their turn."""
    QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)


def paint(*widgets: QWidget) -> None:
    """On a picture, as on a screen."""
    for widget in widgets:
        turn()
        widget.render(QImage(widget.size(), QImage.Format.Format_ARGB32))


def careless(bait: str) -> None:
    """What the watch must see: a plain text browser that loads an image, and a socket."""
    browser = QTextBrowser()
    browser.setHtml(f'<img src="{bait}"><img src="file://{bait}">')
    browser.show()
    paint(browser)
    with socket.socket() as one:
        one.settimeout(0.2)
        one.connect_ex(("127.0.0.1", 9))


def main() -> None:
    """Warm up, arm, render, disarm."""
    bait = sys.argv[1]
    app = QApplication(sys.argv[:1])
    arm = ctypes.CDLL(None).watch_arm
    log = int(os.environ["WATCH_FD"])
    desk = Desk()
    for language in LANGUAGES:
        LEXERS.ask(language)
    while not all(LEXERS.is_ready(language) for language in LANGUAGES):
        turn()
        time.sleep(0.01)
    desk.render(HARMLESS)
    if "control" in sys.argv:
        arm(1)
        careless(bait)
        arm(0)
    else:
        for name, text in hostile_answers(bait).items():
            os.write(log, f"-- {name}\n".encode())
            arm(1)
            desk.render(text)
            arm(0)
            print(name, flush=True)
    app.shutdown()
    os._exit(0)  # tearing down a hundred documents proves nothing


if __name__ == "__main__":
    main()
