"""Keys of a case and their values in words, for memo and changes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from steelyard.core.decide.figures import money_text, number_text, share_text, tokens_text

UNKNOWN = "—"
VERDICTS = {"api": "API", "self_host": "Self-host", "hybrid": "Hybrid", "managed": "Managed"}
PATTERNS = {
    "complexity": "hard work to the API",
    "sensitivity": "what is sensitive stays",
    "environment": "experiments to the API",
    "overflow": "peaks to the API",
}
CONFIDENCE = {
    "clear": "clear",
    "likely": "likely",
    "too_close": "too close to call",
    "provisional": "provisional",
}

_LABELS = {
    "workload.tokens_month": "Tokens a month",
    "workload.mix": "Input to output",
    "workload.cached_share": "Input found in a cache",
    "workload.peak_to_mean": "Peak to mean",
    "workload.duty_share": "Time busy",
    "workload.interactive": "Somebody waits for it",
    "constraints.privacy": "Privacy",
    "constraints.veto_api": "Veto against an API",
    "constraints.regime": "Regime",
    "constraints.latency_ms": "Latency limit, ms",
    "constraints.latency_metric": "Latency is",
    "constraints.latency_percentile": "At percentile",
    "constraints.offline_required": "Has to work offline",
    "quality.needs_frontier": "Needs a frontier model",
    "quality.fine_tuned_domain": "Model tuned to the domain",
    "quality.frontier_share": "Share that needs a frontier model",
    "sensitivity.sensitive_share": "Share that is sensitive",
    "team.ml_capacity": "Somebody can run it",
    "team.fte_share": "Share of a post",
    "team.salary_usd_year": "Salary a year",
    "team.stage": "Stage",
    "team.time_to_market_critical": "Time to market critical",
    "api.model": "API model",
    "api.price_in": "API price, input per M",
    "api.price_out": "API price, output per M",
    "api.price": "API price, blended per M",
    "api.baa": "Provider signs a BAA",
    "api.zero_retention": "Provider keeps nothing",
    "api.region_ok": "Provider's region is allowed",
    "managed.price_in": "Hosted price, input per M",
    "managed.price_out": "Hosted price, output per M",
    "managed.usd_month": "Hosted, a month",
    "self.fixed_usd_month": "One machine, fixed a month",
    "self.marginal_usd_per_m": "Electricity per M tokens",
    "self.capacity_tokens_month": "One machine can do, a month",
    "self.redundancy": "How often it stands there",
    "self.vram_needed_gib": "Weights and KV cache take",
    "self.vram_gib": "VRAM of one machine",
    "self.profile": "Cost profile",
    "hardware.capex_usd": "Machine, purchase",
    "hardware.setup_usd": "Machine, set-up",
    "hardware.residual_share": "Machine, residual value",
    "hardware.life_months": "Machine, life in months",
    "hardware.machines": "Machines",
    "energy.idle_w": "Idle, W",
    "energy.active_prefill_w": "Reading prompts, W",
    "energy.active_decode_w": "Answering, W",
    "energy.tariff_usd_per_kwh": "Electricity per kWh",
    "energy.pue": "PUE",
    "people.hours_month": "People, hours a month",
    "people.rate_usd": "People, per hour",
    "people.fte_share": "People, share of a post",
    "people.salary_usd_year": "People, salary a year",
    "people.scale_with_machines": "People per machine",
    "rent.usd_month_per_machine": "Rent of a machine a month",
    "other.usd_month": "Other costs a month",
    "rates.prompt_tps": "Prompt tokens/s",
    "rates.gen_tps": "Answer tokens/s",
    "rates.concurrency": "At how many streams",
    "rates.headroom": "Planned with, of the time",
    "rates.capacity_tokens_month": "One machine can do, a month",
    "policy.tie_band": "Tie band",
    "policy.default": "A tie goes to",
}
_MONEY = (
    ".usd_month",
    "_usd_month",
    "_usd_year",
    "_usd",
    "_usd_per_m",
    "_usd_per_kwh",
    "usd_month_per_machine",
    ".price",
    ".price_in",
    ".price_out",
)


def label(key: str) -> str:
    """What a dotted key of a case, or of the profile in it, is called."""
    bare = key.removeprefix("self.profile.")
    return _LABELS.get(bare) or bare.replace("_", " ").replace(".", ": ")


def value_text(key: str, value: Any) -> str:
    """A value as people read it; None is an em dash."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal | int | float):
        return _number(key, Decimal(str(value)))
    if key in ("verdict", "policy.default"):
        return VERDICTS.get(value, str(value))
    return CONFIDENCE.get(value, str(value)) if key == "confidence" else str(value)


def _number(key: str, value: Decimal) -> str:
    if key.endswith("tokens_month"):
        return tokens_text(value)
    if key.endswith(_MONEY):
        return money_text(value)
    if key.endswith(("_share", "tie_band", "utilisation", "headroom")):
        return share_text(value)
    return number_text(value)
