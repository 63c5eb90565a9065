"""What was learned from labels and outcomes, put to use: the threshold and calibrator a session starts with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache

from pier_tui import calibration
from pier_tui.agent.routing import Routing
from pier_tui.config import Settings, state_dir
from pier_tui.errors import ConfigError, PierError
from pier_tui.events import RequestStarted
from pier_tui.feedback.log import FeedbackLog
from pier_tui.models.messages import Tier
from pier_tui.router import names
from pier_tui.router.catalogue import Taught, make
from pier_tui.router.strategy import Strategy
from pier_tui.router.training import Lesson, draft_score, request_score
from pier_tui.session.store import Store

LEARNING = ("cascade", "learned", "difficulty")
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
        learned = calibration.load(state_dir(env) / calibration.FILE)
    except ConfigError as error:
        return found, (str(error),)
    if learned is not None and learned.strategy in ("", strategy.name):
        found.calibrator = learned.calibrator
        found.threshold = chosen.threshold if "threshold" in chosen.model_fields_set else learned.tau
    return found, ()


def taught(env: Mapping[str, str]) -> Taught:
    """What the judged turns so far teach; nothing where the files cannot be read (opening them says so itself)."""
    known: tuple[Lesson, ...] = ()
    with suppress(PierError):
        known = tuple(lessons(env))
    return replace(over_requests(known), draft=draft_score(known))


def over_requests(known: tuple[Lesson, ...]) -> Taught:
    """What lessons teach of requests alone."""
    return Taught(foresee=lambda name, variant: request_score(known, name, variant), labels=len(known))


def lessons(env: Mapping[str, str]) -> Iterable[Lesson]:
    """Every judged turn with its request. Raises PierError."""
    log = FeedbackLog(state_dir(env) / "feedback.db")
    try:
        labels = {judgement.decision: judgement.label for judgement in log.labels()}
        rows = [row for row in log.decisions() if row.decision in labels] if labels else []
    finally:
        log.close()
    if not rows:
        return
    with Store(state_dir(env) / "sessions.db") as store:
        requests = cache(lambda session: _requests(store, session))
        for row in rows:
            good = _good(labels[row.decision], row.tier)
            yield Lesson(requests(row.session).get(row.request, ""), row.features, good)


def _good(label: str | None, tier: Tier) -> float:
    """Whether the weak model is good enough, by what the user said of who took the turn."""
    if label == "keep":
        return float(tier == "weak")
    return float(label == "de-escalate")


def _requests(store: Store, session: str) -> dict[int, str]:
    return {event.request: event.text for event in store.events(session) if isinstance(event, RequestStarted)}
