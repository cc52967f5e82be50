"""Costs at round volumes, and who is cheaper there."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QAbstractItemView

from steelyard.ui.widgets.cost_format import DASH, percent, tokens, usd_short
from steelyard.ui.widgets.cost_picture import short_name
from steelyard.ui.widgets.models_paint import Ink, draw_text
from steelyard.ui.widgets.table_lines import Column, LinesModel
from steelyard.ui.widgets.table_view import LinePainter, LinesView

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter, QResizeEvent

    from steelyard.core.values.costs import AgainstApi, CostAnalysis, Winner
    from steelyard.ui.theme.theme import Theme

_ROW_PX = 28
_MARK_PX = 9
_COLUMNS = ("Tokens/mo", "API", "Self-host", "Hybrid", "Second API", "Cheaper")
_TOKENS, _API, _SELF, _HYBRID, _SECOND, _WINNER = range(6)
_TONES = {"api": "s4", "self_host": "s1", "tie": "s5"}


@dataclass(frozen=True)
class VolumeLine:
    """One volume; money is a decimal string in USD a month."""

    tokens_month: float
    api_usd: str
    self_usd: str
    hybrid_usd: str | None
    second_usd: str | None
    machines: int
    winner: Winner
    api_name: str

    @property
    def winner_text(self) -> str:
        """Who is cheaper."""
        return {"api": self.api_name, "self_host": "Self-host", "tie": "Tie"}[self.winner]


def lines_of(analysis: CostAnalysis, chosen: AgainstApi, second: AgainstApi | None) -> list[VolumeLine]:
    """The volumes of the table; none without a curve."""
    if chosen.curve is None:
        return []
    wanted = {round(number) for number in analysis.table_tokens}
    others = second.curve.rows if second is not None and second.curve is not None else []
    second_usd = {round(row.tokens_month): row.api_usd for row in others}
    name = short_name(chosen.comparator.name)
    return [
        VolumeLine(
            row.tokens_month,
            row.api_usd,
            row.self_usd,
            row.hybrid_usd,
            second_usd.get(round(row.tokens_month)),
            row.machines,
            row.winner,
            name,
        )
        for row in chosen.curve.rows
        if round(row.tokens_month) in wanted
    ]


def table_csv(lines: list[VolumeLine], second: str, delimiter: str = ",") -> str:
    """Exact figures, one line a volume; unknown is empty."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    api = lines[0].api_name if lines else "API"
    heads = ["tokens_month", f"{api} usd", "self_host usd", "hybrid usd"]
    writer.writerow([_cell(head) for head in [*heads, f"{second} usd", "machines", "cheaper"]])
    for line in lines:
        money = [line.api_usd, line.self_usd, line.hybrid_usd or "", line.second_usd or ""]
        writer.writerow([f"{line.tokens_month:.0f}", *money, line.machines, _cell(line.winner_text)])
    return out.getvalue()


def footnote(tie_band: float, second: str) -> str:
    """What the last column compares."""
    words = f"Cheaper of the first API and self-host; a tie is within {percent(tie_band)}."
    return f"{words} {second} is shown beside them." if second else words


def _cell(text: str) -> str:
    """A spreadsheet must not take somebody's text for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text


class VolumeLines(LinesModel[VolumeLine]):
    """Two of its titles are names of APIs."""

    def show_titles(self, columns: list[Column]) -> None:
        """Show other titles."""
        self._columns = columns
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(columns) - 1)


class VolumeTable(LinesView[VolumeLine]):
    """Painted rows; the cheaper side's figure is bold."""

    def __init__(self, theme: Theme) -> None:
        self.lines = VolumeLines(
            theme.font(11),
            [Column(title, is_number=0 < at < _WINNER) for at, title in enumerate(_COLUMNS)],
            lambda line: f"{line.tokens_month:.0f}",
            _text,
            _tip,
        )
        super().__init__(theme, self.lines, "Costs at round volumes", _ROW_PX)
        self._theme = theme
        self._names: dict[int, str] = {}
        self._has_hybrid = self._has_second = False
        self.setItemDelegate(LinePainter(theme, self, _ROW_PX, self._draw_cell))
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)

    def show_volumes(self, lines: list[VolumeLine], api: str, second: str) -> None:
        """Show other figures; the titles name the APIs."""
        self._names = {_API: api, _SECOND: second}
        self.lines.show_lines(lines)
        self._has_hybrid = any(line.hybrid_usd is not None for line in lines)
        self._has_second = any(line.second_usd is not None for line in lines)
        self.setFixedHeight(self.horizontalHeader().height() + max(1, len(lines)) * _ROW_PX + 6)
        self._give_room()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Columns share the width."""
        super().resizeEvent(event)
        self._give_room()

    def _give_room(self) -> None:
        shown = [_TOKENS, _API, _SELF]
        shown += [_HYBRID] if self._has_hybrid else []
        shown += [_SECOND] if self._has_second else []
        each = max(56, int(self.viewport().width() / (len(shown) + 1.15)))
        self.give_widths(dict.fromkeys(shown, each), _WINNER, 70)
        self._show_titles(each - 17)

    def _show_titles(self, room_px: int) -> None:
        """Names of models, cut in their middle: the header would cut a right-aligned one at its begin."""
        metrics = QFontMetrics(self._theme.font(11))
        columns: list[Column] = []
        for at, title in enumerate(_COLUMNS):
            name = self._names.get(at) or title
            short = (
                metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, room_px) if 0 < at < _WINNER else name
            )
            columns.append(Column(short, tip=name, is_number=0 < at < _WINNER))
        self.lines.show_titles(columns)

    def _draw_cell(self, painter: QPainter, area: QRectF, line: VolumeLine, column: int) -> None:
        painter.setOpacity(1.0 if self.isEnabled() else 0.4)
        inner = area.adjusted(8, 0, -8, 0)
        is_best = (column, line.winner) in {(_API, "api"), (_SELF, "self_host")}
        if column == _WINNER:
            mark = QRectF(inner.left(), inner.center().y() - _MARK_PX / 2, _MARK_PX, _MARK_PX)
            painter.fillRect(mark, self._theme.color(_TONES[line.winner]))
            inner = inner.adjusted(_MARK_PX + 7, 0, 4, 0)
            draw_text(painter, self._theme, inner, line.winner_text, Ink(12, 500, "text"))
        elif column == _TOKENS:
            draw_text(painter, self._theme, inner, _text(line, column), Ink(12, 500, "text", is_tabular=True))
        else:
            ink = Ink(12, 600 if is_best else 400, "text" if is_best else "text2", is_tabular=True)
            draw_text(painter, self._theme, inner, _text(line, column), ink, Qt.AlignmentFlag.AlignRight)


def _text(line: VolumeLine, column: int) -> str:
    match column:
        case 0:
            return tokens(line.tokens_month)
        case 1:
            return usd_short(line.api_usd)
        case 2:
            return usd_short(line.self_usd)
        case 3:
            return usd_short(line.hybrid_usd) if line.hybrid_usd is not None else DASH
        case 4:
            return usd_short(line.second_usd) if line.second_usd is not None else DASH
        case _:
            return line.winner_text


def _tip(line: VolumeLine, column: int) -> str:
    if column == _SELF:
        return "1 machine" if line.machines == 1 else f"{line.machines:,} machines"
    return _text(line, column)
