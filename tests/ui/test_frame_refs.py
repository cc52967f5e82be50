"""PySide6 6.12.0 loses a reference to `True` on each emit and aborts CPython 3.11 after some hundred."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject, Signal

EMITS = 500


class _Sender(QObject):
    happened = Signal()
    said = Signal(object)


def test_emitting_a_signal_keeps_the_references_of_true_and_none() -> None:
    sender = _Sender()
    before = sys.getrefcount(True), sys.getrefcount(None)

    for _ in range(EMITS):
        sender.happened.emit()
        sender.said.emit(None)

    lost_true, lost_none = before[0] - sys.getrefcount(True), before[1] - sys.getrefcount(None)
    assert lost_true < EMITS // 10
    assert lost_none < EMITS // 10
