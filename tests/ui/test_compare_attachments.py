"""Files of a prompt: dropped, pasted, chosen, refused, taken away."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QBuffer, QEvent, QIODevice, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from steelyard.core.base.errors import AppError
from steelyard.core.values import commands as cmd
from steelyard.ui.widgets.form_thumbnail import png_of, thumbnail_of
from ui.forms_desk import CONTROL, FormsDesk, open_forms_desk
from ui.scripted_prompts import image_file, text_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme
    from ui.fake_engine import FakeEngine


def picture(width: int = 40, height: int = 20) -> QImage:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor("#3366cc"))
    return image


def png(width: int = 40, height: int = 20) -> str:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    picture(width, height).save(buffer, "PNG")  # type: ignore[call-overload]
    return base64.b64encode(bytes(buffer.data().data())).decode()


def bomb(side: int) -> str:
    """A PNG whose header promises a huge picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return base64.b64encode(body + chunk(b"IEND", b"")).decode()


@pytest.fixture
def desk(
    qtbot: QtBot, theme: Theme, bridge: Bridge, actions: Actions, fake_engine: FakeEngine
) -> Iterator[FormsDesk]:
    fake_engine.prompts.files = {
        "/secret/folder/notes.txt": text_file("notes.txt", "hello"),
        "/secret/folder/cat.png": image_file("cat.png", png(), 120),
        "/secret/folder/paper.pdf": AppError(
            "A file cannot be attached", "paper.pdf: it is a PDF", "Copy its text."
        ),
    }
    with open_forms_desk(qtbot, theme, bridge, actions, fake_engine) as desk:
        yield desk


def mime_of(*paths: str) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(path) for path in paths])
    return mime


def drop(desk: FormsDesk, mime: QMimeData) -> None:
    target = desk.page.composer.prompt.viewport()
    action, button = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPointF(5, 5).toPoint(), action, mime, button, none)
    QApplication.sendEvent(target, enter)
    assert desk.forms.drops.hint.isVisible()
    QApplication.sendEvent(target, QDropEvent(QPointF(5, 5), action, mime, button, none, QEvent.Type.Drop))
    assert not desk.forms.drops.hint.isVisible()


def wait_read(desk: FormsDesk) -> None:
    desk.qtbot.waitUntil(lambda: not desk.forms.attachments.is_reading)


def test_dropped_files_go_with_the_prompt(desk: FormsDesk) -> None:
    drop(desk, mime_of("/secret/folder/notes.txt", "/secret/folder/cat.png"))
    wait_read(desk)
    chips = desk.forms.attachments.chips
    assert [(chip.name, chip.detail) for chip in chips] == [
        ("notes.txt", "text, 5 B"),
        ("cat.png", "PNG, 120 B"),
    ]
    desk.write("What is this?")
    desk.send()
    desk.wait_over()
    assert [attachment.name for attachment in desk.asked.attachments] == ["notes.txt", "cat.png"]
    assert not desk.forms.attachments.isVisible()
    assert desk.page.composer.attachments == []


def test_a_picture_is_pasted_and_text_stays_text(desk: FormsDesk) -> None:
    QGuiApplication.clipboard().setImage(picture())
    desk.page.focus_prompt()
    desk.press(Qt.Key.Key_V, CONTROL)
    wait_read(desk)
    [command] = desk.engine.of_type(cmd.ReadAttachment)
    assert base64.b64decode(command.data or "").startswith(b"\x89PNG")
    [chip] = desk.forms.attachments.chips
    assert chip.name == "pasted-1.png"
    desk.qtbot.waitUntil(lambda: chip.has_picture)
    QGuiApplication.clipboard().setText("just words")
    desk.press(Qt.Key.Key_V, CONTROL)
    assert desk.page.composer.prompt.text == "just words"
    assert len(desk.forms.attachments.chips) == 1


def test_a_refused_file_says_why_and_is_not_sent(desk: FormsDesk) -> None:
    drop(desk, mime_of("/secret/folder/paper.pdf", "/secret/folder/notes.txt"))
    wait_read(desk)
    refused = desk.forms.attachments.chips[0]
    assert refused.detail == "it is a PDF"
    assert "Copy its text." in refused.accessibleDescription()
    desk.write("Read")
    desk.send()
    desk.wait_over()
    assert [attachment.name for attachment in desk.asked.attachments] == ["notes.txt"]


def test_a_file_is_taken_away(desk: FormsDesk) -> None:
    drop(desk, mime_of("/secret/folder/notes.txt", "/secret/folder/cat.png"))
    wait_read(desk)
    QTest.mouseClick(desk.forms.attachments.chips[0].remove_button, Qt.MouseButton.LeftButton)
    assert [attachment.name for attachment in desk.page.composer.attachments] == ["cat.png"]
    assert QApplication.focusWidget() is desk.forms.attachments.chips[0].remove_button
    desk.press(Qt.Key.Key_Space)
    assert not desk.forms.attachments.isVisible()


def test_files_of_an_edited_question_are_shown_again(desk: FormsDesk) -> None:
    drop(desk, mime_of("/secret/folder/notes.txt"))
    wait_read(desk)
    desk.write("Read this")
    desk.send()
    desk.wait_over()
    desk.press(Qt.Key.Key_E, CONTROL)
    assert [chip.name for chip in desk.forms.attachments.chips] == ["notes.txt"]
    desk.forms.attachments.add_paths(["/secret/folder/cat.png"])
    wait_read(desk)
    desk.send()
    desk.wait_over()
    assert [attachment.name for attachment in desk.asked.attachments] == ["notes.txt", "cat.png"]


def test_more_than_sixteen_files_are_refused(desk: FormsDesk) -> None:
    desk.forms.attachments.add_paths(["/secret/folder/notes.txt"] * 17)
    wait_read(desk)
    assert len(desk.page.composer.attachments) == 16
    assert desk.forms.attachments.chips[-1].detail == "only 16 go with one prompt"


def test_columns_that_cannot_read_images_are_named_at_once(desk: FormsDesk) -> None:
    bar = desk.forms.attachments
    bar.add_paths(["/secret/folder/notes.txt"])
    wait_read(desk)
    assert not bar.warning.isVisible()
    bar.add_paths(["/secret/folder/cat.png"])
    desk.qtbot.waitUntil(bar.warning.isVisible)
    assert "SmolLM2-135M-Instruct and tulip run without a projector" in bar.warning.text
    assert "mini" not in bar.warning.text
    for widget in desk.page.columns.widgets[:2]:
        widget.remove_wanted.emit(widget)
    desk.qtbot.waitUntil(lambda: not bar.warning.isVisible())


def test_folders_stay_on_this_machine(desk: FormsDesk) -> None:
    drop(desk, mime_of("/secret/folder/notes.txt"))
    wait_read(desk)
    [chip] = desk.forms.attachments.chips
    assert "secret" not in chip.toolTip() + chip.accessibleName() + chip.name
    assert all("/" not in attachment.name for attachment in desk.page.composer.attachments)


@pytest.mark.usefixtures("theme")
@pytest.mark.qt_log_ignore("Not a JPEG file")
@pytest.mark.parametrize(
    ("mime", "data"),
    [
        ("image/png", bomb(65_535)),
        ("image/png", "not base64!"),
        ("image/png", base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg'/>").decode()),
        ("image/svg+xml", base64.b64encode(b"<svg/>").decode()),
        ("image/jpeg", png()),
        ("image/png", ""),
    ],
    ids=["bomb", "no base64", "svg as png", "svg", "png as jpeg", "empty"],
)
def test_odd_images_have_no_thumbnail(mime: str, data: str) -> None:
    assert thumbnail_of(mime, data).isNull()


@pytest.mark.usefixtures("theme")
def test_a_thumbnail_is_small_and_keeps_its_shape() -> None:
    made = thumbnail_of("image/png", png(1000, 500))
    assert (made.width(), made.height()) == (64, 32)
    assert thumbnail_of("image/png", png(3000, 1)).height() == 1


@pytest.mark.usefixtures("theme")
def test_a_huge_picture_is_not_pasted() -> None:
    assert png_of(QImage(5000, 4000, QImage.Format.Format_Mono)) == ""
    assert png_of(QImage()) == ""
