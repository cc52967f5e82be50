"""Files that go with a prompt: by content, within bounds, and without what tells where they are from."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import struct
import zlib
from typing import TYPE_CHECKING

import pytest

from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.control.frames import Ask, read_frame, write_frame
from steelyard.core.runs.files.attachments import (
    check_attachments,
    read_attachment,
    refuse_images,
    refuse_webp,
)
from steelyard.core.runs.files.jpeg_parts import EXIF_HEAD, exif_of, orientation_in
from steelyard.core.runs.promptable import prompt_bytes
from steelyard.core.targets.anthropic import AnthropicWire
from steelyard.core.targets.content import message_text, text_only, without_long_data
from steelyard.core.targets.openai import OpenAiWire
from steelyard.core.values.commands import StartRun
from steelyard.core.values.prompt import Attachment, Message, Prompt

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "canary-5d1e"
CAMERA = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(
    ">HHHIHHHHII", 2, 0x0112, 3, 1, 6, 0, 0x8825, 4, 1, 0x12345678
) + b"GPS " + CANARY.encode()  # fmt: skip


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int = 2, height: int = 2, *more: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0\x10\x20" * 2)
    parts = [chunk(b"IHDR", head), *more, chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def segment(kind: int, content: bytes) -> bytes:
    return bytes([0xFF, kind]) + struct.pack(">H", len(content) + 2) + content


SCAN = b"\x12\xff\x00\x34\xff\xd0\x56"


def jpeg(width: int = 2, height: int = 2, *more: bytes) -> bytes:
    jfif = segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
    frame = segment(0xC0, struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0")
    scan = segment(0xDA, b"\1\1\0\0\x3f\0") + SCAN
    return b"\xff\xd8" + jfif + b"".join(more) + segment(0xDB, b"\0" * 65) + frame + scan + b"\xff\xd9"


def riff(*parts: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP" + b"".join(k + struct.pack("<I", len(c)) + c + b"\0" * (len(c) & 1) for k, c in parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp(width: int = 2, height: int = 2) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    still = b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 2, 2) + b"pixel"
    told = [(b"EXIF", CAMERA[6:]), (b"XMP ", CANARY.encode()), (b"note", CANARY.encode())]
    return riff((b"VP8X", b"\x0c\0\0\0" + size), (b"ICCP", b"colours"), (b"VP8 ", still), *told)


def gif(width: int = 2, height: int = 2) -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0" * 6
    loop = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
    told = b"\x21\xfe\x0b" + CANARY.encode() + b"\0\x21\xff\x0bXMP DataXMP\x0b" + CANARY.encode() + b"\0"
    control, frame = b"\x21\xf9\x04\0\0\0\0\0", b"\x2c\0\0\0\0\2\0\2\0\0\x02\x02\x4c\x01\0"
    return head + loop + told + control + frame + b"\x3b"


TELLING_PNG = png(
    2,
    2,
    chunk(b"tEXt", b"Author\0" + CANARY.encode()),
    chunk(b"zTXt", CANARY.encode()),
    chunk(b"iTXt", CANARY.encode()),
    chunk(b"tIME", b"\x07\xea\1\1\1\1\1"),
    chunk(b"eXIf", CAMERA[6:]),
    chunk(b"prVt", CANARY.encode()),
    chunk(b"iCCP", CANARY.encode() + b"\0\0" + zlib.compress(b"colours")),
    chunk(b"gAMA", b"\0\0\xb1\x8f"),
)
TELLING_JPEG = jpeg(
    2,
    2,
    segment(0xE1, CAMERA),
    segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + CANARY.encode()),
    segment(0xE2, b"ICC_PROFILE\0\1\1colours"),
    segment(0xE2, b"MPF\0" + CANARY.encode()),
    segment(0xED, b"Photoshop 3.0\0" + CANARY.encode()),
    segment(0xEE, b"Adobe\0\x64\0\0\0\0\1"),
    segment(0xFE, CANARY.encode()),
)


def read(folder: Path, name: str, data: bytes) -> Attachment:
    (folder / name).write_bytes(data)
    return read_attachment(str(folder / name))


def sent_data(image: Attachment) -> bytes:
    assert image.data is not None
    data = base64.b64decode(image.data)
    assert (image.size_bytes, image.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    return data


@pytest.mark.parametrize(
    ("name", "data", "mime", "kept"),
    [
        ("a.png", TELLING_PNG + CANARY.encode(), "image/png", [b"gAMA", b"iCCP", b"IDAT"]),
        ("a.jpg", TELLING_JPEG + CANARY.encode(), "image/jpeg", [b"ICC_PROFILE", b"Adobe", SCAN, b"JFIF"]),
        ("a.webp", webp(), "image/webp", [b"ICCP", b"VP8 ", b"pixel"]),
        ("a.gif", gif(), "image/gif", [b"NETSCAPE2.0", b"\x21\xf9", b"\x02\x4c\x01"]),
        ("wrong-ending.txt", png(), "image/png", [b"IDAT"]),
    ],
)
def test_images_lose_what_tells_of_their_origin(
    tmp_path: Path, name: str, data: bytes, mime: str, kept: list[bytes]
) -> None:
    image = read(tmp_path, name, data)
    assert (image.kind, image.mime, image.name, image.text) == ("image", mime, name, None)
    clean = sent_data(image)
    assert CANARY.encode() not in clean
    assert [part for part in kept if part not in clean] == []
    again = read(tmp_path, name, clean)
    assert again == image, "a clean image stays as it is"


def test_which_side_is_up_stays(tmp_path: Path) -> None:
    assert orientation_in(CAMERA) == 6
    for name, data in (("a.jpg", TELLING_JPEG), ("a.png", TELLING_PNG), ("a.webp", webp())):
        clean = sent_data(read(tmp_path, name, data))
        assert exif_of(6) in clean
        assert b"GPS" not in clean
    upright = sent_data(read(tmp_path, "b.jpg", jpeg(2, 2, segment(0xE1, EXIF_HEAD + exif_of(1)))))
    assert b"Exif" not in upright


@pytest.mark.parametrize(
    "content", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0XX*\0\0\0\0\x08", b""]
)
def test_broken_exif_says_nothing(content: bytes) -> None:
    assert orientation_in(content + b"\0" * 4) == 1


@pytest.mark.parametrize("make", [png, jpeg, webp, gif])
def test_bombs_are_refused_by_their_header(tmp_path: Path, make: object) -> None:
    assert callable(make)
    bomb = make(65_535, 65_535)
    assert isinstance(bomb, bytes)
    with pytest.raises(UsageError, match="too large") as caught:
        read(tmp_path, "bomb", bomb)
    assert "65,535 by 65,535" in caught.value.detail


@pytest.mark.parametrize("whole", [TELLING_PNG, TELLING_JPEG, webp(), gif(), jpeg(0, 2), png(2, 0)])
def test_damaged_images_are_refused_and_never_crash(tmp_path: Path, whole: bytes) -> None:
    for length in range(12, len(whole) - 1, 7):
        with pytest.raises(UsageError):
            read(tmp_path, "cut.png", whole[:length])


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"one\ntwo\r\n", "one\ntwo\r\n"),
        (b"\xef\xbb\xbfGr\xc3\xbc\xc3\x9fe", "Grüße"),
        ("Grüße 😀".encode("utf-16"), "Grüße 😀"),
        ("Grüße".encode("utf-16-be").join([b"\xfe\xff", b""]), "Grüße"),
        (b"BMW is a car", "BMW is a car"),
        (b"\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
    ],
)
def test_text_files(tmp_path: Path, data: bytes, text: str) -> None:
    file = read(tmp_path, "notes.md", data)
    assert (file.kind, file.text, file.data, file.name) == ("text", text, None, "notes.md")
    assert file.size_bytes == len(text.encode())


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"%PDF-1.7 text", "a PDF"),
        (b"<?xml version='1.0'?>\n<svg xmlns='x'>", "SVG"),
        (b"PK\x03\x04rest", "archive"),
        (b"\0\0\0\x20ftypheic", "HEIC"),
        (b"text\0more", "binary"),
        (b"\x01\x02\x03\x04abc", "binary"),
        (b"Gr\xfc\xdfe", "byte 2"),
        (b"\xff\xfe\x00\xd8", "neither"),
        (b"x" * ((2 << 20) + 1), "2 MiB"),
        (png() + b"x" * (8 << 20), "8 MiB"),
    ],
)
def test_what_cannot_be_sent_is_refused_by_its_content(tmp_path: Path, data: bytes, reason: str) -> None:
    folder = tmp_path / CANARY
    folder.mkdir()
    with pytest.raises(UsageError) as caught:
        read(folder, "thing.txt", data)
    assert reason in caught.value.detail
    assert caught.value.detail.startswith("thing.txt: ")
    assert CANARY not in caught.value.one_line()


def test_only_ordinary_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "none", ".", "a\0b"):
        with pytest.raises(UsageError, match="cannot be attached"):
            read_attachment(f"{tmp_path}/{name}")


def test_pasted_bytes_take_their_name_only() -> None:
    image = read_attachment("pasted.png", base64.b64encode(png()).decode())
    assert (image.name, image.mime) == ("pasted.png", "image/png")
    with pytest.raises(UsageError, match="pasted"):
        read_attachment("pasted.png", "not base64!")
    with pytest.raises(UsageError) as caught:
        read_attachment("pasted.png", "A" * (13 << 20))
    assert "8 MiB" in caught.value.detail


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"/home/{CANARY}/a b.txt", "a b.txt"),
        (f"C:\\{CANARY}\\note.txt", "note.txt"),
        (f"{CANARY}/", CANARY),
        ("x\n```\u202ey.txt", "x ''' y.txt"),
        ("/", "file"),
    ],
)
def test_no_folder_and_no_trick_is_in_a_name(path: str, name: str) -> None:
    assert read_attachment(path, base64.b64encode(b"x").decode()).name == name


def test_only_the_base_name_leaves_the_machine(tmp_path: Path) -> None:
    folder = tmp_path / CANARY
    folder.mkdir()
    files = [read(folder, "notes.txt", b"first line"), read(folder, "view.png", TELLING_PNG)]
    message = Message(role="user", content="What is this?", attachments=files)
    prompt = Prompt(messages=[message])
    for wire in (OpenAiWire(), OpenAiWire(is_local=True), AnthropicWire()):
        sent = repr(wire.body("m", prompt)[0])
        assert CANARY not in sent
        assert "notes.txt" in sent


def test_text_comes_after_the_prompt_in_a_fence_that_it_cannot_leave() -> None:
    file = read_attachment("a.md", base64.b64encode(b"```\ncode\n`````\n").decode())
    message = Message(role="user", content="Explain.", attachments=[file])
    expected = "Explain.\n\nFile: a.md\n``````\n```\ncode\n`````\n``````"
    assert message_text(message) == expected
    assert OpenAiWire().body("m", Prompt(messages=[message]))[0]["messages"][0]["content"] == expected
    assert AnthropicWire().body("m", Prompt(messages=[message]))[0]["messages"][0]["content"] == expected


def test_images_in_both_formats() -> None:
    image = read_attachment("a.png", base64.b64encode(png()).decode())
    prompt = Prompt(messages=[Message(role="user", content="Look", attachments=[image])])
    openai = OpenAiWire().body("m", prompt)[0]["messages"][0]["content"]
    assert openai == [
        {"type": "text", "text": "Look"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{image.data}"}},
    ]
    anthropic = AnthropicWire().body("m", prompt)[0]["messages"][0]["content"]
    source = {"type": "base64", "media_type": "image/png", "data": image.data}
    assert anthropic == [{"type": "text", "text": "Look"}, {"type": "image", "source": source}]
    assert text_only([{"role": "user", "content": openai}]) == [{"role": "user", "content": "Look"}]


def test_an_image_that_was_not_read_again_is_not_left_out_silently() -> None:
    image = Attachment(name="a.png", kind="image", mime="image/png", sha256="0", size_bytes=1)
    with pytest.raises(AppError, match="not there any more"):
        OpenAiWire().body("m", Prompt(messages=[Message(role="user", content="x", attachments=[image])]))


def test_what_is_kept_for_showing_has_no_long_data() -> None:
    image = Attachment(
        name="a.png", kind="image", mime="image/png", sha256="0", size_bytes=9000, data="A" * 12_000
    )
    prompt = Prompt(messages=[Message(role="user", content="Look", attachments=[image])])
    for wire in (OpenAiWire(), AnthropicWire()):
        shown = repr(without_long_data(wire.body("m", prompt)[0]))
        assert "12,000 characters of base64" in shown
        assert len(shown) < 1_000
    assert 0 < prompt_bytes(prompt) < 12_000


def test_limits_of_one_prompt() -> None:
    small = read_attachment("a.txt", base64.b64encode(b"x").decode())
    check_attachments([small] * 16)
    with pytest.raises(UsageError, match="Too many"):
        check_attachments([small] * 17)
    large = Attachment(
        name="a.png", kind="image", mime="image/png", sha256="0", size_bytes=1, data="A" * (11 << 20)
    )
    with pytest.raises(UsageError, match="too large"):
        check_attachments([large] * 4)
    with pytest.raises(UsageError, match="Not a usable"):
        check_attachments([Attachment(name="d/a", kind="text", mime="t", sha256="0", size_bytes=1, text="x")])
    with pytest.raises(UsageError, match="Not a usable"):
        check_attachments([Attachment(name="a", kind="image", mime="t", sha256="0", size_bytes=1)])


def test_a_server_without_a_projector_says_what_to_do() -> None:
    image = read_attachment("a.png", base64.b64encode(png()).decode())
    note = read_attachment("a.txt", base64.b64encode(b"x").decode())
    refuse_images("small", [note], None)
    with pytest.raises(AppError, match="small cannot read images") as caught:
        refuse_images("small", [note, image], "mmproj.gguf")
    assert "Choose mmproj.gguf as its projector" in caught.value.hint
    with pytest.raises(AppError, match="WebP"):
        refuse_webp("small", [read_attachment("a.webp", base64.b64encode(webp()).decode())])


async def test_the_largest_prompt_passes_the_control_socket(tmp_path: Path) -> None:
    data = base64.b64encode(bytes(8 << 20)).decode()
    image = Attachment(
        name="a.png", kind="image", mime="image/png", sha256="0", size_bytes=8 << 20, data=data
    )
    ask = Ask(StartRun(target="x", prompt="y", attachments=[image] * 4), "r")
    check_attachments([image] * 4)
    got: asyncio.Future[object] = asyncio.get_running_loop().create_future()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.set_result(await read_frame(reader))
        writer.close()

    async with await asyncio.start_unix_server(take, str(tmp_path / "s")):
        _, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
        write_frame(writer, ask)
        assert await got == ask
        writer.close()
        await writer.wait_closed()
