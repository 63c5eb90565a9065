"""A replay as a picture (SVG) and as one page (HTML) that needs no network and no script.

Colours are fixed and chosen to be told apart by colour-blind readers (Okabe and Ito 2008); every curve is named too.
Texts of the file are escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from pier_tui.bench import replay_text as text
from pier_tui.bench.replay import Replay

WIDTH, HEIGHT = 860, 460
LEFT, RIGHT, TOP, BOTTOM = 64, 210, 34, 48
COLOURS = ("#767676", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9")
STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1a1a1a;background:#fff}
table{border-collapse:collapse;margin:.6rem 0 1.6rem;font-size:13px}
td,th{padding:.25rem .6rem;text-align:right;border-bottom:1px solid #ddd;white-space:nowrap}
td:first-child,th:first-child{text-align:left}
.scroll{overflow-x:auto}
svg{max-width:100%;height:auto}
h2{font-size:1.05rem;margin-top:2rem}
.note{border-left:3px solid #b8860b;padding-left:.7rem}
@media(prefers-color-scheme:dark){body{color:#e8e8e8;background:#16181c}td,th{border-color:#3a3d44}}
"""


def svg_of(replay: Replay) -> str:
    """Quality over cost, one curve per strategy."""
    lines = text.plotted(replay)
    curves = [r.curve for r in lines if r.curve is not None]
    low = min((min(c.quality) for c in curves), default=0.0)
    high = max((max(c.quality) for c in curves), default=1.0)
    dear = max([1.0, *(c.cost[-1] for c in curves)])
    across, down = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def place(cost: float, quality: float) -> tuple[float, float]:
        return LEFT + cost / dear * across, TOP + (high - quality) / ((high - low) or 1) * down

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="system-ui,sans-serif" font-size="12">',
        f"<title>{escape(replay.file)}: quality over cost</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="20" fill="#1a1a1a">Quality over cost (part of strong-only), {escape(replay.file)}</text>',
        *_axes(low, high, dear, across, down),
    ]
    for i, result in enumerate(lines):
        if result.curve is None:
            continue
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(place, result.curve.cost, result.curve.quality))
        dash = ' stroke-dasharray="5 4"' if i == 0 else ""
        at = TOP + 14 + 20 * i
        parts.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS[i]}" stroke-width="2"{dash}/>')
        parts.append(f'<path d="M{WIDTH - RIGHT + 16},{at}h22" stroke="{COLOURS[i]}" stroke-width="2"{dash}/>')
        parts.append(f'<text x="{WIDTH - RIGHT + 44}" y="{at + 4}" fill="#1a1a1a">{escape(result.name[:24])}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _axes(low: float, high: float, dear: float, across: int, down: int) -> Iterator[str]:
    yield f'<path d="M{LEFT},{TOP}v{down}h{across}" fill="none" stroke="#767676"/>'
    for step in range(5):
        y, x = TOP + down * step / 4, LEFT + across * step / 4
        quality, cost = high - (high - low) * step / 4, dear * step / 4
        yield f'<path d="M{LEFT},{y:.1f}h{across}" stroke="#e4e4e4"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#1a1a1a">{quality:.3f}</text>'
        yield f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" fill="#1a1a1a">{cost:.0%}</text>'


def html_of(replay: Replay) -> str:
    """One self-contained page: what was replayed, the picture, every table."""
    title = f"Replay of {escape(replay.file)}"
    areas = [
        (r.name, text.span(r.apgr), text.number(r.apgr_in_10_bins), text.share(r.cpt50), text.share(r.cpt80), r.about)
        for r in text.by_area(replay.results)
        if r.apgr is not None
    ]
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body><h1>{title}</h1>',
        *(f"<p>{escape(line)}</p>" for line in text.head(replay)),
        *(f'<p class="note">{escape(note)}</p>' for note in replay.notes),
        svg_of(replay) if text.plotted(replay) else "",
        "<h2>How well each orders the rows</h2>",
        _table(("", *text.AREA_HEADS, "what it is"), areas),
    ]
    for rule, wanted in text.rules(replay):
        parts.append(f"<h2>{escape(text.heading(rule, wanted))}</h2>")
        parts.append(_table(("", *text.POINT_HEADS), text.points(replay, rule, wanted)))
    if replay.not_run:
        parts.append("<h2>Not replayed</h2>")
        parts.append(_table(("", "why"), [(s.name, s.why) for s in replay.not_run]))
    return "\n".join([*parts, "</body></html>"]) + "\n"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(h)}</th>" for h in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'
