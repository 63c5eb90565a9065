"""calibrate, labels and report as they are typed, on a log of a user's own."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "feedback"))

from made_feedback import audited, telling

from pier_tui import cli
from pier_tui.calibration import FILE, Threshold, load, save
from pier_tui.feedback.log import FeedbackLog
from pier_tui.feedback.rows import Feedback
from pier_tui.session.store import Store


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    return tmp_path / "XDG_STATE_HOME" / "pier-tui"


def run(*argv: str) -> int:
    with pytest.raises(SystemExit) as end:
        cli.main(argv)
    assert isinstance(end.value.code, int)
    return end.value.code


def fill(state: Path, feedback: Feedback) -> None:
    log = FeedbackLog(state / "feedback.db")
    asyncio.run(log.record(feedback.decisions))
    log.take_in(feedback)
    log.close()


def test_calibrate_learns_puts_in_use_and_takes_back(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(state, telling(200))
    assert run("calibrate", "--alpha", "0.1", "--dry-run") == 0
    assert not (state / FILE).exists()
    assert run("calibrate", "--alpha", "0.1") == 0
    out = capsys.readouterr().out
    for part in ("200 judged turns", "escalates", "doubly robust", "The threshold", "--undo"):
        assert part in out
    learned = load(state / FILE)
    assert learned is not None
    assert learned.alpha == 0.1
    assert run("calibrate", "--undo") == 0
    assert not (state / FILE).exists()
    assert run("calibrate", "--undo") == 2
    assert "no calibration to take back" in capsys.readouterr().err


def test_what_was_learned_of_another_strategy_is_not_what_a_calibration_starts_from(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(state, telling(200))
    save(state / FILE, Threshold(tau=0.99, strategy="cascade", n=40))
    assert run("calibrate", "--alpha", "0.1", "--dry-run") == 0
    out = capsys.readouterr().out
    assert "before: threshold 0.50" in out
    assert "The threshold went from 0.50" in out
    save(state / FILE, Threshold(tau=0.99, strategy="self-route", n=40))
    run("calibrate", "--alpha", "0.1", "--dry-run")
    assert "before: threshold 0.99" in capsys.readouterr().out


def test_with_too_few_labels_calibrate_says_how_many_there_are(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(state, telling(12))
    assert run("calibrate") == 3
    assert "not enough labels yet: 12 of 30" in capsys.readouterr().out
    assert not (state / FILE).exists()


def test_an_export_is_learned_from_on_another_machine(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(state, audited([(0.5 + n / 200, float(n > 40), 1.0) for n in range(100)]))
    assert run("labels", "--export") == 0
    export = tmp_path / "export.jsonl"
    export.write_text(capsys.readouterr().out)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
    assert run("calibrate", "--log", str(export)) == 0
    out = capsys.readouterr().out
    assert "for all turns" in out
    assert "dry run" in out
    assert run("labels", "--import", str(export)) == 0
    assert "200 new entries" in capsys.readouterr().out
    assert run("labels") == 0
    assert "100 pairs" in capsys.readouterr().out


def test_a_pool_is_named_in_the_configuration_or_said_to_be_missing(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("sqlalchemy", reason="sqlalchemy, of the extra `pool`, is not installed")
    fill(state, telling(3))
    assert run("labels", "--sync") == 2
    assert "set feedback_pool" in capsys.readouterr().err
    config = tmp_path / "XDG_CONFIG_HOME" / "pier-tui" / "config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(f'feedback_pool = "sqlite:///{tmp_path}/team.db"\n')
    assert run("labels", "--sync") == 0
    assert "6 sent to sqlite:///" in capsys.readouterr().out


def test_a_report_is_made_of_the_sessions_that_were_run(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from test_report import session

    state.mkdir(parents=True)
    with Store(state / "sessions.db") as store:
        own = store.open_session(str(tmp_path), "fix it")
        store.append_all(e.model_copy(update={"session": own}) for e in session())
    assert run("report", "--session", own) == 0
    out = capsys.readouterr().out
    for part in ("3 turns, 33 % answered", "₹6.00", "~₹3.00 at list", "price ratio r = 0.50", "re-read 1.2k tokens"):
        assert part in out
    assert run("report", str(tmp_path / "deep" / "inside"), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["actual"], found["ratio"], found["buys"]) == ("6", "0.5000", "money")
    assert found["tiers"]["strong"]["reread"] == 1200
    assert run("report", "--session", "nobody") == 2


def test_a_report_of_nothing_says_so(state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("report", str(tmp_path / "r")) == 0
    assert "nothing to report" in capsys.readouterr().out
