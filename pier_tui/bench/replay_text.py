"""A replay as text for a terminal or a pipe: tables, a plot of curves in plain characters, and what it means.

Widths are counted in characters of our own words only; names from the file are cut to fit. Pages are `replay_page.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pier_tui.bench.replay import Figure, Replay, Result, Setting

NAME_WIDTH = 22
PLOT_WIDTH, PLOT_HEIGHT = 64, 16
PLOTTED = 6
MOST_UNUSED = 8
MARKS = "123456"
AREA_HEADS = ("APGR [95%]", "10 bins", "CPT50", "CPT80")
POINT_HEADS = (
    "quality [95%]",
    "escal.",
    "cost",
    "drop on kept [95%]",
    "f.keep",
    "f.esc.",
    "PGR",
    "IBC",
    "vs random [95%]",
)


def text_of(replay: Replay) -> str:
    """The whole report."""
    notes = [f"! {note}" for note in replay.notes]
    return (
        "\n".join([*head(replay), *notes, *_areas(replay), *_settings(replay), *_plot(replay), *_tail(replay)]) + "\n"
    )


def head(replay: Replay) -> Iterator[str]:
    """What was replayed, and how."""
    left = ", ".join(f"{count} {reason}" for reason, count in replay.left_out.items())
    yield f"{replay.file}: {replay.rows} rows, {replay.tasks} tasks{f'; left out: {left}' if left else ''}"
    yield _columns(replay)
    yield (
        f"weak {span(replay.weak)}, strong {span(replay.strong)}; price ratio r = {replay.ratio:.3f} "
        f"(weak-only costs {replay.ratio:.1%} of strong-only)"
    )
    yield f"{replay.folds} folds of whole tasks, seed {replay.seed}, {replay.bootstrap} bootstrap resamples of tasks"


def _columns(replay: Replay) -> str:
    """Which column was taken for what, so that one taken wrongly is seen."""
    taken = ", ".join(m if m == n else f"{m} = {_cut(n)}" for m, n in replay.read_from.items())
    rest = [_cut(name) for name in replay.unused[:MOST_UNUSED]]
    more = f" and {len(replay.unused) - MOST_UNUSED} more" if len(replay.unused) > MOST_UNUSED else ""
    unused = f"; not used: {', '.join(rest)}{more}" if rest else ""
    return f"columns: {taken}{unused}"


def _cut(name: str) -> str:
    """A column's name; of a long one its two ends, as models' names begin alike."""
    half = NAME_WIDTH // 2
    return name if len(name) <= NAME_WIDTH + half else f"{name[:half]}...{name[-NAME_WIDTH:]}"


def _areas(replay: Replay) -> Iterator[str]:
    drawn = [r for r in replay.results if r.apgr is not None]
    if not drawn or all(r.apgr is None or r.apgr.value is None for r in drawn):
        return
    rows = [(r.name, span(r.apgr), number(r.apgr_in_10_bins), share(r.cpt50), share(r.cpt80)) for r in by_area(drawn)]
    yield ""
    yield "How well each orders the rows: any threshold"
    yield from table(("", *AREA_HEADS), rows)


def by_area(results: Sequence[Result]) -> list[Result]:
    """Strategies before baselines, the better first."""
    return sorted(results, key=lambda r: (r.kind == "baseline", -(r.apgr.value or 0) if r.apgr else 0))


def _settings(replay: Replay) -> Iterator[str]:
    for rule, wanted in rules(replay):
        yield ""
        yield heading(rule, wanted)
        yield from table(("", *POINT_HEADS), points(replay, rule, wanted))


def rules(replay: Replay) -> list[tuple[str, float | None]]:
    """The operating points there are tables for."""
    keys = dict.fromkeys((s.rule, s.wanted) for r in replay.results for s in r.settings if s.rule != "fixed")
    return list(keys) or [("fixed", None)]


def points(replay: Replay, rule: str, wanted: float | None) -> list[tuple[str, ...]]:
    """A row per strategy at an operating point; those without a choice are in every table."""
    return [
        (r.name, *_cells(s))
        for r in replay.results
        for s in r.settings
        if (s.rule, s.wanted) == (rule, wanted) or s.rule == "fixed"
    ]


def heading(rule: str, wanted: float | None) -> str:
    """What an operating point is, in words."""
    if wanted is None:
        return "Strategies without a threshold"
    if rule == "budget":
        return f"Best quality at no more than {wanted:.0%} of strong-only's cost; thresholds set on the other folds"
    return f"{wanted:.0%} of rows escalated; thresholds set on the other folds"


def _cells(setting: Setting) -> tuple[str, ...]:
    f = setting.figures
    return (
        span(f["quality"]),
        share(f["escalated"]),
        share(f["cost"]),
        span(f["drop_on_kept"]),
        share(f["false_keep"]),
        share(f["false_escalate"]),
        number(f["pgr"].value),
        percent(f["ibc_lift"]),
        span(f["over_random"], signed=True),
    )


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns as wide as their widest cell, the first to the left, the rest to the right."""
    cut = [(row[0][:NAME_WIDTH], *row[1:]) for row in rows]
    widths = [max(len(r[i]) for r in [tuple(heads), *cut]) for i in range(len(heads))]
    for row in (tuple(heads), *cut):
        first, *rest = (
            cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join([first, *rest]).rstrip()


def _plot(replay: Replay) -> Iterator[str]:
    lines = plotted(replay)
    if not lines:
        return
    curves = [r.curve for r in lines if r.curve is not None]
    low = min(min(c.quality) for c in curves)
    high = max(max(c.quality) for c in curves)
    grid = [[" "] * PLOT_WIDTH for _ in range(PLOT_HEIGHT)]
    dear = max(1.0, *(c.cost[-1] for c in curves))
    for mark, curve in reversed(list(zip("." + MARKS, curves, strict=False))):
        for cost, quality in zip(curve.cost, curve.quality, strict=True):
            x = round(cost / dear * (PLOT_WIDTH - 1))
            y = round((quality - low) / (high - low or 1) * (PLOT_HEIGHT - 1))
            grid[PLOT_HEIGHT - 1 - y][x] = mark
    yield ""
    yield "Quality over cost (part of strong-only's); . is random"
    for i, row in enumerate(grid):
        label = f"{high:.3f}" if i == 0 else f"{low:.3f}" if i == PLOT_HEIGHT - 1 else ""
        yield f"{label:>6} |{''.join(row).rstrip()}"
    yield f"{'':>6} +{'-' * PLOT_WIDTH}"
    yield f"{'':>7}0{f'{dear:.0%}':>{PLOT_WIDTH}}"
    yield "  ".join(f"{mark} {r.name[:NAME_WIDTH]}" for mark, r in zip("." + MARKS, lines, strict=False))


def plotted(replay: Replay) -> list[Result]:
    """Random first, then the best strategies, at most `PLOTTED`."""
    random = [r for r in replay.results if r.name == "random" and r.curve]
    rest = [r for r in by_area(replay.results) if r.curve and r.kind == "strategy"]
    return [*random, *rest[:PLOTTED]] if rest else []


def _tail(replay: Replay) -> Iterator[str]:
    if replay.not_run:
        yield ""
        yield "Not replayed:"
        yield from (f"  {s.name}: {s.why}" for s in replay.not_run)


def number(value: float | None) -> str:
    """Three digits, or a dash where it is not defined."""
    return "-" if value is None else f"{value:.3f}"


def share(figure: Figure | None) -> str:
    """A part as percent."""
    return "-" if figure is None or figure.value is None else f"{figure.value:.1%}"


def percent(figure: Figure) -> str:
    """A signed percentage, as lifts are printed."""
    return "-" if figure.value is None else f"{figure.value:+.1%}"


def span(figure: Figure | None, signed: bool = False) -> str:
    """A value with its interval."""
    if figure is None or figure.value is None:
        return "-"
    form = "+.3f" if signed else ".3f"
    if figure.low is None or figure.high is None:
        return f"{figure.value:{form}}"
    return f"{figure.value:{form}} [{figure.low:{form}}, {figure.high:{form}}]"
