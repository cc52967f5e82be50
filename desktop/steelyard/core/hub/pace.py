"""A common speed limit for several transfers."""

from __future__ import annotations

import threading
import time

_BURST_S = 0.1


class Pace:
    """Bytes a second over all who ask; 0 is unlimited. May be called from any thread."""

    def __init__(self, bytes_per_s: int = 0) -> None:
        self._lock = threading.Lock()
        self._rate = bytes_per_s
        self._free_at = 0.0

    def set_rate(self, bytes_per_s: int) -> None:
        """Change the limit; counts from the next bytes on."""
        with self._lock:
            self._rate = bytes_per_s
            self._free_at = 0.0

    def wait_s(self, count: int) -> float:
        """Claim the right to `count` bytes; returns how long to wait before taking more."""
        with self._lock:
            if not self._rate:
                return 0.0
            now = time.monotonic()
            self._free_at = max(self._free_at, now - _BURST_S) + count / self._rate
            return max(0.0, self._free_at - now)
