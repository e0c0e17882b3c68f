"""Charts of an evaluation in layers, of one policy or two."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from il_ros.evaluation.charts import Canvas, cut, percent, ticks_of, TOP, WIDE
from il_ros.evaluation.statistics import wilson

STYLES = ('dagger', 'human')   # of the policy, and of the one beside it
LEFT, LAYER, ROW, BOTTOM = 230, 100, 34, 44
GAP = 0.6                      # between two layers, in rows

Entry = Mapping[str, Any]      # one variant of `il_ros.evaluation.study.describe`


def label(entry: Entry) -> str:
    """Return the variant's name as a row of a chart shows it."""
    return str(entry['variant'])


def policies(entry: Entry) -> list[Entry]:
    """Return the figures of the policy and, where there is one, of the other."""
    return [entry, *([entry['against']] if 'against' in entry else [])]


def _places(entries: Sequence[Entry]) -> tuple[list[float], float]:
    """Return where each row's centre is, with gaps between layers, and where the last ends."""
    at, places = 0.0, []
    for i, entry in enumerate(entries):
        at += GAP if i and entry['layer'] != entries[i - 1]['layer'] else 0.0
        places.append(at + 0.5)
        at += 1.0
    return places, at


def _rows(entries: Sequence[Entry], x: tuple[float, float]) -> tuple[Canvas, list[float]]:
    places, end = _places(entries)
    canvas = Canvas(x, (end, 0), width=WIDE, height=round(TOP + BOTTOM + ROW * end), left=LEFT)
    for i, (entry, y) in enumerate(zip(entries, places, strict=True)):
        canvas.text(x[0], y, cut(label(entry), LEFT - LAYER - 12), 'tick', 'end', dx=-12, dy=4)
        if entry['layer'] != entry['variant'] and (
                not i or entries[i - 1]['layer'] != entry['layer']):
            canvas.text(x[0], y, entry['layer'], 'value', 'end', dx=LAYER - LEFT, dy=4)
    return canvas, places


def rates(entries: Sequence[Entry], names: Sequence[str]) -> str:
    """Return the success rate of every variant with its interval, a row each."""
    canvas, places = _rows(entries, (0, 1))
    end = canvas.y[0]
    for tick in (0, 0.25, 0.5, 0.75, 1):
        canvas.line([(tick, 0), (tick, end)], 'ruler')
        canvas.text(tick, end, percent(tick), dy=18)
    canvas.text(0.5, end, 'success', 'caption', dy=36)
    for entry, y in zip(entries, places, strict=True):
        each = policies(entry)
        for i, policy in enumerate(each):
            successes, episodes = policy['successes'], policy['episodes']
            low, high = wilson(successes, episodes)
            at = y + (i - (len(each) - 1) / 2) * 0.36
            hint = (f'{names[i]}, {entry["meaning"]}: {successes} of {episodes} '
                    f'({percent(low)} to {percent(high)})')
            canvas.line([(low, at), (high, at)], f'{STYLES[i]} range')
            canvas.dot(successes / episodes, at, f'{STYLES[i]} mark', hint)
    return canvas.svg('Success rate of every variant')


def pairs(entries: Sequence[Entry], names: Sequence[str]) -> str:
    """Return on how many seeds both succeed, one of them or none; '' where none is paired."""
    shown = [e for e in entries if e.get('comparison', {}).get('paired')]
    if not shown:
        return ''
    canvas, places = _rows(shown, (0, 1))
    for entry, y in zip(shown, places, strict=True):
        found, at = entry['comparison'], 0.0
        parts = [(found['both'], 'good', 'both'), (found['only_a'], 'dagger', f'only {names[0]}'),
                 (found['only_b'], 'human', f'only {names[1]}'),
                 (found['neither'], 'track', 'neither')]
        for count, style, who in parts:
            if not count:
                continue
            width = count / entry['episodes']
            canvas.rectangle((at, y + 0.3), (at + width, y - 0.3),
                             style if style == 'track' else f'{style} fill',
                             f'{who}: {count} of {entry["episodes"]} seeds')
            canvas.text(at + width / 2, y, str(count),
                        'tick' if style == 'track' else 'inside', dy=4)
            at += width
    for tick in (0, 0.25, 0.5, 0.75, 1):
        canvas.text(tick, canvas.y[0], percent(tick), dy=18)
    canvas.text(0.5, canvas.y[0], 'seeds', 'caption', dy=36)
    return canvas.svg('Paired seeds')


def long_runs(entry: Entry, names: Sequence[str]) -> str:
    """Return every long run as a strip of episodes over the time of operation."""
    strips = []
    for i, policy in enumerate(policies(entry)):
        repeats, rollouts = policy['reliability']['repeats'], policy['rollouts']
        strips += [(i, rollouts[k:k + repeats]) for k in range(0, len(rollouts), repeats)]
    longest = max(sum(r['duration_s'] for r in run) for _, run in strips)
    ticks = ticks_of(longest)
    canvas = Canvas((0, ticks[-1] * 1.02), (len(strips), 0), width=WIDE,
                    height=TOP + BOTTOM + 26 * len(strips), left=LEFT)
    canvas.axis_x(ticks, 'seconds of operation')
    for row, (i, run) in enumerate(strips):
        canvas.text(0, row + 0.5, cut(names[i], LEFT - 30), f'{STYLES[i]} legend', 'end',
                    dx=-10, dy=4)
        at = 0.0
        for r in run:
            end = at + r['duration_s']
            canvas.rectangle((at, row + 0.82), (end, row + 0.18),
                             f'{"good" if r["success"] else "bad"} cell',
                             f'seed {r["seed"]}: {"success" if r["success"] else "failure"} after '
                             f'{r["duration_s"]:.1f} s')
            at = end
    return canvas.svg('Long runs without reset')


def solved_within(entries: Sequence[Entry]) -> str:
    """Return the share of the policy's episodes that are solved within a time, a line per layer.

    '' where no episode was solved.
    """
    layers: dict[str, list[Entry]] = {}
    for entry in entries:
        layers.setdefault(entry['layer'], []).extend(entry['rollouts'])
    solved = {name: sorted(r['duration_s'] for r in each if r['success'])
              for name, each in layers.items()}
    if not any(solved.values()):
        return ''
    last = max(r['duration_s'] for each in layers.values() for r in each)
    ticks = ticks_of(last)
    canvas = Canvas((0, ticks[-1]), (0, 1), width=WIDE)
    canvas.axis_y([0, 0.25, 0.5, 0.75, 1], percent)
    canvas.axis_x(ticks, 'seconds into the episode')
    for i, (name, times) in enumerate(solved.items()):
        line, count = [(0.0, 0.0)], len(layers[name])
        for k, time in enumerate(times):
            line += [(time, k / count), (time, (k + 1) / count)]
        canvas.line([*line, (last, len(times) / count)], f'curve{i % 4} stroke')
        canvas.text(0, 1, name, f'curve{i % 4} legend', 'start', dx=10, dy=14 + 17 * i)
    return canvas.svg('Share of episodes solved within a time')
