"""Teleoperation with a leader arm whose servos we read ourselves."""
from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
import time

from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.teleop.buses.bus import Counts
from il_ros.teleop.buses.follow import Follow
from il_ros.teleop.buses.reader import Reader, Sample
from il_ros.teleop.buses.settings import BusSettings, connect
from il_ros.teleop.buses.turns import Turns
from il_ros.teleop.device import DeviceContext, Intent
from il_ros.teleop.inputs import Guard, Heard, Input, Joints
from il_ros.teleop.leader import Leader, LeaderSettings
from il_ros.types import Floats
import numpy as np

TARGET = Input('target', 'joints', 'teleop/target', of_robot=True)


class ServoLeader:
    """A `Leader` whose joint states we make from its servos. See `Device`.

    Torque is off from opening to closing, but while it follows `teleop/target`.
    """

    name = 'leader'
    absolute = True

    def __init__(self, contract: Contract, settings: BusSettings, parts: Collection[str] = (),
                 steady_ns: Callable[[], int] = time.monotonic_ns) -> None:
        """Open the bus.

        Args:
            contract: The robot.
            settings: Of the leader.
            parts: Names of the arms that it moves; all when empty.
            steady_ns: The clock by which the age of a reading is told [ns].

        Raises:
            BusError: The port cannot be had, a servo is missing or another one.
            ConfigError: The settings do not name the joints of those arms.
        """
        self._leader = Leader(contract, LeaderSettings(engage=settings.engage), parts)
        self._servos = servos = settings.servos(contract)
        names = [servo.name for servo in servos]
        if missing := [name for name in self._leader.joint_names if name not in names]:
            raise ConfigError(f'leader: no servo of joint {missing[0]!r}; il_ros device calibrate '
                              'writes a file with all of them')
        if strange := [name for name in names if name not in self._leader.joint_names]:
            raise ConfigError(f'leader: joint {strange[0]!r}: expected one of '
                              f'{", ".join(self._leader.joint_names)}')
        self._columns, self._names = contract.indices(names), tuple(names)
        lower, upper = contract.lower[self._columns], contract.upper[self._columns]
        self._turns = Turns(servos, lower, upper)
        self._arm = np.flatnonzero(~contract.is_gripper[self._columns])
        self._follow: Follow | None = None
        if settings.follow:
            self._follow = Follow(np.minimum(
                settings.follow.speed, contract.velocity[self._columns][self._arm]))
        self._target = Guard('leader: target')
        self.wants: tuple[Input, ...] = (TARGET,) if self._follow else ()
        self.notice, self._steady_ns = '', steady_ns
        self._sample: Sample | None = None
        self._heard: Heard | None = None
        self._seen: tuple[Counts, Floats] | None = None
        self._reader = Reader(
            partial(connect, settings, servos), settings.rate_hz,
            [*(servo.id for servo in servos), *settings.shadows],
            [servos[number].id for number in self._arm])

    def read(self, context: DeviceContext) -> Intent | None:
        """Return the leader's pose, None while its servos are not heard."""
        self._hear(context)
        heard = {'joints': self._heard} if self._heard else {}
        intent = self._leader.read(replace(context, heard=heard))
        if self._leader.leapt:
            self._forget()     # what leapt may have been wrong by a turn
        self._drive(context, intent)
        self.notice = (self._said() or self._leader.notice
                       or (self._follow.notice if self._follow else ''))
        return intent

    def reset(self, seed: int) -> None:
        """Let go, with the motors off; the seed plays no part."""
        self._leader.reset(seed)
        self._reader.drive(None)
        if self._follow:
            self._follow.release()

    def close(self) -> None:
        """Give the bus back, with the torque off; a second call does nothing."""
        self._reader.close()

    def _said(self) -> str:
        problem = self._reader.problem
        return f'leader: {problem}' if problem else self._turns.notice

    def _hear(self, context: DeviceContext) -> None:
        """Take the newest sample over as a message of joints that came when it was read."""
        sample = self._reader.newest
        before, self._sample = self._sample, sample
        if sample is None or (before and sample.run != before.run):
            self._forget()     # lost, if only in between
        elif sample is not before:
            self._take(sample, context)

    def _forget(self) -> None:
        """Know nothing until the servos are read anew, and look for their turns then."""
        self._turns.restart()
        self._heard = self._seen = None

    def _take(self, sample: Sample, context: DeviceContext) -> None:
        found = self._turns.follow(sample.counts, context.state[self._columns])
        if found is None:
            self._heard = self._seen = None
            return
        self._seen = sample.counts, found
        self._heard = Heard(Joints(self._names, found), 0, context.now_ns - (
            self._steady_ns() - sample.steady_ns))

    def _drive(self, context: DeviceContext, intent: Intent | None) -> None:
        if self._follow is None:
            return
        held = bool(context.dead_man) or intent is None or intent.engaged
        counts, at = self._seen or (None, None)
        goal = self._follow.step(None if at is None else at[self._arm], self._asked(context),
                                 held, context.now_ns)
        if goal is None or counts is None or at is None:
            self._reader.drive(None)
            return
        away = (goal - at[self._arm]) / self._turns.way[self._arm]
        self._reader.drive(counts[self._arm] + np.round(away).astype(np.int64))

    def _asked(self, context: DeviceContext) -> Floats | None:
        """Return where the robot is said to be, for the joints with motors [rad]."""
        found = self._target.take(context.heard.get('target'), context.now_ns)
        if not isinstance(found, Joints) or self._target.leapt:
            return None
        where = dict(zip(found.names, found.positions.tolist(), strict=True))
        names = [self._names[number] for number in self._arm]
        return np.array([where[n] for n in names]) if all(n in where for n in names) else None
