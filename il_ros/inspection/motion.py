"""An episode as it moves, and what is odd about it without looking at any other."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from il_ros.angles import Angles
from il_ros.contract import Contract
from il_ros.contract.parts import parts_of
from il_ros.datasets import schema
from il_ros.datasets.from_bags.idle import moving
from il_ros.datasets.reader import Dataset
from il_ros.inspection.finding import Finding
from il_ros.inspection.parts import grasps, switches
from il_ros.types import Floats
import numpy as np
from numpy.typing import NDArray

IDLE_S = 1.5          # without motion, in the midst of it
LEAP = 4.0            # times the velocity limit, between two rows
AT_LIMIT = 1e-3       # of a joint's range: an action that lies there was clipped
CLIPPED = 0.1         # share of the rows
LAGS = 15             # ticks either way
POINTS = 16           # of a stretch of a path


@dataclass(frozen=True)
class Motion:
    """One episode.

    Attributes:
        contract: Its robot.
        task: What was to be done.
        ticks: On the grid of the recording. Shape (N,).
        state: Measured [rad] or [m]. Shape (N, J).
        action: Commanded. Shape (N, J).
        environment: Poses, (N, 0) where there are none.
        is_success: Whether it was labelled so.
    """

    contract: Contract
    task: str
    ticks: NDArray[np.int64]
    state: Floats
    action: Floats
    environment: Floats
    is_success: bool = True

    @cached_property
    def arm(self) -> NDArray[np.int64]:
        """Columns of joints that go to positions, without grippers."""
        return np.flatnonzero(~(self.contract.is_gripper | self.contract.is_velocity))

    @cached_property
    def path(self) -> Floats:
        """Arm positions as shares of the joints' ranges, along the short way. Shape (N, A)."""
        state = Angles.of(self.contract).along(self.state, np.array(self.contract.start))
        return state[:, self.arm] / self.contract.span[self.arm]

    @cached_property
    def bends(self) -> Floats | None:
        """How the path bends away from straight lines between where grippers begin to move.

        Shares of the joints' ranges at so many points of each stretch, so that it does not tell
        where objects lay. Shape (stretches, POINTS, A); None without motion.
        """
        marks = [0, *sorted({row for part in parts_of(self.contract)
                             for row in switches(part, self.action)}), len(self.path) - 1]
        stretches = [(a, b) for a, b in zip(marks, marks[1:], strict=False) if b - a > 1]
        if not stretches:
            return None
        found = []
        for begin, end in stretches:
            at, whole = np.linspace(begin, end, POINTS), np.arange(len(self.path))
            path = np.array([np.interp(at, whole, joint) for joint in self.path.T]).T
            found.append(path - np.linspace(path[0], path[-1], POINTS))
        return np.array(found)

    @cached_property
    def lead(self) -> int | None:
        """How many ticks the action is ahead of the state; None where nothing moves.

        The shift at which the two lie nearest to each other.
        """
        if len(self.state) < 4 * LAGS:
            return None
        angles, span = Angles.of(self.contract), self.contract.span
        inner = self.action[LAGS:-LAGS]
        errors = []
        for shift in range(-LAGS, LAGS + 1):
            later = self.state[LAGS + shift:len(self.state) - LAGS + shift]
            away = angles.difference(later, inner)[:, self.arm] / span[self.arm]
            errors.append(float((away ** 2).mean()))
        best = int(np.argmin(errors))
        moves = errors[0] > 4 * errors[best] or errors[-1] > 4 * errors[best]
        return best - LAGS if moves and max(errors) > 1e-8 else None

    @cached_property
    def jerk(self) -> float:
        """How rough the actions are: changes of the step between two rows, of a full step.

        Root mean square over the rows and the arm's joints.
        """
        steps = Angles.of(self.contract).difference(self.action[1:], self.action[:-1])
        most = self.contract.velocity * self.contract.period_ns * 1e-9
        changes = np.diff(steps, axis=0)[:, self.arm] / most[self.arm]
        changes = changes[np.flatnonzero(self.ticks[2:] - self.ticks[:-2] == 2)]  # over no gap
        return float(np.sqrt((changes ** 2).mean())) if len(changes) else 0.0

    @property
    def duration_s(self) -> float:
        """Rows by their period."""
        return len(self.state) / self.contract.rate_hz


def motions_of(dataset: Dataset) -> list[Motion]:
    """Return the episodes of a dataset."""
    found = []
    for number in range(len(dataset.lengths)):
        rows = dataset.rows(number)
        columns = {name: values[rows] for name, values in dataset.columns.items()}
        found.append(Motion(
            dataset.contract, dataset.tasks[int(columns['task_index'][0])],
            np.asarray(columns['tick'], np.int64), columns[schema.STATE].astype(np.float64),
            columns[schema.ACTION].astype(np.float64),
            np.asarray(columns.get(schema.ENVIRONMENT, np.empty((len(columns['tick']), 0))),
                       np.float64), bool(columns['success'].any())))
    return found


def idle(episode: Motion) -> Iterator[Finding]:
    """Tell of stretches in the midst of an episode in which nothing moves."""
    contract = episode.contract
    rows = np.flatnonzero(moving(episode.state, contract, episode.ticks))
    rests = np.diff(rows) / contract.rate_hz
    if len(rests) and rests.max() > IDLE_S:
        at = rows[int(rests.argmax())] / contract.rate_hz
        yield Finding('idle', f'stands still for {rests.max():.1f} s from {at:.1f} s on')


def leap(episode: Motion) -> Iterator[Finding]:
    """Tell of a measured position that no joint could have gone to in the time."""
    contract = episode.contract
    steps = np.abs(Angles.of(contract).difference(episode.state[1:], episode.state[:-1]))
    most = contract.velocity * contract.period_ns * 1e-9 * np.diff(episode.ticks)[:, None]
    over = (steps / most)[:, episode.arm]
    if over.size and over.max() > LEAP:
        row, column = np.unravel_index(int(over.argmax()), over.shape)
        joint = contract.joint_names[episode.arm[column]]
        yield Finding('leap', f'{joint} leaps at {row / contract.rate_hz:.1f} s, '
                              f'{over.max():.0f} times as fast as it can')


def clipped(episode: Motion) -> Iterator[Finding]:
    """Tell of actions that lie on a position limit for long: somebody wanted more."""
    contract, columns = episode.contract, episode.arm
    margin = np.minimum(episode.action - contract.lower, contract.upper - episode.action)
    at = margin[:, columns] < AT_LIMIT * contract.span[columns]
    shares = at.mean(axis=0) if len(at) else np.zeros(0)
    if len(shares) and shares.max() > CLIPPED:
        joint = contract.joint_names[columns[int(shares.argmax())]]
        yield Finding('clipped', f'{shares.max():.0%} of the actions of {joint} lie on its limit')


def never_grasped(episode: Motion) -> bool:
    """Tell whether the robot has a gripper, and none was told to close."""
    parts = [part for part in parts_of(episode.contract) if part.gripper]
    return bool(parts) and not any(grasps(part, episode.action) for part in parts)
