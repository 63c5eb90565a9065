"""Decisions on a patch, without a screen."""

from __future__ import annotations

from diff_patches import NEW, SHOP, TAX, TOTAL, TRICK, change, hunk

from pier_tui.repo.diff import FileDiff, HunkPick, Line, Patch
from pier_tui.repo.patch import select
from pier_tui.repo.verdict import HunkNote
from pier_tui.ui.widgets.diff_landed import Landings
from pier_tui.ui.widgets.diff_marks import Mark
from pier_tui.ui.widgets.diff_review import Review
from pier_tui.ui.widgets.hunk_text import changed_words, hidden, partner, restore_endings

CART = "shop/cart.py"


def test_a_new_review_takes_nothing() -> None:
    verdict = Review(SHOP).verdict()
    assert not verdict.accepted
    assert not verdict.rejected


def test_a_hunk_is_accepted_and_taken_back_by_the_same_key() -> None:
    review = Review(SHOP)
    review.toggle(review.entries[0])
    assert review.verdict().accepted == (HunkPick(path=CART, hunk=TOTAL.id),)
    review.toggle(review.entries[0])
    assert not review.verdict().accepted


def test_single_lines_are_taken_by_their_index_in_the_hunk() -> None:
    review = Review(SHOP)
    review.toggle_line(review.entries[1], 2)
    assert review.verdict().accepted == (HunkPick(path=CART, hunk=TAX.id, lines=(2,)),)
    review.toggle_line(review.entries[1], 1)
    assert review.verdict().accepted == (HunkPick(path=CART, hunk=TAX.id),)
    review.toggle_line(review.entries[1], 1)
    review.toggle_line(review.entries[1], 2)
    assert not review.verdict().accepted


def test_context_lines_cannot_be_taken() -> None:
    review = Review(SHOP)
    assert "Only added and removed" in review.toggle_line(review.entries[1], 0)


def test_an_edit_is_shown_as_it_will_be_written() -> None:
    review = Review(SHOP)
    entry = review.entries[1]
    review.edit(entry, "x = 1\ny = 20\nw = 4\n")
    shown = "".join(line.text for line in review.lines(entry) if line.kind != "-")
    written = select(SHOP.files[0], review.verdict().accepted).hunks[0]
    assert shown == "x = 1\ny = 20\nw = 4\n"
    assert review.lines(entry) == written.lines
    assert review.mark(entry).decision == "edited"


def test_an_edit_back_to_the_old_text_is_a_rejection() -> None:
    review = Review(SHOP)
    review.edit(review.entries[1], "x = 1\nw = 4\n")
    assert review.verdict().rejected == (HunkPick(path=CART, hunk=TAX.id),)


def test_an_edit_keeps_line_endings_and_a_missing_last_one() -> None:
    assert restore_endings("a\r\nb\r\nc", "a\nB\nnew\nc\n") == "a\r\nB\r\nnew\r\nc"
    assert restore_endings("a\nb\r\n", "a\nb\nc\n") == "a\nb\r\nc\n"
    assert restore_endings("a\n", "") == ""


def test_accept_all_leaves_conflicts_and_unseen_hidden_characters() -> None:
    review = Review(Patch(files=(change(CART, TOTAL, TRICK, TAX),)), states={TAX.id: "conflict"})
    assert str(review.accept_all()) == (
        "1 accepted; left out: 1 with hidden characters not looked at yet, 1 in conflict"
    )
    for line in (-1, 0, 1, 2):
        review.saw(review.entries[1], line)
    assert str(review.accept_all()) == "1 accepted; left out: 1 in conflict"
    assert [pick.hunk for pick in review.verdict().accepted] == [TOTAL.id, TRICK.id]


def test_a_hunk_with_hidden_characters_counts_as_seen_only_when_all_of_it_was_shown() -> None:
    twice = hunk(1, "+a\u200b", "+b", "+c\u200b")
    review = Review(Patch(files=(change("a.py", twice),)))
    for line in (0, 1, 2):
        review.saw(review.entries[0], line)
        assert review.accept_all().hidden == 1
    review.saw(review.entries[0], -1)
    assert review.accept_all().accepted == 1


def test_a_name_that_hides_something_keeps_its_hunks_from_being_accepted_unseen() -> None:
    renamed = FileDiff(old_path="a.py", new_path="a\u202e.py")
    review = Review(Patch(files=(change("b\u0430.py", TOTAL), renamed)))
    assert [review.hidden(entry) for entry in review.entries] == [("U+0430",), ("U+202E",)]
    assert review.accept_all().hidden == 2
    review.saw(review.entries[1], -1)
    assert review.accept_all().accepted == 1


def test_a_conflict_is_never_accepted() -> None:
    review = Review(SHOP, states={TAX.id: "conflict"})
    entry = review.entries[1]
    assert "conflict" in review.toggle(entry)
    assert "conflict" in review.toggle_line(entry, 1)
    assert "conflict" in review.edit(entry, "x = 1\n")
    assert not review.verdict().accepted
    review.reject(entry)
    assert review.verdict().rejected


def test_an_accepted_hunk_that_comes_into_conflict_needs_a_new_look() -> None:
    review = Review(SHOP)
    review.accept_all()
    again = review.replace_patch(SHOP, {TAX.id: "conflict", TOTAL.id: "moved"})
    assert [entry.key for entry in again] == [(CART, TAX.id)]
    assert [pick.hunk for pick in review.verdict().accepted] == [TOTAL.id, NEW.hunks[0].id]
    while review.undo():
        pass
    assert not [pick for pick in review.verdict().accepted if pick.hunk == TAX.id]


def test_decisions_stay_with_hunks_that_are_still_there_and_new_ones_are_reported() -> None:
    review = Review(SHOP)
    review.toggle(review.entries[0])
    other = hunk(30, " x = 1", "+y = 3", " w = 4")
    again = review.replace_patch(Patch(files=(change(CART, TOTAL, other), NEW)), {})
    assert [entry.hunk for entry in again] == [other]
    assert [pick.hunk for pick in review.verdict().accepted] == [TOTAL.id]


def test_a_comment_keeps_the_text_it_was_made_on_and_goes_stale_with_its_hunk() -> None:
    review = Review(SHOP)
    review.comment(review.entries[1], "why?", range(1, 2))
    note = HunkNote(path=CART, hunk=TAX.id, line=1, place="line 31", snippet="y = 2", text="why?")
    assert review.notes == (note,)
    review.replace_patch(Patch(files=(NEW,)), {})
    assert review.stale() == (note,)
    assert review.verdict(send_back=True).comments == (note,)


def test_sending_back_writes_nothing() -> None:
    review = Review(SHOP)
    review.toggle(review.entries[0])
    review.reject(review.entries[1])
    verdict = review.verdict(send_back=True)
    assert not verdict.accepted
    assert verdict.send_back
    assert [pick.hunk for pick in verdict.rejected] == [TAX.id]


def test_undo_takes_back_one_decision_at_a_time() -> None:
    review = Review(SHOP)
    review.toggle(review.entries[0])
    review.comment(review.entries[0], "hm")
    review.accept_all()
    assert review.undo()
    assert review.count("accepted") == 1
    assert review.undo() == (CART, TOTAL.id)
    assert not review.notes
    assert review.undo() == (CART, TOTAL.id)
    assert review.undo() is None
    assert review.count("pending") == 3


def test_a_file_without_hunks_is_one_thing_to_decide() -> None:
    image = FileDiff(old_path="a.png", new_path="a.png", binary=True)
    review = Review(Patch(files=(image,)))
    review.accept_all()
    assert review.verdict().accepted == (HunkPick(path="a.png", hunk=""),)


def test_what_a_verdict_rejected_leaves_and_what_it_said_is_sent() -> None:
    review = Review(SHOP)
    review.reject(review.entries[0])
    review.comment(review.entries[1], "later", None)
    review.drop(review.verdict(send_back=True))
    assert [entry.hunk for entry in review.entries] == [TAX, NEW.hunks[0]]
    assert not review.notes


def test_hidden_characters_are_named() -> None:
    assert hidden("a\u202eb\x1b]0;x\x07\r") == ("U+202E", "U+001B", "U+0007", "U+000D")
    assert hidden("क्‍ष 👩‍💻 tab\there\r\n") == ()


def test_words_that_changed_are_found_by_pairs_of_lines() -> None:
    old, new = changed_words("return sum(items)", "return sum(prices)")
    assert ("return sum(items)"[slice(*old[0])], "return sum(prices)"[slice(*new[0])]) == ("items", "prices")
    lines = [Line(kind=kind, text="x\n") for kind in " --++ +"]
    assert [partner(lines, i) for i in (1, 2, 3, 4, 6)] == [3, 4, 1, 2, None]


def test_the_mark_of_a_pending_hunk_takes_nothing() -> None:
    assert not Mark().taken
    assert Landings().patch() == Patch()


def typed(text: str) -> Review:
    review = Review(SHOP)
    review.edit(review.entries[1], text)
    return review


def test_a_typed_text_moves_to_the_hunk_that_took_the_place_of_its_own() -> None:
    review = typed("x = 1\ny = 20\nz = 3\nw = 4\n")
    after = hunk(31, " x = 1", "+y = 2", "+z = 3", " w = 40")
    (again,) = review.replace_patch(Patch(files=(change(CART, TOTAL, after), NEW)), {})
    assert again.hunk == after
    assert review.mark(again) == Mark("pending", None, "x = 1\ny = 20\nz = 3\nw = 40\n")
    assert not review.verdict().accepted


def test_a_typed_text_that_clashes_with_the_new_hunk_shows_all_three_and_is_not_accepted_so() -> None:
    review = typed("x = 1\ny = 20\nz = 3\nw = 4\n")
    after = hunk(30, " x = 1", "+y = 7", "+z = 3", " w = 4")
    (again,) = review.replace_patch(Patch(files=(change(CART, TOTAL, after), NEW)), {})
    text = str(review.mark(again).text)
    assert [line in text for line in ("y = 20\n", "y = 2\n", "y = 7\n")] == [True, True, True]
    assert "clash" in review.toggle(again)
    assert review.accept_all().conflicts == 1
    assert "clash" in review.edit(again, text)
    assert review.edit(again, "x = 1\ny = 27\nz = 3\nw = 4\n") == ""
    assert review.mark(again).decision == "edited"


def test_a_typed_text_stays_with_its_hunk_in_a_conflict() -> None:
    review = typed("x = 1\ny = 20\nw = 4\n")
    (again,) = review.replace_patch(SHOP, {TAX.id: "conflict"})
    assert review.mark(again) == Mark("pending", None, "x = 1\ny = 20\nw = 4\n")


def test_a_typed_text_whose_hunk_is_gone_becomes_a_comment() -> None:
    review = typed("x = 1\ny = 20\nw = 4\n")
    review.replace_patch(Patch(files=(NEW,)), {})
    (note,) = review.stale()
    assert note.snippet == "x = 1\ny = 20\nw = 4\n"


def test_a_text_saved_after_its_hunk_changed_is_kept() -> None:
    review = Review(SHOP)
    after = hunk(30, " x = 1", "+y = 2", "+z = 3", " w = 40")
    (again,) = review.replace_patch(Patch(files=(change(CART, TOTAL, after), NEW)), {})
    assert "kept" in review.recover((CART, TAX.id), "x = 0\ny = 2\nz = 3\nw = 4\n")
    assert review.mark(again).text == "x = 0\ny = 2\nz = 3\nw = 40\n"


def test_only_hunks_that_changed_ask_for_another_look() -> None:
    review = Review(Patch(files=(NEW,)))
    assert review.replace_patch(SHOP, {}) == ()


def test_what_was_written_is_no_longer_typed_anywhere() -> None:
    review = typed("x = 1\ny = 20\nw = 4\n")
    review.landed()
    review.replace_patch(Patch(files=(NEW,)), {})
    assert review.notes == ()
