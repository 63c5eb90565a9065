"""Waits between tries, and what statuses mean."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    "date", ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
)
def test_every_form_of_a_date_is_read_as_gmt_wherever_we_are(date: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        assert delay({"Retry-After": date}, 1, 784_111_777 - 5) == 5
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-reset-requests": "1m2.5s", "x-ratelimit-remaining-requests": "0"}, 60),
        ({"x-ratelimit-reset-tokens": "6ms"}, 0.006),
        ({"x-ratelimit-reset-requests": "40s", "x-ratelimit-remaining-requests": "3"}, 1),
        ({"x-ratelimit-reset-requests": "8s", "x-ratelimit-reset-tokens": "20s"}, 20),
        ({"x-ratelimit-reset": str(int(NOW) + 9)}, 9),
        ({"x-ratelimit-reset": str(int(NOW + 9) * 1000)}, 9),
        ({"x-ratelimit-reset": "9"}, 9),
        ({"anthropic-ratelimit-requests-reset": "2027-01-15T08:00:11Z"}, 11),
        ({"x-ratelimit-reset": "soon", "retry-after": "٣"}, 1),
        ({"retry-after": "1e3"}, 1),
        ({"retry-after": "9" * 400}, 60),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "120, 60"}, 1),
        ({"retry-after": "2", "x-ratelimit-reset": "30"}, 2),
    ],
)
def test_a_used_up_limit_says_when_it_is_reset(headers: dict[str, str], seconds: float) -> None:
    assert delay(headers, 1, NOW) == pytest.approx(seconds)


def test_chance_shortens_only_waits_of_our_own_choice() -> None:
    assert delay({}, 2, NOW, chance=1.0) == 1.5
    assert delay({"retry-after": "8"}, 2, NOW, chance=1.0) == 8


def test_an_endpoint_may_refuse_another_try() -> None:
    assert delay({"X-Should-Retry": "false", "retry-after": "1"}, 1, NOW) is None


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["Retry-After", "retry-after-ms", "x-ratelimit-reset", "x-ratelimit-reset-tokens"]),
        st.one_of(st.text(max_size=30), st.from_regex(r"-?\d{1,40}(\.\d+)?(ms|s|m|h)?", fullmatch=True)),
    ),
    st.integers(-3, 9),
)
def test_a_wait_is_never_negative_endless_or_an_exception(headers: dict[str, str], attempt: int) -> None:
    seconds = delay(headers, attempt, NOW)
    assert seconds is None if attempt >= ATTEMPTS else seconds is not None and 0 <= seconds <= 60


@pytest.mark.parametrize(
    ("status", "said"),
    [(200, "ok"), (401, "key"), (402, "credit"), (403, "key"), (404, "missing"), (408, "again"), (409, "again"),
     (413, "window"),
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
