"""The files of a repository as rows that a person can choose from. Pure."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from steelyard.core.base.errors import AppError
from steelyard.core.gguf.quants import quant_in_name, typical_bits
from steelyard.core.gguf.split_sets import part_of
from steelyard.core.hub.safe_names import why_no_file_name
from steelyard.core.values.hub import HubFileRow

if TYPE_CHECKING:
    from steelyard.core.hub.client import RemoteFile
    from steelyard.core.values.weights import WeightsKind

DEFAULT_QUANT = "Q4_K_M"
_LEAST_BITS = 4.0
_MAX_NAMED = 6
# What people report of quants, in the words of a choice; bounds in bits per weight.
_NOTES = (
    (2.4, "very strong loss; only to see whether it runs"),
    (3.4, "noticeable loss"),
    (4.2, "some loss"),
    (5.3, "little loss, the usual choice"),
    (7.0, "hardly any loss"),
    (9.0, "as good as the original"),
    (99.0, "the original's own precision"),
)


def file_rows(files: list[RemoteFile], parameters: int | None) -> list[HubFileRow]:
    """All GGUF files, smallest first: split sets joined, names that cannot be files left out."""
    sets: dict[str, list[RemoteFile]] = {}
    for file in files:
        if file.name.lower().endswith(".gguf") and not why_no_file_name(file.name):
            part = part_of(file.name)
            sets.setdefault(part.set_name if part else file.name, []).append(file)
    rows = [_row(name, parts, parameters) for name, parts in sets.items()]
    return sorted((row for row in rows if row is not None), key=lambda row: (row.size_bytes, row.name))


def _row(name: str, files: list[RemoteFile], parameters: int | None) -> HubFileRow | None:
    ordered = sorted(files, key=lambda file: file.name)
    sizes = [file.size_bytes for file in ordered if file.size_bytes is not None]
    if len(sizes) < len(ordered):
        return None  # without a size nothing about it can be promised
    part = part_of(ordered[0].name)
    present = {file.name for file in ordered}
    missing = [wanted for wanted in part.file_names() if wanted not in present] if part else []
    kind = kind_by_name(name)
    quant = quant_in_name(PurePosixPath(name).name) or quant_in_name(name)
    bits = None if not parameters or kind != "model" or missing else sum(sizes) * 8 / parameters
    return HubFileRow(
        name=name,
        parts=[file.name for file in ordered],
        size_bytes=sum(sizes),
        quant=quant,
        bits_per_weight=None if bits is None else round(bits, 3),
        sha256=ordered[0].sha256 if len(ordered) == 1 and part is None else None,
        kind=kind,
        missing_parts=missing,
        needs_xet=any(file.needs_xet for file in ordered),
        note=_note(typical_bits(quant) or bits) if kind == "model" else "",
    )


def kind_by_name(name: str) -> WeightsKind:
    """What a file is by the customs of naming; its header knows better, once there is one."""
    file_name = PurePosixPath(name).name.lower()
    if "mmproj" in file_name:
        return "mmproj"
    is_adapter = "lora" in file_name.replace("-", ".").replace("_", ".").split(".") or "adapter" in file_name
    return "lora" if is_adapter else "model"


def _note(bits: float | None) -> str:
    return next((words for bound, words in _NOTES if bits is not None and bits <= bound), "")


def chosen_row(repo: str, rows: list[HubFileRow], *, file: str | None, quant: str | None) -> HubFileRow:
    """The row that `org/repo/file`, `org/repo:QUANT` or `org/repo` means.

    Raises:
        AppError: none, or more than one.
    """
    if file is not None:
        found = [row for row in rows if row.name == file or file in row.parts]
    elif quant is not None:
        found = _of_quant(rows, quant)
    else:
        models = [row for row in rows if row.kind == "model" and not row.missing_parts]
        found = _of_quant(models, DEFAULT_QUANT) or (models and [min(models, key=_default_order)])
    if len(found) == 1:
        return found[0]
    wanted = f"{repo}/{file}" if file is not None else f"{repo}:{quant}" if quant else repo
    if not found:
        names = [row.quant or row.name for row in rows if row.kind == "model"]
        more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
        there = f"it has {', '.join(names[:_MAX_NAMED])}{more}" if names else f"{repo} has no GGUF file"
        raise AppError(f"{wanted} is not there", there, f"`steelyard models files {repo}` lists them.")
    raise AppError(
        f"{wanted} means more than one file",
        ", ".join(row.name for row in found),
        f"Give the file: {repo}/{found[0].name}",
    )


def _of_quant(rows: list[HubFileRow], quant: str) -> list[HubFileRow]:
    wanted = quant.upper()
    models = [row for row in rows if row.kind == "model"] or rows
    exact = [row for row in models if row.quant == wanted]
    return exact or [row for row in models if (row.quant or "").removeprefix("UD-") == wanted]


def _default_order(row: HubFileRow) -> tuple[bool, int]:
    """The smallest of at least four bits; where all have fewer, the smallest."""
    return is_under_four_bits(row.quant, row.bits_per_weight), row.size_bytes


def is_under_four_bits(quant: str | None, bits_per_weight: float | None = None) -> bool:
    """Whether a quant is too strong to be taken unasked; one that is not known counts as such."""
    return (typical_bits(quant) or bits_per_weight or 0.0) < _LEAST_BITS
