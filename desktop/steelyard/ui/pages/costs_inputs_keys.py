"""The numbers of a cost profile as the inputs card asks for them. No Qt here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from steelyard.ui.widgets.cost_format import grouped_number

_GROUPED = re.compile(r"[1-9]\d{0,2}(,\d{3})+(\.\d*)?")
_SCALED = re.compile(r"(.*?)\s*([kmbt])", re.IGNORECASE)
_SCALES = {"k": Decimal("1e3"), "m": Decimal("1e6"), "b": Decimal("1e9"), "t": Decimal("1e12")}
MOST_CHARS = 60
_MEASURED_DIGITS = 4


@dataclass(frozen=True)
class Field:
    """One number. What is shown is the stored value times `factor`; `help` says what to type."""

    key: str
    name: str
    unit: str
    help: str
    factor: Decimal = Decimal(1)
    is_whole: bool = False


@dataclass(frozen=True)
class InputRow:
    """Numbers that belong together, under one label."""

    label: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Group:
    """Rows that can be folded away together."""

    key: str
    title: str
    rows: tuple[InputRow, ...]


_PERCENT = Decimal(100)
_MILLIONTH = Decimal("1e-6")

HARDWARE = Group(
    "hardware",
    "Hardware",
    (
        InputRow(
            "Price and set-up, each",
            (
                Field("hardware.capex_usd", "Hardware price", "$", "What one machine costs to buy."),
                Field("hardware.setup_usd", "Set-up", "$ once", "Installation, written off with it."),
            ),
        ),
        InputRow(
            "Life and residual value",
            (
                Field("hardware.life_months", "Life", "months", "How long it serves."),
                Field(
                    "hardware.residual_share",
                    "Residual value",
                    "% left",
                    "Of the price, at the end of its life.",
                    _PERCENT,
                ),
            ),
        ),
        InputRow(
            "Machines and rent of each",
            (
                Field("hardware.machines", "Machines", "in all", "How many you have or rent.", is_whole=True),
                Field(
                    "rent.usd_month_per_machine",
                    "Rent",
                    "$/month",
                    "Billed for every hour of the month, busy or not.",
                ),
            ),
        ),
    ),
)
ENERGY = Group(
    "energy",
    "Electricity",
    (
        InputRow(
            "Energy price and PUE",
            (
                Field("energy.tariff_usd_per_kwh", "Energy price", "$/kWh", "What a kWh costs you."),
                Field("energy.pue", "PUE", "PUE", "1 at home; a data centre needs 1.2 to 1.6 for cooling."),
            ),
        ),
        InputRow(
            "Idle power",
            (
                Field(
                    "energy.idle_w",
                    "Idle power",
                    "W at the wall",
                    "With the model loaded and nobody asking.",
                ),
            ),
        ),
        InputRow(
            "Active power: prompt, generation",
            (
                Field("energy.active_prefill_w", "Power while reading prompts", "W", "At the wall."),
                Field("energy.active_decode_w", "Power while generating", "W", "At the wall."),
            ),
        ),
    ),
)
HOURS = InputRow(
    "Hours a month, US$ an hour",
    (
        Field("people.hours_month", "Hours", "h/month", "Operation, updates, on-call."),
        Field("people.rate_usd", "Rate", "$/h", "All costs of the employer included."),
    ),
)
POST = InputRow(
    "Share of a post, US$ a year",
    (
        Field("people.fte_share", "Share of a post", "% FTE", "50 is half a post.", _PERCENT),
        Field("people.salary_usd_year", "Salary", "$/year", "All costs of the employer included."),
    ),
)
OTHER = InputRow(
    "Everything else",
    (Field("other.usd_month", "Other costs", "$/month", "Rack, network, insurance, licences."),),
)
SPEED = Group(
    "rates",
    "Speed and capacity",
    (
        InputRow(
            "Throughput, prompt and generation",
            (
                Field("rates.prompt_tps", "Prompt rate", "tok/s", "All streams of one machine together."),
                Field("rates.gen_tps", "Generation rate", "tok/s", "All streams of one machine together."),
            ),
        ),
        InputRow(
            "At so many streams, with headroom",
            (
                Field("rates.concurrency", "Streams at once", "streams", "At which the rates were measured."),
                Field(
                    "rates.headroom",
                    "Plannable share of time",
                    "% usable",
                    "Availability times reserve for peaks; 70 is usual, empty counts as 100.",
                    _PERCENT,
                ),
            ),
        ),
        InputRow(
            "Or the capacity of one machine, if known",
            (
                Field(
                    "rates.capacity_tokens_month",
                    "Capacity of one machine",
                    "M tokens/month",
                    "In place of the rates.",
                    _MILLIONTH,
                ),
            ),
        ),
    ),
)
VOLUME = Field(
    "workload.tokens_month",
    "Volume",
    "M tokens/month",
    "Input and output together; 95.6, or 1.2B.",
    _MILLIONTH,
)
CACHED = InputRow(
    "Cached and reasoning",
    (
        Field("workload.cached_share", "Cached input", "% of input", "Found in a prompt cache.", _PERCENT),
        Field(
            "workload.reasoning_share",
            "Hidden reasoning",
            "% of output",
            "Tokens that are billed but not read.",
            _PERCENT,
        ),
    ),
)


def all_fields() -> list[Field]:
    """Every number that is typed."""
    groups = (HARDWARE, ENERGY, SPEED)
    rows = [row for group in groups for row in group.rows] + [HOURS, POST, OTHER, CACHED]
    return [field for row in rows for field in row.fields] + [VOLUME]


def parsed(text: str, field: Field) -> Decimal | int | None:
    """What was typed as the value that is stored; an empty text is unknown.

    `1,500`, `0,15` and `1.2B` are understood. Whether the value makes sense is the core's to say.

    Raises:
        ValueError: not a number.
    """
    plain = "".join(text.split())
    if not plain:
        return None
    scale = Decimal(1)
    found = _SCALED.fullmatch(plain)
    if found is not None:
        plain, scale = found[1], _SCALES[found[2].lower()]
    plain = plain.replace(",", "") if _GROUPED.fullmatch(plain) else plain.replace(",", ".")
    try:
        number = Decimal(plain)
    except InvalidOperation as exc:
        raise ValueError("not a number") from exc
    if not number.is_finite() or len(plain) > MOST_CHARS or abs(number.adjusted()) > MOST_CHARS:
        raise ValueError("not a number")
    stored = number * scale if found is not None else number / field.factor
    if field.is_whole:
        if stored != stored.to_integral_value():
            raise ValueError("not a whole number")
        return int(stored)
    return stored


def shown(value: object, field: Field) -> str:
    """The stored value as it stands in its field."""
    return grouped_number(value, field.factor) if isinstance(value, Decimal | int) else ""


def shown_short(value: object, field: Field) -> str:
    """A measured value with as many digits as matter; it is computed with as it was measured."""
    if not isinstance(value, Decimal) or not value:
        return shown(value, field)
    return shown(Decimal(f"{value:.{_MEASURED_DIGITS}g}"), field)


def mix_of_share(output_share: float) -> str:
    """`3:1` of a quarter of output tokens; shares are whole hundredths."""
    part_out = max(0, min(100, round(output_share * 100)))
    for size in (1, 2, 4, 5, 10, 20, 25, 50):
        each = 100 // size
        if part_out % each == 0:
            return f"{size - part_out // each}:{part_out // each}"
    return f"{100 - part_out}:{part_out}"


def share_of_mix(mix: str | None) -> float | None:
    """The output's share of all tokens; None where the mix says nothing."""
    try:
        first, second = (Decimal(part.strip()) for part in (mix or "").split(":"))
        both = first + second
        return float(second / both) if first >= 0 and second >= 0 and both > 0 else None
    except (ValueError, ArithmeticError):
        return None
