"""Gates in words, with the source that the rule comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.decide.cases.case_values import value_at
from steelyard.core.decide.figures import number_text, share_text
from steelyard.core.decide.verdict.gates import API_ADDS_MS, frontier_share_of

if TYPE_CHECKING:
    from steelyard.core.decide.verdict.gates import Bar
    from steelyard.core.values.decision import Case, Regime

_GRANTS = {
    "api.baa": "a business associate agreement",
    "api.zero_retention": "zero retention",
    "api.region_ok": "the right region",
}
_SOURCES = {
    "veto_api": "F1, S9",
    "offline_required": "F2, S11",
    "hard_privacy": "F0, S1",
    "regime_unmet": "F1, S8; F2, S13",
    "frontier_needed": "F1 and F2, S53",
    "vram_too_small": "F1, S61",
    "no_ml_capacity": "F1, S66; F2, S69",
}
_METRICS = {"ttft": "first token", "e2e": "whole answer", "tpot": "next token"}


def bar_source(bar: Bar) -> str | None:
    """Where the rule comes from."""
    if bar.code == "latency_unmet":
        return "F0, S39" if bar.is_estimate else "measured TTFT"
    return _SOURCES[bar.code]


def bar_text(bar: Bar, case: Case, regime: Regime | None) -> str:
    """One sentence on what is ruled out and why."""
    match bar.code:
        case "veto_api":
            return 'An API is vetoed, a hard constraint: "if legal says no, that\'s your answer".'
        case "offline_required":
            return "It has to work without a network, so nothing may depend on one."
        case "hard_privacy":
            return _hard_text(bar, case, regime)
        case "regime_unmet":
            return _regime_text(bar, case, regime)
        case "latency_unmet":
            return _latency_text(bar, case)
        case "frontier_needed":
            share = frontier_share_of(case)
            part = "All of it needs" if share == 1 else f"{share_text(share)} of the tokens need"
            return f"{part} a frontier model, which runs at an API only."
        case "vram_too_small":
            return _memory_text(case)
        case _:
            return "Nobody is there to run own machines."


def _memory_text(case: Case) -> str:
    needed, there = case.self_.vram_needed_gib, case.self_.vram_gib
    assert needed is not None  # else nothing would be closed
    assert there is not None
    return (
        f"The weights take {number_text(needed)} GiB and a machine has {number_text(there)} GiB:"
        " take a smaller quant, a shorter context or a larger machine."
    )


def _hard_text(bar: Bar, case: Case, regime: Regime | None) -> str:
    share = case.sensitivity.sensitive_share
    part = "The data" if share is None or share == 1 else f"{share_text(share)} of the tokens"
    why = "privacy is a hard constraint"
    if case.constraints.privacy is None:
        why = "it is called sensitive, and nobody has said that privacy is no hard constraint"
    text = f"{part} must not leave: {why}."
    if regime is None or not regime.needs:
        return text
    if bar.lacks:
        return (
            f'{text} F2 calls self-hosting the "only compliant path"; F1 counts on providers that grant '
            f"{_listed(regime.needs)}, which {regime.name} asks for, and here {_state(bar, case)}."
        )
    return (
        f"{text} The provider grants what {regime.name} asks, but nobody has said that an API is allowed "
        "(constraints.veto_api = false)."
    )


def _regime_text(bar: Bar, case: Case, regime: Regime | None) -> str:
    name = regime.name if regime else "The regime"
    if not bar.lacks:
        return f"{name} asks for grants of the provider; of the host of an open model none is known."
    needs = _listed(regime.needs) if regime else "grants"
    fails = " Unknown counts as no." if bar.is_unanswered else ""
    return f"{name} asks the provider for {needs}, and {_state(bar, case)}.{fails}"


def _state(bar: Bar, case: Case) -> str:
    """What the provider refuses, else what nobody has answered."""
    refused = tuple(key for key in bar.lacks if value_at(case, key) is False)
    names, state = refused or bar.lacks, "not granted" if refused else "not confirmed"
    return f"{_named(names)} {'is' if len(names) == 1 else 'are'} {state}"


def granted_text(regime: Regime) -> str:
    """Why work under a regime may go to the API after all; the sources differ on it."""
    return (
        f"The provider grants {_listed(regime.needs)}, which is what {regime.name} asks. "
        'F1: "providers offer SOC 2 II, BAA, DPA, zero retention, regional endpoints"; '
        'F2: "self-hosting is the only compliant path". '
        "The provider's checklist decides, and you may veto."
    )


def _latency_text(bar: Bar, case: Case) -> str:
    limit = case.constraints.latency_ms
    metric = _METRICS[case.constraints.latency_metric or "ttft"]
    allowed = f"{number_text(limit)} ms to the {metric}" if limit is not None else "The latency limit"
    if bar.measured_ms is not None:
        side = "own machines" if "self_host" in bar.ways else "the API"
        return f"{allowed} allowed, and {side} took {bar.measured_ms:,.0f} ms to the first token."
    return (
        f"{allowed} allowed, and an API adds {API_ADDS_MS[0]} to {API_ADDS_MS[1]} ms before the first token."
    )


def _listed(needs: list[str]) -> str:
    return _named(tuple(f"api.{need}" for need in needs))


def _named(keys: tuple[str, ...]) -> str:
    return " and ".join(_GRANTS.get(key, key) for key in keys)
