"""Patches for the tests of the diff pane."""

from __future__ import annotations

from pier_tui.repo.diff import FileDiff, Hunk, Line, Patch


def hunk(start: int, *lines: str, section: str = "") -> Hunk:
    made = tuple(Line(kind=text[0], text=text[1:] + "\n") for text in lines)
    old = sum(line.kind != "+" for line in made)
    new = sum(line.kind != "-" for line in made)
    return Hunk(
        old_start=start if old else start - 1,
        old_count=old,
        new_start=start,
        new_count=new,
        section=section,
        lines=made,
    )


def change(path: str, *hunks: Hunk) -> FileDiff:
    return FileDiff(old_path=path, new_path=path, hunks=hunks)


TOTAL = hunk(
    10,
    " def total(items):",
    "-    return sum(items)",
    "+    return sum(i.price for i in items)",
    " ",
    section="class Cart",
)
TAX = hunk(30, " x = 1", "+y = 2", "+z = 3", " w = 4")
NEW = FileDiff(old_path=None, new_path="shop/new.py", new_mode="100644", hunks=(hunk(1, "+import os", "+print(os)"),))
TRICK = hunk(5, " ok = 1", "+admin = '\u202eevil\u2066'", " end = 1")
SHOP = Patch(files=(change("shop/cart.py", TOTAL, TAX), NEW))
