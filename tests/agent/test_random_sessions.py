"""Sessions in which strategies, models and the user do as the dice say: the grammar holds and every call is billed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from contextlib import aclosing, suppress
from itertools import groupby
from pathlib import Path
from random import Random

import pytest
from grammar import check
from scripted import Session, route, say, session

from pier_tui.errors import EndpointDown, ModelError, OutOfCredit
from pier_tui.events import CallFinished, RouteDecided
from pier_tui.models.messages import Reply
from pier_tui.router.names import NAMES

SESSIONS = 200 if os.environ.get("PIER_SOAK") else 2
EDIT = ("edit", {"path": "app.py", "old": "n - 1", "new": "n"})
SAID: tuple[Reply | ModelError, ...] = (
    *[say("", route("inspect"), ("read", {"path": path})) for path in ("app.py", "notes.txt", "gone.py")],
    *[say("", ("read", {"path": path})) for path in ("app.py", "notes.txt")],
    say("", route("edit", 0.3), EDIT),
    say("", EDIT, ("search", {"pattern": "size"})),
    say("", route("escalate", 0.9, handoff_prompt="do it")),
    say("1: yes\n2: no\n3: yes"),
    say("Done.", route("answer", 0.95)),
    say("", ("finish", {"summary": "done"})),
    say("", ("fly", {})),
    Reply(text="I wi", finish_reason="length"),
    EndpointDown("down"),
    OutOfCredit("no credit"),
)


class Dice(list[Reply | ModelError | str]):
    """What a model says next; now and then it hangs, and the user stops it."""

    def __init__(self, lots: Random, user: Session) -> None:
        super().__init__()
        self.lots, self.user = lots, user

    def pop(self, at: object = 0) -> Reply | ModelError | str:  # type: ignore[override]
        if self.lots.random() < 0.06:
            asyncio.get_running_loop().call_soon(self.user.agent.interrupt)
            return "thinking"
        return self.lots.choice(SAID)


async def used(s: Session, lots: Random) -> None:
    """One request, in which the user may do something at some event."""
    at, does = lots.randint(1, 40), lots.choice(("nothing", "stop", "weak", "strong", "leave", "cancel"))
    seen, task = 0, asyncio.current_task()
    assert task is not None
    with suppress(asyncio.CancelledError):
        async with aclosing(s.agent.run("go")) as events:
            async for _ in events:
                seen += 1
                if seen != at:
                    continue
                if does == "stop":
                    s.agent.interrupt()
                elif does == "cancel":
                    task.cancel()
                elif does == "leave":
                    break
                elif does in ("weak", "strong"):
                    async for _ in s.agent.choose(does, "now"):  # type: ignore[arg-type]
                        pass
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(0)


def calls(events: Iterable[object], kind: type[RouteDecided | CallFinished]) -> list[tuple[int, int]]:
    return [(e.turn, e.call) for e in events if isinstance(e, kind)]


@pytest.mark.parametrize("seed", range(SESSIONS))
async def test_a_session_of_dice_keeps_the_grammar_and_the_books(tmp_path: Path, seed: int) -> None:
    lots = Random(seed)
    s = session(tmp_path, [])
    s.weak.replies = s.strong.replies = Dice(lots, s)
    for _ in range(6):
        _ = [event async for event in s.agent.route_by(lots.choice(NAMES), once=lots.random() < 0.5)]
        await asyncio.create_task(used(s, lots))
        assert not s.agent.busy
    for _, events in groupby((e for e in s.journal if e.request), key=lambda event: event.request):
        check(events)
    billed = calls(s.journal, CallFinished)
    assert len(billed) == len(set(billed)) >= len(s.weak.asked) + len(s.strong.asked)
    assert set(calls(s.journal, RouteDecided)) <= set(billed)
    ledger = s.agent.ledger
    assert ledger.kept_calls == sum(e.kept for e in s.journal if isinstance(e, CallFinished))
    assert asyncio.all_tasks() == {asyncio.current_task()}
