from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from pier_tui.errors import PierError
from pier_tui.events import (
    AnswerCompleted,
    ApprovalAnswered,
    ApprovalAsked,
    CallFinished,
    Event,
    Labelled,
    Notice,
    Overridden,
    PatchApplied,
    PatchProposed,
    PatchUndone,
    RequestEnded,
    RequestStarted,
    RouteDecided,
    TextDelta,
    ToolReturned,
)
from pier_tui.models.usage import Usage
from pier_tui.repo.diff import FileDiff, Hunk, Line, Patch
from pier_tui.session.codec import encode
from pier_tui.session.export import RecordingHeader, from_jsonl, lines_to_jsonl, load_recording, to_jsonl, to_markdown

HEADER = RecordingHeader(date="2026-11-24", profile="offline", source="a run on the sample repository")
HUNK = Hunk(
    old_start=1, old_count=1, new_start=1, new_count=1,
    lines=(Line(kind="-", text="a\udcff\r\n"), Line(kind="+", text="b\u2028\x85\n")),
)  # fmt: skip
PATCH = Patch(files=(FileDiff(old_path="a.py", new_path="a.py", hunks=(HUNK,)),))
EVENTS: list[Event] = [
    RequestStarted(request=1, time=1_800_000_000.0, text="fix\nit"),
    RouteDecided(
        turn=1, decision="d", call=1, tier="weak", model="m30", strategy="s", route="self-route", confidence=0.8
    ),
    TextDelta(text="Do", time=1.25),
    CallFinished(
        decision="d",
        call=1,
        tier="weak",
        model="m30",
        usage=Usage(prompt=10, output=2),
        cost=Decimal("0.00412"),
        kept=False,
    ),
    AnswerCompleted(tier="weak", text="Done."),
    ToolReturned(call_id="1", name="run", ok=False, text="```\nboom", line="run pytest  exit 1"),
    PatchApplied(checkpoint="c", patch=PATCH, remaining=Patch()),
    RequestEnded(text="all good"),
]


def test_a_recording_comes_back_as_it_was_with_its_times() -> None:
    recording = from_jsonl(to_jsonl(HEADER, EVENTS))
    assert recording.header == HEADER
    assert list(recording.events) == EVENTS


def test_the_first_line_says_what_the_file_is() -> None:
    assert to_jsonl(HEADER, []).startswith('{"pier_tui_recording":1,"date":"2026-11-24","profile":"offline","source":')


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Line 1"),
        ("hello\n", "Line 1"),
        ("[]\n", "Line 1"),
        (to_jsonl(HEADER, []).replace(":1,", ":7,"), "newer"),
        (to_jsonl(HEADER, [Notice(text="a")]) + '{"type":"notice"}\n', "Line 3.*text"),
        (to_jsonl(HEADER, [Notice(text="a")]) + '{"type":"notice","te', "Line 3"),
    ],
)
def test_a_bad_line_is_named(text: str, reason: str) -> None:
    with pytest.raises(PierError, match=reason):
        from_jsonl(text)


def test_a_missing_or_binary_file_gives_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(PierError, match="No such file"):
        load_recording(tmp_path / "none.jsonl")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PierError, match="not UTF-8"):
        load_recording(tmp_path / "binary")


def test_a_session_can_be_read_as_markdown() -> None:
    text = to_markdown(EVENTS, "Parser")
    assert text.startswith("# Parser\n\n## Request 1 (2027-01-15 08:00 UTC)\n\n> fix\n> it\n")
    assert "### Turn 1, call 1: m30 · self-route 0.80" in text
    assert "*m30 · ₹0.0041 · input 10, cached ?, output 2 · not used*" in text
    assert "`run pytest  exit 1`" not in text, "a line of code is one line"
    assert "`run pytest exit 1` (refused or failed)\n\n````\n```\nboom\n````" in text
    assert re.search(r"```diff\n--- a.py\n\+\+\+ a.py\n@@ -1,1 \+1,1 @@\n-a", text)
    assert text.endswith("**Request finished.** all good\n\n---\n\n*1 call, ₹0.0041*\n")
    text.encode("utf-8")


def test_hand_overs_questions_proposals_judgements_and_an_unknown_cost_are_in_it() -> None:
    other = FileDiff(old_path="b.py", new_path="b.py", hunks=(HUNK,))
    route = {"decision": "d", "call": 2, "tier": "strong", "model": "m105", "strategy": "s", "route": "handoff"}
    call = {"decision": "d", "call": 2, "tier": "strong", "model": "m105", "usage": Usage(), "cost": None}
    text = to_markdown(
        [
            RouteDecided(turn=2, handoff="Fix it.\n```\ncode", reason="two\nlines", **route),
            CallFinished(**call),
            ApprovalAsked(command="make x"),
            ApprovalAnswered(choice="no", reason="not now"),
            PatchProposed(patch=Patch(files=(*PATCH.files, other)), paths=("b.py",)),
            PatchUndone(checkpoint="c", patch=PATCH),
            Labelled(decision="d", label="keep"),
            Overridden(choice="strong", scope="pinned"),
            ToolReturned(call_id="1", name="run", ok=True, text="", line="run `a` ``b``"),
        ],
        "a\ntitle",
    )
    assert text.startswith("# a title\n")
    assert "· handoff · two lines\n\nHanded over:\n\n````\nFix it.\n```\ncode\n````" in text
    assert "may this run?\n\n```\nmake x\n```\n\n**Answered: no.** not now" in text
    assert "Proposed:\n\n```diff\n--- b.py" in text
    assert "Taken back:\n\n```diff\n--- a.py" in text
    assert "*Judged by the user: keep.*\n\n*The user chose the model: strong (pinned).*" in text
    assert "``` run `a` ``b`` ```" in text
    assert text.endswith("*1 call, at least ₹0.0000*\n")


def test_an_entry_of_a_newer_version_does_not_keep_a_recording_from_being_shown() -> None:
    newer = '{"session":"s","request":1,"turn":2,"time":1.0,"type":"dream_had","of":["sheep"]}'
    text = lines_to_jsonl(HEADER, [newer, encode(EVENTS[0])])
    recording = from_jsonl(text)
    assert text.splitlines()[1] == newer
    assert [event.type for event in recording.events] == ["notice", "request_started"]
