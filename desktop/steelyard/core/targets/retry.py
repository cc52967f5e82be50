"""When and how long to wait before asking again. Only before the first byte of an answer, never after."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_ATTEMPTS = 3
MAX_WAIT_S = 60.0
RETRYABLE_STATUS = frozenset({408, 429, 500, 502, 503, 504, 529})
_SECONDS = re.compile(r"[0-9]{1,9}", re.ASCII)


def retry_after_s(header: str | None, date_header: str | None) -> float | None:
    """Seconds that a Retry-After header asks for (RFC 9110, 10.2.3); None if it is absent or nonsense.

    A date is taken relative to the server's own Date header, since clocks differ.
    """
    if header is None:
        return None
    text = header.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    moment = _http_date(text)
    if moment is None:
        return None
    now = _http_date(date_header or "") or datetime.now(UTC)
    return max(0.0, (moment - now).total_seconds())


def backoff_s(attempt: int) -> float:
    """Wait after the given failed attempt (1, 2, …) when the server names none."""
    return 0.5 * 2.0 ** (attempt - 1)


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
