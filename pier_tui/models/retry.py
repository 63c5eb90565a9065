"""When to try a call again: how long to wait, and what a status means; no waiting is done here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Literal

ATTEMPTS = 4
"""How often a call is sent at most."""
START, CAP = 1.0, 60.0
"""Seconds of the first wait, doubled each time, and the longest wait ever."""

Meaning = Literal["ok", "key", "again", "window", "missing", "refused"]


def delay(headers: Mapping[str, str], attempt: int, now: float) -> float | None:
    """Seconds to wait after failed attempt number `attempt` (from 1), or None when there are no more attempts.

    `now` is Unix time. The endpoint's own wish comes first, capped at 60 s; a wish that makes no sense is
    read over.
    """
    if attempt >= ATTEMPTS:
        return None
    wished = _wished({name.lower(): value for name, value in headers.items()}, now)
    return min(CAP, START * 2.0 ** (attempt - 1)) if wished is None else min(CAP, wished)


def meaning(status: int) -> Meaning:
    """What an HTTP status says about trying again, before its body is read."""
    if 200 <= status < 300:
        return "ok"
    if status in (401, 403):
        return "key"
    if status in (408, 409, 425, 429) or status >= 500:
        return "again"
    if status == 413:
        return "window"
    return "missing" if status == 404 else "refused"


def _wished(headers: Mapping[str, str], now: float) -> float | None:
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after", "")
    seconds = _number(text)
    return _until(text, now) if seconds is None else seconds


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _until(text: str, now: float) -> float | None:
    try:
        seconds = parsedate_to_datetime(text).timestamp() - now
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if seconds >= 0 else None
