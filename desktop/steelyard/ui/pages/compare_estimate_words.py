"""What sending would cost, in words. No Qt here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.ui.widgets.facts_format import usd

if TYPE_CHECKING:
    from steelyard.core.values.reports import CostPreview


def estimate_text(preview: CostPreview) -> str:
    """`≤ $0.0002 API · local unpriced`."""
    parts: list[str] = []
    if preview.api_targets:
        if preview.api_usd_max is not None:
            parts.append(f"≤ {usd(preview.api_usd_max).text} API")
        if preview.unpriced:
            parts.append("API cost unknown" if not parts else f"{len(preview.unpriced)} API unpriced")
    if preview.local_targets:
        parts.append("local unpriced")
    return " · ".join(parts)


def estimate_tooltip(preview: CostPreview) -> str:
    """Where the estimate comes from."""
    lines = []
    if preview.api_usd_max is not None and preview.api_targets:
        lines.append("At most: the prompt's size and Max tokens at the prices of the APIs")
    if preview.unpriced:
        lines.append(f"No price is known for {', '.join(preview.unpriced)}: add one in Settings")
    if preview.local_targets:
        lines.append("What a local run costs is measured while it runs")
    return "\n".join(lines)
