"""What the inspector says of one request: from the stored document to texts and figures. No Qt here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.base.errors import printable
from steelyard.ui.widgets.facts_format import DASH, count, duration, energy, memory, rate, usd
from steelyard.ui.widgets.models_text import counted, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steelyard.core.values.telemetry import Inspection

MAX_CHARS = 200_000
SOURCES = {
    "nvml_counter": "by the GPU's energy counter",
    "nvml_power": "by the GPU's power",
    "rapl": "by RAPL",
    "user_watts": "by the watts that were typed in",
}
_PHASES = (
    ("connect", "Connect", "s5"),
    ("tls", "TLS", "s5"),
    ("send", "Send", "s5"),
    ("wait_headers", "Headers", "s2"),
    ("first_token", "First token", "s2"),
    ("stream", "Stream", "s1"),
)


def text_of(value: str | None) -> str:
    """Somebody's text, line breaks kept, without what steers; cut where a widget would choke."""
    shown = "\n".join(printable(line) for line in (value or "").split("\n"))
    if len(shown) <= MAX_CHARS:
        return shown
    return f"{shown[:MAX_CHARS]}\n… {len(shown) - MAX_CHARS:,} more characters; copy as JSON has all of them"


def pretty(value: object) -> str:
    """JSON for reading."""
    return text_of(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def pretty_text(text: str | None) -> str:
    """JSON text for reading; what is none stays as it is."""
    try:
        return pretty(json.loads(text or ""))
    except ValueError:
        return text_of(text)


def as_json(inspection: Inspection) -> str:
    """Everything that is kept, for the clipboard."""
    return json.dumps(msgspec.to_builtins(inspection), indent=2, ensure_ascii=False)


def part(run: Mapping[str, Any], *names: str) -> Any:
    """A value deep in the document; None if any step is missing."""
    value: Any = run
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def title_of(inspection: Inspection) -> str:
    """Which model answered."""
    run = inspection.run
    return plain(part(run, "target", "model") or part(run, "target", "name"), 80) or DASH


def number(run: Mapping[str, Any], *names: str) -> float | None:
    """A number deep in the document; None if it is not there or is none."""
    value = part(run, *names)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def whole(run: Mapping[str, Any], *names: str) -> int | None:
    """A whole number deep in the document."""
    value = number(run, *names)
    return None if value is None else int(value)


def facts(inspection: Inspection) -> list[tuple[str, str, str]]:
    """Label, value and remark of the key figures."""
    return [*_speed(inspection.run), *_price(inspection.run)]


def _speed(run: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    cached = whole(run, "state", "cached_prompt_tokens")
    tokens = [count(whole(run, "usage", name)) for name in ("prompt_tokens", "completion_tokens")]
    gaps = [duration(number(run, "timing", name)).text for name in ("itl_p50_ms", "itl_p95_ms")]
    attempts = whole(run, "timing", "attempts") or 0
    return [
        ("TTFT", duration(number(run, "timing", "ttft_ms")).text, ""),
        ("Generation", rate(number(run, "timing", "gen_tps")).text, ""),
        (
            "Prompt",
            rate(number(run, "timing", "prompt_tps")).text,
            f"{cached:,} tokens cached" if cached else "",
        ),
        ("Tokens", " → ".join(tokens), f"counted by: {plain(part(run, 'usage', 'source'), 20) or 'nobody'}"),
        ("ITL p50 / p95", " / ".join(gaps), ""),
        ("End to end", duration(number(run, "timing", "e2e_ms")).text, counted(attempts, "attempt")),
    ]


def _price(run: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    ended = plain(part(run, "finish_reason"), 40) or DASH
    return [
        ("Energy", energy(number(run, "energy", "joules")).text, _energy_note(run)),
        ("Cost", usd(part(run, "cost", "usd")).text, _cost_note(run)),
        ("VRAM peak", memory(whole(run, "memory", "vram_peak_bytes")).text, ""),
        ("RAM peak", memory(whole(run, "memory", "ram_peak_bytes")).text, ""),
        ("Predicted", memory(whole(run, "memory", "predicted_bytes")).text, "projected before loading"),
        ("Ended by", ended, plain(part(run, "error", "detail"), 300)),
    ]


def _energy_note(run: Mapping[str, Any]) -> str:
    split = [
        f"{word} {energy(joules).text}"
        for name, word in (("prefill_joules", "prefill"), ("decode_joules", "decode"))
        if (joules := number(run, "energy", name)) is not None
    ]
    source = SOURCES.get(str(part(run, "energy", "source")), "")
    parts = [*split, source, plain(part(run, "energy", "note"), 200)]
    share = number(run, "energy", "uncertainty_share")
    if share is not None:
        parts.insert(0, f"± {share:.0%}".replace("%", " %"))
    return "; ".join(text for text in parts if text)


def _cost_note(run: Mapping[str, Any]) -> str:
    basis = part(run, "cost", "basis")
    words = {
        "api_price": "by the API's prices",
        "local_marginal": "electricity only",
        "local_full": "electricity and the machine's share",
        "unknown": "the price is not known",
    }
    date = part(run, "cost", "price_date")
    return words.get(str(basis), "") + (f" of {plain(date, 20)}" if date else "")


def phases(inspection: Inspection) -> list[tuple[str, float, float | None, str]]:
    """Name, begin, length (ms) and colour of each phase, waiting and loading before them."""
    run = inspection.run
    at = 0.0
    found: list[tuple[str, float, float | None, str]] = []
    for name, word, color in (("waited_ms", "Waited", "ctl"), ("load_ms", "Loaded", "info")):
        length = number(run, "timing", name)
        if length:
            found.append((word, at, length, color))
            at += length
    has_phases = isinstance(part(run, "timing", "phases_ms"), dict)
    for name, word, color in _PHASES if has_phases else ():
        length = number(run, "timing", "phases_ms", name)
        if length or name != "tls":
            found.append((word, at, length, color))
            at += length or 0.0
    return found


def samplers(inspection: Inspection) -> str:
    """The samplers in their order, and the values that were asked for.

    The engine writes a question mark before those that are in the chain but change nothing.
    """
    names = [plain(name, 40) for name in inspection.samplers]
    order = "  →  ".join(f"({name[1:]})" if name.startswith("?") else name for name in names)
    has_idle = any(name.startswith("?") for name in names)
    pairs = [f"{plain(str(key), 40)}={plain(str(value), 60)}" for key, value in inspection.sampling.items()]
    brackets = "In brackets: in the chain, but without effect here." if has_idle else ""
    return "\n".join(text for text in (order, brackets, "  ".join(pairs)) if text)


def templated_title(inspection: Inspection) -> str:
    """How long the prompt is, to the byte."""
    size = inspection.templated_bytes
    return "Prompt as templated" if size is None else f"Prompt as templated: {size:,} bytes in UTF-8"


def templated_text(inspection: Inspection) -> str:
    """The prompt as the model read it, or why it is not here."""
    if inspection.templated is not None:
        return text_of(inspection.templated)
    if part(inspection.run, "target", "kind") == "api":
        return "The provider makes it; what was sent to it stands below."
    return "It was not kept for this request."


def messages_text(inspection: Inspection) -> str:
    """The conversation as it was handed in."""
    return text_of(
        "\n\n".join(
            f"[{message.get('role', '?')}]\n{message.get('content', '')}" for message in inspection.messages
        )
    )
