"""Teleoperation with a tracked hand or tool, from geometry_msgs/PoseStamped."""
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Annotated

from il_ros.config import OneOf
from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.teleop.device import DeviceContext, Intent
from il_ros.teleop.hand import Pace
from il_ros.teleop.inputs import Guard, Heard, Input, Pose
from il_ros.teleop.parts import keep_still, may_hold
from il_ros.teleop.switch import ALWAYS, PEDAL, Switch
from il_ros.teleop.tool_follow import Following, ToolFollow
from il_ros.types import Floats
import numpy as np

WAYS = OneOf((PEDAL, ALWAYS))


@dataclass(frozen=True)
class MocapSettings:
    """Settings of a tracked hand.

    Attributes:
        topic: Its PoseStamped, as of vrpn_mocap or mocap_optitrack.
        following: How its motion becomes the tool's.
        engage: When a person drives: while the `pedal` is held, or `always` while it is tracked.
    """

    topic: str = 'mocap/pose'
    following: Following = field(default_factory=Following)
    engage: Annotated[str, WAYS] = PEDAL

    def __post_init__(self) -> None:
        WAYS.check('engage', self.engage)


class Mocap:
    """The tool of one arm goes as the hand goes while a person drives. See `Device`.

    A tracker that lost its markers may repeat the last pose: one that is the same to the last bit
    is silence. The pedal's gripper button opens and closes.
    """

    name = 'mocap'
    absolute = False

    def __init__(self, contract: Contract, settings: MocapSettings,
                 parts: Collection[str] = ()) -> None:
        """Take the first arm of these names, of all when empty.

        Raises:
            ConfigError: The robot has no such arm, or its URDF does not fit.
        """
        arms = [arm for arm in contract.arms if not parts or arm.name in parts]
        if not arms or not arms[0].tip or not contract.urdf:
            raise ConfigError(f'mocap: the contract of {contract.robot!r} needs a URDF, and an '
                              'arm with a tip that follows the hand')
        self.wants: tuple[Input, ...] = (Input('pose', 'pose', settings.topic),)
        self._parts = frozenset((arms[0].name,))
        self.notice, self._contract = '', contract
        self._guard, self._switch = Guard(self.name), Switch(settings.engage)
        self._follow = ToolFollow(contract, arms[0], settings.following)
        self._columns, self._gripper = contract.indices(arms[0].joints), arms[0].gripper
        self._grip = contract.indices([self._gripper.joint])[0] if self._gripper else -1
        self._fresh: Heard | None = None     # the first that said what the newest says
        self._told: Floats | None = None     # while a person drives
        self._closed, self._pace = False, Pace()

    def read(self, context: DeviceContext) -> Intent | None:
        """Return where the tool shall go, None while the hand is not tracked."""
        dt_s = self._pace.step_s(context.now_ns)
        hand = self._guard.take(self._seen(context.heard.get('pose')), context.now_ns)
        self.notice = self._guard.notice or self._switch.problem(context.dead_man)
        if not isinstance(hand, Pose) or self._guard.leapt:
            self._switch.let_go()
        engaged = self._switch.read(context.dead_man)
        if not isinstance(hand, Pose):
            self._told = None
            return None
        if not engaged:
            self._told = None
            return Intent(False, np.where(self._contract.is_velocity, 0.0, context.state))
        return Intent(True, self._go(context, hand, dt_s), parts=self._parts)

    def reset(self, seed: int) -> None:
        """Let go; the seed plays no part."""
        self._switch.let_go()

    def close(self) -> None:
        """Nothing to give back."""

    def _seen(self, heard: Heard | None) -> Heard | None:
        if heard is None or not isinstance(heard.value, Pose):
            return None
        before = self._fresh
        if before is None or not isinstance(before.value, Pose) or not (
                np.array_equal(before.value.position, heard.value.position)
                and np.array_equal(before.value.quaternion, heard.value.quaternion)):
            self._fresh = heard
        return self._fresh

    def _go(self, context: DeviceContext, hand: Pose, dt_s: float) -> Floats:
        arm = context.state[self._columns]
        if self._told is None:
            self._told = keep_still(self._contract, context.state)
            self._follow.start(arm, hand)
            if self._gripper:
                self._closed = may_hold(self._gripper, context.state[self._grip])
        self._told[self._columns] = self._follow.move(arm, hand, dt_s)
        if self._gripper:
            self._closed ^= context.grip
            self._told[self._grip] = self._gripper.closed if self._closed else self._gripper.open
        return self._told.copy()
