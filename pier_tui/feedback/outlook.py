"""Everything the Router screen says of learning, worked out at once so that it can be done in a thread. Pure."""

from __future__ import annotations

from pydantic import Field

from pier_tui.calibration import Threshold
from pier_tui.feedback.calibrate import LEAST, unfitted
from pier_tui.feedback.examples import Regret, examples, regrets, unjudged
from pier_tui.feedback.forecast import Forecast, changed, forecast, forecasts, in_words
from pier_tui.feedback.rows import Feedback, Frozen, Label, Pair

STEPS = 100


class Outlook(Frozen):
    """How things stand for one strategy."""

    now: Threshold
    learned: bool = False
    """Whether `now` was learned; else it is the setting."""
    forecasts: tuple[Forecast, ...] = ()
    """For each hundredth from 0 to 1; for that of `now` what `now` itself means."""
    judged: int = 0
    """Turns with a score and a verdict."""
    needed: int = LEAST
    words: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    regrets: tuple[Regret, ...] = ()
    labels: dict[Label, int] = Field(default_factory=dict)
    audits: int = 0
    open: tuple[Pair, ...] = ()
    """Audits that wait for a label."""

    def at(self, tau: float) -> Forecast | None:
        """What this threshold, to the hundredth, would mean; None without logged turns."""
        step = round(tau * STEPS)
        return self.forecasts[step] if step < len(self.forecasts) else None


def outlook(
    feedback: Feedback, now: Threshold | None, before: Threshold | None, *, setting: float, strategy: str, session: str
) -> Outlook:
    """The outlook; of the regrets those of the session come first."""
    used = now or unfitted(setting)
    foreseen = forecasts(feedback, used, strategy, STEPS)
    foreseen[round(used.tau * STEPS)] = forecast(feedback, used, strategy)
    found = examples(feedback, strategy)
    standing = [press.label for press in feedback.standing().values()]
    return Outlook(
        now=used,
        learned=now is not None,
        forecasts=tuple(foreseen),
        judged=len(found),
        words=tuple(in_words(feedback, used, strategy)),
        changes=tuple(changed(before or unfitted(setting), now)) if now is not None else (),
        regrets=tuple(sorted(regrets(feedback), key=lambda regret: regret.row.session != session)),
        labels={name: standing.count(name) for name in ("escalate", "de-escalate", "keep")},
        open=tuple(unjudged(feedback)),
        audits=sum(pair.source == "audit" for pair in feedback.pairs),
    )
