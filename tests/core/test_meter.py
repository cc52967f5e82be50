"""Timing and usage from known stamps."""

from __future__ import annotations

import json
import time

import msgspec
import pytest

from steelyard.core.base.statistics import guarded_percentile, percentile, smallest_n
from steelyard.core.runs.meter import Meter, timing_of
from steelyard.core.targets.delta import Delta, ToolCallPart, UsageDelta
from steelyard.core.targets.exchange import RawTimes
from steelyard.core.values.run import Usage

MS = 1_000_000


def stamps(count: int, step_ms: int = 10) -> RawTimes:
    content = [(100 + step_ms * at) * MS for at in range(count)]
    return RawTimes(
        start=1 * MS,
        connected=3 * MS,
        secured=0,
        sent=4 * MS,
        headers=10 * MS,
        first_delta=content[0],
        last_delta=content[-1],
        end=content[-1] + 5 * MS,
        attempts=1,
        content=content,
    )


def test_local_rates_count_chunks() -> None:
    usage = Usage(prompt_tokens=5, completion_tokens=99, source="server")
    timing = timing_of(stamps(11), "local", usage, {}, load_ms=7.0)
    assert timing.ttft_ms == 99.0
    assert timing.tpot_ms == 10.0
    assert timing.gen_tps == 100.0
    assert timing.e2e_ms == 199.0
    assert timing.load_ms == 7.0


def test_api_rates_count_tokens_because_chunks_are_not_tokens() -> None:
    usage = Usage(prompt_tokens=5, completion_tokens=51, source="server")
    timing = timing_of(stamps(11), "api", usage, {}, load_ms=None)
    assert timing.tpot_ms == 2.0
    assert timing.gen_tps == 500.0


def test_api_rates_are_unknown_without_the_servers_count() -> None:
    usage = Usage(prompt_tokens=5, completion_tokens=51, source="estimated")
    assert timing_of(stamps(11), "api", usage, {}, load_ms=None).gen_tps is None


def test_phases_sum_to_the_whole() -> None:
    timing = timing_of(stamps(11), "local", Usage(), {}, load_ms=None)
    phases = timing.phases_ms
    assert phases is not None
    assert (phases.connect, phases.tls, phases.send, phases.wait_headers) == (2.0, 0.0, 1.0, 6.0)
    total = sum(
        [phases.connect, phases.tls, phases.send, phases.wait_headers, phases.first_token, phases.stream]
    )
    assert total == pytest.approx(timing.e2e_ms)


def test_one_chunk_has_no_rate() -> None:
    timing = timing_of(stamps(1), "local", Usage(), {}, load_ms=None)
    assert timing.ttft_ms == 99.0
    assert (timing.tpot_ms, timing.gen_tps) == (None, None)


def test_nothing_reached_is_null_not_zero() -> None:
    timing = timing_of(RawTimes(start=1, end=2, attempts=1), "api", Usage(), {}, load_ms=None)
    assert (timing.ttft_ms, timing.e2e_ms, timing.phases_ms) == (None, None, None)


def test_refused_request_has_no_end_and_no_stream() -> None:
    refused = RawTimes(start=1 * MS, connected=3 * MS, sent=4 * MS, headers=10 * MS, end=15 * MS, attempts=1)
    timing = timing_of(refused, "api", Usage(), {}, load_ms=None)
    assert (timing.ttft_ms, timing.e2e_ms) == (None, None)
    assert timing.phases_ms is not None
    assert msgspec.structs.asdict(timing.phases_ms) == {
        "connect": 2.0,
        "tls": 0.0,
        "send": 1.0,
        "wait_headers": 6.0,
        "first_token": None,
        "stream": None,
    }


def test_refused_certificate_has_a_connection_and_nothing_after_it() -> None:
    timing = timing_of(RawTimes(start=1 * MS, connected=3 * MS, end=9 * MS), "api", Usage(), {}, load_ms=None)
    assert timing.e2e_ms is None
    assert timing.phases_ms is not None
    assert msgspec.structs.astuple(timing.phases_ms) == (2.0, None, None, None, None, None)


def test_empty_answer_that_finished_has_its_end() -> None:
    times = RawTimes(start=1 * MS, sent=4 * MS, headers=10 * MS, finished=12 * MS, end=19 * MS, attempts=1)
    timing = timing_of(times, "api", Usage(), {}, load_ms=None)
    assert (timing.ttft_ms, timing.e2e_ms) == (None, 11.0)
    assert timing.phases_ms is not None
    assert sum(msgspec.structs.astuple(timing.phases_ms)) == pytest.approx(11.0)


def test_prompt_rate_is_recomputed_from_raw_figures() -> None:
    raw = {"timings": {"prompt_n": 30, "prompt_ms": 60.0, "prompt_per_second": 12345.0}}
    assert timing_of(stamps(3), "local", Usage(), raw, load_ms=None).prompt_tps == 500.0


@pytest.mark.parametrize(
    "timings",
    [
        {"prompt_n": 30, "prompt_ms": 0},
        {"prompt_n": 10**400, "prompt_ms": 1.5},
        {"prompt_n": 30, "prompt_ms": 5e-324},
        {"prompt_n": "30", "prompt_ms": 60.0},
        {"prompt_n": 30},
        [],
    ],
)
def test_prompt_rate_of_absurd_figures_is_unknown(timings: object) -> None:
    timing = timing_of(stamps(3), "local", Usage(), {"timings": timings}, load_ms=None)
    assert timing.prompt_tps is None
    assert timing.gen_tps is not None


def test_percentiles_need_enough_samples() -> None:
    assert [smallest_n(share) for share in (0.90, 0.95, 0.99)] == [29, 59, 299]
    few, enough = [1.0] * 58, [1.0] * 59
    assert guarded_percentile(few, 0.95) is None
    assert guarded_percentile(enough, 0.95) == 1.0
    hundred = [float(n) for n in range(1, 101)]
    assert [percentile(hundred, s) for s in (0.5, 0.9, 0.95, 0.99)] == pytest.approx(
        [50.5, 90.1, 95.05, 99.01]
    )


def test_missing_usage_is_estimated_and_says_so() -> None:
    meter = Meter()
    meter.add(Delta(text="abcdefgh"))
    usage = meter.usage(prompt_bytes=9, content_chunks=1)
    assert usage.source == "estimated"
    assert (usage.prompt_tokens, usage.completion_tokens) == (3, 2)


def test_no_answer_and_no_usage_is_unknown() -> None:
    assert Meter().usage(prompt_bytes=9, content_chunks=0) == Usage()


def test_usage_may_come_in_two_parts() -> None:
    meter = Meter()
    meter.add(Delta(usage=UsageDelta(prompt_tokens=4), raw={"usage": {"input_tokens": 4}}))
    meter.add(Delta(usage=UsageDelta(completion_tokens=2), raw={"usage": {"output_tokens": 2}}))
    assert meter.usage(0, 0).source == "server"
    assert meter.raw == {"usage": {"input_tokens": 4, "output_tokens": 2}}


def test_tool_calls_are_put_together_by_index() -> None:
    meter = Meter()
    meter.add(Delta(tool_calls=[ToolCallPart(0, "id-a", "look", '{"a"')]))
    meter.add(Delta(tool_calls=[ToolCallPart(1, "id-b", "see", "{}"), ToolCallPart(0, arguments=": 1}")]))
    assert meter.tool_calls == [
        {"id": "id-a", "name": "look", "arguments": '{"a": 1}'},
        {"id": "id-b", "name": "see", "arguments": "{}"},
    ]


def test_arguments_in_very_many_pieces_do_not_stop_the_loop() -> None:
    meter = Meter()
    piece = "x" * 64
    started = time.process_time()
    for _ in range(60):
        meter.add(Delta(tool_calls=[ToolCallPart(0, arguments=piece) for _ in range(1000)]))
    assert time.process_time() - started < 3, "seconds more mean squares of the length"
    assert meter.tool_calls == [{"id": "", "name": "", "arguments": piece * 60_000}]


def test_usage_with_ever_new_keys_does_not_stop_the_loop() -> None:
    meter = Meter()
    started = time.process_time()
    for at in range(60_000):
        meter.add(Delta(raw={"usage": {"prompt_tokens": at, f"key-{at}": at}}))
    assert time.process_time() - started < 3, "seconds more mean squares of the length"
    assert meter.raw["usage"]["prompt_tokens"] == 59_999
    assert len(json.dumps(meter.raw)) < 10_000  # it goes into the ledger and into RUN


def test_raw_figures_are_a_copy() -> None:
    usage = {"prompt_tokens": 1}
    meter = Meter()
    meter.add(Delta(raw={"usage": usage, "system_fingerprint": "f"}))
    meter.add(Delta(raw={"usage": {"completion_tokens": 2}, "system_fingerprint": "g"}))
    assert usage == {"prompt_tokens": 1}
    assert meter.raw == {
        "usage": {"prompt_tokens": 1, "completion_tokens": 2},
        "system_fingerprint": "g",
    }
