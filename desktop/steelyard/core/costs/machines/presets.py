"""The cost tables of the sources as profiles: `hardware.toml` of the presets' folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.base.errors import AppError
from steelyard.core.costs.machines.profile_file import PROFILE_KEYS, checked_profile
from steelyard.core.costs.toml_in import parsed, rows_of
from steelyard.core.values.costs import CostPreset, CostProfile, Origin
from steelyard.core.values.row import Row

if TYPE_CHECKING:
    from pathlib import Path

_FILE = "hardware.toml"


class _Entry(Row, frozen=True, forbid_unknown_fields=True):
    id: str
    name: str
    quote: str
    source: str
    profile: dict[str, Any]
    components: dict[str, str] = {}  # noqa: RUF012 (msgspec copies it for each instance)
    notes: dict[str, str] = {}  # noqa: RUF012


class _Book(Row, frozen=True, forbid_unknown_fields=True):
    preset: list[_Entry]


def cost_presets(folder: Path) -> list[CostPreset]:
    """All of them, in the order of the file; each number of a profile is marked as a preset's.

    Raises:
        AppError: the file that came with Steelyard cannot be read.
        UsageError: a profile in it is not valid.
    """
    try:
        text = (folder / _FILE).read_bytes().decode()
        book = msgspec.convert(parsed(text, _FILE), _Book)
    except (OSError, UnicodeDecodeError, msgspec.ValidationError) as exc:
        reason = " ".join(str(exc).split())[:200]
        raise AppError("The cost presets cannot be read", reason, "Install Steelyard again.") from exc
    return [_preset(entry) for entry in book.preset]


def _preset(entry: _Entry) -> CostPreset:
    profile = rows_of(entry.profile, CostProfile, f"{_FILE}, {entry.id}", PROFILE_KEYS)
    keys = [f"{section}.{name}" for section, table in entry.profile.items() for name in table]
    origins: dict[str, Origin] = dict.fromkeys(keys, "preset")
    return CostPreset(
        id=entry.id,
        name=entry.name,
        quote=entry.quote,
        source=entry.source,
        components=entry.components,
        profile=checked_profile(msgspec.structs.replace(profile, origins=origins, notes=entry.notes)),
    )
