"""Where a Cartesian controller was told to bring a tip, as joints.

Nobody recorded the joints that the controller chose. Taken are those that put the tip there and
are found from where the arm was measured when it was told: of an arm of six joints the same, as
long as it goes on in the same posture; of one with seven, near to them.
"""
from __future__ import annotations

from dataclasses import replace
from typing import Any

from il_ros.contract import CommandInterface, Contract
from il_ros.datasets.from_bags.told import AT_ONCE, Told
from il_ros.errors import MessageError
from il_ros.types import Floats
import numpy as np

POSE = 'geometry_msgs/PoseStamped'
UNIT = 0.01     # how far the length of a quaternion may be from 1


class ToolTargets:
    """The poses on one command topic.

    Args:
        contract: The robot, with its URDF.
        interface: Of type PoseStamped.

    Raises:
        ConfigError: There is no URDF, or it lacks a joint or a link.
    """

    def __init__(self, contract: Contract, interface: CommandInterface) -> None:
        from il_ros.kinematics import chain
        arm = contract.arm(interface.arm) if interface.arm else contract.arms[0]
        self._topic, self.joints = interface.name, list(arm.joints)
        self._chain, self._columns = chain(contract, arm), contract.indices(arm.joints)
        self._name = interface.frame or self._chain.root
        self._frame = chain(contract, replace(arm, tip=self._name))

    def read(self, message: Any) -> tuple[Floats, Floats]:
        """Return position [m] and rotation in the frame of the commands. Shapes (3,), (3, 3).

        Raises:
            MessageError: It is in another frame, or no pose.
        """
        name = message.header.frame_id.removeprefix('/')
        if name not in ('', self._name):
            raise MessageError(f'{self._topic}: its poses are in the frame {name!r}, expected '
                               f'{self._name!r}; write frame: {name} at the command in the '
                               'contract')
        at, turned = message.pose.position, message.pose.orientation
        position = np.array([at.x, at.y, at.z])
        quaternion = np.array([turned.x, turned.y, turned.z, turned.w])
        if not np.isfinite(position).all() or not abs(np.linalg.norm(quaternion) - 1) < UNIT:
            raise MessageError(f'{self._topic}: no pose: position {position.tolist()}, '
                               f'orientation {quaternion.tolist()} (x y z w)')
        return position, _matrix(quaternion)

    def told(self, message: Any, measured: Floats) -> Told:
        """Return what a pose tells the joints of the arm.

        Args:
            message: A PoseStamped.
            measured: Where all joints are, in contract order. Shape (J,).

        Raises:
            MessageError: It is no pose of the frame, or out of the arm's reach.
        """
        position, rotation = self.read(message)
        q = measured[self._columns]
        origin, axes = self._frame.forward(q)
        found = self._chain.inverse(origin + axes @ position, axes @ rotation, q)
        if found is None:
            raise MessageError(f'{self._topic}: from where the arm is, its joints cannot bring '
                               f'the tip to {position.round(3).tolist()} m as it is to be turned')
        return Told(self.joints, found[None], AT_ONCE)


def _matrix(quaternion: Floats) -> Floats:
    """Return the rotation of a quaternion x y z w of about unit length. Shape (3, 3)."""
    x, y, z, w = quaternion / np.linalg.norm(quaternion)
    return np.array([[1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                     [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                     [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]])
