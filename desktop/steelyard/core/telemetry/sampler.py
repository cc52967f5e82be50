"""One thread for one source. A source that hangs holds its own thread only, and is told as hung."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from steelyard.core.base.clock import now_ns
from steelyard.core.telemetry.source import Reading
from steelyard.core.values.telemetry import SourceState

if TYPE_CHECKING:
    from steelyard.core.telemetry.source import Source

MIN_PERIOD_S = 0.25
_NS = 1_000_000_000
_MAX_REASON_CHARS = 300

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Answer:
    reading: Reading
    at_ns: int


class Sampler:
    """Asks a source on a fixed schedule (a late answer shifts nothing) until `stop`.

    The thread is a daemon: one that never returns from its driver does not keep the process from ending, and
    none is started in its place. It goes on by itself when the driver answers again.
    """

    def __init__(self, source: Source, period_s: float = 1.0, power_s: float = 0.1) -> None:
        self.source = source
        self._period_ns = int(max(period_s, MIN_PERIOD_S) * _NS)
        self._power_ns = int(power_s * _NS)
        self._hung_after_ns = max(self._period_ns, _NS)
        self._answer: _Answer | None = None
        self._asked_ns: int | None = None
        self._count = 0
        self._wake = threading.Event()
        self._is_ending = False
        self._said = ""
        self._thread = threading.Thread(target=self._live, name=f"telemetry-{source.name}", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more; the thread ends as soon as its driver lets it go."""
        self._is_ending = True
        self._wake.set()

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    @property
    def count(self) -> int:
        """How many full readings there were."""
        return self._count

    def hurry(self) -> None:
        """Read everything now instead of at the next second."""
        self._wake.set()

    def reading(self) -> Reading | None:
        """What it said last; None if it never answered or hangs."""
        answer = self._answer
        return None if answer is None or self._is_overdue() else answer.reading

    def last_reading(self) -> Reading | None:
        """What it said last, however long ago."""
        return None if self._answer is None else self._answer.reading

    def state(self) -> SourceState:
        """Whether it answers, and why not."""
        answer, name = self._answer, self.source.name
        age_s = None if answer is None else (now_ns() - answer.at_ns) / _NS
        if self._is_overdue():
            asked_ns = self._asked_ns or now_ns()
            waited_s = (now_ns() - asked_ns) / _NS
            return SourceState(
                name=name, health="hung", reason=f"no answer for {waited_s:.0f} s", age_s=age_s
            )
        if answer is None:
            return SourceState(name=name, health="failing", reason="not asked yet")
        return SourceState(name=name, health=answer.reading.health, reason=answer.reading.reason, age_s=age_s)

    def _is_overdue(self) -> bool:
        asked_ns = self._asked_ns
        return asked_ns is not None and now_ns() - asked_ns > self._hung_after_ns

    # ---- in the thread -------------------------------------------------------------------------------------

    def _live(self) -> None:
        full_ns = tick_ns = now_ns()
        while not self._is_ending:
            now = now_ns()
            if self._wake.is_set() or now >= full_ns:
                self._wake.clear()
                full_ns = _next(full_ns, self._period_ns, now)
                if not self._ask_all():
                    break
            else:
                self._ask_power()
            step_ns = self._power_ns if self.source.rings else self._period_ns
            tick_ns = _next(tick_ns, step_ns, now_ns())
            self._wake.wait(max(0, min(tick_ns, full_ns) - now_ns()) / _NS)
        self._close()

    def _ask_all(self) -> bool:
        """Whether it makes sense to ask again: a source that is absent stays so."""
        self._asked_ns = now_ns()
        try:
            reading = self.source.read()
        except Exception as exc:  # noqa: BLE001 - a driver's library may fail in any way it likes
            reading = Reading("failing", str(exc)[:_MAX_REASON_CHARS] or type(exc).__name__)
        self._answer = _Answer(reading, now_ns())
        self._asked_ns = None
        self._count += 1
        self._tell(reading)
        return reading.health != "absent"

    def _ask_power(self) -> None:
        self._asked_ns = now_ns()
        try:
            self.source.read_power()
        except Exception as exc:  # noqa: BLE001 - as above; the next full reading tells it to the user
            _log.debug("%s: %r", self.source.name, exc)
        self._asked_ns = None

    def _tell(self, reading: Reading) -> None:
        said = f"{reading.health}: {reading.reason}"
        if said != self._said and reading.health not in ("ok", "absent"):
            _log.warning("%s is %s", self.source.name, said)
        self._said = said

    def _close(self) -> None:
        try:
            self.source.close()
        except Exception as exc:  # noqa: BLE001 - it ends anyway
            _log.debug("%s: %r", self.source.name, exc)


def _next(planned_ns: int, step_ns: int, now: int) -> int:
    """The next moment of the schedule that has not passed."""
    return planned_ns + step_ns * (max(0, now - planned_ns) // step_ns + 1)
