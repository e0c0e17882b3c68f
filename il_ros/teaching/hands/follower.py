"""One arm along a tool path, as its kinematics and the gate would have it."""
from __future__ import annotations

from collections import Counter

from il_ros.contract import Arm, Contract
from il_ros.errors import ConfigError
from il_ros.kinematics import chain, find_urdf
from il_ros.planning.pinocchio_collisions import PinocchioCollisions
from il_ros.safety.guard import Guard
from il_ros.safety.limiter import Setpoint
from il_ros.safety.limits import Limits
from il_ros.safety.rules import Refusal
from il_ros.safety.workspace import Workspace
from il_ros.teaching.hands.keypoints import HandError
from il_ros.teaching.hands.similarity import ToolPath
from il_ros.timing import SECOND
from il_ros.types import ControlSource, Floats
import numpy as np
from numpy.typing import NDArray
import pinocchio as pin

STEP, STEPS, FIRST_STEPS = 0.3, 10, 60      # of a joint at once [rad]; per row, and to the first
NEAR, TURNED = 0.01, 0.1                    # counts as there [m], [rad]
WALLS = ('workspace', 'collision')


class Follower:
    """Kinematics, limits, workspace and collisions of one arm; everything else stands still."""

    def __init__(self, contract: Contract, arm: Arm) -> None:
        """Take them from the contract.

        Raises:
            ConfigError: It names no tip or no URDF, or one that does not fit.
            PlanningError: There is a scene, and collisions are unknown.
        """
        if not arm.tip:
            raise ConfigError(f'the contract of {contract.robot!r} names no tip of {arm.name!r}, '
                              'the link that follows the hand')
        self.contract, self.limits = contract, Limits.of(contract)
        self._chain, self._columns = chain(contract, arm), contract.indices(arm.joints)
        self._gripper = arm.gripper
        self._workspace = Workspace(contract) if any(a.workspace for a in contract.arms) else None
        self._collisions = (PinocchioCollisions(contract, find_urdf(contract))
                            if contract.scene else None)
        self._rest = np.where(contract.is_velocity, 0.0, contract.start)
        self.tool, self.tool_rotation = self._chain.forward(self._rest[self._columns])

    def rows(self, path: ToolPath) -> Floats:
        """Return joints that follow a path as well as the URDF allows, from the start pose.

        Shape (N, J), in contract order.
        """
        found = np.tile(self._rest, (len(path), 1))
        q = self._rest[self._columns]
        for number, row in enumerate(found):
            for _ in range(STEPS if number else FIRST_STEPS):
                before, q = q, self._chain.step(q, path.positions[number],
                                                path.rotations[number], STEP)
                if np.abs(q - before).max() < 1e-6:
                    break
            row[self._columns] = q
            if self._gripper:
                column = self.contract.indices([self._gripper.joint])
                row[column] = self._gripper.closed if path.closed[number] else self._gripper.open
        return found

    def there(self, path: ToolPath, rows: Floats) -> NDArray[np.bool_]:
        """Tell in which rows the tool is where the path wants it, all limits kept. Shape (N,)."""
        inside = (self._inside(rows) == rows)[:, self._columns].all(axis=1)
        near = np.array([self._near(path, number, row) for number, row in enumerate(rows)])
        found: NDArray[np.bool_] = inside & near
        return found

    def followed(self, path: ToolPath, ticks: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell, roughly, which rows of a few the arm can do: there, free, and soon enough.

        Args:
            path: A few rows.
            ticks: When they are, in periods. Shape (N,).
        """
        rows = self.rows(path)
        way = self.limits.velocity * np.diff(ticks)[:, None] * self.contract.period_ns / SECOND
        late = (np.abs(np.diff(rows, axis=0)) > way)[:, self._columns].any(axis=1)
        free = np.array([self.free(row) for row in rows])
        found: NDArray[np.bool_] = self.there(path, rows) & free & ~np.append(False, late)
        return found

    def free(self, row: Floats) -> bool:
        """Tell whether the tool is in its workspace there, and nothing touches. Shape (J,)."""
        return not (self._workspace and self._workspace.excess(row).any()) and not (
            self._collisions and self._collisions.contact(row))

    def asked(self, rows: Floats, there: NDArray[np.bool_]) -> Floats:
        """Return how many times slower each joint would keep its limits, below 1 if it does. (J,).

        Only where the path is followed: what is out of reach makes the arm leap.
        """
        period_s, slower = self.contract.period_ns / SECOND, np.zeros(rows.shape[1])
        bounds = (self.limits.velocity, self.limits.acceleration, self.limits.jerk)
        for order, bound in enumerate(bounds, 1):
            followed = np.lib.stride_tricks.sliding_window_view(there, order + 1).all(axis=1)
            most = np.abs(np.diff(rows, order, axis=0))[followed].max(axis=0, initial=0.0)
            slower = np.maximum(slower, (most / (bound * period_s ** order)) ** (1 / order))
        slower[np.setdiff1d(np.arange(len(slower)), self._columns)] = 0.0
        return slower

    def through_gate(self, path: ToolPath,
                     rows: Floats) -> tuple[NDArray[np.bool_], Counter[str]]:
        """Have a gate's guard take the rows, one a period, from rest at the first.

        Returns:
            In which rows the tool got where the path wants it, shape (N,), and what was in the
            way how often where it did not.

        Raises:
            HandError: Nobody knows what collides.
        """
        guard = Guard(self.limits, self._workspace, self._collisions)
        setpoint = Setpoint.at_rest(self._inside(rows[0]))
        got, why = np.zeros(len(rows), bool), Counter[str]()
        if not self.free(setpoint.positions):       # nothing would bring the arm there
            return got, Counter({'workspace or collision at the start': len(rows)})
        for number, row in enumerate(rows):
            target = self.limits.inside(row, setpoint.positions)
            try:
                setpoint, rule = guard.step(setpoint, target, self.contract.period_ns / SECOND,
                                            ControlSource.HUMAN)
            except Refusal as refusal:
                raise HandError(str(refusal)) from None
            got[number] = self._near(path, number, setpoint.positions)
            if not got[number]:
                why[rule or 'reach'] += 1
        return got, why

    def narrowest(self, rows: Floats) -> tuple[str, int]:
        """Return the joint that is most at its limits, and in how many rows it is.

        Where none is, it is the one with the least room.
        """
        columns = self._columns
        chain_lower = np.maximum(self.limits.lower[columns], self._chain.lower)
        chain_upper = np.minimum(self.limits.upper[columns], self._chain.upper)
        room = np.minimum(rows[:, columns] - chain_lower, chain_upper - rows[:, columns])
        room = room / self.contract.span[columns]
        at_limit = (room < 1e-3).sum(axis=0)
        worst = int(at_limit.argmax() if at_limit.any() else room.min(axis=0).argmin())
        return self.contract.joint_names[columns[worst]], int(at_limit[worst])

    def _inside(self, rows: Floats) -> Floats:
        clipped: Floats = np.clip(rows, self.limits.lower, self.limits.upper)
        return clipped

    def _near(self, path: ToolPath, number: int, row: Floats) -> bool:
        position, rotation = self._chain.forward(row[self._columns])
        return bool(np.linalg.norm(position - path.positions[number]) < NEAR
                    and np.linalg.norm(pin.log3(rotation @ path.rotations[number].T)) < TURNED)
