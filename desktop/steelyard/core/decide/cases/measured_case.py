"""What the ledger knows put into a case: unknown keys are filled, typed ones stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.decide.cases.case_values import value_at, with_value
from steelyard.core.decide.verdict.gates import Evidence as Evidence
from steelyard.core.values.costs import PeoplePart, WorkloadPart

if TYPE_CHECKING:
    from steelyard.core.values.costs import CostProfile, MeasuredInputs, Origin
    from steelyard.core.values.decision import Case


def filled_case(case: Case, measured: MeasuredInputs) -> tuple[Case, Evidence]:
    """The case with what was measured, each value with its origin and a note; the rest stays unknown.

    A measured machine becomes `self.profile`, over which typed keys of [self] go as ever.
    """
    profile = measured.profile
    note = f"{measured.days:.1f} days of the ledger, {measured.runs:,} runs"
    values: dict[str, Any] = {
        f"workload.{name}": getattr(profile.workload, name)
        for name in ("tokens_month", "mix", "cached_share")
    }
    values["workload.peak_to_mean"] = measured.peak_to_mean
    values["workload.duty_share"] = measured.duty_share
    origins: dict[str, Origin] = {}
    notes: dict[str, str] = {}
    for key, value in values.items():
        if value is None or value_at(case, key) is not None:
            continue
        case = with_value(case, key, value)
        origins[key] = profile.origins.get(key, "measured")
        notes[key] = profile.notes.get(key, note)
    machine = _machine(case, profile)
    if case.self_.profile is None and machine is not None:
        case = with_value(case, "self.profile", machine)
        origins["self.profile"] = _profile_origin(machine)
        notes["self.profile"] = f"this machine{f' with {measured.weights}' if measured.weights else ''}"
    filled = msgspec.structs.replace(case, origins={**case.origins, **origins}, notes={**case.notes, **notes})
    return filled, _evidence(measured)


def _machine(case: Case, profile: CostProfile) -> CostProfile | None:
    """The profile without its workload, which the case has; None if nothing else is known."""
    people = PeoplePart() if case.team.fte_share is not None else profile.people
    machine = msgspec.structs.replace(profile, workload=WorkloadPart(), people=people)
    parts = (machine.hardware, machine.energy, machine.people, machine.rent, machine.other, machine.rates)
    is_known = any(value is not None for part in parts for value in msgspec.structs.astuple(part))
    return machine if is_known else None


def _profile_origin(profile: CostProfile) -> Origin:
    """Its sum is only measured if all that is in it is; what costs money was typed."""
    sums = (profile.hardware.capex_usd, profile.rent.usd_month_per_machine, profile.other.usd_month)
    return "measured" if all(value is None for value in sums) else "user"


def _evidence(measured: MeasuredInputs) -> Evidence:
    return Evidence(
        from_ledger=True,
        days=measured.days,
        runs=measured.runs,
        api_ttft_ms=measured.api_ttft_ms,
        local_ttft_ms=measured.local_ttft_ms,
        weights=measured.weights,
        class_shares=measured.class_shares,
    )
