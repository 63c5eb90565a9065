"""What reaches a real terminal byte by byte, while hostile text comes from every source through every screen."""

from __future__ import annotations

import base64
import json
import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pexpect
import pytest
from pty_terminal import Terminal, kinds

TOUR = Path(__file__).parent / "ui" / "hostile_tour.py"
MARK = b"XyZZy"
LONGEST = 60
"""Seconds it may print nothing."""
GOLDEN = {
    *(b"\x07", b"\n", b"\r"),
    *(b"\x1b[H", b"\x1b[m", b"\x1b[<u", b"\x1b[>u", b"\x1b[?$p", b"\x1b[?h", b"\x1b[?l"),
    *(b"\x1b]22", b"\x1b]52"),  # the pointer's shape, and what is copied
}
"""The kinds of control sequences that the same walk prints with benign text; held true by the longer test below."""


class Tour(Terminal):
    """The walk, in a terminal."""

    def argv(self, options: Sequence[str]) -> list[str]:
        return [sys.executable, str(TOUR), *options]


def tour(folder: Path, kind: str) -> tuple[bytes, dict[str, int]]:
    """What the terminal got, and what only the guard held back."""
    report = folder / f"{kind}.json"
    terminal = Tour(folder, folder, kind, str(report), COLORTERM="truecolor")
    seen = b""
    try:
        with suppress(pexpect.EOF):
            while True:
                seen += terminal.child.read_nonblocking(1 << 20, timeout=LONGEST)
        assert report.exists(), f"the walk broke off; the last it said was:\n{seen[-2000:]!r}"
        return seen, json.loads(report.read_text())
    finally:
        terminal.child.close(force=True)


def test_hostile_text_prints_no_control_sequence_that_benign_text_would_not(tmp_path: Path) -> None:
    seen, held = tour(tmp_path, "hostile")
    assert MARK in seen, "the text itself is shown"
    assert kinds(seen) <= GOLDEN
    text = seen.decode("utf-8")
    assert not re.search("[\x80-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]", text)
    copies = [base64.b64decode(copied).decode() for copied in re.findall(rb"\x1b\]52;c;([^\x07\x1b]*)", seen)]
    assert copies, "something was copied"
    assert all(copy.replace("\n", "").isprintable() for copy in copies)
    assert held == {}, "text was sanitised on its way in, not only by the guard"


@pytest.mark.skipif(not os.environ.get("PIER_SOAK"), reason="PIER_SOAK=1 runs the long tests")
def test_the_golden_kinds_are_those_of_a_benign_walk(tmp_path: Path) -> None:
    seen, _ = tour(tmp_path, "benign")
    assert kinds(seen) == GOLDEN
