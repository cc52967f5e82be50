"""The figures for other programs: Prometheus text, with the names of OpenTelemetry's GenAI conventions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from steelyard import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from prometheus_client import Metric

    from steelyard.core.values.run import Run
    from steelyard.core.values.telemetry import Sample

_MAX_MODELS = 64
_MAX_LABEL_CHARS = 120
_OTHER = "other"
_TTFT_S = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_TPOT_S = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5)
_TOKENS = tuple(float(4**power) for power in range(14))
_GEN_AI = ("gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model")


class Metrics:
    """Counts finished runs from its making on; what the machine does is read when somebody asks."""

    def __init__(self, latest: Callable[[], Sample]) -> None:
        self.registry = CollectorRegistry()
        self._models: set[str] = set()
        self._ttft = Histogram(
            "gen_ai_server_time_to_first_token_seconds",
            "Time from the request to the first token",
            _GEN_AI,
            registry=self.registry,
            buckets=_TTFT_S,
        )
        self._tpot = Histogram(
            "gen_ai_server_time_per_output_token_seconds",
            "Time per token after the first one",
            _GEN_AI,
            registry=self.registry,
            buckets=_TPOT_S,
        )
        self._tokens = Histogram(
            "gen_ai_client_token_usage",
            "Tokens of requests by gen_ai_token_type: input, output",
            (*_GEN_AI, "gen_ai_token_type"),
            registry=self.registry,
            buckets=_TOKENS,
        )
        self._requests = Counter(
            "steelyard_requests", "Finished requests", ("model", "kind", "outcome"), registry=self.registry
        )
        self._energy = Counter(
            "steelyard_run_energy_joules",
            "Energy of requests, the idle baseline taken off, where it is known",
            ("model",),
            registry=self.registry,
        )
        self.registry.register(_Machine(latest))

    def count(self, run: Run) -> None:
        """A run is over."""
        model = self._bounded(run.target.model)
        provider = "steelyard" if run.target.kind == "local" else "openai_compatible"
        labels = ("chat", provider, model)
        timing, usage = run.timing, run.usage
        if timing.ttft_ms is not None:
            self._ttft.labels(*labels).observe(timing.ttft_ms / 1000)
        if timing.tpot_ms is not None:
            self._tpot.labels(*labels).observe(timing.tpot_ms / 1000)
        for kind, tokens in (("input", usage.prompt_tokens), ("output", usage.completion_tokens)):
            if tokens is not None:
                self._tokens.labels(*labels, kind).observe(tokens)
        self._requests.labels(model, run.target.kind, "failed" if run.error else "ok").inc()
        if run.energy.joules is not None:
            self._energy.labels(model).inc(run.energy.joules)

    def text(self) -> str:
        """The Prometheus exposition of this moment."""
        return generate_latest(self.registry).decode()

    def _bounded(self, model: str) -> str:
        """At most 64 names: whoever sends a new one with each request does not fill the memory."""
        name = model[:_MAX_LABEL_CHARS]
        if name in self._models or len(self._models) < _MAX_MODELS:
            self._models.add(name)
            return name
        return _OTHER


class _Machine:
    """What the newest sample knows; what is unknown has no line."""

    def __init__(self, latest: Callable[[], Sample]) -> None:
        self._latest = latest

    def describe(self) -> Iterable[Metric]:
        """Nothing: names are those of `collect`."""
        return []

    def collect(self) -> Iterator[Metric]:
        """One family after another."""
        sample = self._latest()
        info = GaugeMetricFamily("steelyard_build_info", "The version that runs", labels=["version"])
        info.add_metric([__version__], 1)
        yield info
        yield from _gpu_families(sample)
        yield from _host_families(sample)
        yield from _server_families(sample)


def _gpu_families(sample: Sample) -> Iterator[Metric]:
    gauges = (
        ("steelyard_gpu_memory_used_bytes", "GPU memory in use", "used_bytes"),
        ("steelyard_gpu_memory_total_bytes", "GPU memory", "total_bytes"),
        ("steelyard_gpu_utilization_ratio", "Share of the time in which the GPU worked", "utilisation_share"),
        ("steelyard_gpu_power_watts", "Power of the GPU", "power_w"),
        ("steelyard_gpu_temperature_celsius", "Temperature of the GPU", "temperature_c"),
    )
    for name, text, field in gauges:
        family = GaugeMetricFamily(name, text, labels=["gpu", "name"])
        for gpu in sample.gpus:
            value = getattr(gpu, field)
            if value is not None:
                family.add_metric([gpu.id, gpu.name], value)
        yield family
    energy = CounterMetricFamily(
        "steelyard_gpu_energy_joules", "The GPU's own counter", labels=["gpu", "name"]
    )
    for gpu in sample.gpus:
        if gpu.energy_j is not None:
            energy.add_metric([gpu.id, gpu.name], gpu.energy_j)
    yield energy


def _host_families(sample: Sample) -> Iterator[Metric]:
    host = sample.host
    if host is None:
        return
    used = None
    if host.total_bytes is not None and host.available_bytes is not None:
        used = host.total_bytes - host.available_bytes
    gauges = (
        ("steelyard_host_cpu_ratio", "Share of all cores in use", host.cpu_share),
        ("steelyard_host_memory_used_bytes", "Memory in use", used),
        ("steelyard_host_memory_total_bytes", "Memory", host.total_bytes),
        (
            "steelyard_host_memory_pressure_ratio",
            "Share of the time in which tasks waited for memory",
            host.pressure_share,
        ),
        ("steelyard_host_package_power_watts", "Power of the processor", host.package_power_w),
        ("steelyard_power_watts", "Power of all that is metered", sample.power_w),
    )
    for name, text, value in gauges:
        if value is not None:
            yield GaugeMetricFamily(name, text, value=value)


def _server_families(sample: Sample) -> Iterator[Metric]:
    memory = GaugeMetricFamily(
        "steelyard_server_memory_bytes", "Memory of a server", labels=["server", "kind"]
    )
    rate = GaugeMetricFamily(
        "steelyard_server_generation_tokens_per_second", "Tokens of the last second", labels=["server"]
    )
    for server in sample.servers:
        for kind, size in (("ram", server.ram_bytes), ("vram", server.vram_bytes)):
            if size is not None:
                memory.add_metric([server.name, kind], size)
        if server.gen_tps is not None:
            rate.add_metric([server.name], server.gen_tps)
    yield memory
    yield rate
