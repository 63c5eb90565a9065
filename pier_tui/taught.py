"""What was learned from labels and outcomes, put to use: the threshold and calibrator a session starts with."""

from __future__ import annotations

from collections.abc import Mapping

from pier_tui import calibration
from pier_tui.agent.routing import Routing
from pier_tui.config import Settings, state_dir
from pier_tui.errors import ConfigError
from pier_tui.router.catalogue import make


def routing(chosen: Settings, env: Mapping[str, str]) -> tuple[Routing, tuple[str, ...]]:
    """How a session routes, and what of what was learned could not be used. Raises ConfigError: no such strategy.

    The threshold file stands in for the default threshold, never for one the user set himself.
    """
    found = Routing(
        strategy=make(chosen.strategy), threshold=chosen.threshold, epsilon=chosen.explore, min_dwell=chosen.min_dwell
    )
    try:
        learned = calibration.load(state_dir(env) / calibration.FILE)
    except ConfigError as error:
        return found, (str(error),)
    if learned is not None and learned.strategy in ("", found.strategy.name):
        found.calibrator = learned.calibrator
        found.threshold = chosen.threshold if "threshold" in chosen.model_fields_set else learned.tau
    return found, ()
