"""Feedback on its way: to files, to a team's database, and thresholds back and forth."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from made_feedback import audited, press, row, telling

from pier_tui.calibration import FILE, Identity, Platt, Threshold, load, save
from pier_tui.errors import ConfigError, PierError
from pier_tui.feedback.exchange import from_jsonl, read, to_jsonl
from pier_tui.feedback.log import FeedbackLog
from pier_tui.feedback.pool import Pool
from pier_tui.feedback.rows import DecisionRow, Feedback, Outcome, Pair
from pier_tui.feedback.thresholds import Learned, Thresholds


def test_what_is_exported_comes_back_the_same() -> None:
    both = telling(3).model_copy(update={"pairs": audited([(0.5, 0.0, 1.0)]).pairs})
    odd = both.model_copy(
        update={"labels": (*both.labels, press(1, None).model_copy(update={"note": "a\u2028b \u0085"}))}
    )
    assert from_jsonl(to_jsonl(odd)) == odd


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "line 2: no JSON object"),
        ("[1]", "line 2: no JSON object"),
        ('{"type": "decision", "decision": "d"}', "line 2: tier: Field required"),
        ('{"type": "press"}', "there is no 'press'; lines are decision, label, pair"),
        ('{"type": "pier-tui-feedback", "version": 9}', "newer pier-tui"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(line: str, words: str) -> None:
    with pytest.raises(PierError, match=words):
        from_jsonl(f"{to_jsonl(Feedback())}{line}\n")


def test_a_file_that_is_no_text_gives_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff\xfe")
    with pytest.raises(PierError, match="no UTF-8"):
        read(tmp_path / "x")
    with pytest.raises(PierError, match="No such file"):
        read(tmp_path / "y")


def threshold(tau: float, **more: object) -> Threshold:
    return Threshold.model_validate({"tau": tau, "n": 40, "calibrator": Identity(), **more})


def test_a_calibration_is_taken_back_to_the_one_before_and_then_to_none(tmp_path: Path) -> None:
    kept = Thresholds(tmp_path)
    assert kept.now() is None
    kept.put(Learned(common=threshold(0.4)))
    kept.put(Learned(common=threshold(0.6), repos={"shop": threshold(0.6, calibrator=Platt(slope=1, offset=0))}))
    assert (kept.now(), kept.before()) == (threshold(0.6), threshold(0.4))
    # Calibrations of before such names knew the folder's only.
    shop = kept.now(lambda: "shop@0a1b2c3d")
    assert shop is not None
    assert shop.calibrator == Platt(slope=1, offset=0)
    assert kept.undo() == threshold(0.4)
    assert kept.now(lambda: "shop") == load(tmp_path / FILE) == threshold(0.4)
    assert kept.undo() is None
    assert kept.now() is None
    with pytest.raises(ConfigError, match="no calibration to take back"):
        kept.undo()


def test_a_threshold_file_written_by_hand_holds_everywhere_and_is_gone_back_to(tmp_path: Path) -> None:
    kept = Thresholds(tmp_path)
    save(tmp_path / FILE, threshold(0.3))
    kept.put(Learned(common=threshold(0.6), repos={"shop": threshold(0.7)}))
    save(tmp_path / FILE, threshold(0.2))
    assert kept.now(lambda: "shop") == threshold(0.2)
    assert kept.undo() == threshold(0.3)


def test_a_threshold_file_that_cannot_be_used_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"tau": 7}')
    with pytest.raises(ConfigError, match="pier-tui calibrate"):
        Thresholds(tmp_path).now()


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of our own, reached only by a socket in a private folder."""
    pytest.importorskip("psycopg", reason="psycopg, of the extra `pool`, is not installed")
    initdb, server = shutil.which("initdb"), shutil.which("postgres")
    if initdb is None or server is None:
        pytest.skip("initdb and postgres are not on the PATH")
    # It refuses to run as root, so there it runs as nobody, in a folder of nobody's.
    user = {"user": "nobody"} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="pier-pg-"))
    if user:
        shutil.chown(folder, "nobody")
    options: dict[str, Any] = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, **user}
    made = subprocess.run([initdb, "-D", str(folder / "db"), "-A", "trust", "-U", "pier", "-N"], check=False, **options)
    if made.returncode:
        shutil.rmtree(folder)
        pytest.skip(f"initdb failed: {made.stderr.decode(errors='replace')[-200:]}")
    command = [server, "-D", str(folder / "db"), "-k", str(folder), "-c", "listen_addresses=", "-F"]
    running = subprocess.Popen(command, **options)
    assert running.stderr is not None
    for line in running.stderr:
        if b"ready to accept connections" in line:
            break
    yield f"postgresql+psycopg://pier@/postgres?host={folder}"
    running.terminate()
    running.communicate(timeout=30)
    shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    pytest.importorskip("sqlalchemy", reason="sqlalchemy, of the extra `pool`, is not installed")
    return f"sqlite:///{tmp_path}/team.db" if request.param == "sqlite" else str(request.getfixturevalue("postgresql"))


def test_two_members_have_the_same_feedback_after_each_has_synced(url: str, tmp_path: Path) -> None:
    mine, theirs, pool = FeedbackLog(tmp_path / "a.db", clock=lambda: 5.0), FeedbackLog(tmp_path / "b.db"), Pool(url)
    asyncio.run(mine.record([row(1, 0.9), row(2, 0.8)]))
    asyncio.run(mine.label("d1", "keep", "fine"))
    asyncio.run(theirs.record([row(3, 0.7, "strong")]))
    asyncio.run(theirs.pair(audited([(0.5, 0.0, 1.0)]).pairs))
    assert pool.sync(mine) == (3, 0)
    assert pool.sync(theirs) == (2, 3)
    assert pool.sync(mine) == (0, 2)
    assert pool.sync(theirs) == (0, 0)
    assert mine.everything().model_dump() == theirs.everything().model_dump()
    # Which try I kept at last reaches the other too, and his copy of it never comes back over it.
    for weak in (1.0, 0.0):
        asyncio.run(mine.pair([Pair(decision="d1", weak=weak, strong=1 - weak, judge="user", time=6.0)]))
        assert pool.sync(mine) == (1, 0)
        assert pool.sync(theirs) == (0, 1)
    assert pool.sync(mine) == (0, 0)
    assert [pair.strong for pair in theirs.pairs() if pair.source == "redo"] == [1.0]
    # What came of my turn since reaches the other, and his stale copy never comes back over it.
    asyncio.run(mine.record([row(1, 0.9, outcome=Outcome(undone=True))]))
    assert pool.sync(mine) == (1, 0)
    assert pool.sync(theirs) == (0, 1)
    assert theirs.decisions()[0].outcome.undone
    assert pool.sync(mine) == (0, 0)
    for one in (mine, theirs, pool):
        one.close()


def test_a_pool_that_cannot_be_reached_or_read_says_so_without_its_password() -> None:
    pytest.importorskip("sqlalchemy", reason="sqlalchemy, of the extra `pool`, is not installed")
    with pytest.raises(ConfigError, match="feedback_pool cannot be used"):
        Pool("no url")
    with pytest.raises(PierError, match="cannot be reached"):
        Pool("sqlite:////nowhere/at/all.db").pull()
    with pytest.raises(ConfigError, match=r"me:\*\*\*@") as found:
        Pool("sqlite://me:secret@/x.db")
    assert "secret" not in str(found.value)


def test_a_row_of_a_newer_version_in_the_pool_is_left_out(tmp_path: Path) -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy", reason="sqlalchemy, of the extra `pool`, is not installed")
    pool = Pool(f"sqlite:///{tmp_path}/team.db")
    pool.push(Feedback(decisions=(DecisionRow(decision="d1", tier="weak"),)))
    with pool._database.begin() as connection:
        newer = """INSERT INTO pier_tui_decisions VALUES ('d2', '{"decision": "d2", "tier": "weak", "new": 1}')"""
        connection.execute(sqlalchemy.text(newer))
    assert [r.decision for r in pool.pull().decisions] == ["d1"]
    pool.close()
