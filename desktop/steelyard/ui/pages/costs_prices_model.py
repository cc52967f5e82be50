"""The price book as rows of a table, and what stands in its cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.ui.widgets.facts_format import DASH
from steelyard.ui.widgets.models_paint import Chip
from steelyard.ui.widgets.models_text import plain
from steelyard.ui.widgets.table_lines import Column, LinesModel

if TYPE_CHECKING:
    from PySide6.QtGui import QFont

    from steelyard.core.values.price_rows import PriceRow, PriceTier

MODEL, INPUT, OUTPUT, CACHED, WRITE, BATCH, TIERS, SINCE, STATE = range(9)
COLUMNS = (
    Column("Provider / model"),
    Column("Input", "US$ per million tokens of the prompt", is_number=True),
    Column("Output", "US$ per million tokens of the answer, hidden reasoning included", is_number=True),
    Column("Cached", "US$ per million prompt tokens that are read from a cache", is_number=True),
    Column("Write", "US$ per million prompt tokens that are written to a cache", is_number=True),
    Column("Batch in / out", "US$ per million tokens when sent as a batch", is_number=True),
    Column("Long prompts", "From which length on all tokens of a request cost more"),
    Column("Since", "The day from which the price holds, where it is known"),
    Column("", "Whether the price is your own, and whether the model is still offered"),
)
_HALF_RULE = ("anthropic/", "google/", "openai/")


class PricesModel(LinesModel["PriceRow"]):
    """Rows as the engine gave them, sorted by provider and model."""

    def __init__(self, header_font: QFont) -> None:
        super().__init__(header_font, COLUMNS, _key_of, cell_text, cell_tip)


def cell_text(row: PriceRow, column: int) -> str:
    """What stands in a cell."""
    match column:
        case 0:
            return plain(row.model, 120)
        case 5:
            batch = row.batch_input is not None and row.batch_output is not None
            return f"{money(row.batch_input)} / {money(row.batch_output)}" if batch else DASH
        case 6:
            return f"> {_tokens(row.tiers[0].above_tokens)}" if row.tiers else ""
        case 7:
            return row.valid_from or DASH
        case 8:
            return ", ".join(chip.text for chip in chips_of(row))
        case _:
            return money((row.input, row.output, row.cached, row.cache_write)[column - 1])


def cell_tip(row: PriceRow, column: int) -> str:
    """What a cell says on hover: why something is unknown, and what goes with it."""
    match column:
        case 3 if row.cached is None:
            return "No price of its own is known: cached tokens cost the input price."
        case 4 if row.cache_write is None:
            return "No price of its own is known: these tokens cost the input price."
        case 5 if row.batch_input is None:
            return batch_words(row)
        case 6:
            return "\n".join(tier_words(tier) for tier in row.tiers)
        case 7 if row.valid_from is None:
            return "The book does not say since when this price holds."
        case 8:
            return "\n".join(_state_words(row))
        case 0:
            return "\n".join([plain(row.model), plain(row.name), f"Source: {plain(row.source)}"])
        case _:
            return cell_text(row, column)


def chips_of(row: PriceRow) -> list[Chip]:
    """Your own, retired, outgoing."""
    chips = [Chip("yours", "info")] if row.is_override else []
    if row.retired is not None:
        chips.append(Chip("retired" if row.retired.startswith("retired") else "outgoing", "warn"))
    return chips


def money(text: str | None) -> str:
    """A price as a person writes it: `2.50`, `0.0375`; unknown is a dash."""
    if text is None:
        return DASH
    whole, _, decimals = text.partition(".")
    return f"{int(whole):,}.{decimals.rstrip('0').ljust(2, '0')}"


def tier_words(tier: PriceTier) -> str:
    """One tier as a sentence."""
    parts = [("input", tier.input), ("output", tier.output), ("cached", tier.cached)]
    told = ", ".join(f"{what} {money(text)}" for what, text in parts if text is not None)
    return f"A prompt of more than {tier.above_tokens:,} tokens: {told} for all of its tokens."


def batch_words(row: PriceRow) -> str:
    """What is known of batches where there is no price for them."""
    if row.is_override or not row.model.startswith(_HALF_RULE):
        return "No batch price is known."
    return "No batch price in the book; by the vendor's general rule a batch costs half."


def row_words(row: PriceRow) -> str:
    """What a narrow table leaves out, as lines."""
    name = plain(row.name, 80)
    size = f", {_tokens(row.context_window)} tokens of context" if row.context_window else ""
    since = [] if row.is_override or row.valid_from is None else [f"Price since {row.valid_from}."]
    batch = [batch_words(row)] if row.batch_input is None else []
    return "\n".join([name + size, *_state_words(row), *since, *map(tier_words, row.tiers), *batch])


def _state_words(row: PriceRow) -> list[str]:
    own = [f"Your own price: {plain(row.source) or 'no source noted'}."] if row.is_override else []
    gone = [f"{row.retired[:1].upper()}{row.retired[1:]}."] if row.retired else []
    return own + gone


def _tokens(count: int) -> str:
    return f"{count / 1000:,.4g} k" if count >= 1000 else str(count)


def _key_of(row: PriceRow) -> str:
    return row.model
