"""The drawings of interventions on the page of `il_ros inspect`, as SVG."""
from __future__ import annotations

from il_ros.inspection.interventions import COLOURS, Interventions, name_of
import numpy as np

WIDTH, STRIP = 900, 18          # of a timeline [px]
SIDE, DOT = 320, 5              # of the drawing of the workspace [px]
BAR = 80                        # highest bar [px]


def drawings(found: Interventions) -> str:
    """Return SVG without foreign text; '' where nobody intervened."""
    if not found.timelines:
        return ''
    return (f'<h2>Interventions</h2>{_legend(found)}{_timelines(found)}'
            f'<h2>How far in the episode they began</h2>{_course(found)}{_workspace(found)}')


def _legend(found: Interventions) -> str:
    sources = sorted({part.source for parts in found.timelines.values() for part in parts})
    return '<p>' + ' '.join(
        f'<span class="key" style="background:{COLOURS[source]}"></span> {name_of(source)}'
        for source in sources) + '</p>'


def _timelines(found: Interventions) -> str:
    longest = max(parts[-1].start_s + parts[-1].duration_s for parts in found.timelines.values())
    scale = (WIDTH - 100) / longest
    lines = []
    for k, (episode, parts) in enumerate(found.timelines.items()):
        y = k * (STRIP + 6)
        lines.append(f'<text x="0" y="{y + STRIP - 4}">{episode}</text>')
        lines += [f'<rect x="{40 + scale * part.start_s:.1f}" y="{y}" height="{STRIP}" '
                  f'width="{max(scale * part.duration_s, 0.5):.1f}" fill="{COLOURS[part.source]}">'
                  f'<title>{name_of(part.source)}: {part.start_s:.1f} s, '
                  f'{part.duration_s:.1f} s long</title></rect>' for part in parts]
    height = len(found.timelines) * (STRIP + 6)
    lines.append(f'<text x="40" y="{height + 14}">0 s</text><text text-anchor="end" '
                 f'x="{WIDTH - 60}" y="{height + 14}">{longest:.1f} s</text>')
    return _svg('Who controlled each episode', WIDTH, height + 20, lines)


def _course(found: Interventions) -> str:
    most = max(int(found.course.max()), 1)
    bars = [f'<rect x="{40 + 50 * k}" y="{BAR + 16 - BAR * n / most:.1f}" width="46" '
            f'height="{BAR * n / most:.1f}" fill="{COLOURS[1]}"/><text x="{63 + 50 * k}" '
            f'y="{BAR + 12 - BAR * n / most:.1f}" text-anchor="middle">{n or ""}</text>'
            for k, n in enumerate(found.course.tolist())]
    axis = [f'<text x="{40 + 50 * k}" y="{BAR + 34}">{10 * k} %</text>' for k in range(0, 11, 2)]
    return _svg('How far in the episode interventions began', 620, BAR + 40, bars + axis)


def _workspace(found: Interventions) -> str:
    drawn = ''
    for arm, places in found.tools.items():
        if len(places):
            whose = f' of {arm}' if len(found.tools) > 1 else ''
            views = [_view(places[:, [0, 1]], 'x [m]', 'y [m]'),
                     _view(places[:, [0, 2]], 'x [m]', 'z [m]')]
            drawn += (f'<h2>Where the tool{whose} was: from above, from the side</h2>'
                      + f'<div class="views">{"".join(views)}</div>')
    return drawn


def _view(points: np.ndarray, across: str, up: str) -> str:
    middle = (points.max(axis=0) + points.min(axis=0)) / 2
    half = max(float(np.ptp(points, axis=0).max()) / 2 * 1.1, 0.1)
    at = (points - middle) / (2 * half) * (SIDE - 40) + SIDE / 2
    dots = [f'<circle cx="{x:.1f}" cy="{SIDE - y:.1f}" r="{DOT}" fill="{COLOURS[1]}" '
            'fill-opacity="0.6"/>' for x, y in at]
    (left, low), (right, high) = middle - half, middle + half
    frame = [f'<rect class="frame" x="20" y="20" width="{SIDE - 40}" height="{SIDE - 40}"/>',
             f'<text x="20" y="{SIDE - 4}">{left:.2f}</text><text x="{SIDE - 20}" y="{SIDE - 4}" '
             f'text-anchor="end">{right:.2f}</text><text x="{SIDE / 2}" y="{SIDE - 4}" '
             f'text-anchor="middle">{across}</text>',
             f'<text x="22" y="14">{up}: {low:.2f} to {high:.2f}</text>']
    return _svg(f'Where the tool was: {across} and {up}', SIDE, SIDE, frame + dots)


def _svg(label: str, width: float, height: float, parts: list[str]) -> str:
    return (f'<div class="wide" tabindex="0"><svg viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" role="img" aria-label="{label}">{"".join(parts)}</svg></div>')
