"""Waits between tries, and what statuses mean."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from pier_tui.models.pacing import Pace
from pier_tui.models.retry import ATTEMPTS, delay, meaning

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": formatdate(NOW + 12, usegmt=True)}, 12),
        ({"retry-after": "86400"}, 60),
        ({"retry-after": "-3"}, 1),
        ({"retry-after": "inf"}, 1),
        ({"retry-after": "nan"}, 1),
        ({"retry-after": "soon"}, 1),
        ({"retry-after": formatdate(NOW - 500, usegmt=True)}, 1),
        ({}, 1),
    ],
)
def test_the_endpoints_wish_comes_first_within_reason(headers: dict[str, str], seconds: float) -> None:
    assert delay(headers, 1, NOW) == seconds


def test_without_a_wish_waits_double_until_tries_run_out() -> None:
    assert [delay({}, n, NOW) for n in range(1, ATTEMPTS + 1)] == [1, 2, 4, None]


@pytest.mark.parametrize(
    ("status", "said"),
    [(200, "ok"), (401, "key"), (403, "key"), (404, "missing"), (408, "again"), (409, "again"), (413, "window"),
     (429, "again"), (422, "refused"), (400, "refused"), (302, "refused"), (500, "again"), (503, "again")],
)  # fmt: skip
def test_a_status_has_one_meaning(status: int, said: str) -> None:
    assert meaning(status) == said


def test_a_pace_lets_a_quarter_minute_go_and_then_spreads_requests() -> None:
    times = [0.0]
    pace = Pace(8, lambda: times[0])
    assert [pace.reserve() for _ in range(4)] == [0, 0, 7.5, 15]
    times[0] = 60.0
    assert pace.reserve() == 0
    assert Pace(None).reserve() == 0
