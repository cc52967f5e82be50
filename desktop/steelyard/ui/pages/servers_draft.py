"""A launch profile while it is edited: what it was, what it is now, what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import QObject, Signal

from steelyard.core.values.profiles import LaunchProfile
from steelyard.ui.pages.servers_field_text import FieldError, changed, shown, text_of, with_text

if TYPE_CHECKING:
    from steelyard.core.values.profiles import LoraAdapter
    from steelyard.ui.pages.servers_fields import FieldSpec


class ProfileDraft(QObject):
    """The one place that the controls of a form write to."""

    edited = Signal()
    """The user changed something, or something was put in as a whole."""
    reset = Signal()
    """There is another base: every control shows it."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.base = LaunchProfile()
        self.profile = LaunchProfile()
        self.errors: dict[str, str] = {}

    @property
    def changed_fields(self) -> list[str]:
        """The names of fields that are not as they were."""
        names = LaunchProfile.__struct_fields__
        return [name for name in names if getattr(self.base, name) != getattr(self.profile, name)]

    @property
    def is_changed(self) -> bool:
        """Whether anything is not as it was, a text that is no value included."""
        return bool(self.errors) or self.base != self.profile

    def set_base(self, profile: LaunchProfile) -> None:
        """Begin anew from this profile."""
        self.base = self.profile = profile
        self.errors.clear()
        self.reset.emit()

    def rebase(self, profile: LaunchProfile) -> None:
        """The server runs with another profile now; what the user changed stays changed."""
        if profile == self.base:
            return
        if not self.is_changed:
            self.set_base(profile)
        else:
            self.base = profile
            self.reset.emit()

    def put(self, profile: LaunchProfile) -> None:
        """Take a whole profile as the user's wish."""
        self.profile = profile
        self.errors.clear()
        self.reset.emit()
        self.edited.emit()

    def merge(self, settings: dict[str, Any]) -> bool:
        """Put those settings in that are fields of a profile; False if one is out of range."""
        known = {key: value for key, value in settings.items() if key in LaunchProfile.__struct_fields__}
        try:
            self.put(changed(self.profile, known))
        except msgspec.ValidationError:
            return False
        return True

    def type(self, spec: FieldSpec, text: str) -> None:
        """The user typed or chose this."""
        try:
            self.profile = with_text(self.profile, spec, text)
            self.errors.pop(spec.key, None)
        except FieldError as exc:
            self.errors[spec.key] = str(exc)
        self.edited.emit()

    def set_lora(self, adapters: list[LoraAdapter]) -> None:
        """Other adapters; none at all is the default."""
        self.profile = msgspec.structs.replace(self.profile, lora=adapters or None)
        self.edited.emit()

    def set_template(self, text: str | None) -> None:
        """Another chat template; None: the one in the weights."""
        self.profile = msgspec.structs.replace(self.profile, chat_template=text)
        self.edited.emit()

    def was(self, spec: FieldSpec) -> str | None:
        """What a changed field was, in the words of its control; None if it is as it was."""
        if all(getattr(self.base, name) == getattr(self.profile, name) for name in spec.names):
            return None if spec.key not in self.errors else shown(spec, text_of(self.base, spec))
        return shown(spec, text_of(self.base, spec))
