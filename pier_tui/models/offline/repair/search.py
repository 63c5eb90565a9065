"""The repair of failing tests, as a plan: what fails, what it executes, small changes tried, what passes proposed."""

from __future__ import annotations

import re
from typing import Any

from pier_tui.models.offline.change import calls_for
from pier_tui.models.offline.plan import Call, Stop, Workspace
from pier_tui.models.offline.repair.candidates import Edit, Suspicion, edits, valid
from pier_tui.models.offline.repair.outcome import account, cause, propose_tested, run_of
from pier_tui.models.offline.results import Report, report
from pier_tui.models.offline.transcript import Done

MOST = 1_000
LIKELIEST = 250
"""How many are tried in a first call; the others follow only when none of these helps."""
FILES = 6
TIMEOUT, BUDGET = 3.0, 45.0
"""Seconds of processor time per test, and for all candidates."""
NO_MODEL = (
    "The rules of the offline pair only try single small changes. A model may do better: "
    "`pier-tui --profile sarvam-hosted` or `--profile local`."
)
FEW = 8
"""More failures than these are taken to have one cause."""
MOST_CAUSES = 30
_MENDS = re.compile(r"^candidate (\d+): mends (.+)$", re.MULTILINE)
_PASSED = re.compile(r"^candidate (\d+): pass$", re.MULTILINE)
_TEST = re.compile(r"(^|/)(tests?|testing)/|(^|/)(test_[^/]*|[^/]*_tests?|conftest)\.py$")


def repair(work: Workspace, ran: Report, target: str) -> None:
    """Try small edits of what the failing tests execute. Raises Wants, Stop."""
    if ran.counts is None:
        raise _ended(work, ran, f"The tests could not be run, so nothing was tried: {ran.headline}")
    if ran.green:
        raise Stop(f"The tests pass as they are: {ran.headline}. There is nothing to repair.")
    paths = suspects(ran)
    if not paths:
        raise _ended(
            work, ran, f"The failing tests execute no Python file of this repository that is no test. {NO_MODEL}"
        )
    causes = list(dict.fromkeys(cause(failure.id) for failure in ran.failures))
    if not target and len(ran.failures) > FEW:
        # One change that breaks so much has one cause; its first test file says enough to search by, and sooner.
        target, causes = ran.failures[0].id.partition("::")[0], causes[:1]
    before = sum(len(search.arguments["candidates"]) for search in searches(work))
    every = _ranked(ran, work.texts(paths), len(ran.failures) > 1)
    chosen = every[before:] if before else every[:LIKELIEST]
    if not chosen:
        what = f"None of {before} small changes mends what fails" if before else "There is no small change to try here"
        raise _ended(work, ran, f"{what}. {NO_MODEL}")
    candidates = [{"path": e.path, "start": e.start, "end": e.end, "text": e.text} for e in chosen]
    arguments: dict[str, Any] = {"candidates": candidates, "target": target, "timeout": TIMEOUT, "budget": BUDGET}
    if len(causes) > 1:
        arguments["failing"] = causes[:MOST_CAUSES]
    files = ", ".join(f"`{p}`" for p in paths)
    which = f"the {len(chosen)} likeliest of {len(every)}" if len(chosen) < len(every) else f"{len(chosen)}"
    which = f"{len(chosen)} less likely" if before else which
    work.ask_all(
        (Call("try_edits", arguments),), f"Trying {which} small changes to {files} against the tests.", "run_test"
    )


def _ranked(ran: Report, texts: dict[str, str], several: bool) -> list[Edit]:
    """The edits to try, the likeliest first; `several`: the failures may have different causes."""
    ranked: list[Edit] = []
    for rank, (path, text) in enumerate(texts.items()):
        ends = ran.failures if several else ran.failures[:1]
        last = next((line for f in ends for p, line in reversed(f.frames) if p == path), 0)
        suspicion = Suspicion(ran.failing.get(path, frozenset({last} - {0})), ran.passing.get(path, frozenset()), last)
        ranked += [Edit(e.cost + rank * 0.3, *_rest(e)) for e in edits(path, text, suspicion)]
    ranked.sort(key=lambda e: (e.cost, e.path, e.start, e.text))
    return [edit for edit in ranked[: MOST * 2] if valid(edit, texts[edit.path])][:MOST]


def _ended(work: Workspace, ran: Report, tried: str) -> Stop:
    changed = bool(work.transcript.edits())
    return Stop(account(work.transcript, ran, tried), changed=changed)


def _rest(edit: Edit) -> tuple[str, int, int, str]:
    return edit.path, edit.start, edit.end, edit.text


def _probe(target: str) -> Call:
    return Call("try_edits", {"candidates": [], "target": target})


def known_probe(work: Workspace, target: str) -> Report | None:
    """The tests as they are, each limited by itself, where that was found out since the last edit."""
    call = _probe(target)
    result = work.transcript.result(call.name, call.arguments)
    return report(result) if result is not None else None


def probed(work: Workspace, target: str) -> Report:
    """What fails and which lines that executes, each test limited by itself. Raises Wants."""
    say = "Running the tests one by one with a limit each, with the lines they execute."
    if "try_edits" in work.transcript.tools or known_probe(work, target) is not None:
        return report(work.ask_all((_probe(target),), say, "run_test")[0])
    return report(work.ask_all((run_of(target),), say, "run_test")[0])


def suspects(ran: Report) -> tuple[str, ...]:
    """Files the failing tests execute, tests left out; those a traceback ends in come first.

    Next is the file with most lines only failing tests execute, then the one with most lines they execute at all,
    and so on by turns: code every test goes through has few lines of the first sort.
    """
    ends = [f.frames[-1][0] for f in ran.failures if f.frames]
    only = sorted(ran.failing, key=lambda p: (-len(ran.failing[p] - ran.passing.get(p, frozenset())), p))
    most = sorted(ran.failing, key=lambda p: (-len(ran.failing[p]), p))
    executed = [path for pair in zip(only, most, strict=True) for path in pair if not _TEST.search(path)]
    frames = [path for f in ran.failures for path, _ in reversed(f.frames)]
    ordered = dict.fromkeys([*ends, *executed, *frames])
    return tuple(p for p in ordered if p.endswith(".py") and not _TEST.search(p))[:FILES]


def searches(work: Workspace) -> list[Done]:
    """The searches since the last edit."""
    done, edits = work.transcript.done, work.transcript.edits()
    since = done[done.index(edits[-1]) :] if edits else done
    return [d for d in since if d.name == "try_edits" and d.arguments.get("candidates")]


def propose_found(work: Workspace, ran: Report) -> None:
    """Propose what the last search found; returns where there is more to try. Raises Wants, Stop."""
    found = searches(work)
    if not found:
        return
    tried = found[-1]
    every = tried.arguments["candidates"]
    passed, mends = _PASSED.search(tried.result), _MENDS.search(tried.result)
    if passed is None and mends is None:
        outcomes = [line for line in tried.result.split("\n") if line.startswith(("candidates ", "candidate "))]
        if outcomes and len(found) == 1 and not tried.result.rstrip().endswith("not tried"):
            return
        count = sum(len(search.arguments["candidates"]) for search in found)
        what = "; ".join(outcomes) or tried.result.strip().split("\n")[0][:200]
        raise _ended(work, ran, f"None of {count} small changes mends what fails ({what}). {NO_MODEL}")
    number = int((passed or mends or ("", 0))[1])
    chosen = every[number - 1]
    path, start, end = str(chosen["path"]), int(chosen["start"]), int(chosen["end"])
    before = work.text(path)
    lines = before.split("\n")
    fresh = [chosen["text"]] if chosen["text"] else []
    after = "\n".join([*lines[: start - 1], *fresh, *lines[end:]])
    mended = "the tests pass" if passed else f"{mends[2] if mends else ''} passes and no other test breaks"
    where = f"line {start}" if start == end else f"lines {start}-{end}"
    say = f"With change {number} of {len(every)}, at {where} of `{path}`, {mended}. Proposing it."
    propose_tested(work, calls_for(path, before, after), say, last=passed is not None)
