"""argparse as this command line uses it: errors that can be told as any other, numbers with limits."""

from __future__ import annotations

import argparse
import contextlib
from typing import NoReturn

from steelyard.core.base.errors import UsageError


class Parser(argparse.ArgumentParser):
    """Raises where argparse would exit."""

    def error(self, message: str) -> NoReturn:
        """Wrong usage becomes an error like any other, so that `--json` keeps its promise."""
        raise UsageError("Wrong usage", message, f"See `{self.prog} --help`.")


class _Bounded:
    """A number type for argparse that names its limits when it refuses."""

    def __init__(self, low: float, high: float, *, is_whole: bool) -> None:
        self._low = low
        self._high = high
        self._is_whole = is_whole

    def __call__(self, text: str) -> float | int:
        kind = "a whole number" if self._is_whole else "a number"
        value = None
        if text.isascii() and "_" not in text:  # Python itself would take 1_000 and Arabic digits
            with contextlib.suppress(ValueError):
                value = int(text) if self._is_whole else float(text)
        if value is None or not self._low <= value <= self._high:
            raise argparse.ArgumentTypeError(f"{text!r} is not {kind} from {self._low:,} to {self._high:,}")
        return value


def count(low: int, high: int) -> _Bounded:
    """Whole numbers from `low` to `high`."""
    return _Bounded(low, high, is_whole=True)


def number(low: float, high: float) -> _Bounded:
    """Numbers from `low` to `high`."""
    return _Bounded(low, high, is_whole=False)
