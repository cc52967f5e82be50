"""The scripted engine behaves like an engine: events in order, text whole, cancel honoured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.values.commands import StartComparison
from steelyard.core.values.events import ComparisonJudged, RunFinished, TextArrived

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from steelyard.ui.bridge import Bridge
    from ui.fake_engine import FakeEngine


def test_streams_from_each_target(qtbot: QtBot, bridge: Bridge, fake_engine: FakeEngine) -> None:
    fake_engine.add_api("mini")
    fake_engine.texts = {"starter": "local words", "mini": "remote words"}
    events: list[object] = []
    bridge.event_arrived.connect(events.append)

    bridge.run(StartComparison(targets=["starter", "mini"], prompt="hi"))
    qtbot.waitUntil(lambda: any(isinstance(e, ComparisonJudged) for e in events), timeout=3000)

    text = {0: "", 1: ""}
    for event in events:
        if isinstance(event, TextArrived):
            text[event.column] += event.text
    assert text == {0: "local words", 1: "remote words"}


def test_cancel_ends_the_runs_as_cancelled(qtbot: QtBot, bridge: Bridge, fake_engine: FakeEngine) -> None:
    fake_engine.chunks_per_s = 20
    events: list[object] = []
    bridge.event_arrived.connect(events.append)

    call = bridge.run(StartComparison(targets=["starter"], prompt="hi"))
    qtbot.waitUntil(lambda: any(isinstance(e, TextArrived) for e in events), timeout=3000)
    call.cancel()
    qtbot.waitUntil(lambda: any(isinstance(e, RunFinished) for e in events), timeout=3000)

    finished = [e.run for e in events if isinstance(e, RunFinished)]
    assert [run.finish_reason for run in finished] == ["cancelled"]
