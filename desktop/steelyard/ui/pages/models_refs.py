"""What a user may type or paste instead of words to search for. No Qt here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_HUB_URL = re.compile(r"(https?://|hf\.co/|huggingface\.co/)", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(:[\w.-]+)?(@[\w./-]+)?")
_FILE_VIEWS = ("blob", "resolve", "raw")
_SAME_FILE = re.compile(r"-\d{5}-of-\d{5}\.gguf$", re.IGNORECASE)


@dataclass(frozen=True)
class RepoRef:
    """A repository that is meant by name; `wanted` is a quant or a file name, `is_sure` tells that nothing
    else can be meant (a plain `org/repo` may still be words to search for).
    """

    name: str
    wanted: str
    is_sure: bool


def repo_ref(text: str) -> RepoRef | None:
    """The repository that a text names; None for words to search for."""
    text = text.strip()
    if _HUB_URL.match(text):
        return (
            RepoRef(text, _file_in(text), is_sure=True) if "/" in urlsplit(_with_scheme(text)).path else None
        )
    if not _NAME.fullmatch(text):
        return None
    quant = text.partition("@")[0].partition(":")[2]
    return RepoRef(text, quant, is_sure=bool(quant) or "@" in text)


def is_wanted(wanted: str, quant: str | None, name: str) -> bool:
    """Whether a file is the one that was asked for, by quant or by file name."""
    asked = wanted.casefold()
    return bool(asked) and asked in {(quant or "").casefold(), name.casefold(), f"{name}.gguf".casefold()}


def _with_scheme(text: str) -> str:
    return text if "://" in text else f"https://{text}"


def _file_in(url: str) -> str:
    """The file that an address of the hub points into, without the number of its part; else a `:QUANT`."""
    pieces = [unquote(piece) for piece in urlsplit(_with_scheme(url)).path.split("/") if piece]
    if len(pieces) > 4 and pieces[2] in _FILE_VIEWS:
        return _SAME_FILE.sub("", pieces[-1])
    return pieces[1].partition(":")[2] if len(pieces) == 2 else ""
