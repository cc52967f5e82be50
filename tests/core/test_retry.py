"""Retry-After is read strictly."""

from __future__ import annotations

import pytest

from steelyard.core.targets.retry import backoff_s, retry_after_s

DATE = "Sat, 21 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        (" 12 ", 12.0),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30.0),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0.0),
        (None, None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("²", None),
        ("soon", None),
        ("99999999999999999999", None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after_s(header, DATE) == seconds


def test_an_epoch_in_the_header_is_a_long_wait_not_a_crash() -> None:
    assert retry_after_s("1795262400"[:9], DATE) > 60


def test_backoff_grows() -> None:
    assert backoff_s(1) < backoff_s(2) < backoff_s(3)
