"""Decisions that were not handed over: kept soon after they are made, and put back on the same proposal only."""

from __future__ import annotations

import pytest
from diff_patches import NEW, SHOP, TAX, TOTAL, change
from scripted_workbench import PATCH, ScriptedWorkbench
from test_diff_pane import PaneApp
from test_shell_resuming import until

from pier_tui.events import PatchProposed, PatchReviewed, RequestStarted
from pier_tui.redaction import MARK
from pier_tui.repo.diff import HunkPick, Patch, Sides
from pier_tui.repo.verdict import Draft, HunkNote
from pier_tui.ui.app import PierApp
from pier_tui.ui.widgets.diff_draft import draft_of, put_back
from pier_tui.ui.widgets.diff_review import Review


def decided() -> Review:
    review = Review(SHOP)
    first, second, third = review.entries
    review.toggle_line(second, 1)
    review.edit(first, "def total(items):\n    return 0\n\n")
    review.reject(third)
    review.comment(second, "why?", range(1, 3))
    return review


def test_a_draft_puts_every_decision_back_and_one_undo_takes_them_away() -> None:
    was, now = decided(), Review(SHOP)
    draft = Draft.read(draft_of(was).written())
    assert draft == draft_of(was)
    assert put_back(now, draft) == (3, 1)
    assert now.verdict() == was.verdict()
    now.undo()
    assert not draft_of(now)


def test_only_hunks_that_are_still_there_are_decided_and_comments_are_all_kept() -> None:
    now = Review(Patch(files=(change("shop/cart.py", TAX), NEW)))
    assert put_back(now, draft_of(decided())) == (2, 1)
    other = Review(Patch(files=(change("shop/cart.py", TOTAL),)))
    assert put_back(other, draft_of(decided())) == (1, 1)
    assert len(other.stale()) == 1


def test_what_was_decided_meanwhile_stays_and_a_conflict_is_not_accepted() -> None:
    now = decided()
    assert put_back(now, Draft(rejected=(HunkPick(path="shop/cart.py", hunk=TAX.id),))) == (0, 0)
    clash = Sides(path="shop/cart.py", start=10, end=11, base="a", proposed="b", on_disk="c")
    torn = Review(SHOP, clashes=(clash,))
    put_back(torn, draft_of(decided()))
    assert [torn.mark(entry).decision for entry in torn.entries] == ["pending", "pending", "rejected"]
    assert torn.mark(torn.entries[0]).text == "def total(items):\n    return 0\n\n", "what was typed is kept"


def test_a_text_in_which_a_key_was_hidden_is_not_what_was_typed() -> None:
    pick = HunkPick(path="shop/cart.py", hunk=TAX.id, text=f"token = '{MARK}'\n")
    now = Review(SHOP)
    assert put_back(now, Draft(accepted=(pick,), typed=(pick,))) == (0, 0)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"accepted": 3}', "[" * 10_000])
def test_a_draft_that_cannot_be_read_is_empty(text: str) -> None:
    assert not Draft.read(text)


async def test_a_review_sent_back_is_kept_until_the_agent_has_it() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press("x", "S")
        [verdict] = app.verdicts
        assert app.pane.draft.rejected == verdict.rejected
        app.pane.show(PatchReviewed(verdict=verdict))
        assert not app.pane.draft


async def test_a_resumed_session_shows_what_was_decided_and_leaving_keeps_it() -> None:
    first = PATCH.files[0].hunks[0]
    left = Draft(
        accepted=(HunkPick(path=PATCH.files[0].path, hunk=first.id),),
        comments=(HunkNote(path=PATCH.files[0].path, hunk=first.id, text="क्यों?"),),
    )
    bench = ScriptedWorkbench(draft=left, past=(RequestStarted(text="go", request=1), PatchProposed(patch=PATCH)))
    app = PierApp(bench.start, repository="shop")
    async with app.run_test(size=(160, 40)) as pilot:
        await until(pilot, lambda: app.bench.workbench is not None)
        assert app.bench.diff.bar.hint.startswith("Back as you left it: 1 decision, 1 comment")
        assert app.bench.diff.draft == left
        app.bench.diff.view.focus()
        await pilot.press("u", "x", "ctrl+c", "ctrl+c")
    assert [pick.hunk for pick in bench.draft.rejected] == [first.id]
    assert not bench.draft.comments
