"""An answer in its view: what a reader sees, what hostile text must not do, and that it stays quick."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication, QTextDocument
from PySide6.QtTest import QTest

from steelyard.ui.widgets import response_stream
from steelyard.ui.widgets.markdown_parse import (
    MAX_PROSE_CHARS,
    Paragraph,
    QuietDocument,
    Table,
    parse_markdown,
)
from steelyard.ui.widgets.markdown_style import THIN_SPACE
from steelyard.ui.widgets.markdown_write import LINE_BREAK
from steelyard.ui.widgets.response_badges import CodeBadge
from steelyard.ui.widgets.response_conversation import Conversation
from steelyard.ui.widgets.response_links import LinkDialog
from steelyard.ui.widgets.response_view import ResponseView

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from steelyard.ui.theme.theme import Theme

TEXT = """## Risk: high

Adding a `NOT NULL` column **rewrites** all rows; see [docs](https://example.com/a?b=1).

```python
def f() -> int:
    return 1  # one
```

1. first
2. second

> a quote

| a | b |
|---|---|
| 1 | `2` |

- [x] done
- [ ] todo
"""


@pytest.fixture
def view(qtbot: QtBot, theme: Theme) -> ResponseView:
    view = ResponseView(theme)
    qtbot.addWidget(view)
    view.resize(420, 500)
    view.show()
    return view


@pytest.fixture
def conversation(theme: Theme, view: ResponseView) -> Conversation:
    return Conversation(theme, view)


def lines_of(view: ResponseView) -> list[str]:
    block, lines = view.document().begin(), []
    while block.isValid():
        lines += block.text().replace(THIN_SPACE, "").split(LINE_BREAK)
        block = block.next()
    return [line for line in lines if line]


def stream(qtbot: QtBot, conversation: Conversation, text: str, size: int) -> None:
    conversation.begin_answer()
    for at in range(0, len(text), size):
        conversation.feed(text[at : at + size], is_reasoning=False)
        if at % (size * 8) == 0:
            qtbot.wait(1)
    conversation.end_answer()


def settle(qtbot: QtBot, view: ResponseView) -> None:
    sizes: list[int] = []
    qtbot.waitUntil(
        lambda: (
            sizes.append(view.document().characterCount()),
            len(sizes) > 3 and len(set(sizes[-4:])) == 1,
        )[1],
        timeout=20_000,
    )


@pytest.mark.parametrize("size", [1, 5, 5000])
def test_a_streamed_answer_reads_like_a_whole_one(
    qtbot: QtBot, conversation: Conversation, view: ResponseView, size: int
) -> None:
    stream(qtbot, conversation, TEXT, size)
    settle(qtbot, view)
    assert lines_of(view) == [
        "Risk: high",
        "Adding a NOT NULL column rewrites all rows; see docs.",
        "def f() -> int:",
        "    return 1  # one",
        "first",
        "second",
        "a quote",
        "a",
        "b",
        "1",
        "2",
        "☑ done",
        "☐ todo",
    ]


def test_finished_blocks_are_never_written_again(
    qtbot: QtBot, conversation: Conversation, view: ResponseView
) -> None:
    conversation.begin_answer()
    conversation.feed("# Title\n\nFirst paragraph.\n\nSecond", is_reasoning=False)
    finished = [view.document().findBlockByNumber(number) for number in (0, 1)]
    for number, block in enumerate(finished):
        block.setUserState(number + 7)
    tops = [view.document().documentLayout().blockBoundingRect(block).top() for block in finished]
    for _ in range(40):
        conversation.feed(" **word**", is_reasoning=False)
        qtbot.wait(10)
    conversation.feed("\n\n```\ncode\n```\n\nLast", is_reasoning=False)
    conversation.end_answer()
    now = [view.document().findBlockByNumber(number) for number in (0, 1)]
    assert [block.userState() for block in now] == [7, 8]
    assert [view.document().documentLayout().blockBoundingRect(block).top() for block in now] == tops
    assert lines_of(view)[-2:] == ["code", "Last"]


def test_code_is_coloured_and_copied_whole(
    qtbot: QtBot, conversation: Conversation, view: ResponseView
) -> None:
    stream(qtbot, conversation, TEXT, 5000)
    qtbot.waitUntil(lambda: any(badge.isVisible() for badge in view.findChildren(CodeBadge)))
    badge = next(badge for badge in view.findChildren(CodeBadge) if badge.isVisible())
    assert badge.text() == "python"
    assert badge.accessibleName() == "Copy python"
    QTest.mouseClick(badge, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "def f() -> int:\n    return 1  # one"
    code = view.document().find("def f").block()
    qtbot.waitUntil(lambda: len(code.layout().formats()) > 0, timeout=5000)


def test_a_selection_is_copied_as_written(conversation: Conversation, view: ResponseView) -> None:
    conversation.begin_answer()
    conversation.feed("Use `a b` now", is_reasoning=False)
    conversation.end_answer()
    view.selectAll()
    view.copy()
    assert QGuiApplication.clipboard().text() == "Use a b now"


def test_reasoning_is_folded_and_unfolds(conversation: Conversation, view: ResponseView) -> None:
    conversation.begin_answer()
    conversation.feed("I weigh\nthis", is_reasoning=True)
    conversation.feed("The answer", is_reasoning=False)
    conversation.end_answer()
    assert lines_of(view) == ["▸ Reasoning · 3 words", "The answer"]
    click_text(view, "Reasoning")
    assert lines_of(view) == ["▾ Reasoning · 3 words", "I weigh", "this", "The answer"]
    click_text(view, "Reasoning")
    assert lines_of(view) == ["▸ Reasoning · 3 words", "The answer"]


def click_text(view: ResponseView, text: str) -> None:
    cursor = view.document().find(text)
    assert not cursor.isNull()
    rect = view.cursorRect(cursor)
    QTest.mouseClick(
        view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(rect.left() - 4, rect.center().y())
    )


# ---- following ---------------------------------------------------------------------------------------------


def test_following_stops_when_the_user_scrolls_up(
    qtbot: QtBot, conversation: Conversation, view: ResponseView
) -> None:
    conversation.begin_answer()
    conversation.feed("A paragraph of some length.\n\n" * 60, is_reasoning=False)
    bar = view.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0 and bar.value() == bar.maximum())
    QTest.keyClick(view, Qt.Key.Key_PageUp)
    QTest.keyClick(view, Qt.Key.Key_PageUp)
    stayed = bar.value()
    assert stayed < bar.maximum()
    conversation.feed("More and more.\n\n" * 30, is_reasoning=False)
    qtbot.wait(50)
    assert bar.value() == stayed
    QTest.keyClick(view, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    bar.setValue(bar.maximum())
    conversation.feed("The end.\n\n" * 30, is_reasoning=False)
    qtbot.waitUntil(lambda: bar.value() == bar.maximum())


# ---- size --------------------------------------------------------------------------------------------------


def test_beyond_the_limit_it_stays_plain_and_says_so(
    qtbot: QtBot, conversation: Conversation, view: ResponseView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(response_stream, "MARKDOWN_MAX_CHARS", 4000)
    stream(qtbot, conversation, "**bold** words\n\n" * 400, 1000)
    settle(qtbot, view)
    lines = lines_of(view)
    assert lines[0] == "bold words"
    assert any("shown as plain text" in line for line in lines)
    assert lines[-1] == "**bold** words"


def test_half_a_megabyte_never_holds_the_window_up(
    qtbot: QtBot, conversation: Conversation, view: ResponseView
) -> None:
    conversation.begin_answer()
    conversation.feed(TEXT * (300_000 // len(TEXT)), is_reasoning=False)
    conversation.end_answer()
    longest, last = 0.0, time.perf_counter()
    until = last + 1.5
    while last < until:
        qtbot.wait(1)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    assert longest < 0.5  # slices of milliseconds; the margin is for a busy test machine


@pytest.mark.parametrize(
    "payload",
    [
        "> " * 10_000 + "deep",
        "- " * 10_000 + "deep",
        "1. " * 5_000 + "deep",
        "[" * 20_000,
        "![" * 10_000 + "](x)" * 10_000,
        "*a **b " * 5_000,
        "|" * 20_000 + "\n" + "|-" * 10_000,
        "`" * 20_000,
        "a" * 300_000,
        "\u202e" * 1000 + "evil",
        "\x00\ufdd0\ufdd1\ufffc\u2028\u2029" * 100,
        "lone \ud800 surrogate",
        "<details>" * 5_000,
        "&#0;&#x110000;" * 1000,
    ],
    ids=range(14),
)
def test_hostile_shapes_stay_quick(
    qtbot: QtBot, conversation: Conversation, view: ResponseView, payload: str
) -> None:
    started = time.perf_counter()
    stream(qtbot, conversation, payload, 4096)
    settle(qtbot, view)
    view.grab()
    assert time.perf_counter() - started < 10


def test_a_huge_table_stays_plain() -> None:
    table = "|a|b|\n|-|-|\n" + "|1|2|\n" * 2000
    assert all(isinstance(piece, Paragraph) for piece in parse_markdown(table))
    assert isinstance(parse_markdown("|a|b|\n|-|-|\n|1|2|")[0], Table)
    assert len(parse_markdown("word\n" * MAX_PROSE_CHARS)) > 1


# ---- nothing is loaded, nothing is opened ------------------------------------------------------------------

HOSTILE = """![a](file:///etc/passwd) ![b](data:image/png;base64,iVBORw0KGgo=)
![c](http://evil.example/x.png "tip")

<img src="file:///etc/passwd"><iframe src="http://evil.example"></iframe><script>x</script>

[x](https://example.com "<img src='file:///etc/passwd'>")

<style>body { background: url(http://evil.example/y.png) }</style>
"""


def test_nothing_is_loaded(
    qtbot: QtBot, conversation: Conversation, view: ResponseView, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[object] = []
    real = QTextDocument.loadResource
    monkeypatch.setattr(
        QTextDocument, "loadResource", lambda self, kind, name: loaded.append(name) or real(self, kind, name)
    )
    stream(qtbot, conversation, HOSTILE, 9)
    settle(qtbot, view)
    view.grab()
    lines = lines_of(view)
    assert lines[0] == (
        "[image: a · file:///etc/passwd] [image: b · data:image/png;base64,iVBORw0KGgo=] "
        "[image: c · http://evil.example/x.png]"
    )
    assert '<img src="file:///etc/passwd">' in lines[1]
    assert loaded == []
    assert isinstance(view.document(), QuietDocument)
    assert (
        view.document().resource(QTextDocument.ResourceType.ImageResource, QUrl("file:///etc/passwd")) is None
    )


def test_no_format_of_the_answer_survives(
    qtbot: QtBot, conversation: Conversation, view: ResponseView
) -> None:
    stream(qtbot, conversation, HOSTILE, 4096)
    settle(qtbot, view)
    block = view.document().begin()
    while block.isValid():
        for piece in block.textFormats():
            assert piece.format.toolTip() == ""
            assert not piece.format.isImageFormat()
        block = block.next()


def test_a_link_asks_first(
    qtbot: QtBot,
    theme: Theme,
    conversation: Conversation,
    view: ResponseView,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url) or True)
    conversation.begin_answer()
    conversation.feed("See [docs](https://example.com/a?b=1) now", is_reasoning=False)
    conversation.end_answer()
    with qtbot.waitSignal(conversation.link_clicked) as clicked:
        click_text(view, "docs")
    assert clicked.args == ["https://example.com/a?b=1"]
    assert opened == []
    dialog = LinkDialog(theme, clicked.args[0], view)
    dialog.show()
    assert not dialog.isModal()
    assert "https://example.com/a?b=1" in dialog.text
    QTest.mouseClick(dialog.open_button, Qt.MouseButton.LeftButton)
    assert [url.toString() for url in opened] == ["https://example.com/a?b=1"]


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:text/html,x",
        "vscode://x",
        "https:",
        "//x",
        "HTTPS//a",
        "",
    ],
)
def test_other_addresses_are_never_opened(
    qtbot: QtBot, theme: Theme, view: ResponseView, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: pytest.fail("opened"))
    dialog = LinkDialog(theme, address, view)
    dialog.show()
    assert not dialog.is_openable
    assert not dialog.open_button.isVisible()
    assert "not opened" in dialog.text
    dialog.close()
