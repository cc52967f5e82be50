"""The decision memo: one page of HTML, or the same as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from steelyard.core.decide.memo.memo_clean import shareable
from steelyard.core.decide.memo.memo_content import memo_content
from steelyard.core.decide.memo.memo_page import page

if TYPE_CHECKING:
    from steelyard.core.values.decision import Decision


def memo_html(decision: Decision) -> str:
    """One page (A4 or Letter) that needs nothing else: no script, no network; all text in it is escaped.

    Neither it nor the JSON has keys or folders of this machine in it.
    """
    clean = shareable(decision)
    return page(clean, memo_content(clean))


def memo_json(decision: Decision) -> str:
    """Indented: the decision as `decide --json` has it, and under `memo` what the page says besides."""
    clean = shareable(decision)
    content = memo_content(clean)
    document = {
        "steelyard_memo": 1,
        **msgspec.to_builtins(clean),
        "title": content.title,
        "memo": content,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"
