"""Charts of the report as inline SVG: coloured by the page's style sheet, light and dark alike."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from math import ceil, floor, log10
from textwrap import wrap

from il_ros.evaluation.result import Round
from il_ros.evaluation.statistics import Interval

WIDTH, WIDE, HEIGHT = 520, 1080, 290
LEFT, RIGHT, TOP, BOTTOM = 52, 18, 20, 44
ROW = 22  # height of one line of the timeline
TICK_WIDTH = 6.8  # of one letter in the style `tick`, at most


@dataclass
class Canvas:
    """Data coordinates onto an SVG of fixed size."""

    x: tuple[float, float]
    y: tuple[float, float]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    bottom: int = BOTTOM
    parts: list[str] = field(default_factory=list)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return the pixel of a data point."""
        across = (x - self.x[0]) / ((self.x[1] - self.x[0]) or 1.0)
        up = (y - self.y[0]) / ((self.y[1] - self.y[0]) or 1.0)
        return (self.left + across * (self.width - self.left - RIGHT),
                self.height - self.bottom - up * (self.height - self.bottom - TOP))

    def line(self, points: Sequence[tuple[float, float]], style: str) -> None:
        """Draw a line through data points."""
        path = ' '.join(f'{x:.1f},{y:.1f}' for x, y in (self.at(*p) for p in points))
        self.parts.append(f'<polyline class="{style}" points="{path}"/>')

    def rectangle(self, low: tuple[float, float], high: tuple[float, float], style: str,
                  hint: str = '') -> None:
        """Fill between two opposite corners."""
        (x0, y0), (x1, y1) = self.at(*low), self.at(*high)
        self.parts.append(f'<rect class="{style}" x="{x0:.1f}" y="{y1:.1f}" rx="3" width="'
                          f'{max(x1 - x0, 2):.1f}" height="{max(y0 - y1, 1):.1f}">'
                          f'<title>{escape(hint)}</title></rect>')

    def dot(self, x: float, y: float, style: str, hint: str = '') -> None:
        """Mark a data point."""
        px, py = self.at(x, y)
        self.parts.append(f'<circle class="{style}" cx="{px:.1f}" cy="{py:.1f}" r="5">'
                          f'<title>{escape(hint)}</title></circle>')

    def text(self, x: float, y: float, text: str, style: str = 'tick', anchor: str = 'middle',
             dx: float = 0.0, dy: float = 0.0) -> None:
        """Write at a data point, moved by pixels."""
        px, py = self.at(x, y)
        self.parts.append(f'<text class="{style}" x="{px + dx:.1f}" y="{py + dy:.1f}" '
                          f'text-anchor="{anchor}">{escape(text)}</text>')

    def axis_y(self, ticks: Sequence[float], label: Callable[[float], str]) -> None:
        """Draw a labelled horizontal grid."""
        for tick in ticks:
            self.line([(self.x[0], tick), (self.x[1], tick)], 'ruler')
            self.text(self.x[0], tick, label(tick), anchor='end', dx=-8, dy=4)

    def axis_x(self, ticks: Sequence[float], title: str) -> None:
        """Label the horizontal axis."""
        for tick in ticks:
            self.text(tick, self.y[0], f'{tick:g}', dy=18)
        self.text((self.x[0] + self.x[1]) / 2, self.y[0], title, 'caption', dy=36)

    def svg(self, label: str) -> str:
        """Return the picture; `label` describes it to a screen reader."""
        return (f'<svg viewBox="0 0 {self.width} {self.height}" role="img" '
                f'aria-label="{escape(label)}">{"".join(self.parts)}</svg>')


def percent(value: float) -> str:
    """Return a share as whole percents, with a space that no line breaks at."""
    return f'{100 * value:.0f}\u202f%'


def ticks_of(high: float, count: int = 5) -> list[float]:
    """Return round values from 0 to `high` or a little beyond."""
    step = max(high, 1e-9) / count
    scale = 10.0 ** floor(log10(step))
    step = next(n * scale for n in (1, 2, 2.5, 5, 10) if n * scale >= step * 0.999)
    return [round(i * step, 10) for i in range(ceil(high / step - 1e-9) + 1)]


def _style(entry: Round) -> str:
    return 'base' if entry.baseline else 'dagger'


def _hint(entry: Round) -> str:
    low, high = entry.interval
    return (f'{entry.name}: {entry.successes} of {entry.episodes} '
            f'({percent(low)} to {percent(high)}), {entry.human_seconds:.0f} s of a human')


def _whisker(canvas: Canvas, x: float, interval: Interval, half: float, style: str) -> None:
    low, high = interval
    canvas.line([(x, low), (x, high)], style)
    for end in (low, high):
        canvas.line([(x - half, end), (x + half, end)], style)


def _wrapped(text: str, width: float) -> list[str]:
    return wrap(text, max(int(width / TICK_WIDTH), 1), break_long_words=False) or ['']


def success_bars(rounds: Sequence[Round]) -> str:
    """Return the success rate of each round with its interval."""
    names = [_wrapped(r.name, (WIDTH - LEFT - RIGHT) / len(rounds)) for r in rounds]
    more = 14 * (max(map(len, names)) - 1)
    canvas = Canvas((0, len(rounds)), (0, 1), height=HEIGHT + more, bottom=BOTTOM + more)
    canvas.axis_y([0, 0.25, 0.5, 0.75, 1], percent)
    for i, entry in enumerate(rounds):
        canvas.rectangle((i + 0.22, 0), (i + 0.78, entry.rate), f'{_style(entry)} fill',
                         _hint(entry))
        _whisker(canvas, i + 0.5, entry.interval, 0.06, 'whisker')
        canvas.text(i + 0.5, 0, f'{entry.successes}/{entry.episodes}', 'value', dy=18)
        for row, words in enumerate(names[i]):
            canvas.text(i + 0.5, 0, words, 'tick', dy=35 + 14 * row)
    return canvas.svg('Success rate per round')


def success_against_time(rounds: Sequence[Round]) -> str:
    """Return success against the human seconds that it took."""
    ticks = ticks_of(max([r.human_seconds for r in rounds], default=0.0) or 1.0)
    canvas = Canvas((0, ticks[-1] * 1.04), (0, 1))
    canvas.axis_y([0, 0.25, 0.5, 0.75, 1], percent)
    canvas.axis_x(ticks, 'seconds a person drove the robot')
    for baseline in (True, False):
        # Demonstrations alone are where both lines begin.
        line = [r for r in rounds if r.baseline == baseline or r is rounds[0]]
        line.sort(key=lambda r: r.human_seconds)
        canvas.line([(r.human_seconds, r.rate) for r in line],
                    'base stroke' if baseline else 'dagger stroke')
    for entry in rounds:
        _whisker(canvas, entry.human_seconds, entry.interval, canvas.x[1] * 0.008,
                 f'{_style(entry)} range')
        canvas.dot(entry.human_seconds, entry.rate, f'{_style(entry)} mark', _hint(entry))
    return canvas.svg('Success rate against human seconds')


def human_shares(rounds: Sequence[Round]) -> str:
    """Return which part of each collection a person drove; '' where no round says it."""
    known = [(r.name, r.human_share) for r in rounds if r.human_share is not None]
    if not known:
        return ''
    canvas = Canvas((0, 1), (len(known), 0), height=TOP + BOTTOM + 38 * len(known), left=150)
    canvas.axis_x([], '')
    for i, (name, share) in enumerate(known):
        lines = _wrapped(name, canvas.left - 10)
        for row, words in enumerate(lines):
            canvas.text(0, i + 0.5, words, 'tick', 'end', dx=-10,
                        dy=4 + 14 * (row - (len(lines) - 1) / 2))
        canvas.rectangle((0, i + 0.8), (1, i + 0.2), 'track', name)
        canvas.rectangle((0, i + 0.8), (share, i + 0.2), 'human fill',
                         f'{name}: {percent(share)}')
        canvas.text(share, i + 0.5, percent(share), 'value', 'end' if share > 0.9 else 'start',
                    dx=-6 if share > 0.9 else 6, dy=4)
    return canvas.svg('Share of the time in which a person drove')


def timeline(episodes: Sequence[Mapping[str, object]]) -> str:
    """Return one line per episode: autonomous, corrected, and how it ended.

    Args:
        episodes: Each {name, duration_s, success, corrections: [{start_s, end_s, cause}]}.
    """
    if not episodes:
        return ''
    ticks = ticks_of(max(_seconds(e, 'duration_s') for e in episodes))
    canvas = Canvas((0, ticks[-1] * 1.06), (len(episodes), 0),
                    width=WIDE, height=TOP + BOTTOM + ROW * len(episodes), left=130)
    for tick in ticks:
        canvas.line([(tick, 0), (tick, len(episodes))], 'ruler')
    canvas.axis_x(ticks, 'seconds into the episode')
    for i, episode in enumerate(episodes):
        end = _seconds(episode, 'duration_s')
        canvas.text(0, i + 0.5, str(episode.get('name', i)), 'tick', 'end', dx=-10, dy=4)
        canvas.rectangle((0, i + 0.78), (end, i + 0.22), 'policy fill', f'autonomous, {end:.1f} s')
        corrections = episode.get('corrections', ())
        assert isinstance(corrections, Sequence)
        for span in corrections:
            start, stop = float(span['start_s']), float(span['end_s'])
            canvas.rectangle((start, i + 0.78), (stop, i + 0.22), 'human fill',
                             f'{start:.1f} to {stop:.1f} s: {span.get("cause", "correction")}')
        success = bool(episode.get('success'))
        canvas.text(end, i + 0.5, '✓' if success else '✗', 'good' if success else 'bad',
                    'start', dx=7, dy=5)
    return canvas.svg('Corrections over time')


def _seconds(values: Mapping[str, object], key: str) -> float:
    return float(values[key])  # type: ignore[arg-type]


def loss_curves(curves: Mapping[str, Sequence[float]], steps: Sequence[float]) -> str:
    """Return training curves on a logarithmic axis.

    Args:
        curves: Losses per name, each as long as `steps`; at most four.
        steps: The training steps at which they were taken.
    """
    shown = {name: [(s, log10(v)) for s, v in zip(steps, values, strict=True) if v > 0]
             for name, values in curves.items()}
    points = [p for line in shown.values() for p in line]
    if not points:
        return ''
    low, high = floor(min(y for _, y in points)), ceil(max(y for _, y in points) - 1e-9)
    ticks = ticks_of(max(x for x, _ in points))
    canvas = Canvas((0, ticks[-1] * 1.02), (low, max(high, low + 1)))
    canvas.axis_y(range(low, max(high, low + 1) + 1), lambda y: f'{10.0 ** y:g}')
    canvas.axis_x(ticks, 'training step')
    for i, (name, line) in enumerate(shown.items()):
        canvas.line(line, f'curve{i % 4} stroke')
        canvas.text(canvas.x[1], canvas.y[1], name, f'curve{i % 4} legend', 'end',
                    dy=14 + 17 * i)
    return canvas.svg('Training curves')
