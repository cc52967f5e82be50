"""Files that go with the prompt: dropped, pasted or chosen, read by the core, shown as chips."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from steelyard.core.base.errors import AppError
from steelyard.core.values.commands import ReadAttachment
from steelyard.ui.pages.compare_attachments_data import (
    MAX_FILES,
    AttachedFile,
    base_name,
    blind_warning,
    detail_of,
    refusal_of,
)
from steelyard.ui.widgets.cards import Note
from steelyard.ui.widgets.form_file_chip import FileChip
from steelyard.ui.widgets.form_thumbnail import png_of, thumbnail_of
from steelyard.ui.widgets.models_flow import FlowRow

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData

    from steelyard.core.values.prompt import Attachment
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme


class AttachmentsBar(QWidget):
    """The chips, one file each; hidden while there is none."""

    changed = Signal()
    """A file came, was read, or went."""

    def __init__(self, theme: Theme, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._bridge = bridge
        self._files: dict[FileChip, AttachedFile] = {}
        self._blind: list[str] = []
        self._pasted = 0
        self._unseen: list[FileChip] = []
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._on_picture_due)
        self.dialog: QFileDialog | None = None
        self.warning = Note(theme, "warn")
        self._flow = FlowRow(8, 6)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 6, 4, 2)
        column.setSpacing(6)
        column.addWidget(self._flow)
        column.addWidget(self.warning)
        self.setAccessibleName("Attachments")
        self._show()

    @property
    def chips(self) -> list[FileChip]:
        """In the order in which the files came."""
        return list(self._files)

    @property
    def attachments(self) -> list[Attachment]:
        """What was read and can be sent."""
        return [file.attachment for file in self._files.values() if file.attachment is not None]

    @property
    def is_reading(self) -> bool:
        """Whether a file is still being read."""
        return any(file.is_reading for file in self._files.values())

    @property
    def has_images(self) -> bool:
        """Whether an image is among them."""
        return any(attachment.kind == "image" for attachment in self.attachments)

    def set_blind(self, names: list[str]) -> None:
        """The columns whose models cannot read images."""
        self._blind = names
        self._show()

    def set_attachments(self, attachments: list[Attachment]) -> None:
        """Take over those of a question that is asked anew."""
        self.clear()
        for attachment in attachments:
            self._on_read(self._add(attachment.name), attachment)
        self.changed.emit()

    def clear(self) -> None:
        """No files any more."""
        for chip in self.chips:
            self._forget(chip)
        self._show()

    # ---- coming in -----------------------------------------------------------------------------------------

    @Slot()
    def ask(self) -> None:
        """Let the user choose files."""
        if self.dialog is not None:
            self.dialog.close()
        dialog = self.dialog = QFileDialog(self.window(), "Attach files")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(self.add_paths)
        dialog.destroyed.connect(self._on_dialog_gone)
        dialog.open()

    @Slot(list)
    def add_paths(self, paths: list[str]) -> None:
        """Read these files."""
        for path in paths:
            self._read(base_name(path), ReadAttachment(path=path))

    def add_image(self, image: QImage) -> None:
        """A picture of the clipboard, as PNG."""
        self._pasted += 1
        name = f"pasted-{self._pasted}.png"
        data = png_of(image)
        if data:
            self._read(name, ReadAttachment(path=name, data=data))
        else:
            hint = "Save it as a file and attach that."
            self._on_refused(
                self._add(name), AppError("It cannot be pasted", "more than 16 megapixels", hint)
            )

    def take(self, source: QMimeData) -> bool:
        """Files or a picture that were dropped or pasted; False where there is only text."""
        paths = [url.toLocalFile() for url in source.urls() if url.isLocalFile()]
        if paths:
            self.add_paths(paths)
            return True
        if source.hasImage() and not source.hasText():
            self.add_image(QImage(source.imageData()))
            return True
        return False

    @staticmethod
    def can_take(source: QMimeData) -> bool:
        """Whether `take` would."""
        if any(url.isLocalFile() for url in source.urls()):
            return True
        return source.hasImage() and not source.hasText()

    def _read(self, name: str, command: ReadAttachment) -> None:
        chip = self._add(name)
        if len(self._files) > MAX_FILES:
            hint = "Remove one of the others first."
            self._on_refused(chip, AppError("Too many files", f"only {MAX_FILES} go with one prompt", hint))
            return
        reading = _Reading(self, chip)
        self._bridge.run(command, on_done=reading.on_done, on_error=reading.on_error)
        self.changed.emit()

    def _add(self, name: str) -> FileChip:
        chip = FileChip(self._theme, name)
        chip.removed.connect(self._on_removed)
        self._files[chip] = AttachedFile(name)
        self._flow.add(chip)
        chip.show()
        self._flow.arrange()
        self._show()
        return chip

    # ---- answers -------------------------------------------------------------------------------------------

    def finish_reading(self, chip: FileChip, attachment: Attachment) -> None:
        """The core has read it."""
        if chip in self._files:
            self._on_read(chip, attachment)
            self.changed.emit()

    def refuse(self, chip: FileChip, error: AppError) -> None:
        """The core will not send it."""
        if chip in self._files:
            self._on_refused(chip, error)

    def _on_read(self, chip: FileChip, attachment: Attachment) -> None:
        self._files[chip].attachment = attachment
        icon = "image" if attachment.kind == "image" else "file-text"
        chip.show_file(attachment.name, detail_of(attachment), icon)
        if attachment.kind == "image" and attachment.data is not None:
            self._unseen.append(chip)
            self._timer.start()
        self._show()

    def _on_refused(self, chip: FileChip, error: AppError) -> None:
        self._files[chip].error = error
        chip.show_refusal(refusal_of(chip.name, error), error.one_line())
        self._show()
        self.changed.emit()

    @Slot()
    def _on_picture_due(self) -> None:
        """One image at a time, after its chip has been painted."""
        chip = self._unseen.pop(0)
        file = self._files.get(chip)
        if file is not None and file.attachment is not None and file.attachment.data is not None:
            chip.show_picture(thumbnail_of(file.attachment.mime, file.attachment.data))
        if self._unseen:
            self._timer.start()

    @Slot(object)
    def _on_removed(self, chip: FileChip) -> None:
        chips = self.chips
        at = chips.index(chip)
        self._forget(chip)
        left = self.chips
        if left:
            left[min(at, len(left) - 1)].remove_button.setFocus()
        self._show()
        self.changed.emit()

    def _forget(self, chip: FileChip) -> None:
        del self._files[chip]
        chip.hide()
        self._flow.remove(chip)
        chip.deleteLater()

    def _show(self) -> None:
        self.warning.show_text(blind_warning(self.attachments, self._blind))
        self.setVisible(bool(self._files))

    @Slot()
    def _on_dialog_gone(self) -> None:
        self.dialog = None


class _Reading(QObject):
    """One file that is being read: ties the answer to its chip."""

    def __init__(self, bar: AttachmentsBar, chip: FileChip) -> None:
        super().__init__(chip)
        self._bar = bar
        self._chip = chip

    def on_done(self, attachment: Attachment) -> None:
        """Read."""
        self._bar.finish_reading(self._chip, attachment)

    def on_error(self, error: AppError) -> None:
        """Refused."""
        self._bar.refuse(self._chip, error)
