"""The decision book: rules, regimes, industries, classes, checklist, scenarios, and the user's edits."""

from __future__ import annotations

import functools
import math
import tomllib
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec

from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.decide.cases.case_file import read_case
from steelyard.core.decide.cases.case_text import stated
from steelyard.core.values.decision import (
    Case,
    DecisionBook,
    ExampleCase,
    Industry,
    ReadinessItem,
    Regime,
    SourcePreset,
    VerdictWord,
    WorkClass,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from steelyard.core.values.costs import CostProfile
    from steelyard.core.values.decision import PresetEdit
    from steelyard.core.values.settings import DecideSettings

_MAX_BYTES = 1 << 20
GRANTS = {
    "baa": "a signed BAA",
    "zero_retention": "zero retention",
    "region_ok": "a region that is allowed",
}
"""What a provider is asked for: keys of `[api]`, in words."""
_NEEDS_HINT = "A provider can grant: baa, zero_retention, region_ok."
_T = TypeVar("_T")


class _CaseText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    name: str
    source: str
    case: str
    why: str = ""
    text: str = ""
    source_says: VerdictWord | None = None
    notes: dict[str, str] = {}


class _Item(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    text: str
    is_critical: bool
    hours_month: float


class DecisionShelf:
    """The shipped files of one folder. They are read once, when they are first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def book(self, settings: DecideSettings) -> DecisionBook:
        """What to decide with: as shipped, with what the user changed put over it.

        Raises:
            AppError: a shipped file cannot be read.
            UsageError: an edit of the user makes no sense.
        """
        shipped = self._shipped
        for one in settings.regimes:
            if problem := _unknown_needs(one):
                raise UsageError(f"The regime {one.name} cannot be used", problem, _NEEDS_HINT)
        regimes = {one.id: one for one in [*shipped.regimes, *settings.regimes]}
        edits = {one.id: one for one in settings.presets}
        return msgspec.structs.replace(
            shipped,
            presets=[_edited(one, edits.get(one.id)) for one in shipped.presets],
            regimes=list(regimes.values()),
            classes=settings.classes or shipped.classes,
            readiness=[
                msgspec.structs.replace(one, state=settings.readiness.get(one.id))
                for one in shipped.readiness
            ],
        )

    @functools.cached_property
    def _shipped(self) -> DecisionBook:
        regimes = self._rows("regimes.toml", "regime", Regime)
        classes = self._rows("regimes.toml", "class", WorkClass)
        for one in regimes:
            if problem := _unknown_needs(one):
                raise _damaged("regimes.toml", f"{one.id}: {problem}")
        _refuse_strangers(regimes, classes)
        return DecisionBook(
            presets=[_checked(one) for one in self._rows("rules.toml", "preset", SourcePreset)],
            regimes=regimes,
            industries=[
                Industry(id=one.id, name=one.name, case=_case(one), why=one.why, source=one.source)
                for one in self._rows("industries.toml", "industry", _CaseText)
            ],
            classes=classes,
            readiness=[
                ReadinessItem(
                    id=one.id,
                    text=one.text,
                    is_critical=one.is_critical,
                    hours_month=one.hours_month,
                    state=None,
                )
                for one in self._rows("readiness.toml", "item", _Item)
            ],
            scenarios=[_example(one) for one in self._rows("scenarios.toml", "scenario", _CaseText)],
        )

    def _rows(self, name: str, table: str, row_type: type[_T]) -> list[_T]:
        path = self._folder / name
        try:
            with path.open("rb") as file:
                text = file.read(_MAX_BYTES).decode()
            rows = tomllib.loads(text)[table]
            _refuse_unknown_keys(rows, row_type)
            made = msgspec.convert(rows, list[row_type])
        except (OSError, ValueError, KeyError, msgspec.ValidationError) as exc:
            raise _damaged(name, f"[[{table}]]: {exc}") from exc
        _refuse_doubles(name, made)
        return made


def regime_named(regimes: Iterable[Regime], name: str) -> Regime | None:
    """The regime of this id or name, in whatever case it is written."""
    wanted = " ".join(name.split()).casefold()
    return next((one for one in regimes if wanted in (one.id.casefold(), one.name.casefold())), None)


def named_regime(case: Case) -> str | None:
    """The regime that a case names; "none" is an answer, too."""
    name = case.constraints.regime
    return None if name is None or name.strip().casefold() == "none" else name


def _edited(preset: SourcePreset, edit: PresetEdit | None) -> SourcePreset:
    if edit is None:
        return preset
    changed = msgspec.structs.replace(
        preset,
        is_enabled=edit.is_enabled,
        low=preset.low if edit.low is None else edit.low,
        high=preset.high if edit.high is None else edit.high,
    )
    if problem := _problem(changed):
        raise UsageError(
            f"The thresholds of {preset.id} make no sense", problem, "Correct them in Decide, Answers, Rules."
        )
    return changed


def _checked(preset: SourcePreset) -> SourcePreset:
    if problem := _problem(preset):
        raise _damaged("rules.toml", f"{preset.id}: {problem}")
    return preset


def _problem(preset: SourcePreset) -> str:
    low, high = preset.low, preset.high
    for value in (low, high):
        if value is not None and not (math.isfinite(value) and 0 <= value <= 1e18):
            return f"{value} is not a number between 0 and 10^18"
    if high is not None and (low is None or low > high):
        return f"the lower one is {low}, the upper one {high}"
    return ""


def _unknown_needs(regime: Regime) -> str:
    strange = sorted(set(regime.needs) - GRANTS.keys())
    return f"it needs {', '.join(strange)}, which is not asked of providers" if strange else ""


def _case(one: _CaseText) -> Case:
    """Every value of it is the preset's, not the user's."""
    try:
        case = read_case(one.case, _no_profile)
    except UsageError as exc:
        raise _damaged(one.id, exc.one_line()) from exc
    keys = [key for key, _ in stated(case)]
    if strange := one.notes.keys() - set(keys):
        raise _damaged(one.id, f"a note of {', '.join(sorted(strange))}, which the case does not state")
    return msgspec.structs.replace(case, origins=dict.fromkeys(keys, "preset"), notes=one.notes)


def _example(one: _CaseText) -> ExampleCase:
    if one.source_says is None:
        raise _damaged("scenarios.toml", f"{one.id}: no source_says")
    return ExampleCase(
        id=one.id,
        name=one.name,
        text=one.text,
        source_says=one.source_says,
        source=one.source,
        case=_case(one),
    )


def _no_profile(name: str) -> CostProfile:
    raise UsageError("A shipped case names a profile", name)


def _refuse_unknown_keys(rows: Any, row_type: type[Any]) -> None:
    """Rows pass over keys that they do not know; in our own files such a key is a slip."""
    known = {field.encode_name for field in msgspec.structs.fields(row_type)}
    for row in cast("list[dict[str, Any]]", rows):
        if strange := row.keys() - known:
            raise ValueError(f"unknown key {', '.join(sorted(strange))}")


def _refuse_doubles(name: str, rows: list[Any]) -> None:
    seen: set[str] = set()
    for row in rows:
        key = row.name if isinstance(row, WorkClass) else row.id
        if key in seen:
            raise _damaged(name, f"{key} twice")
        seen.add(key)


def _refuse_strangers(regimes: list[Regime], classes: list[WorkClass]) -> None:
    for one in classes:
        if one.regime is not None and regime_named(regimes, one.regime) is None:
            raise _damaged("regimes.toml", f"class {one.name}: no regime {one.regime}")


def _damaged(name: str, detail: str) -> AppError:
    return AppError("A file of the app cannot be used", f"{name}: {detail}", "Set Steelyard up again.")
