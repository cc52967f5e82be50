"""Small stand-ins for what a test of the frame does not look at, and rows that are quick to make."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget

from steelyard.core.values.servers import ServerRow


class StandInCompare(QWidget):
    """Takes the place of the Compare page where the frame around it is tested."""

    settings_requested = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.title_widget = QLabel("a comparison")
        self.field = QLineEdit()
        self.field.setAccessibleName("Prompt")
        QVBoxLayout(self).addWidget(self.field)


class StandInApp:
    """Records that the session ended the application."""

    def __init__(self) -> None:
        self.has_quit = False

    def setQuitOnLastWindowClosed(self, is_on: bool) -> None:  # noqa: N802 - Qt's name
        assert not is_on

    def quit(self) -> None:
        self.has_quit = True


def make_server(name: str, **changes: object) -> ServerRow:
    values: dict[str, object] = {
        "name": name,
        "weights": f"{name}.gguf",
        "pid": 1,
        "state": "ready",
        "ctx": 8192,
        "slots": 1,
        "slots_busy": 0,
        "predicted_bytes": None,
        "measured_bytes": None,
        "vram_bytes": None,
        "started_at": None,
        "idle_s": None,
    }
    return ServerRow(**(values | changes))  # type: ignore[arg-type]
