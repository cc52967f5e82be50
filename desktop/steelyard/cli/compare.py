"""Results of `compare …`: documents, text for people, and exported files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

import steelyard
from steelyard.cli import show_compare
from steelyard.cli.outfile import write_file
from steelyard.cli.output import answer_text
from steelyard.cli.prompt_parser import EXPORT_FORMATS
from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.base.files import shown
from steelyard.core.base.paths import user_path
from steelyard.core.values.comparison import (
    Comparison,
    ComparisonHistory,
    ComparisonRow,
    Exported,
    Replay,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from steelyard.cli.output import Printer
    from steelyard.core.values.run import ErrorInfo, Run

_ENDINGS = {"markdown": "md", "htm": "html"}
_PAINT_S = 120.0


def settle_format(words: argparse.Namespace) -> None:
    """Settle `--format` of an export: from the ending of `--out` where it is not given.

    Raises:
        UsageError: the ending says nothing, or a picture was to go to stdout.
    """
    if words.action != "export":
        return
    if words.out == "-":
        words.out = None
    ending = Path(words.out).suffix.lower().removeprefix(".") if words.out is not None else ""
    ending = _ENDINGS.get(ending, ending)
    if words.format is None:
        if words.out is not None and ending not in EXPORT_FORMATS:
            known = ", ".join(EXPORT_FORMATS)
            raise UsageError(
                "Wrong usage", f"{words.out}: its ending tells no format", f"Add --format: {known}."
            )
        words.format = ending or "md"
    if words.format == "png" and words.out is None:
        raise UsageError("Wrong usage", "a picture needs a file", "Add --out FILE.png.")


def show_result(plain: Any, printer: Printer) -> ErrorInfo | None:
    """The document of a comparison; returns the first failure in it."""
    comparison = msgspec.convert(plain, Comparison)
    printer.document({"comparison": plain}, lambda: show_compare.show_comparison(comparison))
    return _first_error(comparison.runs)


def show_stored(words: argparse.Namespace, plain: Any, printer: Printer) -> ErrorInfo | None:
    """The document of `compare ACTION`; returns the failure that it tells of, if it does.

    Raises:
        AppError: an export cannot be written.
    """
    match words.action:
        case "export":
            _export(words, msgspec.convert(plain, Exported), printer)
        case "replay":
            replay = msgspec.convert(plain, Replay)
            printer.document({"replay": plain}, lambda: show_compare.show_replay(replay))
            return _first_error(replay.comparison.runs)
        case "resume":
            return show_result(plain, printer)
        case "list":
            rows = msgspec.convert(plain, list[ComparisonRow])
            printer.document({"comparisons": plain}, lambda: show_compare.show_rows(rows))
        case "show":
            history = msgspec.convert(plain, ComparisonHistory)
            printer.document({"history": plain}, lambda: show_compare.show_history(history))
        case "rm":
            printer.document(
                {"removed": words.id}, lambda: print(f"{words.id} was deleted; its figures and costs stay")
            )
        case _:
            from steelyard.cli import votes

            votes.show_votes(plain, printer)
    return None


def _first_error(runs: Iterable[Run]) -> ErrorInfo | None:
    return next((run.error for run in runs if run.error is not None), None)


def _export(words: argparse.Namespace, exported: Exported, printer: Printer) -> None:
    text = exported.text.encode()
    path = None if words.out is None else user_path(words.out)
    if path is not None:
        _paint(path, text) if words.format == "png" else write_file(path, text)
    document = {
        "format": words.format,
        "path": None if path is None else str(path),
        "bytes": len(text) if path is None else path.stat().st_size,
        "text": exported.text if path is None else None,
    }

    def show() -> None:
        if path is not None:
            print(f"{shown(path)} ({document['bytes']:,} bytes)")
        elif sys.stdout.isatty():
            print(answer_text(exported.text))
        else:  # as bytes: a file is UTF-8 whatever the terminal's encoding is
            sys.stdout.buffer.write(text)

    printer.document({"export": document}, show)


def _paint(path: Path, document: bytes) -> None:
    """In a process of its own: the command line itself knows no Qt."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    sources = str(Path(steelyard.__file__).parents[1])
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (sources, os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", "steelyard.ui.picture", str(path)]
    try:
        done = subprocess.run(
            command, input=document, capture_output=True, timeout=_PAINT_S, env=environment, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise AppError("The picture was not painted", type(exc).__name__, "Export as html instead.") from exc
    if done.returncode != 0:
        why = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        detail = why[0] if why else f"exit code {done.returncode}"
        raise AppError("The picture was not painted", detail, "Export as html instead.")
