"""Feedback without a screen: `pier-tui calibrate`, `labels` and `report`, as texts. Nothing is computed here."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from pathlib import Path

from pier_tui.agent.lessons import rescored
from pier_tui.calibration import Threshold, shown
from pier_tui.errors import PierError
from pier_tui.feedback import exchange
from pier_tui.feedback.calibrate import ALPHA, Taught, most_judged, teach, unfitted
from pier_tui.feedback.forecast import changed, forecast, in_words
from pier_tui.feedback.log import FeedbackLog
from pier_tui.feedback.pool import Pool, synced
from pier_tui.feedback.report import Report, report
from pier_tui.feedback.rows import Feedback
from pier_tui.feedback.thresholds import Learned, Thresholds
from pier_tui.session.shelf import FILE as SESSIONS
from pier_tui.session.store import Store
from pier_tui.session.tries import Tries
from pier_tui.ui.foresight import foreseen
from pier_tui.ui.format import NAMES, counted, money, percent, seconds, tokens

LOG = "feedback.db"


@dataclass(frozen=True)
class Place:
    """Where feedback is: the state folder, the shared database if there is one, the threshold before any learning."""

    state: Path
    pool: str = ""
    threshold: float = 0.5


@dataclass(frozen=True)
class Wish:
    """What is wanted of `calibrate`. `log` learns from an export in place of the own log, and then only prints."""

    log: Path | None = None
    alpha: float = ALPHA
    sure: float | None = None
    strategy: str = ""
    dry_run: bool = False


def gathered(place: Place) -> Feedback:
    """The own feedback, the team's included where there is a pool."""
    if place.pool:
        synced(place.pool, place.state / LOG)
    log = FeedbackLog(place.state / LOG)
    try:
        return log.everything()
    finally:
        log.close()


def calibrate(place: Place, wish: Wish) -> tuple[str, bool]:
    """What was learned, as text, and whether anything was; it is put in use unless that was not wanted."""
    feedback = rescored(exchange.read(wish.log) if wish.log else gathered(place))
    kept = Thresholds(place.state)
    strategy, now = wish.strategy or most_judged(feedback), kept.now()
    before = now if now is not None and now.holds_for(strategy) else unfitted(place.threshold)
    made = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    taught = teach(feedback, before, alpha=wish.alpha, strategy=strategy, made=made, sure=wish.sure)
    lines = told(taught, feedback)
    if not taught.refused and taught.after is not None:
        if wish.dry_run:
            lines.append("Nothing was changed: this was a dry run.")
        else:
            kept.put(Learned(common=taught.after, repos=taught.repos))
            lines.append("In use from the next turn on; take it back with: pier-tui calibrate --undo")
    return "\n".join(lines) + "\n", not taught.refused


def undo(place: Place) -> str:
    """Go back to the threshold before the last calibration. Raises PierError where there is none."""
    previous = Thresholds(place.state).undo()
    if previous is None:
        return f"Nothing learned is in use any more; the threshold is {place.threshold:.2f} again.\n"
    return f"The threshold is {shown(previous.tau)} again, from {counted(previous.n, 'judged turn')}.\n"


def told(taught: Taught, feedback: Feedback) -> list[str]:
    """A calibration as sentences."""
    after = taught.after
    lines: list[str] = []
    if after is not None:
        lines += [f"strategy {after.strategy or 'any'}: {counted(taught.n, 'judged turn')}, {_basis(taught)}"]
        lines += in_words(feedback, after, after.strategy)
        lines += [_foreseen("before", feedback, taught.before, after.strategy)]
        lines += [_foreseen("after", feedback, after, after.strategy)]
        if taught.gain is not None:
            value, low, high = taught.gain
            lines.append(f"worth {value:+.3f} a turn [{low:+.3f}, {high:+.3f}], doubly robust; {_snips(taught)}")
        if taught.repos:
            lines.append(f"repositories with a threshold of their own: {', '.join(sorted(taught.repos))}")
    if taught.refused:
        return [*lines, f"The threshold stays at {shown(taught.before.tau)}: {taught.refused}."]
    assert after is not None
    return [*lines, *changed(taught.before, after)]


def _basis(taught: Taught) -> str:
    alpha = taught.after.alpha if taught.after else None
    if taught.basis == "audits":
        return f"threshold from uniform audits: at most {alpha:g} of turns kept wrongly, for all turns"
    return (
        f"threshold from labels: at most {alpha:g} kept wrongly, for turns such as you label; audits would say of all"
    )


def _snips(taught: Taught) -> str:
    old, new = taught.values
    return (
        f"value by SNIPS {old:.3f} before, {new:.3f} after" if old is not None and new is not None else "no SNIPS value"
    )


def _foreseen(when: str, feedback: Feedback, threshold: Threshold, strategy: str) -> str:
    found = forecast(feedback, threshold, strategy)
    return f"{when}: threshold {shown(found.tau)}, {', '.join(foreseen(found))}"


def export_labels(place: Place) -> str:
    """All feedback as JSON lines."""
    return exchange.to_jsonl(gathered(place))


def import_labels(place: Place, file: Path) -> str:
    """Take an export in; what it brought."""
    feedback = exchange.read(file)
    log = FeedbackLog(place.state / LOG)
    try:
        return f"{counted(log.take_in(feedback), 'new entry').replace('entrys', 'entries')} from {file}\n"
    finally:
        log.close()


def sync_labels(place: Place) -> str:
    """Bring the own log and the team's pool to the same. Raises PierError where there is no pool."""
    if not place.pool:
        raise PierError("There is no pool: set feedback_pool in the configuration to an SQLAlchemy URL.")
    sent, taken = synced(place.pool, place.state / LOG)
    return f"{sent} sent to {Pool(place.pool).name}, {taken} taken from it\n"


def list_labels(place: Place) -> str:
    """The labels that stand, a line each, and how many more are needed to learn from."""
    feedback = gathered(place)
    rows = {row.decision: row for row in feedback.decisions}
    lines: list[str] = []
    for press in feedback.standing().values():
        row = rows.get(press.decision)
        on = f"turn {row.turn:>3}  {NAMES[row.tier]}" if row else "turn   ?"
        lines.append(f"{press.decision}  {on}  {press.label}{'  ' + press.note if press.note else ''}")
    return "\n".join([*lines, f"{counted(len(lines), 'label')}, {counted(len(feedback.pairs), 'pair')}"]) + "\n"


def reported(place: Place, path: Path | None, session: str = "") -> Report:
    """The report of a session, of those of the repository a path is in, or of all. Raises PierError: unknown session.

    The repository is found among those that have sessions, so that git need not be asked about a strange folder.
    """
    with Store(place.state / SESSIONS) as store:
        if session:
            ids = [store.find(session).id]
        else:
            here = None if path is None else {str(folder) for folder in (path.resolve(), *path.resolve().parents)}
            ids = [row.id for row in store.sessions() if here is None or row.repo in here]
        events = [store.events(one) for one in ids]
    log = FeedbackLog(place.state / LOG)
    try:
        return report(events, log.everything(), [Tries(session).gone for session in events])
    finally:
        log.close()


def as_text(found: Report) -> str:
    """The report for a terminal."""
    if not found.turns:
        return "No session here has an answered turn, so there is nothing to report; an import is for calibrate.\n"
    lines = [
        f"{counted(found.sessions, 'session')}, {counted(found.turns, 'turn')}, "
        f"{percent(found.escalation)} answered by the 105B",
        "",
        *_money_lines(found),
        "",
        *_tier_lines(found),
        "",
        f"labels: {found.labels['keep']} right call, {found.labels['escalate']} should have been 105B, "
        f"{found.labels['de-escalate']} should have been 30B",
    ]
    if found.warm_ups:
        lines.append(f"prompts read ahead: {found.warm_ups}, {money(found.warm_up_cost)}, in the above")
    if found.audits:
        lines.append(f"audits: {found.audits}, {money(found.audit_cost)} beside the above")
    if any(found.compared_tries.values()):
        lines.append(
            ", ".join(f"kept the {NAMES[t]}'s try of a turn {n} times" for t, n in found.compared_tries.items())
        )
    lines += [f"regret: {counted(len(found.regrets), 'turn')}"]
    lines += [f"  {regret.row.session} turn {regret.row.turn}: {regret.why}" for regret in found.regrets[:20]]
    return "\n".join(lines) + "\n"


def _money_lines(found: Report) -> list[str]:
    more = f" + ? for {counted(found.unpriced, 'call')}" if found.unpriced else ""
    spent = "free (offline models)" if found.offline else f"{money(found.known)}{more}"
    at = f" at {found.compared} prices" if found.compared else ""
    lines = [
        f"as it was   {spent}",
        f"105B only   {money(found.strong_only, estimated=found.strong_only is not None)}{at}",
        f"30B only    {money(found.weak_only, estimated=found.weak_only is not None)}{at}",
    ]
    ratio = f"price ratio r = {found.ratio:.2f}" if found.ratio is not None else "price ratio r unknown"
    if found.same_price:
        weak, strong = (found.tiers[tier].turn_seconds for tier in ("weak", "strong"))
        lines.append(f"Both models cost the same ({ratio}): routing buys time, not money.")
        lines.append(f"A turn took {seconds(weak)} on the 30B and {seconds(strong)} on the 105B (medians).")
    elif found.offline:
        lines.append(f"The offline pair charges nothing and is no 105B, so nothing is called saved ({ratio}).")
    else:
        saved = money(found.saved, estimated=found.saved is not None)
        lines.append(f"saved       {saved} against 105B only, re-reads after switches paid ({ratio})")
    return lines


def _tier_lines(found: Report) -> list[str]:
    lines: list[str] = []
    for tier, name in NAMES.items():
        figures = found.tiers[tier]
        if not figures.calls:
            continue
        mark = figures.estimated
        cached = "?" if figures.cached is None else tokens(figures.cached, estimated=mark)
        cost = "free" if found.offline else money(figures.cost) + (" + ?" if figures.unpriced else "")
        lines.append(
            f"{name:<5} {counted(figures.turns, 'turn')}, {counted(figures.calls, 'call')}; "
            f"{tokens(figures.fresh, estimated=mark)} fresh, {cached} cached, "
            f"{tokens(figures.output, estimated=mark)} out; {cost}; "
            f"a turn {seconds(figures.turn_seconds)}, a call {seconds(figures.call_seconds)} (medians)"
        )
        if figures.switches:
            lines.append(
                f"      {counted(figures.switches, 'switch').replace('switchs', 'switches')} to it re-read "
                f"{tokens(figures.reread, estimated=mark)} tokens{'' if found.offline else ', which are in the cost'}"
            )
    return lines


def as_json(found: Report) -> str:
    """The report for machines: rupees as strings, unknown as null; `estimates` names the figures that are."""
    figures = {
        **found.model_dump(mode="json", exclude={"regrets"}),
        "ratio": None if found.ratio is None else str(round(found.ratio, 4)),
        "saved": None if found.saved is None else str(found.saved),
        "escalation": found.escalation,
        "buys": "time" if found.same_price else "money",
        "estimates": ["weak_only", "strong_only", "saved", "ratio"],
        "regrets": [
            {"decision": r.row.decision, "session": r.row.session, "turn": r.row.turn, "why": r.why}
            for r in found.regrets
        ],
    }
    return json.dumps(figures, ensure_ascii=False) + "\n"
