"""`targets …`: from its words to commands, and what it prints."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.cli.inputs import key_environment, stdin_text
from steelyard.cli.show import show_table
from steelyard.core.base.errors import UsageError
from steelyard.core.values import commands as c
from steelyard.core.values.run import ErrorInfo
from steelyard.core.values.targets import ApiPrices, ApiTarget, TargetRow, TargetTest

if TYPE_CHECKING:
    import argparse

    from steelyard.cli.output import Printer
    from steelyard.core.base.paths import Home


def request(words: argparse.Namespace, home: Home) -> c.Command:
    """The command of one action.

    Raises:
        UsageError: prices that do not go together.
    """
    match words.action:
        case "add":
            return _add_request(words)
        case "list":
            return c.ListTargets(environment=key_environment(home))
        case "test":
            return c.TestTarget(name=words.name, environment=key_environment(home))
        case "rm":
            return c.RemoveTarget(name=words.name)
        case _:
            return _key_request(words)


def show_result(words: argparse.Namespace, plain: Any, printer: Printer) -> ErrorInfo | None:
    """Print the result of one action; returns the failure that it tells of, if it does."""
    match words.action:
        case "add":
            _show_added(plain, printer)
        case "list":
            _show_targets(plain, printer)
        case "test":
            return _show_test(plain, printer)
        case "rm":
            printer.document({"removed": words.name}, lambda: print(f"{words.name} was removed"))
        case _:
            _show_key(words.name, plain, printer)
    return None


def _add_request(words: argparse.Namespace) -> c.AddTarget:
    """`targets add`."""
    own = [words.price_in, words.price_out, words.price_cached, words.price_cache_write]
    if words.price_like is not None and any(price is not None for price in own):
        raise UsageError(
            "Two kinds of price were given", hint="Use --price-like or --price-in and --price-out."
        )
    prices = None
    if any(price is not None for price in own):
        if words.price_in is None or words.price_out is None:
            raise UsageError("A price is missing", hint="Give both --price-in and --price-out.")
        prices = ApiPrices(
            input=words.price_in,
            output=words.price_out,
            cached=words.price_cached,
            cache_write=words.price_cache_write,
        )
    return c.AddTarget(
        target=ApiTarget(
            name=words.name,
            url=words.url,
            model=words.model,
            format=words.format,
            key_env=words.key_env,
            prices=prices,
            price_like=words.price_like,
        )
    )


def _key_request(words: argparse.Namespace) -> c.StoreKey:
    """`targets key`: the key comes from stdin, never from the command line."""
    if sys.stdin.isatty():
        import getpass

        return c.StoreKey(target=words.name, key=getpass.getpass(f"Key for {words.name}: "))
    return c.StoreKey(target=words.name, key=stdin_text().strip())


def _show_added(plain: Any, printer: Printer) -> None:
    row = msgspec.convert(plain, TargetRow)
    printer.document({"target": _target_document(row)}, lambda: print(f"{row.name} was added"))


def _show_targets(plain: Any, printer: Printer) -> None:
    rows = msgspec.convert(plain, list[TargetRow])
    cells = [[row.name, row.model, row.url, row.format, row.key] for row in rows]
    printer.document(
        {"targets": [_target_document(row) for row in rows]},
        lambda: show_table(["NAME", "MODEL", "URL", "FORMAT", "KEY"], cells),
    )


def _target_document(row: TargetRow) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(row)
    if row.key == "memory":
        document["key"] = "none"  # it is with the running app only; the contract knows no word for that
    return document


def _show_test(plain: Any, printer: Printer) -> ErrorInfo | None:
    result = msgspec.convert(plain, TargetTest)
    ttft = "—" if result.ttft_ms is None else f"{result.ttft_ms:.0f} ms"
    printer.document(plain, lambda: print(f"ok, TTFT {ttft}" if result.ok else "failed"))
    if result.ok:
        return None
    return ErrorInfo(title=result.error or "The test failed", detail="", hint="", retryable=True)


def _show_key(name: str, kept: Any, printer: Printer) -> None:
    printer.document({"target": name, "stored": kept}, lambda: print(f"the key of {name} is in the {kept}"))
