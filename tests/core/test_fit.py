"""The formula's golden numbers, verdicts, what loads teach, and which quant is recommended."""

from __future__ import annotations

from typing import Any

import pytest

from steelyard.core.fit.devices import HostMemory, fit_devices
from steelyard.core.fit.formula import estimate, kv_bytes
from steelyard.core.fit.learned import estimate_range, learn, overhead_bytes
from steelyard.core.fit.recommend import recommend
from steelyard.core.fit.report import Subject, make_report
from steelyard.core.fit.verdict import judge
from steelyard.core.gguf.header import GgufHeader
from steelyard.core.gguf.quants import quant_in_name, typical_bits
from steelyard.core.gguf.split_sets import part_of
from steelyard.core.values.fit import FitDevice, FitReport, FitWish, Projected, ProjectedDevice
from steelyard.core.values.hub import HubFileRow

MIB, GIB = 1 << 20, 1 << 30


def header(architecture: str = "llama", **keys: Any) -> GgufHeader:
    metadata = {"general.architecture": architecture}
    metadata |= {f"{architecture}.{key}": value for key, value in keys.items()}
    return GgufHeader(
        metadata=metadata,
        parameters=8_000_000_000,
        tensor_count=1,
        header_bytes=100,
        data_start=128,
        data_end=4 * GIB,
        tensor_bytes={},
        vocabulary=32000,
        chat_template_sha256=None,
    )


def model(layers: int, heads: int, kv_heads: int | None, width: int, **more: Any) -> GgufHeader:
    keys = {"block_count": layers, "attention.head_count": heads, "embedding_length": width, **more}
    if kv_heads is not None:
        keys["attention.head_count_kv"] = kv_heads
    return header(**keys)


LLAMA_2_7B = model(32, 32, None, 4096)
LLAMA_31_8B = model(32, 32, 8, 4096)
LLAMA_70B = model(80, 64, 8, 8192)
QWEN_25_7B = model(28, 28, 4, 3584)


@pytest.mark.parametrize(
    ("about", "ctx", "expected_mib"),
    [
        (LLAMA_2_7B, 4096, (2048, 1088, 576)),
        (LLAMA_31_8B, 8192, (1024, 544, 288)),
        (LLAMA_31_8B, 131072, (16384, 8704, 4608)),
        (LLAMA_70B, 8192, (2560, 1360, 720)),
        (LLAMA_70B, 131072, (40960, 21760, 11520)),
        (QWEN_25_7B, 32768, (1792, 952, 504)),
    ],
)
def test_kv_cache_of_known_models(about: GgufHeader, ctx: int, expected_mib: tuple[int, int, int]) -> None:
    for kv_type, mib in zip(("f16", "q8_0", "q4_0"), expected_mib, strict=True):
        assert kv_bytes(about, ctx, 1, kv_type) == mib * MIB
        assert kv_bytes(about, ctx, 4, kv_type) == 4 * mib * MIB, "slots have caches of their own"


def test_kv_cache_with_latent_attention() -> None:
    deepseek = model(61, 128, 1, 7168, **{"attention.kv_lora_rank": 512, "rope.dimension_count": 64})
    assert kv_bytes(deepseek, 32768, 1, "f16") == pytest.approx(2196 * MIB, rel=1e-3)


def test_kv_cache_with_a_sliding_window() -> None:
    gemma = header(
        "gemma3",
        **{
            "block_count": 18,
            "attention.head_count": 4,
            "attention.head_count_kv": 1,
            "attention.key_length": 256,
            "attention.value_length": 256,
            "embedding_length": 640,
            "attention.sliding_window": 512,
        },
    )
    assert kv_bytes(gemma, 4096, 1, "f16") == (12 + 15) * MIB
    assert kv_bytes(gemma, 8192, 1, "f16") == (24 + 15) * MIB


def test_context_is_rounded_up_as_the_engine_does() -> None:
    smol = model(30, 9, 3, 576)
    assert kv_bytes(smol, 5000, 1, "f16") == round(112.5 * MIB)


def test_layers_may_differ_and_some_have_no_cache() -> None:
    hybrid = header(
        "jamba",
        **{
            "block_count": 4,
            "attention.head_count": 32,
            "attention.head_count_kv": [0, 8, 0, 8],
            "embedding_length": 4096,
            "ssm.conv_kernel": 4,
            "ssm.inner_size": 8192,
            "ssm.state_size": 16,
        },
    )
    attention = 2 * 2 * 8 * 128 * 2 * 4096
    recurrent = 4 * 4 * (3 * 8192 + 16 * 8192)
    assert kv_bytes(hybrid, 4096, 1, "f16") == attention + recurrent


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"block_count": 1 << 40},
        {"block_count": 4, "attention.head_count": 0},
        {"block_count": 4, "attention.head_count": "x", "attention.head_count_kv": [None, -1]},
        {"block_count": 2, "attention.head_count": 1 << 60, "embedding_length": -5},
    ],
)
def test_nonsense_in_a_header_is_no_crash(keys: dict[str, Any]) -> None:
    assert estimate(header(**keys), 1000, 8192, 1, "f16").total_bytes >= 1000


def gpu(free: int, total: int = 24 * GIB, **parts: int) -> FitDevice:
    return FitDevice(name="CUDA0", kind="gpu", total_bytes=total, free_bytes=free, **parts)


def host(free: int, **parts: int) -> FitDevice:
    return FitDevice(name="Host", kind="host", total_bytes=64 * GIB, free_bytes=free, **parts)


@pytest.mark.parametrize(
    ("weights", "free", "host_free", "fitting", "verdict", "layers"),
    [
        (10 * GIB, 23 * GIB, 32 * GIB, None, "fits", 33),
        (22 * GIB, 23 * GIB, 32 * GIB, None, "fits", 33),
        (22 * GIB + 1, 23 * GIB, 32 * GIB, 32, "tight", 33),
        (23 * GIB, 23 * GIB, 32 * GIB, 32, "tight", 33),
        (23 * GIB + 1, 23 * GIB, 32 * GIB, 30, "partial", 30),
        (30 * GIB, 2 * GIB, 32 * GIB, 0, "cpu", 0),
        (60 * GIB, 23 * GIB, 32 * GIB, 10, "wont_fit", 0),
    ],
)
def test_verdicts_on_a_gpu(
    weights: int, free: int, host_free: int, fitting: int | None, verdict: str, layers: int
) -> None:
    judgement = judge([gpu(free, weights_bytes=weights), host(host_free)], fitting, 33)
    assert (judgement.verdict, judgement.layers_on_gpu) == (verdict, layers)
    assert "GiB" in judgement.reason


def test_verdicts_without_a_gpu() -> None:
    assert judge([host(8 * GIB, weights_bytes=8 * GIB)], None, 33).verdict == "cpu"
    assert judge([host(8 * GIB, weights_bytes=8 * GIB + 1)], None, 33).verdict == "wont_fit"
    given_back = host(8 * GIB, weights_bytes=9 * GIB, given_back_bytes=2 * GIB)
    assert judge([given_back], None, 33).verdict == "cpu", "an idle server of ours would make room"


def test_each_gpu_must_hold_its_share() -> None:
    devices = [gpu(20 * GIB, weights_bytes=5 * GIB), gpu(4 * GIB, weights_bytes=5 * GIB), host(GIB)]
    assert judge(devices, 20, 33).verdict == "partial"


def subject(devices: list[FitDevice], **changes: Any) -> Subject:
    about: dict[str, Any] = {
        "name": "x.gguf",
        "header": model(32, 32, 8, 4096, context_length=131072),
        "devices": devices,
        "layers_fitting": None,
        "ctx": 8192,
        "wish": FitWish(),
        "backend": "cuda",
        "correction": None,
        "basis": "engine",
        "bytes_read": 5,
        **changes,
    }
    return Subject(**about)


def test_report_adds_up_and_knows_where_the_verdict_turns() -> None:
    kv = kv_bytes(LLAMA_31_8B, 8192, 1, "f16")
    parts = {"weights_bytes": 5 * GIB, "kv_bytes": kv, "compute_bytes": 300 * MIB}
    report = make_report(subject([gpu(10 * GIB, **parts), host(30 * GIB)]))
    assert report.verdict == "fits"
    assert report.layers == report.layers_on_gpu == 33
    sums = report.weights_bytes + report.kv_bytes + report.compute_bytes + report.overhead_bytes
    assert report.total_bytes == sums
    assert report.overhead_bytes > 0, "a driver keeps something for itself"
    assert report.largest_ctx is not None
    assert report.largest_ctx % 256 == 0
    room = 9 * GIB - (report.total_bytes - kv)
    assert report.largest_ctx == pytest.approx(8192 * room / kv, abs=256)


def test_without_a_projection_the_layers_are_counted_out() -> None:
    parts = {"weights_bytes": 33 * GIB, "compute_bytes": GIB}
    report = make_report(subject([gpu(12 * GIB, **parts), host(60 * GIB)], basis="formula"))
    assert report.verdict == "partial"
    assert report.layers_on_gpu == 9  # (12 - 1 margin - 1 compute - 0.3 overhead) of 1 GiB each


def test_engine_figures_become_exact_where_its_log_is() -> None:
    projected = Projected(
        devices=[
            ProjectedDevice(
                name="CUDA0 (x)",
                model_mib=90,
                context_mib=180,
                compute_mib=20,
                total_mib=24000,
                free_mib=23000,
            ),
            ProjectedDevice(name="Host", model_mib=28, context_mib=0, compute_mib=6),
        ],
        kv_bytes=180 * MIB,
        compute_bytes=round(26.77 * MIB),
        output_bytes=MIB,
        layers_on_gpu=31,
    )
    devices = fit_devices(projected, 92 * MIB, HostMemory(64 * GIB, 32 * GIB))
    assert [device.kind for device in devices] == ["gpu", "host"]
    assert sum(device.kv_bytes for device in devices) == 180 * MIB
    assert sum(device.compute_bytes for device in devices) == round(26.77 * MIB) + MIB
    assert abs(devices[0].weights_bytes - 90 * MIB) <= MIB


def test_loads_teach_and_their_mean_is_applied() -> None:
    assert learn([]) is None
    correction = learn([(1000, 1018), (1000, 1020), (1000, 1016)])
    assert correction is not None
    assert correction.loads == 3
    assert correction.error_share == pytest.approx(0.018)
    assert overhead_bytes("cuda", 10_000, correction) == 180
    low, high = estimate_range(10_180, 180, correction)
    assert low < 10_180 < high
    assert learn([(1000, 1010)] * 20).loads == 8, "the last eight count"  # pyright: ignore[reportOptionalMemberAccess]


def test_predictions_that_were_too_high_never_make_a_need_smaller() -> None:
    correction = learn([(1000, 900)] * 8)
    assert overhead_bytes("cpu", 10_000, correction) == 0
    low, high = estimate_range(10_000, 0, correction)
    assert low < 9_100
    assert high >= 10_000


def test_one_absurd_load_does_not_spoil_everything() -> None:
    correction = learn([(1, 1 << 60)])
    assert correction is not None
    assert correction.error_share == 0.5


def row(name: str, gib: float, bits: float, note: str = "some words") -> HubFileRow:
    return HubFileRow(
        name=name,
        parts=[name],
        size_bytes=round(gib * GIB),
        quant=name,
        bits_per_weight=bits,
        sha256=None,
        note=note,
    )


def report_for(verdict: str, gib: float) -> FitReport:
    report = make_report(subject([host(64 * GIB, weights_bytes=round(gib * GIB))], backend="cpu"))
    import msgspec

    return msgspec.structs.replace(report, verdict=verdict)


ROWS = [row("Q2_K", 2.6, 3.0), row("Q4_K_M", 4.6, 4.9), row("Q6_K", 6.1, 6.6), row("Q8_0", 8.0, 8.5)]


@pytest.mark.parametrize(
    ("verdicts", "parameters", "expected"),
    [
        (("fits", "fits", "fits", "fits"), 8_000_000_000, "Q4_K_M"),
        (("fits", "fits", "fits", "fits"), 500_000_000, "Q8_0"),
        (("cpu", "cpu", "cpu", "wont_fit"), 500_000_000, "Q6_K"),
        (("fits", "tight", "partial", "wont_fit"), 8_000_000_000, "Q2_K"),
        (("partial", "partial", "partial", "wont_fit"), 8_000_000_000, "Q2_K"),
        (("wont_fit",) * 4, 8_000_000_000, None),
    ],
)
def test_one_quant_is_recommended_with_a_reason(
    verdicts: tuple[str, ...], parameters: int, expected: str | None
) -> None:
    reports = {
        each.name: report_for(verdict, each.size_bytes / GIB)
        for each, verdict in zip(ROWS, verdicts, strict=True)
    }
    name, why = recommend(ROWS, reports, parameters)
    assert name == expected
    assert why.endswith(".")


@pytest.mark.parametrize(
    ("name", "quant"),
    [
        ("model.Q4_K_M.gguf", "Q4_K_M"),
        ("model-q4_k_m.gguf", "Q4_K_M"),
        ("Qwen3-8B-UD-Q4_K_XL.gguf", "UD-Q4_K_XL"),
        ("model-IQ2_XXS.gguf", "IQ2_XXS"),
        ("model-bf16.gguf", "BF16"),
        ("model.fp16.gguf", "F16"),
        ("gemma-3-4b-it-q4_0.gguf", "Q4_0"),
        ("gpt-oss-20b-MXFP4.gguf", "MXFP4"),
        ("Q8_0/model-Q8_0-00001-of-00002.gguf", "Q8_0"),
        ("llama-3.1-8b.gguf", None),
        ("IQ.gguf", None),
    ],
)
def test_quants_in_file_names(name: str, quant: str | None) -> None:
    assert quant_in_name(name) == quant


def test_bits_of_quants_are_ordered() -> None:
    bits = [typical_bits(name) for name in ("Q2_K", "Q3_K_M", "Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0", "F16")]
    assert bits == sorted(bits, key=lambda value: value or 0)
    assert typical_bits("UD-Q4_K_XL") == typical_bits("Q4_K_M")
    assert typical_bits("XYZ") is None


def test_split_sets_by_name() -> None:
    part = part_of("m-Q8_0-00002-of-00003.gguf")
    assert part is not None
    assert (part.stem, part.number, part.count, part.set_name) == ("m-Q8_0", 2, 3, "m-Q8_0.gguf")
    assert part.file_names()[0] == "m-Q8_0-00001-of-00003.gguf"
    assert part_of("m-00004-of-00003.gguf") is None
    assert part_of("m-00000-of-00003.gguf") is None
    assert part_of("m.gguf") is None
