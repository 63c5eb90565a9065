from __future__ import annotations

import asyncio
import sqlite3
import stat
from pathlib import Path

import pytest

from pier_tui.errors import PierError
from pier_tui.feedback.log import FeedbackLog
from pier_tui.feedback.rows import DecisionRow, Feedback, Judgement, Outcome, Pair


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "feedback.db"


async def test_the_latest_press_counts_and_none_takes_it_back(path: Path) -> None:
    log = FeedbackLog(path, clock=lambda: 7.0)
    await log.label("s-1", "escalate", session="s")
    await log.label("s-2", "keep", "fine")
    await log.label("s-1", "de-escalate")
    assert [(j.decision, j.label, j.note, j.time) for j in log.labels()] == [
        ("s-2", "keep", "fine", 7.0),
        ("s-1", "de-escalate", "", 7.0),
    ]
    await log.label("s-1", None)
    assert log.labels("s-1") == []
    assert [j.label for j in log.presses("s-1")] == ["escalate", "de-escalate", None]
    assert log.count() == 1
    log.close()


def test_labels_outlive_the_program_in_a_private_file(path: Path) -> None:
    first = FeedbackLog(path)
    asyncio.run(first.label("s-1", "keep"))
    first.close()
    second = FeedbackLog(path)
    assert [j.label for j in second.labels("s-1")] == ["keep"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    second.close()


async def test_decisions_are_kept_once_and_brought_up_to_date(path: Path) -> None:
    log = FeedbackLog(path)
    row = DecisionRow(decision="s-1", session="s", tier="weak", features={"turns_before": 2.0}, confidence=0.7)
    await log.record([row, row.model_copy(update={"decision": "t-1", "session": "t"})])
    better = row.model_copy(update={"outcome": Outcome(undone=True)})
    await log.record([better])
    assert log.decisions("s") == [better]
    assert len(log.decisions()) == 2
    log.close()


def test_a_file_that_cannot_be_used_gives_one_sentence(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("no database " * 99)
    with pytest.raises(PierError, match="cannot be used"):
        FeedbackLog(path)


def test_a_file_of_a_newer_version_is_left_alone(path: Path) -> None:
    FeedbackLog(path).close()
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version=99")
    other.close()
    with pytest.raises(PierError, match="newer"):
        FeedbackLog(path)


async def test_a_file_of_the_first_version_opens_with_all_that_was_in_it(path: Path) -> None:
    path.parent.mkdir()
    old = sqlite3.connect(path)
    old.executescript(
        "CREATE TABLE labels (seq INTEGER PRIMARY KEY AUTOINCREMENT, decision TEXT NOT NULL, session TEXT NOT NULL,"
        " label TEXT, note TEXT NOT NULL, time REAL NOT NULL);"
        "CREATE TABLE decisions (decision TEXT PRIMARY KEY, session TEXT NOT NULL, time REAL NOT NULL,"
        " body TEXT NOT NULL); PRAGMA user_version=1;"
        "INSERT INTO labels VALUES (1, 's-1', 's', 'keep', 'ok', 3.0);"
        """INSERT INTO decisions VALUES ('s-1', 's', 1.0, '{"decision": "s-1", "tier": "weak", "confidence": 0.7}');"""
    )
    old.close()
    log = FeedbackLog(path)
    assert [(row.decision, row.raw, row.repo) for row in log.decisions()] == [("s-1", 0.7, "")]
    assert [j.label for j in log.labels()] == ["keep"]
    await log.pair([Pair(decision="s-1", source="audit", probability=0.02, weak=0, strong=1)])
    assert [pair.strong for pair in log.pairs()] == [1.0]
    log.close()


async def test_taking_in_what_is_there_already_changes_nothing(path: Path) -> None:
    log = FeedbackLog(path, clock=lambda: 5.0)
    await log.record([DecisionRow(decision="s-1", tier="weak")])
    await log.label("s-1", "keep")
    theirs = Feedback(
        decisions=(DecisionRow(decision="t-1", tier="strong"),),
        labels=(
            Judgement(decision="t-1", label="de-escalate", time=2.0),
            Judgement(decision="s-1", label=None, time=4.0),
        ),
        pairs=(Pair(decision="t-1"),),
    )
    assert log.take_in(theirs) == 4
    assert log.take_in(theirs) == 0
    assert log.take_in(log.everything()) == 0
    # The press of time 4 is older than the one made here, so that one still stands.
    assert [(j.decision, j.label) for j in log.labels()] == [("t-1", "de-escalate"), ("s-1", "keep")]
    log.close()
