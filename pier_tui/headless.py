"""The third front end: one request without a screen, as JSON lines or a short account, and how it went."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal, TextIO

from pydantic import BaseModel, ConfigDict

from pier_tui import connecting, wiring
from pier_tui.agent.agent import Agent
from pier_tui.agent.review import everything
from pier_tui.errors import PierError
from pier_tui.events import (
    TRANSIENT,
    AnyEvent,
    CallFinished,
    Notice,
    RequestEnded,
    RequestFailed,
    RequestInterrupted,
    RouteDecided,
    ToolReturned,
)
from pier_tui.models.usage import Totals
from pier_tui.repo.patch import format_patch
from pier_tui.session.codec import encode
from pier_tui.session.export import recording_of
from pier_tui.trust import admit
from pier_tui.ui.format import counted, money
from pier_tui.ui.text import escaped, sanitize, visible

OK, FAILED, INTERRUPTED, NOT_FINISHED = 0, 1, 130, 3


@dataclass(frozen=True)
class Wanted:
    """What to do with a request. `timeout` in seconds."""

    text: str
    json: bool = False
    yes: bool = False
    timeout: float | None = None
    record: Path | None = None
    """Where to write a recording of the run, deltas included, for `pier-tui replay-session`."""


class Summary(BaseModel):
    """The last line of a run printed as JSON: what it used, cost and saved, in rupees. None is unknown.

    `compared` is the profile at whose prices one model alone is estimated; stand-ins save nothing of what it would
    have done, so an offline run has no savings. `tiers` splits by model, prompts read ahead on a line of their own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["summary"] = "summary"
    session: str
    offline: bool
    turns: int
    escalation_rate: float | None
    cost: Decimal | None
    known_cost: Decimal
    """Of the calls whose cost is known."""
    unpriced: int
    """Calls of which it is not."""
    weak_only: Decimal | None
    strong_only: Decimal | None
    compared: str
    saved_by_routing: Decimal | None
    """Against the strong model alone: an estimate, negative where routing cost more."""
    saved_by_caching: Decimal | None
    unsaid: int
    """Calls whose endpoint did not say what it had cached."""
    tiers: dict[str, Totals]

    @classmethod
    def of(cls, agent: Agent) -> Summary:
        """As the session stands."""
        ledger, offline = agent.ledger, agent.profile.offline
        totals = ledger.totals()
        return cls(
            session=agent.session_id,
            offline=offline,
            turns=ledger.kept_calls,
            escalation_rate=ledger.escalation_rate,
            cost=ledger.cost,
            known_cost=ledger.known_cost,
            unpriced=totals.unpriced,
            weak_only=ledger.only("weak"),
            strong_only=ledger.only("strong"),
            compared=agent.books.rates.labels["strong"].partition(" at ")[2],
            saved_by_routing=None if offline else ledger.saved_by_routing,
            saved_by_caching=None if offline else ledger.saved_by_caching,
            unsaid=totals.unsaid,
            tiers=ledger.tiers,
        )

    def lines(self) -> tuple[str, ...]:
        """The same for a person."""
        spent = "free" if self.offline else f"cost {money(self.cost)}"
        first = f"{spent}; 105B only would have been {money(self.strong_only, estimated=True)}"
        if self.offline:
            return (first,)
        unsaid = f" + ? for {counted(self.unsaid, 'call')} that did not say" if self.unsaid else ""
        routing = money(self.saved_by_routing, estimated=True)
        return first, f"saved by caching {money(self.saved_by_caching)}{unsaid}; by routing {routing}"


@dataclass(frozen=True)
class Allowed:
    """What the user said beforehand: the directory is to be trusted, the key may go to where it never went."""

    trust: bool = False
    endpoint: bool = False


async def assembled(
    wanted: Wanted,
    allowed: Allowed,
    path: Path,
    overrides: Mapping[str, object],
    env: Mapping[str, str],
    out: TextIO,
    err: TextIO,
) -> int:
    """Run one request with an agent made for it; problems of the configuration are told on `err`. Raises PierError."""
    found = wiring.settings(overrides, env)
    for problem in found.problems:
        err.write(f"pier-tui: {sanitize(problem)}\n")
    if not allowed.trust:
        admit(wiring.trust_book(env), path)
    if allowed.endpoint:
        connecting.confirm(connecting.unconfirmed(found.settings, env), env)
    agent = await wiring.assemble(found.settings, path, env, approve_all=wanted.yes)
    try:
        return await run(agent, wanted, out, err)
    finally:
        await agent.aclose()


async def run(agent: Agent, wanted: Wanted, out: TextIO, err: TextIO) -> int:
    """Run one request to its end: 0 finished, 1 failed, 3 stopped by a budget or stuck, 130 interrupted."""
    printer = _Printer(wanted.json, out)
    try:
        return await _run(agent, wanted, printer, out, err)
    finally:
        if wanted.record is not None:
            await asyncio.to_thread(_write_recording, wanted.record, agent.profile.name, printer.seen)


def _write_recording(path: Path, profile: str, events: list[AnyEvent]) -> None:
    try:
        path.write_text(recording_of(profile, events), encoding="utf-8")
    except OSError as error:
        raise PierError(f"The recording {path} cannot be written: {error.strerror}.") from None


async def _run(agent: Agent, wanted: Wanted, printer: _Printer, out: TextIO, err: TextIO) -> int:
    code = FAILED
    for event in agent.history():
        if isinstance(event, Notice):
            err.write(f"{event.level}: {sanitize(event.text)}\n")
    try:
        async with asyncio.timeout(wanted.timeout), aclosing(agent.run(wanted.text)) as events:
            async for event in events:
                printer.show(event)
                code = _code(event, code)
    except TimeoutError:
        err.write(f"Stopped after {wanted.timeout:g} s, the time limit; what was proposed is kept in the session.\n")
        printer.total(Summary.of(agent))
        return NOT_FINISHED
    patch = agent.pending
    if patch.files and wanted.yes and code == OK:
        async with aclosing(agent.review(everything(patch))) as events:
            async for event in events:
                printer.show(event)
                code = FAILED if isinstance(event, Notice) and event.level == "error" else code
    elif patch.files and not wanted.json:
        out.write(visible(format_patch(patch).decode("utf-8", "replace")))
        err.write("Nothing was written: the patch above is a proposal; run again with --yes to apply it.\n")
    printer.total(Summary.of(agent))
    return code


def _code(event: AnyEvent, code: int) -> int:
    match event:
        case RequestEnded():
            return OK if event.why in ("finished", "answered") else NOT_FINISHED
        case RequestFailed():
            return FAILED
        case RequestInterrupted():
            return INTERRUPTED
        case _:
            return code


class _Printer:
    """Writes events: all of them as JSON lines, or a line for each thing a person would want to know."""

    def __init__(self, as_json: bool, out: TextIO) -> None:
        self._json, self._out = as_json, out
        self.seen: list[AnyEvent] = []

    def show(self, event: AnyEvent) -> None:
        """Write one event."""
        self.seen.append(event)
        if self._json:
            if not isinstance(event, TRANSIENT):
                self._out.write(escaped(encode(event)) + "\n")
                self._out.flush()
        elif line := _line(event):
            self._out.write(sanitize(line) + "\n")
            self._out.flush()

    def total(self, summary: Summary) -> None:
        """Write what the request cost, what it would have on the strong model alone (an estimate), what was saved."""
        lines = (escaped(summary.model_dump_json()),) if self._json else summary.lines()
        self._out.writelines(f"{line}\n" for line in lines)


def _line(event: AnyEvent) -> str:
    match event:
        case RouteDecided() if event.action or event.tier == "strong":
            sure = "" if event.confidence is None else f" {event.confidence:.2f}"
            who = f"{'offline ' if event.offline else ''}{_LABEL[event.tier]}"
            return f"{event.turn:>3}  {who}  {event.action}{sure}  {event.reason}"
        case CallFinished() if not event.kept:
            return f"     {_LABEL[event.tier]} answer set aside"
        case ToolReturned():
            return f"     {event.line}" + ("" if event.ok else "  failed")
        case Notice():
            return f"     {event.level}: {event.text}"
        case RequestEnded():
            return event.text
        case RequestFailed():
            return f"failed: {event.text}"
        case RequestInterrupted():
            return "interrupted"
        case _:
            from_answer = getattr(event, "text", "") if event.type == "answer_completed" else ""
            return str(from_answer)


_LABEL = {"weak": "30B", "strong": "105B"}
