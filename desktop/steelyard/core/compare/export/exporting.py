"""A stored comparison as a file for somebody else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from steelyard.core.compare.export.as_csv import to_csv
from steelyard.core.compare.export.as_html import to_html
from steelyard.core.compare.export.as_json import to_json
from steelyard.core.compare.export.as_markdown import to_markdown
from steelyard.core.compare.export.clean import clean
from steelyard.core.compare.export.view import headline
from steelyard.core.values.comparison import Exported

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.values.comparison import ComparisonHistory, ExportFormat

_WRITERS: dict[ExportFormat, tuple[str, Callable[[ComparisonHistory], str]]] = {
    "md": ("text/markdown", to_markdown),
    "json": ("application/json", to_json),
    "csv": ("text/csv", to_csv),
    "html": ("text/html", to_html),
}
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")
_NAME_CHARS = 40


def export(history: ComparisonHistory, form: ExportFormat) -> Exported:
    """The whole comparison in one format, without keys and without what only this machine knows."""
    mime, write = _WRITERS[form]
    shown = clean(history)
    words = _NOT_IN_A_NAME.sub("-", headline(shown).lower())[:_NAME_CHARS].strip("-")
    name = "-".join(part for part in ("comparison", shown.started_at[:10], words) if part)
    return Exported(name=f"{name}.{form}", mime=mime, text=write(shown))
