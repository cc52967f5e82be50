"""The key figures and the bars of the break-even tab, in words."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from steelyard.ui.widgets.cost_figure import KeyFigure
from steelyard.ui.widgets.cost_format import DASH, percent, plain_number, tokens, usd, usd_key, usd_short
from steelyard.ui.widgets.cost_picture import short_name
from steelyard.ui.widgets.cost_tornado import TornadoBar

if TYPE_CHECKING:
    from steelyard.core.values.costs import AgainstApi, Band, Bar, BreakEven, CostAnalysis, Sensitivity, Tco

KINDS = (("configured", "API"), ("hosted", "Same weights hosted"), ("passing", "Cheapest that passes"))
NO_SUITE = "Unknown until a suite has been run: it is the cheapest model that passes your own suite."
_UNNAMED = {"configured": "API", "hosted": "same weights hosted", "passing": "cheapest that passes"}
_NAMES = {
    "api.price": "API price",
    "workload.tokens_month": "Volume",
    "workload.utilisation": "Utilisation",
    "workload.mix": "Mix",
    "workload.cached_share": "Cached input",
    "hardware.capex_usd": "Hardware price",
    "hardware.life_months": "Life",
    "hardware.residual_share": "Residual value",
    "hardware.setup_usd": "Set-up",
    "hardware.machines": "Machines",
    "rent.usd_month_per_machine": "Rent",
    "energy.tariff_usd_per_kwh": "Energy price",
    "energy.idle_w": "Idle power",
    "energy.active_prefill_w": "Power, prompts",
    "energy.active_decode_w": "Power, generation",
    "energy.pue": "PUE",
    "people.hours_month": "People",
    "people.rate_usd": "Hourly rate",
    "people.fte_share": "People",
    "people.salary_usd_year": "Salary",
    "other.usd_month": "Other costs",
    "rates.prompt_tps": "Prompt rate",
    "rates.gen_tps": "Generation rate",
    "self.fixed_usd_month": "Fixed costs",
}
_MOST_BARS = 7


def against_of(analysis: CostAnalysis, kind: str) -> AgainstApi | None:
    """The comparator of this kind."""
    return next((against for against in analysis.against if against.comparator.kind == kind), None)


def key_figures(analysis: CostAnalysis, chosen: AgainstApi, second: AgainstApi | None) -> list[KeyFigure]:
    """The four cards."""
    return [
        self_host(analysis.tco),
        break_even(chosen, analysis.tco, "accent"),
        break_even(second, analysis.tco, "s3") if second is not None else _no_second(),
        at_volume(chosen, analysis.tco),
    ]


def self_host(tco: Tco) -> KeyFigure:
    """What the machine costs a month; a price of a million tokens only with all that it depends on."""
    parts = [
        f"depreciation {usd(tco.monthly.depreciation_usd)}",
        f"electricity {usd(tco.monthly.energy_usd)}",
        f"people {usd(tco.monthly.people_usd)}",
        f"rent {usd(tco.monthly.rent_usd)}",
        f"other {usd(tco.monthly.other_usd)}",
    ]
    why = f"A month: {', '.join(parts)}."
    if tco.assumptions:
        why = f"{why} {' '.join(tco.assumptions)}"
    per_million = usd_per_million(tco)
    below = per_million or _why_no_rate(tco)
    many = f", {tco.machines:,} machines" if tco.machines > 1 else ""
    return KeyFigure(f"Self-host, all-in{many}", usd_key(tco.monthly.total_usd), "per month", below, why=why)


def usd_per_million(tco: Tco) -> str:
    """`$1.66/M at 20 %, mix 3:1, 1 stream`; empty where one of these is not known."""
    if tco.usd_per_m is None or tco.utilisation is None or not tco.mix:
        return ""
    if tco.concurrency is None:
        streams = "streams not stated"
    else:
        streams = "1 stream" if tco.concurrency == 1 else f"{tco.concurrency:g} streams"
    return f"{usd_key(tco.usd_per_m)}/M at {percent(tco.utilisation)}, mix {tco.mix}, {streams}"


def break_even(against: AgainstApi, tco: Tco, tone: str) -> KeyFigure:
    """From which volume on self-hosting is cheaper."""
    comparator = against.comparator
    name = short_name(comparator.name) if comparator.name else _UNNAMED[comparator.kind]
    title = f"Break-even, {name}"
    known = against.break_even
    if known is None:
        why = against.comparator.unknown or "needs a mix and a price"
        below = "not chosen; name one under Comparison" if not comparator.name else why
        return KeyFigure(title, DASH, "", below, "text3", why)
    if known.break_even_tokens_month is None:
        share = known.utilisation_at_break_even
        machine = "this machine" if tco.machines == 1 else "the machines"
        if share is not None and share > 1:
            below = f"needs {percent(share)} of {machine}"
        elif tco.marginal_usd_per_m is not None and _is_dearer(tco.marginal_usd_per_m, known):
            below = "each token costs more here, machine aside"
        else:
            below = known.reason
        return KeyFigure(title, "never", "", below, "s3" if tone == "s3" else "warn", known.reason)
    value, _, unit = tokens(known.break_even_tokens_month).partition(" ")
    used = known.utilisation_at_break_even
    below = f"{percent(used)} utilisation is enough" if used is not None else "capacity not known"
    return KeyFigure(title, f"{value} {unit}".strip(), "tokens per month", below, tone, known.reason)


def _is_dearer(marginal_usd_per_m: str, known: BreakEven) -> bool:
    """Whether running costs alone are those of the API: no volume makes up for that."""
    return Decimal(marginal_usd_per_m) >= Decimal(known.blended_usd_per_m)


def at_volume(against: AgainstApi, tco: Tco) -> KeyFigure:
    """What is saved at the user's own volume, and how sure that is."""
    name = short_name(against.comparator.name)
    title = f"At your volume, {name}"
    if against.saving_usd_month is None:
        why = against.comparator.unknown
        if not why:
            why = "type a volume or utilisation" if tco.tokens_month is None else "needs a mix and a price"
        return KeyFigure(title, DASH, "", why, "text3", why)
    saving = float(against.saving_usd_month)
    chance = against.uncertainty.share_self_cheaper if against.uncertainty is not None else None
    words = [f"P(cheaper) {_chance(chance)}, {chance_word(chance)}"] if chance is not None else []
    if against.winner == "tie":
        words.append("within the tie band")
    unit = "saved a month" if saving >= 0 else "more a month"
    tone = "text" if against.winner == "tie" else "good" if saving > 0 else "warn"
    below = ", ".join(words)
    band = against.uncertainty.saving_usd if against.uncertainty is not None else None
    why = " ".join(part for part in (_band_words(band), _payback_words(against)) if part)
    return KeyFigure(title, usd_key(abs(saving)), unit, below, tone, why)


def _chance(chance: float) -> str:
    """Some thousand draws cannot tell 100 % from nearly so."""
    return "> 99 %" if chance > 0.995 else "< 1 %" if chance < 0.005 else percent(chance)


def chance_word(chance: float) -> str:
    """The verdict words of the decision page: from 90 % clear, from 70 % likely."""
    sure = max(chance, 1 - chance)
    return "clear" if sure >= 0.9 else "likely" if sure >= 0.7 else "too close"


def bars_of(sensitivity: Sensitivity) -> tuple[TornadoBar, ...]:
    """The widest bars."""
    return tuple(
        TornadoBar(
            _NAMES.get(bar.what, bar.what),
            _range(bar),
            float(bar.saving_low_usd),
            float(bar.saving_high_usd),
        )
        for bar in sensitivity.bars[:_MOST_BARS]
        if bar.saving_low_usd != bar.saving_high_usd
    )


def _range(bar: Bar) -> str:
    """`14 % to 40 %`, `28.8 to 43.2 months`."""
    low, high = _end(bar, bar.low), _end(bar, bar.high)
    unit = "" if low[:1] in "$-" or low.endswith("%") or bar.what.endswith(".tokens_month") else bar.unit
    return f"{low} to {high} {unit}".strip()


def _end(bar: Bar, value: float | str) -> str:
    if isinstance(value, str) and not _is_number(value):
        return value
    number = float(value)
    name = bar.what.rsplit(".", 1)[-1]
    if "share" in name or "share" in bar.unit or name in {"utilisation", "headroom"}:
        return percent(number)
    if name == "tokens_month":
        return tokens(number)
    if "usd" in name or bar.unit.startswith("USD"):
        return usd_short(number)
    return f"{number:,.4g}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _why_no_rate(tco: Tco) -> str:
    missing = [
        word
        for word, value in (
            ("volume", tco.tokens_month),
            ("mix", tco.mix),
            ("speed", tco.capacity_tokens_month),
        )
        if value is None
    ]
    return f"no price per token without {' and '.join(missing)}" if missing else ""


def _no_second() -> KeyFigure:
    why = "name the same weights hosted elsewhere, under Comparison"
    return KeyFigure("Break-even, second API", DASH, "", why, "text3", why)


def _payback_words(against: AgainstApi) -> str:
    if against.payback is None:
        return ""
    months = against.payback.payback_months
    when = "Never paid back" if months is None else f"Paid back in {months:,.1f} months"
    return f"{when}: {against.payback.reason}" if against.payback.reason else f"{when}."


def _band_words(band: Band | None) -> str:
    if band is None:
        return ""
    return f"Saving, P10 to P90: {usd(band.p10)} to {usd(band.p90)}, middle {usd(band.p50)} a month."


def days_words(days: float, runs: int) -> str:
    """`30 days of your ledger, 41,860 requests`."""
    whole = round(days)
    many = "less than a day" if whole < 1 else "1 day" if whole == 1 else f"{plain_number(whole)} days"
    return f"{many} of your ledger, {runs:,} request{'' if runs == 1 else 's'}"
