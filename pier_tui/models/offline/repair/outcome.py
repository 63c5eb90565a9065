"""What the tests say while they are being repaired, and the account given at the end."""

from __future__ import annotations

import re

from pier_tui.models.offline.change import propose
from pier_tui.models.offline.plan import Call, Workspace, refusals
from pier_tui.models.offline.results import Failed, Report, listed, report
from pier_tui.models.offline.transcript import Done, Transcript

SECONDS = 60.0
"""A test run that takes longer is taken for one that never ends; the strong rules then limit each test by itself."""
REVIEW = "It passes the given tests; please review it. Passing tests do not show that the change is right."


def run_of(target: str) -> Call:
    """The test run of a repair: with the lines the tests execute, and with a limit."""
    return Call("run_tests", {"target": target, "trace": True, "timeout": SECONDS})


def propose_tested(work: Workspace, edits: tuple[Call, ...], say: str, last: bool = False) -> None:
    """Make these edits and run all tests. Raises Wants, Stop.

    `last`: nothing should fail afterwards, so the run is not traced, which makes slow tests slower.
    """
    plain = Call("run_tests", {"target": "", "timeout": SECONDS})
    propose(work, edits, say, tests=plain if last else run_of(""))


def runs(transcript: Transcript) -> list[Report]:
    """Every test run of this request, in order."""
    return [report(d.result) for d in transcript.done if d.name == "run_tests"]


def cause(test: str) -> str:
    """A test without what tells its cases apart: cases of one test are taken to fail for one reason."""
    return re.split(r"\[| \(", test)[0]


def wanted(failures: tuple[Failed, ...], targets: list[str]) -> tuple[Failed, ...]:
    """The failures of the files and tests a request names; all of them where it names none."""
    dotted = [t.replace("::", ".").replace(".py", "").replace("/", ".") for t in targets]
    names = (*targets, *dotted)
    return tuple(f for f in failures if not names or any(f.id == n or f.id.startswith(n) for n in names))


def account(transcript: Transcript, ran: Report, tried: str = "") -> str:
    """What passes now, what does not, which changes were made; `tried` says what was searched in vain."""
    first = (runs(transcript) or [ran])[0]
    failing = {f.id for f in ran.failures}
    mended = [f.id for f in first.failures if f.id not in failing]
    broken = tuple(f for f in ran.failures if f.id not in {g.id for g in first.failures})
    left = tuple(f for f in ran.failures if f not in broken)
    passed = ran.counts[0] if ran.counts else 0
    whole = "The one test passes now." if passed == 1 else f"All {passed} tests pass now."
    head = whole if ran.green else f"Tests: {ran.headline}."
    parts = [head]
    if mended:
        parts.append(_list("These failed and pass now:", [f"`{test}`" for test in mended]))
    if left:
        parts.append(f"Still failing:\n\n{listed(left)}")
    if broken:
        parts.append(f"Failing now and not at first:\n\n{listed(broken)}")
    if changes := [change for done in transcript.edits() for change in change_of(done)]:
        parts.append(_list("Proposed changes:", changes))
    if refused := refusals(transcript):
        parts.append(_list("Not taken:", refused[:6]))
    if tried:
        parts.append(tried)
    if transcript.edits():
        parts.append(REVIEW if ran.green else "Please review what is proposed before applying it.")
    return "\n\n".join(parts)


def change_of(done: Done) -> list[str]:
    """An edit in one line: the file, and the lines it replaces by which."""
    path = done.arguments.get("path", "")
    if done.name != "edit":
        return [f"`{path}`: {done.result.splitlines()[0]}"]
    old, new = str(done.arguments["old"]).split("\n"), str(done.arguments["new"]).split("\n")
    while old and new and old[0] == new[0]:
        old, new = old[1:], new[1:]
    while old and new and old[-1] == new[-1]:
        old, new = old[:-1], new[:-1]
    if len(old) == len(new) == 1:
        return [f"`{path}`: `{old[0].strip()}` becomes `{new[0].strip()}`"]
    if len(new) == 1 and not old:
        return [f"`{path}`: `{new[0].strip()}` is added"]
    return [f"`{path}`: {len(old)} lines become {len(new)}, from `{(new or old or [''])[0].strip()}` on"]


def _list(title: str, items: list[str]) -> str:
    return "\n".join([title, "", *(f"- {item}" for item in items)])
