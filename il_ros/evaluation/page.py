"""One self-contained HTML page that says what a policy can do and where it fails."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from il_ros.evaluation import layer_charts
from il_ros.evaluation.charts import percent
from il_ros.evaluation.report import embedded_video, template, write_page
from il_ros.evaluation.statistics import probability_text
from markupsafe import Markup


def render_evaluation(result: Mapping[str, Any], folder: Path,
                      films: Sequence[Mapping[str, str]] = ()) -> str:
    """Return the page.

    Args:
        result: What `il_ros evaluate --out` writes, with `names` and `layers` of
            `il_ros.evaluation.study.describe`.
        folder: Where the page will lie.
        films: {path, title} of each video, of `il_ros.evaluation.study.film_failures`.

    Raises:
        ConfigError: A video cannot be read.
    """
    names, entries = result['names'], [e for e in result['layers'] if 'unseen' not in e]
    runs = [e for e in entries if 'reliability' in e]
    charts = {
        'rates': layer_charts.rates(entries, names),
        'pairs': layer_charts.pairs(entries, names),
        'runs': ''.join(layer_charts.long_runs(e, names) for e in runs),
        'solved': layer_charts.solved_within(entries)}
    return template('evaluation.html.j2').render(
        title=f'{names[0]} in {result["task"]}', names=names, entries=entries,
        against=len(names) > 1, probability=probability_text,
        unseen=[e for e in result['layers'] if 'unseen' in e],
        tiles=_tiles(entries), runs=runs, styles=layer_charts.STYLES,
        parts=list(entries[0].get('beyond_limits', ())),
        figures={name: Markup(svg) for name, svg in charts.items()},
        films=[{'title': film['title'], 'video': embedded_video(film['path'], folder)}
               for film in films],
        settings={name: result[name] for name in (
            'checkpoint', 'against', 'task', 'first_seed', 'scheduler', 'execute_steps',
            'refill_s', 'join', 'latency_ticks', 'disturb', 'action_noise') if name in result})


def write_evaluation(result: Mapping[str, Any], path: Path,
                     films: Sequence[Mapping[str, str]] = ()) -> Path:
    """Write the page that `render_evaluation` makes and return its path.

    Raises:
        ConfigError: A video cannot be read, or the file cannot be written.
    """
    return write_page(render_evaluation(result, path.parent, films), path)


def _tiles(entries: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return value and text of what stands on top: at most four."""
    def of(entry: Mapping[str, Any]) -> str:
        return f'{entry["successes"]} of {entry["episodes"]} episodes'

    first, tiles = entries[0], []
    tiles.append((percent(_rate(first)), f'{first["meaning"]}: {of(first)}'))
    others = [e for e in entries[1:] if 'reliability' not in e]
    if others:
        worst = min(others, key=_rate)
        tiles.append((percent(_rate(worst)), f'hardest, {worst["variant"]}: {of(worst)}'))
    for entry in entries:
        if 'reliability' in entry:
            found = entry['reliability']
            tiles.append((str(found['longest']), 'successes in a row without a reset, of at most '
                                                 f'{min(found["repeats"], entry["episodes"])}'))
    if 'comparison' in first:
        tiles.append((probability_text(first['comparison']['probability_a_better']),
                      f'probability of being better, {first["meaning"]}'))
    return tiles


def _rate(entry: Mapping[str, Any]) -> float:
    return float(entry['successes'] / entry['episodes'])
