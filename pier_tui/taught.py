"""What was learned from labels and outcomes, put to use: the threshold and calibrator a session starts with."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cache

from pier_tui import calibration
from pier_tui.agent.lessons import lessons
from pier_tui.agent.routing import Routing
from pier_tui.config import Settings, state_dir
from pier_tui.errors import ConfigError, PierError
from pier_tui.events import RequestStarted
from pier_tui.feedback.log import FeedbackLog
from pier_tui.feedback.rows import Feedback
from pier_tui.router import names
from pier_tui.router.catalogue import Taught, make
from pier_tui.router.strategy import Strategy
from pier_tui.router.training import Lesson, draft_score, request_score, verdict_table
from pier_tui.session.store import Store

LEARNING = ("cascade", "learned", "difficulty", "self-verify")
"""Strategies for which the judged turns are read."""


def routing(chosen: Settings, env: Mapping[str, str]) -> tuple[Routing, tuple[str, ...]]:
    """How a session routes, and what of what was learned could not be used. Raises ConfigError: no such strategy.

    The threshold file stands in for the default threshold, never for one the user set himself.
    """

    def made(name: str) -> Strategy:
        return make(name, taught(env) if names.read(name)[0] in LEARNING else None)

    strategy = made(chosen.strategy)
    found = Routing(
        strategy=strategy, threshold=chosen.threshold, epsilon=chosen.explore, min_dwell=chosen.min_dwell, make=made
    )
    try:
        calibration.load(state_dir(env) / calibration.FILE)
    except ConfigError as error:
        return found, (str(error),)
    return found, ()


def taught(env: Mapping[str, str]) -> Taught:
    """What the judged turns so far teach; nothing where the files cannot be read (opening them says so itself)."""
    feedback = Feedback()
    with suppress(PierError):
        feedback = _logged(env)
    known = tuple(lessons(feedback).values())
    return Taught(
        draft=draft_score(known),
        foresee=lambda name, variant: request_score(_with_requests(env, feedback), name, variant),
        verdicts=verdict_table(known),
        labels=len(known),
    )


def over_requests(known: tuple[Lesson, ...]) -> Taught:
    """What lessons teach of requests alone."""
    return Taught(foresee=lambda name, variant: request_score(known, name, variant), labels=len(known))


def _logged(env: Mapping[str, str]) -> Feedback:
    log = FeedbackLog(state_dir(env) / "feedback.db")
    try:
        return log.everything()
    finally:
        log.close()


def _with_requests(env: Mapping[str, str], feedback: Feedback) -> tuple[Lesson, ...]:
    """The lessons with what was asked, for which every judged session is read; none where that cannot be."""
    found: tuple[Lesson, ...] = ()
    with suppress(PierError), Store(state_dir(env) / "sessions.db") as store:
        requests = cache(lambda session: _requests(store, session))
        found = tuple(lessons(feedback, lambda row: requests(row.session).get(row.request, "")).values())
    return found


def _requests(store: Store, session: str) -> dict[int, str]:
    return {event.request: event.text for event in store.events(session) if isinstance(event, RequestStarted)}
