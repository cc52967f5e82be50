"""A run's document in its row of the ledger: encoding, and reading what another version may have written."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.values.prompt import Message
from steelyard.core.values.run import Run

if TYPE_CHECKING:
    from steelyard.core.store.database import Connection
    from steelyard.core.values.prompt import Attachment
    from steelyard.core.values.run import FinishReason

_log = logging.getLogger(__name__)


def encode_run(run: Run) -> str:
    """The document without the texts, which have columns of their own."""
    return msgspec.json.encode(msgspec.structs.replace(run, text="", reasoning=None)).decode()


def decode_run(run_id: str, document: str) -> Run | None:
    """None: another version with the same schema wrote it, and this one cannot read it."""
    try:
        return msgspec.json.decode(document, type=Run)
    except msgspec.DecodeError as exc:
        _log.warning("run %s cannot be decoded: %s", run_id, exc)
        return None


def stored_run(
    run_id: str, document: str, text: str, reasoning: str | None, finish_reason: FinishReason | None
) -> Run | None:
    """A run from its columns of the ledger; None: it cannot be read."""
    run = decode_run(run_id, document)
    if run is None:
        return None
    return msgspec.structs.replace(run, text=text, reasoning=reasoning, finish_reason=finish_reason)


def decode_messages(run_id: str, messages: str) -> list[Message]:
    """What was asked; empty if it cannot be read."""
    try:
        return msgspec.json.decode(messages, type=list[Message])
    except msgspec.DecodeError as exc:
        _log.warning("the messages of run %s cannot be decoded: %s", run_id, exc)
        return []


def last_question(messages: list[Message]) -> Message:
    """What the user said last; empty if nothing can be read."""
    asked = [message for message in messages if message.role == "user"]
    return asked[-1] if asked else Message(role="user", content="")


def keep_data(connection: Connection, attachments: list[Attachment]) -> list[Attachment]:
    """Store what images hold, once for all messages that carry them; returns the rows without it."""
    for one in attachments:
        if one.data is not None:
            connection.execute("INSERT OR IGNORE INTO attachments VALUES (?, ?)", (one.sha256, one.data))
    return [msgspec.structs.replace(one, data=None) for one in attachments]


def with_data(connection: Connection, attachments: list[Attachment]) -> list[Attachment]:
    """The same with what `keep_data` took out."""

    def filled(one: Attachment) -> Attachment:
        if one.kind != "image" or one.data is not None:
            return one
        row = connection.execute("SELECT data FROM attachments WHERE sha256 = ?", (one.sha256,)).fetchone()
        return one if row is None else msgspec.structs.replace(one, data=row[0])

    return [filled(one) for one in attachments]


def messages_without_data(connection: Connection, messages: list[Message]) -> list[Message]:
    """See `keep_data`."""
    return [
        msgspec.structs.replace(message, attachments=keep_data(connection, message.attachments))
        if message.attachments
        else message
        for message in messages
    ]


def messages_with_data(connection: Connection, messages: list[Message]) -> list[Message]:
    """See `with_data`."""
    return [
        msgspec.structs.replace(message, attachments=with_data(connection, message.attachments))
        if message.attachments
        else message
        for message in messages
    ]
