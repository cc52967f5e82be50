"""Realistic rows for tests of the Servers page: a machine with a GPU and four servers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from steelyard.core.values.bench import (
    BenchLevel,
    BenchReport,
    EngineRates,
    TuneCandidate,
    TuneReport,
)
from steelyard.core.values.fit import FitDevice, FitReport
from steelyard.core.values.profiles import (
    FlagRow,
    LaunchPreview,
    LaunchProfile,
    StoredProfile,
    TemplateInfo,
)
from steelyard.core.values.servers import (
    FoundServer,
    GatewayKey,
    GatewayRow,
    LogLine,
    MemoryPart,
    RoomPlan,
    ServerDetail,
    ServerLog,
    ServerRow,
    SlotRow,
)
from steelyard.core.values.telemetry import GpuProcess, GpuSample, HostSample, Sample, ServerSample
from steelyard.core.values.weights import WeightsRow

MIB = 1 << 20
GIB = 1 << 30
QWEN, LLAMA, BIG, SMALL = "qwen7b", "llama8b", "qwen32b", "smol"
BASE_URL = "http://127.0.0.1:11480/v1"
PROFILE = LaunchProfile(
    context_tokens=16384, parallel=4, gpu_layers="auto", flash_attention="auto", idle_unload_s=300.0
)


def weights(name: str, file: str, quant: str, size_bytes: int) -> WeightsRow:
    return WeightsRow(
        name=name,
        path=f"/weights/{file}",
        repo=None,
        revision=None,
        sha256=None,
        verified=False,
        verification="no_reference",
        size_bytes=size_bytes,
        quant=quant,
        architecture="qwen2",
        parameters=None,
        context_length=32768,
        source="file",
    )


SHELF = [
    weights(QWEN, "Qwen2.5-7B-Instruct-Q4_K_M.gguf", "Q4_K_M", 4_683_000_000),
    weights(LLAMA, "Llama-3.1-8B-Instruct-Q5_K_M.gguf", "Q5_K_M", 5_733_000_000),
    weights(BIG, "Qwen2.5-32B-Instruct-Q4_K_M.gguf", "Q4_K_M", 19_851_000_000),
    weights(SMALL, "SmolLM2-135M-Instruct-Q8_0.gguf", "Q8_0", 145_000_000),
]


def ago(**parts: float) -> str:
    return (datetime.now(UTC) - timedelta(**parts)).isoformat()


def server(name: str, **changes: Any) -> ServerRow:
    values: dict[str, Any] = {
        "name": name,
        "weights": next((row.path for row in SHELF if row.name == name), f"/weights/{name}.gguf"),
        "pid": 48213,
        "state": "ready",
        "ctx": 16384,
        "slots": 4,
        "slots_busy": 0,
        "predicted_bytes": round(5.66 * GIB),
        "measured_bytes": round(5.76 * GIB),
        "vram_bytes": round(5.8 * GIB),
        "started_at": ago(hours=2, minutes=14),
        "idle_s": 10.0,
        "backend": "CUDA",
        "build": "b9412",
        "layers": 29,
        "layers_on_gpu": 29,
        "load_ms": 4100.0,
    }
    return ServerRow(**(values | changes))


QWEN_ROW = server(
    QWEN,
    slots_busy=1,
    idle_s=None,
    context_used=2140,
    profile="coding-assistant",
    slot_rows=[
        SlotRow(id=0, is_busy=True, ctx=16384, used_tokens=2140),
        SlotRow(id=1, is_busy=False, ctx=16384, used_tokens=0),
    ],
)
LLAMA_ROW = server(
    LLAMA,
    pid=48300,
    ctx=8192,
    predicted_bytes=round(6.68 * GIB),
    measured_bytes=round(6.74 * GIB),
    vram_bytes=round(6.8 * GIB),
    started_at=ago(minutes=11),
    unload_in_s=221.0,
)
PLAN = RoomPlan(
    needed_bytes=round(20.8 * GIB),
    free_bytes=round(10.9 * GIB),
    budget_bytes=24 * GIB,
    device="CUDA0",
    fits=False,
    evict=[LLAMA],
    reload_ms=4600.0,
)
BIG_ROW = server(
    BIG,
    pid=None,
    state="waiting",
    ctx=None,
    predicted_bytes=round(20.8 * GIB),
    measured_bytes=None,
    vram_bytes=None,
    started_at=None,
    room=PLAN,
)
SMALL_ROW = server(
    SMALL,
    pid=None,
    state="stopped",
    ctx=None,
    slots_busy=0,
    predicted_bytes=190 * MIB,
    measured_bytes=None,
    vram_bytes=None,
    ended="Unloaded at 14:06 after 5 min idle",
    load_ms=1100.0,
)
FAILED_ROW = server(
    "broken",
    pid=None,
    state="failed",
    measured_bytes=None,
    vram_bytes=None,
    error="The engine ran out of memory while it loaded",
    ended="Out of memory: the GPU had 1.2 GiB free and 2.9 GiB were asked for",
)
ROWS = [QWEN_ROW, LLAMA_ROW, BIG_ROW, SMALL_ROW]


def flag(name: str, value: str | None, default: str | None, why: Any = "ours") -> FlagRow:
    return FlagRow(flag=name, value=value, default=default, why=why)


FLAGS = [
    flag("--model", "/weights/Qwen2.5-7B-Instruct-Q4_K_M.gguf", None),
    flag("--host", "/run/user/1000/sy/a1b2.sock", "127.0.0.1"),
    flag("--alias", QWEN, None),
    flag("--ctx-size", "65536", "0", "profile"),
    flag("--parallel", "4", "1", "profile"),
    flag("--flash-attn", "auto", "auto", "profile"),
    flag("--threads", "8", "-1", "setting"),
    flag("--metrics", None, None),
    flag("--offline", None, None),
    flag("--no-webui", None, None),
]


def command_of(flags: list[FlagRow]) -> str:
    words = [f"{row.flag} {row.value}" if row.value is not None else row.flag for row in flags]
    return f"LLAMA_API_KEY=*** llama-server {' '.join(words)}"


PARTS = [
    MemoryPart(
        device="CUDA0", kind="weights", predicted_bytes=round(4.07 * GIB), measured_bytes=round(4.07 * GIB)
    ),
    MemoryPart(
        device="CUDA0", kind="kv", predicted_bytes=round(0.88 * GIB), measured_bytes=round(0.88 * GIB)
    ),
    MemoryPart(
        device="CUDA0", kind="compute", predicted_bytes=round(0.30 * GIB), measured_bytes=round(0.38 * GIB)
    ),
    MemoryPart(
        device="CUDA0", kind="overhead", predicted_bytes=round(0.42 * GIB), measured_bytes=round(0.44 * GIB)
    ),
]


def detail(row: ServerRow, **changes: Any) -> ServerDetail:
    values: dict[str, Any] = {
        "row": row,
        "profile": PROFILE,
        "command": command_of(FLAGS),
        "flags": FLAGS,
        "parts": PARTS,
        "fit_errors": [0.02, 0.014, 0.026, 0.012, 0.009, 0.014, 0.018, 0.011, 0.02, 0.014, 0.018],
        "gen_tps": 148.2,
        "prompt_tps": 5900.0,
        "prefix_reuse_share": 0.61,
    }
    return ServerDetail(**(values | changes))


LOG = [
    LogLine(number=1, level="I", text="0.00.410.502 I load_tensors: offloaded 29/29 layers to GPU"),
    LogLine(number=2, level="I", text="0.03.937.361 I srv  llama_server: model loaded, slots 4"),
    LogLine(
        number=3,
        level="I",
        text="8.12.520.851 I slot print_timing: id 0 | prompt eval time = 31.70 ms / 187 tokens",
    ),
    LogLine(
        number=4,
        level="I",
        text="8.14.801.857 I slot print_timing: id 0 |        eval time = 2273.95 ms / 338 tokens",
    ),
    LogLine(
        number=5,
        level="W",
        text="8.14.802.010 W slot release: id 0 | prompt cache 96 % full, oldest entries will be dropped",
    ),
]


def log_of(name: str) -> ServerLog:
    return ServerLog(name=name, first=1, lines=list(LOG))


def fit(name: str, total_bytes: int, ctx: int = 16384) -> FitReport:
    device = FitDevice(
        name="CUDA0", kind="gpu", total_bytes=24 * GIB, free_bytes=11 * GIB, weights_bytes=total_bytes
    )
    return FitReport(
        name=name,
        verdict="fits",
        ctx=ctx,
        parallel=4,
        kv_type="f16",
        weights_bytes=round(total_bytes * 0.72),
        kv_bytes=round(total_bytes * 0.16),
        compute_bytes=round(total_bytes * 0.06),
        overhead_bytes=total_bytes
        - round(total_bytes * 0.72)
        - round(total_bytes * 0.16)
        - round(total_bytes * 0.06),
        total_bytes=total_bytes,
        low_bytes=round(total_bytes * 0.98),
        high_bytes=round(total_bytes * 1.03),
        layers_on_gpu=29,
        layers=29,
        devices=[device],
        basis="engine",
        header_bytes_read=0,
        reason="5.3 GiB of 11.0 GiB free: it fits with room to spare.",
    )


def preview(command: Any) -> LaunchPreview:
    """What the engine would answer: flags of the profile, a smaller KV cache with q8_0."""
    profile: LaunchProfile = command.profile
    flags = list(FLAGS)
    total = round(5.66 * GIB)
    if profile.kv_type_k is not None:
        flags += [
            flag("--cache-type-k", profile.kv_type_k, "f16", "profile"),
            flag("--cache-type-v", profile.kv_type_v, "f16", "profile"),
        ]
        total = round(5.25 * GIB)
    own = "{% for message in messages %}{{ message.content }}{% endfor %}"
    text = profile.chat_template if profile.chat_template is not None else own
    is_override = profile.chat_template is not None
    template = TemplateInfo(
        text=text,
        sha256="ab" * 32,
        is_override=is_override,
        own_sha256="cd" * 32,
        diff=f"--- weights\n+++ yours\n-{own}\n+{text}" if is_override else "",
    )
    return LaunchPreview(
        command=command_of(flags), flags=flags, template=template, fit=fit(command.target, total), problems=[]
    )


STORED = [
    StoredProfile(name="coding-assistant", profile=PROFILE, origin="user", weights=QWEN),
    StoredProfile(
        name="low-memory",
        profile=LaunchProfile(kv_type_k="q8_0", kv_type_v="q8_0", parallel=1),
        origin="shipped",
        about="One slot and a KV cache of half the size.",
    ),
]
FOUND = [
    FoundServer(
        kind="ollama",
        url="http://127.0.0.1:11434",
        port=11434,
        models=["llama3.2:3b", "qwen3:8b", "gemma3:4b"],
    )
]
GATEWAY = GatewayRow(
    base_url=BASE_URL,
    keys=[GatewayKey(name="editor", created_at=ago(days=3), last_used_at=None, requests=412)],
)
SAMPLE = Sample(
    at=0.0,
    gpus=[
        GpuSample(
            id="nvidia:GPU-1",
            name="RTX 4090",
            source="nvidia",
            total_bytes=24 * GIB,
            used_bytes=round(13.1 * GIB),
            free_bytes=round(10.9 * GIB),
            processes=[
                GpuProcess(pid=48213, used_bytes=round(5.8 * GIB), server=QWEN),
                GpuProcess(pid=48300, used_bytes=round(6.7 * GIB), server=LLAMA),
            ],
        )
    ],
    host=HostSample(total_bytes=64 * GIB, available_bytes=41 * GIB),
    servers=[ServerSample(name=QWEN, pid=48213, gen_tps=148.2)],
)
RAM_SAMPLE = Sample(
    at=0.0,
    host=HostSample(total_bytes=16 * GIB, available_bytes=11 * GIB),
    servers=[ServerSample(name=QWEN, pid=48213, ram_bytes=round(2.9 * GIB))],
)


def bench_level(parallel: int, tps: float) -> BenchLevel:
    return BenchLevel(
        parallel=parallel,
        aggregate_tps=tps,
        gen_tps_median=tps / parallel,
        ttft_p50_ms=41.0 * parallel,
        ttft_p95_ms=None if parallel == 1 else 60.0 * parallel,
        n=8,
        ratio_to_engine=tps / 151,
    )


LEVELS = [bench_level(1, 149.0), bench_level(2, 261.0), bench_level(4, 402.0), bench_level(8, 430.0)]
BENCH = BenchReport(
    engine=EngineRates(
        prompt_tps=6020.0, gen_tps=151.0, build="b9412", backend="CUDA", prompt_tps_sd=31.0, gen_tps_sd=0.8
    ),
    levels=LEVELS,
    weights=QWEN,
)


def candidate(settings: dict[str, Any], tps: float, memory_gib: float, **changes: Any) -> TuneCandidate:
    values: dict[str, Any] = {
        "settings": settings,
        "prompt_tps": tps * 40,
        "gen_tps": tps,
        "memory_bytes": round(memory_gib * GIB),
        "joules_per_token": 330 / tps,
        "distinguishable": True,
        "gen_tps_low": tps - 1.5,
        "gen_tps_high": tps + 1.5,
    }
    return TuneCandidate(**(values | changes))


CANDIDATES = [
    candidate({}, 148.2, 5.76, distinguishable=False),
    candidate({"flash_attention": "on"}, 163.0, 5.60),
    candidate({"threads": 8}, 148.9, 5.76, distinguishable=False),
    candidate({"kv_type_k": "q8_0", "kv_type_v": "q8_0"}, 141.0, 5.31),
    candidate({"batch_tokens": 4096}, 149.3, 6.05, distinguishable=False),
    candidate({}, 171.0, 5.44, weights="qwen7b-q4_0", quant="Q4_0"),
]
TUNE = TuneReport(
    baseline=CANDIDATES[0],
    best=CANDIDATES[1],
    candidates=CANDIDATES,
    profile_path="/home/user/.local/share/steelyard/profiles/qwen7b-tuned.toml",
    verdict="Flash attention makes it 1.10 times as fast; everything else is the same within noise.",
    quant_note="Q4_0 of the same model generates 1.15 times as fast as Q4_K_M here.",
)
