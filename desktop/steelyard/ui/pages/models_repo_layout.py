"""How an opened repository is laid out; the pane itself adds what happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QRect, Qt, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from steelyard.ui.pages.empty import EmptyView
from steelyard.ui.pages.models_access import AccessNote
from steelyard.ui.pages.models_files import FilesModel
from steelyard.ui.pages.models_files_view import FilesView
from steelyard.ui.pages.models_fit_panel import FitPanel
from steelyard.ui.pages.models_readme import Readme
from steelyard.ui.pages.models_repo_foot import RepoFoot
from steelyard.ui.pages.models_repo_head import RepoHead
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.cards import make_scroll
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme

State = Literal["empty", "waiting", "trouble", "repo"]
_TROUBLE_PX = 520
_TROUBLE_MARGIN_PX = 32
_STATES: tuple[State, ...] = ("empty", "waiting", "trouble", "repo")


class RepoLayout(QFrame):
    """Head and foot stay; access, fit panel, files and readme scroll between them."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.head = RepoHead(theme)
        self.panel = FitPanel(theme)
        self.access = AccessNote(theme)
        self.files_model = FilesModel(theme.font(11))
        self.files = FilesView(theme, self.files_model, "Files of the repository")
        self.aux_model = FilesModel(theme.font(11))
        self.aux = FilesView(theme, self.aux_model, "Projectors and adapters", has_fit=False)
        self.aux_title = make_label(theme, "Projectors and adapters", weight=600)
        self.readme = Readme(theme)
        self.no_files = make_label(theme, "This repository has no GGUF model that can be served.", "prose")
        self.foot = RepoFoot(theme)
        self._make_views(theme)
        self._lay_out()
        self.files.row_shown.connect(self._on_row_shown)

    @property
    def state(self) -> State:
        """What is shown."""
        return _STATES[self._stack.currentIndex()]

    def show_state(self, state: State) -> None:
        """Show something else."""
        self._stack.setCurrentIndex(_STATES.index(state))

    def show_trouble(self, text: str) -> None:
        """Say why there is no repository to be seen."""
        self.trouble_text.setText(text)
        width = min(_TROUBLE_PX, max(240, self.width() - 2 * _TROUBLE_MARGIN_PX))
        # A wrapped label in a centred place does not get the height of its width by itself.
        self.trouble_text.setFixedSize(width, self.trouble_text.heightForWidth(width))
        self.show_state("trouble")

    def set_low(self, *, is_low: bool) -> None:
        """In a low window the panel gives up air, not figures."""
        self.panel.set_low(is_low=is_low)
        self._column.setContentsMargins(0, 8 if is_low else 14, 0, 8 if is_low else 12)
        self._column.setSpacing(6 if is_low else 10)
        self._middle.setSpacing(6 if is_low else 10)

    def scroll_to_top(self) -> None:
        """Show the beginning of what scrolls."""
        self._scroll.verticalScrollBar().setValue(0)

    def _make_views(self, theme: Theme) -> None:
        self._empty = EmptyView(
            theme,
            "package",
            "See whether it fits before a byte is fetched",
            "Choose a repository at the left, or paste its address. Its files are priced against the memory "
            "that is free on this machine.",
        )
        self._waiting = EmptyView(
            theme, "hourglass", "Reading the repository", "Its list of files and its readme; no weights."
        )
        self._trouble = EmptyView(
            theme,
            "cloud-off",
            "The repository could not be read",
            "Your models and the curated list stay usable.",
        )
        self.trouble_text = make_label(theme, "", "error", px=12, wrap=True)
        self.trouble_text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.retry_button = make_button(theme, "Retry", icon="rotate-cw")
        self.hub_button = make_button(theme, "Hub token, proxy and mirror", "link")
        for widget in (self.trouble_text, self.retry_button, self.hub_button):
            self._trouble.add_action(widget)

    def _lay_out(self) -> None:
        body = self._body = QWidget()
        middle = self._middle = QVBoxLayout(body)
        middle.setContentsMargins(20, 0, 20, 8)
        for widget in (
            self.access,
            self.panel,
            self.no_files,
            self.files,
            self.aux_title,
            self.aux,
            self.readme,
        ):
            middle.addWidget(widget)
        middle.addStretch(1)
        self._scroll = make_scroll(body, "Repository")
        shown = QWidget()
        column = self._column = QVBoxLayout(shown)
        column.addLayout(_inset(self.head))
        column.addWidget(self._scroll, 1)
        column.addLayout(_inset(self.foot))
        self._stack = QStackedWidget()
        for view in (self._empty, self._waiting, self._trouble, shown):
            self._stack.addWidget(view)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._stack)
        self.set_low(is_low=False)

    @Slot(QRect)
    def _on_row_shown(self, row: QRect) -> None:
        at = self.files.mapTo(self._body, row.center())
        self._scroll.ensureVisible(at.x(), at.y(), 0, row.height())


def _inset(widget: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setContentsMargins(20, 0, 20, 0)
    row.addWidget(widget)
    return row
