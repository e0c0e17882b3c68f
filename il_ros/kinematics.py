"""Forward and inverse kinematics of an arm, from its URDF, with Pinocchio."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from il_ros.config import config_folders, nearest
from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.types import Floats
import numpy as np
import pinocchio as pin

DAMPING = 1e-3       # of the least squares; bounds the step near a singularity
STEP = 0.3           # largest change of a joint in one iteration of `inverse` [rad]
ITERATIONS = 100
TOLERANCE = 1e-8     # of position [m] and rotation [rad]


class Arm:
    """The kinematic chain from a URDF's root to its tip; every other joint stays at zero.

    Args:
        urdf: The URDF file.
        joint_names: The joints of every `q`, in order (without the gripper).
        tip: Link whose pose is meant.

    Raises:
        ConfigError: The file is no URDF, or has no such joint or link.
    """

    def __init__(self, urdf: Path, joint_names: Sequence[str], tip: str) -> None:
        try:
            whole = pin.buildModelFromUrdf(str(urdf))
        except ValueError as error:
            raise ConfigError(f'{urdf}: not a URDF that can be read: {error}') from None
        known = list(whole.names)[1:]
        for name in joint_names:
            if name not in known:
                raise ConfigError(f'{urdf}: no joint {name!r}; {nearest(name, known)}')
        links = [frame.name for frame in whole.frames if frame.type == pin.FrameType.BODY]
        if tip not in links:
            raise ConfigError(f'{urdf}: no link {tip!r}; {nearest(tip, links)}')
        locked = [whole.getJointId(name) for name in known if name not in joint_names]
        self._model = pin.buildReducedModel(whole, locked, pin.neutral(whole))
        self._data = self._model.createData()
        self._tip = self._model.getFrameId(tip, pin.FrameType.BODY)
        joints = [self._model.joints[self._model.getJointId(name)] for name in joint_names]
        self._order = np.array([joint.idx_q for joint in joints])
        self.lower: Floats = self._model.lowerPositionLimit[self._order]
        self.upper: Floats = self._model.upperPositionLimit[self._order]

    def forward(self, q: Floats) -> tuple[Floats, Floats]:
        """Return the tip's position and rotation in the root's frame.

        Args:
            q: Joint positions [rad]. Shape (A,).

        Returns:
            Position [m], shape (3,), and rotation matrix, shape (3, 3).
        """
        pin.framesForwardKinematics(self._model, self._data, self._inside(q))
        pose = self._data.oMf[self._tip]
        return pose.translation.copy(), pose.rotation.copy()

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
        inside = self._inside(q)
        jacobian = pin.computeFrameJacobian(self._model, self._data, inside, self._tip,
                                            pin.LOCAL_WORLD_ALIGNED)[:, self._order]
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

    def _inside(self, q: Floats) -> Floats:
        inside = np.empty(self._model.nq)
        inside[self._order] = q
        return inside


def find_urdf(contract: Contract) -> Path:
    """Return the URDF file that a contract names: absolute, or beside the robots' contracts.

    Raises:
        ConfigError: The contract names none, or there is no such file.
    """
    folders = config_folders('robots')
    for folder in folders:
        if contract.urdf and (found := folder / contract.urdf).is_file():
            return found
    where = ', '.join(map(str, folders))
    raise ConfigError(f'the contract of {contract.robot!r} names the URDF {contract.urdf!r}, '
                      f'not found in {where}; put it there or name it with its whole path')
