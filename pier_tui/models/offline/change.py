"""From new text to edit calls, and the two steps every change ends with: run the tests, say what was done."""

from __future__ import annotations

import ast
import difflib
import warnings

from pier_tui.models.offline.plan import Call, Stop, Wants, Workspace, refusals
from pier_tui.models.offline.results import listed, report

MOST_LINES = 12
"""A hunk of more lines than this is proposed as a whole file."""


def calls_for(path: str, before: str, after: str) -> tuple[Call, ...]:
    """`edit` calls that turn `before` into `after`, each valid when its turn comes; else one `write`."""
    whole = (Call("write", {"path": path, "content": after}),)
    if not before.strip():
        return whole
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    hunks = [o for o in difflib.SequenceMatcher(None, old, new, False).get_opcodes() if o[0] != "equal"]
    calls: list[Call] = []
    text = before
    shift = 0
    for _, a1, a2, b1, b2 in hunks:
        call = _edit(path, text.splitlines(keepends=True), a1 + shift, a2 + shift, new[b1:b2])
        if call is None:
            return whole
        text = text.replace(call.arguments["old"], call.arguments["new"], 1)
        shift += (b2 - b1) - (a2 - a1)
        if path.endswith(".py") and not parses(text):
            return whole
        calls.append(call)
    return tuple(calls) if text == after else whole


def _edit(path: str, lines: list[str], start: int, end: int, fresh: list[str]) -> Call | None:
    """An edit of lines start:end whose `old` is in the text once, with as little around it as that takes."""
    text = "".join(lines)
    above, below = (0, 0) if end > start else (1, 0)
    while end - start + above + below <= MOST_LINES:
        first, last = max(start - above, 0), min(end + below, len(lines))
        old = "".join(lines[first:last])
        if old.strip() and text.count(old) == 1:
            new = "".join([*lines[first:start], *fresh, *lines[end:last]])
            return Call("edit", {"path": path, "old": old, "new": new})
        above, below = (above + 1, below) if above <= below else (above, below + 1)
    return None


def parses(text: str) -> bool:
    """Whether this is Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True


ALL_TESTS = Call("run_tests", {"target": ""})


def propose(
    work: Workspace,
    edits: tuple[Call, ...],
    say: str,
    test: bool = True,
    tests: Call = ALL_TESTS,
    also: tuple[Call, ...] = (),
) -> None:
    """Make these edits, run the tests and make the calls of `also`, all in one turn.

    Raises Wants, or Stop when the edits were made already.
    """
    if any(work.transcript.asked(call.name, call.arguments) for call in edits):
        refused = refusals(work.transcript)
        reasons = "\n".join(f"- {line}" for line in refused)
        raise Stop(f"The edits were not taken, and repeating them would not help.\n\n{reasons}".rstrip())
    raise Wants((*edits, *((tests,) if test else ()), *also), say, "edit")


def settle(work: Workspace, done: str, note: str = "") -> None:
    """After edits: what landed, what did not, what the tests say. Raises Stop where edits were made; else returns."""
    transcript = work.transcript
    edits = transcript.edits()
    if not edits:
        return
    paths = sorted({p for d in edits for p in d.paths})
    lines = [f"{done}: {', '.join(f'`{p}`' for p in paths)}."]
    refused = refusals(transcript)
    if refused:
        lines.append("Not taken:\n\n" + "\n".join(f"- {line}" for line in refused[:6]))
    ran = [d for d in transcript.done[transcript.done.index(edits[-1]) :] if d.name == "run_tests"]
    if ran:
        result = report(ran[-1].result)
        if result.green:
            lines.append(f"Tests: {result.headline}.")
        elif result.counts:
            known = "Whether these failed before is not known:"
            lines.append(f"Tests: {result.headline}. {known}\n\n{listed(result.failures)}")
        else:
            lines.append(f"The tests were not run: {result.headline}")
    lines.append(note or "Review the proposed change before applying it.")
    raise Stop("\n\n".join(lines), changed=True)
