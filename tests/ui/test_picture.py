"""The picture of a comparison: painted off screen, bounded, from whatever a model wrote."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QImage

from fakes.comparisons import answer, comparison, failed
from steelyard.core.base.errors import AppError
from steelyard.core.compare.export.exporting import export
from steelyard.ui.picture import paint_png


def painted(*answers: object, **changes: object) -> QImage:
    history = comparison(*answers, **changes)  # type: ignore[arg-type]
    image = QImage.fromData(paint_png(export(history, "json").text), "PNG")
    assert not image.isNull()
    return image


def ink(image: QImage) -> int:
    """How many colours a coarse look finds: paper alone has one."""
    return len({image.pixel(x, y) for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)})


def test_a_comparison_is_painted(qapp: object) -> None:
    image = painted()
    assert image.width() > 1_500
    assert ink(image) > 8


def test_a_longer_answer_makes_a_higher_picture_up_to_a_bound(qapp: object) -> None:
    short = painted(answer(0, text="one line"))
    longer = painted(answer(0, text="a paragraph\n\n" * 30))
    huge = painted(
        *[answer(0, id_=f"r{at}", case=at, question=f"q{at}", text="word\n\n" * 50_000) for at in range(5)]
    )
    assert short.height() < longer.height()
    assert huge.height() <= 14_000


@pytest.mark.parametrize(
    "text",
    [
        "![x](file:///etc/hostname) <img src='/etc/hostname'> </td></table><h1>out",
        "a" * 50_000,
        "\u202eright\u202c \x00\x1b[31m",
        "|a|b|\n|-|-|\n" * 200,
        "```\n" * 500,
        "> " * 400 + "deep",
    ],
)
def test_hostile_answers_are_painted(qapp: object, text: str) -> None:
    image = painted(answer(0, text=text, reasoning=text), failed(1, text), title=text, question=text)
    assert image.width() < 4_000
    assert image.height() <= 14_000


def test_what_is_no_export_is_refused(qapp: object) -> None:
    for nonsense in ("", "[]", '{"comparison": 1}', "{"):
        with pytest.raises(AppError, match="no export"):
            paint_png(nonsense)
