"""What the models are told of a review: the very hunks and lines, and the user's words on them."""

from __future__ import annotations

from pier_tui.agent.review import taken
from pier_tui.agent.told import review_request, summary
from pier_tui.repo.diff import HunkPick, Patch
from pier_tui.repo.patch import parse
from pier_tui.repo.verdict import HunkNote, Verdict

BEFORE = parse(
    b"""\
diff --git a/cart.py b/cart.py
--- a/cart.py
+++ b/cart.py
@@ -1,4 +1,5 @@
 import math
-def total(items):
-    return sum(items)
+def total(items, tax=0):
+    plain = sum(items)
+    return plain * (1 + tax)
 # end
@@ -20,3 +21,2 @@ class Cart
 x = 1
-y = 2
 z = 3
@@ -40,2 +40,3 @@
 a = 1
+b = 2
 c = 3
"""
)
FIRST, SECOND, THIRD = (HunkPick(path="cart.py", hunk=hunk.id) for hunk in BEFORE.files[0].hunks)
NOTE = HunkNote(
    path="cart.py", hunk=FIRST.hunk, line=3, last=4, place="lines 2-3", snippet="+def\n+    plain\n", text="why?"
)


def told(verdict: Verdict) -> list[str]:
    return summary(BEFORE, taken(BEFORE, verdict.accepted), verdict).splitlines()


def test_hunks_are_named_by_where_their_changes_are() -> None:
    assert told(Verdict(accepted=(FIRST,), rejected=(SECOND, THIRD))) == [
        "The user reviewed the proposal.",
        "applied cart.py (+3 -2): lines 2-4",
        "rejected in cart.py: old line 21, line 41",
    ]


def test_what_was_taken_in_part_or_changed_is_said_so() -> None:
    some = FIRST.model_copy(update={"lines": (1, 3)})
    other = THIRD.model_copy(update={"text": "a = 1\nb = 3\nc = 3\n"})
    [applied] = told(Verdict(accepted=(some, other)))[1:]
    assert applied.endswith("): lines 2-4, of it 2 of 5 changed lines, line 41 as the user changed it")


def test_a_review_sent_back_quotes_what_was_rejected_and_what_was_commented_on() -> None:
    assert review_request(BEFORE, Verdict(rejected=(SECOND,), comments=(NOTE,), send_back=True)).splitlines() == [
        "Please rework the proposal according to this review.",
        "- rejected in cart.py: old line 21",
        "    -y = 2",
        "- cart.py, lines 2-3: why?",
        "  on:",
        "    +def",
        "    +    plain",
    ]


def test_many_hunks_and_long_ones_are_named_in_short() -> None:
    hunks = tuple(h.model_copy(update={"nth": n}) for n in range(20) for h in BEFORE.files[0].hunks[:1])
    file = BEFORE.files[0].model_copy(update={"hunks": hunks})
    rejected = tuple(HunkPick(path="cart.py", hunk=hunk.id) for hunk in hunks)
    said = review_request(Patch(files=(file,)), Verdict(rejected=rejected))
    assert "and 12 hunks more" in said
    assert said.count("-def total(items):") == 8


def test_a_hunk_that_is_gone_and_a_file_without_hunks_have_words_of_their_own() -> None:
    picks = (HunkPick(path="cart.py", hunk="gone"), HunkPick(path="logo.png", hunk=""))
    assert told(Verdict(rejected=picks))[1:] == [
        "rejected in cart.py: a hunk that is gone",
        "rejected in logo.png: the whole file",
    ]
