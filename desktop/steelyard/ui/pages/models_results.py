"""The list of repositories: one item model, painted row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from steelyard.ui.widgets.compare_plain import plain_tooltip
from steelyard.ui.widgets.models_paint import Chip
from steelyard.ui.widgets.models_text import (
    month,
    owner_of,
    parameters,
    plain,
    rough_size,
    short_count,
    title_of,
)

if TYPE_CHECKING:
    from steelyard.core.values.hub import CatalogEntry, DownloadRow, HubModelRow
    from steelyard.ui.pages.models_search import Search
    from steelyard.ui.pages.models_stores import Downloads

ROW_ROLE = Qt.ItemDataRole.UserRole
_SKELETONS = 6
_ESTIMATE = (
    "An estimate from the hub's metadata: the weights in Q4_K_M, a common 4-bit quant, against the memory "
    "that is free now. Open the repository for the engine's own figures."
)
_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class ResultRow:
    """One line of the list; `repo` is empty for headings, skeletons and remarks."""

    kind: str
    repo: str = ""
    title: str = ""
    left: str = ""
    right: str = ""
    state: Chip | None = None
    fit: Chip | None = None
    prose: str = ""

    @property
    def spoken(self) -> str:
        """All of it for a screen reader."""
        parts = [self.title, self.left, self.right, self.prose]
        chips = [chip.text for chip in (self.state, self.fit) if chip is not None]
        return ", ".join(part for part in [*parts, *chips] if part)


class ResultsModel(QAbstractListModel):
    """Headings and repositories as they follow each other."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[ResultRow] = []

    @property
    def rows(self) -> list[ResultRow]:
        """What is listed."""
        return self._rows

    def show_rows(self, rows: list[ResultRow]) -> None:
        """List other rows; those that stay at the beginning keep the view and the selection as they are."""
        old = self._rows
        kept = _same_begin([row.repo or row.kind for row in old], [row.repo or row.kind for row in rows])
        if kept == 0:
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()
            return
        if kept < len(old):
            self.beginRemoveRows(QModelIndex(), kept, len(old) - 1)
            self._rows = old[:kept]
            self.endRemoveRows()
        if kept < len(rows):
            self.beginInsertRows(QModelIndex(), kept, len(rows) - 1)
            self._rows = rows
            self.endInsertRows()
        self._rows = rows
        if rows[:kept] != old[:kept]:
            self.dataChanged.emit(self.index(0), self.index(kept - 1))

    def row_of(self, repo: str) -> int:
        """Where a repository stands; -1 if it is not listed."""
        return next((at for at, row in enumerate(self._rows) if row.repo == repo), -1)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """All rows are at the top level."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The row for the painter, its words for readers."""
        row = self._rows[index.row()]
        match role:
            case Qt.ItemDataRole.UserRole:
                return row
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return row.spoken
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tooltip(row.prose or (_ESTIMATE if row.fit is not None else ""))
            case _:
                return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """Only repositories can be chosen."""
        if index.isValid() and self._rows[index.row()].repo:
            return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return Qt.ItemFlag.NoItemFlags


def _same_begin(old: list[str], new: list[str]) -> int:
    same = 0
    for one, other in zip(old, new, strict=False):
        if one != other:
            break
        same += 1
    return same


def rows_of(search: Search, downloads: Downloads) -> list[ResultRow]:
    """The list for the state of a search: the curated ones first while nothing is asked for."""
    rows: list[ResultRow] = []
    curated = _matching(search) if not search.is_filtered or search.error is not None else []
    if curated:
        day = max(entry.checked_on for entry in curated)
        rows.append(ResultRow("heading", title="Curated", right=f"checked {plain(day)}"))
        rows.extend(_from_catalog(entry, downloads.of_repo(entry.repo)) for entry in curated)
    if search.is_loading:
        if search.is_slow:
            rows.extend([ResultRow("skeleton")] * _SKELETONS)
        elif search.results:
            rows.extend(_from_results(search, downloads, has_heading=bool(curated)))
        return rows
    rows.extend(_from_results(search, downloads, has_heading=bool(curated)))
    if search.is_loading_more or search.has_more:
        rows.append(ResultRow("more", title="Reading more…" if search.is_loading_more else ""))
    return rows


def _from_results(search: Search, downloads: Downloads, *, has_heading: bool) -> list[ResultRow]:
    rows = [_from_hub(row, downloads) for row in search.results]
    if rows and has_heading:
        words = {"downloads": "most downloads", "likes": "most likes", "updated": "updated last"}
        rows.insert(0, ResultRow("heading", title="On the hub", right=words[search.sort]))
    return rows


def _matching(search: Search) -> list[CatalogEntry]:
    """The curated ones that have all words; the hub is not needed for them."""
    words = search.query.casefold().split()
    return [
        entry
        for entry in search.catalog
        if all(word in f"{entry.repo} {entry.title} {entry.good_for}".casefold() for word in words)
    ]


def _from_catalog(entry: CatalogEntry, download: DownloadRow | None) -> ResultRow:
    return ResultRow(
        "catalog",
        entry.repo,
        plain(entry.title),
        owner_of(entry.repo),
        " · ".join(part for part in (parameters(entry.parameters), plain(entry.licence)) if part),
        _download_chip(download),
        None,
        plain(entry.good_for),
    )


def _from_hub(row: HubModelRow, downloads: Downloads) -> ResultRow:
    state = _download_chip(downloads.of_repo(row.repo))
    if state is None and (row.is_here or downloads.has_done(row.repo)):
        state = Chip("Installed", "", "hard-drive")
    if state is None and row.gated:
        state = Chip("Gated", "warn", "lock")
    facts = [f"{short_count(row.downloads)} downloads", month(row.updated_at)]
    return ResultRow(
        "result",
        row.repo,
        title_of(row.repo),
        owner_of(row.repo),
        " · ".join(fact for fact in facts if fact),
        state,
        _estimate_chip(row),
    )


def _download_chip(download: DownloadRow | None) -> Chip | None:
    if download is None:
        return None
    words = {"paused": ("Paused", "", "pause"), "failed": ("Failed", "bad", "circle-alert")}
    return Chip(*words.get(download.state, ("Downloading", "accent", "download")))


def _estimate_chip(row: HubModelRow) -> Chip | None:
    if row.estimated_bytes is None:
        return None
    text = f"≈ {rough_size(row.estimated_bytes)} in Q4_K_M"
    match row.estimate_fits:
        case True:
            return Chip(f"{text}, fits", "good", "check")
        case False:
            return Chip(f"{text}, more than is free", "warn", "triangle-alert")
        case _:
            return Chip(text)
