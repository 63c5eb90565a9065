"""Shadow audits: the other model does a turn too, in the background, and nothing but a pair comes of it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from scripted import Session, route, say, session

from pier_tui.agent.teaching import Learning
from pier_tui.feedback.examples import examples, unjudged
from pier_tui.models.usage import Usage

READ = ("read", {"path": "app.py"})
READ_ALSO = ("read", {"path": "notes.txt"})
PRICED = Usage(prompt=1_000_000, cached=0, output=0)


def audited(tmp_path: Path, weak: list[object], strong: list[object], share: float = 1.0, most: str = "100") -> Session:
    return session(tmp_path, weak, strong, learning=Learning(audit_share=share, audit_most=Decimal(most)))


async def run(s: Session) -> None:
    await s.run("look around")
    if s.agent.teaching.auditor is not None:
        await s.agent.teaching.auditor.done()


async def test_a_turn_both_models_do_alike_is_judged_and_its_cost_stands_on_the_pair_alone(tmp_path: Path) -> None:
    strong = [say("", READ), say("It is small.")]
    s = audited(tmp_path, [say("", route("inspect"), READ), say("It is small.", route("answer"))], strong)
    before = s.agent.ledger.totals("strong").calls
    await run(s)
    pair = next(pair for pair in s.agent.teaching.log.pairs() if pair.decision.endswith("-1"))
    assert (pair.source, pair.weak, pair.strong, pair.judge, pair.other) == ("audit", 1.0, 1.0, "same", "strong")
    assert pair.cost == Decimal(1000 * 4 + 10 * 16) / 1_000_000
    assert s.agent.ledger.totals("strong").calls == before
    assert [event.tier for event in s.journal if event.type == "call_finished"] == ["weak", "weak"]  # type: ignore[attr-defined]
    assert [e.source for e in examples(s.agent.teaching.log.everything())] == ["audit"]


async def test_a_turn_the_models_do_differently_waits_for_a_label_and_then_counts_as_an_audit(tmp_path: Path) -> None:
    s = audited(tmp_path, [say("", route("inspect"), READ), say("x", route("answer"))], [say("", READ_ALSO), say("y")])
    await run(s)
    log = s.agent.teaching.log
    first = unjudged(log.everything())[0]
    assert (first.weak, first.text) == (None, "read")
    said = [event.text for event in s.journal if event.type == "notice"]  # type: ignore[attr-defined]
    assert "Audited turn 1 on the 105B: it would have done otherwise (read); " in said[0]
    await log.label(first.decision, "escalate")
    assert [(e.good, e.source) for e in examples(log.everything())] == [(0.0, "audit")]


async def test_the_audited_model_is_sent_the_backbone_the_turn_started_from(tmp_path: Path) -> None:
    s = audited(tmp_path, [say("", route("inspect"), READ), say("x", route("answer"))], [say("", READ), say("y")])
    await run(s)
    first = "\n".join(message.content or "" for message in s.strong.asked[0].messages)
    assert "look around" in first
    assert "def size" not in first


async def test_audits_stop_at_their_rupees_and_are_off_without_a_share(tmp_path: Path) -> None:
    dear = say("", READ).model_copy(update={"usage": PRICED})
    weak = [say("", route("inspect"), READ), say("x", route("answer"))]
    s = audited(tmp_path / "a", list(weak), [dear, say("y")], most="4")
    await run(s)
    assert (len(s.strong.asked), s.agent.teaching.log.pairs()[0].cost) == (1, Decimal(4))
    quiet = audited(tmp_path / "b", list(weak), [], share=0.0)
    await run(quiet)
    assert (quiet.strong.asked, quiet.agent.teaching.auditor) == ([], None)


async def test_a_forced_turn_is_not_audited(tmp_path: Path) -> None:
    s = audited(tmp_path, [say("x")], [])
    async for _ in s.agent.choose("weak", "next"):
        pass
    await run(s)
    assert s.strong.asked == []


async def test_a_weak_model_that_would_hand_over_was_not_enough(tmp_path: Path) -> None:
    handed = say("", ("escalate", {"reason": "hard", "handoff_prompt": "do it"}))
    s = audited(tmp_path, [handed, handed], [say("Done.")])
    await run(s)
    pair = s.agent.teaching.log.pairs()[0]
    assert (pair.weak, pair.strong, pair.judge, pair.other) == (0.0, 1.0, "escalates", "weak")
