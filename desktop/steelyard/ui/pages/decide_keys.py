"""Every key of a case: how it is asked, shown and read. No Qt here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from steelyard.ui.widgets.decide_words import VERDICTS, decimal_of, money, percent, plain_number, tokens
from steelyard.ui.widgets.labels import UNKNOWN

if TYPE_CHECKING:
    from steelyard.core.values.decision import Case

Kind = Literal["tokens", "number", "whole", "share", "usd", "yes_no", "choice", "text", "regime", "profile"]
_PARTS = {"self": "self_"}
_SCALES = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9, "g": 10**9, "t": 10**12}
_NUMBER = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(e[+-]?\d{1,3})?([kmbgt]?)")
_GROUPED = re.compile(r"[1-9]\d{0,2}(,\d{3})+(\.\d*)?.?")


@dataclass(frozen=True)
class KeySpec:
    """One key. `noun` names it in a sentence; `yes` says what True means; `choices` are value and word."""

    key: str
    label: str
    kind: Kind
    unit: str = ""
    hint: str = ""
    noun: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    example: str = ""

    @property
    def name(self) -> str:
        """As it is called in a sentence."""
        return self.noun or self.label


@dataclass(frozen=True)
class SectionSpec:
    """Keys that are asked together."""

    title: str
    hint: str
    keys: tuple[KeySpec, ...]


_PRIVACY = (("none", "No limit"), ("standard", "Standard"), ("hard", "Must not leave"))
_METRICS = (("ttft", "First token"), ("e2e", "Whole answer"), ("tpot", "Per token"))
_FRONTIER = (("no", "No"), ("some", "Some"), ("yes", "Yes"))
_STAGES = (("experimenting", "Experimenting"), ("production", "Production"))
_WAYS = (("api", "API"), ("self_host", "Self-host"), ("hybrid", "Hybrid"), ("managed", "Managed"))

SECTIONS = (
    SectionSpec(
        "Workload",
        "Left empty, these come from your ledger once it has 14 days.",
        (
            KeySpec(
                "workload.tokens_month",
                "Tokens a month",
                "tokens",
                "a month",
                noun="Volume",
                example="95.6 M",
            ),
            KeySpec("workload.mix", "Input to output", "text", "in : out", noun="Mix", example="3:1"),
            KeySpec("workload.cached_share", "Cached input", "share", "%", "Of the input, found in a cache."),
            KeySpec(
                "workload.peak_to_mean",
                "Peak to mean",
                "number",
                "times",
                "Busiest hour against the mean hour.",
                example="2.1",
            ),
            KeySpec(
                "workload.duty_share", "Time in use", "share", "%", "Of the month; 100 is around the clock."
            ),
            KeySpec(
                "workload.interactive", "Somebody waits for each answer", "yes_no", noun="Interactive use"
            ),
        ),
    ),
    SectionSpec(
        "Constraints",
        "What must hold whatever it costs. Unknown is never taken for yes.",
        (
            KeySpec("constraints.privacy", "Privacy of the data", "choice", noun="Privacy", choices=_PRIVACY),
            KeySpec(
                "constraints.veto_api", "Legal or policy rules out any API", "yes_no", noun="Veto on APIs"
            ),
            KeySpec("constraints.regime", "Rules that apply", "regime", noun="Regime"),
            KeySpec("constraints.offline_required", "Must work offline", "yes_no", noun="Offline use"),
            KeySpec("constraints.latency_ms", "Latency limit", "number", "ms", example="200"),
            KeySpec(
                "constraints.latency_metric", "Limit is on", "choice", noun="Latency metric", choices=_METRICS
            ),
            KeySpec(
                "constraints.latency_percentile",
                "At percentile",
                "number",
                "",
                "1 to 100; 95 if empty.",
                noun="Latency percentile",
                example="95",
            ),
        ),
    ),
    SectionSpec(
        "Quality and sensitivity",
        "How hard the work is, and how much of it is sensitive.",
        (
            KeySpec(
                "quality.needs_frontier",
                "Needs a frontier model",
                "choice",
                noun="Need of a frontier model",
                choices=_FRONTIER,
            ),
            KeySpec("quality.frontier_share", "Share that needs it", "share", "%", noun="Frontier share"),
            KeySpec(
                "quality.fine_tuned_domain", "A fine-tuned model may do", "yes_no", noun="Fine-tuned domain"
            ),
            KeySpec(
                "sensitivity.sensitive_share",
                "Sensitive share",
                "share",
                "%",
                "Of the tokens, that must not leave.",
            ),
        ),
    ),
    SectionSpec(
        "Team",
        "Who would run it. Their cost comes on top of the machines.",
        (
            KeySpec("team.ml_capacity", "Somebody can run models", "yes_no", noun="ML capacity"),
            KeySpec("team.fte_share", "Share of a post", "share", "%", noun="Share of a post"),
            KeySpec("team.salary_usd_year", "Salary, all costs", "usd", "$ a year", noun="Salary"),
            KeySpec("team.stage", "Stage", "choice", choices=_STAGES),
            KeySpec(
                "team.time_to_market_critical", "Time to market is critical", "yes_no", noun="Time to market"
            ),
        ),
    ),
    SectionSpec(
        "API and its provider",
        "A model of the price book or a target; typed prices go before the book's.",
        (
            KeySpec("api.model", "Model", "text", noun="API model", example="openai/gpt-4o"),
            KeySpec("api.price_in", "Input price", "usd", "$ per M", noun="API input price"),
            KeySpec("api.price_out", "Output price", "usd", "$ per M", noun="API output price"),
            KeySpec("api.baa", "Signs a BAA", "yes_no", noun="Business associate agreement"),
            KeySpec("api.zero_retention", "Keeps no data", "yes_no", noun="Zero retention"),
            KeySpec("api.region_ok", "Stays in an allowed region", "yes_no", noun="Allowed region"),
        ),
    ),
    SectionSpec(
        "Open model, hosted elsewhere",
        "Prices, or one sum a month.",
        (
            KeySpec("managed.price_in", "Input price", "usd", "$ per M", noun="Managed input price"),
            KeySpec("managed.price_out", "Output price", "usd", "$ per M", noun="Managed output price"),
            KeySpec("managed.usd_month", "One sum", "usd", "$ a month", noun="Managed cost"),
        ),
    ),
    SectionSpec(
        "Own machines",
        "Figures of one machine, or a scenario of Costs that they follow from. Typed ones go first.",
        (
            KeySpec("self.profile", "Scenario of Costs", "profile", noun="Hardware profile"),
            KeySpec(
                "self.fixed_usd_month", "Fixed cost", "usd", "$ a month", noun="Fixed cost of own machines"
            ),
            KeySpec(
                "self.marginal_usd_per_m",
                "Electricity",
                "usd",
                "$ per M",
                "Above idle.",
                noun="Marginal cost",
            ),
            KeySpec(
                "self.capacity_tokens_month",
                "Capacity",
                "tokens",
                "a month",
                noun="Capacity",
                example="570 M",
            ),
            KeySpec(
                "self.redundancy", "Redundancy", "whole", "times", "2 doubles the fixed cost.", example="1"
            ),
            KeySpec(
                "self.vram_needed_gib",
                "Memory needed",
                "number",
                "GiB",
                "Of the weights with their KV cache: Models shows it before a download.",
                noun="Memory that the weights take",
                example="5.8",
            ),
            KeySpec(
                "self.vram_gib",
                "VRAM",
                "number",
                "GiB",
                "Of all GPUs of one machine.",
                noun="VRAM of one machine",
                example="24",
            ),
        ),
    ),
    SectionSpec(
        "Policy",
        "What decides when nothing else does.",
        (
            KeySpec("policy.tie_band", "Counts as equal within", "share", "%", noun="Tie band", example="10"),
            KeySpec("policy.default", "In a tie", "choice", noun="Default in a tie", choices=_WAYS),
        ),
    ),
)
KEYS = {spec.key: spec for section in SECTIONS for spec in section.keys}
_DOTTED = re.compile(rf"\b(?:{'|'.join(re.escape(key) for key in sorted(KEYS, key=len, reverse=True))})\b")


def key_name(key: str) -> str:
    """A dotted key in words; the key itself where it is none of a case."""
    if key in KEYS:
        return KEYS[key].name
    last = key.rpartition(".")[2] or key
    return last.replace("_", " ").capitalize()


def in_words(text: str) -> str:
    """A sentence that names keys as CASE.toml does, with the words that the page has for them."""
    return _DOTTED.sub(lambda found: KEYS[found.group()].name, text)


def value_of(case: Case, key: str) -> Any:
    """What a case says of a key; None is unknown."""
    part, _, name = key.partition(".")
    return getattr(getattr(case, _PARTS.get(part, part)), name)


def with_value(case: Case, key: str, value: Any) -> Case:
    """The case with another answer, which is the user's own from now on."""
    part, _, name = key.partition(".")
    part = _PARTS.get(part, part)
    changed = msgspec.structs.replace(getattr(case, part), **{name: value})
    origins = {at: origin for at, origin in case.origins.items() if at != key}
    notes = {at: note for at, note in case.notes.items() if at != key}
    return msgspec.structs.replace(case, **{part: changed}, origins=origins, notes=notes)


def known_keys(case: Case) -> list[str]:
    """The keys that are answered."""
    return [key for key in KEYS if value_of(case, key) is not None]


def value_text(key: str, value: Any) -> str:
    """A value in the words and units of its key; `unknown` for None."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    spec = KEYS.get(key)
    kind = spec.kind if spec is not None else "text"
    if spec is not None and spec.choices:
        return dict(spec.choices).get(str(value), str(value))
    if kind in {"text", "regime"} or decimal_of(value) is None:
        return "set" if kind == "profile" else VERDICTS.get(str(value), str(value))
    return _number_text(kind, spec.unit if spec is not None else "", value)


def field_text(spec: KeySpec, value: Any) -> str:
    """A value as it stands in its field."""
    if value is None:
        return ""
    number = decimal_of(value)
    if number is None or spec.kind == "text":
        return str(value)
    if spec.kind == "tokens":
        return tokens(value) if _is_short(number) else f"{number:f}"
    if spec.kind == "share":
        number *= 100
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def parse(spec: KeySpec, text: str) -> Any:
    """What was typed as a value; None is unknown.

    Raises:
        ValueError: it is no such value; the text says what would be.
    """
    text = text.strip()
    if not text:
        return None
    if spec.kind == "text":
        return text
    number = _parsed(text.removesuffix("%"), spec)
    if spec.kind == "share":
        return number / 100
    return int(number) if spec.kind == "whole" else number


def _parsed(text: str, spec: KeySpec) -> Decimal:
    joined = "".join(text.split()).lower().lstrip("$")
    joined = joined.replace(",", "") if _GROUPED.fullmatch(joined) else joined.replace(",", ".")
    found = _NUMBER.fullmatch(joined)
    example = spec.example or ("20" if spec.kind == "share" else "2.50")
    if found is None or (spec.kind == "whole" and "." in joined):
        raise ValueError(f"Type a number such as {example}, or leave it empty: unknown.")
    digits, exponent, scale = found.groups()
    return Decimal(digits + (exponent or "")) * _SCALES[scale]


def _number_text(kind: str, unit: str, value: Any) -> str:
    match kind:
        case "tokens":
            return f"{tokens(value)} {unit}".strip()
        case "share":
            return percent(value)
        case "usd":
            return f"{money(value)} {unit.removeprefix('$ ')}".strip()
        case _:
            shown = plain_number(value)
            return shown if shown == UNKNOWN or not unit else f"{shown} {unit}"


def _is_short(number: Decimal) -> bool:
    """Whether three digits and a letter say all of it."""
    digits = number.normalize().as_tuple().digits
    return len(digits) <= 3
