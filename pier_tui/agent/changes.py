"""What happens outside the agent's turns: files changed by others, the user's own commands, reviews, his choices."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import cast

from pier_tui.agent.history import update_message
from pier_tui.agent.parts import Parts
from pier_tui.agent.review import rebased
from pier_tui.backbone.updates import SetStatus, Update, describe
from pier_tui.errors import PierError
from pier_tui.events import AnyEvent, Choice, Notice, Overridden, RepoChanged, ToolCalled, ToolOutput, ToolReturned
from pier_tui.redaction import spared, without_keys
from pier_tui.repo.repo import Repo
from pier_tui.router.override import Scope
from pier_tui.tools import process
from pier_tui.tools.environment import without_secrets
from pier_tui.tools.text import printed
from pier_tui.tools.tool import CommandRun, Output, Ran

SHOWN_PATHS = 12
SHELL_SECONDS = 600.0


async def repo_changed(parts: Parts, paths: tuple[str, ...]) -> AsyncGenerator[AnyEvent, None]:
    """Show what changed on disk, re-base what is pending, mark known files stale, and tell the models."""
    if parts.atlas is not None:
        parts.atlas.changed(paths)
    async with parts.disk:
        foreign = await asyncio.to_thread(parts.foreign, paths)
        pending = bool(set(foreign) & set(parts.overlay.changed()))
        moved = await asyncio.to_thread(rebased, parts.overlay) if pending else None
    if foreign:
        await parts.bench.forget()
    status = await (await asyncio.to_thread(Repo.open, parts.root)).status() if parts.has_git else None
    yield await parts.recorder.log(
        RepoChanged(paths=foreign, branch=status.branch if status else "", dirty=status.dirty if status else 0)
    )
    if moved is not None:
        yield await parts.recorder.log(moved)
    items = {item.key: item for item in parts.books.backbone.section("files")}
    known = [items[path] for path in foreign if path in items and items[path].status != "stale"]
    scribe = parts.scribe("you")
    for path in [path for path in foreign if path not in items][:SHOWN_PATHS]:
        scribe.put("files", path, "changed on disk by you")
    stale = tuple(SetStatus(id=item.id, status="stale") for item in known)
    names = ", ".join(item.key for item in known[:SHOWN_PATHS])
    # Only what the models have seen concerns them; the rest they read fresh anyway.
    told = (update_message(f"Changed on disk by the user: {names}. Read again before editing."),) if known else ()
    async for event in parts.change((*scribe.updates, *stale), told):
        yield event


async def edited(parts: Parts, updates: tuple[Update, ...]) -> AsyncGenerator[AnyEvent, None]:
    """The user's own changes of the backbone: one event, and the models are told in the record."""
    words = describe(parts.books.backbone, updates)
    try:
        async for event in parts.change(updates, (update_message(f"The user edited the backbone:\n{words}"),)):
            yield event
    except PierError as error:
        yield await parts.recorder.log(Notice(text=str(error), level="warning"))


async def shell(parts: Parts, command: str, key_env: str = "") -> AsyncGenerator[AnyEvent, None]:
    """The user's own command: runs in his working tree, with his environment but for keys. Its result is kept."""
    call = f"shell-{len(parts.books.backbone.deltas)}"
    yield await parts.recorder.log(ToolCalled(call_id=call, name="shell", arguments="", line=f"! {command}"))
    ran: Ran | None = None
    argv = ("/bin/sh", "-c", command)
    launch = process.Launch(argv, spared(without_secrets(os.environ, key_env)) | {"PAGER": "cat", "GIT_PAGER": "cat"})
    running = process.stream(launch, folder=parts.root, timeout=SHELL_SECONDS, terminal=True)
    stopped = ToolReturned(call_id=call, name="shell", ok=False, text="stopped", line=f"! {command}  stopped")
    try:
        async with aclosing(cast("AsyncGenerator[Output | Ran, None]", running)) as items:
            async for item in items:
                if isinstance(item, Output):
                    yield await parts.recorder.log(ToolOutput(call_id=call, text=item.text))
                else:
                    ran = item
    except asyncio.CancelledError:
        yield await parts.recorder.log(stopped)
        raise
    except PierError as error:
        yield await parts.recorder.log(stopped.model_copy(update={"text": str(error), "line": f"! {command}  {error}"}))
        return
    if ran is None:
        return
    ran = ran.model_copy(update={"output": without_keys(ran.output)})
    code = "killed" if ran.exit_code is None else f"exit {ran.exit_code}"
    said = printed(ran.output)
    fact = CommandRun(command=command, exit_code=ran.exit_code, seconds=ran.seconds, excerpt=said[-400:])
    text = f"The user ran `{command}`: {code}\n{said}"
    yield await parts.recorder.log(
        ToolReturned(
            call_id=call,
            name="shell",
            ok=ran.exit_code == 0,
            text=text,
            line=f"! {command}  {code}  {ran.seconds:.1f} s",
            facts=(fact,),
            seconds=ran.seconds,
        )
    )
    scribe = parts.scribe("you")
    scribe.record((fact,))
    async for event in parts.change(scribe.updates, (update_message(text),)):
        yield event


async def choose(parts: Parts, choice: Choice, scope: Scope) -> AsyncGenerator[AnyEvent, None]:
    """Force a model for the next turn, the session, or (`now`) the running turn."""
    if parts.only is not None:
        text = "This session uses one model only; start it without --only to choose."
        yield await parts.recorder.log(Notice(text=text, level="warning"))
        return
    parts.steering.choose(choice, scope)
    if scope != "now":
        yield await parts.recorder.log(Overridden(choice=choice, scope=scope))


async def route_by(parts: Parts, name: str, *, once: bool) -> AsyncGenerator[AnyEvent, None]:
    """Change the strategy from the next request on, or for that one only. Raises ConfigError: unknown."""
    routing = parts.routing
    chosen = await asyncio.to_thread(routing.make, name)
    if once:
        routing.once = chosen
    else:
        routing.strategy, routing.once = chosen, None
    words, kept = ("The next request is", "") if once else ("Requests are", chosen.name)
    yield await parts.recorder.log(Notice(text=f"{words} routed by {chosen.name}: {chosen.about}.", strategy=kept))
