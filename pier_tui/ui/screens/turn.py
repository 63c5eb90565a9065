"""Everything about one turn: decision, prompt by segment, usage as billed, timings, tool calls, the hand-over."""

from __future__ import annotations

import json

from textual.content import Content

from pier_tui.events import CallFinished, RouteDecided
from pier_tui.ui.drafts import drafted_words
from pier_tui.ui.format import NAMES, money, tokens
from pier_tui.ui.screens.dialog import Page, heading, table
from pier_tui.ui.story import Turn
from pier_tui.ui.text import sanitize
from pier_tui.ui.widgets.prefix_bar import Sent

STABLE = {"harness", "tools", "repository", "snapshot"}
"""Segments that stay the same bytes until the next compaction."""
REWRITTEN = ("pages", "now")
"""Segments that are written anew for every call."""


class TurnScreen(Page):
    """Reads one turn of the story."""

    TITLE_TEXT = "Turn"

    def __init__(self, turn: Turn) -> None:
        super().__init__()
        self._of = turn

    def text(self, width: int) -> Content:
        """All sections that have something to say."""
        turn = self._of
        who = NAMES[turn.tier] if turn.tier else "nobody yet"
        took = f", {turn.seconds:.1f} s" if turn.seconds is not None else ""
        parts = [Content.styled(f"Turn {turn.number}, answered by {who}{took}\n\n", "bold")]
        for route in decided(turn.routes):
            parts += [heading(f"Decision for call {route.call}: {NAMES[route.tier]}"), _decision(route), Content("\n")]
        if turn.label is not None and turn.label.label:
            note = f": {sanitize(turn.label.note)}" if turn.label.note else ""
            parts.append(Content(f"You judged: {turn.label.label}{note}\n\n"))
        for route in decided(turn.routes):
            if route.segments:
                told = f"Prompt of call {route.call} to the {NAMES[route.tier]}, by segment, cached as predicted"
                parts += [heading(told), _segments(route, width), Content("\n\n")]
        if turn.calls:
            parts += [heading("Calls as billed"), _calls(turn.calls), Content("\n\n")]
        handoff = next((route.handoff for route in turn.routes if route.handoff), "")
        if handoff:
            parts += [heading("Hand-over to the 105B, as it was sent"), Content(sanitize(handoff) + "\n\n")]
        parts += self._tools()
        return Content.assemble(*parts)

    def _tools(self) -> list[Content]:
        parts: list[Content] = []
        for called, returned in self._of.tools:
            parts += [
                heading(f"Tool call {sanitize(called.name)}"),
                Content(sanitize(_pretty(called.arguments)) + "\n"),
            ]
            if returned is None:
                parts.append(Content("still running\n\n"))
            else:
                how = "done" if returned.ok else "refused or failed"
                parts.append(Content.styled(f"{how} in {returned.seconds:.1f} s; the model was told:\n", "$muted"))
                parts.append(Content(sanitize(returned.text) + "\n\n"))
        return parts


def decided(routes: list[RouteDecided]) -> list[RouteDecided]:
    """The routes, those of one call and model once: what a self-route was before its answer is no news after it."""
    last = {(route.call, route.tier): route for route in routes}
    return list(last.values())


def _decision(route: RouteDecided) -> Content:
    confidence = "none given" if route.confidence is None else f"{route.confidence:.2f}"
    threshold = "" if route.threshold is None else f" (escalates below {route.threshold:.2f})"
    if route.action == "escalate" and threshold:
        threshold = " (it asked to hand over, which needs no threshold)"
    lines = [
        ("model", sanitize(route.model) + (" (offline)" if route.offline else "")),
        ("route", sanitize(f"{route.route}, strategy {route.strategy}")),
        ("action", sanitize(route.action) or "not stated"),
        ("confidence", confidence + threshold),
        ("reason", sanitize(route.reason) or "none given"),
        *([("harness", sanitize(f"version {route.harness}"))] if route.harness else []),
    ]
    return Content.assemble(*(Content.assemble((f"{name:<12}", "$muted"), value, "\n") for name, value in lines))


def _segments(route: RouteDecided, width: int) -> Content:
    """Tokens of each segment, how many of them were expected in the cache, and where and why the cache breaks."""
    known = route.predicted_cached is not None
    sent = Sent(tuple((s.name, s.tokens) for s in route.segments), route.predicted_cached)
    rows: list[tuple[str, ...]] = [("segment", "~tokens", "~cached", "~new", "")]
    for name, held, new in sent.parts():
        kind = "stable" if name in STABLE else "rewritten" if name in REWRITTEN else "appended"
        split = (f"{held:,}", f"{new:,}") if known else ("?", "?")
        rows.append((sanitize(name), f"{held + new:,}", *split, kind))
    cached = sent.cached or 0
    together = (f"{cached:,}", f"{sent.total - cached:,}") if known else ("?", "?")
    rows.append(("together", f"{sent.total:,}", *together, ""))
    parts: list[Content | tuple[str, str]] = [table(rows)]
    if route.token_ratio != 1:
        parts.append((f"\ncounts are our estimate x{route.token_ratio:.2f}, by what the endpoint reported", "$muted"))
    if route.cache_break:
        where, *texts = sanitize(route.cache_break).split("\n")
        parts += [("\nfirst break  ", "$text-warning"), Content(where)]
        parts += [Content(f"\n  {line}").truncate(max(width, 20), ellipsis=True) for line in texts]
        if texts and cached:
            parts.append(("\na cache holds whole blocks, so what is cached ends a little before the break", "$muted"))
    elif known and cached:
        parts.append(("\nno break: only what is new this time is read anew", "$muted"))
    return Content.assemble(*parts)


def _calls(calls: list[CallFinished]) -> Content:
    rows: list[tuple[str, ...]] = [("call", "input", "cached", "expected", "output", "first", "time", "cost", "kept")]
    for call in calls:
        usage = call.usage
        mark = "~" if usage.estimated else ""
        first = "?" if call.first_token is None else f"{call.first_token:.2f} s"
        rows.append(
            (
                f"{call.call} {NAMES[call.tier]}",
                mark + tokens(usage.prompt),
                mark + tokens(usage.cached) if usage.cached is not None else "?",
                "?" if call.predicted_cached is None else f"~{tokens(call.predicted_cached)}",
                mark + tokens(usage.output),
                first,
                f"{call.seconds:.1f} s",
                money(call.cost, free=call.offline or bool(call.price and call.price.free)),
                "yes" if call.kept else "no",
            )
        )
    drafts = [(call, words) for call in calls if (words := drafted_words(call.usage))]
    lines = (f"\n{call.call} {NAMES[call.tier]}  the server {words}" for call, words in drafts)
    return Content.assemble(table(rows), *lines)


def _pretty(arguments: str) -> str:
    """The JSON arguments, indented where they are JSON at all, with real line ends in the strings."""
    try:
        fields = json.loads(arguments)
    except ValueError:
        return arguments
    if not isinstance(fields, dict):
        return arguments
    return "\n".join(f"{k}: {v if isinstance(v, str) else json.dumps(v)}" for k, v in fields.items())
