"""PROFILE.toml and CASE.toml as this process reads them, and what `--explain` prints of their keys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.cli.inputs import MAX_FILE_BYTES, read_file
from steelyard.cli.show import show_table
from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.base.paths import user_path
from steelyard.core.costs.machines.profile_file import read_profile
from steelyard.core.costs.toml_in import explain
from steelyard.core.decide.cases.case_file import read_case

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steelyard.cli.output import Printer
    from steelyard.core.costs.toml_in import KeyRule
    from steelyard.core.values.costs import CostProfile
    from steelyard.core.values.decision import Case


def profile_at(path: str | None) -> CostProfile:
    """The profile of a file.

    Raises:
        UsageError: there is no file, or it cannot be used.
    """
    text = _text(path, "PROFILE.toml")
    try:
        return read_profile(text)
    except AppError as exc:
        raise UsageError(exc.title, f"{path}: {exc.detail}", exc.hint) from exc


def case_at(path: str | None) -> Case:
    """The case of a file; a profile that it names is looked for beside it.

    Raises:
        UsageError: there is no file, or one of them cannot be used.
    """
    text = _text(path, "CASE.toml")
    folder = user_path(path or "").parent
    try:
        return read_case(text, lambda name: profile_at(str(folder / Path(name).expanduser())))
    except AppError as exc:
        raise UsageError(exc.title, f"{path}: {exc.detail}", exc.hint) from exc


def show_keys(keys: Mapping[str, KeyRule], printer: Printer) -> None:
    """Unit, default and meaning of every key."""
    lines = explain(keys)
    names = ("key", "unit", "default", "meaning")
    document = {"keys": [dict(zip(names, line, strict=True)) for line in lines]}
    printer.document(
        document,
        lambda: show_table(["KEY", "UNIT", "DEFAULT", "MEANING"], [list(line) for line in lines]),
    )


def _text(path: str | None, what: str) -> str:
    if path is None:
        raise UsageError("Wrong usage", f"a {what} is missing", "`--explain` prints the keys of such a file.")
    try:
        return read_file(path, MAX_FILE_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise UsageError(f"Not a {what}", f"{path} is no UTF-8 text", "Save it as UTF-8.") from exc
