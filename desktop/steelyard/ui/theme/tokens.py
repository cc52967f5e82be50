"""Colour tokens of one theme, read from `resources/themes`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from steelyard.core.base.paths import data_root

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Tokens:
    """Hex colours by meaning; both themes have all of them."""

    bg: str
    surface: str
    raised: str
    sunken: str
    line: str
    line2: str
    ctl: str
    text: str
    text2: str
    text3: str
    accent: str
    accent_fill: str
    on_accent: str
    accent_soft: str
    good: str
    good_soft: str
    warn: str
    warn_soft: str
    bad: str
    bad_soft: str
    info: str
    info_soft: str
    s1: str
    s2: str
    s3: str
    s4: str
    s5: str
    code_keyword: str
    code_string: str
    code_number: str
    code_comment: str


def load_tokens(name: str) -> Tokens:
    """The tokens of the theme `dark` or `light`."""
    return Tokens(**tomllib.loads(_resource(f"themes/{name}.toml").read_text(encoding="utf-8")))


def load_style_template() -> str:
    """The style sheet with `${token}` in place of colours."""
    return _resource("style.qss.in").read_text(encoding="utf-8")


def resources_folder() -> Path:
    """Where fonts, icons and themes lie."""
    return data_root() / "resources"


def _resource(path: str) -> Path:
    return resources_folder() / path
