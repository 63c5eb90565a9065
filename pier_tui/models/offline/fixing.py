"""Fixing failing tests: what a traceback names is mended by the weak rules, the rest is searched by the strong ones."""

from __future__ import annotations

from pier_tui.models.offline.change import settle
from pier_tui.models.offline.intents import Intent, paths_in
from pier_tui.models.offline.plan import Call, Stop, Workspace
from pier_tui.models.offline.repair.search import REVIEW, repair
from pier_tui.models.offline.repair.tracebacks import mend
from pier_tui.models.offline.results import Report, listed, report


def fix(work: Workspace, intent: Intent) -> None:
    """Raises Wants, Harder, Stop."""
    transcript = work.transcript
    settle(work, "Changed", REVIEW)
    tests = [p for p in paths_in(transcript.request) if "test" in p.rsplit("/", 1)[-1]]
    target = " ".join(tests)
    if work.strong:
        _weak_part(work, target, ask=False)
        repair(work, target)
        return
    ran = _weak_part(work, target, ask=True)
    assert ran is not None
    work.harder(
        "the traceback does not name the cause",
        f"Goal: make the failing tests pass by a small change of the code under test.\nTests: {ran.headline}\n"
        f"{listed(ran.failures)}\nTried: nothing; no NameError, import or syntax error that names its own remedy.",
    )


def _weak_part(work: Workspace, target: str, ask: bool) -> Report | None:
    """Run the tests and mend what a traceback names. Raises Wants, Stop."""
    first = target.split(maxsplit=1)[0] if len(target.split()) == 1 else ""
    call = Call("run_tests", {"target": first})
    known = work.transcript.result(call.name, call.arguments)
    if known is None and not ask:
        return None
    ran = report(work.ask_all((call,), "", "run_test")[0])
    if ran.green:
        raise Stop(f"The tests pass as they are: {ran.headline}. There is nothing to fix.")
    mend(work, ran)
    return ran
