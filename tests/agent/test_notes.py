from __future__ import annotations

from pathlib import Path

import pytest

from pier_tui.agent.history import Scribe
from pier_tui.backbone.state import Backbone, Item
from pier_tui.events import ToolReturned
from pier_tui.tools.tool import CheckFailed, CheckPassed, CommandRun, FileSeen, Noted, ToolResult
from tests.agent.scripted import Session, route, say, session


def note(text: str = "", section: str = "plan", **more: object) -> tuple[str, dict[str, object]]:
    return ("note", {"section": section, "text": text, **more})


async def noted(s: Session, *notes: tuple[str, dict[str, object]]) -> list[str]:
    """What the model was told of each note, as the next prompt holds it."""
    s.weak.replies[:] = [say("", route("inspect"), *notes), say("Done.")]
    await s.run("go on")
    return [m.content for m in s.weak.asked[-1].messages if m.role == "tool" and m.name == "note"][-len(notes) :]


def with_items(s: Session, *items: Item) -> Session:
    s.agent.books.backbone = Backbone(items=items, repo_card="card")
    return s


async def test_a_note_is_answered_with_its_id_by_which_it_can_be_changed_and_closed(tmp_path: Path) -> None:
    s = session(tmp_path, [])
    assert await noted(s, note("read the parser"), note("which encoding?", "questions")) == [
        "noted as p1",
        "noted as q1",
    ]
    assert await noted(s, note("read the lexer", id="p1"), note(section="questions", id="q1", done=True)) == [
        "p1 is changed",
        "q1 is done",
    ]
    plan, question = s.agent.backbone.find("p1"), s.agent.backbone.find("q1")
    assert plan is not None
    assert (plan.text, plan.status, plan.author) == ("read the lexer", "open", "weak")
    assert question is not None
    assert question.status == "done"


async def test_a_step_is_closed_by_its_text_too(tmp_path: Path) -> None:
    s = session(tmp_path, [])
    assert await noted(s, note("read it"), note("read it", done=True)) == ["noted as p1", "p1 is done"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (note("x", id="p9"), "There is no item 'p9'; open there: p1 (write the parser)."),
        (note("never said", done=True), "Nothing in plan says 'never said'; open there: p1 (write the parser)."),
        (note("x", id="p2"), "p2 (ship it) is pinned, so only the user changes it; add a new item instead."),
        (note("ship it", done=True), "p2 (ship it) is pinned, so only the user changes it; add a new item instead."),
        (note("x", id="g1"), "Only the user sets the goal; put a step into plan or a question into questions instead."),
        (note("x", id="f1"), "f1 is in files, which only tools write; note a decision or a question."),
        (note("x", id="d1"), "d1 is in decisions, not in plan; say section 'decisions'."),
        (note("x", "questions", id="q1"), "There is no item 'q1'; nothing is open there; note it without id and done."),
    ],
)
async def test_an_update_that_is_unknown_or_not_the_models_is_refused_with_what_to_do(
    tmp_path: Path, given: tuple[str, dict[str, object]], told: str
) -> None:
    items = (
        Item(id="g1", section="goal", key="request 0", text="make it", author="you"),
        Item(id="p1", section="plan", key="write the parser", text="write the parser", author="strong"),
        Item(id="p2", section="plan", key="ship it", text="ship it", author="you", pinned=True),
        Item(id="f1", section="files", key="app.py", text="read 1-2"),
        Item(id="d1", section="decisions", key="no regex", text="no regex", author="strong"),
    )
    s = with_items(session(tmp_path, []), *items)
    assert await noted(s, given) == [f"Not noted: {told}"]
    assert [s.agent.backbone.find(i.id) for i in items] == list(items), "nothing was changed"
    (returned,) = (e for e in s.journal if isinstance(e, ToolReturned) and e.name == "note")
    assert not returned.ok
    assert returned.text == f"Not noted: {told}", "what is shown is what the model was told"


async def test_a_section_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    (told,) = await noted(session(tmp_path, [], only="weak"), note("x", "goal"))
    assert "plan" in told
    assert "decisions" in told


async def test_a_refused_note_takes_nothing_else_of_the_turn_with_it(tmp_path: Path) -> None:
    s = session(tmp_path, [])
    assert (await noted(s, note("x", id="p7"), note("good")))[1] == "noted as p1"
    assert [i.text for i in s.agent.backbone.section("plan")] == ["good"]


def test_tools_fill_files_commands_and_errors_by_themselves() -> None:
    scribe = Scribe(Backbone(), 3)
    scribe.record(
        (
            FileSeen(path="app.py", role="read", lines="1-20", symbols=("size (1)",)),
            FileSeen(path="app.py", role="edited", lines="2"),
            CommandRun(command="make", exit_code=2, seconds=1.0, excerpt="app.c:3: error"),
            CheckFailed(signature="tests/a.py::t", message="boom", path="app.py", line=2),
        )
    )
    by_section = {i.section: i for i in scribe.backbone.items}
    assert (by_section["files"].text, by_section["files"].detail) == ("edited 1-20", "size (1)")
    command, error = by_section["commands"], by_section["errors"]
    assert (command.text, command.detail, command.status) == ("exit 2", "app.c:3: error", "failed")
    assert (error.text, error.evidence, error.status, error.author) == ("boom", "app.py:2", "open", "tool")
    scribe.record((CheckPassed(prefixes=("tests/",)),))
    assert [i.status for i in scribe.backbone.section("errors")] == ["done"]


def test_what_is_no_note_is_answered_as_it_is() -> None:
    result = ToolResult(text="2 lines", facts=(FileSeen(path="a.py", role="read"),))
    assert Scribe(Backbone(), 1).answered(result) is result


def test_a_note_that_no_longer_fits_when_it_is_written_down_is_left_out() -> None:
    pinned = Item(id="p1", section="plan", key="x", text="x", pinned=True, author="you")
    scribe = Scribe(Backbone(items=(pinned,)), 1, speaker="weak")
    scribe.record((Noted(id="p1", section="plan", text="y"), Noted(section="plan", text="z")))
    assert [i.text for i in scribe.backbone.section("plan")] == ["x", "z"]
