"""The parts of the Monitor page that need no window: columns, thinning, ticks, texts, files."""

from __future__ import annotations

import csv
import io
import math
import warnings
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from PySide6.QtGui import QColor

from steelyard.core.values.run import Run, TargetInfo
from steelyard.core.values.settings import AlertSettings
from steelyard.core.values.telemetry import (
    GpuSample,
    History,
    HostSample,
    Inspection,
    Sample,
    Series,
    ServerSample,
    SourceState,
)
from steelyard.ui.pages import monitor_inspection as said
from steelyard.ui.pages.monitor_export import history_csv, requests_csv
from steelyard.ui.pages.monitor_requests import STATUS, TTFT, cell_text, marks_of, status_chip
from steelyard.ui.pages.monitor_series import OTHER, ServerColors, figures, machine_of, server_of
from steelyard.ui.pages.monitor_texts import idle_chip, source_chip, thresholds
from steelyard.ui.widgets.chart_columns import Columns
from steelyard.ui.widgets.chart_shapes import area_shape, line_shape, stacked, thin, thin_times
from steelyard.ui.widgets.chart_ticks import kept_top, tick_text, time_ticks, value_ticks
from ui.scripted_monitor import inspection, make_request

BLACK = QColor("black")


def _history(times: list[float], step_s: float = 1.0, **series: list[float | None]) -> History:
    rows = [Series(key=key, label=key, unit="", values=values) for key, values in series.items()]
    until = times[-1] if times else 0.0
    return History(since=until - 900, until=until, step_s=step_s, times=times, series=rows, markers=[])


# ---- columns -------------------------------------------------------------------------------------------


def test_samples_are_appended_and_a_pause_is_a_gap() -> None:
    columns = Columns()
    columns.load(_history([100.0, 101.0], a=[1.0, None]), 10)
    columns.append(102.0, {"a": 3.0, "b": 7.0})
    columns.append(130.0, {"a": 4.0})
    assert columns.times.tolist() == [100.0, 101.0, 102.0, 103.0, 130.0]
    a, b = columns.column("a"), columns.column("b")
    assert a is not None
    assert b is not None
    assert np.isnan(a[[1, 3]]).all()
    assert a[[0, 2, 4]].tolist() == [1.0, 3.0, 4.0]
    assert np.isnan(b[[0, 1, 3, 4]]).all()
    assert columns.value("a", columns.nearest(129.5)) == 4.0
    assert columns.nearest(115.0) is None, "nothing was measured there"


def test_a_hole_in_the_history_is_a_gap_too() -> None:
    columns = Columns()
    columns.load(_history([100.0, 101.0, 200.0], a=[1.0, 2.0, 3.0]), 10)
    column = columns.column("a")
    assert column is not None
    assert math.isnan(column[2])
    assert columns.times.tolist() == [100.0, 101.0, 102.0, 200.0]


def test_long_rows_have_the_mean_of_their_moments_and_the_peak_of_memory() -> None:
    columns = Columns()
    columns.load(_history([0.0], 60.0, **{"gpu.x.power_w": [5.0], "gpu.x.used_bytes": [5.0]}), 10)
    for at, power, used in ((61.0, 10.0, 10.0), (62.0, 30.0, 90.0), (63.0, 20.0, 20.0)):
        columns.append(at, {"gpu.x.power_w": power, "gpu.x.used_bytes": used})
    assert len(columns.times) == 2
    assert columns.value("gpu.x.power_w", 1) == 20.0
    assert columns.value("gpu.x.used_bytes", 1) == 90.0


def test_memory_of_the_columns_is_bounded() -> None:
    columns = Columns()
    columns.load(_history([0.0], a=[0.0]), 50)
    for at in range(1, 1000):
        columns.append(float(at), {"a": float(at)})
    assert len(columns.times) <= 2 * 50 + 16
    assert columns.times[-1] == 999.0
    assert columns.dropped + len(columns.times) == 1000


def test_figures_of_finished_runs_are_merged_at_their_times() -> None:
    columns = Columns()
    columns.load(_history([10.0, 11.0, 12.0], **{"a": [1.0, 1.0, 1.0]}), 10)
    columns.append(13.0, {"a": 1.0})
    late = _history([12.0, 13.0, 14.0], **{"runs.ttft_p50_ms": [41.0, None, 43.0], "a": [9.0, 9.0, 9.0]})
    columns.merge(late, "runs.")
    column = columns.column("runs.ttft_p50_ms")
    assert column is not None
    assert column[2] == 41.0
    assert np.isnan(column[[0, 1, 3]]).all()
    assert columns.value("a", 3) == 1.0


# ---- shapes --------------------------------------------------------------------------------------------


def test_thinning_keeps_low_and_high_and_warns_of_nothing() -> None:
    values = np.array([1.0, 9.0, 2.0, 3.0, np.nan, np.nan, np.nan, np.nan, 5.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        thinned = thin(values, 4, 0)
        peaks = thin(values, 4, 0, peak=True)
    assert thinned[:2].tolist() == [1.0, 9.0]
    assert np.isnan(thinned[2:4]).all()
    assert thinned[4] == 5.0
    assert peaks[0] == 9.0
    assert len(thin_times(np.arange(9.0), 4, 0)) == len(thinned)
    assert len(thin_times(np.arange(9.0), 4, 0, peak=True)) == len(peaks)


def test_a_line_breaks_at_a_gap_and_a_value_alone_is_a_dot() -> None:
    y = np.array([1.0, 2.0, np.nan, 3.0, np.nan, 4.0, 5.0])
    shape = line_shape(np.arange(7.0), y, BLACK)
    assert shape.dots == ((3.0, 3.0),)
    elements = [path.elementAt(at) for path in shape.paths for at in range(path.elementCount())]
    drawn = {(before.x, e.x) for before, e in pairwise(elements) if e.isLineTo() and before.x != e.x}
    assert drawn == {(0.0, 1.0), (5.0, 6.0)}, "nothing leads over a gap"


def test_an_unknown_layer_of_a_stack_has_no_area_and_lifts_nothing() -> None:
    below, above = np.array([1.0, np.nan, 1.0]), np.array([2.0, 2.0, np.nan])
    edges = stacked([below, above])
    assert edges[1][1][:2].tolist() == [3.0, 2.0]
    assert math.isnan(edges[1][1][2])
    assert len(area_shape(np.arange(3.0), *edges[0], BLACK).paths) == 2


# ---- ticks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("top", "parts", "ticks"),
    [(24.0, 4, [0, 6, 12, 18, 24]), (0.0, 4, [0, 0.25, 0.5, 0.75, 1.0]), (148.0, 3, [0, 50, 100, 150])],
)
def test_axes_end_at_round_values(top: float, parts: int, ticks: list[float]) -> None:
    assert value_ticks(top, parts) == pytest.approx(ticks)


@pytest.mark.parametrize("top", [float("nan"), float("inf"), -1.0, 1e-9, 3.3e12])
def test_no_value_breaks_an_axis(top: float) -> None:
    ticks = value_ticks(top, 4)
    assert ticks[0] == 0
    assert ticks[-1] > 0
    assert all(tick_text(tick) for tick in ticks)


def test_an_axis_grows_at_once_and_shrinks_late() -> None:
    assert kept_top(10.0, 12.0) == 12.0
    assert kept_top(10.0, 8.0) == 10.0
    assert kept_top(10.0, 5.0) == 5.0


def test_times_are_round_and_few() -> None:
    ticks = time_ticks(1_800_000_000.0, 1_800_000_900.0, 8)
    assert 4 <= len(ticks) <= 8
    assert all(at % 60 == 0 for at, _ in ticks)
    assert time_ticks(0.0, 86_400.0, 6)


# ---- texts ---------------------------------------------------------------------------------------------


def test_a_sample_becomes_series_and_others_are_what_is_left() -> None:
    gpu = GpuSample(id="g", name="X", source="nvidia", total_bytes=100, used_bytes=60)
    ours = ServerSample(name="a.b", pid=1, vram_bytes=40, gen_tps=3.0)
    host = HostSample(total_bytes=50, available_bytes=20, cpu_share=0.5)
    values = figures(Sample(at=0, gpus=[gpu], servers=[ours], host=host))
    assert values["gpu.g.used_bytes"] == 60
    assert values[OTHER] == 20
    assert values["server.a.b.gen_tps"] == 3.0
    assert values["host.used_bytes"] == 30
    assert server_of("server.a.b.gen_tps") == "a.b"
    unknown = msgspec.structs.replace(ours, vram_bytes=None)
    assert figures(Sample(at=0, gpus=[gpu], servers=[unknown]))[OTHER] is None


def test_the_machine_says_why() -> None:
    lost = SourceState(name="nvidia", health="lost", reason="the GPU is lost")
    machine = machine_of(Sample(at=0, sources=[lost, SourceState(name="host", health="ok")]))
    assert machine.reason("rapl", "nvidia") == "The GPU is lost."
    assert machine.reason("host") == ""
    assert not machine.has_gpu


def test_each_server_keeps_its_colour() -> None:
    colors = ServerColors()
    assert [colors.token(name) for name in "abcda"] == ["s1", "s2", "s4", "s5", "s1"]
    assert colors.known("x", "b") == "s2"
    assert colors.known("x") == "s5"


def test_the_source_of_watts_and_the_baseline_are_named_or_explained() -> None:
    history = _history([], a=[])
    known = msgspec.structs.replace(history, power_uncertainty="± 5 %", idle_power_w=24.4)
    assert source_chip(known, "nvml_counter", "")[0] == "NVML counter ± 5 %"
    assert source_chip(known, "none", "readable by root only")[0] == "—"
    assert "root only" in source_chip(known, "none", "readable by root only")[1]
    assert idle_chip(known)[0] == "24 W"
    assert idle_chip(history)[0] == "—"


def test_thresholds_in_one_line() -> None:
    assert thresholds(AlertSettings()).endswith("errors 20 %  ·  $5,000 and $10,000 a month")
    off = AlertSettings(vram_share=None, temperature_c=None, error_share=None, month_usd=[])
    assert thresholds(off) == "All alerts are off."


def test_marks_are_sorted_by_gravity_and_an_error_is_one() -> None:
    assert marks_of(make_request("a", 0.0)) == ["ok"]
    assert marks_of(make_request("a", 0.0, marks=["cold", "spilled", "new-kind"])) == ["spilled", "cold"]
    failed = make_request("a", 0.0, error="gone", finish_reason="error", marks=["cold"])
    assert status_chip(failed).text == "failed +1"
    assert cell_text(failed, STATUS) == "failed, cold"
    assert marks_of(make_request("a", 0.0, finish_reason=None)) == ["running"]
    assert cell_text(make_request("a", 0.0, ttft_ms=None), TTFT) == "—"


def test_the_inspector_keeps_every_byte_and_adds_no_zero() -> None:
    known = inspection("r1")
    assert said.templated_title(known) == "Prompt as templated: 112 bytes in UTF-8"
    assert said.templated_text(known) == known.templated
    assert {label: value for label, value, _ in said.facts(known)}["RAM peak"] == "—"
    names = [name for name, _, _, _ in said.phases(known)]
    assert names == ["Waited", "Connect", "Send", "Headers", "First token", "Stream"]
    ends = [begin + (length or 0) for _, begin, length, _ in said.phases(known)]
    assert ends[-1] == pytest.approx(12 + 2320)
    assert said.samplers(known).startswith("penalties  →  dry")
    idle = msgspec.structs.replace(known, samplers=["?dry", "top-k"])
    assert said.samplers(idle).startswith("(dry)  →  top-k\nIn brackets:")


def test_the_inspector_survives_a_document_with_nothing_in_it() -> None:
    bare = Inspection(
        run={"target": None, "timing": "x", "cost": []},
        messages=[],
        sent=None,
        templated=None,
        templated_bytes=None,
        samplers=[],
        sampling={},
        times={},
        power=[],
    )
    assert said.title_of(bare) == "—"
    assert {value for _, value, _ in said.facts(bare)} <= {"—", "— → —", "— / —"}
    assert said.phases(bare) == []
    assert said.templated_text(bare) == "It was not kept for this request."


def test_a_long_text_is_cut_for_the_screen_only() -> None:
    text = "x" * (said.MAX_CHARS + 5)
    assert "5 more characters" in said.text_of(text)
    document = msgspec.structs.replace(inspection("r1"), templated=text)
    assert text in said.as_json(document)


# ---- files ---------------------------------------------------------------------------------------------


def test_requests_as_csv_have_raw_figures_and_no_formulas() -> None:
    rows = [make_request("r1", 0.0, model="=cmd()", marks=["cold", "spilled"], joules=None)]
    lines = list(csv.DictReader(io.StringIO(requests_csv(rows))))
    assert lines[0]["model"] == "'=cmd()"
    assert lines[0]["joules"] == ""
    assert lines[0]["ttft_ms"] == "41.0"
    assert lines[0]["class"] == "Code"
    assert lines[0]["marks"] == "cold spilled"


def test_the_history_as_csv_leaves_the_unknown_empty() -> None:
    columns = Columns()
    columns.load(_history([0.0, 1.0], a=[1.5, None]), 10)
    lines = list(csv.reader(io.StringIO(history_csv(columns))))
    assert lines[0] == ["time", "a"]
    assert lines[1] == ["1970-01-01T00:00:00.000+00:00", "1.5"]
    assert lines[2][1] == ""


def test_a_run_of_the_ledger_reads_like_any_other_document() -> None:
    run = Run(id="1", started_at="", target=TargetInfo(name="t", kind="local", model="m"))
    assert said.title_of(msgspec.structs.replace(inspection("r1"), run=msgspec.to_builtins(run))) == "m"
