"""Kept verdicts in a real ledger file: their versions, and the reminder when the volume has grown."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
import pytest

from steelyard.core.base.errors import AppError
from steelyard.core.base.paths import data_root
from steelyard.core.costs.prices.price_book import book_prices
from steelyard.core.decide_room import DecideRoom
from steelyard.core.store.database import Database
from steelyard.core.values import cost_commands as cc
from steelyard.core.values.costs import CostProfile, MeasuredInputs, WorkloadPart
from steelyard.core.values.decision import Case, CaseApi, CaseSelf, CaseWorkload, Decision
from steelyard.core.values.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SMALL = Case(
    workload=CaseWorkload(tokens_month=Decimal("50e6"), mix="1:2"),
    api=CaseApi(price_in=Decimal("2.5"), price_out=Decimal(10)),
    self_=CaseSelf(fixed_usd_month=Decimal(4000)),
)


class Rig:
    """A room on a file of its own; `tokens` and `days` are what its ledger is made to say."""

    def __init__(self, database: Database) -> None:
        self.tokens, self.days = Decimal("50e6"), 30.0
        folder = data_root() / "resources" / "presets"
        self.room = DecideRoom(book_prices, self._measured, database, Settings, folder)

    async def _measured(self) -> MeasuredInputs:
        profile = CostProfile(workload=WorkloadPart(tokens_month=self.tokens))
        return MeasuredInputs(days=self.days, runs=1000, profile=profile)

    async def keep(self, case: Case = SMALL, title: str = "Assistant") -> Decision:
        return await self.room.execute(cc.Decide(case=case, keep=True, title=title))


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    database = Database(tmp_path / "ledger.sqlite3")
    await database.open()
    yield Rig(database)
    await database.close()


async def test_a_kept_verdict_names_what_changed_since_the_last(rig: Rig) -> None:
    first = await rig.keep()
    cheaper = msgspec.structs.replace(SMALL, api=CaseApi(price_in=Decimal(2), price_out=Decimal(8)))
    second = await rig.keep(cheaper)
    other = await rig.keep(title="Another")
    assert (first.number, second.number, other.number) == (1, 2, 1)
    assert first.changed == other.changed == []
    assert {change.what for change in second.changed} >= {"api.price_in", "api.price_out"}
    heads = await rig.room.execute(cc.ListDecisions())
    assert [head.id for head in heads][:1] == [other.id]
    assert await rig.room.execute(cc.ReadDecision(id=second.id)) == second


async def test_a_removed_one_is_gone(rig: Rig) -> None:
    kept = await rig.keep()
    await rig.room.execute(cc.RemoveDecision(id=kept.id))
    with pytest.raises(AppError, match="No such decision"):
        await rig.room.execute(cc.ReadDecision(id=kept.id))


async def test_the_reminder_comes_once_when_the_volume_is_reached(rig: Rig) -> None:
    kept = await rig.keep()
    review = kept.review_at_tokens_month
    assert review is not None
    assert review > 50e6
    assert await rig.room.due_reviews() == []
    rig.tokens = Decimal(repr(review)) * 2
    (alert,) = await rig.room.due_reviews()
    assert "Assistant" in alert.text
    assert alert.above == review
    assert await rig.room.due_reviews() == []


async def test_no_reminder_from_a_few_days(rig: Rig) -> None:
    await rig.keep()
    rig.tokens, rig.days = Decimal("1e12"), 6.0
    assert await rig.room.due_reviews() == []


async def test_a_memo_needs_something_to_tell(rig: Rig) -> None:
    with pytest.raises(AppError, match="memo"):
        await rig.room.execute(cc.WriteMemo(format="html"))
    text = await rig.room.execute(cc.WriteMemo(format="html", case=SMALL, title="<b>Bold</b>"))
    assert "<b>Bold</b>" not in text
