"""A cost profile by dotted keys: reading, changing, laying what was measured over it. No Qt here."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from steelyard.core.values.costs import CostPreset, CostProfile, Origin
    from steelyard.core.values.row import Row

Value = Decimal | int | str | bool | None
_PARTS = ("hardware", "energy", "people", "rent", "other", "rates", "workload")
_PAID = ("people", "rent", "other")
_PAID_KEYS = ("hardware.capex_usd", "hardware.setup_usd", "energy.tariff_usd_per_kwh")
RIVALS = {
    "workload.tokens_month": ("workload.utilisation",),
    "workload.utilisation": ("workload.tokens_month",),
}
"""Keys that stand for each other: who types one means the other no longer."""


def keys_of(profile: CostProfile) -> list[str]:
    """Every key that has a value."""
    keys = [f"{part}.{field}" for part in _PARTS for field in getattr(profile, part).__struct_fields__]
    return [key for key in keys if value_of(profile, key) is not None]


def value_of(profile: CostProfile, key: str) -> Value:
    """The value behind a dotted key."""
    part, name = key.split(".")
    value: Value = getattr(getattr(profile, part), name)
    return value


def origin_of(profile: CostProfile, key: str) -> Origin | None:
    """Where it comes from; None where there is no value."""
    return None if value_of(profile, key) is None else profile.origins.get(key, "user")


def with_value(
    profile: CostProfile, key: str, value: Value, origin: Origin = "user", note: str = ""
) -> CostProfile:
    """The profile with another value; None makes it unknown. What stood for it is forgotten."""
    for rival in RIVALS.get(key, ()) if value is not None else ():
        profile = _replaced(profile, rival, None, "user", "")
    return _replaced(profile, key, value, origin, note)


def has_costs(profile: CostProfile) -> bool:
    """Whether anything is known of what the machine costs; a typed 0 is known."""
    return any(key.split(".")[0] in _PAID or key in _PAID_KEYS for key in keys_of(profile))


def preset_profile(preset: CostPreset) -> CostProfile:
    """What a preset says, each value marked as a preset's."""
    profile = preset.profile
    for key in keys_of(profile):
        if key not in profile.origins:
            profile = _replaced(profile, key, value_of(profile, key), "preset", preset.source)
    return profile


def overlaid(base: CostProfile, measured: CostProfile | None, *, keeps_typed: bool = False) -> CostProfile:
    """What was measured fills what a preset leaves open; it replaces what was typed unless that is kept."""
    if measured is None:
        return base
    kept = {"preset", "user"} if keeps_typed else {"preset"}
    for key in keys_of(measured):
        origins = {origin_of(base, known) for known in (key, *RIVALS.get(key, ()))}
        note = measured.notes.get(key, "")
        # What came from Settings was typed there; the same note says that it was not typed over since.
        if not origins & kept or (note and base.notes.get(key) == note):
            origin = measured.origins.get(key, "measured")
            base = with_value(base, key, value_of(measured, key), origin, note)
    return base


def _replaced(profile: CostProfile, key: str, value: Value, origin: Origin, note: str) -> CostProfile:
    part, name = key.split(".")
    row: Row = getattr(profile, part)
    origins = {known: at for known, at in profile.origins.items() if known != key}
    notes = {known: text for known, text in profile.notes.items() if known != key}
    if value is not None:
        origins[key] = origin
    if note:
        notes[key] = note
    changed = {part: msgspec.structs.replace(row, **{name: value})}
    return msgspec.structs.replace(profile, origins=origins, notes=notes, **changed)
