"""Ids that sort by time and are safe in file names."""

from __future__ import annotations

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford base 32: nothing looks like something else
_TIME_CHARS = 9  # 45 bits of milliseconds: sorts correctly until the year 3084
_RANDOM_CHARS = 9


def new_id() -> str:
    """An 18-character id; later ids sort after earlier ones (to the millisecond)."""
    number = (int(time.time() * 1000) << (5 * _RANDOM_CHARS)) | secrets.randbits(5 * _RANDOM_CHARS)
    chars: list[str] = []
    for _ in range(_TIME_CHARS + _RANDOM_CHARS):
        number, digit = divmod(number, 32)
        chars.append(_ALPHABET[digit])
    return "".join(reversed(chars))
