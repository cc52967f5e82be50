"""What self-hosting costs: the profile as the user describes it, and what follows from it.

Inputs are decimals, so that they are computed with as they were written. Results carry money as decimal
strings in USD (whole pico-dollars) and tokens as numbers. None is unknown, never 0.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from steelyard.core.values.row import Row

Origin = Literal["measured", "user", "preset", "catalogue"]
"""Where a number comes from; a catalogue's has a date."""
Winner = Literal["api", "self_host", "tie"]


class HardwarePart(Row, frozen=True):
    """Machines that are bought. Prices are of one machine."""

    capex_usd: Decimal | None = None
    setup_usd: Decimal | None = None
    """Installation and migration, written off with the machine."""
    residual_share: Decimal | None = None
    """Of the purchase price, at the end of its life."""
    life_months: Decimal | None = None
    machines: int | None = None


class EnergyPart(Row, frozen=True):
    """Watts of one machine at the wall, with the model loaded."""

    idle_w: Decimal | None = None
    active_prefill_w: Decimal | None = None
    active_decode_w: Decimal | None = None
    tariff_usd_per_kwh: Decimal | None = None
    pue: Decimal | None = None


class PeoplePart(Row, frozen=True):
    """Hours and a rate, or a share of a post."""

    hours_month: Decimal | None = None
    rate_usd: Decimal | None = None
    """An hour, all costs of the employer included."""
    fte_share: Decimal | None = None
    salary_usd_year: Decimal | None = None
    scale_with_machines: bool | None = None


class RentPart(Row, frozen=True):
    """Machines that are rented: billed for each hour of the month, busy or not."""

    usd_month_per_machine: Decimal | None = None


class OtherPart(Row, frozen=True):
    """Rack, network, insurance, licences."""

    usd_month: Decimal | None = None


class RatesPart(Row, frozen=True):
    """What one machine does, all streams together, at the stated concurrency."""

    prompt_tps: Decimal | None = None
    gen_tps: Decimal | None = None
    concurrency: Decimal | None = None
    headroom: Decimal | None = None
    """Share of the time that may be planned with: availability times reserve for peaks."""
    capacity_tokens_month: Decimal | None = None
    """Of one machine, where it is known as a whole; then the rates are not asked."""


class WorkloadPart(Row, frozen=True):
    """What is asked in a month. `mix` is input to output, such as `3:1`; output has reasoning in it."""

    tokens_month: Decimal | None = None
    mix: str | None = None
    cached_share: Decimal | None = None
    """Of the input tokens, found in a prompt cache."""
    reasoning_share: Decimal | None = None
    """Of the output tokens, hidden reasoning."""
    utilisation: Decimal | None = None
    """Of the capacity; stands for `tokens_month`."""


class CostProfile(Row, frozen=True):
    """PROFILE.toml. `origins` and `notes` go by dotted key (`rates.gen_tps`); absent means typed."""

    hardware: HardwarePart = HardwarePart()
    energy: EnergyPart = EnergyPart()
    people: PeoplePart = PeoplePart()
    rent: RentPart = RentPart()
    other: OtherPart = OtherPart()
    rates: RatesPart = RatesPart()
    workload: WorkloadPart = WorkloadPart()
    origins: dict[str, Origin] = {}
    notes: dict[str, str] = {}
    """Such as "30 days of the ledger, 41,860 requests"."""


class MonthlyCosts(Row, frozen=True):
    """A month in USD, as decimal strings; the parts add up to the total."""

    depreciation_usd: str
    energy_usd: str
    people_usd: str
    rent_usd: str
    other_usd: str
    total_usd: str


class Tco(Row, frozen=True):
    """A profile's month. `usd_per_m` is None unless volume, mix and utilisation are known: it means nothing
    without them.
    """

    monthly: MonthlyCosts
    usd_per_m: str | None
    marginal_usd_per_m: str | None
    """Electricity above idle for a million tokens of this mix."""
    fixed_usd_month: str
    """All but what tokens cost: idle electricity is in it."""
    capacity_tokens_month: float | None
    """Of all machines."""
    utilisation: float | None
    """Of that capacity."""
    mix: str | None
    concurrency: float | None
    tokens_month: float | None
    machines: int
    assumptions: list[str] = []
    """What was taken where the profile says nothing."""


class BreakEven(Row, frozen=True):
    """`break_even_tokens_month` None: never, `reason` says why."""

    blended_usd_per_m: str
    break_even_tokens_month: float | None
    utilisation_at_break_even: float | None
    """Above 1: more than the machine can do."""
    reason: str


class Payback(Row, frozen=True):
    """Purchase against the API bill that it replaces; residual value left out."""

    payback_months: float | None
    reason: str


class HybridCost(Row, frozen=True):
    """Part of the tokens local for a fixed sum, the rest to the API."""

    api_usd: str
    hybrid_usd: str
    saving_share: float | None
    break_even_tokens_month: float | None


class CurveRow(Row, frozen=True):
    """One volume. `machines` is what the self-hosted side needs for it."""

    tokens_month: float
    api_usd: str
    self_usd: str
    hybrid_usd: str | None
    machines: int
    winner: Winner


class Crossing(Row, frozen=True):
    """Where one side becomes the cheaper one. `stable_above`: self-hosting stays cheaper from here on."""

    tokens_month: float
    stable_above: bool
    cheaper_above: Literal["api", "self_host"] = "self_host"


class Curve(Row, frozen=True):
    """API line, stepped self-host line, hybrid."""

    rows: list[CurveRow]
    crossings: list[Crossing]


class Bar(Row, frozen=True):
    """One input moved alone. `low` and `high` are its values; money is a decimal string."""

    what: str
    """Dotted key of CASE.toml or PROFILE.toml; `api.price` moves all prices."""
    low: float | str
    high: float | str
    saving_low_usd: str
    saving_high_usd: str
    unit: str = ""


class Sensitivity(Row, frozen=True):
    """Saving of self-hosting against the API, USD a month; bars by their span, widest first."""

    base_usd_month: str
    bars: list[Bar]


class Band(Row, frozen=True):
    """P10, P50 and P90."""

    p10: float
    p50: float
    p90: float


class BandRow(Row, frozen=True):
    """The self-host line's uncertainty at one volume, USD a month."""

    tokens_month: float
    self_usd: Band


class Uncertainty(Row, frozen=True):
    """From draws with a fixed seed: measured parts by their spread, typed ones triangular."""

    draws: int
    share_self_cheaper: float | None
    """At the profile's volume; None without one."""
    saving_usd: Band | None
    break_even: Band | None
    """Tokens a month; None if most draws have none."""
    break_even_share: float
    """Share of the draws that have one within capacity."""
    curve: list[BandRow] = []


class Comparator(Row, frozen=True):
    """An API to compare with. Prices are USD per million tokens; without them `unknown` says why."""

    kind: Literal["configured", "hosted", "passing"]
    """The user's own choice; the same weights hosted elsewhere; the cheapest that passes the user's suite."""
    name: str
    price_in: Decimal | None = None
    price_out: Decimal | None = None
    price_cached: Decimal | None = None
    price_id: str | None = None
    price_date: str | None = None
    origin: Origin = "catalogue"
    is_retired: bool = False
    unknown: str = ""


class AgainstApi(Row, frozen=True):
    """A profile beside one comparator."""

    comparator: Comparator
    api_usd_month: str | None = None
    """At the profile's volume."""
    saving_usd_month: str | None = None
    winner: Winner | None = None
    break_even: BreakEven | None = None
    payback: Payback | None = None
    curve: Curve | None = None
    uncertainty: Uncertainty | None = None
    sensitivity: Sensitivity | None = None


class CostCheck(Row, frozen=True):
    """One of the thirteen typical mistakes. `state` None: it cannot be told from what is known."""

    code: str
    title: str
    state: bool | None
    """True: the mistake is not made."""
    detail: str
    remedy: str = ""


class CostAnalysis(Row, frozen=True):
    """Everything that the Costs page shows of one scenario."""

    tco: Tco
    against: list[AgainstApi]
    table_tokens: list[float] = []
    checks: list[CostCheck] = []


class CostPreset(Row, frozen=True):
    """A cost table of a source as a profile, with what the source says."""

    id: str
    name: str
    quote: str
    source: str
    components: dict[str, str] = {}
    """The source's own lines, USD a month or once."""
    profile: CostProfile = CostProfile()


class CostScenario(Row, frozen=True):
    """A named set of inputs that the user keeps. `comparator` is a target's name or PROVIDER/MODEL."""

    name: str
    id: str = ""
    profile: CostProfile = CostProfile()
    comparator: str | None = None
    hosted: str | None = None
    """PROVIDER/MODEL that offers the same weights."""
    local_share: Decimal | None = None
    """Of the tokens, in the hybrid line."""
    tie_band: Decimal = Decimal("0.10")
    updated_at: str = ""


class MeasuredInputs(Row, frozen=True):
    """What this machine knows by itself, as parts of a profile; `profile.origins` says measured.

    `days` counts the days of the ledger that are behind the workload; below 14 volume is a guess.
    """

    days: float
    runs: int
    profile: CostProfile
    peak_to_mean: Decimal | None = None
    """Busiest hour against the mean hour."""
    duty_share: Decimal | None = None
    """Share of time in which anything was computed here, at most."""
    class_shares: dict[str, float] = {}
    """Of the tokens, by class; "" is unclassified."""
    api_ttft_ms: dict[str, float] = {}
    """Percentile ("50", "95") of the APIs' TTFT; absent where n is too small for it."""
    local_ttft_ms: dict[str, float] = {}
    weights: str | None = None
    """Whose rates these are."""
