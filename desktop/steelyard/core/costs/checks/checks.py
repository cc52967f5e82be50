"""The thirteen typical mistakes of a comparison of costs, each judged by what the user's own figures say.

Named in domain report 2, "Typical mistakes to guard". True: the mistake is not made; False: it is being made;
None: what is known does not tell. Where the model itself rules a mistake out, the check says so.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from steelyard.core.costs.checks.api_checks import (
    judged,
    list_price_only,
    quant_vs_full,
    reasoning_ignored,
    stale_price,
    tokenizer_differs,
)
from steelyard.core.costs.exact import MONTH_H, exact
from steelyard.core.costs.mix import parse_mix
from steelyard.core.costs.wording import percent_words, usd_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.core.values.costs import Comparator, CostCheck, CostProfile, Tco

BUSY_LIMIT = Decimal("0.7")
"""Of the time; above it requests queue, and peaks have no room (domain report 2, headroom)."""
HEADROOM_LIMIT = Decimal("0.9")


@exact()
def cost_checks(
    profile: CostProfile, tco: Tco, comparators: Sequence[Comparator], today: date | None = None
) -> list[CostCheck]:
    """All thirteen, in the order of the report. `today` (UTC's, if not given) tells how old a price is."""
    day = today or datetime.now(UTC).date()
    return [
        no_people(profile, tco),
        full_utilisation(profile, tco),
        rent_scaled(profile),
        output_rate_for_all(profile),
        batch_peak_for_single(profile, tco),
        tokenizer_differs(comparators),
        reasoning_ignored(profile, comparators),
        list_price_only(profile, comparators),
        quant_vs_full(comparators),
        no_idle_power(profile),
        stale_price(comparators, day),
        gib_gb(),
        failed_calls(profile),
    ]


def no_people(profile: CostProfile, tco: Tco) -> CostCheck:
    """Mistake 1: a machine that nobody looks after."""
    code, title = "no_people", "People's time is counted"
    people = profile.people
    if all(given is None for given in (people.hours_month, people.fte_share)):
        return judged(
            code,
            title,
            False,
            "No hours and no share of a post are given, so set-up, updates and repairs cost nothing here.",
            "Type hours a month under People; 0 if it really takes none.",
        )
    usd = Decimal(tco.monthly.people_usd)
    detail = f"People cost {usd_words(usd)} a month." if usd else "You said that it takes nobody's paid time."
    return judged(code, title, True, detail)


def full_utilisation(profile: CostProfile, tco: Tco) -> CostCheck:
    """Mistake 2: a machine that is planned to be busy all the time."""
    code, title = "full_utilisation", "Not planned at full load"
    headroom = profile.rates.headroom
    if headroom is not None and headroom > HEADROOM_LIMIT:
        return judged(
            code,
            title,
            False,
            f"{percent_words(headroom)} of all hours are planned: hardly any is left for peaks and repairs.",
            "Type 0.7 as headroom, unless the work can wait at any hour.",
        )
    if tco.utilisation is None:
        return judged(
            code,
            title,
            None,
            "How busy the machine is cannot be told without both a volume and a capacity.",
            "Type tokens a month and both rates, or utilisation.",
        )
    busy = Decimal(repr(tco.utilisation)) * (headroom or 1)
    if busy > BUSY_LIMIT:
        return judged(
            code,
            title,
            False,
            f"Busy {percent_words(busy)} of all hours; above {percent_words(BUSY_LIMIT)} requests queue.",
            "Plan one machine more, or less volume for each.",
        )
    reserve = (
        "" if headroom else " The curve fills a machine to 100 % before it adds one: headroom 0.7 is usual."
    )
    return judged(
        code, title, True, f"Your volume keeps the machine busy {percent_words(busy)} of all hours.{reserve}"
    )


def rent_scaled(profile: CostProfile) -> CostCheck:
    """Mistake 3: rent for the busy hours only."""
    code, title = "rent_scaled", "Rent is billed for every hour"
    rent = profile.rent.usd_month_per_machine
    if not rent:
        detail = "Nothing is rented here; a bought machine is written off by the month, busy or not."
        return judged(code, title, True, detail)
    billed = f"{usd_words(rent)} a month for each machine is billed whatever the load"
    hourly = f"over {MONTH_H} hours that is {usd_words(rent / MONTH_H)} an hour"
    return judged(code, title, True, f"Cannot happen here: {billed}; {hourly}.")


def output_rate_for_all(profile: CostProfile) -> CostCheck:
    """Mistake 4: all tokens at the output's price, or at generation speed."""
    code, title = "output_rate_for_all", "Input and output are told apart"
    workload, rates = profile.workload, profile.rates
    if workload.mix is None:
        return judged(code, title, None, "Without a mix no token is priced.", "Type the mix, such as 3:1.")
    mix = parse_mix(workload.mix)
    if mix.input_share == 0:
        detail = f"The mix {mix.text} takes every token as output, the dear and slow kind."
        return judged(code, title, False, detail, "Type input to output tokens, such as 3:1.")
    if rates.capacity_tokens_month is not None:
        detail = f"The capacity was typed as a whole; whether it holds for {mix.text} cannot be told."
        return judged(code, title, None, detail, "Type both rates instead of the capacity.")
    if mix.output_share == 0:
        return judged(code, title, True, f"Nothing is generated by your mix {mix.text}: only prompts count.")
    if rates.gen_tps is None:
        return judged(code, title, None, "No generation rate is known, so no capacity.", "Type both rates.")
    if rates.prompt_tps is None or rates.prompt_tps == rates.gen_tps:
        said = "Only the generation rate is known" if rates.prompt_tps is None else "Both rates are the same"
        detail = f"{said}, {rates.gen_tps:f} tok/s; prompts are read much faster than answers are made."
        return judged(code, title, False, detail, "Type the prompt rate of its own, or measure it in Models.")
    return judged(code, title, True, f"Prices and rates are weighted by your mix {mix.text}.")


def batch_peak_for_single(profile: CostProfile, tco: Tco) -> CostCheck:
    """Mistake 5: the throughput of many streams beside the latency of one."""
    code, title = "batch_peak_for_single", "Rates fit the way it is used"
    rates = profile.rates
    if rates.gen_tps is None:
        return judged(
            code, title, None, "No generation rate is known.", "Type the rates and their concurrency."
        )
    if rates.concurrency is None and profile.origins.get("rates.gen_tps") != "measured":
        detail = f"{rates.gen_tps:f} tok/s is taken as the rate of one stream; you did not say of how many."
        return judged(code, title, None, detail, "Type the concurrency at which the rates hold.")
    streams = rates.concurrency or Decimal(1)
    if streams <= 1:
        return judged(code, title, True, f"{rates.gen_tps:f} tok/s is what one stream gets.")
    each = f"{rates.gen_tps / streams:.3g} tok/s for one user"
    shared = f"{rates.gen_tps:f} tok/s of {streams:f} streams is about {each}"
    in_flight = None if tco.utilisation is None else tco.utilisation * float(streams)
    if in_flight is not None and in_flight < 1:
        detail = (
            f"{shared}, and your volume has {in_flight:.2g} requests in flight on average, not {streams:f}."
        )
        return judged(code, title, False, detail, "Type the rates at concurrency 1.")
    detail = f"{shared}; whether that is quick enough is not known here."
    return judged(code, title, None, detail, "State a latency in Decide, or measure the levels in Models.")


def no_idle_power(profile: CostProfile) -> CostCheck:
    """Mistake 10: electricity for the busy hours only."""
    code, title = "no_idle_power", "Idle power is counted"
    energy, owns = profile.energy, bool(profile.hardware.capex_usd)
    if energy.idle_w and energy.tariff_usd_per_kwh is not None:
        kwh = energy.idle_w / 1000 * MONTH_H
        detail = f"{energy.idle_w:f} W idle is {kwh:,.1f} kWh a month for each machine, asked or not."
        return judged(code, title, True, detail)
    if profile.rent.usd_month_per_machine and not owns and energy.idle_w is None:
        return judged(code, title, True, "The machine is rented: its electricity is in the rent.")
    if energy.idle_w:
        detail = f"{energy.idle_w:f} W idle is known, but no tariff: electricity costs nothing here."
        return judged(code, title, False, detail, "Type the tariff under Energy; 0 if it is free for you.")
    if energy.idle_w is None and profile.other.usd_month:
        other = usd_words(profile.other.usd_month)
        detail = f"No idle watts are known; {other} of other costs may have them in it."
        return judged(code, title, None, detail, "Type idle watts and tariff unless they are in Other.")
    said = "0 W idle is typed" if energy.idle_w is not None else "No idle watts are known"
    detail = f"{said}; a machine with a model loaded draws power in all {MONTH_H} hours."
    return judged(code, title, False, detail, "Type idle watts at the wall, model loaded, and the tariff.")


def gib_gb() -> CostCheck:
    """Mistake 12: a GB taken for a GiB, 7.4 % apart."""
    detail = (
        "Cannot happen here: memory is counted in bytes and printed as GiB of 2^30; no cost is made from it."
    )
    return judged("gib_gb", "GB and GiB are not mixed up", True, detail)


def failed_calls(profile: CostProfile) -> CostCheck:
    """Mistake 13: calls that failed and were repeated, left out."""
    code, title = "failed_calls", "Failed and repeated calls are counted"
    workload = profile.workload
    if workload.tokens_month is None and workload.utilisation is None:
        return judged(code, title, None, "No volume is known.", "Type tokens a month, or measure them.")
    if profile.origins.get("workload.tokens_month") == "measured":
        detail = "The volume is the ledger's: calls that failed after they used tokens are in it."
        return judged(code, title, True, detail)
    detail = "The volume is typed; whether calls that failed and were repeated are in it cannot be told."
    return judged(code, title, None, detail, "Take the volume from the ledger, or add the share of repeats.")
