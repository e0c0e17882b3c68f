"""Teleoperation with a leader arm whose driver publishes its joints as sensor_msgs/JointState.

`buses.device` is for leaders without a driver.
"""
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Annotated

from il_ros.angles import Angles
from il_ros.config import OneOf
from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.teleop.device import DeviceContext, Intent
from il_ros.teleop.inputs import Guard, Input, Joints
from il_ros.teleop.switch import ALWAYS, MOVED, PEDAL, Switch
from il_ros.types import Floats
import numpy as np

WAYS = OneOf((PEDAL, ALWAYS, MOVED))
BY_TOPIC = 'joints'


@dataclass(frozen=True)
class LeaderJoint:
    """Where a joint of the robot is on the leader.

    Attributes:
        name: The robot's joint.
        source: The leader's, `from` in YAML; the one of the same name when empty.
        scale: Way of the robot's joint per way of the leader's; below zero the other way round.
        offset: Where the leader's joint is while the robot's is at 0 [rad] or [m].
    """

    name: str
    source: str = field(default='', metadata={'key': 'from'})
    scale: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True)
class LeaderGripper:
    """Which joint of the leader a gripper of the robot goes by, and that joint's ends.

    Attributes:
        name: The robot's gripper joint.
        source: The leader's joint, `from` in YAML.
        open: Where that is when the gripper shall be open [rad] or [m].
        closed: The same of closed.
    """

    name: str
    source: str = field(metadata={'key': 'from'})
    open: float
    closed: float


@dataclass(frozen=True)
class LeaderSettings:
    """Settings of a leader.

    Attributes:
        topic: Its JointState.
        joints: Those of the robot that the leader calls or counts otherwise.
        grippers: Likewise.
        engage: When a person drives: while the `pedal` is held, `always` while the leader is
            heard, or once it is `moved` (`take_over_motion` of the arbiter).
        bus: 'joints': a driver reads its servos; other words belong to `buses.settings`.
    """

    topic: str = 'leader/joint_states'
    joints: tuple[LeaderJoint, ...] = ()
    grippers: tuple[LeaderGripper, ...] = ()
    engage: Annotated[str, WAYS] = PEDAL
    bus: Annotated[str, OneOf((BY_TOPIC,))] = BY_TOPIC

    def __post_init__(self) -> None:
        WAYS.check('engage', self.engage)
        names = [j.name for j in self.joints] + [g.name for g in self.grippers]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ConfigError(f'joints: {twice[0]} stands twice')


class Leader:
    """The robot's arms take the leader's pose; a base stands. See `Device`.

    Attributes:
        joint_names: The robot's joints that it moves.
    """

    name = 'leader'
    absolute = True

    def __init__(self, contract: Contract, settings: LeaderSettings,
                 parts: Collection[str] = ()) -> None:
        """Take what is known of the leader; its joints come with `DeviceContext.heard`.

        Args:
            contract: The robot.
            settings: Of the leader.
            parts: Names of the arms that it moves; all when empty.

        Raises:
            ConfigError: There is no such arm, or the settings name a joint that the robot has
                not.
        """
        arms = [arm for arm in contract.arms if not parts or arm.name in parts]
        if not arms:
            raise ConfigError(f'leader: {contract.robot!r} has no arm {", ".join(parts)!r} that a '
                              'leader could lead')
        wanted = [name for arm in arms for name in arm.all_joints]
        named = [j.name for j in settings.joints] + [g.name for g in settings.grippers]
        if strange := [name for name in named if name not in wanted]:
            raise ConfigError(f'leader: joint {strange[0]!r}: expected one of '
                              f'{", ".join(wanted)}')
        self.wants: tuple[Input, ...] = (Input('joints', 'joints', settings.topic),)
        self._parts = frozenset(arm.name for arm in arms)
        self.notice, self._topic = '', settings.topic
        self._guard, self._switch = Guard(self.name), Switch(settings.engage)
        self._angles, self._base = Angles.of(contract), contract.is_velocity
        self._columns, self.joint_names = contract.indices(wanted), wanted
        own = {joint.name: joint for joint in settings.joints} | {
            gripper.name: _as_joint(gripper, contract) for gripper in settings.grippers}
        self._joints = [own.get(name, LeaderJoint(name)) for name in wanted]

    @property
    def leapt(self) -> bool:
        """Whether the leader leapt as no hand can, in the last reading."""
        return self._guard.leapt

    def read(self, context: DeviceContext) -> Intent | None:
        """Return the leader's pose, None while it is not heard or lacks a joint."""
        found = self._guard.take(context.heard.get('joints'), context.now_ns)
        self.notice = self._guard.notice or self._switch.problem(context.dead_man)
        positions = self._positions(found, context.state) if isinstance(found, Joints) else None
        if positions is None or self._guard.leapt:
            self._switch.let_go()
        engaged = self._switch.read(context.dead_man)
        return None if positions is None else Intent(
            engaged, positions, parts=self._parts)

    def reset(self, seed: int) -> None:
        """Let go; the seed plays no part."""
        self._switch.let_go()

    def close(self) -> None:
        """Nothing to give back."""

    def _positions(self, found: Joints, state: Floats) -> Floats | None:
        heard = dict(zip(found.names, found.positions.tolist(), strict=True))
        if missing := [j for j in self._joints if (j.source or j.name) not in heard]:
            self.notice = (f'leader: no joint {missing[0].source or missing[0].name!r} in '
                           f'{self._topic}, which has {", ".join(found.names)}: name it in the '
                           f'settings, as {{name: {missing[0].name}, from: its name there}}')
            return None
        told = np.where(self._base, 0.0, state)
        told[self._columns] = [j.scale * (heard[j.source or j.name] - j.offset)
                               for j in self._joints]
        near = self._angles.near(told, state)
        return np.clip(near, self._angles.lower, self._angles.upper)


def _as_joint(gripper: LeaderGripper, contract: Contract) -> LeaderJoint:
    """Return the way of a gripper as that of a joint: from open to closed on both."""
    ours = contract.grippers.get(contract.indices([gripper.name])[0])
    if ours is None:
        raise ConfigError(f'leader: {gripper.name!r} is no gripper of {contract.robot!r}')
    if gripper.open == gripper.closed:
        raise ConfigError(f'leader: {gripper.name}: open and closed are both {gripper.open:g}')
    scale = (ours.closed - ours.open) / (gripper.closed - gripper.open)
    return LeaderJoint(gripper.name, gripper.source, scale, gripper.open - ours.open / scale)
