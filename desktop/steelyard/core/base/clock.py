"""Wall clock for stamps, monotonic clock for durations."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def utc_now() -> str:
    """The present moment in UTC, ISO 8601 with milliseconds and a trailing Z."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now_ns() -> int:
    """Monotonic nanoseconds with the resolution that latency needs."""
    return time.perf_counter_ns()


def ms_between(start_ns: int, end_ns: int) -> float:
    """Milliseconds from one `now_ns` stamp to another."""
    return (end_ns - start_ns) / 1e6
