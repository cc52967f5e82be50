"""What goes over the control socket: length-prefixed JSON, one command in, events and one answer out."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from steelyard.core.base.errors import AppError
from steelyard.core.values.commands import Command
from steelyard.core.values.events import Event

_MAX_FRAME_BYTES = 256 << 20


class Hello(msgspec.Struct, frozen=True, tag_field="frame", tag="hello"):
    """The owner is there and will take a command."""


class Ask(msgspec.Struct, frozen=True, tag_field="frame", tag="ask"):
    """A command and the id that its events will carry."""

    command: Command
    request: str


class Told(msgspec.Struct, frozen=True, tag_field="frame", tag="told"):
    """An event of the asked command."""

    event: Event


class Answer(msgspec.Struct, frozen=True, tag_field="frame", tag="answer"):
    """The command's result as plain data."""

    result: Any = None


class Refusal(msgspec.Struct, frozen=True, tag_field="frame", tag="refusal"):
    """The command's failure."""

    title: str
    detail: str
    hint: str
    retryable: bool
    is_usage: bool


Frame = Hello | Ask | Told | Answer | Refusal
_decoder = msgspec.json.Decoder(Frame)


async def read_frame(reader: asyncio.StreamReader) -> Frame | None:
    """The next frame; None when the other side has gone.

    Raises:
        AppError: what came is no frame.
    """
    try:
        length = int.from_bytes(await reader.readexactly(4), "big")
        if length > _MAX_FRAME_BYTES:
            raise AppError("The control socket sent nonsense", f"a frame of {length} bytes")
        return _decoder.decode(await reader.readexactly(length))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    except msgspec.DecodeError as exc:
        raise AppError(
            "Two versions of Steelyard do not understand each other",
            str(exc),
            "Close the running one, then try again.",
        ) from exc


def write_frame(writer: asyncio.StreamWriter, frame: Frame) -> None:
    """Queue a frame."""
    data = msgspec.json.encode(frame)
    writer.write(len(data).to_bytes(4, "big") + data)
