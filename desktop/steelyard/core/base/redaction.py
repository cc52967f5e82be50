"""Keys never reach a log, an error text or an export.

Two nets: shapes that providers' keys have, and the exact values that were loaded in this process.
"""

from __future__ import annotations

import base64
import logging
import re
import threading
import urllib.parse

MASK = "[redacted]"

_SHAPES = {
    **dict.fromkeys(("sk-", "pk-", "rk-"), "[A-Za-z0-9_-]{8,}"),  # OpenAI, Anthropic, OpenRouter
    "hf_": "[A-Za-z0-9]{8,}",  # Hugging Face
    "AIza": "[0-9A-Za-z_-]{20,}",  # Google
    **dict.fromkeys(("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), "[A-Za-z0-9]{20,}"),  # GitHub
    **dict.fromkeys(("AKIA", "ASIA"), r"[0-9A-Z]{16}\b"),  # AWS
    "gsk_": "[A-Za-z0-9]{16,}",  # Groq
    "eyJ": r"(?<![\w-]eyJ)[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]*",  # JWT
}
# Each begins with what can be searched for, and looks back from there whether a word began: the other way
# round, ten megabytes would hold up everybody for seconds.
_KEYS = [(head, re.compile(rf"{head}(?<=\b{head}){tail}")) for head, tail in _SHAPES.items()]
_LABELLED = re.compile(
    r"([AaBb?&](?:(?<=\b[Bb])(?i:earer)\s+|(?<=\b[Aa])(?i:pi[-_ ]?key)[\"']?\s*[:=]\s*[\"']?"
    r"|(?<=\b[?&])(?i:api_?key|key|token)=))([^\s\"'&,;]{5,}[^\s\"'&,;.])"
)
_MIN_SECRET_CHARS = 6
_MARGIN_CHARS = 4096

_lock = threading.Lock()
_secrets: set[str] = set()


def remember_secret(value: str) -> None:
    """From now on this value, also as base64 or URL-encoded, is masked everywhere."""
    if len(value) < _MIN_SECRET_CHARS:
        return
    forms = {value, urllib.parse.quote(value, safe=""), base64.b64encode(value.encode()).decode().rstrip("=")}
    with _lock:
        _secrets.update(forms)


def redact(text: str) -> str:
    """The text with every known or key-shaped secret masked."""
    with _lock:
        known = sorted(_secrets, key=len, reverse=True)
    for secret in known:
        text = text.replace(secret, MASK)
    for head, key in _KEYS:
        if head in text:
            text = key.sub(MASK, text)
    return _LABELLED.sub(lambda m: m.group(1) + MASK, text)


def redacted_head(text: str, chars: int) -> str:
    """The first characters of somebody else's text, on one line and masked.

    Only a bounded head is searched: masking four megabytes would hold up everybody for seconds.
    """
    line = " ".join(text.split())
    if len(line) > chars + _MARGIN_CHARS:
        # The word at the cut may be half of a secret, which no net would know.
        head = line[: chars + _MARGIN_CHARS]
        line = head.rpartition(" ")[0] or head
    return redact(line)[:chars]


class RedactingFilter(logging.Filter):
    """Masks message and traceback of each record before a handler sees it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always lets the record pass, cleaned."""
        record.msg = redact(record.getMessage())
        record.args = None
        if record.exc_info:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        return True
