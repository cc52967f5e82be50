"""Colours, fonts and icons."""

from __future__ import annotations

import re
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QColor, QFontInfo, QFontMetricsF
from PySide6.QtWidgets import QPushButton, QWidget

import steelyard.ui
from steelyard.ui.theme.icons import render_icon
from steelyard.ui.theme.tokens import Tokens, load_tokens, resources_folder

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from steelyard.ui.theme.theme import Theme

TEXTS = ("text", "text2", "text3", "accent", "good", "warn", "bad", "info")
SURFACES = ("bg", "surface", "raised", "sunken")
STATUSES = ("accent", "good", "warn", "bad", "info")
CODE = ("code_keyword", "code_string", "code_number", "code_comment")


def _luminance(hex_color: str) -> float:
    color = QColor(hex_color)
    parts = [color.redF(), color.greenF(), color.blueF()]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, two: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", ["dark", "light"])
def test_text_can_be_read_on_every_surface(name: str) -> None:
    tokens = asdict(load_tokens(name))
    pairs = [(text, surface) for text in TEXTS for surface in SURFACES]
    pairs += [(status, f"{status}_soft") for status in STATUSES] + [("text", "accent_soft")]
    pairs += [("on_accent", "accent_fill")] + [(code, "sunken") for code in CODE]
    weak = {pair: round(_contrast(tokens[pair[0]], tokens[pair[1]]), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("name", ["dark", "light"])
def test_marks_stand_out_from_the_surface(name: str) -> None:
    tokens = asdict(load_tokens(name))
    marks = ("ctl", "s1", "s2", "s3", "s4", "s5")
    assert {mark for mark in marks if _contrast(tokens[mark], tokens["surface"]) < 3} == set()


def test_every_colour_is_a_colour() -> None:
    for name in ("dark", "light"):
        for field in fields(Tokens):
            assert re.fullmatch(r"#[0-9A-F]{6}", getattr(load_tokens(name), field.name)), (name, field.name)


def test_switching_the_look_recolours_what_is_shown(qtbot: QtBot, theme: Theme) -> None:
    page = QWidget()
    page.setProperty("role", "page")
    button = QPushButton("", page)
    button.resize(80, 40)
    theme.bind_icon(button, "x", "text", 16)
    qtbot.addWidget(page)
    page.resize(200, 100)
    page.show()

    def pixels() -> tuple[str, str]:
        image = page.grab().toImage()
        return image.pixelColor(190, 90).name(), image.pixelColor(10, 20).name()

    dark, dark_icon = pixels(), button.icon().pixmap(16, 16).toImage()
    with qtbot.waitSignal(theme.changed):
        theme.set_mode("light")
    assert dark == (load_tokens("dark").bg.lower(), load_tokens("dark").raised.lower())
    assert pixels() == (load_tokens("light").bg.lower(), load_tokens("light").raised.lower())
    assert button.icon().pixmap(16, 16).toImage() != dark_icon
    assert not theme.is_dark


def test_the_system_decides_when_nothing_is_chosen(theme: Theme) -> None:
    theme.set_mode("light")
    theme.set_mode("system")
    assert theme.mode == "system"
    assert theme.tokens in (load_tokens("dark"), load_tokens("light"))


def test_series_colours_follow_the_columns(theme: Theme) -> None:
    names = [theme.series(column).name().upper() for column in range(5)]
    tokens = theme.tokens
    assert names == [tokens.s1, tokens.s2, tokens.s3, tokens.s4, tokens.s5]


def test_the_shipped_fonts_are_used_and_their_weights_differ(theme: Theme) -> None:
    assert QFontInfo(theme.font()).family().startswith("Inter")
    assert QFontInfo(theme.font(mono=True)).family() == "JetBrains Mono"
    widths = {
        weight: QFontMetricsF(theme.font(20, weight)).horizontalAdvance("Steelyard")
        for weight in (400, 500, 600)
    }
    assert len(set(widths.values())) == 3
    numbers = QFontMetricsF(theme.font(13, tabular=True))
    assert numbers.horizontalAdvance("1111") == numbers.horizontalAdvance("0000")


def test_every_icon_can_be_drawn(theme: Theme) -> None:
    for path in (resources_folder() / "icons").glob("*.svg"):
        image = render_icon(path.stem, "#FFFFFF", 16, 1.0).toImage()
        assert any(image.pixelColor(x, y).alpha() for x in range(16) for y in range(16)), path.name


def test_icons_that_are_used_exist() -> None:
    there = {path.stem for path in (resources_folder() / "icons").glob("*.svg")}
    used: set[str] = set()
    for path in _sources():
        text = path.read_text(encoding="utf-8")
        used |= set(re.findall(r'icon="([a-z0-9-]+)"', text))
        used |= set(re.findall(r'(?:bind_icon|icon|pixmap)\([^()"]*"([a-z0-9-]+)"', text))
    assert used - there - {field.name for field in fields(Tokens)} == set()


def test_assets_stay_small_and_carry_their_licences() -> None:
    root = resources_folder()
    assert all(path.stat().st_size < 1_000_000 for path in root.rglob("*") if path.is_file())
    for licence in ("fonts/Inter-OFL.txt", "fonts/JetBrainsMono-OFL.txt", "icons/LICENSE"):
        assert (root / licence).is_file()


def _sources() -> list[Path]:
    return list(Path(steelyard.ui.__path__[0]).rglob("*.py"))
