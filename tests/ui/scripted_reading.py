"""The scripted engine's memory: what was asked can be read, listed, diffed, exported, replayed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.base.errors import AppError
from steelyard.core.compare.diff import diff_texts
from steelyard.core.compare.export.exporting import export
from steelyard.core.values import commands as cmd
from steelyard.core.values.comparison import (
    Answer,
    ColumnHistory,
    Comparison,
    ComparisonHistory,
    ComparisonRow,
    Replay,
    ReplayedRun,
)
from steelyard.core.values.events import ComparisonsChanged
from steelyard.core.values.prompt import Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.values.events import Event
    from steelyard.core.values.run import Run


class ScriptedReading:
    """Works on the runs that the engine has made; `rows` is the history list."""

    def __init__(self, runs: dict[str, Run], tell: Callable[[Event], None]) -> None:
        self._runs = runs
        self._tell = tell
        self.rows: list[ComparisonRow] = []
        self.replayed: list[ReplayedRun] = []

    def answers(self) -> dict[type, Any]:
        """By command."""
        return {
            cmd.ListComparisons: self._list,
            cmd.ReadComparison: lambda command: self.history(command.id),
            cmd.MarkComparison: self._mark,
            cmd.RemoveComparison: self._remove,
            cmd.DiffAnswers: self._diff,
            cmd.ExportComparison: lambda command: export(self.history(command.id), command.format),
            cmd.ReplayComparison: self._replay,
        }

    def history(self, comparison_id: str) -> ComparisonHistory:
        """What was asked and answered under this id."""
        runs = [run for run in self._runs.values() if run.comparison_id == comparison_id]
        if not runs:
            raise AppError("There is no such comparison", comparison_id, "It may have been deleted.")
        columns: dict[int, list[Run]] = {}
        for run in runs:
            columns.setdefault(run.column, []).append(run)
        return ComparisonHistory(
            id=comparison_id,
            started_at=runs[0].started_at,
            title="Asked in a test",
            schedule="concurrent",
            system="",
            columns=[
                ColumnHistory(
                    target=asked[0].target.name,
                    answers=[Answer(run=run, question=Message(role="user", content="?")) for run in asked],
                )
                for _, asked in sorted(columns.items())
            ],
            not_comparable=[],
        )

    def _list(self, command: cmd.ListComparisons) -> list[ComparisonRow]:
        words = command.query.lower().split()
        found = [
            row
            for row in self.rows
            if all(word in f"{row.title} {' '.join(row.targets)}".lower() for word in words)
            and (not command.tag or command.tag in row.tags)
            and (row.is_starred or not command.only_starred)
        ]
        ids = [row.id for row in found]
        first = ids.index(command.before) + 1 if command.before in ids else 0
        return found[first : first + command.limit]

    def _mark(self, command: cmd.MarkComparison) -> ComparisonRow:
        at = next(at for at, row in enumerate(self.rows) if row.id == command.id)
        given = {"title": command.title, "is_starred": command.is_starred, "tags": command.tags}
        changes = {name: value for name, value in given.items() if value is not None}
        self.rows[at] = msgspec.structs.replace(self.rows[at], **changes)
        self._tell(ComparisonsChanged())
        return self.rows[at]

    def _remove(self, command: cmd.RemoveComparison) -> None:
        self.rows = [row for row in self.rows if row.id != command.id]
        self._tell(ComparisonsChanged())

    def _diff(self, command: cmd.DiffAnswers) -> Any:
        return diff_texts(self._runs[command.left].text, self._runs[command.right].text, command.by)

    def _replay(self, command: cmd.ReplayComparison) -> Replay:
        runs = [
            msgspec.structs.replace(run) for run in self._runs.values() if run.comparison_id == command.id
        ]
        new = Comparison(id="replayed", schedule="concurrent", runs=runs, not_comparable=[], summary={})
        is_identical = all(answer.is_identical for answer in self.replayed)
        return Replay(of=command.id, comparison=new, answers=self.replayed, is_identical=is_identical)
