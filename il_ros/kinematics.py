"""Forward and inverse kinematics of an arm, from its URDF, with Pinocchio."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from il_ros.config import config_folders, nearest
from il_ros.contract import Arm as ContractArm
from il_ros.contract import Contract
from il_ros.contract.joint import ABOUT, TURN
from il_ros.errors import ConfigError
from il_ros.robot_model import RobotModel
from il_ros.types import Floats
from il_ros.urdf import MOVING, read_urdf, Urdf
from il_ros.urdf_text import UrdfSource, UrdfText
import numpy as np
import pinocchio as pin

DAMPING = 1e-3       # of the least squares; bounds the step near a singularity
STEP = 0.3           # largest change of a joint in one iteration of `inverse` [rad]
ITERATIONS = 100
TOLERANCE = 1e-8     # of position [m] and rotation [rad]
KEPT = ('bags hold it as a message of that topic, datasets in meta/robot.urdf, checkpoints in '
        'robot.urdf')
SAME = 1e-3          # difference of two limits that is rounding [rad] or [m]


class Arm:
    """The kinematic chain from a URDF's root to its tip; see `RobotModel` for other joints.

    Attributes:
        lower: Lowest positions that the URDF allows, -inf for a continuous joint. Shape (A,).
        upper: Highest positions. Shape (A,).
        root: The link in whose frame all poses are.

    Args:
        urdf: The URDF, a file or a text.
        joint_names: The joints of every `q`, in order (without the gripper).
        tip: Link whose pose is meant.

    Raises:
        ConfigError: The file is no URDF, or has no such joint or link.
    """

    def __init__(self, urdf: UrdfSource, joint_names: Sequence[str], tip: str) -> None:
        read = read_urdf(urdf)
        self._robot = RobotModel(read, joint_names, lock=True)
        if tip not in read.links:
            raise ConfigError(f'{urdf}: no link {tip!r}; {nearest(tip, list(read.links))}')
        self._model = self._robot.model
        self._data = self._model.createData()
        self._tip = self._model.getFrameId(tip, pin.FrameType.BODY)
        self.lower, self.upper = self._robot.lower, self._robot.upper
        self.root = read.root

    def forward(self, q: Floats) -> tuple[Floats, Floats]:
        """Return the tip's position and rotation in the root's frame.

        Args:
            q: Joint positions [rad]. Shape (A,).

        Returns:
            Position [m], shape (3,), and rotation matrix, shape (3, 3).
        """
        pin.framesForwardKinematics(self._model, self._data, self._robot.q(q))
        pose = self._data.oMf[self._tip]
        return pose.translation.copy(), pose.rotation.copy()

    def skeleton(self, q: Floats) -> Floats:
        """Return where the joints are, from the root to the tip, in the root's frame [m].

        Args:
            q: Joint positions [rad] or [m]. Shape (A,).

        Returns:
            Shape (A + 2, 3): the root, each joint, the tip.
        """
        tip = self.forward(q)[0]
        return np.array([np.zeros(3), *(each.translation for each in self._data.oMi[1:]), tip])

    def jacobian(self, q: Floats) -> Floats:
        """Return what a change of each joint does to the tip: dx dy dz, then a rotation vector.

        Both in the root's axes, per [rad] or [m]. Shape (6, A).

        Args:
            q: Joint positions [rad] or [m]. Shape (A,).
        """
        theirs = pin.computeFrameJacobian(self._model, self._data, self._robot.q(q), self._tip,
                                          pin.LOCAL_WORLD_ALIGNED)
        return self._robot.jacobian(theirs)

    def step(self, q: Floats, target_position: Floats, target_rotation: Floats,
             max_step: float) -> Floats:
        """Return the joints after one step of differential kinematics towards a pose.

        Damped least squares on the error in position and rotation, within the position limits.

        Args:
            q: Joint positions [rad]. Shape (A,).
            target_position: Wanted position of the tip [m]. Shape (3,).
            target_rotation: Wanted rotation of the tip. Shape (3, 3).
            max_step: Bound on the change of every joint [rad]; the direction is kept.
        """
        jacobian = self.jacobian(q)
        pose = self._data.oMf[self._tip]
        error = np.concatenate([target_position - pose.translation,
                                pin.log3(target_rotation @ pose.rotation.T)])
        squared = jacobian @ jacobian.T + DAMPING ** 2 * np.eye(6)
        change = jacobian.T @ np.linalg.solve(squared, error)
        largest = float(np.abs(change).max())
        if largest > max_step:
            change *= max_step / largest
        moved: Floats = np.clip(q + change, self.lower, self.upper)
        return moved

    def inverse(self, position: Floats, rotation: Floats, q0: Floats) -> Floats | None:
        """Return joints that put the tip at a pose, searched from `q0`; None if none is found.

        Args:
            position: Wanted position of the tip [m]. Shape (3,).
            rotation: Wanted rotation of the tip. Shape (3, 3).
            q0: Where the search starts [rad]. Shape (A,).
        """
        q = np.clip(q0, self.lower, self.upper)
        for _ in range(ITERATIONS):
            at, turned = self.forward(q)
            if (np.linalg.norm(position - at) < TOLERANCE
                    and np.linalg.norm(pin.log3(rotation @ turned.T)) < TOLERANCE):
                return q
            q = self.step(q, position, rotation, STEP)
        return None


def chain(contract: Contract, arm: ContractArm) -> Arm:
    """Return the kinematics of one arm of a contract.

    Raises:
        ConfigError: It names no URDF, or one that lacks a joint or the tip.
    """
    return Arm(find_urdf(contract), arm.joints, arm.tip)


def find_urdf(contract: Contract) -> UrdfSource:
    """Return the URDF that a contract names.

    A whole path, or beside the contract's file, or in a folder of robots' contracts; of a topic,
    the text that came with the contract.

    Raises:
        ConfigError: The contract names none, there is no such file, or no text came.
    """
    if not contract.urdf:
        raise ConfigError(f'the contract of {contract.robot!r} names no URDF; write urdf (and the '
                          'link of the tool, tip) into it')
    if contract.urdf_topic:
        if not contract.urdf_text:
            raise ConfigError(f'the contract of {contract.robot!r} takes the URDF from '
                              f'{contract.urdf_topic}, which was not kept here: {KEPT}; or name '
                              'a file in the contract')
        return UrdfText(f'the URDF of {contract.urdf_topic}', contract.urdf_text)
    beside = [contract.folder] if contract.folder else []
    folders = [*dict.fromkeys([*beside, *config_folders('robots')])]
    for folder in folders:
        if (found := folder / contract.urdf).is_file():
            return found
    if Path(contract.urdf).is_absolute():
        raise ConfigError(f'the contract of {contract.robot!r} names the URDF {contract.urdf!r}, '
                          'which is not there')
    where = ', '.join(map(str, folders))
    text = '' if contract.folder else ' (the contract came as text: it has no folder of its own)'
    raise ConfigError(f'the contract of {contract.robot!r} names the URDF {contract.urdf!r}, '
                      f'not found in {where}{text}; put it there or name it with its whole path')


def check_urdf(contract: Contract) -> str:
    """Return what is worth knowing of the URDF that a contract names.

    Raises:
        ConfigError: It is not there or not readable, misses a joint or the tip of the contract, or
            limits a joint that the contract has as continuous.
    """
    path = find_urdf(contract)
    urdf, grippers = read_urdf(path), [each.joint for each in contract.grippers.values()]
    joints = [joint for joint, of_base in zip(contract.joints, contract.is_velocity, strict=True)
              if not of_base and (joint.name not in grippers or joint.name in urdf.joints)]
    RobotModel(urdf, [joint.name for joint in joints], lock=False)
    tips = [arm.tip for arm in contract.arms]
    for tip in filter(None, tips):
        if tip not in urdf.links:
            raise ConfigError(f'{path}: no link {tip!r}, the tip of the contract; '
                              f'{nearest(tip, list(urdf.links))}')
    notes = [] if all(tips) else ['no tip: nothing can move the tool']
    notes += [f'the gripper {name!r} is not in it: its fingers count as they are drawn'
              for name in grippers if name not in urdf.joints]
    for joint in joints:
        kind, (lower, upper) = urdf.joints[joint.name].kind, urdf.joints[joint.name].limits
        if joint.continuous and kind != 'continuous':
            raise ConfigError(f'{path}: joint {joint.name!r} is {kind}, with continuous: true in '
                              'the contract; take that out, or correct the URDF')
        wide = joint.limits[1] - joint.limits[0] >= TURN - ABOUT
        if kind == 'continuous' and not joint.continuous and wide:
            notes.append(f'{joint.name} is continuous: it goes the long way round unless the '
                         'contract says continuous: true')
        if joint.limits[0] < lower - SAME or joint.limits[1] > upper + SAME:
            notes.append(f'{joint.name} may go to {list(joint.limits)} in the contract, to '
                         f'{[lower, upper]} here: kinematics stop there')
    for arm in contract.arms:
        if still := _still(urdf, arm.tip, [joint.name for joint in joints]):
            notes.append(f'{", ".join(still)} on the way to {arm.tip} can move, and no joint of '
                         'the contract moves it: it counts as 0')
    return '; '.join([str(path), *notes])


def _still(urdf: Urdf, tip: str, ours: Sequence[str]) -> list[str]:
    """Return the joints from the root to a tip that could move, and that nothing of ours moves."""
    above = {joint.child: joint for joint in urdf.joints.values()}
    found = []
    while tip in above:
        joint = above[tip]
        leader = joint
        while leader.name not in ours and leader.mimic:
            leader = urdf.joints[leader.mimic.joint]
        if leader.kind in MOVING and leader.name not in ours:
            found.append(joint.name)
        tip = joint.parent
    return found[::-1]
