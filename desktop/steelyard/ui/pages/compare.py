"""The Compare page: one prompt, several targets, side by side. Wires state, widgets and the bridge.

Other parts of the page hook in here: `takers` may take what is sent, `openers` a stored comparison that is
opened; `answers_changed` tells that other answers are on the screen. See `CompareLayout` for views and bars,
`Toolbar.add_tool` and `add_to_menu` for actions, `Composer` for what belongs to a prompt.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot

from steelyard.core.base.clock import utc_now
from steelyard.ui.pages.compare_actions import add_compare_actions
from steelyard.ui.pages.compare_blind_mode import BlindMode
from steelyard.ui.pages.compare_edit_bar import EditBar
from steelyard.ui.pages.compare_editing import Editing
from steelyard.ui.pages.compare_estimate import Estimate
from steelyard.ui.pages.compare_form_desk import PromptForms
from steelyard.ui.pages.compare_lists import TargetLists
from steelyard.ui.pages.compare_picking import Picking
from steelyard.ui.pages.compare_reading import Reading
from steelyard.ui.pages.compare_rest import Rest
from steelyard.ui.pages.compare_runs import CompareRuns
from steelyard.ui.pages.compare_shown import ShownComparison
from steelyard.ui.pages.compare_state import MAX_COLUMNS, CompareState
from steelyard.ui.pages.compare_stored import StoredComparisons
from steelyard.ui.pages.compare_turn import Sent
from steelyard.ui.pages.compare_volume import Volume
from steelyard.ui.pages.compare_wishes import ColumnWishes
from steelyard.ui.widgets.code_highlight import warm_up_pygments
from steelyard.ui.widgets.response_links import LinkDialog

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from steelyard.core.values.comparison import ComparisonHistory, ComparisonRow
    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.compare_column import TargetColumn
    from steelyard.ui.theme.theme import Theme


class ComparePage(ShownComparison):
    """The heart of the app."""

    settings_requested = Signal(str)
    """`targets` or `weights`: the user wants to add one; `models`: to find some; or a section of Settings."""
    comparison_opened = Signal(object)
    """A stored comparison is on the screen: its `ComparisonHistory`."""

    def __init__(self, theme: Theme, bridge: Bridge, actions: Actions, parent: QWidget | None = None) -> None:
        self._actions = add_compare_actions(actions, self)
        super().__init__(theme, actions, parent)
        self._theme = theme
        self._bridge = bridge
        self._registry = actions
        self._dialog: LinkDialog | None = None
        self.takers: list[Callable[[Sent], bool]] = []
        """Asked in turn with what is about to be sent; the first that says True has taken it."""
        self.openers: list[Callable[[ComparisonHistory], bool]] = []
        """Asked in turn with a stored comparison; the first that says True shows it itself."""
        self.state = CompareState()
        self.lists = TargetLists(bridge, self)
        self.runs = CompareRuns(bridge, self.state, self)
        self.volume = Volume(theme, bridge, self)
        self.rest = Rest(self.state, self.rest_bar, self)
        self.picking = Picking(self)
        self.edit_bar = EditBar(theme)
        self.composer.add_slot(self.edit_bar)
        self.editing = Editing(self.state, self.composer, self.edit_bar, self)
        self.wishes = ColumnWishes(self._bridge, self._registry, self)
        self.stored = StoredComparisons(self._bridge, self)
        self._estimate = Estimate(bridge, self.composer, self.state, self)
        self.forms = PromptForms(theme, bridge, actions, self)
        self._connect()
        self.blind = BlindMode(theme, bridge, actions, self)
        self.reading = Reading(theme, bridge, actions, self)
        self.reading.resume_wanted.connect(self.stored.resume)
        self._show_state()
        self.lists.load()
        warm_up_pygments()

    # ---- asking --------------------------------------------------------------------------------------------

    def send(self) -> None:
        """Send the prompt to all targets, or an edited question anew."""
        text = self.composer.prompt_text
        if not text:
            self.focus_prompt()
        if not text or not self.state.columns or self.state.is_streaming or not self.forms.is_ready():
            return
        sent = self.request(self.forms.written(text))
        if not any(taker(sent) for taker in self.takers):
            self._title = self._title if self.state.is_stored and self._title else text
            self.show_view(None)
            if self.editing.is_on:
                self.runs.ask(sent, self.editing.asks())
            else:
                self.runs.send(sent)
        self.editing.end()
        self.composer.take_sent()

    def ask_alone(self, sent: Sent) -> None:
        """Ask all columns something as a comparison of its own."""
        if not self.state.is_streaming:
            self.state.clear()
            self._title = sent.prompt
            self.show_view(None)
            self.runs.send(sent)

    def request(self, prompt: str) -> Sent:
        """What would be sent now with this prompt."""
        return Sent(
            prompt,
            self.composer.system_text,
            self.composer.sampling,
            self.toolbar.schedule,
            utc_now(),
            tuple(self.composer.attachments),
            repeat=self.toolbar.repeat,
        )

    def again(self, sent: Sent) -> Sent:
        """The same question under the schedule and the repetitions that are set now."""
        return replace(
            sent, schedule=self.toolbar.schedule, repeat=self.toolbar.repeat, sent_at=utc_now(), warm_up=None
        )

    def stop(self) -> None:
        """Stop all answers, or give the editing of a question up."""
        if self.forms.stop():
            return
        if self.state.is_streaming:
            self.runs.stop()
        else:
            self.editing.leave()

    def rerun(self) -> None:
        """Ask the last question again in all columns, as it is set now; pinned answers stay."""
        sent = self.state.sent
        if not self.forms.rerun() and sent is not None and self.state.can_rerun:
            self.runs.rerun(self.again(sent))

    def resume(self) -> None:
        """Run what the interrupted comparison lacks."""
        if self.rest.offered:
            self.stored.resume(self.rest.offered)

    def start_new(self) -> None:
        """Begin a new comparison with the same targets."""
        self.runs.stop()
        self.forms.start_new()
        self.state.clear()
        self.editing.end()
        self._title = ""
        self.show_view(None)
        for widget in self.columns.widgets:
            widget.rebuild()
        self._show_state()
        self.answers_changed.emit()
        self.focus_prompt()

    # ---- columns -------------------------------------------------------------------------------------------

    def open_picker(self) -> None:
        """Show the targets that can be added, under the button."""
        self.picking.open()

    def add_target(self, target: str) -> None:
        """One column more, if there is room for it."""
        ref = self.lists.ref(target)
        if ref is not None and self.state.add(ref) is not None:
            self.show_columns()

    def want_target(self, target: str) -> None:
        """Add a target as soon as the lists know it; the page may be a moment old."""
        self.picking.want(target)

    def open_history(self) -> None:
        """Show stored comparisons."""
        self.reading.open_history()

    def open_comparison(self, comparison_id: str) -> None:
        """Show a stored comparison."""
        self.stored.open(comparison_id)

    def focus_first(self) -> None:
        """Where the keyboard goes when the page is shown."""
        if self.blind.is_open:
            self.blind.view.focus_first()
        else:
            self.focus_prompt()

    def show_columns(self) -> None:
        """Make the widgets follow the state's columns."""
        for widget in self.columns.show_columns(self.state.columns):
            self.wishes.listen(widget)
            widget.branch_changed.connect(self.on_branch_changed)
            widget.link_clicked.connect(self.show_link)
            widget.costs.volume_wanted.connect(self.volume.open_at)
            widget.costs_wanted.connect(self.toggle_costs)
        self.editing.end()
        self._on_lists_changed()
        self._show_state()
        self.answers_changed.emit()

    # ---- wiring --------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        self.composer.send_wanted.connect(self.send)
        self.composer.stop_wanted.connect(self.stop)
        self.composer.edited.connect(self._estimate.refresh)
        self.composer.times.append(self._repeats)
        self.toolbar.repeat_chip.value_changed.connect(self._estimate.refresh)
        self.toolbar.rerun_button.clicked.connect(self.rerun)
        self.find_button.clicked.connect(self._on_find)
        self.prompt_bar.edit_wanted.connect(self._on_edit_all)
        self.title_widget.new_button.clicked.connect(self.start_new)
        self.lists.comparisons_read.connect(self._on_comparisons_read)
        self.lists.changed.connect(self._on_lists_changed)
        self.lists.first_loaded.connect(self._on_first_loaded)
        self.runs.sent.connect(self._on_sent)
        self.runs.changed.connect(self._on_changed)
        self.runs.progressed.connect(self._show_progress)
        self.runs.finished.connect(self._on_finished)
        self.runs.resumed.connect(self.open_comparison)
        self.rest.resume_wanted.connect(self.stored.resume)
        self.editing.changed.connect(self._show_state)
        self.forms.changed.connect(self._show_state)
        self.volume.changed.connect(self._show_figures)
        self.view_changed.connect(self._show_state)

    def _repeats(self) -> int:
        return self.toolbar.repeat

    @Slot()
    def _on_first_loaded(self) -> None:
        """The targets of the last comparison, as far as they still exist; else the starter."""
        if self.state.columns:
            return
        for ref in self.lists.first_choice()[:MAX_COLUMNS]:
            self.state.add(ref)
        self.show_body(has_columns=bool(self.state.columns))
        self.show_columns()
        first = next((column for column in self.state.columns if column.ref.kind == "local"), None)
        if first is not None:
            self.wishes.load(first.ref.target)

    @Slot()
    def _on_lists_changed(self) -> None:
        self.picking.refresh()
        for widget in self.columns.widgets:
            widget.set_server(self.lists.server_of(widget.column.ref))

    @Slot(object)
    def on_branch_changed(self, _widget: TargetColumn) -> None:
        """Another branch is shown in a column."""
        self._show_state()
        self.answers_changed.emit()

    @Slot()
    def _on_edit_all(self) -> None:
        self.columns.setFocus()
        self.edit_last()

    @Slot()
    def _on_find(self) -> None:
        self.settings_requested.emit("models")

    # ---- stored comparisons, links -------------------------------------------------------------------------

    @Slot(object)
    def _on_comparisons_read(self, rows: list[ComparisonRow]) -> None:
        if self.forms.is_grid_shown:
            self.rest.hide()  # the grid says it itself
        else:
            self.rest.look(rows)

    @Slot(str)
    def show_link(self, address: str) -> None:
        """Ask before a link of an answer is opened."""
        if self._dialog is not None:
            self._dialog.close()
        self._dialog = LinkDialog(self._theme, address, self)
        self._dialog.destroyed.connect(self._on_dialog_gone)
        self._dialog.show()

    @Slot()
    def _on_dialog_gone(self) -> None:
        self._dialog = None
