"""When to try a call again: how long to wait, and what a status means; no waiting is done here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

ATTEMPTS = 4
"""How often a call is sent at most."""
START, CAP = 1.0, 60.0
"""Seconds of the first wait, doubled each time, and the longest wait ever."""
SPREAD = 0.25
"""Share of a wait of our own choice by which chance may shorten it."""
NUMBER = re.compile(r"\d+(\.\d+)?")
DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
UNITS = (86400.0, 3600.0, 60.0, 1.0, 0.001)
EPOCH, EPOCH_MS = 1e9, 1e11
"""From where on a number is a Unix time in seconds, and in milliseconds."""
RESET = re.compile(r"(?:x-|anthropic-)?ratelimit-(?:[a-z-]+-)?reset(?:-[a-z-]+)?")

Meaning = Literal["ok", "key", "credit", "again", "window", "missing", "refused"]


def delay(headers: Mapping[str, str], attempt: int, now: float, chance: float = 0.0) -> float | None:
    """Seconds to wait after failed attempt number `attempt` (from 1), or None when there are no more attempts.

    `now` is Unix time, to which dates are compared; `chance` from 0 to 1 shortens a wait without a wish by up to a
    quarter. The endpoint's wish comes first: `retry-after-ms`, then `retry-after` in seconds or as any of HTTP's
    three dates (RFC 9110, 5.6.7), then when a used-up rate limit is reset. It is capped at 60 s, and one that makes
    no sense (negative, past, not a number) is read over. `x-should-retry: false` ends the attempts.
    """
    told = {str(name).lower(): str(value).strip() for name, value in headers.items()}
    if attempt >= ATTEMPTS or told.get("x-should-retry", "").lower() == "false":
        return None
    wished = _wished(told, now)
    if wished is not None:
        return min(CAP, wished)
    return min(CAP, START * 2.0 ** (max(attempt, 1) - 1)) * (1 - SPREAD * min(1.0, max(0.0, chance)))


def meaning(status: int) -> Meaning:
    """What an HTTP status says about trying again, before its body is read."""
    if 200 <= status < 300:
        return "ok"
    if status in (401, 403):
        return "key"
    if status in (408, 409, 425, 429) or status >= 500:
        return "again"
    named: dict[int, Meaning] = {402: "credit", 404: "missing", 413: "window"}
    return named.get(status, "refused")


def _wished(headers: Mapping[str, str], now: float) -> float | None:
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after", "")
    wish = _number(text)
    wish = _until(text, now) if wish is None else wish
    return _reset(headers, now) if wish is None else wish


def _reset(headers: Mapping[str, str], now: float) -> float | None:
    """Until the last of the limits that are used up is reset; hosts also name those that are not."""
    waits: list[float] = []
    for name, text in headers.items():
        if RESET.fullmatch(name) is None:
            continue
        remaining = _number(headers.get(name.replace("reset", "remaining", 1), "0"))
        if not remaining and (wait := _span(text, now)) is not None:
            waits.append(wait)
    return max(waits, default=None)


def _span(text: str, now: float) -> float | None:
    """Seconds, a Unix time, a duration like `1m2.5s`, or an RFC 3339 date, as seconds from now."""
    number = _number(text)
    if number is not None:
        moment = number / 1000 if number > EPOCH_MS else number
        wait = moment - now if number > EPOCH else number
        return wait if wait >= 0 else None
    match = DURATION.fullmatch(text)
    if text and match is not None:
        return sum(float(amount) * unit for amount, unit in zip(match.groups(), UNITS, strict=True) if amount)
    try:
        wait = datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() - now if text.endswith("Z") else -1.0
    except (ValueError, OverflowError):
        return None
    return wait if wait >= 0 else None


def _number(text: str) -> float | None:
    return float(text) if NUMBER.fullmatch(text) and text.isascii() else None


def _until(text: str, now: float) -> float | None:
    """Until an HTTP date, which is in GMT even where it does not say so."""
    try:
        moment = parsedate_to_datetime(text)
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    return seconds if seconds >= 0 else None
