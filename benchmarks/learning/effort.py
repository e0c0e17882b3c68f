"""What a person's time was worth: the figures of a run, of all seeds together, and their table."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from il_ros.evaluation.statistics import compare_paired, wilson
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.learning.methods import Run


class Line(NamedTuple):
    """One method with one seed, as JSON can hold it.

    Attributes:
        curve: After each evaluation, a person's time so far [s], the first demonstrations among
            it, and 0 or 1 per held-out seed.
        rounds: Of each, switches to the person and steps at which control could pass to them.
        lengths: Steps of each intervention.
    """

    curve: Sequence[tuple[float, Sequence[int]]]
    rounds: Sequence[tuple[int, int]]
    lengths: Sequence[int]

    @staticmethod
    def of(run: Run) -> Line:
        """Return the line of a run."""
        second = run.task.seconds_per_step
        # Of an episode that a person drove alone there is one such step, the first.
        parts = [[e for e in part if e.robot_steps[1:]] for part in run.rollouts]
        return Line(
            [(point.human_steps * second, point.success.astype(int).tolist())
             for point in run.curve],
            [(sum(len(e.interventions) for e in part), sum(len(e.robot_steps) for e in part))
             for part in parts],
            [length for part in parts for e in part for length in e.interventions])


class Together(NamedTuple):
    """The lines of a method over all seeds.

    Attributes:
        success: After the last round. Shape (seeds, n).
        times: Mean of a person's time at each evaluation [s].
        rates: Mean success at each evaluation.
        rounds: Sums per round, as in `Line`.
        length: Mean, in steps.
    """

    success: NDArray[np.bool_]
    times: Sequence[float]
    rates: Sequence[float]
    rounds: Sequence[tuple[int, int]]
    length: float

    @staticmethod
    def of(lines: Sequence[Line]) -> Together:
        """Return the sums and means of some lines."""
        lengths = [length for line in lines for length in line.lengths]
        points = list(zip(*(line.curve for line in lines), strict=True))   # per evaluation
        return Together(
            np.array([line.curve[-1][1] for line in lines], bool),
            [float(np.mean([time for time, _ in seeds])) for seeds in points],
            [float(np.mean([success for _, success in seeds])) for seeds in points],
            [(sum(switches for switches, _ in part), sum(robot for _, robot in part))
             for part in zip(*(line.rounds for line in lines), strict=True)],
            float(np.mean(lengths)) if lengths else 0.0)

    @property
    def rate(self) -> float:
        """Success after the last round."""
        return self.rates[-1]

    @property
    def switch_rate(self) -> float:
        """Switches to the person per step at which control could pass to them."""
        robot = sum(robot for _, robot in self.rounds)
        return sum(switches for switches, _ in self.rounds) / robot if robot else 0.0

    @property
    def fall(self) -> float:
        """How many times the first round's switch rate is that of the last; one switch is none."""
        (first, before), (last, after) = self.rounds[0], self.rounds[-1]
        return (first / before) / (max(last, 1) / after)

    @property
    def watched(self) -> float:
        """Steps of the robot per seed that a person who decides has to watch."""
        return sum(robot - switches for switches, robot in self.rounds) / len(self.success)

    def time_of(self, other: Together) -> float:
        """Return the time for another's success over the other's; infinite if not reached.

        Success grows linearly from one evaluation to the next.
        """
        for k, rate in enumerate(self.rates):
            if rate >= other.rate:
                if not k:
                    return self.times[0] / other.times[-1]
                before = self.rates[k - 1]
                share = (other.rate - before) / (rate - before)
                return (self.times[k - 1] + share * (self.times[k] - self.times[k - 1])
                        ) / other.times[-1]
        return float('inf')


def show(console: Console, name: str, lines: Mapping[str, Together],
         seconds_per_step: float) -> None:
    """Print the table of a task, and what each evaluation found."""
    table = Table('task', 'method', 'success', '95 %', 'less HG', 'p', 'human s', 'switch rate',
                  'per round', 'length', box=None, padding=(0, 2))
    best = lines['HG-DAgger'].success.reshape(-1)
    for what, line in lines.items():
        success = line.success.reshape(-1)
        interval = wilson(int(success.sum()), len(success))
        paired = compare_paired(success, best)
        rates = ', '.join(f'{switches / robot:.3f}' for switches, robot in line.rounds if robot)
        table.add_row(name, what, f'{success.mean():.2f}',
                      f'{interval.low:.2f} to {interval.high:.2f}',
                      f'{paired.difference:+.2f}', f'{paired.p_value:.3f}',
                      f'{line.times[-1]:.0f}', f'{line.switch_rate:.3f}' if rates else '', rates,
                      f'{line.length:.1f}' if line.length else '')
    console.print(table)
    for what, line in lines.items():
        if len(line.times) > 1:
            points = ', '.join(f'{rate:.2f} at {time:.0f} s'
                               for time, rate in zip(line.times, line.rates, strict=True))
            console.print(f'{name}: {what}: {points}')
    human = lines['HG-DAgger']
    share = lines['ThriftyDAgger'].time_of(human)
    watched = human.watched * seconds_per_step
    whole = share * human.times[-1] / (human.times[-1] + watched)
    console.print(f"{name}: for HG-DAgger's success ThriftyDAgger takes {share:.2f} of the time "
                  f'that a person drives in HG-DAgger, and {whole:.2f} of it if the {watched:.0f} '
                  's in which that person watches count')
