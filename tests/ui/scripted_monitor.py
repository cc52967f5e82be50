"""A machine made up for the Monitor page: a history with events in it, samples that go on, requests."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from typing import Any

from steelyard.core.values import commands as cmd
from steelyard.core.values.telemetry import (
    GpuProcess,
    GpuSample,
    History,
    HostSample,
    Inspection,
    Marker,
    PowerPoint,
    RequestPage,
    RequestRow,
    Sample,
    Series,
    ServerSample,
    SourceState,
)

GIB = 2**30
QWEN, LLAMA, BIG = "Qwen2.5-7B-Instruct-Q4_K_M", "Llama-3.1-8B-Instruct-Q5_K_M", "Qwen2.5-14B-Instruct-Q4_K_M"
GPU = "nvidia:GPU-1"
NO_RAPL = "the energy counter of the processor is readable by root only"


class ScriptedMonitor:
    """Answers the commands of the page. `now` stands still unless a test moves it."""

    def __init__(self, *, has_gpu: bool = True) -> None:
        self.has_gpu = has_gpu
        self.now = time.time()
        self.is_empty = False
        self.markers = self._make_markers()

    def answers(self) -> dict[type, Any]:
        """For `FakeEngine.answers`."""
        return {
            cmd.ReadSample: lambda _c: self.sample(self.now),
            cmd.ReadHistory: self.history,
            cmd.ReadRequests: self.requests,
            cmd.InspectRun: lambda c: inspection(c.run_id),
            cmd.SetMarker: None,
        }

    # ---- the machine ---------------------------------------------------------------------------------------

    def figures(self, at: float) -> dict[str, float | None]:
        """All series at a moment; `age` runs from 900 s ago (0) to now (1)."""
        age = 1 - (self.now - at) / 900
        wave = math.sin(at / 7) * 0.5 + math.sin(at / 31) * 0.5
        is_big = 0.52 < age < 0.76
        qwen, llama = 5.76 * GIB, 6.74 * GIB if age > 0.28 else None
        big = 10.1 * GIB if is_big else None
        other = 0.61 * GIB
        busy = max(0.02, min(0.98, 0.55 + 0.42 * wave))
        slow = 0.42 if is_big else 1.0
        kind = "vram_bytes" if self.has_gpu else "ram_bytes"
        used = other + qwen + (llama or 0) + (big or 0)
        values: dict[str, float | None] = {
            f"process.{QWEN}.{kind}": qwen,
            f"process.{LLAMA}.{kind}": llama,
            f"process.{BIG}.{kind}": big,
            f"server.{QWEN}.gen_tps": (148 + 3 * wave) * slow,
            f"server.{LLAMA}.gen_tps": (118 + 2 * wave) * slow if llama else None,
            "runs.ttft_p50_ms": 42 / slow + wave,
            "runs.ttft_p95_ms": 86 / slow**1.3 + 4 * wave,
            "runs.itl_p50_ms": 6.7 / slow,
            "runs.itl_p95_ms": 9.2 / slow + 0.3 * wave,
            "runs.joules_per_token": 2.07 / slow if self.has_gpu else None,
            "host.cpu_share": busy * 0.9,
            "host.pressure_share": 0.02 if is_big else 0.0,
            "host.power_w": None,
            "host.used_bytes": used + 2 * GIB if not self.has_gpu else 9 * GIB,
        }
        if self.has_gpu:
            values |= {
                "process.other.vram_bytes": other,
                f"gpu.{GPU}.used_bytes": used,
                f"gpu.{GPU}.utilisation_share": busy,
                f"gpu.{GPU}.power_w": 60 + 380 * busy,
                f"gpu.{GPU}.temperature_c": 58 + 22 * busy,
            }
        return values

    def sample(self, at: float) -> Sample:
        """What `Sampled` carries."""
        values = self.figures(at)
        kind = "vram_bytes" if self.has_gpu else "ram_bytes"
        servers = [
            ServerSample(
                name=name,
                pid=100 + n,
                gen_tps=values.get(f"server.{name}.gen_tps"),
                **{kind: int(size)},  # type: ignore[arg-type]
            )
            for n, name in enumerate((QWEN, LLAMA, BIG))
            if (size := values[f"process.{name}.{kind}"]) is not None
        ]
        used = int(values["host.used_bytes"] or 0)
        host = HostSample(
            cpu_share=values["host.cpu_share"],
            total_bytes=24 * GIB,
            available_bytes=24 * GIB - used,
            pressure_share=values["host.pressure_share"],
        )
        sources = [SourceState(name="rapl", health="failing", reason=NO_RAPL)]
        if not self.has_gpu:
            sources.append(SourceState(name="nvidia", health="absent", reason="no NVIDIA driver was found"))
            return Sample(at=at, host=host, servers=servers, sources=sources)
        gpu = GpuSample(
            id=GPU,
            name="RTX 4090",
            source="nvidia",
            total_bytes=24 * GIB,
            used_bytes=int(values[f"gpu.{GPU}.used_bytes"] or 0),
            utilisation_share=values[f"gpu.{GPU}.utilisation_share"],
            power_w=values[f"gpu.{GPU}.power_w"],
            power_limit_w=450.0,
            temperature_c=values[f"gpu.{GPU}.temperature_c"],
            temperature_limit_c=84.0,
            processes=[GpuProcess(pid=9, used_bytes=int(0.61 * GIB), name="desktop")],
        )
        power = gpu.power_w
        return Sample(
            at=at,
            gpus=[gpu],
            host=host,
            servers=servers,
            sources=sources,
            power_w=power,
            power_source="nvml_counter",
        )

    def history(self, command: cmd.ReadHistory) -> History:
        """The window, column by column."""
        step = max(1.0, command.window_s / command.points)
        since = self.now - command.window_s if command.since is None else command.since
        count = 0 if self.is_empty else int((self.now - since) / step)
        times = [self.now - (count - 1 - n) * step for n in range(count)]
        rows = [self.figures(at) for at in times]
        labels = {f"server.{name}.gen_tps": name for name in (QWEN, LLAMA, BIG)}
        series = [
            Series(key=key, label=labels.get(key, key), unit="", values=[row[key] for row in rows])
            for key in (rows[0] if rows else ())
        ]
        return History(
            since=since,
            until=self.now,
            step_s=step,
            times=times,
            series=series,
            markers=[] if self.is_empty else [m for m in self.markers if m.at >= since],
            idle_power_w=24.0 if self.has_gpu else None,
            power_source="nvml_counter" if self.has_gpu else "none",
            power_uncertainty="± 5 %" if self.has_gpu else "",
            predicted_bytes=int(12.3 * GIB) if self.has_gpu else None,
        )

    def _make_markers(self) -> list[Marker]:
        return [
            Marker(
                id="m1",
                at=self.now - 648,
                kind="cold_start",
                title="Cold start",
                detail="Llama-3.1-8B loaded in 4.24 s from page cache.",
                server=LLAMA,
            ),
            Marker(
                id="m2",
                at=self.now - 432,
                kind="spill",
                title="Spill to CPU",
                detail="Qwen2.5-14B: 44 of 49 layers fit. All models ran 58 % slower.",
                hint="Use 8k context: all 49 layers fit",
                server=BIG,
            ),
            Marker(
                id="m3",
                at=self.now - 150,
                kind="throttle",
                title="Thermal throttle",
                detail="84 °C for 50 s. Qwen 148 → 131 tok/s. Affected runs are marked not comparable.",
            ),
        ]

    # ---- requests ------------------------------------------------------------------------------------------

    def requests(self, command: cmd.ReadRequests) -> RequestPage:
        """Seven requests, one of them failed."""
        rows = [] if self.is_empty else make_requests(self.now)
        failed = [row for row in rows if row.error is not None]
        slow = [row for row in rows if (row.ttft_ms or 0) > 1000]
        kept = {"all": rows, "slow": slow, "failed": failed}[command.only]
        return RequestPage(
            rows=kept, total=len(kept) + (207 if kept is rows and rows else 0), failed=len(failed)
        )


def make_request(run_id: str, at: float, **changes: Any) -> RequestRow:
    """A plain local request."""
    values: dict[str, Any] = {
        "run_id": run_id,
        "started_at": datetime.fromtimestamp(at, UTC).isoformat(),
        "target": QWEN,
        "model": "Qwen2.5-7B",
        "kind": "local",
        "route": "app",
        "class_": "Code",
        "prompt_tokens": 187,
        "completion_tokens": 338,
        "ttft_ms": 41.0,
        "gen_tps": 148.2,
        "itl_p50_ms": 6.7,
        "itl_p95_ms": 9.1,
        "e2e_ms": 2300.0,
        "joules": 711.0,
        "usd": "0.00086",
        "finish_reason": "stop",
        "error": None,
    }
    return RequestRow(**(values | changes))


def make_requests(now: float) -> list[RequestRow]:
    """As in the picture of the design, and one that failed."""
    llama = {"target": LLAMA, "model": "Llama-3.1-8B", "gen_tps": 117.9, "joules": 1074.0}
    api = {"target": "mini", "model": "gpt-4o-mini", "kind": "api", "class_": "Docs", "joules": None}
    big = {"target": BIG, "model": "Qwen2.5-14B", "class_": "Docs", "ttft_ms": 1920.0, "gen_tps": 21.6}
    return [
        make_request("r1", now - 8),
        make_request("r2", now - 29, **llama, ttft_ms=58.0),
        make_request("r3", now - 53, class_="Customer", route="gateway:editor", prompt_tokens=1902),
        make_request("r4", now - 76, **api, ttft_ms=398.0, itl_p95_ms=None, usd="0.00025"),
        make_request("r5", now - 118, marks=["throttled", "beside"], gen_tps=131.4, joules=1012.0),
        make_request("r6", now - 285, **big, marks=["spilled"], joules=4420.0),
        make_request(
            "r7",
            now - 300,
            ttft_ms=None,
            gen_tps=None,
            itl_p95_ms=None,
            joules=None,
            usd=None,
            completion_tokens=None,
            finish_reason="error",
            error="The server was ended by the system: out of memory",
        ),
        make_request("r8", now - 646, **(llama | {"ttft_ms": 4310.0}), marks=["cold"]),
    ]


def inspection(run_id: str) -> Inspection:
    """All that is kept of a request."""
    begin, end = "<|im_start|>", "<|im_end|>\n"
    turns = (
        f"{begin}system\nYou are brief.{end}",
        f"{begin}user\nIs 7 prime? … ja{end}",
        f"{begin}assistant\n",
    )
    templated = "".join(turns)
    return Inspection(
        run={
            "id": run_id,
            "started_at": "2026-11-21T14:34:52+00:00",
            "target": {"name": QWEN, "kind": "local", "model": "Qwen2.5-7B"},
            "text": "Yes, 7 is prime.",
            "finish_reason": "stop",
            "error": None,
            "state": {"cold": False, "cached_prompt_tokens": 12},
            "usage": {"prompt_tokens": 187, "completion_tokens": 338, "source": "server"},
            "timing": {
                "ttft_ms": 41.0,
                "e2e_ms": 2320.0,
                "gen_tps": 148.2,
                "prompt_tps": 4561.0,
                "itl_p50_ms": 6.7,
                "itl_p95_ms": 9.1,
                "attempts": 1,
                "waited_ms": 12.0,
                "phases_ms": {
                    "connect": 0.3,
                    "tls": None,
                    "send": 0.2,
                    "wait_headers": 3.1,
                    "first_token": 37.4,
                    "stream": 2279.0,
                },
            },
            "memory": {"vram_peak_bytes": int(5.76 * GIB), "predicted_bytes": int(5.9 * GIB)},
            "energy": {
                "joules": 711.0,
                "prefill_joules": 14.0,
                "decode_joules": 697.0,
                "source": "nvml_counter",
                "uncertainty_share": 0.05,
                "note": "",
            },
            "cost": {"usd": "0.00086", "basis": "local_full"},
            "raw": {
                "timings": {"prompt_n": 175, "prompt_ms": 38.4, "predicted_n": 338, "predicted_ms": 2281.0}
            },
        },
        messages=[
            {"role": "system", "content": "You are brief."},
            {"role": "user", "content": "Is 7 prime? … ja"},
        ],
        sent='{"messages": [{"role": "user", "content": "Is 7 prime? … ja"}], "temperature": 0.7}',
        templated=templated,
        templated_bytes=len(templated.encode()),
        samplers=[
            "penalties",
            "dry",
            "top_n_sigma",
            "top_k",
            "typ_p",
            "top_p",
            "min_p",
            "xtc",
            "temperature",
        ],
        sampling={"temperature": 0.7, "top_p": 0.95, "seed": 42},
        times={
            "connected": 300,
            "sent": 500,
            "headers": 3600,
            "first_delta": 41000,
            "content": [41000, 47700],
        },
        power=[
            PowerPoint(
                at_ms=n * 100.0,
                power_w=None if n == 9 else 60 + 270 * min(1.0, n / 4),
                vram_bytes=int(5.76 * GIB),
            )
            for n in range(24)
        ],
        server=QWEN,
        command="llama-server --model Qwen2.5-7B-Instruct-Q4_K_M.gguf --ctx-size 8192",
    )
