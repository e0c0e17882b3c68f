"""Success over a person's time, a panel per task."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from il_ros.evaluation.statistics import wilson

from benchmarks.learning.effort import Together

COLUMNS = 2   # of panels
COLOURS = {
    'HG-DAgger': 'C0', 'demonstrations': 'C7', 'demonstrations, disturbed': 'k', 'DAgger': 'C1',
    'EnsembleDAgger': 'C2', 'SafeDAgger': 'C3', 'LazyDAgger': 'C4', 'ThriftyDAgger': 'C5',
    'ThriftyDAgger without hysteresis': 'C8'}


def draw(tables: Mapping[str, Mapping[str, Together]], path: Path) -> None:
    """Write the picture; bars are 95 % Wilson intervals after the last round."""
    from matplotlib.figure import Figure

    columns = min(COLUMNS, len(tables))
    rows = -(-len(tables) // columns)
    figure = Figure((5.2 * columns, 4.4 * rows), layout='constrained')
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, (name, lines) in zip(panels, tables.items(), strict=False):
        first = lines['HG-DAgger']
        for what, line in lines.items():
            times, rates = [*line.times], [*line.rates]
            if what != 'HG-DAgger':   # all begin with the same demonstrations
                times, rates = [first.times[0], *times], [first.rates[0], *rates]
            interval = wilson(int(line.success.sum()), line.success.size)
            colour = COLOURS[what]
            style = '-' if len(line.times) > 1 else ':'
            panel.plot(times, rates, style, marker='.', color=colour, label=what)
            panel.plot([times[-1]] * 2, [interval.low, interval.high], color=colour, alpha=0.4)
        panel.set(title=name, xlabel="a person's time [s]", ylabel='success', ylim=(-0.02, 1.02))
        panel.grid(alpha=0.3)
    for empty in panels[len(tables):]:
        empty.set_axis_off()
    panels[0].legend(fontsize='small', loc='lower right')
    figure.savefig(path, dpi=90)
