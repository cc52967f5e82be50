"""What llama-server tells only in its log: buffers, offloaded layers, the reason of a failure."""

from __future__ import annotations

import re
import signal
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from steelyard.core.values.fit import ProjectedDevice
from steelyard.core.values.servers import LogLine, MemoryPart

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_LINES = 1000
_MAX_LINE_CHARS = 2000
_MIB = 1 << 20
_BUFFER = re.compile(r"(\w+):\s+(\S+)\s+(model|KV|RS|compute|output)\s+buffer size\s*=\s*([0-9.]+)\s*MiB")
# "|   - Host  |  293 = 92 + 180 + 21 |" and "|   - CUDA0 (…) | 24118 = 23606 + (292 = 92 + 180 + 21) + 219 |"
_BREAKDOWN = re.compile(
    r"memory_breakdown_print: \|\s+- (?P<name>[^|]+?)\s*\|"
    r"(?:\s*(?P<total>\d+) =\s*(?P<free>\d+) \+ \()?\s*\d+ =\s+(?P<model>\d+) \+\s+(?P<context>\d+)"
    r" \+\s+(?P<compute>\d+)"
)
_LOAD_BEGINS = re.compile(r"load_tensors: loading model tensors")
# A device has one of each of these, and a later announcement replaces it; weights and caches may be several.
_RESERVED_ANEW = frozenset({"compute", "output"})
_OFFLOADED = re.compile(r"offloaded (\d+)/(\d+) layers to GPU")
_LEVEL = re.compile(r"^[\d.]+ ([A-Z]) ")
_SLOT_DONE = re.compile(r"slot\s+release: id\s+(\d+) \| task \d+ \| stop processing: n_tokens = (\d+)")
_SAMPLERS = re.compile(r"sampler chain: (.+)")
_KINDS = {"model": "weights", "KV": "kv", "RS": "kv"}
_LINE_HEAD = re.compile(r"^[\d.]+ [A-Z] ")
_ERROR_LINE = re.compile(r"^[\d.]+ E ")
# Where gdb is installed, the engine has it print a backtrace when it aborts.
_DEBUGGER_BEGINS = re.compile(
    r"\[New LWP |\[Thread debugging|Using host libthread_db|0x[0-9a-f]+ in |#\d+ "
    r"|Could not attach to process|ptrace: |No stack\.|The program is not being run"
)
_DEBUGGER_ENDS = re.compile(r"\[Inferior \d+ \(process \d+\) detached\]")
# "#4  0x000055cb547d833c in llama_context::output_reserve(int) ()"
_FRAME = re.compile(r"#\d+\s+(?:0x[0-9a-f]+ in )?(?P<name>(?:\(anonymous namespace\)|[^(])+)")
_CLOSING_WORDS = re.compile(r"exiting due to|failed to load model|error loading model")
_REASONS = (
    (
        re.compile(
            r"(?i)out of memory|failed to allocate|unable to allocate|ErrorOutOfDeviceMemory|bad_alloc"
        ),
        "there is not enough memory for these weights",
        "Close other programs, choose smaller weights or a shorter context.",
    ),
    (
        re.compile(r"\w+ cache type \S+ with block size \d+ does not divide[^\n]*"),
        "",
        "Choose another KV cache type in the launch profile.",
    ),
    (
        re.compile(r"quantized V cache requires flash_attn"),
        "a quantised V cache needs flash attention",
        "Switch flash attention on, or choose f16 for V.",
    ),
    (
        re.compile(r"model doesn't contain MTP layers"),
        "these weights have no MTP layers to draft with",
        "Choose another kind of speculation, or none.",
    ),
    (
        re.compile(r"failed to load lora adapter|failed to apply lora adapter"),
        "the LoRA adapter cannot be used with these weights",
        "Check that it was made for this model.",
    ),
    (
        re.compile(r"failed to initialize chat template|chat template is not supported"),
        "the chat template cannot be used",
        "Correct it in the launch profile, or take the one in the weights.",
    ),
    (
        re.compile(r"Failed to load CLIP model|failed to load multimodal model"),
        "the projector (mmproj) cannot be used with these weights",
        "Check that it is the projector of this model.",
    ),
    (
        re.compile(r"failed to load draft model"),
        "the draft weights cannot be used",
        "Choose a complete GGUF file with the same vocabulary.",
    ),
    (
        re.compile(r"error while handling argument [^\n]*"),
        "",
        "Change that field of the launch profile.",
    ),
    (
        re.compile(r"[^\n]*GGML_ASSERT\([^\n]*"),
        "",
        "A fault in the engine: other settings or a newer engine may help.",
    ),
    (
        re.compile(r"llama-server cannot be started: [^\n]*"),
        "",
        "Run `python3 run.py setup` again.",
    ),
    (
        re.compile(r"error while loading shared libraries.*|cannot open shared object.*"),
        "the engine is incomplete",
        "Run `python3 run.py setup` again.",
    ),
    (
        re.compile(r"unknown model architecture: '[^']*'"),
        "",
        "These weights need a newer engine than the one in this version.",
    ),
    (
        re.compile(r"(?i)invalid magic[^\n]*|tensor '[^']*' data is not within[^\n]*|failed to read[^\n]*"),
        "",
        "The file is damaged or no GGUF file: get it again.",
    ),
    (
        re.compile(r"(?:error loading model|failed to load model)[^\n]*"),
        "",
        "Check that the file is a complete GGUF file of a chat model.",
    ),
)


@dataclass
class LogFacts:
    """Bounded memory of a child's output, and the figures found in it."""

    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_MAX_LINES))
    bytes_seen: int = 0
    offloaded_layers: int | None = None
    total_layers: int | None = None
    _buffers: dict[tuple[str, str, str], float] = field(default_factory=dict[tuple[str, str, str], float])
    projected: list[ProjectedDevice] = field(default_factory=list[ProjectedDevice])
    """The engine's memory breakdown from before it loaded, one row per device."""
    slot_tokens: dict[int, int] = field(default_factory=dict[int, int])
    """Tokens in the context of each slot, when its last request ended."""
    samplers: list[str] = field(default_factory=list[str])
    """The chain of the last request, in order; a leading ? marks a sampler that its settings make idle."""
    line_count: int = 0
    """Lines so far; `lines` holds the last of them."""
    on_lines: Callable[[], None] | None = None
    """Called when lines have come, by `feed`."""
    _is_trial: bool = False
    _rest: str = ""

    def feed(self, data: bytes) -> None:
        """Take the next bytes of output."""
        self.bytes_seen += len(data)
        *lines, rest = (self._rest + data.decode("utf-8", "replace")).split("\n")
        self._rest = rest[:_MAX_LINE_CHARS]
        for line in lines:
            self._take(line[:_MAX_LINE_CHARS].rstrip("\r"))
        if lines and self.on_lines is not None:
            self.on_lines()

    def tail(self, after: int | None = None) -> list[LogLine]:
        """The lines that are kept, numbered from 1; only those after number `after`."""
        first = self.line_count - len(self.lines) + 1
        numbered = enumerate(self.lines, start=first)
        return [
            LogLine(number=number, level=match[1] if (match := _LEVEL.match(line)) else "", text=line)
            for number, line in numbered
            if after is None or number > after
        ]

    def _take(self, line: str) -> None:
        self.lines.append(line)
        self.line_count += 1
        if match := _BUFFER.search(line):
            self._take_buffer(*match.groups())
        elif _LOAD_BEGINS.search(line):
            # When the engine first tries whether everything fits, it may announce the same buffers before.
            self._buffers.clear()
            self._is_trial = "load_mode = none" in line
        elif (self._is_trial or not self._buffers) and (row := breakdown_row(line)):
            self.projected.append(row)
        elif match := _OFFLOADED.search(line):
            self.offloaded_layers, self.total_layers = int(match.group(1)), int(match.group(2))
        elif match := _SLOT_DONE.search(line):
            self.slot_tokens[int(match[1])] = int(match[2])
        elif match := _SAMPLERS.search(line):
            self.samplers = [name.strip() for name in match[1].split("->")][1:]

    def _take_buffer(self, where: str, device: str, kind: str, mib: str) -> None:
        key = (where, device, kind)
        before = 0.0 if kind in _RESERVED_ANEW else self._buffers.get(key, 0.0)
        self._buffers[key] = before + float(mib)

    @property
    def measured_bytes(self) -> int | None:
        """Sum of the buffers that the engine reported: weights, KV cache, compute, output; all devices."""
        return round(sum(self._buffers.values()) * _MIB) if self._buffers else None

    @property
    def predicted_bytes(self) -> int | None:
        """What the engine projected before it loaded, whole MiB, all devices."""
        rows = self.projected
        return sum(row.model_mib + row.context_mib + row.compute_mib for row in rows) * _MIB if rows else None

    def parts(self) -> list[MemoryPart]:
        """What was projected and what was reported, device by device and kind by kind, bytes."""
        measured: dict[tuple[str, str], float] = {}
        for (_, device, kind), mib in self._buffers.items():
            key = (device_name(device), _KINDS.get(kind, "compute"))
            measured[key] = measured.get(key, 0.0) + mib
        predicted: dict[tuple[str, str], int] = {}
        for row in self.projected:
            name = device_name(row.name)
            for kind, mib in (
                ("weights", row.model_mib),
                ("kv", row.context_mib),
                ("compute", row.compute_mib),
            ):
                predicted[name, kind] = predicted.get((name, kind), 0) + mib
        return [
            MemoryPart(
                device=key[0],
                kind=key[1],  # pyright: ignore[reportArgumentType]
                predicted_bytes=None if not predicted else predicted.get(key, 0) * _MIB,
                measured_bytes=None if not measured else round(measured.get(key, 0.0) * _MIB),
            )
            for key in dict.fromkeys([*predicted, *measured])
            if predicted.get(key) or measured.get(key)
        ]

    def held_bytes(self) -> dict[str, int]:
        """Reported buffers by device."""
        held: dict[str, int] = {}
        for part in self.parts():
            held[part.device] = held.get(part.device, 0) + (part.measured_bytes or 0)
        return held

    @property
    def has_gpu(self) -> bool:
        """Whether the engine saw a device other than the CPU."""
        return any(not row.is_host for row in self.projected)

    @property
    def backend(self) -> str:
        """Which kind of device holds the layers: cpu, cuda, vulkan, metal, rocm."""
        if not self.offloaded_layers:
            return "cpu"
        for _, device, kind in self._buffers:
            if kind == "model":
                for name in ("cuda", "vulkan", "metal", "rocm"):
                    if device.lower().startswith(name):
                        return name
        return "cpu"

    def reason(self) -> tuple[str, str]:
        """Why it failed and what to do, as far as the log tells; two empty strings if it does not."""
        text = "\n".join(self.lines)
        for pattern, words, hint in _REASONS:
            if match := pattern.search(text):
                return words or match.group(0).strip()[:200], hint
        return "", ""


def device_name(name: str) -> str:
    """The engine's short name of a device; everything in the machine's own memory is Host.

    A buffer is named after its device (CUDA0) or after the kind of host memory (CPU_Mapped, CUDA_Host).
    """
    short = name.split(" (")[0].strip()
    return "Host" if short.startswith(("CPU", "Host", "BLAS")) or short.endswith("_Host") else short


def breakdown_row(line: str) -> ProjectedDevice | None:
    """One device of the engine's memory breakdown; None for any other line."""
    match = _BREAKDOWN.search(line)
    if match is None:
        return None
    return ProjectedDevice(
        name=match["name"],
        model_mib=int(match["model"]),
        context_mib=int(match["context"]),
        compute_mib=int(match["compute"]),
        total_mib=int(match["total"]) if match["total"] else None,
        free_mib=int(match["free"]) if match["free"] else None,
    )


def exit_words(code: int, facts: LogFacts) -> tuple[str, str]:
    """An exit code in words, with what to do; the log's own reason comes first."""
    detail, hint = facts.reason()
    if detail:
        return detail, hint
    if code == -9:
        return (
            "it was killed, perhaps because memory ran out",
            "Close other programs or choose smaller weights.",
        )
    if code < 0:
        where, last = _crash_frame(facts), _last_line(facts)
        told = f"{where} ({last})" if where and last else where or last
        return (
            f"it crashed ({_signal_name(-code)})" + (f" at: {told}" if told else ""),
            "Try again; if it happens again, other settings, other weights or a new engine help.",
        )
    return f"it ended with code {code}" + (f" ({said})" if (said := _last_error(facts)) else ""), "Try again."


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _last_line(facts: LogFacts) -> str:
    """The last thing that it said; what a debugger says about it is none of that."""
    said, is_debugger = "", False
    for line in facts.lines:
        if _DEBUGGER_ENDS.match(line):
            is_debugger = False
            continue
        is_debugger = is_debugger or _DEBUGGER_BEGINS.match(line) is not None
        if line.strip() and not is_debugger:
            said = line
    return _LINE_HEAD.sub("", said).strip()[:160]


def _crash_frame(facts: LogFacts) -> str:
    """The function that gave up, from a debugger's backtrace; empty without one."""
    names = [match["name"].strip() for line in facts.lines if (match := _FRAME.match(line))]
    if "ggml_abort" not in names:
        return ""
    return next(iter(names[names.index("ggml_abort") + 1 :]), "")[:160]


def _last_error(facts: LogFacts) -> str:
    """The last line that says why; the engine's closing words about a failed load say nothing."""
    lines = [line.strip() for line in facts.lines if line.strip() and not _CLOSING_WORDS.search(line)]
    errors = [line for line in lines if _ERROR_LINE.match(line)]
    last = (errors or lines or [""])[-1]
    return _LINE_HEAD.sub("", last)[:200]
