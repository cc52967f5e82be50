"""A flip in words."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from steelyard.core.decide.figures import money_text, number_text, share_text, tokens_text

if TYPE_CHECKING:
    from steelyard.core.values.decision import VerdictWord

WAY_NAMES: dict[VerdictWord, str] = {
    "api": "API",
    "self_host": "self-host",
    "hybrid": "hybrid",
    "managed": "managed open model",
}
_NUMBERS: dict[str, tuple[str, str]] = {
    "workload.tokens_month": ("Volume", "tokens"),
    "workload.peak_to_mean": ("Busiest hour", "times"),
    "workload.cached_share": ("Cached input", "share"),
    "workload.mix": ("Input to output", "text"),
    "api.price_in": ("API price of input", "price"),
    "api.price_out": ("API price of output", "price"),
    "self.fixed_usd_month": ("Fixed costs of a machine", "money"),
    "self.marginal_usd_per_m": ("Electricity of a million tokens", "price"),
    "self.capacity_tokens_month": ("Capacity of a machine", "tokens"),
    "self.redundancy": ("Machines standing there", "times"),
    "self.vram_needed_gib": ("Memory that the weights take", "GiB"),
    "self.vram_gib": ("VRAM of a machine", "GiB"),
    "team.fte_share": ("Posts to run it", "number"),
    "team.salary_usd_year": ("Salary", "money a year"),
    "managed.price_in": ("Managed price of input", "price"),
    "managed.price_out": ("Managed price of output", "price"),
    "managed.usd_month": ("Managed open model", "money"),
    "sensitivity.sensitive_share": ("Sensitive share", "share"),
    "quality.frontier_share": ("Share that needs a frontier model", "share"),
    "constraints.latency_ms": ("Latency limit", "ms"),
    "policy.tie_band": ("Tie band", "share"),
}
_ANSWERS: dict[tuple[str, Any], str] = {
    ("constraints.veto_api", True): "An API is vetoed",
    ("constraints.veto_api", False): "An API is explicitly allowed",
    ("constraints.offline_required", True): "It has to work offline",
    ("constraints.offline_required", False): "It need not work offline",
    ("constraints.privacy", "none"): "Nothing is private",
    ("constraints.privacy", "standard"): "The usual care is enough for privacy",
    ("constraints.privacy", "hard"): "Privacy becomes a hard constraint",
    ("constraints.regime", "none"): "No regime applies",
    ("sensitivity.sensitive_share", 0.0): "Nothing of it is sensitive",
    ("workload.interactive", False): "Nobody waits for the answers",
    ("workload.interactive", True): "Somebody waits for the answers",
    ("quality.needs_frontier", "no"): "No frontier model is needed",
    ("quality.needs_frontier", "some"): "Some of it needs a frontier model",
    ("quality.needs_frontier", "yes"): "All of it needs a frontier model",
    ("quality.fine_tuned_domain", True): "A model tuned to the field is used",
    ("quality.fine_tuned_domain", False): "No tuned model is used",
    ("team.ml_capacity", True): "Somebody can run models",
    ("team.ml_capacity", False): "Nobody can run models",
    ("team.stage", "experimenting"): "Prompts still change daily",
    ("team.stage", "production"): "It is in production",
    ("api.baa", True): "The provider signs a business associate agreement",
    ("api.baa", False): "The provider signs no business associate agreement",
    ("api.zero_retention", True): "The provider keeps nothing",
    ("api.zero_retention", False): "The provider keeps data",
    ("api.region_ok", True): "The provider computes where it must",
    ("api.region_ok", False): "The provider computes elsewhere",
}


def flip_text(key: str, now: Any, to: Any, verdict: VerdictWord, unknown_side: str = "above") -> str:
    """One line such as `Volume above 592.6 M a month (now 50 M): self-host`.

    `unknown_side` is where the other verdict begins if `now` is not known.
    """
    end = f": {WAY_NAMES[verdict]}"
    if key == "policy.default":
        return f"Ties and unknown costs go to {WAY_NAMES[to]}{end}"
    if (key, to) in _ANSWERS and now is None:
        return f"{_ANSWERS[key, to]}{end}"
    if key not in _NUMBERS:
        return f"{_ANSWERS[key, to]}{end}"
    name, unit = _NUMBERS[key]
    shown = number_words(to, unit)
    if now is None:
        return f"{name} {unknown_side} {shown} (not known now){end}"
    if unit == "text":
        return f"{name} {_mix_words(to)} (now {now}){end}"
    if unit == "share" and to in (0, 1):
        return f"{name} {shown} (now {number_words(now, unit)}){end}"
    side = "above" if to > now else "below"
    if unit == "times" and isinstance(to, int):
        return f"{name} {to} times (now {now}){end}"
    return f"{name} {side} {shown} (now {number_words(now, unit)}){end}"


def number_words(value: Any, unit: str) -> str:
    """A number of a case as people read it."""
    number = Decimal(str(value)) if not isinstance(value, str) else Decimal(0)
    match unit:
        case "tokens":
            return f"{tokens_text(number)} a month"
        case "share":
            return share_text(number)
        case "price":
            return f"{money_text(number)} per M"
        case "money":
            return f"{money_text(number)} a month"
        case "money a year":
            return f"{money_text(number)} a year"
        case "times":
            return f"{number_text(number)} times the mean"
        case "ms" | "GiB":
            return f"{number_text(number)} {unit}"
        case _:
            return number_text(number)


def _mix_words(mix: str) -> str:
    """The output part is a long number where a flip was searched."""
    tokens_in, _, tokens_out = mix.partition(":")
    return f"{tokens_in} : {number_text(float(tokens_out))}"
