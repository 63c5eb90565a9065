"""What judged turns teach a session that starts: scorers, tables and thresholds, for the strategy it is to use."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "feedback"))

from made_feedback import press, row

from pier_tui import calibration, taught
from pier_tui.calibration import Platt, Threshold
from pier_tui.config import Settings, state_dir
from pier_tui.events import RequestStarted
from pier_tui.feedback.log import FeedbackLog
from pier_tui.feedback.rows import Feedback
from pier_tui.router.confidence import LEAST, Logistic
from pier_tui.session.store import Store
from pier_tui.wiring import assemble
