"""The report as one HTML page that needs nothing else: tables, and pictures drawn as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from pier_tui.bench.report import Report, Row
from pier_tui.bench.table import TABLES, cell, head, rows_of

WIDE, HIGH, EDGE, TOP, LINE = 800, 380, 56, 24, 14
NAMES = 620
"""Where the strategies' names stand, right of the points."""
STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;margin:1rem 0;font-variant-numeric:tabular-nums}"
    "th,td{border:1px solid #999;padding:.2rem .5rem;text-align:left}svg{max-width:100%}"
    "@media(prefers-color-scheme:dark){body{background:#16181d;color:#ddd}svg{background:#fff}}"
)


def html_of(report: Report) -> str:
    """The page."""
    parts = [f"<!doctype html><meta charset=utf-8><title>Routing benchmark</title><style>{STYLE}</style>"]
    parts += ["<h1>Routing benchmark</h1>", *(f"<p>{escape(line)}</p>" for line in head(report))]
    parts += ["<h2>Success over cost</h2>", svg_of(report.rows, "cost of strong", "success")]
    parts += ["<h2>Success over escalated turns</h2>", svg_of(report.rows, "escalated turns", "success")]
    parts += [_table(rows_of(report.rows, names)) for names in TABLES]
    suites = [(s, n, cell("success", f)) for s, found in report.suites.items() for n, f in found.items()]
    parts.append(_table([("suite", "strategy", "success"), *suites]))
    parts += [f"<p>{escape(line)}</p>" for line in (*report.power, *report.notes)]
    if report.regrets:
        parts += ["<h2>Regrets</h2><ul>", *_regrets(report), "</ul>"]
    return "\n".join(parts) + "\n"


def _regrets(report: Report) -> Iterator[str]:
    for one in report.regrets:
        links = ", ".join(f'<a href="{escape(name)}">{escape(name)}</a>' for name in one.recordings)
        yield f"<li>{escape(f'{one.strategy} · {one.task}: {one.said}')} · pier-tui replay-session {links}</li>"


def _table(rows: Sequence[Sequence[str]]) -> str:
    heads, *body = rows
    top = "".join(f"<th>{escape(text)}</th>" for text in heads)
    return f"<table><tr>{top}</tr>{''.join(map(_line, body))}</table>"


def _line(row: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in row)}</tr>"


def svg_of(rows: Sequence[Row], across: str, up: str) -> str:
    """A point with both intervals for every strategy, its name beside; those without a value are named below."""
    shown = [r for r in rows if r.figures[across].value is not None and r.figures[up].value is not None]
    most = max([1.0, *(r.figures[across].high or r.figures[across].value or 0 for r in shown)])
    out = [f'<svg viewBox="0 0 {WIDE} {HIGH}" width="{WIDE}" role="img" font-size="11">', *_axes(most, across, up)]
    points = [(_x(r.figures[across].value or 0, most), _y(r.figures[up].value or 0)) for r in shown]
    places = spread([height for _, height in points], LINE, (TOP, HIGH - EDGE))
    for number, (row, (at, height), place) in enumerate(zip(shown, points, places, strict=True)):
        x, y = row.figures[across], row.figures[up]
        colour = f"hsl({number * 360 // len(shown)},70%,38%)"
        if x.low is not None and x.high is not None:
            out.append(f'<path stroke="{colour}" d="M{_x(x.low, most):.1f} {height:.1f}H{_x(x.high, most):.1f}"/>')
        if y.low is not None and y.high is not None:
            out.append(f'<path stroke="{colour}" d="M{at:.1f} {_y(y.low):.1f}V{_y(y.high):.1f}"/>')
        label = escape(f"{row.strategy} (n={y.n})")
        out.append(f'<circle cx="{at:.1f}" cy="{height:.1f}" r="4" fill="{colour}"/>')
        out.append(
            f'<path stroke="{colour}" stroke-width=".4" d="M{at:.1f} {height:.1f}L{NAMES - 4} {place - 4:.1f}"/>'
        )
        out.append(f'<text x="{NAMES}" y="{place:.1f}" fill="{colour}">{label}</text>')
    out.append("</svg>")
    missing = [row.strategy for row in rows if row not in shown]
    return "".join(out) + (f"<p>Without a value here: {escape(', '.join(missing))}.</p>" if missing else "")


def spread(wanted: Sequence[float], apart: float, ends: tuple[float, float]) -> list[float]:
    """Places near the wanted ones, in their order, `apart` from each other and within the ends while there is room."""
    order = sorted(range(len(wanted)), key=lambda n: wanted[n])
    found = list(wanted)
    floor = ends[0]
    for n in order:
        floor = found[n] = max(wanted[n], floor)
        floor += apart
    ceiling = max(ends[1], ends[0] + apart * (len(wanted) - 1))
    for n in reversed(order):
        ceiling = found[n] = min(found[n], ceiling)
        ceiling -= apart
    return found


def _axes(most: float, across: str, up: str) -> Iterator[str]:
    yield f'<path stroke="#555" fill="none" d="M{EDGE} {TOP - 10}V{HIGH - EDGE}H{NAMES - 30}"/>'
    for step in range(5):
        yield f'<text x="{EDGE - 8}" y="{_y(step / 4) + 4:.1f}" text-anchor="end">{step / 4:.0%}</text>'
    each = 0.25 * max(1, round(most / 1.5))
    for step in range(int(most / each) + 1):
        at = f'x="{_x(step * each, most):.1f}" y="{HIGH - EDGE + 16}"'
        yield f'<text {at} text-anchor="middle">{step * each:.0%}</text>'
    middle = (EDGE + NAMES) // 2
    yield f'<text x="{middle}" y="{HIGH - 16}" text-anchor="middle">{escape(across)}</text>'
    yield f'<text x="4" y="12">{escape(up)}</text>'


def _x(value: float, most: float) -> float:
    return EDGE + (NAMES - 40 - EDGE) * value / most


def _y(value: float) -> float:
    return HIGH - EDGE - (HIGH - EDGE - TOP) * value
