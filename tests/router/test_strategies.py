"""The seven strategies and the baselines, run dry: what each asks for, what it keeps and why."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from dry import HANDED_OVER, READ, dry, reply, routed, shape, turn

from pier_tui.calibration import Platt
from pier_tui.errors import ConfigError
from pier_tui.models.messages import Reply
from pier_tui.router.catalogue import Taught, listed, make
from pier_tui.router.meta_verifier import VerdictTable
from pier_tui.router.names import NAMES
from pier_tui.router.strategies.cascade import Cascade
from pier_tui.router.strategies.learned import difficulty, learned
from pier_tui.router.strategies.mixture import Mixture, told
from pier_tui.router.strategies.self_route import SelfRoute
from pier_tui.router.strategies.self_verify import SelfVerify, question, verdict
from pier_tui.router.strategies.single import Random
from pier_tui.router.strategies.speculative import Speculative
from pier_tui.router.strategy import Answer, Call, TurnState

MANUAL = Path(__file__).parents[2] / "docs" / "routing.md"
ACT_WEAK, ACT_STRONG = ("weak", "act"), ("strong", "act")
DONE = reply(text="Done.")


class Fixed:
    """A score that is what it was told to be."""

    def __init__(self, value: float) -> None:
        self.value = value

    def __call__(self, state: TurnState, draft: Answer | None) -> float:
        return self.value


def says(weak: Reply, strong: Reply = DONE, verify: str = "") -> object:
    def say(call: Call) -> Reply:
        if call.purpose == "verify":
            return reply(text=verify)
        return weak if call.tier == "weak" else strong

    return say


def test_a_calibrated_confidence_meets_the_threshold_not_the_stated_one() -> None:
    parrot = routed("edit", 0.9, READ)
    batches, kept = dry(SelfRoute(), turn(), says(parrot))
    assert (shape(batches), kept.call.tier) == ([[ACT_WEAK]], "weak")
    calibrated = turn(calibrator=Platt(slope=4.0, offset=-4.0))
    batches, kept = dry(SelfRoute(), calibrated, says(parrot))
    assert (shape(batches), kept.call.tier) == ([[ACT_WEAK], [ACT_STRONG]], "strong")
    assert batches[1][0].judgement is not None
    assert batches[1][0].judgement.confidence == pytest.approx(0.4013)
    assert batches[1][0].judgement.score == pytest.approx(0.9)


def test_token_probabilities_lower_a_stated_confidence() -> None:
    unsure = routed("edit", 0.9, READ).model_copy(update={"logprob": -1.2})
    batches, kept = dry(SelfRoute(), turn(), says(unsure))
    assert kept.call.tier == "strong"
    assert batches[1][0].judgement is not None
    assert batches[1][0].judgement.score == pytest.approx(0.3012)


@pytest.mark.parametrize("name", ["self-route", "cascade", "self-verify"])
def test_a_hand_over_is_obeyed_once_with_what_it_says_whatever_the_scores(name: str) -> None:
    batches, kept = dry(make(name, Taught(draft=Fixed(1.0))), turn(epsilon=0.5, draw=0.0), says(HANDED_OVER))
    assert shape(batches) == [[ACT_WEAK], [ACT_STRONG]]
    assert (batches[1][0].handoff, batches[1][0].reason, kept.call.tier) == ("do it", "hard", "strong")


def test_cascade_never_listens_to_the_stated_confidence() -> None:
    for stated in (0.1, 0.9):
        _, kept = dry(Cascade(), turn(), says(routed("inspect", stated, READ)))
        assert kept.judgement is not None
        assert (kept.call.tier, kept.judgement.score) == ("weak", 0.75)


@pytest.mark.parametrize(("score", "tier"), [(0.49, "strong"), (0.5, "weak"), (0.51, "weak")])
def test_cascade_escalates_strictly_below_the_threshold(score: float, tier: str) -> None:
    _, kept = dry(Cascade(Fixed(score)), turn(threshold=0.5), says(routed("inspect", 0.9, READ)))
    assert kept.call.tier == tier


def test_cascade_escalates_a_draft_that_would_be_refused() -> None:
    truncated = Reply(text="I will", finish_reason="length")
    batches, _ = dry(Cascade(), turn(), says(truncated))
    assert batches[1][0].reason == "the answer was cut off"


@pytest.mark.parametrize("make_one", [learned, difficulty])
def test_foreseen_strategies_make_one_call_and_self_route_until_there_are_labels(make_one: object) -> None:
    strategy = make_one(None, 12)  # type: ignore[operator]
    _, kept = dry(strategy, turn(), says(routed("inspect", 0.9, READ)))
    assert kept.judgement is not None
    assert kept.judgement.reason == "not enough labels: 12 of 30, so self-routed"
    for score, tier in ((0.2, "strong"), (0.8, "weak")):
        batches, kept = dry(make_one(Fixed(score), 40), turn(), says(routed("inspect", 0.9, READ)))  # type: ignore[operator]
        assert (shape(batches), kept.call.tier) == ([[(tier, "act")]], tier)


def test_a_foreseen_weak_turn_that_is_handed_over_hops_once() -> None:
    batches, kept = dry(learned(Fixed(0.9), 40), turn(), says(HANDED_OVER))
    assert (shape(batches), kept.call.tier) == ([[ACT_WEAK], [ACT_STRONG]], "strong")


def test_self_verify_asks_all_verdicts_in_one_prompt_without_tools() -> None:
    batches, kept = dry(SelfVerify(), turn(), says(routed("inspect", 0.9, READ), verify="1: yes\n2: yes\n3: no"))
    assert (shape(batches), kept.call.tier) == ([[ACT_WEAK], [("weak", "verify")]], "weak")
    asked = batches[1][0]
    assert not asked.tools
    assert 'read {"path": "app.py"}' in asked.question
    assert "route" not in asked.question.split("<draft>")[1].split("</draft>")[0]
    assert kept.judgement is not None
    assert kept.judgement.reason == "2 of 3 verdicts in favour"


def test_self_verify_escalates_on_doubt_and_asks_nothing_about_a_broken_draft() -> None:
    doubtful = "1: no\n2: no\n3: yes"
    batches, _ = dry(SelfVerify(), turn(), says(routed("inspect", 0.9, READ), verify=doubtful))
    assert shape(batches) == [[ACT_WEAK], [("weak", "verify")], [ACT_STRONG]]
    batches, _ = dry(SelfVerify(), turn(), says(routed("edit", 0.9, ("fly", {}))))
    assert shape(batches) == [[ACT_WEAK], [ACT_STRONG]]


def test_a_verdict_table_reads_the_share_of_verdicts_and_the_threshold_decides() -> None:
    # Of three verdicts, P(needy) by how many are in favour: .9, .1, .9, .1.
    table = VerdictTable(counts=((1, 9, 0), (9, 1, 0), (0, 9, 1), (4, 1, 5)), smoothing=0)
    asked = (("no", "no", "no"), ("yes", "no", "no"), ("yes", "yes", "no"), ("yes", "yes", "yes"))
    for words, tier, score in zip(asked, ("strong", "weak", "strong", "weak"), (0.1, 0.9, 0.1, 0.9), strict=True):
        verdicts = "\n".join(f"{at}: {word}" for at, word in enumerate(words, start=1))
        batches, kept = dry(SelfVerify(table), turn(), says(routed("inspect", 0.9, READ), verify=verdicts))
        judgement = kept.judgement or batches[-1][0].judgement
        assert judgement is not None
        assert (kept.call.tier, judgement.score) == (tier, pytest.approx(score))
        assert judgement.features["verdicts"] == pytest.approx(words.count("yes") / 3, abs=1e-3)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("1: yes\n2: no\n3: yes", 2 / 3),
        ("1. Yes, it does.\n2) NO\n", 1 / 2),
        ("1: is correct\n2: is incorrect", 1 / 2),
        ("**1**: yes", 1.0),
        ("1: yes\n1: no\n1: no", 1.0),
        ("7: yes", None),
        ("All is well.", None),
        ("", None),
    ],
)
def test_verdicts_are_read_line_by_line_and_each_counts_once(text: str, share: float | None) -> None:
    assert verdict(text) == (share if share is None else pytest.approx(share))


def test_a_long_draft_is_cut_in_the_question() -> None:
    assert len(question(reply(text="x" * 50_000))) < 5_000


def test_self_verify_without_a_verdict_falls_back_to_the_stated_confidence_and_says_so() -> None:
    _, kept = dry(SelfVerify(), turn(), says(routed("inspect", 0.9, READ), verify="cannot verify: rules"))
    assert kept.judgement is not None
    assert (kept.call.tier, kept.judgement.reason) == ("weak", "it says it cannot verify")


def test_mixture_drafts_plans_side_by_side_and_runs_only_the_aggregators_calls() -> None:
    def say(call: Call) -> Reply:
        if call.purpose == "draft":
            return reply(READ, text=f"Plan from {call.reason}")
        return reply(("run_tests", {}))

    batches, kept = dry(Mixture(proposers=3), turn(), say)
    assert shape(batches) == [[("weak", "draft")] * 3, [("strong", "aggregate")]]
    assert len({call.question for call in batches[0]}) == 3
    assert not any(call.tools for call in batches[0])
    assert [c.name for c in kept.reply.tool_calls] == ["run_tests"]
    assert batches[1][0].handoff.count("Plan from") == 3


def test_mixture_tells_equal_plans_once_and_goes_on_without_any() -> None:
    drafts = tuple(Answer(call=Call(tier="weak"), reply=reply(text=t)) for t in ("same", "same", ""))
    assert told(drafts) == ["Plan 1:\nsame"]
    batches, _ = dry(Mixture(), turn(), says(reply(), DONE))
    assert batches[1][0].handoff == ""


@pytest.mark.parametrize(
    ("weak", "strong", "tier"),
    [
        (reply(READ), reply(READ), "weak"),
        (reply(READ, text="I look."), reply(READ, text="Reading."), "weak"),
        (routed("inspect", 0.1, READ), reply(READ), "weak"),
        (reply(("read", {"file_path": "app.py"})), reply(READ), "weak"),
        (reply(("read", {"path": "other.py"})), reply(READ), "strong"),
        (reply(READ, READ), reply(READ), "strong"),
        (reply(text="Done."), reply(text="Done."), "strong"),
        (reply(("fly", {})), reply(("fly", {})), "strong"),
        (HANDED_OVER, reply(READ), "strong"),
    ],
)
def test_a_draft_is_accepted_only_where_both_would_do_the_same(weak: Reply, strong: Reply, tier: str) -> None:
    batches, kept = dry(Speculative(), turn(), says(weak, strong))
    assert (shape(batches), kept.call.tier) == ([[ACT_WEAK, ACT_STRONG]], tier)


def test_random_takes_the_lot_and_logs_its_chance() -> None:
    for draw, tier, chance in ((0.29, "strong", 0.3), (0.3, "weak", 0.7)):
        batches, kept = dry(Random(0.3), turn(draw=draw), says(DONE))
        assert (batches[0][0].tier, batches[0][0].propensity) == (tier, pytest.approx(chance))
        assert kept.call.tier == tier


def test_baselines_pay_no_heed_to_signals_and_routed_strategies_do() -> None:
    failing = turn(signals=turn().signals.failed("t").failed("t"))
    for name in NAMES:
        batches, _ = dry(make(name), failing, says(routed("inspect", 0.9, READ), verify="1: yes"))
        settled = name in ("self-route", "cascade", "learned", "difficulty", "self-verify")
        assert (batches[0][0].route == "signal") == settled, name


def test_every_strategy_says_in_one_line_what_it_costs_and_when_not_to_use_it() -> None:
    assert [name for name, _ in listed()] == list(NAMES)
    for name, about in listed():
        assert "\n" not in about
        assert any(word in about for word in ("call", "paid")), name
        assert any(word in about for word in ("not ", "only to compare")), name
        assert make(name).name == name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("casade", "did you mean cascade"),
        ("fly", "the strategies are self-route"),
        ("random@2", "from 0 to 1"),
        ("random@often", "from 0 to 1"),
        ("learned/magic", "its variants are neighbours"),
        ("cascade/magic", "There is no strategy"),
    ],
)
def test_an_unknown_strategy_is_one_sentence_with_what_there_is(name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        make(name)


ROWS = re.findall(r"^\| `([^`]+)`[^|]*\| ([^|]+) \|", MANUAL.read_text().split("**Before any")[0], re.MULTILINE)


def costs_of(name: str, e: int) -> dict[str, float]:
    """What the manual says a turn costs, in weak and strong calls, where it escalates (e = 1) or not."""
    told = dict(ROWS)[name].split(",")[0].replace("−", "-").replace("·", "*").replace("2w", "2*w")
    signs = {"e": e, "n": 2, "p": e}
    return {tier: eval(told, {**signs, "w": tier == "weak", "s": tier == "strong"}) for tier in ("weak", "strong")}


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith(("always", "random"))])
@pytest.mark.parametrize("escalates", [0, 1])
def test_a_turn_costs_the_calls_the_manual_says(name: str, escalates: int) -> None:
    score = Fixed(0.1 if escalates else 0.9)
    made = {"learned": learned(score, 40), "difficulty": difficulty(score, 40), "cascade": Cascade(score)}.get(name)
    stated = 0.1 if escalates else 0.9
    votes = "1: no\n2: no\n3: no" if escalates else "1: yes\n2: yes\n3: yes"
    batches, kept = dry(made or make(name), turn(), says(routed("inspect", stated, READ), verify=votes))
    tiers = [call.tier for batch in batches for call in batch]
    assert {tier: tiers.count(tier) for tier in ("weak", "strong")} == costs_of(name, escalates)  # type: ignore[arg-type]
    if name in ("self-route", "cascade", "learned", "difficulty", "self-verify"):
        assert kept.call.tier == ("strong" if escalates else "weak")
