"""The right card of Discover: one repository, its files, and what they need on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import Qt, QTimer, Signal, Slot

from steelyard.core.values.commands import EnqueueDownload, ReadRepo, ResumeDownload
from steelyard.core.values.fit import FitWish, KvType
from steelyard.ui.pages.latest import Latest
from steelyard.ui.pages.models_files import aux_lines, model_lines
from steelyard.ui.pages.models_pricing import Pricing
from steelyard.ui.pages.models_refs import is_wanted
from steelyard.ui.pages.models_repo_layout import RepoLayout
from steelyard.ui.pages.models_verdicts import free_bytes, main_devices
from steelyard.ui.widgets.models_paint import Chip
from steelyard.ui.widgets.models_text import context, gib, plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.commands import Command
    from steelyard.core.values.fit import FitReport, RepoFit
    from steelyard.core.values.hub import DownloadRow, HubAccount, HubFileRow, HubRepo
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.models_stores import Downloads, Library
    from steelyard.ui.theme.theme import Theme

_SLOW_MS = 300


class RepoPane(RepoLayout):
    """Reads a repository, prices it, downloads from it."""

    opened = Signal(str)
    """A repository is shown."""
    link_wanted = Signal(str)
    """An address to open after asking."""
    settings_wanted = Signal()
    """Settings > Hub."""
    compare_wanted = Signal(str)
    """Weights on this machine, by name, to be compared."""

    def __init__(self, theme: Theme, bridge: Bridge, library: Library, downloads: Downloads) -> None:
        super().__init__(theme)
        self._bridge = bridge
        self._library = library
        self._downloads = downloads
        self._name = ""
        self._wanted = ""
        self._selected = ""
        self._asked_file = ""
        self._is_unpriced = False
        self._fit: RepoFit | None = None
        self.repo: HubRepo | None = None
        self._reading = Latest(bridge, self)
        self._slow = QTimer(self, singleShot=True, interval=_SLOW_MS)
        self.pricing = Pricing(bridge, self)
        self._connect()

    @property
    def selected_file(self) -> HubFileRow | None:
        """The file that is selected in one of the tables."""
        if self.repo is None:
            return None
        every = [*self.repo.files, *self.repo.mmproj, *self.repo.lora]
        return next((file for file in every if file.name == self._selected), None)

    def open_repo(self, name: str, wanted: str = "") -> None:
        """Read a repository by name or address; `wanted` is a quant or a file to select."""
        is_shown = self.repo is not None and self.state == "repo" and not self._reading.is_busy
        if is_shown and self.repo is not None and name.partition(":")[0] == self.repo.repo:
            if wanted:
                self._choose_wanted(wanted)
            return
        self._name, self._wanted = name, wanted
        self.pricing.stop()
        self._slow.start()
        self._reading.ask(ReadRepo(name=name, with_readme=True))

    @Slot()
    def reload(self) -> None:
        """Read the same repository again."""
        if self._name:
            name, self.repo = self._name, None
            self.open_repo(name, self._wanted)

    def show_account(self, account: HubAccount) -> None:
        """Show where downloads land."""
        self.foot.show_account(account)

    def focus_files(self) -> None:
        """Put the keyboard on the files."""
        if self.state == "repo":
            self.files.setFocus(Qt.FocusReason.OtherFocusReason)

    # ---- wiring --------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        self._slow.timeout.connect(self._on_slow)
        self._reading.answered.connect(self._on_read)
        self._reading.failed.connect(self._on_read_failed)
        self.pricing.priced.connect(self._on_priced)
        self.pricing.failed.connect(self._on_pricing_failed)
        self.panel.ctx_changed.connect(self._on_wish_changed)
        self.head.wish_changed.connect(self._on_wish_changed)
        self.head.card_wanted.connect(self._on_card)
        self.access.page_wanted.connect(self._on_card)
        self.access.settings_wanted.connect(self.settings_wanted)
        self.retry_button.clicked.connect(self.reload)
        self.hub_button.clicked.connect(self.settings_wanted)
        self.files.row_chosen.connect(self._on_file_chosen)
        self.aux.row_chosen.connect(self._on_aux_chosen)
        for view in (self.files, self.aux):
            view.activated_by_key.connect(self.foot.press)
        self.foot.wanted.connect(self._on_wanted)
        self._downloads.changed.connect(self._on_download_changed)
        self._downloads.listed.connect(self._show_files)
        self._library.changed.connect(self._show_files)

    # ---- reading -------------------------------------------------------------------------------------------

    @Slot()
    def _on_slow(self) -> None:
        if self._reading.is_busy:
            self.show_state("waiting")

    @Slot(object)
    def _on_read(self, repo: HubRepo) -> None:
        self._slow.stop()
        self.repo, self._fit, self._selected = repo, None, ""
        self.foot.show_trouble("")
        self._is_unpriced = False
        self.head.show_repo(repo)
        self.head.show_budget("", "")
        self.access.show_repo(repo)
        self.readme.show_text(repo.readme)
        self.panel.start(repo.context_length)
        self.panel.setVisible(bool(repo.files))
        self.no_files.setVisible(not repo.files)
        self._show_files()
        self.scroll_to_top()
        self.show_state("repo")
        wanted = next((f.name for f in repo.files if is_wanted(self._wanted, f.quant, f.name)), None)
        if wanted is not None:
            self._select(wanted)
        if repo.files:
            self.pricing.start(repo.repo, repo.revision, wanted, self._wish())
        self.opened.emit(repo.repo)

    @Slot(object)
    def _on_read_failed(self, error: AppError) -> None:
        self._slow.stop()
        self.repo = None
        self.show_trouble(f"{plain(self._name)}\n{error.one_line()}")

    # ---- pricing -------------------------------------------------------------------------------------------

    def _wish(self) -> FitWish:
        kv_type = msgspec.convert(self.head.kv.value, KvType)
        return FitWish(ctx=self.panel.slider.tokens, parallel=int(self.head.slots.value), kv_type=kv_type)

    @Slot()
    def _on_wish_changed(self) -> None:
        self.pricing.change(self._wish())
        self._show_files()

    @Slot(object)
    def _on_priced(self, fit: RepoFit) -> None:
        self._fit = fit
        if not self._selected and self.repo is not None:
            names = [file.name for file in self.repo.files]
            self._select(fit.recommended if fit.recommended in names else names[0])
            report = fit.reports.get(self._selected)
            if report is None or report.basis != "engine" or report.is_scaled:
                self.pricing.choose(self._selected)
        self._show_files()
        self._show_report()

    @Slot(object)
    def _on_pricing_failed(self, error: AppError) -> None:
        self._is_unpriced = self._fit is None
        if self._fit is None and self.repo is not None and not self._selected:
            self._select(self.repo.files[0].name)
        if self._report() is None:
            self.panel.show_trouble(error.one_line())
            self._show_files()
        else:
            self._show_report()

    def _report(self) -> FitReport | None:
        return self._fit.reports.get(self._selected) if self._fit is not None else None

    def _show_report(self) -> None:
        report, file = self._report(), self.selected_file
        if report is None or file is None:
            return
        title = plain(file.quant or file.name, 16)
        self.panel.show_report(report, title, is_exact_awaited=self.pricing.is_exact_awaited)
        given = sum(device.given_back_bytes for device in report.devices)
        names = "\n".join(
            f"{plain(device.name)}: {gib(device.free_bytes)} of {gib(device.total_bytes)} GiB free"
            for device in main_devices(report)
        )
        more = f"\n{gib(given)} GiB of it is held by idle servers of ours" if given else ""
        self.head.show_budget(f"Free now {gib(free_bytes(report))} GiB", names + more)

    # ---- files ---------------------------------------------------------------------------------------------

    @Slot()
    def _show_files(self) -> None:
        if self.repo is None:
            return
        repo = self.repo
        free = ""
        if self._fit is not None and self._fit.reports:
            free = gib(free_bytes(next(iter(self._fit.reports.values()))))
        lines = model_lines(
            repo.files, self._fit, self._state_of, is_priced=self._fit is not None or self._is_unpriced
        )
        self.files_model.show_lines(lines, context(self.panel.slider.tokens), free)
        self.files.setVisible(bool(repo.files))
        extra = aux_lines([*repo.mmproj, *repo.lora], self._state_of)
        self.aux_model.show_lines(extra)
        self.aux_title.setVisible(bool(extra))
        self.aux.setVisible(bool(extra))
        for view in (self.files, self.aux):
            view.choose(self._selected)
        self._show_foot()

    def _state_of(self, file: HubFileRow) -> Chip | None:
        download = self._download_of(file)
        if self._is_here(file, download):
            return Chip("Installed", "", "hard-drive")
        if download is None:
            return None
        words = {"paused": ("Paused", "", "pause"), "failed": ("Failed", "bad", "circle-alert")}
        return Chip(*words.get(download.state, ("Downloading", "accent", "download")))

    def _download_of(self, file: HubFileRow) -> DownloadRow | None:
        return self._downloads.of(self.repo.repo, file.name) if self.repo is not None else None

    def _is_here(self, file: HubFileRow, download: DownloadRow | None) -> bool:
        is_done = download is not None and download.state == "done"
        return file.is_here or is_done or bool(self.repo and self._library.local_name(self.repo.repo, file))

    def _show_foot(self) -> None:
        file = self.selected_file
        if file is None or self.repo is None:
            self.foot.show_command("")
            self.foot.show_file(None, None, is_here=False, is_refused=False)
            return
        download = self._download_of(file)
        name = f"{self.repo.repo}:{file.quant}" if file.quant else f"{self.repo.repo}/{file.name}"
        self.foot.show_command(plain(name))
        is_refused = self.repo.gated and self.repo.has_access is False
        is_here = self._is_here(file, download)
        is_asked = file.name == self._asked_file
        self.foot.show_file(file, download, is_here=is_here, is_refused=is_refused, is_asked=is_asked)

    def _select(self, name: str) -> None:
        if name != self._selected:
            self.foot.show_trouble("")
        self._selected = name
        for view in (self.files, self.aux):
            view.choose(name)
        self._show_foot()

    def _choose_wanted(self, wanted: str) -> None:
        for file in self.repo.files if self.repo is not None else []:
            if is_wanted(wanted, file.quant, file.name):
                self._select(file.name)
                self._on_file_chosen(file.name)
                return

    @Slot(str)
    def _on_file_chosen(self, name: str) -> None:
        self._select(name)
        self._show_report()
        self.pricing.choose(name)

    @Slot(str)
    def _on_aux_chosen(self, name: str) -> None:
        self._select(name)

    # ---- what the user does --------------------------------------------------------------------------------

    @Slot()
    def _on_card(self) -> None:
        if self.repo is not None:
            self.link_wanted.emit(self.repo.url)

    @Slot(str)
    def _on_wanted(self, what: str) -> None:
        file = self.selected_file
        if file is None or self.repo is None:
            return
        download = self._download_of(file)
        if what == "download":
            name = f"{self.repo.repo}/{file.name}@{self.repo.revision}"
            self._ask(file, EnqueueDownload(name=name), self._on_enqueued)
        elif what == "resume" and download is not None:
            self._ask(file, ResumeDownload(id=download.id), self._on_resumed)
        elif what == "compare":
            self.compare_wanted.emit(self._library.local_name(self.repo.repo, file))

    def _ask(self, file: HubFileRow, command: Command, on_done: Callable[[Any], None]) -> None:
        """One press is one command: the button waits for its answer."""
        self._asked_file = file.name
        self.foot.show_trouble("")
        self._show_foot()
        self._bridge.run(command, on_done, self._on_refused)

    @Slot(object)
    def _on_refused(self, error: AppError) -> None:
        """Told beside the button; to who has gone on to something else, at the edge of the window."""
        is_seen = self.isVisible() and self._selected == self._asked_file
        self._on_resumed(None)
        if is_seen:
            self.foot.show_trouble(error.one_line())
        else:
            self._bridge.error_raised.emit(error)

    def _on_resumed(self, _answer: object) -> None:
        self._asked_file = ""
        self._show_foot()

    def _on_enqueued(self, row: DownloadRow) -> None:
        self._on_resumed(row)
        known = self._downloads.of(row.repo, row.name)
        if known is None or known.id != row.id:  # an event may have told more already
            self._downloads.take(row)

    @Slot(object)
    def _on_download_changed(self, row: DownloadRow) -> None:
        if self.repo is not None and row.repo == self.repo.repo:
            self._show_files()
