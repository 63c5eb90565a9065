"""The fold from events to what the conversation shows, and the prompt's pure parts."""

from __future__ import annotations

from decimal import Decimal

import pytest
from conversation_events import answered, bill, ended, escalated, request, route, tool
from rich.style import Style

from pier_tui.events import (
    CallFinished,
    Compacted,
    Labelled,
    PatchProposed,
    RequestFailed,
    RequestInterrupted,
    RouteDecided,
    TextDelta,
    TurnStarted,
)
from pier_tui.repo.diff import FileDiff, Hunk, Line, Patch
from pier_tui.session.export import to_markdown
from pier_tui.ui.widgets.markdown_live import LiveMarkdown
from pier_tui.ui.widgets.markdown_paint import MarkdownPaint, shrunk
from pier_tui.ui.widgets.prompt_complete import FileChoices, History, Pastes, best_commands, file_query
from pier_tui.ui.widgets.transcript_paint import COMPACTED, Page, paint
from pier_tui.ui.widgets.transcript_records import NoteRecord, Records, RequestRecord, TurnRecord
from pier_tui.ui.widgets.transcript_rows import Rows

LINES = (Line(kind="-", text="a\n"), Line(kind="+", text="b\n"))
PATCH = Patch(
    files=(
        FileDiff(
            old_path="a.py",
            new_path="a.py",
            hunks=(Hunk(old_start=1, old_count=1, new_start=1, new_count=1, lines=LINES),),
        ),
    )
)


def folded(*events: object) -> Records:
    records = Records()
    records.add_all(events)  # type: ignore[arg-type]
    return records


def turn(records: Records, number: int) -> TurnRecord:
    found = records.turn(number)
    assert found is not None
    return found


def test_a_request_is_a_record_followed_by_its_turns_and_its_end() -> None:
    records = folded(request(), *answered(1, "one"), *answered(2, "two"), ended())
    assert [type(record) for record in records.all] == [RequestRecord, TurnRecord, TurnRecord, NoteRecord]
    assert records.all[-1].text == "finished  2 turns, 0 on the 105B  ₹0.0082"


def test_an_escalated_turn_costs_all_its_calls_and_shows_the_strong_answer() -> None:
    record = turn(folded(request(), *escalated(1)), 1)
    badge = record.badge()
    assert (badge.model, badge.cost, badge.confidence, badge.escalated) == ("105B", Decimal("0.0812"), 0.31, True)
    assert badge.handoff
    assert record.text == "Done."
    assert record.handoff == "Do it."


def test_a_hand_over_by_the_model_itself_shows_no_confidence_of_an_answer_it_did_not_give() -> None:
    events = [e.model_copy(update={"threshold": 0.3}) if isinstance(e, RouteDecided) else e for e in escalated(1)]
    assert turn(folded(request(), *events), 1).badge().why.startswith("escalated · ")


def test_an_offline_turn_says_what_it_would_have_cost_at_which_prices_as_far_as_there_is_room() -> None:
    elsewhere = {"30B at sarvam-2026-06": Decimal("0.0092"), "105B at sarvam-2026-06": Decimal("0.0148")}
    free = {"offline": True, "cost": Decimal(0), "counterfactual": elsewhere}
    events = [e.model_copy(update=free) if isinstance(e, CallFinished) else e for e in answered(1, "one")]
    badge = turn(folded(request(), *events), 1).badge()
    assert "  free (~₹0.0092 at sarvam-2026-06)  cache" in "".join(badge.line(110))
    assert "  free (~₹0.0092)  cache" in "".join(badge.line(79))
    assert "  free  cache" in "".join(badge.line(60))


def test_a_turn_with_one_call_of_unknown_cost_has_an_unknown_cost() -> None:
    record = turn(folded(request(), *escalated(1)[:-4], bill(1, call=2, tier="strong", cost=None)), 1)
    assert record.badge().cost is None


def test_a_label_is_found_by_its_decision_and_taken_back() -> None:
    records = folded(request(), *answered(1, "one"), Labelled(decision="d1", label="escalate"))
    assert turn(records, 1).label == "escalate"
    records.add(Labelled(decision="d1", label=None))
    assert turn(records, 1).label is None


def test_a_forced_turn_says_so() -> None:
    records = folded(request(), TurnStarted(request=1, turn=1, forced="strong"), route(1, tier="strong", way="forced"))
    assert turn(records, 1).badge().why == "forced by you"


def test_a_proposal_belongs_to_the_tool_that_made_it() -> None:
    called, *rest = tool(1)
    proposed = PatchProposed(request=1, turn=1, patch=PATCH, paths=("a.py",))
    records = folded(request(), *answered(1, "one"), called, proposed, *rest)
    assert turn(records, 1).tools[0].proposed == "proposed 1 file +1 -1 → Diff"


def test_a_failed_request_cuts_its_running_turn_off() -> None:
    records = folded(request(), TurnStarted(request=1, turn=1), route(1), RequestFailed(request=1, text="no network"))
    assert turn(records, 1).cut
    assert records.all[-1].text.startswith("failed: no network")


def test_every_change_raises_the_version() -> None:
    records = folded(request(), *answered(1, "one"))
    before = turn(records, 1).version
    records.changed.clear()
    records.add_all(tool(1))
    assert turn(records, 1).version == before + 3
    assert records.changed == {1}


def test_rows_are_found_after_heights_change() -> None:
    rows = Rows()
    for at, height in enumerate((3, 5, 2)):
        rows.set(at, height)
    assert rows.at(4) == (1, 1)
    rows.set(0, 10)
    assert (rows.at(4), rows.at(16), rows.total) == ((0, 4), (2, 1), 17)


def test_streamed_markdown_is_the_same_as_the_whole_for_a_long_code_block() -> None:
    paint = MarkdownPaint(lambda _: Style(), 60)
    source = "Code:\n\n```python\n" + "".join(f"x{n} = {n}\n" for n in range(200)) + "```\n\nDone."
    live = LiveMarkdown(paint)
    for at in range(0, len(source), 50):
        live.append(source[at : at + 50])
        live.lines()
    assert [line.plain for line in live.lines()] == [line.plain for line in paint.lines(source)]


def test_links_are_text_and_address_without_being_live() -> None:
    lines = MarkdownPaint(lambda _: Style(), 80).lines("[docs](https://example.org/a) ![pic](x.png) <b>raw</b>")
    assert lines[0].plain == "docs (https://example.org/a) image: pic (x.png) <b>raw</b>"
    assert not any(span.style.link for span in lines[0].spans if isinstance(span.style, Style))


def test_a_wide_table_shrinks_its_widest_column_first() -> None:
    assert shrunk([5, 40, 10], 30) == [5, 15, 10]
    assert sum(shrunk([20, 20, 20], 31)) <= 31


def test_files_are_ranked_by_name_then_path_then_scattered_letters() -> None:
    paths = ["src/cart/models.py", "src/cart.py", "tests/test_cart.py", "c/a/r/t.md", "README.md"]

    def best(query: str, paths: list[str] = paths) -> list[str]:
        return [choice.text for choice in FileChoices(paths).best(query)]

    assert best("cart")[:2] == ["src/cart.py", "tests/test_cart.py"]
    assert best("tCart") == ["tests/test_cart.py"]
    assert best("zzz") == []
    assert best("")[0] == "README.md"
    # Letters apart count most within the file's own name, and there by where they stand.
    assert best("crtpy", ["tests/test_cart.py", *paths])[0] == "src/cart.py"


def test_a_name_typed_on_is_looked_for_in_what_fitted_and_one_taken_back_in_all() -> None:
    paths = [f"{a}{b}/{c}.py" for a in "abc" for b in "abc" for c in "abc"]
    typed = FileChoices(paths)
    for query in ("a", "ab", "abc", "ab", "b", "", "B/c"):
        assert typed.best(query) == FileChoices(paths).best(query)


def test_an_at_sign_inside_a_word_is_no_file() -> None:
    assert file_query("mail me@exa") is None
    assert file_query("see (@exa") == "exa"


def test_commands_that_begin_so_come_before_those_that_contain_it() -> None:
    commands = (("export", "e"), ("sessions", "s"), ("next", "n"))
    assert [choice.text for choice in best_commands("ex", commands)] == ["export", "next"]


def test_two_different_pastes_of_one_size_keep_apart() -> None:
    pastes = Pastes()
    first, second = "a\n" * 50, "b\n" * 50
    text = f"{pastes.fold(first)} and {pastes.fold(second)}"
    assert text == "[pasted 50 lines] and [pasted 50 lines #2]"
    assert pastes.unfold(text) == f"{first} and {second}"
    assert pastes.fold("short") == "short"


@pytest.mark.parametrize(
    "end", [RequestFailed(request=1, text="no", partial="I was"), RequestInterrupted(request=1, partial="I was")]
)
def test_what_an_answer_had_said_when_it_was_cut_is_shown_where_its_stream_was_not_kept(
    end: RequestFailed | RequestInterrupted,
) -> None:
    started = (request(), TurnStarted(request=1, turn=1), route(1))
    assert turn(folded(*started, end), 1).text == "I was"
    live = folded(*started, TextDelta(request=1, turn=1, text="I was saying"), end)
    assert turn(live, 1).text == "I was saying"
    assert "I was\n\n**" in to_markdown([*started, end])


def test_history_keeps_the_draft_while_it_is_walked() -> None:
    history = History()
    for text in ("one", "two", "two"):
        history.add(text)
    assert [history.recall(-1, "draft"), history.recall(-1, ""), history.recall(-1, "")] == ["two", "one", None]
    assert [history.recall(1, ""), history.recall(1, ""), history.recall(1, "")] == ["two", "draft", None]
    assert [choice.text for choice in history.search("O")] == ["two", "one"]


def test_a_compaction_folds_under_its_turn_with_what_was_kept_merged_and_dropped() -> None:
    event = Compacted(
        snapshot="s", epoch=1, kept=("files: a.py",), merged=("errors: E1", "errors: E2"), dropped=("decisions: old",),
        tokens_before=9_800, tokens_after=4_100, turn=1, request=1,
    )  # fmt: skip
    one = turn(folded(TurnStarted(turn=1, request=1), event), 1)

    def lines(*folds: int) -> list[str]:
        page = Page(lambda _: Style(), 90, frozenset(folds))
        return [strip.text.rstrip() for strip in paint(one, page)]

    assert "  ▸ backbone compacted 9.8k -> 4.1k tokens: 1 kept, 2 merged, 1 dropped" in lines()
    opened = lines(COMPACTED)
    for shown in ("/undo-compaction puts all of it back", "dropped  decisions: old", "merged  errors: E2"):
        assert f"    ▏ {shown}" in opened
    assert "    ▏ kept  files: a.py" in opened
