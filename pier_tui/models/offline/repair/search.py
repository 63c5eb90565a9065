"""The repair of failing tests, as a plan: what fails, what it executes, small changes tried, what passes proposed."""

from __future__ import annotations

import re

from pier_tui.models.offline.change import calls_for, propose
from pier_tui.models.offline.plan import Call, Stop, Workspace
from pier_tui.models.offline.repair.candidates import Edit, Suspicion, edits, valid
from pier_tui.models.offline.results import Report, listed, report
from pier_tui.models.offline.transcript import Done

MOST = 1_000
FILES = 4
TIMEOUT, BUDGET = 3.0, 45.0
"""Seconds of processor time per test, and for all candidates."""
REVIEW = "It passes the given tests; please review it. Passing tests do not show that the change is right."
NO_MODEL = (
    "The rules of the offline pair only try single small changes. A model may do better: "
    "`pier-tui --profile sarvam-hosted` or `--profile local`."
)
_PASSED = re.compile(r"^candidate (\d+): pass$", re.MULTILINE)
_TEST = re.compile(r"(^|/)(tests?|testing)/|(^|/)(test_[^/]*|[^/]*_tests?|conftest)\.py$")


def repair(work: Workspace, target: str) -> None:
    """Find one small edit that makes the tests pass. Raises Wants, Stop."""
    tried = [d for d in work.transcript.done if d.name == "try_edits" and d.arguments.get("candidates")]
    if tried:
        _after(work, tried[-1], target)
    ran = _probe(work, target)
    if ran.counts is None:
        raise Stop(f"The tests could not be run, so nothing was tried: {ran.headline}")
    if ran.green:
        raise Stop(f"The tests pass as they are: {ran.headline}. There is nothing to repair.")
    paths = _suspects(ran)
    if not paths:
        raise Stop(f"Tests: {ran.headline}, but the failing tests execute no Python file of this repository that is no "
                   f"test.\n{listed(ran.failures)}\n{NO_MODEL}")  # fmt: skip
    texts = work.texts(paths)
    ranked: list[Edit] = []
    for rank, path in enumerate(paths):
        last = next((line for f in ran.failures[:1] for p, line in reversed(f.frames) if p == path), 0)
        suspicion = Suspicion(ran.failing.get(path, frozenset({last} - {0})), ran.passing.get(path, frozenset()), last)
        ranked += [Edit(e.cost + rank * 0.3, *_rest(e)) for e in edits(path, texts[path], suspicion)]
    ranked.sort(key=lambda e: (e.cost, e.path, e.start, e.text))
    chosen = [edit for edit in ranked[: MOST * 2] if valid(edit, texts[edit.path])][:MOST]
    if not chosen:
        raise Stop(f"Tests: {ran.headline}.\n{listed(ran.failures)}\nThere is no small change to try here. {NO_MODEL}")
    candidates = [{"path": e.path, "start": e.start, "end": e.end, "text": e.text} for e in chosen]
    arguments = {"candidates": candidates, "target": target, "timeout": TIMEOUT, "budget": BUDGET}
    say = (
        f"{ran.headline}. {len(chosen)} small changes to {', '.join(f'`{p}`' for p in paths)} to try, likeliest first."
    )
    work.ask_all((Call("try_edits", arguments),), say, "run_test")


def _rest(edit: Edit) -> tuple[str, int, int, str]:
    return edit.path, edit.start, edit.end, edit.text


def _probe(work: Workspace, target: str) -> Report:
    """What fails and which lines that executes."""
    if "try_edits" in work.transcript.tools:
        ran = report(work.ask_all((Call("try_edits", {"candidates": [], "target": target}),), "", "run_test")[0])
        if ran.counts is not None:
            return ran
    return report(work.ask_all((Call("run_tests", {"target": target, "trace": True}),), "", "run_test")[0])


def _suspects(ran: Report) -> tuple[str, ...]:
    """Files the failing tests execute, tests left out; those a traceback ends in come first."""
    ends = [f.frames[-1][0] for f in ran.failures if f.frames]
    executed = sorted(ran.failing, key=lambda p: (-len(ran.failing[p] - ran.passing.get(p, frozenset())), p))
    frames = [path for f in ran.failures for path, _ in reversed(f.frames)]
    ordered = dict.fromkeys([*(p for p in ends if p in ran.failing), *executed, *frames])
    return tuple(p for p in ordered if p.endswith(".py") and not _TEST.search(p))[:FILES]


def _after(work: Workspace, tried: Done, target: str) -> None:
    """Propose the candidate that passed, or say that none did. Raises Wants, Stop."""
    passed = _PASSED.search(tried.result)
    every = tried.arguments["candidates"]
    if passed is None:
        ran = report(tried.result)
        outcome = "\n".join(f"- {line}" for line in tried.result.split("\n") if line.startswith("candidates "))
        if not outcome:
            raise Stop(f"No change could be tried: {ran.headline}")
        raise Stop(
            f"None of {len(every)} small changes passes the tests.\n{outcome}\n{listed(ran.failures)}\n{NO_MODEL}"
        )
    number = int(passed[1])
    chosen = every[number - 1]
    path = str(chosen["path"])
    before = work.text(path)
    lines = before.split("\n")
    fresh = [chosen["text"]] if chosen["text"] else []
    after = "\n".join([*lines[: chosen["start"] - 1], *fresh, *lines[chosen["end"] :]])
    calls = calls_for(path, before, after)
    say = f"Change {number} of {len(every)} passes: lines {chosen['start']}-{chosen['end']} of `{path}`."
    propose(work, calls, say)
