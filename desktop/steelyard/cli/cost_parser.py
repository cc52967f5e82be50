"""Words and options of `costs` and `decide`."""

from __future__ import annotations

import argparse
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, get_args

from steelyard.cli.parsing import Parser, count
from steelyard.core.values.cost_ledger import LedgerKey

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_USD = Decimal(10) ** 15
_MAX_TOKENS = Decimal(10) ** 18
_MAX_VOLUMES = 1000
_MAX_CHARS = 64


class _Amount:
    """A decimal type for argparse: computed with as it was written; its limits are named when it refuses."""

    def __init__(self, what: str, high: Decimal, *, above_zero: bool = False) -> None:
        self._what = what
        self._high = high
        self._above_zero = above_zero

    def __call__(self, text: str) -> Decimal:
        value = _decimal(text)
        is_low = value is not None and (value < 0 or (self._above_zero and value == 0))
        if value is None or is_low or value > self._high:
            least = "above 0" if self._above_zero else "0 or more"
            raise argparse.ArgumentTypeError(f"{text!r} is not {self._what}: {least}, at most {self._high:,}")
        return value


def _decimal(text: str) -> Decimal | None:
    try:
        value = Decimal(text) if len(text) <= _MAX_CHARS and text.isascii() and "_" not in text else None
    except InvalidOperation:
        return None
    return value if value is not None and value.is_finite() else None


_USD = _Amount("an amount of US dollars", _MAX_USD)
_TOKENS = _Amount("a number of tokens", _MAX_TOKENS)
_SHARE = _Amount("a share", Decimal(1))


def _volumes(text: str) -> list[Decimal]:
    found = [_Amount("a number of tokens", _MAX_TOKENS, above_zero=True)(part) for part in text.split(",")]
    if len(found) > _MAX_VOLUMES:
        raise argparse.ArgumentTypeError(f"{len(found):,} volumes; {_MAX_VOLUMES:,} are the most")
    return found


def add_costs(commands: argparse._SubParsersAction[Parser]) -> None:  # pyright: ignore[reportPrivateUsage]
    """`costs …`."""
    costs = commands.add_parser("costs", help="prices, ledger, break-even", allow_abbrev=False)
    actions = costs.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=Parser)
    for name, (words, fill) in _ACTIONS.items():
        fill(actions.add_parser(name, help=words, allow_abbrev=False))


def _add_break_even(parser: argparse.ArgumentParser) -> None:
    _money(parser, "--fixed-usd-month", "what the machine costs a month, tokens or not")
    _add_api_prices(parser)
    _add_mix(parser)
    parser.add_argument("--marginal-usd-per-m", type=_USD, default=Decimal(0), metavar="USD")
    parser.add_argument(
        "--capacity-tokens-month",
        type=_Amount("a number of tokens", _MAX_TOKENS, above_zero=True),
        metavar="N",
        help="what the machine can do in a month",
    )


def _add_payback(parser: argparse.ArgumentParser) -> None:
    _money(parser, "--capex", "purchase")
    _money(parser, "--api-usd-month", "the API bill that it replaces")
    _money(parser, "--opex-usd-month", "electricity, people and rent of the machine")


def _add_price(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="PROVIDER/MODEL, a model's name, or an API target")
    tokens = count(0, 10**18)
    parser.add_argument("--input", type=tokens, required=True, metavar="N", help="all prompt tokens")
    parser.add_argument("--output", type=tokens, required=True, metavar="N", help="visible tokens")
    parser.add_argument(
        "--cached", type=tokens, default=0, metavar="N", help="of the input, read from a cache"
    )
    parser.add_argument(
        "--cache-write", type=tokens, default=0, metavar="N", help="of the input, written to a cache"
    )
    parser.add_argument(
        "--reasoning", type=tokens, default=0, metavar="N", help="hidden tokens, besides the output"
    )
    parser.add_argument("--batch", action="store_true", help="at the price of a batch")
    parser.add_argument("--date", metavar="D", help="the price of that day, such as 2025-06-30")


def _add_hybrid(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tokens-month", type=_TOKENS, required=True, metavar="V")
    parser.add_argument("--local-share", type=_SHARE, required=True, metavar="R", help="0 to 1")
    _add_api_prices(parser)
    _add_mix(parser)
    _money(parser, "--fixed-usd-month", "what the local part costs a month")


def _add_tco(parser: argparse.ArgumentParser) -> None:
    _add_file(parser, "profile", "PROFILE.toml")


def _add_curve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("profile", metavar="PROFILE.toml")
    _add_api_prices(parser)
    parser.add_argument("--price-cached", type=_USD, metavar="USD", help="else cached tokens cost the input")
    parser.add_argument("--tokens", type=_volumes, required=True, metavar="N,N,…", help="such as 10e6,100e6")
    parser.add_argument("--local-share", type=_SHARE, metavar="R", help="of a hybrid; without it, none")
    parser.add_argument("--tie-band", type=_SHARE, default=Decimal("0.10"), metavar="S")


def _add_sensitivity(parser: argparse.ArgumentParser) -> None:
    _add_file(parser, "case", "CASE.toml")


def _add_ledger(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", metavar="D", help="a day, such as 2026-11-01")
    parser.add_argument("--by", choices=get_args(LedgerKey), default="target")
    parser.add_argument(
        "--against", metavar="MODEL", help="what local runs would have cost at PROVIDER/MODEL or a target"
    )
    parser.add_argument("--csv", metavar="FILE")


def _add_prices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("query", metavar="WORDS", nargs="?", default="")
    parser.add_argument("--limit", type=count(1, 10_000), default=50, metavar="N")
    parser.add_argument("--update", action="store_true", help="fetch a newer price book first")


_ACTIONS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "break-even": ("the volume from which a machine is cheaper", _add_break_even),
    "payback": ("after how many months a purchase has paid", _add_payback),
    "price": ("what so many tokens cost", _add_price),
    "hybrid": ("part local, part API", _add_hybrid),
    "tco": ("a month of own machines", _add_tco),
    "curve": ("API and own machines over volumes", _add_curve),
    "sensitivity": ("what moves the saving most", _add_sensitivity),
    "ledger": ("what was spent and saved", _add_ledger),
    "prices": ("the price book", _add_prices),
}


def add_decide(commands: argparse._SubParsersAction[Parser]) -> None:  # pyright: ignore[reportPrivateUsage]
    """`decide …`."""
    parser = commands.add_parser(
        "decide",
        help="API, self-hosting or a hybrid",
        usage="steelyard decide [CASE.toml] [OPTIONS] | scenarios | scenario NAME | history [ID]",
        allow_abbrev=False,
    )
    parser.add_argument("words", nargs="*", metavar="CASE.toml", help="or scenarios, scenario NAME, history")
    parser.add_argument("--from-ledger", action="store_true", help="fill in what was measured here")
    parser.add_argument("--memo", metavar="FILE", help="write the memo: .html or .json")
    parser.add_argument("--keep", metavar="TITLE", help="store the verdict under this title, with its date")
    parser.add_argument("--explain", action="store_true", help="unit, default and meaning of every key")


def _money(parser: argparse.ArgumentParser, name: str, words: str) -> None:
    parser.add_argument(name, type=_USD, required=True, metavar="USD", help=words)


def _add_api_prices(parser: argparse.ArgumentParser) -> None:
    _money(parser, "--price-in", "per million input tokens")
    _money(parser, "--price-out", "per million output tokens")


def _add_mix(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--mix", required=True, metavar="IN:OUT", help="input to output tokens, such as 3:1")


def _add_file(parser: argparse.ArgumentParser, name: str, metavar: str) -> None:
    parser.add_argument(name, metavar=metavar, nargs="?")
    parser.add_argument("--explain", action="store_true", help="unit, default and meaning of every key")
