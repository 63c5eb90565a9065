"""Where each record's rows begin. Pure; heights are estimates until a record has been painted."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate


class Rows:
    """Heights of records and their running sums. Changing a late record is cheap, an early one costs a pass."""

    def __init__(self) -> None:
        self.heights: list[int] = []
        self._starts: list[int] = [0]
        self._known = 0

    def set(self, at: int, height: int) -> None:
        """Give a record its height; `at` may be one past the last."""
        if at == len(self.heights):
            self.heights.append(height)
        elif self.heights[at] != height:
            self.heights[at] = height
            self._known = min(self._known, at)

    def starts(self) -> list[int]:
        """The first row of every record, and at the end the number of rows."""
        if self._known < len(self.heights):
            del self._starts[self._known + 1 :]
            more = accumulate(self.heights[self._known :], initial=self._starts[self._known])
            next(more)
            self._starts.extend(more)
            self._known = len(self.heights)
        return self._starts

    @property
    def total(self) -> int:
        """All rows."""
        return self.starts()[-1]

    def at(self, row: int) -> tuple[int, int]:
        """The record at a row and the row within it; the last record where the row is past the end."""
        if not self.heights:
            return 0, 0
        starts = self.starts()
        at = min(max(bisect_right(starts, max(0, row)) - 1, 0), len(self.heights) - 1)
        return at, row - starts[at]


def guess(text: str, width: int) -> int:
    """About how many rows a text takes in a width."""
    return text.count("\n") + 1 + len(text) // max(8, width)
