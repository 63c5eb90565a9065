"""A session over a real git repository whose two models say what a test wrote down for them."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from pier_tui.agent.agent import Agent
from pier_tui.agent.books import Books, Rates
from pier_tui.agent.budget import Budget
from pier_tui.agent.desk import AgentDesk
from pier_tui.agent.harness import harness
from pier_tui.agent.parts import Parts
from pier_tui.agent.record import Recorder
from pier_tui.agent.routing import Routing
from pier_tui.agent.tool_run import ToolBench
from pier_tui.errors import ModelError
from pier_tui.events import ADAPTER, AnyEvent, Event
from pier_tui.feedback.log import FeedbackLog
from pier_tui.models.cards import ModelCard
from pier_tui.models.messages import ChatRequest, Piece, Reply, TextPiece, ToolCall
from pier_tui.models.profiles import load_profile
from pier_tui.models.usage import Price, Usage
from pier_tui.repo.checkpoint import Journal
from pier_tui.repo.overlay import Overlay
from pier_tui.repo.scratch import Scratch
from pier_tui.router.override import Steering
from pier_tui.tools.approval import Nobody, PolicyApproval
from pier_tui.tools.sandbox import Sandbox
from pier_tui.tools.scratch_runner import ScratchRunner

PRICE = Price(fresh=Decimal(4), cached=Decimal("2.5"), output=Decimal(16))


def card(label: str) -> ModelCard:
    return ModelCard(
        label=label, id=label, window=64_000, output_cap=8_000, price=PRICE, as_of=date(2026, 1, 1), source="a test"
    )


def say(text: str = "", *calls: tuple[str, dict[str, object]], prompt: int = 1000) -> Reply:
    made = tuple(ToolCall(id=f"c{n}", name=name, arguments=json.dumps(a)) for n, (name, a) in enumerate(calls))
    return Reply(text=text, tool_calls=made, usage=Usage(prompt=prompt, output=10))


def route(action: str, confidence: float | None = 0.9, **more: str) -> tuple[str, dict[str, object]]:
    return ("route", {"action": action, "confidence": confidence, "reason": "as planned", **more})


class Scripted:
    """A model that gives its replies in order; a string as reply hangs until it is closed, an error is raised."""

    def __init__(self, label: str, replies: list[Reply | str | ModelError]) -> None:
        self.card = card(label)
        self.replies = replies
        self.asked: list[ChatRequest] = []
        self.closed = 0
        self.speaking = asyncio.Event()

    async def stream(self, request: ChatRequest) -> AsyncIterator[Piece]:
        self.asked.append(request)
        reply = self.replies.pop(0)
        if isinstance(reply, ModelError):
            raise reply
        try:
            if isinstance(reply, str):
                yield TextPiece(text=reply)
                self.speaking.set()
                await asyncio.Event().wait()
            else:
                if reply.text:
                    yield TextPiece(text=reply.text)
                yield reply.model_copy(update={"model": self.card.id})
        finally:
            self.closed += 1

    async def aclose(self) -> None:
        pass


@dataclass
class Session:
    agent: Agent
    weak: Scripted
    strong: Scripted
    root: Path
    journal: list[Event] = field(default_factory=list)

    async def run(self, text: str) -> list[AnyEvent]:
        async with aclosing(self.agent.run(text)) as events:
            return [event async for event in events]


def kinds(events: list[AnyEvent], *left_out: str) -> list[str]:
    return [e.type for e in events if e.type not in left_out]


def repository(root: Path, files: dict[str, str]) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    settings = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "init.defaultBranch=main"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "start"]):
        subprocess.run(["git", *settings, *command], cwd=root, check=True)
    return root


def session(tmp_path: Path, weak: list[object], strong: list[object] | None = None, **parts: object) -> Session:
    """A session in a small repository. `parts` overrides fields of Parts; `files` its overlay, `speaker` its 105B."""
    root = repository(tmp_path / "repo", {"app.py": "def size(n):\n    return n - 1\n", "notes.txt": "one\ntwo\n"})
    one, two = Scripted("30B", weak), parts.pop("speaker", Scripted)("105B", strong or [])  # type: ignore[arg-type, operator]
    journal: list[Event] = []

    async def append(events: Sequence[Event]) -> None:
        journal.extend(ADAPTER.validate_json(event.model_dump_json()) for event in events)

    only = parts.get("only")
    steering = Steering(only)  # type: ignore[arg-type]
    overlay = parts.pop("files", Overlay)(root)  # type: ignore[operator]
    runner = ScratchRunner(Scratch(root), overlay, Sandbox())
    desk = AgentDesk(overlay, runner, PolicyApproval("on-request", Nobody()), None)
    rates = Rates({"weak": PRICE, "strong": PRICE}, {"weak": "30B", "strong": "105B"})
    harnesses = {tier: harness(tier, routing=only is None) for tier in ("weak", "strong")}
    fields: dict[str, object] = {
        "root": root,
        "books": Books({"weak": one, "strong": two}, harnesses, rates),  # type: ignore[dict-item, arg-type]
        "steering": steering,
        "recorder": Recorder(append, "s", clock=lambda: 1.0),
        "bench": ToolBench(desk, overlay, steering, clock=lambda: 0.0),
        "overlay": overlay,
        "checkpoints": Journal(tmp_path / "state"),
        "routing": Routing(**{n: parts.pop(n) for n in ("strategy", "threshold", "epsilon") if n in parts}),  # type: ignore[arg-type]
        "budget": Budget(turns=12),
        "journal": lambda: journal,
        "patches": tmp_path / "patches",
        **parts,
    }
    agent = Agent(Parts(**fields), load_profile("offline"), FeedbackLog(tmp_path / "feedback.db"))  # type: ignore[arg-type]
    return Session(agent, one, two, root, journal)
