"""What each device costs, how it takes over, and what it makes of inputs of no person.

`run` has it short; at length: `python -m benchmarks.devices spacemouse --take-overs 10000 --inputs
1000000`, for all devices without a name.
"""
from __future__ import annotations

from typing import Annotated

from il_ros.types import Mode
import numpy as np
from teleop.desk import Desk, LIMITS, PERIOD_NS
from teleop.fuzz import fuzz
from teleop.people import FUZZED, PEOPLE
from teleop.test_devices import take_over
import typer

from benchmarks.common import Line

READINGS, WARM_UP = 1500, 100
TAKE_OVERS, INPUTS = 50, 20_000


def measure(name: str = '', take_overs: int = TAKE_OVERS, inputs: int = INPUTS) -> list[Line]:
    """Return the lines of a device, of all without a name."""
    lines = []
    for each in [name] if name else PEOPLE:
        lines += [_cost(each), _take_overs(each, take_overs)]
        if each in FUZZED:
            lines.append(_fuzzed(each, inputs))
    return lines


def _cost(name: str) -> Line:
    """Time the readings of a device that drives; an arm of six joints, through Pinocchio."""
    rng = np.random.default_rng(0)
    person = PEOPLE[name](rng)
    desk = Desk(person, rng, Mode.TELEOP)
    desk.stand((LIMITS.lower + LIMITS.upper) / 2)
    desk.tick()
    person.engage(True)
    times = []
    for _ in range(READINGS):
        person.wander(rng, desk.measured)
        desk.tick()
        times.append(desk.read_ns)
    person.close()
    spent = np.array(times[WARM_UP:], dtype=np.float64)
    return Line(f'{name}: reading it, mean / p99',
                f'{spent.mean() / PERIOD_NS:.2%} / {np.percentile(spent, 99) / PERIOD_NS:.2%}',
                'of a core at the control rate (at most 5 %)',
                f'{spent.mean() / 1e6:.3f} / {np.percentile(spent, 99) / 1e6:.3f} ms')


def _take_overs(name: str, number: int) -> Line:
    found = take_over(name, number, 1)
    return Line(f'{name}: longest step of {found.number} take-overs and hand-backs',
                f'{found.worst:.6f}', 'v_max dt (at most 1)',
                f'{found.at_once} at the tick of engaging, {found.later} one later')


def _fuzzed(name: str, number: int) -> Line:
    found = fuzz(name, number, 1)
    return Line(f'{name}: longest step of {found.inputs} fuzzed inputs', f'{found.worst:.6f}',
                'v_max dt (at most 1)',
                f'0 unsafe; it drove at {found.driven} of {found.ticks} ticks')


def main(name: Annotated[str, typer.Argument(help='A device; all without.')] = '',
         take_overs: int = TAKE_OVERS, inputs: int = INPUTS) -> None:
    """Measure and print; what breaks a promise ends it."""
    if name and name not in PEOPLE:
        raise typer.BadParameter(f'expected one of {", ".join(PEOPLE)}, got {name!r}')
    for line in measure(name, take_overs, inputs):
        typer.echo('   '.join(line))


if __name__ == '__main__':
    typer.run(main)
