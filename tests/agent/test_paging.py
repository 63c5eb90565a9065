from __future__ import annotations

from pathlib import Path

from pier_tui.agent.history import Scribe
from pier_tui.agent.paging import AROUND, paged
from pier_tui.backbone.state import Backbone, Item
from pier_tui.events import RouteDecided
from pier_tui.repo.overlay import Overlay
from pier_tui.tools.tool import FileSeen
from tests.agent.scripted import repository, route, say, session

LONG = "".join(f"line_{n} = {n}\n" for n in range(1, 201))


def seen(path: str, text: str, turn: int = 1) -> Item:
    return Item(id=f"f{turn}", section="files", key=path, text=text, turn=turn)


async def test_the_lines_seen_are_read_back_as_they_stand_now(tmp_path: Path) -> None:
    overlay = Overlay(repository(tmp_path, {"long.py": LONG, "gone.py": "x = 1\n"}))
    overlay.write("long.py", LONG.replace("line_7 = 7", "line_7 = 70").encode())
    state = Backbone(items=(seen("long.py", "read 5-9, 150"), seen("missing.py", "read 1-9", 2)))
    lines = (await paged(overlay, state, 4_000)).splitlines()
    assert lines[:4] == ["long.py 5-9", "5\tline_5 = 5", "6\tline_6 = 6", "7\tline_7 = 70"]
    assert lines[6:8] == [f"long.py {150 - AROUND}-{150 + AROUND}", "138\tline_138 = 138"]
    assert await paged(overlay, state, 0) == ""


async def test_files_that_are_deleted_or_no_text_are_left_out(tmp_path: Path) -> None:
    root = repository(tmp_path, {"a.py": "a = 1\n"})
    (root / "b.bin").write_bytes(b"\0\1")
    state = Backbone(items=(seen("a.py", "deleted 1-1"), seen("b.bin", "read 1-1", 2)))
    assert await paged(Overlay(root), state, 4_000) == ""


async def test_after_a_compaction_the_strong_model_gets_the_lines_back_and_the_weak_one_does_not(
    tmp_path: Path,
) -> None:
    long = say("", route("inspect"), ("read", {"path": "notes.txt"}))
    hard = say("", route("escalate", 0.2, handoff_prompt="fix app.py"))
    look = say("", route("inspect"), ("read", {"path": "app.py"}))
    s = session(tmp_path, [look, long, long, hard], [say("Done.")], page_tokens=500, epoch_tokens=20)
    events = await s.run("make size in app.py right")
    assert "<pages>" not in s.weak.asked[-1].messages[-1].content
    now = s.strong.asked[0].messages[-1].content
    assert now.startswith("<pages>\napp.py 1-2\n1\tdef size(n):\n2\t    return n - 1\n")
    last = [e for e in events if isinstance(e, RouteDecided)][-1]
    assert "pages" in [segment.name for segment in last.segments]
    assert last.handoff.startswith("fix app.py\n")


def test_what_is_seen_of_a_file_adds_up() -> None:
    scribe = Scribe(Backbone(), 1)
    for fact in (
        FileSeen(path="a.py", role="read", lines="1-40", symbols=("total (3)",)),
        FileSeen(path="a.py", role="edited", lines="30-52", symbols=("total (4)", "tax (50)")),
        FileSeen(path="a.py", role="found", lines="90, 120"),
    ):
        scribe.record([fact])
    (item,) = scribe.backbone.section("files")
    assert (item.text, item.detail) == ("edited 1-52, 90, 120", "total (4), tax (50)")
    scribe.record([FileSeen(path="a.py", role="deleted")])
    scribe.record([FileSeen(path="a.py", role="created", lines="1-3")])
    assert scribe.backbone.section("files")[0].text == "created 1-3"
