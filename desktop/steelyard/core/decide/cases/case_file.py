"""CASE.toml: what may stand in it, and what contradicts itself."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from steelyard.core.base.errors import UsageError, one_line
from steelyard.core.costs.machines.profile_file import checked_profile
from steelyard.core.costs.mix import parse_mix
from steelyard.core.costs.toml_in import KeyRule, checked_value, read_rows
from steelyard.core.decide.cases.case_values import value_at
from steelyard.core.values.decision import Case

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.values.costs import CostProfile

MAX_TOKENS = Decimal(10) ** 18
MAX_USD = Decimal(10) ** 15
_ZERO, _ONE = Decimal(0), Decimal(1)
_MAX_NAME = 200
_MAX_GIB = Decimal(10**6)
_UNKNOWN = "unknown"


def _money(unit: str, meaning: str, default: str = _UNKNOWN) -> KeyRule:
    return KeyRule(unit, default, meaning, _ZERO, MAX_USD)


def _share(meaning: str, default: str = _UNKNOWN) -> KeyRule:
    return KeyRule("share", default, meaning, _ZERO, _ONE)


def _yes_no(meaning: str) -> KeyRule:
    return KeyRule("", _UNKNOWN, meaning, kind="yes_no")


def _text(meaning: str, *choices: str, default: str = _UNKNOWN) -> KeyRule:
    return KeyRule("", default, meaning, kind="text", choices=choices)


CASE_KEYS: dict[str, KeyRule] = {
    "workload.tokens_month": KeyRule(
        "tokens/month", _UNKNOWN, "input and output tokens of a month", _ZERO, MAX_TOKENS
    ),
    "workload.mix": _text('input to output tokens, such as "3:1"'),
    "workload.cached_share": _share("of the input tokens, found in a prompt cache", "0"),
    "workload.peak_to_mean": KeyRule(
        "ratio", "1 in the costs", "busiest hour against the mean hour", _ONE, Decimal(10_000)
    ),
    "workload.duty_share": _share("of the time in which anything is asked"),
    "workload.interactive": _yes_no("whether somebody waits for the answer; false: latency does not count"),
    "constraints.privacy": _text(
        "hard: the sensitive part must not leave; standard: the usual care", "none", "standard", "hard"
    ),
    "constraints.veto_api": _yes_no("true: nothing may go to an API, whatever it costs"),
    "constraints.regime": _text('a set of duties of the decision book, such as "HIPAA", or "none"'),
    "constraints.latency_ms": KeyRule(
        "ms", _UNKNOWN, "longest time that is allowed; needs latency_metric", _ZERO, Decimal(10**9), True
    ),
    "constraints.latency_metric": _text(
        "ttft: to the first token; e2e: to the last; tpot: from token to token", "ttft", "e2e", "tpot"
    ),
    "constraints.latency_percentile": KeyRule(
        "percent", "95", "of the requests that must hold it, 1 to 100 or as a share below 1", _ZERO,
        Decimal(100), True,
    ),
    "constraints.offline_required": _yes_no("true: it must work without a network"),
    "quality.needs_frontier": _text("how much needs a frontier model", "no", "some", "yes"),
    "quality.fine_tuned_domain": _yes_no("whether a model tuned to the field is used; a claim to be tested"),
    "quality.frontier_share": _share(
        'of the tokens, those that need a frontier model, where needs_frontier is "some"', "0.2 (F1, S79)"
    ),
    "sensitivity.sensitive_share": _share("of the tokens, those that must not leave"),
    "team.ml_capacity": _yes_no("whether there is somebody who can run models"),
    "team.fte_share": KeyRule(
        "posts", "0 in the costs", "work of running it, on top of self.fixed_usd_month", _ZERO, Decimal(1000)
    ),
    "team.salary_usd_year": _money("USD/year", "of one full post, all costs of the employer included"),
    "team.stage": _text("whether prompts still change daily", "experimenting", "production"),
    "team.time_to_market_critical": _yes_no("whether it must be there soon"),
    "api.model": _text('a target or PROVIDER/MODEL of the price book, such as "openai/gpt-4o"'),
    "api.price_in": _money("USD per 1M tokens", "of input; goes before the model's"),
    "api.price_out": _money("USD per 1M tokens", "of output; goes before the model's"),
    "api.baa": _yes_no("whether the provider has signed a business associate agreement"),
    "api.zero_retention": _yes_no("whether the provider keeps nothing"),
    "api.region_ok": _yes_no("whether the provider computes where it must"),
    "managed.price_in": _money("USD per 1M tokens", "an open model hosted by somebody else: input"),
    "managed.price_out": _money("USD per 1M tokens", "the same: output"),
    "managed.usd_month": _money("USD/month", "the same, in place of prices"),
    "self.fixed_usd_month": _money("USD/month", "one machine: hardware or rent, power, upkeep"),
    "self.marginal_usd_per_m": _money("USD per 1M tokens", "electricity above idle", "0"),
    "self.capacity_tokens_month": KeyRule(
        "tokens/month", _UNKNOWN, "of one machine; more are taken where it is not enough", _ONE, MAX_TOKENS
    ),
    "self.redundancy": KeyRule(
        "times", "1", "how often the machines stand there", _ONE, Decimal(10), kind="whole"
    ),
    "self.vram_needed_gib": KeyRule(
        "GiB", _UNKNOWN, "what weights and KV cache take, as `models fit` tells", _ZERO, _MAX_GIB
    ),
    "self.vram_gib": KeyRule("GiB", _UNKNOWN, "what all GPUs of one machine have", _ZERO, _MAX_GIB),
    "self.profile": _text("path of a PROFILE.toml that [self] is computed from; other keys go before it"),
    "policy.tie_band": _share("costs so near to each other are equal", "0.10 (F1, S24)"),
    "policy.default": _text(
        "what is taken if costs are equal or unknown", "api", "self_host", "hybrid", "managed",
        default="api (F1, S29)",
    ),
}  # fmt: skip


def read_case(text: str, read_profile_at: Callable[[str], CostProfile]) -> Case:
    """A case as it is written in TOML; `read_profile_at` reads the file that `self.profile` names.

    Raises:
        UsageError: see `read_rows`; or keys contradict each other.
    """
    case = read_rows(text, Case, "CASE.toml", CASE_KEYS, {"self.profile": read_profile_at})
    return checked_case(case)


def checked_case(case: Case) -> Case:
    """The same case if every value is in its range and none contradicts another.

    Raises:
        UsageError: the key, what is wrong, what to do.
    """
    for key, rule in CASE_KEYS.items():
        value = value_at(case, key)
        if value is None or key == "self.profile":
            continue
        checked_value(key, value, rule)
        if isinstance(value, str) and len(value) > _MAX_NAME:
            raise UsageError(f"{key} is too long", f"{len(value):,} characters", f"At most {_MAX_NAME}.")
    if case.workload.mix is not None:
        _check_mix(case.workload.mix)
    if case.self_.profile is not None:
        checked_profile(case.self_.profile)
    _check_limits(case)
    _check_prices(case)
    _check_people(case)
    return case


def percent_of(percentile: Decimal | None) -> Decimal:
    """A percentile as percent; a share below 1 is one, too, and 95 is meant where none is said."""
    if percentile is None:
        return Decimal(95)
    return percentile * 100 if percentile < 1 else percentile


def _check_mix(text: str) -> None:
    try:
        parse_mix(text)
    except UsageError as exc:
        raise UsageError("workload.mix cannot be used", exc.detail, exc.hint) from exc


def _check_limits(case: Case) -> None:
    if case.constraints.latency_ms is not None and case.constraints.latency_metric is None:
        raise UsageError(
            "constraints.latency_ms says not what is measured",
            f"{case.constraints.latency_ms:f} ms of what?",
            'Add latency_metric = "ttft" (first token), "e2e" (whole answer) or "tpot" (token to token).',
        )
    if case.quality.needs_frontier == "no" and (case.quality.frontier_share or 0) > 0:
        raise UsageError(
            "quality.frontier_share contradicts quality.needs_frontier",
            f'a share of {case.quality.frontier_share:f}, and "no"',
            'Write needs_frontier = "some", or take the share out.',
        )


def _check_prices(case: Case) -> None:
    api, managed = case.api, case.managed
    if api.model is None:
        _check_pair("api", api.price_in, api.price_out, " or name api.model")
    _check_pair("managed", managed.price_in, managed.price_out, "")
    if managed.usd_month is not None and managed.price_in is not None:
        raise UsageError(
            "managed has two prices",
            "managed.usd_month and managed.price_in",
            "Keep the sum a month or the prices per million tokens.",
        )
    if api.model is not None and not api.model.strip():
        raise UsageError("api.model is empty", one_line(repr(api.model)), "Write PROVIDER/MODEL.")


def _check_pair(section: str, price_in: Decimal | None, price_out: Decimal | None, other: str) -> None:
    if (price_in is None) == (price_out is None):
        return
    has, lacks = ("price_in", "price_out") if price_out is None else ("price_out", "price_in")
    raise UsageError(
        f"{section}.{lacks} is missing", f"{section}.{has} alone is no price", f"Add {lacks}{other}."
    )


def _check_people(case: Case) -> None:
    profile = case.self_.profile
    if profile is None or case.team.fte_share is None or case.self_.fixed_usd_month is not None:
        return
    people = profile.people
    if people.hours_month is not None or people.fte_share is not None:
        raise UsageError(
            "People are counted twice",
            "team.fte_share, and [people] in the profile",
            "Keep one of them; team comes on top of the profile.",
        )
