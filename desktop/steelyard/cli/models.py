"""What `models …` prints: documents as the contract has them, tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.cli.show import show_table, size_text
from steelyard.core.base.errors import printable
from steelyard.core.base.units import gib_text
from steelyard.core.values.fit import FitReport
from steelyard.core.values.hub import HubPage, HubRepo, Pulled
from steelyard.core.values.run import ErrorInfo
from steelyard.core.values.weights import Removal, Shelf, VerifyReport, WeightsRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.cli.output import Printer

_SEARCH_KEYS = (
    "repo",
    "downloads",
    "likes",
    "updated_at",
    "gated",
    "licence",
    "parameters",
    "architecture",
    "context_length",
)
_VERDICTS = {
    "fits": "fits the GPU",
    "tight": "fits the GPU, tightly",
    "partial": "fits the GPU in part",
    "cpu": "runs on the CPU",
    "wont_fit": "will not fit",
}


def show_result(action: str, plain: Any, printer: Printer) -> ErrorInfo | None:
    """Print the result of one action; returns the failure that it tells of, if it does."""
    shows: dict[str, Callable[[Any, Printer], ErrorInfo | None]] = {
        "search": _show_search,
        "files": _show_files,
        "fit": _show_fit,
        "pull": _show_pull,
        "list": _show_list,
        "verify": _show_verify,
        "import": _show_import,
        "rm": _show_removal,
    }
    return shows[action](plain, printer)


def _show_search(plain: Any, printer: Printer) -> None:
    page = msgspec.convert(plain, HubPage)
    cells = [
        [
            row.repo,
            _billions(row.parameters),
            row.downloads,
            row.likes,
            row.licence,
            "yes" if row.gated else "",
        ]
        for row in page.results
    ]
    heads = ["REPOSITORY", "PARAMETERS", "DOWNLOADS", "LIKES", "LICENCE", "GATED"]
    document = {"results": [{key: row[key] for key in _SEARCH_KEYS} for row in plain["results"]]}
    printer.document(document, lambda: show_table(heads, cells))


def _show_files(plain: Any, printer: Printer) -> None:
    repo = msgspec.convert(plain, HubRepo)
    keys = ("name", "parts", "size_bytes", "quant", "bits_per_weight", "sha256", "missing_parts", "needs_xet")
    cells = [
        [row.name, row.quant, size_text(row.size_bytes), row.bits_per_weight, row.note or None]
        for row in [*repo.files, *repo.mmproj, *repo.lora]
    ]
    document = {
        "repo": repo.repo,
        "revision": repo.revision,
        "gated": repo.gated,
        "licence": repo.licence,
        **{
            group: [{key: row[key] for key in keys} for row in plain[group]]
            for group in ("files", "mmproj", "lora")
        },
    }
    heads = ["FILE", "QUANT", "SIZE", "BITS/WEIGHT", "NOTE"]
    printer.document(document, lambda: show_table(heads, cells))


def _show_fit(plain: Any, printer: Printer) -> None:
    report = msgspec.convert(plain, FitReport)
    printer.document(plain, lambda: print(_fit_text(report)))


def _fit_text(report: FitReport) -> str:
    layers = ""
    if report.verdict == "partial":
        layers = f" ({report.layers_on_gpu} of {report.layers} layers)"
    parts = ", ".join(
        f"{name} {gib_text(size)}"
        for name, size in (
            ("weights", report.weights_bytes),
            ("KV cache", report.kv_bytes),
            ("compute", report.compute_bytes),
            ("overhead", report.overhead_bytes),
        )
    )
    source = "the engine's projection" if report.basis == "engine" else "formula"
    if report.correction is not None:
        source += f"; last {report.correction.loads} loads: {report.correction.error_share:+.1%}"
    return printable(
        f"{report.name}: {_VERDICTS[report.verdict]}{layers}; {report.reason}\n"
        f"{gib_text(report.total_bytes)} at {report.ctx:,} tokens of context x {report.parallel},"
        f" KV {report.kv_type}: {parts} ({source})"
    )


def _show_pull(plain: Any, printer: Printer) -> None:
    pulled = msgspec.convert(plain, Pulled)
    parts = [f"{size_text(pulled.bytes_fetched)} fetched"]
    if pulled.resumed_from_bytes:
        parts.append(f"{size_text(pulled.resumed_from_bytes)} were there")
    parts.append("verified" if pulled.verified else "the hub names no hash to compare with")
    printer.document(plain, lambda: print(printable(f"{pulled.path}\n{', '.join(parts)}")))


def _show_list(plain: Any, printer: Printer) -> None:
    shelf = msgspec.convert(plain, Shelf)
    cells = [
        [
            row.name,
            row.quant,
            size_text(row.size_bytes),
            row.context_length,
            row.verification,
            row.source,
            row.path,
        ]
        for row in [*shelf.weights, *shelf.mmproj, *shelf.lora]
    ]
    heads = ["NAME", "QUANT", "SIZE", "CONTEXT", "VERIFIED", "SOURCE", "PATH"]

    def text() -> None:
        show_table(heads, cells)
        for bad in shelf.unusable:
            print(printable(f"cannot be used: {bad.reason}"))

    printer.document(plain, text)


def _show_verify(plain: Any, printer: Printer) -> ErrorInfo | None:
    report = msgspec.convert(plain, VerifyReport)

    def text() -> None:
        for bad in report.bad:
            print(
                printable(
                    f"bad: {bad.name}: expected {bad.expected}, found {bad.found or 'nothing readable'}"
                )
            )
        print(f"{report.checked} checked, {len(report.bad)} bad")

    printer.document(plain, text)
    if not report.bad:
        return None
    names = ", ".join(bad.name for bad in report.bad[:3])
    return ErrorInfo(
        title=f"{len(report.bad)} of {report.checked} files are not what they should be",
        detail=names,
        hint="Delete and download them again.",
        retryable=False,
    )


def _show_import(plain: Any, printer: Printer) -> None:
    rows = msgspec.convert(plain, list[WeightsRow])
    names = ", ".join(row.name for row in rows[:5]) + (" and more" if len(rows) > 5 else "")
    printer.document({"weights": plain}, lambda: print(printable(f"added {names}")))


def _show_removal(plain: Any, printer: Printer) -> None:
    removal = msgspec.convert(plain, Removal)
    verb = f"deleted, {size_text(removal.freed_bytes)} freed" if removal.deletes_files else "forgotten"
    printer.document(plain, lambda: print(printable(f"{removal.name}: {verb}. {removal.note}")))


def _billions(count: int | None) -> str | None:
    if count is None:
        return None
    return f"{count / 1e9:.1f} B" if count >= 10**9 else f"{count / 1e6:.0f} M"
