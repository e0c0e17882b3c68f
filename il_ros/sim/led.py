"""An arm that a person leads by hand: servos off, gravity borne, a hand that pulls at the tool."""
from __future__ import annotations

from il_ros.sim.world import World
from il_ros.types import Floats
import mujoco
import numpy as np
from numpy.typing import NDArray

STIFFNESS, DAMPING = 1500.0, 150.0          # of the hand's grip [N/m], [N s/m]
TURN_STIFFNESS, TURN_DAMPING = 60.0, 4.0    # [Nm/rad], [Nm s/rad]
STRENGTH, TURN_STRENGTH = 80.0, 12.0        # of a person [N], [Nm]
LETS_GO = 120                               # physics steps without a new place of the hand


class Led:
    """Takes the arms' servos away, and bears their weight as a gravity compensation does.

    The hand is a spring between a tool and where the hand is. What the gripper holds is not borne:
    with it in the hand the arm sinks, as a real one does that was told no payload.
    """

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, world: World,
                 actuators: NDArray[np.int64], dofs: NDArray[np.int64]) -> None:
        """Begin with the servos on.

        Args:
            model: Of the robot.
            data: Its state.
            world: Names the tools.
            actuators: Of the arms' joints. Shape (n,).
            dofs: Of the same joints. Shape (n,).
        """
        self._model, self._data, self._dofs, self._actuators = model, data, dofs, actuators
        self._sites = {name: model.site(site).id for name, site in world.tools.items()}
        self._servos = [array[actuators].copy() for array in self._gains()]
        self._hands: dict[int, tuple[Floats, int]] = {}
        self._jacobian = np.zeros((6, model.nv))
        self._elsewhere: mujoco.MjData | None = None
        self.on = False

    def lead(self, on: bool) -> None:
        """Take the servos away, or give them back."""
        self.on, self._hands = on, {}
        for array, usual in zip(self._gains(), self._servos, strict=True):
            array[self._actuators] = 0.0 if on else usual
        self._data.qfrc_applied[self._dofs] = 0.0

    def pull(self, tool: str, pose: Floats) -> bool:
        """Have the hand at a tool go somewhere; it lets go of a tool that it is told nothing of.

        Args:
            tool: Name of its pose.
            pose: x y z [m], qx qy qz qw. Shape (7,).

        Returns:
            Whether there is such a tool.
        """
        if (site := self._sites.get(tool)) is None:
            return False
        self._hands[site] = pose, LETS_GO
        return True

    def pose_at(self, tool: str, arms: Floats) -> Floats:
        """Return where a tool would be: x y z [m], qx qy qz qw. Shape (7,).

        Args:
            tool: Name of its pose.
            arms: Positions of the arms' joints [rad]. Shape (n,).
        """
        data = self._elsewhere = self._elsewhere or mujoco.MjData(self._model)
        data.qpos[:] = self._data.qpos
        data.qpos[self._model.jnt_qposadr[self._model.dof_jntid[self._dofs]]] = arms
        mujoco.mj_kinematics(self._model, data)
        turned = np.empty(4)
        mujoco.mju_mat2Quat(turned, data.site_xmat[self._sites[tool]])
        return np.concatenate([data.site_xpos[self._sites[tool]], turned[[1, 2, 3, 0]]])

    def apply(self) -> None:
        """Set what acts on the arms in the next physics step."""
        if not self.on:
            return
        # The model itself bears some bodies.
        forces = (self._data.qfrc_bias - self._data.qfrc_gravcomp)[self._dofs]
        for site, (pose, left) in list(self._hands.items()):
            jacobian = self._jacobian
            mujoco.mj_jacSite(self._model, self._data, jacobian[:3], jacobian[3:], site)
            grip = self._grip(site, pose, jacobian @ self._data.qvel)
            forces = forces + jacobian[:, self._dofs].T @ grip
            self._hands[site] = pose, left - 1
            if left <= 1:
                del self._hands[site]
        self._data.qfrc_applied[self._dofs] = forces

    def _grip(self, site: int, pose: Floats, speed: Floats) -> Floats:
        force = STIFFNESS * (pose[:3] - self._data.site_xpos[site]) - DAMPING * speed[:3]
        have, away, turn = np.empty(4), np.empty(4), np.empty(3)
        mujoco.mju_mat2Quat(have, self._data.site_xmat[site])
        mujoco.mju_negQuat(have, have)
        mujoco.mju_mulQuat(away, pose[[6, 3, 4, 5]], have)
        mujoco.mju_quat2Vel(turn, away, 1.0)
        torque = TURN_STIFFNESS * turn - TURN_DAMPING * speed[3:]
        return np.concatenate([_at_most(force, STRENGTH), _at_most(torque, TURN_STRENGTH)])

    def _gains(self) -> tuple[Floats, Floats]:
        return self._model.actuator_gainprm, self._model.actuator_biasprm


def _at_most(vector: Floats, length: float) -> Floats:
    found: Floats = vector * min(1.0, length / max(float(np.linalg.norm(vector)), 1e-9))
    return found
