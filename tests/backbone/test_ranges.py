from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pier_tui.backbone.ranges import MOST, joined, read_ranges, write_ranges

ranges = st.lists(st.tuples(st.integers(1, 400), st.integers(0, 60)).map(lambda p: (p[0], p[0] + p[1])), max_size=40)


def test_ranges_are_read_from_what_an_item_says() -> None:
    assert read_ranges("read 1-80, 120, 200-240") == ((1, 80), (120, 120), (200, 240))
    assert read_ranges("edited") == ()
    assert read_ranges("read 9-3, 0") == ()


def test_ranges_that_touch_become_one() -> None:
    assert write_ranges([(41, 80), (1, 40), (120, 120)]) == "1-80, 120"


@given(ranges)
def test_no_line_is_lost_and_few_ranges_remain(found: list[tuple[int, int]]) -> None:
    kept = read_ranges(write_ranges(found))
    assert len(kept) <= MOST
    assert kept == joined(kept)
    assert {n for f, e in found for n in range(f, e + 1)} <= {n for f, e in kept for n in range(f, e + 1)}
