"""The diff pane driven by keys and clicks in a small app."""

from __future__ import annotations

from diff_patches import NEW, SHOP, TAX, TOTAL, TRICK, change
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.message import Message

from pier_tui.events import Notice, PatchApplied, PatchProposed, PatchRebased, PatchReviewed, PatchUndone
from pier_tui.repo.diff import HunkPick, Patch, Resolution, Sides
from pier_tui.repo.verdict import Verdict
from pier_tui.ui.panes.diff import DiffPane
from pier_tui.ui.widgets.diff_edit import CommentInput, HunkEditor


class PaneApp(App[None]):
    def __init__(self, patch: Patch | None = SHOP) -> None:
        super().__init__()
        self.patch = patch
        self.got: list[Message] = []
        self.now = 100.0

    def compose(self) -> ComposeResult:
        yield DiffPane(clock=lambda: self.now)

    def on_mount(self) -> None:
        if self.patch is not None:
            self.pane.show(PatchProposed(patch=self.patch))
        self.pane.view.focus()

    @property
    def pane(self) -> DiffPane:
        return self.query_one(DiffPane)

    @property
    def hint(self) -> str:
        return self.pane.bar.hint

    @property
    def verdicts(self) -> list[Verdict]:
        return [m.verdict for m in self.got if isinstance(m, DiffPane.VerdictGiven)]

    def on_diff_pane_verdict_given(self, message: DiffPane.VerdictGiven) -> None:
        self.got.append(message)

    def on_diff_pane_editor_requested(self, message: DiffPane.EditorRequested) -> None:
        self.got.append(message)

    def on_diff_pane_source_wanted(self, message: DiffPane.SourceWanted) -> None:
        self.got.append(message)

    def on_diff_pane_undo_wanted(self, message: DiffPane.UndoWanted) -> None:
        self.got.append(message)


def pick(path: str, hunk: str, **more: object) -> HunkPick:
    return HunkPick.model_validate({"path": path, "hunk": hunk, **more})


async def test_space_accepts_the_hunk_and_enter_gives_the_verdict() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press("n", "space", "n", "x", "enter")
        assert app.hint == "Writing what you accepted…"
    assert app.verdicts == [
        Verdict(accepted=(pick("shop/cart.py", TAX.id),), rejected=(pick("shop/new.py", NEW.hunks[0].id),))
    ]


async def test_enter_with_nothing_accepted_says_what_to_do() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press("enter")
        assert app.hint.startswith("Nothing is accepted yet: space takes this hunk, A takes all.")
    assert not app.verdicts


async def test_apply_all_writes_everything_and_what_landed_leaves_the_view() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press("A", "enter")
        [verdict] = app.verdicts
        assert len(verdict.accepted) == 3
        app.pane.show(PatchReviewed(verdict=verdict))
        assert app.pane.has_pending
        app.pane.show(PatchApplied(checkpoint="c1", patch=SHOP, remaining=Patch()))
        assert not app.pane.has_pending
        assert app.pane.summary() == ""
        assert "Nothing is waiting" in app.pane.view.render_line(1).text
        assert app.hint == "Applied +5 -1 in 2 files · v then U undoes · v shows this turn, applied"


async def test_a_second_enter_gives_no_second_verdict() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press("A", "enter", "enter", "space", "S")
        assert len(app.verdicts) == 1
        app.pane.release("Refused: the file changed.")
        await pilot.press("enter")
        assert len(app.verdicts) == 2


async def test_lines_are_taken_singly_in_line_mode() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press("n", "l", "down", "space")
        shown = [app.pane.view.render_line(y).text.rstrip() for y in range(6, 11)]
        assert shown == [
            "▌✓ accepted 1 line  @@ 30  +2 -0",
            "▌  30  30   x = 1",
            "▌·     31 + y = 2",
            "▶✓     32 + z = 3",
            "▌  31  33   w = 4",
        ]
        await pilot.press("escape", "enter")
    assert app.verdicts[0].accepted == (pick("shop/cart.py", TAX.id, lines=[2]),)


async def test_an_edit_in_place_is_what_is_applied() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 40)) as pilot:
        await pilot.press("n", "e", "!", "f2")
        await pilot.pause()
        assert app.pane.view.has_focus
        shown = [app.pane.view.render_line(y).text.rstrip() for y in range(6, 12)]
        assert shown[0] == "▌✎ edited  @@ 30  +3 -1"
        assert shown[2].endswith("+ !x = 1")
        await pilot.press("enter")
    assert app.verdicts[0].accepted == (pick("shop/cart.py", TAX.id, text="!x = 1\ny = 2\nz = 3\nw = 4\n"),)


async def test_escape_leaves_the_hunk_as_it_was() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 40)) as pilot:
        await pilot.press("e", "!", "escape")
        await pilot.pause()
        assert app.pane.view.has_focus
        assert not app.pane.sources.pending.marks


async def test_a_box_that_was_closed_may_be_painted_once_more() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 40)) as pilot:
        for key, kind in (("e", HunkEditor), ("c", CommentInput)):
            await pilot.press(key)
            box = app.pane.query_one(kind)
            await box.remove()
            assert [strip.cell_length for strip in box.render_lines(Region(0, 0, 9, 2))] == [9, 9]
            app.pane.close_box()


async def test_a_text_with_hidden_characters_is_not_put_in_a_text_box() -> None:
    app = PaneApp(Patch(files=(change("a.py", TRICK),)))
    async with app.run_test(size=(80, 40)) as pilot:
        await pilot.press("e")
        assert app.hint.startswith("This text has hidden characters")
        await pilot.press("E")
        [message] = app.got
        assert isinstance(message, DiffPane.EditorRequested)
        app.pane.edited(message.path, message.hunk, message.text.replace("\u202e", ""))
        assert app.pane.summary() == "1/1"


async def test_rejections_and_comments_are_sent_back_as_one_review() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 40)) as pilot:
        await pilot.press("S")
        assert not app.verdicts
        await pilot.press("x", "n", "c", *"use tax", "enter", "S")
        await pilot.pause()
        [verdict] = app.verdicts
        app.pane.show(PatchReviewed(verdict=verdict))
        app.pane.show(PatchApplied(checkpoint="", patch=Patch(), remaining=app.pane.sources.pending.patch))
        assert app.hint.startswith("Sent back: 1 rejection, 1 comment"), "and not that nothing was applied"
    assert verdict.send_back
    assert not verdict.accepted
    assert [item.hunk for item in verdict.rejected] == [TOTAL.id]
    assert [(note.hunk, note.text) for note in verdict.comments] == [(TAX.id, "use tax")]


async def test_a_comment_stands_under_its_line() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 40)) as pilot:
        await pilot.press("l", "down", "c", *"slow?", "enter")
        await pilot.pause()
        shown = [app.pane.view.render_line(y).text.rstrip() for y in range(4, 6)]
    assert shown == ["▶·     11 +     return sum(i.price for i in items)", "▌       » slow?"]


async def test_undo_takes_the_last_decision_back() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press("space", "n", "x", "u")
        assert app.pane.summary() == "1/3"
        await pilot.press("u")
        assert app.pane.summary() == "0/3"
        assert app.pane.check_action("undo", ()) is False


async def test_bulk_keys_are_held_back_while_the_proposal_has_just_changed() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 30)) as pilot:
        app.pane.show(PatchProposed(patch=Patch(files=(change("shop/cart.py", TOTAL, TRICK), NEW))))
        await pilot.press("A")
        assert app.hint.startswith("The proposal changed this moment")
        assert app.pane.summary() == "0/3"
        app.now += 1
        await pilot.press("A")
        assert app.pane.summary() == "3/3"


async def test_a_conflict_is_shown_and_refused() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 30)) as pilot:
        app.pane.show(PatchRebased(patch=SHOP, states={TOTAL.id: "conflict", TAX.id: "moved"}))
        await pilot.press("space")
        assert app.hint.startswith("In conflict with the file on disk")
        assert app.pane.view.render_line(1).text.startswith("▌· pending  ⚠ conflict")
        assert app.pane.view.render_line(6).text.startswith(" · pending  moved")


CLASH = Sides(
    path="shop/cart.py",
    start=10,
    end=11,
    base="    return sum(items)\n",
    proposed="    return sum(i.price for i in items)\n",
    on_disk="    return fsum(items)\n",
)
CLASHED = PatchRebased(patch=SHOP, states={TOTAL.id: "conflict"}, clashes=(CLASH,))


async def test_a_conflict_shows_both_sides_in_words_and_signs() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 30)) as pilot:
        app.pane.show(CLASHED)
        await pilot.pause()
        shown = [app.pane.view.render_line(y).text.rstrip() for y in range(1, 8)]
        assert [row.rstrip(" ─") for row in shown] == [
            "▌· pending  ⚠ conflict  @@ 10  +1 -1  class Cart",
            "▌   ⚠ Not applied until resolved: o keeps what is on disk, t takes the",
            "▌     proposal.",
            "▌ ── on disk (yours)",
            "▌         <     return fsum(items)",
            "▌ ── proposed",
            "▌         >     return sum(i.price for i in items)",
        ]
        assert "o keeps disk, t takes the proposal" in app.hint
        app.pane.view.toggle_split()
        shown = [app.pane.view.render_line(y).text.rstrip() for y in range(4, 6)]
        assert shown[0].index("on disk (yours)") < shown[0].index("proposed")
        assert shown[1].index("<") < shown[1].index("│") < shown[1].index(">")


async def test_a_conflict_is_settled_by_one_key_that_works_only_there() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 40)) as pilot:
        await pilot.press("o", "t")
        assert not app.verdicts
        app.pane.show(CLASHED)
        await pilot.press("t")
        assert not app.verdicts, "the conflict came this moment and was not looked at"
        app.now += 1
        await pilot.press("n", "o")
        assert not app.verdicts
        await pilot.press("p", "o", "o")
        assert app.verdicts == [Verdict(resolved=(Resolution(path="shop/cart.py", side="on_disk"),))]
        assert app.hint == "Resolving the conflict…"
        app.pane.show(PatchRebased(patch=Patch(files=(change("shop/cart.py", TAX), NEW)), states={}))
        assert app.hint.startswith("Kept what is on disk in shop/cart.py")
        await pilot.press("space")
        assert app.pane.summary() == "1/2"


async def test_other_hunks_of_a_file_in_conflict_wait_for_it() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 40)) as pilot:
        await pilot.press("A")
        app.pane.show(CLASHED)
        app.now += 1
        assert app.pane.summary() == "1/3"
        await pilot.press("n", "e")
        assert app.pane.writing is None
        await pilot.press("space")
        assert app.hint.startswith("Another hunk of this file is in conflict: resolve that one first.")
        assert app.pane.summary() == "1/3"


async def test_a_clash_no_hunk_touches_any_more_is_shown_on_the_first_hunk_of_its_file() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 40)) as pilot:
        app.pane.show(CLASHED)
        app.pane.show(PatchProposed(patch=Patch(files=(change("shop/cart.py", TAX), NEW))))
        app.now += 1
        await pilot.press("home", "p", "p", "p", "t")
        assert app.verdicts == [Verdict(resolved=(Resolution(path="shop/cart.py", side="proposed"),))]


async def test_a_conflict_of_bytes_and_of_many_lines_stays_small_on_the_screen() -> None:
    long = CLASH.model_copy(update={"on_disk": "x\n" * 500, "proposed": ""})
    app = PaneApp()
    async with app.run_test(size=(80, 120)) as pilot:
        app.pane.show(PatchRebased(patch=SHOP, states={}, clashes=(long,)))
        await pilot.pause()
        shown = [app.pane.view.render_line(y).text for y in range(100)]
        assert sum("<" in row for row in shown) == 41
        assert any("(… 460 more lines)" in row for row in shown)
        assert any("> (no lines here)" in row for row in shown)


async def test_a_hidden_character_out_of_view_is_not_accepted_with_all_the_rest() -> None:
    files = (*(change(f"f{n:02}.py", TOTAL) for n in range(20)), change("z.py", TRICK))
    app = PaneApp(Patch(files=files))
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press("A")
        assert app.hint.startswith("20 accepted; left out: 1 with hidden characters not looked at yet")
        assert app.pane.summary() == "20/21"
        await pilot.press("end")
        await pilot.pause()
        await pilot.press("A")
        assert app.pane.summary() == "21/21"


async def test_what_landed_is_said_and_undone_by_the_keys_that_are_named() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 30)) as pilot:
        app.pane.show(PatchApplied(checkpoint="c1", patch=SHOP, remaining=Patch(), turn=1))
        assert app.hint.startswith("Applied +5 -1 in 2 files · v then U undoes")
        await pilot.press("v")
        assert app.pane.view.render_line(1).text.startswith("▌✓ applied  @@ 10")
        assert app.pane.files.render_line(0).text.startswith("▸M shop/cart.py")
        await pilot.press("U")
        assert isinstance(app.got[-1], DiffPane.UndoWanted)


async def test_the_bar_drops_what_matters_least_and_wraps_the_rest_in_a_narrow_pane() -> None:
    app = PaneApp()
    async with app.run_test(size=(34, 24)) as pilot:
        await pilot.press("space", "n", "x")
        assert app.hint == "1 of 3 accepted · 1 rejected · enter applies · S sends back"
        assert app.pane.bar.lines == ["1 of 3 accepted · enter applies"]
        assert "[Send back]" in app.pane.bar.render_line(1).text
        app.pane.release("Refused: the file changed under the proposal while it was being written.")
        await pilot.pause()
        lines = app.pane.bar.lines
        assert " ".join(lines).startswith("Refused: the file changed under the proposal while it was being written.")
        assert app.pane.bar.size.height == len(lines) + 1
        assert max(map(len, lines)) <= 32


async def test_the_empty_sentence_is_wrapped_in_a_narrow_pane() -> None:
    app = PaneApp(None)
    async with app.run_test(size=(34, 24)):
        shown = [app.pane.view.render_line(y).text.strip() for y in range(1, 6)]
    assert " ".join(shown).strip() == (
        "Nothing is waiting for you. Proposed edits appear here before any file is written."
    )


async def test_the_file_list_leaves_the_screen_to_the_diff() -> None:
    app = PaneApp(Patch(files=tuple(change(f"f{n}.py", TOTAL) for n in range(9))))
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        assert app.pane.files.size.height == 3
        assert app.pane.view.size.height >= 14


async def test_applied_hunks_are_found_in_the_session_and_undone_one_by_one() -> None:
    app = PaneApp(None)
    async with app.run_test(size=(80, 30)) as pilot:
        app.pane.show(PatchApplied(checkpoint="c1", patch=SHOP, remaining=Patch(), turn=1))
        await pilot.press("v", "v")
        app.pane.view.focus()
        assert app.pane.bar.source == "this session, applied"
        await pilot.press("n", "U")
        undo = app.got[-1]
        assert isinstance(undo, DiffPane.UndoWanted)
        assert (undo.checkpoint, undo.hunks) == ("c1", (pick("shop/cart.py", TAX.id),))
        back = TAX.model_copy(
            update={
                "lines": tuple(line.model_copy(update={"kind": {"+": "-"}.get(line.kind, " ")}) for line in TAX.lines)
            }
        )
        app.pane.show(PatchUndone(checkpoint="c1", patch=Patch(files=(change("shop/cart.py", back),))))
        assert [entry.hunk for entry in app.pane.sources.review.entries] == [TOTAL, NEW.hunks[0]]


async def test_the_working_tree_is_asked_for_and_takes_no_decisions() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press("v", "v", "v")
        assert [m.source for m in app.got if isinstance(m, DiffPane.SourceWanted)] == ["turn", "session", "worktree"]
        app.pane.set_source("worktree", Patch(files=(NEW,)))
        await pilot.press("space", "A", "enter")
        assert not app.verdicts
        assert app.pane.summary() == "0/3"


async def test_nothing_to_review_is_one_sentence_and_few_keys() -> None:
    app = PaneApp(None)
    async with app.run_test(size=(80, 30)):
        assert app.pane.view.render_line(1).text.strip().startswith("Nothing is waiting for you.")
        keys = {b.action for b in app.pane._bindings.key_to_bindings["v"]} | {"apply", "accept", "comment", "edit"}
        assert {a for a in keys if app.pane.check_action(a, ())} == {"source"}


async def test_a_click_on_a_hunk_header_accepts_it_and_the_words_below_apply() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.pause()
        await pilot.click("#diff-view", offset=(10, 6))
        assert app.pane.summary() == "1/3"
        await pilot.click(app.pane.bar, offset=(3, 1))
        assert [item.hunk for item in app.verdicts[0].accepted] == [TAX.id]


async def test_a_hunk_scrolled_away_loses_the_cursor_to_one_in_view() -> None:
    files = tuple(change(f"f{n}.py", TOTAL) for n in range(40))
    app = PaneApp(Patch(files=files))
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press("pagedown", "pagedown")
        block = app.pane.view.index.of(app.pane.view.cursor)
        top = app.pane.view.scroll_y
        assert top - block.height <= block.start < top + app.pane.view.size.height


async def test_what_is_sent_back_leaves_at_once_and_stays_away_while_it_is_queued() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press("x", "S")
        assert app.hint.startswith("Sent back: 1 rejection, 0 comments")
        app.pane.show(PatchProposed(patch=SHOP))
        assert app.pane.summary() == "0/2"
        app.pane.show(PatchReviewed(verdict=app.verdicts[0]))
        app.pane.show(PatchProposed(patch=SHOP))
        assert app.pane.summary() == "0/3"


async def test_a_review_that_could_not_be_sent_is_back_as_it_was() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press("x", "c", *"no", "enter", "S")
        await pilot.pause()
        app.pane.show(Notice(text="The agent is not ready.", level="error"))
        assert app.hint.startswith("The agent is not ready.")
        assert app.pane.sources.pending.count("rejected") == 1
        assert [note.text for note in app.pane.sources.pending.notes] == ["no"]


async def test_a_proposal_for_another_file_moves_nothing_under_the_reader() -> None:
    files = tuple(change(f"f{n}.py", TOTAL) for n in range(20))
    app = PaneApp(Patch(files=files[1:]))
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press("N", "N", "N", "N", "N", "N", "N", "l", "down")
        view = app.pane.view
        before = [view.render_line(y).text for y in range(view.size.height)]
        assert any(row.startswith("▶") for row in before)
        app.pane.show(PatchProposed(patch=Patch(files=files)))
        await pilot.pause()
        assert [view.render_line(y).text for y in range(view.size.height)] == before


async def test_several_lines_are_selected_taken_and_commented_on_together() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 40)) as pilot:
        await pilot.press("n", "l", "J", "space")
        assert app.pane.sources.pending.mark(app.pane.sources.pending.entries[1]).lines is None
        assert app.pane.summary() == "1/3"
        await pilot.press("space", "shift+down", "c")
        box = app.pane.query_one(CommentInput)
        assert box.border_title == "comment on lines 31-33"
        await pilot.press(*"why?", "enter")
        await pilot.pause()
        shown = [app.pane.view.render_line(y).text.rstrip() for y in range(6, 12)]
        assert shown[4:] == ["▶  31  33   w = 4", "▌       » lines 31-33: why?"]
        pieces = [s for s in app.pane.view.render_line(11) if s.style and s.style.meta.get("offset") == (0, 11)]
        assert [piece.text.rstrip() for piece in pieces] == ["lines 31-33: why?"], (
            "a comment is copied as it lies there"
        )
        await pilot.press("c")
        assert app.pane.query_one(CommentInput).value == "why?"
        await pilot.press("escape", "up", "c", *"z", "enter", "S")
        await pilot.pause()
    [verdict] = app.verdicts
    assert [(n.line, n.last, n.place, n.snippet) for n in verdict.comments] == [
        (1, 3, "lines 31-33", "+y = 2\n+z = 3\n w = 4\n"),
        (2, None, "line 32", "z = 3"),
    ]


async def test_a_hunk_that_moved_stays_marked_and_its_comment_names_the_lines_it_is_on_now() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 40)) as pilot:
        await pilot.press("n", "l", "J", "c", *"why?", "enter")
        lower = TAX.model_copy(update={"old_start": 35, "new_start": 35})
        moved = Patch(files=(change("shop/cart.py", TOTAL, lower), NEW))
        app.pane.show(PatchRebased(patch=moved, states={TOTAL.id: "merged", TAX.id: "moved"}))
        app.pane.show(PatchRebased(patch=moved, states={TOTAL.id: "clean", TAX.id: "clean"}))
        await pilot.pause()
        shown = [app.pane.view.render_line(y).text.rstrip() for y in range(1, 11)]
        assert shown[0].startswith(" · pending  merged  ")
        assert shown[5].startswith("▌· pending  moved  ")
        assert shown[9] == "▌       » lines 36-37: why?"
        sent = app.pane.sources.pending.verdict()
        assert [note.place for note in sent.comments] == ["lines 36-37"]
        app.pane.show(PatchReviewed(verdict=sent))
        assert not app.pane.sources.pending.notes


async def test_a_comment_on_removed_lines_says_where_they_were() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 40)) as pilot:
        await pilot.press("l", "c")
        assert app.pane.query_one(CommentInput).border_title == "comment on old line 11"
