"""Datasets that shall be learned from together, side by side: what does not fit, and why."""
from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from il_ros.contract import Contract, differences, with_limits_of
from il_ros.datasets import schema
from il_ros.datasets.units import likely_unit, unit_problems
from il_ros.errors import IlRosError
from il_ros.inspection.others import FEW, LEAD_TICKS
from il_ros.inspection.side import JOINTS, Side
from il_ros.types import Floats
import numpy as np

USUAL = (1, 99)         # percentiles of what counts as usual
TIMES_LARGER = 8        # of two datasets in one unit no joint moves so much farther from zero
MOVES = 0.02            # [rad] or [m] that a joint moves, below which nobody can tell its unit
LONGER = 2.0            # times, of the median of a task's episodes
COLOUR = 0.2            # of the brightest, by which the mean colours of one camera differ


@dataclass(frozen=True)
class TaskSide:
    """A task in one dataset.

    Attributes:
        episodes: Of it.
        seconds: Median of their lengths [s].
        successes: Of them.
    """

    task: str
    name: str
    episodes: int
    seconds: float
    successes: int


@dataclass(frozen=True)
class Comparison:
    """Several datasets beside each other.

    Attributes:
        sides: In the order asked for.
        tasks: Each task of each dataset, those of several first.
        problems: What to look at before they are learned from together.
    """

    sides: Sequence[Side]
    tasks: list[TaskSide]
    problems: list[str]


def compare(sides: Sequence[Side]) -> Comparison:
    """Return what several datasets have in common, and what does not fit.

    Each is held against the first of the robot itself (without a mapping), each task's episodes
    against those of the first dataset that has it.

    Args:
        sides: Two or more.
    """
    first = next((side for side in sides if side.mapping is None), sides[0])
    fitting, problems, other_unit = [first], list[str](), set[str]()
    for side in sides:
        if side is not first:
            odd = list(_other_columns(first, side))
            problems += odd
            if not any(joint in line for line in odd for joint in ('joints', 'by its mapping')):
                fitting.append(side)
                for joint, line in _units(first, side):
                    other_unit.add(joint)
                    problems.append(line)
            problems += [*_colours(first, side), *_twice(first, side)]
    shown = sorted({task for side in sides for task in side.of_task},
                   key=lambda task: -sum(task in side.of_task for side in sides))
    for task in shown:
        have = [side for side in fitting if task in side.of_task]
        for side in have[1:]:
            problems += _same_task(task, first.dataset.contract, have[0], side, other_unit)
    outcome = {id(side): {e.index: e.outcome for e in side.report.episodes} for side in sides}
    return Comparison(sides, [
        TaskSide(task, side.name, len(numbers), float(np.median(side.seconds(task))),
                 sum(outcome[id(side)][k] == 'success' for k in numbers))
        for task in shown for side in sides if (numbers := side.of_task.get(task))], problems)


def _other_columns(first: Side, side: Side) -> Iterator[str]:
    """Yield where rates, joints, cameras, poses and further columns are not the same."""
    ours, theirs = first.dataset.contract, side.dataset.contract
    if first.dataset.fps != side.dataset.fps:
        yield (f'{side.name}: {side.dataset.fps:g} rows per second, {first.name} '
               f'{first.dataset.fps:g}: a chunk of actions would take another time; convert the '
               'bags of one at the rate of the other')
    if side.mapping:
        try:
            side.mapping.check(ours, theirs, side.name)
        except IlRosError as error:
            yield f'{side.name}: by its mapping: {error}'
        return
    if ours.joint_names != theirs.joint_names:
        yield (f'{side.name}: joints {", ".join(theirs.joint_names)}; {first.name}: '
               f'{", ".join(ours.joint_names)}; say with {side.name}:map.yaml what is what')
    told = set[str]()
    for kind, a, b in (('cameras', _cameras(first), _cameras(side)),
                       ('poses', _poses(ours), _poses(theirs))):
        if a != b:
            told.add(kind)
            yield (f'{side.name}: {kind} {", ".join(b) or "none"}; {first.name}: '
                   f'{", ".join(a) or "none"}')
    if not told and ours.joint_names == theirs.joint_names and first.dataset.fps == (
            side.dataset.fps) and (lines := differences(ours, with_limits_of(ours, theirs))):
        yield (f'{side.name}: described otherwise than {first.name} (value of {first.name}, value '
               f'of {side.name}): {"; ".join(lines)}')
    mine, other = ({key for key, value in one.dataset.info['features'].items()
                    if value['dtype'] not in ('video', 'image') and key != schema.ENVIRONMENT}
                   for one in (first, side))
    for name, only in ((first.name, mine - other), (side.name, other - mine)):
        if only:
            yield f'only {name} has the columns {", ".join(sorted(only))}'


def _units(first: Side, side: Side) -> Iterator[tuple[str, str]]:
    """Yield joints whose values are in another unit, and what to say ('': it names them)."""
    ours = first.dataset.contract
    mine, columns = first.columns(ours), side.columns(ours)
    if side.mapping or (side.dataset.contract.generated and not ours.generated):
        yield from (('', f'{side.name}: {line}') for line in unit_problems(ours, columns))
    for j, joint in enumerate(ours.joints):
        for column, word in JOINTS.items():
            a, b = (np.asarray(each[column][:, j], np.float64) for each in (mine, columns))
            small, large = sorted(((a, first), (b, side)), key=lambda one: _size(one[0]))
            low, high = _usual(small[0])
            if high - low < MOVES or _size(large[0]) < TIMES_LARGER * _size(small[0]):
                continue
            unit = likely_unit(*_usual(large[0]), low, high, j in ours.grippers)
            yield joint.name, (
                f'joint {joint.name!r}, {word}: {_range(a)} in {first.name}, {_range(b)} in '
                f'{side.name}: expected one unit'
                + (f'; is {large[1].name} in {unit}?' if unit else ''))
            break


def _same_task(task: str, ours: Contract, first: Side, side: Side, other_unit: Collection[str]
               ) -> Iterator[str]:
    """Yield where the episodes of one task are of another kind; units were told already."""
    rows = [one.rows(task) for one in (first, side)]
    tables = [one.columns(ours) for one in (first, side)]
    for j, joint in enumerate(ours.joints):
        for column, word in JOINTS.items() if joint.name not in other_unit else ():
            a, b = (np.asarray(table[column][of, j], np.float64)
                    for table, of in zip(tables, rows, strict=True))
            if _beyond(a, b) and _beyond(b, a):
                yield (f'{task}: joint {joint.name!r}, {word}: usually {_range(a)} in '
                       f'{first.name}, {_range(b)} in {side.name}: is its zero another, or was '
                       'it done elsewhere?')
                break
    seconds = [one.seconds(task) for one in (first, side)]
    middle = [float(np.median(each)) for each in seconds]
    if min(map(len, seconds)) >= FEW and max(middle) > LONGER * min(middle):
        yield (f'{task}: its episodes last {middle[0]:.1f} s in {first.name}, {middle[1]:.1f} s '
               f'in {side.name}: one speed is learned from both')
    a_s, b_s = first.lead_s(task), side.lead_s(task)
    if a_s is not None and b_s is not None and abs(a_s - b_s) * ours.rate_hz >= LEAD_TICKS:
        yield (f'{task}: actions are {1000 * a_s:.0f} ms ahead of the state in {first.name}, '
               f'{1000 * b_s:.0f} ms in {side.name}: what is recorded as the action is not the '
               'same')


def _colours(first: Side, side: Side) -> Iterator[str]:
    for name in first.dataset.cameras:
        if (theirs := side.camera(name)) is None:
            continue
        means = [np.ravel(one.dataset.stats.get(schema.IMAGES + camera, {}).get('mean', []))
                 for one, camera in ((first, name), (side, theirs))]
        if len(means[0]) == len(means[1]) == 3 and np.abs(means[0] - means[1]).max() > COLOUR:
            a, b = (' '.join(f'{value:.2f}' for value in mean) for mean in means)
            yield (f'camera {name}: its mean colour is {a} in {first.name}, {b} in {side.name}: '
                   'another light, or another camera')


def _twice(first: Side, side: Side) -> Iterator[str]:
    known = set[Any]().union(*first.known_by)
    if count := sum(not known.isdisjoint(each) for each in side.known_by):
        yield f'{side.name}: {count} of its episodes are in {first.name}, too'


def _cameras(side: Side) -> list[str]:
    seen = map(side.dataset.contract.camera, sorted(side.dataset.cameras))
    return [f'{camera.name} ({camera.height}x{camera.width}'
            f'{", distances" if camera.depth else ""})' for camera in seen]


def _poses(contract: Contract) -> list[str]:
    return list(contract.poses.names) if contract.poses else []


def _usual(values: Floats) -> tuple[float, float]:
    low, high = np.nanpercentile(values, USUAL)
    return float(low), float(high)


def _size(values: Floats) -> float:
    return max(map(abs, _usual(values)))


def _range(values: Floats) -> str:
    return '{:.3g} to {:.3g}'.format(*_usual(values))


def _beyond(values: Floats, others: Floats) -> bool:
    """Tell whether the middle of some values is none of the usual of others."""
    low, high = _usual(others)
    return not low <= float(np.nanmedian(values)) <= high
