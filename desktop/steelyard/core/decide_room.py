"""Decide: carries out its commands. A verdict that is kept is dated, and told apart from the one before."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.base.clock import utc_now
from steelyard.core.base.errors import UsageError
from steelyard.core.base.ids import new_id
from steelyard.core.decide.cases.case_values import with_value
from steelyard.core.decide.cases.measured_case import Evidence, filled_case
from steelyard.core.decide.changes import changes_between
from steelyard.core.decide.memo.memo import memo_html, memo_json
from steelyard.core.decide.sensitivity import case_sensitivity
from steelyard.core.decide.sources.book import DecisionShelf
from steelyard.core.decide.verdict.verdict import decide
from steelyard.core.store.decisions import DecisionStore
from steelyard.core.values import cost_commands as cc
from steelyard.core.values.telemetry import Alert

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from steelyard.core.decide.verdict.options import FindPrice
    from steelyard.core.store.database import Database
    from steelyard.core.values.costs import MeasuredInputs, Origin
    from steelyard.core.values.decision import Case, Decision
    from steelyard.core.values.settings import Settings


_ENOUGH_DAYS = 14


class DecideRoom:
    """Owned by the engine's loop.

    `find_price` gives the prices of a model's name, or raises; `read_measured` what the ledger knows.
    """

    def __init__(
        self,
        find_price: FindPrice,
        read_measured: Callable[[], Awaitable[MeasuredInputs]],
        database: Database,
        settings: Callable[[], Settings],
        presets_folder: Path,
    ) -> None:
        self._find_price = find_price
        self._read_measured = read_measured
        self._store = DecisionStore(database)
        self._settings = settings
        self._shelf = DecisionShelf(presets_folder)

    async def execute(self, command: cc.DecideCommand) -> Any:
        """Carry out one command; see `Engine.execute`."""
        match command:
            case cc.Decide():
                return await self._decide(command)
            case cc.DecideScenario():
                return await self._decide_example(command.id)
            case cc.AnalyseCase():
                return await asyncio.to_thread(case_sensitivity, command.case, self._find_price)
            case cc.WriteMemo():
                return await self._memo(command)
            case _:
                return await self._execute_on_lists(command)

    async def due_reviews(self) -> list[Alert]:
        """Reminders that are due, once each: the volume has reached what a kept verdict named."""
        waiting = await self._store.to_review()
        if not waiting:
            return []
        measured = await self._read_measured()
        volume = measured.profile.workload.tokens_month
        if volume is None or measured.days < _ENOUGH_DAYS:
            return []
        due = [one for one in waiting if volume >= (one.review_at_tokens_month or 0) > _volume_of(one)]
        for decision in due:
            await self._store.reminded(decision.id, utc_now())
        return [_reminder(one, float(volume)) for one in due]

    async def _execute_on_lists(self, command: cc.DecideCommand) -> Any:
        match command:
            case cc.ReadDecisionBook():
                return self._shelf.book(self._settings().decide)
            case cc.ListDecisions():
                return await self._store.all()
            case cc.ReadDecision():
                return await self._store.read(command.id)
            case cc.RemoveDecision():
                return await self._store.remove(command.id)
            case _:
                raise AssertionError(command)

    async def _decide(self, command: cc.Decide) -> Decision:
        decision = await self._decided(command.case, from_ledger=command.from_ledger)
        return await self._kept(decision, command.title) if command.keep else decision

    async def _decided(self, case: Case, *, from_ledger: bool) -> Decision:
        evidence = Evidence()
        if from_ledger:
            case, evidence = filled_case(case, await self._read_measured())
            case = await asyncio.to_thread(self._with_comparator, case)
        return await self._computed(case, evidence)

    def _with_comparator(self, case: Case) -> Case:
        """What Costs holds local runs against is the API that is meant, where the case names none."""
        name, api = self._settings().costs.comparator, case.api
        if name is None or (api.model, api.price_in, api.price_out) != (None, None, None):
            return case
        try:
            self._find_price(name)
        except UsageError:
            return case
        case = with_value(case, "api.model", name)
        origins: dict[str, Origin] = {**case.origins, "api.model": "user"}
        notes = {**case.notes, "api.model": "the comparator in Settings"}
        return msgspec.structs.replace(case, origins=origins, notes=notes)

    async def _computed(self, case: Case, evidence: Evidence) -> Decision:
        book = self._shelf.book(self._settings().decide)
        return await asyncio.to_thread(decide, case, evidence, book, self._find_price)

    async def _kept(self, decision: Decision, title: str) -> Decision:
        last = await self._store.last(title)
        number = 1 if last is None else last.number + 1
        changed = [] if last is None else changes_between(last, decision)
        dated = msgspec.structs.replace(
            decision, id=new_id(), number=number, at=utc_now(), title=title, changed=changed
        )
        await self._store.add(dated)
        return dated

    async def _decide_example(self, name: str) -> Decision:
        book = self._shelf.book(self._settings().decide)
        found = next((one for one in book.scenarios if one.id == name), None)
        if found is None:
            names = ", ".join(one.id for one in book.scenarios)
            raise UsageError("No such scenario", repr(name), f"There are: {names}.")
        decision = await self._computed(found.case, Evidence())
        return msgspec.structs.replace(decision, title=found.name)

    async def _memo(self, command: cc.WriteMemo) -> str:
        if command.id is not None:
            decision = await self._store.read(command.id)
        elif command.case is not None:
            decision = await self._decided(command.case, from_ledger=command.from_ledger)
        else:
            raise UsageError("Nothing to write a memo of", "neither a decision nor a case was named")
        if command.title:
            decision = msgspec.structs.replace(decision, title=command.title)
        return memo_html(decision) if command.format == "html" else memo_json(decision)


def _volume_of(decision: Decision) -> float:
    """What the verdict was made for; a review is for growth beyond it."""
    return float(decision.case.workload.tokens_month or 0)


def _reminder(decision: Decision, volume: float) -> Alert:
    above = decision.review_at_tokens_month or 0.0
    text = (
        f"Look at {decision.title or 'the last verdict'} again: {volume / 1e6:,.4g} M tokens a month,"
        f" its verdict was to be reviewed at {above / 1e6:,.4g} M"
    )
    return Alert(what="review_volume", value=volume, above=above, at=time.time(), text=text)
