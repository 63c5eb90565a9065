from __future__ import annotations

import asyncio
import sqlite3
import stat
from pathlib import Path

import pytest

from pier_tui.errors import PierError
from pier_tui.feedback.log import DecisionRow, FeedbackLog, Outcome


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
