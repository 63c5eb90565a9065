"""Carrying out one job: the same agent, headless, in a repository of its own; the same function for every executor."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import NamedTuple

from pier_tui.agent.agent import Agent
from pier_tui.agent.review import everything
from pier_tui.bench.contestants import Audited, contestant
from pier_tui.bench.judging import judge
from pier_tui.bench.task import Audit, CallRow, Job, Run, TurnRow, hashed
from pier_tui.bench.worktree import files_of, lay_out, place
from pier_tui.connecting import pick_profile
from pier_tui.errors import PierError
from pier_tui.events import (
    AnswerCompleted,
    AnyEvent,
    BackboneChanged,
    CallFinished,
    RequestEnded,
    RequestFailed,
    RequestInterrupted,
    RouteDecided,
    ToolReturned,
    TurnEnded,
    TurnStarted,
)
from pier_tui.models.messages import Reply
from pier_tui.models.pinning import vouch
from pier_tui.models.usage import Price, cost
from pier_tui.repo.repo import Repo
from pier_tui.router.catalogue import make
from pier_tui.router.names import DEFAULT
from pier_tui.router.strategy import Answer, Call
from pier_tui.session.export import recording_of
from pier_tui.tools.probing import probe
from pier_tui.wiring import assemble, settings

DONE = ("finished", "answered")
SECONDS = re.compile(r"\d+\.\d+ ?s\b|\bin \d+\.\d+")
"""Times in what tools printed: they differ from run to run and say nothing about the state."""


class Done(NamedTuple):
    """What a job brought: the run, and the text of its recording."""

    run: Run
    recording: str


def carry_out(job: Job) -> Done:
    """Run and judge one job. What goes wrong around the agent is said in the run's `error`; raises nothing for it."""
    try:
        return asyncio.run(_carried_out(job))
    except (PierError, OSError) as error:
        return Done(_blank(job).model_copy(update={"error": str(error) or type(error).__name__}), "")


def _blank(job: Job) -> Run:
    task = job.task
    return Run(
        key=job.key,
        task=task.id,
        suite=task.suite,
        kind=task.kind,
        strategy=job.strategy,
        repeat=job.repeat,
        profile=str(job.overrides.get("profile", "")),
        terms=job.terms,
        lessons=len(job.lessons),
        request_length=len(task.request),
        audits=job.audit.of if job.audit else "",
        audited=job.audit.turn if job.audit else 0,
    )


async def _carried_out(job: Job) -> Done:
    with place() as home:
        tree = home / "repository"
        await asyncio.to_thread(lay_out, job.task.tree, tree)
        before = files_of(tree)
        events: list[AnyEvent] = []
        agent = await _assembled(job, tree, home)
        began = time.monotonic()
        try:
            ended = await _worked(agent, job, events)
            seconds = time.monotonic() - began
        finally:
            await agent.aclose()
        sandbox = await probe(readable=(Repo.open(tree).root,))
        verdict = await judge(job.task, before, tree, sandbox)
        prices = agent.books.rates.compared
        found = {
            **verdict,
            "profile": agent.profile.name,
            "ended": ended,
            "seconds": round(seconds, 3),
            "sandbox": sandbox.word,
            "turns": tuple(turns_of(events)),
            "calls": tuple(_calls_of(events, {tier: prices[tier] for tier in prices})),
            "void": job.audit is not None and state_before(events, job.audit.turn) != job.audit.state,
        }
        return Done(_blank(job).model_copy(update=found), recording_of(agent.profile.name, events))


async def _assembled(job: Job, tree: Path, home: Path) -> Agent:
    chosen = contestant(job.strategy, job.lessons)
    strategy = chosen.strategy
    if job.audit is not None:
        own = chosen.strategy or make(str(chosen.overrides.get("strategy", DEFAULT)))
        strategy = Audited(own, job.audit.before)
    env = {**os.environ, "XDG_STATE_HOME": str(home / "state")}
    limits = {"max_turns": job.task.turns, "approval_policy": "never", "pace": 0.0}
    wanted = settings({**job.overrides, **limits, **chosen.overrides}, env).settings
    # Whether a key may go there was asked of the user's own state when this was planned; a run has a state of its own.
    vouch(pick_profile(wanted, env))
    return await assemble(
        wanted, tree, env, approve_all=True, trusted=True, strategy=strategy, handing_over=chosen.handing_over,
        seed=f"{job.task.id} {job.strategy} {job.repeat}",
    )  # fmt: skip


async def _worked(agent: Agent, job: Job, events: list[AnyEvent]) -> str:
    """Run the request and write what it proposed where it came to an end; how it ended."""
    try:
        async with asyncio.timeout(job.task.seconds), aclosing(agent.run(job.task.request)) as stream:
            async for event in stream:
                events.append(event)
    except TimeoutError:
        return "late"
    ended = next((_end(event) for event in reversed(events) if _end(event)), "failed")
    if ended in DONE and agent.pending.files:
        async with aclosing(agent.review(everything(agent.pending))) as stream:
            async for event in stream:
                events.append(event)
    return ended


def _end(event: AnyEvent) -> str:
    match event:
        case RequestEnded():
            return event.why
        case RequestFailed():
            return "failed"
        case RequestInterrupted():
            return "interrupted"
        case _:
            return ""


def turns_of(events: Iterable[AnyEvent]) -> Iterator[TurnRow]:
    """The turns that were finished, each with who did it."""
    route, confidence, failed, tier = "", None, False, None
    for event in events:
        match event:
            case TurnStarted():
                route, confidence, failed, tier = "recorded", None, False, None
            case RouteDecided():
                route = event.route
                confidence = event.confidence if event.confidence is not None else confidence
            case AnswerCompleted():
                tier = event.tier
            case ToolReturned():
                failed = failed or not event.ok
            case TurnEnded() if tier is not None:
                yield TurnRow(
                    turn=event.turn, tier=tier, route=route, confidence=confidence, failed=failed, seconds=event.seconds
                )
            case _:
                pass


def _calls_of(events: Iterable[AnyEvent], prices: dict[str, Price]) -> Iterator[CallRow]:
    for event in events:
        if isinstance(event, CallFinished):
            usage = event.usage
            if usage.cached is None:
                usage = usage.model_copy(update={"cached": min(event.predicted_cached or 0, usage.prompt or 0)})
            yield CallRow(
                turn=event.turn,
                tier=event.tier,
                kept=event.kept,
                prompt=usage.prompt or 0,
                cached=usage.cached or 0,
                output=usage.output or 0,
                cost=cost(usage, prices[event.tier]),
                seconds=event.seconds,
                estimated=usage.estimated or event.usage.cached is None,
            )


def audit_of(run: Run, events: Sequence[AnyEvent], turn: int) -> Audit:
    """The audit of a kept turn of a recorded run."""
    answers = tuple(_answers(events))
    return Audit(of=run.key, turn=turn, before=answers[: turn - 1], state=state_before(events, turn))


def _answers(events: Iterable[AnyEvent]) -> Iterator[Answer]:
    """What was acted on in each turn, with the route the weak model stated, as the backbone keeps it."""
    said: AnswerCompleted | None = None
    route = "strategy"
    for event in events:
        if isinstance(event, RouteDecided):
            route = event.route
        elif isinstance(event, AnswerCompleted):
            said = event
        elif isinstance(event, BackboneChanged) and said is not None:
            message = next((m for m in event.messages if m.role == "assistant"), None)
            if message is not None:
                reply = Reply(text=said.text, reasoning=said.reasoning, tool_calls=message.tool_calls)
                call = Call.model_validate({"tier": said.tier, "route": route})
                yield Answer(call=call, reply=reply)
                said = None


def state_before(events: Iterable[AnyEvent], turn: int) -> str:
    """A hash of everything the turns before `turn` changed in the backbone, times left out."""
    changes = [e for e in events if isinstance(e, BackboneChanged) and 0 < e.turn < turn]
    return hashed([SECONDS.sub("", f"{e.updates}{e.messages}") for e in changes])
