"""`costs …`: what can be computed from its words alone, what the engine is asked, and what is printed."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.cli.cost_files import case_at, profile_at, show_keys
from steelyard.cli.cost_texts import (
    show_break_even,
    show_curve,
    show_hybrid,
    show_ledger,
    show_payback,
    show_price,
    show_prices,
    show_sensitivity,
    show_tco,
)
from steelyard.cli.outfile import write_file
from steelyard.cli.output import say
from steelyard.core.base.errors import UsageError
from steelyard.core.base.paths import user_path
from steelyard.core.costs.ledger.ledger_csv import ledger_csv
from steelyard.core.costs.machines.break_even import break_even, hybrid, payback
from steelyard.core.costs.machines.curve import curve
from steelyard.core.costs.machines.model import machine_costs
from steelyard.core.costs.machines.profile_file import PROFILE_KEYS
from steelyard.core.costs.machines.tco import tco
from steelyard.core.costs.mix import blended_usd_per_m, parse_mix
from steelyard.core.decide.cases.case_file import CASE_KEYS
from steelyard.core.values import cost_commands as cc
from steelyard.core.values.cost_ledger import CostLedger
from steelyard.core.values.costs import Curve, Sensitivity
from steelyard.core.values.price_rows import PriceBook, PriceBookInfo, PricedTokens

if TYPE_CHECKING:
    import argparse
    from collections.abc import Awaitable, Callable

    from steelyard.cli.output import Printer
    from steelyard.core.values.costs import CostProfile

    Ask = Callable[[cc.CostCommand | cc.DecideCommand], Awaitable[Any]]


async def run_costs(words: argparse.Namespace, printer: Printer, ask: Ask) -> None:
    """Carry out one action. `ask` has the engine execute a command; arithmetic alone needs none.

    Raises:
        AppError: in words for the user.
    """
    match words.action:
        case "break-even":
            _break_even(words, printer)
        case "payback":
            result = payback(words.capex, words.api_usd_month, words.opex_usd_month)
            printer.document(result, lambda: show_payback(result))
        case "hybrid":
            _hybrid(words, printer)
        case "tco":
            _tco(words, printer)
        case "curve":
            _curve(words, printer)
        case _:
            await _with_engine(words, printer, ask)


async def _with_engine(words: argparse.Namespace, printer: Printer, ask: Ask) -> None:
    match words.action:
        case "price":
            await _price(words, printer, ask)
        case "sensitivity":
            await _sensitivity(words, printer, ask)
        case "ledger":
            await _ledger(words, printer, ask)
        case _:
            await _prices(words, printer, ask)


def _break_even(words: argparse.Namespace, printer: Printer) -> None:
    result = break_even(
        words.fixed_usd_month,
        words.price_in,
        words.price_out,
        parse_mix(words.mix),
        marginal_usd_per_m=words.marginal_usd_per_m,
        capacity_tokens_month=words.capacity_tokens_month,
    )
    printer.document(result, lambda: show_break_even(result))


def _hybrid(words: argparse.Namespace, printer: Printer) -> None:
    result = hybrid(
        words.tokens_month,
        words.local_share,
        words.price_in,
        words.price_out,
        parse_mix(words.mix),
        words.fixed_usd_month,
    )
    printer.document(result, lambda: show_hybrid(result))


def _tco(words: argparse.Namespace, printer: Printer) -> None:
    if words.explain:
        show_keys(PROFILE_KEYS, printer)
        return
    result = tco(profile_at(words.profile))
    printer.document(result, lambda: show_tco(result))


def _curve(words: argparse.Namespace, printer: Printer) -> None:
    profile = profile_at(words.profile)
    result = _curve_of(profile, words)
    printer.document(result, lambda: show_curve(result))


def _curve_of(profile: CostProfile, words: argparse.Namespace) -> Curve:
    if profile.workload.mix is None:
        raise UsageError(
            "No line can be drawn", "workload.mix is not in the profile", 'Add mix = "3:1" under [workload].'
        )
    price = blended_usd_per_m(
        words.price_in,
        words.price_out,
        parse_mix(profile.workload.mix),
        cached_share=profile.workload.cached_share or Decimal(0),
        price_cached=words.price_cached,
    )
    return curve(machine_costs(profile), price, words.tokens, words.local_share, words.tie_band)


async def _price(words: argparse.Namespace, printer: Printer, ask: Ask) -> None:
    command = cc.PriceTokens(
        model=words.model,
        input=words.input,
        output=words.output,
        cached=words.cached,
        cache_write=words.cache_write,
        reasoning=words.reasoning,
        batch=words.batch,
        date=words.date,
    )
    priced = msgspec.convert(msgspec.to_builtins(await ask(command)), PricedTokens)
    printer.document(priced, lambda: show_price(priced))


async def _sensitivity(words: argparse.Namespace, printer: Printer, ask: Ask) -> None:
    if words.explain:
        show_keys(CASE_KEYS, printer)
        return
    plain = msgspec.to_builtins(await ask(cc.AnalyseCase(case=case_at(words.case))))
    result = msgspec.convert(plain, Sensitivity)
    printer.document(result, lambda: show_sensitivity(result))


async def _ledger(words: argparse.Namespace, printer: Printer, ask: Ask) -> None:
    command = cc.ReadCostLedger(since=words.since, by=words.by, comparator=words.against)
    ledger = msgspec.convert(msgspec.to_builtins(await ask(command)), CostLedger)
    if words.csv is not None:
        write_file(user_path(words.csv), ledger_csv(ledger).encode())
        say(f"written: {words.csv}")
    printer.document(ledger, lambda: show_ledger(ledger))


async def _prices(words: argparse.Namespace, printer: Printer, ask: Ask) -> None:
    if words.update:
        info = msgspec.convert(msgspec.to_builtins(await ask(cc.UpdatePrices())), PriceBookInfo)
        say(f"price book: {info.name}, {info.date}")
    plain = msgspec.to_builtins(await ask(cc.ReadPrices(query=words.query, limit=words.limit)))
    book = msgspec.convert(plain, PriceBook)
    printer.document(book, lambda: show_prices(book))
