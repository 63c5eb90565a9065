"""Fixing failing tests: the weak rules mend what a traceback names and make the edits, the strong ones search for them.

A round is: run the tests with the lines they execute; mend what a traceback names; else read what the failing
tests execute and hand over; the strong rules try small changes; the weak ones propose the one that helps and
run the tests again. It ends when nothing wanted fails, or when no change was found.
"""

from __future__ import annotations

import re

from pier_tui.models.offline.intents import Intent, paths_in
from pier_tui.models.offline.plan import Stop, Workspace
from pier_tui.models.offline.repair.outcome import account, change_of, run_of, runs, wanted
from pier_tui.models.offline.repair.search import (
    NO_MODEL,
    known_probe,
    probed,
    propose_found,
    repair,
    searches,
    suspects,
)
from pier_tui.models.offline.repair.tracebacks import mend
from pier_tui.models.offline.results import Report, listed, report

MOST_ROUNDS = 8


def fix(work: Workspace, intent: Intent) -> None:
    """Raises Wants, Harder, Stop."""
    targets = [p for p in paths_in(work.transcript.request) if "test" in p.rsplit("/", 1)[-1]]
    ran = _newest(work, targets)
    failing = wanted(ran.failures, targets)
    changed = bool(work.transcript.edits())
    if ran.green or (ran.failures and not failing):
        if not changed:
            raise Stop(f"The tests pass as they are: {ran.headline}. There is nothing to fix.")
        raise Stop(account(work.transcript, ran), changed=True)
    _stop_going_round(work, ran)
    propose_found(work, ran)
    mend(work, ran)
    target = " ".join(targets)
    probe = None if ran.failing else known_probe(work, target)
    if not work.strong and (probe is None or suspects(probe)):
        _hand_over(work, ran, probe or ran, target)
    repair(work, ran if ran.failing else probed(work, target), target)


def _newest(work: Workspace, targets: list[str]) -> Report:
    """The last test run that no edit has outdated. Raises Wants."""
    done, edits = work.transcript.done, work.transcript.edits()
    since = done[done.index(edits[-1]) :] if edits else done
    found = [d for d in since if d.name == "run_tests"]
    if found:
        return report(found[-1].result)
    call = run_of(targets[0] if len(targets) == 1 and not edits else "")
    return report(work.ask_all((call,), "Running the tests, with the lines they execute.", "run_test")[0])


def _stop_going_round(work: Workspace, ran: Report) -> None:
    """Raises Stop when the last edit changed nothing of what fails, or after too many rounds."""
    every = runs(work.transcript)
    edits = work.transcript.edits()
    if not edits or len(every) < 2:
        return
    same = {(f.id, f.message) for f in every[-2].failures} == {(f.id, f.message) for f in ran.failures}
    if same or len(edits) > MOST_ROUNDS:
        raise Stop(account(work.transcript, ran, "The last change did not help. " + NO_MODEL), changed=True)


def _hand_over(work: Workspace, ran: Report, lines: Report, target: str) -> None:
    """Read what the failing tests execute (`lines` tells), then hand over. Raises Wants, Harder."""
    done = [change for edit in work.transcript.edits() for change in change_of(edit)]
    so_far = account(work.transcript, ran) if done else ""
    paths = suspects(lines)
    failing = wanted(ran.failures or lines.failures, target.split())
    if not failing:
        reason = f"the tests did not end in time: {ran.headline}"
    else:
        more = f", and of {len(failing) - 1} more" if len(failing) > 1 else ""
        test = failing[0].id if failing[0].id.endswith(".py") else re.split(r"::|\.", failing[0].id)[-1]
        reason = f"no traceback names the cause of {test} ({failing[0].message[:80]}){more}"
    if lines is not ran:
        reason = f"the lines the failing tests execute are known now: small changes of {', '.join(paths)} can be tried"
    if tried := sum(len(search.arguments["candidates"]) for search in searches(work)):
        reason = f"none of the {tried} likeliest changes helps; less likely ones are left"
    if paths and failing:
        first = failing[0]
        names = ", ".join(f"`{path}`" for path in paths)
        work.why = f"`{first.id}` fails: {first.message}. No traceback names the cause; it executes {names}."
        work.texts(paths)
    work.harder(
        reason,
        "Goal: make the failing tests pass by a small change of the code under test.\n"
        f"Tests: {ran.headline}\n{listed(ran.failures)}\n"
        f"They execute: {', '.join(paths) or 'not known'}\n"
        f"Done so far: {'; '.join(done) or 'nothing changed'}; {tried} small changes tried",
        so_far,
    )
