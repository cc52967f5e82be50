"""The looks of the HTML export: the colours of the app, light or dark as the system is, light on paper."""

from __future__ import annotations

import tomllib

from steelyard.core.base.paths import data_root

SERIES = 5
"""Colours of columns, `--s1` to `--s5`."""


def style_sheet() -> str:
    """The whole sheet; it names nothing outside the file."""
    return (
        f":root{{color-scheme:light dark;{_colours('light')}}}\n"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{_colours('dark')}}}}}\n"
        f"{_resource('export.css')}"
    )


def _colours(theme: str) -> str:
    tokens: dict[str, str] = tomllib.loads(_resource(f"themes/{theme}.toml"))
    return "".join(f"--{name.replace('_', '-')}:{colour};" for name, colour in tokens.items())


def _resource(path: str) -> str:
    return (data_root() / "resources" / path).read_text(encoding="utf-8")
