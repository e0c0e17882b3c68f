"""The report of one dataset, or of several side by side, as a HTML page without further files."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from il_ros.datasets.reader import Dataset
from il_ros.inspection.comparison import Comparison
from il_ros.inspection.illustrations import drawn_paths, thumbnails
from il_ros.inspection.intervention_page import drawings
from il_ros.inspection.interventions import Interventions
from il_ros.inspection.report import Report
from il_ros.inspection.zones import Zone
from jinja2 import Environment

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>
:root { color-scheme: light dark; --page: #fff; --ink: #222; --line: #ddd; --frame: #999;
  --bad: #b91c1c }
@media (prefers-color-scheme: dark) { :root { --page: #0f141b; --ink: #e8ecf2; --line: #2a3442;
  --frame: #77828f; --bad: #ff8a92 } }
body { font: 15px/1.5 system-ui, 'DejaVu Sans', sans-serif; margin: 2rem auto; padding: 0 1rem;
  max-width: 88rem; color: var(--ink); background: var(--page) }
h1, p { overflow-wrap: anywhere } table { border-collapse: collapse; font-size: .85rem }
svg { display: block; max-width: none } svg.fits { max-width: 100%; height: auto }
svg text { font-size: 12px; fill: currentColor } .frame { fill: none; stroke: var(--frame) }
.views { display: flex; flex-wrap: wrap; gap: 1rem }
.key { display: inline-block; width: .8rem; height: .8rem; border-radius: 3px }
 h1 { font-size: 1.4rem } h2 { font-size: 1.1rem }
th, td { padding: .2rem .35rem; text-align: right; border-bottom: 1px solid var(--line) }
th:first-child, td:first-child, .text { text-align: left }
.bar { display: inline-block; height: .7rem; background: #d97706; vertical-align: middle }
.zones td { border: 1px solid var(--frame); width: 2.2rem; height: 2.2rem; text-align: center }
.problem { color: var(--bad) } .told td { border-bottom: 0 }
.thumbs img { height: 3.6rem; margin: .2rem .3rem 0 0; border-radius: 3px }
.name { overflow-wrap: anywhere; min-width: 8rem } .wide { overflow-x: auto }
</style></head><body><main>
{% if comparison %}<h1>{{ title }}</h1>
{% for line in figures %}<p><b>{{ line }}</b></p>{% endfor %}
{% for problem in comparison.problems %}<p class="problem">{{ problem }}</p>{% endfor %}
<div class="wide" tabindex="0"><table>
<tr><th class="text">dataset</th><th class="text">robot</th><th>rate [Hz]</th>
<th>episodes</th><th>rows</th><th>share of a batch</th></tr>
{% for side in comparison.sides %}<tr><td class="text">{{ side.name }}</td>
<td class="text">{{ side.report.robot }}</td><td>{{ '%g' | format(side.dataset.fps) }}</td>
<td>{{ side.report.episodes | length }}</td><td>{{ side.report.frames }}</td>
<td>{{ '-' if side.share is none else '%.0f %%' | format(100 * side.share) }}</td></tr>
{% endfor %}</table></div><h2>Tasks</h2>
<div class="wide" tabindex="0"><table>
<tr><th class="text">task</th><th class="text">dataset</th><th>episodes</th>
<th>median length [s]</th><th>successes</th></tr>
{% for t in comparison.tasks %}<tr><td class="text">{{ t.task }}</td>
<td class="text">{{ t.name }}</td><td>{{ t.episodes }}</td>
<td>{{ '%.1f' | format(t.seconds) }}</td><td>{{ t.successes }}</td></tr>
{% endfor %}</table></div>
{% endif %}{{ sections | join | safe }}</main></body></html>
"""
SECTION = """<h1>{{ report.root }}</h1>
<p>{{ report.episodes | length }} episodes, {{ report.frames }} rows,
{{ '%.1f' | format(report.duration_s / 60) }} min of {{ report.robot }}:
{{ report.tasks | join('; ') }}</p>
<p>{{ report.effort.text }}</p>
{% for line in figures %}<p><b>{{ line }}</b></p>{% endfor %}
{% for problem in report.problems %}<p class="problem">{{ problem }}</p>{% endfor %}
<h2>Episodes{{ ', the worst first' if report.episodes | length > 1 }}</h2>
<div class="wide" tabindex="0"><table>
<tr><th>episode</th><th class="text">bag</th><th class="text">outcome</th><th>score</th>
<th>length [s]</th>
<th>rate [Hz]</th><th>missing ticks</th><th>gaps (longest [s])</th>
<th>lost messages</th><th>sync error [ms]</th>
<th>idle head, tail [s]</th><th>human</th><th>intervention</th><th>take-overs</th>
<th>near a position limit</th><th>limited by the gate</th><th>distance</th></tr>
{% for e in report.episodes | sort(attribute='score') %}
<tr{% if e.problems or thumbs[e.index] %} class="told"{% endif %}>
<td>{{ e.index }}</td><td class="text name">{{ e.source }}</td>
<td class="text">{{ e.outcome }}</td><td>{{ '%.2f' | format(e.score) }}</td>
<td>{{ '%.1f' | format(e.duration_s) }}</td>
<td>{{ '%.1f' | format(e.rate_hz) }}</td><td>{{ e.missing_ticks }}</td>
<td>{{ e.gaps }}{{ ' (%.1f)' | format(e.longest_gap_s) if e.gaps else '' }}</td>
<td>{{ e.lost_messages }}</td><td>{% if e.sync_error_s == e.sync_error_s %}
{{ '%.0f' | format(1000 * e.sync_error_s) }}{% else %}-{% endif %}</td>
<td>{{ '%.1f, %.1f' | format(e.idle_head_s, e.idle_tail_s) }}</td>
<td>{{ '%.0f %%' | format(100 * e.human) }}</td>
<td class="text"><span class="bar" style="width: {{ '%.0f' | format(60 * e.intervention) }}px">
</span> {{ '%.0f %%' | format(100 * e.intervention) }}</td>
<td>{{ e.effort.take_overs }}</td>
<td>{{ '-' if e.near_limit != e.near_limit else '%.0f %%' | format(100 * e.near_limit) }}
{% if e.near_limit and e.near_limits | length > 1 %}<br>
{% for part, share in e.near_limits.items() if share %}
{{ part }} {{ '%.0f %%' | format(100 * share) }} {% endfor %}{% endif %}</td>
<td>{% if e.limited is none %}-{% else %}{{ '%.0f %%' | format(100 * e.limited.values() | sum) }}
{% endif %}</td><td>{{ '%.2f' | format(e.distance) }}</td></tr>
{% if e.problems or thumbs[e.index] %}<tr><td></td><td class="text problem" colspan="16">
{{ e.problems | join('; ') }}{% if thumbs[e.index] %}<div class="thumbs">
{% for picture in thumbs[e.index] %}<img alt="" src="{{ picture }}">{% endfor %}</div>{% endif %}
</td></tr>{% endif %}
{% endfor %}</table></div>{{ paths | safe }}
{% if report.parts | length > 1 %}<h2>Parts</h2>
<div class="wide" tabindex="0"><table>
<tr><th class="text">part</th><th>joints</th><th>steps in motion</th>
<th>near a position limit</th><th>gripper closed</th></tr>
{% for p in report.parts %}<tr><td class="text">{{ p.name }}</td>
<td title="{{ p.joints | join(', ') }}">{{ p.joints | length }}</td>
<td>{{ '%.0f %%' | format(100 * p.moving) }}</td>
<td>{% if p.near_limit is none %}-{% else %}{{ '%.0f %%' | format(100 * p.near_limit) }}{% endif %}
</td><td>{% if p.grasps is none %}-{% else %}{{ p.grasps }} times{% endif %}</td></tr>
{% endfor %}</table></div>
{% endif %}{% if clocked %}<h2>Clocks: arrival less header stamp</h2>
<div class="wide" tabindex="0"><table>
<tr><th>episode</th><th class="text">stream</th><th class="text">believed</th><th>rate [Hz]</th>
<th>median [ms]</th><th>spread [ms]</th><th>drift [ppm]</th><th>jumps back</th>
<th>zero stamps</th></tr>
{% for index, topic, c in clocked %}<tr><td>{{ index }}</td><td class="text">{{ topic }}</td>
<td class="text">{{ c.stamp }}</td><td>{{ '%.1f' | format(c.rate_hz) }}</td>
<td>{{ '%.1f' | format(1000 * c.offset_s) }}</td>
<td>{{ '%.1f' | format(1000 * c.spread_s) }}</td><td>{{ '%.0f' | format(c.drift_ppm) }}</td>
<td>{{ c.backwards }}</td><td>{{ '%.0f %%' | format(100 * c.zeros / c.messages) }}</td></tr>
{% endfor %}</table></div>
{% endif %}{{ drawings | safe }}
{% for title, rows in grids %}<h2>{{ title }} positions, episodes per zone of 10 x 10 cm</h2>
<div class="wide" tabindex="0"><table class="zones">{% for row in rows %}<tr>{% for n in row %}
<td style="background: rgba(217, 119, 6, {{ '%.2f' | format(n / most) }})">{{ n or '' }}</td>
{% endfor %}</tr>{% endfor %}</table></div>
{% endfor %}
"""


class Section(NamedTuple):
    """One dataset of a page.

    Attributes:
        report: What it tells.
        found: The interventions, to draw them.
        dataset: That of the report, for pictures of its episodes and the paths of its tools.
        figures: Of a policy that was trained on it, as `kpis` has them.
    """

    report: Report
    found: Interventions | None = None
    dataset: Dataset | None = None
    figures: Sequence[str] = ()


def render(sections: Sequence[Section], comparison: Comparison | None = None,
           figures: Sequence[str] = ()) -> str:
    """Return the page; every text of the datasets is escaped.

    Args:
        sections: One per dataset.
        comparison: Of several.
        figures: Of a policy that was trained on all of them.

    Raises:
        DatasetError: A video cannot be read.
    """
    title = ', '.join(side.name for side in comparison.sides) if comparison else (
        sections[0].report.root)
    return _filled(PAGE, title=title, comparison=comparison, figures=figures,
                   sections=list(map(_section, sections)))


def _section(section: Section) -> str:
    report, found, dataset, figures = section
    several = sum(part.grasps is not None for part in report.parts) > 1
    zoned = {'Start': report.start_zones} | {
        f'Grasp{f" ({arm})" if several else ""}': zones for arm, zones in report.grasps.items()}
    grids = [(title, _grid(zones)) for title, zones in zoned.items() if zones]
    most = max((count for zones in zoned.values() for count in zones.values()), default=1)
    clocked = [(e.index, topic, clock) for e in report.episodes
               for topic, clock in e.clocks.items()]
    return _filled(SECTION, report=report, figures=figures, grids=grids, most=most,
                   clocked=clocked, drawings=drawings(found) if found else '',
                   paths=drawn_paths(dataset, report) if dataset else '',
                   thumbs=thumbnails(dataset, report) if dataset else
                   [[] for _ in report.episodes])


def _filled(template: str, **values: Any) -> str:
    return Environment(autoescape=True).from_string(template).render(**values)


def _grid(zones: dict[Zone, int]) -> list[list[int]]:
    """Return counts as seen from above: x to the right, y up."""
    columns = range(min(z.x for z in zones), max(z.x for z in zones) + 1)
    lines = range(max(z.y for z in zones), min(z.y for z in zones) - 1, -1)
    return [[zones.get(Zone(x, y), 0) for x in columns] for y in lines]
