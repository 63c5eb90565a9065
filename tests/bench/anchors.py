"""Published and earlier figures beside ours, on the same rows. Bring the files; none of them is part of the project.

    python tests/bench/anchors.py --mmlu FILE --gsm8k FILE --automix FILE --frugalgpt FILE

mmlu, gsm8k: outcomes of two models as `pier-tui replay` reads them (RouteLLM's evaluation rows, Apache-2.0).
automix: that repository's results of several seeds, with keys perfs, costs, avg_lift, max_lift, min_lift
(Apache-2.0). frugalgpt: its published summaries, with columns Test_acc, Test_cost, Method, file (Apache-2.0).
"""

from __future__ import annotations

import argparse
import csv
import json
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from pier_tui.bench.measures import ibc_lift
from pier_tui.bench.outcome_files import rows_of
from pier_tui.bench.outcomes import Outcomes, outcomes
from pier_tui.bench.replay import Result, Wanted, replay

MMLU = {"random": 0.5, "learned-knn": 0.675, "learned-sw": 0.642, "learned-sw10": 0.642, "learned-lr": 0.601,
        "learned-mf": 0.587, "domain-mean": 0.674, "prompt-length": 0.586, "oracle (single-run)": 1.285}  # fmt: skip
GSM8K = {"random": 0.5, "learned-knn": 0.610, "learned-sw": 0.616, "learned-sw10": 0.616, "learned-lr": 0.604,
         "learned-mf": 0.600, "prompt-length": 0.598, "self-verify": 0.758, "oracle (single-run)": 1.121}  # fmt: skip
# At 30% and 60% escalated: quality on GSM8K, whatever the weak model costs.
GSM8K_QUALITY = {"learned-mf": (0.735, 0.792), "difficulty-det": (0.733, 0.789), "cascade": (0.783, 0.828),
                 "self-verify": (0.793, 0.823)}  # fmt: skip
# Of `cascade` at 50, 70 and 100% of the strong model's cost, beside the strong model alone on the same rows. Billed by
# token the weak model cost about 4% of the strong one there, so these are replayed at that ratio.
GSM8K_BUDGETS, GSM8K_STRONG, GSM8K_RATIO = {0.5: 0.818, 0.7: 0.841, 1.0: 0.861}, 0.858, 0.04
GSM8K_SEEDS = range(8)
AUTOMIX = {"coqa": (43.68, 43.16, 55.45), "cnli": (88.72, -3.55, -16.96), "narrative_qa": (6.44, 12.15, 9.20),
           "quality": (-11.84, -4.35, -6.97), "qasper": (6.93, 3.67, 2.30)}  # fmt: skip
WEAK_COST, STRONG_COST = 1.0, 50.0


def orders(path: Path, expected: dict[str, float], ratio: float) -> Iterator[str]:
    rows = outcomes(rows_of(path))
    results = {r.name: r for r in replay(rows, Wanted(ratio=ratio, shares=(0.3, 0.6))).results}
    yield f"{'APGR':<22}{'ours':>8}  {'95%':<16}{'earlier':>8}"
    for name, published in expected.items():
        figure = results[name].apgr if name in results else None
        if figure and figure.value is not None:
            yield f"{name:<22}{figure.value:8.3f}  [{figure.low:.3f}, {figure.high:.3f}]  {published:8.3f}"
    if "cascade" in results:
        yield from quality_rows(results)
        yield from budget_rows(rows)


def quality_rows(results: dict[str, Result]) -> Iterator[str]:
    yield f"{'quality at 30 / 60%':<22}{'ours':>15}{'earlier':>17}"
    for name, published in GSM8K_QUALITY.items():
        ours = [s.figures["quality"].value or 0 for s in results[name].settings if s.rule == "share"]
        yield f"{name:<22}   {ours[0]:.3f} / {ours[1]:.3f}   {published[0]:.3f} / {published[1]:.3f}"
    spent = results["speculative"].settings[0].figures["cost"].value or 0
    yield f"{'speculative':<22}   cost {spent:.1%} (120.5%); {results['speculative'].about}"


def budget_rows(rows: Outcomes) -> Iterator[str]:
    """Against the strong model's accuracy on the rows replayed, which are not all the earlier ones: means of seeds."""
    found = [
        replay(rows, Wanted(("cascade",), ratio=GSM8K_RATIO, budgets=tuple(GSM8K_BUDGETS), seed=seed, bootstrap=0))
        for seed in GSM8K_SEEDS
    ]
    strong = found[0].strong.value or 0
    yield f"cascade within a budget, weak at {GSM8K_RATIO:.0%}; strong alone {strong:.3f} ({GSM8K_STRONG:.3f})"
    settings = [s for f in found for r in f.results if r.name == "cascade" for s in r.settings if s.rule == "budget"]
    for budget, earlier in GSM8K_BUDGETS.items():
        got = [s.figures["quality"].value or 0 for s in settings if s.wanted == budget]
        mean = float(np.mean(got))
        ours = f"{mean:.3f} ({min(got):.3f} to {max(got):.3f}), {mean - strong:+.3f}"
        yield f"  {budget:<18.0%}   {ours}   {earlier:.3f}, {earlier - GSM8K_STRONG:+.3f}"


def automix(path: Path) -> Iterator[str]:
    """Lifts from every seed's (quality, cost).

    The qualities of both models alone are not in the file. The mean lift is linear in the weak model's quality over
    the slope and in one over the slope, so two unknowns follow from three rows; the third row, and the best and
    worst seed of every method, then test them.
    """
    kept = json.loads(path.read_text(encoding="utf-8"))
    yield f"{'IBC lift, %':<14}{'POMDP':>20}{'threshold':>20}{'self-consistency':>20}   ours / published; extremes"
    for name, published in AUTOMIX.items():
        methods = list(kept["perfs"][name])
        quality = np.array([kept["perfs"][name][m] for m in methods])
        beyond = np.array([kept["costs"][name][m] for m in methods]) - WEAK_COST
        lifts = np.array([kept["avg_lift"][name][m] for m in methods])
        rows = np.column_stack([(quality / beyond).mean(axis=1), -(1 / beyond).mean(axis=1)])
        (one_over_slope, weak_over_slope), *_ = np.linalg.lstsq(rows, 1 + lifts, rcond=None)
        weak = weak_over_slope / one_over_slope
        ends = (weak, WEAK_COST), (weak + (STRONG_COST - WEAK_COST) / one_over_slope, STRONG_COST)
        seeds = [
            [ibc_lift(q, c + WEAK_COST, *ends) for q, c in zip(qualities, costs, strict=True)]
            for qualities, costs in zip(quality, beyond, strict=True)
        ]
        ours = [100 * float(np.mean(s)) for s in seeds]
        far = max(
            abs(find(s) - kept[key][name][m])
            for s, m in zip(seeds, methods, strict=True)
            for find, key in ((max, "max_lift"), (min, "min_lift"))
        )
        cells = "".join(f"{o:>10.2f} /{p:>8.2f}" for o, p in zip(ours, published, strict=True))
        agree = all(round(o, 2) == p or abs(o - p) < 0.0051 for o, p in zip(ours, published, strict=True))
        alone = f"weak {weak:.3f}, strong {ends[1][0]:.3f}"
        yield f"{name:<14}{cells}   {'same' if agree else 'DIFFERENT'}; seeds within {100 * far:.4f}; {alone}"


def frugalgpt(path: Path) -> Iterator[str]:
    """Least cost of the cascade at the accuracy of the best single model, from the published summaries."""
    single: dict[str, dict[str, tuple[float, float]]] = defaultdict(dict)
    cascade: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if not row["file"].startswith("summary_"):
                continue  # those files add costs up over all rows, and not for the cascade
            point = (float(row["Test_acc"]), float(row["Test_cost"]))
            dataset = row["file"].removeprefix("summary_").removesuffix(".csv")
            if "frugal" in row["Method"].lower():
                cascade[dataset].append(point)
            elif row["Test_acc"] and point[0] > single[dataset].get(row["Method"], (0.0, 0.0))[0]:
                single[dataset][row["Method"]] = point
    for dataset, models in single.items():
        best = max(models.values())
        at = [cost for accuracy, cost in cascade[dataset] if accuracy >= best[0]]
        top = max(cascade[dataset], default=(0.0, 0.0))
        saved = f"{1 - min(at) / best[1]:.1%} saved at its accuracy" if at else "never as accurate"
        yield f"{dataset:<14} best single {best[0]:.4f} at {best[1]:.6f}; {saved}; cascade at best {top[0]:.4f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("mmlu", "gsm8k", "automix", "frugalgpt"):
        parser.add_argument(f"--{name}", type=Path)
    given = parser.parse_args()
    parts = {
        "mmlu": lambda p: orders(p, MMLU, 0.25),
        "gsm8k": lambda p: orders(p, GSM8K, 0.205),
        "automix": automix,
        "frugalgpt": frugalgpt,
    }
    for name, part in parts.items():
        if path := getattr(given, name):
            print(f"\n{name}: {path.name}", *part(path), sep="\n")


if __name__ == "__main__":
    main()
