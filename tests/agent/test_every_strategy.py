"""Every strategy in a whole session: the user's word counts more, a failure costs the 105B, one hop, and the latch."""

from __future__ import annotations

from pathlib import Path

import pytest
from grammar import check
from scripted import Session, route, say, session

from pier_tui.errors import EndpointDown
from pier_tui.events import AnyEvent, CallFinished, Notice, RouteDecided
from pier_tui.models.messages import Tier
from pier_tui.router.catalogue import make
from pier_tui.router.names import NAMES

EVERY = [name.replace("@0.5", "@0") for name in NAMES]
HAND_OVER = say("", route("escalate", 0.9, handoff_prompt="do it"))


def billed(events: list[AnyEvent]) -> list[tuple[str, bool]]:
    """Tier of every call, and whether its answer was kept, in the order of their numbers."""
    calls = sorted((e for e in events if isinstance(e, CallFinished)), key=lambda e: (e.turn, e.call))
    return [(call.tier, call.kept) for call in calls]


async def forced(s: Session, tier: Tier) -> list[AnyEvent]:
    _ = [event async for event in s.agent.choose(tier, "next")]
    return await s.run("yours")


@pytest.mark.parametrize("name", EVERY)
async def test_in_a_session(tmp_path: Path, name: str) -> None:
    s = session(tmp_path, [], strategy=make(name))
    # A forced turn is one call, whatever the strategy wants and the weak model wishes.
    s.weak.replies[:] = [say("Mine.", ("escalate", {"reason": "hard"}))]
    s.strong.replies[:] = [say("Mine.")]
    for tier in ("weak", "strong"):
        events = await forced(s, tier)  # type: ignore[arg-type]
        check(events)
        assert billed(events) == [(tier, True)]
        assert {e.route for e in events if isinstance(e, RouteDecided)} == {"forced"}
    # A router that fails costs the strong model's turn, and says so.
    s.weak.replies[:] = [EndpointDown("no 30B")] * 3
    s.strong.replies[:] = [say("Rescued.")]
    events = await s.run("go")
    check(events)
    assert billed(events)[-1:] == [("strong", True)]
    assert billed(events).count(("strong", True)) == len([one for one in billed(events) if one[0] == "strong"]) == 1
    said = [e.text for e in events if isinstance(e, Notice)]
    assert said == ([] if name == "always-105B" else ["router failed -> 105B: no 30B"])
    # At most one hop: what the weak model hands over, the strong one does.
    s.weak.replies[:] = [HAND_OVER, say("A plan.")]
    s.strong.replies[:] = [say("Done.")]
    events = await s.run("go")
    check(events)
    expected = {
        "mixture": [("weak", False), ("weak", False), ("strong", True)],
        "always-105B": [("strong", True)],
        "always-30B": [("weak", True), ("weak", True)],
        "random@0": [("weak", True), ("weak", True)],
    }
    assert billed(events) == expected.get(name, [("weak", False), ("strong", True)])


@pytest.mark.parametrize("name", ["self-route", "self-verify"])
async def test_after_two_escalations_in_a_row_the_weak_model_is_not_asked(tmp_path: Path, name: str) -> None:
    looks = [say("", ("read", {"path": path})) for path in ("app.py", "notes.txt")]
    s = session(tmp_path, [HAND_OVER] * 3, [*looks, say("Done.")], strategy=make(name))
    events = await s.run("go")
    check(events)
    assert billed(events) == [("weak", False), ("strong", True)] * 2 + [("strong", True)]
    assert [e.route for e in events if isinstance(e, RouteDecided)][-1] == "latch"
    assert len(s.weak.asked) == 2


async def test_the_default_never_asks_twice_of_one_turn_and_not_at_all_where_the_trace_tells(tmp_path: Path) -> None:
    read = ("read", {"path": "app.py"})
    kept = [say("", route("inspect"), read), say("", route("inspect"), ("read", {"path": "notes.txt"}))]
    gone = say("", route("inspect"), ("read", {"path": "gone.py"}))
    s = session(tmp_path, [*kept, gone, gone], [say("There is none.")])
    events = await s.run("look")
    check(events)
    # Four turns kept, one call each; the same failure twice settles the fifth, of which the weak model is not asked.
    assert billed(events) == [("weak", True)] * 4 + [("strong", True)]
    assert (len(s.weak.asked), len(s.strong.asked)) == (4, 1)
    assert {e.route for e in events if isinstance(e, RouteDecided) and e.turn == 5} == {"signal"}
