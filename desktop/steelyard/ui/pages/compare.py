"""The Compare page: one prompt, several targets, side by side. Wires state, widgets and the bridge."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from steelyard.core.base.clock import utc_now
from steelyard.core.values import commands as cmd
from steelyard.core.values.events import ServerChanged, SettingsChanged, TargetsChanged, TextArrived
from steelyard.ui.pages.compare_actions import CompareActions
from steelyard.ui.pages.compare_layout import CompareLayout
from steelyard.ui.pages.compare_lists import TargetLists
from steelyard.ui.pages.compare_metrics import best_facts, metrics_of
from steelyard.ui.pages.compare_remedies import remedied
from steelyard.ui.pages.compare_state import MAX_COLUMNS, CompareState, Sent
from steelyard.ui.pages.compare_targets import STARTER
from steelyard.ui.widgets.code_highlight import warm_up_pygments
from steelyard.ui.widgets.response_links import LinkDialog

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.comparison import Comparison, ComparisonHistory, NotComparable
    from steelyard.core.values.prompt import Sampling
    from steelyard.core.values.reports import CostPreview
    from steelyard.core.values.servers import ServerRow
    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge, Call
    from steelyard.ui.pages.compare_column import TargetColumn
    from steelyard.ui.pages.compare_state import Change, Column
    from steelyard.ui.pages.compare_targets import TargetRef
    from steelyard.ui.theme.theme import Theme

FACTS_MS = 100
"""Figures change ten times a second at most."""
ESTIMATE_MS = 250
