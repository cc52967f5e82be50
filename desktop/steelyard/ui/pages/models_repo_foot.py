"""The foot of an opened repository: where a download lands, and the one button that starts it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from steelyard.ui.widgets.brief import Brief
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.cards import Note
from steelyard.ui.widgets.compare_buttons import Part, PartsButton
from steelyard.ui.widgets.facts_format import file_size
from steelyard.ui.widgets.labels import ElidedLabel, name_widget
from steelyard.ui.widgets.models_text import percent, plain, rough_size

if TYPE_CHECKING:
    from steelyard.core.values.hub import DownloadRow, HubAccount, HubFileRow
    from steelyard.ui.theme.theme import Theme

_SHORTCUT = "Ctrl+D"
_COPY = "Copy command"


class RepoFoot(QWidget):
    """Copies a command, downloads, resumes, retries, or goes to Compare, as the file's state asks."""

    wanted = Signal(str)
    """What the big button does: download, resume or compare."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._command = ""
        self._does = ""
        self.place = ElidedLabel(theme, "", "muted", px=12, cut=Qt.TextElideMode.ElideRight)
        self.copy_button = make_button(theme, _COPY, "ghost", icon="terminal")
        self.button = PartsButton(theme, "primary")
        self.trouble = Note(theme, "bad")
        self._copied = Brief(self, self._show_copied)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.place, 1)
        row.addWidget(self.copy_button)
        row.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.trouble)
        column.addLayout(row)
        self.copy_button.clicked.connect(self._on_copy)
        self.button.clicked.connect(self.press)
        self._show("", "Choose a file", "", "download", "", "Choose a file in the table first")

    def show_account(self, account: HubAccount) -> None:
        """Show where downloads land."""
        free = account.cache_free_bytes
        room = "" if free is None else f"{rough_size(free)} free  ·  "
        self.place.setText(f"{room}Saves to the Hugging Face cache, shared with other tools")
        self.place.setAccessibleDescription(plain(account.cache))

    def show_command(self, name: str) -> None:
        """What the command line would be told."""
        self._command = f"steelyard models pull {shlex.quote(name)}" if name else ""
        self.copy_button.setEnabled(bool(name))
        name_widget(self.copy_button, _COPY, self._command or "Choose a file first")

    def show_file(
        self,
        file: HubFileRow | None,
        download: DownloadRow | None,
        *,
        is_here: bool,
        is_refused: bool,
        is_asked: bool = False,
    ) -> None:
        """Make the button say what can be done with a file now; `is_asked`: the last press is on its way."""
        if file is None:
            self._show("", "Choose a file", "", "download", "", "Choose a file in the table first")
            return
        title, size = plain(file.quant or file.name, 28), file_size(file.size_bytes)
        if is_here or (download is not None and download.state == "done"):
            self._show(
                "compare", "Use in Compare", title, "columns-3", "", f"{plain(file.name)} is installed"
            )
        elif is_asked:
            self._show("", f"Adding {title}…", "", "hourglass", "", "The hub is asked for the file's facts")
        elif download is not None:
            self._show_download(download, title)
        elif file.missing_parts:
            self._show("", f"{title} is incomplete", "", "file-x", "", "The repository lacks parts of it")
        elif file.needs_xet:
            self._show(
                "", "Only through Xet", title, "cloud-off", "", "Plain HTTP does not deliver this file"
            )
        elif is_refused:
            self._show("", f"Download {title}", size, "lock", "", "Get access to the repository first")
        else:
            what = f"Download {plain(file.name)}, {size}"
            self._show("download", f"Download {title}", size, "download", _SHORTCUT, what)

    def _show_download(self, download: DownloadRow, title: str) -> None:
        match download.state:
            case "paused":
                self._show("resume", f"Resume {title}", "", "play", _SHORTCUT, "Goes on where it stopped")
            case "failed":
                self._show("resume", f"Retry {title}", "", "rotate-cw", _SHORTCUT, plain(download.error))
            case "verifying":
                self._show(
                    "", "Verifying", title, "shield-check", "", "Its sha256 is compared with the hub's"
                )
            case _:
                share = f"{percent(download.done_bytes, download.size_bytes)} %"
                self._show("", "Downloading", share, "download", "", "See the downloads below")

    def show_trouble(self, text: str) -> None:
        """Why the last press did not do what it should; empty when all is well."""
        self.trouble.show_text(text)

    @Slot()
    def press(self) -> None:
        """Do what the button says."""
        if self._does:
            self.wanted.emit(self._does)

    def _show(self, does: str, text: str, small: str, icon: str, keys: str, tooltip: str) -> None:
        self._does = does
        color = "on_accent" if does else "ctl"
        parts = [Part(text, color, 600, 13)]
        if small:
            parts.append(Part(small, color, 500, 11))
        self.button.show_parts(parts, icon=icon, icon_color=color)
        self.button.setEnabled(bool(does))
        spoken = f"{text} {small}".strip()
        name_widget(self.button, spoken, f"{tooltip} ({keys})" if keys else tooltip)

    @Slot()
    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self._command)
        self.copy_button.setMinimumWidth(self.copy_button.width())  # the others stay where they are
        self._copied.start("Copied")

    def _show_copied(self, what: str) -> None:
        self.copy_button.setText(what or _COPY)
