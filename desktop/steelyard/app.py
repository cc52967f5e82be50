"""Composition root of the window: theme, bridge, pages, window, each handed what it needs."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from PySide6.QtWidgets import QApplication, QWidget

    from steelyard.core.base.paths import Home
    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge, EngineLike
    from steelyard.ui.theme.theme import Theme

_DISPLAY_VARIABLES = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")


def run_app(home: Home, make_engine: Callable[[], EngineLike]) -> int:
    """Open the window and stay until it is closed; returns the exit code.

    `make_engine` is called in the engine thread, after the first frame.
    """
    problem = display_problem(sys.platform, os.environ)
    if problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    try:
        from PySide6.QtWidgets import QApplication
    except ImportError as exc:
        sys.stderr.write(f"The window cannot be opened: {exc}. `steelyard run` and --help work without it.\n")
        return 1
    app = QApplication.instance() or QApplication(["steelyard"])
    assert isinstance(app, QApplication)
    return _run(app, home, make_engine)


def display_problem(platform: str, environment: Mapping[str, str]) -> str:
    """Why there can be no window; empty when there can. Qt itself would abort the process."""
    if platform in {"darwin", "win32", "cygwin"} or any(environment.get(name) for name in _DISPLAY_VARIABLES):
        return ""
    return (
        "No display: Steelyard needs a desktop session for its window; "
        "use `steelyard run` or `steelyard --help` for the command line."
    )


def _run(app: QApplication, home: Home, make_engine: Callable[[], EngineLike]) -> int:
    from shiboken6 import delete

    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.crash import CrashHooks, CrashPresenter
    from steelyard.ui.main_window import MainWindow, remembered_mode
    from steelyard.ui.session import Session, SignalDoor
    from steelyard.ui.theme.theme import Theme

    app.setApplicationName("steelyard")
    app.setApplicationDisplayName("Steelyard")
    app.setDesktopFileName("steelyard")
    hooks = CrashHooks()
    hooks.install()
    theme = Theme(app, remembered_mode(home.window_state))
    bridge = Bridge(make_engine)
    actions = Actions()
    window = MainWindow(theme, bridge, actions, make_pages(theme, bridge, actions), home.window_state)
    CrashPresenter(theme, hooks, window)
    session = Session(app, theme, bridge, actions, window)
    door = SignalDoor(window)
    session.open()
    try:
        return app.exec()
    finally:
        door.close()
        bridge.join()
        hooks.uninstall()
        # Now, while Qt and Python are whole: left to the interpreter's end, widgets go in any order.
        delete(window)


def make_pages(theme: Theme, bridge: Bridge, actions: Actions) -> dict[str, Callable[[], QWidget]]:
    """A maker for each page of the rail; a page is made, and imported, when it is first shown."""
    from steelyard.ui.frame.page_list import PAGES
    from steelyard.ui.pages.placeholder import SENTENCES, PlaceholderPage

    def make_compare() -> QWidget:
        from steelyard.ui.pages.compare import ComparePage

        return ComparePage(theme, bridge, actions)

    def make_costs() -> QWidget:
        from steelyard.ui.pages.costs import CostsPage

        return CostsPage(theme, bridge, actions)

    def make_decide() -> QWidget:
        from steelyard.ui.pages.decide import DecidePage

        return DecidePage(theme, bridge, actions)

    def make_models() -> QWidget:
        from steelyard.ui.pages.models import ModelsPage

        return ModelsPage(theme, bridge, actions)

    def make_monitor() -> QWidget:
        from steelyard.ui.pages.monitor import MonitorPage

        return MonitorPage(theme, bridge, actions)

    def make_servers() -> QWidget:
        from steelyard.ui.pages.servers import ServersPage

        return ServersPage(theme, bridge, actions)

    def make_settings() -> QWidget:
        from steelyard.ui.pages.settings import SettingsPage

        return SettingsPage(theme, bridge)

    makers: dict[str, Callable[[], QWidget]] = {
        "compare": make_compare,
        "costs": make_costs,
        "decide": make_decide,
        "models": make_models,
        "monitor": make_monitor,
        "servers": make_servers,
        "settings": make_settings,
    }
    for spec in PAGES:
        if spec.name in SENTENCES:
            makers[spec.name] = partial(PlaceholderPage, theme, spec.name, spec.title, spec.icon)
    return makers
