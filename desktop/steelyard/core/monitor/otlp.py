"""The metrics as OTLP/HTTP JSON, pushed to a collector on this machine every 10 s, if that is asked for."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2

from steelyard import __version__
from steelyard.core.base.hosts import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client import CollectorRegistry, Metric
    from prometheus_client.samples import Sample as Point

_PERIOD_S = 10.0
_TIMEOUT_S = 5.0
_PATH = "/v1/metrics"
_CUMULATIVE = 2
_MAX_PORT = 65_535
# What Prometheus' spelling hides: the names of the conventions, and their units.
_NAMES = {
    "gen_ai_server_time_to_first_token_seconds": ("gen_ai.server.time_to_first_token", "s"),
    "gen_ai_server_time_per_output_token_seconds": ("gen_ai.server.time_per_output_token", "s"),
    "gen_ai_client_token_usage": ("gen_ai.client.token.usage", "{token}"),
}
_LABELS = {
    "gen_ai_operation_name": "gen_ai.operation.name",
    "gen_ai_provider_name": "gen_ai.provider.name",
    "gen_ai_request_model": "gen_ai.request.model",
    "gen_ai_token_type": "gen_ai.token.type",
}

_log = logging.getLogger(__name__)


class OtlpPusher:
    """Pushes while a URL is set; a collector that does not answer is told once, and tried again."""

    def __init__(
        self,
        url: Callable[[], str | None],
        registry: Callable[[], CollectorRegistry],
        note: Callable[[str], None],
        period_s: float = _PERIOD_S,
    ) -> None:
        self._url = url
        self._registry = registry
        self._note = note
        self._period_s = period_s
        self._began_ns = time.time_ns()
        self._said: str | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look whether there is something to push to."""
        self._task = asyncio.create_task(self._live())

    async def stop(self) -> None:
        """Push no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _live(self) -> None:
        while True:
            await asyncio.sleep(self._period_s)
            url = self._url()
            if url:
                await self._push(url)

    async def _push(self, url: str) -> None:
        problem = refusal(url)
        if problem is None:
            document = otlp_document(self._registry(), self._began_ns, time.time_ns())
            # No proxy and no redirect: what is meant for this machine does not leave it.
            try:
                async with httpx2.AsyncClient(trust_env=False, timeout=_TIMEOUT_S) as client:
                    answer = await client.post(_endpoint(url), json=document)
                problem = None if answer.is_success else f"it answered {answer.status_code}"
            except (httpx2.HTTPError, OSError, ValueError) as exc:
                problem = str(exc) or type(exc).__name__
        if problem is not None and problem != self._said:
            _log.warning("metrics are not exported: %s", problem)
            self._note(f"Metrics are not exported to the collector: {problem}")
        self._said = problem


def refusal(url: str) -> str | None:
    """Why a URL is not pushed to; None if it is."""
    try:
        parsed = httpx2.URL(url)  # by the reading that is used to send
    except (httpx2.InvalidURL, ValueError):
        return "its address is none"
    if (parsed.port or 0) > _MAX_PORT:
        return "its address is none"
    if parsed.scheme not in ("http", "https") or not is_loopback(parsed.host.lower()):
        return "its address is not on this machine"
    return None


def otlp_document(registry: CollectorRegistry, began_ns: int, now_ns: int) -> dict[str, Any]:
    """An ExportMetricsServiceRequest in OTLP's JSON encoding (64-bit integers are strings)."""
    stamps = {"startTimeUnixNano": str(began_ns), "timeUnixNano": str(now_ns)}
    metrics = [_metric(family, stamps) for family in registry.collect() if family.samples]
    scope = {"name": "steelyard", "version": __version__}
    resource = {"attributes": _attributes({"service.name": "steelyard", "service.version": __version__})}
    return {
        "resourceMetrics": [{"resource": resource, "scopeMetrics": [{"scope": scope, "metrics": metrics}]}]
    }


def _metric(family: Metric, stamps: dict[str, str]) -> dict[str, Any]:
    name, unit = _NAMES.get(family.name, (family.name, ""))
    head = {"name": name, "description": family.documentation, "unit": unit}
    if family.type == "histogram":
        points = _histogram_points(family.samples, stamps)
        return {**head, "histogram": {"dataPoints": points, "aggregationTemporality": _CUMULATIVE}}
    wanted = [point for point in family.samples if not point.name.endswith("_created")]
    numbers = [
        {**stamps, "attributes": _attributes(point.labels), "asDouble": point.value} for point in wanted
    ]
    if family.type == "counter":
        total = {"dataPoints": numbers, "aggregationTemporality": _CUMULATIVE, "isMonotonic": True}
        return {**head, "sum": total}
    return {**head, "gauge": {"dataPoints": numbers}}


def _histogram_points(samples: list[Point], stamps: dict[str, str]) -> list[dict[str, Any]]:
    """Prometheus counts what lies below a bound, OTLP what lies between two."""
    found: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for sample in samples:
        labels = {key: value for key, value in sample.labels.items() if key != "le"}
        point = found.setdefault(
            tuple(sorted(labels.items())),
            {**stamps, "attributes": _attributes(labels), "explicitBounds": [], "bucketCounts": []},
        )
        if sample.name.endswith("_bucket"):
            below = sum(int(count) for count in point["bucketCounts"])
            point["bucketCounts"].append(str(int(sample.value) - below))
            if sample.labels["le"] != "+Inf":
                point["explicitBounds"].append(float(sample.labels["le"]))
        elif sample.name.endswith("_count"):
            point["count"] = str(int(sample.value))
        elif sample.name.endswith("_sum"):
            point["sum"] = sample.value
    return list(found.values())


def _attributes(labels: dict[str, str]) -> list[dict[str, Any]]:
    return [{"key": _LABELS.get(key, key), "value": {"stringValue": value}} for key, value in labels.items()]


def _endpoint(url: str) -> str:
    return url if urlsplit(url).path.strip("/") else url.rstrip("/") + _PATH
