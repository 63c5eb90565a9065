"""What logged turns teach, and the scores that calibration sees: held out, of today's fit."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from random import Random

from scripted import session

sys.path.insert(0, str(Path(__file__).parents[1] / "feedback"))

from made_feedback import labelled, press, row

from pier_tui.agent.lessons import lessons, rescored
from pier_tui.agent.teaching import Learning
from pier_tui.calibration import Threshold
from pier_tui.feedback.rows import Feedback, Label, Pair
from pier_tui.feedback.thresholds import Thresholds
from pier_tui.router.catalogue import Taught, make
from pier_tui.router.meta_verifier import VerdictTable
from pier_tui.router.strategy import Strategy


def test_a_pair_teaches_before_a_label_and_a_label_before_a_redo() -> None:
    rows = (
        row(1, 0.8),
        row(2, 0.8),
        row(3, 0.8),
        row(4, None, "strong", redo_of="d3"),
        row(5, None, "strong"),
        row(6, 0.8),
        row(7, 0.8),
    )
    pairs = (
        Pair(decision="d1", weak=0.5, strong=0.75),
        Pair(decision="d2", weak=None, strong=1.0),
        Pair(decision="d7", source="audit", weak=0.0, strong=0.0),
    )
    presses = tuple(press(at, "keep") for at in (1, 2, 5))
    found = lessons(Feedback(decisions=rows, labels=presses, pairs=pairs), lambda r: f"request of {r.decision}")
    assert {decision: (x.weak, x.strong, x.good) for decision, x in found.items()} == {
        "d1": (0.5, 0.75, 0.75),
        "d2": (1.0, 1.0, 1.0),
        "d3": (0.0, 1.0, 0.0),
        "d5": (0.0, 1.0, 0.0),  # the strong model took it and that was right, forced or not
        "d7": (0.0, 0.0, 1.0),  # neither did it: asking would have bought nothing
    }
    assert found["d2"].text == "request of d2"


def drafts(count: int) -> Feedback:
    """Cascade turns whose draft fails where a call of it is invalid, logged with a score that says nothing."""
    lots = Random(4)
    flaws = [float(lots.random() < 0.4) for _ in range(count)]
    words: list[tuple[float, Label]] = [(0.5, "escalate" if lots.random() < 0.1 + 0.8 * f else "keep") for f in flaws]
    made = labelled(words, strategy="cascade")
    numbers = [{"calls": 1.0, "invalid": flaw, "prompt_tokens": 9000.0 * n} for n, flaw in enumerate(flaws)]
    rows = tuple(r.model_copy(update={"features": f}) for r, f in zip(made.decisions, numbers, strict=True))
    return made.model_copy(update={"decisions": rows})


def test_a_turn_of_cascade_is_scored_by_a_fit_that_was_not_shown_it() -> None:
    feedback = drafts(84)
    one = feedback.decisions[0]
    flipped: Label = "keep" if feedback.labels[0].label == "escalate" else "escalate"
    changed = feedback.model_copy(update={"labels": (press(0, flipped), *feedback.labels[1:])})
    now, then = rescored(feedback).decisions, rescored(changed).decisions
    assert now[0].score == then[0].score, "its own label is not in its score"
    assert now[7].score == then[7].score, "nor are labels of its session, which has every seventh turn"
    assert now[1].score != then[1].score
    apart = {flaw: {r.score for r in now if r.features["invalid"] == flaw} for flaw in (0.0, 1.0)}
    assert max(apart[1.0]) < 0.4 < 0.6 < min(apart[0.0])  # type: ignore[type-var, operator]
    assert one.score == 0.5


def test_what_nothing_was_learned_of_keeps_its_score() -> None:
    few, other = drafts(20), labelled([(0.5, "keep"), (0.6, "escalate")] * 30)
    unscored = Feedback(decisions=(row(1, None, strategy="cascade", features={"calls": 1.0}, versions={"model": "x"}),))
    for feedback in (few, other, unscored, Feedback()):
        assert rescored(feedback) == feedback


def twisted(count: int, score: float) -> Feedback:
    """Self-verified turns for which two favourable verdicts of three are a worse sign than one."""
    lots = Random(6)
    votes = [lots.choice((1, 1, 1, 1, 2, 3, 3, 3, 3)) for _ in range(count)]
    words: list[tuple[float, Label]] = [
        (score, "escalate" if v == 2 or lots.random() < 0.01 else "keep") for v in votes
    ]
    made = labelled(words, strategy="self-verify")
    numbers = [{"calls": 1.0, "verdicts": v / 3} for v in votes]
    rows = tuple(r.model_copy(update={"features": f}) for r, f in zip(made.decisions, numbers, strict=True))
    return made.model_copy(update={"decisions": rows})


def test_verdicts_logged_before_there_was_a_table_are_read_by_it_now_and_the_other_way_round() -> None:
    by_votes = {round(r.features["verdicts"] * 3): r.score for r in rescored(twisted(200, 0.5)).decisions}
    assert by_votes[2] < 0.2 < 0.8 < min(by_votes[1], by_votes[3])  # type: ignore[operator]
    plain = twisted(200, 0.5)
    plain = plain.model_copy(
        update={"labels": tuple(press(n, "keep" if n % 9 else "escalate") for n in range(200))},
    )
    assert {r.score for r in rescored(plain).decisions} == {0.3333, 0.6667, 1.0}, "the share where no table is better"


async def test_learning_in_a_session_puts_the_table_and_its_threshold_in_use_together(tmp_path: Path) -> None:
    table = VerdictTable(counts=((0, 1, 0), (9, 0, 0), (0, 9, 0), (9, 0, 0)))
    made: list[str] = []

    def taught(name: str) -> Strategy:
        made.append(name)
        return make(name, Taught(verdicts=table))

    learning = Learning(Thresholds(tmp_path / "state"), used=Threshold(tau=0.0))
    s = session(tmp_path, [], strategy=make("self-verify"), learning=learning)
    s.agent._p.routing.make = taught
    teaching, feedback = s.agent.teaching, twisted(150, 0.5)
    await teaching.log.record(feedback.decisions)
    await asyncio.to_thread(teaching.log.take_in, feedback)
    assert "The threshold went from 0.00 to" in await teaching.calibrate()
    assert made == ["self-verify"]
    tau, calibrator = s.agent._p.routing.gate("self-verify")
    assert [calibrator.apply(table.score(votes / 3)) >= tau for votes in (1, 2, 3)] == [True, False, True]
