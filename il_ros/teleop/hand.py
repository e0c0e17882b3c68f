"""What devices that steer by velocities share: joint targets from them, the gripper, and rest."""
from __future__ import annotations

from il_ros.contract import Arm, Contract
from il_ros.teleop.jog import Jog, JointJog
from il_ros.timing import MILLISECOND, to_s
from il_ros.types import Floats
import numpy as np
from numpy.typing import NDArray

HELD = 0.25          # share of the gripper's range from open that may mean a held object
MAX_STEP_NS = 100 * MILLISECOND


class Hand:
    """Moves the targets of an arm, and opens or closes its gripper; all else stays.

    Attributes:
        jog: How velocities become joint targets.
        closed: Whether the gripper is told to close.

    Raises:
        ConfigError: The contract's URDF does not fit.
    """

    def __init__(self, contract: Contract, name: str | None = None) -> None:
        """Take the arm of that name, the first one when None."""
        self._arm = arm = contract.arm(name) if name else contract.arms[0]
        self._columns = contract.indices(arm.joints)
        self._grip = contract.indices([arm.gripper.joint])[0] if arm.gripper else -1
        self.jog: Jog = _make_jog(contract, arm)
        self.closed = False
        self._last_ns = 0
        self._away: NDArray[np.bool_] | None = None

    def take_up(self, state: Floats) -> None:
        """Begin from measured positions [rad] or [m], with nothing seen at rest. Shape (J,)."""
        self._away = None
        self._taken_up = state.copy()
        self.jog.start(state[self._columns])
        if gripper := self._arm.gripper:
            # Anything but wide open may hold something, which must not fall.
            opening = state[self._grip]
            self.closed = abs(opening - gripper.open) > HELD * abs(gripper.closed - gripper.open)

    def see(self, now_ns: int) -> float:
        """Return the time since the last call [s], as far as it counts for motion."""
        dt_s = to_s(min(max(now_ns - self._last_ns, 0), MAX_STEP_NS))
        self._last_ns = now_ns
        return dt_s

    def at_rest(self, values: Floats) -> Floats:
        """Return what the operator's axes say, 0 for those not yet at rest since `take_up`.

        A stick that is held, stuck, or a trigger under another driver does not move the arm when
        the operator engages; it does once it has been let go. To be called at each reading.

        Args:
            values: Deflections beyond the dead zone, or keys; 0 is rest. Shape (N,).
        """
        away = values != 0
        self._away = away if self._away is None else self._away & away
        return np.where(self._away, 0.0, values)

    def move(self, state: Floats, velocity: Floats, dt_s: float) -> Floats:
        """Return joint targets [rad] or [m]; `velocity` as in `Jog.move`. Shape (J,)."""
        positions = self._taken_up.copy()
        positions[self._columns] = self.jog.move(state[self._columns], velocity, dt_s)
        if gripper := self._arm.gripper:
            positions[self._grip] = gripper.closed if self.closed else gripper.open
        return positions


def _make_jog(contract: Contract, arm: Arm) -> Jog:
    if not (contract.urdf and arm.tip):
        return JointJog(contract, arm)
    from il_ros.teleop.tool_jog import ToolJog  # needs Pinocchio; a robot without a URDF does not
    return ToolJog(contract, arm)
